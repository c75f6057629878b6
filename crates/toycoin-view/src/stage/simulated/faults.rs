//! The faults that a teacher began: partition, stopped nodes, and all others by their numbers.

use std::collections::BTreeMap;

use toycoin_sim::{Fault, FaultId, Network};

use crate::{
    command::{FaultSpec, Refusal},
    event::{Disturbances, LastingFault},
    limits::GROUPS,
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

/// Checks groups, and makes the nodes that are in none one more.
pub(crate) fn whole(mut groups: Vec<Vec<usize>>, nodes: usize) -> Result<Vec<Vec<usize>>, Refusal> {
    if groups.len() > GROUPS {
        return Err(Refusal::Unfit(format!("{} groups: at most {GROUPS} are possible", groups.len())));
    }
    let mut is_named = vec![false; nodes];
    for node in groups.iter().flatten() {
        match is_named.get_mut(*node) {
            None => return Err(Refusal::Unfit(format!("there is no node {node}: the network has {nodes}"))),
            Some(true) => return Err(Refusal::Unfit(format!("node {node} is named twice; name each node once"))),
            Some(named) => *named = true,
        }
    }
    let rest: Vec<_> = (0..nodes).filter(|node| is_named.get(*node) == Some(&false)).collect();
    groups.push(rest);
    groups.retain(|group| !group.is_empty());
    if groups.len() < 2 {
        return Err(Refusal::Unfit("a partition needs two groups; leave some nodes out of the first".to_owned()));
    }
    Ok(groups)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unnamed_nodes_form_one_more_group() {
        assert_eq!(whole(vec![vec![0, 2]], 4), Ok(vec![vec![0, 2], vec![1, 3]]));
        assert_eq!(whole(vec![vec![0], vec![], vec![1]], 2), Ok(vec![vec![0], vec![1]]));
    }

    #[test]
    fn groups_that_make_no_partition_are_refused() {
        for groups in
            [vec![], vec![vec![0, 1]], vec![vec![0, 0]], vec![vec![0], vec![0]], vec![vec![2]], vec![vec![]; 33]]
        {
            assert!(matches!(whole(groups.clone(), 2), Err(Refusal::Unfit(_))), "{groups:?}");
        }
    }
}
