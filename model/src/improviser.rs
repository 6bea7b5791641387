//! Hears notes and decides notes, one LSTM step each.
//!
//! It keeps, for each note of its recent history, the state before that note. That one mechanism serves all of:
//! a key that goes up late, notes planned and taken back, fingers that strike a chord one by one. Nothing is ever run
//! again from further back than the change. It does not know what a host, a thread or a wall clock is.

use crate::chart::Chart;
use crate::chord::Chord;
use crate::ending::Ending;
use crate::harmony::{Harmony, HeardChord, Source};
use crate::limits::Limits;
use crate::lookback::{Echoes, Hints, LookBack};
use crate::loops::{LONGEST_FIGURE, pitches_that_would_loop};
use crate::mind::{Mind, Room, State};
use crate::note::{Bars, Metre, Note, Pitch, Ticks, Velocity};
use crate::poise::About;
use crate::sampling::{Head, Knobs, choose, choose_longer, draw, most_probable};
use crate::vocabulary::{Classes, TimeBase, Vocabulary};
use std::collections::VecDeque;
use std::sync::Arc;

/// A key that the player has struck.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeardKey {
    /// Names this stroke when its key goes up: never used twice.
    pub id: u32,
    /// When, as played.
    pub onset: Ticks,
    /// Which key.
    pub pitch: Pitch,
    /// How hard.
    pub velocity: Velocity,
    /// The bars at that moment; `None` when there are none.
    pub bars: Option<Bars>,
    /// Fingers that come within this time are one chord: 30 ms at the tempo of the moment.
    pub together: Ticks,
    /// Where the chart's first bar began, or begins.
    pub form: Ticks,
    /// [`Knobs::memory`] at that moment.
    pub memory: f32,
    /// [`Knobs::seed`] at that moment.
    pub seed: u64,
}

/// Where a decided note may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// Exactly there: a turn begins.
    At(Ticks),
    /// There or later, as the network likes.
    NotBefore(Ticks),
}

/// What is to be decided.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ask {
    /// Which of Segue's turns; part of the key of every draw.
    pub turn: u32,
    /// Where the note may begin.
    pub begin: Begin,
    /// The bars at that moment; `None` when there are none.
    pub bars: Option<Bars>,
    /// Where the chart's first bar began, or begins.
    pub form: Ticks,
    /// Where the answer ends: no note begins there or later. `None` when it goes on without end.
    pub ends: Option<Ticks>,
    /// The musician's settings as of the decision.
    pub knobs: Knobs,
}

/// One jam's memory and the mind that it thinks with.
#[derive(Debug)]
pub struct Improviser {
    mind: Arc<Mind>,
    /// What the session has played, up to the notes that were taken in.
    session: LookBack,
    /// The chords that are played to.
    harmony: Harmony,
    history: VecDeque<Remembered>,
    /// Notes that the history no longer holds.
    forgotten: usize,
    /// The onset of the last note that the history no longer holds.
    before_history: Option<Ticks>,
    /// How loud the player was in what the history no longer holds.
    faded_loudness: Option<f32>,
    /// The state after the first `taken_in` notes of the history.
    now: State,
    taken_in: usize,
    room: Room,
}

/// A note of the recent past, and what was before it.
#[derive(Debug)]
struct Remembered {
    note: Note,
    by: By,
    around: Around,
    /// As the network took it in; true for the first `taken_in` notes.
    classes: Classes,
    /// The state before it; true for the first `taken_in` notes.
    before: State,
}

/// What there is around a note.
#[derive(Debug, Clone, Copy)]
struct Around {
    /// None in free time.
    bars: Option<Bars>,
    chord: Option<Chord>,
    /// How often the session is to be called to mind, as of when it was heard or decided.
    recall: Recall,
}

/// Whether the session's memory is shown: [`Knobs::memory`] and [`Knobs::seed`] say it together.
#[derive(Debug, Clone, Copy)]
struct Recall {
    share: f32,
    seed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// `struck` is the onset as played; while the key is `down` the duration is the network's expectation.
    Player { id: u32, struck: Ticks, down: bool },
    /// The `index`th note of a turn.
    Segue { turn: u32, index: u32 },
}

/// How many notes can be taken back or amended; a key held for longer is amended no more.
const HISTORY: usize = 4 * LONGEST_FIGURE;
/// Over how many notes the session's memory is shown or not: a bar or two.
const MEMORY_STRETCH: usize = 16;
/// How many of the player's latest notes tell how loud to play.
const LOUDNESS_NOTES: usize = 8;
/// How many of the latest notes tell the pace.
const PACE_NOTES: usize = 16;
/// A rest counts for no more in it.
const PACE_REST: Ticks = Ticks::quarters(2);

impl Improviser {
    /// With a blank memory.
    pub fn new(mind: Arc<Mind>) -> Self {
        let now = mind.blank();
        let history = VecDeque::with_capacity(HISTORY + 1);
        Self {
            mind,
            session: LookBack::default(),
            harmony: Harmony::default(),
            history,
            forgotten: 0,
            before_history: None,
            faded_loudness: None,
            now,
            taken_in: 0,
            room: Room::default(),
        }
    }

    /// The mind that it thinks with.
    pub fn mind(&self) -> &Arc<Mind> {
        &self.mind
    }

