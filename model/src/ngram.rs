//! NgramModel: what the tunes that were learnt play after a figure, counted, in any key.
//!
//! The network knows a little of everything; this knows some thousand turns by heart. A figure is a run of up to
//! [`LONGEST`] intervals, and only what at least two tunes play after it is counted, so it holds what players share and
//! no tune. What it adds to the network's logits is how much likelier each pitch is after the figure than after any note:
//! what is common anyway the network knows itself. How far it is believed was tuned on tunes that neither had learnt from.
//! It stands in the weights file behind the network. Knows nothing of tensors, of time or of chords.

use crate::lookback::MOTIF_LENGTHS;
use std::ops::Range;

/// Intervals of a figure, at most.
pub const LONGEST: usize = 6;

/// How often a figure must have been followed by each of the pitches that follow it before it outweighs the figures that
/// are one interval shorter: the power of two that serves best on the validation splits of folk and jazz.
const ESCAPE_WEIGHT: f32 = 16.0;
/// Chances below this one are not told apart: that a leap was never counted after a figure does not forbid it.
const PROBABILITY_FLOOR: f32 = 0.005;

/// What is counted, as a tree: the root is the figure of no interval, and the children of a figure are one interval
/// longer, into the past. Breadth first, so that children lie side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct NgramModel {
    /// The root, then the figures of one interval, and so on; last one more, which says where the lists of the last end.
    figures: Vec<Node>,
    /// What follows the first figure, then what follows the second, and so on.
    successors: Vec<Successor>,
    mixing_weights: MixingWeights,
}

#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Node {
    /// Its earliest interval, in semitones; the others are its parent's.
    interval: i8,
    /// Where its children begin; they end where the next figure's begin. Ascending in their interval.
    children: usize,
    /// Where its successors begin; they end where the next figure's begin. Ascending in their interval.
    successors: usize,
}

/// What follows a figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Successor {
    /// The interval to the next pitch, in semitones.
    pub interval: i8,
    /// How often, at least once.
    pub count: u32,
}

/// How far ngram are believed beside the network, 0 to [`MAX_MIXING_WEIGHT`]: one for each length of the figure that was found in
/// this session, because whoever plays what was played before needs no ngram.
pub type MixingWeights = [f32; MOTIF_LENGTHS];

/// The highest weight that is believed.
pub const MAX_MIXING_WEIGHT: f32 = 4.0;

/// The latest pitches, as far as a figure reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PitchHistory {
    /// Tokens of pitches, the last first.
    pitches: [u8; LONGEST + 1],
    /// How many there are.
    count: usize,
}

impl PitchHistory {
    /// Takes in the class of the next pitch.
    pub fn push(&mut self, pitch: u8) {
        self.pitches.rotate_right(1);
        self.pitches[0] = pitch;
        self.count = (self.count + 1).min(self.pitches.len());
    }

    /// The class of the last pitch.
    fn last(&self) -> Option<u8> {
        self.pitches[..self.count].first().copied()
    }

    /// The last interval, then the one before it, and so on.
    fn intervals(self) -> impl Iterator<Item = i8> {
        (1..self.count).map(move |back| interval(self.pitches[back], self.pitches[back - 1]))
    }
}

/// From one pitch class to another, in semitones; classes are keys, so they lie below 128.
pub fn interval(from: u8, to: u8) -> i8 {
    to.wrapping_sub(from).cast_signed()
}

impl NgramModel {
    /// Adds what the ngram say to what the network says: `logits` are its unnormalised log-probabilities of the pitch
    /// classes. `found` is the class of the length of the figure that was found in the session. `room` is overwritten.
    pub fn add_to(&self, past: &PitchHistory, found: u8, logits: &mut [f32], room: &mut Vec<f32>) {
        let Some(weight) = self.mixing_weights.get(usize::from(found)) else { return };
        if self.log_ratios(past, logits.len(), room) {
            for (logit, told) in logits.iter_mut().zip(room) {
                *logit += weight * *told;
            }
        }
    }

