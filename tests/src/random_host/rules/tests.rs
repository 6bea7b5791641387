//! Each rule finds what it is for, and nothing else.

use super::*;
use crate::blocks::Blocks;
use crate::performance::{Sent, TimedEvent};
use crate::random_host::param_map::tests::bare;
use crate::random_host::play::Second;
use crate::random_host::sequence::{Action, Return};
use crate::timeline::{Timeline, TransportReport};
use segue_model::note::Metre;

const SECOND: Frame = 48_000;
const C: Key = Key { channel: 0, key: 60 };

/// A minute at 120 bpm with these actions and settings, in a style on the grid.
fn sequence(actions: &[(Frame, Action)], settings: &[(Param, f64)]) -> Sequence {
    let param_map = bare();
    let usual = [
        (Param::Style, 3.0),
        (Param::Start, 2.0),
        (Param::Polyphony, 15.0),
        (Param::LongestNote, 1.0),
        (Param::Sends, 2.0),
    ];
    let settings = usual.iter().chain(settings).map(|(param, value)| (param_map.place(*param), *value)).collect();
    let mut timeline = Timeline::steady(48_000.0, 120.0, Metre::COMMON);
    timeline.jump(20 * SECOND, 4.0);
    let activation = Activation {
        timeline,
        report: TransportReport::Everything,
        mid_block: false,
        loops_back: None,
        blocks: Blocks::Of(512),
        offline: true,
        actions: actions.to_vec(),
        length: 60 * SECOND,
    };
    Sequence { seed: 0, settings, chart: "", activations: vec![activation] }
}

fn down(at: Frame) -> (Frame, Action) {
    (at, Action::NoteOn { channel: 0, key: 48, velocity: 0.5, id: None })
}

fn up(at: Frame) -> (Frame, Action) {
    (at, Action::NoteOff { channel: Some(0), key: Some(48), id: None, choke: false })
}

/// A phrase of one key that is released after one second.
const PHRASE: fn() -> [(Frame, Action); 2] = || [down(0), up(SECOND)];

fn on(at: Frame) -> TimedEvent {
    TimedEvent { at, sent: Sent::On { channel: 0, key: 60, velocity: 0.5 } }
}

fn off(at: Frame) -> TimedEvent {
    TimedEvent { at, sent: Sent::Off { channel: 0, key: 60 } }
}

fn found(actions: &[(Frame, Action)], settings: &[(Param, f64)], events: &[TimedEvent]) -> Vec<Rule> {
    let take = Take { events: events.to_vec(), ..Take::default() };
    let recording = Recording { takes: vec![take] };
    check(&sequence(actions, settings), &recording, &bare()).iter().map(|broken| broken.rule).collect()
}

#[test]
fn an_answer_on_its_ticks_after_the_player_breaks_no_rule() {
    let events = [on(72_000), off(80_000), on(84_000), off(90_000)];
    assert_eq!(found(&PHRASE(), &[], &events), []);
}

/// A lost note-off, a doubled note-on and a note-off without its note-on are found.
#[test]
fn unmatched_note_ons_and_note_offs_are_found() {
    assert!(found(&PHRASE(), &[], &[on(72_000)]).contains(&Rule::NeverEnds(C)));
    assert_eq!(found(&PHRASE(), &[], &[on(72_000), on(84_000), off(90_000)]), [Rule::OnTwice(C)]);
    assert_eq!(found(&PHRASE(), &[], &[off(72_000)]), [Rule::OffWithoutOn(C)]);
    assert_eq!(found(&PHRASE(), &[], &[on(72_000), off(72_000)]), [Rule::NoLength(C)]);
    assert_eq!(
        found(&PHRASE(), &[], &[on(84_000), off(90_000), on(72_000), off(91_000)]).first(),
        Some(&Rule::OutOfOrder)
    );
}

/// An onset at the edge of its block is found, and is accepted if time is free of the grid.
#[test]
fn an_onset_off_the_grid_is_found_unless_time_is_free() {
    let events = [on(72_003), off(80_000)];
    assert!(matches!(found(&PHRASE(), &[], &events)[..], [Rule::OffTheGrid { key: C, .. }]));
    assert_eq!(found(&PHRASE(), &[(Param::Start, 0.0)], &events), []);
    assert_eq!(found(&PHRASE(), &[(Param::Style, 4.0)], &events), []);
    assert_eq!(found(&PHRASE(), &[(Param::Render, 2.0)], &events), []);
}

