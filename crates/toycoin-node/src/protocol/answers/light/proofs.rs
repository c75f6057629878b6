//! Proofs of work and of ancestry.

use std::fmt::Display;

use toycoin_core::{
    BlockHash, Header, Work,
    chain::{Chain, ProvedWork},
    proof::TAIL,
    store::ChainStore,
};
use toycoin_wire::{
    limits::{MAX_ANCESTORS_PAYLOAD, MAX_BLOCK_PAYLOAD, TAG_SIZE},
    node::{GetAncestors, GetProof, NodeMessage},
};

use super::Given;
use crate::{
    limits,
    protocol::answers::questions::{Plan, Source},
};

/// Plans the proof of a chain's work.
pub(super) fn plan_work<S: ChainStore>(request: &GetProof, chain: &Chain<S>) -> Plan {
    let top = height_of(&request.tip, chain).unwrap_or_else(|| chain.height());
    let start = height_of(&request.start, chain).filter(|start| *start < top).unwrap_or(0);
    let samples = most_samples(top, start, request.slices, chain);
    let bytes = FIXED_BYTES + SAMPLE_BYTES * samples + NODE_BYTES * most_nodes(samples, top);
    plan_of(samples, bytes.min(MAX_BLOCK_PAYLOAD as u64))
}

/// Proves a chain's work.
pub(super) fn give_work<S: ChainStore<Error: Display>>(
    request: &GetProof,
    plan: &Plan,
    chain: &Chain<S>,
) -> Result<Given, String> {
    let proved = chain.prove_work(&request.tip, &request.seed, request.slices, &request.start);
    Ok(match proved.map_err(|error| error.to_string())? {
        ProvedWork::Proof(proof) => {
            let (size, samples) = (proof.encoded_size(), proof.samples.len() as u64);
            if size + TAG_SIZE > MAX_BLOCK_PAYLOAD {
                // the work was done
                return Ok(Given::missing(proof.tip.hash().to_bytes(), plan.tokens));
            }
            let bytes = size as u64;
            let tokens = plan.tokens.min(bytes + limits::SAMPLE_TOKENS * samples);
            Given { message: Some(NodeMessage::Proof(*proof)), missing: Vec::new(), bytes, tokens }
        }
        ProvedWork::TooShort(headers) => {
            let bytes = (Header::SIZE * headers.len()) as u64 + 8;
            Given { message: Some(NodeMessage::Headers(headers)), missing: Vec::new(), bytes, tokens: bytes }
        }
        ProvedWork::UnknownStart => Given::missing(request.start.to_bytes(), 0),
    })
}

/// Plans the proof that headers are ancestors of a tip.
pub(super) fn plan_ancestors<S: ChainStore>(request: &GetAncestors, chain: &Chain<S>) -> Plan {
    let items = request.blocks.len() as u64;
    let bytes = ANCESTORS_BYTES + SAMPLE_BYTES * items + NODE_BYTES * most_nodes(items, chain.height());
    plan_of(items, bytes.min(MAX_ANCESTORS_PAYLOAD as u64))
}

/// Proves that headers are ancestors of a tip.
pub(super) fn give_ancestors<S: ChainStore<Error: Display>>(
    request: &GetAncestors,
    plan: &Plan,
    chain: &Chain<S>,
) -> Result<Given, String> {
    let proved = chain.prove_ancestors(&request.tip, &request.blocks).map_err(|error| error.to_string())?;
    let (proof, missing) = (proved.proof, proved.missing.iter().map(|hash| hash.to_bytes()).collect());
    let items = proof.items.len() as u64;
    let bytes = ANCESTORS_BYTES + SAMPLE_BYTES * items + NODE_BYTES * proof.nodes.len() as u64;
    let tokens = plan.tokens.min(bytes + limits::SAMPLE_TOKENS * items);
    Ok(Given { message: Some(NodeMessage::Ancestors(proof)), missing, bytes, tokens })
}

fn plan_of(samples: u64, bytes: u64) -> Plan {
    Plan {
        tokens: bytes + limits::SAMPLE_TOKENS * samples,
        length: bytes + limits::MAX_ENVELOPE_BYTES,
        source: Source::Chain,
    }
}

