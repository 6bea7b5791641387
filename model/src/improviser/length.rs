//! How long a heard note is understood to be.
//!
//! How long a key is held says two things at once: the note's length and the player's articulation. Written music has
//! only the first: there a note lasts until the next, and rests are rare (of the tunes that Irish and Folk have learnt,
//! one note in two hundred has one behind it). A style of notation therefore hears a short key as a note up to the next
//! one, whatever its articulation. Recorded solos and recorded pianos have real lengths, and styles that have learnt
//! from them hear keys as they are held; but a player whose keys are all shorter than soloists' notes plays staccato
//! and no other rhythm, and is heard as if he played as they do. Knows nothing of networks and of the history.

use crate::note::Ticks;
use crate::vocabulary::Vocabulary;

/// A key that was held all of its note's time, in percent.
pub const LEGATO_PERCENT: u8 = 100;
/// Of the time from note to note, the median note of the recorded solos fills 0.86, and three of four fill more than 0.75.
const SOLO_PERCENT: u8 = 80;
/// Behind a key that is up, up to this time after its onset, the player's next stroke ends the note. Later it may have
/// been a rest.
const DETACHED: Ticks = Ticks::quarters(2);

/// What is known of a key that the player has struck.
#[derive(Debug, Clone, Copy)]
pub struct Keystroke {
    /// From its onset until it was let go; `None` while it is down.
    pub held: Option<Ticks>,
    /// From its onset to that of the player's next note; `None` while there is none.
    pub next: Option<Ticks>,
    /// Of the time from stroke to stroke, the player's keys were down so much of late: the gate.
    pub gate_percent: u8,
}

impl Keystroke {
    /// The length that is understood. `expected` is what the network thinks most probable; `None` when it matters and is
    /// not given.
    pub fn length(self, vocabulary: &Vocabulary, expected: Option<Ticks>) -> Option<Ticks> {
        let length = if vocabulary.is_notation() {
            self.written(expected)
        } else if vocabulary.polyphony == 1 {
            self.recorded().or(expected)
        } else {
            self.held.or(expected)
        };
        // A line's note is over where its next one begins, also under a finger that comes up late.
        let most = self.next.filter(|_| vocabulary.polyphony == 1).unwrap_or(Ticks(i64::MAX));
        length.map(|length| length.min(most).max(Ticks(1)))
    }

    /// As long as the key was held; where the player plays shorter than recorded soloists do, as much longer.
    fn recorded(self) -> Option<Ticks> {
        let longer = |held: Ticks| Ticks(held.0 * i64::from(SOLO_PERCENT) / i64::from(self.gate_percent.max(1)));
        self.held.map(|held| if self.gate_percent < SOLO_PERCENT { longer(held) } else { held })
    }

    fn written(self, expected: Option<Ticks>) -> Option<Ticks> {
        match (self.held, self.next) {
            (_, Some(next)) if next <= DETACHED => Some(next),
            (None, Some(next)) => Some(next),
            (Some(held), Some(next)) => Some(self.agreeing(held, next)),
            (None, None) => expected,
            (Some(held), None) => expected.map(|expected| self.agreeing(held, expected)),
        }
    }

    /// The `proposed` length where the key's time agrees with it, given how the player plays; else the one that the key
    /// speaks for.
    fn agreeing(self, held: Ticks, proposed: Ticks) -> Ticks {
        let full = held.0 * i64::from(LEGATO_PERCENT) / i64::from(self.gate_percent.clamp(1, LEGATO_PERCENT));
        // From three fifths of it to four thirds: a half note is none of these to a quarter note, nor a quarter to it.
        let agrees = 5 * full >= 3 * proposed.0 && 3 * full <= 4 * proposed.0;
        if agrees { proposed } else { plain(full) }
    }
}

/// The nearest plain or dotted note value, by ratio, from a sixteenth on: what a key's time alone can tell of a written
/// note is no more precise.
fn plain(length: i64) -> Ticks {
    const VALUES: [i64; 9] = [12, 18, 24, 36, 48, 72, 96, 144, 192];
    // length / value or value / length, whichever is above 1, as hundredths.
    let ratio = |value: &i64| 100 * length.max(*value) / length.min(*value).max(1);
    Ticks(VALUES.into_iter().min_by_key(ratio).unwrap_or(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length(vocabulary: &Vocabulary, held: i64, next: i64, gate_percent: u8, expected: i64) -> i64 {
        let some = |ticks| (ticks > 0).then_some(Ticks(ticks));
        let touch = Keystroke { held: some(held), next: some(next), gate_percent };
        touch.length(vocabulary, some(expected)).map_or(0, |length| length.0)
    }

    /// How short a key is held does not matter. 0 stands for what is not known.
    #[test]
    fn in_notation_a_note_lasts_until_the_next() {
        for gate_percent in [30, 50, 80, 95, 100] {
            for note in [8, 12, 24, 36, 48, 72, 96, 144, 192] {
                let held = (note * i64::from(gate_percent) / 100).max(1);
                for table in [Vocabulary::dance(), Vocabulary::song()] {
                    assert_eq!(length(&table, held, note, gate_percent, 0), note, "{note} at {gate_percent} %");
                    assert_eq!(length(&table, 0, note, gate_percent, 0), note, "a finger that is still down");
                    assert_eq!(length(&table, note + 5, note, gate_percent, 0), note, "an overlap");
                }
            }
        }
    }

    /// Both for a legato player and for one who plays detached.
    #[test]
    fn a_long_rest_is_a_rest_whatever_the_articulation() {
        let table = Vocabulary::dance();
        assert_eq!(length(&table, 48, 192, 100, 0), 48);
        assert_eq!(length(&table, 24, 192, 50, 0), 48);
        assert_eq!(length(&table, 96, 192, 50, 0), 192, "a whole note, detached");
    }

    #[test]
    fn the_last_note_is_as_long_as_expected_where_its_key_agrees() {
        let table = Vocabulary::dance();
        for (held, gate_percent, expected, understood) in [
            (0, 100, 24, 24),
            (22, 100, 24, 24),
            (12, 50, 24, 24),
            (48, 100, 24, 48),
            (24, 50, 24, 48),
            (22, 100, 96, 24),
        ] {
            let found = length(&table, held, 0, gate_percent, expected);
            assert_eq!(found, understood, "held for {held} at {gate_percent} %, {expected} expected");
        }
        assert_eq!(length(&table, 20, 0, 100, 0), 0, "it wants to know what is expected");
    }

    #[test]
    fn recorded_music_has_the_lengths_that_keys_are_held_for() {
        for (held, next, gate_percent, understood) in [
            (13, 24, 90, 13),
            (30, 24, 90, 24),
            (0, 0, 90, 20),
            (0, 16, 90, 16),
            (70, 0, 90, 70),
            (12, 24, 50, 19),
            (12, 48, 50, 19),
            (24, 24, 50, 24),
        ] {
            let found = length(&Vocabulary::solo(), held, next, gate_percent, 20);
            assert_eq!(found, understood, "held for {held} at {gate_percent} %");
        }
        assert_eq!(length(&Vocabulary::piano(), 30, 24, 50, 20), 30, "voices overlap");
    }
}
