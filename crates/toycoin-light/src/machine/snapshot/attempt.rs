//! One attempt to get one snapshot: its block is proved, its manifest asked for, its chunks collected.

use std::collections::{BTreeMap, BTreeSet};

use toycoin_core::{
    BlockHash,
    proof::AncestryProof,
    snapshot::{Collector, DEPTH, Manifest, SnapshotError},
};
use toycoin_wire::{
    NodeMessage,
    machine::Monotonic,
    node::{Chunk, GetAncestors},
};

use super::{
    download::{Arrived, Download},
    io::{Output, Snapshot, SnapshotFailure},
    offers::{Offer, Offers},
    origin::Origin,
};
use crate::{
    limits,
    machine::{Server, kind::Kind, net::Net, tip::TipKeeper},
};

/// An attempt to get the snapshot of an offer.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) offer: Offer,
    origin: Option<Origin>,
    /// Who was asked to prove the block, and below which tip.
    asked: Option<(Server, BlockHash)>,
    download: Option<Download>,
    begun: Monotonic,
    /// How often a server answered for another tip.
    other_tips: BTreeMap<Server, u32>,
}

/// How an attempt ends.
#[derive(Debug)]
pub(super) enum Ended {
    Done(Box<Snapshot>),
    Failed(SnapshotFailure),
}

impl Attempt {
    pub(super) const fn new(offer: Offer, now: Monotonic) -> Self {
        Self { offer, origin: None, asked: None, download: None, begun: now, other_tips: BTreeMap::new() }
    }

    /// Returns how many chunks were accepted, and how many there are.
    pub(super) fn progress(&self) -> (usize, usize) {
        self.download.as_ref().map(Download::progress).unwrap_or_default()
    }

    /// Returns whether chunks may have been written.
    pub(super) const fn has_begun(&self) -> bool {
        self.download.is_some()
    }

    /// Asks for all that is missing, unless the attempt is over.
    pub(super) fn act(&mut self, net: &mut Net, tip: &mut TipKeeper, offers: &mut Offers) -> Option<Ended> {
        let Offer { id, block, .. } = self.offer;
        let servers = offers.servers_of(&id);
        if servers.is_empty() {
            return Some(Ended::Failed(SnapshotFailure::Unavailable));
        }
        if self.stalls_at(tip, offers).is_some_and(|at| at <= net.now.monotonic) {
            return Some(Ended::Failed(SnapshotFailure::Stalled));
        }
        let is_tied = self.origin.as_ref().is_some_and(|origin| origin.is_tied(tip));
        if !is_tied {
            self.tie(net, tip, &servers);
        }
        match (&mut self.download, &self.origin) {
            (Some(download), Some(origin)) => {
                if let Some(collector) = download.complete().filter(|_| is_tied) {
                    return Some(finish(collector, origin));
                }
                download.act(net, &servers);
            }
            (None, Some(_)) if !offers.is_asked_for(&block) => {
                let server = net.pick(Kind::Manifest, &BTreeSet::new(), |server| servers.contains(server));
                if let Some(server) = server {
                    offers.ask(net, server, block);
                }
            }
            _ => {}
        }
        None
    }

    /// Returns when the attempt is given up if nothing more comes.
    pub(super) fn stalls_at(&self, tip: &TipKeeper, offers: &Offers) -> Option<Monotonic> {
        let patience = offers.patience(&self.offer.id, highest(tip))?;
        let chunks = u32::try_from(self.progress().0).unwrap_or(u32::MAX);
        Some(self.begun + patience + limits::CHUNK_TIME.saturating_mul(chunks))
    }

    /// Asks a server that offers the snapshot to prove its block.
    fn tie(&mut self, net: &mut Net, tip: &mut TipKeeper, servers: &[Server]) {
        if let Some((server, _)) = self.asked
            && net.servers.is_asked(&server, Kind::Ancestors)
        {
            return;
        }
        self.asked = None;
        let height = self.offer.header.height;
        let proved = tip.proved.as_ref().filter(|proved| height < proved.height()).map(|proved| proved.hash());
        let Some(proved) = proved.filter(|_| !tip.needs_proof()) else { return tip.renew(net) };
        let server = net.pick(Kind::Ancestors, &BTreeSet::new(), |server| servers.contains(server));
        if let Some(server) = server {
            self.asked = Some((server, proved));
            let blocks = vec![self.offer.header.previous, self.offer.block];
            net.ask(server, Kind::Ancestors, &NodeMessage::GetAncestors(GetAncestors { tip: proved, blocks }));
        }
    }

