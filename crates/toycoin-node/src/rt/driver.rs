//! The loop around a node's machine, on a thread of its own: the store is asked synchronously, and sockets must not wait.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use tokio::sync::{Notify, broadcast, mpsc, oneshot, watch};
use toycoin_wire::NodeId;

use crate::{
    log_limiter::LogLimiter,
    machine::{Machine, Monotonic, Now},
    protocol::{Event, Input, JobId, Output, Request, RequestId, Response},
    relay::ConnectionId,
    rt::{
        RelayState, TransportEvent, TransportHandle,
        hash_rate::HashRate,
        life::{Ending, Stop},
        miner::Miner,
    },
};

/// What reaches the driver.
#[derive(Debug)]
pub(super) enum Message {
    Transport { relay: usize, event: TransportEvent },
    Request { id: RequestId, request: Request, reply: oneshot::Sender<Response> },
}

/// The clocks of a running program, as a machine is told them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock(Instant);

impl Clock {
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    pub(super) fn now(self) -> Now {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let unix_ms = u64::try_from(unix.as_millis()).unwrap_or(u64::MAX);
        Now { monotonic: Monotonic::new(self.0.elapsed()), unix_ms }
    }

    pub(super) fn instant(self, at: Monotonic) -> tokio::time::Instant {
        (self.0 + at.since_origin()).into()
    }
}

/// A machine with what it is driven by.
pub(super) struct Driver<M> {
    pub(super) machine: M,
    pub(super) clock: Clock,
    pub(super) stop: Stop,
    pub(super) messages: mpsc::Receiver<Message>,
    /// Somebody does not wait for an answer any more.
    pub(super) abandoned: Arc<Notify>,
    pub(super) mined: mpsc::Receiver<(JobId, u64)>,
    pub(super) events: broadcast::Sender<Event>,
    pub(super) transports: Vec<TransportHandle>,
    /// Of each transport, where it leads.
    pub(super) addresses: Vec<String>,
    pub(super) relays: watch::Sender<Vec<RelayState>>,
    pub(super) miner: Miner,
    pub(super) hash_rate: HashRate,
    /// For log lines that a relay can cause.
    pub(super) log: LogLimiter,
}

