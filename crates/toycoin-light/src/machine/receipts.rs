//! Receipts: a transaction, tied to a tip by proofs that need no asker.
//!
//! ```text
//!   GPRF (seed zero, 40 slices) ─▶ proof of the tip ─▶ GTXP ─▶ receipt ─▶ its header is in the tail, or GANC ─▶ complete
//! ```
//!
//! All three have to speak of one tip, so one server is asked for all of them. Where one step fails, the next server
//! begins with the first.

use std::collections::{BTreeSet, VecDeque};

use toycoin_core::{
    BlockHash, Header, Txid,
    proof::{AncestryProof, Receipt, WorkProof},
};
use toycoin_wire::{
    NodeMessage,
    node::{GetAncestors, GetProof, GetReceipts},
};

use super::{
    io::{Event, ReceiptBundle, Server},
    kind::Kind,
    net::Net,
    tip::TipKeeper,
};
use crate::{Challenge, ProvedTip, limits, verify, verify_ancestry, verify_receipt};

/// The receipts that are being collected, one at a time.
#[derive(Debug, Default)]
pub(super) struct Receipts {
    wanted: VecDeque<Txid>,
    current: Option<Collecting>,
}

/// A receipt in the making.
#[derive(Debug)]
struct Collecting {
    txid: Txid,
    /// Who is asked.
    server: Option<Server>,
    /// Who failed.
    tried: BTreeSet<Server>,
    proof: Option<(WorkProof, ProvedTip)>,
    receipt: Option<Receipt>,
}

impl Receipts {
    /// Wants a receipt. Beyond a number of them, none is wanted.
    pub(super) fn prove(&mut self, txid: Txid) {
        if self.wanted.len() < limits::RECEIPTS && !self.wanted.contains(&txid) {
            self.wanted.push_back(txid);
        }
    }

    /// Asks the next question.
    pub(super) fn act(&mut self, net: &mut Net) {
        if self.current.is_none() {
            self.current = self.wanted.pop_front().map(Collecting::new);
        }
        let Some(current) = &mut self.current else { return };
        if current.server.is_some() {
            return;
        }
        let fit: BTreeSet<_> =
            net.servers.iter().filter(|(_, known)| known.claim.is_some()).map(|(at, _)| *at).collect();
        if !fit.is_empty() && fit.is_subset(&current.tried) {
            net.emit(Event::NoReceipt { txid: current.txid });
            self.current = None;
            return self.act(net);
        }
        let tried = current.tried.clone();
        let Some(server) = net.pick(Kind::Receipt, &BTreeSet::new(), |at| fit.contains(at) && !tried.contains(at))
        else {
            return;
        };
        current.server = Some(server);
        (current.proof, current.receipt) = (None, None);
        let Challenge { seed, slices, .. } = Challenge::FILE;
        let request = GetProof { tip: BlockHash::ZERO, seed, slices, start: BlockHash::ZERO };
        net.ask(server, Kind::Receipt, &NodeMessage::GetProof(request));
    }

    /// Handles a proof. It has to be of our chain, or of one with more work: a chain of its own that a server mined for
    /// a receipt proves nothing.
    pub(super) fn on_proof(&mut self, net: &mut Net, server: Server, tip: &TipKeeper, proof: &WorkProof) {
        let Some(current) =
            self.current.as_mut().filter(|current| current.waits_for(server) && current.proof.is_none())
        else {
            net.servers.answered_late(&server, Kind::Receipt);
            return;
        };
        match verify(&net.params, proof, &Challenge::FILE, net.now.unix_ms) {
            Ok(proved) => {
                let is_ours = tip.window.holds(proved.height(), &proved.hash());
                if !is_ours && proved.work() <= tip.tip().work {
                    return self.fail(net, server);
                }
                let request = GetReceipts { tip: proved.hash(), transactions: vec![current.txid] };
                current.proof = Some((proof.clone(), proved));
                net.ask(server, Kind::Receipt, &NodeMessage::GetReceipts(request));
            }
            Err(error) if error.is_deferred() => self.fail(net, server),
            Err(error) => net.mute(server, format!("a proof does not hold: {error}")),
        }
    }

