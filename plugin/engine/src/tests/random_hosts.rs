//! Hosts that may do anything at any time.

use super::*;
use crate::host::Sends;

/// Pseudo-random small numbers, the same on every run.
struct Rng(u64);

impl Rng {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }

    fn frame(&mut self, below: i64) -> i64 {
        self.roll(below as u64) as i64
    }
}

/// Until when the random host plays.
const BUSY: i64 = 240_000;
/// When the random host stops acting.
const QUIET: i64 = 550_000;

/// Five seconds of a host that may do anything at any time; then it releases all keys and listens.
fn any_host(rng: &mut Rng) -> FakeHost {
    let mut host = FakeHost::with_phrase();
    for _ in 0..rng.roll(60) {
        let pitch = 40 + rng.roll(30) as u8;
        let at = rng.frame(BUSY);
        host.events.push((at, press(pitch)));
        // Some note-offs are lost.
        if rng.roll(8) > 0 {
            host.events.push((at + 1 + rng.frame(40_000), lift(pitch)));
        }
    }
    for _ in 0..rng.roll(6) {
        let number = [SUSTAIN, RESET_CONTROLLERS, ALL_NOTES_OFF, ALL_SOUND_OFF][rng.roll(4) as usize];
        let message = ChannelMessage::Controller { channel: 0, number, value: rng.roll(2) as f32 };
        host.events.push((rng.frame(BUSY), HostEvent::Control(message)));
    }
    for _ in 0..rng.roll(5) {
        let beats = (rng.roll(3) > 0).then(|| rng.roll(4_000) as f64 / 16.0 - 20.0);
        host.song.push((1 + rng.frame(BUSY), beats));
    }
    for _ in 0..rng.roll(4) {
        host.tempos.push((1 + rng.frame(BUSY), 40.0 + rng.roll(2_600) as f64 / 10.0));
    }
    for _ in 0..rng.roll(3) {
        let metre = Metre::new(1 + rng.roll(12) as u8, 1 << rng.roll(5)).unwrap();
        host.metres.push((1 + rng.frame(BUSY), metre));
    }
    for _ in 0..rng.roll(10) {
        host.temperatures.push((1 + rng.frame(BUSY), rng.roll(200) as f32 / 100.0));
    }
    let all = KeyPattern { voice: None, channel: None, pitch: None };
    host.events.push((BUSY + 50_000, HostEvent::NoteOff { keys: all, velocity: 0.0 }));
    host.events.push((
        BUSY + 50_000,
        HostEvent::Control(ChannelMessage::Controller { channel: 0, number: SUSTAIN, value: 0.0 }),
    ));
    host.events.sort_by_key(|(at, _)| *at);
    // At the end the song starts and stops, which ends everything that still plays.
    host.song.extend([(QUIET, Some(0.0)), (QUIET + 1_000, None)]);
    host.song.sort_by_key(|(at, _)| *at);
    host.temperatures.sort_by_key(|(at, _)| *at);
    host.tempos.sort_by_key(|(at, _)| *at);
    host.metres.sort_by_key(|(at, _)| *at);
    host.reset_at = (rng.roll(4) == 0).then(|| 1 + rng.frame(BUSY));
    host.refuses_each = (rng.roll(4) == 0).then(|| 2 + rng.roll(5) as u32);
    host.settings.midi.thru = rng.roll(2) == 0;
    host.settings.turn.answer_bars = 1;
    host.settings.turn.mode = [Mode::Answer, Mode::Trade, Mode::Duet][rng.roll(3) as usize];
    host.settings.turn.trade =
        Trade { bars: 1 + rng.roll(2) as u8, segue_first: rng.roll(2) == 0, rings_over: rng.roll(2) == 0 };
    host.settings.turn.on_yield = [Yield::AtOnce, Yield::AfterNote, Yield::AtBeat][rng.roll(3) as usize];
    host.settings.turn.drone_below = 40 + rng.roll(30) as u8;
    host.settings.style.free_time = rng.roll(4) == 0;
    host.single_line = rng.roll(2) == 0;
    let changes: [fn(&mut Settings); 6] = [
        |settings| settings.buttons.your_turn = true,
        |settings| settings.buttons.your_turn = false,
        |settings| settings.buttons.forget = true,
        |settings| settings.turn.mode = Mode::Answer,
        |settings| settings.turn.mode = Mode::Trade,
        |settings| settings.turn.mode = Mode::Duet,
    ];
    for _ in 0..rng.roll(6) {
        host.turns.push((1 + rng.frame(BUSY), changes[rng.roll(6) as usize]));
    }
    host.turns.sort_by_key(|(at, _)| *at);
    host.settings.turn.response_gap_ms = rng.roll(300) as f32;
    host.settings.turn.start_grid =
        [StartGrid::Free, StartGrid::Quarter, StartGrid::Eighth, StartGrid::Sixteenth, StartGrid::Bar]
            [rng.roll(5) as usize];
    host.settings.timing.swing = [0.5, 0.62, 0.75][rng.roll(3) as usize];
    host.settings.midi.octave = rng.roll(7) as i8 - 3;
    host.settings.accompaniment.comping = rng.roll(2) == 0;
    host.settings.accompaniment.comping_channel = [None, Some(0), Some(5)][rng.roll(3) as usize];
    host.settings.accompaniment.click = rng.roll(2) == 0;
    host.turns.push((QUIET, |settings| settings.accompaniment.comping = false));
    let split = Pitch::new(55).unwrap();
    host.settings.harmony = [Harmony::Chart, Harmony::Played, Harmony::Low(split), Harmony::Off][rng.roll(4) as usize];
    host.offline = rng.roll(2) == 0;
    host.speed = [Speed::Quick, Speed::Quick, Speed::Slow(3), Speed::Slow(40), Speed::Absent][rng.roll(5) as usize];
    host.panics_often = rng.roll(4) == 0;
    let mut beats = || (rng.roll(2) == 0).then(|| rng.roll(4_000) as f64 / 16.0 - 20.0);
    (host.stands_at, host.loop_beats) = (beats(), beats().zip(beats()));
    on_stage(rng, &mut host);
    host
}

