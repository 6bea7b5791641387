//! Whose turn it is, in every mode.
//!
//! A pure table: it is told what happened and says what follows from it. When and where Segue's part lies has been worked
//! out by the caller; here is only decided whether it comes, and whether it lasts.
//!
//! - *Answer*: Segue plays when the player has let go of all keys, until the player strikes one.
//! - *Trade*: bars are dealt, and Segue plays its own whether keys are held or not. A key struck in them takes the rest of
//!   them; but one struck within a sixteenth of their beginning still belongs to the phrase before, because nobody ends a
//!   phrase on the very bar line. In the player's own bars keys change nothing.
//! - *Duet*: Segue plays on whatever the player does, and thinks anew with each key.

use crate::host::Mode;
use segue_model::note::Ticks;

/// How far the player's phrase may reach into Segue's bars without taking them: a sixteenth note.
const SPILL: Ticks = Ticks(Ticks::quarters(1).0 / 4);

/// What Segue is to play.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// How time is shared in it.
    pub mode: Mode,
    /// Its first note begins here.
    pub start: Ticks,
    /// No note begins here or later; `None` when no end is known.
    pub end: Option<Ticks>,
    /// How long its last note may ring beyond the end.
    pub ring: Ticks,
    /// Every note sounds this part of a tick later than it says, between -0.5 and 0.5: a part off the grid begins to the
    /// frame.
    pub lag: f64,
}

impl Part {
    /// Whether no note may begin at this moment any more.
    pub fn is_over_at(&self, moment: Ticks) -> bool {
        self.end.is_some_and(|end| moment >= end)
    }

    /// When a note that would last until `until` ends.
    pub fn cut(&self, until: Ticks) -> Ticks {
        self.end.map_or(until, |end| until.min(end + self.ring))
    }
}

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Turn {
    /// The player's, who has not played yet.
    #[default]
    Listening,
    /// The player's.
    Hearing,
    /// Segue's from the start of its part on; until then the player's.
    Waiting(Part),
    /// Segue's; in a duet both's.
    Playing(Part),
    /// Nobody's: Segue's part is over.
    Resting,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cue {
    /// The player struck a key, at this moment.
    KeyDown(Ticks),
    /// The player lifted the last key that keeps the turn; this would be the answer, or what is left of the duet.
    LastKeyUp(Part),
    /// The player hands the turn over; this would be Segue's part.
    YourTurn(Part),
    /// This is Segue's next part, or what its part has become because bars have changed.
    Dealt(Part),
    /// The start of Segue's part is reached.
    Start,
    /// The start of Segue's part is reached, and the player has gone for good.
    Lapse,
    /// The end of Segue's part is reached.
    End,
    /// The song jumped just where Segue's part begins, to a place that is Segue's too, so that it begins there all the
    /// same; this is what has become of it.
    Landed(Part),
    /// This is what Segue's part has become because another style counts time otherwise.
    Recast(Part),
    /// The song has gone round its loop, as was foreseen: this is Segue's part from its beginning on, and it is ready.
    Looped(Part),
    /// The song started, stopped or jumped, or what is played is now another thing.
    Broken {
        /// Whether the player holds keys nevertheless.
        keys_down: bool,
    },
}

/// What is to be done about it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Order {
    /// Think about this part, and about no other.
    Prepare(Part),
    /// What is thought about has another end.
    Reshape(Part),
    /// The song has jumped onto the start of this part. What sounds ends at once. Live, what is about to sound stays, because it
    /// is too late to decide it again; a rendering does so, now that bars and chords are known.
    Land(Part),
    /// This part is thought about already and begins; nothing of what was before it is played any more, and what sounds
    /// of that ends at once.
    Enter(Part),
    /// Keep what is about to sound and think anew about what follows.
    RedecideRest(Part),
    /// The part begins to sound: it counts as a turn.
    Begin,
    /// Another style plays: what sounds ends, what is about to sound stays, and the rest of this part is decided by the new
    /// style.
    Redecide(Option<Part>),
    /// Think about this part too, which begins with the loop at `from`, beside the one that is played until then.
    PrepareBeside {
        /// The first tick after the loop's end.
        from: Ticks,
        /// What is played from there on.
        part: Part,
    },
    /// The song does not go round as was foreseen: what sounds may sound on until this part is joined again.
    Rejoin {
        /// What is left of the part; `None` where nothing is.
        part: Option<Part>,
        /// Segue plays it already, so it counts as a turn.
        plays: bool,
    },
    /// Segue loses the turn to the player: nothing more of the plan is played, and what sounds ends as is set.
    Yield,
    /// Nothing more of the plan is played and what sounds ends at once.
    Break,
    /// The part is over: nothing more of the plan is played, what sounds may ring a little.
    Close,
}

