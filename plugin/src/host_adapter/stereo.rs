//! A buffer of `nice-plug`'s around two channels, for programs that call the plugin without its wrappers.

#![allow(unsafe_code, reason = "nice-plug fills a buffer through an unsafe function only")]

use nice_plug::prelude::Buffer;

/// Calls `play` with a buffer of these two channels, as long as the shorter one.
pub fn with_stereo<R>(left: &mut [f32], right: &mut [f32], play: impl FnOnce(&mut Buffer) -> R) -> R {
    let frames = left.len().min(right.len());
    let (left, _) = left.split_at_mut(frames);
    let (right, _) = right.split_at_mut(frames);
    let mut buffer = Buffer::default();
    // SAFETY: both channels have this many frames and stay borrowed until the buffer is dropped.
    unsafe { buffer.set_slices(frames, |slices| *slices = vec![left, right]) };
    play(&mut buffer)
}
