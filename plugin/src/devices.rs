//! What the program without a host tells its window about sound and MIDI, and what the window asks of the program.
//!
//! It knows neither sound cards nor drawing: the program implements [`Devices`], and the editor draws the
//! [`DevicesView`].

use std::sync::Arc;

/// The program's devices, as its window sees them. In a plugin there are none: they belong to the host.
pub trait Devices: Send + Sync {
    /// What to show now. Called for each frame, so it must not take long.
    fn view(&self) -> Arc<DevicesView>;

    /// The musician has clicked a row of a list.
    fn choose(&self, list: DeviceListKind, row: &str);
}

/// What the window shows about devices.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DevicesView {
    /// What is missing, and who plays.
    pub notes: Vec<DeviceNote>,
    /// The lists to choose from.
    pub lists: Vec<DeviceList>,
}

/// A list of devices of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceList {
    /// The kind.
    pub kind: DeviceListKind,
    /// What is connected now.
    pub shown: String,
    /// What may be chosen.
    pub rows: Vec<DeviceRow>,
}

/// The kinds of devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceListKind {
    /// What makes the sound; one at a time.
    Audio,
    /// MIDI keyboards; any number.
    MidiInput,
    /// Instruments for Segue's notes; any number.
    MidiOutput,
}

/// A row of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRow {
    /// Its text, which no other row of the list has.
    pub name: String,
    /// Whether it is chosen, connected or not.
    pub is_chosen: bool,
}

/// A sentence about the devices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceNote {
    /// The sentence.
    pub text: String,
    /// Whether it is about something that is missing.
    pub is_warning: bool,
}

impl DeviceNote {
    /// A sentence that only informs.
    pub fn hint(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_warning: false }
    }

    /// A sentence about something that is missing, and what to do.
    pub fn warning(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_warning: true }
    }
}
