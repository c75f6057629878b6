//! Display of a node's events as lines.

use std::time::Instant;

use toycoin_core::{Block, BlockHash, HumanDuration};
use toycoin_node::protocol::Event;
use toycoin_wire::printable;

use crate::lines::{Kind, Lines};

/// Most characters of a miner's text that are shown, after escaping.
const MINER_TEXT: usize = 64;

/// Turns the events of one node into lines, at a rate that a person can read.
#[derive(Debug)]
pub struct View {
    name: String,
    blocks: BlockLines,
    lines: Lines,
}

impl View {
    /// Returns the view of a node; its lines begin with this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), blocks: BlockLines::default(), lines: Lines::default() }
    }

    /// Returns the line for an event, unless the event is of no interest or the rate limit of its kind is reached.
    pub fn line(&mut self, event: &Event) -> Option<String> {
        if let Event::BlockConnected { block, .. } = event {
            let line = self.blocks.line(block.block(), &block.hash());
            return self.lines.line(Kind::Blocks("blocks"), line);
        }
        let (kind, line) = match event {
            Event::BlockDisconnected { block } => {
                (Kind::Blocks("blocks that lost their race"), lost_race(block.block(), &block.hash()))
            }
            Event::TipChanged { disconnected, .. } if *disconnected > 0 => {
                (Kind::Blocks("reorganisations"), format!("reorganisation, {disconnected} deep"))
            }
            Event::SideBlock { hash, height } => {
                (Kind::Blocks("forks"), format!("fork, block {height:>5} {} stands beside the chain", short(hash)))
            }
            other => trouble(other)?,
        };
        self.lines.line(kind, format_args!("  {}: {line}", self.name))
    }

    /// Records a block whose line is not shown.
    pub fn pass_over(&mut self) {
        self.blocks.last = Instant::now();
    }

    /// Returns a line about events that passed too quickly to show, unless the rate limit is reached.
    pub fn missed(&mut self, events: u64) -> Option<String> {
        let line = format_args!("  {}: {events} events passed too quickly to show", self.name);
        self.lines.line(Kind::Other("gaps between events"), line)
    }

    /// Waits until a report about omitted lines is due, and returns it; waits for ever if no line was omitted.
    pub async fn report(&mut self) -> String {
        let (kind, omitted) = self.lines.report().await;
        format!("  {}: {kind}{omitted}", self.name)
    }
}

/// Returns the line for an event that does not concern the chain's blocks, and its kind; `None` if it is of no
/// interest.
pub fn trouble(event: &Event) -> Option<(Kind, String)> {
    let (kind, line) = match event {
        Event::TransactionDropped { txid, reason } => {
            let txid: String = txid.to_string().chars().take(10).collect();
            ("dropped payments", format!("payment {txid} dropped: {reason}"))
        }
        Event::BlockRejected { hash, reason, .. } => {
            ("rejected blocks", format!("block {} rejected: {reason}", short(hash)))
        }
        Event::PeerMuted { id, reason } => ("muted peers", format!("peer {id} muted: {reason}")),
        Event::RelayConnected { .. } => ("connections to the relay", "connected to the relay".into()),
        Event::RelayDisconnected { .. } => ("losses of the relay", "lost the relay, trying again".into()),
        Event::ClockOff(warning) => ("clock warnings", format!("warning: {warning}")),
        Event::MiningWaits { wait } => {
            let wait = HumanDuration::from(*wait);
            let line = format!(
                "mining waits {wait}: the chain's times are too far ahead of this clock; check that it is right"
            );
            ("waits of the miner", line)
        }
        Event::Lagged { count } => ("messages about a slow connection", format!("the relay dropped {count} messages")),
        _ => return None,
    };
    Some((Kind::Other(kind), line))
}

/// Returns a line about a block that left the chain, and about its payments.
pub fn lost_race(block: &Block, hash: &BlockHash) -> String {
    let (height, payments) = (block.header.height, block.transactions.len());
    let payments = match payments {
        0 => "it held no payment".to_owned(),
        1 => "its payment waits again".to_owned(),
        more => format!("its {more} payments wait again"),
    };
    format!("block {height:>5} {} lost its race; {payments}", short(hash))
}

