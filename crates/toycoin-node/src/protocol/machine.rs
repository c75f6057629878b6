//! The machine: its parts, the inputs that reach them, and the order in which they do what became due.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use toycoin_core::{
    ChainParams,
    chain::{Chain, ChainError},
    store::ChainStore,
};

use crate::{
    limits,
    machine::{Machine, Monotonic, Now},
    mempool::{Mempool, MempoolConfig},
    protocol::{
        Event, Input, Judgement, NodeConfig, Output, Response, Via, announce,
        answers::Answers,
        bodies::BodySync,
        clock::ClockWatch,
        compact::{self, CompactBlocks},
        connecting::Connecting,
        durability::Durability,
        headers::HeaderSync,
        lanes::LaneKey,
        link_timeouts::LinkTimeouts,
        links::Link,
        lone_headers::LoneHeaders,
        mining::Mining,
        net::Net,
        peer_key::PeerKey,
        transactions::TransactionRelay,
        waiting_blocks::WaitingBlocks,
    },
    relay::ConnectionId,
};

/// A full node without I/O; see the [module](super).
#[derive(Debug)]
pub struct NodeMachine<S> {
    pub(super) net: Net,
    pub(super) chain: Chain<S>,
    pub(super) durability: Durability,
    pub(super) headers: HeaderSync,
    pub(super) bodies: BodySync,
    pub(super) waiting: WaitingBlocks,
    pub(super) lone_headers: LoneHeaders,
    pub(super) compact: CompactBlocks,
    pub(super) connecting: Connecting,
    pub(super) transactions: TransactionRelay,
    pub(super) mining: Mining,
    pub(super) answers: Answers,
    pub(super) clock: ClockWatch,
    next_sweep: Monotonic,
    link_timeouts: LinkTimeouts,
    /// What the last input left, if it concerned one connection alone and left nothing to do.
    rested: Option<Rested>,
}

/// The state after an input that concerned one connection alone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rested {
    #[cfg(feature = "test-util")]
    connection: ConnectionId,
    /// The next timeout of the whole machine.
    next_timeout: Option<Monotonic>,
}

impl<S: ChainStore<Error: std::fmt::Display>> NodeMachine<S> {
    /// Returns a node on top of a chain.
    pub fn new(chain: Chain<S>, mut config: NodeConfig, now: Now) -> Self {
        let mut rng = ChaCha8Rng::from_seed(config.seed);
        mark(&mut config.extra, rng.next_u32());
        let mempool_config = MempoolConfig { min_fee_rate: config.min_fee_rate, max_bytes: config.mempool_bytes };
        let mining = Mining::new(config.payout.is_some(), now.monotonic + limits::JOIN_GRACE);
        let mut machine = Self {
            transactions: TransactionRelay::new(Mempool::new(chain.params().clone(), mempool_config)),
            net: Net::new(config, rng, now),
            chain,
            durability: Durability::default(),
            headers: HeaderSync::default(),
            bodies: BodySync::new(now.monotonic),
            waiting: WaitingBlocks::default(),
            lone_headers: LoneHeaders::default(),
            compact: CompactBlocks::default(),
            connecting: Connecting::at_start(),
            mining,
            answers: Answers::default(),
            clock: ClockWatch::default(),
            next_sweep: now.monotonic + limits::SWEEP_INTERVAL,
            link_timeouts: LinkTimeouts::default(),
            rested: None,
        };
        machine.transactions.set_now(now.monotonic);
        machine.transactions.restore(&mut machine.net, &mut machine.chain);
        machine
    }

    /// Returns the chain.
    pub const fn chain(&self) -> &Chain<S> {
        &self.chain
    }

    /// Returns the mempool.
    pub const fn mempool(&self) -> &Mempool {
        self.transactions.pool()
    }

    /// Returns the number of answers that peers did not get, because they asked for more than the rate limits allow.
    pub const fn overloads(&self) -> u64 {
        self.net.overloads
    }

    /// Returns the number of messages that were not sent, because too many bytes waited on their connection.
    pub const fn unsent(&self) -> u64 {
        self.net.unsent
    }

    /// Returns whether arrived bodies wait for others before they are connected. This happens during initial block
    /// download (IBD), for at most [`GATHER_TIME`](limits::GATHER_TIME).
    pub const fn is_gathering(&self) -> bool {
        self.connecting.is_gathering()
    }

    /// Returns the chain with its store.
    pub fn into_chain(self) -> Chain<S> {
        self.chain
    }

