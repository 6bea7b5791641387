//! What a VST3 host sends: with and without note ids, in and out of order, and for hours.

use super::{RATE, active, play, plugin};
use crate::support::{score, sound, steady};
use segue_tests::blocks::Blocks;
use segue_tests::vst3_host::{Audio, Block, Cue, Event, Moment, Out, Point, Vst3Session};

const BLOCK: u32 = 256;

/// The output for two bars of the phrase and the answer, when each input event is changed by a function.
fn heard_as(change: impl Fn(Cue) -> Vec<Cue>) -> Vec<(u64, Out)> {
    let plugin = active(&[("Seed", "7"), ("Thru", "On")], BLOCK, true);
    let mut processor = plugin.processor().expect("it is active");
    let score = score(steady(RATE), 4);
    let mut heard = Vec::new();
    for at in (0..score.length).step_by(BLOCK as usize) {
        let mut cues: Vec<Cue> = (0_i32..)
            .zip(&score.strokes)
            .flat_map(|(id, stroke)| {
                let (channel, key) = (0, i16::from(stroke.pitch.key()));
                [
                    (stroke.up, Event::Off { id, channel, key }),
                    (stroke.down, Event::On { id, channel, key, velocity: 0.7 }),
                ]
            })
            .filter(|(frame, _)| (at..at + u64::from(BLOCK)).contains(frame))
            .map(|(frame, event)| Cue { offset: i32::try_from(frame - at).expect("it lies in the block"), event })
            .collect();
        cues.sort_by_key(|cue| cue.offset);
        let cues: Vec<Cue> = cues.into_iter().flat_map(&change).collect();
        let moment = Moment::of(&score.timeline.event(at));
        let played = play(&mut processor, Block::of(at, BLOCK).hear(&cues).during(moment));
        heard.extend(
            played.sent.into_iter().map(|sent| (at + u64::try_from(sent.offset).expect("not before"), sent.out)),
        );
    }
    heard
}

/// A host may give each note an id, or none.
#[test]
fn notes_without_names_are_heard_like_notes_with_names() {
    let named = heard_as(|cue| vec![cue]);
    let nameless = heard_as(|cue| {
        let event = match cue.event {
            Event::On { channel, key, velocity, .. } => Event::On { id: -1, channel, key, velocity },
            Event::Off { channel, key, .. } => Event::Off { id: -1, channel, key },
            other => other,
        };
        vec![Cue { event, ..cue }]
    });
    assert!(named.len() > 30, "the phrase is passed on and answered: {named:?}");
    assert_eq!(named, nameless);
}

/// Expressions and pressures of sounding and of unknown notes change none of the notes. Nothing but notes leaves a
/// VST3.
#[test]
fn expressions_and_pressures_do_no_harm_and_do_not_leave() {
    assert_eq!(plugin(&[]).expressions(), [0, 1, 2, 3, 4, 5]);
    let plain = heard_as(|cue| vec![cue]);
    let shaped = heard_as(|cue| {
        let with = |event| Cue { event, ..cue };
        let Event::On { id, channel, key, .. } = cue.event else { return vec![cue] };
        let expressions = (0..9).map(|kind| with(Event::Expression { id, kind, value: 0.9 }));
        let strange = [-1, 9_999, i32::MIN].map(|id| with(Event::Expression { id, kind: 2, value: f64::NAN }));
        let pressures = [id, -1, 9_999].map(|id| with(Event::Pressure { id, channel, key, pressure: 0.8 }));
        [cue].into_iter().chain(expressions).chain(strange).chain(pressures).collect()
    });
    assert_eq!(plain, shaped);
}

/// Controllers, bend and pressure of every channel arrive through their parameters, and do not leave.
#[test]
fn controllers_do_no_harm_and_do_not_leave() {
    let plugin = active(&[("Thru", "On")], BLOCK, true);
    let mut processor = plugin.processor().expect("it is active");
    let mut points = Vec::new();
    for channel in 0..16 {
        for controller in 0..130 {
            let parameter = plugin.midi_parameter(channel, controller).expect("every controller is heard");
            points.extend([(3, 0.9), (200, 0.1)].map(|(offset, value)| Point { parameter, offset, value }));
        }
    }
    for block in 0..20 {
        let played = play(&mut processor, Block::of(block * u64::from(BLOCK), BLOCK).set(&points));
        assert_eq!(played.sent, []);
    }
}

