//! Files of users on the command line: what is heard of them, and where the answer is written.

use super::{BAR, Folder};
use midly::{MetaMessage, Smf, TrackEventKind};
use segue_corpus::Tune;
use segue_corpus::midi::{MidiOptions, read_midi};
#[cfg(target_os = "linux")]
use std::time::{Duration, Instant};

/// A MIDI file with 480 ticks to a quarter and these tracks: bytes in hexadecimal, and delta times as `@480`.
fn midi(tracks: &[&str]) -> Vec<u8> {
    let mut file = b"MThd\0\0\0\x06\0\x01".to_vec();
    file.extend([0, u8::try_from(tracks.len()).expect("few tracks"), 1, 0xe0]);
    for track in tracks {
        let mut bytes = Vec::new();
        for word in track.split_whitespace() {
            match word.strip_prefix('@') {
                Some(delta) => {
                    let delta: u32 = delta.parse().expect("a number");
                    let groups = [21, 14, 7].into_iter().filter(|shift| delta >> shift > 0);
                    bytes.extend(groups.map(|shift| u8::try_from(delta >> shift & 0x7f | 0x80).expect("seven bits")));
                    bytes.push(u8::try_from(delta & 0x7f).expect("seven bits"));
                }
                None => bytes.push(u8::from_str_radix(word, 16).expect("a byte")),
            }
        }
        bytes.extend([0, 0xff, 0x2f, 0]);
        file.extend(b"MTrk");
        file.extend(u32::try_from(bytes.len()).expect("short").to_be_bytes());
        file.extend(bytes);
    }
    file
}

impl Folder {
    fn with(self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        std::fs::write(self.0.join(name), bytes).expect("a file can be written");
        self
    }

    /// Improvises, and returns what was said beside the names of the files.
    fn said(&self, arguments: &[&str]) -> String {
        let output = self.run_with(&[&["improvise"], arguments].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said}");
        said
    }

