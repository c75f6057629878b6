//! The headers of a receipt without a proof: the block's, and those that bury it.

use toycoin_core::{
    BlockHash, ChainParams, Header, RuleError, Target, Work,
    consensus::{HeaderContext, check_header, check_proof_of_work},
};

use super::{error::ReceiptFileError, shown::ShownWork};
use crate::verify::checked_add;

/// The last header that a receipt shows, with the work behind it.
pub(super) struct Last {
    pub(super) header: Header,
    pub(super) hash: BlockHash,
    pub(super) work: ShownWork,
}

/// Checks the headers after the first, which was checked alone, and adds up what all of them cost.
pub(super) fn follow(params: &ChainParams, headers: &[Header], now_ms: u64) -> Result<Last, ReceiptFileError> {
    let (first, rest) = headers.split_first().ok_or(ReceiptFileError::HeaderCount { found: 0 })?;
    let Header { height, bits, time, .. } = *first;
    check_now(params, first, now_ms).map_err(|error| ReceiptFileError::Header { place: 0, error })?;
    let mut context = HeaderContext { parent: first.hash(), height, bits, time, time_before: None };
    let (mut last, mut work) = (first, own_work(first));
    for (place, header) in (1..).zip(rest) {
        let hash = header.hash();
        // the bits follow from parent and grandparent, but those of the first two blocks are genesis'
        let is_bound = context.time_before.is_some() || context.height < 2;
        let check = if is_bound { check_header } else { check_second };
        check(params, header, hash, &context, now_ms).map_err(|error| ReceiptFileError::Header { place, error })?;
        work = checked_add(work, own_work(header)).ok_or(ReceiptFileError::WorkOverflow)?;
        context.extend(header, hash);
        last = header;
    }
    Ok(Last { header: *last, hash: context.parent, work: ShownWork::Headers(work) })
}

/// Checks a header whose parent is not there: rules R06, R07, R11 and R13, and R10 on a network without retargeting.
pub(super) fn check_alone(params: &ChainParams, header: &Header, hash: BlockHash) -> Result<(), RuleError> {
    let Header { version, bits, time, .. } = *header;
    require(version == Header::VERSION, || RuleError::HeaderVersion { found: version })?;
    let target = bits.to_target().ok().filter(|target| bits.is_canonical() && *target <= params.limit());
    require(target.is_some(), || RuleError::TargetRange { bits })?;
    let (moves, expected) = (params.spec().retargeting.is_some(), params.spec().genesis_bits);
    require(moves || bits == expected, || RuleError::Bits { found: bits, expected })?;
    check_proof_of_work(params, header, hash)?;
    require(time < Header::TIME_LIMIT, || RuleError::TimeRange { time })
}

/// Checks a header whose parent is there and whose grandparent is not: rules R06 to R09 and R11 to R14.
fn check_second(
    params: &ChainParams,
    header: &Header,
    hash: BlockHash,
    context: &HeaderContext,
    now_ms: u64,
) -> Result<(), RuleError> {
    let Header { previous, height, time, .. } = *header;
    let (parent, expected) = (context.parent, context.height.saturating_add(1));
    require(previous == parent, || RuleError::PreviousBlock { found: previous, expected: parent })?;
    require(height == expected, || RuleError::Height { found: height, expected })?;
    check_alone(params, header, hash)?;
    let parent = context.time;
    require(time > parent, || RuleError::TimeAboveParent { time, parent })?;
    check_now(params, header, now_ms)
}

/// Checks that a header is not from the future: rule R14.
fn check_now(params: &ChainParams, header: &Header, now_ms: u64) -> Result<(), RuleError> {
    let (time, latest) = (header.time, now_ms.saturating_add(params.spec().max_future_ms));
    require(time <= latest, || RuleError::TimeNotInFuture { time, latest })
}

fn require(holds: bool, error: impl FnOnce() -> RuleError) -> Result<(), RuleError> {
    if holds { Ok(()) } else { Err(error()) }
}

fn own_work(header: &Header) -> Work {
    header.bits.to_target().map(Target::work).unwrap_or_default()
}
