//! Trade, duet, and how the turn passes in them.

use super::*;
use crate::link::Request;

/// A bar of 4/4.
pub(super) const BAR: i64 = 4 * BEAT;
/// The look-ahead of the settings.
const LOOK_AHEAD: i64 = 960;
const LENGTHS: [&[u32]; 5] = [&[1], &[64], &[441], &[4096], &[13, 900, 1, 2048, 77]];

/// The song plays and nobody plays to it.
pub(super) fn alone(mode: Mode) -> FakeHost {
    let mut host = FakeHost::with_phrase();
    host.events.clear();
    host.settings.mode = mode;
    host.settings.trade.bars = 2;
    host
}

/// The same, where there is no song.
pub(super) fn without_song(mode: Mode) -> FakeHost {
    FakeHost { song: vec![(0, None)], ..alone(mode) }
}

impl FakeHost {
    /// A key at a frame, for so long.
    pub(super) fn key(&mut self, pitch: u8, at: i64, length: i64) -> &mut Self {
        self.events.extend([(at, press(pitch)), (at + length, lift(pitch))]);
        self.events.sort_by_key(|(at, _)| *at);
        self
    }

    /// The bar of the song in which a frame lies, counted in 4/4.
    pub(super) fn bar_of(&self, frame: i64) -> i64 {
        (self.transport(frame).beats.unwrap() / 4.0 + 1e-9).floor() as i64
    }

    /// What is played before a frame in blocks of all lengths, which must be the same and without fault.
    pub(super) fn play_in_any_blocks(&self, until: i64) -> Heard {
        let play = |lengths| {
            let mut heard = self.play(until, lengths);
            heard.messages.retain(|(at, _)| *at < until);
            heard
        };
        let whole = play(&[1 << 20]);
        for lengths in LENGTHS {
            let other = play(lengths);
            let differs = whole.messages.iter().zip(&other.messages).find(|(one, other)| one != other);
            assert_eq!(differs, None, "{lengths:?}");
            assert_eq!(whole.messages.len(), other.messages.len(), "{lengths:?}");
        }
        whole.check_pairs_so_far();
        whole
    }
}

impl Heard {
    /// As [`Heard::check_pairs`], where the music goes on.
    fn check_pairs_so_far(&self) {
        let fault = self.check_pairs().err();
        assert!(fault.as_ref().is_none_or(|fault| fault.contains("never end")), "{fault:?}");
    }

    fn offs(&self) -> Vec<i64> {
        let offs = self.messages.iter().filter(|(_, message)| matches!(message, Message::NoteOff { .. }));
        offs.map(|(at, _)| *at).collect()
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        self.words
            .iter()
            .filter_map(|word| if let Command::Request(request) = word { Some(*request) } else { None })
            .collect()
    }

    fn retracted(&self) -> Vec<i64> {
        let from = |word: &Command| if let Command::Retract { from } = word { Some(from.0) } else { None };
        self.words.iter().filter_map(from).collect()
    }
}

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
    assert!(heard.offs().contains(&(4 * BAR)), "a note that would hang over ends on the bar line itself");
    heard.check_pairs().unwrap();
}

#[test]
fn who_has_the_first_bars_is_a_setting_and_the_last_note_may_ring_over() {
    let mut host = alone(Mode::Trade);
    host.settings.trade.segue_first = true;
    host.settings.trade.rings_over = true;
    let heard = host.play_in_any_blocks(8 * BAR + 10);
    assert!(heard.ons().iter().all(|on| host.bar_of(*on) / 2 % 2 == 0));
    // The song begins on the bar line itself, too late to decide a note on it.
    assert_eq!(heard.ons()[0], BEAT / 2);
    assert!(heard.ons().contains(&(4 * BAR)));
    assert!(heard.offs().iter().any(|off| (2 * BAR + 1..3 * BAR).contains(off)));
}

