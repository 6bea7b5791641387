use super::*;
use crate::drift::DriftCorrection;
use crate::form::{FOLLOW_STATES, FollowRates, FormRuns};
use crate::lookback::MOTIF_LENGTHS;
use crate::vocabulary::VocabularyFingerprint;
use std::sync::OnceLock;

const SIZES: Sizes = Sizes { layers: 1, hidden: 16, event: 16, head: 16 };

fn tiny() -> (ModelCard, Network) {
    let vocabulary = Vocabulary::dance();
    let network = Network::seeded(&vocabulary, SIZES, 0);
    (ModelCard::new("tiny", vocabulary, SIZES, Provenance::default()), network)
}

fn sound() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| to_bytes(&tiny().0, &tiny().1, Some(&NgramModel::with_two_figures()), true).unwrap())
}

/// Asserts that the file is refused with a sentence that names it and contains `reason`.
fn check(bytes: &[u8], reason: &str) {
    let sentence = Model::from_bytes(bytes, "my.segue").map(|_| ()).unwrap_err().to_string();
    assert!(sentence.starts_with("my.segue: ") && sentence.contains(reason), "{sentence}");
}

fn check_card(change: impl FnOnce(&mut ModelCard), reason: &str) {
    let (mut card, network) = tiny();
    change(&mut card);
    check(&to_bytes(&card, &network, None, true).unwrap(), reason);
}

#[test]
fn what_is_written_is_read_again() {
    let (card, network) = tiny();
    let bytes = to_bytes(&card, &network, None, false).unwrap();
    let (card_read, network_read) = read(&bytes, "my.segue", &Device::flex()).unwrap();
    assert_eq!(card_read, card);
    assert_eq!(network_read.event.weight.val().to_data(), network.event.weight.val().to_data());
    assert!(sound().len() < bytes.len() * 2 / 3, "half precision takes half the room");
    let (_, from_half) = read(sound(), "my.segue", &Device::flex()).unwrap();
    assert_eq!(from_half.event.weight.val().dtype(), DType::F32);
    assert_eq!(
        to_bytes(&card_read, &from_half, Some(&NgramModel::with_two_figures()), true).unwrap().len(),
        sound().len(),
        "and can be written so again"
    );
}

/// An n-gram model survives writing and reading, and a file without one plays too.
#[test]
fn the_ngram_model_is_optional_and_read_again() {
    let with = Model::from_bytes(sound(), "my.segue").unwrap();
    assert_eq!(with.card().ngram_weights, Some(*NgramModel::with_two_figures().mixing_weights()));
    let (card, network) = tiny();
    let without = to_bytes(&card, &network, None, true).unwrap();
    assert!(!String::from_utf8_lossy(&without).contains("licks"), "an older Segue reads the same bytes");
    assert_eq!(Model::from_bytes(&without, "my.segue").unwrap().card().ngram_weights, None);
    assert_eq!(ngram_of(with.card(), sound(), "my.segue").unwrap(), Some(NgramModel::with_two_figures()));
    let sentence = ngram_of(with.card(), &without, "my.segue").unwrap_err().to_string();
    assert!(sentence.contains("damaged"), "{sentence}");
}

#[test]
fn licks_that_are_believed_absurdly_much_are_refused() {
    for weight in [f32::NAN, -0.1, 5.0] {
        let absurd = NgramModel::with_two_figures().with_mixing_weights([weight; MOTIF_LENGTHS]);
        let (card, network) = tiny();
        let bytes = to_bytes(&card, &network, Some(&absurd), true).unwrap();
        // JSON has no NaN.
        check(&bytes, if weight.is_nan() { "damaged" } else { "out of range" });
    }
}

#[test]
fn a_truncated_file_is_refused_wherever_it_ends() {
    for length in (0..sound().len()).step_by(97).chain([sound().len() - 1]) {
        check(&sound()[..length], "damaged");
    }
}

#[test]
fn a_foreign_file_is_refused() {
    check(b"RIFF....WAVEfmt and so on and so on", "not a style of Segue");
    check(&[0; 4096], "not a style of Segue");
}

#[test]
fn damage_anywhere_never_panics() {
    for position in (0..sound().len()).step_by(13) {
        let mut bytes = sound().to_vec();
        bytes[position] ^= 0x5a;
        // Damage inside the numbers may go unseen; a panic may not.
        let _ = Model::from_bytes(&bytes, "my.segue");
    }
}

#[test]
fn weights_for_another_vocabulary_are_refused_by_name() {
    let other: VocabularyFingerprint = serde_json::from_str("12345").unwrap();
    check_card(|card| card.fingerprint = other, "made for another vocabulary (0000000000003039;");
}

#[test]
fn impossible_sizes_are_refused_before_anything_is_allocated() {
    check_card(|card| card.sizes.hidden = 1 << 40, "too wide");
    check_card(|card| card.sizes.layers = 0, "1 to 4 layers");
    check_card(|card| card.sizes.hidden = 32, "damaged");
    // Possible, but 600 MB more than the file has.
    check_card(|card| card.sizes = Sizes { layers: 4, hidden: 2048, event: 1024, head: 1024 }, "it is too short");
}

/// Files from before the decoding bias load with a neutral one; an impossible bias is refused.
#[test]
fn a_file_without_decoding_bias_has_a_neutral_one() {
    let text = serde_json::to_value(tiny().0).unwrap();
    let older = text.as_object().unwrap().iter().filter(|(key, _)| *key != "poise");
    let older: serde_json::Map<_, _> = older.map(|(key, value)| (key.clone(), value.clone())).collect();
    assert!(older.len() + 1 == text.as_object().unwrap().len());
    let card: ModelCard = serde_json::from_value(older.into()).unwrap();
    assert_eq!(card.decoding_bias, DecodingBias::default());
    check_card(|card| card.decoding_bias.quotation_gain = 99.0, "decoding bias");
}

