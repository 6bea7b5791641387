//! How the turn changes in every mode, and the fixtures for it.

use super::*;
use crate::link::Request;

/// A bar of 4/4.
pub(super) const BAR: i64 = 4 * BEAT;
/// The look-ahead setting, in frames.
pub(super) const LOOK_AHEAD: i64 = 960;
const LENGTHS: [&[u32]; 5] = [&[1], &[64], &[441], &[4096], &[13, 900, 1, 2048, 77]];

/// The song plays, and the player does not.
pub(super) fn alone(mode: Mode) -> FakeHost {
    let mut host = FakeHost::with_phrase();
    host.events.clear();
    host.settings.turn.mode = mode;
    host.settings.turn.trade.bars = 2;
    host
}

/// The same without a song.
pub(super) fn without_song(mode: Mode) -> FakeHost {
    FakeHost { song: vec![(0, None)], ..alone(mode) }
}

impl FakeHost {
    /// The player holds a key from a frame on for this many frames.
    pub(super) fn key(&mut self, pitch: u8, at: i64, length: i64) -> &mut Self {
        self.events.extend([(at, press(pitch)), (at + length, lift(pitch))]);
        self.events.sort_by_key(|(at, _)| *at);
        self
    }

    /// The bar of the song in which a frame lies, counted in 4/4.
    pub(super) fn bar_of(&self, frame: i64) -> i64 {
        (self.transport(frame).beats.unwrap() / 4.0 + 1e-9).floor() as i64
    }

    /// The notes before a frame, which must be the same in blocks of all lengths and without fault.
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
    /// Like [`Heard::check_pairs`], for music that goes on.
    pub(super) fn check_pairs_so_far(&self) {
        let fault = self.check_pairs().err();
        assert!(fault.as_ref().is_none_or(|fault| fault.contains("never end")), "{fault:?}");
    }

    pub(super) fn offs(&self) -> Vec<i64> {
        let offs = self.messages.iter().filter(|(_, message)| matches!(message, Message::NoteOff { .. }));
        offs.map(|(at, _)| *at).collect()
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        self.commands
            .iter()
            .filter_map(|command| if let Command::Request(request) = command { Some(*request) } else { None })
            .collect()
    }

    pub(super) fn retracted(&self) -> Vec<i64> {
        let from = |command: &Command| if let Command::Retract { from } = command { Some(from.0) } else { None };
        self.commands.iter().filter_map(from).collect()
    }
}

/// *Your turn* starts an answer on the next grid point, even if nothing was heard or keys are held.
#[test]
fn your_turn_starts_an_answer_on_the_next_grid_point() {
    for held in [false, true] {
        let mut host = alone(Mode::Answer);
        if held {
            host.key(60, 10, 100 * BAR);
        }
        host.turns = vec![(3 * BAR + 77, |settings| settings.buttons.your_turn = true)];
        let heard = host.play_in_any_blocks(8 * BAR);
        assert_eq!(heard.ons()[0], 3 * BAR + BEAT / 2);
        assert!(heard.ons().iter().all(|on| *on < 5 * BAR + BEAT / 2), "it is an answer of two bars");
    }
    let mut host = alone(Mode::Answer);
    host.settings.buttons.your_turn = true;
    assert_eq!(host.play(8 * BAR, &[64]).ons(), [0; 0], "a button that was down from the start was not pressed");
}

/// *Your turn*, pressed while Segue plays, gives the turn back: nothing of Segue begins until the player has played
/// again.
#[test]
fn your_turn_while_segue_plays_takes_the_turn_back() {
    let press: fn(&mut Settings) = |settings| settings.buttons.your_turn = true;
    let release: fn(&mut Settings) = |settings| settings.buttons.your_turn = false;
    let (first, second) = (3 * BAR + 77, 4 * BAR + 77);
    let mut host = alone(Mode::Answer);
    host.turns = vec![(first, press), (first + 500, release), (second, press)];
    host.key(60, 7 * BAR, BEAT);
    let ons = host.play_in_any_blocks(10 * BAR).ons();
    assert!(ons.iter().any(|on| *on < second) && ons.iter().any(|on| *on > 7 * BAR + BEAT), "{ons:?}");
    assert!(!ons.iter().any(|on| (second..7 * BAR).contains(on)), "{ons:?}");
    // In a trade the rest of Segue's bars is the player's, and then the trade goes on.
    let mut host = alone(Mode::Trade);
    host.turns = vec![(2 * BAR + BEAT, press)];
    let bars: Vec<i64> = host.play_in_any_blocks(8 * BAR).ons().iter().map(|on| on / BEAT).collect();
    assert!(bars.contains(&8) && bars.iter().all(|beat| *beat < 9 + 1 || *beat >= 24), "{bars:?}");
    assert!(bars.iter().any(|beat| *beat >= 24), "{bars:?}");
    // A duet has no turn to take back.
    let played = |presses: Vec<_>| FakeHost { turns: presses, ..alone(Mode::Duet) }.play_in_any_blocks(6 * BAR).ons();
    assert_eq!(played(vec![(3 * BAR, press)]), played(Vec::new()));
}

