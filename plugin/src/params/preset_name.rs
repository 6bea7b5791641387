//! The name of the preset that was chosen last, which is saved in songs.

use nice_plug::params::persist::PersistentField;
use std::sync::{PoisonError, RwLock};

/// The name of the preset that was chosen last; empty before the first. Not for the audio thread.
#[derive(Debug, Default)]
pub struct PresetName(RwLock<String>);

impl PersistentField<'_, String> for PresetName {
    fn set(&self, name: String) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = name;
    }

    fn map<F: Fn(&String) -> R, R>(&self, look: F) -> R {
        look(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}
