//! Which parameters have steps, so that their values can be given to the host as the whole numbers that they are.

use clap_sys::ext::params::{CLAP_PARAM_IS_STEPPED, clap_param_info};
use clap_sys::id::clap_id;
use std::sync::OnceLock;

/// Sorted. The same for all instances, and read on the audio thread.
static STEPPED: OnceLock<Vec<clap_id>> = OnceLock::new();

/// Learns them once, before any value is asked for.
pub fn learn<I: Iterator<Item = clap_param_info>>(parameters: impl FnOnce() -> I) {
    STEPPED.get_or_init(|| {
        let is_stepped = |info: &clap_param_info| info.flags & CLAP_PARAM_IS_STEPPED != 0;
        let mut ids: Vec<_> = parameters().filter(is_stepped).map(|info| info.id).collect();
        ids.sort_unstable();
        ids
    });
}

/// The value of this parameter: where it has steps, the nearest one.
pub fn whole(id: clap_id, value: f64) -> f64 {
    let is_stepped = STEPPED.get().is_some_and(|ids| ids.binary_search(&id).is_ok());
    if is_stepped { value.round() } else { value }
}
