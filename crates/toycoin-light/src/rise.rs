//! Check 6: how fast difficulty may rise along the work of a chain.
//!
//! A sample comes without its parent and grandparent, so nobody can compute its bits. But no block is harder than its
//! parent by more than a factor that the network's retargeting fixes. So a header that is harder than another one below
//! it has a certain amount of work between them, and that is what this check demands. Without it, a forger would put
//! all claimed work into one very hard block and hope to be lucky once.

use ruint::Uint;
use toycoin_core::{ChainParams, Retargeting, Target, Work};

use crate::{ProofError, ProvedHeader, samples::Samples, verify::Verifier};

/// Wide enough for work (below 2^256) times K (at most 2,048).
type Wide = Uint<320, 5>;

/// Returns K: work that rises by `d` from one header to a later one takes at least `d * K` of work between them. It is
/// `None` on a network without retargeting, where no work ever rises.
///
/// ```text
/// K = floor( 2048 * hl * w / (2048 * sp * w + hl * w + 2048 * hl) )      w = min(work at the limit, 2^32)
/// ```
///
/// `sp` is the block spacing and `hl` the half-life. A block's work is at most its parent's times `1 + sp/hl + 2^-11 +
/// 1/w`: since `2^r <= 1 + r` for `r` up to 1, the cubic of ASERT errs by less than 1.3e-4, rounding to bits by 2^-15,
/// and rounding the work by less than 1. Lab has 19, reference 134. K may be 0, and then the check demands nothing.
pub fn rise_divisor(params: &ChainParams) -> Option<u64> {
    let Retargeting { spacing_ms, half_life_ms } = params.spec().retargeting?;
    let (spacing, half_life) = (u128::from(spacing_ms), u128::from(half_life_ms));
    let work = wide(params.limit().work()).min(Wide::from(1_u64 << 32)).to::<u128>();
    // below 2^11 * 2^64 * 2^32 each, so the sum fits
    let divisor = 2048 * spacing * work + half_life * work + 2048 * half_life;
    u64::try_from(2048 * half_life * work / divisor).ok()
}

impl<P: Fn(&ProofError) -> bool> Verifier<'_, P> {
    /// Check 6: among the start, the samples and the first two headers of the tail, no header is harder than its
    /// neighbour below by more than the work between them allows.
    ///
    /// A start inside the tail ties all headers up to it. But the tail's second header may be the first one after the
    /// start, and its bits are bound by nothing else. So the first two headers are compared in any case.
    pub(crate) fn check_rise(&self, samples: &Samples, tail: &[ProvedHeader]) -> Result<(), ProofError> {
        let Some(divisor) = rise_divisor(self.params).map(Wide::from) else { return Ok(()) };
        let start = (self.start.height, self.start.work, self.start.own_work);
        let start = Some(start).filter(|_| !self.starts_in_tail());
        let samples = samples.intervals().iter().map(|interval| (interval.height, interval.end, interval.own));
        let first_two = tail.iter().take(2).map(|header| {
            let own = header.header.bits.to_target().map(Target::work).unwrap_or_default();
            (header.header.height, header.work, own)
        });
        let mut before: Option<(Work, Work)> = None;
        for (height, work, own) in start.into_iter().chain(samples).chain(first_two) {
            if let Some((work_before, own_before)) = before {
                let rise = wide(own.saturating_sub(own_before));
                let between = wide(work.saturating_sub(work_before));
                self.require(rise * divisor <= between, || ProofError::Rise { height })?;
            }
            before = Some((work, own));
        }
        Ok(())
    }
}

fn wide(work: Work) -> Wide {
    Wide::from_be_slice(&work.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use toycoin_core::{CompactTarget, NetworkSpec};

    fn divisor(spacing_ms: u64, half_life_ms: u64, limit: u32) -> Option<u64> {
        let bits = CompactTarget::from_bits(limit);
        let params = ChainParams::new(NetworkSpec {
            retargeting: Some(Retargeting { spacing_ms, half_life_ms }),
            genesis_bits: bits,
            limit_bits: bits,
            ..ChainParams::lab().spec().clone()
        });
        rise_divisor(&params.unwrap())
    }

    #[test]
    fn divisors_of_known_networks_are_the_pages() {
        assert_eq!(rise_divisor(&ChainParams::lab()), Some(19));
        assert_eq!(rise_divisor(&ChainParams::reference()), Some(134));
        assert_eq!(rise_divisor(&ChainParams::regtest()), None);
    }

    #[test]
    fn divisors_of_extreme_networks_do_not_overflow() {
        // the spacing equals the half-life: a block may be twice as hard as its parent, so nothing can be demanded
        assert_eq!(divisor(40_000, 40_000, 0x1f01_0000), Some(0));
        assert_eq!(divisor(u64::MAX, u64::MAX, 0x0101_0000), Some(0));
        // work of 2 at the limit rounds by half: as good as nothing
        assert_eq!(divisor(1, u64::MAX, 0x207f_ffff), Some(1));
        // never above 2,048, since bits and cubic are rounded
        assert_eq!(divisor(1, u64::MAX, 0x1d00_ffff), Some(2_047));
    }
}