    /// Handles receipts.
    pub(super) fn on_receipts(&mut self, net: &mut Net, server: Server, receipts: &[Receipt]) {
        // one answer is enough: more would give it its time again
        let waits = |current: &&mut Collecting| current.waits_for(server) && current.receipt.is_none();
        let Some(current) = self.current.as_mut().filter(waits) else { return };
        let Some((_, proved)) = &current.proof else { return };
        let Some(receipt) = receipts.iter().find(|receipt| receipt.transaction.ids().0 == current.txid) else {
            return self.fail(net, server);
        };
        current.receipt = Some(receipt.clone());
        let header = proved.find(&receipt.block).map(|found| *found.header());
        match header {
            Some(header) => self.complete(net, server, header, None),
            None => {
                let request = GetAncestors { tip: proved.hash(), blocks: vec![receipt.block] };
                net.ask(server, Kind::Receipt, &NodeMessage::GetAncestors(request));
            }
        }
    }

    /// Handles a proof of ancestry; it may be the search's. Returns whether it was ours.
    pub(super) fn on_ancestors(&mut self, net: &mut Net, server: Server, ancestry: &AncestryProof) -> bool {
        let Some(current) = self.current.as_mut().filter(|current| current.waits_for(server)) else { return false };
        let (Some((_, proved)), Some(receipt)) = (&current.proof, &current.receipt) else { return false };
        if ancestry.tip != proved.hash() || !ancestry.items.iter().any(|item| item.header.hash() == receipt.block) {
            return false;
        }
        match verify_ancestry(&net.params, proved, ancestry) {
            Ok(ancestors) => {
                let header = ancestors.iter().find(|found| found.hash() == receipt.block).map(|found| *found.header());
                match header {
                    Some(header) => self.complete(net, server, header, Some(ancestry.clone())),
                    None => self.fail(net, server),
                }
            }
            Err(error) => net.mute(server, format!("a proof of ancestry does not hold: {error}")),
        }
        true
    }

    /// Handles that a server does not have what it was asked for.
    pub(super) fn on_not_found(&mut self, net: &mut Net, server: Server, ids: &[[u8; 32]]) {
        let Some(current) = self.current.as_ref().filter(|current| current.waits_for(server)) else { return };
        let block = current.receipt.as_ref().map(|receipt| receipt.block.to_bytes());
        if ids.contains(&current.txid.to_bytes()) || block.is_some_and(|block| ids.contains(&block)) {
            self.fail(net, server);
        }
    }

    /// Handles that a server is silent, gone or muted.
    pub(super) fn on_failed(&mut self, server: &Server) {
        if let Some(current) = self.current.as_mut().filter(|current| current.waits_for(*server)) {
            current.give_up(*server);
        }
    }

    fn fail(&mut self, net: &mut Net, server: Server) {
        net.servers.answered(&server, Kind::Receipt);
        self.on_failed(&server);
    }

    fn complete(&mut self, net: &mut Net, server: Server, header: Header, ancestry: Option<AncestryProof>) {
        net.servers.answered(&server, Kind::Receipt);
        let Some(Collecting { proof: Some((proof, _)), receipt: Some(receipt), .. }) = self.current.take() else {
            return;
        };
        match verify_receipt(&receipt, &header) {
            Ok(_) => net.emit(Event::Receipt(Box::new(ReceiptBundle { receipt, header, proof, ancestry }))),
            Err(error) => {
                let txid = receipt.transaction.ids().0;
                net.mute(server, format!("a receipt does not hold: {error}"));
                self.wanted.push_front(txid);
            }
        }
    }
}

impl Collecting {
    const fn new(txid: Txid) -> Self {
        Self { txid, server: None, tried: BTreeSet::new(), proof: None, receipt: None }
    }

    fn waits_for(&self, server: Server) -> bool {
        self.server == Some(server)
    }

    fn give_up(&mut self, server: Server) {
        self.tried.insert(server);
        (self.server, self.proof, self.receipt) = (None, None, None);
    }
}
