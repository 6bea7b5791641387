//! Musical time against frames: the clocks of beats and of seconds, the tempo, and swing. The only writer of time.
//!
//! Knows nothing of notes or turns.

pub mod bar_count;
pub mod beat_grid;
pub mod clock;
pub mod loop_wrap;
pub mod now;
pub mod swing;
pub mod tempo;
pub mod tick_map;

use crate::host::{Block, Settings, TempoFrom, Transport};
use beat_grid::nearest_beat;
use clock::{Clock, Flow, sane};
use now::{Now, TickMaps, frames_in_ms};
use segue_model::note::{Bars, Ticks};
use swing::Swing;
use tempo::{Beat, OwnTempo, TempoReading};
use tick_map::{FramePosition, TickMap};

/// The tempo of free time, in quarter notes per minute: the one that it was trained with.
pub const FREE_BPM: f64 = 120.0;

/// Performance time: one clock in beats and one in seconds.
#[derive(Debug)]
pub struct Time {
    sample_rate: f64,
    /// The first frame of the next block.
    position: FramePosition,
    /// Beats; follows the host's transport.
    beats: Clock,
    /// Seconds, for styles in free time; never jumps.
    seconds: Clock,
    counts_seconds: bool,
    /// The division of the beat in the block before.
    swing: Swing,
    tempo: OwnTempo,
    /// The longest block since the activation, in frames.
    largest_block: u32,
}

/// What a new block brings.
#[derive(Debug)]
pub struct Entered {
    /// Ticks against the block's frames.
    pub maps: TickMaps,
    /// Whether plans from before this block still hold.
    pub flow: Flow,
    /// The division of the beat changed, so a tick that was ahead may now be behind.
    pub swing_changed: bool,
}

impl Time {
    /// Both clocks at tick zero.
    pub fn new(sample_rate: f64) -> Self {
        Self {
            sample_rate,
            position: FramePosition(0),
            beats: Clock::new(sample_rate),
            seconds: Clock::new(sample_rate),
            counts_seconds: false,
            swing: Swing::STRAIGHT,
            tempo: OwnTempo::default(),
            largest_block: 0,
        }
    }

    /// Frames are counted from zero again at another sample rate; ticks go on.
    pub fn activate(&mut self, sample_rate: f64) {
        self.sample_rate = sample_rate;
        self.beats.restart_frames(sample_rate);
        self.seconds.restart_frames(sample_rate);
        self.position = FramePosition(0);
        self.tempo.forget_positions();
        self.largest_block = 0;
    }

    /// A new performance: ticks begin at zero too.
    pub fn start_afresh(&mut self) {
        *self = Self { counts_seconds: self.counts_seconds, swing: self.swing, ..Self::new(self.sample_rate) };
    }

    /// Enters the next block. `taps` is a tap of the tempo on its first frame.
    pub fn enter(&mut self, block: &Block, taps: bool) -> Entered {
        let settings = &block.settings;
        if taps {
            self.tempo.tap(self.position, self.sample_rate);
        }
        let own_bpm = self.tempo.of_block(settings, sane(block.transport.tempo_bpm));
        let (beats, flow) = self.beats.enter(&block.transport, self.position, block.frames, own_bpm);
        let metre_alone = Transport { metre: block.transport.metre, ..Transport::default() };
        let (seconds, _) = self.seconds.enter(&metre_alone, self.position, block.frames, FREE_BPM);
        let style = if settings.style.free_time { seconds } else { self.swung(beats, settings) };
        let swing_changed = std::mem::replace(&mut self.swing, style.swing()) != style.swing();
        self.largest_block = self.largest_block.max(block.frames);
        Entered { maps: TickMaps { style, beats, seconds }, flow, swing_changed }
    }

    /// Leaves the block.
    pub fn leave(&mut self, block: &Block) {
        self.position = self.position.plus(i64::from(block.frames));
    }

    /// Sets whether the present style is in free time. True when that has changed.
    pub fn set_free_time(&mut self, free_time: bool) -> bool {
        std::mem::replace(&mut self.counts_seconds, free_time) != free_time
    }

