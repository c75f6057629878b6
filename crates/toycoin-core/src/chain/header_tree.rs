//! The tree of all known headers, with the chain's work up to each. A light client can use it alone.
//!
//! ```text
//!   genesis ── 1 ── 2 ── 3 ── 4        every header was judged (rules R06 to R14);
//!                    \                 the most work wins, then the first that arrived
//!                     3' ── 4' ── 5'
//! ```

use std::collections::BTreeSet;

use thiserror::Error;

use crate::{
    chain::locator,
    consensus::{HeaderContext, RuleError, check_header},
    digest::BlockHash,
    header::Header,
    keyed_map::KeyedMap,
    params::ChainParams,
    store::SnapshotRoot,
    target::Work,
};

/// The index of a node in the tree. Parents come before children.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NodeId(u32);

impl NodeId {
    /// Genesis; in a tree that begins at a snapshot, the parent of its block.
    pub(crate) const ROOT: Self = Self(0);
    /// The block of the snapshot, in a tree that begins at one.
    pub(crate) const SNAPSHOT: Self = Self(1);

    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A header in the tree, with its hash, its chain's work and its validity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderEntry {
    /// The header.
    pub header: Header,
    /// Its hash.
    pub hash: BlockHash,
    /// The chain's work up to and including this header, genesis included.
    pub work: Work,
    /// Whether the block, or one of its ancestors, breaks a rule.
    pub invalid: bool,
    /// Whether the block has been connected: it is on the active chain, or was since the chain was opened.
    pub connected: bool,
    parent: NodeId,
    /// A distant ancestor, so that a walk to any ancestor takes few steps.
    skip: NodeId,
    first_child: Option<NodeId>,
    next_sibling: Option<NodeId>,
}

impl HeaderEntry {
    /// Returns the entry of a header that the tree begins with.
    const fn given(header: Header, hash: BlockHash, work: Work) -> Self {
        let root = NodeId::ROOT;
        let (first_child, next_sibling) = (None, None);
        Self {
            header,
            hash,
            work,
            invalid: false,
            connected: true,
            parent: root,
            skip: root,
            first_child,
            next_sibling,
        }
    }
}

/// The reason why the tree refuses a header.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// The header's parent is not known: request the headers between.
    #[error("parent {0} is not known")]
    UnknownParent(BlockHash),
    /// The block breaks a rule, or builds on a block that does.
    #[error("block {0} is invalid, or builds on one that is")]
    Invalid(BlockHash),
    /// The header breaks a rule. If the rule [is deferred](RuleError::is_deferred), the header may be valid later.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// The tree is full.
    #[error("the header tree holds no more headers")]
    Full,
}

/// All known headers by hash, with their work.
#[derive(Debug, Clone)]
pub struct HeaderTree {
    params: ChainParams,
    nodes: Vec<HeaderEntry>,
    by_hash: KeyedMap<BlockHash, NodeId>,
    best: NodeId,
    /// The nodes without children.
    leaves: BTreeSet<NodeId>,
    /// How many nodes the tree began with: genesis, or the block of a snapshot and its parent. They are never invalid.
    given: usize,
}

impl HeaderTree {
    /// Creates a tree that holds the network's genesis alone.
    pub fn new(params: ChainParams) -> Self {
        let header = params.genesis().header;
        let hash = params.genesis_hash();
        let work = header.bits.to_target().map(|target| target.work()).unwrap_or_default();
        let (by_hash, leaves) = (KeyedMap::from_iter([(hash, NodeId::ROOT)]), BTreeSet::from([NodeId::ROOT]));
        let nodes = vec![HeaderEntry::given(header, hash, work)];
        Self { params, nodes, by_hash, best: NodeId::ROOT, leaves, given: 1 }
    }

    /// Creates a tree that begins at the block of a snapshot. It has nothing below the block but its parent, which the
    /// rules for the next header need. No other header can build on that parent: its body is not there either, so the
    /// chain could not follow.
    ///
    /// Returns `None` when the block does not follow its parent. Nothing else is judged.
    pub fn rooted(params: ChainParams, root: &SnapshotRoot) -> Option<Self> {
        if !root.is_coherent() {
            return None;
        }
        let (hash, snapshot) = (root.header.hash(), NodeId::SNAPSHOT);
        let mut previous = HeaderEntry::given(root.previous, root.header.previous, root.previous_work);
        previous.first_child = Some(snapshot);
        let header = HeaderEntry::given(root.header, hash, root.work);
        let (by_hash, leaves) = (KeyedMap::from_iter([(hash, snapshot)]), BTreeSet::from([snapshot]));
        Some(Self { params, nodes: vec![previous, header], by_hash, best: snapshot, leaves, given: 2 })
    }

