//! A jam without an engine: a model hears a phrase and decides notes one by one.

use segue_corpus::{Tune, abc};
use segue_model::chart::Chart;
use segue_model::improviser::{Begin, DecisionRequest, HeardKey, Improviser, LEGATO_PERCENT};
use segue_model::lstm::Model;
use segue_model::note::{Bars, Metre, Note, Pitch, Ticks, Velocity};
use segue_model::sampling::SamplingParameters;
use std::path::Path;
use std::sync::{Arc, OnceLock};

pub const BEAT: Ticks = Ticks::quarters(1);
const EIGHTH: Ticks = Ticks(BEAT.0 / 2);

/// Each style with the book in `tests/tunes` that it hears.
pub const STYLES: [(&str, &str); 5] =
    [("irish", "oneills"), ("folk", "folk"), ("jazz", "jazz"), ("blues", "blues"), ("piano", "piano")];

/// The model of a style, loaded once.
pub fn model(style: &str) -> Arc<Model> {
    static MINDS: [OnceLock<Arc<Model>>; STYLES.len()] = [const { OnceLock::new() }; STYLES.len()];
    let read = || {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../presets").join(style).with_extension("segue");
        Arc::new(Model::from_file(&file).expect("its weights"))
    };
    let index = STYLES.iter().position(|(known, _)| *known == style).expect("a style");
    Arc::clone(MINDS[index].get_or_init(read))
}

/// The tunes of a book.
pub fn tunes(book: &str) -> Vec<Tune> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/tunes").join(book).with_extension("abc");
    abc::read_book(&file).expect("a book").tunes.into_iter().map(|(_, tune)| tune).collect()
}

/// A model that has heard a phrase.
pub struct ShippedJam {
    improviser: Improviser,
    bars: Bars,
    begin: Begin,
    parameters: SamplingParameters,
}

impl ShippedJam {
    /// Hears a bar of eighths, over a chart.
    pub fn after_eighths(style: &str, parameters: SamplingParameters) -> Self {
        Self::after_keys(style, parameters, &[62, 65, 69, 72, 71, 67, 65, 64])
    }

    /// Hears these keys as eighths, over a chart.
    pub fn after_keys(style: &str, parameters: SamplingParameters, keys: &[u8]) -> Self {
        let bars = Bars { line: Ticks::ZERO, metre: Metre::COMMON };
        let note = |(index, key): (i64, &u8)| Note {
            onset: Ticks(index * EIGHTH.0),
            pitch: Pitch::new(*key).expect("a key"),
            duration: EIGHTH,
            velocity: Velocity::DEFAULT,
        };
        let phrase: Vec<Note> = (0..).zip(keys).map(note).collect();
        Self::after(style, parameters, &phrase, bars, Chart::parse("Dm7 | G7 | C | A7").expect("a chart"))
    }

    /// Hears the first bars of a tune, over its chords.
    pub fn after_bars_of(style: &str, parameters: SamplingParameters, tune: &Tune, count: i64) -> Self {
        let bars = *tune.bars.first().expect("bars");
        let end = bars.line + Ticks(count * bars.metre.bar().0);
        let phrase: Vec<Note> = tune.notes.iter().filter(|note| note.onset < end).copied().collect();
        let jam = Self::after(style, parameters, &phrase, bars, Some(Chart::once(tune.chords.clone())));
        Self { begin: Begin::At(end), ..jam }
    }

    fn after(style: &str, parameters: SamplingParameters, phrase: &[Note], bars: Bars, chart: Option<Chart>) -> Self {
        let mut improviser = Improviser::new(model(style));
        improviser.set_chart(chart.map(Arc::new));
        for (id, note) in (0..).zip(phrase) {
            improviser.hear(HeardKey {
                id,
                onset: note.onset,
                pitch: note.pitch,
                velocity: note.velocity,
                bars: Some(bars),
                together: Ticks(1),
                form: Ticks::ZERO,
                gate_percent: LEGATO_PERCENT,
                memory: parameters.memory,
                seed: parameters.seed,
            });
            improviser.amend(id, note.duration);
        }
        let end = phrase.last().map_or(Ticks::ZERO, |last| last.onset + last.duration);
        Self { improviser, bars, begin: Begin::At(end), parameters }
    }

    /// Where the next note begins, or may begin.
    pub fn next(&self) -> Ticks {
        let (Begin::At(onset) | Begin::NotBefore(onset)) = self.begin;
        onset
    }

    /// Decides the next note of an answer that ends there.
    pub fn decide(&mut self, ends: Option<Ticks>) -> Note {
        let (bars, parameters) = (Some(self.bars), self.parameters);
        let note = self.improviser.decide(&DecisionRequest {
            turn: 1,
            begin: self.begin,
            bars,
            form: Ticks::ZERO,
            ends,
            along: false,
            parameters,
        });
        self.begin = Begin::NotBefore(note.onset);
        note
    }

    /// The notes of an answer up to its end, which the model is told or not.
    pub fn answer(&mut self, end: Ticks, is_told: bool) -> Vec<Note> {
        let mut decide = || self.decide(is_told.then_some(end));
        std::iter::from_fn(|| Some(decide())).take_while(|note| note.onset < end).collect()
    }
}
