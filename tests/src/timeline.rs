//! The host's transport: the song position at each frame.
//!
//! Changes fall on frames, and no block crosses one: the transport that the plugin sees at the beginning of a block
//! holds for all of it. A beat here is a quarter note, as in CLAP's beat time.

use clack_host::events::event_types::{TransportEvent, TransportFlags};
use clack_host::events::{EventFlags, EventHeader};
use clack_host::utils::{BeatTime, SecondsTime};
use segue_model::note::{Metre, TICKS_PER_QUARTER, Ticks};
use std::fmt;

/// Frames since the host began to process; sessions measure time in nothing else.
pub type Frame = u64;

/// The tempo of a host that has none set.
pub const USUAL_TEMPO_BPM: f64 = 120.0;

/// How much of its transport a host reports to its plugins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransportReport {
    /// Everything, correctly.
    Everything,
    /// Everything, but with bars of another metre.
    WrongBars,
    /// Everything, but every bar is said to begin at 0.
    NoBars,
    /// No metre.
    NoMetre,
    /// Only a tempo.
    OnlyTempo,
    /// Nothing.
    Nothing,
}

impl TransportReport {
    /// Whether the plugin can know the song position.
    pub const fn has_beats(self) -> bool {
        !matches!(self, Self::OnlyTempo | Self::Nothing)
    }

    /// The part of the true transport that is reported.
    pub fn apply(self, truth: TransportEvent) -> Option<TransportEvent> {
        let without = |flags| TransportEvent { flags: truth.flags.difference(flags), ..truth };
        match self {
            Self::Everything => Some(truth),
            Self::WrongBars => {
                let fancied = truth.song_pos_beats.to_float().rem_euclid(5.0);
                let bar_start = BeatTime::from_float(truth.song_pos_beats.to_float() - fancied);
                Some(TransportEvent { bar_start, bar_number: 7, ..truth })
            }
            Self::NoBars => Some(TransportEvent { bar_start: BeatTime::from_float(0.0), bar_number: 0, ..truth }),
            Self::NoMetre => Some(without(TransportFlags::HAS_TIME_SIGNATURE)),
            Self::OnlyTempo => Some(without(TransportFlags::HAS_BEATS_TIMELINE | TransportFlags::HAS_SECONDS_TIMELINE)),
            Self::Nothing => None,
        }
    }
}

/// A stretch of time in which the transport does not change.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    from: Frame,
    /// The song position at `from`.
    beats: f64,
    tempo_bpm: f64,
    metre: Metre,
    /// A bar line from which bars are counted, and its number.
    bar_line_beats: f64,
    bar_number: i32,
    playing: bool,
}

impl Stretch {
    fn beats_at(&self, at: Frame, sample_rate: f64) -> f64 {
        if !self.playing {
            return self.beats;
        }
        self.beats + frames(at - self.from) / sample_rate * self.tempo_bpm / 60.0
    }
}

/// The transport from the first frame to the last.
#[derive(Debug, Clone)]
pub struct Timeline {
    sample_rate: f64,
    /// In order of time; the first from frame 0.
    stretches: Vec<Stretch>,
    /// The loop that the host reports as active; the jumps themselves are [`Timeline::jump`]s.
    loop_beats: Option<(f64, f64)>,
}

impl Timeline {
    /// Plays from beat 0 and bar 0 on, at one tempo and in one metre.
    pub fn steady(sample_rate: f64, tempo_bpm: f64, metre: Metre) -> Self {
        let first =
            Stretch { from: 0, beats: 0.0, tempo_bpm, metre, bar_line_beats: 0.0, bar_number: 0, playing: true };
        Self { sample_rate, stretches: vec![first], loop_beats: None }
    }

    /// Stands still at beat 0.
    pub fn stopped(sample_rate: f64) -> Self {
        let mut timeline = Self::steady(sample_rate, USUAL_TEMPO_BPM, Metre::COMMON);
        timeline.stretches[0].playing = false;
        timeline
    }

    /// Frames in a second.
    pub const fn sample_rate(&self) -> f64 {
        self.sample_rate
    }

    /// Sets another tempo from this frame on. Changes are made in order of time.
    pub fn tempo(&mut self, from: Frame, tempo_bpm: f64) -> &mut Self {
        self.change(from, |stretch| stretch.tempo_bpm = tempo_bpm)
    }

    /// Sets another metre from this frame on; the frame becomes a bar line.
    pub fn metre(&mut self, from: Frame, metre: Metre) -> &mut Self {
        let (_, bar_number) = self.bar(from);
        self.change(from, |stretch| {
            stretch.metre = metre;
            stretch.bar_line_beats = stretch.beats;
            stretch.bar_number = bar_number + 1;
        })
    }

