//! Summary of the run.

use std::error::Error;

use toycoin_core::{Amount, SecretKey};
use toycoin_examples::{
    board::Sight,
    classroom::{WALLETS, worth},
    say,
    view::short,
};

use crate::run::{Network, miner_key};

/// Prints the summary, and returns whether the supply adds up.
pub(crate) async fn print(
    network: &Network,
    sight: Sight,
    (confirmed, made): (u64, u64),
    agreed: bool,
) -> Result<bool, Box<dyn Error>> {
    say!("\ntips      {}", if agreed { "the same everywhere" } else { "NOT the same" });
    for (node, number) in network.miners().iter().zip(1..) {
        let tip = node.status().await?.tip;
        let rate = node.hash_rate() / 1e6;
        say!("  node {number}  height {:>4}  {}  {rate:>6.2} MH/s", tip.height, short(&tip.hash));
    }
    let Sight { blocks, forks, reorganisations, deepest } = sight;
    let oracle = network.oracle();
    let height = oracle.status().await?.tip.height;
    let lost = (blocks as u64).saturating_sub(height);
    say!("blocks    {blocks} published, {height} on the chain, {lost} lost their race");
    say!("forks     {forks}; {reorganisations} reorganisations of nodes, {deepest} deep at most");
    say!("payments  {confirmed} confirmed of {made} made");

    let audit = oracle.audit().await?;
    let wallets = (0..WALLETS).map(SecretKey::classroom);
    let miners = (0..).take(network.miners().len()).map(miner_key);
    let mut owned = Amount::ZERO;
    for key in wallets.chain(miners) {
        owned = owned.saturating_add(worth(oracle, &key).await?);
    }
    let (issued, coins, sum) = (audit.issued, audit.coins, audit.sum_of_coins);
    say!("supply    issued {issued} = sum of {coins} coins {sum} = wallets and miners {owned}");
    Ok(audit.holds && issued == sum && owned == issued)
}
