//! What the line repeats: which lag holds in a bar, and what stands there.
//!
//! The lag of a bar is drawn from what sounded before its bar line, and holds for all notes of Segue's in that bar. It
//! is kept with those notes, so it is retracted with them.

use super::DecisionRequest;
use super::history::{BarLag, NoteHistory};
use crate::chord::Chord;
use crate::form::{FollowRates, Form, LAGS, LONGEST_LAG, RecentNotes, agreement};
use crate::harmony::ChordTrack;
use crate::lstm::Model;
use crate::note::{Bars, Note, Ticks};
use crate::sampling::{COLDEST, DrawKey, DrawStream};
use crate::vocabulary::TimeBase;
use std::cell::Cell;

/// An onset is looked for in so many bars from the earliest one on.
const BARS_AHEAD: usize = 2;

/// A bar that would take up what its turn took up before is kept new with this probability, after one that came again
/// with twice of it, and so on. In tunes a bar comes a third time less often than the form says, which knows no notes.
/// With a quarter it does so about as often as in the validation tunes of folk and irish, and no four bars in a row do.
const KEPT_NEW: f32 = 0.25;

/// What the next note may repeat.
pub struct Recurrence<'a> {
    form: &'a Form,
    history: &'a NoteHistory,
    harmony: &'a ChordTrack,
    request: &'a DecisionRequest,
    /// [`crate::bias::DecodingBias::recall`].
    recall: f32,
    bars: Bars,
    notes: &'a [Note],
    /// The bar line for which a lag was drawn last, and what was drawn.
    drawn: Cell<Option<(Ticks, BarLag)>>,
}

/// A place in the bar that the next note may repeat.
#[derive(Debug, Clone, Copy)]
pub struct RepeatedPlace {
    /// The onset there, on the time line of the bar that repeats it.
    pub onset: Ticks,
    /// The state of following: see [`RecentNotes::state`].
    pub state: usize,
}

impl<'a> Recurrence<'a> {
    /// `None` where there are no bars, or the style knows no form, and in a duet: a second voice that took up whole
    /// bars would double the player, whose notes are half of them.
    pub fn new(
        model: &'a Model,
        history: &'a NoteHistory,
        harmony: &'a ChordTrack,
        request: &'a DecisionRequest,
    ) -> Option<Self> {
        let form = model.form()?;
        let bars = request.bars.filter(|_| model.vocabulary().time_base == TimeBase::Beats && !request.along)?;
        let notes = history.notes_for_form();
        let recall = model.card().decoding_bias.recall;
        Some(Self { form, history, harmony, request, recall, bars, notes, drawn: Cell::default() })
    }

    /// The rates of following.
    pub fn rates(&self) -> &FollowRates {
        &self.form.rates
    }

    /// The first onset from `earliest` on that stands in the bar that is repeated. `None` where no note begins or ends
    /// at `earliest` there: the line has left the repeat, and would only rest until it could join it again.
    pub fn next_onset(&self, earliest: Ticks) -> Option<RepeatedPlace> {
        let notes = RecentNotes(self.notes);
        let lag = self.lag(self.line(earliest));
        if lag == 0 || !notes.has_boundary(earliest - self.back(lag)) {
            return None;
        }
        let mut from = earliest;
        for _ in 0..BARS_AHEAD {
            let line = self.line(from);
            let end = line + self.bars.metre.bar();
            let lag = self.lag(line);
            if lag == 0 {
                return None;
            }
            let back = self.back(lag);
            if let Some(onset) = notes.first_onset(from - back, end - back) {
                return Some(RepeatedPlace { onset: onset + back, state: notes.state(back, line) });
            }
            from = end;
        }
        None
    }

    /// Whether an onset has another chord than what its bar repeats there.
    pub fn has_other_chord(&self, onset: Ticks) -> bool {
        let back = self.back(self.lag(self.line(onset)));
        let chords = self.chord(onset).zip(self.chord(onset - back));
        chords.is_some_and(|(here, there)| here != there)
    }

    /// What was drawn for the bar of an onset, the state of following and what stands there.
    pub fn at(&self, onset: Ticks) -> (BarLag, usize, &[Note]) {
        let line = self.line(onset);
        let drawn = self.drawn_for(line);
        if drawn.lag == 0 {
            return (drawn, 0, &[]);
        }
        let (notes, back) = (RecentNotes(self.notes), self.back(drawn.lag));
        (drawn, notes.state(back, line), notes.at(onset - back))
    }

