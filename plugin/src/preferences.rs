//! What belongs to the musician and not to a song: the scale of the window and the favourite presets. One readable file
//! in the data folder, which all instances and the program share.

use crate::whole_file;
use segue_model::bounded_file::{SizeLimit, plain_reason};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The folder within the musician's data folder, beside the presets.
const FOLDER: &str = "Segue";
const FILE: &str = "preferences.toml";
const LARGEST: SizeLimit = SizeLimit::kibibytes("file of preferences", 64);

/// The scales that the window can have, in percent.
pub const SCALES: [u16; 6] = [75, 100, 125, 150, 175, 200];
const USUAL_SCALE: u16 = 100;

/// What a musician prefers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preferences {
    /// The scale of the window, in percent.
    scale: u16,
    /// The names of the favourite presets.
    pub favourites: BTreeSet<String>,
    /// What this version does not know.
    #[serde(flatten)]
    unknown: BTreeMap<String, toml::Value>,
}

impl Default for Preferences {
    fn default() -> Self {
        Self { scale: USUAL_SCALE, favourites: BTreeSet::new(), unknown: BTreeMap::new() }
    }
}

impl Preferences {
    /// The scale of the window in percent, one of [`SCALES`].
    pub fn scale_percent(&self) -> u16 {
        if SCALES.contains(&self.scale) { self.scale } else { USUAL_SCALE }
    }

    /// Sets the scale of the window, in percent.
    pub fn set_scale_percent(&mut self, percent: u16) {
        self.scale = percent;
    }
}

/// Why preferences are not kept. The display is one sentence.
#[derive(Debug, thiserror::Error)]
pub enum PreferencesError {
    /// The system names no data folder.
    #[error("This system names no folder for preferences, so they last until the window closes.")]
    NoFolder,
    /// The file has a mistake, and is not replaced.
    #[error("{0} cannot be read, so nothing is kept. Mend it, or remove it.")]
    Unreadable(PathBuf),
    /// The file cannot be written.
    #[error("{} cannot be written ({}). Check that there is room.", .0.display(), plain_reason(.1))]
    Unwritable(PathBuf, std::io::Error),
}

/// The file with the preferences.
#[derive(Debug, Clone)]
pub struct PreferencesFile(Option<PathBuf>);

impl PreferencesFile {
    /// The file of this user.
    pub fn of_user() -> Self {
        Self(dirs::data_dir().map(|folder| folder.join(FOLDER).join(FILE)))
    }

    /// A file in another folder.
    #[cfg(test)]
    pub fn in_folder(folder: &Path) -> Self {
        Self(Some(folder.join(FILE)))
    }

    /// The preferences as they are now; the usual ones where the file is missing or has a mistake.
    pub fn read(&self) -> Preferences {
        self.0.as_deref().and_then(|file| read(file).ok()).unwrap_or_default()
    }

    /// Changes the preferences, as they are now, and keeps them. Returns them, changed, even where they are not kept.
    pub fn change(&self, change: impl Fn(&mut Preferences)) -> (Preferences, Result<(), PreferencesError>) {
        let mut unkept = self.read();
        change(&mut unkept);
        let kept = self.0.as_deref().ok_or(PreferencesError::NoFolder).and_then(|file| {
            // What has a mistake may be mended by the musician, and must not be lost.
            let mut now = read(file)?;
            change(&mut now);
            write(file, &now)
        });
        (unkept, kept)
    }
}

fn read(file: &Path) -> Result<Preferences, PreferencesError> {
    let unreadable = || PreferencesError::Unreadable(file.to_owned());
    match std::fs::metadata(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Preferences::default()),
        _ => {}
    }
    let bytes = LARGEST.read(file).map_err(|_| unreadable())?;
    let text = String::from_utf8(bytes).map_err(|_| unreadable())?;
    toml::from_str(&text).map_err(|_| unreadable())
}

fn write(file: &Path, preferences: &Preferences) -> Result<(), PreferencesError> {
    let unwritable = |error| PreferencesError::Unwritable(file.to_owned(), error);
    let text = toml::to_string(preferences).map_err(|error| unwritable(std::io::Error::other(error)))?;
    std::fs::create_dir_all(file.parent().unwrap_or(Path::new(""))).map_err(unwritable)?;
    whole_file::replace(file, text.as_bytes()).map_err(unwritable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences_come_back_and_keep_what_later_versions_add() {
        let folder = tempfile::tempdir().unwrap();
        let file = PreferencesFile::in_folder(&folder.path().join("not there yet"));
        assert_eq!(file.read(), Preferences::default());
        let (_, kept) = file.change(|preferences| preferences.set_scale_percent(150));
        kept.unwrap();
        let path = folder.path().join("not there yet").join(FILE);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("colours = \"light\"\n{text}")).unwrap();
        let (now, kept) = file.change(|preferences| _ = preferences.favourites.insert("Slow air".to_owned()));
        kept.unwrap();
        assert_eq!((now.scale_percent(), now.favourites.len()), (150, 1));
        assert_eq!(file.read(), now);
        assert!(std::fs::read_to_string(&path).unwrap().contains("colours = \"light\""));
    }

    /// A file with a mistake is left as it is, and what is changed lasts as long as the window.
    #[test]
    fn a_file_with_a_mistake_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let file = PreferencesFile::in_folder(folder.path());
        for text in ["scale = \"large\"", "scale = [", "\u{0}"] {
            std::fs::write(folder.path().join(FILE), text).unwrap();
            let (now, kept) = file.change(|preferences| preferences.set_scale_percent(125));
            assert!(kept.unwrap_err().to_string().contains("cannot be read"), "{text}");
            assert_eq!(now.scale_percent(), 125);
            assert_eq!(std::fs::read_to_string(folder.path().join(FILE)).unwrap(), text);
        }
        std::fs::write(folder.path().join(FILE), "scale = 7").unwrap();
        assert_eq!(file.read().scale_percent(), USUAL_SCALE, "a scale that does not exist");
    }
}
