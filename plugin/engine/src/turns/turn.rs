//! The state machine of turns: a cue and a turn give the next turn and an order.
//!
//! A pure table. It decides whether a part of Segue plays and whether it lasts; where that part lies has been worked
//! out by the caller, and the order is carried out by the planner.
//!
//! | mode   | Segue plays                                      | a key of the player                                |
//! |--------|--------------------------------------------------|----------------------------------------------------|
//! | answer | from the last key-up on                          | takes the turn                                     |
//! | trade  | its allocated bars, whether keys are held or not | in Segue's bars: takes the rest of them            |
//! |        |                                                  | in the player's bars: changes nothing              |
//! | duet   | all along                                        | makes Segue decide again what follows              |
//!
//! In a trade, a key within a sixteenth note of the start of Segue's bars changes nothing either: it belongs to the
//! player's phrase, because phrases rarely end exactly on the bar line.

use crate::host::Mode;
use segue_model::note::Ticks;

/// How far the player's phrase may reach into Segue's bars without taking the turn: a sixteenth note.
const SPILL: Ticks = Ticks(Ticks::quarters(1).0 / 4);

/// A stretch of time in which Segue plays.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// How time is shared in it.
    pub mode: Mode,
    /// The onset of its first note.
    pub start: Ticks,
    /// No note begins at this tick or later; `None` when no end is known.
    pub end: Option<Ticks>,
    /// How long its last note may sound after the end.
    pub ring: Ticks,
    /// Every note sounds this much later than its tick, in ticks, -0.5 to 0.5. So a part without a grid begins on the
    /// exact frame.
    pub lag: f64,
    /// Whether it plays an answer again, so that nothing of it is decided.
    pub is_again: bool,
}

impl Part {
    /// Whether this tick lies at the end or after it.
    pub fn is_over_at(&self, moment: Ticks) -> bool {
        self.end.is_some_and(|end| moment >= end)
    }

    /// The end of a note that would last until `until`.
    pub fn cut(&self, until: Ticks) -> Ticks {
        self.end.map_or(until, |end| until.min(end + self.ring))
    }
}

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Turn {
    /// The player's; nothing was played yet.
    #[default]
    Listening,
    /// The player's.
    Hearing,
    /// Segue's from the start of the part on; before that still the player's.
    Waiting(Part),
    /// Segue's; in a duet it belongs to both.
    Playing(Part),
    /// Nobody's, because Segue's part is over.
    Resting,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cue {
    /// A key of the player goes down at this tick.
    KeyDown(Ticks),
    /// The last key that keeps the turn goes up; the part is the answer, or the rest of the duet.
    LastKeyUp(Part),
    /// The player presses *Your turn*; this would be Segue's part. While Segue plays an answer or its bars of a trade,
    /// the player takes the turn back.
    YourTurn(Part),
    /// The player asks for an answer again; this is the part in which it is played.
    Again(Part),
    /// This is Segue's next part, or its present part after the bars have moved.
    Allocated(Part),
    /// The start of Segue's part is reached.
    Start,
    /// The start of Segue's part is reached, and the player has stopped playing.
    Lapse,
    /// The end of Segue's part is reached.
    End,
    /// The song jumped exactly where Segue's part begins, to bars that are Segue's too; this is the part there.
    Landed(Part),
    /// The new style counts other ticks; this is Segue's part in them.
    Converted(Part),
    /// The song wrapped as planned; this is Segue's part after the wrap, already drafted.
    Looped(Part),
    /// The transport has a discontinuity, the settings of the turn changed, or everything must be silent.
    Interrupted {
        /// Whether the player holds keys that keep the turn.
        keys_down: bool,
    },
}

/// What the planner is to do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Order {
    /// Draft this part, and no other.
    Prepare(Part),
    /// The part that is drafted or played has another end.
    Reshape(Part),
    /// The song jumped onto the start of this part. Sounding notes end at once. Live, the notes within the look-ahead
    /// stay, because it is too late to decide them again. Offline they are decided again by the new bars and chords.
    Land(Part),
    /// Begin this part, which is drafted already. Notes from before it are not played, and those that sound end at
    /// once.
    Enter(Part),
    /// Keep the notes within the look-ahead and decide again what follows.
    RedecideRest(Part),
    /// Count the turn, because the part begins to sound.
    Begin,
    /// Another style plays: end the sounding notes, keep the notes within the look-ahead, and let the new style decide
    /// the rest of this part.
    Redecide(Option<Part>),
    /// Draft this part beside the one that plays until the loop's end.
    PrepareBeside {
        /// The first tick after the loop's end.
        from: Ticks,
        /// The part after it.
        part: Part,
    },
    /// The song does not wrap as planned: sounding notes may last until this part goes on.
    Rejoin {
        /// The rest of the part; `None` when it is over.
        part: Option<Part>,
        /// Whether Segue plays it already, so that it counts as a turn.
        plays: bool,
    },
    /// The player takes the turn: withdraw the plan, and end the sounding notes as the musician has set it.
    Yield,
    /// Withdraw the plan and end the sounding notes at once.
    Stop,
    /// The part is over: withdraw the plan. Sounding notes end by themselves.
    Close,
}

