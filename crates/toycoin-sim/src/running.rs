//! Runs a simulation: from its construction, step by step or in one go.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use toycoin_core::{chain::Chain, state::Deltas};
use toycoin_node::{
    protocol::{DecodedTransactions, NodeConfig, NodeMachine},
    relay::RelayConfig,
};

use crate::{
    builder::{Drawn, Simulation},
    dice::{Dice, FAR},
    fault::{Fault, Scheduled, draw, draw_late, draw_mesh},
    genesis::Genesis,
    network::{DiceSet, Fates, MAX_GROWTH, Network, Owners, RelaySite, SimNode, WireTable, mesh::Mesh, queue::Queue},
    params::{GENESIS_HASHES, params},
    report::{Run, Statistics, Violation},
    store::Disk,
    topology::Topology,
    trace::Trace,
};

/// Most decoded transactions that the nodes of a network share, of at most 8 KiB each. A transaction comes to all nodes
/// within seconds.
const DECODED: usize = 4_096;

/// Most transactions whose changes of the UTXO hash a network remembers, 2 to 4 KiB each. About as many may wait in
/// mempools and in the next block.
const DELTAS: usize = 16_384;

impl Simulation {
    /// Runs for a virtual time, and then until all honest nodes agree.
    ///
    /// # Errors
    /// If an invariant breaks; the error describes the first one.
    pub fn run_for(mut self, time: Duration) -> Result<Run, Violation> {
        if self.random_faults != Drawn::Nothing {
            let (relays, is_mesh) = (self.topology.relays(), self.topology.degree().is_some());
            let mut dice = Dice::new(self.seed, 5);
            self.faults.extend(match is_mesh {
                true => draw_mesh(&mut dice, self.nodes.len(), time),
                false => draw(&mut dice, self.nodes.len(), relays, time),
            });
            if self.random_faults == Drawn::Everything && !is_mesh {
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
        let mut network = self.start();
        while network.violation.is_none() && (network.active_faults > 0 || !done(&network)) {
            network.step();
        }
        network.finish()
    }

    /// Builds the network at time zero, for a caller who steps through it with [`Network::run_to`], changes it meanwhile,
    /// and perhaps [observes](Network::observe) it. [`random_faults`](Self::random_faults) draws none for it, because no
    /// end is known.
    ///
    /// ```
    /// use std::time::Duration;
    /// use toycoin_sim::{Fault, Simulation};
    ///
    /// let seconds = Duration::from_secs;
    /// let mut network = Simulation::builder(42).nodes(4).start();
    /// network.run_to(seconds(10))?;
    /// let parted = network.begin(Fault::Partition { one: vec![0, 1], other: vec![2, 3], one_way: false })?;
    /// network.run_to(seconds(40))?;
    /// network.end(parted)?;
    /// let run = network.finish()?;
    /// assert!(run.converged() && run.deepest_reorg() > 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn start(mut self) -> Network {
        let wallets = self.wallets.unwrap_or(self.nodes.len());
        let params = self.params.clone().unwrap_or_else(|| params(wallets, self.spacing));
        let genesis = Arc::new(Genesis::new(&params));
        let shares: f64 = self.nodes.iter().map(|node| node.hash_rate).sum();
        let dialled = self.topology.dialled(self.nodes.len());
        let sites = self.nodes.iter().zip(dialled).enumerate();
        let sites = sites
            .map(|(node, (spec, mut relays))| {
                if let (Some(own), Topology::Relays(_)) = (&spec.relays, &self.topology) {
                    relays.retain(|relay| own.contains(relay));
                }
                SimNode::new(node, spec, (&params, &genesis), self.link, relays, self.invariants.mempool_bytes)
            })
            .collect();
        let relay_config = RelayConfig {
            queue_deliveries: if self.boundless_relays { usize::MAX } else { self.invariants.queue_deliveries },
            ..RelayConfig::default()
        };
        let mut relays: Vec<_> = (0..self.topology.relays()).map(|_| RelaySite::new(&relay_config)).collect();
        for (relay, tactic) in std::mem::take(&mut self.relay_tactics) {
            if let Some(site) = relays.get_mut(relay) {
                site.tactic = Some(tactic);
            }
        }
        let dice = |stream| Dice::new(self.seed, stream);
        let mut network = Network {
            now: Duration::ZERO,
            queue: Queue::default(),
            dice: DiceSet { links: dice(1), mining: dice(2), payments: dice(3), troubles: dice(4) },
            nodes: sites,
            relays,
            relay_config,
            wires: WireTable::default(),
            connections: 0,
            mesh: Mesh::new(self.topology.degree()),
            edges: self.topology.links(),
            owners: Owners::default(),
            blocked: BTreeMap::new(),
            eclipsed: BTreeMap::new(),
            censored: self.censored,
            planned_faults: self.faults.len(),
            faults: self.faults,
            injected: BTreeMap::new(),
            active_faults: 0,
            begun: Default::default(),
            tactics: self.tactics,
            is_over: self.is_over,
            trace: Trace::new(self.keep_trace),
            verifier: Arc::default(),
            deltas: Deltas::new(DELTAS),
            decoded: self.shares_decoded.then(|| DecodedTransactions::new(DECODED)),
            archive: BTreeMap::new(),
            audited: Default::default(),
            by_work: Default::default(),
            fates: Fates::new(self.keep_fates),
            mined_at: BTreeMap::new(),
            payments: Default::default(),
            traffic: Default::default(),
            statistics: Statistics::default(),
            invariants: self.invariants,
            violation: None,
            hashes_a_share: GENESIS_HASHES / self.spacing.as_secs_f64() / shares.max(1e-9),
            max_hash_rate: MAX_GROWTH * shares,
            finds: None,
            requests: 0,
            outside: (None, None),
            seed: self.seed,
            settle: self.settle,
            link: self.link,
            may_grow: self.topology.may_grow(),
            observer: None,
            params,
            genesis,
        };
        (0..network.nodes.len()).for_each(|node| network.place_in_mesh(node));
        network.refuse_faults_of_relays();
        network.plan_faults();
        network.plan_hash_rates();
        network.payments.payers = self.wallets;
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
                    let store = site.disk.take().map(|disk| *disk).unwrap_or_default();
                    let Ok(chain) = Chain::open(site.params.clone(), store) else { continue };
                    let mut config = NodeConfig::clone(&site.config);
                    config.seed = network.dice.links.bytes();
                    config.decoded = network.decoded.clone();
                    let chain = network.sharing(node, chain);
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

impl Network {
    /// Runs up to a virtual time, that moment included. A time in the past changes nothing.
    ///
    /// Many short calls are the same run as a single one.
    ///
    /// # Errors
    /// If an invariant breaks; the error describes the first one. The network stands still from then on.
    pub fn run_to(&mut self, time: Duration) -> Result<(), Violation> {
        while self.violation.is_none() && self.queue.next_at().is_some_and(|at| at <= time) {
            self.step();
        }
        if let Some(violation) = self.violation.clone() {
            return Err(self.with_trace(violation));
        }
        self.now = self.now.max(time);
        Ok(())
    }
}

fn late_joiner(scheduled: &Scheduled) -> Option<usize> {
    match scheduled.fault {
        Fault::LateJoin { node } if scheduled.from == Duration::ZERO => Some(node),
        _ => None,
    }
}
