//! The miner that censors: it leaves a payer's payments out, and may fight blocks that have them.

use std::fmt;

use toycoin_core::{Block, PublicKey};
use toycoin_sim::{
    adversary::{Heard, PrivateChain, Said, Scene, Tactic},
    miner_key,
};
use toycoin_wire::{NodeId, node::NodeMessage};

/// A miner whose blocks never have a payment of one payer.
///
/// All its blocks come from a chain of its own, which follows the public one, and are published at once. In a feather
/// fork it leaves the public chain below a block that has such a payment. It publishes that branch when it is longer.
/// It gives the branch up when others have found some blocks on top of the fought one.
pub(super) struct CensoringMiner {
    payer: PublicKey,
    /// Number of others' blocks on top of the one with the payment at which it gives a fork up; 0 means no forks.
    give_up: u64,
    chain: Option<PrivateChain>,
    /// Height of the last common block of a fork.
    fork: Option<u64>,
}

impl CensoringMiner {
    /// Returns a miner that leaves payments out and fights no block.
    pub(super) const fn new(payer: PublicKey) -> Self {
        Self { payer, give_up: 0, chain: None, fork: None }
    }

    /// Makes it fight each block with such a payment until others have found this many blocks on top of it.
    pub(super) fn forking(self, give_up: u64) -> Self {
        Self { give_up, ..self }
    }

    /// Returns whether the block at the public tip has a payment of the payer, by its change.
    fn is_paid_by_payer(&self, scene: &Scene<'_>) -> bool {
        let block = scene.chain.block_at(scene.chain.height()).ok().flatten();
        let outputs = block.iter().flat_map(|block| &block.block().transactions).flat_map(|payment| &payment.outputs);
        outputs.into_iter().any(|output| output.owner == self.payer)
    }

    /// Follows the public chain, or begins a fork.
    fn follow(&mut self, scene: &Scene<'_>) {
        let (miner, public) = (miner_key(scene.node).public_key(), scene.chain.tip());
        let own = self.chain.as_ref().map(PrivateChain::tip);
        if own.is_some_and(|own| own.work >= public.work) {
            return;
        }
        let is_fought = self.give_up > 0 && own.is_some() && self.is_paid_by_payer(scene);
        if let Some(below) = public.height.checked_sub(1).filter(|_| is_fought) {
            self.chain = PrivateChain::at(scene.chain, below, miner);
            self.fork = Some(below);
            return;
        }
        match &mut self.chain {
            Some(chain) => chain.adopt(scene.chain),
            None => self.chain = Some(PrivateChain::on(scene.chain, miner)),
        }
    }
}

impl Tactic for CensoringMiner {
    fn incoming(&mut self, from: NodeId, message: &NodeMessage, scene: &mut Scene<'_>) -> Heard {
        if self.chain.is_none() {
            self.follow(scene);
        }
        self.chain.as_ref().and_then(|chain| chain.answer(from, message)).into()
    }

    fn moved(&mut self, scene: &mut Scene<'_>) -> Vec<Said> {
        // the fought block is one above the fork itself
        let is_lost = self.fork.is_some_and(|fork| scene.chain.height() > fork + self.give_up);
        if self.fork.is_none() || is_lost {
            self.fork = None;
            self.follow(scene);
        }
        Vec::new()
    }

    fn private(&mut self) -> Option<&mut PrivateChain> {
        self.chain.as_mut()
    }

    fn found(&mut self, _: &Block, scene: &mut Scene<'_>) -> Vec<Said> {
        let Some(chain) = &mut self.chain else { return Vec::new() };
        if self.fork.is_some() && chain.height() <= scene.chain.height() {
            return Vec::new();
        }
        self.fork = None;
        chain.publish_to(u64::MAX)
    }

    fn interval(&self) -> Option<std::time::Duration> {
        None
    }
}

impl fmt::Debug for CensoringMiner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CensoringMiner")
            .field("give_up", &self.give_up)
            .field("fork", &self.fork)
            .finish_non_exhaustive()
    }
}
