//! One target under libFuzzer: `FUZZ_TARGET=link engine CORPUS [-OPTION=VALUE...]`.

#![no_main]

use std::sync::OnceLock;

static TARGET: OnceLock<fn(&[u8])> = OnceLock::new();

libfuzzer_sys::fuzz_target!(
    init: {
        let name = std::env::var("FUZZ_TARGET").expect("FUZZ_TARGET names the target");
        TARGET.set(fuzz::target(&name).expect("FUZZ_TARGET names a target that there is")).unwrap();
    },
    |data: &[u8]| TARGET.get().unwrap()(data)
);
