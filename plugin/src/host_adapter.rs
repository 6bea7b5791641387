//! What stands between the plugin and its hosts because of `nice-plug` and `clap-wrapper`: everything in here makes up
//! for a fault or a limit of theirs, says which, and can go when that is gone.
//!
//! ```text
//! CLAP host ─────────────────────────────► clap_entry ► nice-plug ► Segue
//! VST3 host ► vst3_entry ► clap-wrapper ──►    │
//!                                              └► HostFacts: what this host is and has said
//! ```

pub mod clap_entry;
mod event_lists;
mod gui;
mod host_facts;
mod note_ends;
mod offline_detector;
mod params;
mod plain_text;
mod plugin_io;
mod stepped;
mod transport;
#[cfg(feature = "vst3")]
mod vst3_entry;
mod vst3_info;

pub use host_facts::HostFacts;
pub use offline_detector::OfflineDetector;
pub use plugin_io::PluginIo;
