//! `segue` as its user sees it, on a machine that may have neither a screen nor a sound card.

#[cfg(target_os = "linux")]
#[path = "standalone/jack_server.rs"]
mod jack_server;
#[cfg(target_os = "linux")]
#[path = "standalone/screen.rs"]
mod screen;

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
#[cfg(unix)]
use {
    std::io::{BufRead, BufReader},
    std::process::{Child, Stdio},
    std::time::Duration,
};

/// The program with a data folder of its own, in which no earlier start has left anything.
fn segue(words: &str) -> Command {
    static STARTS: AtomicU32 = AtomicU32::new(0);
    let name = format!("segue-{}-{}", std::process::id(), STARTS.fetch_add(1, Ordering::Relaxed));
    segue_at_home(&Path::new(env!("CARGO_TARGET_TMPDIR")).join(name), words)
}

/// The program with this data folder.
fn segue_at_home(home: &Path, words: &str) -> Command {
    let mut segue = Command::new(env!("CARGO_BIN_EXE_segue"));
    // Without a screen it runs without a window.
    segue.args(words.split_whitespace()).env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    // Linux, macOS and Windows look for it in these.
    segue.envs(["XDG_DATA_HOME", "HOME", "APPDATA"].map(|variable| (variable, home)));
    segue
}

/// The program; dropping this ends it, whatever happens to the test.
#[cfg(target_os = "linux")]
struct Running(Child);

#[cfg(target_os = "linux")]
impl Running {
    fn start(program: &mut Command) -> Self {
        Self(program.spawn().expect("the program can be started"))
    }
}

#[cfg(target_os = "linux")]
impl Drop for Running {
    fn drop(&mut self) {
        // If all is well, it has already ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Makes a program find neither a sound card nor a JACK server.
#[cfg(target_os = "linux")]
fn without_devices(program: &mut Command) -> &mut Command {
    program.env("JACK_DEFAULT_SERVER", "segue-test-none").env("ALSA_CONFIG_PATH", "/dev/null")
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

/// A machine without the JACK library, as most are: here a library of that name comes first which is none.
#[cfg(target_os = "linux")]
#[test]
fn without_the_jack_library_there_is_no_server() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("no-jack-library");
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    std::fs::write(folder.join("libjack.so.0"), "").expect("a file can be written");
    let output = segue("--list").env("LD_LIBRARY_PATH", &folder).output().expect("the program can be started");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("JACK: no server"), "{said}");
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
        ("--style Polka", "--style: there is no style Polka; there are "),
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

/// What was set at one start is there at the next; what the command line says goes before it, and `--fresh` forgets it.
#[cfg(target_os = "linux")]
#[test]
fn the_last_state_is_there_at_the_next_start() {
    let home = tempfile::tempdir().expect("there is room");
    let file = home.path().join("Segue").join("last-state.toml");
    let remembered_after = |words: &str| {
        let mut program = segue_at_home(home.path(), &format!("--backend dummy {words}"));
        let mut running = program.stdout(Stdio::piped()).spawn().expect("it starts");
        let said = BufReader::new(running.stdout.take().expect("it prints something"));
        assert!(said.lines().map_while(Result::ok).any(|line| line.contains("Ctrl-C ends")));
        end(&mut running, "-TERM");
        let state = std::fs::read_to_string(&file).expect("the state is written");
        let line = |id: &str| state.lines().find(|line| line.starts_with(&format!("{id} = "))).map(str::to_owned);
        [line("style"), line("tempo")].map(Option::unwrap_or_default)
    };
    let [jazz, at_77] = ["style = \"Jazz\"", "tempo = \"77.0 bpm\""];
    assert_eq!(remembered_after("--style jazz --tempo 77"), [jazz, at_77]);
    assert_eq!(remembered_after(""), [jazz, at_77]);
    assert_eq!(remembered_after("--style folk"), ["style = \"Folk\"", at_77]);
    assert_eq!(remembered_after("--fresh"), ["style = \"Irish\"", "tempo = \"120.0 bpm\""]);
    let kept = std::fs::read_to_string(file.with_extension("old-1.toml")).expect("it is kept");
    assert!(kept.contains("Folk"), "{kept}");
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
