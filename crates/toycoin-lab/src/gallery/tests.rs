//! What the gallery shows is true: the cheats succeed and are refused, and the texts can be read.

use std::sync::LazyLock;

use toycoin_core::{Rule, test_util::Scene};

use super::{
    Exhibit, Person, all, exhibit,
    play::Act,
    run::run,
    script::Script,
    scripts,
    stage::{append, change, output, params, scene, toycoins},
    table,
    verifier::{Judge, Verifier},
    wrap::WIDTH,
};

/// All exhibits, run once for all tests.
static ALL: LazyLock<Vec<Exhibit>> = LazyLock::new(all);

fn rules(holds: impl Fn(&Exhibit) -> bool) -> Vec<u16> {
    ALL.iter().filter(|exhibit| holds(exhibit)).map(|exhibit| exhibit.rule.number()).collect()
}

/// Gives a verifier without some rules the chain of a story and the cheat's blocks; returns the rule that stops one.
fn stopped_by(script: &Script, off: &[Rule]) -> Option<Rule> {
    let all_off = [&[script.rule], script.shadows, script.groundwork].concat();
    let play = script.act.play(script.rule, scene(params(&all_off)));
    let mut verifier = Verifier::new(script.judge, params(off));
    let chain = play.chain.blocks().iter().skip(1).map(AsRef::as_ref);
    let refusal = chain.chain(&play.cheating).find_map(|block| verifier.apply(block, play.now_ms).err());
    refusal.and_then(|refusal| refusal.rule)
}

#[test]
fn all_33_succeed_off_and_are_refused_on_by_their_rule() {
    assert_eq!(ALL.len(), 33);
    for exhibit in &*ALL {
        assert_eq!(exhibit.off.refusal, None, "{}", exhibit.rule);
        let refusal = exhibit.on.refusal.as_ref().unwrap();
        assert_eq!(refusal.rule, Some(exhibit.rule));
        assert_eq!(refusal.deferred, exhibit.rule == Rule::TimeNotInFuture);
        assert!(refusal.message.ends_with(&format!("(rule {})", exhibit.rule)), "{}", refusal.message);
        assert!(exhibit.succeeds());
    }
}

#[test]
fn each_shadow_would_stop_the_cheat() {
    for script in Rule::all().map(scripts::of) {
        let all_off = [&[script.rule], script.shadows, script.groundwork].concat();
        for shadow in script.shadows {
            let off: Vec<_> = all_off.iter().copied().filter(|rule| rule != shadow).collect();
            assert_eq!(stopped_by(&script, &off), Some(*shadow), "{}", script.rule);
        }
    }
}

#[test]
fn the_groundwork_breaks_the_rules_that_it_names() {
    for script in Rule::all().map(scripts::of) {
        for broken in script.groundwork {
            let off: Vec<_> = script.groundwork.iter().copied().filter(|rule| rule != broken).collect();
            assert_eq!(stopped_by(&script, &off), Some(*broken), "{}", script.rule);
        }
    }
}

#[test]
fn an_engine_finds_no_place_for_an_unknown_parent() {
    let script = Script { judge: Judge::Chain, ..scripts::of(Rule::PreviousBlock) };
    for exhibit in [run(&script), run(&Script { shadows: &[Rule::StateRoot], ..script })] {
        for refusal in [exhibit.off.refusal.unwrap(), exhibit.on.refusal.unwrap()] {
            assert_eq!(refusal.rule, None);
            assert!(refusal.message.ends_with("is not known"), "{}", refusal.message);
        }
    }
}

#[test]
fn the_supply_audit_breaks_exactly_where_it_should() {
    // made-up money, a skipped height, a coin that is overwritten, a root of other coins
    let broken = [2, 9, 16, 19, 20, 21, 22, 25, 26, 27, 29, 30, 32];
    assert_eq!(rules(|exhibit| !exhibit.after.holds()), broken);
    assert_eq!(rules(|exhibit| !exhibit.before.holds()), [26, 28, 30], "money that the groundwork made");
    assert_eq!(rules(|exhibit| exhibit.after.issued != exhibit.after.sum_of_coins), [16]);
    assert_eq!(rules(|exhibit| !exhibit.after.root_fits), [16, 32]);
    assert_eq!(rules(|exhibit| exhibit.after.issued < exhibit.after.schedule), [9], "subsidies left out");
    assert_eq!(rules(|exhibit| !exhibit.on.supply.holds()), [26, 28, 30], "the rule keeps the supply");
}

#[test]
fn with_the_rule_on_the_supply_stays() {
    for exhibit in &*ALL {
        // Bob is paid before the branch without work comes
        let expected = if exhibit.rule == Rule::ProofOfWork { exhibit.after.issued.grains() - SUBSIDY } else { 0 };
        let expected = expected.max(exhibit.before.issued.grains());
        assert_eq!(exhibit.on.supply.issued.grains(), expected, "{}", exhibit.rule);
    }
}

const SUBSIDY: u64 = 5_000_000_000;

#[test]
fn every_cheat_changes_a_counted_number() {
    for exhibit in &*ALL {
        let story = &exhibit.story;
        assert_ne!(story.loss.change().value, 0, "{}", exhibit.rule);
        if let Some(gain) = &story.gain {
            assert_ne!(gain.change().value, 0, "{}", exhibit.rule);
        }
    }
}

#[test]
fn no_network_finds_the_block_after_one_dated_back() {
    let exhibit = exhibit(Rule::TimeAboveParent);
    // a billion hashes per second, and 13.8 billion years of 31,557,600 seconds
    let universe = 1_000_000_000i128 * 13_800_000_000 * 31_557_600;
    assert!(exhibit.story.loss.cheated.value > universe, "{}", exhibit.story.loss.cheated);
}

