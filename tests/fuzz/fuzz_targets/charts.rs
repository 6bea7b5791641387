//! Charts and chord symbols; a chart that was read is written as one that means the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use segue_model::chart::Chart;
use segue_model::chord::Chord;
use segue_model::note::{Metre, Ticks};

fuzz_target!(|text: &str| {
    if let Ok(Some(chord)) = Chord::parse(text) {
        assert_eq!(Chord::parse(&chord.to_string()), Ok(Some(chord)), "{chord}");
    }
    let Ok(Some(chart)) = Chart::parse(text) else { return };
    let length = chart.length(Metre::COMMON).expect("a chart that is written goes round");
    assert!(length > Ticks::ZERO);
    for moment in [Ticks(-1), Ticks::ZERO, Ticks(length.0 / 2), length, Ticks(i64::MAX / 4)] {
        let (chord, until) = chart.stretch_at(moment, Metre::COMMON);
        assert_eq!(chart.at(moment, Metre::COMMON), chord);
        assert!(until > moment, "the chord at {moment:?} ends at {until:?}");
    }
    assert_eq!(Chart::parse(&chart.to_string()), Ok(Some(chart.clone())), "{chart}");
});
