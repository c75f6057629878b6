//! The embedder's requests.

use std::sync::Arc;

use toycoin_core::{BlockHash, CheckedBlock, Txid, store::ChainStore};

use crate::{
    limits,
    protocol::{
        ChainDelta, Claims, ClockWarning, NodeMachine, PeerClaim, PeerInfo, Request, RequestId, Response, Status,
        TransactionPlace, peer_key::PeerKey, peers::Peer,
    },
};

impl<S: ChainStore<Error: std::fmt::Display>> NodeMachine<S> {
    pub(super) fn on_request(&mut self, id: RequestId, request: Request) {
        match self.answer(id, request) {
            Ok(Some(response)) => self.net.reply(id, response),
            Ok(None) => {}
            Err(error) => {
                self.net.halt(&error);
                self.net.reply(id, Response::Halted);
            }
        }
    }

    /// Answers a question about chain, mempool or peers, for a driver that owns the machine. Nothing in the machine
    /// changes, so a simulated network takes the same course whether somebody asks or not. Returns `None` for a request
    /// that submits, sets or waits for something, which [`Input::Request`](super::Input::Request) carries out.
    ///
    /// # Errors
    /// When the store fails; the text says how.
    pub fn inspect(&self, request: &Request) -> Result<Option<Response>, String> {
        Ok(Some(match request {
            Request::Status => Response::Status(self.status()),
            Request::Coins(owner) => Response::Coins(self.chain.coins_of(owner).map_err(|e| e.to_string())?),
            Request::Block(hash) => Response::Block(self.chain.block(hash).map_err(|e| e.to_string())?),
            Request::BlockAt(height) => Response::Block(self.chain.block_at(*height).map_err(|e| e.to_string())?),
            Request::Transaction(txid) => Response::Transaction(self.find_transaction(txid)?),
            Request::Since(block) => Response::Since(self.since(block)?),
            Request::ActiveChain => Response::ActiveChain(self.chain.active_hashes().collect()),
            Request::Audit => Response::Audit(self.chain.audit().map_err(|e| e.to_string())?),
            Request::Peers => Response::Peers(self.peer_infos()),
            Request::Headers { from, limit } => {
                Response::Headers(self.chain.headers_from(*from, (*limit).min(limits::HEADER_PAGE)))
            }
            Request::Tips => Response::Tips(self.chain.tips(limits::TIPS)),
            Request::Mempool { after, limit } => Response::Mempool(self.transactions.pool().page(*after, *limit)),
            _ => return Ok(None),
        }))
    }

    /// Returns the answer to a request; `None` if it comes later.
    fn answer(&mut self, id: RequestId, request: Request) -> Result<Option<Response>, String> {
        if let Some(answer) = self.inspect(&request)? {
            return Ok(Some(answer));
        }
        match request {
            Request::Submit(transaction) => {
                let submitted = self.transactions.submit(transaction.into(), &mut self.net, &mut self.chain);
                Ok(Some(Response::Submitted(submitted.map_err(|e| e.to_string())?)))
            }
            Request::SubmitAndWait { transaction, confirmations } => {
                let Self { net, chain, transactions, .. } = self;
                let answer = transactions.submit_and_wait(id, transaction.into(), confirmations, net, chain);
                answer.map_err(|e| e.to_string())
            }
            Request::WaitForConfirmations { txid, confirmations } => {
                self.transactions.wait(id, txid, confirmations, &self.chain).map_err(|e| e.to_string())
            }
            Request::Cancel(other) => {
                self.transactions.cancel(other, &mut self.net);
                Ok(Some(Response::Done))
            }
            Request::SetMining(enabled) => {
                self.mining.enabled = enabled && self.net.config.payout.is_some();
                Ok(Some(Response::Done))
            }
            Request::SetBlockDelay(delay) => {
                self.net.config.block_delay = delay;
                self.mining.hurry(self.net.now.monotonic + delay);
                Ok(Some(Response::Done))
            }
            // the questions have their answers
            _ => Ok(None),
        }
    }

