//! Notices when the system stops asking for sound: the JACK server has ended, or the sound card was unplugged.
//!
//! WORKAROUND(nice-plug 0.4.2): its standalone wrapper does not report that and stays silent for ever. Not reported,
//! see <https://docs.rs/crate/nice-plug/0.4.2/source/src/wrapper/standalone/backend/jack.rs#L328>. No test: it needs a
//! sound server that goes away. Delete when a lost backend is an error.

use segue::editor::Signals;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

/// Longer than any system makes a program wait for its next block.
const STILL: Duration = Duration::from_secs(3);

/// Counts the blocks. Clones share the count.
#[derive(Debug, Clone, Default)]
pub struct AudioWatchdog(Arc<AtomicU32>);

impl AudioWatchdog {
    /// Counts a block. For the audio thread.
    pub fn beat(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Reports missing blocks on the terminal and in the window from now on, and in the window also when blocks come
    /// again. Runs until the program ends.
    pub fn watch(&self, signals: Arc<Signals>) {
        self.watch_every(STILL, signals);
    }

    fn watch_every(&self, still: Duration, signals: Arc<Signals>) {
        let blocks = Arc::clone(&self.0);
        let mut before = 0;
        thread::spawn(move || {
            loop {
                thread::sleep(still);
                let now = blocks.load(Ordering::Relaxed);
                // Before the first block the sound has not started; other messages say why.
                let stands_still = now == before && now > 0;
                if stands_still && !signals.is_mute() {
                    eprintln!(
                        "segue: nobody asks for sound any more; the JACK server has ended, or the sound card is gone. \
                         Capture what was played if it is to be kept, and start segue again."
                    );
                }
                signals.set_mute(stands_still);
                before = now;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The watchdog reports missing blocks, but only after the first block and until blocks come again.
    #[test]
    fn silence_is_noticed_from_the_first_block_until_sound_returns() {
        const OFTEN: Duration = Duration::from_millis(20);
        let (watchdog, signals) = (AudioWatchdog::default(), Arc::new(Signals::default()));
        watchdog.watch_every(OFTEN, Arc::clone(&signals));
        thread::sleep(5 * OFTEN);
        assert!(!signals.is_mute(), "the sound has not started");
        let wait_for = |is_mute: bool, beats: bool| {
            for _ in 0..1_000 {
                if beats {
                    watchdog.beat();
                }
                if signals.is_mute() == is_mute {
                    return;
                }
                thread::sleep(OFTEN / 4);
            }
            panic!("it was not noticed in time");
        };
        watchdog.beat();
        wait_for(true, false);
        wait_for(false, true);
    }
}
