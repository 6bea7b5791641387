//! The computer's keyboard as a piano, for the program without a host: two rows of its keys are the white and black
//! keys of an octave and a half.
//!
//! The window receives the keys, and the audio thread reads which of them are down; neither waits for the other.

use egui::{Event, Key, Ui};
use segue_model::note::Pitch;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Where each key of the computer lies on the piano, in semitones above the lowest. The keys are chosen by place, so
/// that the layout looks like a piano on every keyboard, whatever is printed on it.
const PIANO: [(Key, u8); 18] = [
    (Key::A, 0),
    (Key::W, 1),
    (Key::S, 2),
    (Key::E, 3),
    (Key::D, 4),
    (Key::F, 5),
    (Key::T, 6),
    (Key::G, 7),
    (Key::Y, 8),
    (Key::H, 9),
    (Key::U, 10),
    (Key::J, 11),
    (Key::K, 12),
    (Key::O, 13),
    (Key::L, 14),
    (Key::P, 15),
    (Key::Semicolon, 16),
    (Key::Quote, 17),
];
const OCTAVE_DOWN: Key = Key::Z;
const OCTAVE_UP: Key = Key::X;
/// C4: the lowest key at the start.
const MIDDLE_C: u8 = 60;
const OCTAVE: u8 = 12;
/// C8: an octave higher would leave the piano.
const HIGHEST: u8 = 108;

/// Which piano keys are down. Each bit is independent, so no thread waits for another.
#[derive(Debug, Default)]
pub struct HeldKeys([AtomicU64; 2]);

impl HeldKeys {
    /// One bit for each key; the lowest bit is key 0.
    pub fn down(&self) -> u128 {
        let [low, high] = &self.0;
        u128::from(high.load(Relaxed)) << u64::BITS | u128::from(low.load(Relaxed))
    }

    /// A key goes down or up.
    pub fn set(&self, pitch: Pitch, down: bool) {
        let [low, high] = &self.0;
        let key = u32::from(pitch.key());
        let (half, bit) = if key < u64::BITS { (low, 1 << key) } else { (high, 1 << (key - u64::BITS)) };
        if down {
            half.fetch_or(bit, Relaxed);
        } else {
            half.fetch_and(!bit, Relaxed);
        }
    }
}

/// The state of the computer's keyboard.
#[derive(Debug)]
pub struct Keyboard {
    lowest: u8,
    /// The keys that are down, each with its note, so that a change of octave leaves no note on.
    held: Vec<(Key, Pitch)>,
}

impl Default for Keyboard {
    fn default() -> Self {
        Self { lowest: MIDDLE_C, held: Vec::new() }
    }
}

impl Keyboard {
    /// Handles the key events since the last call. While the musician types text, keys are letters.
    pub fn listen(&mut self, ui: &Ui, keys: &HeldKeys) {
        if ui.ctx().text_edit_focused() {
            self.let_go(keys);
            return;
        }
        ui.input(|input| {
            for event in &input.events {
                self.hear(event, keys);
            }
        });
    }

    fn hear(&mut self, event: &Event, keys: &HeldKeys) {
        match event {
            // When the window loses the focus, another window gets the key-ups.
            Event::WindowFocused(false) => self.let_go(keys),
            Event::Key { repeat: true, .. } => {}
            Event::Key { key, physical_key, pressed, modifiers, .. } => {
                let key = physical_key.unwrap_or(*key);
                if !pressed {
                    self.release(key, keys);
                } else if !modifiers.any() {
                    self.press(key, keys);
                }
            }
            _ => {}
        }
    }

    fn press(&mut self, key: Key, keys: &HeldKeys) {
        match key {
            OCTAVE_DOWN => self.lowest = self.lowest.saturating_sub(OCTAVE),
            OCTAVE_UP => self.lowest = (self.lowest + OCTAVE).min(HIGHEST),
            _ => {
                let place = PIANO.iter().find(|(other, _)| *other == key);
                let pitch = place.and_then(|(_, above)| Pitch::new(self.lowest + above));
                let is_held = self.held.iter().any(|(other, _)| *other == key);
                if let Some(pitch) = pitch.filter(|_| !is_held) {
                    self.held.push((key, pitch));
                    keys.set(pitch, true);
                }
            }
        }
    }

    fn release(&mut self, key: Key, keys: &HeldKeys) {
        let Some(index) = self.held.iter().position(|(other, _)| *other == key) else { return };
        let (_, pitch) = self.held.remove(index);
        // Since the octave changed, another key may hold the same note.
        if !self.held.iter().any(|(_, other)| *other == pitch) {
            keys.set(pitch, false);
        }
    }

    fn let_go(&mut self, keys: &HeldKeys) {
        for (_, pitch) in self.held.drain(..) {
            keys.set(pitch, false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(key: Key, pressed: bool) -> Event {
        Event::Key { key, physical_key: Some(key), pressed, repeat: false, modifiers: egui::Modifiers::NONE }
    }

    /// The keys that are down after these events.
    fn down(events: &[Event]) -> Vec<u32> {
        let (mut keyboard, keys) = (Keyboard::default(), HeldKeys::default());
        for event in events {
            keyboard.hear(event, &keys);
        }
        (0..128_u32).filter(|key| keys.down() >> key & 1 == 1).collect()
    }

    #[test]
    fn two_rows_of_keys_are_a_piano_from_middle_c_on() {
        let rows: Vec<Event> = PIANO.iter().map(|(key, _)| event(*key, true)).collect();
        assert_eq!(down(&rows), (60..78).collect::<Vec<_>>());
        assert_eq!(down(&[event(Key::Q, true), event(Key::Space, true)]), [0; 0]);
    }

    /// A key that goes up ends the note it started, even if the octave has changed since.
    #[test]
    fn a_key_up_ends_its_note_after_an_octave_change() {
        let (press, release) = (event(Key::A, true), event(Key::A, false));
        assert_eq!(down(&[press.clone(), event(Key::X, true)]), [60]);
        assert_eq!(down(&[press.clone(), event(Key::X, true), release.clone()]), [0; 0]);
        assert_eq!(down(&[event(Key::X, true), press.clone()]), [72]);
        // K is the same note as A an octave higher.
        let twice = [event(Key::K, true), event(Key::X, true), press, event(Key::K, false)];
        assert_eq!(down(&twice), [72]);
        assert_eq!(down(&[&twice[..], &[release]].concat()), [0; 0]);
    }

    /// No key stays down when another window gets the focus, and no key beyond the piano is pressed.
    #[test]
    fn losing_the_focus_releases_all_keys() {
        assert_eq!(down(&[event(Key::A, true), Event::WindowFocused(false)]), [0; 0]);
        let up: Vec<Event> = (0..12).map(|_| event(Key::X, true)).collect();
        assert_eq!(down(&[&up[..], &[event(Key::A, true), event(Key::Quote, true)]].concat()), [108, 125]);
        let low: Vec<Event> = (0..12).map(|_| event(Key::Z, true)).collect();
        assert_eq!(down(&[&low[..], &[event(Key::A, true)]].concat()), [0]);
    }

    #[test]
    fn shortcuts_and_repeated_keys_play_nothing() {
        let modifiers = egui::Modifiers::CTRL;
        let shortcut = Event::Key { key: Key::A, physical_key: Some(Key::A), pressed: true, repeat: false, modifiers };
        assert_eq!(down(&[shortcut]), [0; 0]);
        let repeat = Event::Key {
            key: Key::A,
            physical_key: None,
            pressed: true,
            repeat: true,
            modifiers: egui::Modifiers::NONE,
        };
        assert_eq!(down(&[repeat]), [0; 0]);
    }
}
