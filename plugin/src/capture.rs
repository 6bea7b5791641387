//! Where captures are saved: as MIDI files in the user's music folder, or where the user chooses. Runs in the editor's
//! thread.

use crate::whole_file;
use segue_model::bounded_file::plain_reason;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The extension of a MIDI file.
const ENDING: &str = "mid";
/// How many files with the same second and style are possible.
const SAME_NAMES: u32 = 100;

/// Why a capture failed. The display is one sentence.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages describe them")]
pub enum CaptureError {
    #[error("Nothing has been played yet, so there is nothing to capture.")]
    Nothing,
    #[error("Segue has not answered yet, so there is no answer to capture.")]
    NoAnswer,
    #[error(
        "There is no music folder to write to, because the system names no home folder. Click Capture with the right \
         button and choose a folder."
    )]
    NoFolder,
    #[error(
        "{path}: the folder cannot be made ({}). Click Capture with the right button and choose another folder.",
        plain_reason(.reason)
    )]
    Folder { path: String, reason: std::io::Error },
    #[error(
        "{path}: cannot be written ({}). See that there is room, or click Capture with the right button and \
         choose another folder.",
        plain_reason(.reason)
    )]
    File { path: String, reason: std::io::Error },
}

/// The folder for captures: `Segue` in the user's music folder.
///
/// # Errors
/// If the system names neither a music folder nor a home folder.
pub fn folder() -> Result<PathBuf, CaptureError> {
    let music = dirs::audio_dir().or_else(|| Some(dirs::home_dir()?.join("Music")));
    Ok(music.ok_or(CaptureError::NoFolder)?.join("Segue"))
}

/// A file name with the time and the style.
pub fn file_name(style: &str) -> String {
    format!("{}.{ENDING}", stem(style))
}

fn stem(style: &str) -> String {
    format!("Segue {} {style}", chrono::Local::now().format("%Y-%m-%d %H.%M.%S"))
}

/// Writes a MIDI file where the musician chose, replacing an existing one. If the extension was left out, it is added,
/// and then nothing is replaced, because the musician was not asked about that name.
///
/// # Errors
/// If it cannot be written.
pub fn write(bytes: &[u8], path: &Path) -> Result<PathBuf, CaptureError> {
    let is_midi = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(ENDING) || ending == "midi");
    let mut name = path.as_os_str().to_owned();
    if !is_midi {
        name.push(format!(".{ENDING}"));
    }
    let path = PathBuf::from(name);
    let written = if is_midi { whole_file::replace(&path, bytes) } else { whole_file::create(&path, bytes) };
    match written {
        Ok(()) => Ok(path),
        Err(reason) => Err(CaptureError::File { path: path.display().to_string(), reason }),
    }
}

/// Makes the folder for captures where it does not exist.
///
/// # Errors
/// If it cannot be made.
pub fn make(folder: &Path) -> Result<(), CaptureError> {
    std::fs::create_dir_all(folder)
        .map_err(|reason| CaptureError::Folder { path: folder.display().to_string(), reason })
}

/// Writes a MIDI file into this folder, named after the time and the style. Never overwrites a file.
///
/// # Errors
/// If it cannot be written.
pub fn save(bytes: &[u8], folder: &Path, style: &str) -> Result<PathBuf, CaptureError> {
    make(folder)?;
    let stem = stem(style);
    let mut path = folder.join(format!("{stem}.{ENDING}"));
    for copy in 2..=SAME_NAMES {
        match whole_file::create(&path, bytes) {
            Ok(()) => return Ok(path),
            Err(reason) if reason.kind() == ErrorKind::AlreadyExists => {
                path = folder.join(format!("{stem} {copy}.{ENDING}"));
            }
            Err(reason) => return Err(CaptureError::File { path: path.display().to_string(), reason }),
        }
    }
    Err(CaptureError::File { path: path.display().to_string(), reason: ErrorKind::AlreadyExists.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_overwritten_unless_it_was_asked_for() {
        let folder = std::env::temp_dir().join(format!("segue-capture-{}", std::process::id()));
        let bytes = b"as long as a file with some notes".to_vec();
        let paths: Vec<PathBuf> = (0..3).map(|_| save(&bytes, &folder, "Irish").unwrap()).collect();
        assert!(paths[0] != paths[1] && paths[1] != paths[2], "{paths:?}");
        assert!(paths.iter().all(|path| std::fs::read(path).unwrap() == bytes));
        let chosen = folder.join("jam.MID");
        for bytes in [&bytes[..], b"shorter"] {
            assert_eq!(write(bytes, &chosen).unwrap(), chosen);
            assert_eq!(std::fs::read(&chosen).unwrap(), bytes);
        }
        let named = folder.join("take 1.30 o'clock");
        assert_eq!(write(&bytes, &named).unwrap(), folder.join("take 1.30 o'clock.mid"));
        let refused = write(&bytes, &named).unwrap_err().to_string();
        assert!(refused.contains("o'clock.mid: cannot be written"), "{refused}");
        let blocked = folder.join("a file");
        std::fs::write(&blocked, "").unwrap();
        let refused = save(&bytes, &blocked, "Irish").unwrap_err().to_string();
        assert!(refused.contains("a file: the folder cannot be made"), "{refused}");
        std::fs::remove_dir_all(&folder).unwrap();
    }

    /// Where the disk is full, the sentence says what to do, the file that was to be replaced stays, and no half
    /// capture is left.
    #[cfg(unix)]
    #[test]
    fn a_full_disk_costs_no_capture_that_was_there() {
        whole_file::tests::passes_on_a_full_disk("capture::tests::on_a_full_disk");
    }

    #[test]
    #[ignore = "runs in a process of its own, where files are short"]
    fn on_a_full_disk() {
        let folder = tempfile::tempdir().unwrap();
        let before = folder.path().join("take.mid");
        write(b"before", &before).unwrap();
        let long = vec![b'.'; whole_file::tests::TOO_LONG];
        for refused in [
            write(&long, &before),
            write(&long, &folder.path().join("new.mid")),
            write(&long, &folder.path().join("named")),
            save(&long, folder.path(), "Irish"),
        ] {
            let sentence = refused.unwrap_err().to_string();
            assert!(
                sentence.contains("cannot be written (") && sentence.contains("See that there is room"),
                "{sentence}"
            );
        }
        assert_eq!(std::fs::read(&before).unwrap(), b"before");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "and nothing half-written");
    }

    /// Nobody, not even the system's administrator, can make a file there.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_folder_that_cannot_be_written_to_is_said_by_name() {
        let folder = Path::new("/proc/self");
        for refused in [save(b"notes", folder, "Irish"), write(b"notes", &folder.join("take.mid"))] {
            let sentence = refused.unwrap_err().to_string();
            assert!(sentence.starts_with("/proc/self/") && sentence.ends_with("choose another folder."), "{sentence}");
        }
    }
}
