use super::*;
use crate::tests_support::{Folder, heard, places};

const NOTE_COLUMNS: &str =
    "onset_s\tdur_s\tpitch\tloudness_db\tbar\tbeat\ttatum\tdivision\tbeats_per_bar\tbeat_dur_s\tchord\n";
const BEAT_COLUMNS: &str = "onset_s\tdur_s\tbar\tbeat\tbeats_per_bar\tsignature\tchord\tform\tchorus\tbass\n";

/// Notes as `bar.beat.tatum/division key length [loudness]`, with the length in beats of half a second; beats as
/// `bar.beat metre chord`. Both are separated by commas.
fn folder(name: &str, notes: &str, beats: &str) -> Folder {
    let note = |note: &str| {
        let words: Vec<&str> = note.split_whitespace().collect();
        let (place, division) = words[0].split_once('/').unwrap();
        let place: Vec<&str> = place.split('.').collect();
        let length: f64 = words[2].parse().unwrap();
        let (key, loudness) = (words[1], words.get(3).unwrap_or(&""));
        let (bar, beat, tatum) = (place[0], place[1], place[2]);
        format!("0\t{}\t{key}\t{loudness}\t{bar}\t{beat}\t{tatum}\t{division}\t4\t0.5\t\n", length / 2.0)
    };
    let beat = |beat: &str| {
        let words: Vec<&str> = beat.split_whitespace().collect();
        let ((bar, beat), (count, _)) = (words[0].split_once('.').unwrap(), words[1].split_once('/').unwrap());
        format!("0\t0.5\t{bar}\t{beat}\t{count}\t{}\t{}\tA1\t1\t\n", words[1], words[2])
    };
    let notes: String = notes.split(',').filter(|text| !text.trim().is_empty()).map(note).collect();
    let beats: String = beats.split(',').filter(|text| !text.trim().is_empty()).map(beat).collect();
    Folder::new(name)
        .with("notes/solo.tsv", format!("{NOTE_COLUMNS}{notes}"))
        .with("beats/solo.tsv", format!("{BEAT_COLUMNS}{beats}"))
}

fn read(name: &str, notes: &str, beats: &str) -> Tune {
    read_solo(&folder(name, notes, beats).path().join("notes/solo.tsv")).unwrap()
}

/// Whole bars from `first` on, each with one chord.
fn bars(first: i64, metre: &str, chords: &str) -> String {
    let count: i64 = metre.split_once('/').unwrap().0.parse().unwrap();
    let chords = chords.split_whitespace().zip(first..);
    let beats = chords.flat_map(|(chord, bar)| (1..=count).map(move |beat| format!("{bar}.{beat} {metre} {chord},")));
    beats.collect::<Vec<_>>().concat()
}

/// A note lies where it is meant, and lasts as long as it was played.
#[test]
fn a_note_stands_where_it_is_meant() {
    let tune = read("place", "1.1.1/1 60 1, 1.2.2/2 62 0.5, 1.3.3/3 64 0.25, 2.1.1/4 65 0", &bars(1, "4/4", "C G7"));
    assert_eq!(heard(&tune.notes), "C4:48 -:24 D4:24 -:32 E4:12 -:52 F4:1");
    assert_eq!(places(&tune), [0, 72, 128, 0]);
}

/// The bar line before the first note is the start, whatever its number.
#[test]
fn the_first_bar_line_before_a_note_is_the_start() {
    let tune = read("pickup", "-1.4.1/2 60 0.5, 0.1.1/1 62 1", &bars(-3, "4/4", "NC C C7 F NC"));
    assert_eq!(heard(&tune.notes), "-:144 C4:24 -:24 D4:48");
    assert_eq!(tune.bars, [Bars { line: Ticks::ZERO, metre: Metre::COMMON }]);
    let chords: Vec<_> = tune.chords.iter().map(|(at, chord)| (at.0, chord.map(|chord| chord.to_string()))).collect();
    assert_eq!(chords, [(0, Some("C7".to_owned())), (192, Some("F".to_owned())), (384, None)]);
    // The table may begin in the middle of a bar, and chords may change there too.
    let tune = read("middle", "1.3.1/1 60 1", "1.2 4/4 C-7,1.3 4/4 C-7,1.4 4/4 F79b,");
    assert_eq!(places(&tune), [96]);
    assert_eq!(tune.chords.iter().map(|(at, _)| at.0).collect::<Vec<_>>(), [48, 144]);
}

