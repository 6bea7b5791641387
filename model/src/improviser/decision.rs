//! Decides one note: its onset, then its pitch, its duration and its velocity.
//!
//! The network gives the logits. Decoding bias, cadence and the musician's limits change them before sampling. Nothing
//! is modified here: the caller adds the decided note to the history.

use super::density::{keep_density, longer};
use super::history::{BarLag, LookBackShare, NoteContext, NoteHistory, PlayedBy};
use super::length::THIRTY_SECOND;
use super::recurrence::Recurrence;
use super::{Begin, DecisionRequest, onset};
use crate::bias::BiasContext;
use crate::cadence::Cadence;
use crate::chord::Chord;
use crate::drift::{Before, Beginning, DriftCorrection, correct};
use crate::dynamics::StyleDynamics;
use crate::form::{OTHER_CHORD, follow};
use crate::harmony::ChordTrack;
use crate::limits::AllowedPitches;
use crate::lookback::RepeatFeatures;
use crate::lstm::{Heads, InferenceBuffers, Model};
use crate::note::{Bars, Metre, Note, Pitch, Ticks, Velocity};
use crate::repetition::looping_pitches;
use crate::sampling::{COLDEST, DrawKey, DrawStream, SamplingParameters, Spans, sample, sample_span};
use crate::vocabulary::{TimeBase, Tokens, Vocabulary};

/// A decision in progress. The history must have processed all its notes.
pub struct NoteDecision<'a> {
    request: &'a DecisionRequest,
    model: &'a Model,
    history: &'a NoteHistory,
    harmony: &'a ChordTrack,
    /// The index of the note within its turn.
    index: u32,
    /// The allowed pitches.
    pitches: AllowedPitches,
    cadence: Option<Cadence>,
    look_back: LookBackShare,
    /// Whether look-back features are shown.
    remembers: bool,
    recurrence: Option<Recurrence<'a>>,
    /// What corrects drift, and what was played before. In a duet the player's notes are among those before, and they
    /// do not drift.
    drift: Option<(&'a DriftCorrection, Before<'a>)>,
}

/// A decided note.
pub struct Decided {
    /// The note in the style's classes, from which the line continues.
    pub note: Note,
    /// The note that sounds.
    pub sounding: Note,
    /// Who plays it.
    pub by: PlayedBy,
    /// Bars and chord at its onset.
    pub context: NoteContext,
}

impl<'a> NoteDecision<'a> {
    /// Prepares a decision. The history must have processed all its notes.
    pub fn new(
        request: &'a DecisionRequest,
        model: &'a Model,
        history: &'a NoteHistory,
        harmony: &'a ChordTrack,
    ) -> Self {
        let recurrence = Recurrence::new(model, history, harmony, request);
        let earliest = earliest(request, model, history);
        let is_kept_new = recurrence.as_ref().is_some_and(|form| form.is_kept_new(earliest));
        let share = if is_kept_new { 0.0 } else { request.parameters.memory };
        let look_back = LookBackShare { share, seed: request.parameters.seed };
        let remembers = look_back.shows(model, history.session());
        let drift = model.card().drift.as_ref().filter(|_| !request.along);
        Self {
            request,
            model,
            history,
            harmony,
            index: history.count_of_turn(request.turn),
            pitches: request.parameters.limits.pitches(model.vocabulary()),
            cadence: request.ends.map(|end| cadence(request, history, end)),
            look_back,
            remembers,
            recurrence,
            drift: drift.map(|drift| (drift, Before::of(model.vocabulary(), history.session(), remembers))),
        }
    }

