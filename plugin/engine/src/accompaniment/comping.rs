//! The comping: soft chords of the chart under the solo.
//!
//! A chord is its bass and guide tones, and its root where the bass is another tone. It begins where the chord changes
//! and on each bar line, and lasts until shortly before the next one.
//!
//! The chart arrives over the link as a whole, whenever it changes. A chord is looked up a quarter note before it
//! begins. While another chart is under way, nothing is looked up. An offline render waits for the chart, so the chords
//! follow from positions alone. Live, a chord that is known too late begins on the next beat; if it has no beat left,
//! it is dropped and counted.
//!
//! Invariant: every note that begins here also ends here: at its end, with the song, or with the comping. Knows nothing
//! of turns.

use crate::host::{FrameOffset, Harmony, HostIo, Key, NoteSource, Settings, SynthEvent};
use crate::link::SharedChart;
use crate::output::Output;
use crate::output::active_notes::{NoteOnResult, NoteToken};
use crate::time::tick_map::{FramePosition, TickMap};
use arrayvec::ArrayVec;
use segue_model::chord::{Chord, ChordKind};
use segue_model::note::{Bars, Metre, Pitch, Ticks};

/// How long before its beginning a chord is looked up.
const AHEAD: Ticks = Ticks::quarters(1);
/// A chord ends this long before the next one, or a quarter of its length where that is less.
const RELEASE: Ticks = Ticks(6);
/// The most chords that are looked up and have not begun: the short ones within a quarter note.
const PLANNED: usize = 8;
/// The velocity of a chord on a bar line, and elsewhere.
const ON_THE_LINE: f32 = 0.42;
const BETWEEN: f32 = 0.36;

/// The keys of one chord: the bass, then the others from low to high.
type Voicing = ArrayVec<Pitch, VOICES>;

/// The most keys of a chord: bass, two guide tones and, where the bass is another tone, the root.
const VOICES: usize = 4;

/// The register of the bass.
const BASS: Register = Register { lowest: 36, highest: 52, middle: 43 };
/// The register of the guide tones.
const GUIDES: Register = Register { lowest: 52, highest: 72, middle: 60 };
const OCTAVE: u8 = 12;

/// A range of keys, and the key around which the first chord lies.
struct Register {
    lowest: u8,
    highest: u8,
    middle: u8,
}

/// A part of the chart with one chord.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChordSpan {
    /// Where it begins.
    pub from: Ticks,
    /// Where the next one begins; not after the next bar line.
    pub until: Ticks,
    /// `None` is a rest.
    pub chord: Option<Chord>,
}

/// The next step of the comping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompingStep {
    /// Ends the sounding chord.
    Off,
    /// Looks up the chart from this tick on.
    LookUp(Ticks),
    /// Begins the next chord.
    On,
}

#[derive(Debug, Clone, Copy)]
struct CompingNote {
    pitch: Pitch,
    token: Option<NoteToken>,
}

/// The bars that the comping follows, and how far the chart is looked up.
#[derive(Debug, Clone, Copy)]
struct Plan {
    bars: Bars,
    /// The chart is looked up until this tick.
    known: Ticks,
    /// The position from which on the comping plays; nothing is looked up earlier.
    since: FramePosition,
}

/// The comping.
#[derive(Debug, Default)]
pub struct Comping {
    chart: SharedChart,
    /// Whether another chart is under way.
    awaits_chart: bool,
    plan: Option<Plan>,
    planned: ArrayVec<ChordSpan, PLANNED>,
    sounding: ArrayVec<CompingNote, VOICES>,
    /// When the sounding chord ends.
    until: Ticks,
    /// The keys of the latest chord.
    before: Voicing,
}

/// Whether these settings ask for comping. Where the player plays the chords, another comping would be in the way.
pub fn is_wanted(settings: &Settings) -> bool {
    settings.accompaniment.comping && matches!(settings.harmony, Harmony::Chart | Harmony::Off)
}

impl Comping {
    /// Starts at a tick that is reached at position `since`, unless the comping follows these bars already.
    pub fn play(&mut self, from: Ticks, since: FramePosition, bars: Bars) {
        let goes_on = self.plan.is_some_and(|plan| plan.bars.metre == bars.metre && bars.place(plan.bars.line).0 == 0);
        if !goes_on {
            self.withdraw();
            self.plan = Some(Plan { bars, known: from, since });
        }
    }

