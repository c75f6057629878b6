//! Strategies for messages of light clients, compact blocks and snapshots.

use proptest::{array::uniform32, collection::vec, prelude::*};
use toycoin_core::{
    Coin, Header, InclusionProof, OutPoint, Work,
    compact::CompactBlock,
    filter::BlockFilter,
    proof::{AncestryProof, MAX_SLICES, Opening, Receipt, ReceiptTransaction, Sample, TAIL, WorkProof},
    snapshot::{CoinBytes, Manifest},
    state::LtHash,
};

use super::node::{any_block_hash, any_coinbase, any_header, any_output, any_transaction, any_txid};
use crate::{
    limits::{MAX_ANCESTORS, MAX_BLOCK_PLACES, MAX_RECEIPTS},
    node::{
        BlockTransactions, Chunk, GetAncestors, GetBlockTransactions, GetChunk, GetFilters, GetProof, GetReceipts,
        NodeMessage,
    },
};

/// A strategy for compact blocks, requests for their payments, and answers.
pub(super) fn any_compact_message() -> impl Strategy<Value = NodeMessage> {
    let block = (any_header(), any::<u64>(), any_coinbase(), vec(any::<[u8; 6]>(), 0..50))
        .prop_map(|(header, nonce, coinbase, ids)| CompactBlock { header, nonce, coinbase, ids });
    prop_oneof![
        block.prop_map(NodeMessage::CompactBlock),
        (any_block_hash(), vec(any::<u32>(), 0..=MAX_BLOCK_PLACES))
            .prop_map(|(block, places)| { NodeMessage::GetBlockTransactions(GetBlockTransactions { block, places }) }),
        (any_block_hash(), vec(any_transaction(), 0..4)).prop_map(|(block, transactions)| {
            NodeMessage::BlockTransactions(BlockTransactions { block, transactions })
        }),
    ]
}

/// A strategy for what light clients ask, and for the answers.
pub(super) fn any_light_message() -> impl Strategy<Value = NodeMessage> {
    prop_oneof![
        (any_block_hash(), any::<[u8; 32]>(), 1..=MAX_SLICES, any_block_hash())
            .prop_map(|(tip, seed, slices, start)| NodeMessage::GetProof(GetProof { tip, seed, slices, start })),
        any_proof().prop_map(NodeMessage::Proof),
        (any_block_hash(), vec(any_block_hash(), 0..=MAX_ANCESTORS))
            .prop_map(|(tip, blocks)| NodeMessage::GetAncestors(GetAncestors { tip, blocks })),
        (any_block_hash(), vec(any_sample(), 0..10), vec(any::<[u8; 32]>(), 0..20))
            .prop_map(|(tip, items, nodes)| NodeMessage::Ancestors(AncestryProof { tip, items, nodes })),
        (any_block_hash(), vec(any_txid(), 0..=MAX_RECEIPTS))
            .prop_map(|(tip, transactions)| NodeMessage::GetReceipts(GetReceipts { tip, transactions })),
        vec(any_receipt(), 0..10).prop_map(NodeMessage::Receipts),
        (any::<u64>(), any_block_hash()).prop_map(|(first, last)| NodeMessage::GetFilters(GetFilters { first, last })),
        vec(any_filter(), 0..10).prop_map(NodeMessage::Filters),
    ]
}

/// A strategy for manifests and chunks of snapshots, and for requests for them.
pub(super) fn any_snapshot_message() -> impl Strategy<Value = NodeMessage> {
    prop_oneof![
        any_block_hash().prop_map(NodeMessage::GetManifest),
        any_manifest().prop_map(NodeMessage::Manifest),
        (any::<[u8; 32]>(), any::<u32>())
            .prop_map(|(snapshot, place)| NodeMessage::GetChunk(GetChunk { snapshot, place })),
        (any::<[u8; 32]>(), any::<u32>(), vec(any_coin(), 0..20))
            .prop_map(|(snapshot, place, coins)| NodeMessage::Chunk(Chunk { snapshot, place, coins })),
    ]
}

/// A strategy for proofs of work with a whole tail, whose headers differ in their height alone.
fn any_proof() -> impl Strategy<Value = WorkProof> {
    let lists = (vec(any_sample(), 0..10), vec(any::<[u8; 32]>(), 0..20));
    (any_header(), any_opening(), any_work(), lists).prop_map(|(tip, opening, before_tail, (samples, nodes))| {
        let before = |distance| Header { height: tip.height.wrapping_sub(distance), ..tip };
        let tail = (1..=TAIL as u64).rev().map(before).collect();
        WorkProof { tip, opening, tail, before_tail, samples, nodes }
    })
}

fn any_sample() -> impl Strategy<Value = Sample> {
    (any_header(), any_opening(), any_work()).prop_map(|(header, opening, before)| Sample { header, opening, before })
}

fn any_opening() -> impl Strategy<Value = Opening> {
    (any::<[u8; 32]>(), any::<u64>()).prop_map(|(coins, count)| Opening { coins, count })
}

fn any_work() -> impl Strategy<Value = Work> {
    any::<[u8; 32]>().prop_map(Work::from_be_bytes)
}

fn any_receipt() -> impl Strategy<Value = Receipt> {
    let inclusion = (any::<u32>(), any::<u32>(), vec(any::<[u8; 32]>(), 0..20))
        .prop_map(|(index, transactions, siblings)| InclusionProof { index, transactions, siblings });
    let transaction = prop_oneof![
        any_transaction().prop_map(ReceiptTransaction::Transaction),
        any_coinbase().prop_map(ReceiptTransaction::Coinbase),
    ];
    (any_block_hash(), inclusion, transaction).prop_map(|(block, inclusion, transaction)| Receipt {
        block,
        inclusion,
        transaction,
    })
}

fn any_filter() -> impl Strategy<Value = BlockFilter> {
    (any_block_hash(), any::<u32>(), vec(any::<u8>(), 0..100)).prop_map(|(block, count, bytes)| BlockFilter {
        block,
        count,
        bytes,
    })
}

/// A strategy for manifests, whose sum has lanes that repeat.
fn any_manifest() -> impl Strategy<Value = Manifest> {
    let sum = uniform32(any::<u8>()).prop_map(|lanes| {
        let mut bytes = [0; 2_048];
        bytes.as_chunks_mut::<32>().0.fill(lanes);
        LtHash::from_bytes(&bytes)
    });
    (any_header(), any_opening(), sum, vec(any::<[u8; 32]>(), 0..50))
        .prop_map(|(header, opening, sum, chunks)| Manifest { header, opening, sum, chunks })
}

fn any_coin() -> impl Strategy<Value = CoinBytes> {
    (any_txid(), any::<u32>(), any_output(), any::<u64>()).prop_map(|(txid, vout, output, coinbase_height)| {
        CoinBytes::new(&OutPoint { txid, vout }, &Coin { output, coinbase_height })
    })
}