impl Turn {
    /// The next turn, and the order that comes with it.
    #[must_use]
    pub fn after(self, cue: Cue) -> (Self, Option<Order>) {
        match (cue, self) {
            (Cue::KeyDown(at), Self::Waiting(part) | Self::Playing(part)) => self.key_down(at, part),
            // The last note of the part that is over may still sound.
            (Cue::KeyDown(_), Self::Resting) => (Self::Hearing, Some(Order::Yield)),
            (Cue::KeyDown(_), Self::Listening | Self::Hearing) => (Self::Hearing, None),
            (Cue::LastKeyUp(part), Self::Hearing) if part.mode == Mode::Answer => Self::prepared(part),
            (Cue::LastKeyUp(part), Self::Waiting(_) | Self::Playing(_)) if part.mode == Mode::Duet => {
                self.reshaped(part)
            }
            (Cue::YourTurn(_), Self::Playing(part)) if part.mode != Mode::Duet => (Self::Hearing, Some(Order::Yield)),
            (Cue::YourTurn(part), Self::Waiting(before)) if part.start < before.start => Self::prepared(part),
            (Cue::YourTurn(part) | Cue::Allocated(part), Self::Listening | Self::Hearing | Self::Resting) => {
                Self::prepared(part)
            }
            (Cue::Allocated(part), Self::Waiting(before)) if part != before => Self::prepared(part),
            (Cue::Allocated(part), Self::Playing(_)) => self.reshaped(part),
            (Cue::Landed(part), Self::Waiting(_)) => (Self::Waiting(part), Some(Order::Land(part))),
            (Cue::Again(part), _) | (Cue::Converted(part), Self::Waiting(_) | Self::Playing(_)) => Self::prepared(part),
            (Cue::Looped(part), _) => (Self::Waiting(part), Some(Order::Enter(part))),
            (Cue::Start, Self::Waiting(part)) => (Self::Playing(part), Some(Order::Begin)),
            (Cue::End, Self::Playing(_)) => (Self::Resting, Some(Order::Close)),
            // This also ends the last note of a part that is over.
            (Cue::Interrupted { keys_down: true }, _) => (Self::Hearing, Some(Order::Stop)),
            (Cue::Interrupted { keys_down: false }, _) | (Cue::Lapse, Self::Waiting(_)) => {
                (Self::Listening, Some(Order::Stop))
            }
            (
                Cue::LastKeyUp(_)
                | Cue::YourTurn(_)
                | Cue::Allocated(_)
                | Cue::Landed(_)
                | Cue::Converted(_)
                | Cue::Start
                | Cue::Lapse
                | Cue::End,
                unchanged,
            ) => (unchanged, None),
        }
    }

