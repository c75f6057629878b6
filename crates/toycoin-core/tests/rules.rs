//! Rule by rule: what each stops, and what gets through without it.

use toycoin_core::{
    Chain, ChainError, ChainParams, NetworkSpec, Rule,
    test_util::{
        Scene,
        mutations::{self, Mutation, Setting},
        strategies,
    },
};

/// The rules besides its own that a rule's mutation breaks, in the order in which they are judged.
///
/// None means that the rule alone stands between the cheat and the ledger.
fn also_stopped_by(rule: Rule) -> &'static [Rule] {
    match rule {
        // a payment that spends nothing pays out of nothing
        Rule::InputCount => &[Rule::ValueBalance],
        // bits that are out of range are not the expected ones
        Rule::TargetRange => &[Rule::Bits],
        // a reward of all money is more than subsidy and fees, and more than there can be
        Rule::CoinbaseOutputSum => &[Rule::CoinbaseAmount, Rule::Supply],
        // the second time the coin is gone, and without it the payment does not balance
        Rule::DuplicateInput | Rule::DuplicateInputInBlock => &[Rule::CoinExists, Rule::ValueBalance],
        // more than all money is more than anybody has
        Rule::OutputSum => &[Rule::ValueBalance, Rule::Supply],
        // what is spent is paid out again, and was never issued
        Rule::InputSum => &[Rule::Supply],
        // a reward that stays in range leaves such fees behind
        Rule::FeeSum => &[Rule::CoinbaseAmount],
        _ => &[],
    }
}

/// Returns regtest with another genesis, in which some rules are switched off.
fn sandbox(disabled: &[Rule]) -> ChainParams {
    let spec = NetworkSpec { extra: b"sandbox".to_vec(), ..ChainParams::regtest().spec().clone() };
    ChainParams::sandbox(spec, disabled.iter().copied()).expect("another genesis than any real network's")
}

fn mutated(params: ChainParams, mutation: &Mutation) -> Scene {
    let mut scene = Scene::new(params);
    mutation.apply(&mut scene);
    scene
}

/// Switches off rule after rule, the mutation's own first, until its block goes through; returns those in between.
fn found_to_stop_too(mutation: &Mutation) -> Vec<Rule> {
    let mut disabled = vec![mutation.rule];
    while let Err(error) = mutated(sandbox(&disabled), mutation).judge() {
        assert!(!disabled.contains(&error.rule()), "{} is switched off", error.rule());
        disabled.push(error.rule());
    }
    disabled.split_off(1)
}

#[test]
fn every_rule_has_one_mutation() {
    let rules: Vec<_> = mutations::all().map(|mutation| mutation.rule).collect();
    assert_eq!(rules, Rule::all().collect::<Vec<_>>());
}

#[test]
fn the_block_of_a_scene_is_valid() {
    for params in [ChainParams::regtest(), strategies::params(), sandbox(&[Rule::Signature])] {
        let scene = Scene::new(params);
        let connected = scene.judge().unwrap();
        assert_eq!(connected.fees().grains(), 200);
        assert_eq!(scene.block.transactions.len(), 2);
    }
}

#[test]
fn every_mutation_is_refused_with_exactly_its_rule() {
    for params in [ChainParams::regtest(), strategies::params()] {
        for mutation in mutations::all() {
            let error = mutated(params.clone(), &mutation).judge().expect_err(mutation.name);
            assert_eq!(error.rule(), mutation.rule, "{}: {error}", mutation.name);
            assert!(error.to_string().ends_with(&format!("(rule {})", mutation.rule)), "{error}");
        }
    }
}

#[test]
fn without_its_rule_a_mutation_passes_as_the_table_says() {
    println!("{:<26} {:<53} with the rule switched off", "rule", "refused");
    let mut shown = Vec::new();
    for mutation in mutations::all() {
        let others = found_to_stop_too(&mutation);
        assert_eq!(others, also_stopped_by(mutation.rule), "{} {}", mutation.rule, mutation.name);
        let others: Vec<_> = others.iter().map(|rule| format!("{rule} {}", rule.name())).collect();
        let off =
            if others.is_empty() { "goes through".to_owned() } else { format!("stopped by {}", others.join(", ")) };
        println!("{} {:<22} {:<53} {off}", mutation.rule, mutation.rule.name(), mutation.name);
        shown.push(mutation.rule);
    }
    assert_eq!(shown, Rule::all().collect::<Vec<_>>(), "one row a rule, none left out");
}

#[test]
fn switching_off_one_rule_switches_off_no_other() {
    for off in Rule::all() {
        // a full block takes its time, and its rule asks nothing of the others
        for mutation in mutations::all().filter(|mutation| ![off, Rule::BlockSize].contains(&mutation.rule)) {
            let error = mutated(sandbox(&[off]), &mutation).judge().expect_err(mutation.name);
            assert_eq!(error.rule(), mutation.rule, "{} with {off} switched off: {error}", mutation.name);
        }
    }
}

#[test]
fn engine_rejects_every_mutation_by_its_rule_and_stays_put() {
    for mutation in mutations::all().filter(|mutation| mutation.setting != Setting::Money) {
        let scene = mutated(ChainParams::regtest(), &mutation);
        let mut chain = Chain::in_memory(ChainParams::regtest());
        for block in &scene.ledger.blocks()[1..] {
            chain.apply(block.as_ref().clone(), block.header.time).unwrap();
        }
        let error = chain.apply(scene.block.clone(), scene.now_ms).expect_err(mutation.name);
        match mutation.rule {
            // to an engine with many branches, another parent is another place
            Rule::PreviousBlock => assert_eq!(error, ChainError::UnknownParent(scene.block.header.previous)),
            rule => assert_eq!(error.rule(), Some(rule), "{}: {error}", mutation.name),
        }
        assert_eq!(error.is_deferred(), mutation.rule == Rule::TimeNotInFuture);
        assert_eq!(chain.tip().hash, scene.ledger.tip_hash());
        assert_eq!(chain.state(), scene.ledger.state());

        let valid = Scene::new(ChainParams::regtest());
        chain.apply(valid.block.clone(), valid.now_ms).unwrap();
        assert_eq!(chain.tip().hash, valid.block.hash(), "the valid block is welcome after {}", mutation.name);
    }
}

#[test]
fn a_refused_block_leaves_the_ledger_as_it_was() {
    for mutation in mutations::all() {
        let mut scene = mutated(ChainParams::regtest(), &mutation);
        let before = (scene.ledger.state().clone(), scene.ledger.coins().clone(), scene.ledger.tip_hash());
        assert!(scene.ledger.push(scene.block.clone(), scene.now_ms).is_err());
        assert_eq!((scene.ledger.state().clone(), scene.ledger.coins().clone(), scene.ledger.tip_hash()), before);
    }
}
