//! The musician's own style: a file of weights that a song names.

use super::styles::mind_of_file;
use nice_plug::params::persist::PersistentField;
use segue_model::mind::Mind;
use segue_model::vocabulary::TimeBase;
use segue_model::weights;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// The file of the musician's own style. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct OwnStyle(Arc<OwnFile>);

#[derive(Debug, Default)]
struct OwnFile {
    path: RwLock<String>,
    /// As it was read for a version.
    mind: Mutex<Option<(u32, Arc<Mind>)>>,
    playable: AtomicBool,
    free_time: AtomicBool,
    version: AtomicU32,
    /// Why it does not play.
    problem: Mutex<Option<String>>,
}

impl OwnStyle {
    /// Reads the weights; `None` when no file was chosen, or it is gone. Not for the audio thread.
    pub fn mind(&self) -> Option<Arc<Mind>> {
        let version = self.version();
        let mut read = self.0.mind.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, mind)) = &*read
            && *of == version
        {
            return Some(Arc::clone(mind));
        }
        // Whatever was read before is not needed any more, even if the new file is none.
        *read = None;
        let path = self.map(String::clone);
        if path.is_empty() {
            return None;
        }
        match mind_of_file(Path::new(&path)) {
            Ok(mind) => {
                *read = Some((version, Arc::clone(&mind)));
                Some(mind)
            }
            Err(error) => {
                // The card may be good and the weights behind it not.
                self.set_problem(Some(error.to_string()));
                self.0.playable.store(false, Ordering::Relaxed);
                None
            }
        }
    }

    /// Why the chosen file does not play, as one sentence that begins with its name; `None` when it does, or none was
    /// chosen. For the editor.
    pub fn problem(&self) -> Option<String> {
        self.0.problem.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether there was a file of weights when its name came. Never waits, so the audio thread may ask.
    pub fn is_playable(&self) -> bool {
        self.0.playable.load(Ordering::Relaxed)
    }

    /// Whether it plays in seconds, whatever the tempo. Never waits, so the audio thread may ask.
    pub fn is_free_time(&self) -> bool {
        self.0.free_time.load(Ordering::Relaxed)
    }

    /// Another number after every change. Never waits, so the audio thread may ask.
    pub fn version(&self) -> u32 {
        self.0.version.load(Ordering::Acquire)
    }

    fn set_problem(&self, problem: Option<String>) {
        *self.0.problem.lock().unwrap_or_else(PoisonError::into_inner) = problem;
    }
}

impl PersistentField<'_, String> for OwnStyle {
    /// A file that is gone is still named by the song, so that saving it elsewhere loses nothing.
    fn set(&self, path: String) {
        let card = if path.is_empty() { None } else { Some(weights::card_of(Path::new(&path))) };
        let problem = card.as_ref().and_then(|card| Some(card.as_ref().err()?.to_string()));
        let card = card.and_then(Result::ok);
        self.0.playable.store(card.is_some(), Ordering::Relaxed);
        let is_free = card.is_some_and(|card| card.vocabulary.time_base == TimeBase::Free);
        self.0.free_time.store(is_free, Ordering::Relaxed);
        self.set_problem(problem);
        *self.0.path.write().unwrap_or_else(PoisonError::into_inner) = path;
        self.0.version.fetch_add(1, Ordering::Release);
    }

    fn map<F: Fn(&String) -> R, R>(&self, look: F) -> R {
        look(&self.0.path.read().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIANO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../presets/piano.segue");

    fn chosen(path: &str) -> OwnStyle {
        let own = OwnStyle::default();
        own.set(path.to_owned());
        own
    }

    #[test]
    fn a_song_keeps_the_name_of_a_style_whose_file_is_gone_and_forgets_the_one_before() {
        let own = OwnStyle::default();
        assert!(!own.is_playable() && own.problem().is_none());
        own.set(PIANO.to_owned());
        assert!(own.is_playable() && own.is_free_time() && own.mind().is_some());
        assert_eq!(own.problem(), None);
        own.set("/no/such.segue".to_owned());
        assert!(!own.is_playable() && !own.is_free_time() && own.mind().is_none());
        assert_eq!(own.map(String::clone), "/no/such.segue");
        let problem = own.problem().unwrap();
        assert!(problem.starts_with("/no/such.segue: cannot be read"), "{problem}");
        own.set(String::new());
        assert_eq!(own.problem(), None, "no file is no problem");
    }

    #[test]
    fn all_who_play_one_file_share_its_weights_and_a_file_trained_anew_is_another() {
        let folder = std::env::temp_dir().join(format!("segue-own-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("mine.segue");
        std::fs::copy(PIANO, &file).unwrap();
        let path = file.display().to_string();
        let (one, other) = (chosen(&path).mind().unwrap(), chosen(&path).mind().unwrap());
        assert!(Arc::ptr_eq(&one, &other));
        std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/../presets/folk.segue"), &file).unwrap();
        assert!(!Arc::ptr_eq(&one, &chosen(&path).mind().unwrap()));
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn weights_that_are_damaged_behind_their_card_are_said_and_do_not_play() {
        let folder = std::env::temp_dir().join(format!("segue-cut-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("cut.segue");
        let whole = std::fs::read(PIANO).unwrap();
        std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
        let own = chosen(&file.display().to_string());
        assert!(own.mind().is_none());
        assert!(!own.is_playable());
        assert!(own.problem().unwrap().contains("cut.segue"));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
