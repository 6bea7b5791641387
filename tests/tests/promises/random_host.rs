//! A host that does whatever a host may do, a hundred times a minute of music, and nothing goes wrong.
//!
//! `cargo xtask test` plays always the same sequences; `cargo xtask test --nightly` plays more, and others every night.
//! A sequence that shows a fault is made smaller and printed with its seed.

use crate::support::in_a_process_of_its_own;
use segue_model::note::Metre;
use segue_tests::blocks::Blocks;
use segue_tests::bundle::Bundle;
use segue_tests::random_host::faults::FAULTS;
use segue_tests::random_host::generator;
use segue_tests::random_host::param_map::{Param, ParamMap};
use segue_tests::random_host::play::{Recording, play};
use segue_tests::random_host::rules::{Rule, Violation, check, difference};
use segue_tests::random_host::sequence::{Action, Activation, Sequence};
use segue_tests::random_host::shrink::shrink;
use segue_tests::random_host::tally::Tally;
use segue_tests::rng::Rng;
use segue_tests::stats::STATS_VARIABLE;
use segue_tests::timeline::{Frame, Timeline, TransportReport};
use std::io::Write;
use std::mem::Discriminant;
use std::time::Duration;

/// How many sequences are played; `cargo xtask test --sequences` sets it.
const COUNT: &str = "SEGUE_SEQUENCES";
/// The seed of the first; the others follow. `cargo xtask test --seed` sets it.
const SEED: &str = "SEGUE_SEED";
/// Which of the sequences a process plays: `2/3` is the second of three parts.
const PART: &str = "SEGUE_PART";
/// With `1` every second instance has a slow worker, so what is played again is played by one of each.
const SLOW_WORKERS: &str = "SEGUE_SLOW_WORKERS";
const USUAL_COUNT: u64 = 100;
/// Seeds that have shown a fault once. They are played too, unless other seeds are asked for. In a duet without a song,
/// the tempo that was read from the phrase left the first note behind, or put a planned one behind us; and at a
/// look-ahead of 0 a new tempo in the song put the note of that very frame one frame behind. In the last one a style
/// waited for room while a render asked for notes.
const FOUND: [u64; 5] = [700_089, 700_272, 700_087, 701_692, 41_574_265];
/// Every so many sequences one is played again, as it was and in other blocks; those of [`FOUND`] all are.
const AGAIN: u64 = 5;
/// How long a faulty sequence is made smaller.
const SHRINKING: Duration = Duration::from_mins(1);
/// So many faulty sequences, each of another kind, are made smaller in each process.
const SHRUNK: usize = 3;

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a whole number, not {text:?}")))
}

/// Whatever a host does, every note ends, nothing is late, and all rules hold.
///
/// Two processes, because each has an instance that counts its own troubles, and because the check for allocations ends
/// the process in which it sees one.
#[test]
fn whatever_a_host_does_the_rules_hold() {
    let parts = std::thread::available_parallelism().map_or(1, |cores| cores.get().min(8));
    let children = (1..=parts).map(|part| {
        std::thread::spawn(move || {
            let stats = std::env::temp_dir().join(format!("segue-stats-{}-{part}", std::process::id()));
            let environment = [
                (PART, format!("{part}/{parts}")),
                (STATS_VARIABLE, stats.display().to_string()),
                (SLOW_WORKERS, "1".to_owned()),
            ];
            let environment = environment.each_ref().map(|(variable, value)| (*variable, value.as_str()));
            let output = in_a_process_of_its_own("random_host::a_part_of_the_sequences", &environment);
            // What is left in a temporary folder does no harm.
            let _gone = std::fs::remove_file(stats);
            output
        })
    });
    let children: Vec<_> = children.collect();
    let mut whole = Tally::default();
    let mut troubles = Vec::new();
    // All of them are heard out before one fails, so that the figures are those of the whole run.
    for (part, child) in (1..).zip(children) {
        let output = child.join().expect("the other process was started");
        let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let tally = Tally::read(&stderr);
        whole += tally.unwrap_or_default();
        if tally.is_none() {
            let last = stderr.lines().rfind(|line| line.starts_with(NEXT)).unwrap_or("none");
            troubles.push(format!("part {part} of {parts} broke off; the last it began was {last}"));
        }
        if !output.status.success() || !stdout.contains("1 passed") {
            let begins = |line: &&str| line.strip_prefix(NEXT).is_some_and(|rest| rest.parse::<u64>().is_ok());
            let rest: Vec<&str> = stderr.lines().filter(|line| !begins(line)).collect();
            troubles.push(format!("part {part} of {parts}: {}\n{stdout}\n{}", output.status, rest.join("\n")));
        }
    }
    // Past the harness, which shows what a test prints only when it fails.
    let _shown = writeln!(std::io::stderr(), "{SUMMARY} {whole}");
    assert!(troubles.is_empty(), "{}", troubles.join("\n"));
}

