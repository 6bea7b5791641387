//! How answers end.

use super::jam::{BEAT, STYLES, ShippedJam, tunes};
use segue_corpus::Tune;
use segue_model::limits::{Limits, Scale};
use segue_model::note::{Note, Ticks};
use segue_model::sampling::SamplingParameters;
use std::cmp::Reverse;

const ANSWERS: u64 = 200;
const BARS: i64 = 2;
/// How close to the end a last note must end to meet it.
const CLOSE: Ticks = Ticks(BEAT.0 / 4);

/// Counts over the ends of some answers.
#[derive(Debug, Default)]
struct AnswerEnds {
    answers: f64,
    /// Last notes that fit: chord tones, or without chords one of the three most frequent pitch classes of the phrase.
    fitting: f64,
    /// Last notes that are an eighth or shorter and reach the end: a run that was cut off.
    runs_cut: f64,
    /// Answers with a note that sounds beyond the end.
    crossing: f64,
    /// The total length of the last notes, and of all others, in ticks.
    last_ticks: f64,
    other_ticks: f64,
    others: f64,
}

fn favourites(tune: &Tune, before: Ticks) -> Vec<u8> {
    let heard = |class: u8| {
        let notes = tune.notes.iter().filter(|note| note.onset < before && note.pitch.key() % 12 == class);
        notes.map(|note| note.duration.0).sum::<i64>()
    };
    let mut classes: Vec<u8> = (0..12).collect();
    classes.sort_by_key(|class| Reverse(heard(*class)));
    classes.truncate(3);
    classes
}

impl AnswerEnds {
    fn of(style: &str, book: &str, parameters: SamplingParameters, is_told: bool) -> Self {
        let tunes = tunes(book);
        let mut ends = Self::default();
        for (seed, tune) in (0..ANSWERS).zip(tunes.iter().cycle()) {
            let mut jam = ShippedJam::after_bars_of(style, SamplingParameters { seed, ..parameters }, tune, BARS);
            let start = jam.next();
            let end = start + Ticks(BARS * tune.bars[0].metre.bar().0);
            let notes = jam.answer(end, is_told);
            ends.add(&notes, end, |last| match tune.chord_at(last.onset).filter(|_| style != "piano") {
                Some(chord) => chord.tones().any(|tone| tone == last.pitch.key() % 12),
                None => favourites(tune, start).contains(&(last.pitch.key() % 12)),
            });
        }
        ends
    }

    fn add(&mut self, notes: &[Note], end: Ticks, fits: impl Fn(&Note) -> bool) {
        let (last, others) = notes.split_last().expect("an answer has notes");
        let ticks = |note: &Note| f64::from(i32::try_from(note.duration.min(end - note.onset).0).expect("short"));
        let over = |note: &Note| note.onset + note.duration;
        let is_run = last.duration.0 <= BEAT.0 / 2 && over(last) + CLOSE >= end;
        self.answers += 1.0;
        self.fitting += f64::from(u8::from(fits(last)));
        self.runs_cut += f64::from(u8::from(is_run));
        self.crossing += f64::from(u8::from(notes.iter().any(|note| over(note) > end)));
        self.last_ticks += ticks(last);
        self.other_ticks += others.iter().map(ticks).sum::<f64>();
        self.others += others.iter().map(|_| 1.0).sum::<f64>();
    }

    fn fitting(&self) -> f64 {
        self.fitting / self.answers
    }

    fn runs_cut(&self) -> f64 {
        self.runs_cut / self.answers
    }

    fn last_to_others(&self) -> f64 {
        self.last_ticks / self.answers / (self.other_ticks / self.others)
    }
}

/// Told where the answer ends, the model closes it as a phrase and cuts no run short.
#[test]
fn an_answer_ends_on_a_long_fitting_note() {
    for (style, book) in STYLES {
        let [blind, informed] =
            [false, true].map(|is_told| AnswerEnds::of(style, book, SamplingParameters::default(), is_told));
        let shown = |ends: &AnswerEnds| {
            let crossing = ends.crossing / ends.answers;
            let (fitting, cut, longer) = (ends.fitting(), ends.runs_cut(), ends.last_to_others());
            format!("fitting {fitting:.2}, runs cut {cut:.2}, crossing {crossing:.2}, {longer:.2} times as long")
        };
        println!("{style}: {}; informed: {}", shown(&blind), shown(&informed));
        assert!(informed.runs_cut() < 0.03 && blind.runs_cut() > 0.2, "{style}: {}", shown(&informed));
        assert!(informed.last_to_others() > 1.3 * blind.last_to_others(), "{style}: {}", shown(&informed));
        assert!(informed.crossing == 0.0, "{style}: {}", shown(&informed));
        if style != "piano" {
            assert!(informed.fitting() > blind.fitting() + 0.05, "{style}: {}", shown(&informed));
        }
    }
}

#[test]
fn an_end_that_is_far_away_changes_nothing_yet() {
    for (style, book) in STYLES {
        let play = |ends: Option<Ticks>| {
            let mut jam = ShippedJam::after_bars_of(style, SamplingParameters::default(), &tunes(book)[0], BARS);
            (0..40).map(|_| jam.decide(ends)).collect::<Vec<_>>()
        };
        assert_eq!(play(None), play(Some(Ticks::quarters(10_000))), "{style}");
    }
}

#[test]
fn limits_hold_up_to_the_end() {
    let limits = Limits { classes: Scale::MinorPentatonic.on(2), longest: BEAT, density: 0.5, ..Limits::NONE };
    for (style, book) in STYLES {
        for (seed, temperature) in (0..).zip([0.05, 0.5, 1.0, 2.0]) {
            let parameters = SamplingParameters { temperature, seed, limits, ..SamplingParameters::default() };
            let mut jam = ShippedJam::after_bars_of(style, parameters, &tunes(book)[0], BARS);
            let end = jam.next() + Ticks(4 * BEAT.0);
            for note in jam.answer(end, true) {
                assert!(limits.classes.contains(note.pitch) && note.duration <= BEAT, "{style}: {note:?}");
            }
        }
    }
}