    /// The sample rate, in frames per second.
    pub fn sample_rate(&self) -> f64 {
        self.sample_rate
    }

    /// The first frame of the present block; after [`Self::leave`], of the next one.
    pub fn position(&self) -> FramePosition {
        self.position
    }

    /// The longest block since the activation, in frames.
    pub fn largest_block(&self) -> u32 {
        self.largest_block
    }

    /// Whether the present style is in free time.
    pub fn in_free_time(&self) -> bool {
        self.counts_seconds
    }

    /// Whether the present tempo is the one that was read from the player's phrase.
    pub fn tempo_is_read(&self) -> bool {
        !self.beats.follows_host() && self.tempo.read_bpm() == Some(self.beats.tempo_bpm())
    }

    /// The clock of beats.
    pub fn beats(&self) -> &Clock {
        &self.beats
    }

    /// The clock of the present style.
    pub fn of_style(&self) -> &Clock {
        if self.counts_seconds { &self.seconds } else { &self.beats }
    }

    /// How long before its onset a note is decided, in frames. Live, a reply arrives with the next block at the
    /// earliest.
    pub fn look_ahead(&self, block: &Block) -> i64 {
        let wanted = frames_in_ms(block.settings.timing.look_ahead_ms, self.sample_rate);
        if block.offline { wanted } else { wanted.max(i64::from(self.largest_block)) }
    }

    /// The beats, divided as these settings say.
    pub fn swung(&self, beats: TickMap, settings: &Settings) -> TickMap {
        beats.with(Swing::new(settings.timing.swing, self.beats.bars()))
    }

    /// While the transport stands, a player who begins after a silence begins a bar.
    pub fn begin_phrase(&mut self, now: &mut Now<'_>) {
        if self.beats.follows_host() {
            return;
        }
        self.tempo.begin_phrase();
        let (offset, position, frames) = (now.offset(), now.position(), now.block.frames);
        if now.settings().accompaniment.click {
            // The player follows the click, so the click stays and the nearest beat begins the bar.
            let beat = nearest_beat(now.maps.beats.nearest_tick(offset), self.beats.bars());
            self.beats.begin_bar_on(beat);
        } else {
            now.maps.beats = self.beats.begin_bar(now.maps.beats, offset, position, frames);
        }
        now.maps.style = if self.counts_seconds {
            self.seconds.begin_bar(now.maps.style, offset, position, frames)
        } else {
            self.swung(now.maps.beats, now.settings())
        };
    }

    /// While the transport stands, reads tempo and beat from the player's note-ons. True when they changed.
    pub fn follow_phrase(&mut self, now: &mut Now<'_>) -> bool {
        let transport = &now.block.transport;
        // A host that plays and reports a tempo keeps it, even if it reports no song position.
        let host_keeps_time = transport.playing && sane(transport.tempo_bpm).is_some();
        if now.settings().timing.tempo_from != TempoFrom::Phrase || self.beats.follows_host() || host_keeps_time {
            return false;
        }
        let (offset, position) = (now.offset(), now.position());
        let Bars { line, metre } = self.beats.bars();
        let place = (now.maps.beats.moment_of(offset) - line.as_f64()) / Ticks::quarters(1).as_f64();
        let swings = self.swung(now.maps.beats, now.settings()).swing() != Swing::STRAIGHT;
        let beat = Beat { metre, swings };
        let reading = self.tempo.hear(position, self.sample_rate, beat, self.beats.tempo_bpm(), place);
        let Some(TempoReading { tempo_bpm, quarters }) = reading else { return false };
        #[allow(clippy::cast_possible_truncation, reason = "`as` saturates, and no phrase is that long")]
        let place = Ticks((quarters * Ticks::quarters(1).as_f64()).round() as i64);
        now.maps.beats = self.beats.retime(now.maps.beats, offset, position, now.block.frames, (tempo_bpm, place));
        if !self.counts_seconds {
            now.maps.style = self.swung(now.maps.beats, now.settings());
        }
        true
    }
}
