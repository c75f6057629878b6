//! The rows of a wallet's history, with what a node or a light client knows of each.

use std::sync::Arc;

use toycoin_core::{Block, CheckedBlock, OutPoint, PublicKey, Transaction, wallet::Wallet};
use toycoin_node::{NodeHandle, Stopped};

use super::{
    entry::{Entry, entries},
    row::Row,
    wanted::Wanted,
};
use crate::light::wallet::LightWallet;

/// Returns the rows of a wallet that follows a node, in the chain's order, the pending ones last.
///
/// # Errors
/// If the node has stopped.
pub async fn rows(node: &NodeHandle, wallet: &Wallet, wanted: &Wanted<'_>) -> Result<Vec<Row>, Stopped> {
    let mut rows = Vec::new();
    // neighbours are often in one block
    let mut block: Option<Arc<CheckedBlock>> = None;
    for entry in entries(wallet, wanted) {
        if let Some(height) = entry.height
            && block.as_ref().is_none_or(|block| block.block().header.height != height)
        {
            block = node.block_at(height).await?;
        }
        let holder = block.as_ref().filter(|_| entry.height.is_some());
        let held = || holder?.transactions().find(|(txid, _)| *txid == entry.txid).map(|(_, transaction)| transaction);
        let transaction = entry.pending.or_else(held);
        let payers = match transaction.filter(|_| entry.is_received()) {
            Some(transaction) => payers(node, transaction).await?,
            None => Vec::new(),
        };
        let time = holder.map(|block| block.block().header.time);
        rows.push(entry.row(wallet, transaction, &payers, time, wanted));
    }
    Ok(rows)
}

/// Returns the rows of a light wallet, in the chain's order, the pending ones last. Who paid it is not known, since it
/// does not have their coins.
pub fn light_rows(light: &LightWallet, wanted: &Wanted<'_>) -> Vec<Row> {
    let (wallet, params) = (light.wallet(), light.client().params());
    let block = |height| if height == 0 { Some(params.genesis()) } else { light.block_at(height) };
    let held = |block: &'_ Block, txid| block.transactions.iter().position(|transaction| transaction.txid() == txid);
    let row = |entry: Entry<'_>| {
        let block = entry.height.and_then(block);
        let place = block.filter(|_| !entry.is_coinbase()).and_then(|block| held(block, entry.txid));
        let transaction = block.zip(place).and_then(|(block, place)| block.transactions.get(place));
        let time = block.map(|block| block.header.time);
        entry.row(wallet, entry.pending.or(transaction), &[], time, wanted)
    };
    entries(wallet, wanted).into_iter().map(row).collect()
}

/// Returns whose coins a transaction spends, as far as the node knows.
async fn payers(node: &NodeHandle, transaction: &Transaction) -> Result<Vec<PublicKey>, Stopped> {
    let mut owners = Vec::new();
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
