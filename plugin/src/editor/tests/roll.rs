//! The roll, the keys below it and the tempo, with what the audio thread has written.

use super::*;
use segue_engine::host::NoteSource;
use segue_engine::recorder::{LogEntry, LogEvent};
use segue_engine::snapshot::Snapshot;
use segue_model::note::{Bars, Metre, Pitch, Ticks};

const BAR: f64 = 192.0;
/// A tick at 120 bpm, in nanoseconds.
const TICK_NS: f64 = 500e6 / 48.0;

/// What gives the tempo.
#[derive(Clone, Copy, PartialEq)]
enum Tempo {
    Setting,
    Host,
    Phrase,
}

impl FakeScreen {
    fn log(&self, moment: f64, tick: f64, event: LogEvent) {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a moment")]
        let at_ns = 1 + (moment * TICK_NS) as u64;
        self.app.data.pages.write(LogEntry { at_ns, tick, event });
    }

    /// A change of the bars as the recorder writes it, with a chart that begins at this line.
    fn count_from(&self, moment: f64, line: f64) {
        self.log(moment, moment, LogEvent::Tempo { bpm: 120.0 });
        self.log(moment, line, LogEvent::Bars(Metre::COMMON));
        self.log(moment, line, LogEvent::Form);
    }

    fn strike(&self, who: NoteSource, key: u8, onset: f64, end: Option<f64>) {
        let pitch = Pitch::new(key).unwrap();
        self.log(onset, onset, LogEvent::NoteOn { who, pitch, velocity: 84 });
        if let Some(end) = end {
            self.log(end, end, LogEvent::NoteOff { who, pitch });
        }
    }

    fn now(&mut self, tick: f64, tempo_bpm: f64, from: Tempo) {
        let snapshot = Snapshot {
            now: tick,
            tempo_bpm,
            tempo_is_read: from == Tempo::Phrase,
            bars: Bars { line: Ticks(0), metre: Metre::COMMON },
            form: Ticks(0),
            follows_host: from == Tempo::Host,
            is_segues_turn: false,
            part: None,
            planned: std::iter::empty().collect(),
        };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a moment")]
        let at_ns = 1 + (tick * TICK_NS) as u64;
        self.app.data.pages.show(at_ns, &snapshot, None);
        self.rest();
        std::thread::sleep(Duration::from_millis(520));
        // By now the roll stands still, because no block comes.
        self.rest();
    }

    /// The vertical lines of this colour in the roll, from left to right.
    fn lines(&self, colour: egui::Color32) -> Vec<f32> {
        let roll = self.place("Roll");
        let line = |drawn: &ClippedShape| match &drawn.shape {
            Shape::LineSegment { points: [from, to], stroke }
                if stroke.color == colour && (to.x - from.x).abs() < 0.01 =>
            {
                (roll.contains(*from) && to.y - from.y > roll.height() / 2.0).then_some(from.x)
            }
            _ => None,
        };
        let mut lines: Vec<f32> = self.shapes.iter().filter_map(line).collect();
        lines.sort_by(f32::total_cmp);
        lines
    }

    /// The words at the bottom of the roll, from left to right: the numbers of the bars.
    fn numbers(&self) -> Vec<String> {
        let roll = self.place("Roll");
        let words = |drawn: &ClippedShape| match &drawn.shape {
            Shape::Text(text) if roll.bottom() - text.pos.y < 18.0 && roll.contains(text.pos) => {
                Some((text.pos.x, text.galley.text().to_owned()))
            }
            _ => None,
        };
        let mut words: Vec<(f32, String)> = self.shapes.iter().filter_map(words).collect();
        words.sort_by(|one, other| one.0.total_cmp(&other.0));
        let is_bar = |words: &String| words.trim_start_matches("bar ").parse::<i64>().is_ok();
        // The strip with the names of the keys would hide a part of a number.
        let hidden = words.iter().find(|(x, words)| is_bar(words) && *x < roll.left() + 26.0);
        assert!(hidden.is_none(), "{hidden:?}");
        words.into_iter().map(|(_, words)| words).filter(is_bar).collect()
    }

    fn point_at(&mut self, at: Pos2) {
        self.frame(vec![Event::PointerMoved(at)]);
        self.rest();
    }

    fn wheel(&mut self, name: &str, notches: f32, modifiers: Modifiers) {
        let at = self.place(name).center() - vec2(120.0, 0.0);
        self.point_at(at);
        self.frame(vec![Event::MouseWheel {
            unit: egui::MouseWheelUnit::Line,
            delta: vec2(0.0, notches),
            phase: egui::TouchPhase::Move,
            source: egui::MouseWheelSource::Unknown,
            modifiers,
        }]);
        self.rest();
    }

