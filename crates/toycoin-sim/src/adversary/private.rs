//! Private chain: blocks that an attacker finds and keeps to himself.

use std::{collections::VecDeque, fmt};

use toycoin_core::{
    Block, BlockHash, Header, PublicKey, Rule, Transaction,
    chain::{Chain, ChainError, Tip},
    store::MemoryStore,
};
use toycoin_node::limits;
use toycoin_wire::{
    NodeId,
    node::{NodeMessage, Status},
};

use crate::{adversary::Said, store::CrashStore};

/// A valid chain that leaves the public one at some block. It keeps its blocks back until they are published.
///
/// Its blocks are searched for with the hash rate of the node, as [`Tactic::private`](crate::adversary::Tactic::private)
/// says; nothing is solved in no time.
///
/// ```text
///   public    ── 7 ── 8 ── 9 ── 10
///                 └── 8' ── 9' ── 10' ── 11'      withheld: 10', 11'; published: 8', 9'
/// ```
pub struct PrivateChain {
    chain: Chain<MemoryStore>,
    miner: PublicKey,
    /// Blocks that nobody else has seen, the lowest first.
    withheld: VecDeque<Block>,
    /// Transactions of the next block.
    next: Vec<Transaction>,
    dating: Dating,
    /// Number of changes to what is searched for.
    generation: u64,
}

/// What stands in the next header as its time.
#[derive(Debug, Clone, Copy)]
enum Dating {
    /// The time at which the block is found, and so many milliseconds.
    Ahead(u64),
    /// This time, in Unix milliseconds.
    At(u64),
}

impl PrivateChain {
    /// Returns a private chain that leaves the public one at its block at `height`, and pays its coinbases to `miner`.
    /// `None` if the public chain has no such block.
    pub fn at(public: &Chain<CrashStore>, height: u64, miner: PublicKey) -> Option<Self> {
        let verifier = public.shared_verifier();
        let chain = Chain::in_memory(public.params().clone()).with_verifier(verifier);
        let (withheld, next) = (VecDeque::new(), Vec::new());
        let mut private = Self { chain, miner, withheld, next, dating: Dating::Ahead(0), generation: 0 };
        private.follow(public, height)?;
        Some(private)
    }

    /// Returns a private chain that begins on the public tip.
    ///
    /// # Panics
    /// If the public chain lacks one of its own blocks.
    pub fn on(public: &Chain<CrashStore>, miner: PublicKey) -> Self {
        Self::at(public, public.height(), miner).expect("a chain has its own blocks")
    }

    /// Gives its own branch up, and goes on from the public tip.
    pub fn adopt(&mut self, public: &Chain<CrashStore>) {
        self.withheld.clear();
        self.generation += 1;
        let followed = self.follow(public, public.height());
        // a branch as heavy as the public one stays in force in a chain that knows both
        if followed.is_none() || self.chain.tip().hash != public.tip().hash {
            *self = Self { next: std::mem::take(&mut self.next), dating: self.dating, ..Self::on(public, self.miner) };
        }
    }

    /// Takes the public chain's blocks up to a height; `None` if one is missing.
    fn follow(&mut self, public: &Chain<CrashStore>, height: u64) -> Option<()> {
        let mut from = height.min(self.chain.height());
        while public.header_at(from)?.hash != self.chain.header_at(from)?.hash {
            from = from.checked_sub(1)?;
        }
        for height in from + 1..=height {
            let block = public.block_at(height).ok()??;
            // it was judged when it was published, by a clock that showed no less than its own time
            self.chain.apply(block.block().clone(), block.block().header.time).ok()?;
        }
        Some(())
    }

    /// Returns the chain itself, published blocks included.
    pub const fn chain(&self) -> &Chain<MemoryStore> {
        &self.chain
    }

    /// Returns its tip, which may be withheld.
    pub fn tip(&self) -> Tip {
        self.chain.tip()
    }

    /// Returns its height.
    pub fn height(&self) -> u64 {
        self.chain.height()
    }

    /// Returns the number of its blocks that are withheld.
    pub fn withheld(&self) -> usize {
        self.withheld.len()
    }

    /// Returns whether a block is withheld.
    pub fn hides(&self, hash: &BlockHash) -> bool {
        self.withheld.iter().any(|block| block.hash() == *hash)
    }

    /// Sets the transactions of the next block, each with all that it spends on this chain.
    pub fn confirm_next(&mut self, transactions: Vec<Transaction>) {
        self.next = transactions;
        self.generation += 1;
    }

    /// Sets the time in the next headers, in Unix milliseconds. It becomes at least 1 ms after the tip's, unless the
    /// chain's parameters are those of a sandbox without rule R12. `None`, as at the beginning, stands for the time at
    /// which each block is found.
    pub fn date_next(&mut self, time: Option<u64>) {
        self.dating = time.map_or(Dating::Ahead(0), Dating::At);
        self.generation += 1;
    }

    /// Dates the next headers by so many milliseconds ahead of the node's clock when each is found.
    pub fn date_ahead(&mut self, milliseconds: u64) {
        self.dating = Dating::Ahead(milliseconds);
        self.generation += 1;
    }

