//! Invariants, checked after every event.

use std::sync::Arc;

use toycoin_core::{Amount, BlockHash, CheckedBlock};
use toycoin_node::limits;

use crate::{invariant::Watch, ledger::Ledger, network::Network, store::Disk};

/// Number of blocks after which a node's coins are recomputed.
const CHECKPOINT: u64 = 20;

impl Network {
    /// Checks a node after an event at it.
    pub(crate) fn watch(&mut self, node: usize) {
        if self.violation.is_some() || !self.nodes[node].honest {
            return;
        }
        if !self.is_sampled() {
            self.watch_start(node);
            if self.invariants.watch != Watch::Off {
                self.watch_pause(node);
            }
            return;
        }
        let Some(machine) = self.nodes[node].machine.as_ref().and_then(|machine| machine.node()) else { return };
        let chain = machine.chain();
        let tip = chain.tip();
        let mut broken = None;

        let expected = self.supply(tip.height);
        if chain.state().issued != expected {
            let issued = chain.state().issued;
            broken =
                Some(("supply", format!("{issued} are issued at height {}, the rules make it {expected}", tip.height)));
        }
        // work that is due right now may not have had its turn
        let is_due =
            toycoin_node::machine::Machine::next_timeout(machine).is_some_and(|at| at.since_origin() <= self.now);
        let is_asleep = self.nodes[node].wake.is_none_or(|(at, _)| at > self.now);
        // while a node catches up, bodies wait for a moment for others
        if !machine.is_gathering()
            && (!is_due || is_asleep)
            && let Some((_, better)) = self
                .by_work
                .range((tip.work, tip.hash)..)
                .rev()
                .find(|(work, hash)| *work > tip.work && self.holds(machine, hash))
        {
            broken = Some(("most work", format!("tip {} has less work than {better}, which it holds", tip.hash)));
        }
        let counts = match self.invariants.watch {
            Watch::Every => machine.counts_after_input(),
            Watch::Sampled(_) | Watch::Off => machine.counts(),
        };
        let bounds = [
            ("peers", counts.peers, limits::PEERS),
            ("points of a peer", size(counts.highest_score.into()), size((limits::MUTE_SCORE - 1).into())),
            ("held headers", counts.held_headers, limits::HELD_HEADERS + limits::HEADERS_A_MESSAGE),
            ("blocks in flight", counts.blocks_in_flight, limits::BODY_REQUESTS),
            ("orphan blocks", counts.orphan_blocks, limits::ORPHAN_BLOCKS),
            ("bytes of orphan blocks", size(counts.orphan_block_bytes), size(limits::ORPHAN_BLOCK_BYTES)),
            ("bytes of deferred blocks", size(counts.deferred_block_bytes), size(limits::ORPHAN_BLOCK_BYTES)),
            ("mutes", counts.mutes, limits::MUTES),
            ("transactions that wait to be judged", counts.arrivals, limits::ARRIVALS),
            ("bytes of transactions that wait to be judged", counts.arrival_bytes, limits::ARRIVAL_BYTES),
            ("drops that are remembered", counts.drops, 2 * limits::REMEMBERED_DROPS),
            ("orphans of a peer", counts.most_orphans_of_a_peer, limits::ORPHANS_A_PEER),
            ("deferred blocks", counts.deferred_blocks, limits::DEFERRED_BLOCKS),
            ("compact blocks", counts.compact_blocks, limits::COMPACT_BLOCKS),
            ("senders", counts.senders, limits::REMEMBERED_SENDERS),
            ("own payments", counts.own_payments, limits::OWN_PAYMENTS),
            ("waits", counts.waits, limits::WAITS),
            ("seen blocks", counts.most_seen_blocks, limits::SEEN_BLOCKS),
            ("peers that wait for answers", counts.most_questioners, limits::QUESTION_PEERS),
            ("answers", counts.most_questions, limits::QUESTION_PEERS * limits::QUESTIONS_OF_A_PEER),
            ("bytes of kept bodies", size(counts.kept_body_bytes), size(limits::KEPT_BODY_BYTES)),
            ("unwritten bytes", size(counts.most_unwritten), limits::TRANSPORT_QUEUE_BYTES),
            ("unwritten bytes of answers", size(counts.most_unwritten_answers), size(limits::ANSWER_SHARE)),
            ("orphans", machine.mempool().orphans(), limits::ORPHANS),
            ("bytes of the mempool", size(machine.mempool().bytes()), size(self.invariants.mempool_bytes)),
        ];
        if let Some((what, is, most)) = bounds.iter().find(|(_, is, most)| is > most) {
            broken = Some(("bounds", format!("{is} {what}, at most {most} are allowed")));
        }
        self.watch_start(node);
        self.watch_pause(node);
        let is_checkpoint = tip.height >= self.nodes[node].checked_at + CHECKPOINT;
        if let Some((invariant, what)) = broken {
            return self.violate(invariant, Some(node), what);
        }
        if is_checkpoint {
            self.nodes[node].checked_at = tip.height;
            self.check_coins(node);
        }
        self.check_callers();
    }

