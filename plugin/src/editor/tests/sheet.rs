//! The chart as a sheet.

use super::*;
use segue_engine::snapshot::Snapshot;
use segue_model::note::{Bars, Metre, Ticks};

impl FakeScreen {
    /// Shows a moment of the audio thread, in ticks from the beginning of the chart.
    fn moment(&mut self, tick: f64) {
        let snapshot = Snapshot {
            now: 1000.0 + tick,
            tempo_bpm: 120.0,
            tempo_is_read: false,
            bars: Bars { line: Ticks(1000), metre: Metre::COMMON },
            form: Ticks(1000),
            follows_host: true,
            is_segues_turn: false,
            part: None,
            planned: std::iter::empty().collect(),
        };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a moment")]
        let at_ns = 1_000_000 + tick as u64 * 1_000;
        self.app.data.pages.show(at_ns, &snapshot, None);
        self.rest();
    }

    /// The bars of the sheet in their order.
    fn bars(&self) -> Vec<String> {
        let bars = self.app.test_probe.places.keys().filter_map(|name| {
            let (number, text) = name.strip_prefix("Bar ")?.split_once(": ")?;
            Some((number.parse::<usize>().ok()?, text.to_owned()))
        });
        let mut bars: Vec<(usize, String)> = bars.collect();
        bars.sort();
        bars.into_iter().map(|(_, text)| text).collect()
    }
}

/// Repeats are written out, and the bar that sounds is lit, also in the next pass and before the chart begins.
#[test]
fn the_bar_that_sounds_is_lit_in_the_sheet() {
    const BAR: f64 = 192.0;
    let mut screen = FakeScreen::open("sheet");
    screen.fill("Chart", "|: Dm7 G7 | C :| 3/4 F | 4/4 N.C.");
    assert!(screen.bars().is_empty());
    screen.fill("Chart", "4/4 |: Dm7 G7 | C :| 3/4 F | 4/4 N.C.");
    screen.click("Sheet");
    let wanted = ["Dm7 G7", "C", "Dm7 G7", "C", "F", "N.C."];
    let length = 5.75 * BAR;
    for (moment, lit) in [(0.0, 0), (1.5 * BAR, 1), (4.0 * BAR, 4), (4.8 * BAR, 5), (length + 2.0 * BAR, 2), (-1.0, 5)]
    {
        screen.moment(moment);
        let mut wanted = wanted.map(str::to_owned);
        wanted[lit].push_str(" (now)");
        assert_eq!(screen.bars(), wanted, "at {moment}");
    }
    screen.set("chords", "Off");
    screen.rest();
    assert_eq!(screen.bars(), wanted, "no bar of the chart sounds");
    screen.click("Sheet");
    assert!(screen.bars().is_empty(), "the notes are back");
}

/// A mistake is shown in the bar where it was written.
#[test]
fn a_mistake_stands_in_its_bar_of_the_sheet() {
    let mut screen = FakeScreen::open("sheet-wrong");
    screen.click("Sheet");
    screen.fill("Chart", "|: C | H7 :| F | Q7 | G");
    assert_eq!(screen.bars(), ["C", "H7", "F", "Q7 (wrong)", "G"]);
    screen.fill("Chart", "C | F");
    assert_eq!(screen.bars(), ["C", "F"]);
}

/// In a long chart the line with the sounding bar is among those that are seen.
#[test]
fn the_sounding_line_of_a_long_chart_is_seen() {
    let mut screen = FakeScreen::open("sheet-long");
    screen.click("Sheet");
    screen.fill("Chart", &vec!["C"; 200].join(" | "));
    for bar in [0_u8, 100, 199] {
        screen.moment(f64::from(bar) * 192.0);
        assert!(screen.has(&format!("Bar {}: C (now)", bar + 1)), "{:?}", screen.bars());
    }
}
