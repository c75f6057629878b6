//! The verifier of a proof of work: nine checks, in the order of docs/light.md.

use toycoin_core::{
    BlockHash, ChainParams, Header, Work,
    proof::{Folded, TAIL, WorkProof, fold},
};

use crate::{Challenge, HeaderFault, ProofError, ProvedHeader, ProvedTip, Start, samples::Samples};

/// Most nodes of a proof.
pub const MAX_NODES: usize = 32_768;

/// Most samples of a proof per slice: there are at most 256 octaves, since work is below 2^256.
const OCTAVES: usize = 256;

/// Lowest height of a tip that can be proved: genesis and one header at least are below the tail.
pub const LEAST_HEIGHT: u64 = TAIL as u64 + 2;

/// Verifies a proof of work, and returns its tip with the work behind it.
///
/// `now_ms` is the Unix time in milliseconds. The verifier enforces all of its checks, whatever rules a sandbox
/// switches off. A hostile proof costs a time that is linear in its own size, and the hashes of at most 256 points per
/// slice.
///
/// # Errors
/// The first check that fails; see [`ProofError`].
pub fn verify(
    params: &ChainParams,
    proof: &WorkProof,
    challenge: &Challenge,
    now_ms: u64,
) -> Result<ProvedTip, ProofError> {
    Verifier { params, proof, challenge, start: challenge.start_or_genesis(params), pardon: |_: &ProofError| false }
        .verify(now_ms)
}

/// A verification: a proof, the question that it answers, and what is known beforehand.
///
/// `pardon` says which failures are passed over. Only tests pardon any, to show what a check prevents.
pub(crate) struct Verifier<'a, P> {
    pub(crate) params: &'a ChainParams,
    pub(crate) proof: &'a WorkProof,
    pub(crate) challenge: &'a Challenge,
    pub(crate) start: Start,
    pub(crate) pardon: P,
}

