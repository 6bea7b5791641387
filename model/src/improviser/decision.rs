//! How one note is decided: its onset, then its pitch, then how long and how loud.
//!
//! The network proposes; poise, the end of the answer and the musician's limits dispose. Changes nothing: what is decided
//! is put into the history by the caller.

use super::history::{History, LookBackShare, NoteContext, PlayedBy};
use super::{Begin, DecisionRequest};
use crate::bias::BiasContext;
use crate::cadence::Cadence;
use crate::chord::Chord;
use crate::dynamics::StyleDynamics;
use crate::harmony::ChordTrack;
use crate::limits::AllowedPitches;
use crate::lookback::RepeatFeatures;
use crate::lstm::{Heads, Model, Scratch};
use crate::note::{Bars, Metre, Note, Pitch, Ticks, Velocity};
use crate::repetition::looping_pitches;
use crate::sampling::{COLDEST, DrawKey, DrawStream, SamplingParameters, Spans, sample, sample_span, tilt_spans};
use crate::vocabulary::{TimeBase, Tokens, Vocabulary};

const THIRTY_SECOND: Ticks = Ticks(Ticks::quarters(1).0 / 8);

/// A note that is bias_context to be decided after all that the history has taken in.
pub struct Decision<'a> {
    ask: &'a DecisionRequest,
    model: &'a Model,
    history: &'a History,
    harmony: &'a ChordTrack,
    /// Which note of its turn it is.
    index: u32,
    /// What the musician leaves of the style's.
    pitches: AllowedPitches,
    cadence: Option<Cadence>,
    look_back: LookBackShare,
    /// Whether the session is shown.
    remembers: bool,
}

/// What was decided.
pub struct Decided {
    /// As it was said, so that the line goes on from there.
    pub said: Note,
    /// As it sounds.
    pub sounding: Note,
    /// Who played it.
    pub by: PlayedBy,
    /// What there was context it.
    pub context: NoteContext,
}

impl<'a> Decision<'a> {
    /// The history must have taken in all that it holds.
    pub fn new(ask: &'a DecisionRequest, model: &'a Model, history: &'a History, harmony: &'a ChordTrack) -> Self {
        let look_back = LookBackShare { share: ask.parameters.memory, seed: ask.parameters.seed };
        Self {
            ask,
            model,
            history,
            harmony,
            index: history.count_of_turn(ask.turn),
            pitches: ask.parameters.limits.pitches(model.vocabulary()),
            cadence: ask.ends.map(|end| Cadence::new(end, ask.bars)),
            look_back,
            remembers: look_back.shows(model, history.session().count()),
        }
    }

    /// Decides.
    pub fn decide(&self, scratch: &mut Scratch) -> Decided {
        let vocabulary = self.vocabulary();
        let mut heads = self.model.heads(self.history.state(), scratch);
        let onset = self.onset(&mut heads);
        let context = note_context(vocabulary, self.harmony, onset, (self.ask.bars, self.ask.form, self.look_back));
        let (chord, bass) = vocabulary.chord_classes(context.chord);
        let last = self.history.last_onset();
        let mut next = Tokens {
            step: vocabulary.step_class(last.map_or(Ticks::ZERO, |last| onset - last)),
            place: vocabulary.place_class(onset, context.bars),
            metre: vocabulary.metre_class(context.bars),
            chord,
            bass,
            ..Tokens::default()
        };
        let session = self.history.session();
        let repeats =
            if self.remembers { session.repeats(vocabulary, onset, context.bars) } else { RepeatFeatures::default() };
        next.pitch = self.pitch(&mut heads, (next, repeats), onset, &context);
        next.duration = self.duration(&mut heads, (next, repeats), onset);
        let said = Note {
            onset,
            pitch: vocabulary.pitch(next.pitch.into()),
            duration: vocabulary.duration(next.duration.into()),
            velocity: self.velocity(&mut heads, next, onset),
        };
        let pitch: Pitch = self.pitches.sounding(said.pitch);
        // The line goes on from where the style would have let the note end. Told that it plays shorter ones, it would
        // take them for the rhythm and play more.
        let duration = said.duration.min(self.ask.parameters.limits.longest).max(Ticks(1));
        let sounding = Note { pitch, duration, velocity: self.loudness(said.velocity), ..said };
        let by = PlayedBy::Segue { turn: self.ask.turn, index: self.index, told: pitch };
        Decided { said, sounding, by, context }
    }