    /// Returns whether the invariants are checked after this event.
    fn is_sampled(&self) -> bool {
        match self.invariants.watch {
            Watch::Every => true,
            Watch::Sampled(one_in) => self.statistics.events.is_multiple_of(u64::from(one_in.max(1))),
            Watch::Off => false,
        }
    }

    /// Checks after an event at a relay that its queues for slow readers respect their limits.
    pub(crate) fn watch_relay(&mut self, relay: usize) {
        let Some(machine) = self.relays[relay].machine.as_ref().filter(|_| self.is_sampled()) else { return };
        let (stats, counts) = (machine.stats(), machine.counts());
        // twice the number of messages that gaps can separate, plus gaps that wait to be merged
        let most_gaps = 2 * (self.invariants.queue_deliveries + limits::QUEUE_CONTROLS + 3) + limits::LOOSE_GAPS + 1;
        let bounds = [
            ("connections", stats.connections, limits::RELAY_CONNECTIONS + limits::RELAY_REFUSALS),
            ("channels", stats.channels, limits::RELAY_CHANNELS),
            ("queued bytes", stats.queued_bytes, limits::RELAY_QUEUED_BYTES),
            ("bytes of incomplete frames", stats.partial_bytes, limits::RELAY_PARTIAL_BYTES),
            ("bytes of a queue", counts.most_queued_bytes, limits::QUEUE_BYTES),
            ("deliveries of a queue", counts.most_queued_deliveries, self.invariants.queue_deliveries),
            // the control frame above the limit is answered before its connection closes, and a PING and the close may
            // follow
            ("control frames of a queue", counts.most_queued_controls, limits::QUEUE_CONTROLS + 3),
            ("gaps of a queue", counts.most_queued_gaps, most_gaps),
            ("subscriptions", counts.most_subscriptions, limits::SUBSCRIPTIONS),
        ];
        if let Some((what, is, most)) = bounds.iter().find(|(_, is, most)| is > most) {
            self.violate("bounds", None, format!("{is} {what} at relay {relay}, at most {most} are allowed"));
        }
    }

    /// Compares a node's coins with its ledger. The state root of each tip is recomputed only once, because all nodes
    /// whose coins match the ledger have the same coins at that tip.
    pub(crate) fn check_coins(&mut self, node: usize) {
        if self.invariants.watch == Watch::Off {
            return;
        }
        let Some(machine) = self.nodes[node].machine.as_ref().and_then(|machine| machine.node()) else { return };
        let chain = machine.chain();
        let ledger = &self.nodes[node].ledger;
        let supply = self.supply(chain.height());
        let mut result = ledger.compare(chain.store().seen());
        if result.is_ok() && ledger.sum() != supply {
            result = Err(format!("all coins are worth {}, the rules make it {supply}", ledger.sum()));
        }
        let tip = chain.tip().hash;
        if result.is_ok() && !self.audited.contains(&tip) && !chain.audit().is_ok_and(|audit| audit.holds) {
            result = Err("the UTXO set is not the one that the tip commits to".into());
        }
        self.audited.insert(tip);
        if let Err(what) = result {
            self.violate("coins", Some(node), what);
        }
    }

    pub(super) fn check_callers(&mut self) {
        let callers = std::mem::take(&mut self.invariants.callers);
        let broken = callers.iter().find_map(|(name, check)| Some((name.clone(), check(self).err()?)));
        self.invariants.callers = callers;
        if let Some((name, what)) = broken {
            self.violate(&name, None, what);
        }
    }

    /// Returns whether a node holds a block and all its ancestors.
    fn holds(&self, machine: &toycoin_node::protocol::NodeMachine<crate::store::CrashStore>, hash: &BlockHash) -> bool {
        let chain = machine.chain();
        let mut at = *hash;
        while !chain.is_active(&at) {
            match chain.headers().get(&at) {
                Some(entry) if chain.has_block(&at) => at = entry.header.previous,
                _ => return false,
            }
        }
        true
    }