    /// Stops, and ends the sounding chord.
    pub fn stop(&mut self, at: FrameOffset, host: &mut impl HostIo, output: &mut Output) {
        self.withdraw();
        self.plan = None;
        self.before.clear();
        self.end_chord(at, host, output);
    }

    /// Stops without a host at hand; the output keeps the pending note-offs.
    pub fn clear(&mut self) {
        self.withdraw();
        self.plan = None;
        self.before.clear();
        self.sounding.clear();
    }

    /// Whether the comping plays.
    pub fn plays(&self) -> bool {
        self.plan.is_some()
    }

    /// Replaces the chart. Returns the previous one, which must be freed on another thread.
    pub fn replace_chart(&mut self, chart: SharedChart) -> SharedChart {
        std::mem::replace(&mut self.chart, chart)
    }

    /// Sets whether another chart is under way.
    pub fn set_awaits_chart(&mut self, awaits: bool) {
        self.awaits_chart = awaits;
    }

    /// Whether another chart is under way.
    pub fn awaits_chart(&self) -> bool {
        self.awaits_chart
    }

    /// The chord of the chart at a place counted from where the chart begins.
    pub fn chord_at(&self, place: Ticks, metre: Metre) -> Option<Chord> {
        self.chart.as_ref()?.at(place, metre)
    }

    fn withdraw(&mut self) {
        self.planned.clear();
    }

