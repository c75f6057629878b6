//! A node of the simulation: its machine or its disk, its links, and what the invariants know of it.

use std::{sync::Arc, time::Duration};

use toycoin_core::{ChainParams, FeeRate, Header, Wallet};
use toycoin_node::{protocol::NodeConfig, relay::ConnectionId};

use crate::{
    genesis::Genesis,
    ledger::Ledger,
    light::Notebook,
    link::Link,
    network::{LightNoted, mesh::MeshSite, pause::Pause, queue::QueueKey, search::Search},
    node_spec::{MinesWhen, NodeSpec, TieBreaking},
    participant::Participant,
    planted::Planted,
    spending::Spending,
    store::{CrashStore, Disk},
};

/// A node of the simulation. What is large and seldom looked at is boxed, so that an event at one of a thousand nodes
/// finds the rest in few cache lines.
pub(crate) struct SimNode {
    pub(crate) machine: Option<Box<dyn Participant>>,
    /// Store that a crashed node left.
    pub(crate) disk: Option<Box<CrashStore>>,
    /// The node whose address it was given, on a mesh; `None` if that is drawn.
    pub(crate) knows: Option<usize>,
    pub(crate) params: ChainParams,
    pub(crate) config: Box<NodeConfig>,
    /// Whether it is a full node that keeps the rules.
    pub(crate) honest: bool,
    /// What a light client kept at its last crash; `None` for a full node.
    pub(crate) light: Option<Box<Notebook>>,
    pub(crate) light_noted: Option<LightNoted>,
    pub(crate) planted: Option<Planted>,
    pub(crate) link: Link,
    /// Indices of the relays that the node dials.
    pub(crate) relays: Vec<usize>,
    pub(crate) wires: Vec<Option<ConnectionId>>,
    pub(crate) failures: Vec<u32>,
    /// Its part in the mesh, if the network is one.
    pub(crate) mesh: Option<Box<MeshSite>>,
    pub(crate) hash_rate: f64,
    /// Factors of the bursts that last.
    pub(crate) bursts: Vec<f64>,
    /// Factors of the hash rate, each with the time at which it begins.
    pub(crate) hash_plan: Vec<(Duration, f64)>,
    /// For which headers it searches; `None` for all.
    pub(crate) mines_when: Option<MinesWhen>,
    pub(crate) ties: TieBreaking,
    pub(crate) clock_offset_ms: i64,
    /// Effects of slow-link faults: bytes per second, and the factor of the latency.
    pub(crate) slow: Vec<(u64, u32)>,
    pub(crate) lossy: u32,
    pub(crate) careless: u32,
    pub(crate) lag_floods: u32,
    /// Series of LAGD messages that still go on, or end at their next turn.
    pub(crate) lag_series: u32,
    pub(crate) pause: Pause,
    pub(crate) started_at: Duration,
    /// Time that the node took from its start to the best tip of the honest nodes.
    pub(crate) caught_up: Option<Duration>,
    pub(crate) down: u32,
    pub(crate) wake: Option<QueueKey>,
    pub(crate) search: Option<Box<Search>>,
    pub(crate) spending: Box<Spending>,
    pub(crate) disk_kind: Disk,
    pub(crate) wallet: Box<Wallet>,
    pub(crate) ledger: Box<Ledger>,
    pub(crate) checked_at: u64,
}

impl SimNode {
    pub(crate) fn new(
        node: usize,
        spec: &NodeSpec,
        (params, genesis): (&ChainParams, &Arc<Genesis>),
        link: Link,
        relays: Vec<usize>,
        mempool_bytes: u64,
    ) -> Self {
        let own = spec.rules.clone().unwrap_or_else(|| params.clone());
        let mut config = NodeConfig::new(&own);
        config.payout = (spec.hash_rate > 0.0).then(|| crate::params::miner_key(node).public_key());
        config.extra = format!("node {node}").into_bytes();
        config.mempool_bytes = mempool_bytes;
        // this bug shows when a template is renewed
        config.lazy_templates = spec.planted != Some(Planted::RestsOften);
        config.min_fee_rate = FeeRate::grains_per_byte(spec.min_fee_rate);
        match spec.planted {
            Some(Planted::KeepsEveryPayment) => config.mempool_bytes = u64::MAX,
            Some(Planted::Forgives) => config.mute_score = u32::MAX,
            _ => {}
        }
        let mut disk =
            CrashStore::new(spec.sync_every).on(spec.disk).with_chain(genesis.store.clone(), genesis.blocks.clone());
        disk.planted = spec.planted;
        Self {
            machine: None,
            disk: Some(Box::new(disk)),
            knows: spec.knows,
            params: own,
            config: Box::new(config),
            honest: spec.honest,
            light: spec.light.then(Box::default),
            light_noted: None,
            planted: spec.planted,
            link: spec.link.unwrap_or(link),
            wires: vec![None; relays.len()],
            failures: vec![0; relays.len()],
            relays,
            mesh: None,
            hash_rate: spec.hash_rate,
            bursts: Vec::new(),
            hash_plan: spec.hash_plan.clone(),
            mines_when: spec.mines_when.clone(),
            ties: spec.ties,
            clock_offset_ms: spec.clock_offset_ms,
            slow: Vec::new(),
            lossy: 0,
            careless: 0,
            lag_floods: 0,
            lag_series: 0,
            pause: Pause::default(),
            started_at: Duration::ZERO,
            caught_up: None,
            down: 0,
            wake: None,
            search: None,
            spending: Box::new(spec.spending.clone()),
            disk_kind: spec.disk,
            wallet: Box::new(Wallet::new(params.clone(), crate::params::wallet_key(node))),
            ledger: Box::new(Ledger::new(genesis)),
            checked_at: 0,
        }
    }

    /// Returns the factor of all bursts that last.
    pub(crate) fn burst(&self) -> f64 {
        self.bursts.iter().product()
    }

    /// Returns its hash rate for a header at a virtual time, bursts and plan included.
    pub(crate) fn rate_for(&self, header: &Header, now: Duration) -> f64 {
        let planned = self.hash_plan.iter().rev().find(|(from, _)| *from <= now).map_or(1.0, |(_, factor)| *factor);
        let searches = self.mines_when.as_ref().is_none_or(|when| when(header));
        if searches { self.hash_rate * self.burst() * planned } else { 0.0 }
    }

    /// Returns whether it is a light client.
    pub(crate) const fn is_light(&self) -> bool {
        self.light.is_some()
    }

    /// Returns whether it is an adversary: neither an honest full node nor a light client.
    pub(crate) const fn is_adversary(&self) -> bool {
        !self.honest && !self.is_light()
    }
}
