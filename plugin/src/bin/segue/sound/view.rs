//! What the window shows of the devices, and what a choice in it means.

use crate::choice::{DeviceChoice, SoundChoice, SoundTarget};
use crate::devices::{Port, Ports, System};
use segue::devices::{DeviceList, DeviceListKind, DeviceNote, DeviceRow, DevicesView};

const AUTOMATIC: &str = "Automatic";
const JACK: &str = "JACK";
const USUAL: &str = "The system's usual one";
const NONE: &str = "None";
const FIRST: &str = "First keyboard";

/// What is there and what is connected.
pub struct Facts<'a> {
    pub ports: &'a Ports,
    pub target: &'a SoundTarget,
    /// Samples per second.
    pub sample_rate: u32,
    pub inputs: &'a [Port],
    pub outputs: &'a [Port],
    /// Why the wanted device does not play.
    pub fault: Option<&'a str>,
    pub has_screen: bool,
}

/// What the window shows.
pub fn of(choice: &DeviceChoice, facts: &Facts<'_>) -> DevicesView {
    let warning = no_sound(choice, facts).map(DeviceNote::warning);
    let notes = warning.into_iter().chain([DeviceNote::hint(who_plays(choice, facts))]);
    DevicesView {
        notes: notes.collect(),
        lists: vec![sound(choice, facts), inputs(choice, facts), outputs(choice, facts)],
    }
}

/// Why nothing sounds, and what to do; `None` if something does.
fn no_sound(choice: &DeviceChoice, facts: &Facts<'_>) -> Option<String> {
    if *facts.target != SoundTarget::Silence {
        return None;
    }
    let why = match (&choice.sound, facts.fault) {
        (SoundChoice::Silent, _) => {
            "Nothing sounds, because no audio device is chosen. Choose one on Set up.".to_owned()
        }
        (_, Some(fault)) => format!("Nothing sounds: {fault}. Choose another audio device on Set up."),
        (SoundChoice::Jack, None) => {
            "Nothing sounds, because no JACK server runs. Start one: it is used at once.".to_owned()
        }
        (SoundChoice::Card(name), None) => {
            format!("Nothing sounds, because {name} is not connected. Plug it in, or choose another one on Set up.")
        }
        (SoundChoice::Automatic | SoundChoice::Usual, None) => {
            "Nothing sounds: there is no sound card and no JACK server. Plug one in or start it; it is used at once."
                .to_owned()
        }
    };
    Some(why)
}

/// Where notes come from.
fn who_plays(choice: &DeviceChoice, facts: &Facts<'_>) -> String {
    const KEYS: &str = "A to ' are white keys, the row above them black ones, Z and X change the octave";
    let heard: Vec<String> = facts.inputs.iter().map(Port::shown_name).collect();
    let heard = heard.join(", ");
    match (heard.is_empty(), facts.has_screen) {
        (false, true) => format!("Listening to {heard}; the computer's keys play too: {KEYS}."),
        (false, false) => format!("Listening to {heard}."),
        (true, true) => match choice.midi_inputs.as_deref() {
            Some([]) | None => format!("No MIDI keyboard is connected; the computer's keys play: {KEYS}."),
            Some(names) => format!("Waiting for {}; the computer's keys play: {KEYS}.", names.join(", ")),
        },
        (true, false) => match facts.target.system() {
            System::Jack => "No MIDI keyboard is connected; connect one to the JACK port segue:midi_input.".to_owned(),
            _ => "No MIDI keyboard is connected and there is no window, so nobody can play; plug one in, or start \
                  Segue on a screen."
                .to_owned(),
        },
    }
}

fn row(name: impl Into<String>, is_chosen: bool) -> DeviceRow {
    DeviceRow { name: name.into(), is_chosen }
}

