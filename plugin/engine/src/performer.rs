//! Walks one block of the host from one step to the next. Owns the parts of the engine and decides nothing itself: each part
//! is told what happens and says what follows.

mod hear;

use crate::accompaniment::Accompaniment;
use crate::accompaniment::comping::Due;
use crate::block::BlockContext;
use crate::host::{Block, FrameOffset, HostEvent, HostIo, Settings, StyleNumber};
use crate::input::Player;
use crate::input::chord_detector::source;
use crate::link::WorkerPort;
use crate::output::Output;
use crate::plan::Planner;
use crate::snapshot::{Chords, Snapshot};
use crate::stats::Stats;
use crate::time::clock::Flow;
use crate::time::now::Now;
use crate::time::tick_map::FramePosition;
use crate::time::{Entered, Time};
use crate::turns::{Situation, TurnArbiter, TurnInput};
use segue_model::harmony::HarmonySource;
use segue_model::note::Ticks;
use std::sync::Arc;

/// Steps in one block after which it is given up: more than any music has, so that a worker that talks nonsense cannot
/// keep the host for ever.
const STEPS: u32 = 1 << 16;
/// Without a song, the first note after this much silence is the first beat of a bar.
const SILENCE_MS: f32 = 2_000.0;
/// Later than anything.
const LATEST: Ticks = Ticks(i64::MAX);
/// Before every activation: whoever plays first begins a bar.
const LONG_AGO: FramePosition = FramePosition(i64::MIN / 2);

/// From what a host says to what is played, block by block.
#[derive(Debug)]
pub struct Performer {
    stats: Arc<Stats>,
    time: Time,
    player: Player,
    arbiter: TurnArbiter,
    planner: Planner,
    output: Output,
    accompaniment: Accompaniment,
    selection: Selection,
    /// The momentary switches in the block before; nothing before the first.
    buttons: Option<Buttons>,
    /// Since when nothing has sounded; `None` while something does.
    quiet_since: Option<FramePosition>,
}

/// What the worker was told to play with.
#[derive(Debug, Clone, Copy, Default)]
struct Selection {
    /// Nothing before the first block.
    style: Option<StyleNumber>,
    files: (u32, u32),
    chords_from: HarmonySource,
}

/// Which momentary switches are on.
#[derive(Debug, Clone, Copy)]
struct Buttons {
    your_turn: bool,
    tap: bool,
    forget: bool,
}

/// What happens next. Of several steps on one frame, the one that is declared first comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    /// A note of Segue's ends.
    NoteOff,
    /// The comping's chord ends.
    CompingOff,
    /// The host says something.
    HostEvent,
    /// The comping looks a chord up or strikes it. After what the host says: that may be that everything is to be silent.
    CompingOn,
    /// The song has passed the end of its loop.
    LoopPassed,
    /// The player's fingers have come to rest on a chord.
    ChordRests,
    /// Segue's part begins or ends.
    Turn,
    /// A part of Segue's is to be dealt.
    Deal,
    /// The next pass of the loop is to be foreseen.
    LoopAhead,
    /// The worker is asked. It has heard everything up to this frame, and nothing after it.
    Request,
    /// A note of Segue's begins: after the player's on the same frame.
    NoteOn,
    /// Nobody has played for a while.
    Silence,
    /// The click.
    Metronome,
}

impl Performer {
    /// A performer that has heard nothing.
    pub fn new(sample_rate: f64, stats: Arc<Stats>) -> Self {
        Self {
            stats,
            time: Time::new(sample_rate),
            player: Player::default(),
            arbiter: TurnArbiter::default(),
            planner: Planner::default(),
            output: Output::default(),
            accompaniment: Accompaniment::default(),
            selection: Selection::default(),
            buttons: None,
            quiet_since: Some(LONG_AGO),
        }
    }

    /// Prepares for blocks of a sample rate: everything that sounded is over, what was heard stays in memory.
    pub fn activate(&mut self, sample_rate: f64) {
        self.reset();
        self.time.activate(sample_rate);
        self.planner.forget_positions();
        self.output.forget_positions();
        self.quiet_since = Some(LONG_AGO);
    }

    /// Lets go of everything that sounds and drops the plan. There is no host to tell now; note-offs follow with the
    /// next block.
    pub fn reset(&mut self) {
        let now = self.time.of_style().next_tick();
        self.planner.stop(now);
        self.output.stop();
        self.accompaniment.stop();
        self.player.stop();
        while let Some(held) = self.player.drop_one() {
            self.planner.amend(&held, now - held.onset);
        }
        self.arbiter.reset();
        self.quiet_since.get_or_insert(self.time.position());
    }

    /// A new performance with a blank memory, as every offline rendering is: nothing of the one before has any influence.
    pub fn start_afresh(&mut self) {
        self.reset();
        self.time.start_afresh();
        self.planner.start_afresh();
        self.output.forget_positions();
        self.player.start_afresh();
        self.buttons = None;
        self.quiet_since = Some(LONG_AGO);
    }

