//! A slow, obvious verifier.

use std::collections::BTreeSet;

use toycoin_core::{
    Amount, BlockHash, ChainParams, Domain, Work,
    consensus::{HeaderContext, check_header},
    proof::{Sample, TAIL, WorkProof},
    state::Ancestors,
    subsidy,
};
use toycoin_light::{
    Challenge, LEAST_HEIGHT,
    test_util::{Entry, work_of},
};

use crate::common::hashes;

/// A verifier that has all headers: it judges the tip as a full node does, and compares the rest with the one proof
/// that is right.
pub(crate) struct Model<'a> {
    pub(crate) params: &'a ChainParams,
    pub(crate) headers: &'a [Entry],
}

impl Model<'_> {
    /// Returns the work that a proof proves.
    pub(crate) fn verify(&self, proof: &WorkProof, challenge: &Challenge, now_ms: u64) -> Option<Work> {
        let height = proof.tip.height;
        let below = self.headers.get(..usize::try_from(height).ok()?).filter(|_| height >= LEAST_HEIGHT)?;
        let context = below.iter().skip(1).fold(HeaderContext::after_genesis(self.params), |mut context, entry| {
            context.extend(&entry.header, entry.hash);
            context
        });
        let hash = proof.tip.hash();
        check_header(self.params, &proof.tip, hash, &context, now_ms).ok()?;
        let mut ancestors = Ancestors::default();
        below.iter().for_each(|entry| _ = ancestors.push(entry.hash, entry.work));
        let root = proof.opening.state_root(self.issued(height), &ancestors.root());
        let total = below.last()?.work + work_of(proof.tip.bits);
        let right = root == proof.tip.state_root
            && total >= self.params.minimum_work()
            && *proof == self.proof(below, proof, challenge, total)?;
        right.then_some(total)
    }

    /// Returns the proof that is right for a tip.
    fn proof(&self, below: &[Entry], claimed: &WorkProof, challenge: &Challenge, total: Work) -> Option<WorkProof> {
        let first = below.len() - TAIL;
        let before_tail = below[first - 1].work;
        let start = match challenge.start {
            None => 0,
            Some(start) => {
                let entry = below.get(usize::try_from(start.height).ok()?)?;
                (entry.hash == start.hash && entry.work == start.work).then_some(start.height)?
            }
        };
        let tail = hashes(total) - hashes(before_tail);
        let mut asked = BTreeSet::new();
        for point in points(challenge, &claimed.tip.hash(), tail, hashes(total)) {
            if point > hashes(below[start as usize].work) {
                asked.insert(below.iter().position(|entry| hashes(entry.work) >= point)? as u64);
            }
        }
        let sample = |height: &u64| {
            let Entry { header, opening, .. } = below[*height as usize];
            Sample { header, opening, before: below[*height as usize - 1].work }
        };
        let mut known: BTreeSet<u64> = asked.iter().flat_map(|height| [height - 1, *height]).collect();
        known.extend((first as u64 - 1..below.len() as u64).chain([start]));
        let leaves: Vec<_> = below.iter().map(leaf).collect();
        let mut nodes = Vec::new();
        collect(&leaves, 0, &known, &mut nodes);
        Some(WorkProof {
            tip: claimed.tip,
            opening: claimed.opening,
            tail: below[first..].iter().map(|entry| entry.header).collect(),
            before_tail,
            samples: asked.iter().map(sample).collect(),
            nodes,
        })
    }

    /// Adds up the money issued, block by block.
    fn issued(&self, height: u64) -> Amount {
        let spec = self.params.spec();
        let allocated = spec.allocations.iter().map(|output| output.value);
        let subsidies = (1..=height).map(|height| subsidy(height, spec.halving_interval));
        allocated.chain(subsidies).fold(Amount::ZERO, Amount::saturating_add)
    }
}

/// Draws the points by the formula of docs/light.md, in 128 bits: chains in tests have little work.
fn points(challenge: &Challenge, tip: &BlockHash, tail: u64, total: u64) -> Vec<u64> {
    assert!(total < 1 << 40);
    let slices = u32::from(challenge.slices);
    let octaves = (0_u32..).map(|j| (j, tail << j)).take_while(|(_, octave)| *octave < total);
    let draws = octaves.flat_map(|(j, octave)| (0..slices).map(move |q| (j, octave, q)));
    let distances = draws.map(|(j, octave, q)| {
        let hash = Domain::LightSample.hasher().bytes(&challenge.seed).bytes(tip.as_bytes()).u32(j).u32(q).finish();
        let draw = u64::from_le_bytes(hash[..8].try_into().unwrap());
        let at = u128::from(octave) * ((u128::from(q) << 64) + u128::from(draw)) / u128::from(slices);
        octave + u64::try_from(at >> 64).unwrap()
    });
    distances.filter(|distance| *distance < total).map(|distance| total - distance).collect()
}

fn leaf(entry: &Entry) -> [u8; 32] {
    Domain::MmrLeaf.hasher().bytes(entry.hash.as_bytes()).bytes(&entry.work.to_le_bytes()).finish()
}

/// Returns the hash over leaves, by the definition in RFC 6962.
fn top(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            Domain::MmrNode.hasher().bytes(&top(left)).bytes(&top(right)).finish()
        }
    }
}

/// Collects the subtrees without a known leaf.
fn collect(leaves: &[[u8; 32]], first: u64, known: &BTreeSet<u64>, nodes: &mut Vec<[u8; 32]>) {
    if known.range(first..first + leaves.len() as u64).next().is_none() {
        nodes.push(top(leaves));
    } else if leaves.len() > 1 {
        let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
        collect(left, first, known, nodes);
        collect(right, first + left.len() as u64, known, nodes);
    }
}
