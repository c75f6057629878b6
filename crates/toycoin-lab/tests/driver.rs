//! A driver moves the network of a trial, and changes nothing in what happens.

use std::time::Duration;

use toycoin_lab::{
    Attack, Driver, Outcome, Setting, Trial, TrialError,
    attacks::{Censor, DoubleSpend, Majority, SelfishMining, catalogue},
};
use toycoin_sim::Network;

/// Moves a network in small steps, and counts them.
#[derive(Debug, Default)]
struct Steps {
    count: u64,
    rested: Option<Network>,
}

impl Driver for Steps {
    fn drive(&mut self, mut network: Network, until: Duration) -> Result<Network, TrialError> {
        network.observe(|_| ());
        while network.now() < until {
            self.count += 1;
            network.run_to(until.min(network.now() + Duration::from_millis(20)))?;
        }
        Ok(network)
    }

    fn rest(&mut self, network: Network) {
        self.rested = Some(network);
    }
}

#[test]
fn driven_trials_have_the_same_trace_and_outcome() {
    let cases: [(&dyn Attack, Setting); 4] = [
        (&DoubleSpend, Setting::of(&DoubleSpend)),
        (&Majority, Setting::of(&Majority)),
        (&Censor, Setting::of(&Censor)),
        (&SelfishMining, Setting::of(&SelfishMining).with(&SelfishMining, "hub", 1.0)),
    ];
    for (attack, setting) in cases {
        let run = |trial: Trial<'_>| -> (Outcome, String) {
            let trial = trial.keep_trace();
            (attack.trial(&setting, &trial).unwrap(), trial.trace_hash())
        };
        let mut steps = Steps::default();
        let driven = run(Trial::new(5).driven(&mut steps));
        assert_eq!(driven, run(Trial::new(5)), "{}", attack.name());
        assert_ne!(driven.1, run(Trial::new(6)).1, "{}: another seed is another run", attack.name());
        let network = steps.rested.unwrap();
        assert!(steps.count > 100 && network.height() > 0, "{}", attack.name());
    }
}

/// Looks at a network before anything happens, and ends its trial.
#[derive(Debug, Default)]
struct Look {
    nodes: usize,
    adversaries: Vec<usize>,
}

impl Driver for Look {
    fn drive(&mut self, network: Network, _: Duration) -> Result<Network, TrialError> {
        self.nodes = network.node_count();
        self.adversaries = (0..self.nodes).filter(|node| network.is_adversary(*node)).collect();
        Err(TrialError::Interrupted)
    }
}

#[test]
fn every_adversary_is_named_as_an_attacker() {
    for attack in catalogue() {
        for (setting, _) in attack.table() {
            let (mut look, name) = (Look::default(), attack.name());
            let ended = attack.trial(&setting, &Trial::new(1).driven(&mut look));
            assert_eq!(ended, Err(TrialError::Interrupted), "{name}");
            let attackers = attack.attackers(&setting);
            assert!(attackers.iter().all(|node| *node < look.nodes), "{name}: {attackers:?} of {}", look.nodes);
            assert!(look.adversaries.iter().all(|node| attackers.contains(node)), "{name}: {:?}", look.adversaries);
        }
    }
}
