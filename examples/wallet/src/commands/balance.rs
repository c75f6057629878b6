//! What a wallet has.

use std::error::Error;

use serde_json::{Value, json};
use toycoin_core::{OutPoint, utxo::Coin, wallet::Wallet};
use toycoin_examples::{
    columns::{WIDTH, width},
    words::{aligned, money},
};

use crate::{context::Context, session::Session};

/// Shows the balance, and each coin if that is wanted.
///
/// # Errors
/// Never yet.
pub fn balance(context: &Context<'_>, session: &Session, is_in_coins: bool) -> Result<(), Box<dyn Error>> {
    let wallet = session.wallet();
    let balance = wallet.balance();
    let mut said = lines(wallet);
    let mut answer = json!({
        "total": balance.total().to_string(),
        "available": balance.available.to_string(),
        "immature": balance.immature.to_string(),
        "reserved": balance.reserved.to_string(),
        "pending_change": balance.pending_change.to_string(),
        "height": wallet.height(),
    });
    if is_in_coins {
        let coins = coins(wallet);
        said.extend(coin_lines(context, session, &coins));
        answer["coins"] = coins.iter().map(|coin| coin_json(context, session, coin)).collect();
    }
    said.extend(session.doubt());
    context.voice.both(said, &answer);
    Ok(())
}

/// Returns the lines about a balance.
pub fn lines(wallet: &Wallet) -> Vec<String> {
    let balance = wallet.balance();
    let mut lines = vec![format!("{} toycoins at height {}", money(balance.total()), wallet.height())];
    if let Some(last) = wallet.immature().map(|(_, coin)| wallet.matures_at(&coin)).max() {
        let (now, rewards) = (money(balance.available), money(balance.immature));
        let rewards = format!("{rewards} are immature rewards, the last until block {last}");
        lines.extend(halves(format!("{now} can be spent now"), rewards));
    }
    if wallet.pending().next().is_some() {
        let (reserved, back) = (money(balance.reserved), money(balance.pending_change));
        let back = format!("{back} of it come back as change");
        lines.extend(halves(format!("{reserved} are in payments that wait for a block"), back));
    }
    lines
}

/// Returns two halves of a sentence in one line if they fit, and else in two.
fn halves(one: String, other: String) -> Vec<String> {
    let line = format!("{one}; {other}");
    if width(&line) <= WIDTH { vec![line] } else { vec![one + ";", other] }
}

/// A coin of the wallet, and what stands in the way of spending it.
struct OwnCoin {
    outpoint: OutPoint,
    coin: Coin,
    state: &'static str,
}

/// Returns all coins: those that can be spent, the immature ones, and change that no block holds yet.
fn coins(wallet: &Wallet) -> Vec<OwnCoin> {
    let all = |coins: Vec<(OutPoint, Coin)>, state| {
        coins.into_iter().map(move |(outpoint, coin)| OwnCoin { outpoint, coin, state })
    };
    let spendable = all(wallet.spendable().collect(), "available");
    let immature = all(wallet.immature().collect(), "immature");
    let pending = all(wallet.pending_change().collect(), "pending change");
    spendable.chain(immature).chain(pending).collect()
}

fn coin_lines(context: &Context<'_>, session: &Session, coins: &[OwnCoin]) -> Vec<String> {
    let values = aligned(&coins.iter().map(|coin| money(coin.coin.output.value)).collect::<Vec<_>>());
    let mut lines = Vec::new();
    for (OwnCoin { outpoint, coin, state }, value) in coins.iter().zip(values) {
        let address = context.params.address(coin.output.owner);
        lines.push(outpoint.to_string());
        let place = session.identity.place_of(&coin.output.owner).map(|place| format!("{place}  ")).unwrap_or_default();
        let note = match *state {
            "immature" => format!("until block {}", session.wallet().matures_at(coin)),
            state => state.to_owned(),
        };
        lines.push(format!("  {value}  {note}"));
        lines.push(format!("  {place}{address}"));
    }
    lines
}

fn coin_json(context: &Context<'_>, session: &Session, OwnCoin { outpoint, coin, state }: &OwnCoin) -> Value {
    let name = outpoint.to_string();
    json!({
        "coin": name,
        "value": coin.output.value.to_string(),
        "state": state,
        "address": context.params.address(coin.output.owner).to_string(),
        "place": session.identity.place_of(&coin.output.owner).map(|place| place.to_string()),
        "label": session.labels.text("output", &name),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_that_is_too_long_has_two_lines() {
        let now = "100,000,000.00000001 can be spent now".to_owned();
        let rewards = |block: &str| format!("50 are immature rewards, until {block}");
        assert_eq!(halves(now.clone(), rewards("7")), [format!("{now}; {}", rewards("7"))]);
        let long = rewards("block 1,000,000");
        assert_eq!(halves(now.clone(), long.clone()), [now + ";", long]);
    }
}
