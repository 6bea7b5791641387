//! A chord that the player strikes on a beat counts for Segue's note on that beat, as if a chart had said it before.

use crate::support::{ALL_BLOCKS, Settings, notes};
use segue_model::chart::Chart;
use segue_model::note::{Metre, Pitch, Ticks, Velocity};
use segue_tests::blocks::Blocks;
use segue_tests::performance::{Sounded, difference};
use segue_tests::score::{Score, Stroke};
use segue_tests::timeline::{Frame, Timeline};

const BAR: Ticks = Metre::COMMON.bar();
/// A low sample rate, because only the notes count.
const RATE: f64 = 8_000.0;
/// The first 120 ms of a bar.
const DOWNBEAT: Frame = 960;
/// The longest that a note may wait: 30 ms.
const WINDOW: Frame = 240;
/// Other chords in every bar, so that a note in the new chord is rarely one in the old.
const SYMBOLS: [&str; 8] = ["C", "F#m", "F", "B", "Gm", "E", "A", "Eb"];
const BARS: i64 = 64;
/// Songs, each with a seed of its own, for as many notes on downbeats as the comparison needs.
const SEEDS: u32 = 72;
const LEAST_NOTES: usize = 3_000;

fn chart() -> Chart {
    Chart::parse(&SYMBOLS.join(" | ")).expect("a chart").expect("with bars")
}

/// Where the chords come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chords {
    ByChart,
    /// Keys that a player strikes on each bar line.
    Struck,
    /// Root, fifth, third, fifth in eighths, each key released before the next one.
    Alberti,
    Nowhere,
}

/// A duet over the chords.
fn duet(chords: Chords, seed: u32, bars: i64, more: Settings<'_>, blocks: Blocks) -> (Vec<Sounded>, Timeline) {
    let score = accompanied(chords, bars);
    let seed = seed.to_string();
    let source = match chords {
        Chords::ByChart => "Chart",
        Chords::Struck | Chords::Alberti => "A channel",
        Chords::Nowhere => "Off",
    };
    let usual = [("Style", "Folk"), ("Mode", "Duet"), ("Sound", "Off"), ("Seed", &*seed), ("Chords", source)];
    let settings: Vec<(&str, &str)> = usual.iter().chain(more).copied().collect();
    (notes(&settings, &score, blocks), score.timeline)
}

/// The chords as a player's left hand has them.
fn accompanied(chords: Chords, bars: i64) -> Score {
    let mut timeline = Timeline::steady(RATE, 120.0, Metre::COMMON);
    let frame = |timeline: &Timeline, tick: i64| timeline.frame_of(Ticks(tick)).expect("the transport runs");
    let end = frame(&timeline, bars * BAR.0);
    timeline.playing(end, false);
    let mut score = Score::silence(timeline, end + 800);
    score.fields.push(("chart".into(), SYMBOLS.join(" | ")));
    for bar in 0..bars {
        let line = bar * BAR.0;
        let chord = chart().at(Ticks(line), Metre::COMMON).expect("no rests");
        // The root lies lowest, as the chart means it.
        let tones: Vec<u8> = chord.kind().tones().iter().map(|tone| 36 + chord.root() + tone).collect();
        let strokes: Vec<(u8, i64, i64)> = match chords {
            Chords::ByChart | Chords::Nowhere => Vec::new(),
            Chords::Struck => tones.iter().map(|key| (*key, line, line + BAR.0 - 12)).collect(),
            Chords::Alberti => {
                let eighths = [0, 2, 1, 2, 0, 2, 1, 2].map(|tone: usize| tones[tone]);
                (0..).zip(eighths).map(|(index, key)| (key, line + index * 24, line + index * 24 + 20)).collect()
            }
        };
        score.strokes.extend(strokes.into_iter().map(|(key, down, up)| Stroke {
            down: frame(&score.timeline, down),
            up: frame(&score.timeline, up),
            pitch: Pitch::new(key).expect("a key"),
            velocity: Velocity::DEFAULT,
            channel: 1,
        }));
    }
    score
}

/// Notes in the first 120 ms of bars: how many, how many of them in the bar's chord, and how late each is.
#[derive(Default)]
struct Downbeats {
    count: usize,
    own: usize,
    late: Vec<Frame>,
    /// The same for all notes, also those that did not mean the line.
    all_late: Vec<Frame>,
}