const SUMMARY: &str = "random host:";
/// Before the seed of the sequence that is played next, for the case that it ends the process.
const NEXT: &str = "sequence ";

#[test]
#[ignore = "runs in a process of its own: the check for allocations aborts it"]
fn a_part_of_the_sequences() {
    let part = std::env::var(PART).unwrap_or_else(|_| "1/1".to_owned());
    let (part, parts) = part.split_once('/').expect("a part is such as 1/2");
    let (part, parts): (u64, u64) = (part.parse().expect("a number"), parts.parse().expect("a number"));
    let (seed, count) = (number(SEED).unwrap_or(0), number(COUNT).unwrap_or(USUAL_COUNT));
    let fixture = Fixture::open();
    let mut tally = Tally::default();
    let mut failures: Vec<(Sequence, Fault)> = Vec::new();
    let found = FOUND.into_iter().filter(|_| number(SEED).is_none());
    let seeds = (0..).zip((0..count).map(|index| seed + index).chain(found));
    for (index, seed) in seeds.filter(|(index, _)| index % parts == part - 1) {
        let sequence = generator::sequence(seed, &fixture.param_map);
        eprintln!("{NEXT}{}", sequence.seed);
        let again = index % AGAIN == 0 || index >= count;
        if let Err(fault) = fixture.judge(&sequence, again, &mut tally) {
            tally.faulty += 1;
            eprintln!("{NEXT}{}: {}", sequence.seed, fault.message);
            failures.push((sequence, fault));
        }
    }
    eprintln!("{}", tally.line());
    // One of each kind is made smaller, of the first kinds.
    let mut kinds = Vec::new();
    failures.retain(|(_, fault)| {
        kinds.len() < SHRUNK && !kinds.contains(&fault.kind) && {
            kinds.push(fault.kind);
            true
        }
    });
    let messages = failures.iter().map(|(sequence, fault)| {
        format!(
            "sequence {}: {}\n{}",
            sequence.seed,
            fault.message,
            fixture.smaller(sequence).describe(&fixture.param_map)
        )
    });
    let messages: Vec<String> = messages.collect();
    assert!(messages.is_empty(), "{}", messages.join("\n"));
}

/// What was wrong with a sequence.
struct Fault {
    message: String,
    /// The rule that was broken first; `None` when it was not the same again.
    kind: Option<Discriminant<Rule>>,
}

struct Fixture {
    bundle: Bundle,
    param_map: ParamMap,
}

impl Fixture {
    fn open() -> Self {
        let bundle = Bundle::checked();
        let instance = bundle.open().expect("the plugin gives an instance");
        let param_map = ParamMap::new(instance.parameters()).expect("the parameters that the rules speak of");
        Self { bundle, param_map }
    }

    fn play(&self, sequence: &Sequence) -> Recording {
        play(sequence, &self.bundle, &self.param_map).expect("the plugin plays")
    }

    fn broken(&self, sequence: &Sequence) -> (Recording, Vec<Violation>) {
        let recording = self.play(sequence);
        let broken = check(sequence, &recording, &self.param_map);
        (recording, broken)
    }

