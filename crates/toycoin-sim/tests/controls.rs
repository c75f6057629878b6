//! What a caller changes in a running network: bounds, faults that overlap, payments that are refused.

use std::{cell::RefCell, rc::Rc, time::Duration};

use toycoin_core::{Amount, FeeRate, Txid};
use toycoin_sim::{ControlError, Fact, Fault, Network, Seen, Simulation};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn run(network: &mut Network, until: u64) {
    network.run_to(seconds(until)).expect("no invariant breaks");
}

fn set_rates(network: &mut Network, rate: u32) {
    for node in 0..2 {
        network.set_hash_rate(node, rate).expect("a miner");
    }
}

#[track_caller]
fn unfit<T: std::fmt::Debug>(result: &Result<T, ControlError>) {
    assert!(matches!(result, Err(ControlError::Unfit { .. })), "{result:?}");
}

#[test]
fn hash_rates_together_are_bounded() {
    let network = || Simulation::builder(1).nodes(2).start();
    let mut one = network();
    for rate in [2_000, 1_000_000, u32::MAX] {
        unfit(&one.set_hash_rate(0, rate));
        unfit(&one.add_node(rate));
    }
    assert_eq!(one.set_hash_rate(0, 1_990), Ok(()));
    assert_eq!(one.add_node(9), Ok(2));
    unfit(&one.add_node(1));
    assert_eq!(one.add_node(0), Ok(3));
    unfit(&one.set_hash_rate(1, 2));
    unfit(&one.begin(Fault::HashBurst { node: 1, factor: 2.0 }));
    assert_eq!(one.set_hash_rate(0, 0), Ok(()), "less is always possible");
    assert_eq!(one.set_hash_rate(1, 1_991), Ok(()));

    let burst = |factor| Fault::HashBurst { node: 0, factor };
    let mut other = network();
    let tenfold = other.begin(burst(10.0)).expect("a burst");
    unfit(&other.set_hash_rate(0, 200));
    // a fault that slows the search may end first
    other.begin(burst(0.001)).expect("a burst");
    unfit(&other.set_hash_rate(0, 200));
    other.end(tenfold).expect("it lasts");
    assert_eq!(other.set_hash_rate(0, 1_999), Ok(()));
}

#[test]
fn planned_bursts_count_where_they_overlap() {
    let burst = || Fault::HashBurst { node: 0, factor: 100.0 };
    let apart = || Simulation::builder(1).nodes(2).fault(seconds(5)..seconds(10), burst());
    let mut apart_twice = apart().fault(seconds(10)..seconds(15), burst()).start();
    unfit(&apart_twice.set_hash_rate(0, 20));
    assert_eq!(apart_twice.set_hash_rate(0, 19), Ok(()));
    let mut overlapping = apart().fault(seconds(9)..seconds(15), burst()).start();
    unfit(&overlapping.set_hash_rate(0, 2));
    run(&mut overlapping, 16);
    assert_eq!(overlapping.set_hash_rate(0, 1_999), Ok(()));
}

#[test]
fn a_network_without_hash_rates_gets_no_miner() {
    let mut network = Simulation::builder(1).nodes(2).hash_rates([0, 0]).start();
    unfit(&network.add_node(1));
    assert_eq!(network.add_node(0), Ok(2));
}

#[test]
fn an_eclipse_holds_for_nodes_that_join_meanwhile() {
    let mut network = Simulation::builder(2).nodes(2).start();
    let seen = Rc::new(RefCell::new(Vec::new()));
    let facts = Rc::clone(&seen);
    network.observe(move |fact: &Seen| {
        if let Seen { at, fact: Fact::Arrived { to, from: Some(from), .. } } = fact {
            facts.borrow_mut().push((*at, *from, *to));
        }
    });
    let between = |one, other, during: std::ops::Range<u64>| {
        let is_of = |(at, from, to): &&(Duration, usize, usize)| {
            (seconds(during.start)..seconds(during.end)).contains(at)
                && [(one, other), (other, one)].contains(&(*from, *to))
        };
        seen.borrow().iter().filter(is_of).count()
    };
    run(&mut network, 10);
    let first = network.begin(Fault::Eclipse { node: 0 }).expect("a node");
    let joined = network.add_node(1).expect("they meet on a relay");
    run(&mut network, 30);
    assert_eq!(between(0, joined, 10..30), 0, "it joined during the eclipse of node 0");
    assert!(between(1, joined, 10..30) > 0);

    let second = network.begin(Fault::Eclipse { node: joined }).expect("a node");
    network.end(first).expect("it lasts");
    run(&mut network, 60);
    // what was on its way at 30 s has arrived by 35 s
    assert_eq!((between(0, joined, 30..60), between(1, joined, 35..60)), (0, 0), "its own eclipse lasts");
    assert!(between(0, 1, 35..60) > 0);

    network.end(second).expect("it lasts");
    assert!(network.finish().expect("no invariant breaks").converged());
}