fn sound(choice: &DeviceChoice, facts: &Facts<'_>) -> DeviceList {
    let Facts { ports, target, sample_rate, .. } = facts;
    let mut rows = vec![row(AUTOMATIC, choice.sound == SoundChoice::Automatic)];
    // Offered without a server too: while a card plays, servers are not looked for.
    rows.push(row(JACK, choice.sound == SoundChoice::Jack));
    if ports.has_usual_card || choice.sound == SoundChoice::Usual {
        rows.push(row(USUAL, choice.sound == SoundChoice::Usual));
    }
    let mut cards: Vec<&str> = ports.cards.iter().map(|card| card.name.as_str()).collect();
    if let SoundChoice::Card(name) = &choice.sound
        && !cards.contains(&name.as_str())
    {
        cards.push(name);
    }
    cards.dedup();
    let is_card = |name: &str| matches!(&choice.sound, SoundChoice::Card(chosen) if chosen == name);
    rows.extend(cards.into_iter().map(|name| row(name, is_card(name))));
    rows.push(row(NONE, choice.sound == SoundChoice::Silent));
    let shown = match target {
        SoundTarget::Jack => JACK.to_owned(),
        SoundTarget::Card(name) => name.clone().unwrap_or_else(|| "Usual sound card".to_owned()),
        SoundTarget::Silence => NONE.to_owned(),
    };
    let shown = if **target == SoundTarget::Silence { shown } else { format!("{shown}, {sample_rate} Hz") };
    DeviceList { kind: DeviceListKind::Audio, shown, rows }
}

fn inputs(choice: &DeviceChoice, facts: &Facts<'_>) -> DeviceList {
    let system = facts.target.system();
    let chosen = choice.midi_inputs.as_deref();
    let mut rows = vec![row(FIRST, chosen.is_none())];
    rows.extend(ports(facts.ports.of(system, true), chosen.unwrap_or_default()));
    rows.push(row(NONE, chosen.is_some_and(<[String]>::is_empty)));
    DeviceList { kind: DeviceListKind::MidiInput, shown: shown(facts.inputs), rows }
}

fn outputs(choice: &DeviceChoice, facts: &Facts<'_>) -> DeviceList {
    let mut rows = ports(facts.ports.of(facts.target.system(), false), &choice.midi_outputs);
    rows.push(row(NONE, choice.midi_outputs.is_empty()));
    DeviceList { kind: DeviceListKind::MidiOutput, shown: shown(facts.outputs), rows }
}

/// The ports that are there, and those that are chosen but are not.
fn ports(there: Vec<&Port>, chosen: &[String]) -> Vec<DeviceRow> {
    let names: Vec<String> = there.into_iter().map(Port::lasting_name).collect();
    let missing = chosen.iter().filter(|name| !names.contains(name)).cloned().collect::<Vec<_>>();
    names.into_iter().chain(missing).map(|name| row(name.clone(), chosen.contains(&name))).collect()
}

fn shown(connected: &[Port]) -> String {
    let names: Vec<String> = connected.iter().map(Port::shown_name).collect();
    if names.is_empty() { NONE.to_owned() } else { names.join(", ") }
}

/// Changes the choice as a click on a row of a list means it: of MIDI ports several may be chosen.
pub fn choose(choice: &mut DeviceChoice, list: DeviceListKind, name: &str) {
    match list {
        DeviceListKind::Audio => {
            choice.sound = match name {
                AUTOMATIC => SoundChoice::Automatic,
                JACK => SoundChoice::Jack,
                USUAL => SoundChoice::Usual,
                NONE => SoundChoice::Silent,
                card => SoundChoice::Card(card.to_owned()),
            }
        }
        DeviceListKind::MidiInput => match name {
            FIRST => choice.midi_inputs = None,
            NONE => choice.midi_inputs = Some(Vec::new()),
            port => switch(choice.midi_inputs.get_or_insert_default(), port),
        },
        DeviceListKind::MidiOutput if name == NONE => choice.midi_outputs.clear(),
        DeviceListKind::MidiOutput => switch(&mut choice.midi_outputs, name),
    }
}