    /// Saves the waiting transactions for the next start, makes everything durable, and ends the node.
    ///
    /// # Errors
    /// When the store fails. A store that had failed before is not written.
    pub fn finish(mut self) -> Result<(), ChainError<S::Error>> {
        // the last move of the tip may still bring back transactions
        self.follow_to_the_end();
        if self.net.halted {
            return Ok(());
        }
        self.transactions.keep_all(&mut self.chain)?;
        self.chain.sync()
    }

    /// Refuses an input, since the store has failed. What is owed for it is still given.
    fn refuse_input(&mut self, input: &Input<'_>) {
        self.net.outputs.extend(match input {
            Input::Request { id, .. } => Some(Output::Reply { id: *id, response: Box::new(Response::Halted) }),
            Input::Heard { via: Via::Gossip(ticket), .. } => {
                Some(Output::Judge { ticket: *ticket, judgement: Judgement::Ignore })
            }
            Input::Heard { via: Via::Question(question), .. } => Some(Output::End { question: *question }),
            _ => None,
        });
    }

    /// Makes all parts forget the peers that were muted.
    pub(super) fn forget_muted(&mut self) {
        for peer in self.net.take_muted() {
            self.transactions.forget(&peer, &mut self.net);
            self.net.ignore_tickets_of(|key| *key == peer);
            self.forget(|key| *key == peer);
        }
    }

    /// Asks other peers for what was requested from peers that are gone or muted.
    pub(super) fn forget(&mut self, gone: impl Fn(&PeerKey) -> bool) {
        self.headers.forget(&gone);
        self.bodies.forget(&gone);
        self.net.missed.forget(&gone, self.net.now.monotonic);
        self.compact.forget(&gone);
        for (connection, link) in &mut self.net.links {
            link.questions.forget(|id| gone(&(*connection, *id)));
        }
        self.headers.look(&mut self.net);
        self.bodies.request(&mut self.net, &self.chain);
    }

    fn sweep(&mut self) {
        let now = self.net.now.monotonic;
        if self.next_sweep > now {
            return;
        }
        self.next_sweep = now + limits::SWEEP_INTERVAL;
        let tickets = &self.net.tickets;
        self.lone_headers.keep_open(|ticket| tickets.is_open(*ticket));
        self.compact.expire(now);
        for key in self.net.peers.remove_silent(now) {
            self.forget(|gone| *gone == key);
            self.net.emit(Event::PeerDisconnected { id: key.1 });
        }
        // a peer that rested may be asked again
        self.headers.look(&mut self.net);
    }

    fn on_links_timeout(&mut self) {
        let now = self.net.now;
        let mut lost = Vec::new();
        for (connection, link) in &mut self.net.links {
            if let Err(error) = link.way.handle_timeout(now) {
                lost.push((*connection, error.to_string()));
            }
        }
        for (connection, error) in lost {
            self.close(connection, error);
        }
    }

    /// Asks other peers where answers are late, and sends PINGs to relays that may hold back overdue answers.
    fn lapse_requests(&mut self) {
        let now = self.net.now.monotonic;
        let mut has_moved = false;
        for link in self.net.links.values_mut() {
            link.barrier.give_up(now);
            has_moved |= link.barrier.take_moved();
        }
        let mut unclear = self.headers.lapse(&mut self.net);
        unclear.append(&mut self.bodies.lapse(has_moved, &mut self.net, &self.chain));
        for connection in unclear {
            self.net.ping(connection);
        }
    }

    /// Answers the dropped deliveries on each connection where it is time.
    fn answer_lags(&mut self) {
        let now = self.net.now.monotonic;
        let due = |(connection, link): (&ConnectionId, &mut Link)| Some((*connection, link.lag.take_due(now)?));
        let due: Vec<_> = self.net.links.iter_mut().filter_map(due).collect();
        for (connection, count) in due {
            self.net.emit(Event::Lagged { count });
            let lane = LaneKey { connection, to: None };
            announce::send_status(&mut self.net, &mut self.chain, &mut self.durability, lane);
            let most = self.net.peers.iter().filter(|((at, _), _)| *at == connection);
            let most = most.max_by_key(|(_, peer)| peer.status.map(|status| status.work)).map(|(key, _)| *key);
            if let Some(peer) = most.and_then(|key| self.net.peers.get_mut(&key)) {
                peer.note_news();
            }
            self.headers.look(&mut self.net);
        }
    }

