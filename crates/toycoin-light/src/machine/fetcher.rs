//! Blocks that may concern the owners: their bodies, and the proof that they are ancestors of our tip.

use std::collections::{BTreeMap, BTreeSet};

use toycoin_core::{Block, BlockHash, proof::AncestryProof};
use toycoin_wire::{NodeMessage, limits::MAX_ANCESTORS, node::GetAncestors};

use super::{io::Server, kind::Kind, net::Net, tip::TipKeeper};
use crate::{ProvedHeader, limits, verify_ancestry};

/// How many servers are asked to prove a block before only its source is.
const OTHER_PROVERS: usize = 3;

/// A block that is wanted.
#[derive(Debug)]
struct Wanted {
    hash: BlockHash,
    /// Who told of it.
    source: Server,
    block: Option<Box<Block>>,
    is_ancestor: bool,
    /// Who did not prove that it is an ancestor of our tip.
    denied: BTreeSet<Server>,
}

/// The blocks that are wanted, by height.
#[derive(Debug, Default)]
pub(super) struct Fetcher {
    wanted: BTreeMap<u64, Wanted>,
    bodies: BTreeMap<Server, BTreeSet<BlockHash>>,
    ancestors: BTreeMap<Server, Vec<BlockHash>>,
}

impl Fetcher {
    /// Wants a block. A wanted block at the same height is replaced, unless it is the same.
    pub(super) fn want(&mut self, height: u64, hash: BlockHash, source: Server) {
        if self.wanted.get(&height).is_none_or(|wanted| wanted.hash != hash) {
            let wanted = Wanted { hash, source, block: None, is_ancestor: false, denied: BTreeSet::new() };
            self.wanted.insert(height, wanted);
        }
    }

    /// Returns the block at a height once it is complete.
    pub(super) fn get(&self, height: u64) -> Option<&Block> {
        let wanted = self.wanted.get(&height)?;
        wanted.block.as_deref().filter(|_| wanted.is_ancestor)
    }

    /// Takes the complete block at a height.
    pub(super) fn take(&mut self, height: u64) -> Option<Box<Block>> {
        self.get(height)?;
        self.wanted.remove(&height)?.block
    }

    /// Drops what is wanted above a height.
    pub(super) fn drop_above(&mut self, height: u64) {
        self.wanted.retain(|at, _| *at <= height);
    }

    /// Drops what is wanted at a height.
    pub(super) fn drop_at(&mut self, height: u64) {
        self.wanted.remove(&height);
    }

    /// Returns a wanted block that its own source does not prove to be an ancestor of our tip: its height and the
    /// source.
    ///
    /// A proof needs no witness. So what others say of it counts for nothing, whether they know the block or not.
    pub(super) fn denied(&self, net: &Net) -> Option<(u64, Server)> {
        let is_denied = |wanted: &Wanted| {
            let source = &wanted.source;
            !wanted.is_ancestor && (wanted.denied.contains(source) || net.servers.get(source).is_none())
        };
        self.wanted.iter().find(|(_, wanted)| is_denied(wanted)).map(|(height, wanted)| (*height, wanted.source))
    }

    /// Asks for bodies and for proofs of ancestry.
    pub(super) fn act(&mut self, net: &mut Net, tip: &mut TipKeeper) {
        self.bodies.retain(|server, _| net.servers.is_asked(server, Kind::Blocks));
        self.ancestors.retain(|server, _| net.servers.is_asked(server, Kind::Ancestors));
        self.ask_bodies(net);
        self.ask_ancestors(net, tip);
    }

    /// Asks for the lowest bodies that are missing: blocks are used in the order of their heights.
    fn ask_bodies(&mut self, net: &mut Net) {
        loop {
            let asked: BTreeSet<_> = self.bodies.values().flatten().copied().collect();
            let near = self.wanted.values().take(limits::BLOCKS);
            let missing = near.filter(|wanted| wanted.block.is_none() && !asked.contains(&wanted.hash));
            let some: Vec<_> =
                missing.take(limits::BLOCKS_A_QUESTION).map(|wanted| (wanted.hash, wanted.source)).collect();
            let sources: BTreeSet<_> = some.iter().map(|(_, source)| *source).collect();
            if some.is_empty() {
                return;
            }
            let Some(server) = net.pick(Kind::Blocks, &sources, |_| true) else { return };
            let hashes: Vec<_> = some.into_iter().map(|(hash, _)| hash).collect();
            self.bodies.insert(server, hashes.iter().copied().collect());
            net.ask(server, Kind::Blocks, &NodeMessage::GetBlocks(hashes));
        }
    }

