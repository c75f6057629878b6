//! The embedder's requests, and those that wait for confirmations.

use std::{collections::BTreeMap, sync::Arc};

use toycoin_core::{BlockHash, CheckedBlock, IdentifiedTransaction, Txid, store::ChainStore};

use crate::{
    limits,
    mempool::{AdmitError, DropReason},
    protocol::{
        ChainDelta, Confirmed, NodeMachine, Output, PeerInfo, Request, RequestId, Response, Status, SubmitError,
        TransactionPlace, WaitError,
    },
};

/// Requests that wait until a transaction has its confirmations.
#[derive(Debug, Default)]
pub(super) struct Waits {
    waiting: BTreeMap<RequestId, (Txid, u64)>,
}

impl Waits {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    fn is_full(&self) -> bool {
        self.waiting.len() >= limits::WAITS
    }

    pub(super) fn is_waited_for(&self, txid: &Txid) -> bool {
        self.waiting.values().any(|(waited, _)| waited == txid)
    }
}

impl<S: ChainStore<Error: std::fmt::Display>> NodeMachine<S> {
    pub(super) fn on_request(&mut self, id: RequestId, request: Request) {
        match self.answer(id, request) {
            Ok(Some(response)) => self.reply(id, response),
            Ok(None) => {}
            Err(error) => {
                self.net.halt(&error);
                self.reply(id, Response::Halted);
            }
        }
    }

    /// Returns the answer to a request; `None` if it comes later.
    fn answer(&mut self, id: RequestId, request: Request) -> Result<Option<Response>, String> {
        Ok(Some(match request {
            Request::Submit(transaction) => {
                Response::Submitted(self.submit(transaction.into()).map_err(|e| e.to_string())?)
            }
            Request::Status => Response::Status(self.status()),
            Request::Coins(owner) => Response::Coins(self.chain.coins_of(&owner).map_err(|e| e.to_string())?),
            Request::Block(hash) => Response::Block(self.chain.block(&hash).map_err(|e| e.to_string())?),
            Request::BlockAt(height) => Response::Block(self.chain.block_at(height).map_err(|e| e.to_string())?),
            Request::Transaction(txid) => Response::Transaction(self.find_transaction(&txid)?),
            Request::SubmitAndWait { transaction, confirmations } => {
                return self.submit_and_wait(id, transaction.into(), confirmations);
            }
            Request::WaitForConfirmations { txid, confirmations } => {
                return self.wait(id, txid, confirmations);
            }
            Request::Cancel(other) => {
                if self.waits.waiting.remove(&other).is_some() {
                    self.reply(other, Response::NotConfirmed(WaitError::Cancelled));
                }
                Response::Done
            }
            Request::Since(block) => Response::Since(self.since(&block)?),
            Request::ActiveChain => Response::ActiveChain(self.chain.active_hashes().collect()),
            Request::Audit => Response::Audit(self.chain.audit().map_err(|e| e.to_string())?),
            Request::SetMining(enabled) => {
                self.mining.enabled = enabled && self.net.config.payout.is_some();
                Response::Done
            }
            Request::Peers => Response::Peers(self.peer_infos()),
        }))
    }

    fn submit_and_wait(
        &mut self,
        id: RequestId,
        transaction: IdentifiedTransaction,
        confirmations: u64,
    ) -> Result<Option<Response>, String> {
        // a transaction whose confirmations cannot be waited for is not submitted either
        if self.waits.is_full() {
            return Ok(Some(Response::NotConfirmed(WaitError::TooMany)));
        }
        match self.submit(transaction).map_err(|e| e.to_string())? {
            Ok(txid) | Err(SubmitError::Refused(AdmitError::AlreadyConfirmed { txid })) => {
                self.wait(id, txid, confirmations)
            }
            Err(error) => Ok(Some(Response::Submitted(Err(error)))),
        }
    }

