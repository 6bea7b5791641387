//! A session as a picture: a piano roll with both voices, and the temperature below it.

use crate::performance::Sounded;
use crate::score::Score;
use crate::timeline::{Frame, frames};
use anyhow::{Result, anyhow};
use plotters::prelude::*;
use plotters::style::register_font;
use std::path::Path;

const SIZE: (u32, u32) = (1600, 800);
const TEMPERATURE_HEIGHT: u32 = 200;
/// Dark and bright, so that the voices differ without colour too.
const PLAYER: RGBColor = RGBColor(20, 50, 110);
const SEGUE: RGBColor = RGBColor(245, 160, 40);
const BAR_LINE: RGBColor = RGBColor(190, 190, 190);
const TEMPERATURE: RGBColor = RGBColor(180, 30, 60);
const FONT: &str = "sans-serif";

/// What the picture shows.
pub struct Roll<'a> {
    /// Written above it.
    pub title: &'a str,
    /// What was played, with the transport.
    pub score: &'a Score,
    /// The player's notes.
    pub player: &'a [Sounded],
    /// Segue's notes.
    pub segue: &'a [Sounded],
    /// The temperature from a frame on, in order of time; the first from frame 0.
    pub temperature: &'a [(Frame, f64)],
}

impl Roll<'_> {
    /// Draws it into a PNG file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn draw(&self, path: &Path) -> Result<()> {
        let cannot = |error: &dyn std::fmt::Display| anyhow!("{}: cannot be drawn: {error}", path.display());
        register_font(FONT, FontStyle::Normal, epaint_default_fonts::UBUNTU_LIGHT)
            .map_err(|_| cannot(&"its letters cannot be read"))?;
        let area = BitMapBackend::new(path, SIZE).into_drawing_area();
        area.fill(&WHITE).map_err(|error| cannot(&error))?;
        let (notes, temperature) = area.split_vertically(SIZE.1 - TEMPERATURE_HEIGHT);
        self.draw_notes(&notes).map_err(|error| cannot(&error))?;
        self.draw_temperature(&temperature).map_err(|error| cannot(&error))?;
        area.present().map_err(|error| cannot(&error))
    }

    fn draw_notes(&self, area: &Area<'_>) -> Drawn {
        let keys = || self.player.iter().chain(self.segue).map(|note| i32::from(note.pitch.key()));
        let lowest = keys().min().unwrap_or(60) - 2;
        let highest = keys().max().unwrap_or(72) + 3;
        let mut chart = ChartBuilder::on(area)
            .caption(self.title, (FONT, 26))
            .margin(12)
            .x_label_area_size(36)
            .y_label_area_size(64)
            .build_cartesian_2d(0.0..self.bars(self.score.length), f64::from(lowest)..f64::from(highest))?;
        chart
            .configure_mesh()
            .disable_mesh()
            .y_desc("pitch")
            .x_labels(self.label_count())
            .x_label_formatter(&|bar| format!("{}", bar.round() + 1.0))
            .y_labels(usize::try_from(highest - lowest).unwrap_or(1).min(16))
            .y_label_formatter(&|key| note_name(*key))
            .label_style((FONT, 18))
            .axis_desc_style((FONT, 20))
            .draw()?;
        let (bottom, top) = (f64::from(lowest), f64::from(highest));
        chart.draw_series(self.bar_lines().map(|bar| PathElement::new([(bar, bottom), (bar, top)], BAR_LINE)))?;
        for (voice, notes, colour) in [("player", self.player, PLAYER), ("Segue", self.segue, SEGUE)] {
            chart
                .draw_series(notes.iter().map(|note| Rectangle::new(self.block(note), colour.filled())))?
                .label(voice)
                .legend(move |(x, y)| Rectangle::new([(x, y - 7), (x + 22, y + 7)], colour.filled()));
            // A bright edge parts a note from its repetition.
            chart.draw_series(notes.iter().map(|note| Rectangle::new(self.block(note), WHITE)))?;
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .background_style(WHITE)
            .border_style(BLACK)
            .label_font((FONT, 20))
            .draw()?;
        Ok(())
    }

    fn draw_temperature(&self, area: &Area<'_>) -> Drawn {
        let highest = self.temperature.iter().map(|(_, value)| *value).fold(1.0, f64::max) * 1.15;
        let mut chart = ChartBuilder::on(area)
            .margin(12)
            .x_label_area_size(48)
            .y_label_area_size(64)
            .build_cartesian_2d(0.0..self.bars(self.score.length), 0.0..highest)?;
        chart
            .configure_mesh()
            .disable_mesh()
            .x_desc("bar")
            .y_desc("temperature")
            .x_labels(self.label_count())
            .x_label_formatter(&|bar| format!("{}", bar.round() + 1.0))
            .y_labels(4)
            .label_style((FONT, 18))
            .axis_desc_style((FONT, 20))
            .draw()?;
        chart.draw_series(self.bar_lines().map(|bar| PathElement::new([(bar, 0.0), (bar, highest)], BAR_LINE)))?;
        chart.draw_series(std::iter::once(PathElement::new(self.steps(), TEMPERATURE.stroke_width(3))))?;
        Ok(())
    }

    /// The temperature holds until it is set anew, so its curve has corners.
    fn steps(&self) -> Vec<(f64, f64)> {
        let mut corners = Vec::new();
        for (index, &(at, value)) in self.temperature.iter().enumerate() {
            let until = self.temperature.get(index + 1).map_or(self.score.length, |next| next.0);
            corners.extend([(self.bars(at), value), (self.bars(until), value)]);
        }
        corners
    }

    fn block(&self, note: &Sounded) -> [(f64, f64); 2] {
        /// Leaves a gap between neighbouring keys.
        const HALF_HEIGHT: f64 = 0.42;
        let key = f64::from(note.pitch.key());
        [(self.bars(note.on), key - HALF_HEIGHT), (self.bars(note.off), key + HALF_HEIGHT)]
    }

    /// Bars since the beginning, at the tempo and metre of the beginning.
    fn bars(&self, at: Frame) -> f64 {
        let timeline = &self.score.timeline;
        let metre = timeline.metre_at(0);
        let beats = frames(at) / timeline.sample_rate() * timeline.tempo_bpm(0) / 60.0;
        beats * f64::from(metre.denominator) / 4.0 / f64::from(metre.numerator)
    }

    fn bar_lines(&self) -> impl Iterator<Item = f64> {
        let end = self.bars(self.score.length);
        (0..).map(f64::from).take_while(move |bar| *bar < end)
    }

    fn label_count(&self) -> usize {
        self.bar_lines().count() + 1
    }
}

type Area<'a> = DrawingArea<BitMapBackend<'a>, plotters::coord::Shift>;
type Drawn = Result<(), DrawingAreaErrorKind<<BitMapBackend<'static> as DrawingBackend>::ErrorType>>;

/// A key as musicians call it; 60 is C4.
pub fn note_name(key: f64) -> String {
    const NAMES: [&str; 12] = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"];
    const KEYS_BELOW_OCTAVE_0: i32 = 12;
    #[expect(clippy::cast_possible_truncation, reason = "keys are small")]
    let key = key.round() as i32;
    let name = NAMES[usize::try_from(key.rem_euclid(12)).unwrap_or_default()];
    format!("{name}{}", (key - KEYS_BELOW_OCTAVE_0).div_euclid(12))
}
