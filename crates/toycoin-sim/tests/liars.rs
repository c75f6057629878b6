//! Who claims work and does not deliver it delays nobody for long, and stops nobody's mining.

use std::time::Duration;

use toycoin_sim::{
    Fault, Run, Simulation, Topology,
    adversary::{Claim, ClaimsWork, Evasion, TrickledBodies},
};

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

const EVASIONS: [Evasion; 4] =
    [Evasion::Silence, Evasion::Late(Duration::from_secs(20)), Evasion::NotFound, Evasion::EmptyHeaders];

fn lies() -> impl Iterator<Item = ClaimsWork> {
    let claims = [Claim::Huge, Claim::OneMore];
    claims.into_iter().flat_map(|claim| EVASIONS.map(|evasion| ClaimsWork::new(claim, evasion)))
}

fn run(simulation: Simulation, time: Duration) -> Run {
    simulation.run_for(time).unwrap_or_else(|violation| panic!("{violation}"))
}

/// Three miners, one that joins at 60 s, and liars.
fn joined(lie: &ClaimsWork, liars: usize, relays: usize) -> Simulation {
    let rates = [1, 1, 1, 0].into_iter().chain(std::iter::repeat(0));
    let network = Simulation::builder(1).nodes(4 + liars).hash_rates(rates).topology(Topology::Relays(relays));
    let network = network.fault(Duration::ZERO..seconds(60), Fault::LateJoin { node: 3 });
    (4..4 + liars).fold(network, |network, liar| {
        let network = network.adversary(liar, lie.clone());
        // miners on one relay, liars on the other, and the joiner on both
        if relays > 1 { network.relays_of(liar, [1]) } else { network }
    })
}

/// Returns how long the joiner took to catch up.
fn took(simulation: Simulation) -> Duration {
    let run = run(simulation.settles_within(None), seconds(120));
    run.caught_up[3].unwrap_or(Duration::MAX)
}

#[test]
fn liars_delay_a_joiner_for_three_seconds_at_most() {
    for lie in lies() {
        let alone = took(joined(&lie, 0, 1));
        for liars in [5, 20] {
            let beside = took(joined(&lie, liars, 1));
            println!("{lie:?}: {liars} liars: {beside:?}, without {alone:?}");
            assert!(beside < alone + seconds(3), "{lie:?}: {liars} liars: {beside:?}, without {alone:?}");
        }
    }
}

#[test]
fn liars_on_one_relay_do_not_slow_another() {
    for lie in lies() {
        let alone = took(joined(&lie, 0, 2));
        let beside = took(joined(&lie, 20, 2));
        println!("{lie:?} on another relay: {beside:?}, without {alone:?}");
        assert!(beside < alone + seconds(3), "{lie:?}: {beside:?}, without {alone:?}");
    }
}

#[test]
fn trickled_bodies_stop_no_miner_for_long() {
    for every in [1, 3] {
        let network = || Simulation::builder(1).nodes(5).hash_rates([1, 1, 1, 1, 0]);
        let quiet = run(network(), seconds(120));
        let trickled = run(network().adversary(4, TrickledBodies::new(seconds(every), 60)), seconds(120));
        let (height, usual) = (trickled.height(), quiet.height());
        println!("a body every {every} s: height {height} of {usual}, paused {:?}", trickled.statistics.most_paused);
        assert!(2 * height > usual, "{height} blocks, {usual} without the branch");
    }
}

#[test]
fn liars_on_the_only_relay_cost_no_agreement() {
    for lie in lies() {
        let network = Simulation::builder(2).nodes(7).payments_per_second(0.5);
        let network = (4..7).fold(network, |network, liar| network.adversary(liar, lie.clone()));
        let run = run(network, seconds(60));
        assert!(run.converged() && run.confirmations.len() > 10, "{lie:?}: {:?}", run.tips);
    }
}
