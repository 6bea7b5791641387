//! The performer: walks one block of the host step by step.
//!
//! Owns the parts of the engine and decides nothing itself: it passes each event to the part it concerns, and that
//! part's decision to the part that carries it out.

mod hear;

use crate::accompaniment::Accompaniment;
use crate::accompaniment::comping::CompingStep;
use crate::answers::AnswerShelf;
use crate::block::BlockContext;
use crate::host::{Block, Buttons, FrameOffset, HostEvent, HostIo, Settings, StyleNumber};
use crate::input::Player;
use crate::input::chord_detector::source;
use crate::link::WorkerPort;
use crate::output::Output;
use crate::plan::{Planner, Silence};
use crate::snapshot::{Chords, Snapshot};
use crate::stats::Stats;
use crate::time::clock::Flow;
use crate::time::now::Now;
use crate::time::tick_map::FramePosition;
use crate::time::{Entered, Time};
use crate::turns::{Situation, TurnArbiter, TurnInput};
use segue_model::chord::Chord;
use segue_model::harmony::HarmonySource;
use segue_model::note::Ticks;
use std::sync::Arc;

/// The most steps in one block: more than music can have. Without a bound, absurd replies could keep the host waiting
/// for ever.
const STEPS: u32 = 1 << 16;
/// Without a song, the first note after this much silence begins a bar.
const SILENCE_MS: f32 = 2_000.0;
/// Later than every tick.
const LATEST: Ticks = Ticks(i64::MAX);
/// Before every activation, so that the first note of all begins a bar.
const LONG_AGO: FramePosition = FramePosition(i64::MIN / 2);

/// The engine on the audio thread.
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
    /// The buttons in the block before; `None` before the first block.
    buttons: Option<Buttons>,
    /// Since when nothing has sounded; `None` while something sounds.
    quiet_since: Option<FramePosition>,
}

/// What the worker plays with.
#[derive(Debug, Clone, Copy, Default)]
struct Selection {
    /// `None` before the first block.
    style: Option<StyleNumber>,
    files: (u32, u32),
    chord_source: HarmonySource,
}

/// The kinds of step. Of several steps on one frame, the one declared first comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    /// A note of Segue ends.
    NoteOff,
    /// A chord of the comping ends.
    CompingOff,
    /// An event of the host.
    HostEvent,
    /// The comping looks up a chord or begins it. After the host's events, because one of them may silence everything.
    CompingOn,
    /// The song has passed the loop's end without wrapping.
    LoopPassed,
    /// The keys of a chord are complete.
    ChordComplete,
    /// Segue's part begins or ends.
    Turn,
    /// A part of Segue is to be allocated.
    Allocation,
    /// The next pass of the loop is to be planned.
    LoopAhead,
    /// A request to the worker: it has heard everything up to this frame, and nothing after it.
    Request,
    /// A note of Segue begins: after the player's notes on the same frame.
    NoteOn,
    /// Nobody has played for a while.
    Silence,
    /// A click of the metronome.
    Metronome,
}

impl Performer {
    /// An engine without memory, for this sample rate in frames per second.
    pub fn new(sample_rate: f64, stats: Arc<Stats>) -> Self {
        Self::with_answers(sample_rate, stats, Arc::default())
    }

    /// The same, with its answers on this shelf.
    pub fn with_answers(sample_rate: f64, stats: Arc<Stats>, shelf: Arc<AnswerShelf>) -> Self {
        Self {
            stats,
            time: Time::new(sample_rate),
            player: Player::default(),
            arbiter: TurnArbiter::default(),
            planner: Planner::with_answers(shelf),
            output: Output::default(),
            accompaniment: Accompaniment::default(),
            selection: Selection::default(),
            buttons: None,
            quiet_since: Some(LONG_AGO),
        }
    }

    /// Prepares for blocks at a sample rate. Sounding notes end; the memory stays.
    pub fn activate(&mut self, sample_rate: f64) {
        self.reset();
        self.time.activate(sample_rate);
        self.planner.forget_positions();
        self.output.forget_positions();
        self.quiet_since = Some(LONG_AGO);
    }

    /// Ends all notes and drops the plan. No host is at hand, so the note-offs follow with the next block.
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

    /// Starts a new performance without memory, as every offline render does: nothing before it has an influence.
    pub fn start_afresh(&mut self) {
        self.reset();
        self.time.start_afresh();
        self.planner.start_afresh();
        self.output.forget_positions();
        self.player.start_afresh();
        self.buttons = None;
        self.quiet_since = Some(LONG_AGO);
    }

