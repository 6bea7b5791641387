//! A screen that nobody sees, for programs under Wine that open windows.

use crate::prerequisites;
use anyhow::{Context, Result, ensure};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// An X server; it ends when this is dropped.
pub struct Screen {
    server: Child,
    /// What programs need in the variable `DISPLAY`.
    pub display: String,
}

impl Screen {
    /// Installs the server, and starts it.
    pub fn start() -> Result<Self> {
        prerequisites::ready_for_windows()?;
        let mut server = Command::new("Xvfb");
        server.args(["-displayfd", "1", "-screen", "0", "1280x1024x24", "-nolisten", "tcp", "-noreset"]);
        let mut server =
            server.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().context("Xvfb cannot be started")?;
        let mut number = String::new();
        if let Some(said) = server.stdout.take() {
            BufReader::new(said).read_line(&mut number)?;
        }
        let screen = Self { server, display: format!(":{}", number.trim()) };
        ensure!(!number.is_empty(), "Xvfb ends at once; start it in a terminal to see why");
        Ok(screen)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _killed = self.server.kill();
        let _ended = self.server.wait();
    }
}
