use super::*;

/// A host whose song plays from beat 0 at the tempos given, each from a frame on.
struct Song {
    rate: f64,
    tempos: Vec<(i64, f64)>,
}

impl Song {
    fn tempo_at(&self, frame: i64) -> f64 {
        self.tempos.iter().rev().find(|(from, _)| *from <= frame).unwrap().1
    }

    fn beats_at(&self, frame: i64) -> f64 {
        let ends = self.tempos.iter().skip(1).map(|(from, _)| *from).chain([i64::MAX]);
        let parts = self.tempos.iter().zip(ends);
        parts.map(|((from, tempo), end)| (frame.min(end) - from).max(0) as f64 * tempo / (60.0 * self.rate)).sum()
    }

    fn transport(&self, frame: i64) -> Transport {
        let beats = Some(self.beats_at(frame));
        Transport { playing: true, tempo_bpm: Some(self.tempo_at(frame)), beats, ..Transport::default() }
    }
}

/// The frames of these ticks when the song is cut into blocks of the lengths given, again and again. Blocks end
/// where the tempo changes.
fn frames_of(song: &Song, ticks: &[i64], lengths: &[u32], last: i64) -> Vec<i64> {
    let mut clock = Clock::new(song.rate);
    let mut found = Vec::new();
    let mut at = 0;
    for &length in lengths.iter().cycle() {
        let change = song.tempos.iter().map(|(from, _)| *from).find(|from| *from > at).unwrap_or(i64::MAX);
        let length = i64::from(length).min(change - at);
        let frames = u32::try_from(length).unwrap();
        let (span, _) = clock.enter(&song.transport(at), FramePosition(at), frames, 120.0);
        for &tick in ticks {
            let offset = span.offset_of(tick as f64);
            if (0..length).contains(&offset) {
                found.push(at + offset);
            }
        }
        at += length;
        if at > last {
            found.retain(|frame| *frame <= last);
            return found;
        }
    }
    found
}

/// A tick falls on the same frame wherever the host cuts its blocks.
#[test]
fn a_tick_falls_on_the_same_frame_in_all_blocks() {
    let ticks: Vec<i64> = (1..400).step_by(7).collect();
    for rate in [44_100.0, 48_000.0, 96_000.0] {
        for tempos in [vec![(0, 120.0)], vec![(0, 97.3)], vec![(0, 60.0), (50_001, 240.0), (70_000, 133.7)]] {
            let song = Song { rate, tempos };
            let whole = frames_of(&song, &ticks, &[1 << 20], 120_000);
            assert!(!whole.is_empty() && whole.is_sorted());
            for lengths in [&[1_u32][..], &[64], &[441], &[4096], &[17, 900, 3, 2048, 1]] {
                assert_eq!(frames_of(&song, &ticks, lengths, 120_000), whole, "{rate} Hz, {lengths:?}");
            }
        }
    }
}

/// A tick falls on the rounded frame of its beat, and halves go up.
#[test]
fn a_tick_falls_on_the_rounded_frame_of_its_beat() {
    let song = Song { rate: 44_100.0, tempos: vec![(0, 120.0)] };
    // One tick is 459.375 frames.
    assert_eq!(frames_of(&song, &[1, 4, 24, 48], &[100], 50_000), [459, 1_838, 11_025, 22_050]);
}

fn playing(beats: f64, metre: Metre, bar_beats: f64) -> Transport {
    Transport {
        playing: true,
        tempo_bpm: Some(120.0),
        beats: Some(beats),
        metre: Some(metre),
        bar_beats: Some(bar_beats),
        loop_beats: None,
    }
}

/// Half a second, one beat.
const BEAT: u32 = 24_000;

