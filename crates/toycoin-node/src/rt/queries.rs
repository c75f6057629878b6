//! What a handle asks its node about chain, mempool and peers. The answers change nothing.

use std::{io, sync::Arc};

use toycoin_core::{
    BlockHash, CheckedBlock, OutPoint, PublicKey, Txid,
    chain::Audit,
    export::{BlockLine, NetworkLine},
    utxo::Coin,
};

use crate::{
    protocol::{ChainDelta, PeerInfo, Request, Response, Status, TransactionPlace},
    rt::{ExportError, NodeHandle, SinceError, Stopped, node::misfit},
};

impl NodeHandle {
    /// Returns the node's status: tip, mempool, connections.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn status(&self) -> Result<Status, Stopped> {
        match self.ask(Request::Status).await? {
            Response::Status(status) => Ok(status),
            other => misfit(&other),
        }
    }

    /// Returns an owner's coins, immature ones included.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn coins_of(&self, owner: PublicKey) -> Result<Vec<(OutPoint, Coin)>, Stopped> {
        match self.ask(Request::Coins(owner)).await? {
            Response::Coins(coins) => Ok(coins),
            other => misfit(&other),
        }
    }

    /// Returns a block of any branch by its hash.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn block(&self, hash: BlockHash) -> Result<Option<Arc<CheckedBlock>>, Stopped> {
        self.ask_for_block(Request::Block(hash)).await
    }

    /// Returns the block of the active chain at a height.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn block_at(&self, height: u64) -> Result<Option<Arc<CheckedBlock>>, Stopped> {
        self.ask_for_block(Request::BlockAt(height)).await
    }

    /// Returns a transaction with its location, if it is in the mempool or on the active chain.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn transaction(&self, txid: Txid) -> Result<Option<TransactionPlace>, Stopped> {
        match self.ask(Request::Transaction(txid)).await? {
            Response::Transaction(found) => Ok(found),
            other => misfit(&other),
        }
    }

    /// Returns the known peers.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn peers(&self) -> Result<Vec<PeerInfo>, Stopped> {
        match self.ask(Request::Peers).await? {
            Response::Peers(peers) => Ok(peers),
            other => misfit(&other),
        }
    }

    /// Counts the supply from the UTXO set and compares it with the tip's state root.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn audit(&self) -> Result<Audit, Stopped> {
        match self.ask(Request::Audit).await? {
            Response::Audit(audit) => Ok(audit),
            other => misfit(&other),
        }
    }

    /// Returns some of the tip's moves since `block`. Ask again from the last of them until the answer is complete.
    ///
    /// # Errors
    /// When the node does not know the block, or has stopped.
    pub async fn blocks_since(&self, block: BlockHash) -> Result<ChainDelta, SinceError> {
        match self.ask(Request::Since(block)).await? {
            Response::Since(since) => since.ok_or(SinceError::UnknownBlock(block)),
            other => misfit(&other),
        }
    }

    /// Writes the present active chain as lines of JSON ([`toycoin_core::export`]). Returns the number of blocks.
    ///
    /// # Errors
    /// When `out` fails, the store has lost a block, or the node has stopped.
    pub async fn export(&self, mut out: impl io::Write) -> Result<u64, ExportError> {
        let hashes = match self.ask(Request::ActiveChain).await? {
            Response::ActiveChain(hashes) => hashes,
            other => misfit(&other),
        };
        writeln!(out, "{}", NetworkLine(&self.params)).map_err(ExportError::Write)?;
        let mut blocks = 0;
        for hash in hashes {
            // by hash, so that a reorganisation meanwhile does not mix two branches
            let block = self.block(hash).await?.ok_or(ExportError::Lost(hash))?;
            writeln!(out, "{}", BlockLine(block.block())).map_err(ExportError::Write)?;
            blocks += 1;
        }
        out.flush().map_err(ExportError::Write)?;
        Ok(blocks)
    }

    async fn ask_for_block(&self, request: Request) -> Result<Option<Arc<CheckedBlock>>, Stopped> {
        match self.ask(request).await? {
            Response::Block(block) => Ok(block),
            other => misfit(&other),
        }
    }
}
