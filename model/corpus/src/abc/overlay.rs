//! Overlays: second voices within one or more bars.

use super::cursor::Cursor;
use super::rhythm::Rhythm;
use super::written::{PageMark, VoicePage};

/// The overlay that is being read, if any. It is read, so that its symbols are understood, and then dropped.
#[derive(Clone, Default)]
pub(super) struct Overlays {
    open: Option<Overlay>,
    /// Whether `(&` was read, so that `&` begins an overlay of any number of bars, up to `&)`.
    end_by_sign: bool,
}

#[derive(Clone)]
struct Overlay {
    /// How many more bars it lasts; `None` up to `&)`.
    bars: Option<usize>,
    /// Where the first voice ends.
    begin: PageMark,
    /// The rhythm of the first voice.
    rhythm: Rhythm,
}

impl Overlays {
    /// Reads `(&`: the overlays up to `&)` go back to this place, as in abcm2ps.
    pub fn begin_long(&mut self, cursor: &mut Cursor<'_>) {
        cursor.advance(2);
        self.end_by_sign = true;
    }

    /// Reads `&`, which goes back by one bar, `&&`, which goes back by two, or `&)`: what follows an `&` sounds
    /// together with the music before it. True if that begins.
    pub fn sign(&mut self, cursor: &mut Cursor<'_>, page: &mut VoicePage, rhythm: &mut Rhythm) -> bool {
        let signs = cursor.skip_while(|c| c == '&');
        if self.end_by_sign && cursor.peek() == Some(')') {
            cursor.bump();
            self.end_by_sign = false;
            self.drop(page, rhythm);
            return false;
        }
        let bars = (!self.end_by_sign).then_some(signs);
        let Some(overlay) = &mut self.open else {
            self.open = Some(Overlay { bars, begin: page.mark(), rhythm: std::mem::take(rhythm) });
            return true;
        };
        // This is a third voice.
        overlay.bars = overlay.bars.max(bars);
        false
    }

    /// Handles a bar line, which may end the overlay.
    pub fn bar_line(&mut self, page: &mut VoicePage, rhythm: &mut Rhythm) {
        let Some(overlay) = &mut self.open else { return };
        overlay.bars = overlay.bars.map(|bars| bars.saturating_sub(1));
        if overlay.bars == Some(0) {
            self.drop(page, rhythm);
        }
    }

    /// Drops the overlay's voice, if there is one, and goes on with the first.
    pub fn drop(&mut self, page: &mut VoicePage, rhythm: &mut Rhythm) {
        if let Some(overlay) = self.open.take() {
            page.back_to(overlay.begin);
            *rhythm = overlay.rhythm;
        }
    }
}
