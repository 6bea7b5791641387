//! From a seed to a sequence: what a player, a host and somebody at the knobs may do in a minute.

use super::board::{Board, Knob};
use super::sequence::{Act, Deed, Return, Sequence};
use crate::blocks::Blocks;
use crate::dice::Dice;
use crate::instance::Parameter;
use crate::timeline::{Frame, Telling, Timeline, frames};
use segue_model::note::Metre;

/// How long the music of a sequence is.
pub const SECONDS: f64 = 60.0;
/// Before the end of a sequence the song stops and every key goes up.
const CLOSING_SECONDS: f64 = 0.3;

/// How much happens at once. Calm sequences try the strict rules, wild ones the safety of all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Temper {
    Calm,
    Lively,
    Wild,
}

impl Temper {
    const fn of<T: Copy>(self, [calm, lively, wild]: [T; 3]) -> T {
        match self {
            Self::Calm => calm,
            Self::Lively => lively,
            Self::Wild => wild,
        }
    }
}

/// The sequence of a seed.
pub fn sequence(seed: u64, board: &Board) -> Sequence {
    let mut dice = Dice::new(seed);
    let temper = dice.weigh(&[(45, Temper::Calm), (35, Temper::Lively), (20, Temper::Wild)]);
    let settings = settings(&mut dice.fork(), board, temper);
    let chart = *dice.pick(&["", "", "C7 | F7 | C7 | G7", "Dm7 G7 | Cmaj7 | Am7 D7 | Gmaj7", "Am | Am/G | F | E7"]);
    let count = dice.weigh(&[(6, 1_u32), (3, 2), (1, 4)]);
    let live = dice.chance(15);
    let acts = (1..=count).map(|index| {
        let seconds = SECONDS / f64::from(count);
        act(&mut dice.fork(), board, temper, seconds, index == count, !live || dice.chance(30))
    });
    let acts = acts.collect();
    Sequence { seed, settings, chart, acts }
}

fn settings(dice: &mut Dice, board: &Board, temper: Temper) -> Vec<(usize, f64)> {
    let mut settings = Vec::new();
    for (place, parameter) in board.parameters().iter().enumerate() {
        let value = match board.knob_at(place) {
            Some(Knob::Mode) => dice.weigh(&[(4, 0.0), (3, 1.0), (3, 2.0)]),
            // What renders fast, and what is heard on a grid, more often.
            Some(Knob::Sound) => f64::from(u8::from(dice.chance(20))),
            Some(Knob::Style) => dice.weigh(&[(2, 0.0), (2, 1.0), (4, 2.0), (4, 3.0), (3, 4.0)]),
            Some(Knob::Render) => dice.weigh(&[(85, 0.0), (10, 1.0), (5, 2.0)]),
            // What is passed on has rules of its own.
            Some(Knob::Thru) => f64::from(u8::from(dice.chance(30))),
            Some(Knob::Yield) if dice.chance(50) => 0.0,
            _ if dice.chance(temper.of([8, 15, 35])) => any_value(dice, board, place, parameter),
            _ => continue,
        };
        settings.push((place, value));
    }
    settings
}

fn any_value(dice: &mut Dice, board: &Board, place: usize, parameter: &Parameter) -> f64 {
    let between = |dice: &mut Dice, least, most| frames(dice.between(least, most));
    match board.knob_at(place) {
        Some(Knob::Style) if dice.chance(90) => between(dice, 0, 4),
        Some(Knob::LowestKey) => between(dice, 0, 64),
        Some(Knob::HighestKey) => between(dice, 60, 127),
        Some(Knob::DroneBelow) => between(dice, 0, 72),
        _ if parameter.stepped => between(dice, 0, whole(parameter.max)),
        _ => match dice.below(8) {
            0 => parameter.min,
            1 => parameter.max,
            _ => dice.real(parameter.min, parameter.max),
        },
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "frames and steps, above zero and small")]
fn whole(number: f64) -> u64 {
    number as u64
}

