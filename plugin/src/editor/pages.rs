//! The layout: the frame around all pages, the page *Play*, and the page *Set up*.

mod stage;
mod top;

use super::capture_button::CaptureButton;
use super::chart_field::ChartField;
use super::controls::{
    LINE, button, card, choice, fader, knob, label, large_knob, named_field, stepper, toggle, trigger,
};
use super::meters::Meters;
use super::own_style::OwnStylePanel;
use super::presets::PresetMenu;
use super::roll::{self, Roll};
use super::status::StatusLine;
use super::ui_context::{NAME, UiContext};
use super::window_scale::WindowScale;
use super::{EditorData, device_card, forget, keyboard, tap, tempo_field, theme};
use crate::host_adapter::editor_window::SizeRequest;
use crate::params::{ModeChoice, SegueParams};
use egui::{Align2, Rect, pos2, vec2};
use nice_plug::prelude::{BoolParam, Param};
use segue_engine::stats::Peaks;

const HEADER: f32 = 48.0;
const FOOT: f32 = 26.0;
/// The height of the row under the roll, with the chart.
const ROW: f32 = 36.0;
const EXPLAINED: f32 = 18.0;
/// The width of the longest name on the page *Set up*, in each of its cards.
const GENERAL_NAME: f32 = 84.0;
const MIDI_NAME: f32 = 112.0;
const LIMIT_NAME: f32 = 78.0;
/// The height of the cards, and of the keys below them.
const CARDS: f32 = 212.0;
const KEYS: f32 = 40.0;

/// Which controls are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// The controls for playing.
    Play,
    /// The controls for a stage and a band.
    Stage,
    /// The controls that are set once.
    Setup,
}

/// What the controls remember while the window is open.
#[derive(Default)]
pub struct Setup {
    own: OwnStylePanel,
    pub(super) capture_button: CaptureButton,
    forget: forget::ForgetButton,
    tapped: tap::Taps,
    key_strip: keyboard::KeyStrip,
    meters: Meters,
}

/// Everything that one frame shows.
pub struct View<'a> {
    pub data: &'a EditorData,
    pub roll: &'a mut Roll,
    pub chart: &'a mut ChartField,
    pub shelf: &'a mut PresetMenu,
    pub page: &'a mut Page,
    pub setup: &'a mut Setup,
    pub status: &'a mut StatusLine,
    pub scale: &'a mut WindowScale,
    pub size_request: &'a SizeRequest,
}

