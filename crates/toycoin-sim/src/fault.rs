//! What goes wrong with a network, when, and for how long.

use std::{collections::BTreeMap, time::Duration};

use crate::dice::Dice;

/// Something that goes wrong for a time.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing passes between two groups of nodes; if `one_way`, nothing from the first to the second.
    Partition {
        /// The first group.
        one: Vec<usize>,
        /// The other.
        other: Vec<usize>,
        /// Whether the other group is still heard.
        one_way: bool,
    },
    /// A node crashes, and restarts when the fault ends.
    Crash {
        /// The node.
        node: usize,
        /// Whether writes that were not synced are lost, all or from one on.
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
        /// How many times the latency.
        latency: u32,
    },
    /// A node's links lose every third write, and now and then break.
    LossyLink {
        /// The node.
        node: usize,
    },
    /// A node's relays drop, repeat and reorder the envelopes for it.
    CarelessRelay {
        /// The node.
        node: usize,
    },
    /// A node's clock is off, and jumps back when the fault ends.
    ClockSkew {
        /// The node.
        node: usize,
        /// By how much, positive for ahead.
        offset_ms: i64,
    },
    /// A node's hash rate is a multiple for a time, and then is what it was.
    HashBurst {
        /// The node.
        node: usize,
        /// How many times.
        factor: f64,
    },
    /// A node joins only when the fault ends. Begins at zero.
    LateJoin {
        /// The node.
        node: usize,
    },
    /// A node hears nobody honest, and nobody honest hears it.
    Eclipse {
        /// The node.
        node: usize,
    },
    /// A node's relays say LAGD 100 times each second, though they dropped nothing.
    LagFlood {
        /// The node.
        node: usize,
    },
}

/// A kind of fault, to be counted.
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
    /// Every kind.
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

    /// Returns the kinds that never happened in some runs, by what each injected: a set of runs that is to show what a
    /// network survives is worth nothing without them.
    pub fn missing<'a>(injected: impl IntoIterator<Item = &'a BTreeMap<Self, u64>>) -> Vec<Self> {
        let mut missing = Self::ALL.to_vec();
        for counts in injected {
            missing.retain(|kind| counts.get(kind).is_none_or(|count| *count == 0));
        }
        missing
    }
}

impl Fault {
    /// Returns what kind it is.
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

/// A fault with its time.
#[derive(Debug, Clone, PartialEq)]
pub struct Scheduled {
    /// When it begins.
    pub from: Duration,
    /// When it ends.
    pub until: Duration,
    /// What goes wrong.
    pub fault: Fault,
}

/// Draws faults of the kinds that came later, about one each minute, that all end before `end`.
pub(crate) fn draw_late(dice: &mut Dice, nodes: usize, end: Duration) -> Vec<Scheduled> {
    let mut faults = Vec::new();
    let mut at = dice.exponential(Duration::from_secs(30));
    while at + Duration::from_secs(2) < end {
        let until = (at + dice.between(Duration::from_secs(2), Duration::from_secs(60))).min(end);
        let node = dice.index(nodes);
        let fault = match dice.below(3) {
            0 => Fault::LagFlood { node },
            // from a modem's speed up, near or on the other side of the world
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

/// Draws faults, about one every 20 seconds, that all end before `end`.
pub(crate) fn draw(dice: &mut Dice, nodes: usize, relays: usize, end: Duration) -> Vec<Scheduled> {
    let mut faults = Vec::new();
    let mut at = dice.exponential(Duration::from_secs(10));
    if dice.chance(0.3) {
        let until = dice.between(Duration::from_secs(5), end / 2);
        faults.push(Scheduled { from: Duration::ZERO, until, fault: Fault::LateJoin { node: dice.index(nodes) } });
    }
    while at + Duration::from_secs(2) < end {
        let until = (at + dice.between(Duration::from_secs(2), Duration::from_secs(60))).min(end);
        let node = dice.index(nodes);
        let fault = match dice.below(12) {
            kind @ 0..3 => {
                let mut side: Vec<_> = (0..nodes).map(|_| dice.chance(0.5)).collect();
                side[node] = !side[(node + 1) % nodes];
                let pick = |wanted| (0..nodes).filter(|node| side.get(*node) == Some(&wanted)).collect();
                Fault::Partition { one: pick(true), other: pick(false), one_way: kind == 2 }
            }
            3 => Fault::Crash { node, lose_tail: false },
            4 => Fault::Crash { node, lose_tail: true },
            5 => Fault::RelayRestart { relay: dice.index(relays) },
            6 => Fault::SlowLink { node, bandwidth: 20_000, latency: 20 },
            7 => Fault::LossyLink { node },
            8 => Fault::CarelessRelay { node },
            9 => {
                let offset = i64::try_from(dice.below(360_000)).unwrap_or(0) - 180_000;
                Fault::ClockSkew { node, offset_ms: offset }
            }
            10 => Fault::HashBurst { node, factor: 10.0 },
            _ => Fault::Eclipse { node },
        };
        faults.push(Scheduled { from: at, until, fault });
        at += dice.exponential(Duration::from_secs(20));
    }
    faults
}
