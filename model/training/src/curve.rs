//! Draws the loss curves of a training.

use plotters::prelude::*;
use plotters::style::register_font;

/// The losses of one epoch, in nats per note; all heads together unless said otherwise.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
pub struct Epoch {
    /// The mean over the epoch, with dropout.
    pub train: f64,
    /// On the validation split after the epoch.
    pub valid: f64,
    /// The pitch head alone, on the validation split.
    pub valid_pitch: f64,
}

/// The value of one curve.
type Value = fn(&Epoch) -> f64;

/// Draws the curves as a PNG.
///
/// # Errors
/// When the file cannot be written.
pub fn draw(epochs: &[Epoch], title: &str, path: &std::path::Path) -> anyhow::Result<()> {
    const SIZE: (u32, u32) = (900, 560);
    // Without its font the picture has no letters, which is no reason to stop a training.
    let _ = register_font("sans-serif", FontStyle::Normal, epaint_default_fonts::UBUNTU_LIGHT);
    let root = BitMapBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let values = || epochs.iter().flat_map(|epoch| [epoch.train, epoch.valid, epoch.valid_pitch]);
    let (low, high) = values().fold((f64::INFINITY, 0.0f64), |(low, high), value| (low.min(value), high.max(value)));
    #[expect(clippy::cast_precision_loss, reason = "a training has few epochs")]
    let last = epochs.len().max(2) as f64;
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 22))
        .margin(14)
        .x_label_area_size(40)
        .y_label_area_size(55)
        .build_cartesian_2d(1.0..last, (low * 0.97)..(high * 1.02).max(low + 0.1))?;
    chart.configure_mesh().x_desc("epoch").y_desc("nats per note").label_style(("sans-serif", 15)).draw()?;
    let lines: [(&str, RGBColor, Value); 3] = [
        ("training, all heads", RGBColor(150, 150, 150), |epoch| epoch.train),
        ("validation, all heads", RGBColor(0, 90, 181), |epoch| epoch.valid),
        ("validation, pitch", RGBColor(220, 110, 20), |epoch| epoch.valid_pitch),
    ];
    for (name, colour, value) in lines {
        let points = (1u32..).map(f64::from).zip(epochs.iter().map(value));
        let line = chart.draw_series(LineSeries::new(points, colour.stroke_width(2)))?;
        line.label(name).legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(3)));
    }
    chart
        .configure_series_labels()
        .label_font(("sans-serif", 15))
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    root.present()?;
    Ok(())
}
