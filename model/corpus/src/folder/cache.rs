//! A corpus on disk that was read before: reading ten thousand files takes longer than reading one.
//!
//! A cache with any fault counts as missing. All numbers are varints, because most are small.

use super::super::solos;
use super::{Corpus, FolderOptions, Piece, Refused, Split, TABLE, Tune, is_solo};
use crate::Tempo;
use segue_model::chord::{Chord, ChordKind};
use segue_model::hash::Fnv1a;
use segue_model::note::{Bars, Metre, Note, Pitch, Ticks, Velocity};
use segue_model::varint;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// Increased whenever the same files would be read differently, or the same corpus written differently.
const VERSION: u64 = 5;
const MAGIC: &[u8; 8] = b"SegueCor";
const HASH_BYTES: usize = 8;

/// Where the cache of one folder and one way of reading is stored, and how its files are recognised.
pub(super) struct CacheLocation {
    file: PathBuf,
    key: u64,
}

impl CacheLocation {
    /// `files` are named relative to `folder`.
    pub(super) fn new(cache: &Path, folder: &Path, reading: FolderOptions, files: &[PathBuf]) -> Self {
        let real = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        // Messages contain the folder's name as it was given.
        let which = format!("{}\n{}\n{reading:?}", real.display(), folder.display());
        let mut key = Hash::default();
        key.take(&VERSION.to_le_bytes());
        key.take(which.as_bytes());
        key.file(&folder.join(TABLE));
        for file in files {
            let path = folder.join(file);
            key.take(file.as_os_str().as_encoded_bytes());
            key.file(&path);
            if is_solo(&path) {
                for companion in solos::companions(&path) {
                    key.file(&companion);
                }
            }
        }
        let mut name = Hash::default();
        name.take(which.as_bytes());
        Self { file: cache.join(format!("{:016x}.corpus", name.0.finish())), key: key.0.finish() }
    }

    /// `None` if there is none, or if it belongs to other files or another version, or is damaged.
    pub(super) fn load(&self) -> Option<Corpus> {
        let bytes = std::fs::read(&self.file).ok()?;
        let (written, hash) = bytes.split_last_chunk::<HASH_BYTES>()?;
        let mut found = Hash::default();
        found.take(written);
        if found.0.finish() != u64::from_le_bytes(*hash) {
            return None;
        }
        let (key, corpus) = written.strip_prefix(MAGIC)?.split_first_chunk::<HASH_BYTES>()?;
        if u64::from_le_bytes(*key) != self.key {
            return None;
        }
        let mut source = CacheBytes { bytes: corpus };
        let corpus = Corpus {
            pieces: source.list(CacheBytes::piece)?,
            refused: source.list(CacheBytes::refused)?,
            skipped: source.list(CacheBytes::refused)?,
            melodies: source.list(CacheBytes::text)?,
        };
        source.bytes.is_empty().then_some(corpus)
    }

    /// A process that reads at the same time sees the old cache or the new one, never a part.
    pub(super) fn store(&self, corpus: &Corpus) {
        let mut sink = Sink { bytes: MAGIC.to_vec() };
        sink.bytes.extend(self.key.to_le_bytes());
        sink.list(&corpus.pieces, Sink::piece);
        sink.list(&corpus.refused, Sink::refused);
        sink.list(&corpus.skipped, Sink::refused);
        sink.list(&corpus.melodies, |sink, text| sink.text(text));
        let mut hash = Hash::default();
        hash.take(&sink.bytes);
        sink.bytes.extend(hash.0.finish().to_le_bytes());
        let unfinished = self.file.with_extension(format!("{}.unfinished", std::process::id()));
        let folder = self.file.parent().unwrap_or(Path::new(""));
        let done = std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&unfinished, &sink.bytes))
            .and_then(|()| std::fs::rename(&unfinished, &self.file));
        if done.is_err() {
            // Without a cache the next reading only takes longer.
            let _ = std::fs::remove_file(&unfinished);
        }
    }
}

