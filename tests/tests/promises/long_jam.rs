//! A duet that does not end: nothing grows, slows down or is late.
//!
//! Three minutes in `cargo xtask test`, an hour in `cargo xtask test --nightly`; rendered, so it takes seconds.

use crate::support::{in_a_process_of_its_own, resident};
use segue_model::note::{Metre, Ticks};
use segue_tests::blocks::Blocks;
use segue_tests::bundle::Bundle;
use segue_tests::random_host::param_map::{Param, ParamMap};
use segue_tests::random_host::play::play_act;
use segue_tests::random_host::rules::Checker;
use segue_tests::random_host::sequence::{Action, Activation};
use segue_tests::rng::Rng;
use segue_tests::stats::{STATS_VARIABLE, Stats};
use segue_tests::timeline::{Frame, Timeline, TransportReport};
use std::io::Write;
use std::time::{Duration, Instant};

/// Set by `cargo xtask test --nightly`.
const NIGHTLY: &str = "SEGUE_NIGHTLY";
const SAMPLE_RATE: f64 = 48_000.0;
const TEMPO_BPM: f64 = 120.0;
/// The loop of the transport: 32 seconds.
const LOOP_BARS: i64 = 16;
const LOOPS: usize = 6;
const LOOPS_OF_A_NIGHT: usize = 113;
const SUMMARY: &str = "long jam:";

/// A long duet over a loop keeps its use of memory, its density and its timing.
#[test]
fn a_long_duet_keeps_its_memory_pace_and_time() {
    let stats = std::env::temp_dir().join(format!("segue-stats-duet-{}", std::process::id()));
    let environment = [(STATS_VARIABLE, stats.to_str().expect("a folder with a plain name"))];
    let output = in_a_process_of_its_own("long_jam::a_duet", &environment);
    // A file that stays in a temporary folder does no harm.
    let _gone = std::fs::remove_file(stats);
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && stdout.contains("1 passed"), "{}\n{stdout}\n{stderr}", output.status);
    for line in stderr.lines().filter(|line| line.starts_with(SUMMARY)) {
        // Written directly, because the test harness shows a test's output only when it fails.
        let _shown = writeln!(std::io::stderr(), "{line}");
    }
}

/// The cost and the notes of one round of the loop.
struct Round {
    took: Duration,
    resident: usize,
    notes: usize,
}

#[test]
#[ignore = "runs in a process of its own, because it measures memory"]
fn a_duet() {
    let loops = if std::env::var_os(NIGHTLY).is_some() { LOOPS_OF_A_NIGHT } else { LOOPS };
    let bundle = Bundle::checked();
    let mut instance = bundle.open().expect("the plugin gives an instance");
    let param_map = ParamMap::new(instance.parameters()).expect("the parameters that the rules speak of");
    let settings = [(Param::Mode, 2.0), (Param::Style, 3.0)].map(|(param, value)| (param_map.place(param), value));
    for (place, value) in settings {
        instance.set_raw(param_map.parameters()[place].id, value).expect("the plugin takes the setting");
    }
    instance.set_offline(true).expect("it renders");
    instance.activate(SAMPLE_RATE, 512).expect("it activates");
    let mut checker = Checker::new(&settings, &param_map);
    let mut rng = Rng::new(1);
    let rounds: Vec<Round> = (0..loops)
        .map(|_| {
            let activation = round(&mut rng, &param_map);
            let begun = Instant::now();
            let take = play_act(&activation, &mut instance, &param_map, &mut None).expect("it plays");
            let took = begun.elapsed();
            checker.follow(&activation, &take);
            Round { took, resident: resident(), notes: take.count_notes() }
        })
        .collect();
    // One more round without input, so that the notes of the last round end.
    let mut silence = round(&mut rng, &param_map);
    silence.actions.clear();
    silence.timeline.playing(0, false);
    silence.length = 4_800;
    let end = play_act(&silence, &mut instance, &param_map, &mut None).expect("it plays");
    checker.follow(&silence, &end);
    instance.deactivate();
    let broken: Vec<String> = checker.finish().iter().map(ToString::to_string).collect();
    assert!(broken.is_empty(), "{} faults\n{}", broken.len(), broken[..broken.len().min(10)].join("\n"));
    let stats = Stats::read().expect("it has written its counts").unwrap_or_default();
    judge(&rounds, stats);
}

