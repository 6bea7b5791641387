//! Trades: whose bars they are, and how keys take them.

use super::modes::{BAR, alone, without_song};
use super::*;

#[test]
fn traded_bars_begin_and_end_on_the_bar_lines_to_the_sample() {
    let host = alone(Mode::Trade);
    let heard = host.play_in_any_blocks(8 * BAR + 10);
    let sides: Vec<i64> = heard.ons().iter().map(|on| host.bar_of(*on) / 2).collect();
    assert!(sides.iter().all(|side| *side == 1 || *side == 3) && sides.contains(&3), "{sides:?}");
    assert_eq!(heard.ons()[0], 2 * BAR);
    assert!(heard.ons().contains(&(6 * BAR)));
    let hanging = heard.offs().into_iter().find(|off| (4 * BAR + 1..6 * BAR).contains(off));
    assert_eq!(hanging, None);
    assert!(heard.offs().contains(&(4 * BAR)), "a note that would ring over ends on the bar line itself");
    heard.check_pairs().unwrap();
}

/// Settings decide who has the first bars and whether the last note may ring over.
#[test]
fn the_first_bars_and_ringing_over_are_settings() {
    let mut host = alone(Mode::Trade);
    host.settings.turn.trade.segue_first = true;
    host.settings.turn.trade.rings_over = true;
    let heard = host.play_in_any_blocks(8 * BAR + 10);
    assert!(heard.ons().iter().all(|on| host.bar_of(*on) / 2 % 2 == 0));
    // The song begins on the bar line itself, too late for a note on it.
    assert_eq!(heard.ons()[0], BEAT / 2);
    assert!(heard.ons().contains(&(4 * BAR)));
    assert!(heard.offs().iter().any(|off| (2 * BAR + 1..3 * BAR).contains(off)));
}

/// What the window shows of the part: its bars, in ticks of the beats.
#[test]
fn the_window_sees_the_bars_of_the_part_that_plays_or_comes() {
    let host = alone(Mode::Trade);
    let shown = |until: i64| {
        let mut performer = Performer::new(RATE, Arc::default());
        host.play_at(&mut performer, &mut host.port(), until, &[64]);
        performer.snapshot(true).part.map(|part| (part.start, part.end, part.plays))
    };
    assert_eq!(shown(BAR), Some((384.0, 768.0, false)));
    assert_eq!(shown(3 * BAR), Some((384.0, 768.0, true)));
    assert_eq!(shown(5 * BAR), Some((1152.0, 1536.0, false)));
}

#[test]
fn a_pre_roll_is_the_players() {
    for mode in [Mode::Trade, Mode::Duet] {
        let mut host = alone(mode);
        host.settings.turn.trade.segue_first = true;
        host.song = vec![(0, Some(-8.0))];
        assert_eq!(host.play_in_any_blocks(5 * BAR).ons()[0], 2 * BAR, "{mode:?}");
    }
}

#[test]
fn trades_follow_the_bars_through_changes_of_metre_and_tempo() {
    let waltz = Metre::new(3, 4).unwrap();
    let mut host = alone(Mode::Trade);
    // Two bars of four beats for the player; then, of Segue's two bars, one of four beats and one of three.
    host.metres = vec![(0, Metre::COMMON), (3 * BAR, waltz)];
    let heard = host.play_in_any_blocks(10 * BAR);
    let end = 3 * BAR + 3 * BEAT;
    let next = end + 6 * BEAT;
    for on in heard.ons() {
        let place = (on - end).rem_euclid(12 * BEAT);
        assert!((2 * BAR..end).contains(&on) || (on >= next && place >= 6 * BEAT), "{on}");
    }
    assert!(heard.ons().contains(&next) && heard.ons().iter().any(|on| (3 * BAR..end).contains(on)));
    assert!(!heard.offs().iter().any(|off| (end + 1..next).contains(off)));

    let mut host = alone(Mode::Trade);
    host.tempos = vec![(0, 120.0), (BAR, 60.0), (5 * BAR / 2, 240.0), (4 * BAR, 97.3)];
    let heard = host.play_in_any_blocks(20 * BAR);
    assert!(heard.ons().len() > 40);
    for on in heard.ons() {
        assert_eq!(host.bar_of(on) / 2 % 2, 1, "{on}");
    }
}

