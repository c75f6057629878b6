//! A running node's handle: requests, events, and the end.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::{Notify, broadcast, mpsc, oneshot, watch};
use toycoin_core::{ChainParams, Transaction, Txid};

use crate::{
    protocol::{Confirmed, Event, Request, RequestId, Response},
    rt::{PaymentError, RelayError, RelayState, Stopped, hash_rate::HashRate, life::Life, message::Message},
};

/// A handle to a running node; cheap to clone.
///
/// The node runs until [`shutdown`](Self::shutdown), or until the last handle is dropped; [`EventsSince`](super::EventsSince) holds one.
/// Its threads, its connections and its store end with it. Only `shutdown` waits for that and reports whether the store
/// is sound.
///
/// Requests to a node that has ended fail with [`Stopped`].
#[derive(Debug, Clone)]
pub struct NodeHandle {
    pub(super) params: ChainParams,
    pub(super) sender: mpsc::Sender<Message>,
    /// A weak sender, so that the events end with the node.
    pub(super) events: broadcast::WeakSender<Event>,
    pub(super) relays: watch::Receiver<Vec<RelayState>>,
    /// The number of peers on the mesh; `None` without one.
    pub(super) mesh_peers: Option<watch::Receiver<usize>>,
    pub(super) hash_rate: HashRate,
    /// The share of time in which the miner threads work, in percent; 0 without any.
    pub(super) throttle: Arc<AtomicU32>,
    pub(super) life: Life,
    /// Signals the driver that a caller no longer waits.
    pub(super) abandoned: Arc<Notify>,
    pub(super) next_request: Arc<AtomicU64>,
}

impl NodeHandle {
    /// Returns the network's parameters.
    pub const fn params(&self) -> &ChainParams {
        &self.params
    }

    /// Returns each relay connection's state, in the order in which the relays were added. No connection is ready once
    /// the node has ended.
    pub fn relays(&self) -> Vec<RelayState> {
        let relays = self.relays.borrow().clone();
        if self.has_ended() {
            let ended = RelayState::Failed { reason: "the node has stopped".to_owned() };
            return vec![ended; relays.len()];
        }
        relays
    }

    /// Waits until a relay connection is ready. A node retries all its relays for ever, so this shows early whether any
    /// can be reached. A node without relays has nothing to wait for.
    ///
    /// # Errors
    /// When each relay has failed at least once and no connection stands, or the node has stopped.
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