    /// Decides the note.
    pub fn decide(&self, buffers: &mut InferenceBuffers) -> Decided {
        let vocabulary = self.vocabulary();
        let mut heads = self.model.heads(self.history.state(), buffers);
        let onset = self.onset(&mut heads);
        let context =
            note_context(vocabulary, self.harmony, onset, (self.request.bars, self.request.form, self.look_back));
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
        let (lag, state, repeated) =
            self.recurrence.as_ref().map_or((BarLag::default(), 0, [].as_slice()), |form| form.at(onset));
        let repeated = repeated.first().map(|note| (note, state));
        let session = self.history.session();
        let repeats =
            if self.remembers { session.repeats(vocabulary, onset, context.bars) } else { RepeatFeatures::default() };
        next.pitch = self.pitch(&mut heads, (next, repeats), onset, &context, repeated);
        next.duration = self.duration(&mut heads, (next, repeats), onset, &context, repeated);
        let decided = Note {
            onset,
            pitch: vocabulary.pitch(next.pitch.into()),
            duration: vocabulary.duration(next.duration.into()),
            velocity: self.velocity(&mut heads, next, onset),
        };
        let decided = self.ending_on_the_grid(decided);
        let pitch: Pitch = self.pitches.sounding(decided.pitch);
        // The line continues from where the style would have ended the note. If the network saw the shortened notes, it
        // would take them for the rhythm and play more of them.
        let duration = decided.duration.min(self.request.parameters.limits.longest).max(Ticks(1));
        let sounding = Note { pitch, duration, velocity: self.loudness(decided.velocity), ..decided };
        let by = PlayedBy::Segue { turn: self.request.turn, index: self.index, sounding: pitch, lag };
        Decided { note: decided, sounding, by, context }
    }

    fn onset(&self, heads: &mut Heads<'_, '_>) -> Ticks {
        let (request, vocabulary, limits) = (self.request, self.vocabulary(), &self.request.parameters.limits);
        let (Begin::NotBefore(_), Some(last)) = (request.begin, self.history.last_onset()) else {
            let (Begin::At(onset) | Begin::NotBefore(onset)) = request.begin;
            return onset;
        };
        let earliest = earliest(request, self.model, self.history);
        // Nothing can be added above the highest pitch, and a chord has only so many notes.
        let is_full = self.pitch_before().is_some_and(|before| !self.pitches.has_above(before))
            || self.history.together() >= usize::from(vocabulary.polyphony);
        let bars = request.bars.filter(|_| vocabulary.time_base == TimeBase::Beats);
        if let Some(onset) = self.waited_for(last, earliest).filter(|onset| limits.begin_from(*onset, bars) == *onset) {
            return onset;
        }
        // Steps are rounded to classes. Without the grid the errors would add up, and a line that has left the beat
        // would stay beside it for bars.
        let begin = |step: usize| self.on_the_grid(last + vocabulary.step(step));
        let reaches = |step: usize| begin(step) >= earliest.max(last + Ticks(is_full.into()));
        let leads_back = |step: usize| self.leads_back(last, begin(step));
        let fits =
            |step: usize| reaches(step) && leads_back(step) && limits.begin_from(begin(step), bars) == begin(step);
        // From a note off the grid no step may lead to the grid; then the next point is taken.
        let any_fits = (0..vocabulary.counts().step).any(fits);
        let allowed = |step: usize| if any_fits { fits(step) } else { reaches(step) };
        let logits = heads.step_logits();
        if let Some((drift, before)) = &self.drift {
            correct(logits, (&drift.step, self.rhythm_temperature()), |step| before.step(step, bars));
        }
        let from = earliest.max(last + Ticks(is_full.into()));
        if let Some((form, place)) = self.recurrence.as_ref().and_then(|form| Some((form, form.next_onset(from)?))) {
            let class = vocabulary.step_class(place.onset - last);
            if last + vocabulary.step(class.into()) == place.onset {
                follow(logits, allowed, class.into(), form.rates().step[place.state]);
            }
        }
        if let Some(cadence) = self.cadence {
            cadence.bias_steps(logits, last, vocabulary);
        }
        // In written music the next note begins when this one is over, so its onset follows from its duration.
        if !vocabulary.is_notation() {
            keep_density(
                vocabulary,
                logits,
                allowed,
                |step| vocabulary.step(step),
                longer(request, vocabulary, self.history),
            );
        }
        let spans = Spans {
            span: |step| vocabulary.step(step).as_f32(),
            off_grid: |step| vocabulary.quantised(last + vocabulary.step(step), bars) != last + vocabulary.step(step),
            // A lower density makes steps longer.
            times: limits.stretch(),
        };
        let step =
            sample_span(logits, allowed, &spans, (&request.parameters.for_rhythm(), self.drawn(DrawStream::Step)));
        // Where no class reaches far enough, the note begins at the earliest moment.
        limits.begin_from(begin(step).max(earliest), bars)
    }

