//! One tune of a book: its header, and its body up to the music.

use super::accidentals::Reach;
use super::book::{field, text_block, without_comment};
use super::exact::Exact;
use super::fields::{self, MetreField};
use super::key::KeySignature;
use super::scan::{Scanner, is_heard};
use super::voices::{MOST_VOICES, TuneVoices, VoiceFault, too_many_voices};
use super::{order, played};
use crate::Tune;

/// The fields of a book's header, or those before the music of a tune.
#[derive(Clone, Default)]
pub(super) struct Header {
    title: Option<String>,
    time: Option<MetreField>,
    unit: Option<Exact>,
    tempo: Option<String>,
    /// The order in which parts are played, with its line.
    parts: Option<(usize, String)>,
    /// A part that begins with the music, if `Y:` has already stated the order.
    first_part: Option<String>,
    /// `V:` lines.
    voices: Vec<String>,
    /// Directives: `I:` or `%%`.
    directives: Vec<String>,
}

/// A tune, and what was skipped in it, with the indices of the lines.
pub(super) struct ReadTune {
    pub tune: Tune,
    pub skipped: Vec<(usize, String)>,
}

impl Header {
    /// The header of a book: the first lines up to an empty one, if they are fields, comments and directives. Its
    /// fields apply to every tune that does not say otherwise.
    pub fn of_book(lines: &mut dyn Iterator<Item = (usize, &str)>) -> Self {
        let block = (&mut *lines).skip_while(|(_, line)| line.trim().is_empty());
        let mut header = Self::default();
        for (index, line) in block.take_while(|(_, line)| !line.trim().is_empty()) {
            if !line.trim_start().starts_with('%') && field(line).is_none() {
                header = Self::default();
                break;
            }
            // A field that cannot be read is reported by the tunes that lack it.
            let _ = header.line(index, line);
        }
        lines.for_each(drop);
        // These fields belong to tunes only.
        Self {
            time: header.time,
            unit: header.unit,
            tempo: header.tempo,
            directives: header.directives,
            ..Self::default()
        }
    }

    /// Reads a line. The key ends the header, and its value is returned.
    fn line<'a>(&mut self, index: usize, line: &'a str) -> Result<Option<&'a str>, String> {
        if let Some(directive) = line.trim_start().strip_prefix("%%") {
            self.directive(directive.trim());
            return Ok(None);
        }
        match field(without_comment(line)) {
            Some(('T', value)) => {
                self.title.get_or_insert_with(|| value.replace("\\%", "%"));
            }
            Some(('M', value)) => self.time = Some(fields::time(value)?.0),
            Some(('L', value)) => self.unit = Some(fields::unit(value)?),
            Some(('Q', value)) => self.tempo = Some(value.to_owned()),
            Some(('P', value)) if self.parts.is_some() => self.first_part = Some(value.to_owned()),
            Some(('P' | 'Y', value)) => self.parts = Some((index, value.to_owned())),
            Some(('V', value)) if self.voices.len() < MOST_VOICES => self.voices.push(value.to_owned()),
            Some(('V', _)) => return Err(too_many_voices()),
            Some(('I', value)) => self.directive(value),
            Some(('K', value)) => return Ok(Some(value)),
            _ => {}
        }
        Ok(None)
    }

    /// Keeps a directive, unless it is one of layout.
    fn directive(&mut self, text: &str) {
        if is_heard(text) {
            self.directives.push(text.to_owned());
        }
    }

    /// The voices as they begin after this header.
    fn voices(&self, key: &str, default_reach: Reach) -> Result<TuneVoices, String> {
        let mut scanner = Scanner::new(KeySignature::parse(key)?, self.time.unwrap_or(MetreField::Free), self.unit);
        scanner.accidentals.reach = default_reach;
        self.directives.iter().for_each(|directive| scanner.directive(directive));
        if let Some(tempo) = &self.tempo {
            scanner.tempo(tempo);
        }
        if let Some(part) = &self.first_part {
            scanner.label(part);
        }
        Ok(TuneVoices::new(scanner, &self.voices))
    }
}

/// Reads the lines of a tune, after the header of its book.
pub(super) fn read(
    lines: &mut dyn Iterator<Item = (usize, &str)>,
    of_book: &Header,
    default_reach: Reach,
) -> Result<ReadTune, VoiceFault> {
    let mut first_line = None;
    let mut header = of_book.clone();
    let mut body: Option<TuneVoices> = None;
    for (index, line) in lines {
        first_line.get_or_insert(index);
        let at = |reason: String| (Some(index), reason);
        check_text_block(line).map_err(at)?;
        let Some(voices) = &mut body else {
            if let Some(key) = header.line(index, line).map_err(at)? {
                body = Some(header.voices(key, default_reach).map_err(at)?);
            }
            continue;
        };
        if voices.is_refused() {
            break;
        }
        // A tune ends at the first empty line after its music; a line that contained a comment is not empty.
        if line.trim().is_empty() && voices.has_music() {
            break;
        }
        if let Some(directive) = line.trim_start().strip_prefix("%%") {
            voices.field(index, 'I', directive.trim());
            continue;
        }
        let text = without_comment(line);
        match field(text) {
            // Nottingham's books have the order of parts in `Y:`, wherever it appears.
            Some(('Y', value)) => header.parts = Some((index, value.to_owned())),
            Some((name, value)) => voices.field(index, name, value),
            None => voices.music(index, text),
        }
    }
    let no_key = "it has no key; write K:C, or the key that it is in, after its other fields";
    let kept = body.ok_or_else(|| (first_line, no_key.to_owned()))?.kept()?;
    let sharps = kept.scanner.sharps;
    let items = kept.scanner.page.items;
    let order = play_order(&items, header.parts.as_ref())?;
    let tune = played::play(&items, &order);
    if tune.notes.is_empty() {
        return Err((first_line, "it has no notes".to_owned()));
    }
    Ok(ReadTune { tune: Tune { title: header.title.unwrap_or_default(), sharps, ..tune }, skipped: kept.skipped })
}

fn play_order(items: &[super::written::Placed], parts: Option<&(usize, String)>) -> Result<Vec<usize>, VoiceFault> {
    let labels = order::labels(items);
    let parts_line = parts.map(|(line, _)| *line);
    let parts = parts.map_or(Ok(Vec::new()), |(_, text)| fields::part_order(text, &labels));
    parts.and_then(|parts| order::play_order(items, &parts)).map_err(|reason| (parts_line, reason))
}

/// Text blocks have been removed; one that is still here has no end.
fn check_text_block(line: &str) -> Result<(), String> {
    match text_block(line) {
        Some(kind) => Err(format!("the text that %%begin{kind} begins never ends; write %%end{kind} after it")),
        None => Ok(()),
    }
}
