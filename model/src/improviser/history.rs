//! What was played of late, note by note, with the state before each.
//!
//! Only the first notes have been taken in by the network; whatever changes the past goes back to the state before the
//! change, and the rest is taken in again when it is needed. Knows nothing of draws, limits and parameters.

use super::length::Keystroke;
use crate::chord::Chord;
use crate::dynamics::{PlayerDynamics, StyleDynamics};
use crate::lookback::{LookBack, LookBackFeatures, RepeatFeatures};
use crate::lstm::{Model, ModelState, Scratch};
use crate::note::{Bars, Note, Pitch, Ticks};
use crate::repetition::LONGEST_FIGURE;
use crate::sampling::{DrawStream, argmax, draw};
use crate::vocabulary::Tokens;
use std::collections::VecDeque;

/// How many notes can be taken back or amended; a key held for longer is amended no more.
pub const HISTORY: usize = 4 * LONGEST_FIGURE;
/// Over how many notes the session's memory is shown or not: a bar or two.
pub const MEMORY_STRETCH: usize = 16;
/// How many of the latest notes tell the pace.
const PACE_NOTES: usize = 16;
/// A rest counts for no more in it.
const PACE_REST: Ticks = Ticks::quarters(2);

/// See the module.
#[derive(Debug)]
pub struct History {
    notes: VecDeque<HistoryEntry>,
    /// What the session has played, up to the notes that were taken in.
    session: LookBack,
    /// The state after the first `processed` notes.
    now: ModelState,
    processed: usize,
    /// How the player played in what was taken in.
    dynamics: PlayerDynamics,
    /// Notes that are no longer held.
    forgotten: usize,
    /// The onset of the last note that is no longer held.
    before: Option<Ticks>,
    /// The onset of the player's last note that is no longer held.
    heard_before: Option<Ticks>,
    /// The first of the notes that were retracted last.
    retracted: Option<Retracted>,
}

/// A note of Segue's that was decided, and retracted before it began.
#[derive(Debug, Clone, Copy)]
struct Retracted {
    turn: u32,
    index: u32,
    onset: Ticks,
}

/// A note of the recent past, and what was before it.
#[derive(Debug)]
struct HistoryEntry {
    /// A heard one has its length once it is taken in.
    note: Note,
    by: PlayedBy,
    context: NoteContext,
    /// How long the network expected a heard note to be; `None` where it was not asked.
    expected: Option<Ticks>,
    /// As the network took it in; true for the first `processed` notes.
    classes: Tokens,
    /// The state before it; true for the first `processed` notes.
    before: ModelState,
    /// The same of how the player played.
    dynamics: PlayerDynamics,
}

/// What there is context a note.
#[derive(Debug, Clone, Copy)]
pub struct NoteContext {
    /// None in free time.
    pub bars: Option<Bars>,
    /// None where there is none.
    pub chord: Option<Chord>,
    /// How often the session is to be called to model, as of when it was heard or decided.
    pub look_back: LookBackShare,
}

/// Whether the session's memory is shown: `SamplingParameters::memory` and `SamplingParameters::seed` say it together.
#[derive(Debug, Clone, Copy)]
pub struct LookBackShare {
    /// 0 is never and 1 always.
    pub share: f32,
    /// What decides when.
    pub seed: u64,
}

/// Who played a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlayedBy {
    /// `struck` is the onset as played, and the key was `held` so long; `None` while it is down. `gate_percent` is how much
    /// of the time from stroke to stroke the player's keys were down before.
    Player { id: u32, struck: Ticks, held: Option<Ticks>, gate_percent: u8 },
    /// The `index`th note of a turn, and the pitch that it was told with.
    Segue { turn: u32, index: u32, told: Pitch },
}

impl History {
    /// Nothing was played.
    pub fn new(model: &Model) -> Self {
        Self::after(model.initial_state(), LookBack::default(), PlayerDynamics::default())
    }

