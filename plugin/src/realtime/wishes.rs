//! When the mind is asked, and for what.
//!
//! A note is decided as of the position that lies `look_ahead` before the earliest moment at which it could sound: the
//! onset of the note before it, or its end in a style of single lines. These positions follow from the notes alone, so
//! where the host cuts its blocks changes nothing. What was asked before the last change of plan carries an older
//! generation and is not played.

use super::clock::{Position, Span, float};
use super::turns::Answer;
use crate::link::{OPEN_WISHES, Planned, Wish};
use segue_model::improviser::Begin;
use segue_model::note::{Bars, Note, Ticks};
use segue_model::sampling::Knobs;

/// Later than anything.
const LATEST: Ticks = Ticks(i64::MAX);

/// What is being thought about.
#[derive(Debug, Clone, Copy)]
struct Thought {
    answer: Answer,
    next: Next,
    /// The position from which on the answer was known to come.
    known: Position,
    /// The running number of the turn.
    turn: u32,
    /// A wish is under way.
    asked: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// The first note of the answer.
    First,
    /// What follows the notes that were decided.
    After {
        /// The onset of the last of them.
        last: Ticks,
        /// Nothing begins earlier.
        from: Ticks,
    },
}

/// See the module.
#[derive(Debug, Default)]
pub struct Wishes {
    generation: u32,
    /// Turns of which something sounded. What is only planned has no number of its own, so that planning anew draws
    /// the same notes again.
    turns: u32,
    thought: Option<Thought>,
    /// Wishes of any generation whose reply is not complete.
    open: usize,
    knobs: KnobHistory,
}

impl Wishes {
    /// Begins to think about an answer that is known to come from `known` on.
    pub fn begin(&mut self, answer: Answer, known: Position) {
        self.generation = self.generation.wrapping_add(1);
        let turn = self.turns.wrapping_add(1);
        self.thought = Some(Thought { answer, next: Next::First, known, turn, asked: false });
    }

    /// The answer has begun to sound.
    pub fn count_turn(&mut self) {
        if let Some(thought) = self.thought {
            self.turns = thought.turn;
        }
    }

    /// Thinks no more. `None` when the mind was not asked at all; else the earliest onset of what it may have decided
    /// and not told yet.
    pub fn drop_thought(&mut self) -> Option<Ticks> {
        self.generation = self.generation.wrapping_add(1);
        let thought = self.thought.take()?;
        Some(match thought.next {
            Next::First if !thought.asked => return None,
            Next::First => thought.answer.start,
            Next::After { .. } if !thought.asked => LATEST,
            // The last note may have sounded, and a note on the same tick would be taken for it.
            Next::After { last, from } => from.max(last + Ticks(1)),
        })
    }

    /// Counts turns from the beginning again.
    pub fn restart_turns(&mut self) {
        self.turns = 0;
    }

    /// Positions are counted from zero again.
    pub fn forget_positions(&mut self) {
        self.knobs = KnobHistory::default();
    }

    /// Remembers the controls from this position on.
    pub fn note_knobs(&mut self, position: Position, knobs: Knobs) {
        self.knobs.note(position, knobs);
    }

    /// As of which frame of this block, which begins at `block_start`, the next wish is. Negative when its time has
    /// passed; `None` when there is none to make.
    pub fn due(&self, span: &Span, block_start: Position, look_ahead: i64) -> Option<i64> {
        let thought = self.thought.filter(|thought| !thought.asked)?;
        if self.open >= OPEN_WISHES {
            return None;
        }
        let Answer { start, end, lag } = thought.answer;
        match thought.next {
            Next::First => {
                let before = span.offset_of(float(start) + lag).saturating_sub(look_ahead);
                Some(before.max(thought.known.0.saturating_sub(block_start.0)))
            }
            Next::After { from, .. } if from < end => {
                Some(span.offset_of(float(from) + lag).saturating_sub(look_ahead))
            }
            Next::After { .. } => None,
        }
    }

