//! Reading a file that a user names, and never more of it than a file of its kind can have.
//!
//! A wrong file, a device or a pipe that never ends must not fill the memory of somebody's DAW. The size is looked at
//! before anything is read, and the reading itself ends at the limit, because a file may grow meanwhile.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// How large a kind of file may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SizeLimit {
    /// What such a file is called in the sentence: `MIDI file`.
    kind: &'static str,
    bytes: u64,
}

/// Why a file was not read: words that follow the file's name and a colon, and end with what to do.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The system does not give it.
    #[error("cannot be read ({}); {}", plain_reason(.0), remedy(.0))]
    Unreadable(#[from] io::Error),
    /// It is larger than any file of its kind.
    #[error("is larger than {most}, and no {kind} is; choose another file", most = shown(.0.bytes), kind = .0.kind)]
    TooLarge(SizeLimit),
}

/// What is wrong with a file, in words for users: without the number that the system gives the error.
pub fn plain_reason(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => {
            let words = error.to_string();
            words.split(" (os error").next().unwrap_or_default().to_owned()
        }
    }
}

fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::IsADirectory => "choose a file in it",
        _ => "check the path and its permissions",
    }
}

const KIBIBYTE: u64 = 1 << 10;
const MEBIBYTE: u64 = 1 << 20;

fn shown(bytes: u64) -> String {
    if bytes < MEBIBYTE { format!("{} KiB", bytes / KIBIBYTE) } else { format!("{} MiB", bytes / MEBIBYTE) }
}

impl SizeLimit {
    /// Files of this kind have at most so many KiB.
    pub const fn kibibytes(kind: &'static str, kibibytes: u64) -> Self {
        Self { kind, bytes: kibibytes * KIBIBYTE }
    }

    /// Files of this kind have at most so many MiB.
    pub const fn mebibytes(kind: &'static str, mebibytes: u64) -> Self {
        Self { kind, bytes: mebibytes * MEBIBYTE }
    }

    /// All that is in a file.
    ///
    /// # Errors
    /// When the file cannot be read or is larger.
    pub fn read(self, path: &Path) -> Result<Vec<u8>, ReadError> {
        let mut file = File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            // A folder has a length too, which says nothing.
            return Err(io::Error::from(ErrorKind::IsADirectory).into());
        }
        let length = metadata.len();
        if length > self.bytes {
            return Err(ReadError::TooLarge(self));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
        file.by_ref().take(self.bytes + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > self.bytes { Err(ReadError::TooLarge(self)) } else { Ok(bytes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: SizeLimit = SizeLimit::kibibytes("file of the test", 4);

    fn read(path: &Path) -> Result<usize, String> {
        LIMIT.read(path).map(|bytes| bytes.len()).map_err(|error| error.to_string())
    }

    /// A file as large as its kind may be is read whole; one byte more is refused with what, where, why and what to do.
    #[test]
    fn a_file_is_read_up_to_its_limit_and_not_beyond() {
        let path = std::env::temp_dir().join(format!("segue-bounded-{}", std::process::id()));
        for (length, wanted) in [
            (0, Ok(0)),
            (4096, Ok(4096)),
            (4097, Err("is larger than 4 KiB, and no file of the test is; choose another file".to_owned())),
        ] {
            std::fs::write(&path, vec![b'.'; length]).unwrap();
            assert_eq!(read(&path), wanted);
        }
        // A file that says it is huge, and takes no room on the disk.
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        assert!(read(&path).is_err());
        std::fs::remove_file(&path).unwrap();
        let sentence = read(&path).unwrap_err();
        assert_eq!(sentence, "cannot be read (there is no such file); check the path and its permissions");
        assert_eq!(shown(SizeLimit::mebibytes("", 64).bytes), "64 MiB");
    }

    /// A user cannot do anything with the number of an error.
    #[cfg(unix)]
    #[test]
    fn errors_of_the_system_are_said_without_their_numbers() {
        const FULL: i32 = 28;
        assert_eq!(plain_reason(&io::Error::from_raw_os_error(FULL)), "No space left on device");
        // However large the folder is.
        for kibibytes in [0, 4] {
            let folder = SizeLimit::kibibytes("file of the test", kibibytes).read(&std::env::temp_dir()).unwrap_err();
            assert_eq!(folder.to_string(), "cannot be read (it is a folder); choose a file in it");
        }
    }

    /// What has no length and no end is read no further than the limit.
    #[cfg(unix)]
    #[test]
    fn a_device_without_an_end_is_refused() {
        assert!(read(Path::new("/dev/zero")).unwrap_err().starts_with("is larger than 4 KiB"));
        assert_eq!(read(Path::new("/dev/null")), Ok(0));
    }
}
