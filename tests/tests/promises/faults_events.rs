//! Events that no host should send, and some send: too many, without their other half, of later interfaces.
//!
//! - **Every parameter in every frame.** Each counts from its frame on; every note ends on the channel on which it
//!   began.
//! - **10,000 note-ons in one block.** What fits into the queue is heard, the rest is counted as *not heard*. Every
//!   note ends, and the next phrase is answered.
//! - **A key struck twice without a note-off.** Two notes, the first up to the second.
//! - **MIDI 2, expressions, unknown events.** No note changes.
//! - **A transport that stops twice.** What sounds ends once, and the next start plays.

use crate::support::{instance, notes, phrase, score, sound, steady};
use clack_host::events::event_types::{Midi2Event, NoteExpressionEvent, NoteExpressionType, NoteOffEvent};
use clack_host::events::event_types::{NoteOnEvent, ParamValueEvent};
use clack_host::prelude::{EventBuffer, Pckn};
use clack_host::utils::ClapId;
use segue_model::note::{Metre, Note, Ticks};
use segue_tests::blocks::Blocks;
use segue_tests::foreign::StrangeEvent;
use segue_tests::instance::Instance;
use segue_tests::performance::{Fault, Performance, Sounded};
use segue_tests::score::Score;
use segue_tests::session::Session;
use segue_tests::timeline::Frame;
use std::ops::Range;

const BLOCK: u32 = 256;

/// Renders a score, with whatever `meddle` adds to each block.
fn meddled(instance: &mut Instance, score: &Score, meddle: impl FnMut(Range<Frame>, &mut EventBuffer)) -> Performance {
    instance.set_offline(true).expect("it renders");
    instance.activate(48_000.0, BLOCK).expect("it activates");
    let session = Session::render(Blocks::Of(BLOCK));
    let played = session.play_active_with(instance, score, meddle).expect("it plays");
    instance.deactivate();
    played
}

fn key(number: u16) -> Pckn {
    Pckn::new(0u16, 0u16, number, u32::from(number))
}

/// Where in the block a frame lies, if it does.
fn offset(frame: Frame, block: &Range<Frame>) -> Option<u32> {
    block.contains(&frame).then(|| u32::try_from(frame - block.start).expect("a block is short"))
}

/// Every parameter changes in every frame for a tenth of a second of an answer, and all notes end on the channels on
/// which they began.
#[test]
fn every_parameter_in_every_frame_leaves_no_note_behind() {
    const SWEPT: Range<Frame> = 130_000..134_800;
    let jam = score(steady(48_000.0), 5);
    let mut host = instance(&[("Thru", "On"), ("Comping", "On")]);
    let parameters: Vec<(ClapId, f64, f64)> = host
        .parameters()
        .iter()
        .filter(|parameter| parameter.automatable)
        .map(|parameter| (ClapId::from_raw(parameter.id).expect("an id"), parameter.min, parameter.max))
        .collect();
    assert!(parameters.len() > 30, "{} parameters", parameters.len());
    let mut drawn = 1_u32;
    let played = meddled(&mut host, &jam, |block, events| {
        for frame in block.clone().filter(|frame| SWEPT.contains(frame)) {
            for (id, min, max) in &parameters {
                drawn = drawn.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let value = min + (max - min) * f64::from(drawn) / f64::from(u32::MAX);
                let at = offset(frame, &block).expect("it lies in the block");
                events.push(&ParamValueEvent::new(at, *id, Pckn::match_all(), value));
            }
        }
    });
    assert!(!sound(&played).is_empty());
    assert!(played.audio.iter().flatten().all(|sample| sample.is_finite()));
}

/// A key for each number, many of them many times, all in one block; the note-offs follow in the next one.
#[test]
fn ten_thousand_note_ons_in_a_block_leave_no_note_behind() {
    const STORM: Frame = 300_032;
    const LATER: Ticks = Ticks(7 * Metre::COMMON.bar().0);
    let mut jam = score(steady(48_000.0), 12);
    // After the storm the player goes on.
    let later: Vec<Note> = phrase().iter().map(|note| Note { onset: note.onset + LATER, ..*note }).collect();
    jam.play(&later, Ticks(2));
    for thru in ["Off", "On"] {
        let mut host = instance(&[("Thru", thru), ("Answer length", "2")]);
        let played = meddled(&mut host, &jam, |block, events| {
            for number in 0..10_000_u16 {
                if let Some(at) = offset(STORM, &block) {
                    events.push(&NoteOnEvent::new(at + u32::from(number) % 200, key(number % 128), 0.7));
                }
                if let Some(at) = offset(STORM + Frame::from(BLOCK), &block) {
                    events.push(&NoteOffEvent::new(at + u32::from(number) % 200, key(number % 128), 0.0));
                }
            }
        });
        // Of two strokes of one key on one frame the first has no length.
        let (heard, faults) = played.notes();
        let faults: Vec<&Fault> = faults.iter().filter(|fault| !matches!(fault, Fault::NoLength { .. })).collect();
        assert!(faults.is_empty(), "Thru {thru}: {} faults, the first {:?}", faults.len(), faults[0]);
        let after = jam.timeline.frame_of(LATER + Metre::COMMON.bar()).expect("the transport runs");
        assert!(heard.iter().any(|note| note.on > after), "Thru {thru}: the phrase after it is answered");
    }
}

