//! The click: one tick on every beat, a brighter one on every bar line.

use crate::host::{FrameOffset, HostIo, NoteSource, SynthEvent};
use crate::time::beat_grid::beat_at_or_after;
use crate::time::tick_map::TickMap;
use segue_model::note::{Bars, Pitch, Ticks};

/// The keys that it strikes on a bar line and on the other beats, and how hard.
const ON_THE_LINE: (Option<Pitch>, f32) = (Pitch::new(103), 0.9);
const BETWEEN: (Option<Pitch>, f32) = (Pitch::new(96), 0.6);

/// See the module.
#[derive(Debug, Default)]
pub struct Metronome {
    /// The last beat that was struck; it does not come twice.
    struck: Option<Ticks>,
}

impl Metronome {
    /// Time begins anew.
    pub fn forget(&mut self) {
        self.struck = None;
    }

    /// The next beat at or after a frame, and on which frame it falls.
    pub fn due(&self, span: &TickMap, offset: i64, bars: Bars) -> (i64, Ticks) {
        let from = span.first_tick_from(offset, 0.0);
        let beat = beat_at_or_after(self.struck.map_or(from, |struck| from.max(struck + Ticks(1))), bars);
        (span.offset_of(beat.as_f64()), beat)
    }

    /// Strikes a beat.
    pub fn strike(&mut self, beat: Ticks, bars: Bars, at: FrameOffset, host: &mut impl HostIo) {
        self.struck = Some(beat);
        let (pitch, velocity) = if bars.place(beat) == Ticks::ZERO { ON_THE_LINE } else { BETWEEN };
        if let Some(pitch) = pitch {
            // Let go at once: what is left is the ring of its end.
            host.play(at, SynthEvent::NoteOn { who: NoteSource::Click, channel: 0, pitch, velocity });
            host.play(at, SynthEvent::NoteOff { who: NoteSource::Click, channel: 0, pitch });
        }
    }
}
