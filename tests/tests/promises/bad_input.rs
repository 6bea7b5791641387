//! Does what a host should never do: nothing breaks, and the plugin plays on with what it had before.

use crate::support::{instance, notes, passes_in_a_process_of_its_own, score, sound, steady};
use clack_host::events::event_types::{MidiEvent, NoteOffEvent, NoteOnEvent, TransportEvent, TransportFlags};
use clack_host::prelude::{EventBuffer, Pckn};
use clack_host::utils::BeatTime;
use segue_tests::blocks::Blocks;
use segue_tests::instance::Instance;
use segue_tests::session::Session;
use serde_json::{Value, json};

/// A sample rate or block size that is zero or absurdly large does no harm.
#[test]
fn absurd_sample_rates_and_block_sizes_do_no_harm() {
    passes_in_a_process_of_its_own("bad_input::absurd_activations");
}

#[test]
#[ignore = "runs in a process of its own, because it may crash"]
fn absurd_activations() {
    let score = score(steady(48_000.0), 2);
    let wanted = notes(&[], &score, Blocks::Of(256));
    let mut instance = instance(&[]);
    let rates = [0.0, -48_000.0, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE, 1e12, f64::MAX];
    let sizes = [(1, 512), (0, 0), (1, 0), (512, 1), (1, u32::MAX), (u32::MAX, u32::MAX)];
    for rate in rates.into_iter().chain([48_000.0]) {
        for (least, largest) in sizes {
            let _granted_or_not = instance.activate_raw(rate, least, largest);
        }
    }
    assert_eq!(answer(&mut instance, &score), wanted);
}

/// Validators activate at rates that no sound card has. From 8 kHz to 2 MHz the plugin plays as usual; outside it is
/// silent.
#[test]
fn every_rate_above_zero_is_accepted() {
    let mut instance = instance(&[]);
    let nothing = EventBuffer::new();
    for rate in [1e-30, 0.001, 1.0, 7_999.0, 8_000.0, 1_234_567.8, 2e6, 2.1e6, 1e12, f64::from(f32::MAX)] {
        instance.activate(rate, 480).unwrap_or_else(|error| panic!("{rate} Hz: {error:#}"));
        let mut heard = EventBuffer::new();
        heard.push(&NoteOnEvent::new(3, Pckn::new(0u16, 0u16, 62u16, 1u32), 0.7));
        let mut is_heard = false;
        for block in 0..50_u64 {
            let (mut left, mut right) = ([9.0; 480], [9.0; 480]);
            let mut played = EventBuffer::new();
            let audio = instance.audio().expect("it is active");
            let input = if block == 0 { &heard } else { &nothing };
            audio.process(block * 480, None, input, [&mut left, &mut right], &mut played).expect("it plays");
            assert!(left.iter().chain(&right).all(|sample| sample.abs() <= 1.0), "{rate} Hz");
            is_heard |= left.iter().any(|sample| *sample != 0.0);
        }
        assert_eq!(is_heard, (8_000.0..=2e6).contains(&rate), "{rate} Hz");
        instance.deactivate();
    }
    for rate in [0.0, -48_000.0, f64::NAN, f64::INFINITY, 1e-60, 1e300] {
        assert!(instance.activate(rate, 480).is_err(), "{rate} Hz");
    }
}

/// A parameter or note at or beyond the end of its block counts on the last frame, and no memory beyond the block is
/// touched.
#[test]
fn events_beyond_the_end_of_the_block_do_no_harm() {
    const FRAMES: usize = 64;
    let mut instance = instance(&[]);
    instance.activate(48_000.0, 512).expect("it activates");
    for (block, time) in [0_u32, 63, 64, 65, 511, 512, 100_000, u32::MAX].into_iter().enumerate() {
        let mut heard = EventBuffer::new();
        let key = Pckn::new(0u16, 0u16, 60 + u16::try_from(block).unwrap(), 1u32);
        heard.push(&instance.param_event("Temperature", "0.8", time).expect("it is set"));
        heard.push(&NoteOnEvent::new(time, key, 0.7));
        let (mut left, mut right) = ([9.0; 2 * FRAMES], [9.0; 2 * FRAMES]);
        let mut played = EventBuffer::new();
        let audio = instance.audio().expect("it is active");
        let outputs = [&mut left[..FRAMES], &mut right[..FRAMES]];
        audio.process(block as u64 * FRAMES as u64, None, &heard, outputs, &mut played).expect("it plays");
        assert!(left[..FRAMES].iter().all(|sample| sample.abs() <= 1.0), "{time}: the block is rendered");
        assert!(
            left[FRAMES..].iter().chain(&right[FRAMES..]).all(|sample| *sample > 8.0),
            "{time}: nothing is written beyond it"
        );
    }
}

fn answer(instance: &mut Instance, score: &segue_tests::score::Score) -> Vec<segue_tests::performance::Sounded> {
    sound(&Session::render(Blocks::Of(256)).play(instance, score).expect("it plays"))
}