    /// How much likelier each of `pitches` classes is after `past` than after any note, as a logarithm. False when nothing
    /// was played yet, and nothing is told then.
    pub fn log_ratios(&self, past: &PitchHistory, pitches: usize, told: &mut Vec<f32>) -> bool {
        let Some(last) = past.last() else { return false };
        told.resize(2 * pitches, 0.0);
        let (probabilities, anywhere) = told.split_at_mut(pitches);
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

    /// Mixes what follows a figure into what the shorter ones foretell, as in an interpolated Markov chain. Sequels that
    /// lead out of the range say nothing.
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

    /// The figures that `past` ends with, as far as they are known: the root, then longer and longer ones.
    fn figures_before(&self, past: &PitchHistory) -> impl Iterator<Item = usize> {
        let mut intervals = past.intervals();
        std::iter::successors(Some(0), move |figure| self.child(*figure, intervals.next()?))
    }

    /// Where the successors of a figure stand.
    fn successors(&self, figure: usize) -> Range<usize> {
        self.figures[figure].successors..self.figures[figure + 1].successors
    }

    /// The figure that is one interval longer.
    fn child(&self, figure: usize, interval: i8) -> Option<usize> {
        let first = self.figures[figure].children;
        let children = &self.figures[first..self.figures[figure + 1].children];
        children.binary_search_by_key(&interval, |child| child.interval).ok().map(|index| first + index)
    }

    /// How far they are believed.
    pub fn mixing_weights(&self) -> &MixingWeights {
        &self.mixing_weights
    }

    /// The same counts, believed otherwise.
    #[must_use]
    pub fn with_mixing_weights(self, mixing_weights: MixingWeights) -> Self {
        Self { mixing_weights, ..self }
    }

    /// How many figures are known, and how many successors they have.
    pub fn sizes(&self) -> (usize, usize) {
        (self.figures.len() - 1, self.successors.len())
    }
}

/// The bytes of a weights file: how many figures, then for each its interval, how many children and successors it has, and
/// the successors, each an interval and a count of one byte or more.
impl NgramModel {
    /// As they stand in a weights file, without their mixing_weights: those stand on its card.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let (count, _) = self.sizes();
        let mut bytes = u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes().to_vec();
        for (index, pair) in self.figures.windows(2).enumerate() {
            // An interval is one of 255, and so are the children and the successors of a figure at most.
            let few = |number: usize| u8::try_from(number).unwrap_or(u8::MAX);
            bytes.push(pair[0].interval.cast_unsigned());
            bytes.push(few(pair[1].children - pair[0].children));
            bytes.push(few(pair[1].successors - pair[0].successors));
            for successor in &self.successors[self.successors(index)] {
                bytes.push(successor.interval.cast_unsigned());
                write_count(successor.count, &mut bytes);
            }
        }
        bytes
    }

    /// `None` when the bytes are no ngram, whatever they are.
    pub(crate) fn from_bytes(bytes: &[u8], mixing_weights: MixingWeights) -> Option<Self> {
        let (head, mut rest) = bytes.split_first_chunk::<4>()?;
        let count = usize::try_from(u32::from_le_bytes(*head)).ok()?;
        // Each figure takes three bytes, so a damaged count allocates no more than the file is long.
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

    /// Every figure's children come behind it, in order.
    fn is_a_tree(&self) -> bool {
        self.figures.windows(2).enumerate().all(|(index, pair)| {
            let children = &self.figures[pair[0].children..pair[1].children];
            (pair[0].children > index) && children.is_sorted_by(|one, next| one.interval < next.interval)
        })
    }
}

/// Seven bits a byte, the lowest first; the highest bit says that more come.
fn write_count(mut count: u32, bytes: &mut Vec<u8>) {
    while count >= 0x80 {
        bytes.push((count & 0x7f) as u8 | 0x80);
        count >>= 7;
    }
    bytes.push((count & 0x7f) as u8);
}

/// `None` when there is no count above zero that fits.
fn read_count(bytes: &mut &[u8]) -> Option<u32> {
    let mut count = 0_u32;
    for shift in (0..u32::BITS).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let part = u32::from(byte & 0x7f);
        count |= part.checked_shl(shift).filter(|shifted| shifted >> shift == part)?;
        if byte & 0x80 == 0 {
            return (count > 0).then_some(count);
        }
    }
    None
}

/// Learning.
impl NgramModel {
    /// From figures with their parents and successors: the root first, then ascending in length, parent and interval. They
    /// are not believed yet.
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

    /// How often `next` was counted after the last of `intervals`.
    pub fn counted(&self, intervals: &[i8], next: i8) -> u32 {
        let figure = intervals.iter().rev().try_fold(0, |figure, interval| self.child(figure, *interval));
        let successors = figure.map_or(&[][..], |figure| &self.successors[self.successors(figure)]);
        successors.iter().find(|successor| successor.interval == next).map_or(0, |successor| successor.count)
    }

    /// How many successors the figures of so many intervals have.
    pub fn successors_of_length(&self, length: usize) -> usize {
        let level = (0..length)
            .fold(0..1, |level: Range<usize>, _| self.figures[level.start].children..self.figures[level.end].children);
        self.figures[level.end].successors - self.figures[level.start].successors
    }
}

/// A figure, and what was counted after it.
#[derive(Debug)]
pub struct CountedNode {
    /// The figure without its earliest interval.
    pub parent: usize,
    /// Its earliest interval; 0 for the root.
    pub interval: i8,
    /// Ascending in their interval.
    pub successors: Vec<Successor>,
}

#[cfg(test)]
impl NgramModel {
    /// Two figures with three successors, believed more the less was found.
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
mod tests {
    use super::*;

    const PITCHES: usize = 20;

    fn past(pitches: &[u8]) -> PitchHistory {
        let mut past = PitchHistory::default();
        for pitch in pitches {
            past.push(*pitch);
        }
        past
    }