#[test]
fn each_pass_of_a_loop_is_shared_alike_and_nothing_hangs_over() {
    for (bars, segues) in [(4, 2), (3, 1), (5, 2)] {
        let mut host = alone(Mode::Trade);
        // Loops this many bars from bar 4 on.
        host.song.extend((0..6).map(|pass| ((4 + bars + pass * bars) * BAR, Some(16.0))));
        let until = (4 + 6 * bars) * BAR;
        let heard = host.play_in_any_blocks(until);
        for on in heard.ons() {
            assert_eq!(host.bar_of(on) / 2 % 2, 1, "loop of {bars} bars, {on}");
        }
        for pass in 0..5 {
            let begin = (4 + pass * bars) * BAR;
            assert!(
                heard.ons().contains(&(begin + 2 * BAR)),
                "loop of {bars} bars: Segue has its {segues} bars each time"
            );
            let across = heard.messages.iter().filter(|(at, _)| *at <= begin).count();
            let ons = heard.ons().iter().filter(|on| **on <= begin).count();
            assert_eq!(across, 2 * ons, "sounding notes end with the loop");
        }
    }
}

#[test]
fn segue_begins_each_pass_of_a_loop_whose_first_bars_it_has() {
    for tempo in [120.0, 97.3] {
        let mut host = alone(Mode::Trade);
        host.settings.turn.trade.segue_first = true;
        host.tempos = vec![(0, tempo)];
        // Four bars of the song, of which the first two are Segue's; to the nearest frame, as hosts loop.
        let round = |pass: i64| (pass as f64 * 4.0 * BAR as f64 * 120.0 / tempo).round() as i64;
        host.song = (0..6).map(|pass| (round(pass), Some(16.0))).collect();
        // A key in Segue's bars takes only the rest of them.
        host.key(60, round(2) + BEAT, BEAT);
        let heard = host.play_in_any_blocks(round(6) - 10);
        for pass in 1..6 {
            assert!(heard.ons().contains(&round(pass)), "{tempo} bpm, round {pass}: {:?}", heard.ons());
        }
        for on in heard.ons() {
            assert_eq!(host.bar_of(on) / 2 % 2, 0, "{on}");
        }
        let is_across = |at: i64| (1..6).any(|pass| (round(pass) - 10..round(pass)).contains(&at));
        assert!(heard.offs().iter().all(|off| !is_across(*off)), "the bars before are the player's");
        assert_eq!((heard.stats.late.get(), heard.stats.dropped.get()), (0, 0));
    }
}

#[test]
fn a_jump_into_segues_bars_is_joined_on_the_grid() {
    let mut host = alone(Mode::Trade);
    // To the third beat of Segue's first bar.
    host.song.push((BAR + 77, Some(10.0)));
    let heard = host.play_in_any_blocks(6 * BAR);
    assert_eq!(heard.ons()[0], BAR + 77 + BEAT / 2, "the first eighth that can still be decided");
    assert!(heard.ons().iter().all(|on| host.bar_of(*on) / 2 % 2 == 1));
}

/// A key in Segue's bars takes the rest of them, unless it belongs to a phrase that reaches over the bar line.
#[test]
fn a_key_takes_the_rest_of_segues_bars_unless_it_spills_over() {
    let tick = BEAT / 48;
    for (at, taken) in [(5 * tick, false), (11 * tick, false), (13 * tick, true), (BAR, true), (2 * BAR - 2_000, true)]
    {
        let mut host = alone(Mode::Trade);
        let at = 2 * BAR + at;
        host.key(70, at, 3_000);
        let heard = host.play_in_any_blocks(7 * BAR);
        let later = heard.ons().into_iter().find(|on| *on > at);
        let goes_on = later.is_some_and(|on| on < 4 * BAR);
        assert_eq!(goes_on, !taken, "at {at}");
        let hangs = heard.offs().iter().any(|off| (at + 1..6 * BAR).contains(off));
        assert!(!(taken && hangs), "at {at}");
        assert!(heard.ons().contains(&(6 * BAR)), "the next bars are Segue's again");
    }
}

