//! What crosses the link: commands to the worker, and its replies. Plain data.

use super::REPLIES_PER_REQUEST;
use crate::host::StyleNumber;
use crate::time::swing::Swing;
use segue_model::harmony::{HarmonySource, HeardChord};
use segue_model::improviser::{Begin, HeardKey};
use segue_model::note::{Bars, Note, Pitch, Ticks};
use segue_model::sampling::SamplingParameters;

/// What the audio thread sends to the worker.
#[derive(Debug, Clone, Copy)]
pub enum Command {
    /// A key went down.
    Heard(HeardKey),
    /// A key went down below a higher one that is held, where the player plays melody and chords together.
    HeardBelow(HeardKey),
    /// The player played a chord.
    Chord(HeardChord),
    /// Chords come from this source from now on.
    ChordSource(HarmonySource),
    /// A heard note ended: its key is up, and the pedal does not hold it.
    Amend {
        /// The id of the note in [`HeardKey`].
        id: u32,
        /// How long the note lasted.
        duration: Ticks,
    },
    /// The key of a heard note is up, and the pedal holds the note.
    ReleaseKey {
        /// The id of the note in [`HeardKey`].
        id: u32,
        /// How long the key was down.
        duration: Ticks,
    },
    /// A heard note that the pedal held ended.
    ReleasePedal {
        /// The id of the note in [`HeardKey`].
        id: u32,
        /// How long the note lasted.
        duration: Ticks,
    },
    /// Decided notes with an onset at or after this tick will not sound.
    Retract {
        /// The first tick that did not sound.
        from: Ticks,
    },
    /// One decided note will not sound: it came too late, or the player holds its key.
    ForgetUnplayed {
        /// When the note was to begin.
        onset: Ticks,
        /// The pitch in the reply, before the octave setting.
        pitch: Pitch,
    },
    /// Decide notes.
    Request(Request),
    /// Forget everything: a new performance begins.
    ForgetAll,
    /// Play this style from now on. The worker sends back the chart that holds then.
    Style(StyleNumber),
    /// The chord chart or the file of the musician's own style has changed; the worker knows their paths. It sends back
    /// the chart that holds then.
    ReloadFiles,
}

impl Command {
    /// The most replies that this command can have.
    pub(super) const fn replies(self) -> usize {
        match self {
            Self::Request(_) => REPLIES_PER_REQUEST,
            _ => 0,
        }
    }

    /// Whether the worker sends back a chart.
    pub(super) const fn brings_a_chart(self) -> bool {
        matches!(self, Self::Style(_) | Self::ReloadFiles)
    }
}

/// Numbers the plans. A reply with an older number answers a request of a plan that no longer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Generation(pub u32);

/// Numbers the turns in which Segue plays; each has its own sequence of random draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TurnNumber(pub u32);

impl Generation {
    /// The number of the plan after this one. Wraps around.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}

impl TurnNumber {
    /// The number of the turn after this one. Wraps around.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}

/// Decide every note with an onset before the horizon. All commands before it in the queue have been heard.
#[derive(Debug, Clone, Copy)]
pub struct Request {
    /// The plan it belongs to. Replies for an older plan are never played.
    pub generation: Generation,
    /// The running number of the turn.
    pub turn: TurnNumber,
    /// Where the first of the notes begins.
    pub begin: Begin,
    /// Notes are decided up to this tick, exclusive.
    pub horizon: Ticks,
    /// The present bars; `None` in free time.
    pub bars: Option<Bars>,
    /// The tick at which the chart begins.
    pub form: Ticks,
    /// The end of the answer: no note begins at this tick or later. `None` for an answer without end.
    pub ends: Option<Ticks>,
    /// Whether the player goes on playing meanwhile: a duet.
    pub along: bool,
    /// The sampling parameters now.
    pub sampling: SamplingParameters,
    /// The division of the beat with which the notes are played.
    pub swing: Swing,
}

/// What the worker sends back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// A decided note.
    Note {
        /// The plan that it belongs to.
        generation: Generation,
        /// The note.
        note: Note,
    },
    /// All notes of the request have been sent.
    Done {
        /// The plan that it belongs to.
        generation: Generation,
        /// No later note of the plan begins before this tick.
        earliest_next: Ticks,
        /// How long the worker took for the request, in nanoseconds.
        elapsed_ns: u64,
    },
    /// The model panicked, or there is none; the worker has replaced it if it could.
    Failed {
        /// The plan that it belongs to.
        generation: Generation,
    },
}

impl Reply {
    /// How many reserved replies become free with this one. A request's last reply frees all of its reservation.
    pub(super) const fn frees(self) -> usize {
        match self {
            Self::Note { .. } => 0,
            Self::Done { .. } | Self::Failed { .. } => REPLIES_PER_REQUEST,
        }
    }
}
