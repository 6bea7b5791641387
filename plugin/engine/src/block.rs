//! One block while the performer walks it: the present frame, the host, and the port to the worker.
//!
//! Knows neither notes nor turns.

use crate::input::held_notes::HELD;
use crate::link::WorkerPort;
use crate::time::now::Now;

/// Free places in the link that heard notes leave for what must not be lost: the ends of held notes come on top.
pub const RESERVE: usize = 16;

/// A block while it is walked, with the host and the worker.
pub struct BlockContext<'a, H, P> {
    /// Where in it we are.
    pub now: Now<'a>,
    /// What the host says and is told.
    pub host: &'a mut H,
    /// The way to the worker.
    pub port: &'a mut P,
}

impl<H, P: WorkerPort> BlockContext<'_, H, P> {
    /// In an offline rendering no command is lost because the worker is behind.
    pub fn make_room_offline(&mut self) {
        if self.now.block.offline && self.port.free_slots() <= 2 * HELD + RESERVE {
            self.port.make_room_offline();
        }
    }
}
