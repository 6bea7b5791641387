//! Learning licks: what tunes share is counted, and how far it is to be believed is tuned on tunes that were not counted.

use super::Lessons;
use super::evaluate::{Figures, evaluate, markov};
use super::pieces::{ALL_TOLD, Piece, Silence, silence};
use crate::licks::{Counted, LONGEST, Licks, Past, Pull, Pulls, Sequel, interval};
use crate::lookback::LENGTHS;
use crate::mind::{Mind, Room};
use crate::vocabulary::Vocabulary;
use crate::weights;
use anyhow::Context;
use burn::tensor::Device;
use fastrand::Rng;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

/// What is played in fewer tunes than this is nobody's lick.
const FEWEST_TUNES: u32 = 2;
/// Nats per note that licks must bring on tunes that were not counted.
const LEAST_GAIN: f64 = 0.005;

/// The licks that the network of `mind` is better with, learnt from some tunes and tuned on others; `None` when it is no
/// better with any.
pub fn learnt(mind: &Mind, train: &[Piece], valid: &[Piece]) -> Option<Licks> {
    let vocabulary = mind.vocabulary();
    let melodies: Vec<Vec<u8>> = train.iter().map(|piece| melody(piece, vocabulary)).collect();
    let licks = counted(&melodies)?;
    let samples = Samples::of(mind, &licks, valid);
    let pulls = samples.pulls();
    let gain = samples.loss(&[Pull::NONE; LENGTHS]) - samples.loss(&pulls);
    let (figures, sequels) = licks.sizes();
    println!("licks: {sequels} after {figures} figures; the pitch is {gain:.3} nats surer with them");
    (gain >= LEAST_GAIN).then(|| licks.with_pulls(pulls))
}

/// The bytes of a weights file with the same network and with the licks of these lessons, in half precision, and its
/// figures on their test tunes.
///
/// # Errors
/// When the file cannot be read.
pub fn renewed(path: &Path, lessons: &Lessons) -> anyhow::Result<(Vec<u8>, Figures)> {
    let name = path.display().to_string();
    let bytes = fs::read(path).with_context(|| format!("{name}: cannot be read"))?;
    let (mut card, network) = weights::read(&bytes, &name, &Device::flex())?;
    let licks = learnt(&Mind::new(card.clone(), &network), &lessons.train, &lessons.valid);
    let mind = Mind::new(card.clone(), &network).with_licks(licks.clone());
    let figures = evaluate(&mind, &lessons.test, &markov(&lessons.train, mind.vocabulary()));
    card.figures = figures.named().into_iter().collect();
    let bytes = weights::to_bytes(&card, &network, licks.as_ref(), true).map_err(anyhow::Error::msg)?;
    Ok((bytes, figures))
}

fn melody(piece: &Piece, vocabulary: &Vocabulary) -> Vec<u8> {
    piece.classes(vocabulary).iter().map(|note| note.pitch).collect()
}

/// What at least [`FEWEST_TUNES`] melodies play after each figure; `None` when they share nothing.
fn counted(melodies: &[Vec<u8>]) -> Option<Licks> {
    /// How often, in how many melodies, and in which one last.
    #[derive(Default)]
    struct Seen {
        count: u32,
        tunes: u32,
        last: Option<usize>,
    }
    let mut figures: Vec<Counted> = Vec::new();
    // Per note the longest figure so far that ends with it, as long as it is shared.
    let mut ends: Vec<Vec<Option<usize>>> = melodies.iter().map(|melody| vec![Some(0); melody.len()]).collect();
    for length in 0..=LONGEST {
        let earliest = |melody: &[u8], at: usize| {
            if length == 0 { 0 } else { interval(melody[at - length], melody[at + 1 - length]) }
        };
        let mut seen: BTreeMap<(usize, i8, i8), Seen> = BTreeMap::new();
        for (tune, (melody, ends)) in melodies.iter().zip(&ends).enumerate() {
            for at in length..melody.len().saturating_sub(1) {
                let Some(parent) = ends[at] else { continue };
                let seen =
                    seen.entry((parent, earliest(melody, at), interval(melody[at], melody[at + 1]))).or_default();
                seen.count += 1;
                if seen.last.replace(tune) != Some(tune) {
                    seen.tunes += 1;
                }
            }
        }
        let mut level: HashMap<(usize, i8), usize> = HashMap::new();
        for ((parent, earliest, interval), seen) in seen {
            if seen.tunes < FEWEST_TUNES {
                continue;
            }
            let index = *level.entry((parent, earliest)).or_insert_with(|| {
                figures.push(Counted { parent, interval: earliest, sequels: Vec::new() });
                figures.len() - 1
            });
            figures[index].sequels.push(Sequel { interval, count: seen.count });
        }
        for (melody, ends) in melodies.iter().zip(&mut ends) {
            for (at, end) in ends.iter_mut().enumerate() {
                let parent = end.take().filter(|_| at >= length);
                *end = parent.and_then(|parent| level.get(&(parent, earliest(melody, at))).copied());
            }
        }
    }
    (!figures.is_empty()).then(|| Licks::of(figures))
}