#[test]
fn a_relay_is_down_until_its_last_restart_ends() {
    let restart = || Fault::RelayRestart { relay: 0 };
    let simulation = Simulation::builder(3).nodes(2);
    let mut network = simulation.fault(seconds(30)..seconds(50), restart()).start();
    let sent = |network: &Network| network.statistics().deliveries;
    run(&mut network, 10);
    let [one, other] = [(); 2].map(|()| network.begin(restart()).expect("a relay"));
    network.end(one).expect("it lasts");
    let before = sent(&network);
    run(&mut network, 20);
    assert_eq!(sent(&network), before, "the other one lasts");
    network.end(other).expect("it lasts");
    run(&mut network, 29);
    let before = sent(&network);
    assert!(before > 0);

    // beside a planned one, whichever ends first
    run(&mut network, 31);
    let before = sent(&network);
    let shorter = network.begin(restart()).expect("a relay");
    run(&mut network, 35);
    network.end(shorter).expect("it lasts");
    let longer = network.begin(restart()).expect("a relay");
    run(&mut network, 70);
    assert_eq!(sent(&network), before, "the planned one and then the longer one last");
    network.end(longer).expect("it lasts");
    run(&mut network, 90);
    assert!(sent(&network) > before);
    assert!(network.finish().expect("no invariant breaks").converged());
}

#[test]
fn a_flood_begun_twice_is_one_flood() {
    let lagged = |change: fn(&mut Network)| {
        let mut network = Simulation::builder(4).nodes(2).start();
        run(&mut network, 10);
        change(&mut network);
        run(&mut network, 20);
        network.statistics().lagged
    };
    let once = lagged(|network| {
        network.begin(Fault::LagFlood { node: 1 }).expect("a node");
    });
    assert!(once > 500, "{once}");
    let twice = lagged(|network| {
        let [one, _] = [(); 2].map(|()| network.begin(Fault::LagFlood { node: 1 }).expect("a node"));
        network.end(one).expect("it lasts");
    });
    let again = lagged(|network| {
        let one = network.begin(Fault::LagFlood { node: 1 }).expect("a node");
        network.end(one).expect("it lasts");
        network.begin(Fault::LagFlood { node: 1 }).expect("a node");
    });
    assert_eq!((twice, again), (once, once));
}

#[test]
fn a_payment_made_again_is_judged_anew() {
    let mut network = Simulation::builder(5).nodes(2).mempool_bytes(4_000).start();
    set_rates(&mut network, 0);
    run(&mut network, 5);
    let pay = |network: &mut Network| network.pay(0, 1, Amount::from_grains(1_000), FeeRate::grains_per_byte(1));
    let waits = |network: &Network, txid: &Txid| network.node(0).is_some_and(|node| node.mempool().contains(txid));
    let txid = pay(&mut network).expect("its mempool is empty");
    assert!(waits(&network, &txid));
    // better payments fill the mempools
    for _ in 0..20 {
        let _ = network.pay(1, 0, Amount::from_grains(1_000), FeeRate::grains_per_byte(9));
    }
    run(&mut network, 10);
    assert!(!waits(&network, &txid), "it was evicted");
    let refused = pay(&mut network);
    assert!(matches!(&refused, Err(ControlError::Refused { reason }) if reason.contains("full")), "{refused:?}");
    assert!(!waits(&network, &txid));

    set_rates(&mut network, 1);
    run(&mut network, 60);
    assert_eq!(pay(&mut network), Ok(txid), "there is room again");
    assert!(waits(&network, &txid));
    let run = network.finish().expect("no invariant breaks");
    assert!(run.payments.contains(&txid));
    assert!(run.dropped.iter().all(|(dropped, _)| *dropped != txid), "it was confirmed");
}

#[test]
fn finishing_without_miners_breaks_no_invariant() {
    // a payment waits
    let mut network = Simulation::builder(6).nodes(2).start();
    run(&mut network, 10);
    set_rates(&mut network, 0);
    let txid = network.pay(0, 1, Amount::from_grains(1_000), FeeRate::ZERO).expect("money from genesis");
    let run_to_end = network.finish().expect("nobody could confirm it");
    assert!(run_to_end.converged() && run_to_end.payments.contains(&txid));

    // one block on each side has the same work
    let mut level = Simulation::builder(7).nodes(2).start();
    level.begin(Fault::Eclipse { node: 0 }).expect("a node");
    for step in 1..=6_000 {
        level.run_to(Duration::from_millis(10) * step).expect("no invariant breaks");
        let found: Vec<_> = level.chains().filter(|(_, chain)| chain.height() > 0).map(|(node, _)| node).collect();
        found.into_iter().for_each(|node| level.set_hash_rate(node, 0).expect("a miner"));
    }
    assert_eq!(level.chains().map(|(_, chain)| chain.height()).collect::<Vec<_>>(), [1, 1]);
    assert!(!level.finish().expect("nobody could decide").converged());

    // the better of two branches wins without a further block
    let mut uneven = Simulation::builder(8).nodes(2).hash_rates([1, 3]).start();
    uneven.begin(Fault::Eclipse { node: 0 }).expect("a node");
    run(&mut uneven, 40);
    set_rates(&mut uneven, 0);
    assert!(!uneven.agrees());
    assert!(uneven.finish().expect("no invariant breaks").converged());
}
