//! The shapes of what only a network of several nodes has, and of the rules.

use serde::Serialize;
use toycoin_core::Rule;
use toycoin_node::protocol::PeerInfo;
use utoipa::ToSchema;

/// A node.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NodeInfo {
    /// Its number.
    pub(crate) node: usize,
    /// Its name.
    pub(crate) name: String,
    /// Whether it does not answer.
    pub(crate) down: bool,
    /// Its set hash rate: a share on a simulated network, percent of the threads' time on a live one; 0 if it does not
    /// mine.
    pub(crate) hash_rate: u64,
    /// Its measured hashes per second; `null` if they were not measured.
    pub(crate) hashes_per_second: Option<u64>,
    /// The hash of its tip.
    pub(crate) tip: String,
    /// The height of its tip.
    pub(crate) height: u64,
    /// The height of the best header that it verified; `null` while it is down, as all that follows.
    pub(crate) best_header_height: Option<u64>,
    /// Number of payments in its mempool.
    pub(crate) mempool: Option<usize>,
    /// Their size by formula, in bytes.
    pub(crate) mempool_bytes: Option<u64>,
    /// Number of its relay connections that are ready.
    pub(crate) relays: Option<usize>,
    /// Number of peers that it heard lately.
    pub(crate) peers: Option<usize>,
}

/// A tip on which at least one node stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TipInfo {
    /// Its hash.
    pub(crate) hash: String,
    /// Its height.
    pub(crate) height: u64,
    /// The work of its chain, in hex without leading zeros.
    pub(crate) work: String,
    /// The nodes that stand on it.
    pub(crate) nodes: Vec<usize>,
}

/// A peer as a node sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PeerDescription {
    /// Its id on the connection, in hex.
    id: String,
    /// The height that it claims; `null` if it claims nothing.
    height: Option<u64>,
    /// Whether the node has verified what it claims.
    verified: bool,
    /// Whether it claims more work than the node's best header has.
    ahead: bool,
    /// Its misbehaviour score.
    score: u32,
    /// Whether it is muted.
    muted: bool,
}

impl PeerDescription {
    pub(crate) fn new(peer: &PeerInfo) -> Self {
        Self {
            id: peer.id.to_string(),
            height: peer.claim.map(|claim| claim.height),
            verified: peer.claim.is_some_and(|claim| claim.is_verified),
            ahead: peer.claim.is_some_and(|claim| claim.is_ahead),
            score: peer.score,
            muted: peer.muted,
        }
    }
}

/// A consensus rule.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RuleInfo {
    /// Its number.
    rule: u16,
    /// Its name.
    name: &'static str,
    /// The rule as one sentence.
    text: &'static str,
}

impl From<Rule> for RuleInfo {
    fn from(rule: Rule) -> Self {
        Self { rule: rule.number(), name: rule.name(), text: rule.sentence() }
    }
}

/// A supply audit: all coins, counted one by one.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditInfo {
    /// The height of the tip at which it was made.
    pub(crate) height: u64,
    /// The money issued up to there, according to the state, in grains.
    pub(crate) issued: u64,
    /// The sum of the values of all coins, in grains.
    pub(crate) sum_of_coins: u64,
    /// Number of coins.
    pub(crate) coins: u64,
    /// The state root in the tip's header.
    pub(crate) state_root: String,
    /// Whether sum, number and hash of the coins are those that the state root commits to.
    pub(crate) holds: bool,
}
