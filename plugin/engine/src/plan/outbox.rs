//! The outbox: commands to the worker that wait for room in the link.
//!
//! Knows which command must not overtake which, and nothing of why they are sent.

use crate::host::StyleNumber;
use crate::input::held_notes::{HELD, HeldNote};
use crate::link::{Command, NOTES_PER_REQUEST, WorkerPort};
use crate::plan::schedule::ScheduledNote;
use arrayvec::ArrayVec;
use segue_model::harmony::{HarmonySource, HeardChord};
use segue_model::note::{Pitch, Ticks};

/// Notes that did not sound and were not yet reported: as many as one reply holds. Further ones stay in the model's
/// context as if they had sounded.
const UNPLAYED: usize = NOTES_PER_REQUEST;

/// Commands that wait for room in the link.
#[derive(Debug, Default)]
pub struct Outbox {
    /// The style to play.
    pub style: Option<StyleNumber>,
    /// Whether chart and own style are to be read again.
    pub reloads_files: bool,
    /// Whether the model is to forget everything.
    pub forgets_all: bool,
    /// Where the chords come from.
    pub chord_source: Option<HarmonySource>,
    /// The latest heard chord; it replaces one that waits.
    pub chord: Option<HeardChord>,
    retract: Option<Ticks>,
    /// Onsets and pitches, as the model knows them.
    forget_unplayed: ArrayVec<(Ticks, Pitch), UNPLAYED>,
    /// Durations of heard notes: with the pedal, two for each note.
    ends: ArrayVec<NoteEnd, { 2 * HELD }>,
}

/// The end of a key press, of a note, or of both.
#[derive(Debug, Clone, Copy)]
struct NoteEnd {
    id: u32,
    duration: Ticks,
    what: Ended,
}

#[derive(Debug, Clone, Copy)]
enum Ended {
    /// The key is up, and the note is over.
    Both,
    /// The key is up, and the pedal holds the note.
    Key,
    /// The note is over; its key went up earlier.
    Note,
}

impl From<NoteEnd> for Command {
    fn from(NoteEnd { id, duration, what }: NoteEnd) -> Self {
        match what {
            Ended::Both => Self::Amend { id, duration },
            Ended::Key => Self::ReleaseKey { id, duration },
            Ended::Note => Self::ReleasePedal { id, duration },
        }
    }
}

impl Outbox {
    /// Sends what fits, in order.
    pub fn send(&mut self, port: &mut impl WorkerPort) {
        // First, because the commands below may make the worker decide the same notes again.
        while let Some(&(onset, pitch)) = self.forget_unplayed.first() {
            if !port.send(Command::ForgetUnplayed { onset, pitch }) {
                return;
            }
            self.forget_unplayed.pop_at(0);
        }
        if self.forgets_all {
            self.forgets_all = !port.send(Command::ForgetAll);
        }
        if let Some(from) = self.retract.filter(|_| !self.forgets_all)
            && port.send(Command::Retract { from })
        {
            self.retract = None;
        }
        if let Some(style) = self.style.filter(|_| self.retract.is_none() && !self.forgets_all)
            && port.send(Command::Style(style))
        {
            self.style = None;
        }
        if self.reloads_files && port.send(Command::ReloadFiles) {
            self.reloads_files = false;
        }
        if let Some(source) = self.chord_source.filter(|_| !self.forgets_all)
            && port.send(Command::ChordSource(source))
        {
            self.chord_source = None;
        }
        if let Some(chord) = self.chord.filter(|_| self.chord_source.is_none() && !self.forgets_all)
            && port.send(Command::Chord(chord))
        {
            self.chord = None;
        }
        while let Some(&end) = self.ends.first() {
            if self.must_come_first() || !port.send(end.into()) {
                return;
            }
            self.ends.pop_at(0);
        }
    }

    /// Discards everything about the performance so far, and tells the worker to forget it. Style, files and chord
    /// source still count.
    pub fn start_afresh(&mut self) {
        let Self { style, reloads_files, chord_source, .. } = *self;
        *self = Self { style, reloads_files, chord_source, forgets_all: true, ..Self::default() };
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        !self.must_come_first() && self.ends.is_empty()
    }

    /// Whether the worker will send a chart once everything is sent.
    pub fn changes_chart(&self) -> bool {
        self.style.is_some() || self.reloads_files
    }

    fn must_come_first(&self) -> bool {
        let chords = self.chord_source.is_some() || self.chord.is_some();
        self.forgets_all
            || !self.forget_unplayed.is_empty()
            || self.retract.is_some()
            || self.style.is_some()
            || self.reloads_files
            || chords
    }

    /// The model is to retract its notes from this tick on.
    pub fn retract(&mut self, from: Ticks) {
        self.retract = Some(self.retract.map_or(from, |before| before.min(from)));
    }

    /// The model is to forget this note, because it will not sound.
    pub fn forget_unplayed(&mut self, ScheduledNote { note, model_pitch }: ScheduledNote) {
        let _ = self.forget_unplayed.try_push((note.onset, model_pitch));
    }

    /// A heard note is over after `duration`; its key may have gone up earlier, under the pedal.
    pub fn amend(&mut self, held: &HeldNote, duration: Ticks) {
        self.end(held, duration, if held.down { Ended::Both } else { Ended::Note });
    }

    /// The key of a heard note is up after `duration`, and the pedal holds the note.
    pub fn lift(&mut self, held: &HeldNote, duration: Ticks) {
        self.end(held, duration, Ended::Key);
    }

    /// The list has room for every key that can be held, because no heard note is sent while anything waits. If it were
    /// full, the model would keep the duration that it expected.
    fn end(&mut self, held: &HeldNote, duration: Ticks, what: Ended) {
        if let Some(id) = held.id {
            let _ = self.ends.try_push(NoteEnd { id, duration: duration.max(Ticks(1)), what });
        }
    }
}
