//! The host's transport inside a block: what it last said, moved on to a later frame.

use clap_sys::events::{
    CLAP_TRANSPORT_HAS_BEATS_TIMELINE, CLAP_TRANSPORT_HAS_TEMPO, CLAP_TRANSPORT_HAS_TIME_SIGNATURE,
    CLAP_TRANSPORT_IS_PLAYING, clap_event_transport,
};
use clap_sys::fixedpoint::{CLAP_BEATTIME_FACTOR, CLAP_SECTIME_FACTOR};

/// The transport so many frames after the host said this of it. Positions move while the song plays; the tempo moves by
/// `tempo_inc` with every frame.
pub fn after(word: clap_event_transport, frames: u32, sample_rate: f64) -> clap_event_transport {
    let mut now = word;
    now.header.time = 0;
    let has = |flag| word.flags & flag != 0;
    if frames == 0 || !has(CLAP_TRANSPORT_IS_PLAYING) {
        return now;
    }
    let count = f64::from(frames);
    let seconds = count / sample_rate;
    now.song_pos_seconds = word.song_pos_seconds.saturating_add(fixed(seconds, CLAP_SECTIME_FACTOR));
    if has(CLAP_TRANSPORT_HAS_TEMPO) {
        // The mean of the tempo at both ends of a ramp.
        let tempo = word.tempo + word.tempo_inc * count / 2.0;
        now.tempo = word.tempo + word.tempo_inc * count;
        now.song_pos_beats = word.song_pos_beats.saturating_add(fixed(seconds * tempo / 60.0, CLAP_BEATTIME_FACTOR));
        move_bar(&mut now);
    }
    now
}

/// The bar that the position is in now, where the one before it is over.
fn move_bar(now: &mut clap_event_transport) {
    let wanted = CLAP_TRANSPORT_HAS_BEATS_TIMELINE | CLAP_TRANSPORT_HAS_TIME_SIGNATURE;
    if now.flags & wanted != wanted || now.tsig_denom == 0 {
        return;
    }
    let bar = i64::from(now.tsig_num) * 4 * CLAP_BEATTIME_FACTOR / i64::from(now.tsig_denom);
    let into = now.song_pos_beats.saturating_sub(now.bar_start);
    if bar > 0 && into >= bar {
        let bars = into / bar;
        now.bar_start = now.bar_start.saturating_add(bars * bar);
        now.bar_number = now.bar_number.saturating_add(i32::try_from(bars).unwrap_or(i32::MAX));
    }
}

/// As a whole number of so many parts.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "`as` saturates, and 2^31 is exact")]
fn fixed(value: f64, factor: i64) -> i64 {
    (value * factor as f64).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap_sys::events::clap_event_header;

    const RATE: f64 = 48_000.0;

    /// At a position in quarter notes, in a bar of three of them that began there.
    fn playing(beats: f64, bar_start: f64) -> clap_event_transport {
        let flags = CLAP_TRANSPORT_IS_PLAYING
            | CLAP_TRANSPORT_HAS_TEMPO
            | CLAP_TRANSPORT_HAS_BEATS_TIMELINE
            | CLAP_TRANSPORT_HAS_TIME_SIGNATURE;
        let header = clap_event_header { size: 0, time: 7, space_id: 0, type_: 0, flags: 0 };
        clap_event_transport {
            header,
            flags,
            song_pos_beats: fixed(beats, CLAP_BEATTIME_FACTOR),
            song_pos_seconds: 0,
            tempo: 120.0,
            tempo_inc: 0.0,
            loop_start_beats: 0,
            loop_end_beats: 0,
            loop_start_seconds: 0,
            loop_end_seconds: 0,
            bar_start: fixed(bar_start, CLAP_BEATTIME_FACTOR),
            bar_number: 5,
            tsig_num: 3,
            tsig_denom: 4,
        }
    }

    /// In quarter notes: position and bar start.
    #[allow(clippy::cast_precision_loss, reason = "small numbers")]
    fn place(transport: &clap_event_transport) -> (f64, f64) {
        let beats = |fixed: i64| fixed as f64 / CLAP_BEATTIME_FACTOR as f64;
        (beats(transport.song_pos_beats), beats(transport.bar_start))
    }

    #[test]
    fn a_playing_song_moves_and_enters_the_next_bars() {
        let second = 48_000;
        for (frames, beats, bar_start, bar) in
            [(0, 11.0, 9.0, 5), (second / 4, 11.5, 9.0, 5), (second / 2, 12.0, 12.0, 6), (3 * second, 17.0, 15.0, 7)]
        {
            let now = after(playing(11.0, 9.0), frames, RATE);
            assert_eq!(place(&now), (beats, bar_start), "after {frames} frames");
            assert_eq!((now.bar_number, now.header.time), (bar, 0));
            assert_eq!(now.song_pos_seconds, fixed(f64::from(frames) / RATE, CLAP_SECTIME_FACTOR));
        }
    }

    #[test]
    fn a_song_that_stands_stays_where_it_is() {
        let stopped = clap_event_transport { flags: CLAP_TRANSPORT_HAS_TEMPO, ..playing(11.0, 9.0) };
        assert_eq!(place(&after(stopped, 48_000, RATE)), (11.0, 9.0));
    }

    /// From 120 to 180 within a second that is two and a half quarter notes.
    #[test]
    fn a_tempo_ramp_moves_the_tempo_and_the_position() {
        let ramp = clap_event_transport { tempo_inc: 60.0 / RATE, ..playing(8.0, 6.0) };
        let now = after(ramp, 48_000, RATE);
        assert!((now.tempo - 180.0).abs() < 1e-9);
        assert!((place(&now).0 - 10.5).abs() < 1e-6, "{:?}", place(&now));
    }

    #[test]
    fn absurd_signatures_and_positions_do_no_harm() {
        let absurd = clap_event_transport { tsig_num: 0, tsig_denom: 0, ..playing(11.0, 9.0) };
        after(absurd, 48_000, RATE);
        let far = clap_event_transport { song_pos_beats: i64::MAX, bar_start: i64::MIN, ..playing(0.0, 0.0) };
        after(far, u32::MAX, RATE);
        after(clap_event_transport { tempo: f64::NAN, ..playing(0.0, 0.0) }, 5, RATE);
    }
}
