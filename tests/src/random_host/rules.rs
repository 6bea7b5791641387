//! What must be true of a recording, whatever the host did.
//!
//! Pure: it looks at a sequence and at what came of it, and knows the plugin's parameters by name and meaning only.
//! Where it cannot know what the plugin must have understood it lets pass: each rule says when it speaks.

use super::board::{Board, Knob};
use super::play::{Recording, Take};
use super::sequence::{Act, Deed, Sequence};
use crate::performance::{Answered, Sent};
use crate::timeline::{Frame, Telling};
use crate::vitals::Vitals;
use std::fmt;

/// A rule that was broken, and where.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Broken {
    /// The act, counted from 0.
    pub act: usize,
    /// The frame within it.
    pub at: Frame,
    /// The rule.
    pub rule: Rule,
}

/// What was wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule {
    /// An event lies outside its block.
    Outside {
        /// Its offset.
        offset: u32,
    },
    /// An event came after a later one.
    OutOfOrder,
    /// A note-off without its note-on.
    OffWithoutOn(Key),
    /// A note-on of a key that was down.
    OnTwice(Key),
    /// A note-on whose note-off never came.
    NeverEnds(Key),
    /// A note of Segue's that takes no time.
    NoLength(Key),
    /// A note of Segue's that sounds longer than any music.
    TooLong(Key),
    /// A key, channel or velocity that MIDI does not have.
    NoMidi(Key),
    /// A note that is neither the player's, passed through, nor on Segue's channel.
    WrongChannel {
        /// The note.
        key: Key,
        /// Segue's channel.
        wanted: u16,
    },
    /// A note-on that is not on the rounded frame of a tick.
    OffTheGrid {
        /// The note.
        key: Key,
        /// How far, in frames.
        away: f64,
    },
    /// Segue begins a note while the player holds a key: a plan that should have been withdrawn.
    OverThePlayer {
        /// The note.
        key: Key,
        /// The player's.
        held: Key,
    },
    /// Segue begins a note although nothing was played that could be answered.
    Unasked(Key),
    /// A note of Segue's sounds on when the player comes in and it must yield at once.
    DoesNotYield(Key),
    /// A note of Segue's sounds on when the song starts, stops or jumps.
    OverABreak(Key),
    /// A note sounds on after the host's reset or a new activation.
    OverAReset(Key),
    /// A note that was passed through sounds on after its release.
    OverARelease(Key),
    /// A key of the player's that should have been passed through was not.
    NotPassed(Key),
    /// A note that was passed through ends while its key is down.
    CutShort(Key),
    /// A note that came back by a routing loop was passed through once more, and that came back and was, too.
    GoesRound(Key),
    /// What was passed through and moved a pedal, a wheel or the bend is left so when nothing is passed through any more.
    LeftAway {
        /// The lever.
        lever: Lever,
        /// 0 to 15.
        channel: u8,
    },
    /// More notes of Segue's at once than are allowed.
    TooMany {
        /// How many.
        count: usize,
        /// How many may be.
        most: usize,
    },
    /// A note of Segue's outside the scale or the range that is set.
    OutOfBounds(Key),
    /// A note of Segue's longer than the longest that is set.
    TooLongForTheSetting {
        /// The note.
        key: Key,
        /// Its length in beats.
        beats: f64,
    },
    /// Where bars are traded, a note of Segue's begins in the player's.
    InThePlayersBars(Key),
    /// Where bars are traded, a note of Segue's rings into the player's, and may not.
    RingsOver(Key),
    /// The mind panicked.
    Panicked,
    /// Something was late or lost although the host waited for the mind and took everything.
    Lost {
        /// What was counted in this act.
        counts: Vitals,
    },
    /// Audio at or beyond full scale.
    TooLoud {
        /// The peak.
        peak: f32,
    },
    /// Audio that is no number.
    NoNumber,
    /// Audio although the sound is off.
    SoundWhenOff {
        /// The peak.
        peak: f32,
    },
}

/// A key on a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// 0 to 15.
    pub channel: u16,
    /// 0 to 127.
    pub key: u16,
}

/// What stays where a message has left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are MIDI's")]
pub enum Lever {
    Sustain,
    Sostenuto,
    Modulation,
    Pressure,
    Bend,
}

impl Lever {
    /// The lever that a message moves, and whether it is away from rest then.
    fn moved_by([status, first, second]: [u8; 3]) -> Option<(Self, bool)> {
        match (status & 0xF0, first) {
            (0xB0, 64) => Some((Self::Sustain, second >= 64)),
            (0xB0, 66) => Some((Self::Sostenuto, second >= 64)),
            (0xB0, 1) => Some((Self::Modulation, second > 0)),
            (0xD0, pressure) => Some((Self::Pressure, pressure > 0)),
            (0xE0, fine) => Some((Self::Bend, (fine, second) != (0, 64))),
            _ => None,
        }
    }
}

impl Rule {
    /// The same for faults of one kind, whatever their figures.
    pub fn kind(&self) -> std::mem::Discriminant<Self> {
        std::mem::discriminant(self)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "key {} on channel {}", self.key, self.channel + 1)
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "act {}, frame {}: ", self.act + 1, self.at)?;
        match self.rule {
            Rule::Outside { offset } => write!(out, "an event at offset {offset}, which is beyond its block"),
            Rule::OutOfOrder => write!(out, "an event came after a later one"),
            Rule::OffWithoutOn(key) => write!(out, "the note-off of {key} has no note-on"),
            Rule::OnTwice(key) => write!(out, "{key} was struck while it was down"),
            Rule::NeverEnds(key) => write!(out, "the note of {key} never ends"),
            Rule::NoLength(key) => write!(out, "the note of {key} has no length"),
            Rule::TooLong(key) => write!(out, "the note of {key} sounded longer than any music"),
            Rule::NoMidi(key) => write!(out, "the note of {key} is no MIDI note"),
            Rule::WrongChannel { key, wanted } => {
                write!(out, "{key} is neither the player's nor on Segue's channel, which is {}", wanted + 1)
            }
            Rule::OffTheGrid { key, away } => write!(out, "{key} begins {away:.2} frames away from the nearest tick"),
            Rule::OverThePlayer { key, held } => write!(out, "{key} begins while the player holds {held}"),
            Rule::Unasked(key) => write!(out, "{key} begins, and nobody has played anything to answer"),
            Rule::DoesNotYield(key) => write!(out, "{key} sounds on although the player has come in"),
            Rule::OverABreak(key) => write!(out, "{key} sounds on although the song starts, stops or jumps"),
            Rule::OverAReset(key) => write!(out, "{key} sounds on after a reset"),
            Rule::OverARelease(key) => write!(out, "{key} was passed through and sounds on after its release"),
            Rule::NotPassed(key) => write!(out, "{key} was struck and not passed through"),
            Rule::CutShort(key) => write!(out, "{key} was passed through and ends while it is down"),
            Rule::GoesRound(key) => {
                write!(out, "{key} comes back by the routing loop and is passed through every time")
            }
            Rule::LeftAway { lever, channel } => {
                write!(out, "on channel {}, {lever:?} was passed through and is left away from rest", channel + 1)
            }
            Rule::TooMany { count, most } => write!(out, "{count} notes of Segue's sound at once, and {most} may"),
            Rule::OutOfBounds(key) => write!(out, "{key} lies outside the scale or the range that is set"),
            Rule::TooLongForTheSetting { key, beats } => write!(out, "{key} lasts {beats:.3} beats, which is too long"),
            Rule::InThePlayersBars(key) => write!(out, "{key} begins in the player's bars"),
            Rule::RingsOver(key) => write!(out, "{key} rings into the player's bars"),
            Rule::Panicked => write!(out, "the mind panicked"),
            Rule::Lost { counts } => write!(out, "although the host waited for the mind, there is {counts:?}"),
            Rule::TooLoud { peak } => write!(out, "a peak of {peak} within a second from there"),
            Rule::NoNumber => write!(out, "samples that are no numbers within a second from there"),
            Rule::SoundWhenOff { peak } => write!(out, "the sound is off, and there is a peak of {peak}"),
        }
    }
}

