//! The form of a payment: rules R01 to R04 and R33.

use toycoin_core::{Amount, Rule, TxOut, test_util::Scene};

use crate::gallery::{
    cast::{Person, Victim},
    count::Count,
    play::Act,
    script::Script,
    stage::{append, change, output, toycoins},
};

pub(super) const SCRIPTS: &[Script] = &[
    Script::new(
        Rule::TransactionVersion,
        Victim::Network,
        &[
            "Mallory pays Bob {Bob due} in a payment of version 2, which nobody has defined.",
            "Nodes without the rule read it as version 1, and Bob owns {Bob after}.",
            "Nodes with the rule refuse the block, and there Bob owns {Bob kept}.",
            "So the network splits in two.",
            "Nobody gains a grain: the rule keeps version numbers free for payments that mean something new.",
        ],
        Count::Undefined,
        Act::Mutation,
    ),
    Script::new(
        Rule::InputCount,
        Victim::Savers,
        &[
            "Mallory writes a payment that spends no coin and pays her {Mallory more}.",
            "No coin means no owner, so nobody has to sign.",
            "She owned {Mallory before}, and now she owns {Mallory after}.",
            "Rule R27 stops her too, since a payment out of nothing does not balance; it is off as well.",
            "All money of all others is worth less.",
        ],
        Count::Excess,
        Act::Edit(|scene| append(scene, Vec::new(), vec![output(Person::Mallory, toycoins(1_000))])),
    )
    .gains(Count::Coins(Person::Mallory))
    .shadowed_by(&[Rule::ValueBalance]),
    Script::new(
        Rule::OutputCount,
        Victim::Person(Person::Alice),
        &[
            "Alice's wallet has a fault: it spends her coin, forgets all outputs, and she signs.",
            "Carol should get {Carol due}, and Alice should keep {Alice honest}.",
            "What a payment spends and does not pay is the fee, so Mallory, who mines the block, takes all of it.",
            "Alice owns {Alice after} now, and Mallory has {Mallory more} more.",
            "The rule catches only the payment to nobody: a fee that is far too high is still allowed.",
        ],
        Count::Coins(Person::Alice),
        Act::Edit(forget_outputs),
    )
    .gains(Count::Coins(Person::Mallory)),
    Script::new(
        Rule::SignatureCount,
        Victim::Network,
        &[
            "Mallory hangs thousands of signatures on a payment with one input.",
            "Only the first belongs to an input, so nobody checks the others.",
            "The size formula counts inputs and outputs, so the block is within its limit at {block after}.",
            "Every node must receive and store {spare after} more, for which nobody paid.",
        ],
        Count::SpareBytes,
        Act::Edit(hang_on_signatures),
    ),
    Script::new(
        Rule::TransactionSize,
        Victim::Network,
        &[
            "Mallory splits a coin of hers into thousands of coins, in a single payment.",
            "The block is within its limit, but the payment has {payment after}.",
            "A message between nodes has room for payments of {payment-limit after}, so this one cannot travel alone.",
            "No mempool has it, so nobody can judge it before it stands in a block.",
        ],
        Count::PaymentBytes,
        Act::Edit(|scene| {
            let (coin, TxOut { value, .. }) = change(scene, Person::Mallory);
            let parts: u64 = 10_000;
            let grain = Amount::from_grains(1);
            let mut outputs = vec![output(Person::Mallory, value.saturating_sub(Amount::from_grains(parts - 1)))];
            outputs.extend((1..parts).map(|_| output(Person::Mallory, grain)));
            append(scene, vec![coin], outputs);
        }),
    ),
];

/// Alice's payment loses its outputs.
fn forget_outputs(scene: &mut Scene) {
    let (coin, _) = change(scene, Person::Alice);
    scene.edit_transactions(|payments| {
        for payment in payments.iter_mut().filter(|payment| payment.txid() == coin.txid) {
            payment.outputs.clear();
        }
    });
}

/// Mallory's payment gets many more signatures than it has inputs.
fn hang_on_signatures(scene: &mut Scene) {
    for payment in scene.block.transactions.iter_mut().take(1) {
        if let Some(signature) = payment.signatures.first().copied() {
            payment.signatures.resize(20_000, signature);
        }
    }
    scene.recommit();
}