/// Offsets at or beyond the block's end, and before its beginning, count inside the block: a key that goes down also
/// goes up.
#[test]
fn offsets_outside_the_block_do_no_harm() {
    let plugin = active(&[("Thru", "On")], BLOCK, true);
    let mut processor = plugin.processor().expect("it is active");
    let temperature = plugin.parameter("Temperature").expect("there is one").id;
    let strange = [256, 257, 4_096, 100_000, i32::MAX, -1, i32::MIN];
    let mut at = 0;
    for (key, offset) in (60_i16..).zip(strange) {
        let (channel, id) = (0, i32::from(key));
        let on = Cue { offset, event: Event::On { id, channel, key, velocity: 0.5 } };
        let off = Cue { offset, event: Event::Off { id, channel, key } };
        let points = [Point { parameter: temperature, offset, value: 0.5 }];
        let blocks = [vec![on], vec![], vec![off]];
        let mut sent = Vec::new();
        for cues in &blocks {
            sent.extend(play(&mut processor, Block::of(at, BLOCK).hear(cues).set(&points)).sent);
            at += u64::from(BLOCK);
        }
        assert!(sent.iter().all(|sent| (0..256).contains(&sent.offset)), "{offset}: {sent:?}");
        let outs: Vec<Out> = sent.iter().map(|sent| sent.out).collect();
        assert_eq!(outs, [Out::On { channel, key, velocity: 0.5 }, Out::Off { channel, key }], "{offset}");
    }
}

/// A block for which a host gives no buffers, or asks for no frames, does no harm, and its parameter values count.
#[test]
fn blocks_without_frames_or_without_channels_do_no_harm() {
    let plugin = active(&[], BLOCK, true);
    let mut processor = plugin.processor().expect("it is active");
    let density = plugin.parameter("Density").expect("there is one");
    let on = [Cue { offset: 0, event: Event::On { id: 1, channel: 0, key: 60, velocity: 0.5 } }];
    for (block, value) in [(Block::of(0, 0), 0.25), (Block::of(0, BLOCK), 0.75)] {
        let set = [Point { parameter: density.id, offset: 0, value }];
        let played = processor.process(block.hear(&on).set(&set), Audio::NoChannels).expect("a block");
        assert!(played.ok);
        let state = plugin.save().expect("it saves");
        let mut other = super::plugin(&[]);
        other.load(&state).expect("it loads");
        assert!((other.value(density.id) - value).abs() < 0.01, "{} is set", other.value(density.id));
    }
    let played = play(&mut processor, Block::of(0, BLOCK).hear(&on));
    assert!(played.ok);
}

/// Song positions that make no sense do no harm: a loop without a range, a bar without a beat, no metre, no tempo.
#[test]
fn a_transport_that_is_told_in_part_does_no_harm() {
    let plugin = active(&[("Mode", "Duet")], BLOCK, true);
    let mut processor = plugin.processor().expect("it is active");
    let playing = Moment { playing: true, ..Moment::default() };
    let moments = [
        playing,
        Moment { tempo_bpm: Some(0.0), ..playing },
        Moment { tempo_bpm: Some(f64::NAN), beats: Some(1.0), ..playing },
        Moment { bar_beats: Some(4.0), tempo_bpm: Some(120.0), ..playing },
        Moment { beats: Some(f64::INFINITY), tempo_bpm: Some(120.0), ..playing },
        Moment { beats: Some(-3.0), tempo_bpm: Some(120.0), metre: Some((0, 0)), ..playing },
        Moment { beats: Some(2.0), tempo_bpm: Some(120.0), metre: Some((-1, 70_000)), ..playing },
        Moment { beats: Some(2.0), tempo_bpm: Some(120.0), cycle_active: true, ..playing },
        Moment { beats: Some(2.0), cycle_active: true, cycle_beats: Some((4.0, 4.0)), ..playing },
        Moment {
            beats: Some(2.0),
            cycle_active: true,
            cycle_beats: Some((8.0, 4.0)),
            tempo_bpm: Some(120.0),
            ..playing
        },
    ];
    let on = [Cue { offset: 0, event: Event::On { id: 1, channel: 0, key: 60, velocity: 0.5 } }];
    for moment in moments {
        for block in 0..200 {
            let cues = if block == 3 { on.as_slice() } else { &[] };
            play(&mut processor, Block::of(block * u64::from(BLOCK), BLOCK).hear(cues).during(moment));
        }
    }
    let mut other = super::plugin(&[]);
    let answered = Vst3Session::render(Blocks::Of(BLOCK)).play(&mut other, &score(steady(RATE), 4)).expect("it plays");
    assert!(!sound(&answered).is_empty(), "others are not disturbed");
}
