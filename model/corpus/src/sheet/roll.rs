//! A piano roll as a picture: the player's notes are dark, Segue's are bright.
//!
//! Knows neither ticks nor frames: everything is given in units of the axis.

use anyhow::anyhow;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::register_font;
use segue_model::note::Pitch;
use std::path::Path;

const SIZE: (u32, u32) = (1600, 640);
/// Dark and bright, so that the voices differ even without colour.
const PLAYER: RGBColor = RGBColor(20, 50, 110);
const SEGUE: RGBColor = RGBColor(245, 160, 40);
/// The colour of bar lines in all pictures.
pub const BAR_LINE: RGBColor = RGBColor(190, 190, 190);
/// The font of text in all pictures; available once [`load_letters`] has been called.
pub const FONT: &str = "sans-serif";

/// One note.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RollNote {
    /// Where it begins.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
    /// The key.
    pub pitch: Pitch,
}

/// What the picture shows.
pub struct RollPicture<'a> {
    /// The title.
    pub title: &'a str,
    /// The player's notes.
    pub player: &'a [RollNote],
    /// Segue's notes.
    pub segue: &'a [RollNote],
    /// Where bars begin.
    pub bar_lines: &'a [f64],
    /// How far the axis goes from 0; above 0.
    pub end: f64,
    /// The label of the axis; may be empty.
    pub across: &'a str,
    /// The label of a position on the axis.
    pub label: &'a dyn Fn(f64) -> String,
    /// The approximate number of labels.
    pub labels: usize,
}

/// A part of a picture.
pub type Area<'a> = DrawingArea<BitMapBackend<'a>, Shift>;
/// The result of drawing.
pub type Drawn = Result<(), DrawingAreaErrorKind<<BitMapBackend<'static> as DrawingBackend>::ErrorType>>;

/// Registers the font with the drawing library; no system font is needed.
///
/// # Errors
/// If the font cannot be read, which a test rules out.
pub fn load_letters() -> anyhow::Result<()> {
    register_font(FONT, FontStyle::Normal, epaint_default_fonts::UBUNTU_LIGHT)
        .map_err(|_| anyhow!("the letters of pictures cannot be read"))
}

impl RollPicture<'_> {
    /// Draws the roll into a PNG file.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn draw(&self, path: &Path) -> anyhow::Result<()> {
        load_letters()?;
        let area = BitMapBackend::new(path, SIZE).into_drawing_area();
        area.fill(&WHITE).map_err(|error| anyhow!("{error}"))?;
        self.draw_on(&area).map_err(|error| anyhow!("{error}"))?;
        area.present().map_err(|error| anyhow!("{error}"))
    }

    /// Draws the roll on a part of a picture.
    ///
    /// # Errors
    /// If that part cannot be drawn on.
    pub fn draw_on(&self, area: &Area<'_>) -> Drawn {
        /// Leaves a gap between neighbouring keys.
        const HALF_HEIGHT: f64 = 0.42;
        let keys = || self.player.iter().chain(self.segue).map(|block| block.pitch.key());
        let (lowest, highest) = (keys().min().unwrap_or(60), keys().max().unwrap_or(72));
        let (bottom, top) = (f64::from(lowest) - 2.0, f64::from(highest) + 4.0);
        let mut chart = ChartBuilder::on(area)
            .caption(self.title, (FONT, 26))
            .margin(12)
            .x_label_area_size(48)
            .y_label_area_size(64)
            .build_cartesian_2d(0.0..self.end, bottom..top)?;
        chart
            .configure_mesh()
            .disable_mesh()
            .x_desc(self.across)
            .x_labels(self.labels)
            .x_label_formatter(&|at| (self.label)(*at))
            .y_desc("pitch")
            .y_labels(usize::from(highest - lowest + 6).min(18))
            .y_label_formatter(&|key| key_name(*key))
            .label_style((FONT, 18))
            .axis_desc_style((FONT, 20))
            .draw()?;
        chart
            .draw_series(self.bar_lines.iter().map(|bar| PathElement::new([(*bar, bottom), (*bar, top)], BAR_LINE)))?;
        let corners = |block: &RollNote| {
            let key = f64::from(block.pitch.key());
            [(block.from, key - HALF_HEIGHT), (block.to, key + HALF_HEIGHT)]
        };
        for (name, blocks, colour) in [("player", self.player, PLAYER), ("Segue", self.segue, SEGUE)] {
            chart
                .draw_series(blocks.iter().map(|block| Rectangle::new(corners(block), colour.filled())))?
                .label(name)
                .legend(move |(x, y)| Rectangle::new([(x, y - 7), (x + 22, y + 7)], colour.filled()));
            // A bright edge separates a note from its repetition.
            chart.draw_series(blocks.iter().map(|block| Rectangle::new(corners(block), WHITE)))?;
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
}

/// The musical name of a key; 60 is C4.
pub fn key_name(key: f64) -> String {
    const NAMES: [&str; 12] = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"];
    const KEYS_BELOW_OCTAVE_0: i32 = 12;
    #[expect(clippy::cast_possible_truncation, reason = "keys are small")]
    let key = key.round() as i32;
    let name = NAMES[usize::try_from(key.rem_euclid(12)).unwrap_or_default()];
    format!("{name}{}", (key - KEYS_BELOW_OCTAVE_0).div_euclid(12))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_letters_are_there_and_keys_are_called_by_their_names() {
        load_letters().unwrap();
        assert_eq!([0.0, 59.6, 61.0, 127.0, -1.0].map(key_name), ["C-1", "C4", "C#4", "G9", "B-2"]);
    }
}
