//! When the worker is asked for notes, and which of its replies count.
//!
//! A note is decided as of the position that lies the look-ahead before the earliest moment at which it could sound:
//! the onset of the note before it or, in a style of single lines, that note's end. These positions follow from the
//! notes alone, so the host's block size changes nothing. A change of plan starts a new generation, and replies of an
//! older generation are discarded, with one exception: where only what follows a moment is decided again, earlier notes
//! still count, even if their reply arrives late.
//!
//! Knows neither the schedule nor the turn: the caller names the part to plan.

use super::parameter_history::ParameterHistory;
use crate::host::Mode;
use crate::link::{Generation, OPEN_REQUESTS, Reply, Request, TurnNumber};
use crate::time::swing::Swing;
use crate::time::tick_map::{FramePosition, TickMap};
use crate::turns::turn::Part;
use arrayvec::ArrayVec;
use segue_model::improviser::Begin;
use segue_model::note::{Bars, Note, Ticks};
use segue_model::sampling::SamplingParameters;

/// Later than every tick.
const LATEST: Ticks = Ticks(i64::MAX);
/// Earlier than every tick.
const EARLIEST: Ticks = Ticks(i64::MIN);

/// Names a draft, so that a reply is matched with the draft that asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct DraftId(u32);

/// The plan of one part while its notes are being decided.
#[derive(Debug, Clone, Copy)]
struct Draft {
    part: Part,
    next: Next,
    /// The position from which on the part was known to come. No request for it is due earlier.
    known: FramePosition,
    turn: TurnNumber,
    id: DraftId,
    state: DraftState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DraftState {
    /// The next request is made when it is due.
    Open,
    /// A request is under way.
    Requested,
    /// The model failed over the last request. The notes before it still count, and no more requests are made.
    Failed,
}

/// What the next request of a draft asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// The first note of the part.
    First,
    /// The notes after those that have arrived.
    After {
        /// The onset of the last of them.
        last: Ticks,
        /// No further note begins before this tick.
        from: Ticks,
    },
}

impl Next {
    /// The earliest onset of a note that has not arrived.
    fn earliest_onset(self, part: Part) -> Ticks {
        match self {
            Self::First => part.start,
            // The last note may already sound, and retracting its tick would retract it as well.
            Self::After { last, from } => from.max(last + Ticks(1)),
        }
    }
}

/// A request whose reply is not complete.
#[derive(Debug, Clone, Copy)]
struct OpenRequest {
    generation: Generation,
    draft: DraftId,
    /// No note that is still to arrive begins before this tick.
    from: Ticks,
    /// Notes of the reply count if they begin before this tick.
    counts_until: Ticks,
    /// Notes that do not count were also retracted from the model's context if they begin at or after this tick.
    retracted_from: Ticks,
}

/// What becomes of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// A note to schedule.
    Note(Note),
    /// A note that will not sound, although the model's context contains it.
    Unplayed(Note),
    /// No note.
    Nothing,
}

/// The draft of the present plan, and all requests that are not answered.
#[derive(Debug, Default)]
pub struct Requests {
    generation: Generation,
    /// The last turn of which a note sounded. A draft takes the number after it, so drafting the same turn again draws
    /// the same notes.
    last_turn: TurnNumber,
    last_id: DraftId,
    draft: Option<Draft>,
    /// Requests of all generations, in the order in which they were made and are answered.
    open: ArrayVec<OpenRequest, OPEN_REQUESTS>,
    sampling: ParameterHistory,
}

impl Requests {
    /// Starts the draft of a part that is known to come from position `known` on. Nothing of earlier drafts counts.
    pub fn begin(&mut self, part: Part, known: FramePosition) {
        self.begin_from(EARLIEST, part, known);
    }

    /// As [`Self::begin`], for a part that follows another one at `cut`: notes of the earlier draft still count if they
    /// begin before `cut` and before the end of its part.
    pub fn begin_after(&mut self, cut: Ticks, part: Part, known: FramePosition) {
        let end = self.draft.and_then(|before| before.part.end);
        self.begin_from(end.map_or(cut, |end| end.min(cut)), part, known);
    }

    /// As [`Self::begin`], after the model failed: notes that begin before `cut` still count. The draft counts as a new
    /// turn, because with the same random draws the model might fail over the same note again.
    pub fn restart(&mut self, cut: Ticks, part: Part, known: FramePosition) {
        self.count_turn();
        self.begin_from(cut, part, known);
        self.count_turn();
    }

