//! When the song goes round its loop: what Segue plays from the loop's beginning on.
//!
//! Where the host tells of a loop it is known where the song will be after its end, and to which bars and chords. So a
//! part of Segue's that begins there is thought about as long before as any other, beside the one that is played until
//! then, and its first note may sound on the first frame after the loop. If the song does not go round as it was told,
//! that plan is as wrong as after any other jump.
//!
//! Of a jump that nobody tells of before it happens nothing can be known. One thing that is ready is kept: bars of Segue's
//! that would have begun on that very frame, where it has bars there too.

use super::clock::{Landing, float};
use super::host::{Mode, Settings, Stage};
use super::sharing::{RING, RING_OVER};
use super::trade::Sides;
use super::turns::{Cue, Part, Turn};
use super::{Performer, Scene};
use crate::link::Nerve;
use segue_model::note::Ticks;

/// A round of the loop that is still to come.
#[derive(Debug, Clone, Copy)]
pub struct Round {
    /// Where it begins.
    pub landing: Landing,
    /// Segue's part from its beginning on; `None` where it does not begin there.
    pub part: Option<Part>,
    /// Who has which bars then.
    sides: Sides,
}

impl Round {
    /// As these settings share it.
    fn of(landing: Landing, settings: &Settings) -> Self {
        let Landing { first, count, .. } = landing;
        let mut sides = Sides::new(0, settings.trade.segue_first, settings.trade);
        let grid = settings.start_grid.to_join();
        let part = match settings.mode {
            Mode::Answer => None,
            Mode::Duet => {
                let start = grid.at_or_after(first.max(count.line_of(0)), count.bars);
                Some(Part { mode: Mode::Duet, start, end: None, ring: RING, lag: 0.0 })
            }
            Mode::Trade => {
                let number = count.number_at(first);
                let (begin, after) = sides.deal(number);
                let ring = if settings.trade.rings_over { RING_OVER } else { Ticks::ZERO };
                let start = grid.at_or_after(first, count.bars);
                let end = Some(count.line_of(after));
                (begin <= number).then_some(Part { mode: Mode::Trade, start, end, ring, lag: 0.0 })
            }
        };
        Self { landing, part, sides }
    }
}

impl Performer {
    /// When the next round is to be thought about, as an offset in this block: as long before as any note is decided.
    pub(super) fn round_due<S, N>(&self, scene: &Scene<'_, S, N>) -> Option<i64> {
        let settings = &scene.block.settings;
        let is_new = settings.mode != Mode::Answer && !settings.free_time && self.sharing.round.is_none();
        let landing = self.clock.landing().filter(|_| is_new)?;
        let end = scene.beats.offset_of(landing.end);
        (end >= scene.cursor()).then_some(end.saturating_sub(self.look_ahead(scene)))
    }

    /// Thinks about the part with which the next round begins, if one does.
    pub(super) fn think_of_round<S, N>(&mut self, scene: &Scene<'_, S, N>) {
        let Some(landing) = self.clock.landing() else { return };
        let round = Round::of(landing, &scene.block.settings);
        if let Some(part) = round.part {
            self.prepare_after(landing.first, part, scene.position());
        }
        self.sharing.round = Some(round);
    }

    /// The round that is thought about.
    pub(super) fn next_round(&self) -> Option<Round> {
        self.sharing.round.filter(|round| round.part.is_some())
    }

    /// When the song will have passed the end of its loop, if it does not go round.
    pub(super) fn round_passes<S, N>(&self, scene: &Scene<'_, S, N>) -> Option<i64> {
        // Where the end falls between two frames, some hosts go round on the first and some on the second.
        let round = self.sharing.round?;
        Some(scene.beats.offset_of(round.landing.end).saturating_add(1))
    }

    /// The song did not go round, or will not do so as was thought: the part that was played, or would have begun, is joined
    /// again on the grid. What sounds sounds on until then and makes room, because two lines would be more voices than may
    /// be.
    pub(super) fn pass_round(&mut self, scene: &Scene<'_, impl Stage, impl Nerve>) {
        let Some(Round { part: Some(_), .. }) = self.sharing.round.take() else { return };
        self.withdraw_from(scene.span.first_tick_from(scene.cursor(), self.turn_lag()));
        let Some(part) = self.turn.part() else { return };
        let soonest = scene.span.first_tick_from(scene.cursor() + self.look_ahead(scene), part.lag);
        let grid = scene.block.settings.start_grid.to_join();
        let start = part.start.max(grid.at_or_after(soonest, self.time().bars()));
        if !part.is_over_at(start) {
            self.schedule.end_by(float(start) + part.lag);
            self.wishes.begin(Part { start, ..part }, scene.position());
        }
        if let Turn::Playing(_) = self.turn {
            self.wishes.count_turn();
        }
    }

    /// Whether the loop that is ahead of us is not any more the one that was thought about.
    pub(super) fn is_round_another<S, N>(&self, scene: &Scene<'_, S, N>) -> bool {
        let is_another = |round: &Round| self.clock.landing() != Some(round.landing);
        let is_ahead = |round: &Round| scene.beats.offset_of(round.landing.end) > scene.cursor();
        self.sharing.round.as_ref().is_some_and(|round| is_another(round) && is_ahead(round))
    }

    /// The song jumps: to where the next round begins, if this is it.
    pub(super) fn go_round(&mut self, round: Round) -> Option<Cue> {
        let part = round.part.filter(|_| self.clock.has_landed(round.landing))?;
        self.sharing.sides = Some(round.sides);
        self.sharing.dealt_in = Some((self.clock.count(), self.clock.tempo_bpm()));
        Some(Cue::Looped(part))
    }

    /// A song that jumps unforeseen, to bars of Segue's, just where Segue's bars would have begun: the part that is ready to
    /// begin, as long as it is there. Every other jump leaves nothing that could be decided in time.
    pub(super) fn landed<S, N>(&mut self, scene: &Scene<'_, S, N>) -> Option<Part> {
        let settings = &scene.block.settings;
        let Turn::Waiting(ready) = self.turn else { return None };
        let begins_now = scene.span.offset_of(float(ready.start) + ready.lag) == scene.cursor();
        if ready.mode != Mode::Trade || settings.mode != Mode::Trade || settings.free_time || !begins_now {
            return None;
        }
        let (count, grid) = (self.clock.count(), settings.start_grid.to_join());
        let mut sides = self.sharing.sides?;
        let (first, after) = sides.deal(self.bar_number(scene, 0));
        if count.line_of(first) > ready.start || grid.at_or_after(ready.start, count.bars) != ready.start {
            return None;
        }
        self.sharing.sides = Some(sides);
        self.sharing.dealt_in = Some((count, self.clock.tempo_bpm()));
        Some(Part { end: Some(count.line_of(after)), ..ready })
    }
}
