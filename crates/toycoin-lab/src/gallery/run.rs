//! Running a story: the same blocks for verifiers with the rule off and with it on.

use toycoin_core::{Block, Rule};

use super::{
    account::Account,
    count::Count,
    exhibit::{Exhibit, Off, On, Story, Tally},
    play::Play,
    refusal::Refusal,
    script::Script,
    scripts,
    stage::{params, scene},
    tell::{Moments, tell},
    verifier::Verifier,
};

/// Runs the story of one rule.
///
/// Nothing here is random: a rule has one exhibit.
pub fn exhibit(rule: Rule) -> Exhibit {
    run(&scripts::of(rule))
}

/// Runs the stories of all rules, in the order of their numbers.
pub fn all() -> Vec<Exhibit> {
    Rule::all().map(exhibit).collect()
}

/// Runs a story.
///
/// # Panics
/// When the honest blocks are refused.
pub(super) fn run(script: &Script) -> Exhibit {
    let rule = script.rule;
    let off = [&[rule], script.shadows, script.groundwork].concat();
    let play = script.act.play(rule, scene(params(&off)));

    let (honest, refused) = verify(script, &play, script.groundwork, &play.honest);
    assert_eq!(refused, None, "{rule}: an honest block is welcome");
    let (before, _) = verify(script, &play, script.groundwork, &[]);
    let (cheated, refused_off) = verify(script, &play, &off, &play.cheating);
    let (kept, refused_on) = verify(script, &play, script.groundwork, &play.cheating);

    let moments = Moments { before, honest, cheated, kept };
    let tally = |count: Count| Tally {
        what: count.label(),
        before: count.of(&moments.before),
        honest: count.of(&moments.honest),
        cheated: count.of(&moments.cheated),
    };
    Exhibit {
        rule,
        story: Story {
            villain: script.villain,
            victim: script.victim,
            steps: script.steps.iter().map(|sentence| tell(sentence, &moments)).collect(),
            gain: script.gain.map(tally),
            loss: tally(script.loss),
        },
        off: Off { shadows: script.shadows.to_vec(), refusal: refused_off },
        on: On { groundwork: script.groundwork.to_vec(), refusal: refused_on, supply: moments.kept.supply },
        before: moments.before.supply,
        after: moments.cheated.supply,
    }
}

/// Gives a new verifier, which does not enforce some rules, the chain of a play and then the blocks, up to the first
/// that it refuses.
///
/// # Panics
/// When the verifier refuses the chain of the play.
fn verify(script: &Script, play: &Play, off: &[Rule], blocks: &[Block]) -> (Account, Option<Refusal>) {
    let mut verifier = Verifier::new(script.judge, params(off));
    for block in play.chain.blocks().iter().skip(1) {
        if let Err(refusal) = verifier.apply(block, play.now_ms.max(block.header.time)) {
            panic!("{}: the chain before the story: {refusal}", script.rule);
        }
    }
    let refusal = blocks.iter().find_map(|block| verifier.apply(block, play.now_ms).err());
    (verifier.account(play.now_ms, play.shown.as_ref()), refusal)
}
