//! The loop around a node's machine. It has a thread of its own: calls to the store block, and sockets must not wait
//! for them.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::sync::{Notify, broadcast, mpsc, oneshot};

use crate::{
    machine::Machine,
    protocol::{Event, Input, JobId, Output, Request, RequestId, Response},
    rt::{
        clock::Clock,
        connections::Connections,
        hash_rate::HashRate,
        life::{Ending, Stop},
        message::Message,
        miner::Miner,
        relays::Relays,
    },
};

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
    pub(super) relays: Relays,
    pub(super) connections: Connections,
    /// The callers that wait for answers.
    pub(super) replies: BTreeMap<RequestId, oneshot::Sender<Response>>,
    pub(super) miner: Miner,
    pub(super) hash_rate: HashRate,
}

impl<M: for<'a> Machine<Input<'a> = Input<'a>, Output = Output>> Driver<M> {
    /// Runs until the node is stopped, all handles are gone, or the store fails. Returns the machine.
    pub(super) async fn run(mut self, ending: &Ending) -> M {
        loop {
            if !self.drain(ending) {
                break;
            }
            // also while messages never stop
            if let Some(per_second) = self.hash_rate.measure() {
                drop(self.events.send(Event::HashRate { per_second }));
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
                () = self.abandoned.notified() => self.cancel_abandoned(),
                Some(message) = self.messages.recv() => self.handle(message),
                () = wait_until(timeout.min(self.hash_rate.due())) => {
                    self.machine.handle(self.clock.now(), Input::Timeout);
                }
            }
        }
        self.miner.set_job(None);
        self.machine
    }

    /// Reports to the machine the bytes that were written since the last report.
    fn note_written(&mut self) {
        for (connection, bytes) in self.relays.take_written(&self.connections) {
            self.machine.handle(self.clock.now(), Input::Written { connection, bytes });
        }
    }

    fn handle(&mut self, message: Message) {
        self.note_written();
        let now = self.clock.now();
        match message {
            Message::Relay { relay, event } => {
                if let Some(input) = self.relays.receive(now.monotonic, relay, &event, &mut self.connections) {
                    self.machine.handle(now, input);
                }
            }
            Message::Throttle { percent, reply } => {
                self.miner.set_throttle(percent);
                // the caller may no longer wait
                let _ = reply.send(());
            }
            Message::Request { id, request, reply } => {
                let is_abandoned = reply.is_closed();
                self.replies.insert(id, reply);
                self.machine.handle(now, Input::Request { id, request });
                if is_abandoned {
                    // the caller gave up before the request was registered, so its notification found nothing
                    self.abandoned.notify_one();
                }
            }
        }
    }

    /// Cancels the requests whose callers no longer wait.
    fn cancel_abandoned(&mut self) {
        let abandoned: Vec<_> = self.replies.extract_if(.., |_, reply| reply.is_closed()).map(|(id, _)| id).collect();
        for id in abandoned {
            let request = Request::Cancel(id);
            self.machine.handle(self.clock.now(), Input::Request { id: RequestId(u64::MAX), request });
        }
    }

    /// Carries out the machine's outputs. Returns `false` once the machine has halted.
    fn drain(&mut self, ending: &Ending) -> bool {
        while let Some(output) = self.machine.poll_output() {
            match output {
                Output::Send { connection, bytes } => {
                    if let Some(place) = self.connections.place(connection) {
                        self.relays.send(self.clock.now().monotonic, place, bytes);
                    }
                }
                Output::Close { connection, reason } => {
                    if let Some(place) = self.connections.place(connection) {
                        self.connections.close(place);
                        self.relays.close(self.clock.now().monotonic, place, &reason);
                    }
                }
                Output::Say { .. } | Output::End { .. } | Output::Judge { .. } | Output::Shun { .. } => {}
                Output::Reply { id, response } => {
                    if let Some(reply) = self.replies.remove(&id) {
                        // the caller may no longer wait
                        drop(reply.send(*response));
                    }
                }
                Output::Mine(job) => self.miner.set_job(Some(job)),
                Output::StopMining => self.miner.set_job(None),
                Output::Emit(event) => {
                    tracing::debug!(?event, "event");
                    self.relays.record(&event);
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
