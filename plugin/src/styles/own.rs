//! The musician's own style: a weights file that a song names and recognises by its content.
//!
//! The content counts more than the name: a file that was moved or renamed is found again, and one that changed under
//! its old name is reported as another one.

use super::file_facts::{FileFacts, SharedFacts};
use super::fingerprint::{self, Fingerprint};
use super::model_of_file;
use nice_plug::params::persist::PersistentField;
use segue_model::lstm::Model;
use segue_model::vocabulary::TimeBase;
use segue_model::weights::{self, ModelCard, WeightsError};
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// The file of the musician's own style. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct OwnStyle(Arc<OwnFile>);

/// The content of that file, as the song knows it. Shares its state with [`OwnStyle`], but is saved separately.
#[derive(Debug, Clone, Default)]
pub struct OwnFingerprint(OwnStyle);

#[derive(Debug, Default)]
struct OwnFile {
    path: RwLock<String>,
    /// The model that was loaded, with its version.
    model: Mutex<Option<(u32, Arc<Model>)>>,
    facts: SharedFacts,
    standing: Mutex<Standing>,
}

/// The state of the file.
#[derive(Debug, Default)]
struct Standing {
    /// The content that the song asks for; `None` if the song does not say, or if the musician has chosen another file
    /// since.
    wished: Option<Fingerprint>,
    /// The content of the file.
    found: Option<Fingerprint>,
    /// Why it does not play.
    problem: Option<String>,
    news: Option<News>,
}

/// What has happened to a file since the song was saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// It lies elsewhere now, and plays.
    Moved {
        /// The old path.
        from: String,
        /// The new path.
        to: String,
    },
    /// There is another file under its name now, which plays.
    Changed {
        /// The path.
        path: String,
    },
}

impl fmt::Display for News {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Moved { from, to } => write!(out, "The style of this song was {from} and is {to} now. It plays."),
            Self::Changed { path } => write!(
                out,
                "{path} has changed since this song was saved, and plays as it is now. Put the old one beside it and \
                 open the song again to have it back, or open this one again to keep it."
            ),
        }
    }
}

impl OwnStyle {
    /// Loads the model; `None` if no file was chosen, or it is gone. Not for the audio thread.
    pub fn model(&self) -> Option<Arc<Model>> {
        let FileFacts { version, .. } = self.facts();
        let mut read = self.0.model.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, model)) = &*read
            && *of == version
        {
            return Some(Arc::clone(model));
        }
        // The previous model is no longer needed, even if the new file cannot be loaded.
        *read = None;
        let path = self.map(String::clone);
        if path.is_empty() {
            return None;
        }
        match model_of_file(Path::new(&path)) {
            Ok(model) => {
                *read = Some((version, Arc::clone(&model)));
                Some(model)
            }
            Err(error) => {
                // The card may be valid even if the weights after it are not.
                self.standing().problem = Some(error.to_string());
                self.0.facts.refuse();
                None
            }
        }
    }

    /// The content as songs save it; the other half of what a song keeps.
    pub fn fingerprint(&self) -> OwnFingerprint {
        OwnFingerprint(self.clone())
    }

    /// Why the chosen file does not play, as one sentence that begins with its name; `None` if it plays, or none was
    /// chosen. For the editor.
    pub fn problem(&self) -> Option<String> {
        self.standing().problem.clone()
    }

    /// What has happened to the file since the song was saved. For the editor.
    pub fn news(&self) -> Option<News> {
        self.standing().news.clone()
    }

    /// What is known about the file. Never waits, so the audio thread may ask.
    pub fn facts(&self) -> FileFacts {
        self.0.facts.get()
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.0.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Plays a file with this content if there is one, otherwise the file at this path.
    fn choose(&self, path: String, wished: Option<Fingerprint>) {
        let mut choice = Choice::read(path);
        let mut news = None;
        if let Some(wished) = wished.filter(|wished| choice.fingerprint() != Some(*wished)) {
            let moved = wished.find(fingerprint::files(Path::new(&choice.path)));
            if let Some(moved) = moved.map(|moved| Choice::read(moved.display().to_string())) {
                news = Some(News::Moved { from: choice.path, to: moved.path.clone() });
                choice = moved;
            } else if choice.fingerprint().is_some() {
                news = Some(News::Changed { path: choice.path.clone() });
            }
        }
        let (found, problem) = (choice.fingerprint(), choice.problem());
        let free_time = matches!(&choice.file, Some(Ok((card, _))) if card.vocabulary.time_base == TimeBase::Free);
        let is_playable = found.is_some();
        *self.standing() = Standing { wished, found, problem, news };
        *self.0.path.write().unwrap_or_else(PoisonError::into_inner) = choice.path;
        self.0.facts.change(is_playable, free_time);
    }
}

