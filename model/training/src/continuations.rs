//! Draws the passages at which a model is compared with real tunes: the same ones every time.
//!
//! Knows no network: the caller passes what generates.

use super::discriminator::{Sample, features};
use super::style_metrics::{CopyIndex, Passage, Reference, StyleMetrics};
use fastrand::Rng;
use segue_corpus::Tune;
use segue_model::chord::Chord;
use segue_model::note::{Note, Ticks};
use std::collections::BTreeSet;

/// Notes of a prompt.
pub const PROMPT: usize = 32;
/// Notes of a continuation.
pub const CONTINUATION: usize = 48;
/// The usual number of prompts.
pub const PLACES: usize = 250;

/// A passage of a tune: a prompt and its real continuation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PromptPosition {
    /// The index of the tune.
    pub tune: usize,
    /// The index of the prompt's first note.
    pub from: usize,
}

impl PromptPosition {
    /// The [`PROMPT`] notes; fewer where the tune is too short.
    pub fn prompt(self, notes: &[Note]) -> &[Note] {
        slice(notes, self.from, PROMPT)
    }

    /// The [`CONTINUATION`] notes that follow in the tune.
    pub fn real(self, notes: &[Note]) -> &[Note] {
        slice(notes, self.from + PROMPT, CONTINUATION)
    }
}

fn slice(notes: &[Note], from: usize, length: usize) -> &[Note] {
    let to = (from + length).min(notes.len());
    notes.get(from..to).unwrap_or_default()
}

/// Draws `count` different positions, about equally many from each tune. `tunes` holds the name and the number of notes
/// of each. The draw depends on names and seed, not on the order of the tunes. Returns fewer positions when there are
/// not enough.
pub fn draw_positions(tunes: &[(&str, usize)], count: usize, seed: u64) -> Vec<PromptPosition> {
    let mut rng = Rng::with_seed(seed);
    let starts = |tune: usize| (tunes[tune].1 + 1).saturating_sub(PROMPT + CONTINUATION);
    let mut left: Vec<usize> = (0..tunes.len()).filter(|tune| starts(*tune) > 0).collect();
    left.sort_by_key(|tune| tunes[*tune]);
    let mut drawn = BTreeSet::new();
    let mut places = Vec::new();
    while !left.is_empty() && places.len() < count {
        let mut round = left.clone();
        rng.shuffle(&mut round);
        for tune in round.into_iter().take(count - places.len()) {
            let mut place = PromptPosition { tune, from: rng.usize(..starts(tune)) };
            // The next free position of the tune, wrapping around.
            while !drawn.insert(place) {
                place.from = (place.from + 1) % starts(tune);
            }
            places.push(place);
        }
        let used = |tune: usize| {
            drawn.range(PromptPosition { tune, from: 0 }..PromptPosition { tune: tune + 1, from: 0 }).count()
        };
        left.retain(|tune| used(*tune) < starts(*tune));
    }
    places
}

/// A request to continue a prompt.
#[derive(Debug, Clone, Copy)]
pub struct ContinuationRequest<'a> {
    /// The tune, for its bars and chords. The generator must not read the notes after the prompt.
    pub tune: &'a Tune,
    /// The notes to hear.
    pub prompt: &'a [Note],
    /// The number of notes to generate.
    pub notes: usize,
    /// The seed, different at every position.
    pub seed: u64,
}

/// A real and a generated continuation of one prompt, measured.
#[derive(Debug, Clone)]
pub struct ContinuationPair {
    /// The position of the prompt.
    pub place: PromptPosition,
    /// The generated notes.
    pub generated: Vec<Note>,
    /// The metrics of the real continuation.
    pub real_metrics: StyleMetrics,
    /// The metrics of the generated one.
    pub generated_metrics: StyleMetrics,
    /// Both as samples for the discriminator: the real one first.
    pub samples: [Sample; 2],
}

