//! Walks one block of the host from one step to the next.

use crate::accompaniment::comping::{Comping, Due};
use crate::accompaniment::metronome::Click;
use crate::host::{Block, FrameOffset, Settings, Stage, StyleNumber, Transport};
use crate::input::chord_detector::{self as harmony, ChordEar};
use crate::input::gate::Gate;
use crate::input::held_notes::{HELD, Keys};
use crate::input::player::CHORD_MS;
use crate::input::row::Row;
use crate::link::Nerve;
use crate::output::active_notes::Ledger;
use crate::output::thru::Thru;
use crate::plan::outbox::Unsaid;
use crate::plan::planner::RUN;
use crate::plan::requests::Wishes;
use crate::plan::schedule::Schedule;
use crate::stats::Vitals;
use crate::time::clock::{self, Clock, Position, Span, float};
use crate::time::swing::Groove;
use crate::time::tempo::OwnTempo;
use crate::turns::arbiter::{Sharing, StyleChange};
use crate::turns::turn::{Cue, Turn};
use arrayvec::ArrayVec;
use segue_model::chord::Chord;
use segue_model::harmony::HarmonySource;
use segue_model::note::Ticks;
use std::sync::Arc;

/// Free places in the link that heard notes leave for what must not be lost: the ends of held notes come on top.
pub(crate) const RESERVE: usize = 16;
/// Moments in one block after which it is given up: more than any music has, so that a mind that talks nonsense cannot
/// keep the host for ever.
const MOMENTS: u32 = 1 << 16;
/// Free time is counted as if at this tempo, as it was learnt.
pub(crate) const FREE_BPM: f64 = 120.0;

/// The pure core of the plugin: from what a host says to what is played, block by block.
#[derive(Debug)]
pub struct Performer {
    pub(crate) vitals: Arc<Vitals>,
    pub(crate) sample_rate: f64,
    /// The first frame of the next block.
    pub(crate) position: Position,
    /// Beats: follows the host wherever it goes.
    pub(crate) clock: Clock,
    /// Seconds, for styles in free time.
    pub(crate) free_clock: Clock,
    pub(crate) in_free_time: bool,
    /// How the beat was divided in the block before.
    pub(crate) groove: Groove,
    pub(crate) tempo: OwnTempo,
    pub(crate) keys: Keys,
    pub(crate) ear: ChordEar,
    pub(crate) comping: Comping,
    pub(crate) click: Click,
    pub(crate) turn: Turn,
    pub(crate) sharing: Sharing,
    pub(crate) buttons: Option<Buttons>,
    pub(crate) gate: Gate,
    /// The onsets of the player's latest strokes.
    pub(crate) strokes: ArrayVec<Ticks, { RUN }>,
    pub(crate) row: Row,
    /// Where the run began in which the player is, in a duet.
    pub(crate) run_from: Option<Ticks>,
    pub(crate) wishes: Wishes,
    pub(crate) schedule: Schedule,
    pub(crate) ledger: Ledger,
    pub(crate) thru: Thru,
    pub(crate) unsaid: Unsaid,
    /// The next key's name.
    pub(crate) next_id: u32,
    /// No key is heard earlier than one that was heard before.
    pub(crate) last_onset: Ticks,
    /// Since when nothing has sounded; `None` while something does.
    pub(crate) quiet_since: Option<Position>,
    pub(crate) largest_block: u32,
    /// What the mind was told to play; nothing before the first block.
    pub(crate) style: Option<StyleNumber>,
    pub(crate) files: (u32, u32),
    pub(crate) chords_from: HarmonySource,
    /// The chord that the player struck last, and since which moment of the beats.
    pub(crate) heard_chord: Option<(Chord, f64)>,
}

/// Which buttons are down.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Buttons {
    your_turn: bool,
    tap: bool,
    forget: bool,
}

/// One block while it is played.
pub(crate) struct Scene<'a, S, N> {
    pub(crate) block: &'a Block,
    /// Ticks of the style that plays against frames.
    pub(crate) span: Span,
    /// Ticks of beats against frames, straight and also in free time.
    pub(crate) beats: Span,
    /// Ticks of seconds against frames, also on the beat.
    pub(crate) seconds: Span,
    /// The position of the block's first frame.
    pub(crate) start: Position,
    /// How far it is played; offsets never go back.
    pub(crate) cursor: u32,
    pub(crate) stage: &'a mut S,
    pub(crate) nerve: &'a mut N,
}

