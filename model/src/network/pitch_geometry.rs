//! Initial embeddings in which pitches that sound alike are close.

use super::embedding::{EmbeddingTable, SUM_SPREAD, TokenKind};
use crate::chord::{ChordKind, OCTAVE};
use crate::vocabulary::Vocabulary;
use burn::module::Param;
use burn::nn::{Embedding, EmbeddingConfig};
use burn::tensor::{Device, Distribution, Tensor, TensorData};

/// The numbers that describe a pitch: sine and cosine for each period.
pub(super) const SHAPES: usize = 2 * PERIODS.len();
/// The periods in semitones: six circles for the parts of an octave, three for two, four and eight octaves.
const PERIODS: [f32; 9] = [12.0, 6.0, 4.0, 3.0, 2.4, 2.0, 24.0, 48.0, 96.0];
/// The number of periods that divide the octave.
const IN_OCTAVE: usize = 6;

/// Pitches as points on circles. Two pitches an interval apart differ by the same rotation in every register, so a
/// melody learnt in one key is half learnt in all. A chord is its root and, beside it, half the sum of its tones.
pub(super) struct Shapes {
    /// `[pitches, SHAPES]`
    pub pitch: Tensor<2>,
    /// The same after a row of zeros for "none".
    maybe_pitch: Tensor<2>,
    /// `[1 + chords, 2 × SHAPES]`: the root, then the tones.
    chord: Tensor<2>,
    /// `[1 + 12, SHAPES]`
    bass: Tensor<2>,
}

impl Shapes {
    pub fn of(vocabulary: &Vocabulary, device: &Device) -> Self {
        let tensor = |numbers: Vec<f32>, width: usize| {
            let shape = [numbers.len() / width, width];
            Tensor::from_data(TensorData::new(numbers, shape), device)
        };
        let none = || [0.0; SHAPES];
        let pitches =
            || (0..vocabulary.counts().pitch).map(|class| circles(vocabulary.pitch(class).key(), PERIODS.len()));
        let tone = |class: u8| circles(class, IN_OCTAVE);
        let chords = (0..OCTAVE).flat_map(|root| ChordKind::ALL.map(|kind| (root, kind.tones())));
        let chord = |(root, tones): (u8, &[u8])| {
            let mut sum = none();
            for point in tones.iter().map(|above| tone(root + above)) {
                sum.iter_mut().zip(point).for_each(|(sum, number)| *sum += number / 2.0);
            }
            [tone(root), sum]
        };
        Self {
            pitch: tensor(pitches().flatten().collect(), SHAPES),
            maybe_pitch: tensor(std::iter::once(none()).chain(pitches()).flatten().collect(), SHAPES),
            chord: tensor(
                std::iter::once([none(); 2]).chain(chords.map(chord)).flatten().flatten().collect(),
                2 * SHAPES,
            ),
            bass: tensor(std::iter::once(none()).chain((0..OCTAVE).map(tone)).flatten().collect(), SHAPES),
        }
    }

    /// The initial rows of a table: random, but similar for pitches that sound alike, and zero for a feature that is
    /// absent.
    pub fn rows(&self, table: &EmbeddingTable, width: usize, device: &Device) -> Embedding {
        #[expect(clippy::cast_precision_loss, reason = "there are a dozen kinds")]
        let spread = SUM_SPREAD / (table.kinds.len() as f64).sqrt();
        let random = |count: usize| Tensor::random([count, width], Distribution::Normal(0.0, spread), device);
        let hint = |count: usize| Tensor::cat(vec![Tensor::zeros([1, width], device), random(count - 1)], 0);
        let shaped = |shapes: &Tensor<2>| shapes.clone().matmul(random(shapes.dims()[1]));
        let ends = table.kinds.iter().skip(1).map(|(_, first)| *first).chain([table.length]);
        let parts = table.kinds.iter().zip(ends).map(|((kind, first), end)| match kind {
            TokenKind::Pitch => shaped(&self.pitch),
            TokenKind::FigurePitch | TokenKind::EchoedPitch(_) => shaped(&self.maybe_pitch),
            TokenKind::Chord if end - first > 1 => shaped(&self.chord),
            TokenKind::Bass if end - first > 1 => shaped(&self.bass),
            TokenKind::Step
            | TokenKind::ComputeDevice
            | TokenKind::Duration
            | TokenKind::Velocity
            | TokenKind::Metre => random(end - first),
            _ => hint(end - first),
        });
        let mut rows = EmbeddingConfig::new(table.length, width).init(device);
        rows.weight = Param::from_tensor(Tensor::cat(parts.collect(), 0));
        rows
    }
}

/// A point on each of the first `turning` circles; zero on the others.
fn circles(key: u8, turning: usize) -> [f32; SHAPES] {
    let mut point = [0.0; SHAPES];
    for (at, period) in point.chunks_exact_mut(2).zip(PERIODS).take(turning) {
        let (sine, cosine) = (f32::from(key) / period * std::f32::consts::TAU).sin_cos();
        at.copy_from_slice(&[sine, cosine]);
    }
    point
}
