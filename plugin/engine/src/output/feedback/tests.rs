use super::*;
use crate::host::ChannelMessage;
use segue_model::note::Pitch;

fn key(pitch: u8) -> Key {
    Key { voice: None, channel: 0, pitch: Pitch::new(pitch).unwrap() }
}

fn press(pitch: u8) -> HostEvent {
    HostEvent::NoteOn { key: key(pitch), velocity: 64.0 / 127.0 }
}

fn lift(pitch: u8) -> HostEvent {
    HostEvent::NoteOff { keys: key(pitch).into(), velocity: 0.0 }
}

/// An empty filter; a thousand frames are a second.
fn empty() -> FeedbackFilter {
    let mut filter = FeedbackFilter::default();
    filter.begin_block(FramePosition(0), 1_000.0);
    filter
}

/// A note of the player's is passed through.
fn pass(filter: &mut FeedbackFilter, begun: i64) {
    filter.note_begun(FramePosition(begun), key(60), 64.0 / 127.0, NoteSource::Player);
}

/// A block begins.
fn block(filter: &mut FeedbackFilter, at: i64) {
    filter.begin_block(FramePosition(at), 1_000.0);
}

/// Whether a note-off is taken for ours while the player holds its key.
fn is_taken_from_the_finger(filter: &mut FeedbackFilter, at: i64) -> bool {
    filter.take(FramePosition(at), &lift(60), true)
}

/// Segue plays a note with a velocity that seven bits cannot express.
fn play(filter: &mut FeedbackFilter, pitch: u8, begun: i64) {
    filter.note_begun(FramePosition(begun), key(pitch), 0.505, NoteSource::Segue);
}

fn ours(filter: &mut FeedbackFilter, at: i64, event: HostEvent) -> bool {
    filter.take(FramePosition(at), &event, false)
}

#[test]
fn a_returned_note_is_ours_once_and_so_is_its_note_off() {
    let mut filter = empty();
    play(&mut filter, 60, 0);
    assert!(ours(&mut filter, 20, press(60)));
    assert!(!ours(&mut filter, 21, press(60)), "the second is the player's");
    assert!(!ours(&mut filter, 90, lift(60)), "ours still sounds, so this is the player's");
    filter.note_ended(FramePosition(500), key(60));
    block(&mut filter, 510);
    assert!(ours(&mut filter, 520, lift(60)));
    assert!(!ours(&mut filter, 521, lift(60)));
}

#[test]
fn what_differs_or_comes_too_late_is_the_players() {
    let mut filter = empty();
    play(&mut filter, 60, 0);
    let harder = HostEvent::NoteOn { key: key(60), velocity: 70.0 / 127.0 };
    let elsewhere = HostEvent::NoteOn { key: Key { channel: 1, ..key(60) }, velocity: 0.505 };
    for event in [press(61), harder, elsewhere] {
        assert!(!ours(&mut filter, 20, event), "{event:?}");
    }
    assert!(!ours(&mut filter, 201, press(60)));
    filter.note_ended(FramePosition(300), key(60));
    assert!(!ours(&mut filter, 301, lift(60)), "the note did not come back, so its note-off does not either");
}

/// A note-off and a control return within the window too, or they are the player's.
#[test]
fn a_late_note_off_and_a_late_control_are_the_players() {
    let pedal = ChannelMessage::Controller { channel: 0, number: 64, value: 1.0 };
    for (late, is_ours) in [(240, true), (260, false)] {
        let mut filter = empty();
        play(&mut filter, 60, 0);
        assert!(ours(&mut filter, 20, press(60)), "from now on a loop is known");
        filter.note_ended(FramePosition(50), key(60));
        filter.passed(FramePosition(50), Message::Control(pedal));
        block(&mut filter, 230);
        assert_eq!(ours(&mut filter, late, lift(60)), is_ours, "{late}");
        assert_eq!(ours(&mut filter, late, HostEvent::Control(pedal)), is_ours, "{late}");
    }
}

#[test]
fn a_second_match_after_lost_notes_tells_of_a_loop() {
    let mut filter = empty();
    for index in 0..8 {
        play(&mut filter, 50, index * 300);
        filter.note_ended(FramePosition(index * 300 + 100), key(50));
    }
    play(&mut filter, 60, 3_000);
    assert!(!ours(&mut filter, 3_010, press(60)));
    filter.note_ended(FramePosition(3_100), key(60));
    assert!(!ours(&mut filter, 3_110, lift(60)), "a note-off of the player's ends the player's note");
    play(&mut filter, 62, 3_200);
    assert!(ours(&mut filter, 3_210, press(62)));
}