    /// Publishes the own blocks whose time has come.
    fn publish_blocks(&mut self) {
        while let Some(block) = self.mining.take_due(self.net.now.monotonic) {
            if !self.durability.make_durable(&mut self.net, &mut self.chain) {
                return;
            }
            let hash = block.hash();
            let message = compact::message(block.block(), &mut self.net);
            let had_no_room = self.net.broadcast(&message, |_| true);
            announce::published(&mut self.net, hash, &had_no_room);
        }
    }

    /// Sends what a connection's client has to say, if nothing is due, no blocks are missing, and the connection owes no
    /// answers, which may have waited for its room. Returns false if there is more to do.
    ///
    /// If it returns true, [`settle`](Self::settle) has nothing to do after statuses, transactions and written bytes:
    /// all else is tried at a time of its own, which [`next_timeout`](Self::next_timeout) names. On a large network
    /// those are nearly all inputs, and looking at every connection would cost more than they do. So the timeouts of
    /// the other connections are remembered, and the driver is told what was found.
    fn rest(&mut self, connection: ConnectionId) -> bool {
        let is_behind = self.chain.headers().best().work > self.chain.tip().work;
        let owes = self.net.links.get(&connection).is_some_and(|link| !link.questions.is_empty());
        if is_behind || owes {
            return false;
        }
        let of_links = self.link_timeouts.first(connection, &self.net.links);
        let next_timeout = self.timeout_with(of_links);
        if next_timeout.is_some_and(|at| at <= self.net.now.monotonic) {
            return false;
        }
        // the other clients had nothing to say, or no room, which only written bytes give
        self.net.flush_link(connection);
        self.rested = Some(Rested {
            #[cfg(feature = "test-util")]
            connection,
            next_timeout,
        });
        true
    }

    /// Returns the connection that the last input concerned, if it concerned that one alone.
    #[cfg(feature = "test-util")]
    pub(super) fn touched(&self) -> Option<ConnectionId> {
        self.rested.map(|rested| rested.connection)
    }

    /// Looks at all parts for the time of the next one that has something to do.
    fn find_timeout(&self) -> Option<Monotonic> {
        self.timeout_with(self.net.links.values().filter_map(Link::next_timeout).min())
    }

    /// Returns the time of the next part that has something to do, with that of all connections.
    fn timeout_with(&self, of_links: Option<Monotonic>) -> Option<Monotonic> {
        if self.connecting.has_more() {
            return Some(self.net.now.monotonic);
        }
        let drift = self.chain.params().spec().max_future_ms;
        let deferred = self.waiting.first_deferred().map(|(time, _)| {
            let wait = time.saturating_sub(drift).saturating_sub(self.net.now.unix_ms);
            self.net.now.monotonic + std::time::Duration::from_millis(wait)
        });
        let parts = [
            of_links,
            Some(self.next_sweep),
            self.net.tickets.next_timeout(),
            self.net.missed.next_timeout(),
            self.connecting.next_timeout(),
            deferred,
            self.clock.next_timeout(),
            self.headers.next_timeout(),
            self.bodies.next_timeout(),
            self.transactions.next_timeout(self.net.now.monotonic),
            self.mining.next_timeout(
                &self.net,
                self.transactions.pool(),
                self.connecting.is_busy,
                self.bodies.catching_up_until(),
            ),
            self.durability.next_timeout(),
            self.durability.waits_until(self.bodies.catching_up_until()),
        ];
        parts.into_iter().flatten().min()
    }

    fn refresh_mining(&mut self) {
        let is_behind = self.bodies.is_far_behind(&self.chain, self.net.now.monotonic);
        let is_busy = self.connecting.is_busy || self.connecting.is_following();
        let Self { net, chain, transactions, durability, .. } = self;
        self.mining.refresh(is_behind, is_busy, net, chain, transactions.pool(), durability);
    }

