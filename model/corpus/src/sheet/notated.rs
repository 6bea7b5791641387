//! What was played, as somebody would write it down: on a grid, without the short rests between detached notes.

use segue_model::note::{Bars, Note, Pitch, TICKS_PER_QUARTER, Ticks};
use std::collections::BTreeMap;

/// The parts that a beat may be divided into, each with what it costs beside an error of so many ticks for each note:
/// the simplest that is near enough is written.
const DIVISIONS: [(i64, i64); 6] = [(1, 0), (2, 0), (4, 1), (3, 1), (6, 3), (8, 3)];
/// A beat that no division keeps apart has this one.
const FINEST: i64 = 16;
/// Costs more than every error.
const COLLISION: i64 = 1_000;
/// A rest up to this between two notes is how they are articulated, and not written.
const REST: Ticks = Ticks(TICKS_PER_QUARTER / 4);
/// Notes that begin so close together are a chord.
const CHORD: Ticks = Ticks(2);

/// The notes with onsets and ends moved onto a grid that suits each beat. Notes of notation stay as they are. No two
/// notes of one key come to begin together, and their order stays.
pub(super) fn notated(notes: &[Note], bars: &[Bars]) -> Vec<Note> {
    if notes.iter().all(is_written) {
        return notes.to_vec();
    }
    let beat = |at: Ticks| {
        let begun = bars.partition_point(|bars| bars.line <= at);
        let line = bars.get(begun.saturating_sub(1)).map_or(Ticks::ZERO, |bars| bars.line);
        at - Ticks((at - line).0.rem_euclid(TICKS_PER_QUARTER))
    };
    let mut beats: BTreeMap<Ticks, Vec<&Note>> = BTreeMap::new();
    for note in notes {
        beats.entry(beat(note.onset)).or_default().push(note);
    }
    let divisions: BTreeMap<Ticks, i64> = beats.iter().map(|(beat, notes)| (*beat, division(*beat, notes))).collect();
    let onset = |note: &Note| {
        let beat = beat(note.onset);
        nearest(note.onset, beat, divisions.get(&beat).copied().unwrap_or(FINEST))
    };
    let mut written: Vec<Note> = notes.iter().map(|note| Note { onset: onset(note), ..*note }).collect();
    for (note, played) in written.iter_mut().zip(notes) {
        let end = played.onset + played.duration;
        let of_onset = divisions.get(&beat(played.onset)).copied().unwrap_or(FINEST);
        // A note that ends among the triplets in which it began is one of them; others end on sixteenths.
        let (beat, is_within) = (beat(end), beat(end) == beat(played.onset));
        let is_triplet = of_onset % 3 == 0;
        let division = if is_triplet && is_within {
            of_onset
        } else if is_triplet {
            4
        } else {
            of_onset.max(4)
        };
        let shortest = Ticks(TICKS_PER_QUARTER / if is_triplet { of_onset } else { of_onset.max(4) });
        note.duration = (nearest(end, beat, division) - note.onset).max(shortest);
    }
    written.sort_unstable();
    apart(&mut written);
    without_short_rests(&mut written);
    written
}

/// Where two notes of one key came to begin together, the later one begins a little later.
fn apart(written: &mut [Note]) {
    let mut latest: BTreeMap<Pitch, Ticks> = BTreeMap::new();
    for note in written.iter_mut() {
        let soonest = latest.get(&note.pitch).map_or(note.onset, |latest| *latest + Ticks(TICKS_PER_QUARTER / FINEST));
        note.onset = note.onset.max(soonest);
        latest.insert(note.pitch, note.onset);
    }
    written.sort_unstable();
}

/// Whether a note lies on the grids that notation has anyway: sixty-fourths, and triplets down to sixteenths.
fn is_written(note: &Note) -> bool {
    let fits = |ticks: Ticks| ticks.0 % 3 == 0 || ticks.0 % 8 == 0;
    fits(note.onset) && fits(note.duration)
}

/// The place on the grid of a beat that is nearest.
fn nearest(at: Ticks, beat: Ticks, division: i64) -> Ticks {
    let part = TICKS_PER_QUARTER / division;
    beat + Ticks(((at - beat).0 * 2 + part).div_euclid(2 * part) * part)
}