#[test]
fn time_does_not_go_back_when_the_song_does() {
    let mut clock = Clock::new(48_000.0);
    let mut last = 0.0;
    for (beats, flow) in [
        (7.3, Flow::Discontinuity),
        (8.3, Flow::Continuous),
        (4.0, Flow::Discontinuity),
        (5.0, Flow::Continuous),
        (-2.0, Flow::Discontinuity),
    ] {
        let (span, met) = clock.enter(&playing(beats, Metre::COMMON, 0.0), FramePosition(0), BEAT, 120.0);
        assert_eq!(met, flow, "at beat {beats}");
        assert!(span.moment_of(0) >= last - SAME_TICKS, "at beat {beats}");
        assert!((span.moment_of(0) - beats * 48.0).fract().abs() < 1e-6, "only whole ticks are added");
        last = span.moment_of(i64::from(BEAT));
    }
}

/// A stop and a start are discontinuities, and the position of a song that stands is ignored.
#[test]
fn a_stop_and_a_start_are_discontinuities() {
    let mut clock = Clock::new(48_000.0);
    let stopped = |beats| Transport { playing: false, ..playing(beats, Metre::COMMON, 0.0) };
    let mut position = FramePosition(0);
    let mut met = Vec::new();
    // While the song stands, its position moves on, as it does in blocks that the framework splits.
    for transport in
        [playing(0.0, Metre::COMMON, 0.0), stopped(1.0), stopped(1.2), stopped(1.0), playing(1.0, Metre::COMMON, 0.0)]
    {
        met.push(clock.enter(&transport, position, BEAT, 120.0).1);
        position = position.plus(i64::from(BEAT));
    }
    assert_eq!(
        met,
        [Flow::Discontinuity, Flow::Discontinuity, Flow::Continuous, Flow::Continuous, Flow::Discontinuity]
    );
}

#[test]
fn a_bar_line_recomputed_from_the_present_metre_is_not_believed() {
    let waltz = Metre::new(3, 4).unwrap();
    let mut clock = Clock::new(48_000.0);
    // Four bars of 4/4, then 3/4 from beat 16 on, as the host itself reports.
    let _ = clock.enter(&playing(15.0, Metre::COMMON, 12.0), FramePosition(0), BEAT, 120.0);
    let _ = clock.enter(&playing(16.0, waltz, 16.0), FramePosition(0), BEAT, 120.0);
    let line = clock.bars().line;
    // In a split block, 17 / 3 gives a bar line at beat 15.
    let _ = clock.enter(&playing(17.0, waltz, 15.0), FramePosition(0), BEAT, 120.0);
    assert_eq!(clock.bars(), Bars { line, metre: waltz });
    assert_eq!(waltz.bar(), Ticks(144));
}

/// A change of metre on a bar line begins a bar, whatever bars the host reports.
#[test]
fn a_change_of_metre_on_a_bar_line_begins_a_bar() {
    let waltz = Metre::new(3, 4).unwrap();
    for said in [Some(15.0), Some(0.0), None] {
        let mut clock = Clock::new(48_000.0);
        let _ = clock.enter(&playing(15.0, Metre::COMMON, 12.0), FramePosition(0), BEAT, 120.0);
        let change = Transport { bar_beats: said, ..playing(16.0, waltz, 0.0) };
        let (span, _) = clock.enter(&change, FramePosition(0), BEAT, 120.0);
        assert_eq!(clock.bars().place(span.nearest_tick(0)), Ticks(0), "{said:?}");
    }
}

/// Without a metre, bar lines in the middle of the song are not believed.
#[test]
fn without_a_metre_bar_lines_are_not_believed() {
    let mut clock = Clock::new(48_000.0);
    let silent = |beats, line| Transport { metre: None, ..playing(beats, Metre::COMMON, line) };
    let _ = clock.enter(&silent(7.0, 7.0), FramePosition(0), BEAT, 120.0);
    let bars = clock.bars();
    for beat in 8..20 {
        // Bars of seven eighths, for which the host reports only where they begin.
        let beat = f64::from(beat);
        let _ = clock.enter(&silent(beat, (beat / 3.5).floor() * 3.5), FramePosition(0), BEAT, 120.0);
        assert_eq!(clock.bars(), bars, "at beat {beat}");
    }
}

