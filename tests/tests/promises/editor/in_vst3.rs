//! The editor of the VST3 in a host by other authors.

use super::fixture::{passes_on_a_screen_of_its_own, pictures};
use crate::hosts::script;
use segue_tests::window::{HostWindow, wait_until};
use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::time::Duration;

/// A host that is controlled through two pipes.
struct Host {
    program: Child,
    says: Lines<BufReader<ChildStdout>>,
    listens: ChildStdin,
}

impl Host {
    fn start(name: &str) -> Self {
        let mut program = script(name).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("Python starts");
        let says = BufReader::new(program.stdout.take().expect("a pipe")).lines();
        let listens = program.stdin.take().expect("a pipe");
        Self { program, says, listens }
    }

    /// The next number that it prints.
    fn number(&mut self) -> f32 {
        let line = self.says.next().expect("the host still runs").expect("it says something");
        line.parse().unwrap_or_else(|_| panic!("a number, not {line:?}"))
    }

    /// Lets it continue.
    fn go_on(&mut self) {
        writeln!(self.listens).expect("the host still runs");
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // It has ended already, unless the test failed.
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

/// pedalboard shows the VST3's window and notices what is changed in it.
#[test]
fn pedalboard_shows_the_vst3_window_and_hears_its_gestures() {
    passes_on_a_screen_of_its_own("editor::in_vst3::in_pedalboard");
}

#[test]
#[ignore = "runs on a screen of its own"]
fn in_pedalboard() {
    let mut host = Host::start("window_in_pedalboard.py");
    let mut temperature = host.number();
    for photograph in ["vst3.png", "vst3-again.png"] {
        let window = HostWindow::of_another_program("Segue").expect("the editor opens");
        window.find("Temperature").expect("the editor draws");
        window.drag("Temperature", (0.0, 30.0)).expect("it can be dragged");
        pull_the_corner(&window);
        // Time for some frames, even on a busy machine.
        std::thread::sleep(Duration::from_millis(800));
        window.photograph(&pictures().join(photograph)).expect("it can be seen");
        host.go_on();
        let after = host.number();
        assert!(after < temperature, "the temperature was {temperature}, dragged down it is {after}");
        temperature = after;
    }
    assert!(host.number() > 0.01, "it plays on without its window");
    assert!(host.program.wait().expect("it ends").success(), "the host ends well");
}

/// The host makes its window exactly as large as the editor asks for.
fn pull_the_corner(window: &HostWindow) {
    let (width, height) = window.size().expect("the host's window is there");
    window.drag("Corner", (60.0, 40.0)).expect("it can be dragged");
    let wanted = (width + 60, height + 40);
    let grown = wait_until("both windows have grown", || {
        window.size().is_ok_and(|size| size == wanted) && window.editor_size().is_ok_and(|size| size == Some(wanted))
    });
    assert!(grown.is_ok(), "the host's {:?}, the editor {:?}, not {wanted:?}", window.size(), window.editor_size());
}