/// Into how many parts a beat with these notes is divided.
fn division(beat: Ticks, notes: &[&Note]) -> i64 {
    let cost = |division: i64, price: i64| {
        let places = || notes.iter().map(|note| nearest(note.onset, beat, division));
        let error: i64 = notes.iter().zip(places()).map(|(note, place)| (note.onset - place).0.abs()).sum();
        let pairs = || notes.iter().zip(notes.iter().skip(1)).zip(places().zip(places().skip(1)));
        let collisions = pairs().filter(|((one, next), (at, then))| at == then && one.onset + CHORD < next.onset);
        let count = i64::try_from(notes.len()).unwrap_or(1);
        error + price * count + COLLISION * i64::try_from(collisions.count()).unwrap_or(0)
    };
    let costs = DIVISIONS.iter().map(|(division, price)| (cost(*division, *price), *division));
    costs.min().filter(|(cost, _)| *cost < COLLISION).map_or(FINEST, |(_, division)| division)
}

/// Lengthens each note to the next onset if only a short rest lies between them.
fn without_short_rests(written: &mut [Note]) {
    let onsets: Vec<Ticks> = written.iter().map(|note| note.onset).collect();
    for note in written {
        let end = note.onset + note.duration;
        let next = onsets.partition_point(|onset| *onset < end.max(note.onset + Ticks(1)));
        if let Some(next) = onsets.get(next).filter(|next| (Ticks(1)..=REST).contains(&(**next - end))) {
            note.duration = *next - note.onset;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_model::note::{Metre, Velocity};

    fn note((onset, duration, key): (i64, i64, u8)) -> Note {
        let pitch = Pitch::new(key).unwrap();
        Note { onset: Ticks(onset), pitch, duration: Ticks(duration), velocity: Velocity::DEFAULT }
    }

    fn check(played: &[(i64, i64, u8)], expected: &[(i64, i64)]) {
        let notes: Vec<Note> = played.iter().copied().map(note).collect();
        let bars = [Bars { line: Ticks::ZERO, metre: Metre::COMMON }];
        let written: Vec<(i64, i64)> =
            notated(&notes, &bars).iter().map(|note| (note.onset.0, note.duration.0)).collect();
        assert_eq!(written, expected, "{played:?}");
    }

    #[test]
    fn played_eighths_are_written_as_eighths() {
        check(&[(1, 20, 60), (23, 21, 62), (49, 25, 64), (71, 22, 65)], &[(0, 24), (24, 24), (48, 24), (72, 24)]);
    }

    #[test]
    fn played_triplets_and_sixteenths_are_told_apart() {
        check(&[(1, 13, 60), (17, 14, 62), (33, 14, 64)], &[(0, 16), (16, 16), (32, 16)]);
        check(&[(1, 10, 60), (13, 9, 62), (25, 11, 64), (35, 13, 65)], &[(0, 12), (12, 12), (24, 12), (36, 12)]);
    }

    /// Notes of notation, quintuplets aside, come out as they went in.
    #[test]
    fn what_is_notation_stays() {
        check(&[(0, 24, 60), (24, 6, 62), (48, 16, 64), (64, 32, 65)], &[(0, 24), (24, 6), (48, 16), (64, 32)]);
    }

    /// A rest that one hears is written, and one that only parts two notes is not.
    #[test]
    fn short_rests_are_articulation() {
        check(&[(1, 37, 60), (49, 10, 62), (97, 40, 64)], &[(0, 48), (48, 12), (96, 36)]);
    }

    /// However fast, no note is lost and none overtakes another.
    #[test]
    fn no_note_is_lost() {
        for step in 3..20 {
            let played: Vec<Note> =
                (0..40).map(|index| note((index * step, 5, if index % 2 == 0 { 60 } else { 61 }))).collect();
            let written = notated(&played, &[]);
            assert_eq!(written.len(), played.len());
            let mut places: Vec<(Ticks, Pitch)> = written.iter().map(|note| (note.onset, note.pitch)).collect();
            places.dedup();
            assert_eq!(places.len(), played.len(), "a step of {step}");
        }
    }
}
