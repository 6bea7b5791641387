//! The piano roll: past notes scroll to the left, and Segue's planned notes are drawn to the right of the playhead.

mod bench;
mod chords;
mod grid;
mod look_back;
mod paper;

use super::ui_context::UiContext;
use super::{EditorData, theme};
use crate::params::{ModeChoice, SegueParams};
use bench::TurnWords;
pub use bench::past;
pub use chords::usual_chart;
use chords::{ChordChange, between, now_and_next};
use egui::{Align2, Color32, Painter, Rect, Sense, Stroke, StrokeKind, Vec2, lerp, pos2};
use grid::LineKind;
use look_back::ScrollBack;
use segue_engine::host::NoteSource;
use segue_engine::recorder::midi_file::LONGEST_NS;
use segue_engine::recorder::{History, Present};
use segue_model::note::TICKS_PER_QUARTER;
use std::time::{Duration, Instant};

/// Old notes are removed each time this many notes have been added.
const SWEEP: usize = 4096;
/// After this much silence the roll stops scrolling, in nanoseconds.
const REST_NS: u64 = 4_000_000_000;
/// Between two blocks time is extrapolated, but not for longer than this.
const GUESS: Duration = Duration::from_millis(150);
/// Without a block for this long the host has stopped calling.
const ASLEEP: Duration = Duration::from_millis(500);
/// The position of the playhead, as a share of the width.
const NOW: f32 = 0.82;
/// The visible beats: at first, at least and at most.
const BEATS: (f32, f32, f32) = (24.0, 4.0, 128.0);
/// The height of the band with chords and bar numbers.
const HEAD: f32 = 22.0;
/// The least number of visible keys.
const LEAST_KEYS: f32 = 30.0;
/// How much the bars of a trade are shaded.
const SHADE: f32 = 0.07;
/// How much paler than a note a planned one is.
const PLANNED: f32 = 0.3;
/// The number of MIDI keys.
const KEYS: usize = 128;
/// More turns than fit into the roll.
const TURNS: usize = 256;
/// The longest notes that are drawn, which may have begun before the left edge, in ticks.
const LONGEST: f64 = 64.0 * TICKS;
#[expect(clippy::cast_precision_loss, reason = "48")]
const TICKS: f64 = TICKS_PER_QUARTER as f64;

/// What the roll knows of the past and the plan, and how far it has scrolled.
pub struct Roll {
    history: History,
    seen: u64,
    present: Option<Present>,
    /// When the present state last changed.
    fresh: Option<Instant>,
    /// The position at the playhead, in ticks.
    now: f64,
    beats: f32,
    look_back: ScrollBack,
    /// The lowest and the highest visible key, while they glide to their targets.
    keys: (f32, f32),
    /// When turns of a trade began while the window was open, and whether they are Segue's.
    turns: Vec<(f64, bool)>,
}

impl Default for Roll {
    fn default() -> Self {
        Self {
            history: History::default(),
            seen: 0,
            present: None,
            fresh: None,
            now: 0.0,
            beats: BEATS.0,
            look_back: ScrollBack::default(),
            keys: (48.0, 84.0),
            turns: Vec::new(),
        }
    }
}

impl Roll {
    /// The present state that was read last.
    pub fn present(&self) -> Option<&Present> {
        self.present.as_ref()
    }

    /// Reads new events. True if something is moving.
    pub fn read(&mut self, data: &EditorData) -> bool {
        let (entries, seen) = data.pages.since(self.seen);
        self.seen = seen;
        self.history.extend(entries);
        let present = data.pages.present();
        if present.as_ref().map(|present| present.at_ns) != self.present.as_ref().map(|present| present.at_ns) {
            self.fresh = Some(Instant::now());
            self.present = present;
            self.note_turn(data.params.turns.mode.value());
        }
        if self.history.notes.len() > SWEEP {
            self.history.forget_before(self.history.newest_ns.saturating_sub(LONGEST_NS));
        }
        self.move_on()
    }

    /// Keeps whose turn it is, for shading the bars of a trade.
    fn note_turn(&mut self, mode: ModeChoice) {
        let Some(Present { snapshot, .. }) = &self.present else { return };
        let jumps_back = self.turns.last().is_some_and(|(from, _)| snapshot.now < *from);
        if mode != ModeChoice::Trade || jumps_back {
            self.turns.clear();
        }
        let Some(part) = snapshot.part.filter(|_| mode == ModeChoice::Trade) else { return };
        if self.turns.last().is_none_or(|(_, is_segues)| *is_segues != part.plays) {
            self.turns.push((if part.plays { part.start } else { snapshot.now }, part.plays));
            let spare = self.turns.len().saturating_sub(TURNS);
            self.turns.drain(..spare);
        }
    }

