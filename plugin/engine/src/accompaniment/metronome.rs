//! The metronome: a click on each beat, and a brighter one on each bar line.
//!
//! Knows nothing of the player.

use crate::host::{FrameOffset, HostIo, NoteSource, SynthEvent};
use crate::time::beat_grid::beat_at_or_after;
use crate::time::tick_map::TickMap;
use segue_model::note::{Bars, Pitch, Ticks};

/// Pitch and velocity of the click on a bar line, and on the other beats.
const ON_THE_LINE: (Option<Pitch>, f32) = (Pitch::new(103), 0.9);
const BETWEEN: (Option<Pitch>, f32) = (Pitch::new(96), 0.6);

/// The metronome.
#[derive(Debug, Default)]
pub struct Metronome {
    /// The latest beat that was clicked, so that none is clicked twice.
    clicked: Option<Ticks>,
}

impl Metronome {
    /// Forgets the latest beat, because time starts over.
    pub fn forget(&mut self) {
        self.clicked = None;
    }

    /// The next beat at or after an offset, and its own offset.
    pub fn due(&self, map: &TickMap, offset: i64, bars: Bars) -> (i64, Ticks) {
        let from = map.first_tick_from(offset, 0.0);
        let beat = beat_at_or_after(self.clicked.map_or(from, |clicked| from.max(clicked + Ticks(1))), bars);
        (map.offset_of(beat.as_f64()), beat)
    }

    /// Clicks a beat.
    pub fn click(&mut self, beat: Ticks, bars: Bars, at: FrameOffset, host: &mut impl HostIo) {
        self.clicked = Some(beat);
        let (pitch, velocity) = if bars.place(beat) == Ticks::ZERO { ON_THE_LINE } else { BETWEEN };
        if let Some(pitch) = pitch {
            // The note ends at once: the click is the release of the sound.
            host.play(at, SynthEvent::NoteOn { source: NoteSource::Click, channel: 0, pitch, velocity });
            host.play(at, SynthEvent::NoteOff { source: NoteSource::Click, channel: 0, pitch });
        }
    }
}
