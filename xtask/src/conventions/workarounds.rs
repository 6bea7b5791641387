//! What makes up for a fault of another package: `WORKAROUND(package version): fault. Link. Test. Delete when …`.

use super::{SourceFile, root, test_names};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The longest label, in lines.
const LINES: usize = 10;

/// Where the labels' links lead: the source of a package, by its version.
const SOURCES: &str = "https://docs.rs/crate/";

/// What shows that a fault is still in the source of its package.
enum Sign {
    Has(&'static str),
    Lacks(&'static str),
}

/// The faulty files, and the sign of each fault.
const FAULTS: &[(&str, Sign)] = &[
    ("baseview/src/platform/x11/present.rs", Sign::Has("window.present_supported() && window.present_select_input()?")),
    ("baseview/src/platform/x11/sizing.rs", Sign::Has("let initial_scale_factor = scaling.unwrap_or(1.0);")),
    ("baseview/src/platform/x11/window_thread.rs", Sign::Has("self.request(WindowThreadRequest::Show)?;\n        }")),
    ("clap-wrapper/src/wrapasvst3.cpp", Sign::Lacks("processContextRequirements")),
    ("clap-wrapper/src/wrapasvst3.cpp", Sign::Has("this->parameters, componentHandler, nullptr, false, false);")),
    ("clap-wrapper/src/wrapasvst3.cpp", Sign::Has("    if (_missedLatencyRequest)\n    {\n      latency_changed();")),
    ("clap-wrapper/src/wrapasvst3.cpp", Sign::Has("m.copyTo8(inbuf, 0, 128);")),
    ("clap-wrapper/src/wrapasvst3.cpp", Sign::Has("    _plugin->terminate();\n    _plugin.reset();")),
    ("clap-wrapper/src/detail/vst3/parameter.h", Sign::Has("floor(clapvalue - min_value) / float(info.stepCount)")),
    ("clap-wrapper/src/detail/vst3/plugview.cpp", Sign::Has("!_plugFrame->resizeView(this, &_rect)")),
    ("clap-wrapper/src/detail/vst3/plugview.cpp", Sign::Has("_attached = false;\n  _window.ptr = nullptr;")),
    ("clap-wrapper/src/detail/vst3/process.cpp", Sign::Has("i.used && i.note_id == vstevent.polyPressure.noteId")),
    ("clap-wrapper/src/detail/vst3/process.cpp", Sign::Has(" _vstdata->outputEvents->addEvent(oe);")),
    ("clap-wrapper/src/detail/vst3/process.cpp", Sign::Has("_activeNotes.emplace_back(")),
    (
        "egui-baseview/src/window.rs",
        Sign::Has("ViewportCommand::InnerSize(size) => {\n                    new_size = "),
    ),
    ("nice-plug/src/wrapper/clap.rs", Sign::Has("CStr::from_ptr(factory_id) } == CLAP_PLUGIN_FACTORY_ID {")),
    ("nice-plug/src/wrapper/clap/wrapper.rs", Sign::Has("| (CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_TRANSPORT) => true")),
    ("nice-plug/src/wrapper/clap/wrapper.rs", Sign::Has("last_process_status: AtomicCell::new(ProcessStatus::Normal)")),
    ("nice-plug/src/wrapper/state.rs", Sign::Has("(*p)._internal_set_plain_value(*variant_idx);")),
    ("nice-plug-core/src/formatters.rs", Sign::Has("string.len() > 2 && &string[1..2] == \"#\"")),
];

/// `clap-wrapper` contains the library of this name in C++.
const WRAPPED: &str = "external/clap-wrapper/";

/// The labels of a file that lack something, with what they lack; `tests` are the names of all tests.
pub(super) fn bad_labels(source: &SourceFile, tests: &[&str]) -> Vec<String> {
    let labels = labels(&source.text);
    let bad = labels.iter().filter_map(|(line, text)| lacks(text, tests).map(|lack| (line, lack)));
    bad.map(|(line, lack)| format!("{}:{line}: the label {lack}", source.path)).collect()
}

/// The text of each label, up to the sentence that says when it can go, with the number of its first line.
fn labels(text: &str) -> Vec<(usize, String)> {
    let lines: Vec<&str> = text.lines().map(|line| line.trim().trim_start_matches(['/', '!']).trim()).collect();
    let starts = (0..lines.len()).filter(|index| lines[*index].contains("WORKAROUND"));
    starts
        .map(|start| {
            let rest = &lines[start..lines.len().min(start + LINES)];
            let end = rest.iter().position(|line| line.contains("Delete")).unwrap_or(0);
            (start + 1, rest[..=end].join(" "))
        })
        .collect()
}

fn lacks(label: &str, tests: &[&str]) -> Option<String> {
    let named = label.split_once("WORKAROUND(").and_then(|(_, rest)| rest.split_once("): "));
    let version = named.and_then(|(package, _)| package.split_once(' ')).map(|(_, version)| version);
    if version.is_none_or(|version| version.split('.').count() != 3) {
        return Some("names no package with its version".to_owned());
    }
    if !label.contains("Delete") {
        return Some("does not say when it can be deleted".to_owned());
    }
    if !label.contains("https://") {
        return Some("has no link".to_owned());
    }
    if label.contains("No test: ") {
        return None;
    }
    let Some((_, tested)) = label.split_once("Tested by ") else {
        return Some("names no test, and does not say why".to_owned());
    };
    let listed = tested.split(". ").next().unwrap_or_default().split('`').skip(1).step_by(2);
    let unknown = listed.clone().find(|name| !tests.contains(name));
    unknown.map(|name| format!("names the test `{name}`, which does not exist"))
}

/// The names of all tests of the workspace.
pub(super) fn all_tests(sources: &[SourceFile]) -> Vec<&str> {
    sources.iter().flat_map(|source| test_names(&source.text)).collect()
}

/// What has changed upstream, as messages: versions, and faults that are no longer there.
pub(super) fn changed_upstream(sources: &[SourceFile]) -> Vec<String> {
    let packages = Packages::read();
    let mut problems: Vec<String> = FAULTS.iter().filter_map(|(file, sign)| packages.mended(file, sign)).collect();
    for source in sources {
        for (line, label) in labels(&source.text) {
            let old = packages.another_version(&label);
            problems.extend(old.map(|old| format!("{}:{line}: {old}", source.path)));
        }
    }
    problems
}

/// The packages that the workspace uses: name, version and folder.
struct Packages(Vec<(String, String, PathBuf)>);

impl Packages {
    fn read() -> Self {
        let mut cargo = Command::new(env!("CARGO"));
        let answer = cargo.args(["metadata", "--format-version", "1", "--locked"]).current_dir(root()).output();
        let answer = answer.expect("cargo can be started");
        let metadata: Value = serde_json::from_slice(&answer.stdout).expect("cargo's metadata can be read");
        let all = metadata["packages"].as_array().expect("cargo's metadata names packages");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let folder = |manifest: String| Path::new(&manifest).parent().map(Path::to_path_buf).unwrap_or_default();
        let packages = all.iter().map(|package| {
            (text(&package["name"]), text(&package["version"]), folder(text(&package["manifest_path"])))
        });
        // A fault of Rust itself is there in the oldest version that the workspace is built with.
        let oldest = all.iter().find(|package| package["name"] == "segue-plugin");
        let oldest = oldest.map(|package| ("rust".to_owned(), text(&package["rust_version"]) + ".0", PathBuf::new()));
        Self(packages.chain(oldest).collect())
    }

    /// Says that a fault is no longer in its file.
    fn mended(&self, file: &str, sign: &Sign) -> Option<String> {
        let (package, path) = file.split_once('/')?;
        let (_, version, folder) = self.0.iter().find(|(name, ..)| name == package)?;
        let path = if package == "clap-wrapper" { format!("{WRAPPED}{path}") } else { path.to_owned() };
        let text = std::fs::read_to_string(folder.join(&path)).unwrap_or_default();
        let is_there = match sign {
            Sign::Has(sign) => text.contains(sign),
            Sign::Lacks(sign) => !text.is_empty() && !text.contains(sign),
        };
        let (Sign::Has(sign) | Sign::Lacks(sign)) = sign;
        (!is_there).then(|| format!("{package} {version} has changed {path} at `{sign}`: can its workaround go?"))
    }

    /// Says that a label speaks of a version that is not the one in use.
    fn another_version(&self, label: &str) -> Option<String> {
        let named = label.split_once("WORKAROUND(")?.1.split_once("): ")?.0.split_once(' ')?;
        let links = label.split(SOURCES).skip(1).filter_map(|link| {
            let mut parts = link.split('/');
            Some((parts.next()?, parts.next()?))
        });
        let is_used =
            |(name, version): &(&str, &str)| self.0.iter().any(|(used, in_use, _)| used == name && in_use == version);
        let (name, version) = std::iter::once(named).chain(links).find(|package| !is_used(package))?;
        Some(format!("{name} {version} is not the version in use: can this workaround go?"))
    }
}

#[test]
fn labels_are_read() {
    let of = |text: &str| bad_labels(&SourceFile { path: "a.rs".to_owned(), text: text.to_owned() }, &["holds"]).len();
    let good = "// WORKAROUND(nice-plug 0.4.2): it is late.\n// See <https://a.b>. Tested by `holds`. Delete if not.";
    assert_eq!(of(good), 0);
    assert_eq!(of(&good.replace("Tested by `holds`", "No test: it needs a fast clock")), 0);
    for (from, to) in [(" 0.4.2", ""), ("(nice-plug 0.4.2)", ""), ("https", "http"), ("Delete", ""), ("holds", "falls")]
    {
        assert_eq!(of(&good.replace(from, to)), 1, "{from}");
    }
    assert_eq!(of(&good.replace("Tested by", "")), 1);
}