/// A place in the song has the same bar number each time the song comes there.
#[test]
fn a_place_in_the_song_keeps_its_bar_number() {
    let waltz = Metre::new(3, 4).unwrap();
    let mut clock = Clock::new(48_000.0);
    let mut number = |beats: f64, metre| {
        let line =
            if metre == waltz { 16.0 + ((beats - 16.0) / 3.0).floor() * 3.0 } else { (beats / 4.0).floor() * 4.0 };
        let (span, _) = clock.enter(&playing(beats, metre, line), FramePosition(0), BEAT, 120.0);
        clock.count().number_at(span.nearest_tick(0))
    };
    // Four bars of four beats, then bars of three.
    let played: Vec<i64> =
        (0..28).map(|beat| number(f64::from(beat), if beat < 16 { Metre::COMMON } else { waltz })).collect();
    let wanted: Vec<i64> = (0..28).map(|beat| if beat < 16 { beat / 4 } else { 4 + (beat - 16) / 3 }).collect();
    assert_eq!(played, wanted);
    // The song loops and jumps.
    for (beats, metre, wanted) in
        [(16.0, waltz, 4), (24.0, waltz, 6), (20.0, waltz, 5), (5.0, Metre::COMMON, 1), (-4.0, Metre::COMMON, -1)]
    {
        assert_eq!(number(beats, metre), wanted, "at beat {beats}");
    }
}

/// A chart begins where its first bar would have begun in the present metre.
#[test]
fn a_chart_begins_as_if_in_the_present_metre() {
    let waltz = Metre::new(3, 4).unwrap();
    let mut clock = Clock::new(48_000.0);
    let _ = clock.enter(&playing(15.0, Metre::COMMON, 12.0), FramePosition(0), BEAT, 120.0);
    let (span, _) = clock.enter(&playing(16.0, waltz, 16.0), FramePosition(0), BEAT, 120.0);
    assert_eq!(span.nearest_tick(0) - clock.form(), Ticks(4 * waltz.bar().0), "it is the fifth bar of the chart");
    // A pickup does not count as a bar of the chart.
    let (span, _) = clock.enter(&playing(33.0, Metre::COMMON, 33.0), FramePosition(0), BEAT, 120.0);
    assert_eq!(span.nearest_tick(0) - clock.form(), Ticks(8 * Metre::COMMON.bar().0));
}

#[test]
fn on_our_own_clock_the_bar_that_runs_takes_the_new_metre() {
    let waltz = Metre::new(3, 4).unwrap();
    let mut clock = Clock::new(48_000.0);
    let standing = |metre| Transport { metre: Some(metre), ..Transport::default() };
    for beat in 0..5 {
        let _ = clock.enter(&standing(Metre::COMMON), FramePosition(beat * i64::from(BEAT)), BEAT, 120.0);
    }
    let _ = clock.enter(&standing(waltz), FramePosition(5 * i64::from(BEAT)), BEAT, 120.0);
    assert_eq!(clock.count(), BarCount { bars: Bars { line: Ticks::quarters(4), metre: waltz }, number: 1 });
}

/// An impossible bar position is ignored, and a jump takes over the host's bars.
#[test]
fn an_impossible_bar_position_is_not_believed() {
    let mut clock = Clock::new(48_000.0);
    // This host always reports beat 0.
    let (span, _) = clock.enter(&playing(10.0, Metre::COMMON, 0.0), FramePosition(0), BEAT, 120.0);
    let bar_line = span.nearest_tick(0) - Ticks::quarters(2);
    assert_eq!(clock.bars().place(bar_line), Ticks(0));
    // This one has a pickup of one beat.
    let (span, _) = clock.enter(&playing(30.0, Metre::COMMON, 29.0), FramePosition(0), BEAT, 120.0);
    assert_eq!(clock.bars().place(span.nearest_tick(0)), Ticks::quarters(1));
}