/// Everything that is wrong with a recording.
pub fn check(sequence: &Sequence, recording: &Recording, board: &Board) -> Vec<Broken> {
    let mut watch = Watch::new(&sequence.settings, board);
    for (act, take) in sequence.acts.iter().zip(&recording.takes) {
        watch.follow(act, take);
    }
    watch.finish()
}

/// What two recordings of one sequence do not have in common; `None` when nothing.
pub fn difference(one: &Recording, other: &Recording) -> Option<String> {
    one.takes.iter().zip(&other.takes).enumerate().find_map(|(act, (one, other))| {
        let act = act + 1;
        let (here, there) = (&one.events, &other.events);
        if let Some(index) = (0..here.len().max(there.len())).find(|index| here.get(*index) != there.get(*index)) {
            let (one, other) = (here.get(index), there.get(index));
            return Some(format!("act {act}, event {index} is {one:?} in one and {other:?} in the other"));
        }
        let second = (0..one.sound.len()).find(|second| one.sound.get(*second) != other.sound.get(*second))?;
        Some(format!("act {act}: the notes are the same, and the sound differs in second {second}"))
    })
}

/// A note of Segue's that is longer than this has been forgotten: the longest that can be set is 16 beats, which take 24
/// seconds at the slowest tempo.
const LONGEST_SECONDS: f64 = 30.0;
/// Half a frame of rounding, the sliver with which halves go up, and a little for a position that is no whole number.
const ROUNDING_FRAMES: f64 = 0.5 + 2e-3;
/// The most notes of Segue's that can be set to sound at once.
const MOST_VOICES: usize = 16;
/// How long after Segue has struck a key the player's stroke of it may be taken for that, which comes back.
const RETURN_SECONDS: f64 = 0.25;
/// When it is as hard: velocities that are the same on a way that has seven bits for them.
const SAME_VELOCITY: f64 = 0.6 / 127.0;
/// More keys than fingers: with so many down the rules about them say nothing.
const MOST_KEYS: usize = 60;
/// Places of values within a parameter, as the plugin has them.
const ANSWER: f64 = 0.0;
const AT_ONCE: f64 = 0.0;
const FREE_START: f64 = 0.0;
const METRIC_STYLES: [f64; 2] = [2.0, 3.0];
const SWINGING_STYLES: [f64; 2] = [0.0, 1.0];
const SWING_BY_STYLE: f64 = 0.0;
const STRAIGHT: f64 = 1.0;
const RENDER_AUTO: f64 = 0.0;
const RENDER_OFFLINE: f64 = 1.0;
const TRADE: f64 = 1.0;
const SEGUE_FIRST: f64 = 1.0;
const TRADED_BARS: [f64; 5] = [1.0, 2.0, 4.0, 8.0, 12.0];
const NO_OCTAVES: f64 = 3.0;
const CLASSES: usize = 12;
/// What each scale has above its root, in the order of the parameter's values.
const SCALES: [&[usize]; 13] = [
    &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    &[0, 2, 4, 5, 7, 9, 11],
    &[0, 2, 3, 5, 7, 8, 10],
    &[0, 2, 3, 5, 7, 8, 11],
    &[0, 2, 3, 5, 7, 9, 11],
    &[0, 2, 3, 5, 7, 9, 10],
    &[0, 1, 3, 5, 7, 8, 10],
    &[0, 2, 4, 6, 7, 9, 11],
    &[0, 2, 4, 5, 7, 9, 10],
    &[0, 1, 3, 5, 6, 8, 10],
    &[0, 2, 4, 7, 9],
    &[0, 3, 5, 7, 10],
    &[0, 3, 5, 6, 7, 10],
];
const CHORDS_OF_LOW_KEYS: f64 = 2.0;
const CHORDS_OF_A_CHANNEL: f64 = 3.0;

/// A moment of the whole sequence: act and frame.
type Moment = (usize, Frame);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Player,
    Segue,
    /// The comping, which goes by other rules.
    Comping,
    /// The player's, come back by a routing loop and passed through once more: short or struck like another, it cannot
    /// always be told from a key struck again.
    Echo,
}

#[derive(Debug, Clone, Copy)]
struct Sounding {
    key: Key,
    who: Who,
    since: Moment,
}

/// A key that is surely down.
#[derive(Debug, Clone, Copy)]
struct Held {
    key: Key,
    velocity: f64,
    id: Option<u32>,
    down: Frame,
}

/// What must be silent once all that happens on a frame has happened.
#[derive(Debug, Clone, Copy)]
enum Demand {
    Everything,
    AfterBreak,
    Yielding,
    Passed(Key),
    Levers,
}

/// Whether a release means a key.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Meant {
    Surely,
    Perhaps,
    No,
}

/// Follows a session act by act, of which there may be any number.
pub struct Watch<'a> {
    board: &'a Board,
    /// The one that is followed.
    act: usize,
    values: Vec<f64>,
    /// The frame of this act since which a parameter stands; 0 when it was never moved in it.
    since: Vec<Frame>,
    saved: Option<Vec<f64>>,
    held: Vec<Held>,
    /// Keys struck on this frame that no note-on has been found for.
    struck: Vec<Key>,
    /// Those of them that must be passed through.
    to_pass: Vec<Key>,
    /// Levers that were passed through and are away from rest, with their channels.
    away: Vec<(Lever, u8, Moment)>,
    /// What Segue has struck of late, how hard, and until when it may come back.
    begun: Vec<(Key, f64, Frame)>,
    /// Note-ons of this act that were passed through: of the player's, and of those that came back.
    passed: Vec<(Key, f64, Frame)>,
    echoes: Vec<(Key, f64, Frame)>,
    /// A key may be down: nobody can know whether it was struck, or lifted.
    perhaps_held: bool,
    /// Something was played, or the turn was handed over, since everything was forgotten.
    asked: bool,
    /// When the turn was last handed over by hand.
    handed_over: Option<Frame>,
    /// That has happened in this act.
    was_handed_over: bool,
    demands: Vec<Demand>,
    sounding: Vec<Sounding>,
    /// What the instance had counted before this act.
    counted: Vitals,
    broken: Vec<Broken>,
}

