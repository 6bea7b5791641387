//! What people play when they try something out: steady quarters, swung eighths, riffs, held notes, left hands.
//!
//! All patterns are in C, and those with chords play over a blues; [`Music::transposed`] moves them to other keys.

use super::music::Music;
use segue_model::chord::Chord;
use segue_model::note::{Metre, Note, Pitch, Ticks, Velocity};

const QUARTER: Ticks = Ticks(48);
const EIGHTH: Ticks = Ticks(24);
const SIXTEENTH: Ticks = Ticks(12);
const BAR: Ticks = Metre::COMMON.bar();

/// Where the second eighth of swung patterns lies in its beat.
const SWING: f64 = 0.62;

/// A twelve-bar blues in C.
pub const BLUES: [&str; 12] = ["C7", "F7", "C7", "C7", "F7", "F7", "C7", "A7", "Dm7", "G7", "C7 A7", "Dm7 G7"];
/// Four bars that repeat.
pub const TURNAROUND: [&str; 4] = ["Cmaj7", "Am7", "Dm7", "G7"];
/// Eight bars of dance music.
pub const DANCE: [&str; 8] = ["C", "F", "C", "G7", "C", "F", "G7", "C"];

fn note(key: u8, onset: Ticks, duration: Ticks) -> Note {
    Note { onset, pitch: Pitch::new(key).unwrap_or(Pitch::MAX), duration, velocity: Velocity::DEFAULT }
}

/// These keys in order, repeated for this many bars of 4/4, each as long as `each`; key 0 is a rest.
pub fn row(title: &str, keys: &[u8], each: Ticks, bars: i64) -> Music {
    let count = bars * BAR.0 / each.0;
    let place = |(index, key): (i64, &u8)| (*key > 0).then(|| note(*key, Ticks(index * each.0), each));
    let notes = (0..count).zip(keys.iter().cycle()).filter_map(place).collect();
    Music { length: Ticks(bars * BAR.0), ..Music::new(title, notes, Metre::COMMON) }
}

/// A quarter on every beat.
pub fn steady_quarters(bars: i64) -> Music {
    row("steady quarters", &[60, 64, 67, 69, 70, 69, 67, 64], QUARTER, bars)
}

/// Straight eighths without a gap.
pub fn steady_eighths(bars: i64) -> Music {
    row("steady eighths", &[62, 66, 69, 66, 71, 69, 66, 64, 62, 64, 66, 69, 71, 74, 71, 69], EIGHTH, bars)
}

/// Swung eighths without a gap.
pub fn swung_eighths(bars: i64) -> Music {
    let keys = [60, 62, 63, 64, 67, 69, 70, 67, 72, 70, 69, 67, 66, 65, 63, 62];
    row("swung eighths", &keys, EIGHTH, bars).swung(SWING)
}

/// One bar of eighths, repeated as a looper would.
pub fn ostinato(bars: i64) -> Music {
    row("ostinato", &[62, 69, 74, 69, 65, 69, 74, 69], EIGHTH, bars)
}

/// A riff with rests.
pub fn riff(bars: i64) -> Music {
    row("riff", &[60, 0, 63, 65, 0, 60, 0, 0, 70, 67, 0, 65, 63, 60, 0, 0], EIGHTH, bars).swung(SWING)
}

/// One key, held throughout.
pub fn held_note(bars: i64) -> Music {
    row("held note", &[67], Ticks(bars * BAR.0), bars)
}

/// A low fifth, struck every four bars and held, under a melody of quarters and eighths.
pub fn drone(bars: i64) -> Music {
    let melody = row("melody", &[69, 69, 71, 71, 72, 71, 69, 67, 64, 64, 67, 67, 69, 69, 69, 69], EIGHTH, bars);
    let mut fifths: Vec<Note> = Vec::new();
    for bar in (0..bars).step_by(4) {
        let held = Ticks((bars - bar).min(4) * BAR.0);
        fifths.extend([45, 52].map(|key| note(key, Ticks(bar * BAR.0), held)));
    }
    Music { title: "drone".to_owned(), ..melody.with(&Music::new("fifths", fifths, Metre::COMMON)) }
}

