//! MIDI in and out: channels, pedals, and notes that return through a routing loop.

use crate::support::{ALL_BLOCKS, EIGHTH, notes, onsets, performance, score, sound, steady};
use segue_tests::blocks::Blocks;
use segue_tests::performance::{Performance, Sent, Sounded};
use segue_tests::score::{Score, Stroke};
use segue_tests::timeline::Frame;

const BLOCKS: Blocks = Blocks::Of(256);
const CONTROL: u8 = 0xB0;
const BEND: u8 = 0xE0;
const SUSTAIN: u8 = 64;
const ALL_SOUND_OFF: u8 = 120;
const ALL_NOTES_OFF: u8 = 123;

/// The messages that left the plugin besides notes.
fn messages(performance: &Performance) -> Vec<(Frame, [u8; 3])> {
    let message = |event: &segue_tests::performance::TimedEvent| match event.sent {
        Sent::Midi(message) => Some((event.at, message)),
        _ => None,
    };
    performance.events.iter().filter_map(message).collect()
}

/// Segue hears the channel that is chosen for input and plays on the one that is chosen for output.
#[test]
fn segue_hears_and_plays_on_the_chosen_channels() {
    let score = score(steady(48_000.0), 4);
    let plain = notes(&[], &score, BLOCKS);
    let on_five = notes(&[("Output channel", "5")], &score, BLOCKS);
    let moved: Vec<Sounded> = plain.iter().map(|note| Sounded { channel: 4, ..*note }).collect();
    assert_eq!(on_five, moved);
    let mut on_another_channel = score.clone();
    on_another_channel.strokes.iter_mut().for_each(|stroke| stroke.channel = 2);
    assert_eq!(notes(&[("Input channel", "3")], &on_another_channel, BLOCKS), plain);
    assert_eq!(notes(&[("Input channel", "3")], &score, BLOCKS), []);
}

/// With *Thru*, pedals and bends pass through, and none stays away from rest afterwards.
#[test]
fn thru_passes_pedals_and_bends_and_leaves_none_behind() {
    let mut score = score(steady(48_000.0), 1);
    let played = [(6_000, [CONTROL, SUSTAIN, 127]), (7_000, [BEND, 0, 80]), (80_000, [CONTROL, SUSTAIN, 0])];
    score.messages = played.to_vec();
    for blocks in ALL_BLOCKS {
        assert_eq!(messages(&performance(&[], &score, blocks)), [], "{blocks:?}");
        assert_eq!(messages(&performance(&[("Thru", "On")], &score, blocks)), played, "{blocks:?}");
    }
    score.turn("Thru", 40_000, "Off");
    let left = messages(&performance(&[("Thru", "On")], &score, BLOCKS));
    assert_eq!(left, [played[0], played[1], (40_000, [CONTROL, SUSTAIN, 0]), (40_000, [BEND, 0, 64])]);
}

/// All-notes-off gives the turn to Segue, and all-sound-off silences everything on its frame.
#[test]
fn all_notes_off_yields_the_turn_and_all_sound_off_silences() {
    let mut held = score(steady(48_000.0), 6);
    // A key that is never released.
    held.press(50, 90_000, 10_000_000);
    assert_eq!(notes(&[], &held, BLOCKS), []);
    held.messages.push((100_000, [CONTROL, ALL_NOTES_OFF, 0]));
    assert!(!notes(&[], &held, BLOCKS).is_empty(), "no key is down any more");

    let mut score = score(steady(48_000.0), 6);
    let plain = notes(&[], &score, BLOCKS);
    let sounding = plain.get(3).expect("an answer of some notes");
    let off = sounding.on.midpoint(sounding.off);
    score.messages.push((off, [CONTROL, ALL_SOUND_OFF, 0]));
    for blocks in ALL_BLOCKS {
        let answer = notes(&[], &score, blocks);
        assert_eq!(answer.len(), 4, "{blocks:?}");
        assert_eq!(answer.last().map(|note| note.off), Some(off), "{blocks:?}");
    }
}

