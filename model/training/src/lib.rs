//! Learning a style from tunes.
//!
//! Knows burn's optimiser and the disk; what is learnt leaves it as a weights file. Every epoch ends with a checkpoint
//! that the next start goes on from.

pub mod continuations;
pub mod curve;
pub mod evaluate;
pub mod examples;
pub mod judge;
pub mod licks;
pub mod likeness;
pub mod markov;
pub mod own;
pub mod pieces;
pub mod playing;
pub mod poise;
pub mod styles;
pub mod trial;
pub mod warmth;

use anyhow::{Context, bail};
use burn::grad_clipping::GradientClippingConfig;
use burn::module::Module;
use burn::optim::{AdamWConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};
use curve::Epoch;
use fastrand::Rng;
use indicatif::{ProgressBar, ProgressStyle};
use pieces::{Layout, Piece, Silence, laid_out};
use segue_model::mind::Mind;
use segue_model::network::{Batch, Moment, Network, Scores, Sizes};
use segue_model::place::Place;
use segue_model::vocabulary::Vocabulary;
use segue_model::weights::{self, Card, Provenance};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

/// All that a training depends on beside its data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// What the style is called.
    pub style: String,
    /// Weights that it begins with, of the same vocabulary and sizes; `None`: with none.
    #[serde(default)]
    pub from: Option<PathBuf>,
    /// What it can say.
    pub vocabulary: Vocabulary,
    /// How large the network is.
    pub sizes: Sizes,
    /// Passes through the training tunes, at most.
    pub epochs: usize,
    /// Epochs without a better validation loss after which training stops.
    pub patience: usize,
    /// Tunes side by side.
    pub rows: usize,
    /// Notes of each in one optimizer step.
    pub steps: usize,
    /// Of the optimiser, `AdamW`, at its highest; it rises over the first steps and falls like a cosine to zero at the last epoch.
    pub learning_rate: f64,
    /// Share of units that are silenced in training, 0 to 1.
    pub dropout: f64,
    /// How often chords and hints are left out in training.
    pub silence: Silence,
    /// What an error of the duration counts beside one of step or pitch. Played durations are mostly chance, and what
    /// cannot be learnt must not crowd out what can.
    pub duration_weight: f64,
    /// The same of the velocity.
    pub velocity_weight: f64,
    /// Of order, transposition, dropout and the first weights.
    pub seed: u64,
    /// What goes into the weights file.
    pub data: Vec<String>,
    /// The licence of each of `data`.
    pub licences: Vec<String>,
}

/// Tunes by split, as the style sees them.
#[derive(Debug, Default)]
pub struct Lessons {
    /// To learn from.
    pub train: Vec<Piece>,
    /// To know when to stop.
    pub valid: Vec<Piece>,
    /// To measure, never looked at before the end.
    pub test: Vec<Piece>,
}

/// What a training leaves behind.
#[derive(Debug, Serialize)]
pub struct Summary {
    /// What was asked for.
    pub plan: Plan,
    /// Per epoch.
    pub epochs: Vec<Epoch>,
    /// The epoch whose weights were kept, from 1.
    pub best: usize,
    /// The shipped, half-precision weights on the test split.
    pub test: evaluate::Figures,
    /// The full-precision weights on the test split.
    pub test_full_precision: evaluate::Figures,
}

/// Where a training keeps its files, all in one folder.
struct Files {
    last: PathBuf,
    best: PathBuf,
    optimizer: PathBuf,
    progress: PathBuf,
    curve: PathBuf,
    summary: PathBuf,
}

/// What a stopped training needs to go on, beside weights and optimizer.
#[derive(Serialize, Deserialize)]
struct Progress {
    plan: Plan,
    epochs: Vec<Epoch>,
    best: usize,
}

/// A rise over this many optimizer steps keeps the first ones from going astray.
const WARM_UP: usize = 200;
/// The rise is at most this part of a short training, which would be over before it else.
const WARM_UP_PART: usize = 10;
const WEIGHT_DECAY: f32 = 0.01;
/// Of `AdamW`. Gradients of single weights are around 1e-5 here; burn's default of 1e-5 would hold them back.
const EPSILON: f32 = 1e-8;
const LARGEST_GRADIENT: f32 = 1.0;