    /// Returns the money supply at a height.
    fn supply(&self, height: u64) -> Amount {
        let halving = self.params.spec().halving_interval;
        let mut sum = self.genesis.money;
        // in ranges of heights with the same subsidy
        let mut from = 1;
        while from <= height {
            let last = height.min((from / halving + 1) * halving - 1);
            let grains = self.params.subsidy(from).grains().saturating_mul(last - from + 1);
            sum = sum.saturating_add(Amount::from_grains(grains));
            from = last + 1;
        }
        sum
    }

    pub(crate) fn connected(&mut self, node: usize, block: &Arc<CheckedBlock>) {
        let hash = block.hash();
        self.fates.seen(node, &hash, self.now);
        if self.nodes[node].honest {
            self.archive.entry(hash).or_insert_with(|| Arc::clone(block));
            let work = self.nodes[node]
                .machine
                .as_ref()
                .and_then(|machine| machine.node())
                .and_then(|machine| machine.chain().headers().get(&hash).map(|entry| entry.work));
            self.by_work.extend(work.map(|work| (work, hash)));
            if let Some((mined, by)) = self.mined_at.get(&hash).filter(|(_, by)| *by != node) {
                let _ = by;
                self.statistics.propagation.push(self.now.saturating_sub(*mined));
            }
        }
        let site = &mut self.nodes[node];
        let followed = site.ledger.connect(block);
        let wallet = site.wallet.connect_checked(block);
        if site.honest {
            // a block that does not extend the wallet's tip says little about coins
            if let Err(error) = wallet {
                self.violate("events", Some(node), error.to_string());
            } else if let Err(what) = followed {
                self.violate("no coin twice", Some(node), what);
            }
        }
        self.follow_payments(node, block);
    }

    pub(crate) fn disconnected(&mut self, node: usize, block: &Arc<CheckedBlock>) {
        let site = &mut self.nodes[node];
        let followed = site.ledger.disconnect(block);
        let wallet = site.wallet.disconnect(block.block()).map_err(|error| error.to_string());
        if let Err(what) = followed.and(wallet)
            && self.nodes[node].honest
        {
            self.violate("events", Some(node), what);
        }
    }

    pub(crate) fn muted(&mut self, node: usize, of: Option<usize>, reason: &str) {
        self.statistics.mutes += u64::from(self.nodes[node].honest);
        let Some(of) = of.filter(|of| !self.nodes[*of].is_adversary() && self.nodes[node].honest) else { return };
        self.violate("no honest mute", Some(node), format!("it muted node {of}, which is honest: {reason}"));
    }

    /// Brings a restarted node's wallet to its chain, and recomputes its coins from genesis.
    pub(crate) fn follow_store(&mut self, node: usize) {
        let mut ledger = Ledger::new(&self.genesis);
        let Some(machine) = self.nodes[node].machine.as_ref().and_then(|machine| machine.node()) else { return };
        let chain = machine.chain();
        let mut wallet = self.nodes[node].wallet.clone();
        while !chain.is_active(&wallet.tip()) {
            let Some(block) = self.archive.get(&wallet.tip()) else { break };
            if wallet.disconnect(block.block()).is_err() {
                break;
            }
        }
        let mut broken = None;
        for height in 1..=chain.height() {
            let Ok(Some(block)) = chain.block_at(height) else {
                broken = Some(format!("the store has no block at height {height}"));
                break;
            };
            if let Err(what) = ledger.connect(&block) {
                broken = Some(what);
                break;
            }
            if height > wallet.height() && wallet.connect_checked(&block).is_err() {
                broken = Some(format!("the wallet cannot connect the block at height {height}"));
                break;
            }
        }
        let lost = self.lost_block(node);
        let site = &mut self.nodes[node];
        (site.wallet, site.ledger) = (wallet, Box::new(ledger));
        if let Some(hash) = lost {
            let what = format!("it lost its own block {hash}, which it had announced, although its disk is in order");
            return self.violate("durability", Some(node), what);
        }
        match broken {
            Some(what) => self.violate("crash", Some(node), what),
            None => self.check_coins(node),
        }
    }

    /// Returns a block that a node found, announced and lost, although its disk is honest.
    fn lost_block(&self, node: usize) -> Option<BlockHash> {
        let chain = self.node(node)?.chain();
        let mut own = self.mined_at.iter().filter(|(_, (_, by))| *by == node).map(|(hash, _)| *hash);
        own.find(|hash| !chain.has_block(hash)).filter(|_| self.nodes[node].disk_kind == Disk::Honest)
    }
}

fn size(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
