use super::*;
use crate::{
    amount::Amount,
    block::Block,
    builder::TransactionBuilder,
    chain::{Applied, HeaderError, ProvedWork},
    params::ChainParams,
    state::ChainState,
    store::MemoryStore,
    test_util::{classroom, grow, snapshot_coins, snapshot_root},
};

/// A chain at genesis that keeps snapshots.
fn new() -> Chain<MemoryStore> {
    Chain::open(ChainParams::regtest(), MemoryStore::new().with_snapshots()).unwrap()
}

/// A chain that has just made its first snapshot, and the state there.
fn at_first_snapshot() -> (Chain<MemoryStore>, ChainState) {
    let mut chain = new();
    grow(&mut chain, INTERVAL, classroom::owner(0));
    let state = chain.state().clone();
    (chain, state)
}

/// A chain with a snapshot, and another one that begins there.
fn pair() -> (Chain<MemoryStore>, Chain<MemoryStore>) {
    let (mut chain, state) = at_first_snapshot();
    let root = snapshot_root(&chain, INTERVAL);
    grow(&mut chain, DEPTH, classroom::owner(0));
    let kept = chain.offered_snapshot(&BlockHash::ZERO).expect("it is deep enough");
    let store = MemoryStore::from_snapshot(root, state, snapshot_coins(&chain, &kept));
    let assumed = Chain::open(ChainParams::regtest(), store).unwrap();
    (chain, assumed)
}

fn blocks_above(chain: &Chain<MemoryStore>, height: u64) -> Vec<Block> {
    let heights = height + 1..=chain.height();
    heights.map(|height| chain.block_at(height).unwrap().unwrap().block().clone()).collect()
}

/// A block on the tip with a payment of coins from genesis.
fn paying_block(chain: &Chain<MemoryStore>) -> Block {
    let key = classroom::key(3);
    let payment = TransactionBuilder::new(chain.params())
        .spend(chain.coins_of(&key.public_key()).unwrap())
        .pay(chain.params().address(classroom::owner(4)), Amount::from_grains(5))
        .change_to(chain.params().address(key.public_key()))
        .sign(key)
        .unwrap();
    chain.template(vec![payment], classroom::owner(0), b"", chain.tip().time + 1).unwrap().mine_trivial()
}

#[test]
fn a_snapshot_is_offered_at_its_depth_and_not_before() {
    let (mut chain, state) = at_first_snapshot();
    let block = chain.tip().hash;
    grow(&mut chain, DEPTH - 1, classroom::owner(0));
    assert_eq!(chain.offered_snapshot(&BlockHash::ZERO), None);
    grow(&mut chain, 1, classroom::owner(0));
    let kept = chain.offered_snapshot(&BlockHash::ZERO).unwrap();
    assert_eq!((kept.block, kept.manifest.opening), (block, Opening::of(&state)));
    assert_eq!(kept.manifest.check(), Ok(()));
    assert_eq!(chain.offered_snapshot(&block), Some(Arc::clone(&kept)));
    assert_eq!(chain.offered_snapshot(&chain.tip().hash), None);
    assert_eq!(snapshot_coins(&chain, &kept).len() as u64, state.coin_count);
    let places = kept.manifest.chunks.len() as u32;
    assert_eq!(chain.snapshot_chunk(&kept.id, places).unwrap(), None);
    assert_eq!(chain.snapshot_chunk(&[0; 32], 0).unwrap(), None);
}

#[test]
fn the_last_two_snapshots_are_kept() {
    let (mut chain, _) = at_first_snapshot();
    grow(&mut chain, 2 * INTERVAL, classroom::owner(0));
    let mut heights: Vec<_> = chain.store().snapshots().iter().map(|kept| kept.manifest.header.height).collect();
    heights.sort_unstable();
    assert_eq!(heights, [2 * INTERVAL, 3 * INTERVAL]);
    let newest = chain.offered_snapshot(&BlockHash::ZERO).unwrap();
    assert_eq!(newest.manifest.header.height, 2 * INTERVAL, "the last one is not deep enough");
}

#[test]
fn a_reorganisation_discards_the_snapshots_that_it_undoes() {
    let (mut chain, _) = at_first_snapshot();
    let mut rival = Chain::in_memory(ChainParams::regtest());
    for block in &blocks_above(&chain, 0)[..INTERVAL as usize - 2] {
        rival.apply(block.clone(), u64::MAX).unwrap();
    }
    grow(&mut rival, 1, classroom::owner(1));
    let first = blocks_above(&rival, INTERVAL - 2);
    chain.apply(first[0].clone(), u64::MAX).unwrap();
    assert_eq!(chain.store().snapshots().len(), 1, "the rival has less work");
    grow(&mut rival, 2, classroom::owner(1));
    for block in blocks_above(&rival, INTERVAL - 1) {
        chain.apply(block, u64::MAX).unwrap();
    }
    assert_eq!(chain.tip(), rival.tip());
    assert_eq!(chain.store().snapshots(), [], "the tip went past the height in one move");
}

#[test]
fn headers_far_ahead_leave_out_a_snapshot() {
    let (source, _) = at_first_snapshot();
    let mut long = Chain::open(ChainParams::regtest(), source.store().clone()).unwrap();
    grow(&mut long, 2 * INTERVAL + DEPTH, classroom::owner(0));
    let mut chain = new();
    for block in blocks_above(&long, 0) {
        chain.insert_header(&block.header, u64::MAX).unwrap();
    }
    for block in blocks_above(&source, 0) {
        chain.apply(block, u64::MAX).unwrap();
    }
    assert_eq!((chain.height(), chain.store().snapshots().len()), (INTERVAL, 0));
}