    fn after(now: ModelState, session: LookBack, dynamics: PlayerDynamics) -> Self {
        Self {
            notes: VecDeque::with_capacity(HISTORY + 1),
            session,
            now,
            processed: 0,
            dynamics,
            forgotten: 0,
            before: None,
            heard_before: None,
            retracted: None,
        }
    }

    /// Another one that goes on as this one would, to the bit. It is small, and takes its notes in again when it is used.
    pub fn checkpoint(&self) -> Self {
        let mut session = self.session.clone();
        session.truncate(self.forgotten);
        let first = self.notes.front().filter(|_| self.processed > 0);
        let now = first.map_or(&self.now, |first| &first.before).clone();
        let dynamics = first.map_or(self.dynamics, |first| first.dynamics);
        let untaken = |held: &HistoryEntry| HistoryEntry { before: ModelState::default(), ..*held };
        let Self { forgotten, before, heard_before, retracted, .. } = *self;
        let after = Self::after(now, session, dynamics);
        let mut checkpoint = Self { forgotten, before, heard_before, retracted, ..after };
        checkpoint.notes.extend(self.notes.iter().map(untaken));
        checkpoint
    }

    /// Forgets all that was played.
    pub fn forget(&mut self, model: &Model) {
        self.session.clear();
        self.notes.clear();
        self.now = model.initial_state();
        (self.processed, self.dynamics, self.forgotten, self.before) = (0, PlayerDynamics::default(), 0, None);
        (self.heard_before, self.retracted) = (None, None);
    }

    /// All that is held is to be taken in anew, by this model.
    pub fn replay(&mut self, model: &Model) {
        if let Some(first) = self.notes.front().filter(|_| self.processed > 0) {
            self.dynamics = first.dynamics;
        }
        self.now = model.initial_state();
        self.processed = 0;
        self.session.truncate(self.forgotten);
    }

    /// Takes in whatever is still waiting.
    pub fn catch_up(&mut self, model: &Model, scratch: &mut Scratch) {
        while self.processed < self.notes.len() {
            let index = self.processed;
            let (previous, key) = (self.onset_before(index), self.keystroke(index));
            let held = &mut self.notes[index];
            let vocabulary = model.vocabulary();
            held.before.clone_from(&self.now);
            held.dynamics = self.dynamics;
            let NoteContext { bars, chord, look_back } = held.context;
            let mut told = held.note;
            if let PlayedBy::Player { .. } = held.by {
                let learnt = StyleDynamics::of(vocabulary);
                self.dynamics.hear(told.velocity, learnt);
                told.velocity = self.dynamics.told(told.velocity, learnt);
            }
            held.classes = vocabulary.tokens(&told, previous, bars, chord);
            if let Some(key) = key {
                held.expected = None;
                let length = key.length(vocabulary, None).unwrap_or_else(|| {
                    let shown = look_back.shows(model, self.session.count());
                    let onset = held.note.onset;
                    let repeats =
                        if shown { self.session.repeats(vocabulary, onset, bars) } else { RepeatFeatures::default() };
                    let mut heads = model.heads(&self.now, scratch);
                    let expected = vocabulary.duration(argmax(heads.duration_logits(held.classes, repeats)));
                    held.expected = Some(expected);
                    key.length(vocabulary, held.expected).unwrap_or(expected)
                });
                held.note.duration = length;
                held.classes.duration = vocabulary.duration_class(length);
            }
            self.session.push(&held.note);
            let shown = look_back.shows(model, self.session.count());
            let features = if shown { self.session.features(vocabulary, bars) } else { LookBackFeatures::default() };
            model.step(held.classes, features, &mut self.now, scratch);
            self.processed += 1;
        }
    }

