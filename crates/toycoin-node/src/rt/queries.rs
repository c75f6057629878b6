//! What a handle asks its node about chain, mempool and peers. The answers change nothing.

use std::{io, sync::Arc};

use toycoin_core::{
    BlockHash, CheckedBlock, OutPoint, PublicKey, Txid,
    chain::{Audit, HeaderCursor, HeaderPage, KnownHeader},
    export::{BlockLine, NetworkLine},
    utxo::Coin,
};

use crate::{
    mempool::{MempoolCursor, MempoolPage},
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

    /// Returns the known headers of all branches from a height or a page's [`next`](HeaderPage::next) on, each with its
    /// standing: at most `limit`, and at most [`HEADER_PAGE`](crate::limits::HEADER_PAGE).
    ///
    /// Headers that are held back until their chain has more work than the tip
    /// ([`Status::held_headers`]) are not among them.
    ///
    /// ```no_run
    /// # async fn example(node: toycoin_node::NodeHandle) -> Result<(), toycoin_node::Stopped> {
    /// let mut page = node.headers(100, 1_000).await?;
    /// loop {
    ///     for known in &page.headers {
    ///         println!("{} {} {:?}", known.header.height, known.hash, known.standing);
    ///     }
    ///     let Some(next) = page.next else { break };
    ///     page = node.headers(next, 1_000).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn headers(&self, from: impl Into<HeaderCursor>, limit: usize) -> Result<HeaderPage, Stopped> {
        match self.ask(Request::Headers { from: from.into(), limit }).await? {
            Response::Headers(page) => Ok(page),
            other => misfit(&other),
        }
    }

    /// Returns the tips of all branches: the active chain's first, then those with the most work, at most
    /// [`TIPS`](crate::limits::TIPS).
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn tips(&self) -> Result<Vec<KnownHeader>, Stopped> {
        match self.ask(Request::Tips).await? {
            Response::Tips(tips) => Ok(tips),
            other => misfit(&other),
        }
    }

    /// Returns what waits in the mempool after a position, or its beginning: at most `limit` payments, at most
    /// [`MEMPOOL_PAGE`](crate::limits::MEMPOOL_PAGE) of them, and about 1 MB of payments. The best package comes first,
    /// as in mining; see [`MempoolPage`].
    ///
    /// A node learns of payments only while it is connected. So the mempool of one that has just joined has few, even if
    /// others wait elsewhere.
    ///
    /// ```no_run
    /// # async fn example(node: toycoin_node::NodeHandle) -> Result<(), toycoin_node::Stopped> {
    /// let mut page = node.mempool(None, 100).await?;
    /// println!("{} payments of {} bytes", page.count, page.bytes);
    /// loop {
    ///     for payment in &page.entries {
    ///         let waited = page.now.saturating_since(payment.since);
    ///         println!("{} pays {} and has waited {waited:?}", payment.txid, payment.fee);
    ///     }
    ///     let Some(next) = page.next else { break };
    ///     page = node.mempool(Some(next), 100).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn mempool(&self, after: Option<MempoolCursor>, limit: usize) -> Result<MempoolPage, Stopped> {
        match self.ask(Request::Mempool { after, limit }).await? {
            Response::Mempool(page) => Ok(page),
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
    /// When the node does not know the block, has pruned blocks above it, or has stopped.
    pub async fn blocks_since(&self, block: BlockHash) -> Result<ChainDelta, SinceError> {
        match self.ask(Request::Since(block)).await? {
            Response::Since(since) => since.ok_or(SinceError::UnknownBlock(block)),
            other => misfit(&other),
        }
    }

    /// Writes the present active chain as lines of JSON ([`toycoin_core::export`]). Returns the number of blocks.
    ///
    /// # Errors
    /// When the node does not have all blocks, `out` fails, the store has lost a block, or the node has stopped.
    pub async fn export(&self, mut out: impl io::Write) -> Result<u64, ExportError> {
        match self.status().await?.first_block {
            0 => {}
            first => return Err(ExportError::Incomplete { first }),
        }
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
