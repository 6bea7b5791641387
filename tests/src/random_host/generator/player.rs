//! What a player does at the keyboard and the controls of a generated sequence.

use super::super::param_map::{Param, ParamMap};
use super::super::sequence::Action;
use super::{Intensity, any_value, whole};
use crate::rng::Rng;
use crate::timeline::{Frame, frames};

/// What a player does until the frame `end`, in no particular order.
pub(super) fn actions(
    rng: Rng,
    param_map: &ParamMap,
    intensity: Intensity,
    rate: f64,
    end: Frame,
) -> Vec<(Frame, Action)> {
    let mut player = Player { rng, param_map, intensity, rate, at: 0, actions: Vec::new(), next_id: 1 };
    player.play_until(end);
    player.actions
}

/// A player at the keyboard and the controls.
struct Player<'a> {
    rng: Rng,
    param_map: &'a ParamMap,
    intensity: Intensity,
    rate: f64,
    /// The frame up to which actions have been generated.
    at: Frame,
    actions: Vec<(Frame, Action)>,
    next_id: u32,
}

/// One thing that a player does for a few seconds.
#[derive(Debug, Clone, Copy)]
enum Episode {
    Phrase,
    Chord,
    Hammer,
    Drone,
    Rest,
    Unison,
    Lift,
    Control,
    Pedal,
    Sweep,
    Turn,
    Trigger,
    Host,
    Hold,
}

