//! One block while the performer walks it: the present frame, the host, and the port to the worker.
//!
//! Knows neither notes nor turns.

use crate::link::WorkerPort;
use crate::time::now::Now;

/// Places in the link that heard notes leave free for commands that must not be lost. Places for the ends of held notes
/// are kept on top of these.
pub const RESERVE: usize = 16;

/// The present block, with the host and the port to the worker.
pub struct BlockContext<'a, H, P> {
    /// The present frame of the block.
    pub now: Now<'a>,
    /// The host's events and outputs.
    pub host: &'a mut H,
    /// The port to the worker.
    pub port: &'a mut P,
}

impl<H, P: WorkerPort> BlockContext<'_, H, P> {
    /// Offline, waits for room in the link, so that no command is lost or overtaken because the worker is behind.
    pub fn make_room_offline(&mut self) {
        if self.now.block.offline && !self.port.has_room() {
            self.port.make_room_offline();
        }
    }
}