    fn onset(&self, heads: &mut Heads<'_, '_>) -> Ticks {
        let (ask, vocabulary, limits) = (self.ask, self.vocabulary(), &self.ask.parameters.limits);
        let (Begin::NotBefore(_), Some(last)) = (ask.begin, self.history.last_onset()) else {
            let (Begin::At(onset) | Begin::NotBefore(onset)) = ask.begin;
            return onset;
        };
        let earliest = earliest(ask, self.model, self.history);
        // Over the highest pitch no other can stand, and hands have only so many fingers.
        let is_full = self.pitch_before().is_some_and(|before| !self.pitches.has_above(before))
            || self.history.together() >= usize::from(vocabulary.polyphony);
        let bars = ask.bars.filter(|_| vocabulary.time_base == TimeBase::Beats);
        if let Some(onset) = self.waited_for(last, earliest).filter(|onset| limits.begin_from(*onset, bars) == *onset) {
            return onset;
        }
        let begin = |step: usize| last + vocabulary.step(step);
        let reaches = |step: usize| begin(step) >= earliest.max(last + Ticks(is_full.into()));
        let fits = |step: usize| reaches(step) && limits.begin_from(begin(step), bars) == begin(step);
        // From a note off the grid there may be no step to it; then the next point is taken.
        let any_fits = (0..vocabulary.counts().step).any(fits);
        let allowed = |step: usize| if any_fits { fits(step) } else { reaches(step) };
        let logits = heads.step_logits();
        if let Some(cadence) = self.cadence {
            cadence.bias_steps(logits, last, vocabulary);
        }
        // In written music the next note comes when this one is over: there its length has decided.
        if !vocabulary.is_notation() {
            self.keep_density(logits, allowed, |step| vocabulary.step(step), self.longer());
        }
        let spans = Spans {
            span: |step| vocabulary.step(step).as_f32(),
            astray: |step| vocabulary.quantised(begin(step), bars) != begin(step),
            // Longer ones where the musician wants fewer notes.
            times: limits.stretch(),
        };
        let step = sample_span(logits, allowed, &spans, (&ask.parameters.for_rhythm(), self.drawn(DrawStream::Step)));
        // Nothing in the vocabulary reaches that far: then it is the earliest moment itself.
        limits.begin_from(begin(step).max(earliest), bars)
    }

    /// In a duet, where the note was to begin before the player played another one: there it begins all the same, if that
    /// is possible still. Drawn again at each key, a wait would be cut short by the next key, or never end: then the
    /// player's keys would decide how much Segue plays.
    fn waited_for(&self, last: Ticks, earliest: Ticks) -> Option<Ticks> {
        let onset = self.history.retracted(self.ask.turn, self.index).filter(|_| self.ask.along)?;
        // Two lines may begin together; of one of them nothing begins before what it has just played.
        (onset >= earliest && onset >= last).then_some(onset)
    }

    /// In a duet, by how much times from note to note are to be longer in the mean. Who plays steady quarters draws a style
    /// of eighths along, and the other way round: half of that is company, and the other half is made good here.
    fn longer(&self) -> f32 {
        const MOST: std::ops::RangeInclusive<f32> = 0.6..=1.5;
        let (DecisionRequest { parameters, turn, along, .. }, vocabulary) = (self.ask, self.vocabulary());
        if !along || parameters.temperature <= COLDEST {
            return 1.0;
        }
        let density = parameters.notes_per_quarter.zip(self.history.density_of_turn(*turn));
        let too_dense = density.map_or(1.0, |(own, density)| density * parameters.limits.stretch() / own);
        let too_dense = too_dense.clamp(*MOST.start(), *MOST.end());
        // The network foretells the next note of all that it hears, and the player plays a part of these. Where voices are
        // many and time is free nothing else holds them back: each note would be answered by more.
        let of_player = if vocabulary.polyphony > 1 { self.history.notes_for_each(*turn) } else { 1.0 };
        if too_dense < 1.0 { too_dense } else { too_dense * of_player }
    }

