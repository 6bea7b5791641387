//! The player: held notes, chords, articulation, and when the next note is due. The only writer of all that.
//!
//! Knows nothing of the turn, of what Segue plays, or of the host.

use super::broken_chord::{BrokenChord, BrokenTone};
use super::chord_detector::{self, ChordDetector};
use super::gate::Articulation;
use super::held_notes::{HeldNote, HeldNotes, KeyRole};
use super::mpe::MpeMessage;
use super::row::Row;
use super::run::Run;
use crate::host::{Key, KeyPattern, Settings};
use crate::time::Time;
use crate::time::now::Now;
use crate::time::tick_map::FramePosition;
use segue_model::chord::Chord;
use segue_model::harmony::HeardChord;
use segue_model::improviser::HeardKey;
use segue_model::note::{Ticks, Velocity};

/// Keys that go down within this time form one chord.
const CHORD_MS: f32 = 30.0;

/// The state of the player's keys.
#[derive(Debug)]
pub struct Player {
    held: HeldNotes,
    detector: ChordDetector,
    broken: BrokenChord,
    /// When the last chord key went up; `None` while one is down.
    chord_up: Option<FramePosition>,
    /// Whether the latest key was the first one of a possible chord.
    begins_chord: bool,
    gate: Articulation,
    row: Row,
    run: Run,
    mpe: MpeMessage,
    /// The id of the next heard note.
    next_id: u32,
    /// The onset of the latest heard note; no later note is heard before it.
    last_onset: Ticks,
    /// The latest chord, and the moment of its first key in ticks of beats.
    chord: Option<(Chord, f64)>,
}

/// A note whose key went up.
#[derive(Debug, Clone, Copy)]
pub struct Lifted {
    /// The note.
    pub held: HeldNote,
    /// Whether the note is over; otherwise the pedal holds it.
    pub is_over: bool,
    /// How long the key was down.
    pub held_for: Ticks,
}

impl Default for Player {
    fn default() -> Self {
        Self {
            held: HeldNotes::default(),
            detector: ChordDetector::default(),
            broken: BrokenChord::default(),
            chord_up: None,
            begins_chord: false,
            gate: Articulation::default(),
            row: Row::default(),
            run: Run::default(),
            mpe: MpeMessage::default(),
            next_id: 0,
            last_onset: Ticks(i64::MIN),
            chord: None,
        }
    }
}

impl Player {
    /// Forgets rhythm and articulation, because the performance stops. Held notes are removed by [`Self::drop_one`].
    pub fn stop(&mut self) {
        self.detector.forget();
        self.broken.forget();
        self.chord_up = None;
        self.run.forget();
        self.row.forget();
        self.gate = Articulation::default();
    }

    /// Removes one held note after the other, and all pedals.
    pub fn drop_one(&mut self) -> Option<HeldNote> {
        self.held.drop_one()
    }

    /// Starts a new performance.
    pub fn start_afresh(&mut self) {
        (self.next_id, self.last_onset, self.chord) = (0, Ticks(i64::MIN), None);
        self.mpe = MpeMessage::default();
    }

    /// Forgets all onsets, because the style now counts other ticks.
    pub fn forget_ticks(&mut self) {
        self.last_onset = Ticks(i64::MIN);
        self.run.forget();
        self.gate = Articulation::default();
    }

    /// Forgets the latest chord.
    pub fn forget_chord(&mut self) {
        self.chord = None;
    }

    /// The held notes.
    pub fn held(&self) -> &HeldNotes {
        &self.held
    }

    /// The latest chord, and the moment of its first key in ticks of beats.
    pub fn chord(&self) -> Option<(Chord, f64)> {
        self.chord
    }

    /// The onset of a key that goes down now.
    pub fn onset(&self, now: &Now<'_>) -> Ticks {
        now.maps.style.heard_tick(now.offset(), self.run.last()).max(self.last_onset)
    }

    /// Notes the onset of a melody key.
    pub fn onset_played(&mut self, onset: Ticks, now: &Now<'_>) {
        if self.run.note_on(onset, together(now)) {
            self.gate.key_down(onset, now.maps.style.played_tick(now.offset()));
        }
        self.row.note_on(now.position(), now.sample_rate);
    }

    /// Adds a note whose key goes down. False when there is no room for it.
    #[must_use]
    pub fn key_down(&mut self, held: HeldNote, now: &Now<'_>) -> bool {
        let is_followed = self.held.add(held);
        self.begins_chord = self.detector.key_down(&held, now.settings());
        if held.role == KeyRole::Chords {
            self.chord_up = None;
        }
        is_followed
    }

    /// Takes the next matching key up.
    pub fn key_up(&mut self, keys: KeyPattern, now: &Now<'_>) -> Option<Lifted> {
        let (held, is_over) = self.held.key_up(keys)?;
        if held.role != KeyRole::Drums {
            self.held.mark_drones(held.onset, together(now), now.settings().turn.drone_below);
        }
        let held_for = now.maps.style.lifted_tick(now.offset()) - held.onset;
        if held.role == KeyRole::Chords && self.held.down(KeyRole::Chords).next().is_none() {
            self.chord_up = Some(now.position());
        }
        if held.role == KeyRole::Melody {
            self.gate.key_up(held.onset, now.maps.style.played_tick(now.offset()));
        }
        Some(Lifted { held, is_over, held_for })
    }

