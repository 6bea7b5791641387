//! A session as a picture: a piano roll with both voices, and the temperature below it.

use crate::performance::Sounded;
use crate::score::Score;
use crate::timeline::{Frame, frames};
use anyhow::{Result, anyhow};
use plotters::prelude::*;
use segue_corpus::sheet::roll::{self, Area, BAR_LINE, Drawn, FONT, RollNote, load_letters};
use std::path::Path;

const SIZE: (u32, u32) = (1600, 800);
const TEMPERATURE_HEIGHT: u32 = 200;
const TEMPERATURE: RGBColor = RGBColor(180, 30, 60);

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
        load_letters().map_err(|error| cannot(&error))?;
        let area = BitMapBackend::new(path, SIZE).into_drawing_area();
        area.fill(&WHITE).map_err(|error| cannot(&error))?;
        let (notes, temperature) = area.split_vertically(SIZE.1 - TEMPERATURE_HEIGHT);
        self.draw_notes(&notes).map_err(|error| cannot(&error))?;
        self.draw_temperature(&temperature).map_err(|error| cannot(&error))?;
        area.present().map_err(|error| cannot(&error))
    }

    fn draw_notes(&self, area: &Area<'_>) -> Drawn {
        let blocks = |notes: &[Sounded]| notes.iter().map(|note| self.block(note)).collect::<Vec<_>>();
        let bar_lines: Vec<f64> = self.bar_lines().collect();
        let notes = roll::RollPicture {
            title: self.title,
            player: &blocks(self.player),
            segue: &blocks(self.segue),
            bar_lines: &bar_lines,
            end: self.bars(self.score.length),
            across: "",
            label: &|bar| format!("{}", bar.round() + 1.0),
            labels: self.label_count(),
        };
        notes.draw_on(area)
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

    /// The temperature holds until it is set again, so its curve has steps.
    fn steps(&self) -> Vec<(f64, f64)> {
        let mut corners = Vec::new();
        for (index, &(at, value)) in self.temperature.iter().enumerate() {
            let until = self.temperature.get(index + 1).map_or(self.score.length, |next| next.0);
            corners.extend([(self.bars(at), value), (self.bars(until), value)]);
        }
        corners
    }

    fn block(&self, note: &Sounded) -> RollNote {
        RollNote { from: self.bars(note.on), to: self.bars(note.off), pitch: note.pitch }
    }

    /// The number of bars since the beginning, at the first tempo and metre.
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
