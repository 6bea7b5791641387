//! The hands: they play on time and never wait.
//!
//! Rules, each held by a test; that nothing can panic is held by the lints at the head of the crate too:
//! - Nothing in here allocates, frees, locks, waits, does I/O, logs or can panic. Offline rendering alone may wait for
//!   the mind, through the one method of the link that says so, and not for ever.
//! - Every list has a bound and an answer to what happens when it is full. No note-off is ever what is dropped.
//! - Every note-on that leaves is followed by exactly one note-off (`ledger.rs`).
//! - Offsets lie inside the block and never go back.
//! - What is played follows from positions alone, never from where the host cuts its blocks.
//!
//! A block is walked from one moment to the next: what the host says, what ends, whose turn it becomes, when the mind
//! is asked, what begins, in this order where several fall on one frame. So a wish as of a position has heard everything
//! up to that position and nothing after it, and the player's note comes before Segue's.

pub mod clock;
pub mod host;
mod keys;
mod ledger;
mod schedule;
#[cfg(test)]
mod tests;
mod turns;
mod wishes;

use crate::link::{Nerve, Planned, ToMind};
use crate::vitals::Vitals;
use arrayvec::ArrayVec;
use clock::{Clock, Flow, Position, Span, float};
use host::{
    Audible, Block, ChannelMessage, FrameOffset, HostEvent, Key, KeyPattern, Message, Sent, Settings, Stage,
    StyleNumber, Transport, Who,
};
use keys::{HELD, Held, Keys};
use ledger::{Ledger, Struck};
use schedule::Schedule;
use segue_model::improviser::HeardKey;
use segue_model::note::{Ticks, Velocity};
use std::sync::Arc;
use turns::{Answer, Cue, Order, Turn};
use wishes::Wishes;

/// Without a song, the first note after this much silence is the first beat of a bar.
const SILENCE_SECONDS: f64 = 2.0;
/// Keys struck within this time are one chord.
const CHORD_SECONDS: f64 = 0.030;
/// Free places in the link that heard notes leave for what must not be lost: the ends of held notes come on top.
const RESERVE: usize = 16;
/// Moments in one block after which it is given up: more than any music has, so that a mind that talks nonsense cannot
/// keep the host for ever.
const MOMENTS: u32 = 1 << 16;
/// Free time is counted as if at this tempo, as it was learnt.
const FREE_BPM: f64 = 120.0;
/// MIDI controllers that mean something here.
const SUSTAIN: u8 = 64;
const ALL_SOUND_OFF: u8 = 120;
const RESET_CONTROLLERS: u8 = 121;
const ALL_NOTES_OFF: u8 = 123;
/// From here on a pedal is down.
const PEDAL_DOWN: f32 = 0.5;

/// The pure core of the plugin: from what a host says to what is played, block by block.
#[derive(Debug)]
pub struct Performer {
    vitals: Arc<Vitals>,
    sample_rate: f64,
    /// The first frame of the next block.
    position: Position,
    /// Beats: follows the host wherever it goes.
    clock: Clock,
    /// Seconds, for styles in free time.
    free_clock: Clock,
    in_free_time: bool,
    keys: Keys,
    turn: Turn,
    wishes: Wishes,
    schedule: Schedule,
    ledger: Ledger,
    unsaid: Unsaid,
    /// The next key's name.
    next_id: u32,
    /// No key is heard earlier than one that was heard before.
    last_onset: Ticks,
    /// Since when nothing has sounded; `None` while something does.
    quiet_since: Option<Position>,
    largest_block: u32,
    /// What the mind was told to play; nothing before the first block.
    style: Option<StyleNumber>,
    files: (u32, u32),
}

/// What the mind must be told and could not be, because the link was full.
#[derive(Debug, Default)]
struct Unsaid {
    style: Option<StyleNumber>,
    files: bool,
    blank: bool,
    take_back: Option<Ticks>,
    amends: ArrayVec<(u32, Ticks), HELD>,
}

/// One block while it is played.
struct Scene<'a, S, N> {
    block: &'a Block,
    span: Span,
    /// The position of the block's first frame.
    start: Position,
    /// How far it is played; offsets never go back.
    cursor: u32,
    stage: &'a mut S,
    nerve: &'a mut N,
}

