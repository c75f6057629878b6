//! A wallet's history in plain words, one entry per payment.

use std::collections::BTreeSet;

use toycoin_core::{
    Amount, ChainParams, OutPoint, PublicKey, Transaction, Txid,
    wallet::{HistoryEntry, Wallet},
};
use toycoin_node::{NodeHandle, Stopped};

use crate::{
    classroom::name_of,
    columns::wrap,
    light::wallet::LightWallet,
    words::{aligned, money, price},
};

/// Characters of an address that are shown, its prefix and the 1 not counted.
const ADDRESS: usize = 10;

/// What happened, from the wallet's point of view.
#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    /// Genesis gives the wallet a coin.
    Allotted,
    /// A block's reward.
    Mined,
    /// Somebody paid the wallet; `from` is known if the chain shows whose coins they were.
    Received { from: Option<PublicKey> },
    /// The wallet paid others; `None` if nobody is known.
    Paid { to: Vec<PublicKey>, fee: Option<Amount> },
    /// The wallet paid itself, which costs the fee alone.
    ToMyself { is_free: bool },
}

#[derive(Debug, Clone)]
struct Row {
    height: u64,
    /// What the wallet gains or loses.
    change: String,
    what: What,
    txid: Txid,
}

/// Returns the lines of a wallet's history, in the chain's order. Below each payment stands its id, whole, so that
/// `wallet tx` takes it.
///
/// # Errors
/// If the node has stopped.
pub async fn lines(node: &NodeHandle, wallet: &Wallet) -> Result<Vec<String>, Stopped> {
    let mut rows = Vec::new();
    for entry in wallet.history() {
        // whether it is from genesis or mined, a coinbase has nobody else
        let transaction = if entry.coinbase { None } else { node.transaction(entry.txid).await? };
        let transaction = transaction.and_then(|place| place.transaction);
        let owners = match &transaction {
            Some(transaction) => owners(node, transaction).await?,
            None => BTreeSet::new(),
        };
        rows.push(row(entry, transaction.as_ref(), &owners, wallet.address().owner()));
    }
    Ok(lines_of(&rows, node.params()))
}

/// Returns the lines of a light wallet's history, in the chain's order. Who paid it is not known, since it does not have
/// their coins.
pub fn light_lines(light: &LightWallet, params: &ChainParams) -> Vec<String> {
    let wallet = light.wallet();
    let own = wallet.address().owner();
    let row = |entry: &HistoryEntry| {
        let transaction = light.find(&entry.txid).map(|(_, transaction)| transaction);
        let spent = transaction.iter().flat_map(|transaction| &transaction.inputs);
        let is_own = |outpoint: &OutPoint| wallet.value_of(outpoint).is_some();
        let owners: BTreeSet<_> = match spent.clone().all(is_own) {
            true if transaction.is_some() => BTreeSet::from([own]),
            _ => BTreeSet::new(),
        };
        row(entry, transaction, &owners, own)
    };
    let rows: Vec<_> = wallet.history().iter().map(row).collect();
    lines_of(&rows, params)
}

/// Returns whose coins a transaction spends, as far as the node knows.
async fn owners(node: &NodeHandle, transaction: &Transaction) -> Result<BTreeSet<PublicKey>, Stopped> {
    let mut owners = BTreeSet::new();
    for OutPoint { txid, vout } in &transaction.inputs {
        let Some(place) = node.transaction(*txid).await? else { continue };
        let outputs = match (place.transaction, place.block) {
            (Some(transaction), _) => transaction.outputs,
            (None, Some((block, _))) => match node.block(block).await? {
                Some(block) => block.block().coinbase.outputs.clone(),
                None => continue,
            },
            (None, None) => continue,
        };
        owners.extend(usize::try_from(*vout).ok().and_then(|vout| outputs.get(vout)).map(|output| output.owner));
    }
    Ok(owners)
}

fn row(entry: &HistoryEntry, transaction: Option<&Transaction>, owners: &BTreeSet<PublicKey>, own: PublicKey) -> Row {
    let HistoryEntry { txid, height, received, spent, coinbase } = *entry;
    let outputs = transaction.map_or(&[][..], |transaction| &transaction.outputs);
    let mut seen = BTreeSet::from([own]);
    let others: Vec<_> = outputs.iter().map(|output| output.owner).filter(|owner| seen.insert(*owner)).collect();
    let only = |owner| owners.len() == 1 && owners.contains(&owner);
    let what = match () {
        () if coinbase && height == 0 => What::Allotted,
        () if coinbase => What::Mined,
        () if spent == Amount::ZERO => What::Received { from: owners.first().copied().filter(|owner| only(*owner)) },
        () if received > spent => What::Received { from: None },
        () if transaction.is_some() && others.is_empty() => What::ToMyself { is_free: received == spent },
        () => {
            let paid: Amount = outputs.iter().map(|output| output.value).sum();
            let fee = transaction.filter(|_| only(own)).map(|_| spent.saturating_sub(paid));
            What::Paid { to: others, fee }
        }
    };
    let change = match () {
        () if received > spent => format!("+{}", price(received.saturating_sub(spent))),
        () if received < spent => format!("-{}", price(spent.saturating_sub(received))),
        () => price(Amount::ZERO),
    };
    Row { height, change, what, txid }
}

fn lines_of(rows: &[Row], params: &ChainParams) -> Vec<String> {
    if rows.is_empty() {
        return vec!["no payments yet: nobody has paid this key, and it has not paid".into()];
    }
    let changes = aligned(&rows.iter().map(|row| row.change.clone()).collect::<Vec<_>>());
    let widest = rows.iter().map(|row| row.height.to_string().len()).max().unwrap_or(0);
    let mut lines = Vec::new();
    for (row, change) in rows.iter().zip(changes) {
        let before = format!("block {:>widest$}  {change}  ", row.height);
        lines.extend(wrap(&before, &said(&row.what, params)));
        // a reward has its block's height, which `wallet block` takes
        if !matches!(row.what, What::Allotted | What::Mined) {
            lines.push(format!("  {}", row.txid));
        }
    }
    lines
}

fn said(what: &What, params: &ChainParams) -> String {
    match what {
        What::Allotted => "allotted at genesis".to_owned(),
        What::Mined => "mined".to_owned(),
        What::Received { from: None } => "received".to_owned(),
        What::Received { from: Some(from) } => format!("received from {}", somebody(*from, params)),
        What::ToMyself { is_free: true } => "to myself".to_owned(),
        What::ToMyself { is_free: false } => "to myself, the fee".to_owned(),
        What::Paid { to, fee } => {
            let to = match &to[..] {
                [] => "paid".to_owned(),
                [only] => format!("paid to {}", somebody(*only, params)),
                [first, others @ ..] => format!("paid to {} and {} more", somebody(*first, params), others.len()),
            };
            match fee {
                Some(fee) if *fee > Amount::ZERO => format!("{to}, fee {}", money(*fee)),
                _ => to,
            }
        }
    }
}

/// Returns a person's name, or the beginning of an address.
fn somebody(owner: PublicKey, params: &ChainParams) -> String {
    name_of(owner).map_or_else(
        || {
            let shown = params.spec().address_prefix.as_str().len() + 1 + ADDRESS;
            format!("{}...", params.address(owner).to_string().chars().take(shown).collect::<String>())
        },
        str::to_owned,
    )
}

#[cfg(test)]
mod tests;
