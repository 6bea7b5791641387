//! The clock without a song, and what songs do to it.

use super::modes::{BAR, alone, without_song};
use super::*;

#[test]
fn a_tapped_tempo_counts_from_the_last_tap_on_in_any_blocks() {
    let mut host = without_song(Mode::Answer);
    host.settings.turn.start_grid = StartGrid::Quarter;
    // 96 quarter notes a minute.
    for tap in 0..3 {
        host.turns.push((tap * 30_000 + 1, |settings| settings.buttons.tap = true));
        host.turns.push((tap * 30_000 + 9_000, |settings| settings.buttons.tap = false));
    }
    host.key(60, 300_007, 10_000);
    let heard = host.play_in_any_blocks(900_000);
    // After a single short note Segue waits for the next beat, where another may come.
    assert_eq!(heard.ons()[0], 300_007 + 60_000);
}

#[test]
fn the_tempo_of_a_phrase_is_read_and_the_answer_keeps_to_it() {
    for mode in [Mode::Answer, Mode::Trade, Mode::Duet] {
        let mut host = without_song(mode);
        host.settings.timing.tempo_from = TempoFrom::Phrase;
        host.settings.turn.start_grid = StartGrid::Quarter;
        host.settings.turn.response_gap_ms = 1_000.0;
        host.settings.turn.trade.bars = 2;
        // 90 quarter notes a minute: two bars of quarters and eighths.
        let (first, quarter) = (123_457, 32_000);
        let figure = [0, 2, 3, 4, 6, 8, 10, 11, 12, 14];
        for (index, eighth) in (0_u8..).zip(figure) {
            let uneven = [0, 300, -250, 120, -310][usize::from(index) % 5];
            host.key(60 + index, first + eighth * quarter / 2 + uneven, 9_000);
        }
        let heard = host.play_in_any_blocks(first + 20 * quarter);
        let ons = heard.ons();
        if mode == Mode::Duet {
            continue;
        }
        // The last key is up soon after beat 7; with the gap that is after beat 8.
        let beat = if mode == Mode::Trade { 8 } else { 9 };
        let away = ons[0] - (first + beat * quarter);
        assert!(away.abs() < 400, "{mode:?}: {away} frames");
    }
}

/// The window sees whether the tempo was read from the phrase.
#[test]
fn the_window_sees_whether_the_tempo_was_read() {
    for (from, is_read) in [(TempoFrom::Phrase, true), (TempoFrom::Setting, false)] {
        let mut host = without_song(Mode::Answer);
        host.settings.timing.tempo_from = from;
        let (first, quarter) = (123_457, 32_000);
        for (index, eighth) in (0_u8..).zip([0, 2, 3, 4, 6, 8, 10, 11, 12, 14]) {
            host.key(60 + index, first + eighth * quarter / 2, 9_000);
        }
        let heard = host.play(first + 8 * quarter, &[512]);
        let snapshot = heard.pages.unwrap().present().unwrap().snapshot;
        assert_eq!(snapshot.tempo_is_read, is_read, "{from:?}");
        assert_eq!((snapshot.tempo_bpm - 90.0).abs() < 2.0, is_read, "{from:?}: {} bpm", snapshot.tempo_bpm);
    }
}

#[test]
fn a_trade_without_a_song_keeps_to_a_phrase_whose_bars_move() {
    let mut host = without_song(Mode::Trade);
    host.settings.timing.tempo_from = TempoFrom::Phrase;
    host.settings.turn.trade.bars = 1;
    for index in 0..60 {
        let uneven = [0, 900, -700, 500, -600, 200, 100][index as usize % 7];
        host.key(60 + (index % 12) as u8, 123_457 + index * 16_000 + uneven, 9_000);
    }
    host.play_in_any_blocks(1_200_000);
}

#[test]
fn a_chart_goes_on_bar_by_bar_where_the_metre_changes() {
    let mut host = alone(Mode::Duet);
    host.metres = vec![(0, Metre::COMMON), (4 * BAR, Metre::new(3, 4).unwrap())];
    let heard = host.play(8 * BAR, &[256]);
    let bar = |request: &crate::link::Request| {
        let (Begin::At(onset) | Begin::NotBefore(onset)) = request.begin;
        (onset, (onset - request.form).0.div_euclid(request.bars.unwrap().metre.bar().0))
    };
    let mut counted = 0;
    for (onset, number) in heard.requests().iter().map(bar) {
        let tick = onset.0;
        let wanted = if tick < 768 { tick / 192 } else { 4 + (tick - 768) / 144 };
        // The last requests before the change are made in the bars of before.
        if !(768..800).contains(&tick) {
            assert_eq!(number, wanted, "at tick {tick}");
            counted += 1;
        }
    }
    assert!(counted > 20);
}

