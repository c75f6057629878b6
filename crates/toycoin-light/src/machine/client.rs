//! The light client.

use toycoin_core::ChainParams;
use toycoin_wire::{
    NodeMessage, Payload,
    machine::{Machine, Monotonic, Now},
};

use super::{
    config::LightConfig,
    io::{Event, Input, Output, Server, Tip},
    kind::Kind,
    net::Net,
    payments::Payments,
    receipts::Receipts,
    saved::{Saved, SavedError},
    search::Search,
    tip::{Moved, TipKeeper},
    window::Window,
};

/// A light client: it follows the chain with the most proved work, and finds the payments of its owners in it.
///
/// It owns no socket and no clock. The driver tells it what it hears on each connection, and carries out what it says.
#[derive(Debug)]
pub struct LightMachine {
    net: Net,
    tip: TipKeeper,
    search: Search,
    receipts: Receipts,
    payments: Payments,
}

impl LightMachine {
    /// Returns a light client that knows genesis alone.
    pub fn new(config: LightConfig) -> Self {
        let LightConfig { params, slices, seed } = config;
        Self {
            tip: TipKeeper::new(params.clone(), slices),
            net: Net::new(params, seed),
            search: Search::default(),
            receipts: Receipts::default(),
            payments: Payments::default(),
        }
    }

    /// Returns a light client that goes on from what another one [saved](Self::save), with the same owners.
    ///
    /// # Errors
    /// When the saved state is of another network or does not hold together.
    pub fn resume(config: LightConfig, saved: &Saved) -> Result<Self, SavedError> {
        saved.check(&config.params)?;
        let mut client = Self::new(config);
        client.tip.window = Window::restore(client.net.params.clone(), &saved.headers, saved.before);
        client.search = Search::restore(saved.searched, saved.coins.clone());
        Ok(client)
    }

    /// Returns what a later client can go on from. What one server alone said is not kept: it is searched again.
    pub fn save(&self) -> Saved {
        let (headers, before) = self.tip.window.parts();
        let (_, searched) = self.search.progress();
        let mut coins = self.search.coins.clone();
        coins.rewind(searched);
        Saved { genesis: self.net.params.genesis_hash(), headers, before, searched, coins }
    }

    /// Returns the network.
    pub const fn params(&self) -> &ChainParams {
        &self.net.params
    }

    /// Returns the tip whose work was proved: genesis until one is.
    pub fn tip(&self) -> Tip {
        self.tip.tip()
    }

    /// Returns the height up to which all blocks are searched, and the height up to which two servers gave the same
    /// filters.
    pub const fn progress(&self) -> (u64, u64) {
        self.search.progress()
    }

    /// Returns the greatest height that a server claims with more work than our tip has, if one does. It is a
    /// stranger's number.
    pub fn claimed_height(&self) -> Option<u64> {
        let work = self.tip().work;
        let claims = self.net.servers.iter().filter_map(|(_, known)| known.claim);
        claims.filter(|claim| claim.work > work).map(|claim| claim.height).max()
    }

    /// Returns the number of servers that were heard of and are not muted.
    pub fn servers(&self) -> usize {
        self.net.servers.iter().count()
    }

    /// Returns the number of servers that claim as much work as our tip has, or more.
    pub fn company(&self) -> usize {
        let work = self.tip().work;
        self.net.servers.iter().filter(|(_, known)| known.claim.is_some_and(|claim| claim.work >= work)).count()
    }

    /// Returns the header of a block whose place below the tip is known: its confirmations are the tip's height less
    /// its own, plus 1.
    pub fn header_at(&self, height: u64) -> Option<Tip> {
        self.tip.window.at(height).copied()
    }

    /// Returns our status, which claims nothing: who has no chain owes nobody headers. A mesh asks for it.
    pub fn status(&self) -> NodeMessage {
        self.net.status()
    }

