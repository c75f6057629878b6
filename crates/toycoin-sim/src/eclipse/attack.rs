//! What an eclipse attack consists of, and how it ends.

use std::time::Duration;

use toycoin_node::limits;

use crate::eclipse::world::World;

/// An eclipse attack on one node. [`Eclipse::new`] gives the usual one, and every field may be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Eclipse {
    /// Seed of all that is drawn.
    pub seed: u64,
    /// Number of honest nodes, at least 1.
    pub honest: usize,
    /// Number of netgroups (IPv4 /16) that they share evenly, 1 to 20,000.
    pub honest_groups: usize,
    /// Number of the attacker's addresses.
    pub attackers: usize,
    /// Number of netgroups that these share evenly, 1 to 20,000.
    pub attacker_groups: usize,
    /// Virtual time from the victim's first start to the end.
    pub lasts: Duration,
    /// Virtual time at which the attacker appears; until then, nobody has heard of its addresses.
    pub begins: Duration,
    /// Number of restarts of the victim, at drawn times after that. It restarts from its peers file.
    pub restarts: usize,
    /// Mean time for which an honest node stays up. It is then down for 10 minutes.
    pub uptime: Duration,
    /// Mean time after which an address of the attacker tries again to get an inbound slot.
    pub retries: Duration,
    /// Most outbound connections of the victim.
    pub outbound: usize,
    /// Whether the victim dials the outbound peers that lasted longest first after a restart.
    ///
    /// Anchors keep the honest peers that were there before the attacker ([`botnet`](Self::botnet)). Against an
    /// attacker who was there from the start they do the opposite: its addresses never go down, so they last longest.
    pub anchors: bool,
}

/// How an attack ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EclipseOutcome {
    /// The victim's outbound connections with honest nodes at the end. With none, and none inbound, it is eclipsed.
    pub honest_outbound: usize,
    /// Its outbound connections with the attacker at the end.
    pub attacker_outbound: usize,
    /// Its inbound connections with honest nodes at the end.
    pub honest_inbound: usize,
    /// Its inbound connections with the attacker at the end.
    pub attacker_inbound: usize,
    /// Honest addresses in the victim's peers file at the end.
    pub honest_known: usize,
    /// The attacker's addresses in that file.
    pub attacker_known: usize,
    /// What the victim was connected to ten minutes after each restart.
    pub after_restarts: Vec<AfterRestart>,
}

/// A victim's outbound connections ten minutes after a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AfterRestart {
    /// Honest outbound peers before the restart.
    pub honest_before: usize,
    /// Honest outbound peers now.
    pub honest: usize,
    /// The attacker's outbound connections now.
    pub attacker: usize,
}

impl Eclipse {
    /// Returns the usual attack: 1,000 addresses in 4 netgroups against 200 honest nodes in 100, for 24 hours with 3
    /// restarts.
    pub const fn new(seed: u64) -> Self {
        Self {
            seed,
            honest: 200,
            honest_groups: 100,
            attackers: 1_000,
            attacker_groups: 4,
            lasts: Duration::from_secs(86_400),
            begins: Duration::ZERO,
            restarts: 3,
            uptime: Duration::from_secs(86_400),
            retries: Duration::from_secs(12 * 3_600),
            outbound: limits::OUTBOUND_SLOTS,
            anchors: true,
        }
    }

    /// Returns an attack with rented computers (a botnet): 1,000 addresses in 400 netgroups, which appear after 12
    /// hours and wait for one restart. It is the attack that anchors are made for: the victim's connections are honest
    /// by then, and its address book is not.
    pub const fn botnet(seed: u64) -> Self {
        Self { attacker_groups: 400, begins: Duration::from_secs(43_200), restarts: 1, ..Self::new(seed) }
    }

    /// Runs the attack. The same attack always ends the same way.
    pub fn run(&self) -> EclipseOutcome {
        World::new(self).run()
    }
}
