//! The least work of a chain that is followed: it gates what peers show, and nothing else.

use std::time::Duration;

use crate::common::{
    chains::{PeerChain, block_at, chain_of, extend},
    stage::{Peer, Stage},
};
use toycoin_core::{ChainParams, NetworkSpec, chain::Chain, test_util::classroom};
use toycoin_node::limits;
use toycoin_wire::node::NodeMessage;

const SECOND: Duration = Duration::from_secs(1);

fn chain(blocks: usize, branch: u8) -> PeerChain {
    chain_of(&ChainParams::regtest(), blocks, branch)
}

/// A network that follows chains of regtest with at least the work of so many blocks.
fn with_minimum(blocks: usize) -> ChainParams {
    let minimum_work = Some(chain(blocks, 9).tip().work);
    ChainParams::new(NetworkSpec { minimum_work, ..ChainParams::regtest().spec().clone() })
        .expect("regtest's otherwise")
}

#[test]
fn headers_below_the_minimum_work_are_let_go_without_blame() {
    let (short, long) = (chain(49, 1), chain(50, 2));
    let mut stage = Stage::new(&with_minimum(50));
    let relay = stage.connect();
    let (first, second) = (Peer::new(relay, 1), Peer::new(relay, 2));
    stage.tell_status(first, &short);
    stage.serve(&[(first, &short)], SECOND * 5);
    // nor is the way open to its blocks, one by one
    for height in 1..=3 {
        stage.tell(first, &NodeMessage::Block(block_at(&short, height)));
    }
    stage.advance(SECOND);
    assert_eq!((stage.machine.chain().headers().len(), stage.machine.counts().held_headers), (1, 0));
    assert_eq!((stage.score(first), stage.is_muted(first)), (0, false));

    stage.tell_status(second, &long);
    stage.serve(&[(first, &short), (second, &long)], SECOND * 5);
    assert!(stage.has_tip_of(&long), "as much as the minimum is enough");
}

#[test]
fn mining_and_the_own_store_ask_for_no_minimum_work() {
    let params = with_minimum(50);
    let mut own = Chain::in_memory(params.clone());
    extend(&mut own, 3, 1);
    let opened = Chain::open(params, own.into_store()).expect("memory does not fail");
    let mut stage = Stage::with(opened, |config| config.payout = Some(classroom::owner(0)));
    stage.advance(limits::JOIN_GRACE);
    let job = stage.job.expect("it mines");
    assert_eq!(job.header.height, 4);
    stage.mine(job);
    assert_eq!(stage.machine.chain().height(), 4);
}
