//! Mallory, who finds real blocks with her own program, and sends what she likes.

use std::{
    error::Error,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use tokio::{io::AsyncWriteExt as _, net::TcpStream, task::spawn_blocking};
use toycoin_core::{Amount, Block, Chain, SecretKey};
use toycoin_node::NodeHandle;
use toycoin_pow::{NonceRange, Outcome, Search};
use toycoin_wire::{
    ChannelRef, NodeId, NodeMessage,
    relay::{Hello, Publish, RelayMessage},
};

/// Nonces that are searched before Mallory looks whether the story has ended.
const CHUNK_NONCES: u64 = 1 << 16;

/// Tells a search that nobody waits for its block any more.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Mines a block on a node's tip that pays Mallory more than its subsidy, by one toycoin. All else is right.
pub(crate) async fn mine_too_much(node: &NodeHandle) -> Result<Block, Box<dyn Error>> {
    let now_ms = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
    let mut chain = Chain::in_memory(node.params().clone());
    loop {
        let since = node.blocks_since(chain.tip().hash).await?;
        for block in &since.connected {
            chain.apply(block.block().clone(), now_ms)?;
        }
        if since.complete {
            break;
        }
    }
    let mut block = chain.template(Vec::new(), SecretKey::classroom(200).public_key(), b"Mallory", now_ms)?;
    let reward = block.coinbase.outputs.first_mut().ok_or("there is no subsidy any more")?;
    reward.value = reward.value.saturating_add(Amount::from_toycoins(1)?);
    block.header.merkle_root = block.merkle_root();

    let search = Search::new(&block.header)?;
    let stop = StopOnDrop(Arc::default());
    let stopped = Arc::clone(&stop.0);
    let nonce = spawn_blocking(move || {
        let chunks = (0..).map_while(|index| NonceRange::chunk(index, CHUNK_NONCES));
        chunks.take_while(|_| !stopped.load(Ordering::Relaxed)).find_map(|range| match search.run(range) {
            Outcome::Found { nonce, .. } => Some(nonce),
            Outcome::Exhausted { .. } => None,
        })
    });
    block.header.nonce = nonce.await?.ok_or("there is no such block")?;
    Ok(block)
}

/// Sends a block through the relay, as a node would, and returns the connection that it went through.
pub(crate) async fn send(block: Block, relay: SocketAddr) -> Result<TcpStream, Box<dyn Error>> {
    let payload = NodeMessage::Block(block).encode()?;
    let hello = RelayMessage::Hello(Hello { node_id: NodeId::new(*b"mallory's device"), agent: "mallory" });
    let channel = ChannelRef::new("/topic/main")?;
    let publish = RelayMessage::Publish(Publish { channel, to: None, payload: &payload });
    let mut stream = TcpStream::connect(relay).await?;
    stream.write_all(&hello.to_frame()?).await?;
    stream.write_all(&publish.to_frame()?).await?;
    Ok(stream)
}
