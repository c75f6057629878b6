//! What a person sees of a node's events.

use std::time::Instant;

use toycoin_core::{BlockHash, CheckedBlock};
use toycoin_node::protocol::Event;

/// Turns events into lines.
#[derive(Debug)]
pub struct View {
    last_block: Instant,
    /// Blocks that stand on a branch, or left the chain.
    pub forks: u64,
    /// Moves of the tip that took blocks off.
    pub reorgs: u64,
    /// The most blocks that one of them took off.
    pub deepest: usize,
}

impl Default for View {
    fn default() -> Self {
        Self { last_block: Instant::now(), forks: 0, reorgs: 0, deepest: 0 }
    }
}

impl View {
    /// Returns the line for an event of the node called `name`, if a person wants to see it.
    pub fn line(&mut self, name: &str, event: &Event) -> Option<String> {
        Some(match event {
            Event::BlockConnected { block, .. } => self.block_line(block),
            Event::BlockDisconnected { block } => {
                let waiting = block.block().transactions.len();
                format!(
                    "  {name}: block {:>5} {} lost its race; its {waiting} payments wait again",
                    block.height(),
                    short(&block.hash())
                )
            }
            Event::TipChanged { disconnected, .. } if *disconnected > 0 => {
                self.reorgs += 1;
                self.deepest = self.deepest.max(*disconnected);
                format!("  {name}: reorganisation, {disconnected} deep")
            }
            Event::SideBlock { hash, height } => {
                self.forks += 1;
                format!("  {name}: fork, block {height:>5} {} stands beside the chain", short(hash))
            }
            Event::TransactionDropped { txid, reason } => {
                format!("  {name}: payment {} dropped: {reason}", &txid.to_string()[..10])
            }
            Event::BlockRejected { hash, reason, .. } => format!("  {name}: block {} rejected: {reason}", short(hash)),
            Event::PeerMuted { id, reason } => format!("  {name}: peer {id} muted: {reason}"),
            Event::RelayConnected { .. } => format!("  {name}: connected to the relay"),
            Event::RelayDisconnected { .. } => format!("  {name}: lost the relay, trying again"),
            Event::ClockOff { offset_ms } => format!("  {name}: this clock is {offset_ms} ms behind the others'"),
            Event::Lagged { count } => format!("  {name}: the relay dropped {count} messages"),
            _ => return None,
        })
    }

    fn block_line(&mut self, block: &CheckedBlock) -> String {
        let since = self.last_block.elapsed().as_secs_f64();
        self.last_block = Instant::now();
        let zeros = leading_zero_bits(&block.hash());
        let payments = block.block().transactions.len();
        let miner = String::from_utf8_lossy(&block.block().coinbase.extra).escape_debug().to_string();
        format!(
            "block {:>5}  {}  {zeros:>2} zero bits  {payments:>2} payments  {since:>5.1} s  mined by {miner}",
            block.height(),
            short(&block.hash())
        )
    }
}

/// Returns a hash's first digits behind its zeros, which is where they differ.
pub fn short(hash: &BlockHash) -> String {
    let text = hash.to_string();
    let zeros = text.len() - text.trim_start_matches('0').len();
    let start = zeros.min(text.len() - 10);
    text[start..start + 10].to_owned()
}

/// Returns how many bits of a hash are zero before the first one.
pub fn leading_zero_bits(hash: &BlockHash) -> u32 {
    let mut bits = 0;
    for byte in hash.as_bytes() {
        bits += byte.leading_zeros();
        if *byte != 0 {
            break;
        }
    }
    bits
}