    /// The chords in force, and for a heard chord the moment, in ticks of beats, since when.
    pub fn chords(&self) -> (Chords, Option<f64>) {
        let Selection { style, files: (version, _), chord_source } = self.selection;
        match chord_source {
            HarmonySource::Chart => (Chords::Chart { version, style: style.unwrap_or_default() }, None),
            HarmonySource::Hands => {
                let (chord, since) = self.player.chord().unzip();
                (Chords::Heard(chord), since)
            }
            HarmonySource::Nowhere => (Chords::Off, None),
        }
    }

    /// What the window shows; planned notes only if `shows_plans`.
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
        if self.player.follow_mpe(settings) {
            self.follow_pedals(&mut ctx);
        }
        let silence = self.planner.enter(block);
        self.enter_turns(&mut ctx, flow);
        if let Some(silence) = silence {
            self.change_silence(&mut ctx, silence);
        }
        if pressed.forget {
            self.player.forget_chord();
            self.planner.forget_memory();
        }
        if pressed.your_turn {
            self.take_turn(&mut ctx, TurnInput::YourTurn);
        }
        if pressed.again
            && let Some((place, length)) = self.planner.choose_again(settings, self.arbiter.turn(), &self.time)
        {
            self.take_turn(&mut ctx, TurnInput::Again { place, length });
        }
        self.planner.send(&mut ctx);
        self.accompaniment.enter(&ctx.now, ctx.host, &mut self.output, &self.time, flow);
        self.planner.receive(&mut ctx, &self.arbiter, &self.time, &self.stats);
        self.accompaniment.take_charts(ctx.port, self.planner.changes_chart());
        self.walk(&mut ctx);
        self.time.leave(block);
    }

    /// The counters.
    #[cfg(test)]
    pub fn stats(&self) -> &Arc<Stats> {
        &self.stats
    }

    /// The first frame of the next block.
    #[cfg(test)]
    pub fn position(&self) -> FramePosition {
        self.time.position()
    }

    /// The buttons that go down with this block.
    fn pressed(&mut self, settings: &Settings) -> Buttons {
        let now = settings.buttons;
        // A button that is down in the first block was not pressed in it.
        let before = self.buttons.replace(now).unwrap_or(now);
        Buttons {
            your_turn: now.your_turn && !before.your_turn,
            tap: now.tap && !before.tap,
            forget: now.forget && !before.forget,
            again: now.again && !before.again,
        }
    }

    /// Segue falls silent on request, or may be heard again. It hears the player in either case.
    fn change_silence(&mut self, ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>, silence: Silence) {
        match silence {
            Silence::Begins => {
                self.planner.fall_silent(self.arbiter.lag(), &ctx.now, ctx.host, &mut self.output);
                self.accompaniment.end_chord(&ctx.now, ctx.host, &mut self.output);
                self.note_silence(&ctx.now);
            }
            Silence::Ends => self.take_turn(ctx, TurnInput::Unmuted),
        }
    }

    /// Passes to the arbiter what the host or the musician has changed since the block before.
    fn enter_turns(&mut self, ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>, flow: Flow) {
        let settings = ctx.now.settings();
        let style_changed = self.select(settings);
        let time_changed = self.time.set_free_time(settings.style.free_time);
        if time_changed {
            self.player.forget_ticks();
        }
        let rules_changed = self.arbiter.enter(settings);
        if rules_changed || flow == Flow::Discontinuity {
            let is_changed = rules_changed || style_changed || time_changed;
            self.take_turn(ctx, TurnInput::Discontinuity { is_changed });
            return;
        }
        if self.arbiter.has_loop_changed(&ctx.now, &self.time) {
            self.take_turn(ctx, TurnInput::LoopPassed);
        }
        if time_changed {
            let maps = &ctx.now.maps;
            let before = if settings.style.free_time { maps.beats } else { maps.seconds };
            let from = self.arbiter.part().map(|part| before.first_tick_from(ctx.now.offset(), part.lag));
            self.planner.leave_time(from, &ctx.now, ctx.host, &mut self.output);
            self.take_turn(ctx, TurnInput::TimeChanged(before));
        } else if style_changed {
            self.take_turn(ctx, TurnInput::StyleChanged);
        }
        self.take_turn(ctx, TurnInput::BarsMoved);
    }

    /// Tells the worker which style, files and chords to use. True when the style changed.
    fn select(&mut self, settings: &Settings) -> bool {
        let chord_source = source(settings);
        let now = Selection { style: Some(settings.style.number), files: settings.style.files, chord_source };
        let before = std::mem::replace(&mut self.selection, now);
        if before.files != now.files {
            self.planner.reload_files();
        }
        if before.chord_source != chord_source {
            self.planner.set_chord_source(chord_source);
        }
        if before.style != now.style {
            self.planner.set_style(settings.style.number);
        }
        before.style.is_some_and(|before| before != settings.style.number)
    }

    /// Passes an event to the arbiter, and its decision to the planner.
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
            Step::ChordComplete => self.hear_chord(ctx, false),
            Step::Turn => self.take_turn(ctx, TurnInput::TurnDue),
            Step::Allocation => self.take_turn(ctx, TurnInput::AllocationDue),
            Step::LoopAhead => self.take_turn(ctx, TurnInput::LoopDue),
            Step::Request => self.planner.request(ctx, &self.arbiter, &self.time, &self.stats),
            Step::NoteOn if self.waits_for_chord(&ctx.now) => {}
            Step::NoteOn => {
                let chord = self.planner.next_on().and_then(|onset| self.chord_at(ctx, onset));
                self.planner.set_chord(chord);
                let bars = self.time.of_style().bars();
                let keys = self.player.held();
                self.planner.begin_next(ctx, self.arbiter.turn(), keys, &mut self.output, (bars, &self.stats));
                self.note_silence(&ctx.now);
            }
            Step::Silence => self.accompaniment.fall_silent(&ctx.now, ctx.host, &mut self.output),
            Step::Metronome => self.accompaniment.click(&ctx.now, ctx.host, &self.time),
        }
    }

    /// The chord in force at a tick of the style that plays.
    fn chord_at(&mut self, ctx: &mut BlockContext<'_, impl HostIo, impl WorkerPort>, at: Ticks) -> Option<Chord> {
        match self.selection.chord_source {
            HarmonySource::Chart if self.time.in_free_time() => None,
            HarmonySource::Chart => self.accompaniment.chord_at(at, ctx.port, &self.time, ctx.now.block.offline),
            HarmonySource::Hands => self.player.chord().map(|(chord, _)| chord),
            HarmonySource::Nowhere => None,
        }
    }

    /// The next step of this block and its frame; `None` at the end of the block.
    fn next_step(&self, now: &Now<'_>, event: Option<FrameOffset>) -> Option<(u32, Step)> {
        let (style, lag) = (&now.maps.style, self.arbiter.lag());
        // A host must not send events behind the block; if it does, they count for the last frame.
        let event = event.map(|at| i64::from(at.0.min(now.block.frames.saturating_sub(1))));
        // What belongs to the next pass of the loop must wait for the wrap.
        let pass = self.arbiter.next_pass().map_or(LATEST, |pass| pass.first);
        let turn = self.arbiter.turn().next_change().filter(|(tick, ..)| *tick < pass);
        let note_on = self.planner.next_on().filter(|onset| *onset < pass);
        let comping = self.accompaniment.due(now, &self.time).map(|(at, due)| {
            let step = if due == CompingStep::Off { Step::CompingOff } else { Step::CompingOn };
            (at, step)
        });
        let allocation = self.arbiter.is_allocation_due(now.settings().turn.mode, &self.time).then(|| now.offset());
        let silence = self.silence_at().filter(|_| self.accompaniment.depends_on_player(&self.time));
        let steps = [
            (self.planner.next_off().map(|until| style.offset_of(until)), Step::NoteOff),
            (event, Step::HostEvent),
            (self.arbiter.loop_passes(now), Step::LoopPassed),
            (self.player.chord_complete_at(now).map(|complete| now.offset_of(complete)), Step::ChordComplete),
            (turn.map(|(tick, lag, _)| style.offset_of(tick.as_f64() + lag)), Step::Turn),
            (allocation, Step::Allocation),
            (self.arbiter.loop_due(now, &self.time), Step::LoopAhead),
            (self.planner.request_due(now), Step::Request),
            (
                note_on.map(|onset| self.planner.begins_at(onset, style.offset_of(onset.as_f64() + lag), now)),
                Step::NoteOn,
            ),
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

    /// When the silence will have lasted long enough for a new bar; `None` while anything sounds.
    fn silence_at(&self) -> Option<FramePosition> {
        Some(self.quiet_since?.plus(crate::time::now::frames_in_ms(SILENCE_MS, self.time.sample_rate())))
    }
}