    fn move_on(&mut self) -> bool {
        let (Some(present), Some(fresh)) = (&self.present, self.fresh) else { return false };
        let since = fresh.elapsed();
        let last_note = self.history.notes.last().map_or(0, |note| note.at_ns);
        let is_quiet = !self.history.is_sounding() && present.at_ns > last_note.saturating_add(REST_NS);
        let stands = is_quiet && !present.snapshot.follows_host && present.snapshot.planned.is_empty();
        if since > ASLEEP || stands {
            // The first read covers what was played before the window opened.
            if self.now == 0.0 {
                let ended = self.history.notes.last().map(|note| note.end.unwrap_or(note.onset) + 4.0 * TICKS);
                self.now = ended.unwrap_or(present.snapshot.now).min(present.snapshot.now);
            }
            return false;
        }
        let guess = since.min(GUESS).as_secs_f64() * present.snapshot.tempo_bpm / 60.0 * TICKS;
        self.now = present.snapshot.now + guess;
        true
    }

    /// Draws the roll. True while the view is still moving.
    pub fn draw(&mut self, cx: &mut UiContext<'_>, rect: Rect, params: &SegueParams) -> bool {
        let response = cx.area("Roll", rect, Sense::hover(), "");
        if response.hovered() {
            let turned = cx.ui.input(|input| input.smooth_scroll_delta.y);
            self.beats = (self.beats * (-turned / 400.0).exp()).clamp(BEATS.1, BEATS.2);
            let first = self.history.notes.first().map_or(self.now, |note| note.onset);
            let ticks_per_point = f64::from(self.beats) * TICKS / f64::from(rect.width());
            self.look_back.turn(cx.ui, ticks_per_point, first, self.now);
        }
        let sheet = RollView::new(self, rect);
        let moves = self.follow_keys(&sheet);
        let sheet = RollView::new(self, rect);
        let painter = cx.ui.painter().with_clip_rect(rect);
        sheet.rows(&painter);
        if params.turns.mode.value() == ModeChoice::Trade {
            sheet.turns(&painter, &self.turns, self.present.as_ref());
        }
        sheet.bars(&painter, &self.history, self.present.as_ref());
        let span = (sheet.from, sheet.to());
        sheet.chords(&painter, &between(span, &self.history, self.present.as_ref(), params));
        sheet.notes(&painter, &self.history);
        sheet.planned(&painter, self.present.as_ref());
        sheet.octaves(&painter);
        sheet.playhead(&painter, self.present.as_ref());
        self.bench(&painter, &sheet, params);
        sheet.legend(&painter);
        self.look_back.button(cx, past(rect));
        if let Some(pointer) = response.hover_pos() {
            look_back::point_out(&painter, &sheet, &self.history, self.present.as_ref(), pointer);
        }
        if self.history.notes.is_empty() {
            let words = beginning(params.turns.mode.value());
            let at = pos2(lerp(rect.x_range(), NOW / 2.0), rect.center().y);
            painter.text(at, Align2::CENTER_CENTER, words, theme::large(), theme::QUIET);
        }
        moves
    }

    /// Who plays each key at this moment; the player, if both do.
    pub fn sounding(&self) -> [Option<NoteSource>; KEYS] {
        let mut keys = [None; KEYS];
        for note in self.history.sounding() {
            let Some(key) = keys.get_mut(usize::from(note.pitch.key())) else { continue };
            *key = key.filter(|who| *who == NoteSource::Player).or(Some(note.who));
        }
        keys
    }

    /// Whether no note has sounded yet.
    pub fn is_empty(&self) -> bool {
        self.history.notes.is_empty()
    }

    /// What is read from a piano bench.
    fn bench(&self, painter: &Painter, sheet: &RollView, params: &SegueParams) {
        let Some(present) = &self.present else { return };
        let words = TurnWords::of(params.turns.mode.value(), &present.snapshot, self.now);
        let ahead = Rect::from_min_max(pos2(past(sheet.rect).right(), sheet.field.top()), sheet.field.max);
        let chords = now_and_next(self.now, &self.history, Some(present), params);
        bench::draw(painter, ahead, &words, self.now, chords);
    }

