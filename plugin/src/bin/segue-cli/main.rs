//! `segue-cli`: the plugin without a host and without a window, for trying a style quickly or for use in scripts.
//!
//! It runs a complete instance of the plugin, sound included, as fast as the machine can.

#![deny(unsafe_code)]

mod form;
mod host;
mod improvise;
mod layout;
mod outputs;
mod prompt;

use anyhow::Result;
use clap::{Parser, Subcommand};
use segue::params::SegueParams;
use segue::preset::Shelf;
use std::io::Write;
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "segue-cli", version, about = "Improvises on a tune, from the command line", max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Continues a tune, trades bars with it, or plays along with it; without a tune, plays by itself.
    Improvise(Box<improvise::ImproviseArguments>),
    /// Lists the presets, including yours, and what each is for.
    Presets,
    /// Lists every setting with its id for --set, and its default value.
    Settings,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().verb {
        Verb::Improvise(arguments) => improvise::improvise(&arguments),
        Verb::Presets => presets(),
        Verb::Settings => settings(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("segue-cli: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn presets() -> Result<()> {
    let shelf = Shelf::open();
    let mut out = std::io::stdout().lock();
    for entry in shelf.entries() {
        let preset = &entry.preset;
        writeln!(out, "{:<16} {:<7} {}", preset.name, preset.style, preset.purpose)?;
    }
    for refused in shelf.refused() {
        eprintln!("left out: {refused}");
    }
    Ok(())
}

fn settings() -> Result<()> {
    let params = SegueParams::default();
    let mut out = std::io::stdout().lock();
    for (id, setting) in params.each() {
        let default = setting.text(setting.default_value());
        let range = setting
            .choices()
            .map_or_else(|| format!("{} to {}", setting.text(0.0), setting.text(1.0)), |choices| choices.join(", "));
        writeln!(out, "{id:<16} {default:<12} {range}")?;
    }
    Ok(())
}
