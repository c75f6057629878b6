//! A pruned node, by script: what it gives, what it denies, and the branch before which it halts.

use std::{sync::LazyLock, time::Duration};

use crate::common::{
    chains::{PeerChain, block_at, chain_of, extend, headers, prefix},
    stage::{Peer, Stage},
};
use toycoin_core::{BlockHash, Chain, ChainParams, CheckedBlock, Txid, filter::BlockFilter, proof::Receipt};
use toycoin_node::protocol::{Request, Response};
use toycoin_wire::node::{GetBlockTransactions, GetFilters, GetHeaders, GetProof, GetReceipts, NodeMessage};

const SECOND: Duration = Duration::from_secs(1);
const HEIGHT: u64 = 180;
const FIRST: u64 = 150;

static SOURCE: LazyLock<PeerChain> = LazyLock::new(|| chain_of(&ChainParams::regtest(), 180, 1));

fn source() -> &'static PeerChain {
    &SOURCE
}

/// A node without the bodies below [`FIRST`], and a peer of it.
fn pruned_node() -> (Stage, Peer) {
    let mut store = source().store().clone();
    store.prune(FIRST);
    let mut stage = Stage::with(Chain::open(ChainParams::regtest(), store).unwrap(), |_| {});
    let peer = Peer::new(stage.connect(), 1);
    stage.take_sent();
    (stage, peer)
}

fn hash_at(height: u64) -> BlockHash {
    source().header_at(height).unwrap().hash
}

#[test]
fn pruned_node_denies_old_blocks_and_their_receipts() {
    let (mut stage, peer) = pruned_node();
    let (old, tip) = (hash_at(FIRST - 1), hash_at(HEIGHT));
    let txid = block_at(source(), FIRST - 1).coinbase.txid();
    let questions = [
        (NodeMessage::GetBlocks(vec![old]), old.to_bytes()),
        (NodeMessage::GetBlocks(vec![hash_at(1)]), hash_at(1).to_bytes()),
        (NodeMessage::GetTransactions(vec![txid]), txid.to_bytes()),
        (NodeMessage::GetBlockTransactions(GetBlockTransactions { block: old, places: vec![0] }), old.to_bytes()),
    ];
    for (question, missing) in questions {
        let expected = [NodeMessage::NotFound(vec![missing])];
        assert_eq!(stage.ask_as(peer, &question), expected, "{question:?}");
    }
    // as for a transaction that no block holds
    for txid in [txid, Txid::from_bytes([3; 32])] {
        let question = NodeMessage::GetReceipts(GetReceipts { tip, transactions: vec![txid] });
        let expected = [NodeMessage::Receipts(Vec::new()), NodeMessage::NotFound(vec![txid.to_bytes()])];
        assert_eq!(stage.ask_as(peer, &question), expected);
    }
    assert!(!stage.is_muted(peer) && stage.score(peer) == 0);
}

#[test]
fn pruned_node_gives_headers_filters_proofs_and_the_rest() {
    let (mut stage, peer) = pruned_node();
    let tip = hash_at(HEIGHT);
    for height in [0, FIRST, HEIGHT] {
        let block = block_at(source(), height);
        let answer = stage.ask_as(peer, &NodeMessage::GetBlocks(vec![hash_at(height)]));
        assert_eq!(answer, [NodeMessage::Block(block)], "{height}");
    }
    let locator = GetHeaders { locator: vec![hash_at(0)], stop: BlockHash::ZERO };
    let answer = stage.ask_as(peer, &NodeMessage::GetHeaders(locator));
    assert_eq!(answer, [NodeMessage::Headers(headers(source(), 1..=HEIGHT))]);
    let proof = GetProof { tip, seed: [1; 32], slices: 24, start: BlockHash::ZERO };
    let answer = stage.ask_as(peer, &NodeMessage::GetProof(proof));
    assert!(matches!(&answer[..], [NodeMessage::Proof(proof)] if proof.tip.hash() == tip), "{answer:?}");
    let filters = GetFilters { first: 1, last: hash_at(20) };
    let answer = stage.ask_as(peer, &NodeMessage::GetFilters(filters));
    let [NodeMessage::Filters(filters)] = &answer[..] else { panic!("{answer:?}") };
    let expected: Vec<_> = (1..=20).map(|height| BlockFilter::of(&block_at(source(), height))).collect();
    assert!(expected.starts_with(filters) && !filters.is_empty());
    let kept: CheckedBlock = block_at(source(), FIRST).check(source().params()).unwrap();
    let request = GetReceipts { tip, transactions: vec![kept.coinbase_txid()] };
    let answer = stage.ask_as(peer, &NodeMessage::GetReceipts(request));
    assert_eq!(answer, [NodeMessage::Receipts(vec![Receipt::of(&kept, 0).unwrap()])]);
    assert!(!stage.is_muted(peer) && stage.score(peer) == 0);
}

#[test]
fn pruned_node_says_what_it_lacks_to_its_owner() {
    let (mut stage, _) = pruned_node();
    let Response::Status(status) = stage.ask(Request::Status) else { panic!("a status") };
    assert_eq!((status.first_block, status.assumed), (FIRST, None));
    // moves that cannot be told whole are not told at all
    for height in [0, FIRST - 2] {
        assert!(matches!(stage.ask(Request::Since(hash_at(height))), Response::Since(None)), "{height}");
    }
    let Response::Since(Some(since)) = stage.ask(Request::Since(hash_at(FIRST - 1))) else { panic!("all moves") };
    assert_eq!((since.connected[0].height(), since.complete), (FIRST, true));
    let txid = block_at(source(), 7).coinbase.txid();
    let Response::Transaction(Some(place)) = stage.ask(Request::Transaction(txid)) else { panic!("a place") };
    assert_eq!((place.block, place.confirmations), (Some((hash_at(7), 7)), HEIGHT - 6));
}

#[test]
fn pruned_node_follows_a_branch_above_its_first_block() {
    let (mut stage, peer) = pruned_node();
    let mut rival = prefix(source(), FIRST - 1);
    extend(&mut rival, 40, 2);
    stage.tell_status(peer, &rival);
    stage.serve(&[(peer, &rival)], 10 * SECOND);
    assert!(stage.has_tip_of(&rival));
    assert!(!stage.is_muted(peer) && stage.score(peer) == 0);
}

#[test]
#[should_panic(expected = "leaves this chain after height 148, but blocks below height 150 were pruned")]
fn pruned_node_halts_before_a_branch_from_below() {
    let (mut stage, peer) = pruned_node();
    let mut rival = prefix(source(), FIRST - 2);
    extend(&mut rival, 40, 2);
    stage.tell_status(peer, &rival);
    stage.serve(&[(peer, &rival)], 10 * SECOND);
}
