//! Benchmarks of toycoin, each beside the peers that it is measured against: `cargo bench -p toycoin-benches`.
