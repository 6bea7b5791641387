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

/// Remembers nothing; a thousand frames are a second.
fn blank() -> FeedbackFilter {
    let mut returns = FeedbackFilter::default();
    returns.listen(FramePosition(0), 1_000.0);
    returns
}

/// A note of the player's is passed on.
fn pass(returns: &mut FeedbackFilter, begun: i64) {
    returns.note_begun(FramePosition(begun), key(60), 64.0 / 127.0, NoteSource::Player);
}

/// A block begins here.
fn block(returns: &mut FeedbackFilter, at: i64) {
    returns.listen(FramePosition(at), 1_000.0);
}

/// Whether a release is ours while a finger is on its key.
fn is_taken_from_the_finger(returns: &mut FeedbackFilter, at: i64) -> bool {
    returns.take(FramePosition(at), &lift(60), true)
}

/// Segue plays a note with a finer velocity than seven bits have.
fn play(returns: &mut FeedbackFilter, pitch: u8, begun: i64) {
    returns.note_begun(FramePosition(begun), key(pitch), 0.505, NoteSource::Segue);
}

fn ours(returns: &mut FeedbackFilter, at: i64, event: HostEvent) -> bool {
    returns.take(FramePosition(at), &event, false)
}

#[test]
fn a_note_that_comes_back_is_ours_once_and_so_is_its_release() {
    let mut returns = blank();
    play(&mut returns, 60, 0);
    assert!(ours(&mut returns, 20, press(60)));
    assert!(!ours(&mut returns, 21, press(60)), "the second is the player's");
    assert!(!ours(&mut returns, 90, lift(60)), "ours still sounds, so this is the player's");
    returns.note_ended(FramePosition(500), key(60));
    block(&mut returns, 510);
    assert!(ours(&mut returns, 520, lift(60)));
    assert!(!ours(&mut returns, 521, lift(60)));
}

#[test]
fn what_differs_or_comes_too_late_is_the_players() {
    let mut returns = blank();
    play(&mut returns, 60, 0);
    let harder = HostEvent::NoteOn { key: key(60), velocity: 70.0 / 127.0 };
    let elsewhere = HostEvent::NoteOn { key: Key { channel: 1, ..key(60) }, velocity: 0.505 };
    for event in [press(61), harder, elsewhere] {
        assert!(!ours(&mut returns, 20, event), "{event:?}");
    }
    assert!(!ours(&mut returns, 201, press(60)));
    returns.note_ended(FramePosition(300), key(60));
    assert!(!ours(&mut returns, 301, lift(60)), "a note that never came back has no release that does");
}

#[test]
fn where_nothing_comes_back_a_likeness_is_the_players_and_a_second_tells_of_a_loop() {
    let mut returns = blank();
    for index in 0..8 {
        play(&mut returns, 50, index * 300);
        returns.note_ended(FramePosition(index * 300 + 100), key(50));
    }
    play(&mut returns, 60, 3_000);
    assert!(!ours(&mut returns, 3_010, press(60)));
    returns.note_ended(FramePosition(3_100), key(60));
    assert!(!ours(&mut returns, 3_110, lift(60)), "the player's note has the player's release");
    play(&mut returns, 62, 3_200);
    assert!(ours(&mut returns, 3_210, press(62)));
}

#[test]
fn a_note_passed_on_comes_back_while_its_key_is_down_and_a_repeated_note_does_not() {
    let mut returns = blank();
    pass(&mut returns, 0);
    returns.note_ended(FramePosition(50), key(60));
    assert!(!returns.take(FramePosition(100), &press(60), false), "the player strikes the key again");
    pass(&mut returns, 100);
    assert!(returns.take(FramePosition(120), &press(60), true), "no finger strikes a key that is down");
    pass(&mut returns, 130);
    assert!(returns.take(FramePosition(140), &press(60), false), "from now on the loop is known");
}

#[test]
fn a_short_note_is_known_when_it_comes_back_as_a_host_brings_it_and_not_when_it_is_struck_again() {
    // Blocks begin at 100 and 150.
    let back_at = |at| {
        let mut returns = blank();
        block(&mut returns, 100);
        pass(&mut returns, 103);
        returns.note_ended(FramePosition(120), key(60));
        block(&mut returns, 150);
        let is_back = ours(&mut returns, at, press(60));
        assert_eq!(ours(&mut returns, at + 17, lift(60)), is_back, "and so is its end");
        is_back
    };
    assert!(back_at(150), "at the block's first frame");
    assert!(back_at(153), "as far into it as it was");
    assert!(!back_at(151) && !back_at(154), "a finger may be quick");
}