    fn begin_from(&mut self, cut: Ticks, part: Part, known: FramePosition) {
        self.supersede(cut);
        let turn = self.last_turn.next();
        self.last_id = DraftId(self.last_id.0.wrapping_add(1));
        let id = self.last_id;
        self.draft = Some(Draft { part, next: Next::First, known, turn, id, state: DraftState::Open });
    }

    /// Counts the turn, because its part has begun to sound.
    pub fn count_turn(&mut self) {
        if let Some(draft) = self.draft {
            self.last_turn = draft.turn;
        }
    }

    /// Replaces the part of the draft, except for its start: after a failure the draft starts later than the part did.
    pub fn reshape(&mut self, part: Part) {
        if let Some(draft) = &mut self.draft {
            draft.part = Part { start: draft.part.start, ..part };
        }
    }

    /// Decides again what begins at `cut` or later, with no note before `free`, which is not before `cut`. What begins
    /// earlier stays. True when the model may have decided notes that no longer count, so that they must be retracted.
    /// A draft that failed makes no new requests, but its notes from `cut` on no longer count either.
    #[must_use]
    pub fn redecide_from(&mut self, cut: Ticks, free: Ticks, now: FramePosition) -> bool {
        let Some(draft) = &mut self.draft else { return false };
        let is_requested = draft.state == DraftState::Requested;
        draft.next = match draft.next {
            // Nothing is decided yet.
            Next::First if !is_requested => return false,
            Next::First if draft.part.start >= cut => {
                draft.known = now;
                Next::First
            }
            // The first note of the part begins with it, also when it is decided again.
            Next::After { .. } if cut == draft.part.start && free == cut => {
                draft.known = now;
                Next::First
            }
            Next::First => Next::After { last: draft.part.start, from: free },
            Next::After { last, from } if !is_requested && last < cut => {
                draft.next = Next::After { last, from: from.max(free) };
                return false;
            }
            Next::After { last, .. } => Next::After { last: last.min(cut - Ticks(1)), from: free },
        };
        if is_requested {
            draft.state = DraftState::Open;
        }
        self.supersede(cut);
        true
    }

    /// Requests no note before this tick, because time went on to it at once.
    pub fn skip_to(&mut self, tick: Ticks) {
        let Some(draft) = self.draft.as_mut().filter(|draft| draft.state == DraftState::Open) else { return };
        match &mut draft.next {
            Next::First => draft.part.start = draft.part.start.max(tick),
            Next::After { from, .. } => *from = tick.max(*from),
        }
    }

    /// Drops the draft. Returns the earliest onset of a note that the model may have decided and that has not arrived;
    /// `None` when nothing was requested.
    pub fn drop_draft(&mut self) -> Option<Ticks> {
        // Replies to an earlier draft may still be under way.
        let of_earlier = self.open.iter().filter(|open| open.from < open.counts_until).map(|open| open.from).min();
        self.supersede(EARLIEST);
        let of_draft = self.draft.take().and_then(|draft| match draft.next {
            Next::First if draft.state != DraftState::Requested => None,
            Next::First => Some(draft.part.start),
            Next::After { .. } if draft.state != DraftState::Requested => Some(LATEST),
            next @ Next::After { .. } => Some(next.earliest_onset(draft.part)),
        });
        of_earlier.into_iter().chain(of_draft).min()
    }

    /// Records that the model was asked to retract what begins at this tick or later.
    pub fn retracted(&mut self, from: Ticks) {
        for open in &mut self.open {
            open.retracted_from = open.retracted_from.min(from);
        }
    }

    /// Starts a new generation. Of replies to earlier requests, only notes before `cut` still count.
    fn supersede(&mut self, cut: Ticks) {
        self.generation = self.generation.next();
        for open in &mut self.open {
            open.counts_until = open.counts_until.min(cut);
        }
    }

    /// Numbers the turns from the beginning again.
    pub fn restart_turns(&mut self) {
        self.last_turn = TurnNumber::default();
    }

    /// Forgets all positions, because frames are counted from zero again.
    pub fn forget_positions(&mut self) {
        self.sampling = ParameterHistory::default();
    }

    /// Notes the sampling parameters that hold from this position on.
    pub fn note_sampling(&mut self, position: FramePosition, sampling: SamplingParameters) {
        self.sampling.note(position, sampling);
    }