impl<S, N> Scene<'_, S, N> {
    fn at(&self) -> FrameOffset {
        FrameOffset(self.cursor)
    }

    fn cursor(&self) -> i64 {
        i64::from(self.cursor)
    }

    fn position(&self) -> Position {
        self.start.plus(self.cursor())
    }

    /// Offline, words are not lost because the mind is behind.
    fn make_room_offline(&mut self)
    where
        N: Nerve,
    {
        if self.block.offline && self.nerve.room() <= HELD + RESERVE {
            self.nerve.make_room_offline();
        }
    }

    /// A moment of the present block; `None` when it lies behind it. What is overdue is due now.
    fn within(&self, offset: i64) -> Option<u32> {
        let offset = u32::try_from(offset.max(self.cursor())).ok()?;
        (offset < self.block.frames).then_some(offset)
    }
}

/// What happens next, in the order in which things happen on one frame.
#[derive(Debug, Clone, Copy)]
enum Moment {
    Off(f64),
    Event,
    Turn(Cue),
    Ask(i64),
    On,
}

impl Performer {
    /// A performer that has heard nothing.
    pub fn new(sample_rate: f64, vitals: Arc<Vitals>) -> Self {
        Self {
            vitals,
            sample_rate,
            position: Position(0),
            clock: Clock::new(sample_rate),
            free_clock: Clock::new(sample_rate),
            in_free_time: false,
            keys: Keys::default(),
            turn: Turn::default(),
            wishes: Wishes::default(),
            schedule: Schedule::default(),
            ledger: Ledger::default(),
            unsaid: Unsaid::default(),
            next_id: 0,
            last_onset: Ticks(i64::MIN),
            quiet_since: Some(LONG_AGO),
            largest_block: 0,
            style: None,
            files: (0, 0),
        }
    }

    /// Prepares for blocks of a sample rate: everything that sounded is over, what was heard stays in mind.
    pub fn activate(&mut self, sample_rate: f64) {
        self.reset();
        self.sample_rate = sample_rate;
        self.clock.restart_frames(sample_rate);
        self.free_clock.restart_frames(sample_rate);
        self.position = Position(0);
        self.quiet_since = Some(LONG_AGO);
        self.wishes.forget_positions();
        self.largest_block = 0;
    }

    /// Lets go of everything that sounds and drops the plan. There is no host to tell now; note-offs follow with the
    /// next block.
    pub fn reset(&mut self) {
        let now = self.time().next_tick();
        self.withdraw_from(now);
        self.schedule.clear();
        self.ledger.all_overdue();
        while let Some(held) = self.keys.drop_one() {
            self.unsaid.amend(held.id, now - held.onset);
        }
        self.turn = Turn::Listening;
        self.quiet_since.get_or_insert(self.position);
    }

    /// A new performance with a blank mind, as every offline rendering is: nothing of the one before has any influence.
    pub fn start_afresh(&mut self) {
        self.reset();
        self.clock = Clock::new(self.sample_rate);
        self.free_clock = Clock::new(self.sample_rate);
        self.position = Position(0);
        self.quiet_since = Some(LONG_AGO);
        self.wishes.forget_positions();
        self.wishes.restart_turns();
        self.next_id = 0;
        self.last_onset = Ticks(i64::MIN);
        self.largest_block = 0;
        let Unsaid { style, files, .. } = self.unsaid;
        self.unsaid = Unsaid { style, files, blank: true, ..Unsaid::default() };
    }

    /// Plays one block.
    pub fn perform(&mut self, block: &Block, stage: &mut impl Stage, nerve: &mut impl Nerve) {
        let start = self.position;
        let settings = &block.settings;
        let into = block.into_host_block;
        let (mut span, flow) = self.clock.enter(&block.transport, into, start, block.frames, settings.tempo_bpm);
        let (free_span, _) = self.free_clock.enter(&free(&block.transport), into, start, block.frames, FREE_BPM);
        if settings.free_time {
            span = free_span;
        }
        self.largest_block = self.largest_block.max(block.frames);
        self.wishes.note_knobs(start, block.settings.knobs);
        let mut scene = Scene { block, span, start, cursor: 0, stage, nerve };

        self.ledger.pay_overdue(scene.stage, scene.at());
        let changed = self.change_style(settings);
        if std::mem::replace(&mut self.in_free_time, settings.free_time) != settings.free_time {
            // Ticks of beats say nothing about ticks of seconds.
            self.last_onset = Ticks(i64::MIN);
        }
        if changed || flow == Flow::Broken {
            self.cue(&mut scene, Cue::Broken { keys_down: self.keys.any_down() });
        }
        self.say_unsaid(&mut scene);
        while let Some(reply) = scene.nerve.reply() {
            self.take(&mut scene, reply);
        }
        self.walk(&mut scene);
        self.position = start.plus(i64::from(block.frames));
    }