/// A hash of everything that a cache depends on; the same on every machine.
#[derive(Default)]
struct Hash(Fnv1a);

impl Hash {
    fn take(&mut self, bytes: &[u8]) {
        let length = bytes.len() as u64;
        self.0.update(bytes.iter().copied().chain(length.to_le_bytes()));
    }

    /// Adds the size and time of a file, or that it is missing.
    fn file(&mut self, path: &Path) {
        let modified = |about: &Metadata| about.modified().ok()?.duration_since(UNIX_EPOCH).ok();
        let about = std::fs::metadata(path).map(|about| (about.len(), modified(&about)));
        self.take(format!("{:?}", about.ok()).as_bytes());
    }
}

/// Writes a corpus.
struct Sink {
    bytes: Vec<u8>,
}

impl Sink {
    fn number(&mut self, number: u64) {
        varint::write(number, &mut self.bytes);
    }

    /// Maps small numbers of either sign to small numbers: 0, -1, 1, -2.
    fn ticks(&mut self, ticks: Ticks) {
        self.number(((ticks.0 << 1) ^ (ticks.0 >> 63)).cast_unsigned());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.bytes.extend(text.as_bytes());
    }

    fn list<Item>(&mut self, items: &[Item], write: impl Fn(&mut Self, &Item)) {
        self.number(items.len() as u64);
        for item in items {
            write(self, item);
        }
    }

    fn piece(&mut self, piece: &Piece) {
        self.bytes.push(match piece.split {
            Split::Train => 0,
            Split::Valid => 1,
            Split::Test => 2,
        });
        self.text(&piece.source);
        self.text(&piece.tune.title);
        self.number(piece.tune.notes.len() as u64);
        let mut now = Ticks::ZERO;
        for note in &piece.tune.notes {
            self.ticks(note.onset - now);
            now = note.onset;
            self.ticks(note.duration);
            self.bytes.extend([note.pitch.key(), note.velocity.value()]);
        }
        self.list(&piece.tune.bars, |sink, bars| {
            sink.ticks(bars.line);
            sink.bytes.extend([bars.metre.numerator, bars.metre.denominator]);
        });
        self.list(&piece.tune.tempos, |sink, tempo| {
            sink.ticks(tempo.at);
            sink.number(u64::from(tempo.quarter_us));
        });
        self.bytes.push(piece.tune.sharps.map_or(NO_KEY, i8::cast_unsigned));
        self.list(&piece.tune.chords, |sink, (onset, chord)| {
            sink.ticks(*onset);
            sink.chord(*chord);
        });
    }

    fn chord(&mut self, chord: Option<Chord>) {
        let Some(chord) = chord else {
            self.bytes.push(NO_CHORD);
            return;
        };
        let kind = ChordKind::ALL.iter().position(|kind| *kind == chord.kind()).unwrap_or(0);
        self.bytes.push(chord.root());
        self.number(kind as u64);
        self.bytes.push(chord.bass());
    }

    fn refused(&mut self, refused: &Refused) {
        self.text(&refused.path);
        self.number(refused.tune.map_or(0, |tune| u64::from(tune) + 1));
        for place in [refused.track, refused.line, refused.byte] {
            self.number(place.map_or(0, |place| place as u64 + 1));
        }
        self.text(&refused.reason);
    }
}

/// Marks a missing key signature in place of the number of its sharps.
const NO_KEY: u8 = i8::MIN.cast_unsigned();
/// Marks a missing chord in place of a root, 0 to 11.
const NO_CHORD: u8 = 255;

/// The unread rest of a cache.
struct CacheBytes<'a> {
    bytes: &'a [u8],
}

