//! Reads ABC notation: a book of tunes as text.
//!
//! Understood are the headers that affect the music, repeats and endings, parts, tuplets, broken rhythm, keys and
//! modes, transposition, ties, chords, chord symbols and tempo. Ignored are grace notes, ornaments, lyrics and all
//! layout directives. A tune whose music would come out wrong is refused on its own; what was skipped but may be music
//! is reported.
//!
//! Where readers disagree, this one does the following. The others are abc2midi 4.84 and abcjs 6.
//!
//! - An accidental reaches all octaves, to the end of the bar (ABC 2.1, section 11.3), unless `%%propagate-accidentals`
//!   says `octave` or `not`. abc2midi: the same; abcjs, as print: its own octave.
//! - Of several voices the one that is most like a melody is read, by custom the first, and of overlays (`&`,
//!   `(& … & … &)`) the first; what is left out is said. Others play all together. `&&` goes back by two bars (section
//!   7.4); others go back by one.
//! - Jumps (`D.C.`, `D.S.`, `To Coda`) are not followed, which is said. Others: the same; abc2midi says so.
//! - `:|` without `|:` goes back to the last repeat or double line (section 4.8), unless only an upbeat lies between.
//!   Others go back to the last repeat or the beginning.
//! - The order of parts (`P:` in the header) is followed; music under a label that it does not name belongs to the part
//!   before. abc2midi leaves that music out; abcjs plays the page once.
//! - 5, 7 or 9 notes without `:` are played in the time of 2 in 3/4 (section 4.13). abcjs: the same; abc2midi: of 3.
//!   10 and more notes are played in their own time. Others: the same; abc2midi complains.
//! - Broken rhythm between unequal notes scales both. abcjs: the same; abc2midi leaves it out.
//! - Grace notes and ornaments are left out. Others play some of them.
//! - A symbol that is no chord is said, and ends the chord before it. abcjs plays its root.
//! - A tune without `K:` is refused. abc2midi: the same; abcjs: it is in C.

mod accidentals;
mod book;
mod cursor;
mod exact;
mod fields;
mod key;
mod order;
mod overlay;
mod played;
mod rhythm;
mod scan;
mod tokens;
mod tune;
mod voices;
mod write;
mod written;
mod written_lengths;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod found;
#[cfg(test)]
mod robust;
#[cfg(test)]
mod tests;

pub use key::KeySignature;
pub use write::write_abc;

use super::{Refused, Tune, text};
use accidentals::Reach;
use book::{BookLines, field, is_first_line, number};
use segue_model::bounded_file::SizeLimit;
use std::path::Path;
use tune::Header;

/// All tunes of the largest collection on the web have a third of that.
const LARGEST: SizeLimit = SizeLimit::mebibytes("book of tunes", 64);

/// The content of a file of tunes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Book {
    /// Each tune with its `X:` number, in the order of the file.
    pub tunes: Vec<(Option<u32>, Tune)>,
    /// Tunes that could not be read.
    pub refused: Vec<Refused>,
    /// What was skipped within tunes that were read, such as chord symbols that are not chords.
    pub skipped: Vec<Refused>,
}

/// Reads a file of tunes. Text with a UTF-16 byte order mark is read as UTF-16; other text as UTF-8, or as Latin-1 if
/// it is not valid UTF-8.
///
/// # Errors
/// If the file cannot be read or contains no tune. A faulty tune is not an error: see [`Book::refused`].
pub fn read_book(path: &Path) -> Result<Book, Refused> {
    let mut book = Book::default();
    each_tune_of(path, |entry| book.add(entry))?;
    Ok(book)
}

impl Book {
    fn add(&mut self, entry: BookEntry) {
        match entry {
            BookEntry::Tune { number, tune, skipped } => {
                self.tunes.push((number, tune));
                self.skipped.extend(skipped);
            }
            BookEntry::Refused(refused) => self.refused.push(refused),
        }
    }
}

/// Reads the text of a book; `name` is used in messages.
pub fn parse_book(text: &str, name: &str) -> Book {
    let mut book = Book::default();
    each_tune(text, name, |entry| book.add(entry));
    book
}

/// A tune of a book.
pub(crate) enum BookEntry {
    /// With its number and what was skipped in it.
    Tune { number: Option<u32>, tune: Tune, skipped: Vec<Refused> },
    /// Why it could not be read.
    Refused(Refused),
}

/// Reads a file of tunes one by one, so that they need not all be in memory.
///
/// # Errors
/// As for [`read_book`].
pub(crate) fn each_tune_of(path: &Path, mut take: impl FnMut(BookEntry)) -> Result<(), Refused> {
    let name = path.display().to_string();
    let refused = |reason| Refused::new(&name, reason);
    let bytes = LARGEST.read(path).map_err(|error| refused(error.to_string()))?;
    let text = text::decoded(&bytes);
    drop(bytes);
    let mut has_tunes = false;
    each_tune(&text, &name, |entry| {
        has_tunes = true;
        take(entry);
    });
    if has_tunes {
        return Ok(());
    }
    let reason = "it has no tune: no line begins with X: (its number) or K: (its key)";
    Err(refused(reason.to_owned()))
}

fn each_tune(text: &str, name: &str, mut take: impl FnMut(BookEntry)) {
    // ABC 2.1, section 11.3, and abc2midi: an accidental applies to all octaves unless a book says otherwise.
    let reach = Reach::AllOctaves;
    let mut lines = BookLines::of(text);
    let single = !lines.clone().any(|(_, line)| is_first_line(line));
    if single && !lines.clone().any(|(_, line)| matches!(field(line), Some(('K', _)))) {
        return;
    }
    // The lines before the first `X:` are the book's own header, unless there is no `X:` at all.
    let header =
        if single { Header::default() } else { Header::of_book(&mut std::iter::from_fn(|| lines.next_within_tune())) };
    while let Some(first) = lines.next() {
        let number = number(first.1);
        let about = |line: Option<usize>, reason| {
            let line = line.map(|index| index + 1);
            Refused { tune: number, line, ..Refused::new(name, reason) }
        };
        let mut of_tune = std::iter::once(first).chain(std::iter::from_fn(|| lines.next_within_tune()));
        let read = tune::read(&mut of_tune, &header, reach);
        // The reader may end before the tune does.
        of_tune.for_each(drop);
        take(match read {
            Ok(read) => {
                let skipped = read.skipped.into_iter().map(|(line, what)| about(Some(line), what)).collect();
                BookEntry::Tune { number, tune: read.tune, skipped }
            }
            Err((line, reason)) => BookEntry::Refused(about(line, reason)),
        });
    }
}
