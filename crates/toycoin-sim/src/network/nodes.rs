//! The inputs and outputs of nodes: start, messages, requests, events.

use std::{sync::Arc, time::Duration};

use toycoin_core::{Rule, chain::Chain};
use toycoin_node::{
    machine::Monotonic,
    protocol::{Event, Input, NodeConfig, NodeMachine, Output},
};

use crate::{
    network::{Fact, Happening, Network},
    node_spec::TieBreaking,
    params::miner_key,
    planted::Planted,
    store::CrashStore,
    verifier::MemoVerifier,
};

impl Network {
    /// Starts a node with an empty store, or with what its disk holds.
    pub(crate) fn start(&mut self, node: usize) {
        if self.nodes[node].is_light() {
            return self.start_light(node);
        }
        let site = &mut self.nodes[node];
        let store = site.disk.take().map(|disk| *disk).unwrap_or_default();
        let Ok(chain) = Chain::open(site.params.clone(), store) else {
            return self.violate("crash", Some(node), "the store does not open after a crash".into());
        };
        let mut config = NodeConfig::clone(&site.config);
        config.seed = self.dice.links.bytes();
        config.decoded = self.decoded.clone();
        let now = self.moment_of(node);
        // some nodes write their reorganisations to the store in stages, which must change no decision
        let chain = if node % 3 == 1 { chain.with_stage_bytes(0) } else { chain };
        let chain = match self.nodes[node].ties {
            TieBreaking::FirstSeen => chain,
            TieBreaking::Lots(secret) => chain.with_random_ties(secret),
            TieBreaking::Richer => chain.with_richer_ties(miner_key(node).public_key()),
        };
        let machine = NodeMachine::new(self.sharing(node, chain), config, now);
        self.nodes[node].machine = Some(Box::new(machine));
        self.after_start(node);
    }

    /// Returns a node's chain with what all nodes remember in common.
    pub(crate) fn sharing(&self, node: usize, chain: Chain<CrashStore>) -> Chain<CrashStore> {
        let chain = chain.with_verifier(Arc::<MemoVerifier>::clone(&self.verifier));
        // a node with other rules may take other coins for spent
        let params = &self.nodes[node].params;
        // without every rule, a transaction need not change the state in the same way at all nodes
        let may_share = *params == self.params && Rule::all().all(|rule| params.enforces(rule));
        if may_share { chain.with_deltas(self.deltas.clone()) } else { chain }
    }