    /// Waits until a peer has joined the mesh. A node without a mesh has nothing to wait for.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn wait_for_peer(&self) -> Result<(), Stopped> {
        let Some(mut peers) = self.mesh_peers.clone() else { return Ok(()) };
        let joined = peers.wait_for(|peers| *peers > 0).await.is_ok();
        if joined && !self.has_ended() { Ok(()) } else { Err(self.stopped()) }
    }

    /// Submits a transaction. The node publishes it again and again until it is confirmed.
    ///
    /// # Errors
    /// When the node refuses it, or has stopped.
    pub async fn submit(&self, transaction: Transaction) -> Result<Txid, PaymentError> {
        match self.ask(Request::Submit(transaction)).await? {
            Response::Submitted(submitted) => submitted.map_err(PaymentError::Refused),
            other => misfit(&other),
        }
    }

    /// Submits a transaction and waits until it has this many confirmations, its own block included. The answer covers
    /// everything that can happen to it in between. A transaction that is already confirmed is waited for as well.
    ///
    /// Dropping the future ends the wait, but does not withdraw the payment.
    ///
    /// # Errors
    /// [`PaymentError::Refused`] when the node refuses it; [`PaymentError::NotConfirmed`] when it is dropped later;
    /// [`PaymentError::Stopped`] when the node has stopped.
    pub async fn submit_and_wait(
        &self,
        transaction: Transaction,
        confirmations: u64,
    ) -> Result<Confirmed, PaymentError> {
        self.ask_for_confirmations(Request::SubmitAndWait { transaction, confirmations }).await
    }

    /// Waits until a transaction has this many confirmations. The count begins again if a reorganisation removes them.
    /// Dropping the future ends the wait.
    ///
    /// # Errors
    /// When the transaction is dropped, was dropped recently or is unknown to the node, or the node has stopped.
    pub async fn wait_for_confirmations(&self, txid: Txid, confirmations: u64) -> Result<Confirmed, PaymentError> {
        self.ask_for_confirmations(Request::WaitForConfirmations { txid, confirmations }).await
    }

    /// Makes any request. The other methods make one kind each, and return its answer by its type.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn request(&self, request: Request) -> Result<Response, Stopped> {
        self.ask(request).await
    }

    /// Starts or stops mining, on a node that was built with a payout.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn set_mining(&self, enabled: bool) -> Result<(), Stopped> {
        self.ask(Request::SetMining(enabled)).await.map(drop)
    }

    /// Delays the publication of each block that the node finds from now on, as a slow node would; zero ends that. A
    /// block that waits already does not wait longer than this from now.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn set_block_delay(&self, delay: Duration) -> Result<(), Stopped> {
        self.ask(Request::SetBlockDelay(delay)).await.map(drop)
    }

    /// Sets the share of time in which the miner threads work, from 1 to 100 percent; values outside count as the
    /// nearest.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn set_throttle(&self, percent: u32) -> Result<(), Stopped> {
        let (reply, done) = oneshot::channel();
        self.sender.send(Message::Throttle { percent, reply }).await.map_err(|_| self.stopped())?;
        done.await.map_err(|_| self.stopped())?;
        if self.throttle() > 0 {
            self.throttle.store(percent.clamp(1, 100), Ordering::Relaxed);
        }
        Ok(())
    }

    /// Returns the share of time in which the miner threads work, in percent; 0 for a node without miner threads.
    pub fn throttle(&self) -> u32 {
        self.throttle.load(Ordering::Relaxed)
    }

    /// Returns the events from now on, until the node stops. A slow receiver misses the oldest events and learns how
    /// many.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        // a node that has stopped has no more events
        self.events.upgrade().map_or_else(|| broadcast::channel(1).1, |events| events.subscribe())
    }

    /// Returns the miner threads' hashes per second, averaged since the start.
    pub fn hash_rate(&self) -> f64 {
        self.hash_rate.average()
    }

    /// Returns the miner threads' hashes per second at the moment: averaged over the last 5 to 10 s, or since the start
    /// if that is later. [`Status::search`](crate::protocol::Status::search) says what they search.
    ///
    /// ```no_run
    /// # async fn example(node: toycoin_node::NodeHandle) -> Result<(), toycoin_node::Stopped> {
    /// if let Some(search) = node.status().await?.search {
    ///     let bits = search.bits.to_target().map_or(0.0, |target| target.work().to_f64().log2());
    ///     println!("searching block {}, {bits:.1} bits, {:.0} hashes/s", search.height, node.recent_hash_rate());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn recent_hash_rate(&self) -> f64 {
        self.hash_rate.recent()
    }

    /// Ends the node: miners, machine and connections. Requests that are made meanwhile fail with [`Stopped`]. Returns
    /// once the store is closed and the relays have what the node said last, such as a block that it found; it waits at
    /// most 2 s for them ([`FAREWELL`](crate::limits::FAREWELL)). Every call returns the same result.
    ///
    /// # Errors
    /// When the store has failed, or the node's thread has panicked.
    pub async fn shutdown(&self) -> Result<(), Stopped> {
        self.life.end().await.map_err(|reason| Stopped { reason: Some(reason) })
    }

    async fn ask_for_confirmations(&self, request: Request) -> Result<Confirmed, PaymentError> {
        match self.ask(request).await? {
            Response::Confirmed(confirmed) => Ok(confirmed),
            Response::NotConfirmed(error) => Err(PaymentError::NotConfirmed(error)),
            Response::Submitted(Err(error)) => Err(PaymentError::Refused(error)),
            other => misfit(&other),
        }
    }

    pub(super) async fn ask(&self, request: Request) -> Result<Response, Stopped> {
        let id = RequestId(self.next_request.fetch_add(1, Ordering::Relaxed));
        let (reply, answer) = oneshot::channel();
        self.sender.send(Message::Request { id, request, reply }).await.map_err(|_| self.stopped())?;
        let mut pending = Pending { answer, abandoned: &self.abandoned };
        match (&mut pending.answer).await {
            Ok(Response::Halted) | Err(_) => Err(self.stopped()),
            Ok(response) => Ok(response),
        }
    }

    /// Returns whether the node no longer takes requests.
    fn has_ended(&self) -> bool {
        self.sender.is_closed()
    }

    fn stopped(&self) -> Stopped {
        Stopped { reason: self.life.failure() }
    }
}

/// Panics: a response of the wrong kind is a bug in this crate.
pub(super) fn misfit(response: &Response) -> ! {
    panic!("the node answered another question: {response:?}")
}

/// A pending answer. Dropping it before the answer comes cancels the request.
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
