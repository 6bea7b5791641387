//! A second voice within a bar.

use super::rhythm::Rhythm;

/// `&`: a second voice within a bar or some. It is read, so that its signs are understood, and then left out.
#[derive(Clone)]
pub(super) struct Overlay {
    /// How many bars it still lasts.
    pub bars: usize,
    /// What stood before it.
    pub items: usize,
    pub last_sound: Option<usize>,
    pub rhythm: Rhythm,
}

impl Overlay {
    /// At a bar line: whether it was the last one.
    pub fn ends(&mut self) -> bool {
        self.bars = self.bars.saturating_sub(1);
        self.bars == 0
    }
}
