//! The last minutes of a jam as a MIDI file: tempo and bars, a track for the player, one for Segue, and as markers the
//! chords that were in force while they played, of a chart or heard from the player.
//!
//! Reads the recorder that the audio thread keeps anyway, so nothing has to be switched on before one plays. Not for the
//! audio thread; knows no files.

mod time_line;

use crate::host::{NoteSource, StyleNumber};
use crate::recorder::{EventLog, History, Played};
use crate::snapshot::Chords;
use midly::num::{u4, u7, u15, u24, u28};
use midly::{Format, Header, MetaMessage, MidiMessage, Smf, Timing, Track, TrackEvent, TrackEventKind};
use segue_model::chart::Chart;
use segue_model::chord::Chord;
use segue_model::note::{Bars, Metre, TICKS_PER_QUARTER, Ticks};
use std::sync::Arc;
use time_line::Paper;

/// How far back a capture reaches, in nanoseconds of audio: ten minutes.
pub const LONGEST_NS: u64 = 600_000_000_000;
/// Ticks of the file to one of ours. A frame is shorter than one of them, so a note on the grid is on it in the file.
const FINER: i64 = 10;
const FILE_TICKS_PER_QUARTER: i64 = TICKS_PER_QUARTER * FINER;
/// The chart of a version, in a style; `None` when there was none.
pub type Charts<'a> = &'a dyn Fn(u32, StyleNumber) -> Option<Arc<Chart>>;

/// What was played in the last ten minutes.
pub fn history(pages: &EventLog) -> History {
    let (entries, _) = pages.since(0);
    let mut history = History::default();
    history.extend(entries);
    history.forget_before(history.newest_ns.saturating_sub(LONGEST_NS));
    history
}

/// A history as the bytes of a MIDI file; `None` when no note is in it. The file begins with the bar of the first note.
pub fn file(history: &History, charts: Charts<'_>) -> Option<Vec<u8>> {
    let first = history.notes.first()?.onset;
    let end = history.notes.iter().map(|note| note.end.unwrap_or(history.newest)).fold(history.newest, f64::max);
    let bars = history.bars_at(first);
    let moment = nearest(first);
    let paper = Paper::new(history, moment - bars.place(moment));
    #[expect(clippy::cast_possible_truncation, reason = "480")]
    let timing = Timing::Metrical(u15::from(FILE_TICKS_PER_QUARTER as u16));
    let mut smf = Smf::new(Header::new(Format::Parallel, timing));
    let markers = chords(history, charts, moment.as_f64(), end);
    smf.tracks.push(paper.time(history, &markers));
    for (channel, (who, name)) in (0_u8..).zip([(NoteSource::Player, "Player"), (NoteSource::Segue, "Segue")]) {
        smf.tracks.push(paper.part(history, who, name, u4::from(channel)));
    }
    let mut bytes = Vec::new();
    smf.write_std(&mut bytes).ok()?;
    Some(bytes)
}

/// The chords from one moment up to another, each where it begins.
fn chords(history: &History, charts: Charts<'_>, from: f64, end: f64) -> Vec<(f64, String)> {
    let mut markers = Markers::default();
    let ends = history.chords.iter().skip(1).map(|next| next.from).chain([f64::INFINITY]);
    for (index, (stretch, until)) in history.chords.iter().zip(ends).enumerate() {
        // What is known first was in force before.
        let begin = if index == 0 { from } else { stretch.from.max(from) };
        if until <= begin || begin > end {
            continue;
        }
        match stretch.to {
            Chords::Heard(chord) => markers.say(begin, chord.map_or(Marker::Nothing, Marker::Chord)),
            Chords::Off => markers.say(begin, Marker::Nothing),
            Chords::Chart { version, style } => match charts(version, style) {
                None => markers.say(begin, Marker::Nothing),
                Some(chart) => {
                    let ticks = (nearest(begin.ceil()).0..)
                        .map(|tick| Ticks(tick).as_f64())
                        .take_while(|tick| *tick < until && *tick <= end);
                    for tick in ticks {
                        let moment = nearest(tick) - history.form_at(tick);
                        markers.say(tick, chart.at(moment, metre_at(history, tick)).into());
                    }
                }
            },
        }
    }
    markers.written
}

