//! Makes a sequence smaller while it still shows a fault.

use super::sequence::{Activation, Sequence};
use crate::blocks::Blocks;
use crate::timeline::{Frame, TransportReport};
use std::time::{Duration, Instant};

/// The smallest sequence for which `fails` holds that was found within this time. `fails` must hold for `sequence`.
pub fn shrink(sequence: &Sequence, time: Duration, mut fails: impl FnMut(&Sequence) -> bool) -> Sequence {
    let end = Instant::now() + time;
    let mut smallest = sequence.clone();
    // Another round after one that helped: what was needed before may not be needed any longer.
    loop {
        let before = size(&smallest);
        for step in [drop_acts, shorten, drop_settings, drop_deeds, make_plain] {
            step(&mut smallest, &mut |candidate| Instant::now() < end && fails(candidate));
        }
        if size(&smallest) == before || Instant::now() >= end {
            return smallest;
        }
    }
}

type Fails<'a> = &'a mut dyn FnMut(&Sequence) -> bool;

fn size(sequence: &Sequence) -> (usize, usize, usize, usize, Frame) {
    let actions = sequence.activations.iter().map(|activation| activation.actions.len()).sum();
    let length = sequence.activations.iter().map(|activation| activation.length).sum();
    let changes = sequence.activations.iter().map(|activation| activation.timeline.changes()).sum();
    (sequence.activations.len(), actions, sequence.settings.len(), changes, length)
}

/// Makes a change and keeps it if the fault remains.
fn attempt(smallest: &mut Sequence, fails: Fails<'_>, change: impl FnOnce(&mut Sequence)) -> bool {
    let mut candidate = smallest.clone();
    change(&mut candidate);
    let kept = fails(&candidate);
    if kept {
        *smallest = candidate;
    }
    kept
}

fn drop_acts(smallest: &mut Sequence, fails: Fails<'_>) {
    for index in (0..smallest.activations.len()).rev() {
        if smallest.activations.len() > 1 {
            attempt(smallest, fails, |sequence| {
                sequence.activations.remove(index);
            });
        }
    }
}

/// Removes actions: halves first, then quarters, down to single ones.
fn drop_deeds(smallest: &mut Sequence, fails: Fails<'_>) {
    for activation in 0..smallest.activations.len() {
        let mut piece = smallest.activations[activation].actions.len().div_ceil(2).max(1);
        loop {
            let mut from = 0;
            while from < smallest.activations[activation].actions.len() {
                let to = (from + piece).min(smallest.activations[activation].actions.len());
                if !attempt(smallest, fails, |sequence| {
                    sequence.activations[activation].actions.drain(from..to);
                }) {
                    from = to;
                }
            }
            if piece == 1 {
                break;
            }
            piece = piece.div_ceil(2);
        }
    }
}

fn drop_settings(smallest: &mut Sequence, fails: Fails<'_>) {
    for index in (0..smallest.settings.len()).rev() {
        attempt(smallest, fails, |sequence| {
            sequence.settings.remove(index);
        });
    }
    attempt(smallest, fails, |sequence| sequence.chart = "");
}

fn make_plain(smallest: &mut Sequence, fails: Fails<'_>) {
    for activation in 0..smallest.activations.len() {
        let changes: [fn(&mut Activation); 4] = [
            |activation| activation.loops_back = None,
            |activation| activation.report = TransportReport::Everything,
            |activation| activation.mid_block = false,
            |activation| activation.blocks = Blocks::Of(activation.blocks.largest()),
        ];
        for change in changes {
            attempt(smallest, fails, |sequence| change(&mut sequence.activations[activation]));
        }
        for change in (0..smallest.activations[activation].timeline.changes()).rev() {
            attempt(smallest, fails, |sequence| sequence.activations[activation].timeline.leave_out(change));
        }
    }
}

/// Ends each activation earlier.
fn shorten(smallest: &mut Sequence, fails: Fails<'_>) {
    for activation in 0..smallest.activations.len() {
        for part in [2, 3, 4, 5, 6, 7] {
            attempt(smallest, fails, |sequence| {
                let activation = &mut sequence.activations[activation];
                activation.length = (activation.length * part / 8).max(1);
                let length = activation.length;
                activation.actions.retain(|(at, _)| *at < length);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::generator;
    use super::super::param_map::tests::bare;
    use super::super::sequence::Action;
    use super::*;

    #[test]
    fn of_a_minute_of_everything_only_what_matters_is_left() {
        let is_bend = |action: &Action| matches!(action, Action::Midi([status, ..]) if status & 0xF0 == 0xE0);
        let fails = |sequence: &Sequence| {
            sequence.activations.iter().any(|activation| activation.actions.iter().any(|(_, action)| is_bend(action)))
        };
        let param_map = bare();
        let whole = (0..100).map(|seed| generator::sequence(seed, &param_map)).find(fails).unwrap();
        let small = shrink(&whole, Duration::from_secs(10), fails);
        assert_eq!((small.activations.len(), small.activations[0].actions.len(), small.settings.len()), (1, 1, 0));
        assert!(is_bend(&small.activations[0].actions[0].1));
    }
}
