//! The lines of a book, and where its tunes begin. They are never all in memory: books have millions of lines.

use crate::text::{self, Lines};
use std::iter::Enumerate;

/// The lines of a book with their indices, without text blocks, such as text or `PostScript` between `%%begin…` and
/// `%%end…` (ABC 2.1, section 11.4). A block that does not end before the next tune stays, and so does the rest of its
/// tune.
#[derive(Clone)]
pub(super) struct BookLines<'a> {
    lines: Enumerate<Lines<'a>>,
    /// Whether a block of the present tune does not end.
    is_open: bool,
}

impl<'a> BookLines<'a> {
    pub fn of(text: &'a str) -> Self {
        Self { lines: text::lines(text.trim_start_matches('\u{feff}')).enumerate(), is_open: false }
    }

    /// The next line, unless a tune begins with it.
    pub fn next_within_tune(&mut self) -> Option<(usize, &'a str)> {
        let mut ahead = self.clone();
        let found = ahead.next().filter(|(_, line)| !is_first_line(line))?;
        *self = ahead;
        Some(found)
    }
}

impl<'a> Iterator for BookLines<'a> {
    type Item = (usize, &'a str);

    fn next(&mut self) -> Option<(usize, &'a str)> {
        let (index, line) = self.lines.next()?;
        if is_first_line(line) {
            self.is_open = false;
        }
        let Some(kind) = text_block(line).filter(|_| !self.is_open) else { return Some((index, line)) };
        let mut ahead = self.lines.clone();
        let is_end = |line: &str| {
            let name = line.trim_start().strip_prefix("%%").and_then(|name| name.trim_start().strip_prefix("end"));
            name.is_some_and(|name| name.trim() == kind)
        };
        let mut of_tune = ahead.by_ref().take_while(|(_, line)| !is_first_line(line));
        if of_tune.any(|(_, line)| is_end(line)) {
            self.lines = ahead;
            // Not an empty line, which would end the tune.
            return Some((index, "%"));
        }
        self.is_open = true;
        Some((index, line))
    }
}

/// Whether a tune begins with this line.
pub(super) fn is_first_line(line: &str) -> bool {
    line.trim_start().starts_with("X:")
}

/// The number of a tune; a comment or a title may follow it.
pub(super) fn number(line: &str) -> Option<u32> {
    let value = without_comment(line).trim_start().strip_prefix("X:")?.trim();
    let digits = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
    value[..digits].parse().ok()
}

/// The kind of a text block that a line begins: `text` for `%%begintext`.
pub(super) fn text_block(line: &str) -> Option<&str> {
    let name = line.trim_start().strip_prefix("%%")?.trim_start().strip_prefix("begin")?;
    let end = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
    Some(&name[..end]).filter(|name| !name.is_empty())
}

/// The name and value of a line such as `T:The Belfast`. A note before a repeat sign, `A:|`, is not a field.
pub(super) fn field(text: &str) -> Option<(char, &str)> {
    let mut characters = text.trim_start().chars();
    let name = characters.next().filter(|c| c.is_ascii_alphabetic() || *c == '+')?;
    let rest = characters.as_str().strip_prefix(':')?;
    let is_note = matches!(name, 'A'..='G' | 'a'..='g' | 'x' | 'z') && rest.starts_with(['|', ':']);
    (!is_note).then(|| (name, rest.trim()))
}

/// Cuts off a comment `% …`, but not `\%`.
pub(super) fn without_comment(line: &str) -> &str {
    let comment = line.match_indices('%').find(|(at, _)| !line[..*at].ends_with('\\'));
    comment.map_or(line, |(at, _)| &line[..at])
}
