//! Watching nodes that run in this process: their events become facts.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use tokio::sync::broadcast::{Receiver, error::RecvError};
use toycoin_core::chain::BlockStanding;
use toycoin_node::{NodeHandle, Stopped, protocol::Event};

use crate::{
    command::Refusal,
    event::{Disturbances, Fact},
    hub::Hub,
    limits::LISTED_PAYMENTS,
    reporter::Reporter,
    state::Node,
};

/// Number of heights below the tip whose blocks are told when the watch begins.
const EARLIER_BLOCKS: u64 = 100;

/// Most headers of one page of a chain that is walked through at the begin.
const HEADERS: usize = 2_000;

/// The reporter of nodes that run beside each other in this process, with the clock that all of them share.
#[derive(Debug)]
pub(crate) struct Watch {
    hub: Arc<Hub>,
    reporter: Mutex<Reporter>,
    begun: Instant,
    disturbances: Mutex<Disturbances>,
}

impl Watch {
    pub(crate) fn new(hub: Arc<Hub>, reporter: Reporter) -> Arc<Self> {
        let (reporter, disturbances) = (Mutex::new(reporter), Mutex::default());
        Arc::new(Self { hub, reporter, begun: Instant::now(), disturbances })
    }

    pub(crate) const fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// Tells a fact as it is.
    pub(crate) fn tell(&self, fact: Fact) {
        self.report(|reporter, us| reporter.tell(us, fact));
    }

    /// Tells facts through the reporter, at the present time.
    pub(crate) fn report(&self, report: impl FnOnce(&mut Reporter, u64)) {
        let mut reporter = lock(&self.reporter);
        let us = u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        reporter.time_passed(us);
        report(&mut reporter, us);
    }

    /// Changes what is wrong in the network, and tells it.
    pub(crate) fn disturb(&self, change: impl FnOnce(&mut Disturbances)) {
        let mut disturbances = lock(&self.disturbances);
        change(&mut disturbances);
        self.tell(Fact::Network(disturbances.clone()));
    }

    /// Tells a node's set hash rate.
    pub(crate) fn set_rate(&self, node: usize, hash_rate: u64) {
        // under the reporter's lock, so that no move of the tip comes in between
        self.report(|reporter, us| {
            let told = self.hub.look(|state| state.nodes.get(node).cloned());
            if let Some(Node { name, tip, height, .. }) = told {
                reporter.tell(us, Fact::Node { node, name, hash_rate, tip, height });
            }
        });
    }

    /// Starts or stops a node's mining, and tells it.
    ///
    /// # Errors
    /// When there is no such node, or it has ended.
    pub(crate) async fn set_mining(&self, nodes: &[NodeHandle], node: usize, is_mining: bool) -> Result<(), Refusal> {
        let handle = nodes.get(node).ok_or(Refusal::NoSuchNode { node, nodes: nodes.len() })?;
        handle.set_mining(is_mining).await.map_err(|_| Refusal::Cannot(format!("node {node} is down")))?;
        self.set_stopped(node, !is_mining);
        Ok(())
    }

    /// Notes that a node was stopped or started, and tells it.
    fn set_stopped(&self, node: usize, is_stopped: bool) {
        if is_stopped {
            self.tell(Fact::Rate { node, hashes_per_second: 0 });
        }
        self.disturb(|disturbances| {
            disturbances.down.retain(|other| *other != node);
            if is_stopped {
                disturbances.down.push(node);
                disturbances.down.sort_unstable();
            }
        });
    }

    /// Tells what happens at a node until it stops. It was [told](Self::begin) before.
    pub(crate) async fn follow(self: Arc<Self>, node: usize, mut events: Receiver<Event>, handle: NodeHandle) {
        loop {
            let told = match events.recv().await {
                Ok(event) => self.event(node, &event, &handle).await,
                // what was missed is in the node's state
                Err(RecvError::Lagged(_)) => self.catch_up(node, &handle).await,
                Err(RecvError::Closed) => Err(Stopped { reason: None }),
            };
            if told.is_err() {
                return self.set_stopped(node, true);
            }
        }
    }

    /// Tells a node with its chain and its mempool. Nodes are told in the order of their numbers, and what happens from
    /// the call on must be [followed](Self::follow).
    ///
    /// # Errors
    /// When the node has stopped.
    pub(crate) async fn begin(
        &self,
        node: usize,
        name: String,
        hash_rate: u64,
        handle: &NodeHandle,
    ) -> Result<(), Stopped> {
        let tip = handle.status().await?.tip;
        let (hash, height) = (tip.hash.to_string(), tip.height);
        self.tell(Fact::Node { node, name, hash_rate, tip: hash, height });
        self.catch_up(node, handle).await
    }

    /// Tells the blocks of all branches from a height on.
    async fn earlier_blocks(&self, from: u64, handle: &NodeHandle) -> Result<(), Stopped> {
        // the parents of the first ones are known by their work alone
        let below = handle.headers(from.saturating_sub(1), HEADERS).await?;
        self.report(|reporter, _| {
            let parents = below.headers.iter().filter(|known| known.header.height < from);
            parents.for_each(|known| reporter.remember(known.hash, known.work));
        });
        let mut next = Some(from.into());
        while let Some(cursor) = next {
            let page = handle.headers(cursor, HEADERS).await?;
            for known in &page.headers {
                if matches!(known.standing, BlockStanding::Active | BlockStanding::Side)
                    && let Some(block) = handle.block(known.hash).await?
                {
                    self.report(|reporter, us| reporter.block(us, &block));
                }
            }
            next = page.next;
        }
        Ok(())
    }

    /// Tells a node's mempool and tip anew, when events were missed.
    async fn catch_up(&self, node: usize, handle: &NodeHandle) -> Result<(), Stopped> {
        let told = self.hub.look(|state| state.nodes.get(node).map_or(0, |node| node.height));
        self.earlier_blocks(told.saturating_sub(EARLIER_BLOCKS), handle).await?;
        let tip = handle.status().await?.tip;
        let page = handle.mempool(None, LISTED_PAYMENTS).await?;
        let mut entered = Vec::new();
        for entry in page.entries {
            let place = handle.transaction(entry.txid).await?;
            entered.extend(place.and_then(|place| place.transaction).map(|transaction| (entry, transaction)));
        }
        if let Some(block) = handle.block(tip.hash).await? {
            self.report(|reporter, us| reporter.block(us, &block));
        }
        self.report(|reporter, us| {
            reporter.restarted(us, node);
            for (entry, transaction) in &entered {
                reporter.entered(us, node, entry.txid, entry.fee, entry.size, transaction);
            }
            reporter.moved(us, node, &tip);
        });
        Ok(())
    }

    async fn event(&self, node: usize, event: &Event, handle: &NodeHandle) -> Result<(), Stopped> {
        if let Event::SideBlock { hash, .. } = event
            && !lock(&self.reporter).knows(hash)
            && let Some(block) = handle.block(*hash).await?
        {
            self.report(|reporter, us| reporter.block(us, &block));
        }
        self.report(|reporter, us| reporter.event(us, node, event));
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // what is behind these locks is whole between two facts
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
