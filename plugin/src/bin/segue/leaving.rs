//! How the program ends: its window is closed, or Ctrl-C is pressed, or the system wants it to end.
//!
//! What sounds elsewhere gets its note-offs while there are still blocks to send them in; then the window goes, and
//! then the framework ends the sound. That may hang: with JACK the framework says goodbye to the server at the same
//! moment as the server's library does, over the same line. So it has a while for it, and the program ends all the
//! same.

use segue::editor::Signals;
use std::process;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Longer than any block, so that the note-offs leave.
const LAST_BLOCK: Duration = Duration::from_millis(120);
/// How long the sound may take over going: it is long silent by then, and goes in a twentieth of that where it does not
/// hang.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long the window and the sound may take together, on a busy machine too.
const LONG_PATIENCE: Duration = Duration::from_secs(4);
/// By which the system knows that a program was interrupted.
const INTERRUPTED: i32 = 130;

/// See the module.
pub struct Leaving {
    signals: Arc<Signals>,
    is_told: Mutex<bool>,
    news: Condvar,
}

impl Leaving {
    /// Listens to Ctrl-C and to what else ends a program (SIGTERM and SIGHUP, or the console's window being closed).
    ///
    /// To be called before the framework listens by itself: it only tells those who run without a window, and is
    /// refused when somebody listens already.
    pub fn when_told(signals: Arc<Signals>) -> Arc<Self> {
        let leaving = Arc::new(Self { signals, is_told: Mutex::new(false), news: Condvar::new() });
        let told = Arc::clone(&leaving);
        if let Err(error) = ctrlc::set_handler(move || told.tell()) {
            eprintln!("segue: Ctrl-C cannot be heard ({error}); close the window, or end the program by the system");
        }
        leaving
    }

    fn is_told(&self) -> MutexGuard<'_, bool> {
        self.is_told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The program shall end; said twice, at once.
    fn tell(&self) {
        if std::mem::replace(&mut *self.is_told(), true) {
            process::exit(INTERRUPTED);
        }
        self.news.notify_all();
        self.signals.ask_to_close();
        // A window that hangs must not keep the program.
        end_by_force(LONG_PATIENCE);
    }

    /// Waits until the program shall end.
    pub fn wait(&self) {
        let told = self.news.wait_while(self.is_told(), |is_told| !*is_told);
        drop(told.unwrap_or_else(PoisonError::into_inner));
    }

    /// Ends what sounds, here and elsewhere, before the framework ends the sound.
    pub fn fall_silent(&self) {
        self.signals.ask_panic();
        thread::sleep(LAST_BLOCK);
        end_by_force(PATIENCE);
    }
}

/// Ends the process if it has not ended by itself by then. That is no fault of the musician's, so it is no failure.
fn end_by_force(patience: Duration) {
    thread::spawn(move || {
        thread::sleep(patience);
        process::exit(0);
    });
}