    fn refusal(&self, arguments: &[&str]) -> String {
        let output = self.run_with(&[&["improvise"], arguments].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        said
    }

    fn read(&self, name: &str) -> Tune {
        read_midi(&self.0.join(name), MidiOptions::default()).expect("the output is a MIDI file")
    }

    /// The markers of a MIDI file with their ticks, such as `0 C, 192 F`.
    fn markers(&self, name: &str) -> String {
        let bytes = std::fs::read(self.0.join(name)).expect("the file was written");
        let file = Smf::parse(&bytes).expect("it is MIDI");
        let mut found = Vec::new();
        let mut now = 0;
        for event in &file.tracks[0] {
            now += event.delta.as_int();
            if let TrackEventKind::Meta(MetaMessage::Marker(text)) = event.kind {
                found.push(format!("{now} {}", String::from_utf8_lossy(text)));
            }
        }
        found.join(", ")
    }

    fn names(&self) -> Vec<String> {
        let entries = self.0.read_dir().expect("it is there").map(|entry| entry.expect("it can be read").file_name());
        let mut names: Vec<String> = entries.map(|name| name.to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

/// Without a tune, the first chord of the chart is that of Segue's first bar.
#[test]
fn a_chart_begins_in_its_first_bar() {
    let folder = Folder::new("first-bar");
    folder.said(&["--style", "jazz", "--chart", "C | F | G | Am", "--bars", "4", "-o", "x.mid"]);
    assert_eq!(folder.markers("x.mid"), "0 C, 192 F, 384 G, 576 Am");
    assert!(folder.read("x.mid").notes[0].onset.0 < BAR, "and Segue begins in it");
    folder.said(&["--style", "blues", "--bars", "12", "-o", "blues.mid"]);
    let markers = folder.markers("blues.mid");
    assert!(markers.starts_with("0 F7, 192 Bb7, ") && markers.contains(", 768 Bb7, "), "a blues in F: {markers}");
    folder.said(&["--style", "jazz", "--chart", "3/4 C | 4/4 F | G", "--bars", "3", "-o", "mixed.mid"]);
    assert_eq!(folder.markers("mixed.mid"), "0 C, 144 F, 336 G");
    let bars: Vec<_> = folder.read("mixed.mid").bars.iter().map(|bars| (bars.line.0, bars.metre.numerator)).collect();
    assert_eq!(bars, [(144, 4)], "the shorter first bar reads as an upbeat");
}

/// An upbeat belongs to the last bar of the form, so the answer begins with the first chord of the form.
#[test]
fn an_answer_goes_on_with_the_chords_bars_and_key_of_the_tune() {
    const TUNE: &str = "X:1\nT:Up\nM:4/4\nL:1/4\nQ:1/4=180\nK:G\nD|\"G\"GABc|\"C\"cBcd|\"D\"dcBA|\"G\"G3||\n";
    let folder = Folder::new("upbeat").with("up.abc", TUNE);
    folder.said(&["up.abc", "--style", "folk", "--bars", "4", "-o", "x.mid", "-o", "x.abc"]);
    assert_eq!(folder.markers("x.mid"), "0 G, 240 C, 432 D, 624 G, 1008 C, 1200 D, 1392 G");
    let tune = folder.read("x.mid");
    assert_eq!(tune.notes[0].onset.0, 0, "the rest before the upbeat is not written");
    assert_eq!(tune.bars.iter().map(|bars| bars.line.0).collect::<Vec<_>>(), [48]);
    assert_eq!((tune.sharps, tune.tempos.len(), tune.tempos[0].bpm().round()), (Some(1), 1, 180.0));
    let letters = std::fs::read_to_string(folder.0.join("x.abc")).expect("it was written");
    assert!(letters.contains("\nQ:1/4=180\n") && letters.contains("\nK:G\n\"G\"D2 | "), "{letters}");
}

/// All changes of tempo are heard, and the last one holds for the answer, if it is no slowing-down in the last bars;
/// `--tempo` sets another for all.
#[test]
fn the_tempos_of_a_file_are_heard() {
    // A quarter in each of two bars; 60 from the second bar on. Until then, a file without a tempo is at 120.
    let late = midi(&["@1920 FF 51 03 0F 42 40", "00 90 3C 50 @480 3C 00 @1440 3E 50 @480 3E 00"]);
    let folder = Folder::new("tempo").with("late.mid", late);
    let tempos = |arguments: &[&str]| {
        folder.said(&[&["late.mid", "--style", "folk", "--bars", "2", "-o", "x.mid"], arguments].concat());
        let tempos = folder.read("x.mid").tempos;
        tempos.iter().map(|tempo| (tempo.at.0, tempo.bpm().round())).collect::<Vec<_>>()
    };
    assert_eq!(tempos(&[]), [(0, 120.0), (192, 60.0)]);
    assert_eq!(tempos(&["--tempo", "90"]), [(0, 90.0)]);
    // In a trade, the second turn of the player is at 60.
    assert_eq!(tempos(&["--mode", "Trade", "--set", "trade_bars=1 bar"]), [(0, 120.0), (384, 60.0)]);
}

#[test]
fn a_change_of_metre_moves_no_chord() {
    // Two bars of 4/4 and two of 3/4, with a chord at the beginning of each.
    let chord = |keys: [&str; 3], length: u32| {
        let on: String = keys.map(|key| format!("00 91 {key} 50 ")).concat();
        let off = format!("@{length} 81 {} 00 00 81 {} 00 00 81 {} 00 ", keys[0], keys[1], keys[2]);
        on + &off
    };
    let chords = chord(["30", "34", "37"], 1920)
        + &chord(["35", "39", "3C"], 1920)
        + &chord(["37", "3B", "3E"], 1440)
        + &chord(["39", "3C", "40"], 1440);
    let melody = "00 90 48 50 @1920 48 00 00 4D 50 @1920 4D 00 00 4F 50 @1440 4F 00 00 51 50 @1440 51 00";
    let file = midi(&["00 FF 58 04 04 02 18 08 @3840 FF 58 04 03 02 18 08", melody, &chords]);
    let folder = Folder::new("metre").with("metre.mid", file);
    folder.said(&["metre.mid", "--style", "folk", "--bars", "4", "-o", "x.mid"]);
    let markers = folder.markers("x.mid");
    // The answer goes through the same bars again.
    assert_eq!(markers, "0 C, 192 F, 384 G, 528 Am, 672 C, 864 F, 1056 G, 1200 Am");
}

#[test]
fn a_trade_after_an_upbeat_of_its_own_bar_is_in_whole_bars() {
    let signatures = "00 FF 58 04 01 03 18 08 @240 FF 58 04 04 02 18 08";
    let notes = "00 90 43 50 @240 43 00 00 48 50 @1920 48 00 00 4A 50 @1920 4A 00 00 4C 50 @1920 4C 00";
    let folder = Folder::new("trade").with("upbeat.mid", midi(&[signatures, notes]));
    folder.said(&["upbeat.mid", "--style", "folk", "--mode", "Trade", "--set", "trade_bars=2 bars", "-o", "x.mid"]);
    let file = std::fs::read(folder.0.join("x.mid")).expect("it was written");
    let segue = Smf::parse(&file).expect("it is MIDI").tracks[1].len();
    assert!(segue > 4, "Segue plays in its turns: {segue} events");
}

/// A rest of ten hours, a key that hangs for an hour: small files that used to fill the memory with sound.
#[cfg(target_os = "linux")]
#[test]
fn a_long_rest_takes_neither_memory_nor_time() {
    const MOST_KIBIBYTES: u32 = 1024 * 1024;
    const LONGEST: Duration = Duration::from_mins(1);
    let gap = midi(&["00 90 3C 50 @480 3C 00 @34560000 3E 50 @480 3E 00"]);
    let hang = midi(&["00 90 3C 50", "@3456000 FF 01 01 2E"]);
    // 559,240 quarter notes; the note before is not heard, and this is said.
    let years = midi(&["00 90 3C 50 @480 3C 00 @268435455 3E 50 @480 3E 00"]);
    let folder = Folder::new("rest").with("gap.mid", gap).with("hang.mid", hang).with("years.mid", years);
    for name in ["gap.mid", "hang.mid", "years.mid"] {
        let begun = Instant::now();
        let mut shell = folder.command("sh");
        let limited = format!("ulimit -v {MOST_KIBIBYTES}; exec \"$0\" improvise {name} --style folk -o out.mid");
        let output = shell.args(["-c", &limited, super::CLI]).output().expect("there is a shell");
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(begun.elapsed() < LONGEST, "{name}: {:?}", begun.elapsed());
    }
    let said = folder.said(&["years.mid", "--style", "folk", "-o", "out.mid"]);
    let sentence = "years.mid: of its 2 notes the last 1 are heard, because it lasts longer than";
    assert!(said.starts_with(sentence), "{said}");
}

#[test]
fn the_ending_of_a_name_says_what_is_written() {
    let folder = Folder::new("endings").with("tune.abc", "X:1\nK:C\nCDEF GABc|\n");
    let outputs = ["-o", "a.mid", "-o", "a.abc", "-o", "a.wav", "-o", "a.png"];
    folder.said(&[&["tune.abc", "--style", "irish", "--bars", "2"], &outputs[..]].concat());
    for (name, magic) in [("a.mid", &b"MThd"[..]), ("a.abc", b"X:1"), ("a.wav", b"RIFF"), ("a.png", b"\x89PNG")] {
        folder.begins(name, magic);
    }
    let said = folder.refusal(&["tune.abc", "-o", "a.mp3"]);
    assert!(said.contains("a.mp3: what to write is said by the ending; use .mid, .abc, .wav or .png"), "{said}");
    // Without a name, beside nothing that is there.
    for expected in ["tune-segue.mid", "tune-segue-2.mid"] {
        assert!(!folder.names().contains(&expected.to_owned()));
        folder.said(&["tune.abc", "--style", "irish", "--bars", "2"]);
        folder.begins(expected, b"MThd");
    }
    folder.said(&["--style", "irish", "--bars", "2", "--count", "2"]);
    folder.begins("segue-2.mid", b"MThd");
}

#[test]
fn what_is_read_is_never_written_over() {
    const TUNE: &str = "X:1\nK:C\nCDEF GABc|\n";
    let folder = Folder::new("input").with("tune.abc", TUNE).with("tune-2.mid", midi(&["00 90 3C 50 @480 3C 00"]));
    let over = "is what is read; choose another name for what is written";
    for (arguments, name) in [
        (&["tune.abc", "-o", "tune.abc"][..], "tune.abc"),
        (&["tune.abc", "--abc", "./tune.abc"], "./tune.abc"),
        (&["tune.abc", "--wav", "tune.abc", "-o", "x.mid"], "tune.abc"),
        (&["tune-2.mid", "-o", "tune.mid", "--count", "2"], "tune-2.mid"),
    ] {
        assert_eq!(folder.refusal(arguments), format!("segue-cli: {name}: {over}\n"));
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(folder.0.join("tune.abc"), folder.0.join("link.abc")).expect("a link can be made");
        assert_eq!(folder.refusal(&["tune.abc", "-o", "link.abc"]), format!("segue-cli: link.abc: {over}\n"));
    }
    assert_eq!(std::fs::read_to_string(folder.0.join("tune.abc")).expect("it is there"), TUNE);
}

/// `--number` says why a tune was refused; without it, a refused first tune is said.
#[test]
fn a_refused_tune_is_refused_with_its_reason() {
    let book = "X:1 % the first\nK:C\nA[B|\n\nX:2\nT:Two\nK:C\nABcd efga|\n";
    let folder = Folder::new("number").with("book.abc", book);
    let reason = "book.abc, tune 1, line 3: a chord is never closed";
    assert_eq!(folder.refusal(&["book.abc", "--number", "1", "-o", "x.mid"]), format!("segue-cli: {reason}\n"));
    let said = folder.said(&["book.abc", "--style", "irish", "--bars", "2", "-o", "x.mid"]);
    assert_eq!(said, format!("{reason}. Tune 2, “Two”, is played; --number chooses another.\n"));
}

#[test]
fn a_part_of_a_midi_file_is_said_and_can_be_chosen() {
    let part = |channel: u8, keys: [u8; 4]| {
        keys.map(|key| format!("00 9{channel} {key:02X} 50 @480 9{channel} {key:02X} 00 ")).concat()
    };
    let (bass, tune) = (part(0, [36, 38, 40, 41]), part(1, [72, 74, 76, 77]));
    let folder = Folder::new("part").with("two.mid", midi(&[&bass, &tune]));
    let first = |arguments: &[&str]| {
        let usual = ["two.mid", "--style", "irish", "--bars", "2", "-o", "x.mid", "--set", "thru=Off"];
        let said = folder.said(&[&usual[..], arguments].concat());
        (folder.read("x.mid").notes[0].pitch.key(), said)
    };
    let (key, said) = first(&[]);
    let sentence =
        "two.mid: the melody is track 2, channel 2, 4 notes, of 2 parts; --track and --channel choose another.\n";
    assert_eq!((key, said.as_str()), (72, sentence));
    assert_eq!(first(&["--track", "1"]), (36, String::new()));
    assert_eq!(first(&["--channel", "1"]), (36, String::new()));
    let said = folder.refusal(&["two.mid", "--track", "3", "-o", "x.mid"]);
    assert!(said.contains("There are track 1, channel 1 (4 notes); track 2, channel 2 (4 notes)"), "{said}");
}
