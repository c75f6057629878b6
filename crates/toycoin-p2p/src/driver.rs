//! The task that drives a swarm for its node.
//!
//! ```text
//!   node  ──MeshCommand──▶  driver  ──▶  swarm: gossip, questions, answers, dials
//!   node  ◀──MeshEvent────  driver  ◀──  swarm: what it heard
//!                             │ ▲
//!          PeeringInput       ▼ │       PeeringOutput: dial, drop, ask for addresses, save
//!                           peering
//! ```
//!
//! Nothing in the task blocks, and it does a bounded piece of work for each event.

mod asking;
mod asks;
mod commands;
mod connections;
mod gossip;
mod misses;
mod peers;
mod port;
mod questions;
#[cfg(test)]
mod tests;
mod tickets;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bytes::Bytes;
use libp2p::{
    PeerId, Swarm,
    futures::StreamExt,
    gossipsub,
    request_response::{InboundRequestId, OutboundRequestId, ResponseChannel},
    swarm::{ConnectionId, SwarmEvent},
};
use tokio::{select, sync::mpsc, time};
use toycoin_node::{
    log_limiter::LogLimiter,
    machine::Machine,
    peering::{PeerAddress, PeeringInput, PeeringOutput, Role},
    protocol::Unanswered,
    rt::{MeshCommands, MeshEnd},
};
use toycoin_wire::{Tag, node::Status};

use self::{misses::Misses, peers::Peers, port::Port, questions::Questions, tickets::Tickets};
use crate::{
    behaviour::{Behaviour, BehaviourEvent},
    clock::Clock,
    gossip::Topics,
    handle::{PeerReport, Request, Shared},
    limits::{ASK_TIMEOUT, COMMANDS_IN_A_ROW},
    mutes::Mutes,
    names::NetworkNames,
    peers_file::Saver,
};

/// The driver.
pub(crate) struct Driver {
    pub(crate) swarm: Swarm<Behaviour>,
    pub(crate) clock: Clock,
    pub(crate) shared: Arc<Shared>,
    names: NetworkNames,
    topics: Topics,
    port: Port,
    commands: MeshCommands,
    requests: mpsc::Receiver<Request>,
    /// Nodes of the local network, if they are looked for.
    found: Option<mpsc::Receiver<Vec<PeerAddress>>>,
    saver: Saver,
    peers: Peers,
    /// What was dialled, until it is connected or has failed.
    dials: BTreeMap<ConnectionId, (PeerAddress, Role)>,
    tickets: Tickets,
    misses: Misses,
    questions: Questions<InboundRequestId, ResponseChannel<Vec<Bytes>>>,
    /// Questions that are cut short, until it shows whether their streams were reset.
    cut: BTreeMap<InboundRequestId, PeerId>,
    /// Questions of ours that a peer has.
    asked: BTreeMap<OutboundRequestId, Asked>,
    mutes: Mutes,
    /// Connections of muted peers, which stay open until then for what we have just asked or told them.
    leaving: BTreeMap<PeerId, (ConnectionId, time::Instant)>,
    /// Our last status.
    status: Option<Status>,
    log: LogLimiter,
}

/// A question of ours that a peer has.
struct Asked {
    peer: PeerId,
    connection: ConnectionId,
    tag: Option<Tag>,
    /// Its payload, if the node waits for the answer.
    question: Option<Bytes>,
    /// When it was asked.
    at: time::Instant,
}

impl Asked {
    /// Returns why a question has no answer when it ends now, on whichever side. A peer whose own time for it runs out
    /// closes the stream, which looks like an empty answer and may come before our timeout.
    fn why_unanswered(&self) -> Unanswered {
        if self.at.elapsed() < ASK_TIMEOUT { Unanswered::NotNow } else { Unanswered::TimedOut }
    }
}

impl Driver {
    pub(crate) fn new(
        swarm: Swarm<Behaviour>,
        clock: Clock,
        shared: Arc<Shared>,
        names: NetworkNames,
        end: MeshEnd,
        requests: mpsc::Receiver<Request>,
        saver: Saver,
    ) -> Self {
        let (teller, commands) = end.split();
        let topics = Topics::new(&names);
        Self {
            swarm,
            clock,
            shared,
            names,
            topics,
            port: Port::new(teller),
            commands,
            requests,
            found: None,
            saver,
            peers: Peers::default(),
            dials: BTreeMap::new(),
            tickets: Tickets::default(),
            misses: Misses::new(),
            questions: Questions::default(),
            cut: BTreeMap::new(),
            asked: BTreeMap::new(),
            mutes: Mutes::default(),
            leaving: BTreeMap::new(),
            status: None,
            log: LogLimiter::new(),
        }
    }

    /// Takes up the addresses of nodes of the local network.
    pub(crate) fn follow(&mut self, found: mpsc::Receiver<Vec<PeerAddress>>) {
        self.found = Some(found);
    }

