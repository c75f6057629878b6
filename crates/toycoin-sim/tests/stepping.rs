//! A network under a caller's hands: stepped, observed and changed while it runs.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc, time::Duration};

use toycoin_core::{Amount, BlockHash, FeeRate};
use toycoin_node::protocol::Event;
use toycoin_sim::{ControlError, Fact, Fault, Link, Network, Seen, Simulation, Topology};
use toycoin_wire::Tag;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn parted(seed: u64) -> Network {
    let simulation = Simulation::builder(seed).nodes(4).payments_per_second(1.0);
    simulation.partition(seconds(20)..seconds(45), [0, 1], [2, 3]).start()
}

fn tips(network: &Network) -> Vec<BlockHash> {
    network.chains().map(|(_, chain)| chain.tip().hash).collect()
}

/// Observes a network; the facts appear in what this returns.
fn observed(network: &mut Network) -> Rc<RefCell<Vec<Seen>>> {
    let facts = Rc::new(RefCell::new(Vec::new()));
    let seen = Rc::clone(&facts);
    network.observe(move |fact: &Seen| seen.borrow_mut().push(fact.clone()));
    facts
}

#[test]
fn steps_and_an_observer_leave_the_trace_alone() {
    let mut whole = parted(7);
    whole.run_to(seconds(60)).expect("no invariant breaks");
    let mut stepped = parted(7);
    let facts = observed(&mut stepped);
    for step in 1..=1_800 {
        stepped.run_to(seconds(1) * step / 30).expect("no invariant breaks");
    }
    assert_eq!(stepped.trace().hash(), whole.trace().hash());
    assert_eq!((stepped.now(), tips(&stepped)), (whole.now(), tips(&whole)));
    // and to the end, payments and all
    let [one, other] = [whole, stepped].map(|network| network.finish().expect("no invariant breaks"));
    assert_eq!((one.trace_hash, one.tips), (other.trace_hash, other.tips));
    assert!(facts.borrow().len() > 800, "{} facts", facts.borrow().len());
}

#[test]
fn an_observer_sees_blocks_with_parents_moves_and_messages() {
    let mut network = parted(7);
    let facts = observed(&mut network);
    network.run_to(seconds(60)).expect("no invariant breaks");
    let facts = facts.borrow();
    assert!(facts.is_sorted_by_key(|seen| seen.at));

    let mut parents: BTreeMap<_, _> = BTreeMap::new();
    let mut tips = BTreeMap::new();
    let (mut withheld, mut reorgs, mut accepted, mut bodies) = (0, 0, 0, BTreeMap::new());
    for Seen { at, fact } in facts.iter() {
        match fact {
            Fact::Found { hash, header, .. } => drop(parents.insert(*hash, header.previous)),
            Fact::Sent { from, message, .. } if message.tag == Some(Tag::CBLK) => {
                bodies.entry((*from, message.about.expect("a block is about itself"))).or_insert(*at);
            }
            Fact::Arrived { to, from, message, .. } if message.tag == Some(Tag::CBLK) => {
                let from = from.expect("nobody left");
                let sent = bodies.get(&(from, message.about.expect("a block"))).expect("it was sent before");
                assert!(sent < at && from != *to && message.bytes > 200);
            }
            Fact::Withheld { to, from, .. } => {
                assert!((seconds(20)..seconds(46)).contains(at) && from.expect("a node") / 2 != to / 2);
                withheld += 1;
            }
            Fact::Event { node, event: Event::TipChanged { tip, reorg } } => {
                reorgs += usize::from(reorg.is_some());
                tips.insert(*node, tip.hash);
            }
            Fact::Event { event: Event::TransactionAccepted { .. }, .. } => accepted += 1,
            _ => {}
        }
    }
    let chains: BTreeMap<_, _> = network.chains().map(|(node, chain)| (node, chain.tip().hash)).collect();
    assert_eq!(tips, chains, "the events lead to the nodes' tips");
    assert!(withheld > 0 && reorgs > 0 && accepted > 0, "{withheld}, {reorgs}, {accepted}");
    // every chain can be walked down to genesis on what was seen
    for (node, chain) in network.chains() {
        let mut at = chain.tip().hash;
        for _ in 0..chain.height() {
            at = *parents.get(&at).unwrap_or_else(|| panic!("a block of node {node} was never seen"));
        }
        assert_eq!(at, chain.params().genesis_hash());
    }
}

#[test]
fn a_partition_parts_and_its_end_heals() {
    let mut network = Simulation::builder(3).nodes(4).start();
    network.run_to(seconds(10)).expect("no invariant breaks");
    let wall = Fault::Partition { one: vec![0, 1], other: vec![2, 3], one_way: false };
    let id = network.begin(wall).expect("four nodes");
    network.run_to(seconds(40)).expect("no invariant breaks");
    let [one, .., other] = &tips(&network)[..] else { panic!("four nodes") };
    assert_ne!(one, other, "two branches");
    network.end(id).expect("it lasts");
    assert_eq!(network.end(id), Err(ControlError::AlreadyEnded));
    assert_eq!(network.faults_left(), 0);
    let run = network.finish().expect("no invariant breaks");
    assert!(run.converged() && run.deepest_reorg() > 0);
}