    /// The bars whose grid notes settle on, if they do. In notation the classes are exact, so nothing needs to settle.
    fn grid_bars(&self) -> Option<Bars> {
        self.request.bars.filter(|_| !self.vocabulary().is_notation())
    }

    fn on_the_grid(&self, onset: Ticks) -> Ticks {
        onset::settled(self.vocabulary(), onset, self.grid_bars())
    }

    fn ending_on_the_grid(&self, note: Note) -> Note {
        let bars = self.grid_bars().filter(|_| self.vocabulary().polyphony == 1);
        let end = onset::settled_end(self.vocabulary(), note.onset, note.onset + note.duration, bars);
        Note { duration: end - note.onset, ..note }
    }

    /// In notation a line that has left the beat returns to it.
    fn leads_back(&self, from: Ticks, to: Ticks) -> bool {
        !self.vocabulary().is_notation() || onset::leads_back(from, to, self.request.bars)
    }

    /// In a duet: the planned onset of a note that was retracted because the player played, if it is still possible. If
    /// the wait were drawn again at every key, the next key would cut it short or prolong it, and the player's keys
    /// would decide how much Segue plays.
    fn waited_for(&self, last: Ticks, earliest: Ticks) -> Option<Ticks> {
        let retracted = self.history.retracted(self.request.turn, self.index);
        let onset = retracted.or_else(|| self.end_of_own()).filter(|_| self.request.along)?;
        // Two lines may begin together, but nothing begins before a note of its own line.
        (onset >= earliest && onset >= last).then_some(onset)
    }

    /// In notation a note begins where the note before it ends. The model learnt one line only: after a note of the
    /// player, its step would start from that note and skip Segue's own next one. `None` if the musician asked for
    /// fewer notes.
    fn end_of_own(&self) -> Option<Ticks> {
        let is_players = self.history.last().is_some_and(|(_, by)| matches!(by, PlayedBy::Player { .. }));
        let is_dense = self.request.parameters.limits.stretch() <= 1.0;
        let on_grid = |end: &Ticks| self.vocabulary().quantised(*end, self.request.bars) == *end;
        let follows = is_players && is_dense && self.vocabulary().is_notation();
        self.history.own_end(self.request.turn).filter(on_grid).filter(|_| follows)
    }

    fn pitch(
        &self,
        heads: &mut Heads<'_, '_>,
        (next, repeats): (Tokens, RepeatFeatures),
        onset: Ticks,
        context: &NoteContext,
        repeated: Option<(&Note, usize)>,
    ) -> u8 {
        let (vocabulary, before) = (self.vocabulary(), self.pitch_before());
        let looping: Vec<u8> = looping_pitches(&self.history.latest(), next.step).collect();
        // Chords are decided from low to high, each key once. Where the limits leave too little for that, or to avoid a
        // loop, the limits win.
        let is_chord = vocabulary.polyphony > 1 && self.history.last_onset() == Some(onset);
        let floor = before.filter(|_| is_chord).map_or(0, |pitch| pitch + 1);
        let left = self.pitches.preferring(|pitch| class(pitch) >= floor);
        let left = left.preferring(|pitch| !looping.contains(&class(pitch)));
        let logits = heads.pitch_logits(next, repeats);
        let on_beat = context.bars.is_some_and(|bars| bars.is_on_beat(onset));
        let chord = context.chord.filter(|_| on_beat && vocabulary.chords);
        let bias_context =
            BiasContext { figure: self.history.state().figure(), last: before, chord, is_new: repeated.is_none() };
        self.model.card().decoding_bias.apply(logits, bias_context, vocabulary);
        if let Some((drift, before)) = &self.drift {
            let at = Beginning { onset, bars: context.bars, chord: context.chord };
            correct(logits, (&drift.pitch, 1.0), |class| before.pitch(vocabulary.pitch(class), &at));
        }
        if let Some((form, (note, state))) = self.recurrence.as_ref().zip(repeated) {
            let class = vocabulary.pitch_class(note.pitch);
            let state = if vocabulary.chords && form.has_other_chord(onset) { OTHER_CHORD } else { state };
            follow(logits, |pitch| left.has(pitch), class.into(), form.rates().pitch[state]);
        }
        if let Some(cadence) = self.cadence {
            cadence.bias_pitches(logits, onset, vocabulary, context.chord, &self.history.session().profile());
        }
        class(sample(logits, |pitch| left.has(pitch), &self.request.parameters, self.drawn(DrawStream::Pitch)))
    }

