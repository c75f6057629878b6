//! A node's relays, as its driver reaches them: a transport for each, and the state that the handles show.
//!
//! This is the only file of the driver that knows how a relay is reached. It turns what a transport reports into inputs
//! of the machine, and carries out what the machine sends and closes. The frames inside are the machine's
//! ([`client`](crate::client)). Another way to reach peers belongs beside this file.

use bytes::Bytes;
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};
use toycoin_wire::NodeId;

use crate::{
    log_limiter::LogLimiter,
    machine::Monotonic,
    protocol::{Event, Input},
    relay::ConnectionId,
    rt::{
        RelayState, TransportEvent, TransportHandle,
        connections::{Connections, Place},
        message::Message,
        transport,
    },
};

/// The relays of a node, in the order in which they were added.
#[derive(Debug)]
pub(super) struct Relays {
    relays: Vec<Relay>,
    states: watch::Sender<Vec<RelayState>>,
    /// Limits the rate of log lines that a relay can cause.
    log: LogLimiter,
}

#[derive(Debug)]
struct Relay {
    /// Host and port.
    address: String,
    transport: TransportHandle,
    task: JoinHandle<()>,
}

impl Relays {
    /// Begins to connect to each relay, by a task of its own. Returns the relays' states too.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub(super) fn start(
        addresses: Vec<String>,
        messages: &mpsc::Sender<Message>,
    ) -> (Self, watch::Receiver<Vec<RelayState>>) {
        let (states, watched) = watch::channel(vec![RelayState::Connecting; addresses.len()]);
        let relays = addresses.into_iter().enumerate().map(|(relay, address)| {
            let random = || {
                let mut bytes = [0; 8];
                // without randomness there is no jitter, so the clients of a relay may all reconnect at once
                let _ = getrandom::fill(&mut bytes);
                u64::from_le_bytes(bytes)
            };
            let wrap = move |event| Message::Relay { relay, event };
            let (transport, task) = transport(address.clone(), random, messages.clone(), wrap);
            Relay { address, transport, task: tokio::spawn(task) }
        });
        (Self { relays: relays.collect(), states, log: LogLimiter::new() }, watched)
    }

    /// Takes what was written since the last call: connections and numbers of bytes.
    pub(super) fn take_written<'a>(
        &'a self,
        connections: &'a Connections,
    ) -> impl Iterator<Item = (ConnectionId, u64)> + 'a {
        self.relays.iter().enumerate().filter_map(|(relay, Relay { transport, .. })| {
            let (number, bytes) = transport.take_written()?;
            Some((connections.name(Place { relay, number })?, bytes))
        })
    }

    /// Records what a transport reports. Returns what the machine must learn of it.
    pub(super) fn receive<'a>(
        &mut self,
        now: Monotonic,
        relay: usize,
        event: &'a TransportEvent,
        connections: &mut Connections,
    ) -> Option<Input<'a>> {
        match event {
            TransportEvent::Connected { connection: number } => {
                let mut id = [0; 16];
                if let Err(error) = getrandom::fill(&mut id) {
                    tracing::error!(%error, "no randomness for a node id");
                }
                let connection = connections.open(Place { relay, number: *number });
                Some(Input::Connected { connection, relay, node_id: NodeId::new(id) })
            }
            TransportEvent::Received { connection: number, bytes } => {
                let connection = connections.name(Place { relay, number: *number })?;
                Some(Input::Received { connection, bytes })
            }
            // `take_written` has reported it
            TransportEvent::Written { .. } => None,
            TransportEvent::Unreachable { reason } => {
                self.failed(relay, reason);
                None
            }
            TransportEvent::Disconnected { connection: number, reason } => {
                let connection = connections.close(Place { relay, number: *number })?;
                if let Some(omitted) = self.log.admit("relay lost", now) {
                    tracing::info!(relay, reason, "relay connection lost, trying again{omitted}");
                }
                self.failed(relay, reason);
                Some(Input::Disconnected { connection })
            }
        }
    }

    /// Sends bytes on a connection.
    pub(super) fn send(&mut self, now: Monotonic, place: Place, bytes: Bytes) {
        let Place { relay, number } = place;
        if let Some(Relay { transport, .. }) = self.relays.get(relay)
            && let Err(error) = transport.send(number, bytes)
        {
            // the machine sends no more than fits, so an error means that the transport has ended
            if let Some(omitted) = self.log.admit("relay too slow", now) {
                tracing::warn!(%error, relay, "closing a relay connection{omitted}");
            }
            transport.close(number);
        }
    }

    /// Closes a connection. Its transport makes another one.
    pub(super) fn close(&mut self, now: Monotonic, place: Place, reason: &str) {
        let Place { relay, number } = place;
        if let Some(omitted) = self.log.admit("relay left", now) {
            tracing::info!(relay, reason, "closing a relay connection{omitted}");
        }
        self.failed(relay, reason);
        if let Some(Relay { transport, .. }) = self.relays.get(relay) {
            transport.close(number);
        }
    }

    /// Ends the transports once they have written what waits. Returns their tasks, which end then.
    pub(super) fn part(self) -> Vec<JoinHandle<()>> {
        self.relays.into_iter().map(|Relay { task, .. }| task).collect()
    }

    /// Records what an event says of a relay, before a listener can ask.
    pub(super) fn record(&self, event: &Event) {
        match event {
            Event::RelayConnected { relay } => self.set_state(*relay, RelayState::Ready),
            // the closing that follows gives the reason
            Event::RelayDisconnected { relay } => self.failed(*relay, "lost"),
            _ => {}
        }
    }

    fn failed(&self, relay: usize, reason: &str) {
        let address = self.relays.get(relay).map_or("", |relay| relay.address.as_str());
        self.set_state(relay, RelayState::Failed { reason: format!("{address}: {reason}") });
    }

    fn set_state(&self, relay: usize, new: RelayState) {
        self.states.send_modify(|states| {
            if let Some(state) = states.get_mut(relay) {
                *state = new;
            }
        });
    }
}
