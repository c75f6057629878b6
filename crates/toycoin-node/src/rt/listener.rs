//! A listener: reads the messages of a channel without being a node.

mod rebuilding;

use std::collections::VecDeque;

use bytes::Bytes;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};
use toycoin_core::Block;
use toycoin_wire::{Channel, NodeId, node::NodeMessage};

use self::rebuilding::Rebuilding;
use crate::{
    client::{ClientEvent, RelayClient},
    limits::DRIVER_QUEUE,
    rt::{TransportEvent, TransportHandle, clock::Clock, transport},
};

/// An event of a [`Listener`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ListenerEvent {
    /// The relay has welcomed the listener. It hears all messages that are published from now on.
    Ready,
    /// A client published a message on the channel.
    Message {
        /// The publisher's id, as the relay reports it.
        from: NodeId,
        /// The payload; [`toycoin_wire::NodeMessage::decode`] decodes it.
        payload: Bytes,
    },
    /// A block whose compact form a client published, rebuilt from the payments that were heard before. What was missing
    /// was asked of that client. Nothing but its Merkle root and the work that its header claims was verified.
    Block {
        /// The publisher's id, as the relay reports it.
        from: NodeId,
        /// The block.
        block: Box<Block>,
    },
    /// The listener was too slow, and the relay dropped messages for it.
    Lagged {
        /// The number of dropped messages.
        count: u64,
    },
    /// The relay cannot be reached, or the connection is lost. The listener reconnects by itself.
    Failed {
        /// The reason.
        reason: String,
    },
}

/// Subscribes to one channel of one relay, and publishes nothing for all.
///
/// It remembers the payments that it hears, at most 10,000, and rebuilds the blocks whose compact forms are published.
/// What it lacks it asks of their publishers. The answers are no messages of the channel, so no event shows them.
#[derive(Debug)]
pub struct Listener {
    channel: Channel,
    agent: String,
    clock: Clock,
    handle: TransportHandle,
    events: mpsc::Receiver<TransportEvent>,
    /// The present connection with its number.
    client: Option<(u64, RelayClient)>,
    waiting: VecDeque<ListenerEvent>,
    rebuilding: Rebuilding,
}

impl Listener {
    /// Begins to listen on a channel of the relay at `address`, host and port. `agent` is the program's name for the
    /// relay, at most 64 bytes.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn new(address: impl Into<String>, channel: Channel, agent: &str) -> Self {
        let (sender, events) = mpsc::channel(DRIVER_QUEUE);
        // a listener is alone on its connection, so reconnecting needs no jitter
        let (handle, task) = transport(address.into(), || 0, sender, |event| event);
        tokio::spawn(task);
        let (agent, clock) = (agent.to_owned(), Clock::start());
        let (waiting, rebuilding) = (VecDeque::new(), Rebuilding::new(clock.now().monotonic));
        Self { channel, agent, clock, handle, events, client: None, waiting, rebuilding }
    }

    /// Returns the next event, or `None` when the runtime ends. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<ListenerEvent> {
        loop {
            if let Some(heard) = self.waiting.pop_front() {
                return Some(heard);
            }
            let of_client = self.client.as_ref().and_then(|(_, client)| client.next_timeout());
            let timeout = of_client.into_iter().chain(self.rebuilding.next_timeout()).min();
            let timeout = timeout.map(|at| self.clock.instant(at));
            let event = tokio::select! {
                event = self.events.recv() => Some(event?),
                () = sleep_until(timeout.unwrap_or_else(Instant::now)), if timeout.is_some() => None,
            };
            let result = match event {
                Some(event) => self.handle(event),
                None => self.handle_timeout(),
            };
            if let Err(reason) = result {
                self.fail(reason);
            }
        }
    }

    fn handle(&mut self, event: TransportEvent) -> Result<(), String> {
        match event {
            TransportEvent::Connected { connection } => {
                let mut id = [0; 16];
                getrandom::fill(&mut id).map_err(|error| error.to_string())?;
                let channels = vec![self.channel.clone()];
                let client = RelayClient::new(self.clock.now(), NodeId::new(id), &self.agent, channels);
                self.client = Some((connection, client.map_err(|error| error.to_string())?));
                self.flush()
            }
            TransportEvent::Received { connection, bytes } => {
                let Some((number, client)) = &mut self.client else { return Ok(()) };
                if *number != connection {
                    return Ok(());
                }
                let (waiting, rebuilding, now) = (&mut self.waiting, &mut self.rebuilding, self.clock.now());
                let mut questions = Vec::new();
                let result = client.handle_bytes(now, &bytes, &mut |event| match event {
                    ClientEvent::Ready => waiting.push_back(ListenerEvent::Ready),
                    ClientEvent::Delivered { from, payload, .. } => {
                        let outcome = rebuilding.hear(from, payload, now.monotonic);
                        if !outcome.is_answer {
                            let payload = Bytes::copy_from_slice(payload);
                            waiting.push_back(ListenerEvent::Message { from, payload });
                        }
                        let block = outcome.block.map(|(from, block)| (from, Box::new(block)));
                        waiting.extend(block.map(|(from, block)| ListenerEvent::Block { from, block }));
                        questions.extend(outcome.question);
                    }
                    ClientEvent::Lagged { count } => waiting.push_back(ListenerEvent::Lagged { count }),
                    ClientEvent::Ponged { .. } => {}
                });
                self.flush()?;
                result.map_err(|error| error.to_string())?;
                self.ask(questions)
            }
            // a listener sends little, and nothing waits for it
            TransportEvent::Written { .. } => {
                self.handle.take_written();
                Ok(())
            }
            TransportEvent::Disconnected { connection, reason } => {
                if self.client.take_if(|(number, _)| *number == connection).is_some() {
                    self.rebuilding.disconnected();
                    self.waiting.push_back(ListenerEvent::Failed { reason });
                }
                Ok(())
            }
            TransportEvent::Unreachable { reason } => {
                self.waiting.push_back(ListenerEvent::Failed { reason });
                Ok(())
            }
        }
    }

    fn handle_timeout(&mut self) -> Result<(), String> {
        let now = self.clock.now();
        if let Some((_, client)) = &mut self.client {
            client.handle_timeout(now).map_err(|error| error.to_string())?;
        }
        self.flush()?;
        let questions = self.rebuilding.handle_timeout(now.monotonic);
        self.ask(questions)
    }

    /// Asks publishers of compact blocks for what is missing.
    fn ask(&mut self, questions: Vec<(NodeId, NodeMessage)>) -> Result<(), String> {
        let Some((connection, client)) = &self.client else { return Ok(()) };
        for (to, question) in questions {
            let frame = question.encode().and_then(|payload| client.publish(&self.channel, Some(to), &payload));
            let frame = frame.map_err(|error| error.to_string())?;
            self.handle.send(*connection, frame).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), String> {
        if let Some((connection, client)) = &mut self.client {
            while let Some(bytes) = client.take_output() {
                self.handle.send(*connection, bytes).map_err(|error| error.to_string())?;
            }
        }
        Ok(())
    }

    /// Closes the connection; the transport makes the next one.
    fn fail(&mut self, reason: String) {
        if let Some((connection, _)) = self.client.take() {
            self.rebuilding.disconnected();
            self.handle.close(connection);
            self.waiting.push_back(ListenerEvent::Failed { reason });
        }
    }
}
