//! The story: it lets the network act, waits for what must happen, and tells what happened.
//!
//! One task does all of it. It takes the events of all nodes one after the other, those of a node in their order. A
//! block is told when the first node accepts it. That node has accepted its parent before, so a block always comes
//! before what follows from it.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    time::Duration,
};

use tokio::time::Instant;
use toycoin_core::{Block, BlockHash, ChainParams, Rule, Tip, Txid};
use toycoin_examples::{
    block_row::{Branch, Row, short},
    forks::{Forks, Kin},
    lines::Lines,
    look::Colour,
    trouble::trouble,
    words::money,
};
use toycoin_node::{
    mempool::DropReason,
    protocol::{Event, Reorg},
};

use crate::{
    network::Network,
    page::Page,
    people::{People, Person},
};

/// Longest wait for one thing to happen, unless the target block spacing is long.
const LIMIT: Duration = Duration::from_secs(120);

/// Target block spacings that one thing may take.
const LIMIT_SPACINGS: u64 = 30;

/// Time without any event after which nodes that disagree are taken to be in a tie.
const QUIET: Duration = Duration::from_secs(2);

/// The network, its people, and what is known of it.
#[derive(Debug)]
pub(crate) struct Story<'a> {
    pub(crate) page: &'a Page,
    pub(crate) network: Network,
    pub(crate) people: People,
    /// The tip of each node, as its events tell it.
    tips: Vec<Tip>,
    blocks: Forks,
    /// The block on which a fork is about to begin.
    fork_at: Option<BlockHash>,
    pub(crate) reorganisations: u64,
    /// A block that must be refused, and the rule that each node says it breaks.
    refused: Option<(BlockHash, BTreeMap<usize, Rule>)>,
    /// The nodes that accepted a payment of the people into their mempools.
    accepted: BTreeSet<(Txid, usize)>,
    /// The nodes that dropped a payment of the people, and why.
    dropped: BTreeMap<(Txid, usize), DropReason>,
    lines: Lines,
    limit: Duration,
}

impl<'a> Story<'a> {
    pub(crate) async fn begin(page: &'a Page, network: Network, people: People) -> Result<Self, Box<dyn Error>> {
        let tips = network.tips().await?;
        let spacing_ms = network.watcher().params().spec().retargeting.map_or(0, |retargeting| retargeting.spacing_ms);
        let limit = LIMIT.max(Duration::from_millis(spacing_ms.saturating_mul(LIMIT_SPACINGS)));
        Ok(Self {
            page,
            tips,
            network,
            people,
            blocks: Forks::default(),
            fork_at: None,
            reorganisations: 0,
            refused: None,
            accepted: BTreeSet::new(),
            dropped: BTreeMap::new(),
            lines: Lines::default(),
            limit,
        })
    }

    pub(crate) fn params(&self) -> &ChainParams {
        self.network.watcher().params()
    }

    /// Returns a node's tip, as its events told it so far.
    pub(crate) fn tip(&self, node: usize) -> Tip {
        self.tips[node]
    }

    /// Returns the watching node's height.
    pub(crate) fn height(&self) -> u64 {
        self.tip(self.network.miners()).height
    }

    /// Returns the numbers of valid blocks and of forks so far.
    pub(crate) fn seen(&self) -> (u64, usize) {
        (self.blocks.blocks() as u64, self.blocks.forks())
    }

    /// Marks the next block on this one as the first branch of a fork.
    pub(crate) const fn expect_fork(&mut self, at: BlockHash) {
        self.fork_at = Some(at);
    }

    /// Collects from now on the rules for which nodes refuse a block.
    pub(crate) fn expect_refusal(&mut self, hash: BlockHash) {
        self.refused = Some((hash, BTreeMap::new()));
    }

    /// Returns the rules for which nodes refused the block, by the number of the node.
    pub(crate) fn refusals(&self) -> Option<&BTreeMap<usize, Rule>> {
        self.refused.as_ref().map(|(_, rules)| rules)
    }

    /// Returns the nodes that accepted a payment of the people into their mempools.
    pub(crate) fn accepted_by(&self, txid: &Txid) -> impl Iterator<Item = usize> {
        self.accepted.range((*txid, 0)..=(*txid, usize::MAX)).map(|(_, node)| *node)
    }

    /// Returns why a node dropped a payment of the people, if it did.
    pub(crate) fn drop_reason(&self, txid: &Txid, node: usize) -> Option<&DropReason> {
        self.dropped.get(&(*txid, node))
    }

    /// Tells what happens until the condition holds.
    ///
    /// # Errors
    /// If that takes too long; the error names `what`.
    pub(crate) async fn until(&mut self, what: &str, condition: impl Fn(&Self) -> bool) -> Result<(), Box<dyn Error>> {
        let deadline = Instant::now() + self.limit;
        while !condition(self) {
            let rest = deadline.saturating_duration_since(Instant::now());
            let Some((node, event)) = self.network.next_event(rest).await? else {
                return Err(format!("waited {} s for {what} in vain", self.limit.as_secs()).into());
            };
            self.happened(node, event).await?;
        }
        Ok(())
    }

