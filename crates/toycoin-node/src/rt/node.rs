//! A node in your program: ask it, listen to it, end it.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use tokio::sync::{Notify, broadcast, mpsc, oneshot, watch};
use toycoin_core::{
    BlockHash, ChainParams, CheckedBlock, OutPoint, PublicKey, Transaction, Txid,
    chain::Audit,
    export::{BlockLine, NetworkLine},
    utxo::Coin,
};

use crate::{
    protocol::{ChainDelta, Confirmed, Event, PeerInfo, Request, RequestId, Response, Status, TransactionPlace},
    rt::{
        EventsSince, ExportError, PaymentError, RelayError, RelayState, SinceError, Stopped, driver::Message,
        life::Life,
    },
};

/// Asks a running node; cheap to clone.
///
/// The node runs until [`shutdown`](Self::shutdown), or until the last handle is dropped; [`EventsSince`] holds one. Its
/// threads, its connections and its store end with it. Only `shutdown` waits for that and says whether the store is sound.
///
/// What is asked of a node that has ended is answered with [`Stopped`].
#[derive(Debug, Clone)]
pub struct NodeHandle {
    pub(super) params: ChainParams,
    pub(super) sender: mpsc::Sender<Message>,
    /// Weak, so that the events end with the node.
    pub(super) events: broadcast::WeakSender<Event>,
    pub(super) relays: watch::Receiver<Vec<RelayState>>,
    pub(super) hashes: Arc<AtomicU64>,
    pub(super) life: Life,
    /// Tells the driver that somebody does not wait any more.
    pub(super) abandoned: Arc<Notify>,
    pub(super) next_request: Arc<AtomicU64>,
    pub(super) started: Instant,
}

impl NodeHandle {
    /// Returns the network's parameters.
    pub const fn params(&self) -> &ChainParams {
        &self.params
    }

    /// Returns how each relay connection is, in the order in which the relays were given. None stands once the node has
    /// ended.
    pub fn relays(&self) -> Vec<RelayState> {
        let relays = self.relays.borrow().clone();
        if self.has_ended() {
            let ended = RelayState::Failed { reason: "the node has stopped".to_owned() };
            return vec![ended; relays.len()];
        }
        relays
    }

    /// Waits until a relay connection is ready. A node tries all its relays for ever; whoever wants to know whether that
    /// makes sense asks here. Without relays there is nothing to wait for.
    ///
    /// # Errors
    /// When each relay has failed at least once and none stands, or the node has stopped.
    pub async fn wait_for_relay(&self) -> Result<(), RelayError> {
        let mut relays = self.relays.clone();
        let decided = |relays: &Vec<RelayState>| {
            relays.iter().any(RelayState::is_ready) || relays.iter().all(|relay| relay.failure().is_some())
        };
        let decided = relays.wait_for(decided).await.map(|relays| relays.clone());
        let relays = decided.ok().filter(|_| !self.has_ended()).ok_or_else(|| self.stopped())?;
        if relays.is_empty() || relays.iter().any(RelayState::is_ready) {
            return Ok(());
        }
        let failures = relays.iter().filter_map(RelayState::failure).map(str::to_owned).collect();
        Err(RelayError::NoRelay { failures })
    }

    /// Hands a transaction to the network, again and again until it is confirmed.
    ///
    /// # Errors
    /// When the node does not take it, or has stopped.
    pub async fn submit(&self, transaction: Transaction) -> Result<Txid, PaymentError> {
        match self.ask(Request::Submit(transaction)).await? {
            Response::Submitted(submitted) => submitted.map_err(PaymentError::Refused),
            other => misfit(&other),
        }
    }

    /// Returns how the node is doing: tip, mempool, connections.
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

    /// Returns a block by its hash, on whatever branch.
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