    fn on_message(&mut self, server: Server, message: NodeMessage) {
        let Self { net, tip, search, receipts, .. } = self;
        match message {
            NodeMessage::Status(status) => net.on_status(server, &status),
            NodeMessage::Headers(headers) => {
                // a short chain is shown from block 1 on in place of its proof; others are not what a proof's asker
                // wants
                let may_answer = !tip.is_proving(&server) || headers.first().is_none_or(|first| first.height == 1);
                let is_answer = may_answer && net.servers.answered(&server, Kind::Tip);
                let moved = tip.on_headers(net, server, &headers, is_answer);
                self.on_moved(moved);
            }
            NodeMessage::Proof(proof) if tip.is_proving(&server) => {
                if !net.servers.answered(&server, Kind::Tip) {
                    net.servers.answered_late(&server, Kind::Tip);
                }
                let moved = tip.on_proof(net, server, &proof);
                self.on_moved(moved);
            }
            NodeMessage::Proof(proof) => receipts.on_proof(net, server, tip, &proof),
            NodeMessage::CompactBlock(block) => {
                let moved = tip.on_headers(net, server, &[block.header], false);
                self.on_moved(moved);
            }
            NodeMessage::Block(block) => {
                let moved = tip.on_headers(net, server, &[block.header], false);
                search.fetcher().on_block(net, server, block);
                self.on_moved(moved);
            }
            NodeMessage::Filters(filters) => search.on_filters(net, server, tip, filters),
            NodeMessage::Ancestors(proof) if receipts.on_ancestors(net, server, &proof) => {}
            NodeMessage::Ancestors(proof) => search.fetcher().on_ancestors(net, server, tip, &proof),
            NodeMessage::Receipts(found) => receipts.on_receipts(net, server, &found),
            NodeMessage::NotFound(ids) => {
                tip.on_not_found(net, server, &ids);
                search.on_not_found(net, server, &ids);
                receipts.on_not_found(net, server, &ids);
            }
            // everything else is for full nodes
            _ => {}
        }
    }

    fn on_moved(&mut self, moved: Option<Moved>) {
        if let Some(Moved { fork }) = moved {
            self.search.rewind(&mut self.net, fork);
            self.payments.rewind(fork);
        }
    }

    /// Handles that a server is gone, and all that it was asked.
    fn on_gone(&mut self, server: Server) {
        for kind in self.net.servers.forget(&server) {
            self.on_failed(server, kind);
        }
    }

    fn on_failed(&mut self, server: Server, kind: Kind) {
        self.search.on_failed(&server, kind);
        if kind == Kind::Receipt {
            self.receipts.on_failed(&server);
        }
    }

    /// Asks for all that is missing.
    fn act(&mut self) {
        let now = self.net.now.monotonic;
        for (server, kind) in self.net.servers.overdue(now) {
            self.net.servers.is_late(&server, kind, now);
            self.on_failed(server, kind);
        }
        loop {
            self.drop_muted();
            self.tip.act(&mut self.net);
            self.search.act(&mut self.net, &mut self.tip);
            self.receipts.act(&mut self.net);
            // each pass mutes a server more, or is the last
            if self.net.muted.is_empty() {
                break;
            }
        }
        for output in &self.net.outputs {
            if let Output::Emit(Event::Block(block)) = output {
                self.payments.confirm(block);
            }
        }
        self.payments.act(&mut self.net, self.tip.tip().header.height);
    }

    /// Tells all parts who was muted.
    fn drop_muted(&mut self) {
        while let Some(server) = self.net.muted.pop() {
            for kind in [Kind::Tip, Kind::Filters, Kind::Blocks, Kind::Ancestors, Kind::Receipt] {
                self.on_failed(server, kind);
            }
            self.search.on_muted(&server);
        }
    }
}

impl Machine for LightMachine {
    type Input<'a> = Input<'a>;
    type Output = Output;

    fn handle(&mut self, now: Now, input: Input<'_>) {
        self.net.now = now;
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
                if self.net.servers.hear(server, now.monotonic) {
                    let status = self.status();
                    self.net.say(server, &status);
                }
            }
            Input::Left { server } => self.on_gone(server),
            Input::Heard { server, payload } => {
                if self.net.servers.hear(server, now.monotonic) {
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
            Input::Watch { owner, birthday } => self.search.watch(&mut self.net, owner, birthday),
            Input::Pay { transaction } => self.payments.pay(&mut self.net, transaction),
            Input::Forget { txid } => self.payments.forget(&txid),
            Input::Prove { txid } => self.receipts.prove(txid),
            Input::Timeout => {}
        }
        self.act();
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.net.outputs.pop_front()
    }

    fn next_timeout(&self) -> Option<Monotonic> {
        let now = self.net.now.monotonic;
        let times =
            [self.net.servers.next_timeout(now), self.tip.next_timeout(&self.net), self.payments.next_timeout()];
        times.into_iter().flatten().min()
    }
}