    /// What is told of the pitch `interval` away from the last one.
    fn told(pitches: &[u8], interval: i8) -> f32 {
        let mut told = Vec::new();
        assert!(NgramModel::with_two_figures().log_ratios(&past(pitches), PITCHES, &mut told));
        told[usize::from(pitches[pitches.len() - 1].checked_add_signed(interval).unwrap())]
    }

    /// A successor of a figure is more probable after it than after any note.
    #[test]
    fn a_counted_successor_gains_after_its_figure() {
        assert!(told(&[1, 6], 2) > 1.0, "a fifth of the probabilities, but as good as never after any note");
        assert!(told(&[1, 6], -2) < 0.0, "at the cost of what is common");
        assert!(told(&[2, 6], 2).abs() < 1e-6, "that leap is no figure that is known");
        assert!(told(&[6], 2).abs() < 1e-6, "one note is no figure");
    }

    #[test]
    fn by_hand() {
        // After any note: even probabilities of 1/20 weigh 2 kinds x 16, beside 302 notes. After the leap: 16 beside 9.
        let anywhere = 1.6 / 334.0;
        let after = (9.0 + 16.0 * anywhere) / 25.0;
        assert!((told(&[1, 6], 2) - ((after + PROBABILITY_FLOOR) / (anywhere + PROBABILITY_FLOOR)).ln()).abs() < 1e-5);
        // From the lowest pitch nothing leads down, so it does not count: 1 kind, 2 notes.
        let anywhere: f32 = (2.0 + 16.0 / 20.0) / 18.0;
        let mut probabilities = vec![1.0 / 20.0; PITCHES];
        NgramModel::with_two_figures().interpolate(0, 0, &mut probabilities);
        assert!((probabilities[5] - anywhere).abs() < 1e-6 && (probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    }

    #[test]
    fn the_same_is_told_in_every_key() {
        for key in 2..10 {
            assert!((told(&[key, key + 5], 2) - told(&[1, 6], 2)).abs() < 1e-6);
        }
    }

    #[test]
    fn licks_are_believed_as_far_as_the_pulls_say() {
        let ngram = NgramModel::with_two_figures();
        let (mut room, logits) = (Vec::new(), [1.0; PITCHES]);
        for found in 0..MOTIF_LENGTHS {
            let mut joined = logits;
            ngram.add_to(&past(&[1, 6]), u8::try_from(found).unwrap(), &mut joined, &mut room);
            assert!((joined[8] - (1.0 + ngram.mixing_weights()[found] * told(&[1, 6], 2))).abs() < 1e-6);
        }
        let mut first = logits;
        ngram.add_to(&PitchHistory::default(), 0, &mut first, &mut room);
        assert!(
            first.iter().zip(logits).all(|(joined, logit)| joined.to_bits() == logit.to_bits()),
            "no past, no ngram"
        );
    }

    #[test]
    fn a_past_reaches_as_far_as_the_longest_figure_and_no_further() {
        let pitches: Vec<u8> = (0..16_u8).map(|note| note * note % 17).collect();
        let long = past(&pitches);
        assert_eq!(long, past(&pitches[pitches.len() - LONGEST - 1..]));
        let intervals: Vec<i8> = pitches.windows(2).rev().map(|pair| interval(pair[0], pair[1])).collect();
        assert_eq!(long.intervals().collect::<Vec<_>>(), intervals[..LONGEST]);
    }

    #[test]
    fn bytes_are_read_again_and_counts_of_any_size_survive() {
        let ngram = NgramModel::with_two_figures();
        assert_eq!(NgramModel::from_bytes(&ngram.to_bytes(), *ngram.mixing_weights()), Some(ngram));
        for count in [1, 127, 128, 16_383, 16_384, u32::MAX] {
            let mut bytes = Vec::new();
            write_count(count, &mut bytes);
            let mut rest = bytes.as_slice();
            assert_eq!((read_count(&mut rest), rest), (Some(count), &[][..]));
        }
    }

    #[test]
    fn bytes_that_are_no_licks_are_refused_without_a_panic() {
        let ngram = NgramModel::with_two_figures();
        let (bytes, mixing_weights) = (ngram.to_bytes(), *ngram.mixing_weights());
        for length in 0..bytes.len() {
            assert_eq!(NgramModel::from_bytes(&bytes[..length], mixing_weights), None);
        }
        assert_eq!(
            NgramModel::from_bytes(&[bytes.as_slice(), &[0]].concat(), mixing_weights),
            None,
            "more than there is to say"
        );
        assert_eq!(NgramModel::from_bytes(&[0xff; 64], mixing_weights), None);
        let mut told = Vec::new();
        for position in 0..bytes.len() {
            for flip in 1..=u8::MAX {
                let mut bytes = bytes.clone();
                bytes[position] ^= flip;
                if let Some(ngram) = NgramModel::from_bytes(&bytes, mixing_weights) {
                    ngram.log_ratios(&past(&[1, 6, 4]), PITCHES, &mut told);
                    assert!(told.iter().all(|told| told.is_finite()));
                }
            }
        }
    }
}