    /// Puts in a note that a key has just begun where its onset and pitch belong.
    pub fn insert(&mut self, note: Note, by: PlayedBy, context: NoteContext, thinking: (&Model, &mut Scratch)) {
        let comes_later = |held: &&HistoryEntry| (held.note.onset, held.note.pitch) > (note.onset, note.pitch);
        let later = self.notes.iter().rev().take_while(comes_later).count();
        let (index, behind) = (self.notes.len() - later, later + 1);
        self.rewind_to(index);
        let model = thinking.0;
        self.remember(index, note, by, context, thinking);
        // The player's note before it is over with it, or has been.
        if let Some(before) = self.player_before(self.notes.len() - behind) {
            self.reconsider_length(before, model);
        }
    }

    /// Puts in a note behind all others.
    pub fn push(&mut self, note: Note, by: PlayedBy, context: NoteContext, thinking: (&Model, &mut Scratch)) {
        self.remember(self.notes.len(), note, by, context, thinking);
    }

    fn remember(
        &mut self,
        index: usize,
        note: Note,
        by: PlayedBy,
        context: NoteContext,
        (model, scratch): (&Model, &mut Scratch),
    ) {
        let (classes, before, dynamics) = (Tokens::default(), self.now.clone(), self.dynamics);
        let held = HistoryEntry { note, by, context, expected: None, classes, before, dynamics };
        self.notes.insert(index, held);
        if self.notes.len() > HISTORY {
            self.catch_up(model, scratch);
            self.processed -= 1;
            self.forgotten += 1;
            let Some(oldest) = self.notes.pop_front() else { return };
            self.before = Some(oldest.note.onset);
            if let PlayedBy::Player { .. } = oldest.by {
                self.heard_before = Some(oldest.note.onset);
            }
        }
    }

    /// Of the stroke `id`, which may be unknown, it is known now how long its key was held.
    pub fn amend(&mut self, id: u32, duration: Ticks, model: &Model) {
        let stroke = |held: &HistoryEntry| matches!(held.by, PlayedBy::Player { id: held, .. } if held == id);
        let Some(index) = self.notes.iter().rposition(stroke) else {
            return;
        };
        if let PlayedBy::Player { held, .. } = &mut self.notes[index].by {
            *held = Some(duration);
        }
        self.reconsider_length(index, model);
    }

    /// What is known of the key of a heard note; `None` for one of Segue's.
    fn keystroke(&self, index: usize) -> Option<Keystroke> {
        let note = &self.notes[index];
        let PlayedBy::Player { held, gate_percent, .. } = note.by else { return None };
        let later =
            |other: &&HistoryEntry| matches!(other.by, PlayedBy::Player { .. }) && other.note.onset > note.note.onset;
        let next = self.notes.range(index + 1..).find(later).map(|next| next.note.onset - note.note.onset);
        Some(Keystroke { held, next, gate_percent })
    }

    /// More is known of the key of a heard note: if its length is understood otherwise now, it is taken in again.
    fn reconsider_length(&mut self, index: usize, model: &Model) {
        let Some(key) = self.keystroke(index).filter(|_| index < self.processed) else { return };
        let (vocabulary, held) = (model.vocabulary(), &mut self.notes[index]);
        match key.length(vocabulary, held.expected) {
            Some(length) if vocabulary.duration_class(length) == held.classes.duration => held.note.duration = length,
            _ => self.rewind_to(index),
        }
    }

    /// The place of the player's last note before this place.
    fn player_before(&self, index: usize) -> Option<usize> {
        let is_players = |held: &HistoryEntry| matches!(held.by, PlayedBy::Player { .. });
        self.notes.range(..index).rposition(is_players)
    }

    /// What begins from here on was played to this chord.
    pub fn set_chord_from(&mut self, chord: Chord, from: Ticks) {
        let first = self.notes.len() - self.notes.iter().rev().take_while(|held| held.note.onset >= from).count();
        self.rewind_to(first);
        for held in self.notes.range_mut(first..) {
            held.context.chord = Some(chord);
        }
    }

