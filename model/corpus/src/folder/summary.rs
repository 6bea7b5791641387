//! The result of reading folders, in a few lines.

use super::Corpus;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

/// What was read from one kind of file.
#[derive(Default)]
struct FileKind<'a> {
    files: BTreeSet<&'a str>,
    tunes: usize,
    notes: usize,
}

impl Corpus {
    /// Files, tunes and notes by kind of file, the parts taken from files with several, and what was refused, by
    /// reason.
    pub fn summary(&self) -> String {
        let mut kinds: BTreeMap<String, FileKind<'_>> = BTreeMap::new();
        for piece in &self.pieces {
            let file = piece.source.rsplit_once('#').map_or(piece.source.as_str(), |(file, _)| file);
            let ending = Path::new(file).extension().unwrap_or_default().to_string_lossy().to_lowercase();
            let kind = kinds.entry(ending).or_default();
            kind.files.insert(file);
            kind.tunes += 1;
            kind.notes += piece.tune.notes.len();
        }
        let mut text = String::new();
        for (ending, FileKind { files, tunes, notes }) in &kinds {
            let taken = match ending.as_str() {
                "abc" => "; of each tune the voice that is most like a melody",
                _ => "",
            };
            line(&mut text, &format!(".{ending}: {} files, {tunes} tunes, {notes} notes{taken}", files.len()));
        }
        if !self.melodies.is_empty() {
            let count = self.melodies.len();
            line(
                &mut text,
                &format!("melody chosen among several parts in {count} files, such as {}", self.melodies[0]),
            );
        }
        for (what, list) in [("refused", &self.refused), ("passed over within tunes", &self.skipped)] {
            let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
            for refused in list {
                *reasons.entry(kind_of_reason(&refused.reason)).or_default() += 1;
            }
            let mut reasons: Vec<_> = reasons.into_iter().collect();
            reasons.sort_by_key(|(reason, count)| (std::cmp::Reverse(*count), reason.clone()));
            for (reason, count) in reasons {
                line(&mut text, &format!("{what}: {count} × {reason}"));
            }
        }
        text
    }
}

fn line(text: &mut String, line: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{line}");
}

/// A reason without the parts that differ between files: quoted text, numbers, and what to do.
fn kind_of_reason(reason: &str) -> String {
    let sentence = reason.split(['.', ';']).next().unwrap_or(reason);
    let mut kind = String::new();
    let mut is_quoted = false;
    for character in sentence.chars() {
        match character {
            '“' => {
                is_quoted = true;
                kind.push('…');
            }
            '”' => is_quoted = false,
            _ if is_quoted => {}
            '0'..='9' if kind.ends_with('…') => {}
            '0'..='9' => kind.push('…'),
            other => kind.push(other),
        }
    }
    kind
}

#[cfg(test)]
mod tests {
    use crate::folder::{FolderOptions, read_folder};
    use crate::midi::{self, Voices};
    use crate::tests_support::Folder;

    #[test]
    fn a_folder_is_summed_up() {
        let book = "X:1\nK:C\nABc|\n\nX:2\nK:C\nA[B|\n\nX:3\nK:C\n\"C7x\"cd|\n\nX:4\nK:Cx\nc|\n\nX:5\nK:Dz\nc|\n";
        let midi = b"MThd\0\0\0\x06\0\0\0\x01\0\x60\
            MTrk\0\0\0\x14\0\x90\x3c\x64\0\x91\x48\x64\x60\x80\x3c\0\0\x81\x48\0\0\xff\x2f\0";
        let folder = Folder::new("summary").with("a.abc", book).with("b.mid", midi).with("c.mid", "text");
        let reading = FolderOptions {
            midi: midi::MidiOptions { voices: Voices::Melody, ..Default::default() },
            ..Default::default()
        };
        let summary = read_folder(folder.path(), reading, None).unwrap().summary();
        let expected = "\
.abc: 1 files, 2 tunes, 5 notes; of each tune the voice that is most like a melody
.mid: 1 files, 1 tunes, 1 notes
melody chosen among several parts in 1 files, such as b.mid: the melody is track 1, channel 2, 1 notes, of 2 parts
refused: 2 × … is not a key: the mode … is unknown
refused: 1 × a chord is never closed
refused: 1 × is not a MIDI file: it does not begin with the letters MThd
passed over within tunes: 1 × … is not a chord
";
        assert_eq!(summary, expected);
    }
}
