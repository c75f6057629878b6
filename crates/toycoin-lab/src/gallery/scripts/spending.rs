//! Spending coins: rules R20 to R24 and R31.

use toycoin_core::{
    Amount, Block, OutPoint, Rule, Transaction, Txid, sighash,
    test_util::{Scene, TestLedger, classroom},
};

use crate::gallery::{
    cast::{Person, Victim},
    count::Count,
    play::{Act, Play},
    script::Script,
    stage::{append, change, next, output, toycoins, unsigned},
};

pub(super) const SCRIPTS: &[Script] = &[
    Script::new(
        Rule::DuplicateInput,
        Victim::Savers,
        &[
            "Mallory names one coin of hers twice in the inputs of a payment.",
            "The payment pays her twice what the coin is worth, and each input has its signature.",
            "The coin goes once, and she owns {Mallory more} more than after an honest block.",
            "Rules R22 and R27 stop her too, since the second time the coin is gone; they are off as well.",
            "Bitcoin Core had this very fault until 2018 (CVE-2018-17144).",
        ],
        Count::Excess,
        Act::Edit(|scene| {
            let (coin, worth) = change(scene, Person::Mallory);
            append(scene, vec![coin, coin], vec![worth, worth]);
        }),
    )
    .gains(Count::Coins(Person::Mallory))
    .shadowed_by(&[Rule::CoinExists, Rule::ValueBalance]),
    Script::new(
        Rule::DuplicateInputInBlock,
        Victim::Savers,
        &[
            "Mallory pays Bob {Bob due} with a coin of hers.",
            "In the same block a second payment spends the same coin, and all of it goes to herself.",
            "Bob is paid, and Mallory owns {Mallory more} more than after an honest block.",
            "Rules R22 and R27 stop her too, since the second time the coin is gone; they are off as well.",
        ],
        Count::Excess,
        Act::Edit(|scene| {
            let inputs = scene.block.transactions.first().map(|payment| payment.inputs.clone());
            append(scene, inputs.unwrap_or_default(), vec![output(Person::Mallory, toycoins(10))]);
        }),
    )
    .gains(Count::Coins(Person::Mallory))
    .shadowed_by(&[Rule::CoinExists, Rule::ValueBalance]),
    Script::new(
        Rule::CoinExists,
        Victim::Savers,
        &[
            "Mallory names a coin that no block ever created.",
            "It has no owner, so there is no key against which to check her signature.",
            "Her payment gives her {Mallory more}.",
            "Rule R27 stops her too, since a coin that does not exist is worth nothing; it is off as well.",
            "With such coins she buys what she likes, and everybody else's money is worth less.",
        ],
        Count::Excess,
        Act::Edit(|scene| {
            let invented = OutPoint { txid: Txid::from_bytes([7; 32]), vout: 0 };
            append(scene, vec![invented], vec![output(Person::Mallory, toycoins(1_000))]);
        }),
    )
    .gains(Count::Coins(Person::Mallory))
    .shadowed_by(&[Rule::ValueBalance]),
    Script::new(
        Rule::CoinbaseMaturity,
        Victim::Person(Person::Bob),
        &[
            "Mallory pays Bob {Bob due} with the reward of the block that she has just mined.",
            "A branch with more work then replaces the last two blocks, as happens now and then without any cheat.",
            "An ordinary payment would be mined again; Mallory's reward never existed on the new branch.",
            "So Bob's payment can never be confirmed again, and he owns {Bob after} instead of {Bob honest}.",
            "The rule makes rewards wait until their blocks are deep enough to stay.",
        ],
        Count::Coins(Person::Bob),
        Act::Play(pay_with_a_young_reward),
    )
    .gains(Count::Coins(Person::Mallory)),
    Script::new(
        Rule::OutputValue,
        Victim::Network,
        &[
            "Mallory's payment gives her coin back to her, and {worthless after} that are worth nothing.",
            "The sums are right, and it costs her no money.",
            "Nobody ever spends such coins, so every node keeps {coins after} instead of {coins honest}.",
            "She can do so in every block.",
        ],
        Count::Number,
        Act::Edit(|scene| {
            let (coin, worth) = change(scene, Person::Mallory);
            let mut outputs = vec![worth];
            outputs.extend((0..2_000).map(|_| output(Person::Mallory, Amount::ZERO)));
            append(scene, vec![coin], outputs);
        }),
    ),
    Script::new(
        Rule::Signature,
        Victim::Person(Person::Alice),
        &[
            "Mallory writes a payment that spends Alice's coin and pays Mallory.",
            "She has not got Alice's key, so she signs with her own.",
            "Nobody compares the key with the coin's owner.",
            "Alice should own {Alice honest} and owns {Alice after}; Mallory has {Mallory more} more.",
            "The supply audit holds: nothing was made, it was stolen.",
        ],
        Count::Coins(Person::Alice),
        Act::Edit(steal_from_alice),
    )
    .gains(Count::Coins(Person::Mallory)),
];

/// Mallory pays Bob with the reward of block 3. Then another branch replaces blocks 3 and 4.
fn pay_with_a_young_reward(scene: Scene) -> Play {
    let (payments, alices) = (&scene.block.transactions, scene.block.transactions.iter().skip(1).cloned().collect());
    let honest_branch = rival_branch(&scene.ledger, payments.clone());
    let cheating_branch = rival_branch(&scene.ledger, alices);
    let now_ms = honest_branch.iter().map(|block| block.header.time).max().unwrap_or_default();

    let honest = scene.block.clone();
    let mut changed = scene;
    let coinbase = &changed.ledger.tip().coinbase;
    let reward = OutPoint { txid: coinbase.txid(), vout: 0 };
    let worth = coinbase.outputs.iter().map(|output| output.value).sum::<Amount>();
    let paid = toycoins(3);
    changed.edit_payment(|payment| {
        payment.inputs = vec![reward];
        payment.outputs = vec![output(Person::Bob, paid), output(Person::Mallory, worth.saturating_sub(paid))];
    });
    let with_branch = |first: Block, branch: Vec<Block>| [vec![first], branch].concat();
    Play {
        chain: changed.ledger,
        honest: with_branch(honest, honest_branch),
        cheating: with_branch(changed.block, cheating_branch),
        now_ms,
        shown: None,
    }
}

/// Returns three blocks of Carol's on block 2. The second has the payments.
fn rival_branch(ledger: &TestLedger, payments: Vec<Transaction>) -> Vec<Block> {
    let mut branch = TestLedger::new(ledger.params().clone());
    for block in ledger.blocks().iter().take(3).skip(1) {
        branch.push_unjudged(block.as_ref().clone());
    }
    let mut blocks = Vec::new();
    for payments in [Vec::new(), payments, Vec::new()] {
        let block = next(&branch, payments, Person::Carol);
        branch.push_unjudged(block.clone());
        blocks.push(block);
    }
    blocks
}

/// Mallory spends the coin that Alice has left, with a signature of her own.
fn steal_from_alice(scene: &mut Scene) {
    let (coin, worth) = change(scene, Person::Alice);
    let mut theft = unsigned(vec![coin], vec![output(Person::Mallory, worth.value)]);
    let message = sighash(scene.ledger.params().genesis_hash(), theft.txid(), [worth]);
    theft.signatures = vec![classroom::key(Person::Mallory.key()).sign(message.as_bytes())];
    scene.block.transactions.push(theft);
    scene.recommit();
}