    /// The clock that the style of now keeps to.
    fn time(&self) -> &Clock {
        if self.in_free_time { &self.free_clock } else { &self.clock }
    }

    /// True when another style plays from now on, so that nothing planned holds.
    fn change_style(&mut self, settings: &Settings) -> bool {
        if settings.files != self.files {
            self.files = settings.files;
            self.unsaid.files = true;
        }
        let before = self.style.replace(settings.style);
        if before != Some(settings.style) {
            self.unsaid.style = Some(settings.style);
        }
        before.is_some_and(|before| before != settings.style)
    }

    fn walk(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>) {
        let mut event = scene.stage.next_event();
        for _ in 0..MOMENTS {
            let Some((at, moment)) = self.next_moment(scene, event.map(|(at, _)| at)) else { return };
            scene.cursor = at;
            match moment {
                Moment::Off(until) => self.end_due(scene, until),
                Moment::Event => {
                    if let Some((_, event)) = event {
                        self.hear(scene, event);
                    }
                    event = scene.stage.next_event();
                }
                Moment::Turn(cue) => self.cue(scene, cue),
                Moment::Ask(as_of) => self.ask(scene, as_of),
                Moment::On => self.begin_next(scene),
            }
        }
    }

    fn next_moment<S, N>(&self, scene: &Scene<'_, S, N>, event: Option<FrameOffset>) -> Option<(u32, Moment)> {
        let span = &scene.span;
        let lag = self.turn_lag();
        // Events beyond the block cannot be; if a host sends them they belong to its last frame.
        let event = event.map(|at| (i64::from(at.0.min(scene.block.frames.saturating_sub(1))), Moment::Event));
        let off = self.schedule.next_off().map(|until| (span.offset_of(until), Moment::Off(until)));
        let turn =
            self.turn.next_change().map(|(tick, lag, cue)| (span.offset_of(float(tick) + lag), Moment::Turn(cue)));
        let ask = self.wishes.due(span, scene.start, self.look_ahead(scene)).map(|as_of| (as_of, Moment::Ask(as_of)));
        let on = self.schedule.next_on().map(|onset| (span.offset_of(float(onset) + lag), Moment::On));
        // The earliest; of several on one frame the first in this list, because `min_by_key` keeps the first.
        [off, event, turn, ask, on]
            .into_iter()
            .flatten()
            .filter_map(|(offset, moment)| Some((scene.within(offset)?, moment)))
            .min_by_key(|(at, _)| *at)
    }

    fn turn_lag(&self) -> f64 {
        match self.turn {
            Turn::Waiting(answer) | Turn::Answering(answer) => answer.lag,
            Turn::Listening | Turn::Hearing | Turn::Resting => 0.0,
        }
    }

    /// How long before a note could sound it is decided, in frames. Live, a reply comes with the next block at best.
    fn look_ahead<S, N>(&self, scene: &Scene<'_, S, N>) -> i64 {
        let wanted = self.frames_in_ms(scene.block.settings.look_ahead_ms);
        if scene.block.offline { wanted } else { wanted.max(i64::from(self.largest_block)) }
    }

    // What the player does.

    fn hear(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>, event: HostEvent) {
        match event {
            HostEvent::Press { key, velocity } => self.press(scene, key, velocity),
            HostEvent::Release { keys, .. } => self.lift(scene, keys),
            HostEvent::Control(message) => self.control(scene, message),
        }
    }

    fn press(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>, key: Key, velocity: f32) {
        // The same key struck again without a release: some keyboards and hosts do that.
        self.lift_all(scene, key.into());
        while let Some(held) = self.keys.damp(key) {
            self.over(scene, &held);
        }
        self.cue(scene, Cue::KeyDown);
        self.begin_bar_after_silence(scene);
        let onset = scene.span.nearest_tick(scene.cursor()).max(self.last_onset);
        let id = self.tell_heard(scene, key, velocity, onset);
        scene.stage.sound(scene.at(), Audible::Strike { who: Who::Player, pitch: key.pitch, velocity });
        let token = if scene.block.settings.thru { self.pass_on(scene, key, velocity) } else { None };
        if !self.keys.press(key, onset, id, token) {
            // Nobody will follow this note to its end, so it ends here.
            scene.stage.sound(scene.at(), Audible::Damp { who: Who::Player, pitch: key.pitch });
            if let Some(token) = token {
                self.ledger.end(scene.stage, scene.at(), token);
            }
        }
        self.quiet_since = None;
    }