    /// Returns a number that is another one whenever something else is to be searched for.
    pub(super) const fn generation(&self) -> u64 {
        self.generation
    }

    /// Returns what is searched for.
    ///
    /// # Errors
    /// When a transaction of the next block breaks a rule here.
    pub(super) fn template(&self, unix_ms: u64) -> Result<Block, ChainError<std::convert::Infallible>> {
        let time = match self.dating {
            Dating::Ahead(milliseconds) => unix_ms.saturating_add(milliseconds),
            Dating::At(time) => time,
        };
        let mut block = self.chain.template(self.next.clone(), self.miner, b"private", time)?;
        // a template is never dated before its parent; nothing else in the block depends on its time
        if !self.chain.params().enforces(Rule::TimeAboveParent) {
            block.header.time = time;
        }
        Ok(block)
    }

    /// Extends the chain by a block that was found, and withholds it.
    pub(super) fn extend(&mut self, block: Block) -> Result<(), ChainError<std::convert::Infallible>> {
        let time = block.header.time;
        self.chain.apply(block.clone(), time)?;
        self.withheld.push_back(block);
        self.next.clear();
        self.generation += 1;
        Ok(())
    }

    /// Publishes the withheld blocks up to a height, the lowest first, to everybody.
    ///
    /// Nodes drop blocks far below their tips that they did not ask for. A branch that leaves the public chain more than
    /// 16 blocks below its tip is published with [`release`](Self::release) instead.
    pub fn publish_to(&mut self, height: u64) -> Vec<Said> {
        let mut said = Vec::new();
        while let Some(block) = self.withheld.pop_front_if(|block| block.header.height <= height) {
            said.push((None, NodeMessage::Block(block)));
        }
        said
    }

    /// Publishes everything by a status: whoever hears that this chain has more work asks for its headers and bodies.
    pub fn release(&mut self, unix_ms: u64) -> Vec<Said> {
        self.withheld.clear();
        let tip = self.chain.tip();
        vec![(
            None,
            NodeMessage::Status(Status {
                genesis: self.chain.params().genesis_hash(),
                tip: tip.hash,
                height: tip.height,
                work: tip.work.to_be_bytes(),
                time: unix_ms,
            }),
        )]
    }

    /// Answers a request for published headers or blocks of this chain; `None` for any other message.
    pub fn answer(&self, from: NodeId, message: &NodeMessage) -> Option<Vec<Said>> {
        let shown = self.withheld.front().map_or(u64::MAX, |block| block.header.height.saturating_sub(1));
        match message {
            NodeMessage::GetHeaders(request) => {
                let most = limits::HEADERS_A_MESSAGE;
                let mut headers: Vec<Header> = self.chain.headers_after(&request.locator, &request.stop, most);
                headers.retain(|header| header.height <= shown);
                (!headers.is_empty()).then(|| vec![(Some(from), NodeMessage::Headers(headers))])
            }
            NodeMessage::GetBlocks(hashes) => {
                let own = hashes.iter().filter(|hash| !self.hides(hash) && self.chain.is_active(hash));
                let blocks = own.filter_map(|hash| self.chain.block(hash).ok().flatten());
                let said: Vec<Said> =
                    blocks.map(|block| (Some(from), NodeMessage::Block(block.block().clone()))).collect();
                (!said.is_empty()).then_some(said)
            }
            _ => None,
        }
    }
}

impl fmt::Debug for PrivateChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (height, withheld) = (self.height(), self.withheld.len());
        f.debug_struct("PrivateChain").field("height", &height).field("withheld", &withheld).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use toycoin_core::{ChainParams, NetworkSpec};

    use super::*;
    use crate::params::{GENESIS_TIME, miner_key, spec};

    fn without(rules: impl IntoIterator<Item = Rule>) -> PrivateChain {
        let spec = NetworkSpec { extra: b"sandbox".to_vec(), ..spec(1, Duration::from_secs(2)) };
        let params = ChainParams::sandbox(spec, rules).unwrap();
        let public = Chain::open(params, CrashStore::new(4)).unwrap();
        PrivateChain::on(&public, miner_key(0).public_key())
    }

    #[test]
    fn dates_ahead_of_the_clock_when_found() {
        let mut private = without([]);
        private.date_ahead(500);

        let times = [1_000, 2_000].map(|late| private.template(GENESIS_TIME + late).unwrap().header.time);
        assert_eq!(times, [GENESIS_TIME + 1_500, GENESIS_TIME + 2_500]);
    }

    #[test]
    fn dates_before_the_parent_only_without_the_rule() {
        let (mut lawful, mut lawless) = (without([]), without([Rule::TimeAboveParent]));
        let time = |private: &mut PrivateChain| {
            private.date_next(Some(GENESIS_TIME - 5));
            private.template(GENESIS_TIME + 1_000).unwrap().header.time
        };

        assert_eq!((time(&mut lawful), time(&mut lawless)), (GENESIS_TIME + 1, GENESIS_TIME - 5));
    }
}
