//! The hands against a host and a mind of paper.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "made-up frames and draws below a million"
)]

mod capture;
mod chords;
mod comping;
mod detached;
mod midi;
mod mind;
mod modes;
mod nudges;
mod rounds;
mod styles;
mod swing;
mod time;

use crate::Performer;

use crate::host::{
    Block, ChannelMessage, FrameOffset, Harmony, HostEvent, HostIo, Key, KeyPattern, Message, Mode, NoteSource, Sent,
    Settings, StartGrid, StyleNumber, SynthEvent, TempoFrom, Trade, Transport, Yield,
};
use crate::link::{AudioEnd, Command, Reply, SharedChart, WorkerEnd, WorkerPort, link};
use crate::output::thru::{ALL_NOTES_OFF, ALL_SOUND_OFF, RESET_CONTROLLERS, SUSTAIN};
use crate::recorder::{EventLog, RecordedIo, Recorder};
use crate::stats::Stats;
use crate::time::tick_map::FramePosition;
use crate::worker::{Improvise, WorkerState};
use segue_model::chart::Chart;
use segue_model::harmony::{HarmonySource, HeardChord};
use segue_model::improviser::{Begin, DecisionRequest, HeardKey};
use segue_model::note::{Metre, Note, Pitch, Ticks, Velocity};
use segue_model::sampling::SamplingParameters;
use std::sync::Arc;

const RATE: f64 = 48_000.0;
/// A quarter note at 120 bpm.
const BEAT: i64 = 24_000;

type MakeFake = fn(StyleNumber, Option<FakeModel>) -> Option<FakeModel>;

/// Decides by what it heard, so that a note heard too late or too early is noticed; every third note is a chord.
#[derive(Clone, Default)]
struct FakeModel {
    heard: u64,
    decided: Vec<(u32, Note)>,
    /// It plays one note at a time.
    single_line: bool,
    /// It breaks over one note of so many, whenever it comes to it.
    panics_often: Option<u64>,
}

impl Improvise for FakeModel {
    fn hear(&mut self, key: HeardKey) {
        self.heard = self.heard.wrapping_mul(31).wrapping_add(u64::from(key.pitch.key()) + key.onset.0.unsigned_abs());
    }

    fn hear_below(&mut self, key: HeardKey) {
        self.hear(key);
    }

    fn hear_chord(&mut self, chord: HeardChord) {
        self.heard =
            self.heard.wrapping_mul(35).wrapping_add(chord.from.0.unsigned_abs() + u64::from(chord.chord.root()));
    }

    fn chart(&self) -> SharedChart {
        Some(Arc::new(fake_chart()))
    }

    fn set_source(&mut self, source: HarmonySource) {
        self.heard = self.heard.wrapping_mul(37).wrapping_add(source as u64);
    }

    fn amend(&mut self, id: u32, duration: Ticks) {
        self.heard = self.heard.wrapping_mul(33).wrapping_add(u64::from(id) + duration.0.unsigned_abs());
    }

    fn decide(&mut self, ask: &DecisionRequest) -> Note {
        let index = 1 + self.decided.iter().filter(|(turn, _)| *turn == ask.turn).count() as u64;
        let draw = (self.heard ^ index ^ u64::from(ask.parameters.temperature.to_bits()))
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            >> 40;
        if self.panics_often.is_some_and(|each| draw.is_multiple_of(each)) {
            // As a panic does, but without a word: it happens so often that nobody would find anything else.
            std::panic::resume_unwind(Box::new("a note over which it breaks"));
        }
        let onset = match ask.begin {
            Begin::At(onset) => onset,
            Begin::NotBefore(_) if index.is_multiple_of(3) => self.earliest(ask),
            Begin::NotBefore(_) => self.earliest(ask) + Ticks([6, 12, 24][draw as usize % 3]),
        };
        let pitch = Pitch::new(48 + (draw % 40) as u8).unwrap();
        let note = Note { onset, pitch, duration: Ticks(1 + draw as i64 % 60), velocity: Velocity::DEFAULT };
        self.decided.push((ask.turn, note));
        note
    }

    fn earliest(&self, ask: &DecisionRequest) -> Ticks {
        let (Begin::At(from) | Begin::NotBefore(from)) = ask.begin;
        self.decided.last().map_or(from, |(_, last)| from.max(self.earliest_after(last)))
    }

    fn earliest_after(&self, last: &Note) -> Ticks {
        if self.single_line { last.onset + last.duration } else { last.onset }
    }

    fn retract(&mut self, from: Ticks) {
        self.decided.retain(|(_, note)| note.onset < from);
    }

    fn forget_unplayed(&mut self, onset: Ticks, pitch: Pitch) {
        let same = |(_, note): &(u32, Note)| (note.onset, note.pitch) == (onset, pitch);
        if let Some(at) = self.decided.iter().rposition(same) {
            self.decided.remove(at);
        }
    }

    fn reset(&mut self) {
        *self = Self { single_line: self.single_line, panics_often: self.panics_often, ..Self::default() };
    }

    fn catch_up(&mut self) {}

    fn checkpoint(&self) -> Self {
        self.clone()
    }
}

fn fake_chart() -> Chart {
    Chart::parse("C7 | F7 G7 | C7 A7 D7 | N.C. |").unwrap().unwrap()
}

