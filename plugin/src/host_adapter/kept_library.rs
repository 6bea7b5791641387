//! Keeps the library in the process once a host has loaded it, where loading it again and again would end the process.
//!
//! WORKAROUND(rust 1.95.0): a library built for Windows by mingw-w64 takes indexes for its thread-local values whenever
//! it is loaded, and never gives them back. Windows has 1,088 of them, so that after some dozens of loads Rust aborts:
//! 'out of TLS indexes'. Not reported, see
//! <https://github.com/rust-lang/rust/blob/1.95.0/library/std/src/sys/thread_local/key/windows.rs>. Tested by
//! `the_file_can_be_loaded_and_let_go_as_often_as_a_host_likes`. Delete when Rust's thread-local values are native
//! there.

#![allow(unsafe_code, reason = "Windows is an interface in C")]

use std::ffi::c_void;

#[link(name = "kernel32")]
unsafe extern "system" {
    fn GetModuleHandleExW(flags: u32, address: *const c_void, module: *mut *mut c_void) -> i32;
}

/// Keeps the library that this function is part of.
pub fn keep() {
    /// The library is never unloaded.
    const PIN: u32 = 1;
    /// The library is that of an address.
    const FROM_ADDRESS: u32 = 4;
    let mut library = std::ptr::null_mut();
    // SAFETY: the address lies in this library, and the handle is written to a variable of ours. A failure leaves
    // everything as it was.
    let _kept = unsafe { GetModuleHandleExW(PIN | FROM_ADDRESS, keep as *const c_void, &raw mut library) };
}