#[test]
fn a_block_of_no_frames_does_no_harm() {
    let mut instance = instance(&[]);
    instance.activate(48_000.0, 64).expect("it activates");
    let nothing = EventBuffer::new();
    for _ in 0..3 {
        let mut played = EventBuffer::new();
        let audio = instance.audio().expect("it is active");
        audio.process(0, None, &nothing, [&mut [], &mut []], &mut played).expect("it takes an empty block");
        assert!(played.is_empty());
    }
    instance.deactivate();
    assert!(!answer(&mut instance, &score(steady(48_000.0), 2)).is_empty());
}

#[test]
fn a_host_without_a_transport_gets_an_answer_all_the_same() {
    let mut instance = instance(&[]);
    instance.set_offline(true).expect("it renders");
    instance.activate(48_000.0, 480).expect("it activates");
    let mut sounded = 0;
    for block in 0..1000_u64 {
        let mut heard = EventBuffer::new();
        let key = Pckn::new(0u16, 0u16, 62u16, 1u32);
        match block {
            10 => heard.push(&NoteOnEvent::new(3, key, 0.7)),
            40 => heard.push(&NoteOffEvent::new(5, key, 0.0)),
            _ => {}
        }
        let mut played = EventBuffer::new();
        let (mut left, mut right) = ([0.0; 480], [0.0; 480]);
        let audio = instance.audio().expect("it is active");
        audio.process(block * 480, None, &heard, [&mut left, &mut right], &mut played).expect("it plays");
        sounded += played.len();
    }
    assert!(sounded > 0);
}

#[test]
fn a_transport_beyond_reason_does_no_harm() {
    passes_in_a_process_of_its_own("bad_input::absurd_transports");
}

#[test]
#[ignore = "runs in a process of its own, because it may crash"]
fn absurd_transports() {
    let usual = steady(48_000.0).event(0);
    let tempo = |tempo| TransportEvent { tempo, ..usual };
    let position = |beats| TransportEvent { song_pos_beats: BeatTime::from_bits(beats), ..usual };
    let metre =
        |upper, lower| TransportEvent { time_signature_numerator: upper, time_signature_denominator: lower, ..usual };
    let bar = |start, number| TransportEvent { bar_start: BeatTime::from_bits(start), bar_number: number, ..usual };
    let nothing = TransportEvent { flags: TransportFlags::IS_PLAYING, ..usual };
    let transports = [
        usual,
        nothing,
        tempo(0.0),
        tempo(-120.0),
        tempo(1e-300),
        tempo(1e12),
        tempo(f64::NAN),
        tempo(f64::INFINITY),
        position(i64::MAX),
        position(i64::MIN),
        metre(0, 0),
        metre(0, 4),
        metre(7, 3),
        metre(u16::MAX, u16::MAX),
        bar(i64::MAX, i32::MAX),
        bar(i64::MIN, i32::MIN),
    ];
    let mut instance = instance(&[("Start", "Bar")]);
    instance.set_offline(true).expect("it renders");
    for transport in transports {
        instance.activate(48_000.0, 512).expect("it activates");
        play_a_key(&mut instance, Some(&transport));
        // Directly from one to the next.
        for other in transports {
            play_a_key(&mut instance, Some(&other));
        }
        instance.deactivate();
    }
    assert!(!answer(&mut instance, &score(steady(48_000.0), 3)).is_empty());
}

/// Plays a key for ten blocks, and ten blocks more.
fn play_a_key(instance: &mut Instance, transport: Option<&TransportEvent>) {
    let key = Pckn::new(0u16, 0u16, 62u16, 1u32);
    for block in 0..20_u64 {
        let mut heard = EventBuffer::new();
        match block {
            0 => heard.push(&NoteOnEvent::new(3, key, 0.7)),
            10 => heard.push(&NoteOffEvent::new(5, key, 0.0)),
            _ => {}
        }
        let (mut left, mut right) = ([0.0; 512], [0.0; 512]);
        let mut played = EventBuffer::new();
        let audio = instance.audio().expect("it is active");
        audio
            .process(block * 512, transport, &heard, [&mut left, &mut right], &mut played)
            .expect("it plays whatever the transport says");
        assert!(left.iter().chain(&right).all(|sample| sample.is_finite()), "{transport:?}");
    }
}

#[test]
fn events_beyond_reason_do_no_harm() {
    passes_in_a_process_of_its_own("bad_input::absurd_events");
}