    /// The next step, and its offset in the block that begins at `block_start`. With `waits_for_chart`, a look-up is
    /// due although another chart is under way.
    pub fn due(&self, map: &TickMap, block_start: FramePosition, waits_for_chart: bool) -> Option<(i64, CompingStep)> {
        let off = (!self.sounding.is_empty()).then(|| (map.offset_of(self.until.as_f64()), CompingStep::Off));
        let on = self.planned.first().map(|next| (map.offset_of(next.from.as_f64()), CompingStep::On));
        let can_plan = (waits_for_chart || !self.awaits_chart) && !self.planned.is_full();
        let look_up = self.plan.filter(|_| can_plan).map(|plan| {
            let before = map.offset_of((plan.known - AHEAD).as_f64());
            (before.max(plan.since.0.saturating_sub(block_start.0)), CompingStep::LookUp(plan.known))
        });
        // If several are on one frame, the first in this list comes first.
        [off, look_up, on].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    /// The chord at a tick, for a chart that begins at tick `form`; without a chart, a rest up to the next bar line.
    /// `None` when the comping does not play.
    pub fn look_up(&self, from: Ticks, form: Ticks) -> Option<ChordSpan> {
        let metre = self.plan?.bars.metre;
        let place = from - form;
        let (chord, until) = match &self.chart {
            Some(chart) => chart.stretch_at(place, metre),
            None => (None, place - Bars { line: Ticks::ZERO, metre }.place(place) + metre.bar()),
        };
        Some(ChordSpan { from, until: until + form, chord })
    }

    /// Plans a chord that begins at `begin`. False when there is no room, or when the chord would already be over.
    #[must_use]
    pub fn prepare(&mut self, span: ChordSpan, begin: Ticks) -> bool {
        let Some(plan) = &mut self.plan else { return true };
        plan.known = span.until.max(plan.known + Ticks(1));
        begin < span.until && self.planned.try_push(ChordSpan { from: begin, ..span }).is_ok()
    }

    /// Skips the rest of the bar, because the chart did not arrive in time.
    pub fn skip_bar(&mut self) {
        if let Some(plan) = &mut self.plan {
            let place = plan.bars.place(plan.known);
            plan.known = plan.known - place + plan.bars.metre.bar();
        }
    }

    /// Begins the next chord. False when the host refused some of it: then only the built-in sound plays that.
    #[must_use]
    pub fn begin_chord(
        &mut self,
        settings: &Settings,
        at: FrameOffset,
        host: &mut impl HostIo,
        output: &mut Output,
    ) -> bool {
        let Some(ChordSpan { from, until, chord }) = self.planned.pop_at(0) else { return true };
        self.end_chord(at, host, output);
        // While Segue is silent on request, its chords go on unheard.
        let Some(chord) = chord.filter(|_| !settings.turn.is_muted) else { return true };
        let channel = settings.accompaniment.comping_channel.filter(|_| settings.midi.sends.comping);
        let is_line = self.plan.is_some_and(|plan| plan.bars.place(from) == Ticks::ZERO);
        let velocity = if is_line { ON_THE_LINE } else { BETWEEN };
        self.before = voiced(chord, &self.before);
        self.until = until - RELEASE.min(Ticks((until - from).0 / 4));
        let mut all_accepted = true;
        for &pitch in &self.before {
            let sent = channel.map(|channel| {
                let key = Key { voice: None, channel, pitch };
                output.note_on(host, at, key, velocity, NoteSource::Comping)
            });
            let token = if let Some(NoteOnResult::Sounds(token)) = sent { Some(token) } else { None };
            all_accepted &= sent != Some(NoteOnResult::Refused);
            host.play(at, SynthEvent::NoteOn { source: NoteSource::Comping, channel: 0, pitch, velocity });
            // The list has room for every key of a chord.
            let _ = self.sounding.try_push(CompingNote { pitch, token });
        }
        all_accepted
    }

    /// Ends the sounding chord.
    pub fn end_chord(&mut self, at: FrameOffset, host: &mut impl HostIo, output: &mut Output) {
        for CompingNote { pitch, token } in self.sounding.drain(..) {
            if let Some(token) = token {
                output.note_off(host, at, token);
            }
            host.play(at, SynthEvent::NoteOff { source: NoteSource::Comping, channel: 0, pitch });
        }
    }
}

/// The keys of a chord, as near as possible to those of the chord before.
fn voiced(chord: Chord, before: &Voicing) -> Voicing {
    let bass = BASS.nearest(chord.bass(), before.first().map_or(BASS.middle, |bass| bass.key()));
    let key_of = |upper: Option<&Pitch>| upper.map_or(GUIDES.middle, |key| key.key());
    let upper = before.get(1..).unwrap_or_default();
    let (lowest, highest) = (key_of(upper.first()), key_of(upper.last()));
    let moves = |keys: &[u8]| match keys {
        [low, .., high] => low.abs_diff(lowest) + high.abs_diff(highest),
        _ => 0,
    };
    let best = close_positions(&upper_tones(chord)).min_by_key(|keys| moves(keys));
    [bass].into_iter().chain(best.unwrap_or_default()).filter_map(Pitch::new).collect()
}

/// Pitch classes, or keys, above the bass.
type Upper = ArrayVec<u8, { VOICES - 1 }>;

/// The pitch classes above the bass: the two guide tones. Where the bass is not the root, the root is added, in place
/// of a guide tone that the bass already has.
fn upper_tones(chord: Chord) -> Upper {
    let guides = guide_tones(chord.kind()).map(|tone| (chord.root() + tone) % OCTAVE);
    if chord.bass() == chord.root() {
        return guides.into_iter().collect();
    }
    guides.into_iter().filter(|guide| *guide != chord.bass()).chain([chord.root()]).collect()
}

/// Every close position of these classes within the register, from low to high; none spans more than an octave.
fn close_positions(classes: &Upper) -> impl Iterator<Item = Upper> {
    // Each class is the lowest once in each octave of the register, and the others lie above it as close as possible.
    let from = |lowest: u8| {
        let mut keys: Upper =
            classes.iter().map(|class| lowest + (class + OCTAVE - lowest % OCTAVE) % OCTAVE).collect();
        keys.sort_unstable();
        keys
    };
    let lowest = classes.iter().flat_map(|class| GUIDES.keys_of(*class));
    lowest.map(from).filter(|keys| keys.iter().all(|key| *key <= GUIDES.highest))
}

/// The guide tones as semitones above the root: the third or fourth, and the seventh, sixth or fifth.
fn guide_tones(kind: ChordKind) -> [u8; 2] {
    let tones = kind.tones();
    let of =
        |wanted: &[u8], otherwise: u8| wanted.iter().copied().find(|tone| tones.contains(tone)).unwrap_or(otherwise);
    [of(&[3, 4, 5], 4), of(&[11, 10, 9, 7, 8, 6], 7)]
}

impl Register {
    fn keys_of(&self, class: u8) -> impl Iterator<Item = u8> + use<> {
        (self.lowest..=self.highest).filter(move |key| key % OCTAVE == class)
    }