/// Turns blocks into lines that show the time since the block before.
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
    /// Returns the line of a block that has just arrived.
    pub fn line(&mut self, block: &Block, hash: &BlockHash) -> String {
        let since = self.last.elapsed().as_secs_f64();
        self.last = Instant::now();
        let (height, payments) = (block.header.height, block.transactions.len());
        let zeros = leading_zero_bits(hash);
        let extra = String::from_utf8_lossy(&block.coinbase.extra);
        // the node's mark follows the miner's text
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

/// Returns the number of zero bits at the beginning of a hash.
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
    use std::{sync::Arc, time::Duration};

    use toycoin_core::{Chain, ChainParams, CheckedBlock, Rule, SecretKey, chain::Tip};
    use toycoin_node::protocol::MuteReason;
    use toycoin_wire::NodeId;

    use super::*;

    /// Returns every kind of event that a stranger can cause, as in a flood.
    fn flood(number: u64, block: &Arc<CheckedBlock>, tip: Tip) -> Vec<Event> {
        let mut bytes = [0xee; 32];
        bytes[..8].copy_from_slice(&number.to_le_bytes());
        let hash = BlockHash::from_bytes(bytes);
        let id = NodeId::new([7; 16]);
        let reason = MuteReason::Undecodable("x".repeat(128));
        vec![
            Event::BlockConnected { block: Arc::clone(block), own: false },
            Event::BlockDisconnected { block: Arc::clone(block) },
            Event::TipChanged { tip, disconnected: 1 },
            Event::SideBlock { hash, height: number },
            Event::BlockRejected { hash, rule: Rule::ProofOfWork, reason: "y".repeat(300) },
            Event::PeerConnected { id },
            Event::PeerDisconnected { id },
            Event::PeerMuted { id, reason },
            Event::RelayConnected { relay: 0 },
            Event::RelayDisconnected { relay: 0 },
            Event::Lagged { count: number },
        ]
    }

    #[test]
    fn a_minute_of_every_flood_is_less_than_a_megabyte() {
        let chain = Chain::in_memory(ChainParams::regtest());
        let owner = SecretKey::classroom(0).public_key();
        let block = chain.template(Vec::new(), owner, &[b'x'; 64], u64::MAX >> 16).unwrap().mine_trivial();
        let block = Arc::new(block.check(chain.params()).unwrap());
        let mut view = View::new("node");
        let (mut bytes, mut lines, mut omitted) = (0, 0, 0_u64);
        for number in 0..12_000 {
            for event in flood(number, &block, chain.tip()) {
                let Some(line) = view.line(&event) else { continue };
                bytes += line.len() + 1;
                lines += 1;
                let more = line.split_once(" (and ").and_then(|(_, rest)| rest.split_once(' '));
                omitted += more.and_then(|(count, _)| count.parse::<u64>().ok()).unwrap_or(0);
            }
            view.lines.skipped += Duration::from_millis(5);
        }
        assert!(bytes < 1_000_000, "{bytes} bytes");
        // after the flood, a report counts the lines that were left out
        view.lines.skipped += Duration::from_secs(60);
        while let Some((_, report)) = view.lines.take_report() {
            omitted += report.lines;
        }
        assert_eq!(lines + omitted, 12_000 * 9, "two kinds are nobody's concern");
    }

    #[test]
    fn a_miners_text_is_shown_escaped() {
        let mut block = ChainParams::lab().genesis().clone();
        block.coinbase.extra = b"\x1b[2J\r\nerror: forged\xff#00000000".to_vec();
        let line = BlockLines::default().line(&block, &block.hash());
        assert!(line.ends_with("mined by \\u{1b}[2J\\r\\nerror: forged\u{fffd}"), "{line}");
        assert!(!line.contains(|c: char| c.is_control()));
    }

    #[test]
    fn a_wait_for_the_clock_is_told_in_human_units() {
        let (_, line) = trouble(&Event::MiningWaits { wait: Duration::from_secs(252) }).unwrap();
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
