//! Catching up over links that are slow or far: nothing is asked twice that is on its way, and nobody waits for each block.

use std::time::Duration;

use crate::common::{
    chains::{PeerChain, chain_of, chain_of_size},
    wires::{Link, World},
};
use toycoin_core::ChainParams;
use toycoin_node::relay::RelayConfig;

const SECOND: Duration = Duration::from_secs(1);
/// A link on which nothing waits.
const NEAR: Link = Link::far(5);

fn params() -> ChainParams {
    ChainParams::regtest()
}

/// A joiner, and sources with a chain, each on its share of relays.
fn world(chain: &PeerChain, relays: usize, sources: &[Link], joiner: Link) -> (World, usize) {
    let mut world = World::new(&params(), relays);
    for (source, link) in sources.iter().enumerate() {
        world.node(chain, &[(source % relays, *link)], |_| {});
    }
    world.run_for(SECOND);
    let on: Vec<_> = (0..relays).map(|relay| (relay, joiner)).collect();
    let joiner = world.node(&chain_of(&params(), 0, 0), &on, |_| {});
    (world, joiner)
}

/// How a joiner got on.
#[derive(Debug)]
struct Joined {
    took: Duration,
    useful_percent: u64,
    pages: u64,
}

fn join(chain: &PeerChain, relays: usize, sources: &[Link], joiner: Link) -> Joined {
    let (mut world, joiner) = world(chain, relays, sources, joiner);
    let took = world.run_until(SECOND * 600, |world| world.chain(joiner).tip() == chain.tip());
    let took = took.unwrap_or_else(|| panic!("at height {}", world.chain(joiner).height()));
    let delivered = &world.delivered[joiner];
    Joined { took, useful_percent: delivered.useful_percent(), pages: delivered.header_pages }
}

#[test]
fn a_page_of_headers_that_takes_long_arrives_and_once() {
    let chain = chain_of(&params(), 3_000, 1);
    for sources in [1, 3] {
        let (mut world, joiner) = world(&chain, 1, &vec![NEAR; sources], Link::slow(45_000));
        let best = |world: &World| world.machine(joiner).chain().headers().best().header.height;
        let took = world.run_until(SECOND * 60, |world| best(world) == chain.height());
        // 384 kB of headers
        assert!(took.is_some_and(|took| took < SECOND * 10), "{took:?} with {sources} sources");
        assert_eq!(world.delivered[joiner].header_pages, 2);
    }
}

#[test]
fn a_page_from_a_slow_source_is_taken_though_it_is_late() {
    let joined = join(&chain_of(&params(), 3_000, 1), 1, &[Link::slow(45_000)], NEAR);
    assert!(joined.took < SECOND * 40 && joined.pages <= 3, "{joined:?}");
}

#[test]
fn nine_of_ten_bytes_over_a_slow_link_are_of_use() {
    let chain = chain_of_size(&params(), 60, 22_000);
    let one = join(&chain, 1, &[NEAR], Link::slow(25_000));
    let three = join(&chain, 1, &[NEAR; 3], Link::slow(25_000));
    // 1.32 MB at 25 kB/s take 53 s
    assert!(one.useful_percent >= 90 && one.took < SECOND * 60, "{one:?}");
    assert!(three.useful_percent >= 90, "{three:?}");
    assert!(three.took <= one.took + SECOND, "three are not slower than one: {three:?}, {one:?}");
}

#[test]
fn three_slow_sources_or_relays_are_faster_than_one() {
    let chain = chain_of_size(&params(), 60, 22_000);
    let slow = Link::slow(25_000);
    let one = join(&chain, 1, &[slow], NEAR);
    assert!(one.useful_percent >= 90, "{one:?}");
    for three in [join(&chain, 1, &[slow; 3], NEAR), join(&chain, 3, &[NEAR; 3], slow)] {
        assert!(three.useful_percent >= 90 && three.took * 2 < one.took, "{three:?}, {one:?}");
    }
}

#[test]
fn a_slow_source_does_not_hold_up_a_fast_one() {
    let chain = chain_of_size(&params(), 150, 22_000);
    for slow in [100, 1_000, 10_000] {
        let slow = Link::slow(slow);
        let alone = join(&chain, 1, &[NEAR], NEAR);
        let beside = join(&chain, 1, &[slow, NEAR, slow], NEAR);
        assert!(beside.took <= alone.took + SECOND * 2, "{alone:?} alone, {beside:?} beside {slow:?}");
    }
}

#[test]
fn a_slow_relay_does_not_hold_up_a_fast_one() {
    let chain = chain_of_size(&params(), 150, 22_000);
    for slow in [1_000, 10_000] {
        let mut world = World::new(&params(), 2);
        world.node(&chain, &[(0, NEAR)], |_| {});
        world.node(&chain, &[(1, NEAR)], |_| {});
        world.run_for(SECOND);
        let joiner = world.node(&chain_of(&params(), 0, 0), &[(0, NEAR), (1, Link::slow(slow))], |_| {});
        let took = world.run_until(SECOND * 600, |world| world.chain(joiner).tip() == chain.tip());
        assert!(took.is_some_and(|took| took < SECOND * 6), "{took:?} beside {slow} B/s");
    }
}

#[test]
fn five_hundred_small_blocks_a_second_over_100_ms() {
    let chain = chain_of_size(&params(), 2_000, 600);
    let (mut world, joiner) = world(&chain, 1, &[Link::far(25)], Link::far(25));
    world.run_until(SECOND * 60, |world| world.chain(joiner).height() > 0);
    let took = world.run_until(SECOND * 60, |world| world.chain(joiner).tip() == chain.tip());
    assert!(took.is_some_and(|took| took < SECOND * 4), "2,000 blocks in {took:?}");
}

#[test]
fn blocks_larger_than_expected_are_dropped_at_worst_and_come() {
    // small ones first, so that many are asked for, and then 128 of the largest
    let mut chain = chain_of_size(&params(), 200, 600);
    crate::common::chains::extend_by_size(&mut chain, 24, 900_000);
    let config = RelayConfig { queue_bytes: 4 << 20, ..RelayConfig::default() };
    let mut world = World::with_relays(&params(), 1, &config);
    world.node(&chain, &[(0, NEAR)], |_| {});
    world.run_for(SECOND);
    let link = Link { latency: Duration::from_millis(25), down: 4_000_000, up: 0 };
    let joiner = world.node(&chain_of(&params(), 0, 0), &[(0, link)], |_| {});
    let took = world.run_until(SECOND * 120, |world| world.chain(joiner).tip() == chain.tip());
    assert!(took.is_some_and(|took| took < SECOND * 30), "{took:?}, lagged {}", world.delivered[joiner].lagged);
}
