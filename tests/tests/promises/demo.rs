//! The demo as a newcomer meets it: the files that it writes, and its messages when it fails.

use segue_tests::bundle::checked_folder;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder for one test, removed when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("segue-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a temporary folder can be made");
        Self(path)
    }

    fn file(&self, name: &str, content: &[u8]) -> String {
        std::fs::write(self.0.join(name), content).expect("a temporary file can be written");
        name.to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A file that stays in a temporary folder does no harm.
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

fn demo(folder: &Folder, plugin: &Path, arguments: &[&str]) -> Output {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_demo"));
    demo.current_dir(&folder.0).arg("--plugin").arg(plugin).args(arguments);
    demo.output().expect("the demo can be started")
}

/// The demo must end with exit code 1 and one line that contains these words.
fn check_refusal(output: &Output, words: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    for word in words {
        // A file may be named twice, by us and by the system; nothing else may be repeated.
        let times = said.matches(word).count();
        assert!(times == 1 || times == 2 && word.contains('.'), "{word:?} in {said}");
    }
}

#[test]
fn the_demo_plays_a_style_that_swings() {
    let folder = Folder::new("demo-swings");
    let output = demo(&folder, &checked_folder().join("Segue.clap"), &["--style", "blues", "--bars", "1"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_demo_writes_what_it_played_as_midi_sound_and_picture() {
    let folder = Folder::new("demo");
    let output = demo(&folder, &checked_folder().join("Segue.clap"), &["--bars", "2"]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    for words in ["heard", "played", "median", "p99"] {
        assert!(said.contains(words), "no {words:?} in {said}");
    }
    let begins = |name: &str, magic: &[u8]| {
        let bytes = std::fs::read(folder.0.join(name)).expect("the demo has written it");
        assert!(bytes.starts_with(magic), "{name}");
    };
    begins("demo.mid", b"MThd");
    begins("demo.wav", b"RIFF");
    begins("demo.png", b"\x89PNG");
}

/// The demo refuses bad files with one sentence that names the file.
#[test]
fn the_demo_refuses_bad_files_by_name() {
    let folder = Folder::new("refusals");
    let plugin = checked_folder().join("Segue.clap");
    let tune = b"X:1\nT:Short\nM:4/4\nL:1/8\nK:D\nD|\n";
    let files = [
        (folder.file("empty.abc", b""), "empty.abc"),
        (folder.file("empty.mid", b""), "empty.mid"),
        (folder.file("noise.mid", &[0xA5; 300]), "noise.mid"),
        (folder.file("cut.mid", b"MThd\0\0\0\x06\0\x01\0\x02\0\x60MTrk\0\0\xFF\xFF\0\x90"), "cut.mid"),
        (folder.file("short.abc", tune), "nothing to answer"),
        (folder.file("song.txt", b"la la la"), "neither .mid nor .abc"),
        ("missing.abc".to_owned(), "cannot be read"),
        ("missing.mid".to_owned(), "cannot be read"),
    ];
    for (file, words) in files {
        check_refusal(&demo(&folder, &plugin, &[&file]), &[&file, words]);
    }
    check_refusal(&demo(&folder, &folder.0.join("No.clap"), &[]), &["No.clap", "no such file", "xtask bundle"]);
    folder.file("Text.clap", b"no library at all");
    check_refusal(&demo(&folder, &folder.0.join("Text.clap"), &[]), &["Text.clap", "cannot be loaded"]);
    check_refusal(&demo(&folder, &plugin, &["--bars", "0"]), &["--bars"]);
    check_refusal(&demo(&folder, &plugin, &["--loud"]), &["--loud", "usage"]);
    check_refusal(&demo(&folder, &plugin, &["--tune", "7"]), &["tune 7"]);
}
