//! Soft chords under the solo: bass and guide tones of the chart, and the root over a foreign bass, struck where the chord
//! changes and on every bar line, held until shortly before the next.
//!
//! The chart comes over the link whole, whenever it changes. A chord is looked up a beat before it begins. While another
//! chart is under way nothing is looked up: an offline rendering waits for it, so what is struck follows from positions
//! alone; live, a chord that becomes known too late comes in on the next beat, and when there is none left in it, it is
//! left out and counted.
//!
//! Invariant: a key that is struck here is let go here: by its time, with the song, or when the comping ends.

use crate::host::{FrameOffset, Harmony, HostIo, Key, NoteSource, Settings, SynthEvent};
use crate::link::SharedChart;
use crate::output::Output;
use crate::output::active_notes::{NoteOnResult, NoteToken};
use crate::time::tick_map::{FramePosition, TickMap};
use arrayvec::ArrayVec;
use segue_model::chord::{Chord, ChordKind};
use segue_model::note::{Bars, Pitch, Ticks};

/// A chord is looked up this long before it begins.
const AHEAD: Ticks = Ticks::quarters(1);
/// The hand leaves the keys this long before the next chord, or a quarter of the chord's time where that is less.
const BREATH: Ticks = Ticks(6);
/// Stretches that are known and have not begun: as many short ones as lie within the time that is asked ahead.
const PLANNED: usize = 8;
/// How hard a chord is struck: on a bar line, and else.
const ON_THE_LINE: f32 = 0.42;
const BETWEEN: f32 = 0.36;

/// The keys of one chord, from low to high but for the bass, which comes first.
type Voicing = ArrayVec<Pitch, VOICES>;

/// The bass, two guide tones and, where the bass is another tone, the root.
const VOICES: usize = 4;

/// Where the bass lies, and where it likes to begin.
const BASS: Register = Register { lowest: 36, highest: 52, middle: 43 };
/// The same for the guide tones.
const GUIDES: Register = Register { lowest: 52, highest: 72, middle: 60 };
const OCTAVE: u8 = 12;

struct Register {
    lowest: u8,
    highest: u8,
    middle: u8,
}

/// A stretch of the chart with one chord.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChordSpan {
    /// Where it begins.
    pub from: Ticks,
    /// Where the next one begins, at the next bar line at the latest.
    pub until: Ticks,
    /// `None` is a rest.
    pub chord: Option<Chord>,
}

/// What is to be done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Let go.
    Off,
    /// Looks up what the chart says from here on.
    LookUp(Ticks),
    /// Strike.
    On,
}

#[derive(Debug, Clone, Copy)]
struct Sounding {
    pitch: Pitch,
    token: Option<NoteToken>,
}

/// What it plays by.
#[derive(Debug, Clone, Copy)]
struct Plan {
    bars: Bars,
    /// Up to here the chart is known.
    known: Ticks,
    /// From here on it was to be known.
    since: FramePosition,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Comping {
    chart: SharedChart,
    /// Another chart is under way.
    awaits_chart: bool,
    plan: Option<Plan>,
    planned: ArrayVec<ChordSpan, PLANNED>,
    sounding: ArrayVec<Sounding, VOICES>,
    /// When the sounding keys go up.
    until: Ticks,
    before: Voicing,
}

/// Whether these settings ask for it. Where the player plays the chords there is one accompanist enough.
pub fn is_wanted(settings: &Settings) -> bool {
    settings.comping && matches!(settings.harmony, Harmony::Chart | Harmony::Off)
}

impl Comping {
    /// Begins at a tick that is reached at this position, unless it plays by these bars already.
    pub fn play(&mut self, from: Ticks, since: FramePosition, bars: Bars) {
        let goes_on = self.plan.is_some_and(|plan| plan.bars.metre == bars.metre && bars.place(plan.bars.line).0 == 0);
        if !goes_on {
            self.withdraw();
            self.plan = Some(Plan { bars, known: from, since });
        }
    }

    /// Ends. What sounds ends too.
    pub fn stop(&mut self, at: FrameOffset, host: &mut impl HostIo, output: &mut Output) {
        self.withdraw();
        self.plan = None;
        self.before.clear();
        self.let_go(at, host, output);
    }