impl CacheBytes<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*byte)
    }

    fn number(&mut self) -> Option<u64> {
        varint::read(&mut self.bytes)
    }

    fn ticks(&mut self) -> Option<Ticks> {
        let number = self.number()?;
        Some(Ticks((number >> 1).cast_signed() ^ -(number & 1).cast_signed()))
    }

    fn text(&mut self) -> Option<String> {
        let length = usize::try_from(self.number()?).ok()?;
        let (text, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        String::from_utf8(text.to_vec()).ok()
    }

    fn list<Item>(&mut self, read: impl Fn(&mut Self) -> Option<Item>) -> Option<Vec<Item>> {
        let length = self.number()?;
        (0..length).map(|_| read(self)).collect()
    }

    fn piece(&mut self) -> Option<Piece> {
        let split = match self.byte()? {
            0 => Split::Train,
            1 => Split::Valid,
            2 => Split::Test,
            _ => return None,
        };
        let (source, title) = (self.text()?, self.text()?);
        let length = self.number()?;
        let mut now = Ticks::ZERO;
        let notes = (0..length).map(|_| {
            now = Ticks(now.0.checked_add(self.ticks()?.0)?);
            let duration = self.ticks()?;
            let (pitch, velocity) = (Pitch::new(self.byte()?)?, Velocity::new(self.byte()?)?);
            Some(Note { onset: now, pitch, duration, velocity })
        });
        let notes = notes.collect::<Option<_>>()?;
        let bars = self
            .list(|source| Some(Bars { line: source.ticks()?, metre: Metre::new(source.byte()?, source.byte()?)? }))?;
        let tempos =
            self.list(|source| Some(Tempo { at: source.ticks()?, quarter_us: source.number()?.try_into().ok()? }))?;
        let sharps = Some(self.byte()?).filter(|byte| *byte != NO_KEY).map(u8::cast_signed);
        let chords = self.list(|source| Some((source.ticks()?, source.chord()?)))?;
        Some(Piece { split, source, tune: Tune { title, notes, bars, tempos, sharps, chords } })
    }

    #[expect(clippy::option_option, reason = "the outer one is whether it could be read, as everywhere in this file")]
    fn chord(&mut self) -> Option<Option<Chord>> {
        let root = self.byte()?;
        if root == NO_CHORD {
            return Some(None);
        }
        let kind = *ChordKind::ALL.get(usize::try_from(self.number()?).ok()?)?;
        Some(Some(Chord::new(root, kind, self.byte()?)))
    }

    fn refused(&mut self) -> Option<Refused> {
        let path = self.text()?;
        let tune = self.number()?.checked_sub(1).map(u32::try_from).transpose().ok()?;
        let mut place = || self.number()?.checked_sub(1).map(usize::try_from).transpose().ok();
        let (track, line, byte) = (place()?, place()?, place()?);
        Some(Refused { path, tune, track, line, byte, reason: self.text()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folder::read_folder;
    use crate::tests_support::Folder;
    use std::fs::File;
    use std::time::SystemTime;

    const BOOK: &str = "X:1\nT:One\nM:3/4\nK:C\n\"C\"C2|\"G7/B\"DEF|\"N.C.\"[CE]4|\n\nX:2\nK:C\nA[B|\n";

    fn music() -> Folder {
        Folder::new("music").with("a.abc", BOOK)
    }

    fn read(music: &Folder, cache: &Folder) -> Corpus {
        read_folder(music.path(), FolderOptions::default(), Some(cache.path())).unwrap()
    }

    fn cache_file(cache: &Folder) -> PathBuf {
        let files: Vec<PathBuf> = cache.path().read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(files.len(), 1, "{files:?}");
        files[0].clone()
    }

    /// The same file size and time as before, but another title of the same length.
    fn change_in_secret(music: &Folder) {
        let path = music.path().join("a.abc");
        let then = path.metadata().unwrap().modified().unwrap();
        std::fs::write(&path, BOOK.replace("T:One", "T:Two")).unwrap();
        File::options().write(true).open(&path).unwrap().set_modified(then).unwrap();
    }

    #[test]
    fn what_was_read_is_taken_from_the_cache_as_it_was() {
        let (music, cache) = (music(), Folder::new("cache"));
        let fresh = read(&music, &cache);
        assert_eq!((fresh.pieces.len(), fresh.refused.len(), fresh.pieces[0].tune.chords.len()), (1, 1, 3));
        change_in_secret(&music);
        assert_eq!(read(&music, &cache), fresh);
        assert_eq!(read_folder(music.path(), FolderOptions::default(), None).unwrap().pieces[0].tune.title, "Two");
    }

    #[test]
    fn a_stale_cache_is_read_anew() {
        let check = |change: &dyn Fn(&Folder), reading: FolderOptions, what: &str| {
            let (music, cache) = (music(), Folder::new("cache"));
            read(&music, &cache);
            change_in_secret(&music);
            change(&music);
            let corpus = read_folder(music.path(), reading, Some(cache.path())).unwrap();
            assert_eq!(corpus.pieces[0].tune.title, "Two", "{what}");
            assert_eq!(read_folder(music.path(), reading, Some(cache.path())).unwrap(), corpus, "{what}");
        };
        let same = FolderOptions::default();
        let later = |music: &Folder| {
            let file = File::options().write(true).open(music.path().join("a.abc")).unwrap();
            file.set_modified(SystemTime::now() + std::time::Duration::from_secs(9)).unwrap();
        };
        check(&later, same, "time");
        check(&|music| std::fs::write(music.path().join("b.abc"), "X:1\nK:C\nA\n").unwrap(), same, "one more");
        let table = "file,split,x\na.abc,train,1\n";
        check(&|music| std::fs::write(music.path().join(TABLE), table).unwrap(), same, "a table");
        check(&|_| {}, FolderOptions { prefer_abc: true, ..same }, "another way of reading");
    }

    #[test]
    fn a_damaged_cache_is_as_none() {
        let (music, cache) = (music(), Folder::new("cache"));
        read(&music, &cache);
        let file = cache_file(&cache);
        let whole = std::fs::read(&file).unwrap();
        change_in_secret(&music);
        let check = |bytes: &[u8], what: &str| {
            std::fs::write(&file, bytes).unwrap();
            assert_eq!(read(&music, &cache).pieces[0].tune.title, "Two", "{what}");
            assert_ne!(std::fs::read(&file).unwrap(), bytes, "{what}: it is mended");
        };
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x55;
            check(&bytes, &format!("byte {at} is wrong"));
            check(&whole[..at], &format!("cut to {at}"));
        }
        check(&[whole.as_slice(), &[0]].concat(), "too long");
    }

    #[test]
    fn a_cache_with_a_valid_hash_and_nonsense_inside_is_as_none() {
        let (music, cache) = (music(), Folder::new("cache"));
        let place = CacheLocation::new(cache.path(), music.path(), FolderOptions::default(), &[PathBuf::from("a.abc")]);
        place.store(&read(&music, &cache));
        let whole = std::fs::read(&place.file).unwrap();
        let from = MAGIC.len() + HASH_BYTES;
        for at in from..whole.len() - HASH_BYTES {
            for value in [0, 12, 0x7f, 0xff] {
                let mut bytes = whole[..whole.len() - HASH_BYTES].to_vec();
                bytes[at] = value;
                let mut hash = Hash::default();
                hash.take(&bytes);
                bytes.extend(hash.0.finish().to_le_bytes());
                std::fs::write(&place.file, &bytes).unwrap();
                // Other music may be read; there must be no panic.
                place.load();
            }
        }
    }

    #[test]
    fn a_cache_that_cannot_be_written_is_no_error() {
        let (music, cache) = (music(), Folder::new("cache").with("file", "text"));
        let below_a_file = cache.path().join("file/deeper");
        let corpus = read_folder(music.path(), FolderOptions::default(), Some(&below_a_file)).unwrap();
        assert_eq!(corpus.pieces.len(), 1);
    }
}
