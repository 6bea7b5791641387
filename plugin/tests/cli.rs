//! `segue-cli` as its user sees it: what it writes, and its error messages.

#[path = "cli/files.rs"]
mod files;

use segue_corpus::abc::read_book;
use segue_corpus::midi::{MidiOptions, read_midi};
use segue_model::note::{Note, Ticks};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const CLI: &str = env!("CARGO_BIN_EXE_segue-cli");

/// A test's own folder, removed after the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("segue-cli-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a temporary folder can be created");
        Self(path)
    }

    fn run(&self, words: &str) -> Output {
        self.run_with(&words.split_whitespace().collect::<Vec<_>>())
    }

    fn run_with(&self, arguments: &[&str]) -> Output {
        self.command(CLI).args(arguments).output().expect("the program can be started")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        // The user's own presets must not matter here.
        command.current_dir(&self.0).env("HOME", &self.0).env("XDG_DATA_HOME", &self.0);
        command
    }

    /// Improvises, and reads all notes of the written file.
    fn notes(&self, words: &str) -> Vec<Note> {
        self.well(&format!("improvise {words} -o out.mid"));
        read_midi(&self.0.join("out.mid"), MidiOptions::default()).expect("the output is a MIDI file").notes
    }

    fn well(&self, words: &str) {
        let output = self.run(words);
        assert!(output.status.success(), "{words}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn begins(&self, name: &str, magic: &[u8]) {
        let bytes = std::fs::read(self.0.join(name)).expect("the file was written");
        assert!(bytes.starts_with(magic), "{name}");
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn tune(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/tunes").join(name).display().to_string()
}

const BAR: i64 = 192;

/// Every style continues a tune, and the result can be written in every format.
#[test]
fn a_tune_is_continued_in_every_style_and_format() {
    let folder = Folder::new("styles");
    for (style, book) in [
        ("jazz", "jazz.abc"),
        ("Blues", "blues.abc"),
        ("folk", "folk.abc"),
        ("irish", "oneills.abc"),
        ("piano", "piano.abc"),
    ] {
        let words = format!(
            "improvise {} --style {style} --bars 4 -o {style}.mid --wav {style}.wav --png {style}.png \
             --abc {style}.abc",
            tune(book)
        );
        folder.well(&words);
        folder.begins(&format!("{style}.wav"), b"RIFF");
        folder.begins(&format!("{style}.png"), b"\x89PNG");
        let prompt = &read_book(Path::new(&tune(book))).expect("ours").tunes[0].1;
        let played = read_midi(&folder.0.join(format!("{style}.mid")), MidiOptions::default()).expect("a MIDI file");
        assert!(played.notes.len() >= prompt.notes.len() + 4, "{style}: {} notes", played.notes.len());
        let letters = read_book(&folder.0.join(format!("{style}.abc"))).expect("a book");
        assert_eq!(letters.refused, [], "{style}");
        assert_eq!(letters.tunes[0].1.notes.len(), played.notes.len(), "{style}");
    }
}

#[test]
fn the_same_seed_gives_the_same_notes_and_another_seed_others() {
    let folder = Folder::new("seed");
    let play = |seed: u32| folder.notes(&format!("{} --bars 4 --seed {seed}", tune("folk.abc")));
    let first = play(7);
    assert_eq!(play(7), first);
    assert_ne!(play(8), first);
}

#[test]
fn what_is_asked_for_is_heard() {
    let folder = Folder::new("asked");
    let play = |words: &str| folder.notes(&format!("{} --style jazz --bars 2 {words}", tune("jazz.abc")));
    let usual = play("");
    assert_ne!(play("--temperature 1.8"), usual);
    assert_ne!(play("--set temperature=1.8"), usual);
    assert_eq!(play("--set temperature=1"), usual, "the default");
    assert_ne!(play("--chart Ebm7|Ab7"), usual);
    let last = |notes: &[Note]| notes.iter().map(|note| note.onset).max().unwrap_or_default();
    let longer = folder.notes(&format!("{} --style jazz --bars 6", tune("jazz.abc")));
    assert!(last(&longer) > last(&usual) + Ticks(2 * BAR), "four bars more");
}

/// Without a tune Segue starts by itself, and writes as many pieces as requested.
#[test]
fn without_a_tune_segue_starts_on_its_own() {
    let folder = Folder::new("alone");
    folder.well("improvise --style irish --bars 8 --count 5 --seed 3 -o tune.mid --abc tunes.abc");
    let book = read_book(&folder.0.join("tunes.abc")).expect("a book");
    let numbers: Vec<_> = book.tunes.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5].map(Some));
    for (number, tune) in &book.tunes {
        assert!(tune.notes.len() >= 8, "tune {number:?} has {} notes", tune.notes.len());
        assert!(tune.notes[0].onset < Ticks(BAR), "it begins at once");
        assert!(tune.notes.last().is_some_and(|note| note.onset < Ticks(8 * BAR)));
    }
    assert!(book.tunes.windows(2).all(|pair| pair[0].1.notes != pair[1].1.notes), "each with its own seed");
    for number in 1..=5 {
        folder.begins(&format!("tune-{number}.mid"), b"MThd");
    }
}