impl View<'_> {
    /// Draws everything. True if something is moving, so that the next frame should follow soon.
    pub fn draw(&mut self, cx: &mut UiContext<'_>) -> bool {
        let all = cx.ui.max_rect();
        cx.ui.painter().rect_filled(all, 0.0, theme::GROUND);
        let (header, rest) = split_top(all, HEADER);
        let (rest, foot) = split_bottom(rest, FOOT);
        let (rest, controls) = split_bottom(rest, CARDS + KEYS + 2.0 * theme::GAP);
        let (roll, row) = split_bottom(rest, ROW + EXPLAINED + theme::GAP);
        let moves = self.roll.read(self.data) | self.setup.meters.read(&self.data.stats.peaks);
        let params = &self.data.params;
        self.setup.own.look(cx, params);
        self.setup.capture_button.look(cx);
        let glides = self.roll.draw(cx, roll, params);
        let now = self.roll.present().map(|present| &present.snapshot);
        self.chart.draw_sheet(cx, roll::past(roll), params, now);
        if let Some(devices) = &self.data.devices {
            device_card::notes(cx, roll, &**devices, self.roll.is_empty());
        }
        self.header(cx, header);
        self.row(cx, row);
        let controls = controls.shrink2(vec2(theme::MARGIN, 0.0));
        match self.page {
            Page::Play => self.play(cx, controls),
            Page::Stage => stage::draw(cx, above_foot(controls), params),
            Page::Setup => self.set_up(cx, above_foot(controls)),
        }
        self.status.draw(cx, foot, self.data, self.roll.present());
        tap::write(cx, &mut self.setup.tapped, params, self.roll.present());
        moves || glides
    }

    fn play(&mut self, cx: &mut UiContext<'_>, rect: Rect) {
        let params = &*self.data.params;
        let (cards, keys) = split_bottom(rect, KEYS + theme::GAP);
        let cards = Rect::from_min_max(cards.min, pos2(cards.right(), cards.bottom() - theme::GAP));
        let [heat, turns, habits, scale, sound] = columns(cards, [1.15, 1.4, 1.35, 1.5, 1.65]);
        let inside = card(cx, heat, "");
        let tip = "Low: the most expected note every time. 1: as varied as what it learnt. 2: wild.";
        large_knob(cx, inside, &params.model.temperature, tip);
        self.turns(cx, turns);
        self.taste(cx, habits);
        notes(cx, scale, params);
        levels(cx, sound, params, self.setup.meters.lit());
        let (name, strip) = split_left(keys, 64.0);
        label(cx, name, "Range");
        let strip = Rect::from_min_max(strip.min + vec2(8.0, 6.0), strip.max - vec2(8.0, 0.0));
        let sounding = self.roll.sounding();
        if cx.is_program() {
            self.setup.key_strip.play(cx, strip, &self.data.keys);
        }
        keyboard::range(cx, strip, &params.notes.range_low, &params.notes.range_high, &sounding);
    }

    /// The controls that depend on the mode.
    fn turns(&self, cx: &mut UiContext<'_>, rect: Rect) {
        let params = &*self.data.params;
        let mode = params.turns.mode.value();
        let title = match mode {
            ModeChoice::Answer => "Answer",
            ModeChoice::Trade => "Trade",
            ModeChoice::Duet => "Duet",
        };
        let inside = card(cx, rect, title);
        let (upper, lower) = split_bottom(inside, 2.0 * LINE + 12.0);
        let [left, right] = columns(upper, [1.0, 1.0]);
        let line = |index: f32| row(lower, index);
        match mode {
            ModeChoice::Answer => {
                let tip = "How long you must have let go of all keys before Segue begins.";
                knob(cx, left, &params.turns.response_gap, tip);
                let tip = "How many bars Segue goes on if you let it. It ends as a phrase.";
                knob(cx, right, &params.turns.answer_length, tip);
                choice(
                    cx,
                    line(0.0),
                    &params.turns.start_grid,
                    "Where in the bar an answer may begin. Free: exactly after the gap.",
                );
            }
            ModeChoice::Trade => {
                // "Ring over" needs more room than a knob.
                let [left, right] = columns(upper, [0.8, 1.2]);
                let tip = "How long each side plays, in bars.";
                knob(cx, left, &params.turns.trade_bars, tip);
                let [_, middle, _] = rows(right, [1.0, 1.2, 1.0]);
                toggle(cx, middle, &params.turns.ring_over, "Segue's last note may ring into your bars.");
                choice(cx, line(0.0), &params.turns.trade_first, "Who has the first bars.");
            }
            ModeChoice::Duet => {
                let tip = "How many notes of Segue sound at once at most.";
                knob(cx, left, &params.notes.polyphony, tip);
                let tip = "How long a note of Segue may be.";
                knob(cx, right, &params.notes.longest, tip);
                let at = line(0.0).left_center();
                cx.text(at, Align2::LEFT_CENTER, "It plays along and hears you.", theme::small(), theme::DIM);
            }
        }
        let tip = "How Segue's notes end when you come in: with your first note, each after its own length, or at the \
                   next beat.";
        choice(cx, line(1.0), &params.turns.yields, tip);
    }

    fn taste(&mut self, cx: &mut UiContext<'_>, rect: Rect) {
        let params = &*self.data.params;
        let inside = card(cx, rect, "Taste and tempo");
        let (upper, lower) = split_bottom(inside, 2.0 * LINE + 12.0);
        let [left, right] = columns(upper, [1.0, 1.0]);
        let tip = "How often Segue is reminded of what this session has played, yours and its own. 0 %: never.";
        knob(cx, left, &params.model.memory, tip);
        let tip = "How much Segue plays: at 100 % as much as its style, less leaves more room between its notes.";
        knob(cx, right, &params.notes.density, tip);
        let [tempo, tap] = columns(row(lower, 0.0), [1.2, 1.0]);
        let is_tapping = self.setup.tapped.is_tapping();
        tempo_field::draw(cx, tempo.shrink2(vec2(0.0, 1.0)), params, self.roll.present(), is_tapping);
        trigger(cx, tap, &params.timing.tap, "Tap it in time, four times or more.");
        let [click, forget] = columns(row(lower, 1.0), [1.2, 1.0]);
        toggle(cx, click, &params.sound.click, "A click on the beats, from the built-in sound.");
        self.setup.forget.draw(cx, forget, &params.model.forget);
    }

    fn set_up(&mut self, cx: &mut UiContext<'_>, rect: Rect) {
        let data = self.data;
        let params = &*data.params;
        let mut rect = rect;
        if let Some(devices) = &data.devices {
            let (cards, lists) = split_bottom(rect, device_card::HEIGHT + theme::GAP / 2.0);
            rect = cards;
            device_card::lists(cx, split_bottom(lists, device_card::HEIGHT).1, &**devices);
        }
        let [general, midi, limits, own] = columns(rect, [1.0, 1.0, 1.0, 1.25]);
        let sections = [(midi, MIDI_NAME), (limits, LIMIT_NAME)].into_iter().zip(set_up_sections(params));
        for ((place, names), (title, rows)) in sections {
            cx.names = names;
            section(cx, place, title, rows);
        }
        cx.names = GENERAL_NAME;
        self.general(cx, general);
        cx.names = NAME;
        let own = card(cx, own, "A style of your own");
        self.setup.own.draw(cx, [row(own, 0.0), row(own, 1.0), row(own, 2.0)], params);
    }

    /// The controls that belong together least: time, seed, and the window itself.
    fn general(&mut self, cx: &mut UiContext<'_>, rect: Rect) {
        let params = &*self.data.params;
        let inside = card(cx, rect, "General");
        let line = |index: f32| row(inside, index);
        let timing = &params.timing;
        let tip = "While no song of a host plays: the tempo that is set or tapped, or the one that Segue reads from \
                   your phrase.";
        choice(cx, line(0.0), &timing.tempo_from, tip);
        let tip = "How far ahead Segue decides its notes. Longer is safer on a busy machine.";
        stepper(cx, line(1.0), &timing.look_ahead, tip);
        let tip =
            "Offline: waits for every note, so that a bounce comes out the same every time. Auto follows the host.";
        choice(cx, line(2.0), &timing.render, tip);
        let seed = &params.model.seed;
        let tip = "Another seed, another answer. The same seed and the same playing: the same answer.";
        stepper(cx, line(3.0), seed, tip);
        let place = named_field(cx, line(4.0), "");
        let tip = "Draws another seed: Segue gives another answer to the same playing.";
        if button(cx, place, "New seed", None, tip).clicked() {
            cx.set(seed, seed.preview_normalized(drawn_seed()));
        }
        self.scale.draw(cx, line(5.0), &self.data.preferences, self.size_request);
    }
}