fn single_line() -> FakeModel {
    FakeModel { single_line: true, ..FakeModel::default() }
}

/// How quick the mind is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Speed {
    /// It answers when it is waited for, and else before the next block.
    Quick,
    /// It answers after so many blocks.
    Slow(u32),
    /// It never looks.
    Absent,
}

/// The link with the worker's work done on the same thread.
struct FakePort {
    audio: AudioEnd,
    room: WorkerState<FakeModel, MakeFake>,
    stats: Arc<Stats>,
    speed: Speed,
    blocks: u32,
    words: Vec<Command>,
}

impl FakePort {
    fn new(speed: Speed) -> Self {
        Self::of(speed, |_, before| before.or_else(|| Some(FakeModel::default())))
    }

    fn of(speed: Speed, make: MakeFake) -> Self {
        let (audio, end): (AudioEnd, WorkerEnd) = link();
        let stats = Arc::default();
        let room = WorkerState::new(end, Arc::clone(&stats), make);
        Self { audio, room, stats, speed, blocks: 0, words: Vec::new() }
    }

    fn next_block(&mut self) {
        self.blocks += 1;
        let looks = match self.speed {
            Speed::Quick => true,
            Speed::Slow(blocks) => self.blocks.is_multiple_of(blocks),
            Speed::Absent => false,
        };
        if looks {
            self.room.run_until_idle();
        }
    }
}

impl WorkerPort for FakePort {
    fn send(&mut self, command: Command) -> bool {
        let has_room = self.audio.free_slots() > 0;
        let told = self.audio.send(command);
        assert!(told || !has_room, "the hands never ask for more than can be answered");
        if told {
            self.words.push(command);
        }
        told
    }
    fn free_slots(&self) -> usize {
        self.audio.free_slots()
    }
    fn receive(&mut self) -> Option<Reply> {
        self.audio.receive()
    }
    fn take_chart(&mut self) -> Option<SharedChart> {
        self.audio.take_chart()
    }
    fn give_back(&mut self, chart: Arc<Chart>) {
        self.audio.give_back(chart);
    }
    fn awaits_chart(&self) -> bool {
        self.audio.awaits_chart()
    }
    fn wait_for_chart_offline(&mut self) -> Option<SharedChart> {
        if self.speed == Speed::Absent {
            return None;
        }
        self.room.run_until_idle();
        self.audio.take_chart()
    }
    fn wait_for_reply_offline(&mut self) -> Option<Reply> {
        if self.speed == Speed::Absent {
            return None;
        }
        self.room.run_until_idle();
        self.audio.receive()
    }
    fn make_room_offline(&mut self) {
        if self.speed != Speed::Absent {
            self.room.run_until_idle();
        }
    }
}

/// What the musician sets.
type Turned = fn(&mut Settings);

/// A host that plays what is on its page, in order of time.
struct FakeHost {
    events: Vec<(i64, HostEvent)>,
    /// Song positions: from this frame on the song is at this beat, or stands.
    song: Vec<(i64, Option<f64>)>,
    /// How many quarter notes beside the song it tells of its position on a frame.
    beside: fn(i64) -> f64,
    /// What it tells of its position while it stands.
    stands_at: Option<f64>,
    /// From where to where it says that it goes round.
    loop_beats: Option<(f64, f64)>,
    /// Quarter notes per minute, each from a frame on.
    tempos: Vec<(i64, f64)>,
    metres: Vec<(i64, Metre)>,
    temperatures: Vec<(i64, f32)>,
    /// Of every so many messages one is refused.
    refuses_each: Option<u32>,
    settings: Settings,
    offline: bool,
    speed: Speed,
    /// The performer is reset before the block at this frame.
    reset_at: Option<i64>,
    /// What the musician sets differently from a frame on.
    turns: Vec<(i64, Turned)>,
    /// So many frames after it was sent a message comes back at the input; longer than any block.
    loops_back_after: Option<i64>,
    /// The mind plays one note at a time.
    single_line: bool,
    /// The mind breaks over some notes.
    panics_often: bool,
}

/// What came back.
#[derive(Default)]
struct Heard {
    messages: Vec<(i64, Message)>,
    sounds: Vec<(i64, SynthEvent)>,
    words: Vec<Command>,
    stats: Arc<Stats>,
    /// What the mind has decided and was not told to take back.
    in_mind: Vec<Note>,
    /// How often the mind broke.
    panics: u32,
    /// What a capture is made from.
    pages: Option<Arc<EventLog>>,
}

struct FakeIo<'a> {
    start: i64,
    frames: u32,
    events: &'a [(i64, HostEvent)],
    refuses_each: Option<u32>,
    sent: &'a mut u32,
    heard: &'a mut Heard,
}

