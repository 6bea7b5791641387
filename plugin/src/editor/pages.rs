//! What stands where: the frame that is always there, the page to play with, and the page that is set up once.

use super::board::Board;
use super::capturing::Capturing;
use super::chart_field::ChartField;
use super::controls::{
    LINE, NAME, button, card, choice, fader, knob, label, large_knob, picker, segments, stepper, switch, toggle,
    trigger,
};
use super::own_style::OwnStyle;
use super::presets::Shelf;
use super::roll::Roll;
use super::{Scene, keyboard, status, theme};
use crate::params::{Mode, SegueParams};
use crate::preset;
use egui::{Align2, Rect, Sense, pos2, vec2};
use nice_plug::params::persist::PersistentField;
use nice_plug::prelude::Param;

const HEADER: f32 = 48.0;
const FOOT: f32 = 26.0;
/// The row under the roll, with the chart.
const ROW: f32 = 36.0;
const EXPLAINED: f32 = 18.0;
/// The longest name on the page that is set up once.
const SET_UP_NAME: f32 = 98.0;
/// The cards, and the keys below them.
const CARDS: f32 = 212.0;
const KEYS: f32 = 40.0;

/// Which controls are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// What one plays with.
    Play,
    /// What is set up once.
    Setup,
}

/// What the controls remember while the window is open.
#[derive(Default)]
pub struct Setup {
    /// The seed stays as it is.
    frozen: bool,
    own: OwnStyle,
    capturing: Capturing,
}

/// Everything that one frame shows.
pub struct View<'a> {
    pub scene: &'a Scene,
    pub roll: &'a mut Roll,
    pub chart: &'a mut ChartField,
    pub shelf: &'a mut Shelf,
    pub page: &'a mut Page,
    pub setup: &'a mut Setup,
}

