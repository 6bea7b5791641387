//! Silence on request, and answers that are played again.

use super::modes::{BAR, alone};
use super::*;

/// A change of the settings, and the change back.
const MUTE: [Turned; 2] = [|settings| settings.turn.is_muted = true, |settings| settings.turn.is_muted = false];
const AGAIN: [Turned; 2] = [|settings| settings.buttons.again = true, |settings| settings.buttons.again = false];

/// The onsets with their keys, from a frame on and before another one, counted from the first frame.
fn between(heard: &Heard, from: i64, until: i64) -> Vec<(i64, u8)> {
    let ons = heard.messages.iter().filter_map(|(at, message)| match message {
        Message::NoteOn { key, .. } if (from..until).contains(at) => Some((at - from, key.pitch.key())),
        _ => None,
    });
    ons.collect()
}

/// Muted, Segue ends its notes at that frame and begins none; it hears the player; unmuted, it goes on on the grid.
#[test]
fn muted_segue_is_silent_and_listens_and_comes_back() {
    let (from, until) = (2 * BAR + BEAT + 777, 5 * BAR + 333);
    for mode in [Mode::Answer, Mode::Trade, Mode::Duet] {
        let mut host = alone(mode);
        host.settings.turn.answer_bars = 16;
        host.settings.turn.trade.bars = 4;
        host.settings.turn.trade.segue_first = true;
        host.settings.turn.on_yield = Yield::AfterNote;
        if mode == Mode::Answer {
            host.key(60, 0, BEAT);
        } else {
            host.key(60, 4 * BAR + 100, BEAT);
        }
        let heard_keys = |heard: &Heard| {
            heard.commands.iter().filter(|command| matches!(command, Command::Heard(_) | Command::Amend { .. })).count()
        };
        let before = heard_keys(&host.play(9 * BAR, &[512]));
        host.turns = vec![(from, MUTE[0]), (until, MUTE[1])];
        let heard = host.play_in_any_blocks(9 * BAR);
        let ons = heard.ons();
        assert!(ons.iter().any(|on| *on < from), "{mode:?}: it plays before");
        assert_eq!(ons.iter().find(|on| (from..until).contains(on)), None, "{mode:?}");
        assert_eq!(heard.offs().iter().find(|off| (from + 1..until).contains(off)), None, "{mode:?}");
        assert_eq!(heard_keys(&heard), before, "{mode:?}: it hears what it heard before");
        let back = *ons.iter().find(|on| **on >= until).unwrap();
        let first = if mode == Mode::Trade { 8 * BAR } else { 5 * BAR + BEAT / 2 };
        assert_eq!(back, first, "{mode:?}");
    }
}

/// Who mutes Segue before its turn hears none of it, and the turn passes as it would have.
#[test]
fn a_turn_that_is_muted_passes_in_silence() {
    let mut host = alone(Mode::Trade);
    host.turns = vec![(BAR, MUTE[0]), (5 * BAR, MUTE[1])];
    let ons = host.play_in_any_blocks(9 * BAR).ons();
    assert_eq!(ons.iter().find(|on| **on < 6 * BAR), None);
    assert_eq!(ons[0], 6 * BAR);
    let mut host = alone(Mode::Answer);
    host.settings.turn.is_muted = true;
    host.turns = vec![(9 * BAR, MUTE[1])];
    host.key(60, 0, BEAT);
    assert_eq!(host.play_in_any_blocks(12 * BAR).ons(), [0; 0], "its answer of two bars is over");
}

/// The comping is silent too, and comes back with the next chord.
#[test]
fn the_comping_is_muted_and_comes_back_with_the_next_chord() {
    let mut host = alone(Mode::Answer);
    host.settings.accompaniment.comping = true;
    host.settings.accompaniment.comping_channel = Some(3);
    host.turns = vec![(BAR + 500, MUTE[0]), (3 * BAR + BEAT, MUTE[1])];
    let heard = host.play_in_any_blocks(6 * BAR);
    let ons = heard.ons();
    assert!(ons.contains(&BAR));
    assert_eq!(ons.iter().find(|on| (BAR + 500..4 * BAR).contains(on)), None);
    assert!(heard.offs().contains(&(BAR + 500)));
    assert!(ons.contains(&(4 * BAR)), "{ons:?}");
}

