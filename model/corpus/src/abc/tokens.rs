//! The small pieces of written music: numbers, lengths, accidentals, decorations, bar lines.

use super::cursor::Cursor;
use super::written::Bar;

/// `:2`; a colon without a number asks for the usual value, as does 0.
pub(super) fn tuplet_argument(cursor: &mut Cursor<'_>) -> Result<Option<i64>, String> {
    if cursor.peek() != Some(':') || cursor.second() == Some('|') {
        return Ok(None);
    }
    cursor.bump();
    Ok(number(cursor)?.filter(|value| *value > 0))
}

/// A number of at most four digits.
pub(super) fn number(cursor: &mut Cursor<'_>) -> Result<Option<i64>, String> {
    const MOST_DIGITS: usize = 4;
    let digits = cursor.take_while(|c| c.is_ascii_digit());
    if digits.len() > MOST_DIGITS {
        return Err(format!("the number {} is beyond all measure", digits.chars().take(12).collect::<String>()));
    }
    Ok(digits.parse().ok())
}

/// `3/2`, `/`, `//`: a multiple of the unit.
pub(super) fn length(cursor: &mut Cursor<'_>) -> Result<(i64, i64), String> {
    const FINEST: i64 = 1024;
    let numerator = number(cursor)?.unwrap_or(1);
    let mut denominator: i64 = 1;
    while cursor.peek() == Some('/') {
        cursor.bump();
        denominator = denominator.saturating_mul(number(cursor)?.unwrap_or(2));
        if !(1..=FINEST).contains(&denominator) {
            return Err("a note is divided beyond all measure".to_owned());
        }
    }
    Ok((numerator, denominator))
}

/// `^`, `__`, `=`; `None` when there is none.
pub(super) fn accidental(cursor: &mut Cursor<'_>) -> Option<i8> {
    let signs = cursor.take_while(|c| matches!(c, '^' | '_' | '='));
    cursor.skip_while(char::is_whitespace);
    let sharps = signs.chars().filter(|c| *c == '^').count();
    let flats = signs.chars().filter(|c| *c == '_').count();
    let accidental = i8::try_from(sharps.min(2)).unwrap_or(2) - i8::try_from(flats.min(2)).unwrap_or(2);
    (!signs.is_empty()).then_some(accidental)
}

/// `'` and `,` behind a letter, in octaves.
pub(super) fn octave_marks(cursor: &mut Cursor<'_>) -> i8 {
    let marks = cursor.take_while(|c| matches!(c, '\'' | ','));
    marks.chars().fold(0, |octave: i8, mark| octave.saturating_add(if mark == ',' { -1 } else { 1 }))
}

/// The text between two quotation marks; one that is never closed reaches to the end of the line.
pub(super) fn quoted<'a>(cursor: &mut Cursor<'a>) -> &'a str {
    cursor.bump();
    let text = cursor.take_while(|c| c != '"');
    cursor.bump();
    text.trim()
}

/// `!trill!`, `!D.C. al Fine!`, or a lone `!`, which is a break of the line on paper.
pub(super) fn skip_decoration(cursor: &mut Cursor<'_>) {
    cursor.bump();
    let name = cursor.rest().find('!').map(|end| &cursor.rest()[..end]);
    let is_word = |name: &str| !name.contains(|c: char| c.is_whitespace() || matches!(c, '|' | '[' | ']'));
    if let Some(name) = name.filter(|name| is_word(name) || is_direction(name)) {
        cursor.advance(name.len() + 1);
    }
}

/// `+trill+` within a chord; a lone `+` means nothing there.
pub(super) fn skip_plus_decoration(cursor: &mut Cursor<'_>) {
    cursor.bump();
    let name = cursor.rest().find('+').map(|end| &cursor.rest()[..end]);
    if let Some(name) = name.filter(|name| !name.contains([']', '|'])) {
        cursor.advance(name.len() + 1);
    }
}