impl View<'_> {
    /// Draws it; true when something moves, so that the next frame should follow soon.
    pub fn draw(&mut self, board: &mut Board<'_>) -> bool {
        let all = board.ui.max_rect();
        board.ui.painter().rect_filled(all, 0.0, theme::GROUND);
        let (header, rest) = split_top(all, HEADER);
        let (rest, foot) = split_bottom(rest, FOOT);
        let (rest, controls) = split_bottom(rest, CARDS + KEYS + 2.0 * theme::GAP);
        let (paper, row) = split_bottom(rest, ROW + EXPLAINED + theme::GAP);
        let moves = self.roll.read(self.scene);
        let params = &self.scene.params;
        self.setup.own.look(board, params);
        self.setup.capturing.look(board);
        let glides = self.roll.draw(board, paper, params);
        self.header(board, header);
        self.row(board, row);
        let controls = controls.shrink2(vec2(theme::MARGIN, 0.0));
        match self.page {
            Page::Play => self.play(board, controls),
            Page::Setup => self.set_up(board, controls),
        }
        status::line(board, foot, self.scene, self.roll.present());
        moves || glides
    }

    fn header(&mut self, board: &mut Board<'_>, rect: Rect) {
        let y = rect.center().y;
        let line = |left: f32, width: f32| Rect::from_min_size(pos2(left, y - LINE / 2.0), vec2(width, LINE));
        let title =
            board.text(pos2(rect.left() + theme::MARGIN, y), Align2::LEFT_CENTER, "Segue", theme::large(), theme::TEXT);
        let mut x = title.right() + 26.0;
        self.shelf.draw(board, line(x, 250.0), &self.scene.params);
        x += 250.0 + theme::GAP;
        for (page, name, tip) in [
            (Page::Play, "Play", "What one plays with."),
            (Page::Setup, "Set up", "What is set once: time, MIDI, limits, seed, own styles."),
        ] {
            let place = line(x, 68.0);
            let response = board.area(&format!("Page {name}"), place, Sense::click(), tip);
            let is_here = *self.page == page;
            let colour = if is_here || response.hovered() { theme::TEXT } else { theme::DIM };
            board.text(place.center(), Align2::CENTER_CENTER, name, theme::body(), colour);
            if is_here {
                let under = Rect::from_center_size(pos2(place.center().x, place.bottom() - 1.0), vec2(34.0, 2.0));
                board.ui.painter().rect_filled(under, 1.0, theme::SEGUE);
            }
            if response.clicked() {
                *self.page = page;
            }
            x += 68.0;
        }
        let right = rect.right() - theme::MARGIN;
        let tip = "Everything stops at once, here and in whatever hears Segue's notes.";
        if button(board, line(right - 74.0, 74.0), "Panic", Some(theme::WRONG), tip).clicked() {
            self.scene.signals.ask_panic();
            board.say("All notes are off.");
        }
        let place = line(right - 74.0 - theme::GAP - 86.0, 86.0);
        self.setup.capturing.draw(board, place, self.scene);
    }

    fn row(&mut self, board: &mut Board<'_>, rect: Rect) {
        let params = &*self.scene.params;
        let rect = rect.shrink2(vec2(theme::MARGIN, 0.0));
        let top = rect.top() + theme::GAP;
        let at = |left: f32, right: f32| Rect::from_min_max(pos2(left, top), pos2(right, top + ROW - 6.0));
        let mut x = rect.left();
        let tips = [
            "You play; when you lift your hands, Segue answers.",
            "So many bars you, so many bars Segue, on the bar line.",
            "Segue plays along with you all the time.",
        ];
        segments(board, at(x, x + 222.0), &params.turns.mode, &tips);
        x += 222.0 + theme::GAP;
        let tip = "Gives Segue the turn now, even while you hold keys, or takes it back.";
        trigger(board, at(x, x + 84.0), &params.turns.your_turn, "Your turn", tip);
        x += 84.0 + theme::GAP;
        let tip = "What Segue has learnt to play. Changed in mid-jam, it still remembers what was played.";
        picker(board, at(x, x + 116.0), &params.mind.style, &styles(params), tip);
        x += 116.0 + theme::GAP;
        let field = at(x, rect.right());
        self.chart.draw(board, field, params);
        let below = Rect::from_min_max(
            pos2(rect.left(), field.bottom() + 1.0),
            pos2(rect.right(), field.bottom() + 1.0 + EXPLAINED),
        );
        self.chart.explain(board, below, field.left(), params);
    }

    fn play(&mut self, board: &mut Board<'_>, rect: Rect) {
        let params = &*self.scene.params;
        let (cards, keys) = split_bottom(rect, KEYS + theme::GAP);
        let cards = Rect::from_min_max(cards.min, pos2(cards.right(), cards.bottom() - theme::GAP));
        let [heat, turns, habits, scale, sound] = columns(cards, [1.15, 1.4, 1.4, 1.45, 1.65]);
        let inside = card(board, heat, "");
        let tip = "Low: the most expected note every time. 0.9: as varied as what it learnt. 2: wild.";
        large_knob(board, inside, &params.mind.temperature, "Temperature", tip);
        self.turns(board, turns);
        self.taste(board, habits);
        notes(board, scale, params);
        levels(board, sound, params);
        let (name, strip) = split_left(keys, 64.0);
        label(board, name, "Range");
        let strip = Rect::from_min_max(strip.min + vec2(8.0, 6.0), strip.max - vec2(8.0, 0.0));
        keyboard::range(board, strip, &params.notes.range_low, &params.notes.range_high);
    }

    /// What depends on how time is shared.
    fn turns(&self, board: &mut Board<'_>, rect: Rect) {
        let params = &*self.scene.params;
        let mode = params.turns.mode.value();
        let title = match mode {
            Mode::Answer => "Answer",
            Mode::Trade => "Trade",
            Mode::Duet => "Duet",
        };
        let inside = card(board, rect, title);
        let (upper, lower) = split_bottom(inside, 2.0 * LINE + 12.0);
        let [left, right] = columns(upper, [1.0, 1.0]);
        let line = |index: f32| row(lower, index);
        match mode {
            Mode::Answer => {
                let tip = "How long you must have let go of all keys before Segue begins.";
                knob(board, left, &params.turns.response_gap, "Gap", tip);
                let tip = "How many bars Segue goes on if you let it. It ends as a phrase.";
                knob(board, right, &params.turns.answer_length, "Length", tip);
                choice(
                    board,
                    line(0.0),
                    &params.turns.start_grid,
                    "Starts on",
                    "Where in the bar an answer may begin. Free: exactly after the gap.",
                );
            }
            Mode::Trade => {
                let tip = "How long each side plays, in bars.";
                knob(board, left, &params.turns.trade_bars, "Bars each", tip);
                let [_, middle, _] = rows(right, [1.0, 1.2, 1.0]);
                toggle(board, middle, &params.turns.ring_over, "Ring", "Segue's last note may ring into your bars.");
                choice(board, line(0.0), &params.turns.trade_first, "First", "NoteSource has the first bars.");
            }
            Mode::Duet => {
                let tip = "How many notes of Segue sound at once at most.";
                knob(board, left, &params.notes.polyphony, "Voices", tip);
                let tip = "How long a note of Segue may be.";
                knob(board, right, &params.notes.longest, "Longest", tip);
                let at = line(0.0).left_center();
                board.text(at, Align2::LEFT_CENTER, "It plays along and hears you.", theme::small(), theme::DIM);
            }
        }
        let tip = "How Segue's notes end when you come in: with your first note, each after its own length, or at the \
                   next beat.";
        choice(board, line(1.0), &params.turns.yields, "Yields", tip);
    }

    fn taste(&mut self, board: &mut Board<'_>, rect: Rect) {
        let params = &*self.scene.params;
        let inside = card(board, rect, "Taste");
        let (upper, lower) = split_bottom(inside, 2.0 * LINE + 12.0);
        let [left, right] = columns(upper, [1.0, 1.0]);
        let tip = "How often Segue is reminded of what this session has played, yours and its own. 0 %: never.";
        knob(board, left, &params.mind.memory, "Memory", tip);
        let tip = "How much room Segue leaves. Full: it plays all that it thinks of.";
        knob(board, right, &params.notes.density, "Density", tip);
        let frozen = self.setup.frozen;
        let [seed, fresh] = columns(row(lower, 0.0), [1.6, 1.0]);
        let tip = "Another seed, another answer. The same seed and the same playing: the same answer.";
        stepper(board, seed, &params.mind.seed, "Seed", tip);
        if button(board, fresh, "New seed", None, "Draws another seed: Segue answers the same playing anew.").clicked()
        {
            if frozen {
                board.say("The seed is frozen; switch Freeze off to draw another.");
            } else {
                board.set(&params.mind.seed, params.mind.seed.preview_normalized(drawn_seed()));
            }
        }
        let [freeze, forget] = columns(row(lower, 1.0), [1.45, 1.0]);
        let tip = "Keeps the seed: the dice do nothing until you let it go.";
        if switch(board, "Freeze seed", freeze, "Freeze", frozen, tip).clicked() {
            self.setup.frozen = !frozen;
        }
        let tip = "Segue forgets what was played in this session. The tunes that it learnt stay.";
        trigger(board, forget, &params.mind.forget, "Forget", tip);
    }

    fn set_up(&mut self, board: &mut Board<'_>, rect: Rect) {
        let scene = self.scene;
        let params = &*scene.params;
        let [time, midi, limits, own] = columns(rect, [1.0, 1.0, 1.0, 1.25]);
        board.names = SET_UP_NAME;
        let time = card(board, time, "Time");
        let tip = "Segue's tempo where the host tells none.";
        stepper(board, row(time, 0.0), &params.timing.tempo, "Tempo", tip);
        let tip = "Without a host: the tempo that is set or tapped, or read from your phrase.";
        choice(board, row(time, 1.0), &params.timing.tempo_from, "Tempo from", tip);
        trigger(board, row(time, 2.0), &params.timing.tap, "Tap the tempo", "Tap it in time, four times or more.");
        toggle(board, row(time, 3.0), &params.sound.click, "Click", "A click on the beats, from the built-in sound.");
        let tip = "How long before it could sound a note is decided. Longer is safer on a busy machine.";
        stepper(board, row(time, 4.0), &params.timing.look_ahead, "Look-ahead", tip);
        let tip =
            "Offline: waits for every note, so that a bounce comes out the same every time. Auto follows the host.";
        choice(board, row(time, 5.0), &params.timing.render, "Render", tip);

        let midi = card(board, midi, "MIDI");
        stepper(board, row(midi, 0.0), &params.midi.in_channel, "You play on", "The channel that Segue listens to.");
        stepper(board, row(midi, 1.0), &params.midi.out_channel, "Segue plays on", "The channel of Segue's notes.");
        let tip = "The channel on which the comping goes out, if it does.";
        stepper(board, row(midi, 2.0), &params.harmony.comping_channel, "Comping on", tip);
        let tip = "When chords come from a channel: the notes of this one are the chords.";
        stepper(board, row(midi, 3.0), &params.harmony.chord_channel, "Chords on", tip);
        let tip = "When chords come from the left hand: keys below this one are chords, those above are the melody.";
        stepper(board, row(midi, 4.0), &params.harmony.chord_split, "Left hand below", tip);
        let tip = "Your own notes leave Segue too. Off, so that a recording does not double them.";
        toggle(board, row(midi, 5.0), &params.midi.thru, "Your notes go out", tip);

        let limits = card(board, limits, "Limits");
        let tip = "How many notes of Segue sound at once at most.";
        stepper(board, row(limits, 0.0), &params.notes.polyphony, "Voices", tip);
        stepper(board, row(limits, 1.0), &params.notes.longest, "Longest note", "No note of Segue is longer.");
        let tip = "How unlikely a note may be at all; lower it to keep a hot Segue from stumbling.";
        stepper(board, row(limits, 2.0), &params.mind.top_p, "Top-p", tip);
        let tip = "A key held below this one is a drone: Segue may answer over it.";
        stepper(board, row(limits, 3.0), &params.turns.drone_below, "Drone below", tip);
        let tip = "Moves Segue's notes up or down by octaves.";
        stepper(board, row(limits, 4.0), &params.notes.octave, "Octave", tip);
        board.names = NAME;
        let own = card(board, own, "A style of your own");
        self.setup.own.draw(board, [row(own, 0.0), row(own, 1.0), row(own, 2.0)], params);
    }
}

