//! `segue`: Segue as a program of its own, with a sound card and a MIDI or computer keyboard, without a host.

#![deny(unsafe_code)]

mod audio_watchdog;
mod devices;
mod last_state;
mod log_subscriber;
mod shutdown;
mod standalone;
mod window;

use anyhow::{Context, Result, bail};
use clap::Parser;
use clap::builder::PossibleValuesParser;
use devices::{Ports, SYSTEMS_OWN, System};
use last_state::LastState;
use nice_plug::wrapper::standalone::nice_export_standalone_with_args;
use segue::devices::{DeviceNote, DevicesView};
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
    /// The MIDI keyboard, by its name or a part of it. The default is the first one; without any, the computer's
    /// keyboard plays.
    #[arg(long, value_name = "NAME")]
    midi_input: Option<String>,
    /// The MIDI port for Segue's notes, by its name or a part of it. The default is none.
    #[arg(long, value_name = "NAME")]
    midi_output: Option<String>,
    /// The sound card, by its name or a part of it. The default is a running JACK server, or else the system's card.
    #[arg(long, value_name = "NAME")]
    output_device: Option<String>,
    /// What makes the sound; dummy makes none, to look at the window.
    #[arg(long, default_value = "auto")]
    #[arg(value_parser = PossibleValuesParser::new(["auto", "jack", SYSTEMS_OWN, "dummy"]))]
    backend: String,
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
    let options = if arguments.click { options.with_click() } else { options };
    let (words, view) = words(arguments, &ports, window::has_screen())?;
    let last_state = LastState::of_user();
    if arguments.fresh
        && let Some(kept) = last_state.set_aside().context("--fresh: the settings of the last time cannot be moved")?
    {
        println!("The settings of the last time are kept as {}.", kept.display());
    }
    let options = options.with_devices(view).with_last_state(last_state);
    // Set once, before the first instance is created.
    let _ = STARTUP_OPTIONS.set(options);
    log_subscriber::listen();
    if nice_export_standalone_with_args::<Standalone, _>(words) {
        return Ok(ExitCode::SUCCESS);
    }
    bail!(
        "the sound does not start; try another --sample-rate, --period-size or --output-device: `segue --list` shows \
         what there is, and --backend dummy starts without sound"
    )
}

/// The arguments for nice-plug's standalone wrapper, and what the window shows about the devices.
fn words(arguments: &Arguments, ports: &Ports, has_screen: bool) -> Result<(Vec<String>, DevicesView)> {
    let system = ports.system(&arguments.backend, arguments.output_device.as_deref())?;
    // nice-plug takes these numbers as they are, but a JACK server has its own.
    let (sample_rate, period_size) = match ports.jack {
        Some(server) if system == System::Jack => (server.sample_rate, server.period_size),
        _ => (arguments.sample_rate, arguments.period_size),
    };
    let mut words = vec!["segue".to_owned()];
    let mut say = |option: &str, value: &str| words.extend([format!("--{option}"), value.to_owned()]);
    say("backend", system.backend());
    say("sample-rate", &sample_rate.to_string());
    say("period-size", &period_size.to_string());
    let mut sound = system.to_string();
    if let Some(name) = &arguments.output_device {
        let card = ports.card(name).with_context(|| format!("--output-device {name}"))?;
        sound.clone_from(&card.name);
        say("output-device", &card.name);
    }
    // A name that nothing has is a mistake, also where there is no sound.
    let midi = match system {
        System::Nothing if arguments.backend != "dummy" => System::Direct,
        system => system,
    };
    let input = match &arguments.midi_input {
        Some(name) => Some(ports.input(midi, name).with_context(|| format!("--midi-input {name}"))?),
        None => ports.first_keyboard(midi),
    };
    let output = match &arguments.midi_output {
        Some(name) => Some(ports.output(midi, name).with_context(|| format!("--midi-output {name}"))?),
        None => None,
    };
    let (warning, who_plays) =
        (no_sound(arguments, system), who_plays(input.map(ToString::to_string), system, has_screen));
    match &warning {
        Some(warning) => println!("{warning}"),
        None => println!("Sound: {sound}, {sample_rate} samples a second, {period_size} at a time."),
    }
    println!("{who_plays}");
    let view = DevicesView {
        notes: warning.map(DeviceNote::warning).into_iter().chain([DeviceNote::hint(who_plays)]).collect(),
    };
    if let Some(input) = input {
        say(input.option(), &input.name);
    }
    if let Some(output) = output {
        println!("Segue's notes go to {output}.");
        say(output.option(), &output.name);
    }
    Ok((words, view))
}

/// Why nothing sounds, and what to do; `None` if something does.
fn no_sound(arguments: &Arguments, system: System) -> Option<String> {
    (system == System::Nothing).then(|| {
        if arguments.backend == "dummy" {
            "Nothing sounds, and no MIDI keyboard is heard, because of --backend dummy.".to_owned()
        } else {
            "There is no sound card and no JACK server, so nothing sounds. Plug one in, or start JACK, and start Segue \
             again."
                .to_owned()
        }
    })
}