/// Segue's own clock runs the same in any blocks and through changes of tempo.
#[test]
fn the_own_clock_is_the_same_in_any_blocks() {
    let run = |length: u32| {
        let mut clock = Clock::new(44_100.0);
        let mut at = 0_i64;
        let mut found = Vec::new();
        while at < 200_000 {
            let tempo = if at < 60_000 { 97.0 } else { 151.0 };
            let frames = if at < 60_000 { length.min(u32::try_from(60_000 - at).unwrap()) } else { length };
            let (span, flow) = clock.enter(&Transport::default(), FramePosition(at), frames, tempo);
            assert_eq!(flow, Flow::Continuous);
            let offsets = (0..400).map(|tick| span.offset_of(f64::from(tick)));
            found.extend(offsets.filter(|offset| (0..i64::from(frames)).contains(offset)).map(|offset| at + offset));
            at += i64::from(frames);
        }
        found.retain(|frame| *frame < 200_000);
        found
    };
    assert_eq!(run(1), run(4096));
    assert_eq!(run(64), run(1000));
}

#[test]
fn a_bar_begun_by_the_player_begins_on_the_frame_of_the_note() {
    let mut clock = Clock::new(48_000.0);
    let (span, _) = clock.enter(&Transport::default(), FramePosition(0), 1_000, 120.0);
    let span = clock.begin_bar(span, 333, FramePosition(333), 1_000);
    let line = clock.bars().line;
    assert_eq!(span.offset_of(line.as_f64()), 333);
    let (next, _) = clock.enter(&Transport::default(), FramePosition(1_000), 1_000, 120.0);
    assert_eq!(next.offset_of((line + Ticks(48)).as_f64()), 333 + 24_000 - 1_000);
}

/// How far time is from the song at the end of each block, in ticks, and whether it was ever interrupted. Blocks have
/// this length, and in each one the song is this many seconds off its place.
fn beside(length: u32, blocks: u32, noise: impl Fn(u32) -> f64) -> (Vec<f64>, bool) {
    let mut clock = Clock::new(48_000.0);
    let (mut ends, mut broken, mut last) = (Vec::new(), false, 0.0);
    for block in 0..blocks {
        let at = i64::from(block) * i64::from(length);
        let beats = 101.0 + at as f64 / 24_000.0;
        let reported = playing(beats + noise(block) * 2.0, Metre::COMMON, 100.0);
        let (span, flow) = clock.enter(&reported, FramePosition(at), length, 120.0);
        broken |= block > 0 && flow == Flow::Discontinuity;
        assert!(span.moment_of(0) >= last - 0.2, "time goes back in block {block} of {length}");
        let (begin, end) = (span.moment_of(0), span.moment_of(i64::from(length)));
        let pace = (end - begin) / (f64::from(length) / 500.0);
        assert!((0.87..1.13).contains(&pace), "block {block} of {length}: {pace} times as fast");
        let offset = clock.count().bars.line.as_f64() - 4_800.0;
        ends.push(end - offset - (beats * 48.0 + f64::from(length) / 500.0));
        last = end;
    }
    (ends, broken)
}

/// A song that is nudged has not jumped, and time catches up with it.
#[test]
fn a_song_that_is_nudged_has_not_jumped() {
    for length in [64, 441, 1_024, 4_096] {
        for nudge_ms in [-50.0, -22.0, -3.0, 1.0, 10.0, 22.0, 50.0_f64] {
            let from = 48_000 / length;
            let nudge = |block| if block < from { 0.0 } else { nudge_ms / 1000.0 };
            let (ends, broken) = beside(length, 3 * from, nudge);
            assert!(!broken, "{nudge_ms} ms in blocks of {length}");
            let last = ends.last().unwrap();
            // A tick is 10.4 ms long.
            assert!((last - nudge_ms * 0.096).abs() < 1e-6, "{nudge_ms} ms in blocks of {length}: {last}");
        }
    }
}