impl HostIo for FakeIo<'_> {
    fn next_event(&mut self) -> Option<(FrameOffset, HostEvent)> {
        let (&(at, event), rest) = self.events.split_first()?;
        if at >= self.start + i64::from(self.frames) {
            return None;
        }
        self.events = rest;
        Some((FrameOffset(u32::try_from(at - self.start).unwrap()), event))
    }
    fn play(&mut self, at: FrameOffset, what: SynthEvent) {
        assert!(at.0 < self.frames);
        self.heard.sounds.push((self.start + i64::from(at.0), what));
    }
    fn send(&mut self, at: FrameOffset, message: Message) -> Sent {
        assert!(at.0 < self.frames, "offsets lie inside the block");
        *self.sent += 1;
        if self.refuses_each.is_some_and(|each| self.sent.is_multiple_of(each)) {
            return Sent::Refused;
        }
        self.heard.messages.push((self.start + i64::from(at.0), message));
        Sent::Accepted
    }
}

pub(super) fn settings() -> Settings {
    Settings {
        mode: Mode::Answer,
        trade: Trade { bars: 4, segue_first: false, rings_over: false },
        yields: Yield::AtOnce,
        drone_below: 0,
        your_turn: false,
        tap: false,
        forget: false,
        tempo_from: TempoFrom::Setting,
        harmony: Harmony::Chart,
        swing: 0.5,
        octave: 0,
        in_channel: None,
        comping: false,
        comping_channel: None,
        click: false,
        style: StyleNumber(0),
        free_time: false,
        files: (0, 0),
        sampling: SamplingParameters { temperature: 1.0, top_p: 1.0, ..SamplingParameters::default() },
        response_gap_ms: 100.0,
        answer_bars: 2,
        start_grid: StartGrid::Eighth,
        thru: false,
        look_ahead_ms: 20.0,
        tempo_bpm: 120.0,
        channel: 0,
    }
}

fn key(pitch: u8) -> Key {
    Key { voice: None, channel: 0, pitch: Pitch::new(pitch).unwrap() }
}

fn press(pitch: u8) -> HostEvent {
    HostEvent::NoteOn { key: key(pitch), velocity: 0.7 }
}

fn lift(pitch: u8) -> HostEvent {
    HostEvent::NoteOff { keys: key(pitch).into(), velocity: 0.0 }
}

impl FakeHost {
    /// The song plays at 120 bpm; the player strikes four eighths, the last key goes up at frame 46,000.
    fn with_phrase() -> Self {
        let mut events = Vec::new();
        for (index, pitch) in (0..).zip([60, 62, 64, 65]) {
            events.push((index * BEAT / 2, press(pitch)));
            events.push((index * BEAT / 2 + 10_000, lift(pitch)));
        }
        Self {
            events,
            song: vec![(0, Some(0.0))],
            beside: |_| 0.0,
            stands_at: None,
            loop_beats: None,
            tempos: vec![(0, 120.0)],
            metres: vec![(0, Metre::COMMON)],
            temperatures: vec![(0, 1.0)],
            refuses_each: None,
            settings: settings(),
            offline: true,
            speed: Speed::Quick,
            reset_at: None,
            turns: Vec::new(),
            loops_back_after: None,
            single_line: false,
            panics_often: false,
        }
    }

    fn transport(&self, frame: i64) -> Transport {
        let (from, beats) = valid_at(&self.song, frame);
        let ends = self.tempos.iter().skip(1).map(|(start, _)| *start).chain([i64::MAX]);
        let passed = |((start, tempo), end): (&(i64, f64), i64)| {
            (frame.min(end) - from.max(*start)).max(0) as f64 * tempo / (60.0 * RATE)
        };
        let beats =
            beats.map(|beats| beats + (self.beside)(frame) + self.tempos.iter().zip(ends).map(passed).sum::<f64>());
        Transport {
            playing: beats.is_some(),
            tempo_bpm: Some(valid_at(&self.tempos, frame).1),
            beats: beats.or(self.stands_at),
            metre: Some(valid_at(&self.metres, frame).1),
            bar_beats: None,
            loop_beats: self.loop_beats,
        }
    }

    /// Plays up to a frame in blocks of these lengths, again and again, cut where the song or a parameter changes.
    fn play(&self, until: i64, lengths: &[u32]) -> Heard {
        self.play_at(&mut Performer::new(RATE, Arc::default()), &mut self.nerve(), until, lengths)
    }

    fn nerve(&self) -> FakePort {
        let make: MakeFake = if self.panics_often {
            |_, before| before.or_else(|| Some(FakeModel { panics_often: Some(9), ..FakeModel::default() }))
        } else if self.single_line {
            |_, before| before.or_else(|| Some(single_line()))
        } else {
            |_, before| before.or_else(|| Some(FakeModel::default()))
        };
        FakePort::of(self.speed, make)
    }