    /// Of spans of time, makes those more probable that keep a duet at its density: eighths for quarters or quarters for
    /// eighths, so many `times` as long in the mean. It changes nothing between rests and long notes, nor, in a line, among
    /// what is short.
    fn keep_density(
        &self,
        logits: &mut [f32],
        allowed: impl Fn(usize) -> bool,
        span: impl Fn(usize) -> Ticks,
        times: f32,
    ) {
        const LONGEST: Ticks = Ticks::quarters(1);
        let shortest = if self.vocabulary().polyphony == 1 { Ticks(LONGEST.0 / 4) } else { Ticks::ZERO };
        if (times - 1.0).abs() > f32::EPSILON {
            tilt_spans(logits, allowed, |class| span(class).clamp(shortest, LONGEST).as_f32(), times);
        }
    }

    fn pitch(
        &self,
        heads: &mut Heads<'_, '_>,
        (next, repeats): (Tokens, RepeatFeatures),
        onset: Ticks,
        context: &NoteContext,
    ) -> u8 {
        let (vocabulary, before) = (self.vocabulary(), self.pitch_before());
        let looping: Vec<u8> = looping_pitches(&self.history.latest(), next.step).collect();
        // A chord is told from low to high, each key once. Where the musician leaves too little for that, or to keep a
        // figure from going round, his word counts.
        let is_chord = vocabulary.polyphony > 1 && self.history.last_onset() == Some(onset);
        let floor = before.filter(|_| is_chord).map_or(0, |pitch| pitch + 1);
        let left = self.pitches.preferring(|pitch| class(pitch) >= floor);
        let left = left.preferring(|pitch| !looping.contains(&class(pitch)));
        let logits = heads.pitch_logits(next, repeats);
        let on_beat = context.bars.is_some_and(|bars| bars.is_on_beat(onset));
        let chord = context.chord.filter(|_| on_beat && vocabulary.chords);
        let bias_context = BiasContext { figure: self.history.state().figure(), last: before, chord };
        self.model.card().decoding_bias.apply(logits, bias_context, vocabulary);
        if let Some(cadence) = self.cadence {
            cadence.bias_pitches(logits, onset, vocabulary, context.chord, &self.history.session().profile());
        }
        class(sample(logits, |pitch| left.has(pitch), &self.ask.parameters, self.drawn(DrawStream::Pitch)))
    }

    fn duration(&self, heads: &mut Heads<'_, '_>, (next, repeats): (Tokens, RepeatFeatures), onset: Ticks) -> u8 {
        let vocabulary = self.vocabulary();
        let logits = heads.duration_logits(next, repeats);
        if let Some(cadence) = self.cadence {
            cadence.bias_durations(logits, onset, vocabulary);
        }
        let longest = self.voice_time();
        let longest = self.cadence.and_then(|cadence| cadence.left(onset)).map_or(longest, |left| longest.min(left));
        // Of the written tunes that were learnt from, not one note in a thousand is shorter than a thirty-second.
        let shortest = if vocabulary.is_notation() { THIRTY_SECOND } else { Ticks::ZERO };
        let classes = 0..vocabulary.counts().duration;
        let first = classes.into_iter().find(|duration| vocabulary.duration(*duration) >= shortest).unwrap_or(0);
        let allowed = |duration| duration == first || (duration > first && vocabulary.duration(duration) <= longest);
        let times = match vocabulary.is_notation() {
            true => self.longer(),
            // A single line's next note waits for the end of this one.
            false if vocabulary.polyphony == 1 => self.longer().min(1.0),
            false => 1.0,
        };
        self.keep_density(logits, allowed, |duration| vocabulary.duration(duration), times);
        let span = |duration| vocabulary.duration(duration).as_f32();
        let spans = Spans { span, astray: |_| false, times: 1.0 };
        class(sample_span(
            logits,
            allowed,
            &spans,
            (&self.ask.parameters.for_rhythm(), self.drawn(DrawStream::Duration)),
        ))
    }