    /// Sets the song position at this frame, as at the end of a loop.
    pub fn jump(&mut self, from: Frame, beats: f64) -> &mut Self {
        self.change(from, |stretch| stretch.beats = beats)
    }

    /// Starts or stops the transport at this frame.
    pub fn playing(&mut self, from: Frame, playing: bool) -> &mut Self {
        self.change(from, |stretch| stretch.playing = playing)
    }

    /// Stops the transport at this frame and removes all later changes.
    pub fn ends(&mut self, from: Frame) -> &mut Self {
        self.stretches.retain(|stretch| stretch.from == 0 || stretch.from < from);
        self.playing(from, false)
    }

    /// How often the transport changes after the first frame.
    pub fn changes(&self) -> usize {
        self.stretches.len() - 1
    }

    /// Removes one of the changes, counted from 0; the next one keeps its frame.
    pub fn leave_out(&mut self, change: usize) {
        if change < self.changes() {
            self.stretches.remove(change + 1);
        }
    }

    /// Reports this loop as active.
    pub const fn show_loop(&mut self, from_beats: f64, to_beats: f64) -> &mut Self {
        self.loop_beats = Some((from_beats, to_beats));
        self
    }

    /// Counts bars from this beat on, which need not be a whole number of bars away, as after an upbeat.
    pub fn bar_line(&mut self, from: Frame, beats: f64, bar_number: i32) -> &mut Self {
        self.change(from, |stretch| {
            stretch.bar_line_beats = beats;
            stretch.bar_number = bar_number;
        })
    }

    /// The beats of a bar, in a song with one metre whose bars are counted from beat 0.
    pub fn bar_beats_of_a_plain_song(&self) -> Option<f64> {
        let metre = self.stretches.first()?.metre;
        let is_plain =
            |stretch: &Stretch| stretch.metre == metre && stretch.bar_line_beats == 0.0 && stretch.bar_number == 0;
        self.stretches.iter().all(is_plain).then(|| bar_beats(metre))
    }

    /// How many beats this many frames last, at the tempo of the frame `at`.
    pub fn beats_in_frames(&self, at: Frame, frames: f64) -> f64 {
        frames / self.sample_rate * self.tempo_bpm(at) / 60.0
    }

    /// Whether the transport runs at this frame.
    pub fn is_playing(&self, at: Frame) -> bool {
        self.stretch(at).playing
    }

    /// The frames at which the song starts, stops or jumps by a beat and more, after the first.
    pub fn breaks(&self) -> impl Iterator<Item = Frame> {
        /// A smaller jump may be a host's rounding, or a tempo that changed in the block before.
        const CLEAR_BEATS: f64 = 1.0;
        self.jumps_of(CLEAR_BEATS)
    }

    /// Whether the song returns at this frame from the end of the reported loop, which may lie between two frames, to
    /// its beginning.
    pub fn goes_round(&self, at: Frame) -> bool {
        let Some((begin, end)) = self.loop_beats else { return false };
        let behind = self.stretches.partition_point(|stretch| stretch.from < at);
        let (Some(before), after) = (self.stretches[..behind].last(), self.stretch(at)) else { return false };
        let frame_beats = self.beats_in_frames(at.saturating_sub(1), 1.0);
        let from_end = (before.beats_at(at, self.sample_rate) - end).abs() <= 1.5 * frame_beats;
        let plays = before.playing && after.playing && after.from == at;
        plays && from_end && (after.beats - begin).abs() <= 1.5 * frame_beats
    }

    /// The same, with the smallest jumps too: between two of these frames the song position moves evenly.
    pub fn seams(&self) -> impl Iterator<Item = Frame> {
        const NOISE_BEATS: f64 = 1e-3;
        self.jumps_of(NOISE_BEATS)
    }

    fn jumps_of(&self, least_beats: f64) -> impl Iterator<Item = Frame> {
        self.stretches.windows(2).filter_map(move |pair| {
            let [before, after] = pair else { return None };
            let jump = (before.beats_at(after.from, self.sample_rate) - after.beats).abs();
            let jumped = before.playing && after.playing && jump >= least_beats;
            (jumped || before.playing != after.playing).then_some(after.from)
        })
    }