    fn play_at(&self, performer: &mut Performer, nerve: &mut FakePort, until: i64, lengths: &[u32]) -> Heard {
        let mut heard = Heard { stats: Arc::clone(performer.stats()), ..Heard::default() };
        let mut recorder = Recorder::default();
        let mut sent = 0;
        let mut at = 0;
        let changes = froms(&self.song).chain(froms(&self.temperatures)).chain(froms(&self.tempos));
        let changes: Vec<i64> =
            changes.chain(froms(&self.metres)).chain(froms(&self.turns)).chain(self.reset_at).collect();
        let mut lengths = lengths.iter().cycle();
        while at < until {
            let next = changes.iter().copied().filter(|from| *from > at).min().unwrap_or(i64::MAX);
            let frames = u32::try_from(i64::from(*lengths.next().unwrap()).min(next - at)).unwrap();
            if self.reset_at == Some(at) {
                performer.reset();
            }
            let mut settings = self.settings;
            settings.sampling.temperature = valid_at(&self.temperatures, at).1;
            self.turns.iter().filter(|(from, _)| *from <= at).for_each(|(_, turn)| turn(&mut settings));
            let transport = self.transport(at);
            let block = Block { frames, into: 0, transport, settings, offline: self.offline };
            let events = self.events_between(at, at + i64::from(frames), &heard);
            let (events, refuses_each) = (&events[..], self.refuses_each);
            let mut desk = FakeIo { start: at, frames, events, refuses_each, sent: &mut sent, heard: &mut heard };
            nerve.next_block();
            performer.perform(&block, &mut RecordedIo::new(&mut desk, &mut recorder), nerve);
            assert_eq!(performer.position(), FramePosition(at + i64::from(frames)));
            recorder.end_block(frames, RATE, &performer.snapshot(false), performer.chords(), None);
            at += i64::from(frames);
        }
        nerve.room.run_until_idle();
        heard.in_mind =
            nerve.room.model().map(|mind| mind.decided.iter().map(|(_, note)| *note).collect()).unwrap_or_default();
        heard.panics = nerve.stats.panics.get();
        heard.words = std::mem::take(&mut nerve.words);
        heard.pages = Some(recorder.pages());
        heard
    }
}

impl FakeHost {
    /// What the player does in a block, and what comes back by a routing loop.
    fn events_between(&self, from: i64, until: i64, heard: &Heard) -> Vec<(i64, HostEvent)> {
        let back = self
            .loops_back_after
            .into_iter()
            .flat_map(|after| heard.messages.iter().map(move |(at, message)| (at + after, returning(*message))));
        let inside = |(at, _): &(i64, HostEvent)| (from..until).contains(at);
        let mut events: Vec<_> = self.events.iter().copied().chain(back).filter(inside).collect();
        events.sort_by_key(|(at, _)| *at);
        events
    }
}

/// A message as it comes in: velocities have seven bits.
fn returning(message: Message) -> HostEvent {
    let coarse = |velocity: f32| (velocity * 127.0).round() / 127.0;
    match message {
        Message::NoteOn { key, velocity } => {
            HostEvent::NoteOn { key: Key { voice: None, ..key }, velocity: coarse(velocity) }
        }
        Message::NoteOff { key, velocity } => {
            HostEvent::NoteOff { keys: Key { voice: None, ..key }.into(), velocity: coarse(velocity) }
        }
        Message::Control(message) => HostEvent::Control(message),
        Message::Shape { keys, shape } => HostEvent::Shape { keys, shape },
    }
}

/// What holds at a frame, and since when.
fn valid_at<T: Copy>(list: &[(i64, T)], frame: i64) -> (i64, T) {
    *list.iter().rev().find(|(from, _)| *from <= frame).unwrap()
}

fn froms<T>(list: &[(i64, T)]) -> impl Iterator<Item = i64> {
    list.iter().map(|(from, _)| *from)
}

impl Heard {
    fn ons(&self) -> Vec<i64> {
        let ons = self.messages.iter().filter(|(_, message)| matches!(message, Message::NoteOn { .. }));
        ons.map(|(at, _)| *at).collect()
    }

    /// The rule of the active notes: one note-off for each note-on, in order of time, and nothing left sounding at the end
    /// unless it began in the last beat.
    fn check_pairs(&self) -> Result<(), String> {
        let same = |one: &Key, other: &Key| (one.channel, one.pitch) == (other.channel, other.pitch);
        let mut down: Vec<(Key, i64)> = Vec::new();
        let mut now = 0;
        for &(at, message) in &self.messages {
            if at < now {
                return Err(format!("{message:?} at {at} comes after {now}"));
            }
            now = at;
            match message {
                Message::NoteOn { key, .. } if down.iter().any(|(held, _)| same(held, &key)) => {
                    return Err(format!("{key:?} is struck twice at {at}"));
                }
                Message::NoteOn { key, .. } => down.push((key, at)),
                Message::NoteOff { key, .. } => match down.iter().position(|(held, _)| same(held, &key)) {
                    Some(index) => drop(down.remove(index)),
                    None => return Err(format!("{key:?} ends at {at} and never began")),
                },
                Message::Control(_) | Message::Shape { .. } => {}
            }
        }
        if down.is_empty() { Ok(()) } else { Err(format!("{down:?} never end")) }
    }

    fn check_sounds(&self) -> Result<(), String> {
        let mut down = Vec::new();
        for &(at, what) in &self.sounds {
            match what {
                SynthEvent::NoteOn { who, channel, pitch, .. } => down.push((who, channel, pitch)),
                SynthEvent::NoteOff { who, channel, pitch } => {
                    match down.iter().position(|held| *held == (who, channel, pitch)) {
                        Some(index) => drop(down.remove(index)),
                        None => return Err(format!("{pitch:?} is damped at {at} and was never struck")),
                    }
                }
                SynthEvent::Pedal { .. } | SynthEvent::AllSoundOff => {}
            }
        }
        if down.is_empty() { Ok(()) } else { Err(format!("{down:?} ring for ever")) }
    }
}

