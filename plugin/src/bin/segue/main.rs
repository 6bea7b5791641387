//! `segue`: Segue as a program of its own, with a sound card and a MIDI or computer keyboard, without a host.

#![deny(unsafe_code)]

mod choice;
mod devices;
mod instrument;
mod last_state;
mod shutdown;
mod sound;
mod standalone;
mod window;

use anyhow::{Context, Result, bail};
use choice::{DeviceChoice, SoundChoice, SoundTarget};
use clap::Parser;
use clap::builder::PossibleValuesParser;
use devices::{Ports, SYSTEMS_OWN, System};
use last_state::LastState;
use nice_plug::wrapper::standalone::nice_export_standalone_with_args;
use sound::{SILENT_BLOCK, StreamTiming};
use standalone::{STARTUP_OPTIONS, Standalone, StartupOptions};
use std::process::ExitCode;

#[expect(clippy::struct_excessive_bools, reason = "each is an option of the command line")]
#[derive(Debug, Parser)]
#[command(name = "segue", version, about = "Improvises with you, without a DAW", max_term_width = 100)]
struct Arguments {
    /// Lists sound cards and MIDI ports, and exits.
    #[arg(long)]
    list: bool,
    /// Prints the licences of Segue and of everything built into it, and exits.
    #[arg(long)]
    licenses: bool,
    /// The MIDI keyboard, by its name or a part of it. The default is what was chosen in the window, at first the first
    /// one that is found; the computer's keyboard plays too.
    #[arg(long, value_name = "NAME")]
    midi_input: Option<String>,
    /// The MIDI port for Segue's notes, by its name or a part of it. The default is what was chosen
    /// in the window, at first none.
    #[arg(long, value_name = "NAME")]
    midi_output: Option<String>,
    /// The sound card, by its name or a part of it. The default is what was chosen in the window, at first a running
    /// JACK server, or else the system's card.
    #[arg(long, value_name = "NAME")]
    output_device: Option<String>,
    /// Audio driver; auto is a running JACK server, or else the system's card, and dummy is silent.
    #[arg(long)]
    #[arg(value_parser = PossibleValuesParser::new(["auto", "jack", SYSTEMS_OWN, "dummy"]))]
    backend: Option<String>,
    /// Samples per second (JACK has its own setting).
    #[arg(long, default_value_t = 48_000, value_parser = clap::value_parser!(u32).range(8_000..=768_000))]
    sample_rate: u32,
    /// Samples per period: fewer respond faster, more avoid crackling (JACK has its own setting).
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u32).range(16..=8_192))]
    period_size: u32,
    /// Segue's tempo in beats per minute.
    #[arg(long)]
    tempo: Option<f64>,
    /// A click on the beats.
    #[arg(long)]
    click: bool,
    /// The preset to begin with.
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
    /// The style to begin with.
    #[arg(long, value_name = "NAME")]
    style: Option<String>,
    /// Begins with every setting at its default, as at the first start. What was remembered is kept in a file beside
    /// the new one.
    #[arg(long)]
    fresh: bool,
    /// The scale of the window, if the system does not report one.
    #[arg(long, default_value_t = 1.0)]
    dpi_scale: f64,
}

