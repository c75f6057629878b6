//! Links that carry little: whoever is behind one comes late, and comes.

use std::time::Duration;

use toycoin_sim::{Fault, Run, Simulation};

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn run(simulation: Simulation, time: u64) -> Run {
    let run = simulation.run_for(seconds(time)).unwrap_or_else(|violation| panic!("{violation}"));
    assert!(run.converged(), "{:?}", run.tips);
    run
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