    /// How far a frame is from the nearest whole tick, in frames; 0 also where a change of tempo rounds one moment in
    /// two ways.
    pub fn frames_from_tick(&self, at: Frame) -> f64 {
        let behind = self.stretches.partition_point(|stretch| stretch.from <= at);
        let here = &self.stretches[..behind];
        // On the first frame of a stretch the moment may have been rounded at the previous tempo.
        let tempos = if here.last().is_some_and(|stretch| stretch.from == at) { 2 } else { 1 };
        let ticks = self.ticks(at);
        let from_tick = |stretch: &Stretch| {
            (ticks - ticks.round()) * self.sample_rate * 60.0 / stretch.tempo_bpm / ticks_per_beat()
        };
        let distances = here.iter().rev().take(tempos).map(from_tick);
        distances.min_by(|one, other| one.abs().total_cmp(&other.abs())).unwrap_or(0.0)
    }

    fn change(&mut self, from: Frame, how: impl FnOnce(&mut Stretch)) -> &mut Self {
        let mut stretch = *self.stretch(from);
        stretch.beats = self.beats(from);
        stretch.from = from;
        how(&mut stretch);
        self.stretches.retain(|earlier| earlier.from < from);
        self.stretches.push(stretch);
        self
    }

    fn stretch(&self, at: Frame) -> &Stretch {
        let behind = self.stretches.partition_point(|stretch| stretch.from <= at);
        &self.stretches[behind.saturating_sub(1)]
    }

    /// The next frame at which something changes, after `at`.
    pub fn next_change(&self, at: Frame) -> Option<Frame> {
        let behind = self.stretches.partition_point(|stretch| stretch.from <= at);
        self.stretches.get(behind).map(|stretch| stretch.from)
    }

    /// The frames from `from` to before `to` at which something changes.
    pub fn changes_between(&self, from: Frame, to: Frame) -> impl Iterator<Item = Frame> {
        let first = self.stretches.partition_point(|stretch| stretch.from < from);
        self.stretches[first..].iter().map(|stretch| stretch.from).take_while(move |frame| *frame < to)
    }

    /// The song position in quarter notes.
    pub fn beats(&self, at: Frame) -> f64 {
        self.stretch(at).beats_at(at, self.sample_rate)
    }

    /// The song position in ticks, with a fraction.
    pub fn ticks(&self, at: Frame) -> f64 {
        self.beats(at) * ticks_per_beat()
    }

    /// The frame at which the song position is `ticks`, rounded to the nearest; in the first stretch that reaches it.
    pub fn frame_of(&self, ticks: Ticks) -> Option<Frame> {
        let beats = ticks.0 as f64 / ticks_per_beat();
        self.stretches.iter().enumerate().find_map(|(index, stretch)| {
            if !stretch.playing || beats < stretch.beats {
                return None;
            }
            let away = (beats - stretch.beats) * 60.0 / stretch.tempo_bpm * self.sample_rate;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "above zero and short")]
            let frame = stretch.from + away.round() as Frame;
            let end = self.stretches.get(index + 1).map(|next| next.from);
            end.is_none_or(|end| frame < end).then_some(frame)
        })
    }

    /// The last bar line at or before this frame, in beats, and the bar's number.
    pub fn bar(&self, at: Frame) -> (f64, i32) {
        /// Rounding of the position must not put a bar line into the previous bar.
        const SLACK_BEATS: f64 = 1e-9;
        let stretch = self.stretch(at);
        let bars = ((self.beats(at) - stretch.bar_line_beats + SLACK_BEATS) / bar_beats(stretch.metre)).floor();
        #[expect(clippy::cast_possible_truncation, reason = "a song has fewer than 2^31 bars")]
        let number = stretch.bar_number + bars as i32;
        (bars.mul_add(bar_beats(stretch.metre), stretch.bar_line_beats), number)
    }

    /// The tempo at this frame.
    pub fn tempo_bpm(&self, at: Frame) -> f64 {
        self.stretch(at).tempo_bpm
    }

    /// The metre at this frame.
    pub fn metre_at(&self, at: Frame) -> Metre {
        self.stretch(at).metre
    }

    /// The transport event for the start of a block.
    pub fn event(&self, at: Frame) -> TransportEvent {
        let stretch = self.stretch(at);
        let seconds_at = |beats: f64| SecondsTime::from_float(beats * 60.0 / stretch.tempo_bpm);
        let (bar_start, bar_number) = self.bar(at);
        let (loop_from, loop_to) = self.loop_beats.unwrap_or((0.0, 0.0));
        let mut flags = TransportFlags::HAS_TEMPO
            | TransportFlags::HAS_BEATS_TIMELINE
            | TransportFlags::HAS_SECONDS_TIMELINE
            | TransportFlags::HAS_TIME_SIGNATURE;
        flags.set(TransportFlags::IS_PLAYING, stretch.playing);
        flags.set(TransportFlags::IS_LOOP_ACTIVE, self.loop_beats.is_some());
        TransportEvent {
            header: EventHeader::new_core(0, EventFlags::empty()),
            flags,
            song_pos_beats: BeatTime::from_float(self.beats(at)),
            song_pos_seconds: seconds_at(self.beats(at)),
            tempo: stretch.tempo_bpm,
            tempo_inc: 0.0,
            loop_start_beats: BeatTime::from_float(loop_from),
            loop_end_beats: BeatTime::from_float(loop_to),
            loop_start_seconds: seconds_at(loop_from),
            loop_end_seconds: seconds_at(loop_to),
            bar_start: BeatTime::from_float(bar_start),
            bar_number,
            time_signature_numerator: u16::from(stretch.metre.numerator),
            time_signature_denominator: u16::from(stretch.metre.denominator),
        }
    }
}