/// A player who comes back after a silence exactly on a tick begins a bar on it, at every block size.
#[test]
fn a_note_after_a_silence_on_a_tick_begins_a_bar_on_it() {
    let mut host = without_song(Mode::Answer);
    host.settings.turn.answer_bars = 1;
    let first = 123_457;
    // Whole beats apart, so that noise alone decides on which side of the tick each of them lies.
    for again in (9..25).map(|beats| first + 4 * BAR + beats * BEAT) {
        host.events.clear();
        host.key(60, first, 20_000).key(64, again, 20_000);
        host.play_in_any_blocks(again + 2 * BAR);
    }
}

/// The comping follows the bars of a phrase from the onset on that moved them, at every block size.
#[test]
fn the_comping_follows_moved_bars_from_that_onset_on() {
    let mut host = without_song(Mode::Answer);
    host.settings.timing.tempo_from = TempoFrom::Phrase;
    host.settings.accompaniment.comping = true;
    let (first, quarter) = (123_457, 32_000);
    for (index, eighth) in (0_u8..).zip([0, 2, 3, 4, 6, 8, 10, 11, 12, 14]) {
        let uneven = [0, 300, -250, 120, -310][usize::from(index) % 5];
        host.key(60 + index, first + eighth * quarter / 2 + uneven, 9_000);
    }
    let until = first + 8 * quarter;
    let play = |lengths: &[u32]| {
        let mut sounds = host.play(until, lengths).sounds;
        sounds.retain(|(at, _)| *at < until);
        sounds
    };
    let whole = play(&[1 << 20]);
    assert!(whole.iter().any(|(_, what)| matches!(what, SynthEvent::NoteOn { source: NoteSource::Comping, .. })));
    for lengths in [&[1_u32][..], &[64], &[441], &[4_096]] {
        assert_eq!(play(lengths), whole, "{lengths:?}");
    }
}

/// Where a tempo that is read from the phrase moves the beat, planned notes move with it, and one whose end is passed
/// by then is left out: it would be a click.
#[test]
fn no_note_ends_as_it_begins_where_a_phrase_moves_the_beat() {
    for seed in 60..70_i64 {
        let mut host = without_song(Mode::Duet);
        host.settings.timing.tempo_from = TempoFrom::Phrase;
        host.settings.timing.swing = [0.5, 0.75][seed as usize % 2];
        let mut at = 123_457;
        for index in 0..60_i64 {
            at += [12_000, 24_000, 7_000, 17_000, 9_000][((index * index + seed) % 5) as usize] + 131 * (seed % 7);
            host.key(60 + (index % 12) as u8, at, 6_000);
        }
        let heard = host.play(at + BEAT, &[512]);
        for (index, (at, message)) in heard.messages.iter().enumerate() {
            let Message::NoteOff { key, .. } = message else { continue };
            let before = heard.messages[..index].iter().rev().take_while(|(earlier, _)| earlier == at);
            let begins = |message: &Message| matches!(message, Message::NoteOn { key: on, .. } if on == key);
            assert!(!before.clone().any(|(_, message)| begins(message)), "seed {seed}: {message:?} at {at}");
        }
        assert!(heard.ons().len() > 20);
    }
}

/// A tick less than half a frame before a block is rounded to its first frame, whatever tempo begins with the block.
#[test]
fn nothing_is_late_where_the_tempo_changes_with_a_note() {
    let mut host = alone(Mode::Duet);
    host.settings.timing.look_ahead_ms = 0.0;
    host.tempos = vec![(0, 137.3)];
    let notes = host.play(8 * BAR, &[441]).ons();
    for (on, bpm) in notes.iter().zip([19.3, 61.7, 101.0].into_iter().cycle()) {
        host.tempos = vec![(0, 137.3), (*on, bpm)];
        let heard = host.play(on + BAR, &[441]);
        // One that was rounded down moves with the tempo, by half a frame of the old one.
        assert!(heard.ons().iter().any(|other| (0..=4).contains(&(other - on))), "{on}: {:?}", heard.ons());
        assert_eq!((heard.stats.late.get(), heard.stats.dropped.get()), (0, 0), "{bpm} from {on} on");
    }
    assert!(notes.len() > 20);
}
