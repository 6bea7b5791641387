//! What every audio thread of the program does with a block, whichever system asks for it.

use super::midi::MidiBlock;
use crate::instrument::SharedInstrument;
use segue::Segue;
use segue::host_adapter::PluginIo;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Counts the blocks, so that the program notices when nobody asks for sound any more. Clones share the count.
#[derive(Debug, Clone, Default)]
pub struct BlockCount(Arc<AtomicU32>);

impl BlockCount {
    /// How many there were.
    pub fn get(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Plays blocks. Belongs to one audio thread.
pub struct BlockPlayer {
    /// The messages of the block: the caller fills in those of its devices, and takes those for them.
    pub midi: MidiBlock,
    instrument: SharedInstrument,
    count: BlockCount,
}

impl BlockPlayer {
    /// Prepares for blocks at this rate.
    pub fn new(instrument: SharedInstrument, count: BlockCount, sample_rate: f32) -> Self {
        Self { midi: MidiBlock::new(sample_rate), instrument, count }
    }

    /// Plays one block. Both channels have its length.
    pub fn play(&mut self, left: &mut [f32], right: &mut [f32]) {
        self.count.0.fetch_add(1, Ordering::Relaxed);
        let last = u32::try_from(left.len()).unwrap_or(u32::MAX).saturating_sub(1);
        let (midi, instrument) = (&mut self.midi, &self.instrument);
        without_allocating(|| instrument.play(left, right, &mut PluginIo::<Segue, _>::new(midi, last)));
    }
}

/// Aborts the bundle under test when something is allocated or freed meanwhile.
#[cfg(feature = "assert_process_allocs")]
fn without_allocating(play: impl FnOnce()) {
    nice_assert_no_alloc::assert_no_alloc(play);
}

#[cfg(not(feature = "assert_process_allocs"))]
fn without_allocating(play: impl FnOnce()) {
    play();
}
