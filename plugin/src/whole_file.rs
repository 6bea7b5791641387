//! Writing a file whole or not at all: where the disk is full, what was there before stays, and nothing half-written is
//! left.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use tempfile::NamedTempFile;

/// Writes a file in the place of the one that is there, if any: another file first, which then takes the place.
///
/// # Errors
/// When it cannot be written. Then everything is as before.
pub fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut beside = new_file(file.parent().unwrap_or(Path::new("")))?;
    beside.write_all(bytes)?;
    beside.as_file().sync_all()?;
    beside.persist(file).map(|_| ()).map_err(|error| error.error)
}

/// Writes a file that is not there yet.
///
/// # Errors
/// When one is there, with [`io::ErrorKind::AlreadyExists`], or it cannot be written. Then everything is as before.
pub fn create(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut new = OpenOptions::new().write(true).create_new(true).open(file)?;
    new.write_all(bytes).and_then(|()| new.sync_all()).inspect_err(|_| {
        // What could not be written whole is of no use.
        let _ = fs::remove_file(file);
    })
}

/// A file without a name that others know. Like any other file it may be read by all whom the system lets.
fn new_file(folder: &Path) -> io::Result<NamedTempFile> {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "only Unix has these permissions"))]
    let mut how = tempfile::Builder::new();
    #[cfg(unix)]
    how.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    how.tempfile_in(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Runs a test of this crate that is marked to be ignored in a process of its own that can write no file of more
    /// than a few KiB, as if the disk were full.
    #[cfg(unix)]
    pub(crate) fn passes_on_a_full_disk(test: &str) {
        let this = std::env::current_exe().unwrap();
        // Without the signal the system says no, as it does when there is no room.
        let limit = "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\"";
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", limit]).arg(this).args(["--exact", test, "--ignored", "--test-threads=1"]);
        let output = shell.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && said.contains("1 passed"),
            "{said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// What fits into no file there.
    pub(crate) const TOO_LONG: usize = 60_000;

    #[cfg(unix)]
    #[test]
    fn on_a_full_disk_the_old_file_stays_and_no_new_one() {
        passes_on_a_full_disk("whole_file::tests::on_a_full_disk");
    }

    #[test]
    #[ignore = "runs in a process of its own, where files are short"]
    fn on_a_full_disk() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (folder.path().join("old"), folder.path().join("new"));
        let long = vec![b'.'; TOO_LONG];
        replace(&old, b"before").unwrap();
        assert!(replace(&old, &long).is_err());
        assert!(create(&new, &long).is_err());
        assert_eq!(create(&old, b"other").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&old).unwrap(), b"before");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "and nothing half-written");
    }
}