/// A note that starts while the player holds a key is found, and is accepted over a drone.
#[test]
fn a_note_over_the_player_is_found_unless_it_is_a_drone() {
    let actions = [PHRASE().to_vec(), vec![down(80_000), up(SECOND * 3)]].concat();
    let stale = [on(84_000), off(90_000)];
    assert_eq!(found(&actions, &[], &stale), [Rule::OverThePlayer { key: C, held: Key { channel: 0, key: 48 } }]);
    assert_eq!(found(&actions, &[(Param::DroneBelow, 60.0)], &stale), []);
    assert_eq!(found(&actions, &[(Param::Mode, 2.0)], &stale), []);
    assert_eq!(found(&actions, &[], &[on(72_000), off(80_001)]), [Rule::DoesNotYield(C)]);
    assert_eq!(found(&actions, &[], &[on(72_000), off(80_000)]), []);
    assert_eq!(found(&actions, &[(Param::Yield, 1.0)], &[on(72_000), off(80_001)]), []);
}

/// A note-on that may be Segue's own note coming back does not surely take the turn.
#[test]
fn a_note_that_may_be_feedback_may_not_take_the_turn() {
    let struck = |at, velocity| {
        let again = (at, Action::NoteOn { channel: 0, key: 60, velocity, id: None });
        let actions = [PHRASE().to_vec(), vec![again]].concat();
        found(&actions, &[], &[on(72_000), off(90_000)])
    };
    assert_eq!(struck(80_000, 0.5), []);
    assert_eq!(struck(80_000, 0.7), [Rule::DoesNotYield(C)], "harder than Segue struck it");
    assert_eq!(struck(85_000, 0.5), [Rule::DoesNotYield(C)], "too long afterwards");
}

#[test]
fn what_sounds_over_a_jump_a_reset_or_a_release_is_seen() {
    let jump = 20 * SECOND;
    assert_eq!(found(&PHRASE(), &[], &[on(jump - 12_000), off(jump + 1)]), [Rule::OverABreak(C)]);
    assert_eq!(found(&PHRASE(), &[], &[on(jump - 12_000), off(jump)]), []);
    let reset = [PHRASE().to_vec(), vec![(80_000, Action::Reset)]].concat();
    assert_eq!(found(&reset, &[], &[on(72_000), off(80_001)]), [Rule::OverAReset(C)]);
    let player = |at, sent: fn(u16, u16) -> Sent| TimedEvent { at, sent: sent(0, 48) };
    let [begin, end]: [fn(u16, u16) -> Sent; 2] =
        [|channel, key| Sent::On { channel, key, velocity: 0.5 }, |channel, key| Sent::Off { channel, key }];
    let thru = [(Param::Thru, 1.0)];
    let key = Key { channel: 0, key: 48 };
    assert_eq!(found(&PHRASE(), &thru, &[player(0, begin), player(SECOND + 1, end)]), [Rule::OverARelease(key)]);
    assert_eq!(found(&PHRASE(), &thru, &[player(0, begin), player(SECOND, end)]), []);
    assert_eq!(found(&PHRASE(), &thru, &[player(0, begin), player(SECOND - 1, end)]), [Rule::CutShort(key)]);
    assert_eq!(found(&PHRASE(), &thru, &[]), [Rule::NotPassed(key)]);
    let hammered = [down(0), down(100), up(SECOND)];
    let passed = [player(0, begin), player(100, end), player(100, begin), player(SECOND, end)];
    assert_eq!(found(&hammered, &thru, &passed), []);
    let strokes = |velocity| {
        let again = Action::NoteOn { channel: 0, key: 48, velocity, id: Some(2) };
        let up = Action::NoteOff { channel: None, key: None, id: Some(1), choke: false };
        [(0, Action::NoteOn { channel: 0, key: 48, velocity: 0.5, id: Some(1) }), (100, again), (SECOND, up)]
    };
    let ends_with_the_first = [player(0, begin), player(SECOND, end)];
    assert_eq!(found(&strokes(0.6), &thru, &ends_with_the_first), [Rule::CutShort(key)]);
    assert_eq!(found(&strokes(0.501), &thru, &ends_with_the_first), [], "it looks like one that comes back");
    let elsewhere = [(Param::Thru, 1.0), (Param::InputChannel, 4.0)];
    assert_eq!(found(&PHRASE(), &elsewhere, &[]), [], "nobody listens on that channel");
}

