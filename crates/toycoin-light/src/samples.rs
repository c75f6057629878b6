//! Checks 4 and 5: the samples, and the points that ask for them.

use std::collections::BTreeMap;

use toycoin_core::{
    BlockHash, Work,
    proof::{Sample, points},
};

use crate::{
    ProofError, ProvedHeader,
    verify::{Verifier, checked_add},
};

/// The work that a sample claims: what is above `before`, up to and including `end`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Interval {
    pub(crate) height: u64,
    pub(crate) before: Work,
    pub(crate) end: Work,
    pub(crate) own: Work,
}

/// What the samples claim.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    leaves: BTreeMap<u64, (BlockHash, Work)>,
    intervals: Vec<Interval>,
}

impl Samples {
    /// Returns the leaves of the range that the verifier can compute: hash and chain work by height.
    pub(crate) const fn leaves(&self) -> &BTreeMap<u64, (BlockHash, Work)> {
        &self.leaves
    }

    /// Returns the intervals, the lowest first.
    pub(crate) fn intervals(&self) -> &[Interval] {
        &self.intervals
    }
}

impl<P: Fn(&ProofError) -> bool> Verifier<'_, P> {
    /// Check 4: the samples by themselves, and that all claims of the proof agree.
    pub(crate) fn check_samples(&self, tail: &[ProvedHeader]) -> Result<Samples, ProofError> {
        let mut samples = Samples::default();
        self.claim(&mut samples, self.start.height, self.start.hash, self.start.work)?;
        if let Some(first) = tail.first() {
            let before = self.tail_from().saturating_sub(1);
            self.claim(&mut samples, before, first.header.previous, self.proof.before_tail)?;
        }
        for header in tail {
            self.claim(&mut samples, header.header.height, header.hash, header.work)?;
        }
        if !self.starts_in_tail() {
            self.check_end(self.start.height, self.start.work)?;
        }
        let mut floor = self.start.work;
        for sample in &self.proof.samples {
            floor = self.check_sample(&mut samples, sample, floor)?;
        }
        Ok(samples)
    }

    /// Checks a sample; `floor` is the end of the interval before it. Returns the end of its own.
    fn check_sample(&self, samples: &mut Samples, sample: &Sample, floor: Work) -> Result<Work, ProofError> {
        let Sample { header, before, .. } = *sample;
        let height = header.height;
        let (hash, own) = self.check_header(&header, |fault| ProofError::Sample { height, fault })?;
        let end = checked_add(before, own).ok_or(ProofError::SampleWork { height })?;
        self.claim(samples, height.saturating_sub(1), header.previous, before)?;
        self.claim(samples, height, hash, end)?;
        self.require(floor <= before, || ProofError::IntervalOverlap { height })?;
        self.check_end(height, end)?;
        samples.intervals.push(Interval { height, before, end, own });
        Ok(end)
    }

    /// Checks that the work up to a header below the tail is no more than the work before the tail.
    fn check_end(&self, height: u64, end: Work) -> Result<(), ProofError> {
        self.require(end <= self.proof.before_tail, || ProofError::IntervalAboveTail { height })
    }

    /// Notes what a part of the proof says of a header. Another part must not say anything else of it.
    fn claim(&self, samples: &mut Samples, height: u64, hash: BlockHash, work: Work) -> Result<(), ProofError> {
        let claimed = *samples.leaves.entry(height).or_insert((hash, work));
        self.require(claimed == (hash, work), || ProofError::Claims { height })
    }

    /// Check 5: each point above the start lies in a sample's interval, and each sample has a point.
    pub(crate) fn check_points(&self, samples: &Samples, tip: &ProvedHeader) -> Result<(), ProofError> {
        let intervals = samples.intervals();
        let mut asked = vec![false; intervals.len()];
        let tail = tip.work.saturating_sub(self.proof.before_tail);
        let points = points(&self.challenge.seed, &tip.hash, self.challenge.counted_slices(), tail, tip.work);
        for point in points.into_iter().filter(|point| *point > self.start.work) {
            let place = intervals.partition_point(|interval| interval.end < point);
            let covers = intervals.get(place).is_some_and(|interval| interval.before < point);
            self.require(covers, || ProofError::PointUncovered { point })?;
            if let Some(asked) = asked.get_mut(place).filter(|_| covers) {
                *asked = true;
            }
        }
        asked.iter().zip(intervals).try_for_each(|(asked, interval)| {
            self.require(*asked, || ProofError::SampleUnasked { height: interval.height })
        })
    }
}
