//! A node in your program: build it, ask it, listen to it, end it.

use std::{
    fmt, io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use thiserror::Error;
use tokio::sync::{broadcast, mpsc, oneshot};
use toycoin_core::{
    BlockHash, ChainParams, CheckedBlock, FeeRate, OutPoint, PublicKey, Transaction, Txid,
    chain::{Audit, Chain, ChainError},
    store::{ChainStore, MemoryStore},
    utxo::Coin,
};
use toycoin_wire::Channel;

use crate::{
    limits::{DRIVER_QUEUE, EVENT_QUEUE, MINED_QUEUE},
    protocol::{
        Confirmed, Event, NodeConfig, NodeMachine, PeerInfo, Request, RequestId, Response, Status, SubmitError,
        TransactionPlace, WaitError,
    },
    rt::{
        driver::{Clock, Driver, Message},
        miner::Miner,
        transport,
    },
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
    /// The store could not be opened.
    #[error("the chain cannot be opened: {0}")]
    Open(String),
    /// The system has no thread or randomness to give.
    #[error("the node cannot be started: {0}")]
    Start(io::Error),
    /// The transaction was not taken.
    #[error("the transaction was not taken: {0}")]
    Submit(SubmitError),
    /// The wait for confirmations is over without them.
    #[error("{0}")]
    Wait(WaitError),
    /// The node gave another answer than was asked for, which is a fault of this crate.
    #[error("the node gave an unexpected answer")]
    Unexpected,
}

/// Builds a node.
#[derive(Debug)]
pub struct NodeBuilder<S = MemoryStore> {
    params: ChainParams,
    store: S,
    config: NodeConfig,
    relays: Vec<String>,
    threads: Option<usize>,
    throttle_percent: u32,
    seeded: bool,
}

impl NodeBuilder {
    /// Begins a node that keeps its chain in memory, mines nothing and knows no relay.
    pub fn new(params: ChainParams) -> Self {
        let config = NodeConfig::new(&params);
        let store = MemoryStore::new();
        Self { params, store, config, relays: Vec::new(), threads: None, throttle_percent: 100, seeded: false }
    }
}

impl<S: ChainStore<Error: fmt::Display> + Send + 'static> NodeBuilder<S> {
    /// Keeps the chain in another store.
    pub fn store<T>(self, store: T) -> NodeBuilder<T> {
        let Self { params, config, relays, threads, throttle_percent, seeded, .. } = self;
        NodeBuilder { params, store, config, relays, threads, throttle_percent, seeded }
    }

    /// Connects to a relay, host and port; again for more.
    #[must_use]
    pub fn relay(mut self, address: impl Into<String>) -> Self {
        self.relays.push(address.into());
        self
    }

    /// Meets its peers on another channel than `/topic/main`.
    #[must_use]
    pub fn channel(mut self, channel: Channel) -> Self {
        self.config.channel = channel;
        self
    }

    /// Mines, and pays this owner for its blocks.
    #[must_use]
    pub fn mine_to(mut self, owner: PublicKey) -> Self {
        self.config.payout = Some(owner);
        self
    }

    /// Writes this text into its coinbases, at most 64 bytes: it keeps the search apart from that of others.
    #[must_use]
    pub fn extra(mut self, extra: impl Into<Vec<u8>>) -> Self {
        self.config.extra = extra.into();
        self.config.extra.truncate(ChainParams::MAX_EXTRA);
        self
    }

    /// Mines with so many threads; by default one less than the cores, at least one.
    #[must_use]
    pub const fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Lets the miner threads work so much of the time, 1 to 100 percent.
    #[must_use]
    pub const fn throttle(mut self, percent: u32) -> Self {
        self.throttle_percent = percent;
        self
    }

    /// Waits so long before it hands out a block that it found: a slow node.
    #[must_use]
    pub const fn block_delay(mut self, delay: Duration) -> Self {
        self.config.block_delay = delay;
        self
    }

    /// Takes no transaction below this fee rate.
    #[must_use]
    pub const fn min_fee_rate(mut self, rate: FeeRate) -> Self {
        self.config.min_fee_rate = rate;
        self
    }

    /// Draws its choices from this seed instead of the system's randomness.
    #[must_use]
    pub const fn seed(mut self, seed: [u8; 32]) -> Self {
        self.config.seed = seed;
        self.seeded = true;
        self
    }

    /// Starts the node: its sockets on the runtime that this is called on, its machine and miners on threads of their own.
    ///
    /// # Errors
    /// When the store cannot be opened, or the system has no thread or randomness to give.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn spawn(mut self) -> Result<NodeHandle, NodeError> {
        if !self.seeded {
            getrandom::fill(&mut self.config.seed).map_err(|error| NodeError::Start(io::Error::other(error)))?;
        }
        let open = |error: ChainError<S::Error>| NodeError::Open(error.to_string());
        let chain = Chain::open(self.params.clone(), self.store).map_err(open)?;
        let clock = Clock::start();
        let (sender, messages) = mpsc::channel(DRIVER_QUEUE);
        let (found, mined) = mpsc::channel(MINED_QUEUE);
        let (events, _) = broadcast::channel(EVENT_QUEUE);
        let (hashes, error) = (Arc::new(AtomicU64::new(0)), Arc::new(Mutex::new(None)));
        let threads =
            if self.config.payout.is_some() { self.threads.unwrap_or_else(default_threads).max(1) } else { 0 };
        let miner =
            Miner::start(threads, self.throttle_percent, Arc::clone(&hashes), found).map_err(NodeError::Start)?;

        let mut transports = Vec::new();
        for (relay, address) in self.relays.into_iter().enumerate() {
            let random = || {
                let mut bytes = [0; 8];
                // without randomness there is no jitter, which only costs a relay a crowd
                let _ = getrandom::fill(&mut bytes);
                u64::from_le_bytes(bytes)
            };
            let wrap = move |event| Message::Transport { relay, event };
            let (handle, task) = transport(address, random, sender.clone(), wrap);
            tokio::spawn(task);
            transports.push(handle);
        }

        let machine = NodeMachine::new(chain, self.config, clock.now());
        let error_seen = Arc::clone(&error);
        let driver =
            Driver { machine, clock, messages, mined, events: events.clone(), transports, miner, error: error_seen };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(NodeError::Start)?;
        let thread = thread::Builder::new()
            .name("node".into())
            .spawn(move || drop(runtime.block_on(driver.run())))
            .map_err(NodeError::Start)?;
        let thread = Arc::new(Mutex::new(Some(thread)));
        let next_request = Arc::new(AtomicU64::new(1));
        let started = Instant::now();
        Ok(NodeHandle { params: self.params, sender, events, hashes, error, thread, next_request, started })
    }
}

