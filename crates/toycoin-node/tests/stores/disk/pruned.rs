//! A store of forty blocks, whose old ones are pruned, and the chain in memory that it is compared with.

use std::{fs, sync::LazyLock};

use toycoin_core::{
    Block, Chain, ChainParams,
    filter::BlockFilter,
    store::{ChainStore as _, MemoryStore},
    test_util::{Payments, assert_openings, classroom, grow},
};
use toycoin_node::store::{BODIES_FILE, Pruned, RedbStore, StoreError, unwatched};

use super::{Directory, mine, open};

pub(crate) const HEIGHT: u64 = 40;
pub(crate) const FIRST: u64 = 30;

pub(crate) fn params() -> ChainParams {
    ChainParams::regtest()
}

/// A chain with a payment in each block.
pub(crate) static SOURCE: LazyLock<Chain<MemoryStore>> = LazyLock::new(|| {
    let mut chain = Chain::in_memory(params());
    let mut payments = Payments::new(params().genesis_hash(), chain.coins_of(&classroom::owner(0)).unwrap());
    for _ in 0..HEIGHT {
        let (outpoint, coin) = payments.coins().first_key_value().map(|(at, coin)| (*at, *coin)).unwrap();
        mine(&mut chain, vec![payments.spend(vec![outpoint], vec![coin])], 1);
    }
    chain
});

pub(crate) fn block(chain: &Chain<MemoryStore>, height: u64) -> Block {
    chain.block_at(height).unwrap().unwrap().block().clone()
}

/// A branch that leaves the source after `fork`, and is `blocks` long.
pub(crate) fn branch(fork: u64, blocks: u64) -> Vec<Block> {
    let mut chain = Chain::in_memory(params());
    for height in 1..=fork {
        chain.apply(block(&SOURCE, height), u64::MAX).unwrap();
    }
    grow(&mut chain, blocks, classroom::owner(2));
    (fork + 1..=chain.height()).map(|height| block(&chain, height)).collect()
}

/// Extends a chain by blocks of the source, each of which is written before the next one comes.
pub(crate) fn extend(chain: &mut Chain<RedbStore>, to: u64) {
    chain.sync().unwrap();
    for height in chain.height() + 1..=to {
        chain.apply(block(&SOURCE, height), u64::MAX).unwrap();
        chain.sync().unwrap();
    }
}

/// A store with the source's blocks, and a stale branch from after the first height kept.
pub(crate) fn kept() -> Directory {
    let directory = Directory::new();
    let mut chain = open(&directory, &params());
    extend(&mut chain, HEIGHT);
    for block in branch(FIRST + 3, 2) {
        chain.apply(block, u64::MAX).unwrap();
    }
    chain.sync().unwrap();
    directory
}

pub(crate) fn try_prune(directory: &Directory, first: u64) -> Result<Pruned, StoreError> {
    RedbStore::open(directory.path(), &params())?.prune_below(first).map(|(_, pruned)| pruned)
}

pub(crate) fn prune(directory: &Directory, first: u64) -> Pruned {
    try_prune(directory, first).unwrap()
}

/// Prunes as the program does.
pub(crate) fn prune_by_snapshots(directory: &Directory) -> Pruned {
    RedbStore::open(directory.path(), &params()).unwrap().prune().unwrap().1
}

pub(crate) fn length(directory: &Directory) -> u64 {
    fs::metadata(directory.file(BODIES_FILE)).unwrap().len()
}

/// Compares a store with the source, of which it has the bodies from `first` on.
pub(crate) fn assert_serves(chain: &Chain<RedbStore>, first: u64) {
    assert_eq!((chain.first_block(), chain.tip(), chain.state()), (first, SOURCE.tip(), SOURCE.state()));
    for height in 0..=HEIGHT {
        let hash = SOURCE.header_at(height).unwrap().hash;
        let (is_here, expected) = (height >= first, block(&SOURCE, height));
        let found = chain.block(&hash).unwrap();
        assert_eq!(found.is_some(), is_here || height == 0, "block {height}");
        assert!(found.is_none_or(|found| *found.block() == expected));
        assert_eq!(chain.body_size(&hash).unwrap().is_some(), is_here || height == 0);
        let undo = chain.store().undo(&hash).unwrap();
        assert_eq!(undo, SOURCE.store().undo(&hash).unwrap().filter(|_| is_here), "undo data {height}");
        assert_eq!(chain.filter_at(height).unwrap(), Some(BlockFilter::of(&expected)));
        for (txid, _) in expected.transaction_ids() {
            assert_eq!(chain.find_transaction(&txid).unwrap(), SOURCE.find_transaction(&txid).unwrap());
            let receipt = SOURCE.receipt(&txid).unwrap().filter(|_| is_here || height == 0);
            assert_eq!(chain.receipt(&txid).unwrap(), receipt);
        }
    }
    assert_openings(chain);
    assert!(chain.audit().unwrap().holds);
    let report = chain.store().check(unwatched).unwrap();
    assert!(report.is_sound(), "{:?}", report.problems);
    assert_eq!((report.first_block, report.height), (first, HEIGHT));
}
