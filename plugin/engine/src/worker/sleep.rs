//! How the worker sleeps while there is nothing to do, and is told to end.
//!
//! A thread with work for the worker first stores the work, and then wakes the worker. The worker looks for work once
//! more before it sleeps. A wake-up between that look and the sleep is kept, and the sleep ends at once.
//!
//! The crate `tests/loom` compiles this file with loom's atomics and threads.

use super::sync::Ordering::{Acquire, Release};
use super::sync::{AtomicBool, Thread, park};

/// What a thread does after a look at what there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterLook {
    /// It did something, so it looks again.
    LookAgain,
    /// There was nothing, so it sleeps until it is woken.
    Sleep,
    /// It ends.
    End,
}

/// Whether the worker has been told to end.
#[derive(Debug)]
pub struct StopFlag(AtomicBool);

impl StopFlag {
    /// Not yet.
    pub fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// Tells the thread that runs below to end, and wakes it.
    pub fn set(&self, thread: &Thread) {
        self.0.store(true, Release);
        thread.unpark();
    }

    /// Looks for work, and sleeps in between, until the flag is set or `look` ends it.
    pub fn run(&self, mut look: impl FnMut() -> AfterLook) {
        while !self.0.load(Acquire) {
            match look() {
                AfterLook::LookAgain => {}
                AfterLook::Sleep => park(),
                AfterLook::End => return,
            }
        }
    }
}