impl Turn {
    /// What follows when something happens.
    #[must_use]
    pub fn after(self, cue: Cue) -> (Self, Option<Order>) {
        match (cue, self) {
            (Cue::KeyDown(at), Self::Waiting(part) | Self::Playing(part)) => self.struck(at, part),
            // A last note may still ring when nobody plays.
            (Cue::KeyDown(_), Self::Resting) => (Self::Hearing, Some(Order::Yield)),
            (Cue::KeyDown(_), Self::Listening | Self::Hearing) => (Self::Hearing, None),
            (Cue::LastKeyUp(part), Self::Hearing) if part.mode == Mode::Answer => Self::prepared(part),
            (Cue::LastKeyUp(part), Self::Waiting(_) | Self::Playing(_)) if part.mode == Mode::Duet => {
                self.reshaped(part)
            }
            (Cue::YourTurn(part), Self::Waiting(before)) if part.start < before.start => Self::prepared(part),
            (Cue::YourTurn(part) | Cue::Dealt(part), Self::Listening | Self::Hearing | Self::Resting) => {
                Self::prepared(part)
            }
            (Cue::Dealt(part), Self::Waiting(before)) if part != before => Self::prepared(part),
            (Cue::Dealt(part), Self::Playing(_)) => self.reshaped(part),
            (Cue::Landed(part), Self::Waiting(_)) => (Self::Waiting(part), Some(Order::Land(part))),
            (Cue::Recast(part), Self::Waiting(_) | Self::Playing(_)) => Self::prepared(part),
            (Cue::Looped(part), _) => (Self::Waiting(part), Some(Order::Enter(part))),
            (Cue::Start, Self::Waiting(part)) => (Self::Playing(part), Some(Order::Begin)),
            (Cue::End, Self::Playing(_)) => (Self::Resting, Some(Order::Close)),
            // A stop also ends what still rings from a part that is over.
            (Cue::Broken { keys_down: true }, _) => (Self::Hearing, Some(Order::Break)),
            (Cue::Broken { keys_down: false }, _) | (Cue::Lapse, Self::Waiting(_)) => {
                (Self::Listening, Some(Order::Break))
            }
            (
                Cue::LastKeyUp(_)
                | Cue::YourTurn(_)
                | Cue::Dealt(_)
                | Cue::Landed(_)
                | Cue::Recast(_)
                | Cue::Start
                | Cue::Lapse
                | Cue::End,
                unmoved,
            ) => (unmoved, None),
        }
    }

    fn prepared(part: Part) -> (Self, Option<Order>) {
        (Self::Waiting(part), Some(Order::Prepare(part)))
    }

    /// Segue's part keeps its beginning and gets the end of another.
    fn reshaped(self, other: Part) -> (Self, Option<Order>) {
        let shaped = |part: Part| Part { end: other.end, ring: other.ring, ..part };
        let (turn, before, after) = match self {
            Self::Waiting(part) => (Self::Waiting(shaped(part)), part, shaped(part)),
            Self::Playing(part) => (Self::Playing(shaped(part)), part, shaped(part)),
            Self::Listening | Self::Hearing | Self::Resting => return (self, None),
        };
        (turn, (before != after).then_some(Order::Reshape(after)))
    }