/// The licences of Segue and of everything built into it, and the sources of the music.
const LICENCES: [&str; 4] = [
    include_str!("../../../../LICENSE-MIT"),
    include_str!("../../../../LICENSE-APACHE"),
    include_str!("../../../THIRD-PARTY.txt"),
    include_str!("../../../../presets/CREDITS.md"),
];

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("segue: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode> {
    if arguments.licenses {
        for text in LICENCES {
            println!("{text}\n");
        }
        return Ok(ExitCode::SUCCESS);
    }
    let ports = Ports::find();
    if arguments.list {
        print!("{ports}");
        return Ok(ExitCode::SUCCESS);
    }
    let (preset, style) = (arguments.preset.as_deref(), arguments.style.as_deref());
    let options = StartupOptions::new(preset, style, arguments.tempo, arguments.dpi_scale)?;
    let last_state = LastState::of_user();
    if arguments.fresh
        && let Some(kept) = last_state.set_aside().context("--fresh: the settings of the last time cannot be moved")?
    {
        println!("The settings of the last time are kept as {}.", kept.display());
    }
    let devices = said(arguments, &ports, last_state.devices())?;
    let Arguments { click, sample_rate, period_size, .. } = *arguments;
    let timing = StreamTiming { sample_rate, period_size };
    let options = StartupOptions { last_state: Some(last_state), click, devices, timing, ..options };
    // Set once, before the first instance is created.
    let _ = STARTUP_OPTIONS.set(options);
    // nice-plug opens the window and moves the parameters; sound and MIDI are ours.
    let (frames, rate) = SILENT_BLOCK;
    let words = format!("segue --backend dummy --sample-rate {rate} --period-size {frames}");
    if nice_export_standalone_with_args::<Standalone, _>(words.split(' ').map(str::to_owned)) {
        return Ok(ExitCode::SUCCESS);
    }
    bail!("the window does not open; start segue on a screen, or from a terminal without one")
}

