//! Steering a simulated network: what a command does stays true in the state that everybody sees.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a panic")]

use std::time::Duration;

use toycoin_view::{
    command::{Command, Done, FaultSpec, Refusal},
    stage::simulated::{Director, SimulatedConfig},
};

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn lesson() -> Director {
    Director::new(&SimulatedConfig::new(7).spacing(seconds(2)).payments_per_second(0.5))
}

#[test]
fn a_node_that_joins_a_parted_network_takes_one_side() {
    let mut director = lesson();
    director.command(Command::Partition { groups: vec![vec![0, 1]] }).unwrap();
    director.run_to(seconds(30));
    assert_eq!(director.command(Command::AddNode { hash_rate: 10 }), Ok(Done::Node(4)));
    director.run_to(seconds(150));
    director.hub().look(|state| {
        assert_eq!(state.groups, [vec![0, 1], vec![2, 3, 4]]);
        let chain = |node: usize| {
            let mut at = state.nodes[node].tip.clone();
            let mut hashes = vec![at.clone()];
            while let Some(block) = state.blocks.iter().find(|block| block.hash == at) {
                at = block.prev.clone();
                hashes.push(at.clone());
            }
            hashes
        };
        let (one, other, joined) = (chain(0), chain(2), chain(4));
        // the sides have only genesis in common, and the newcomer took over the early blocks of its own
        let early = |chain: &[String]| chain.get(chain.len() - 10).cloned();
        assert_ne!(state.nodes[0].tip, state.nodes[2].tip);
        assert!(!one.contains(&state.nodes[2].tip) && !other.contains(&state.nodes[0].tip));
        assert_ne!(early(&one), early(&other));
        assert_eq!(early(&joined), early(&other));
        assert!(!one.contains(&state.nodes[4].tip));
    });
    director.command(Command::Heal).unwrap();
    director.run_to(seconds(200));
    director.hub().look(|state| assert!(state.groups.is_empty()));
}

#[test]
fn a_rate_set_on_a_stopped_node_keeps_its_tip() {
    let mut director = lesson();
    director.run_to(seconds(30));
    director.command(Command::Stop { node: 1 }).unwrap();
    let shown = |director: &Director| {
        director.hub().look(|state| (state.nodes[1].tip.clone(), state.nodes[1].height, state.nodes[1].hash_rate))
    };
    let (tip, height, _) = shown(&director);
    assert!(height > 5);
    director.command(Command::Rate { node: 1, hash_rate: 3 }).unwrap();
    assert_eq!(shown(&director), (tip, height, 3));
}

#[test]
fn what_is_on_its_way_to_a_stopped_node_is_lost() {
    let mut director = lesson();
    director.run_to(seconds(20));
    director.command(Command::Delay { node: 1, delay: seconds(30) }).unwrap();
    director.run_to(seconds(30));
    let waiting = |director: &Director| {
        director.hub().look(|state| state.messages.iter().filter(|flight| flight.message.to.contains(&1)).count())
    };
    assert!(waiting(&director) > 0);
    director.command(Command::Stop { node: 1 }).unwrap();
    assert_eq!(waiting(&director), 0);
}

#[test]
fn commands_without_sense_are_refused_and_change_nothing() {
    let mut director = lesson();
    director.run_to(seconds(5));
    let before = director.hub().state().json;
    for command in [
        Command::Partition { groups: vec![vec![9]] },
        Command::Partition { groups: Vec::new() },
        Command::Start { node: 0 },
        Command::Stop { node: 9 },
        Command::Rate { node: 0, hash_rate: u64::MAX },
        Command::Delay { node: 0, delay: seconds(61) },
        Command::Speed(0.0),
        Command::Speed(f64::NAN),
        Command::End { id: 1 },
        Command::Fault(FaultSpec::RelayRestart { relay: 9 }),
    ] {
        let refused = director.command(command.clone());
        assert!(
            matches!(
                refused,
                Err(Refusal::Unfit(_) | Refusal::Cannot(_) | Refusal::NoSuchNode { .. } | Refusal::NoSuchFault { .. })
            ),
            "{command:?}: {refused:?}"
        );
    }
    assert_eq!(director.hub().state().json, before);
}
