//! What Segue is still to play and what it is playing.
//!
//! Invariant: a note that begins to sound here also ends here: by its length, by the end of the turn, because Segue has
//! begun to play anew, or because the song broke off.

use crate::host::{FrameOffset, HostIo, Key, NoteSource, SynthEvent};
use crate::output::Output;
use crate::output::active_notes::{NoteOnResult, NoteToken};
use crate::turns::turn::Part;
use arrayvec::ArrayVec;
use segue_model::note::{Note, Pitch, Ticks};

/// Notes that may be planned: several replies of the mind.
const PLANNED: usize = 256;
/// Notes of Segue that may sound at once.
const SOUNDING: usize = 64;

/// A note that has not begun.
#[derive(Debug, Clone, Copy)]
pub struct ScheduledNote {
    /// As it will sound.
    pub note: Note,
    /// The pitch by which the mind knows it.
    pub told: Pitch,
}

/// A plan: everything that is decided from one beginning of Segue's on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct PlanId(u32);

#[derive(Debug, Clone, Copy)]
struct Sounding {
    pitch: Pitch,
    channel: u8,
    /// When it began.
    onset: Ticks,
    /// The plan that it belongs to.
    plan: PlanId,
    /// When it ends, its part's lag included.
    until: f64,
    token: Option<NoteToken>,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Schedule {
    /// What begins from now on belongs to it.
    plan: PlanId,
    /// In order of onset.
    planned: ArrayVec<ScheduledNote, PLANNED>,
    sounding: ArrayVec<Sounding, SOUNDING>,
    /// The latest chord.
    struck: Chord,
}

/// Which keys of a plan began on one tick, so that a doubled note is known as such even when the first is over.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Chord {
    plan: PlanId,
    onset: Ticks,
    /// One bit for each.
    keys: u128,
}

impl Chord {
    /// Takes a key in. False when it is there.
    fn strike(&mut self, plan: PlanId, onset: Ticks, pitch: Pitch) -> bool {
        if (self.plan, self.onset) != (plan, onset) {
            *self = Self { plan, onset, keys: 0 };
        }
        let before = self.keys;
        self.keys |= 1 << pitch.key();
        self.keys != before
    }
}

impl Schedule {
    /// What begins from now on belongs to another plan.
    pub fn begin_plan(&mut self) {
        self.plan = PlanId(self.plan.0.wrapping_add(1));
    }

    /// Takes a note in. False when there is no room.
    #[must_use]
    pub fn plan(&mut self, intended: ScheduledNote) -> bool {
        let at = self.planned.partition_point(|planned| planned.note.onset <= intended.note.onset);
        self.planned.try_insert(at, intended).is_ok()
    }

    /// What has not begun, in order of onset.
    pub fn planned(&self) -> impl Iterator<Item = &Note> {
        self.planned.iter().map(|planned| &planned.note)
    }

    /// The onset of the next note to begin.
    pub fn next_on(&self) -> Option<Ticks> {
        self.planned.first().map(|planned| planned.note.onset)
    }

    /// The onset of the last note that is planned.
    pub fn last_on(&self) -> Option<Ticks> {
        self.planned.last().map(|planned| planned.note.onset)
    }

    /// The onset of the last note that has begun; `None` since all was ended at once.
    pub fn last_begun(&self) -> Option<Ticks> {
        (self.struck.keys != 0).then_some(self.struck.onset)
    }

    /// The key of the next note to begin.
    pub fn next_pitch(&self) -> Option<Pitch> {
        self.planned.first().map(|planned| planned.note.pitch)
    }

    /// Forgets the next note.
    pub fn skip_next(&mut self) -> Option<ScheduledNote> {
        self.planned.pop_at(0)
    }

    /// Forgets the next note that was to begin before this moment and has not.
    pub fn skip_before(&mut self, moment: Ticks) -> Option<ScheduledNote> {
        self.next_on().filter(|onset| *onset < moment)?;
        self.skip_next()
    }