#[test]
fn a_passed_note_returns_while_its_key_is_down() {
    let mut filter = empty();
    pass(&mut filter, 0);
    filter.note_ended(FramePosition(50), key(60));
    assert!(!filter.take(FramePosition(100), &press(60), false), "the player strikes the key again");
    pass(&mut filter, 100);
    assert!(filter.take(FramePosition(120), &press(60), true), "a player cannot strike a key that is down");
    pass(&mut filter, 130);
    assert!(filter.take(FramePosition(140), &press(60), false), "from now on the loop is known");
}

#[test]
fn a_punctual_note_is_ours_and_a_repeated_one_is_not() {
    // Blocks begin at 100 and 150.
    let back_at = |at| {
        let mut filter = empty();
        block(&mut filter, 100);
        pass(&mut filter, 103);
        filter.note_ended(FramePosition(120), key(60));
        block(&mut filter, 150);
        let is_back = ours(&mut filter, at, press(60));
        assert_eq!(ours(&mut filter, at + 17, lift(60)), is_back, "and so is its end");
        is_back
    };
    assert!(back_at(150), "at the block's first frame");
    assert!(back_at(153), "at the same offset in the block");
    assert!(!back_at(151) && !back_at(154), "the player may be this fast");
}

#[test]
fn a_block_in_pieces_is_one_block_for_punctuality() {
    let mut filter = empty();
    block(&mut filter, 100);
    pass(&mut filter, 103);
    filter.note_ended(FramePosition(104), key(60));
    block(&mut filter, 100);
    assert!(!ours(&mut filter, 105, press(60)), "the block still runs");
    block(&mut filter, 150);
    block(&mut filter, 200);
    assert!(!ours(&mut filter, 200, press(60)) && !ours(&mut filter, 203, press(60)), "one block too late");
}

#[test]
fn a_punctual_note_off_is_told_from_the_players() {
    for (back, lifted, is_end) in [(50, 100, true), (50, 130, true), (50, 103, false), (51, 103, false)] {
        let mut filter = empty();
        pass(&mut filter, 0);
        block(&mut filter, 50);
        assert!(filter.take(FramePosition(back), &press(60), true));
        filter.note_ended(FramePosition(80), key(60));
        pass(&mut filter, 80);
        block(&mut filter, 100);
        assert_eq!(is_taken_from_the_finger(&mut filter, lifted), is_end, "back at {back}, lifted at {lifted}");
    }
}

/// A filter to which Segue's notes came back after these numbers of frames, none of which is the length of a block.
fn come_back_after(ways: [i64; 3]) -> FeedbackFilter {
    let mut filter = empty();
    for (at, way) in (0..).step_by(100).zip(ways) {
        block(&mut filter, at);
        play(&mut filter, 50, at);
        block(&mut filter, at + 59);
        assert!(ours(&mut filter, at + way, press(50)));
        filter.note_ended(FramePosition(at + 70), key(50));
    }
    filter
}

#[test]
fn a_constant_round_trip_protects_quick_note_offs() {
    for (ways, is_known) in [([60; 3], true), ([60, 61, 62], false)] {
        let mut filter = come_back_after(ways);
        pass(&mut filter, 1_000);
        block(&mut filter, 1_059);
        assert!(ours(&mut filter, 1_060, press(60)));
        filter.note_ended(FramePosition(1_100), key(60));
        pass(&mut filter, 1_100);
        block(&mut filter, 1_120);
        let [finger, end] = [1_130, 1_160].map(|at| is_taken_from_the_finger(&mut filter, at));
        assert_eq!((finger, end), (!is_known, is_known), "after {ways:?}");
    }
}

#[test]
fn a_changed_round_trip_costs_a_single_note() {
    let mut filter = come_back_after([60; 3]);
    let come_back = [1_000, 1_300, 1_600].map(|at| {
        block(&mut filter, at);
        play(&mut filter, 50, at);
        block(&mut filter, at + 79);
        ours(&mut filter, at + 80, press(50))
    });
    assert_eq!(come_back, [false, true, true]);
}

#[test]
fn a_note_from_before_a_reset_may_end_punctually() {
    for (at, is_end) in [(50, true), (51, false)] {
        let mut filter = empty();
        filter.note_sounds(key(60));
        filter.note_ended(FramePosition(0), key(60));
        block(&mut filter, 50);
        assert_eq!(is_taken_from_the_finger(&mut filter, at), is_end, "at {at}");
        assert!(!is_taken_from_the_finger(&mut filter, at), "and this is the player's");
    }
}

