//! For how long branches stop a miner, all of them together: a model of its own of what `protocol/pause.rs` promises.
//!
//! A miner has [`PAUSE_MOST`](limits::PAUSE_MOST) to wait for better branches. What it waits is used up. It comes back with
//! time, and with each body on the way to the best header. The model counts every moment without a search, whatever the
//! node says is its reason, so many short pauses break the bound as one long pause does.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use toycoin_core::{BlockHash, CompactTarget};
use toycoin_node::{limits, protocol::NodeMachine};

use crate::{
    network::{Network, traffic::delivered_headers},
    store::CrashStore,
};

/// A miner's pauses.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pause {
    /// When the miner was looked at last.
    seen: Duration,
    /// Whether it did not search then, though nothing but a branch could stop it.
    is_on: bool,
    /// The time that branches have used up and that has not come back.
    used: Duration,
    /// The work of the tip when the miner was looked at last.
    tip_work: f64,
    /// Bodies that were delivered and that the node has not kept yet, with their work.
    delivered: VecDeque<(BlockHash, f64)>,
}

/// What a node may be beyond its bound: bodies that waited for their parents count once they are kept.
const SLACK: Duration = Duration::from_secs(2);

/// Most bodies that are remembered until a node keeps them; more than may wait in it for parents and for their time.
const DELIVERED: usize = limits::ORPHAN_BLOCKS + limits::DEFERRED_BLOCKS + 32;

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

    /// Begins anew after a start.
    pub(crate) fn forget_pause(&mut self, node: usize) {
        self.nodes[node].pause = Pause { seen: self.now, ..Pause::default() };
    }

    /// Notes the bodies in what arrives at a node: they may buy time.
    pub(crate) fn note_bodies(&mut self, node: usize, bytes: &[u8]) {
        let site = &mut self.nodes[node];
        let Some(machine) = site.machine.as_ref().and_then(|machine| machine.node()) else { return };
        if !site.honest || site.hash_rate == 0.0 {
            return;
        }
        for header in delivered_headers(bytes) {
            let (hash, work) = (header.hash(), work(header.bits));
            let meets = header.bits.to_target().is_ok_and(|target| target.is_met_by(&hash));
            if meets && work + work >= site.pause.tip_work && !machine.chain().has_block(&hash) {
                site.pause.delivered.push_back((hash, work));
                if site.pause.delivered.len() > DELIVERED {
                    site.pause.delivered.pop_front();
                }
            }
        }
    }

    /// Counts for how long a miner was stopped, and what of that came back.
    pub(crate) fn watch_pause(&mut self, node: usize) {
        let site = &self.nodes[node];
        let Some(machine) = site.machine.as_ref().and_then(|machine| machine.node()) else { return };
        if site.hash_rate == 0.0 {
            return;
        }
        let tip = machine.chain().tip();
        // a clock that was set back: what it finds on this tip would be ahead of everybody's time
        let waits_for_time = tip.time + 1 > self.moment_of(node).unix_ms + self.params.spec().max_future_ms;
        let has_joined = self.now >= site.started_at + limits::JOIN_GRACE;
        let may_search = has_joined && !waits_for_time && !machine.is_gathering();
        let is_on = may_search && site.search.is_none();

        let tip_work = machine.chain().header_at(tip.height).map_or(0.0, |entry| work(entry.header.bits));
        let usual = tip_work.min(site.pause.tip_work);
        let kept = site.pause.delivered.iter().filter(|(hash, _)| machine.chain().has_block(hash));
        let kept: BTreeMap<_, _> = kept.copied().collect();
        let bodies = kept.iter().filter(|(hash, work)| **work + **work >= usual && leads(machine, hash)).count();

        let pause = &mut self.nodes[node].pause;
        pause.delivered.retain(|(hash, _)| !kept.contains_key(hash));
        let passed = self.now - pause.seen;
        if pause.is_on {
            pause.used += passed;
            self.statistics.paused += passed;
        } else {
            pause.used = pause.used.saturating_sub(passed / limits::PAUSE_REFILL);
        }
        let spacing = self.params.spec().retargeting.map_or(0, |to| to.spacing_ms);
        let earned = Duration::from_millis(spacing) / limits::PAUSE_PART;
        pause.used = pause.used.saturating_sub(earned * u32::try_from(bodies).unwrap_or(u32::MAX));
        (pause.seen, pause.is_on, pause.tip_work) = (self.now, is_on, tip_work);
        let used = pause.used;
        self.statistics.most_paused = self.statistics.most_paused.max(used);
        if used > limits::PAUSE_MOST + SLACK {
            self.violate("pause", Some(node), format!("branches have stopped its search for {used:?} in all"));
        }
    }
}

/// Returns whether a block is on the way to a node's best header.
fn leads(machine: &NodeMachine<CrashStore>, hash: &BlockHash) -> bool {
    let tree = machine.chain().headers();
    let height = tree.get(hash).map(|entry| entry.header.height);
    height.and_then(|height| tree.ancestor(&tree.best().hash, height)).is_some_and(|entry| entry.hash == *hash)
}

fn work(bits: CompactTarget) -> f64 {
    bits.to_target().map_or(0.0, |target| target.work().to_f64())
}
