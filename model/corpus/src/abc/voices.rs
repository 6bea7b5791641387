//! The voices of a tune: which one a line belongs to, and which one is used.
//!
//! By custom the first voice is the melody. Another one is used only where the first is very likely none: a bass,
//! chords, or a voice without the words that another one has.

use super::cursor::Cursor;
use super::key::shift_of;
use super::scan::{MOST_REMARKS, Scanner};
use super::written::{Item, MOST_ITEMS};
use crate::melody::LineProfile;

/// Why a tune is refused, with the index of the faulty line.
pub(super) type VoiceFault = (Option<usize>, String);

/// Scores for an orchestra have some forty.
pub(super) const MOST_VOICES: usize = 256;

pub(super) fn too_many_voices() -> String {
    format!("the tune has more than {MOST_VOICES} voices; divide it")
}

/// All voices of a tune while it is read.
pub(super) struct TuneVoices {
    /// In the order in which they appear; never empty.
    all: Vec<TuneVoice>,
    current: usize,
    /// The state in which a new voice begins.
    template: Scanner,
    /// Voices that the header names, each with its transposition in semitones and all settings.
    declared: Vec<(String, i8, String)>,
    /// Why the tune as a whole is refused.
    fault: Option<VoiceFault>,
}

struct TuneVoice {
    name: String,
    /// All that `V:` lines say of it.
    settings: String,
    /// Whether it has words, in `w:` lines.
    is_sung: bool,
    scanner: Scanner,
    /// The first error in it: everything after that is skipped.
    fault: Option<VoiceFault>,
    /// What was skipped, with the lines.
    skipped: Vec<(usize, String)>,
    /// The index of its first line.
    line: Option<usize>,
}

/// What is used of a tune.
pub(super) struct Kept {
    pub scanner: Scanner,
    /// What was skipped, with the indices of the lines.
    pub skipped: Vec<(usize, String)>,
}

impl TuneVoices {
    /// `template` has the values of the header; `declared` are its `V:` lines. Music before any `V:` belongs to the
    /// first declared voice, or to one without a name.
    pub fn new(template: Scanner, declared: &[String]) -> Self {
        let settings = |value: &String| {
            let (name, shift) = name_and_shift(value);
            (name, shift.unwrap_or(0), value.clone())
        };
        let declared: Vec<(String, i8, String)> = declared.iter().map(settings).collect();
        let mut voices = Self { all: Vec::new(), current: 0, template, declared, fault: None };
        let first = voices.declared.first().map_or_else(String::new, |(name, ..)| name.clone());
        voices.enter(&first);
        voices
    }

    fn enter(&mut self, name: &str) {
        self.current = self.all.iter().position(|voice| voice.name == name).unwrap_or_else(|| {
            let declared = self.declared.iter().find(|(declared, ..)| declared == name).cloned();
            let (name, shift, settings) = declared.unwrap_or_else(|| (name.to_owned(), 0, String::new()));
            let mut scanner = self.template.clone();
            scanner.voice_shift = shift;
            let (skipped, fault, line) = (Vec::new(), None, None);
            self.all.push(TuneVoice { name, settings, is_sung: false, scanner, fault, skipped, line });
            self.all.len() - 1
        });
    }

    /// Reads `V:` with the name of a voice and its settings.
    fn change_voice(&mut self, line: usize, value: &str) {
        let (name, shift) = name_and_shift(value);
        self.enter(&name);
        if self.all.len() > MOST_VOICES {
            self.refuse(line, too_many_voices());
        }
        let voice = &mut self.all[self.current];
        voice.settings.push(' ');
        voice.settings.push_str(value);
        if let Some(shift) = shift {
            voice.scanner.voice_shift = shift;
        }
    }

    /// Nothing more is read.
    fn refuse(&mut self, line: usize, reason: String) {
        self.fault.get_or_insert((Some(line), reason));
    }

    /// Whether the tune is refused as a whole, so that its other lines need not be read.
    pub fn is_refused(&self) -> bool {
        self.fault.is_some()
    }

    /// Reads a field on a line of its own.
    pub fn field(&mut self, line: usize, name: char, value: &str) {
        let nothing_sounds = self.all.iter().all(|voice| !voice.scanner.page.has_sound());
        match name {
            'V' => self.change_voice(line, value),
            'w' => self.all[self.current].is_sung = true,
            // Parts belong to the tune, whichever voice is being written.
            'P' => {
                self.template.label(value);
                self.all.iter_mut().for_each(|voice| voice.scanner.label(value));
            }
            'K' | 'M' | 'L' | 'I' if nothing_sounds => {
                // An error is reported by the voices that use the field.
                let _ = self.template.field(name, value);
                for voice in &mut self.all {
                    voice.read(line, |scanner| scanner.field(name, value));
                }
            }
            _ => self.all[self.current].read(line, |scanner| scanner.field(name, value)),
        }
    }

