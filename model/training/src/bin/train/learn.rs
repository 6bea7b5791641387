//! `train`: trains a style.

use crate::data::{self, DataArguments, splits};
use crate::{bias, form};
use anyhow::{Context, bail};
use clap::Args;
use segue_corpus::Tune;
use segue_corpus::folder::{Corpus, Split};
use segue_model::device::ComputeDevice;
use segue_model::vocabulary::Vocabulary;
use segue_model::weights::{self, EXTENSION, ModelCard};
use segue_training::user_style::{self, FINE_TUNING_RATE, StyleKind, guess, plan_for};
use segue_training::{TrainingPlan, styles, train};
use std::path::{Path, PathBuf};
use std::process::Command;

#[derive(Args)]
pub struct Train {
    /// The name of the style: irish, folk, jazz, blues and piano ship with Segue, any other name is your own.
    #[arg(long)]
    style: String,
    // Not a flattened `DataArguments`, because clap cannot nest an argument group in an optional one.
    /// A folder of tunes (.abc, .mid or solo tables). Its split.csv assigns files to train, valid and test; without
    /// one, a tenth each goes to valid and test. May be given more than once.
    #[arg(long, required = true)]
    data: Vec<PathBuf>,
    /// What was read is cached in this folder, so that the next start is faster.
    #[arg(long, default_value = data::CACHE)]
    cache: PathBuf,
    /// The track of each MIDI file that is read, from 1. Otherwise styles of single lines choose the most likely
    /// melody, and others read all tracks.
    #[arg(long)]
    track: Option<u16>,
    /// The channel of each MIDI file that is read, from 1.
    #[arg(long)]
    channel: Option<u8>,
    /// The kind of music of your own style: melody (one line in beats), song (over chords), solo (over chords, with
    /// dynamics) or piano (chords, dynamics and pedal in free time) [default: guessed from the tunes].
    #[arg(long, value_parser = kind, conflicts_with = "from")]
    kind: Option<StyleKind>,
    /// Starts from the weights of a shipped style (its name) or of a file, with their kind and sizes. This needs fewer
    /// tunes.
    #[arg(long, conflicts_with_all = ["layers", "hidden"])]
    from: Option<PathBuf>,
    /// Where to write the weights [default: STYLE.segue in the working folder].
    #[arg(long)]
    out: Option<PathBuf>,
    /// The folder for checkpoints, loss.png and summary.json [default: target/training/STYLE].
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Deletes the checkpoint and starts again.
    #[arg(long)]
    fresh: bool,
    /// The most passes through the tunes [default: as many as the style or the number of notes needs].
    #[arg(long)]
    epochs: Option<usize>,
    /// Training stops after this many epochs without improvement.
    #[arg(long)]
    patience: Option<usize>,
    /// Tunes side by side in one optimiser step.
    #[arg(long)]
    rows: Option<usize>,
    /// Notes of each tune in one optimiser step.
    #[arg(long)]
    steps: Option<usize>,
    /// The highest learning rate.
    #[arg(long)]
    learning_rate: Option<f64>,
    /// The share of units that dropout silences in training, 0 to 1.
    #[arg(long)]
    dropout: Option<f64>,
    /// The share of pitches that are heard wrong in training, 0 to 1, while the right ones stay the target. For
    /// fine-tuning a style that drifts when it plays on after its own notes.
    #[arg(long)]
    slips: Option<f64>,
    /// LSTM layers.
    #[arg(long)]
    layers: Option<usize>,
    /// Units of each layer.
    #[arg(long)]
    hidden: Option<usize>,
    /// Where to train: cpu, or gpu for a graphics card, which pays off with large networks.
    #[arg(long, default_value = "cpu")]
    device: ComputeDevice,
    /// The seed of all random choices.
    #[arg(long)]
    seed: Option<u64>,
}

