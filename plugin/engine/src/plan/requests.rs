//! When the mind is asked, and for what.
//!
//! A note is decided as of the position that lies `look_ahead` before the earliest moment at which it could sound: the
//! onset of the note before it, or its end in a style of single lines. These positions follow from the notes alone, so
//! where the host cuts its blocks changes nothing. What was asked before the last change of plan carries an older
//! generation and is not played; but when only what lies beyond a moment is thought about anew, what was decided before
//! that moment stays, also where it is told late.

use crate::host::Mode;
use crate::link::{Generation, OPEN_REQUESTS, Reply, Request, TurnNumber};
use crate::time::swing::Swing;
use crate::time::tick_map::{FramePosition, TickMap};
use crate::turns::turn::Part;
use arrayvec::ArrayVec;
use segue_model::improviser::Begin;
use segue_model::note::{Bars, Note, Ticks};
use segue_model::sampling::SamplingParameters;

/// Later than anything.
const LATEST: Ticks = Ticks(i64::MAX);
/// Earlier than anything.
const EARLIEST: Ticks = Ticks(i64::MIN);

/// Names a draft, so that a reply is matched with the draft that asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct DraftId(u32);

/// What is being thought about.
#[derive(Debug, Clone, Copy)]
struct Draft {
    part: Part,
    next: Next,
    /// The position from which on the part was known to come.
    known: FramePosition,
    /// The running number of the turn.
    turn: TurnNumber,
    /// Tells it from drafts before it.
    id: DraftId,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The next request is made when it is due.
    Open,
    /// A request is under way.
    Asked,
    /// The mind broke over the last request. What it told before holds, and nothing more is asked.
    Broken,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// The first note of the part.
    First,
    /// What follows the notes that were decided.
    After {
        /// The onset of the last of them.
        last: Ticks,
        /// Nothing begins earlier.
        from: Ticks,
    },
}

impl Next {
    /// The earliest onset of what is still to be told.
    fn earliest_open(self, part: Part) -> Ticks {
        match self {
            Self::First => part.start,
            // The last note may have sounded, and a note on the same tick would be taken for it.
            Self::After { last, from } => from.max(last + Ticks(1)),
        }
    }
}

/// A request whose reply is not complete.
#[derive(Debug, Clone, Copy)]
struct OpenRequest {
    generation: Generation,
    /// Which draft it is part of.
    draft: DraftId,
    /// Nothing that is still to be told begins earlier.
    from: Ticks,
    /// Notes of the reply count when they begin earlier.
    until: Ticks,
    /// Of those that do not count, the mind was told to take back what does not begin earlier.
    kept: Ticks,
}

/// What becomes of what the mind has told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// A note to be played.
    Note(Note),
    /// A note that will not be played and that the mind believes in.
    Unplayed(Note),
    /// Nothing more.
    Nothing,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Requests {
    generation: Generation,
    /// Turns of which something sounded. What is only planned has no number of its own, so that planning anew draws
    /// the same notes again.
    turns: TurnNumber,
    /// The latest draft's.
    last_id: DraftId,
    draft: Option<Draft>,
    /// Requests of any generation, in the order in which they were made and are answered.
    open: ArrayVec<OpenRequest, OPEN_REQUESTS>,
    sampling: ParameterHistory,
}

impl Requests {
    /// Begins to think about a part that is known to come from `known` on.
    pub fn begin(&mut self, part: Part, known: FramePosition) {
        self.begin_beyond(EARLIEST, part, known);
    }

    /// The same, where another part goes on until `cut`: what was decided of that to begin before it stays, also where it
    /// is told late.
    pub fn begin_after(&mut self, cut: Ticks, part: Part, known: FramePosition) {
        let end = self.draft.and_then(|before| before.part.end);
        self.begin_beyond(end.map_or(cut, |end| end.min(cut)), part, known);
    }

    /// The same, after the mind broke: what was decided to begin before `cut` stays. It counts as another turn, which draws
    /// otherwise, or the mind might break over the very same note.
    pub fn restart(&mut self, cut: Ticks, part: Part, known: FramePosition) {
        self.count_turn();
        self.begin_beyond(cut, part, known);
        self.count_turn();
    }

    fn begin_beyond(&mut self, cut: Ticks, part: Part, known: FramePosition) {
        self.supersede(cut);
        let turn = self.turns.next();
        self.last_id = DraftId(self.last_id.0.wrapping_add(1));
        let id = self.last_id;
        self.draft = Some(Draft { part, next: Next::First, known, turn, id, state: State::Open });
    }

