//! How much of what was played is captured.

use segue_engine::host::NoteSource;
use segue_engine::recorder::History;
use segue_model::note::Ticks;

/// How many bars a short capture has.
const BARS: i64 = 16;

/// How much is captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaptureExtent {
    /// Segue's last notes that have none of the player's between them.
    LastAnswer,
    /// The bar of the last note and the fifteen before it.
    SixteenBars,
    /// Everything that is kept.
    All,
}

impl CaptureExtent {
    /// Drops the notes that are not captured.
    pub fn cut(self, history: &mut History) {
        match self {
            Self::All => {}
            Self::SixteenBars => {
                let Some(last) = history.notes.last().map(|note| note.onset) else { return };
                let bars = history.bars_at(last);
                let moment = nearest(last);
                let line = moment - bars.place(moment);
                let from = (line - Ticks((BARS - 1) * bars.metre.bar().0)).as_f64();
                history.notes.retain(|note| note.onset >= from);
            }
            Self::LastAnswer => {
                let is_segues = |who| who == NoteSource::Segue;
                let heard = |who| is_segues(who) || who == NoteSource::Player;
                history.notes.retain(|note| heard(note.who));
                let end = history.notes.iter().rposition(|note| is_segues(note.who)).map_or(0, |last| last + 1);
                history.notes.truncate(end);
                let begin = history.notes.iter().rposition(|note| !is_segues(note.who)).map_or(0, |last| last + 1);
                history.notes.drain(..begin);
            }
        }
        if let Some(end) = history.notes.iter().map(|note| note.end.unwrap_or(history.newest)).reduce(f64::max) {
            // The file ends with its last note.
            history.newest = if self == Self::All { history.newest } else { end };
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "`as` saturates, and no jam is that long")]
fn nearest(moment: f64) -> Ticks {
    Ticks(moment.round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_engine::recorder::RecordedNote;
    use segue_model::note::Pitch;

    const BAR: f64 = 192.0;

    /// A history of notes, each with who plays it and the bar in which it begins.
    fn history(notes: &[(NoteSource, f64)]) -> History {
        let note = |(who, bar): &(NoteSource, f64)| RecordedNote {
            who: *who,
            pitch: Pitch::MAX,
            velocity: 64,
            onset: bar * BAR,
            end: Some(bar * BAR + 12.0),
            at_ns: 0,
        };
        let mut history = History::default();
        history.notes = notes.iter().map(note).collect();
        history.newest = 1_000.0 * BAR;
        history
    }

    fn kept(extent: CaptureExtent, notes: &[(NoteSource, f64)]) -> Vec<f64> {
        let mut history = history(notes);
        extent.cut(&mut history);
        history.notes.iter().map(|note| note.onset / BAR).collect()
    }

    #[test]
    fn each_extent_keeps_its_own_notes() {
        use NoteSource::{Player, Segue};
        let jam = [(Player, 0.0), (Segue, 2.5), (Player, 4.0), (Segue, 20.25), (Segue, 21.0), (Player, 35.9)];
        assert_eq!(kept(CaptureExtent::All, &jam).len(), jam.len());
        assert_eq!(kept(CaptureExtent::SixteenBars, &jam), [20.25, 21.0, 35.9]);
        assert_eq!(kept(CaptureExtent::SixteenBars, &jam[..5]), [20.25, 21.0], "from bar 6 on");
        assert_eq!(kept(CaptureExtent::LastAnswer, &jam), [20.25, 21.0]);
        assert_eq!(kept(CaptureExtent::LastAnswer, &jam[..3]), [2.5]);
        assert_eq!(kept(CaptureExtent::LastAnswer, &jam[..1]), [0.0; 0], "Segue has not answered");
        assert_eq!(kept(CaptureExtent::LastAnswer, &[(Segue, 1.0), (Segue, 2.0)]), [1.0, 2.0]);
    }
}