fn act(dice: &mut Dice, board: &Board, temper: Temper, seconds: f64, last: bool, offline: bool) -> Act {
    let rates = [(8, 44_100.0), (10, 48_000.0), (2, 88_200.0), (2, 96_000.0), (1, 192_000.0), (1, 22_050.0)];
    let rate = dice.weigh(&rates);
    let length = whole(seconds * rate);
    let largest = *dice.pick(&[64, 128, 256, 441, 480, 512, 777, 1024, 2048, 4096]);
    let seed = dice.roll();
    let blocks = match dice.below(10) {
        0..=3 => Blocks::Of(largest),
        4 | 5 => Blocks::Random { seed, largest },
        _ => Blocks::Moody { seed, largest },
    };
    let tells = [
        (60, Telling::Everything),
        (12, Telling::WrongBars),
        (6, Telling::NoBars),
        (5, Telling::NoMetre),
        (8, Telling::OnlyTempo),
        (9, Telling::Nothing),
    ];
    let telling = dice.weigh(&tells);
    let mut timeline = timeline(&mut dice.fork(), temper, rate, length);
    let mut player = Player { dice: dice.fork(), board, temper, rate, at: 0, deeds: Vec::new(), next_id: 1 };
    let end = if last { length - whole(CLOSING_SECONDS * rate) } else { length };
    player.play_until(end);
    let mut deeds = player.deeds;
    deeds.retain(|(at, _)| *at < end);
    if last {
        close(&mut deeds, &mut timeline, end, length);
    }
    let mid_block = dice.chance(25);
    let loops_back = dice.chance(8).then(|| match blocks {
        Blocks::Of(_) if dice.chance(50) => Return::ABlockLater,
        _ => Return::WithTheNextBlock,
    });
    let mut act = Act { timeline, telling, mid_block, blocks, loops_back, offline, deeds, length };
    act.sort();
    act
}

/// The song stops, every key and pedal goes up, and a little later the host says so once more.
fn close(deeds: &mut Vec<(Frame, Deed)>, timeline: &mut Timeline, end: Frame, length: Frame) {
    timeline.ends(end);
    deeds.push((end, Deed::Room(u32::MAX)));
    deeds.extend((0..16).map(|channel| (end, Deed::Midi([0xB0 | channel, 64, 0]))));
    deeds.push((end, Deed::Up { channel: None, key: None, id: None, choke: false }));
    deeds.push((end.midpoint(length), Deed::Reset));
}

fn any_tempo(dice: &mut Dice) -> f64 {
    match dice.below(4) {
        0 => *dice.pick(&[60.0, 90.0, 120.0, 140.0, 180.0, 240.0]),
        1 => dice.real(40.0, 300.0),
        _ => dice.real(70.0, 180.0).round(),
    }
}

fn any_metre(dice: &mut Dice) -> Metre {
    let metres = [(5, (4, 4)), (2, (3, 4)), (2, (6, 8)), (1, (5, 4)), (1, (7, 8)), (1, (2, 4)), (1, (12, 8))];
    let (numerator, denominator) = dice.weigh(&metres);
    Metre::new(numerator, denominator).unwrap_or(Metre::COMMON)
}

/// Whole beats more often than not; negative ones, too.
fn any_place(dice: &mut Dice) -> f64 {
    match dice.below(8) {
        0 => -dice.real(0.0, 40.0).round(),
        1 => dice.real(-20.0, 400.0),
        2 => dice.real(1_000.0, 20_000.0).round(),
        _ => dice.real(0.0, 200.0).round(),
    }
}

