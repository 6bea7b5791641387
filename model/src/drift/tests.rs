use super::*;
use crate::note::{Metre, Velocity};

fn session(notes: &[(i64, u8, i64)]) -> LookBack {
    let mut session = LookBack::default();
    for (onset, key, duration) in notes {
        session.push(&Note {
            onset: Ticks(*onset),
            pitch: pitch(*key),
            duration: Ticks(*duration),
            velocity: Velocity::DEFAULT,
        });
    }
    session
}

fn pitch(key: u8) -> Pitch {
    Pitch::new(key).unwrap()
}

const BARS: Bars = Bars { line: Ticks::ZERO, metre: Metre::COMMON };

fn at(onset: i64, chord: Option<&str>) -> Beginning {
    let chord = chord.map(|text| Chord::parse(text).unwrap().unwrap());
    Beginning { onset: Ticks(onset), bars: Some(BARS), chord }
}

/// Quarters: C D E, C D. The next note is an E or something else.
const PHRASE: [(i64, u8, i64); 5] = [(0, 60, 48), (48, 62, 48), (96, 64, 48), (144, 60, 48), (192, 62, 48)];

#[test]
fn a_pitch_has_the_features_of_what_was_played_before() {
    let (vocabulary, session) = (Vocabulary::song(), session(&PHRASE));
    let before = Before::of(&vocabulary, &session, true);
    let of = |key, at: &Beginning| before.pitch(pitch(key), at);
    let middle = OF_HEIGHTS + HEIGHTS / 2;
    let interval =
        |beginning: usize, by: usize| OF_INTERVALS + INTERVALS * beginning + WIDEST.unsigned_abs() as usize + by;
    // The step up after a step up repeats C D E, of which only one interval was played before D.
    let expected = [
        interval(1, 2),
        middle + 1,
        OF_CHORD_TONES + 3,
        OF_PITCH_CLASSES + 4,
        OF_PITCHES + 4,
        OF_MOTIONS + 3 * MOTIONS + 3,
        OF_FIGURES + 1,
    ];
    assert_eq!(of(64, &at(240, Some("C"))), expected);
    // Off the beat, a fourth up to a note that was never played and that no chord has.
    let expected = [
        interval(0, 5),
        middle + 2,
        OF_CHORD_TONES,
        OF_PITCH_CLASSES,
        OF_PITCHES,
        OF_MOTIONS + 3 * MOTIONS + 4,
        OF_FIGURES,
    ];
    assert_eq!(of(67, &at(252, Some("D"))), expected);
    assert_eq!(of(67, &at(192, None))[0], interval(2, 5), "in a chord");
    assert_eq!(of(67, &at(192, None))[2], 0, "no chord is known");
    assert_eq!(of(20, &at(240, None))[0], OF_INTERVALS + INTERVALS, "wider intervals share a feature");
    let without = Vocabulary::dance();
    let before = Before::of(&without, &session, true);
    assert_eq!(before.pitch(pitch(64), &at(240, Some("C")))[2], 0, "the style knows no chords");
}

#[test]
fn a_longer_figure_counts_as_such() {
    let vocabulary = Vocabulary::song();
    let session =
        session(&[[(0, 55, 48)].as_slice(), &PHRASE.map(|(at, key, length)| (at + 48, key, length))].concat());
    let figure = |notes: &LookBack, key| Before::of(&vocabulary, notes, true).pitch(pitch(key), &at(288, None))[6];
    assert_eq!(figure(&session, 64), OF_FIGURES + 1);
    let mut again = session.clone();
    again.truncate(4);
    for (index, key) in (4..).zip([55, 60, 62]) {
        let onset = Ticks(index * 48);
        again.push(&Note { onset, pitch: pitch(key), duration: Ticks(48), velocity: Velocity::DEFAULT });
    }
    assert_eq!(figure(&again, 64), OF_FIGURES + 2);
    assert_eq!(figure(&again, 65), OF_FIGURES);
}