    /// Plays a sequence and says what was wrong with it.
    fn judge(&self, sequence: &Sequence, again: bool, tally: &mut Tally) -> Result<(), Fault> {
        let (recording, broken) = self.broken(sequence);
        tally.sequences += 1;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a minute")]
        let milliseconds = (sequence.seconds() * 1_000.0).round() as u64;
        tally.milliseconds += milliseconds;
        tally.notes += recording.count_notes() as u64;
        if let Some(first) = broken.first() {
            let lines: Vec<String> = broken.iter().take(5).map(ToString::to_string).collect();
            return Err(Fault { message: lines.join("\n"), kind: Some(first.rule.kind()) });
        }
        if again && self.repeats(sequence) {
            tally.again += 1;
            let not_the_same = |message| Fault { message, kind: None };
            self.same(sequence, sequence, &recording).map_err(not_the_same)?;
            if Self::repeats_in_other_blocks(sequence) {
                let otherwise = sequence.cut_otherwise(sequence.seed);
                self.same(sequence, &otherwise, &recording).map_err(not_the_same)?;
            }
        }
        Ok(())
    }

    fn same(&self, sequence: &Sequence, other: &Sequence, recording: &Recording) -> Result<(), String> {
        match difference(recording, &self.play(other)) {
            None => Ok(()),
            Some(difference) => {
                let blocks: Vec<_> =
                    sequence.activations.iter().zip(&other.activations).map(|(a, b)| (a.blocks, b.blocks)).collect();
                Err(format!("it is not the same again (blocks {blocks:?}): {difference}"))
            }
        }
    }

    /// Whether the host waits for the worker all the time.
    fn repeats(&self, sequence: &Sequence) -> bool {
        let render = self.param_map.place(Param::Render);
        let set = sequence.settings.iter().find(|(place, _)| *place == render).map_or(0.0, |(_, value)| *value);
        // Of its values the middle one is offline, and below it the host decides.
        let (auto, offline) = (set < 0.5, (0.5..1.5).contains(&set));
        offline || auto && sequence.activations.iter().all(|activation| activation.offline)
    }

    /// A host that refuses events refuses others when it calls at other times, and one whose bars contradict its metre
    /// contradicts itself at other times. What is routed back comes a block later. And where bars do not count from the
    /// song's beginning, the framework hides until the next block where they lie after a change in mid-block.
    fn repeats_in_other_blocks(sequence: &Sequence) -> bool {
        let repeats = |activation: &Activation| {
            let bars_are_known = !activation.mid_block || activation.timeline.bar_beats_of_a_plain_song().is_some();
            activation.accepts_everything()
                && activation.report != TransportReport::WrongBars
                && activation.loops_back.is_none()
                && bars_are_known
        };
        sequence.activations.iter().all(repeats)
    }

    /// A sequence that shows the same fault and is easier to read.
    fn smaller(&self, sequence: &Sequence) -> Sequence {
        let (recording, broken) = self.broken(sequence);
        let Some(first) = broken.first().map(|broken| broken.rule) else {
            let repeats = |candidate: &Sequence| {
                if !self.repeats(candidate) {
                    return true;
                }
                let recording = self.play(candidate);
                self.same(candidate, candidate, &recording).is_ok()
                    && (!Self::repeats_in_other_blocks(candidate)
                        || self.same(candidate, &candidate.cut_otherwise(sequence.seed), &recording).is_ok())
            };
            drop(recording);
            return shrink(sequence, SHRINKING, |candidate| !repeats(candidate));
        };
        shrink(sequence, SHRINKING, |candidate| {
            // What is cut off before its end never ends.
            let ends = !matches!(first, Rule::NeverEnds(_)) || is_closed(candidate);
            ends && self.broken(candidate).1.iter().any(|broken| broken.rule.kind() == first.kind())
        })
    }
}

