//! The part of the builder that concerns single nodes: their number, links, rules, wallets and tactics.

use std::{rc::Rc, time::Duration};

use toycoin_core::{ChainParams, Header};
use toycoin_node::protocol::NodeMachine;

use crate::{
    adversary::{Mixed, Tactic, Tampering},
    builder::Simulation,
    dice::Dice,
    link::Link,
    node_spec::{NodeSpec, TieBreaking},
    participant::Participant,
    spending::{Spending, SpendingPattern},
    store::{CrashStore, Disk},
};

impl Simulation {
    /// Sets the number of nodes; their indices start at 0.
    #[must_use]
    pub fn nodes(mut self, count: usize) -> Self {
        let lights = self.nodes.extract_if(.., |spec| spec.light).count();
        self.nodes.resize_with(count, NodeSpec::default);
        self.light_clients(lights)
    }

    /// Adds light clients, whose indices follow those of the nodes: methods that take a node's index take theirs too.
    /// Each watches the key of its own wallet, to which others pay. On a mesh they dial, and nobody dials them.
    #[must_use]
    pub fn light_clients(mut self, count: usize) -> Self {
        self.nodes.extend(std::iter::repeat_with(NodeSpec::light).take(count));
        self
    }

    /// Sets the hash rate of each node, starting with node 0.
    ///
    /// Hash rates are shares: all nodes together find one block per spacing at genesis difficulty. A node with the rate
    /// 0 does not mine.
    #[must_use]
    pub fn hash_rates(mut self, rates: impl IntoIterator<Item = u32>) -> Self {
        for (node, rate) in self.nodes.iter_mut().filter(|spec| !spec.light).zip(rates) {
            node.hash_rate = f64::from(rate);
        }
        self
    }

    /// Multiplies a node's hash rate by factors, each from its virtual time until the next one.
    #[must_use]
    pub fn hash_plan(self, node: usize, plan: impl IntoIterator<Item = (Duration, f64)>) -> Self {
        let plan = plan.into_iter().collect();
        self.change(node, |spec| spec.hash_plan = plan)
    }

    /// Makes a node search only for blocks whose header fulfils a condition, such as an easy target. It asks for each
    /// new template.
    #[must_use]
    pub fn mines_when(self, node: usize, when: impl Fn(&Header) -> bool + 'static) -> Self {
        self.change(node, |spec| spec.mines_when = Some(Rc::new(when)))
    }

    /// Sets the properties of one node's links.
    #[must_use]
    pub fn link_of(self, node: usize, link: Link) -> Self {
        self.change(node, |spec| spec.link = Some(link))
    }

    /// Limits a node to these relays of [`Topology::Relays`](crate::Topology::Relays); it dials no other.
    #[must_use]
    pub fn relays_of(self, node: usize, relays: impl IntoIterator<Item = usize>) -> Self {
        let relays = relays.into_iter().collect();
        self.change(node, |spec| spec.relays = Some(relays))
    }

    /// Gives a node the address of an earlier one on [`Topology::Mesh`](crate::Topology::Mesh), instead of one that is
    /// drawn.
    #[must_use]
    pub fn knows(self, node: usize, earlier: usize) -> Self {
        self.change(node, |spec| spec.knows = Some(earlier))
    }

    /// Sets by how many milliseconds a node's clock is ahead, for the whole run; a negative number means behind.
    #[must_use]
    pub fn clock_offset(self, node: usize, offset_ms: i64) -> Self {
        self.change(node, |spec| spec.clock_offset_ms = offset_ms)
    }

    /// Sets after how many commits a node's store syncs although the node did not ask for it; the default is 4.
    #[must_use]
    pub fn sync_every(self, node: usize, commits: u32) -> Self {
        self.change(node, |spec| spec.sync_every = commits)
    }

    /// Sets what a node's disk does when the store asks it to sync.
    #[must_use]
    pub fn disk(self, node: usize, disk: Disk) -> Self {
        self.change(node, |spec| spec.disk = disk)
    }

    /// Sets how a node's wallet spends.
    #[must_use]
    pub fn spending(self, node: usize, spending: Spending) -> Self {
        self.change(node, |spec| spec.spending = spending)
    }

    /// Makes a node draw lots between branches of equal work, each with probability 1/2, instead of keeping the one
    /// that it saw first. The seed draws its secret.
    #[must_use]
    pub fn random_ties(self, node: usize) -> Self {
        let secret = Dice::new(self.seed, 4_000 + node as u64).below(u64::MAX);
        self.change(node, |spec| spec.ties = TieBreaking::Lots(secret))
    }

    /// Makes a node choose, between branches of equal work, the one that leaves more fees, as petty compliant miners
    /// do. It keeps its own blocks.
    #[must_use]
    pub fn richer_ties(self, node: usize) -> Self {
        self.change(node, |spec| spec.ties = TieBreaking::Richer)
    }

    /// Makes a node validate by other rules, such as a sandbox's; its genesis must be the network's.
    #[must_use]
    pub fn rules_of(self, node: usize, rules: ChainParams) -> Self {
        self.change(node, |spec| spec.rules = Some(rules))
    }

