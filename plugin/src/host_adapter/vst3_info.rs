//! What a VST3 has and a CLAP has not, in the names and shapes by which `clap-wrapper` asks for it: its header
//! `clapwrapper/vst3.h`.

#![allow(unsafe_code, reason = "tables of pointers are shared between threads")]

use clap_sys::plugin::clap_plugin;
use std::ffi::{CStr, c_char, c_void};

/// Names Segue in every saved VST3 project: never to be changed. In the byte order of Windows; elsewhere `clap-wrapper`
/// swaps the first eight bytes, so that projects move between systems.
const VST3_CLASS_ID: [u8; 16] =
    [0x83, 0x5e, 0x0b, 0x53, 0x4e, 0x1d, 0x5a, 0x47, 0x9c, 0x21, 0x53, 0x65, 0x67, 0x75, 0x65, 0x21];

/// The answer of the factory.
pub const fn of_the_factory() -> *const c_void {
    (&raw const FACTORY_INFO_AS_VST3.0).cast()
}

/// The answer of an instance.
pub const fn of_an_instance() -> *const c_void {
    (&raw const PLUGIN_INFO_AS_VST3).cast()
}

/// By this name the factory is asked.
pub const FACTORY_ID: &CStr = c"clap.plugin-factory-info-as-vst3/0";
/// By this name an instance is asked.
pub const PLUGIN_ID: &CStr = c"clap.plugin-info-as-vst3/0";

#[repr(C)]
struct FactoryInfoAsVst3 {
    vendor: *const c_char,
    vendor_url: *const c_char,
    email_contact: *const c_char,
    get_vst3_info: Option<extern "C" fn(factory: *const FactoryInfoAsVst3, index: u32) -> *const ClassInfoAsVst3>,
}

#[repr(C)]
struct ClassInfoAsVst3 {
    vendor: *const c_char,
    component_id: *const [u8; 16],
    features: *const c_char,
}

#[repr(C)]
struct PluginInfoAsVst3 {
    midi_channels: Option<extern "C" fn(plugin: *const clap_plugin, note_port: u32) -> u32>,
    note_expressions: Option<extern "C" fn(plugin: *const clap_plugin) -> u32>,
}

/// A table of pointers to constants.
struct Constant<T>(T);

// SAFETY: it is never written, and what its pointers point to is constant too.
unsafe impl<T> Sync for Constant<T> {}

static FACTORY_INFO_AS_VST3: Constant<FactoryInfoAsVst3> = Constant(FactoryInfoAsVst3 {
    vendor: c"Segue".as_ptr(),
    vendor_url: c"".as_ptr(),
    email_contact: c"".as_ptr(),
    get_vst3_info: Some(class_info),
});

static CLASS_INFO_AS_VST3: Constant<ClassInfoAsVst3> = Constant(ClassInfoAsVst3 {
    vendor: std::ptr::null(),
    component_id: &raw const VST3_CLASS_ID_PLACE,
    features: c"Instrument|Synth|Stereo".as_ptr(),
});

static VST3_CLASS_ID_PLACE: [u8; 16] = VST3_CLASS_ID;

extern "C" fn class_info(_factory: *const FactoryInfoAsVst3, index: u32) -> *const ClassInfoAsVst3 {
    if index == 0 { &raw const CLASS_INFO_AS_VST3.0 } else { std::ptr::null() }
}

static PLUGIN_INFO_AS_VST3: PluginInfoAsVst3 =
    PluginInfoAsVst3 { midi_channels: Some(midi_channels), note_expressions: Some(note_expressions) };

extern "C" fn midi_channels(_plugin: *const clap_plugin, _note_port: u32) -> u32 {
    16
}

extern "C" fn note_expressions(_plugin: *const clap_plugin) -> u32 {
    /// One bit each for volume, pan, tuning, vibrato, expression and brightness.
    ///
    /// WORKAROUND(clap-wrapper 0.3.1): the next bit is for pressure. With it, a pressure for an unknown note becomes an
    /// event of uninitialised memory; without it, pressure comes as MIDI. Not reported, see
    /// <https://docs.rs/crate/clap-wrapper/0.3.1/source/external/clap-wrapper/src/detail/vst3/process.cpp#L592>. Tested
    /// by `expressions_and_pressures_do_no_harm_and_do_not_leave`. Delete when it checks the note.
    const ALL_BUT_PRESSURE: u32 = 0b011_1111;
    ALL_BUT_PRESSURE
}
