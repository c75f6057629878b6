//! What a caller changes in a network while it runs.

use std::ops::RangeInclusive;

use thiserror::Error;
use toycoin_core::{Amount, FeeRate, Txid};

use crate::{
    dice::FAR,
    fault::{Fault, Scheduled},
    link::Link,
    network::{Network, SimNode},
    node_spec::NodeSpec,
};

/// Greatest factor by which a link's latency grows.
const MAX_LATENCY_FACTOR: u32 = 1_000;

/// Most faults that make the links of one node slow at the same time.
const MAX_SLOW: usize = 4;

/// Factors by which bursts change a hash rate, one alone and all at once.
const BURSTS: RangeInclusive<f64> = 0.001..=1_000.0;

/// Most milliseconds by which a clock is off: a year.
const MAX_SKEW_MS: u64 = 365 * 86_400_000;

/// A fault that [`Network::begin`] began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FaultId(usize);

/// The reason why a network cannot be changed as asked. It is unchanged then.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ControlError {
    /// There is no such node.
    #[error("there is no node {node}: the network has {nodes}, and the first is node 0")]
    NoSuchNode {
        /// The node.
        node: usize,
        /// The number of nodes.
        nodes: usize,
    },
    /// There is no such relay.
    #[error("there is no relay {relay}: the network has {relays}, and the first is relay 0")]
    NoSuchRelay {
        /// The relay.
        relay: usize,
        /// The number of relays.
        relays: usize,
    },
    /// The fault cannot begin while the network runs, or is no fault.
    #[error("this fault cannot begin now: {reason}")]
    Unfit {
        /// The reason.
        reason: &'static str,
    },
    /// The fault has ended already.
    #[error("this fault has ended already")]
    AlreadyEnded,
    /// The node was built with the hash rate 0, so it has no payout and cannot mine.
    #[error("node {node} was built with the hash rate 0 and cannot mine")]
    NoPayout {
        /// The node.
        node: usize,
    },
    /// The nodes of this network are linked in pairs, and a new node has no partner.
    #[error("a node can be added where nodes meet on relays, and not to direct links")]
    NoRelays,
    /// The node is down, or is no honest node with a wallet.
    #[error("node {node} cannot pay: it is down, or an adversary")]
    CannotPay {
        /// The node.
        node: usize,
    },
    /// The wallet makes no such payment, or its node refuses it.
    #[error("the payment is refused: {reason}")]
    Refused {
        /// The reason.
        reason: String,
    },
}

impl Network {
    /// Begins a fault, which lasts until [`end`](Self::end).
    ///
    /// # Errors
    /// When it names a node or a relay that there is not, or cannot begin while the network runs.
    pub fn begin(&mut self, fault: Fault) -> Result<FaultId, ControlError> {
        self.check_fault(&fault)?;
        let id = self.faults.len();
        self.faults.push(Scheduled { from: self.now, until: FAR, fault });
        self.active_faults += 1;
        self.begun.insert(id);
        self.begin_fault(id);
        Ok(FaultId(id))
    }

    /// Ends a fault.
    ///
    /// # Errors
    /// When it has ended already.
    pub fn end(&mut self, fault: FaultId) -> Result<(), ControlError> {
        if !self.begun.remove(&fault.0) {
            return Err(ControlError::AlreadyEnded);
        }
        self.faults[fault.0].until = self.now;
        self.end_fault(fault.0);
        Ok(())
    }

    /// Ends the faults that [`begin`](Self::begin) began.
    pub(crate) fn end_all(&mut self) {
        while let Some(id) = self.begun.pop_first() {
            self.faults[id].until = self.now;
            self.end_fault(id);
        }
    }

    /// Sets a node's hash rate, a share as in [`hash_rates`](crate::Simulation::hash_rates); 0 stops its search.
    ///
    /// # Errors
    /// When there is no such node, or it was built with the rate 0.
    pub fn set_hash_rate(&mut self, node: usize, rate: u32) -> Result<(), ControlError> {
        self.check_node(node)?;
        if self.nodes[node].config.payout.is_none() && rate > 0 {
            return Err(ControlError::NoPayout { node });
        }
        // the time without a hash rate is no pause
        self.forget_pause(node);
        self.nodes[node].hash_rate = f64::from(rate);
        self.search_again(node);
        Ok(())
    }

