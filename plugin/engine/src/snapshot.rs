//! What can be seen of the hands from outside, after each block.
//!
//! Only looks: nothing that is played depends on it.

use crate::host::StyleNumber;
use crate::plan::Planner;
use crate::time::{FREE_BPM, Time};
use crate::turns::TurnArbiter;
use arrayvec::ArrayVec;
use segue_model::chord::Chord;
use segue_model::note::{Bars, Note, Ticks};

/// The most planned notes that are shown.
pub const SHOWN_PLANS: usize = 16;

/// Where the hands are at the end of a block. Moments are those of the beats, also while a style in free time plays.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The moment of the next frame, in ticks.
    pub now: f64,
    /// How fast it moves.
    pub tempo_bpm: f64,
    /// The bars at this moment.
    pub bars: Bars,
    /// Where a chart begins, or began.
    pub form: Ticks,
    /// The host's song moves.
    pub follows_host: bool,
    /// Segue plays, or is about to.
    pub is_segues_turn: bool,
    /// What is decided and does not sound yet, in order of time; nothing where nobody wants to see it.
    pub planned: ArrayVec<PlannedNote, SHOWN_PLANS>,
}

/// A note that is decided and does not sound yet, on the time line of the beats.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlannedNote {
    /// When it will begin, in ticks.
    pub onset: f64,
    /// How long it will sound, in ticks.
    pub length: f64,
    /// Which key; 0 to 127.
    pub key: u8,
    /// How hard; 1 to 127.
    pub velocity: u8,
}

/// What it is that notes are played to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chords {
    /// A chart.
    Chart {
        /// The version of the musician's own, which may be empty.
        version: u32,
        /// Whose chart counts then.
        style: StyleNumber,
    },
    /// What the player struck last; `None` before the first chord.
    Heard(Option<Chord>),
    /// None.
    Off,
}

impl Snapshot {
    /// As things stand; what is planned only where somebody wants to see it.
    pub(crate) fn of(time: &Time, arbiter: &TurnArbiter, planner: &Planner, shows_plans: bool) -> Self {
        let clock = time.beats();
        let mut snapshot = Self {
            now: clock.now(),
            tempo_bpm: clock.tempo_bpm(),
            bars: clock.bars(),
            form: clock.form(),
            follows_host: clock.follows_host(),
            is_segues_turn: arbiter.turn().is_segues(),
            planned: ArrayVec::new(),
        };
        if shows_plans {
            // One moment of the style's own time, as one of the beats.
            let scale = if time.in_free_time() { snapshot.tempo_bpm / FREE_BPM } else { 1.0 };
            let (now, lag) = (snapshot.now, arbiter.lag());
            let show = |note: &Note| PlannedNote {
                onset: now + (note.onset.as_f64() + lag - time.of_style().now()) * scale,
                length: note.duration.as_f64() * scale,
                key: note.pitch.key(),
                velocity: note.velocity.value(),
            };
            snapshot.planned.extend(planner.planned().take(SHOWN_PLANS).map(show));
        }
        snapshot
    }
}
