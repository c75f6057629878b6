//! Faults: what goes wrong in a network, when, and for how long.

use std::{collections::BTreeMap, time::Duration};

use crate::dice::Dice;

/// Something that goes wrong for a time.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// A partition: nothing passes between two groups of nodes. If `one_way`, only messages from the first group to the
    /// second are lost. A mesh has no such half: a TCP connection needs both directions, so it breaks in either case.
    Partition {
        /// The first group.
        one: Vec<usize>,
        /// The other group.
        other: Vec<usize>,
        /// Whether the first group still receives messages from the other.
        one_way: bool,
    },
    /// A node crashes, and restarts when the fault ends.
    Crash {
        /// The node.
        node: usize,
        /// Whether the crash loses writes that were not synced: all of them, or all from a drawn one on.
        lose_tail: bool,
    },
    /// A relay goes down with all its connections, and comes back empty.
    RelayRestart {
        /// The relay.
        relay: usize,
    },
    /// A node's links become slow.
    SlowLink {
        /// The node.
        node: usize,
        /// Bytes per second in each direction.
        bandwidth: u64,
        /// Factor by which the latency grows.
        latency: u32,
    },
    /// A node's links lose every third write and sometimes break.
    LossyLink {
        /// The node.
        node: usize,
    },
    /// Relays drop, duplicate and reorder the envelopes for a node.
    CarelessRelay {
        /// The node.
        node: usize,
    },
    /// A node's clock is off, and jumps back when the fault ends.
    ClockSkew {
        /// The node.
        node: usize,
        /// Offset of the clock in milliseconds, positive if it is ahead.
        offset_ms: i64,
    },
    /// A node's hash rate is multiplied for a time.
    HashBurst {
        /// The node.
        node: usize,
        /// Factor of the hash rate.
        factor: f64,
    },
    /// A node joins only when the fault ends. The fault begins at time zero.
    LateJoin {
        /// The node.
        node: usize,
    },
    /// An eclipse: no message passes between a node and the honest nodes, in either direction.
    Eclipse {
        /// The node.
        node: usize,
    },
    /// A node's relays send 100 LAGD messages per second, although they dropped nothing.
    LagFlood {
        /// The node.
        node: usize,
    },
}

/// Kind of a fault, for counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "named as the faults are")]
pub enum FaultKind {
    Partition,
    OneWayPartition,
    Crash,
    CrashLosingTail,
    RelayRestart,
    SlowLink,
    LossyLink,
    CarelessRelay,
    ClockSkew,
    HashBurst,
    LateJoin,
    Eclipse,
    LagFlood,
}

impl FaultKind {
    /// Every kind of fault.
    pub const ALL: [Self; 13] = [
        Self::Partition,
        Self::OneWayPartition,
        Self::Crash,
        Self::CrashLosingTail,
        Self::RelayRestart,
        Self::SlowLink,
        Self::LossyLink,
        Self::CarelessRelay,
        Self::ClockSkew,
        Self::HashBurst,
        Self::LateJoin,
        Self::Eclipse,
        Self::LagFlood,
    ];

    /// Returns whether it is a fault of relays, which a [mesh](crate::Topology::Mesh) does not have.
    pub const fn needs_relays(self) -> bool {
        matches!(self, Self::RelayRestart | Self::CarelessRelay | Self::LagFlood)
    }

    /// Returns the kinds of faults that happened in none of the runs, from what each run injected. A set of runs shows
    /// that the network survives a fault only if that fault happened.
    pub fn missing<'a>(injected: impl IntoIterator<Item = &'a BTreeMap<Self, u64>>) -> Vec<Self> {
        let mut missing = Self::ALL.to_vec();
        for counts in injected {
            missing.retain(|kind| counts.get(kind).is_none_or(|count| *count == 0));
        }
        missing
    }
}

impl Fault {
    /// Returns the kind of the fault.
    pub const fn kind(&self) -> FaultKind {
        match self {
            Self::Partition { one_way: false, .. } => FaultKind::Partition,
            Self::Partition { .. } => FaultKind::OneWayPartition,
            Self::Crash { lose_tail: false, .. } => FaultKind::Crash,
            Self::Crash { .. } => FaultKind::CrashLosingTail,
            Self::RelayRestart { .. } => FaultKind::RelayRestart,
            Self::SlowLink { .. } => FaultKind::SlowLink,
            Self::LossyLink { .. } => FaultKind::LossyLink,
            Self::CarelessRelay { .. } => FaultKind::CarelessRelay,
            Self::ClockSkew { .. } => FaultKind::ClockSkew,
            Self::HashBurst { .. } => FaultKind::HashBurst,
            Self::LateJoin { .. } => FaultKind::LateJoin,
            Self::Eclipse { .. } => FaultKind::Eclipse,
            Self::LagFlood { .. } => FaultKind::LagFlood,
        }
    }
}