impl<S, N> Scene<'_, S, N> {
    pub(crate) fn at(&self) -> FrameOffset {
        FrameOffset(self.cursor)
    }

    pub(crate) fn cursor(&self) -> i64 {
        i64::from(self.cursor)
    }

    pub(crate) fn position(&self) -> Position {
        self.start.plus(self.cursor())
    }

    /// A moment of beats as the style that plays counts it.
    pub(crate) fn in_style(&self, tick: Ticks) -> f64 {
        if self.block.settings.free_time { self.span.moment_of(self.beats.offset_of(float(tick))) } else { float(tick) }
    }

    /// Offline, words are not lost because the mind is behind.
    pub(crate) fn make_room_offline(&mut self)
    where
        N: Nerve,
    {
        if self.block.offline && self.nerve.room() <= 2 * HELD + RESERVE {
            self.nerve.make_room_offline();
        }
    }

    /// A moment of the present block; `None` when it lies behind it. What is overdue is due now.
    pub(crate) fn within(&self, offset: i64) -> Option<u32> {
        let offset = u32::try_from(offset.max(self.cursor())).ok()?;
        (offset < self.block.frames).then_some(offset)
    }
}

/// What happens next, in the order in which things happen on one frame.
#[derive(Debug, Clone, Copy)]
enum Moment {
    Off(f64),
    Comping(Due),
    Event,
    Passed,
    Chord,
    Turn(Cue),
    Deal,
    Round,
    Ask(i64),
    On,
    Silence,
    Click(Ticks),
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
            groove: Groove::STRAIGHT,
            tempo: OwnTempo::default(),
            keys: Keys::default(),
            ear: ChordEar::default(),
            comping: Comping::default(),
            click: Click::default(),
            turn: Turn::default(),
            sharing: Sharing::default(),
            buttons: None,
            gate: Gate::default(),
            strokes: ArrayVec::new(),
            row: Row::default(),
            run_from: None,
            wishes: Wishes::default(),
            schedule: Schedule::default(),
            ledger: Ledger::default(),
            thru: Thru::default(),
            unsaid: Unsaid::default(),
            next_id: 0,
            last_onset: Ticks(i64::MIN),
            quiet_since: Some(LONG_AGO),
            largest_block: 0,
            style: None,
            files: (0, 0),
            chords_from: HarmonySource::default(),
            heard_chord: None,
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
        self.tempo.forget_positions();
        self.ledger.forget_returns();
        self.largest_block = 0;
    }

    /// Lets go of everything that sounds and drops the plan. There is no host to tell now; note-offs follow with the
    /// next block.
    pub fn reset(&mut self) {
        let now = self.time().next_tick();
        self.withdraw_from(now);
        self.schedule.clear();
        self.ledger.all_overdue();
        self.thru.all_owed();
        self.ear.forget();
        self.comping.clear();
        self.click.forget();
        while let Some(held) = self.keys.drop_one() {
            self.unsaid.amend(&held, now - held.onset);
        }
        self.turn = Turn::Listening;
        self.sharing = Sharing::default();
        self.strokes.clear();
        self.row.forget();
        self.gate = Gate::default();
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
        self.ledger.forget_returns();
        self.buttons = None;
        self.tempo = OwnTempo::default();
        self.next_id = 0;
        self.last_onset = Ticks(i64::MIN);
        self.largest_block = 0;
        self.heard_chord = None;
        self.unsaid.start_afresh();
    }

    /// Plays one block.
    pub fn perform(&mut self, block: &Block, stage: &mut impl Stage, nerve: &mut impl Nerve) {
        let start = self.position;
        let settings = &block.settings;
        let pressed = self.pressed(settings);
        if pressed.tap {
            self.tempo.tap(start, self.sample_rate);
        }
        let own_bpm = self.tempo.of_block(settings, clock::sane(block.transport.tempo_bpm));
        let (beats, flow) = self.clock.enter(&block.transport, start, block.frames, own_bpm);
        let (free_span, _) = self.free_clock.enter(&free(&block.transport), start, block.frames, FREE_BPM);
        let span = if settings.free_time { free_span } else { self.swung(beats, settings) };
        if std::mem::replace(&mut self.groove, span.groove()) != span.groove() {
            // Where the beat is divided anew within it, ticks may be behind us that were still to come.
            self.wishes.skip_to(span.first_tick_from(0, self.turn_lag()));
        }
        self.largest_block = self.largest_block.max(block.frames);
        self.wishes.note_knobs(start, block.settings.knobs);
        let mut scene = Scene { block, span, beats, seconds: free_span, start, cursor: 0, stage, nerve };

        self.ledger.begin_block(start, block.into, self.sample_rate);
        self.ledger.pay_overdue(scene.stage, scene.at());
        self.thru.pay(settings, scene.at(), scene.stage, &mut self.ledger);
        let changed = self.change_style(settings);
        let mut style = if changed { StyleChange::SameTime } else { StyleChange::None };
        if std::mem::replace(&mut self.in_free_time, settings.free_time) != settings.free_time {
            // Ticks of beats say nothing about ticks of seconds.
            self.last_onset = Ticks(i64::MIN);
            self.strokes.clear();
            style = StyleChange::OtherTime;
            self.gate = Gate::default();
        }
        self.share_time(&mut scene, flow, style);
        if pressed.forget {
            self.heard_chord = None;
            self.unsaid.blank = true;
        }
        if pressed.your_turn {
            self.hand_over(&mut scene);
        }
        self.say_unsaid(&mut scene);
        self.accompany(&mut scene, flow);
        self.hear_the_mind_out(&mut scene);
        self.take_charts(&mut scene);
        self.walk(&mut scene);
        self.position = start.plus(i64::from(block.frames));
    }

    /// Straight beats as they are divided now.
    pub(crate) fn swung(&self, beats: Span, settings: &Settings) -> Span {
        beats.with(Groove::new(settings.swing, self.clock.bars()))
    }

    /// The clock that the style of now keeps to.
    pub(crate) fn time(&self) -> &Clock {
        if self.in_free_time { &self.free_clock } else { &self.clock }
    }

    /// Which buttons the musician, or automation, presses at the start of this block.
    pub(crate) fn pressed(&mut self, settings: &Settings) -> Buttons {
        let &Settings { your_turn, tap, forget, .. } = settings;
        let now = Buttons { your_turn, tap, forget };
        // What is down at first has been down before.
        let before = self.buttons.replace(now).unwrap_or(now);
        Buttons { your_turn: your_turn && !before.your_turn, tap: tap && !before.tap, forget: forget && !before.forget }
    }

    /// True when another style plays from now on.
    pub(crate) fn change_style(&mut self, settings: &Settings) -> bool {
        if settings.files != self.files {
            self.files = settings.files;
            self.unsaid.files = true;
        }
        let chords_from = harmony::source(settings);
        if std::mem::replace(&mut self.chords_from, chords_from) != chords_from {
            self.unsaid.chords_from = Some(chords_from);
        }
        let before = self.style.replace(settings.style);
        if before != Some(settings.style) {
            self.unsaid.style = Some(settings.style);
        }
        before.is_some_and(|before| before != settings.style)
    }

    pub(crate) fn walk(&mut self, scene: &mut Scene<'_, impl Stage, impl Nerve>) {
        let mut event = scene.stage.next_event();
        for _ in 0..MOMENTS {
            let Some((at, moment)) = self.next_moment(scene, event.map(|(at, _)| at)) else { return };
            scene.cursor = at;
            match moment {
                Moment::Off(until) => self.end_due(scene, until),
                Moment::Comping(due) => self.comp(scene, due),
                Moment::Event => {
                    if let Some((_, event)) = event {
                        self.hear(scene, event);
                    }
                    event = scene.stage.next_event();
                }
                Moment::Passed => self.pass_round(scene),
                Moment::Chord => self.hear_chord(scene),
                Moment::Turn(cue) => self.change_turn(scene, cue),
                Moment::Deal => self.deal(scene),
                Moment::Round => self.think_of_round(scene),
                Moment::Ask(as_of) => self.ask(scene, as_of),
                Moment::On => self.begin_next(scene),
                Moment::Silence => self.comping.stop(scene.at(), scene.stage, &mut self.ledger),
                Moment::Click(beat) => self.click.strike(beat, self.clock.bars(), scene.at(), scene.stage),
            }
        }
    }

    fn next_moment<S, N>(&self, scene: &Scene<'_, S, N>, event: Option<FrameOffset>) -> Option<(u32, Moment)> {
        let span = &scene.span;
        let lag = self.turn_lag();
        // Events beyond the block cannot be; if a host sends them they belong to its last frame.
        let event = event.map(|at| (i64::from(at.0.min(scene.block.frames.saturating_sub(1))), Moment::Event));
        let off = self.schedule.next_off().map(|until| (span.offset_of(until), Moment::Off(until)));
        let rest = self.ear.rest(self.frames_in_ms(CHORD_MS));
        let chord = rest.map(|rest| (rest.0.saturating_sub(scene.start.0), Moment::Chord));
        // What begins with the next round begins when the song is there.
        let round = self.next_round().map_or(LATEST, |round| round.first);
        let turn = self.turn.next_change().filter(|(tick, ..)| *tick < round);
        let turn = turn.map(|(tick, lag, cue)| (span.offset_of(float(tick) + lag), Moment::Turn(cue)));
        let deal = self.is_deal_due(scene.block.settings.mode).then(|| (scene.cursor(), Moment::Deal));
        let think = self.round_due(scene).map(|at| (at, Moment::Round));
        let passes = self.round_passes(scene).map(|at| (at, Moment::Passed));
        let ask = self.wishes.due(span, scene.start, self.look_ahead(scene)).map(|as_of| (as_of, Moment::Ask(as_of)));
        let on = self.schedule.next_on().filter(|onset| *onset < round);
        let on = on.map(|onset| (span.offset_of(float(onset) + lag), Moment::On));
        // The earliest; of several on one frame the first in this list, because `min_by_key` keeps the first.
        let due = self.comping.due(&self.swung(scene.beats, &scene.block.settings), scene.start, scene.block.offline);
        let comping = due.map(|(at, due)| (at, Moment::Comping(due)));
        // It begins after what the host says: that may be that everything is to be silent.
        let lets_go = comping.filter(|_| due.is_some_and(|(_, due)| due == Due::Off));
        let strikes = comping.filter(|_| lets_go.is_none());
        let silence = self.comping_ends().map(|at| (at.0.saturating_sub(scene.start.0), Moment::Silence));
        let click = scene.block.settings.click.then(|| {
            let (at, beat) = self.click.due(&scene.beats, scene.cursor(), self.clock.bars());
            (at, Moment::Click(beat))
        });
        [off, lets_go, event, strikes, passes, chord, turn, deal, think, ask, on, silence, click]
            .into_iter()
            .flatten()
            .filter_map(|(offset, moment)| Some((scene.within(offset)?, moment)))
            .min_by_key(|(at, _)| *at)
    }

    pub(crate) fn turn_lag(&self) -> f64 {
        self.turn.part().map_or(0.0, |part| part.lag)
    }

    /// How long before a note could sound it is decided, in frames. Live, a reply comes with the next block at best.
    pub(crate) fn look_ahead<S, N>(&self, scene: &Scene<'_, S, N>) -> i64 {
        let wanted = self.frames_in_ms(scene.block.settings.look_ahead_ms);
        if scene.block.offline { wanted } else { wanted.max(i64::from(self.largest_block)) }
    }

    pub(crate) fn frames_in_ms(&self, milliseconds: f32) -> i64 {
        #[allow(clippy::cast_possible_truncation, reason = "a few seconds; `as` saturates")]
        let frames = (f64::from(milliseconds) * self.sample_rate / 1000.0).round() as i64;
        frames.max(0)
    }
}

/// The transport in free time: only the metre counts, for the length of turns.
fn free(transport: &Transport) -> Transport {
    Transport { metre: transport.metre, ..Transport::default() }
}

/// Later than anything.
pub(crate) const LATEST: Ticks = Ticks(i64::MAX);
/// Before every activation: whoever plays first begins a bar.
const LONG_AGO: Position = Position(i64::MIN / 2);