#[test]
fn changes_of_metre_are_new_bars() {
    let beats = format!("{}{}{}", bars(1, "4/4", "C C"), bars(3, "5/4", "C"), bars(4, "4/4", "C"));
    let tune = read("metre", "1.1.1/1 60 1, 3.5.1/1 62 1, 4.4.1/1 64 1", &beats);
    let entry = |bars: &Bars| (bars.line.0, bars.metre.numerator);
    assert_eq!(tune.bars.iter().map(entry).collect::<Vec<_>>(), [(0, 4), (384, 5), (624, 4)]);
    assert_eq!(places(&tune), [0, 192, 144]);
    let free = read("free", "1.1.1/1 60 1, 2.1.1/2 62 1", &bars(1, "1/4", "NC NC"));
    assert_eq!((free.bars.len(), free.chords.len(), places(&free)), (1, 0, vec![0, 0]));
}

#[test]
fn one_line_is_never_two_notes_at_once() {
    // The second note's place is less than a tick after the first one's.
    let tune = read("line", "1.1.1/100 60 4, 1.1.2/100 62 4, 1.1.3/100 64 4, 1.2.1/1 65 9", &bars(1, "4/4", "C"));
    assert_eq!(heard(&tune.notes), "C4:1 D4:1 E4:46 F4:432");
}

#[test]
fn velocities_spread_by_rank_whatever_the_scale_of_loudness() {
    let check = |loudness: &[Option<f32>], expected: &[u8]| {
        let velocities: Vec<u8> = velocities(loudness).iter().map(|velocity| velocity.value()).collect();
        assert_eq!(velocities, expected, "{loudness:?}");
    };
    check(&[Some(60.0), Some(70.0), Some(65.0)], &[40, 110, 75]);
    check(&[Some(-66.0), Some(-65.9), None], &[40, 110, 80]);
    check(&[Some(60.0), Some(60.0), Some(60.0)], &[75, 75, 75]);
    check(&[Some(60.0)], &[75]);
    check(&[None, None], &[80, 80]);
}

/// The title comes from the table of solos, or else from the file name.
#[test]
fn the_title_is_that_of_the_table_or_of_the_file() {
    let folder = folder("title", "1.1.1/1 60 1", &bars(1, "4/4", "C"));
    let title = |folder: &Folder| read_solo(&folder.path().join("notes/solo.tsv")).unwrap().title;
    assert_eq!(title(&folder), "solo");
    let folder = folder.with("solos.csv", "id,performer,title\nother,X,Y\nsolo,Art Pepper,\"Anthropology, 1\"\n");
    assert_eq!(title(&folder), "Anthropology, 1 (Art Pepper)");
}

#[test]
fn what_is_wrong_is_said_with_file_and_line() {
    let check = |name: &str, notes: &str, beats: &str, sentence: &str| {
        let folder = folder(name, notes, beats);
        let refused = read_solo(&folder.path().join("notes/solo.tsv")).unwrap_err().to_string();
        let refused = refused.replace(&format!("{}/", folder.path().display()), "");
        assert!(refused.starts_with(sentence), "{refused}");
    };
    let beats = &bars(1, "4/4", "C");
    check("no-notes", "", beats, "notes/solo.tsv: has no notes");
    check("no-bar", "1.1.1/1 60 1, 2.1.1/1 60 1", beats, "notes/solo.tsv, line 3: bar 2 is not in the table of beats");
    let no_beat = "notes/solo.tsv, line 2: there is no beat 5, part 1 of 1, in a bar of 4 beats";
    check("no-beat", "1.5.1/1 60 1", beats, no_beat);
    check("no-part", "1.1.1/0 60 1", beats, "notes/solo.tsv, line 2: there is no beat 1, part 1 of 0");
    check("order", "1.2.1/1 60 1, 1.1.1/1 60 1", beats, "notes/solo.tsv, line 3: its place lies before");
    check("key", "1.1.1/1 128 1", beats, "notes/solo.tsv, line 2: 128 is no MIDI key (0 to 127)");
    check("chord", "1.1.1/1 60 1", "1.1 4/4 Q7", "beats/solo.tsv, line 2: “Q7” is not a chord; write");
    check("metre", "1.1.1/1 60 1", "1.1 4/5 C", "beats/solo.tsv, line 2: “4/5” is not a time signature");
    check("back", "1.1.1/1 60 1", "1.1 4/4 C,1.1 4/4 C", "beats/solo.tsv, line 3: its beat lies before");
    check("bars", "1.1.1/1 60 1", "2.1 4/4 C,1.1 4/4 C", "beats/solo.tsv, line 3: bar 1 cannot follow bar 2");
    let folder = folder("text", "1.1.1/1 60 1", beats).with("notes/solo.tsv", "some\ttext\n1\t2\n");
    let refused = read_solo(&folder.path().join("notes/solo.tsv")).unwrap_err().to_string();
    assert!(refused.contains("line 2: is not a row of a solo table (missing field"), "{refused}");
    let missing = read_solo(Path::new("/nowhere/notes/a.tsv")).unwrap_err().to_string();
    assert!(missing.starts_with("/nowhere/notes/a.tsv: cannot be read ("), "{missing}");
}
