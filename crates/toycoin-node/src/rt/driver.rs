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
        farewell::Farewell,
        hash_rate::HashRate,
        life::{Ending, Stop},
        mesh::{Mesh, MeshCommand, MeshEvent},
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
    pub(super) mesh: Option<Mesh>,
    pub(super) connections: Connections,
    /// The callers that wait for answers.
    pub(super) replies: BTreeMap<RequestId, oneshot::Sender<Response>>,
    pub(super) miner: Miner,
    pub(super) hash_rate: HashRate,
}

impl<M: for<'a> Machine<Input<'a> = Input<'a>, Output = Output>> Driver<M> {
    /// Runs until the node is stopped, all handles are gone, or the store fails. Returns the machine, and its connections.
    pub(super) async fn run(mut self, ending: &Ending) -> (M, Farewell) {
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
                next = next_of(&mut self.messages, self.mesh.as_mut()) => match next {
                    Next::Message(message) => self.handle(message),
                    Next::Mesh(event) => self.hear(&event),
                },
                () = wait_until(timeout.min(self.hash_rate.due())) => {
                    self.machine.handle(self.clock.now(), Input::Timeout);
                }
            }
        }
        self.miner.set_job(None);
        (self.machine, Farewell { tasks: self.relays.part(), messages: self.messages })
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

    /// Tells the machine what its mesh tells.
    fn hear(&mut self, event: &MeshEvent) {
        self.note_written();
        let Some(mesh) = &mut self.mesh else { return };
        if let Some(input) = mesh.receive(event, &mut self.connections) {
            self.machine.handle(self.clock.now(), input);
        }
        mesh.publish_peers();
    }

    fn tell_mesh(&self, command: MeshCommand) {
        if let Some(mesh) = &self.mesh {
            mesh.tell(command);
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
                Output::Say { connection: _, to, answers, payload } => {
                    self.tell_mesh(MeshCommand::Say { to, answers, payload });
                }
                Output::End { question } => self.tell_mesh(MeshCommand::End(question)),
                Output::Judge { ticket, judgement } => self.tell_mesh(MeshCommand::Judge(ticket, judgement)),
                Output::Shun { connection: _, peer, time } => self.tell_mesh(MeshCommand::Shun { peer, time }),
                Output::Reply { id, mut response } => {
                    if let Some(mesh) = &self.mesh {
                        mesh.add_addresses(&mut response);
                    }
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

/// What comes next, from either of two queues.
enum Next {
    Message(Message),
    Mesh(MeshEvent),
}

/// Waits for a message or for an event of the mesh. Either may come first, so that a flood on one holds up no other.
async fn next_of(messages: &mut mpsc::Receiver<Message>, mesh: Option<&mut Mesh>) -> Next {
    let event = async {
        match mesh {
            Some(mesh) => mesh.next().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        Some(message) = messages.recv() => Next::Message(message),
        event = event => Next::Mesh(event),
        // no handle and no relay is left, so the node is about to stop
        else => std::future::pending().await,
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
