//! The consistency check of a store.

use std::ops::ControlFlow;

use redb::{ReadableTable, ReadableTableMetadata};
use toycoin_core::{
    Amount, BlockHash,
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
    /// Height of the first block whose body and undo data are here: 0, or more in a store that began with a snapshot or
    /// was pruned. The check of the state ends there.
    pub first_block: u64,
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

    pub(super) fn note<T>(&mut self, result: Result<T, StoreError>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.problem(error.to_string());
                None
            }
        }
    }

    pub(super) fn problem(&mut self, problem: String) {
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
    /// - In a pruned store these three end at the first block that was kept. Below, each height must have a header,
    ///   which the one above follows, an opening and a filter.
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
        report.first_block = reader.first_block()?.max(self.bodies_file().head().first);
        let total = blocks + active;
        for (done, entry) in (0..).zip(reader.blocks.iter()?) {
            go_on(progress(done, total))?;
            let (key, value) = entry?;
            let hash = BlockHash::from_bytes(*key.value());
            let record = report.note(BlockRecord::from_bytes(key.value(), value.value()));
            let Some(record) = record.filter(|record| self.bodies_file().has(record.body)) else { continue };
            if let Some(block) = report.note(self.read_body(&hash, &record))
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
