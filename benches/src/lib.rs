//! Benchmarks of toycoin: `cargo bench -p toycoin-benches`.