    /// Returns a transaction from the mempool, or else from the active chain, with its location. Of a block that was
    /// pruned, the location alone is known.
    fn find_transaction(&self, txid: &Txid) -> Result<Option<TransactionPlace>, String> {
        if let Some(transaction) = self.transactions.pool().get(txid) {
            let transaction = Some(transaction.clone());
            return Ok(Some(TransactionPlace { transaction, block: None, confirmations: 0 }));
        }
        let Some((hash, place)) = self.chain.find_transaction(txid).map_err(|e| e.to_string())? else {
            return Ok(None);
        };
        let Some(entry) = self.chain.headers().get(&hash) else { return Ok(None) };
        let block = self.chain.block(&hash).map_err(|e| e.to_string())?;
        let place = usize::try_from(place).ok().and_then(|place| place.checked_sub(1));
        let payments = block.as_ref().map_or(&[][..], |block| &block.block().transactions);
        let transaction = place.and_then(|place| payments.get(place)).cloned();
        let confirmations = self.chain.confirmations(&hash).unwrap_or(0);
        Ok(Some(TransactionPlace { transaction, block: Some((hash, entry.header.height)), confirmations }))
    }

    /// Returns some of the moves from a block to the tip; `None` when the block is unknown, or blocks above it were
    /// pruned.
    fn since(&self, from: &BlockHash) -> Result<Option<ChainDelta>, String> {
        let body = |hash: &BlockHash| -> Result<Option<Arc<CheckedBlock>>, String> {
            self.chain.block(hash).map_err(|e| e.to_string())
        };
        let (mut disconnected, mut connected): (Vec<Arc<CheckedBlock>>, Vec<Arc<CheckedBlock>>) = Default::default();
        let is_full = |blocks: &[Arc<CheckedBlock>]| {
            let bytes: u64 = blocks.iter().map(|block| block.block().size()).sum();
            blocks.len() >= limits::BLOCKS_SINCE || bytes >= limits::BLOCK_BYTES_SINCE
        };
        let mut at = *from;
        let mut next = loop {
            let Some(entry) = self.chain.headers().get(&at) else { return Ok(None) };
            if self.chain.is_active(&at) {
                break entry.header.height + 1;
            }
            if is_full(&disconnected) {
                return Ok(Some(ChainDelta { disconnected, connected, complete: false }));
            }
            // a block that was never active may be known by its header alone
            disconnected.extend(body(&at)?);
            at = entry.header.previous;
        };
        if next < self.chain.first_block() {
            return Ok(None);
        }
        while let Some(entry) = self.chain.header_at(next) {
            if is_full(&connected) {
                return Ok(Some(ChainDelta { disconnected, connected, complete: false }));
            }
            connected.extend(body(&entry.hash)?);
            next += 1;
        }
        Ok(Some(ChainDelta { disconnected, connected, complete: true }))
    }

    fn status(&self) -> Status {
        Status {
            tip: self.chain.tip(),
            best_height: self.chain.headers().best().header.height,
            held_headers: self.headers.held(),
            mempool: self.transactions.pool().len(),
            mempool_bytes: self.transactions.pool().bytes(),
            connections: self.net.links.values().filter(|link| link.ready && !link.is_mesh()).count(),
            peers: self.net.peers.len(),
            claims: Claims::of(&self.net, self.chain.headers()),
            search: self.mining.search(),
            clock: self.clock_warnings().into_iter().next(),
            assumed: self.chain.snapshot_height(),
            first_block: self.chain.first_block(),
        }
    }

    fn clock_warnings(&self) -> Vec<ClockWarning> {
        self.clock.warnings(&self.net, self.chain.params(), self.waiting.first_deferred())
    }

    fn peer_infos(&self) -> Vec<PeerInfo> {
        let now = self.net.now.monotonic;
        let info = |((connection, id), peer): (&PeerKey, &Peer)| PeerInfo {
            connection: *connection,
            id: *id,
            direction: self.net.links.get(connection).and_then(|link| link.lanes.get(&Some(*id))?.direction),
            address: None,
            claim: PeerClaim::of(peer, self.chain.headers()),
            score: peer.score(now),
            muted: peer.is_muted(now),
        };
        self.net.peers.iter().map(info).collect()
    }
}
