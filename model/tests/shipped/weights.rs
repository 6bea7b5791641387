//! The shipped weights open, with everything that older versions put into them.

use crate::jam::{STYLES, model};
use segue_model::bias::DecodingBias;

/// The names in a file are older than those in the code. If a rename lost one, the model would play without its n-grams
/// or its decoding bias, and nothing would say so.
#[test]
fn shipped_weights_have_their_ngrams_and_their_bias() {
    for (style, _) in STYLES {
        let model = model(style);
        let (card, is_line) = (model.card(), model.vocabulary().polyphony == 1);
        assert_eq!(card.ngram_weights.is_some(), is_line, "{style}");
        assert_ne!(card.decoding_bias, DecodingBias::default(), "{style}");
        assert!(card.look_back && !card.figures.is_empty() && !card.provenance.data.is_empty(), "{style}");
    }
}