/// A control in a row, which draws itself in a rectangle.
type ControlRow<'a> = Box<dyn Fn(&mut UiContext<'_>, Rect) + 'a>;

/// A number.
fn stepped<'a, P: Param>(param: &'a P, tip: &'a str) -> ControlRow<'a> {
    Box::new(move |cx, rect| stepper(cx, rect, param, tip))
}

/// A list.
fn chosen<'a, P: Param>(param: &'a P, tip: &'a str) -> ControlRow<'a> {
    Box::new(move |cx, rect| choice(cx, rect, param, tip))
}

/// A switch.
fn toggled<'a>(param: &'a BoolParam, tip: &'a str) -> ControlRow<'a> {
    Box::new(move |cx, rect| toggle(cx, rect, param, tip))
}

/// A card with a title and one control per row.
fn section(cx: &mut UiContext<'_>, rect: Rect, title: &str, rows: Vec<ControlRow<'_>>) {
    let inside = card(cx, rect, title);
    for (index, draw) in (0_u8..).zip(rows) {
        draw(cx, row(inside, f32::from(index)));
    }
}

/// The sections of the page *Set up* and their controls.
fn set_up_sections(params: &SegueParams) -> [(&'static str, Vec<ControlRow<'_>>); 2] {
    let (midi, harmony, notes) = (&params.midi, &params.harmony, &params.notes);
    [
        (
            "MIDI",
            vec![
                stepped(&midi.in_channel, "The channel that Segue listens to."),
                stepped(&midi.out_channel, "The channel of Segue's notes."),
                stepped(&harmony.comping_channel, "The channel on which the comping leaves Segue, if it does."),
                stepped(
                    &harmony.chord_channel,
                    "When chords come from a channel: the notes on this one are the chords.",
                ),
                stepped(
                    &harmony.chord_split,
                    "When chords come from the left hand: keys below this one are chords, those above are the melody.",
                ),
                toggled(&midi.thru, "Your own notes leave Segue too. Off, so that a recording does not double them."),
            ],
        ),
        (
            "Limits",
            vec![
                stepped(&notes.polyphony, "How many notes of Segue sound at once at most."),
                stepped(&notes.longest, "No note of Segue is longer."),
                stepped(
                    &params.model.top_p,
                    "How unlikely a note may be. Lower it so that Segue does not stumble at a high temperature.",
                ),
                stepped(&params.turns.drone_below, "A key held below this one is a drone: Segue may answer over it."),
                stepped(&notes.octave, "Moves Segue's notes up or down by octaves."),
            ],
        ),
    ]
}