    /// Moves the view smoothly to the keys that are played.
    fn follow_keys(&mut self, sheet: &RollView) -> bool {
        let to = sheet.to();
        let seen = self.history.notes.iter().rev().skip_while(|note| note.onset > to);
        let seen = seen.take_while(|note| note.onset > sheet.from - 96.0);
        let mut wanted: Option<(f32, f32)> = None;
        for note in seen {
            let key = f32::from(note.pitch.key());
            wanted = Some(wanted.map_or((key, key), |(low, high)| (low.min(key), high.max(key))));
        }
        let Some((low, high)) = wanted else { return false };
        let spare = ((LEAST_KEYS - (high - low)) / 2.0).max(3.0);
        let wanted = (low - spare, high + spare);
        let glide = |from: f32, to: f32| if (to - from).abs() < 0.05 { to } else { from + (to - from) * 0.12 };
        self.keys = (glide(self.keys.0, wanted.0), glide(self.keys.1, wanted.1));
        (self.keys.0 - wanted.0).abs() + (self.keys.1 - wanted.1).abs() > 0.05
    }
}

/// What an empty roll says.
fn beginning(mode: ModeChoice) -> &'static str {
    match mode {
        ModeChoice::Answer => "Play. When you lift your hands, Segue answers.",
        ModeChoice::Trade => "Play. You and Segue take turns, as many bars each.",
        ModeChoice::Duet => "Play. Segue plays along with you.",
    }
}

/// The coordinates of one frame: where moments and keys lie.
struct RollView {
    rect: Rect,
    /// The part with notes.
    field: Rect,
    from: f64,
    now: f64,
    points_per_tick: f64,
    keys: (f32, f32),
}

impl RollView {
    fn new(roll: &Roll, rect: Rect) -> Self {
        let field = Rect::from_min_max(pos2(rect.left(), rect.top() + HEAD), rect.max);
        let points_per_tick = f64::from(rect.width()) / (f64::from(roll.beats) * TICKS);
        let from = roll.look_back.at(roll.now) - f64::from(rect.width() * NOW) / points_per_tick;
        Self { rect, field, from, now: roll.now, points_per_tick, keys: roll.keys }
    }

    fn to(&self) -> f64 {
        self.from + f64::from(self.rect.width()) / self.points_per_tick
    }

    #[expect(clippy::cast_possible_truncation, reason = "points on a screen")]
    fn x(&self, tick: f64) -> f32 {
        self.rect.left() + ((tick - self.from) * self.points_per_tick) as f32
    }

    fn row(&self) -> f32 {
        self.field.height() / (self.keys.1 - self.keys.0 + 1.0)
    }

    /// The top of a key's row.
    fn y(&self, key: f32) -> f32 {
        self.field.bottom() - (key - self.keys.0 + 1.0) * self.row()
    }

    fn bars(&self, painter: &Painter, history: &History, present: Option<&Present>) {
        /// A bar narrower than this, in points, has no number.
        const LEAST_NUMBERED: f64 = 34.0;
        let lines = grid::grid(history, present, (self.from, self.to()), self.points_per_tick);
        for line in lines {
            let x = self.x(line.tick);
            let (colour, top) = match line.kind {
                LineKind::Beat => (theme::LIT, self.field.top()),
                LineKind::Bar => (theme::FAINT, self.rect.top()),
                LineKind::Jump => (theme::DIM, self.rect.top()),
            };
            painter.vline(x, top..=self.rect.bottom(), Stroke::new(1.0, colour));
            let is_jump = line.kind == LineKind::Jump;
            if is_jump {
                // A double line, as in written music.
                painter.vline(x - 3.0, top..=self.rect.bottom(), Stroke::new(1.0, colour));
            }
            let bar = history.bars_at(line.tick).metre.bar().as_f64();
            let Some(number) = line.number.filter(|_| is_jump || bar * self.points_per_tick >= LEAST_NUMBERED) else {
                continue;
            };
            let place = pos2(x + 4.0, self.rect.bottom() - 2.0);
            if place.x < self.field.left() + paper::STRIP {
                // The names of the keys would hide half of it, and 31 would be read as 1.
                continue;
            }
            if is_jump {
                painter.text(place, Align2::LEFT_BOTTOM, format!("bar {number}"), theme::tiny(), theme::DIM);
            } else {
                painter.text(place, Align2::LEFT_BOTTOM, number, theme::tiny(), theme::QUIET);
            }
        }
    }

    fn chords(&self, painter: &Painter, changes: &[ChordChange]) {
        let mut free = f32::NEG_INFINITY;
        for (index, (from, chord)) in changes.iter().enumerate() {
            let x = self.x(*from).max(self.rect.left());
            let name = chord.map_or_else(|| "N.C.".to_owned(), |chord| chord.to_string());
            let galley = painter.layout_no_wrap(name, theme::body(), theme::CHORD);
            // A chord from before the left edge gives way to one that begins within it.
            let next = changes.get(index + 1).map_or(f32::INFINITY, |(next, _)| self.x(*next));
            let is_pinned = index == 0;
            if x >= free && !(is_pinned && x + galley.size().x + 8.0 > next) {
                free = x + galley.size().x + 8.0;
                painter.galley(pos2(x + 4.0, self.rect.top() + 3.0), galley, theme::CHORD);
            }
        }
    }