/// Whose bars are playing.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Side {
    Players,
    Segues { until_beats: f64 },
}

impl<'a> Watch<'a> {
    /// Before the first act, with these parameters set.
    pub fn new(settings: &[(usize, f64)], board: &'a Board) -> Self {
        let mut values: Vec<f64> = board.parameters().iter().map(|parameter| parameter.default).collect();
        for (place, value) in settings {
            values[*place] = *value;
        }
        Self {
            board,
            act: 0,
            since: vec![0; values.len()],
            values,
            saved: None,
            held: Vec::new(),
            struck: Vec::new(),
            to_pass: Vec::new(),
            away: Vec::new(),
            begun: Vec::new(),
            passed: Vec::new(),
            echoes: Vec::new(),
            perhaps_held: false,
            asked: false,
            handed_over: None,
            was_handed_over: false,
            demands: Vec::new(),
            sounding: Vec::new(),
            counted: Vitals::default(),
            broken: Vec::new(),
        }
    }

    fn say(&mut self, at: Frame, rule: Rule) {
        self.broken.push(Broken { act: self.act, at, rule });
    }

    fn value(&self, knob: Knob) -> f64 {
        self.values[self.board.place(knob)]
    }

    /// The value of a parameter that was not moved in this act.
    fn steady(&self, knob: Knob) -> Option<f64> {
        (self.since[self.board.place(knob)] == 0).then(|| self.value(knob))
    }

    fn is_steadily(&self, knob: Knob, wanted: f64) -> bool {
        self.steady(knob).is_some_and(|value| same(value, wanted))
    }

    /// Goes through the next act in order of time: at one frame first what the transport does, then what the host does,
    /// then what the plugin sends. With its beginning everything has to end, as after an activation or a jump.
    pub fn follow(&mut self, act: &Act, take: &Take) {
        self.since.fill(0);
        self.was_handed_over = false;
        self.begun.clear();
        self.passed.clear();
        self.echoes.clear();
        self.forget_keys();
        self.demands.push(Demand::Everything);
        let no_breaks = !act.telling.has_beats();
        let mut breaks = act.timeline.breaks().filter(|at| !no_breaks && *at < act.length).peekable();
        let mut deeds = act.deeds.iter().peekable();
        let mut events = take.events.iter().peekable();
        let mut now = 0;
        loop {
            let nexts = [
                breaks.peek().copied(),
                deeds.peek().map(|(at, _)| *at),
                events.peek().map(|event| event.at.max(now)),
                (now == 0 && !self.demands.is_empty()).then_some(0),
            ];
            let Some(next) = nexts.into_iter().flatten().min() else { break };
            now = next;
            while breaks.next_if(|at| *at <= now).is_some() {
                self.song_breaks();
            }
            while let Some((_, deed)) = deeds.next_if(|(at, _)| *at <= now) {
                self.host_does(*deed, now);
            }
            while let Some(event) = events.next_if(|event| event.at <= now) {
                if event.at < now {
                    self.say(event.at, Rule::OutOfOrder);
                }
                self.plugin_sends(*event, act, &take.blocks);
            }
            self.settle(act, now);
        }
        for (block, offset) in &take.outside {
            self.say(*block, Rule::Outside { offset: *offset });
        }
        self.listen(act, take);
        self.take_stock(act, take);
        self.act += 1;
    }

    /// Everything that was wrong, after the last act.
    pub fn finish(mut self) -> Vec<Broken> {
        for Sounding { key, since: (act, at), .. } in std::mem::take(&mut self.sounding) {
            self.broken.push(Broken { act, at, rule: Rule::NeverEnds(key) });
        }
        if let Some((lever, channel, (act, at))) = self.away.first().copied() {
            self.broken.push(Broken { act, at, rule: Rule::LeftAway { lever, channel } });
        }
        self.broken
    }

    fn forget_keys(&mut self) {
        self.held.clear();
        self.perhaps_held = false;
        self.asked = false;
        self.handed_over = None;
    }

    fn song_breaks(&mut self) {
        self.demands.push(Demand::AfterBreak);
        self.asked = self.perhaps_held || !self.held.is_empty();
    }

    // What the host does.