/// A path, and the file found there.
struct Choice {
    path: String,
    /// `None` without a path.
    file: Option<Result<(ModelCard, Fingerprint), WeightsError>>,
}

impl Choice {
    fn read(path: String) -> Self {
        let file = (!path.is_empty()).then(|| card_and_mark(Path::new(&path)));
        Self { path, file }
    }

    fn fingerprint(&self) -> Option<Fingerprint> {
        let (_, fingerprint) = self.file.as_ref()?.as_ref().ok()?;
        Some(*fingerprint)
    }

    fn problem(&self) -> Option<String> {
        Some(self.file.as_ref()?.as_ref().err()?.to_string())
    }
}

fn card_and_mark(path: &Path) -> Result<(ModelCard, Fingerprint), WeightsError> {
    let bytes = weights::bytes_of(path)?;
    Ok((weights::card(&bytes, &path.display().to_string())?, Fingerprint::of(&bytes)))
}

impl PersistentField<'_, String> for OwnStyle {
    /// The song keeps the name of a missing file, so that saving the song elsewhere loses nothing.
    fn set(&self, path: String) {
        self.choose(path, None);
    }

    fn map<F: Fn(&String) -> R, R>(&self, look: F) -> R {
        look(&self.0.path.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl PersistentField<'_, String> for OwnFingerprint {
    /// Set after the path, because songs restore their fields in order of their names. Older songs have no fingerprint
    /// and name their file by its path alone.
    fn set(&self, text: String) {
        let Self(own) = self;
        let Ok(wished) = text.parse::<Fingerprint>() else { return };
        let mut standing = own.standing();
        standing.wished = Some(wished);
        let is_found = standing.found == Some(wished);
        drop(standing);
        if !is_found {
            own.choose(own.map(String::clone), Some(wished));
        }
    }

    /// The content that the song asks for, even while it is missing: the song keeps it when it is saved again.
    fn map<F: Fn(&String) -> R, R>(&self, look: F) -> R {
        let Self(own) = self;
        let Standing { wished, found, .. } = *own.standing();
        look(&wished.or(found).map(|fingerprint| fingerprint.to_string()).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    const FOLK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../presets/folk.segue");
    const PIANO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../presets/piano.segue");

    fn chosen(path: &str) -> OwnStyle {
        let own = OwnStyle::default();
        own.set(path.to_owned());
        own
    }

    /// A song keeps the name of a missing style file, and does not play the previous style instead.
    #[test]
    fn a_song_keeps_the_name_of_a_missing_style_file() {
        let own = OwnStyle::default();
        assert!(!own.facts().is_playable && own.problem().is_none());
        own.set(PIANO.to_owned());
        assert!(own.facts().is_playable && own.facts().is_free_time && own.model().is_some());
        assert_eq!(own.problem(), None);
        own.set("/no/such.segue".to_owned());
        assert!(!own.facts().is_playable && !own.facts().is_free_time && own.model().is_none());
        assert_eq!(own.map(String::clone), "/no/such.segue");
        let problem = own.problem().unwrap();
        assert!(problem.starts_with("/no/such.segue: cannot be read"), "{problem}");
        let folder = Folder::new("large");
        let large = folder.path("large.segue");
        std::fs::File::create(&large).unwrap().set_len(1 << 31).unwrap();
        own.set(large);
        let problem = own.problem().unwrap();
        assert!(problem.ends_with("is larger than 1024 MiB, and no weights file of Segue is; choose another file"));
        own.set(String::new());
        assert_eq!(own.problem(), None, "having no file is not a problem");
    }

    /// A test's own folder, removed after the test.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("segue-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }

        /// Copies a file into it under this name, and returns the path.
        fn with(&self, name: &str, file: &str) -> String {
            std::fs::copy(file, self.0.join(name)).unwrap();
            self.path(name)
        }

        fn path(&self, name: &str) -> String {
            self.0.join(name).display().to_string()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    /// What a song saves: the path and the fingerprint.
    fn saved(own: &OwnStyle) -> (String, String) {
        (own.map(String::clone), own.fingerprint().map(String::clone))
    }

    fn opened((path, fingerprint): &(String, String)) -> OwnStyle {
        let own = chosen(path);
        own.fingerprint().set(fingerprint.clone());
        own
    }

    /// Each change has a version of its own; a refusal leaves the rest as it is.
    #[test]
    fn every_change_of_the_file_has_another_version() {
        let facts = SharedFacts::default();
        facts.change(true, false);
        let first = facts.get();
        assert_eq!((first.is_playable, first.is_free_time), (true, false));
        facts.change(true, true);
        facts.refuse();
        let second = facts.get();
        assert_eq!((second.is_playable, second.is_free_time), (false, true));
        assert!(0 < first.version && first.version < second.version);
    }

    /// A style file that was moved is found by its content, and the song stores the new path.
    #[test]
    fn a_moved_style_file_is_found_by_its_content() {
        let folder = Folder::new("moved");
        let song = saved(&chosen(&folder.with("mine.segue", FOLK)));
        assert_eq!((opened(&song).news(), saved(&opened(&song))), (None, song.clone()));
        folder.with("other.segue", PIANO);
        std::fs::rename(folder.path("mine.segue"), folder.path("waltzes.segue")).unwrap();
        let again = opened(&song);
        assert!(again.facts().is_playable && again.problem().is_none() && again.model().is_some());
        assert_eq!(saved(&again), (folder.path("waltzes.segue"), song.1));
        let news = again.news().unwrap().to_string();
        assert!(news.contains("mine.segue and is ") && news.contains("waltzes.segue now"), "{news}");
        again.set(folder.path("other.segue"));
        assert_eq!(again.news(), None, "choosing another file clears the news");
    }

    /// A style file that has changed plays and is reported, until the old file is back or the new one is chosen.
    #[test]
    fn a_changed_style_file_plays_and_is_reported() {
        let folder = Folder::new("changed");
        let song = saved(&chosen(&folder.with("mine.segue", FOLK)));
        folder.with("mine.segue", PIANO);
        let again = opened(&song);
        assert!(again.facts().is_playable && again.facts().is_free_time, "it plays as it is now");
        assert!(matches!(again.news(), Some(News::Changed { .. })));
        assert_eq!(saved(&again), song, "saved again, the song still asks for the old content");
        let kept = chosen(&folder.path("mine.segue"));
        assert!(kept.news().is_none() && saved(&kept) != song);
        folder.with("old.segue", FOLK);
        let back = opened(&song);
        assert!(matches!(back.news(), Some(News::Moved { .. })) && !back.facts().is_free_time);
    }

    /// A song without a fingerprint, or with one of a later version, knows its file by the path alone.
    #[test]
    fn a_song_without_a_fingerprint_knows_its_file_by_path() {
        for fingerprint in ["", "sha3:0123"] {
            let own = opened(&(FOLK.to_owned(), fingerprint.to_owned()));
            assert!(own.facts().is_playable && own.news().is_none());
        }
        let folder = Folder::new("older");
        let own = opened(&saved(&chosen(&folder.with("mine.segue", FOLK))));
        own.set(PIANO.to_owned());
        assert!(own.news().is_none() && own.facts().is_free_time, "nothing of the previous song is left");
    }

    /// A style file that cannot be found is reported by name, and the song keeps its name and fingerprint.
    #[test]
    fn a_missing_style_file_is_reported_by_name() {
        let folder = Folder::new("nowhere");
        let song = saved(&chosen(&folder.with("mine.segue", FOLK)));
        std::fs::remove_file(folder.path("mine.segue")).unwrap();
        let again = opened(&song);
        assert!(!again.facts().is_playable && again.news().is_none());
        assert!(again.problem().unwrap().contains("mine.segue: cannot be read"));
        assert_eq!(saved(&again), song);
    }

    /// Instances that play one file share its weights, and a file that was trained again counts as another one.
    #[test]
    fn instances_share_the_weights_of_one_file() {
        let folder = std::env::temp_dir().join(format!("segue-own-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("mine.segue");
        std::fs::copy(PIANO, &file).unwrap();
        let path = file.display().to_string();
        let (one, other) = (chosen(&path).model().unwrap(), chosen(&path).model().unwrap());
        assert!(Arc::ptr_eq(&one, &other));
        std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/../presets/folk.segue"), &file).unwrap();
        assert!(!Arc::ptr_eq(&one, &chosen(&path).model().unwrap()));
        std::fs::remove_dir_all(&folder).unwrap();
    }

    /// Weights that are damaged after a valid header are reported and do not play.
    #[test]
    fn damaged_weights_are_reported_and_do_not_play() {
        let folder = std::env::temp_dir().join(format!("segue-cut-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("cut.segue");
        let whole = std::fs::read(PIANO).unwrap();
        std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
        let own = chosen(&file.display().to_string());
        assert!(own.model().is_none());
        assert!(!own.facts().is_playable);
        assert!(own.problem().unwrap().contains("cut.segue"));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