    fn prepared(part: Part) -> (Self, Option<Order>) {
        (Self::Waiting(part), Some(Order::Prepare(part)))
    }

    /// Gives Segue's part the end of another part.
    fn reshaped(self, other: Part) -> (Self, Option<Order>) {
        // An answer that is played again has its own length.
        let shaped = |part: Part| if part.is_again { part } else { Part { end: other.end, ring: other.ring, ..part } };
        let (turn, before, after) = match self {
            Self::Waiting(part) => (Self::Waiting(shaped(part)), part, shaped(part)),
            Self::Playing(part) => (Self::Playing(shaped(part)), part, shaped(part)),
            Self::Listening | Self::Hearing | Self::Resting => return (self, None),
        };
        (turn, (before != after).then_some(Order::Reshape(after)))
    }

    /// A key goes down while Segue plays or waits to play.
    fn key_down(self, at: Ticks, part: Part) -> (Self, Option<Order>) {
        match part.mode {
            Mode::Answer => (Self::Hearing, Some(Order::Yield)),
            Mode::Trade => {
                let is_segues = self == Self::Playing(part) && at >= part.start + SPILL && !part.is_over_at(at);
                if is_segues { (Self::Hearing, Some(Order::Yield)) } else { (self, None) }
            }
            Mode::Duet if part.is_again => (self, None),
            Mode::Duet => {
                // A player who plays has not gone, so no end is known.
                let part = Part { end: None, ..part };
                let turn = if let Self::Waiting(_) = self { Self::Waiting(part) } else { Self::Playing(part) };
                (turn, Some(Order::RedecideRest(part)))
            }
        }
    }

    /// The tick and lag at which the turn changes by itself, and the cue for it.
    pub fn next_change(self) -> Option<(Ticks, f64, Cue)> {
        match self {
            Self::Waiting(part) => Some((part.start, part.lag, Cue::Start)),
            Self::Playing(part) => Some((part.end?, part.lag, Cue::End)),
            Self::Listening | Self::Hearing | Self::Resting => None,
        }
    }

    /// Whether the window shows the turn as Segue's: it plays, or waits to answer. In a trade the bars before Segue's
    /// are the player's.
    pub fn is_segues(self) -> bool {
        match self {
            Self::Playing(_) => true,
            Self::Waiting(part) => part.mode != Mode::Trade,
            Self::Listening | Self::Hearing | Self::Resting => false,
        }
    }

    /// The part that Segue plays or waits to play.
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

