//! Invariants: what must hold after every event.

/// The built-in invariants: each name, as a [`Violation`](crate::Violation) reports it, with what must hold.
pub const INVARIANTS: [(&str, &str); 18] = [
    ("supply", "the money issued is what the rules make of the height"),
    ("no coin twice", "a ledger without an engine can follow the chain: each coin is spent once"),
    (
        "coins",
        "every 20 blocks, after a crash and at the end, coins are those of the ledger, and what the tip commits to",
    ),
    ("most work", "the tip has the most work among the valid chains that the node holds"),
    ("bounds", "queues, pools and scores of nodes and relays are within `limits`"),
    ("no honest mute", "nobody honest is muted by somebody honest"),
    ("convergence", "once faults have ended, all honest nodes are on one tip within a bound"),
    ("payments", "by then every payment that a node took is confirmed, or dropped with a reason"),
    ("crash", "what a crash leaves is a chain without gaps"),
    ("durability", "on a disk in order, no crash takes a block that the node has told of"),
    ("events", "the events of a node lead whoever follows them along its chain"),
    ("own answers", "no honest node leaves its relay for its own answers: they never fill what its transport keeps"),
    (
        "pause",
        "branches stop a miner for 10 s in all; 1 s a minute comes back, and a quarter of a block's time with each body",
    ),
    ("debts", "on a mesh, each message of gossip is judged once and in time, and so does each question have one end"),
    ("light tip", "a light client's tip is a block of some engine, with the work that the engine gives it"),
    (
        "light blocks",
        "what a light client found concerns its owner and is on its chain, and at the end it is all that concerns it",
    ),
    ("light convergence", "by then each light client has the tip of the honest nodes, and has searched all blocks"),
    ("halt", "no node halts while its store works"),
];

/// How often a network's [invariants](INVARIANTS) are checked. It changes no decision of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Watch {
    /// After every event.
    #[default]
    Every,
    /// After one event in this many, the invariants of the caller included. What blocks and mutes break is noticed all
    /// the same, and so are pauses and coins.
    Sampled(u32),
    /// Never, coins included. What blocks and mutes break is noticed, and whether nodes agree and payments settle in
    /// the end.
    Off,
}

/// An invariant of a network that the caller supplies.
pub(crate) type Check<N> = Box<dyn Fn(&N) -> Result<(), String>>;

/// Invariants of the caller for a network `N`, and limits that may differ from those of `limits`.
pub(crate) struct Invariants<N> {
    pub(crate) callers: Vec<(String, Check<N>)>,
    pub(crate) watch: Watch,
    pub(crate) mempool_bytes: u64,
    pub(crate) queue_deliveries: usize,
}