    /// The part has begun to sound.
    pub fn count_turn(&mut self) {
        if let Some(draft) = self.draft {
            self.turns = draft.turn;
        }
    }

    /// The part that is thought about has become another. It begins where it did: after the mind broke, that is not where
    /// the whole part began.
    pub fn reshape(&mut self, part: Part) {
        if let Some(draft) = &mut self.draft {
            draft.part = Part { start: draft.part.start, ..part };
        }
    }

    /// Keeps what was decided to begin before `cut`, and decides anew what follows: nothing before `free`, which is not
    /// before `cut`. True when the mind may have decided something that is not kept. A mind that broke over the part
    /// decides nothing anew, but what it had decided from `cut` on is not kept either.
    #[must_use]
    pub fn redecide_from(&mut self, cut: Ticks, free: Ticks, now: FramePosition) -> bool {
        let Some(draft) = &mut self.draft else { return false };
        let is_asked = draft.state == State::Asked;
        draft.next = match draft.next {
            // Nothing is decided yet.
            Next::First if !is_asked => return false,
            Next::First if draft.part.start >= cut => {
                draft.known = now;
                Next::First
            }
            Next::First => Next::After { last: draft.part.start, from: free },
            Next::After { last, from } if !is_asked && last < cut => {
                draft.next = Next::After { last, from: from.max(free) };
                return false;
            }
            Next::After { last, .. } => Next::After { last: last.min(cut - Ticks(1)), from: free },
        };
        if is_asked {
            draft.state = State::Open;
        }
        self.supersede(cut);
        true
    }

    /// Time went on from before this tick to this tick at once: nothing is asked for that would begin earlier.
    pub fn skip_to(&mut self, now: Ticks) {
        let Some(draft) = self.draft.as_mut().filter(|draft| draft.state == State::Open) else { return };
        match &mut draft.next {
            Next::First => draft.part.start = draft.part.start.max(now),
            Next::After { from, .. } => *from = now.max(*from),
        }
    }

    /// Thinks no more. `None` when the mind was not asked at all; else the earliest onset of what it may have decided
    /// and not told yet.
    pub fn drop_draft(&mut self) -> Option<Ticks> {
        // A thought before this one may not be told to its end.
        let before = self.open.iter().filter(|open| open.from < open.until).map(|open| open.from).min();
        self.supersede(EARLIEST);
        let draft = self.draft.take();
        let now = draft.and_then(|draft| match draft.next {
            Next::First if draft.state != State::Asked => None,
            Next::First => Some(draft.part.start),
            Next::After { .. } if draft.state != State::Asked => Some(LATEST),
            next @ Next::After { .. } => Some(next.earliest_open(draft.part)),
        });
        before.into_iter().chain(now).min()
    }

    /// The mind is told to take back what begins at this moment or later.
    pub fn retracted(&mut self, from: Ticks) {
        for open in &mut self.open {
            open.kept = open.kept.min(from);
        }
    }

    /// From now on another plan holds: of what is still to be told of earlier ones, only notes before `cut` count.
    fn supersede(&mut self, cut: Ticks) {
        self.generation = self.generation.next();
        for open in &mut self.open {
            open.until = open.until.min(cut);
        }
    }

    /// Counts turns from the beginning again.
    pub fn restart_turns(&mut self) {
        self.turns = TurnNumber::default();
    }

    /// Positions are counted from zero again.
    pub fn forget_positions(&mut self) {
        self.sampling = ParameterHistory::default();
    }

    /// Remembers the controls from this position on.
    pub fn note_sampling(&mut self, position: FramePosition, sampling: SamplingParameters) {
        self.sampling.note(position, sampling);
    }

    /// As of which frame of this block, which begins at `block_start`, the next request is. Negative when its time has
    /// passed; `None` when there is none to make.
    pub fn due(&self, span: &TickMap, block_start: FramePosition, look_ahead: i64) -> Option<i64> {
        let draft = self.draft.filter(|draft| draft.state == State::Open)?;
        if self.open.is_full() {
            return None;
        }
        let Part { start, lag, .. } = draft.part;
        match draft.next {
            Next::First => {
                let before = span.offset_of(start.as_f64() + lag).saturating_sub(look_ahead);
                Some(before.max(draft.known.0.saturating_sub(block_start.0)))
            }
            Next::After { from, .. } if !draft.part.is_over_at(from) => {
                Some(span.offset_of(from.as_f64() + lag).saturating_sub(look_ahead))
            }
            Next::After { .. } => None,
        }
    }

