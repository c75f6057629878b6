//! Display of a whole network that shows each thing once, however many nodes it happens to.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use indicatif::{ProgressBar, ProgressStyle};
use toycoin_core::{BlockHash, CheckedBlock};
use toycoin_node::{limits::LOG_REFILL, protocol::Event};

use crate::{
    forks::{Forks, Kin},
    lines::{Kind, Lines},
    say,
    view::{BlockLines, lost_race, trouble},
};

/// Lines above a progress bar, and the counters behind them.
#[derive(Debug)]
pub struct Board {
    bar: ProgressBar,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    blocks: BlockLines,
    lines: Lines,
    forks: Forks,
    lost: BTreeSet<BlockHash>,
    reorganisations: u64,
    deepest: usize,
    /// Progress toward the bar's end: the greatest height so far; payments are added directly.
    highest: u64,
}

/// Totals of what the board saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sight {
    /// Valid blocks that reached the observing node.
    pub blocks: usize,
    /// Number of blocks with more than one child.
    pub forks: usize,
    /// Reorganisations of all nodes.
    pub reorganisations: u64,
    /// Number of blocks that the deepest reorganisation disconnected.
    pub deepest: usize,
}

impl Board {
    /// Returns a board whose bar ends at this many blocks and payments.
    pub fn new(blocks: u64, payments: u64) -> Self {
        let bar = ProgressBar::new(blocks + payments);
        let template = "{bar:40} {pos} of {len} blocks and payments";
        bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { bar, seen: Mutex::default() }
    }

    /// Prints a line above the bar.
    pub fn say(&self, line: &str) {
        self.bar.suspend(|| say!("{line}"));
    }

    /// Advances the bar.
    pub fn advance(&self, by: u64) {
        self.bar.inc(by);
    }

    /// Removes the bar.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }

    /// Shows a block that the observing node accepted, on its chain or beside it; blocks up to height `until` advance
    /// the bar.
    pub fn observed(&self, block: &CheckedBlock, until: u64) {
        let hash = block.hash();
        let mut seen = self.seen();
        let mark = match seen.forks.add(hash, block.block().header.previous) {
            Kin::Known => return,
            Kin::FirstChild => "",
            Kin::Sibling => "  FORK: a second block on its parent",
        };
        let line = seen.blocks.line(block.block(), &hash) + mark;
        let reached = block.height().min(until).max(seen.highest);
        let by = reached - seen.highest;
        seen.highest = reached;
        drop(seen);
        self.say_some(Kind::Blocks("blocks"), &line);
        self.advance(by);
    }

    /// Shows an event of a node, except accepted blocks, which [`observed`](Self::observed) shows.
    pub fn happened(&self, name: &str, event: &Event) {
        let (kind, line) = match event {
            Event::BlockDisconnected { block } => {
                // every node that had the block disconnects it, but it is shown only once
                if !self.seen().lost.insert(block.hash()) {
                    return;
                }
                (Kind::Blocks("blocks that lost their race"), lost_race(block.block(), &block.hash()))
            }
            Event::TipChanged { disconnected, .. } if *disconnected > 0 => {
                let mut seen = self.seen();
                seen.reorganisations += 1;
                seen.deepest = seen.deepest.max(*disconnected);
                (Kind::Blocks("reorganisations"), format!("reorganisation, {disconnected} deep"))
            }
            other => match trouble(other) {
                Some(trouble) => trouble,
                None => return,
            },
        };
        self.say_some(kind, &format!("  {name}: {line}"));
    }

    /// Prints a line unless the rate limit of its kind is reached.
    fn say_some(&self, kind: Kind, line: &str) {
        let line = self.seen().lines.line(kind, line);
        if let Some(line) = line {
            self.say(&line);
        }
    }

    /// Prints, at intervals and without end, how many lines were left out.
    pub async fn report(&self) {
        loop {
            tokio::time::sleep(LOG_REFILL).await;
            while let Some((kind, omitted)) = { self.seen().lines.take_report() } {
                self.say(&format!("  {kind}{omitted}"));
            }
        }
    }

    /// Returns the totals so far.
    pub fn sight(&self) -> Sight {
        let seen = self.seen();
        Sight {
            blocks: seen.forks.blocks(),
            forks: seen.forks.forks(),
            reorganisations: seen.reorganisations,
            deepest: seen.deepest,
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        // the counters are consistent at any moment, even after a panic
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
