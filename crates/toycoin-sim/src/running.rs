//! Runs a simulation from its construction to its end.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use toycoin_core::chain::Chain;
use toycoin_node::{protocol::NodeMachine, relay::RelayConfig};

use crate::{
    builder::{Drawn, Simulation},
    dice::{Dice, FAR},
    fault::{Fault, Scheduled, draw, draw_late},
    network::{DiceSet, Network, RelaySite, SimNode, queue::Queue},
    params::{GENESIS_HASHES, params},
    report::{Run, Statistics, Violation},
    store::Disk,
    topology::Topology,
    trace::Trace,
};

impl Simulation {
    /// Runs for a virtual time, and then until all honest nodes agree.
    ///
    /// # Errors
    /// If an invariant breaks; the error describes the first one.
    pub fn run_for(mut self, time: Duration) -> Result<Run, Violation> {
        if self.random_faults != Drawn::Nothing {
            let relays = self.relay_count();
            self.faults.extend(draw(&mut Dice::new(self.seed, 5), self.nodes.len(), relays, time));
            if self.random_faults == Drawn::Everything {
                self.faults.extend(draw_late(&mut Dice::new(self.seed, 8), self.nodes.len(), time));
            }
            let mut disks = Dice::new(self.seed, 6);
            for spec in self.nodes.iter_mut().filter(|_| disks.chance(1.0 / 3.0)) {
                spec.disk = Disk::Lying;
            }
        }
        self.run_until(move |network| network.now() >= time)
    }

    /// Runs until a condition holds and the last fault has ended, and then until all honest nodes agree.
    ///
    /// # Errors
    /// If an invariant breaks; the error describes the first one.
    pub fn run_until(self, done: impl Fn(&Network) -> bool) -> Result<Run, Violation> {
        let (seed, settle) = (self.seed, self.settle);
        let mut network = self.build();
        let result = run(&mut network, settle, done);
        result.map_err(|violation| Violation { seed, lines: network.trace.lines().map(str::to_owned), ..violation })?;
        Ok(Run::of(seed, network))
    }

    fn relay_count(&self) -> usize {
        match &self.topology {
            Topology::Relays(count) => *count,
            Topology::Direct(pairs) => pairs.len(),
        }
    }

    fn build(self) -> Network {
        let params = self.params.clone().unwrap_or_else(|| params(self.nodes.len(), self.spacing));
        let shares: f64 = self.nodes.iter().map(|node| node.hash_rate).sum();
        let relays_of = |node: usize| match &self.topology {
            Topology::Relays(count) => {
                let is_wanted = |relay: &usize| self.nodes[node].relays.as_ref().is_none_or(|own| own.contains(relay));
                (0..*count).filter(is_wanted).collect()
            }
            Topology::Direct(pairs) => {
                (0..).zip(pairs).filter(|(_, (one, other))| *one == node || *other == node).map(|(at, _)| at).collect()
            }
        };
        let sites = self.nodes.iter().enumerate();
        let sites = sites
            .map(|(node, spec)| {
                SimNode::new(node, spec, &params, self.link, relays_of(node), self.invariants.mempool_bytes)
            })
            .collect();
        let relay_config = RelayConfig {
            queue_deliveries: if self.boundless_relays { usize::MAX } else { self.invariants.queue_deliveries },
            ..RelayConfig::default()
        };
        let relays = (0..self.relay_count()).map(|_| RelaySite::new(&relay_config)).collect();
        let dice = |stream| Dice::new(self.seed, stream);
        let mut network = Network {
            now: Duration::ZERO,
            queue: Queue::default(),
            dice: DiceSet { links: dice(1), mining: dice(2), payments: dice(3), troubles: dice(4) },
            nodes: sites,
            relays,
            relay_config,
            wires: BTreeMap::new(),
            connections: 0,
            owners: BTreeMap::new(),
            blocked: BTreeMap::new(),
            censored: self.censored,
            faults: self.faults,
            injected: BTreeMap::new(),
            active_faults: 0,
            tactics: self.tactics,
            is_over: self.is_over,
            trace: Trace::new(self.keep_trace),
            verifier: Arc::default(),
            archive: BTreeMap::new(),
            audited: Default::default(),
            by_work: Default::default(),
            mined_at: BTreeMap::new(),
            payments: Default::default(),
            traffic: Default::default(),
            statistics: Statistics::default(),
            invariants: self.invariants,
            violation: None,
            hashes_a_share: GENESIS_HASHES / self.spacing.as_secs_f64() / shares.max(1e-9),
            requests: 0,
            params,
        };
        network.plan_faults();
        if self.payments_per_second > 0.0 {
            network.payments.mean = Duration::from_secs_f64(1.0 / self.payments_per_second);
            network.payments.until = FAR;
            network.plan_payment();
        }
        let late: Vec<_> = network.faults.iter().filter_map(late_joiner).collect();
        for (node, spec) in self.nodes.into_iter().enumerate() {
            match spec.maker {
                Some(make) => {
                    let site = &mut network.nodes[node];
                    let store = site.disk.take().unwrap_or_default();
                    let Ok(chain) = Chain::open(site.params.clone(), store) else { continue };
                    let mut config = site.config.clone();
                    config.seed = network.dice.links.bytes();
                    let chain = chain.with_verifier(network.verifier.clone());
                    let machine = NodeMachine::new(chain, config, network.moment_of(node));
                    network.nodes[node].machine = Some(make(machine));
                    network.after_start(node);
                }
                None if late.contains(&node) => {}
                None => network.start(node),
            }
        }
        network
    }
}

impl Run {
    /// Returns the result of a network at its end.
    fn of(seed: u64, network: Network) -> Self {
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
            seed,
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

fn late_joiner(scheduled: &Scheduled) -> Option<usize> {
    match scheduled.fault {
        Fault::LateJoin { node } if scheduled.from == Duration::ZERO => Some(node),
        _ => None,
    }
}

fn run(network: &mut Network, settle: Option<Duration>, done: impl Fn(&Network) -> bool) -> Result<(), Violation> {
    while network.violation.is_none() && (network.active_faults > 0 || !done(network)) {
        network.step();
    }
    network.payments.until = Duration::ZERO;
    network.is_over.set(true);
    if let Some(settle) = settle {
        let end = network.now + settle;
        let is_settled = |network: &Network| network.agrees() && network.unsettled().next().is_none();
        while network.violation.is_none() && !is_settled(network) {
            if network.now >= end {
                let heights: Vec<_> = network.chains().map(|(node, chain)| (node, chain.height())).collect();
                let lost = network.unsettled().next();
                let lost = lost.map(|(txid, paid)| {
                    let (by, at) = (paid.by, paid.at);
                    format!("payment {txid} of node {by}, made at {at:?}, is neither confirmed nor dropped")
                });
                match lost {
                    _ if !network.agrees() => {
                        network.violate("convergence", None, format!("no common tip in {settle:?}: {heights:?}"));
                    }
                    Some(what) => network.violate("payments", None, what),
                    None => {}
                }
                break;
            }
            network.step();
        }
    }
    for node in 0..network.nodes.len() {
        if network.violation.is_none() && network.nodes[node].honest {
            network.check_coins(node);
        }
    }
    match network.violation.take() {
        Some(violation) => Err(violation),
        None => Ok(()),
    }
}
