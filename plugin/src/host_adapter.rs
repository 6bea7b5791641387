//! What stands between the plugin and its hosts because of `nice-plug` and `clap-wrapper`: everything in here makes up for
//! a fault or a limit of theirs, says which, and can go when that is gone.
//!
//! ```text
//! CLAP host ──────────────────────────────► clap_entry ► nice-plug ► Segue
//! VST3 host ► clap-wrapper (a CLAP host) ──►     │
//!                                                └► HostFacts: what this host is and has said
//! ```

pub mod clap_entry;
mod event_lists;
mod host_facts;
mod note_ends;
mod offline_detector;
mod stepped;
mod transport;

pub use host_facts::HostFacts;
pub use offline_detector::OfflineDetector;