    fn pass_on(
        &mut self,
        scene: &mut Scene<'_, impl Stage, impl Nerve>,
        key: Key,
        velocity: f32,
    ) -> Option<ledger::Token> {
        match self.ledger.strike(scene.stage, scene.at(), key, velocity) {
            Struck::Sounds(token) => Some(token),
            Struck::NobodyListens => None,
            Struck::Refused => {
                self.vitals.refused.add_one();
                None
            }
        }
    }

    fn lift(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>, keys: KeyPattern) {
        let held_before = self.keys.any_down();
        self.lift_all(scene, keys);
        if held_before && !self.keys.any_down() {
            let answer = self.answer_from(scene);
            self.cue(scene, Cue::LastKeyUp(answer));
        }
    }

    fn lift_all(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>, keys: KeyPattern) {
        while let Some((held, over)) = self.keys.lift(keys) {
            if let Some(token) = held.token {
                self.ledger.end(scene.stage, scene.at(), token);
            }
            scene.stage.sound(scene.at(), Audible::Damp { who: Who::Player, pitch: held.key.pitch });
            if over {
                self.over(scene, &held);
            }
        }
        self.note_silence(scene);
    }

    /// A heard note has come to its end: the mind learns its length.
    fn over(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>, held: &Held) {
        self.unsaid.amend(held.id, scene.span.nearest_tick(scene.cursor()) - held.onset);
        self.say_unsaid(scene);
    }

    fn control(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>, message: ChannelMessage) {
        if let ChannelMessage::Controller { channel, number, value } = message {
            let all_keys = KeyPattern { voice: None, channel: Some(channel), pitch: None };
            match number {
                SUSTAIN => self.move_pedal(scene, channel, value >= PEDAL_DOWN),
                RESET_CONTROLLERS => self.move_pedal(scene, channel, false),
                ALL_NOTES_OFF => self.lift(scene, all_keys),
                ALL_SOUND_OFF => {
                    self.move_pedal(scene, channel, false);
                    self.lift(scene, all_keys);
                }
                _ => {}
            }
        }
        if scene.block.settings.thru && scene.stage.send(scene.at(), Message::Control(message)) == Sent::Refused {
            self.vitals.refused.add_one();
        }
    }

    fn move_pedal(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>, channel: u8, down: bool) {
        self.keys.set_pedal(channel, down);
        while let Some(held) = self.keys.let_go() {
            self.over(scene, &held);
        }
        scene.stage.sound(scene.at(), Audible::Pedal { down: self.keys.any_pedal() });
    }

    // Whose turn it is.

    /// The answer that follows when the last key goes up now.
    fn answer_from<S, N>(&self, scene: &Scene<'_, S, N>) -> Answer {
        let settings = &scene.block.settings;
        let over = scene.cursor() + self.frames_in_ms(settings.response_gap_ms);
        let bars = self.time().bars();
        let grid = if settings.free_time { host::StartGrid::Free } else { settings.start_grid };
        let (start, lag) = match grid {
            host::StartGrid::Free => {
                let start = scene.span.nearest_tick(over);
                (start, scene.span.moment_of(over) - float(start))
            }
            grid => (grid.at_or_after(scene.span.first_tick_from(over, 0.0), bars), 0.0),
        };
        // Turns last bars of the host in free time too, although ticks are no part of them then.
        let stretched = if settings.free_time { FREE_BPM / host_bpm(scene.block) } else { 1.0 };
        let end = start + scaled(bars.metre.bar(), stretched * f64::from(settings.answer_bars));
        Answer { start, end, lag }
    }