/// Returns the most headers that a proof of the work up to `top` samples: one for each slice of each octave, and no
/// more than there are between `start` and the tail.
fn most_samples<S: ChainStore>(top: u64, start: u64, slices: u16, chain: &Chain<S>) -> u64 {
    let work = |height: u64| chain.header_at(height).map_or(Work::ZERO, |entry| entry.work);
    let Some(last) = top.checked_sub(TAIL as u64 + 1) else { return 0 };
    let span = work(top).saturating_sub(work(start));
    let mut octave = work(top).saturating_sub(work(last));
    let mut octaves = 0;
    while octave < span && octaves < u64::from(u8::MAX) {
        (octave, octaves) = (octave + octave, octaves + 1);
    }
    (octaves * u64::from(slices)).min(last.saturating_sub(start))
}

/// Returns the most nodes of a proof over a range of `leaves`, in which `samples` headers are known with their parents,
/// and a row of others.
fn most_nodes(samples: u64, leaves: u64) -> u64 {
    // a leaf has as many siblings above it as its subtree has levels, and the subtrees of all share the top of the range
    let known = 2 * samples + 2;
    let levels = u64::from((leaves / known).max(1).ilog2()) + 2;
    known * levels + 2 * u64::from(leaves.max(1).ilog2())
}

fn height_of<S: ChainStore>(hash: &BlockHash, chain: &Chain<S>) -> Option<u64> {
    let height = chain.headers().get(hash)?.header.height;
    chain.is_active(hash).then_some(height)
}

/// Bytes of a proof of work beside its samples and nodes.
const FIXED_BYTES: u64 = 13_024;

/// Bytes of a proof of ancestry beside its items and nodes.
const ANCESTORS_BYTES: u64 = 32 + 8 + 8;

const SAMPLE_BYTES: u64 = 200;
const NODE_BYTES: u64 = 32;

#[cfg(test)]
mod tests {
    use toycoin_core::{
        ChainParams,
        proof::MAX_SLICES,
        test_util::{classroom, grow, strategies},
    };

    use super::*;

    #[test]
    fn a_plan_is_an_upper_bound_of_its_answer() {
        let mut chain = Chain::in_memory(strategies::params());
        for grown in [103, 40, 200, 800] {
            grow(&mut chain, grown, classroom::owner(0));
            for slices in [1, 3, 24, MAX_SLICES] {
                for seed in 0..6 {
                    let below = chain
                        .header_at(chain.height() - u64::from(seed) * 20 - 1)
                        .map_or(BlockHash::ZERO, |entry| entry.hash);
                    for start in [BlockHash::ZERO, below] {
                        let request = GetProof { tip: BlockHash::ZERO, seed: [seed; 32], slices, start };
                        let plan = plan_work(&request, &chain);
                        let given = give_work(&request, &plan, &chain).unwrap();
                        let message = given.message.expect("a proof").encode().unwrap();
                        assert_eq!(message.len() as u64, given.bytes + 4);
                        assert!(given.bytes + 4 <= plan.length, "{} of {}", given.bytes, plan.length);
                        assert!((given.bytes..=plan.tokens).contains(&given.tokens));
                    }
                }
            }
        }
    }

    #[test]
    fn a_plan_bounds_the_ancestors_that_lie_worst() {
        let mut chain = Chain::in_memory(ChainParams::regtest());
        grow(&mut chain, 1_500, classroom::owner(0));
        for step in [1, 2, 11, 64, 100, 511, 1_024] {
            let heights = (0..1_500).skip(step - 1).step_by(step).take(128);
            let blocks: Vec<_> = heights.map(|height| chain.header_at(height as u64).unwrap().hash).collect();
            let request = GetAncestors { tip: BlockHash::ZERO, blocks };
            let plan = plan_ancestors(&request, &chain);
            let given = give_ancestors(&request, &plan, &chain).unwrap();
            let message = given.message.expect("a proof").encode().unwrap();
            assert_eq!(message.len() as u64, given.bytes + 4, "every {step}");
            assert!(given.bytes + 4 <= plan.length && given.tokens <= plan.tokens, "every {step}: {plan:?}");
        }
    }

    #[test]
    fn a_proof_of_a_million_headers_costs_as_much_as_a_page() {
        // measured: 316 samples and 156 kB with 24 slices
        let page = Header::SIZE as u64 * limits::HEADERS_A_MESSAGE as u64;
        assert!(156_000 + 316 * limits::SAMPLE_TOKENS <= page);
    }
}