    fn host_does(&mut self, deed: Deed, now: Frame) {
        match deed {
            Deed::Down { channel, key, velocity, id } if velocity > 0.0 => {
                let key = Key { channel: channel.into(), key: key.into() };
                self.press(Held { key, velocity, id, down: now });
            }
            Deed::Down { channel, key, id, .. } => self.release(Some(channel), Some(key), id),
            Deed::Up { channel, key, id, .. } => self.release(channel, key, id),
            Deed::Midi(message) => self.midi(message, now),
            Deed::Turn { place, value } => self.turn(place, value, now),
            Deed::Reset | Deed::Pause => {
                self.forget_keys();
                self.demands.push(Demand::Everything);
            }
            Deed::Save => self.saved = Some(self.values.clone()),
            Deed::Load => {
                for (place, value) in self.saved.clone().into_iter().flatten().enumerate() {
                    self.turn(place, value, now);
                }
            }
            Deed::Shape { .. } | Deed::Room(_) => {}
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
            // The messages that change the mode let go of all notes too.
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
        if self.board.knob_at(place) == Some(Knob::Thru) && value < before {
            self.demands.push(Demand::Levers);
        }
        if self.board.knob_at(place) == Some(Knob::YourTurn) && value > before {
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
        self.struck.push(key);
        self.asked = true;
        // A key that is down and struck again as hard may be a note that comes back by a routing loop, and so may one that
        // Segue has just struck as hard. If it is taken for that, the stroke before is the one that is down, by its name.
        if may_be_segues || before.is_some_and(|before| as_hard(before.velocity)) {
            self.perhaps_held = true;
            return;
        }
        let is_new = before.is_none();
        if is_new && self.is_steadily(Knob::Thru, 1.0) && self.hears(key) && self.held.len() < MOST_KEYS {
            self.to_pass.push(key);
        }
        self.held.push(stroke);
        let at_once = same(self.value(Knob::Yield), AT_ONCE);
        if at_once && self.is_steadily(Knob::Mode, ANSWER) && self.takes_the_turn(&stroke) {
            self.demands.push(Demand::Yielding);
        }
    }

    /// Whether a key of the player's is surely heard as a line of its own: on a channel that is listened to, no drone,
    /// and no chord.
    fn takes_the_turn(&self, held: &Held) -> bool {
        let heard = self.hears(held.key);
        let drone = self.steady(Knob::DroneBelow).is_none_or(|below| f64::from(held.key.key) < below);
        let chords = [CHORDS_OF_LOW_KEYS, CHORDS_OF_A_CHANNEL];
        let chord = self.steady(Knob::Chords).is_none_or(|source| chords.into_iter().any(|other| same(source, other)));
        heard && !drone && !chord && self.held.len() < MOST_KEYS
    }

    /// Whether a key's channel is surely listened to.
    fn hears(&self, key: Key) -> bool {
        let channel = self.steady(Knob::InputChannel);
        channel.is_some_and(|channel| same(channel, 0.0) || same(channel, f64::from(key.channel) + 1.0))
    }

    fn release(&mut self, channel: Option<u8>, key: Option<u8>, id: Option<u32>) {
        let (demands, perhaps) = (&mut self.demands, &mut self.perhaps_held);
        let meant = |held: &Held| {
            let matches = channel.is_none_or(|channel| u16::from(channel) == held.key.channel)
                && key.is_none_or(|key| u16::from(key) == held.key.key);
            match id {
                _ if !matches => Meant::No,
                Some(_) if held.id == id => Meant::Surely,
                // A name alone means the note of that name and no other.
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
            }
            // With another name it is not surely down any more, and not surely up.
            meant == Meant::No
        });
    }

    // What the plugin sends.

    fn plugin_sends(&mut self, Answered { at, sent }: Answered, act: &Act, blocks: &[Frame]) {
        match sent {
            Sent::On { channel, key, velocity } => self.begins((Key { channel, key }, velocity, at), act, blocks),
            Sent::Off { channel, key } => self.ends(Key { channel, key }, at, act),
            Sent::Midi(message) => self.moves(message, at),
        }
    }

    fn moves(&mut self, message: [u8; 3], at: Frame) {
        let channel = message[0] & 0x0F;
        let all_rest = message[0] & 0xF0 == 0xB0 && message[1] == 121;
        let moved = Lever::moved_by(message);
        self.away
            .retain(|(lever, on, _)| *on != channel || !all_rest && moved.is_none_or(|(moved, _)| moved != *lever));
        if let Some((lever, true)) = moved {
            self.away.push((lever, channel, (self.act, at)));
        }
    }

    fn begins(&mut self, on: (Key, f64, Frame), act: &Act, blocks: &[Frame]) {
        let (key, velocity, at) = on;
        if key.channel > 15 || key.key > 127 || !(velocity > 0.0 && velocity <= 1.0) {
            self.say(at, Rule::NoMidi(key));
        }
        if self.sounding.iter().any(|sounding| sounding.key == key) {
            self.say(at, Rule::OnTwice(key));
            self.sounding.retain(|sounding| sounding.key != key);
        }
        let who = self.whose(on, |left| act.comes_back(left, blocks) == Some(at));
        self.sounding.push(Sounding { key, who, since: (self.act, at) });
        match who {
            Who::Player => self.passed.push(on),
            Who::Echo => self.echoes.push(on),
            Who::Segue => self.segue_begins(key, velocity, at, act),
            Who::Comping => {}
        }
    }

    /// A note-on at the very frame of the player's press of that key, with thru on, is the player's, once; and at the frame
    /// at which that comes back, once more.
    fn whose(&mut self, (key, velocity, at): (Key, f64, Frame), comes_back: impl Fn(Frame) -> bool) -> Who {
        let passes = same(self.value(Knob::Thru), 1.0);
        if let Some(index) = self.struck.iter().position(|struck| passes && *struck == key) {
            self.struck.remove(index);
            self.to_pass.retain(|to_pass| *to_pass != key);
            return Who::Player;
        }
        let is_back = |(on, hard, left): &(Key, f64, Frame)| {
            passes && *on == key && (hard - velocity).abs() <= SAME_VELOCITY && comes_back(*left)
        };
        let goes_round = self.echoes.iter().any(is_back);
        if goes_round {
            self.say(at, Rule::GoesRound(key));
        }
        if goes_round || self.passed.iter().any(is_back) {
            return Who::Echo;
        }
        let comps = same(self.value(Knob::Comping), 1.0);
        let on_its_channel = same(self.value(Knob::CompingChannel), f64::from(key.channel) + 1.0);
        if comps && on_its_channel { Who::Comping } else { Who::Segue }
    }

    fn segue_begins(&mut self, key: Key, velocity: f64, at: Frame, act: &Act) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "frames")]
        let recent = (RETURN_SECONDS * act.timeline.sample_rate()) as Frame;
        self.begun.retain(|(.., until)| *until >= at);
        self.begun.push((key, velocity, at + recent));
        let wanted = self.value(Knob::OutputChannel);
        if !same(wanted, f64::from(key.channel)) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 15")]
            self.say(at, Rule::WrongChannel { key, wanted: wanted as u16 });
        }
        let count = self.sounding.iter().filter(|sounding| sounding.who == Who::Segue).count();
        let most = self.steady(Knob::Polyphony).map_or(MOST_VOICES, |above_one| 1 + index(above_one));
        if count > most {
            self.say(at, Rule::TooMany { count, most });
        }
        if !self.is_in_scale(key) || !self.is_in_range(key) {
            self.say(at, Rule::OutOfBounds(key));
        }
        if self.is_steadily(Knob::Mode, ANSWER) {
            if !self.asked {
                self.say(at, Rule::Unasked(key));
            }
            let since = self.handed_over;
            let in_the_way = |held: &&Held| since.is_none_or(|since| since < held.down) && self.takes_the_turn(held);
            if let Some(held) = self.held.iter().find(in_the_way).map(|held| held.key) {
                self.say(at, Rule::OverThePlayer { key, held });
            }
        }
        if self.is_on_a_grid(act, at) {
            let away = act.timeline.frames_from_tick(at);
            if away.abs() > ROUNDING_FRAMES {
                self.say(at, Rule::OffTheGrid { key, away });
            }
            if self.side_of_trade(act, at) == Some(Side::Players) {
                self.say(at, Rule::InThePlayersBars(key));
            }
        }
    }

    fn is_in_scale(&self, key: Key) -> bool {
        let (Some(root), Some(scale)) = (self.steady(Knob::Key), self.steady(Knob::Scale)) else { return true };
        let Some(classes) = SCALES.get(index(scale)) else { return true };
        let above_root = (usize::from(key.key) + CLASSES - index(root)) % CLASSES;
        classes.contains(&above_root)
    }

    /// The range holds as it stands where it has an octave, so that no scale is without a pitch in it.
    fn is_in_range(&self, key: Key) -> bool {
        let ends = [self.steady(Knob::LowestKey), self.steady(Knob::HighestKey)];
        let ([Some(one), Some(other)], true) = (ends, self.is_steadily(Knob::Octave, NO_OCTAVES)) else { return true };
        let (low, high) = (one.min(other), one.max(other));
        high - low < CLASSES as f64 || (low..=high).contains(&f64::from(key.key))
    }

    /// Whose bars these are, where bars are traded by the numbers of a song that never changes its metre; `None` where
    /// that cannot be known.
    fn side_of_trade(&self, act: &Act, at: Frame) -> Option<Side> {
        let known = self.is_steadily(Knob::Mode, TRADE) && act.telling == Telling::Everything && !self.was_handed_over;
        if !known {
            return None;
        }
        let bars = *TRADED_BARS.get(index(self.steady(Knob::Trade)?))?;
        let first = if same(self.steady(Knob::First)?, SEGUE_FIRST) { 0.0 } else { bars };
        let bar_beats = act.timeline.bar_beats_of_a_plain_song()?;
        // A frame may be rounded to before its bar line.
        let beats = act.timeline.beats(at) + act.timeline.beats_in_frames(at, ROUNDING_FRAMES);
        let number = (beats / bar_beats).floor() - first;
        let begin = (number / (2.0 * bars)).floor() * 2.0 * bars;
        let is_segues = number >= 0.0 && number - begin < bars;
        Some(if is_segues { Side::Segues { until_beats: (begin + first + bars) * bar_beats } } else { Side::Players })
    }

    /// Whether every onset of Segue's must lie on a tick of the song: it is heard where it is, the style is metric and
    /// plays straight, nothing starts off the grid, and the host waits for the mind.
    fn is_on_a_grid(&self, act: &Act, at: Frame) -> bool {
        let metric = self.is_one_of(Knob::Style, METRIC_STYLES) || self.is_one_of(Knob::Style, SWINGING_STYLES);
        let metric = metric && self.plays_straight();
        let on_grid = self.steady(Knob::Start).is_some_and(|start| !same(start, FREE_START));
        act.telling.has_beats() && act.timeline.is_playing(at) && metric && on_grid && self.is_waited_for(act)
    }

    fn is_one_of(&self, knob: Knob, values: [f64; 2]) -> bool {
        self.steady(knob).is_some_and(|value| values.into_iter().any(|other| same(value, other)))
    }

    /// Whether eighths never swing.
    fn plays_straight(&self) -> bool {
        let by_style = self.is_steadily(Knob::Swing, SWING_BY_STYLE) && self.is_one_of(Knob::Style, METRIC_STYLES);
        by_style || self.is_steadily(Knob::Swing, STRAIGHT)
    }

    /// Whether the host waits for the mind, so that nothing can be late.
    fn is_waited_for(&self, act: &Act) -> bool {
        self.steady(Knob::Render)
            .is_some_and(|render| same(render, RENDER_OFFLINE) || same(render, RENDER_AUTO) && act.offline)
    }

    fn ends(&mut self, key: Key, at: Frame, act: &Act) {
        let Some(index) = self.sounding.iter().position(|sounding| sounding.key == key) else {
            self.say(at, Rule::OffWithoutOn(key));
            return;
        };
        let Sounding { who, since: (since_act, since), .. } = self.sounding.remove(index);
        let is_struck_again = self.struck.contains(&key);
        let is_held = self.held.iter().any(|held| held.key == key) && !is_struck_again && self.held.len() < MOST_KEYS;
        if who == Who::Player && since_act == self.act && is_held && act.is_all_ears() && act.loops_back.is_none() {
            self.say(at, Rule::CutShort(key));
        }
        if matches!(who, Who::Player | Who::Echo) || since_act != self.act {
            return;
        }
        if at <= since {
            self.say(since, Rule::NoLength(key));
        }
        if who == Who::Segue {
            self.segue_ends(key, (since, at), act);
        }
        if at.saturating_sub(since) as f64 > LONGEST_SECONDS * act.timeline.sample_rate() {
            self.say(since, Rule::TooLong(key));
        }
    }

    fn segue_ends(&mut self, key: Key, (since, at): (Frame, Frame), act: &Act) {
        // Where the song jumps, its beats say nothing about lengths.
        let unbroken = !act.timeline.breaks().any(|frame| (since + 1..=at).contains(&frame));
        // A host that refuses a note-off gets it later.
        if !unbroken || !act.is_all_ears() || !self.is_on_a_grid(act, since) {
            return;
        }
        // Each end is rounded at the tempo in which it lies, and the beginning perhaps at a faster one.
        let slack = |end| act.timeline.beats_in_frames(end, 2.0 * ROUNDING_FRAMES);
        let slack = slack(since).max(slack(at));
        let beats = act.timeline.beats(at) - act.timeline.beats(since);
        let longest = self.steady(Knob::LongestNote).filter(|_| self.is_steadily(Knob::Quantise, 0.0));
        if longest.is_some_and(|set| beats > longest_beats(set) + slack) {
            self.say(since, Rule::TooLongForTheSetting { key, beats });
        }
        let ends_with_its_bars = self.is_steadily(Knob::RingOver, 0.0);
        if ends_with_its_bars
            && let Some(Side::Segues { until_beats: end }) = self.side_of_trade(act, since)
            && act.timeline.beats(at) > end + slack
        {
            self.say(at, Rule::RingsOver(key));
        }
    }

    /// Everything on a frame has happened: what had to end must have ended.
    fn settle(&mut self, act: &Act, now: Frame) {
        self.struck.clear();
        let demands = std::mem::take(&mut self.demands);
        let to_pass = std::mem::take(&mut self.to_pass);
        if !act.is_all_ears() {
            return;
        }
        if let Some(key) = to_pass.first().filter(|_| act.loops_back.is_none()) {
            self.say(now, Rule::NotPassed(*key));
        }
        // Off and on again on one frame it never was off.
        let thru_is_off = same(self.value(Knob::Thru), 0.0);
        for demand in demands {
            let levers = matches!(demand, Demand::Everything) || matches!(demand, Demand::Levers) && thru_is_off;
            let before = |(.., since): &&(Lever, u8, Moment)| levers && *since < (self.act, now);
            if let Some((lever, channel, _)) = self.away.iter().find(before).copied() {
                self.say(now, Rule::LeftAway { lever, channel });
            }
            let before = |sounding: &&Sounding| sounding.since < (self.act, now);
            let still = self.sounding.iter().filter(before).find_map(|sounding| {
                let Sounding { key, who, .. } = *sounding;
                let rule = match demand {
                    Demand::Everything => Rule::OverAReset(key),
                    Demand::AfterBreak if matches!(who, Who::Segue | Who::Comping) => Rule::OverABreak(key),
                    Demand::Yielding if who == Who::Segue => Rule::DoesNotYield(key),
                    Demand::Passed(passed) if who == Who::Player && passed == key => Rule::OverARelease(key),
                    Demand::AfterBreak | Demand::Yielding | Demand::Passed(_) | Demand::Levers => return None,
                };
                Some(rule)
            });
            if let Some(rule) = still {
                self.say(now, rule);
            }
        }
    }

    fn take_stock(&mut self, act: &Act, take: &Take) {
        let Some(vitals) = take.vitals else { return };
        let before = std::mem::replace(&mut self.counted, vitals);
        let counts = Vitals {
            late: vitals.late - before.late,
            dropped: vitals.dropped - before.dropped,
            refused: vitals.refused - before.refused,
            unheard: vitals.unheard - before.unheard,
            time_outs: vitals.time_outs - before.time_outs,
            panics: vitals.panics - before.panics,
        };
        if counts.panics > 0 {
            self.say(act.length, Rule::Panicked);
        }
        let Vitals { late, dropped, unheard, time_outs, .. } = counts;
        let refused = if act.is_all_ears() { counts.refused } else { 0 };
        if self.is_waited_for(act) && late + dropped + unheard + time_outs + refused > 0 {
            self.say(act.length, Rule::Lost { counts });
        }
    }

    // What is heard.

    fn listen(&mut self, act: &Act, take: &Take) {
        let off = |knob| self.is_steadily(knob, 0.0);
        let silent = off(Knob::Sound) && off(Knob::Click) && off(Knob::Comping);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a sample rate")]
        let rate = act.timeline.sample_rate() as Frame;
        for (second, heard) in (0..).zip(&take.sound) {
            let at = second * rate;
            if heard.broken > 0 {
                self.say(at, Rule::NoNumber);
            }
            if heard.peak >= 1.0 {
                self.say(at, Rule::TooLoud { peak: heard.peak });
            }
            if silent && heard.peak > 0.0 {
                self.say(at, Rule::SoundWhenOff { peak: heard.peak });
            }
        }
    }
}

