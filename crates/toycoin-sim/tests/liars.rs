//! Who claims work and does not deliver it delays nobody for long, and stops nobody's mining.

use std::time::Duration;

use toycoin_sim::{
    Run, Simulation,
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

#[test]
fn trickled_bodies_stop_no_miner_for_long() {
    for every in [1, 3] {
        let network = || Simulation::builder(1).nodes(5).hash_rates([1, 1, 1, 1, 0]);
        let quiet = run(network(), seconds(120));
        let trickled = run(network().adversary(4, TrickledBodies::new(seconds(every), 60)), seconds(120));
        let (height, usual) = (trickled.height(), quiet.height());
        println!("a body every {every} s: height {height} of {usual}, paused {:?}", trickled.statistics.longest_pause);
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
