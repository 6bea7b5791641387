//! The elements of written music: numbers, lengths, accidentals, decorations, bar lines.

use super::cursor::Cursor;
use super::written::BarLine;

/// Reads an argument such as `:2`; a colon without a number means the usual value, and so does 0.
pub(super) fn tuplet_argument(cursor: &mut Cursor<'_>) -> Result<Option<i64>, String> {
    if cursor.peek() != Some(':') || cursor.second() == Some('|') {
        return Ok(None);
    }
    cursor.bump();
    Ok(number(cursor)?.filter(|value| *value > 0))
}

/// Reads a number of at most four digits.
pub(super) fn number(cursor: &mut Cursor<'_>) -> Result<Option<i64>, String> {
    const MOST_DIGITS: usize = 4;
    let digits = cursor.take_while(|c| c.is_ascii_digit());
    if digits.len() > MOST_DIGITS {
        return Err(format!("the number {} is too large", digits.chars().take(12).collect::<String>()));
    }
    Ok(digits.parse().ok())
}

/// Reads a multiple of the unit length, such as `3/2`, `/` or `//`.
pub(super) fn length(cursor: &mut Cursor<'_>) -> Result<(i64, i64), String> {
    const FINEST: i64 = 1024;
    let numerator = number(cursor)?.unwrap_or(1);
    let mut denominator: i64 = 1;
    while cursor.peek() == Some('/') {
        cursor.bump();
        denominator = denominator.saturating_mul(number(cursor)?.unwrap_or(2));
        if !(1..=FINEST).contains(&denominator) {
            return Err("a note is divided too often".to_owned());
        }
    }
    Ok((numerator, denominator))
}

/// Reads `^`, `__` or `=`; `None` if there is none.
pub(super) fn accidental(cursor: &mut Cursor<'_>) -> Option<i8> {
    let signs = cursor.take_while(|c| matches!(c, '^' | '_' | '='));
    cursor.skip_while(char::is_whitespace);
    let sharps = signs.chars().filter(|c| *c == '^').count();
    let flats = signs.chars().filter(|c| *c == '_').count();
    let accidental = i8::try_from(sharps.min(2)).unwrap_or(2) - i8::try_from(flats.min(2)).unwrap_or(2);
    (!signs.is_empty()).then_some(accidental)
}

/// Reads `'` and `,` after a letter, in octaves.
pub(super) fn octave_marks(cursor: &mut Cursor<'_>) -> i8 {
    let marks = cursor.take_while(|c| matches!(c, '\'' | ','));
    marks.chars().fold(0, |octave: i8, mark| octave.saturating_add(if mark == ',' { -1 } else { 1 }))
}

/// Reads the text between two quotation marks; without a closing mark, up to the end of the line.
pub(super) fn quoted<'a>(cursor: &mut Cursor<'a>) -> &'a str {
    cursor.bump();
    let text = cursor.take_while(|c| c != '"');
    cursor.bump();
    text.trim()
}

/// Skips `!trill!`, `!D.C. al Fine!`, or a single `!`, which is a line break on paper. Returns the name.
pub(super) fn skip_decoration<'a>(cursor: &mut Cursor<'a>) -> Option<&'a str> {
    cursor.bump();
    let rest = cursor.rest();
    let name = &rest[..rest.find('!')?];
    let is_word = |name: &str| !name.contains(|c: char| c.is_whitespace() || matches!(c, '|' | '[' | ']'));
    if !is_word(name) && !is_direction(name) {
        return None;
    }
    cursor.advance(name.len() + 1);
    Some(name)
}

/// What to say of a mark or a text that sends the player elsewhere: `D.C.`, `dacapo`, `D.S. al Coda`, `To Coda`. Jumps
/// are not followed: their marks are for players (ABC 2.1, section 4.14), and abc2midi and abcjs read past them, too.
pub(super) fn jump_notice(text: &str) -> Option<String> {
    const JUMPS: [&str; 4] = ["dacapo", "dalsegno", "dacoda", "tocoda"];
    let letters: String = text.chars().filter(|c| c.is_alphabetic()).map(|c| c.to_ascii_lowercase()).collect();
    let has_initials = text.contains('.') && (letters.starts_with("dc") || letters.starts_with("ds"));
    let is_jump = has_initials || JUMPS.iter().any(|jump| letters.starts_with(jump));
    is_jump.then(|| {
        format!(
            "a jump is not followed, and the music is read once as it stands: “{text}”; write the music out, or give \
             the order of its parts with P:"
        )
    })
}

/// Skips `+trill+` within a chord; a single `+` has no meaning there.
pub(super) fn skip_plus_decoration(cursor: &mut Cursor<'_>) {
    cursor.bump();
    let name = cursor.rest().find('+').map(|end| &cursor.rest()[..end]);
    if let Some(name) = name.filter(|name| !name.contains([']', '|'])) {
        cursor.advance(name.len() + 1);
    }
}

/// Whether a text with spaces is a direction such as `D.C. al Fine`, and not music between two line breaks.
fn is_direction(text: &str) -> bool {
    const FEWEST_OTHER_LETTERS: usize = 2;
    let is_music = |c: char| c.is_ascii_digit() || "|[]{}()<>/,'^_=:\"&".contains(c);
    // Letters that are not notes, rests or ornaments.
    let is_other = |c: &char| c.is_ascii_lowercase() && !"abcdefgxyzuv".contains(*c);
    !text.contains(is_music) && text.chars().filter(is_other).count() >= FEWEST_OTHER_LETTERS
}

/// Reads the characters of one bar line: `:|`, `|]`, `:||:`, `[|`, `::`.
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

/// The meaning of a run of bar line characters. Colons before a line close a repeat, colons after the last line open
/// one.
pub(super) fn bar_of(run: &str) -> BarLine {
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
    BarLine { again: u8::try_from(again.min(MOST_AGAIN)).unwrap_or(1), opens, section: strokes > 1, ending: None }
}

/// Reads the passes of an ending: `1`, `1,3`, `1-3`, `1.`
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

/// Whether the bracket at the cursor opens an ending that is named in words, `["last time" A2 …`, and not a chord with
/// a symbol inside, `["Am"Ac]`.
pub(super) fn is_named_ending(cursor: &Cursor<'_>) -> bool {
    let Some((_, behind)) = cursor.rest().strip_prefix("[\"").and_then(|rest| rest.split_once('"')) else {
        return false;
    };
    !behind.chars().find(|c| matches!(c, '[' | ']' | '|' | '"')).is_some_and(|c| matches!(c, ']' | '"'))
}

/// Whether a text over the music is meant as a chord: a root, followed by something that is not a word. Texts such as
/// `A1` name sections.
pub(super) fn is_meant_as_chord(text: &str) -> bool {
    const LONGEST: usize = 12;
    let mut letters = text.chars();
    let has_root = letters.next().is_some_and(|c| matches!(c, 'A'..='H'));
    let rest = letters.as_str();
    let is_section = rest.len() == 1 && rest.starts_with(|c: char| c.is_ascii_digit());
    let has_sign = rest.contains(|c: char| c.is_ascii_digit() || "#♯♭°øΔ^+".contains(c));
    has_root && has_sign && !is_section && text.len() <= LONGEST && !rest.contains(char::is_whitespace)
}
