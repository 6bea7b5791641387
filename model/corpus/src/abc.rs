//! Reading ABC: a book of tunes in letters.
//!
//! Understood: the headers that bear on the music, repeats and endings, parts, tuplets, broken rhythm, keys and modes,
//! ties, chords, chord symbols, the first of several voices. Left out: grace notes, ornaments, lyrics, overlays, jumps
//! such as *da capo*, and every direction to an engraver. What would make the music wrong is refused tune by tune.

mod cursor;
mod exact;
mod fields;
mod key;
mod order;
mod played;
mod scan;
mod write;
mod written;

#[cfg(test)]
mod tests;

pub use key::Key;
pub use write::write_abc;

use super::{Refused, Tune};
use exact::Exact;
use fields::Time;
use scan::Scanner;
use std::path::Path;
use written::Placed;

/// What a file of tunes held.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Book {
    /// Each with its `X:` number, in the order of the file.
    pub tunes: Vec<(Option<u32>, Tune)>,
    /// Tunes that were passed over.
    pub refused: Vec<Refused>,
}

/// Reads a file of tunes. Text that is not UTF-8 is taken for Latin-1.
///
/// # Errors
/// When the file cannot be read or holds no tune at all. A tune that is wrong is no error: see [`Book::refused`].
pub fn read_book(path: &Path) -> Result<Book, Refused> {
    let name = path.display().to_string();
    let refused = |reason| Refused::new(&name, reason);
    let bytes = std::fs::read(path).map_err(|error| refused(format!("cannot be read ({error})")))?;
    let text = String::from_utf8(bytes)
        .unwrap_or_else(|not_utf8| not_utf8.as_bytes().iter().map(|byte| char::from(*byte)).collect());
    let book = parse_book(&text, &name);
    if book.tunes.is_empty() && book.refused.is_empty() {
        return Err(refused("there is no tune in it".to_owned()));
    }
    Ok(book)
}

/// Reads the text of a book; `name` is what refusals call it.
pub fn parse_book(text: &str, name: &str) -> Book {
    let mut book = Book::default();
    let lines: Vec<(usize, &str)> = text.trim_start_matches('\u{feff}').lines().enumerate().collect();
    let mut tunes = lines.chunk_by(|_, (_, next)| !next.starts_with("X:")).peekable();
    // What stands before the first `X:` is the book's own header, unless there is no `X:` at all.
    let is_preface = |tune: &[(usize, &str)]| !tune.first().is_some_and(|(_, line)| line.starts_with("X:"));
    let single = lines.iter().all(|(_, line)| !line.starts_with("X:"));
    if single && !lines.iter().any(|(_, line)| line.starts_with("K:")) {
        return book;
    }
    if !single {
        tunes.next_if(|tune| is_preface(tune));
    }
    for tune in tunes {
        let number = tune.first().and_then(|(_, line)| line.strip_prefix("X:")).and_then(|x| value(x).parse().ok());
        match parse_tune(tune) {
            Ok(read) => book.tunes.push((number, read)),
            Err((line, reason)) => {
                let line = line.map(|index| index + 1);
                book.refused.push(Refused { tune: number, line, ..Refused::new(name, reason) });
            }
        }
    }
    book
}

/// Why a tune is refused, with the index of the line at fault.
type Fault = (Option<usize>, String);

#[derive(Default)]
struct Header {
    title: Option<String>,
    time: Option<Time>,
    unit: Option<Exact>,
    /// The order in which parts are played; empty where none is stated.
    parts: Vec<char>,
    /// A part that begins with the music, where `Y:` stated the order already.
    first_part: Option<char>,
}

fn parse_tune(lines: &[(usize, &str)]) -> Result<Tune, Fault> {
    let page = read_page(lines)?;
    let tune = played::play(&page.items, &page.order);
    if tune.notes.is_empty() {
        return Err((None, "it has no notes".to_owned()));
    }
    Ok(Tune { title: page.title, ..tune })
}

/// A tune as it is written, and the order in which that is played.
struct Page {
    title: String,
    items: Vec<Placed>,
    order: Vec<usize>,
}

fn read_page(lines: &[(usize, &str)]) -> Result<Page, Fault> {
    let mut header = Header::default();
    let mut body: Option<Scanner> = None;
    for (index, line) in lines {
        let at = |reason: String| (Some(*index), reason);
        let text = without_comment(line);
        let Some(scanner) = &mut body else {
            body = header_line(&mut header, text).map_err(at)?;
            continue;
        };
        // A tune ends at the first empty line behind its music; a line that held a comment is not empty.
        if line.trim().is_empty() && !scanner.items.is_empty() {
            break;
        }
        match field(text) {
            // Nottingham's books have the order of parts in `Y:`, wherever it stands.
            Some(('Y', value)) => header.parts = fields::part_order(value).map_err(at)?,
            Some((name, value)) => scanner.field(name, value).map_err(at)?,
            None => scanner.music(text).map_err(at)?,
        }
    }
    let scanner = body.ok_or((None, "it has no key (K:)".to_owned()))?;
    scanner.finish().map_err(|reason| (None, reason))?;
    let order = order::play_order(&scanner.items, &header.parts).map_err(|reason| (None, reason))?;
    Ok(Page { title: header.title.unwrap_or_default(), items: scanner.items, order })
}

/// The key ends the header: with it the body begins.
fn header_line(header: &mut Header, text: &str) -> Result<Option<Scanner>, String> {
    match field(text) {
        Some(('T', value)) => {
            header.title.get_or_insert_with(|| value.replace("\\%", "%"));
        }
        Some(('M', value)) => header.time = Some(fields::time(value)?.0),
        Some(('L', value)) => header.unit = Some(fields::unit(value)?),
        Some(('P', value)) if !header.parts.is_empty() => header.first_part = value.chars().next(),
        Some(('P' | 'Y', value)) => header.parts = fields::part_order(value)?,
        Some(('K', value)) => {
            let mut scanner = Scanner::new(Key::parse(value)?, header.time.unwrap_or(Time::Free), header.unit);
            if let Some(part) = header.first_part {
                scanner.field('P', part.encode_utf8(&mut [0; 4]))?;
            }
            return Ok(Some(scanner));
        }
        _ => {}
    }
    Ok(None)
}

/// Name and value of a line such as `T:The Belfast`. A note before a repeat sign, `A:|`, is none.
fn field(text: &str) -> Option<(char, &str)> {
    let mut characters = text.trim_start().chars();
    let name = characters.next().filter(|c| c.is_ascii_alphabetic() || *c == '+')?;
    let rest = characters.as_str().strip_prefix(':')?;
    let is_note = matches!(name, 'A'..='G' | 'a'..='g' | 'x' | 'z') && rest.starts_with(['|', ':']);
    (!is_note).then(|| (name, value(rest)))
}

fn value(text: &str) -> &str {
    text.trim()
}

/// Cuts `% …`, but not `\%`.
fn without_comment(line: &str) -> &str {
    let comment = line.match_indices('%').find(|(at, _)| !line[..*at].ends_with('\\'));
    comment.map_or(line, |(at, _)| &line[..at])
}
