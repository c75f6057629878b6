//! Genesis as all nodes of a network have it, in memory that they share.

use std::collections::BTreeMap;

use toycoin_core::{
    Amount, Chain, ChainParams, OutPoint, TxOut,
    store::{ChainStore, MemoryStore},
};

use crate::shared_blocks::SharedBlocks;

/// The coins of genesis: once as stores have them, and once as ledgers do, which know no engine.
#[derive(Debug)]
pub(crate) struct Genesis {
    /// A store that holds genesis and shares its coins.
    pub(crate) store: MemoryStore,
    /// The blocks after genesis.
    pub(crate) blocks: SharedBlocks,
    pub(crate) coins: BTreeMap<OutPoint, TxOut>,
    /// What these coins are worth.
    pub(crate) money: Amount,
}

impl Genesis {
    /// Returns the genesis of a network.
    ///
    /// # Panics
    /// If the engine makes other coins of genesis than its outputs. Whoever compares only what changes relies on this.
    pub(crate) fn new(params: &ChainParams) -> Self {
        let coinbase = &params.genesis().coinbase;
        let coins = coinbase.outpoints(coinbase.txid()).map(|(outpoint, output)| (outpoint, *output)).collect();
        let money = coinbase.outputs.iter().fold(Amount::ZERO, |sum, output| sum.saturating_add(output.value));
        let mut store = Chain::in_memory(params.clone()).into_store();
        store.share_coins();
        let mut kept = BTreeMap::new();
        let Ok(()) = store.visit_coins(&mut |outpoint, coin| kept.extend([(*outpoint, coin.output)]));
        assert_eq!(kept, coins, "the engine's genesis");
        Self { store, blocks: SharedBlocks::default(), coins, money }
    }
}
