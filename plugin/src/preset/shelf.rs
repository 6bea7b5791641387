//! All presets: the built-in ones and those in the user's folder.
//!
//! The folder is read when the shelf is opened. A file that is not a preset is reported and does not affect the others.
//! Built-in presets can be neither overwritten nor deleted.

use super::Preset;
use super::file::{PresetRefused, check_name};
use crate::whole_file;
use segue_model::bounded_file::{SizeLimit, plain_reason};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The texts of the built-in presets in the order in which they are shown, each with its style's cargo feature.
const BUILT_IN: &[(&str, &str)] = &[
    #[cfg(feature = "jazz")]
    ("late-set.toml", include_str!("../../../presets/late-set.toml")),
    #[cfg(feature = "jazz")]
    ("modal-night.toml", include_str!("../../../presets/modal-night.toml")),
    #[cfg(feature = "jazz")]
    ("out-there.toml", include_str!("../../../presets/out-there.toml")),
    #[cfg(feature = "blues")]
    ("twelve-bars.toml", include_str!("../../../presets/twelve-bars.toml")),
    #[cfg(feature = "blues")]
    ("slow-blues.toml", include_str!("../../../presets/slow-blues.toml")),
    #[cfg(feature = "folk")]
    ("village-dance.toml", include_str!("../../../presets/village-dance.toml")),
    #[cfg(feature = "folk")]
    ("second-voice.toml", include_str!("../../../presets/second-voice.toml")),
    #[cfg(feature = "irish")]
    ("session.toml", include_str!("../../../presets/session.toml")),
    #[cfg(feature = "irish")]
    ("slow-air.toml", include_str!("../../../presets/slow-air.toml")),
    #[cfg(feature = "irish")]
    ("two-fiddles.toml", include_str!("../../../presets/two-fiddles.toml")),
    #[cfg(feature = "piano")]
    ("nocturne.toml", include_str!("../../../presets/nocturne.toml")),
    #[cfg(feature = "piano")]
    ("fantasia.toml", include_str!("../../../presets/fantasia.toml")),
];

/// The presets' folder within the musician's data folder.
const FOLDER: [&str; 2] = ["Segue", "presets"];
const ENDING: &str = "toml";
/// A preset has a few hundred bytes; a much larger file is not one.
const LARGEST: SizeLimit = SizeLimit::kibibytes("preset", 64);
/// More presets than anybody keeps; the limit stops a wrong folder from blocking the window.
const MOST_FILES: usize = 1000;

/// One preset on the shelf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShelfEntry {
    /// The preset.
    pub preset: Preset,
    /// Its file in the musician's folder; `None` if it is built in.
    pub file: Option<PathBuf>,
}

/// All presets.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    entries: Vec<ShelfEntry>,
    folder: Option<PathBuf>,
    refused: Vec<PresetRefused>,
}

/// Why a preset was not saved or deleted. The display is one sentence.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// The name is not valid.
    #[error("{0}")]
    Name(String),
    /// The name belongs to a built-in preset.
    #[error("{0} is one of Segue's own presets, which stay as they are; save yours under another name")]
    BuiltIn(String),
    /// The preset is not on the shelf.
    #[error("there is no preset {0}; it may have been deleted elsewhere")]
    Missing(String),
    /// There is no preset with this name.
    #[error("there is no preset {name}; there are {known}")]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// The names that exist.
        known: String,
    },
    /// The system names no data folder.
    #[error("this system names no folder for presets; set HOME (or XDG_DATA_HOME) and start again")]
    NoFolder,
    /// A file or folder operation failed.
    #[error(
        "{path}: {doing}: {}; check that the folder can be written to and that there is room",
        plain_reason(.reason)
    )]
    File {
        /// The file or folder.
        path: String,
        /// What failed.
        doing: &'static str,
        /// The system's error.
        reason: io::Error,
    },
}

/// The folder of the musician's presets, which need not exist; `None` if the system names none.
pub fn folder() -> Option<PathBuf> {
    Some(dirs::data_dir()?.join(FOLDER.iter().collect::<PathBuf>()))
}

impl Shelf {
    /// Reads the built-in presets, and those that are now in the musician's folder.
    pub fn open() -> Self {
        Self::open_at(folder())
    }

    /// The same with another folder.
    pub fn open_at(folder: Option<PathBuf>) -> Self {
        let built_in = BUILT_IN.iter().filter_map(|(file, text)| {
            // A test checks that each of them can be read.
            Some(ShelfEntry { preset: Preset::parse(text, file).ok()?, file: None })
        });
        let mut shelf = Self { entries: built_in.collect(), folder, refused: Vec::new() };
        shelf.read_folder();
        shelf
    }

