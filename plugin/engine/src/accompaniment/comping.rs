//! Soft chords under the solo: bass and guide tones of the chart, and the root over a foreign bass, struck where the chord
//! changes and on every bar line, held until shortly before the next.
//!
//! The chart is no business of the audio thread, so the mind's side is asked for it stretch by stretch, a beat ahead; and
//! where it may begin without warning (where the song stands, where its loop begins, where the player does, and at last
//! wherever it may jump) before it is needed. What was told is kept (`recall.rs`). An offline rendering waits for the answer; so what is struck follows
//! from positions alone. A chord that becomes known too late comes in on the next beat, and when there is none left in
//! it, it is left out and counted.
//!
//! Invariant: a key that is struck here is let go here: by its time, with the song, or when the comping ends.

use crate::accompaniment::chart_cache::Recall;
use crate::host::{Audible, FrameOffset, Harmony, Key, Settings, Stage, Who};
use crate::output::active_notes::{Ledger, Struck, Token};
use crate::time::clock::{Position, Span, float};
use arrayvec::ArrayVec;
use segue_model::chord::{Chord, ChordKind};
use segue_model::note::{Bars, Metre, Pitch, Ticks};

/// The chart is asked this long before a stretch begins.
const AHEAD: Ticks = Ticks::quarters(1);
/// The hand leaves the keys this long before the next chord, or a quarter of the chord's time where that is less.
const BREATH: Ticks = Ticks(6);
/// Stretches that are known and have not begun: as many short ones as lie within the time that is asked ahead.
const PLANNED: usize = 8;
/// Questions that may be under way; more than one only where the plan was dropped.
pub const OPEN: usize = 4;
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

/// A stretch of the chart with one chord. Whoever holds it says from where its moments are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
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
    /// Find out what the chart says from here on.
    Ask(Ticks),
    /// Strike.
    On,
}

#[derive(Debug, Clone, Copy)]
struct Sounding {
    pitch: Pitch,
    token: Option<Token>,
}

/// What it plays by.
#[derive(Debug, Clone, Copy)]
struct Plan {
    bars: Bars,
    /// Up to here the chart is known.
    known: Ticks,
    /// From here on it was to be known.
    since: Position,
}

/// A question under way.
#[derive(Debug, Clone, Copy)]
struct Question {
    metre: Metre,
    /// Where the chart begins, when the answer is for the present plan.
    form: Option<Ticks>,
    /// The chart is still the one that was asked.
    holds: bool,
}

