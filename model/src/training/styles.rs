//! The styles that ship: what each can say, how it is trained, and where its tunes come from.

use super::Plan;
use crate::network::Sizes;
use crate::vocabulary::Vocabulary;

/// The plan for a style by name; any other name is a style of one's own.
pub fn plan(style: &str) -> Plan {
    let (data, licences) = origins(style);
    Plan {
        style: style.to_owned(),
        vocabulary: Vocabulary::dance(),
        sizes: Sizes::default(),
        epochs: 12,
        patience: 4,
        rows: 16,
        steps: 64,
        learning_rate: 3e-3,
        dropout: 0.2,
        seed: 1,
        data,
        licences,
    }
}

/// The data sets of a shipped style, with their licences.
fn origins(style: &str) -> (Vec<String>, Vec<String>) {
    let origins: &[(&str, &str)] = match style {
        "irish" => &[
            ("Cobb's Music of Ireland", "traditional tunes; the ABC files state no licence"),
            ("O'Neill's Music of Ireland (1903)", "public domain; the ABC files state no licence"),
        ],
        _ => &[],
    };
    origins.iter().map(|&(data, licence)| (data.to_owned(), licence.to_owned())).unzip()
}
