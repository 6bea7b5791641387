//! Reads ABC notation: a book of tunes as text.
//!
//! Understood are the headers that affect the music, repeats and endings, parts, tuplets, broken rhythm, keys and
//! modes, transposition, ties, chords, chord symbols and tempo; of several voices, the first that has notes is read.
//! Ignored are grace notes, ornaments, lyrics, overlays, jumps such as *da capo*, and all layout directives. A tune
//! whose music would come out wrong is refused on its own; symbols that were skipped but may be music are reported.

mod accidentals;
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
mod robust;
#[cfg(test)]
mod tests;

pub use key::KeySignature;
pub use write::write_abc;

use super::{Refused, Tune, text};
use accidentals::Reach;
use segue_model::bounded_file::SizeLimit;
use std::path::Path;
use tune::{Header, field, without_comment};

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
    let name = path.display().to_string();
    let refused = |reason| Refused::new(&name, reason);
    let bytes = LARGEST.read(path).map_err(|error| refused(error.to_string()))?;
    let book = parse_book(&text::decoded(&bytes), &name);
    if book.tunes.is_empty() && book.refused.is_empty() {
        let reason = "it has no tune: no line begins with X: (its number) or K: (its key)";
        return Err(refused(reason.to_owned()));
    }
    Ok(book)
}

/// Reads the text of a book; `name` is used in messages.
pub fn parse_book(text: &str, name: &str) -> Book {
    let mut book = Book::default();
    let all_lines: Vec<(usize, &str)> =
        text::lines(text.trim_start_matches('\u{feff}')).into_iter().enumerate().collect();
    let lines = without_text_blocks(&all_lines);
    // ABC 2.1, section 2.2, and abc2midi: an accidental applies to all octaves unless a book says otherwise.
    let reach = Reach::AllOctaves;
    let single = !lines.iter().any(|(_, line)| is_first_line(line));
    if single && !lines.iter().any(|(_, line)| matches!(field(line), Some(('K', _)))) {
        return book;
    }
    // The lines before the first `X:` are the book's own header, unless there is no `X:` at all.
    let preface = if single { 0 } else { lines.iter().position(|(_, line)| is_first_line(line)).unwrap_or(0) };
    let header = Header::of_book(&lines[..preface]);
    for tune in lines[preface..].chunk_by(|_, (_, next)| !is_first_line(next)) {
        let number = tune.first().and_then(|(_, line)| number(line));
        let about = |line: Option<usize>, reason| {
            let line = line.map(|index| index + 1);
            Refused { tune: number, line, ..Refused::new(name, reason) }
        };
        match tune::read(tune, &header, reach) {
            Ok(read) => {
                book.tunes.push((number, read.tune));
                book.skipped.extend(read.skipped.into_iter().map(|(line, what)| about(Some(line), what)));
            }
            Err((line, reason)) => book.refused.push(about(line, reason)),
        }
    }
    book
}

/// Whether a tune begins with this line.
fn is_first_line(line: &str) -> bool {
    line.trim_start().starts_with("X:")
}

/// The number of a tune; a comment or a title may follow it.
fn number(line: &str) -> Option<u32> {
    let value = without_comment(line).trim_start().strip_prefix("X:")?.trim();
    let digits = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
    value[..digits].parse().ok()
}

/// The kind of a text block that a line begins: `text` for `%%begintext`.
fn text_block(line: &str) -> Option<&str> {
    let name = line.trim_start().strip_prefix("%%")?.trim_start().strip_prefix("begin")?;
    let end = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
    Some(&name[..end]).filter(|name| !name.is_empty())
}

/// The lines without text blocks, such as text or `PostScript` between `%%begin…` and `%%end…` (ABC 2.1, section 11.4).
/// A block that does not end before the next tune stays.
fn without_text_blocks<'a>(lines: &[(usize, &'a str)]) -> Vec<(usize, &'a str)> {
    let mut kept = Vec::new();
    let mut rest = lines;
    while let Some(((index, line), behind)) = rest.split_first() {
        rest = behind;
        let Some(kind) = text_block(line) else {
            kept.push((*index, *line));
            continue;
        };
        let is_end = |line: &str| {
            let name = line.trim_start().strip_prefix("%%").and_then(|name| name.trim_start().strip_prefix("end"));
            name.is_some_and(|name| name.trim() == kind)
        };
        let end = behind.iter().take_while(|(_, line)| !is_first_line(line)).position(|(_, line)| is_end(line));
        match end {
            // Not replaced by an empty line, because that would end the tune.
            Some(end) => {
                kept.push((*index, "%"));
                rest = &behind[end + 1..];
            }
            None => kept.push((*index, *line)),
        }
    }
    kept
}
