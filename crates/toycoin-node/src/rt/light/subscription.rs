//! A client's place on one relay: the transport, and the connection that stands at present.

use tokio::sync::mpsc;
use toycoin_wire::{Channel, NodeId};

use crate::{
    client::{ClientEvent, RelayClient},
    machine::{Monotonic, Now},
    rt::{TransportEvent, TransportHandle, transport},
};

/// What happened on a relay.
#[derive(Debug)]
pub(in crate::rt) enum Heard<'a> {
    /// The relay has confirmed the subscription.
    Ready,
    /// A client published a message on the channel, or sent it to us.
    Message { from: NodeId, payload: &'a [u8] },
    /// The connection is gone, or could not be made.
    Gone { reason: String },
}

/// A client's place on one relay. It reconnects by itself.
#[derive(Debug)]
pub(in crate::rt) struct Subscription {
    channel: Channel,
    agent: String,
    transport: TransportHandle,
    client: Option<(u64, RelayClient)>,
}

impl Subscription {
    /// Begins to connect. `wrap` marks what the transport reports as this relay's.
    pub(in crate::rt) fn start<E: Send + 'static>(
        address: String,
        channel: Channel,
        agent: String,
        events: mpsc::Sender<E>,
        wrap: impl Fn(TransportEvent) -> E + Send + Sync + 'static,
    ) -> Self {
        let random = || {
            let mut bytes = [0; 8];
            // without randomness there is no jitter
            let _ = getrandom::fill(&mut bytes);
            u64::from_le_bytes(bytes)
        };
        let (transport, task) = transport(address, random, events, wrap);
        tokio::spawn(task);
        Self { channel, agent, transport, client: None }
    }

    /// Handles what the transport reports.
    pub(in crate::rt) fn receive(&mut self, now: Now, event: TransportEvent, hear: &mut dyn FnMut(Heard<'_>)) {
        let result = match event {
            TransportEvent::Connected { connection } => self.begin(now, connection),
            TransportEvent::Received { connection, bytes } => match &mut self.client {
                Some((number, client)) if *number == connection => client
                    .handle_bytes(now, &bytes, &mut |event| match event {
                        ClientEvent::Ready => hear(Heard::Ready),
                        ClientEvent::Delivered { from, payload, .. } => hear(Heard::Message { from, payload }),
                        // what was lost is asked for again by itself
                        ClientEvent::Lagged { .. } | ClientEvent::Ponged { .. } => {}
                    })
                    .map_err(|error| error.to_string()),
                _ => Ok(()),
            },
            TransportEvent::Written { .. } => {
                self.transport.take_written();
                Ok(())
            }
            TransportEvent::Disconnected { connection, reason } => {
                if self.client.take_if(|(number, _)| *number == connection).is_some() {
                    hear(Heard::Gone { reason });
                }
                Ok(())
            }
            TransportEvent::Unreachable { reason } => {
                hear(Heard::Gone { reason });
                Ok(())
            }
        };
        self.finish(result, hear);
    }

    /// Handles the time of [`next_timeout`](Self::next_timeout).
    pub(in crate::rt) fn handle_timeout(&mut self, now: Now, hear: &mut dyn FnMut(Heard<'_>)) {
        let result = match &mut self.client {
            Some((_, client)) => client.handle_timeout(now).map_err(|error| error.to_string()),
            None => Ok(()),
        };
        self.finish(result, hear);
    }

    /// Returns when [`handle_timeout`](Self::handle_timeout) is to be called.
    pub(in crate::rt) fn next_timeout(&self) -> Option<Monotonic> {
        self.client.as_ref().and_then(|(_, client)| client.next_timeout())
    }

    /// Publishes a payload, to one client or to all. It is lost without a connection.
    pub(in crate::rt) fn publish(&mut self, to: Option<NodeId>, payload: &[u8], hear: &mut dyn FnMut(Heard<'_>)) {
        let Some((connection, client)) = self.client.as_ref().filter(|(_, client)| client.is_ready()) else { return };
        let sent = client.publish(&self.channel, to, payload).map_err(|error| error.to_string());
        let sent = sent.and_then(|frame| self.transport.send(*connection, frame).map_err(|error| error.to_string()));
        self.finish(sent, hear);
    }

    fn begin(&mut self, now: Now, connection: u64) -> Result<(), String> {
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(|error| error.to_string())?;
        let client = RelayClient::new(now, NodeId::new(id), &self.agent, vec![self.channel.clone()]);
        self.client = Some((connection, client.map_err(|error| error.to_string())?));
        Ok(())
    }

    /// Sends what the client has to say, or closes the connection. The transport makes the next one.
    fn finish(&mut self, mut result: Result<(), String>, hear: &mut dyn FnMut(Heard<'_>)) {
        if let Some((connection, client)) = &mut self.client {
            while result.is_ok()
                && let Some(bytes) = client.take_output()
            {
                result = self.transport.send(*connection, bytes).map_err(|error| error.to_string());
            }
        }
        if let Err(reason) = result
            && let Some((connection, _)) = self.client.take()
        {
            self.transport.close(connection);
            hear(Heard::Gone { reason });
        }
    }
}
