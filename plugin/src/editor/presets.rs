//! The presets: a list to choose from, and a way to keep one's own.

use super::board::Board;
use super::controls;
use crate::params::SegueParams;
use egui::Rect;

/// See the module.
#[derive(Default)]
pub struct Shelf {
    name: Option<String>,
}

impl Shelf {
    /// Reads what there is now.
    pub fn read(&mut self) {}

    /// Draws the list.
    pub fn draw(&mut self, board: &mut Board<'_>, rect: Rect, _params: &SegueParams) {
        let name = self.name.clone().unwrap_or_else(|| "Presets".to_owned());
        controls::raised(board, "Presets", rect, &name, "Ways of playing, ready made.");
    }
}
