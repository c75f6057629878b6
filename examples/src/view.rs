//! Display of a node's events as lines: blocks as rows of a table, everything else as notes below them.

use std::{collections::VecDeque, time::Instant};

use toycoin_core::{Amount, BlockHash, CheckedBlock, PublicKey, chain::Tip};
use toycoin_node::{
    NodeHandle, Stopped,
    protocol::{Event, Reorg},
};

use crate::{
    block_row::{Branch, Row, short},
    columns::wrap,
    lines::{Kind, Lines},
    look::{Colour, Look},
    purse::{Purse, Turnover, mined},
    reorganisation,
    trouble::trouble,
    words::money,
};

/// Number of the latest blocks that are remembered as told, so that each is told once.
const TOLD: usize = 1_000;

/// Number of rows below the names of the columns, until these are printed again.
const ROWS_PER_HEAD: u64 = 40;

/// Turns the events of one node into lines, at a rate that a person can read.
#[derive(Debug)]
pub struct View {
    look: Look,
    /// Receives the rewards of the node's blocks.
    owner: PublicKey,
    /// The coins of the owner, if somebody waits for payments to it.
    purse: Option<Purse>,
    /// The rewards in the blocks that left the chain in the present move.
    lost: Amount,
    told: VecDeque<BlockHash>,
    /// When the last block came.
    last: Instant,
    /// Number of rows so far.
    rows: u64,
    lines: Lines,
}

impl View {
    /// Returns the view of a node whose blocks pay this owner.
    pub fn new(look: Look, owner: PublicKey) -> Self {
        Self {
            look,
            owner,
            purse: None,
            lost: Amount::ZERO,
            told: VecDeque::new(),
            last: Instant::now(),
            rows: 0,
            lines: Lines::default(),
        }
    }

    /// Tells from now on what the owner of this purse receives and pays.
    #[must_use]
    pub fn with_purse(mut self, purse: Purse) -> Self {
        self.purse = Some(purse);
        self
    }