impl fmt::Display for Timeline {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Stretch { from, beats, tempo_bpm, metre, bar_line_beats, playing, .. } in &self.stretches {
            let Metre { numerator, denominator } = metre;
            let song = if *playing { "plays" } else { "stands" };
            writeln!(
                out,
                "  {from}: the song {song} at beat {beats}, {tempo_bpm} bpm, {numerator}/{denominator} from \
                 {bar_line_beats}"
            )?;
        }
        Ok(())
    }
}

/// Converts a number of frames.
pub const fn frames(count: Frame) -> f64 {
    count as f64
}

const fn ticks_per_beat() -> f64 {
    TICKS_PER_QUARTER as f64
}

fn bar_beats(metre: Metre) -> f64 {
    f64::from(metre.numerator) * 4.0 / f64::from(metre.denominator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_tempo_keeps_the_position_and_changes_the_pace() {
        let mut timeline = Timeline::steady(48_000.0, 120.0, Metre::COMMON);
        timeline.tempo(48_000, 60.0).metre(96_000, Metre::new(3, 4).unwrap());
        for (frame, beats) in [(0, 0), (24_000, 1), (48_000, 2), (96_000, 3)] {
            assert!((timeline.beats(frame) - f64::from(beats)).abs() < 1e-12, "at {frame}");
            assert_eq!(timeline.frame_of(Ticks::quarters(i64::from(beats))), Some(frame));
        }
        assert_eq!(timeline.bar(95_999).1, 0);
        assert_eq!(timeline.bar(96_000), (3.0, 1));
        assert_eq!(timeline.next_change(48_000), Some(96_000));
    }

    #[test]
    fn a_jump_moves_the_position_and_a_stop_holds_it() {
        let mut timeline = Timeline::steady(48_000.0, 120.0, Metre::COMMON);
        timeline.jump(96_000, 0.0).playing(120_000, false);
        assert!((timeline.beats(108_000) - 0.5).abs() < 1e-12);
        assert!((timeline.beats(500_000) - 1.0).abs() < 1e-12);
        assert_eq!(timeline.breaks().collect::<Vec<_>>(), [96_000, 120_000]);
        assert!(!timeline.goes_round(96_000), "no loop is reported");
        timeline.show_loop(0.0, 4.0);
        assert!(timeline.goes_round(96_000) && !timeline.goes_round(120_000));
        assert!(!timeline.show_loop(0.0, 5.0).goes_round(96_000), "that is not its end");
    }

    #[test]
    fn a_frame_is_as_far_from_a_tick_as_the_tempo_around_it_has_it() {
        let mut timeline = Timeline::steady(48_000.0, 120.0, Metre::COMMON);
        timeline.tempo(24_100, 60.0);
        // A tick is 500 frames long, then 1,000; from 24,000 + 500 on, 400 frames of the old tempo are 800 of the new.
        for (frame, away) in [(24_000, 0.0), (24_003, 3.0), (24_900, 0.0), (24_899, -1.0), (25_910, 10.0)] {
            assert!((timeline.frames_from_tick(frame) - away).abs() < 1e-6, "at {frame}");
        }
        assert!((timeline.frames_from_tick(24_100) - 100.0).abs() < 1e-6, "the old tempo is the kinder one");
    }

    #[test]
    fn a_host_that_lies_about_bars_tells_the_truth_about_beats() {
        let truth = Timeline::steady(48_000.0, 120.0, Metre::COMMON).event(144_000);
        let told = TransportReport::WrongBars.apply(truth).unwrap();
        assert_eq!(told.song_pos_beats, truth.song_pos_beats);
        assert!((told.bar_start.to_float() - 5.0).abs() < 1e-9);
        assert_eq!(TransportReport::Nothing.apply(truth), None);
        assert!(!TransportReport::OnlyTempo.apply(truth).unwrap().flags.contains(TransportFlags::HAS_BEATS_TIMELINE));
    }
}
