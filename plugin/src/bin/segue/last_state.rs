//! What the program remembers from one start to the next: every setting, the chart, the style of one's own, the size of
//! the window and the devices. One readable file in the musician's data folder, written whole or not at all.
//!
//! What was in the file is never lost: a file that cannot be read, or only in part, is kept under another name before
//! the first new one is written.

use super::choice::DeviceChoice;
use super::sound::SoundSystem;
use nice_plug::params::Params;
use segue::params::{Gestures, SegueParams, Unhosted};
use segue::whole_file;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// The folder within the musician's data folder, beside the presets.
const FOLDER: &str = "Segue";
const FILE: &str = "last-state.toml";
/// A state has a few kilobytes; a much larger file is not one.
const LARGEST: u64 = 1 << 20;
/// How often a change is looked for.
const OFTEN: Duration = Duration::from_secs(2);
/// Buttons that spring back: whether they are pressed is not remembered.
const MOMENTARY: [&str; 3] = ["your_turn", "tap", "forget"];

/// The content of the file.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
struct State {
    /// The devices that were chosen in the window.
    devices: DeviceChoice,
    /// The settings by their ids, as the window shows them.
    settings: BTreeMap<String, String>,
    /// The other things that a song saves, as JSON.
    song: BTreeMap<String, String>,
    /// What this version does not know.
    #[serde(flatten)]
    unknown: BTreeMap<String, toml::Value>,
}

/// What became of the state of the last start.
#[derive(Debug, PartialEq, Eq)]
pub enum Restored {
    /// There was none.
    Nothing,
    /// All of it is back.
    Everything,
    /// What could be read is back. The file is kept under this name, or could not be kept.
    InPart(Option<PathBuf>),
}

/// What is remembered from now on: the parameters and the devices. Clones share it.
#[derive(Clone)]
pub struct Keeper {
    pub state: LastState,
    pub params: Arc<SegueParams>,
    pub sound: SoundSystem,
}

impl Keeper {
    /// Writes what has changed. What goes wrong is said on the terminal, because nothing can be done about it now.
    pub fn save(&self) {
        self.try_to_save().unwrap_or_else(|error| eprintln!("segue: the settings are not remembered: {error}"));
    }

    fn try_to_save(&self) -> io::Result<()> {
        self.state.save(&self.params, &self.sound.to_remember())
    }

    /// Writes after each change, until the program ends.
    pub fn follow(self) {
        let mut has_failed = false;
        thread::spawn(move || {
            loop {
                thread::sleep(OFTEN);
                if let Err(error) = self.try_to_save()
                    && !std::mem::replace(&mut has_failed, true)
                {
                    eprintln!("segue: the settings are not remembered: {error}");
                }
            }
        });
    }
}

/// The file with the state. Clones share it.
#[derive(Debug, Clone)]
pub struct LastState(Arc<StateFile>);

#[derive(Debug)]
struct StateFile {
    /// `None` if the system names no folder, or if a broken file could not be kept: then nothing is written.
    file: Mutex<Option<PathBuf>>,
    /// The content that was read or written last.
    known: Mutex<String>,
}

impl LastState {
    /// The file of this user.
    pub fn of_user() -> Self {
        Self::in_folder(dirs::data_dir().map(|folder| folder.join(FOLDER)))
    }

    /// The same in another folder.
    fn in_folder(folder: Option<PathBuf>) -> Self {
        let file = Mutex::new(folder.map(|folder| folder.join(FILE)));
        Self(Arc::new(StateFile { file, known: Mutex::default() }))
    }

    /// Keeps the state of the last start under another name, so that this one begins without it. Returns that name.
    ///
    /// # Errors
    /// If the file cannot be moved.
    pub fn set_aside(&self) -> io::Result<Option<PathBuf>> {
        let Some(file) = self.file() else { return Ok(None) };
        if !file.try_exists()? {
            return Ok(None);
        }
        let kept = free_name(&file);
        fs::rename(&file, &kept)?;
        Ok(Some(kept))
    }

