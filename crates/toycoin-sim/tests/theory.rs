//! Sanity against theory.

use std::time::Duration;

use toycoin_core::{ChainParams, Retargeting};
use toycoin_sim::{Fault, Link, Run, Simulation, Topology, spec};

/// What a block takes at genesis difficulty.
const GENESIS_HASHES: f64 = 256.0;

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

/// A block needs about nine seconds for the ten hops to the far side of this ring. With a block every two seconds most
/// are stale, the difficulty falls until the chain grows as it should, and the ring is never quiet for nine seconds.
#[test]
fn ring_agrees_if_blocks_are_rare_beside_its_length() {
    let ring = |seed, spacing| {
        let simulation = Simulation::builder(seed).nodes(20).topology(Topology::ring(20));
        simulation.spacing(Duration::from_secs(spacing)).payments_per_second(1.0)
    };
    for seed in 1..=3 {
        let run = ring(seed, 10).run_for(Duration::from_secs(300)).unwrap_or_else(|violation| panic!("{violation}"));
        let stale = run.stale_blocks as f64 / run.statistics.blocks_mined as f64;
        assert!(run.converged() && stale < 0.5, "seed {seed}: {stale}");

        let run = ring(seed, 2).settles_within(None).run_for(Duration::from_secs(300));
        let run = run.unwrap_or_else(|violation| panic!("{violation}"));
        let stale = run.stale_blocks as f64 / run.statistics.blocks_mined as f64;
        assert!(stale > 0.5, "seed {seed}: {stale}");
    }
}

/// After hash rate falls to a tenth, difficulty falls to it as a half-life says: what it is too high by halves with each.
///
/// With the difficulty `y` in units of what it was, `r` hash rate likewise, and half-life `H`, blocks come at the rate `r / y`
/// a spacing and ASERT makes `d(log2 y)/dt = (r / y - 1) / H`, so `y - r` decays as `2^(-t / H)`.
#[test]
fn difficulty_recovers_by_halves_from_a_tenfold_loss() {
    const SPACING: Duration = Duration::from_secs(2);
    let (half_life, seeds, left) = (Duration::from_secs(400), 40, 0.1);
    let before = Duration::from_secs(600);
    let mut spec = spec(1, SPACING);
    spec.retargeting = Some(Retargeting { spacing_ms: 2_000, half_life_ms: 400_000 });
    let runs: Vec<_> = (0..seeds)
        .map(|seed| {
            let rented = Fault::HashBurst { node: 0, factor: left };
            let simulation = Simulation::builder(seed).params(ChainParams::new(spec.clone()).unwrap()).spacing(SPACING);
            let end = before + 4 * half_life;
            simulation.fault(before..end, rented).run_for(end).unwrap_or_else(|violation| panic!("{violation}"))
        })
        .collect();
    // a run begins where the first block's time says, about a block's time before it
    let at = |run: &Run, since: Duration| {
        let start = run.difficulty[1].1 - 2_000;
        let time = start + u64::try_from((before + since).as_millis()).unwrap();
        let last = run.difficulty.iter().take_while(|(_, found, _)| *found <= time).last().unwrap();
        last.2 / GENESIS_HASHES
    };
    let mean_and_error = |since| {
        let values: Vec<_> = runs.iter().map(|run| at(run, since)).collect();
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
        (mean, (variance / count).sqrt())
    };
    let (start, _) = mean_and_error(Duration::ZERO);
    for half_lives in [1u32, 2, 3] {
        let (measured, error) = mean_and_error(half_lives * half_life);
        let expected = left + (start - left) / 2f64.powi(half_lives.try_into().unwrap());
        println!(
            "{half_lives} half-lives: difficulty {measured:.4} of what it was, expected {expected:.4} +- {error:.4}"
        );
        // blocks are few and the last one's difficulty is some seconds old: a twentieth on top of chance
        assert!((measured - expected).abs() < 4.0 * error + 0.05 * expected, "{measured} is not {expected} +- {error}");
    }
}