fn judge(rounds: &[Round], stats: Stats) {
    /// The last ten minutes are kept in memory that is allocated at the beginning but touched gradually.
    const BOUND: usize = 2 << 20;
    /// The machine may be busy for a while; a cost that grew with the length of the jam would exceed this by far.
    const SLOWER: f64 = 3.0;
    let quarter = (rounds.len() / 4).max(1);
    let (warm, last) = (&rounds[quarter..2 * quarter], &rounds[rounds.len() - quarter..]);
    let seconds = |rounds: &[Round]| rounds.iter().map(|round| round.took.as_secs_f64()).sum::<f64>();
    let most = |rounds: &[Round]| rounds.iter().map(|round| round.resident).max().unwrap_or(0);
    let notes: usize = rounds.iter().map(|round| round.notes).sum();
    let minutes = rounds.len() as f64 * 32.0 / 60.0;
    eprintln!(
        "{SUMMARY} {minutes:.0} minutes of a duet in {:.0} s, {notes} notes; {} kB in memory after the first \
         quarter and {} kB \
         at the end; a round took {:.2} s then and {:.2} s at the end; {stats:?}",
        seconds(rounds),
        most(warm) / 1024,
        most(last) / 1024,
        seconds(warm) / warm.len() as f64,
        seconds(last) / last.len() as f64,
    );
    assert!(notes as f64 > 30.0 * minutes, "{notes} notes in {minutes} minutes are no duet");
    assert_eq!(stats, Stats::default(), "nothing is late, dropped, refused or unheard");
    assert!(most(last) < most(warm) + BOUND, "memory grows");
    assert!(seconds(last) < SLOWER * seconds(warm), "it slows down");
}

/// Sixteen bars in which the player plays some phrases, never the same, so that there is always more to remember.
fn round(rng: &mut Rng, param_map: &ParamMap) -> Activation {
    const EIGHTH: i64 = 24;
    let mut timeline = Timeline::steady(SAMPLE_RATE, TEMPO_BPM, Metre::COMMON);
    timeline.show_loop(0.0, LOOP_BARS as f64 * 4.0);
    let bar = Metre::COMMON.bar().0;
    let frame = |tick: i64| timeline.frame_of(Ticks(tick)).expect("the transport runs");
    let mut actions: Vec<(Frame, Action)> = Vec::new();
    for first_bar in [0, 4, 9, 13] {
        let mut key = rng.between(60, 72);
        let mut tick = first_bar * bar;
        while tick < (first_bar + 2) * bar {
            let length = *rng.pick(&[EIGHTH, EIGHTH, 2 * EIGHTH]);
            let key_now = u8::try_from(key).unwrap_or(60);
            let velocity = rng.real(0.3, 0.9);
            actions.push((frame(tick), Action::NoteOn { channel: 0, key: key_now, velocity, id: None }));
            let up = Action::NoteOff { channel: Some(0), key: Some(key_now), id: None, choke: false };
            actions.push((frame(tick + length - 3), up));
            key = (key + rng.between(0, 8)).saturating_sub(4).clamp(55, 84);
            tick += length;
        }
        let temperature = Action::SetParam { place: param_map.place(Param::Temperature), value: rng.real(0.2, 0.7) };
        actions.push((frame((first_bar + 2) * bar), temperature));
    }
    let mut activation = Activation {
        length: frame(LOOP_BARS * bar),
        timeline,
        report: TransportReport::Everything,
        mid_block: false,
        loops_back: None,
        blocks: Blocks::Mixed { seed: rng.next_u64(), largest: 512 },
        offline: true,
        actions,
    };
    activation.sort();
    activation
}