    /// Reads a line of music without its comment. It may change from one voice to another.
    pub fn music(&mut self, line: usize, text: &str) {
        const CHANGE: &str = "[V:";
        let mut rest = text;
        while !rest.is_empty() {
            if let Some((value, after)) = rest.strip_prefix(CHANGE).and_then(|inside| inside.split_once(']')) {
                self.change_voice(line, value.trim());
                rest = after;
                continue;
            }
            // A change without its closing bracket is an error in the voice that contains it.
            let end = rest.get(1..).and_then(|behind| behind.find(CHANGE)).map_or(rest.len(), |at| at + 1);
            let (of_voice, after) = rest.split_at(end);
            self.all[self.current].read(line, |scanner| scanner.music(of_voice));
            rest = after;
        }
        if self.all.iter().map(|voice| voice.scanner.page.items.len()).sum::<usize>() > MOST_ITEMS {
            self.refuse(line, format!("the tune has more than {MOST_ITEMS} notes and signs; divide it"));
        }
    }

    /// Whether any voice has music.
    pub fn has_music(&self) -> bool {
        self.all.iter().any(|voice| !voice.scanner.page.items.is_empty())
    }

    /// The voice that is most likely the melody, of those with notes. A voice with an error is not skipped in favour of
    /// a later one.
    pub fn kept(mut self) -> Result<Kept, VoiceFault> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let is_kept = |voice: &TuneVoice| voice.fault.is_some() || voice.scanner.page.has_notes();
        let first = self.all.iter().position(is_kept).unwrap_or(0);
        let kept = if self.all[first].fault.is_some() { first } else { self.melody(first) };
        let with_notes = self.all.iter().filter(|voice| voice.scanner.page.has_notes()).count();
        let mut voice = self.all.swap_remove(kept);
        if let Some(fault) = voice.fault {
            return Err(fault);
        }
        voice.scanner.finish().map_err(|reason| (None, reason))?;
        if let Some(line) = voice.line.filter(|_| with_notes > 1) {
            let name = if voice.name.is_empty() { "without a name".to_owned() } else { format!("V:{}", voice.name) };
            let which = if kept == first { "the first one" } else { "the one that is most like a melody" };
            voice.skipped.push((line, format!("of its {with_notes} voices {which} is read, {name}")));
        }
        Ok(Kept { scanner: voice.scanner, skipped: voice.skipped })
    }

    /// The index of the voice that is most likely the melody. `first` has notes and no error.
    fn melody(&self, first: usize) -> usize {
        /// By so much another voice must be likelier than the first. Of two fiddles the lower one may be the first.
        const CUSTOM: f64 = 2.0;
        /// Fewer notes say too little of a voice.
        const FEWEST: usize = 8;
        let profiles: Vec<LineProfile> = self.all.iter().map(TuneVoice::profile).collect();
        let most_onsets = profiles.iter().map(|profile| profile.onsets).max().unwrap_or(0);
        let score = |index: usize| {
            let (voice, profile) = (&self.all[index], &profiles[index]);
            let custom = if index == first { CUSTOM } else { 0.0 };
            profile.score(&voice.settings, most_onsets, profile.onsets) + custom
        };
        let is_able = |index: &usize| self.all[*index].fault.is_none() && profiles[*index].notes >= FEWEST;
        let others = (first + 1..self.all.len()).filter(is_able);
        others.fold(first, |best, index| if score(index) > score(best) { index } else { best })
    }
}

impl TuneVoice {
    fn profile(&self) -> LineProfile {
        let mut profile = LineProfile::default();
        let sounds = self.scanner.page.items.iter().filter_map(|placed| match &placed.item {
            Item::Sound(sound) => Some(sound),
            _ => None,
        });
        for (moment, sound) in (0..).zip(sounds) {
            sound.notes.iter().for_each(|note| profile.note(moment, note.pitch.key(), self.is_sung));
        }
        profile
    }

    fn read(&mut self, line: usize, read: impl FnOnce(&mut Scanner) -> Result<(), String>) {
        if self.fault.is_some() {
            return;
        }
        self.line.get_or_insert(line);
        if let Err(reason) = read(&mut self.scanner) {
            self.fault = Some((Some(line), reason));
        }
        let left = MOST_REMARKS.saturating_sub(self.skipped.len());
        self.skipped.extend(self.scanner.skipped.drain(..).take(left).map(|what| (line, what)));
    }
}

/// The name that `V:` gives a voice, and its transposition in semitones, if it states one.
fn name_and_shift(value: &str) -> (String, Option<i8>) {
    let mut cursor = Cursor::new(value.trim());
    let name = cursor.take_while(|c| !c.is_whitespace()).to_owned();
    // Names in quotation marks may contain anything.
    let settings: String = cursor.rest().split('"').step_by(2).collect();
    let shift = settings.split_whitespace().filter_map(shift_of).reduce(i8::saturating_add);
    (name, shift)
}