    fn duration(
        &self,
        heads: &mut Heads<'_, '_>,
        (next, repeats): (Tokens, RepeatFeatures),
        onset: Ticks,
        context: &NoteContext,
        repeated: Option<(&Note, usize)>,
    ) -> u8 {
        let vocabulary = self.vocabulary();
        let logits = heads.duration_logits(next, repeats);
        if let Some((drift, before)) = &self.drift {
            let at = Beginning { onset, bars: context.bars, chord: context.chord };
            correct(logits, (&drift.duration, self.rhythm_temperature()), |class| before.duration(class, &at));
        }
        if let Some((form, (note, state))) = self.recurrence.as_ref().zip(repeated) {
            let class = vocabulary.duration_class(note.duration);
            follow(logits, |_| true, class.into(), form.rates().duration[state]);
        }
        if let Some(cadence) = self.cadence {
            cadence.bias_durations(logits, onset, vocabulary);
        }
        let longest = self.voice_time();
        let longest = self.cadence.and_then(|cadence| cadence.left(onset)).map_or(longest, |left| longest.min(left));
        // In the written tunes, not one note in a thousand is shorter than a thirty-second. In recorded solos ornaments
        // are, but whether the next note follows at once is decided later; where it does not, the note would be a
        // click.
        let shortest = if vocabulary.polyphony == 1 { THIRTY_SECOND } else { Ticks::ZERO };
        let classes = 0..vocabulary.counts().duration;
        let first = classes.clone().find(|duration| vocabulary.duration(*duration) >= shortest).unwrap_or(0);
        let fits = |duration| duration == first || (duration > first && vocabulary.duration(duration) <= longest);
        let leads_back = |duration| self.leads_back(onset, onset + vocabulary.duration(duration));
        let any_leads_back = classes.clone().any(|duration| fits(duration) && leads_back(duration));
        let allowed = |duration| fits(duration) && (leads_back(duration) || !any_leads_back);
        let longer = longer(self.request, vocabulary, self.history);
        let times = match vocabulary.is_notation() {
            true => longer,
            // A single line's next note waits for the end of this one.
            false if vocabulary.polyphony == 1 => longer.min(1.0),
            false => 1.0,
        };
        keep_density(vocabulary, logits, allowed, |duration| vocabulary.duration(duration), times);
        let span = |duration| vocabulary.duration(duration).as_f32();
        let spans = Spans { span, off_grid: |_| false, times: 1.0 };
        class(sample_span(
            logits,
            allowed,
            &spans,
            (&self.request.parameters.for_rhythm(), self.drawn(DrawStream::Duration)),
        ))
    }

    /// The logits of rhythm are divided by this. How many notes there are is not to depend on it.
    fn rhythm_temperature(&self) -> f32 {
        self.request.parameters.for_rhythm().temperature
    }

    /// The velocity of the style; for a style without dynamics, an accent at the player's level.
    fn velocity(&self, heads: &mut Heads<'_, '_>, next: Tokens, onset: Ticks) -> Velocity {
        let logits = heads.velocity_logits(next);
        // The temperature makes notes surprising, and not loud.
        let parameters = SamplingParameters { temperature: 1.0, top_p: 1.0, ..self.request.parameters };
        let chosen = logits.map(|logits| sample(logits, |_| true, &parameters, self.drawn_loudness()));
        chosen
            .and_then(|class| self.vocabulary().velocity(class))
            .unwrap_or_else(|| self.history.dynamics().accented(onset, self.request.bars))
    }