pub fn train_style(arguments: &Train) -> anyhow::Result<()> {
    let from = arguments.from.as_deref().map(pretrained).transpose()?;
    let (data, cache) = (arguments.data.clone(), arguments.cache.clone());
    let source = DataArguments { data, cache, track: arguments.track, channel: arguments.channel };
    let (mut corpus, vocabulary) = arguments.read(&source, from.as_ref().map(|(_, card)| card))?;
    fill_splits(&mut corpus);
    if corpus.pieces.len() < FEWEST {
        bail!(
            "{}: only {} of the files are tunes that Segue can learn, and training needs {FEWEST}: one to train on, \
             one to validate and one to test. Add tunes, or cut a long one into several files",
            source.named(),
            corpus.pieces.len()
        );
    }
    let learnt = data::learnt(&corpus);
    if let Some(warning) = user_style::warning(&learnt) {
        eprintln!("{warning}");
    }
    let plan = arguments.plan(&learnt, vocabulary, from)?;
    let splits = splits(&source, &corpus, &plan.vocabulary);
    let folder = arguments.folder.clone().unwrap_or_else(|| Path::new("target/training").join(&arguments.style));
    let out = arguments.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}.{EXTENSION}", arguments.style)));
    if arguments.fresh && folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("{}: cannot be removed", folder.display()))?;
    }
    println!(
        "{} LSTM layers of {} units; at most {} epochs, stopping after {} without improvement",
        plan.sizes.layers, plan.sizes.hidden, plan.epochs, plan.patience
    );
    let summary = train(&plan, &splits, arguments.device, &folder, &out, &commit())?;
    form::write(&out, &corpus, &out)?;
    bias::search_and_write((&out, false), &corpus, &plan.vocabulary, &out)?;
    println!("best after epoch {} of {}", summary.best, summary.epochs.len());
    println!("on the test split, with the weights in half precision: {}", summary.test);
    println!("{}: the weights; {}: loss.png and summary.json", out.display(), folder.display());
    Ok(())
}

impl Train {
    fn is_shipped(&self) -> bool {
        styles::SHIPPED.contains(&self.style.as_str())
    }

    /// Reads the tunes, and finds the vocabulary of the style.
    fn read(&self, source: &DataArguments, from: Option<&ModelCard>) -> anyhow::Result<(Corpus, Vocabulary)> {
        let known = match (from, self.kind) {
            (Some(card), _) => Some(card.vocabulary.clone()),
            (None, Some(_)) if self.is_shipped() => {
                bail!("{} ships with Segue and has its own kind; leave out --kind, or choose another name", self.style)
            }
            (None, Some(kind)) => Some(kind.vocabulary()),
            (None, None) => self.is_shipped().then(|| styles::plan(&self.style).vocabulary),
        };
        if let Some(vocabulary) = known {
            return Ok((source.read_for(&vocabulary)?, vocabulary));
        }
        let melodies = source.read_melodies()?;
        let (kind, reason) = guess(melodies.pieces.iter().map(|read| &read.tune));
        println!("training as {kind}, because {reason}; use --kind to choose another");
        let vocabulary = kind.vocabulary();
        let corpus = if kind == StyleKind::Piano { source.read_for(&vocabulary)? } else { melodies };
        Ok((corpus, vocabulary))
    }

    fn plan(
        &self,
        tunes: &[&Tune],
        vocabulary: Vocabulary,
        from: Option<(PathBuf, ModelCard)>,
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
            // The data of the pretrained weights belong to the provenance of the new ones.
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
            bail!("this network is impossible: {fault}; change --layers or --hidden");
        }
        if !(0.0..1.0).contains(&plan.feature_dropout.pitch_noise) {
            bail!("--slips must be from 0 to less than 1");
        }
        if plan.rows == 0 || plan.steps == 0 || plan.epochs == 0 || !(0.0..1.0).contains(&plan.dropout) {
            bail!("--rows, --steps and --epochs must be at least 1, and --dropout from 0 to less than 1");
        }
        Ok(plan)
    }
}

fn kind(name: &str) -> Result<StyleKind, String> {
    let known = StyleKind::ALL.into_iter().find(|kind| kind.name() == name);
    known.ok_or_else(|| format!("there is no kind {name}; use melody, song, solo or piano"))
}

/// The pretrained weights, by path or by the name of a shipped style, and their card.
fn pretrained(arguments: &Path) -> anyhow::Result<(PathBuf, ModelCard)> {
    let presets = Path::new("presets");
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../presets");
    let named = |folder: &Path| folder.join(arguments).with_extension(EXTENSION);
    let candidates = [arguments.to_owned(), named(presets), named(&workspace)];
    let Some(path) = candidates.iter().find(|path| path.is_file()) else {
        bail!(
            "{}: is neither a weights file nor a style in {}; check the path after --from",
            arguments.display(),
            presets.display()
        );
    };
    Ok((path.clone(), weights::card_of(path)?))
}

/// The fewest tunes: one to train on, one to validate and one to test.
const FEWEST: usize = 3;

/// With few tunes, a random split may leave none for validation or test. Then each of these gets the last tenth of the
/// training tunes.
fn fill_splits(corpus: &mut Corpus) {
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

/// The commit of this program, for the weights' provenance.
fn commit() -> String {
    let asked = Command::new("git").args(["describe", "--always", "--dirty", "--abbrev=12"]).output();
    let answer = asked.ok().filter(|output| output.status.success()).map(|output| output.stdout);
    answer.and_then(|text| String::from_utf8(text).ok()).map_or_else(|| "unknown".into(), |text| text.trim().to_owned())
}
