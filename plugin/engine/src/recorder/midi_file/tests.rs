use super::*;
use crate::recorder::{LogEntry, LogEvent};
use midly::{MidiMessage, Smf, TrackEvent, TrackEventKind};
use segue_model::note::Pitch;

/// A jam: `(tick, event)` at 120 bpm.
fn jam(events: &[(f64, LogEvent)]) -> History {
    let mut history = History::default();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "made-up ticks")]
    let at_ns = |tick: f64| (tick / 96.0 * 1e9) as u64;
    history.extend(events.iter().map(|&(tick, event)| LogEntry { at_ns: at_ns(tick.max(0.0)), tick, event }));
    history
}

fn strike(who: NoteSource, key: u8, velocity: u8) -> LogEvent {
    LogEvent::NoteOn { who, pitch: Pitch::new(key).unwrap(), velocity }
}

fn damp(who: NoteSource, key: u8) -> LogEvent {
    LogEvent::NoteOff { who, pitch: Pitch::new(key).unwrap() }
}

/// Each event of a track as `tick: text`.
fn lines(bytes: &[u8], track: usize) -> Vec<String> {
    let smf = Smf::parse(bytes).unwrap();
    let mut now = 0;
    let line = |event: &TrackEvent<'_>| {
        now += event.delta.as_int();
        let what = match event.kind {
            TrackEventKind::Midi { message: MidiMessage::NoteOn { key, vel }, .. } => format!("on {key} {vel}"),
            TrackEventKind::Midi { message: MidiMessage::NoteOff { key, .. }, .. } => format!("off {key}"),
            TrackEventKind::Meta(MetaMessage::Tempo(quarter)) => format!("tempo {quarter}"),
            TrackEventKind::Meta(MetaMessage::TimeSignature(above, power, ..)) => format!("{above}/{}", 1 << power),
            TrackEventKind::Meta(MetaMessage::Marker(text)) => String::from_utf8_lossy(text).into_owned(),
            _ => return None,
        };
        Some(format!("{now}: {what}"))
    };
    smf.tracks[track].iter().filter_map(line).collect()
}

fn chart(text: &str) -> Option<Arc<Chart>> {
    Chart::parse(text).unwrap().map(Arc::new)
}

fn no_chart(_: u32, _: StyleNumber) -> Option<Arc<Chart>> {
    None
}

const WALTZ: Metre = Metre { numerator: 3, denominator: 4 };

fn tune() -> History {
    jam(&[
        (960.0, LogEvent::Tempo { bpm: 120.0 }),
        (960.0, LogEvent::Bars(Metre::COMMON)),
        (960.0, LogEvent::Form),
        (960.0, LogEvent::Chords(Chords::Chart { version: 1, style: StyleNumber(3) })),
        (1008.0, strike(NoteSource::Player, 60, 100)),
        (1032.0, damp(NoteSource::Player, 60)),
        (1056.02, strike(NoteSource::Segue, 64, 80)),
        (1104.0, LogEvent::Tempo { bpm: 90.0 }),
        // The block that changed the metre began a little before its bar line.
        (1150.0, LogEvent::Cut { plays: true }),
        (1152.0, LogEvent::Bars(WALTZ)),
        (1152.0, strike(NoteSource::Player, 60, 90)),
        (1152.0, damp(NoteSource::Segue, 64)),
        (1160.0, damp(NoteSource::Player, 60)),
        (1160.0, strike(NoteSource::Segue, 65, 70)),
    ])
}

#[test]
fn the_same_notes_at_the_same_ticks_are_read_back() {
    let bytes = file(&tune(), &|_, _| chart("C | F7 G7")).unwrap();
    // The first bar line is tick 0; ten ticks of the file are one of ours.
    assert_eq!(lines(&bytes, 1), ["480: on 60 100", "720: off 60", "1920: on 60 90", "2000: off 60"]);
    assert_eq!(lines(&bytes, 2), ["960: on 64 80", "1920: off 64", "2000: on 65 70", "2001: off 65"]);
    assert_eq!(
        lines(&bytes, 0),
        ["0: tempo 500000", "0: 4/4", "480: C", "1440: tempo 666667", "1920: 3/4", "1920: F7"],
        "the metre changes with its bar line, and the chart with it"
    );
}

