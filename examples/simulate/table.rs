//! Table of the results of all runs.

use std::{collections::BTreeMap, fmt, time::Duration};

use toycoin_sim::{FaultKind, Run};

/// Runs in which every invariant held, and the time that all runs took.
pub(crate) struct Table<'a> {
    pub(crate) runs: &'a [&'a Run],
    /// Clock time.
    pub(crate) elapsed: Duration,
    /// Processor time of all threads together.
    pub(crate) took: Option<Duration>,
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let runs = self.runs;
        let sum = |of: fn(&Run) -> u64| runs.iter().map(|run| of(run)).sum::<u64>().to_string();
        let lasted: f64 = runs.iter().map(|run| run.lasted.as_secs_f64()).sum();
        let times = |took: Duration| format!("{:.0}", lasted / took.as_secs_f64().max(1e-9));
        write!(f, "{:<40} {:>16}", "runs in which all invariants held", runs.len())?;
        if runs.is_empty() {
            return Ok(());
        }
        let mut row = |name: &str, value: String| write!(f, "\n{name:<40} {value:>16}");
        row("virtual seconds", format!("{lasted:.0}"))?;
        row("times real time", times(self.elapsed))?;
        if let Some(took) = self.took {
            row("times real time, by processor time", times(took))?;
        }
        row("events", sum(|run| run.statistics.events))?;
        row("blocks found", sum(|run| run.statistics.blocks_mined))?;
        row("of these stale", sum(|run| run.stale_blocks))?;
        row("deepest reorganisation", runs.iter().map(|run| run.deepest_reorg()).max().unwrap_or(0).to_string())?;
        row("payments confirmed", sum(|run| run.confirmations.len() as u64))?;
        row("payments dropped with a reason", sum(|run| run.dropped.len() as u64))?;
        row("deliveries dropped for slow readers", sum(|run| run.statistics.lagged))?;
        row("envelopes delivered", sum(|run| run.statistics.deliveries))?;
        row("bytes sent", sum(|run| run.statistics.sent_bytes))?;
        let (bodies, repeated) = runs.iter().fold((0, 0), |(bodies, repeated), run| {
            (bodies + run.statistics.body_bytes, repeated + run.statistics.repeated_body_bytes)
        });
        row(
            "bytes of bodies that were new",
            format!("{:.1} %", 100.0 * (1.0 - repeated as f64 / bodies.max(1) as f64)),
        )?;
        let most = runs.iter().map(|run| run.statistics.most_paused).max().unwrap_or_default();
        row("most time that branches stop a miner", format!("{:.1} s", most.as_secs_f64()))?;
        row("attempts to spend a coin twice", sum(|run| run.statistics.double_spends))?;
        row("payments that the payer's node refused", sum(|run| run.statistics.payments_refused))?;
        row("invalid blocks refused, by all nodes", sum(|run| run.statistics.blocks_rejected))?;
        row("mutes of peers, by all nodes", sum(|run| run.statistics.mutes))?;
        let mut injected: BTreeMap<FaultKind, u64> = BTreeMap::new();
        for (kind, count) in runs.iter().flat_map(|run| &run.injected) {
            *injected.entry(*kind).or_default() += count;
        }
        for (kind, count) in injected {
            row(&format!("  fault: {kind:?}"), count.to_string())?;
        }
        let mut drawn: BTreeMap<&str, u64> = BTreeMap::new();
        for (name, count) in runs.iter().flat_map(|run| &run.tactics) {
            *drawn.entry(name).or_default() += count;
        }
        for (name, count) in drawn {
            row(&format!("  adversary: {name}"), count.to_string())?;
        }
        if let [run] = runs {
            row("trace hash", run.trace_hash.get(..16).unwrap_or_default().to_owned())?;
        }
        Ok(())
    }
}