    fn cue(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>, cue: Cue) {
        let lag = self.turn_lag();
        let (turn, order) = self.turn.after(cue);
        self.turn = turn;
        match order {
            Some(Order::Prepare(answer)) => self.wishes.begin(answer, scene.position()),
            Some(Order::Yield) => {
                self.withdraw_from(scene.span.first_tick_from(scene.cursor(), lag));
                self.schedule.end_all(scene.at(), scene.stage, &mut self.ledger);
                self.note_silence(scene);
                self.say_unsaid(scene);
            }
            None if cue == Cue::Start => self.wishes.count_turn(),
            Some(Order::Close) => {
                self.withdraw_from(scene.span.first_tick_from(scene.cursor(), lag));
                self.note_silence(scene);
                self.say_unsaid(scene);
            }
            None => {}
        }
    }

    /// Drops the plan: what has not sounded before `from` is taken back from the mind too.
    fn withdraw_from(&mut self, from: Ticks) {
        let planned = self.schedule.next_on();
        self.schedule.withdraw();
        if let Some(unknown) = self.wishes.drop_thought() {
            self.unsaid.take_back(planned.map_or(from, |planned| planned.min(from)).min(unknown));
        }
    }

    /// Without a song, a player who begins after a silence begins a bar.
    fn begin_bar_after_silence<S, N>(&mut self, scene: &mut Scene<'_, S, N>) {
        let Some(since) = self.quiet_since else { return };
        #[allow(clippy::cast_precision_loss, reason = "only compared with two seconds")]
        let silent = scene.position().0.saturating_sub(since.0) as f64 >= SILENCE_SECONDS * self.sample_rate;
        if silent && !self.time().follows_host() {
            let (offset, position) = (scene.cursor(), scene.position());
            let clock = if self.in_free_time { &mut self.free_clock } else { &mut self.clock };
            scene.span = clock.begin_bar(scene.span, offset, position, scene.block.frames);
        }
    }

    fn note_silence<S, N>(&mut self, scene: &Scene<'_, S, N>) {
        if !self.keys.any_down() && !self.schedule.is_sounding() && !self.turn.is_segues() {
            self.quiet_since.get_or_insert(scene.position());
        } else {
            self.quiet_since = None;
        }
    }

    // What Segue does.

    fn ask(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>, as_of: i64) {
        // With blocks longer than the look-ahead one reply must bring all the notes of a block.
        let wanted = self.frames_in_ms(scene.block.settings.look_ahead_ms);
        let long = !scene.block.offline && i64::from(self.largest_block) > wanted;
        let beyond = if long { scene.span.ticks_in_frames(f64::from(self.largest_block)) } else { Ticks::ZERO };
        let Some(wish) = self.wishes.make(scene.start.plus(as_of), beyond, self.time().bars(), self.time().form())
        else {
            return;
        };
        self.say_unsaid(scene);
        scene.make_room_offline();
        // Also when there is no room: it would only be later and later. The turn is lost, and said so.
        self.wishes.asked();
        if !scene.nerve.tell(ToMind::Wish(wish)) {
            self.vitals.dropped.add_one();
            let _ = self.wishes.take(Planned::Failed { generation: wish.generation });
            return;
        }
        while scene.block.offline && self.wishes.is_asked() {
            let Some(reply) = scene.nerve.wait_offline() else {
                self.vitals.time_outs.add_one();
                return;
            };
            self.take(scene, reply);
        }
    }

    fn take<S: Stage, N: Nerve>(&mut self, scene: &mut Scene<'_, S, N>, reply: Planned) {
        if let Planned::Until { think_ns, .. } = reply {
            self.vitals.think_ns.store(think_ns, std::sync::atomic::Ordering::Relaxed);
        }
        let Some(note) = self.wishes.take(reply) else { return };
        let late = scene.cursor() - scene.span.offset_of(float(note.onset) + self.turn_lag());
        if late > 0 {
            self.vitals.late.add_one();
        }
        // What would be over already would only click.
        let over = scene.span.offset_of(float(note.onset + note.duration) + self.turn_lag()) <= scene.cursor();
        if over || late > self.look_ahead(scene) || !self.schedule.plan(note) {
            self.vitals.dropped.add_one();
        }
    }

    fn begin_next(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>) {
        let (Turn::Waiting(answer) | Turn::Answering(answer)) = self.turn else {
            // Nothing is planned outside Segue's turn; if it were, it would not be played.
            self.schedule.withdraw();
            return;
        };
        let channel = scene.block.settings.channel;
        if !self.schedule.begin_next(answer, channel, scene.at(), scene.stage, &mut self.ledger) {
            self.vitals.refused.add_one();
        }
        self.quiet_since = None;
    }

