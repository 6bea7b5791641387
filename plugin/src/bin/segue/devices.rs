//! The sound cards and MIDI ports of this machine by name, and which of them work together.

use anyhow::{Result, bail};
use cpal::traits::{DeviceTrait, HostTrait};
use std::fmt;

/// The name under which other programs see us while we look.
const CLIENT: &str = "segue (looking)";
/// How the names of ports of Segue begin: its own are no devices, and those of another Segue no keyboards.
const SEGUES: [&str; 2] = ["segue", "Segue"];
/// The system's own loop-back port, which is not a keyboard.
const LOOP: &str = "Midi Through";
/// The system's own backend, as nice-plug calls it.
pub const SYSTEMS_OWN: &str = if cfg!(target_os = "macos") {
    "core-audio"
} else if cfg!(windows) {
    "wasapi"
} else {
    "alsa"
};

/// The system that owns a MIDI port or makes the sound. Ports of one system do not reach the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// The operating system itself.
    Direct,
    /// A JACK server.
    Jack,
    /// None, to look at the window only.
    Nothing,
}

impl fmt::Display for System {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Jack => "JACK",
            Self::Nothing => "nobody",
            Self::Direct => match SYSTEMS_OWN {
                "core-audio" => "CoreAudio",
                "wasapi" => "Windows",
                _ => "ALSA",
            },
        })
    }
}

/// Something that is chosen by its name.
trait Named: fmt::Display {
    /// What kind of thing it is, for messages.
    const KIND: &'static str;

    /// All its names.
    fn names(&self) -> Vec<&str>;
}

/// A MIDI input or output port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// The system that owns it.
    pub system: System,
    /// Whether notes come from it.
    pub is_input: bool,
    /// The full name, as the system knows it.
    pub name: String,
    /// Its other names: JACK numbers the ports of keyboards and has their names only here.
    pub other_names: Vec<String>,
}

impl Port {
    /// The name by which it is found again, even if the system has given it another number.
    pub fn lasting_name(&self) -> String {
        self.other_names.last().unwrap_or(&self.name).clone()
    }

    /// The name to show: without the technical ends that JACK and ALSA add.
    pub fn shown_name(&self) -> String {
        let name = self.lasting_name();
        let name = name.split_once("/midi_").map_or(name.as_str(), |(device, _)| device);
        name.strip_prefix("alsa_pcm:").unwrap_or(name).to_owned()
    }

    fn is_segues(&self) -> bool {
        SEGUES.iter().any(|name| self.name.starts_with(name))
    }

    fn is_loop(&self) -> bool {
        self.names().iter().any(|name| name.contains(LOOP))
    }
}

impl Named for Port {
    const KIND: &'static str = "MIDI port";

    fn names(&self) -> Vec<&str> {
        [&self.name].into_iter().chain(&self.other_names).map(String::as_str).collect()
    }
}

impl fmt::Display for Port {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.name)?;
        self.other_names.iter().try_for_each(|name| write!(out, " = {name}"))
    }
}

/// A sound card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// The system that owns it, in that system's own words.
    pub system: String,
    /// The full name.
    pub name: String,
}

impl Named for Card {
    const KIND: &'static str = "sound card";

    fn names(&self) -> Vec<&str> {
        vec![&self.name]
    }
}

impl fmt::Display for Card {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.name)
    }
}

/// A running JACK server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Server {
    /// Samples per second.
    pub sample_rate: u32,
    /// Samples per period.
    pub period_size: u32,
}

/// The sound cards, MIDI ports and JACK server of this machine.
#[derive(Debug, Default)]
pub struct Ports {
    /// The sound cards.
    pub cards: Vec<Card>,
    /// Whether there is a default card.
    pub has_usual_card: bool,
    /// The MIDI ports.
    pub midi: Vec<Port>,
    /// The JACK server, if one runs.
    pub jack: Option<Server>,
}

impl Ports {
    /// Finds them. A system that cannot be asked counts as having none.
    pub fn find() -> Self {
        let mut ports = Self::default();
        #[cfg(target_os = "linux")]
        hush_alsa();
        // Without the library on this machine, everything of JACK's but making a client panics.
        if jack::jack_sys::library().is_ok() {
            jack::set_logger(jack::LoggerType::None);
        }
        ports.find_cards();
        ports.find_midi();
        ports.find_jack();
        ports
    }

    /// Finds the sound cards.
    pub fn find_cards(&mut self) {
        // ALSA names a default card even where there is none, so it is asked for what it can do.
        let usual = cpal::default_host().default_output_device();
        self.has_usual_card = usual.is_some_and(|card| card.default_output_config().is_ok());
        for id in cpal::available_hosts() {
            let Ok(host) = cpal::host_from_id(id) else { continue };
            let Ok(devices) = host.output_devices() else { continue };
            let names = devices.filter_map(|device| Some(device.description().ok()?.name().to_owned()));
            self.cards.extend(names.map(|name| Card { system: id.to_string(), name }));
        }
        self.cards.dedup();
    }

    /// Finds the system's own MIDI ports.
    pub fn find_midi(&mut self) {
        let port = |is_input, name| Port { system: System::Direct, is_input, name, other_names: Vec::new() };
        if let Ok(midi) = midir::MidiInput::new(CLIENT) {
            let names = midi.ports().into_iter().filter_map(|port| midi.port_name(&port).ok());
            self.midi.extend(names.map(|name| port(true, name)));
        }
        if let Ok(midi) = midir::MidiOutput::new(CLIENT) {
            let names = midi.ports().into_iter().filter_map(|port| midi.port_name(&port).ok());
            self.midi.extend(names.map(|name| port(false, name)));
        }
        self.midi.retain(|port| !port.is_segues());
    }