    /// Runs until the node or a handle ends it, and writes the peers file then.
    pub(crate) async fn run(mut self) {
        self.port.up();
        let mut commands = 0_u32;
        let reason = loop {
            self.run_peering();
            let wake = self.next_wake();
            select! {
                event = self.swarm.select_next_some() => self.on_swarm_event(event),
                command = self.commands.next() => match command {
                    Some(command) => {
                        self.on_command(command);
                        commands = commands.wrapping_add(1);
                        // what they publish must go out before more of it fills the queues of neighbours
                        if commands.is_multiple_of(COMMANDS_IN_A_ROW) {
                            tokio::task::yield_now().await;
                        }
                    }
                    None => break "the node has ended",
                },
                // all handles may be dropped, which ends nothing
                Some(request) = self.requests.recv() => match request {
                    Request::Peers(reply) => {
                        // whoever asked may have gone
                        let _ = reply.send(self.reports());
                    }
                    Request::Block { peer, blocked } => self.block(&peer, blocked),
                    Request::Shutdown => break "this node ends",
                },
                Some(found) = next_of(&mut self.found), if self.found.is_some() => self.on_found(found),
                () = self.port.room(), if self.port.waits() => self.port.flush(),
                () = self.saver.saved(), if self.saver.is_busy() => {}
                () = time::sleep_until(wake.unwrap_or_else(time::Instant::now)), if wake.is_some() => self.on_wake(),
            }
        };
        tracing::debug!("the mesh ends: {reason}");
        self.port.down(reason.into());
        let text = self.swarm.behaviour_mut().gate.peering().map(|peering| peering.file());
        if let Some(text) = text {
            self.saver.finish(text).await;
        }
    }

    fn on_swarm_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::Behaviour(BehaviourEvent::Gossip(gossipsub::Event::SlowPeer { peer_id, failed_messages })) => {
                self.on_slow_reader(&peer_id, &failed_messages);
            }
            SwarmEvent::Behaviour(BehaviourEvent::Gossip(event)) => self.on_gossip(event),
            SwarmEvent::Behaviour(BehaviourEvent::Ask(event)) => self.on_ask(event),
            SwarmEvent::Behaviour(BehaviourEvent::Identify(event)) => self.on_identify(event),
            SwarmEvent::Behaviour(BehaviourEvent::Ping(event)) => self.on_ping(&event),
            event => self.on_connection(event),
        }
    }

    /// Returns the next moment at which something is due.
    fn next_wake(&mut self) -> Option<time::Instant> {
        let clock = self.clock;
        let peering = self.swarm.behaviour_mut().gate.peering().and_then(|peering| peering.next_timeout());
        let peering = peering.map(|at| clock.instant(at));
        let leaving = self.leaving.values().map(|(_, at)| *at).min();
        [peering, self.tickets.next_expiry(), self.peers.next_deadline(), leaving].into_iter().flatten().min()
    }

    fn on_wake(&mut self) {
        let now = time::Instant::now();
        while let Some(waiting) = self.tickets.expired(now) {
            self.judge_late(&waiting);
        }
        while let Some(peer) = self.peers.overdue(now) {
            self.part(&peer, "it did not join or answer in time");
        }
        while let Some(peer) = self.leaving.iter().find(|(_, (_, at))| *at <= now).map(|(peer, _)| *peer) {
            self.close_leaving(&peer);
        }
        let clock = self.clock;
        let due = |at| clock.instant(at) <= now;
        if self.swarm.behaviour_mut().gate.peering().and_then(|peering| peering.next_timeout()).is_some_and(due) {
            self.tell_peering(PeeringInput::Timeout);
        }
    }

    /// Tells peering something. What it wants done is done before the next event.
    fn tell_peering(&mut self, input: PeeringInput) {
        let now = self.clock.now();
        if let Some(peering) = self.swarm.behaviour_mut().gate.peering() {
            peering.handle(now, input);
        }
    }

    /// Does what peering wants done.
    fn run_peering(&mut self) {
        while let Some(output) = self.swarm.behaviour_mut().gate.peering().and_then(|peering| peering.poll_output()) {
            match output {
                PeeringOutput::Dial { address, role } => self.dial(address, role),
                PeeringOutput::Drop { peer, reason } => {
                    // a feeler parts by itself, when it has its answer, and a muted peer when it has heard why
                    let stays = |peer: &PeerId| self.feels(peer) || self.leaving.contains_key(peer);
                    if let Some(peer) = crate::names::to_libp2p(&peer).filter(|peer| !stays(peer)) {
                        self.part(&peer, reason);
                    }
                }
                PeeringOutput::AskAddresses { peer } => self.ask_addresses(&peer),
                PeeringOutput::Save => {
                    let text = self.swarm.behaviour_mut().gate.peering().map(|peering| peering.file());
                    text.into_iter().for_each(|text| self.saver.save(text));
                }
            }
        }
    }

    fn reports(&self) -> Vec<PeerReport> {
        let gossip = &self.swarm.behaviour().gossip;
        let gossiping: BTreeSet<_> =
            gossip.all_peers().filter(|(_, topics)| !topics.is_empty()).map(|(peer, _)| *peer).collect();
        let report = |(peer, entry): (&PeerId, &peers::Peer)| PeerReport {
            id: entry.id.clone(),
            node: entry.node,
            address: entry.address(),
            direction: entry.direction(),
            agent: entry.agent.clone(),
            score: gossip.peer_score(peer).unwrap_or_default(),
            gossips: gossiping.contains(peer),
        };
        self.peers.joined().map(report).collect()
    }
}

/// Returns what comes next, if anything can come.
async fn next_of<T>(receiver: &mut Option<mpsc::Receiver<T>>) -> Option<T> {
    receiver.as_mut()?.recv().await
}
