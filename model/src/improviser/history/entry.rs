//! One note of the history, and what was known when it was heard or decided.

use super::MEMORY_STRETCH;
use crate::chord::Chord;
use crate::dynamics::PlayerDynamics;
use crate::lookback::LookBack;
use crate::lstm::{Model, ModelState};
use crate::note::{Bars, Note, Pitch, Ticks};
use crate::sampling::{DrawStream, draw};
use crate::vocabulary::{Tokens, Vocabulary};

/// A note of Segue's that was retracted before it began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Retracted {
    pub turn: u32,
    pub index: u32,
    pub onset: Ticks,
}

/// A note with everything before it.
#[derive(Debug)]
pub(super) struct HistoryEntry {
    /// A heard note gets its duration when it is processed.
    pub note: Note,
    pub by: PlayedBy,
    pub context: NoteContext,
    /// The duration that the model expected of a heard note; `None` where it was not needed.
    pub expected: Option<Ticks>,
    /// The note as the model saw it. Valid for the first `processed` notes.
    pub tokens: Tokens,
    /// The state before it. Valid for the first `processed` notes.
    pub before: ModelState,
    /// The player's dynamics before it. Valid for the first `processed` notes.
    pub dynamics: PlayerDynamics,
}

/// The context of a note.
#[derive(Debug, Clone, Copy)]
pub struct NoteContext {
    /// The bars; `None` in free time.
    pub bars: Option<Bars>,
    /// The chord; `None` without one.
    pub chord: Option<Chord>,
    /// How often look-back features are shown, as of when the note was heard or decided.
    pub look_back: LookBackShare,
}

/// Whether look-back features are shown, by `SamplingParameters::memory` and `SamplingParameters::seed`.
#[derive(Debug, Clone, Copy)]
pub struct LookBackShare {
    /// The share of stretches with features, 0 to 1.
    pub share: f32,
    /// The seed decides in which stretches.
    pub seed: u64,
}

/// What was drawn for a bar of Segue's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BarLag {
    /// How many bars before the bar stands that it takes up; 0 when it takes up none.
    pub lag: u8,
    /// Whether it would have taken up what its turn took up before. It is decided without memory.
    pub is_kept_new: bool,
}

/// Who played a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlayedBy {
    /// The player: the onset as played, how long the key was `held` (`None` while it is down), and the recent ratio of
    /// key time to time between key presses.
    Player { id: u32, struck: Ticks, held: Option<Ticks>, gate_percent: u8 },
    /// Segue: the `index`th note of a turn, the pitch that sounds, and the lag of its bar.
    Segue { turn: u32, index: u32, sounding: Pitch, lag: BarLag },
}

impl PlayedBy {
    /// The number of Segue's turn; `None` for a note of the player's.
    pub fn turn(self) -> Option<u32> {
        match self {
            Self::Segue { turn, .. } => Some(turn),
            Self::Player { .. } => None,
        }
    }
}

impl LookBackShare {
    /// Whether look-back features are shown after this session. The draw depends on the stretch, so notes that are
    /// decided again see the same. Whole stretches are drawn because a motif that is hidden at every third note could
    /// not be continued. A session that goes round and round shows none: Segue would quote its last answer for ever.
    /// One that has hardly begun shows none either: see [`fewest_notes`].
    pub fn shows(self, model: &Model, session: &LookBack) -> bool {
        let stretch = u32::try_from(session.count() / MEMORY_STRETCH).unwrap_or(u32::MAX);
        let share = self.share * model.card().decoding_bias.recall;
        let is_drawn = model.card().look_back && draw(self.seed, 0, stretch, DrawStream::Memory) < share;
        is_drawn && session.count() >= fewest_notes(model.vocabulary()) && !session.comes_round()
    }
}

/// Look-back features are hidden before this many notes. Of a beginning they know only the line's own first notes, and
/// would hold it there: with one key heard, piano stayed on its pitch class in octaves for bars. Written tunes begin as
/// tunes do without this.
fn fewest_notes(vocabulary: &Vocabulary) -> usize {
    if vocabulary.is_notation() { 0 } else { 8 }
}
