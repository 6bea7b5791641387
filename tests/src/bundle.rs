//! A plugin file on disk, loaded as any host loads it.

use crate::foreign;
use crate::instance::Instance;
use anyhow::{Context, Result, anyhow, bail};
use clack_host::prelude::*;
use std::ffi::CString;
use std::path::{Path, PathBuf};

/// The id by which hosts and projects know the plugin; it never changes.
pub const CLAP_ID: &str = "org.segue.segue";

/// The variable in which `cargo xtask test` names the folder of the bundles that it has built.
pub const BUNDLES_VARIABLE: &str = "SEGUE_BUNDLES";

/// A loaded plugin file.
#[derive(Clone)]
pub struct Bundle {
    entry: PluginEntry,
    path: PathBuf,
}

impl Bundle {
    /// Loads the file (on macOS, the folder) and looks for Segue in it.
    ///
    /// # Errors
    /// When the file is missing, is not a plugin, or does not contain Segue.
    pub fn load(path: &Path) -> Result<Self> {
        if !path.exists() {
            bail!("{}: there is no such file; `cargo xtask bundle` builds it", path.display());
        }
        let loaded = foreign::load(path);
        // clack's sentence repeats that of the system's loader, which says enough.
        let entry = loaded.map_err(|error| {
            let reason = anyhow::Error::from(error);
            anyhow!("{}: cannot be loaded as a CLAP plugin ({})", path.display(), reason.root_cause())
        })?;
        let bundle = Self { entry, path: path.to_owned() };
        let found = bundle.ids();
        if !found.iter().any(|id| id == CLAP_ID) {
            bail!("{}: holds {found:?}, not {CLAP_ID}", bundle.path.display());
        }
        Ok(bundle)
    }

    /// The plugin of an entry that was loaded already; see [`foreign::linked`].
    ///
    /// # Errors
    /// When the entry has no Segue.
    pub fn of_entry(entry: PluginEntry) -> Result<Self> {
        let bundle = Self { entry, path: PathBuf::from("this program") };
        if bundle.ids().iter().any(|id| id == CLAP_ID) { Ok(bundle) } else { bail!("there is no {CLAP_ID} in it") }
    }

    /// The bundle that `cargo xtask test` has built, with debug assertions and the check for allocations.
    ///
    /// # Panics
    /// When the tests were started without it.
    pub fn checked() -> Self {
        Self::load(&checked_folder().join("Segue.clap")).unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// The ids of all plugins in the file.
    pub fn ids(&self) -> Vec<String> {
        let Some(factory) = self.entry.get_plugin_factory() else {
            return Vec::new();
        };
        factory
            .plugin_descriptors()
            .filter_map(|descriptor| descriptor.id())
            .map(|id| id.to_string_lossy().into_owned())
            .collect()
    }

    /// A new instance.
    ///
    /// # Errors
    /// When the plugin makes none.
    pub fn open(&self) -> Result<Instance> {
        self.instance(false)
    }

    /// A new instance in a host that offers nothing for windows.
    ///
    /// # Errors
    /// When the plugin makes none.
    pub fn open_without_windows(&self) -> Result<Instance> {
        self.instance(true)
    }

    fn instance(&self, lacks_windows: bool) -> Result<Instance> {
        let id = CString::new(CLAP_ID).context("the id has no zero byte")?;
        Instance::new(&self.entry, &id, lacks_windows)
            .with_context(|| format!("{}: makes no instance", self.path.display()))
    }
}

/// The folder with the bundles under test.
///
/// # Panics
/// When the tests were started without it.
pub fn checked_folder() -> PathBuf {
    std::env::var_os(BUNDLES_VARIABLE).map_or_else(
        || panic!("{BUNDLES_VARIABLE} is not set, so there is no plugin to test: run `cargo xtask test`"),
        PathBuf::from,
    )
}