#[test]
fn what_left_in_a_block_that_came_in_pieces_is_punctual_once_the_next_begins_and_never_later() {
    let mut returns = blank();
    block(&mut returns, 100);
    pass(&mut returns, 103);
    returns.note_ended(FramePosition(104), key(60));
    block(&mut returns, 100);
    assert!(!ours(&mut returns, 105, press(60)), "the block still runs");
    block(&mut returns, 150);
    block(&mut returns, 200);
    assert!(!ours(&mut returns, 200, press(60)) && !ours(&mut returns, 203, press(60)), "one block too late");
}

#[test]
fn where_a_note_has_come_back_to_its_own_key_the_end_of_the_next_is_told_from_the_finger_by_its_moment() {
    for (back, lifted, is_end) in [(50, 100, true), (50, 130, true), (50, 103, false), (51, 103, false)] {
        let mut returns = blank();
        pass(&mut returns, 0);
        block(&mut returns, 50);
        assert!(returns.take(FramePosition(back), &press(60), true));
        returns.note_ended(FramePosition(80), key(60));
        pass(&mut returns, 80);
        block(&mut returns, 100);
        assert_eq!(is_taken_from_the_finger(&mut returns, lifted), is_end, "back at {back}, lifted at {lifted}");
    }
}

/// Notes of Segue's come back after so many frames, which no block is long.
fn come_back_after(ways: [i64; 3]) -> FeedbackFilter {
    let mut returns = blank();
    for (at, way) in (0..).step_by(100).zip(ways) {
        block(&mut returns, at);
        play(&mut returns, 50, at);
        block(&mut returns, at + 59);
        assert!(ours(&mut returns, at + way, press(50)));
        returns.note_ended(FramePosition(at + 70), key(50));
    }
    returns
}

#[test]
fn where_all_comes_back_after_the_same_time_a_quick_finger_is_not_taken_for_the_end_of_the_note_before() {
    for (ways, is_known) in [([60; 3], true), ([60, 61, 62], false)] {
        let mut returns = come_back_after(ways);
        pass(&mut returns, 1_000);
        block(&mut returns, 1_059);
        assert!(ours(&mut returns, 1_060, press(60)));
        returns.note_ended(FramePosition(1_100), key(60));
        pass(&mut returns, 1_100);
        block(&mut returns, 1_120);
        let [finger, end] = [1_130, 1_160].map(|at| is_taken_from_the_finger(&mut returns, at));
        assert_eq!((finger, end), (!is_known, is_known), "after {ways:?}");
    }
}

#[test]
fn where_the_way_becomes_another_one_a_single_note_is_taken_for_the_players() {
    let mut returns = come_back_after([60; 3]);
    let come_back = [1_000, 1_300, 1_600].map(|at| {
        block(&mut returns, at);
        play(&mut returns, 50, at);
        block(&mut returns, at + 79);
        ours(&mut returns, at + 80, press(50))
    });
    assert_eq!(come_back, [false, true, true]);
}

#[test]
fn the_end_of_a_note_from_before_an_activation_does_not_lift_the_finger_either() {
    for (at, is_end) in [(50, true), (51, false)] {
        let mut returns = blank();
        returns.note_sounds(key(60));
        returns.note_ended(FramePosition(0), key(60));
        block(&mut returns, 50);
        assert_eq!(is_taken_from_the_finger(&mut returns, at), is_end, "at {at}");
        assert!(!is_taken_from_the_finger(&mut returns, at), "and this is the finger");
    }
}

#[test]
fn a_finger_that_goes_up_is_believed_until_a_loop_is_sure() {
    let mut returns = blank();
    pass(&mut returns, 0);
    assert!(returns.take(FramePosition(20), &press(60), true), "a key that is down is struck alike: perhaps a loop");
    // Struck again without a release, which ends the note before.
    returns.note_ended(FramePosition(50), key(60));
    pass(&mut returns, 50);
    assert!(!is_taken_from_the_finger(&mut returns, 53), "it may have been another finger all along");
    returns.note_ended(FramePosition(53), key(60));
    block(&mut returns, 60);
    assert!(!ours(&mut returns, 70, lift(60)), "which lifts nothing");
    assert!(ours(&mut returns, 70, press(60)));
    assert!(ours(&mut returns, 73, lift(60)), "an end comes to a key that nobody holds");
    pass(&mut returns, 100);
    block(&mut returns, 110);
    assert!(ours(&mut returns, 120, press(60)));
    returns.note_ended(FramePosition(130), key(60));
    pass(&mut returns, 130);
    block(&mut returns, 140);
    assert!(is_taken_from_the_finger(&mut returns, 150), "the end of the note before: the finger is still down");
    assert!(!is_taken_from_the_finger(&mut returns, 150), "and this is the finger");
}

