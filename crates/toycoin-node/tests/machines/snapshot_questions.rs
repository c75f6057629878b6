//! Snapshots between nodes, by script: what a node gives, what it denies, and how one goes on that began with one.

use std::{sync::LazyLock, time::Duration};

use crate::common::{
    chains::{PeerChain, block_at, headers, mine, payment},
    stage::{Peer, Stage},
};
use toycoin_core::{
    BlockHash, Chain, ChainParams, Txid,
    snapshot::{DEPTH, INTERVAL},
    state::ChainState,
    store::MemoryStore,
    test_util::{classroom, grow, snapshot_coins, snapshot_root},
};
use toycoin_wire::node::{Chunk, GetAncestors, GetChunk, GetFilters, GetHeaders, GetProof, GetReceipts, NodeMessage};

const SECOND: Duration = Duration::from_secs(1);

/// A chain that offers a snapshot, and the state there.
static SOURCE: LazyLock<(PeerChain, ChainState)> = LazyLock::new(|| {
    let mut chain = new_chain();
    grow(&mut chain, INTERVAL, classroom::owner(1));
    let state = chain.state().clone();
    // coins from below the snapshot are spent above it
    let paid = payment(&chain, 0, 4, 100);
    mine(&mut chain, vec![paid], 1);
    grow(&mut chain, DEPTH - 1, classroom::owner(1));
    (chain, state)
});

/// A chain at genesis that keeps snapshots.
fn new_chain() -> PeerChain {
    Chain::open(ChainParams::regtest(), MemoryStore::new().with_snapshots()).unwrap()
}

fn source() -> &'static PeerChain {
    &SOURCE.0
}

/// A chain that begins at the snapshot.
fn begun() -> PeerChain {
    let (chain, state) = &*SOURCE;
    let kept = chain.offered_snapshot(&BlockHash::ZERO).unwrap();
    let coins = snapshot_coins(chain, &kept);
    let store = MemoryStore::from_snapshot(snapshot_root(chain, INTERVAL), state.clone(), coins);
    Chain::open(ChainParams::regtest(), store).unwrap()
}

fn node_with(chain: PeerChain) -> (Stage, Peer) {
    let mut stage = Stage::with(chain, |_| {});
    let peer = Peer::new(stage.connect(), 1);
    stage.take_sent();
    (stage, peer)
}

fn full_node() -> (Stage, Peer) {
    node_with(Chain::open(ChainParams::regtest(), source().store().clone()).unwrap())
}

fn hash_at(height: u64) -> BlockHash {
    source().header_at(height).unwrap().hash
}

fn not_found(hashes: &[[u8; 32]]) -> [NodeMessage; 1] {
    [NodeMessage::NotFound(hashes.to_vec())]
}

#[test]
fn snapshot_is_given_by_its_manifest_and_its_chunks() {
    let (mut stage, peer) = full_node();
    let kept = source().offered_snapshot(&BlockHash::ZERO).unwrap();
    for block in [BlockHash::ZERO, hash_at(INTERVAL)] {
        let answers = stage.ask_as(peer, &NodeMessage::GetManifest(block));
        assert_eq!(answers, [NodeMessage::Manifest(kept.manifest.clone())]);
    }
    let request = GetChunk { snapshot: kept.id, place: 0 };
    let coins = snapshot_coins(source(), &kept);
    let expected = NodeMessage::Chunk(Chunk { snapshot: kept.id, place: 0, coins });
    assert_eq!(stage.ask_as(peer, &NodeMessage::GetChunk(request)), [expected]);
    assert!(!stage.is_muted(peer) && stage.score(peer) == 0);
}