/// A note that goes round a routing loop again and again is found; a note that comes back once is accepted.
#[test]
fn a_note_that_keeps_looping_back_is_found() {
    let key = Key { channel: 0, key: 48 };
    let player = |at| {
        let [on, off] = [Sent::On { channel: 0, key: 48, velocity: 0.5 }, Sent::Off { channel: 0, key: 48 }];
        [TimedEvent { at, sent: on }, TimedEvent { at: at + 10, sent: off }]
    };
    let found = |way, strokes: &[Frame]| {
        let mut sequence = sequence(&[down(10), up(20)], &[(Param::Thru, 1.0), (Param::OutputChannel, 3.0)]);
        sequence.activations[0].loops_back = way;
        let blocks = (0..10).map(|block| block * 512).collect();
        let take = Take { events: strokes.iter().flat_map(|at| player(*at)).collect(), blocks, ..Take::default() };
        let broken = check(&sequence, &Recording { takes: vec![take] }, &bare());
        broken.iter().map(|broken| broken.rule).collect::<Vec<_>>()
    };
    for (way, back) in [(Return::WithTheNextBlock, [512, 1024]), (Return::ABlockLater, [522, 1034])] {
        let [once, twice] = back;
        assert_eq!(found(Some(way), &[10, once]), []);
        assert_eq!(found(Some(way), &[10, once, twice]), [Rule::GoesRound(key)]);
        for (way, at) in [(None, once), (Some(way), once + 1)] {
            let segues = Rule::WrongChannel { key, wanted: 3 };
            assert_eq!(found(way, &[10, at]).first(), Some(&segues), "nothing comes back then");
        }
    }
}

#[test]
fn a_release_by_name_alone_means_the_note_of_that_name() {
    let named = |at, key, id| (at, Action::NoteOn { channel: 0, key, velocity: 0.5, id });
    let actions = [
        named(0, 60, Some(7)),
        named(0, 61, None),
        (SECOND, Action::NoteOff { channel: None, key: None, id: Some(7), choke: false }),
    ];
    let on = |key| TimedEvent { at: 0, sent: Sent::On { channel: 0, key, velocity: 0.5 } };
    let off = |at, key| TimedEvent { at, sent: Sent::Off { channel: 0, key } };
    let thru = [(Param::Thru, 1.0)];
    let key = |key| Key { channel: 0, key };
    let found = |events: &[TimedEvent]| found(&actions, &thru, events);
    assert_eq!(found(&[on(60), on(61), off(SECOND, 60), off(SECOND, 61)]), [Rule::CutShort(key(61))]);
    assert_eq!(found(&[on(60), on(61), off(SECOND, 60)]), [Rule::NeverEnds(key(61))]);
    assert_eq!(found(&[on(60), on(61), off(SECOND + 1, 60)])[0], Rule::OverARelease(key(60)));
}

/// A pedal, wheel or pitch bend that is left away from rest is found.
#[test]
fn a_controller_left_away_from_rest_is_found() {
    let message = |at, message| TimedEvent { at, sent: Sent::Midi(message) };
    let param_map = bare();
    let off = (SECOND, Action::SetParam { place: param_map.place(Param::Thru), value: 0.0 });
    let reset = (SECOND, Action::Reset);
    let thru = [(Param::Thru, 1.0)];
    let controllers = [
        ([0xB3, 64, 127], [0xB3, 64, 0], Controller::Sustain),
        ([0xB3, 66, 64], [0xB3, 121, 0], Controller::Sostenuto),
        ([0xB3, 1, 1], [0xB3, 1, 0], Controller::Modulation),
        ([0xD3, 9, 0], [0xD3, 0, 0], Controller::Pressure),
        ([0xE3, 1, 64], [0xE3, 0, 64], Controller::Bend),
    ];
    for (away, rest, controller) in controllers {
        let left = Rule::LeftAway { controller, channel: 3 };
        assert_eq!(found(&[off], &thru, &[message(9, away), message(SECOND, rest)]), []);
        assert_eq!(found(&[reset], &thru, &[message(9, away), message(SECOND, rest)]), []);
        assert_eq!(found(&[off], &thru, &[message(9, away), message(SECOND + 1, rest)]), [left]);
        assert_eq!(found(&[reset], &thru, &[message(9, away), message(SECOND + 1, rest)]), [left]);
        assert_eq!(found(&[], &thru, &[message(9, away)]), [left]);
        let on = (SECOND, Action::SetParam { place: param_map.place(Param::Thru), value: 1.0 });
        assert_eq!(found(&[off, on], &thru, &[message(9, away), message(SECOND + 1, rest)]), []);
        let both = [message(SECOND, away), message(SECOND + 1, rest)];
        assert_eq!(found(&[reset], &thru, &both), [], "a controller that moves on that very frame is new");
    }
}