#[test]
fn the_end_of_segues_note_does_not_lift_the_finger_that_took_its_key() {
    let mut returns = blank();
    play(&mut returns, 60, 0);
    assert!(ours(&mut returns, 20, press(60)));
    returns.note_ended(FramePosition(100), key(60));
    pass(&mut returns, 100);
    block(&mut returns, 110);
    assert!(is_taken_from_the_finger(&mut returns, 120));
    assert!(!is_taken_from_the_finger(&mut returns, 130));
}

#[test]
fn in_a_loop_that_is_sure_nothing_comes_back_in_the_block_in_which_it_left() {
    let mut returns = blank();
    play(&mut returns, 60, 0);
    assert!(ours(&mut returns, 20, press(60)));
    block(&mut returns, 100);
    returns.note_ended(FramePosition(103), key(60));
    pass(&mut returns, 103);
    assert!(!is_taken_from_the_finger(&mut returns, 105), "a finger may be quick");
    assert!(!ours(&mut returns, 106, press(60)));
    let bend = ChannelMessage::Bend { channel: 0, value: 0.7 };
    returns.passed(FramePosition(107), Message::Control(bend));
    assert!(!ours(&mut returns, 108, HostEvent::Control(bend)));
    block(&mut returns, 110);
    assert!(ours(&mut returns, 110, lift(60)) && ours(&mut returns, 110, press(60)));
    assert!(ours(&mut returns, 110, HostEvent::Control(bend)));
}

#[test]
fn a_loop_that_is_closed_late_is_known_by_its_second_note_also_when_an_end_comes_back_before_it() {
    let mut returns = blank();
    for index in 0..8 {
        play(&mut returns, 50, index * 300);
    }
    pass(&mut returns, 3_000);
    assert!(!returns.take(FramePosition(3_010), &press(60), true), "no loop was there, so it is the player's");
    // Which ends the note, and begins another.
    returns.note_ended(FramePosition(3_010), key(60));
    pass(&mut returns, 3_010);
    assert!(!returns.take(FramePosition(3_020), &lift(60), true));
    returns.note_ended(FramePosition(3_020), key(60));
    assert!(returns.take(FramePosition(3_020), &press(60), false), "the finger is up by now; it goes round no more");
    assert!(ours(&mut returns, 3_030, lift(60)));
}

#[test]
fn controls_are_ours_only_in_a_loop_that_is_known() {
    let mut returns = blank();
    let bend = ChannelMessage::Bend { channel: 0, value: 0.7 };
    let pass = |returns: &mut FeedbackFilter| returns.passed(FramePosition(0), Message::Control(bend));
    pass(&mut returns);
    assert!(!ours(&mut returns, 9, HostEvent::Control(bend)));
    returns.passed(FramePosition(9), Message::Control(bend));
    play(&mut returns, 60, 0);
    block(&mut returns, 10);
    assert!(ours(&mut returns, 10, press(60)));
    assert!(ours(&mut returns, 20, HostEvent::Control(bend)));
    assert!(!ours(&mut returns, 21, HostEvent::Control(bend)), "each once");
}

#[test]
fn a_control_goes_round_some_times_and_not_for_ever_and_a_knob_without_end_is_heard() {
    let controller = |number| ChannelMessage::Controller { channel: 0, number, value: 0.0 };
    for (message, rounds) in [(controller(123), 2), (controller(64), 2), (controller(20), 50)] {
        let mut returns = blank();
        returns.passed(FramePosition(0), Message::Control(message));
        let mut at = 0;
        while !ours(&mut returns, at + 10, HostEvent::Control(message)) && at < 500 {
            at += 10;
            returns.passed(FramePosition(at), Message::Control(message));
        }
        assert_eq!(at, 10 * rounds, "{message:?}");
        assert!(!ours(&mut returns, at + 400, HostEvent::Control(message)), "later it is the player's");
    }
}

#[test]
fn the_lists_never_overflow() {
    let mut returns = blank();
    for at in 0..500 {
        play(&mut returns, 60, at / 4);
        returns.passed(FramePosition(at), Message::Control(ChannelMessage::Program { channel: 0, number: 1 }));
    }
}