/// The beats of a value of *Longest note*, which goes from a quarter of a beat to 16, finer at the lower end.
fn longest_beats(value: f64) -> f64 {
    const STEP: f64 = 0.25;
    let beats = 0.25 + value * value * (16.0 - 0.25);
    (beats / STEP).round() * STEP
}

/// The value of a parameter with few values.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "above zero and small")]
fn index(value: f64) -> usize {
    value.round() as usize
}

/// Values of parameters are told exactly, or differ by a step.
fn same(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-6
}

#[cfg(test)]
mod tests {
    use super::super::board::tests::bare;
    use super::super::play::Second;
    use super::super::sequence::Return;
    use super::*;
    use crate::blocks::Blocks;
    use crate::timeline::Timeline;
    use segue_model::note::Metre;

    const SECOND: Frame = 48_000;
    const C: Key = Key { channel: 0, key: 60 };

    /// A minute at 120 bpm in which these things are done, with the style that is on a grid and these settings.
    fn sequence(deeds: &[(Frame, Deed)], settings: &[(Knob, f64)]) -> Sequence {
        let board = bare();
        let usual = [(Knob::Style, 3.0), (Knob::Start, 2.0), (Knob::Polyphony, 15.0), (Knob::LongestNote, 1.0)];
        let settings = usual.iter().chain(settings).map(|(knob, value)| (board.place(*knob), *value)).collect();
        let mut timeline = Timeline::steady(48_000.0, 120.0, Metre::COMMON);
        timeline.jump(20 * SECOND, 4.0);
        let act = Act {
            timeline,
            telling: Telling::Everything,
            mid_block: false,
            loops_back: None,
            blocks: Blocks::Of(512),
            offline: true,
            deeds: deeds.to_vec(),
            length: 60 * SECOND,
        };
        Sequence { seed: 0, settings, chart: "", acts: vec![act] }
    }

