//! `train table`: prints the tables of model/EVALUATION.md.

use crate::data::{CACHE, DataArguments};
use crate::evaluate::figures;
use anyhow::{Context, bail};
use clap::Args;
use segue_corpus::folder::Split;
use segue_training::evaluate::{Likelihoods, MARKOV_ORDER, MarkovLikelihoods, MeanLikelihood};
use serde::Deserialize;
use std::path::{Path, PathBuf};

#[derive(Args)]
pub struct TableArguments {
    /// The folder with one folder for each data set: jazz, blues, folk, irish, `piano_free`.
    #[arg(long)]
    data: Option<PathBuf>,
    /// The folder of the weights files.
    #[arg(long, default_value = "presets")]
    presets: PathBuf,
    /// The summary.json of a training, whose numbers are taken instead of measuring again. May be given more than once.
    #[arg(long)]
    summary: Vec<PathBuf>,
    /// What was read is cached in this folder, so that the next start is faster.
    #[arg(long, default_value = CACHE)]
    cache: PathBuf,
    /// Prints only the rows whose name begins with this.
    #[arg(long, default_value = "")]
    only: String,
}

/// One row: which weights are measured on which data.
struct TableRow {
    name: &'static str,
    weights: &'static str,
    /// The data set whose test split is measured.
    folder: &'static str,
    /// A second data set that the weights were trained on.
    also: Option<&'static str>,
}

const ROWS: [TableRow; 6] = [
    TableRow { name: "irish", weights: "irish", folder: "irish", also: None },
    TableRow { name: "folk", weights: "folk", folder: "folk", also: None },
    TableRow { name: "jazz", weights: "jazz", folder: "jazz", also: Some("blues") },
    TableRow { name: "blues", weights: "blues", folder: "blues", also: Some("jazz") },
    TableRow { name: "blues, by the weights of jazz", weights: "jazz", folder: "blues", also: Some("jazz") },
    TableRow { name: "piano", weights: "piano", folder: "piano_free", also: None },
];

pub fn print(arguments: &TableArguments) -> anyhow::Result<()> {
    let summaries = arguments.summary.iter().map(|path| summary(path)).collect::<anyhow::Result<Vec<_>>>()?;
    let mut measured = Vec::new();
    for row in ROWS.iter().filter(|row| row.name.starts_with(&arguments.only)) {
        match row.figures(arguments, &summaries)? {
            Ok(figures) => measured.push((row.name, figures)),
            Err(reason) => eprintln!("skipped {}: {reason}", row.name),
        }
    }
    if measured.is_empty() {
        bail!("there is nothing to print; use --data FOLDER or --summary FILE");
    }
    print!("{}", tables(&measured));
    Ok(())
}

impl TableRow {
    /// The likelihoods, or the reason why there are none.
    fn figures(
        &self,
        arguments: &TableArguments,
        summaries: &[TrainingSummary],
    ) -> anyhow::Result<Result<Likelihoods, String>> {
        let of_training = |summary: &&TrainingSummary| summary.plan.style == self.name && self.also.is_none();
        if let Some(summary) = summaries.iter().find(of_training) {
            return Ok(Ok(summary.test));
        }
        let weights = arguments.presets.join(self.weights).with_extension(segue_model::weights::EXTENSION);
        let Some(root) = &arguments.data else { return Ok(Err("there is no --data".into())) };
        let folder = root.join(self.folder);
        if let Some(missing) = [&weights, &folder].into_iter().find(|path| !path.exists()) {
            return Ok(Err(format!("{} is not there", missing.display())));
        }
        let source = DataArguments { data: vec![folder], cache: arguments.cache.clone(), track: None, channel: None };
        let also: Vec<PathBuf> = self.also.iter().map(|folder| root.join(folder)).collect();
        let figures = figures(&[&weights], &source, &also, Split::Test)?;
        Ok(figures.first().copied().ok_or_else(|| "nothing was measured".into()))
    }
}

/// The fields of summary.json that the table needs.
#[derive(Deserialize)]
struct TrainingSummary {
    plan: PlannedStyle,
    test: Likelihoods,
}

#[derive(Deserialize)]
struct PlannedStyle {
    style: String,
}

