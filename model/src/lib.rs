//! The model of Segue: an LSTM that hears notes and decides notes. It knows no plugin, no host, no threads and no wall
//! clock.
//!
//! ```
//! use segue_model::improviser::{Begin, DecisionRequest, HeardKey, Improviser};
//! use segue_model::lstm::Model;
//! use segue_model::note::{Pitch, Ticks, Velocity};
//! use segue_model::sampling::SamplingParameters;
//! use std::sync::Arc;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let weights = concat!(env!("CARGO_MANIFEST_DIR"), "/../presets/irish.segue");
//! let mut improviser = Improviser::new(Arc::new(Model::from_file(weights.as_ref())?));
//! for (id, key) in (0..).zip([62, 66, 69]) {
//!     let (onset, velocity) = (Ticks::quarters(id.into()), Velocity::DEFAULT);
//!     improviser.hear(HeardKey::new(id, onset, Pitch::try_from(key)?, velocity));
//!     improviser.amend(id, Ticks::quarters(1));
//! }
//! let begin = Begin::At(Ticks::quarters(3));
//! let note = improviser.decide(&DecisionRequest::new(begin, SamplingParameters::default()));
//! assert_eq!(note.onset, Ticks::quarters(3));
//! # Ok(())
//! # }
//! ```
//!
//! A decision goes through these modules: [`improviser`] keeps the history, [`vocabulary`] turns notes into classes,
//! [`lookback`] adds features of the session, [`lstm`] and [`ngram`] give logits, [`bias`], [`cadence`], [`repetition`]
//! and [`limits`] change them, and [`sampling`] draws a class. [`weights`] reads the file of a model.
//!
//! `segue-corpus` reads tunes, and `segue-training` makes weights files from them with [`network`].

pub mod bias;
pub mod bounded_file;
pub mod cadence;
pub mod card;
pub mod chart;
pub mod chord;
pub mod device;
pub mod drift;
pub mod dynamics;
pub mod form;
pub mod harmony;
pub mod hash;
pub mod improviser;
pub mod limits;
pub mod lookback;
pub mod lstm;
pub mod network;
pub mod ngram;
pub mod note;
pub mod repetition;
pub mod sampling;
pub mod varint;
pub mod vocabulary;
pub mod weights;