#[test]
fn the_answer_begins_on_the_first_grid_point_after_the_gap_and_ends_with_its_last_bar() {
    // Key-up at 46,000, gap until 50,800: the next eighth is at 60,000.
    let heard = FakeHost::with_phrase().play(20 * BEAT, &[512]);
    let ons = heard.ons();
    assert_eq!(ons[0], 60_000);
    assert!(ons.len() > 8 && ons.iter().all(|on| *on < 60_000 + 8 * BEAT));
    heard.check_pairs().unwrap();
    heard.check_sounds().unwrap();
}

#[test]
fn off_the_grid_the_answer_begins_exactly_when_the_gap_is_over() {
    let mut host = FakeHost::with_phrase();
    host.settings.start_grid = StartGrid::Free;
    assert_eq!(host.play(20 * BEAT, &[512]).ons()[0], 46_000 + 4_800);
}

#[test]
fn a_key_up_on_the_very_grid_point_with_no_gap_is_answered_at_once() {
    let mut host = FakeHost::with_phrase();
    host.settings.response_gap_ms = 0.0;
    host.events.last_mut().unwrap().0 = 2 * BEAT;
    for lengths in [&[1][..], &[64], &[48_000], &[47_999, 2]] {
        assert_eq!(host.play(4 * BEAT, lengths).ons()[0], 2 * BEAT, "{lengths:?}");
    }
}

#[test]
fn offline_the_same_notes_come_out_wherever_the_host_cuts_its_blocks() {
    let mut host = FakeHost::with_phrase();
    host.temperatures = vec![(0, 1.0), (80_001, 1.3), (81_000, 0.7), (150_000, 2.0)];
    host.settings.thru = true;
    // The player comes in again and leaves again.
    host.events.extend([(130_003, press(70)), (140_000, lift(70))]);
    let whole = host.play(20 * BEAT, &[1 << 20]);
    assert!(whole.ons().len() > 20);
    for lengths in [&[1_u32][..], &[64], &[441], &[4096], &[13, 900, 1, 2048, 77]] {
        assert_eq!(host.play(20 * BEAT, lengths).messages, whole.messages, "{lengths:?}");
    }
}

#[test]
fn live_the_same_notes_come_out_when_plans_come_in_time_and_blocks_are_short() {
    let mut host = FakeHost::with_phrase();
    host.temperatures = vec![(0, 1.0), (90_112, 1.3)];
    let offline = host.play(20 * BEAT, &[256]);
    host.offline = false;
    for lengths in [&[64_u32][..], &[256], &[960], &[13, 900, 1, 77]] {
        let live = host.play(20 * BEAT, lengths);
        assert_eq!(live.messages, offline.messages, "{lengths:?}");
        assert_eq!(live.stats.late.get(), 0);
    }
}

#[test]
fn live_nothing_is_late_in_long_blocks_either() {
    let mut host = FakeHost::with_phrase();
    host.offline = false;
    for length in [1_024, 2_048, 4_096, 8_192] {
        let live = host.play(20 * BEAT, &[length]);
        assert_eq!((live.stats.late.get(), live.ons()[0]), (0, 60_000), "blocks of {length}");
        assert!(live.ons().len() > 8);
    }
}

#[test]
fn a_plan_that_comes_a_little_late_is_played_at_once_and_one_that_comes_too_late_is_dropped() {
    let mut host = FakeHost::with_phrase();
    host.offline = false;
    // Requests go out 960 frames before; the reply comes with the sixth block of 240.
    host.speed = Speed::Slow(6);
    let late = host.play(20 * BEAT, &[240]);
    assert!(late.stats.late.get() > 0 && late.ons().len() > 4);
    late.check_pairs().unwrap();
    late.check_sounds().unwrap();
    host.speed = Speed::Slow(100);
    let lost = host.play(20 * BEAT, &[240]);
    assert!(lost.stats.dropped.get() > 0);
    lost.check_pairs().unwrap();
}

#[test]
fn the_player_who_comes_in_ends_segue_at_that_very_frame_and_the_mind_forgets_what_never_sounded() {
    let mut host = FakeHost::with_phrase();
    let before = host.play(20 * BEAT, &[64]).ons();
    let again = before[4] + 1_234;
    host.events.extend([(again, press(70)), (again + 200_000, lift(70))]);
    for lengths in [&[1_u32][..], &[64], &[4096]] {
        let heard = host.play(again + 150_000, lengths);
        heard.check_pairs().unwrap();
        assert!(heard.messages.iter().all(|(at, _)| *at <= again), "{lengths:?}");
        let told_back: Vec<_> = heard
            .words
            .iter()
            .filter_map(|word| match word {
                Command::Retract { from } => Some(from.0),
                _ => None,
            })
            .collect();
        // The first tick that falls on the player's frame or behind it; one tick is 500 frames. In the rests within the
        // phrase nothing was asked, so nothing is taken back.
        assert_eq!(told_back, [(again + 499).div_euclid(500)], "{lengths:?}");
    }
}

#[test]
fn without_a_phrase_segue_is_silent() {
    let mut host = FakeHost::with_phrase();
    host.events.clear();
    assert!(host.play(20 * BEAT, &[512]).messages.is_empty());
}