    /// What it is that notes are played to; a chord that was heard, since which moment of the beats.
    pub fn chords(&self) -> (Chords, Option<f64>) {
        let Selection { style, files: (version, _), chords_from } = self.selection;
        match chords_from {
            HarmonySource::Chart => (Chords::Chart { version, style: style.unwrap_or_default() }, None),
            HarmonySource::Hands => {
                let (chord, since) = self.player.chord().unzip();
                (Chords::Heard(chord), since)
            }
            HarmonySource::Nowhere => (Chords::Off, None),
        }
    }

    /// What can be seen from outside; what is planned only when somebody wants to see it.
    pub fn snapshot(&self, shows_plans: bool) -> Snapshot {
        Snapshot::of(&self.time, &self.arbiter, &self.planner, shows_plans)
    }

    /// Plays one block.
    pub fn perform(&mut self, block: &Block, host: &mut impl HostIo, port: &mut impl WorkerPort) {
        let settings = &block.settings;
        let pressed = self.pressed(settings);
        let start = self.time.position();
        let Entered { maps, flow, swing_changed } = self.time.enter(block, pressed.tap);
        if swing_changed {
            self.planner.skip_to(maps.style.first_tick_from(0, self.arbiter.lag()));
        }
        self.planner.note_sampling(start, settings.sampling);
        let (sample_rate, look_ahead) = (self.time.sample_rate(), self.time.look_ahead(block));
        let now = Now { block, maps, start, sample_rate, look_ahead, frame: 0 };
        let mut ctx = BlockContext { now, host, port };
        self.output.begin_block(&ctx.now, ctx.host);
        self.enter_turns(&mut ctx, flow);
        if pressed.forget {
            self.player.forget_chord();
            self.planner.forget_memory();
        }
        if pressed.your_turn {
            self.take_turn(&mut ctx, TurnInput::YourTurn);
        }
        self.planner.send(&mut ctx);
        self.accompaniment.enter(&ctx.now, ctx.host, &mut self.output, &self.time, flow);
        self.planner.receive(&mut ctx, &self.arbiter, &self.time, &self.stats);
        self.accompaniment.take_charts(ctx.port, self.planner.changes_chart());
        self.walk(&mut ctx);
        self.time.leave(block);
    }

    /// What has been counted.
    #[cfg(test)]
    pub fn stats(&self) -> &Arc<Stats> {
        &self.stats
    }

    /// The first frame of the next block.
    #[cfg(test)]
    pub fn position(&self) -> FramePosition {
        self.time.position()
    }

    /// Which momentary switches the musician, or automation, turns on at the start of this block.
    fn pressed(&mut self, settings: &Settings) -> Buttons {
        let &Settings { your_turn, tap, forget, .. } = settings;
        let now = Buttons { your_turn, tap, forget };
        // What is on at first has been on before.
        let before = self.buttons.replace(now).unwrap_or(now);
        Buttons { your_turn: your_turn && !before.your_turn, tap: tap && !before.tap, forget: forget && !before.forget }
    }

    /// At the start of a block: what the host or the musician has changed.
    fn enter_turns(&mut self, ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>, flow: Flow) {
        let settings = ctx.now.settings();
        let other_style = self.select(settings);
        let other_time = self.time.set_free_time(settings.free_time);
        if other_time {
            self.player.forget_ticks();
        }
        let other_rules = self.arbiter.enter(settings);
        if other_rules || flow == Flow::Discontinuity {
            let is_changed = other_rules || other_style || other_time;
            self.take_turn(ctx, TurnInput::Discontinuity { is_changed });
            return;
        }
        if self.arbiter.is_loop_another(&ctx.now, &self.time) {
            self.take_turn(ctx, TurnInput::LoopPassed);
        }
        if other_time {
            let maps = &ctx.now.maps;
            let before = if settings.free_time { maps.beats } else { maps.seconds };
            let from = self.arbiter.part().map(|part| before.first_tick_from(ctx.now.offset(), part.lag));
            self.planner.leave_time(from, &ctx.now, ctx.host, &mut self.output);
            self.take_turn(ctx, TurnInput::OtherTime(before));
        } else if other_style {
            self.take_turn(ctx, TurnInput::OtherStyle);
        }
        self.take_turn(ctx, TurnInput::BarsMoved);
    }

    /// Tells the worker what to play with. True when another style plays from now on.
    fn select(&mut self, settings: &Settings) -> bool {
        let chords_from = source(settings);
        let now = Selection { style: Some(settings.style), files: settings.files, chords_from };
        let before = std::mem::replace(&mut self.selection, now);
        if before.files != now.files {
            self.planner.read_files();
        }
        if before.chords_from != chords_from {
            self.planner.set_chord_source(chords_from);
        }
        if before.style != now.style {
            self.planner.set_style(settings.style);
        }
        before.style.is_some_and(|before| before != settings.style)
    }

