//! Hosts whose clock jitters, or whose song is nudged: Segue plays on.

use super::modes::{BAR, alone};
use super::*;

/// Two milliseconds: a note this short is a click.
const CLICK: i64 = 96;

impl Heard {
    /// Segue's notes that have ended: onset and length.
    fn played(&self) -> Vec<(i64, i64)> {
        let mut down: Vec<(Key, i64)> = Vec::new();
        let mut lengths = Vec::new();
        for &(at, message) in &self.messages {
            match message {
                Message::NoteOn { key, .. } => down.push((key, at)),
                Message::NoteOff { key, .. } => {
                    let same = |(held, _): &(Key, i64)| (held.channel, held.pitch) == (key.channel, key.pitch);
                    if let Some(index) = down.iter().position(same) {
                        let (_, began) = down.remove(index);
                        lengths.push((began, at - began));
                    }
                }
                Message::Control(_) | Message::Shape { .. } => {}
            }
        }
        lengths
    }
}

/// A host with the phrase and an answer of four bars, or with the other modes.
fn playing(mode: Mode) -> FakeHost {
    let mut host = if mode == Mode::Answer { FakeHost::with_phrase() } else { alone(mode) };
    host.settings.turn.answer_bars = 4;
    host.single_line = true;
    host
}

/// A nudge of up to 50 ms keeps the answer and makes no click, in every mode.
#[test]
fn a_nudge_of_up_to_50_ms_keeps_the_answer_in_every_mode() {
    for mode in [Mode::Answer, Mode::Trade, Mode::Duet] {
        let plain = playing(mode).play(8 * BAR, &[256]);
        for nudge_ms in [-50, -44, -22, -20, 10, 20, 22, 44, 50] {
            let mut host = playing(mode);
            let at = 3 * BAR + 12_345;
            host.song.push((at, Some((at + nudge_ms * 48) as f64 / BEAT as f64)));
            let heard = host.play_in_any_blocks(8 * BAR);
            let case = format!("{mode:?}, {nudge_ms} ms");
            let click = heard.played().into_iter().find(|(began, length)| *began > at - BEAT && *length < CLICK);
            // The shortest note of the model is one tick, and it loses at most an eighth of its length.
            assert_eq!(click, None, "{case}");
            let (before, after) = (plain.ons().len(), heard.ons().len());
            assert!(before.abs_diff(after) * 5 <= before, "{case}: {after} notes instead of {before}");
            // Once our time has caught up, it is on the song's beats again.
            let late = at + 2 * BEAT;
            let beside = |on: i64| ((on + nudge_ms * 48) % 500).min(500 - (on + nudge_ms * 48) % 500);
            let worst = heard.ons().into_iter().filter(|on| *on > late).map(beside).max();
            assert_eq!(worst, Some(0), "{case}");
        }
    }
}

/// A position or a tempo that jitters keeps the answer and makes no click, in every mode.
#[test]
fn jitter_of_position_or_tempo_keeps_the_answer_in_every_mode() {
    fn noise(frame: i64) -> f64 {
        let mixed = (frame as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 11;
        mixed as f64 / (1_u64 << 52) as f64 - 1.0
    }
    let jitters: [fn(i64) -> f64; 3] =
        [|frame| noise(frame) * 0.02, |frame| noise(frame) * 0.06, |frame| noise(frame) * 0.1];
    for mode in [Mode::Answer, Mode::Trade, Mode::Duet] {
        let plain = playing(mode).play(8 * BAR, &[256]);
        for (number, beside) in jitters.into_iter().enumerate() {
            for length in [64, 256, 1_024, 4_096] {
                for offline in [true, false] {
                    let mut host = playing(mode);
                    (host.beside, host.offline) = (beside, offline);
                    if number == 0 {
                        let tempo = |at: i64| 120.0 + 5.0 * noise(at + 1);
                        let blocks = 0..8 * BAR / i64::from(length);
                        host.tempos = blocks.map(|block| (block * i64::from(length), tempo(block))).collect();
                        // The song itself keeps its tempo.
                        host.song = (0..8 * BAR / i64::from(length))
                            .map(|block| {
                                (block * i64::from(length), Some((block * i64::from(length)) as f64 / BEAT as f64))
                            })
                            .collect();
                    }
                    let heard = host.play(8 * BAR, &[length]);
                    let case = format!("{mode:?}, jitter {number}, blocks of {length}, offline {offline}");
                    let click = heard.played().into_iter().find(|(_, length)| *length < CLICK);
                    assert_eq!(click, None, "{case}");
                    let (before, after) = (plain.ons().len(), heard.ons().len());
                    // The fake model's decisions depend on the exact ticks of what it heard.
                    assert!(after * 2 >= before && after <= before * 2, "{case}: {after} notes instead of {before}");
                }
            }
        }
    }
}
