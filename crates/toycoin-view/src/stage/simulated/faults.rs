//! The faults that a teacher began: partition, stopped nodes, and all others by their numbers.

use std::collections::BTreeMap;

use toycoin_sim::{Fault, FaultId, Network};

use crate::{
    command::{FaultSpec, Refusal},
    event::{Disturbances, LastingFault},
    stage::groups::whole,
};

/// Most faults at the same time, besides the partition and the stopped nodes.
const FAULTS: usize = 64;

/// Faults that last.
#[derive(Debug, Default)]
pub(super) struct Faults {
    groups: Vec<Vec<usize>>,
    /// One fault fewer than groups: each parts one group from all that come after it.
    parts: Vec<FaultId>,
    stopped: BTreeMap<usize, FaultId>,
    others: BTreeMap<u64, (FaultId, LastingFault)>,
    last: u64,
}

impl Faults {
    /// Parts the network, in place of an earlier partition.
    pub(super) fn part(&mut self, groups: Vec<Vec<usize>>, network: &mut Network, nodes: usize) -> Result<(), Refusal> {
        let groups = whole(groups, nodes)?;
        self.heal(network)?;
        for (index, one) in groups.iter().enumerate() {
            let other: Vec<_> = groups.iter().skip(index + 1).flatten().copied().collect();
            if !other.is_empty() {
                self.parts.push(network.begin(Fault::Partition { one: one.clone(), other, one_way: false })?);
            }
        }
        self.groups = groups;
        Ok(())
    }

    /// Puts a node that has joined into the last group of the partition, if there is one.
    pub(super) fn joined(&mut self, node: usize, network: &mut Network) -> Result<(), Refusal> {
        let mut groups = self.groups.clone();
        match groups.last_mut() {
            Some(last) => last.push(node),
            None => return Ok(()),
        }
        self.part(groups, network, node + 1)
    }

    /// Ends the partition, if there is one.
    pub(super) fn heal(&mut self, network: &mut Network) -> Result<(), Refusal> {
        self.groups.clear();
        for fault in self.parts.drain(..) {
            network.end(fault)?;
        }
        Ok(())
    }

    /// Takes a node down.
    pub(super) fn stop(&mut self, node: usize, network: &mut Network) -> Result<(), Refusal> {
        if self.stopped.contains_key(&node) {
            return Err(Refusal::Cannot(format!("node {node} is stopped already; start it first")));
        }
        let fault = network.begin(Fault::Crash { node, lose_tail: false })?;
        self.stopped.insert(node, fault);
        Ok(())
    }

    /// Starts a node that was stopped.
    pub(super) fn start(&mut self, node: usize, network: &mut Network) -> Result<(), Refusal> {
        let stopped = self.stopped.remove(&node);
        let fault = stopped.ok_or_else(|| Refusal::Cannot(format!("node {node} is not stopped; nothing to start")))?;
        Ok(network.end(fault)?)
    }

    /// Begins another fault, and returns its number.
    pub(super) fn begin(&mut self, spec: &FaultSpec, network: &mut Network) -> Result<u64, Refusal> {
        if self.others.len() == FAULTS {
            return Err(Refusal::Cannot("64 faults last already; end some of them first".to_owned()));
        }
        let (fault, kind, node) = fault(spec);
        let begun = network.begin(fault)?;
        self.last += 1;
        let lasting = LastingFault { id: self.last, kind: kind.to_owned(), node };
        self.others.insert(self.last, (begun, lasting));
        Ok(self.last)
    }

    /// Ends a fault.
    pub(super) fn end(&mut self, id: u64, network: &mut Network) -> Result<(), Refusal> {
        let (fault, _) = self.others.remove(&id).ok_or(Refusal::NoSuchFault { id })?;
        Ok(network.end(fault)?)
    }

    /// Returns what is wrong at the moment.
    pub(super) fn disturbances(&self, network: &Network, nodes: usize) -> Disturbances {
        Disturbances {
            groups: self.groups.clone(),
            down: (0..nodes).filter(|node| network.node(*node).is_none()).collect(),
            faults: self.others.values().map(|(_, lasting)| lasting.clone()).collect(),
        }
    }
}

fn fault(spec: &FaultSpec) -> (Fault, &'static str, Option<usize>) {
    match *spec {
        FaultSpec::SlowLink { node, bandwidth, latency } => {
            (Fault::SlowLink { node, bandwidth, latency }, "SlowLink", Some(node))
        }
        FaultSpec::LossyLink { node } => (Fault::LossyLink { node }, "LossyLink", Some(node)),
        FaultSpec::CarelessRelay { node } => (Fault::CarelessRelay { node }, "CarelessRelay", Some(node)),
        FaultSpec::ClockSkew { node, offset_ms } => (Fault::ClockSkew { node, offset_ms }, "ClockSkew", Some(node)),
        FaultSpec::HashBurst { node, factor } => (Fault::HashBurst { node, factor }, "HashBurst", Some(node)),
        FaultSpec::Crash { node, lose_tail } => (Fault::Crash { node, lose_tail }, "Crash", Some(node)),
        FaultSpec::Eclipse { node } => (Fault::Eclipse { node }, "Eclipse", Some(node)),
        FaultSpec::RelayRestart { relay } => (Fault::RelayRestart { relay }, "RelayRestart", None),
    }
}