fn switch(chosen: &mut Vec<String>, name: &str) {
    if chosen.iter().any(|other| other == name) {
        chosen.retain(|other| other != name);
    } else {
        chosen.push(name.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::devices::{Card, Server};

    fn machine() -> Ports {
        let port = |is_input, name: &str| Port {
            system: System::Jack,
            is_input,
            name: name.to_owned(),
            other_names: Vec::new(),
        };
        Ports {
            cards: vec![Card { system: "alsa".to_owned(), name: "Scarlett".to_owned() }],
            has_usual_card: true,
            midi: vec![port(true, "Grand"), port(true, "Drums"), port(false, "Synth")],
            jack: Some(Server { sample_rate: 48_000, period_size: 256 }),
        }
    }

    fn view(choice: &DeviceChoice, ports: &Ports, target: &SoundTarget, fault: Option<&str>) -> DevicesView {
        let (inputs, outputs) = (choice.inputs(ports, target.system(), &[]), choice.outputs(ports, target.system()));
        let [inputs, outputs] = [inputs, outputs].map(|ports| ports.into_iter().cloned().collect::<Vec<_>>());
        let (inputs, outputs) = (&inputs[..], &outputs[..]);
        of(choice, &Facts { ports, target, sample_rate: 48_000, inputs, outputs, fault, has_screen: true })
    }

    /// Each row of each list means one choice, which is then the chosen row; of MIDI ports several are.
    #[test]
    fn a_click_on_a_row_makes_it_the_chosen_one() {
        let (ports, mut choice) = (machine(), DeviceChoice::default());
        for list in view(&choice, &ports, &SoundTarget::Jack, None).lists {
            let rows = list.rows.into_iter().map(|row| row.name).collect::<Vec<_>>();
            assert!(rows.len() >= 2, "{rows:?}");
            for name in rows.iter().chain(&rows) {
                let before = choice.clone();
                choose(&mut choice, list.kind, name);
                let now = view(&choice, &ports, &SoundTarget::Jack, None).lists;
                let now = now.into_iter().find(|other| other.kind == list.kind).unwrap();
                let chosen: Vec<String> =
                    now.rows.into_iter().filter(|row| row.is_chosen).map(|row| row.name).collect();
                let is_port = matches!(name.as_str(), "Grand" | "Drums" | "Synth");
                assert!(is_port || chosen == [name.clone()], "{before:?}, {name}: {chosen:?}");
                assert!(!is_port || choice != before && chosen != [FIRST], "{before:?}, {name}: {chosen:?}");
            }
        }
        choose(&mut choice, DeviceListKind::MidiInput, "Drums");
        choose(&mut choice, DeviceListKind::MidiInput, "Grand");
        assert_eq!(choice.midi_inputs, Some(vec!["Drums".to_owned(), "Grand".to_owned()]));
    }

    /// Says what is missing and what to do, and names the keyboards that are heard.
    #[test]
    fn whatever_is_missing_is_said_with_a_remedy() {
        let sound = |sound| DeviceChoice { sound, ..DeviceChoice::default() };
        let card = SoundChoice::Card("Scarlett".to_owned());
        let waiting = DeviceChoice { midi_inputs: Some(vec!["Organ".to_owned()]), ..DeviceChoice::default() };
        for (choice, target, fault, words) in [
            (sound(SoundChoice::Automatic), SoundTarget::Silence, None, "no sound card and no JACK server"),
            (sound(SoundChoice::Automatic), SoundTarget::Silence, Some("it is busy"), "Nothing sounds: it is busy."),
            (sound(SoundChoice::Jack), SoundTarget::Silence, None, "no JACK server runs. Start one"),
            (sound(card), SoundTarget::Silence, None, "Scarlett is not connected"),
            (sound(SoundChoice::Silent), SoundTarget::Silence, None, "no audio device is chosen"),
            (sound(SoundChoice::Automatic), SoundTarget::Silence, None, "the computer's keys play"),
            (
                sound(SoundChoice::Automatic),
                SoundTarget::Jack,
                None,
                "Listening to Grand; the computer's keys play too",
            ),
            (waiting, SoundTarget::Jack, None, "Waiting for Organ; the computer's keys play"),
        ] {
            let notes = view(&choice, &machine(), &target, fault).notes;
            assert!(notes.iter().any(|note| note.text.contains(words)), "{words}: {notes:?}");
            assert_eq!(notes.iter().any(|note| note.is_warning), target == SoundTarget::Silence);
        }
    }
}
