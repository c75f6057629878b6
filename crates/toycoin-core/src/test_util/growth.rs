//! Long chains in the engine itself, for benchmarks and for tests of what grows with a chain.

use std::fmt::Display;

use crate::{chain::Chain, keys::PublicKey, store::ChainStore};

/// Extends a chain by `blocks` empty blocks that pay `miner`, for networks with trivial proof of work such as
/// [`regtest`](crate::ChainParams::regtest).
///
/// The blocks come on schedule, so that the difficulty stays: one spacing apart, or 1 s without retargeting.
///
/// The engine makes and judges each block, in time that does not depend on the height.
/// [`TestLedger`](super::TestLedger) is a slow model of the same: it visits all coins for every block.
///
/// # Panics
/// When the store fails.
pub fn grow<S: ChainStore<Error: Display>>(chain: &mut Chain<S>, blocks: u64, miner: PublicKey) {
    let spacing = chain.params().spec().retargeting.map_or(1_000, |retargeting| retargeting.spacing_ms);
    for _ in 0..blocks {
        let time = chain.tip().time + spacing;
        let grown = chain.template(Vec::new(), miner, b"", time).and_then(|block| {
            let time = block.header.time;
            chain.apply(block.mine_trivial(), time)
        });
        if let Err(error) = grown {
            panic!("an empty block fits any chain: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        params::ChainParams,
        test_util::{TestLedger, classroom, strategies},
    };

    #[test]
    fn grows_the_chain_that_the_model_makes() {
        for params in [ChainParams::regtest(), strategies::params()] {
            let mut chain = Chain::in_memory(params.clone());
            let mut ledger = TestLedger::new(params);
            grow(&mut chain, 20, classroom::owner(0));
            for _ in 0..20 {
                ledger.extend(Vec::new(), classroom::owner(0));
            }
            assert_eq!((chain.height(), chain.tip().hash), (20, ledger.tip_hash()));
            assert_eq!(ledger.tip().header.bits, ledger.params().spec().genesis_bits, "on schedule");
        }
    }
}
