//! Counters that are fed by the events of a stage.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder},
    metrics::{counter::Counter, family::Family, histogram::Histogram},
};
use toycoin_core::Rule;

use crate::{
    event::{Departure, Event, Fact},
    limits::MEASURED_BLOCKS,
};

/// Counters since the start of the view. The hub feeds them with every event; what is no event has a method here.
#[derive(Debug)]
pub struct Counters {
    pub(crate) reorganisations: Family<DepthLabel, Counter>,
    pub(crate) connected: Counter,
    pub(crate) mined: Counter,
    pub(crate) rejected: Family<RuleLabel, Counter>,
    pub(crate) dropped: Family<ReasonLabel, Counter>,
    pub(crate) muted: Counter,
    pub(crate) propagation: Histogram,
    /// The last blocks, with the times at which they were seen first, the oldest first.
    seen: Mutex<VecDeque<(String, u64)>>,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            reorganisations: Family::default(),
            connected: Counter::default(),
            mined: Counter::default(),
            rejected: Family::default(),
            dropped: Family::default(),
            muted: Counter::default(),
            propagation: Histogram::new(PROPAGATION_SECONDS),
            seen: Mutex::default(),
        }
    }
}

/// Upper bounds of the buckets of a block's propagation time, in seconds.
const PROPAGATION_SECONDS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0];

impl Counters {
    /// Counts a peer that a node muted. No event of the view says that.
    pub fn peer_muted(&self) {
        self.muted.inc();
    }

    /// Counts an event.
    pub(crate) fn count(&self, event: &Event) {
        match &event.fact {
            Fact::Block(block) => {
                self.mined.inc_by(u64::from(block.miner.is_some()));
                let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
                seen.push_back((block.hash.clone(), event.us));
                if seen.len() > MEASURED_BLOCKS {
                    seen.pop_front();
                }
            }
            Fact::Tip(tip) => {
                let count = |listed: usize, all: Option<u64>| all.unwrap_or(listed as u64);
                self.connected.inc_by(count(tip.joined.len(), tip.joined_count));
                let depth = count(tip.left.len(), tip.left_count);
                if depth > 0 {
                    self.reorganisations.get_or_create(&DepthLabel { depth: Depth::of(depth) }).inc();
                }
                if !tip.own {
                    self.measure(&tip.joined, event.us);
                }
            }
            Fact::Rejected { what, rule, .. } if what == "block" => {
                if let Some(rule) = Rule::from_number(*rule) {
                    self.rejected.get_or_create(&RuleLabel { rule: RuleName(rule) }).inc();
                }
            }
            Fact::Gone { why, .. } => {
                if let Some(reason) = Reason::of(*why) {
                    self.dropped.get_or_create(&ReasonLabel { reason }).inc();
                }
            }
            _ => {}
        }
    }

    /// Measures how long blocks took from the node that had them first to one that makes them part of its chain.
    fn measure(&self, joined: &[String], us: u64) {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        for hash in joined {
            // the newest blocks are the likely ones
            if let Some((_, first)) = seen.iter().rev().find(|(block, _)| block == hash) {
                self.propagation.observe(us.saturating_sub(*first) as f64 / 1e6);
            }
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct DepthLabel {
    depth: Depth,
}

/// How many blocks left the active chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Depth {
    Exactly(u8),
    SixToTwenty,
    More,
}

impl Depth {
    const fn of(blocks: u64) -> Self {
        match blocks {
            1 => Self::Exactly(1),
            2 => Self::Exactly(2),
            3 => Self::Exactly(3),
            4 => Self::Exactly(4),
            5 => Self::Exactly(5),
            6..=20 => Self::SixToTwenty,
            _ => Self::More,
        }
    }
}

impl EncodeLabelValue for Depth {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> std::fmt::Result {
        match self {
            Self::Exactly(blocks) => EncodeLabelValue::encode(&u64::from(*blocks), encoder),
            Self::SixToTwenty => "6-20".encode(encoder),
            Self::More => "21+".encode(encoder),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct RuleLabel {
    rule: RuleName,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct RuleName(Rule);

impl EncodeLabelValue for RuleName {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> std::fmt::Result {
        self.0.to_string().as_str().encode(encoder)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ReasonLabel {
    reason: Reason,
}

/// Why a payment left a mempool without being confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Reason(&'static str);

impl Reason {
    const fn of(why: Departure) -> Option<Self> {
        Some(Self(match why {
            Departure::Confirmed => return None,
            Departure::Conflict => "conflict",
            Departure::Replaced => "replaced",
            Departure::Evicted => "evicted",
            Departure::Expired => "expired",
            Departure::Reorganised => "reorganised",
            Departure::Restart => "restart",
        }))
    }
}

impl EncodeLabelValue for Reason {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> std::fmt::Result {
        self.0.encode(encoder)
    }
}