    /// As the style says it; what it says when it has no dynamics is how the player would accent it.
    fn velocity(&self, heads: &mut Heads<'_, '_>, next: Tokens, onset: Ticks) -> Velocity {
        let logits = heads.velocity_logits(next);
        // How surprising the notes are says nothing of how loud they are.
        let parameters = SamplingParameters { temperature: 1.0, top_p: 1.0, ..self.ask.parameters };
        let chosen = logits.map(|logits| sample(logits, |_| true, &parameters, self.drawn_loudness()));
        chosen
            .and_then(|class| self.vocabulary().velocity(class))
            .unwrap_or_else(|| self.history.dynamics().accented(onset, self.ask.bars))
    }

    /// What the style says, as loud as the player.
    fn loudness(&self, said: Velocity) -> Velocity {
        let vocabulary = self.vocabulary();
        if vocabulary.has_velocity() {
            self.history.dynamics().played(said, StyleDynamics::of(vocabulary))
        } else {
            said
        }
    }

    /// How long a note may last, so that with the voices that the musician leaves to the style it can go on at the pace of
    /// late. Otherwise a piano that is used to its pedal would wait for each of its few voices.
    fn voice_time(&self) -> Ticks {
        let voices = self.ask.parameters.limits.polyphony;
        if voices >= self.vocabulary().polyphony {
            return Ticks(i64::MAX);
        }
        Ticks(i64::from(voices.max(1)) * self.history.pace().0)
    }

    /// The pitch of the note before.
    fn pitch_before(&self) -> Option<u8> {
        self.history.last_classes().map(|classes| classes.pitch)
    }

    fn vocabulary(&self) -> &'a Vocabulary {
        self.model.vocabulary()
    }

    /// At the lowest temperature the most probable pitches are played: then the seed has no say, in what is still drawn
    /// either.
    fn drawn(&self, head: DrawStream) -> f32 {
        self.drawn_at(self.index, head)
    }

    /// Now and then that of the note before, because players do not choose each loudness afresh.
    fn drawn_loudness(&self) -> f32 {
        let like_the_last = StyleDynamics::of(self.vocabulary()).like_the_last;
        let index =
            if self.drawn(DrawStream::Likeness) < like_the_last { self.index.saturating_sub(1) } else { self.index };
        self.drawn_at(index, DrawStream::Velocity)
    }

    fn drawn_at(&self, index: u32, head: DrawStream) -> f32 {
        let SamplingParameters { temperature, seed, .. } = self.ask.parameters;
        let last = if self.ask.along { self.history.last_heard() } else { None };
        let seed = if temperature > COLDEST { seed } else { 0 };
        DrawKey { seed, turn: self.ask.turn, note: index, heard: last }.draw(head)
    }
}

/// The earliest moment at which the next note can begin. A single line does not run over its own last note, and where
/// only so many notes may sound the next one waits until one of them is over.
pub fn earliest(ask: &DecisionRequest, model: &Model, history: &History) -> Ticks {
    let (Begin::At(bound) | Begin::NotBefore(bound)) = ask.begin;
    let voices = model.vocabulary().polyphony;
    match history.last() {
        Some((note, PlayedBy::Segue { .. })) if voices == 1 => bound.max(note.onset + note.duration),
        Some((note, _)) => {
            let most = ask.parameters.limits.polyphony.clamp(1, voices.max(1));
            history.free_voice(ask.turn, most.into(), bound.max(note.onset))
        }
        None => bound,
    }
}

/// What there is context a note that begins at `onset`, given bars, the start of the form, and the knob.
pub fn note_context(
    vocabulary: &Vocabulary,
    harmony: &ChordTrack,
    onset: Ticks,
    (bars, form, look_back): (Option<Bars>, Ticks, LookBackShare),
) -> NoteContext {
    let bars = bars.filter(|_| vocabulary.time_base == TimeBase::Beats);
    let metre = bars.map_or(Metre::COMMON, |bars| bars.metre);
    let chord: Option<Chord> = harmony.at(onset, form, metre);
    NoteContext { bars, chord, look_back }
}

fn class(choice: usize) -> u8 {
    u8::try_from(choice).unwrap_or(u8::MAX)
}
