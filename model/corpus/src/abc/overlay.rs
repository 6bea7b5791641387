//! An overlay: a second voice within a bar.

use super::rhythm::Rhythm;

/// `&`: a second voice within one or more bars. It is read, so that its symbols are understood, and then dropped.
#[derive(Clone)]
pub(super) struct Overlay {
    /// How many more bars it lasts.
    pub bars: usize,
    /// How many items came before it.
    pub items: usize,
    pub last_sound: Option<usize>,
    pub rhythm: Rhythm,
}

impl Overlay {
    /// Handles a bar line. True if it was the last one.
    pub fn ends(&mut self) -> bool {
        self.bars = self.bars.saturating_sub(1);
        self.bars == 0
    }
}