    /// The request that is due, as of a position. `beyond` is how far past the earliest onset it shall reach, for blocks so
    /// long that one reply a block must bring more than one step.
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

    /// The request is on its way.
    pub fn asked(&mut self) {
        let Some(draft) = &mut self.draft else { return };
        draft.state = State::Asked;
        let from = draft.next.earliest_open(draft.part);
        // There was room when it was due.
        let (until, kept) = (LATEST, LATEST);
        let open = OpenRequest { generation: self.generation, draft: draft.id, from, until, kept };
        let _ = self.open.try_push(open);
    }

    /// Takes a reply in: a note is to be played when it belongs to the present plan, or is kept of an earlier one.
    #[must_use]
    pub fn take(&mut self, reply: Reply) -> Taken {
        match reply {
            Reply::Note { generation, note } => return self.take_note(generation, note),
            Reply::Done { generation, earliest_next, .. } => {
                self.close(generation);
                if let Some(draft) = self.draft.as_mut().filter(|_| generation == self.generation) {
                    draft.state = State::Open;
                    if let Next::After { last, from } = &mut draft.next {
                        *from = earliest_next.max(*last);
                    }
                }
            }
            Reply::Failed { generation } => {
                self.close(generation);
                if let Some(draft) = self.draft.as_mut().filter(|_| generation == self.generation) {
                    draft.state = State::Broken;
                }
            }
        }
        Taken::Nothing
    }

    fn take_note(&mut self, generation: Generation, note: Note) -> Taken {
        let Some(open) = self.open.iter_mut().find(|open| open.generation == generation) else { return Taken::Nothing };
        if note.onset >= open.until {
            return if note.onset < open.kept { Taken::Unplayed(note) } else { Taken::Nothing };
        }
        open.from = open.from.max(note.onset + Ticks(1));
        // What counts belongs to a thought.
        let Some(draft) = &mut self.draft else { return Taken::Nothing };
        if draft.id != open.draft {
            return Taken::Note(note);
        }
        draft.next = match draft.next {
            Next::First => Next::After { last: note.onset, from: note.onset },
            Next::After { last, from } => Next::After { last: last.max(note.onset), from },
        };
        // It is taken back with the end of the part.
        if draft.part.is_over_at(note.onset) { Taken::Nothing } else { Taken::Note(note) }
    }

    fn close(&mut self, generation: Generation) {
        if let Some(at) = self.open.iter().position(|open| open.generation == generation) {
            let _ = self.open.pop_at(at);
        }
    }

    /// The part over which the mind broke, and up to where it had come.
    pub fn broken(&self) -> Option<(Part, Ticks)> {
        let Draft { part, next, .. } = self.draft.filter(|draft| draft.state == State::Broken)?;
        let known = match next {
            Next::First => part.start,
            Next::After { last, from } => last.max(from),
        };
        Some((part, known))
    }

    /// Whether a reply to any plan is under way.
    pub fn any_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// Whether a reply to the present plan is under way.
    pub fn is_asked(&self) -> bool {
        self.draft.is_some_and(|draft| draft.state == State::Asked)
    }
}

/// The controls of late, by position: a request whose moment has passed asks for them as they were.
#[derive(Debug)]
struct ParameterHistory {
    ring: [Option<(FramePosition, SamplingParameters)>; Self::LENGTH],
    newest: usize,
}

impl Default for ParameterHistory {
    fn default() -> Self {
        Self { ring: [None; Self::LENGTH], newest: 0 }
    }
}

impl ParameterHistory {
    /// Changes that are remembered: one every millisecond, for as long as a plan may be late.
    const LENGTH: usize = 64;

    fn note(&mut self, position: FramePosition, sampling: SamplingParameters) {
        let newest = self.ring.get(self.newest).copied().flatten();
        if newest.is_some_and(|(_, newest)| same(newest, sampling)) {
            return;
        }
        self.newest = (self.newest + 1) % Self::LENGTH;
        if let Some(slot) = self.ring.get_mut(self.newest) {
            *slot = Some((position, sampling));
        }
    }

    /// As they were at a position; the oldest that are known when it lies further back.
    fn at(&self, position: FramePosition) -> Option<SamplingParameters> {
        let known = self.ring.iter().flatten();
        let past = known.clone().filter(|(since, _)| *since <= position).max_by_key(|(since, _)| *since);
        past.or_else(|| known.min_by_key(|(since, _)| *since)).map(|(_, sampling)| *sampling)
    }
}