/// Where the player's notes lie in the file, in quarter notes, and when they sound, in seconds.
fn places(history: &History) -> Vec<(f64, f64)> {
    let bytes = file(history, &no_chart).unwrap();
    let number = |text: &str| text.parse::<f64>().unwrap();
    let tempos: Vec<(f64, f64)> = lines(&bytes, 0)
        .iter()
        .filter_map(|line| line.split_once(": tempo "))
        .map(|(tick, quarter)| (number(tick), number(quarter)))
        .collect();
    let seconds = |tick: f64| {
        let ends = tempos.iter().skip(1).map(|(from, _)| *from).chain([f64::INFINITY]);
        let passed = |((from, quarter), end): (&(f64, f64), f64)| (tick.min(end) - from).max(0.0) * quarter / 480e6;
        tempos.iter().zip(ends).map(passed).sum::<f64>()
    };
    let ons = lines(&bytes, 1);
    let ons = ons.iter().filter_map(|line| line.split_once(": on ")).map(|(tick, _)| number(tick));
    ons.map(|tick| (tick / 480.0, seconds(tick))).collect()
}

/// Without a song, the bars begin again after a silence in the file too, and every note sounds at its time.
#[test]
fn without_a_song_bars_begin_again_after_a_silence() {
    for pause in [200.0, 333.0, 500.0, 704.2, 1_000.0] {
        let second = 96.0_f64 + pause;
        let line = second.ceil();
        let history = jam(&[
            (0.0, LogEvent::Tempo { bpm: 120.0 }),
            (0.0, LogEvent::Bars(Metre::COMMON)),
            (0.0, strike(NoteSource::Player, 60, 100)),
            (24.0, damp(NoteSource::Player, 60)),
            (72.0, strike(NoteSource::Player, 62, 100)),
            (96.0, damp(NoteSource::Player, 62)),
            (line, LogEvent::Bars(Metre::COMMON)),
            (line, strike(NoteSource::Player, 64, 100)),
            (line + 20.0, damp(NoteSource::Player, 64)),
            (line + 48.0, strike(NoteSource::Player, 65, 100)),
            (line + 60.0, damp(NoteSource::Player, 65)),
        ]);
        let places = places(&history);
        let beats: Vec<f64> = places.iter().map(|(beats, _)| *beats).collect();
        assert_eq!(beats[..2], [0.0, 1.5], "{pause}");
        assert!(beats[2] % 4.0 == 0.0, "{pause}: {beats:?}");
        assert!((beats[3] - beats[2] - 1.0).abs() < 1e-9, "{pause}: {beats:?}");
        for ((_, seconds), tick) in places.iter().zip([0.0, 72.0, line, line + 48.0]) {
            assert!((seconds - tick / 96.0).abs() < 0.002, "{pause}: {places:?}");
        }
    }
}

#[test]
fn a_tempo_that_is_read_from_a_phrase_is_that_of_its_whole_bar() {
    // Eighths at 90 bpm. The tempo is read from the fourth one.
    let eighth = 32.0;
    let mut events = vec![(0.0, LogEvent::Tempo { bpm: 120.0 }), (0.0, LogEvent::Bars(Metre::COMMON))];
    for index in 0..4_u8 {
        let at = f64::from(index) * eighth;
        if index == 3 {
            events.extend([(at, LogEvent::Tempo { bpm: 90.0 }), (at - 72.0, LogEvent::Bars(Metre::COMMON))]);
        }
        events.extend([
            (at, strike(NoteSource::Player, 60 + index, 90)),
            (at + 12.0, damp(NoteSource::Player, 60 + index)),
        ]);
    }
    let now = 3.0 * eighth;
    for index in 4..12_u8 {
        let at = now + f64::from(index - 3) * 24.0;
        events.extend([
            (at, strike(NoteSource::Player, 60 + index, 90)),
            (at + 12.0, damp(NoteSource::Player, 60 + index)),
        ]);
    }
    let beats: Vec<f64> = places(&jam(&events)).iter().map(|(beats, _)| *beats).collect();
    let wanted: Vec<f64> = (0..12).map(|index| f64::from(index) / 2.0).collect();
    assert_eq!(beats, wanted);
}

