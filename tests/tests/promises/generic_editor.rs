//! The list of parameters that hosts show of themselves: complete enough to set everything without Segue's window.

use crate::support::instance;
use segue_tests::instance::Parameter;
use segue_tests::vst3_host::Module;

/// The groups of the parameters.
const GROUPS: [&str; 7] = ["Style", "Turns", "Notes", "Chords", "Sound", "Timing", "MIDI"];
/// What follows the numbers of a parameter; all others have no unit.
const UNITS: &[(&str, &str)] = &[
    ("Memory", " %"),
    ("Density", " %"),
    ("Response gap", " ms"),
    ("Look-ahead", " ms"),
    ("Chord window", " ms"),
    ("Player level", " dB"),
    ("Segue level", " dB"),
    ("Comping level", " dB"),
    ("Tempo without host", " bpm"),
    ("Longest note", " beats"),
    ("Answer length", " bars"),
];
/// Where the texts of a parameter are tried, as shares of its range.
const SHARES: [f64; 7] = [0.0, 0.1, 0.25, 0.5, 0.66, 0.9, 1.0];

/// Segue's own parameters. The framework adds some for pedal and bend.
fn own() -> Vec<Parameter> {
    let all = instance(&[]).parameters().to_vec();
    all.into_iter().filter(|parameter| !parameter.name.starts_with("MIDI ")).collect()
}

/// A value at a share of the range, as the parameter rounds it.
fn value_at(parameter: &Parameter, share: f64) -> f64 {
    let value = parameter.min + (parameter.max - parameter.min) * share;
    if parameter.stepped { value.round() } else { value }
}

#[test]
fn every_parameter_has_its_own_name_and_a_group() {
    let own = own();
    assert!(own.len() > 50, "{} parameters", own.len());
    for (index, parameter) in own.iter().enumerate() {
        let Parameter { name, group, .. } = parameter;
        assert!(!name.is_empty() && own[..index].iter().all(|other| other.name != *name), "{name} twice");
        assert!(GROUPS.contains(&group.as_str()), "{name} is in the group {group:?}");
    }
    for group in GROUPS {
        let members = own.iter().filter(|parameter| parameter.group == group).count();
        assert!(members >= 2, "{group} has {members}");
    }
}

/// A text that the CLAP shows may be typed, and shows the same again; a number has its unit.
#[test]
fn the_clap_reads_every_text_that_it_shows() {
    let mut clap = instance(&[]);
    for parameter in own() {
        let name = &parameter.name;
        let unit = UNITS.iter().find(|(other, _)| other == name).map(|(_, unit)| *unit);
        for share in SHARES {
            let text = clap.text_of(name, value_at(&parameter, share)).expect("a text");
            let read = clap.value_of_text(name, &text).unwrap_or_else(|error| panic!("{error:#}"));
            assert_eq!(clap.text_of(name, read).expect("a text"), text, "{name}");
            let is_number = text.starts_with(|first: char| first.is_ascii_digit() || first == '-');
            if let Some(unit) = unit.filter(|_| is_number && !text.contains("inf")) {
                // One bar has no plural.
                let plain = text.strip_suffix(unit).or_else(|| text.strip_suffix(unit.trim_end_matches('s')));
                let plain = plain.unwrap_or_else(|| panic!("{name}: {text:?} does not end with {unit:?}"));
                let read = clap.value_of_text(name, plain).unwrap_or_else(|error| panic!("{error:#}"));
                assert_eq!(clap.text_of(name, read).expect("a text"), text, "{name}, typed without its unit");
            }
        }
    }
}

/// The VST3 shows the same parameters under the same names, and reads its own texts too.
#[test]
fn the_vst3_reads_every_text_that_it_shows() {
    let vst3 = Module::checked().open().expect("the VST3 gives an instance");
    for parameter in own() {
        let name = &parameter.name;
        let shown = vst3.parameter(name).unwrap_or_else(|error| panic!("{error:#}"));
        assert_eq!(shown.id, parameter.id, "{name}");
        for share in SHARES {
            let steps = f64::from(shown.steps.max(0));
            let share = if steps > 0.0 { (share * steps).round() / steps } else { share };
            let text = vst3.text(shown.id, share);
            let read = vst3.value_of_text(shown.id, &text).unwrap_or_else(|| panic!("{name}: {text:?} is not read"));
            assert_eq!(vst3.text(shown.id, read), text, "{name}");
        }
    }
}