/// What network and licks say of each note of some tunes.
struct Samples {
    pitches: usize,
    /// Per note as many log-probabilities as there are pitches, of the network.
    network: Vec<f32>,
    /// As many, of what the licks add.
    licks: Vec<f32>,
    notes: Vec<Asked>,
}

/// One note that was foretold.
#[derive(Clone, Copy)]
struct Asked {
    /// The class of its pitch.
    pitch: usize,
    /// The class of the length of the figure that was found in the session.
    found: usize,
}

/// What is wrong with a pull, and how that changes with it.
#[derive(Default)]
struct Slope {
    loss: f64,
    /// By the network's pull, then by the licks'.
    first: [f64; 2],
    /// By the network's twice, by both, by the licks' twice.
    second: [f64; 3],
}

impl Samples {
    /// As in playing, with everything told, and again without chords where the style knows some.
    fn of(mind: &Mind, licks: &Licks, pieces: &[Piece]) -> Self {
        let vocabulary = mind.vocabulary();
        let pitches = vocabulary.counts().pitch;
        let mut samples = Self { pitches, network: Vec::new(), licks: Vec::new(), notes: Vec::new() };
        let no_chords = vocabulary.chords.then_some(Silence { chords: 1.0, ..ALL_TOLD });
        for (quiet, piece) in [Some(ALL_TOLD), no_chords]
            .into_iter()
            .flatten()
            .flat_map(|quiet| pieces.iter().map(move |piece| (quiet, piece)))
        {
            let mut moments = piece.moments(vocabulary);
            silence(&mut moments, quiet, &mut Rng::with_seed(0));
            let (mut state, mut room, mut past) = (mind.blank(), Room::default(), Past::default());
            let mut told = Vec::new();
            for moment in moments {
                past.push(moment.heard.pitch);
                mind.take_in(moment.heard, moment.hints, &mut state, &mut room);
                let Some(next) = moment.next else { continue };
                let mut heads = mind.listen(&state, &mut room);
                let scores = heads.pitch(next, moment.echoes);
                licks.tell(&past, pitches, &mut told);
                samples.network.extend_from_slice(scores);
                samples.licks.extend_from_slice(&told[..pitches]);
                samples.notes.push(Asked { pitch: next.pitch.into(), found: moment.hints.figure.length.into() });
            }
        }
        samples
    }

    fn rows(&self) -> impl Iterator<Item = (Asked, &[f32], &[f32])> {
        let both = self.network.chunks_exact(self.pitches).zip(self.licks.chunks_exact(self.pitches));
        self.notes.iter().zip(both).map(|(asked, (network, licks))| (*asked, network, licks))
    }

    /// Nats per note.
    fn loss(&self, pulls: &Pulls) -> f64 {
        let mut slope = Slope::default();
        for (asked, network, licks) in self.rows() {
            slope.add(pulls[asked.found], asked.pitch, network, licks);
        }
        #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52 notes")]
        let notes = self.notes.len().max(1) as f64;
        slope.loss / notes
    }