/// Something that a host does, with its name.
type Change<'a> = (&'a str, &'a dyn Fn(&mut FakeHost));

#[test]
fn every_note_on_gets_its_note_off_whatever_the_host_does_in_mid_phrase() {
    let mid = 60_000 + BEAT / 2 + 77;
    let stop = |host: &mut FakeHost| host.song.push((mid, None));
    let jump = |host: &mut FakeHost| host.song.push((mid, Some(1_000.5)));
    let back = |host: &mut FakeHost| host.song.extend([(mid, Some(0.0)), (mid + 30_000, Some(0.0))]);
    let reset = |host: &mut FakeHost| host.reset_at = Some(mid);
    let full = |host: &mut FakeHost| host.refuses_each = Some(3);
    let deaf = |host: &mut FakeHost| host.speed = Speed::Absent;
    let thru = |host: &mut FakeHost| host.settings.thru = true;
    let changes: [Change; 7] = [
        ("stop", &stop),
        ("jump", &jump),
        ("back", &back),
        ("reset", &reset),
        ("full", &full),
        ("deaf", &deaf),
        ("thru", &thru),
    ];
    for (name, change) in changes {
        for lengths in [&[1_u32][..], &[64], &[441], &[4096]] {
            for offline in [true, false] {
                let mut host = FakeHost::with_phrase();
                host.offline = offline;
                host.settings.thru = name == "full";
                change(&mut host);
                let heard = host.play(24 * BEAT, lengths);
                heard.check_pairs().unwrap_or_else(|fault| panic!("{name}, {lengths:?}: {fault}"));
                if name != "reset" {
                    heard.check_sounds().unwrap_or_else(|fault| panic!("{name}, {lengths:?}: {fault}"));
                }
            }
        }
    }
}

#[test]
fn the_check_of_pairs_sees_a_note_off_that_is_lost() {
    let mut heard = FakeHost::with_phrase().play(20 * BEAT, &[512]);
    let off = heard.messages.iter().position(|(_, message)| matches!(message, Message::NoteOff { .. })).unwrap();
    heard.messages.remove(off);
    assert!(heard.check_pairs().is_err());
}

#[test]
fn a_host_that_takes_no_notes_still_hears_the_sound() {
    struct Deaf(Vec<SynthEvent>, Vec<(FrameOffset, HostEvent)>);
    impl HostIo for Deaf {
        fn next_event(&mut self) -> Option<(FrameOffset, HostEvent)> {
            self.1.pop()
        }
        fn play(&mut self, _: FrameOffset, what: SynthEvent) {
            self.0.push(what);
        }
        fn send(&mut self, _: FrameOffset, _: Message) -> Sent {
            Sent::NoOutput
        }
    }
    let mut performer = Performer::new(RATE, Arc::default());
    let mut nerve = FakePort::new(Speed::Quick);
    let mut host = Deaf(Vec::new(), vec![(FrameOffset(9), lift(60)), (FrameOffset(3), press(60))]);
    let settings = settings();
    let block = Block { frames: 200_000, into: 0, transport: Transport::default(), settings, offline: true };
    performer.perform(&block, &mut host, &mut nerve);
    assert!(host.0.iter().any(|what| matches!(what, SynthEvent::NoteOn { who: NoteSource::Segue, .. })));
}

#[test]
fn a_rendering_after_a_jam_in_which_the_mind_fell_behind_is_the_same_and_not_late() {
    let mut host = FakeHost::with_phrase();
    host.settings.mode = Mode::Duet;
    host.settings.comping = true;
    let strokes = (0..30).flat_map(|index| [(index * 3_000, press(60)), (index * 3_000 + 2_000, lift(60))]);
    let jam = FakeHost { offline: false, events: strokes.collect(), ..FakeHost::with_phrase() };
    // With each jump of the song both of them, the one who plays and the one who comps, are asked anew. At its end nothing
    // sounds that would have to end in the rendering.
    let jumps = (0..8).map(|jump| (jump * BEAT / 2, Some(jump as f64 * 8.0)));
    let song = jumps.chain([(4 * BEAT, None)]).collect();
    let jam = FakeHost { settings: host.settings, song, ..jam };
    let rendered = |speed| {
        let (mut performer, mut nerve) = (Performer::new(RATE, Arc::default()), host.nerve());
        nerve.speed = speed;
        let _ = jam.play_at(&mut performer, &mut nerve, 6 * BEAT, &[4096]);
        let lost = performer.stats().late.get() + performer.stats().dropped.get();
        // From now on it does nothing before it is waited for.
        nerve.speed = Speed::Slow(u32::MAX);
        performer.activate(RATE);
        performer.start_afresh();
        let heard = host.play_at(&mut performer, &mut nerve, 20 * BEAT, &[64]);
        (heard.stats.late.get() + heard.stats.dropped.get() - lost, heard.messages, heard.sounds)
    };
    let (lost, messages, sounds) = rendered(Speed::Quick);
    assert!(lost == 0 && messages.len() > 20);
    assert!(rendered(Speed::Absent) == (lost, messages, sounds));
}

