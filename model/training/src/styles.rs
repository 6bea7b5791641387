//! The shipped styles: their vocabularies, training plans and data sets.

use super::TrainingPlan;
use super::dataset::FeatureDropout;
use segue_model::network::Sizes;
use segue_model::vocabulary::Vocabulary;

/// The names of the shipped styles.
pub const SHIPPED: [&str; 5] = ["irish", "folk", "jazz", "blues", "piano"];

/// The plan of a style. A name that does not ship gives the defaults.
pub fn plan(style: &str) -> TrainingPlan {
    let (data, licences) = origins(style);
    let plan = TrainingPlan {
        style: style.to_owned(),
        from: None,
        vocabulary: Vocabulary::dance(),
        sizes: Sizes::default(),
        epochs: 14,
        patience: 8,
        rows: 16,
        steps: 64,
        learning_rate: 3e-3,
        dropout: 0.2,
        duration_weight: 1.0,
        velocity_weight: 1.0,
        feature_dropout: FeatureDropout { chords: 0.4, look_back: 0.15, hint: 0.25, pitch_noise: 0.0 },
        seed: 1,
        data,
        licences,
    };
    match style {
        "folk" => {
            TrainingPlan { vocabulary: Vocabulary::song(), epochs: 22, patience: 22, rows: 8, dropout: 0.25, ..plan }
        }
        "jazz" => solos(plan),
        "blues" => TrainingPlan { epochs: 8, learning_rate: 3e-4, ..solos(plan) },
        "piano" => TrainingPlan { vocabulary: Vocabulary::piano(), epochs: 8, ..plan },
        _ => plan,
    }
}

/// Solos are few, so batches are small. Durations and velocities are mostly noise in them, so their losses count less.
fn solos(plan: TrainingPlan) -> TrainingPlan {
    TrainingPlan {
        vocabulary: Vocabulary::solo(),
        epochs: 16,
        patience: 16,
        rows: 8,
        dropout: 0.25,
        learning_rate: 1.5e-3,
        duration_weight: 0.5,
        velocity_weight: 0.25,
        ..plan
    }
}

/// The data sets of a shipped style and their licences.
fn origins(style: &str) -> (Vec<String>, Vec<String>) {
    let weimar = ("Weimar Jazz Database, The Jazzomat Research Project", "ODbL 1.0");
    let origins: &[(&str, &str)] = match style {
        "jazz" | "blues" => &[weimar],
        "folk" => &[("Nottingham Music Database, as cleaned by Jukedeck", "GPL-3.0")],
        "irish" => &[
            ("Cobb's Music of Ireland", "traditional tunes; the ABC files state no licence"),
            ("O'Neill's Music of Ireland (1903)", "public domain; the ABC files state no licence"),
        ],
        "piano" => {
            &[("piano-midi.de, Bernd Krueger", "CC BY-SA 3.0 DE"), ("GiantMIDI-Piano, Kong et al.", "CC BY 4.0")]
        }
        _ => &[],
    };
    origins.iter().map(|&(data, licence)| (data.to_owned(), licence.to_owned())).unzip()
}
