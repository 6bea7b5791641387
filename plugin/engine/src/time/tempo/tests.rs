use super::*;
use crate::host::TimingSettings;

const RATE: f64 = 48_000.0;

/// Note-ons this many quarter notes apart, uneven by up to this many milliseconds.
fn played(quarters: &[f64], tempo_bpm: f64, uneven_ms: f64) -> Vec<f64> {
    let mut at = 1.0;
    let mut note_ons = vec![at];
    for (index, quarters) in quarters.iter().enumerate() {
        at += quarters * 60.0 / tempo_bpm;
        // Seven offsets between the earliest and the latest, in mixed order.
        let uneven = [0.3, -1.0, 0.6, 1.0, -0.5, 0.0, -0.8][index % 7] * uneven_ms / 1000.0;
        note_ons.push(at + uneven);
    }
    note_ons
}

fn straight(metre: Metre) -> Beat {
    Beat { metre, swings: false }
}

fn check(name: &str, quarters: &[f64], metre: Metre, tempos: &[f64]) {
    for &tempo_bpm in tempos {
        for uneven_ms in [0.0, 8.0, 16.0] {
            let note_ons = played(quarters, tempo_bpm, uneven_ms);
            let last = &note_ons[note_ons.len().saturating_sub(NOTE_ONS)..];
            let found = 60.0 / read(last, straight(metre), (0.5, SET_WEIGHT)).unwrap();
            let away = (found / tempo_bpm - 1.0).abs();
            assert!(away < 0.002 + uneven_ms * 0.0015, "{name} at {tempo_bpm}, {uneven_ms} ms uneven: {found}");
        }
    }
}

#[test]
fn the_tempo_of_real_rhythms_is_read() {
    let jig = Metre::new(6, 8).unwrap();
    let third = 1.0 / 3.0;
    let triplet = [1.0, 1.0, third, third, third, 1.0, 1.0, 1.0];
    check("quarters", &[1.0; 8], Metre::COMMON, &[90.0, 97.3, 120.0, 150.0]);
    check("quarters and eighths", &[1.0, 0.5, 0.5, 1.0, 1.0, 0.5, 0.5, 2.0], Metre::COMMON, &[90.0, 100.0, 132.0]);
    check("eighths", &[0.5; 11], Metre::COMMON, &[94.0, 104.0, 120.0, 138.0]);
    check("off the beat", &[0.5, 1.0, 1.0, 1.0, 0.5, 1.0, 1.0], Metre::COMMON, &[92.0, 120.0, 140.0]);
    check("dotted", &[0.75, 0.25, 1.0, 0.75, 0.25, 1.0, 1.0], Metre::COMMON, &[96.0, 110.0, 126.0]);
    check("tango", &[0.75, 0.75, 0.5, 0.75, 0.75, 0.5, 1.0], Metre::COMMON, &[110.0, 120.0, 130.0]);
    check("a triplet", &triplet, Metre::COMMON, &[112.0, 120.0, 132.0]);
    check("waltz", &[1.0, 1.0, 1.0, 2.0, 1.0, 3.0, 1.0], Metre::new(3, 4).unwrap(), &[96.0, 120.0, 144.0]);
    check("jig", &[0.5; 11], jig, &[150.0, 174.0]);
    check("jig, long and short", &[1.0, 0.5, 1.0, 0.5, 0.5, 0.5, 0.5, 1.5], jig, &[140.0, 165.0, 180.0]);
    check("slip jig", &[1.0, 0.5, 0.5, 0.5, 0.5, 1.0, 0.5, 1.5], Metre::new(9, 8).unwrap(), &[150.0, 170.0]);
}

/// The tempo that is read when this is played, starting from a setting of 120.
fn followed(quarters: &[f64], beat: Beat, tempo_bpm: f64, uneven_ms: f64) -> f64 {
    let mut tempo = OwnTempo::default();
    tempo.begin_phrase();
    let mut found = 120.0;
    for stroke in played(quarters, tempo_bpm, uneven_ms) {
        #[allow(clippy::cast_possible_truncation, reason = "some seconds")]
        let at = FramePosition((stroke * RATE).round() as i64);
        if let Some(reading) = tempo.hear(at, RATE, beat, found, 0.0) {
            found = reading.tempo_bpm;
        }
    }
    found
}

