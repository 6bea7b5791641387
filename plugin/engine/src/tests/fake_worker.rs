//! A fake model, and a fake port whose worker does its work on the same thread.

use super::*;

pub type MakeFake = fn(StyleNumber, Option<FakeModel>) -> Option<FakeModel>;

/// Decides by what it has heard, so that a note heard too late or too early is noticed. Every third note is a chord.
#[derive(Clone, Default)]
pub struct FakeModel {
    pub heard: u64,
    pub decided: Vec<(u32, Note)>,
    /// Whether it plays one note at a time.
    pub single_line: bool,
    /// It panics on one of every so many notes, each time it decides that note.
    pub panics_often: Option<u64>,
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
            // Panics without a message, because it happens so often that other output would be lost.
            std::panic::resume_unwind(Box::new("a note on which the fake model panics"));
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

pub fn fake_chart() -> Chart {
    Chart::parse("C7 | F7 G7 | C7 A7 D7 | N.C. |").unwrap().unwrap()
}

pub fn single_line() -> FakeModel {
    FakeModel { single_line: true, ..FakeModel::default() }
}

/// How fast the worker is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Speed {
    /// It answers when it is waited for, otherwise before the next block.
    Quick,
    /// It answers after this many blocks.
    Slow(u32),
    /// It never runs.
    Absent,
}

/// The link, with a worker that runs on the same thread.
pub struct FakePort {
    pub audio: AudioEnd,
    pub worker: WorkerState<FakeModel, MakeFake>,
    pub stats: Arc<Stats>,
    pub speed: Speed,
    pub blocks: u32,
    pub commands: Vec<Command>,
}

impl FakePort {
    pub fn new(speed: Speed) -> Self {
        Self::of(speed, |_, before| before.or_else(|| Some(FakeModel::default())))
    }

    pub fn of(speed: Speed, make: MakeFake) -> Self {
        let (audio, end): (AudioEnd, WorkerEnd) = link();
        let stats = Arc::default();
        let worker = WorkerState::new(end, Arc::clone(&stats), make);
        Self { audio, worker, stats, speed, blocks: 0, commands: Vec::new() }
    }

    pub fn next_block(&mut self) {
        self.blocks += 1;
        let looks = match self.speed {
            Speed::Quick => true,
            Speed::Slow(blocks) => self.blocks.is_multiple_of(blocks),
            Speed::Absent => false,
        };
        if looks {
            self.worker.run_until_idle();
        }
    }
}

impl WorkerPort for FakePort {
    fn send(&mut self, command: Command) -> bool {
        let has_room = self.audio.free_slots() > 0;
        let sent = self.audio.send(command);
        let brings_chart = matches!(command, Command::Style(_) | Command::ReloadFiles);
        assert!(sent || !has_room || brings_chart, "the engine never requests more than can be answered");
        if sent {
            self.commands.push(command);
        }
        sent
    }
    fn free_slots(&self) -> usize {
        self.audio.free_slots()
    }
    fn has_room(&self) -> bool {
        self.audio.has_room()
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
        self.worker.run_until_idle();
        self.audio.take_chart()
    }
    fn wait_for_reply_offline(&mut self) -> Option<Reply> {
        if self.speed == Speed::Absent {
            return None;
        }
        self.worker.run_until_idle();
        self.audio.receive()
    }
    fn make_room_offline(&mut self) {
        if self.speed != Speed::Absent {
            self.worker.run_until_idle();
            self.audio.make_room_offline();
        }
    }
}