    /// The built-in presets, then the musician's own by name.
    pub fn entries(&self) -> &[ShelfEntry] {
        &self.entries
    }

    /// The files in the folder that are not presets.
    pub fn refused(&self) -> &[PresetRefused] {
        &self.refused
    }

    /// The preset with this name; case does not matter.
    pub fn find(&self, name: &str) -> Option<&ShelfEntry> {
        self.entries.iter().find(|entry| is_same(&entry.preset.name, name))
    }

    /// The preset with this name, which must exist.
    ///
    /// # Errors
    /// With the names that exist.
    pub fn named(&self, name: &str) -> Result<&ShelfEntry, ShelfError> {
        let known = || self.entries.iter().map(|entry| entry.preset.name.as_str()).collect::<Vec<_>>().join(", ");
        self.find(name).ok_or_else(|| ShelfError::Unknown { name: name.to_owned(), known: known() })
    }

    /// Writes a preset into the musician's folder; an existing one with the same name is replaced.
    ///
    /// # Errors
    /// If the name is invalid or belongs to Segue, or the file cannot be written. Then nothing changes.
    pub fn save(&mut self, preset: &Preset) -> Result<(), ShelfError> {
        check_name(&preset.name).map_err(ShelfError::Name)?;
        // Another instance may have saved one of this name since the folder was read.
        self.read_folder();
        let before = self.find(&preset.name);
        if before.is_some_and(|entry| entry.file.is_none()) {
            return Err(ShelfError::BuiltIn(preset.name.clone()));
        }
        let folder = self.folder.clone().ok_or(ShelfError::NoFolder)?;
        let file = before.and_then(|entry| entry.file.clone());
        let file = file.unwrap_or_else(|| free_file(&folder, &preset.name));
        write(&folder, &file, &preset.text())?;
        self.entries.retain(|entry| entry.file.as_ref() != Some(&file));
        self.entries.push(ShelfEntry { preset: preset.clone(), file: Some(file) });
        self.sort();
        Ok(())
    }

    /// Deletes a preset from the musician's folder.
    ///
    /// # Errors
    /// If there is none with this name, if it is built in, or if its file cannot be deleted.
    pub fn delete(&mut self, name: &str) -> Result<(), ShelfError> {
        let entry = self.find(name).ok_or_else(|| ShelfError::Missing(name.to_owned()))?;
        let Some(file) = entry.file.clone() else { return Err(ShelfError::BuiltIn(entry.preset.name.clone())) };
        match fs::remove_file(&file) {
            // If the file is already gone, nothing is wrong.
            Err(reason) if reason.kind() != io::ErrorKind::NotFound => {
                return Err(ShelfError::File { path: file.display().to_string(), doing: "cannot be deleted", reason });
            }
            _ => {}
        }
        self.entries.retain(|entry| entry.file.as_ref() != Some(&file));
        Ok(())
    }

    fn read_folder(&mut self) {
        self.entries.retain(|entry| entry.file.is_none());
        self.refused.clear();
        let Some(folder) = &self.folder else { return };
        // A folder that does not exist yet counts as empty.
        let Ok(files) = fs::read_dir(folder) else { return };
        let is_preset = |path: &PathBuf| path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(ENDING));
        let mut files: Vec<PathBuf> = files.filter_map(|file| Some(file.ok()?.path())).filter(is_preset).collect();
        files.sort();
        for file in files.into_iter().take(MOST_FILES) {
            let read = read(&file).and_then(|preset| match self.find(&preset.name) {
                Some(other) => Err(taken(&file, other)),
                None => Ok(preset),
            });
            match read {
                Ok(preset) => self.entries.push(ShelfEntry { preset, file: Some(file) }),
                Err(refused) => self.refused.push(refused),
            }
        }
        self.sort();
    }

    fn sort(&mut self) {
        let own_name = |entry: &ShelfEntry| entry.file.as_ref().map(|_| entry.preset.name.to_lowercase());
        // The sort is stable, so built-in presets keep their order.
        self.entries.sort_by_key(own_name);
    }
}

fn is_same(name: &str, other: &str) -> bool {
    name.trim().to_lowercase() == other.trim().to_lowercase()
}

fn taken(file: &Path, other: &ShelfEntry) -> PresetRefused {
    let whose = match &other.file {
        None => "is one of Segue's own".to_owned(),
        Some(other) => format!("is also the name of {}", other.display()),
    };
    let reason = format!("its name, {}, {whose}; give it another", other.preset.name);
    PresetRefused { path: file.display().to_string(), line: None, reason }
}