    /// From now on plays to these chords; `None` to none. What was heard keeps the chords it was heard with.
    pub fn set_chart(&mut self, chart: Option<Arc<Chart>>) {
        self.harmony.set_chart(chart);
    }

    /// From now on takes its chords from here. What was heard keeps the chords it was heard with.
    pub fn set_source(&mut self, source: Source) {
        self.harmony.set_source(source);
    }

    /// The chords that it plays to.
    pub fn harmony(&self) -> &Harmony {
        &self.harmony
    }

    /// Hears a chord. It is known only when its last finger is down, so notes that were heard or decided since its first
    /// are played to it too.
    pub fn hear_chord(&mut self, heard: HeardChord) {
        let from = self.mind.vocabulary().quantised(heard.from, heard.bars);
        if !self.harmony.hear(from, heard.chord) {
            return;
        }
        let first = self.history.len() - self.history.iter().rev().take_while(|held| held.note.onset >= from).count();
        self.rewind_to(first);
        for held in self.history.range_mut(first..) {
            held.around.chord = Some(heard.chord);
        }
    }

    /// Hears a key go down under a higher one that is held. In a style of single lines the higher one is the melody.
    pub fn hear_below(&mut self, key: HeardKey) {
        if self.mind.vocabulary().polyphony > 1 {
            self.hear(key);
        }
    }

    /// From now on thinks with another mind, which is told all that this one remembers. Between beats and free time
    /// there is no common memory: then it begins blank.
    pub fn change_mind(&mut self, mind: Arc<Mind>) {
        let speaks_of_the_same_time = mind.vocabulary().time_base == self.mind.vocabulary().time_base;
        self.now = mind.blank();
        self.mind = mind;
        if speaks_of_the_same_time {
            self.taken_in = 0;
            self.session.truncate(self.forgotten);
        } else {
            self.reset();
        }
    }

    /// Another one that goes on as this one would, to the bit. It is small, and takes its recent history in again when it
    /// is used.
    #[must_use]
    pub fn spare(&self) -> Self {
        let mut session = self.session.clone();
        session.truncate(self.forgotten);
        let first = self.history.front().filter(|_| self.taken_in > 0);
        let now = first.map_or(&self.now, |first| &first.before).clone();
        let untaken = |held: &Remembered| Remembered { before: State::default(), ..*held };
        let mut history = VecDeque::with_capacity(HISTORY + 1);
        history.extend(self.history.iter().map(untaken));
        Self {
            mind: Arc::clone(&self.mind),
            session,
            harmony: self.harmony.clone(),
            history,
            forgotten: self.forgotten,
            before_history: self.before_history,
            faded_loudness: self.faded_loudness,
            now,
            taken_in: 0,
            room: Room::default(),
        }
    }

    /// Forgets all that was played.
    pub fn reset(&mut self) {
        self.session.clear();
        self.history.clear();
        self.harmony.forget();
        self.forgotten = 0;
        self.before_history = None;
        self.faded_loudness = None;
        self.now = self.mind.blank();
        self.taken_in = 0;
    }

    /// Hears a key go down. Until [`Self::amend`] says how long it was held, its duration is what the network expects.
    pub fn hear(&mut self, key: HeardKey) {
        if self.joins_a_chord(&key) {
            return;
        }
        let onset = self.mind.vocabulary().quantised(key.onset, key.bars);
        self.insert(&key, onset);
    }

    /// Hears the key of stroke `id` go up. Ids that are unknown, or too long ago, are ignored.
    pub fn amend(&mut self, id: u32, duration: Ticks) {
        let stroke = |held: &Remembered| matches!(held.by, By::Player { id: held, .. } if held == id);
        let Some(index) = self.history.iter().rposition(stroke) else {
            return;
        };
        let duration = duration.max(Ticks(1));
        let vocabulary = self.mind.vocabulary();
        let is_new = vocabulary.duration_class(duration) != self.history[index].classes.duration;
        let held = &mut self.history[index];
        held.note.duration = duration;
        if let By::Player { down, .. } = &mut held.by {
            *down = false;
        }
        if is_new {
            self.rewind_to(index);
        }
    }

    /// Takes in whatever is still waiting, so that the next decision is quick. Never needed for the right result.
    pub fn catch_up(&mut self) {
        while self.taken_in < self.history.len() {
            let index = self.taken_in;
            let previous = self.onset_before(index);
            let held = &mut self.history[index];
            let vocabulary = self.mind.vocabulary();
            held.before.clone_from(&self.now);
            let Around { bars, chord, recall } = held.around;
            held.classes = vocabulary.classes(&held.note, previous, bars, chord);
            if let By::Player { down: true, .. } = held.by {
                let shown = recall.shows(&self.mind, self.session.count());
                let echoes =
                    if shown { self.session.echoes(vocabulary, held.note.onset, bars) } else { Echoes::default() };
                let mut heads = self.mind.listen(&self.now, &mut self.room);
                let expected = most_probable(heads.duration(held.classes, echoes));
                held.classes.duration = u8::try_from(expected).unwrap_or(u8::MAX);
                held.note.duration = vocabulary.duration(expected);
            }
            self.session.push(&held.note);
            let shown = recall.shows(&self.mind, self.session.count());
            let hints = if shown { self.session.hints(vocabulary, bars) } else { Hints::default() };
            self.mind.take_in(held.classes, hints, &mut self.now, &mut self.room);
            self.taken_in += 1;
        }
    }