#[test]
fn another_format_is_refused() {
    check_card(|card| card.format = 9, "has format 9");
    check_card(|card| card.format = 1, "has format 1");
}

#[test]
fn weights_that_are_not_finite_are_refused() {
    let (card, mut network) = tiny();
    let spoilt = network.pitch.out.weight.val().mul_scalar(f32::NAN);
    network.pitch.out.weight = Param::from_tensor(spoilt);
    check(&to_bytes(&card, &network, None, true).unwrap(), "not finite");
}

#[test]
fn a_missing_file_is_said_by_name() {
    let missing = Model::from_file(Path::new("/no/such.segue")).map(|_| ()).unwrap_err().to_string();
    assert!(missing.starts_with("/no/such.segue: cannot be read"), "{missing}");
}

/// A renamed field needs a serde name, or older files lose it and older versions cannot read newer ones.
#[test]
fn the_names_in_a_file_are_frozen() {
    let names = |value: &serde_json::Value| {
        let mut names: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
        names.sort_unstable();
        names.join(" ")
    };
    let card = ModelCard { ngram_weights: Some([0.0; MOTIF_LENGTHS]), ..tiny().0 };
    let card = serde_json::to_value(card).unwrap();
    assert_eq!(names(&card), "figures fingerprint format licks look_back poise provenance sizes style vocabulary");
    assert_eq!(names(&card["poise"]), "again chord faith");
    assert_eq!(names(&card["sizes"]), "event head hidden layers");
    assert_eq!(names(&card["provenance"]), "commit data licences seed");
    let vocabulary = "chords durations grid highest lowest metres polyphony steps time_base velocities";
    assert_eq!(names(&card["vocabulary"]), vocabulary);
    let (_, network) = tiny();
    let bytes = to_bytes(&tiny().0, &network, Some(&NgramModel::with_two_figures()), true).unwrap();
    let reader = burn_pack::Reader::from_bytes(Bytes::from_bytes_vec(bytes)).unwrap();
    let mut tensors: Vec<String> = reader.into_tensors().unwrap().iter().map(|tensor| tensor.name.clone()).collect();
    tensors.sort_unstable();
    let expected = "cells.0.bias cells.0.weight duration.given.weight duration.out.bias duration.out.weight \
                    event.weight \
                    event_profile.weight licks pitch.given.weight pitch.out.bias pitch.out.weight pitch_profile.weight \
                    step.given.weight step.out.bias step.out.weight trunk.bias trunk.weight";
    assert_eq!(tensors.join(" "), expected);
}

fn form() -> Form {
    let mut lags = FormModel::default();
    let mut before = FormRuns::default();
    for lag in [0, 0, 2, 2, 0, 4] {
        lags.observe(&before, lag);
        before.push(lag);
    }
    let rates = FollowRates { pitch: [0.5; FOLLOW_STATES], ..FollowRates::default() };
    Form { lags, rates, chord_evidence: [0.0, -2.0, -1.0, 1.5] }
}

/// The form model goes into a file and out of it again, and all else stays the same.
#[test]
fn a_form_model_is_added_replaced_and_removed() {
    let with = with_form(sound(), "my.segue", Some(&form())).unwrap();
    let model = Model::from_bytes(&with, "my.segue").unwrap();
    assert_eq!(model.form(), Some(&form()));
    let old = Model::from_bytes(sound(), "my.segue").unwrap();
    assert_eq!(old.form(), None, "a file of an older version has none");
    assert_eq!(model.clone().with_form(None).card(), old.card());
    assert_eq!(ngram_of(model.card(), &with, "my.segue").unwrap(), Some(NgramModel::with_two_figures()));
    let other = Form { lags: FormModel::default(), ..form() };
    let replaced = with_form(&with, "my.segue", Some(&other)).unwrap();
    assert_eq!(Model::from_bytes(&replaced, "my.segue").unwrap().form(), Some(&other));
    let removed = with_form(&with, "my.segue", None).unwrap();
    assert_eq!(Model::from_bytes(&removed, "my.segue").unwrap().form(), None);
}

#[test]
fn an_impossible_form_model_is_refused() {
    let mut absurd = form();
    absurd.rates.step[0] = 1.5;
    check(&with_form(sound(), "my.segue", Some(&absurd)).unwrap(), "a rate of its form model");
    let unlikely = Form { chord_evidence: [0.0, f32::MAX, 0.0, 0.0], ..form() };
    check(&with_form(sound(), "my.segue", Some(&unlikely)).unwrap(), "a rate of its form model");
    let cut = rewritten(
        Bytes::from_bytes_vec(with_form(sound(), "my.segue", Some(&form())).unwrap()),
        None,
        Some((FORM, form().lags.to_bytes()[..9].to_vec())),
    );
    check(&cut.unwrap(), "its form counts");
}

/// The tables are as long as the vocabulary of the style asks, and no summand is so large that nothing else counts.
#[test]
fn a_foreign_correction_of_drift_is_refused() {
    let none = || DriftCorrection::none(&tiny().0.vocabulary);
    let (mut short, mut absurd) = (none(), none());
    short.pitch.pop();
    absurd.step[1] = 5.0;
    for drift in [short, absurd] {
        check_card(|card| card.drift = Some(drift), "its correction of drift has other features");
    }
    let bytes = to_bytes(&ModelCard { drift: Some(none()), ..tiny().0 }, &tiny().1, None, true).unwrap();
    assert_eq!(Model::from_bytes(&bytes, "my.segue").unwrap().card().drift, Some(none()));
}
