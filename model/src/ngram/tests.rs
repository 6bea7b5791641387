use super::*;

const PITCHES: usize = 20;

fn past(pitches: &[u8]) -> PitchHistory {
    let mut past = PitchHistory::default();
    for pitch in pitches {
        past.push(*pitch);
    }
    past
}

/// The log ratio of the pitch that lies `interval` above the last one.
fn log_ratio(pitches: &[u8], interval: i8) -> f32 {
    let mut ratios = Vec::new();
    assert!(NgramModel::with_two_figures().log_ratios(&past(pitches), PITCHES, &mut ratios));
    ratios[usize::from(pitches[pitches.len() - 1].checked_add_signed(interval).unwrap())]
}

/// A successor of a figure is more probable after it than after any note.
#[test]
fn a_counted_successor_gains_after_its_figure() {
    assert!(log_ratio(&[1, 6], 2) > 1.0, "a fifth of the probability here, but almost none after other notes");
    assert!(log_ratio(&[1, 6], -2) < 0.0, "at the cost of common pitches");
    assert!(log_ratio(&[2, 6], 2).abs() < 1e-6, "that leap is not a known figure");
    assert!(log_ratio(&[6], 2).abs() < 1e-6, "one note is not a figure");
}

#[test]
fn by_hand() {
    // After any note: a uniform probability of 1/20 weighs 2 kinds × 16, beside 302 notes. After the leap: 16
    // beside 9.
    let anywhere = 1.6 / 334.0;
    let after = (9.0 + 16.0 * anywhere) / 25.0;
    assert!((log_ratio(&[1, 6], 2) - ((after + PROBABILITY_FLOOR) / (anywhere + PROBABILITY_FLOOR)).ln()).abs() < 1e-5);
    // Below the lowest pitch there is nothing, so that successor is ignored: 1 kind, 2 notes.
    let anywhere: f32 = (2.0 + 16.0 / 20.0) / 18.0;
    let mut probabilities = vec![1.0 / 20.0; PITCHES];
    NgramModel::with_two_figures().interpolate(0, 0, &mut probabilities);
    assert!((probabilities[5] - anywhere).abs() < 1e-6 && (probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-5);
}

#[test]
fn the_same_is_told_in_every_key() {
    for key in 2..10 {
        assert!((log_ratio(&[key, key + 5], 2) - log_ratio(&[1, 6], 2)).abs() < 1e-6);
    }
}

#[test]
fn licks_are_believed_as_far_as_the_pulls_say() {
    let ngram = NgramModel::with_two_figures();
    let (mut buffer, logits) = (Vec::new(), [1.0; PITCHES]);
    for found in 0..MOTIF_LENGTHS {
        let mut biased = logits;
        ngram.add_to(&past(&[1, 6]), u8::try_from(found).unwrap(), &mut biased, &mut buffer);
        assert!((biased[8] - (1.0 + ngram.mixing_weights()[found] * log_ratio(&[1, 6], 2))).abs() < 1e-6);
    }
    let mut first = logits;
    ngram.add_to(&PitchHistory::default(), 0, &mut first, &mut buffer);
    assert!(first.iter().zip(logits).all(|(biased, logit)| biased.to_bits() == logit.to_bits()), "no past, no ngram");
}

#[test]
fn a_past_reaches_as_far_as_the_longest_figure_and_no_further() {
    let pitches: Vec<u8> = (0..16_u8).map(|note| note * note % 17).collect();
    let long = past(&pitches);
    assert_eq!(long, past(&pitches[pitches.len() - LONGEST - 1..]));
    let intervals: Vec<i8> = pitches.windows(2).rev().map(|pair| interval(pair[0], pair[1])).collect();
    assert_eq!(long.intervals().collect::<Vec<_>>(), intervals[..LONGEST]);
}

#[test]
fn bytes_are_read_again() {
    let ngram = NgramModel::with_two_figures();
    assert_eq!(NgramModel::from_bytes(&ngram.to_bytes(), *ngram.mixing_weights()), Some(ngram));
}

#[test]
fn bytes_that_are_no_licks_are_refused_without_a_panic() {
    let ngram = NgramModel::with_two_figures();
    let (bytes, mixing_weights) = (ngram.to_bytes(), *ngram.mixing_weights());
    for length in 0..bytes.len() {
        assert_eq!(NgramModel::from_bytes(&bytes[..length], mixing_weights), None);
    }
    assert_eq!(NgramModel::from_bytes(&[bytes.as_slice(), &[0]].concat(), mixing_weights), None, "too many successors");
    assert_eq!(NgramModel::from_bytes(&[0xff; 64], mixing_weights), None);
    let mut ratios = Vec::new();
    for position in 0..bytes.len() {
        for flip in 1..=u8::MAX {
            let mut bytes = bytes.clone();
            bytes[position] ^= flip;
            if let Some(ngram) = NgramModel::from_bytes(&bytes, mixing_weights) {
                ngram.log_ratios(&past(&[1, 6, 4]), PITCHES, &mut ratios);
                assert!(ratios.iter().all(|ratios| ratios.is_finite()));
            }
        }
    }
}