#[test]
fn a_chain_from_a_snapshot_ends_where_the_other_does() {
    let (mut chain, mut assumed) = pair();
    assert_eq!(assumed.snapshot_height(), Some(INTERVAL));
    assert_eq!(assumed.tip(), {
        let entry = chain.header_at(INTERVAL).unwrap();
        crate::chain::Tip { hash: entry.hash, height: INTERVAL, work: entry.work, time: entry.header.time }
    });
    let paying = paying_block(&chain);
    chain.apply(paying, u64::MAX).unwrap();
    for block in blocks_above(&chain, INTERVAL) {
        assert!(matches!(assumed.apply(block, u64::MAX), Ok(Applied::Extended { .. })));
    }
    assert_eq!((assumed.tip(), assumed.state()), (chain.tip(), chain.state()));
    assert!(assumed.audit().unwrap().holds);
    assert_eq!(assumed.opening_at(INTERVAL).unwrap(), chain.opening_at(INTERVAL).unwrap());
    assert_eq!(assumed.filter_at(INTERVAL + 1).unwrap(), chain.filter_at(INTERVAL + 1).unwrap());
    let tip = assumed.tip();
    let opened = Chain::open(ChainParams::regtest(), assumed.into_store()).unwrap();
    assert_eq!((opened.tip(), opened.state()), (tip, chain.state()));
}

#[test]
fn what_lies_below_a_snapshot_is_not_there() {
    let (chain, assumed) = pair();
    let hash = |height| chain.header_at(height).unwrap().hash;
    for height in [0, 1, INTERVAL - 2] {
        assert_eq!(assumed.header_at(height), None);
        assert!(!assumed.is_active(&hash(height)) && !assumed.has_block(&hash(height)));
    }
    assert_eq!(assumed.header_at(INTERVAL - 1).map(|entry| entry.hash), Some(hash(INTERVAL - 1)));
    assert_eq!(assumed.block(&hash(INTERVAL)).unwrap(), None);
    assert_eq!(assumed.headers_after(&[hash(5), hash(0)], &BlockHash::ZERO, 10), []);
    assert_eq!(assumed.active_hashes().collect::<Vec<_>>(), [hash(INTERVAL - 1), hash(INTERVAL)]);
    assert_eq!(assumed.headers_from(0.into(), 10).headers.len(), 2);
    assert_eq!(assumed.missing_blocks(10, 10), []);
    assert_eq!(assumed.locator(), [hash(INTERVAL), hash(INTERVAL - 1), hash(0)]);
    let proved = assumed.prove_work(&BlockHash::ZERO, &[1; 32], 24, &BlockHash::ZERO).unwrap();
    assert_eq!(proved, ProvedWork::UnknownStart);
    let ancestors = assumed.prove_ancestors(&BlockHash::ZERO, &[hash(INTERVAL - 1)]).unwrap();
    assert_eq!(ancestors.missing, [hash(INTERVAL - 1)]);
    assert_eq!(assumed.offered_snapshot(&BlockHash::ZERO), None);
}

#[test]
fn a_locator_above_a_snapshot_ends_with_it_and_genesis() {
    let (chain, mut assumed) = pair();
    for block in blocks_above(&chain, INTERVAL) {
        assumed.apply(block, u64::MAX).unwrap();
    }
    let locator = assumed.locator();
    assert_eq!(locator[..11], chain.locator()[..11]);
    let hash = |height| chain.header_at(height).unwrap().hash;
    assert_eq!(locator[locator.len() - 3..], [hash(INTERVAL), hash(INTERVAL - 1), hash(0)]);
    let after = chain.headers_after(&locator[12..], &BlockHash::ZERO, 2_000);
    assert!(after[0].height > INTERVAL, "a full node finds the place");
}

#[test]
fn a_header_beside_a_snapshots_block_is_not_followed() {
    let (chain, mut assumed) = pair();
    let mut rival = Chain::in_memory(ChainParams::regtest());
    for block in &blocks_above(&chain, 0)[..INTERVAL as usize - 1] {
        rival.apply(block.clone(), u64::MAX).unwrap();
    }
    grow(&mut rival, 1, classroom::owner(1));
    let header = rival.header_at(INTERVAL).unwrap().header;
    let parent = header.previous;
    assert_eq!(assumed.insert_header(&header, u64::MAX), Err(HeaderError::UnknownParent(parent)));
}

#[test]
fn a_root_that_does_not_hold_together_is_refused() {
    let (chain, _) = at_first_snapshot();
    let root = snapshot_root(&chain, INTERVAL);
    assert!(root.is_coherent());
    let changes: [fn(&mut crate::store::SnapshotRoot); 4] = [
        |root| root.previous.nonce += 1,
        |root| root.header.height += 1,
        |root| root.work = root.previous_work,
        |root| root.previous_work = root.work,
    ];
    for change in changes {
        let mut other = root.clone();
        change(&mut other);
        let store = MemoryStore::from_snapshot(other, chain.state().clone(), []);
        assert!(Chain::open(ChainParams::regtest(), store).is_err());
    }
}

#[test]
fn a_store_in_memory_makes_no_snapshot_unless_it_is_asked() {
    let mut chain = Chain::in_memory(ChainParams::regtest());
    grow(&mut chain, INTERVAL + DEPTH, classroom::owner(0));
    assert_eq!(chain.offered_snapshot(&BlockHash::ZERO), None);
}
