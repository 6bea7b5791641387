//! Learns a style.

use crate::bias;
use crate::data::{self, DataArguments, splits};
use anyhow::{Context, bail};
use clap::Args;
use segue_corpus::Tune;
use segue_corpus::folder::{Corpus, Split};
use segue_model::place::Place;
use segue_model::vocabulary::Vocabulary;
use segue_model::weights::{self, Card, EXTENSION};
use segue_training::user_style::{self, FINE_TUNING_RATE, StyleKind, guess, plan_for};
use segue_training::{TrainingPlan, styles, train};
use std::path::{Path, PathBuf};
use std::process::Command;

#[derive(Args)]
pub struct Train {
    /// What the style is called; irish, folk, jazz, blues and piano are styles that ship, any other name is your own.
    #[arg(long)]
    style: String,
    // Not a flattened `DataArguments`, because an optional group of arguments cannot hold another one.
    /// The folder with the tunes (.abc, .mid, tables of solos); its split.csv says what is for training, validation and
    /// test, else a tenth each is kept for the last two. May be given more than once.
    #[arg(long, required = true)]
    data: Vec<PathBuf>,
    /// What was read is kept in this folder, so that the next start is quicker.
    #[arg(long, default_value = data::CACHE)]
    cache: PathBuf,
    /// What kind of music a style of your own is: melody (one line in beats), song (over chords), solo (over chords,
    /// with dynamics) or piano (chords, dynamics and pedal in free time) [default: guessed from the tunes].
    #[arg(long, value_parser = kind, conflicts_with = "from")]
    kind: Option<StyleKind>,
    /// Begins with the weights of a shipped style (its name) or of a file, and their kind and sizes; what is learnt so
    /// needs fewer tunes.
    #[arg(long, conflicts_with_all = ["layers", "hidden"])]
    from: Option<PathBuf>,
    /// Where the weights go [default: STYLE.segue in the working folder].
    #[arg(long)]
    out: Option<PathBuf>,
    /// Where checkpoints, loss.png and summary.json are kept [default: target/training/STYLE].
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Forgets the checkpoint and begins anew.
    #[arg(long)]
    fresh: bool,
    /// Passes through the tunes, at most [default: as many as the style, or the number of notes, needs].
    #[arg(long)]
    epochs: Option<usize>,
    /// Epochs without improvement after which training stops.
    #[arg(long)]
    patience: Option<usize>,
    /// Tunes side by side in one optimizer step.
    #[arg(long)]
    rows: Option<usize>,
    /// Notes of each in one optimizer step.
    #[arg(long)]
    steps: Option<usize>,
    /// The highest learning rate.
    #[arg(long)]
    learning_rate: Option<f64>,
    /// The share of units silenced in training, 0 to 1.
    #[arg(long)]
    dropout: Option<f64>,
    /// The share of pitches that it hears otherwise than the tune has them, and has to find its way back from, 0 to 1:
    /// for fine-tuning a style that drifts when it plays on by itself.
    #[arg(long)]
    slips: Option<f64>,
    /// LSTM layers.
    #[arg(long)]
    layers: Option<usize>,
    /// Units of each layer.
    #[arg(long)]
    hidden: Option<usize>,
    /// Where the network learns: cpu, or gpu for a graphics card, which is worth it for large networks.
    #[arg(long, default_value = "cpu")]
    device: Place,
    /// Of all that is left to chance.
    #[arg(long)]
    seed: Option<u64>,
}

pub fn learn(wish: &Train) -> anyhow::Result<()> {
    let from = wish.from.as_deref().map(teacher).transpose()?;
    let source = DataArguments { data: wish.data.clone(), cache: wish.cache.clone() };
    let (mut corpus, vocabulary) = wish.read(&source, from.as_ref().map(|(_, card)| card))?;
    share_out(&mut corpus);
    if corpus.pieces.len() < FEWEST {
        bail!(
            "{}: {} of its files can be learnt from, and {FEWEST} tunes are the least: one to learn from, one to know \
             when to stop and one to measure; cut a long one into several files",
            source.named(),
            corpus.pieces.len()
        );
    }
    let learnt = data::learnt(&corpus);
    if let Some(warning) = user_style::warning(&learnt) {
        eprintln!("{warning}");
    }
    let plan = wish.plan(&learnt, vocabulary, from)?;
    let splits = splits(&source, &corpus, &plan.vocabulary);
    let folder = wish.folder.clone().unwrap_or_else(|| Path::new("target/training").join(&wish.style));
    let out = wish.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}.{EXTENSION}", wish.style)));
    if wish.fresh && folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("{}: cannot be removed", folder.display()))?;
    }
    println!(
        "{} LSTM layers of {} units; {} epochs at most, and none after {} that bring nothing",
        plan.sizes.layers, plan.sizes.hidden, plan.epochs, plan.patience
    );
    let summary = train(&plan, &splits, wish.device, &folder, &out, &commit())?;
    bias::settle(&out, &corpus, &plan.vocabulary, &out)?;
    println!("best after epoch {} of {}", summary.best, summary.epochs.len());
    println!("on the test split, with the weights in half precision: {}", summary.test);
    println!("{}: the weights; {}: loss.png and summary.json", out.display(), folder.display());
    Ok(())
}

impl Train {
    fn is_shipped(&self) -> bool {
        styles::SHIPPED.contains(&self.style.as_str())
    }