    /// Whether another note can be followed to its end.
    pub fn has_room(&self) -> bool {
        !self.sounding.is_full()
    }

    /// The moment of the next note to end.
    pub fn next_off(&self) -> Option<f64> {
        self.sounding.iter().map(|sounding| sounding.until).min_by(f64::total_cmp)
    }

    /// Forgets what has not begun.
    pub fn withdraw(&mut self) {
        self.planned.clear();
    }

    /// Forgets what begins at this moment or later.
    pub fn withdraw_from(&mut self, cut: Ticks) {
        self.planned.retain(|planned| planned.note.onset < cut);
    }

    /// What sounds now ends at this moment at the latest.
    pub fn end_by(&mut self, moment: f64) {
        for sounding in &mut self.sounding {
            sounding.until = sounding.until.min(moment);
        }
    }

    /// Whether anything sounds.
    pub fn is_sounding(&self) -> bool {
        !self.sounding.is_empty()
    }

    /// Begins the next note. False when the host would not take it: then it is heard from the built-in sound alone.
    #[must_use]
    pub fn begin_next(
        &mut self,
        part: Part,
        channel: u8,
        at: FrameOffset,
        host: &mut impl HostIo,
        output: &mut Output,
    ) -> bool {
        let Some(ScheduledNote { note, .. }) = self.skip_next() else { return true };
        if !self.struck.strike(self.plan, note.onset, note.pitch) {
            // Twice the same key in one chord is one note.
            return true;
        }
        let same_key = |sounding: &Sounding| sounding.pitch == note.pitch && sounding.channel == channel;
        // What still rings from an earlier plan makes room: a line stays a line, and a chord has no more voices than it may.
        let plan = self.plan;
        self.end_where(at, host, output, |sounding| same_key(sounding) || sounding.plan != plan);
        if self.sounding.is_full() {
            // Nobody would end it.
            return false;
        }
        let key = Key { voice: None, channel, pitch: note.pitch };
        let velocity = f32::from(note.velocity.value()) / 127.0;
        let struck = output.note_on(host, at, key, velocity, NoteSource::Segue);
        let token = if let NoteOnResult::Sounds(token) = struck { Some(token) } else { None };
        host.play(at, SynthEvent::NoteOn { who: NoteSource::Segue, channel, pitch: note.pitch, velocity });
        let until = part.cut(note.onset + note.duration);
        self.sounding.push(Sounding {
            pitch: note.pitch,
            channel,
            onset: note.onset,
            plan,
            until: until.as_f64() + part.lag,
            token,
        });
        struck != NoteOnResult::Refused
    }

    /// Ends every note whose time is over at `moment`.
    pub fn end_due(&mut self, moment: f64, at: FrameOffset, host: &mut impl HostIo, output: &mut Output) {
        self.end_where(at, host, output, |sounding| sounding.until <= moment);
    }

    /// Ends everything that began before this moment.
    pub fn end_before(&mut self, moment: Ticks, at: FrameOffset, host: &mut impl HostIo, output: &mut Output) {
        self.end_where(at, host, output, |sounding| sounding.onset < moment);
    }

    /// Ends everything.
    pub fn end_all(&mut self, at: FrameOffset, host: &mut impl HostIo, output: &mut Output) {
        self.end_where(at, host, output, |_| true);
        self.struck = Chord::default();
    }

    /// Forgets everything when there is no host to tell. The output still holds their note-offs.
    pub fn clear(&mut self) {
        self.planned.clear();
        self.sounding.clear();
        self.struck = Chord::default();
    }

    fn end_where(
        &mut self,
        at: FrameOffset,
        host: &mut impl HostIo,
        output: &mut Output,
        which: impl Fn(&Sounding) -> bool,
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
                SynthEvent::NoteOff { who: NoteSource::Segue, channel: sounding.channel, pitch: sounding.pitch },
            );
            false
        });
    }
}