    const ANSWER: Part = Part {
        mode: Mode::Answer,
        start: Ticks(96),
        end: Some(Ticks(864)),
        ring: Ticks(12),
        lag: 0.0,
        is_again: false,
    };
    const REPEAT: Part = Part { start: Ticks(192), end: Some(Ticks(300)), is_again: true, ..ANSWER };
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
    fn every_cue_in_an_answer() {
        use Cue::{Again, Converted, End, Interrupted, KeyDown, LastKeyUp, Looped, Start, YourTurn};
        use Turn::{Hearing, Listening, Playing, Resting, Waiting};
        let held = Interrupted { keys_down: true };
        let released = Interrupted { keys_down: false };
        let key = KeyDown(Ticks(500));
        let sooner = Part { start: Ticks(48), ..ANSWER };
        check(&[
            (Listening, key, Hearing, None),
            (Listening, LastKeyUp(ANSWER), Listening, None),
            (Listening, Start, Listening, None),
            (Listening, End, Listening, None),
            (Listening, YourTurn(ANSWER), Waiting(ANSWER), Some(Order::Prepare(ANSWER))),
            (Listening, released, Listening, Some(Order::Stop)),
            (Hearing, key, Hearing, None),
            (Hearing, LastKeyUp(ANSWER), Waiting(ANSWER), Some(Order::Prepare(ANSWER))),
            (Hearing, YourTurn(ANSWER), Waiting(ANSWER), Some(Order::Prepare(ANSWER))),
            (Hearing, Start, Hearing, None),
            (Hearing, held, Hearing, Some(Order::Stop)),
            (Waiting(ANSWER), key, Hearing, Some(Order::Yield)),
            (Waiting(ANSWER), YourTurn(sooner), Waiting(sooner), Some(Order::Prepare(sooner))),
            (Waiting(sooner), YourTurn(ANSWER), Waiting(sooner), None),
            (Waiting(ANSWER), LastKeyUp(ANSWER), Waiting(ANSWER), None),
            (Waiting(ANSWER), Start, Playing(ANSWER), Some(Order::Begin)),
            (Waiting(ANSWER), End, Waiting(ANSWER), None),
            (Waiting(ANSWER), released, Listening, Some(Order::Stop)),
            (Playing(ANSWER), key, Hearing, Some(Order::Yield)),
            (Playing(ANSWER), YourTurn(ANSWER), Hearing, Some(Order::Yield)),
            (Playing(ANSWER), LastKeyUp(ANSWER), Playing(ANSWER), None),
            (Playing(ANSWER), End, Resting, Some(Order::Close)),
            (Playing(ANSWER), held, Hearing, Some(Order::Stop)),
            (Resting, key, Hearing, Some(Order::Yield)),
            (Resting, LastKeyUp(ANSWER), Resting, None),
            (Resting, YourTurn(ANSWER), Waiting(ANSWER), Some(Order::Prepare(ANSWER))),
            (Resting, released, Listening, Some(Order::Stop)),
            // An answer that is played again, in anybody's turn.
            (Hearing, Again(REPEAT), Waiting(REPEAT), Some(Order::Prepare(REPEAT))),
            (Playing(ANSWER), Again(REPEAT), Waiting(REPEAT), Some(Order::Prepare(REPEAT))),
            (Playing(REPEAT), key, Hearing, Some(Order::Yield)),
            (Playing(REPEAT), YourTurn(ANSWER), Hearing, Some(Order::Yield)),
            (Playing(REPEAT), End, Resting, Some(Order::Close)),
            // A loop.
            (Playing(ANSWER), Looped(sooner), Waiting(sooner), Some(Order::Enter(sooner))),
            // Another style.
            (Playing(ANSWER), Converted(sooner), Waiting(sooner), Some(Order::Prepare(sooner))),
            (Resting, Converted(sooner), Resting, None),
        ]);
    }

