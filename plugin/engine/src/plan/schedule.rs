//! The schedule: Segue's planned notes and its sounding notes.
//!
//! Invariant: every note that begins here also ends here: by its duration, by the end of the turn, with the first note
//! of a later plan, or with a transport discontinuity. Knows nothing of requests.

use crate::host::{FrameOffset, HostIo, Key, NoteSource, SynthEvent};
use crate::output::Output;
use crate::output::active_notes::{NoteOnResult, NoteToken};
use crate::turns::turn::Part;
use arrayvec::ArrayVec;
use segue_model::note::{Note, Pitch, Ticks};

/// The most planned notes: several replies.
const PLANNED: usize = 256;
/// The most notes of Segue that sound at once.
const SOUNDING: usize = 64;

/// A note that has not begun.
#[derive(Debug, Clone, Copy)]
pub struct ScheduledNote {
    /// As it will sound.
    pub note: Note,
    /// Its pitch as the model decided it, before the octave setting moved it.
    pub model_pitch: Pitch,
}

/// Names a plan: all notes from one start of Segue's to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct PlanId(u32);

#[derive(Debug, Clone, Copy)]
struct SoundingNote {
    pitch: Pitch,
    channel: u8,
    onset: Ticks,
    plan: PlanId,
    /// When it ends, in ticks, with the lag of its part.
    until: f64,
    /// `None` when the host did not accept its note-on.
    token: Option<NoteToken>,
}

/// Planned and sounding notes.
#[derive(Debug, Default)]
pub struct Schedule {
    /// The plan of the notes that begin from now on.
    plan: PlanId,
    /// Notes that have not begun, in order of onset.
    planned: ArrayVec<ScheduledNote, PLANNED>,
    sounding: ArrayVec<SoundingNote, SOUNDING>,
    /// The latest onset at which notes began.
    begun: BegunChord,
}

/// The keys of one plan that began on one tick. A doubled note is recognised here even when the first is over.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct BegunChord {
    plan: PlanId,
    onset: Ticks,
    /// One bit for each.
    keys: u128,
}

impl BegunChord {
    /// Adds a key. False when it is already there.
    fn add(&mut self, plan: PlanId, onset: Ticks, pitch: Pitch) -> bool {
        if (self.plan, self.onset) != (plan, onset) {
            *self = Self { plan, onset, keys: 0 };
        }
        let before = self.keys;
        self.keys |= 1 << pitch.key();
        self.keys != before
    }
}

impl Schedule {
    /// Starts a new plan: notes that begin from now on belong to it.
    pub fn begin_plan(&mut self) {
        self.plan = PlanId(self.plan.0.wrapping_add(1));
    }

    /// Adds a note. False when there is no room.
    #[must_use]
    pub fn plan(&mut self, scheduled: ScheduledNote) -> bool {
        let at = self.planned.partition_point(|planned| planned.note.onset <= scheduled.note.onset);
        self.planned.try_insert(at, scheduled).is_ok()
    }

    /// Whether another note can be planned.
    pub fn has_room_to_plan(&self) -> bool {
        !self.planned.is_full()
    }

    /// Replaces the next planned note by one with the same onset.
    pub fn replace_next(&mut self, note: Note) {
        if let Some(next) = self.planned.first_mut() {
            next.note = note;
        }
    }

    /// The notes that have not begun, in order of onset.
    pub fn planned(&self) -> impl Iterator<Item = &Note> {
        self.planned.iter().map(|planned| &planned.note)
    }

    /// The onset of the next note to begin.
    pub fn next_on(&self) -> Option<Ticks> {
        self.planned.first().map(|planned| planned.note.onset)
    }

    /// The onset of the last planned note.
    pub fn last_on(&self) -> Option<Ticks> {
        self.planned.last().map(|planned| planned.note.onset)
    }

    /// The onset of the last note that has begun; `None` since [`Self::end_all`].
    pub fn last_begun(&self) -> Option<Ticks> {
        (self.begun.keys != 0).then_some(self.begun.onset)
    }

    /// Whether a note of the present plan has begun at this tick or later.
    pub fn has_begun_from(&self, tick: Ticks) -> bool {
        self.begun.keys != 0 && self.begun.plan == self.plan && self.begun.onset >= tick
    }

    /// Removes the next planned note.
    pub fn skip_next(&mut self) -> Option<ScheduledNote> {
        self.planned.pop_at(0)
    }

