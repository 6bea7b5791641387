//! The sound cards and MIDI ports of this machine, by name.

use anyhow::{Result, bail};
use cpal::traits::{DeviceTrait, HostTrait};
use std::fmt;

/// Our name where other programs see it.
const CLIENT: &str = "segue (looking)";
/// The system's own loop, which no keyboard is.
const LOOP: &str = "Midi Through";

/// Who has a MIDI port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// The system itself.
    Direct,
    /// A JACK server.
    Jack,
}

/// A MIDI port from which notes come or to which they go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// Who has it.
    pub system: System,
    /// Notes come from it.
    pub is_input: bool,
    /// In full.
    pub name: String,
}

impl Port {
    /// The option with which the framework's standalone connects it.
    pub const fn option(&self) -> &'static str {
        match (self.system, self.is_input) {
            (System::Direct, true) => "midi-input",
            (System::Direct, false) => "midi-output",
            (System::Jack, true) => "connect-jack-midi-input",
            (System::Jack, false) => "connect-jack-midi-output",
        }
    }
}

/// All there is.
#[derive(Debug, Default)]
pub struct Ports {
    /// Sound cards, each with the system that has it.
    pub cards: Vec<(String, String)>,
    /// MIDI ports.
    pub midi: Vec<Port>,
    /// A JACK server runs.
    pub has_jack: bool,
}

impl Ports {
    /// Looks. What cannot be asked has nothing.
    pub fn find() -> Self {
        let mut ports = Self::default();
        ports.find_cards();
        ports.find_midi();
        ports.find_jack();
        ports
    }

    fn find_cards(&mut self) {
        for id in cpal::available_hosts() {
            let Ok(host) = cpal::host_from_id(id) else { continue };
            let Ok(devices) = host.output_devices() else { continue };
            let names = devices.filter_map(|device| Some(device.description().ok()?.name().to_owned()));
            self.cards.extend(names.map(|name| (id.to_string(), name)));
        }
        self.cards.dedup();
    }

    fn find_midi(&mut self) {
        let system = System::Direct;
        if let Ok(midi) = midir::MidiInput::new(CLIENT) {
            let names = midi.ports().into_iter().filter_map(|port| midi.port_name(&port).ok());
            self.midi.extend(names.map(|name| Port { system, is_input: true, name }));
        }
        if let Ok(midi) = midir::MidiOutput::new(CLIENT) {
            let names = midi.ports().into_iter().filter_map(|port| midi.port_name(&port).ok());
            self.midi.extend(names.map(|name| Port { system, is_input: false, name }));
        }
    }

    fn find_jack(&mut self) {
        let Ok((client, _)) = jack::Client::new(CLIENT, jack::ClientOptions::NO_START_SERVER) else { return };
        self.has_jack = true;
        let system = System::Jack;
        // What others put out is our input.
        for (flag, is_input) in [(jack::PortFlags::IS_OUTPUT, true), (jack::PortFlags::IS_INPUT, false)] {
            let names = client.ports(None, Some("midi"), flag);
            self.midi.extend(names.into_iter().map(|name| Port { system, is_input, name }));
        }
    }

    /// Where notes come from, by a name or a part of it.
    ///
    /// # Errors
    /// When there is none, or there are several.
    pub fn input(&self, name: &str) -> Result<Port> {
        self.called(name, true)
    }

    /// Where notes go, by a name or a part of it.
    ///
    /// # Errors
    /// When there is none, or there are several.
    pub fn output(&self, name: &str) -> Result<Port> {
        self.called(name, false)
    }

    /// The first port that may be a keyboard: of the JACK server, if there is one, since that is what then plays.
    pub fn first_keyboard(&self) -> Option<Port> {
        let system = if self.has_jack { System::Jack } else { System::Direct };
        let may_be = |port: &&Port| port.is_input && port.system == system && !port.name.contains(LOOP);
        self.midi.iter().find(may_be).cloned()
    }

    fn called(&self, name: &str, is_input: bool) -> Result<Port> {
        let all: Vec<&Port> = self.midi.iter().filter(|port| port.is_input == is_input).collect();
        if let Some(exact) = all.iter().find(|port| port.name == name) {
            return Ok((*exact).clone());
        }
        let near: Vec<&&Port> =
            all.iter().filter(|port| port.name.to_lowercase().contains(&name.to_lowercase())).collect();
        let names = |ports: &[&Port]| ports.iter().map(|port| port.name.as_str()).collect::<Vec<_>>().join(", ");
        match near.as_slice() {
            [one] => Ok((**one).clone()),
            [] if all.is_empty() => bail!("no MIDI port is called {name}; there is none at all, is it switched on?"),
            [] => bail!("no MIDI port is called {name}; there are {}", names(&all)),
            several => {
                let several: Vec<&Port> = several.iter().map(|port| **port).collect();
                bail!("{name} could be {}; say more of its name", names(&several))
            }
        }
    }
}

impl fmt::Display for Ports {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |out: &mut fmt::Formatter<'_>, heading: &str, lines: &[String]| {
            writeln!(out, "{heading}")?;
            if lines.is_empty() {
                writeln!(out, "  none")?;
            }
            lines.iter().try_for_each(|line| writeln!(out, "  {line}"))
        };
        let cards: Vec<String> = self.cards.iter().map(|(system, name)| format!("{name} ({system})")).collect();
        let midi = |is_input| -> Vec<String> {
            let ports = self.midi.iter().filter(|port| port.is_input == is_input);
            let jack = |port: &Port| if port.system == System::Jack { " (JACK)" } else { "" };
            ports.map(|port| format!("{}{}", port.name, jack(port))).collect()
        };
        list(out, "Sound cards, for --output-device:", &cards)?;
        list(out, "MIDI in, for --midi-input:", &midi(true))?;
        list(out, "MIDI out, for --midi-output:", &midi(false))?;
        let jack =
            if self.has_jack { "a server runs; it is used unless --backend says otherwise" } else { "no server runs" };
        writeln!(out, "JACK: {jack}")
    }
}
