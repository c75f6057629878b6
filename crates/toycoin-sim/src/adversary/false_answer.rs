//! How true answers to light clients become false ones.

use toycoin_core::{
    Header, Work,
    filter::BlockFilter,
    proof::{AncestryProof, Sample, WorkProof},
};
use toycoin_wire::node::NodeMessage;

use crate::{
    adversary::{Lie, Scene},
    dice::Dice,
    network::{solve_header, spoil_header},
};

/// Time by which a header from the future is ahead, in milliseconds: a day.
const FUTURE: u64 = 86_400_000;

/// Returns what a liar gives in place of a true answer; answers that its lie does not concern stay as they are.
pub(super) fn false_answer(lie: Lie, answer: NodeMessage, scene: &mut Scene<'_>) -> NodeMessage {
    match (lie, answer) {
        (Lie::TampersProofs, NodeMessage::Proof(mut proof)) => {
            tamper(&mut proof, scene.dice);
            NodeMessage::Proof(proof)
        }
        (Lie::TampersProofs, NodeMessage::Headers(mut headers)) => {
            if let Some(last) = headers.last_mut() {
                spoil_header(last);
            }
            NodeMessage::Headers(headers)
        }
        (Lie::TampersProofs, NodeMessage::Ancestors(mut proof)) => {
            tamper_ancestry(&mut proof, scene.dice);
            NodeMessage::Ancestors(proof)
        }
        (Lie::TampersProofs, NodeMessage::Receipts(mut receipts)) => {
            for receipt in &mut receipts {
                if let Some(sibling) = receipt.inclusion.siblings.first_mut() {
                    *sibling = scene.dice.bytes();
                }
            }
            NodeMessage::Receipts(receipts)
        }
        (Lie::OtherHeaders, NodeMessage::Headers(headers)) => NodeMessage::Headers(other_headers(headers, scene)),
        (Lie::OtherHeaders, NodeMessage::Proof(mut proof)) => {
            proof.tip = without_work(proof.tip, scene);
            NodeMessage::Proof(proof)
        }
        (Lie::HidesPayments, NodeMessage::Filters(filters)) => {
            NodeMessage::Filters(filters.into_iter().map(|filter| without_payments(filter, scene)).collect())
        }
        (Lie::FalseFilters, NodeMessage::Filters(filters)) => NodeMessage::Filters(other_filters(filters, scene)),
        (Lie::SwapsBodies, NodeMessage::Block(mut block)) => {
            if scene.dice.chance(0.5) && !block.transactions.is_empty() {
                block.transactions.pop();
            } else {
                block.coinbase.extra.pop();
            }
            NodeMessage::Block(block)
        }
        (_, answer) => answer,
    }
}

/// Changes one part of a proof of work.
fn tamper(proof: &mut WorkProof, dice: &mut Dice) {
    match dice.below(8) {
        0 => proof.before_tail = proof.before_tail + proof.before_tail,
        1 => tamper_samples(&mut proof.samples, dice),
        2 => tamper_nodes(&mut proof.nodes, dice),
        3 => spoil_header(&mut proof.tip),
        4 => proof.opening.count += 1,
        5 => proof.tail.swap(0, 1),
        6 => drop(proof.tail.pop()),
        _ => drop(proof.nodes.pop()),
    }
}

fn tamper_ancestry(proof: &mut AncestryProof, dice: &mut Dice) {
    if dice.chance(0.5) {
        tamper_samples(&mut proof.items, dice);
    } else {
        tamper_nodes(&mut proof.nodes, dice);
    }
}

fn tamper_samples(samples: &mut Vec<Sample>, dice: &mut Dice) {
    let place = dice.index(samples.len().max(1));
    match (dice.below(3), samples.get_mut(place)) {
        (0, Some(sample)) => sample.before = sample.before + Work::from_be_bytes([1; 32]),
        (1, Some(sample)) => sample.opening.coins = dice.bytes(),
        _ => drop(samples.pop()),
    }
}

fn tamper_nodes(nodes: &mut Vec<[u8; 32]>, dice: &mut Dice) {
    let place = dice.index(nodes.len().max(1));
    match nodes.get_mut(place) {
        Some(node) => *node = dice.bytes(),
        None => nodes.push(dice.bytes()),
    }
}

fn other_headers(mut headers: Vec<Header>, scene: &mut Scene<'_>) -> Vec<Header> {
    let genesis = scene.chain.params().genesis_hash();
    match scene.dice.below(4) {
        0 => scene.chain.headers_after(&[genesis], &toycoin_core::BlockHash::ZERO, headers.len().max(1)),
        1 => {
            headers.reverse();
            headers
        }
        2 => {
            if let Some(last) = headers.last_mut() {
                *last = without_work(*last, scene);
            }
            headers
        }
        _ => {
            if let Some(last) = headers.last_mut() {
                *last = solve_header(Header { time: scene.unix_ms + FUTURE, ..*last });
            }
            headers
        }
    }
}

/// Returns a header like this one that meets the easiest target, and no harder one that its place asks for.
fn without_work(header: Header, scene: &Scene<'_>) -> Header {
    let bits = scene.chain.params().spec().limit_bits;
    let merkle_root = toycoin_core::MerkleRoot::from_bytes(header.previous.to_bytes());
    let mut easy = Header { bits, merkle_root, ..header };
    if header.bits == bits {
        spoil_header(&mut easy);
        return easy;
    }
    solve_header(easy)
}

fn without_payments(filter: BlockFilter, scene: &Scene<'_>) -> BlockFilter {
    let Ok(Some(block)) = scene.chain.block(&filter.block) else { return filter };
    if block.block().transactions.is_empty() {
        return filter;
    }
    let mut hiding = block.block().clone();
    hiding.transactions.clear();
    BlockFilter::with_hash(filter.block, &hiding)
}

fn other_filters(mut filters: Vec<BlockFilter>, scene: &mut Scene<'_>) -> Vec<BlockFilter> {
    let place = scene.dice.index(filters.len().max(1));
    let Some(filter) = filters.get_mut(place) else { return filters };
    let Ok(Some(block)) = scene.chain.block(&filter.block) else { return filters };
    match scene.dice.below(4) {
        // a block that nobody mined, with the payments of one that was
        0 => {
            let mut invented = block.block().clone();
            spoil_header(&mut invented.header);
            *filter = BlockFilter::of(&invented);
        }
        1 => filter.count = filter.count.wrapping_add(1_000_000),
        2 => filter.bytes = vec![0xff; 9],
        _ => {
            let genesis = scene.chain.params().genesis().clone();
            *filter = BlockFilter::with_hash(filter.block, &genesis);
        }
    }
    filters
}
