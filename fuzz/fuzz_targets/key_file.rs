#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| toycoin_fuzz::key_file(data));
