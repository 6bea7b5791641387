//! Presets: the built plugin understands and plays every one.

use crate::support::{phrase, sound};
use segue_model::note::{Metre, Note, Ticks};
use segue_tests::blocks::Blocks;
use segue_tests::bundle::Bundle;
use segue_tests::preset::{Preset, shipped};
use segue_tests::score::Score;
use segue_tests::session::Session;
use segue_tests::timeline::Timeline;

const BARS: i64 = 16;

/// Four bars and then rest, at the preset's own tempo; in a trade of eight bars the rest is Segue's too.
fn score(preset: &Preset, instance: &mut segue_tests::instance::Instance) -> Score {
    let tempo = preset.get("tempo").map_or(120.0, |tempo| tempo.parse().expect("a number"));
    let mut timeline = Timeline::steady(48_000.0, tempo, Metre::COMMON);
    let bar = Metre::COMMON.bar();
    let end = timeline.frame_of(Ticks(BARS * bar.0)).expect("the transport runs");
    // Notes that sound when a host stops must end soon, which can only be seen while it still calls.
    timeline.playing(end, false);
    let mut score = Score::silence(timeline, end + 4_800);
    for first in 0..4 {
        let moved = |note: Note| Note { onset: note.onset + Ticks(first * bar.0), ..note };
        score.play(&phrase().into_iter().map(moved).collect::<Vec<_>>(), Ticks(2));
    }
    preset.begin(&mut score, instance).unwrap_or_else(|error| panic!("{error:#}"));
    score
}

#[test]
fn every_preset_is_understood_by_the_built_plugin_and_plays() {
    let bundle = Bundle::checked();
    for preset in shipped().expect("they can be read") {
        let mut instance = bundle.open().expect("the plugin gives an instance");
        let score = score(&preset, &mut instance);
        let played = Session::render(Blocks::Of(512)).play(&mut instance, &score).expect("the plugin plays");
        let notes = sound(&played);
        assert!(notes.len() >= 3, "{} plays {} notes in {BARS} bars", preset.name, notes.len());
        for (id, text) in &preset.settings {
            let name = instance.parameter_of_id(id).expect("it is there").name.clone();
            let shown = instance.text(&name).expect("it has a text");
            let number = |text: &str| text.split(' ').next().and_then(|word| word.parse::<f64>().ok());
            assert!(
                shown.eq_ignore_ascii_case(text) || number(&shown).is_some_and(|shown| Some(shown) == number(text)),
                "{}: {id} = {text} is shown as {shown}",
                preset.name
            );
        }
    }
}
