//! A node mines when there is reason to, and sleeps when there is none.

mod common;

use std::time::Duration;

use common::{
    chains::{block_at, chain_of, headers, status},
    stage::{Peer, Stage},
};
use toycoin_core::{ChainParams, chain::Chain, test_util::classroom};
use toycoin_node::{limits, machine::Machine, protocol::Request};
use toycoin_wire::node::NodeMessage;

const SECOND: Duration = Duration::from_secs(1);

/// A node that is paid for its blocks.
fn miner() -> Stage {
    Stage::with(Chain::in_memory(ChainParams::regtest()), |config| config.payout = Some(classroom::owner(0)))
}

#[test]
fn a_node_listens_first_and_then_mines() {
    let mut stage = miner();
    stage.connect();
    stage.advance(limits::JOIN_GRACE / 2);
    assert!(stage.job.is_none());
    stage.advance(limits::JOIN_GRACE);
    assert!(stage.job.is_some());
}

#[test]
fn a_node_without_a_payout_sleeps_even_when_it_is_told_to_mine() {
    let mut stage = Stage::new(&ChainParams::regtest());
    stage.ask(Request::SetMining(true));
    stage.advance(SECOND * 60);
    assert!(stage.job.is_none());
    assert!(stage.machine.next_timeout().is_some_and(|at| at > stage.moment().monotonic), "no turning on the spot");
}

#[test]
fn a_node_that_is_behind_neither_mines_nor_turns_on_the_spot() {
    let params = ChainParams::regtest();
    let chain = chain_of(&params, 10, 1);
    let mut stage = miner();
    let relay = stage.connect();
    let peer = Peer::new(relay, 1);
    stage.tell_status(peer, &chain);
    stage.advance(SECOND / 5);
    stage.tell(peer, &NodeMessage::Headers(headers(&chain, 1..=10)));
    stage.advance(limits::CATCHING_UP - SECOND);
    assert!(stage.job.is_none(), "ten headers ahead, and the wait is not over");
    stage.serve(&[(peer, &chain)], SECOND * 5);
    assert_eq!(stage.job.map(|job| job.header.height), Some(11));
}

#[test]
fn headers_whose_bodies_never_come_stop_nobody_from_mining() {
    let params = ChainParams::regtest();
    let (ahead, old) = (chain_of(&params, 10, 1), chain_of(&params, 1, 2));
    let mut stage = miner();
    let relay = stage.connect();
    let peer = Peer::new(relay, 1);
    stage.tell_status(peer, &ahead);
    stage.advance(SECOND / 5);
    stage.tell(peer, &NodeMessage::Headers(headers(&ahead, 1..=10)));
    // an old block again and again is no sign that the others come
    for _ in 0..limits::CATCHING_UP.as_secs() + 2 {
        stage.tell(peer, &NodeMessage::Block(block_at(&old, 1)));
        stage.tell(peer, &status(&ahead, stage.unix_ms()));
        stage.advance(SECOND);
    }
    assert_eq!(stage.job.map(|job| job.header.height), Some(2));
}

#[test]
fn miners_do_not_all_search_the_same_nonces() {
    // everything is the same but the seed: payout, text, tip and clock
    let roots = [1, 2].map(|seed| {
        let mut stage = Stage::with(Chain::in_memory(ChainParams::regtest()), |config| {
            config.payout = Some(classroom::owner(0));
            config.extra = vec![b'x'; 64];
            config.seed = [seed; 32];
        });
        stage.advance(limits::JOIN_GRACE);
        let header = stage.job.expect("it mines").header;
        assert_eq!((header.height, header.time), (1, stage.unix_ms()));
        header.merkle_root
    });
    assert_ne!(roots[0], roots[1]);
}
