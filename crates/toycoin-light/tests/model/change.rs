//! Changes of proofs, some of which leave them right.

use proptest::prelude::*;
use toycoin_core::{Header, proof::WorkProof};
use toycoin_light::{
    Challenge, LEAST_HEIGHT, decode_proof, encode_proof,
    test_util::{HeaderChain, Prover, mine, work_of},
};

use crate::common::work;

/// A change of a proof. Its numbers count modulo what there is.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// One bit of the encoding.
    Bit(usize),
    /// One bit of the tip, which is mined again: maybe a valid sibling.
    Tip(usize),
    /// One bit of the tip, which is mined and proved again.
    Reproved(usize),
    RemoveSample(usize),
    RepeatSample(usize),
    SwapSamples(usize),
    OtherSample(usize, u64),
    RemoveNode(usize),
    RepeatNode(usize),
    SwapNodes(usize),
    Before(usize, u64),
    BeforeTail(u64),
    Seed(usize),
    Slices(u16),
    Later(u64),
}

pub(crate) fn change() -> impl Strategy<Value = Change> {
    let place = any::<u16>().prop_map(usize::from);
    prop_oneof![
        4 => any::<u32>().prop_map(|bit| Change::Bit(bit as usize)),
        4 => (0..1_024_usize).prop_map(Change::Tip),
        8 => (0..1_024_usize).prop_map(Change::Reproved),
        1 => place.clone().prop_map(Change::RemoveSample),
        1 => place.clone().prop_map(Change::RepeatSample),
        1 => place.clone().prop_map(Change::SwapSamples),
        2 => (place.clone(), any::<u64>()).prop_map(|(place, height)| Change::OtherSample(place, height)),
        1 => place.clone().prop_map(Change::RemoveNode),
        1 => place.clone().prop_map(Change::RepeatNode),
        1 => place.clone().prop_map(Change::SwapNodes),
        1 => (place, 0..5_u64).prop_map(|(place, more)| Change::Before(place, more)),
        1 => (0..5_u64).prop_map(Change::BeforeTail),
        1 => (0..256_usize).prop_map(Change::Seed),
        1 => (1..40_u16).prop_map(Change::Slices),
        2 => (0..8_000_u64).prop_map(Change::Later),
    ]
}

/// Changes a proof of a chain, or the question; `None` if the change cannot be made.
pub(crate) fn apply(
    chain: &HeaderChain,
    proof: &mut WorkProof,
    challenge: &mut Challenge,
    change: &Change,
) -> Option<()> {
    let (samples, nodes) = (proof.samples.len().max(1), proof.nodes.len().max(1));
    // an earlier change may have moved the tip out of the chain
    let is_in_chain = (LEAST_HEIGHT..=chain.height()).contains(&proof.tip.height);
    let flipped = |bit: usize| {
        let mut bytes = proof.tip.to_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let tip = Header::from_bytes(&bytes);
        // nobody mines what is harder than what a test can do
        let easy = tip.bits.to_target().is_ok_and(|target| target.work().to_f64() < 5_000.0);
        easy.then(|| mine(tip))
    };
    match *change {
        Change::Bit(bit) => {
            let mut bytes = encode_proof(proof).unwrap();
            let bits = bytes.len() * 8;
            bytes[bit % bits / 8] ^= 1 << (bit % 8);
            *proof = decode_proof(&bytes).ok()?;
        }
        Change::Tip(bit) => proof.tip = flipped(bit)?,
        Change::Reproved(bit) => {
            let tip = flipped(bit).filter(|tip| is_in_chain && tip.height == proof.tip.height)?;
            let mut other = chain.up_to(tip.height - 1);
            other.append(tip, proof.opening, work_of(tip.bits));
            *proof = Prover::new(&other).prove(challenge);
        }
        Change::RemoveSample(place) => {
            _ = (!proof.samples.is_empty()).then(|| proof.samples.remove(place % samples))?
        }
        Change::RepeatSample(place) => proof.samples.push(*proof.samples.get(place % samples)?),
        Change::SwapSamples(place) => {
            let place = place % samples;
            (place + 1 < proof.samples.len()).then(|| proof.samples.swap(place, place + 1))?;
        }
        Change::OtherSample(place, height) => {
            // not the tip's height, which an earlier change may have moved out of the chain
            let other = Prover::new(chain).sample(1 + height % (chain.height() - 1));
            *proof.samples.get_mut(place % samples)? = other;
        }
        Change::RemoveNode(place) => _ = (!proof.nodes.is_empty()).then(|| proof.nodes.remove(place % nodes))?,
        Change::RepeatNode(place) => proof.nodes.insert(place % nodes, *proof.nodes.get(place % nodes)?),
        Change::SwapNodes(place) => {
            let place = place % nodes;
            (place + 1 < proof.nodes.len()).then(|| proof.nodes.swap(place, place + 1))?;
        }
        Change::Before(place, more) => {
            let sample = proof.samples.get_mut(place % samples)?;
            sample.before = (sample.before + work(more)).saturating_sub(work(2));
        }
        Change::BeforeTail(more) => proof.before_tail = (proof.before_tail + work(more)).saturating_sub(work(2)),
        Change::Seed(bit) => challenge.seed[bit / 8] ^= 1 << (bit % 8),
        Change::Slices(slices) => challenge.slices = slices,
        Change::Later(_) if !is_in_chain => return None,
        Change::Later(by) => {
            let tip = mine(Header { time: proof.tip.time + by, ..proof.tip });
            let mut other = chain.up_to(tip.height - 1);
            other.append(tip, proof.opening, work_of(tip.bits));
            *proof = Prover::new(&other).prove(challenge);
        }
    }
    Some(())
}
