//! How the program ends: its window closes, Ctrl-C is pressed, or the system asks it to end.
//!
//! The order: note-offs are sent for everything that sounds elsewhere while there are still blocks to send them in; the
//! window closes; `nice-plug` ends the sound.
//!
//! Closing the devices may hang: a JACK server that ends at the same time answers no more. So that gets some time, and
//! then the process ends by itself.

use segue::editor::Signals;
use std::process;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Longer than any block, so that the note-offs are sent.
const LAST_BLOCK: Duration = Duration::from_millis(120);
/// How long ending the sound may take. It is silent long before that, and without the fault it takes a twentieth of
/// this.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long the window and the sound may take together, even on a busy machine.
const LONG_PATIENCE: Duration = Duration::from_secs(4);
/// The exit code of an interrupted program.
const INTERRUPTED: i32 = 130;

/// The request to end, and what it starts.
pub struct Shutdown {
    signals: Arc<Signals>,
    is_told: Mutex<bool>,
    news: Condvar,
}

impl Shutdown {
    /// Handles Ctrl-C and other requests to end (SIGTERM and SIGHUP, or the console window being closed).
    ///
    /// Must be called before nice-plug installs its own handler. That one only works for programs without a window, and
    /// is refused if there is a handler already.
    pub fn when_told(signals: Arc<Signals>) -> Arc<Self> {
        let shutdown = Arc::new(Self { signals, is_told: Mutex::new(false), news: Condvar::new() });
        let told = Arc::clone(&shutdown);
        if let Err(error) = ctrlc::set_handler(move || told.tell()) {
            eprintln!(
                "segue: Ctrl-C does not work ({error}); close the window, or end the program with the system's tools"
            );
        }
        shutdown
    }

    fn is_told(&self) -> MutexGuard<'_, bool> {
        self.is_told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the program to end; the second request ends it at once.
    fn tell(&self) {
        if std::mem::replace(&mut *self.is_told(), true) {
            process::exit(INTERRUPTED);
        }
        self.news.notify_all();
        self.signals.ask_to_close();
        // A window that hangs must not keep the program alive.
        end_by_force(LONG_PATIENCE);
    }

    /// Waits until the program is asked to end.
    pub fn wait(&self) {
        let told = self.news.wait_while(self.is_told(), |is_told| !*is_told);
        drop(told.unwrap_or_else(PoisonError::into_inner));
    }

    /// Ends all notes, here and elsewhere, before nice-plug ends the sound.
    pub fn fall_silent(&self) {
        self.signals.ask_panic();
        thread::sleep(LAST_BLOCK);
        end_by_force(PATIENCE);
    }
}

/// Ends the process if it has not ended by then. The musician did nothing wrong, so the exit code is success.
fn end_by_force(patience: Duration) {
    thread::spawn(move || {
        thread::sleep(patience);
        process::exit(0);
    });
}