/// Asks a running node; cheap to clone. The node runs until [`shutdown`](Self::shutdown).
#[derive(Debug, Clone)]
pub struct NodeHandle {
    params: ChainParams,
    sender: mpsc::Sender<Message>,
    events: broadcast::Sender<Event>,
    hashes: Arc<AtomicU64>,
    error: Arc<Mutex<Option<String>>>,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
    next_request: Arc<AtomicU64>,
    started: Instant,
}

impl NodeHandle {
    /// Returns the network's parameters.
    pub const fn params(&self) -> &ChainParams {
        &self.params
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

    /// Waits until a transaction has so many confirmations; counts again if a reorganisation takes them away. Dropping
    /// the future ends the wait.
    ///
    /// # Errors
    /// When the transaction is dropped, or the node has stopped.
    pub async fn wait_for_confirmations(&self, txid: Txid, confirmations: u64) -> Result<Confirmed, NodeError> {
        match self.ask(Request::WaitForConfirmations { txid, confirmations }).await? {
            Response::Confirmed(confirmed) => Ok(confirmed),
            Response::NotConfirmed(error) => Err(NodeError::Wait(error)),
            _ => Err(NodeError::Unexpected),
        }
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

    /// Returns what happens from now on. Whoever is slow misses the oldest and is told how many.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
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

/// One less than the cores, so that whoever sits there can still work; at least one.
fn default_threads() -> usize {
    thread::available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1).max(1))
}
