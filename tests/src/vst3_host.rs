//! A small VST3 host: it does what the hosts of `tests/hosts` cannot do, and reports what came back.
//!
//! That is: several points of one parameter in a block, note expressions, poly pressure, events that leave the plugin,
//! full lists, gestures of the window, and a window that opens while everything is automated. It also runs under Wine,
//! without a window.
//!
//! ```text
//! Module ► Plugin ► process(Block) ► Played
//!             └► View (Linux)
//! ```
//!
//! `module` loads the library, `plugin` is a host's main thread, `processor` its audio thread and `view` its window;
//! `host_objects` is what the plugin calls. Only these touch the interface in C.

mod block;
mod host_objects;
#[cfg(target_os = "linux")]
mod jam;
mod loaded;
mod module;
mod plugin;
mod processor;
mod session;
#[cfg(target_os = "linux")]
mod view;

pub use block::{Block, Cue, Event, Moment, Out, Played, Point, Sent};
pub use host_objects::Edit;
#[cfg(target_os = "linux")]
pub use jam::{Jam, Noted, Playing};
pub use module::{ClassInfo, Module, checked_path};
pub use plugin::{Opening, Parameter, Plugin, Setup};
pub use processor::{Audio, Processor};
pub use session::Vst3Session;
#[cfg(target_os = "linux")]
pub use view::View;
