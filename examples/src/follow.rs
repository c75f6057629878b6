//! Wallets that follow a node's chain.

use std::error::Error;

use toycoin_core::wallet::Wallet;
use toycoin_node::NodeHandle;

/// Applies to wallets, which all have the same tip, every change of the node's chain since that tip.
///
/// # Errors
/// If the node has stopped, or a block does not fit a wallet's tip.
pub async fn follow(node: &NodeHandle, wallets: &mut [Wallet]) -> Result<(), Box<dyn Error>> {
    let Some(tip) = wallets.first().map(Wallet::tip) else { return Ok(()) };
    let mut at = tip;
    loop {
        let since = node.blocks_since(at).await?;
        for block in &since.disconnected {
            wallets.iter_mut().try_for_each(|wallet| wallet.disconnect(block.block()))?;
        }
        for block in &since.connected {
            wallets.iter_mut().try_for_each(|wallet| wallet.connect(block.block()))?;
        }
        at = wallets.first().map_or(at, Wallet::tip);
        if since.complete {
            return Ok(());
        }
    }
}
