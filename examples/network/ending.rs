//! The end: all nodes have one tip, and the money adds up.

use std::error::Error;

use toycoin_core::Amount;
use toycoin_examples::{
    block_row::short,
    classroom::worth,
    words::{count, money},
};

use crate::{network::miner_owner, people::Person, story::Story};

/// Tells the end of a story whose nodes have settled, and checks its claims.
///
/// # Errors
/// If a claim does not hold.
pub(crate) async fn tell(story: &Story<'_>) -> Result<(), Box<dyn Error>> {
    let network = &story.network;
    let tips = network.tips().await?;
    let tip = *tips.first().ok_or("there is no node")?;
    let is_one = tips.iter().all(|other| other.hash == tip.hash);

    let params = network.watcher().params();
    let genesis: Amount = params.spec().allocations.iter().map(|output| output.value).sum();
    let subsidy: Amount = (1..=tip.height).map(|height| params.subsidy(height)).sum();
    let audit = network.watcher().audit().await?;
    let mut wallets = Amount::ZERO;
    for person in Person::ALL {
        wallets = wallets.saturating_add(worth(network.watcher(), &person.key()).await?);
    }
    let mut miners = Amount::ZERO;
    for number in 0..network.miners() {
        let coins = network.watcher().coins_of(miner_owner(number)).await?;
        miners = miners.saturating_add(coins.iter().map(|(_, coin)| coin.output.value).sum());
    }

    let total = genesis.saturating_add(subsidy);
    let each = params.subsidy(1);
    let mined = if params.subsidy(tip.height) == each {
        format!("{} x {}", tip.height, money(each))
    } else {
        format!("{} of {} blocks", money(subsidy), tip.height)
    };
    let page = story.page;
    page.heading("end");
    let issued = format!("{} at genesis + {mined} = {} = {} coins", money(genesis), money(total), audit.coins);
    page.prose("  money   ", &issued);
    page.prose("          ", &format!("= wallets {} + miners {}", money(wallets), money(miners)));
    let (blocks, forks) = story.seen();
    let stale = blocks.saturating_sub(tip.height);
    page.prose(
        "  blocks  ",
        &format!(
            "{blocks} valid: {} on the chain, {stale} stale; {}, {}",
            tip.height,
            count(forks as u64, "fork"),
            count(story.reorganisations, "reorganisation")
        ),
    );
    page.prose("  paid    ", &format!("{} confirmed", count(story.people.confirmed(), "payment")));
    let agreed = if is_one { "all nodes are on one tip" } else { "the nodes are NOT on one tip" };
    page.prose("  tip     ", &format!("{agreed}: block {} {}", tip.height, short(tip.hash)));
    for number in 0..network.miners() {
        let (name, rate) = (network.name(number), network.node(number).hash_rate() / 1e6);
        let coins = network.watcher().coins_of(miner_owner(number)).await?;
        let (mined, owned) = (coins.len() as u64, coins.iter().map(|(_, coin)| coin.output.value).sum());
        page.prose(
            "          ",
            &format!("{name} mined {} for {}, at {rate:.2} MH/s", count(mined, "block"), money(owned)),
        );
    }
    page.prose("  try next: ", "wallet new | relay | node --payout ADDRESS | simulate --seeds 20");

    if !is_one {
        return Err("the nodes do not agree on a tip".into());
    }
    let adds_up =
        audit.holds && audit.issued == total && audit.sum_of_coins == total && wallets.saturating_add(miners) == total;
    if adds_up { Ok(()) } else { Err("the money does not add up".into()) }
}
