//! Which classes of a note each head sees, and where their rows lie in the embedding tables.

use crate::lookback::{LAGS, LookBackFeatures, MOTIF_LENGTHS, RepeatFeatures};
use crate::vocabulary::{ClassCounts, Tokens};

/// The context of one decision. Each head reads only the fields that are known when it is its turn.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct HeadContext {
    /// The note that was just played.
    pub heard: Tokens,
    /// The parts of the next note that are already chosen.
    pub next: Tokens,
    /// The look-back features after `heard`.
    pub features: LookBackFeatures,
    /// What sounded whole bars before the next onset.
    pub repeats: RepeatFeatures,
}

/// A kind of class that has rows in an embedding table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    Step,
    ComputeDevice,
    Pitch,
    Duration,
    Velocity,
    Metre,
    Chord,
    Bass,
    FigureLength,
    FigurePitch,
    FigureStep,
    FigureDuration,
    EchoedStep(usize),
    EchoedPitch(usize),
    EchoedDuration(usize),
}

/// The layout of one embedding table: for each kind, where its rows begin.
#[derive(Debug, Clone)]
pub(crate) struct EmbeddingTable {
    note: fn(&HeadContext) -> Tokens,
    pub(super) kinds: Vec<(TokenKind, usize)>,
    pub(super) length: usize,
}

/// The layout of every embedding table.
#[derive(Debug, Clone)]
pub(crate) struct EmbeddingTables {
    pub event: EmbeddingTable,
    pub step: EmbeddingTable,
    pub pitch: EmbeddingTable,
    pub duration: EmbeddingTable,
    pub velocity: EmbeddingTable,
}

/// The standard deviation of a freshly initialised sum of rows. It moves the gates about as much as the defaults of
/// other libraries.
pub(super) const SUM_SPREAD: f64 = 1.7;

impl EmbeddingTables {
    pub fn of(counts: ClassCounts) -> Self {
        use TokenKind::{
            Bass, Chord, ComputeDevice, Duration, EchoedDuration, EchoedPitch, EchoedStep, FigureDuration,
            FigureLength, FigurePitch, FigureStep, Metre, Pitch, Step, Velocity,
        };
        let table = |note: fn(&HeadContext) -> Tokens, kinds: &[TokenKind], echoed: Option<fn(usize) -> TokenKind>| {
            let echoed = echoed.into_iter().flat_map(|kind| (0..LAGS).map(kind));
            let mut length = 0;
            let kinds = kinds.iter().copied().chain(echoed).map(|kind| {
                let first = length;
                length += kind.count(counts);
                (kind, first)
            });
            EmbeddingTable { note, kinds: kinds.collect(), length }
        };
        // What follows a note depends mostly on its pitch. The head sees that directly, and need not learn to pass it
        // through the LSTM.
        let before = |context: &HeadContext| Tokens { pitch: context.heard.pitch, ..context.next };
        Self {
            event: table(
                |context| context.heard,
                &[
                    Step,
                    ComputeDevice,
                    Pitch,
                    Duration,
                    Velocity,
                    Metre,
                    Chord,
                    Bass,
                    FigureLength,
                    FigurePitch,
                    FigureStep,
                    FigureDuration,
                ],
                None,
            ),
            step: table(
                |context| context.heard,
                &[ComputeDevice, Duration, FigureLength, FigureStep],
                Some(EchoedStep),
            ),
            pitch: table(
                before,
                &[Step, ComputeDevice, Pitch, Chord, Bass, FigureLength, FigurePitch, FigureStep],
                Some(EchoedPitch),
            ),
            duration: table(
                |context| context.next,
                &[Step, ComputeDevice, Pitch, Chord, Bass, FigureLength, FigurePitch, FigureStep, FigureDuration],
                Some(EchoedDuration),
            ),
            velocity: table(|context| context.next, &[Step, ComputeDevice, Pitch, Duration], None),
        }
    }
}

impl EmbeddingTable {
    /// The rows of a context, one of each kind.
    pub fn rows(&self, context: HeadContext) -> impl Iterator<Item = usize> {
        let note = (self.note)(&context);
        self.kinds.iter().map(move |(kind, first)| first + kind.class(note, &context))
    }
}

impl TokenKind {
    fn count(self, counts: ClassCounts) -> usize {
        match self {
            Self::Step => counts.step,
            Self::ComputeDevice => counts.place,
            Self::Pitch => counts.pitch,
            Self::Duration => counts.duration,
            Self::Velocity => counts.velocity,
            Self::Metre => counts.metre,
            Self::Chord => counts.chord,
            Self::Bass => counts.bass,
            Self::FigureLength => MOTIF_LENGTHS,
            Self::FigurePitch | Self::EchoedPitch(_) => 1 + counts.pitch,
            Self::FigureStep | Self::EchoedStep(_) => 1 + counts.step,
            Self::FigureDuration | Self::EchoedDuration(_) => 1 + counts.duration,
        }
    }

    fn class(self, note: Tokens, context: &HeadContext) -> usize {
        usize::from(match self {
            Self::Step => note.step,
            Self::ComputeDevice => note.place,
            Self::Pitch => note.pitch,
            Self::Duration => note.duration,
            Self::Velocity => note.velocity,
            Self::Metre => note.metre,
            Self::Chord => note.chord,
            Self::Bass => note.bass,
            Self::FigureLength => context.features.figure.length,
            Self::FigurePitch => context.features.figure.pitch,
            Self::FigureStep => context.features.figure.step,
            Self::FigureDuration => context.features.figure.duration,
            Self::EchoedStep(place) => context.features.steps[place],
            Self::EchoedPitch(place) => context.repeats.pitches[place],
            Self::EchoedDuration(place) => context.repeats.durations[place],
        })
    }
}