/// What there is to say of a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Marker {
    /// There are no chords.
    #[default]
    Nothing,
    /// A rest of the chart.
    Rest,
    Chord(Chord),
}

impl From<Option<Chord>> for Marker {
    fn from(chord: Option<Chord>) -> Self {
        chord.map_or(Self::Rest, Self::Chord)
    }
}

/// The chords, each where it begins.
#[derive(Default)]
struct Markers {
    written: Vec<(f64, String)>,
    last: Marker,
}

impl Markers {
    /// From this moment on. That there are no chords any more is written as a rest.
    fn say(&mut self, at: f64, marker: Marker) {
        let last = std::mem::replace(&mut self.last, marker);
        let name = match (last, marker) {
            (Marker::Rest, Marker::Nothing) => return,
            (last, marker) if last == marker => return,
            (_, Marker::Nothing | Marker::Rest) => "N.C.".to_owned(),
            (_, Marker::Chord(chord)) => chord.to_string(),
        };
        self.written.push((at, name));
    }
}

/// The metre of the bar that a moment lies in. The recorder notes a change with the block in which it comes, which begins
/// a little before the bar line.
fn metre_at(history: &History, moment: f64) -> Metre {
    let begun = history.bars.iter().rev().find(|change| first_line(change.to, change.from) <= moment);
    begun.or(history.bars.first()).map_or(Metre::COMMON, |change| change.to.metre)
}

type Timed<'a> = (u32, TrackEventKind<'a>);

impl Paper {
    fn tick(&self, moment: f64) -> u32 {
        #[expect(clippy::cast_precision_loss, reason = "10")]
        let fine = self.place(moment) * FINER as f64;
        #[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
        u32::try_from(fine.round() as i64).unwrap_or(0)
    }

    fn time<'a>(&self, history: &History, markers: &'a [(f64, String)]) -> Track<'a> {
        let mut events: Vec<Timed<'a>> = Vec::new();
        for change in &history.tempos {
            events.push((self.tick(change.from), TrackEventKind::Meta(tempo(self.told(change.to, change.from)))));
        }
        // A stretch goes on in the tempo of the jam, as fast as the file passes there.
        for stretch in self.stretches().iter().skip(1) {
            if let Some(bpm) = history.tempo_at(stretch.from) {
                events.push((self.tick(stretch.from), TrackEventKind::Meta(tempo(self.told(bpm, stretch.from)))));
            }
        }
        for (index, change) in history.bars.iter().enumerate() {
            let at = if index == 0 { 0 } else { self.tick(first_line(change.to, change.from)) };
            events.push((at, TrackEventKind::Meta(signature(change.to))));
        }
        for (moment, chord) in markers {
            events.push((self.tick(*moment), TrackEventKind::Meta(MetaMessage::Marker(chord.as_bytes()))));
        }
        // Of several at one moment the last was in force.
        events.sort_by_key(|(tick, _)| *tick);
        track("Segue: time and chords", keep_last(events))
    }

    /// The tempo of the file where the jam has this one.
    fn told(&self, bpm: f32, moment: f64) -> f32 {
        #[expect(clippy::cast_possible_truncation, reason = "seven digits of a tempo are plenty")]
        let pace = self.pace_at(moment) as f32;
        bpm * pace
    }

    fn part<'a>(&self, history: &History, who: NoteSource, name: &'a str, channel: u4) -> Track<'a> {
        let mut strokes: Vec<(u32, bool, &Played)> = Vec::new();
        for note in history.notes.iter().filter(|note| note.who == who) {
            let on = self.tick(note.onset);
            let off = self.tick(note.end.unwrap_or(history.newest)).max(on + 1);
            strokes.push((on, true, note));
            strokes.push((off, false, note));
        }
        // Off before on, because a repeated note ends where it begins again.
        strokes.sort_by_key(|(tick, on, note)| (*tick, *on, note.pitch));
        let event = |(tick, on, note): (u32, bool, &Played)| {
            let key = u7::from(note.pitch.key());
            let message = if on {
                MidiMessage::NoteOn { key, vel: u7::from(note.velocity) }
            } else {
                MidiMessage::NoteOff { key, vel: u7::from(0) }
            };
            (tick, TrackEventKind::Midi { channel, message })
        };
        track(name, strokes.into_iter().map(event))
    }
}