#[test]
fn a_song_whose_position_jitters_is_followed_by_its_mean() {
    for length in [64, 256, 1_024, 4_096] {
        for noise_ms in [3.0, 10.0, 25.0, 50.0] {
            // Values between the two limits, in random order.
            let part = |block: u32| f64::from(block.wrapping_mul(2_654_435_761) >> 8) / f64::from(1 << 23) - 1.0;
            let (ends, broken) = beside(length, 10 * 48_000 / length, |block| part(block) * noise_ms / 1000.0);
            assert!(!broken, "{noise_ms} ms in blocks of {length}");
            let worst = ends.iter().map(|end| end.abs()).fold(0.0, f64::max);
            assert!(worst * 10.42 <= noise_ms + 2.1, "{noise_ms} ms in blocks of {length}: {worst} ticks");
        }
    }
}

/// A block that is left out or reported twice is no jump; an eighth of a second is one.
#[test]
fn a_block_left_out_or_reported_twice_is_no_jump() {
    for length in [1_024, 4_096, 8_192] {
        let block_seconds = f64::from(length) / 48_000.0;
        for blocks in [1.0, -1.0] {
            let (_, broken) = beside(length, 20, |block| if block < 9 { 0.0 } else { blocks * block_seconds });
            assert!(!broken, "{blocks} blocks of {length}");
        }
    }
    for seconds in [0.125, -0.125] {
        assert!(beside(256, 20, |block| if block < 9 { 0.0 } else { seconds }).1, "{seconds} s");
    }
}

/// After a nudge, a tick falls on the same frame wherever the host cuts its blocks.
#[test]
fn after_a_nudge_a_tick_keeps_its_frame_in_all_blocks() {
    for nudge in [0.044, -0.044, 0.09] {
        let run = |lengths: &[u32]| {
            let mut clock = Clock::new(48_000.0);
            let (mut at, mut found) = (0_i64, Vec::new());
            let mut lengths = lengths.iter().cycle();
            while at < 96_000 {
                let change = if at < 24_123 { 24_123 - at } else { i64::MAX };
                let frames = i64::from(*lengths.next().unwrap()).min(change);
                let beats = at as f64 / 24_000.0 + if at < 24_123 { 0.0 } else { nudge };
                let reported = playing(beats, Metre::COMMON, 0.0);
                let frames = u32::try_from(frames).unwrap();
                let (span, _) = clock.enter(&reported, FramePosition(at), frames, 120.0);
                let offsets = (0..150).map(|tick| span.offset_of(f64::from(tick)));
                found
                    .extend(offsets.filter(|offset| (0..i64::from(frames)).contains(offset)).map(|offset| at + offset));
                at += i64::from(frames);
            }
            found
        };
        let whole = run(&[4_096]);
        assert_eq!(whole.len(), 150, "each tick comes once");
        for lengths in [&[1_u32][..], &[64], &[441], &[17, 900, 3, 2048, 1]] {
            assert_eq!(run(lengths), whole, "{nudge}, {lengths:?}");
        }
    }
}

#[test]
fn nonsense_from_the_host_does_no_harm() {
    let mut clock = Clock::new(48_000.0);
    for number in [f64::NAN, f64::INFINITY, -1e300, 1e300, 0.0] {
        let transport = Transport { tempo_bpm: Some(number), ..playing(number, Metre::COMMON, number) };
        let (span, _) = clock.enter(&transport, FramePosition(i64::MAX), 64, number);
        let tick = span.nearest_tick(3);
        let _ = (span.first_tick_from(5, 0.0), span.offset_of(tick.as_f64()), clock.bars().place(tick));
    }
}
