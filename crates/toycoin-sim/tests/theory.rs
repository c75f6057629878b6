//! Sanity against theory.

use std::time::Duration;

use toycoin_sim::{Link, Simulation};

/// While a block is on its way, the others find one with the probability that an exponential gives.
#[test]
fn forks_are_as_frequent_as_delay_over_spacing_says() {
    let (nodes, seeds) = (5, 20);
    let (mut stale, mut mined, mut delay) = (0.0, 0.0, 0.0);
    for seed in 0..seeds {
        let link = Link::lan().latency(Duration::from_millis(50));
        let run = Simulation::builder(seed).nodes(nodes).link(link).run_for(Duration::from_secs(1_000));
        let run = run.unwrap_or_else(|violation| panic!("{violation}"));
        stale += run.stale_blocks as f64;
        mined += run.statistics.blocks_mined as f64;
        delay += run.mean_propagation().as_secs_f64() / f64::from(u32::try_from(seeds).unwrap());
    }
    let spacing = f64::from(u32::try_from(seeds).unwrap()) * 1_000.0 / mined;
    let expected = 1.0 - (-0.8 * 0.1 / spacing).exp();
    let measured = stale / mined;
    let error = (expected * (1.0 - expected) / mined).sqrt();
    println!("{mined} blocks, {delay:.3} s on average: stale {measured:.4}, expected {expected:.4} +- {error:.4}");
    assert!((measured - expected).abs() < 4.0 * error, "{measured} is not {expected} +- {error}");
}