    /// Removes the next planned note if its onset lies before this tick.
    pub fn skip_before(&mut self, tick: Ticks) -> Option<ScheduledNote> {
        self.next_on().filter(|onset| *onset < tick)?;
        self.skip_next()
    }

    /// Whether another note can begin.
    pub fn has_room(&self) -> bool {
        !self.sounding.is_full()
    }

    /// When the next sounding note ends, in ticks.
    pub fn next_off(&self) -> Option<f64> {
        self.sounding.iter().map(|sounding| sounding.until).min_by(f64::total_cmp)
    }

    /// Removes all planned notes.
    pub fn withdraw(&mut self) {
        self.planned.clear();
    }

    /// Removes the planned notes that begin at this tick or later.
    pub fn withdraw_from(&mut self, cut: Ticks) {
        self.planned.retain(|planned| planned.note.onset < cut);
    }

    /// Sounding notes end at this moment at the latest.
    pub fn end_by(&mut self, moment: f64) {
        for sounding in &mut self.sounding {
            sounding.until = sounding.until.min(moment);
        }
    }

    /// Whether anything sounds.
    pub fn is_sounding(&self) -> bool {
        !self.sounding.is_empty()
    }

    /// Begins the next note, on this channel, if it is sent at all. False when the host refused it: then only the
    /// built-in sound plays it.
    #[must_use]
    pub fn begin_next(
        &mut self,
        part: Part,
        (channel, is_sent): (u8, bool),
        at: FrameOffset,
        host: &mut impl HostIo,
        output: &mut Output,
    ) -> bool {
        let Some(ScheduledNote { note, .. }) = self.skip_next() else { return true };
        if !self.begun.add(self.plan, note.onset, note.pitch) {
            // The same key twice in one chord is one note.
            return true;
        }
        let same_key = |sounding: &SoundingNote| sounding.pitch == note.pitch && sounding.channel == channel;
        // Notes of an earlier plan end, because the two plans together could exceed the polyphony setting.
        let plan = self.plan;
        self.end_where(at, host, output, |sounding| same_key(sounding) || sounding.plan != plan);
        if self.sounding.is_full() {
            // Without a place in the list its note-off would be lost.
            return false;
        }
        let key = Key { voice: None, channel, pitch: note.pitch };
        let velocity = f32::from(note.velocity.value()) / 127.0;
        let sent =
            if is_sent { output.note_on(host, at, key, velocity, NoteSource::Segue) } else { NoteOnResult::NoOutput };
        let token = if let NoteOnResult::Sounds(token) = sent { Some(token) } else { None };
        host.play(at, SynthEvent::NoteOn { source: NoteSource::Segue, channel, pitch: note.pitch, velocity });
        let until = part.cut(note.onset + note.duration);
        self.sounding.push(SoundingNote {
            pitch: note.pitch,
            channel,
            onset: note.onset,
            plan,
            until: until.as_f64() + part.lag,
            token,
        });
        sent != NoteOnResult::Refused
    }

    /// Ends the notes that are due to end at `moment`.
    pub fn end_due(&mut self, moment: f64, at: FrameOffset, host: &mut impl HostIo, output: &mut Output) {
        self.end_where(at, host, output, |sounding| sounding.until <= moment);
    }

    /// Ends the notes that began before this tick.
    pub fn end_before(&mut self, tick: Ticks, at: FrameOffset, host: &mut impl HostIo, output: &mut Output) {
        self.end_where(at, host, output, |sounding| sounding.onset < tick);
    }

    /// Ends all sounding notes.
    pub fn end_all(&mut self, at: FrameOffset, host: &mut impl HostIo, output: &mut Output) {
        self.end_where(at, host, output, |_| true);
        self.begun = BegunChord::default();
    }

    /// Removes all notes without a host at hand. The output keeps the pending note-offs.
    pub fn clear(&mut self) {
        self.planned.clear();
        self.sounding.clear();
        self.begun = BegunChord::default();
    }

    fn end_where(
        &mut self,
        at: FrameOffset,
        host: &mut impl HostIo,
        output: &mut Output,
        which: impl Fn(&SoundingNote) -> bool,
    ) {
        self.sounding.retain(|sounding| {
            if !which(sounding) {
                return true;
            }
            if let Some(token) = sounding.token {
                output.note_off(host, at, token);
            }
            host.play(
                at,
                SynthEvent::NoteOff { source: NoteSource::Segue, channel: sounding.channel, pitch: sounding.pitch },
            );
            false
        });
    }
}
