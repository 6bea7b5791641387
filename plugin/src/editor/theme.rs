//! Colours, fonts and distances.
//!
//! The two players differ in brightness as well as in colour, so that everybody can tell them apart, even in print.

use egui::style::WidgetVisuals;
use egui::text::{LayoutJob, TextFormat, TextWrapping};
use egui::{
    Color32, Context, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Galley, Painter, Rect, Shadow,
    Stroke, StrokeKind, TextStyle, Theme, Ui, Vec2, Visuals,
};
use std::sync::Arc;

/// The background of the window.
pub const GROUND: Color32 = Color32::from_rgb(0x14, 0x16, 0x1B);
/// The background of the notes.
pub const PAPER: Color32 = Color32::from_rgb(0x0E, 0x10, 0x14);
/// The rows of the black keys.
pub const PAPER_DARK: Color32 = Color32::from_rgb(0x0B, 0x0C, 0x10);
/// The background of a group of controls.
pub const CARD: Color32 = Color32::from_rgb(0x1C, 0x1F, 0x26);
/// The edge of a group.
pub const EDGE: Color32 = Color32::from_rgb(0x2A, 0x2E, 0x37);
/// The edge of controls: it stands out from what is behind them as much as the Web Content Accessibility Guidelines
/// ask.
pub const RIM: Color32 = Color32::from_rgb(0x66, 0x6D, 0x7A);
/// Controls that can be pressed.
pub const RAISED: Color32 = Color32::from_rgb(0x2A, 0x2E, 0x38);
/// Such a control under the pointer.
pub const LIT: Color32 = Color32::from_rgb(0x36, 0x3B, 0x47);
/// A white key inside the range.
pub const IVORY: Color32 = Color32::from_rgb(0x8A, 0x93, 0xA4);
/// Text.
pub const TEXT: Color32 = Color32::from_rgb(0xE6, 0xE8, 0xEC);
/// Explanations.
pub const DIM: Color32 = Color32::from_rgb(0xA0, 0xA6, 0xB2);
/// Text that is read only when needed.
pub const QUIET: Color32 = Color32::from_rgb(0x86, 0x8C, 0x98);
/// Lines that are hardly visible; not for text.
pub const FAINT: Color32 = Color32::from_rgb(0x5A, 0x60, 0x6C);
/// The player: the brighter of the two.
pub const PLAYER: Color32 = Color32::from_rgb(0xFF, 0xD1, 0x7A);
/// Segue: the darker one, and the colour of everything that is set.
pub const SEGUE: Color32 = Color32::from_rgb(0x3F, 0x8E, 0xF5);
/// Segue's name in large letters.
pub const SEGUE_TEXT: Color32 = Color32::from_rgb(0x6D, 0xAB, 0xFA);
/// The background of a chosen value: Segue's own colour would be too bright under white letters.
pub const CHOSEN: Color32 = Color32::from_rgb(0x2A, 0x6F, 0xD0);
/// Chords.
pub const CHORD: Color32 = Color32::from_rgb(0xC8, 0xD2, 0xE4);
/// Mistakes.
pub const WRONG: Color32 = Color32::from_rgb(0xFF, 0x7A, 0x6E);

/// The distance from the edge of the window.
pub const MARGIN: f32 = 14.0;
/// The distance between groups.
pub const GAP: f32 = 10.0;
/// The room around the word on a button.
const BUTTON_PADDING: Vec2 = Vec2::new(10.0, 5.0);
/// The corner radius of cards and buttons.
pub const RADIUS: u8 = 6;

/// The font of text.
pub fn body() -> FontId {
    FontId::proportional(13.5)
}

/// The font of explanations.
pub fn small() -> FontId {
    FontId::proportional(12.0)
}

/// The font of bar numbers and key names.
pub fn tiny() -> FontId {
    FontId::proportional(10.5)
}

/// The font of headlines.
pub fn large() -> FontId {
    FontId::proportional(19.0)
}

/// The font of whose turn it is.
pub fn huge() -> FontId {
    FontId::proportional(32.0)
}

/// The font of the chord chart: monospaced, so that its bars line up.
pub fn chart() -> FontId {
    FontId::monospace(13.0)
}

/// One line, shortened with three dots if it does not fit.
pub fn elided(painter: &Painter, text: &str, font: FontId, colour: Color32, width: f32) -> Arc<Galley> {
    let mut line = LayoutJob::simple_singleline(text.to_owned(), font, colour);
    line.wrap = TextWrapping::truncate_at_width(width);
    painter.layout_job(line)
}

/// A name with a smaller line below it.
pub fn two_lines(name: &str, about: &str) -> LayoutJob {
    let mut lines = LayoutJob::default();
    let format = |font: FontId, colour: Color32| TextFormat { font_id: font, color: colour, ..TextFormat::default() };
    lines.append(name, 0.0, format(body(), TEXT));
    lines.append(&format!("\n{about}"), 0.0, format(small(), CHORD));
    lines
}

/// The edge of a control.
pub fn rim() -> Stroke {
    Stroke::new(1.0, RIM)
}

/// Gives buttons in a menu the edges that they have elsewhere; egui leaves them out until the pointer is there.
pub fn raise_buttons(ui: &mut Ui) {
    let style = ui.style_mut();
    style.visuals.widgets = visuals().widgets;
    style.spacing.button_padding = BUTTON_PADDING;
}

/// Marks the control that has the keyboard.
pub fn ring(painter: &Painter, rect: Rect) {
    painter.rect_stroke(rect.expand(1.0), RADIUS, Stroke::new(2.0, PLAYER), StrokeKind::Outside);
}