    /// Finds the JACK server and its MIDI ports.
    pub fn find_jack(&mut self) {
        let looking = jack::Client::new(CLIENT, jack::ClientOptions::NO_START_SERVER);
        self.jack = None;
        if let Ok((client, _)) = looking {
            self.find_jack_ports(&client);
        }
    }

    /// Finds the MIDI ports of the JACK server that this client belongs to.
    pub fn find_jack_ports(&mut self, client: &jack::Client) {
        use jack::PortFlags;
        self.jack = Some(Server { sample_rate: client.sample_rate(), period_size: client.buffer_size() });
        let port = |is_input, name: String| {
            let port = client.port_by_name(&name);
            let other_names = port.and_then(|port| port.aliases().ok()).unwrap_or_default();
            Port { system: System::Jack, is_input, name, other_names }
        };
        // The outputs of others are inputs for us.
        for (flag, is_input) in [(PortFlags::IS_OUTPUT, true), (PortFlags::IS_INPUT, false)] {
            // Hardware ports come first, because they are more likely to be keyboards.
            let hardware = client.ports(None, Some("midi"), flag | PortFlags::IS_PHYSICAL);
            let all = client.ports(None, Some("midi"), flag);
            let others = all.into_iter().filter(|name| !hardware.contains(name)).collect::<Vec<_>>();
            self.midi.extend(hardware.iter().cloned().chain(others).map(|name| port(is_input, name)));
        }
        let ours = format!("{}:", client.name());
        self.midi.retain(|port| !port.name.starts_with(&ours));
    }

    /// The sound card with this name, or with this part of its name.
    ///
    /// # Errors
    /// If there is none, or several.
    pub fn card(&self, name: &str) -> Result<&Card> {
        // JACK is not a card, although a library may list it as one.
        called(&self.cards.iter().collect::<Vec<_>>(), name)
    }

    /// The MIDI input with this name, or this part of its name, in the system that makes the sound.
    ///
    /// # Errors
    /// If there is none, or several.
    pub fn input(&self, system: System, name: &str) -> Result<&Port> {
        self.port(system, name, true)
    }

    /// The MIDI output with this name, or this part of its name, in the system that makes the sound.
    ///
    /// # Errors
    /// If there is none, or several.
    pub fn output(&self, system: System, name: &str) -> Result<&Port> {
        self.port(system, name, false)
    }

    /// The first port that may be a keyboard.
    pub fn first_keyboard(&self, system: System) -> Option<&Port> {
        self.of(system, true).into_iter().find(|port| !port.is_loop() && !port.is_segues())
    }

    /// The ports of a system in one direction.
    pub fn of(&self, system: System, is_input: bool) -> Vec<&Port> {
        self.midi.iter().filter(|port| port.is_input == is_input && port.system == system).collect()
    }

    fn port(&self, system: System, name: &str, is_input: bool) -> Result<&Port> {
        let (elsewhere, remedy) = match system {
            System::Nothing => bail!("without sound there is no MIDI either; leave --backend dummy out"),
            System::Jack if cfg!(target_os = "linux") => {
                (System::Direct, "`a2jmidid -e` brings it to JACK, and `--backend alsa` does without JACK".to_owned())
            }
            System::Jack => (System::Direct, format!("`--backend {SYSTEMS_OWN}` does without JACK")),
            System::Direct => (System::Jack, "leave --backend and --output-device out to play with JACK".to_owned()),
        };
        called(&self.of(system, is_input), name).or_else(|error| match called(&self.of(elsewhere, is_input), name) {
            Ok(other) => {
                bail!(
                    "{other} is a port of {elsewhere}, which does not reach {system}, where the sound is made; {remedy}"
                )
            }
            Err(_) => Err(error),
        })
    }
}

/// The item with exactly this name, or the only item whose name contains it. Case does not matter.
fn called<'a, T: Named>(all: &[&'a T], name: &str) -> Result<&'a T> {
    let kind = T::KIND;
    if let Some(exact) = all.iter().find(|thing| thing.names().contains(&name)) {
        return Ok(exact);
    }
    let part = name.to_lowercase();
    let is_near = |thing: &&&T| thing.names().iter().any(|name| name.to_lowercase().contains(&part));
    let near: Vec<&T> = all.iter().filter(is_near).copied().collect();
    let list = |things: &[&T]| things.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match near.as_slice() {
        [one] => Ok(one),
        [] if all.is_empty() => bail!("no {kind} is called {name}; there is none at all, is it switched on?"),
        [] => bail!("no {kind} is called {name}; there are {}", list(all)),
        several => bail!("{name} could be {}; say more of its name", list(several)),
    }
}

/// Stops ALSA from writing to the terminal what it did not find. We list the devices that exist, and report missing
/// ones in our own words.
#[cfg(target_os = "linux")]
fn hush_alsa() {
    // If this fails, the output is merely less tidy.
    let _ = alsa::Output::local_error_handler();
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
        let cards: Vec<String> = self.cards.iter().map(|card| format!("{card} ({})", card.system)).collect();
        let midi = |is_input| -> Vec<String> {
            let ports = self.midi.iter().filter(|port| port.is_input == is_input);
            ports.map(|port| format!("{port} ({})", port.system)).collect()
        };
        list(out, "Sound cards, for --output-device:", &cards)?;
        list(out, "MIDI in, for --midi-input:", &midi(true))?;
        list(out, "MIDI out, for --midi-output:", &midi(false))?;
        match self.jack {
            Some(Server { sample_rate, period_size }) => writeln!(
                out,
                "JACK: a server runs, with {sample_rate} samples a second and {period_size} at a time; it makes the \
                 sound unless --backend or --output-device says otherwise"
            ),
            None => writeln!(out, "JACK: no server runs"),
        }
    }
}
