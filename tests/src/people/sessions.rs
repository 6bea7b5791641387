//! Runs many sessions at once and collects their figures.

use super::figures::Figures;
use super::player::Player;
use super::repertoire::Style;
use super::table::Row;
use super::trial::Trial;
use crate::bundle::Bundle;
use anyhow::{Context, Result, anyhow};
use std::ops::Range;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The sessions of one row of the table.
#[derive(Debug, Clone)]
pub struct Case {
    /// Determines the swing, and whether there are beats.
    pub style: Style,
    /// The mode or the preset.
    pub mode: String,
    /// What the player plays.
    pub number: String,
    /// One trial for each seed.
    pub trials: Vec<Trial>,
}

impl Case {
    /// Sessions of one number, one for each seed; Segue's seed and the player's are the same.
    pub fn new(style: Style, mode: &str, number: &str, seeds: &Range<u64>, trial: impl Fn(Player) -> Trial) -> Self {
        let trials = seeds.clone().map(|seed| trial(Player::person(seed)).set("Seed", seed));
        Self { style, mode: mode.to_owned(), number: number.to_owned(), trials: trials.collect() }
    }
}

/// As many threads as cores, because an instance and its worker take turns.
pub fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Plays all cases on this many threads, each with its own instances, and returns a row for each case.
///
/// # Errors
/// If a session fails; the message names its row.
pub fn play(plugin: &Path, cases: &[Case], threads: usize) -> Result<Vec<Row>> {
    let jobs: Vec<(usize, usize)> =
        cases.iter().enumerate().flat_map(|(case, of)| (0..of.trials.len()).map(move |trial| (case, trial))).collect();
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        let work = || -> Result<()> {
            let bundle = Bundle::load(plugin)?;
            while let Some((case, trial)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)).copied() {
                let of = &cases[case];
                let line = of.trials[trial].play(&bundle);
                let line =
                    line.with_context(|| format!("{}, {}, {}, session {trial}", of.style.name(), of.mode, of.number))?;
                let figures = of.trials[trial].figures(&line, of.style.swing());
                done.lock().map_err(|_| anyhow!("a thread has ended"))?.push((case, trial, figures));
            }
            Ok(())
        };
        let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        let mut ended =
            workers.into_iter().map(|worker| worker.join().unwrap_or_else(|_| Err(anyhow!("a thread panicked"))));
        ended.try_for_each(|ended| ended)
    })?;
    let mut done = done.into_inner().map_err(|_| anyhow!("a thread has ended"))?;
    done.sort_by_key(|(case, trial, _)| (*case, *trial));
    let mut rows: Vec<Row> = cases.iter().map(row).collect();
    for (case, _, figures) in done {
        rows[case].figures += figures;
    }
    Ok(rows)
}

fn row(case: &Case) -> Row {
    Row {
        style: case.style.name().to_owned(),
        mode: case.mode.clone(),
        number: case.number.clone(),
        figures: Figures::default(),
        has_beats: case.style.has_beats(),
    }
}
