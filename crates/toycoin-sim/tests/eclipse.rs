//! Eclipse attacks on the machine of peering: how many honest peers a victim keeps.

use std::ops::Range;

use toycoin_sim::eclipse::{Eclipse, EclipseOutcome};

/// Returns how attacks on these seeds end.
fn outcomes(seeds: Range<u64>, attack: impl Fn(u64) -> Eclipse) -> Vec<EclipseOutcome> {
    seeds.map(|seed| attack(seed).run()).collect()
}

/// Returns the number of victims with at least two honest outbound peers at the end.
fn safe(outcomes: &[EclipseOutcome]) -> usize {
    outcomes.iter().filter(|outcome| outcome.honest_outbound >= 2).count()
}

/// Returns the number of victims without any honest outbound peer 10 minutes after a restart.
fn cut_off(outcomes: &[EclipseOutcome]) -> usize {
    outcomes.iter().filter(|outcome| outcome.after_restarts.iter().any(|after| after.honest == 0)).count()
}

fn mean(outcomes: &[EclipseOutcome]) -> f64 {
    let sum: usize = outcomes.iter().map(|outcome| outcome.honest_outbound).sum();
    sum as f64 / outcomes.len() as f64
}

fn botnet(anchors: bool) -> impl Fn(u64) -> Eclipse {
    move |seed| Eclipse { anchors, ..Eclipse::botnet(seed) }
}

#[test]
fn four_netgroups_leave_two_honest_outbound_peers() {
    let ended = outcomes(0..120, Eclipse::new);
    println!(
        "{} of {} victims have 2 honest outbound peers, {:.2} on average",
        safe(&ended),
        ended.len(),
        mean(&ended)
    );
    assert!(safe(&ended) * 100 >= ended.len() * 99);
    // the attacker did what it could: it has most inbound slots and most addresses that the victims know
    let sum = |of: fn(&EclipseOutcome) -> usize| ended.iter().map(of).sum::<usize>();
    assert!(sum(|outcome| outcome.attacker_inbound) > 5 * sum(|outcome| outcome.honest_inbound));
    assert!(sum(|outcome| outcome.attacker_known) > 2 * sum(|outcome| outcome.honest_known));
    assert!(ended.iter().any(|outcome| outcome.attacker_outbound > 2));
}

#[test]
fn anchors_carry_honest_peers_over_a_restart() {
    let (with, without) = (outcomes(0..50, botnet(true)), outcomes(0..50, botnet(false)));
    for (name, ended) in [("with", &with), ("without", &without)] {
        let (safe, cut_off, mean) = (safe(ended), cut_off(ended), mean(ended));
        println!(
            "{name} anchors: {safe} of 50 have 2 honest outbound peers, {mean:.2} on average, {cut_off} were cut off"
        );
    }
    assert!(safe(&with) >= 45 && safe(&without) <= 35);
    assert!(cut_off(&with) == 0 && cut_off(&without) >= 3);
}

#[test]
fn more_netgroups_than_all_honest_nodes_eclipse_a_victim() {
    let rich = |seed| Eclipse { honest: 20, honest_groups: 10, attacker_groups: 1_000, ..Eclipse::new(seed) };
    let ended = outcomes(0..10, rich);
    assert!(safe(&ended) <= 2 && mean(&ended) < 1.0, "{ended:?}");
}

/// The bound that the design asks for, on all of its seeds: about 4 minutes on one core.
#[test]
#[ignore = "it runs 1,500 attacks; the tests above run the first of them"]
fn bounds_hold_on_500_seeds() {
    let ended = outcomes(0..500, Eclipse::new);
    let without = outcomes(0..500, |seed| Eclipse { anchors: false, ..Eclipse::new(seed) });
    println!("{} of 500 with anchors, {:.2} on average", safe(&ended), mean(&ended));
    println!("{} of 500 without anchors, {:.2} on average", safe(&without), mean(&without));
    let (kept, lost) = (outcomes(0..250, botnet(true)), outcomes(0..250, botnet(false)));
    println!("botnet: {} and {} of 250 with and without anchors", safe(&kept), safe(&lost));
    println!("cut off: {} and {}", cut_off(&kept), cut_off(&lost));
    assert!(safe(&ended) >= 495 && safe(&kept) > safe(&lost) + 50 && cut_off(&lost) > 5 * cut_off(&kept).max(1));
}
