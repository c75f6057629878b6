//! The network: its relay, its nodes, and what they do.

use std::{error::Error, sync::Arc, time::Duration};

use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::{Instant, sleep, timeout_at},
};
use toycoin_core::{BlockHash, ChainParams, SecretKey};
use toycoin_examples::{
    board::Board,
    classroom::{Choices, Classroom},
    pace::throttle_for,
};
use toycoin_node::{NodeBuilder, NodeHandle, RelayHandle, RelayServer, protocol::Event, relay::RelayConfig};

/// Time that the slow node waits before it publishes a block that it found.
const DELAY: Duration = Duration::from_millis(2_500);

/// Time in which a block reaches every node, with a large margin.
const ARRIVAL: Duration = Duration::from_millis(500);

/// Time that the nodes have to agree at the end.
const SETTLING: Duration = Duration::from_secs(60);

/// A relay, miners, and a node that pays.
pub(crate) struct Network {
    relay: RelayHandle,
    miners: Vec<NodeHandle>,
    oracle: NodeHandle,
    board: Arc<Board>,
}

/// Returns the key that receives the rewards of miner `number`, counted from 0.
pub(crate) fn miner_key(number: u32) -> SecretKey {
    SecretKey::classroom(100 + number)
}

impl Network {
    /// Starts everything on loopback sockets; `blocks` is the height at which the board's progress bar ends.
    pub(crate) async fn start(nodes: u32, blocks: u64, board: &Arc<Board>) -> Result<Self, Box<dyn Error>> {
        let relay = RelayServer::bind("127.0.0.1:0", RelayConfig::default())
            .map_err(|error| format!("cannot listen on 127.0.0.1: {error}"))?
            .spawn()?;
        let address = relay.local_addr().to_string();
        board.say(&format!("relay on {address}, {nodes} mining nodes, four wallets\n"));

        // the oracle's node starts before the first block, so it observes every block, and shows only blocks that it
        // has validated
        let lab = ChainParams::lab();
        let oracle = NodeBuilder::new(lab.clone()).relay(address.clone()).spawn().await?;
        let events = oracle.events();
        oracle.wait_for_relay().await?;
        tokio::spawn(observe(oracle.clone(), events, Arc::clone(board), blocks));
        let reports = Arc::clone(board);
        tokio::spawn(async move { reports.report().await });

        let throttle = throttle_for(&lab, nodes);
        let mut miners = Vec::new();
        for number in 0..nodes {
            let slow = number + 1 == nodes && number > 0;
            let name = format!("node {}{}", number + 1, if slow { " (slow)" } else { "" });
            let mut builder = NodeBuilder::new(lab.clone())
                .relay(address.clone())
                .extra(name.clone())
                .mine_to(miner_key(number).public_key())
                .threads(1)
                .throttle(throttle);
            if slow {
                builder = builder.block_delay(DELAY);
            }
            let node = builder.spawn().await?;
            tokio::spawn(watch(node.clone(), name, Arc::clone(board)));
            miners.push(node);
        }
        Ok(Self { relay, miners, oracle, board: Arc::clone(board) })
    }

    pub(crate) fn miners(&self) -> &[NodeHandle] {
        &self.miners
    }

    pub(crate) const fn oracle(&self) -> &NodeHandle {
        &self.oracle
    }

    /// Makes payments one after the other, and waits for each confirmation; returns how many were confirmed.
    pub(crate) async fn pay(&self, payments: u64, seed: u64) -> Result<u64, Box<dyn Error>> {
        let mut choices = Choices::new(seed);
        let mut classroom = Classroom::open(self.oracle.clone()).await?;
        let mut confirmed = 0;
        for count in 1..=payments {
            let payment = classroom.pay_somebody(&mut choices).await?;
            let who = format!("  payment {count}: wallet {} pays wallet {}", payment.from, payment.to);
            let line = match classroom.confirmation(&payment).await? {
                Ok(found) => {
                    confirmed += 1;
                    let balances = classroom.balances();
                    format!("{who} {}, confirmed at height {}; balances {balances}", payment.amount, found.height)
                }
                Err(reason) => format!("{who} {}, not confirmed: {reason}; its coins are back", payment.amount),
            };
            self.board.say(&line);
            self.board.advance(1);
        }
        Ok(confirmed)
    }

