//! Sums of money: rules R25 to R30.
//!
//! R26, R28 and R30 cannot be broken on a valid chain, since nobody has so much money. Their stories begin on a chain
//! that nodes without other rules let through.

use toycoin_core::{Amount, OutPoint, Rule, Transaction, TxOut, test_util::Scene};

use crate::gallery::{
    cast::{Person, Victim},
    count::Count,
    play::{Act, Play},
    script::Script,
    stage::{append, change, output, toycoins, unsigned},
};

pub(super) const SCRIPTS: &[Script] = &[
    Script::new(
        Rule::OutputSum,
        Victim::Savers,
        &[
            "Mallory's payment creates two coins: all money that there can be, and a grain.",
            "Each coin by itself is in range; only their sum is not.",
            "In Bitcoin in 2010 such a sum overflowed, looked small, and passed: 184 billion bitcoins were made.",
            "Sums do not overflow here, so rules R27 and R30 stop her too; they are off as well.",
            "She owns {Mallory after} now.",
        ],
        Count::Excess,
        Act::Edit(|scene| {
            let (coin, _) = change(scene, Person::Mallory);
            append(scene, vec![coin], [Amount::MAX_MONEY, GRAIN].map(|value| output(Person::Mallory, value)).to_vec());
        }),
    )
    .gains(Count::Coins(Person::Mallory))
    .shadowed_by(&[Rule::ValueBalance, Rule::Supply]),
    Script::new(
        Rule::InputSum,
        Victim::Network,
        &[
            "R27 and R30 are off for all verifiers, and Mallory has made all money that there can be.",
            "She spends it with another coin of hers, together {spend after} in one payment.",
            "The payment balances, so it makes no money; the sum alone is more than there can be.",
            "The rule is a second lock: no sum ever comes near the end of a 64-bit number.",
        ],
        Count::LargestSpend,
        Act::Play(|scene| {
            Play::on_ground(scene, |scene| make(scene, &[Amount::MAX_MONEY]), spend_all_and_one)
        }),
    )
    .on_groundwork_without(&[Rule::ValueBalance, Rule::Supply]),
    Script::new(
        Rule::ValueBalance,
        Victim::Savers,
        &[
            "Mallory signs a payment that spends a coin of hers.",
            "Its outputs pay her {Mallory more} more than the coin is worth.",
            "She owned {Mallory before}, an honest block would leave her {Mallory honest}, and now she owns {Mallory after}.",
            "Nobody was robbed of a coin, but {excess after} are there that no block may issue.",
            "Everybody else's money buys less.",
        ],
        Count::Excess,
        Act::Edit(|scene| {
            let (coin, worth) = change(scene, Person::Mallory);
            let value = worth.value.saturating_add(toycoins(1_000));
            append(scene, vec![coin], vec![output(Person::Mallory, value)]);
        }),
    )
    .gains(Count::Coins(Person::Mallory)),
    Script::new(
        Rule::FeeSum,
        Victim::Network,
        &[
            "R27 and R30 are off for all verifiers, and Mallory has made all money that there can be, twice.",
            "Two payments of hers leave nearly all of it to the miner, as fees of {fees after}.",
            "By rules R18 and R19 no coinbase can pay so much, so hers takes the subsidy alone.",
            "Rule R29 stops that too, as it wants all fees paid out; it is off as well.",
            "The money is gone again; the rule keeps the sum of fees in range for whoever adds to it.",
        ],
        Count::Fees,
        Act::Play(|scene| {
            Play::on_ground(scene, |scene| make(scene, &[Amount::MAX_MONEY; 2]), leave_all_as_fees)
        }),
    )
    .shadowed_by(&[Rule::CoinbaseAmount])
    .on_groundwork_without(&[Rule::ValueBalance, Rule::Supply]),
    Script::new(
        Rule::CoinbaseAmount,
        Victim::Savers,
        &[
            "Mallory mines a block and writes her own reward.",
            "The subsidy and the fees allow {reward honest}; she takes {reward after}.",
            "So {excess after} are there that the schedule does not issue.",
            "Every miner would do the same, and money would be worth nothing.",
        ],
        Count::Excess,
        Act::Edit(|scene| {
            for reward in &mut scene.block.coinbase.outputs {
                reward.value = reward.value.saturating_add(toycoins(1_000));
            }
            scene.recommit();
        }),
    )
    .gains(Count::Coins(Person::Mallory)),
    Script::new(
        Rule::Supply,
        Victim::Savers,
        &[
            "R27 is off for all verifiers, so that the story can begin.",
            "Mallory has made so much money that a subsidy is left, less one grain.",
            "Her next block pays its ordinary reward, and the money issued is {above after} above the limit.",
            "The schedule of subsidies alone never passes the limit, so the rule is a second lock.",
            "It stops the making of money even where another rule failed before.",
        ],
        Count::AboveLimit,
        Act::Play(|scene| {
            let play = Play::on_ground(scene, make_until_a_subsidy_is_left, |_| ());
            // no honest block fits there
            Play { honest: Vec::new(), ..play }
        }),
    )
    .gains(Count::Coins(Person::Mallory))
    .on_groundwork_without(&[Rule::ValueBalance]),
];