/// The devices that the command line names, over those that were chosen earlier.
fn said(arguments: &Arguments, ports: &Ports, before: DeviceChoice) -> Result<DeviceChoice> {
    let mut choice = before;
    if let Some(backend) = &arguments.backend {
        choice.sound = match backend.as_str() {
            "jack" => SoundChoice::Jack,
            "dummy" => SoundChoice::Silent,
            SYSTEMS_OWN => SoundChoice::Usual,
            _ => SoundChoice::Automatic,
        };
    }
    if let Some(name) = &arguments.output_device {
        let card = ports.card(name).with_context(|| format!("--output-device {name}"))?;
        choice.sound = SoundChoice::Card(card.name.clone());
    }
    let is_silent = choice.sound == SoundChoice::Silent;
    let system = match choice.target(ports, &SoundTarget::Silence).system() {
        // A keyboard is waited for, even where there is no sound yet.
        System::Nothing if !is_silent => System::Direct,
        system => system,
    };
    if let Some(name) = &arguments.midi_input {
        let port = ports.input(system, name).with_context(|| format!("--midi-input {name}"))?;
        choice.midi_inputs = Some(vec![port.lasting_name()]);
    }
    if let Some(name) = &arguments.midi_output {
        let port = ports.output(system, name).with_context(|| format!("--midi-output {name}"))?;
        choice.midi_outputs = vec![port.lasting_name()];
    }
    Ok(choice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use devices::{Card, Port, Server};

    fn port(system: System, is_input: bool, name: &str, other_names: &[&str]) -> Port {
        let other_names = other_names.iter().map(|&name| name.to_owned()).collect();
        Port { system, is_input, name: name.to_owned(), other_names }
    }

    /// A machine with some cards and keyboards, one of them JACK's.
    fn machine() -> Ports {
        let card = |name: &str| Card { system: SYSTEMS_OWN.to_owned(), name: name.to_owned() };
        let (direct, jack) = (System::Direct, System::Jack);
        Ports {
            cards: vec![card("HDA Intel PCH"), card("HDA NVidia"), card("Scarlett 2i2")],
            has_usual_card: true,
            midi: vec![
                port(direct, true, "Midi Through:Midi Through Port-0 14:0", &[]),
                port(direct, true, "Grand:Grand MIDI 1 20:0", &[]),
                port(direct, false, "Synth 24:0", &[]),
                port(jack, true, "system:midi_capture_1", &["Midi Through:midi/capture_1"]),
                port(jack, true, "system:midi_capture_2", &["alsa_pcm:Keystation-49/midi_capture_1"]),
                port(jack, true, "sequencer:out", &[]),
                port(jack, false, "fluid:in", &[]),
            ],
            jack: Some(Server { sample_rate: 44_100, period_size: 1_024 }),
        }
    }

    fn choice_on(ports: &Ports, line: &str) -> Result<DeviceChoice> {
        said(&Arguments::try_parse_from(line.split(' '))?, ports, DeviceChoice::default())
    }

    /// What sounds at first with these words.
    fn target_on(ports: &Ports, line: &str) -> SoundTarget {
        choice_on(ports, line).unwrap().target(ports, &SoundTarget::Silence)
    }

    fn refusal(ports: &Ports, line: &str) -> String {
        format!("{:#}", choice_on(ports, line).unwrap_err())
    }

    /// A running JACK server plays the sound; without one, the system's sound card does.
    #[test]
    fn jack_comes_first_and_the_system_sound_card_second() {
        let (full, no_jack) = (machine(), Ports { jack: None, ..machine() });
        assert_eq!(
            [target_on(&full, "segue"), target_on(&no_jack, "segue")],
            [SoundTarget::Jack, SoundTarget::Card(None)]
        );
        assert_eq!(target_on(&full, &format!("segue --backend {SYSTEMS_OWN}")), SoundTarget::Card(None));
        let card = SoundTarget::Card(Some("Scarlett 2i2".to_owned()));
        assert_eq!(target_on(&full, "segue --output-device scarlett"), card);
        assert_eq!(target_on(&full, "segue --backend dummy"), SoundTarget::Silence);
        assert_eq!(target_on(&Ports::default(), "segue"), SoundTarget::Silence);
    }

    /// Part of any of a keyboard's names finds it, and it is known by the name that lasts.
    #[test]
    fn a_keyboard_is_found_by_part_of_its_name() {
        let jack = choice_on(&machine(), "segue --midi-input keystation --midi-output fluid").unwrap();
        assert_eq!(jack.midi_inputs, Some(vec!["alsa_pcm:Keystation-49/midi_capture_1".to_owned()]));
        assert_eq!(jack.midi_outputs, ["fluid:in"]);
        let no_jack = Ports { jack: None, ..machine() };
        let direct = choice_on(&no_jack, "segue --midi-input grand --midi-output synth").unwrap();
        assert_eq!(direct.midi_inputs, Some(vec!["Grand:Grand MIDI 1 20:0".to_owned()]));
        assert_eq!(direct.midi_outputs, ["Synth 24:0"]);
    }

    /// What the command line does not name stays as it was chosen.
    #[test]
    fn what_is_not_named_stays_as_it_was_chosen() {
        let before = DeviceChoice { sound: SoundChoice::Jack, midi_inputs: Some(Vec::new()), ..Default::default() };
        let after = |line: &str| {
            said(&Arguments::try_parse_from(line.split(' ')).unwrap(), &machine(), before.clone()).unwrap()
        };
        assert_eq!(after("segue"), before);
        assert_eq!(after("segue --backend auto"), DeviceChoice { sound: SoundChoice::Automatic, ..before.clone() });
    }

    /// A device that is missing, ambiguous or out of reach is reported, and the message says what to do.
    #[test]
    fn missing_and_ambiguous_devices_are_reported_with_a_remedy() {
        let full = machine();
        let no_jack = Ports { jack: None, ..machine() };
        for (ports, line, sentence) in [
            (&full, "segue --midi-input Organ", "--midi-input Organ: no MIDI port is called Organ; there are system:"),
            (&no_jack, "segue --midi-input mi", "could be Midi Through:Midi Through Port-0 14:0, Grand"),
            (&full, "segue --midi-input grand", "is a port of"),
            (&full, "segue --midi-input grand", "does without JACK"),
            (&no_jack, "segue --midi-input keystation", "to play with JACK"),
            (&full, "segue --output-device hda", "could be HDA Intel PCH, HDA NVidia; say more of its name"),
            (&full, "segue --backend dummy --midi-input keystation", "there is no MIDI either"),
            (&full, "segue --backend oss", "[possible values: auto, jack,"),
            (&full, "segue --period-size 0", "0 is not in 16..=8192"),
        ] {
            let said = refusal(ports, line);
            assert!(said.contains(sentence), "{line}: {said}");
        }
    }
}