    /// Waits until the oracle's node reaches a height.
    pub(crate) async fn wait_for_height(&self, height: u64) -> Result<(), Box<dyn Error>> {
        let mut events = self.oracle.events();
        while self.oracle.status().await?.tip.height < height {
            if let Err(RecvError::Closed) = events.recv().await {
                return Err("a node has stopped".into());
            }
        }
        Ok(())
    }

    /// Stops mining, waits until blocks in transit have arrived, and returns whether all nodes have the same tip.
    ///
    /// The last blocks may have ended in a tie, which only another block can resolve. Then the first miner finds one
    /// more.
    pub(crate) async fn settle(&self) -> Result<bool, Box<dyn Error>> {
        let deadline = Instant::now() + SETTLING;
        loop {
            for miner in &self.miners {
                miner.set_mining(false).await?;
            }
            // the slow node may still publish a block that it holds back, which can cause another reorganisation
            sleep(DELAY + ARRIVAL).await;
            if self.agree().await? {
                return Ok(true);
            }
            let (Some(first), false) = (self.miners.first(), Instant::now() >= deadline) else { return Ok(false) };
            self.board.say("  a tie: node 1 mines one block more");
            let mut events = first.events();
            first.set_mining(true).await?;
            let found = async {
                loop {
                    match events.recv().await {
                        Ok(Event::BlockMined { .. }) => return true,
                        Ok(_) | Err(RecvError::Lagged(_)) => {}
                        Err(RecvError::Closed) => return false,
                    }
                }
            };
            if !timeout_at(deadline, found).await.unwrap_or(false) {
                return Ok(false);
            }
        }
    }

    async fn agree(&self) -> Result<bool, Box<dyn Error>> {
        let mut tips: Vec<BlockHash> = vec![self.oracle.status().await?.tip.hash];
        for miner in &self.miners {
            tips.push(miner.status().await?.tip.hash);
        }
        tips.dedup();
        Ok(tips.len() == 1)
    }

    pub(crate) async fn shutdown(self) -> Result<(), Box<dyn Error>> {
        for node in self.miners.iter().chain([&self.oracle]) {
            node.shutdown().await?;
        }
        self.relay.shutdown();
        Ok(())
    }
}

/// Shows the blocks that a node accepts, on its chain or on a side branch, until the node stops.
async fn observe(node: NodeHandle, mut events: Receiver<Event>, board: Arc<Board>, until: u64) {
    let genesis = node.params().genesis_hash();
    loop {
        match events.recv().await {
            Ok(Event::BlockConnected { block, .. }) => board.observed(&block, until),
            Ok(Event::SideBlock { hash, .. }) => {
                if let Ok(Some(block)) = node.block(hash).await {
                    board.observed(&block, until);
                }
            }
            Ok(_) => {}
            // missed events are made up for by a request; the board skips blocks that it has seen
            Err(RecvError::Lagged(_)) => {
                let mut at = genesis;
                while let Ok(since) = node.blocks_since(at).await {
                    since.connected.iter().for_each(|block| board.observed(block, until));
                    match since.connected.last().filter(|_| !since.complete) {
                        Some(last) => at = last.hash(),
                        None => break,
                    }
                }
            }
            Err(RecvError::Closed) => return,
        }
    }
}

/// Shows a node's events until the node stops.
async fn watch(node: NodeHandle, name: String, board: Arc<Board>) {
    let mut events = node.events();
    loop {
        match events.recv().await {
            Ok(event) => board.happened(&name, &event),
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}
