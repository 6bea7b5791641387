//! The system's own MIDI ports, beside a sound card.
//!
//! Messages cross to and from the audio thread through two bounded queues. The audio thread never waits for them: what
//! finds no room is left out.

use super::midi::{MOST, MidiBlock, ShortMessage};
use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};
use midir::{MidiInput, MidiInputConnection, MidiOutput, MidiOutputConnection};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Thread};
use std::time::Duration;

/// The name that other programs see.
const CLIENT: &str = "Segue";
/// How long the sending thread sleeps if nobody wakes it.
const REST: Duration = Duration::from_millis(200);

type Outputs = Arc<Mutex<BTreeMap<String, MidiOutputConnection>>>;

/// The connections. Dropping them closes the ports.
pub struct DirectMidi {
    inputs: BTreeMap<String, MidiInputConnection<()>>,
    outputs: Outputs,
    from_keyboards: Sender<ShortMessage>,
}

/// The audio thread's end of the queues.
pub struct MidiQueues {
    from_keyboards: Receiver<ShortMessage>,
    to_outputs: Sender<ShortMessage>,
    sender: Thread,
}

impl DirectMidi {
    /// No connections yet, and the audio thread's end.
    pub fn new() -> (Self, MidiQueues) {
        let (from_keyboards, heard) = bounded(MOST);
        let (to_outputs, to_send) = bounded::<ShortMessage>(MOST);
        let outputs = Outputs::default();
        let shared = Arc::clone(&outputs);
        // Ends when the audio thread's end is gone.
        let sender = thread::spawn(move || {
            loop {
                match to_send.try_recv() {
                    Ok(message) => {
                        let mut outputs = shared.lock().unwrap_or_else(PoisonError::into_inner);
                        for output in outputs.values_mut() {
                            // A port that has gone is noticed when the ports are looked for.
                            let _ = output.send(message.bytes());
                        }
                    }
                    Err(TryRecvError::Empty) => thread::park_timeout(REST),
                    Err(TryRecvError::Disconnected) => return,
                }
            }
        });
        let audio = MidiQueues { from_keyboards: heard, to_outputs, sender: sender.thread().clone() };
        (Self { inputs: BTreeMap::new(), outputs, from_keyboards }, audio)
    }

    /// Connects these ports and no others.
    pub fn connect(&mut self, inputs: &[String], outputs: &[String]) {
        self.inputs.retain(|name, _| inputs.contains(name));
        for name in inputs {
            if !self.inputs.contains_key(name)
                && let Some(connection) = open_input(name, self.from_keyboards.clone())
            {
                self.inputs.insert(name.clone(), connection);
            }
        }
        let mut connected = self.outputs.lock().unwrap_or_else(PoisonError::into_inner);
        connected.retain(|name, _| outputs.contains(name));
        for name in outputs {
            if !connected.contains_key(name)
                && let Some(connection) = open_output(name)
            {
                connected.insert(name.clone(), connection);
            }
        }
    }
}

fn open_input(name: &str, to: Sender<ShortMessage>) -> Option<MidiInputConnection<()>> {
    let midi = MidiInput::new(CLIENT).ok()?;
    let port = midi.ports().into_iter().find(|port| midi.port_name(port).is_ok_and(|other| other == name))?;
    let hear = move |_: u64, bytes: &[u8], (): &mut ()| {
        if let Some(message) = ShortMessage::new(bytes) {
            // Full only if no audio thread plays.
            let _ = to.try_send(message);
        }
    };
    midi.connect(&port, "keyboard", hear, ()).ok()
}

fn open_output(name: &str) -> Option<MidiOutputConnection> {
    let midi = MidiOutput::new(CLIENT).ok()?;
    let port = midi.ports().into_iter().find(|port| midi.port_name(port).is_ok_and(|other| other == name))?;
    midi.connect(&port, "notes").ok()
}

impl MidiQueues {
    /// Fills the block with what the keyboards have sent since the one before.
    pub fn receive(&self, block: &mut MidiBlock) {
        block.clear();
        for message in self.from_keyboards.try_iter() {
            block.hear(0, message.bytes());
        }
    }

    /// Passes on what the block has for other instruments.
    pub fn send(&self, block: &MidiBlock) {
        let mut has_sent = false;
        for (_, message) in block.sent() {
            has_sent |= self.to_outputs.try_send(message).is_ok();
        }
        if has_sent {
            self.sender.unpark();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a keyboard sends between two blocks is in the next one, in order, and in no later one.
    #[test]
    fn what_keyboards_send_is_in_the_next_block() {
        let (midi, audio) = DirectMidi::new();
        let mut block = MidiBlock::new(48_000.0);
        let play = |keys: &[u8]| {
            for key in keys {
                midi.from_keyboards.send(ShortMessage::new(&[0x90, *key, 99]).unwrap()).unwrap();
            }
        };
        let heard = |block: &mut MidiBlock| {
            use nice_plug::prelude::ProcessContext;
            std::iter::from_fn(|| block.next_event()).count()
        };
        play(&[60, 64]);
        audio.receive(&mut block);
        assert_eq!(heard(&mut block), 2);
        play(&[67]);
        audio.receive(&mut block);
        // Nobody has read that block, and it is over.
        audio.receive(&mut block);
        assert_eq!(heard(&mut block), 0);
        assert_eq!(ShortMessage::new(&[0; 4]), None, "system messages are longer");
    }
}
