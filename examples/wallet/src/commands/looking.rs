//! What there is on the chain. No wallet is needed for it.

use std::{error::Error, time::Duration};

use clap::error::ErrorKind;
use serde_json::Value;
use toycoin_examples::{
    inspect::{self, BlockName},
    joining::catch_up,
    mempool_rows::ROWS,
    usage::refuse,
};
use toycoin_node::NodeHandle;

use crate::{arguments::Arguments, chain_json, command::Command, context::Context};

/// Shows the tip, a block, a payment, the mempool or the peers.
///
/// # Errors
/// If the chain cannot be had, or there is no such thing.
pub async fn look(context: &Context<'_>) -> Result<(), Box<dyn Error>> {
    let (online, arguments) = (&context.arguments.online, context.arguments);
    if online.light.light {
        let what = "--light has no chain to show this from; leave it out, so that the wallet fetches the chain";
        refuse::<Arguments>(ErrorKind::ArgumentConflict, what);
    }
    let node = online.meeting.node(context.params.clone(), "wallet").await?.spawn().await?;
    let patience = Duration::from_secs(online.patience);
    online.meeting.wait(&node, patience).await?;
    catch_up(&node, patience).await?;
    if arguments.json {
        context.voice.answer(&value(context, &node).await?);
        return Ok(node.shutdown().await?);
    }
    let lines = match arguments.command {
        Command::Block { block } => inspect::block(&node, block).await,
        Command::Tx { txid } => inspect::payment(&node, txid).await,
        Command::Mempool => inspect::mempool(&node).await,
        Command::Peers => inspect::peers(&node, false).await,
        _ => inspect::tip(&node).await,
    }?;
    context.voice.lines(lines);
    Ok(node.shutdown().await?)
}

/// Returns the same for programs.
async fn value(context: &Context<'_>, node: &NodeHandle) -> Result<Value, Box<dyn Error>> {
    let params = &context.params;
    Ok(match context.arguments.command {
        Command::Block { block } => block_value(node, block).await?,
        Command::Tx { txid } => chain_json::payment(txid, &inspect::place_of(node, txid).await?, params),
        Command::Mempool => chain_json::mempool(&node.mempool(None, ROWS).await?),
        Command::Peers => {
            let lines = inspect::peers(node, true).await?;
            lines.iter().map(|line| serde_json::from_str(line)).collect::<Result<Vec<Value>, _>>()?.into()
        }
        _ => {
            let tip = node.status().await?.tip.hash;
            block_value(node, BlockName::Hash(tip)).await?
        }
    })
}

async fn block_value(node: &NodeHandle, name: BlockName) -> Result<Value, Box<dyn Error>> {
    let (block, confirmations) = inspect::find_block(node, name).await?;
    Ok(chain_json::block(block.block(), &block.hash(), confirmations, node.params()))
}
