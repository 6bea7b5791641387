//! The plugin's parameters as the random host moves them, and those that the checker understands.

use crate::instance::Parameter;
use anyhow::{Context, Result};

/// The parameters that the rules refer to. The others are moved as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
#[expect(missing_docs, reason = "each is the parameter of that name")]
pub enum Param {
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
    Mute,
    Again,
    Sends,
    Mpe,
    ChordWindow,
}

const NAMES: [(Param, &str); 42] = [
    (Param::Mode, "Mode"),
    (Param::Style, "Style"),
    (Param::Start, "Start"),
    (Param::Thru, "Thru"),
    (Param::Sound, "Sound"),
    (Param::OutputChannel, "Output channel"),
    (Param::Render, "Render"),
    (Param::Yield, "Yield"),
    (Param::YourTurn, "Your turn"),
    (Param::DroneBelow, "Drone below"),
    (Param::Scale, "Scale"),
    (Param::Key, "Key"),
    (Param::LowestKey, "Lowest key"),
    (Param::HighestKey, "Highest key"),
    (Param::Polyphony, "Polyphony"),
    (Param::LongestNote, "Longest note"),
    (Param::Swing, "Swing"),
    (Param::Quantise, "Quantise"),
    (Param::Octave, "Octave"),
    (Param::Chords, "Chords"),
    (Param::Comping, "Comping"),
    (Param::CompingChannel, "Comping channel"),
    (Param::Click, "Click"),
    (Param::InputChannel, "Input channel"),
    (Param::Trade, "Trade"),
    (Param::First, "First"),
    (Param::RingOver, "Ring over"),
    (Param::Seed, "Seed"),
    (Param::Temperature, "Temperature"),
    (Param::TopP, "Top-p"),
    (Param::Memory, "Memory"),
    (Param::ResponseGap, "Response gap"),
    (Param::AnswerLength, "Answer length"),
    (Param::LookAhead, "Look-ahead"),
    (Param::Density, "Density"),
    (Param::PlayerLevel, "Player level"),
    (Param::SegueLevel, "Segue level"),
    (Param::Mute, "Mute"),
    (Param::Again, "Again"),
    (Param::Sends, "Sends"),
    (Param::Mpe, "MPE"),
    (Param::ChordWindow, "Chord window"),
];

/// All parameters of the plugin, in its order.
#[derive(Debug, Clone)]
pub struct ParamMap {
    parameters: Vec<Parameter>,
    /// Where the known ones are, in the order of [`Param`].
    places: Vec<usize>,
}

impl ParamMap {
    /// Finds the known parameters.
    ///
    /// # Errors
    /// If one is missing.
    pub fn new(parameters: &[Parameter]) -> Result<Self> {
        let place = |(_, name): &(Param, &str)| {
            parameters
                .iter()
                .position(|parameter| parameter.name == *name)
                .with_context(|| format!("the plugin has no parameter {name:?} any more, but the random host needs it"))
        };
        let places = NAMES.iter().map(place).collect::<Result<_>>()?;
        Ok(Self { parameters: parameters.to_vec(), places })
    }

    /// All parameters.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// The place of a parameter in the plugin's order.
    pub fn place(&self, param: Param) -> usize {
        self.places[param as usize]
    }

    /// The parameter at a place, if the rules know it.
    pub fn param_at(&self, place: usize) -> Option<Param> {
        NAMES.iter().map(|(param, _)| *param).find(|param| self.place(*param) == place)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A map of the known parameters alone, all at zero, for tests without a plugin.
    pub fn bare() -> ParamMap {
        let parameter = |(_, name): &(Param, &str)| Parameter {
            id: 0,
            name: (*name).to_owned(),
            group: String::new(),
            min: 0.0,
            max: 127.0,
            default: 0.0,
            automatable: true,
            stepped: true,
            bypass: false,
        };
        let parameters: Vec<Parameter> = NAMES.iter().map(parameter).collect();
        ParamMap::new(&parameters).unwrap()
    }

    #[test]
    fn names_stand_in_the_order_of_the_knobs() {
        assert!(NAMES.iter().enumerate().all(|(index, (param, _))| *param as usize == index));
        let param_map = bare();
        assert_eq!(param_map.param_at(param_map.place(Param::Thru)), Some(Param::Thru));
    }
}
