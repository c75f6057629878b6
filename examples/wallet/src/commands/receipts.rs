//! Receipts: the proof that a payment was made, for somebody else.

use std::{error::Error, path::Path, time::Duration};

use toycoin_core::{BlockHash, Txid};
use toycoin_examples::{receipts, say};

use crate::{chain_json, context::Context};

/// Prints a receipt. It is JSON in any case.
///
/// # Errors
/// If no block holds the payment, or nobody gives a receipt.
pub async fn prove(context: &Context<'_>, txid: Txid, outputs: &[u32]) -> Result<(), Box<dyn Error>> {
    let online = &context.arguments.online;
    let patience = Duration::from_secs(online.patience);
    let receipt = receipts::prove(&online.meeting, &context.params, txid, outputs, patience).await?;
    say!("{receipt}");
    Ok(())
}

/// Verifies a receipt, without a network.
///
/// # Errors
/// If it does not hold, or is of another network.
pub fn verify(context: &Context<'_>, path: &Path, genesis: Option<BlockHash>) -> Result<(), Box<dyn Error>> {
    let file = receipts::read(path)?;
    if let Some(genesis) = genesis.filter(|genesis| *genesis != file.genesis) {
        return Err(
            format!("not verified: the receipt's network begins with {}, not with {genesis}", file.genesis).into()
        );
    }
    let shown = receipts::verified(&file, &context.params)?;
    context.voice.both(receipts::lines(&shown, &context.params), &chain_json::shown(&shown, &context.params));
    Ok(())
}

/// Shows the tip that full nodes prove.
///
/// # Errors
/// If nobody answers, or nobody proves what is claimed.
pub async fn light_tip(context: &Context<'_>) -> Result<(), Box<dyn Error>> {
    let online = &context.arguments.online;
    let patience = Duration::from_secs(online.patience);
    let tip = receipts::tip(&online.meeting, &context.params, patience).await?;
    let mut answer = chain_json::header(&tip.header, &tip.hash);
    answer["work"] = tip.work.to_string().into();
    context.voice.both(receipts::tip_lines(&tip), &answer);
    Ok(())
}
