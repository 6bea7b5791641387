//! The form of the history: which bars repeat which, and what Segue drew for its own.

use super::entry::{BarLag, HistoryEntry};
use super::{HISTORY, NoteHistory, PlayedBy};
use crate::form::FormTracker;
use crate::lookback::{LookBack, ONE_DIFFERS_IN};
use crate::note::{Bars, Note, Ticks};
use std::ops::Range;

/// At most this many notes matter for the form: 72 bars of thirty-seconds.
const MOST: usize = 1 << 12;

/// The latest notes of a session, in order and in one piece, so that a decision need not copy them. What is returned
/// depends on the session alone.
#[derive(Debug, Clone, Default)]
pub struct FormNotes {
    notes: Vec<Note>,
    /// How many notes of the session stand before these.
    before: usize,
}

impl FormNotes {
    /// Only the first `count` notes of the session are left.
    pub fn truncate(&mut self, count: usize) {
        self.notes.truncate(count.saturating_sub(self.before));
    }

    /// Adds what the session has in addition. Before a jump back in time nothing counts.
    fn extend(&mut self, session: &LookBack) {
        /// So many more are kept, because the latest ones may be retracted.
        const SPARE: usize = HISTORY;
        if self.notes.is_empty() {
            self.before = session.count().saturating_sub(MOST);
        }
        for note in session.notes_from(self.before + self.notes.len()) {
            if self.notes.last().is_some_and(|last| last.onset > note.onset) {
                self.before += self.notes.len();
                self.notes.clear();
            }
            self.notes.push(note);
        }
        if self.notes.len() > 2 * MOST + SPARE {
            let surplus = self.notes.len() - MOST - SPARE;
            self.notes.drain(..surplus);
            self.before += surplus;
        }
    }

    fn latest(&self) -> &[Note] {
        &self.notes[self.notes.len().saturating_sub(MOST)..]
    }
}

impl NoteHistory {
    /// Labels the bars that are over.
    pub fn track_form(&mut self, bars: Bars) {
        self.form_notes.extend(&self.session);
        let Some(last) = self.last_onset() else { return };
        let line = Ticks(last.0 - bars.place(last).0);
        self.form.extend(self.form_notes.latest(), bars, line);
    }

    /// The notes that matter for the form, as of the last time when it was tracked.
    pub fn notes_for_form(&self) -> &[Note] {
        self.form_notes.latest()
    }

    /// The form of the processed notes.
    pub fn form(&self) -> &FormTracker {
        &self.form
    }

    /// Whether Segue's last turn before `turn` repeated an earlier one.
    pub fn has_repeated_itself(&self, turn: u32) -> bool {
        let turns = self.turns();
        let before = turns.partition_point(|(other, _)| *other < turn);
        before > 0 && self.is_worn(&turns[..before])
    }

    /// Whether what Segue played in a range of time belongs to a turn that repeated an earlier one.
    pub fn is_worn_in(&self, from: Ticks, to: Ticks) -> bool {
        let later = |entry: &&HistoryEntry| entry.note.onset >= to;
        let mut there = self.notes.iter().rev().skip_while(later).take_while(|entry| entry.note.onset >= from);
        let Some(turn) = there.find_map(|entry| entry.by.turn()) else { return false };
        let turns = self.turns();
        self.is_worn(&turns[..turns.partition_point(|(other, _)| *other <= turn)])
    }

    /// Whether the last of these turns repeats one before, but for a few notes.
    fn is_worn(&self, turns: &[(u32, Range<usize>)]) -> bool {
        let Some(((_, last), earlier)) = turns.split_last() else { return false };
        let most = last.len() / ONE_DIFFERS_IN;
        let since_begin = |range: &Range<usize>, note: &Note| note.onset - self.notes[range.start].note.onset;
        earlier.iter().any(|(_, other)| {
            let pairs = self.notes.range(last.clone()).zip(self.notes.range(other.clone()));
            let differ = |(one, two): &(&HistoryEntry, &HistoryEntry)| {
                let onsets = since_begin(last, &one.note) != since_begin(other, &two.note);
                onsets || one.note.pitch != two.note.pitch
            };
            let left_over = last.len().abs_diff(other.len());
            left_over <= most && left_over + pairs.filter(differ).take(most + 1).count() <= most
        })
    }

    /// Segue's turns, in order, each with the indices of its notes.
    fn turns(&self) -> Vec<(u32, Range<usize>)> {
        let mut turns: Vec<(u32, Range<usize>)> = Vec::new();
        for (index, turn) in self.notes.iter().enumerate().filter_map(|(index, entry)| Some((index, entry.by.turn()?)))
        {
            match turns.last_mut() {
                Some((last, range)) if *last == turn => range.end = index + 1,
                _ => turns.push((turn, index..index + 1)),
            }
        }
        turns
    }