impl<M: for<'a> Machine<Input<'a> = Input<'a>, Output = Output>> Driver<M> {
    /// Runs until it is told to stop, all handles are gone, or the store fails; gives the machine back.
    pub(super) async fn run(mut self, ending: &Ending) -> M {
        let mut state = Connections::default();
        loop {
            if !self.drain(&mut state, ending) {
                break;
            }
            let timeout = self.machine.next_timeout().map(|at| self.clock.instant(at));
            // a machine that has nothing to wait for is woken now and then all the same
            let timeout = timeout.unwrap_or_else(|| tokio::time::Instant::now() + Duration::from_secs(60));
            tokio::select! {
                biased;
                () = self.stop.wait() => break,
                found = self.mined.recv() => {
                    if let Some((job, nonce)) = found {
                        self.machine.handle(self.clock.now(), Input::Mined { job, nonce });
                    }
                }
                () = self.abandoned.notified() => self.cancel_abandoned(&mut state),
                Some(message) = self.messages.recv() => self.handle(message, &mut state),
                () = wait_until(timeout.min(self.hash_rate.due())) => {
                    if let Some(per_second) = self.hash_rate.measure() {
                        drop(self.events.send(Event::HashRate { per_second }));
                    }
                    self.machine.handle(self.clock.now(), Input::Timeout);
                }
            }
        }
        self.miner.set_job(None);
        self.machine
    }

    /// Tells the machine what was written since it was told last.
    fn note_written(&mut self, state: &Connections) {
        for (relay, transport) in self.transports.iter().enumerate() {
            if let Some((number, bytes)) = transport.take_written()
                && let Some(connection) = state.name(relay, number)
            {
                self.machine.handle(self.clock.now(), Input::Written { connection, bytes });
            }
        }
    }

    fn handle(&mut self, message: Message, state: &mut Connections) {
        self.note_written(state);
        let now = self.clock.now();
        match message {
            Message::Transport { relay, event: TransportEvent::Connected { connection } } => {
                let mut id = [0; 16];
                if let Err(error) = getrandom::fill(&mut id) {
                    tracing::error!(%error, "no randomness for a node id");
                }
                let name = state.open(relay, connection);
                self.machine.handle(now, Input::Connected { connection: name, relay, node_id: NodeId::new(id) });
            }
            Message::Transport { relay, event: TransportEvent::Received { connection, bytes } } => {
                if let Some(name) = state.name(relay, connection) {
                    self.machine.handle(now, Input::Received { connection: name, bytes: &bytes });
                }
            }
            Message::Transport { event: TransportEvent::Written { .. }, .. } => {}
            Message::Transport { relay, event: TransportEvent::Unreachable { reason } } => {
                self.relay_failed(relay, &reason);
            }
            Message::Transport { relay, event: TransportEvent::Disconnected { connection, reason } } => {
                if let Some(name) = state.close(relay, connection) {
                    if let Some(omitted) = self.log.admit("relay lost", now.monotonic) {
                        tracing::info!(relay, reason, "relay connection lost, trying again{omitted}");
                    }
                    self.relay_failed(relay, &reason);
                    self.machine.handle(now, Input::Disconnected { connection: name });
                }
            }
            Message::Request { id, request, reply } => {
                let is_abandoned = reply.is_closed();
                state.replies.insert(id, reply);
                self.machine.handle(now, Input::Request { id, request });
                if is_abandoned {
                    // it was when nothing was known of it yet
                    self.abandoned.notify_one();
                }
            }
        }
    }

    /// Cancels the requests for whose answers nobody waits any more.
    fn cancel_abandoned(&mut self, state: &mut Connections) {
        for id in state.abandoned() {
            let request = Request::Cancel(id);
            self.machine.handle(self.clock.now(), Input::Request { id: RequestId(u64::MAX), request });
        }
    }

    fn relay_failed(&self, relay: usize, reason: &str) {
        let address = self.addresses.get(relay).map_or("", String::as_str);
        self.set_relay(relay, RelayState::Failed { reason: format!("{address}: {reason}") });
    }

    fn set_relay(&self, relay: usize, new: RelayState) {
        self.relays.send_modify(|relays| {
            if let Some(state) = relays.get_mut(relay) {
                *state = new;
            }
        });
    }

    /// Does what the machine wants; false once it has halted.
    fn drain(&mut self, state: &mut Connections, ending: &Ending) -> bool {
        while let Some(output) = self.machine.poll_output() {
            match output {
                Output::Send { connection, bytes } => {
                    if let Some((relay, number)) = state.place(connection)
                        && let Some(transport) = self.transports.get(relay)
                        && let Err(error) = transport.send(number, bytes)
                    {
                        // the machine sends no more than there is room for, unless the transport has ended
                        if let Some(omitted) = self.log.admit("relay too slow", self.clock.now().monotonic) {
                            tracing::warn!(%error, relay, "closing a relay connection{omitted}");
                        }
                        transport.close(number);
                    }
                }
                Output::Close { connection, reason } => {
                    if let Some((relay, number)) = state.place(connection) {
                        if let Some(omitted) = self.log.admit("relay left", self.clock.now().monotonic) {
                            tracing::info!(relay, reason, "closing a relay connection{omitted}");
                        }
                        self.relay_failed(relay, &reason);
                        state.close(relay, number);
                        if let Some(transport) = self.transports.get(relay) {
                            transport.close(number);
                        }
                    }
                }
                Output::Reply { id, response } => {
                    if let Some(reply) = state.replies.remove(&id) {
                        // whoever asked may have gone
                        drop(reply.send(*response));
                    }
                }
                Output::Mine(job) => self.miner.set_job(Some(job)),
                Output::StopMining => self.miner.set_job(None),
                Output::Emit(event) => {
                    tracing::debug!(?event, "event");
                    match event {
                        Event::RelayConnected { relay } => self.set_relay(relay, RelayState::Ready),
                        // before whoever hears of it asks; the closing that follows says why
                        Event::RelayDisconnected { relay } => self.relay_failed(relay, "lost"),
                        _ => {}
                    }
                    // nobody may be listening
                    drop(self.events.send(event));
                }
                Output::Halt { error } => {
                    // whoever asks the node for anything is told
                    tracing::info!(error, "the store failed");
                    ending.fail(error);
                    return false;
                }
            }
        }
        true
    }
}

/// Waits for a time, and for one that has come only until others have had their turn: a timer of tokio counts in
/// milliseconds and rounds up, which a machine with more to do would lose with every block.
async fn wait_until(at: tokio::time::Instant) {
    if at <= tokio::time::Instant::now() {
        tokio::task::yield_now().await;
    } else {
        tokio::time::sleep_until(at).await;
    }
}

/// Which connection is which, and who waits for an answer.
#[derive(Debug, Default)]
struct Connections {
    names: BTreeMap<(usize, u64), ConnectionId>,
    places: BTreeMap<ConnectionId, (usize, u64)>,
    opened: u64,
    replies: BTreeMap<RequestId, oneshot::Sender<Response>>,
}

impl Connections {
    fn open(&mut self, relay: usize, number: u64) -> ConnectionId {
        self.opened += 1;
        let name = ConnectionId(self.opened);
        self.names.insert((relay, number), name);
        self.places.insert(name, (relay, number));
        name
    }

    fn name(&self, relay: usize, number: u64) -> Option<ConnectionId> {
        self.names.get(&(relay, number)).copied()
    }

    fn place(&self, name: ConnectionId) -> Option<(usize, u64)> {
        self.places.get(&name).copied()
    }

    /// Takes out the requests for whose answers nobody waits any more.
    fn abandoned(&mut self) -> Vec<RequestId> {
        self.replies.extract_if(.., |_, reply| reply.is_closed()).map(|(id, _)| id).collect()
    }

    fn close(&mut self, relay: usize, number: u64) -> Option<ConnectionId> {
        let name = self.names.remove(&(relay, number))?;
        self.places.remove(&name);
        Some(name)
    }
}