    /// The pulls that make the loss least: one for all notes, then one for each length of what was found, drawn towards
    /// the one for all as if by a few notes.
    fn pulls(&self) -> Pulls {
        let all = self.tuned(|_| true, Pull::NONE);
        std::array::from_fn(|found| self.tuned(|asked| asked.found == found, all))
    }

    /// Newton's method; the loss is convex.
    fn tuned(&self, counts: impl Fn(Asked) -> bool, anchor: Pull) -> Pull {
        const ROUNDS: usize = 12;
        let mut pull = anchor;
        let mut stride = 1.0;
        let mut last: Option<(Pull, f64, [f64; 2])> = None;
        for _ in 0..ROUNDS {
            let mut slope = Slope::anchored(pull, anchor);
            for (asked, network, licks) in self.rows().filter(|(asked, _, _)| counts(*asked)) {
                slope.add(pull, asked.pitch, network, licks);
            }
            let (from, way) = match last {
                // Too far: half as far, from where it was.
                Some((from, loss, way)) if slope.loss > loss => {
                    stride /= 2.0;
                    (from, way)
                }
                _ => {
                    stride = 1.0;
                    let way = slope.way();
                    last = Some((pull, slope.loss, way));
                    (pull, way)
                }
            };
            pull = moved(from, way, stride);
        }
        last.map_or(anchor, |(best, _, _)| best)
    }
}

/// What can be believed is bounded.
fn moved(from: Pull, way: [f64; 2], stride: f64) -> Pull {
    #[expect(clippy::cast_possible_truncation, reason = "a pull needs few digits")]
    let part = |from: f32, way: f64| (f64::from(from) + stride * way).clamp(0.0, f64::from(Pull::MOST)) as f32;
    Pull { network: part(from.network, way[0]), licks: part(from.licks, way[1]) }
}

impl Slope {
    /// Of the wish to stay near `anchor`.
    fn anchored(pull: Pull, anchor: Pull) -> Self {
        const NOTES: f64 = 30.0;
        let off = [f64::from(pull.network - anchor.network), f64::from(pull.licks - anchor.licks)];
        Self {
            loss: NOTES / 2.0 * (off[0] * off[0] + off[1] * off[1]),
            first: off.map(|off| NOTES * off),
            second: [NOTES, 0.0, NOTES],
        }
    }

    /// Of the note whose pitch is `truth`: under softmax its gradient is the mean of what is summed less what is true,
    /// and the second derivatives are the variances.
    fn add(&mut self, pull: Pull, truth: usize, network: &[f32], licks: &[f32]) {
        let score = |index: usize| f64::from(pull.network * network[index] + pull.licks * licks[index]);
        let peak = (0..network.len()).map(score).fold(f64::NEG_INFINITY, f64::max);
        let (mut whole, mut mean, mut square) = (0.0, [0.0; 2], [0.0; 3]);
        for index in 0..network.len() {
            let weight = (score(index) - peak).exp();
            let both = [f64::from(network[index]), f64::from(licks[index])];
            whole += weight;
            mean = [mean[0] + weight * both[0], mean[1] + weight * both[1]];
            let squares = [both[0] * both[0], both[0] * both[1], both[1] * both[1]];
            square = std::array::from_fn(|part| square[part] + weight * squares[part]);
        }
        let mean = mean.map(|sum| sum / whole);
        let square = square.map(|sum| sum / whole);
        self.loss += whole.ln() - (score(truth) - peak);
        self.first[0] += mean[0] - f64::from(network[truth]);
        self.first[1] += mean[1] - f64::from(licks[truth]);
        self.second[0] += square[0] - mean[0] * mean[0];
        self.second[1] += square[1] - mean[0] * mean[1];
        self.second[2] += square[2] - mean[1] * mean[1];
    }

    /// Newton's way to where the slope is level.
    fn way(&self) -> [f64; 2] {
        let ([one, other], [left, cross, right]) = (self.first, self.second);
        let determinant = left * right - cross * cross;
        if determinant <= 0.0 {
            return [0.0; 2];
        }
        [(cross * other - right * one) / determinant, (cross * one - left * other) / determinant]
    }
}
