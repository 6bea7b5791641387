//! The size of the window, which is saved in songs.

use nice_plug::params::persist::PersistentField;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The size of a new instance's window, in points.
const USUAL_SIZE: (f32, f32) = (980.0, 690.0);
/// Below this the controls would overlap.
pub const LEAST_SIZE: (f32, f32) = (860.0, 600.0);
/// Anything larger is a mistake, not a screen.
const MOST_POINTS: f32 = 16_000.0;

/// The size of the window in points, which is saved in songs. Clones share it.
#[derive(Debug, Clone)]
pub struct WindowSize(Arc<AtomicU64>);

impl Default for WindowSize {
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(packed(USUAL_SIZE))))
    }
}

impl WindowSize {
    /// In points.
    pub fn size(&self) -> (f32, f32) {
        unpacked(self.0.load(Ordering::Relaxed))
    }

    /// Stores another size, limited to the sizes that a window can have.
    pub fn remember(&self, (width, height): (f32, f32)) {
        let sane = |points: f32, least| if points.is_finite() { points.clamp(least, MOST_POINTS) } else { least };
        self.0.store(packed((sane(width, LEAST_SIZE.0), sane(height, LEAST_SIZE.1))), Ordering::Relaxed);
    }
}

/// Both numbers packed into one, for an atomic.
pub(crate) fn packed((width, height): (f32, f32)) -> u64 {
    u64::from(width.to_bits()) << 32 | u64::from(height.to_bits())
}

/// The reverse of [`packed`].
pub(crate) fn unpacked(packed: u64) -> (f32, f32) {
    let [width, height] = [32, 0].map(|shift| {
        #[expect(clippy::cast_possible_truncation, reason = "one half")]
        f32::from_bits((packed >> shift) as u32)
    });
    (width, height)
}

impl PersistentField<'_, (f32, f32)> for WindowSize {
    fn set(&self, size: (f32, f32)) {
        self.remember(size);
    }

    fn map<F: Fn(&(f32, f32)) -> R, R>(&self, look: F) -> R {
        look(&self.size())
    }
}
