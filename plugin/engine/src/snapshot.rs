//! What the window sees of the engine after each block.
//!
//! Read only: nothing that is played depends on it.

use crate::host::StyleNumber;
use crate::plan::Planner;
use crate::time::{FREE_BPM, Time};
use crate::turns::TurnArbiter;
use crate::turns::turn::Turn;
use arrayvec::ArrayVec;
use segue_model::chord::Chord;
use segue_model::note::{Bars, Note, Ticks};

/// The most planned notes that are shown.
pub const SHOWN_PLANS: usize = 16;

/// The engine at the end of a block. Ticks are those of the beats, even while a style in free time plays.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The moment of the next frame, in ticks.
    pub now: f64,
    /// The tempo, in quarter notes per minute.
    pub tempo_bpm: f64,
    /// Whether that tempo was read from the player's phrase.
    pub tempo_is_read: bool,
    /// The present bars.
    pub bars: Bars,
    /// The tick at which a chart begins.
    pub form: Ticks,
    /// Whether the host's transport plays.
    pub follows_host: bool,
    /// Whether Segue plays or is about to.
    pub is_segues_turn: bool,
    /// The part that Segue plays, or plays next if that is known.
    pub part: Option<ShownPart>,
    /// Decided notes that do not sound yet, in order of their onsets; empty while no window watches, like the part.
    pub planned: ArrayVec<PlannedNote, SHOWN_PLANS>,
}

/// The bounds of Segue's part, in ticks of the beats.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShownPart {
    /// Where it begins.
    pub start: f64,
    /// Where it ends; infinite if no end is known.
    pub end: f64,
    /// Whether it has begun.
    pub plays: bool,
}

/// A decided note that does not sound yet, in ticks of the beats.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlannedNote {
    /// The onset, in ticks.
    pub onset: f64,
    /// The duration, in ticks.
    pub length: f64,
    /// The MIDI key, 0 to 127.
    pub key: u8,
    /// The MIDI velocity, 1 to 127.
    pub velocity: u8,
}

/// The chords that notes are played to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chords {
    /// A chart.
    Chart {
        /// The version of the musician's own chart, which may be empty.
        version: u32,
        /// The style whose chart holds when it is empty.
        style: StyleNumber,
    },
    /// The chord that the player played last; `None` before the first chord.
    Heard(Option<Chord>),
    /// No chords.
    Off,
}

impl Snapshot {
    /// The present state; with part and planned notes only if `shows_plans`.
    pub(crate) fn of(time: &Time, arbiter: &TurnArbiter, planner: &Planner, shows_plans: bool) -> Self {
        let clock = time.beats();
        let mut snapshot = Self {
            now: clock.now(),
            tempo_bpm: clock.tempo_bpm(),
            tempo_is_read: time.tempo_is_read(),
            bars: clock.bars(),
            form: clock.form(),
            follows_host: clock.follows_host(),
            is_segues_turn: arbiter.turn().is_segues(),
            part: None,
            planned: ArrayVec::new(),
        };
        if shows_plans {
            // How many ticks of the beats one tick of the style's own time lasts.
            let scale = if time.in_free_time() { snapshot.tempo_bpm / FREE_BPM } else { 1.0 };
            let (now, lag) = (snapshot.now, arbiter.lag());
            let shown = |tick: Ticks| now + (tick.as_f64() + lag - time.of_style().now()) * scale;
            let show = |note: &Note| PlannedNote {
                onset: shown(note.onset),
                length: note.duration.as_f64() * scale,
                key: note.pitch.key(),
                velocity: note.velocity.value(),
            };
            snapshot.part = arbiter.part().map(|part| ShownPart {
                start: shown(part.start),
                end: part.end.map_or(f64::INFINITY, shown),
                plays: matches!(arbiter.turn(), Turn::Playing(_)),
            });
            snapshot.planned.extend(planner.planned().take(SHOWN_PLANS).map(show));
        }
        snapshot
    }
}