    /// The tunes, and what a style can say that is to learn from them.
    fn read(&self, source: &DataArguments, from: Option<&Card>) -> anyhow::Result<(Corpus, Vocabulary)> {
        let known = match (from, self.kind) {
            (Some(card), _) => Some(card.vocabulary.clone()),
            (None, Some(_)) if self.is_shipped() => {
                bail!("{} is a style that ships, and of one kind; give yours another name", self.style)
            }
            (None, Some(kind)) => Some(kind.vocabulary()),
            (None, None) => self.is_shipped().then(|| styles::plan(&self.style).vocabulary),
        };
        if let Some(vocabulary) = known {
            return Ok((source.read_for(&vocabulary)?, vocabulary));
        }
        let melodies = source.read_melodies()?;
        let (kind, reason) = guess(melodies.pieces.iter().map(|read| &read.tune));
        println!("learnt as {kind}, because {reason}; --kind says otherwise");
        let vocabulary = kind.vocabulary();
        let corpus = if kind == StyleKind::Piano { source.read_for(&vocabulary)? } else { melodies };
        Ok((corpus, vocabulary))
    }

    fn plan(
        &self,
        tunes: &[&Tune],
        vocabulary: Vocabulary,
        from: Option<(PathBuf, Card)>,
    ) -> anyhow::Result<TrainingPlan> {
        let notes = tunes.iter().map(|tune| tune.notes.len()).sum();
        let mut plan = if self.is_shipped() {
            TrainingPlan { vocabulary, ..styles::plan(&self.style) }
        } else {
            plan_for(&self.style, vocabulary, notes, from.is_some())
        };
        if let Some((path, card)) = from {
            plan.learning_rate = plan.learning_rate.min(FINE_TUNING_RATE);
            plan.sizes = card.sizes;
            plan.from = Some(path);
            // What it was taught with is in the weights, too.
            for (data, licence) in card.provenance.data.into_iter().zip(card.provenance.licences) {
                if !plan.data.contains(&data) {
                    plan.data.push(data);
                    plan.licences.push(licence);
                }
            }
        }
        plan.epochs = self.epochs.unwrap_or(plan.epochs);
        plan.patience = self.patience.unwrap_or(plan.patience);
        plan.rows = self.rows.unwrap_or(plan.rows);
        plan.steps = self.steps.unwrap_or(plan.steps);
        plan.learning_rate = self.learning_rate.unwrap_or(plan.learning_rate);
        plan.dropout = self.dropout.unwrap_or(plan.dropout);
        plan.feature_dropout.pitch_noise = self.slips.unwrap_or(plan.feature_dropout.pitch_noise);
        plan.sizes.layers = self.layers.unwrap_or(plan.sizes.layers);
        plan.sizes.hidden = self.hidden.unwrap_or(plan.sizes.hidden);
        plan.seed = self.seed.unwrap_or(plan.seed);
        if let Some(fault) = plan.sizes.fault() {
            bail!("no such network can be made: {fault}");
        }
        if !(0.0..1.0).contains(&plan.feature_dropout.pitch_noise) {
            bail!("slips lie between 0 and 1");
        }
        if plan.rows == 0 || plan.steps == 0 || plan.epochs == 0 || !(0.0..1.0).contains(&plan.dropout) {
            bail!("rows, steps and epochs begin at 1, and dropout lies between 0 and 1");
        }
        Ok(plan)
    }
}

fn kind(name: &str) -> Result<StyleKind, String> {
    let known = StyleKind::ALL.into_iter().find(|kind| kind.name() == name);
    known.ok_or_else(|| format!("{name} is no kind of music; say melody, song, solo or piano"))
}

/// The weights file that is begun with, by its path or by the name of a shipped style, and what it says of itself.
fn teacher(wish: &Path) -> anyhow::Result<(PathBuf, Card)> {
    let presets = Path::new("presets");
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../presets");
    let named = |folder: &Path| folder.join(wish).with_extension(EXTENSION);
    let candidates = [wish.to_owned(), named(presets), named(&workspace)];
    let Some(path) = candidates.iter().find(|path| path.is_file()) else {
        bail!("{}: is neither a weights file nor a style in {}", wish.display(), presets.display());
    };
    Ok((path.clone(), weights::card_of(path)?))
}

/// One to learn from, one to know when to stop, one to measure.
const FEWEST: usize = 3;

/// Of a few tunes chance may leave none for validation or test: then each gets one in ten of those to learn from, from
/// its end.
fn share_out(corpus: &mut Corpus) {
    for split in [Split::Valid, Split::Test] {
        let learnt: Vec<usize> =
            (0..corpus.pieces.len()).filter(|index| corpus.pieces[*index].split == Split::Train).collect();
        if corpus.pieces.iter().any(|piece| piece.split == split) || learnt.len() < 2 {
            continue;
        }
        for index in learnt.iter().rev().take(learnt.len().div_ceil(10)) {
            corpus.pieces[*index].split = split;
        }
    }
}

/// Of this program, for the weights' provenance.
fn commit() -> String {
    let asked = Command::new("git").args(["describe", "--always", "--dirty", "--abbrev=12"]).output();
    let answer = asked.ok().filter(|output| output.status.success()).map(|output| output.stdout);
    answer.and_then(|text| String::from_utf8(text).ok()).map_or_else(|| "unknown".into(), |text| text.trim().to_owned())
}