/// Trains at a place, or goes on with a training that was stopped, in `folder`; writes the weights to `out`.
///
/// # Errors
/// When the place is not there, there is nothing to learn from, a file cannot be written, or the folder holds a training with another plan.
pub fn train(
    plan: &Plan,
    lessons: &Lessons,
    place: Place,
    folder: &Path,
    out: &Path,
    commit: &str,
) -> anyhow::Result<Summary> {
    if lessons.train.is_empty() || lessons.valid.is_empty() {
        bail!("there is nothing to learn from: the data have no tunes for training, or none for validation");
    }
    fs::create_dir_all(folder).with_context(|| format!("{}: cannot be made", folder.display()))?;
    let files = Files::inside(folder);
    let device = place.device()?.autodiff();
    let mut student = Student::new(plan, &files, &device, commit)?;
    let per_epoch = blocks(&lessons.train, plan, None).len();
    while student.goes_on() {
        student.epoch(&lessons.train, per_epoch)?;
        student.examine(&lessons.valid);
        student.keep(&files)?;
    }
    student.finish(lessons, &files, out)
}

/// A network on its way.
struct Student<'plan> {
    plan: &'plan Plan,
    card: Card,
    device: Device,
    network: Network,
    optimizer: ModuleOptimizer,
    progress: Progress,
    train_loss: f64,
}

impl<'plan> Student<'plan> {
    fn new(plan: &'plan Plan, files: &Files, device: &Device, commit: &str) -> anyhow::Result<Self> {
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
        let mut card = Card::new(&plan.style, plan.vocabulary.clone(), plan.sizes, provenance);
        card.look_back = plan.silence.look_back < 1.0;
        let mut student = Self {
            card,
            network: Network::new(&plan.vocabulary, plan.sizes, plan.dropout, device),
            optimizer,
            progress: Progress { plan: plan.clone(), epochs: Vec::new(), best: 0 },
            train_loss: 0.0,
            device: device.clone(),
            plan,
        };
        if files.progress.exists() {
            student.resume(files)?;
        } else if let Some(from) = &plan.from {
            student.begin_with(from)?;
        }
        Ok(student)
    }

    /// Takes over what was learnt before. The optimizer begins anew.
    fn begin_with(&mut self, from: &Path) -> anyhow::Result<()> {
        let name = from.display();
        let card = weights::card_of(from)?;
        if card.vocabulary != self.plan.vocabulary || card.sizes != self.plan.sizes {
            bail!("{name}: has another vocabulary or other sizes than what is to be trained");
        }
        self.network = weights::load_into(self.network.clone(), from)?;
        println!("beginning with {name}");
        Ok(())
    }

    fn resume(&mut self, files: &Files) -> anyhow::Result<()> {
        let name = files.progress.display();
        let progress: Progress = serde_json::from_slice(&fs::read(&files.progress)?)
            .with_context(|| format!("{name}: no checkpoint of this Segue; begin anew with --fresh"))?;
        if progress.plan != *self.plan {
            bail!(
                "{name}: a training with other settings was stopped here; begin anew with --fresh, or choose another --folder"
            );
        }
        self.network = weights::load_into(self.network.clone(), &files.last)?;
        let optimizer = std::mem::replace(&mut self.optimizer, AdamWConfig::new().init());
        self.optimizer = optimizer.load(&files.optimizer).context("the optimizer's checkpoint cannot be read")?;
        self.progress = progress;
        println!("going on after epoch {}", self.progress.epochs.len());
        Ok(())
    }

    fn goes_on(&self) -> bool {
        let done = self.progress.epochs.len();
        done < self.plan.epochs && done < self.progress.best + self.plan.patience
    }

