//! The n-gram model: how often the training tunes continue each figure with each interval, in any key. A figure is a
//! run of up to [`LONGEST`] intervals.
//!
//! The network knows a little of everything; this model knows some thousand turns exactly. Only continuations that at
//! least two tunes share are counted, so it holds what players have in common and no tune. It adds to the pitch logits
//! how much more probable a pitch is after the figure than after any note, because the network knows the general
//! frequencies itself. The mixing weights were tuned on tunes that neither has seen. Knows nothing of tensors, time or
//! chords.

use crate::lookback::MOTIF_LENGTHS;
use crate::varint;
use std::ops::Range;

/// The most intervals of a figure.
pub const LONGEST: usize = 6;

/// The escape weight: how often a figure must have been seen per distinct successor before it outweighs the figure one
/// interval shorter. The power of two with the lowest loss on the validation splits of folk and jazz.
const ESCAPE_WEIGHT: f32 = 16.0;
/// Added to both probabilities of a ratio, so that an interval that was never counted after a figure is not forbidden.
const PROBABILITY_FLOOR: f32 = 0.005;

/// The counts as a tree. The root is the empty figure, and a child extends its parent by one interval into the past.
/// Nodes are stored breadth-first, so children lie side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct NgramModel {
    /// The root, then the figures of one interval, and so on. One more node at the end marks the ends of the last
    /// lists.
    figures: Vec<Node>,
    /// The successors of the first figure, then those of the second, and so on.
    successors: Vec<Successor>,
    mixing_weights: MixingWeights,
}

#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Node {
    /// The earliest interval, in semitones; the later ones are the parent's.
    interval: i8,
    /// The first child. The children end where those of the next node begin, and ascend in their interval.
    children: usize,
    /// The first successor. The successors end where those of the next node begin, and ascend in their interval.
    successors: usize,
}

/// A counted continuation of a figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Successor {
    /// The interval to the next pitch, in semitones.
    pub interval: i8,
    /// How often it was counted, at least once.
    pub count: u32,
}

/// The weight of the n-gram model in the logits, 0 to [`MAX_MIXING_WEIGHT`], one for each class of the motif length. A
/// session that repeats a long motif needs no n-grams.
pub type MixingWeights = [f32; MOTIF_LENGTHS];

/// The greatest mixing weight.
pub const MAX_MIXING_WEIGHT: f32 = 4.0;

/// The last pitches, as many as the longest figure needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PitchHistory {
    /// Pitch classes of the vocabulary, the last first.
    pitches: [u8; LONGEST + 1],
    /// The number of pitches.
    count: usize,
}

impl PitchHistory {
    /// Adds the next pitch, a class of the vocabulary.
    pub fn push(&mut self, pitch: u8) {
        self.pitches.rotate_right(1);
        self.pitches[0] = pitch;
        self.count = (self.count + 1).min(self.pitches.len());
    }

    /// The last pitch.
    fn last(&self) -> Option<u8> {
        self.pitches[..self.count].first().copied()
    }

    /// The last interval, then the one before it, and so on.
    fn intervals(self) -> impl Iterator<Item = i8> {
        (1..self.count).map(move |back| interval(self.pitches[back], self.pitches[back - 1]))
    }
}

/// The interval between two pitches in semitones. Vocabularies number their pitches by semitones, below 128.
pub fn interval(from: u8, to: u8) -> i8 {
    to.wrapping_sub(from).cast_signed()
}

impl NgramModel {
    /// Adds the n-gram model to the network's pitch logits. `found` is the class of the motif's length. `buffer` is
    /// overwritten.
    pub fn add_to(&self, past: &PitchHistory, found: u8, logits: &mut [f32], buffer: &mut Vec<f32>) {
        let Some(weight) = self.mixing_weights.get(usize::from(found)) else { return };
        if self.log_ratios(past, logits.len(), buffer) {
            for (logit, ratios) in logits.iter_mut().zip(buffer) {
                *logit += weight * *ratios;
            }
        }
    }