    /// What was drawn for the bar of a turn's last note in a range of time.
    pub fn lag_in(&self, turn: u32, from: Ticks, to: Ticks) -> Option<BarLag> {
        let entries = self.notes.iter().rev().skip_while(|entry| entry.note.onset >= to);
        let of_turn = |entry: &HistoryEntry| match entry.by {
            PlayedBy::Segue { turn: of, lag, .. } if of == turn => Some(lag),
            _ => None,
        };
        entries.take_while(|entry| entry.note.onset >= from).find_map(of_turn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::splitmix64;
    use crate::improviser::history::{LookBackShare, NoteContext};
    use crate::lstm::{InferenceBuffers, Model};
    use crate::network::Sizes;
    use crate::note::{Metre, Pitch, Velocity};
    use crate::vocabulary::Vocabulary;

    fn note(onset: i64) -> Note {
        Note { onset: Ticks(onset), pitch: Pitch::new(60).unwrap(), duration: Ticks(24), velocity: Velocity::DEFAULT }
    }

    fn onsets(notes: &FormNotes) -> Vec<i64> {
        notes.latest().iter().map(|note| note.onset.0).collect()
    }

    #[test]
    fn only_what_follows_the_last_jump_back_counts() {
        let (mut session, mut notes) = (LookBack::default(), FormNotes::default());
        let mut push = |onset| {
            session.push(&note(onset));
            notes.extend(&session);
        };
        [0, 24, 24, 48, 12, 36].into_iter().for_each(&mut push);
        assert_eq!(onsets(&notes), [12, 36]);
        // Without the jump, what stood before it counts again.
        session.truncate(3);
        notes.truncate(3);
        notes.extend(&session);
        assert_eq!(onsets(&notes), [0, 24, 24]);
    }

    /// Three turns of four notes, two bars apart: the second is the first, but for `changed` keys, and the third new.
    #[test]
    fn a_turn_that_came_twice_is_worn() {
        let model = Model::random(Vocabulary::dance(), Sizes { layers: 1, hidden: 16, event: 16, head: 16 });
        let context = NoteContext { bars: None, chord: None, look_back: LookBackShare { share: 0.0, seed: 0 } };
        let worn = |changed: u8| {
            let (mut history, mut buffers) = (NoteHistory::new(&model), InferenceBuffers::default());
            for (turn, keys) in [[60, 62, 64, 65], [60 + changed, 62, 64, 65], [72, 71, 69, 67]].into_iter().enumerate()
            {
                for (index, key) in (0..).zip(keys) {
                    let onset = 384 * i64::try_from(turn).unwrap() + 24 * i64::from(index);
                    let pitch = Pitch::new(key).unwrap();
                    let by = PlayedBy::Segue {
                        turn: u32::try_from(turn).unwrap(),
                        index,
                        sounding: pitch,
                        lag: BarLag::default(),
                    };
                    history.push(Note { pitch, ..note(onset) }, by, context, (&model, &mut buffers));
                }
            }
            let bar = |bar: i64| history.is_worn_in(Ticks(192 * bar), Ticks(192 * bar + 192));
            ([0, 1, 2, 3].map(|turn| history.has_repeated_itself(turn)), [bar(0), bar(1), bar(2), bar(3), bar(4)])
        };
        assert_eq!(worn(0), ([false, false, true, false], [false, false, true, false, false]));
        assert_eq!(worn(1), ([false; 4], [false; 5]));
    }

    /// A planned note ends the bars before it. Once it is retracted, the player may still play in them.
    #[test]
    fn a_bar_that_is_played_in_again_is_labelled_again() {
        const BAR: i64 = 192;
        let bars = Bars { line: Ticks::ZERO, metre: Metre::COMMON };
        let model = Model::random(Vocabulary::dance(), Sizes { layers: 1, hidden: 16, event: 16, head: 16 });
        let context = NoteContext { bars: Some(bars), chord: None, look_back: LookBackShare { share: 0.0, seed: 0 } };
        let runs = |plans: bool| {
            let (mut history, mut buffers) = (NoteHistory::new(&model), InferenceBuffers::default());
            let mut id = 0;
            let mut hear = |history: &mut NoteHistory, onset, buffers: &mut InferenceBuffers| {
                id += 1;
                let by = PlayedBy::Player { id, struck: Ticks(onset), held: Some(Ticks(24)), gate_percent: 100 };
                history.insert(note(onset), by, context, (&model, buffers));
                history.catch_up(&model, buffers);
            };
            (0..8).for_each(|index| hear(&mut history, 24 * index, &mut buffers));
            if plans {
                let by = PlayedBy::Segue { turn: 1, index: 0, sounding: note(0).pitch, lag: BarLag::default() };
                history.push(note(3 * BAR), by, context, (&model, &mut buffers));
                history.catch_up(&model, &mut buffers);
                history.track_form(bars);
                history.retract(Ticks(3 * BAR));
            }
            (8..25).for_each(|index| hear(&mut history, 24 * index, &mut buffers));
            history.track_form(bars);
            history.form().runs(history.notes_for_form(), bars, Ticks(3 * BAR))
        };
        assert_eq!(runs(true), runs(false));
    }

    /// However it came about: by notes that were added and retracted, or collected at once.
    #[test]
    fn the_same_session_gives_the_same_notes() {
        let (mut session, mut notes) = (LookBack::default(), FormNotes::default());
        let mut onset = 0;
        for round in 0..40 {
            for _ in 0..splitmix64(round) % 1000 {
                onset += 12;
                session.push(&note(onset));
            }
            notes.extend(&session);
            if round % 3 == 0 {
                let retracted = usize::try_from(splitmix64(round + 100)).unwrap() % HISTORY;
                let count = session.count().saturating_sub(retracted);
                session.truncate(count);
                notes.truncate(count);
                notes.extend(&session);
            }
            let mut at_once = FormNotes::default();
            at_once.extend(&session);
            assert_eq!(onsets(&notes), onsets(&at_once), "round {round}");
        }
        assert!(session.count() > 3 * MOST, "some notes are not kept");
    }
}