/// A note without anything to answer, or on a wrong channel, is found.
#[test]
fn an_unasked_note_or_a_wrong_channel_is_found() {
    assert_eq!(found(&[], &[], &[on(72_000), off(80_000)]), [Rule::Unasked(C)]);
    let wanted = [(Param::OutputChannel, 3.0)];
    assert_eq!(found(&PHRASE(), &wanted, &[on(72_000), off(80_000)]), [Rule::WrongChannel { key: C, wanted: 3 }]);
}

/// A note outside the scale or the range, a note that is too long, and one note too many at once are found.
#[test]
fn a_note_beyond_the_set_limits_is_found() {
    let note = [on(72_000), off(84_000)];
    let in_d_major = [(Param::Scale, 1.0), (Param::Key, 2.0)];
    assert_eq!(found(&PHRASE(), &in_d_major, &note), [Rule::OutOfBounds(C)]);
    assert_eq!(found(&PHRASE(), &[(Param::Scale, 1.0), (Param::Key, 5.0)], &note), []);
    let range = |low, high| [(Param::Octave, 3.0), (Param::LowestKey, low), (Param::HighestKey, high)];
    assert_eq!(found(&PHRASE(), &range(62.0, 80.0), &note), [Rule::OutOfBounds(C)]);
    assert_eq!(found(&PHRASE(), &range(80.0, 60.0), &note), []);
    assert_eq!(found(&PHRASE(), &range(62.0, 70.0), &note), [], "too narrow to be sure");
    // A value of 0 is a quarter of a beat, which is 6,000 frames.
    let long = [on(72_000), off(78_000 + 500)];
    assert!(matches!(found(&PHRASE(), &[(Param::LongestNote, 0.0)], &long)[..], [Rule::TooLongForTheSetting { .. }]));
    let other = |at, sent: fn(u16, u16) -> Sent| TimedEvent { at, sent: sent(0, 64) };
    let two = [
        on(72_000),
        other(72_000, |channel, key| Sent::On { channel, key, velocity: 0.5 }),
        off(78_000),
        other(78_000, |channel, key| Sent::Off { channel, key }),
    ];
    assert_eq!(found(&PHRASE(), &[(Param::Polyphony, 1.0)], &two), []);
    assert_eq!(found(&PHRASE(), &[(Param::Polyphony, 0.0)], &two), [Rule::TooMany { count: 2, most: 1 }]);
}

/// In a trade, a note that starts in the player's bars or rings into them is found.
#[test]
fn a_note_in_the_players_bars_of_a_trade_is_found() {
    // Two bars each, the player first: Segue has seconds four to eight.
    let trade = [(Param::Mode, 1.0), (Param::Trade, 1.0)];
    let second = |at: Frame| at * SECOND;
    assert_eq!(found(&PHRASE(), &trade, &[on(second(4)), off(second(8))]), []);
    assert_eq!(found(&PHRASE(), &trade, &[on(second(3)), off(second(4))]), [Rule::InThePlayersBars(C)]);
    assert_eq!(found(&PHRASE(), &trade, &[on(second(7)), off(second(8) + 500)]), [Rule::RingsOver(C)]);
    let free = [trade[0], trade[1], (Param::RingOver, 1.0)];
    assert_eq!(found(&PHRASE(), &free, &[on(second(7)), off(second(8) + 500)]), []);
    let segue_first = [trade[0], trade[1], (Param::First, 1.0)];
    assert_eq!(found(&PHRASE(), &segue_first, &[on(second(4)), off(second(5))]), [Rule::InThePlayersBars(C)]);
}