fn notes(board: &mut Board<'_>, rect: Rect, params: &SegueParams) {
    let inside = card(board, rect, "Notes");
    let scale = "Segue plays only the keys of this scale. Chromatic: every key.";
    let key = "The key of the scale below. Chords stay as the chart has them: the style's own are in their own key.";
    choice(board, row(inside, 0.0), &params.notes.key, "Key", key);
    choice(board, row(inside, 1.0), &params.notes.scale, "Scale", scale);
    let tip =
        "How the beat is divided: 50 % is straight, 66 % is swing. By style: jazz and blues swing, the others do not.";
    stepper(board, row(inside, 2.0), &params.notes.swing, "Swing", tip);
    choice(
        board,
        row(inside, 3.0),
        &params.notes.quantise,
        "Quantise",
        "Moves Segue's notes to the nearest point of a grid.",
    );
    let tip = "Where the chords come from that Segue plays to: the chart above, what you hold, your left hand, a MIDI \
               channel, or nowhere.";
    choice(board, row(inside, 4.0), &params.harmony.source, "Chords", tip);
}

fn levels(board: &mut Board<'_>, rect: Rect, params: &SegueParams) {
    let inside = card(board, rect, "Sound");
    let (faders, switches) = split_bottom(inside, LINE);
    let faders = Rect::from_min_max(faders.min, faders.max - vec2(0.0, 6.0));
    let [you, segue, comping] = columns(faders, [1.0, 1.0, 1.0]);
    fader(
        board,
        you,
        &params.sound.player_level,
        "You",
        theme::PLAYER,
        "How loud the built-in piano plays your notes.",
    );
    fader(
        board,
        segue,
        &params.sound.segue_level,
        "Segue",
        theme::SEGUE,
        "How loud the built-in piano plays Segue's notes.",
    );
    fader(board, comping, &params.harmony.comping_level, "Comping", theme::DIM, "How loud the chords are played.");
    let piano = "The built-in electric piano. Switch it off when Segue's notes go to another instrument.";
    let [all, chords] = columns(switches, [1.0, 1.2]);
    toggle(board, all, &params.sound.on, "Piano", piano);
    let tip = "Plays the chords softly, so that Segue has something to play to.";
    toggle(board, chords, &params.harmony.comping, "Comping", tip);
}

