//! The click: one tick on every beat, a brighter one on every bar line.

use crate::host::{FrameOffset, HostIo, NoteSource, SynthEvent};
use crate::time::clock::{TickMap, float};
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
        let beat = beat_from(self.struck.map_or(from, |struck| from.max(struck + Ticks(1))), bars);
        (span.offset_of(float(beat)), beat)
    }

    /// Strikes a beat.
    pub fn strike(&mut self, beat: Ticks, bars: Bars, at: FrameOffset, host: &mut impl HostIo) {
        self.struck = Some(beat);
        let (pitch, velocity) = if bars.place(beat) == Ticks::ZERO { ON_THE_LINE } else { BETWEEN };
        if let Some(pitch) = pitch {
            // Let go at once: what is left is the ring of its end.
            host.sound(at, SynthEvent::NoteOn { who: NoteSource::Click, channel: 0, pitch, velocity });
            host.sound(at, SynthEvent::NoteOff { who: NoteSource::Click, channel: 0, pitch });
        }
    }
}

/// The first beat at or after a moment; a bar line is always one.
fn beat_from(moment: Ticks, bars: Bars) -> Ticks {
    let (beat, place) = (bars.metre.beat(), bars.place(moment));
    let point = (place.0 + beat.0 - 1) / beat.0 * beat.0;
    moment - place + Ticks(point.min(bars.metre.bar().0))
}

/// The beat that lies nearest to a moment.
pub fn nearest_beat(moment: Ticks, bars: Bars) -> Ticks {
    let half = Ticks(bars.metre.beat().0 / 2);
    let beat = beat_from(moment - half, bars);
    let next = beat_from(beat + Ticks(1), bars);
    if (next - moment).0.abs() < (beat - moment).0.abs() { next } else { beat }
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_model::note::Metre;

    #[test]
    fn beats_are_counted_from_every_bar_line() {
        let common = Bars { line: Ticks(10), metre: Metre::COMMON };
        let jig = Bars { line: Ticks(0), metre: Metre::new(6, 8).unwrap() };
        let odd = Bars { line: Ticks(0), metre: Metre::new(5, 16).unwrap() };
        for (bars, moment, beat) in
            [(common, 10, 10), (common, 11, 58), (jig, 1, 72), (jig, 73, 144), (odd, 49, 60), (common, -30, 10)]
        {
            let expected = Ticks(beat);
            assert_eq!(beat_from(Ticks(moment), bars), expected, "from {moment} with {bars:?}");
        }
        for (moment, beat) in [(10, 10), (33, 10), (35, 58), (57, 58), (195, 202)] {
            assert_eq!(nearest_beat(Ticks(moment), common), Ticks(beat), "near {moment}");
        }
    }
}
