//! Which passages continuations are asked for, the same ones every time.
//!
//! Knows no network: whoever asks brings what plays on.

use super::discriminator::{Sample, features};
use super::style_metrics::{CopyIndex, Passage, Reference, StyleMetrics};
use fastrand::Rng;
use segue_corpus::Tune;
use segue_model::chord::Chord;
use segue_model::note::{Note, Ticks};
use std::collections::BTreeSet;

/// Notes that are heard.
pub const PROMPT: usize = 32;
/// Notes that are asked for after them.
pub const CONTINUATION: usize = 48;
/// Places that are asked at.
pub const PLACES: usize = 250;

/// A passage of a tune: a prompt and its real continuation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PromptPosition {
    /// Index of the tune.
    pub tune: usize,
    /// Index of the prompt's first note.
    pub from: usize,
}

impl PromptPosition {
    /// The [`PROMPT`] notes that are heard; fewer where the tune is shorter than it was.
    pub fn prompt(self, notes: &[Note]) -> &[Note] {
        slice(notes, self.from, PROMPT)
    }

    /// The [`CONTINUATION`] notes that really follow.
    pub fn real(self, notes: &[Note]) -> &[Note] {
        slice(notes, self.from + PROMPT, CONTINUATION)
    }
}

fn slice(notes: &[Note], from: usize, length: usize) -> &[Note] {
    let to = (from + length).min(notes.len());
    notes.get(from..to).unwrap_or_default()
}

/// Draws `count` different places, each tune about as often as any other. Tunes come as a name and their number of
/// notes; the draw depends on the names and the seed, not on the tunes' order. Fewer places come back when there are
/// not so many.
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
            // The next one that is free, from there on around.
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

/// What is asked of a player: to go on from here.
#[derive(Debug, Clone, Copy)]
pub struct ContinuationRequest<'a> {
    /// For its bars and chords; the notes behind the prompt are not to be looked at.
    pub tune: &'a Tune,
    /// What is heard.
    pub prompt: &'a [Note],
    /// How many notes are wanted.
    pub notes: usize,
    /// For all that is left to chance; another one at every place.
    pub seed: u64,
}

/// A real and a generated continuation of one prompt, measured.
#[derive(Debug, Clone)]
pub struct ContinuationPair {
    /// Where the prompt stands.
    pub place: PromptPosition,
    /// What was generated.
    pub generated: Vec<Note>,
    /// The figures of the real continuation.
    pub real_metrics: StyleMetrics,
    /// The figures of the generated one.
    pub generated_metrics: StyleMetrics,
    /// Both for the judge: the real one, then the generated one.
    pub samples: [Sample; 2],
}

/// Asks `generate` to play on at every place, and measures it beside what really follows. The tunes are to be such as the
/// style hears them, on its grid of time, for else the grid would tell what is generated.
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

    #[test]
    fn places_are_different_lie_inside_their_tunes_and_use_every_tune_about_equally() {
        let tunes = [("a", 80), ("b", 79), ("c", 200), ("d", 300), ("e", 81)];
        let places = draw_positions(&tunes, 100, 1);
        assert_eq!(places.len(), 100);
        assert_eq!(places.iter().collect::<BTreeSet<_>>().len(), 100, "none twice");
        assert!(places.iter().all(|place| place.from + PROMPT + CONTINUATION <= tunes[place.tune].1));
        let used = |tune| places.iter().filter(|place| place.tune == tune).count();
        // "a" has one place and "e" two; the others share what is left.
        assert_eq!([used(0), used(1), used(4)], [1, 0, 2]);
        assert!(used(2).abs_diff(used(3)) <= 1);
    }

    #[test]
    fn the_draw_depends_on_names_and_seed_and_not_on_the_order_of_the_tunes() {
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
        let pairs = pairs(&tunes, &places, (&reference, &learnt), &|_, _| None, |ask| {
            seeds.insert(ask.seed);
            let place = asked.next().unwrap();
            assert_eq!(ask.prompt.len(), PROMPT);
            place.real(&ask.tune.notes).to_vec()
        });
        assert_eq!(seeds.len(), 30);
        assert!(pairs.iter().all(|pair| pair.real_metrics == pair.generated_metrics));
        assert!(pairs.iter().all(|pair| pair.real_metrics.copied >= 48.0), "all of it was learnt");
        let figures = |of: fn(&ContinuationPair) -> StyleMetrics| pairs.iter().map(of).collect::<Vec<_>>();
        let comparison = Comparison::of(&figures(|pair| pair.real_metrics), &figures(|pair| pair.generated_metrics), 1);
        assert_eq!(comparison.missed().count(), 0, "{comparison}");
    }
}
