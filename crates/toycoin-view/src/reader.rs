//! Questions to a node, whichever stage it is on.

use std::sync::Arc;

use toycoin_core::{
    BlockHash, CheckedBlock, OutPoint, PublicKey, Transaction, Txid,
    chain::{Audit, HeaderCursor, HeaderPage, KnownHeader},
    utxo::Coin,
};
use toycoin_node::{
    NodeHandle, Stopped,
    mempool::{MempoolCursor, MempoolPage},
    protocol::{ChainDelta, PeerInfo, Request, Response, Status, SubmitError, TransactionPlace},
};

use crate::stage::simulated::SimulatedNode;

/// A node that the view asks about chain, mempool and peers.
#[derive(Debug, Clone)]
pub enum NodeReader {
    /// A node that runs in this process.
    Live(NodeHandle),
    /// A node of a simulated network.
    Simulated(SimulatedNode),
}

/// The node does not answer: it is down, or has stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the node is down; start it first, or ask another one")]
pub struct Down;

impl From<Stopped> for Down {
    fn from(_: Stopped) -> Self {
        Self
    }
}

/// A typed question: the request, and the variant of the response that answers it.
macro_rules! questions {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*) -> $answer:ty = $request:expr => $variant:ident;)*) => {
        impl NodeReader {
            $($(#[$doc])*
            ///
            /// # Errors
            /// When the node is down.
            pub async fn $name(&self, $($argument: $type),*) -> Result<$answer, Down> {
                match self.ask($request).await? {
                    Response::$variant(answer) => Ok(answer),
                    _ => Err(Down),
                }
            })*
        }
    };
}

questions! {
    /// Returns the node's status.
    status() -> Status = Request::Status => Status;
    /// Returns an owner's coins, immature ones included.
    coins_of(owner: PublicKey) -> Vec<(OutPoint, Coin)> = Request::Coins(owner) => Coins;
    /// Returns a block of any branch by its hash.
    block(hash: BlockHash) -> Option<Arc<CheckedBlock>> = Request::Block(hash) => Block;
    /// Returns the block of the active chain at a height.
    block_at(height: u64) -> Option<Arc<CheckedBlock>> = Request::BlockAt(height) => Block;
    /// Returns a transaction with its location, if it is in the mempool or on the active chain.
    transaction(txid: Txid) -> Option<TransactionPlace> = Request::Transaction(txid) => Transaction;
    /// Returns some of the tip's moves since a block.
    blocks_since(block: BlockHash) -> Option<ChainDelta> = Request::Since(block) => Since;
    /// Returns the known peers.
    peers() -> Vec<PeerInfo> = Request::Peers => Peers;
    /// Returns the known headers of all branches from a height or a cursor on.
    headers(from: HeaderCursor, limit: usize) -> HeaderPage = Request::Headers { from, limit } => Headers;
    /// Returns the tips of all branches.
    tips() -> Vec<KnownHeader> = Request::Tips => Tips;
    /// Returns a page of the mempool.
    mempool(after: Option<MempoolCursor>, limit: usize) -> MempoolPage = Request::Mempool { after, limit } => Mempool;
    /// Counts the supply and compares it with the tip's state root.
    audit() -> Audit = Request::Audit => Audit;
    /// Submits a transaction, as the node's own.
    submit(transaction: Transaction) -> Result<Txid, SubmitError> = Request::Submit(transaction) => Submitted;
}

impl NodeReader {
    async fn ask(&self, request: Request) -> Result<Response, Down> {
        match self {
            Self::Live(node) => Ok(node.request(request).await?),
            Self::Simulated(node) => node.request(request).await,
        }
    }
}