/// The first line of these bars at or after a moment.
fn first_line(bars: Bars, moment: f64) -> f64 {
    let moment = nearest(moment);
    let place = bars.place(moment);
    let line = if place == Ticks::ZERO { moment } else { moment - place + bars.metre.bar() };
    line.as_f64()
}

/// Drops a tempo or signature that another one of the same moment overrules.
fn keep_last(events: Vec<Timed<'_>>) -> Vec<Timed<'_>> {
    let overrules = |(tick, kind): &Timed<'_>, (later, other): &Timed<'_>| {
        let same = |is: fn(&MetaMessage<'_>) -> bool| {
            let both = [kind, other].map(|kind| matches!(kind, TrackEventKind::Meta(meta) if is(meta)));
            both == [true, true]
        };
        tick == later
            && (same(|meta| matches!(meta, MetaMessage::Tempo(_)))
                || same(|meta| matches!(meta, MetaMessage::TimeSignature(..))))
    };
    let mut kept: Vec<Timed<'_>> = Vec::with_capacity(events.len());
    for event in events {
        kept.retain(|before| !overrules(before, &event));
        kept.push(event);
    }
    kept
}

fn tempo(bpm: f32) -> MetaMessage<'static> {
    const MICROSECONDS_PER_MINUTE: f64 = 60_000_000.0;
    /// What three bytes hold.
    const SLOWEST: f64 = 16_777_215.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    let quarter = (MICROSECONDS_PER_MINUTE / f64::from(bpm)).round().clamp(1.0, SLOWEST) as u32;
    MetaMessage::Tempo(u24::from(quarter))
}

fn signature(bars: Bars) -> MetaMessage<'static> {
    const MIDI_CLOCKS_PER_CLICK: u8 = 24;
    const THIRTY_SECONDS_PER_QUARTER: u8 = 8;
    let metre = bars.metre;
    #[expect(clippy::cast_possible_truncation, reason = "a denominator is at most 64")]
    let power = metre.denominator.trailing_zeros() as u8;
    MetaMessage::TimeSignature(metre.numerator, power, MIDI_CLOCKS_PER_CLICK, THIRTY_SECONDS_PER_QUARTER)
}

fn track<'a>(name: &'a str, events: impl IntoIterator<Item = Timed<'a>>) -> Track<'a> {
    let mut track =
        vec![TrackEvent { delta: u28::from(0), kind: TrackEventKind::Meta(MetaMessage::TrackName(name.as_bytes())) }];
    let mut now = 0;
    for (tick, kind) in events {
        track.push(TrackEvent { delta: u28::from(tick - now), kind });
        now = tick;
    }
    track.push(TrackEvent { delta: u28::from(0), kind: TrackEventKind::Meta(MetaMessage::EndOfTrack) });
    track
}

