//! When the worker catches up must not change anything.

use super::*;
use proptest::prelude::*;

fn request(from: Ticks) -> DecisionRequest {
    DecisionRequest {
        turn: 1,
        begin: Begin::NotBefore(from),
        bars: Some(BARS),
        form: Ticks::ZERO,
        ends: None,
        along: false,
        parameters: SamplingParameters { temperature: 1.0, top_p: 1.0, seed: 5, ..SamplingParameters::default() },
    }
}

/// What a random player and a random Segue do, tick by tick.
#[derive(Debug, Clone, Copy)]
enum Act {
    Hear(HeardKey),
    Amend(u32, Ticks),
    Decide(DecisionRequest),
    Retract(Ticks),
    Forget(usize),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = (0..12_u8, 0..30_i64, 55..80_u8, 1..60_i64, 40..=100_u8);
    prop::collection::vec(act, 1..60).prop_map(|draws| {
        let (mut now, mut id) = (0, 0);
        let mut held: Vec<u32> = Vec::new();
        draws
            .into_iter()
            .map(|(kind, step, pitch, length, gate_percent)| match kind {
                0..=5 => {
                    now += step;
                    id += 1;
                    held.push(id);
                    Act::Hear(HeardKey { gate_percent, ..key(id, now, pitch) })
                }
                6..=8 if !held.is_empty() => {
                    let id = held.remove(usize::from(pitch) % held.len());
                    Act::Amend(id, Ticks(length))
                }
                9 => Act::Retract(Ticks(now + step - 10)),
                10 => Act::Forget(usize::from(pitch)),
                _ => Act::Decide(request(Ticks(now + step))),
            })
            .collect()
    })
}

fn live(improviser: &mut Improviser, acts: &[Act], catches_up: bool) -> Vec<Note> {
    let mut decided = Vec::new();
    for act in acts {
        match *act {
            Act::Hear(key) => improviser.hear(key),
            Act::Amend(id, held) => improviser.amend(id, held),
            Act::Decide(request) => decided.push(improviser.decide(&request)),
            Act::Retract(from) => improviser.retract(from),
            Act::Forget(index) => {
                if let Some(Note { onset, pitch, .. }) = decided.get(index % decided.len().max(1)).copied() {
                    improviser.forget_unplayed(onset, pitch);
                }
            }
        }
        if catches_up {
            improviser.catch_up();
        }
    }
    decided
}

proptest! {
    /// Whether the worker finds time to catch up between two commands changes no note.
    #[test]
    fn catching_up_early_changes_nothing(acts in acts()) {
        let (mut eager, mut lazy) = (new_improviser(), new_improviser());
        prop_assert_eq!(live(&mut eager, &acts, true), live(&mut lazy, &acts, false));
        prop_assert_eq!(eager.state(), lazy.state());
        prop_assert_eq!(eager.recent().collect::<Vec<_>>(), lazy.recent().collect::<Vec<_>>());
    }
}
