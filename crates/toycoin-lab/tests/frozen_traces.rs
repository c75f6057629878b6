//! What a seed means does not change by accident: the traces of three trials are frozen.
//!
//! A trace has every event of its network with the virtual time. Its hash changes with a rule, with what nodes say and
//! when, with the simulator, and with an attack's tactic. It does not depend on the machine, nor on the build.
//!
//! If a test here fails, ask whether your change should have changed what happens in a network. If not, it has done
//! more than you think. If so, put the hash that the test prints into the table, renew the tables of the pages
//! (`TOYCOIN_UPDATE_BOOK=1 cargo test -p toycoin-lab --test pages`) and the charts (their commands are in the pages),
//! and say in the commit what a seed means now.

use toycoin_lab::{Attack, Setting, Trial, attacks::catalogue, trial_seed};

/// An attack, and the trace's hash of its trial 0 of seed 1, with the default setting and no defence.
const FROZEN: [(&str, &str); 3] = [
    ("double-spend", "3b2d2235edef2d9adfa18e170a63a0ed487155746fa209cc6f3556f60cc4e50a"),
    ("eclipse", "945c6adf13167415f19669f57ab1c6e4bcfcb4ef7f10b9ed63ed83d48fe67f72"),
    ("undercut", "90753dc52ba29b2e7f4d618bbf78db216a4192dd8376db2d16ad718cd480e4ae"),
];

fn attack(name: &str) -> &'static dyn Attack {
    *catalogue().iter().find(|attack| attack.name() == name).expect("an attack of the catalogue")
}

fn trace(name: &str, number: u64) -> (String, String) {
    let (attack, trial) = (attack(name), Trial::new(trial_seed(1, number)).keep_trace());
    attack.trial(&Setting::of(attack), &trial).unwrap_or_else(|error| panic!("{name}: {error}"));
    (trial.trace(), trial.trace_hash())
}

#[test]
fn traces_of_three_trials_are_frozen() {
    let found = FROZEN.map(|(name, _)| (name, trace(name, 0).1));
    let frozen = FROZEN.map(|(name, hash)| (name, hash.to_owned()));
    assert_eq!(found, frozen, "what a seed means has changed: see the head of this file");
}

#[test]
fn a_frozen_trace_is_long_and_of_its_seed() {
    for (name, _) in FROZEN {
        let ((lines, hash), (_, other)) = (trace(name, 0), trace(name, 1));
        // an attack needs blocks, and each one is told to several nodes
        assert!(lines.lines().count() > 50 && lines.contains(r#""mined""#), "{name}: {lines}");
        assert_ne!(hash, other, "{name}");
    }
}