    /// The player strikes a key while Segue plays or is about to.
    fn struck(self, at: Ticks, part: Part) -> (Self, Option<Order>) {
        match part.mode {
            Mode::Answer => (Self::Hearing, Some(Order::Yield)),
            Mode::Trade => {
                let is_segues = self == Self::Playing(part) && at >= part.start + SPILL && !part.is_over_at(at);
                if is_segues { (Self::Hearing, Some(Order::Yield)) } else { (self, None) }
            }
            Mode::Duet => {
                // Who plays has not gone, so there is no end in sight.
                let part = Part { end: None, ..part };
                let turn = if let Self::Waiting(_) = self { Self::Waiting(part) } else { Self::Playing(part) };
                (turn, Some(Order::RedecideRest(part)))
            }
        }
    }

    /// The next moment at which the turn changes by itself, and what happens then.
    pub fn next_change(self) -> Option<(Ticks, f64, Cue)> {
        match self {
            Self::Waiting(part) => Some((part.start, part.lag, Cue::Start)),
            Self::Playing(part) => Some((part.end?, part.lag, Cue::End)),
            Self::Listening | Self::Hearing | Self::Resting => None,
        }
    }

    /// Whether Segue plays, or is next to: in a trade the bars before its own are the player's.
    pub fn is_segues(self) -> bool {
        match self {
            Self::Playing(_) => true,
            Self::Waiting(part) => part.mode != Mode::Trade,
            Self::Listening | Self::Hearing | Self::Resting => false,
        }
    }

