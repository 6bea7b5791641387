//! The conventions that every file of this repository follows: short names of tests, short lines, short files, no two
//! types with one name, no large structs in the engine, and no modules that import each other in a circle.
//!
//! The tests read the sources as text. They know only the little of Rust that they look for, so they are quick and run
//! with every `cargo xtask test`.

mod imports;
mod types;
mod workarounds;

use std::path::{Path, PathBuf};

/// A test's name is what a failing run prints; the whole sentence stands in its doc comment.
const LONGEST_TEST_NAME: usize = 60;
/// Wider lines do not fit beside another file on a screen. rustfmt breaks code there, but neither comments nor strings.
const LONGEST_LINE: usize = 120;
/// A longer file holds more than one thing.
const LONGEST_FILE: usize = 450;

/// How many exceptions are still allowed under each folder. These numbers only ever go down.
struct Exceptions(&'static [(&'static str, usize)]);

const LONG_TEST_NAMES: Exceptions = Exceptions(&[]);
const LONG_LINES: Exceptions = Exceptions(&[]);
const CIRCLES: Exceptions = Exceptions(&[]);
const LONG_FILES: Exceptions = Exceptions(&[]);

/// A source file.
struct SourceFile {
    /// From the top of the checkout on, with forward slashes.
    path: String,
    text: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All Rust files of the workspace, in order of their paths.
fn sources() -> Vec<SourceFile> {
    let mut found = Vec::new();
    for folder in ["model", "plugin", "tests", "xtask"] {
        collect(&root().join(folder), folder, &mut found);
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(found.len() > 100, "only {} files were found", found.len());
    found
}

fn collect(folder: &Path, name: &str, found: &mut Vec<SourceFile>) {
    for entry in folder.read_dir().expect("a folder of the checkout can be listed") {
        let path = entry.expect("an entry of a folder can be read").path();
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let name = format!("{name}/{file}");
        if path.is_dir() && file != "target" {
            collect(&path, &name, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(SourceFile {
                path: name,
                text: std::fs::read_to_string(&path).expect("a source file can be read"),
            });
        }
    }
}

impl Exceptions {
    /// What is beyond the exceptions, as a message; `None` when nothing is.
    fn exceeded(&self, found: &[(String, String)]) -> Option<String> {
        let folder_of = |path: &str| self.0.iter().map(|(folder, _)| *folder).find(|folder| path.starts_with(folder));
        let mut problems: Vec<String> = found
            .iter()
            .filter(|(path, _)| folder_of(path).is_none())
            .map(|(path, what)| format!("{path}: {what}"))
            .collect();
        for (folder, allowed) in self.0 {
            let there: Vec<String> = found
                .iter()
                .filter(|(path, _)| folder_of(path) == Some(*folder))
                .map(|(path, what)| format!("{path}: {what}"))
                .collect();
            if there.len() > *allowed {
                problems.push(format!("{} in {folder}, and {allowed} are allowed:", there.len()));
                problems.extend(there);
            }
        }
        (!problems.is_empty()).then(|| problems.join("\n"))
    }
}

/// The names of the functions that stand below `#[test]`, other attributes and comments between them or not.
fn test_names(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim) {
        if line == "#[test]" {
            is_test = true;
        } else if let Some(rest) = line.strip_prefix("fn ").filter(|_| is_test) {
            names.extend(rest.split(['(', '<']).next());
            is_test = false;
        }
    }
    names
}

fn long_test_names(source: &SourceFile) -> Vec<(String, String)> {
    let is_long = |name: &&str| name.chars().count() > LONGEST_TEST_NAME;
    let long = test_names(&source.text).into_iter().filter(is_long);
    long.map(|name| (source.path.clone(), format!("{name} ({} characters)", name.chars().count()))).collect()
}

fn long_lines(source: &SourceFile) -> Vec<(String, String)> {
    let lines = (1..).zip(source.text.lines()).filter(|(_, line)| line.chars().count() > LONGEST_LINE);
    lines
        .map(|(number, line)| (format!("{}:{number}", source.path), format!("{} characters", line.chars().count())))
        .collect()
}

fn long_file(source: &SourceFile) -> Option<(String, String)> {
    let lines = source.text.lines().count();
    (lines > LONGEST_FILE).then(|| (source.path.clone(), format!("{lines} lines")))
}

#[test]
fn test_names_are_short() {
    let found: Vec<_> = sources().iter().flat_map(long_test_names).collect();
    assert_eq!(LONG_TEST_NAMES.exceeded(&found), None, "put the sentence into the doc comment");
}

#[test]
fn lines_are_short() {
    let found: Vec<_> = sources().iter().flat_map(long_lines).collect();
    assert_eq!(LONG_LINES.exceeded(&found), None);
}

#[test]
fn files_are_short() {
    let found: Vec<_> = sources().iter().filter_map(long_file).collect();
    assert_eq!(LONG_FILES.exceeded(&found), None, "move a part that stands alone into a file of its own");
}

/// The README is for those who want to play. What only contributors need stands in other files.
#[test]
fn the_readme_is_short() {
    const MOST_BYTES: usize = 8 * 1024;
    let readme = std::fs::read(root().join("README.md")).expect("the README can be read");
    assert!(readme.len() <= MOST_BYTES, "{} bytes, and {MOST_BYTES} are allowed", readme.len());
}

/// A workaround says whose fault it makes up for, where that fault is, which test needs it and when it can go.
#[test]
fn workarounds_say_whose_they_are_and_when_they_can_go() {
    let sources = sources();
    let tests = workarounds::all_tests(&sources);
    let labelled = sources.iter().filter(|source| !is_here(source));
    let problems: Vec<String> = labelled.flat_map(|source| workarounds::bad_labels(source, &tests)).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// A fault that its package has mended needs no workaround: each new version is looked at.
#[test]
fn the_faults_that_are_worked_around_are_still_there() {
    let sources: Vec<SourceFile> = sources().into_iter().filter(|source| !is_here(source)).collect();
    let changed = workarounds::changed_upstream(&sources);
    assert!(changed.is_empty(), "{}", changed.join("\n"));
}

/// These files speak of workarounds and unsafe code, and have none.
fn is_here(source: &SourceFile) -> bool {
    source.path.starts_with("xtask/src/conventions")
}

/// A reader who meets a type's name a second time must be able to trust its first meaning.
#[test]
fn no_type_name_has_two_meanings() {
    let repeated = types::repeated_names(&sources());
    assert!(repeated.is_empty(), "give one of each a better name:\n{}", repeated.join("\n"));
}

/// The owners of the engine's state stay small enough to be understood at once.
#[test]
fn no_struct_of_the_engine_is_large() {
    let large = types::large_structs(&sources(), "plugin/engine/src/");
    assert!(large.is_empty(), "group fields that belong together:\n{}", large.join("\n"));
}

/// Where the compiler may be told to look away: one file of a crate, and the folders where the interfaces of plugins
/// and hosts are spoken, which are in C and C++. The workspace denies unsafe code everywhere else.
const UNSAFE: [&str; 6] = [
    "model/src/lstm/half/x86.rs",
    "plugin/src/host_adapter/",
    "plugin/src/params/setting.rs",
    "tests/fuzz/fuzz_targets/states.rs",
    "tests/src/foreign.rs",
    "tests/src/vst3_host/",
];

fn is_where_unsafe_belongs(source: &SourceFile) -> bool {
    let allows = source.text.contains("allow(unsafe_code") || source.text.contains("expect(unsafe_code");
    !allows || is_here(source) || UNSAFE.iter().any(|place| source.path.starts_with(place))
}

#[test]
fn unsafe_code_stands_where_it_must() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).expect("the manifest can be read");
    assert!(manifest.contains("unsafe_code = \"deny\""), "the workspace denies it");
    let sources = sources();
    let elsewhere: Vec<&str> =
        sources.iter().filter(|source| !is_where_unsafe_belongs(source)).map(|source| source.path.as_str()).collect();
    assert!(elsewhere.is_empty(), "move it into one of {UNSAFE:?}: {elsewhere:?}");
    let planted = |path: &str| SourceFile { path: path.to_owned(), text: "#![allow(unsafe_code)]".to_owned() };
    assert!(!is_where_unsafe_belongs(&planted("model/src/lstm.rs")) && is_where_unsafe_belongs(&planted(UNSAFE[1])));
}

/// Modules that import each other in a circle can only be understood together.
#[test]
fn no_modules_import_each_other_in_a_circle() {
    assert_eq!(CIRCLES.exceeded(&imports::cycles(&sources())), None);
}

#[test]
fn the_checks_see_what_they_look_for() {
    let long = "x".repeat(LONGEST_TEST_NAME + 1);
    let text =
        format!("#[test]\n/// Why.\n#[ignore]\nfn {long}() {{}}\nfn {long}_but_no_test() {{}}\n{}\n", "é".repeat(121));
    let source = SourceFile { path: "tests/a.rs".to_owned(), text };
    assert_eq!(long_test_names(&source).len(), 1);
    assert_eq!(long_lines(&source), [("tests/a.rs:6".to_owned(), "121 characters".to_owned())]);
    assert_eq!(long_file(&source), None);
    let found = [("tests/a.rs".to_owned(), "x".to_owned())];
    assert_eq!(Exceptions(&[("tests/", 1)]).exceeded(&found), None);
    assert!(Exceptions(&[("tests/", 0)]).exceeded(&found).is_some());
    assert!(Exceptions(&[("model/", 1)]).exceeded(&found).is_some());
}