fn same(one: SamplingParameters, other: SamplingParameters) -> bool {
    one.temperature.to_bits() == other.temperature.to_bits()
        && one.top_p.to_bits() == other.top_p.to_bits()
        && one.memory.to_bits() == other.memory.to_bits()
        && one.seed == other.seed
        && one.limits == other.limits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::{Mode, Transport};
    use crate::time::clock::Clock;
    use segue_model::note::{Metre, Pitch, Velocity};

    const BARS: Bars = Bars { line: Ticks::ZERO, metre: Metre::COMMON };
    const DUET: Part = Part { mode: Mode::Duet, start: Ticks(96), end: None, ring: Ticks::ZERO, lag: 0.0 };

    fn note(generation: Generation, onset: i64) -> Reply {
        let note = Note { onset: Ticks(onset), pitch: Pitch::MAX, duration: Ticks(1), velocity: Velocity::DEFAULT };
        Reply::Note { generation, note }
    }

    fn until(generation: Generation, earliest_next: i64) -> Reply {
        Reply::Done { generation, earliest_next: Ticks(earliest_next), elapsed_ns: 0 }
    }

    /// Thinks about a duet and has asked for its first note.
    fn asked() -> (Requests, Generation) {
        let mut requests = Requests::default();
        requests.note_sampling(FramePosition(0), SamplingParameters::default());
        requests.begin(DUET, FramePosition(0));
        let generation = ask(&mut requests).generation;
        (requests, generation)
    }

    fn ask(requests: &mut Requests) -> Request {
        let request = requests.make(FramePosition(0), Ticks::ZERO, (BARS, Ticks::ZERO), Swing::STRAIGHT).unwrap();
        requests.asked();
        request
    }

    fn begins(requests: &mut Requests, planned: Reply) -> Option<i64> {
        if let Taken::Note(note) = requests.take(planned) { Some(note.onset.0) } else { None }
    }

    #[test]
    fn what_begins_before_the_cut_counts_also_when_it_is_told_late_and_what_follows_is_asked_for_anew() {
        let (mut requests, first) = asked();
        assert_eq!(begins(&mut requests, note(first, 96)), Some(96));
        assert_eq!(begins(&mut requests, until(first, 96)), None);
        let second = ask(&mut requests).generation;
        assert!(requests.redecide_from(Ticks(110), Ticks(120), FramePosition(9)));
        assert!(
            !requests.redecide_from(Ticks(130), Ticks(130), FramePosition(19)),
            "once more: nothing else was asked for"
        );
        let third = ask(&mut requests);
        assert_eq!(third.begin, Begin::NotBefore(Ticks(130)));
        assert_eq!(begins(&mut requests, note(second, 109)), Some(109));
        assert_eq!(begins(&mut requests, note(second, 110)), None, "the earlier cut holds");
        assert_eq!(begins(&mut requests, until(second, 110)), None);
        assert!(requests.is_asked(), "the present request is still open");
        assert_eq!(begins(&mut requests, note(third.generation, 131)), Some(131));
        assert_eq!(begins(&mut requests, until(third.generation, 131)), None);
        assert!(!requests.is_asked());
    }

    #[test]
    fn of_a_plan_that_was_dropped_nothing_counts() {
        let (mut requests, first) = asked();
        assert_eq!(requests.drop_draft(), Some(Ticks(96)));
        assert_eq!(begins(&mut requests, note(first, 96)), None);
        requests.begin(DUET, FramePosition(5));
        assert_eq!(begins(&mut requests, note(first, 96)), None, "nor for the next plan");
        let second = ask(&mut requests).generation;
        assert_eq!(begins(&mut requests, until(first, 96)), None);
        assert_eq!(begins(&mut requests, note(second, 96)), Some(96));
    }

    #[test]
    fn of_what_counts_no_more_the_mind_is_told_only_what_it_was_not_told_to_take_back() {
        let (mut requests, first) = asked();
        assert_eq!(requests.drop_draft(), Some(Ticks(96)));
        requests.retracted(Ticks(100));
        let Reply::Note { note: early, .. } = note(first, 99) else { return };
        assert_eq!(requests.take(note(first, 99)), Taken::Unplayed(early));
        assert_eq!(requests.take(note(first, 100)), Taken::Nothing);
        assert_eq!(requests.take(until(first, 100)), Taken::Nothing);
        assert_eq!(requests.take(note(first, 99)), Taken::Nothing, "nothing more comes of it");
    }

    #[test]
    fn a_part_that_is_thought_about_beside_another_begins_where_it_does_whatever_is_told_of_the_other() {
        let (mut requests, first) = asked();
        let later = Part { start: Ticks(300), ..DUET };
        requests.begin_after(Ticks(300), later, FramePosition(9));
        let second = ask(&mut requests);
        assert_eq!((second.begin, begins(&mut requests, note(first, 96))), (Begin::At(Ticks(300)), Some(96)));
        assert_eq!(begins(&mut requests, note(first, 300)), None);
        assert_eq!(requests.drop_draft(), Some(Ticks(97)), "what may still come of the first");
        let (mut requests, first) = asked();
        requests.begin_after(Ticks(300), later, FramePosition(9));
        let _ = (requests.take(note(first, 96)), requests.take(until(first, 310)));
        assert_eq!(ask(&mut requests).begin, Begin::At(Ticks(300)));
        assert_eq!(requests.drop_draft(), Some(Ticks(300)));
    }

    #[test]
    fn what_is_not_asked_for_yet_needs_no_second_thought() {
        let (mut requests, first) = asked();
        let _ = (requests.take(note(first, 96)), requests.take(until(first, 400)));
        // A note that lasts: the next is asked for when it is nearly over.
        assert!(!requests.redecide_from(Ticks(110), Ticks(120), FramePosition(9)));
        assert_eq!(ask(&mut requests).begin, Begin::NotBefore(Ticks(400)));
    }

    #[test]
    fn what_was_told_before_the_mind_broke_holds_and_is_taken_back_with_the_rest_of_the_part() {
        let (mut requests, first) = asked();
        assert_eq!(begins(&mut requests, note(first, 96)), Some(96));
        assert_eq!(begins(&mut requests, note(first, 120)), Some(120));
        let _ = requests.take(Reply::Failed { generation: first });
        assert_eq!(requests.broken(), Some((DUET, Ticks(120))));
        assert!(!requests.is_asked());
        let (span, _) = Clock::new(48_000.0).enter(&Transport::default(), FramePosition(0), 64, 120.0);
        assert_eq!(requests.due(&span, FramePosition(0), 960), None, "the rest of the part is lost");
        assert!(!requests.redecide_from(Ticks(121), Ticks(121), FramePosition(9)), "all of it is kept");
        assert!(requests.redecide_from(Ticks(120), Ticks(120), FramePosition(9)), "one note is not");
        assert!(requests.broken().is_some());
        assert_eq!(requests.drop_draft(), Some(LATEST), "the mind has decided nothing that it did not tell");
        // One that broke before it told anything has nothing to take back, and draws otherwise when it begins anew.
        let (mut requests, first) = asked();
        let _ = requests.take(Reply::Failed { generation: first });
        let broken = requests.draft.unwrap().turn;
        requests.restart(EARLIEST, DUET, FramePosition(9));
        assert_ne!(ask(&mut requests).turn, broken);
        let _ = requests.take(Reply::Failed { generation: requests.generation });
        assert_eq!(requests.drop_draft(), None);
    }

    #[test]
    fn what_lies_behind_a_skip_is_not_asked_for() {
        let (mut requests, first) = asked();
        requests.skip_to(Ticks(200));
        let _ = (requests.take(note(first, 96)), requests.take(until(first, 130)));
        requests.skip_to(Ticks(120));
        assert_eq!(ask(&mut requests).begin, Begin::NotBefore(Ticks(130)));
        let (mut requests, first) = asked();
        let _ = (requests.take(note(first, 96)), requests.take(until(first, 130)));
        requests.skip_to(Ticks(134));
        assert_eq!(ask(&mut requests).begin, Begin::NotBefore(Ticks(134)));
        let mut requests = Requests::default();
        requests.note_sampling(FramePosition(0), SamplingParameters::default());
        requests.begin(DUET, FramePosition(0));
        requests.skip_to(Ticks(99));
        assert_eq!(ask(&mut requests).begin, Begin::At(Ticks(99)));
    }

    #[test]
    fn with_as_many_wishes_open_as_may_be_no_other_is_made() {
        let (mut requests, _) = asked();
        for count in 1..OPEN_REQUESTS {
            assert!(requests.redecide_from(Ticks(200), Ticks(200), FramePosition(9)), "{count}");
            let _ = ask(&mut requests);
        }
        assert!(requests.redecide_from(Ticks(200), Ticks(200), FramePosition(9)));
        let (span, _) = Clock::new(48_000.0).enter(&Transport::default(), FramePosition(0), 64, 120.0);
        assert_eq!(requests.due(&span, FramePosition(0), 960), None);
    }
}
