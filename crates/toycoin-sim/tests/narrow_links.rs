//! Links that carry little: whoever is behind one comes late and comes, and little is sent twice.

use std::{cell::Cell, rc::Rc, time::Duration};

use toycoin_sim::{Fault, Link, Network, Run, Simulation, Spending, SpendingPattern};

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn run(simulation: Simulation, time: u64) -> Run {
    let run = simulation.run_for(seconds(time)).unwrap_or_else(|violation| panic!("{violation}"));
    assert!(run.converged(), "{:?}", run.tips);
    run
}

/// 100 ms there and back: two links of 25 ms each way.
fn far(bandwidth: u64) -> Link {
    Link { bandwidth, loss: 0.0, ..Link::wan().latency(Duration::from_millis(25)) }
}

#[test]
fn networks_converge_after_slow_links_of_any_speed() {
    for bandwidth in [1_200, 5_000, 25_000] {
        for seed in 1..=3 {
            let slow = Fault::SlowLink { node: 1, bandwidth, latency: 2 };
            let network = Simulation::builder(seed).nodes(5).payments_per_second(0.5).queue_deliveries(8);
            let run = run(network.fault(seconds(20)..seconds(80), slow), 120);
            assert!(run.height() > 20, "{bandwidth} bytes/s: {:?}", run.tips);
        }
    }
}

/// One miner that pays 530 keys at once, so that blocks have some 20 kB, and a node that joins at 300 s behind 25 kB/s.
/// With more sources than one, others stand beside the miner and have the same chain.
fn late_joiner(seed: u64, sources: usize) -> Simulation {
    let pays = Spending { grains: 1_000..=1_000, pattern: SpendingPattern::Wide(530), ..Spending::default() };
    let silent = Spending { pattern: SpendingPattern::Silent, ..Spending::default() };
    let rates = [0, 1].into_iter().chain(std::iter::repeat(0));
    let network = Simulation::builder(seed).nodes(1 + sources).hash_rates(rates).spacing(seconds(10));
    let network = (0..=sources).fold(network, |network, node| {
        let spending = if node == 1 { &pays } else { &silent };
        network.spending(node, spending.clone())
    });
    // each node has its turn equally often, and only the miner's are used
    let network = network.payments_per_second(0.08 * (1 + sources) as f64);
    let network = network.link(far(2_000_000)).link_of(0, far(25_000));
    network.fault(Duration::ZERO..seconds(JOINED), Fault::LateJoin { node: 0 })
}

/// When the late joiner joins, in seconds.
const JOINED: u64 = 300;

/// Returns the bytes of a node's chain.
fn chain_bytes(network: &Network) -> u64 {
    let chain = network.node(1).expect("the miner never stops").chain();
    let blocks = (1..=chain.height()).filter_map(|height| chain.block_at(height).ok().flatten());
    blocks.map(|block| block.block().size()).sum()
}

#[test]
fn a_slow_link_carries_useful_bytes_from_any_sources() {
    let mut speeds = Vec::new();
    for sources in [1, 3] {
        let (mut bytes, mut took) = (0, Duration::ZERO);
        for seed in 1..=3 {
            let size = Rc::new(Cell::new(0));
            let noted = Rc::clone(&size);
            let noting = late_joiner(seed, sources).invariant("the chain's size", move |network| {
                if noted.get() == 0 && network.now() >= seconds(JOINED) {
                    noted.set(chain_bytes(network));
                }
                Ok(())
            });
            let run = run(noting, JOINED + 100);
            assert!(run.useful_bytes() >= 0.9, "{sources} sources: {}", run.useful_bytes());
            bytes += size.get();
            took += run.caught_up[0].expect("it comes");
        }
        let speed = bytes as f64 / took.as_secs_f64();
        println!("{sources} sources: {bytes} bytes in {took:?}: {speed:.0} a second");
        speeds.push(speed);
    }
    assert!(speeds[0] > 0.7 * 25_000.0, "the link is used: {speeds:?}");
    assert!(speeds[1] > 0.9 * speeds[0], "three sources are no slower than one: {speeds:?}");
}