    /// Makes a request wait for confirmations, unless it can be answered at once.
    fn wait(&mut self, id: RequestId, txid: Txid, confirmations: u64) -> Result<Option<Response>, String> {
        let wanted = confirmations.max(1);
        let block = self.chain.find_transaction(&txid).map_err(|e| e.to_string())?;
        if let Some((block, _)) = block {
            if let Some(confirmed) = self.confirmed(block, wanted) {
                return Ok(Some(Response::Confirmed(confirmed)));
            }
        } else if !self.mempool.contains(&txid) {
            let dropped = self.drops.reason(&txid).cloned().map(WaitError::Dropped);
            return Ok(Some(Response::NotConfirmed(dropped.unwrap_or(WaitError::Unknown { txid }))));
        }
        if self.waits.is_full() {
            return Ok(Some(Response::NotConfirmed(WaitError::TooMany)));
        }
        self.waits.waiting.insert(id, (txid, wanted));
        Ok(None)
    }

    /// Returns the confirmations of a transaction in a block of the active chain, if there are at least `wanted`.
    fn confirmed(&self, block: BlockHash, wanted: u64) -> Option<Confirmed> {
        let confirmations = self.chain.confirmations(&block).filter(|have| *have >= wanted)?;
        Some(Confirmed { block, height: self.chain.height() + 1 - confirmations, confirmations })
    }

    fn reply(&mut self, id: RequestId, response: Response) {
        self.net.outputs.push_back(Output::Reply { id, response: Box::new(response) });
    }

    /// Answers the waiting requests whose transactions have their confirmations.
    pub(super) fn check_waits(&mut self) {
        let mut confirmed = Vec::new();
        for (id, (txid, wanted)) in &self.waits.waiting {
            let Ok(found) = self.chain.find_transaction(txid) else { continue };
            let found = found.and_then(|(block, _)| self.confirmed(block, *wanted));
            confirmed.extend(found.map(|confirmed| (*id, confirmed)));
        }
        for (id, confirmed) in confirmed {
            self.waits.waiting.remove(&id);
            self.reply(id, Response::Confirmed(confirmed));
        }
    }

    /// Ends the waits for a transaction that was dropped.
    pub(super) fn end_waits(&mut self, txid: &Txid, reason: &DropReason) {
        let ended: Vec<_> =
            self.waits.waiting.iter().filter(|(_, (waited, _))| waited == txid).map(|(id, _)| *id).collect();
        for id in ended {
            self.waits.waiting.remove(&id);
            self.reply(id, Response::NotConfirmed(WaitError::Dropped(reason.clone())));
        }
    }

    /// Returns a transaction from the mempool, or else from the active chain, with its location.
    pub(super) fn find_transaction(&self, txid: &Txid) -> Result<Option<TransactionPlace>, String> {
        if let Some(transaction) = self.mempool.get(txid) {
            let transaction = Some(transaction.clone());
            return Ok(Some(TransactionPlace { transaction, block: None, confirmations: 0 }));
        }
        let Some((hash, place)) = self.chain.find_transaction(txid).map_err(|e| e.to_string())? else {
            return Ok(None);
        };
        let Some(block) = self.chain.block(&hash).map_err(|e| e.to_string())? else { return Ok(None) };
        let place = usize::try_from(place).ok().and_then(|place| place.checked_sub(1));
        let transaction = place.and_then(|place| block.block().transactions.get(place)).cloned();
        let confirmations = self.chain.confirmations(&hash).unwrap_or(0);
        Ok(Some(TransactionPlace { transaction, block: Some((hash, block.height())), confirmations }))
    }

    /// Returns some of the moves from a block to the tip; `None` when the block is unknown.
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
            mempool: self.mempool.len(),
            mempool_bytes: self.mempool.bytes(),
            connections: self.net.links.values().filter(|link| link.ready).count(),
            peers: self.net.peers.len(),
            claims: self.claims(),
            mining: self.mining.is_searching(),
            clock: self.clock_warnings().into_iter().next(),
        }
    }

    fn peer_infos(&self) -> Vec<PeerInfo> {
        let now = self.net.now.monotonic;
        let info = |((connection, id), peer): (&super::peers::PeerKey, &super::peers::Peer)| PeerInfo {
            connection: *connection,
            id: *id,
            claim: self.claim_of(peer),
            score: peer.score(now),
            muted: peer.is_muted(now),
        };
        self.net.peers.iter().map(info).collect()
    }
}