    fn down(at: Frame) -> (Frame, Deed) {
        (at, Deed::Down { channel: 0, key: 48, velocity: 0.5, id: None })
    }

    fn up(at: Frame) -> (Frame, Deed) {
        (at, Deed::Up { channel: Some(0), key: Some(48), id: None, choke: false })
    }

    /// A phrase of one key, up at one second.
    const PHRASE: fn() -> [(Frame, Deed); 2] = || [down(0), up(SECOND)];

    fn on(at: Frame) -> Answered {
        Answered { at, sent: Sent::On { channel: 0, key: 60, velocity: 0.5 } }
    }

    fn off(at: Frame) -> Answered {
        Answered { at, sent: Sent::Off { channel: 0, key: 60 } }
    }

    fn found(deeds: &[(Frame, Deed)], settings: &[(Knob, f64)], events: &[Answered]) -> Vec<Rule> {
        let take = Take { events: events.to_vec(), ..Take::default() };
        let recording = Recording { takes: vec![take] };
        check(&sequence(deeds, settings), &recording, &bare()).iter().map(|broken| broken.rule).collect()
    }

    #[test]
    fn an_answer_on_its_ticks_after_the_player_breaks_no_rule() {
        let events = [on(72_000), off(80_000), on(84_000), off(90_000)];
        assert_eq!(found(&PHRASE(), &[], &events), []);
    }

    #[test]
    fn a_lost_note_off_a_doubled_note_and_one_without_beginning_are_seen() {
        assert!(found(&PHRASE(), &[], &[on(72_000)]).contains(&Rule::NeverEnds(C)));
        assert_eq!(found(&PHRASE(), &[], &[on(72_000), on(84_000), off(90_000)]), [Rule::OnTwice(C)]);
        assert_eq!(found(&PHRASE(), &[], &[off(72_000)]), [Rule::OffWithoutOn(C)]);
        assert_eq!(found(&PHRASE(), &[], &[on(72_000), off(72_000)]), [Rule::NoLength(C)]);
        assert_eq!(
            found(&PHRASE(), &[], &[on(84_000), off(90_000), on(72_000), off(91_000)]).first(),
            Some(&Rule::OutOfOrder)
        );
    }

    #[test]
    fn an_onset_at_the_edge_of_its_block_is_seen_and_a_free_one_is_let_pass() {
        let events = [on(72_003), off(80_000)];
        assert!(matches!(found(&PHRASE(), &[], &events)[..], [Rule::OffTheGrid { key: C, .. }]));
        assert_eq!(found(&PHRASE(), &[(Knob::Start, 0.0)], &events), []);
        assert_eq!(found(&PHRASE(), &[(Knob::Style, 4.0)], &events), []);
        assert_eq!(found(&PHRASE(), &[(Knob::Render, 2.0)], &events), []);
    }

    #[test]
    fn a_stale_note_under_the_players_hands_is_seen_and_a_drone_is_let_pass() {
        let deeds = [PHRASE().to_vec(), vec![down(80_000), up(SECOND * 3)]].concat();
        let stale = [on(84_000), off(90_000)];
        assert_eq!(found(&deeds, &[], &stale), [Rule::OverThePlayer { key: C, held: Key { channel: 0, key: 48 } }]);
        assert_eq!(found(&deeds, &[(Knob::DroneBelow, 60.0)], &stale), []);
        assert_eq!(found(&deeds, &[(Knob::Mode, 2.0)], &stale), []);
        assert_eq!(found(&deeds, &[], &[on(72_000), off(80_001)]), [Rule::DoesNotYield(C)]);
        assert_eq!(found(&deeds, &[], &[on(72_000), off(80_000)]), []);
        assert_eq!(found(&deeds, &[(Knob::Yield, 1.0)], &[on(72_000), off(80_001)]), []);
    }

