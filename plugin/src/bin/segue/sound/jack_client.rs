//! Segue as a client of a JACK server.

use super::block_player::{BlockCount, BlockPlayer};
use crate::instrument::SharedInstrument;
use anyhow::{Context, Result};
use jack::{AsyncClient, AudioOut, Client, ClientOptions, Control, MidiIn, MidiOut, Port, PortFlags, ProcessScope};
use jack::{ProcessHandler, RawMidi};
use std::collections::BTreeSet;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

/// A server that hangs must not hang the program.
const PATIENCE: Duration = Duration::from_secs(2);
/// JACK's name for its audio ports.
const AUDIO: &str = "audio";

/// An active client; dropping it ends it.
pub struct JackClient {
    /// `None` only while it is being dropped.
    client: Option<AsyncClient<(), JackPlayer>>,
    /// Our ports, by their full names.
    midi_input: String,
    midi_output: String,
    /// The ports of others that we connected, as pairs of source and destination.
    connected: BTreeSet<(String, String)>,
}

struct JackPlayer {
    player: BlockPlayer,
    sound: [Port<AudioOut>; 2],
    midi_input: Port<MidiIn>,
    midi_output: Port<MidiOut>,
}

impl ProcessHandler for JackPlayer {
    fn process(&mut self, _: &Client, scope: &ProcessScope) -> Control {
        let midi = &mut self.player.midi;
        midi.clear();
        for message in self.midi_input.iter(scope) {
            midi.hear(message.time, message.bytes);
        }
        let [left, right] = &mut self.sound;
        self.player.play(left.as_mut_slice(scope), right.as_mut_slice(scope));
        let mut writer = self.midi_output.writer(scope);
        for (time, message) in self.player.midi.sent() {
            // A full buffer of JACK's loses the message, and nobody could be told in time.
            let _ = writer.write(&RawMidi { time, bytes: message.bytes() });
        }
        Control::Continue
    }
}

impl JackClient {
    /// Plays the instrument over JACK, on the server's first two outputs.
    ///
    /// # Errors
    /// If no server runs, or it refuses.
    pub fn start(instrument: &SharedInstrument, count: &BlockCount) -> Result<(Self, u32)> {
        let (client, _) = Client::new("segue", ClientOptions::NO_START_SERVER).context("no JACK server answers")?;
        let rate = client.sample_rate();
        #[expect(clippy::cast_precision_loss, reason = "a sample rate")]
        let sample_rate = rate as f32;
        let output = |name| client.register_port(name, AudioOut::default());
        let handler = JackPlayer {
            player: BlockPlayer::new(instrument.clone(), count.clone(), sample_rate),
            sound: [output("output_1")?, output("output_2")?],
            midi_input: client.register_port("midi_input", MidiIn::default())?,
            midi_output: client.register_port("midi_output", MidiOut::default())?,
        };
        let [left, right] = handler.sound.each_ref().map(Port::name);
        let (midi_input, midi_output) = (handler.midi_input.name()?, handler.midi_output.name()?);
        let sound = [left?, right?];
        instrument.start(sample_rate);
        let client = client.activate_async((), handler)?;
        // Ports can be connected only now.
        let speakers = client.as_client().ports(None, Some(AUDIO), PortFlags::IS_INPUT | PortFlags::IS_PHYSICAL);
        for (ours, theirs) in sound.iter().zip(&speakers) {
            // A server without outputs, such as one that only records, is no mistake.
            let _ = client.as_client().connect_ports_by_name(ours, theirs);
        }
        let connected = BTreeSet::new();
        Ok((Self { client: Some(client), midi_input, midi_output, connected }, rate))
    }

    /// Connects these ports of others, and disconnects those that it connected earlier and that are not among them.
    /// What the musician has connected elsewhere stays.
    pub fn connect(&mut self, inputs: &[String], outputs: &[String]) {
        let Some(client) = self.client.as_ref().map(AsyncClient::as_client) else { return };
        let sources = inputs.iter().map(|port| (port.clone(), self.midi_input.clone()));
        let destinations = outputs.iter().map(|port| (self.midi_output.clone(), port.clone()));
        let wanted: BTreeSet<(String, String)> = sources.chain(destinations).collect();
        for (from, to) in self.connected.difference(&wanted) {
            // Fails where the port is gone, and with it the connection.
            let _ = client.disconnect_ports_by_name(from, to);
        }
        for (from, to) in wanted.difference(&self.connected) {
            // Fails where the musician has connected them already.
            let _ = client.connect_ports_by_name(from, to);
        }
        self.connected = wanted;
    }

    /// JACK's client, to look for ports.
    pub fn client(&self) -> Option<&Client> {
        self.client.as_ref().map(AsyncClient::as_client)
    }
}

impl Drop for JackClient {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else { return };
        // With a server that has ended this may hang, so another thread does it.
        let (sender, ended) = channel::<()>();
        thread::spawn(move || {
            drop(client);
            drop(sender);
        });
        let _ = ended.recv_timeout(PATIENCE);
    }
}
