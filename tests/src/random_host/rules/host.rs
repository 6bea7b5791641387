//! What the host and the player do, as far as it has only one meaning.

use super::settings::{ANSWER, same};
use super::{Checker, Demand, Held, Key, MOST_KEYS, SAME_VELOCITY};
use crate::random_host::param_map::Param;
use crate::random_host::sequence::Action;
use crate::timeline::Frame;

/// The longest way back through a routing loop, at the highest sample rate.
const LONGEST_RETURN: Frame = 48_000;
/// Values of a parameter with named values, as the plugin orders them.
const AT_ONCE: f64 = 0.0;
const CHORDS_OF_LOW_KEYS: f64 = 2.0;
const CHORDS_OF_A_CHANNEL: f64 = 3.0;
/// The channel of the drums, counted from 0.
const DRUMS: u16 = 9;

/// Whether a release applies to a key.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Meant {
    Surely,
    Perhaps,
    No,
}

impl Checker<'_> {
    pub(super) fn host_does(&mut self, action: Action, now: Frame) {
        match action {
            Action::NoteOn { channel, key, velocity, id } if velocity > 0.0 => {
                let key = Key { channel: channel.into(), key: key.into() };
                self.press(Held { key, velocity, id, down: now });
            }
            Action::NoteOn { channel, key, id, .. } => self.release(Some(channel), Some(key), id),
            Action::NoteOff { channel, key, id, .. } => self.release(channel, key, id),
            Action::Midi(message) => self.midi(message, now),
            Action::SetParam { place, value } => self.turn(place, value, now),
            Action::Reset | Action::Pause => {
                self.forget_keys();
                self.demands.push(Demand::Everything);
            }
            Action::Save => self.saved = Some(self.values.clone()),
            Action::Load => {
                for (place, value) in self.saved.clone().into_iter().flatten().enumerate() {
                    self.turn(place, value, now);
                }
            }
            Action::NoteExpression { .. } | Action::OutputRoom(_) => {}
        }
    }

    fn midi(&mut self, [status, first, second]: [u8; 3], now: Frame) {
        let channel = status & 0x0F;
        match (status & 0xF0, first) {
            (0x90, key) if second > 0 => {
                let key = Key { channel: channel.into(), key: key.into() };
                self.press(Held { key, velocity: f64::from(second) / 127.0, id: None, down: now });
            }
            (0x80 | 0x90, key) => self.release(Some(channel), Some(key), None),
            // The mode messages release all notes too.
            (0xB0, 120 | 123..) => self.release(Some(channel), None, None),
            _ => {}
        }
    }

    fn turn(&mut self, place: usize, value: f64, now: Frame) {
        let before = std::mem::replace(&mut self.values[place], value);
        if same(before, value) {
            return;
        }
        self.since[place] = now.max(1);
        if self.param_map.param_at(place) == Some(Param::Thru) && value < before {
            self.demands.push(Demand::Controllers);
        }
        let param = self.param_map.param_at(place);
        if param == Some(Param::Mute) && value > before {
            self.demands.push(Demand::Muted);
        }
        if param == Some(Param::Again) && value > before {
            self.repeats_since.get_or_insert(now);
        }
        if matches!(param, Some(Param::YourTurn | Param::Again)) && value > before {
            self.asked = true;
            self.handed_over = Some(now);
            self.was_handed_over = true;
        }
    }

    fn press(&mut self, stroke: Held) {
        let Held { key, velocity, down: now, .. } = stroke;
        let before = self.held.iter().position(|held| held.key == key).map(|index| self.held.swap_remove(index));
        let as_hard = |other: f64| (other - velocity).abs() <= SAME_VELOCITY;
        let may_be_segues =
            self.begun.iter().any(|(begun, hard, until)| *begun == key && as_hard(*hard) && now <= *until);
        // If strokes have no certain release between them, each may be the one that comes back.
        self.strokes.retain(|(.., at)| now <= at + LONGEST_RETURN);
        let may_be_earlier = self.strokes.iter().any(|(struck, hard, _)| *struck == key && as_hard(*hard));
        self.strokes.push((key, velocity, now));
        self.struck.push(key);
        self.asked = true;
        // A key that is struck again as hard while it is down may be a note that comes back through a routing loop, and
        // so may a key that Segue has just struck as hard. If the plugin takes it for that, the earlier stroke is the
        // one that is down, with its note id.
        if may_be_segues || may_be_earlier || before.is_some_and(|before| as_hard(before.velocity)) {
            self.perhaps_held = true;
            return;
        }
        let is_new = before.is_none();
        if is_new && self.is_steadily(Param::Thru, 1.0) && self.hears(key) && self.held.len() < MOST_KEYS {
            self.to_pass.push(key);
        }
        self.held.push(stroke);
        let at_once = same(self.value(Param::Yield), AT_ONCE);
        if at_once && self.is_steadily(Param::Mode, ANSWER) && self.takes_the_turn(&stroke) {
            self.demands.push(Demand::Yielding);
        }
    }

    /// Whether a key of the player's certainly counts as a line of its own: its channel is listened to, and it is
    /// neither a drone nor a chord.
    pub(super) fn takes_the_turn(&self, held: &Held) -> bool {
        let heard = self.hears(held.key);
        let drone = self.steady(Param::DroneBelow).is_none_or(|below| f64::from(held.key.key) < below);
        let chords = [CHORDS_OF_LOW_KEYS, CHORDS_OF_A_CHANNEL];
        let chord = self.steady(Param::Chords).is_none_or(|source| chords.into_iter().any(|other| same(source, other)));
        heard && !self.may_be_drums(held.key) && !drone && !chord && self.held.len() < MOST_KEYS
    }

    /// Whether a key may be a drum, which Segue does not hear: on channel 10, unless that was chosen.
    fn may_be_drums(&self, key: Key) -> bool {
        key.channel == DRUMS && self.steady(Param::InputChannel).is_none_or(|channel| same(channel, 0.0))
    }

    /// Whether a key's channel is certainly listened to.
    pub(super) fn hears(&self, key: Key) -> bool {
        let channel = self.steady(Param::InputChannel);
        channel.is_some_and(|channel| same(channel, 0.0) || same(channel, f64::from(key.channel) + 1.0))
    }

    fn release(&mut self, channel: Option<u8>, key: Option<u8>, id: Option<u32>) {
        let (demands, perhaps, strokes) = (&mut self.demands, &mut self.perhaps_held, &mut self.strokes);
        let meant = |held: &Held| {
            let matches = channel.is_none_or(|channel| u16::from(channel) == held.key.channel)
                && key.is_none_or(|key| u16::from(key) == held.key.key);
            match id {
                _ if !matches => Meant::No,
                Some(_) if held.id == id => Meant::Surely,
                // A note id alone means the note with that id and no other.
                Some(_) if key.is_none() => Meant::No,
                Some(_) if held.id.is_some() => Meant::Perhaps,
                _ => Meant::Surely,
            }
        };
        self.held.retain(|held| {
            let meant = meant(held);
            *perhaps |= meant == Meant::Perhaps;
            if meant == Meant::Surely {
                demands.push(Demand::Passed(held.key));
                strokes.retain(|(struck, ..)| *struck != held.key);
            }
            // With another id, the key is neither certainly down any more nor certainly up.
            meant == Meant::No
        });
    }
}