    /// Returns where a transaction is: in the mempool, in a block, or nowhere.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn transaction(&self, txid: Txid) -> Result<Option<TransactionPlace>, Stopped> {
        match self.ask(Request::Transaction(txid)).await? {
            Response::Transaction(found) => Ok(found),
            other => misfit(&other),
        }
    }

    /// Hands a transaction to the network and waits until it has so many confirmations, its own block's included. Nothing
    /// can happen to it in between that the answer does not tell. One that is confirmed already is waited for.
    ///
    /// Dropping the future ends the wait and not the payment.
    ///
    /// # Errors
    /// [`PaymentError::Refused`] when the node does not take it, [`PaymentError::NotConfirmed`] when it is dropped later, or when the node
    /// has stopped.
    pub async fn submit_and_wait(
        &self,
        transaction: Transaction,
        confirmations: u64,
    ) -> Result<Confirmed, PaymentError> {
        self.ask_for_confirmations(Request::SubmitAndWait { transaction, confirmations }).await
    }

    /// Waits until a transaction has so many confirmations; counts again if a reorganisation takes them away. Dropping
    /// the future ends the wait.
    ///
    /// # Errors
    /// When the transaction is dropped, was dropped lately or is not known to the node, or the node has stopped.
    pub async fn wait_for_confirmations(&self, txid: Txid, confirmations: u64) -> Result<Confirmed, PaymentError> {
        self.ask_for_confirmations(Request::WaitForConfirmations { txid, confirmations }).await
    }

    /// Begins or stops to mine, if the node was built to.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn set_mining(&self, enabled: bool) -> Result<(), Stopped> {
        self.ask(Request::SetMining(enabled)).await.map(drop)
    }

    /// Returns the peers that are known.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn peers(&self) -> Result<Vec<PeerInfo>, Stopped> {
        match self.ask(Request::Peers).await? {
            Response::Peers(peers) => Ok(peers),
            other => misfit(&other),
        }
    }

    /// Counts the supply from the coins and compares it with the tip's state root.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn audit(&self) -> Result<Audit, Stopped> {
        match self.ask(Request::Audit).await? {
            Response::Audit(audit) => Ok(audit),
            other => misfit(&other),
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
    pub async fn blocks_since(&self, block: BlockHash) -> Result<ChainDelta, SinceError> {
        match self.ask(Request::Since(block)).await? {
            Response::Since(since) => since.ok_or(SinceError::UnknownBlock(block)),
            other => misfit(&other),
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
    pub async fn export(&self, mut out: impl io::Write) -> Result<u64, ExportError> {
        let hashes = match self.ask(Request::ActiveChain).await? {
            Response::ActiveChain(hashes) => hashes,
            other => misfit(&other),
        };
        writeln!(out, "{}", NetworkLine(&self.params)).map_err(ExportError::Write)?;
        let mut blocks = 0;
        for hash in hashes {
            // by hash: a reorganisation meanwhile makes no mixture
            let block = self.block(hash).await?.ok_or(ExportError::Lost(hash))?;
            writeln!(out, "{}", BlockLine(block.block())).map_err(ExportError::Write)?;
            blocks += 1;
        }
        out.flush().map_err(ExportError::Write)?;
        Ok(blocks)
    }

    /// Returns the hashes a second that the miner threads made, on average since the start.
    pub fn hash_rate(&self) -> f64 {
        self.hashes.load(Ordering::Relaxed) as f64 / self.started.elapsed().as_secs_f64().max(1e-9)
    }

    /// Ends the node: miners, machine, connections. What is asked meanwhile finds it stopped. Returns once the store is
    /// closed, and says the same to everybody who calls it, however often.
    ///
    /// # Errors
    /// When its store has failed, or its thread has panicked.
    pub async fn shutdown(&self) -> Result<(), Stopped> {
        self.life.end().await.map_err(|reason| Stopped { reason: Some(reason) })
    }

    async fn ask_for_block(&self, request: Request) -> Result<Option<Arc<CheckedBlock>>, Stopped> {
        match self.ask(request).await? {
            Response::Block(block) => Ok(block),
            other => misfit(&other),
        }
    }

    async fn ask_for_confirmations(&self, request: Request) -> Result<Confirmed, PaymentError> {
        match self.ask(request).await? {
            Response::Confirmed(confirmed) => Ok(confirmed),
            Response::NotConfirmed(error) => Err(PaymentError::NotConfirmed(error)),
            Response::Submitted(Err(error)) => Err(PaymentError::Refused(error)),
            other => misfit(&other),
        }
    }

    async fn ask(&self, request: Request) -> Result<Response, Stopped> {
        let id = RequestId(self.next_request.fetch_add(1, Ordering::Relaxed));
        let (reply, answer) = oneshot::channel();
        self.sender.send(Message::Request { id, request, reply }).await.map_err(|_| self.stopped())?;
        let mut pending = Pending { answer, abandoned: &self.abandoned };
        match (&mut pending.answer).await {
            Ok(Response::Halted) | Err(_) => Err(self.stopped()),
            Ok(response) => Ok(response),
        }
    }

    /// Returns whether the node takes no more requests.
    fn has_ended(&self) -> bool {
        self.sender.is_closed()
    }

    fn stopped(&self) -> Stopped {
        Stopped { reason: self.life.failure() }
    }
}

/// Answers of the wrong kind are a fault of this crate.
fn misfit(response: &Response) -> ! {
    panic!("the node answered another question: {response:?}")
}

/// An answer that somebody waits for; dropped before it came, the request is taken back.
struct Pending<'a> {
    answer: oneshot::Receiver<Response>,
    abandoned: &'a Notify,
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        self.answer.close();
        self.abandoned.notify_one();
    }
}
