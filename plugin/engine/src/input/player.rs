//! What the player does at the keys: which are held, which chord they make, how they are articulated, and when the next
//! note is due. The only writer of all that.
//!
//! Knows nothing of whose turn it is, of what Segue plays, or of the host.

use super::chord_detector::{self, ChordDetector};
use super::gate::Articulation;
use super::held_notes::{HeldNote, HeldNotes, Part};
use super::row::Row;
use super::run::Run;
use crate::host::{Key, KeyPattern};
use crate::time::Time;
use crate::time::now::Now;
use crate::time::tick_map::FramePosition;
use segue_model::chord::Chord;
use segue_model::harmony::HeardChord;
use segue_model::improviser::HeardKey;
use segue_model::note::{Ticks, Velocity};

/// Keys struck within this time are one chord.
const CHORD_MS: f32 = 30.0;

/// The player.
#[derive(Debug)]
pub struct Player {
    held: HeldNotes,
    detector: ChordDetector,
    gate: Articulation,
    row: Row,
    run: Run,
    /// The next key's name.
    next_id: u32,
    /// No key is heard earlier than one that was heard before.
    last_onset: Ticks,
    /// The chord that was struck last, and since which moment of the beats.
    chord: Option<(Chord, f64)>,
}

/// A key that has been lifted.
#[derive(Debug, Clone, Copy)]
pub struct Lifted {
    /// As it was held.
    pub held: HeldNote,
    /// The note is over; else the pedal lets it ring on.
    pub is_over: bool,
    /// How long the key was down.
    pub held_for: Ticks,
}

impl Default for Player {
    fn default() -> Self {
        Self {
            held: HeldNotes::default(),
            detector: ChordDetector::default(),
            gate: Articulation::default(),
            row: Row::default(),
            run: Run::default(),
            next_id: 0,
            last_onset: Ticks(i64::MIN),
            chord: None,
        }
    }
}

impl Player {
    /// Nothing is played any more, and no chord is on its way.
    pub fn stop(&mut self) {
        self.detector.forget();
        self.run.forget();
        self.row.forget();
        self.gate = Articulation::default();
    }

    /// Takes the next key away that is held, with its pedal.
    pub fn drop_one(&mut self) -> Option<HeldNote> {
        self.held.drop_one()
    }

    /// A new performance.
    pub fn start_afresh(&mut self) {
        (self.next_id, self.last_onset, self.chord) = (0, Ticks(i64::MIN), None);
    }

    /// The ticks that count are others: those of beats say nothing about those of seconds.
    pub fn forget_ticks(&mut self) {
        self.last_onset = Ticks(i64::MIN);
        self.run.forget();
        self.gate = Articulation::default();
    }

    /// The chord that was struck last is forgotten.
    pub fn forget_chord(&mut self) {
        self.chord = None;
    }

    /// The keys that are held.
    pub fn held(&self) -> &HeldNotes {
        &self.held
    }

    /// The chord that was struck last, and since which moment of the beats.
    pub fn chord(&self) -> Option<(Chord, f64)> {
        self.chord
    }

    /// The onset of a key that goes down now.
    pub fn onset(&self, now: &Now<'_>) -> Ticks {
        now.maps.style.heard_tick(now.offset(), self.run.last()).max(self.last_onset)
    }

    /// A key of the melody is struck.
    pub fn strike(&mut self, onset: Ticks, now: &Now<'_>) {
        if self.run.strike(onset, together(now)) {
            self.gate.key_down(onset, now.maps.style.played_tick(now.offset()));
        }
        self.row.strike(now.position(), now.sample_rate);
    }

    /// A finger goes down. False when there are too many to follow.
    #[must_use]
    pub fn press(&mut self, held: HeldNote, now: &Now<'_>) -> bool {
        let is_followed = self.held.press(held);
        self.detector.finger_down(&held, now.settings());
        is_followed
    }

    /// Lifts the next finger that matches.
    pub fn lift(&mut self, keys: KeyPattern, now: &Now<'_>) -> Option<Lifted> {
        let (held, is_over) = self.held.lift(keys)?;
        self.held.hold_drones(held.onset, together(now), now.settings().drone_below);
        let held_for = now.maps.style.lifted_tick(now.offset()) - held.onset;
        if held.part == Part::Melody {
            self.gate.key_up(held.onset, now.maps.style.played_tick(now.offset()));
        }
        Some(Lifted { held, is_over, held_for })
    }

    /// No finger plays the melody any more.
    pub fn let_go(&mut self, now: &Now<'_>) {
        self.row.let_go(now.position());
    }

    /// The next note of this key that only the pedal holds: struck again, it is over.
    pub fn damp(&mut self, key: Key) -> Option<HeldNote> {
        self.held.damp(key)
    }

    /// Moves a channel's pedal.
    pub fn set_pedal(&mut self, channel: u8, down: bool) {
        self.held.set_pedal(channel, down);
    }

    /// The next note that only the pedal held and that it holds no more.
    pub fn next_unpedalled(&mut self) -> Option<HeldNote> {
        self.held.let_go()
    }

    /// When the fingers will have come to rest on a chord; `None` when none is on its way.
    pub fn chord_rests_at(&self, now: &Now<'_>) -> Option<FramePosition> {
        self.detector.rest(now.frames_in_ms(CHORD_MS))
    }

    /// The fingers have come to rest on a chord, or leave it: the chord, if it is another one.
    pub fn hear_chord(&mut self, now: &Now<'_>, time: &Time) -> Option<HeardChord> {
        let (struck, heard) = self.detector.hear(&self.held, now.settings(), time.of_style().bars())?;
        self.chord = Some((heard.chord, now.maps.beats.moment_of(now.offset_of(struck))));
        Some(heard)
    }

    /// What a key is played for.
    pub fn part_of(now: &Now<'_>, key: Key) -> Part {
        chord_detector::part_of(now.settings(), key)
    }

    /// A key of the melody as the worker is told of it.
    pub fn heard_key(&self, now: &Now<'_>, time: &Time, key: Key, velocity: f32, onset: Ticks) -> HeardKey {
        HeardKey {
            id: self.next_id,
            onset,
            pitch: key.pitch,
            velocity: Velocity::nearest(velocity * 127.0),
            bars: Some(time.of_style().bars()),
            together: together(now),
            form: time.of_style().form(),
            gate_percent: self.gate.percent(),
            memory: now.settings().sampling.memory,
            seed: now.settings().sampling.seed,
        }
    }

    /// The worker has been told of a key.
    pub fn was_heard(&mut self, onset: Ticks) {
        self.next_id = self.next_id.wrapping_add(1);
        self.last_onset = onset;
    }

    /// The earliest moment from `cut` on that the player leaves free.
    pub fn room_after(&mut self, cut: Ticks) -> Ticks {
        self.run.room_after(cut)
    }

    /// Where the next note of the player's row would be too late to belong to it, as an offset; the present where there is no
    /// row.
    pub fn row_overdue(&self, now: &Now<'_>, time: &Time) -> i64 {
        let beat = time.beats().frames_in(Ticks::quarters(1));
        let due = self.row.overdue_at(now.position(), beat, now.sample_rate);
        due.map_or(now.offset(), |due| now.offset_of(due))
    }
}

/// How long fingers may take to strike one chord.
fn together(now: &Now<'_>) -> Ticks {
    now.maps.style.ticks_in_frames(f64::from(CHORD_MS) * now.sample_rate / 1000.0)
}
