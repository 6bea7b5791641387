//! What must be true of a recording, whatever the host did.
//!
//! Pure: it looks at a sequence and its recording, and knows only the names and meanings of the plugin's parameters.
//! Where it cannot know how the plugin must have understood the host, it accepts both; each rule says when it applies.
//!
//! [`Checker`] goes through time and keeps what is known. Its modules say what the host's actions mean (`host`), what
//! must be true of what the plugin sends (`sent`), what the parameters allow (`settings`), and what is heard and
//! counted (`totals`).

mod host;
mod sent;
mod settings;
#[cfg(test)]
mod tests;
mod totals;
mod violation;

use super::param_map::{Param, ParamMap};
use super::play::{Recording, Take};
use super::sequence::{Activation, Sequence};
use crate::stats::Stats;
use crate::timeline::Frame;
use settings::same;
pub use violation::{Controller, Key, Rule, Violation};

/// All violations in a recording.
pub fn check(sequence: &Sequence, recording: &Recording, param_map: &ParamMap) -> Vec<Violation> {
    let mut checker = Checker::new(&sequence.settings, param_map);
    for (activation, take) in sequence.activations.iter().zip(&recording.takes) {
        checker.follow(activation, take);
    }
    checker.finish()
}

/// The first difference between two recordings of one sequence; `None` if there is none.
pub fn difference(one: &Recording, other: &Recording) -> Option<String> {
    one.takes.iter().zip(&other.takes).enumerate().find_map(|(activation, (one, other))| {
        let activation = activation + 1;
        let (here, there) = (&one.events, &other.events);
        if let Some(index) = (0..here.len().max(there.len())).find(|index| here.get(*index) != there.get(*index)) {
            let (one, other) = (here.get(index), there.get(index));
            return Some(format!(
                "activation {activation}, event {index} is {one:?} in one and {other:?} in the other"
            ));
        }
        let second = (0..one.sound.len()).find(|second| one.sound.get(*second) != other.sound.get(*second))?;
        Some(format!("activation {activation}: the notes are the same, and the sound differs in second {second}"))
    })
}

/// Velocities closer than this are equal after a path that has seven bits for them.
const SAME_VELOCITY: f64 = 0.6 / 127.0;
/// With more keys down than this, the rules about keys do not apply.
const MOST_KEYS: usize = 60;

/// A moment of the whole sequence: activation and frame.
type Moment = (usize, Frame);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NoteSource {
    Player,
    Segue,
    /// The comping, which has other rules.
    Comping,
    /// The player's note that came back through a routing loop and was passed through once more. If it is short or as
    /// hard as another, it cannot always be told from a key struck again.
    Echo,
}

#[derive(Debug, Clone, Copy)]
struct Sounding {
    key: Key,
    source: NoteSource,
    since: Moment,
}

/// A key that is certainly down.
#[derive(Debug, Clone, Copy)]
struct Held {
    key: Key,
    velocity: f64,
    id: Option<u32>,
    down: Frame,
}

/// What must be silent after everything on a frame has happened.
#[derive(Debug, Clone, Copy)]
enum Demand {
    Everything,
    AfterBreak,
    Muted,
    Yielding,
    Passed(Key),
    Controllers,
}

/// Follows a session of any number of activations.
pub struct Checker<'a> {
    param_map: &'a ParamMap,
    /// The activation that is being followed.
    activation: usize,
    values: Vec<f64>,
    /// The frame of this activation since which each parameter has its value; 0 if it has not moved in this activation.
    since: Vec<Frame>,
    saved: Option<Vec<f64>>,
    held: Vec<Held>,
    /// Keys struck on this frame for which no note-on has been found yet.
    struck: Vec<Key>,
    /// Those of them that must be passed through.
    to_pass: Vec<Key>,
    /// Controllers that were passed through and are away from rest, with their channels.
    away: Vec<(Controller, u8, Moment)>,
    /// Keys that Segue struck recently, how hard, and until when they may come back.
    begun: Vec<(Key, f64, Frame)>,
    /// Note-ons of this activation that were passed through: the player's, and those that came back.
    passed: Vec<(Key, f64, Frame)>,
    echoes: Vec<(Key, f64, Frame)>,
    /// A key may be down: the host's messages do not tell whether it was struck or released.
    perhaps_held: bool,
    /// The player's recent strokes of keys that were not certainly released since, how hard, and when.
    strokes: Vec<(Key, f64, Frame)>,
    /// Whether anything was played, or the turn was handed over, since everything was last forgotten.
    asked: bool,
    /// When the turn was last handed over by hand.
    handed_over: Option<Frame>,
    /// Whether that happened in this activation.
    was_handed_over: bool,
    /// When an answer was first asked for again; it keeps the settings under which it was played before.
    repeats_since: Option<Frame>,
    demands: Vec<Demand>,
    sounding: Vec<Sounding>,
    /// The instance's counters before this activation.
    counted: Stats,
    broken: Vec<Violation>,
}

impl<'a> Checker<'a> {
    /// The state before the first activation, with these parameters set.
    pub fn new(settings: &[(usize, f64)], param_map: &'a ParamMap) -> Self {
        let mut values: Vec<f64> = param_map.parameters().iter().map(|parameter| parameter.default).collect();
        for (place, value) in settings {
            values[*place] = *value;
        }
        Self {
            param_map,
            activation: 0,
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
            strokes: Vec::new(),
            asked: false,
            handed_over: None,
            was_handed_over: false,
            repeats_since: None,
            demands: Vec::new(),
            sounding: Vec::new(),
            counted: Stats::default(),
            broken: Vec::new(),
        }
    }