#[test]
fn a_preset_plays_and_what_else_is_said_changes_it() {
    let folder = Folder::new("preset");
    let tune = tune("blues.abc");
    let play = |arguments: &[&str]| {
        let all = [&["improvise", &tune, "--bars", "4", "-o", "out.mid"], arguments].concat();
        let output = folder.run_with(&all);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        read_midi(&folder.0.join("out.mid"), MidiOptions::default()).expect("a MIDI file").notes
    };
    let preset = play(&["--preset", "twelve bars"]);
    assert_ne!(play(&["--preset", "twelve bars", "--temperature", "1.9"]), preset);
    let listed = folder.run("presets");
    assert!(String::from_utf8_lossy(&listed.stdout).lines().count() >= 10);
    let listed = folder.run("settings");
    assert!(String::from_utf8_lossy(&listed.stdout).contains("temperature"));
}

#[test]
fn a_style_of_ones_own_plays() {
    let folder = Folder::new("own");
    let weights = Path::new(env!("CARGO_MANIFEST_DIR")).join("../presets/folk.segue");
    let own = folder.notes(&format!("{} --bars 2 --weights {}", tune("folk.abc"), weights.display()));
    assert_eq!(own, folder.notes(&format!("{} --bars 2 --style folk", tune("folk.abc"))));
}

/// A number of bars that is none is answered by what may be written, and a mistyped option by the one that is like it.
#[test]
fn what_is_mistyped_is_answered_by_what_may_be_written() {
    let folder = Folder::new("mistyped");
    for (words, said) in [
        ("--bars -3", "'-3' for '--bars <BARS>': write a whole number from 1 to 512"),
        ("--bars 3.5", "'3.5' for '--bars <BARS>': write a whole number from 1 to 512"),
        ("--bars 0", "'0' for '--bars <BARS>': write a whole number from 1 to 512"),
        ("--bars 513", "write a whole number from 1 to 512"),
        ("--temprature 1", "'--temperature'"),
    ] {
        let output = folder.run(&format!("improvise {words}"));
        let sentence = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{words}: {sentence}");
        assert!(sentence.contains(said), "{words}: {sentence}");
    }
}

#[test]
fn what_cannot_be_is_said_in_one_sentence() {
    let folder = Folder::new("refusals");
    std::fs::write(folder.0.join("noise.mid"), [0xA5; 300]).expect("a file can be written");
    std::fs::write(folder.0.join("bad.toml"), "name = 3").expect("a file can be written");
    std::fs::write(folder.0.join("bad.segue"), "no weights").expect("a file can be written");
    let tune = tune("folk.abc");
    for (words, said) in [
        ("-o out.mid missing.mid", "missing.mid"),
        ("-o out.mid noise.mid", "noise.mid"),
        ("-o out.mid song.txt", "neither .mid nor .abc"),
        ("TUNE -o no/such/folder/out.mid", "no/such/folder/out.mid: cannot be written"),
        ("TUNE -o out.mid --style polka", "--style: there is no style polka; there are Jazz, "),
        ("TUNE -o out.mid --temperature 9", "--temperature: temperature must be between 0.050 and 2.000, not 9"),
        ("TUNE -o out.mid --mode solo", "must be one of Answer, Trade, Duet"),
        ("TUNE -o out.mid --chart C|Q7", "--chart: bar 2"),
        ("TUNE -o out.mid --bars 17", "an answer has at most 16 bars"),
        ("TUNE -o out.mid --tempo 9999", "--tempo must be between 20 and 400"),
        ("TUNE -o out.mid --number 77", "it has no tune 77"),
        ("TUNE -o out.mid --preset Nobody", "there is no preset Nobody; there are "),
        ("TUNE -o out.mid --preset bad.toml", "bad.toml, line 1: name is a text"),
        ("TUNE -o out.mid --weights bad.segue", "bad.segue: is not a style of Segue"),
        ("TUNE -o out.mid --weights gone.segue", "gone.segue: there is no such file"),
        ("TUNE -o out.mid --set swing", "--set is written like"),
        ("TUNE -o out.mid --set swnig=3", "there is no setting swnig"),
    ] {
        let output = folder.run(&format!("improvise {}", words.replace("TUNE", &tune)));
        let sentence = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{words}: {sentence}");
        assert!(sentence.contains(said) && sentence.lines().count() == 1, "{words}: {sentence}");
    }
}
