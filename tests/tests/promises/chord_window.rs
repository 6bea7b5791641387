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

/// A duet over the chords, which come from the chart or from keys that a player strikes on each bar line.
fn duet(by_channel: bool, seed: u32, bars: i64, more: Settings<'_>, blocks: Blocks) -> (Vec<Sounded>, Timeline) {
    let mut timeline = Timeline::steady(RATE, 120.0, Metre::COMMON);
    let frame = |timeline: &Timeline, tick: i64| timeline.frame_of(Ticks(tick)).expect("the transport runs");
    let end = frame(&timeline, bars * BAR.0);
    timeline.playing(end, false);
    let mut score = Score::silence(timeline, end + 800);
    score.fields.push(("chart".into(), SYMBOLS.join(" | ")));
    if by_channel {
        for bar in 0..bars {
            let chord = chart().at(Ticks(bar * BAR.0), Metre::COMMON).expect("no rests");
            let (down, up) = (frame(&score.timeline, bar * BAR.0), frame(&score.timeline, (bar + 1) * BAR.0 - 12));
            // The root lies lowest, as the chart means it.
            let keys = chord.kind().tones().iter().map(|tone| 36 + chord.root() + tone);
            score.strokes.extend(keys.map(|key| Stroke {
                down,
                up,
                pitch: Pitch::new(key).expect("a key"),
                velocity: Velocity::DEFAULT,
                channel: 1,
            }));
        }
    }
    let seed = seed.to_string();
    let source = if by_channel { "A channel" } else { "Chart" };
    let usual = [("Style", "Folk"), ("Mode", "Duet"), ("Sound", "Off"), ("Seed", &*seed), ("Chords", source)];
    let settings: Vec<(&str, &str)> = usual.iter().chain(more).copied().collect();
    let timeline = score.timeline.clone();
    (notes(&settings, &score, blocks), timeline)
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

fn measured(by_channel: bool, seeds: u32, more: Settings<'_>) -> Downbeats {
    let mut all = Downbeats::default();
    for seed in 0..seeds {
        all.add(&duet(by_channel, seed, BARS, more, Blocks::Of(512)));
    }
    let median = all.median_ms();
    println!(
        "chords {}: {} notes on downbeats, {:.1} % in the new chord, median delay {median:.1} ms",
        if by_channel { "struck on the line" } else { "by chart" },
        all.count,
        all.percent()
    );
    all
}

/// The same song once by chart and once by a chord channel: as many notes on downbeats, and as many in the new chord.
#[test]
fn a_chord_on_the_line_counts_like_one_of_the_chart() {
    let (chart, channel) = (measured(false, SEEDS, &[]), measured(true, SEEDS, &[]));
    assert!(chart.count >= LEAST_NOTES && channel.count >= LEAST_NOTES, "{} and {}", chart.count, channel.count);
    assert!(channel.count * 10 >= chart.count * 9, "{} notes by channel, {} by chart", channel.count, chart.count);
    assert!((chart.percent() - channel.percent()).abs() < 3.0);
    // This checks the measure: without a window the note on the line knows the old chord.
    let deaf = measured(true, 8, &[("Chord window", "0")]);
    assert!(deaf.percent() < chart.percent() - 15.0);
}

/// No note waits longer than the window, and the notes are the same in blocks of every size.
#[test]
fn a_note_waits_no_longer_than_the_window_in_all_blocks() {
    let played = duet(true, 5, 16, &[], ALL_BLOCKS[0]);
    for blocks in ALL_BLOCKS {
        assert_eq!(difference(&played.0, &duet(true, 5, 16, &[], blocks).0), None, "{blocks:?}");
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
