//! The loop around a node's machine. It has a thread of its own: calls to the store block, and sockets must not wait
//! for them.

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

/// A message to the driver.
#[derive(Debug)]
pub(super) enum Message {
    Transport { relay: usize, event: TransportEvent },
    Request { id: RequestId, request: Request, reply: oneshot::Sender<Response> },
}

/// The clocks of a running program, from which the machine gets its time.
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

/// A machine with the queues, clocks and handles that drive it.
pub(super) struct Driver<M> {
    pub(super) machine: M,
    pub(super) clock: Clock,
    pub(super) stop: Stop,
    pub(super) messages: mpsc::Receiver<Message>,
    /// Signals that a caller no longer waits for its answer.
    pub(super) abandoned: Arc<Notify>,
    pub(super) mined: mpsc::Receiver<(JobId, u64)>,
    pub(super) events: broadcast::Sender<Event>,
    pub(super) transports: Vec<TransportHandle>,
    /// The address of each transport's relay, by index.
    pub(super) addresses: Vec<String>,
    pub(super) relays: watch::Sender<Vec<RelayState>>,
    pub(super) miner: Miner,
    pub(super) hash_rate: HashRate,
    /// Limits the rate of log lines that a relay can cause.
    pub(super) log: LogLimiter,
}

impl<M: for<'a> Machine<Input<'a> = Input<'a>, Output = Output>> Driver<M> {
    /// Runs until the node is stopped, all handles are gone, or the store fails. Returns the machine.
    pub(super) async fn run(mut self, ending: &Ending) -> M {
        let mut state = Connections::default();
        loop {
            if !self.drain(&mut state, ending) {
                break;
            }
            let timeout = self.machine.next_timeout().map(|at| self.clock.instant(at));
            // a machine without a timeout is still woken once a minute
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

    /// Reports to the machine the bytes that were written since the last report.
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
                    // the caller gave up before the request was registered, so its notification found nothing
                    self.abandoned.notify_one();
                }
            }
        }
    }

    /// Cancels the requests whose callers no longer wait.
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

    /// Carries out the machine's outputs. Returns `false` once the machine has halted.
    fn drain(&mut self, state: &mut Connections, ending: &Ending) -> bool {
        while let Some(output) = self.machine.poll_output() {
            match output {
                Output::Send { connection, bytes } => {
                    if let Some((relay, number)) = state.place(connection)
                        && let Some(transport) = self.transports.get(relay)
                        && let Err(error) = transport.send(number, bytes)
                    {
                        // the machine sends no more than fits, so an error means that the transport has ended
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
                        // the caller may no longer wait
                        drop(reply.send(*response));
                    }
                }
                Output::Mine(job) => self.miner.set_job(Some(job)),
                Output::StopMining => self.miner.set_job(None),
                Output::Emit(event) => {
                    tracing::debug!(?event, "event");
                    match event {
                        Event::RelayConnected { relay } => self.set_relay(relay, RelayState::Ready),
                        // recorded before a listener can ask; the closing that follows gives the reason
                        Event::RelayDisconnected { relay } => self.relay_failed(relay, "lost"),
                        _ => {}
                    }
                    // there may be no listener
                    drop(self.events.send(event));
                }
                Output::Halt { error } => {
                    // every request to the node gets this error, so the log needs no more than a notice
                    tracing::info!(error, "the store failed");
                    ending.fail(error);
                    return false;
                }
            }
        }
        true
    }
}

/// Waits until `at`. For a time that has already come, it only yields to other tasks: tokio's timer rounds up to whole
/// milliseconds, which would delay every block of a busy machine.
async fn wait_until(at: tokio::time::Instant) {
    if at <= tokio::time::Instant::now() {
        tokio::task::yield_now().await;
    } else {
        tokio::time::sleep_until(at).await;
    }
}

/// The connection names, and the callers that wait for answers.
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

    /// Takes out the requests whose callers no longer wait.
    fn abandoned(&mut self) -> Vec<RequestId> {
        self.replies.extract_if(.., |_, reply| reply.is_closed()).map(|(id, _)| id).collect()
    }

    fn close(&mut self, relay: usize, number: u64) -> Option<ConnectionId> {
        let name = self.names.remove(&(relay, number))?;
        self.places.remove(&name);
        Some(name)
    }
}