#[test]
fn sounding_notes_end_as_set_when_the_player_takes_the_turn() {
    let mut host = FakeHost::with_phrase();
    host.settings.turn.answer_bars = 4;
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
        host.settings.turn.on_yield = yields;
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
fn ringing_notes_end_when_segue_begins_again() {
    let mut host = FakeHost::with_phrase();
    host.single_line = true;
    host.settings.turn.on_yield = Yield::AfterNote;
    host.settings.turn.start_grid = StartGrid::Free;
    host.settings.turn.response_gap_ms = 0.0;
    let before = host.play(20 * BEAT, &[64]);
    let notes = || before.ons().into_iter().zip(before.offs());
    // A short key during a long note; its answer begins while that note would still sound.
    let (on, off) = notes().find(|(on, off)| off - on > 12_000).unwrap();
    host.key(70, on + 1_000, 500);
    let heard = host.play_in_any_blocks(20 * BEAT);
    let again = heard.ons().into_iter().find(|again| *again > on).unwrap();
    assert!(again < off, "{again} lies before {off}");
    assert!(heard.offs().contains(&again) && !heard.offs().contains(&off));
    heard.check_pairs().unwrap();
}

#[test]
fn a_drone_keeps_no_turn_but_its_onset_counts() {
    let mut host = FakeHost::with_phrase();
    host.settings.turn.drone_below = 48;
    host.events.insert(0, (0, press(36)));
    let heard = host.play_in_any_blocks(20 * BEAT);
    assert_eq!(heard.ons()[0], 60_000, "as if there were no drone");
    // Played again, the key is not a drone, and alone it holds the turn.
    host.events.push((100_000, lift(36)));
    host.events.push((110_000, press(36)));
    let heard = host.play_in_any_blocks(20 * BEAT);
    assert!(heard.ons().iter().all(|on| *on < 110_000));
    // Above the split, a held key is not a drone.
    host.settings.turn.drone_below = 36;
    host.events.truncate(9);
    assert_eq!(host.play_in_any_blocks(20 * BEAT).ons(), [0; 0]);
}

#[test]
fn a_low_key_played_after_the_released_one_is_no_drone() {
    let mut host = alone(Mode::Answer);
    host.settings.turn.drone_below = 60;
    // A bass line in which each key is held until the next one is down.
    for (at, pitch) in (0..).zip([36, 38, 40, 41]) {
        host.key(pitch, at * BEAT, BEAT + 2_000);
    }
    let last_up = 4 * BEAT + 2_000;
    assert!(host.play_in_any_blocks(20 * BEAT).ons()[0] > last_up);
}

#[test]
fn a_request_says_where_the_part_ends() {
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
fn forget_clears_the_memory_and_nothing_else() {
    let mut host = FakeHost::with_phrase();
    let before = host.play(100_000, &[64]);
    host.turns = vec![
        (90_000, |settings| settings.buttons.forget = true),
        (300_000, |settings| settings.buttons.forget = false),
    ];
    let heard = host.play_in_any_blocks(20 * BEAT);
    assert_eq!(heard.commands.iter().filter(|command| matches!(command, Command::ForgetAll)).count(), 1);
    let until = |heard: &Heard| heard.messages.iter().filter(|(at, _)| *at < 90_900).copied().collect::<Vec<_>>();
    assert_eq!(until(&heard), until(&before), "planned and sounding notes go on");
    assert!(heard.ons().iter().any(|on| *on > 100_000), "and so does the answer");
    heard.check_pairs().unwrap();
}

#[test]
fn a_change_of_mode_ends_all_notes_and_starts_over() {
    for (from, to) in [
        (Mode::Answer, (|settings| settings.turn.mode = Mode::Trade) as fn(&mut Settings)),
        (Mode::Duet, |settings| settings.turn.mode = Mode::Answer),
        (Mode::Trade, |settings| settings.turn.mode = Mode::Duet),
    ] {
        let mut host = FakeHost::with_phrase();
        host.settings.turn.mode = from;
        host.settings.turn.trade.bars = 1;
        let at = BAR + BEAT + 77;
        host.turns = vec![(at, to)];
        let heard = host.play_in_any_blocks(8 * BAR);
        let before = heard.messages.iter().filter(|(frame, _)| *frame <= at).count();
        let ons = heard.ons().iter().filter(|on| **on <= at).count();
        assert_eq!(before, 2 * ons, "from {from:?}");
        assert!(ons > 0, "from {from:?}");
    }
}
