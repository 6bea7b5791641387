//! The symbols on a line of a chart: bar lines, endings, section names, words.

/// A symbol on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A bar line.
    Line {
        closes: bool,
        opens: bool,
        /// Whether it is a double line, which ends a section.
        double: bool,
    },
    /// The numbers of an ending: `1`, `1,2`.
    Ending(&'a str),
    /// The name of a section, without its brackets.
    Name(&'a str),
    Word(&'a str),
}

/// Takes the next token from a line. `behind_line` says whether a bar line comes directly before it.
pub(super) fn token<'a>(rest: &mut &'a str, behind_line: bool) -> Option<Token<'a>> {
    let text = rest.trim_start();
    let is_right_behind = behind_line && text.len() == rest.len();
    let mut take = |length: usize| {
        let (taken, after) = text.split_at(length);
        *rest = after;
        taken
    };
    let first = text.chars().next()?;
    let line = text.len() - text.trim_start_matches(['|', ':', '‖']).len();
    match first {
        '|' | ':' | '‖' if text[..line].contains(['|', '‖']) => {
            let with_bracket = line + usize::from(text[line..].starts_with(']'));
            let signs = take(with_bracket);
            let strokes = signs.matches(['|', ']']).count() + 2 * signs.matches('‖').count();
            let closes = signs.starts_with(':');
            let opens = signs.len() > 1 && signs.ends_with(':') && !(closes && strokes == 0);
            Some(Token::Line { closes, opens, double: strokes > 1 })
        }
        '[' if text.starts_with("[|") => {
            let signs = take(1 + text[1..].len() - text[1..].trim_start_matches(['|', ':']).len());
            Some(Token::Line { closes: false, opens: signs.ends_with(':'), double: true })
        }
        '{' => {
            take(1);
            Some(Token::Line { closes: false, opens: true, double: false })
        }
        '}' => {
            take(1);
            Some(Token::Line { closes: true, opens: false, double: false })
        }
        '[' if text[1..].starts_with(|c: char| c.is_ascii_digit()) => {
            take(1);
            Some(Token::Ending(ending(rest)))
        }
        '0'..='9' if is_right_behind && !is_metre(text) => Some(Token::Ending(ending(rest))),
        '[' => {
            let end = text.find([']', '|']).filter(|end| text[*end..].starts_with(']'));
            match end {
                Some(end) => Some(Token::Name(&take(end + 1)[1..end])),
                None => Some(Token::Word(take(word_length(text)))),
            }
        }
        // iReal Pro's section names.
        '*' if text[1..].starts_with(|c: char| c.is_ascii_alphabetic()) => Some(Token::Name(&take(2)[1..])),
        _ => Some(Token::Word(take(word_length(text)))),
    }
}

/// The numbers of an ending, which a full stop may follow.
fn ending<'a>(rest: &mut &'a str) -> &'a str {
    let length = rest.find(|c: char| !c.is_ascii_digit() && !",.-".contains(c)).unwrap_or(rest.len());
    let (numbers, after) = rest.split_at(length);
    *rest = after;
    numbers.trim_end_matches('.')
}

/// A word ends at a space, at a bar line and at a repeat bracket.
fn word_length(text: &str) -> usize {
    let ends =
        |(at, c): (usize, char)| at > 0 && (c.is_whitespace() || "|{}‖".contains(c) || text[at..].starts_with(":|"));
    text.char_indices().find(|place| ends(*place)).map_or(text.len(), |(at, _)| at)
}

/// Whether the text begins with a metre such as `3/4`.
pub(super) fn is_metre(text: &str) -> bool {
    let behind = text.trim_start_matches(|c: char| c.is_ascii_digit());
    behind.len() < text.len()
        && behind.strip_prefix('/').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}