/// Silence on request, and answers that are played again.
fn on_stage(rng: &mut Rng, host: &mut FakeHost) {
    let changes: [fn(&mut Settings); 6] = [
        |settings| settings.turn.is_muted = true,
        |settings| settings.turn.is_muted = false,
        |settings| settings.buttons.again = true,
        |settings| settings.buttons.again = false,
        |settings| settings.again.back = 1,
        |settings| settings.again.keeps = true,
    ];
    for _ in 0..rng.roll(8) {
        host.turns.push((1 + rng.frame(BUSY), changes[rng.roll(6) as usize]));
    }
    host.turns.sort_by_key(|(at, _)| *at);
    host.settings.again.fits_chords = rng.roll(2) == 0;
    host.settings.timing.chord_window_ms = [0.0, 30.0, 40.0][rng.roll(3) as usize];
    host.settings.midi.mpe = rng.roll(4) == 0;
    host.settings.midi.sends = Sends { line: rng.roll(6) > 0, comping: rng.roll(4) > 0 };
    // Some of the keys are drums, or of a keyboard with a channel for each key.
    let channel = [0, 0, 9, 5][rng.roll(4) as usize];
    for (_, event) in &mut host.events {
        match event {
            HostEvent::NoteOn { key, .. } if key.pitch.key() % 3 == 0 => key.channel = channel,
            HostEvent::NoteOff { keys, .. } if keys.pitch.is_some_and(|pitch| pitch.key() % 3 == 0) => {
                keys.channel = Some(channel);
            }
            _ => {}
        }
    }
}

/// Whatever a host does, every note ends; and offline, block sizes change nothing.
#[test]
fn random_hosts_leave_no_note_and_offline_blocks_do_not_matter() {
    let mut notes = 0;
    for seed in 1..=300 {
        let mut rng = Rng(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed));
        let host = any_host(&mut rng);
        let [one, other] = [(); 2].map(|()| {
            let lengths: Vec<u32> = (0..7).map(|_| 1 + rng.roll([64, 600, 5_000][seed as usize % 3]) as u32).collect();
            let heard = host.play(QUIET + 10_000, &lengths);
            heard.check_pairs().unwrap_or_else(|fault| panic!("host {seed}, blocks {lengths:?}: {fault}"));
            if host.reset_at.is_none() {
                heard.check_sounds().unwrap_or_else(|fault| panic!("host {seed}, blocks {lengths:?}: {fault}"));
            }
            heard
        });
        // A host that refuses a message gets it again with every block, so its block sizes do matter.
        if host.offline && host.refuses_each.is_none() && host.speed == Speed::Quick {
            let pairs = one.messages.iter().zip(&other.messages);
            let differs = pairs.clone().find(|(one, other)| one != other);
            assert_eq!(differs, None, "host {seed}");
            assert_eq!(one.messages.len(), other.messages.len(), "host {seed}");
        }
        notes += one.ons().len();
    }
    assert!(notes > 2_000, "only {notes} notes in all");
}
