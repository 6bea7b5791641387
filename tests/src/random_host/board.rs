//! The plugin's parameters as the random host turns them, and what the checker must understand of their values.

use crate::instance::Parameter;
use anyhow::{Context, Result};

/// The parameters that the rules speak of. The plugin has more; those are turned all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
#[expect(missing_docs, reason = "each is the parameter of that name")]
pub enum Knob {
    Mode,
    Style,
    Start,
    Thru,
    Sound,
    OutputChannel,
    Render,
    Yield,
    YourTurn,
    DroneBelow,
    Scale,
    Key,
    LowestKey,
    HighestKey,
    Polyphony,
    LongestNote,
    Swing,
    Quantise,
    Octave,
    Chords,
    Comping,
    CompingChannel,
    Click,
    InputChannel,
    Trade,
    First,
    RingOver,
    Seed,
    Temperature,
    TopP,
    Memory,
    ResponseGap,
    AnswerLength,
    LookAhead,
    Density,
    PlayerLevel,
    SegueLevel,
}

const NAMES: [(Knob, &str); 37] = [
    (Knob::Mode, "Mode"),
    (Knob::Style, "Style"),
    (Knob::Start, "Start"),
    (Knob::Thru, "Thru"),
    (Knob::Sound, "Sound"),
    (Knob::OutputChannel, "Output channel"),
    (Knob::Render, "Render"),
    (Knob::Yield, "Yield"),
    (Knob::YourTurn, "Your turn"),
    (Knob::DroneBelow, "Drone below"),
    (Knob::Scale, "Scale"),
    (Knob::Key, "Key"),
    (Knob::LowestKey, "Lowest key"),
    (Knob::HighestKey, "Highest key"),
    (Knob::Polyphony, "Polyphony"),
    (Knob::LongestNote, "Longest note"),
    (Knob::Swing, "Swing"),
    (Knob::Quantise, "Quantise"),
    (Knob::Octave, "Octave"),
    (Knob::Chords, "Chords"),
    (Knob::Comping, "Comping"),
    (Knob::CompingChannel, "Comping channel"),
    (Knob::Click, "Click"),
    (Knob::InputChannel, "Input channel"),
    (Knob::Trade, "Trade"),
    (Knob::First, "First"),
    (Knob::RingOver, "Ring over"),
    (Knob::Seed, "Seed"),
    (Knob::Temperature, "Temperature"),
    (Knob::TopP, "Top-p"),
    (Knob::Memory, "Memory"),
    (Knob::ResponseGap, "Response gap"),
    (Knob::AnswerLength, "Answer length"),
    (Knob::LookAhead, "Look-ahead"),
    (Knob::Density, "Density"),
    (Knob::PlayerLevel, "Player level"),
    (Knob::SegueLevel, "Segue level"),
];

/// All parameters of the plugin, in its order.
#[derive(Debug, Clone)]
pub struct Board {
    parameters: Vec<Parameter>,
    /// Where the known ones are, in the order of [`Knob`].
    places: Vec<usize>,
}

impl Board {
    /// Finds the parameters that are known.
    ///
    /// # Errors
    /// When one is missing.
    pub fn new(parameters: &[Parameter]) -> Result<Self> {
        let place = |(_, name): &(Knob, &str)| {
            parameters
                .iter()
                .position(|parameter| parameter.name == *name)
                .with_context(|| format!("the plugin has no parameter {name:?} any more; the random host turns it"))
        };
        let places = NAMES.iter().map(place).collect::<Result<_>>()?;
        Ok(Self { parameters: parameters.to_vec(), places })
    }

    /// All of them.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// The place of one in the plugin's order.
    pub fn place(&self, knob: Knob) -> usize {
        self.places[knob as usize]
    }

    /// The one at a place, if the rules know it.
    pub fn knob_at(&self, place: usize) -> Option<Knob> {
        NAMES.iter().map(|(knob, _)| *knob).find(|knob| self.place(*knob) == place)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A board with the known parameters alone, all at zero, for tests that have no plugin.
    pub fn bare() -> Board {
        let parameter = |(_, name): &(Knob, &str)| Parameter {
            id: 0,
            name: (*name).to_owned(),
            min: 0.0,
            max: 127.0,
            default: 0.0,
            automatable: true,
            stepped: true,
        };
        let parameters: Vec<Parameter> = NAMES.iter().map(parameter).collect();
        Board::new(&parameters).unwrap()
    }

    #[test]
    fn names_stand_in_the_order_of_the_knobs() {
        assert!(NAMES.iter().enumerate().all(|(index, (knob, _))| *knob as usize == index));
        let board = bare();
        assert_eq!(board.knob_at(board.place(Knob::Thru)), Some(Knob::Thru));
    }
}