    /// Forgets everything when there is no host to tell. The output still holds their note-offs.
    pub fn clear(&mut self) {
        self.withdraw();
        self.plan = None;
        self.before.clear();
        self.sounding.clear();
    }

    /// Whether it plays.
    pub fn plays(&self) -> bool {
        self.plan.is_some()
    }

    /// Plays by another chart from now on; the one before comes back, to be freed elsewhere.
    pub fn replace_chart(&mut self, chart: SharedChart) -> SharedChart {
        std::mem::replace(&mut self.chart, chart)
    }

    /// Says whether another chart is under way.
    pub fn set_awaits_chart(&mut self, awaits: bool) {
        self.awaits_chart = awaits;
    }

    /// Whether another chart is under way.
    pub fn awaits_chart(&self) -> bool {
        self.awaits_chart
    }

    fn withdraw(&mut self) {
        self.planned.clear();
    }

    /// What is due next, and at which frame of the block that begins at `block_start`.
    /// A rendering waits for a chart that is under way.
    pub fn due(&self, span: &TickMap, block_start: FramePosition, waits_for_chart: bool) -> Option<(i64, Due)> {
        let off = (!self.sounding.is_empty()).then(|| (span.offset_of(self.until.as_f64()), Due::Off));
        let on = self.planned.first().map(|next| (span.offset_of(next.from.as_f64()), Due::On));
        let can_plan = (waits_for_chart || !self.awaits_chart) && !self.planned.is_full();
        let look_up = self.plan.filter(|_| can_plan).map(|plan| {
            let before = span.offset_of((plan.known - AHEAD).as_f64());
            (before.max(plan.since.0.saturating_sub(block_start.0)), Due::LookUp(plan.known))
        });
        // Of several on one frame the first in this list.
        [off, look_up, on].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    /// What the chart says from a tick on, where it begins at `form`: a rest up to the next bar line without one. `None` when
    /// nothing plays.
    pub fn look_up(&self, from: Ticks, form: Ticks) -> Option<ChordSpan> {
        let metre = self.plan?.bars.metre;
        let place = from - form;
        let (chord, until) = match &self.chart {
            Some(chart) => chart.stretch_at(place, metre),
            None => (None, place - Bars { line: Ticks::ZERO, metre }.place(place) + metre.bar()),
        };
        Some(ChordSpan { from, until: until + form, chord })
    }

    /// Plans a stretch that is known now, to begin where it does or later. False when there is no room, or nothing left of
    /// it.
    #[must_use]
    pub fn prepare(&mut self, stretch: ChordSpan, begin: Ticks) -> bool {
        let Some(plan) = &mut self.plan else { return true };
        plan.known = stretch.until.max(plan.known + Ticks(1));
        begin < stretch.until && self.planned.try_push(ChordSpan { from: begin, ..stretch }).is_ok()
    }

    /// The chart did not come in time: the rest of the bar is lost.
    pub fn lose(&mut self) {
        if let Some(plan) = &mut self.plan {
            let place = plan.bars.place(plan.known);
            plan.known = plan.known - place + plan.bars.metre.bar();
        }
    }

    /// Strikes the next chord. False when the host would not take all of it: then it is heard from the built-in sound.
    #[must_use]
    pub fn strike(
        &mut self,
        channel: Option<u8>,
        at: FrameOffset,
        host: &mut impl HostIo,
        output: &mut Output,
    ) -> bool {
        let Some(ChordSpan { from, until, chord }) = self.planned.pop_at(0) else { return true };
        self.let_go(at, host, output);
        let Some(chord) = chord else { return true };
        let is_line = self.plan.is_some_and(|plan| plan.bars.place(from) == Ticks::ZERO);
        let velocity = if is_line { ON_THE_LINE } else { BETWEEN };
        self.before = voiced(chord, &self.before);
        self.until = until - BREATH.min(Ticks((until - from).0 / 4));
        let mut all_taken = true;
        for &pitch in &self.before {
            let struck = channel.map(|channel| {
                let key = Key { voice: None, channel, pitch };
                output.note_on(host, at, key, velocity, NoteSource::Comping)
            });
            let token = if let Some(NoteOnResult::Sounds(token)) = struck { Some(token) } else { None };
            all_taken &= struck != Some(NoteOnResult::Refused);
            host.play(at, SynthEvent::NoteOn { who: NoteSource::Comping, channel: 0, pitch, velocity });
            // There is room for every key of a voicing.
            let _ = self.sounding.try_push(Sounding { pitch, token });
        }
        all_taken
    }

    /// Takes the hand off the keys.
    pub fn let_go(&mut self, at: FrameOffset, host: &mut impl HostIo, output: &mut Output) {
        for Sounding { pitch, token } in self.sounding.drain(..) {
            if let Some(token) = token {
                output.note_off(host, at, token);
            }
            host.play(at, SynthEvent::NoteOff { who: NoteSource::Comping, channel: 0, pitch });
        }
    }
}

/// The keys of a chord, as near to those before as they can be.
fn voiced(chord: Chord, before: &Voicing) -> Voicing {
    let bass = BASS.nearest(chord.bass(), before.first().map_or(BASS.middle, |bass| bass.key()));
    let was = |upper: Option<&Pitch>| upper.map_or(GUIDES.middle, |key| key.key());
    let upper = before.get(1..).unwrap_or_default();
    let (lowest, highest) = (was(upper.first()), was(upper.last()));
    let moves = |keys: &[u8]| match keys {
        [low, .., high] => low.abs_diff(lowest) + high.abs_diff(highest),
        _ => 0,
    };
    let best = close_positions(&upper_tones(chord)).min_by_key(|keys| moves(keys));
    [bass].into_iter().chain(best.unwrap_or_default()).filter_map(Pitch::new).collect()
}

/// Pitch classes, or keys, above the bass.
type Upper = ArrayVec<u8, { VOICES - 1 }>;

/// The pitch classes over the bass: the two guide tones; and over a bass that is not the root the root too, in the place of
/// a guide tone that the bass has already.
fn upper_tones(chord: Chord) -> Upper {
    let guides = guide_tones(chord.kind()).map(|tone| (chord.root() + tone) % OCTAVE);
    if chord.bass() == chord.root() {
        return guides.into_iter().collect();
    }
    guides.into_iter().filter(|guide| *guide != chord.bass()).chain([chord.root()]).collect()
}

/// Every way to play these classes together from low to high within the register; no hand spans more than an octave.
fn close_positions(classes: &Upper) -> impl Iterator<Item = Upper> {
    // Any of them may be the lowest, in any octave of the register; the others follow as near above it as they are.
    let from = |lowest: u8| {
        let mut keys: Upper =
            classes.iter().map(|class| lowest + (class + OCTAVE - lowest % OCTAVE) % OCTAVE).collect();
        keys.sort_unstable();
        keys
    };
    let lowest = classes.iter().flat_map(|class| GUIDES.keys_of(*class));
    lowest.map(from).filter(|keys| keys.iter().all(|key| *key <= GUIDES.highest))
}

/// The tones that tell the chord, over its root: the third or what stands for it, and the seventh, sixth or fifth.
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
        // Sevenths fall to thirds, thirds stay as sevenths, as every pianist learns it.
        let found = progression(&["Dm7", "G7", "Cmaj7", "F7", "Bb7"]);
        assert_eq!(found[0][1..], [60, 65]);
        assert_eq!(found[1][1..], [59, 65]);
        assert_eq!(found[2][1..], [59, 64]);
        for (one, next) in found.iter().zip(&found[1..]) {
            let way: u8 = one[1..].iter().zip(&next[1..]).map(|(from, to)| from.abs_diff(*to)).sum();
            assert!(way <= 4, "{one:?} to {next:?}");
        }
    }

    #[test]
    fn every_chord_has_its_bass_and_two_tones_of_its_own_in_their_registers_whatever_came_before() {
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

    /// Over a bass that is not its root a chord has its root among the upper tones, and the guide tones that the bass has not.
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