    /// Does the work that any input may have made due. The order matters:
    ///
    /// 1. Connections come first: one that has timed out must not get more to send.
    /// 2. `LAGD` is answered with a status and a search for headers, because the lost messages may have announced a
    ///    tip.
    /// 3. Peers that were silent for long are removed, so that nothing below waits for them.
    /// 4. Deferred blocks whose time has come become ready to connect, and clocks are compared with those that remain.
    /// 5. The last move of the tip is followed to its end before the chain moves on, so that events, mempool and waits
    ///    see one move after the other. Then at most one block is connected.
    /// 6. During initial block download (IBD), the store's changes become durable at intervals. (At the tip, each move
    ///    is made durable before it is announced.) If blocks no longer come, the tip is announced all the same.
    /// 7. Requests lapse after the chain has moved, so that an answer in this very input still counts.
    /// 8. Own blocks are published, then the new tip, then own payments, in the order of their value to others. Then
    ///    payments are asked for that gossip brought and nobody had room for.
    /// 9. Strangers' questions are answered within the remaining room, from the newest state.
    /// 10. Mining begins on the present tip and mempool, once and not after each step.
    /// 11. The relay layer's own frames leave last, because they refer to everything that was sent before.
    fn settle(&mut self) {
        self.link_timeouts.forget();
        self.forget_muted();
        self.net.ignore_late_tickets();
        self.on_links_timeout();
        self.answer_lags();
        self.sweep();
        self.retry_deferred();
        self.clock.handle_timeout(&mut self.net, self.chain.params(), self.waiting.first_deferred());
        self.connect();
        self.forget_muted();
        self.durability.handle_timeout(&mut self.net, &mut self.chain);
        self.end_catching_up();
        self.lapse_requests();
        self.headers.handle_timeout(&mut self.net, self.chain.headers());
        self.bodies.handle_timeout(&mut self.net, &self.chain);
        self.publish_blocks();
        let is_held_back = self.mining.holds_back_blocks();
        announce::announce(&mut self.net, &mut self.chain, &mut self.durability, is_held_back);
        self.transactions.rebroadcast_own(&mut self.net);
        self.ask_missed();
        self.answers.answer(&mut self.net, &self.chain, self.transactions.pool());
        self.net.end_questions();
        self.refresh_mining();
        self.net.flush_links();
    }
}

impl<S: ChainStore<Error: std::fmt::Display>> Machine for NodeMachine<S> {
    type Input<'a> = Input<'a>;
    type Output = Output;

    fn handle(&mut self, now: Now, input: Input<'_>) {
        self.net.now = now;
        self.rested = None;
        self.transactions.set_now(now.monotonic);
        if self.net.halted {
            return self.refuse_input(&input);
        }
        match input {
            Input::Connected { connection, relay, node_id } => self.on_connected(connection, relay, node_id),
            Input::Received { connection, bytes } => {
                let is_light = self.on_received(connection, bytes);
                let has_admitted = self.transactions.admit_pressing(&mut self.net, &mut self.chain);
                if is_light && !has_admitted && self.rest(connection) {
                    return;
                }
            }
            Input::Written { connection, bytes } => {
                self.on_written(connection, bytes);
                // most writes give room that nobody waits for
                if self.rest(connection) {
                    return;
                }
            }
            Input::Disconnected { connection } => self.on_disconnected(connection),
            Input::MeshUp { connection } => self.on_mesh_up(connection),
            Input::Joined { connection, peer, direction } => self.on_joined((connection, peer), direction),
            Input::Left { connection, peer } => self.on_left((connection, peer)),
            Input::Heard { connection, from, via, payload } => {
                self.on_heard((connection, from), via, payload);
                self.transactions.admit_pressing(&mut self.net, &mut self.chain);
            }
            Input::Missed { connection, from, what } => self.on_missed((connection, from), what),
            Input::Unanswered { connection, from, question, why } => {
                self.on_unanswered((connection, from), question, why);
            }
            Input::Request { id, request } => {
                self.transactions.admit_arrivals(&mut self.net, &mut self.chain);
                self.forget_muted();
                self.on_request(id, request);
            }
            Input::Mined { job, nonce } => self.on_mined(job, nonce),
            Input::Refresh => self.mining.renew(),
            // blocks go first
            Input::Timeout if self.connecting.has_more() => {
                self.transactions.admit_pressing(&mut self.net, &mut self.chain);
            }
            Input::Timeout => self.transactions.admit_arrivals(&mut self.net, &mut self.chain),
        }
        self.settle();
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.net.outputs.pop_front()
    }

    fn next_timeout(&self) -> Option<Monotonic> {
        if self.net.halted {
            return None;
        }
        if let Some(Rested { next_timeout, .. }) = self.rested {
            debug_assert_eq!(next_timeout, self.find_timeout(), "what was found out still holds");
            return next_timeout;
        }
        self.find_timeout()
    }
}

/// Appends a node's own mark to its coinbase text, so that two nodes with the same payout search different headers.
fn mark(extra: &mut Vec<u8>, random: u32) {
    let mark = format!("#{random:08x}");
    extra.truncate(ChainParams::MAX_EXTRA - mark.len());
    extra.extend(mark.into_bytes());
}