#[test]
fn unknown_snapshot_or_chunk_is_not_found() {
    let (mut stage, peer) = full_node();
    let kept = source().offered_snapshot(&BlockHash::ZERO).unwrap();
    let tip = hash_at(INTERVAL + DEPTH);
    assert_eq!(stage.ask_as(peer, &NodeMessage::GetManifest(tip)), not_found(&[tip.to_bytes()]));
    for request in [GetChunk { snapshot: kept.id, place: 1 }, GetChunk { snapshot: [7; 32], place: 0 }] {
        assert_eq!(stage.ask_as(peer, &NodeMessage::GetChunk(request)), not_found(&[request.snapshot]));
    }
    // a block too few lies above
    let mut shallow = new_chain();
    for height in 1..INTERVAL + DEPTH {
        shallow.apply(block_at(source(), height), u64::MAX).unwrap();
    }
    let (mut stage, peer) = node_with(shallow);
    let newest = NodeMessage::GetManifest(BlockHash::ZERO);
    assert_eq!(stage.ask_as(peer, &newest), not_found(&[[0; 32]]));
    stage.tell(peer, &NodeMessage::Block(block_at(source(), INTERVAL + DEPTH)));
    stage.advance(SECOND);
    assert!(matches!(stage.ask_as(peer, &newest)[..], [NodeMessage::Manifest(_)]));
    assert!(!stage.is_muted(peer) && stage.score(peer) == 0);
}

#[test]
fn node_from_a_snapshot_reaches_the_tip_and_the_state() {
    let (mut stage, peer) = node_with(begun());
    stage.tell_status(peer, source());
    stage.serve(&[(peer, source())], 10 * SECOND);
    assert!(stage.has_tip_of(source()));
    let chain = stage.machine.chain();
    assert_eq!(chain.state(), source().state());
    assert!(chain.audit().unwrap().holds);
    assert_eq!(chain.snapshot_height(), Some(INTERVAL));
    assert!(!stage.is_muted(peer) && stage.score(peer) == 0);
}

#[test]
fn node_from_a_snapshot_denies_what_it_cannot_show() {
    let mut chain = begun();
    for height in INTERVAL + 1..=source().height() {
        chain.apply(block_at(source(), height), u64::MAX).unwrap();
    }
    let (mut stage, peer) = node_with(chain);
    let tip = hash_at(INTERVAL + DEPTH);
    let (start, txid) = (hash_at(5), Txid::from_bytes([3; 32]));
    let first = INTERVAL + 1;
    let questions = [
        (NodeMessage::GetProof(GetProof { tip, seed: [1; 32], slices: 24, start }), start.to_bytes()),
        (NodeMessage::GetAncestors(GetAncestors { tip, blocks: vec![hash_at(first)] }), hash_at(first).to_bytes()),
        (NodeMessage::GetReceipts(GetReceipts { tip, transactions: vec![txid] }), txid.to_bytes()),
        (NodeMessage::GetFilters(GetFilters { first, last: tip }), tip.to_bytes()),
        (NodeMessage::GetManifest(BlockHash::ZERO), [0; 32]),
        (NodeMessage::GetChunk(GetChunk { snapshot: [4; 32], place: 0 }), [4; 32]),
        (NodeMessage::GetBlocks(vec![hash_at(INTERVAL)]), hash_at(INTERVAL).to_bytes()),
        (NodeMessage::GetBlocks(vec![hash_at(9)]), hash_at(9).to_bytes()),
    ];
    for (question, missing) in questions {
        assert_eq!(stage.ask_as(peer, &question), not_found(&[missing]), "{question:?}");
    }
    // what lies above is there
    let block = block_at(source(), first);
    assert_eq!(stage.ask_as(peer, &NodeMessage::GetBlocks(vec![hash_at(first)])), [NodeMessage::Block(block)]);
    let locator = |heights: &[u64]| {
        let locator = heights.iter().map(|height| hash_at(*height)).collect();
        NodeMessage::GetHeaders(GetHeaders { locator, stop: BlockHash::ZERO })
    };
    let above = headers(source(), first..=INTERVAL + DEPTH);
    assert_eq!(stage.ask_as(peer, &locator(&[INTERVAL, 0])), [NodeMessage::Headers(above)]);
    // an empty answer would say that there are no headers
    assert_eq!(stage.ask_as(peer, &locator(&[9, 0])), []);
    assert!(!stage.is_muted(peer) && stage.score(peer) == 0);
}
