//! Which devices the musician wants, and which of those that are there are used.

use super::devices::{Port, Ports, System};
use serde::{Deserialize, Serialize};

/// What makes the sound.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SoundChoice {
    /// A running JACK server, or else the system's usual card.
    #[default]
    Automatic,
    /// A JACK server.
    Jack,
    /// The system's usual card.
    Usual,
    /// The card of this name.
    Card(String),
    /// Nothing.
    Silent,
}

/// The devices that the musician has chosen.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DeviceChoice {
    /// The MIDI inputs by name; `None` for the first keyboard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub midi_inputs: Option<Vec<String>>,
    /// The MIDI outputs by name.
    pub midi_outputs: Vec<String>,
    /// What makes the sound. The last, because a table must come after all values of a TOML file.
    pub sound: SoundChoice,
}

/// What makes the sound now, or should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SoundTarget {
    /// A JACK server.
    Jack,
    /// The card of this name, or the usual one.
    Card(Option<String>),
    /// Nothing, because there is nothing or because it was chosen.
    Silence,
}

impl SoundTarget {
    /// The system that it belongs to.
    pub const fn system(&self) -> System {
        match self {
            Self::Jack => System::Jack,
            Self::Card(_) => System::Direct,
            Self::Silence => System::Nothing,
        }
    }
}

impl DeviceChoice {
    /// What should make the sound, of what is there. What plays goes on, as long as no other one is chosen: a card that
    /// plays may not answer when the cards are looked for, and the caller notices when it has gone.
    pub fn target(&self, ports: &Ports, now: &SoundTarget) -> SoundTarget {
        let goes_on = match now {
            SoundTarget::Jack => matches!(self.sound, SoundChoice::Automatic | SoundChoice::Jack),
            SoundTarget::Card(None) => matches!(self.sound, SoundChoice::Automatic | SoundChoice::Usual),
            SoundTarget::Card(Some(name)) => self.sound == SoundChoice::Card(name.clone()),
            SoundTarget::Silence => false,
        };
        match &self.sound {
            _ if goes_on => now.clone(),
            SoundChoice::Automatic | SoundChoice::Jack if ports.jack.is_some() => SoundTarget::Jack,
            SoundChoice::Automatic | SoundChoice::Usual if ports.has_usual_card => SoundTarget::Card(None),
            SoundChoice::Card(name) if ports.cards.iter().any(|card| card.name == *name) => {
                SoundTarget::Card(Some(name.clone()))
            }
            _ => SoundTarget::Silence,
        }
    }

    /// The MIDI inputs to connect, of those that are there. The first keyboard stays as long as it is there.
    pub fn inputs<'a>(&self, ports: &'a Ports, system: System, now: &[String]) -> Vec<&'a Port> {
        let mut inputs = ports.of(system, true);
        let Some(names) = &self.midi_inputs else {
            let connected = inputs.iter().find(|port| now.contains(&port.name)).copied();
            return connected.or_else(|| ports.first_keyboard(system)).into_iter().collect();
        };
        inputs.retain(|port| names.contains(&port.lasting_name()));
        inputs
    }

    /// The MIDI outputs to connect, of those that are there.
    pub fn outputs<'a>(&self, ports: &'a Ports, system: System) -> Vec<&'a Port> {
        let mut outputs = ports.of(system, false);
        outputs.retain(|port| self.midi_outputs.contains(&port.lasting_name()));
        outputs
    }
}

#[cfg(test)]
mod tests {
    use super::super::devices::{Card, Server};
    use super::*;

    fn port(name: &str) -> Port {
        Port { system: System::Direct, is_input: true, name: name.to_owned(), other_names: Vec::new() }
    }

    /// What is plugged in or started later is used, and what was chosen by name is waited for.
    #[test]
    fn the_sound_follows_what_is_there() {
        let jack = Some(Server { sample_rate: 48_000, period_size: 256 });
        let cards = |names: &[&str]| {
            names.iter().map(|name| Card { system: "alsa".into(), name: (*name).into() }).collect::<Vec<_>>()
        };
        let bare = Ports::default();
        let card = Ports { has_usual_card: true, cards: cards(&["Scarlett"]), ..Ports::default() };
        let both = Ports { jack, has_usual_card: true, cards: cards(&["Scarlett"]), ..Ports::default() };
        let server = Ports { jack, ..Ports::default() };
        let named = SoundChoice::Card("Scarlett".to_owned());
        let scarlett = SoundTarget::Card(Some("Scarlett".to_owned()));
        for (choice, ports, now, then) in [
            (&SoundChoice::Automatic, &both, SoundTarget::Silence, SoundTarget::Jack),
            (&SoundChoice::Automatic, &card, SoundTarget::Silence, SoundTarget::Card(None)),
            (&SoundChoice::Automatic, &both, SoundTarget::Card(None), SoundTarget::Card(None)),
            (&SoundChoice::Automatic, &server, SoundTarget::Silence, SoundTarget::Jack),
            (&SoundChoice::Automatic, &bare, SoundTarget::Silence, SoundTarget::Silence),
            (&SoundChoice::Jack, &card, SoundTarget::Silence, SoundTarget::Silence),
            (&SoundChoice::Jack, &both, SoundTarget::Silence, SoundTarget::Jack),
            (&SoundChoice::Usual, &both, SoundTarget::Jack, SoundTarget::Card(None)),
            (&named, &both, SoundTarget::Jack, scarlett.clone()),
            (&named, &bare, scarlett.clone(), scarlett),
            (&named, &server, SoundTarget::Silence, SoundTarget::Silence),
            (&SoundChoice::Silent, &both, SoundTarget::Jack, SoundTarget::Silence),
        ] {
            let choice = DeviceChoice { sound: choice.clone(), ..DeviceChoice::default() };
            assert_eq!(choice.target(ports, &now), then, "{choice:?} of {ports:?}, now {now:?}");
        }
    }

    /// The first keyboard stays although another one comes before it in the list, and another one follows it; chosen
    /// ones are taken as they come.
    #[test]
    fn keyboards_that_are_plugged_in_later_are_taken() {
        let automatic = DeviceChoice::default();
        let chosen =
            DeviceChoice { midi_inputs: Some(vec!["Grand".to_owned(), "Organ".to_owned()]), ..DeviceChoice::default() };
        let names = |choice: &DeviceChoice, there: &[&str], now: &[&str]| {
            let ports = Ports { midi: there.iter().map(|name| port(name)).collect(), ..Ports::default() };
            let now: Vec<String> = now.iter().map(|name| (*name).to_owned()).collect();
            let inputs = choice.inputs(&ports, System::Direct, &now);
            inputs.into_iter().map(|port| port.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(names(&automatic, &["Midi Through", "Grand"], &[]), ["Grand"]);
        assert_eq!(names(&automatic, &["segue-01:midi_output", "Segue:notes", "Grand"], &[]), ["Grand"]);
        assert_eq!(names(&automatic, &["Drums", "Grand"], &["Grand"]), ["Grand"]);
        assert_eq!(names(&automatic, &["Drums"], &["Grand"]), ["Drums"]);
        assert_eq!(names(&automatic, &["Midi Through"], &[]), [""; 0]);
        assert_eq!(names(&chosen, &["Drums", "Grand"], &[]), ["Grand"]);
        assert_eq!(names(&chosen, &["Organ", "Grand"], &["Grand"]), ["Organ", "Grand"]);
    }
}