    /// Writes the log ratio of each of `pitches` pitches to the front of `ratios`: the probability after `past` divided
    /// by that after any note. Returns false before the first note, and writes nothing.
    pub fn log_ratios(&self, past: &PitchHistory, pitches: usize, ratios: &mut Vec<f32>) -> bool {
        let Some(last) = past.last() else { return false };
        ratios.resize(2 * pitches, 0.0);
        let (probabilities, anywhere) = ratios.split_at_mut(pitches);
        #[expect(clippy::cast_precision_loss, reason = "there are at most some hundred pitches")]
        probabilities.fill(1.0 / pitches as f32);
        for (length, figure) in self.figures_before(past).enumerate() {
            self.interpolate(figure, last, probabilities);
            if length == 0 {
                anywhere.copy_from_slice(probabilities);
            }
        }
        for (probability, anywhere) in probabilities.iter_mut().zip(anywhere) {
            *probability = ((*probability + PROBABILITY_FLOOR) / (*anywhere + PROBABILITY_FLOOR)).ln();
        }
        true
    }

    /// Interpolates the successors of a figure with the distribution of the shorter figures. Successors outside the
    /// range are ignored.
    fn interpolate(&self, figure: usize, last: u8, probabilities: &mut [f32]) {
        let pitches = probabilities.len();
        let successors = self.successors[self.successors(figure)].iter().filter_map(|successor| {
            let pitch = usize::try_from(i16::from(last) + i16::from(successor.interval)).ok()?;
            #[expect(clippy::cast_precision_loss, reason = "a count is a weight here, and seven digits are enough")]
            (pitch < pitches).then_some((pitch, successor.count as f32))
        });
        let (seen, kinds) =
            successors.clone().fold((0.0, 0.0), |(seen, kinds), (_, count)| (seen + count, kinds + 1.0));
        let whole = seen + kinds * ESCAPE_WEIGHT;
        if whole > 0.0 {
            for probability in probabilities.iter_mut() {
                *probability *= kinds * ESCAPE_WEIGHT / whole;
            }
            for (pitch, count) in successors {
                probabilities[pitch] += count / whole;
            }
        }
    }

    /// The known figures that end `past`: the empty one, then longer and longer ones.
    fn figures_before(&self, past: &PitchHistory) -> impl Iterator<Item = usize> {
        let mut intervals = past.intervals();
        std::iter::successors(Some(0), move |figure| self.child(*figure, intervals.next()?))
    }

    /// The range of a figure's successors.
    fn successors(&self, figure: usize) -> Range<usize> {
        self.figures[figure].successors..self.figures[figure + 1].successors
    }

    /// The figure that is one interval longer.
    fn child(&self, figure: usize, interval: i8) -> Option<usize> {
        let first = self.figures[figure].children;
        let children = &self.figures[first..self.figures[figure + 1].children];
        children.binary_search_by_key(&interval, |child| child.interval).ok().map(|index| first + index)
    }

    /// The mixing weights.
    pub fn mixing_weights(&self) -> &MixingWeights {
        &self.mixing_weights
    }

    /// The same counts with other mixing weights.
    #[must_use]
    pub fn with_mixing_weights(self, mixing_weights: MixingWeights) -> Self {
        Self { mixing_weights, ..self }
    }

    /// The number of figures and of their successors.
    pub fn sizes(&self) -> (usize, usize) {
        (self.figures.len() - 1, self.successors.len())
    }
}