#[test]
fn without_heights_a_young_reward_is_really_spent() {
    let script = scripts::of(Rule::Height);
    let play = script.act.play(script.rule, scene(params(&[Rule::Height])));
    let reward = play.chain.tip().coinbase.txid();
    let spent = play.cheating[1].transactions.iter().flat_map(|payment| &payment.inputs);
    assert!(spent.into_iter().any(|outpoint| outpoint.txid == reward), "the reward of block 3");
    // rule R23 is on, and lets it through
    assert_eq!(stopped_by(&script, &[Rule::Height]), None);
}

#[test]
fn the_numbers_of_a_story_follow_the_chain() {
    fn overpay(scene: &mut Scene, more: u64) {
        let (coin, worth) = change(scene, Person::Mallory);
        append(scene, vec![coin], vec![output(Person::Mallory, worth.value.saturating_add(toycoins(more)))]);
    }
    let of = |act| run(&Script { act, ..scripts::of(Rule::ValueBalance) });
    for (act, more) in [(Act::Edit(|scene| overpay(scene, 5)), 5), (Act::Edit(|scene| overpay(scene, 17)), 17)] {
        let exhibit = of(act);
        let gain = exhibit.story.gain.as_ref().unwrap();
        assert_eq!(gain.change().to_string(), format!("{more} toycoins"));
        assert_eq!(exhibit.story.loss.change(), gain.change());
        let (made, schedule) = (exhibit.after.issued.grains(), exhibit.after.schedule.grains());
        assert_eq!(made - schedule, more * 100_000_000);
        assert!(exhibit.story.steps[1].contains(&format!(" {more} toycoins ")), "{:?}", exhibit.story.steps);
    }
}

#[test]
fn no_story_writes_a_counted_number_by_hand() {
    let units = ["toycoin", "grain", "coin", "byte", "hash", "block", "payment", "second", "subsid"];
    for script in Rule::all().map(scripts::of) {
        for step in script.steps {
            let words: Vec<_> = step.split_whitespace().collect();
            for pair in words.windows(2) {
                let is_number = pair[0].chars().all(|c| c.is_ascii_digit() || ",.".contains(c));
                let is_unit = units.iter().any(|unit| pair[1].starts_with(unit));
                assert!(!(is_number && is_unit), "{}: {step}", script.rule);
            }
        }
    }
}

#[test]
fn an_exhibit_is_the_same_each_time() {
    for rule in [Rule::BlockSize, Rule::ProofOfWork, Rule::FeeSum] {
        assert_eq!(exhibit(rule), exhibit(rule));
    }
}

#[test]
fn pages_and_table_are_at_most_80_columns_wide() {
    let exhibits = &*ALL;
    let pages = exhibits.iter().map(ToString::to_string).chain([table(exhibits)]);
    for page in pages {
        for line in page.lines() {
            assert!(line.chars().count() <= WIDTH, "{line}");
            assert_eq!(line.trim_end(), line, "spaces at the end");
        }
    }
}

#[test]
fn a_page_has_title_numbers_refusal_and_where_to_read_on() {
    for exhibit in &*ALL {
        let page = exhibit.to_string();
        let rule = exhibit.rule;
        let flat = page.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.starts_with(&format!("{rule} {}: {}", rule.name(), rule.sentence())), "{page}");
        assert!(flat.contains(&format!(": {rule} {}: ", rule.name())), "{page}");
        assert!(page.ends_with(&format!("Read on: {}\n", rule.doc_anchor())), "{page}");
        assert!(page.contains("Supply audit"), "{page}");
    }
}

#[test]
fn the_table_has_one_refusal_for_each_rule() {
    let table = table(&ALL);
    let refused: Vec<_> = table.lines().filter(|line| line.contains("refused")).collect();
    assert_eq!(refused.len(), 33);
    for (rule, line) in Rule::all().zip(refused) {
        assert!(line.starts_with(&format!("{rule} {} ", rule.name())), "{line}");
        assert!(line.ends_with(&format!(" refused: {rule}")), "{line}");
    }
}

#[test]
fn stories_are_three_to_six_short_plain_sentences() {
    for exhibit in &*ALL {
        let steps = &exhibit.story.steps;
        assert!((3..=6).contains(&steps.len()), "{}: {} sentences", exhibit.rule, steps.len());
        for step in steps {
            assert!(step.ends_with('.') && !step.trim_end_matches('.').contains(". "), "one sentence: {step}");
            assert!(step.split_whitespace().count() <= 25, "{} is long: {step}", exhibit.rule);
            assert!(!step.contains(['{', '}']), "{step}");
        }
        let told = steps.join(" ");
        for rule in exhibit.rules_off().iter().filter(|off| **off != exhibit.rule) {
            assert!(told.contains(&rule.to_string()), "{} does not say that {rule} is off", exhibit.rule);
        }
    }
}

#[test]
fn json_has_counted_numbers_with_their_units() {
    let json = serde_json::to_value(exhibit(Rule::ValueBalance)).unwrap();
    assert_eq!(json["rule"], "R27");
    assert_eq!(json["story"]["villain"], "Mallory");
    assert_eq!(json["story"]["gain"]["cheated"]["value"], 110_700_000_000u64);
    assert_eq!(json["story"]["gain"]["cheated"]["unit"], "grains");
    assert_eq!(json["on"]["refusal"]["rule"], "R27");
    assert_eq!(json["off"]["refusal"], serde_json::Value::Null);
    assert_eq!(json["after"]["issued"], 138_500_000_000u64);
    for exhibit in &*ALL {
        assert!(serde_json::to_string(exhibit).is_ok(), "{}", exhibit.rule);
    }
}