    /// Handles a proof of ancestry.
    pub(super) fn on_ancestors(
        &mut self,
        net: &mut Net,
        tip: &TipKeeper,
        offers: &mut Offers,
        server: Server,
        proof: &AncestryProof,
    ) {
        let Some((_, asked)) = self.asked.take_if(|(asked, _)| *asked == server) else { return };
        let proved = tip.proved.as_ref().filter(|proved| proved.hash() == asked);
        let Some(proved) = proved else { return };
        if proof.tip != asked {
            // it is on another branch, or a block behind
            net.servers.is_elsewhere(&server, Kind::Ancestors, net.now.monotonic);
            let times = self.other_tips.entry(server).or_default();
            *times += 1;
            if *times >= limits::OTHER_TIPS {
                self.other_tips.remove(&server);
                offers.withdraw(net, server);
            }
            return;
        }
        match Origin::verify(&net.params, proved, &self.offer, proof) {
            Ok(Some(origin)) => {
                for liar in offers.contradicting(&self.offer.block, &origin.opening) {
                    offers.forget(&liar);
                    net.mute(liar, SnapshotError::OtherOpening.to_string());
                }
                self.origin = Some(origin);
                self.other_tips.clear();
            }
            // it does not prove what it offers
            Ok(None) => offers.withdraw(net, server),
            Err(error) => {
                offers.forget(&server);
                net.mute(server, format!("a proof of ancestry does not hold: {error}"));
            }
        }
    }

    /// Handles a manifest that may be true: that of this snapshot begins the download.
    pub(super) fn on_manifest(
        &mut self,
        net: &mut Net,
        offers: &mut Offers,
        most_coins: u64,
        server: Server,
        (offer, manifest): (Offer, Manifest),
    ) -> Result<Option<Output>, SnapshotFailure> {
        let Some(origin) = self.origin.as_ref().filter(|_| offer.block == self.offer.block) else { return Ok(None) };
        if offer.opening != origin.opening {
            offers.forget(&server);
            net.mute(server, SnapshotError::OtherOpening.to_string());
            return Ok(None);
        }
        if offer.id != self.offer.id || self.has_begun() {
            return Ok(None);
        }
        match Collector::new(&net.params, origin.block.header(), &origin.opening, manifest, most_coins) {
            Ok(collector) => {
                self.download = Some(Download::new(collector));
                Ok(Some(Output::Begin { header: offer.header, coins: offer.opening.count }))
            }
            Err(SnapshotError::TooManyCoins { count, most }) => Err(SnapshotFailure::NoRoom { count, most }),
            Err(error) => {
                offers.forget(&server);
                net.mute(server, format!("a manifest does not hold: {error}"));
                Ok(None)
            }
        }
    }

    /// Handles a chunk. Returns it as an output if it is right.
    pub(super) fn on_chunk(
        &mut self,
        net: &mut Net,
        offers: &mut Offers,
        server: Server,
        chunk: Chunk,
    ) -> Result<Option<Output>, SnapshotFailure> {
        let Some(download) = &mut self.download else { return Ok(None) };
        match download.on_chunk(net, server, chunk) {
            Arrived::Unasked => Ok(None),
            Arrived::Wrong => {
                offers.forget(&server);
                Ok(None)
            }
            Arrived::Right(output) => Ok(Some(output)),
            Arrived::False(error) => Err(SnapshotFailure::False(error)),
        }
    }

    /// Handles that a server does not have what it was asked for.
    pub(super) fn on_not_found(&mut self, net: &mut Net, offers: &mut Offers, server: Server, hashes: &[[u8; 32]]) {
        let blocks = [self.offer.block, self.offer.header.previous];
        let denies_block = self.asked.is_some_and(|(asked, _)| asked == server)
            && blocks.iter().any(|block| hashes.contains(&block.to_bytes()));
        if denies_block {
            self.asked = None;
            net.servers.answered(&server, Kind::Ancestors);
        }
        let denies_chunk = self.download.as_mut().is_some_and(|download| download.on_not_found(net, &server, hashes));
        if denies_block || denies_chunk {
            offers.withdraw(net, server);
        }
    }

    /// Handles that a server is silent, gone or muted.
    pub(super) fn on_failed(&mut self, server: &Server, kind: Kind) {
        match (kind, &mut self.download) {
            (Kind::Ancestors, _) => self.asked = self.asked.filter(|(asked, _)| asked != server),
            (Kind::Chunks, Some(download)) => download.on_failed(server),
            _ => {}
        }
    }

    /// Ends the attempt: nothing that was asked is waited for.
    pub(super) fn cancel(&mut self, net: &mut Net) {
        if let Some(download) = &mut self.download {
            download.cancel(net);
        }
    }
}

/// Returns the greatest height of a snapshot that lies deep enough below the tip.
pub(super) fn highest(tip: &TipKeeper) -> u64 {
    tip.tip().header.height.saturating_sub(DEPTH)
}

fn finish(collector: &Collector, origin: &Origin) -> Ended {
    match collector.clone().finish(origin.ancestors.clone()) {
        Ok(state) => {
            let (previous_work, work) = origin.work();
            let (header, previous) = (*origin.block.header(), *origin.previous.header());
            Ended::Done(Box::new(Snapshot { header, work, previous, previous_work, state }))
        }
        Err(error) => Ended::Failed(SnapshotFailure::False(error)),
    }
}