fn timeline(dice: &mut Dice, temper: Temper, rate: f64, length: Frame) -> Timeline {
    let mut timeline = Timeline::steady(rate, any_tempo(dice), any_metre(dice));
    if dice.chance(30) {
        timeline.jump(0, any_place(dice));
    }
    if dice.chance(20) {
        // After an upbeat of some eighths.
        timeline.bar_line(0, frames(dice.between(1, 7)) / 2.0, 0);
    }
    if dice.chance(15) {
        timeline.playing(0, false);
    }
    let pause = temper.of([(8.0, 30.0), (2.0, 12.0), (0.2, 6.0)]);
    let mut at = whole(dice.real(0.0, pause.1) * rate);
    while at < length {
        at = change(dice, &mut timeline, at, rate) + 1 + whole(dice.real(pause.0, pause.1) * rate);
    }
    timeline
}

/// One thing that a transport does; where it ends.
fn change(dice: &mut Dice, timeline: &mut Timeline, at: Frame, rate: f64) -> Frame {
    match dice.below(12) {
        0..=2 => {
            timeline.tempo(at, any_tempo(dice));
            at
        }
        3 | 4 => ramp(dice, timeline, at, rate),
        5 | 6 => {
            let at = next_beat(timeline, at, rate);
            timeline.metre(at, any_metre(dice));
            at
        }
        7 | 8 => stop(dice, timeline, at, rate),
        9 => {
            timeline.jump(at, any_place(dice)).playing(at, true);
            at
        }
        _ => go_round(dice, timeline, at, rate),
    }
}

/// Steps of tempo, as hosts make of a slope.
fn ramp(dice: &mut Dice, timeline: &mut Timeline, from: Frame, rate: f64) -> Frame {
    let (begin, end) = (timeline.tempo_bpm(from), any_tempo(dice));
    let steps = dice.between(4, 40);
    let every = dice.between(32, whole(rate / 8.0));
    for step in 1..=steps {
        timeline.tempo(from + step * every, begin + (end - begin) * frames(step) / frames(steps));
    }
    from + steps * every
}

fn stop(dice: &mut Dice, timeline: &mut Timeline, at: Frame, rate: f64) -> Frame {
    timeline.playing(at, false);
    let again = at + 1 + whole(dice.real(0.0, 4.0) * rate);
    if dice.chance(50) {
        timeline.jump(again, any_place(dice));
    }
    timeline.playing(again, true);
    again
}

/// A loop of some beats, a few times round.
fn go_round(dice: &mut Dice, timeline: &mut Timeline, at: Frame, rate: f64) -> Frame {
    if !timeline.is_playing(at) {
        timeline.playing(at, true);
    }
    let from = next_beat(timeline, at, rate);
    let begin = timeline.beats(from);
    let beats = frames(dice.between(1, 16));
    let round = whole((beats * 60.0 / timeline.tempo_bpm(from) * rate).round()).max(1);
    timeline.show_loop(begin, begin + beats);
    let times = dice.between(1, 4);
    for time in 1..=times {
        timeline.jump(from + time * round, begin);
    }
    from + times * round
}

/// The frame of the next whole beat, or this one where the song stands.
fn next_beat(timeline: &Timeline, at: Frame, rate: f64) -> Frame {
    if !timeline.is_playing(at) {
        return at;
    }
    let beats = timeline.beats(at);
    at + whole(((beats.ceil() - beats) * 60.0 / timeline.tempo_bpm(at) * rate).round())
}

/// Somebody at the keyboard and the knobs.
struct Player<'a> {
    dice: Dice,
    board: &'a Board,
    temper: Temper,
    rate: f64,
    /// Up to where it is made up what happens.
    at: Frame,
    deeds: Vec<(Frame, Deed)>,
    next_id: u32,
}

