//! What is played to Segue: keys, automation and the transport, each at its frame.

use crate::timeline::{Frame, Timeline};
use segue_model::note::{Note, Pitch, Ticks, Velocity};
use std::fmt::Display;

/// One key going down and up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stroke {
    /// The frame at which it goes down.
    pub down: Frame,
    /// The frame at which it goes up; after `down`.
    pub up: Frame,
    /// Which key.
    pub pitch: Pitch,
    /// How hard.
    pub velocity: Velocity,
    /// The MIDI channel, 0 to 15.
    pub channel: u8,
}

/// A parameter set at a frame: automation.
#[derive(Debug, Clone, PartialEq)]
pub struct ParamChange {
    /// When.
    pub at: Frame,
    /// The parameter's name, as hosts show it.
    pub parameter: String,
    /// The value, as a player would type it.
    pub text: String,
}

/// Everything that is played to an instance in one session.
#[derive(Debug, Clone)]
pub struct Score {
    /// The transport.
    pub timeline: Timeline,
    /// The keys, in any order.
    pub strokes: Vec<Stroke>,
    /// MIDI messages beside the keys, such as pedals and bends; in any order.
    pub messages: Vec<(Frame, [u8; 3])>,
    /// Automation; in any order.
    pub automation: Vec<ParamChange>,
    /// What the project stores besides parameters, by name; loaded before the session begins.
    pub fields: Vec<(String, String)>,
    /// How long the session is.
    pub length: Frame,
}

impl Score {
    /// No notes, only time.
    pub const fn silence(timeline: Timeline, length: Frame) -> Self {
        Self { timeline, strokes: Vec::new(), messages: Vec::new(), automation: Vec::new(), fields: Vec::new(), length }
    }

    /// Plays notes at their ticks. Each key goes up `early` before its note ends, as a player's does, but never before
    /// half of the note has sounded.
    ///
    /// # Panics
    /// When the transport never reaches a note.
    pub fn play(&mut self, notes: &[Note], early: Ticks) -> &mut Self {
        for note in notes {
            let held = Ticks((note.duration - early).0.max(note.duration.0 / 2).max(1));
            let frame = |ticks| self.timeline.frame_of(ticks).expect("the transport gets to every note");
            let stroke = Stroke {
                down: frame(note.onset),
                up: frame(note.onset + held),
                pitch: note.pitch,
                velocity: note.velocity,
                channel: 0,
            };
            self.strokes.push(stroke);
        }
        self
    }

    /// One key, pressed and released at these frames.
    ///
    /// # Panics
    /// When `key` is above 127.
    pub fn press(&mut self, key: u8, down: Frame, up: Frame) -> &mut Self {
        let pitch = Pitch::new(key).expect("a MIDI key");
        self.strokes.push(Stroke { down, up, pitch, velocity: Velocity::DEFAULT, channel: 0 });
        self
    }

    /// Sets a parameter at a frame.
    pub fn turn(&mut self, parameter: &str, at: Frame, value: impl Display) -> &mut Self {
        self.automation.push(ParamChange { at, parameter: parameter.to_owned(), text: value.to_string() });
        self
    }

    /// The frame at which the last key goes up; 0 when none was played.
    pub fn last_key_up(&self) -> Frame {
        self.strokes.iter().map(|stroke| stroke.up).max().unwrap_or(0)
    }
}
