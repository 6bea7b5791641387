//! The tunes of a file that a user names, whatever its kind, and notices about them.

use crate::abc::{self, BookEntry};
use crate::folder::{is_abc, is_midi};
use crate::midi::{MidiOptions, MidiPiece, Voices, read_pieces};
use crate::{Refused, Tune};
use anyhow::{Result, bail};
use std::path::Path;

/// Which music of a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TuneSelection {
    /// The number of a tune in a book, or of a piece in a MIDI file with several.
    pub number: Option<u32>,
    /// The track of a MIDI file, from 1.
    pub track: Option<u16>,
    /// The channel of a MIDI file, from 1.
    pub channel: Option<u8>,
}

impl TuneSelection {
    fn names_part(self) -> bool {
        self.track.is_some() || self.channel.is_some()
    }
}

/// The tunes of a file.
#[derive(Debug, Default)]
pub struct Tunes {
    /// The tunes; those of a book have their numbers. Never empty. Of a book with very much music it is only the
    /// beginning, and the tune that was selected.
    pub all: Vec<(Option<u32>, Tune)>,
    path: String,
    selection: TuneSelection,
    /// The lowest and the highest number of a tune in the book.
    numbers: Option<(u32, u32)>,
    /// The first tune of the book that could not be read.
    first_refused: Option<Refused>,
    /// The selected tune, if it could not be read.
    selected_refused: Option<Refused>,
    skipped: Vec<Refused>,
    /// What was taken of each piece of a MIDI file, if there was a choice.
    melodies: Vec<Option<String>>,
}

/// All tunes of a MIDI file or a book. A book of which only a part can be read is accepted. The track and channel of
/// `selection` take precedence over the voices of `reading`.
///
/// # Errors
/// With a sentence that names the file.
pub fn read_tunes(path: &Path, selection: TuneSelection, reading: MidiOptions) -> Result<Tunes> {
    let TuneSelection { track, channel, .. } = selection;
    let name = path.display().to_string();
    let mut tunes = Tunes { path: name.clone(), selection, ..Tunes::default() };
    if is_abc(path) {
        if selection.names_part() {
            bail!("{name}: has no tracks and channels; leave out --track and --channel");
        }
        let mut notes = 0;
        abc::each_tune_of(path, |entry| tunes.add(entry, &mut notes))?;
        let refused = tunes.selected_refused.as_ref().or(tunes.first_refused.as_ref());
        return match refused {
            Some(refused) if tunes.all.is_empty() => Err(refused.clone().into()),
            _ => Ok(tunes),
        };
    }
    if !is_midi(path) {
        bail!("{name}: is neither .mid nor .abc, nor .midi, .kar or .rmi; give a file of one of these kinds");
    }
    let voices = if selection.names_part() { Voices::Chosen { track, channel } } else { reading.voices };
    let pieces = read_pieces(path, MidiOptions { voices, ..reading })?;
    let several = pieces.len() > 1;
    let chosen = |piece: &MidiPiece| {
        let taken = piece.taken.as_ref().filter(|taken| taken.parts > 1 && !selection.names_part())?;
        Some(format!("{name}: the melody is {taken}; --track and --channel choose another."))
    };
    let melodies = pieces.iter().map(chosen).collect();
    let numbered = |(index, piece): (usize, MidiPiece)| (u32::try_from(index + 1).ok().filter(|_| several), piece.tune);
    Ok(Tunes { all: pieces.into_iter().enumerate().map(numbered).collect(), melodies, ..tunes })
}

impl Tunes {
    /// Adds a tune of a book. `notes` counts those that were kept.
    fn add(&mut self, entry: BookEntry, notes: &mut usize) {
        /// Of longer books, only what may be selected is kept.
        const MOST_NOTES: usize = 1_000_000;
        let is_selected = |number: Option<u32>| number.is_some() && number == self.selection.number;
        match entry {
            BookEntry::Tune { number, tune, skipped } => {
                if let Some(number) = number {
                    let (low, high) = self.numbers.unwrap_or((number, number));
                    self.numbers = Some((low.min(number), high.max(number)));
                }
                if *notes < MOST_NOTES || is_selected(number) {
                    *notes += tune.notes.len();
                    self.all.push((number, tune));
                    self.skipped.extend(skipped);
                }
            }
            BookEntry::Refused(refused) => {
                if is_selected(refused.tune) && self.selected_refused.is_none() {
                    self.selected_refused = Some(refused.clone());
                }
                self.first_refused.get_or_insert(refused);
            }
        }
    }

