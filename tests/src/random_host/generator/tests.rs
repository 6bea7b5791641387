use super::super::param_map::tests::bare;
use super::*;

#[test]
fn a_seed_gives_the_same_minute_every_time() {
    let param_map = bare();
    for seed in 0..20 {
        let one = sequence(seed, &param_map);
        assert_eq!(one.describe(&param_map).to_string(), sequence(seed, &param_map).describe(&param_map).to_string());
        assert!((one.seconds() - SECONDS).abs() < 0.01, "{}", one.seconds());
        for activation in &one.activations {
            assert!(activation.actions.is_sorted_by_key(|(at, _)| *at));
            assert!(activation.actions.iter().all(|(at, _)| *at < activation.length));
        }
    }
}

/// Within a hundred sequences the generator makes every kind of action that a host may do.
#[test]
fn a_hundred_seeds_do_everything_that_a_host_may_do() {
    let param_map = bare();
    let sequences: Vec<Sequence> = (0..100).map(|seed| sequence(seed, &param_map)).collect();
    let activations: Vec<&Activation> = sequences.iter().flat_map(|sequence| &sequence.activations).collect();
    let some_deed = |name: &str, what: fn(&Action) -> bool| {
        assert!(
            activations.iter().any(|activation| activation.actions.iter().any(|(_, action)| what(action))),
            "{name}"
        );
    };
    some_deed("a stroke", |action| matches!(action, Action::NoteOn { velocity, .. } if *velocity > 0.0));
    some_deed("a release of everything", |action| matches!(action, Action::NoteOff { channel: None, key: None, .. }));
    some_deed("a release by name alone", |action| {
        matches!(action, Action::NoteOff { channel: None, key: None, id: Some(_), .. })
    });
    some_deed("a choke", |action| matches!(action, Action::NoteOff { choke: true, .. }));
    some_deed("a shape", |action| matches!(action, Action::NoteExpression { .. }));
    for controller in [1, 64, 66, 120, 121, 123, 127] {
        let found = |(_, action): &(Frame, Action)| match action {
            Action::Midi([status, number, _]) => status & 0xF0 == 0xB0 && *number == controller,
            _ => false,
        };
        assert!(activations.iter().any(|activation| activation.actions.iter().any(found)), "controller {controller}");
    }
    for status in [0x80, 0x90, 0xA0, 0xC0, 0xD0, 0xE0] {
        let found = |(_, action): &(Frame, Action)| matches!(action, Action::Midi([byte, ..]) if byte & 0xF0 == status);
        assert!(activations.iter().any(|activation| activation.actions.iter().any(found)), "status {status:x}");
    }
    some_deed("a reset", |action| matches!(action, Action::Reset));
    some_deed("a pause", |action| matches!(action, Action::Pause));
    some_deed("a load", |action| matches!(action, Action::Load));
    some_deed("no room", |action| matches!(action, Action::OutputRoom(0)));
    let turned = |place| {
        let turns = |(_, action): &(Frame, Action)| match action {
            Action::SetParam { place: turned, .. } => *turned == place,
            _ => false,
        };
        activations.iter().any(|activation| activation.actions.iter().any(turns))
    };
    let unturned = (0..param_map.parameters().len()).filter(|place| !turned(*place));
    assert_eq!(unturned.collect::<Vec<_>>(), [param_map.place(Param::Render)]);
    assert!(activations.iter().any(|activation| activation.timeline.beats(0) < 0.0));
    assert!(activations.iter().any(|activation| activation.report == TransportReport::Nothing));
    assert!(activations.iter().any(|activation| activation.timeline.breaks().count() > 3));
    assert!(sequences.iter().any(|sequence| sequence.activations.iter().any(|activation| !activation.offline)));
    for way in [None, Some(Return::WithTheNextBlock), Some(Return::ABlockLater)] {
        assert!(activations.iter().any(|activation| activation.loops_back == way), "{way:?}");
    }
}