    fn epoch(&mut self, pieces: &[Piece], per_epoch: usize) -> anyhow::Result<()> {
        let epoch = self.progress.epochs.len();
        // Depends on the epoch alone, so a resumed training goes the way of one that was never stopped.
        let seed = self.plan.seed.wrapping_mul(1_000_003).wrapping_add(epoch as u64);
        self.device.seed(seed);
        let blocks = blocks(pieces, self.plan, Some(&mut Rng::with_seed(seed)));
        let bar = progress_bar(blocks.len(), &format!("epoch {:>3}", epoch + 1))?;
        let mut state = self.network.blank(self.plan.rows, &self.device);
        let (mut sum, mut count) = (0.0, 0.0);
        for (index, rows) in blocks.iter().enumerate() {
            let batch = Batch::of(rows, &self.plan.vocabulary, &self.device);
            let (scores, after) = self.network.forward(&batch, state);
            // Context is carried on, gradients are not: truncated back-propagation through time.
            state = after.into_iter().map(|(h, c)| (h.detach(), c.detach())).collect();
            let Some(losses) = losses(&scores, rows, &self.device) else { continue };
            let gradients = GradientsParams::from_grads(losses.all(self.plan).backward(), &self.network);
            let rate = self.rate(epoch * per_epoch + index, self.plan.epochs * per_epoch);
            self.network = self.optimizer.step(rate, self.network.clone(), gradients);
            sum += losses.all(self.plan).into_scalar::<f64>();
            count += 1.0;
            bar.set_message(format!("{:.3} nats", sum / count));
            bar.inc(1);
        }
        bar.finish_and_clear();
        self.train_loss = sum / count;
        if !self.train_loss.is_finite() {
            bail!("the loss is no number any more; try a lower --learning-rate");
        }
        Ok(())
    }