    /// Decides the next note; from then on it is part of the history.
    pub fn decide(&mut self, ask: &Ask) -> Note {
        self.catch_up();
        let mind = Arc::clone(&self.mind);
        let vocabulary = mind.vocabulary();
        let index = self.next_index(ask.turn);
        let drawn = |head| draw(ask.knobs.seed, ask.turn, index, head);
        let past = self.latest();
        let loudness = self.loudness();
        let last = self.onset_before(self.history.len());
        let limits = &ask.knobs.limits;
        let pitches = limits.pitches(vocabulary);
        let ending = ask.ends.map(|end| Ending::new(end, ask.bars));
        let earliest = self.earliest(ask);
        let longest = limits.longest.min(self.voice_time(limits));
        let recall = Recall { share: ask.knobs.memory, seed: ask.knobs.seed };
        let memory = recall.shows(&mind, self.session.count());
        let before = self.history.back().map(|held| held.classes.pitch);
        let together = self.history.iter().rev().take_while(|held| Some(held.note.onset) == last).count();
        let mut heads = mind.listen(&self.now, &mut self.room);
        let class = |choice: usize| u8::try_from(choice).unwrap_or(u8::MAX);

        let onset = match (ask.begin, last) {
            (Begin::At(onset), _) | (Begin::NotBefore(onset), None) => onset,
            (Begin::NotBefore(_), Some(last)) => {
                // Over the highest pitch no other can stand, and hands have only so many fingers.
                let is_full = before.is_some_and(|before| !pitches.has_above(before))
                    || together >= usize::from(vocabulary.polyphony);
                let bars = ask.bars.filter(|_| vocabulary.time_base == TimeBase::Beats);
                let begin = |step: usize| last + vocabulary.step(step);
                let reaches = |step: usize| begin(step) >= earliest.max(last + Ticks(is_full.into()));
                let fits = |step: usize| reaches(step) && limits.begin_from(begin(step), bars) == begin(step);
                // From a note off the grid there may be no step to it; then the next point is taken.
                let any_fits = (0..vocabulary.counts().step).any(fits);
                let allowed = |step: usize| if any_fits { fits(step) } else { reaches(step) };
                let scores = heads.step();
                if let Some(ending) = ending {
                    ending.lean_steps(scores, last, vocabulary);
                }
                let step = choose_step(scores, allowed, vocabulary, &ask.knobs, drawn(Head::Step));
                // Nothing in the vocabulary reaches that far: then it is the earliest moment itself.
                limits.begin_from(begin(step).max(earliest), bars)
            }
        };
        let around = around(mind.vocabulary(), &self.harmony, onset, (ask.bars, ask.form, recall));
        let (chord, bass) = vocabulary.chord_classes(around.chord);
        let mut next = Classes {
            step: vocabulary.step_class(last.map_or(Ticks::ZERO, |last| onset - last)),
            place: vocabulary.place_class(onset, around.bars),
            metre: vocabulary.metre_class(around.bars),
            chord,
            bass,
            ..Classes::default()
        };
        let echoes = if memory { self.session.echoes(vocabulary, onset, around.bars) } else { Echoes::default() };
        let looping: Vec<u8> = pitches_that_would_loop(&past, next.step).collect();
        // A chord is told from low to high, each key once. Where the musician leaves too little for that, or to keep a
        // figure from going round, his word counts.
        let floor = before.filter(|_| last == Some(onset)).map_or(0, |pitch| pitch + 1);
        let left = pitches.preferring(|pitch| class(pitch) >= floor);
        let left = left.preferring(|pitch| !looping.contains(&class(pitch)));
        let scores = heads.pitch(next, echoes);
        let on_beat = around.bars.is_some_and(|bars| bars.is_on_beat(onset));
        let chord = around.chord.filter(|_| on_beat && vocabulary.chords);
        mind.card().poise.lean(scores, About { figure: self.now.figure(), last: before, chord }, vocabulary);
        if let Some(ending) = ending {
            ending.lean_pitches(scores, onset, vocabulary, around.chord, &self.session.profile());
        }
        next.pitch = class(choose(scores, |pitch| left.has(pitch), &ask.knobs, drawn(Head::Pitch)));
        let scores = heads.duration(next, echoes);
        if let Some(ending) = ending {
            ending.lean_durations(scores, onset, vocabulary);
        }
        let longest = ending.and_then(|ending| ending.left(onset)).map_or(longest, |left| longest.min(left));
        let allowed = |duration| duration == 0 || vocabulary.duration(duration) <= longest;
        next.duration = class(choose(scores, allowed, &ask.knobs.for_rhythm(), drawn(Head::Duration)));
        let velocity = heads.velocity(next).map(|scores| choose(scores, |_| true, &ask.knobs, drawn(Head::Velocity)));
        let note = Note {
            onset,
            pitch: vocabulary.pitch(next.pitch.into()),
            duration: vocabulary.duration(next.duration.into()),
            velocity: velocity
                .and_then(|class| vocabulary.velocity(class))
                .unwrap_or_else(|| accented(loudness, onset, ask.bars)),
        };
        // In mind it stays as it was said, so that the line goes on from there.
        self.remember(self.history.len(), note, By::Segue { turn: ask.turn, index }, around);
        Note { pitch: pitches.sounding(note.pitch), ..note }
    }

