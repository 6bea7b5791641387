//! Which module of a crate names which other one, read from `use` declarations and paths in the code.
//!
//! Modules are compared level by level: two children of one parent must not need each other, directly or through
//! others. A parent may name its children and they may name it. Tests may name anything.

use super::SourceFile;
use std::collections::{BTreeMap, BTreeSet};

/// The folders with the sources of each crate.
const CRATES: [&str; 7] = [
    "model/src/",
    "model/corpus/src/",
    "model/training/src/",
    "plugin/src/",
    "plugin/engine/src/",
    "tests/src/",
    "xtask/src/",
];

/// A module's path below the crate, such as `["editor", "roll"]`.
type Module = Vec<String>;

/// Every circle: the folder of its crate, and its modules in order.
pub fn cycles(sources: &[SourceFile]) -> Vec<(String, String)> {
    CRATES.iter().flat_map(|folder| cycles_of_crate(folder, sources)).collect()
}

fn cycles_of_crate(folder: &str, sources: &[SourceFile]) -> Vec<(String, String)> {
    let files: BTreeMap<Module, &str> = sources
        .iter()
        .filter_map(|source| Some((module(source.path.strip_prefix(folder)?)?, without_tests(&source.text))))
        .collect();
    // Of two siblings, which names which; by their parent.
    let mut arrows: BTreeMap<Module, BTreeSet<(String, String)>> = BTreeMap::new();
    for (from, text) in &files {
        for path in paths(text) {
            let Some(to) = target(from, &path, &files) else { continue };
            let shared = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
            if let (Some(one), Some(other)) = (from.get(shared), to.get(shared)) {
                arrows.entry(from[..shared].to_vec()).or_default().insert((one.clone(), other.clone()));
            }
        }
    }
    let name = |parent: &Module, modules: &BTreeSet<String>| {
        let path = |module: &String| [parent.as_slice(), std::slice::from_ref(module)].concat().join("::");
        (folder.to_owned(), modules.iter().map(path).collect::<Vec<_>>().join(", "))
    };
    arrows
        .iter()
        .flat_map(|(parent, arrows)| circles(arrows).into_iter().map(move |circle| (parent, circle)))
        .map(|(parent, circle)| name(parent, &circle))
        .collect()
}

/// The module of a file, from the crate's folder on; `None` for programs and tests, which nothing imports.
fn module(path: &str) -> Option<Module> {
    let mut parts: Module = path.strip_suffix(".rs")?.split('/').map(str::to_owned).collect();
    if parts.iter().any(|part| part == "bin" || part == "tests") {
        return None;
    }
    if matches!(parts.last().map(String::as_str), Some("lib" | "main" | "mod")) {
        parts.pop();
    }
    Some(parts)
}

/// The text up to the tests at its end.
pub(super) fn without_tests(text: &str) -> &str {
    text.find("#[cfg(test)]\nmod tests {").map_or(text, |end| &text[..end])
}

/// All paths that begin at `crate`, `super` or `self`, each as its parts; those of grouped `use` declarations one by
/// one.
fn paths(text: &str) -> Vec<Vec<String>> {
    let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join(
        "
",
    );
    let mut found = Vec::new();
    for beginning in ["crate::", "super::", "self::"] {
        for (at, _) in code.match_indices(beginning) {
            let before = code[..at].chars().next_back();
            let goes_on = before.is_some_and(|before| before.is_alphanumeric() || before == '_' || before == ':');
            if !goes_on {
                let mut rest = &code[at..];
                expand(&mut rest, &mut Vec::new(), &mut found);
            }
        }
    }
    found
}

/// Reads one path, with the groups in it, and adds what it names.
fn expand(rest: &mut &str, before: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    let depth = before.len();
    loop {
        *rest = rest.trim_start();
        if let Some(inside) = rest.strip_prefix('{') {
            *rest = inside;
            while !rest.is_empty() && !rest.starts_with('}') {
                expand(rest, before, found);
                *rest = rest.trim_start().trim_start_matches(',').trim_start();
            }
            *rest = rest.strip_prefix('}').unwrap_or("");
            break;
        }
        let length = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(rest.len());
        if length == 0 {
            // Something that is no path, such as the star of a glob: leave it.
            *rest = rest.get(1..).unwrap_or("");
            found.push(before.clone());
            break;
        }
        before.push(rest[..length].to_owned());
        *rest = &rest[length..];
        let Some(next) = rest.strip_prefix("::") else {
            found.push(before.clone());
            // A name of one's own: `use a as b`.
            if let Some(renamed) = rest.trim_start().strip_prefix("as ") {
                let end = renamed.find([',', '}', ';']).unwrap_or(renamed.len());
                *rest = &renamed[end..];
            }
            break;
        };
        *rest = next;
    }
    before.truncate(depth);
}

/// The file of the module that a path leads to.
fn target(from: &Module, path: &[String], files: &BTreeMap<Module, &str>) -> Option<Module> {
    let mut place = match path.first()?.as_str() {
        "crate" => Vec::new(),
        _ => from.clone(),
    };
    let mut parts = path.iter().skip_while(|part| *part == "crate" || *part == "self").peekable();
    while parts.next_if(|part| *part == "super").is_some() {
        place.pop();
    }
    for part in parts {
        place.push(part.clone());
        if !files.contains_key(&place) {
            place.pop();
            break;
        }
    }
    Some(place)
}

/// The groups of more than one that can all reach each other.
fn circles(arrows: &BTreeSet<(String, String)>) -> Vec<BTreeSet<String>> {
    let reached = |from: &String| {
        let mut found = BTreeSet::new();
        let mut next = vec![from.clone()];
        while let Some(at) = next.pop() {
            for (_, to) in arrows.iter().filter(|(one, _)| *one == at) {
                if found.insert(to.clone()) {
                    next.push(to.clone());
                }
            }
        }
        found
    };
    let modules: BTreeSet<&String> = arrows.iter().map(|(from, _)| from).collect();
    let reach: BTreeMap<&String, BTreeSet<String>> = modules.iter().map(|module| (*module, reached(module))).collect();
    let mut found: Vec<BTreeSet<String>> = Vec::new();
    for (module, there) in &reach {
        if there.contains(*module) && !found.iter().any(|circle| circle.contains(*module)) {
            let back = |other: &&String| reach.get(other).is_some_and(|there| there.contains(*module));
            found.push(there.iter().filter(back).cloned().collect());
        }
    }
    found
}

#[test]
fn a_circle_is_found_and_a_parent_is_none() {
    let source = |path: &str, text: &str| SourceFile { path: format!("plugin/src/{path}"), text: text.to_owned() };
    let sources = [
        source("lib.rs", "mod a;\nmod b;\nmod c;\nuse a::X;"),
        source("a.rs", "use crate::b::{self, Y as Z};\nuse super::c;\n// crate::c::d"),
        source("b.rs", "fn f() { crate::b::g::<super::c::T>() }"),
        source("c.rs", "mod d;\nmod e;\n#[cfg(test)]\nmod tests {\n    use crate::a;\n}"),
        source("c/d.rs", "use super::e::E;\nuse crate::c;"),
        source("c/e.rs", "use super::{d::D, Other};"),
    ];
    let circle = |modules: &str| ("plugin/src/".to_owned(), modules.to_owned());
    assert_eq!(cycles(&sources), [circle("c::d, c::e")]);
    let closed =
        sources.map(|old| if old.path.ends_with("c.rs") { source("c.rs", "use crate::{x, a::X};") } else { old });
    assert_eq!(cycles(&closed), [circle("a, b, c"), circle("c::d, c::e")]);
}