    /// Returns the height of the lowest header: 0, or that of the parent of the snapshot's block.
    pub fn base(&self) -> u64 {
        self.node(NodeId::ROOT).header.height
    }

    /// Returns the network's parameters.
    pub const fn params(&self) -> &ChainParams {
        &self.params
    }

    /// Judges a header by rules R06 to R14 and adds it. Returns false when the header was known already. `now_ms` is
    /// the Unix time in milliseconds.
    ///
    /// # Errors
    /// When the parent is unknown or invalid, or the header breaks a rule.
    pub fn insert(&mut self, header: &Header, now_ms: u64) -> Result<bool, HeaderError> {
        let before = self.nodes.len();
        self.insert_node(header, header.hash(), now_ms)?;
        Ok(self.nodes.len() > before)
    }

    /// Returns the entry of a header.
    pub fn get(&self, hash: &BlockHash) -> Option<&HeaderEntry> {
        self.find(hash).map(|id| self.node(id))
    }

    /// Returns the header with the most work that is not known to be invalid. Of headers with equal work, the first
    /// that arrived wins.
    pub fn best(&self) -> &HeaderEntry {
        self.node(self.best)
    }

    /// Returns the number of headers, the first one included.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Returns false: a tree begins with a header.
    pub const fn is_empty(&self) -> bool {
        false
    }

    /// Returns the ancestor of `hash` at `height`. A header is its own ancestor at its own height.
    pub fn ancestor(&self, hash: &BlockHash, height: u64) -> Option<&HeaderEntry> {
        self.ancestor_node(self.find(hash)?, height).map(|id| self.node(id))
    }

    /// Returns the context in which a child of `hash` is judged.
    pub fn context_after(&self, hash: &BlockHash) -> Option<HeaderContext> {
        self.find(hash).map(|id| self.context(id))
    }

    /// Returns a block locator of the chain that ends at `hash`: hashes from its end back to genesis, in steps that
    /// grow. In a tree that begins at a snapshot, it ends with the snapshot's block, the block's parent, and genesis.
    pub fn locator(&self, hash: &BlockHash) -> Vec<BlockHash> {
        let genesis = self.params.genesis_hash();
        let Some(id) = self.find(hash) else { return vec![genesis] };
        // the nodes that the tree began with are the end of each locator
        let above = locator::heights(self.node(id).header.height).filter_map(|height| self.ancestor_node(id, height));
        let above = above.filter(|id| id.index() >= self.given).map(|id| self.node(id).hash);
        let given = self.nodes.iter().take(self.given).rev().map(|node| node.hash);
        above.chain(given).chain((self.given > 1).then_some(genesis)).collect()
    }

    /// Marks a block and its descendants as invalid. Genesis is never marked, nor is the block of a snapshot.
    pub fn mark_invalid(&mut self, hash: &BlockHash) {
        if let Some(id) = self.find(hash) {
            self.mark_node_invalid(id);
        }
    }

    pub(crate) fn find(&self, hash: &BlockHash) -> Option<NodeId> {
        self.by_hash.get(hash).copied()
    }

    pub(crate) fn node(&self, id: NodeId) -> &HeaderEntry {
        self.nodes.get(id.index()).expect("a node's id is given only to nodes that are in the tree")
    }

    pub(crate) const fn best_node(&self) -> NodeId {
        self.best
    }

    pub(crate) fn parent(&self, id: NodeId) -> NodeId {
        self.node(id).parent
    }

    pub(crate) fn children(&self, id: NodeId) -> impl Iterator<Item = NodeId> {
        std::iter::successors(self.node(id).first_child, |child| self.node(*child).next_sibling)
    }

    /// Returns the nodes on which no other builds, in the order of their arrival.
    pub(crate) fn leaves(&self) -> impl Iterator<Item = NodeId> {
        self.leaves.iter().copied()
    }