    /// The bars of a trade in the colour of whose they are.
    fn turns(&self, painter: &Painter, turns: &[(f64, bool)], present: Option<&Present>) {
        let part = present.and_then(|present| present.snapshot.part);
        let mut all: Vec<(f64, bool)> = turns.iter().copied().filter(|(from, _)| *from <= self.now).collect();
        if let Some(part) = part {
            all.extend([(part.start, true), (part.end, false)].into_iter().filter(|(from, _)| *from > self.now));
        }
        let ends: Vec<f64> = all.iter().skip(1).map(|(from, _)| *from).chain([self.to()]).collect();
        for (&(from, is_segues), end) in all.iter().zip(ends) {
            let (left, right) = (self.x(from.max(self.from)), self.x(end.min(self.to())));
            if left < right {
                let colour = if is_segues { theme::SEGUE } else { theme::PLAYER };
                let shade = Rect::from_x_y_ranges(left..=right, self.field.y_range());
                painter.rect_filled(shade, 0.0, colour.gamma_multiply(SHADE));
                let edge = Rect::from_x_y_ranges(left..=right, self.field.top()..=self.field.top() + 2.0);
                painter.rect_filled(edge, 0.0, colour.gamma_multiply(0.8));
            }
        }
    }

    fn notes(&self, painter: &Painter, history: &History) {
        let first = history.notes.partition_point(|note| note.onset < self.from - LONGEST);
        for who in [NoteSource::Segue, NoteSource::Player] {
            let seen = history.notes.iter().skip(first).take_while(|note| note.onset <= self.to());
            for note in seen.filter(|note| note.who == who) {
                let end = note.end.unwrap_or(self.now);
                if end < self.from {
                    continue;
                }
                let body = self.body(note.onset, end, f32::from(note.pitch.key()));
                let colour = colour_of(who);
                painter.rect_filled(body, 2.0, faded(colour, note.velocity));
                if note.end.is_none() {
                    painter.rect_stroke(body, 2.0, Stroke::new(1.0, Color32::WHITE), StrokeKind::Inside);
                }
            }
        }
    }

    fn planned(&self, painter: &Painter, present: Option<&Present>) {
        for note in present.into_iter().flat_map(|present| &present.snapshot.planned) {
            let body = self.body(note.onset.max(self.now), note.onset + note.length, f32::from(note.key));
            painter.rect_filled(body, 2.0, theme::SEGUE.gamma_multiply(PLANNED));
            painter.rect_stroke(body, 2.0, Stroke::new(1.0, theme::SEGUE), StrokeKind::Inside);
        }
    }

    fn body(&self, onset: f64, end: f64, key: f32) -> Rect {
        let row = self.row();
        let (left, right) = (self.x(onset), self.x(end));
        let top = self.y(key) + (row * 0.08).min(1.0);
        Rect::from_min_max(pos2(left, top), pos2((right - 0.8).max(left + 2.0), top + (row * 0.9).max(2.0)))
            .intersect(self.field.expand2(Vec2::new(4.0, 0.0)))
    }

    fn playhead(&self, painter: &Painter, present: Option<&Present>) {
        let x = self.x(self.now);
        let is_segues = present.is_some_and(|present| present.snapshot.is_segues_turn);
        let colour = if is_segues { theme::SEGUE } else { theme::PLAYER };
        let ahead = Rect::from_min_max(pos2(x, self.field.top()), self.rect.max);
        painter.rect_filled(ahead, 0.0, Color32::from_white_alpha(5));
        painter.vline(x, self.rect.y_range(), Stroke::new(1.5, colour));
    }
}

/// The colour of a player.
pub fn colour_of(who: NoteSource) -> Color32 {
    match who {
        NoteSource::Player => theme::PLAYER,
        NoteSource::Segue | NoteSource::Comping | NoteSource::Click => theme::SEGUE,
    }
}

/// A note's velocity as its opacity.
fn faded(colour: Color32, velocity: u8) -> Color32 {
    let part = 0.35 + 0.65 * (f32::from(velocity) / 112.0).min(1.0);
    Color32::from_rgba_unmultiplied(colour.r(), colour.g(), colour.b(), alpha(part))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of 255")]
fn alpha(part: f32) -> u8 {
    (part * 255.0).round() as u8
}

#[expect(clippy::cast_precision_loss, reason = "a jam of 2^53 ticks lasts millions of years")]
fn float(ticks: i64) -> f64 {
    ticks as f64
}

#[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
fn floor(moment: f64) -> i64 {
    moment.floor() as i64
}
