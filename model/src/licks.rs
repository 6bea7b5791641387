//! Licks: what the tunes that were learnt play after a figure, counted, in any key.
//!
//! The network knows a little of everything; this knows some thousand turns by heart. A figure is a run of up to
//! [`LONGEST`] intervals, and only what at least two tunes play after it is counted, so it holds what players share and
//! no tune. What it adds to the network's scores is how much likelier each pitch is after the figure than after any note:
//! what is common anyway the network knows itself. How far it is believed was tuned on tunes that neither had learnt from.
//! It stands in the weights file behind the network. Knows nothing of tensors, of time or of chords.

use crate::lookback::LENGTHS;
use std::ops::Range;

/// Intervals of a figure, at most.
pub const LONGEST: usize = 6;

/// How often a figure must have been followed by each of the pitches that follow it before it outweighs the figures that
/// are one interval shorter: the power of two that serves best on the validation splits of folk and jazz.
const DOUBT: f32 = 16.0;
/// Chances below this one are not told apart: that a leap was never counted after a figure does not forbid it.
const UNSURE: f32 = 0.005;

/// What is counted, as a tree: the root is the figure of no interval, and the children of a figure are one interval
/// longer, into the past. Breadth first, so that children lie side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct Licks {
    /// The root, then the figures of one interval, and so on; last one more, which says where the lists of the last end.
    figures: Vec<Figure>,
    /// What follows the first figure, then what follows the second, and so on.
    sequels: Vec<Sequel>,
    pulls: Pulls,
}

#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Figure {
    /// Its earliest interval, in semitones; the others are its parent's.
    interval: i8,
    /// Where its children begin; they end where the next figure's begin. Ascending in their interval.
    children: usize,
    /// Where its sequels begin; they end where the next figure's begin. Ascending in their interval.
    sequels: usize,
}

/// What follows a figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sequel {
    /// The interval to the next pitch, in semitones.
    pub interval: i8,
    /// How often, at least once.
    pub count: u32,
}

/// How far licks are believed beside the network, 0 to [`MOST_PULL`]: one for each length of the figure that was found in
/// this session, because whoever plays what was played before needs no licks.
pub type Pulls = [f32; LENGTHS];

/// The highest pull that is believed.
pub const MOST_PULL: f32 = 4.0;

/// The latest pitches, as far as a figure reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Past {
    /// Classes of pitches, the last first.
    pitches: [u8; LONGEST + 1],
    /// How many there are.
    count: usize,
}

impl Past {
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

impl Licks {
    /// Adds what the licks say to what the network says: `scores` are its unnormalised log-probabilities of the pitch
    /// classes. `found` is the class of the length of the figure that was found in the session. `room` is overwritten.
    pub fn join(&self, past: &Past, found: u8, scores: &mut [f32], room: &mut Vec<f32>) {
        let Some(pull) = self.pulls.get(usize::from(found)) else { return };
        if self.tell(past, scores.len(), room) {
            for (score, told) in scores.iter_mut().zip(room) {
                *score += pull * *told;
            }
        }
    }

    /// How much likelier each of `pitches` classes is after `past` than after any note, as a logarithm. False when nothing
    /// was played yet, and nothing is told then.
    pub fn tell(&self, past: &Past, pitches: usize, told: &mut Vec<f32>) -> bool {
        let Some(last) = past.last() else { return false };
        told.resize(2 * pitches, 0.0);
        let (chances, anywhere) = told.split_at_mut(pitches);
        #[expect(clippy::cast_precision_loss, reason = "there are at most some hundred pitches")]
        chances.fill(1.0 / pitches as f32);
        for (length, figure) in self.figures_before(past).enumerate() {
            self.mix_in(figure, last, chances);
            if length == 0 {
                anywhere.copy_from_slice(chances);
            }
        }
        for (chance, anywhere) in chances.iter_mut().zip(anywhere) {
            *chance = ((*chance + UNSURE) / (*anywhere + UNSURE)).ln();
        }
        true
    }