    /// Tells what happens until the watching node has this height.
    pub(crate) async fn until_height(&mut self, height: u64) -> Result<(), Box<dyn Error>> {
        while self.height() < height {
            let before = self.height();
            self.until("the next block", |story| story.height() > before).await?;
        }
        Ok(())
    }

    /// Stops all miners and waits until all nodes have one tip, which then stays. In a tie, the first miner finds one
    /// block more.
    pub(crate) async fn settle(&mut self) -> Result<(), Box<dyn Error>> {
        let deadline = Instant::now() + self.limit;
        self.network.mine(false).await?;
        while Instant::now() < deadline {
            // a node that does not mine knows no better block than its tip, so tips that are the same stay so
            let tips = self.network.tips().await?;
            let is_one = |tips: &[Tip]| tips.iter().all(|tip| tips.first().is_some_and(|first| first.hash == tip.hash));
            if is_one(&tips) && self.tips.iter().chain(&tips).all(|tip| tips.first().is_some_and(|first| first == tip))
            {
                return Ok(());
            }
            if let Some((node, event)) = self.network.next_event(QUIET).await? {
                self.happened(node, event).await?;
            } else if !is_one(&tips) {
                self.page.note(Colour::Fork, "A tie of branches with the same work: node 1 mines one block more.");
                let before = self.tip(0).height;
                self.network.node(0).set_mining(true).await?;
                self.until("one block more", |story| story.tip(0).height > before).await?;
                self.network.node(0).set_mining(false).await?;
            }
        }
        Err("the nodes do not agree on a tip".into())
    }

    /// Takes notice of an event, and tells it.
    async fn happened(&mut self, node: usize, event: Event) -> Result<(), Box<dyn Error>> {
        let watches = node == self.network.miners();
        match event {
            Event::BlockConnected { block, .. } => {
                self.tell_block(block.block(), block.hash());
                if watches {
                    for payment in self.people.connected(block.block()) {
                        let (from, amount, height) = (payment.from, money(payment.amount), block.height());
                        self.page.note(Colour::Fork, &format!("{from}'s {amount} is confirmed in block {height}."));
                    }
                }
            }
            Event::BlockDisconnected { block } => {
                if watches {
                    self.people.disconnected(block.block());
                }
            }
            Event::TipChanged { tip, reorg } => {
                self.tips[node] = tip;
                if let Some(reorg) = reorg {
                    self.tell_reorganisation(node, &reorg);
                }
                if watches {
                    self.page.reached(tip.height);
                    self.people.pay_each_other(self.network.watcher()).await?;
                }
            }
            Event::SideBlock { hash, .. } => {
                if let Some(block) = self.network.node(node).block(hash).await? {
                    self.tell_block(block.block(), hash);
                }
            }
            Event::BlockRejected { hash, rule, .. } if self.refused.as_ref().is_some_and(|(bad, _)| *bad == hash) => {
                if let Some((_, rules)) = &mut self.refused {
                    rules.insert(node, rule);
                }
            }
            Event::TransactionAccepted { txid, .. } if self.people.payment(&txid).is_some() => {
                self.accepted.insert((txid, node));
            }
            Event::TransactionDropped { txid, reason } if self.people.payment(&txid).is_some() => {
                self.dropped.insert((txid, node), reason);
            }
            // all of them connect at the start, and mute the cheat at the same time
            Event::RelayConnected { .. } | Event::PeerMuted { .. } => {}
            other => {
                let line = trouble(&other).and_then(|(kind, text)| self.lines.line(kind, text));
                if let Some(line) = line {
                    self.page.note(Colour::Refused, &format!("{}: {line}", self.network.name(node)));
                }
            }
        }
        Ok(())
    }

    /// Tells of a valid block, unless it was told before.
    fn tell_block(&mut self, block: &Block, hash: BlockHash) {
        let previous = block.header.previous;
        let branch = match self.blocks.add(hash, previous) {
            Kin::Known => return,
            Kin::FirstChild if self.fork_at.take_if(|at| *at == previous).is_some() => Branch::First,
            Kin::FirstChild => Branch::Only,
            Kin::Sibling => Branch::Other,
        };
        let look = self.page.look();
        let said = block.transactions.iter().filter_map(|transaction| self.people.payment(&transaction.txid()));
        let said = said.map(|payment| payment.said(look)).collect();
        self.page.row(&Row::new(block, &hash, branch, said));
    }

    /// Tells that a node left its branch, and which payments wait again.
    fn tell_reorganisation(&mut self, node: usize, reorg: &Reorg) {
        self.reorganisations += 1;
        let (old, new) = (short(reorg.old_tip.hash), short(self.tips[node].hash));
        let mut told = format!("{} reorganises: {old} {} {new}", self.network.name(node), self.page.look().arrow());
        for txid in &reorg.returned {
            if let Some(payment) = self.people.payment(txid) {
                told = format!("{told}; {}'s {} waits again", payment.from, money(payment.amount));
                self.people.returned(txid);
            }
        }
        self.page.note(Colour::Fork, &format!("{told}."));
    }

    /// Keeps a person from paying, and waits until all that they paid is in blocks.
    pub(crate) async fn let_rest(&mut self, person: Person) -> Result<(), Box<dyn Error>> {
        self.people.rest(person, true);
        self.until("a payment's block", |story| !story.people.is_waiting(Some(person))).await
    }
}