    /// Sets the properties of a node's links, for what is sent from now on.
    ///
    /// # Errors
    /// When there is no such node.
    pub fn set_link(&mut self, node: usize, link: Link) -> Result<(), ControlError> {
        self.check_node(node)?;
        self.nodes[node].link = link;
        Ok(())
    }

    /// Makes the wallet of one node pay that of another, and returns the payment's id.
    ///
    /// # Errors
    /// When there is no such node, the payer is down, its wallet lacks free coins, or its node refuses the payment.
    pub fn pay(&mut self, from: usize, to: usize, amount: Amount, rate: FeeRate) -> Result<Txid, ControlError> {
        self.check_node(from)?;
        self.check_node(to)?;
        if !self.nodes[from].honest || self.nodes[from].machine.is_none() {
            return Err(ControlError::CannotPay { node: from });
        }
        let to = self.nodes[to].wallet.address();
        let payment = self.pay_to(from, to, amount, rate).map_err(|error| {
            let reason = error.to_string();
            ControlError::Refused { reason }
        })?;
        let txid = payment.txid();
        if self.payments.all.get(&txid).is_some_and(|paid| paid.accepted) {
            return Ok(txid);
        }
        Err(ControlError::Refused { reason: "its node does not take it".into() })
    }

    /// Adds an honest node with an empty chain and the network's usual links, and returns its index. Its wallet is
    /// empty too: genesis has no coins for it.
    ///
    /// # Errors
    /// When nodes are linked in pairs ([`Topology::Direct`](crate::Topology::Direct)).
    pub fn add_node(&mut self, hash_rate: u32) -> Result<usize, ControlError> {
        if !self.has_meeting_relays {
            return Err(ControlError::NoRelays);
        }
        let node = self.nodes.len();
        let spec = NodeSpec { hash_rate: f64::from(hash_rate), ..NodeSpec::default() };
        let relays = (0..self.relays.len()).collect();
        let site = SimNode::new(node, &spec, &self.params, self.link, relays, self.invariants.mempool_bytes);
        self.nodes.push(site);
        self.start(node);
        Ok(node)
    }

    fn check_fault(&self, fault: &Fault) -> Result<(), ControlError> {
        match fault {
            Fault::Partition { one, other, .. } => one.iter().chain(other).try_for_each(|node| self.check_node(*node)),
            Fault::LateJoin { .. } => Err(ControlError::Unfit { reason: "the node has joined" }),
            Fault::RelayRestart { relay } if *relay >= self.relays.len() => {
                Err(ControlError::NoSuchRelay { relay: *relay, relays: self.relays.len() })
            }
            Fault::RelayRestart { .. } => Ok(()),
            Fault::HashBurst { node, factor } => {
                self.check_node(*node)?;
                // at a boundless rate, blocks would be found without end in no time
                let is_fit = BURSTS.contains(factor) && BURSTS.contains(&(self.nodes[*node].burst * factor));
                let reason = "bursts multiply a hash rate by 0.001 to 1,000 in all";
                is_fit.then_some(()).ok_or(ControlError::Unfit { reason })
            }
            Fault::SlowLink { node, bandwidth, latency } => {
                self.check_node(*node)?;
                let is_fit =
                    *bandwidth > 0 && *latency <= MAX_LATENCY_FACTOR && self.nodes[*node].slow.len() < MAX_SLOW;
                let reason = "a link has some bandwidth, is at most 1,000 times slower, and that four times at once";
                is_fit.then_some(()).ok_or(ControlError::Unfit { reason })
            }
            Fault::ClockSkew { node, offset_ms } => {
                self.check_node(*node)?;
                let is_fit = offset_ms.unsigned_abs() <= MAX_SKEW_MS;
                is_fit.then_some(()).ok_or(ControlError::Unfit { reason: "a clock is off by at most a year" })
            }
            Fault::Crash { node, .. }
            | Fault::LossyLink { node }
            | Fault::CarelessRelay { node }
            | Fault::Eclipse { node }
            | Fault::LagFlood { node } => self.check_node(*node),
        }
    }

    fn check_node(&self, node: usize) -> Result<(), ControlError> {
        let nodes = self.nodes.len();
        if node < nodes { Ok(()) } else { Err(ControlError::NoSuchNode { node, nodes }) }
    }
}