    /// What Segue plays or is about to play.
    pub fn part(self) -> Option<Part> {
        match self {
            Self::Waiting(part) | Self::Playing(part) => Some(part),
            Self::Listening | Self::Hearing | Self::Resting => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: Part =
        Part { mode: Mode::Answer, start: Ticks(96), end: Some(Ticks(864)), ring: Ticks(12), lag: 0.0 };
    const BARS: Part = Part { mode: Mode::Trade, ring: Ticks::ZERO, ..ANSWER };
    const LATER: Part = Part { start: Ticks(1632), end: Some(Ticks(2400)), ..BARS };
    const LONGER: Part = Part { end: Some(Ticks(900)), ..BARS };
    const DUET: Part = Part { mode: Mode::Duet, end: None, ..ANSWER };
    const FADING: Part = Part { end: Some(Ticks(900)), ..DUET };

    fn check(table: &[(Turn, Cue, Turn, Option<Order>)]) {
        for &(before, cue, after, order) in table {
            assert_eq!(before.after(cue), (after, order), "{before:?} when {cue:?}");
        }
    }

    #[test]
    fn the_whole_table_of_answers() {
        use Cue::{Broken, End, KeyDown, LastKeyUp, Looped, Recast, Start, YourTurn};
        use Turn::{Hearing, Listening, Playing, Resting, Waiting};
        let held = Broken { keys_down: true };
        let bare = Broken { keys_down: false };
        let key = KeyDown(Ticks(500));
        let sooner = Part { start: Ticks(48), ..ANSWER };
        check(&[
            (Listening, key, Hearing, None),
            (Listening, LastKeyUp(ANSWER), Listening, None),
            (Listening, Start, Listening, None),
            (Listening, End, Listening, None),
            (Listening, YourTurn(ANSWER), Waiting(ANSWER), Some(Order::Prepare(ANSWER))),
            (Listening, bare, Listening, Some(Order::Break)),
            (Hearing, key, Hearing, None),
            (Hearing, LastKeyUp(ANSWER), Waiting(ANSWER), Some(Order::Prepare(ANSWER))),
            (Hearing, YourTurn(ANSWER), Waiting(ANSWER), Some(Order::Prepare(ANSWER))),
            (Hearing, Start, Hearing, None),
            (Hearing, held, Hearing, Some(Order::Break)),
            (Waiting(ANSWER), key, Hearing, Some(Order::Yield)),
            (Waiting(ANSWER), YourTurn(sooner), Waiting(sooner), Some(Order::Prepare(sooner))),
            (Waiting(sooner), YourTurn(ANSWER), Waiting(sooner), None),
            (Waiting(ANSWER), LastKeyUp(ANSWER), Waiting(ANSWER), None),
            (Waiting(ANSWER), Start, Playing(ANSWER), Some(Order::Begin)),
            (Waiting(ANSWER), End, Waiting(ANSWER), None),
            (Waiting(ANSWER), bare, Listening, Some(Order::Break)),
            (Playing(ANSWER), key, Hearing, Some(Order::Yield)),
            (Playing(ANSWER), YourTurn(ANSWER), Playing(ANSWER), None),
            (Playing(ANSWER), LastKeyUp(ANSWER), Playing(ANSWER), None),
            (Playing(ANSWER), End, Resting, Some(Order::Close)),
            (Playing(ANSWER), held, Hearing, Some(Order::Break)),
            (Resting, key, Hearing, Some(Order::Yield)),
            (Resting, LastKeyUp(ANSWER), Resting, None),
            (Resting, YourTurn(ANSWER), Waiting(ANSWER), Some(Order::Prepare(ANSWER))),
            (Resting, bare, Listening, Some(Order::Break)),
            // A loop.
            (Playing(ANSWER), Looped(sooner), Waiting(sooner), Some(Order::Enter(sooner))),
            // Another style.
            (Playing(ANSWER), Recast(sooner), Waiting(sooner), Some(Order::Prepare(sooner))),
            (Resting, Recast(sooner), Resting, None),
        ]);
    }

    #[test]
    fn the_whole_table_of_trades() {
        use Cue::{Broken, Dealt, End, KeyDown, Landed, Lapse, Looped, Start, YourTurn};
        use Turn::{Hearing, Listening, Playing, Resting, Waiting};
        let ringing = Part { ring: Ticks(192), ..LONGER };
        check(&[
            (Listening, Dealt(BARS), Waiting(BARS), Some(Order::Prepare(BARS))),
            (Hearing, Dealt(BARS), Waiting(BARS), Some(Order::Prepare(BARS))),
            (Resting, Dealt(LATER), Waiting(LATER), Some(Order::Prepare(LATER))),
            // The player plays in the player's bars, to the very end.
            (Waiting(BARS), KeyDown(Ticks(50)), Waiting(BARS), None),
            (Waiting(BARS), KeyDown(Ticks(96)), Waiting(BARS), None),
            (Waiting(BARS), Start, Playing(BARS), Some(Order::Begin)),
            (Waiting(BARS), Lapse, Listening, Some(Order::Break)),
            (Waiting(BARS), Dealt(BARS), Waiting(BARS), None),
            (Waiting(BARS), Dealt(LONGER), Waiting(LONGER), Some(Order::Prepare(LONGER))),
            (Waiting(LATER), YourTurn(BARS), Waiting(BARS), Some(Order::Prepare(BARS))),
            (Waiting(BARS), Landed(LONGER), Waiting(LONGER), Some(Order::Land(LONGER))),
            (Playing(BARS), Landed(LONGER), Playing(BARS), None),
            // A loop that was foreseen: whoever played before it, the part after it is ready.
            (Playing(BARS), Looped(LATER), Waiting(LATER), Some(Order::Enter(LATER))),
            (Waiting(LATER), Looped(BARS), Waiting(BARS), Some(Order::Enter(BARS))),
            (Hearing, Looped(BARS), Waiting(BARS), Some(Order::Enter(BARS))),
            // A note that spills over the bar line, and one that does not.
            (Playing(BARS), KeyDown(Ticks(96)), Playing(BARS), None),
            (Playing(BARS), KeyDown(Ticks(107)), Playing(BARS), None),
            (Playing(BARS), KeyDown(Ticks(108)), Hearing, Some(Order::Yield)),
            // A pick-up takes what is left; a note on the player's own bar line takes nothing.
            (Playing(BARS), KeyDown(Ticks(863)), Hearing, Some(Order::Yield)),
            (Playing(BARS), KeyDown(Ticks(864)), Playing(BARS), None),
            (Playing(BARS), YourTurn(LATER), Playing(BARS), None),
            (Playing(BARS), Dealt(LONGER), Playing(LONGER), Some(Order::Reshape(LONGER))),
            (
                Playing(BARS),
                Dealt(Part { start: Ticks(0), ..ringing }),
                Playing(ringing),
                Some(Order::Reshape(ringing)),
            ),
            (Playing(BARS), Dealt(BARS), Playing(BARS), None),
            (Playing(BARS), Lapse, Playing(BARS), None),
            (Playing(BARS), End, Resting, Some(Order::Close)),
            (Playing(BARS), Broken { keys_down: false }, Listening, Some(Order::Break)),
        ]);
    }

    #[test]
    fn the_whole_table_of_duets() {
        use Cue::{Broken, Dealt, End, KeyDown, LastKeyUp, Looped, Start, YourTurn};
        use Turn::{Hearing, Listening, Playing, Resting, Waiting};
        let key = KeyDown(Ticks(500));
        check(&[
            (Playing(DUET), Looped(DUET), Waiting(DUET), Some(Order::Enter(DUET))),
            (Listening, Dealt(DUET), Waiting(DUET), Some(Order::Prepare(DUET))),
            (Listening, YourTurn(DUET), Waiting(DUET), Some(Order::Prepare(DUET))),
            (Hearing, Dealt(DUET), Waiting(DUET), Some(Order::Prepare(DUET))),
            (Hearing, LastKeyUp(FADING), Hearing, None),
            (Waiting(DUET), key, Waiting(DUET), Some(Order::RedecideRest(DUET))),
            (Waiting(DUET), Start, Playing(DUET), Some(Order::Begin)),
            (Waiting(DUET), LastKeyUp(FADING), Waiting(FADING), Some(Order::Reshape(FADING))),
            (Playing(DUET), key, Playing(DUET), Some(Order::RedecideRest(DUET))),
            (Playing(DUET), LastKeyUp(DUET), Playing(DUET), None),
            (Playing(DUET), LastKeyUp(FADING), Playing(FADING), Some(Order::Reshape(FADING))),
            (Playing(FADING), key, Playing(DUET), Some(Order::RedecideRest(DUET))),
            (Playing(FADING), End, Resting, Some(Order::Close)),
            (Playing(DUET), YourTurn(DUET), Playing(DUET), None),
            (Resting, key, Hearing, Some(Order::Yield)),
            (Playing(DUET), Broken { keys_down: true }, Hearing, Some(Order::Break)),
        ]);
    }

    #[test]
    fn a_part_without_an_end_is_never_over() {
        assert!(!DUET.is_over_at(Ticks(i64::MAX)) && DUET.cut(Ticks(9_999)) == Ticks(9_999));
        assert_eq!((ANSWER.cut(Ticks(870)), ANSWER.cut(Ticks(900))), (Ticks(870), Ticks(876)));
        assert_eq!(Turn::Playing(DUET).next_change(), None);
    }

    #[test]
    fn before_segues_bars_it_is_the_players_turn_and_before_an_answer_it_is_segues() {
        let is_segues =
            [Turn::Waiting(BARS), Turn::Playing(BARS), Turn::Waiting(ANSWER), Turn::Resting].map(Turn::is_segues);
        assert_eq!(is_segues, [false, true, true, false]);
    }
}