impl<P: Fn(&ProofError) -> bool> Verifier<'_, P> {
    pub(crate) fn verify(&self, now_ms: u64) -> Result<ProvedTip, ProofError> {
        self.check_form()?;
        self.check_tip(now_ms)?;
        let (tail, tip) = self.check_tail()?;
        let samples = self.check_samples(&tail)?;
        self.check_points(&samples, &tip)?;
        self.check_rise(&samples, &tail)?;
        let folded = self.check_range(&samples)?;
        self.check_prefixes(&folded)?;
        self.check_minimum(tip.work)?;
        Ok(ProvedTip::new(tip, self.proof.opening, tail, self.proof.before_tail))
    }

    /// Check 1: form. It bounds all that follows, and hashes nothing.
    fn check_form(&self) -> Result<(), ProofError> {
        let WorkProof { tip, tail, samples, nodes, .. } = self.proof;
        let (found, height) = (tail.len(), tip.height);
        self.require(found == TAIL, || ProofError::TailLength { found })?;
        self.require(height >= LEAST_HEIGHT, || ProofError::TooShort { height, least: LEAST_HEIGHT })?;
        let (found, most) = (samples.len(), OCTAVES * usize::from(self.challenge.counted_slices()));
        self.require(found <= most, || ProofError::TooManySamples { found, most })?;
        let found = nodes.len();
        self.require(found <= MAX_NODES, || ProofError::TooManyNodes { found, most: MAX_NODES })?;
        let start = self.start.height;
        self.require(start < height, || ProofError::StartHeight { start, tip: height })?;

        let (lowest, highest) = (start.saturating_add(1), self.tail_from().saturating_sub(1));
        let mut before = None;
        for height in samples.iter().map(|sample| sample.header.height) {
            if let Some(before) = before {
                self.require(before < height, || ProofError::SampleOrder { height, before })?;
            }
            let within = (lowest..=highest).contains(&height);
            self.require(within, || ProofError::SampleHeight { height, lowest, highest })?;
            before = Some(height);
        }

        let time = tip.time;
        let room = time.checked_sub(self.params.spec().genesis_time);
        let fits = room.is_some_and(|room| height <= room);
        self.require(fits, || ProofError::TooManyHeaders { height, time })
    }

    /// Check 2: the tip by itself.
    fn check_tip(&self, now_ms: u64) -> Result<(), ProofError> {
        let tip = &self.proof.tip;
        self.check_header(tip, ProofError::Tip)?;
        let (time, latest) = (tip.time, now_ms.saturating_add(self.params.spec().max_future_ms));
        self.require(time <= latest, || ProofError::TipTime { time, latest })
    }

    /// Check 7: the tip commits to every header and all work that the proof shows.
    fn check_range(&self, samples: &Samples) -> Result<Folded, ProofError> {
        let WorkProof { tip, opening, nodes, .. } = self.proof;
        let folded = fold(samples.leaves(), tip.height, nodes)?;
        let root = opening.state_root(self.params.issued(tip.height), &folded.root());
        self.require(root == tip.state_root, || ProofError::TipState)?;
        Ok(folded)
    }

    /// Check 8: each sample commits to the very same headers before it, and to the same work up to each.
    fn check_prefixes(&self, folded: &Folded) -> Result<(), ProofError> {
        self.proof.samples.iter().try_for_each(|sample| {
            let height = sample.header.height;
            let issued = self.params.issued(height);
            let root = folded.prefix_root(height).map(|root| sample.opening.state_root(issued, &root));
            self.require(root == Some(sample.header.state_root), || ProofError::SampleState { height })
        })
    }

    /// Check 9: the work is at least the network's minimum.
    fn check_minimum(&self, found: Work) -> Result<(), ProofError> {
        let least = self.params.minimum_work();
        self.require(found >= least, || ProofError::WorkTooLow { found, least })
    }

    /// Checks a header by itself: version, bits, proof of work. Returns its hash and its own work.
    pub(crate) fn check_header(
        &self,
        header: &Header,
        error: impl Fn(HeaderFault) -> ProofError,
    ) -> Result<(BlockHash, Work), ProofError> {
        let Header { version, bits, .. } = *header;
        let spec = self.params.spec();
        self.require(version == Header::VERSION, || error(HeaderFault::Version(version)))?;
        let target =
            bits.to_target().ok().filter(|_| bits.is_canonical()).ok_or_else(|| error(HeaderFault::Bits(bits)))?;
        self.require(target <= self.params.limit(), || error(HeaderFault::Limit(bits)))?;
        let moves = spec.retargeting.is_some();
        self.require(moves || bits == spec.genesis_bits, || error(HeaderFault::FixedBits(bits)))?;
        let hash = header.hash();
        self.require(target.is_met_by(&hash), || error(HeaderFault::ProofOfWork))?;
        Ok((hash, target.work()))
    }

    /// Returns the height of the tail's first header.
    pub(crate) const fn tail_from(&self) -> u64 {
        self.proof.tip.height.saturating_sub(TAIL as u64)
    }

    /// Returns whether the start is a header of the tail, so that nothing is sampled.
    pub(crate) const fn starts_in_tail(&self) -> bool {
        self.start.height >= self.tail_from()
    }

    /// Returns the error unless a condition holds.
    pub(crate) fn require(&self, holds: bool, error: impl FnOnce() -> ProofError) -> Result<(), ProofError> {
        if holds {
            return Ok(());
        }
        let error = error();
        if (self.pardon)(&error) { Ok(()) } else { Err(error) }
    }
}

/// Returns the sum, `None` from 2^256 on.
pub(crate) fn checked_add(one: Work, other: Work) -> Option<Work> {
    // the sum is clamped, and then it is less than it should be
    let sum = one + other;
    (sum.saturating_sub(other) == one).then_some(sum)
}

/// Returns a proved header as the verifier of the tail makes it.
pub(crate) const fn proved(header: &Header, hash: BlockHash, work: Work) -> ProvedHeader {
    ProvedHeader { header: *header, hash, work, opening: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_work_end_below_two_to_the_256() {
        let most = Work::from_be_bytes([0xff; 32]);
        let one = Work::from_be_bytes(std::array::from_fn(|i| u8::from(i == 31)));
        assert_eq!(checked_add(most.saturating_sub(one), one), Some(most));
        assert_eq!(checked_add(most, one), None);
        assert_eq!(checked_add(one, most), None);
        assert_eq!(checked_add(most, most), None);
        assert_eq!(checked_add(most, Work::ZERO), Some(most));
    }
}
