//! The training loop: epochs, validation, checkpoints, and the weights file at the end.

use super::curve::{self, Epoch};
use super::dataset::{BatchLayout, EncodedTune, batches};
use super::loss::losses;
use super::{Splits, Summary, TrainingPlan, evaluate, ngram};
use anyhow::{Context, bail};
use burn::grad_clipping::GradientClippingConfig;
use burn::module::Module;
use burn::optim::{AdamWConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::Device;
use fastrand::Rng;
use indicatif::{ProgressBar, ProgressStyle};
use segue_model::device::ComputeDevice;
use segue_model::lstm::Model;
use segue_model::network::{Batch, Network, SequenceStep};
use segue_model::weights::{self, ModelCard, Provenance};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The files of one training, all in one folder.
struct CheckpointFiles {
    last: PathBuf,
    best: PathBuf,
    optimizer: PathBuf,
    progress: PathBuf,
    curve: PathBuf,
    summary: PathBuf,
}

/// The state of a stopped training, beside its weights and the optimiser's steps.
#[derive(Serialize, Deserialize)]
struct Progress {
    plan: TrainingPlan,
    epochs: Vec<Epoch>,
    best: usize,
}

/// The learning rate rises over this many optimiser steps. Without the rise the first large steps spoil the weights.
const WARM_UP: usize = 200;
/// In a short training the rise takes this fraction of all steps; [`WARM_UP`] could be longer than the training.
const WARM_UP_PART: usize = 10;
/// Of `AdamW`: pulls every weight towards zero, against overfitting.
const WEIGHT_DECAY: f32 = 0.01;
/// `AdamW`'s epsilon. Gradients of single weights are around 1e-5 here, so burn's default of 1e-5 would halve the
/// steps.
const EPSILON: f32 = 1e-8;
/// Gradients are scaled down to this norm, so that one odd batch cannot throw the weights off.
const LARGEST_GRADIENT: f32 = 1.0;

/// Trains on `place` and writes the weights to `out`. Checkpoints, `loss.png` and `summary.json` go to `folder`; if it
/// holds a checkpoint of the same plan, training goes on from there.
///
/// # Errors
/// When the device is missing, a split is empty, a file cannot be read or written, or `folder` holds a checkpoint of
/// another plan.
pub fn train(
    plan: &TrainingPlan,
    splits: &Splits,
    place: ComputeDevice,
    folder: &Path,
    out: &Path,
    commit: &str,
) -> anyhow::Result<Summary> {
    if splits.train.is_empty() || splits.valid.is_empty() {
        bail!("the data have no tunes for training or for validation; add tunes, or correct the split.csv beside them");
    }
    fs::create_dir_all(folder).with_context(|| format!("{}: cannot be created", folder.display()))?;
    let files = CheckpointFiles::inside(folder);
    let device = place.open()?.autodiff();
    let mut trainer = Trainer::new(plan, &files, &device, commit)?;
    let per_epoch = batches_of(&splits.train, plan, None).len();
    while trainer.has_epochs_left() {
        trainer.epoch(&splits.train, per_epoch)?;
        trainer.validate(&splits.valid);
        trainer.save_checkpoint(&files)?;
    }
    trainer.finish(splits, &files, out)
}
/// A network in training.
struct Trainer<'plan> {
    plan: &'plan TrainingPlan,
    card: ModelCard,
    device: Device,
    network: Network,
    optimizer: ModuleOptimizer,
    progress: Progress,
    train_loss: f64,
}

impl<'plan> Trainer<'plan> {
    fn new(plan: &'plan TrainingPlan, files: &CheckpointFiles, device: &Device, commit: &str) -> anyhow::Result<Self> {
        device.seed(plan.seed);
        let optimizer = AdamWConfig::new()
            .with_weight_decay(WEIGHT_DECAY)
            .with_epsilon(EPSILON)
            .with_grad_clipping(Some(GradientClippingConfig::Norm(LARGEST_GRADIENT)))
            .init();
        let provenance = Provenance {
            data: plan.data.clone(),
            licences: plan.licences.clone(),
            commit: commit.to_owned(),
            seed: plan.seed,
        };
        let mut card = ModelCard::new(&plan.style, plan.vocabulary.clone(), plan.sizes, provenance);
        card.look_back = plan.feature_dropout.look_back < 1.0;
        let mut trainer = Self {
            card,
            network: Network::new(&plan.vocabulary, plan.sizes, plan.dropout, device),
            optimizer,
            progress: Progress { plan: plan.clone(), epochs: Vec::new(), best: 0 },
            train_loss: 0.0,
            device: device.clone(),
            plan,
        };
        if files.progress.exists() {
            trainer.resume(files)?;
        } else if let Some(from) = &plan.from {
            trainer.load_pretrained(from)?;
        }
        Ok(trainer)
    }