    /// Makes a started node dial its relays or peers, and brings its wallet and ledger to its chain.
    pub(crate) fn after_start(&mut self, node: usize) {
        self.trace.note(self.now, format_args!(r#""start":{node}"#));
        self.see(|| Fact::Started { node });
        self.follow_store(node);
        self.nodes[node].started_at = self.now;
        self.nodes[node].caught_up = None;
        self.forget_pause(node);
        for slot in 0..self.nodes[node].relays.len() {
            self.nodes[node].failures[slot] = 0;
            self.dial_later(node, slot);
        }
        self.wake_node(node);
        self.start_mesh(node);
        let wait = self.dice.payments.between(Duration::from_secs(1), Duration::from_secs(2));
        self.queue.push(self.now + wait, Happening::Repeat { node });
    }

    /// Gives a node an input, and carries out its outputs.
    pub(crate) fn node_input(&mut self, node: usize, input: Input<'_>) {
        let now = self.moment_of(node);
        let Some(machine) = &mut self.nodes[node].machine else { return };
        match &input {
            Input::Received { connection, bytes } => self.trace.note(
                self.now,
                format_args!(
                    r#""node":{node},"received":{},"connection":{},"hash":"{:012x}""#,
                    bytes.len(),
                    connection.0,
                    fingerprint(bytes)
                ),
            ),
            Input::Mined { job, nonce } => {
                self.trace.note(self.now, format_args!(r#""node":{node},"job":{},"nonce":{nonce}"#, job.0));
            }
            _ => {}
        }
        let before = self.verifier.verified();
        machine.handle(now, input);
        let verified = self.verifier.verified() - before;
        let blocks = self.statistics.blocks_connected + self.statistics.blocks_rejected;
        self.take_outputs(node);
        if self.nodes[node].honest && blocks == self.statistics.blocks_connected + self.statistics.blocks_rejected {
            self.statistics.payment_signatures += verified;
            self.statistics.most_payment_signatures = self.statistics.most_payment_signatures.max(verified);
        }
    }

    pub(crate) fn take_outputs(&mut self, node: usize) {
        let mut halted = None;
        if self.nodes[node].planted == Some(Planted::Halts) && self.node(node).is_some_and(|n| n.chain().height() >= 5)
        {
            halted = Some("a planted bug halts it".to_owned());
        }
        while let Some(output) = self.nodes[node].machine.as_mut().and_then(|machine| machine.poll_output()) {
            match output {
                Output::Send { connection, bytes } => {
                    self.statistics.messages += 1;
                    self.statistics.honest_bytes += u64::from(self.nodes[node].honest) * bytes.len() as u64;
                    self.send_up(connection, bytes);
                }
                Output::Close { connection, reason } => {
                    let reason = reason.replace(['"', '\\'], "'");
                    self.trace
                        .note(self.now, format_args!(r#""node":{node},"closes":{},"why":"{reason}""#, connection.0));
                    self.close_at_node(connection);
                }
                Output::Reply { id, response } => self.answered(node, id, *response),
                Output::Mine(job)
                    if self.nodes[node].planted == Some(Planted::StopsMining) && job.header.height > 5 => {}
                Output::Mine(_)
                    if self.nodes[node].planted == Some(Planted::RestsOften) && self.now.as_secs() % 20 < 10 =>
                {
                    self.stop_search(node);
                }
                Output::Mine(job) => self.search(node, job),
                Output::StopMining => self.stop_search(node),
                Output::Emit(event) => self.heard(node, event),
                Output::Say { to, answers, payload, .. } => self.say(node, to, answers, &payload),
                Output::End { question } => self.end_answer(node, question),
                Output::Judge { ticket, judgement } => self.judge(node, ticket, judgement),
                Output::Shun { peer, time, .. } => self.shun(node, peer, time),
                Output::Halt { error } => halted = Some(error),
            }
        }
        if let Some(error) = halted {
            self.violate("halt", Some(node), error);
        }
        self.wake_node(node);
        self.watch(node);
        self.watch_light(node);
    }

    fn wake_node(&mut self, node: usize) {
        let site = &mut self.nodes[node];
        let mut wanted = site.machine.as_ref().and_then(|machine| machine.next_timeout()).map(Monotonic::since_origin);
        if site.planted == Some(Planted::SleepsWithWorkToDo) {
            wanted = wanted.map(|at| at.max(self.now + Duration::from_millis(1)));
        }
        let wanted = wanted.map(|at| at.max(self.now));
        if site.wake.map(|(at, _)| at) == wanted {
            return;
        }
        if let Some(place) = site.wake.take() {
            self.queue.remove(place);
        }
        site.wake = wanted.map(|at| self.queue.push(at, Happening::WakeNode { node }));
    }

    /// Handles an event of a node.
    fn heard(&mut self, node: usize, event: Event) {
        let now = self.now;
        self.see(|| Fact::Event { node, event: event.clone() });
        match event {
            Event::BlockConnected { block, own } => {
                self.trace.note(now, format_args!(r#""node":{node},"connected":"{}","own":{own}"#, block.hash()));
                self.statistics.blocks_connected += u64::from(self.nodes[node].honest);
                self.connected(node, &block);
            }
            Event::BlockDisconnected { .. } if self.nodes[node].planted == Some(Planted::HidesDisconnections) => {}
            Event::BlockDisconnected { block } => {
                self.trace.note(now, format_args!(r#""node":{node},"disconnected":"{}""#, block.hash()));
                self.disconnected(node, &block);
            }
            Event::TipChanged { tip, reorg } => {
                self.trace.note(now, format_args!(r#""node":{node},"tip":"{}","height":{}"#, tip.hash, tip.height));
                if self.nodes[node].honest {
                    self.statistics.moved(reorg.map_or(0, |reorg| reorg.disconnected));
                }
            }
            Event::BlockMined { hash, height } => {
                self.trace.note(now, format_args!(r#""node":{node},"mined":"{hash}","height":{height}"#));
                self.mined_at.insert(hash, (now, node));
                self.statistics.blocks_mined += 1;
            }
            Event::TransactionDropped { txid, reason } => {
                self.trace.note(now, format_args!(r#""node":{node},"dropped":"{txid}","why":"{reason}""#));
                self.dropped(node, txid, &reason.to_string());
            }
            Event::PeerMuted { id, reason } => {
                let of = self.owners.get(&id).copied();
                let whom = of.map_or_else(|| "null".to_owned(), |of| of.to_string());
                let why = reason.to_string().replace(['"', '\\'], "'");
                self.trace.note(now, format_args!(r#""node":{node},"mutes":{whom},"why":"{why}""#));
                self.muted(node, of, &reason.to_string());
            }
            Event::BlockRejected { hash, rule, .. } => {
                self.trace.note(now, format_args!(r#""node":{node},"rejected":"{hash}","rule":"{rule}""#));
                self.statistics.blocks_rejected += u64::from(self.nodes[node].honest);
            }
            Event::Lagged { count } => self.statistics.lagged += count,
            Event::ClockOff(_) => self.statistics.clock_warnings += u64::from(self.nodes[node].honest),
            _ => {}
        }
    }
}

/// Returns 48 bits that are the same for the same bytes and different for others, except by chance, for the trace. A
/// network hears most messages many times, so this must be quick; nobody gains by a collision.
fn fingerprint(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut last = [0; 8];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    let words = words.iter().chain([&last]).map(|word| u64::from_le_bytes(*word));
    let mixed = words.fold(bytes.len() as u64, |sum, word| {
        // the constant of SplitMix64, and the high bits of the product brought down
        let product = (sum ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        product ^ (product >> 32)
    });
    mixed >> 16
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn fingerprints_of_other_bytes_differ() {
        let bytes: Vec<_> = (0..=u8::MAX).collect();
        let mut all: BTreeSet<_> = (0..=bytes.len()).map(|length| fingerprint(&bytes[..length])).collect();
        for place in 0..bytes.len() {
            for bit in 0..8 {
                let mut other = bytes.clone();
                other[place] ^= 1 << bit;
                all.insert(fingerprint(&other));
            }
        }
        assert_eq!(all.len(), 257 + 2_048);
        assert!(all.iter().all(|fingerprint| *fingerprint < 1 << 48));
    }
}