#[expect(clippy::cast_possible_truncation, reason = "`as` saturates, and no jam is that long")]
fn nearest(moment: f64) -> Ticks {
    Ticks(moment.round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::{Entry, Event};
    use segue_model::note::Pitch;

    /// A jam: `(tick, event)` at 120 bpm.
    fn jam(events: &[(f64, Event)]) -> History {
        let mut history = History::default();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "made-up ticks")]
        let at_ns = |tick: f64| (tick / 96.0 * 1e9) as u64;
        history.extend(events.iter().map(|&(tick, event)| Entry { at_ns: at_ns(tick.max(0.0)), tick, event }));
        history
    }

    fn strike(who: NoteSource, key: u8, velocity: u8) -> Event {
        Event::Strike { who, pitch: Pitch::new(key).unwrap(), velocity }
    }

    fn damp(who: NoteSource, key: u8) -> Event {
        Event::Damp { who, pitch: Pitch::new(key).unwrap() }
    }

    /// Each event of a track as `tick: what`.
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
            (960.0, Event::Tempo { bpm: 120.0 }),
            (960.0, Event::Bars(Metre::COMMON)),
            (960.0, Event::Form),
            (960.0, Event::Chords(Chords::Chart { version: 1, style: StyleNumber(3) })),
            (1008.0, strike(NoteSource::Player, 60, 100)),
            (1032.0, damp(NoteSource::Player, 60)),
            (1056.02, strike(NoteSource::Segue, 64, 80)),
            (1104.0, Event::Tempo { bpm: 90.0 }),
            // The block in which the metre changed began a little before its bar line.
            (1150.0, Event::Cut { plays: true }),
            (1152.0, Event::Bars(WALTZ)),
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

    /// The places of the player's notes in the file, in quarter notes, and when they sound there, in seconds.
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

    #[test]
    fn without_a_song_bars_begin_again_after_a_silence_in_the_file_too_and_all_sounds_when_it_did() {
        for pause in [200.0, 333.0, 500.0, 704.2, 1_000.0] {
            let second = 96.0_f64 + pause;
            let line = second.ceil();
            let history = jam(&[
                (0.0, Event::Tempo { bpm: 120.0 }),
                (0.0, Event::Bars(Metre::COMMON)),
                (0.0, strike(NoteSource::Player, 60, 100)),
                (24.0, damp(NoteSource::Player, 60)),
                (72.0, strike(NoteSource::Player, 62, 100)),
                (96.0, damp(NoteSource::Player, 62)),
                (line, Event::Bars(Metre::COMMON)),
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
        // Eighths at 90, which are known as such with the fourth.
        let eighth = 32.0;
        let mut events = vec![(0.0, Event::Tempo { bpm: 120.0 }), (0.0, Event::Bars(Metre::COMMON))];
        for index in 0..4_u8 {
            let at = f64::from(index) * eighth;
            if index == 3 {
                events.extend([(at, Event::Tempo { bpm: 90.0 }), (at - 72.0, Event::Bars(Metre::COMMON))]);
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

    /// The markers of a jam of some bars in which this is played to, by tick.
    fn markers(chords: &[(f64, Chords)]) -> Vec<String> {
        let mut events = vec![
            (0.0, Event::Tempo { bpm: 120.0 }),
            (0.0, Event::Bars(Metre::COMMON)),
            (0.0, Event::Form),
            (0.0, strike(NoteSource::Player, 60, 100)),
        ];
        events.extend(chords.iter().map(|(tick, chords)| (*tick, Event::Chords(*chords))));
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
        /// What it is, what is played to, and the markers.
        type Case<'a> = (&'a str, &'a [(f64, Chords)], &'a [&'a str]);
        let heard = |text: &str| Chords::Heard(Some(Chord::parse(text).unwrap().unwrap()));
        let version = |version, style| Chords::Chart { version, style: StyleNumber(style) };
        let cases: [Case<'_>; 8] = [
            ("one chart", &[(0.0, version(1, 3))], &["0: C", "1920: F7", "3840: C", "5760: F7", "7680: C"]),
            (
                "a chart that is changed in the second bar",
                &[(0.0, version(1, 3)), (250.5, version(2, 3))],
                &[
                    "0: C", "1920: F7", "2510: Am", "2880: D7", "3840: Am", "4800: D7", "5760: Am", "6720: D7",
                    "7680: Am", "8640: D7",
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
            ("what is known first was so before", &[(100.0, heard("E"))], &["0: E"]),
            ("nothing is known", &[], &[]),
        ];
        for (name, chords, expected) in cases {
            assert_eq!(markers(chords), expected, "{name}");
        }
    }

    #[test]
    fn a_capture_begins_with_the_bar_of_its_first_note_and_knows_its_tempo() {
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
}