#[test]
fn a_pre_roll_is_the_players() {
    for mode in [Mode::Trade, Mode::Duet] {
        let mut host = alone(mode);
        host.settings.trade.segue_first = true;
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
fn a_loop_lands_on_the_same_side_each_time_and_nothing_sounds_across_it() {
    for (bars, segues) in [(4, 2), (3, 1), (5, 2)] {
        let mut host = alone(Mode::Trade);
        // From bar 4 so many bars, again and again.
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
            assert_eq!(across, 2 * ons, "what sounds ends with the loop");
        }
    }
}

#[test]
fn where_segue_has_the_first_bars_of_a_loop_it_begins_with_each_round_of_it() {
    for tempo in [120.0, 97.3] {
        let mut host = alone(Mode::Trade);
        host.settings.trade.segue_first = true;
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

#[test]
fn a_key_in_segues_bars_takes_the_rest_of_them_but_one_that_spills_over_the_bar_line_does_not() {
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

#[test]
fn the_players_keys_in_the_players_bars_and_a_key_that_is_held_change_nothing_in_a_trade() {
    let mut host = FakeHost::with_phrase();
    host.settings.mode = Mode::Trade;
    host.settings.trade.bars = 1;
    host.key(72, BAR - 5_000, 2 * BAR);
    // The player's note on the player's own bar line.
    host.key(74, 2 * BAR, 9_000);
    let heard = host.play_in_any_blocks(4 * BAR);
    assert_eq!(heard.ons()[0], BAR);
    assert!(heard.ons().iter().any(|on| (BAR + BEAT..2 * BAR).contains(on)));
    assert!(heard.ons().contains(&(3 * BAR)));
    let first = heard.words.iter().position(|word| matches!(word, Command::Request(_))).unwrap();
    let heard_before = heard.words[..first].iter().filter(|word| matches!(word, Command::Heard(_))).count();
    assert_eq!(heard_before, 5, "it has heard all before its first note is decided");
}

/// Bars are traded one by one without a song, from this frame on.
fn traded_without_song() -> (FakeHost, i64) {
    let mut host = without_song(Mode::Trade);
    host.settings.trade = Trade { bars: 1, segue_first: true, rings_over: false };
    (host, 123_457)
}

/// The bars, counted from a frame, in which Segue begins notes.
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

#[test]
fn without_a_song_a_player_who_rests_through_a_turn_still_gets_segues_bars_and_then_goes_on_where_the_bars_are() {
    let (mut host, first) = traded_without_song();
    // The turns of bars 2 and 6 are empty.
    host.key(60, first, 20_000).key(64, first + 4 * BAR + BEAT, 20_000).key(65, first + 8 * BAR + BEAT, 20_000);
    let heard = host.play_in_any_blocks(first + 10 * BAR);
    assert_eq!(bars_with_notes(&heard, first), [1, 3, 5, 7, 9]);
    for bar in [1, 3, 5, 7, 9] {
        assert!(heard.ons().contains(&(first + bar * BAR)), "bar {bar} begins on its line");
    }
}

#[test]
fn without_a_song_a_trade_rests_after_two_turns_in_which_nobody_played_and_begins_anew_with_the_player() {
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
fn without_a_song_a_player_who_holds_a_key_through_the_turns_has_not_gone() {
    let (mut host, first) = traded_without_song();
    host.key(60, first, 7 * BAR);
    let heard = host.play_in_any_blocks(first + 14 * BAR);
    // Bar 8 is empty, and bar 10.
    assert_eq!(bars_with_notes(&heard, first), [1, 3, 5, 7, 9]);
}

#[test]
fn your_turn_in_a_trade_gives_segue_the_next_bars() {
    let mut host = alone(Mode::Trade);
    host.turns = vec![
        (4 * BAR + BEAT, |settings| settings.your_turn = true),
        (4 * BAR + 2 * BEAT, |settings| {
            settings.your_turn = false;
        }),
    ];
    let heard = host.play_in_any_blocks(10 * BAR);
    // Bars 2 and 3, then from the next bar line on 5 and 6, then 9.
    let bars: Vec<i64> = heard.ons().iter().map(|on| host.bar_of(*on)).collect();
    assert!(bars.iter().all(|bar| [2, 3, 5, 6, 9].contains(bar)), "{bars:?}");
    assert!(heard.ons().contains(&(5 * BAR)) && bars.contains(&6));
}

#[test]
fn your_turn_brings_an_answer_at_the_next_grid_point_even_when_nothing_was_heard_or_keys_are_held() {
    for held in [false, true] {
        let mut host = alone(Mode::Answer);
        if held {
            host.key(60, 10, 100 * BAR);
        }
        host.turns = vec![(3 * BAR + 77, |settings| settings.your_turn = true)];
        let heard = host.play_in_any_blocks(8 * BAR);
        assert_eq!(heard.ons()[0], 3 * BAR + BEAT / 2);
        assert!(heard.ons().iter().all(|on| *on < 5 * BAR + BEAT / 2), "it is an answer of two bars");
    }
    let mut host = alone(Mode::Answer);
    host.settings.your_turn = true;
    assert_eq!(host.play(8 * BAR, &[64]).ons(), [0; 0], "a button that was always down was not pressed");
}

#[test]
fn what_sounds_when_the_player_comes_in_ends_as_is_set() {
    let mut host = FakeHost::with_phrase();
    host.settings.answer_bars = 4;
    let before = host.play(20 * BEAT, &[64]);
    // In the middle of a long note.
    let sounding = |at: i64| {
        let ons = before.ons().iter().filter(|on| **on < at).count();
        ons - before.offs().iter().filter(|off| **off < at).count()
    };
    let again = (70_001..200_000).step_by(501).find(|at| sounding(*at) > 0 && sounding(*at + 9_000) > 0).unwrap();
    host.key(70, again, 200_000);
    let next_beat = (again / BEAT + 1) * BEAT;
    let natural: Vec<i64> = before.offs().into_iter().filter(|off| *off > again).collect();
    for (yields, offs) in [
        (Yield::AtOnce, vec![again; sounding(again)]),
        (Yield::AfterNote, natural[..].to_vec()),
        (Yield::AtBeat, natural.iter().map(|off| *off.min(&next_beat)).collect()),
    ] {
        host.settings.yields = yields;
        let heard = host.play_in_any_blocks(again + 150_000);
        assert!(heard.ons().iter().all(|on| *on < again), "{yields:?}: nothing begins");
        let mut found: Vec<i64> = heard.offs().into_iter().filter(|off| *off >= again).collect();
        let mut wanted: Vec<i64> = offs.into_iter().take(sounding(again)).collect();
        found.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(found, wanted, "{yields:?}, player at {again}");
        heard.check_pairs().unwrap();
    }
}

#[test]
fn what_rings_when_segue_begins_anew_makes_room() {
    let mut host = FakeHost::with_phrase();
    host.single_line = true;
    host.settings.yields = Yield::AfterNote;
    host.settings.start_grid = StartGrid::Free;
    host.settings.response_gap_ms = 0.0;
    let before = host.play(20 * BEAT, &[64]);
    let notes = || before.ons().into_iter().zip(before.offs());
    // A touch within a long note, and the answer to it begins while that would still sound.
    let (on, off) = notes().find(|(on, off)| off - on > 12_000).unwrap();
    host.key(70, on + 1_000, 500);
    let heard = host.play_in_any_blocks(20 * BEAT);
    let again = heard.ons().into_iter().find(|again| *again > on).unwrap();
    assert!(again < off, "{again} lies before {off}");
    assert!(heard.offs().contains(&again) && !heard.offs().contains(&off));
    heard.check_pairs().unwrap();
}

#[test]
fn a_drone_does_not_keep_the_turn_but_counts_as_playing_when_it_is_struck() {
    let mut host = FakeHost::with_phrase();
    host.settings.drone_below = 48;
    host.events.insert(0, (0, press(36)));
    let heard = host.play_in_any_blocks(20 * BEAT);
    assert_eq!(heard.ons()[0], 60_000, "as if there were no drone");
    // Struck again, it is playing, and alone it holds the turn.
    host.events.push((100_000, lift(36)));
    host.events.push((110_000, press(36)));
    let heard = host.play_in_any_blocks(20 * BEAT);
    assert!(heard.ons().iter().all(|on| *on < 110_000));
    // Above the split a held key is no drone.
    host.settings.drone_below = 36;
    host.events.truncate(9);
    assert_eq!(host.play_in_any_blocks(20 * BEAT).ons(), [0; 0]);
}

#[test]
fn a_low_key_that_was_struck_after_the_one_that_is_lifted_is_no_drone() {
    let mut host = alone(Mode::Answer);
    host.settings.drone_below = 60;
    // A bass line, each key held until the next is down.
    for (at, pitch) in (0..).zip([36, 38, 40, 41]) {
        host.key(pitch, at * BEAT, BEAT + 2_000);
    }
    let last_up = 4 * BEAT + 2_000;
    assert!(host.play_in_any_blocks(20 * BEAT).ons()[0] > last_up);
}

#[test]
fn a_duet_is_played_all_along_the_song_and_hears_the_player() {
    for single_line in [false, true] {
        let mut host = alone(Mode::Duet);
        host.single_line = single_line;
        let before = host.play_in_any_blocks(8 * BAR);
        assert_eq!(before.ons()[0], BEAT / 2);
        let rest = before.ons().windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
        assert!(rest <= 2 * BEAT, "it has no end: {rest}");
        // One that is to begin just after the player's key.
        let due = before.ons().into_iter().find(|on| *on > 2 * BAR).unwrap();
        let at = due - LOOK_AHEAD / 2;
        host.key(61, at, 9_000);
        let after = host.play_in_any_blocks(8 * BAR);
        let same = |heard: &Heard| heard.ons().into_iter().filter(|on| *on < at + LOOK_AHEAD).collect::<Vec<_>>();
        assert_eq!(same(&before), same(&after), "what was about to sound stays");
        assert!(after.ons().contains(&due));
        assert_ne!(before.ons(), after.ons(), "what was decided later has heard the key");
        // The first tick that lies beyond the look-ahead; a tick is 500 frames.
        let cut = (at + LOOK_AHEAD + 499).div_euclid(500);
        assert!(after.retracted().iter().all(|from| *from == cut), "{:?}, {cut}", after.retracted());
    }
}

#[test]
fn live_a_duet_is_what_it_is_offline_when_plans_come_in_time() {
    for single_line in [false, true] {
        let mut host = alone(Mode::Duet);
        host.single_line = single_line;
        for index in 0..40 {
            host.key(60 + (index % 12) as u8, 40_001 + index * 17_003, 9_000);
        }
        let offline = host.play(8 * BAR, &[256]);
        host.offline = false;
        for lengths in [&[64_u32][..], &[256], &[480], &[13, 300, 1, 77]] {
            let live = host.play(8 * BAR, lengths);
            let pairs = live.messages.iter().zip(&offline.messages);
            assert_eq!(pairs.filter(|(at, _)| at.0 < 8 * BAR).find(|(one, other)| one != other), None, "{lengths:?}");
            assert_eq!((live.stats.late.get(), live.stats.dropped.get()), (0, 0), "{lengths:?}");
        }
    }
}

#[test]
fn live_nothing_of_a_duet_is_late_in_long_blocks() {
    let mut host = alone(Mode::Duet);
    host.offline = false;
    for index in 0..60 {
        host.key(60 + (index % 12) as u8, 40_001 + index * 11_003, 9_000);
    }
    for length in [1_024, 2_048, 4_096] {
        let live = host.play(8 * BAR, &[length]);
        assert_eq!((live.stats.late.get(), live.stats.dropped.get()), (0, 0), "blocks of {length}");
        assert!(live.ons().len() > 20);
    }
}

#[test]
fn where_the_player_runs_segue_rests() {
    let mut host = alone(Mode::Duet);
    // Two bars of sixteenths.
    let (from, step) = (2 * BAR, BEAT / 4);
    for index in 0..32 {
        host.key(60 + (index % 12) as u8, from + index * step, step - 500);
    }
    let last = from + 31 * step;
    let heard = host.play_in_any_blocks(8 * BAR);
    let ons = heard.ons();
    // From the fourth stroke on it is a run.
    let begun = from + 3 * step + LOOK_AHEAD;
    assert!(!ons.iter().any(|on| (begun..last + BEAT / 2).contains(on)), "{ons:?}");
    assert!(ons.iter().any(|on| (last + BEAT / 2..last + 3 * BEAT).contains(on)), "and goes on when it is over");
    assert!(ons.iter().any(|on| *on < from));
}

#[test]
fn without_a_song_a_duet_begins_with_the_player_and_ends_some_bars_after_the_last_key() {
    let mut host = without_song(Mode::Duet);
    host.settings.answer_bars = 1;
    let first = 123_457;
    host.key(60, first, 30_000).key(64, first + 2 * BEAT, 30_000);
    let last_up = first + 2 * BEAT + 30_000;
    let heard = host.play_in_any_blocks(first + 8 * BAR);
    let ons = heard.ons();
    assert_eq!(ons[0], first + BEAT / 2);
    assert!(ons.iter().all(|on| *on <= last_up + BAR + 250), "{ons:?}");
    assert!(ons.iter().any(|on| *on > last_up + BEAT));
    heard.check_pairs().unwrap();
}

#[test]
fn the_key_that_the_player_holds_is_the_players() {
    let mut host = alone(Mode::Duet);
    host.settings.thru = true;
    // All keys that the mind knows.
    host.events = (48..88).map(|pitch| (BAR, press(pitch))).collect();
    host.events.extend((48..88).map(|pitch| (3 * BAR, lift(pitch))));
    host.events.push((3 * BAR + 1, press(48)));
    let heard = host.play_in_any_blocks(5 * BAR);
    let ons: Vec<i64> = heard.ons().into_iter().filter(|on| (BAR + 1..=3 * BAR).contains(on)).collect();
    assert_eq!(ons, [0; 0], "no finger is in Segue's way");
    assert!(heard.ons().iter().any(|on| *on > 3 * BAR + 1));
}

#[test]
fn the_mind_is_told_where_its_part_ends() {
    let ends = |host: &FakeHost| {
        let requests = host.play(8 * BAR, &[256]).requests();
        assert!(!requests.is_empty());
        let mut ends: Vec<_> = requests.iter().map(|request| request.ends.map(|end| end.0)).collect();
        ends.dedup();
        ends
    };
    // The answer begins at beat 2.5 and lasts two bars.
    assert_eq!(ends(&FakeHost::with_phrase()), [Some(120 + 2 * 192)]);
    assert_eq!(ends(&alone(Mode::Trade)), [Some(4 * 192), Some(8 * 192)]);
    assert_eq!(ends(&alone(Mode::Duet)), [None]);
}

#[test]
fn forget_blanks_the_mind_and_nothing_else() {
    let mut host = FakeHost::with_phrase();
    let before = host.play(100_000, &[64]);
    host.turns = vec![(90_000, |settings| settings.forget = true), (300_000, |settings| settings.forget = false)];
    let heard = host.play_in_any_blocks(20 * BEAT);
    assert_eq!(heard.words.iter().filter(|word| matches!(word, Command::ForgetAll)).count(), 1);
    let until = |heard: &Heard| heard.messages.iter().filter(|(at, _)| *at < 90_900).copied().collect::<Vec<_>>();
    assert_eq!(until(&heard), until(&before), "what is planned and what sounds goes on");
    assert!(heard.ons().iter().any(|on| *on > 100_000), "and so does the answer");
    heard.check_pairs().unwrap();
}

#[test]
fn a_change_of_mode_ends_what_sounds_and_begins_anew() {
    for (from, to) in [
        (Mode::Answer, (|settings| settings.mode = Mode::Trade) as fn(&mut Settings)),
        (Mode::Duet, |settings| settings.mode = Mode::Answer),
        (Mode::Trade, |settings| settings.mode = Mode::Duet),
    ] {
        let mut host = FakeHost::with_phrase();
        host.settings.mode = from;
        host.settings.trade.bars = 1;
        let at = BAR + BEAT + 77;
        host.turns = vec![(at, to)];
        let heard = host.play_in_any_blocks(8 * BAR);
        let before = heard.messages.iter().filter(|(frame, _)| *frame <= at).count();
        let ons = heard.ons().iter().filter(|on| **on <= at).count();
        assert_eq!(before, 2 * ons, "from {from:?}");
        assert!(ons > 0, "from {from:?}");
    }
}