    fn ask_ancestors(&mut self, net: &mut Net, tip: &mut TipKeeper) {
        for (height, wanted) in &mut self.wanted {
            wanted.is_ancestor |= tip.window.holds(*height, &wanted.hash);
        }
        let open = |wanted: &&Wanted| !wanted.is_ancestor;
        if !self.ancestors.is_empty() || !self.wanted.values().any(|wanted| open(&wanted)) {
            return;
        }
        if tip.needs_proof() {
            return tip.renew(net);
        }
        let Some(proved) = tip.proved.as_ref().map(|proved| proved.hash()) else { return };
        let Some(lowest) = self.wanted.values().find(open) else { return };
        let (source, denied) = (lowest.source, &lowest.denied);
        let is_same = |wanted: &&Wanted| open(wanted) && wanted.source == source;
        let blocks: Vec<_> = self.wanted.values().filter(is_same).take(MAX_ANCESTORS).map(|at| at.hash).collect();
        // in the end who told of it has to prove it
        let is_fit = |server: &Server| match denied.len() {
            0..OTHER_PROVERS => !denied.contains(server),
            _ => *server == source,
        };
        let Some(server) = net.pick(Kind::Ancestors, &BTreeSet::new(), is_fit) else { return };
        self.ancestors.insert(server, blocks.clone());
        net.ask(server, Kind::Ancestors, &NodeMessage::GetAncestors(GetAncestors { tip: proved, blocks }));
    }

    /// Handles a block, which may come late, or from another server than the one that was asked. What is not wanted, or
    /// not yet, is ignored.
    pub(super) fn on_block(&mut self, net: &mut Net, server: Server, block: Block) {
        let hash = block.hash();
        let near = self.wanted.iter_mut().take(limits::BLOCKS);
        let is_it = |(_, wanted): &(&u64, &mut Wanted)| wanted.hash == hash && wanted.block.is_none();
        let Some((height, wanted)) = near.into_iter().find(is_it) else {
            return self.was_brought(net, server, &hash);
        };
        if block.merkle_root() != block.header.merkle_root {
            return net.mute(server, format!("block {hash} is not what its header says"));
        }
        let (height, source) = (*height, wanted.source);
        if block.header.height != height {
            self.wanted.remove(&height);
            return net.mute(source, format!("it said of block {hash} that its height is {height}"));
        }
        wanted.block = Some(Box::new(block));
        self.was_brought(net, server, &hash);
    }

    /// Notes that a server that was asked for a block has sent it. For the others it has its time again, and only the
    /// last one was of use: who sends one block again and again, and others never, is of none.
    fn was_brought(&mut self, net: &mut Net, server: Server, hash: &BlockHash) {
        let Some(asked) = self.bodies.get_mut(&server) else { return };
        if !asked.remove(hash) {
            return;
        }
        if asked.is_empty() {
            self.bodies.remove(&server);
            net.servers.answered(&server, Kind::Blocks);
            net.servers.was_useful(&server, Kind::Blocks);
        } else {
            net.servers.ask(&server, Kind::Blocks, net.now.monotonic);
        }
    }

    /// Handles that a server does not have blocks that it was asked for, or does not know them as ancestors.
    pub(super) fn on_not_found(&mut self, net: &mut Net, server: Server, hashes: &[[u8; 32]]) {
        let now = net.now.monotonic;
        if let Some(asked) = self.bodies.get_mut(&server)
            && hashes.iter().any(|hash| asked.contains(&BlockHash::from_bytes(*hash)))
        {
            self.bodies.remove(&server);
            net.servers.failed(&server, Kind::Blocks, now);
        }
        let Some(asked) = self.ancestors.get(&server) else { return };
        let denied: BTreeSet<_> = asked.iter().filter(|hash| hashes.contains(&hash.to_bytes())).copied().collect();
        if !denied.is_empty() {
            self.ancestors.remove(&server);
            net.servers.answered(&server, Kind::Ancestors);
            self.deny(server, &denied);
        }
    }

