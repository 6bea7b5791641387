use super::*;
use crate::tests_support::heard;
use midly::num::{u4, u7, u15, u24, u28};
use midly::{Format, Fps, Header, MetaMessage, MidiMessage, Smf, Timing, TrackEvent, TrackEventKind};
use segue_model::chord::Chord;
use segue_model::note::{Bars, Ticks};

/// A track as text: `12` waits that long; `+C60` and `-60` strike and release a key (a letter is the channel, `A` the
/// first, kept until it changes), `0:60` releases by velocity 0, `P` and `p` press and release the pedal, `M6/8` is a
/// time signature, `T500000` a tempo, `"name` a track name.
fn track(words: &'static str) -> Vec<TrackEvent<'static>> {
    let mut channel = 0;
    let mut delta = 0;
    let mut events = Vec::new();
    for word in words.split_whitespace() {
        if let Ok(wait) =
            word.parse::<u32>().map_err(drop).and_then(|wait| if word.starts_with('+') { Err(()) } else { Ok(wait) })
        {
            delta += wait;
            continue;
        }
        let (sign, rest) = word.split_at(1);
        let rest = match rest.chars().next() {
            Some(letter @ 'A'..='P') => {
                channel = u8::try_from(u32::from(letter) - u32::from('A')).unwrap();
                &rest[1..]
            }
            _ => rest,
        };
        let key = || u7::new(rest.trim_start_matches(':').parse().unwrap());
        let pedal = |value| MidiMessage::Controller { controller: u7::new(64), value: u7::new(value) };
        let message = match sign {
            "+" => Some(MidiMessage::NoteOn { key: key(), vel: u7::new(100) }),
            "-" => Some(MidiMessage::NoteOff { key: key(), vel: u7::new(0) }),
            "0" => Some(MidiMessage::NoteOn { key: key(), vel: u7::new(0) }),
            "P" => Some(pedal(127)),
            "p" => Some(pedal(0)),
            _ => None,
        };
        let kind = match (message, sign) {
            (Some(message), _) => TrackEventKind::Midi { channel: u4::new(channel), message },
            (None, "M") => {
                let (numerator, denominator) = rest.split_once('/').unwrap();
                let power = denominator.parse::<u32>().unwrap().trailing_zeros();
                let numerator = numerator.parse().unwrap();
                TrackEventKind::Meta(MetaMessage::TimeSignature(numerator, u8::try_from(power).unwrap(), 24, 8))
            }
            (None, "T") => TrackEventKind::Meta(MetaMessage::Tempo(u24::new(rest.parse().unwrap()))),
            _ => TrackEventKind::Meta(MetaMessage::TrackName(rest.as_bytes())),
        };
        events.push(TrackEvent { delta: u28::new(delta), kind });
        delta = 0;
    }
    events.push(TrackEvent { delta: u28::new(delta), kind: TrackEventKind::Meta(MetaMessage::EndOfTrack) });
    events
}

fn file(format: Format, timing: Timing, tracks: &[&'static str]) -> Vec<u8> {
    let mut smf = Smf::new(Header::new(format, timing));
    smf.tracks = tracks.iter().map(|words| track(words)).collect();
    let mut bytes = Vec::new();
    smf.write_std(&mut bytes).unwrap();
    bytes
}

const QUARTER_OF_96: Timing = Timing::Metrical(u15::new(96));

fn tune_with(tracks: &[&'static str], reading: MidiOptions) -> Tune {
    parse_midi(&file(Format::Parallel, QUARTER_OF_96, tracks), "file", reading).unwrap()
}

/// The files have 96 ticks per quarter note.
fn check(tracks: &[&'static str], reading: MidiOptions, expected: &str) {
    assert_eq!(heard(&tune_with(tracks, reading).notes), expected, "{tracks:?}");
}

const MELODY: MidiOptions = MidiOptions { voices: Voices::Melody, clock: TickUnit::Beats, pedal: false, chords: false };
const ALL: MidiOptions = MidiOptions { voices: Voices::All, clock: TickUnit::Beats, pedal: false, chords: false };
const WITH_PEDAL: MidiOptions = MidiOptions { voices: Voices::All, clock: TickUnit::Beats, pedal: true, chords: false };
const IN_SECONDS: MidiOptions =
    MidiOptions { voices: Voices::All, clock: TickUnit::Seconds, pedal: false, chords: false };

#[test]
fn notes_end_by_release_or_by_velocity_0() {
    check(&["+60 96 -60 +62 48 0:62 48 +64 96 -64"], ALL, "C4:48 D4:24 -:24 E4:48");
    assert_eq!(tune_with(&["+60 96 -60"], ALL).notes[0].velocity.value(), 100);
}

#[test]
fn a_key_struck_again_ends_the_note_that_it_sounded() {
    check(&["+60 48 +60 48 -60 48 -60"], ALL, "C4:24 C4:24");
    // The note-off that follows at once belongs to the first of the two.
    check(&["+60 48 +60 -60 48 -60"], ALL, "C4:24 C4:24");
    check(&["+60 48 -60 +60 48 -60"], ALL, "C4:24 C4:24");
}

#[test]
fn a_note_that_is_never_released_ends_with_the_piece() {
    check(&["+60 96 +62 96 -62 96"], ALL, "C4:144 D4:48");
    check(&["-60 48 +62 0:62"], ALL, "-:24 D4:1");
}

#[test]
fn all_voices_are_all_tracks_and_channels_but_drums() {
    check(&["\"name 96", "+B60 48 +C64 48 -B60 -C64", "+J36 +A72 96 -A72"], ALL, "C4+C5:48 E4:24");
    check(&["+J40 96 -J40 +A60 96 -A60"], MELODY, "-:48 C4:48");
}

/// A line of eighths for a part; the first note is at the start.
fn line(channel: char, keys: &[u8]) -> String {
    keys.iter().map(|key| format!("+{channel}{key} 48 -{channel}{key} ")).collect::<Vec<_>>().concat()
}

/// Three notes at a time.
fn chords(channel: char, roots: &[u8]) -> String {
    let together =
        |sign: &str, root: u8| [root, root + 4, root + 7].map(|key| format!("{sign}{channel}{key} ")).concat();
    roots.iter().map(|root| format!("{}96 {}", together("+", *root), together("-", *root))).collect::<Vec<_>>().concat()
}

/// Checks which part is taken as the melody, given as `track channel`.
fn check_melody(tracks: &[String], expected: &str, why: &str) {
    let tracks: Vec<&'static str> = tracks.iter().map(|track| &*track.clone().leak()).collect();
    let bytes = file(Format::Parallel, QUARTER_OF_96, &tracks);
    let piece = parse_pieces(&bytes, "file", MELODY).unwrap().remove(0);
    let taken = piece.taken.unwrap();
    assert_eq!(format!("{} {}", taken.track, taken.channel), expected, "{why}");
    assert_eq!(taken.notes, piece.tune.notes.len(), "{why}");
}

#[test]
fn the_melody_is_chosen_by_what_it_is_and_not_by_its_place() {
    let tune = [72, 74, 76, 77, 79, 77, 76, 74, 72, 71, 72, 74];
    let low = tune.map(|key| key - 36);
    let middle = tune.map(|key| key - 7);
    let roots = [48, 53, 55, 48, 57, 50];
    let named = |name: &str, notes: String| format!("\"{name} {notes}");
    let (drone, few) = (line('B', &[79; 12]), line('B', &[84, 86]));
    for (tracks, expected, why) in [
        (vec![line('A', &tune), line('B', &low)], "1 1", "the tune is higher"),
        (vec![line('A', &low), line('B', &tune)], "2 2", "the bass comes first"),
        (vec![chords('A', &roots), line('B', &tune)], "2 2", "chords come first"),
        (vec![line('A', &low), chords('B', &roots), line('C', &tune)], "3 3", "the tune is last"),
        (vec![line('A', &low) + &line('B', &tune)], "1 2", "in one track, by channel"),
        (vec![line('A', &tune), line('B', &tune)], "1 1", "the first of equal ones"),
        (vec![line('A', &tune), named("melody", line('B', &middle))], "2 2", "the name says it"),
        (
            vec![named("strings", line('A', &tune)), named("lead.vocal", line('B', &middle))],
            "2 2",
            "the name of a singer",
        ),
        (vec![named("chords", line('A', &tune)), line('B', &middle)], "2 2", "the name says what it is not"),
        (vec![drone, line('A', &middle)], "2 1", "a drone above it"),
        (vec![few, line('A', &middle)], "2 1", "two notes above it"),
        (vec![line('J', &tune), line('A', &low)], "2 1", "drums never"),
    ] {
        check_melody(&tracks, expected, why);
    }
}

#[test]
fn lyrics_say_which_part_is_sung() {
    // Nine quarters for each of two parts; the syllables belong to the notes of the second.
    let part = |channel: u8, shift: u8, lyrics: bool| {
        let mut track = Vec::new();
        for step in 0..9u8 {
            if lyrics {
                track.extend([0, 0xff, 5, 2, b'l', b'a']);
            }
            track.extend([0, 0x90 | channel, 60 + shift + step % 5, 80, 48, 0x80 | channel, 60 + shift + step % 5, 0]);
            if lyrics {
                track.extend([0, 0xff, 1, 1, b'-', 12, 0x90 | channel, 50, 1, 0, 0x80 | channel, 50, 0]);
            }
        }
        track.extend([0, 0xff, 0x2f, 0]);
        track
    };
    let bytes = raw(96, &[&part(0, 12, false), &part(1, 0, true)]);
    assert_eq!(parse_pieces(&bytes, "file", MELODY).unwrap()[0].taken.as_ref().unwrap().track, 2);
}

#[test]
fn a_track_or_a_channel_can_be_asked_for() {
    let tracks = ["\"name 96", "+B60 48 +C64 48 -B60 -C64", "+J36 +A72 96 -A72"];
    let bytes = file(Format::Parallel, QUARTER_OF_96, &tracks);
    let with = |track, channel| {
        let reading = MidiOptions { voices: Voices::Chosen { track, channel }, ..MELODY };
        parse_pieces(&bytes, "a.mid", reading)
            .map(|pieces| heard(&pieces[0].tune.notes))
            .map_err(|refused| refused.to_string())
    };
    assert_eq!(with(Some(2), None).as_deref(), Ok("C4:48 E4:24"));
    assert_eq!(with(Some(2), Some(3)).as_deref(), Ok("-:24 E4:24"));
    assert_eq!(with(None, Some(1)).as_deref(), Ok("C5:48"));
    let there = "a.mid: has no notes on the track and channel that were asked for. There are \
                 track 2, channel 2 (1 notes); track 2, channel 3 (1 notes); track 3, channel 1 (1 notes)";
    assert_eq!(with(Some(3), Some(10)), Err(there.to_owned()), "drums are never read");
    assert_eq!(with(Some(7), None), Err(there.to_owned()));
}

#[test]
fn formats_0_and_2_are_read_and_each_track_of_2_is_a_piece() {
    let single = file(Format::SingleTrack, QUARTER_OF_96, &["\"Tune +60 96 -60"]);
    let tune = parse_midi(&single, "file", ALL).unwrap();
    assert_eq!((tune.title.as_str(), heard(&tune.notes).as_str()), ("Tune", "C4:48"));
    let pieces = file(Format::Sequential, QUARTER_OF_96, &["M3/4", "+60 96 -60", "+62 96 -62"]);
    let pieces = parse_pieces(&pieces, "file", ALL).unwrap();
    assert_eq!(pieces.iter().map(|piece| heard(&piece.tune.notes)).collect::<Vec<_>>(), ["C4:48", "D4:48"]);
}

#[test]
fn a_wrapped_file_is_read_and_checked_like_any_other() {
    let inside = file(Format::Parallel, QUARTER_OF_96, &["+60 96 -60"]);
    let wrapped = [b"RIFF\0\0\0\0RMIDdata\0\0\0\0", inside.as_slice()].concat();
    assert_eq!(heard(&parse_midi(&wrapped, "file", ALL).unwrap().notes), "C4:48");
    assert!(parse_midi(&wrapped[..wrapped.len() - 5], "file", ALL).is_err());
}

const WITH_CHORDS: MidiOptions =
    MidiOptions { voices: Voices::Melody, clock: TickUnit::Beats, pedal: false, chords: true };

fn check_chords(tracks: &[&'static str], expected: &str) {
    let tune = tune_with(tracks, WITH_CHORDS);
    let name = |chord: Option<Chord>| chord.map_or_else(|| "none".to_owned(), |chord| chord.to_string());
    let chords: Vec<String> = tune.chords.iter().map(|(at, chord)| format!("{}:{}", at.0, name(*chord))).collect();
    assert_eq!(chords.join(" "), expected, "{tracks:?}");
    assert_eq!(heard(&tune.notes), "C5:96", "{tracks:?}");
}

#[test]
fn what_sounds_together_outside_the_melody_is_a_chord() {
    let melody = "+72 192 -72";
    check_chords(&[melody], "");
    let c_then_g7 = "96 +48 +52 +55 96 -48 -52 -55 +43 +47 +50 +53 96 -43 -47 -50 -53";
    check_chords(&[melody, c_then_g7], "48:C 96:G7");
    // Neither a rest nor the same chord again is a change.
    let again = "+48 +52 +55 24 -48 -52 -55 24 +48 +52 +55 24 -48 -52 -55 24 +50 +53 +57 96 -50 -53 -57";
    check_chords(&[melody, again], "0:C 48:Dm");
    // In several tracks or channels, overlapping, and with drums.
    check_chords(&[melody, "+B48 96 -B48", "+C55 +C64 96 -C55 -C64", "+J35 96 -J35"], "0:C");
    check_chords(&["+A72 +B45 +B52 +B60 192 -A72 -B45 -B52 -B60"], "0:Am");
    // A bass alone belongs to the chord that holds; a bass that moves under held keys is a change of bass.
    check_chords(&[melody, "+48 +52 +55 48 -48 -52 -55 +43 48 -43"], "0:C");
    check_chords(&[melody, "+64 +67 +72 +48 48 -48 +52 48 -52 -64 -67 -72"], "0:C 24:C/E");
}

/// The bytes of a format 1 file with these tracks, each without its chunk header.
pub(super) fn raw(division: u16, tracks: &[&[u8]]) -> Vec<u8> {
    let count = u16::try_from(tracks.len()).unwrap().to_be_bytes();
    let mut bytes = [&b"MThd\0\0\0\x06\0\x01"[..], &count, &division.to_be_bytes()].concat();
    for track in tracks {
        bytes.extend(b"MTrk");
        bytes.extend(u32::try_from(track.len()).unwrap().to_be_bytes());
        bytes.extend(*track);
    }
    bytes
}

#[test]
fn running_status_is_read() {
    let events = [0, 0x90, 60, 100, 96, 60, 0, 0, 62, 100, 96, 62, 0, 0, 0xff, 0x2f, 0];
    let header = b"MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk\0\0\0";
    let bytes = [&header[..], &[u8::try_from(events.len()).unwrap()], &events].concat();
    assert_eq!(heard(&parse_midi(&bytes, "file", ALL).unwrap().notes), "C4:48 D4:48");
}

#[test]
fn what_is_no_music_between_messages_is_passed_over() {
    // A manufacturer's message and a text come between notes, and an unknown chunk between the tracks.
    let sysex = [0, 0xf0, 3, 1, 2, 0xf7, 0, 0xff, 1, 2, b'h', b'i'];
    let events = [&[0, 0x90, 60, 100][..], &sysex, &[96, 0x80, 60, 0, 0, 0xff, 0x2f, 0]].concat();
    let header = b"MThd\0\0\0\x06\0\x01\0\x01\0\x60XFIH\0\0\0\x02ab";
    let bytes = [&header[..], b"MTrk\0\0\0", &[u8::try_from(events.len()).unwrap()], &events].concat();
    assert_eq!(heard(&parse_midi(&bytes, "file", ALL).unwrap().notes), "C4:48");
}

#[test]
fn one_track_with_many_channels_has_a_melody_too() {
    let bytes = file(Format::SingleTrack, QUARTER_OF_96, &["+B60 +C48 +C52 +C55 +J35 96 -B60 -C48 -C52 -C55 -J35"]);
    let tune = parse_midi(&bytes, "file", WITH_CHORDS).unwrap();
    assert_eq!((heard(&tune.notes).as_str(), tune.chords.len()), ("C4:48", 1));
    assert_eq!(heard(&parse_midi(&bytes, "file", ALL).unwrap().notes), "C3+E3+G3+C4:48");
}

#[test]
fn one_key_struck_in_two_voices_at_once_is_one_note() {
    check(&["+60 96 -60", "+60 48 -60"], ALL, "C4:24");
    check(&["+A60 +B60 96 -A60 96 -B60"], ALL, "C4:48");
}

#[test]
fn ticks_of_any_resolution_do_not_drift() {
    // 1,000 notes of 7 ticks at 97 per quarter note: each one is 3.46 of our ticks.
    let words: &'static str = "+60 7 -60 ".repeat(1_000).leak();
    let bytes = file(Format::SingleTrack, Timing::Metrical(u15::new(97)), &[words]);
    let notes = parse_midi(&bytes, "file", ALL).unwrap().notes;
    let last = notes[999];
    assert_eq!(last.onset, Ticks((999 * 7 * 48 * 2 + 97) / (97 * 2)));
    assert!(notes.windows(2).all(|pair| pair[0].onset + pair[0].duration == pair[1].onset));
}

#[test]
fn smpte_time_is_read_in_seconds_at_120_bpm() {
    for (fps, second) in [(Fps::Fps25, "1000"), (Fps::Fps24, "960"), (Fps::Fps30, "1200")] {
        let words: &'static str = format!("+60 {second} -60").leak();
        let tune = parse_midi(&file(Format::SingleTrack, Timing::Timecode(fps, 40), &[words]), "file", ALL).unwrap();
        assert_eq!((heard(&tune.notes).as_str(), tune.bars.len()), ("C4:96", 0));
    }
    // 30,000 frames at 29.97 per second are 1,001 seconds.
    let long = file(Format::SingleTrack, Timing::Timecode(Fps::Fps29, 100), &["+60 3000000 -60"]);
    assert_eq!(heard(&parse_midi(&long, "file", ALL).unwrap().notes), "C4:96096");
}

#[test]
fn seconds_follow_the_tempo_map_wherever_it_stands() {
    check(&["T1000000 96 T250000", "+60 96 -60 +62 96 -62"], IN_SECONDS, "C4:96 D4:24");
    check(&["+60 96 -60"], IN_SECONDS, "C4:48");
    // The tempo changes while the note sounds, and twice at one moment; the last one counts.
    check(&["96 T1000000 T250000", "+60 192 -60"], IN_SECONDS, "C4:72");
    check(&["T1000000 +60 96 -60"], ALL, "C4:48");
    assert_eq!(tune_with(&["M3/4 +60 96 -60"], IN_SECONDS).bars, []);
}

/// The pedal holds released notes until it goes up or the key is struck again.
#[test]
fn the_pedal_holds_released_notes() {
    check(&["+60 48 P 48 -60 96 p"], WITH_PEDAL, "C4:96");
    check(&["+60 48 P 48 -60 96 p"], ALL, "C4:48");
    check(&["P +60 48 -60 48 +60 48 -60 48 p"], WITH_PEDAL, "C4:48 C4:48");
    check(&["P +60 48 p 48 -60"], WITH_PEDAL, "C4:48");
    check(&["P +60 48 -60 48"], WITH_PEDAL, "C4:48");
    check(&["P +60 48 -60 48 p 96 +62 48 -62"], WITH_PEDAL, "C4:48 -:48 D4:24");
    // The pedal of another channel holds nothing.
    check(&["PB +A60 48 -60 48 pB"], WITH_PEDAL, "C4:24");
    // The pedal may be in another track than the notes, and stay down to the end.
    check(&["P 96 p", "+60 48 -60 48"], WITH_PEDAL, "C4:48");
    check(&["P 96", "+60 48 -60 96"], WITH_PEDAL, "C4:72");
    // A melody is read with the pedal of its channel even if other tracks use it more.
    check(&["+60 48 -60 48 +62 48 -62"], WITH_PEDAL, "C4:24 -:24 D4:24");
}

#[test]
fn time_signatures_become_bars() {
    let bars = |tracks| {
        let bars = tune_with(tracks, ALL).bars;
        let entry = |bars: &Bars| format!("{} {}/{}", bars.line.0, bars.metre.numerator, bars.metre.denominator);
        bars.iter().map(entry).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(bars(&["+60 96 -60"]), "0 4/4");
    assert_eq!(bars(&["M6/8 864 M3/4", "+60 96 -60"]), "0 6/8, 432 3/4");
    assert_eq!(bars(&["M3/4 288 M3/4 96 M3/4 +60 96 -60"]), "0 3/4, 192 3/4");
    assert_eq!(bars(&["192 M3/8 +60 96 -60"]), "0 4/4, 96 3/8");
}

#[test]
fn files_that_are_no_music_are_refused_in_one_sentence() {
    let whole = file(Format::Parallel, QUARTER_OF_96, &["+60 96 -60", "+62 96 -62"]);
    let check = |bytes: &[u8], sentence: &str| {
        assert_eq!(parse_midi(bytes, "a.mid", ALL).unwrap_err().to_string(), sentence);
    };
    check(b"", "a.mid: is not a MIDI file: it is empty. Give a Standard MIDI File (.mid)");
    let no_midi =
        "a.mid: is not a MIDI file: it does not begin with the letters MThd. Give a Standard MIDI File (.mid)";
    check(b"# some text", no_midi);
    let no_data =
        "a.mid: is not a MIDI file: it is a RIFF file with no MIDI data in it. Give a Standard MIDI File (.mid)";
    check(b"RIFF", no_data);
    let other =
        "a.mid: is not a MIDI file: the data in its RIFF wrapper are not MIDI. Give a Standard MIDI File (.mid)";
    check(b"RIFF\0\0\0\0WAVEdata\0\0\0\0", other);
    let mut frames = whole.clone();
    frames[12] = 0x80;
    let no_time =
        "a.mid: is damaged: 128 frames per second with 96 ticks each are not a SMPTE time. Export the file again";
    check(&frames, no_time);
    let mut format = whole.clone();
    format[9] = 3;
    check(&format, "a.mid: has format 3, but only 0, 1 and 2 are known. Export it again as format 1");
    check(&whole[..6], "a.mid: is cut off in its header. Export the file again");
    let length = whole.len() - 5;
    let cut = format!(
        "a.mid, track 2, byte {length}: the file ends here, and 5 bytes of the track are missing. Export the file again"
    );
    check(&whole[..length], &cut);
    let second = whole.windows(4).rposition(|name| name == b"MTrk").unwrap();
    check(&whole[..second], "a.mid: is cut off: its header announces 2 tracks, but it has 1. Export the file again");
    check(&file(Format::Parallel, QUARTER_OF_96, &["M3/4"]), "a.mid: has no notes");
    let drums = "a.mid: all its notes are on channel 10, which is for drums and is not read; \
                 move the melody to another channel";
    check(&file(Format::Parallel, QUARTER_OF_96, &["M3/4", "+J36 96 -36"]), drums);
    check(&file(Format::Sequential, QUARTER_OF_96, &["+J36 96 -36", "+J40 96 -40"]), drums);
    let still = file(Format::Parallel, Timing::Metrical(u15::new(0)), &["+60 96 -60"]);
    check(&still, "a.mid: is damaged: a quarter note has no ticks. Export the file again");
    let missing = read_midi(Path::new("/nowhere/a.mid"), ALL).unwrap_err().to_string();
    assert!(missing.starts_with("/nowhere/a.mid: cannot be read ("), "{missing}");
}

/// A file that is cut off anywhere is refused, and no damage makes the reader panic.
#[test]
fn a_cut_file_is_refused_and_damage_makes_no_panic() {
    let whole = file(Format::Parallel, QUARTER_OF_96, &["M6/8 T400000 +60 96 -60", "P +62 96 -62 p +60 7 +60 8 -60"]);
    for length in 0..whole.len() {
        assert!(parse_midi(&whole[..length], "file", ALL).is_err(), "cut to {length} bytes");
    }
    for at in 0..whole.len() {
        for value in 0..=255 {
            let mut bytes = whole.clone();
            bytes[at] = value;
            for reading in [WITH_CHORDS, WITH_PEDAL, IN_SECONDS] {
                if let Ok(tune) = parse_midi(&bytes, "file", reading) {
                    assert!(tune.notes.iter().all(|note| note.duration > Ticks::ZERO));
                }
            }
        }
    }
}
