use super::*;
use crate::styles;
use segue_corpus::abc::parse_book;
use segue_model::device::ComputeDevice;
use segue_model::network::Sizes;
use segue_model::vocabulary::Vocabulary;
use tempfile::TempDir;

const SCALE: &str = "X:1\nM:4/4\nL:1/8\nK:C\nCDEF GABc|cBAG FEDC|CEDF EGFA|GBAc BGEC|]\n";

fn plan(epochs: usize) -> TrainingPlan {
    TrainingPlan {
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

fn splits() -> Splits {
    let tune = &parse_book(SCALE, "scale.abc").tunes[0].1;
    let pieces = || vec![EncodedTune::of(tune, &Vocabulary::dance()); 8];
    Splits { train: pieces(), valid: pieces(), test: pieces() }
}

fn files(folder: &TempDir) -> CheckpointFiles {
    CheckpointFiles::inside(folder.path())
}

fn train_for(trainer: &mut Trainer, epochs: usize, files: &CheckpointFiles) {
    let splits = splits();
    for _ in 0..epochs {
        trainer.epoch(&splits.train, 8).unwrap();
        trainer.validate(&splits.valid);
        trainer.save_checkpoint(files).unwrap();
    }
}

#[test]
fn a_tune_that_is_practised_is_half_known_by_heart() {
    let folder = tempfile::tempdir().unwrap();
    let summary =
        train(&plan(150), &splits(), ComputeDevice::Cpu, folder.path(), &folder.path().join("out.segue"), "test")
            .unwrap();
    // The tune is trained in twelve keys, so 150 epochs do not learn it by heart. Only a network that uses its context
    // beats the unigram by a wide margin.
    assert!(summary.test.full_context.pitch < 0.8 * summary.test.chains.unigram, "{}", summary.test);
    assert!((summary.test.full_context.pitch - summary.test_full_precision.full_context.pitch).abs() < 0.005);
    assert!(files(&folder).curve.exists() && files(&folder).summary.exists());
}

/// The weights are bit-identical.
#[test]
fn a_resumed_training_equals_one_that_never_stopped() {
    let (folder, other_folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let device = Device::flex().autodiff();
    let plan = plan(4);
    let mut unstopped = Trainer::new(&plan, &files(&folder), &device, "test").unwrap();
    train_for(&mut unstopped, 2, &files(&folder));
    for file in fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), other_folder.path().join(file.file_name())).unwrap();
    }
    train_for(&mut unstopped, 2, &files(&folder));
    let mut stopped = Trainer::new(&plan, &files(&other_folder), &device, "test").unwrap();
    train_for(&mut stopped, 2, &files(&other_folder));
    assert_eq!(fs::read(files(&folder).last).unwrap(), fs::read(files(&other_folder).last).unwrap());
}

/// A resumed fine-tuning continues from its checkpoint and not from the pretrained weights.
#[test]
fn fine_tuning_starts_from_pretrained_weights_once() {
    let (folder, other_folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let pretrained = folder.path().join("pretrained.segue");
    train(&plan(6), &splits(), ComputeDevice::Cpu, folder.path(), &pretrained, "test").unwrap();
    let device = Device::flex().autodiff();
    let valid = |plan: &TrainingPlan, files: &CheckpointFiles| {
        let mut trainer = Trainer::new(plan, files, &device, "test").unwrap();
        trainer.validate(&splits().valid);
        trainer.progress.epochs[trainer.progress.epochs.len() - 1].valid
    };
    let tuned_plan = TrainingPlan { from: Some(pretrained), epochs: 9, ..plan(6) };
    let (untrained, tuned) = (valid(&plan(6), &files(&other_folder)), valid(&tuned_plan, &files(&other_folder)));
    // Fine-tuning starts from the half-precision weights, as they ship.
    assert!(tuned < untrained - 0.5, "{tuned} after {untrained}");
    train_for(
        &mut Trainer::new(&tuned_plan, &files(&other_folder), &device, "test").unwrap(),
        2,
        &files(&other_folder),
    );
    fs::remove_file(tuned_plan.from.as_ref().unwrap()).unwrap();
    let resumed = Trainer::new(&tuned_plan, &files(&other_folder), &device, "test").unwrap();
    assert_eq!(resumed.progress.epochs.len(), 2);
    let larger =
        TrainingPlan { sizes: Sizes { hidden: 64, ..tuned_plan.sizes }, from: Some(files(&folder).best), ..tuned_plan };
    let refused = Trainer::new(&larger, &files_without_progress(), &device, "test").map(|_| ()).unwrap_err();
    assert!(refused.to_string().contains("other sizes"), "{refused}");
}

fn files_without_progress() -> CheckpointFiles {
    CheckpointFiles::inside(Path::new("no such folder"))
}

#[test]
fn a_checkpoint_of_another_plan_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let device = Device::flex().autodiff();
    let first = plan(1);
    train_for(&mut Trainer::new(&first, &files(&folder), &device, "test").unwrap(), 1, &files(&folder));
    let kept = fs::read(files(&folder).last).unwrap();
    let other = TrainingPlan { rows: 3, ..plan(1) };
    let sentence = Trainer::new(&other, &files(&folder), &device, "test").map(|_| ()).unwrap_err().to_string();
    assert!(sentence.contains("other settings") && sentence.contains("--fresh"), "{sentence}");
    assert_eq!(fs::read(files(&folder).last).unwrap(), kept);
}