    /// Forgets its own notes with an onset at or after `from`, as if they had never been decided.
    pub fn take_back(&mut self, from: Ticks) {
        let planned = |held: &Remembered| matches!(held.by, By::Segue { .. }) && held.note.onset >= from;
        if let Some(first) = self.history.iter().position(planned) {
            self.rewind_to(first);
            self.history.retain(|held| !planned(held));
        }
    }

    /// The notes of the recent past, in order: the player's as understood, and its own.
    pub fn recent(&self) -> impl Iterator<Item = Note> {
        self.history.iter().map(|held| held.note)
    }

    /// The state after every note so far.
    pub fn state(&mut self) -> &State {
        self.catch_up();
        &self.now
    }

    /// A stroke close behind another of the player's is one chord with it: sorted low to high, as in training.
    /// A single-line style keeps the top voice. False when the stroke stands alone.
    fn joins_a_chord(&mut self, key: &HeardKey) -> bool {
        let near = |held: &Remembered| matches!(held.by, By::Player { struck, .. } if key.onset - struck <= key.together && struck <= key.onset);
        // Where both play at once, its own notes may lie among the fingers and behind them.
        let own =
            |held: &Remembered| matches!(held.by, By::Segue { .. }) && held.note.onset + key.together >= key.onset;
        let around = self.history.iter().rev().take_while(|held| near(held) || own(held)).count();
        let mut fingers = (self.history.len() - around..self.history.len()).filter(|index| near(&self.history[*index]));
        let Some(first) = fingers.next() else {
            return false;
        };
        let onset = self.history[first].note.onset;
        if self.mind.vocabulary().polyphony > 1 {
            self.insert(key, onset);
        } else if self.history[first].note.pitch < key.pitch {
            // There is one finger only, because each that was higher took the place of the one before.
            self.rewind_to(first);
            self.history.remove(first);
            self.insert(key, onset);
        }
        true
    }

    /// Puts a stroke where its onset and pitch belong.
    fn insert(&mut self, key: &HeardKey, onset: Ticks) {
        let note = Note { onset, pitch: key.pitch, duration: Ticks(1), velocity: key.velocity };
        let comes_later = |held: &&Remembered| (held.note.onset, held.note.pitch) > (onset, key.pitch);
        let index = self.history.len() - self.history.iter().rev().take_while(comes_later).count();
        self.rewind_to(index);
        let recall = Recall { share: key.memory, seed: key.seed };
        let around = around(self.mind.vocabulary(), &self.harmony, onset, (key.bars, key.form, recall));
        self.remember(index, note, By::Player { id: key.id, struck: key.onset, down: true }, around);
    }

    fn remember(&mut self, index: usize, note: Note, by: By, around: Around) {
        let held = Remembered { note, by, around, classes: Classes::default(), before: self.now.clone() };
        self.history.insert(index, held);
        if self.history.len() > HISTORY {
            self.catch_up();
            self.taken_in -= 1;
            self.forgotten += 1;
            let Some(oldest) = self.history.pop_front() else { return };
            self.before_history = Some(oldest.note.onset);
            if let By::Player { .. } = oldest.by {
                #[expect(clippy::cast_precision_loss, reason = "a few notes")]
                let share = 1.0 / LOUDNESS_NOTES as f32;
                let loudness = f32::from(oldest.note.velocity.value());
                let before = self.faded_loudness.unwrap_or(loudness);
                self.faded_loudness = Some(before + share * (loudness - before));
            }
        }
    }

    /// Makes `now` the state before the note at `index`; a note that has not been taken in needs nothing.
    fn rewind_to(&mut self, index: usize) {
        if index < self.taken_in {
            self.now.clone_from(&self.history[index].before);
            self.taken_in = index;
            self.session.truncate(self.forgotten + index);
        }
    }

    fn onset_before(&self, index: usize) -> Option<Ticks> {
        index.checked_sub(1).map_or(self.before_history, |previous| Some(self.history[previous].note.onset))
    }

    /// The earliest moment at which the next note can begin. A single line does not run over its own last note, and where
    /// only so many notes may sound the next one waits until one of them is over.
    pub fn earliest(&self, ask: &Ask) -> Ticks {
        let (Begin::At(bound) | Begin::NotBefore(bound)) = ask.begin;
        match self.history.back() {
            Some(Remembered { note, by: By::Segue { .. }, .. }) if self.mind.vocabulary().polyphony == 1 => {
                bound.max(note.onset + note.duration)
            }
            Some(held) => self.room_from(ask, bound.max(held.note.onset)),
            None => bound,
        }
    }

    /// From when on, `bound` at the earliest, fewer notes of the turn sound than may.
    fn room_from(&self, ask: &Ask, bound: Ticks) -> Ticks {
        let most = usize::from(ask.knobs.limits.polyphony.clamp(1, self.mind.vocabulary().polyphony.max(1)));
        let of_turn = |held: &&Remembered| matches!(held.by, By::Segue { turn, .. } if turn == ask.turn);
        let ends = self.history.iter().filter(of_turn).map(|held| held.note.onset + held.note.duration);
        let mut sounding: Vec<Ticks> = ends.filter(|end| *end > bound).collect();
        sounding.sort_unstable();
        sounding.len().checked_sub(most).map_or(bound, |first_to_end| sounding[first_to_end])
    }

