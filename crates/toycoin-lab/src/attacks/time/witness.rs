//! A witness: what an honest node says while an attack runs.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    time::Duration,
};

use toycoin_core::{BlockHash, Rule};
use toycoin_node::protocol::{Event, MuteReason};
use toycoin_sim::{Fact, Network, Seen};

/// Listens to the events of one node from the beginning of a run on.
#[derive(Debug)]
pub(super) struct Witness {
    node: usize,
    attends: Cell<bool>,
    notes: Rc<RefCell<Notes>>,
}

#[derive(Debug, Default)]
struct Notes {
    refused: bool,
    deepest: u64,
    warned_at: Option<Duration>,
    /// The tip of each node.
    tips: BTreeMap<usize, BlockHash>,
    /// The moment from which on the node's tip has not been that of node 0; `None` while it is.
    parted: Option<Duration>,
    /// The first such moment, and the time in all; what a message takes on its way does not count.
    parted_at: Option<Duration>,
    apart: Duration,
}

impl Witness {
    /// Returns a witness beside a node.
    pub(super) fn of(node: usize) -> Self {
        Self { node, attends: Cell::new(false), notes: Rc::default() }
    }

    /// Begins to listen, unless it listens already.
    pub(super) fn attend(&self, network: &mut Network) {
        if !self.attends.replace(true) {
            let (node, notes) = (self.node, Rc::clone(&self.notes));
            network.observe(move |seen| notes.borrow_mut().hear(node, seen));
        }
    }

    /// Returns whether the node refused a block or a header that breaks rule R12.
    pub(super) fn has_refused(&self) -> bool {
        self.notes.borrow().refused
    }

    /// Returns the number of blocks that left the node's chain in its deepest reorganisation.
    pub(super) fn deepest(&self) -> u64 {
        self.notes.borrow().deepest
    }

    /// Returns the virtual time at which the node first warned of a clock.
    pub(super) fn warned_at(&self) -> Option<Duration> {
        self.notes.borrow().warned_at
    }

    /// Returns the virtual time in which the node was not on the tip of node 0, up to when it was there last.
    pub(super) fn apart(&self) -> Duration {
        self.notes.borrow().apart
    }

    /// Returns the virtual time from which on the node was first not on the tip of node 0.
    pub(super) fn parted_at(&self) -> Option<Duration> {
        self.notes.borrow().parted_at
    }
}

/// Time apart that is that of a message on its way, and no difference.
const ON_ITS_WAY: Duration = Duration::from_millis(100);

impl Notes {
    fn hear(&mut self, node: usize, seen: &Seen) {
        let Fact::Event { node: of, event } = &seen.fact else { return };
        if let Event::TipChanged { tip, .. } = event {
            self.tips.insert(*of, tip.hash);
            self.compare(node, seen.at);
        }
        if *of != node {
            return;
        }
        match event {
            Event::BlockRejected { rule: Rule::TimeAboveParent, .. }
            | Event::PeerMuted { reason: MuteReason::BrokenRule(Rule::TimeAboveParent), .. } => self.refused = true,
            Event::TipChanged { reorg: Some(reorg), .. } => {
                self.deepest = self.deepest.max(reorg.disconnected as u64);
            }
            Event::ClockOff(_) => {
                self.warned_at.get_or_insert(seen.at);
            }
            _ => {}
        }
    }

    /// Compares the node's tip with that of node 0.
    fn compare(&mut self, node: usize, now: Duration) {
        if self.tips.get(&node) != self.tips.get(&0) {
            self.parted.get_or_insert(now);
        } else if let Some(since) = self.parted.take().filter(|since| now - *since > ON_ITS_WAY) {
            self.parted_at.get_or_insert(since);
            self.apart += now - since;
        }
    }
}