    /// Maps the style's velocity to the player's level.
    fn loudness(&self, decided: Velocity) -> Velocity {
        let vocabulary = self.vocabulary();
        if vocabulary.has_velocity() {
            let gain = self.model.card().drift.as_ref().map_or(1.0, |drift| drift.velocity_gain);
            self.history.dynamics().to_player(decided, StyleDynamics::of(vocabulary), gain)
        } else {
            decided
        }
    }

    /// The longest duration with which the limited voices can keep the recent pace. Otherwise a piano style, which is
    /// used to its pedal, would wait for each of its few voices.
    fn voice_time(&self) -> Ticks {
        /// The latest notes whose mean density is kept.
        const VOICED: usize = 16;
        let voices = self.request.parameters.limits.polyphony;
        if voices >= self.vocabulary().polyphony {
            return Ticks(i64::MAX);
        }
        // In a duet the player's notes lie between Segue's own, but need none of its voices.
        let DecisionRequest { turn, along, .. } = self.request;
        let density = self.history.density_of_turn(*turn, VOICED).filter(|_| *along);
        let pace = density.map_or(self.history.pace().as_f32(), |density| Ticks::quarters(1).as_f32() / density);
        #[expect(clippy::cast_possible_truncation, reason = "some beats")]
        let time = (f32::from(voices.max(1)) * pace) as i64;
        Ticks(time)
    }

    /// The pitch class of the note before.
    fn pitch_before(&self) -> Option<u8> {
        self.history.last_tokens().map(|classes| classes.pitch)
    }

    fn vocabulary(&self) -> &'a Vocabulary {
        self.model.vocabulary()
    }

    /// The draw of a stream. At the lowest temperature it does not depend on the seed, which then has no effect at all.
    fn drawn(&self, head: DrawStream) -> f32 {
        self.drawn_at(self.index, head)
    }

    /// The draw of the velocity. Sometimes it is that of the note before, because players do not choose each velocity
    /// independently.
    fn drawn_loudness(&self) -> f32 {
        let like_the_last = StyleDynamics::of(self.vocabulary()).like_the_last;
        let index =
            if self.drawn(DrawStream::Likeness) < like_the_last { self.index.saturating_sub(1) } else { self.index };
        self.drawn_at(index, DrawStream::Velocity)
    }

    fn drawn_at(&self, index: u32, head: DrawStream) -> f32 {
        let SamplingParameters { temperature, seed, .. } = self.request.parameters;
        let last = if self.request.along { self.history.last_heard() } else { None };
        let seed = if temperature > COLDEST { seed } else { 0 };
        DrawKey { seed, turn: self.request.turn, note: index, heard: last }.draw(head)
    }
}

/// The cadence of the present answer. Where its first note has left the history, it is long.
fn cadence(request: &DecisionRequest, history: &NoteHistory, end: Ticks) -> Cadence {
    let begins = match request.begin {
        Begin::At(onset) => Some(onset),
        Begin::NotBefore(_) => history.first_of_turn(request.turn),
    };
    let cadence = Cadence::new(end, request.bars);
    begins.map_or(cadence, |begins| cadence.of_answer(end - begins))
}

/// The earliest onset of the next note. A single line does not overlap itself, and where polyphony is limited the next
/// note waits for a free voice.
pub fn earliest(request: &DecisionRequest, model: &Model, history: &NoteHistory) -> Ticks {
    let (Begin::At(bound) | Begin::NotBefore(bound)) = request.begin;
    let voices = model.vocabulary().polyphony;
    match history.last() {
        Some((note, PlayedBy::Segue { .. })) if voices == 1 => bound.max(note.onset + note.duration),
        Some((note, _)) => {
            let most = request.parameters.limits.polyphony.clamp(1, voices.max(1));
            history.free_voice(request.turn, most.into(), bound.max(note.onset))
        }
        None => bound,
    }
}

/// Bars and chord at `onset`, given the bars, the first bar of the chart and the look-back rate.
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
