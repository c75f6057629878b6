//! What stands between a payment and its confirmations. Each reason is told once, from what the node knows.

use std::{collections::BTreeSet, time::Duration};

use toycoin_core::{Amount, Block, BlockHash, ChainParams, FeeRate, HumanDuration, Transaction, Txid};

use crate::{
    fees::rate_of,
    words::{count, grouped},
};

/// What helps where a higher fee may help.
const RAISE: &str = "`wallet bump` sends it again with a higher fee";
/// Shortest time without a block after which that is told.
const QUIET_LEAST: Duration = Duration::from_secs(10);
/// Longest time without a block after which that is told.
const QUIET_MOST: Duration = Duration::from_secs(300);
/// Target block spacings without a block after which that is told. It happens by chance to 1 block of 150.
const QUIET_SPACINGS: u64 = 5;
/// Shortest time without a block after which the wait ends.
const PATIENCE_LEAST: Duration = Duration::from_secs(60);
/// Longest time without a block after which the wait ends.
const PATIENCE_MOST: Duration = Duration::from_secs(1_800);
/// Target block spacings without a block after which the wait ends.
const PATIENCE_SPACINGS: u64 = 30;
/// Blocks without the payment from which on that is told, but not before [`QUIET_LEAST`]. The first may have been begun
/// before the payment came.
const LEFT_OUT: u64 = 2;
/// Blocks without the payment after which the wait ends, but not before [`PATIENCE_LEAST`]: a miner may come late, and
/// a node repeats its payments every 5 to 15 s.
const LEFT_OUT_MOST: u64 = 100;

/// What the node knows at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    /// The tip.
    pub tip: BlockHash,
    /// The tip's height.
    pub height: u64,
    /// What the tip's block took; `None` if its payments are not known.
    pub taken: Option<Taken>,
    /// Number of relays that are connected; `None` for a node that uses none.
    pub relays: Option<usize>,
    /// Number of other nodes that were heard recently.
    pub peers: usize,
    /// Number of payments in the mempool, this one included.
    pub waiting: usize,
    /// Height of the block that holds the payment.
    pub held_at: Option<u64>,
    /// A payment that this one spends from, and that waits too.
    pub parent: Option<Txid>,
}

/// What a block took from the mempool of its miner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    payments: usize,
    /// Fee rate of all its payments together.
    rate: FeeRate,
    /// Bytes that are free.
    room: u64,
}

impl Taken {
    /// Returns what a block took. Its coinbase pays exactly subsidy and fees, so the fees follow from it.
    pub fn of(block: &Block, params: &ChainParams) -> Self {
        let issued: Amount = block.coinbase.outputs.iter().map(|output| output.value).sum();
        let fees = issued.saturating_sub(params.subsidy(block.header.height));
        let bytes = block.transactions.iter().map(Transaction::size).sum();
        let room = params.spec().block_size_limit.saturating_sub(block.size());
        Self { payments: block.transactions.len(), rate: rate_of(fees, bytes), room }
    }
}

/// A reason that is told once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reason {
    Quiet,
    Parent,
    PaysLess,
    Full,
    LeftOut,
}

/// The wait for a payment's confirmations. Times are those since it began.
#[derive(Debug)]
pub struct Obstacles {
    bytes: u64,
    rate: FeeRate,
    wanted: u64,
    quiet: Duration,
    patience: Duration,
    /// The last tip with its height, and when it came.
    tip: Option<(BlockHash, u64, Duration)>,
    held_at: Option<u64>,
    /// When it began to wait for a block: at the start, or when a reorganisation put it back.
    waits_since: Duration,
    /// Blocks that came since then.
    left_out: u64,
    told: BTreeSet<Reason>,
}

impl Obstacles {
    /// Begins to wait for so many confirmations of a payment of `bytes` and `fee`.
    pub fn new(params: &ChainParams, bytes: u64, fee: Amount, confirmations: u64) -> Self {
        let spacing_ms = params.spec().retargeting.as_ref().map_or(0, |retargeting| retargeting.spacing_ms);
        let spacings = |number: u64| Duration::from_millis(spacing_ms.saturating_mul(number));
        Self {
            bytes,
            rate: rate_of(fee, bytes),
            wanted: confirmations,
            quiet: spacings(QUIET_SPACINGS).clamp(QUIET_LEAST, QUIET_MOST),
            patience: spacings(PATIENCE_SPACINGS).clamp(PATIENCE_LEAST, PATIENCE_MOST),
            tip: None,
            held_at: None,
            waits_since: Duration::ZERO,
            left_out: 0,
            told: BTreeSet::new(),
        }
    }

