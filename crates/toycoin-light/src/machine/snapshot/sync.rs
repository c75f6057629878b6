//! The snapshot sync.

use std::collections::VecDeque;

use toycoin_core::{ChainParams, proof::DEFAULT_SLICES, snapshot::MAX_COINS};
use toycoin_wire::{
    NodeMessage, Payload,
    machine::{Machine, Monotonic, Now},
};

use super::{
    attempt::{Attempt, Ended, highest},
    io::{Input, Output, SnapshotFailure},
    offers::Offers,
};
use crate::{
    limits,
    machine::{self, Server, Tip, kind::Kind, net::Net, tip::TipKeeper},
};

/// The configuration of a snapshot sync.
#[derive(Debug, Clone)]
pub struct SnapshotConfig {
    /// The network.
    pub params: ChainParams,
    /// The number of slices in the proofs that it asks for, 1 to 256: more of them make a deception less likely and a
    /// proof longer.
    pub slices: u16,
    /// What its random choices are drawn from. Who knows it can prepare for the proofs that it asks for.
    pub seed: [u8; 32],
    /// The most coins that there is room for, 84 bytes each.
    pub most_coins: u64,
}

impl SnapshotConfig {
    /// Returns the configuration with the default number of slices, and room for every snapshot.
    pub const fn new(params: ChainParams, seed: [u8; 32]) -> Self {
        Self { params, slices: DEFAULT_SLICES, seed, most_coins: MAX_COINS }
    }
}

/// A snapshot sync: it proves a tip, and collects the UTXO set of a block below it from servers that may lie.
///
/// It owns no socket, no clock and no file. The driver tells it what it hears on each connection, and carries out what
/// it says. It ends with [`Output::Done`]; how long to try before that is the driver's choice.
#[derive(Debug)]
pub struct SnapshotMachine {
    net: Net,
    tip: TipKeeper,
    offers: Offers,
    attempt: Option<Attempt>,
    outputs: VecDeque<Output>,
    most_coins: u64,
    /// When the first server was heard.
    begun: Option<Monotonic>,
    is_over: bool,
}

impl SnapshotMachine {
    /// Returns a sync that knows genesis alone.
    pub fn new(config: SnapshotConfig) -> Self {
        let SnapshotConfig { params, slices, seed, most_coins } = config;
        Self {
            tip: TipKeeper::new(params.clone(), slices),
            net: Net::new(params, seed),
            offers: Offers::default(),
            attempt: None,
            outputs: VecDeque::new(),
            most_coins,
            begun: None,
            is_over: false,
        }
    }

    /// Returns the network.
    pub const fn params(&self) -> &ChainParams {
        &self.net.params
    }

    /// Returns the tip whose work was proved: genesis until one is.
    pub fn tip(&self) -> Tip {
        self.tip.tip()
    }

    /// Returns how many chunks of the present snapshot were accepted, and how many it has; zeros until one has begun.
    pub fn progress(&self) -> (usize, usize) {
        self.attempt.as_ref().map(Attempt::progress).unwrap_or_default()
    }

    /// Returns the number of servers that were heard of and are not muted.
    pub fn servers(&self) -> usize {
        self.net.servers.iter().count()
    }

    /// Returns our status, which claims nothing: who has no chain owes nobody headers. A mesh asks for it.
    pub fn status(&self) -> NodeMessage {
        self.net.status()
    }

    fn on_message(&mut self, server: Server, message: NodeMessage) {
        let Self { net, tip, offers, attempt, .. } = self;
        match message {
            NodeMessage::Status(status) => net.on_status(server, &status),
            NodeMessage::Headers(headers) => {
                let is_answer = net.servers.answered(&server, Kind::Tip);
                tip.on_headers(net, server, &headers, is_answer);
            }
            NodeMessage::Proof(proof) if net.servers.answered(&server, Kind::Tip) => {
                tip.on_proof(net, server, &proof);
            }
            NodeMessage::CompactBlock(block) => drop(tip.on_headers(net, server, &[block.header], false)),
            NodeMessage::Block(block) => drop(tip.on_headers(net, server, &[block.header], false)),
            NodeMessage::Ancestors(proof) if net.servers.answered(&server, Kind::Ancestors) => {
                if let Some(attempt) = attempt {
                    attempt.on_ancestors(net, tip, offers, server, &proof);
                }
            }
            NodeMessage::Manifest(manifest) => {
                let offered = offers.on_manifest(net, server, manifest);
                let attempt = attempt.as_mut().zip(offered);
                let most_coins = self.most_coins;
                let begun =
                    attempt.map(|(attempt, offered)| attempt.on_manifest(net, offers, most_coins, server, offered));
                self.carry_out(begun.unwrap_or(Ok(None)));
            }
            NodeMessage::Chunk(chunk) => {
                let written = attempt.as_mut().map(|attempt| attempt.on_chunk(net, offers, server, chunk));
                self.carry_out(written.unwrap_or(Ok(None)));
            }
            NodeMessage::NotFound(hashes) => {
                tip.on_not_found(net, server, &hashes);
                offers.on_not_found(net, server, &hashes);
                if let Some(attempt) = attempt {
                    attempt.on_not_found(net, offers, server, &hashes);
                }
            }
            // everything else is for full nodes
            _ => {}
        }
    }

    fn carry_out(&mut self, result: Result<Option<Output>, SnapshotFailure>) {
        match result {
            Ok(output) => self.outputs.extend(output),
            Err(failure) => self.fail(failure),
        }
    }