/// *Again* plays the last answer note for note, at the same place in a bar.
#[test]
fn again_plays_the_last_answer_note_for_note() {
    for mode in [Mode::Answer, Mode::Trade, Mode::Duet] {
        let mut host = alone(mode);
        host.settings.turn.answer_bars = 2;
        if mode == Mode::Answer {
            host.key(60, BEAT / 2, BEAT);
        }
        let press = if mode == Mode::Duet { 3 * BAR + BEAT } else { 6 * BAR + BEAT };
        host.turns = vec![(press, AGAIN[0]), (press + 100, AGAIN[1])];
        let heard = host.play_in_any_blocks(12 * BAR);
        let begins = heard.ons()[0];
        let place = begins.rem_euclid(BAR);
        let (original, starts) = match mode {
            Mode::Answer => (between(&heard, begins, press), 6 * BAR + place),
            Mode::Trade => (between(&heard, 2 * BAR, 4 * BAR), 7 * BAR),
            // The duet is remembered in stretches of two bars.
            Mode::Duet => (between(&heard, 2 * BAR, press), 4 * BAR),
        };
        assert!(original.len() > 4, "{mode:?}: {original:?}");
        let until = original.last().unwrap().0 + 1;
        assert_eq!(between(&heard, starts, starts + until), original, "{mode:?}");
        let gap = heard.ons().into_iter().find(|on| (press..starts).contains(on));
        assert_eq!(gap, None, "{mode:?}: nothing else sounds before it");
    }
}

/// Of the last answers any can be played again, and one that is played again is not another answer.
#[test]
fn an_earlier_answer_can_be_played_again() {
    let mut host = alone(Mode::Answer);
    host.settings.turn.answer_bars = 1;
    for phrase in 0..3 {
        host.key(60 + phrase as u8, phrase * 3 * BAR, BEAT);
    }
    host.settings.again.back = 1;
    for press in [10, 13] {
        host.turns.extend([(press * BAR - 100, AGAIN[0]), (press * BAR, AGAIN[1])]);
    }
    let heard = host.play_in_any_blocks(16 * BAR);
    let second = between(&heard, 3 * BAR, 5 * BAR);
    assert!(second.len() > 2 && second != between(&heard, 6 * BAR, 8 * BAR));
    assert_eq!(between(&heard, 10 * BAR, 12 * BAR), second);
    assert_eq!(between(&heard, 13 * BAR, 15 * BAR), second);
}

/// A key of the player ends an answer that is played again, but not in a duet.
#[test]
fn a_key_ends_what_is_played_again_except_in_a_duet() {
    for (mode, goes_on) in [(Mode::Answer, false), (Mode::Duet, true)] {
        let mut host = alone(mode);
        host.settings.turn.answer_bars = 2;
        host.key(60, BEAT / 2, BEAT / 4);
        host.turns = vec![(7 * BAR - 100, AGAIN[0])];
        let whole = host.play_in_any_blocks(9 * BAR);
        host.key(70, 7 * BAR + BEAT + 50, 8 * BAR);
        let cut = host.play_in_any_blocks(9 * BAR);
        let (from, until) = (7 * BAR + BEAT + 51, 8 * BAR);
        assert!(!between(&whole, from, until).is_empty());
        let wanted = if goes_on { between(&whole, from, until) } else { Vec::new() };
        assert_eq!(between(&cut, from, until), wanted, "{mode:?}");
    }
}

/// What is played again sounds as it was, or fitted to the chord in force now.
#[test]
fn what_is_played_again_can_be_fitted_to_the_present_chord() {
    for fits_chords in [false, true] {
        let mut host = alone(Mode::Answer);
        host.settings.turn.answer_bars = 1;
        host.settings.harmony = Harmony::Low(Pitch::new(50).unwrap());
        host.settings.again.fits_chords = fits_chords;
        // C major in the left hand, then the phrase; later F major.
        for key in [36, 40, 43] {
            host.key(key, 0, BEAT / 2);
        }
        host.key(60, BEAT, BEAT);
        for key in [41, 45, 48] {
            host.key(key, 5 * BAR, BEAT / 2);
        }
        host.turns = vec![(6 * BAR - 100, AGAIN[0])];
        let heard = host.play_in_any_blocks(8 * BAR);
        let begins = heard.ons()[0];
        let original = between(&heard, begins, 4 * BAR);
        let again = between(&heard, 6 * BAR + begins.rem_euclid(BAR), 8 * BAR);
        let up: Vec<i16> = original.iter().zip(&again).map(|(old, new)| i16::from(new.1) - i16::from(old.1)).collect();
        assert_eq!(original.len(), again.len());
        assert!(up.iter().all(|up| *up == if fits_chords { 5 } else { 0 }), "{up:?}");
    }
}

/// Muted while an answer is played again, it goes on where it would be by then.
#[test]
fn what_is_played_again_goes_on_after_a_silence() {
    let mut host = alone(Mode::Answer);
    host.settings.turn.answer_bars = 4;
    host.key(60, 0, BEAT);
    host.turns = vec![(7 * BAR - 100, AGAIN[0])];
    let whole = host.play_in_any_blocks(12 * BAR);
    host.turns.extend([(8 * BAR + 10, MUTE[0]), (9 * BAR + 10, MUTE[1])]);
    let cut = host.play_in_any_blocks(12 * BAR);
    assert_eq!(between(&cut, 8 * BAR + 10, 9 * BAR + 10), []);
    assert!(!between(&whole, 9 * BAR + 10, 11 * BAR).is_empty());
    assert_eq!(between(&cut, 9 * BAR + 10, 11 * BAR), between(&whole, 9 * BAR + 10, 11 * BAR));
}