    /// Returns the lines for an event. There are none if it is of no interest or the rate limit of its kind is reached.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn tell(&mut self, event: &Event, node: &NodeHandle) -> Result<Vec<String>, Stopped> {
        match event {
            Event::BlockConnected { block, .. } => Ok(self.connected(block)),
            Event::BlockDisconnected { block } => {
                self.lost = self.lost.saturating_add(mined(block, self.owner));
                Ok(Vec::new())
            }
            Event::TipChanged { tip, reorg } => {
                let lost = std::mem::take(&mut self.lost);
                Ok(reorg.as_ref().map(|reorg| self.reorganised(reorg, tip, lost)).unwrap_or_default())
            }
            Event::SideBlock { hash, .. } if self.is_new(*hash) => {
                let Some(omitted) = self.lines.admit(Kind::Blocks("blocks beside the chain")) else {
                    return Ok(Vec::new());
                };
                let mut lines = match node.block(*hash).await? {
                    Some(block) => self.row(&Row::new(block.block(), hash, Branch::Other, Vec::new())),
                    None => self.note(Colour::Fork, &format!("block {} stands beside the chain", short(hash))),
                };
                if omitted.lines > 0 {
                    lines.extend(self.note(Colour::Faint, &format!("blocks beside the chain{omitted}")));
                }
                Ok(lines)
            }
            Event::SideBlock { .. } => Ok(Vec::new()),
            other => {
                let line = trouble(other).and_then(|(kind, text)| self.lines.line(kind, text));
                Ok(line.map(|line| self.note(Colour::Refused, &line)).unwrap_or_default())
            }
        }
    }

    /// Takes notice of an event that is not shown.
    pub fn pass_over(&mut self, event: &Event) {
        self.last = Instant::now();
        if let (Event::BlockConnected { block, .. }, Some(purse)) = (event, &mut self.purse) {
            purse.connected(block);
        }
    }

    /// Returns a line about events that passed too quickly to show, unless the rate limit is reached. It looks what the
    /// owner has meanwhile.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn missed(&mut self, events: u64, node: &NodeHandle) -> Result<Vec<String>, Stopped> {
        self.lost = Amount::ZERO;
        if let Some(purse) = &mut self.purse {
            purse.look(node).await?;
        }
        let text = format_args!("{events} events passed too quickly to show");
        let line = self.lines.line(Kind::Other("gaps between events"), text);
        Ok(line.map(|line| self.note(Colour::Refused, &line)).unwrap_or_default())
    }

    /// Waits until a report about omitted lines is due, and returns it; waits for ever if no line was omitted.
    pub async fn report(&mut self) -> Vec<String> {
        let (kind, omitted) = self.lines.report().await;
        self.note(Colour::Faint, &format!("{kind}{omitted}"))
    }

    fn connected(&mut self, block: &CheckedBlock) -> Vec<String> {
        let turnover = match &mut self.purse {
            Some(purse) => purse.connected(block),
            None => Turnover { mined: mined(block, self.owner), ..Turnover::default() },
        };
        let since = self.last.elapsed().as_secs_f64();
        self.last = Instant::now();
        let mined = (turnover.mined > Amount::ZERO).then(|| format!("mined {}", money(turnover.mined)));
        let mut lines = Vec::new();
        if self.is_new(block.hash()) {
            if let Some(omitted) = self.lines.admit(Kind::Blocks("blocks")) {
                let mined = mined.map(|mined| format!(", {mined}")).unwrap_or_default();
                let said = vec![format!("{since:.1} s{mined}")];
                lines = self.row(&Row::new(block.block(), &block.hash(), Branch::Only, said));
                if omitted.lines > 0 {
                    lines.extend(self.note(Colour::Faint, &format!("blocks{omitted}")));
                }
            }
        } else if let Some(mined) = mined {
            // it stood beside the chain when it was told
            let line = self.lines.line(Kind::Blocks("rewards"), format_args!("{mined} in block {}", block.height()));
            lines.extend(line.iter().flat_map(|line| self.note(Colour::Money, line)));
        }
        for (what, payments) in [("received", &turnover.received), ("paid", &turnover.paid)] {
            for (txid, amount) in payments {
                let text = format_args!("{what} {} in block {}: {}", money(*amount), block.height(), short(txid));
                let line = self.lines.line(Kind::Other("payments of yours"), text);
                lines.extend(line.iter().flat_map(|line| self.note(Colour::Money, line)));
            }
        }
        lines
    }

    fn reorganised(&mut self, reorg: &Reorg, tip: &Tip, lost: Amount) -> Vec<String> {
        let mut said = reorganisation::said(reorg, tip, self.look);
        if lost > Amount::ZERO {
            said = format!("{said}; {} mined there is lost", money(lost));
        }
        let line = self.lines.line(Kind::Blocks("reorganisations"), said);
        line.map(|line| self.note(Colour::Fork, &line)).unwrap_or_default()
    }

    /// Returns the lines of a row, below the names of the columns if those have scrolled away.
    fn row(&mut self, row: &Row) -> Vec<String> {
        let head = self.rows.is_multiple_of(ROWS_PER_HEAD).then(|| Row::head(self.look, "after"));
        self.rows += 1;
        head.into_iter().chain(row.lines(self.look)).collect()
    }

    /// Remembers a block as told, and returns whether it had not been told before.
    fn is_new(&mut self, hash: BlockHash) -> bool {
        // the latest blocks are the likely ones
        if self.told.iter().rev().any(|told| *told == hash) {
            return false;
        }
        if self.told.len() == TOLD {
            self.told.pop_front();
        }
        self.told.push_back(hash);
        true
    }

    fn note(&self, colour: Colour, text: &str) -> Vec<String> {
        wrap("  ", text).iter().map(|line| self.look.paint(colour, line)).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use toycoin_core::{Chain, ChainParams, Rule, SecretKey};
    use toycoin_node::{NodeBuilder, protocol::MuteReason};
    use toycoin_wire::NodeId;

    use super::*;
    use crate::columns::{WIDTH, width};

    /// Returns a reorganisation from a tip, one block deep.
    fn reorg(old_tip: Tip) -> Arc<Reorg> {
        let (ancestor, ancestor_height) = (BlockHash::ZERO, old_tip.height.saturating_sub(1));
        let (disconnected, connected, returned_count) = (1, 2, 3);
        let returned = Vec::new();
        Arc::new(Reorg { old_tip, ancestor, ancestor_height, disconnected, connected, returned, returned_count })
    }

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
            Event::TipChanged { tip, reorg: Some(reorg(tip)) },
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

    #[tokio::test]
    async fn a_minute_of_every_flood_is_less_than_a_megabyte() {
        let node = NodeBuilder::new(ChainParams::regtest()).spawn().await.unwrap();
        let chain = Chain::in_memory(ChainParams::regtest());
        let owner = SecretKey::classroom(0).public_key();
        let block = chain.template(Vec::new(), owner, &[b'x'; 64], u64::MAX >> 16).unwrap().mine_trivial();
        let block = Arc::new(block.check(chain.params()).unwrap());
        let mut view = View::new(Look::PLAIN, owner);
        let (mut bytes, mut told, mut omitted) = (0, 0, 0_u64);
        for number in 0..12_000 {
            for event in flood(number, &block, chain.tip()) {
                let lines = view.tell(&event, &node).await.unwrap();
                assert!(lines.iter().all(|line| width(line) <= WIDTH), "{lines:#?}");
                if lines.is_empty() {
                    continue;
                }
                bytes += lines.iter().map(|line| line.len() + 1).sum::<usize>();
                told += 1;
                let text = lines.join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
                let more = text.split_once("(and ").and_then(|(_, rest)| rest.split_once(' '));
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
        assert_eq!(told + omitted, 12_000 * 8, "three kinds make no line of their own");
        node.shutdown().await.unwrap();
    }

    #[tokio::test]
    async fn a_block_is_told_once_and_its_reward_when_it_counts() {
        let node = NodeBuilder::new(ChainParams::regtest()).spawn().await.unwrap();
        let chain = Chain::in_memory(ChainParams::regtest());
        let owner = SecretKey::classroom(0).public_key();
        let block = chain.template(Vec::new(), owner, b"node 1#00000000", u64::MAX >> 16).unwrap().mine_trivial();
        let block = Arc::new(block.check(chain.params()).unwrap());
        let mut view = View::new(Look::PLAIN, owner);
        let connected = Event::BlockConnected { block: Arc::clone(&block), own: true };
        let lines = view.tell(&connected, &node).await.unwrap();
        let [head, line] = &lines[..] else { panic!("{lines:#?}") };
        assert!(head.starts_with("  height  hash ") && head.ends_with("  after"), "{head}");
        assert!(line.starts_with("       1  ") && line.contains("node 1 ") && line.ends_with(" s, mined 50"), "{line}");
        let gone = Event::BlockDisconnected { block };
        assert!(view.tell(&gone, &node).await.unwrap().is_empty());
        let moved = view.tell(&Event::TipChanged { tip: chain.tip(), reorg: Some(reorg(chain.tip())) }, &node).await;
        let moved = moved.unwrap().join(" ");
        assert!(
            moved.contains("reorganises: ")
                && moved.contains("; 3 payments wait again; ")
                && moved.ends_with("50 mined there is lost"),
            "{moved}"
        );
        let again = view.tell(&connected, &node).await.unwrap();
        assert_eq!(again, ["  mined 50 in block 1"]);
        node.shutdown().await.unwrap();
    }
}
