//! The voices of a tune: which one a line belongs to, and which one is kept.

use super::cursor::Cursor;
use super::key::shift_of;
use super::scan::Scanner;

/// Why a tune is refused, with the index of the line at fault.
pub(super) type Fault = (Option<usize>, String);

/// All voices of a tune while it is read.
pub(super) struct Voices {
    /// In the order in which they come; never empty.
    all: Vec<Voice>,
    current: usize,
    /// How a voice begins that has not come yet.
    blank: Scanner,
    /// Voices that the header names, with the semitones by which they sound higher.
    declared: Vec<(String, i8)>,
}

struct Voice {
    name: String,
    scanner: Scanner,
    /// The first thing that could not be read in it: what follows is passed over.
    fault: Option<Fault>,
    /// Things that were passed over, with their lines.
    skipped: Vec<(usize, String)>,
}

/// What is kept of a tune.
pub(super) struct Kept {
    pub scanner: Scanner,
    /// Things that were passed over, with the indices of their lines.
    pub skipped: Vec<(usize, String)>,
}

impl Voices {
    /// `blank` has what the header says; `declared` are its `V:` lines. Music before any `V:` belongs to the first
    /// voice that was declared, or to one without a name.
    pub fn new(blank: Scanner, declared: &[String]) -> Self {
        let declared: Vec<(String, i8)> = declared
            .iter()
            .map(|value| name_and_shift(value))
            .map(|(name, shift)| (name, shift.unwrap_or(0)))
            .collect();
        let mut voices = Self { all: Vec::new(), current: 0, blank, declared };
        let first = voices.declared.first().map_or_else(String::new, |(name, _)| name.clone());
        voices.enter(&first);
        voices
    }

    fn enter(&mut self, name: &str) {
        self.current = self.all.iter().position(|voice| voice.name == name).unwrap_or_else(|| {
            let shift = self.declared.iter().find(|(declared, _)| declared == name).map_or(0, |(_, shift)| *shift);
            let mut scanner = self.blank.clone();
            scanner.voice_shift = shift;
            self.all.push(Voice { name: name.to_owned(), scanner, fault: None, skipped: Vec::new() });
            self.all.len() - 1
        });
    }

    /// `V:` with the name of a voice and its settings.
    fn change_voice(&mut self, value: &str) {
        let (name, shift) = name_and_shift(value);
        self.enter(&name);
        if let Some(shift) = shift {
            self.all[self.current].scanner.voice_shift = shift;
        }
    }

    /// A field on a line of its own.
    pub fn field(&mut self, line: usize, name: char, value: &str) {
        let nothing_sounds = self.all.iter().all(|voice| !voice.scanner.has_sound());
        match name {
            'V' => self.change_voice(value),
            // Parts are those of the tune, whichever voice is being written.
            'P' => {
                self.blank.label(value);
                self.all.iter_mut().for_each(|voice| voice.scanner.label(value));
            }
            'K' | 'M' | 'L' | 'I' if nothing_sounds => {
                // What cannot be read is said where the voices meet it.
                let _ = self.blank.field(name, value);
                for voice in &mut self.all {
                    voice.read(line, |scanner| scanner.field(name, value));
                }
            }
            _ => self.all[self.current].read(line, |scanner| scanner.field(name, value)),
        }
    }

    /// A line of music, without its comment. It may go from one voice to another.
    pub fn music(&mut self, line: usize, text: &str) {
        const CHANGE: &str = "[V:";
        let mut rest = text;
        while !rest.is_empty() {
            if let Some((value, after)) = rest.strip_prefix(CHANGE).and_then(|inside| inside.split_once(']')) {
                self.change_voice(value.trim());
                rest = after;
                continue;
            }
            // A change that is never closed is a fault of the voice in which it stands.
            let end = rest.get(1..).and_then(|behind| behind.find(CHANGE)).map_or(rest.len(), |at| at + 1);
            let (of_voice, after) = rest.split_at(end);
            self.all[self.current].read(line, |scanner| scanner.music(of_voice));
            rest = after;
        }
    }

    /// Whether any voice has music.
    pub fn has_music(&self) -> bool {
        self.all.iter().any(|voice| !voice.scanner.items.is_empty())
    }

    /// The first voice that has notes; one that cannot be read is not passed over for another.
    pub fn kept(mut self) -> Result<Kept, Fault> {
        let is_kept = |voice: &Voice| voice.fault.is_some() || voice.scanner.has_notes();
        let first = self.all.iter().position(is_kept).unwrap_or(0);
        let voice = self.all.swap_remove(first);
        if let Some(fault) = voice.fault {
            return Err(fault);
        }
        voice.scanner.finish().map_err(|reason| (None, reason))?;
        Ok(Kept { scanner: voice.scanner, skipped: voice.skipped })
    }
}

impl Voice {
    fn read(&mut self, line: usize, read: impl FnOnce(&mut Scanner) -> Result<(), String>) {
        if self.fault.is_some() {
            return;
        }
        if let Err(reason) = read(&mut self.scanner) {
            self.fault = Some((Some(line), reason));
        }
        self.skipped.extend(self.scanner.skipped.drain(..).map(|what| (line, what)));
    }
}

/// The name that `V:` gives a voice, and by how many semitones it says that the voice sounds higher, if it says so.
fn name_and_shift(value: &str) -> (String, Option<i8>) {
    let mut cursor = Cursor::new(value.trim());
    let name = cursor.take_while(|c| !c.is_whitespace()).to_owned();
    // Names in quotation marks may have anything in them.
    let settings: String = cursor.rest().split('"').step_by(2).collect();
    let shift = settings.split_whitespace().filter_map(shift_of).reduce(i8::saturating_add);
    (name, shift)
}