    /// Notes that no melody key is down any more.
    pub fn keys_up(&mut self, now: &Now<'_>) {
        self.row.keys_up(now.position());
    }

    /// Removes the next note of this key that only the pedal holds, because the same key goes down again.
    pub fn end_pedalled(&mut self, key: Key) -> Option<HeldNote> {
        self.held.end_pedalled(key)
    }

    /// Sets the pedal of a channel.
    pub fn set_pedal(&mut self, channel: u8, down: bool) {
        self.held.set_pedal(channel, down);
    }

    /// Removes the next note whose key is up and that no pedal holds any more.
    pub fn next_unpedalled(&mut self) -> Option<HeldNote> {
        self.held.next_unpedalled()
    }

    /// When the next chord is complete; `None` while no key of it is down.
    pub fn chord_complete_at(&self, now: &Now<'_>) -> Option<FramePosition> {
        self.detector.complete_at(now.frames_in_ms(CHORD_MS))
    }

    /// The chord that is complete now, if it is a new one, and the position of its first key. `keys_go_up`: no further
    /// key belongs to it.
    pub fn detect_chord(
        &mut self,
        now: &Now<'_>,
        time: &Time,
        keys_go_up: bool,
    ) -> Option<(FramePosition, HeardChord)> {
        let ends_at = self.detector.ends_at(now.frames_in_ms(CHORD_MS));
        let is_over = keys_go_up || ends_at.is_some_and(|end| now.position() >= end);
        let (since, heard) = self.detector.detect(&self.held, now.settings(), time.of_style().bars(), is_over)?;
        self.broken.forget();
        self.chord = Some((heard.chord, now.maps.beats.moment_of(now.offset_of(since))));
        Some((since, heard))
    }

    /// A chord key goes down: the chord that it completes with those before it, where they are struck one by one.
    pub fn break_chord(&mut self, now: &Now<'_>, time: &Time, held: &HeldNote) -> Option<HeardChord> {
        if held.role != KeyRole::Chords || !self.begins_chord {
            return None;
        }
        let bars = time.of_style().bars();
        let tone = BrokenTone { pitch: held.key.pitch, onset: held.onset, at: held.down_at };
        let (chord, first) = self.broken.strike(tone, self.chord.map(|(chord, _)| chord), bars)?;
        self.chord = Some((chord, now.maps.beats.moment_of(now.offset_of(first.at))));
        Some(HeardChord { from: first.onset, bars: Some(bars), chord })
    }

    /// Whether a chord may be struck on the beat of now: its first keys are down, or the hand has just left the chord
    /// before.
    pub fn may_strike_chord(&self, now: &Now<'_>, time: &Time) -> bool {
        let eighth = time.beats().frames_in(Ticks(Ticks::quarters(1).0 / 2));
        let has_just_left = self.chord_up.is_some_and(|up| now.position().0 - up.0 <= eighth);
        self.detector.awaits_keys() || has_just_left
    }

    /// The role of a key.
    pub fn role_of(&self, now: &Now<'_>, key: Key) -> KeyRole {
        chord_detector::role_of(now.settings(), self.is_mpe(now.settings()), key)
    }

    /// A controller moves that may switch MPE. True when pedals now hold other channels.
    pub fn control(&mut self, settings: &Settings, channel: u8, number: u8, value: f32) -> bool {
        self.mpe.control(channel, number, value);
        self.follow_mpe(settings)
    }

    /// Adopts the setting for MPE. True when pedals now hold other channels.
    pub fn follow_mpe(&mut self, settings: &Settings) -> bool {
        let pedalled = self.held.pedalled();
        self.held.set_mpe(self.is_mpe(settings));
        self.held.pedalled() != pedalled
    }

    fn is_mpe(&self, settings: &Settings) -> bool {
        settings.midi.mpe || self.mpe.is_on()
    }

    /// A melody key as it is sent to the worker.
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

    /// Notes that a key was sent to the worker.
    pub fn was_heard(&mut self, onset: Ticks) {
        self.next_id = self.next_id.wrapping_add(1);
        self.last_onset = onset;
    }

    /// The first tick at or after `cut` that a run of the player leaves free.
    pub fn room_after(&mut self, cut: Ticks) -> Ticks {
        self.run.room_after(cut)
    }

    /// The offset from which on the next note would be too late for the player's row; the present offset without a row.
    pub fn row_overdue(&self, now: &Now<'_>, time: &Time) -> i64 {
        let beat = time.beats().frames_in(Ticks::quarters(1));
        let due = self.row.overdue_at(now.position(), beat, now.sample_rate);
        due.map_or(now.offset(), |due| now.offset_of(due))
    }
}

/// The time within which keys form one chord, in ticks.
fn together(now: &Now<'_>) -> Ticks {
    now.maps.style.ticks_in_frames(f64::from(CHORD_MS) * now.sample_rate / 1000.0)
}