    /// The offset, in a block that begins at `block_start`, as of which the next request is to be made. Negative when
    /// that has passed; `None` when no request is due. `look_ahead` is in frames.
    pub fn due(&self, map: &TickMap, block_start: FramePosition, look_ahead: i64) -> Option<i64> {
        let draft = self.draft.filter(|draft| draft.state == DraftState::Open)?;
        if self.open.is_full() {
            return None;
        }
        let Part { start, lag, .. } = draft.part;
        match draft.next {
            Next::First => {
                let before = map.offset_of(start.as_f64() + lag).saturating_sub(look_ahead);
                Some(before.max(draft.known.0.saturating_sub(block_start.0)))
            }
            Next::After { from, .. } if !draft.part.is_over_at(from) => {
                Some(map.offset_of(from.as_f64() + lag).saturating_sub(look_ahead))
            }
            Next::After { .. } => None,
        }
    }

    /// The request that is due, as of a position. It asks for notes up to `beyond` after the earliest onset: more than
    /// zero where blocks are so long that the reply must bring more than one step. `form` is where the chart begins.
    pub fn make(
        &self,
        as_of: FramePosition,
        beyond: Ticks,
        (bars, form): (Bars, Ticks),
        swing: Swing,
    ) -> Option<Request> {
        let draft = self.draft?;
        let (begin, from) = match draft.next {
            Next::First => (Begin::At(draft.part.start), draft.part.start),
            Next::After { from, .. } => (Begin::NotBefore(from), from),
        };
        Some(Request {
            generation: self.generation,
            turn: draft.turn,
            begin,
            horizon: from + Ticks(1) + beyond,
            bars: Some(bars),
            form,
            ends: draft.part.end,
            along: draft.part.mode == Mode::Duet,
            sampling: self.sampling.at(as_of)?,
            swing,
        })
    }

    /// Notes that the request which was due is under way.
    pub fn requested(&mut self) {
        let Some(draft) = &mut self.draft else { return };
        draft.state = DraftState::Requested;
        let from = draft.next.earliest_onset(draft.part);
        let generation = self.generation;
        let (counts_until, retracted_from) = (LATEST, LATEST);
        // A request is due only while there is room for it.
        let _ = self.open.try_push(OpenRequest { generation, draft: draft.id, from, counts_until, retracted_from });
    }

    /// Accepts a reply. Its note is to be scheduled if it belongs to the present plan, or to an earlier one that still
    /// counts up to this note.
    #[must_use]
    pub fn accept(&mut self, reply: Reply) -> Accepted {
        match reply {
            Reply::Note { generation, note } => return self.accept_note(generation, note),
            Reply::Done { generation, earliest_next, .. } => {
                self.close(generation);
                if let Some(draft) = self.draft.as_mut().filter(|_| generation == self.generation) {
                    draft.state = DraftState::Open;
                    if let Next::After { last, from } = &mut draft.next {
                        *from = earliest_next.max(*last);
                    }
                }
            }
            Reply::Failed { generation } => {
                self.close(generation);
                if let Some(draft) = self.draft.as_mut().filter(|_| generation == self.generation) {
                    draft.state = DraftState::Failed;
                }
            }
        }
        Accepted::Nothing
    }

    fn accept_note(&mut self, generation: Generation, note: Note) -> Accepted {
        let Some(open) = self.open.iter_mut().find(|open| open.generation == generation) else {
            return Accepted::Nothing;
        };
        if note.onset >= open.counts_until {
            return if note.onset < open.retracted_from { Accepted::Unplayed(note) } else { Accepted::Nothing };
        }
        open.from = open.from.max(note.onset + Ticks(1));
        let Some(draft) = &mut self.draft else { return Accepted::Nothing };
        if draft.id != open.draft {
            return Accepted::Note(note);
        }
        draft.next = match draft.next {
            Next::First => Next::After { last: note.onset, from: note.onset },
            Next::After { last, from } => Next::After { last: last.max(note.onset), from },
        };
        // A note beyond the end of the part is retracted when the part ends.
        if draft.part.is_over_at(note.onset) { Accepted::Nothing } else { Accepted::Note(note) }
    }

    fn close(&mut self, generation: Generation) {
        if let Some(at) = self.open.iter().position(|open| open.generation == generation) {
            let _ = self.open.pop_at(at);
        }
    }

    /// The part over which the model failed, and the tick up to which its notes are known.
    pub fn failed(&self) -> Option<(Part, Ticks)> {
        let Draft { part, next, .. } = self.draft.filter(|draft| draft.state == DraftState::Failed)?;
        let known = match next {
            Next::First => part.start,
            Next::After { last, from } => last.max(from),
        };
        Some((part, known))
    }

    /// Whether any request is not answered.
    pub fn any_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// Whether a request of the present plan is not answered.
    pub fn is_requested(&self) -> bool {
        self.draft.is_some_and(|draft| draft.state == DraftState::Requested)
    }
}

#[cfg(test)]
mod tests;
