//! Whose turn it is.
//!
//! A pure table: it is told what happened and says what follows from it. When and where an answer begins has been
//! worked out by the caller; here is only decided whether it does.

use super::host::StartGrid;
use segue_model::note::{Bars, Ticks};

/// Where an answer lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answer {
    /// Its first note begins here.
    pub start: Ticks,
    /// No note begins here or later.
    pub end: Ticks,
    /// Every note sounds this part of a tick later than it says, between -0.5 and 0.5: an answer off the grid begins
    /// to the frame.
    pub lag: f64,
}

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Turn {
    /// The player's, who has not played yet.
    #[default]
    Listening,
    /// The player's, with keys down or just lifted.
    Hearing,
    /// Segue's, from the start of the answer on.
    Waiting(Answer),
    /// Segue's.
    Answering(Answer),
    /// Nobody's: the answer is over.
    Resting,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cue {
    /// The player struck a key.
    KeyDown,
    /// The player lifted the last key; this would be the answer.
    LastKeyUp(Answer),
    /// The start of the answer is reached.
    Start,
    /// The end of the answer is reached.
    End,
    /// The song started, stopped or jumped.
    Broken {
        /// Whether the player holds keys nevertheless.
        keys_down: bool,
    },
}

/// What is to be done about it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Order {
    /// Think about this answer.
    Prepare(Answer),
    /// Segue loses the turn: nothing more of the plan is played and what sounds ends.
    Yield,
    /// The answer is over: nothing more of the plan is played, what sounds may ring a little.
    Close,
}

impl Turn {
    /// What follows when something happens.
    #[must_use]
    pub fn after(self, cue: Cue) -> (Self, Option<Order>) {
        match (cue, self) {
            // A last note may still ring when nobody plays.
            (Cue::KeyDown, Self::Waiting(_) | Self::Answering(_) | Self::Resting) => {
                (Self::Hearing, Some(Order::Yield))
            }
            (Cue::KeyDown, _) => (Self::Hearing, None),
            (Cue::LastKeyUp(answer), Self::Hearing) => (Self::Waiting(answer), Some(Order::Prepare(answer))),
            (Cue::Start, Self::Waiting(answer)) => (Self::Answering(answer), None),
            (Cue::End, Self::Answering(_)) => (Self::Resting, Some(Order::Close)),
            // A stop also ends what still rings from an answer that is over.
            (Cue::Broken { keys_down: true }, _) => (Self::Hearing, Some(Order::Yield)),
            (Cue::Broken { keys_down: false }, _) => (Self::Listening, Some(Order::Yield)),
            (Cue::LastKeyUp(_) | Cue::Start | Cue::End, unmoved) => (unmoved, None),
        }
    }

    /// The next moment at which the turn changes by itself, and what happens then.
    pub fn next_change(self) -> Option<(Ticks, f64, Cue)> {
        match self {
            Self::Waiting(answer) => Some((answer.start, answer.lag, Cue::Start)),
            Self::Answering(answer) => Some((answer.end, answer.lag, Cue::End)),
            Self::Listening | Self::Hearing | Self::Resting => None,
        }
    }

    /// Whether Segue plays, or is about to.
    pub fn is_segues(self) -> bool {
        matches!(self, Self::Waiting(_) | Self::Answering(_))
    }
}

impl StartGrid {
    /// The distance of its points within a bar; `None` where there is no grid.
    fn step(self, bars: Bars) -> Option<Ticks> {
        match self {
            Self::Free => None,
            Self::Quarter => Some(Ticks::quarters(1)),
            Self::Eighth => Some(Ticks(Ticks::quarters(1).0 / 2)),
            Self::Sixteenth => Some(Ticks(Ticks::quarters(1).0 / 4)),
            Self::Bar => Some(bars.metre.bar()),
        }
    }

    /// The first point at or after a moment. Points are counted from every bar line; a bar line is always one.
    pub fn at_or_after(self, moment: Ticks, bars: Bars) -> Ticks {
        let Some(step) = self.step(bars) else { return moment };
        let place = bars.place(moment);
        let point = (place.0 + step.0 - 1).div_euclid(step.0) * step.0;
        moment - place + Ticks(point.min(bars.metre.bar().0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_model::note::Metre;

    const ANSWER: Answer = Answer { start: Ticks(96), end: Ticks(864), lag: 0.0 };

    #[test]
    fn the_whole_table_of_turns() {
        use Cue::{Broken, End, KeyDown, LastKeyUp, Start};
        use Turn::{Answering, Hearing, Listening, Resting, Waiting};
        let held = Broken { keys_down: true };
        let bare = Broken { keys_down: false };
        let table = [
            (Listening, KeyDown, Hearing, None),
            (Listening, LastKeyUp(ANSWER), Listening, None),
            (Listening, Start, Listening, None),
            (Listening, End, Listening, None),
            (Listening, bare, Listening, Some(Order::Yield)),
            (Hearing, KeyDown, Hearing, None),
            (Hearing, LastKeyUp(ANSWER), Waiting(ANSWER), Some(Order::Prepare(ANSWER))),
            (Hearing, Start, Hearing, None),
            (Hearing, held, Hearing, Some(Order::Yield)),
            (Waiting(ANSWER), KeyDown, Hearing, Some(Order::Yield)),
            (Waiting(ANSWER), Start, Answering(ANSWER), None),
            (Waiting(ANSWER), End, Waiting(ANSWER), None),
            (Waiting(ANSWER), bare, Listening, Some(Order::Yield)),
            (Answering(ANSWER), KeyDown, Hearing, Some(Order::Yield)),
            (Answering(ANSWER), End, Resting, Some(Order::Close)),
            (Answering(ANSWER), held, Hearing, Some(Order::Yield)),
            (Resting, KeyDown, Hearing, Some(Order::Yield)),
            (Resting, LastKeyUp(ANSWER), Resting, None),
            (Resting, bare, Listening, Some(Order::Yield)),
        ];
        for (before, cue, after, order) in table {
            assert_eq!(before.after(cue), (after, order), "{before:?} when {cue:?}");
        }
    }

    #[test]
    fn an_exact_hit_on_the_grid_counts_and_a_bar_line_is_always_on_it() {
        let common = Bars { line: Ticks(0), metre: Metre::COMMON };
        let odd = Bars { line: Ticks(10), metre: Metre::new(5, 16).unwrap() };
        let table = [
            (StartGrid::Eighth, common, 0, 0),
            (StartGrid::Eighth, common, 1, 24),
            (StartGrid::Eighth, common, 24, 24),
            (StartGrid::Quarter, common, 25, 48),
            (StartGrid::Sixteenth, common, 13, 24),
            (StartGrid::Bar, common, 1, 192),
            (StartGrid::Bar, common, 192, 192),
            (StartGrid::Bar, common, -5, 0),
            (StartGrid::Free, common, 7, 7),
            // Bars of 60 ticks from 10 on: points at 10, 34, 58, and then the bar line at 70.
            (StartGrid::Eighth, odd, 58, 58),
            (StartGrid::Eighth, odd, 59, 70),
            (StartGrid::Eighth, odd, 70, 70),
        ];
        for (grid, bars, moment, point) in table {
            assert_eq!(grid.at_or_after(Ticks(moment), bars), Ticks(point), "{grid:?} from {moment} with {bars:?}");
        }
    }
}
