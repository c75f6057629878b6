//! The headers below the tip, each judged by all rules of headers.

use std::collections::VecDeque;

use toycoin_core::{
    BlockHash, ChainParams, Header, RuleError, Work,
    consensus::{HeaderContext, check_header},
};

use super::io::Tip;
use crate::{ProvedTip, limits};

/// A chain's last headers, without a gap. Below them lies what a proof has shown.
#[derive(Debug, Clone)]
pub(super) struct Window {
    params: ChainParams,
    entries: VecDeque<Tip>,
}

/// What headers changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Extended {
    /// The tip moved. All headers up to this height stayed.
    Moved { fork: u64 },
    /// They are right and have no more work than the tip.
    NotBetter,
    /// The parent of the first is not in the window, or its rules need a header that is not.
    Unattached,
    /// One is from the future, so that it may be right later.
    Deferred,
    /// One breaks a rule.
    Broken(RuleError),
}

impl Window {
    /// Returns the window that holds genesis alone.
    pub(super) fn at_genesis(params: ChainParams) -> Self {
        let header = params.genesis().header;
        let work = header.bits.to_target().map(|target| target.work()).unwrap_or_default();
        let entries = VecDeque::from([Tip { header, hash: params.genesis_hash(), work }]);
        Self { params, entries }
    }

    /// Returns the window of a proved tip: its tail and the tip.
    pub(super) fn of(params: ChainParams, proved: &ProvedTip) -> Self {
        let entries =
            proved.headers().map(|at| Tip { header: *at.header(), hash: at.hash(), work: at.work() }).collect();
        Self { params, entries }
    }

    /// Returns the window of headers that were judged before. They are a chain, and not none.
    pub(super) fn restore(params: ChainParams, headers: &[Header], before: Work) -> Self {
        let mut work = before;
        let entries = headers.iter().map(|header| {
            work = work + header.bits.to_target().map(|target| target.work()).unwrap_or_default();
            Tip { header: *header, hash: header.hash(), work }
        });
        let entries: VecDeque<_> = entries.collect();
        if entries.is_empty() { Self::at_genesis(params) } else { Self { params, entries } }
    }

    /// Returns the headers, and the chain's work before the first.
    pub(super) fn parts(&self) -> (Vec<Header>, Work) {
        let first = self.first();
        let own = first.header.bits.to_target().map(|target| target.work()).unwrap_or_default();
        (self.entries.iter().map(|entry| entry.header).collect(), first.work.saturating_sub(own))
    }

    /// Returns the tip.
    pub(super) fn tip(&self) -> Tip {
        *self.entries.back().expect("a window has a tip")
    }

    /// Returns the lowest header.
    pub(super) fn first(&self) -> Tip {
        *self.entries.front().expect("a window has a tip")
    }

    /// Returns the header at a height, if the window reaches down to it.
    pub(super) fn at(&self, height: u64) -> Option<&Tip> {
        let place = height.checked_sub(self.first().header.height)?;
        self.entries.get(usize::try_from(place).ok()?)
    }

    /// Returns whether a block lies in the window.
    pub(super) fn holds(&self, height: u64, hash: &BlockHash) -> bool {
        self.at(height).is_some_and(|entry| entry.hash == *hash)
    }

    /// Returns hashes of the window, the tip first, then with gaps that double. Genesis is the last.
    pub(super) fn locator(&self) -> Vec<BlockHash> {
        let mut locator = Vec::new();
        let (mut back, mut step) = (0, 1);
        while let Some(entry) = self.entries.len().checked_sub(back + 1).and_then(|place| self.entries.get(place)) {
            locator.push(entry.hash);
            if locator.len() >= 10 {
                step *= 2;
            }
            back += step;
        }
        if locator.last() != Some(&self.params.genesis_hash()) {
            locator.push(self.params.genesis_hash());
        }
        locator
    }

    /// Judges headers, each the child of the one before, and moves the tip to the last if that has more work.
    pub(super) fn extend(&mut self, headers: &[Header], now_ms: u64) -> Extended {
        // what is here already says nothing about where the branches part
        let known = headers.iter().take_while(|header| self.holds(header.height, &header.hash())).count();
        let headers = headers.get(known..).unwrap_or_default();
        let Some(first) = headers.first() else { return Extended::NotBetter };
        let parent = self.entries.iter().rposition(|entry| entry.hash == first.previous);
        let Some((parent, mut context)) = parent.and_then(|place| Some((place, self.context(place)?))) else {
            return Extended::Unattached;
        };
        let mut work = self.entries.get(parent).map(|entry| entry.work).unwrap_or_default();
        let mut judged = Vec::new();
        let mut is_deferred = false;
        for header in headers {
            let hash = header.hash();
            match check_header(&self.params, header, hash, &context, now_ms) {
                Ok(()) => {}
                Err(error) if error.is_deferred() => {
                    is_deferred = true;
                    break;
                }
                Err(error) => return Extended::Broken(error),
            }
            let own = header.bits.to_target().map(|target| target.work()).unwrap_or_default();
            work = work + own;
            context.extend(header, hash);
            judged.push(Tip { header: *header, hash, work });
        }
        if work <= self.tip().work || work < self.params.minimum_work() {
            return if is_deferred { Extended::Deferred } else { Extended::NotBetter };
        }
        let fork = self.entries.get(parent).map_or(0, |entry| entry.header.height);
        self.entries.truncate(parent + 1);
        self.entries.extend(judged);
        let excess = self.entries.len().saturating_sub(limits::WINDOW);
        self.entries.drain(..excess);
        Extended::Moved { fork }
    }

    /// Returns what the rules of a child need: of the parent and of its own parent.
    fn context(&self, parent: usize) -> Option<HeaderContext> {
        let entry = self.entries.get(parent)?;
        if entry.header.height == 0 {
            return Some(HeaderContext::after_genesis(&self.params));
        }
        let before = self.entries.get(parent.checked_sub(1)?)?;
        let Header { height, bits, time, .. } = entry.header;
        Some(HeaderContext { parent: entry.hash, height, bits, time, time_before: Some(before.header.time) })
    }
}
