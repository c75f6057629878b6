//! Blocks: rules R05, R15 to R19 and R32.

use toycoin_core::{
    Amount, Rule, RuleError,
    test_util::{Scene, mutations},
};

use crate::gallery::{
    cast::{Person, Victim},
    count::Count,
    play::{Act, Play},
    script::Script,
    stage::{output, toycoins},
};

pub(super) const SCRIPTS: &[Script] = &[
    Script::new(
        Rule::BlockSize,
        Victim::Network,
        &[
            "Mallory leaves the payments of others out and fills the block with her own.",
            "Each payment splits a coin of hers into thousands of coins of a grain.",
            "The block has {block after}; the limit is {block-limit after}.",
            "Every node must receive, judge and store it, and keep {coins after} instead of {coins honest}.",
            "Blocks without a limit leave behind the nodes that run on small machines.",
        ],
        Count::BlockBytes,
        Act::Edit(|scene| mutations::of(Rule::BlockSize).apply(scene)),
    ),
    Script::new(
        Rule::MerkleRoot,
        Victim::LightClients,
        &[
            "Mallory's header carries a Merkle root of zeros instead of that of the payments.",
            "The block pays Bob {Bob due}, and full nodes see it.",
            "Bob's light wallet has the header only and asks for a proof.",
            "In this block {provable after} can be proved; in an honest one {provable honest}.",
            "The header no longer says which payments are in the block.",
        ],
        Count::Provable,
        Act::Mutation,
    ),
    Script::new(
        Rule::CoinbaseHeight,
        Victim::Savers,
        &[
            "Mallory copies the coinbase of the block before, in which she got a reward.",
            "The two coinbases are equal to the byte, so they have one id.",
            "The new coin takes the place of the old one: two rewards are issued, and one is there.",
            "Mallory loses {Mallory less} by it, and no audit of the supply comes out again.",
            "Bitcoin met such twins in 2010 and forbade them with BIP 30 and BIP 34.",
        ],
        Count::Missing,
        Act::Edit(twin_of_the_last_coinbase),
    ),
    Script::new(
        Rule::CoinbaseExtra,
        Victim::Network,
        &[
            "A miner may put a short text into the coinbase; Mallory puts in {text after}.",
            "It costs her no fee, since she mines the block herself.",
            "Every node stores it for as long as the chain lives, and sends it to every newcomer.",
        ],
        Count::BlockBytes,
        Act::Edit(|scene| {
            scene.block.coinbase.extra = vec![b'a'; 900_000];
            scene.recommit();
        }),
    )
    .gains(Count::TextBytes),
    Script::new(
        Rule::CoinbaseOutputValue,
        Victim::Network,
        &[
            "Mallory adds coins worth nothing to her reward: {worthless after}.",
            "They cost her nothing, and the sum of the coinbase is right.",
            "Nobody ever spends them, so every node keeps {coins after} instead of {coins honest}.",
            "She can do so in each of her blocks.",
        ],
        Count::Number,
        Act::Edit(|scene| {
            let nothing = output(Person::Mallory, Amount::ZERO);
            scene.block.coinbase.outputs.extend((0..5_000).map(|_| nothing));
            scene.recommit();
        }),
    ),
    Script::new(
        Rule::CoinbaseOutputSum,
        Victim::Savers,
        &[
            "Mallory pays herself all money that there can be as her reward, and a grain on top.",
            "Each coin by itself is in range; only their sum is not.",
            "She owns {Mallory after} now.",
            "Rules R29 and R30 stop her too, since the reward and the supply are too high; they are off as well.",
            "The rule keeps the sum small enough for every program that computes with it later.",
        ],
        Count::Excess,
        Act::Mutation,
    )
    .gains(Count::Coins(Person::Mallory))
    .shadowed_by(&[Rule::CoinbaseAmount, Rule::Supply]),
    Script::new(
        Rule::StateRoot,
        Victim::LightClients,
        &[
            "Mallory computes the state root of a made-up set of coins, in which she owns {proved after}.",
            "The coins that full nodes have are as they were: she owns {Mallory after} there.",
            "A newcomer begins with a snapshot and takes the set of coins that fits the state root.",
            "Mallory sends hers, it fits, and that newcomer accepts payments with coins that do not exist.",
        ],
        Count::Proved(Person::Mallory),
        Act::Play(root_of_made_up_coins),
    )
    .gains(Count::Proved(Person::Mallory)),
];

/// Makes the block's coinbase the same as its parent's.
fn twin_of_the_last_coinbase(scene: &mut Scene) {
    scene.block.coinbase = scene.ledger.tip().coinbase.clone();
    scene.recommit();
    // the model drops the coin that is overwritten, the engine counts both: the root must be the engine's
    if let Err(RuleError::StateRoot { expected, .. }) = scene.judge() {
        scene.block.header.state_root = expected;
        scene.resolve();
    }
}

/// The honest block with the state root of a chain in which Mallory has one more coin.
fn root_of_made_up_coins(scene: Scene) -> Play {
    let value = toycoins(1_000);
    let mut made_up = scene.ledger.clone();
    made_up.inject(output(Person::Mallory, value));
    made_up.set_issued(made_up.state().issued.saturating_add(value));
    let play = Play::of_block(scene, |scene| {
        made_up.commit(&mut scene.block);
        scene.resolve();
    });
    for block in &play.cheating {
        made_up.push_unjudged(block.clone());
    }
    Play { shown: Some(made_up), ..play }
}
