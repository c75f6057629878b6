//! Chains with a snapshot. They are long, so each is made once for all tests of a file.

use std::{collections::BTreeMap, sync::LazyLock};

use toycoin_core::{
    Amount, Chain, ChainParams, CompactTarget, Header, MemoryStore, OutPoint, TransactionBuilder, Work,
    proof::Opening,
    snapshot::{CoinBytes, DEPTH, INTERVAL, Maker, Manifest},
    state::{Ancestors, ChainState},
    test_util::{classroom, grow},
    utxo::Coin,
};

use super::NOW_MS;

/// The number of coins in genesis: with those of 2,048 coinbases they fill five chunks and a part of a sixth.
const ALLOCATIONS: u32 = 20_000;

/// A chain, and the snapshot of its block at height 2,048.
pub(crate) struct Source {
    pub(crate) params: ChainParams,
    pub(crate) chain: Chain<MemoryStore>,
    pub(crate) manifest: Manifest,
    pub(crate) chunks: Vec<Vec<CoinBytes>>,
    /// The state after the snapshot's block.
    pub(crate) state: ChainState,
}

/// Returns the chain with the most work.
pub(crate) fn honest() -> &'static Source {
    static SOURCE: LazyLock<Source> = LazyLock::new(|| Source::grown(7, DEPTH + 40));
    &SOURCE
}

/// Returns another chain from the same genesis, which is valid and has less work.
pub(crate) fn fork() -> &'static Source {
    static SOURCE: LazyLock<Source> = LazyLock::new(|| Source::grown(6, DEPTH + 20));
    &SOURCE
}

fn params() -> ChainParams {
    let bits = CompactTarget::from_bits(0x207f_ffff);
    let network = ChainParams::builder("snapshots").fixed_difficulty().genesis_bits(bits).limit_bits(bits);
    let allocated = (0..ALLOCATIONS).fold(network, |network, i| {
        network.allocate(classroom::owner(i % 2), Amount::from_grains(1_000 + u64::from(i)))
    });
    allocated.build().unwrap()
}

impl Source {
    /// Grows a chain that pays one miner, with a payment in it, and some blocks above its snapshot.
    fn grown(miner: u32, above: u64) -> Self {
        let params = params();
        let mut chain = Chain::in_memory(params.clone());
        grow(&mut chain, INTERVAL - 1, classroom::owner(miner));
        let spent: Vec<_> = chain.coins_of(&classroom::owner(0)).unwrap().into_iter().take(20).collect();
        let payment = TransactionBuilder::new(&params)
            .spend(spent)
            .pay(params.address(classroom::owner(3)), Amount::from_grains(5_000))
            .sign(classroom::key(0))
            .unwrap();
        let time = chain.tip().time + 1_000;
        let block = chain.template(vec![payment], classroom::owner(miner), b"", time).unwrap().mine_trivial();
        chain.apply(block, NOW_MS).unwrap();
        let header = chain.header_at(INTERVAL).unwrap().header;
        assert_eq!(chain.height(), INTERVAL);
        let opening = chain.opening_at(INTERVAL).unwrap().unwrap();
        let coins = coins(&chain);
        grow(&mut chain, above, classroom::owner(miner));

        let (mut maker, mut chunks) = (Maker::new(header), Vec::new());
        for (outpoint, coin) in &coins {
            chunks.extend(maker.push(outpoint, coin).unwrap());
        }
        let (rest, manifest) = maker.finish(opening).unwrap();
        chunks.extend(rest);
        let chunks = chunks.into_iter().map(|chunk| chunk.coins).collect();
        let state = state(&chain, &manifest);
        Self { params, chain, manifest, chunks, state }
    }

    /// Returns the coins as they stand on a disk.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.chunks.iter().flatten().flat_map(|coin| coin.0).collect()
    }

    /// Returns the header before the snapshot's, the work up to it, and the work up to the snapshot.
    pub(crate) fn before(&self) -> (Header, Work, Work) {
        let entry = |height| self.chain.header_at(height).unwrap();
        (entry(INTERVAL - 1).header, entry(INTERVAL - 1).work, entry(INTERVAL).work)
    }
}

/// Returns all coins of a chain: each belongs to a classroom key.
fn coins(chain: &Chain<MemoryStore>) -> BTreeMap<OutPoint, Coin> {
    (0..classroom::KEYS).flat_map(|key| chain.coins_of(&classroom::owner(key)).unwrap()).collect()
}

/// Returns the state after the snapshot's block, computed from the chain.
fn state(chain: &Chain<MemoryStore>, manifest: &Manifest) -> ChainState {
    let mut ancestors = Ancestors::default();
    for height in 0..INTERVAL {
        let entry = chain.header_at(height).unwrap();
        ancestors.push(entry.hash, entry.work);
    }
    let Opening { count, .. } = manifest.opening;
    let issued = chain.params().issued(INTERVAL);
    let state = ChainState { utxo_hash: manifest.sum.clone(), coin_count: count, issued, ancestors };
    assert_eq!(state.root(), manifest.header.state_root);
    state
}