    /// The first finger of the chord that a stroke at `struck` belongs to, because another of the player's lies no more than
    /// `together` before it; and the finger's place.
    pub fn chord_at(&self, struck: Ticks, together: Ticks) -> Option<(usize, &Note)> {
        let near = |held: &HistoryEntry| matches!(held.by, PlayedBy::Player { struck: other, .. } if struck - other <= together && other <= struck);
        // Where both play at once, its own notes may lie among the fingers and behind them.
        let own =
            |held: &HistoryEntry| matches!(held.by, PlayedBy::Segue { .. }) && held.note.onset + together >= struck;
        let context = self.notes.iter().rev().take_while(|held| near(held) || own(held)).count();
        let mut fingers = (self.notes.len() - context..).zip(self.notes.range(self.notes.len() - context..));
        let (index, first) = fingers.find(|(_, held)| near(held))?;
        Some((index, &first.note))
    }

    /// Takes out a note, by its place.
    pub fn remove(&mut self, index: usize) {
        self.rewind_to(index);
        self.notes.remove(index);
    }

    /// Forgets Segue's notes with an onset at or after `from`, as if they had never been decided.
    pub fn retract(&mut self, from: Ticks) {
        let planned = |held: &HistoryEntry| matches!(held.by, PlayedBy::Segue { .. }) && held.note.onset >= from;
        if let Some(first) = self.notes.iter().position(planned) {
            let held = &self.notes[first];
            if let PlayedBy::Segue { turn, index, .. } = held.by {
                self.retracted = Some(Retracted { turn, index, onset: held.note.onset });
            }
            self.rewind_to(first);
            self.notes.retain(|held| !planned(held));
        }
    }

    /// Forgets one note of Segue's, of this onset and told with this pitch; unknown ones are ignored.
    pub fn forget_unplayed(&mut self, onset: Ticks, pitch: Pitch) {
        let same = |held: &HistoryEntry| {
            matches!(held.by, PlayedBy::Segue { told, .. } if told == pitch) && held.note.onset == onset
        };
        if let Some(index) = self.notes.iter().rposition(same) {
            self.remove(index);
        }
    }

    /// Makes `now` the state before the note at `index`; a note that has not been taken in needs nothing.
    fn rewind_to(&mut self, index: usize) {
        if index < self.processed {
            self.now.clone_from(&self.notes[index].before);
            self.dynamics = self.notes[index].dynamics;
            self.processed = index;
            self.session.truncate(self.forgotten + index);
        }
    }

    // What it tells.

    /// The state after all that was taken in.
    pub fn state(&self) -> &ModelState {
        &self.now
    }

    /// The session up to what was taken in.
    pub fn session(&self) -> &LookBack {
        &self.session
    }

    /// The notes, in order.
    pub fn notes(&self) -> impl DoubleEndedIterator<Item = &Note> + Clone {
        self.notes.iter().map(|held| &held.note)
    }

    /// The last note, and who played it.
    pub fn last(&self) -> Option<(&Note, PlayedBy)> {
        self.notes.back().map(|held| (&held.note, held.by))
    }

    /// The onset of the last note, also where it is no longer held.
    pub fn last_onset(&self) -> Option<Ticks> {
        self.onset_before(self.notes.len())
    }

    fn onset_before(&self, index: usize) -> Option<Ticks> {
        index.checked_sub(1).map_or(self.before, |previous| Some(self.notes[previous].note.onset))
    }

    /// The last note as the network took it in; `None` where it is no longer held.
    pub fn last_classes(&self) -> Option<Tokens> {
        self.notes.back().map(|held| held.classes)
    }

    /// How many notes begin together with the last.
    pub fn together(&self) -> usize {
        let last = self.last_onset();
        self.notes.iter().rev().take_while(|held| Some(held.note.onset) == last).count()
    }

    /// The notes as the network took them in, the last first: as many as the loop breaker looks at.
    pub fn latest(&self) -> Vec<Tokens> {
        self.notes.iter().rev().map(|held| held.classes).collect()
    }