    fn rate(&self, step: usize, steps: usize) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52 steps")]
        let share = |part: usize, whole: usize| (part as f64 / whole.max(1) as f64).min(1.0);
        let cosine = 0.5 * (1.0 + (std::f64::consts::PI * share(step, steps)).cos());
        self.plan.learning_rate * share(step + 1, WARM_UP.min(steps / WARM_UP_PART)) * cosine
    }

    fn examine(&mut self, pieces: &[Piece]) {
        let network = self.network.valid();
        let device = self.device.clone().without_autodiff();
        let mut state = network.blank(self.plan.rows, &device);
        let (mut all, mut pitch, mut notes) = (0.0, 0.0, 0.0);
        for rows in blocks(pieces, self.plan, None) {
            let batch = Batch::of(&rows, &self.plan.vocabulary, &device);
            let (scores, after) = network.forward(&batch, state);
            state = after;
            if let Some(losses) = losses(&scores, &rows, &device) {
                all += losses.all(self.plan).into_scalar::<f64>() * losses.notes;
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

    fn keep(&mut self, files: &Files) -> anyhow::Result<()> {
        let epochs = &self.progress.epochs;
        let bytes = weights::to_bytes(&self.card, &self.network.valid(), None, false).map_err(anyhow::Error::msg)?;
        let best = epochs.get(self.progress.best.wrapping_sub(1)).map_or(f64::INFINITY, |epoch| epoch.valid);
        if epochs.last().is_some_and(|epoch| epoch.valid < best) {
            self.progress.best = epochs.len();
            write(&files.best, &bytes)?;
        }
        write(&files.last, &bytes)?;
        self.optimizer.save(&files.optimizer).context("the optimizer cannot be written")?;
        curve::draw(&self.progress.epochs, &self.plan.style, &files.curve)?;
        // Last, because it is what says that the others are whole.
        write(&files.progress, &serde_json::to_vec_pretty(&self.progress)?)
    }

    fn finish(self, lessons: &Lessons, files: &Files, out: &Path) -> anyhow::Result<Summary> {
        let device = Device::flex();
        let best = fs::read(&files.best).with_context(|| format!("{}: cannot be read", files.best.display()))?;
        let (mut card, network) = weights::read(&best, &files.best.display().to_string(), &device)?;
        let mind = Mind::new(card.clone(), &network);
        let licks = licks::learnt(&mind, &lessons.train, &lessons.valid);
        let chain = evaluate::markov(&lessons.train, &card.vocabulary);
        let measure = |bytes: &[u8]| -> anyhow::Result<evaluate::Figures> {
            let mind = Mind::from_bytes(bytes, &out.display().to_string())?;
            Ok(evaluate::evaluate(&mind, &lessons.test, &chain))
        };
        let bytes =
            |card: &Card, half| weights::to_bytes(card, &network, licks.as_ref(), half).map_err(anyhow::Error::msg);
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

impl Files {
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

/// Mean loss of each head over the notes of a batch, in nats.
struct Losses {
    notes: f64,
    step: Tensor<1>,
    pitch: Tensor<1>,
    duration: Tensor<1>,
    velocity: Option<Tensor<1>>,
}

impl Losses {
    /// What is to be made smaller.
    fn all(&self, plan: &Plan) -> Tensor<1> {
        let three = self.step.clone() + self.pitch.clone() + self.duration.clone() * plan.duration_weight;
        self.velocity.iter().fold(three, |sum, velocity| sum + velocity.clone() * plan.velocity_weight)
    }
}

/// `None` when no moment of the block has a next note.
fn losses(scores: &Scores, rows: &[Vec<Moment>], device: &Device) -> Option<Losses> {
    let next = || rows.iter().flatten().map(|moment| moment.next);
    let counted: Vec<f32> = next().map(|next| if next.is_some() { 1.0 } else { 0.0 }).collect();
    let notes = next().flatten().count();
    if notes == 0 {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "a block is far smaller than 2^52 notes")]
    let notes = notes as f64;
    let shape = [counted.len(), 1];
    let counted = Tensor::<2>::from_data(TensorData::new(counted, shape), device);
    let loss = |scores: &Tensor<2>, class: fn(segue_model::vocabulary::Classes) -> u8| {
        let classes: Vec<i32> = next().map(|next| next.map_or(0, |next| i32::from(class(next)))).collect();
        let truth = Tensor::<2, Int>::from_data(TensorData::new(classes, shape), device);
        let told = log_softmax(scores.clone(), 1).gather(1, truth); // [batch × steps, 1]
        (told * counted.clone()).sum().neg() / notes
    };
    Some(Losses {
        notes,
        step: loss(&scores.step, |next| next.step),
        pitch: loss(&scores.pitch, |next| next.pitch),
        duration: loss(&scores.duration, |next| next.duration),
        velocity: scores.velocity.as_ref().map(|scores| loss(scores, |next| next.velocity)),
    })
}

fn blocks(pieces: &[Piece], plan: &Plan, random: Option<&mut Rng>) -> Vec<Vec<Vec<Moment>>> {
    laid_out(pieces, Layout { rows: plan.rows, steps: plan.steps }, &plan.vocabulary, plan.silence, random)
}

fn progress_bar(length: usize, name: &str) -> anyhow::Result<ProgressBar> {
    let look = ProgressStyle::with_template("{prefix} [{bar:32}] {pos}/{len}  {msg}  {elapsed} of {duration}")?;
    let bar = ProgressBar::new(length as u64).with_style(look.progress_chars("=> "));
    bar.set_prefix(name.to_owned());
    Ok(bar)
}

/// Whole or not at all: a stop in the middle leaves the old file.
fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let unfinished = path.with_extension("unfinished");
    fs::write(&unfinished, bytes)
        .and_then(|()| fs::rename(&unfinished, path))
        .with_context(|| format!("{}: cannot be written", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_corpus::abc::parse_book;

    const SCALE: &str = "X:1\nM:4/4\nL:1/8\nK:C\nCDEF GABc|cBAG FEDC|CEDF EGFA|GBAc BGEC|]\n";

    fn plan(epochs: usize) -> Plan {
        Plan {
            sizes: Sizes { layers: 2, hidden: 48, event: 32, head: 32 },
            epochs,
            patience: epochs,
            rows: 2,
            steps: 16,
            learning_rate: 5e-3,
            dropout: 0.0,
            ..styles::plan("test")
        }
    }

    fn lessons() -> Lessons {
        let tune = &parse_book(SCALE, "scale.abc").tunes[0].1;
        let pieces = || vec![Piece::of(tune, &Vocabulary::dance()); 8];
        Lessons { train: pieces(), valid: pieces(), test: pieces() }
    }

    /// A folder of its own, gone at the end of the test.
    struct Desk(PathBuf);

    impl Desk {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("segue-{name}-{}", std::process::id()));
            fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }

        fn files(&self) -> Files {
            Files::inside(&self.0)
        }
    }

    impl Drop for Desk {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn practise(student: &mut Student, epochs: usize, files: &Files) {
        let lessons = lessons();
        for _ in 0..epochs {
            student.epoch(&lessons.train, 8).unwrap();
            student.examine(&lessons.valid);
            student.keep(files).unwrap();
        }
    }

    #[test]
    fn a_tune_that_is_practised_is_half_known_by_heart() {
        let desk = Desk::new("practice");
        let summary = train(&plan(150), &lessons(), Place::Cpu, &desk.0, &desk.0.join("out.segue"), "test").unwrap();
        // What is practised in twelve keys takes longer than this to know by heart. Better than the unigram by a wide
        // margin is only who hears what came before.
        assert!(summary.test.told.pitch < 0.8 * summary.test.chains.unigram, "{}", summary.test);
        assert!((summary.test.told.pitch - summary.test_full_precision.told.pitch).abs() < 0.005);
        assert!(desk.files().curve.exists() && desk.files().summary.exists());
    }

    #[test]
    fn a_stopped_training_goes_on_to_the_bit_as_if_it_had_never_stopped() {
        let (desk, other_desk) = (Desk::new("unstopped"), Desk::new("stopped"));
        let device = Device::flex().autodiff();
        let plan = plan(4);
        let mut unstopped = Student::new(&plan, &desk.files(), &device, "test").unwrap();
        practise(&mut unstopped, 2, &desk.files());
        for file in fs::read_dir(&desk.0).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), other_desk.0.join(file.file_name())).unwrap();
        }
        practise(&mut unstopped, 2, &desk.files());
        let mut stopped = Student::new(&plan, &other_desk.files(), &device, "test").unwrap();
        practise(&mut stopped, 2, &other_desk.files());
        assert_eq!(fs::read(desk.files().last).unwrap(), fs::read(other_desk.files().last).unwrap());
    }

    #[test]
    fn fine_tuning_begins_with_what_was_learnt_and_a_stopped_one_does_not_begin_again() {
        let (desk, other_desk) = (Desk::new("teacher"), Desk::new("pupil"));
        let taught = desk.0.join("taught.segue");
        train(&plan(6), &lessons(), Place::Cpu, &desk.0, &taught, "test").unwrap();
        let device = Device::flex().autodiff();
        let valid = |plan: &Plan, files: &Files| {
            let mut student = Student::new(plan, files, &device, "test").unwrap();
            student.examine(&lessons().valid);
            student.progress.epochs[student.progress.epochs.len() - 1].valid
        };
        let pupil = Plan { from: Some(taught), epochs: 9, ..plan(6) };
        let (blank, tuned) = (valid(&plan(6), &other_desk.files()), valid(&pupil, &other_desk.files()));
        // Half precision, as shipped, is what it begins with.
        assert!(tuned < blank - 0.5, "{tuned} after {blank}");
        practise(&mut Student::new(&pupil, &other_desk.files(), &device, "test").unwrap(), 2, &other_desk.files());
        fs::remove_file(pupil.from.as_ref().unwrap()).unwrap();
        let resumed = Student::new(&pupil, &other_desk.files(), &device, "test").unwrap();
        assert_eq!(resumed.progress.epochs.len(), 2);
        let larger = Plan { sizes: Sizes { hidden: 64, ..pupil.sizes }, from: Some(desk.files().best), ..pupil };
        let refused = Student::new(&larger, &desk_without_progress(), &device, "test").map(|_| ()).unwrap_err();
        assert!(refused.to_string().contains("other sizes"), "{refused}");
    }

    fn desk_without_progress() -> Files {
        Files::inside(Path::new("no such folder"))
    }

    #[test]
    fn a_checkpoint_of_another_plan_is_refused_and_left_alone() {
        let desk = Desk::new("other-plan");
        let device = Device::flex().autodiff();
        let first = plan(1);
        practise(&mut Student::new(&first, &desk.files(), &device, "test").unwrap(), 1, &desk.files());
        let kept = fs::read(desk.files().last).unwrap();
        let other = Plan { rows: 3, ..plan(1) };
        let sentence = Student::new(&other, &desk.files(), &device, "test").map(|_| ()).unwrap_err().to_string();
        assert!(sentence.contains("other settings") && sentence.contains("--fresh"), "{sentence}");
        assert_eq!(fs::read(desk.files().last).unwrap(), kept);
    }
}