const GRAIN: Amount = Amount::from_grains(1);

/// Mallory makes coins of these values out of her change, and keeps a coin of a grain.
fn make(scene: &mut Scene, values: &[Amount]) {
    let (coin, worth) = change(scene, Person::Mallory);
    // a payment makes one of the coins, as the sum of two may be out of range; each spends a part of the change
    let mut parts = vec![GRAIN; values.len()];
    parts.push(worth.value.saturating_sub(parts.iter().copied().sum()));
    let split = unsigned(vec![coin], parts.iter().map(|value| output(Person::Mallory, *value)).collect());
    let txid = split.txid();
    let made = values
        .iter()
        .zip(0..)
        .map(|(value, vout)| unsigned(vec![OutPoint { txid, vout }], vec![output(Person::Mallory, *value)]));
    let made: Vec<_> = [split].into_iter().chain(made).collect();
    scene.edit_transactions(|payments| payments.extend(made));
}

/// Mallory makes as much money as leaves room for a subsidy less one grain.
fn make_until_a_subsidy_is_left(scene: &mut Scene) {
    let subsidy = scene.ledger.params().subsidy(scene.block.header.height);
    // the block of the story pays one subsidy, and this block one before it
    let room = Amount::MAX_MONEY.saturating_sub(scene.ledger.state().issued).saturating_sub(subsidy);
    let made = room.saturating_sub(subsidy).saturating_add(GRAIN);
    // the payment that makes it spends a grain
    make(scene, &[made.saturating_add(GRAIN)]);
}

/// One payment of the largest coin and the smallest other one.
fn spend_all_and_one(scene: &mut Scene) {
    let coins = made_coins(scene);
    let inputs = coins.iter().map(|(outpoint, _)| *outpoint).collect();
    append(scene, inputs, vec![output(Person::Mallory, Amount::MAX_MONEY)]);
}

/// Each coin of all money is spent, and pays one grain.
fn leave_all_as_fees(scene: &mut Scene) {
    let coins = made_coins(scene);
    let whole = coins.into_iter().filter(|(_, coin)| coin.value == Amount::MAX_MONEY);
    let payments: Vec<Transaction> =
        whole.map(|(outpoint, _)| unsigned(vec![outpoint], vec![output(Person::Mallory, GRAIN)])).collect();
    let coinbase = scene.block.coinbase.clone();
    scene.edit_transactions(|block| block.extend(payments));
    scene.block.coinbase = coinbase;
    scene.recommit();
}

/// Returns Mallory's coins that no coinbase created.
fn made_coins(scene: &Scene) -> Vec<(OutPoint, TxOut)> {
    let coins = scene.ledger.coins_of(Person::Mallory.owner()).into_iter();
    coins.filter(|(_, coin)| coin.coinbase_height == 0).map(|(outpoint, coin)| (outpoint, coin.output)).collect()
}
