//! What a song stores is the same in CLAP and VST3, and every step keeps its value.

use super::{RATE, active, play, plugin};
use crate::support::{instance, passes_in_a_process_of_its_own};
use segue_tests::instance::Instance;
use segue_tests::vst3_host::{Block, Edit, Module, Opening, Parameter, Plugin, Point, Setup};

const SETTINGS: &[(&str, &str)] = &[
    ("Style", "Jazz"),
    ("Mode", "Trade"),
    ("Temperature", "1.300"),
    ("Swing", "60 %"),
    ("Key", "E♭"),
    ("Octave", "-1"),
];

/// The parameters without those that represent MIDI controllers.
pub fn own_parameters(plugin: &Plugin) -> Vec<Parameter> {
    let clap = instance(&[]);
    let own = |parameter: &Parameter| clap.parameters().iter().any(|known| known.id == parameter.id);
    plugin.parameters().into_iter().filter(own).collect()
}

fn clap_text(instance: &mut Instance, name: &str) -> String {
    instance.text(name).expect("the CLAP has a text")
}

#[test]
fn a_state_of_the_clap_opens_in_the_vst3_and_back() {
    let mut clap = instance(SETTINGS);
    clap.load_field("chart", "Dm7 | G7 | Cmaj7 | %").expect("the CLAP takes a chart");
    let saved = clap.save().expect("the CLAP saves");
    let mut vst3 = plugin(&[]);
    vst3.load(&saved).expect("the VST3 loads");
    for (name, text) in SETTINGS {
        let parameter = vst3.parameter(name).expect("it has the parameter");
        let plain = text.replace('♭', "b");
        assert_eq!(vst3.text(parameter.id, vst3.value(parameter.id)), plain, "{name}");
    }
    let back = vst3.save().expect("the VST3 saves");
    let json = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(&bytes[8..]).expect("a state is JSON");
    assert_eq!(json(&saved), json(&back));
    let mut other = instance(&[]);
    other.load(&back).expect("the CLAP loads");
    for (name, text) in SETTINGS {
        assert_eq!(clap_text(&mut other, name), *text, "{name}");
    }
}

/// This holds even while it plays. The host is asked to read the values again, and may do so at once.
#[test]
fn a_state_that_is_loaded_while_it_plays_counts() {
    const VALUES_CHANGED: i32 = 4;
    let mut vst3 = active(&[], 256, false);
    let mut processor = vst3.processor().expect("it is active");
    play(&mut processor, Block::of(0, 256));
    vst3.load(&instance(SETTINGS).save().expect("the CLAP saves")).expect("the VST3 loads");
    assert!(vst3.take_edits().contains(&Edit::Restart(VALUES_CHANGED)));
    play(&mut processor, Block::of(256, 256));
    let mut other = instance(&[]);
    other.load(&vst3.save().expect("the VST3 saves")).expect("the CLAP loads");
    assert_eq!(clap_text(&mut other, "Style"), "Jazz");
}

/// Nonsense, an empty state and half a state are refused; the present state stays.
#[test]
fn a_damaged_state_is_refused() {
    let mut vst3 = plugin(SETTINGS);
    let saved = vst3.save().expect("it saves");
    let huge = [u64::MAX.to_le_bytes().as_slice(), &saved[8..]].concat();
    for bytes in [&[][..], &[1, 2, 3], &saved[..saved.len() / 2], &huge, &[0xFF; 4_000]] {
        assert!(vst3.load(bytes).is_err(), "{} bytes", bytes.len());
    }
    assert_eq!(vst3.save().expect("it saves"), saved);
}

/// A host may load a song without ever setting a component handler, as programs that only render do.
#[test]
fn a_host_that_never_gives_a_handler_loads_states() {
    passes_in_a_process_of_its_own("vst3::states::without_a_handler");
}

#[test]
fn a_host_that_takes_its_handler_back_loads_states() {
    passes_in_a_process_of_its_own("vst3::states::without_a_handler_any_more");
}

#[test]
fn an_instance_that_is_initialised_again_loads_states() {
    passes_in_a_process_of_its_own("vst3::states::initialised_again");
}