    fn nearest(&self, class: u8, to: u8) -> u8 {
        self.keys_of(class).min_by_key(|key| (key.abs_diff(to), key.abs_diff(self.middle))).unwrap_or(self.middle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chord(text: &str) -> Chord {
        Chord::parse(text).unwrap().unwrap()
    }

    fn keys(voicing: &Voicing) -> Vec<u8> {
        voicing.iter().map(|key| key.key()).collect()
    }

    fn progression(chords: &[&str]) -> Vec<Vec<u8>> {
        let mut before = Voicing::new();
        let voice = |text: &&str| {
            before = voiced(chord(text), &before);
            keys(&before)
        };
        chords.iter().map(voice).collect()
    }

    #[test]
    fn guide_tones_go_to_the_nearest_of_the_next_chord() {
        // Sevenths fall to thirds and thirds stay as sevenths, as pianists learn it.
        let found = progression(&["Dm7", "G7", "Cmaj7", "F7", "Bb7"]);
        assert_eq!(found[0][1..], [60, 65]);
        assert_eq!(found[1][1..], [59, 65]);
        assert_eq!(found[2][1..], [59, 64]);
        for (one, next) in found.iter().zip(&found[1..]) {
            let way: u8 = one[1..].iter().zip(&next[1..]).map(|(from, to)| from.abs_diff(*to)).sum();
            assert!(way <= 4, "{one:?} to {next:?}");
        }
    }

    /// Each chord has its bass and two tones of its own in their registers, whatever chord came before.
    #[test]
    fn every_chord_has_bass_and_guide_tones_in_their_registers() {
        let mut before = Voicing::new();
        for root in 0..12 {
            for kind in ChordKind::ALL {
                for bass in [root, root + 4, root + 7] {
                    let chord = Chord::new(root, kind, bass);
                    before = voiced(chord, &before);
                    let found = keys(&before);
                    let (low, high) = (found[1], *found.last().unwrap());
                    assert!(found.len() == 3 || found.len() == 4 && bass != root, "{chord}: {found:?}");
                    assert_eq!(found[0] % 12, chord.bass(), "{chord}");
                    assert!((36..=52).contains(&found[0]) && low >= 52 && high <= 72, "{chord}: {found:?}");
                    assert!(found.is_sorted_by(|one, next| one < next) && high - low < 12, "{chord}: {found:?}");
                    for key in &found[1..] {
                        assert!(chord.tones().any(|tone| tone == key % 12), "{chord}: {found:?}");
                    }
                }
            }
        }
    }

    /// Over a bass that is not the root, the upper tones are the root and the guide tones that the bass does not have.
    #[test]
    fn over_a_foreign_bass_the_root_is_one_of_the_upper_tones() {
        let table: [(&str, &[u8]); 14] = [
            ("D/F#", &[6, 2, 9]),
            ("Am/C", &[0, 4, 9]),
            ("C/E", &[4, 0, 7]),
            ("G/B", &[11, 2, 7]),
            ("Dm/F", &[5, 2, 9]),
            ("C/G", &[7, 0, 4]),
            ("C7/E", &[4, 0, 10]),
            ("C7/G", &[7, 0, 4, 10]),
            ("C7/Bb", &[10, 0, 4]),
            ("Dm7/C", &[0, 2, 5]),
            ("Dm7/A", &[9, 0, 2, 5]),
            ("Dm7/G", &[7, 0, 2, 5]),
            ("F/G", &[7, 0, 5, 9]),
            ("Bdim/F", &[5, 2, 8, 11]),
        ];
        for (text, classes) in table {
            for before in
                [Voicing::new(), voiced(chord("Gb7"), &Voicing::new()), voiced(chord("C7/G"), &Voicing::new())]
            {
                let found = keys(&voiced(chord(text), &before));
                let mut upper: Vec<u8> = found[1..].iter().map(|key| key % 12).collect();
                upper.sort_unstable();
                assert_eq!([&[found[0] % 12], &upper[..]].concat(), classes, "{text}: {found:?}");
            }
        }
        for root in 0..12 {
            for (kind, bass) in ChordKind::ALL.into_iter().flat_map(|kind| (0..12).map(move |bass| (kind, bass))) {
                let chord = Chord::new(root, kind, bass);
                let found = keys(&voiced(chord, &Voicing::new()));
                assert!(bass == root || found[1..].iter().any(|key| key % 12 == root), "{chord}: {found:?}");
            }
        }
    }

    #[test]
    fn the_register_is_kept_through_a_long_round() {
        let round = ["C7", "F7", "Bb7", "Eb7", "Ab7", "Db7", "Gb7", "B7", "E7", "A7", "D7", "G7"].repeat(20);
        let found = progression(&round);
        let ways = found
            .iter()
            .zip(&found[1..])
            .map(|(one, next)| one[1..].iter().zip(&next[1..]).map(|(from, to)| from.abs_diff(*to)).max().unwrap());
        assert!(ways.max().unwrap() <= 12);
    }
}