    /// The tune with the selected number, or the first one.
    ///
    /// # Errors
    /// With the reason why that tune could not be read, or the numbers that exist.
    pub fn chosen(&self) -> Result<&Tune> {
        Ok(&self.all[self.index()?].1)
    }

    fn index(&self) -> Result<usize> {
        let Some(number) = self.selection.number else { return Ok(0) };
        // A MIDI file with one piece has no numbers.
        let found = self.all.iter().position(|(found, _)| *found == Some(number));
        let only = (!self.melodies.is_empty() && self.all.len() == 1).then_some(0);
        if let Some(index) = found.or(only) {
            return Ok(index);
        }
        if let Some(refused) = &self.selected_refused {
            return Err(refused.clone().into());
        }
        let pieces = self.all.iter().filter_map(|(number, _)| *number);
        let numbers = self.numbers.or_else(|| pieces.clone().min().zip(pieces.max()));
        match numbers {
            Some((low, high)) => bail!("{}: it has no tune {number}; its numbers go from {low} to {high}", self.path),
            None => bail!("{}: it has no tune {number}; its tunes have no numbers", self.path),
        }
    }

    /// What was taken of the file and what was not, each in one line.
    pub fn notices(&self) -> Vec<String> {
        let Ok(index) = self.index() else { return Vec::new() };
        let (number, tune) = &self.all[index];
        let mut notices: Vec<String> =
            self.skipped.iter().filter(|skipped| skipped.tune == *number).map(ToString::to_string).collect();
        notices.extend(self.melodies.get(index).cloned().flatten());
        // A user who names a tune knows which one is played.
        if self.selection.number.is_some() {
            return notices;
        }
        if self.melodies.len() > 1 {
            let count = self.melodies.len();
            notices.push(format!("{}: it has {count} pieces, and the first is played; --number chooses.", self.path));
        }
        if let Some(first) = &self.first_refused {
            let name = number.map_or_else(String::new, |number| format!(" {number}"));
            notices.push(format!("{first}. Tune{name}, “{}”, is played; --number chooses another.", tune.title));
        }
        notices
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests_support::Folder;

    const BOOK: &str = "X:1\nK:C\nA[B|\n\nX:2 % the second\nT:Two\nK:C\n\"C7x\"ABc|\n\nX:5\nK:C\ncde|\n";

    fn selection(number: Option<u32>) -> TuneSelection {
        TuneSelection { number, ..TuneSelection::default() }
    }

    #[test]
    fn a_tune_of_a_book_is_chosen_and_the_rest_is_said() {
        let folder = Folder::new("chosen").with("a.abc", BOOK);
        let path = folder.path().join("a.abc");
        let name = path.display();
        let read = |number| read_tunes(&path, selection(number), MidiOptions::default()).unwrap();
        assert_eq!(read(None).chosen().unwrap().title, "Two");
        let notices = read(None).notices();
        assert!(notices[0].starts_with(&format!("{name}, tune 2, line 8: “C7x” is not a chord; write")), "{notices:?}");
        let instead = "a chord is never closed. Tune 2, “Two”, is played; --number chooses another.";
        assert_eq!(notices[1], format!("{name}, tune 1, line 3: {instead}"));
        assert_eq!(read(Some(5)).notices(), Vec::<String>::new(), "who names a tune hears of that one only");
        let fault = |number| read(Some(number)).chosen().unwrap_err().to_string();
        assert_eq!(fault(1), format!("{name}, tune 1, line 3: a chord is never closed"));
        assert_eq!(fault(9), format!("{name}: it has no tune 9; its numbers go from 2 to 5"));
    }

    #[test]
    fn what_has_no_tracks_or_is_no_music_is_refused() {
        let folder = Folder::new("neither").with("a.abc", BOOK).with("b.txt", "text");
        let track = TuneSelection { track: Some(1), ..TuneSelection::default() };
        let fault = |file: &str, selection| {
            read_tunes(&folder.path().join(file), selection, MidiOptions::default()).unwrap_err().to_string()
        };
        assert!(fault("a.abc", track).ends_with("has no tracks and channels; leave out --track and --channel"));
        assert!(fault("b.txt", selection(None)).contains("is neither .mid nor .abc"));
    }
}