    #[test]
    fn a_stroke_that_may_be_segues_own_coming_back_takes_no_turn_for_sure() {
        let struck = |at, velocity| {
            let again = (at, Deed::Down { channel: 0, key: 60, velocity, id: None });
            let deeds = [PHRASE().to_vec(), vec![again]].concat();
            found(&deeds, &[], &[on(72_000), off(90_000)])
        };
        assert_eq!(struck(80_000, 0.5), []);
        assert_eq!(struck(80_000, 0.7), [Rule::DoesNotYield(C)], "harder than it was");
        assert_eq!(struck(85_000, 0.5), [Rule::DoesNotYield(C)], "after too long");
    }

    #[test]
    fn what_sounds_over_a_jump_a_reset_or_a_release_is_seen() {
        let jump = 20 * SECOND;
        assert_eq!(found(&PHRASE(), &[], &[on(jump - 12_000), off(jump + 1)]), [Rule::OverABreak(C)]);
        assert_eq!(found(&PHRASE(), &[], &[on(jump - 12_000), off(jump)]), []);
        let reset = [PHRASE().to_vec(), vec![(80_000, Deed::Reset)]].concat();
        assert_eq!(found(&reset, &[], &[on(72_000), off(80_001)]), [Rule::OverAReset(C)]);
        let player = |at, sent: fn(u16, u16) -> Sent| Answered { at, sent: sent(0, 48) };
        let [begin, end]: [fn(u16, u16) -> Sent; 2] =
            [|channel, key| Sent::On { channel, key, velocity: 0.5 }, |channel, key| Sent::Off { channel, key }];
        let thru = [(Knob::Thru, 1.0)];
        let key = Key { channel: 0, key: 48 };
        assert_eq!(found(&PHRASE(), &thru, &[player(0, begin), player(SECOND + 1, end)]), [Rule::OverARelease(key)]);
        assert_eq!(found(&PHRASE(), &thru, &[player(0, begin), player(SECOND, end)]), []);
        assert_eq!(found(&PHRASE(), &thru, &[player(0, begin), player(SECOND - 1, end)]), [Rule::CutShort(key)]);
        assert_eq!(found(&PHRASE(), &thru, &[]), [Rule::NotPassed(key)]);
        let hammered = [down(0), down(100), up(SECOND)];
        let passed = [player(0, begin), player(100, end), player(100, begin), player(SECOND, end)];
        assert_eq!(found(&hammered, &thru, &passed), []);
        let strokes = |velocity| {
            let again = Deed::Down { channel: 0, key: 48, velocity, id: Some(2) };
            let up = Deed::Up { channel: None, key: None, id: Some(1), choke: false };
            [(0, Deed::Down { channel: 0, key: 48, velocity: 0.5, id: Some(1) }), (100, again), (SECOND, up)]
        };
        let ends_with_the_first = [player(0, begin), player(SECOND, end)];
        assert_eq!(found(&strokes(0.6), &thru, &ends_with_the_first), [Rule::CutShort(key)]);
        assert_eq!(found(&strokes(0.501), &thru, &ends_with_the_first), [], "it looks like one that comes back");
        let elsewhere = [(Knob::Thru, 1.0), (Knob::InputChannel, 4.0)];
        assert_eq!(found(&PHRASE(), &elsewhere, &[]), [], "nobody listens on that channel");
    }

    #[test]
    fn a_note_that_goes_round_a_routing_loop_is_seen_and_one_that_comes_back_once_is_let_pass() {
        let key = Key { channel: 0, key: 48 };
        let player = |at| {
            let [on, off] = [Sent::On { channel: 0, key: 48, velocity: 0.5 }, Sent::Off { channel: 0, key: 48 }];
            [Answered { at, sent: on }, Answered { at: at + 10, sent: off }]
        };
        let found = |way, strokes: &[Frame]| {
            let mut sequence = sequence(&[down(10), up(20)], &[(Knob::Thru, 1.0), (Knob::OutputChannel, 3.0)]);
            sequence.acts[0].loops_back = way;
            let blocks = (0..10).map(|block| block * 512).collect();
            let take = Take { events: strokes.iter().flat_map(|at| player(*at)).collect(), blocks, ..Take::default() };
            let broken = check(&sequence, &Recording { takes: vec![take] }, &bare());
            broken.iter().map(|broken| broken.rule).collect::<Vec<_>>()
        };
        for (way, back) in [(Return::WithTheNextBlock, [512, 1024]), (Return::ABlockLater, [522, 1034])] {
            let [once, twice] = back;
            assert_eq!(found(Some(way), &[10, once]), []);
            assert_eq!(found(Some(way), &[10, once, twice]), [Rule::GoesRound(key)]);
            for (way, at) in [(None, once), (Some(way), once + 1)] {
                let segues = Rule::WrongChannel { key, wanted: 3 };
                assert_eq!(found(way, &[10, at]).first(), Some(&segues), "nothing comes back then");
            }
        }
    }

    #[test]
    fn a_release_by_name_alone_means_the_note_of_that_name() {
        let named = |at, key, id| (at, Deed::Down { channel: 0, key, velocity: 0.5, id });
        let deeds = [
            named(0, 60, Some(7)),
            named(0, 61, None),
            (SECOND, Deed::Up { channel: None, key: None, id: Some(7), choke: false }),
        ];
        let on = |key| Answered { at: 0, sent: Sent::On { channel: 0, key, velocity: 0.5 } };
        let off = |at, key| Answered { at, sent: Sent::Off { channel: 0, key } };
        let thru = [(Knob::Thru, 1.0)];
        let key = |key| Key { channel: 0, key };
        let found = |events: &[Answered]| found(&deeds, &thru, events);
        assert_eq!(found(&[on(60), on(61), off(SECOND, 60), off(SECOND, 61)]), [Rule::CutShort(key(61))]);
        assert_eq!(found(&[on(60), on(61), off(SECOND, 60)]), [Rule::NeverEnds(key(61))]);
        assert_eq!(found(&[on(60), on(61), off(SECOND + 1, 60)])[0], Rule::OverARelease(key(60)));
    }