    /// Loads pretrained weights. The optimiser starts without steps.
    fn load_pretrained(&mut self, from: &Path) -> anyhow::Result<()> {
        let name = from.display();
        let card = weights::card_of(from)?;
        if card.vocabulary != self.plan.vocabulary || card.sizes != self.plan.sizes {
            bail!(
                "{name}: has another vocabulary or other sizes; choose weights of the same kind, or leave out --from"
            );
        }
        self.network = weights::load_into(self.network.clone(), from)?;
        println!("starting from {name}");
        Ok(())
    }

    fn resume(&mut self, files: &CheckpointFiles) -> anyhow::Result<()> {
        let name = files.progress.display();
        let progress: Progress = serde_json::from_slice(&fs::read(&files.progress)?)
            .with_context(|| format!("{name}: is not a checkpoint of this version; start again with --fresh"))?;
        if progress.plan != *self.plan {
            bail!("{name}: belongs to a training with other settings; use --fresh to start again, or another --folder");
        }
        self.network = weights::load_into(self.network.clone(), &files.last)?;
        let optimizer = std::mem::replace(&mut self.optimizer, AdamWConfig::new().init());
        self.optimizer = optimizer
            .load(&files.optimizer)
            .context("the optimiser's checkpoint cannot be read; start again with --fresh")?;
        self.progress = progress;
        println!("resuming after epoch {}", self.progress.epochs.len());
        Ok(())
    }

    fn has_epochs_left(&self) -> bool {
        let done = self.progress.epochs.len();
        done < self.plan.epochs && done < self.progress.best + self.plan.patience
    }

    fn epoch(&mut self, pieces: &[EncodedTune], per_epoch: usize) -> anyhow::Result<()> {
        let epoch = self.progress.epochs.len();
        // The seed depends on the epoch alone, so a resumed training draws what one that was never stopped draws.
        let seed = self.plan.seed.wrapping_mul(1_000_003).wrapping_add(epoch as u64);
        self.device.seed(seed);
        let blocks = batches_of(pieces, self.plan, Some(&mut Rng::with_seed(seed)));
        let bar = progress_bar(blocks.len(), &format!("epoch {:>3}", epoch + 1))?;
        let mut state = self.network.initial_state(self.plan.rows, &self.device);
        let (mut sum, mut count) = (0.0, 0.0);
        for (index, rows) in blocks.iter().enumerate() {
            let batch = Batch::of(rows, &self.plan.vocabulary, &self.device);
            let (scores, after) = self.network.forward(&batch, state);
            // The state is carried into the next batch and the gradients are not: truncated back-propagation through
            // time.
            state = after.into_iter().map(|(h, c)| (h.detach(), c.detach())).collect();
            let Some(losses) = losses(&scores, rows, &self.device) else { continue };
            let gradients = GradientsParams::from_grads(losses.total(self.plan).backward(), &self.network);
            let rate = self.learning_rate_at(epoch * per_epoch + index, self.plan.epochs * per_epoch);
            self.network = self.optimizer.step(rate, self.network.clone(), gradients);
            sum += losses.total(self.plan).into_scalar::<f64>();
            count += 1.0;
            bar.set_message(format!("{:.3} nats", sum / count));
            bar.inc(1);
        }
        bar.finish_and_clear();
        self.train_loss = sum / count;
        if !self.train_loss.is_finite() {
            bail!("the loss is no longer a number; try a lower --learning-rate");
        }
        Ok(())
    }