    /// How long a note may last, so that with the voices that the musician leaves to the style it can go on at the pace of
    /// late. Otherwise a piano that is used to its pedal would wait for each of its few voices.
    fn voice_time(&self, limits: &Limits) -> Ticks {
        if limits.polyphony >= self.mind.vocabulary().polyphony {
            return Ticks(i64::MAX);
        }
        let onsets = self.history.iter().rev().take(PACE_NOTES + 1).map(|held| held.note.onset);
        let steps = onsets.clone().skip(1).zip(onsets).map(|(before, after)| (after - before).min(PACE_REST));
        let (sum, count) = steps.fold((0, 0), |(sum, count), step| (sum + step.0, count + 1));
        let pace = if count > 0 { sum / count } else { PACE_REST.0 };
        Ticks(i64::from(limits.polyphony.max(1)) * pace)
    }

    fn next_index(&self, turn: u32) -> u32 {
        let of_turn = |held: &Remembered| match held.by {
            By::Segue { turn: of, index } if of == turn => Some(index + 1),
            _ => None,
        };
        self.history.iter().rev().find_map(of_turn).unwrap_or(0)
    }

    /// The latest notes, the last first: as many as the loop breaker looks at.
    fn latest(&self) -> Vec<Classes> {
        self.history.iter().rev().map(|held| held.classes).collect()
    }

    /// How loud the player has been of late.
    fn loudness(&self) -> f32 {
        let strokes = self.history.iter().rev().filter(|held| matches!(held.by, By::Player { .. }));
        let (sum, count) = strokes
            .take(LOUDNESS_NOTES)
            .fold((0.0, 0.0), |(sum, count), held| (sum + f32::from(held.note.velocity.value()), count + 1.0));
        if count > 0.0 { sum / count } else { self.faded_loudness.unwrap_or(f32::from(Velocity::DEFAULT.value())) }
    }
}

/// What there is around a note that begins at `onset`, given bars, the start of the form, and the knob.
fn around(
    vocabulary: &Vocabulary,
    harmony: &Harmony,
    onset: Ticks,
    (bars, form, recall): (Option<Bars>, Ticks, Recall),
) -> Around {
    let bars = bars.filter(|_| vocabulary.time_base == TimeBase::Beats);
    let metre = bars.map_or(Metre::COMMON, |bars| bars.metre);
    Around { bars, chord: harmony.at(onset, form, metre), recall }
}

/// The step to the next note: as the style has it, or longer ones where the musician wants fewer notes.
fn choose_step(
    scores: &mut [f32],
    allowed: impl Fn(usize) -> bool,
    vocabulary: &Vocabulary,
    knobs: &Knobs,
    draw: f32,
) -> usize {
    let knobs = knobs.for_rhythm();
    let times = knobs.limits.stretch();
    if times > 1.0 {
        #[expect(clippy::cast_precision_loss, reason = "steps are some bars at most")]
        let span = |step: usize| vocabulary.step(step).0 as f32;
        return choose_longer(scores, allowed, span, times, (&knobs, draw));
    }
    choose(scores, allowed, &knobs, draw)
}

impl Recall {
    /// Whether the memory is shown after `count` notes: in as many stretches of notes as the share says, and in the same
    /// ones each time that the notes in them are decided anew. A motif that were forgotten at every third note could
    /// never be taken up, so it is a stretch that is drawn and not a note.
    fn shows(self, mind: &Mind, count: usize) -> bool {
        let stretch = u32::try_from(count / MEMORY_STRETCH).unwrap_or(u32::MAX);
        mind.card().look_back && draw(self.seed, 0, stretch, Head::Memory) < self.share
    }
}