    /// Breaks one behaviour of a node.
    #[cfg(feature = "test-util")]
    #[must_use]
    pub fn planted(self, node: usize, bug: crate::Planted) -> Self {
        self.change(node, |spec| spec.planted = Some(bug))
    }

    /// Makes a node an adversary: an honest machine whose messages a tactic tampers with.
    #[must_use]
    pub fn adversary(self, node: usize, tactic: impl Tactic + 'static) -> Self {
        self.tampered(node, false, tactic)
    }

    /// Same as [`adversary`](Self::adversary), but the invariants treat the node as honest. This plants a bug in a
    /// node.
    #[cfg(feature = "test-util")]
    #[must_use]
    pub fn buggy(self, node: usize, tactic: impl Tactic + 'static) -> Self {
        self.tampered(node, true, tactic)
    }

    /// Makes the last `count` nodes adversaries, each with a tactic drawn from the seed.
    ///
    /// Floods that exceed a link's bandwidth end with the run, before all honest nodes must agree.
    #[must_use]
    pub fn random_adversaries(self, count: usize) -> Self {
        self.drawn_adversaries(count, 2_000, Mixed::draw)
    }

    /// Same as [`random_adversaries`](Self::random_adversaries), but draws only tactics that existed when the first
    /// regressions were recorded.
    #[cfg(feature = "test-util")]
    #[must_use]
    pub fn early_adversaries(self, count: usize) -> Self {
        self.drawn_adversaries(count, 1_000, Mixed::draw_early)
    }

    fn drawn_adversaries(self, count: usize, stream: u64, draw: fn(usize, &mut Dice) -> Mixed) -> Self {
        let (seed, nodes) = (self.seed, self.nodes.iter().filter(|spec| !spec.light).count());
        (nodes.saturating_sub(count)..nodes).fold(self, |mut simulation, node| {
            let tactic = draw(node, &mut Dice::new(seed, stream + node as u64));
            *simulation.tactics.entry(tactic.name()).or_default() += 1;
            let is_over = Rc::clone(&simulation.is_over);
            simulation.adversary(node, tactic.until(is_over))
        })
    }

    /// Replaces a node with any participant; `make` builds it from the honest machine of that node.
    #[must_use]
    pub fn participant<P: Participant + 'static>(
        self,
        node: usize,
        make: impl FnOnce(NodeMachine<CrashStore>) -> P + 'static,
    ) -> Self {
        self.change(node, |spec| {
            spec.honest = false;
            spec.maker = Some(Box::new(|machine| Box::new(make(machine))));
        })
    }

    fn tampered(self, node: usize, honest: bool, tactic: impl Tactic + 'static) -> Self {
        let seed = self.seed;
        let mut simulation = self.participant(node, move |machine| {
            Tampering::new(node, machine, Box::new(tactic), Dice::new(seed, 100 + node as u64))
        });
        if let Some(spec) = simulation.nodes.get_mut(node) {
            spec.honest = honest;
        }
        simulation
    }

    /// Draws each wallet's spending pattern from the seed. More than half of the wallets make single payments.
    #[must_use]
    pub fn random_spending(mut self) -> Self {
        let mut dice = Dice::new(self.seed, 7);
        for spec in &mut self.nodes {
            spec.spending = Spending::random(&mut dice);
        }
        self
    }

    /// Sets the lowest fee rate that a node's mempool accepts, in grains per byte; the default is 0.
    #[must_use]
    pub fn min_fee_rate(self, node: usize, grains_per_byte: u64) -> Self {
        self.change(node, |spec| spec.min_fee_rate = grains_per_byte)
    }

    /// Draws policies from the seed: each node's lowest fee rate, and the length of the relays' queues. A few wallets
    /// double spend many coins or make large blocks.
    #[must_use]
    pub fn random_policies(mut self) -> Self {
        let mut dice = Dice::new(self.seed, 9);
        for spec in &mut self.nodes {
            spec.min_fee_rate = if dice.chance(0.5) { 0 } else { 1 + dice.below(3) };
            match dice.below(12) {
                0 => spec.spending.pattern = SpendingPattern::Halves(2 + dice.index(20)),
                1 => {
                    spec.spending =
                        Spending { grains: 1_000..=1_000, pattern: SpendingPattern::Wide(400), fee_rates: 0..=3 }
                }
                _ => {}
            }
        }
        if dice.chance(0.2) {
            self.invariants.queue_deliveries = 8 << dice.below(4);
        }
        self
    }

    /// Draws each node's links from the seed: most span a continent, others are far, uneven, lossy or narrow.
    #[must_use]
    pub fn random_links(mut self) -> Self {
        let mut dice = Dice::new(self.seed, 10);
        for spec in &mut self.nodes {
            spec.link = Some(Link::random(&mut dice));
        }
        self
    }

    fn change(mut self, node: usize, change: impl FnOnce(&mut NodeSpec)) -> Self {
        if let Some(spec) = self.nodes.get_mut(node) {
            change(spec);
        }
        self
    }
}
