//! All known headers in pages, and the tips of all branches, each with its standing.

use std::{cmp::Reverse, collections::BTreeSet};

use crate::{
    chain::{Chain, header_tree::NodeId},
    digest::BlockHash,
    header::Header,
    rule::Rule,
    store::ChainStore,
    target::Work,
};

/// The standing of a block among all that are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BlockStanding {
    /// It is on the active chain.
    Active,
    /// Its body is stored, and it is not on the active chain: a stale block, or one of a branch that may still win.
    Side,
    /// Its header alone is known.
    HeaderOnly,
    /// The block, or one of its ancestors, breaks a rule.
    Invalid {
        /// The rule that the block itself breaks. `None` if an ancestor is to blame, or if the block was judged before
        /// the chain was opened: stores do not keep the rule.
        rule: Option<Rule>,
    },
}

/// A header of any branch, with its standing.
///
/// A header that itself breaks a rule (R06 to R14) is not known: the tree refuses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct KnownHeader {
    /// The header.
    pub header: Header,
    /// Its hash.
    pub hash: BlockHash,
    /// The chain's work up to and including this header, genesis included.
    pub work: Work,
    /// Its standing.
    pub standing: BlockStanding,
}

/// A position among all known headers, from one page to the next; a height is the position of its first header.
///
/// It stays valid while headers come, because a later header comes after all others of its height.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HeaderCursor {
    height: u64,
    first: NodeId,
}

impl From<u64> for HeaderCursor {
    fn from(height: u64) -> Self {
        Self { height, first: NodeId::ROOT }
    }
}

/// Some of all known headers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeaderPage {
    /// The headers of this page, by height, and of equal height the first to arrive first.
    pub headers: Vec<KnownHeader>,
    /// Where the next page begins; `None` when this is the last one.
    pub next: Option<HeaderCursor>,
}

impl<S: ChainStore> Chain<S> {
    /// Returns the headers of all branches from a position on, at most `limit`. A limit of 0 counts as 1.
    ///
    /// The cost follows from `limit` and the number of branches, not from the length of the chain.
    ///
    /// ```
    /// use toycoin_core::{Chain, ChainParams, chain::BlockStanding};
    ///
    /// let chain = Chain::in_memory(ChainParams::lab());
    /// let page = chain.headers_from(0.into(), 100);
    /// assert_eq!(page.headers[0].hash, chain.params().genesis_hash());
    /// assert_eq!(page.headers[0].standing, BlockStanding::Active);
    /// assert_eq!(page.next, None);
    /// ```
    pub fn headers_from(&self, from: HeaderCursor, limit: usize) -> HeaderPage {
        let (limit, base) = (limit.max(1), self.tree.base());
        let from = from.max(HeaderCursor::from(base));
        // each height below that of the highest header has a header, so no page reaches beyond this height
        let last = from.height.saturating_add(limit as u64 - 1);
        let mut found = BTreeSet::new();
        let active = (base..).zip(&self.active).skip(self.active_index(from.height)).take(limit);
        found.extend(active.map(|(height, id)| HeaderCursor { height, first: *id }));
        let mut highest = self.height();
        for leaf in self.tree.leaves() {
            highest = highest.max(self.tree.node(leaf).header.height);
            let mut at = self.tree.ancestor_node(leaf, last).unwrap_or(leaf);
            // an ancestor that was found before has brought all below it
            while self.cursor_of(at).height >= from.height && found.insert(self.cursor_of(at)) {
                at = self.tree.parent(at);
            }
        }
        let mut rest = found.range(from..);
        let headers: Vec<_> = rest.by_ref().take(limit).map(|place| self.known(place.first)).collect();
        let beyond = || (highest > last).then(|| HeaderCursor::from(last + 1));
        HeaderPage { headers, next: rest.next().copied().or_else(beyond) }
    }

    /// Returns the tips of all branches, at most `limit`: the active chain's first, then those with the most work. A tip
    /// is a header on which no other header builds, or the active chain's last block.
    pub fn tips(&self, limit: usize) -> Vec<KnownHeader> {
        let active = self.tip_node();
        let mut tips: Vec<_> = self.tree.leaves().filter(|leaf| *leaf != active).collect();
        tips.sort_by_key(|id| (Reverse(self.tree.node(*id).work), *id));
        [active].into_iter().chain(tips).take(limit).map(|id| self.known(id)).collect()
    }

    fn known(&self, id: NodeId) -> KnownHeader {
        let node = self.tree.node(id);
        let standing = if node.invalid {
            BlockStanding::Invalid { rule: self.broken.get(&id).copied() }
        } else if self.active.get(self.active_index(node.header.height)) == Some(&id) {
            BlockStanding::Active
        } else if self.candidates.has_body(id) {
            BlockStanding::Side
        } else {
            BlockStanding::HeaderOnly
        };
        KnownHeader { header: node.header, hash: node.hash, work: node.work, standing }
    }