/// For styles without dynamics: as loud as the player, with the bar line and the beats a little stronger.
fn accented(loudness: f32, onset: Ticks, bars: Option<Bars>) -> Velocity {
    const BAR_LINE: f32 = 8.0;
    const BEAT: f32 = 3.0;
    const BETWEEN: f32 = -5.0;
    let accent = bars.map_or(0.0, |bars| {
        let beat = bars.metre.beat();
        match bars.place(onset) {
            Ticks(0) => BAR_LINE,
            place if place.0 % beat.0 == 0 => BEAT,
            _ => BETWEEN,
        }
    });
    Velocity::nearest(loudness + accent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::licks::Licks;
    use crate::network::{Network, Sizes};
    use crate::weights::{Card, Provenance};
    use burn::tensor::Device;
    use std::sync::OnceLock;

    const BARS: Bars = Bars { line: Ticks::ZERO, metre: Metre::COMMON };
    const TOGETHER: Ticks = Ticks(3);

    const SIZES: Sizes = Sizes { layers: 2, hidden: 32, event: 32, head: 32 };

    fn blank() -> Improviser {
        Improviser::new(Arc::clone(&minds().0))
    }

    /// The same weights twice, first with look-back and then without.
    fn minds() -> &'static (Arc<Mind>, Arc<Mind>) {
        // One for all tests, because burn's generator is shared by all threads and each mind would differ.
        static MINDS: OnceLock<(Arc<Mind>, Arc<Mind>)> = OnceLock::new();
        MINDS.get_or_init(|| {
            let network = Network::new(&Vocabulary::dance(), SIZES, 0.0, &Device::flex());
            let card = Card::new("test", Vocabulary::dance(), SIZES, Provenance::default());
            let without = Card { look_back: false, ..card.clone() };
            // Both with licks, so that these too are rewound with the rest.
            let mind = |card| Arc::new(Mind::new(card, &network).with_licks(Some(Licks::of_two_figures())));
            (mind(card), mind(without))
        })
    }

    fn key(id: u32, onset: i64, pitch: u8) -> HeardKey {
        HeardKey {
            id,
            onset: Ticks(onset),
            pitch: Pitch::new(pitch).unwrap(),
            velocity: Velocity::DEFAULT,
            bars: Some(BARS),
            together: TOGETHER,
            form: Ticks::ZERO,
            memory: 1.0,
            seed: 0,
        }
    }

    fn ask(begin: Begin, temperature: f32, seed: u64) -> Ask {
        Ask {
            turn: 1,
            begin,
            bars: Some(BARS),
            form: Ticks::ZERO,
            ends: None,
            knobs: Knobs { temperature, top_p: 1.0, seed, ..Knobs::default() },
        }
    }

    /// Onset, pitch, and how long it is held.
    const PHRASE: [(i64, u8, i64); 8] = [
        (0, 62, 24),
        (25, 64, 20),
        (47, 66, 50),
        (97, 69, 22),
        (120, 66, 12),
        (133, 64, 11),
        (144, 62, 90),
        (240, 57, 40),
    ];

    fn hear_phrase(improviser: &mut Improviser) {
        for (id, (onset, pitch, held)) in (0..).zip(PHRASE) {
            improviser.hear(key(id, onset, pitch));
            improviser.amend(id, Ticks(held));
        }
    }

    #[test]
    fn hearing_note_by_note_equals_hearing_in_one_go_to_the_bit() {
        let mut in_one_go = blank();
        hear_phrase(&mut in_one_go);
        let mut eager = blank();
        let mut late_releases = blank();
        for (id, (onset, pitch, held)) in (0..).zip(PHRASE) {
            eager.hear(key(id, onset, pitch));
            eager.catch_up();
            eager.amend(id, Ticks(held));
            eager.catch_up();
            late_releases.hear(key(id, onset, pitch));
            late_releases.catch_up();
        }
        for (id, (_, _, held)) in (0..8).zip(PHRASE).rev() {
            late_releases.amend(id, Ticks(held));
            late_releases.catch_up();
        }
        assert_eq!(in_one_go.state(), eager.state());
        assert_eq!(in_one_go.state(), late_releases.state());
    }

    #[test]
    fn taking_back_and_replaying_gives_the_state_of_a_fresh_run_to_the_bit() {
        let mut fresh = blank();
        hear_phrase(&mut fresh);
        let mut other = blank();
        hear_phrase(&mut other);
        let planned: Vec<_> = (0..6)
            .map(|note| {
                let begin = if note == 0 { Begin::At(Ticks(288)) } else { Begin::NotBefore(Ticks(288)) };
                other.decide(&ask(begin, 1.0, 4))
            })
            .collect();
        other.take_back(planned[3].onset);
        let kept = other.state().clone();
        assert_eq!(other.decide(&ask(Begin::NotBefore(Ticks(288)), 1.0, 4)), planned[3], "the draw is the same again");
        other.take_back(planned[3].onset);
        assert_eq!(other.state(), &kept);
        other.take_back(Ticks(0));
        assert_eq!(other.state(), fresh.state());
        other.amend(7, Ticks(12));
        assert_ne!(other.state(), fresh.state(), "an amend must change what is remembered");
    }

    #[test]
    fn the_first_note_of_a_turn_is_where_the_turn_begins_and_the_rest_go_forward() {
        for seed in 0..20 {
            let mut improviser = blank();
            hear_phrase(&mut improviser);
            let mut last = improviser.decide(&ask(Begin::At(Ticks(300)), 2.0, seed));
            assert_eq!(last.onset, Ticks(300));
            for _ in 0..40 {
                let note = improviser.decide(&ask(Begin::NotBefore(Ticks(300)), 2.0, seed));
                assert!(note.onset >= last.onset + last.duration, "a single line does not overlap");
                last = note;
            }
        }
    }

    #[test]
    fn a_note_is_never_planned_before_the_moment_that_is_given() {
        let mut improviser = blank();
        hear_phrase(&mut improviser);
        for bound in [300, 5_000, 5_001, 100_000] {
            assert!(improviser.decide(&ask(Begin::NotBefore(Ticks(bound)), 1.0, 1)).onset >= Ticks(bound));
        }
        assert_eq!(blank().decide(&ask(Begin::NotBefore(Ticks(7)), 1.0, 1)).onset, Ticks(7), "a blank memory too");
    }

    #[test]
    fn the_same_seed_gives_the_same_notes_and_the_coldest_needs_no_seed() {
        let play = |temperature, seed| {
            let mut improviser = blank();
            hear_phrase(&mut improviser);
            (0..30)
                .map(|_| improviser.decide(&ask(Begin::NotBefore(Ticks(300)), temperature, seed)))
                .collect::<Vec<_>>()
        };
        assert_eq!(play(1.0, 1), play(1.0, 1));
        assert_ne!(play(1.0, 1), play(1.0, 2));
        assert_eq!(play(0.05, 1), play(0.05, 2));
    }

    #[test]
    fn no_figure_comes_four_times_in_a_row_even_at_the_coldest() {
        let mut improviser = blank();
        hear_phrase(&mut improviser);
        let notes: Vec<_> = (0..400).map(|_| improviser.decide(&ask(Begin::NotBefore(Ticks(300)), 0.05, 1))).collect();
        let figure = |from: usize, length: usize| {
            notes[from..from + length]
                .iter()
                .zip(&notes[from - 1..])
                .map(|(new, old)| (new.pitch, new.onset - old.onset))
        };
        for length in 1..=LONGEST_FIGURE {
            for from in 1..notes.len() - 4 * length {
                let again = (1..4).all(|turn| figure(from, length).eq(figure(from + turn * length, length)));
                assert!(!again, "{length} notes from note {from} came four times");
            }
        }
    }

    #[test]
    fn a_single_line_hears_the_top_voice_of_a_chord() {
        let mut top_alone = blank();
        top_alone.hear(key(1, 48, 76));
        let mut chord = blank();
        for (id, pitch) in [(1, 60), (2, 76), (3, 67)] {
            chord.hear(key(id, 48 + i64::from(id), pitch));
        }
        assert_eq!(chord.state(), top_alone.state());
        assert_eq!(chord.recent().count(), 1);
    }

    #[test]
    fn segue_stays_as_loud_as_the_player_was_however_long_it_plays_alone() {
        let mut improviser = blank();
        let soft = Velocity::nearest(40.0);
        for (id, (onset, pitch, held)) in (0..).zip(PHRASE) {
            improviser.hear(HeardKey { velocity: soft, ..key(id, onset, pitch) });
            improviser.amend(id, Ticks(held));
        }
        let mut notes = Vec::new();
        for _ in 0..2 * HISTORY {
            notes.push(improviser.decide(&ask(Begin::NotBefore(Ticks(300)), 1.0, 1)));
        }
        let loudest = notes.iter().map(|note| note.velocity.value()).max();
        assert!(loudest < Some(52), "{loudest:?} where the player's are 40");
        improviser.reset();
        assert_eq!(Velocity::nearest(improviser.loudness()), Velocity::DEFAULT);
    }

    #[test]
    fn a_chord_known_late_counts_from_its_first_finger_on() {
        let chord = Chord::parse("Eb7").unwrap().unwrap();
        let heard = |from| HeardChord { from: Ticks(from), bars: Some(BARS), chord };
        let mind = Arc::new(Mind::random(Vocabulary::song(), SIZES));
        let play = |chords_first: bool| {
            let mut improviser = Improviser::new(Arc::clone(&mind));
            improviser.set_source(Source::Hands);
            for (id, (onset, pitch, held)) in (0..).zip(PHRASE) {
                if chords_first && onset == 97 {
                    improviser.hear_chord(heard(97));
                }
                improviser.hear(key(id, onset, pitch));
                improviser.amend(id, Ticks(held));
                improviser.catch_up();
            }
            if !chords_first {
                improviser.hear_chord(heard(97));
            }
            improviser
        };
        assert_eq!(play(true).state(), play(false).state());
        let mut without = Improviser::new(Arc::clone(&mind));
        hear_phrase(&mut without);
        assert_ne!(play(true).state(), without.state(), "the chord is heard");
        let mut taken_back = play(true);
        let before = taken_back.state().clone();
        let first = taken_back.decide(&ask(Begin::At(Ticks(300)), 1.0, 4));
        taken_back.take_back(first.onset);
        assert_eq!(taken_back.state(), &before);
        assert_eq!(taken_back.decide(&ask(Begin::At(Ticks(300)), 1.0, 4)), first);
    }

    #[test]
    fn under_a_held_key_a_single_line_hears_nothing_and_a_piano_does() {
        for (vocabulary, count) in [(Vocabulary::song(), 0), (Vocabulary::piano(), 1)] {
            let mut improviser = Improviser::new(Arc::new(Mind::random(vocabulary, SIZES)));
            improviser.hear_below(key(1, 0, 48));
            assert_eq!(improviser.recent().count(), count);
        }
    }

    #[test]
    fn a_chord_is_one_stroke_also_where_its_own_note_falls_into_it() {
        for own in [94, 96, 98, 101] {
            let together = |strokes: &[(u32, i64, u8)]| {
                let mut improviser = blank();
                hear_phrase(&mut improviser);
                improviser.decide(&ask(Begin::At(Ticks(300 + own)), 1.0, 1));
                for &(id, onset, pitch) in strokes {
                    improviser.hear(key(id, 300 + onset, pitch));
                }
                improviser
            };
            let mut chord = together(&[(21, 96, 60), (22, 97, 76), (23, 98, 67)]);
            let mut top_alone = together(&[(22, 96, 76)]);
            assert_eq!(chord.recent().count(), PHRASE.len() + 2, "its own at {own}");
            assert_eq!(chord.state(), top_alone.state(), "its own at {own}");
        }
    }

    #[test]
    fn a_long_jam_keeps_a_bounded_memory_and_can_still_be_taken_back() {
        let mut improviser = blank();
        for id in 0..2_000 {
            improviser.hear(key(id, i64::from(id) * 24, 60 + u8::try_from(id % 12).unwrap()));
            improviser.amend(id, Ticks(24));
        }
        assert_eq!(improviser.recent().count(), HISTORY);
        improviser.amend(3, Ticks(96));
        let before = improviser.state().clone();
        for _ in 0..50 {
            improviser.decide(&ask(Begin::NotBefore(Ticks(48_000)), 1.0, 1));
        }
        improviser.take_back(Ticks(0));
        assert_eq!(improviser.state(), &before);
    }

    #[test]
    fn no_memory_is_exactly_a_network_that_is_shown_nothing() {
        let decide = |memory: f32, look_back: bool| {
            let mind = if look_back { &minds().0 } else { &minds().1 };
            let mut improviser = Improviser::new(Arc::clone(mind));
            let again = PHRASE.map(|(onset, pitch, held)| (onset + 384, pitch, held));
            for (id, (onset, pitch, held)) in (0..).zip(PHRASE.into_iter().chain(again)) {
                improviser.hear(HeardKey { memory, ..key(id, onset, pitch) });
                improviser.amend(id, Ticks(held));
            }
            let ask = ask(Begin::NotBefore(Ticks(700)), 1.0, 5);
            let ask = Ask { knobs: Knobs { memory, ..ask.knobs }, ..ask };
            (0..20).map(|_| improviser.decide(&ask)).collect::<Vec<_>>()
        };
        assert_eq!(decide(0.0, true), decide(1.0, false));
        assert_ne!(decide(1.0, true), decide(0.0, true), "what was played must change what follows");
    }

    #[test]
    fn another_seed_calls_other_stretches_of_the_session_to_mind_and_the_same_one_the_same() {
        let stretches = |share, seed| {
            let recall = Recall { share, seed };
            (0..100).map(|stretch| recall.shows(&minds().0, stretch * MEMORY_STRETCH)).collect::<Vec<_>>()
        };
        for share in [0.25, 0.5, 0.75] {
            let shown = stretches(share, 1);
            assert_eq!(shown, stretches(share, 1));
            assert_ne!(shown, stretches(share, 2));
            #[expect(clippy::cast_precision_loss, reason = "one hundred")]
            let found = shown.iter().filter(|shown| **shown).count() as f32 / 100.0;
            // Three standard deviations of a share of 100 draws.
            assert!((found - share).abs() < 0.15, "{found} of the stretches, not {share}");
        }
        assert!(stretches(1.0, 3).iter().all(|shown| *shown) && !stretches(0.0, 3).contains(&true));
    }

    #[test]
    fn a_spare_goes_on_as_the_one_would_of_which_it_was_made() {
        let mut long = blank();
        for id in 0..1_000 {
            long.hear(key(id, i64::from(id) * 24, 60 + u8::try_from(id % 11).unwrap()));
            long.amend(id, Ticks(24));
        }
        let mut planned = blank();
        hear_phrase(&mut planned);
        planned.decide(&ask(Begin::At(Ticks(288)), 1.0, 4));
        planned.hear(key(99, 300, 70));
        for mut improviser in [blank(), planned, long] {
            let mut spares = [improviser.spare(), improviser.spare().spare()];
            improviser.catch_up();
            let mut caught_up = improviser.spare();
            let from = Ticks(100_000);
            let plan = |improviser: &mut Improviser| {
                let notes: Vec<_> = (0..20).map(|_| improviser.decide(&ask(Begin::NotBefore(from), 1.0, 4))).collect();
                improviser.take_back(notes[10].onset);
                improviser.amend(990, Ticks(7));
                (notes, improviser.decide(&ask(Begin::NotBefore(from), 1.0, 5)), improviser.state().clone())
            };
            let expected = plan(&mut improviser);
            for spare in spares.iter_mut().chain([&mut caught_up]) {
                assert_eq!(plan(spare), expected);
            }
        }
    }

    #[test]
    fn a_change_of_mind_replays_what_is_remembered() {
        let other = Arc::new(Mind::random(Vocabulary::song(), SIZES));
        let mut changed = blank();
        hear_phrase(&mut changed);
        changed.catch_up();
        changed.change_mind(Arc::clone(&other));
        let mut fresh = Improviser::new(other);
        hear_phrase(&mut fresh);
        assert_eq!(changed.state(), fresh.state());
        changed.change_mind(Arc::new(Mind::random(Vocabulary::piano(), SIZES)));
        assert_eq!(changed.recent().count(), 0, "ticks of free time are no beats");
    }

    #[test]
    fn a_chord_of_many_voices_is_told_from_low_to_high_each_key_once() {
        let mut improviser = Improviser::new(Arc::new(Mind::random(Vocabulary::piano(), SIZES)));
        let mut last = improviser.decide(&ask(Begin::At(Ticks(100)), 2.0, 1));
        let mut together = 1;
        for _ in 0..300 {
            let note = improviser.decide(&ask(Begin::NotBefore(last.onset), 2.0, 1));
            assert!(note.onset > last.onset || note.pitch > last.pitch, "{last:?} {note:?}");
            together = if note.onset == last.onset { together + 1 } else { 1 };
            assert!(together <= Vocabulary::piano().polyphony);
            last = note;
        }
    }
}