    pub(crate) fn insert_node(&mut self, header: &Header, hash: BlockHash, now_ms: u64) -> Result<NodeId, HeaderError> {
        if let Some(known) = self.find(&hash) {
            return if self.node(known).invalid { Err(HeaderError::Invalid(hash)) } else { Ok(known) };
        }
        let parent = self.find(&header.previous).ok_or(HeaderError::UnknownParent(header.previous))?;
        if self.node(parent).invalid {
            return Err(HeaderError::Invalid(hash));
        }
        check_header(&self.params, header, hash, &self.context(parent), now_ms)?;
        let id = NodeId(u32::try_from(self.nodes.len()).map_err(|_| HeaderError::Full)?);
        // bits that are no target, which only a sandbox lets through, count as no work
        let own = header.bits.to_target().map(|target| target.work()).unwrap_or_default();
        let entry = HeaderEntry {
            header: *header,
            hash,
            work: self.node(parent).work + own,
            invalid: false,
            connected: false,
            parent,
            skip: self.ancestor_node(parent, skip_height(header.height)).unwrap_or(NodeId::ROOT),
            first_child: None,
            next_sibling: self.node(parent).first_child,
        };
        if entry.work > self.node(self.best).work {
            self.best = id;
        }
        self.nodes.push(entry);
        self.by_hash.insert(hash, id);
        self.leaves.remove(&parent);
        self.leaves.insert(id);
        if let Some(parent) = self.nodes.get_mut(parent.index()) {
            parent.first_child = Some(id);
        }
        Ok(id)
    }

    /// Returns the ancestor at `height`, `None` when that is above the node or below the tree.
    pub(crate) fn ancestor_node(&self, id: NodeId, height: u64) -> Option<NodeId> {
        let mut at = id;
        if height > self.node(at).header.height || height < self.base() {
            return None;
        }
        while self.node(at).header.height > height {
            let node = self.node(at);
            let skip = self.node(node.skip).header.height;
            at = if skip >= height && skip < node.header.height { node.skip } else { node.parent };
        }
        Some(at)
    }

    /// Returns the last common ancestor.
    pub(crate) fn fork_point(&self, one: NodeId, other: NodeId) -> NodeId {
        let height = self.node(one).header.height.min(self.node(other).header.height);
        let climb = |id| self.ancestor_node(id, height).unwrap_or(NodeId::ROOT);
        let (mut one, mut other) = (climb(one), climb(other));
        while one != other {
            // equal heights have equal skips, so both can skip unless that passes the fork
            let (a, b) = (self.node(one), self.node(other));
            (one, other) = if a.skip == b.skip { (a.parent, b.parent) } else { (a.skip, b.skip) };
        }
        one
    }

    pub(crate) fn mark_node_connected(&mut self, id: NodeId) {
        if let Some(node) = self.nodes.get_mut(id.index()) {
            node.connected = true;
        }
    }

    pub(crate) fn mark_node_invalid(&mut self, id: NodeId) {
        if id.index() < self.given {
            return;
        }
        let mut queue = vec![id];
        while let Some(id) = queue.pop() {
            queue.extend(self.children(id).filter(|child| !self.node(*child).invalid).collect::<Vec<_>>());
            if let Some(node) = self.nodes.get_mut(id.index()) {
                node.invalid = true;
            }
        }
        if self.best().invalid {
            let valid = self.nodes.iter().zip(0..).filter(|(node, _)| !node.invalid);
            // of headers with equal work, the first that arrived: the lowest index
            let best = valid.max_by_key(|(node, place)| (node.work, std::cmp::Reverse(*place)));
            self.best = best.map_or(NodeId::ROOT, |(_, place)| NodeId(place));
        }
    }

    pub(crate) fn context(&self, parent: NodeId) -> HeaderContext {
        let node = self.node(parent);
        let time_before = (parent != NodeId::ROOT).then(|| self.node(node.parent).header.time);
        let Header { height, bits, time, .. } = node.header;
        HeaderContext { parent: node.hash, height, bits, time, time_before }
    }
}

/// Returns the height to which the node at `height` can skip, as in Bitcoin: any ancestor is about `2 log n` steps
/// away.
fn skip_height(height: u64) -> u64 {
    let without_lowest_one = |n: u64| n & n.wrapping_sub(1);
    match height {
        0 | 1 => 0,
        odd if odd & 1 == 1 => without_lowest_one(without_lowest_one(odd - 1)) + 1,
        even => without_lowest_one(even),
    }
}
