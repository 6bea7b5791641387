//! Makes a sequence that shows a fault smaller, as long as it still shows it.

use super::sequence::{Act, Sequence};
use crate::blocks::Blocks;
use crate::timeline::{Frame, Telling};
use std::time::{Duration, Instant};

/// The smallest sequence that was found within this time for which `fails` holds; it holds for `sequence`.
pub fn shrink(sequence: &Sequence, time: Duration, mut fails: impl FnMut(&Sequence) -> bool) -> Sequence {
    let end = Instant::now() + time;
    let mut smallest = sequence.clone();
    // Once more after a round that helped: what was needed before may not be any longer.
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
    let deeds = sequence.acts.iter().map(|act| act.deeds.len()).sum();
    let length = sequence.acts.iter().map(|act| act.length).sum();
    let changes = sequence.acts.iter().map(|act| act.timeline.changes()).sum();
    (sequence.acts.len(), deeds, sequence.settings.len(), changes, length)
}

/// Keeps a change if it still fails.
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
    for index in (0..smallest.acts.len()).rev() {
        if smallest.acts.len() > 1 {
            attempt(smallest, fails, |sequence| {
                sequence.acts.remove(index);
            });
        }
    }
}

/// Halves first, then quarters, down to single ones.
fn drop_deeds(smallest: &mut Sequence, fails: Fails<'_>) {
    for act in 0..smallest.acts.len() {
        let mut piece = smallest.acts[act].deeds.len().div_ceil(2).max(1);
        loop {
            let mut from = 0;
            while from < smallest.acts[act].deeds.len() {
                let to = (from + piece).min(smallest.acts[act].deeds.len());
                if !attempt(smallest, fails, |sequence| {
                    sequence.acts[act].deeds.drain(from..to);
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
    for act in 0..smallest.acts.len() {
        let changes: [fn(&mut Act); 4] = [
            |act| act.loops_back = None,
            |act| act.telling = Telling::Everything,
            |act| act.mid_block = false,
            |act| act.blocks = Blocks::Of(act.blocks.largest()),
        ];
        for change in changes {
            attempt(smallest, fails, |sequence| change(&mut sequence.acts[act]));
        }
        for change in (0..smallest.acts[act].timeline.changes()).rev() {
            attempt(smallest, fails, |sequence| sequence.acts[act].timeline.leave_out(change));
        }
    }
}

/// Ends each act earlier.
fn shorten(smallest: &mut Sequence, fails: Fails<'_>) {
    for act in 0..smallest.acts.len() {
        for part in [2, 3, 4, 5, 6, 7] {
            attempt(smallest, fails, |sequence| {
                let act = &mut sequence.acts[act];
                act.length = (act.length * part / 8).max(1);
                let length = act.length;
                act.deeds.retain(|(at, _)| *at < length);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::board::tests::bare;
    use super::super::sequence::Deed;
    use super::super::whims;
    use super::*;

    #[test]
    fn of_a_minute_of_everything_only_what_matters_is_left() {
        let is_bend = |deed: &Deed| matches!(deed, Deed::Midi([status, ..]) if status & 0xF0 == 0xE0);
        let fails =
            |sequence: &Sequence| sequence.acts.iter().any(|act| act.deeds.iter().any(|(_, deed)| is_bend(deed)));
        let board = bare();
        let whole = (0..100).map(|seed| whims::sequence(seed, &board)).find(fails).unwrap();
        let small = shrink(&whole, Duration::from_secs(10), fails);
        assert_eq!((small.acts.len(), small.acts[0].deeds.len(), small.settings.len()), (1, 1, 0));
        assert!(is_bend(&small.acts[0].deeds[0].1));
    }
}