fn is_closed(sequence: &Sequence) -> bool {
    let last = sequence.activations.last().and_then(|activation| activation.actions.last());
    matches!(last, Some((_, Action::Reset)))
}

/// A planted fault of each kind is caught within a hundred sequences.
#[test]
fn planted_faults_are_caught_within_a_hundred_sequences() {
    const ENOUGH: u64 = 100;
    let fixture = Fixture::open();
    for fault in FAULTS {
        let mut rng = Rng::new(0);
        let caught = (0..ENOUGH).find(|seed| {
            let sequence = generator::sequence(*seed, &fixture.param_map);
            let recording = fixture.play(&sequence);
            let planted = fault.plant(&sequence, &recording, &fixture.param_map, &mut rng);
            planted.is_some_and(|planted| {
                let sound = check(&sequence, &recording, &fixture.param_map);
                let broken = check(&sequence, &planted, &fixture.param_map);
                sound.is_empty() && broken.iter().any(|broken| fault.is_known_by(&broken.rule))
            })
        });
        let caught = caught.unwrap_or_else(|| panic!("{fault:?} was planted in {ENOUGH} sequences and never seen"));
        let _shown = writeln!(std::io::stderr(), "{SUMMARY} {fault:?} was caught in sequence {caught}");
    }
}

/// A sequence made by hand, of one activation in which these keys are struck, each for a quarter of a second.
fn by_hand(
    fixture: &Fixture,
    timeline: Timeline,
    report: TransportReport,
    strokes: &[Frame],
    settings: &[(&str, f64)],
) -> Sequence {
    let place = |name: &str| fixture.param_map.parameters().iter().position(|parameter| parameter.name == name);
    let settings = settings.iter().map(|(name, value)| (place(name).expect("the plugin has it"), *value)).collect();
    let stroke = |down: &Frame| {
        let up = Action::NoteOff { channel: Some(0), key: Some(67), id: None, choke: false };
        [(*down, Action::NoteOn { channel: 0, key: 67, velocity: 0.7, id: None }), (down + 12_000, up)]
    };
    let activation = Activation {
        timeline,
        report,
        mid_block: true,
        blocks: Blocks::Of(4096),
        loops_back: None,
        offline: true,
        actions: strokes.iter().flat_map(stroke).collect(),
        length: 480_000,
    };
    Sequence { seed: 0, settings, chart: "", activations: vec![activation] }
}

/// It must be the same in all blocks.
fn check_in_all_blocks(fixture: &Fixture, sequence: &Sequence) {
    let first = fixture.play(sequence);
    assert!(first.count_notes() > 4, "nothing is played, so nothing is seen");
    for seed in 0..6 {
        let other = fixture.play(&sequence.cut_otherwise(seed));
        assert_eq!(difference(&first, &other), None, "{seed}");
    }
}

/// A song that jumps, stops and continues in mid-block gives the same notes at all block sizes.
#[test]
fn jumps_and_stops_in_mid_block_are_the_same_at_all_blocks() {
    let fixture = Fixture::open();
    let mut timeline = Timeline::steady(48_000.0, 117.0, Metre::COMMON);
    timeline.jump(100_001, 0.5).tempo(150_003, 133.0).playing(220_005, false).playing(260_007, true).jump(300_009, 4.0);
    let strokes = [10_000, 130_000, 170_000, 305_000, 330_000];
    check_in_all_blocks(&fixture, &by_hand(&fixture, timeline, TransportReport::Everything, &strokes, &[]));
}

/// A host that gives a tempo and no position keeps its tempo, whatever is played.
#[test]
fn a_host_that_gives_only_a_tempo_keeps_it() {
    let fixture = Fixture::open();
    let timeline = Timeline::steady(48_000.0, 180.0, Metre::COMMON);
    let strokes = [10_000, 31_741, 110_139, 135_783];
    check_in_all_blocks(
        &fixture,
        &by_hand(&fixture, timeline, TransportReport::OnlyTempo, &strokes, &[("Tempo from", 1.0)]),
    );
}