/// The markers of a jam of a few bars with these chords, by tick.
fn markers(chords: &[(f64, Chords)]) -> Vec<String> {
    let mut events = vec![
        (0.0, LogEvent::Tempo { bpm: 120.0 }),
        (0.0, LogEvent::Bars(Metre::COMMON)),
        (0.0, LogEvent::Form),
        (0.0, strike(NoteSource::Player, 60, 100)),
    ];
    events.extend(chords.iter().map(|(tick, chords)| (*tick, LogEvent::Chords(*chords))));
    events.push((900.0, damp(NoteSource::Player, 60)));
    let charts = |version, style: StyleNumber| match (version, style.0) {
        (1, _) => chart("C | F7"),
        (2, _) => chart("Am D7"),
        (_, 7) => chart("Bb7"),
        _ => None,
    };
    let is_marker = |line: &String| !line.contains("tempo") && !line.ends_with("4/4");
    lines(&file(&jam(&events), &charts).unwrap(), 0).into_iter().filter(is_marker).collect()
}

#[test]
fn the_chords_are_those_that_were_in_force_when_they_sounded() {
    /// What the case is, the chords, and the markers.
    type Case<'a> = (&'a str, &'a [(f64, Chords)], &'a [&'a str]);
    let heard = |text: &str| Chords::Heard(Some(Chord::parse(text).unwrap().unwrap()));
    let version = |version, style| Chords::Chart { version, style: StyleNumber(style) };
    let cases: [Case<'_>; 8] = [
        ("one chart", &[(0.0, version(1, 3))], &["0: C", "1920: F7", "3840: C", "5760: F7", "7680: C"]),
        (
            "a chart that is changed in the second bar",
            &[(0.0, version(1, 3)), (250.5, version(2, 3))],
            &[
                "0: C", "1920: F7", "2510: Am", "2880: D7", "3840: Am", "4800: D7", "5760: Am", "6720: D7", "7680: Am",
                "8640: D7",
            ],
        ),
        ("no chart, and a style that has its own", &[(0.0, version(3, 2)), (192.0, version(3, 7))], &["1920: Bb7"]),
        ("a chart that is taken away", &[(0.0, version(1, 3)), (100.0, version(3, 3))], &["0: C", "1000: N.C."]),
        (
            "chords that are heard, to the fraction of a tick",
            &[(0.0, Chords::Heard(None)), (96.3, heard("Dm7")), (300.0, heard("G7/B"))],
            &["963: Dm7", "3000: G7/B"],
        ),
        (
            "a chart, then hands, then nothing",
            &[(0.0, version(2, 3)), (90.0, heard("E")), (200.0, Chords::Off), (250.0, heard("A"))],
            &["0: Am", "900: E", "2000: N.C.", "2500: A"],
        ),
        ("the first known chord also held before", &[(100.0, heard("E"))], &["0: E"]),
        ("nothing is known", &[], &[]),
    ];
    for (name, chords, expected) in cases {
        assert_eq!(markers(chords), expected, "{name}");
    }
}

/// A capture begins with the bar of its first note, and in that bar's tempo.
#[test]
fn a_capture_begins_with_the_bar_of_its_first_note() {
    let mut history = tune();
    history.forget_before(history.notes[1].at_ns);
    let bytes = file(&history, &no_chart).unwrap();
    assert_eq!(lines(&bytes, 0)[..2], ["0: tempo 500000", "0: 4/4"]);
    assert_eq!(lines(&bytes, 2)[0], "960: on 64 80");
}

#[test]
fn an_empty_jam_is_no_file() {
    assert_eq!(file(&History::default(), &no_chart), None);
}