    /// The devices that were chosen last.
    pub fn devices(&self) -> DeviceChoice {
        let text = self.file().and_then(|file| read(&file).ok()).unwrap_or_default();
        toml::from_str::<State>(&text).unwrap_or_default().devices
    }

    /// Brings back what was written last, but the devices.
    pub fn restore(&self, params: &SegueParams) -> Restored {
        let Some(file) = self.file() else { return Restored::Nothing };
        let text = match read(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Restored::Nothing,
            Err(_) => return Restored::InPart(self.keep(&file)),
        };
        let Ok(state) = toml::from_str::<State>(&text) else { return Restored::InPart(self.keep(&file)) };
        if !apply(&state, params) {
            return Restored::InPart(self.keep(&file));
        }
        *self.0.known.lock().unwrap_or_else(PoisonError::into_inner) = text;
        Restored::Everything
    }

    /// Writes the state if it has changed since it was read or written.
    ///
    /// # Errors
    /// If it cannot be written. Then the file is as before.
    pub fn save(&self, params: &SegueParams, devices: &DeviceChoice) -> io::Result<()> {
        let Some(file) = self.file() else { return Ok(()) };
        let text = toml::to_string(&now(params, devices)).map_err(io::Error::other)?;
        let mut known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        if *known == text {
            return Ok(());
        }
        fs::create_dir_all(file.parent().unwrap_or(Path::new("")))?;
        whole_file::replace(&file, text.as_bytes())?;
        *known = text;
        Ok(())
    }

