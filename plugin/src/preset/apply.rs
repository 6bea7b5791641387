//! Applies a preset to an instance, and makes a preset from one.
//!
//! A preset is applied as the musician's own hand would: by gestures on parameters, which hosts may record, and through
//! the texts of chart and file. The audio thread only sees changed values.

use super::{Preset, STYLE, is_of_presets};
use crate::params::{Gestures, SegueParams, Setting};
use crate::styles;
use nice_plug::params::persist::PersistentField;

/// Makes an instance play as the preset says. Settings that the preset does not name get their defaults, except those
/// that no preset changes. True if it moved a parameter, so that the host knows that the song has changed. Not for the
/// audio thread.
pub fn apply(preset: &Preset, params: &SegueParams, gestures: &mut impl Gestures) -> bool {
    change(&params.chart, &preset.chart);
    params.preset.set(preset.name.clone());
    let mut moves = false;
    if !preset.own_style.is_empty() {
        change(&params.own, &preset.own_style);
    }
    for (id, setting) in params.each().filter(|(id, _)| is_of_presets(id)) {
        let value = wanted(preset, &id, setting);
        // A control that already has its value is left alone, so that the host records nothing.
        if setting.text(value) != setting.text(setting.value()) {
            gestures.begin(setting);
            gestures.set(setting, value);
            gestures.end(setting);
            moves = true;
        }
    }
    moves
}

/// The value that a preset gives to a setting.
fn wanted(preset: &Preset, id: &str, setting: Setting<'_>) -> f32 {
    let text = if id == STYLE { Some(preset.style.as_str()) } else { preset.get(id) };
    // Reading a preset has checked that each text is a value.
    text.and_then(|text| setting.read(text).ok()).unwrap_or(setting.default_value())
}

/// Whether an instance plays as the preset says.
pub fn plays(preset: &Preset, params: &SegueParams) -> bool {
    let keeps_file = preset.own_style.is_empty() || params.own.map(|own| *own == preset.own_style);
    let mut settings = params.each().filter(|(id, _)| is_of_presets(id));
    keeps_file
        && params.chart.map(|chart| *chart == preset.chart)
        && settings.all(|(id, setting)| setting.text(wanted(preset, &id, setting)) == setting.text(setting.value()))
}

/// An unchanged text is not set, so that the model is not loaded again.
fn change(field: &impl PersistentField<'static, String>, text: &str) {
    if !field.map(|now| now == text) {
        field.set(text.to_owned());
    }
}

/// How an instance plays now, as a preset without a name.
pub fn of(params: &SegueParams) -> Preset {
    let now = |setting: Setting<'_>| setting.text(setting.value());
    let changed = params.each().filter(|(id, setting)| {
        id != STYLE && is_of_presets(id) && now(*setting) != setting.text(setting.default_value())
    });
    let settings = changed.map(|(id, setting)| (id, now(setting))).collect();
    let style = params.setting(STYLE).map(now).unwrap_or_default();
    let is_own = params.model.style.value() == i32::from(styles::OWN.0);
    Preset {
        own_style: if is_own { params.own.map(String::clone) } else { String::new() },
        chart: params.chart.map(String::clone),
        style,
        settings,
        ..Preset::default()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::params::Unhosted;

    /// A fake host that performs gestures and checks that each change is part of one.
    #[derive(Default)]
    pub struct FakeHost {
        held: Option<String>,
        pub moved: usize,
    }

    impl Gestures for FakeHost {
        fn begin(&mut self, setting: Setting<'_>) {
            assert_eq!(self.held.replace(setting.name()), None, "one gesture at a time");
        }
        fn set(&mut self, setting: Setting<'_>, value: f32) {
            assert_eq!(self.held, Some(setting.name()), "inside its gesture");
            self.moved += 1;
            Unhosted.set(setting, value);
        }
        fn end(&mut self, setting: Setting<'_>) {
            assert_eq!(self.held.take(), Some(setting.name()), "that was begun");
        }
    }

    fn preset(style: &str, settings: &str) -> Preset {
        Preset::parse(&format!("name = \"Test\"\nstyle = \"{style}\"\n[settings]\n{settings}"), "test").unwrap()
    }

    /// Moves one control as a musician does.
    fn turn(params: &SegueParams, id: &str, text: &str) {
        let setting = params.setting(id).unwrap();
        let mut host = FakeHost::default();
        host.begin(setting);
        host.set(setting, setting.read(text).unwrap());
        host.end(setting);
    }

    /// A preset sets what it names and resets the rest, but leaves the studio settings alone.
    #[test]
    fn a_preset_resets_all_but_the_studio_settings() {
        let params = SegueParams::default();
        for (id, text) in [("memory", "20 %"), ("seed", "7"), ("segue_level", "-6 dB"), ("look_ahead", "50 ms")] {
            turn(&params, id, text);
        }
        apply(&preset("Folk", "mode = \"Duet\"\nswing = \"60 %\""), &params, &mut FakeHost::default());
        let now = |id: &str| params.setting(id).map(|setting| setting.text(setting.value())).unwrap();
        assert_eq!([now("style"), now("mode"), now("swing"), now("memory")], ["Folk", "Duet", "60 %", "100 %"]);
        assert_eq!([now("seed"), now("segue_level"), now("look_ahead")], ["7", "-6.0 dB", "50 ms"]);
    }

    #[test]
    fn what_stands_where_it_should_is_not_touched() {
        let params = SegueParams::default();
        let mut host = FakeHost::default();
        let warm = preset("Irish", "temperature = 1.2");
        apply(&warm, &params, &mut host);
        assert_eq!(host.moved, 1);
        let versions = (params.chart.version(), params.own.facts().version);
        apply(&warm, &params, &mut host);
        assert_eq!(host.moved, 1);
        assert_eq!((params.chart.version(), params.own.facts().version), versions);
    }

    #[test]
    fn an_instance_that_is_kept_as_a_preset_comes_back_as_it_was() {
        let params = SegueParams::default();
        for (id, text) in [("style", "Jazz"), ("mode", "Trade"), ("range_low", "G3"), ("thru", "On")] {
            turn(&params, id, text);
        }
        params.chart.set("Dm7 | G7".to_owned());
        let kept = Preset { name: "Kept".to_owned(), ..of(&params) };
        assert_eq!(kept.get("thru"), None);
        assert_eq!(Preset::parse(&kept.text(), "kept").unwrap(), kept);
        let other = SegueParams::default();
        apply(&kept, &other, &mut FakeHost::default());
        assert_eq!(Preset { name: "Kept".to_owned(), ..of(&other) }, kept);
        assert!(other.chart.chart().is_some());
    }

    /// A preset brings its own style file; a preset without one keeps the chosen file.
    #[test]
    fn a_preset_brings_its_style_file_or_keeps_the_chosen_one() {
        let params = SegueParams::default();
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../presets/piano.segue");
        let own = Preset { own_style: file.to_owned(), ..preset("My own", "") };
        apply(&own, &params, &mut FakeHost::default());
        assert!(params.own.facts().is_playable && params.settings().style.free_time);
        apply(&preset("Irish", ""), &params, &mut FakeHost::default());
        assert!(params.own.facts().is_playable && !params.settings().style.free_time);
        assert_eq!(of(&params).own_style, "");
    }
}
