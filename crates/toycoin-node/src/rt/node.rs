//! A node in your program: ask it, listen to it, end it.

use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::Instant,
};

use thiserror::Error;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use toycoin_core::{
    BlockHash, ChainParams, CheckedBlock, OutPoint, PublicKey, Transaction, Txid,
    chain::Audit,
    export::{BlockLine, NetworkLine},
    utxo::Coin,
};

use crate::{
    protocol::{
        ChainDelta, Confirmed, Event, PeerInfo, Request, RequestId, Response, Status, SubmitError, TransactionPlace,
        WaitError,
    },
    rt::{EventsSince, RelayState, driver::Message},
};

/// Why a node does not start or answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NodeError {
    /// The node was shut down, or its store failed.
    #[error("the node has stopped{}", reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default())]
    Stopped {
        /// The store's error, if that is why.
        reason: Option<String>,
    },
    /// Each of the relays has failed at least once, and none stands.
    #[error("no relay can be reached: {0}")]
    NoRelay(String),
    /// The store could not be opened.
    #[error("the chain cannot be opened: {0}")]
    Open(String),
    /// The system has no thread or randomness to give.
    #[error("the node cannot be started: {0}")]
    Start(io::Error),
    /// The transaction was not taken.
    #[error("the transaction was not taken: {0}")]
    Submit(#[source] SubmitError),
    /// The wait for confirmations is over without them.
    #[error("{0}")]
    Wait(#[source] WaitError),
    /// A block that the node has never seen was to be gone on from.
    #[error("block {0} is unknown: begin again from genesis")]
    UnknownBlock(BlockHash),
    /// The export could not be written.
    #[error("the export cannot be written: {0}")]
    Export(io::Error),
    /// The node gave another answer than was asked for, which is a fault of this crate.
    #[error("the node gave an unexpected answer")]
    Unexpected,
}

/// Asks a running node; cheap to clone. The node runs until [`shutdown`](Self::shutdown).
#[derive(Debug, Clone)]
pub struct NodeHandle {
    pub(super) params: ChainParams,
    pub(super) sender: mpsc::Sender<Message>,
    /// Weak, so that the events end with the node.
    pub(super) events: broadcast::WeakSender<Event>,
    pub(super) relays: watch::Receiver<Vec<RelayState>>,
    pub(super) hashes: Arc<AtomicU64>,
    pub(super) error: Arc<Mutex<Option<String>>>,
    pub(super) thread: Arc<Mutex<Option<JoinHandle<()>>>>,
    pub(super) next_request: Arc<AtomicU64>,
    pub(super) started: Instant,
}

impl NodeHandle {
    /// Returns the network's parameters.
    pub const fn params(&self) -> &ChainParams {
        &self.params
    }

    /// Returns how each relay connection is, in the order in which the relays were given.
    pub fn relays(&self) -> Vec<RelayState> {
        self.relays.borrow().clone()
    }

    /// Waits until a relay connection is ready. A node tries all its relays for ever; whoever wants to know whether that
    /// makes sense asks here. Without relays there is nothing to wait for.
    ///
    /// # Errors
    /// When each relay has failed at least once and none stands, or the node has stopped.
    pub async fn wait_for_relay(&self) -> Result<(), NodeError> {
        let mut relays = self.relays.clone();
        let decided = |relays: &Vec<RelayState>| {
            relays.iter().any(RelayState::is_ready) || relays.iter().all(|relay| relay.failure().is_some())
        };
        let Ok(relays) = relays.wait_for(decided).await else {
            return Err(NodeError::Stopped { reason: self.reason() });
        };
        if relays.is_empty() || relays.iter().any(RelayState::is_ready) {
            return Ok(());
        }
        let failures: Vec<_> = relays.iter().filter_map(RelayState::failure).collect();
        Err(NodeError::NoRelay(failures.join(", ")))
    }

    /// Hands a transaction to the network, again and again until it is confirmed.
    ///
    /// # Errors
    /// When the node does not take it, or has stopped.
    pub async fn submit(&self, transaction: Transaction) -> Result<Txid, NodeError> {
        match self.ask(Request::Submit(transaction)).await? {
            Response::Submitted(submitted) => submitted.map_err(NodeError::Submit),
            _ => Err(NodeError::Unexpected),
        }
    }

    /// Returns how the node is doing: tip, mempool, connections.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn status(&self) -> Result<Status, NodeError> {
        match self.ask(Request::Status).await? {
            Response::Status(status) => Ok(status),
            _ => Err(NodeError::Unexpected),
        }
    }

    /// Returns an owner's coins, immature ones included.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn coins_of(&self, owner: PublicKey) -> Result<Vec<(OutPoint, Coin)>, NodeError> {
        match self.ask(Request::Coins(owner)).await? {
            Response::Coins(coins) => Ok(coins),
            _ => Err(NodeError::Unexpected),
        }
    }

    /// Returns a block by its hash, on whatever branch.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn block(&self, hash: BlockHash) -> Result<Option<Arc<CheckedBlock>>, NodeError> {
        self.ask_for_block(Request::Block(hash)).await
    }

    /// Returns the block of the active chain at a height.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn block_at(&self, height: u64) -> Result<Option<Arc<CheckedBlock>>, NodeError> {
        self.ask_for_block(Request::BlockAt(height)).await
    }

    /// Returns where a transaction is: in the mempool, in a block, or nowhere.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn transaction(&self, txid: Txid) -> Result<Option<TransactionPlace>, NodeError> {
        match self.ask(Request::Transaction(txid)).await? {
            Response::Transaction(found) => Ok(found),
            _ => Err(NodeError::Unexpected),
        }
    }

    /// Hands a transaction to the network and waits until it has so many confirmations, its own block's included. Nothing
    /// can happen to it in between that the answer does not tell. One that is confirmed already is waited for.
    ///
    /// Dropping the future ends the wait and not the payment.
    ///
    /// # Errors
    /// [`NodeError::Submit`] when the node does not take it, [`NodeError::Wait`] when it is dropped later, or when the node
    /// has stopped.
    pub async fn submit_and_wait(&self, transaction: Transaction, confirmations: u64) -> Result<Confirmed, NodeError> {
        self.ask_for_confirmations(Request::SubmitAndWait { transaction, confirmations }).await
    }

    /// Waits until a transaction has so many confirmations; counts again if a reorganisation takes them away. Dropping
    /// the future ends the wait.
    ///
    /// # Errors
    /// When the transaction is dropped, was dropped lately or is not known to the node, or the node has stopped.
    pub async fn wait_for_confirmations(&self, txid: Txid, confirmations: u64) -> Result<Confirmed, NodeError> {
        self.ask_for_confirmations(Request::WaitForConfirmations { txid, confirmations }).await
    }

    /// Begins or stops to mine, if the node was built to.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn set_mining(&self, enabled: bool) -> Result<(), NodeError> {
        self.ask(Request::SetMining(enabled)).await.map(drop)
    }

    /// Returns the peers that are known.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn peers(&self) -> Result<Vec<PeerInfo>, NodeError> {
        match self.ask(Request::Peers).await? {
            Response::Peers(peers) => Ok(peers),
            _ => Err(NodeError::Unexpected),
        }
    }

    /// Counts the supply from the coins and compares it with the tip's state root.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn audit(&self) -> Result<Audit, NodeError> {
        match self.ask(Request::Audit).await? {
            Response::Audit(audit) => Ok(audit),
            _ => Err(NodeError::Unexpected),
        }
    }

    /// Returns what happens from now on, until the node stops. Whoever is slow misses the oldest and is told how many.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        // a node that has stopped says nothing more
        self.events.upgrade().map_or_else(|| broadcast::channel(1).1, |events| events.subscribe())
    }

    /// Returns the moves of the tip from `block` to here, some blocks at a time: ask again from the last of them until
    /// the answer is complete.
    ///
    /// # Errors
    /// When the node has never seen the block, or has stopped.
    pub async fn blocks_since(&self, block: BlockHash) -> Result<ChainDelta, NodeError> {
        match self.ask(Request::Since(block)).await? {
            Response::Since(since) => since.ok_or(NodeError::UnknownBlock(block)),
            _ => Err(NodeError::Unexpected),
        }
    }

    /// Returns the blocks that left and entered the active chain from `block` to here, and then as it goes on.
    ///
    /// None is missed and none comes twice, however slow the reader is: what [`events`](Self::events) cannot promise.
    pub fn events_since(&self, block: BlockHash) -> EventsSince {
        EventsSince::new(self.clone(), block)
    }

    /// Writes the active chain as lines of JSON ([`toycoin_core::export`]), as it is now, and returns how many blocks.
    ///
    /// # Errors
    /// When `out` fails, or the node has stopped.
    pub async fn export(&self, mut out: impl io::Write) -> Result<u64, NodeError> {
        let Response::ActiveChain(hashes) = self.ask(Request::ActiveChain).await? else {
            return Err(NodeError::Unexpected);
        };
        writeln!(out, "{}", NetworkLine(&self.params)).map_err(NodeError::Export)?;
        let mut blocks = 0;
        for hash in hashes {
            // by hash: a reorganisation meanwhile makes no mixture
            let block = self.block(hash).await?.ok_or(NodeError::UnknownBlock(hash))?;
            writeln!(out, "{}", BlockLine(block.block())).map_err(NodeError::Export)?;
            blocks += 1;
        }
        out.flush().map_err(NodeError::Export)?;
        Ok(blocks)
    }

    /// Returns the hashes a second that the miner threads made, on average since the start.
    pub fn hash_rate(&self) -> f64 {
        self.hashes.load(Ordering::Relaxed) as f64 / self.started.elapsed().as_secs_f64().max(1e-9)
    }

    /// Ends the node: miners, machine, connections. Later calls find it stopped.
    ///
    /// # Errors
    /// When its store had failed.
    pub async fn shutdown(&self) -> Result<(), NodeError> {
        // a node that has stopped already has nobody to tell
        let _ = self.sender.send(Message::Shutdown).await;
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let joined = tokio::task::spawn_blocking(move || thread.join()).await;
            if !matches!(joined, Ok(Ok(()))) {
                return Err(NodeError::Stopped { reason: Some("its thread panicked".into()) });
            }
        }
        match self.reason() {
            None => Ok(()),
            reason => Err(NodeError::Stopped { reason }),
        }
    }

    async fn ask_for_block(&self, request: Request) -> Result<Option<Arc<CheckedBlock>>, NodeError> {
        match self.ask(request).await? {
            Response::Block(block) => Ok(block),
            _ => Err(NodeError::Unexpected),
        }
    }

    async fn ask_for_confirmations(&self, request: Request) -> Result<Confirmed, NodeError> {
        match self.ask(request).await? {
            Response::Confirmed(confirmed) => Ok(confirmed),
            Response::NotConfirmed(error) => Err(NodeError::Wait(error)),
            Response::Submitted(Err(error)) => Err(NodeError::Submit(error)),
            _ => Err(NodeError::Unexpected),
        }
    }

    async fn ask(&self, request: Request) -> Result<Response, NodeError> {
        let id = RequestId(self.next_request.fetch_add(1, Ordering::Relaxed));
        let (reply, answer) = oneshot::channel();
        let stopped = || NodeError::Stopped { reason: self.reason() };
        self.sender.send(Message::Request { id, request, reply }).await.map_err(|_| stopped())?;
        let mut pending = Pending { id, sender: &self.sender, answered: false };
        let answer = answer.await;
        pending.answered = true;
        match answer {
            Ok(Response::Halted) | Err(_) => Err(stopped()),
            Ok(response) => Ok(response),
        }
    }

    fn reason(&self) -> Option<String> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Takes a request back if nobody waits for its answer any more.
struct Pending<'a> {
    id: RequestId,
    sender: &'a mpsc::Sender<Message>,
    answered: bool,
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        if !self.answered {
            // a full queue keeps the request waiting, within its bound
            let _ = self.sender.try_send(Message::Cancel { id: self.id });
        }
    }
}
