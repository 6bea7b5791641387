//! The length of a heard note.
//!
//! The time that a key is held mixes two things: the note's length and the player's articulation. Written music has
//! only the first. There a note lasts until the next one, and rests are rare: in the tunes of Irish and Folk, one note
//! in two hundred is followed by a rest. So a style of notation hears a short key as a note up to the next one.
//! Recorded solos and pianos have real lengths, and their styles hear keys as they are held. But where all of a
//! player's keys are shorter than the notes of soloists, that is staccato and no other rhythm, and they are lengthened
//! in proportion. Knows nothing of networks and of the history.

use crate::note::Ticks;
use crate::vocabulary::Vocabulary;

/// The gate of a key that is held until the next note, in percent.
pub const LEGATO_PERCENT: u8 = 100;
/// The gate of recorded solos, in percent. The median note fills 86 % of the time to the next one, and three of four
/// fill more than 75 %.
const SOLO_PERCENT: u8 = 80;
/// In recorded solos 5 in 100 notes are shorter; five of six of these are ornaments, whose next note follows at once.
pub const THIRTY_SECOND: Ticks = Ticks(Ticks::quarters(1).0 / 8);
/// The player's next key press ends a note whose key is up, within this time after the note's onset. Later it may have
/// been followed by a rest.
const DETACHED: Ticks = Ticks::quarters(2);

/// What is known of a key that the player has pressed.
#[derive(Debug, Clone, Copy)]
pub struct KeyPress {
    /// From its onset to its release; `None` while it is down.
    pub held: Option<Ticks>,
    /// From its onset to the player's next one; `None` while there is none.
    pub next: Option<Ticks>,
    /// The recent ratio of key time to time between key presses, in percent.
    pub gate_percent: u8,
}

impl KeyPress {
    /// The length as understood. `expected` is the model's most probable duration; `None` is returned when it is needed
    /// and not given.
    pub fn length(self, vocabulary: &Vocabulary, expected: Option<Ticks>) -> Option<Ticks> {
        let length = if vocabulary.is_notation() {
            self.written(expected)
        } else if vocabulary.polyphony == 1 {
            self.recorded().or(expected)
        } else {
            self.held.or(expected)
        };
        // A line's note ends where the next one begins, even if the key is released later.
        let most = self.next.filter(|_| vocabulary.polyphony == 1).unwrap_or(Ticks(i64::MAX));
        length.map(|length| length.min(most).max(Ticks(1)))
    }

    /// The time that the key was held, lengthened if the player plays shorter notes than recorded soloists. A note
    /// shorter than a thirty-second is an ornament, and ends with the next one.
    fn recorded(self) -> Option<Ticks> {
        let longer = |held: Ticks| Ticks(held.0 * i64::from(SOLO_PERCENT) / i64::from(self.gate_percent.max(1)));
        let length = self.held.map(|held| if self.gate_percent < SOLO_PERCENT { longer(held) } else { held });
        length.map(|length| length.max(THIRTY_SECOND))
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

    /// The `proposed` length where the key time agrees with it, given the player's articulation; else the length that
    /// the key time suggests.
    fn agreeing(self, held: Ticks, proposed: Ticks) -> Ticks {
        let full = held.0 * i64::from(LEGATO_PERCENT) / i64::from(self.gate_percent.clamp(1, LEGATO_PERCENT));
        // From 3/5 to 4/3 of it: a half note agrees with no quarter note, nor a quarter note with a half note.
        let agrees = 5 * full >= 3 * proposed.0 && 3 * full <= 4 * proposed.0;
        if agrees { proposed } else { plain(full) }
    }
}

/// The nearest plain or dotted note value by ratio, from a sixteenth on. A key time alone is no more precise.
fn plain(length: i64) -> Ticks {
    const VALUES: [i64; 9] = [12, 18, 24, 36, 48, 72, 96, 144, 192];
    // length / value or value / length, whichever is above 1, in hundredths.
    let ratio = |value: &i64| 100 * length.max(*value) / length.min(*value).max(1);
    Ticks(VALUES.into_iter().min_by_key(ratio).unwrap_or(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length(vocabulary: &Vocabulary, held: i64, next: i64, gate_percent: u8, expected: i64) -> i64 {
        let some = |ticks| (ticks > 0).then_some(Ticks(ticks));
        let touch = KeyPress { held: some(held), next: some(next), gate_percent };
        touch.length(vocabulary, some(expected)).map_or(0, |length| length.0)
    }

    /// The time that a key is held does not matter. 0 stands for an unknown value.
    #[test]
    fn in_notation_a_note_lasts_until_the_next() {
        for gate_percent in [30, 50, 80, 95, 100] {
            for note in [8, 12, 24, 36, 48, 72, 96, 144, 192] {
                let held = (note * i64::from(gate_percent) / 100).max(1);
                for table in [Vocabulary::dance(), Vocabulary::song()] {
                    assert_eq!(length(&table, held, note, gate_percent, 0), note, "{note} at {gate_percent} %");
                    assert_eq!(length(&table, 0, note, gate_percent, 0), note, "a key that is still down");
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
        assert_eq!(length(&table, 20, 0, 100, 0), 0, "the expected length is needed");
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