#[test]
fn the_pedal_lengthens_what_was_heard_and_does_not_hold_the_turn() {
    let mut host = FakeHost::with_phrase();
    let pedal = |value| HostEvent::Control(ChannelMessage::Controller { channel: 0, number: SUSTAIN, value });
    host.events.insert(7, (37_000, pedal(1.0)));
    host.events.push((70_000, pedal(0.0)));
    let heard = host.play(20 * BEAT, &[512]);
    assert_eq!(heard.ons()[0], 60_000, "keys decide, not the pedal");
    let lengths: Vec<_> = heard
        .words
        .iter()
        .filter_map(|word| match word {
            Command::Amend { duration, .. } => Some(("over", duration.0)),
            Command::ReleaseKey { duration, .. } => Some(("up", duration.0)),
            Command::ReleasePedal { duration, .. } => Some(("rang", duration.0)),
            _ => None,
        })
        .collect();
    // The last note began at 36,000, its key came up at 46,000, and it rang until 70,000.
    assert_eq!(lengths, [("over", 20), ("over", 20), ("over", 20), ("up", 20), ("rang", 68)]);
}

#[test]
fn without_a_song_the_first_note_after_a_silence_is_the_first_beat_of_a_bar() {
    let mut host = FakeHost::with_phrase();
    host.song = vec![(0, None)];
    for (at, _) in &mut host.events {
        *at += 123_457;
    }
    host.settings.start_grid = StartGrid::Bar;
    for lengths in [&[1_u32][..], &[64], &[4096]] {
        let heard = host.play(24 * BEAT, lengths);
        assert_eq!(heard.ons()[0], 123_457 + 4 * BEAT, "{lengths:?}");
    }
}

#[test]
fn when_the_mind_is_far_behind_notes_go_unheard_and_are_counted_but_no_end_is_lost() {
    let mut host = FakeHost::with_phrase();
    (host.speed, host.offline) = (Speed::Absent, false);
    host.events = (0..2_000).flat_map(|index| [(index * 20, press(60)), (index * 20 + 10, lift(60))]).collect();
    let heard = host.play(50_000, &[64]);
    assert!(heard.stats.unheard.get() > 0);
    let count = |what: fn(&Command) -> bool| heard.words.iter().filter(|word| what(word)).count();
    let heards = count(|word| matches!(word, Command::Heard(_)));
    assert_eq!(heards, count(|word| matches!(word, Command::Amend { .. })));
    heard.check_sounds().unwrap();
}

#[test]
fn an_offline_rendering_goes_on_when_the_mind_never_answers() {
    let mut host = FakeHost::with_phrase();
    host.speed = Speed::Absent;
    let heard = host.play(20 * BEAT, &[512]);
    assert_eq!((heard.ons().len(), heard.stats.time_outs.get()), (0, 1));
}

#[test]
fn a_release_without_the_names_of_the_notes_ends_them_all() {
    let mut host = FakeHost::with_phrase();
    let named = |voice, pitch| HostEvent::NoteOn { key: Key { voice: Some(voice), ..key(pitch) }, velocity: 0.5 };
    let all = KeyPattern { voice: None, channel: None, pitch: None };
    host.events =
        vec![(0, named(1, 60)), (100, named(2, 64)), (20_000, HostEvent::NoteOff { keys: all, velocity: 0.0 })];
    let heard = host.play(20 * BEAT, &[512]);
    assert!(!heard.ons().is_empty(), "no key is down, so it is Segue's turn");
    heard.check_sounds().unwrap();
}

/// Small numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }

    fn frame(&mut self, below: i64) -> i64 {
        self.roll(below as u64) as i64
    }
}

/// When a host that does anything has done it all.
const QUIET: i64 = 550_000;

