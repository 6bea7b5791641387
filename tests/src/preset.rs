//! The presets that ship with the plugin, applied as by a host without the plugin's editor: the settings as parameter
//! changes, the chart and the own style's file with the project.
//!
//! The plugin itself reads the values' texts; nothing here knows what a setting means.

use crate::instance::Instance;
use crate::score::Score;
use anyhow::{Context, Result, anyhow, bail};
use segue_model::bounded_file::SizeLimit;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// A preset as its file has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Preset {
    /// Its name.
    pub name: String,
    /// The style's name.
    pub style: String,
    /// The chord chart; may be empty.
    pub chart: String,
    /// The file of the user's own style; may be empty.
    pub own_style: String,
    /// Settings by id, as text.
    pub settings: Vec<(String, String)>,
}

/// The folder of the presets that ship.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../presets")
}

/// All presets that ship, in order of their files' names.
///
/// # Errors
/// When the folder or one of them cannot be read.
pub fn shipped() -> Result<Vec<Preset>> {
    let folder = folder();
    let files = std::fs::read_dir(&folder).with_context(|| format!("{}: cannot be read", folder.display()))?;
    let mut files: Vec<PathBuf> = files.filter_map(|file| Some(file.ok()?.path())).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "toml"));
    files.sort();
    files.iter().map(|file| Preset::read(file)).collect()
}

/// The shipped preset of this name, or the preset in this file.
///
/// # Errors
/// When there is none.
pub fn find(name: &str) -> Result<Preset> {
    let file = Path::new(name);
    if file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("toml")) {
        return Preset::read(file);
    }
    let all = shipped()?;
    let found = all.iter().find(|preset| preset.name.eq_ignore_ascii_case(name));
    found.cloned().with_context(|| {
        let names: Vec<&str> = all.iter().map(|preset| preset.name.as_str()).collect();
        format!("there is no preset {name}; there are {}; or give a file that ends in .toml", names.join(", "))
    })
}

impl Preset {
    fn read(path: &Path) -> Result<Self> {
        let shown = path.display();
        let bytes = SizeLimit::kibibytes("preset", 64).read(path).map_err(|error| anyhow!("{shown}: {error}"))?;
        let text = String::from_utf8(bytes).map_err(|_| anyhow!("{shown}: is not UTF-8 text; save it as UTF-8"))?;
        // One line is enough: the plugin's own reader reports the same in detail.
        let table: Table = text.parse().map_err(|error: toml::de::Error| anyhow!("{shown}: {}", error.message()))?;
        let words = |key| table.get(key).and_then(Value::as_str).unwrap_or_default().trim().to_owned();
        let settings = table.get("settings").and_then(Value::as_table).into_iter().flatten();
        let settings = settings.map(|(id, value)| Ok((id.clone(), written(value, shown.to_string().as_str())?)));
        let preset = Self {
            name: words("name"),
            style: words("style"),
            chart: words("chart"),
            own_style: words("own_style"),
            settings: settings.collect::<Result<_>>()?,
        };
        if preset.name.is_empty() || preset.style.is_empty() {
            bail!("{shown}: a preset has a name and a style");
        }
        Ok(preset)
    }

    /// The text of a setting.
    pub fn get(&self, id: &str) -> Option<&str> {
        self.settings.iter().find(|(other, _)| other == id).map(|(_, text)| text.as_str())
    }

    /// Starts a session with it. The instance is only used to look up the names of parameters.
    ///
    /// # Errors
    /// When the plugin has no such setting, or cannot read its text.
    pub fn begin(&self, score: &mut Score, instance: &mut Instance) -> Result<()> {
        for (field, text) in [("chart", &self.chart), ("own_style", &self.own_style)] {
            if !text.is_empty() {
                score.fields.retain(|(other, _)| other != field);
                score.fields.push((field.to_owned(), text.clone()));
            }
        }
        let style = [("style".to_owned(), self.style.clone())];
        for (id, text) in style.iter().chain(&self.settings) {
            let name = instance.parameter_of_id(id)?.name.clone();
            instance.value_of_text(&name, text).with_context(|| format!("preset {}", self.name))?;
            score.turn(&name, 0, text);
        }
        Ok(())
    }
}

fn written(value: &Value, file: &str) -> Result<String> {
    Ok(match value {
        Value::String(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Boolean(on) => if *on { "On" } else { "Off" }.to_owned(),
        Value::Datetime(_) | Value::Array(_) | Value::Table(_) => bail!("{file}: {value} is not a value of a setting"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ships_is_found_by_name_and_what_does_not_is_said() {
        let all = shipped().expect("they can be read");
        assert!(all.len() >= 10);
        assert_eq!(find(&all[0].name.to_uppercase()).expect("it ships"), all[0]);
        assert!(find("No such").unwrap_err().to_string().contains(&all[0].name));
        assert!(find("no-such.toml").unwrap_err().to_string().contains("no-such.toml: cannot be read"));
    }
}
