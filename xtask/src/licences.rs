//! The licences of all packages in the plugin and its programs, in one file that is shipped with them.

use crate::cargo::{SYSTEMS, Workspace};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The file's path in the checkout.
const FILE: &str = "plugin/THIRD-PARTY.txt";

/// The arguments for the packages of the plugin and of its programs.
const BUILT_IN: [&str; 10] = [
    "tree",
    "--quiet",
    "-p",
    "segue-plugin",
    "--features",
    "cli,standalone",
    "-e",
    "normal,no-proc-macro",
    "--prefix",
    "none",
];

/// A package from elsewhere.
struct Package {
    name: String,
    version: String,
    licence: String,
    repository: String,
    folder: PathBuf,
}

/// Writes the file.
///
/// # Errors
/// When cargo does not list the packages, or a licence cannot be read.
pub fn write(workspace: &Workspace) -> Result<()> {
    let path = workspace.root().join(FILE);
    std::fs::write(&path, text(workspace)?).with_context(|| format!("{}: cannot be written", path.display()))
}

/// Checks that the file lists the packages in use.
///
/// # Errors
/// When it does not.
pub fn check(workspace: &Workspace) -> Result<()> {
    let path = workspace.root().join(FILE);
    let found = std::fs::read_to_string(&path).with_context(|| format!("{}: cannot be read", path.display()))?;
    ensure!(found == text(workspace)?, "{FILE} does not match what is built in; `cargo xtask licences` writes it");
    Ok(())
}

fn text(workspace: &Workspace) -> Result<String> {
    let packages = packages(workspace)?;
    let mut text = String::from(
        "Segue is made with the following packages. Each is listed with the licence that its authors give it; the \
         texts follow.\n\n",
    );
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in &packages {
        let Package { name, version, licence, repository, .. } = package;
        writeln!(text, "{name} {version}: {licence} {repository}")?;
        for licence in package.texts()? {
            texts.entry(licence).or_default().push(format!("{name} {version}"));
        }
    }
    for (licence, names) in texts {
        write!(text, "\n{}\n{}\n\n{licence}\n", "-".repeat(80), names.join(", "))?;
    }
    Ok(text)
}

/// In order of their names.
fn packages(workspace: &Workspace) -> Result<Vec<Package>> {
    let systems = SYSTEMS.iter().flat_map(|system| ["--target", system]);
    let tree = workspace.cargo().args(BUILT_IN).args(systems).output().context("cargo cannot be started")?;
    ensure!(tree.status.success(), "cargo does not list what is built in: {}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8_lossy(&tree.stdout);
    // Such as `serde v1.0.228 (proc-macro)`.
    let name_and_version = |line: &str| {
        let mut words = line.split_whitespace();
        Some((words.next()?.to_owned(), words.next()?.strip_prefix('v')?.to_owned()))
    };
    let wanted: BTreeSet<_> = tree.lines().filter_map(name_and_version).collect();
    let mut ask = workspace.cargo();
    // Without their features, cargo leaves out the packages that only the programs use.
    ask.args(["metadata", "--format-version", "1", "--features", "segue-plugin/cli,segue-plugin/standalone"]);
    let answer = ask.output().context("cargo cannot be started")?;
    let metadata: Value = serde_json::from_slice(&answer.stdout).context("cargo's metadata cannot be read")?;
    let all = metadata["packages"].as_array().context("cargo's metadata names no packages")?;
    for (name, version) in &wanted {
        let is_listed = all.iter().any(|package| package["name"] == **name && package["version"] == **version);
        ensure!(is_listed, "{name} {version} is built in, but cargo's metadata do not list it");
    }
    let mut packages: Vec<Package> = all
        .iter()
        // Packages without a source are ours.
        .filter(|package| !package["source"].is_null())
        .filter_map(Package::read)
        .filter(|package| wanted.contains(&(package.name.clone(), package.version.clone())))
        .collect();
    packages.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    ensure!(packages.iter().any(|package| package.name == "nice-plug"), "cargo does not list what is built in");
    Ok(packages)
}

impl Package {
    fn read(package: &Value) -> Option<Self> {
        let field = |name: &str| package[name].as_str().map(str::to_owned);
        Some(Self {
            name: field("name")?,
            version: field("version")?,
            licence: field("license").unwrap_or_else(|| "see its licence file".to_owned()),
            repository: field("repository").unwrap_or_default(),
            folder: Path::new(&field("manifest_path")?).parent()?.to_owned(),
        })
    }

    /// The texts in its folders whose names begin like those of licence files. If MIT is one of several choices, it is
    /// taken.
    fn texts(&self) -> Result<Vec<String>> {
        let mut files = Vec::new();
        find_licences(&self.folder, &mut files)
            .with_context(|| format!("{}: cannot be listed; `cargo fetch` brings it", self.folder.display()))?;
        files.sort();
        let is_mit = |path: &PathBuf| file_name(path).contains("mit");
        let has_choice = self.licence.contains(" OR ") || self.licence.contains('/');
        if has_choice && self.licence.contains("MIT") && files.iter().any(is_mit) {
            files.retain(is_mit);
        }
        let read = |path: PathBuf| {
            let bytes = std::fs::read(&path).with_context(|| format!("{}: cannot be read", path.display()))?;
            let lines = String::from_utf8_lossy(&bytes);
            Ok(lines.lines().map(str::trim).collect::<Vec<_>>().join("\n").trim_matches('\n').to_owned())
        };
        files.into_iter().map(read).collect()
    }
}

/// Searches subfolders too, where a package keeps other authors' work.
fn find_licences(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    const BEGINNINGS: [&str; 5] = ["license", "licence", "copying", "notice", "unlicense"];
    for entry in folder.read_dir()? {
        let path = entry?.path();
        if path.is_dir() {
            find_licences(&path, files)?;
        } else if BEGINNINGS.iter().any(|beginning| file_name(&path).starts_with(beginning)) {
            files.push(path);
        }
    }
    Ok(())
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().to_lowercase()
}