    #[test]
    fn every_cue_in_a_trade() {
        use Cue::{Allocated, End, Interrupted, KeyDown, Landed, Lapse, Looped, Start, YourTurn};
        use Turn::{Hearing, Listening, Playing, Resting, Waiting};
        let ringing = Part { ring: Ticks(192), ..LONGER };
        check(&[
            (Listening, Allocated(BARS), Waiting(BARS), Some(Order::Prepare(BARS))),
            (Hearing, Allocated(BARS), Waiting(BARS), Some(Order::Prepare(BARS))),
            (Resting, Allocated(LATER), Waiting(LATER), Some(Order::Prepare(LATER))),
            // The player plays to the end of the player's bars.
            (Waiting(BARS), KeyDown(Ticks(50)), Waiting(BARS), None),
            (Waiting(BARS), KeyDown(Ticks(96)), Waiting(BARS), None),
            (Waiting(BARS), Start, Playing(BARS), Some(Order::Begin)),
            (Waiting(BARS), Lapse, Listening, Some(Order::Stop)),
            (Waiting(BARS), Allocated(BARS), Waiting(BARS), None),
            (Waiting(BARS), Allocated(LONGER), Waiting(LONGER), Some(Order::Prepare(LONGER))),
            (Waiting(LATER), YourTurn(BARS), Waiting(BARS), Some(Order::Prepare(BARS))),
            (Waiting(BARS), Landed(LONGER), Waiting(LONGER), Some(Order::Land(LONGER))),
            (Playing(BARS), Landed(LONGER), Playing(BARS), None),
            // A loop that was planned: whoever had the turn before the wrap.
            (Playing(BARS), Looped(LATER), Waiting(LATER), Some(Order::Enter(LATER))),
            (Waiting(LATER), Looped(BARS), Waiting(BARS), Some(Order::Enter(BARS))),
            (Hearing, Looped(BARS), Waiting(BARS), Some(Order::Enter(BARS))),
            // A note within a sixteenth of the bar line, and one after it.
            (Playing(BARS), KeyDown(Ticks(96)), Playing(BARS), None),
            (Playing(BARS), KeyDown(Ticks(107)), Playing(BARS), None),
            (Playing(BARS), KeyDown(Ticks(108)), Hearing, Some(Order::Yield)),
            // A pick-up takes the rest of Segue's bars; a note on the player's own bar line takes nothing.
            (Playing(BARS), KeyDown(Ticks(863)), Hearing, Some(Order::Yield)),
            (Playing(BARS), KeyDown(Ticks(864)), Playing(BARS), None),
            (Playing(BARS), YourTurn(LATER), Hearing, Some(Order::Yield)),
            (Playing(BARS), Allocated(LONGER), Playing(LONGER), Some(Order::Reshape(LONGER))),
            (
                Playing(BARS),
                Allocated(Part { start: Ticks(0), ..ringing }),
                Playing(ringing),
                Some(Order::Reshape(ringing)),
            ),
            (Playing(BARS), Allocated(BARS), Playing(BARS), None),
            (Playing(BARS), Lapse, Playing(BARS), None),
            (Playing(BARS), End, Resting, Some(Order::Close)),
            (Playing(BARS), Interrupted { keys_down: false }, Listening, Some(Order::Stop)),
        ]);
    }

    #[test]
    fn every_cue_in_a_duet() {
        use Cue::{Allocated, End, Interrupted, KeyDown, LastKeyUp, Looped, Start, YourTurn};
        use Turn::{Hearing, Listening, Playing, Resting, Waiting};
        let key = KeyDown(Ticks(500));
        let along = Part { mode: Mode::Duet, ..REPEAT };
        check(&[
            (Playing(DUET), Looped(DUET), Waiting(DUET), Some(Order::Enter(DUET))),
            (Listening, Allocated(DUET), Waiting(DUET), Some(Order::Prepare(DUET))),
            (Listening, YourTurn(DUET), Waiting(DUET), Some(Order::Prepare(DUET))),
            (Hearing, Allocated(DUET), Waiting(DUET), Some(Order::Prepare(DUET))),
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
            // An answer that is played again keeps its length, whatever the player plays.
            (Playing(along), key, Playing(along), None),
            (Playing(along), LastKeyUp(FADING), Playing(along), None),
            (Resting, key, Hearing, Some(Order::Yield)),
            (Playing(DUET), Interrupted { keys_down: true }, Hearing, Some(Order::Stop)),
        ]);
    }

    #[test]
    fn a_part_without_an_end_is_never_over() {
        assert!(!DUET.is_over_at(Ticks(i64::MAX)) && DUET.cut(Ticks(9_999)) == Ticks(9_999));
        assert_eq!((ANSWER.cut(Ticks(870)), ANSWER.cut(Ticks(900))), (Ticks(870), Ticks(876)));
        assert_eq!(Turn::Playing(DUET).next_change(), None);
    }

    /// Before Segue's bars in a trade the turn is the player's; before an answer it is Segue's.
    #[test]
    fn a_waiting_part_is_segues_turn_only_in_an_answer() {
        let is_segues =
            [Turn::Waiting(BARS), Turn::Playing(BARS), Turn::Waiting(ANSWER), Turn::Resting].map(Turn::is_segues);
        assert_eq!(is_segues, [false, true, true, false]);
    }
}