    /// Whether the bar of a moment is kept from taking up again what the turn took up before.
    pub fn is_kept_new(&self, moment: Ticks) -> bool {
        self.drawn_for(self.line(moment)).is_kept_new
    }

    fn line(&self, moment: Ticks) -> Ticks {
        Ticks(moment.0 - self.bars.place(moment).0)
    }

    fn back(&self, lag: u8) -> Ticks {
        Ticks(i64::from(lag) * self.bars.metre.bar().0)
    }

    /// The lag of the bar that begins at `line`.
    fn lag(&self, line: Ticks) -> u8 {
        self.drawn_for(line).lag
    }

    fn drawn_for(&self, line: Ticks) -> BarLag {
        let drawn = || self.drawn.get().filter(|(bar, _)| *bar == line).map(|(_, drawn)| drawn);
        self.decided(line).or_else(drawn).unwrap_or_else(|| {
            let drawn = self.draw(line);
            self.drawn.set(Some((line, drawn)));
            drawn
        })
    }

    /// What this turn decided for the bar that begins at `line`.
    fn decided(&self, line: Ticks) -> Option<BarLag> {
        self.history.lag_in(self.request.turn, line, line + self.bars.metre.bar())
    }

    /// Whether this turn took up before what stands `lag` bars before `line`.
    fn has_taken_up(&self, line: Ticks, lag: u8) -> bool {
        let source = line - self.back(lag);
        (1..=lag).map(|bars| line - self.back(bars)).any(|earlier| {
            let lag = self.decided(earlier).map_or(0, |drawn| drawn.lag);
            lag > 0 && (earlier == source || earlier - self.back(lag) == source)
        })
    }

    /// One, and how many bars in a row before `line` took up what their turn took up before.
    fn bars_again(&self, line: Ticks) -> f32 {
        let bars = (1..=LONGEST_LAG).map(|bars| line - self.back(bars));
        let is_again =
            |line: &Ticks| self.decided(*line).is_some_and(|it| it.lag > 0 && self.has_taken_up(*line, it.lag));
        bars.take_while(is_again).fold(1.0, |count, _| count + 1.0)
    }

    /// What the chords say of each lag.
    fn evidence(&self, line: Ticks) -> [f32; LAGS] {
        let mut evidence = [0.0; LAGS];
        if self.harmony.is_known_ahead() {
            for (lag, evidence) in (1..).zip(&mut evidence[1..]) {
                let agreement = agreement(|moment| self.chord(moment), self.bars.metre, line, self.back(lag));
                *evidence = self.form.chord_evidence[agreement];
            }
        }
        evidence
    }

    fn chord(&self, moment: Ticks) -> Option<Chord> {
        self.harmony.at(moment, self.request.form, self.bars.metre)
    }

    fn draw(&self, line: Ticks) -> BarLag {
        let before = self.notes.partition_point(|note| note.onset < line);
        let runs = self.history.form().runs(&self.notes[..before], self.bars, line);
        let key = |stream| {
            let parameters = &self.request.parameters;
            let seed = if parameters.temperature > COLDEST { parameters.seed } else { 0 };
            let bar = (line.0 - self.bars.line.0).div_euclid(self.bars.metre.bar().0);
            let note = u32::try_from(bar.rem_euclid(1 << 31)).unwrap_or(0);
            DrawKey { seed, turn: self.request.turn, note, heard: None }.draw(stream)
        };
        // A player who repeats a phrase has been answered alike often enough.
        let comes_round = self.history.session().comes_round();
        if comes_round || key(DrawStream::FormMemory) >= self.request.parameters.memory * self.recall {
            return BarLag::default();
        }
        let lag = self.form.lags.sample(&runs, &self.evidence(line), key(DrawStream::Form));
        // No turn of Segue's comes a third time.
        let from = line - self.back(lag);
        let is_worn = lag > 0 && self.history.is_worn_in(from, from + self.bars.metre.bar());
        let comes_again = lag > 0 && self.has_taken_up(line, lag);
        let is_kept_new = comes_again && key(DrawStream::FormReturn) < KEPT_NEW * self.bars_again(line);
        BarLag { lag: if is_worn || is_kept_new { 0 } else { lag }, is_kept_new }
    }
}
