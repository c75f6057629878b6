//! What a person sees of a node's events.

use std::time::Instant;

use toycoin_core::{Block, BlockHash, HumanDuration};
use toycoin_node::protocol::Event;
use toycoin_wire::printable;

/// Most characters of a miner's text that are shown, escapes included.
const MINER_TEXT: usize = 64;

/// Turns the events of one node into lines.
#[derive(Debug)]
pub struct View {
    name: String,
    blocks: BlockLines,
}

impl View {
    /// Returns the view of a node that lines call by this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), blocks: BlockLines::default() }
    }

    /// Returns the line for an event, if a person wants to see it.
    pub fn line(&mut self, event: &Event) -> Option<String> {
        let line = match event {
            Event::BlockConnected { block, .. } => return Some(self.blocks.line(block.block(), &block.hash())),
            Event::BlockDisconnected { block } => lost_race(block.block(), &block.hash()),
            Event::TipChanged { disconnected, .. } if *disconnected > 0 => {
                format!("reorganisation, {disconnected} deep")
            }
            Event::SideBlock { hash, height } => {
                format!("fork, block {height:>5} {} stands beside the chain", short(hash))
            }
            other => trouble(other)?,
        };
        Some(format!("  {}: {line}", self.name))
    }
}

/// Returns what a person should know of an event that is not about the chain's blocks.
pub fn trouble(event: &Event) -> Option<String> {
    Some(match event {
        Event::TransactionDropped { txid, reason } => {
            let txid: String = txid.to_string().chars().take(10).collect();
            format!("payment {txid} dropped: {reason}")
        }
        Event::BlockRejected { hash, reason, .. } => format!("block {} rejected: {reason}", short(hash)),
        Event::PeerMuted { id, reason } => format!("peer {id} muted: {reason}"),
        Event::RelayConnected { .. } => "connected to the relay".into(),
        Event::RelayDisconnected { .. } => "lost the relay, trying again".into(),
        Event::ClockOff(warning) => format!("warning: {warning}"),
        Event::MiningWaits { wait } => format!(
            "mining waits {}: the chain's times are too far ahead of this clock; check that it is right",
            HumanDuration::from(*wait)
        ),
        Event::Lagged { count } => format!("the relay dropped {count} messages"),
        _ => return None,
    })
}

/// Returns what became of a block that left the chain, and of its payments.
pub fn lost_race(block: &Block, hash: &BlockHash) -> String {
    let (height, payments) = (block.header.height, block.transactions.len());
    let payments = match payments {
        0 => "it held no payment".to_owned(),
        1 => "its payment waits again".to_owned(),
        more => format!("its {more} payments wait again"),
    };
    format!("block {height:>5} {} lost its race; {payments}", short(hash))
}

/// Turns blocks into lines that say how long after the last one they came.
#[derive(Debug)]
pub struct BlockLines {
    last: Instant,
}

impl Default for BlockLines {
    fn default() -> Self {
        Self { last: Instant::now() }
    }
}

impl BlockLines {
    /// Returns the line of a block that came just now.
    pub fn line(&mut self, block: &Block, hash: &BlockHash) -> String {
        let since = self.last.elapsed().as_secs_f64();
        self.last = Instant::now();
        let (height, payments) = (block.header.height, block.transactions.len());
        let zeros = leading_zero_bits(hash);
        let extra = String::from_utf8_lossy(&block.coinbase.extra);
        // behind the text stands the node's mark
        let miner = printable(extra.rsplit_once('#').map_or(&*extra, |(text, _)| text), MINER_TEXT);
        let hash = short(hash);
        format!(
            "block {height:>5}  {hash}  {zeros:>2} zero bits  {payments:>2} payments  {since:>5.1} s  mined by {miner}"
        )
    }
}

/// Returns a hash's first digits behind its zeros, which is where they differ.
pub fn short(hash: &BlockHash) -> String {
    let text = hash.to_string();
    let zeros = text.len() - text.trim_start_matches('0').len();
    text.chars().skip(zeros.min(text.len() - 10)).take(10).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_for_the_clock_is_told_in_human_units() {
        let line = trouble(&Event::MiningWaits { wait: std::time::Duration::from_secs(252) }).unwrap();
        assert!(line.starts_with("mining waits 4 min 12 s: "), "{line}");
    }

    #[test]
    fn a_hash_is_shown_where_hashes_differ() {
        let mut bytes = [0xab; 32];
        bytes[..2].fill(0);
        bytes[2] = 0x0f;
        let hash = BlockHash::from_bytes(bytes);
        assert_eq!(short(&hash), "fababababa");
        assert_eq!(leading_zero_bits(&hash), 20);
        let zero = BlockHash::from_bytes([0; 32]);
        assert_eq!((short(&zero).as_str(), leading_zero_bits(&zero)), ("0000000000", 256));
    }
}