/// The pedal lengthens the notes for the style Piano only, and does not keep the turn.
#[test]
fn the_pedal_lengthens_notes_and_does_not_keep_the_turn() {
    let without = score(steady(48_000.0), 4);
    let mut with = without.clone();
    with.messages = vec![(50_000, [CONTROL, SUSTAIN, 127]), (150_000, [CONTROL, SUSTAIN, 0])];
    for style in ["Irish", "Jazz", "Piano"] {
        let [plain, pedalled] = [&without, &with].map(|score| notes(&[("Style", style)], score, BLOCKS));
        assert_eq!(onsets(&pedalled).first(), onsets(&plain).first(), "{style}");
        // With the pedal its notes are longer than the keys are held. Only Piano, trained on pianists, uses that; the
        // other styles, trained on fiddles and horns, do not.
        assert_eq!(pedalled != plain, style == "Piano", "{style}");
    }
}

/// A keyboard that gives each key a channel of its own (MPE) sends its pedal on the first channel, for all keys: the
/// built-in sound rings on exactly as with a pedal on the key's own channel.
#[test]
fn the_pedal_of_a_master_channel_is_heard_on_all() {
    let ringing = |pedal: u8, channel: u8| {
        let mut score = Score::silence(steady(48_000.0), 96_000);
        score.press(60, 4_800, 24_000);
        score.strokes[0].channel = channel;
        score.messages = vec![(0, [CONTROL | pedal, SUSTAIN, 127]), (72_000, [CONTROL | pedal, SUSTAIN, 0])];
        let audio = performance(&[("Response gap", "2000")], &score, BLOCKS).audio;
        audio[0][48_000..60_000].iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()))
    };
    let (own, master, another) = (ringing(3, 3), ringing(0, 3), ringing(5, 3));
    assert!(own > 1e-3 && master > 0.9 * own && another < 0.01 * own, "{own} {master} {another}");
}

/// The score, with Segue's notes coming in again after this many frames.
fn looped(score: &Score, played: &[Sounded], after: Frame) -> Score {
    let mut looped = score.clone();
    looped.strokes.extend(played.iter().map(|note| Stroke {
        down: note.on + after,
        up: note.off + after,
        pitch: note.pitch,
        velocity: note.velocity,
        channel: 0,
    }));
    looped
}

/// Segue's own notes that come back through a routing loop change nothing.
#[test]
fn segues_own_notes_from_a_routing_loop_change_nothing() {
    let score = score(steady(48_000.0), 6);
    // With *Thru* on, the player's notes are among those that return.
    for thru in ["Off", "On"] {
        let settings = [("Thru", thru)];
        let played = notes(&settings, &score, BLOCKS);
        assert!(played.len() > 8);
        // A host delivers the notes of a block when the block is over, so none can return within it.
        for (block, after) in [(1, 1), (64, 64), (256, 256), (256, 1_024), (256, 4_096)] {
            let back = notes(&settings, &looped(&score, &played, after), Blocks::Of(block));
            assert_eq!(back, played, "back after {after} frames, in blocks of {block}");
        }
    }
}

#[test]
fn what_is_not_what_segue_played_is_heard() {
    let score = score(steady(48_000.0), 6);
    let played = notes(&[], &score, BLOCKS);
    let note = played.get(5).expect("an answer of some notes");
    let came_back = &played[..=5];
    let lower = note.pitch.transposed(-12).expect("an octave lower");
    let strangers =
        [Sounded { pitch: lower, ..*note }, Sounded { velocity: segue_model::note::Velocity::nearest(20.0), ..*note }];
    for stranger in strangers {
        let mut score = looped(&score, came_back, 64);
        score.strokes.pop();
        score = looped(&score, &[stranger], 64);
        let answer = sound(&performance(&[], &score, BLOCKS));
        let until = note.on + 64 + Frame::try_from(EIGHTH.0).unwrap_or(0);
        assert!(
            answer.iter().all(|other| other.on <= note.on + 64 || other.on > until),
            "Segue gives way to {stranger:?}"
        );
        assert_ne!(answer, played);
    }
}
