//! The consistency check of a store.

use std::ops::ControlFlow;

use redb::{ReadableTable, ReadableTableMetadata};
use toycoin_core::{
    Amount, BlockHash, Work,
    filter::BlockFilter,
    proof::Opening,
    state::{ChainState, LtHash},
};

use crate::store::{RedbStore, StoreError, reader::Reader, tables::*};

/// Most problems that a report names.
pub const MAX_PROBLEMS: usize = 100;

/// The result of a store's check.
#[derive(Debug, Clone, Default)]
pub struct CheckReport {
    /// The active chain's height.
    pub height: u64,
    /// Number of bodies that were read and hashed again, on all branches.
    pub blocks: u64,
    /// Number of coins whose sum was compared with the tip's state root.
    pub coins: u64,
    /// Number of transactions whose locations were compared with the index.
    pub transactions: u64,
    /// The first [`MAX_PROBLEMS`] problems.
    pub problems: Vec<String>,
}

impl CheckReport {
    /// Returns whether the check found no problem.
    pub const fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }

    fn note<T>(&mut self, result: Result<T, StoreError>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.problem(error.to_string());
                None
            }
        }
    }

    fn problem(&mut self, problem: String) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(problem);
        }
    }
}

/// A progress callback that shows nothing and never stops the work.
pub const fn unwatched(_done: u64, _total: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Turns a callback's request to stop into an error.
pub(super) const fn go_on(wish: ControlFlow<()>) -> Result<(), StoreError> {
    match wish {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(StoreError::Interrupted),
    }
}

impl RedbStore {
    /// Checks everything on disk:
    ///
    /// - Each body is hashed again.
    /// - The undo data take the state back from the tip to genesis, and each header's state root must match on the way.
    /// - The opening of each height is that of the state there.
    /// - The filter of each height is that of the block there.
    /// - The coins add up to the tip's state.
    /// - Both indexes agree with the blocks and coins.
    ///
    /// `progress` receives the number of blocks done and their total, with each block counted twice. It returns whether
    /// to go on; [`unwatched`] always does.
    ///
    /// # Errors
    /// When the disk fails, or `progress` stops the check. Problems with the data are in the report instead.
    pub fn check(&self, mut progress: impl FnMut(u64, u64) -> ControlFlow<()>) -> Result<CheckReport, StoreError> {
        let mut report = CheckReport::default();
        let reader = self.reader()?;
        let (blocks, active) = (reader.blocks.len()?, reader.active_blocks()? - reader.first_block()?);
        let total = blocks + active;
        for (done, entry) in (0..).zip(reader.blocks.iter()?) {
            go_on(progress(done, total))?;
            let (key, value) = entry?;
            let hash = BlockHash::from_bytes(*key.value());
            let record = report.note(BlockRecord::from_bytes(key.value(), value.value()));
            if let Some(record) = record
                && let Some(block) = report.note(self.read_body(&hash, &record))
                && block.block().header != record.header
            {
                report.problem(format!("block {hash}: its header in the index is not the one in its body"));
            }
            report.blocks += 1;
        }
        let Some(Some((tip, state))) = report.note(reader.tip()) else {
            if active > 0 {
                report.problem("the index names no tip".into());
            }
            return Ok(report);
        };
        check_coins(reader, &state, &mut report)?;
        self.check_active(reader, tip, state, &mut report, |done| progress(blocks + done, total))?;
        go_on(progress(total, total))?;
        Ok(report)
    }

    /// Walks the active chain from the tip to genesis, or to the snapshot at which it begins.
    fn check_active(
        &self,
        reader: &Reader,
        tip: BlockHash,
        mut state: ChainState,
        report: &mut CheckReport,
        mut progress: impl FnMut(u64) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let (above, root) = (reader.active_blocks()?, reader.root()?);
        let first = reader.first_block()?;
        let blocks = above - first;
        report.height = above.saturating_sub(1);
        let (mut expected, mut work_above): (BlockHash, Option<(Work, Work)>) = (tip, None);
        let mut whole = true;
        for height in (first..above).rev() {
            go_on(progress(above - height))?;
            let Some(Some(active)) = report.note(reader.active(height)) else {
                report.problem(format!("the active chain has no block at height {height}"));
                whole = false;
                continue;
            };
            if whole && active.hash != expected {
                report.problem(format!(
                    "the active chain breaks at height {height}: it has block {}, the block above follows {expected}",
                    active.hash
                ));
            }
            let Some(Some(record)) = report.note(reader.block(&active.hash)) else {
                report.problem(format!("block {} at height {height} is missing in the index", active.hash));
                whole = false;
                continue;
            };
            let own = record.header.bits.to_target().map(|target| target.work()).unwrap_or_default();
            if work_above.is_some_and(|(above, of_above)| active.work + of_above != above) {
                report.problem(format!("the work at height {height} is not the sum of the blocks up to it"));
            }
            work_above = Some((active.work, own));
            expected = record.header.previous;
            // an unreadable body was reported before
            let Ok(block) = self.read_body(&active.hash, &record) else {
                whole = false;
                continue;
            };
            for (place, (txid, _)) in (0..).zip(block.ids()) {
                report.transactions += 1;
                if report.note(reader.place(txid)).is_some_and(|found| found != Some((height, place))) {
                    report.problem(format!("transaction {txid}: the index does not have its place in block {height}"));
                }
            }
            let filter = BlockFilter::with_hash(active.hash, block.block());
            if report.note(reader.filter(height, active.hash)).is_some_and(|found| found != Some(filter)) {
                report.problem(format!("the filter at height {height} is not that of the block there"));
            }
            if whole && state.root() != record.header.state_root {
                report.problem(format!("the state root at height {height} is not the one in its header"));
                whole = false;
            }
            if whole && report.note(reader.opening(height)).is_some_and(|found| found != Some(Opening::of(&state))) {
                report.problem(format!("the opening at height {height} is not that of the state there"));
            }
            let Some(undo) = report.note(self.read_undo(&active)) else {
                whole = false;
                continue;
            };
            if whole && height > 0 {
                state.apply(&undo.inverse(&block));
                state.ancestors.pop(&undo.merged);
            }
        }
        let (begins_at, openings) = match &root {
            Some(root) => (root.hash(), blocks + 1),
            None => (BlockHash::ZERO, blocks),
        };
        if whole && expected != begins_at {
            report.problem("the active chain does not begin at genesis, nor at its snapshot".into());
        }
        if let Some(root) = root.filter(|root| whole && state.root() != root.header.state_root) {
            report.problem(format!("the state root at height {} is not the one in its header", root.header.height));
        }
        if reader.openings.len()? != openings {
            report.problem(format!("the index has {} openings, the chain {blocks} blocks", reader.openings.len()?));
        }
        if reader.filters.len()? != blocks {
            report.problem(format!("the index has {} filters, the chain {blocks} blocks", reader.filters.len()?));
        }
        if reader.transactions.len()? != report.transactions {
            report.problem(format!(
                "the index has {} transactions, the chain {}",
                reader.transactions.len()?,
                report.transactions
            ));
        }
        Ok(())
    }
}

fn check_coins(reader: &Reader, state: &ChainState, report: &mut CheckReport) -> Result<(), StoreError> {
    let (mut sum, mut worth) = (LtHash::default(), Amount::ZERO);
    for entry in reader.coins.iter()? {
        let (key, value) = entry?;
        report.coins += 1;
        let Some(coin) = report.note(coin_from_bytes(key.value(), value.value())) else { continue };
        let outpoint = outpoint_of(key.value());
        sum.add(&outpoint, &coin);
        worth = worth.saturating_add(coin.output.value);
        if reader.owners.get(&owned_key(&coin.output.owner, key.value()))?.is_none() {
            report.problem(format!("coin {outpoint} is missing in its owner's list"));
        }
    }
    if (sum, report.coins, worth) != (state.utxo_hash.clone(), state.coin_count, state.issued) {
        report.problem("the UTXO set is not the one that the tip commits to".into());
    }
    if reader.owners.len()? != report.coins {
        report.problem(format!(
            "the lists of owners have {} coins, the UTXO set has {}",
            reader.owners.len()?,
            report.coins
        ));
    }
    Ok(())
}