/// A fault with its begin and end.
#[derive(Debug, Clone, PartialEq)]
pub struct Scheduled {
    /// Virtual time at which it begins.
    pub from: Duration,
    /// Virtual time at which it ends.
    pub until: Duration,
    /// What goes wrong.
    pub fault: Fault,
}

/// Draws faults of the kinds added later, about one per minute; all end before `end`.
pub(crate) fn draw_late(dice: &mut Dice, nodes: usize, end: Duration) -> Vec<Scheduled> {
    let mut faults = Vec::new();
    let mut at = dice.exponential(Duration::from_secs(30));
    while at + Duration::from_secs(2) < end {
        let until = (at + dice.between(Duration::from_secs(2), Duration::from_secs(60))).min(end);
        let node = dice.index(nodes);
        let fault = match dice.below(3) {
            0 => Fault::LagFlood { node },
            // from a modem's bandwidth up, nearby or on the other side of the world
            _ => Fault::SlowLink {
                node,
                bandwidth: 1_200 << dice.below(7),
                latency: 1 + u32::from(dice.chance(0.5)) * 7,
            },
        };
        faults.push(Scheduled { from: at, until, fault });
        at += dice.exponential(Duration::from_secs(60));
    }
    faults
}

/// Draws faults, about one every 20 seconds; all end before `end`.
pub(crate) fn draw(dice: &mut Dice, nodes: usize, relays: usize, end: Duration) -> Vec<Scheduled> {
    schedule(dice, nodes, end, |dice, node| match dice.below(12) {
        kind @ 0..3 => halves(dice, nodes, node, kind == 2),
        3 => Fault::Crash { node, lose_tail: false },
        4 => Fault::Crash { node, lose_tail: true },
        5 => Fault::RelayRestart { relay: dice.index(relays) },
        6 => Fault::SlowLink { node, bandwidth: 20_000, latency: 20 },
        7 => Fault::LossyLink { node },
        8 => Fault::CarelessRelay { node },
        9 => skewed_clock(dice, node),
        10 => Fault::HashBurst { node, factor: 10.0 },
        _ => Fault::Eclipse { node },
    })
}

/// Draws faults for a mesh, about one every 20 seconds; all end before `end`. None of them needs a relay.
pub(crate) fn draw_mesh(dice: &mut Dice, nodes: usize, end: Duration) -> Vec<Scheduled> {
    schedule(dice, nodes, end, |dice, node| match dice.below(12) {
        kind @ 0..3 => halves(dice, nodes, node, kind == 2),
        3 | 4 => Fault::Crash { node, lose_tail: false },
        5 | 6 => Fault::Crash { node, lose_tail: true },
        7 => Fault::SlowLink { node, bandwidth: 20_000, latency: 20 },
        8 => Fault::LossyLink { node },
        9 => skewed_clock(dice, node),
        10 => Fault::HashBurst { node, factor: 10.0 },
        _ => Fault::Eclipse { node },
    })
}

/// Draws when faults begin and end, and whether a node joins late. `kind` draws what befalls a node.
fn schedule(dice: &mut Dice, nodes: usize, end: Duration, kind: impl Fn(&mut Dice, usize) -> Fault) -> Vec<Scheduled> {
    let mut faults = Vec::new();
    let mut at = dice.exponential(Duration::from_secs(10));
    if dice.chance(0.3) {
        let until = dice.between(Duration::from_secs(5), end / 2);
        faults.push(Scheduled { from: Duration::ZERO, until, fault: Fault::LateJoin { node: dice.index(nodes) } });
    }
    while at + Duration::from_secs(2) < end {
        let until = (at + dice.between(Duration::from_secs(2), Duration::from_secs(60))).min(end);
        let node = dice.index(nodes);
        faults.push(Scheduled { from: at, until, fault: kind(dice, node) });
        at += dice.exponential(Duration::from_secs(20));
    }
    faults
}

/// Draws a clock that is wrong by up to three minutes.
fn skewed_clock(dice: &mut Dice, node: usize) -> Fault {
    Fault::ClockSkew { node, offset_ms: i64::try_from(dice.below(360_000)).unwrap_or(0) - 180_000 }
}

/// Draws a partition into two groups, neither of which is empty if there are two nodes.
fn halves(dice: &mut Dice, nodes: usize, node: usize, one_way: bool) -> Fault {
    let mut side: Vec<_> = (0..nodes).map(|_| dice.chance(0.5)).collect();
    side[node] = !side[(node + 1) % nodes];
    let pick = |wanted| (0..nodes).filter(|node| side.get(*node) == Some(&wanted)).collect();
    Fault::Partition { one: pick(true), other: pick(false), one_way }
}
