//! What a caller changes in a network while it runs.

use std::{mem, ops::RangeInclusive, time::Duration};

use toycoin_core::{
    Address, Amount, BuildError, FeeRate, Transaction, Txid,
    wallet::{PaymentStatus, Wallet},
};
use toycoin_node::protocol::{Input, Request, RequestId, Response, SubmitError};

use crate::{
    dice::FAR,
    fault::{Fault, FaultKind, Scheduled},
    link::Link,
    network::{ControlError, Network, SimNode},
    node_spec::NodeSpec,
};

/// Greatest factor by which a link's latency grows.
const MAX_LATENCY_FACTOR: u32 = 1_000;

/// Most faults that make the links of one node slow at the same time.
const MAX_SLOW: usize = 4;

/// Factors by which bursts change a hash rate, one alone and all at once.
const BURSTS: RangeInclusive<f64> = 0.001..=1_000.0;

/// Most by which the hash rates of all nodes together exceed those at the start. The difficulty follows them, and each
/// nonce is really searched for: this bound asks for about 256,000 hashes per block.
pub(crate) const MAX_GROWTH: f64 = 1_000.0;

/// Most milliseconds by which a clock is off: a year.
const MAX_SKEW_MS: u64 = 365 * 86_400_000;

/// A fault that [`Network::begin`] began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FaultId(usize);

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
    /// All hash rates together, multiplied by their bursts, are at most 1,000 times those at the start.
    ///
    /// While no node has a hash rate, no payment is confirmed and equal branches stay; [`finish`](Self::finish) accepts
    /// both then.
    ///
    /// # Errors
    /// When there is no such node, it was built with the rate 0, or the rate is too high.
    pub fn set_hash_rate(&mut self, node: usize, rate: u32) -> Result<(), ControlError> {
        self.check_node(node)?;
        if self.nodes[node].config.payout.is_none() && rate > 0 {
            return Err(ControlError::NoPayout { node });
        }
        let rate = f64::from(rate);
        if rate > self.nodes[node].hash_rate {
            self.check_growth((rate - self.nodes[node].hash_rate) * self.greatest_burst(node))?;
        }
        // the time without a hash rate is no pause
        self.forget_pause(node);
        self.nodes[node].hash_rate = rate;
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
    /// After a payment was refused or evicted, the same one again is the same transaction and is submitted anew.
    ///
    /// # Errors
    /// When there is no such node, the payer is down, its wallet lacks free coins, or its node refuses the payment.
    pub fn pay(&mut self, from: usize, to: usize, amount: Amount, rate: FeeRate) -> Result<Txid, ControlError> {
        self.pay_somehow(from, to, |wallet, to| wallet.pay(to, amount, rate))
    }

    /// Makes the wallet of one node pay that of another as [`pay`](Self::pay) does, with this fee in place of a fee
    /// rate.
    ///
    /// # Errors
    /// As [`pay`](Self::pay).
    pub fn pay_with_fee(&mut self, from: usize, to: usize, amount: Amount, fee: Amount) -> Result<Txid, ControlError> {
        self.pay_somehow(from, to, |wallet, to| wallet.pay_with_fee(to, amount, fee))
    }

    /// Submits a caller's transaction to a node, which takes it as one of its own. No wallet of the network tracks it, and
    /// no invariant asks for its confirmation.
    ///
    /// # Errors
    /// When there is no such node, or it is down. The inner error says why the node refuses the transaction.
    pub fn submit_transaction(
        &mut self,
        node: usize,
        transaction: Transaction,
    ) -> Result<Result<Txid, SubmitError>, ControlError> {
        self.check_node(node)?;
        self.requests += 1;
        let id = RequestId(self.requests);
        self.outside = (Some(id), None);
        self.node_input(node, Input::Request { id, request: Request::Submit(transaction) });
        match mem::take(&mut self.outside) {
            (_, Some(Response::Submitted(submitted))) => Ok(submitted),
            _ => Err(ControlError::CannotPay { node }),
        }
    }

    fn pay_somehow(
        &mut self,
        from: usize,
        to: usize,
        pay: impl FnOnce(&mut Wallet, Address) -> Result<Transaction, BuildError>,
    ) -> Result<Txid, ControlError> {
        self.check_node(from)?;
        self.check_node(to)?;
        if !self.nodes[from].honest || self.nodes[from].machine.is_none() {
            return Err(ControlError::CannotPay { node: from });
        }
        let to = self.nodes[to].wallet.address();
        let refused = |error: BuildError| ControlError::Refused { reason: error.to_string() };
        let payment = pay(&mut self.nodes[from].wallet, to).map_err(refused)?;
        self.submit_payment(from, &payment);
        let txid = payment.txid();
        // the wallet has its node's answer; the record in `payments` may be an earlier one's
        match self.nodes[from].wallet.payment(&txid).map(|payment| &payment.status) {
            Some(PaymentStatus::Rejected { reason }) => Err(ControlError::Refused { reason: reason.clone() }),
            _ => Ok(txid),
        }
    }

    /// Adds an honest node with an empty chain and the network's usual links, and returns its index. Its wallet is
    /// empty too: genesis has no coins for it.
    ///
    /// # Errors
    /// When nodes are linked in pairs ([`Topology::Direct`](crate::Topology::Direct)), or all hash rates together would
    /// be too high, as for [`set_hash_rate`](Self::set_hash_rate).
    pub fn add_node(&mut self, hash_rate: u32) -> Result<usize, ControlError> {
        if !self.may_grow {
            return Err(ControlError::NoRelays);
        }
        if hash_rate > 0 {
            self.check_growth(f64::from(hash_rate))?;
        }
        let node = self.nodes.len();
        let spec = NodeSpec { hash_rate: f64::from(hash_rate), ..NodeSpec::default() };
        let relays = (0..self.relays.len()).collect();
        let site =
            SimNode::new(node, &spec, (&self.params, &self.genesis), self.link, relays, self.invariants.mempool_bytes);
        self.nodes.push(site);
        self.place_in_mesh(node);
        self.start(node);
        Ok(node)
    }

    /// Ends a run of a mesh before it begins if something that needs a relay was asked of it.
    pub(crate) fn refuse_faults_of_relays(&mut self) {
        if self.mesh.degree.is_none() {
            return;
        }
        let unfit = self.faults.iter().find_map(|scheduled| self.check_kind(scheduled.fault.kind()).err());
        let unfit = unfit.map(|error| error.to_string());
        let censor = self.censored.map(|_| "relays censor transactions, and a mesh has none".to_owned());
        if let Some(what) = unfit.or(censor) {
            self.violate("topology", None, what);
        }
    }

    /// Checks that this network has what a kind of fault is about.
    fn check_kind(&self, kind: FaultKind) -> Result<(), ControlError> {
        let is_unfit = self.mesh.degree.is_some() && kind.needs_relays();
        if is_unfit { Err(ControlError::NeedsRelays { kind }) } else { Ok(()) }
    }

    fn check_fault(&self, fault: &Fault) -> Result<(), ControlError> {
        self.check_kind(fault.kind())?;
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
                let is_fit = BURSTS.contains(factor) && BURSTS.contains(&(self.nodes[*node].burst() * factor));
                let reason = "bursts multiply a hash rate by 0.001 to 1,000 in all";
                is_fit.then_some(()).ok_or(ControlError::Unfit { reason })?;
                let rate = self.nodes[*node].hash_rate;
                if *factor > 1.0 && rate > 0.0 {
                    self.check_growth(rate * self.greatest_burst(*node) * (factor - 1.0))?;
                }
                Ok(())
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

    /// Checks that all hash rates together may grow by `more`.
    fn check_growth(&self, more: f64) -> Result<(), ControlError> {
        let rates = self.nodes.iter().enumerate().filter(|(_, site)| site.hash_rate > 0.0);
        let all: f64 = rates.map(|(node, site)| site.hash_rate * self.greatest_burst(node)).sum();
        let reason = "all hash rates together, with their bursts, are at most 1,000 times those at the start";
        if all + more <= self.max_hash_rate { Ok(()) } else { Err(ControlError::Unfit { reason }) }
    }

    /// Returns the greatest factor by which bursts that last or are planned will multiply a node's hash rate, at least
    /// 1. It counts no factor below 1, because such a fault may end first.
    fn greatest_burst(&self, node: usize) -> f64 {
        let bursts = self.faults.iter().filter_map(|scheduled| match scheduled.fault {
            Fault::HashBurst { node: of, factor } if of == node => Some((scheduled.from..scheduled.until, factor)),
            _ => None,
        });
        let bursts: Vec<_> = bursts.filter(|(during, factor)| during.end > self.now && *factor > 1.0).collect();
        let all_at = |time: Duration| -> f64 {
            bursts.iter().filter(|(during, _)| during.contains(&time)).map(|(_, factor)| factor).product()
        };
        bursts.iter().map(|(during, _)| all_at(during.start.max(self.now))).fold(1.0, f64::max)
    }

    fn check_node(&self, node: usize) -> Result<(), ControlError> {
        let nodes = self.nodes.len();
        if node < nodes { Ok(()) } else { Err(ControlError::NoSuchNode { node, nodes }) }
    }
}