/// Calls `generate` at every position and measures the result beside the real continuation. The tunes must lie on the
/// style's grid, or the grid alone would give the generated ones away.
pub fn pairs<'a>(
    tunes: &[&'a Tune],
    places: &[PromptPosition],
    (reference, learnt): (&Reference, &CopyIndex),
    chord: &dyn Fn(&Tune, Ticks) -> Option<Chord>,
    mut generate: impl FnMut(&ContinuationRequest<'a>) -> Vec<Note>,
) -> Vec<ContinuationPair> {
    let pair = |(seed, place): (u64, &PromptPosition)| {
        let tune = *tunes.get(place.tune)?;
        let (prompt, real) = (place.prompt(&tune.notes), place.real(&tune.notes));
        let generated = generate(&ContinuationRequest { tune, prompt, notes: CONTINUATION, seed });
        let measured = |notes: &[Note], is_generated| {
            let bars = |moment| tune.bars_at(moment);
            let passage = Passage { prompt, notes, bars: &bars, chord: &|moment| chord(tune, moment) };
            let likeness = StyleMetrics::of(&passage, reference, learnt);
            (likeness, Sample { tune: place.tune, is_generated, features: features(&passage, &likeness) })
        };
        let (real_metrics, real_sample) = measured(real, false);
        let (generated_metrics, generated_sample) = measured(&generated, true);
        let samples = [real_sample, generated_sample];
        Some(ContinuationPair { place: *place, generated, real_metrics, generated_metrics, samples })
    };
    (0..).zip(places).filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::super::style_metrics::Comparison;
    use super::*;
    use segue_corpus::abc::parse_book;

    const BOOK: &str = include_str!("../../../tests/tunes/oneills.abc");

    /// Every position lies inside its tune and is drawn once.
    #[test]
    fn positions_differ_and_use_every_tune_about_equally() {
        let tunes = [("a", 80), ("b", 79), ("c", 200), ("d", 300), ("e", 81)];
        let places = draw_positions(&tunes, 100, 1);
        assert_eq!(places.len(), 100);
        assert_eq!(places.iter().collect::<BTreeSet<_>>().len(), 100, "none twice");
        assert!(places.iter().all(|place| place.from + PROMPT + CONTINUATION <= tunes[place.tune].1));
        let used = |tune| places.iter().filter(|place| place.tune == tune).count();
        // "a" has one position and "e" two; the others share the rest.
        assert_eq!([used(0), used(1), used(4)], [1, 0, 2]);
        assert!(used(2).abs_diff(used(3)) <= 1);
    }

    /// The order of the tunes does not matter.
    #[test]
    fn positions_depend_on_names_and_seed_alone() {
        let tunes = [("a", 180), ("b", 179), ("c", 200)];
        let turned = [tunes[2], tunes[1], tunes[0]];
        let named = |tunes: &[(&'static str, usize)], seed| {
            draw_positions(tunes, 20, seed).iter().map(|place| (tunes[place.tune].0, place.from)).collect::<Vec<_>>()
        };
        assert_eq!(named(&tunes, 7), named(&turned, 7));
        assert_ne!(named(&tunes, 7), named(&tunes, 8));
        assert_eq!(draw_positions(&[("short", 79)], 5, 1), []);
        assert_eq!(draw_positions(&tunes[..1], 1_000, 1).len(), 101, "all there are");
    }

    #[test]
    fn who_copies_the_real_continuation_has_its_figures() {
        let book = parse_book(BOOK, "oneills.abc");
        let tunes: Vec<&Tune> = book.tunes.iter().map(|(_, tune)| tune).collect();
        let names: Vec<(&str, usize)> = tunes.iter().map(|tune| (tune.title.as_str(), tune.notes.len())).collect();
        let places = draw_positions(&names, 30, 1);
        assert_eq!(places.len(), 30);
        let mut reference = Reference::default();
        for tune in &tunes {
            reference.add(&tune.notes, &|moment| tune.bars_at(moment));
        }
        let learnt = CopyIndex::from(tunes.iter().map(|tune| tune.notes.as_slice()));
        let mut seeds = BTreeSet::new();
        let mut asked = places.iter();
        let pairs = pairs(&tunes, &places, (&reference, &learnt), &|_, _| None, |request| {
            seeds.insert(request.seed);
            let place = asked.next().unwrap();
            assert_eq!(request.prompt.len(), PROMPT);
            place.real(&request.tune.notes).to_vec()
        });
        assert_eq!(seeds.len(), 30);
        assert!(pairs.iter().all(|pair| pair.real_metrics == pair.generated_metrics));
        assert!(pairs.iter().all(|pair| pair.real_metrics.copied >= 48.0), "all of it was learnt");
        let figures = |of: fn(&ContinuationPair) -> StyleMetrics| pairs.iter().map(of).collect::<Vec<_>>();
        let comparison = Comparison::of(&figures(|pair| pair.real_metrics), &figures(|pair| pair.generated_metrics), 1);
        assert_eq!(comparison.missed().count(), 0, "{comparison}");
    }
}
