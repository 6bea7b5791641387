//! Licks: what the tunes that were learnt play after a figure, counted, in any key.
//!
//! The network knows a little of everything; this knows some thousand turns by heart. A figure is a run of up to
//! [`LONGEST`] intervals, and only what at least two tunes play after it is counted, so it holds what players share and
//! no tune. What it adds to the network's scores is how much likelier each pitch is after the figure than after any note:
//! what is common anyway the network knows itself. How far it is believed was tuned on tunes that neither had learnt from.
//! It stands in the weights file behind the network. Knows nothing of tensors, of time or of chords.

use crate::lookback::LENGTHS;
use serde::{Deserialize, Serialize};
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
pub(crate) struct Sequel {
    /// The interval to the next pitch, in semitones.
    pub interval: i8,
    /// How often, at least once.
    pub count: u32,
}

/// How far network and licks are believed: what counts of what they say.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Pull {
    /// Of the network, 0 to [`Self::MOST`].
    pub network: f32,
    /// Of the licks, 0 to [`Self::MOST`].
    pub licks: f32,
}

/// One for each length of the figure that was found in this session: whoever plays what was played before needs no licks.
pub type Pulls = [Pull; LENGTHS];

impl Pull {
    /// The highest pull that is believed.
    pub const MOST: f32 = 4.0;
    /// The network alone.
    pub const NONE: Self = Self { network: 1.0, licks: 0.0 };

    /// Whether it can have come from a training.
    pub fn is_possible(self) -> bool {
        [self.network, self.licks].into_iter().all(|pull| (0.0..=Self::MOST).contains(&pull))
    }
}

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
pub(crate) fn interval(from: u8, to: u8) -> i8 {
    to.wrapping_sub(from).cast_signed()
}

impl Licks {
    /// Adds what the licks say to what the network says: `scores` are its unnormalised log-probabilities of the pitch
    /// classes. `found` is the class of the length of the figure that was found in the session. `room` is overwritten.
    pub fn join(&self, past: &Past, found: u8, scores: &mut [f32], room: &mut Vec<f32>) {
        let Some(pull) = self.pulls.get(usize::from(found)) else { return };
        if self.tell(past, scores.len(), room) {
            for (score, told) in scores.iter_mut().zip(room) {
                *score = pull.network * *score + pull.licks * *told;
            }
        }
    }

    /// How much likelier each of `pitches` classes is after `past` than after any note, as a logarithm. False when nothing
    /// was played yet, and nothing is told then.
    pub(crate) fn tell(&self, past: &Past, pitches: usize, told: &mut Vec<f32>) -> bool {
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
            chances.iter_mut().for_each(|chance| *chance *= kinds * DOUBT / whole);
            sequels.for_each(|(pitch, count)| chances[pitch] += count / whole);
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
#[cfg(any(feature = "training", test))]
impl Licks {
    /// From figures with their parents and sequels: the root first, then ascending in length, parent and interval. They
    /// are not believed yet.
    pub(crate) fn of(counted: Vec<Counted>) -> Self {
        let mut licks = Self { figures: Vec::new(), sequels: Vec::new(), pulls: [Pull::NONE; LENGTHS] };
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
}

/// A figure, and what was counted after it.
#[cfg(any(feature = "training", test))]
#[derive(Debug)]
pub(crate) struct Counted {
    /// The figure without its earliest interval.
    pub parent: usize,
    /// Its earliest interval; 0 for the root.
    pub interval: i8,
    /// Ascending in their interval.
    pub sequels: Vec<Sequel>,
}
