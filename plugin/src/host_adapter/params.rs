//! The parameters' functions of CLAP: `nice-plug`'s, with some of ours in front.

#![allow(unsafe_code, reason = "CLAP is an interface in C")]

use super::event_lists::{BlockEvents, OutputEvents, PieceEvents};
use super::instance::{Instance, inner_extension, instance};
use super::{plain_text, stepped};
use clap_sys::events::{clap_input_events, clap_output_events};
use clap_sys::ext::params::{CLAP_EXT_PARAMS, clap_param_info, clap_plugin_params};
use clap_sys::id::clap_id;
use clap_sys::plugin::clap_plugin;
use std::ffi::{CStr, CString, c_char};
use std::mem::MaybeUninit;
use std::sync::OnceLock;

/// `nice-plug`'s table with four functions in front of it.
///
/// WORKAROUND(clap-wrapper 0.3.1): it rounds a value with steps down, and `nice-plug` computes in single precision,
/// where step 48 of 127 is 47.99999: the host would show 47 and set it. Not reported, see
/// <https://docs.rs/crate/clap-wrapper/0.3.1/source/external/clap-wrapper/src/detail/vst3/parameter.h#L73>. Tested by
/// `steps_come_back_as_the_steps_that_they_were`. Delete when `asVst3Value` rounds to the nearest.
///
/// # Safety
/// `plugin` is the instance that `instance` is part of.
pub unsafe fn table(plugin: *const clap_plugin, instance: &Instance) -> Option<&'static clap_plugin_params> {
    static PARAMS: OnceLock<clap_plugin_params> = OnceLock::new();
    // SAFETY: `nice-plug` gives its own table for its own name.
    let inner = unsafe { inner_extension::<clap_plugin_params>(instance, CLAP_EXT_PARAMS) }?;
    stepped::learn(|| {
        // SAFETY: as the host's own calls, on the main thread.
        let count = inner.count.map_or(0, |count| unsafe { count(plugin) });
        (0..count).filter_map(|index| {
            let mut info = MaybeUninit::<clap_param_info>::zeroed();
            // SAFETY: as the host's own call; all zeros is a valid `clap_param_info`.
            unsafe { inner.get_info?(plugin, index, info.as_mut_ptr()).then(|| info.assume_init()) }
        })
    });
    let (value_to_text, text_to_value) = (Some(value_to_text as _), Some(text_to_value as _));
    let (get_value, flush) = (Some(get_value as _), Some(flush as _));
    let ours = clap_plugin_params { get_value, value_to_text, text_to_value, flush, ..*inner };
    Some(PARAMS.get_or_init(|| ours))
}

unsafe extern "C" fn get_value(plugin: *const clap_plugin, id: clap_id, value: *mut f64) -> bool {
    // SAFETY: the host gives what it was given.
    let Some(ours) = (unsafe { instance(plugin) }) else { return false };
    // SAFETY: `nice-plug` gives its own table for its own name.
    let get = unsafe { inner_extension::<clap_plugin_params>(ours, CLAP_EXT_PARAMS) }.and_then(|inner| inner.get_value);
    // SAFETY: as the host's own call.
    let found = get.is_some_and(|get| unsafe { get(plugin, id, value) });
    // SAFETY: `nice-plug` has written it.
    if let Some(value) = unsafe { value.as_mut() }.filter(|_| found) {
        *value = stepped::whole(id, *value);
    }
    found
}

unsafe extern "C" fn value_to_text(
    plugin: *const clap_plugin,
    id: clap_id,
    value: f64,
    text: *mut c_char,
    size: u32,
) -> bool {
    // SAFETY: the host gives what it was given.
    let Some(ours) = (unsafe { instance(plugin) }) else { return false };
    // SAFETY: `nice-plug` gives its own table for its own name.
    let inner = unsafe { inner_extension::<clap_plugin_params>(ours, CLAP_EXT_PARAMS) };
    // SAFETY: as the host's own call.
    let is_written = inner
        .and_then(|inner| inner.value_to_text)
        .is_some_and(|write| unsafe { write(plugin, id, value, text, size) });
    if is_written && ours.facts.is_vst3() && !text.is_null() {
        // SAFETY: the host gives so many bytes, which `nice-plug` has written text into.
        plain_text::write(unsafe { std::slice::from_raw_parts_mut(text.cast::<u8>(), size as usize) });
    }
    is_written
}

unsafe extern "C" fn text_to_value(
    plugin: *const clap_plugin,
    id: clap_id,
    typed: *const c_char,
    value: *mut f64,
) -> bool {
    // SAFETY: the host gives what it was given.
    let Some(ours) = (unsafe { instance(plugin) }) else { return false };
    // SAFETY: `nice-plug` gives its own table for its own name.
    let inner = unsafe { inner_extension::<clap_plugin_params>(ours, CLAP_EXT_PARAMS) };
    let Some(read) = inner.and_then(|inner| inner.text_to_value) else { return false };
    // SAFETY: as the host's own call.
    let mut known = unsafe { read(plugin, id, typed, value) };
    if !known && !typed.is_null() {
        // SAFETY: the host gives a C string.
        let typed = unsafe { CStr::from_ptr(typed) }.to_string_lossy();
        known = CString::new(plain_text::read(&typed)).is_ok_and(|typed| {
            // SAFETY: as the host's own call, with another text.
            unsafe { read(plugin, id, typed.as_ptr(), value) }
        });
    }
    // SAFETY: `nice-plug` has written it.
    if let Some(value) = unsafe { value.as_mut() }.filter(|_| known) {
        *value = stepped::whole(id, *value);
    }
    known
}

/// Also called where a block has no frames.
pub unsafe extern "C" fn flush(
    plugin: *const clap_plugin,
    input: *const clap_input_events,
    output: *const clap_output_events,
) {
    // SAFETY: the host gives what it was given.
    let Some(ours) = (unsafe { instance(plugin) }) else { return };
    // SAFETY: `nice-plug` gives its own table for its own name.
    let flush = unsafe { inner_extension::<clap_plugin_params>(ours, CLAP_EXT_PARAMS) }.and_then(|inner| inner.flush);
    // Outside a block there is no time: all lies on its first frame.
    let events = BlockEvents::new(input, 0);
    let (passed_in, passed_out) = (PieceEvents::new(&events, events.whole()), OutputEvents::new(output, false));
    let (in_list, out_list) = (passed_in.list(), passed_out.list());
    if let Some(flush) = flush {
        // SAFETY: the lists are valid during this call.
        unsafe { flush(plugin, &raw const in_list, if output.is_null() { output } else { &raw const out_list }) };
    }
    ours.flushed(&events, &passed_out);
}
