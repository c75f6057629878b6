//! Checks of a header against its ancestors: linkage, difficulty, proof of work, time. Rules R06 to R14.

use crate::{
    consensus::{RuleError, form::check_header_form},
    difficulty::asert,
    digest::BlockHash,
    header::Header,
    params::{ChainParams, Retargeting},
    target::CompactTarget,
};

/// The facts about a header's ancestors that its rules need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderContext {
    /// The parent's hash.
    pub parent: BlockHash,
    /// The parent's height.
    pub height: u64,
    /// The parent's bits.
    pub bits: CompactTarget,
    /// The parent's time, in Unix milliseconds. The next block's time must be above it.
    pub time: u64,
    /// The grandparent's time, in Unix milliseconds. `None` when the parent is genesis.
    pub time_before: Option<u64>,
}

impl HeaderContext {
    /// Returns the context of block 1, whose parent is genesis.
    pub fn after_genesis(params: &ChainParams) -> Self {
        let Header { height, bits, time, .. } = params.genesis().header;
        Self { parent: params.genesis_hash(), height, bits, time, time_before: None }
    }

    /// Returns the bits that the next block must have.
    ///
    /// Blocks 1 and 2 have the bits of genesis. From block 3 on, the time that the parent took moves the parent's
    /// target (ASERT). The rule needs only parent and grandparent. A pause counts as 2 half-lives at most, so it
    /// does not lead to a run of easy blocks.
    ///
    /// The time that the parent took is signed and clamped only from above. Rule R12 keeps it positive. A sandbox
    /// without R12 shows why: a miner who dates a block far before its parent makes the next block as hard as they
    /// like.
    pub fn expected_bits(&self, params: &ChainParams) -> CompactTarget {
        let spec = params.spec();
        let Some(Retargeting { spacing_ms, half_life_ms }) = spec.retargeting else { return spec.genesis_bits };
        let Some(time_before) = self.time_before.filter(|_| self.height >= 2) else { return spec.genesis_bits };
        // times are below 2^48, unless a sandbox has switched that rule off
        let signed = |time: u64| i64::try_from(time).unwrap_or(i64::MAX);
        let pause = signed(half_life_ms.saturating_mul(2));
        let elapsed = (signed(self.time) - signed(time_before)).min(pause);
        let anchor = self.bits.to_target().unwrap_or(params.limit());
        asert(anchor, elapsed, 1, spacing_ms, half_life_ms, params.limit())
    }

    /// Moves the context on to a child, for judging the child's own children. `hash` is the hash of the child.
    pub fn extend(&mut self, child: &Header, hash: BlockHash) {
        self.parent = hash;
        self.height = child.height;
        self.bits = child.bits;
        self.time_before = Some(self.time);
        self.time = child.time;
    }
}

/// Checks a header against its ancestors: rules R06 to R14. `hash` is the hash of the header, `now_ms` the Unix time in
/// milliseconds.
///
/// Rule R14, a time too far ahead of now, comes last. An error that [is deferred](RuleError::is_deferred) therefore
/// means that the header keeps all other rules.
///
/// # Errors
/// The first rule that the header breaks.
pub fn check_header(
    params: &ChainParams,
    header: &Header,
    hash: BlockHash,
    context: &HeaderContext,
    now_ms: u64,
) -> Result<(), RuleError> {
    check_header_form(params, header)?;
    let Header { previous, height, bits, time, .. } = *header;

    params.require(previous == context.parent, || RuleError::PreviousBlock {
        found: previous,
        expected: context.parent,
    })?;
    let expected = context.height.saturating_add(1);
    params.require(height == expected, || RuleError::Height { found: height, expected })?;
    let expected = context.expected_bits(params);
    params.require(bits == expected, || RuleError::Bits { found: bits, expected })?;
    check_proof_of_work(params, header, hash)?;

    let parent = context.time;
    params.require(time > parent, || RuleError::TimeAboveParent { time, parent })?;
    check_time_range(params, time)?;
    let latest = now_ms.saturating_add(params.spec().max_future_ms);
    params.require(time <= latest, || RuleError::TimeNotInFuture { time, latest })
}

/// Checks that a time is below 2^48 milliseconds: rule R13.
pub(crate) fn check_time_range(params: &ChainParams, time: u64) -> Result<(), RuleError> {
    params.require(time < Header::TIME_LIMIT, || RuleError::TimeRange { time })
}

/// Checks that a header's hash meets the target in the header itself: rule R11.
///
/// # Errors
/// When the hash is above the target, or the bits are no target.
pub fn check_proof_of_work(params: &ChainParams, header: &Header, hash: BlockHash) -> Result<(), RuleError> {
    let bits = header.bits;
    let met = bits.to_target().is_ok_and(|target| target.is_met_by(&hash));
    params.require(met, || RuleError::ProofOfWork { hash, bits })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(height: u64, times: &[u64]) -> HeaderContext {
        HeaderContext {
            parent: BlockHash::ZERO,
            height,
            bits: CompactTarget::from_bits(0x1e01_0000),
            time: times[0],
            time_before: times.get(1).copied(),
        }
    }

    #[test]
    fn blocks_one_and_two_have_the_genesis_bits() {
        let lab = ChainParams::lab();
        assert_eq!(context(0, &[5]).expected_bits(&lab), lab.spec().genesis_bits);
        assert_eq!(context(1, &[1_000_000, 5]).expected_bits(&lab), lab.spec().genesis_bits);
        assert_ne!(context(2, &[1_000_000, 5]).expected_bits(&lab), lab.spec().genesis_bits);
    }

    #[test]
    fn a_pause_counts_as_two_half_lives_at_most() {
        let lab = ChainParams::lab();
        let after = |elapsed: u64| context(9, &[elapsed, 0]).expected_bits(&lab);
        assert_eq!(after(80_000), after(12 * 3_600_000));
        assert_ne!(after(80_000), after(79_000));
    }

    #[test]
    fn a_time_before_the_parents_counts_below_zero() {
        // only a sandbox without rule R12 has such a block
        let lab = ChainParams::lab();
        let bits = context(9, &[0, 38_000]).expected_bits(&lab);
        assert_eq!(bits, CompactTarget::from_bits(0x1e00_8000), "a half-life and a spacing early: twice as hard");
    }

    #[test]
    fn difficulty_does_not_stall_in_whole_zero_bytes() {
        // in the original every eighth block was 256 times harder; here 100 fast blocks raise the difficulty step by
        // step
        let lab = ChainParams::lab();
        let mut context = context(2, &[1_000, 0]);
        for _ in 0..100 {
            let harder = context.expected_bits(&lab);
            let ratio = harder.to_target().unwrap().work().to_f64() / context.bits.to_target().unwrap().work().to_f64();
            assert!((1.0..1.03).contains(&ratio), "one second instead of two: 2^(1/40) at most, not {ratio}");
            context.bits = harder;
        }
    }

    #[test]
    fn regtest_never_retargets() {
        let regtest = ChainParams::regtest();
        assert_eq!(context(9, &[1, 0]).expected_bits(&regtest), regtest.spec().genesis_bits);
    }
}