#[test]
fn most_phrases_are_read_as_they_are_played_at_any_usual_tempo() {
    let jig = Metre::new(6, 8).unwrap();
    let two = Metre::new(2, 4).unwrap();
    let (long, short) = (2.0 / 3.0, 1.0 / 3.0);
    let phrases: &[(&str, Metre, &[f64])] = &[
        ("quarters", Metre::COMMON, &[1.0; 11]),
        ("eighths", Metre::COMMON, &[0.5; 15]),
        ("sixteenths", Metre::COMMON, &[0.25; 15]),
        ("swung eighths, two to one", Metre::COMMON, &[long, short].repeat(7)),
        ("swung eighths, three to two", Metre::COMMON, &[0.6, 0.4].repeat(7)),
        ("eighths and a quarter", Metre::COMMON, &[0.5, 0.5, 1.0].repeat(4)),
        ("a quarter and eighths", Metre::COMMON, &[1.0, 0.5, 0.5, 1.0, 1.0].repeat(3)),
        (
            "eighths that end in a long note",
            Metre::COMMON,
            &[0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 2.5, 0.5, 0.5, 0.5, 0.5],
        ),
        ("swung, with quarters", Metre::COMMON, &[1.0, long, short, 1.0, long, short, long, short, 1.0, 1.0]),
        ("syncopated", Metre::COMMON, &[0.5, 1.0, 0.5, 1.0, 1.0, 0.5, 1.0, 0.5, 1.0, 1.0]),
        ("dotted", Metre::COMMON, &[0.75, 0.25, 1.0, 0.75, 0.25, 0.5, 0.5, 1.0, 1.0]),
        ("Greensleeves", jig, &[0.5, 1.0, 0.5, 0.75, 0.25, 0.5, 1.0, 0.5, 0.75, 0.25, 0.5, 1.0, 0.5]),
        ("The Keel Row", Metre::COMMON, &[1.0, 1.5, 0.5, 1.0, 1.0, 1.5, 0.5, 1.0, 1.0, 1.5, 0.5, 1.0, 1.0]),
        ("Thanksgiving", two, &[0.75, 0.25, 0.5, 0.5, 0.5, 0.5, 0.75, 0.25, 0.5, 0.5, 1.0, 0.75, 0.25, 1.0, 0.5, 0.5]),
        (
            "The Blooming Meadows",
            jig,
            &[0.25, 0.25, 1.0, 0.5, 1.0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 1.0, 0.5, 0.5, 0.5, 0.5],
        ),
        ("Two, Five, One", Metre::COMMON, &[0.5; 15]),
        ("Corner Table", Metre::COMMON, &[1.5, 2.5, 1.0, 0.5, 0.5, 0.5, 1.5, 1.0, 1.0, 1.0, 0.5, 0.5, 1.0]),
        ("Twelve Bars", Metre::COMMON, &[0.5, 0.5, 0.5, 0.5, 0.5, 1.0, 0.5, 0.5, 0.5, 0.5, 2.5, 0.5, 0.5, 0.5]),
        ("Late Bus", Metre::COMMON, &[1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 0.5, 0.5, 0.5, 0.5, 1.0, 0.5, 0.5, 0.5, 0.5]),
    ];
    let tempos: Vec<f64> = (0..=25).map(|step| 60.0 + 4.0 * f64::from(step)).collect();
    let (mut hits, mut all) = (0, 0);
    for (name, metre, quarters) in phrases {
        let mut missed = Vec::new();
        let beat = Beat { metre: *metre, swings: name.starts_with("swung") };
        for (beats_a_minute, uneven_ms) in
            tempos.iter().flat_map(|tempo| [0.0, 8.0, 16.0].map(|uneven| (*tempo, uneven)))
        {
            let tempo_bpm = if metre.is_compound() { beats_a_minute * 1.5 } else { beats_a_minute };
            let found = followed(quarters, beat, tempo_bpm, uneven_ms);
            let is_hit = (found / tempo_bpm - 1.0).abs() < 0.04;
            // Unevenly played three-to-two swing resembles even eighths. In a jig, beats at this tempo are fast.
            let is_clear = (92.0..=144.0).contains(&beats_a_minute)
                && !metre.is_compound()
                && !(name.contains("three to two") && uneven_ms > 8.0);
            assert!(is_hit || !is_clear, "{name} at {tempo_bpm}, {uneven_ms} ms uneven: {found}");
            if !is_hit && uneven_ms == 0.0 {
                missed.push(format!("{tempo_bpm} as {found:.0}"));
            }
            (hits, all) = (hits + usize::from(is_hit), all + 1);
        }
        println!("{name}, played evenly: missed {}", missed.join(", "));
    }
    println!("{hits} of {all} phrases at 60 to 160 beats a minute are read as they were played");
    // When only the previous tempo decided between octaves, there were 896 hits.
    assert!(hits >= 1_200, "{hits} of {all}");
}