    /// Mixes what follows a figure into what the shorter ones foretell, as in an interpolated Markov chain. Sequels that
    /// lead out of the range say nothing.
    fn mix_in(&self, figure: usize, last: u8, chances: &mut [f32]) {
        let pitches = chances.len();
        let sequels = self.sequels[self.sequels(figure)].iter().filter_map(|sequel| {
            let pitch = usize::try_from(i16::from(last) + i16::from(sequel.interval)).ok()?;
            #[expect(clippy::cast_precision_loss, reason = "a count is a weight here, and seven digits are enough")]
            (pitch < pitches).then_some((pitch, sequel.count as f32))
        });
        let (seen, kinds) = sequels.clone().fold((0.0, 0.0), |(seen, kinds), (_, count)| (seen + count, kinds + 1.0));
        let whole = seen + kinds * DOUBT;
        if whole > 0.0 {
            for chance in chances.iter_mut() {
                *chance *= kinds * DOUBT / whole;
            }
            for (pitch, count) in sequels {
                chances[pitch] += count / whole;
            }
        }
    }

    /// The figures that `past` ends with, as far as they are known: the root, then longer and longer ones.
    fn figures_before(&self, past: &Past) -> impl Iterator<Item = usize> {
        let mut intervals = past.intervals();
        std::iter::successors(Some(0), move |figure| self.child(*figure, intervals.next()?))
    }

    /// Where the sequels of a figure stand.
    fn sequels(&self, figure: usize) -> Range<usize> {
        self.figures[figure].sequels..self.figures[figure + 1].sequels
    }

    /// The figure that is one interval longer.
    fn child(&self, figure: usize, interval: i8) -> Option<usize> {
        let first = self.figures[figure].children;
        let children = &self.figures[first..self.figures[figure + 1].children];
        children.binary_search_by_key(&interval, |child| child.interval).ok().map(|index| first + index)
    }

    /// How far they are believed.
    pub fn pulls(&self) -> &Pulls {
        &self.pulls
    }

    /// The same counts, believed otherwise.
    #[must_use]
    pub fn with_pulls(self, pulls: Pulls) -> Self {
        Self { pulls, ..self }
    }

    /// How many figures are known, and how many sequels they have.
    pub fn sizes(&self) -> (usize, usize) {
        (self.figures.len() - 1, self.sequels.len())
    }
}

/// The bytes of a weights file: how many figures, then for each its interval, how many children and sequels it has, and
/// the sequels, each an interval and a count of one byte or more.
impl Licks {
    /// As they stand in a weights file, without their pulls: those stand on its card.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let (count, _) = self.sizes();
        let mut bytes = u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes().to_vec();
        for (index, pair) in self.figures.windows(2).enumerate() {
            // An interval is one of 255, and so are the children and the sequels of a figure at most.
            let few = |number: usize| u8::try_from(number).unwrap_or(u8::MAX);
            bytes.push(pair[0].interval.cast_unsigned());
            bytes.push(few(pair[1].children - pair[0].children));
            bytes.push(few(pair[1].sequels - pair[0].sequels));
            for sequel in &self.sequels[self.sequels(index)] {
                bytes.push(sequel.interval.cast_unsigned());
                write_count(sequel.count, &mut bytes);
            }
        }
        bytes
    }

