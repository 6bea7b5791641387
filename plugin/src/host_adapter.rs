//! What stands between the plugin and its hosts because of `nice-plug`, `clap-wrapper` and, once, Rust itself:
//! everything in here makes up for a fault or a limit of theirs and can be deleted when that is gone.
//!
//! ```text
//! CLAP host ─────────────────────────────► clap_entry ► nice-plug ► Segue
//! VST3 host ► vst3_entry ► clap-wrapper ──►    │
//!                                              └► HostFacts: what this host is and has said
//! ```
//!
//! The comment on each fault names the package and its version. The packages are [nice-plug and
//! nice-plug-egui](https://codeberg.org/RustAudio/nice-plug), [baseview](https://github.com/RustAudio/baseview), and
//! clap-wrapper, whose faults lie in [its C++ part](https://github.com/free-audio/clap-wrapper).

pub mod clap_entry;
pub mod editor_window;
mod event_lists;
#[cfg(test)]
pub mod fake_window_host;
#[cfg(target_os = "linux")]
pub mod focus_return;
mod gui;
mod host_facts;
mod instance;
#[cfg(all(windows, target_env = "gnu"))]
mod kept_library;
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
#[cfg(target_os = "linux")]
pub mod x11_map_delay;

pub use host_facts::HostFacts;
pub use offline_detector::OfflineDetector;
pub use plugin_io::{PluginIo, host_transport};
