//! Presets: the built-in ones and those that the musician saves.
//!
//! A preset is a readable file: the style, the settings that it changes, a chart, and what it is for. Routing, levels
//! and other settings that belong to a studio rather than to a way of playing are not part of it.
//!
//! Nothing in here runs on the audio thread.

mod apply;
mod file;
mod shelf;

pub use apply::{apply, of, plays};
pub use file::{PresetRefused, style_named};
pub use shelf::{Shelf, ShelfEntry, ShelfError, folder, read};

use crate::params::SegueParams;

/// A way of playing, with a name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preset {
    /// Its name in the list; one line, not empty.
    pub name: String,
    /// What it is for, in a sentence or two.
    pub purpose: String,
    /// Who made it, or its sources; may be empty.
    pub credits: String,
    /// The style's name, as the parameter shows it.
    pub style: String,
    /// The file of the musician's own style, if the preset plays that.
    pub own_style: String,
    /// The chord chart; may be empty.
    pub chart: String,
    /// The settings that it changes, in the parameters' order, with each value as the parameter shows it.
    settings: Vec<(String, String)>,
}

/// A preset names its style separately from the settings.
const STYLE: &str = "style";

/// Settings that no preset changes: routing, levels, safety, and momentary buttons.
const NOT_OF_PRESETS: [&str; 24] = [
    "thru",
    "seed",
    "sound",
    "player_level",
    "segue_level",
    "comping_level",
    "out_channel",
    "in_channel",
    "chord_channel",
    "chord_window",
    "comping_channel",
    "look_ahead",
    "render",
    "your_turn",
    "tap",
    "forget",
    "click",
    "mute",
    "again",
    "recall",
    "again_to",
    "keep_answers",
    "sends",
    "mpe",
];

/// Whether presets change the parameter with this id.
pub fn is_of_presets(id: &str) -> bool {
    !NOT_OF_PRESETS.contains(&id)
}

impl Preset {
    /// The settings that it changes: ids and texts.
    pub fn settings(&self) -> impl Iterator<Item = (&str, &str)> {
        self.settings.iter().map(|(id, text)| (id.as_str(), text.as_str()))
    }

    /// The text of a setting, if the preset changes it.
    pub fn get(&self, id: &str) -> Option<&str> {
        self.settings().find(|(other, _)| *other == id).map(|(_, text)| text)
    }

    /// Sorts the settings into the parameters' order.
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
