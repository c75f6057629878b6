//! Two who join a network: a full node and a light client, each measured.

use std::{error::Error, time::Duration};

use tokio::time::{Instant, interval, timeout};
use toycoin_core::{Chain, ChainParams, MemoryStore};
use toycoin_examples::{cable::Cable, gave_up::GaveUp};
use toycoin_node::{
    NodeBuilder, RelayServer,
    light::{Event, LightClient},
    relay::RelayConfig,
};

use crate::chain::{Made, payee};

/// Longest time for one step, on a machine with much else to do.
const PATIENCE: Duration = Duration::from_secs(25);
/// Interval at which a node is asked how far it is.
const LOOKS: Duration = Duration::from_millis(5);

/// Bytes that were fetched, and the time that it took, since the newcomer began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spent {
    pub(crate) bytes: u64,
    pub(crate) time: Duration,
}

/// What the newcomers spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Measured {
    /// Until the full node had the chain, and with it the payment.
    pub(crate) full: Spent,
    /// Until the tip was proved to the light client.
    pub(crate) tip: Spent,
    /// Until two servers had given it the same filters of all blocks, and the block with the payment.
    pub(crate) found: Spent,
    /// Until it had a receipt.
    pub(crate) proved: Spent,
}

/// Starts a relay and two nodes with a chain, and lets the newcomers join one after the other.
pub(crate) async fn join(made: Made) -> Result<Measured, Box<dyn Error>> {
    let Made { chains, payment } = made;
    let params = chains[0].params().clone();
    let height = chains[0].height();
    let relay = RelayServer::bind("127.0.0.1:0", RelayConfig::default())?.spawn()?;
    let address = relay.local_addr().to_string();
    let mut nodes = Vec::new();
    for (chain, name) in chains.into_iter().zip(["first", "second"]) {
        nodes.push(node(&params, chain, name).relay(address.clone()).spawn().await?);
    }
    for node in &nodes {
        node.wait_for_relay().await?;
    }
    let full = full_node(&params, Cable::to(relay.local_addr()).await?, height).await?;
    let cable = Cable::to(relay.local_addr()).await?;
    let mut light = Newcomer { begun: Instant::now(), cable };
    let builder = LightClient::builder(params).relay(light.cable.address().to_string());
    let mut client = builder.watch(payee(), 1).spawn()?;

    let is_tip = |event: &Event| matches!(event, Event::Tip(tip) if tip.header.height == height);
    light.wait(&mut client, "proof of the tip", is_tip).await?;
    let tip = light.spent();
    let mut has_block = false;
    let is_found = |event: &Event| {
        has_block |= matches!(event, Event::Block(block) if block.transactions.iter().any(|at| at.txid() == payment));
        has_block && matches!(event, Event::Searched { confirmed, .. } if *confirmed == height)
    };
    light.wait(&mut client, "filters of all blocks from two nodes", is_found).await?;
    let found = light.spent();
    client.prove(payment).await?;
    light.wait(&mut client, "receipt", |event| matches!(event, Event::Receipt(_))).await?;
    let proved = light.spent();
    for node in &nodes {
        node.shutdown().await?;
    }
    relay.shutdown();
    Ok(Measured { full, tip, found, proved })
}

fn node(params: &ChainParams, chain: Chain<MemoryStore>, name: &str) -> NodeBuilder<MemoryStore> {
    NodeBuilder::new(params.clone()).store(chain.into_store()).agent(name)
}

/// Lets a full node fetch the chain.
async fn full_node(params: &ChainParams, cable: Cable, height: u64) -> Result<Spent, Box<dyn Error>> {
    let full = Newcomer { begun: Instant::now(), cable };
    let node = NodeBuilder::new(params.clone()).relay(full.cable.address().to_string()).agent("full").spawn().await?;
    let mut looks = interval(LOOKS);
    let there = async {
        while node.status().await?.tip.height < height {
            looks.tick().await;
        }
        Ok::<_, Box<dyn Error>>(())
    };
    timeout(PATIENCE, there).await.map_err(|_| gave_up("the chain"))??;
    let spent = full.spent();
    node.shutdown().await?;
    Ok(spent)
}

/// Somebody who joins through a cable that counts.
struct Newcomer {
    begun: Instant,
    cable: Cable,
}

impl Newcomer {
    fn spent(&self) -> Spent {
        Spent { bytes: self.cable.received(), time: self.begun.elapsed() }
    }

    /// Waits for an event of a light client.
    async fn wait(
        &mut self,
        client: &mut LightClient,
        what: &str,
        mut is_it: impl FnMut(&Event) -> bool,
    ) -> Result<(), Box<dyn Error>> {
        let wait = async {
            loop {
                match client.next().await {
                    Some(event) if is_it(&event) => return Ok(()),
                    Some(_) => {}
                    None => return Err("the light client has stopped".into()),
                }
            }
        };
        timeout(PATIENCE, wait).await.map_err(|_| gave_up(what))?
    }
}

fn gave_up(what: &str) -> Box<dyn Error> {
    GaveUp::new(format!("gave up: no {what} within {} s; is the machine very busy?", PATIENCE.as_secs())).into()
}
