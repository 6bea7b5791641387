//! The styles that are built in.
//!
//! All instances in a process share one copy of the same weights, which goes when the last of them does. Nothing is
//! read before a worker asks, so that scanning the plugin costs nothing.

use segue_model::mind::Mind;
use segue_model::network::Sizes;
use segue_model::vocabulary::Vocabulary;
use std::sync::{Arc, Mutex, PoisonError, Weak};

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
    let mind = Arc::new(Mind::random(Vocabulary::dance(), Sizes::default()));
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
