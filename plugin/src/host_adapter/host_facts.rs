//! What the host of one instance is and has said, as far as `nice-plug` does not pass it on.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

/// Facts about the host of one instance. Written by [`super::clap_entry`], read by the plugin.
#[derive(Debug, Default)]
pub struct HostFacts {
    is_vst3: AtomicBool,
    speaks_of_rendering: AtomicBool,
    piece_start: AtomicU32,
}

thread_local! {
    /// For the instance that is being made on this thread. nice-plug makes it by `Default`, without arguments.
    static NEXT: RefCell<Option<Arc<HostFacts>>> = const { RefCell::new(None) };
}

impl HostFacts {
    /// Whether the host loaded the VST3.
    pub fn is_vst3(&self) -> bool {
        self.is_vst3.load(Relaxed)
    }

    /// Whether the host says when it renders, so that its word holds and its speed means nothing.
    pub fn speaks_of_rendering(&self) -> bool {
        self.speaks_of_rendering.load(Relaxed)
    }

    /// Frames of the host's block that lie before the piece of it that is processed now.
    pub fn piece_start(&self) -> u32 {
        self.piece_start.load(Relaxed)
    }

    /// The next piece to be processed begins here.
    pub(super) fn set_piece_start(&self, frame: u32) {
        self.piece_start.store(frame, Relaxed);
    }

    /// The VST3 wrapper has asked for what only it asks for.
    pub(super) fn set_vst3(&self) {
        self.is_vst3.store(true, Relaxed);
    }

    /// The host has set a render mode. A VST3 host must name one before each activation, and one that never thought
    /// about it names real time; so there only *offline* counts as its word.
    pub(super) fn note_render_mode(&self, offline: bool) {
        if offline || !self.is_vst3() {
            self.speaks_of_rendering.store(true, Relaxed);
        }
    }

    /// Makes an instance of the plugin that takes these facts up.
    pub(super) fn with_next<T>(self: &Arc<Self>, make: impl FnOnce() -> T) -> T {
        NEXT.set(Some(Arc::clone(self)));
        let instance = make();
        NEXT.set(None);
        instance
    }

    /// The facts for the instance that is being made; without a host nothing is known.
    pub fn adopt() -> Arc<Self> {
        NEXT.take().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_takes_up_the_facts_of_its_own_host() {
        let facts = Arc::new(HostFacts::default());
        let adopted = facts.with_next(HostFacts::adopt);
        assert!(Arc::ptr_eq(&facts, &adopted));
        assert!(!Arc::ptr_eq(&facts, &HostFacts::adopt()), "the next one is another");
        facts.with_next(|| ());
        assert!(!Arc::ptr_eq(&facts, &HostFacts::adopt()), "what nobody took up is not left for a stranger");
    }

    #[test]
    fn in_vst3_only_offline_is_a_word_about_rendering() {
        let clap = HostFacts::default();
        clap.note_render_mode(false);
        assert!(clap.speaks_of_rendering());
        let vst3 = HostFacts::default();
        vst3.set_vst3();
        vst3.note_render_mode(false);
        assert!(!vst3.speaks_of_rendering());
        vst3.note_render_mode(true);
        assert!(vst3.speaks_of_rendering());
    }
}
