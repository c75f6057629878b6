//! Directories and stores for tests.

#![allow(dead_code, reason = "no test file uses all of it")]

pub(crate) mod forgetful;
pub(crate) mod memory;
pub(crate) mod pruned;

use std::{
    fs,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

use toycoin_core::{Block, Chain, ChainParams, Transaction, chain::Applied, store::ChainStore, test_util::classroom};
use toycoin_node::store::RedbStore;

/// A directory that goes when it is dropped.
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("store-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        // what a process of the same number left behind
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn open(directory: &Directory, params: &ChainParams) -> Chain<RedbStore> {
    Chain::open(params.clone(), RedbStore::open(directory.path(), params).unwrap()).unwrap()
}

/// Mines a block with these transactions on the tip and applies it.
pub(crate) fn mine<S: ChainStore<Error: std::fmt::Debug>>(
    chain: &mut Chain<S>,
    transactions: Vec<Transaction>,
    branch: u8,
) -> Block {
    let time = chain.tip().time + 1_000;
    let block = chain.template(transactions, classroom::owner(u32::from(branch)), &[branch], time).unwrap();
    let block = block.mine_trivial();
    assert!(matches!(chain.apply(block.clone(), time), Ok(Applied::Extended { .. })));
    block
}

/// Returns what a store says of everything that anybody could ask.
pub(crate) fn everything<S: ChainStore<Error: std::fmt::Debug>>(chain: &Chain<S>, blocks: &[Block]) -> Vec<String> {
    let store = chain.store();
    let mut said = Vec::new();
    let stored = store.load().unwrap().unwrap();
    let mut headers: Vec<_> =
        stored.headers.iter().map(|(header, invalid)| (header.height, header.hash(), *invalid)).collect();
    headers.sort_unstable();
    said.push(format!("{headers:?} {} {:?} {}", stored.tip, stored.state, stored.state.root()));
    let mut coins = Vec::new();
    store.visit_coins(&mut |outpoint, coin| coins.push((*outpoint, *coin))).unwrap();
    coins.sort_unstable_by_key(|(outpoint, _)| *outpoint);
    for (outpoint, coin) in &coins {
        assert_eq!(store.coin(outpoint).unwrap().as_ref(), Some(coin));
    }
    said.push(format!("{coins:?}"));
    for key in 0..classroom::KEYS + 8 {
        said.push(format!("{:?}", store.coins_of(&classroom::owner(key)).unwrap()));
    }
    for height in 0..=blocks.len() as u64 {
        said.push(format!("{:?}", store.opening(height).unwrap()));
    }
    for block in blocks {
        let hash = block.hash();
        said.push(format!("{:?} {:?}", store.block(&hash).unwrap(), store.undo(&hash).unwrap()));
        for (txid, _) in block.transaction_ids() {
            said.push(format!("{:?}", store.find_transaction(&txid).unwrap()));
        }
        for outpoint in block.transactions.iter().flat_map(|transaction| &transaction.inputs) {
            said.push(format!("{:?}", store.coin(outpoint).unwrap()));
        }
    }
    said.push(format!("{:?}", store.waiting().unwrap()));
    said
}
