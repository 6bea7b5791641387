//! What was played, as a capture writes it and as it is read back.

use super::modes::alone;
use super::*;
use crate::recorder::midi_file as capture;
use midly::{MetaMessage, MidiMessage, Smf, TrackEventKind};

/// Frames per tick of the file; ten of its ticks are one of ours.
const FRAMES: i64 = BEAT / 480;

/// The content of a captured file: the chords, and the keys of the player and of Segue, each with its tick.
#[derive(Debug, PartialEq)]
struct Paper {
    chords: Vec<(i64, String)>,
    keys: [Vec<(i64, u8)>; 2],
}

impl Paper {
    fn read(bytes: &[u8]) -> Self {
        let smf = Smf::parse(bytes).unwrap();
        let mut paper = Self { chords: Vec::new(), keys: [Vec::new(), Vec::new()] };
        for (index, track) in smf.tracks.iter().enumerate() {
            let mut now = 0;
            for event in track {
                now += i64::from(event.delta.as_int());
                match event.kind {
                    TrackEventKind::Meta(MetaMessage::Marker(text)) => {
                        paper.chords.push((now, String::from_utf8_lossy(text).into_owned()));
                    }
                    TrackEventKind::Midi { message: MidiMessage::NoteOn { key, .. }, .. } => {
                        paper.keys[index - 1].push((now, key.as_int()));
                    }
                    _ => {}
                }
            }
        }
        paper.keys.iter_mut().for_each(|keys| keys.sort_unstable());
        paper
    }

    /// The expected content: the song began with the file, at 120 bpm.
    fn of(chords: &[(i64, &str)], heard: &Heard) -> Self {
        let tick = |frame: i64| (frame + FRAMES / 2).div_euclid(FRAMES);
        let keys = [NoteSource::Player, NoteSource::Segue].map(|who| {
            let strike = |(at, what): &(i64, SynthEvent)| match what {
                SynthEvent::NoteOn { source: whose, pitch, .. } if *whose == who => Some((tick(*at), pitch.key())),
                _ => None,
            };
            let mut keys: Vec<_> = heard.sounds.iter().filter_map(strike).collect();
            keys.sort_unstable();
            keys
        });
        Self { chords: chords.iter().map(|(at, name)| (tick(*at), (*name).to_owned())).collect(), keys }
    }
}

/// A capture has every note at its onset and every chord where its first key went down.
#[test]
fn a_capture_has_notes_and_chords_where_they_began() {
    let mut host = alone(Mode::Duet);
    host.settings.harmony = Harmony::Played;
    // The keys of each chord are not quite together, and the chords are off the grid.
    for (at, keys) in [(24_000, [60, 64, 67]), (120_037, [65, 69, 72]), (260_411, [62, 65, 69])] {
        for (finger, pitch) in (0..).zip(keys) {
            host.key(pitch, at + finger * 311, 40_000);
        }
    }
    // In the fourth bar; from there on the chart applies.
    host.turns = vec![(330_000, |settings| settings.harmony = Harmony::Chart)];
    let chords = [(24_000, "C"), (120_037, "F"), (260_411, "Dm"), (330_000, "F7"), (384_000, "C7")];
    for lengths in [&[1_u32][..], &[64], &[441], &[4_096], &[13, 900, 1, 2_048, 77]] {
        let heard = host.play(470_000, lengths);
        let history = capture::history(heard.pages.as_ref().unwrap());
        let chart = |_, _| Chart::parse("C7 | F7").unwrap().map(Arc::new);
        let written = Paper::read(&capture::file(&history, &chart).unwrap());
        assert_eq!(written, Paper::of(&chords, &heard), "{lengths:?}");
    }
}