    /// The wish that is due, as of a position. `beyond` is how far past the earliest onset it shall reach, for blocks so
    /// long that one reply a block must bring more than one step.
    pub fn make(&self, as_of: Position, beyond: Ticks, bars: Bars, form: Ticks) -> Option<Wish> {
        let thought = self.thought?;
        let (begin, from) = match thought.next {
            Next::First => (Begin::At(thought.answer.start), thought.answer.start),
            Next::After { from, .. } => (Begin::NotBefore(from), from),
        };
        Some(Wish {
            generation: self.generation,
            turn: thought.turn,
            begin,
            horizon: from + Ticks(1) + beyond,
            bars: Some(bars),
            form,
            ends: Some(thought.answer.end),
            knobs: self.knobs.at(as_of)?,
        })
    }

    /// The wish is on its way.
    pub fn asked(&mut self) {
        self.open += 1;
        if let Some(thought) = &mut self.thought {
            thought.asked = true;
        }
    }

    /// Takes a reply in: a note that belongs to the present plan comes back to be played.
    pub fn take(&mut self, reply: Planned) -> Option<Note> {
        match reply {
            Planned::Note { generation, note } => {
                let thought = self.thought.as_mut().filter(|_| generation == self.generation)?;
                thought.next = match thought.next {
                    Next::First => Next::After { last: note.onset, from: note.onset },
                    Next::After { last, from } => Next::After { last: last.max(note.onset), from },
                };
                (note.onset < thought.answer.end).then_some(note)
            }
            Planned::Until { generation, nothing_before, .. } => {
                self.open = self.open.saturating_sub(1);
                if let Some(thought) = self.thought.as_mut().filter(|_| generation == self.generation) {
                    thought.asked = false;
                    if let Next::After { last, from } = &mut thought.next {
                        *from = nothing_before.max(*last);
                    }
                }
                None
            }
            Planned::Failed { generation } => {
                self.open = self.open.saturating_sub(1);
                if generation == self.generation {
                    self.thought = None;
                }
                None
            }
        }
    }

    /// Whether a reply to the present plan is under way.
    pub fn is_asked(&self) -> bool {
        self.thought.is_some_and(|thought| thought.asked)
    }
}

/// The controls of late, by position: a wish whose moment has passed asks for them as they were.
#[derive(Debug)]
struct KnobHistory {
    ring: [Option<(Position, Knobs)>; Self::LENGTH],
    newest: usize,
}

impl Default for KnobHistory {
    fn default() -> Self {
        Self { ring: [None; Self::LENGTH], newest: 0 }
    }
}

impl KnobHistory {
    /// Changes that are remembered: one every millisecond, for as long as a plan may be late.
    const LENGTH: usize = 64;

    fn note(&mut self, position: Position, knobs: Knobs) {
        let newest = self.ring.get(self.newest).copied().flatten();
        if newest.is_some_and(|(_, newest)| same(newest, knobs)) {
            return;
        }
        self.newest = (self.newest + 1) % Self::LENGTH;
        if let Some(slot) = self.ring.get_mut(self.newest) {
            *slot = Some((position, knobs));
        }
    }

    /// As they were at a position; the oldest that are known when it lies further back.
    fn at(&self, position: Position) -> Option<Knobs> {
        let known = self.ring.iter().flatten();
        let past = known.clone().filter(|(since, _)| *since <= position).max_by_key(|(since, _)| *since);
        past.or_else(|| known.min_by_key(|(since, _)| *since)).map(|(_, knobs)| *knobs)
    }
}

fn same(one: Knobs, other: Knobs) -> bool {
    one.temperature.to_bits() == other.temperature.to_bits()
        && one.top_p.to_bits() == other.top_p.to_bits()
        && one.memory.to_bits() == other.memory.to_bits()
        && one.seed == other.seed
        && one.limits == other.limits
}