    /// `None` when the bytes are no licks, whatever they are.
    pub(crate) fn from_bytes(bytes: &[u8], pulls: Pulls) -> Option<Self> {
        let (head, mut rest) = bytes.split_first_chunk::<4>()?;
        let count = usize::try_from(u32::from_le_bytes(*head)).ok()?;
        // Each figure takes three bytes, so a damaged count allocates no more than the file is long.
        if count == 0 || count > rest.len() / 3 {
            return None;
        }
        let mut licks = Self { figures: Vec::with_capacity(count + 1), sequels: Vec::new(), pulls };
        let mut children = 1;
        for _ in 0..count {
            let ([interval, of_children, of_sequels], after) = rest.split_first_chunk::<3>()?;
            rest = after;
            let sequels = licks.sequels.len();
            licks.figures.push(Figure { interval: interval.cast_signed(), children, sequels });
            children += usize::from(*of_children);
            for _ in 0..*of_sequels {
                let (interval, after) = rest.split_first()?;
                rest = after;
                licks.sequels.push(Sequel { interval: interval.cast_signed(), count: read_count(&mut rest)? });
            }
            if !licks.sequels[sequels..].is_sorted_by(|one, next| one.interval < next.interval) {
                return None;
            }
        }
        licks.figures.push(Figure { interval: 0, children, sequels: licks.sequels.len() });
        (rest.is_empty() && children == count && licks.is_a_tree()).then_some(licks)
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
impl Licks {
    /// From figures with their parents and sequels: the root first, then ascending in length, parent and interval. They
    /// are not believed yet.
    pub fn of(counted: Vec<Counted>) -> Self {
        let mut licks = Self { figures: Vec::new(), sequels: Vec::new(), pulls: [0.0; LENGTHS] };
        let mut children = vec![0; counted.len()];
        for figure in &counted[1..] {
            children[figure.parent] += 1;
        }
        let mut first = 1;
        for (figure, of_it) in counted.into_iter().zip(children) {
            let place = Figure { interval: figure.interval, children: first, sequels: licks.sequels.len() };
            licks.figures.push(place);
            licks.sequels.extend(figure.sequels);
            first += of_it;
        }
        licks.figures.push(Figure { interval: 0, children: first, sequels: licks.sequels.len() });
        licks
    }

    /// How often `next` was counted after the last of `intervals`.
    pub fn counted(&self, intervals: &[i8], next: i8) -> u32 {
        let figure = intervals.iter().rev().try_fold(0, |figure, interval| self.child(figure, *interval));
        let sequels = figure.map_or(&[][..], |figure| &self.sequels[self.sequels(figure)]);
        sequels.iter().find(|sequel| sequel.interval == next).map_or(0, |sequel| sequel.count)
    }

    /// How many sequels the figures of so many intervals have.
    pub fn sequels_of_length(&self, length: usize) -> usize {
        let level = (0..length)
            .fold(0..1, |level: Range<usize>, _| self.figures[level.start].children..self.figures[level.end].children);
        self.figures[level.end].sequels - self.figures[level.start].sequels
    }
}

/// A figure, and what was counted after it.
#[derive(Debug)]
pub struct Counted {
    /// The figure without its earliest interval.
    pub parent: usize,
    /// Its earliest interval; 0 for the root.
    pub interval: i8,
    /// Ascending in their interval.
    pub sequels: Vec<Sequel>,
}

#[cfg(test)]
impl Licks {
    /// Two figures with three sequels, believed more the less was found.
    pub(crate) fn of_two_figures() -> Self {
        let sequels = |of: &[(i8, u32)]| of.iter().map(|&(interval, count)| Sequel { interval, count }).collect();
        let root = Counted { parent: 0, interval: 0, sequels: sequels(&[(-2, 300), (5, 2)]) };
        let leap = Counted { parent: 0, interval: 5, sequels: sequels(&[(2, 9)]) };
        let pull = |found: u8| 1.0 - f32::from(found) / 10.0;
        Self::of(vec![root, leap]).with_pulls(std::array::from_fn(|found| pull(u8::try_from(found).unwrap())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PITCHES: usize = 20;

    fn past(pitches: &[u8]) -> Past {
        let mut past = Past::default();
        for pitch in pitches {
            past.push(*pitch);
        }
        past
    }

    /// What is told of the pitch `interval` away from the last one.
    fn told(pitches: &[u8], interval: i8) -> f32 {
        let mut told = Vec::new();
        assert!(Licks::of_two_figures().tell(&past(pitches), PITCHES, &mut told));
        told[usize::from(pitches[pitches.len() - 1].checked_add_signed(interval).unwrap())]
    }

    /// A successor of a figure is more probable after it than after any note.
    #[test]
    fn a_counted_successor_gains_after_its_figure() {
        assert!(told(&[1, 6], 2) > 1.0, "a fifth of the chances, but as good as never after any note");
        assert!(told(&[1, 6], -2) < 0.0, "at the cost of what is common");
        assert!(told(&[2, 6], 2).abs() < 1e-6, "that leap is no figure that is known");
        assert!(told(&[6], 2).abs() < 1e-6, "one note is no figure");
    }

    #[test]
    fn by_hand() {
        // After any note: even chances of 1/20 weigh 2 kinds x 16, beside 302 notes. After the leap: 16 beside 9.
        let anywhere = 1.6 / 334.0;
        let after = (9.0 + 16.0 * anywhere) / 25.0;
        assert!((told(&[1, 6], 2) - ((after + UNSURE) / (anywhere + UNSURE)).ln()).abs() < 1e-5);
        // From the lowest pitch nothing leads down, so it does not count: 1 kind, 2 notes.
        let anywhere: f32 = (2.0 + 16.0 / 20.0) / 18.0;
        let mut chances = vec![1.0 / 20.0; PITCHES];
        Licks::of_two_figures().mix_in(0, 0, &mut chances);
        assert!((chances[5] - anywhere).abs() < 1e-6 && (chances.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    }

    #[test]
    fn the_same_is_told_in_every_key() {
        for key in 2..10 {
            assert!((told(&[key, key + 5], 2) - told(&[1, 6], 2)).abs() < 1e-6);
        }
    }

    #[test]
    fn licks_are_believed_as_far_as_the_pulls_say() {
        let licks = Licks::of_two_figures();
        let (mut room, scores) = (Vec::new(), [1.0; PITCHES]);
        for found in 0..LENGTHS {
            let mut joined = scores;
            licks.join(&past(&[1, 6]), u8::try_from(found).unwrap(), &mut joined, &mut room);
            assert!((joined[8] - (1.0 + licks.pulls()[found] * told(&[1, 6], 2))).abs() < 1e-6);
        }
        let mut first = scores;
        licks.join(&Past::default(), 0, &mut first, &mut room);
        assert!(
            first.iter().zip(scores).all(|(joined, score)| joined.to_bits() == score.to_bits()),
            "no past, no licks"
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
        let licks = Licks::of_two_figures();
        assert_eq!(Licks::from_bytes(&licks.to_bytes(), *licks.pulls()), Some(licks));
        for count in [1, 127, 128, 16_383, 16_384, u32::MAX] {
            let mut bytes = Vec::new();
            write_count(count, &mut bytes);
            let mut rest = bytes.as_slice();
            assert_eq!((read_count(&mut rest), rest), (Some(count), &[][..]));
        }
    }

    #[test]
    fn bytes_that_are_no_licks_are_refused_without_a_panic() {
        let licks = Licks::of_two_figures();
        let (bytes, pulls) = (licks.to_bytes(), *licks.pulls());
        for length in 0..bytes.len() {
            assert_eq!(Licks::from_bytes(&bytes[..length], pulls), None);
        }
        assert_eq!(Licks::from_bytes(&[bytes.as_slice(), &[0]].concat(), pulls), None, "more than there is to say");
        assert_eq!(Licks::from_bytes(&[0xff; 64], pulls), None);
        let mut told = Vec::new();
        for position in 0..bytes.len() {
            for flip in 1..=u8::MAX {
                let mut bytes = bytes.clone();
                bytes[position] ^= flip;
                if let Some(licks) = Licks::from_bytes(&bytes, pulls) {
                    licks.tell(&past(&[1, 6, 4]), PITCHES, &mut told);
                    assert!(told.iter().all(|told| told.is_finite()));
                }
            }
        }
    }
}