    fn learning_rate_at(&self, step: usize, steps: usize) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52 steps")]
        let share = |part: usize, whole: usize| (part as f64 / whole.max(1) as f64).min(1.0);
        let cosine = 0.5 * (1.0 + (std::f64::consts::PI * share(step, steps)).cos());
        self.plan.learning_rate * share(step + 1, WARM_UP.min(steps / WARM_UP_PART)) * cosine
    }

    fn validate(&mut self, pieces: &[EncodedTune]) {
        let network = self.network.valid();
        let device = self.device.clone().without_autodiff();
        let mut state = network.initial_state(self.plan.rows, &device);
        let (mut all, mut pitch, mut notes) = (0.0, 0.0, 0.0);
        for rows in batches_of(pieces, self.plan, None) {
            let batch = Batch::of(&rows, &self.plan.vocabulary, &device);
            let (scores, after) = network.forward(&batch, state);
            state = after;
            if let Some(losses) = losses(&scores, &rows, &device) {
                all += losses.total(self.plan).into_scalar::<f64>() * losses.notes;
                pitch += losses.pitch.clone().into_scalar::<f64>() * losses.notes;
                notes += losses.notes;
            }
        }
        let epoch = Epoch { train: self.train_loss, valid: all / notes, valid_pitch: pitch / notes };
        self.progress.epochs.push(epoch);
        let done = self.progress.epochs.len();
        println!(
            "epoch {done:>3}: training {:.3}, validation {:.3} (pitch {:.3}) nats per note",
            epoch.train, epoch.valid, epoch.valid_pitch
        );
    }

    fn save_checkpoint(&mut self, files: &CheckpointFiles) -> anyhow::Result<()> {
        let epochs = &self.progress.epochs;
        let bytes = weights::to_bytes(&self.card, &self.network.valid(), None, false).map_err(anyhow::Error::msg)?;
        let best = epochs.get(self.progress.best.wrapping_sub(1)).map_or(f64::INFINITY, |epoch| epoch.valid);
        if epochs.last().is_some_and(|epoch| epoch.valid < best) {
            self.progress.best = epochs.len();
            write(&files.best, &bytes)?;
        }
        write(&files.last, &bytes)?;
        self.optimizer.save(&files.optimizer).context("the optimiser cannot be written")?;
        curve::draw(&self.progress.epochs, &self.plan.style, &files.curve)?;
        // This file is written last: where it exists, the others are complete.
        write(&files.progress, &serde_json::to_vec_pretty(&self.progress)?)
    }

    fn finish(self, splits: &Splits, files: &CheckpointFiles, out: &Path) -> anyhow::Result<Summary> {
        let device = Device::flex();
        let best = weights::bytes_of(&files.best)?;
        let (mut card, network) = weights::read(&best, &files.best.display().to_string(), &device)?;
        let model = Model::new(card.clone(), &network);
        let licks = ngram::train(&model, &splits.train, &splits.valid);
        let chain = evaluate::markov(&splits.train, &card.vocabulary);
        let measure = |bytes: &[u8]| -> anyhow::Result<evaluate::Likelihoods> {
            let model = Model::from_bytes(bytes, &out.display().to_string())?;
            Ok(evaluate::evaluate(&model, &splits.test, &chain))
        };
        let bytes = |card: &ModelCard, half| {
            weights::to_bytes(card, &network, licks.as_ref(), half).map_err(anyhow::Error::msg)
        };
        let test = measure(&bytes(&card, true)?)?;
        card.figures = test.named().into_iter().collect();
        write(out, &bytes(&card, true)?)?;
        let summary = Summary {
            plan: self.plan.clone(),
            epochs: self.progress.epochs,
            best: self.progress.best,
            test,
            test_full_precision: measure(&bytes(&card, false)?)?,
        };
        write(&files.summary, &serde_json::to_vec_pretty(&summary)?)?;
        Ok(summary)
    }
}

impl CheckpointFiles {
    fn inside(folder: &Path) -> Self {
        Self {
            last: folder.join("last.segue"),
            best: folder.join("best.segue"),
            optimizer: folder.join("optimizer.bpk"),
            progress: folder.join("progress.json"),
            curve: folder.join("loss.png"),
            summary: folder.join("summary.json"),
        }
    }
}

fn batches_of(pieces: &[EncodedTune], plan: &TrainingPlan, random: Option<&mut Rng>) -> Vec<Vec<Vec<SequenceStep>>> {
    batches(pieces, BatchLayout { rows: plan.rows, steps: plan.steps }, &plan.vocabulary, plan.feature_dropout, random)
}

fn progress_bar(length: usize, name: &str) -> anyhow::Result<ProgressBar> {
    let look = ProgressStyle::with_template("{prefix} [{bar:32}] {pos}/{len}  {msg}  {elapsed} of {duration}")?;
    let bar = ProgressBar::new(length as u64).with_style(look.progress_chars("=> "));
    bar.set_prefix(name.to_owned());
    Ok(bar)
}

/// Writes a file completely or not at all: a stop in the middle leaves the old file.
fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = || -> std::io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        file.persist(path)?;
        Ok(())
    };
    written().with_context(|| format!("{}: cannot be written", path.display()))
}

#[cfg(test)]
mod tests;