    fn end_due(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>, until: f64) {
        self.schedule.end_due(until, scene.at(), scene.stage, &mut self.ledger);
        self.note_silence(scene);
    }

    fn frames_in_ms(&self, milliseconds: f32) -> i64 {
        #[allow(clippy::cast_possible_truncation, reason = "a few seconds; `as` saturates")]
        let frames = (f64::from(milliseconds) * self.sample_rate / 1000.0).round() as i64;
        frames.max(0)
    }

    // What the mind is told.

    fn tell_heard(
        &mut self,
        scene: &mut Scene<'_, impl Stage, impl Nerve>,
        key: Key,
        velocity: f32,
        onset: Ticks,
    ) -> Option<u32> {
        self.say_unsaid(scene);
        scene.make_room_offline();
        let id = self.next_id;
        let heard = HeardKey {
            id,
            onset,
            pitch: key.pitch,
            velocity: Velocity::nearest(velocity * 127.0),
            bars: Some(self.time().bars()),
            together: scene.span.ticks_in_frames(CHORD_SECONDS * self.sample_rate),
            form: self.time().form(),
            memory: scene.block.settings.knobs.memory,
        };
        // A heard note leaves room for its end, and never overtakes what should have been said before it.
        let room = scene.nerve.room() > self.keys.count() + RESERVE && self.unsaid.is_empty();
        if !room || !scene.nerve.tell(ToMind::Heard(heard)) {
            self.vitals.unheard.add_one();
            return None;
        }
        self.next_id = self.next_id.wrapping_add(1);
        self.last_onset = onset;
        Some(id)
    }

    /// Tells the mind what it must know, in order, as far as there is room.
    fn say_unsaid<S, N: Nerve>(&mut self, scene: &mut Scene<'_, S, N>) {
        let unsaid = &mut self.unsaid;
        if unsaid.blank {
            unsaid.blank = !scene.nerve.tell(ToMind::Blank);
        }
        if let Some(from) = unsaid.take_back.filter(|_| !unsaid.blank)
            && scene.nerve.tell(ToMind::TakeBack { from })
        {
            unsaid.take_back = None;
        }
        if let Some(style) = unsaid.style.filter(|_| unsaid.take_back.is_none() && !unsaid.blank)
            && scene.nerve.tell(ToMind::Style(style))
        {
            unsaid.style = None;
        }
        if unsaid.files && scene.nerve.tell(ToMind::Files) {
            unsaid.files = false;
        }
        while let Some(&(id, duration)) = unsaid.amends.first() {
            if unsaid.must_come_first() || !scene.nerve.tell(ToMind::Amend { id, duration }) {
                return;
            }
            unsaid.amends.pop_at(0);
        }
    }
}

impl Unsaid {
    fn is_empty(&self) -> bool {
        !self.must_come_first() && self.amends.is_empty()
    }

    fn must_come_first(&self) -> bool {
        self.blank || self.take_back.is_some() || self.style.is_some() || self.files
    }

    fn take_back(&mut self, from: Ticks) {
        self.take_back = Some(self.take_back.map_or(from, |before| before.min(from)));
    }

    /// The list has room for every key that can be held, and heard notes are refused while anything is in it; beyond
    /// that the mind keeps the length that it expected.
    fn amend(&mut self, id: Option<u32>, duration: Ticks) {
        if let Some(id) = id {
            let _ = self.amends.try_push((id, duration.max(Ticks(1))));
        }
    }
}

/// The transport in free time: only the metre counts, for the length of turns.
fn free(transport: &Transport) -> Transport {
    Transport { metre: transport.metre, ..Transport::default() }
}

/// The tempo that the host or the setting says, whatever the style makes of it.
fn host_bpm(block: &Block) -> f64 {
    let said = block.transport.tempo_bpm.filter(|tempo| *tempo >= 1.0);
    said.unwrap_or(block.settings.tempo_bpm).max(1.0)
}

fn scaled(ticks: Ticks, by: f64) -> Ticks {
    #[allow(clippy::cast_possible_truncation, reason = "`as` saturates, and no turn is that long")]
    Ticks((float(ticks) * by).round() as i64)
}

/// Before every activation: whoever plays first begins a bar.
const LONG_AGO: Position = Position(i64::MIN / 2);
