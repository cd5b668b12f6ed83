//! One target under libFuzzer: `FUZZ_TARGET=link engine CORPUS [-OPTION=VALUE...]`.

#![no_main]

use std::sync::OnceLock;

static TARGET: OnceLock<fn(&[u8])> = OnceLock::new();

libfuzzer_sys::fuzz_target!(
    init: {
        let name = std::env::var("FUZZ_TARGET").expect("FUZZ_TARGET must name a target");
        let target = fuzz::TARGETS.iter().find(|(known, _)| *known == name);
        TARGET.get_or_init(|| target.unwrap_or_else(|| panic!("FUZZ_TARGET={name}: unknown target")).1);
    },
    |data: &[u8]| TARGET.get().unwrap()(data)
);