/// Reads a preset from a file.
///
/// # Errors
/// If it cannot be read, is larger than any preset, or is not one.
pub fn read(file: &Path) -> Result<Preset, PresetRefused> {
    let path = file.display().to_string();
    let refused = |reason: String| PresetRefused { path: path.clone(), line: None, reason };
    let bytes = LARGEST.read(file).map_err(|error| refused(error.to_string()))?;
    let text = String::from_utf8(bytes);
    let text = text.map_err(|_| refused("is not UTF-8 text; save it as UTF-8".to_owned()))?;
    Preset::parse(&text, &path)
}

/// An unused file name for a preset of this name.
fn free_file(folder: &Path, name: &str) -> PathBuf {
    let stem = stem(name);
    let numbered = |number: u32| if number == 1 { stem.clone() } else { format!("{stem} {number}") };
    let mut files = (1..).map(|number| folder.join(format!("{}.{ENDING}", numbered(number))));
    files.find(|file| !file.exists()).unwrap_or_else(|| folder.join(&stem))
}

/// The name without characters that some file system rejects.
fn stem(name: &str) -> String {
    /// Windows reserves these names.
    const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];
    let safe = |character: char| if character.is_alphanumeric() || " _+".contains(character) { character } else { '-' };
    let stem: String = name.chars().map(safe).collect();
    let stem = stem.trim().to_owned();
    let without_number = stem.trim_end_matches(|character: char| character.is_ascii_digit()).to_lowercase();
    if DEVICES.contains(&without_number.as_str()) { format!("{stem}-") } else { stem }
}

/// Writes the whole file or nothing.
fn write(folder: &Path, file: &Path, text: &str) -> Result<(), ShelfError> {
    let cannot =
        |doing| move |path: &Path, reason| ShelfError::File { path: path.display().to_string(), doing, reason };
    fs::create_dir_all(folder).map_err(|reason| cannot("cannot be made")(folder, reason))?;
    whole_file::replace(file, text.as_bytes()).map_err(|reason| cannot("cannot be written")(file, reason))
}

