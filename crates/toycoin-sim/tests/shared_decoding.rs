//! Nodes share what they decoded, which changes nothing.

use std::time::Duration;

use toycoin_sim::{Link, Run, Simulation};

fn simulation(seed: u64) -> Simulation {
    let rough = Simulation::builder(seed).nodes(6).link(Link::wan()).early_adversaries(2).random_spending();
    rough.payments_per_second(2.0).random_faults().keep_trace()
}

fn run(simulation: Simulation) -> Run {
    simulation.run_for(Duration::from_secs(60)).unwrap_or_else(|violation| panic!("{violation}"))
}

#[test]
fn shared_decoding_leaves_the_trace_as_it_is() {
    let mut received = 0;
    for seed in 1..=6 {
        let (shared, apart) = (run(simulation(seed)), run(simulation(seed).decode_apart()));
        assert_eq!(shared.trace, apart.trace, "seed {seed}");
        assert_eq!((shared.tips, shared.statistics.events), (apart.tips, apart.statistics.events), "seed {seed}");
        received += shared.trace.unwrap_or_default().matches(r#""received":"#).count();
    }
    assert!(received > 1_000, "{received}");
}