#[test]
fn steps_and_durations_know_their_place_in_the_beat() {
    let (vocabulary, session) = (Vocabulary::song(), session(&PHRASE));
    let before = Before::of(&vocabulary, &session, true);
    let step = |ticks| before.step(vocabulary.step_class(Ticks(ticks)).into(), Some(BARS));
    let class = |ticks| usize::from(vocabulary.step_class(Ticks(ticks)));
    assert_eq!(step(48), [OF_MOMENTS, OF_SHARES + 6, OF_RESTS, OF_CLASSES + 2 * class(48) + 1]);
    assert_eq!(step(72), [OF_MOMENTS + 1, OF_SHARES, OF_RESTS + 1, OF_CLASSES + 2 * class(72) + 1]);
    assert_eq!(before.step(class(48), None)[0], 0, "free time has no beats");
    let duration = |ticks, onset| before.duration(vocabulary.duration_class(Ticks(ticks)).into(), &at(onset, None));
    let class = |ticks| usize::from(vocabulary.duration_class(Ticks(ticks)));
    assert_eq!(duration(48, 240), [OF_MOMENTS, OF_SHARES + 6, OF_RESTS + 1, OF_CLASSES + 2 * class(48) + 1]);
    assert_eq!(duration(12, 264), [OF_MOMENTS + 2, OF_SHARES, OF_RESTS, OF_CLASSES + 2 * class(12)]);
}

/// At *Memory* 0 nothing of the session is taken up, and before the first note there is nothing.
#[test]
fn without_memory_no_feature_tells_of_the_session() {
    let (vocabulary, session) = (Vocabulary::song(), session(&PHRASE));
    let before = Before::of(&vocabulary, &session, false);
    let features = before.pitch(pitch(64), &at(240, None));
    assert_eq!([features[3], features[4], features[6]], [0; 3]);
    assert_eq!([before.step(3, Some(BARS))[1], before.duration(3, &at(240, None))[1]], [0; 2]);
    let first = LookBack::default();
    let before = Before::of(&vocabulary, &first, true);
    assert_eq!(before.pitch(pitch(64), &at(0, None)), [0; 7]);
    assert_eq!([before.step(3, Some(BARS)), before.duration(3, &at(0, None))], [[0; 4]; 2]);
}

#[test]
fn every_feature_has_a_summand_in_every_vocabulary() {
    for vocabulary in [Vocabulary::song(), Vocabulary::dance(), Vocabulary::solo(), Vocabulary::piano()] {
        let none = DriftCorrection::none(&vocabulary);
        let session = session(&PHRASE);
        let before = Before::of(&vocabulary, &session, true);
        for place in [at(192, None), at(240, Some("C")), at(247, Some("F#m7"))] {
            let counts = vocabulary.counts();
            for class in 0..counts.pitch {
                assert!(before.pitch(vocabulary.pitch(class), &place).iter().all(|of| *of < none.pitch.len()));
            }
            for class in 0..counts.step {
                assert!(before.step(class, place.bars).iter().all(|of| *of < none.step.len()));
            }
            for class in 0..counts.duration {
                assert!(before.duration(class, &place).iter().all(|of| *of < none.duration.len()));
            }
        }
    }
}

#[test]
fn a_logit_gains_the_sum_of_its_features() {
    let mut logits = [1.0; 3];
    correct(&mut logits, (&[0.0, 0.5, -0.25], 2.0), |class| [class, 2, 7]);
    assert!(logits.iter().zip([0.5, 1.5, 0.0]).all(|(logit, expected): (&f32, f32)| (logit - expected).abs() < 1e-6));
}

#[test]
fn what_this_build_cannot_play_does_not_fit() {
    let vocabulary = Vocabulary::dance();
    let none = DriftCorrection::none(&vocabulary);
    assert!(none.fits(&vocabulary));
    assert!(!none.fits(&Vocabulary::piano()), "other classes");
    let faults: [fn(&mut DriftCorrection); 6] = [
        |drift| drift.pitch[3] = 4.1,
        |drift| drift.step[3] = f32::NAN,
        |drift| drift.duration[0] = 0.5,
        |drift| drift.pitch.push(0.0),
        |drift| drift.velocity_gain = 0.9,
        |drift| drift.velocity_gain = 1.3,
    ];
    for fault in faults {
        let mut drift = none.clone();
        fault(&mut drift);
        assert!(!drift.fits(&vocabulary), "{drift:?}");
    }
}
