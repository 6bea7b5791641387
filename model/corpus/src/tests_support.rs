//! A compact notation for what a tune sounds like, and temporary folders to read from.

use super::Tune;
use segue_model::note::{Note, Ticks};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Notes as `C4:24` (with the length in ticks), chords as `C4+E4:24`, silence as `-:24`.
pub(super) fn heard(notes: &[Note]) -> String {
    const NAMES: [&str; 12] = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];
    let name = |note: &Note| {
        let key = usize::from(note.pitch.key());
        format!("{}{}", NAMES[key % 12], key / 12 - 1)
    };
    let mut words = Vec::new();
    let mut now = Ticks::ZERO;
    for chord in notes.chunk_by(|one, next| one.onset == next.onset) {
        if chord[0].onset > now {
            words.push(format!("-:{}", (chord[0].onset - now).0));
        }
        let alike = chord.iter().all(|note| note.duration == chord[0].duration);
        let names: Vec<String> = chord
            .iter()
            .map(|note| if alike { name(note) } else { format!("{}:{}", name(note), note.duration.0) })
            .collect();
        words.push(if alike { format!("{}:{}", names.join("+"), chord[0].duration.0) } else { names.join("+") });
        let shortest = chord.iter().map(|note| note.duration).min().unwrap_or(Ticks::ZERO);
        now = now.max(chord[0].onset + shortest);
    }
    words.join(" ")
}

/// The place of every note in its bar, in ticks.
pub(super) fn places(tune: &Tune) -> Vec<i64> {
    tune.notes.iter().filter_map(|note| Some(tune.bars_at(note.onset)?.place(note.onset).0)).collect()
}

/// A folder that is removed after the test.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(name: &str) -> Self {
        // Tests run in parallel, and their names may be alike.
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("segue-corpus-{name}-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(super) fn with(self, file: &str, bytes: impl AsRef<[u8]>) -> Self {
        let path = self.0.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
        self
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder left behind does no harm.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
