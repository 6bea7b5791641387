//! The piano roll: past notes scroll to the left, and Segue's planned notes are drawn to the right of the playhead.

mod bench;
mod chords;

use super::ui_context::UiContext;
use super::{EditorData, theme};
use crate::params::{ModeChoice, SegueParams};
use bench::TurnWords;
pub use bench::past;
pub use chords::usual_chart;
use chords::{ChordChange, between, now_and_next};
use egui::{Align2, Color32, Painter, Rect, Sense, Stroke, StrokeKind, Vec2, lerp, pos2, vec2};
use segue_engine::host::NoteSource;
use segue_engine::recorder::{History, Present};
use segue_model::note::{Bars, TICKS_PER_QUARTER, Ticks};
use std::time::{Duration, Instant};

/// How much of the past is kept for drawing, in nanoseconds.
const KEPT_NS: u64 = 180_000_000_000;
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
/// More turns than fit into the roll.
const TURNS: usize = 256;
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
            self.history.forget_before(self.history.newest_ns.saturating_sub(KEPT_NS));
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
        if self.history.notes.is_empty() {
            let words = beginning(params.turns.mode.value());
            let at = pos2(lerp(rect.x_range(), NOW / 2.0), rect.center().y);
            painter.text(at, Align2::CENTER_CENTER, words, theme::large(), theme::QUIET);
        }
        moves
    }

    /// Whether no note has sounded yet.
    pub fn is_empty(&self) -> bool {
        self.history.notes.is_empty()
    }

    /// What is read from a piano bench.
    fn bench(&self, painter: &Painter, sheet: &RollView, params: &SegueParams) {
        let Some(present) = &self.present else { return };
        let words = TurnWords::of(params.turns.mode.value(), &present.snapshot, self.now);
        let ahead = Rect::from_min_max(pos2(sheet.x(self.now), sheet.field.top()), sheet.field.max);
        let chords = now_and_next(self.now, &self.history, Some(present), params);
        bench::draw(painter, ahead, &words, self.now, chords);
    }

    /// Moves the view smoothly to the keys that are played.
    fn follow_keys(&mut self, sheet: &RollView) -> bool {
        let seen = self.history.notes.iter().rev().take_while(|note| note.onset > sheet.from - 96.0);
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
        let from = roll.now - f64::from(rect.width() * NOW) / points_per_tick;
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

    fn rows(&self, painter: &Painter) {
        painter.rect_filled(self.rect, 0.0, theme::PAPER);
        for key in 0..=127_u8 {
            let at = f32::from(key);
            if at < self.keys.0 - 1.0 || at > self.keys.1 + 1.0 {
                continue;
            }
            let row = Rect::from_min_size(pos2(self.rect.left(), self.y(at)), vec2(self.rect.width(), self.row()));
            if matches!(key % 12, 1 | 3 | 6 | 8 | 10) {
                painter.rect_filled(row.intersect(self.field), 0.0, theme::PAPER_DARK);
            }
        }
        for octave in 0..=10_u8 {
            let y = self.y(f32::from(octave * 12)) + self.row();
            if self.field.y_range().contains(y) {
                painter.hline(self.field.x_range(), y, Stroke::new(1.0, theme::CARD));
            }
        }
        let head = Rect::from_min_max(self.rect.min, pos2(self.rect.right(), self.field.top()));
        painter.rect_filled(head, 0.0, theme::GROUND);
    }

    /// The strip with the names of the keys, at the left edge.
    fn octaves(&self, painter: &Painter) {
        /// As wide as the longest name.
        const STRIP: f32 = 26.0;
        let strip = Rect::from_min_size(self.field.min, vec2(STRIP, self.field.height()));
        painter.rect_filled(strip, 0.0, theme::PAPER);
        painter.vline(strip.right(), strip.y_range(), Stroke::new(1.0, theme::CARD));
        for octave in 0..=10_u8 {
            let y = self.y(f32::from(octave * 12)) + self.row();
            let name = format!("C{}", i16::from(octave) - 1);
            let galley = painter.layout_no_wrap(name, theme::tiny(), theme::QUIET);
            let place = Align2::RIGHT_BOTTOM.anchor_size(pos2(strip.right() - 4.0, y - 1.0), galley.size());
            if strip.contains_rect(place) {
                painter.hline(strip.x_range(), y, Stroke::new(1.0, theme::CARD));
                painter.galley(place.min, galley, theme::QUIET);
            }
        }
    }

    fn bars(&self, painter: &Painter, history: &History, present: Option<&Present>) {
        let mut changes: Vec<(f64, Bars)> = history.bars.iter().map(|change| (change.from, change.to)).collect();
        if changes.is_empty() {
            changes.extend(present.map(|present| (f64::NEG_INFINITY, present.snapshot.bars)));
        }
        if let Some((from, _)) = changes.first_mut() {
            *from = f64::NEG_INFINITY;
        }
        let ends: Vec<f64> = changes.iter().skip(1).map(|(from, _)| *from).chain([f64::INFINITY]).collect();
        for (&(from, bars), end) in changes.iter().zip(ends) {
            let (from, end) = (from.max(self.from), end.min(self.to()));
            if from < end {
                self.lines(painter, history, bars, (from, end));
            }
        }
    }

    fn lines(&self, painter: &Painter, history: &History, bars: Bars, (from, end): (f64, f64)) {
        let (bar, beat) = (bars.metre.bar().0, bars.metre.beat().0.max(1));
        let too_narrow = |ticks: i64, least: f64| float(ticks) * self.points_per_tick < least;
        let step = if too_narrow(beat, 7.0) { bar } else { beat };
        let first = floor(from);
        let mut line = first - bars.place(Ticks(first)).0;
        while float(line) < end {
            let mut at = line;
            while at < line + bar {
                if float(at) >= from && float(at) < end {
                    let is_bar = at == line;
                    let colour = if is_bar { theme::FAINT } else { theme::LIT };
                    let top = if is_bar { self.rect.top() } else { self.field.top() };
                    painter.vline(self.x(float(at)), top..=self.rect.bottom(), Stroke::new(1.0, colour));
                    let number = (at - history.form_at(float(at)).0).div_euclid(bar) + 1;
                    // Nothing was played before the first bar.
                    if is_bar && number > 0 && !too_narrow(bar, 34.0) {
                        let place = pos2(self.x(float(at)) + 4.0, self.rect.bottom() - 2.0);
                        painter.text(place, Align2::LEFT_BOTTOM, number, theme::tiny(), theme::QUIET);
                    }
                }
                at += step;
            }
            line += bar;
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
        // The longest notes may have begun before the left edge.
        const LONGEST: f64 = 64.0 * TICKS;
        let first = history.notes.partition_point(|note| note.onset < self.from - LONGEST);
        for who in [NoteSource::Segue, NoteSource::Player] {
            for note in history.notes.iter().skip(first).filter(|note| note.who == who) {
                let end = note.end.unwrap_or(self.now);
                if end < self.from || note.onset > self.to() {
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

    fn legend(&self, painter: &Painter) {
        let mut x = self.rect.right() - 10.0;
        let y = self.rect.bottom() - 12.0;
        let behind = Rect::from_min_max(self.rect.max - vec2(112.0, 22.0), self.rect.max);
        painter.rect_filled(behind, 0.0, theme::PAPER);
        for (name, colour) in [("Segue", theme::SEGUE), ("You", theme::PLAYER)] {
            let drawn = painter.text(pos2(x, y), Align2::RIGHT_CENTER, name, theme::small(), theme::DIM);
            let dot = Rect::from_center_size(pos2(drawn.left() - 9.0, y), vec2(10.0, 6.0));
            painter.rect_filled(dot, 2.0, colour);
            x = dot.left() - 14.0;
        }
    }
}

fn colour_of(who: NoteSource) -> Color32 {
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