    fn say(&mut self, at: Frame, rule: Rule) {
        self.broken.push(Violation { activation: self.activation, at, rule });
    }

    fn value(&self, param: Param) -> f64 {
        self.values[self.param_map.place(param)]
    }

    /// The value of a parameter that has not moved in this activation.
    fn steady(&self, param: Param) -> Option<f64> {
        (self.since[self.param_map.place(param)] == 0).then(|| self.value(param))
    }

    fn is_steadily(&self, param: Param, wanted: f64) -> bool {
        self.steady(param).is_some_and(|value| same(value, wanted))
    }

    /// Goes through the next activation in order of time. On each frame the transport comes first, then the host's
    /// actions, then the plugin's events. Everything must end where it begins, as after an activation or a jump.
    pub fn follow(&mut self, activation: &Activation, take: &Take) {
        self.since.fill(0);
        self.was_handed_over = false;
        self.begun.clear();
        self.passed.clear();
        self.echoes.clear();
        self.forget_keys();
        self.demands.push(Demand::Everything);
        let no_breaks = !activation.report.has_beats();
        let mut breaks = activation.timeline.breaks().filter(|at| !no_breaks && *at < activation.length).peekable();
        let mut actions = activation.actions.iter().peekable();
        let mut events = take.events.iter().peekable();
        let mut now = 0;
        loop {
            let nexts = [
                breaks.peek().copied(),
                actions.peek().map(|(at, _)| *at),
                events.peek().map(|event| event.at.max(now)),
                (now == 0 && !self.demands.is_empty()).then_some(0),
            ];
            let Some(next) = nexts.into_iter().flatten().min() else { break };
            now = next;
            while let Some(at) = breaks.next_if(|at| *at <= now) {
                self.song_breaks(activation.timeline.goes_round(at));
            }
            while let Some((_, action)) = actions.next_if(|(at, _)| *at <= now) {
                self.host_does(*action, now);
            }
            while let Some(event) = events.next_if(|event| event.at <= now) {
                if event.at < now {
                    self.say(event.at, Rule::OutOfOrder);
                }
                self.plugin_sends(*event, activation, &take.blocks);
            }
            self.settle(activation, now);
        }
        for (block, offset) in &take.outside {
            self.say(*block, Rule::Outside { offset: *offset });
        }
        self.listen(activation, take);
        self.check_totals(activation, take);
        self.activation += 1;
    }

    /// All violations, after the last activation.
    pub fn finish(mut self) -> Vec<Violation> {
        for Sounding { key, since: (activation, at), .. } in std::mem::take(&mut self.sounding) {
            self.broken.push(Violation { activation, at, rule: Rule::NeverEnds(key) });
        }
        if let Some((controller, channel, (activation, at))) = self.away.first().copied() {
            self.broken.push(Violation { activation, at, rule: Rule::LeftAway { controller, channel } });
        }
        self.broken
    }

    fn forget_keys(&mut self) {
        self.held.clear();
        self.perhaps_held = false;
        self.strokes.clear();
        self.asked = false;
        self.handed_over = None;
    }

    /// The song starts, stops or jumps. In a loop that the host has reported, an answer goes on.
    fn song_breaks(&mut self, goes_round: bool) {
        self.demands.push(Demand::AfterBreak);
        self.asked = goes_round && self.asked || self.perhaps_held || !self.held.is_empty();
    }

    /// Everything on a frame has happened, so what had to end must have ended.
    fn settle(&mut self, activation: &Activation, now: Frame) {
        self.struck.clear();
        let demands = std::mem::take(&mut self.demands);
        let to_pass = std::mem::take(&mut self.to_pass);
        if !activation.accepts_everything() {
            return;
        }
        if let Some(key) = to_pass.first().filter(|_| activation.loops_back.is_none()) {
            self.say(now, Rule::NotPassed(*key));
        }
        // If thru goes off and on again on one frame, it was never off.
        let thru_is_off = same(self.value(Param::Thru), 0.0);
        for demand in demands {
            let controllers =
                matches!(demand, Demand::Everything) || matches!(demand, Demand::Controllers) && thru_is_off;
            let before = |(.., since): &&(Controller, u8, Moment)| controllers && *since < (self.activation, now);
            if let Some((controller, channel, _)) = self.away.iter().find(before).copied() {
                self.say(now, Rule::LeftAway { controller, channel });
            }
            let before = |sounding: &&Sounding| sounding.since < (self.activation, now);
            let still = self.sounding.iter().filter(before).find_map(|sounding| {
                let Sounding { key, source, .. } = *sounding;
                let rule = match demand {
                    Demand::Everything => Rule::OverAReset(key),
                    Demand::AfterBreak if matches!(source, NoteSource::Segue | NoteSource::Comping) => {
                        Rule::OverABreak(key)
                    }
                    Demand::Muted if matches!(source, NoteSource::Segue | NoteSource::Comping) => Rule::Muted(key),
                    Demand::Yielding if source == NoteSource::Segue => Rule::DoesNotYield(key),
                    Demand::Passed(passed) if source == NoteSource::Player && passed == key => Rule::OverARelease(key),
                    Demand::AfterBreak | Demand::Muted | Demand::Yielding | Demand::Passed(_) | Demand::Controllers => {
                        return None;
                    }
                };
                Some(rule)
            });
            if let Some(rule) = still {
                self.say(now, rule);
            }
        }
    }
}