    /// How many rectangles of this colour are drawn in a place.
    fn filled(&self, place: Rect, colour: egui::Color32) -> usize {
        let is_here = |drawn: &&ClippedShape| match &drawn.shape {
            Shape::Rect(shape) => shape.fill == colour && place.contains(shape.rect.center()),
            _ => false,
        };
        self.shapes.iter().filter(is_here).count()
    }
}

/// A phrase whose tempo is read again moves the bar line by a few ticks; there is one line for it and not two.
#[test]
fn a_bar_line_is_drawn_once_when_the_tempo_is_read_again() {
    for (moved, name) in [(7.0, "later"), (-7.0, "earlier")] {
        let mut screen = FakeScreen::open(&format!("roll-lines-{name}"));
        screen.count_from(0.0, 0.0);
        screen.strike(NoteSource::Player, 60, 0.0, Some(90.0));
        // Just after the third bar line, or just before it, the bars are counted again.
        let again = 3.0 * BAR - moved / 2.0 + if moved > 0.0 { 5.0 } else { -1.0 };
        screen.count_from(again, moved);
        screen.strike(NoteSource::Player, 62, again, Some(4.0 * BAR));
        screen.now(5.0 * BAR, 120.0, Tempo::Setting);
        let lines = screen.lines(theme::FAINT);
        let bar = screen.place("Roll").width() / 6.0;
        assert!(lines.len() >= 5, "{name}: {lines:?}");
        for pair in lines.windows(2) {
            let bars = (pair[1] - pair[0]) / bar;
            assert!((0.9..1.1).contains(&bars), "{name}: {bars} bars in {lines:?}");
        }
        let numbers: Vec<i64> = screen.numbers().iter().map(|number| number.parse().unwrap()).collect();
        assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{name}: {numbers:?}");
    }
}

/// Where the count of bars begins again, a double line and the word "bar" say so; no number is missing before it.
#[test]
fn a_count_that_begins_again_is_marked() {
    let mut screen = FakeScreen::open("roll-again");
    screen.count_from(0.0, 0.0);
    screen.strike(NoteSource::Player, 60, 0.0, Some(90.0));
    // The bars are counted from a note after a silence. The recorder writes them down with the last event before it.
    let again = 2.5 * BAR;
    screen.log(90.0, again, LogEvent::Bars(Metre::COMMON));
    screen.log(90.0, again, LogEvent::Form);
    screen.strike(NoteSource::Player, 62, again, Some(4.0 * BAR));
    screen.now(4.5 * BAR, 120.0, Tempo::Setting);
    assert_eq!(screen.numbers(), ["1", "2", "3", "bar 1", "2", "3", "4"]);
    let marked = screen.lines(theme::DIM);
    assert!(matches!(marked[..], [left, right] if (right - left - 3.0).abs() < 0.1), "a double line: {marked:?}");
}

/// The note under the pointer is named with its velocity and its player; elsewhere the roll says how to move it.
#[test]
fn the_note_under_the_pointer_is_named() {
    let mut screen = FakeScreen::open("roll-note");
    screen.count_from(0.0, 0.0);
    screen.strike(NoteSource::Segue, 66, 0.0, Some(2.0 * BAR));
    screen.now(3.0 * BAR, 120.0, Tempo::Setting);
    for _ in 0..60 {
        screen.rest();
    }
    let roll = screen.place("Roll");
    assert!(!screen.says("velocity 84") && !screen.says("Wheel"));
    let body = screen.shapes.iter().find_map(|drawn| match &drawn.shape {
        Shape::Rect(shape) if shape.rect.width() > roll.width() / 4.0 && shape.rect.height() < 20.0 => {
            roll.contains_rect(shape.rect).then_some(shape.rect).filter(|rect| rect.top() > roll.top() + 22.0)
        }
        _ => None,
    });
    // The keys of one row are as wide as the roll; a note is not.
    let body = body.into_iter().chain(note_bodies(&screen)).last().unwrap();
    screen.point_at(body.center());
    assert!(screen.says("F#4, velocity 84, Segue"), "{body:?}");
    screen.point_at(body.center() + vec2(0.0, 40.0));
    assert!(!screen.says("velocity") && screen.says("Wheel: zoom. Shift and wheel: back in time."));
    screen.point_at(screen.place("Temperature").center());
    assert!(!screen.says("Wheel: zoom. Shift and wheel"));
}