    #[test]
    fn a_pedal_a_wheel_or_a_bend_that_is_left_away_from_rest_is_seen() {
        let message = |at, message| Answered { at, sent: Sent::Midi(message) };
        let board = bare();
        let off = (SECOND, Deed::Turn { place: board.place(Knob::Thru), value: 0.0 });
        let reset = (SECOND, Deed::Reset);
        let thru = [(Knob::Thru, 1.0)];
        let levers = [
            ([0xB3, 64, 127], [0xB3, 64, 0], Lever::Sustain),
            ([0xB3, 66, 64], [0xB3, 121, 0], Lever::Sostenuto),
            ([0xB3, 1, 1], [0xB3, 1, 0], Lever::Modulation),
            ([0xD3, 9, 0], [0xD3, 0, 0], Lever::Pressure),
            ([0xE3, 1, 64], [0xE3, 0, 64], Lever::Bend),
        ];
        for (away, rest, lever) in levers {
            let left = Rule::LeftAway { lever, channel: 3 };
            assert_eq!(found(&[off], &thru, &[message(9, away), message(SECOND, rest)]), []);
            assert_eq!(found(&[reset], &thru, &[message(9, away), message(SECOND, rest)]), []);
            assert_eq!(found(&[off], &thru, &[message(9, away), message(SECOND + 1, rest)]), [left]);
            assert_eq!(found(&[reset], &thru, &[message(9, away), message(SECOND + 1, rest)]), [left]);
            assert_eq!(found(&[], &thru, &[message(9, away)]), [left]);
            let on = (SECOND, Deed::Turn { place: board.place(Knob::Thru), value: 1.0 });
            assert_eq!(found(&[off, on], &thru, &[message(9, away), message(SECOND + 1, rest)]), []);
            let both = [message(SECOND, away), message(SECOND + 1, rest)];
            assert_eq!(found(&[reset], &thru, &both), [], "what moves on that very frame is new");
        }
    }

    #[test]
    fn a_note_that_nobody_asked_for_or_on_a_channel_of_its_own_is_seen() {
        assert_eq!(found(&[], &[], &[on(72_000), off(80_000)]), [Rule::Unasked(C)]);
        let wanted = [(Knob::OutputChannel, 3.0)];
        assert_eq!(found(&PHRASE(), &wanted, &[on(72_000), off(80_000)]), [Rule::WrongChannel { key: C, wanted: 3 }]);
    }

    #[test]
    fn a_note_out_of_scale_or_range_too_long_or_one_too_many_is_seen() {
        let note = [on(72_000), off(84_000)];
        let in_d_major = [(Knob::Scale, 1.0), (Knob::Key, 2.0)];
        assert_eq!(found(&PHRASE(), &in_d_major, &note), [Rule::OutOfBounds(C)]);
        assert_eq!(found(&PHRASE(), &[(Knob::Scale, 1.0), (Knob::Key, 5.0)], &note), []);
        let range = |low, high| [(Knob::Octave, 3.0), (Knob::LowestKey, low), (Knob::HighestKey, high)];
        assert_eq!(found(&PHRASE(), &range(62.0, 80.0), &note), [Rule::OutOfBounds(C)]);
        assert_eq!(found(&PHRASE(), &range(80.0, 60.0), &note), []);
        assert_eq!(found(&PHRASE(), &range(62.0, 70.0), &note), [], "too narrow to be sure");
        // A value of 0 is a quarter of a beat, which is 6,000 frames.
        let long = [on(72_000), off(78_000 + 500)];
        assert!(matches!(
            found(&PHRASE(), &[(Knob::LongestNote, 0.0)], &long)[..],
            [Rule::TooLongForTheSetting { .. }]
        ));
        let other = |at, sent: fn(u16, u16) -> Sent| Answered { at, sent: sent(0, 64) };
        let two = [
            on(72_000),
            other(72_000, |channel, key| Sent::On { channel, key, velocity: 0.5 }),
            off(78_000),
            other(78_000, |channel, key| Sent::Off { channel, key }),
        ];
        assert_eq!(found(&PHRASE(), &[(Knob::Polyphony, 1.0)], &two), []);
        assert_eq!(found(&PHRASE(), &[(Knob::Polyphony, 0.0)], &two), [Rule::TooMany { count: 2, most: 1 }]);
    }

    #[test]
    fn a_note_in_the_players_bars_of_a_trade_or_ringing_into_them_is_seen() {
        // Two bars each, the player first: Segue's are those from four to eight seconds.
        let trade = [(Knob::Mode, 1.0), (Knob::Trade, 1.0)];
        let second = |at: Frame| at * SECOND;
        assert_eq!(found(&PHRASE(), &trade, &[on(second(4)), off(second(8))]), []);
        assert_eq!(found(&PHRASE(), &trade, &[on(second(3)), off(second(4))]), [Rule::InThePlayersBars(C)]);
        assert_eq!(found(&PHRASE(), &trade, &[on(second(7)), off(second(8) + 500)]), [Rule::RingsOver(C)]);
        let free = [trade[0], trade[1], (Knob::RingOver, 1.0)];
        assert_eq!(found(&PHRASE(), &free, &[on(second(7)), off(second(8) + 500)]), []);
        let segue_first = [trade[0], trade[1], (Knob::First, 1.0)];
        assert_eq!(found(&PHRASE(), &segue_first, &[on(second(4)), off(second(5))]), [Rule::InThePlayersBars(C)]);
    }

    #[test]
    fn sound_that_is_too_loud_no_number_or_not_wanted_is_seen() {
        let heard = |settings: &[(Knob, f64)], second: Second| {
            let take = Take { sound: vec![second], ..Take::default() };
            let recording = Recording { takes: vec![take] };
            check(&sequence(&[], settings), &recording, &bare()).first().map(|broken| broken.rule)
        };
        let quiet = Second { peak: 0.5, ..Second::default() };
        assert_eq!(heard(&[], quiet), Some(Rule::SoundWhenOff { peak: 0.5 }));
        assert_eq!(heard(&[(Knob::Sound, 1.0)], quiet), None);
        assert_eq!(heard(&[(Knob::Sound, 1.0)], Second { peak: 1.0, ..quiet }), Some(Rule::TooLoud { peak: 1.0 }));
        assert_eq!(heard(&[(Knob::Sound, 1.0)], Second { broken: 1, ..quiet }), Some(Rule::NoNumber));
    }

    #[test]
    fn a_panic_and_what_is_late_although_the_host_waits_are_seen() {
        let counted = |settings: &[(Knob, f64)], vitals: Vitals| {
            let take = Take { vitals: Some(vitals), ..Take::default() };
            let recording = Recording { takes: vec![take] };
            check(&sequence(&[], settings), &recording, &bare()).first().map(|broken| broken.rule)
        };
        let counts = Vitals { late: 1, ..Vitals::default() };
        assert_eq!(counted(&[], Vitals::default()), None);
        assert_eq!(counted(&[], counts), Some(Rule::Lost { counts }));
        assert_eq!(counted(&[(Knob::Render, 2.0)], counts), None);
        assert_eq!(counted(&[(Knob::Render, 2.0)], Vitals { panics: 1, ..counts }), Some(Rule::Panicked));
    }

    #[test]
    fn two_recordings_differ_by_an_event_or_by_a_bit_of_sound() {
        let take = |events: &[Answered], print| {
            let sound = vec![Second { print, ..Second::default() }];
            Recording { takes: vec![Take { events: events.to_vec(), sound, ..Take::default() }] }
        };
        let one = take(&[on(10), off(20)], 1);
        assert_eq!(difference(&one, &one.clone()), None);
        assert!(difference(&one, &take(&[on(10)], 1)).is_some_and(|said| said.contains("event 1")));
        assert!(difference(&one, &take(&[on(10), off(20)], 2)).is_some_and(|said| said.contains("second 0")));
    }
}