    fn file(&self) -> Option<PathBuf> {
        self.0.file.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps a copy of a broken file. Where that fails, nothing is written, so that the file stays.
    fn keep(&self, file: &Path) -> Option<PathBuf> {
        let kept = free_name(file);
        let copied = fs::copy(file, &kept).is_ok();
        if !copied {
            *self.0.file.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        copied.then_some(kept)
    }
}

fn read(file: &Path) -> io::Result<String> {
    if fs::metadata(file)?.len() > LARGEST {
        return Err(ErrorKind::FileTooLarge.into());
    }
    fs::read_to_string(file)
}

/// A name beside this file that no file has.
fn free_name(file: &Path) -> PathBuf {
    let name = |number: u32| file.with_extension(format!("old-{number}.toml"));
    let mut number = 1;
    while name(number).exists() {
        number += 1;
    }
    name(number)
}

/// The present state.
fn now(params: &SegueParams, devices: &DeviceChoice) -> State {
    let settings = params.each().filter(|(id, _)| !MOMENTARY.contains(&id.as_str()));
    State {
        devices: devices.clone(),
        settings: settings.map(|(id, setting)| (id, setting.text(setting.value()))).collect(),
        song: params.serialize_fields(),
        unknown: BTreeMap::new(),
    }
}

/// Sets what can be set. False if something could not.
fn apply(state: &State, params: &SegueParams) -> bool {
    let mut is_whole = state.unknown.is_empty();
    for (id, text) in &state.settings {
        let setting = params.setting(id).filter(|_| !MOMENTARY.contains(&id.as_str()));
        match setting.and_then(|setting| Some((setting, setting.read(text).ok()?))) {
            Some((setting, value)) => Unhosted.set(setting, value),
            None => is_whole = false,
        }
    }
    params.deserialize_fields(&state.song);
    let after = params.serialize_fields();
    is_whole && state.song.keys().all(|name| after.contains_key(name))
}

#[cfg(test)]
mod tests {
    use super::super::choice::SoundChoice;
    use super::*;
    use nice_plug::params::persist::PersistentField;

    fn set(params: &SegueParams, id: &str, text: &str) {
        let setting = params.setting(id).unwrap();
        Unhosted.set(setting, setting.read(text).unwrap());
    }

    fn text(params: &SegueParams, id: &str) -> String {
        params.setting(id).map(|setting| setting.text(setting.value())).unwrap()
    }

    fn in_folder(folder: &tempfile::TempDir) -> LastState {
        LastState::in_folder(Some(folder.path().join("Segue")))
    }

    fn files(folder: &tempfile::TempDir) -> Vec<String> {
        let files = fs::read_dir(folder.path().join("Segue")).unwrap();
        let mut names: Vec<String> =
            files.map(|file| file.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// Every setting that is no button, the chart, the own style and the size of the window come back.
    #[test]
    fn everything_comes_back_at_the_next_start() {
        const PIANO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../presets/piano.segue");
        let folder = tempfile::tempdir().unwrap();
        let params = SegueParams::default();
        assert_eq!(in_folder(&folder).restore(&params), Restored::Nothing);
        for (id, setting) in params.each() {
            let other = if setting.value() < 0.5 { 1.0 } else { 0.0 };
            if !MOMENTARY.contains(&id.as_str()) {
                Unhosted.set(setting, other);
            }
        }
        params.chart.set("Dm7 | G7 |\nC6".to_owned());
        params.own.set(PIANO.to_owned());
        params.window.remember((1_234.0, 777.0));
        let devices = DeviceChoice {
            sound: SoundChoice::Card("Scarlett 2i2".to_owned()),
            midi_inputs: Some(Vec::new()),
            midi_outputs: vec!["Synth".to_owned()],
        };
        in_folder(&folder).save(&params, &devices).unwrap();
        assert_eq!(in_folder(&folder).devices(), devices);
        let again = SegueParams::default();
        assert_eq!(in_folder(&folder).restore(&again), Restored::Everything);
        for (id, setting) in params.each() {
            assert_eq!(text(&again, &id), setting.text(setting.value()), "{id}");
        }
        assert_eq!(again.chart.map(String::clone), "Dm7 | G7 |\nC6");
        assert!(again.own.facts().is_playable);
        assert_eq!(again.window.size(), (1_234.0, 777.0));
        assert_eq!(files(&folder), [FILE]);
    }

    /// A file that cannot be read is kept under another name, however often, and what can be read of it is used.
    #[test]
    fn a_broken_file_is_kept_and_its_good_part_used() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("Segue").join(FILE);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let partly = "[settings]\ntemperature = \"0.700\"\nmode = \"Solo\"\nfuture = \"On\"\n";
        let broken: [&[u8]; 3] = [b"[settings", b"\xff\xfe", partly.as_bytes()];
        for (number, bytes) in (1..).zip(broken) {
            fs::write(&file, bytes).unwrap();
            let (state, params) = (in_folder(&folder), SegueParams::default());
            let Restored::InPart(Some(kept)) = state.restore(&params) else { panic!("{number}: it is broken") };
            state.save(&params, &DeviceChoice::default()).unwrap();
            assert_eq!(fs::read(&kept).unwrap(), bytes);
            assert_eq!(files(&folder).len(), number + 1);
            assert_eq!(text(&params, "mode"), "Answer");
            assert_eq!(text(&params, "temperature"), if number == 3 { "0.700" } else { "1.000" });
            assert_eq!(in_folder(&folder).restore(&SegueParams::default()), Restored::Everything);
        }
    }

    /// Where a broken file cannot be kept, it is not replaced either.
    #[test]
    fn what_cannot_be_kept_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        // A folder of that name can be neither read nor copied as a file.
        fs::create_dir_all(folder.path().join("Segue").join(FILE)).unwrap();
        let (state, params) = (in_folder(&folder), SegueParams::default());
        assert_eq!(state.restore(&params), Restored::InPart(None));
        set(&params, "mode", "Duet");
        state.save(&params, &DeviceChoice::default()).unwrap();
        assert!(folder.path().join("Segue").join(FILE).is_dir());
    }

    /// A start that is to be fresh keeps the old state under another name.
    #[test]
    fn a_fresh_start_keeps_the_old_state() {
        let folder = tempfile::tempdir().unwrap();
        let (state, params) = (in_folder(&folder), SegueParams::default());
        assert_eq!(state.set_aside().unwrap(), None);
        set(&params, "mode", "Duet");
        state.save(&params, &DeviceChoice::default()).unwrap();
        let kept = in_folder(&folder).set_aside().unwrap().unwrap();
        assert!(fs::read_to_string(kept).unwrap().contains("Duet"));
        assert_eq!(in_folder(&folder).restore(&SegueParams::default()), Restored::Nothing);
    }
}