/// Broken chords in eighths: lowest, highest, middle, highest.
pub fn alberti(chords: &[&str], bars: i64) -> Music {
    left_hand("Alberti bass", chords, bars, |tones, eighth| match eighth % 4 {
        0 => vec![(tones[0], EIGHTH)],
        2 => vec![(tones[1], EIGHTH)],
        _ => vec![(tones[2], EIGHTH)],
    })
}

/// The bass on beats one and three, the chord on two and four.
pub fn stride(chords: &[&str], bars: i64) -> Music {
    left_hand("stride", chords, bars, |tones, eighth| match eighth {
        0 => vec![(tones[0] - 12, QUARTER)],
        4 => vec![(tones[2] - 12, QUARTER)],
        2 | 6 => tones.map(|key| (key, EIGHTH)).to_vec(),
        _ => Vec::new(),
    })
}

/// Chords that last their whole bars.
pub fn block_chords(chords: &[&str], bars: i64) -> Music {
    left_hand("block chords", chords, bars, |tones, eighth| match eighth {
        0 | 4 => tones.map(|key| (key, Ticks(BAR.0 / 2))).to_vec(),
        _ => Vec::new(),
    })
}

/// Broken chords in sixteenths, to be joined by the pedal.
pub fn arpeggio(chords: &[&str], bars: i64) -> Music {
    left_hand("arpeggio", chords, bars, |tones, eighth| {
        let (first, second) = if eighth % 2 == 0 { (tones[0], tones[1]) } else { (tones[2], tones[0] + 12) };
        vec![(first, SIXTEENTH), (second, SIXTEENTH)]
    })
}

/// A left-hand pattern. `figure` gets root, third and fifth of the chord around C3, and the eighth of the bar; it
/// returns the keys with their lengths. Sixteenths follow each other; other lengths sound together.
fn left_hand(title: &str, chords: &[&str], bars: i64, figure: impl Fn([u8; 3], i64) -> Vec<(u8, Ticks)>) -> Music {
    /// C3.
    const LOWEST: u8 = 48;
    let empty = Music { length: Ticks(bars * BAR.0), ..Music::new(title, Vec::new(), Metre::COMMON) }.over(chords);
    let mut notes = Vec::new();
    for eighth in 0..bars * 8 {
        let at = Ticks(eighth * EIGHTH.0);
        let Some(chord) = empty.chord_at(at) else { continue };
        for (index, (key, length)) in (0..).zip(figure(close_triad(chord, LOWEST), eighth % 8)) {
            let later = if length < EIGHTH { Ticks(index * length.0) } else { Ticks::ZERO };
            notes.push(note(key, at + later, length));
        }
    }
    Music { notes, ..empty }
}

/// Root, third (or the note in its place) and fifth, upwards from this key.
fn close_triad(chord: Chord, lowest: u8) -> [u8; 3] {
    let tones: Vec<u8> = chord.kind().tones().iter().take(3).copied().collect();
    let root = lowest + chord.root();
    [root, root + tones.get(1).copied().unwrap_or(4), root + tones.get(2).copied().unwrap_or(7)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fill_their_bars_and_stay_in_them() {
        let left = |hand: fn(&[&str], i64) -> Music| hand(&DANCE, 6);
        let all = [
            steady_quarters(6),
            steady_eighths(6),
            swung_eighths(6),
            ostinato(6),
            riff(6),
            held_note(6),
            drone(6),
            left(alberti),
            left(stride),
            left(block_chords),
            left(arpeggio),
        ];
        for music in all {
            assert_eq!(music.bars(), 6, "{}", music.title);
            let last = music.notes.iter().map(|note| note.onset + note.duration).max();
            assert!(last.is_some_and(|last| last <= music.length), "{}", music.title);
            assert!(music.notes.is_sorted(), "{}", music.title);
        }
    }

    #[test]
    fn left_hands_play_the_chord_of_their_bar() {
        let keys = |music: Music, bar: i64| -> Vec<u8> {
            let inside = music.notes.iter().filter(|note| note.onset.0 / BAR.0 == bar);
            inside.map(|note| note.pitch.key()).collect()
        };
        assert_eq!(keys(alberti(&["C", "Am"], 2), 1), [57, 64, 60, 64, 57, 64, 60, 64]);
        assert_eq!(keys(stride(&["C", "Am"], 2), 0), [36, 48, 52, 55, 43, 48, 52, 55]);
        assert_eq!(keys(arpeggio(&["C"], 1), 0)[..4], [48, 52, 55, 60]);
    }
}