    /// Tells the arbiter what happens, and the planner what follows.
    fn take_turn(&mut self, ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>, input: TurnInput) {
        let at = Situation {
            now: &ctx.now,
            time: &self.time,
            keys_play: self.player.held().any_playing(),
            keys_down: self.player.held().any_down(),
        };
        if let Some(decision) = self.arbiter.on(input, &at) {
            let room = |cut| self.player.room_after(cut);
            self.planner.follow(decision, ctx, &mut self.output, &self.time, room);
            self.note_silence(&ctx.now);
            self.planner.send(ctx);
        }
    }

    fn walk(&mut self, ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>) {
        let mut event = ctx.host.next_event();
        for _ in 0..STEPS {
            let Some((frame, step)) = self.next_step(&ctx.now, event.map(|(at, _)| at)) else { return };
            ctx.now.frame = frame;
            self.take_step(ctx, step, event.map(|(_, event)| event));
            if step == Step::HostEvent {
                event = ctx.host.next_event();
            }
        }
    }

    fn take_step(
        &mut self,
        ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>,
        step: Step,
        event: Option<HostEvent>,
    ) {
        match step {
            Step::NoteOff => {
                self.planner.end_due(&ctx.now, ctx.host, &mut self.output);
                self.note_silence(&ctx.now);
            }
            Step::CompingOff | Step::CompingOn => {
                self.planner.send(ctx);
                self.accompaniment.comp(ctx, &mut self.output, &self.time, &self.stats);
            }
            Step::HostEvent => {
                if let Some(event) = event {
                    self.hear(ctx, event);
                }
            }
            Step::LoopPassed => self.take_turn(ctx, TurnInput::LoopPassed),
            Step::ChordRests => self.hear_chord(ctx),
            Step::Turn => self.take_turn(ctx, TurnInput::TurnDue),
            Step::Deal => self.take_turn(ctx, TurnInput::DealDue),
            Step::LoopAhead => self.take_turn(ctx, TurnInput::LoopDue),
            Step::Request => self.planner.ask(ctx, &self.arbiter, &self.time, &self.stats),
            Step::NoteOn => {
                let keys = self.player.held();
                self.planner.begin_next(ctx, self.arbiter.turn(), keys, &mut self.output, &self.stats);
                self.note_silence(&ctx.now);
            }
            Step::Silence => self.accompaniment.fall_silent(&ctx.now, ctx.host, &mut self.output),
            Step::Metronome => self.accompaniment.click(&ctx.now, ctx.host, &self.time),
        }
    }

    /// The next step of this block, and its frame.
    fn next_step(&self, now: &Now<'_>, event: Option<FrameOffset>) -> Option<(u32, Step)> {
        let (style, lag) = (&now.maps.style, self.arbiter.lag());
        // Events beyond the block cannot be; if a host sends them they belong to its last frame.
        let event = event.map(|at| i64::from(at.0.min(now.block.frames.saturating_sub(1))));
        // What begins with the next pass of the loop begins when the song is there.
        let pass = self.arbiter.next_pass().map_or(LATEST, |pass| pass.first);
        let turn = self.arbiter.turn().next_change().filter(|(tick, ..)| *tick < pass);
        let note_on = self.planner.next_on().filter(|onset| *onset < pass);
        let comping = self.accompaniment.due(now, &self.time).map(|(at, due)| {
            let step = if due == Due::Off { Step::CompingOff } else { Step::CompingOn };
            (at, step)
        });
        let deal = self.arbiter.is_deal_due(now.settings().mode, &self.time).then(|| now.offset());
        let silence = self.silence_at().filter(|_| self.accompaniment.depends_on_player(&self.time));
        let steps = [
            (self.planner.next_off().map(|until| style.offset_of(until)), Step::NoteOff),
            (event, Step::HostEvent),
            (self.arbiter.loop_passes(now), Step::LoopPassed),
            (self.player.chord_rests_at(now).map(|rests| now.offset_of(rests)), Step::ChordRests),
            (turn.map(|(tick, lag, _)| style.offset_of(tick.as_f64() + lag)), Step::Turn),
            (deal, Step::Deal),
            (self.arbiter.loop_due(now, &self.time), Step::LoopAhead),
            (self.planner.request_due(now), Step::Request),
            (note_on.map(|onset| style.offset_of(onset.as_f64() + lag)), Step::NoteOn),
            (silence.map(|at| now.offset_of(at)), Step::Silence),
            (self.accompaniment.click_due(now, &self.time).map(|(at, _)| at), Step::Metronome),
        ];
        let steps = steps.into_iter().filter_map(|(at, step)| Some((at?, step))).chain(comping);
        steps.filter_map(|(at, step)| Some((now.within(at)?, step))).min()
    }

    /// Notes whether anything sounds, or is about to.
    fn note_silence(&mut self, now: &Now<'_>) {
        let is_quiet = !self.player.held().any_down() && !self.planner.is_sounding() && self.arbiter.part().is_none();
        if is_quiet {
            self.quiet_since.get_or_insert(now.position());
        } else {
            self.quiet_since = None;
        }
    }

    /// From when on nobody has played for a while; `None` while anything sounds.
    fn silence_at(&self) -> Option<FramePosition> {
        Some(self.quiet_since?.plus(crate::time::now::frames_in_ms(SILENCE_MS, self.time.sample_rate())))
    }
}