fn summary(path: &Path) -> anyhow::Result<TrainingSummary> {
    let bytes = std::fs::read(path).with_context(|| format!("{}: cannot be read", path.display()))?;
    serde_json::from_slice(&bytes).with_context(|| format!("{}: is not the summary.json of a training", path.display()))
}

fn tables(rows: &[(&str, Likelihoods)]) -> String {
    let all = rows.iter().map(|(name, figures)| all_notes(name, figures));
    let parts = rows.iter().map(|(name, figures)| parts(name, figures));
    let head = |cells: &[&str]| format!("| {} |\n|{}\n", cells.join(" | "), "---|".repeat(cells.len()));
    let chain = format!("Markov order {MARKOV_ORDER} / with session cache / unigram");
    let first = head(&[
        "style",
        "notes",
        &chain,
        "pitch with look-back, chords / none",
        "without look-back, chords / none",
        "top-1",
        "step + duration",
        "velocity",
    ]);
    let second =
        head(&["style", "notes", "share", "pitch", &format!("Markov order {MARKOV_ORDER} / with session cache")]);
    format!("{first}{}\n{second}{}", all.collect::<String>(), parts.collect::<String>())
}

fn all_notes(name: &str, of: &Likelihoods) -> String {
    let MeanLikelihood { notes, step, pitch, duration, velocity, top_1 } = of.full_context;
    let MarkovLikelihoods { markov, cached, unigram, .. } = of.chains;
    let velocity = if velocity > 0.0 { format!("{velocity:.3}") } else { "–".into() };
    let (with, without) =
        (pair(Some(pitch), of.no_chords), pair(of.no_look_back.map(|measure| measure.pitch), of.neither));
    let chain = format!("{markov:.3} / {cached:.3} / {unigram:.3}");
    let time = format!("{step:.3} + {duration:.3}");
    let top_1 = 100.0 * top_1;
    format!("| {name} | {notes:.0} | {chain} | {with} | {without} | {top_1:.1} % | {time} | {velocity} |\n")
}

/// The value with chords and without; one number for a style without chords.
fn pair(full_context: Option<f64>, no_chords: Option<MeanLikelihood>) -> String {
    match (full_context, no_chords) {
        (Some(full_context), Some(none)) => format!("{full_context:.3} / {:.3}", none.pitch),
        (Some(full_context), None) => format!("{full_context:.3}"),
        (None, _) => "–".into(),
    }
}

fn parts(name: &str, of: &Likelihoods) -> String {
    let row = |part: &str, measure: &MeanLikelihood, chains: &MarkovLikelihoods| {
        let share = 100.0 * measure.notes / of.full_context.notes.max(1.0);
        let (pitch, markov, cached) = (measure.pitch, chains.markov, chains.cached);
        format!("| {name} | {part} | {share:.0} % | {pitch:.3} | {markov:.3} / {cached:.3} |\n")
    };
    row("first pass", &of.first_pass, &of.chains_first_pass) + &row("literal repeats", &of.repeats, &of.chains_repeats)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without velocity its cell is a dash.
    #[test]
    fn a_style_without_chords_has_one_number_per_cell() {
        let full_context = MeanLikelihood {
            notes: 90.0,
            pitch: 1.5,
            step: 0.25,
            duration: 0.5,
            top_1: 0.5,
            ..MeanLikelihood::default()
        };
        let chains = MarkovLikelihoods { markov: 2.0, cached: 1.75, unigram: 2.5, ..MarkovLikelihoods::default() };
        let figures = Likelihoods { full_context, no_look_back: Some(full_context), chains, ..Likelihoods::default() };
        let row = "| a | 90 | 2.000 / 1.750 / 2.500 | 1.500 | 1.500 | 50.0 % | 0.250 + 0.500 | – |\n";
        assert_eq!(all_notes("a", &figures), row);
        let with_chords = Likelihoods { no_chords: Some(MeanLikelihood { pitch: 2.5, ..full_context }), ..figures };
        assert!(all_notes("a", &with_chords).contains("| 1.500 / 2.500 | 1.500 | 50.0 %"));
        let text = tables(&[("a", figures)]);
        assert!(text.lines().all(|line| line.is_empty() || line.starts_with('|')), "{text}");
    }
}