    /// Notes that a server does not know blocks as ancestors of our tip.
    fn deny(&mut self, server: Server, hashes: &BTreeSet<BlockHash>) {
        for wanted in self.wanted.values_mut().filter(|wanted| hashes.contains(&wanted.hash)) {
            wanted.denied.insert(server);
        }
    }

    /// Handles a proof of ancestry. What was asked for and is not in it, the server does not know.
    pub(super) fn on_ancestors(&mut self, net: &mut Net, server: Server, tip: &TipKeeper, proof: &AncestryProof) {
        let Some(asked) = self.ancestors.remove(&server) else { return };
        net.servers.answered(&server, Kind::Ancestors);
        let proved = tip.proved.as_ref().filter(|_| !tip.needs_proof());
        let Some(proved) = proved.filter(|proved| proof.tip == proved.hash()) else {
            // it is on another branch, or our tip has moved
            net.servers.is_elsewhere(&server, Kind::Ancestors, net.now.monotonic);
            return self.deny(server, &asked.into_iter().collect());
        };
        let ancestors = match verify_ancestry(&net.params, proved, proof) {
            Ok(ancestors) => ancestors,
            Err(error) => return net.mute(server, format!("a proof of ancestry does not hold: {error}")),
        };
        let mut missing: BTreeSet<_> = asked.into_iter().collect();
        for ancestor in ancestors {
            missing.remove(&ancestor.hash());
            self.has_ancestor(net, &ancestor);
        }
        // whether a block that it lacks exists is not known yet
        if missing.is_empty() {
            net.servers.was_useful(&server, Kind::Ancestors);
        }
        self.deny(server, &missing);
    }

    /// Notes that a block is an ancestor of our tip. Who said that it stands at another height lied.
    fn has_ancestor(&mut self, net: &mut Net, ancestor: &ProvedHeader) {
        let wanted = self.wanted.iter_mut().find(|(_, wanted)| wanted.hash == ancestor.hash());
        let Some((height, wanted)) = wanted else { return };
        if *height == ancestor.height() {
            wanted.is_ancestor = true;
            return;
        }
        let (height, source) = (*height, wanted.source);
        self.wanted.remove(&height);
        net.mute(source, format!("it said of block {} that its height is {height}", ancestor.hash()));
    }

    /// Handles that a server is silent, or gone. Who does not prove what it was asked for does not know it.
    pub(super) fn on_failed(&mut self, server: &Server, kind: Kind) {
        match kind {
            Kind::Blocks => drop(self.bodies.remove(server)),
            Kind::Ancestors => {
                let asked = self.ancestors.remove(server).unwrap_or_default();
                self.deny(*server, &asked.into_iter().collect());
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use toycoin_core::{
        Chain, ChainParams,
        test_util::{classroom, grow},
    };
    use toycoin_wire::NodeId;

    use super::*;

    #[test]
    fn a_body_is_kept_only_when_its_turn_is_near() {
        let mut chain = Chain::in_memory(ChainParams::regtest());
        let last = limits::BLOCKS as u64 + 1;
        grow(&mut chain, last, classroom::owner(0));
        let block = |height| chain.block_at(height).unwrap().unwrap().block().clone();
        let server = Server { connection: 1, peer: NodeId::new([1; 16]) };
        let (mut fetcher, mut net) = (Fetcher::default(), Net::new(ChainParams::regtest(), [0; 32]));
        (1..=last).for_each(|height| fetcher.want(height, block(height).hash(), server));
        (1..=last).for_each(|height| fetcher.on_block(&mut net, server, block(height)));
        let kept = |fetcher: &Fetcher| fetcher.wanted.values().filter(|wanted| wanted.block.is_some()).count();
        assert_eq!(kept(&fetcher), limits::BLOCKS);
        assert!(fetcher.wanted[&last].block.is_none());
        fetcher.drop_at(1);
        fetcher.on_block(&mut net, server, block(last));
        assert!(fetcher.wanted[&last].block.is_some() && net.muted.is_empty());
    }
}