#[test]
fn a_note_off_is_the_players_until_a_loop_is_sure() {
    let mut filter = empty();
    pass(&mut filter, 0);
    assert!(
        filter.take(FramePosition(20), &press(60), true),
        "a key that is down is struck as hard again: perhaps a loop"
    );
    // The key is struck again without a note-off, which ends the note before.
    filter.note_ended(FramePosition(50), key(60));
    pass(&mut filter, 50);
    assert!(!is_taken_from_the_finger(&mut filter, 53), "the first stroke may have been the player's too");
    filter.note_ended(FramePosition(53), key(60));
    block(&mut filter, 60);
    assert!(!ours(&mut filter, 70, lift(60)), "it applies to no key");
    assert!(ours(&mut filter, 70, press(60)));
    assert!(ours(&mut filter, 73, lift(60)), "a note-off arrives for a key that nobody holds");
    pass(&mut filter, 100);
    block(&mut filter, 110);
    assert!(ours(&mut filter, 120, press(60)));
    filter.note_ended(FramePosition(130), key(60));
    pass(&mut filter, 130);
    block(&mut filter, 140);
    assert!(
        is_taken_from_the_finger(&mut filter, 150),
        "the end of the note before, while the player still holds the key"
    );
    assert!(!is_taken_from_the_finger(&mut filter, 150), "and this is the player's");
}

#[test]
fn segues_note_off_does_not_release_the_players_key() {
    let mut filter = empty();
    play(&mut filter, 60, 0);
    assert!(ours(&mut filter, 20, press(60)));
    filter.note_ended(FramePosition(100), key(60));
    pass(&mut filter, 100);
    block(&mut filter, 110);
    assert!(is_taken_from_the_finger(&mut filter, 120));
    assert!(!is_taken_from_the_finger(&mut filter, 130));
}

#[test]
fn nothing_returns_in_the_block_in_which_it_was_sent() {
    let mut filter = empty();
    play(&mut filter, 60, 0);
    assert!(ours(&mut filter, 20, press(60)));
    block(&mut filter, 100);
    filter.note_ended(FramePosition(103), key(60));
    pass(&mut filter, 103);
    assert!(!is_taken_from_the_finger(&mut filter, 105), "the player may be this fast");
    assert!(!ours(&mut filter, 106, press(60)));
    let bend = ChannelMessage::Bend { channel: 0, value: 0.7 };
    filter.passed(FramePosition(107), Message::Control(bend));
    assert!(!ours(&mut filter, 108, HostEvent::Control(bend)));
    block(&mut filter, 110);
    assert!(ours(&mut filter, 110, lift(60)) && ours(&mut filter, 110, press(60)));
    assert!(ours(&mut filter, 110, HostEvent::Control(bend)));
}

#[test]
fn a_late_loop_is_known_by_its_second_note() {
    let mut filter = empty();
    for index in 0..8 {
        play(&mut filter, 50, index * 300);
    }
    pass(&mut filter, 3_000);
    assert!(!filter.take(FramePosition(3_010), &press(60), true), "no loop is known, so it is the player's");
    // That ends the note and begins another.
    filter.note_ended(FramePosition(3_010), key(60));
    pass(&mut filter, 3_010);
    assert!(!filter.take(FramePosition(3_020), &lift(60), true));
    filter.note_ended(FramePosition(3_020), key(60));
    assert!(
        filter.take(FramePosition(3_020), &press(60), false),
        "the key is up by now, so the note stops going round"
    );
    assert!(ours(&mut filter, 3_030, lift(60)));
}

#[test]
fn controls_are_ours_only_in_a_known_loop() {
    let mut filter = empty();
    let bend = ChannelMessage::Bend { channel: 0, value: 0.7 };
    let pass = |filter: &mut FeedbackFilter| filter.passed(FramePosition(0), Message::Control(bend));
    pass(&mut filter);
    assert!(!ours(&mut filter, 9, HostEvent::Control(bend)));
    filter.passed(FramePosition(9), Message::Control(bend));
    play(&mut filter, 60, 0);
    block(&mut filter, 10);
    assert!(ours(&mut filter, 10, press(60)));
    assert!(ours(&mut filter, 20, HostEvent::Control(bend)));
    assert!(!ours(&mut filter, 21, HostEvent::Control(bend)), "each once");
}

#[test]
fn a_control_goes_round_only_a_few_times() {
    let controller = |number| ChannelMessage::Controller { channel: 0, number, value: 0.0 };
    for (message, rounds) in [(controller(123), 2), (controller(64), 2), (controller(20), 50)] {
        let mut filter = empty();
        filter.passed(FramePosition(0), Message::Control(message));
        let mut at = 0;
        while !ours(&mut filter, at + 10, HostEvent::Control(message)) && at < 500 {
            at += 10;
            filter.passed(FramePosition(at), Message::Control(message));
        }
        assert_eq!(at, 10 * rounds, "{message:?}");
        assert!(!ours(&mut filter, at + 400, HostEvent::Control(message)), "later it is the player's");
    }
}

#[test]
fn the_lists_never_overflow() {
    let mut filter = empty();
    for at in 0..500 {
        play(&mut filter, 60, at / 4);
        filter.passed(FramePosition(at), Message::Control(ChannelMessage::Program { channel: 0, number: 1 }));
    }
}