/// The notes that Segue plays when a key is struck twice; the first note-off may be left out.
fn struck_twice(thru: &str, with_off: bool) -> Vec<Sounded> {
    let mut jam = score(steady(48_000.0), 4);
    jam.strokes.clear();
    let mut host = instance(&[("Thru", thru)]);
    let played = meddled(&mut host, &jam, |block, events| {
        for (frame, number) in [(0, 62), (12_000, 66), (24_000, 66), (48_000, 69)] {
            if let Some(at) = offset(frame, &block) {
                events.push(&NoteOnEvent::new(at, key(number), 0.7));
            }
        }
        let ends = [(11_000, 62), (47_000, 66), (60_000, 69)];
        let first_of_two = with_off.then_some((24_000, 66));
        for (frame, number) in ends.into_iter().chain(first_of_two) {
            if let Some(at) = offset(frame, &block) {
                // Before the note-on of the same frame.
                let mut sorted = EventBuffer::new();
                sorted.push(&NoteOffEvent::new(at, key(number), 0.0));
                for event in &*events {
                    sorted.push(event);
                }
                std::mem::swap(events, &mut sorted);
            }
        }
    });
    sound(&played)
}

/// A key that is struck again without a note-off ends its first note there: what is heard and what is played on are the
/// same as with the note-off.
#[test]
fn a_key_struck_twice_is_two_notes() {
    for thru in ["Off", "On"] {
        let wanted = struck_twice(thru, true);
        assert!(!wanted.is_empty());
        assert_eq!(struck_twice(thru, false), wanted, "Thru {thru}");
    }
}

/// Events that Segue has no use for change nothing, whatever is in them.
#[test]
fn events_of_other_interfaces_change_no_note() {
    let jam = score(steady(48_000.0), 4);
    let wanted = notes(&[("Thru", "On")], &jam, Blocks::Of(BLOCK));
    let mut host = instance(&[("Thru", "On")]);
    let played = meddled(&mut host, &jam, |block, events| {
        let block_number = u32::try_from(block.start).expect("a short jam");
        for time in [0, 100, 255] {
            // A note-on of MIDI 2: message type 4, status 9.
            events.push(&Midi2Event::new(time, 0, [0x4090_3C00, 0xFFFF_0000, block_number, u32::MAX]));
            events.push(&Midi2Event::new(time, 99, [u32::MAX; 4]));
            events.push(&NoteExpressionEvent::new(time, key(62), NoteExpressionType::Tuning, 0.5));
            events.push(&NoteExpressionEvent::new(time, Pckn::match_all(), NoteExpressionType::Pressure, f64::NAN));
            for (space, kind) in [(0, 13), (0, 77), (0, u16::MAX), (1, 0), (777, 0), (u16::MAX, u16::MAX)] {
                StrangeEvent::new(time, space, kind).push_to(events);
            }
        }
    });
    assert_eq!(sound(&played), wanted);
}

/// A transport that stops, and stops again, in the same block and in the next ones, ends every note once, and the next
/// start plays.
#[test]
fn a_transport_that_stops_twice_ends_every_note_once() {
    const STOP: Frame = 140_000;
    const START: Frame = 200_000;
    for mode in ["Answer", "Trade", "Duet"] {
        let mut timeline = steady(48_000.0);
        timeline.playing(STOP, false).playing(START, true);
        let mut jam = score(timeline, 8);
        jam.press(62, 210_000, 220_000).press(66, 222_000, 232_000);
        let mut host = instance(&[("Mode", mode), ("Trade", "1 bar"), ("Comping", "On")]);
        let stopped = jam.timeline.event(STOP);
        let played = meddled(&mut host, &jam, |block, events| {
            let is_after_the_stop = (STOP..STOP + 1_000).contains(&block.start);
            for time in
                [0, 1, 50].into_iter().filter(|time| is_after_the_stop && Frame::from(*time) < block.end - block.start)
            {
                let mut again = stopped;
                again.header.set_time(time);
                events.push(&again);
            }
        });
        let heard = sound(&played);
        assert!(heard.iter().any(|note| note.on < STOP) && heard.iter().any(|note| note.on > START), "{mode}");
        assert!(
            heard.iter().all(|note| !(note.on < STOP && note.off > STOP)),
            "{mode}: what sounds ends with the stop"
        );
    }
}
