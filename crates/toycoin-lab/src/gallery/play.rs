//! A play: the blocks of a story, in the order in which a verifier gets them.

use toycoin_core::{
    Block, PublicKey, Rule,
    test_util::{Scene, TestLedger, mutations},
};

/// The blocks of a story.
#[derive(Debug, Clone)]
pub(super) struct Play {
    /// The chain before the story. All verifiers have it.
    pub(super) chain: TestLedger,
    /// The blocks that come if nobody cheats.
    pub(super) honest: Vec<Block>,
    /// The blocks that come if somebody does, the last one at a tip.
    pub(super) cheating: Vec<Block>,
    /// The verifiers' time, in Unix milliseconds.
    pub(super) now_ms: u64,
    /// A made-up chain whose coins the cheat shows to those who have headers only.
    pub(super) shown: Option<TestLedger>,
}

/// How the honest scene becomes a play.
#[derive(Debug, Clone, Copy)]
pub(super) enum Act {
    /// The rule's mutation in the test kit changes the block.
    Mutation,
    /// The block is changed.
    Edit(fn(&mut Scene)),
    /// There is more than one block, or more than a block.
    Play(fn(Scene) -> Play),
}

impl Act {
    /// Plays on the honest scene. `rule` is the one that the story breaks.
    pub(super) fn play(self, rule: Rule, scene: Scene) -> Play {
        match self {
            Self::Mutation => Play::of_block(scene, |scene| mutations::of(rule).apply(scene)),
            Self::Edit(edit) => Play::of_block(scene, edit),
            Self::Play(play) => play(scene),
        }
    }
}

impl Play {
    /// Returns the play in which one block stands in the place of the honest one.
    pub(super) fn of_block(scene: Scene, edit: impl FnOnce(&mut Scene)) -> Self {
        let honest = scene.block.clone();
        let mut changed = scene;
        edit(&mut changed);
        Self {
            chain: changed.ledger,
            honest: vec![honest],
            cheating: vec![changed.block],
            now_ms: changed.now_ms,
            shown: None,
        }
    }

    /// Returns the play in which one block follows on a chain that a cheating node made: `ground` is the block after
    /// the scene's chain, and is part of all chains.
    pub(super) fn on_ground(scene: Scene, make_ground: impl FnOnce(&mut Scene), edit: impl FnOnce(&mut Scene)) -> Self {
        let mut scene = scene;
        make_ground(&mut scene);
        let Scene { mut ledger, block: ground, .. } = scene;
        let miner = ground.coinbase.outputs.first().map_or(PublicKey::ZERO, |reward| reward.owner);
        ledger.push_unjudged(ground);
        let block = ledger.next_block(Vec::new(), miner);
        let now_ms = block.header.time;
        Self::of_block(Scene { ledger, block, now_ms }, edit)
    }
}