/// Where notes come from, or what to do if they cannot come.
fn who_plays(keyboard: Option<String>, system: System, has_screen: bool) -> String {
    const KEYS: &str = "A to ' are the white keys and those above them the black ones, Z and X change the octave";
    match (keyboard, system) {
        (Some(keyboard), _) if has_screen => format!("Listening to {keyboard}; the computer's keys play too: {KEYS}."),
        (Some(keyboard), _) => format!("Listening to {keyboard}."),
        (None, _) if has_screen => format!("There is no MIDI keyboard; play on the computer's, in the window: {KEYS}."),
        (None, System::Jack) => {
            "There is no MIDI keyboard; connect something to the JACK port segue:midi_input.".to_owned()
        }
        (None, System::Nothing) => "There is no window, so nobody can play; start this on a screen.".to_owned(),
        (None, System::Direct) => {
            "There is no MIDI keyboard and no window, so nobody can play; plug one in and start again, or start \
                      this on a screen."
                .to_owned()
        }
    }
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

    fn words_on(ports: &Ports, line: &str) -> Result<String> {
        words(&Arguments::try_parse_from(line.split(' '))?, ports, true).map(|(words, _)| words.join(" "))
    }

    /// Checks part of the arguments for nice-plug, with a JACK server and without.
    fn check(line: &str, with_jack: &str, without: &str) {
        let mut ports = machine();
        let said = words_on(&ports, line).unwrap();
        assert!(said.contains(with_jack), "{line}: {said}");
        ports.jack = None;
        let said = words_on(&ports, line).unwrap();
        assert!(said.contains(without), "{line}: {said}");
    }

    fn refusal(ports: &Ports, line: &str) -> String {
        format!("{:#}", words_on(ports, line).unwrap_err())
    }

    /// A running JACK server plays the sound at its own rate; without one, the system's sound card does.
    #[test]
    fn jack_comes_first_and_the_system_sound_card_second() {
        let own = format!("--backend {SYSTEMS_OWN} --sample-rate 48000 --period-size 256");
        check("segue", "--backend jack --sample-rate 44100 --period-size 1024", &own);
        check(&format!("segue --backend {SYSTEMS_OWN}"), &own, &own);
        check("segue --output-device scarlett", "--output-device Scarlett 2i2", "--output-device Scarlett 2i2");
        check("segue --output-device scarlett", SYSTEMS_OWN, SYSTEMS_OWN);
    }

    /// Part of any of a keyboard's names finds it; without a name, the first keyboard is taken.
    #[test]
    fn a_keyboard_is_found_by_part_of_its_name() {
        check("segue", "--connect-jack-midi-input system:midi_capture_2", "--midi-input Grand:Grand MIDI 1 20:0");
        let mut ports = machine();
        let jack = words_on(&ports, "segue --midi-input keystation --midi-output fluid").unwrap();
        assert!(jack.contains("--connect-jack-midi-input system:midi_capture_2"), "{jack}");
        assert!(jack.contains("--connect-jack-midi-output fluid:in"), "{jack}");
        ports.jack = None;
        let direct = words_on(&ports, "segue --midi-input grand --midi-output synth").unwrap();
        assert!(direct.contains("--midi-input Grand:Grand MIDI 1 20:0"), "{direct}");
        assert!(direct.contains("--midi-output Synth 24:0"), "{direct}");
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
            (&no_jack, "segue --backend jack", "no JACK server runs; start one"),
            (&full, "segue --backend dummy --midi-input keystation", "there is no MIDI either"),
            (&full, "segue --backend oss", "[possible values: auto, jack,"),
            (&full, "segue --period-size 0", "0 is not in 16..=8192"),
        ] {
            let said = refusal(ports, line);
            assert!(said.contains(sentence), "{line}: {said}");
        }
    }

    /// Without a sound card the program starts, and its window says what is missing and who plays.
    #[test]
    fn without_a_sound_card_it_starts_and_says_so() {
        let notes = |ports: &Ports, line: &str| {
            let (words, view) = words(&Arguments::try_parse_from(line.split(' ')).unwrap(), ports, true).unwrap();
            assert!(words.join(" ").contains("--backend dummy"), "{words:?}");
            view.notes.into_iter().map(|note| (note.is_warning, note.text)).collect::<Vec<_>>()
        };
        let said = notes(&Ports::default(), "segue");
        assert!(said[0].0 && said[0].1.contains("no sound card and no JACK server"), "{said:?}");
        assert!(!said[1].0 && said[1].1.contains("play on the computer's"), "{said:?}");
        let said = notes(&machine(), "segue --backend dummy");
        assert!(said[0].0 && said[0].1.contains("--backend dummy"), "{said:?}");
    }

    #[test]
    fn whoever_cannot_play_is_told_so() {
        let said = |keyboard: Option<&str>, system, screen| who_plays(keyboard.map(str::to_owned), system, screen);
        assert!(said(Some("Grand"), System::Direct, true).contains("Grand; the computer's keys play too"));
        assert!(said(None, System::Jack, false).contains("segue:midi_input"));
        assert!(said(None, System::Direct, false).contains("nobody can play"));
    }
}