/// In a trade, keys in the player's bars change nothing, and neither does a held key.
#[test]
fn keys_in_the_players_bars_change_nothing_in_a_trade() {
    let mut host = FakeHost::with_phrase();
    host.settings.turn.mode = Mode::Trade;
    host.settings.turn.trade.bars = 1;
    host.key(72, BAR - 5_000, 2 * BAR);
    // The player's note on the player's own bar line.
    host.key(74, 2 * BAR, 9_000);
    let heard = host.play_in_any_blocks(4 * BAR);
    assert_eq!(heard.ons()[0], BAR);
    assert!(heard.ons().iter().any(|on| (BAR + BEAT..2 * BAR).contains(on)));
    assert!(heard.ons().contains(&(3 * BAR)));
    let first = heard.commands.iter().position(|command| matches!(command, Command::Request(_))).unwrap();
    let heard_before = heard.commands[..first].iter().filter(|command| matches!(command, Command::Heard(_))).count();
    assert_eq!(heard_before, 5, "the model has heard everything before its first note is decided");
}

/// Bars are traded one by one without a song, from this frame on.
fn traded_without_song() -> (FakeHost, i64) {
    let mut host = without_song(Mode::Trade);
    host.settings.turn.trade = Trade { bars: 1, segue_first: true, rings_over: false };
    (host, 123_457)
}

/// The bars, counted from a frame, in which Segue's notes begin.
fn bars_with_notes(heard: &Heard, first: i64) -> Vec<i64> {
    let mut bars: Vec<i64> = heard.ons().iter().map(|on| (on - first).div_euclid(BAR)).collect();
    bars.dedup();
    bars
}

#[test]
fn without_a_song_a_trade_begins_with_the_players_first_note() {
    let (mut host, first) = traded_without_song();
    host.key(60, first, 20_000).key(64, first + 2 * BAR + BEAT, 20_000);
    let heard = host.play_in_any_blocks(first + 4 * BAR);
    assert_eq!((heard.ons()[0], bars_with_notes(&heard, first)), (first + BAR, vec![1, 3]));
}

/// Without a song, Segue's bars come even if the player rests for a turn, and the bars do not move.
#[test]
fn without_a_song_one_empty_turn_keeps_the_trade() {
    let (mut host, first) = traded_without_song();
    // The turns of bars 2 and 6 are empty.
    host.key(60, first, 20_000).key(64, first + 4 * BAR + BEAT, 20_000).key(65, first + 8 * BAR + BEAT, 20_000);
    let heard = host.play_in_any_blocks(first + 10 * BAR);
    assert_eq!(bars_with_notes(&heard, first), [1, 3, 5, 7, 9]);
    for bar in [1, 3, 5, 7, 9] {
        assert!(heard.ons().contains(&(first + bar * BAR)), "bar {bar} begins on its line");
    }
}

/// Without a song, a trade rests after two empty turns and starts again with the player.
#[test]
fn without_a_song_two_empty_turns_end_the_trade() {
    let (mut host, first) = traded_without_song();
    let again = first + 9 * BAR + 7_777;
    host.key(60, first, 20_000).key(64, again, 20_000);
    let heard = host.play_in_any_blocks(again + 6 * BAR);
    let (before, after): (Vec<i64>, Vec<i64>) = heard.ons().into_iter().partition(|on| *on < again);
    assert!(before.iter().all(|on| [1, 3].contains(&(on - first).div_euclid(BAR))), "{before:?}");
    assert!(before.contains(&(first + 3 * BAR)));
    assert_eq!(after[0], again + BAR, "the player's first note is beat one again");
    assert!(after.contains(&(again + 3 * BAR)) && after.iter().all(|on| *on < again + 4 * BAR));
    heard.check_pairs().unwrap();
}

#[test]
fn without_a_song_a_held_key_keeps_the_trade() {
    let (mut host, first) = traded_without_song();
    host.key(60, first, 7 * BAR);
    let heard = host.play_in_any_blocks(first + 14 * BAR);
    // Bars 8 and 10 are empty.
    assert_eq!(bars_with_notes(&heard, first), [1, 3, 5, 7, 9]);
}

#[test]
fn your_turn_in_a_trade_gives_segue_the_next_bars() {
    let mut host = alone(Mode::Trade);
    host.turns = vec![
        (4 * BAR + BEAT, |settings| settings.buttons.your_turn = true),
        (4 * BAR + 2 * BEAT, |settings| {
            settings.buttons.your_turn = false;
        }),
    ];
    let heard = host.play_in_any_blocks(10 * BAR);
    // Bars 2 and 3, then 5 and 6 from the next bar line on, then 9.
    let bars: Vec<i64> = heard.ons().iter().map(|on| host.bar_of(*on)).collect();
    assert!(bars.iter().all(|bar| [2, 3, 5, 6, 9].contains(bar)), "{bars:?}");
    assert!(heard.ons().contains(&(5 * BAR)) && bars.contains(&6));
}