#[test]
fn sound_that_is_too_loud_no_number_or_not_wanted_is_seen() {
    let heard = |settings: &[(Param, f64)], second: Second| {
        let take = Take { sound: vec![second], ..Take::default() };
        let recording = Recording { takes: vec![take] };
        check(&sequence(&[], settings), &recording, &bare()).first().map(|broken| broken.rule)
    };
    let quiet = Second { peak: 0.5, ..Second::default() };
    assert_eq!(heard(&[], quiet), Some(Rule::SoundWhenOff { peak: 0.5 }));
    assert_eq!(heard(&[(Param::Sound, 1.0)], quiet), None);
    assert_eq!(heard(&[(Param::Sound, 1.0)], Second { peak: 1.0, ..quiet }), Some(Rule::TooLoud { peak: 1.0 }));
    assert_eq!(heard(&[(Param::Sound, 1.0)], Second { broken: 1, ..quiet }), Some(Rule::NoNumber));
}

#[test]
fn a_panic_and_what_is_late_although_the_host_waits_are_seen() {
    let counted = |settings: &[(Param, f64)], stats: Stats| {
        let take = Take { stats: Some(stats), ..Take::default() };
        let recording = Recording { takes: vec![take] };
        check(&sequence(&[], settings), &recording, &bare()).first().map(|broken| broken.rule)
    };
    let counts = Stats { late: 1, ..Stats::default() };
    assert_eq!(counted(&[], Stats::default()), None);
    assert_eq!(counted(&[], counts), Some(Rule::Lost { counts }));
    assert_eq!(counted(&[(Param::Render, 2.0)], counts), None);
    assert_eq!(counted(&[(Param::Render, 2.0)], Stats { panics: 1, ..counts }), Some(Rule::Panicked));
}

#[test]
fn two_recordings_differ_by_an_event_or_by_a_bit_of_sound() {
    let take = |events: &[TimedEvent], print| {
        let sound = vec![Second { print, ..Second::default() }];
        Recording { takes: vec![Take { events: events.to_vec(), sound, ..Take::default() }] }
    };
    let one = take(&[on(10), off(20)], 1);
    assert_eq!(difference(&one, &one.clone()), None);
    assert!(difference(&one, &take(&[on(10)], 1)).is_some_and(|said| said.contains("event 1")));
    assert!(difference(&one, &take(&[on(10), off(20)], 2)).is_some_and(|said| said.contains("second 0")));
}

/// A note that sounds while Segue is muted, and one of a part that is not sent, are found; so is none of the player's.
#[test]
fn muted_notes_and_parts_that_are_not_sent_are_found() {
    let param_map = bare();
    let set = |at, param, value| (at, Action::SetParam { place: param_map.place(param), value });
    let mute = |at| [down(0), up(SECOND), set(at, Param::Mute, 1.0)];
    assert_eq!(found(&mute(76_000), &[], &[on(72_000), off(80_000)]), [Rule::Muted(C)]);
    assert_eq!(found(&mute(76_000), &[], &[on(72_000), off(76_000)]), []);
    assert_eq!(found(&mute(72_000), &[], &[on(72_000), off(80_000)]).first(), Some(&Rule::Muted(C)));
    assert_eq!(found(&PHRASE(), &[(Param::Sends, 1.0)], &[on(72_000), off(80_000)]), [Rule::WrongPart(C)]);
    assert_eq!(found(&PHRASE(), &[(Param::Sends, 0.0)], &[on(72_000), off(80_000)]), []);
}

/// A drum on channel 10 does not take the turn, so a note of Segue's beside it breaks no rule.
#[test]
fn a_drum_takes_no_turn() {
    let drum = |channel| [down(0), up(SECOND), (70_000, Action::NoteOn { channel, key: 48, velocity: 0.5, id: None })];
    let events = [on(72_000), off(80_000)];
    assert_eq!(found(&drum(9), &[], &events), []);
    assert!(matches!(found(&drum(8), &[], &events)[..], [Rule::OverThePlayer { .. }]));
}