#[test]
fn one_slip_does_not_change_the_tempo() {
    let mut note_ons = played(&[1.0; 8], 108.0, 5.0);
    note_ons[5] += 0.09;
    let found = 60.0 / read(&note_ons, straight(Metre::COMMON), (0.5, SET_WEIGHT)).unwrap();
    assert!((found - 108.0).abs() < 3.0, "{found}");
}

#[test]
fn whatever_is_played_the_tempo_stays_within_its_bounds() {
    let mut state = 1_u64;
    for _ in 0..2_000 {
        let mut at = 0.0;
        let note_ons: Vec<f64> = (0..NOTE_ONS)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                at += f64::from((state >> 40) as u32) / f64::from(1_u32 << 24) * 3.0 + 0.001;
                at
            })
            .collect();
        if let Some(quarter) = read(&note_ons, straight(Metre::COMMON), (0.5, SET_WEIGHT)) {
            assert!(TEMPO_BPM.contains(&(60.0 / quarter).round()), "{quarter}");
        }
    }
}

/// The first onset is beat one, and the place in the phrase is counted from it.
#[test]
fn the_first_onset_is_beat_one() {
    let mut tempo = OwnTempo::default();
    tempo.begin_phrase();
    let figure = [1.0, 0.5, 0.5, 1.0, 0.5, 0.5];
    let mut found = Vec::new();
    for stroke in played(&figure.repeat(4), 90.0, 8.0) {
        #[allow(clippy::cast_possible_truncation, reason = "some seconds")]
        let at = FramePosition((stroke * RATE).round() as i64);
        found.extend(tempo.hear(at, RATE, straight(Metre::COMMON), 120.0, 0.0));
    }
    assert_eq!(found.len(), 25 - 3, "from the fourth note-on on");
    let quarters: Vec<f64> = found.iter().map(|reading| reading.quarters).collect();
    assert_eq!(quarters[4], 5.0);
    assert_eq!(quarters[21], 16.0);
}

fn settings(tempo_bpm: f64) -> Settings {
    let settings = crate::tests::settings();
    Settings { timing: TimingSettings { tempo_bpm, ..settings.timing }, ..settings }
}

#[test]
fn the_tapped_tempo_holds_until_the_setting_moves() {
    let mut tempo = OwnTempo::default();
    assert_eq!(tempo.of_block(&settings(120.0), None), 120.0);
    assert_eq!(tempo.of_block(&settings(120.0), Some(97.0)), 97.0, "a host whose transport stands may report a tempo");
    for tap in [0, 30_000, 60_000, 91_000] {
        tempo.tap(FramePosition(tap), RATE);
    }
    // One of the taps came late.
    assert_eq!(tempo.of_block(&settings(120.0), Some(97.0)), 96.0);
    // After a long time a single tap has no effect.
    tempo.tap(FramePosition(900_000), RATE);
    assert_eq!(tempo.of_block(&settings(120.0), None), 96.0);
    assert_eq!(tempo.of_block(&settings(121.0), None), 121.0);
}

/// The window writes the tapped tempo into the setting; the host's tempo must not take over because of that.
#[test]
fn a_tapped_tempo_that_is_written_down_still_holds() {
    let mut tempo = OwnTempo::default();
    assert_eq!(tempo.of_block(&settings(120.0), Some(97.0)), 97.0);
    for tap in [0, 35_000, 70_000] {
        tempo.tap(FramePosition(tap), RATE);
    }
    let tapped = tempo.of_block(&settings(120.0), Some(97.0));
    assert!((tapped - 82.285).abs() < 0.001);
    assert_eq!(tempo.of_block(&settings(82.3), Some(97.0)), tapped);
    assert_eq!(tempo.of_block(&settings(90.0), Some(97.0)), 97.0, "another setting ends it");
}

#[test]
fn taps_beyond_reason_stay_within_bounds() {
    let mut tempo = OwnTempo::default();
    for tap in [0, 0, 1, 1, 2] {
        tempo.tap(FramePosition(tap), RATE);
    }
    assert!(TEMPO_BPM.contains(&tempo.of_block(&settings(120.0), None)));
}
