//! Every mode: on the beat to the sample, and the same in all blocks.

use crate::support::{AFTERWARDS, ALL_BLOCKS, Settings, instance, jam, notes, sound, steady};
use segue_model::note::{Metre, Ticks};
use segue_tests::blocks::Blocks;
use segue_tests::performance::{Sounded, difference, off_the_grid};
use segue_tests::score::Score;
use segue_tests::session::Session;
use segue_tests::timeline::{Frame, Timeline};

/// A bar of 4/4 at 120 bpm and 48 kHz.
const BAR: Frame = 96_000;
const ANSWER: Settings<'static> = &[("Mode", "Answer"), ("Answer length", "16")];
const TRADE: Settings<'static> = &[("Mode", "Trade"), ("Trade", "1 bar")];
const DUET: Settings<'static> = &[("Mode", "Duet")];
const MODES: [Settings<'static>; 3] = [ANSWER, TRADE, DUET];

/// The name of the mode in these settings.
fn mode(settings: Settings<'_>) -> &str {
    settings.first().map_or("the usual mode", |(_, mode)| mode)
}

/// How far a note begins from the exact time of its tick, in frames; less than a half is rounding.
fn beside(note: &Sounded, timeline: &Timeline) -> f64 {
    let frames_per_tick = timeline.sample_rate() * 60.0 / timeline.tempo_bpm(note.on) / 48.0;
    let ticks = timeline.ticks(note.on);
    (ticks - ticks.round()) * frames_per_tick
}

/// In every mode and at every sample rate, a note is on the rounded sample of its beat, also through steps of tempo.
#[test]
fn notes_are_on_the_rounded_sample_of_their_beat() {
    for rate in [44_100.0, 48_000.0, 88_200.0, 96_000.0, 192_000.0] {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some seconds of frames")]
        let frame = |seconds: f64| (seconds * rate) as Frame;
        for settings in MODES {
            let mut timeline = Timeline::steady(rate, 60.0, Metre::COMMON);
            for (step, tempo) in (1_u8..).zip([97.3, 133.7, 180.0, 240.0, 60.0, 240.0]) {
                timeline.tempo(frame(f64::from(step) * 2.137), tempo);
            }
            let score = jam(timeline, frame(18.0));
            let (mut count, mut worst) = (0, 0.0_f64);
            for blocks in [Blocks::Of(441), Blocks::Random { seed: 5, largest: 3_000 }] {
                let notes = notes(settings, &score, blocks);
                assert_eq!(off_the_grid(&notes, &score.timeline), [], "{settings:?}, {rate} Hz, {blocks:?}");
                assert!(notes.len() > 10, "{settings:?}, {rate} Hz: {} notes", notes.len());
                count += notes.len();
                worst = notes.iter().map(|note| beside(note, &score.timeline).abs()).fold(worst, f64::max);
            }
            println!("{} at {rate} Hz: {count} notes, the worst {worst:.4} frames beside its beat", mode(settings));
        }
    }
    println!("Half a frame is rounding.");
}

/// A host whose tempo rises evenly from 60 to 240: it reports the tempo and the position at the start of each block,
/// and a plugin cannot know more. The expected place of a note is that on the ramp itself.
struct Ramp {
    rate: f64,
    seconds: f64,
}

impl Ramp {
    const FROM: f64 = 60.0;
    const TO: f64 = 240.0;

    fn tempo(&self, at: Frame) -> f64 {
        Self::FROM + (Self::TO - Self::FROM) * (at as f64 / self.rate / self.seconds).min(1.0)
    }

    fn beats(&self, at: Frame) -> f64 {
        let seconds = at as f64 / self.rate;
        let ramped = seconds.min(self.seconds);
        let slope = (Self::TO - Self::FROM) / self.seconds;
        (Self::FROM * ramped + slope * ramped * ramped / 2.0 + Self::TO * (seconds - ramped)) / 60.0
    }

    fn told_in_blocks_of(&self, frames: u32, length: Frame) -> Timeline {
        let mut timeline = Timeline::steady(self.rate, Self::FROM, Metre::COMMON);
        for at in (0..length).step_by(frames as usize).skip(1) {
            timeline.tempo(at, self.tempo(at)).jump(at, self.beats(at));
        }
        timeline
    }

    /// The largest difference between the ramp and a straight line through one block, at the slowest tempo, in frames.
    fn bound(&self, frames: u32) -> f64 {
        let slope = (Self::TO - Self::FROM) / self.seconds / 60.0;
        let seconds = f64::from(frames) / self.rate;
        slope * seconds * seconds / 2.0 / (Self::FROM / 60.0) * self.rate
    }
}

/// On a tempo ramp, a note is off its beat by no more than the ramp moves within one block.
#[test]
fn on_a_tempo_ramp_notes_stay_within_the_ramp_of_one_block() {
    let ramp = Ramp { rate: 48_000.0, seconds: 12.0 };
    let length = 14 * 48_000;
    for settings in MODES {
        for frames in [64, 512, 4_096] {
            let mut timeline = ramp.told_in_blocks_of(frames, length);
            timeline.playing(length - AFTERWARDS, false);
            let mut score = Score::silence(timeline, length);
            score.press(62, 100, 20_000).press(66, 24_000, 40_000);
            let notes = notes(settings, &score, Blocks::Of(frames));
            let beside = |note: &Sounded| {
                let ticks = ramp.beats(note.on) * 48.0;
                (ticks - ticks.round()) / 48.0 * 60.0 / ramp.tempo(note.on) * ramp.rate
            };
            let worst = notes.iter().map(|note| beside(note).abs()).fold(0.0, f64::max);
            // Half a frame is rounding of the note; the rest is rounding of its expected place.
            let bound = ramp.bound(frames) + 0.6;
            println!(
                "{} on a ramp from 60 to 240 bpm in blocks of {frames}: {} notes, the worst is {worst:.2} frames off \
                 its beat",
                mode(settings),
                notes.len()
            );
            assert!(notes.len() > 10 && worst <= bound, "{settings:?}, blocks of {frames}: {worst} frames of {bound}");
        }
    }
}

/// In every mode, with a chart and automation, a render is the same at every block size, and the next time.
#[test]
fn a_render_is_the_same_at_every_block_size_and_again() {
    const BLOCKS: [Blocks; 6] = [
        Blocks::Of(64),
        Blocks::Of(1),
        Blocks::Of(441),
        Blocks::Of(4_096),
        Blocks::Random { seed: 1, largest: 700 },
        Blocks::Random { seed: 2, largest: 4_096 },
    ];
    for mode in MODES {
        let settings: Vec<_> = [("Style", "Jazz"), ("Seed", "7")].into_iter().chain(mode.iter().copied()).collect();
        let mut timeline = steady(44_100.0);
        timeline.tempo(150_001, 171.3).metre(240_000, Metre::new(3, 4).expect("a metre")).jump(330_000, 4.0);
        let mut score = jam(timeline, 420_000);
        score.fields.push(("chart".to_owned(), "| Dm7 G7 | Cmaj7 | Am7 | D7 |".to_owned()));
        score.turn("Temperature", 0, 0.9).turn("Top-p", 0, 0.95);
        score.turn("Temperature", 100_000, 1.4).turn("Temperature", 170_003, 0.7).turn("Top-p", 200_001, 0.8);
        for (index, key) in (0..).zip([60, 64, 67, 71, 74, 76]) {
            score.press(key, 195_000 + 4_001 * index, 197_500 + 4_001 * index);
        }
        let first = notes(&settings, &score, BLOCKS[0]);
        assert!(first.len() > 8, "{mode:?}: {} notes", first.len());
        for blocks in BLOCKS {
            assert_eq!(difference(&first, &notes(&settings, &score, blocks)), None, "{mode:?}, {blocks:?}");
        }
        let mut instance = instance(&settings);
        let [one, again] =
            [(); 2].map(|()| Session::render(BLOCKS[4]).play(&mut instance, &score).expect("the plugin plays"));
        assert_eq!(one.events, again.events, "{mode:?}: the same instance again");
        assert!(one.audio == again.audio, "{mode:?}: the same instance again");
        assert_eq!(difference(&first, &sound(&again)), None, "{mode:?}");
    }
}

/// Bars are traded on the host's bar lines, through changes of metre and tempo and in a loop.
#[test]
fn bars_are_traded_on_the_hosts_bar_lines() {
    let mut timeline = steady(48_000.0);
    // Bars 0 to 3 have four beats, the later ones three; from bar 8 on, three bars are looped.
    let waltz = 4 * BAR;
    timeline.tempo(2 * BAR + 31_001, 143.7);
    let change = timeline.frame_of(Ticks(4 * 192)).expect("the transport runs");
    timeline.metre(change, Metre::new(3, 4).expect("a metre"));
    let back = timeline.frame_of(Ticks(4 * 192 + 7 * 144)).expect("the transport runs");
    timeline.jump(back, 16.0 + 12.0).jump(back + (back - change) / 7 * 3, 16.0 + 12.0);
    let length = back + waltz * 2;
    timeline.playing(length - AFTERWARDS, false);
    let score = Score::silence(timeline, length);
    for (first, ours) in [("You", 1), ("Segue", 0)] {
        let settings = [("Mode", "Trade"), ("Trade", "2 bars"), ("First", first)];
        for blocks in ALL_BLOCKS {
            let heard = notes(&settings, &score, blocks);
            let side = |at: Frame| {
                // A note may be rounded to the frame before its bar line.
                let beats = score.timeline.beats(at) + 4e-5;
                let bar = if beats < 16.0 { beats / 4.0 } else { 4.0 + (beats - 16.0) / 3.0 };
                u8::from((bar / 2.0).floor() % 2.0 > 0.5)
            };
            let astray = heard.iter().find(|note| side(note.on) != ours || side(note.off - 2) != ours);
            assert_eq!(astray, None, "{first} first, {blocks:?}");
            assert!(heard.len() > 20, "{first} first: {} notes", heard.len());
        }
    }
}

/// Without a transport the first note is beat one of a trade, and a pause of the player does not end it at once.
#[test]
fn without_a_transport_a_trade_starts_with_the_first_note() {
    let mut score = Score::silence(Timeline::stopped(48_000.0), 8 * BAR);
    let first = 33_333;
    for (index, key) in (0..).zip([62, 66, 69, 74]) {
        score.press(key, first + 24_000 * index, first + 24_000 * index + 20_000);
    }
    for blocks in ALL_BLOCKS {
        let heard = notes(TRADE, &score, blocks);
        assert_eq!(heard.first().map(|note| note.on), Some(first + BAR), "{blocks:?}");
        assert!(heard.iter().any(|note| note.on == first + 3 * BAR), "{blocks:?}: one empty turn is a rest");
        let is_segues = |note: &Sounded| {
            [1, 3].iter().any(|bar| {
                let line = first + bar * BAR;
                (line..line + BAR).contains(&note.on) && note.off <= line + BAR
            })
        };
        let astray = heard.iter().find(|note| !is_segues(note));
        assert_eq!(astray, None, "{blocks:?}: after the second it waits for the player");
    }
}

/// In a loop that the host reports, Segue starts on its first frame each time, with the chords there.
#[test]
fn in_a_known_loop_segue_starts_on_its_first_frame() {
    // Two bars each, Segue first: in a loop of six bars, Segue's turns are at its end and at its beginning.
    const LOOPS: Frame = 5;
    const C_MAJOR: [u8; 3] = [0, 4, 7];
    let (mut fits, mut rounds) = (0, 0);
    let trade: Settings<'_> = &[("Mode", "Trade"), ("Trade", "2 bars"), ("First", "Segue")];
    for (settings, bars) in [(trade, 6), (trade, 5), (trade, 4), (DUET, 3)] {
        let mut timeline = steady(48_000.0);
        timeline.show_loop(0.0, 4.0 * bars as f64);
        for round in 1..LOOPS {
            timeline.jump(round * bars * BAR, 0.0);
        }
        let length = LOOPS * bars * BAR - BAR / 2;
        timeline.playing(length - AFTERWARDS, false);
        let mut score = Score::silence(timeline, length);
        // One chord in the first bar, and another one in all others.
        let rest = vec!["F#m"; 31].join(" | ");
        score.fields.push(("chart".to_owned(), format!("C | {rest}")));
        let settings: Vec<_> = settings.iter().copied().chain([("Style", "Folk"), ("Temperature", "0.05")]).collect();
        let first = notes(&settings, &score, ALL_BLOCKS[0]);
        for round in 1..LOOPS {
            let begins = first.iter().find(|note| note.on == round * bars * BAR);
            let begins = begins.unwrap_or_else(|| panic!("{settings:?}, {bars} bars, round {round}: {first:?}"));
            fits += u32::from(C_MAJOR.contains(&(begins.pitch.key() % 12)));
            rounds += 1;
        }
        for blocks in ALL_BLOCKS {
            assert_eq!(
                difference(&first, &notes(&settings, &score, blocks)),
                None,
                "{settings:?}, {bars} bars, {blocks:?}"
            );
        }
    }
    println!("Of {rounds} rounds of a loop {fits} begin with a tone of their first chord, which no other bar has.");
    // The chord has three tones of twelve.
    assert!(rounds == 16 && fits > rounds / 2, "{fits} of {rounds}");
}

#[test]
fn live_segue_begins_each_round_of_a_loop_on_its_first_frame() {
    // The transport stands still while the style is loaded.
    const STANDS: Frame = 72_000;
    const ROUNDS: Frame = 3;
    let round = |round: Frame| STANDS + round * 2 * BAR;
    let mut timeline = steady(48_000.0);
    timeline.show_loop(8.0, 16.0).playing(0, false).jump(STANDS, 8.0).playing(STANDS, true);
    for time in 1..ROUNDS {
        timeline.jump(round(time), 8.0);
    }
    timeline.playing(round(ROUNDS) - BAR, false);
    let score = Score::silence(timeline, round(ROUNDS) - BAR + AFTERWARDS);
    let settings = [("Mode", "Duet"), ("Style", "Irish"), ("Sound", "Off")];
    // A busy machine may be late; a plugin that is late for another reason is late every time.
    let missed: Vec<Vec<Frame>> = (0..3)
        .map_while(|_| {
            let live = Session::live(Blocks::Of(128)).play(&mut instance(&settings), &score).expect("it plays");
            let begun: Vec<Frame> = sound(&live).iter().map(|note| note.on).collect();
            let all = (1..ROUNDS).all(|time| begun.contains(&round(time)));
            (!all).then_some(begun)
        })
        .collect();
    assert!(missed.len() < 3, "{missed:?}");
}
