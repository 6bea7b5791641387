//! The answers: which are remembered, and one that is played again; and silence on request.

use super::{Planner, ScheduledNote};
use crate::answers::AnswerShelf;
use crate::answers::fitted::fitted;
use crate::answers::memory::AnswerMemory;
use crate::host::{Block, HostIo, Mode, Settings};
use crate::output::Output;
use crate::time::Time;
use crate::time::now::Now;
use crate::turns::turn::{Part, Turn};
use segue_model::chord::{Chord, OCTAVE};
use segue_model::note::{Note, Pitch, Ticks};
use std::sync::Arc;

/// A change from sound to silence on request, or back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// Segue is silent from here on.
    Begins,
    /// Segue may be heard again.
    Ends,
}

impl Planner {
    /// A planner whose answers are shown on this shelf.
    pub fn with_answers(shelf: Arc<AnswerShelf>) -> Self {
        Self { answers: AnswerMemory::new(shelf), ..Self::default() }
    }

    /// A block begins. What it changes about silence, if anything.
    pub fn enter(&mut self, block: &Block) -> Option<Silence> {
        self.answers.enter(block.offline, block.settings.again.keeps);
        let is_muted = block.settings.turn.is_muted;
        match (std::mem::replace(&mut self.is_muted, is_muted), is_muted) {
            (false, true) => Some(Silence::Begins),
            (true, false) => Some(Silence::Ends),
            (false, false) | (true, true) => None,
        }
    }

    /// Ends what sounds, and withdraws what is planned or was requested.
    pub fn fall_silent(&mut self, lag: f64, now: &Now<'_>, host: &mut impl HostIo, output: &mut Output) {
        self.withdraw_from(now.first_tick(lag));
        self.schedule.end_all(now.at(), host, output);
    }

    /// Chooses the answer that is to be played again. Where it began in its bar, and how long it is; `None` when there
    /// is no such answer.
    pub fn choose_again(&mut self, settings: &Settings, turn: Turn, time: &Time) -> Option<(Ticks, Ticks)> {
        // What has just begun is not what the musician wants to hear again.
        let is_playing = matches!(turn, Turn::Playing(part) if !part.is_again);
        let least = if is_playing { time.of_style().bars().metre.bar() } else { Ticks::ZERO };
        let answer = self.answers.recall(settings.again.back.into(), least)?;
        let found = (answer.place(), answer.length());
        self.repeat.choose(answer);
        Some(found)
    }

    /// Notes the chord in force where the next note begins.
    pub fn set_chord(&mut self, chord: Option<Chord>) {
        self.present_chord = chord;
    }

    /// Segue's part begins to sound.
    pub(super) fn begin_answer(&mut self, part: Option<Part>, now: &Now<'_>, time: &Time) {
        let Some(part) = part.filter(|part| !part.is_again) else { return self.answers.end() };
        let bars = time.of_style().bars();
        let turn = &now.settings().turn;
        let stretch = (part.mode == Mode::Duet).then(|| Ticks(bars.metre.bar().0 * i64::from(turn.answer_bars.max(1))));
        self.answers.begin(part.start, stretch, bars);
    }

    /// Goes on with the answer that is played again.
    pub(super) fn go_on_again(&mut self, part: Part, now: &Now<'_>) {
        self.schedule.withdraw();
        self.repeat.begin_if_stopped(part.start);
        self.repeat.go_on_from(now.first_tick(part.lag));
        self.plan_again();
    }

    /// Plans the notes of the answer that is played again, as many as there is room for.
    pub(super) fn plan_again(&mut self) {
        while !self.is_muted && self.schedule.has_room_to_plan() {
            let Some(note) = self.repeat.next_note() else { return };
            let _ = self.schedule.plan(ScheduledNote { note, model_pitch: note.pitch });
        }
    }

    /// Fits the next note of an answer that is played again to the present chord.
    pub(super) fn fit_next(&mut self, chord: Option<Chord>, settings: &Settings) {
        let Some(next) = self.schedule.planned().next().copied().filter(|_| settings.again.fits_chords) else { return };
        let old = self.repeat.find(&next).and_then(|note| note.chord);
        if let Some((old, new)) = old.zip(chord) {
            let pitch = within(fitted(next.pitch, old, new), settings);
            self.schedule.replace_next(Note { pitch, ..next });
        }
    }
}

/// The pitch, moved by an octave into the range of what may sound, if it lies beyond and that helps.
fn within(pitch: Pitch, settings: &Settings) -> Pitch {
    let (limits, moved) = (settings.sampling.limits, i16::from(settings.midi.octave) * i16::from(OCTAVE));
    let sounding = |pitch: Pitch| i16::from(pitch.key()) - moved;
    let fits =
        |pitch: &Pitch| (i16::from(limits.lowest.key())..=i16::from(limits.highest.key())).contains(&sounding(*pitch));
    let octave_on = if sounding(pitch) < i16::from(limits.lowest.key()) {
        pitch.key().checked_add(OCTAVE).and_then(Pitch::new)
    } else {
        pitch.key().checked_sub(OCTAVE).and_then(Pitch::new)
    };
    Some(pitch).filter(fits).or(octave_on.filter(fits)).unwrap_or(pitch)
}