/// Five seconds of a host that does anything at any time; then it lets go of all keys and listens.
fn any_host(dice: &mut Dice) -> FakeHost {
    const BUSY: i64 = 240_000;
    let mut host = FakeHost::with_phrase();
    for _ in 0..dice.roll(60) {
        let pitch = 40 + dice.roll(30) as u8;
        let at = dice.frame(BUSY);
        host.events.push((at, press(pitch)));
        // Some releases are lost.
        if dice.roll(8) > 0 {
            host.events.push((at + 1 + dice.frame(40_000), lift(pitch)));
        }
    }
    for _ in 0..dice.roll(6) {
        let number = [SUSTAIN, RESET_CONTROLLERS, ALL_NOTES_OFF, ALL_SOUND_OFF][dice.roll(4) as usize];
        let message = ChannelMessage::Controller { channel: 0, number, value: dice.roll(2) as f32 };
        host.events.push((dice.frame(BUSY), HostEvent::Control(message)));
    }
    for _ in 0..dice.roll(5) {
        let beats = (dice.roll(3) > 0).then(|| dice.roll(4_000) as f64 / 16.0 - 20.0);
        host.song.push((1 + dice.frame(BUSY), beats));
    }
    for _ in 0..dice.roll(4) {
        host.tempos.push((1 + dice.frame(BUSY), 40.0 + dice.roll(2_600) as f64 / 10.0));
    }
    for _ in 0..dice.roll(3) {
        let metre = Metre::new(1 + dice.roll(12) as u8, 1 << dice.roll(5)).unwrap();
        host.metres.push((1 + dice.frame(BUSY), metre));
    }
    for _ in 0..dice.roll(10) {
        host.temperatures.push((1 + dice.frame(BUSY), dice.roll(200) as f32 / 100.0));
    }
    let all = KeyPattern { voice: None, channel: None, pitch: None };
    host.events.push((BUSY + 50_000, HostEvent::NoteOff { keys: all, velocity: 0.0 }));
    host.events.push((
        BUSY + 50_000,
        HostEvent::Control(ChannelMessage::Controller { channel: 0, number: SUSTAIN, value: 0.0 }),
    ));
    host.events.sort_by_key(|(at, _)| *at);
    // At last it starts and stops, which ends whatever still plays.
    host.song.extend([(QUIET, Some(0.0)), (QUIET + 1_000, None)]);
    host.song.sort_by_key(|(at, _)| *at);
    host.temperatures.sort_by_key(|(at, _)| *at);
    host.tempos.sort_by_key(|(at, _)| *at);
    host.metres.sort_by_key(|(at, _)| *at);
    host.reset_at = (dice.roll(4) == 0).then(|| 1 + dice.frame(BUSY));
    host.refuses_each = (dice.roll(4) == 0).then(|| 2 + dice.roll(5) as u32);
    host.settings.thru = dice.roll(2) == 0;
    host.settings.answer_bars = 1;
    host.settings.mode = [Mode::Answer, Mode::Trade, Mode::Duet][dice.roll(3) as usize];
    host.settings.trade =
        Trade { bars: 1 + dice.roll(2) as u8, segue_first: dice.roll(2) == 0, rings_over: dice.roll(2) == 0 };
    host.settings.yields = [Yield::AtOnce, Yield::AfterNote, Yield::AtBeat][dice.roll(3) as usize];
    host.settings.drone_below = 40 + dice.roll(30) as u8;
    host.settings.free_time = dice.roll(4) == 0;
    host.single_line = dice.roll(2) == 0;
    let whims: [fn(&mut Settings); 6] = [
        |settings| settings.your_turn = true,
        |settings| settings.your_turn = false,
        |settings| settings.forget = true,
        |settings| settings.mode = Mode::Answer,
        |settings| settings.mode = Mode::Trade,
        |settings| settings.mode = Mode::Duet,
    ];
    for _ in 0..dice.roll(6) {
        host.turns.push((1 + dice.frame(BUSY), whims[dice.roll(6) as usize]));
    }
    host.turns.sort_by_key(|(at, _)| *at);
    host.settings.response_gap_ms = dice.roll(300) as f32;
    host.settings.start_grid =
        [StartGrid::Free, StartGrid::Quarter, StartGrid::Eighth, StartGrid::Sixteenth, StartGrid::Bar]
            [dice.roll(5) as usize];
    host.settings.swing = [0.5, 0.62, 0.75][dice.roll(3) as usize];
    host.settings.octave = dice.roll(7) as i8 - 3;
    host.settings.comping = dice.roll(2) == 0;
    host.settings.comping_channel = [None, Some(0), Some(5)][dice.roll(3) as usize];
    host.settings.click = dice.roll(2) == 0;
    host.turns.push((QUIET, |settings| settings.comping = false));
    let split = Pitch::new(55).unwrap();
    host.settings.harmony = [Harmony::Chart, Harmony::Played, Harmony::Low(split), Harmony::Off][dice.roll(4) as usize];
    host.offline = dice.roll(2) == 0;
    host.speed = [Speed::Quick, Speed::Quick, Speed::Slow(3), Speed::Slow(40), Speed::Absent][dice.roll(5) as usize];
    host.panics_often = dice.roll(4) == 0;
    let mut beats = || (dice.roll(2) == 0).then(|| dice.roll(4_000) as f64 / 16.0 - 20.0);
    (host.stands_at, host.loop_beats) = (beats(), beats().zip(beats()));
    host
}

#[test]
fn whatever_a_host_does_every_note_ends_and_offline_the_blocks_do_not_matter() {
    let mut notes = 0;
    for seed in 1..=300 {
        let mut dice = Dice(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed));
        let host = any_host(&mut dice);
        let [one, other] = [(); 2].map(|()| {
            let lengths: Vec<u32> = (0..7).map(|_| 1 + dice.roll([64, 600, 5_000][seed as usize % 3]) as u32).collect();
            let heard = host.play(QUIET + 10_000, &lengths);
            heard.check_pairs().unwrap_or_else(|fault| panic!("host {seed}, blocks {lengths:?}: {fault}"));
            if host.reset_at.is_none() {
                heard.check_sounds().unwrap_or_else(|fault| panic!("host {seed}, blocks {lengths:?}: {fault}"));
            }
            heard
        });
        // A host that refuses is asked again with every block, so there its blocks do matter.
        if host.offline && host.refuses_each.is_none() && host.speed == Speed::Quick {
            let pairs = one.messages.iter().zip(&other.messages);
            let differs = pairs.clone().find(|(one, other)| one != other);
            assert_eq!(differs, None, "host {seed}");
            assert_eq!(one.messages.len(), other.messages.len(), "host {seed}");
        }
        notes += one.ons().len();
    }
    assert!(notes > 2_000, "only {notes} notes in all");
}