/// What a player does for some seconds.
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
        let weights = self.temper.of([
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
            match self.dice.weigh(&table) {
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
        whole(self.dice.real(least, most) * self.rate)
    }

    fn wait(&mut self, least: f64, most: f64) {
        self.at += self.seconds(least, most);
    }

    fn channel(&mut self) -> u8 {
        if self.dice.chance(self.temper.of([97, 90, 60])) { 0 } else { small(self.dice.below(16)) }
    }

    fn key(&mut self) -> u8 {
        match self.dice.below(20) {
            0 => small(self.dice.below(128)),
            1..=3 => small(self.dice.between(36, 60)),
            _ => small(self.dice.between(55, 84)),
        }
    }

    /// A key down and up, in one of the ways in which hosts say that.
    fn stroke(&mut self, channel: u8, key: u8, down: Frame, length: Frame) {
        let up = down + length;
        let velocity = self.dice.real(0.05, 1.0);
        let [as_midi, without_name] = [self.dice.chance(20), self.dice.chance(30)];
        if as_midi {
            let strength = small(self.dice.between(1, 127));
            let release = *self.dice.pick(&[[0x90 | channel, key, 0], [0x80 | channel, key, 64]]);
            self.deeds.push((down, Deed::Midi([0x90 | channel, key, strength])));
            self.deeds.push((up, Deed::Midi(release)));
            return;
        }
        let id = (!without_name).then_some(self.next_id);
        self.next_id += 1;
        self.deeds.push((down, Deed::Down { channel, key, velocity, id }));
        let lost = self.temper == Temper::Wild && self.dice.chance(6);
        if !lost {
            let id = id.filter(|_| self.dice.chance(80));
            let choke = self.dice.chance(self.temper.of([0, 3, 8]));
            let by_name_alone = id.is_some() && self.dice.chance(8);
            let [channel, key] = [channel, key].map(|number| (!by_name_alone).then_some(number));
            self.deeds.push((up, Deed::Up { channel, key, id, choke }));
        }
    }

    /// A line of notes, and perhaps room for an answer.
    fn phrase(&mut self) {
        let channel = self.channel();
        let pace = self.dice.real(0.08, 0.5);
        let mut key = self.key();
        for _ in 0..self.dice.between(1, 12) {
            let apart = self.seconds(pace * 0.6, pace * 1.4);
            // From staccato to overlapping; a finger may come back to a key that is still down.
            let length = whole(frames(apart) * self.dice.real(0.3, 1.3)).max(1);
            self.stroke(channel, key, self.at, length);
            self.at += apart;
            let step = self.dice.between(0, 10);
            key = small((u64::from(key) + step).saturating_sub(5).clamp(21, 108));
        }
        if self.dice.chance(70) {
            self.wait(0.3, 5.0);
        }
    }

    fn chord(&mut self) {
        let channel = self.channel();
        let root = self.key().min(90);
        let length = self.seconds(0.1, 2.0);
        for key in 0..self.dice.between(2, 8) {
            let finger = self.seconds(0.0, 0.03);
            let held = length + self.seconds(0.0, 0.05);
            let interval = small(key * self.dice.between(1, 4));
            self.stroke(channel, root + interval, self.at + finger, held);
        }
        self.at += length;
        self.wait(0.0, 3.0);
    }

    /// The same key again and again, down and never up in between.
    fn hammer(&mut self) {
        let (channel, key) = (self.channel(), self.key());
        let id = self.dice.chance(50).then_some(self.next_id);
        for _ in 0..self.dice.between(2, 20) {
            // Without velocity it is a release.
            let velocity = if self.dice.chance(8) { 0.0 } else { self.dice.real(0.01, 1.0) };
            self.deeds.push((self.at, Deed::Down { channel, key, velocity, id }));
            self.wait(0.0, 0.2);
        }
        self.deeds.push((self.at, Deed::Up { channel: Some(channel), key: Some(key), id: None, choke: false }));
        self.wait(0.0, 2.0);
    }

    /// A low key for a long time, while other things happen.
    fn drone(&mut self) {
        let key = small(self.dice.between(24, 50));
        let length = self.seconds(2.0, 12.0);
        self.stroke(0, key, self.at, length);
        self.wait(0.0, 0.5);
    }

    /// One key on several channels.
    fn unison(&mut self) {
        let key = self.key();
        for _ in 0..self.dice.between(2, 5) {
            let channel = small(self.dice.below(16));
            let (later, length) = (self.seconds(0.0, 0.2), self.seconds(0.05, 1.0));
            self.stroke(channel, key, self.at + later, length);
        }
        self.wait(0.5, 2.0);
    }

    /// Keys that stay down while something is moved under them.
    fn hold(&mut self) {
        let length = self.seconds(0.3, 4.0);
        let own = self.channel();
        for _ in 0..self.dice.between(1, 4) {
            let channel = if self.temper == Temper::Calm { own } else { small(self.dice.below(16)) };
            let (key, later) = (self.key(), self.seconds(0.0, 0.1));
            self.stroke(channel, key, self.at + later, length);
            if self.dice.chance(30) {
                let kind = small(self.dice.below(7));
                let shape =
                    Deed::Shape { channel: Some(channel), key: Some(key), id: None, kind, value: self.dice.unit() };
                let when = self.at + later + self.dice.below(length.max(1));
                self.deeds.push((when, shape));
            }
        }
        for _ in 0..self.dice.between(1, 3) {
            let when = self.at + self.dice.below(length.max(1));
            self.move_under(own, when, length);
        }
        self.at += length;
        self.wait(0.0, 2.0);
    }

    /// Something that decides where held keys are heard, or what is left behind when they are heard no more.
    fn move_under(&mut self, channel: u8, when: Frame, length: Frame) {
        let value = small(self.dice.below(128));
        let levers = [[0xE0, value, 100], [0xB0, 1, value], [0xD0, value, 0], [0xB0, 66, value], [0xB0, 64, value]];
        let [status, first, second] = *self.dice.pick(&levers);
        self.deeds.push((when, Deed::Midi([status | channel, first, second])));
        if self.temper == Temper::Calm {
            return;
        }
        let switches = [
            Knob::Thru,
            Knob::Thru,
            Knob::InputChannel,
            Knob::OutputChannel,
            Knob::Chords,
            Knob::CompingChannel,
            Knob::DroneBelow,
            Knob::Mode,
        ];
        let later = when + self.dice.below(length.max(1));
        match self.dice.below(8) {
            0 => self.deeds.push((later, Deed::Midi([0xB0 | channel, *self.dice.pick(&[120, 121, 123, 127]), 0]))),
            1 if self.temper == Temper::Wild => self.deeds.push((later, *self.dice.pick(&[Deed::Reset, Deed::Pause]))),
            _ => {
                let place = self.board.place(*self.dice.pick(&switches));
                for when in [later, later + length] {
                    let value = any_value(&mut self.dice, self.board, place, &self.board.parameters()[place]);
                    self.deeds.push((when, Deed::Turn { place, value }));
                }
            }
        }
    }

    /// Releases that nobody waits for, and wildcards.
    fn lift(&mut self) {
        let channel = self.channel();
        let key = self.key();
        let some = |dice: &mut Dice, value| dice.chance(50).then_some(value);
        let up = Deed::Up {
            channel: some(&mut self.dice, channel),
            key: some(&mut self.dice, key),
            id: if self.dice.chance(30) { Some(small(self.dice.below(50)).into()) } else { None },
            choke: self.dice.chance(20),
        };
        self.deeds.push((self.at, up));
        self.wait(0.0, 0.5);
    }

    fn control(&mut self) {
        let channel = self.channel();
        let value = small(self.dice.below(128));
        let count = if self.dice.chance(20) { 40 } else { 1 };
        for _ in 0..count {
            let message = match self.dice.below(10) {
                0 => [0xB0 | channel, 120, 0],
                1 => [0xB0 | channel, 121, 0],
                2 => [0xB0 | channel, 123, 0],
                3 => [0xE0 | channel, value, small(self.dice.below(128))],
                4 => [0xD0 | channel, value, 0],
                5 => [0xC0 | channel, value, 0],
                6 => [0xA0 | channel, value, small(self.dice.below(128))],
                _ => [0xB0 | channel, small(self.dice.below(128)), value],
            };
            self.deeds.push((self.at, Deed::Midi(message)));
            self.wait(0.0, 0.02);
        }
        self.wait(0.0, 0.5);
    }

    fn pedal(&mut self) {
        let channel = self.channel();
        self.deeds.push((self.at, Deed::Midi([0xB0 | channel, 64, 127])));
        let up = self.at + self.seconds(0.2, 6.0);
        self.deeds.push((up, Deed::Midi([0xB0 | channel, 64, small(self.dice.below(64))])));
        self.wait(0.0, 0.3);
    }

    /// One parameter, fast.
    fn sweep(&mut self) {
        let place = self.soft_place();
        let parameter = &self.board.parameters()[place];
        let [begin, end] = [self.dice.unit(), self.dice.unit()].map(|part| part * parameter.max);
        let stepped = parameter.stepped;
        let count = self.dice.between(5, 150);
        let apart = self.seconds(0.0, 0.02).max(1);
        for step in 0..count {
            let value = begin + (end - begin) * frames(step) / frames(count);
            let value = if stepped { value.round() } else { value };
            self.deeds.push((self.at + step * apart, Deed::Turn { place, value }));
        }
        self.wait(0.0, 1.0);
    }

    /// One of those that hold whatever else does.
    fn soft_place(&mut self) -> usize {
        let soft = [
            Knob::Temperature,
            Knob::TopP,
            Knob::Memory,
            Knob::Density,
            Knob::Seed,
            Knob::PlayerLevel,
            Knob::SegueLevel,
            Knob::AnswerLength,
        ];
        if self.temper == Temper::Wild && self.dice.chance(50) {
            return self.any_place();
        }
        self.board.place(*self.dice.pick(&soft))
    }

    fn any_place(&mut self) -> usize {
        let places = self.board.parameters().len() as u64;
        let fixed = self.board.place(Knob::Render);
        let place = usize::try_from(self.dice.below(places)).unwrap_or(0);
        // Hosts do not automate it, and no rule holds while it moves.
        if place == fixed { self.board.place(Knob::Temperature) } else { place }
    }

    fn turn(&mut self) {
        let count = self.temper.of([1, 2, 5]);
        for _ in 0..self.dice.between(1, count) {
            let place = if self.temper == Temper::Calm { self.soft_place() } else { self.any_place() };
            let value = any_value(&mut self.dice, self.board, place, &self.board.parameters()[place]);
            self.deeds.push((self.at, Deed::Turn { place, value }));
            if self.dice.chance(50) {
                self.wait(0.0, 0.3);
            }
        }
        self.wait(0.0, 1.0);
    }

    /// A momentary button: down and up again.
    fn trigger(&mut self) {
        let place = self.board.place(Knob::YourTurn);
        self.deeds.push((self.at, Deed::Turn { place, value: 1.0 }));
        let up = self.at + self.seconds(0.0, 0.3);
        self.deeds.push((up, Deed::Turn { place, value: 0.0 }));
        self.wait(0.0, 3.0);
    }

    /// What a host does between two blocks.
    fn host(&mut self) {
        match self.dice.below(6) {
            0 => self.deeds.push((self.at, Deed::Reset)),
            1 => self.deeds.push((self.at, Deed::Pause)),
            2 => self.deeds.push((self.at, Deed::Save)),
            3 | 4 => {
                self.deeds.push((self.at, Deed::Save));
                let later = self.at + self.seconds(0.0, 4.0);
                self.deeds.push((later, Deed::Load));
            }
            // A host that takes little is rare, and no rule about time holds with it.
            _ if self.dice.chance(60) => {
                self.deeds.push((self.at, Deed::Room(*self.dice.pick(&[0, 0, 1, 2]))));
                let later = self.at + self.seconds(0.0, 2.0);
                self.deeds.push((later, Deed::Room(u32::MAX)));
            }
            _ => {}
        }
        self.wait(0.0, 1.0);
    }
}

fn small(number: u64) -> u8 {
    u8::try_from(number).unwrap_or(127)
}

#[cfg(test)]
mod tests {
    use super::super::board::tests::bare;
    use super::*;

    #[test]
    fn a_seed_gives_the_same_minute_every_time() {
        let board = bare();
        for seed in 0..20 {
            let one = sequence(seed, &board);
            assert_eq!(one.tell(&board).to_string(), sequence(seed, &board).tell(&board).to_string());
            assert!((one.seconds() - SECONDS).abs() < 0.01, "{}", one.seconds());
            for act in &one.acts {
                assert!(act.deeds.is_sorted_by_key(|(at, _)| *at));
                assert!(act.deeds.iter().all(|(at, _)| *at < act.length));
            }
        }
    }

    #[test]
    fn everything_that_a_host_may_do_is_done_within_a_hundred_minutes() {
        let board = bare();
        let sequences: Vec<Sequence> = (0..100).map(|seed| sequence(seed, &board)).collect();
        let acts: Vec<&Act> = sequences.iter().flat_map(|sequence| &sequence.acts).collect();
        let some_deed = |name: &str, what: fn(&Deed) -> bool| {
            assert!(acts.iter().any(|act| act.deeds.iter().any(|(_, deed)| what(deed))), "{name}");
        };
        some_deed("a stroke", |deed| matches!(deed, Deed::Down { velocity, .. } if *velocity > 0.0));
        some_deed("a release of everything", |deed| matches!(deed, Deed::Up { channel: None, key: None, .. }));
        some_deed("a release by name alone", |deed| {
            matches!(deed, Deed::Up { channel: None, key: None, id: Some(_), .. })
        });
        some_deed("a choke", |deed| matches!(deed, Deed::Up { choke: true, .. }));
        some_deed("a shape", |deed| matches!(deed, Deed::Shape { .. }));
        for controller in [1, 64, 66, 120, 121, 123, 127] {
            let found = |(_, deed): &(Frame, Deed)| matches!(deed, Deed::Midi([status, number, _]) if status & 0xF0 == 0xB0 && *number == controller);
            assert!(acts.iter().any(|act| act.deeds.iter().any(found)), "controller {controller}");
        }
        for status in [0x80, 0x90, 0xA0, 0xC0, 0xD0, 0xE0] {
            let found = |(_, deed): &(Frame, Deed)| matches!(deed, Deed::Midi([byte, ..]) if byte & 0xF0 == status);
            assert!(acts.iter().any(|act| act.deeds.iter().any(found)), "status {status:x}");
        }
        some_deed("a reset", |deed| matches!(deed, Deed::Reset));
        some_deed("a pause", |deed| matches!(deed, Deed::Pause));
        some_deed("a load", |deed| matches!(deed, Deed::Load));
        some_deed("no room", |deed| matches!(deed, Deed::Room(0)));
        let turned = |place| {
            let turns =
                |(_, deed): &(Frame, Deed)| matches!(deed, Deed::Turn { place: turned, .. } if *turned == place);
            acts.iter().any(|act| act.deeds.iter().any(turns))
        };
        let unturned = (0..board.parameters().len()).filter(|place| !turned(*place));
        assert_eq!(unturned.collect::<Vec<_>>(), [board.place(Knob::Render)]);
        assert!(acts.iter().any(|act| act.timeline.beats(0) < 0.0));
        assert!(acts.iter().any(|act| act.telling == Telling::Nothing));
        assert!(acts.iter().any(|act| act.timeline.breaks().count() > 3));
        assert!(sequences.iter().any(|sequence| sequence.acts.iter().any(|act| !act.offline)));
        for way in [None, Some(Return::WithTheNextBlock), Some(Return::ABlockLater)] {
            assert!(acts.iter().any(|act| act.loops_back == way), "{way:?}");
        }
    }
}