impl Downbeats {
    fn add(&mut self, (notes, timeline): &(Vec<Sounded>, Timeline)) {
        let chart = chart();
        for note in notes {
            // The first bars have no chord struck before them.
            #[expect(clippy::cast_possible_truncation, reason = "some bars")]
            let bar = (timeline.ticks(note.on) / BAR.as_f64()).floor() as i64;
            let line = timeline.frame_of(Ticks(bar * BAR.0)).expect("the transport runs");
            let late = note.on - line;
            if bar == 0 || late >= DOWNBEAT {
                continue;
            }
            let chord = chart.at(Ticks(bar * BAR.0), Metre::COMMON).expect("no rests");
            self.count += 1;
            self.own += usize::from(chord.tones().any(|class| class == note.pitch.key() % 12));
            self.all_late.push(late);
            if late <= WINDOW {
                self.late.push(late);
            }
        }
    }

    fn percent(&self) -> f64 {
        100.0 * self.own as f64 / self.count as f64
    }

    fn median_ms(&mut self) -> f64 {
        self.late.sort_unstable();
        self.late.get(self.late.len() / 2).map_or(0.0, |late| *late as f64 * 1000.0 / RATE)
    }
}

fn measured(chords: Chords, seeds: u32, more: Settings<'_>) -> Downbeats {
    let mut all = Downbeats::default();
    for seed in 0..seeds {
        all.add(&duet(chords, seed, BARS, more, Blocks::Of(512)));
    }
    let median = all.median_ms();
    println!(
        "chords {chords:?}: {} notes on downbeats, {:.1} % in the new chord, median delay {median:.1} ms",
        all.count,
        all.percent()
    );
    all
}

/// The same song once by chart and once by a chord channel: as many notes on downbeats, and as many in the new chord.
#[test]
fn a_chord_on_the_line_counts_like_one_of_the_chart() {
    let (chart, channel) = (measured(Chords::ByChart, SEEDS, &[]), measured(Chords::Struck, SEEDS, &[]));
    assert!(chart.count >= LEAST_NOTES && channel.count >= LEAST_NOTES, "{} and {}", chart.count, channel.count);
    assert!(channel.count * 10 >= chart.count * 9, "{} notes by channel, {} by chart", channel.count, chart.count);
    assert!((chart.percent() - channel.percent()).abs() < 3.0);
    // This checks the measure: without a window the note on the line knows the old chord.
    let deaf = measured(Chords::Struck, 8, &[("Chord window", "0")]);
    assert!(deaf.percent() < chart.percent() - 15.0);
}

/// No note waits longer than the window, and the notes are the same in blocks of every size.
#[test]
fn a_note_waits_no_longer_than_the_window_in_all_blocks() {
    let played = duet(Chords::Struck, 5, 16, &[], ALL_BLOCKS[0]);
    for blocks in ALL_BLOCKS {
        assert_eq!(difference(&played.0, &duet(Chords::Struck, 5, 16, &[], blocks).0), None, "{blocks:?}");
    }
    let mut downbeats = Downbeats::default();
    downbeats.add(&played);
    let waited = downbeats.late.iter().filter(|late| **late > 0).count();
    assert!(waited > 2, "{:?}", downbeats.late);
    // Between the end of the window and the next place of Segue's grid nothing begins.
    let next = played.1.frame_of(Ticks(6)).expect("the transport runs") - 1;
    let between = |late: Frame| (WINDOW + 1..next).contains(&late);
    assert!(!downbeats.all_late.iter().any(|late| between(*late)), "{:?}", downbeats.all_late);
}

/// The share of the notes from the second beat of each bar on that are in the bar's chord, in percent.
fn later_in_the_bar(chords: Chords) -> f64 {
    let chart = chart();
    let (mut count, mut own) = (0_u32, 0_u32);
    for seed in 0..16 {
        let (notes, timeline) = duet(chords, seed, BARS, &[], Blocks::Of(512));
        for note in notes {
            #[expect(clippy::cast_possible_truncation, reason = "some bars")]
            let tick = timeline.ticks(note.on).round() as i64;
            if tick.rem_euclid(BAR.0) < 60 {
                continue;
            }
            let chord = chart.at(Ticks(tick), Metre::COMMON).expect("no rests");
            count += 1;
            own += u32::from(chord.tones().any(|class| class == note.pitch.key() % 12));
        }
    }
    let percent = 100.0 * f64::from(own) / f64::from(count);
    println!("chords {chords:?}: {percent:.1} % of {count} notes after the first beat are in the chord");
    percent
}

/// An Alberti bass is heard within a beat: after that, Segue plays in its chords as it does over struck ones.
#[test]
fn an_alberti_bass_is_heard_within_a_beat() {
    let [struck, alberti, nowhere] = [Chords::Struck, Chords::Alberti, Chords::Nowhere].map(later_in_the_bar);
    assert!(alberti > struck - 8.0, "{alberti} %");
    assert!(alberti > nowhere + 15.0);
}
