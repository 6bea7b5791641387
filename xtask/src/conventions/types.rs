//! The types of the workspace: one meaning for each name, and no struct of the engine with too many fields.
//!
//! Reads definitions as rustfmt lays them out: a struct's fields stand one on each line, four spaces further in.

use super::SourceFile;
use super::imports::without_tests;
use std::collections::BTreeMap;

/// Names that may be defined more than once, because each program has its own: the arguments of its command line.
const GENERIC: [&str; 1] = ["Arguments"];

/// A struct with more fields has more than one owner in it.
const MOST_FIELDS: usize = 12;

/// Every type name that is defined twice, with the places. Tests may reuse names, and so may the crate of tests.
pub fn repeated_names(sources: &[SourceFile]) -> Vec<String> {
    let mut places: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for source in sources.iter().filter(|source| !is_test(&source.path)) {
        for (number, line) in (1..).zip(without_tests(&source.text).lines()) {
            if let Some(name) = defined(line).filter(|name| !GENERIC.contains(name)) {
                places.entry(name).or_default().push(format!("{}:{number}", source.path));
            }
        }
    }
    let repeated = places.into_iter().filter(|(_, places)| places.len() > 1);
    repeated.map(|(name, places)| format!("{name}: {}", places.join(", "))).collect()
}

fn is_test(path: &str) -> bool {
    path.starts_with("tests/") || path.contains("/tests/") || path.contains("/benches/") || path.ends_with("tests.rs")
}

/// The name of the type that a line defines. An indented `type` belongs to a trait and defines nothing.
fn defined(line: &str) -> Option<&str> {
    let code = without_visibility(line.trim_start());
    let (keyword, rest) = code.strip_prefix("unsafe ").unwrap_or(code).split_once(' ')?;
    let is_type =
        ["struct", "enum", "trait", "union"].contains(&keyword) || keyword == "type" && !line.starts_with(' ');
    let name = rest.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next()?;
    (is_type && !name.is_empty()).then_some(name)
}

fn without_visibility(code: &str) -> &str {
    let Some(rest) = code.strip_prefix("pub") else { return code };
    let rest = rest.strip_prefix('(').and_then(|rest| rest.split_once(')')).map_or(rest, |(_, rest)| rest);
    rest.strip_prefix(' ').unwrap_or(code)
}

/// Every struct below a folder that has more than twelve fields.
pub fn large_structs(sources: &[SourceFile], folder: &str) -> Vec<String> {
    let below = sources.iter().filter(|source| source.path.starts_with(folder) && !is_test(&source.path));
    below
        .flat_map(|source| fields(without_tests(&source.text)).map(move |found| (source, found)))
        .filter(|(_, (_, count))| *count > MOST_FIELDS)
        .map(|(source, (name, count))| format!("{}: {name} has {count} fields", source.path))
        .collect()
}

/// Each struct with the number of its fields.
fn fields(text: &str) -> impl Iterator<Item = (&str, usize)> {
    let mut lines = text.lines();
    std::iter::from_fn(move || {
        let (name, indent) = lines.by_ref().find_map(|line| {
            let is_struct = without_visibility(line.trim_start()).starts_with("struct ") && line.ends_with('{');
            Some((defined(line).filter(|_| is_struct)?, line.len() - line.trim_start().len()))
        })?;
        let within = lines.by_ref().take_while(|line| line.trim() != "}" || line.len() != indent + 1);
        Some((name, within.filter(|line| is_field(line, indent + 4)).count()))
    })
}

fn is_field(line: &str, indent: usize) -> bool {
    let code = line.trim_start();
    let name = without_visibility(code).split(':').next().unwrap_or("");
    line.len() - code.len() == indent
        && code.contains(": ")
        && !name.is_empty()
        && name.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: String) -> SourceFile {
        SourceFile { path: path.to_owned(), text }
    }

    #[test]
    fn a_name_that_is_defined_twice_is_found_with_its_places() {
        let sources = [
            source("a/one.rs", "pub(super) struct Note {}\nimpl A for B {\n    type Item = u8;\n}".to_owned()),
            source("a/two.rs", "\n/// A struct Note.\nenum Note {}\ntype Item = u8;\nstruct Arguments;".to_owned()),
            source("a/three.rs", "struct Arguments;\n#[cfg(test)]\nmod tests {\n    struct Note;\n}".to_owned()),
            source("tests/four.rs", "struct Note;".to_owned()),
        ];
        assert_eq!(repeated_names(&sources), ["Note: a/one.rs:1, a/two.rs:3"]);
    }

    #[test]
    fn a_struct_with_thirteen_fields_is_found() {
        let field = |index| format!("    /// One: two.\n    pub field_{index}: (u8, u8),\n");
        let fields = |count: usize| (0..count).map(field).collect::<Vec<_>>().concat();
        let text = format!("struct Small {{\n{}}}\npub struct Large<T: Copy> {{\n{}}}\n", fields(12), fields(13));
        let sources = [source("engine/a.rs", text.clone()), source("other/a.rs", text)];
        assert_eq!(large_structs(&sources, "engine/"), ["engine/a.rs: Large has 13 fields"]);
    }
}