    /// How many notes Segue has decided in a turn.
    pub fn count_of_turn(&self, turn: u32) -> u32 {
        let of_turn = |held: &HistoryEntry| match held.by {
            PlayedBy::Segue { turn: of, index, .. } if of == turn => Some(index + 1),
            _ => None,
        };
        self.notes.iter().rev().find_map(of_turn).unwrap_or(0)
    }

    /// Where this note of a turn was to begin, if it was decided and retracted since.
    pub fn retracted(&self, turn: u32, index: u32) -> Option<Ticks> {
        self.retracted.filter(|note| (note.turn, note.index) == (turn, index)).map(|note| note.onset)
    }

    /// The onset of the player's last note.
    pub fn last_heard(&self) -> Option<Ticks> {
        let last = self.player_before(self.notes.len()).map(|index| self.notes[index].note.onset);
        last.or(self.heard_before)
    }

    /// From when on, `bound` at the earliest, fewer than `most` notes of a turn sound.
    pub fn free_voice(&self, turn: u32, most: usize, bound: Ticks) -> Ticks {
        let of_turn = |held: &&HistoryEntry| matches!(held.by, PlayedBy::Segue { turn: of, .. } if of == turn);
        let ends = self.notes.iter().filter(of_turn).map(|held| held.note.onset + held.note.duration);
        let mut sounding: Vec<Ticks> = ends.filter(|end| *end > bound).collect();
        sounding.sort_unstable();
        sounding.len().checked_sub(most).map_or(bound, |first_to_end| sounding[first_to_end])
    }

    /// Of the latest notes, how many there are for each of this turn's; at most three.
    pub fn notes_for_each(&self, turn: u32) -> f32 {
        const NOTES: usize = 32;
        const MOST: f32 = 3.0;
        let latest = self.notes.iter().rev().take(NOTES);
        let own = latest.clone().filter(|held| matches!(held.by, PlayedBy::Segue { turn: of, .. } if of == turn));
        #[expect(clippy::cast_precision_loss, reason = "a few notes")]
        let share = latest.count() as f32 / own.count().max(1) as f32;
        share.min(MOST)
    }

    /// How many notes a quarter this turn's latest ones are, up to now; `None` while there are few.
    pub fn density_of_turn(&self, turn: u32) -> Option<f32> {
        const NOTES: usize = 16;
        const FEWEST: usize = 4;
        let of_turn = |held: &&HistoryEntry| matches!(held.by, PlayedBy::Segue { turn: of, .. } if of == turn);
        let own = self.notes.iter().rev().filter(of_turn).take(NOTES);
        let (count, first) = (own.clone().count(), own.last()?.note.onset);
        let time = self.last_onset()? - first;
        #[expect(clippy::cast_precision_loss, reason = "a few notes")]
        let density = (count - 1) as f32 * Ticks::quarters(1).as_f32() / time.as_f32();
        (count >= FEWEST && time > Ticks::ZERO).then_some(density)
    }

    /// The mean time from note to note of late.
    pub fn pace(&self) -> Ticks {
        let onsets = self.notes().rev().take(PACE_NOTES + 1).map(|note| note.onset);
        let steps = onsets.clone().skip(1).zip(onsets).map(|(before, after)| (after - before).min(PACE_REST));
        let (sum, count) = steps.fold((0, 0), |(sum, count), step| (sum + step.0, count + 1));
        if count > 0 { Ticks(sum / count) } else { PACE_REST }
    }

    /// How the player has played of late.
    pub fn dynamics(&self) -> PlayerDynamics {
        self.dynamics
    }
}

impl LookBackShare {
    /// Whether the memory is shown after `count` notes: in as many stretches of notes as the share says, and in the same
    /// ones each time that the notes in them are decided anew. A motif that were forgotten at every third note could
    /// never be taken up, so it is a stretch that is drawn and not a note.
    pub fn shows(self, model: &Model, count: usize) -> bool {
        let stretch = u32::try_from(count / MEMORY_STRETCH).unwrap_or(u32::MAX);
        model.card().look_back && draw(self.seed, 0, stretch, DrawStream::Memory) < self.share
    }
}
