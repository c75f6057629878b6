//! A server that was heard of: what it claims, what it was asked, and how it did.

use std::collections::BTreeMap;

use toycoin_core::{BlockHash, Work};
use toycoin_wire::machine::Monotonic;

use super::kind::Kind;
use crate::limits;

/// What a server's status says. It is a number that a stranger chose, and decides only whom to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) tip: BlockHash,
    pub(super) height: u64,
    pub(super) work: Work,
}

/// A server that was heard of.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) claim: Option<Claim>,
    /// Whether its tip has to be proved, since its headers did not attach to ours.
    pub(super) needs_proof: bool,
    /// Whether the proof has to begin at genesis, since our headers are not its ancestors.
    pub(super) from_genesis: bool,
    /// The slices that it can prove within a message, if those that we would like were too many.
    pub(super) slices: Option<u16>,
    asked: BTreeMap<Kind, Monotonic>,
    /// What it did not answer in time, and until when that may still come.
    late: BTreeMap<Kind, Monotonic>,
    /// When it was asked for its tip last, or became known.
    asked_tip: Monotonic,
    records: BTreeMap<Kind, Record>,
    heard: Monotonic,
}

/// How a server did at a kind of question. Who is good at one thing may be bad at another: a full node that publishes
/// blocks need not serve filters.
#[derive(Debug, Clone, Copy, Default)]
struct Record {
    /// How often it failed since it was last of use.
    failures: u32,
    rests_until: Monotonic,
    was_useful: bool,
}

impl Known {
    /// Returns a server that is heard for the first time.
    pub(super) const fn new(now: Monotonic) -> Self {
        Self {
            claim: None,
            needs_proof: false,
            from_genesis: false,
            slices: None,
            asked: BTreeMap::new(),
            late: BTreeMap::new(),
            // ids cost nothing, so newcomers do not stand before those that have waited
            asked_tip: now,
            records: BTreeMap::new(),
            heard: now,
        }
    }

    pub(super) const fn hear(&mut self, now: Monotonic) {
        self.heard = now;
    }

    /// Returns its worth when there is no room for all: whether it was ever of use, and when it was heard last.
    pub(super) fn worth(&self) -> (bool, Monotonic) {
        (self.records.values().any(|record| record.was_useful), self.heard)
    }

    /// Notes a question, or that a part of its answer came: then it has its time again.
    pub(super) fn ask(&mut self, kind: Kind, now: Monotonic) {
        self.asked.insert(kind, now);
        if kind == Kind::Tip {
            self.asked_tip = now;
        }
    }

    /// Notes an answer. Returns false unless there was such a question.
    pub(super) fn answered(&mut self, kind: Kind) -> bool {
        self.asked.remove(&kind).is_some()
    }

    /// Notes an answer that comes after its time.
    pub(super) fn answered_late(&mut self, kind: Kind) {
        self.late.remove(&kind);
    }

    /// Notes that an answer was right and of use.
    pub(super) fn was_useful(&mut self, kind: Kind) {
        self.records.insert(kind, Record { was_useful: true, ..Record::default() });
    }

    /// Notes that an answer was of no use. It is asked nothing of that kind for a time, which doubles.
    pub(super) fn was_useless(&mut self, kind: Kind, now: Monotonic) {
        let record = self.records.entry(kind).or_default();
        let rest = limits::FIRST_REST.saturating_mul(1 << record.failures.min(16)).min(limits::MAX_REST);
        record.rests_until = now + rest;
        record.failures = record.failures.saturating_add(1);
    }

    /// Lets it rest from a kind of question for the shortest time.
    pub(super) fn rest(&mut self, kind: Kind, now: Monotonic) {
        self.records.entry(kind).or_default().rests_until = now + limits::FIRST_REST;
    }

    /// Notes that an answer may still come for a time.
    pub(super) fn is_late(&mut self, kind: Kind, now: Monotonic) {
        self.late.insert(kind, now + limits::LATE);
    }

    /// Returns the kinds of its questions, and when each was asked.
    pub(super) fn asked(&self) -> impl Iterator<Item = (Kind, Monotonic)> {
        self.asked.iter().map(|(kind, at)| (*kind, *at))
    }

    /// Returns whether it has a question of a kind.
    pub(super) fn is_asked(&self, kind: Kind) -> bool {
        self.asked.contains_key(&kind)
    }

    /// Returns when it was asked for its tip last.
    pub(super) const fn asked_tip(&self) -> Monotonic {
        self.asked_tip
    }

    /// Returns how often it failed at a kind of question since it was last of use, and whether it never was.
    pub(super) fn failures(&self, kind: Kind) -> (u32, bool) {
        let record = self.records.get(&kind).copied().unwrap_or_default();
        (record.failures, !record.was_useful)
    }

    pub(super) fn is_rested(&self, kind: Kind, now: Monotonic) -> bool {
        self.records.get(&kind).is_none_or(|record| record.rests_until <= now)
    }

    /// Returns whether it has a question of a kind whose answer, in time or late, may come.
    pub(super) fn is_busy(&self, kind: Kind, now: Monotonic) -> bool {
        let is_late = !kind.is_told_apart() && self.late.get(&kind).is_some_and(|until| *until > now);
        self.is_asked(kind) || is_late
    }

    /// Returns whether nothing is asked of it, and nothing late may come.
    pub(super) fn is_idle(&self, now: Monotonic) -> bool {
        self.asked.is_empty() && self.late.values().all(|until| *until <= now)
    }

    /// Returns when something changes by itself besides its questions: it has rested, or nothing late comes any more.
    pub(super) fn timeouts(&self) -> impl Iterator<Item = Monotonic> {
        let rested = self.records.values().map(|record| record.rests_until);
        rested.chain(self.late.values().copied())
    }
}
