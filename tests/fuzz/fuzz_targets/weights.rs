//! Weights files. The first byte says which part is fuzzed: `f` a whole file, `n` the n-gram model alone.
#![no_main]

use libfuzzer_sys::fuzz_target;
use segue_model::lstm::Model;
use segue_model::ngram::NgramModel;

fuzz_target!(
    // libFuzzer takes every panic for a crash, and burn's reader has some that `weights::read` catches. One that comes
    // out of it is found all the same.
    init: drop(std::panic::take_hook()),
    |bytes: &[u8]| match bytes.split_first() {
        Some((b'f', file)) => drop(Model::from_bytes(file, "fuzz.segue")),
        Some((b'n', counted)) => drop(NgramModel::from_bytes(counted, Default::default())),
        _ => {}
    }
);