    /// Ends the attempt.
    fn fail(&mut self, failure: SnapshotFailure) {
        let Some(mut attempt) = self.attempt.take() else { return };
        attempt.cancel(&mut self.net);
        let id = attempt.offer.id;
        match &failure {
            SnapshotFailure::False(error) => self.offers.refute(&mut self.net, id, &error.to_string()),
            SnapshotFailure::Stalled => self.offers.give_up(id),
            SnapshotFailure::Unavailable => {}
            SnapshotFailure::NoRoom { .. } => self.is_over = true,
        }
        if attempt.has_begun() || failure.is_final() {
            self.outputs.push_back(Output::Failed(failure));
        }
    }

    /// Handles that a server is gone, and all that it was asked.
    fn on_gone(&mut self, server: Server) {
        self.offers.forget(&server);
        for kind in self.net.servers.forget(&server) {
            self.on_failed(server, kind);
        }
    }

    fn on_failed(&mut self, server: Server, kind: Kind) {
        if let Some(attempt) = &mut self.attempt {
            attempt.on_failed(&server, kind);
        }
    }

    /// Asks for all that is missing.
    fn act(&mut self) {
        let now = self.net.now.monotonic;
        for (server, kind) in self.net.servers.overdue(now) {
            self.net.servers.failed(&server, kind, now);
            self.on_failed(server, kind);
        }
        self.forget_muted();
        self.tip.act(&mut self.net);
        self.offers.act(&mut self.net);
        while !self.is_over && (self.attempt.is_some() || self.choose()) {
            let Self { net, tip, offers, attempt: Some(attempt), .. } = self else { break };
            match attempt.act(net, tip, offers) {
                None => break,
                Some(Ended::Failed(failure)) => self.fail(failure),
                Some(Ended::Done(snapshot)) => {
                    self.is_over = true;
                    self.outputs.push_back(Output::Done(snapshot));
                }
            }
            self.forget_muted();
        }
    }

    fn forget_muted(&mut self) {
        while let Some(server) = self.net.muted.pop() {
            self.offers.forget(&server);
            for kind in [Kind::Ancestors, Kind::Chunks] {
                self.on_failed(server, kind);
            }
        }
    }

    /// Begins an attempt, if the servers had time and there is something to choose. Returns whether it did.
    fn choose(&mut self) -> bool {
        let now = self.net.now.monotonic;
        let since = |time| self.begun.is_some_and(|begun| now >= begun + time);
        let is_settled = self.tip.is_settled(&self.net) && self.net.servers.waiting(Kind::Manifest).0 == 0;
        let may_choose = self.tip.proved.is_some() && since(limits::GATHERING);
        if !may_choose || !(is_settled || since(limits::SETTLING)) {
            return false;
        }
        let offer = self.offers.choose(&mut self.net, highest(&self.tip));
        self.attempt = offer.map(|offer| Attempt::new(offer, now));
        self.attempt.is_some()
    }

    fn hear(&mut self, server: Server) -> bool {
        let now = self.net.now.monotonic;
        let is_heard = self.net.servers.hear(server, now);
        if is_heard {
            self.begun.get_or_insert(now);
        }
        is_heard
    }
}

impl Machine for SnapshotMachine {
    type Input<'a> = Input<'a>;
    type Output = Output;

    fn handle(&mut self, now: Now, input: Input<'_>) {
        self.net.now = now;
        if self.is_over {
            return;
        }
        match input {
            Input::Opened { connection } => {
                self.net.connections.insert(connection);
                let status = self.status();
                self.net.tell(connection, &status);
            }
            Input::Closed { connection } => {
                self.net.connections.remove(&connection);
                for server in self.net.servers.on(connection) {
                    self.on_gone(server);
                }
            }
            Input::Joined { server } => {
                if self.hear(server) {
                    let status = self.status();
                    self.net.say(server, &status);
                }
            }
            Input::Left { server } => self.on_gone(server),
            Input::Heard { server, payload } => {
                if self.hear(server) {
                    match NodeMessage::decode(payload) {
                        Ok(Payload::Message(message)) => self.on_message(server, message),
                        // another program's or another version's
                        Ok(_) => {}
                        Err(error) if error.is_misbehaviour() => self.net.mute(server, error.to_string()),
                        Err(_) => {}
                    }
                }
            }
            Input::Unanswered { server, question } => {
                for kind in Kind::of(question) {
                    if self.net.servers.is_asked(&server, *kind) {
                        self.net.servers.failed(&server, *kind, now.monotonic);
                        self.on_failed(server, *kind);
                    }
                }
            }
            Input::Timeout => {}
        }
        self.act();
        while let Some(output) = self.net.outputs.pop_front() {
            self.outputs.extend(match output {
                machine::Output::Ask { .. } if self.is_over => None,
                machine::Output::Ask { server, payload } => Some(Output::Ask { server, payload }),
                machine::Output::Tell { connection, payload } => Some(Output::Tell { connection, payload }),
                machine::Output::Mute { server, time, reason } => Some(Output::Mute { server, time, reason }),
                // the tip and who is muted are known otherwise
                machine::Output::Emit(_) => None,
            });
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn next_timeout(&self) -> Option<Monotonic> {
        if self.is_over {
            return None;
        }
        let now = self.net.now.monotonic;
        let choices = [limits::GATHERING, limits::SETTLING].map(|time| self.begun.map(|begun| begun + time));
        let times = [
            self.net.servers.next_timeout(now),
            self.tip.next_timeout(&self.net),
            self.offers.next_timeout(),
            self.attempt.as_ref().and_then(|attempt| attempt.stalls_at(&self.tip, &self.offers)),
        ];
        times.into_iter().chain(choices).flatten().filter(|at| *at > now).min()
    }
}
