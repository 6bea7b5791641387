//! Tuplets and broken rhythm: how they change the written lengths.

use super::cursor::Cursor;
use super::fields::MetreField;
use super::tokens::{number, tuplet_argument};
use super::written::WrittenSound;

/// The most notes in a tuplet.
const LARGEST_TUPLET: i64 = 64;
/// The most notes of a tuplet for which ABC defines the usual time.
const LARGEST_USUAL_TUPLET: i64 = 9;
/// The longest sign of broken rhythm is `>>>`.
const MOST_BROKEN: u32 = 3;

/// The rhythm that applies to the next sounds.
#[derive(Clone, Default)]
pub(super) struct Rhythm {
    tuplet: Option<Tuplet>,
    /// The factor that a `>` or `<` gives to the next sound, as a fraction.
    broken: Option<(i64, i64)>,
}

/// `(p:q:r`: `notes` notes in the time of `time_of`.
#[derive(Clone)]
struct Tuplet {
    notes: i64,
    time_of: i64,
    left: i64,
    begun: bool,
}

impl Rhythm {
    /// Applies the rhythm to a sound.
    pub fn apply(&mut self, sound: &mut WrittenSound) {
        let (broken_by, broken_to) = self.broken.take().unwrap_or((1, 1));
        sound.scale(broken_by, broken_to);
        if let Some(tuplet) = &mut self.tuplet {
            sound.scale(tuplet.time_of, tuplet.notes);
            tuplet.begun = true;
            tuplet.left -= 1;
            if tuplet.left == 0 {
                self.tuplet = None;
            }
        }
    }

    /// Checks the rhythm after the last line.
    pub fn finish(&self) -> Result<(), String> {
        match &self.tuplet {
            Some(tuplet) if !tuplet.begun => Err("a tuplet has no notes".to_owned()),
            _ => Ok(()),
        }
    }

    /// Reads a `>` or `<`. Returns the factor for the sound before it, as a fraction. At the start of a tune, without a
    /// sound before it, it has no effect.
    pub fn broken(&mut self, cursor: &mut Cursor<'_>, has_sound_before: bool) -> Result<Option<(i64, i64)>, String> {
        let sign = cursor.peek().unwrap_or('>');
        let count = u32::try_from(cursor.skip_while(|c| c == sign)).unwrap_or(u32::MAX);
        if count > MOST_BROKEN {
            return Err(format!("a broken rhythm has {count} signs"));
        }
        let whole = 1 << count;
        let (long, short) = ((2 * whole - 1, whole), (1, whole));
        let (first, second) = if sign == '>' { (long, short) } else { (short, long) };
        if has_sound_before {
            self.broken = Some(second);
        }
        Ok(has_sound_before.then_some(first))
    }

    /// Reads a `(`: a tuplet, or a slur, which does not affect the rhythm.
    pub fn tuplet_or_slur(&mut self, cursor: &mut Cursor<'_>, time: MetreField) -> Result<(), String> {
        cursor.bump();
        if !cursor.peek().is_some_and(|c| c.is_ascii_digit()) {
            return Ok(());
        }
        let notes = number(cursor)?.unwrap_or(0);
        if !(1..=LARGEST_TUPLET).contains(&notes) {
            return Err(format!("a tuplet has {notes} notes (1 to {LARGEST_TUPLET} are possible)"));
        }
        let time_of = tuplet_argument(cursor)?.unwrap_or_else(|| usual_time_of(notes, time));
        let left = tuplet_argument(cursor)?.unwrap_or(notes);
        if time_of > LARGEST_TUPLET * 2 || left > LARGEST_TUPLET * 2 {
            return Err("a tuplet is too large".to_owned());
        }
        // The same sign twice, `(3(3abc`, is a slip of the pen.
        if self.tuplet.as_ref().is_some_and(|open| !open.begun && open.notes != notes) {
            return Err("a tuplet has no notes".to_owned());
        }
        self.tuplet = Some(Tuplet { notes, time_of, left, begun: false });
        Ok(())
    }
}

/// In the time of how many notes a tuplet of `notes` is played if it does not say.
fn usual_time_of(notes: i64, time: MetreField) -> i64 {
    let compound = time.metre().is_some_and(|metre| metre.numerator % 3 == 0 && metre.numerator > 3);
    match notes {
        2 | 4 | 8 => 3,
        3 | 6 => 2,
        // The standard does not define these; other readers leave the written lengths unchanged.
        _ if !(2..=LARGEST_USUAL_TUPLET).contains(&notes) => notes,
        _ if compound => 3,
        _ => 2,
    }
}

impl WrittenSound {
    pub fn scale(&mut self, numerator: i64, denominator: i64) {
        self.advance = self.advance.scaled(numerator, denominator);
        for note in &mut self.notes {
            note.length = note.length.scaled(numerator, denominator);
        }
    }
}
