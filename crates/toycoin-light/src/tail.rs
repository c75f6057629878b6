//! Check 3: the tail, whose headers are linked and judged almost as a full node judges them.

use toycoin_core::{Header, consensus::HeaderContext};

use crate::{
    ProofError, ProvedHeader,
    verify::{Verifier, checked_add, proved},
};

impl<P: Fn(&ProofError) -> bool> Verifier<'_, P> {
    /// Check 3: the tail, and the tip as the header after it. Returns both, with the work up to each header.
    pub(crate) fn check_tail(&self) -> Result<(Vec<ProvedHeader>, ProvedHeader), ProofError> {
        let tip = &self.proof.tip;
        let mut headers: Vec<ProvedHeader> = Vec::with_capacity(self.proof.tail.len() + 1);
        let mut work = self.proof.before_tail;
        for (header, height) in self.proof.tail.iter().chain([tip]).zip(self.tail_from()..=tip.height) {
            let found = header.height;
            self.require(found == height, || ProofError::TailHeight { found, expected: height })?;
            if let Some(parent) = headers.last() {
                self.require(header.previous == parent.hash, || ProofError::TailLink { height })?;
            }
            let (hash, own) = self.check_header(header, |fault| ProofError::Tail { height, fault })?;
            self.check_tail_times(header, height, headers.last())?;
            if let [.., grandparent, parent] = headers.as_slice() {
                let expected = context(grandparent, parent).expected_bits(self.params);
                let found = header.bits;
                self.require(found == expected, || ProofError::TailBits { height, found, expected })?;
            }
            work = checked_add(work, own).ok_or(ProofError::TailWork { height })?;
            headers.push(proved(header, hash, work));
        }
        match headers.pop() {
            Some(mut tip) => {
                tip.opening = Some(self.proof.opening);
                Ok((headers, tip))
            }
            None => Err(ProofError::TailLength { found: 0 }),
        }
    }

    fn check_tail_times(&self, header: &Header, height: u64, parent: Option<&ProvedHeader>) -> Result<(), ProofError> {
        let time = header.time;
        self.require(time < Header::TIME_LIMIT, || ProofError::TailTimeRange { height, time })?;
        let Some(parent) = parent.map(|parent| parent.header.time) else { return Ok(()) };
        // from the second header on: a clock that goes back would make the next block as hard as its miner likes
        self.require(time > parent, || ProofError::TailTime { height, time, parent })
    }
}

/// Returns what decides the bits of the next header.
fn context(grandparent: &ProvedHeader, parent: &ProvedHeader) -> HeaderContext {
    let Header { height, bits, time, .. } = parent.header;
    HeaderContext { parent: parent.hash, height, bits, time, time_before: Some(grandparent.header.time) }
}
