//! The consistency check of the active chain, from the tip down.

use std::ops::ControlFlow;

use redb::{ReadableTable, ReadableTableMetadata};
use toycoin_core::{BlockHash, Work, filter::BlockFilter, proof::Opening, state::ChainState};

use crate::store::{
    CheckReport, RedbStore, StoreError,
    check::go_on,
    reader::Reader,
    tables::{ActiveRecord, BlockRecord, place_from_bytes},
};

/// A walk down the active chain.
struct Walk<'a> {
    reader: &'a Reader,
    report: &'a mut CheckReport,
    /// The hash that the next block should have.
    expected: BlockHash,
    /// The work of the chain up to the block above, and that of the block itself.
    work_above: Option<(Work, Work)>,
    /// Whether the chain is whole so far, so that a difference is the next record's fault.
    whole: bool,
}

impl RedbStore {
    /// Walks the active chain from the tip to genesis, or to the snapshot at which it begins.
    pub(super) fn check_active(
        &self,
        reader: &Reader,
        tip: BlockHash,
        mut state: ChainState,
        report: &mut CheckReport,
        mut progress: impl FnMut(u64) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let (above, root, lowest) = (reader.active_blocks()?, reader.root()?, reader.first_block()?);
        let (blocks, first) = (above - lowest, report.first_block);
        report.height = above.saturating_sub(1);
        let mut walk = Walk { reader, report, expected: tip, work_above: None, whole: true };
        for height in (first..above).rev() {
            go_on(progress(above - height))?;
            if let Some((active, record)) = walk.step(height) {
                self.check_block(height, &active, &record, &mut state, &mut walk);
            }
        }
        if first > lowest && walk.whole {
            walk.state_below(first - 1, &state);
        }
        for height in (lowest..first).rev() {
            go_on(progress(above - height))?;
            if let Some((active, _)) = walk.step(height) {
                walk.indexed(height, active.hash);
            }
        }
        let Walk { expected, whole, .. } = walk;
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
        let transactions = transactions_from(reader, first, report)?;
        if transactions != report.transactions {
            report.problem(format!("the index has {transactions} transactions, the chain {}", report.transactions));
        }
        Ok(())
    }

    /// Compares a block whose body is here with everything that is indexed of it, and takes the state back below it.
    fn check_block(
        &self,
        height: u64,
        active: &ActiveRecord,
        record: &BlockRecord,
        state: &mut ChainState,
        walk: &mut Walk<'_>,
    ) {
        let Walk { reader, report, whole, .. } = walk;
        // an unreadable body was reported before, unless the file should have it
        let Ok(block) = self.read_body(&active.hash, record) else {
            if !self.bodies_file().has(record.body) {
                report.problem(format!("block {} at height {height} was pruned", active.hash));
            }
            *whole = false;
            return;
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
        if *whole && state.root() != record.header.state_root {
            report.problem(format!("the state root at height {height} is not the one in its header"));
            *whole = false;
        }
        if *whole && report.note(reader.opening(height)).is_some_and(|found| found != Some(Opening::of(state))) {
            report.problem(format!("the opening at height {height} is not that of the state there"));
        }
        let Some(undo) = report.note(self.read_undo(active)) else {
            *whole = false;
            return;
        };
        if *whole && height > 0 {
            state.apply(&undo.inverse(&block));
            state.ancestors.pop(&undo.merged);
        }
    }
}

impl Walk<'_> {
    /// Goes down to the block at `height`, and returns what is indexed of it.
    fn step(&mut self, height: u64) -> Option<(ActiveRecord, BlockRecord)> {
        let Self { reader, report, expected, work_above, whole } = self;
        let Some(Some(active)) = report.note(reader.active(height)) else {
            report.problem(format!("the active chain has no block at height {height}"));
            *whole = false;
            return None;
        };
        if *whole && active.hash != *expected {
            report.problem(format!(
                "the active chain breaks at height {height}: it has block {}, the block above follows {expected}",
                active.hash
            ));
        }
        let Some(Some(record)) = report.note(reader.block(&active.hash)) else {
            report.problem(format!("block {} at height {height} is missing in the index", active.hash));
            *whole = false;
            return None;
        };
        let own = record.header.bits.to_target().map(|target| target.work()).unwrap_or_default();
        if work_above.is_some_and(|(above, of_above)| active.work + of_above != above) {
            report.problem(format!("the work at height {height} is not the sum of the blocks up to it"));
        }
        *work_above = Some((active.work, own));
        *expected = record.header.previous;
        Some((active, record))
    }

    /// Compares the state below the last block that was kept with the header and the opening there.
    fn state_below(&mut self, height: u64, state: &ChainState) {
        let Self { reader, report, expected, .. } = self;
        let header = report.note(reader.block(expected)).flatten().map(|record| record.header);
        if header.is_some_and(|header| header.state_root != state.root()) {
            report.problem(format!("the state root at height {height} is not the one in its header"));
        }
        if report.note(reader.opening(height)).is_some_and(|found| found != Some(Opening::of(state))) {
            report.problem(format!("the opening at height {height} is not that of the state there"));
        }
    }

    /// Looks whether a pruned block has its opening and its filter.
    fn indexed(&mut self, height: u64, hash: BlockHash) {
        let Self { reader, report, .. } = self;
        if report.note(reader.opening(height)).is_some_and(|found| found.is_none()) {
            report.problem(format!("the opening at height {height} is missing"));
        }
        if report.note(reader.filter(height, hash)).is_some_and(|found| found.is_none()) {
            report.problem(format!("the filter at height {height} is missing"));
        }
    }
}

/// Counts the indexed transactions of blocks at `first` and above.
fn transactions_from(reader: &Reader, first: u64, report: &mut CheckReport) -> Result<u64, StoreError> {
    if first == 0 {
        return Ok(reader.transactions.len()?);
    }
    let mut count = 0;
    for entry in reader.transactions.iter()? {
        let (key, value) = entry?;
        let place = report.note(place_from_bytes(key.value(), value.value()));
        count += u64::from(place.is_some_and(|(height, _)| height >= first));
    }
    Ok(count)
}