impl Player<'_> {
    fn play_until(&mut self, end: Frame) {
        let weights = self.intensity.of([
            [40, 8, 2, 4, 12, 0, 1, 2, 3, 2, 2, 1, 0, 1],
            [30, 10, 5, 4, 10, 2, 4, 6, 5, 6, 8, 3, 4, 5],
            [20, 12, 10, 3, 6, 6, 8, 12, 6, 8, 20, 4, 10, 10],
        ]);
        let episodes = [
            Episode::Phrase,
            Episode::Chord,
            Episode::Hammer,
            Episode::Drone,
            Episode::Rest,
            Episode::Unison,
            Episode::Lift,
            Episode::Control,
            Episode::Pedal,
            Episode::Sweep,
            Episode::Turn,
            Episode::Trigger,
            Episode::Host,
            Episode::Hold,
        ];
        let table: Vec<(u64, Episode)> = weights.into_iter().zip(episodes).collect();
        while self.at < end {
            match self.rng.weigh(&table) {
                Episode::Phrase => self.phrase(),
                Episode::Chord => self.chord(),
                Episode::Hammer => self.hammer(),
                Episode::Drone => self.drone(),
                Episode::Rest => self.wait(1.0, 6.0),
                Episode::Unison => self.unison(),
                Episode::Lift => self.lift(),
                Episode::Control => self.control(),
                Episode::Pedal => self.pedal(),
                Episode::Sweep => self.sweep(),
                Episode::Turn => self.turn(),
                Episode::Trigger => self.trigger(),
                Episode::Host => self.host(),
                Episode::Hold => self.hold(),
            }
        }
    }

    fn seconds(&mut self, least: f64, most: f64) -> Frame {
        whole(self.rng.real(least, most) * self.rate)
    }

    fn wait(&mut self, least: f64, most: f64) {
        self.at += self.seconds(least, most);
    }

    fn channel(&mut self) -> u8 {
        if self.rng.chance(self.intensity.of([97, 90, 60])) { 0 } else { small(self.rng.below(16)) }
    }

    fn key(&mut self) -> u8 {
        match self.rng.below(20) {
            0 => small(self.rng.below(128)),
            1..=3 => small(self.rng.between(36, 60)),
            _ => small(self.rng.between(55, 84)),
        }
    }

    /// A key going down and up, in one of the ways in which hosts report that.
    fn stroke(&mut self, channel: u8, key: u8, down: Frame, length: Frame) {
        let up = down + length;
        let velocity = self.rng.real(0.05, 1.0);
        let [as_midi, without_name] = [self.rng.chance(20), self.rng.chance(30)];
        if as_midi {
            let strength = small(self.rng.between(1, 127));
            let release = *self.rng.pick(&[[0x90 | channel, key, 0], [0x80 | channel, key, 64]]);
            self.actions.push((down, Action::Midi([0x90 | channel, key, strength])));
            self.actions.push((up, Action::Midi(release)));
            return;
        }
        let id = (!without_name).then_some(self.next_id);
        self.next_id += 1;
        self.actions.push((down, Action::NoteOn { channel, key, velocity, id }));
        let lost = self.intensity == Intensity::Wild && self.rng.chance(6);
        if !lost {
            let id = id.filter(|_| self.rng.chance(80));
            let choke = self.rng.chance(self.intensity.of([0, 3, 8]));
            let by_name_alone = id.is_some() && self.rng.chance(8);
            let [channel, key] = [channel, key].map(|number| (!by_name_alone).then_some(number));
            self.actions.push((up, Action::NoteOff { channel, key, id, choke }));
        }
    }

    /// A line of notes, and perhaps room for an answer.
    fn phrase(&mut self) {
        let channel = self.channel();
        let pace = self.rng.real(0.08, 0.5);
        let mut key = self.key();
        for _ in 0..self.rng.between(1, 12) {
            let apart = self.seconds(pace * 0.6, pace * 1.4);
            // From staccato to overlapping; a finger may strike a key that is still down.
            let length = whole(frames(apart) * self.rng.real(0.3, 1.3)).max(1);
            self.stroke(channel, key, self.at, length);
            self.at += apart;
            let step = self.rng.between(0, 10);
            key = small((u64::from(key) + step).saturating_sub(5).clamp(21, 108));
        }
        if self.rng.chance(70) {
            self.wait(0.3, 5.0);
        }
    }

    fn chord(&mut self) {
        let channel = self.channel();
        let root = self.key().min(90);
        let length = self.seconds(0.1, 2.0);
        for key in 0..self.rng.between(2, 8) {
            let finger = self.seconds(0.0, 0.03);
            let held = length + self.seconds(0.0, 0.05);
            let interval = small(key * self.rng.between(1, 4));
            self.stroke(channel, root + interval, self.at + finger, held);
        }
        self.at += length;
        self.wait(0.0, 3.0);
    }

    /// The same key again and again, without releases in between.
    fn hammer(&mut self) {
        let (channel, key) = (self.channel(), self.key());
        let id = self.rng.chance(50).then_some(self.next_id);
        for _ in 0..self.rng.between(2, 20) {
            // A note-on without velocity is a release.
            let velocity = if self.rng.chance(8) { 0.0 } else { self.rng.real(0.01, 1.0) };
            self.actions.push((self.at, Action::NoteOn { channel, key, velocity, id }));
            self.wait(0.0, 0.2);
        }
        self.actions
            .push((self.at, Action::NoteOff { channel: Some(channel), key: Some(key), id: None, choke: false }));
        self.wait(0.0, 2.0);
    }

    /// A low key held for a long time while other things happen.
    fn drone(&mut self) {
        let key = small(self.rng.between(24, 50));
        let length = self.seconds(2.0, 12.0);
        self.stroke(0, key, self.at, length);
        self.wait(0.0, 0.5);
    }

    /// The same key on several channels.
    fn unison(&mut self) {
        let key = self.key();
        for _ in 0..self.rng.between(2, 5) {
            let channel = small(self.rng.below(16));
            let (later, length) = (self.seconds(0.0, 0.2), self.seconds(0.05, 1.0));
            self.stroke(channel, key, self.at + later, length);
        }
        self.wait(0.5, 2.0);
    }

    /// Keys that stay down while a setting changes under them.
    fn hold(&mut self) {
        let length = self.seconds(0.3, 4.0);
        let own = self.channel();
        for _ in 0..self.rng.between(1, 4) {
            let channel = if self.intensity == Intensity::Calm { own } else { small(self.rng.below(16)) };
            let (key, later) = (self.key(), self.seconds(0.0, 0.1));
            self.stroke(channel, key, self.at + later, length);
            if self.rng.chance(30) {
                let kind = small(self.rng.below(7));
                let shape = Action::NoteExpression {
                    channel: Some(channel),
                    key: Some(key),
                    id: None,
                    kind,
                    value: self.rng.unit(),
                };
                let when = self.at + later + self.rng.below(length.max(1));
                self.actions.push((when, shape));
            }
        }
        for _ in 0..self.rng.between(1, 3) {
            let when = self.at + self.rng.below(length.max(1));
            self.move_under(own, when, length);
        }
        self.at += length;
        self.wait(0.0, 2.0);
    }

    /// A setting that decides whether held keys are heard, or what remains when they are not heard any more.
    fn move_under(&mut self, channel: u8, when: Frame, length: Frame) {
        let value = small(self.rng.below(128));
        let controllers =
            [[0xE0, value, 100], [0xB0, 1, value], [0xD0, value, 0], [0xB0, 66, value], [0xB0, 64, value]];
        let [status, first, second] = *self.rng.pick(&controllers);
        self.actions.push((when, Action::Midi([status | channel, first, second])));
        if self.intensity == Intensity::Calm {
            return;
        }
        let switches = [
            Param::Thru,
            Param::Thru,
            Param::InputChannel,
            Param::OutputChannel,
            Param::Chords,
            Param::CompingChannel,
            Param::DroneBelow,
            Param::Mode,
        ];
        let later = when + self.rng.below(length.max(1));
        match self.rng.below(8) {
            0 => self.actions.push((later, Action::Midi([0xB0 | channel, *self.rng.pick(&[120, 121, 123, 127]), 0]))),
            1 if self.intensity == Intensity::Wild => {
                self.actions.push((later, *self.rng.pick(&[Action::Reset, Action::Pause])));
            }
            _ => {
                let place = self.param_map.place(*self.rng.pick(&switches));
                for when in [later, later + length] {
                    let value = any_value(&mut self.rng, self.param_map, place, &self.param_map.parameters()[place]);
                    self.actions.push((when, Action::SetParam { place, value }));
                }
            }
        }
    }

    /// Releases that nobody waits for, and wildcards.
    fn lift(&mut self) {
        let channel = self.channel();
        let key = self.key();
        let some = |rng: &mut Rng, value| rng.chance(50).then_some(value);
        let up = Action::NoteOff {
            channel: some(&mut self.rng, channel),
            key: some(&mut self.rng, key),
            id: if self.rng.chance(30) { Some(small(self.rng.below(50)).into()) } else { None },
            choke: self.rng.chance(20),
        };
        self.actions.push((self.at, up));
        self.wait(0.0, 0.5);
    }

    fn control(&mut self) {
        let channel = self.channel();
        let value = small(self.rng.below(128));
        let count = if self.rng.chance(20) { 40 } else { 1 };
        for _ in 0..count {
            let message = match self.rng.below(10) {
                0 => [0xB0 | channel, 120, 0],
                1 => [0xB0 | channel, 121, 0],
                2 => [0xB0 | channel, 123, 0],
                3 => [0xE0 | channel, value, small(self.rng.below(128))],
                4 => [0xD0 | channel, value, 0],
                5 => [0xC0 | channel, value, 0],
                6 => [0xA0 | channel, value, small(self.rng.below(128))],
                _ => [0xB0 | channel, small(self.rng.below(128)), value],
            };
            self.actions.push((self.at, Action::Midi(message)));
            self.wait(0.0, 0.02);
        }
        self.wait(0.0, 0.5);
    }

    fn pedal(&mut self) {
        let channel = self.channel();
        self.actions.push((self.at, Action::Midi([0xB0 | channel, 64, 127])));
        let up = self.at + self.seconds(0.2, 6.0);
        self.actions.push((up, Action::Midi([0xB0 | channel, 64, small(self.rng.below(64))])));
        self.wait(0.0, 0.3);
    }

    /// One parameter that changes fast.
    fn sweep(&mut self) {
        let place = self.soft_place();
        let parameter = &self.param_map.parameters()[place];
        let [begin, end] = [self.rng.unit(), self.rng.unit()].map(|part| part * parameter.max);
        let stepped = parameter.stepped;
        let count = self.rng.between(5, 150);
        let apart = self.seconds(0.0, 0.02).max(1);
        for step in 0..count {
            let value = begin + (end - begin) * frames(step) / frames(count);
            let value = if stepped { value.round() } else { value };
            self.actions.push((self.at + step * apart, Action::SetParam { place, value }));
        }
        self.wait(0.0, 1.0);
    }

    /// A parameter that may move while all rules hold.
    fn soft_place(&mut self) -> usize {
        let soft = [
            Param::Temperature,
            Param::TopP,
            Param::Memory,
            Param::Density,
            Param::Seed,
            Param::PlayerLevel,
            Param::SegueLevel,
            Param::AnswerLength,
        ];
        if self.intensity == Intensity::Wild && self.rng.chance(50) {
            return self.any_place();
        }
        self.param_map.place(*self.rng.pick(&soft))
    }

    fn any_place(&mut self) -> usize {
        let places = self.param_map.parameters().len() as u64;
        let fixed = self.param_map.place(Param::Render);
        let place = usize::try_from(self.rng.below(places)).unwrap_or(0);
        // Hosts do not automate this one, and no rule holds while it moves.
        if place == fixed { self.param_map.place(Param::Temperature) } else { place }
    }

    fn turn(&mut self) {
        let count = self.intensity.of([1, 2, 5]);
        for _ in 0..self.rng.between(1, count) {
            let place = if self.intensity == Intensity::Calm { self.soft_place() } else { self.any_place() };
            let value = any_value(&mut self.rng, self.param_map, place, &self.param_map.parameters()[place]);
            self.actions.push((self.at, Action::SetParam { place, value }));
            if self.rng.chance(50) {
                self.wait(0.0, 0.3);
            }
        }
        self.wait(0.0, 1.0);
    }

    /// A momentary button, pressed and released; or some seconds of silence.
    fn trigger(&mut self) {
        let button = self.rng.weigh(&[(5, Param::YourTurn), (4, Param::Again), (2, Param::Mute)]);
        let place = self.param_map.place(button);
        self.actions.push((self.at, Action::SetParam { place, value: 1.0 }));
        let longest = if button == Param::Mute { 6.0 } else { 0.3 };
        let up = self.at + self.seconds(0.0, longest);
        self.actions.push((up, Action::SetParam { place, value: 0.0 }));
        self.wait(0.0, 3.0);
    }

    /// What a host does between two blocks.
    fn host(&mut self) {
        match self.rng.below(6) {
            0 => self.actions.push((self.at, Action::Reset)),
            1 => self.actions.push((self.at, Action::Pause)),
            2 => self.actions.push((self.at, Action::Save)),
            3 | 4 => {
                self.actions.push((self.at, Action::Save));
                let later = self.at + self.seconds(0.0, 4.0);
                self.actions.push((later, Action::Load));
            }
            // A host with a small event buffer is rare, and no timing rule holds with it.
            _ if self.rng.chance(60) => {
                self.actions.push((self.at, Action::OutputRoom(*self.rng.pick(&[0, 0, 1, 2]))));
                let later = self.at + self.seconds(0.0, 2.0);
                self.actions.push((later, Action::OutputRoom(u32::MAX)));
            }
            _ => {}
        }
        self.wait(0.0, 1.0);
    }
}

fn small(number: u64) -> u8 {
    u8::try_from(number).unwrap_or(127)
}