#[cfg(test)]
mod shared;
#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::SegueParams;
    use crate::preset::apply::tests::FakeHost;
    use crate::preset::{apply, of};
    use crate::styles::STYLES;

    /// A test's own folder, removed after the test.
    pub(super) struct Folder(pub(super) PathBuf);

    impl Folder {
        pub(super) fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("segue-shelf-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            Self(path)
        }

        pub(super) fn shelf(&self) -> Shelf {
            Shelf::open_at(Some(self.0.clone()))
        }

        fn put(&self, file: &str, content: impl AsRef<[u8]>) {
            fs::create_dir_all(&self.0).unwrap();
            fs::write(self.0.join(file), content).unwrap();
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    pub(super) fn named(name: &str) -> Preset {
        Preset { name: name.to_owned(), ..of(&SegueParams::default()) }
    }

    pub(super) fn own_names(shelf: &Shelf) -> Vec<&str> {
        shelf.entries().iter().filter(|entry| entry.file.is_some()).map(|entry| entry.preset.name.as_str()).collect()
    }

    /// Every built-in preset can be read and says what it is for and who made it.
    #[test]
    fn built_in_presets_have_a_purpose_and_credits() {
        for (file, text) in BUILT_IN {
            let preset = Preset::parse(text, file).unwrap_or_else(|error| panic!("{error}"));
            assert!(!preset.purpose.is_empty() && !preset.credits.is_empty(), "{file}");
            assert!(preset.own_style.is_empty(), "{file}");
            assert!(preset.settings().count() > 0, "{file} changes nothing");
            assert_eq!(*file, format!("{}.toml", preset.name.to_lowercase().replace(' ', "-")));
        }
        let shelf = Shelf::open_at(None);
        assert_eq!(shelf.entries().len(), BUILT_IN.len());
        for entry in shelf.entries() {
            assert_eq!(shelf.find(&entry.preset.name.to_uppercase()), Some(entry), "one name, one preset");
        }
    }

    #[test]
    fn every_style_has_two_presets_or_more_that_show_it_off() {
        let shelf = Shelf::open_at(None);
        for style in STYLES {
            let count = shelf.entries().iter().filter(|entry| entry.preset.style == style.name).count();
            assert!(count >= 2, "{} has {count}", style.name);
        }
    }

    /// Every preset sets what it says, and nothing of the previous preset remains.
    #[test]
    fn a_preset_leaves_nothing_of_the_one_before() {
        let params = SegueParams::default();
        for entry in Shelf::open_at(None).entries() {
            apply(&entry.preset, &params, &mut FakeHost::default());
            let said = &entry.preset;
            let defaults = SegueParams::default();
            let differs = |(id, text): &(&str, &str)| {
                let setting = defaults.setting(id).unwrap();
                setting.text(setting.default_value()) != *text
            };
            let of_now = of(&params);
            assert_eq!((&of_now.style, &of_now.chart), (&said.style, &said.chart));
            assert_eq!(of_now.settings().collect::<Vec<_>>(), said.settings().filter(differs).collect::<Vec<_>>());
        }
    }

    /// A saved preset is there when the shelf is opened again, and a deleted one is not.
    #[test]
    fn saved_presets_survive_and_deleted_ones_do_not() {
        let folder = Folder::new("save");
        let mut shelf = folder.shelf();
        for name in ["Mine", "another", "a/b:c*?", "CON", "Übung ♯1"] {
            shelf.save(&named(name)).unwrap();
        }
        assert_eq!(own_names(&shelf), ["a/b:c*?", "another", "CON", "Mine", "Übung ♯1"]);
        let again = folder.shelf();
        assert_eq!(again.entries(), shelf.entries());
        assert_eq!(again.refused(), []);
        shelf.delete("mine").unwrap();
        assert!(matches!(shelf.delete("mine"), Err(ShelfError::Missing(_))));
        assert_eq!(own_names(&folder.shelf()), ["a/b:c*?", "another", "CON", "Übung ♯1"]);
    }

    /// A preset with the same name is replaced; one with another name but the same file name is not.
    #[test]
    fn saving_replaces_a_preset_by_name_not_by_file() {
        let folder = Folder::new("same");
        let mut shelf = folder.shelf();
        shelf.save(&named("a/b")).unwrap();
        shelf.save(&named("a:b")).unwrap();
        shelf.save(&Preset { purpose: "Newer.".to_owned(), ..named("A/B") }).unwrap();
        let again = folder.shelf();
        assert_eq!(own_names(&again), ["A/B", "a:b"]);
        assert_eq!(again.find("a/b").unwrap().preset.purpose, "Newer.");
        let left_over = fs::read_dir(&folder.0).unwrap().count();
        assert_eq!(left_over, 2, "no half-written file is left");
    }

    #[test]
    fn what_is_built_in_stays() {
        let folder = Folder::new("built-in");
        let mut shelf = folder.shelf();
        let name = shelf.entries()[0].preset.name.clone();
        let sentence = shelf.save(&named(&name.to_uppercase())).unwrap_err().to_string();
        assert!(sentence.contains("save yours under another name"), "{sentence}");
        assert!(matches!(shelf.delete(&name), Err(ShelfError::BuiltIn(_))));
        folder.put("thief.toml", named(&name).text());
        let shelf = folder.shelf();
        assert_eq!(own_names(&shelf), [""; 0]);
        assert!(shelf.refused()[0].to_string().contains("is one of Segue's own; give it another"));
    }

    #[test]
    fn one_bad_file_never_stops_the_others_and_each_is_said() {
        let folder = Folder::new("bad");
        folder.put("good.toml", named("Good").text());
        folder.put("twin.toml", named("good").text());
        folder.put("empty.toml", "");
        folder.put("noise.toml", [0xFF, 0xFE, 0x00]);
        folder.put("large.toml", vec![b'#'; 100_000]);
        folder.put("notes.txt", "not looked at");
        fs::create_dir_all(folder.0.join("folder.toml")).unwrap();
        let shelf = folder.shelf();
        assert_eq!(own_names(&shelf), ["Good"]);
        let said: Vec<String> = shelf.refused().iter().map(ToString::to_string).collect();
        let wanted = [
            ("empty.toml", "a preset needs a name"),
            ("folder.toml", "cannot be read"),
            ("large.toml", "is larger than 64 KiB, and no preset is; choose another file"),
            ("noise.toml", "not UTF-8 text"),
            ("twin.toml", "give it another"),
        ];
        assert_eq!(said.len(), wanted.len(), "{said:?}");
        for (sentence, (file, words)) in said.iter().zip(wanted) {
            assert!(sentence.contains(file) && sentence.contains(words), "{sentence}");
        }
    }

    #[test]
    fn what_cannot_be_written_is_said_and_changes_nothing() {
        let folder = Folder::new("no-folder");
        folder.put("file", "in the way");
        let mut shelf = Shelf::open_at(Some(folder.0.join("file")));
        let sentence = shelf.save(&named("Mine")).unwrap_err().to_string();
        assert!(sentence.contains("file: cannot be made: "), "{sentence}");
        assert_eq!(own_names(&shelf), [""; 0]);
        assert!(matches!(Shelf::open_at(None).save(&named("Mine")), Err(ShelfError::NoFolder)));
        assert!(matches!(shelf.save(&named("two\nlines")), Err(ShelfError::Name(_))));
        assert!(matches!(shelf.save(&named("")), Err(ShelfError::Name(_))));
    }
}