/// The styles that there are, as normalized values; the musician's own only when there is one.
fn styles(params: &SegueParams) -> Vec<f32> {
    let built_in = preset::STYLES.iter().map(|style| style.number);
    let own = (!params.own.map(String::is_empty)).then_some(preset::OWN);
    built_in.chain(own).map(|number| params.mind.style.preview_normalized(i32::from(number.0))).collect()
}

/// A number from 0 to 9999 that nobody chose.
fn drawn_seed() -> i32 {
    use std::hash::{BuildHasher, Hasher};
    const SEEDS: u64 = 10_000;
    let drawn = std::collections::hash_map::RandomState::new().build_hasher().finish() % SEEDS;
    i32::try_from(drawn).unwrap_or(0)
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

/// Side by side, in these parts of the width.
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

/// One below the other, in these parts of the height.
fn rows<const N: usize>(rect: Rect, parts: [f32; N]) -> [Rect; N] {
    let height = rect.height() / parts.iter().sum::<f32>();
    let mut y = rect.top();
    parts.map(|part| {
        let row = Rect::from_min_size(pos2(rect.left(), y), vec2(rect.width(), height * part));
        y = row.bottom();
        row
    })
}

/// A line of text and its control.
fn row(rect: Rect, index: f32) -> Rect {
    let top = rect.top() + index * (LINE + 5.0);
    Rect::from_min_size(pos2(rect.left(), top), vec2(rect.width(), LINE))
}
