//! Measures the built plugin as a host sees it: how long it takes to load and to play a block of a jam, and whether it
//! stays in time while other programs compete for every core.
//!
//! Started by `cargo xtask bench`, which builds the plugin first.

use anyhow::{Context, Result};
use segue_model::note::Metre;
use segue_tests::blocks::Blocks;
use segue_tests::bundle::Bundle;
use segue_tests::performance::{Performance, Times, off_the_grid};
use segue_tests::score::Score;
use segue_tests::session::Session;
use segue_tests::timeline::{Frame, Timeline};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Instant;

const SAMPLE_RATE: f64 = 48_000.0;
const BLOCK: u32 = 64;
const JAM_SECONDS: Frame = 12;

fn main() -> Result<()> {
    let plugin = std::env::args_os().nth(1).map(PathBuf::from).context("usage: bench FILE.clap")?;
    let begun = Instant::now();
    let bundle = Bundle::load(&plugin)?;
    println!("loading the bundle and listing its plugins: {:.2} ms", begun.elapsed().as_secs_f64() * 1e3);
    for (what, sound, keys) in [("jam, sound off", "Off", true), ("jam, sound on", "On", true), ("idle", "On", false)] {
        let mut instance = bundle.open()?;
        instance.set("Sound", sound)?;
        instance.set("Answer length", "4")?;
        let played = Session::live(Blocks::Of(BLOCK)).play(&mut instance, &jam(keys))?;
        show(what, &played.times());
    }
    let score = jam(true);
    let play = || Session::live(Blocks::Of(BLOCK)).play(&mut bundle.open()?, &score);
    let alone = play()?;
    let crowd = Instances::gather()?;
    let crowded = play()?;
    let threads = crowd.leave();
    let rendered = Session::render(Blocks::Of(BLOCK)).play(&mut bundle.open()?, &score)?;
    show_time_kept("alone", &alone, &rendered, &score);
    show_time_kept(&format!("beside {threads} threads that compute all the time"), &crowded, &rendered, &score);
    Ok(())
}

/// Threads of ordinary priority that never sleep, two for each core.
struct Instances {
    leave: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Instances {
    fn gather() -> Result<Self> {
        let leave = Arc::new(AtomicBool::new(false));
        let compute = |_| {
            let leave = Arc::clone(&leave);
            thread::spawn(move || {
                while !leave.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            })
        };
        let cores = thread::available_parallelism().context("the number of cores is unknown")?.get();
        let threads = (0..2 * cores).map(compute).collect();
        Ok(Self { leave, threads })
    }

    /// Stops them and returns how many there were.
    fn leave(self) -> usize {
        self.leave.store(true, Ordering::Relaxed);
        let count = self.threads.len();
        for thread in self.threads {
            // A busy loop cannot panic.
            let _ = thread.join();
        }
        count
    }
}

/// A late note is off the grid; one that is far too late is not played, while the render has every note.
fn show_time_kept(what: &str, played: &Performance, rendered: &Performance, score: &Score) {
    let [(played, _), (rendered, _)] = [played.notes(), rendered.notes()];
    let late = off_the_grid(&played, &score.timeline).len();
    let missing = rendered.len().saturating_sub(played.len());
    println!("{what}: of {} notes {late} late and {missing} not played", rendered.len());
}

/// One bar of eighths out of every five; Segue answers in the other four.
fn jam(keys: bool) -> Score {
    const EIGHTH: Frame = 12_000;
    const HELD: Frame = 11_000;
    let timeline = Timeline::steady(SAMPLE_RATE, 120.0, Metre::COMMON);
    let mut score = Score::silence(timeline, JAM_SECONDS * 48_000);
    let turns = if keys { 0..2 } else { 0..0 };
    for turn in turns {
        for (index, key) in (0..).zip([62, 66, 69, 66, 71, 69, 66, 64]) {
            let down = turn * 40 * EIGHTH + index * EIGHTH;
            score.press(key, down, down + HELD);
        }
    }
    score
}

fn show(what: &str, times: &Times) {
    let microseconds = |per_mille| times.per_mille(per_mille).as_secs_f64() * 1e6;
    println!(
        "process() of {BLOCK} frames, {what}: median {:.2} µs, p99 {:.1} µs, p99.9 {:.1} µs, worst {:.0} µs \
         ({} calls)",
        microseconds(500),
        microseconds(990),
        microseconds(999),
        microseconds(1000),
        times.count()
    );
}
