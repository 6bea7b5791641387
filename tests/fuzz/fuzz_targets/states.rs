//! States, through the whole plugin as a host loads it. Without the eight bytes of length that stand before the JSON,
//! which the target adds.
#![no_main]
#![allow(unsafe_code, reason = "the entry of a plugin is foreign code")]

use libfuzzer_sys::fuzz_target;
use segue_tests::bundle::Bundle;
use segue_tests::instance::Instance;
use std::cell::{LazyCell, RefCell};

thread_local! {
    static INSTANCE: LazyCell<RefCell<Instance>> = LazyCell::new(|| {
        // SAFETY: it is the entry of the plugin that this program is linked with.
        let entry = unsafe { segue_tests::foreign::linked(&segue::host_adapter::clap_entry::clap_entry) };
        let bundle = Bundle::of_entry(entry.expect("it is a CLAP")).expect("it is Segue");
        RefCell::new(bundle.open().expect("it opens"))
    });
}

fuzz_target!(|json: &[u8]| {
    INSTANCE.with(|instance| {
        let mut instance = instance.borrow_mut();
        let state = [&(json.len() as u64).to_le_bytes(), json].concat();
        if instance.load(&state).is_err() {
            return;
        }
        let saved = instance.save().expect("what was loaded can be saved");
        instance.load(&saved).expect("what was saved can be loaded");
        assert_eq!(instance.save().expect("it saves"), saved, "saved and loaded, it is the same");
    });
});
