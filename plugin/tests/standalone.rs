//! `segue` as its user sees it, on a machine that may have neither a screen nor a sound card.

#[cfg(target_os = "linux")]
#[path = "standalone/jack_server.rs"]
mod jack_server;
#[cfg(target_os = "linux")]
#[path = "standalone/screen.rs"]
mod screen;

use std::process::Command;
#[cfg(unix)]
use {
    std::io::{BufRead, BufReader},
    std::process::{Child, Stdio},
    std::time::Duration,
};

fn segue(words: &str) -> Command {
    let mut segue = Command::new(env!("CARGO_BIN_EXE_segue"));
    // Without a screen it runs without a window.
    segue.args(words.split_whitespace()).env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    segue
}

#[test]
fn it_lists_what_there_is() {
    let output = segue("--list").output().expect("the program can be started");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    for heading in ["Sound cards, for --output-device:", "MIDI in, for --midi-input:", "MIDI out", "JACK: "] {
        assert!(said.contains(heading), "{said}");
    }
}

#[test]
fn it_shows_the_licences_of_all_that_is_in_it() {
    let output = segue("--licenses").output().expect("the program can be started");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    for words in ["MIT License", "Apache License", "nice-plug", "clap-wrapper", "cpal", "Weimar Jazz Database"] {
        assert!(said.contains(words), "{words} is not in it");
    }
}

#[test]
fn what_cannot_be_is_said_in_one_sentence() {
    for (words, sentence) in [
        ("--midi-input Nobody", "--midi-input Nobody: no MIDI port is called Nobody"),
        ("--preset Nobody", "there is no preset Nobody; there are "),
        ("--tempo 5", "--tempo must be between 40 and 300"),
    ] {
        let output = segue(words).output().expect("the program can be started");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{words}: {said}");
        assert!(said.lines().any(|line| line.starts_with("segue: ") && line.contains(sentence)), "{words}: {said}");
    }
}

/// The program runs without a sound card and a screen, and ends on every kind of request to end.
#[cfg(unix)]
#[test]
fn the_program_runs_without_sound_or_screen_and_ends_on_request() {
    for signal in ["-INT", "-TERM", "-HUP"] {
        let mut running = segue("--backend dummy --preset Session").stdout(Stdio::piped()).spawn().expect("it starts");
        let said = BufReader::new(running.stdout.take().expect("it prints something"));
        // Once it can be ended, it prints how.
        assert!(said.lines().map_while(Result::ok).any(|line| line.contains("Ctrl-C ends")));
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(running.try_wait().expect("it can be asked"), None, "it runs");
        end(&mut running, signal);
    }
}

/// Sends a signal to a program, and waits until it has ended without an error.
#[cfg(unix)]
fn end(running: &mut Child, signal: &str) {
    const LOOKS: u32 = 100;
    let told = Command::new("kill").args([signal, &running.id().to_string()]).status();
    assert!(told.is_ok_and(|status| status.success()));
    for _ in 0..LOOKS {
        if let Some(status) = running.try_wait().expect("it can be asked") {
            assert!(status.success(), "{signal}: {status}");
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    running.kill().expect("the process is ours");
    panic!("{signal}: the program does not end");
}
