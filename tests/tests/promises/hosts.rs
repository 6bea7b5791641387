//! The VST3 in real hosts by other authors, controlled by scripts in Python.

use segue_tests::bundle::checked_folder;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The variable by which `cargo xtask test` names the Python that has the hosts.
const PYTHON_VARIABLE: &str = "SEGUE_PYTHON";

/// Prepares a script with the VST3 under test as its argument.
pub fn script(name: &str) -> Command {
    let python = std::env::var_os(PYTHON_VARIABLE).map_or_else(
        || panic!("{PYTHON_VARIABLE} is not set, so there is no VST3 host: run `cargo xtask test`"),
        PathBuf::from,
    );
    let mut host = Command::new(python);
    host.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts").join(name));
    host.arg(checked_folder().join("Segue.vst3"));
    host
}

fn check(name: &str) {
    let output = script(name).output().expect("Python starts");
    assert!(
        output.status.success(),
        "{name}: {}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn the_vst3_exports_its_factory() {
    check("factory.py");
}

#[test]
fn the_vst3_loads_in_pedalboard_and_sounds() {
    check("load_in_pedalboard.py");
}

/// A state that pedalboard saved from the VST3 restores another instance, which plays the same.
#[test]
fn a_vst3_state_from_pedalboard_restores_another_instance() {
    check("state_in_pedalboard.py");
}

/// In dawdreamer, automation of the VST3's temperature changes the answer after it and not before.
#[test]
fn vst3_automation_in_dawdreamer_acts_from_its_sample_on() {
    check("automate_in_dawdreamer.py");
}

/// In pedalboard, a duet is heard while the player plays, and an answer is not.
#[test]
fn in_pedalboard_a_duet_plays_along_and_an_answer_waits() {
    check("duet_in_pedalboard.py");
}

#[test]
fn in_dawdreamer_bars_are_traded_over_the_hosts_transport() {
    check("trade_in_dawdreamer.py");
}