fn notes(cx: &mut UiContext<'_>, rect: Rect, params: &SegueParams) {
    let notes = &params.notes;
    let rows = vec![
        chosen(&notes.key, "The key of the scale below. It does not move the chart: chords stay as they are written."),
        chosen(&notes.scale, "Segue plays only the keys of this scale. Chromatic: every key."),
        stepped(
            &notes.swing,
            "How the beat is divided: 50 % is straight, 67 % is triplets. By style: Jazz and Blues swing, the others \
             do not.",
        ),
        chosen(&notes.quantise, "Moves Segue's notes to the nearest point of a grid."),
        chosen(
            &params.harmony.source,
            "Where the chords come from that Segue plays to: the chart above, what you hold, your left hand, a MIDI \
             channel, or nowhere.",
        ),
    ];
    section(cx, rect, "Notes", rows);
}

fn levels(cx: &mut UiContext<'_>, rect: Rect, params: &SegueParams, lit: [f32; Peaks::PARTS]) {
    let inside = card(cx, rect, "Sound");
    let (faders, switches) = split_bottom(inside, LINE);
    let faders = Rect::from_min_max(faders.min, faders.max - vec2(0.0, 6.0));
    let [you, segue, comping] = columns(faders, [1.0, 1.0, 1.0]);
    let sound = &params.sound;
    let [yours, segues, compings] = lit;
    fader(cx, you, &sound.player_level, (theme::PLAYER, yours), "How loud the built-in piano plays your notes.");
    fader(cx, segue, &sound.segue_level, (theme::SEGUE, segues), "How loud the built-in piano plays Segue's notes.");
    fader(cx, comping, &params.harmony.comping_level, (theme::DIM, compings), "How loud the chords are played.");
    let piano = "The built-in electric piano. Switch it off when Segue's notes go to another instrument.";
    let [all, chords] = columns(switches, [1.0, 1.2]);
    toggle(cx, all, &params.sound.on, piano);
    let tip = "Plays the chords softly, so that Segue has something to play to.";
    toggle(cx, chords, &params.harmony.comping, tip);
}

/// A random number from 0 to 9999.
fn drawn_seed() -> i32 {
    use std::hash::{BuildHasher, Hasher};
    const SEEDS: u64 = 10_000;
    let drawn = std::collections::hash_map::RandomState::new().build_hasher().finish() % SEEDS;
    i32::try_from(drawn).unwrap_or(0)
}

/// Leaves room between cards and the status line.
fn above_foot(rect: Rect) -> Rect {
    split_bottom(rect, theme::GAP).0
}

fn split_top(rect: Rect, height: f32) -> (Rect, Rect) {
    let y = rect.top() + height;
    (Rect::from_min_max(rect.min, pos2(rect.right(), y)), Rect::from_min_max(pos2(rect.left(), y), rect.max))
}

fn split_bottom(rect: Rect, height: f32) -> (Rect, Rect) {
    split_top(rect, rect.height() - height)
}

fn split_left(rect: Rect, width: f32) -> (Rect, Rect) {
    let x = rect.left() + width;
    (Rect::from_min_max(rect.min, pos2(x, rect.bottom())), Rect::from_min_max(pos2(x, rect.top()), rect.max))
}

/// Splits a rectangle into columns of these proportions.
fn columns<const N: usize>(rect: Rect, parts: [f32; N]) -> [Rect; N] {
    #[expect(clippy::cast_precision_loss, reason = "a few")]
    let width = (rect.width() - theme::GAP * (N - 1) as f32) / parts.iter().sum::<f32>();
    let mut x = rect.left();
    parts.map(|part| {
        let column = Rect::from_min_size(pos2(x, rect.top()), vec2(width * part, rect.height()));
        x = column.right() + theme::GAP;
        column
    })
}

/// Splits a rectangle into rows of these proportions.
fn rows<const N: usize>(rect: Rect, parts: [f32; N]) -> [Rect; N] {
    let height = rect.height() / parts.iter().sum::<f32>();
    let mut y = rect.top();
    parts.map(|part| {
        let row = Rect::from_min_size(pos2(rect.left(), y), vec2(rect.width(), height * part));
        y = row.bottom();
        row
    })
}

/// The line of this number, from 0, in a card.
fn row(rect: Rect, index: f32) -> Rect {
    let top = rect.top() + index * (LINE + 5.0);
    Rect::from_min_size(pos2(rect.left(), top), vec2(rect.width(), LINE))
}
