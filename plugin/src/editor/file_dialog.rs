//! Asks for a file with the system's own dialog, which runs as a separate program.
//!
//! A dialog inside the host would need what a plugin does not have: the host's main thread, its window toolkit, or a
//! thread that outlives the window. A separate program is polled once per frame and ended with the window.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How often an open dialog is polled.
pub const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// What the dialog asks for.
#[derive(Debug, Clone)]
pub struct Question {
    /// The dialog's title.
    pub title: &'static str,
    /// The kind of file, and its extension.
    pub kind: (&'static str, &'static str),
    /// The folder in which it starts. It need not exist.
    pub folder: PathBuf,
    /// The suggested name of a file to be written; `None` to choose an existing file.
    pub write_as: Option<String>,
}

/// An open dialog. Dropping this closes it.
#[derive(Debug)]
pub struct FileDialog(Child);

/// The state of the dialog.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// No answer yet.
    Waits,
    /// The chosen file.
    File(PathBuf),
    /// It was closed without a choice.
    Nothing,
}

/// This machine has no program for file dialogs.
#[derive(Debug, thiserror::Error)]
#[error("This system has no program for file dialogs ({0} would do).")]
pub struct NoDialog(&'static str);

impl FileDialog {
    /// Opens the dialog and returns at once.
    ///
    /// # Errors
    /// If the system has no program for it.
    pub fn open(question: &Question) -> Result<Self, NoDialog> {
        dialogs(question).into_iter().find_map(|dialog| Self::start(dialog).ok()).ok_or(NoDialog(WANTED))
    }

    fn start(mut dialog: Command) -> io::Result<Self> {
        // A host may set its own libraries, which the system's programs must not load.
        for variable in ["LD_LIBRARY_PATH", "LD_PRELOAD"] {
            dialog.env_remove(variable);
        }
        dialog.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().map(Self)
    }

    /// Polls for an answer.
    pub fn look(&mut self) -> Answer {
        match self.0.try_wait() {
            Ok(None) => Answer::Waits,
            Ok(Some(status)) if status.success() => self.file().map_or(Answer::Nothing, Answer::File),
            Ok(Some(_)) | Err(_) => Answer::Nothing,
        }
    }

    /// The path that it printed, up to the end of the line.
    fn file(&mut self) -> Option<PathBuf> {
        /// No system has longer paths, so no more is read.
        const LONGEST: u64 = 64 * 1024;
        let mut said = Vec::new();
        self.0.stdout.take()?.take(LONGEST).read_to_end(&mut said).ok()?;
        while said.pop_if(|byte| matches!(byte, b'\n' | b'\r')).is_some() {}
        if said.is_empty() { None } else { Some(path_of(&said)) }
    }
}

impl Drop for FileDialog {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// On Unix, a path may contain any bytes.
#[cfg(unix)]
fn path_of(said: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    std::ffi::OsStr::from_bytes(said).into()
}

#[cfg(not(unix))]
fn path_of(said: &[u8]) -> PathBuf {
    String::from_utf8_lossy(said).into_owned().into()
}

/// The nearest folder that exists.
fn existing(folder: &Path) -> Option<&Path> {
    folder.ancestors().find(|folder| folder.is_dir())
}

/// Where the dialog starts: a folder, with the name of the file to be written.
#[cfg(all(unix, not(target_os = "macos")))]
fn beginning(question: &Question) -> PathBuf {
    let folder = existing(&question.folder).unwrap_or(Path::new("/"));
    // A path that ends in a separator is a folder.
    folder.join(question.write_as.as_deref().unwrap_or_default())
}

#[cfg(all(unix, not(target_os = "macos")))]
const WANTED: &str = "zenity or kdialog";

/// The dialog programs to try, the desktop's own first.
#[cfg(all(unix, not(target_os = "macos")))]
fn dialogs(question: &Question) -> Vec<Command> {
    let (kind, ending) = question.kind;
    let begin = beginning(question);
    let mut zenity = Command::new("zenity");
    zenity.args(["--file-selection", "--title", question.title, "--filename"]).arg(&begin);
    zenity.arg(format!("--file-filter={kind} | *.{ending}"));
    if question.write_as.is_some() {
        zenity.args(["--save", "--confirm-overwrite"]);
    }
    let mut kdialog = Command::new("kdialog");
    let deed = if question.write_as.is_some() { "--getsavefilename" } else { "--getopenfilename" };
    kdialog.args(["--title", question.title, deed]).arg(&begin).arg(format!("*.{ending}|{kind}"));
    let is_kde = std::env::var("XDG_CURRENT_DESKTOP").is_ok_and(|desktop| desktop.contains("KDE"));
    if is_kde { vec![kdialog, zenity] } else { vec![zenity, kdialog] }
}

#[cfg(target_os = "macos")]
const WANTED: &str = "osascript";

/// `AppleScript`. The names are passed as arguments, so that none can be taken for a command.
#[cfg(target_os = "macos")]
fn dialogs(question: &Question) -> Vec<Command> {
    const OPEN: &str = "choose file with prompt (item 1 of given) default location (POSIX file (item 2 of given))";
    const WRITE: &str = "choose file name with prompt (item 1 of given) default location (POSIX file (item 2 of \
                         given)) default name (item 3 of given)";
    let deed = if question.write_as.is_some() { WRITE } else { OPEN };
    let mut script = Command::new("osascript");
    script.args(["-e", "on run given", "-e", &format!("POSIX path of ({deed})"), "-e", "end run"]);
    let (kind, ending) = question.kind;
    script
        .arg(format!("{} ({kind}, .{ending})", question.title))
        .arg(existing(&question.folder).unwrap_or(Path::new("/")));
    script.args(&question.write_as);
    vec![script]
}

#[cfg(windows)]
const WANTED: &str = "PowerShell";

/// PowerShell. The names are passed in the environment, so that none can be taken for a command.
#[cfg(windows)]
fn dialogs(question: &Question) -> Vec<Command> {
    use std::os::windows::process::CommandExt;
    const NO_CONSOLE: u32 = 0x0800_0000;
    const SCRIPT: &str = "Add-Type -AssemblyName System.Windows.Forms; \
                          $d = New-Object \"System.Windows.Forms.$env:SEGUE_DIALOG\"; \
                          $d.Title = $env:SEGUE_TITLE; $d.Filter = $env:SEGUE_FILTER; \
                          $d.InitialDirectory = $env:SEGUE_FOLDER; $d.FileName = $env:SEGUE_NAME; \
                          [Console]::OutputEncoding = New-Object System.Text.UTF8Encoding $false; \
                          $top = New-Object System.Windows.Forms.Form -Property @{TopMost = $true}; \
                          if ($d.ShowDialog($top) -ne 'OK') { exit 1 }; [Console]::Out.Write($d.FileName)";
    let (kind, ending) = question.kind;
    let dialog = if question.write_as.is_some() { "SaveFileDialog" } else { "OpenFileDialog" };
    let mut shell = Command::new("powershell");
    shell.args(["-NoProfile", "-NonInteractive", "-STA", "-Command", SCRIPT]).creation_flags(NO_CONSOLE);
    shell.env("SEGUE_DIALOG", dialog).env("SEGUE_TITLE", question.title);
    shell.env("SEGUE_FILTER", format!("{kind}|*.{ending}"));
    shell.env("SEGUE_FOLDER", existing(&question.folder).unwrap_or(Path::new("")));
    shell.env("SEGUE_NAME", question.write_as.as_deref().unwrap_or_default());
    vec![shell]
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::time::Instant;

    fn asked(script: &str) -> FileDialog {
        let mut shell = Command::new("sh");
        shell.args(["-c", script]);
        FileDialog::start(shell).unwrap()
    }

    fn answer(script: &str) -> Answer {
        let mut file_dialog = asked(script);
        loop {
            match file_dialog.look() {
                Answer::Waits => std::thread::sleep(Duration::from_millis(5)),
                answer => return answer,
            }
        }
    }

    #[test]
    fn the_answer_is_the_path_whatever_is_in_its_name() {
        for name in ["/a/b.segue", "/with space/ü♯.segue", "/two\nlines.segue"] {
            assert_eq!(answer(&format!("printf '%s\\n' '{name}'")), Answer::File(name.into()));
        }
        assert_eq!(answer("printf '/no/line/end'"), Answer::File("/no/line/end".into()));
    }

    #[test]
    fn a_dialog_that_is_closed_or_breaks_chooses_nothing() {
        for script in ["exit 1", "echo /half; exit 1", "true", "echo", "kill -9 $$"] {
            assert_eq!(answer(script), Answer::Nothing, "{script}");
        }
    }

    #[test]
    fn nobody_waits_for_a_dialog_and_it_goes_with_the_window() {
        const NEVER: &str = "exec sleep 600";
        let begun = Instant::now();
        let mut file_dialog = asked(NEVER);
        assert_eq!(file_dialog.look(), Answer::Waits);
        let id = file_dialog.0.id().to_string();
        let runs = || Command::new("kill").args(["-0", &id]).stderr(Stdio::null()).status().unwrap().success();
        assert!(runs());
        drop(file_dialog);
        assert!(!runs());
        assert!(begun.elapsed() < Duration::from_mins(1));
    }

    /// A dialog starts in the nearest folder that exists and asks for the right kind of file.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_dialog_starts_in_the_nearest_existing_folder() {
        let folder = std::env::temp_dir();
        let mut question =
            Question { title: "Load", kind: ("Styles", "segue"), folder: folder.join("not/there"), write_as: None };
        let words = |question: &Question| -> Vec<String> {
            let words = |dialog: Command| -> Vec<String> {
                dialog.get_args().map(|word| word.to_string_lossy().into_owned()).collect()
            };
            dialogs(question).into_iter().flat_map(words).collect()
        };
        let folder = folder.display();
        let said = words(&question);
        assert!(said.contains(&format!("{folder}/")), "{said:?}");
        assert!(
            said.contains(&"--file-filter=Styles | *.segue".to_owned()) && said.contains(&"*.segue|Styles".to_owned())
        );
        assert!(!said.contains(&"--save".to_owned()));
        question.write_as = Some("jam.mid".to_owned());
        let said = words(&question);
        assert!(
            said.contains(&format!("{folder}/jam.mid")) && said.contains(&"--getsavefilename".to_owned()),
            "{said:?}"
        );
    }
}