#[test]
#[ignore = "runs in a process of its own, because it may crash"]
fn without_a_handler() {
    loads_and_plays(Module::checked().open_as(Opening::WithoutHandler).expect("an instance"));
}

#[test]
#[ignore = "runs in a process of its own, because it may crash"]
fn without_a_handler_any_more() {
    let mut vst3 = Module::checked().open().expect("an instance");
    vst3.take_handler_back();
    loads_and_plays(vst3);
}

#[test]
#[ignore = "runs in a process of its own, because it may crash"]
fn initialised_again() {
    let mut vst3 = Module::checked().open_as(Opening::WithoutHandler).expect("an instance");
    vst3.initialize_again().expect("an instance");
    vst3.initialize_again().expect("an instance");
    loads_and_plays(vst3);
}

fn loads_and_plays(mut vst3: Plugin) {
    let saved = instance(SETTINGS).save().expect("the CLAP saves");
    vst3.load(&saved).expect("it loads before it is active");
    vst3.activate(Setup { sample_rate: RATE, largest_block: 256, offline: true }).expect("it can be activated");
    vst3.load(&saved).expect("it loads");
    let mut processor = vst3.processor().expect("it is active");
    play(&mut processor, Block::of(0, 256));
    let style = vst3.parameter("Style").expect("there is one");
    assert_eq!(vst3.text(style.id, vst3.value(style.id)), "Jazz");
}

/// Automation sets a step, a song keeps it, and the host shows it: all agree, for the first step, the last, and others.
#[test]
fn steps_come_back_as_the_steps_that_they_were() {
    let mut vst3 = active(&[], 256, false);
    let parameters: Vec<Parameter> =
        own_parameters(&vst3).into_iter().filter(|parameter| parameter.steps > 0).collect();
    assert!(parameters.len() > 20, "{}", parameters.len());
    // A parameter that changes several others, or springs back, is no setting.
    let is_setting = |parameter: &Parameter| !["Your turn", "Forget", "Tap tempo"].contains(&parameter.title.as_str());
    for round in 0..12 {
        let wanted: Vec<(Parameter, i32)> = parameters
            .iter()
            .filter(|parameter| is_setting(parameter))
            .map(|parameter| (parameter.clone(), (parameter.steps * round + 5) / 11 % (parameter.steps + 1)))
            .collect();
        let points: Vec<Point> = wanted
            .iter()
            .map(|(parameter, step)| {
                let value = f64::from(*step) / f64::from(parameter.steps);
                Point { parameter: parameter.id, offset: 0, value }
            })
            .collect();
        let mut processor = vst3.processor().expect("it is active");
        play(&mut processor, Block::of(0, 256).set(&points));
        let saved = vst3.save().expect("it saves");
        let mut other = plugin(&[]);
        other.load(&saved).expect("it loads");
        let mut clap = instance(&[]);
        clap.load(&saved).expect("the CLAP loads");
        for (parameter, step) in &wanted {
            let shown = other.value(parameter.id) * f64::from(parameter.steps);
            assert!((shown - f64::from(*step)).abs() < 1e-4, "{}: {shown}, not {step}", parameter.title);
            let value = f64::from(*step) / f64::from(parameter.steps);
            let text = clap_text(&mut clap, &parameter.title).replace('♭', "b").replace('♯', "#");
            assert_eq!(other.text(parameter.id, value), text, "{}", parameter.title);
        }
        vst3.load(&saved).expect("it loads what it has saved");
    }
}

/// Every text that a host shows can be typed in again.
#[test]
fn every_text_that_is_shown_can_be_typed() {
    let vst3 = plugin(&[]);
    let mut strange = Vec::new();
    for parameter in own_parameters(&vst3) {
        let steps = if parameter.steps > 0 { parameter.steps.min(200) } else { 16 };
        for step in 0..=steps {
            let value = f64::from(step) / f64::from(steps);
            let text = vst3.text(parameter.id, value);
            let again = vst3.value_of_text(parameter.id, &text).map(|value| vst3.text(parameter.id, value));
            if again.as_ref() != Some(&text) {
                strange.push(format!("{}: {text:?} becomes {again:?}", parameter.title));
            }
        }
    }
    assert!(strange.is_empty(), "{}", strange.join("\n"));
}
