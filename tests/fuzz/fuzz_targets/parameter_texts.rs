//! Texts that a host or a user types for a parameter; the text of a value means that value.
#![no_main]

use libfuzzer_sys::fuzz_target;
use segue::params::SegueParams;
use std::cell::LazyCell;

thread_local! {
    static PARAMS: LazyCell<SegueParams> = LazyCell::new(SegueParams::default);
}

fuzz_target!(|typed: &str| {
    PARAMS.with(|params| {
        for (id, setting) in params.each() {
            let Ok(value) = setting.read(typed) else { continue };
            assert!((0.0..=1.0).contains(&value), "{id}: {typed:?} is {value}");
            let shown = setting.text(value);
            let again = setting.read(&shown).unwrap_or_else(|_| panic!("{id}: does not read its own {shown:?}"));
            assert_eq!(setting.text(again), shown, "{id}: {typed:?}");
        }
    });
});