    /// Takes notice of the facts, and returns what stands in the way and was not told yet.
    pub fn look(&mut self, facts: &Facts, now: Duration) -> Vec<String> {
        let returned = self.held_at.filter(|_| facts.held_at.is_none());
        self.held_at = facts.held_at;
        match self.tip {
            Some((tip, _, _)) if tip == facts.tip => {}
            Some((_, height, _)) if facts.held_at.is_none() => {
                self.left_out += facts.height.saturating_sub(height).max(1);
                self.tip = Some((facts.tip, facts.height, now));
            }
            _ => self.tip = Some((facts.tip, facts.height, now)),
        }
        let mut told = Vec::new();
        if let Some(height) = returned {
            (self.waits_since, self.left_out) = (now, 0);
            told.push(format!("block {height} left the chain in a reorganisation: the payment waits again"));
        }
        for (reason, text) in self.reasons(facts, now) {
            if self.told.insert(reason) {
                told.push(format!("{}: {text}", self.standing(facts.height)));
            }
        }
        told
    }

    /// Returns why it is no longer worth waiting, if it is not.
    pub fn gives_up(&self, now: Duration) -> Option<String> {
        let (_, height, came) = self.tip?;
        if now.saturating_sub(came) >= self.patience {
            let patience = HumanDuration::from(self.patience);
            return Some(format!("{}: no block came for {patience}", self.standing(height)));
        }
        let left_out = self.left_out;
        let is_over = left_out >= LEFT_OUT_MOST && now.saturating_sub(self.waits_since) >= PATIENCE_LEAST;
        is_over.then(|| format!("{}: {left_out} blocks came without it", self.standing(height)))
    }

    /// Returns whether a block holds the payment.
    pub const fn is_held(&self) -> bool {
        self.held_at.is_some()
    }

    fn standing(&self, height: u64) -> String {
        match self.held_at {
            None => "not confirmed yet".to_owned(),
            Some(held_at) => {
                let have = (height + 1).saturating_sub(held_at);
                format!("{have} of {} yet", count(self.wanted, "confirmation"))
            }
        }
    }

    fn reasons(&self, facts: &Facts, now: Duration) -> Vec<(Reason, String)> {
        let mut reasons = Vec::new();
        let since = self.tip.map_or(Duration::ZERO, |(_, _, came)| now.saturating_sub(came));
        if since >= self.quiet {
            let who = match (facts.relays, facts.peers) {
                (Some(0), _) => "the relay is lost, and is tried again".to_owned(),
                (_, 0) => "no other node is heard, so nobody mines".to_owned(),
                (_, 1) => "1 other node is heard; perhaps it does not mine".to_owned(),
                (_, peers) => format!("{peers} other nodes are heard; perhaps none of them mines"),
            };
            let since = HumanDuration::from(Duration::from_secs(since.as_secs()));
            reasons.push((Reason::Quiet, format!("no block came for {since}; {who}")));
        }
        if facts.held_at.is_some() {
            return reasons;
        }
        if let Some(parent) = facts.parent {
            reasons.push((Reason::Parent, format!("it spends from payment {parent}, which waits too")));
        }
        if self.left_out < LEFT_OUT || now.saturating_sub(self.waits_since) < QUIET_LEAST {
            return reasons;
        }
        let height = facts.height;
        let Some(Taken { payments, rate, room }) = facts.taken else {
            let (blocks, own) = (count(self.left_out, "block"), grouped(self.rate.to_grains_per_byte()));
            let why = format!("miners have not heard of it, or want more than {own} grains per byte");
            reasons.push((Reason::LeftOut, format!("{blocks} came without it; perhaps {why}; {RAISE}")));
            return reasons;
        };
        let waiting = count(facts.waiting as u64, "payment");
        let per_byte = |rate: FeeRate| grouped(rate.to_grains_per_byte());
        reasons.push(if payments > 0 && self.rate < rate {
            let (own, theirs, payments) = (per_byte(self.rate), per_byte(rate), count(payments as u64, "payment"));
            let block = format!("block {height} took {payments} at {theirs}");
            (Reason::PaysLess, format!("it pays {own} grains per byte, {block}; known to wait: {waiting}; {RAISE}"))
        } else if room < self.bytes {
            (Reason::Full, format!("block {height} was full; known to wait: {waiting}; {RAISE}"))
        } else {
            let own = per_byte(self.rate);
            let why = format!("its miner has not heard of it, or wants more than {own} grains per byte");
            (Reason::LeftOut, format!("block {height} had room for it; perhaps {why}; {RAISE}"))
        });
        reasons
    }
}

#[cfg(test)]
mod tests;
