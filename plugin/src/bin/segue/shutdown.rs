//! How the program ends: its window is closed, Ctrl-C is pressed, or the system asks it to end.
//!
//! First the note-offs of everything that sounds elsewhere are sent, while there are still blocks to send them in; then
//! the window closes; then `nice-plug` ends the sound.
//!
//! WORKAROUND(nice-plug 0.4.2): ending the sound may hang. With JACK it closes its client at the same moment as the
//! server's library does, over the same connection (<https://codeberg.org/RustAudio/nice-plug>). So it has a while for
//! it, and then the process ends by itself. Delete `end_by_force` when closing a JACK backend does not hang.

use segue::editor::Signals;
use std::process;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Longer than any block, so that the note-offs leave.
const LAST_BLOCK: Duration = Duration::from_millis(120);
/// How long ending the sound may take. It is silent long before, and takes a twentieth of this where it does not hang.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long the window and the sound may take together, on a busy machine too.
const LONG_PATIENCE: Duration = Duration::from_secs(4);
/// The exit code of an interrupted program.
const INTERRUPTED: i32 = 130;

/// The request to end, and what it sets in motion.
pub struct Shutdown {
    signals: Arc<Signals>,
    is_told: Mutex<bool>,
    news: Condvar,
}

impl Shutdown {
    /// Listens to Ctrl-C and to what else ends a program (SIGTERM and SIGHUP, or the console's window being closed).
    ///
    /// To be called before nice-plug installs its own handler: that one only serves programs without a window, and is
    /// refused when there is one already.
    pub fn when_told(signals: Arc<Signals>) -> Arc<Self> {
        let shutdown = Arc::new(Self { signals, is_told: Mutex::new(false), news: Condvar::new() });
        let told = Arc::clone(&shutdown);
        if let Err(error) = ctrlc::set_handler(move || told.tell()) {
            eprintln!("segue: Ctrl-C cannot be heard ({error}); close the window, or end the program by the system");
        }
        shutdown
    }

    fn is_told(&self) -> MutexGuard<'_, bool> {
        self.is_told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the program to end; asked twice, it ends at once.
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

    /// Ends what sounds, here and elsewhere, before nice-plug ends the sound.
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
