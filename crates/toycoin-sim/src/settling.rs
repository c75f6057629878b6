//! The end of a run: the network settles, and its results are taken.

use std::{collections::BTreeSet, time::Duration};

use crate::{
    network::Network,
    report::{Run, Violation},
};

impl Network {
    /// Ends the payments and the faults that [`begin`](Self::begin) began, runs until all honest nodes agree, and
    /// returns the results.
    ///
    /// If no node has a hash rate, nobody confirms a payment or decides between equal branches. Then payments may still
    /// wait, and [`converged`](Run::converged) may return `false`.
    ///
    /// # Errors
    /// If an invariant broke; the error describes the first one.
    pub fn finish(mut self) -> Result<Run, Violation> {
        self.end_all();
        self.payments.until = Duration::ZERO;
        self.is_over.set(true);
        if let Some(settle) = self.settle {
            self.run_until_settled(settle);
        }
        for node in 0..self.nodes.len() {
            if self.violation.is_none() && self.nodes[node].honest {
                self.check_coins(node);
            }
        }
        match self.violation.take() {
            Some(violation) => Err(self.with_trace(violation)),
            None => Ok(Run::of(self)),
        }
    }

    fn run_until_settled(&mut self, settle: Duration) {
        let end = self.now + settle;
        let (mut differs, mut waits) = (None, None);
        while self.violation.is_none() {
            // one reason to go on is enough, and the last one probably still holds
            if waits.is_some() {
                waits = self.first_unsettled(waits);
            }
            if waits.is_none() {
                differs = self.first_that_differs(differs);
                if differs.is_none() {
                    waits = self.first_unsettled(None);
                    if waits.is_none() && self.light_behind().is_none() {
                        break;
                    }
                }
            }
            if self.now >= end {
                let is_mined = self.nodes.iter().any(|site| site.hash_rate > 0.0);
                let heights: Vec<_> = self.chains().map(|(node, chain)| (node, chain.height())).collect();
                let lost = self.unsettled().next();
                let lost = lost.map(|(txid, paid)| {
                    let (by, at) = (paid.by, paid.at);
                    format!("payment {txid} of node {by}, made at {at:?}, is neither confirmed nor dropped")
                });
                match lost {
                    _ if !self.agrees() && (is_mined || !self.is_level()) => {
                        self.violate("convergence", None, format!("no common tip in {settle:?}: {heights:?}"));
                    }
                    Some(what) if is_mined => self.violate("payments", None, what),
                    _ if self.agrees() => {
                        if let Some((node, invariant, what)) = self.light_behind() {
                            self.violate(invariant, Some(node), what);
                        }
                    }
                    _ => {}
                }
                break;
            }
            self.step();
        }
    }

    /// Returns whether all honest nodes are up and their tips have the same work, so that none gives way to another.
    fn is_level(&self) -> bool {
        let honest = self.nodes.iter().filter(|site| site.honest).count();
        let works: BTreeSet<_> = self.chains().map(|(_, chain)| chain.tip().work).collect();
        self.chains().count() == honest && works.len() <= 1
    }

    pub(crate) fn with_trace(&self, violation: Violation) -> Violation {
        Violation { seed: self.seed, lines: self.trace.lines().map(str::to_owned), ..violation }
    }
}

impl Run {
    /// Returns the result of a network at its end.
    fn of(network: Network) -> Self {
        let tip = |node| network.node(node).map(|node| (node.chain().height(), node.chain().tip().hash));
        let chain = network.chains().next().map(|(_, chain)| chain);
        let mined = network.mined_at.keys();
        let stale = mined.filter(|hash| chain.is_none_or(|chain| !chain.is_active(hash))).count();
        let paid = network.payments.all.values();
        let confirmations = paid.filter_map(|paid| Some(paid.confirmed_at?.saturating_sub(paid.at))).collect();
        let dropped = network.payments.all.iter();
        let dropped = dropped.filter_map(|(txid, paid)| Some((*txid, paid.dropped.clone()?))).collect();
        let mut payments: Vec<_> = network.payments.all.iter().filter(|(_, paid)| paid.accepted).collect();
        payments.sort_by_key(|(_, paid)| paid.at);
        let payments = payments.into_iter().map(|(txid, _)| *txid).collect();
        let heights = 0..=chain.map_or(0, |chain| chain.height());
        let difficulty = heights.filter_map(|height| {
            let header = chain?.header_at(height)?.header;
            let work = header.bits.to_target().map_or(0.0, |target| target.work().to_f64());
            Some((height, header.time, work))
        });
        Self {
            seed: network.seed,
            lasted: network.now,
            tips: (0..network.nodes.len()).map(tip).collect(),
            caught_up: network.nodes.iter().map(|site| site.caught_up).collect(),
            converged: network.agrees(),
            stale_blocks: stale as u64,
            injected: network.injected.clone(),
            tactics: network.tactics.clone(),
            confirmations,
            payments,
            dropped,
            signatures: network.verifier.judged(),
            difficulty: difficulty.collect(),
            trace_hash: network.trace.hash(),
            trace: network.trace.lines().map(str::to_owned),
            statistics: network.statistics,
        }
    }
}
