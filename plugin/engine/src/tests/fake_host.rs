//! A fake host: it plays a list of events and records what comes back.

use super::*;

/// A change of the settings.
pub type Turned = fn(&mut Settings);

/// A host that plays a list of events in order of time.
pub struct FakeHost {
    pub events: Vec<(i64, HostEvent)>,
    /// Song positions: from this frame on the song is at this beat, or it stands.
    pub song: Vec<(i64, Option<f64>)>,
    /// By how many quarter notes the reported position is off, by frame.
    pub beside: fn(i64) -> f64,
    /// The position that it reports while the song stands.
    pub stands_at: Option<f64>,
    /// The loop that it reports.
    pub loop_beats: Option<(f64, f64)>,
    /// Quarter notes per minute, each from a frame on.
    pub tempos: Vec<(i64, f64)>,
    pub metres: Vec<(i64, Metre)>,
    pub temperatures: Vec<(i64, f32)>,
    /// It refuses one of every so many messages.
    pub refuses_each: Option<u32>,
    pub settings: Settings,
    pub offline: bool,
    pub speed: Speed,
    /// The performer is reset before the block that begins at this frame.
    pub reset_at: Option<i64>,
    /// Changes of the settings, each from a frame on.
    pub turns: Vec<(i64, Turned)>,
    /// The number of frames after which each message returns at the input; longer than any block.
    pub loops_back_after: Option<i64>,
    /// Whether the model plays one note at a time.
    pub single_line: bool,
    /// Whether the model panics on some notes.
    pub panics_often: bool,
}

/// What the engine sent and did.
#[derive(Default)]
pub struct Heard {
    pub messages: Vec<(i64, Message)>,
    pub sounds: Vec<(i64, SynthEvent)>,
    pub commands: Vec<Command>,
    pub stats: Arc<Stats>,
    /// The notes in the model's context at the end.
    pub in_memory: Vec<Note>,
    /// How often the model panicked.
    pub panics: u32,
    /// The recording that a capture is made from.
    pub pages: Option<Arc<EventLog>>,
}

pub struct FakeIo<'a> {
    pub start: i64,
    pub frames: u32,
    pub events: &'a [(i64, HostEvent)],
    pub refuses_each: Option<u32>,
    pub sent: &'a mut u32,
    pub heard: &'a mut Heard,
}

impl HostEvents for FakeIo<'_> {
    fn next_event(&mut self) -> Option<(FrameOffset, HostEvent)> {
        let (&(at, event), rest) = self.events.split_first()?;
        if at >= self.start + i64::from(self.frames) {
            return None;
        }
        self.events = rest;
        Some((FrameOffset(u32::try_from(at - self.start).unwrap()), event))
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

impl HostIo for FakeIo<'_> {
    fn play(&mut self, at: FrameOffset, what: SynthEvent) {
        assert!(at.0 < self.frames);
        self.heard.sounds.push((self.start + i64::from(at.0), what));
    }
}

pub fn settings() -> Settings {
    Settings::default()
}

pub fn key(pitch: u8) -> Key {
    Key { voice: None, channel: 0, pitch: Pitch::new(pitch).unwrap() }
}

pub fn press(pitch: u8) -> HostEvent {
    HostEvent::NoteOn { key: key(pitch), velocity: 0.7 }
}

pub fn lift(pitch: u8) -> HostEvent {
    HostEvent::NoteOff { keys: key(pitch).into(), velocity: 0.0 }
}

impl FakeHost {
    /// The song plays at 120 bpm; the player strikes four eighths, and the last key goes up at frame 46,000.
    pub fn with_phrase() -> Self {
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

    pub fn transport(&self, frame: i64) -> Transport {
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

    /// Plays up to a frame in blocks of these lengths, repeated and cut where the song or a parameter changes.
    pub fn play(&self, until: i64, lengths: &[u32]) -> Heard {
        self.play_at(&mut Performer::new(RATE, Arc::default()), &mut self.port(), until, lengths)
    }

    pub fn port(&self) -> FakePort {
        let make: MakeFake = if self.panics_often {
            |_, before| before.or_else(|| Some(FakeModel { panics_often: Some(9), ..FakeModel::default() }))
        } else if self.single_line {
            |_, before| before.or_else(|| Some(single_line()))
        } else {
            |_, before| before.or_else(|| Some(FakeModel::default()))
        };
        FakePort::of(self.speed, make)
    }

    pub fn play_at(&self, performer: &mut Performer, port: &mut FakePort, until: i64, lengths: &[u32]) -> Heard {
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
            let mut io = FakeIo { start: at, frames, events, refuses_each, sent: &mut sent, heard: &mut heard };
            port.next_block();
            performer.perform(&block, &mut RecordedIo::new(&mut io, &mut recorder), port);
            assert_eq!(performer.position(), FramePosition(at + i64::from(frames)));
            recorder.end_block(frames, RATE, &performer.snapshot(false), performer.chords(), None);
            at += i64::from(frames);
        }
        port.worker.run_until_idle();
        heard.in_memory =
            port.worker.model().map(|model| model.decided.iter().map(|(_, note)| *note).collect()).unwrap_or_default();
        heard.panics = port.stats.panics.get();
        heard.commands = std::mem::take(&mut port.commands);
        heard.pages = Some(recorder.pages());
        heard
    }
}

impl FakeHost {
    /// The player's events in a block, and those that return through a routing loop.
    pub fn events_between(&self, from: i64, until: i64, heard: &Heard) -> Vec<(i64, HostEvent)> {
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

/// A message as it returns: velocities have seven bits.
pub fn returning(message: Message) -> HostEvent {
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

/// The value that holds at a frame, and since when.
pub fn valid_at<T: Copy>(list: &[(i64, T)], frame: i64) -> (i64, T) {
    *list.iter().rev().find(|(from, _)| *from <= frame).unwrap()
}

pub fn froms<T>(list: &[(i64, T)]) -> impl Iterator<Item = i64> {
    list.iter().map(|(from, _)| *from)
}

impl Heard {
    pub fn ons(&self) -> Vec<i64> {
        let ons = self.messages.iter().filter(|(_, message)| matches!(message, Message::NoteOn { .. }));
        ons.map(|(at, _)| *at).collect()
    }

    /// Checks the rule of the active notes: one note-off for each note-on, in order of time, and no note left sounding
    /// at the end unless it began in the last beat.
    pub fn check_pairs(&self) -> Result<(), String> {
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
                    return Err(format!("{key:?} begins twice at {at}"));
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

    pub fn check_sounds(&self) -> Result<(), String> {
        let mut down = Vec::new();
        for &(at, what) in &self.sounds {
            match what {
                SynthEvent::NoteOn { source: who, channel, pitch, .. } => down.push((who, channel, pitch)),
                SynthEvent::NoteOff { source: who, channel, pitch } => {
                    match down.iter().position(|held| *held == (who, channel, pitch)) {
                        Some(index) => drop(down.remove(index)),
                        None => return Err(format!("{pitch:?} ends at {at} and never began")),
                    }
                }
                SynthEvent::Pedal { .. } | SynthEvent::AllSoundOff => {}
            }
        }
        if down.is_empty() { Ok(()) } else { Err(format!("{down:?} never end")) }
    }
}