/// The format in the weights file: the number of figures; for each its interval, the number of its children and of its
/// successors, and each successor as an interval and a varint.
impl NgramModel {
    /// The bytes for a weights file. The mixing weights are stored in the card.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let (count, _) = self.sizes();
        let mut bytes = u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes().to_vec();
        for (index, pair) in self.figures.windows(2).enumerate() {
            // There are 255 different intervals, so no figure has more children or successors.
            let few = |number: usize| u8::try_from(number).unwrap_or(u8::MAX);
            bytes.push(pair[0].interval.cast_unsigned());
            bytes.push(few(pair[1].children - pair[0].children));
            bytes.push(few(pair[1].successors - pair[0].successors));
            for successor in &self.successors[self.successors(index)] {
                bytes.push(successor.interval.cast_unsigned());
                varint::write(successor.count.into(), &mut bytes);
            }
        }
        bytes
    }

    /// Reads the bytes of a weights file; `None` when they are invalid.
    pub fn from_bytes(bytes: &[u8], mixing_weights: MixingWeights) -> Option<Self> {
        let (head, mut rest) = bytes.split_first_chunk::<4>()?;
        let count = usize::try_from(u32::from_le_bytes(*head)).ok()?;
        // Each figure takes at least three bytes, so a damaged count cannot allocate more than the file's size.
        if count == 0 || count > rest.len() / 3 {
            return None;
        }
        let mut ngram = Self { figures: Vec::with_capacity(count + 1), successors: Vec::new(), mixing_weights };
        let mut children = 1;
        for _ in 0..count {
            let ([interval, of_children, of_sequels], after) = rest.split_first_chunk::<3>()?;
            rest = after;
            let successors = ngram.successors.len();
            ngram.figures.push(Node { interval: interval.cast_signed(), children, successors });
            children += usize::from(*of_children);
            for _ in 0..*of_sequels {
                let (interval, after) = rest.split_first()?;
                rest = after;
                ngram.successors.push(Successor { interval: interval.cast_signed(), count: read_count(&mut rest)? });
            }
            if !ngram.successors[successors..].is_sorted_by(|one, next| one.interval < next.interval) {
                return None;
            }
        }
        ngram.figures.push(Node { interval: 0, children, successors: ngram.successors.len() });
        (rest.is_empty() && children == count && ngram.is_a_tree()).then_some(ngram)
    }

    /// Whether every node's children follow it, in order.
    fn is_a_tree(&self) -> bool {
        self.figures.windows(2).enumerate().all(|(index, pair)| {
            let children = &self.figures[pair[0].children..pair[1].children];
            (pair[0].children > index) && children.is_sorted_by(|one, next| one.interval < next.interval)
        })
    }
}

/// `None` when there is no count above zero.
fn read_count(bytes: &mut &[u8]) -> Option<u32> {
    u32::try_from(varint::read(bytes)?).ok().filter(|count| *count > 0)
}

/// Training.
impl NgramModel {
    /// Builds a model from counted nodes: the root first, then ascending in length, parent and interval. All mixing
    /// weights are 0.
    pub fn of(counted: Vec<CountedNode>) -> Self {
        let mut ngram = Self { figures: Vec::new(), successors: Vec::new(), mixing_weights: [0.0; MOTIF_LENGTHS] };
        let mut children = vec![0; counted.len()];
        for figure in &counted[1..] {
            children[figure.parent] += 1;
        }
        let mut first = 1;
        for (figure, of_it) in counted.into_iter().zip(children) {
            let place = Node { interval: figure.interval, children: first, successors: ngram.successors.len() };
            ngram.figures.push(place);
            ngram.successors.extend(figure.successors);
            first += of_it;
        }
        ngram.figures.push(Node { interval: 0, children: first, successors: ngram.successors.len() });
        ngram
    }

    /// How often `next` was counted after the figure of these `intervals`; 0 for an unknown figure.
    pub fn counted(&self, intervals: &[i8], next: i8) -> u32 {
        let figure = intervals.iter().rev().try_fold(0, |figure, interval| self.child(figure, *interval));
        let successors = figure.map_or(&[][..], |figure| &self.successors[self.successors(figure)]);
        successors.iter().find(|successor| successor.interval == next).map_or(0, |successor| successor.count)
    }

    /// How many successors the figures of `length` intervals have.
    pub fn successors_of_length(&self, length: usize) -> usize {
        let level = (0..length)
            .fold(0..1, |level: Range<usize>, _| self.figures[level.start].children..self.figures[level.end].children);
        self.figures[level.end].successors - self.figures[level.start].successors
    }
}

/// A figure with its counts.
#[derive(Debug)]
pub struct CountedNode {
    /// The index of the figure without its earliest interval.
    pub parent: usize,
    /// The earliest interval; 0 for the root.
    pub interval: i8,
    /// The continuations, ascending in their interval.
    pub successors: Vec<Successor>,
}

#[cfg(test)]
impl NgramModel {
    /// Two figures with three successors. The mixing weight falls with the motif's length.
    pub(crate) fn with_two_figures() -> Self {
        let successors = |of: &[(i8, u32)]| of.iter().map(|&(interval, count)| Successor { interval, count }).collect();
        let root = CountedNode { parent: 0, interval: 0, successors: successors(&[(-2, 300), (5, 2)]) };
        let leap = CountedNode { parent: 0, interval: 5, successors: successors(&[(2, 9)]) };
        let weight = |found: u8| 1.0 - f32::from(found) / 10.0;
        Self::of(vec![root, leap])
            .with_mixing_weights(std::array::from_fn(|found| weight(u8::try_from(found).unwrap())))
    }
}

#[cfg(test)]
mod tests;
