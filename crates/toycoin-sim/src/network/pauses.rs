//! For how long miners do not search though they are on the best tip that anybody honest has.

use std::time::Duration;

use crate::network::Network;

/// A miner's pause.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Pause {
    /// When it was seen last to pause.
    since: Option<Duration>,
    /// How long it has paused since it searched last.
    total: Duration,
}

/// Longest time for which a miner may be stopped: far more than one that restarts takes, or one that waits for bodies.
const MOST_PAUSE: Duration = Duration::from_secs(60);

impl Network {
    /// Notes when a node that started reaches the best tip of the honest.
    pub(crate) fn watch_start(&mut self, node: usize) {
        let Some(tip) = self.node(node).map(|machine| machine.chain().tip()) else { return };
        let is_best = self.by_work.last().is_none_or(|(work, _)| *work <= tip.work);
        let took = self.now - self.nodes[node].started_at;
        if is_best && tip.height > 0 {
            self.nodes[node].caught_up.get_or_insert(took);
        }
    }

    /// Counts a miner's pause: on a tip that is the best of the honest there is nothing to wait for, whatever a stranger
    /// shows.
    pub(crate) fn watch_pause(&mut self, node: usize) {
        let site = &self.nodes[node];
        let Some(machine) = site.machine.as_ref().and_then(|machine| machine.node()) else { return };
        if site.search.is_some() || site.hash_rate == 0.0 {
            self.nodes[node].pause = Pause::default();
            return;
        }
        let tip = machine.chain().tip();
        let is_best = self.by_work.last().is_none_or(|(work, _)| *work <= tip.work);
        // a clock that was set back: what it finds on this tip would be ahead of everybody's time
        let waits_for_time = tip.time + 1 > self.moment_of(node).unix_ms + self.params.spec().max_future_ms;
        let now = self.now;
        let pause = &mut self.nodes[node].pause;
        if !is_best || waits_for_time {
            pause.since = None;
            return;
        }
        let passed = pause.since.map_or(Duration::ZERO, |since| now - since);
        pause.since = Some(now);
        pause.total += passed;
        let total = pause.total;
        self.statistics.paused += passed;
        self.statistics.longest_pause = self.statistics.longest_pause.max(total);
        if total > MOST_PAUSE {
            self.violate("pause", Some(node), format!("on the best tip it has not mined for {total:?}"));
        }
    }
}