#[test]
#[ignore = "runs in a process of its own, because it may crash"]
fn absurd_events() {
    let mut instance = instance(&[]);
    instance.set_offline(true).expect("it renders");
    instance.activate(48_000.0, 512).expect("it activates");
    let velocities = [0.7, 0.0, -1.0, 9.0, f64::NAN, f64::INFINITY];
    let times = [0, 511, 512, 5, u32::MAX];
    let mut heard = EventBuffer::new();
    for round in 0..200_u16 {
        let velocity = velocities[usize::from(round) % velocities.len()];
        let time = times[usize::from(round) % times.len()];
        for key in [round, 127, 128, 60, u16::MAX >> 1] {
            heard.push(&NoteOnEvent::new(time, Pckn::new(0u16, round % 40, key, u32::from(round)), velocity));
            heard.push(&NoteOffEvent::new(time, Pckn::match_all(), velocity));
            heard.push(&MidiEvent::new(time, 0, [0x90, 0xFF, 0xFF]));
            heard.push(&MidiEvent::new(time, 0, [0xB0, 120, 0]));
        }
    }
    let nothing = EventBuffer::new();
    for events in [&heard, &nothing, &heard, &nothing] {
        let (mut left, mut right) = ([0.0; 512], [0.0; 512]);
        let mut played = EventBuffer::new();
        let audio = instance.audio().expect("it is active");
        audio.process(0, None, events, [&mut left, &mut right], &mut played).expect("it plays whatever it is sent");
        assert!(left.iter().chain(&right).all(|sample| sample.is_finite()));
        assert!(played.iter().all(|event| event.header().time() < 512));
    }
    instance.deactivate();
    assert!(!answer(&mut instance, &score(steady(48_000.0), 3)).is_empty());
}

/// A state that is garbage or cut short is refused, and the instance plays on as before.
#[test]
fn a_damaged_state_is_refused_and_the_old_one_plays_on() {
    let score = score(steady(48_000.0), 3);
    let settings = [("Temperature", "1.1"), ("Seed", "77"), ("Answer length", "2")];
    let wanted = notes(&settings, &score, Blocks::Of(256));
    let mut kept = instance(&settings);
    let whole = kept.save().expect("it saves");
    let cuts = (0..whole.len()).step_by(whole.len() / 20 + 1).map(|length| whole[..length].to_vec());
    let garbage = [
        vec![],
        vec![0; 64],
        vec![0xFF; 4096],
        b"{}".to_vec(),
        b"null".to_vec(),
        b"[1,2,3]".to_vec(),
        vec![b'['; 100_000],
        u64::MAX.to_le_bytes().to_vec(),
    ];
    for bytes in garbage.into_iter().chain(cuts) {
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(40)]).into_owned();
        let _refused_or_empty = kept.load(&bytes);
        for (name, value) in settings {
            assert!(kept.text(name).expect("it has a text").starts_with(value), "{name} after {shown:?}");
        }
    }
    assert_eq!(answer(&mut kept, &score), wanted);
}

/// A host that looks for plugins loads the file and lets it go, perhaps once for each song.
#[test]
fn the_file_can_be_loaded_and_let_go_as_often_as_a_host_likes() {
    for _ in 0..150 {
        let mut loaded = instance(&[]);
        loaded.activate(48_000.0, 512).expect("it activates");
        play_a_key(&mut loaded, None);
        loaded.deactivate();
    }
}

/// A state with numbers beyond every range opens, plays and is saved with numbers within them.
#[test]
fn numbers_beyond_the_range_in_a_state_do_no_harm() {
    passes_in_a_process_of_its_own("bad_input::absurd_numbers_in_a_state");
}

#[test]
#[ignore = "runs in a process of its own, because it may crash"]
fn absurd_numbers_in_a_state() {
    /// The length of the JSON stands before it.
    const HEAD: usize = size_of::<u64>();
    let score = score(steady(48_000.0), 3);
    let saved = instance(&[]).save().expect("it saves");
    let state: Value = serde_json::from_slice(&saved[HEAD..]).expect("a state is JSON");
    let ids: Vec<&String> = state["params"].as_object().expect("it has parameters").keys().collect();
    for number in [i32::MIN, -1, 99, i32::MAX] {
        let mut absurd = state.clone();
        for id in &ids {
            let is_float = state["params"][*id].get("f32").is_some();
            absurd["params"][*id] =
                if is_float { json!({ "f32": f64::from(number) * 1e20 }) } else { json!({ "i32": number }) };
        }
        let json = serde_json::to_vec(&absurd).expect("it is JSON");
        let bytes = [&(json.len() as u64).to_le_bytes(), json.as_slice()].concat();
        let mut opened = instance(&[]);
        opened.load(&bytes).expect("it opens");
        let again = opened.save().expect("it saves");
        let again: Value = serde_json::from_slice(&again[HEAD..]).expect("a state is JSON");
        for id in ids.iter().filter(|_| number.unsigned_abs() > 100) {
            assert_ne!(again["params"][*id], absurd["params"][*id], "{id} keeps {number}");
        }
        let _played = Session::render(Blocks::Of(256)).play(&mut opened, &score).expect("it plays");
    }
}

#[test]
fn a_project_that_is_opened_again_sounds_as_it_did() {
    let score = score(steady(48_000.0), 3);
    let settings =
        [("Temperature", "1.3"), ("Seed", "12"), ("Top-p", "0.9"), ("Response gap", "230"), ("Start", "1/16")];
    let saved = instance(&settings).save().expect("it saves");
    let mut opened = instance(&[]);
    opened.load(&saved).expect("it loads what it saved");
    assert_eq!(answer(&mut opened, &score), notes(&settings, &score, Blocks::Of(256)));
}