/// Applies the theme to a new window.
pub fn dress(ctx: &Context) {
    ctx.set_fonts(fonts());
    ctx.set_theme(Theme::Dark);
    // The window has one size, the host's, and Ctrl-plus belongs to the host. A double click may take as long as on
    // most desktops; it is measured in whole frames.
    ctx.options_mut(|options| {
        options.zoom_with_keyboard = false;
        options.input_options.max_double_click_delay = 0.5;
    });
    ctx.all_styles_mut(|style| {
        style.visuals = visuals();
        style.text_styles = [
            (TextStyle::Body, body()),
            (TextStyle::Button, body()),
            (TextStyle::Small, small()),
            (TextStyle::Heading, large()),
            (TextStyle::Monospace, chart()),
        ]
        .into();
        style.interaction.tooltip_delay = 0.45;
        style.interaction.selectable_labels = false;
        style.spacing.tooltip_width = 300.0;
        style.spacing.button_padding = BUTTON_PADDING;
        style.spacing.menu_margin = egui::Margin::same(6);
        style.animation_time = 0.08;
    });
}

/// ♭, ♮ and ♯, which the other fonts lack. They are our own; `accidentals.py` beside the file draws them.
const ACCIDENTALS: &[u8] = include_bytes!("../../assets/accidentals.ttf");

fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::empty();
    for (name, bytes) in [
        ("text", epaint_default_fonts::UBUNTU_LIGHT),
        ("chart", epaint_default_fonts::HACK_REGULAR),
        ("accidentals", ACCIDENTALS),
    ] {
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(bytes)));
    }
    // Each font provides the letters that those before it lack.
    let both = |first: &str, second: &str| [first, second, "accidentals"].map(str::to_owned).to_vec();
    fonts.families.insert(FontFamily::Proportional, both("text", "chart"));
    fonts.families.insert(FontFamily::Monospace, both("chart", "text"));
    fonts
}

fn visuals() -> Visuals {
    let mut visuals = Visuals::dark();
    let widget = |fill: Color32, text: Color32| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: rim(),
        corner_radius: CornerRadius::same(RADIUS),
        fg_stroke: Stroke::new(1.0, text),
        expansion: 0.0,
    };
    visuals.widgets.noninteractive = WidgetVisuals { bg_stroke: Stroke::new(1.0, EDGE), ..widget(CARD, TEXT) };
    visuals.widgets.inactive = widget(RAISED, TEXT);
    visuals.widgets.hovered = widget(LIT, TEXT);
    visuals.widgets.active = widget(LIT, TEXT);
    visuals.widgets.open = widget(LIT, TEXT);
    visuals.selection.bg_fill = SEGUE.gamma_multiply(0.45);
    visuals.selection.stroke = Stroke::new(1.0, TEXT);
    visuals.extreme_bg_color = PAPER;
    visuals.panel_fill = GROUND;
    visuals.window_fill = CARD;
    visuals.window_stroke = Stroke::new(1.0, EDGE);
    visuals.popup_shadow = Shadow { offset: [0, 4], blur: 16, spread: 0, color: Color32::from_black_alpha(120) };
    visuals.menu_corner_radius = CornerRadius::same(RADIUS);
    visuals.error_fg_color = WRONG;
    visuals
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The contrast ratio of two colours, as the Web Content Accessibility Guidelines define it.
    fn contrast(one: Color32, other: Color32) -> f32 {
        let luminance = |colour: Color32| {
            let linear = |part: u8| {
                let part = f32::from(part) / 255.0;
                if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * linear(colour.r()) + 0.7152 * linear(colour.g()) + 0.0722 * linear(colour.b())
        };
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn everything_that_is_read_stands_out_from_what_is_behind_it() {
        const READABLE: f32 = 4.5;
        let flat = [GROUND, PAPER, CARD];
        let pairs = [TEXT, DIM, QUIET, PLAYER, WRONG, CHORD, SEGUE_TEXT]
            .into_iter()
            .flat_map(|ink| flat.map(|behind| (ink, behind)));
        let pressed = [(TEXT, RAISED), (TEXT, LIT), (DIM, RAISED), (WRONG, RAISED), (Color32::WHITE, CHOSEN)];
        for (ink, behind) in pairs.chain(pressed) {
            let found = contrast(ink, behind);
            assert!(found >= READABLE, "{ink:?} on {behind:?}: {found}");
        }
        assert!(contrast(FAINT, CARD) < READABLE, "a colour too faint for text is found");
    }

    /// The edges of controls, the parts that are set, and the focus ring; also against each other where they touch.
    #[test]
    fn controls_stand_out_three_to_one() {
        const VISIBLE: f32 = 3.0;
        let surfaces = [GROUND, PAPER, CARD];
        let pairs = [RIM, SEGUE, PLAYER].into_iter().flat_map(|ink| surfaces.map(|behind| (ink, behind)));
        let knobs = [(TEXT, RAISED), (TEXT, LIT), (DIM, RAISED), (DIM, GROUND)];
        for (ink, behind) in pairs.chain(knobs) {
            let found = contrast(ink, behind);
            assert!(found >= VISIBLE, "{ink:?} on {behind:?}: {found}");
        }
        assert!(contrast(EDGE, CARD) < VISIBLE, "an edge that is too faint for a control is found");
    }

    #[test]
    fn the_two_players_differ_in_brightness_too() {
        assert!(contrast(PLAYER, SEGUE) > 2.0);
    }
}