#[test]
fn finishing_ends_what_still_lasts() {
    let mut network = Simulation::builder(4).nodes(3).start();
    network.begin(Fault::Crash { node: 2, lose_tail: false }).expect("three nodes");
    network.begin(Fault::SlowLink { node: 1, bandwidth: 20_000, latency: 4 }).expect("three nodes");
    network.run_to(seconds(20)).expect("no invariant breaks");
    assert!(network.node(2).is_none(), "it is down");
    assert!(network.finish().expect("no invariant breaks").converged());
}

#[test]
fn a_caller_pays_and_the_payment_is_confirmed() {
    let mut network = Simulation::builder(5).nodes(3).start();
    network.run_to(seconds(5)).expect("no invariant breaks");
    let rate = FeeRate::grains_per_byte(1);
    let txid = network.pay(0, 1, Amount::from_grains(1_000), rate).expect("money from genesis");
    assert!(network.node(0).is_some_and(|node| node.mempool().contains(&txid)));
    network.run_to(seconds(60)).expect("no invariant breaks");
    for (node, chain) in network.chains() {
        assert!(chain.find_transaction(&txid).is_ok_and(|place| place.is_some()), "node {node}");
    }
    let all = Amount::from_toycoins(1_000_000).expect("an amount");
    assert!(matches!(network.pay(0, 1, all, rate), Err(ControlError::Refused { .. })));
    let fee = Amount::from_grains(12_345);
    let txid = network.pay_with_fee(1, 0, Amount::from_grains(1_000), fee).expect("money from genesis");
    let mempool = network.node(1).expect("it is up").mempool().page(None, 10);
    assert!(mempool.entries.iter().any(|entry| entry.txid == txid && entry.fee == fee));
    let spent = network.node(1).expect("it is up").mempool().get(&txid).expect("it waits there").clone();
    let at_node_2 = network.submit_transaction(2, spent).expect("it is up");
    assert_eq!(at_node_2, Ok(txid), "another node takes it before it hears of it");
}

#[test]
fn hash_rates_and_links_change_while_it_runs() {
    let mut network = Simulation::builder(6).nodes(3).hash_rates([1, 1, 0]).start();
    network.run_to(seconds(20)).expect("no invariant breaks");
    for node in 0..2 {
        network.set_hash_rate(node, 0).expect("a miner");
    }
    let before = network.height();
    assert!(before > 0);
    network.run_to(seconds(21)).expect("no invariant breaks");
    let found = network.statistics().blocks_mined;
    network.set_link(1, Link::lan()).expect("a node");
    network.run_to(seconds(120)).expect("no invariant breaks");
    assert_eq!(network.statistics().blocks_mined, found, "nobody mines");
    network.set_hash_rate(1, 5).expect("a miner");
    network.run_to(seconds(180)).expect("no invariant breaks");
    assert!(network.statistics().blocks_mined > found);
    assert_eq!(network.set_hash_rate(2, 1), Err(ControlError::NoPayout { node: 2 }));
    assert!(network.finish().expect("no invariant breaks").converged());
}

#[test]
fn a_node_that_is_added_catches_up() {
    let mut network = Simulation::builder(8).nodes(2).start();
    network.run_to(seconds(60)).expect("no invariant breaks");
    let before = network.height();
    let node = network.add_node(1).expect("they meet on a relay");
    assert_eq!((node, network.height()), (2, 0));
    network.run_to(seconds(90)).expect("no invariant breaks");
    assert!(network.height() >= before && before > 5, "{}", network.height());
    assert!(network.finish().expect("no invariant breaks").converged());

    let mut pairs = Simulation::builder(8).nodes(3).topology(Topology::ring(3)).start();
    assert_eq!(pairs.add_node(1), Err(ControlError::NoRelays));
}

#[test]
fn what_does_not_exist_is_refused_and_changes_nothing() {
    let mut network = Simulation::builder(9).nodes(2).start();
    let before = network.trace().hash();
    let no_node = ControlError::NoSuchNode { node: 2, nodes: 2 };
    for fault in [
        Fault::Crash { node: 2, lose_tail: false },
        Fault::Partition { one: vec![0], other: vec![1, 2], one_way: true },
        Fault::Eclipse { node: 2 },
    ] {
        assert_eq!(network.begin(fault), Err(no_node.clone()));
    }
    assert_eq!(network.set_hash_rate(2, 1), Err(no_node.clone()));
    assert_eq!(network.set_link(2, Link::lan()), Err(no_node.clone()));
    assert_eq!(network.pay(0, 2, Amount::from_grains(1), FeeRate::ZERO), Err(no_node));
    let no_relay = ControlError::NoSuchRelay { relay: 1, relays: 1 };
    assert_eq!(network.begin(Fault::RelayRestart { relay: 1 }), Err(no_relay));
    for unfit in [
        Fault::LateJoin { node: 0 },
        Fault::HashBurst { node: 0, factor: 0.0 },
        Fault::HashBurst { node: 0, factor: f64::INFINITY },
        Fault::SlowLink { node: 0, bandwidth: 0, latency: 2 },
        Fault::SlowLink { node: 0, bandwidth: 1_000, latency: 1_001 },
        Fault::ClockSkew { node: 0, offset_ms: i64::MIN },
    ] {
        assert!(matches!(network.begin(unfit), Err(ControlError::Unfit { .. })));
    }
    assert_eq!((network.trace().hash(), network.faults_left()), (before, 0));
}
