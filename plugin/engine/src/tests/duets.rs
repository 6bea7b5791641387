//! Duets: Segue plays along and hears the player.

use super::modes::{BAR, LOOK_AHEAD, alone, without_song};
use super::*;

#[test]
fn a_duet_is_played_all_along_the_song_and_hears_the_player() {
    for single_line in [false, true] {
        let mut host = alone(Mode::Duet);
        host.single_line = single_line;
        let before = host.play_in_any_blocks(8 * BAR);
        assert_eq!(before.ons()[0], BEAT / 2);
        let rest = before.ons().windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
        assert!(rest <= 2 * BEAT, "the duet does not stop: {rest}");
        // A note that is to begin just after the player's key.
        let due = before.ons().into_iter().find(|on| *on > 2 * BAR).unwrap();
        let at = due - LOOK_AHEAD / 2;
        host.key(61, at, 9_000);
        let after = host.play_in_any_blocks(8 * BAR);
        let same = |heard: &Heard| heard.ons().into_iter().filter(|on| *on < at + LOOK_AHEAD).collect::<Vec<_>>();
        assert_eq!(same(&before), same(&after), "notes about to sound stay");
        assert!(after.ons().contains(&due));
        assert_ne!(before.ons(), after.ons(), "later notes were decided with the key in the context");
        // The first tick beyond the look-ahead; a tick is 500 frames.
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
    // From the fourth onset on, the notes are a run.
    let begun = from + 3 * step + LOOK_AHEAD;
    assert!(!ons.iter().any(|on| (begun..last + BEAT / 2).contains(on)), "{ons:?}");
    assert!(ons.iter().any(|on| (last + BEAT / 2..last + 3 * BEAT).contains(on)), "Segue goes on when the run is over");
    assert!(ons.iter().any(|on| *on < from));
}

/// Without a song a duet begins with the player and ends some bars after the last key-up.
#[test]
fn without_a_song_a_duet_starts_and_ends_with_the_player() {
    let mut host = without_song(Mode::Duet);
    host.settings.turn.answer_bars = 1;
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
    host.settings.midi.thru = true;
    // All keys that the model knows.
    host.events = (48..88).map(|pitch| (BAR, press(pitch))).collect();
    host.events.extend((48..88).map(|pitch| (3 * BAR, lift(pitch))));
    host.events.push((3 * BAR + 1, press(48)));
    let heard = host.play_in_any_blocks(5 * BAR);
    let ons: Vec<i64> = heard.ons().into_iter().filter(|on| (BAR + 1..=3 * BAR).contains(on)).collect();
    assert_eq!(ons, [0; 0], "no held key is in Segue's way");
    assert!(heard.ons().iter().any(|on| *on > 3 * BAR + 1));
}