/// From where the song may go on, or the player begin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outlook {
    /// Where the host's song stands, in quarter notes.
    pub stands: Option<f64>,
    /// Where its loop begins, in quarter notes.
    pub again: Option<f64>,
    /// Of the bars that run.
    pub metre: Metre,
    /// The host's song moves.
    pub in_song: bool,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Comping {
    recall: Recall,
    /// All that is needed for this is known.
    foreseen: Option<Outlook>,
    /// In the order in which they were asked and are answered.
    open: ArrayVec<Question, OPEN>,
    plan: Option<Plan>,
    planned: ArrayVec<Stretch, PLANNED>,
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
    pub fn play(&mut self, from: Ticks, since: Position, bars: Bars) {
        let goes_on = self.plan.is_some_and(|plan| plan.bars.metre == bars.metre && bars.place(plan.bars.line).0 == 0);
        if !goes_on {
            self.withdraw();
            self.plan = Some(Plan { bars, known: from, since });
        }
    }

    /// Ends. What sounds ends too.
    pub fn stop(&mut self, at: FrameOffset, stage: &mut impl Stage, ledger: &mut Ledger) {
        self.withdraw();
        self.plan = None;
        self.before.clear();
        self.let_go(at, stage, ledger);
    }

    /// Forgets everything when there is no host to tell. The ledger knows what is owed.
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

    /// The chart is another one, or another one's style has its own.
    pub fn forget_chart(&mut self) {
        self.recall.forget();
        self.foreseen = None;
        for question in &mut self.open {
            question.holds = false;
        }
    }

    fn withdraw(&mut self) {
        for question in &mut self.open {
            question.form = None;
        }
        self.planned.clear();
    }

    /// What is due next, and at which frame of the block that begins at `block_start`.
    pub fn due(&self, span: &Span, block_start: Position) -> Option<(i64, Due)> {
        let off = (!self.sounding.is_empty()).then(|| (span.offset_of(float(self.until)), Due::Off));
        let on = self.planned.first().map(|next| (span.offset_of(float(next.from)), Due::On));
        let has_room = !self.is_asked() && !self.open.is_full() && !self.planned.is_full();
        let ask = self.plan.filter(|_| has_room).map(|plan| {
            let before = span.offset_of(float(plan.known - AHEAD));
            (before.max(plan.since.0.saturating_sub(block_start.0)), Due::Ask(plan.known))
        });
        // Of several on one frame the first in this list.
        [off, ask, on].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    /// What was told of the chart from a tick on, which begins at `form`.
    pub fn recalled(&self, from: Ticks, form: Ticks) -> Option<Stretch> {
        let told = self.recall.at(self.metre()?, from - form)?;
        Some(Stretch { from, until: told.until + form, ..told })
    }

    /// Whether an answer to any question is under way.
    pub fn any_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// The place in the chart that must be asked for, so that it can begin at this one without warning.
    pub fn unforeseen(&self, place: Ticks, metre: Metre) -> Option<Ticks> {
        self.recall.unknown(metre, place, AHEAD)
    }

    /// The same, so that it can begin anywhere in a chart that goes round.
    pub fn untold(&mut self, metre: Metre) -> Option<Ticks> {
        self.recall.untold(metre)
    }

    /// Whether something may be missing to begin from there, and now is the time to ask for it.
    pub fn is_news(&self, outlook: Outlook) -> bool {
        // One at a time, so that there is always room for what is needed now.
        self.foreseen != Some(outlook) && self.open.is_empty()
    }

    /// Nothing is missing.
    pub fn foreseen(&mut self, outlook: Outlook) {
        self.foreseen = Some(outlook);
    }

    /// By which metre it plays.
    pub fn metre(&self) -> Option<Metre> {
        self.plan.map(|plan| plan.bars.metre)
    }

    /// A question is under way: for the present plan, which counts the chart from `form`, or for some time to come.
    pub fn asked(&mut self, metre: Metre, form: Option<Ticks>) {
        // There was room when it was due.
        let _ = self.open.try_push(Question { metre, form, holds: true });
    }

    /// Whether an answer for the present plan is under way.
    pub fn is_asked(&self) -> bool {
        self.open.iter().any(|question| question.form.is_some())
    }

    /// Takes an answer in, which counts from where the chart begins and says after what time it does so again. A stretch for
    /// the present plan comes back.
    pub fn answered(&mut self, told: Stretch, round: Option<Ticks>) -> Option<Stretch> {
        let Question { metre, form, holds } = self.open.pop_at(0)?;
        if holds {
            self.recall.keep(metre, round, told);
            // Another one may have gone for it.
            self.foreseen = None;
        }
        let form = form?;
        Some(Stretch { from: told.from + form, until: told.until + form, ..told })
    }

    /// Plans a stretch that is known now, to begin where it does or later. False when there is no room, or nothing left of
    /// it.
    #[must_use]
    pub fn prepare(&mut self, stretch: Stretch, begin: Ticks) -> bool {
        let Some(plan) = &mut self.plan else { return true };
        plan.known = stretch.until.max(plan.known + Ticks(1));
        begin < stretch.until && self.planned.try_push(Stretch { from: begin, ..stretch }).is_ok()
    }

    /// The question could not be asked: the stretch is lost, and the next is asked for in time.
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
        stage: &mut impl Stage,
        ledger: &mut Ledger,
    ) -> bool {
        let Some(Stretch { from, until, chord }) = self.planned.pop_at(0) else { return true };
        self.let_go(at, stage, ledger);
        let Some(chord) = chord else { return true };
        let is_line = self.plan.is_some_and(|plan| plan.bars.place(from) == Ticks::ZERO);
        let velocity = if is_line { ON_THE_LINE } else { BETWEEN };
        self.before = voiced(chord, &self.before);
        self.until = until - BREATH.min(Ticks((until - from).0 / 4));
        let mut all_taken = true;
        for &pitch in &self.before {
            let struck = channel.map(|channel| {
                let key = Key { voice: None, channel, pitch };
                ledger.strike(stage, at, key, velocity, Who::Comping)
            });
            let token = if let Some(Struck::Sounds(token)) = struck { Some(token) } else { None };
            all_taken &= struck != Some(Struck::Refused);
            stage.sound(at, Audible::Strike { who: Who::Comping, channel: 0, pitch, velocity });
            // There is room for every key of a voicing.
            let _ = self.sounding.try_push(Sounding { pitch, token });
        }
        all_taken
    }

    /// Takes the hand off the keys.
    pub fn let_go(&mut self, at: FrameOffset, stage: &mut impl Stage, ledger: &mut Ledger) {
        for Sounding { pitch, token } in self.sounding.drain(..) {
            if let Some(token) = token {
                ledger.end(stage, at, token);
            }
            stage.sound(at, Audible::Damp { who: Who::Comping, channel: 0, pitch });
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