    fn cursor_of(&self, id: NodeId) -> HeaderCursor {
        HeaderCursor { height: self.tree.node(id).header.height, first: id }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{block::Block, digest::StateRoot, keys::PublicKey, params::ChainParams, store::MemoryStore};

    const NOW: u64 = 1_800_000_000_000;

    fn block(chain: &Chain<MemoryStore>, miner: u8) -> Block {
        let time = chain.tip().time + 1_000;
        chain.template(Vec::new(), PublicKey::from_bytes([miner; 32]), &[miner], time).unwrap().mine_trivial()
    }

    fn grow(chain: &mut Chain<MemoryStore>, miner: u8, blocks: usize) -> Vec<Block> {
        let mut grow_one = || {
            let block = block(chain, miner);
            chain.apply(block.clone(), NOW).unwrap();
            block
        };
        (0..blocks).map(|_| grow_one()).collect()
    }

    /// A chain of 3 blocks, a branch of 2 blocks and a header, and an invalid block with a header on it.
    fn forked() -> (Chain<MemoryStore>, Vec<(BlockHash, BlockStanding)>) {
        let mut chain = Chain::in_memory(ChainParams::regtest());
        let mut rival = Chain::in_memory(ChainParams::regtest());
        let (ours, theirs) = (grow(&mut chain, 1, 3), grow(&mut rival, 2, 3));
        for block in &theirs[..2] {
            chain.apply(block.clone(), NOW).unwrap();
        }
        chain.insert_header(&theirs[2].header, NOW).unwrap();
        let mut bad = block(&chain, 3);
        bad.header.state_root = StateRoot::ZERO;
        let bad = bad.mine_trivial();
        let mut child = bad.clone();
        (child.header.previous, child.header.height, child.header.time) = (bad.hash(), 5, bad.header.time + 1);
        let child = child.mine_trivial();
        for header in [&bad.header, &child.header] {
            chain.insert_header(header, NOW).unwrap();
        }
        assert_eq!(chain.apply(bad.clone(), NOW).unwrap_err().rule(), Some(Rule::StateRoot));

        let mut all = vec![(chain.params().genesis_hash(), BlockStanding::Active)];
        let of_rival = [BlockStanding::Side, BlockStanding::Side, BlockStanding::HeaderOnly];
        for ((ours, theirs), standing) in ours.iter().zip(&theirs).zip(of_rival) {
            all.extend([(ours.hash(), BlockStanding::Active), (theirs.hash(), standing)]);
        }
        all.push((bad.hash(), BlockStanding::Invalid { rule: Some(Rule::StateRoot) }));
        all.push((child.hash(), BlockStanding::Invalid { rule: None }));
        (chain, all)
    }

    fn facts(headers: &[KnownHeader]) -> Vec<(BlockHash, BlockStanding)> {
        headers.iter().map(|known| (known.hash, known.standing)).collect()
    }

    #[test]
    fn every_header_is_listed_once_with_its_standing() {
        let (chain, all) = forked();
        for limit in 0..=all.len() + 1 {
            let (mut found, mut from) = (Vec::new(), Some(HeaderCursor::from(0)));
            while let Some(cursor) = from {
                let page = chain.headers_from(cursor, limit);
                assert!((1..=limit.max(1)).contains(&page.headers.len()), "{} of {limit}", page.headers.len());
                found.extend(facts(&page.headers));
                from = page.next;
            }
            assert_eq!(found, all, "{limit} on a page");
        }
        assert_eq!(facts(&chain.headers_from(3.into(), 100).headers), all[5..], "from a height on");
        let beyond = chain.headers_from(6.into(), 100);
        assert_eq!((beyond.headers.len(), beyond.next), (0, None));
        assert_eq!(chain.headers_from(u64::MAX.into(), usize::MAX).headers, []);
    }

    #[test]
    fn a_reorganisation_changes_standings_and_no_position() {
        let (mut chain, all) = forked();
        let before = chain.headers_from(1.into(), 3).next.unwrap();
        let tip = chain.tip().hash;
        let mut rival = Chain::in_memory(ChainParams::regtest());
        for block in grow(&mut rival, 2, 4) {
            chain.apply(block, NOW).unwrap();
        }
        let page = chain.headers_from(before, 100);
        let hashes: Vec<_> = page.headers.iter().map(|known| known.hash).take(3).collect();
        assert_eq!(hashes, [all[4].0, all[5].0, all[6].0]);
        assert_eq!(page.headers[0].standing, BlockStanding::Active);
        let old = page.headers.iter().find(|known| known.hash == tip).unwrap();
        assert_eq!(old.standing, BlockStanding::Side);
    }

    #[test]
    fn tips_are_the_active_one_and_then_by_work() {
        let (mut chain, all) = forked();
        assert_eq!(facts(&chain.tips(9)), [all[5], all[8], all[6]]);
        assert_eq!(facts(&chain.tips(1)), [all[5]]);
        grow(&mut chain, 1, 1);
        assert_eq!(chain.tips(9).len(), 3, "the active chain's leaf counts once");
    }

    #[test]
    fn an_invalid_block_stays_invalid_after_a_restart() {
        let (chain, all) = forked();
        let opened = Chain::open(ChainParams::regtest(), chain.into_store()).unwrap();
        let bad = opened.headers_from(4.into(), 1).headers[0];
        assert_eq!((bad.hash, bad.standing), (all[7].0, BlockStanding::Invalid { rule: None }));
    }
}
