//! Presets; one that was read is written as one that says the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use segue::preset::Preset;

fuzz_target!(|text: &str| {
    if let Ok(preset) = Preset::parse(text, "fuzz.toml") {
        let written = preset.text();
        assert_eq!(Preset::parse(&written, "again").as_ref(), Ok(&preset), "{written}");
    }
});
