//! Model of how long branches pause a miner in total, independent of the code in `protocol/pause.rs` whose promise it
//! checks.
//!
//! A miner may spend up to [`MAX_PAUSE`](limits::MAX_PAUSE) waiting for better branches. Waiting uses this time up.
//! It comes back with time, and with each body on the way to the best header. The model counts every moment without a
//! search, whatever reason the node gives. So many short pauses break the limit just as one long pause does.

use std::{collections::BTreeMap, time::Duration};

use toycoin_core::{BlockHash, CompactTarget, Header};
use toycoin_node::{limits, protocol::NodeMachine};

use crate::{
    network::{
        Network,
        pause::Pause,
        traffic::{delivered_headers, header_of_body},
    },
    store::CrashStore,
};

/// Tolerance above the limit, because a body that waited for its parent counts only once it is stored.
const SLACK: Duration = Duration::from_secs(2);

/// Most delivered bodies that the model remembers; more than can wait in a node for their parents or their time.
const DELIVERED: usize = limits::ORPHAN_BLOCKS + limits::DEFERRED_BLOCKS + 32;

impl Network {
    /// Records when a node that started reaches the best tip of the honest nodes.
    pub(crate) fn watch_start(&mut self, node: usize) {
        let Some(tip) = self.node(node).map(|machine| machine.chain().tip()) else { return };
        let is_best = self.by_work.last().is_none_or(|(work, _)| *work <= tip.work);
        let took = self.now - self.nodes[node].started_at;
        if is_best && tip.height > 0 {
            self.nodes[node].caught_up.get_or_insert(took);
        }
    }

    /// Resets the pause account after a start.
    pub(crate) fn forget_pause(&mut self, node: usize) {
        self.nodes[node].pause = Pause { seen: self.now, ..Pause::default() };
    }

    /// Records the bodies in bytes that arrive at a node, because they may give pause time back.
    pub(crate) fn note_bodies(&mut self, node: usize, bytes: &[u8]) {
        self.note_headers(node, delivered_headers(bytes));
    }

    /// Does the same for a payload that arrives at a node of a mesh.
    pub(crate) fn note_mesh_body(&mut self, node: usize, payload: &[u8]) {
        self.note_headers(node, header_of_body(payload));
    }

    fn note_headers(&mut self, node: usize, headers: impl IntoIterator<Item = Header>) {
        let mut headers = headers.into_iter().peekable();
        // most bytes have none
        if headers.peek().is_none() {
            return;
        }
        let site = &mut self.nodes[node];
        let Some(machine) = site.machine.as_ref().and_then(|machine| machine.node()) else { return };
        if !site.honest || site.hash_rate == 0.0 {
            return;
        }
        for header in headers {
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

    /// Updates how much pause time a miner used up, and how much came back.
    pub(crate) fn watch_pause(&mut self, node: usize) {
        let site = &self.nodes[node];
        let Some(machine) = site.machine.as_ref().and_then(|machine| machine.node()) else { return };
        if site.hash_rate == 0.0 {
            return;
        }
        let tip = machine.chain().tip();
        // the clock was set back: a block on this tip would be too far in the future for it
        let waits_for_time = tip.time + 1 > self.moment_of(node).unix_ms + self.params.spec().max_future_ms;
        let has_joined = self.now >= site.started_at + limits::JOIN_GRACE;
        let may_search = has_joined && !waits_for_time && !machine.is_gathering();
        let is_on = may_search && site.search.is_none();

        let tip_work = match site.pause.tip == tip.hash {
            true => site.pause.tip_work,
            false => machine.chain().header_at(tip.height).map_or(0.0, |entry| work(entry.header.bits)),
        };
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
        (pause.seen, pause.is_on, pause.tip, pause.tip_work) = (self.now, is_on, tip.hash, tip_work);
        let used = pause.used;
        self.statistics.most_paused = self.statistics.most_paused.max(used);
        if used > limits::MAX_PAUSE + SLACK {
            self.violate(
                "pause",
                Some(node),
                format!(
                    "branches stopped its search for {used:?} in all, at most {:?} are allowed",
                    limits::MAX_PAUSE + SLACK
                ),
            );
        }
    }
}

/// Returns whether a block is on the path to a node's best header.
fn leads(machine: &NodeMachine<CrashStore>, hash: &BlockHash) -> bool {
    let tree = machine.chain().headers();
    let height = tree.get(hash).map(|entry| entry.header.height);
    height.and_then(|height| tree.ancestor(&tree.best().hash, height)).is_some_and(|entry| entry.hash == *hash)
}

fn work(bits: CompactTarget) -> f64 {
    bits.to_target().map_or(0.0, |target| target.work().to_f64())
}