/// The rectangles of notes in the roll.
fn note_bodies(screen: &FakeScreen) -> Vec<Rect> {
    let roll = screen.place("Roll");
    let body = |drawn: &ClippedShape| match &drawn.shape {
        Shape::Rect(shape) if roll.contains_rect(shape.rect) => {
            let [r, g, b, _] = theme::SEGUE.to_array();
            let [fr, fg, fb, fa] = shape.fill.to_srgba_unmultiplied();
            let is_near = |one: u8, other: u8| one.abs_diff(other) < 4;
            let is_colour = fa > 90 && is_near(r, fr) && is_near(g, fg) && is_near(b, fb);
            (is_colour && shape.rect.width() > 40.0).then_some(shape.rect)
        }
        _ => None,
    };
    screen.shapes.iter().filter_map(body).collect()
}

/// Shift and the wheel look back to the first note and no further, and a button goes back to now.
#[test]
fn the_roll_looks_back_to_the_first_note() {
    let mut screen = FakeScreen::open("roll-back");
    screen.count_from(0.0, 0.0);
    for bar in 0..40_u8 {
        let onset = f64::from(bar) * BAR;
        screen.strike(NoteSource::Player, 60, onset, Some(onset + 40.0));
    }
    screen.now(40.0 * BAR, 120.0, Tempo::Setting);
    let newest = screen.numbers();
    assert!(newest.contains(&"40".to_owned()) && !screen.has("Back to now"), "{newest:?}");
    screen.wheel("Roll", 3.0, Modifiers::SHIFT);
    let earlier = screen.numbers();
    assert!(screen.has("Back to now") && earlier != newest, "{earlier:?}");
    // What is looked at stands still while the music goes on.
    screen.now(41.0 * BAR, 120.0, Tempo::Setting);
    assert_eq!(screen.numbers(), earlier);
    for _ in 0..100 {
        screen.wheel("Roll", 5.0, Modifiers::SHIFT);
    }
    let numbers = screen.numbers();
    assert!(numbers.contains(&"1".to_owned()), "the first bar is seen: {numbers:?}");
    screen.click("Back to now");
    assert!(!screen.has("Back to now") && screen.numbers().contains(&"41".to_owned()), "{:?}", screen.numbers());
    screen.wheel("Roll", 3.0, Modifiers::SHIFT);
    screen.wheel("Roll", -30.0, Modifiers::SHIFT);
    assert!(!screen.has("Back to now"), "forwards it ends at now");
    screen.wheel("Roll", 3.0, Modifiers::NONE);
    assert!(!screen.has("Back to now"), "the wheel alone zooms");
}

/// A host's tempo and one that was read stand in the field, each with its word; the setting stays.
#[test]
fn the_tempo_that_holds_is_shown_with_what_gives_it() {
    let mut screen = FakeScreen::open_in("tempo-field", PluginApi::Clap);
    screen.now(0.0, 120.0, Tempo::Setting);
    assert!(screen.says("120.0 bpm"));
    screen.now(10.0, 132.0, Tempo::Host);
    assert!(screen.says("host 132.0") && !screen.says("120.0 bpm"));
    screen.now(20.0, 97.3, Tempo::Phrase);
    // The status line is longer.
    let field = |drawn: &ClippedShape| matches!(&drawn.shape, Shape::Text(text) if text.galley.text() == "heard 97.3");
    assert!(screen.shapes.iter().any(field) && screen.says("heard 97.3 bpm"), "in the field and in the status line");
    screen.now(30.0, 101.0, Tempo::Setting);
    assert!(screen.says("host 101.0"), "a host whose song stands may tell its tempo");
    assert_eq!(screen.text("tempo"), "120.0 bpm");
    screen.click("Tempo without host value");
    screen.write("90");
    screen.key(Key::Enter);
    assert_eq!(screen.text("tempo"), "90.0 bpm", "the setting can be changed meanwhile");
}

