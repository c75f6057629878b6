//! The desk of a director: all that it has but the network itself.

use std::{cell::RefCell, mem, rc::Rc, sync::Arc, time::Duration};

use toycoin_core::ChainParams;
use toycoin_sim::{Network, Seen};

use super::faults::Faults;
use crate::{
    event::{AttackTrial, Clock, Disturbances, Fact, bounded_text},
    hub::Hub,
    reporter::Reporter,
};

/// What was told of a network, what is wrong with it, and how its clock is set.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) params: ChainParams,
    pub(super) hub: Arc<Hub>,
    pub(super) reporter: Reporter,
    seen: Rc<RefCell<Vec<Seen>>>,
    names: Vec<String>,
    pub(super) faults: Faults,
    told: Disturbances,
    pub(super) clock: Clock,
    /// Why time does not go on any more.
    pub(super) end: Option<String>,
    /// The step that is not done yet.
    pub(super) step: Option<Step>,
    /// The trial of an attack, if the network is that of one.
    pub(super) trial: Option<AttackTrial>,
}

/// A step to the next event that is shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// The number of the last event before it.
    pub(super) begin: u64,
    /// The virtual time at which it ends in any case.
    pub(super) end: Duration,
}

impl Desk {
    /// Observes a network, and tells its first block.
    pub(super) fn new(params: ChainParams, hub: Arc<Hub>, network: &mut Network) -> Self {
        let seen = Rc::new(RefCell::new(Vec::new()));
        let queue = Rc::clone(&seen);
        network.observe(move |fact| queue.borrow_mut().push(fact.clone()));
        let reporter = Reporter::new(Arc::clone(&hub), params.clone());
        let (names, faults, told, clock, end, step, trial) = Default::default();
        let mut desk = Self { params, hub, reporter, seen, names, faults, told, clock, end, step, trial };
        if let Ok(genesis) = desk.params.genesis().clone().check(&desk.params) {
            desk.reporter.block(0, &genesis);
        }
        desk
    }

    /// Returns the number of nodes that were told.
    pub(super) const fn nodes(&self) -> usize {
        self.names.len()
    }

    /// Tells what happened since the last time, and what is wrong if that changed.
    pub(super) fn report(&mut self, network: &Network) {
        let (nodes, us) = (self.names.len(), us(network));
        let seen = mem::take(&mut *self.seen.borrow_mut());
        for seen in seen {
            self.reporter.seen(seen, network, nodes);
        }
        self.reporter.time_passed(us);
        let now = self.faults.disturbances(network, nodes);
        if now != self.told {
            for node in now.down.iter().filter(|node| !self.told.down.contains(node)) {
                self.reporter.restarted(us, *node);
            }
            self.reporter.tell(us, Fact::Network(now.clone()));
            self.told = now;
        }
    }

    /// Tells a node that joined, and that is called after its role and its number.
    pub(super) fn tell_new_node(&mut self, network: &Network, role: &str, hash_rate: u64) {
        let node = self.names.len();
        self.names.push(format!("{role} {node}"));
        self.tell_node(network, node, hash_rate);
    }

    /// Tells a node as it is now, with a set hash rate.
    pub(super) fn tell_node(&self, network: &Network, node: usize, hash_rate: u64) {
        // while it is down, its last tip stands
        let told = self.hub.look(|state| state.nodes.get(node).map(|node| (node.tip.clone(), node.height)));
        let tip = network.node(node).map(|node| node.chain().tip());
        let tip = tip.map(|tip| (tip.hash.to_string(), tip.height)).or(told);
        let (tip, height) = tip.unwrap_or_else(|| (self.params.genesis_hash().to_string(), 0));
        let name = self.names.get(node).cloned().unwrap_or_default();
        self.reporter.tell(us(network), Fact::Node { node, name, hash_rate, tip, height });
    }

    /// Sets the clock, and tells it if that is a change.
    pub(super) fn set_clock(&mut self, network: &Network, clock: Clock) {
        if clock != self.clock {
            self.clock = clock;
            self.reporter.tell(us(network), Fact::Clock(clock));
        }
    }

    /// Says something to the people at the page.
    pub(super) fn note(&self, network: &Network, text: String, level: &str) {
        self.reporter.tell(us(network), Fact::Note { text: bounded_text(text), level: level.to_owned() });
    }

    /// Lets time stand still for good. The reason says what to do.
    pub(super) fn end(&mut self, network: &Network, reason: &str) {
        self.end = Some(reason.to_owned());
        self.set_clock(network, Clock { paused: true, ..self.clock });
    }
}

/// Returns the virtual time of a network in microseconds.
pub(super) fn us(network: &Network) -> u64 {
    u64::try_from(network.now().as_micros()).unwrap_or(u64::MAX)
}
