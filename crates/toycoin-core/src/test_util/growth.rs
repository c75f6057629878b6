//! Long chains in the engine itself, for benches and for tests of what grows with a chain.

use std::fmt::Display;

use crate::{chain::Chain, keys::PublicKey, store::ChainStore};

/// Grows a chain by so many empty blocks that pay `miner`, a second apart: tens of thousands in a second where the
/// proof of work is trivial, as on [`regtest`](crate::ChainParams::regtest).
///
/// Each block is made and judged by the engine, in time that does not depend on the height;
/// [`TestLedger`](super::TestLedger), which walks all coins with every block, is the slow model of the same.
///
/// # Panics
/// When the store fails.
pub fn grow<S: ChainStore<Error: Display>>(chain: &mut Chain<S>, blocks: u64, miner: PublicKey) {
    for _ in 0..blocks {
        let time = chain.tip().time + 1_000;
        let grown = chain.template(Vec::new(), miner, b"", time).and_then(|block| {
            let time = block.header.time;
            chain.apply(block.solve_easily(), time)
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
        test_util::{TestLedger, classroom},
    };

    #[test]
    fn grows_the_chain_that_the_model_makes() {
        let mut chain = Chain::in_memory(ChainParams::regtest());
        let mut ledger = TestLedger::new(ChainParams::regtest());
        grow(&mut chain, 20, classroom::owner(0));
        for _ in 0..20 {
            ledger.extend(Vec::new(), classroom::owner(0));
        }
        assert_eq!((chain.height(), chain.tip().hash), (20, ledger.tip_hash()));
    }
}
