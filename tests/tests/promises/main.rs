//! What Segue promises, tested on the built plugin file in a host that knows nothing of its inside.
//!
//! Started by `cargo xtask test`, which builds the plugin with debug assertions and with a check that aborts the
//! process when the audio thread allocates. So every test here also tests that rule.

#![allow(clippy::cast_precision_loss, reason = "a session is shorter than 2^52 frames or ticks")]

mod bad_input;
mod chord_window;
mod chords;
mod controls;
mod demo;
mod detached;
mod dynamics;
#[cfg(target_os = "linux")]
mod editor;
mod fast_hosts;
mod faults;
mod faults_events;
mod generic_editor;
mod groove;
mod hand_over;
mod hosts;
mod reported_bugs;
// The number of threads is read from Linux.
#[cfg(target_os = "linux")]
mod life;
mod long_jam;
mod loops;
mod midi;
mod modes;
mod nudges;
mod people;
mod people_along;
mod people_touch;
mod presets;
mod random_host;
mod real_time;
mod same_notes;
mod stage;
mod states;
mod styles;
mod support;
mod temperature;
mod tempo;
mod turns;
mod vst3;
