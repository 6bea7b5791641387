//! Empty on purpose: only the dependencies of this crate matter. `Cargo.toml` says why.
