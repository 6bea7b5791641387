//! What Segue brings along and what the musician keeps: styles, charts, and presets.
//!
//! A preset is a readable file: the style, the settings that it changes, a chart, and what it is for. Routing, levels
//! and what belongs to a studio rather than to a way of playing is not part of it.
//!
//! Nothing in here runs on the audio thread, but for the numbers that say that something has changed.

mod apply;
mod chart;
mod device;
mod file;
mod mark;
mod own;
mod shelf;
mod styles;

pub use apply::{Gestures, Unhosted, apply, of};
pub use chart::ChartText;
pub use device::problem as device_problem;
pub use file::{Refused, style_named};
pub use mark::{files as weights_files, folders as weights_folders};
pub use own::{News, OwnMark, OwnStyle};
pub use shelf::{Entry, Shelf, ShelfError, folder};
pub use styles::{DEFAULT, OWN, STRAIGHT, STYLES, Style, mind, style, usual};

use crate::params::SegueParams;

/// A way of playing, with a name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preset {
    /// Known by it on the shelf; one line, not empty.
    pub name: String,
    /// What it is for, in a sentence or two.
    pub purpose: String,
    /// NoteSource made it, or of what; may be empty.
    pub credits: String,
    /// The style's name, as the parameter shows it.
    pub style: String,
    /// The file of the musician's own style, where that is what plays.
    pub own_style: String,
    /// The chord chart; may be empty.
    pub chart: String,
    /// The settings that it changes, with the text of each value as the parameter shows it; in the parameters' order.
    settings: Vec<(String, String)>,
}

/// The style has a place of its own in a preset.
const STYLE: &str = "style";

/// The settings that no preset touches: where the notes go, how loud they are, how safe they are, and what is a
/// moment's push rather than a setting.
const NOT_OF_PRESETS: [&str; 16] = [
    "thru",
    "seed",
    "sound",
    "player_level",
    "segue_level",
    "comping_level",
    "out_channel",
    "in_channel",
    "chord_channel",
    "comping_channel",
    "look_ahead",
    "render",
    "your_turn",
    "tap",
    "forget",
    "click",
];

/// Whether presets have a say in the parameter with this id.
pub fn is_of_presets(id: &str) -> bool {
    !NOT_OF_PRESETS.contains(&id)
}

impl Preset {
    /// The settings that it changes, by id, as text.
    pub fn settings(&self) -> impl Iterator<Item = (&str, &str)> {
        self.settings.iter().map(|(id, text)| (id.as_str(), text.as_str()))
    }

    /// The text of one setting, if it changes that.
    pub fn get(&self, id: &str) -> Option<&str> {
        self.settings().find(|(other, _)| *other == id).map(|(_, text)| text)
    }

    /// In the parameters' order, each once, the later word counting.
    fn sort_settings(&mut self, params: &SegueParams) {
        let order: Vec<String> = params.each().map(|(id, _)| id).collect();
        let place = |id: &String| order.iter().position(|other| other == id);
        self.settings.sort_by_key(|(id, _)| place(id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_presets_leave_alone_is_named_by_ids_that_exist() {
        let params = SegueParams::default();
        for id in NOT_OF_PRESETS.into_iter().chain([STYLE]) {
            assert!(params.setting(id).is_some(), "{id}");
        }
    }
}
