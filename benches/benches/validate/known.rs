//! The parts of a block that was seen before, each by itself.

use std::{hint::black_box, sync::Arc, time::Duration};

use toycoin_benches::cpu_time;
use toycoin_core::{
    Block, Chain, ChainParams, IdentifiedBlock,
    consensus::{BlockContext, connect_prepared, gather},
    filter::BlockFilter,
    proof::Opening,
    store::{BlockUndo, ChainStore as _, ChainUpdate, ConnectedUpdate, MemoryStore},
};

use crate::scene::Trusting;

/// The names of the parts, in the order of [`parts`]. The last is no part of connecting in memory.
pub(crate) const NAMES: [&str; 6] = [
    "form, known ids and Merkle root",
    "coins gathered",
    "rules and changes",
    "state root from known changes",
    "store commit",
    "(filter, when a light client asks)",
];

/// Measures each part for a block whose payments the chain has prepared.
pub(crate) fn parts(params: &ChainParams, chain: &Chain<MemoryStore>, block: &Block) -> [Duration; NAMES.len()] {
    let deltas = chain.deltas();
    let copy = block.clone();
    let (checked, ids) = cpu_time(|| IdentifiedBlock::from(black_box(copy)).check_prepared(params, deltas));
    let block = checked.expect("a block of our own");
    let (coins, gathered) = cpu_time(|| gather(black_box(&block), chain.store()));
    let Ok(coins) = coins;
    let context = BlockContext { state: chain.state(), work: chain.tip().work };
    let (connected, judged) = cpu_time(|| connect_prepared(params, &block, &coins, context, &Trusting, deltas));
    let connected = connected.expect("a block of our own");
    let mut state = chain.state().clone();
    let ((), root) = cpu_time(|| {
        for (txid, _) in block.transactions() {
            state.utxo_hash.combine(&deltas.get(&txid).expect("it was prepared"));
        }
        black_box(state.root());
    });
    let (mut store, block) = (chain.store().clone(), Arc::new(block));
    let (update, made) = cpu_time(|| ChainUpdate {
        disconnected: Vec::new(),
        connected: vec![ConnectedUpdate {
            undo: BlockUndo::of(&connected),
            opening: Opening::of(connected.state()),
            block: Arc::clone(&block),
        }],
        diff: connected.diff().clone(),
        tip: block.hash(),
        state: connected.state().clone(),
    });
    let (_, committed) = cpu_time(|| store.insert_block(&block).and_then(|()| store.commit(update)));
    let (_, filter) = cpu_time(|| black_box(BlockFilter::with_hash(block.hash(), block.block())));
    [ids, gathered, judged.saturating_sub(root), root, made + committed, filter]
}
