//! `segue`: Segue by itself, with a sound card, a MIDI keyboard or the computer's own, and no host.

mod alone;
mod devices;

use alone::{Alone, BEGINNING, Beginning};
use anyhow::{Context, Result, bail};
use clap::Parser;
use devices::Ports;
use nice_plug::wrapper::standalone::nice_export_standalone_with_args;
use std::process::ExitCode;

#[derive(Debug, Parser)]
#[command(name = "segue", version, about = "Improvises with you, without a DAW", max_term_width = 100)]
struct Arguments {
    /// Lists sound cards and MIDI ports, and ends.
    #[arg(long)]
    list: bool,
    /// The MIDI keyboard, by its name or a part of it; else the first there is, else the computer's own keys.
    #[arg(long, value_name = "NAME")]
    midi_input: Option<String>,
    /// Where Segue's notes go as MIDI, by name or a part of it; else nowhere.
    #[arg(long, value_name = "NAME")]
    midi_output: Option<String>,
    /// The sound card, by its name; else the system's.
    #[arg(long, value_name = "NAME")]
    output_device: Option<String>,
    /// How sound is made: auto, jack, alsa, core-audio, wasapi, or dummy for none.
    #[arg(long, default_value = "auto")]
    backend: String,
    /// Samples in a second (JACK has its own).
    #[arg(long, default_value_t = 48_000)]
    sample_rate: u32,
    /// Samples at a time; fewer answer faster, more never crackle (JACK has its own).
    #[arg(long, default_value_t = 256)]
    period_size: u32,
    /// Segue's tempo, in beats a minute.
    #[arg(long)]
    tempo: Option<f64>,
    /// A preset to begin with.
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
    /// A larger or smaller window.
    #[arg(long, default_value_t = 1.0)]
    dpi_scale: f64,
}

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
    let ports = Ports::find();
    if arguments.list {
        print!("{ports}");
        return Ok(ExitCode::SUCCESS);
    }
    let beginning = Beginning::new(arguments.preset.as_deref(), arguments.tempo)?;
    let words = words(arguments, &ports)?;
    // Set once, before the first instance is made.
    let _ = BEGINNING.set(beginning);
    if nice_export_standalone_with_args::<Alone, _>(words) {
        return Ok(ExitCode::SUCCESS);
    }
    bail!("it does not start; `segue --list` shows what there is, and --backend dummy starts without sound")
}

/// What the framework's own standalone is told.
fn words(arguments: &Arguments, ports: &Ports) -> Result<Vec<String>> {
    let mut words = vec!["segue".to_owned()];
    let mut say = |option: &str, value: &str| words.extend([format!("--{option}"), value.to_owned()]);
    say("backend", &arguments.backend);
    say("sample-rate", &arguments.sample_rate.to_string());
    say("period-size", &arguments.period_size.to_string());
    say("dpi-scale", &arguments.dpi_scale.to_string());
    if let Some(device) = &arguments.output_device {
        say("output-device", device);
    }
    let input = match &arguments.midi_input {
        Some(name) => Some(ports.input(name).with_context(|| format!("--midi-input {name}"))?),
        None => ports.first_keyboard(),
    };
    match &input {
        Some(input) => {
            println!("Listening to {}; the keys of the window play too.", input.name);
            say(input.option(), &input.name);
        }
        None => println!(
            "There is no MIDI keyboard; play on the computer's: A to ' are the white keys and those above them the black ones, Z and X change the octave."
        ),
    }
    if let Some(name) = &arguments.midi_output {
        let output = ports.output(name).with_context(|| format!("--midi-output {name}"))?;
        say(output.option(), &output.name);
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use devices::{Port, System};

    fn words_for(line: &str) -> Result<String> {
        let input = |system, name: &str| Port { system, is_input: true, name: name.to_owned() };
        let mut ports = Ports::default();
        ports.midi.push(input(System::Direct, "Midi Through:Midi Through Port-0 14:0"));
        ports.midi.push(input(System::Direct, "Grand:Grand MIDI 1 20:0"));
        ports.midi.push(input(System::Jack, "system:midi_capture_2"));
        ports.midi.push(Port { system: System::Direct, is_input: false, name: "Synth 24:0".to_owned() });
        let arguments = Arguments::parse_from(line.split(' '));
        words(&arguments, &ports).map(|words| words.join(" "))
    }

    #[test]
    fn a_keyboard_is_found_by_a_part_of_its_name_and_the_first_one_without_it() {
        assert!(words_for("segue").unwrap().contains("--midi-input Grand:Grand MIDI 1 20:0"));
        assert!(words_for("segue --midi-input grand").unwrap().contains("--midi-input Grand:Grand MIDI 1 20:0"));
        assert!(
            words_for("segue --midi-input capture")
                .unwrap()
                .contains("--connect-jack-midi-input system:midi_capture_2")
        );
        assert!(words_for("segue --midi-output synth").unwrap().contains("--midi-output Synth 24:0"));
    }

    #[test]
    fn a_port_that_is_not_there_or_could_be_two_is_said_with_those_there_are() {
        let sentence = |line: &str| format!("{:#}", words_for(line).unwrap_err());
        assert!(sentence("segue --midi-input Organ").contains("no MIDI port is called Organ; there are Midi Through"));
        assert!(sentence("segue --midi-input mi").contains("could be "));
    }
}
