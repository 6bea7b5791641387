//! The styles that are built in.
//!
//! All instances in a process share one copy of the same weights, which goes when the last of them does. Nothing is
//! read before a worker asks, so that scanning the plugin costs nothing.

use segue_model::mind::Mind;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// The style that ships; `presets/CREDITS.md` says where it comes from.
const IRISH: &[u8] = include_bytes!("../../presets/irish.segue");

/// The copy that is shared now, if any.
static SHARED: Mutex<Weak<Mind>> = Mutex::new(Weak::new());

/// The built-in style. Takes as long as unpacking the weights takes: not for the audio thread.
///
/// # Errors
/// A sentence that says why the weights were refused.
pub fn built_in() -> Result<Arc<Mind>, String> {
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(mind) = shared.upgrade() {
        return Ok(mind);
    }
    let mind = Arc::new(Mind::from_bytes(IRISH, "irish.segue").map_err(|error| error.to_string())?);
    *shared = Arc::downgrade(&mind);
    Ok(mind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_share_one_copy_of_the_weights() {
        let (one, other) = (built_in().unwrap(), built_in().unwrap());
        assert!(Arc::ptr_eq(&one, &other));
    }
}
