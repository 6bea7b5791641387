//! What the plugin sends: whose each note is, and what must be true when it begins and when it ends.

use super::settings::{ANSWER, ROUNDING_FRAMES, Side, index, longest_beats, same};
use super::{Checker, Controller, Held, Key, MOST_KEYS, NoteSource, Rule, SAME_VELOCITY, Sounding};
use crate::performance::{Sent, TimedEvent};
use crate::random_host::param_map::Param;
use crate::random_host::sequence::Activation;
use crate::timeline::Frame;

/// A note of Segue's that is longer than this has been forgotten: the longest setting is 16 beats, which take 24
/// seconds at the slowest tempo.
const LONGEST_SECONDS: f64 = 30.0;
/// The values of *Sends* for one part alone.
const SENDS_LINE: f64 = 0.0;
const SENDS_COMPING: f64 = 1.0;
/// The largest setting for Segue's simultaneous notes.
const MOST_VOICES: usize = 16;
/// How long after Segue has struck a key a stroke of it by the player may count as Segue's note coming back.
const RETURN_SECONDS: f64 = 0.25;

impl Checker<'_> {
    pub(super) fn plugin_sends(
        &mut self,
        TimedEvent { at, sent }: TimedEvent,
        activation: &Activation,
        blocks: &[Frame],
    ) {
        match sent {
            Sent::On { channel, key, velocity } => {
                self.begins((Key { channel, key }, velocity, at), activation, blocks);
            }
            Sent::Off { channel, key } => self.ends(Key { channel, key }, at, activation),
            Sent::Midi(message) => self.moves(message, at),
        }
    }

    fn moves(&mut self, message: [u8; 3], at: Frame) {
        let channel = message[0] & 0x0F;
        let all_rest = message[0] & 0xF0 == 0xB0 && message[1] == 121;
        let moved = Controller::moved_by(message);
        self.away.retain(|(controller, on, _)| {
            *on != channel || !all_rest && moved.is_none_or(|(moved, _)| moved != *controller)
        });
        if let Some((controller, true)) = moved {
            self.away.push((controller, channel, (self.activation, at)));
        }
    }

    fn begins(&mut self, on: (Key, f64, Frame), activation: &Activation, blocks: &[Frame]) {
        let (key, velocity, at) = on;
        if key.channel > 15 || key.key > 127 || !(velocity > 0.0 && velocity <= 1.0) {
            self.say(at, Rule::NoMidi(key));
        }
        if self.sounding.iter().any(|sounding| sounding.key == key) {
            self.say(at, Rule::OnTwice(key));
            self.sounding.retain(|sounding| sounding.key != key);
        }
        let source = self.whose(on, |left| activation.comes_back(left, blocks) == Some(at));
        self.sounding.push(Sounding { key, source, since: (self.activation, at) });
        match source {
            NoteSource::Player => self.passed.push(on),
            NoteSource::Echo => self.echoes.push(on),
            NoteSource::Segue => self.segue_begins(key, velocity, at, activation),
            NoteSource::Comping => self.part_begins(key, at, SENDS_LINE),
        }
    }

    /// With thru on, a note-on on the very frame on which the player strikes that key is the player's, once; and once
    /// more on the frame on which it comes back.
    fn whose(&mut self, (key, velocity, at): (Key, f64, Frame), comes_back: impl Fn(Frame) -> bool) -> NoteSource {
        let passes = same(self.value(Param::Thru), 1.0);
        if let Some(index) = self.struck.iter().position(|struck| passes && *struck == key) {
            self.struck.remove(index);
            self.to_pass.retain(|to_pass| *to_pass != key);
            return NoteSource::Player;
        }
        let is_back = |(on, hard, left): &(Key, f64, Frame)| {
            passes && *on == key && (hard - velocity).abs() <= SAME_VELOCITY && comes_back(*left)
        };
        let goes_round = self.echoes.iter().any(is_back);
        if goes_round {
            self.say(at, Rule::GoesRound(key));
        }
        if goes_round || self.passed.iter().any(is_back) {
            return NoteSource::Echo;
        }
        let comps = same(self.value(Param::Comping), 1.0);
        let on_its_channel = same(self.value(Param::CompingChannel), f64::from(key.channel) + 1.0);
        if comps && on_its_channel { NoteSource::Comping } else { NoteSource::Segue }
    }

    fn segue_begins(&mut self, key: Key, velocity: f64, at: Frame, activation: &Activation) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "frames")]
        let recent = (RETURN_SECONDS * activation.timeline.sample_rate()) as Frame;
        self.begun.retain(|(.., until)| *until >= at);
        self.begun.push((key, velocity, at + recent));
        self.part_begins(key, at, SENDS_COMPING);
        let wanted = self.value(Param::OutputChannel);
        if !same(wanted, f64::from(key.channel)) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 15")]
            self.say(at, Rule::WrongChannel { key, wanted: wanted as u16 });
        }
        let count = self.sounding.iter().filter(|sounding| sounding.source == NoteSource::Segue).count();
        let most = self.steady(Param::Polyphony).map_or(MOST_VOICES, |above_one| 1 + index(above_one));
        if count > most && self.repeats_since.is_none() {
            self.say(at, Rule::TooMany { count, most });
        }
        if self.repeats_since.is_none() && (!self.is_in_scale(key) || !self.is_in_range(key)) {
            self.say(at, Rule::OutOfBounds(key));
        }
        if self.is_steadily(Param::Mode, ANSWER) {
            if !self.asked {
                self.say(at, Rule::Unasked(key));
            }
            let since = self.handed_over;
            let in_the_way = |held: &&Held| since.is_none_or(|since| since < held.down) && self.takes_the_turn(held);
            if let Some(held) = self.held.iter().find(in_the_way).map(|held| held.key) {
                self.say(at, Rule::OverThePlayer { key, held });
            }
        }
        if self.is_on_a_grid(activation, at) {
            let away = activation.timeline.frames_from_tick(at);
            if away.abs() > ROUNDING_FRAMES && !self.may_have_waited(activation, at) {
                self.say(at, Rule::OffTheGrid { key, away });
            }
            if self.side_of_trade(activation, at) == Some(Side::Players) {
                self.say(at, Rule::InThePlayersBars(key));
            }
        }
    }

    /// A note of Segue's line or of its comping begins. With this value of *Sends* it must not.
    fn part_begins(&mut self, key: Key, at: Frame, other_alone: f64) {
        if same(self.value(Param::Mute), 1.0) {
            self.say(at, Rule::Muted(key));
        }
        // Where both have one channel, nobody can tell them apart.
        let is_apart = !same(self.value(Param::CompingChannel), self.value(Param::OutputChannel) + 1.0);
        if is_apart && same(self.value(Param::Sends), other_alone) {
            self.say(at, Rule::WrongPart(key));
        }
    }

    fn ends(&mut self, key: Key, at: Frame, activation: &Activation) {
        let Some(index) = self.sounding.iter().position(|sounding| sounding.key == key) else {
            self.say(at, Rule::OffWithoutOn(key));
            return;
        };
        let Sounding { source, since: (since_act, since), .. } = self.sounding.remove(index);
        let is_struck_again = self.struck.contains(&key);
        let is_held = self.held.iter().any(|held| held.key == key) && !is_struck_again && self.held.len() < MOST_KEYS;
        if source == NoteSource::Player
            && since_act == self.activation
            && is_held
            && activation.accepts_everything()
            && activation.loops_back.is_none()
        {
            self.say(at, Rule::CutShort(key));
        }
        if matches!(source, NoteSource::Player | NoteSource::Echo) || since_act != self.activation {
            return;
        }
        if at <= since {
            self.say(since, Rule::NoLength(key));
        }
        if source == NoteSource::Segue {
            self.segue_ends(key, (since, at), activation);
        }
        if at.saturating_sub(since) as f64 > LONGEST_SECONDS * activation.timeline.sample_rate() {
            self.say(since, Rule::TooLong(key));
        }
    }

    fn segue_ends(&mut self, key: Key, (since, at): (Frame, Frame), activation: &Activation) {
        // If the song jumps in between, its beats say nothing about the length.
        let unbroken = !activation.timeline.seams().any(|frame| (since + 1..=at).contains(&frame));
        // If the host refuses a note-off, it gets that note-off later.
        if !unbroken || !activation.accepts_everything() || !self.is_on_a_grid(activation, since) {
            return;
        }
        // Each end is rounded at the tempo there, and the tempo at the beginning may be faster.
        let slack = |end| activation.timeline.beats_in_frames(end, 2.0 * ROUNDING_FRAMES);
        let slack = slack(since).max(slack(at));
        let beats = activation.timeline.beats(at) - activation.timeline.beats(since);
        let longest = self.steady(Param::LongestNote).filter(|_| self.is_steadily(Param::Quantise, 0.0));
        let longest = longest.filter(|_| self.repeats_since.is_none());
        if longest.is_some_and(|set| beats > longest_beats(set) + slack) {
            self.say(since, Rule::TooLongForTheSetting { key, beats });
        }
        let ends_with_its_bars = self.is_steadily(Param::RingOver, 0.0);
        if ends_with_its_bars
            && let Some(Side::Segues { until_beats: end }) = self.side_of_trade(activation, since)
            && activation.timeline.beats(at) > end + slack
        {
            self.say(at, Rule::RingsOver(key));
        }
    }
}