/// Whether a text with blanks in it is words, such as `D.C. al Fine`, and not music between two breaks of the line.
fn is_direction(text: &str) -> bool {
    const FEWEST_OTHER_LETTERS: usize = 2;
    let is_music = |c: char| c.is_ascii_digit() || "|[]{}()<>/,'^_=:\"&".contains(c);
    // Letters that are no notes, no rests and no ornaments.
    let is_other = |c: &char| c.is_ascii_lowercase() && !"abcdefgxyzuv".contains(*c);
    !text.contains(is_music) && text.chars().filter(is_other).count() >= FEWEST_OTHER_LETTERS
}

/// The characters of one bar line: `:|`, `|]`, `:||:`, `[|`, `::`.
pub(super) fn bar_run<'a>(cursor: &mut Cursor<'a>) -> &'a str {
    let start = cursor.rest();
    while let Some(next) = cursor.peek() {
        let opens_thick = next == '[' && cursor.second() == Some('|');
        if !matches!(next, '|' | ':' | ']') && !opens_thick {
            break;
        }
        cursor.bump();
    }
    &start[..start.len() - cursor.rest().len()]
}

/// What a run of bar line characters says. Colons before a line close a repeat, colons behind the last one open one.
pub(super) fn bar_of(run: &str) -> Bar {
    const MOST_AGAIN: usize = 3;
    let strokes = run.chars().filter(|c| matches!(c, '|' | '[' | ']')).count();
    let (again, opens) = match (run.find('|'), run.rfind('|')) {
        (Some(first), Some(last)) => {
            let before = run[..first].matches(':').count();
            let opens = run[last..].contains(':');
            // `|:|` closes a repeat; in `|:||:` the first colon adds nothing.
            let between = !opens && run[first..last].contains(':');
            (before.max(usize::from(between)), opens)
        }
        // `::`
        _ => (1, true),
    };
    Bar { again: u8::try_from(again.min(MOST_AGAIN)).unwrap_or(1), opens, section: strokes > 1, ending: None }
}

/// `1`, `1,3`, `1-3`, `1.`: the passes at which an ending is played.
pub(super) fn endings(cursor: &mut Cursor<'_>) -> Result<Vec<u8>, String> {
    const MOST_PASSES: i64 = 16;
    let mut passes = Vec::new();
    let mut from = None;
    while let Some(pass) = number(cursor)? {
        if !(1..=MOST_PASSES).contains(&pass) {
            return Err(format!("an ending for pass {pass} (1 to {MOST_PASSES} are possible)"));
        }
        passes.extend((from.unwrap_or(pass)..=pass).filter_map(|pass| u8::try_from(pass).ok()));
        let more = cursor.second().is_some_and(|c| c.is_ascii_digit());
        from = match cursor.peek() {
            Some('-') if more => Some(pass + 1),
            Some(',') if more => None,
            _ => break,
        };
        cursor.bump();
    }
    passes.sort_unstable();
    passes.dedup();
    Ok(passes)
}

/// Whether the bracket at which the cursor stands opens an ending that is named in words, `["last time" A2 …`, and not
/// a chord with a symbol inside, `["Am"Ac]`.
pub(super) fn is_named_ending(cursor: &Cursor<'_>) -> bool {
    let Some((_, behind)) = cursor.rest().strip_prefix("[\"").and_then(|rest| rest.split_once('"')) else {
        return false;
    };
    !behind.chars().find(|c| matches!(c, '[' | ']' | '|' | '"')).is_some_and(|c| matches!(c, ']' | '"'))
}

/// Whether a text over the music is meant as a chord: a root with something behind it that is no word. `A1` and the
/// like name sections.
pub(super) fn is_meant_as_chord(text: &str) -> bool {
    const LONGEST: usize = 12;
    let mut letters = text.chars();
    let has_root = letters.next().is_some_and(|c| matches!(c, 'A'..='H'));
    let rest = letters.as_str();
    let is_section = rest.len() == 1 && rest.starts_with(|c: char| c.is_ascii_digit());
    let has_sign = rest.contains(|c: char| c.is_ascii_digit() || "#♯♭°øΔ^+".contains(c));
    has_root && has_sign && !is_section && text.len() <= LONGEST && !rest.contains(char::is_whitespace)
}
