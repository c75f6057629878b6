//! What a person sees of a whole network: each thing once, however many nodes it happens to.

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

/// Lines above a progress bar, and the counts behind them.
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
    /// Towards the bar's end: the highest block, and payments.
    highest: u64,
}

/// What was seen in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sight {
    /// Blocks that reached the observing node, and are right in their place.
    pub blocks: usize,
    /// Blocks with more than one child.
    pub forks: usize,
    /// Moves of a node's tip that took blocks off.
    pub reorganisations: u64,
    /// The most blocks that one of them took off.
    pub deepest: usize,
}

impl Board {
    /// Returns a board whose bar ends at so many blocks and payments.
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

    /// Moves the bar on.
    pub fn advance(&self, by: u64) {
        self.bar.inc(by);
    }

    /// Removes the bar.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }

    /// Shows a block that the observing node took, on the chain or beside it; those up to height `until` move the bar.
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

    /// Shows what happened to a node, but for the blocks that it took, which are seen where they are observed.
    pub fn happened(&self, name: &str, event: &Event) {
        let (kind, line) = match event {
            Event::BlockDisconnected { block } => {
                // each node that had it lets it go; it is lost once
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

    /// Prints a line unless there were too many of its kind.
    fn say_some(&self, kind: Kind, line: &str) {
        let line = self.seen().lines.line(kind, line);
        if let Some(line) = line {
            self.say(&line);
        }
    }

    /// Counts the lines that were left out, now and then, for ever.
    pub async fn report(&self) {
        loop {
            tokio::time::sleep(LOG_REFILL).await;
            while let Some((kind, omitted)) = { self.seen().lines.take_report() } {
                self.say(&format!("  {kind}{omitted}"));
            }
        }
    }

    /// Returns the counts.
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
        // counts are right at any moment, whoever panicked
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