/// Keys that sound are lit in the colour of who plays them.
#[test]
fn sounding_keys_are_lit() {
    let mut screen = FakeScreen::open_in("lit-keys", PluginApi::Clap);
    screen.count_from(0.0, 0.0);
    screen.strike(NoteSource::Player, 60, 0.0, None);
    screen.strike(NoteSource::Segue, 72, 5.0, None);
    screen.strike(NoteSource::Segue, 76, 5.0, Some(9.0));
    screen.now(20.0, 120.0, Tempo::Setting);
    let strip = Rect::everything_below(screen.place("Lowest key").top() + 2.0);
    let lit = |screen: &FakeScreen, colour| screen.filled(strip, colour);
    // The line under the range has Segue's colour too.
    assert_eq!((lit(&screen, theme::PLAYER), lit(&screen, theme::SEGUE)), (1, 2));
    screen.log(30.0, 30.0, LogEvent::Silence);
    screen.now(40.0, 120.0, Tempo::Setting);
    assert_eq!((lit(&screen, theme::PLAYER), lit(&screen, theme::SEGUE)), (0, 1));
    assert!(!screen.has("Keys"), "in a host the strip plays nothing");
}

/// In the program the strip is a keyboard: the key under the mouse sounds while the button is down.
#[test]
fn in_the_program_the_mouse_plays_the_strip() {
    let mut screen = FakeScreen::open("played-keys");
    let keys = screen.place("Keys");
    let middle = |key: u8| keys.left_center() + vec2(keys.width() * (f32::from(key) + 0.5) / 128.0, 0.0);
    let down = |screen: &FakeScreen| screen.app.data.keys.down();
    let press = |screen: &mut FakeScreen, at: Pos2, pressed: bool| {
        let modifiers = Modifiers::NONE;
        screen.frame(vec![Event::PointerMoved(at)]);
        screen.frame(vec![Event::PointerButton { pos: at, button: PointerButton::Primary, pressed, modifiers }]);
        screen.rest();
    };
    press(&mut screen, middle(60), true);
    assert_eq!(down(&screen), 1 << 60);
    screen.point_at(middle(64));
    assert_eq!(down(&screen), 1 << 64, "sliding plays the next key and ends the one before");
    press(&mut screen, middle(64), false);
    assert_eq!(down(&screen), 0);
    let low = screen.place("Lowest key").center();
    press(&mut screen, low, true);
    assert_eq!(down(&screen), 0, "a handle is no key");
    press(&mut screen, low, false);
}

/// The list of styles says what each plays, and whether it plays over chords.
#[test]
fn the_list_of_styles_says_what_each_plays() {
    let mut screen = FakeScreen::open("style-words");
    screen.click("Style");
    for style in crate::styles::STYLES {
        let chords = if style.plays_chords { "over chords" } else { "without chords" };
        assert!(screen.says(&format!("{}\n{}, {chords}", style.name, style.plays)), "{}", style.name);
        assert!(screen.has(&format!("Style: {}", style.name)));
    }
}

/// The folder of the musician's presets is opened, and made if it is not there.
#[test]
fn the_folder_of_presets_is_shown() {
    let mut screen = FakeScreen::open("presets-folder");
    screen.app.shelf.keep_in(screen.folder.join("presets"));
    screen.click("Presets");
    screen.click("Show presets folder");
    let folder = screen.folder.join("presets");
    assert!(folder.is_dir());
    assert_eq!(screen.opened, [folder.display().to_string()]);
    assert!(!screen.has("Search presets"), "the list has closed");
}

/// The meters beside the faders show the peaks and fall back when it is silent.
#[test]
fn the_meters_show_the_peaks_and_fall() {
    let mut screen = FakeScreen::open("meters");
    // The height of a lit meter is the share of the way from -48 dB to 0 dB.
    let lit = |screen: &FakeScreen, name: &str, colour| {
        let meter = screen.place(&format!("{name} meter")).expand(0.5);
        let part = |drawn: &ClippedShape| match &drawn.shape {
            Shape::Rect(shape) if shape.fill == colour && meter.contains_rect(shape.rect) => Some(shape.rect.height()),
            _ => None,
        };
        screen.shapes.iter().filter_map(part).sum::<f32>() / screen.place(&format!("{name} meter")).height()
    };
    let all = |screen: &FakeScreen| {
        [("Player level", theme::PLAYER), ("Segue level", theme::SEGUE), ("Comping level", theme::DIM)]
            .map(|(name, colour)| lit(screen, name, colour))
    };
    assert!(all(&screen).iter().all(|lit| *lit == 0.0));
    screen.app.data.stats.peaks.raise([0.5, 0.0, 0.063]);
    screen.frame(Vec::new());
    let [player, segue, comping] = all(&screen);
    // -6 dB and -24 dB.
    assert!((player - 0.875).abs() < 0.02 && segue == 0.0 && (comping - 0.5).abs() < 0.02, "{:?}", all(&screen));
    std::thread::sleep(Duration::from_secs(2));
    screen.frame(Vec::new());
    assert!(all(&screen).iter().all(|lit| *lit == 0.0));
}
