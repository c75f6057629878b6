//! Strategies for messages of the node layer.

use proptest::{collection::vec, prelude::*, sample::Index};
use toycoin_core::{
    Amount, Block, BlockHash, Coinbase, CompactTarget, Header, MerkleRoot, OutPoint, PublicKey, Signature, StateRoot,
    Transaction, TxOut, Txid,
    test_util::{TestLedger, strategies},
};

use crate::{
    limits::{MAX_ADDRESSES, MAX_GET_BLOCKS, MAX_GET_TRANSACTIONS, MAX_LOCATOR, MAX_PEER_ID},
    node::{GetHeaders, NodeAddress, NodeMessage, Reject, Status},
    test_util::light::{any_compact_message, any_light_message, any_snapshot_message},
};

/// A strategy for messages of the node layer, each kind as likely as the others, with arbitrary fields.
///
/// Lists reach their limits, except for headers (up to 20), the lists inside blocks and transactions, and those of
/// proofs, filters and snapshots.
pub fn any_node_message() -> impl Strategy<Value = NodeMessage> {
    prop_oneof![
        11 => any_message_about_blocks(),
        3 => any_compact_message(),
        8 => any_light_message(),
        4 => any_snapshot_message(),
    ]
}

fn any_message_about_blocks() -> impl Strategy<Value = NodeMessage> {
    prop_oneof![
        any_status().prop_map(NodeMessage::Status),
        any_transaction().prop_map(NodeMessage::Transaction),
        any_block().prop_map(NodeMessage::Block),
        (vec(any_block_hash(), 0..=MAX_LOCATOR), any_block_hash())
            .prop_map(|(locator, stop)| NodeMessage::GetHeaders(GetHeaders { locator, stop })),
        vec(any_header(), 0..=20).prop_map(NodeMessage::Headers),
        vec(any_block_hash(), 0..=MAX_GET_BLOCKS).prop_map(NodeMessage::GetBlocks),
        vec(any::<[u8; 32]>(), 0..=MAX_GET_TRANSACTIONS).prop_map(NodeMessage::NotFound),
        vec(any_txid(), 0..=MAX_GET_TRANSACTIONS).prop_map(NodeMessage::GetTransactions),
        any_reject().prop_map(NodeMessage::Reject),
        Just(NodeMessage::GetAddresses),
        vec(any_address(), 0..=MAX_ADDRESSES).prop_map(NodeMessage::Addresses),
    ]
}

/// A strategy for messages about a valid chain of up to 3 blocks: its status, headers, one of its blocks or
/// transactions, or a request for them.
///
/// The chain has signatures and proof of work, so it is slow to make: use it for dozens of cases, not for a thousand.
pub fn chain_node_message() -> impl Strategy<Value = NodeMessage> {
    (strategies::valid_chain(1..4), 0..7_u8, any::<Index>())
        .prop_map(|(ledger, kind, which)| message_about(&ledger, kind, which))
}

/// A strategy for arbitrary statuses.
pub fn any_status() -> impl Strategy<Value = Status> {
    (any_block_hash(), any_block_hash(), any::<u64>(), any::<[u8; 32]>(), any::<u64>())
        .prop_map(|(genesis, tip, height, work, time)| Status { genesis, tip, height, work, time })
}

fn any_address() -> impl Strategy<Value = NodeAddress> {
    (vec(any::<u8>(), 0..=MAX_PEER_ID), any::<[u8; 16]>(), any::<u16>(), any::<u32>())
        .prop_map(|(peer, ip, port, seen)| NodeAddress { peer, ip, port, seen })
}

/// A strategy for arbitrary blocks with up to 3 transactions.
pub fn any_block() -> impl Strategy<Value = Block> {
    (any_header(), any_coinbase(), vec(any_transaction(), 0..4)).prop_map(|(header, coinbase, transactions)| Block {
        header,
        coinbase,
        transactions,
    })
}

/// A strategy for arbitrary headers.
pub fn any_header() -> impl Strategy<Value = Header> {
    let digests = (any_block_hash(), any::<[u8; 32]>(), any::<[u8; 32]>());
    let numbers = (any::<u32>(), any::<u32>(), any::<u64>(), any::<u64>(), any::<u64>());
    (digests, numbers).prop_map(|((previous, merkle_root, state_root), (version, bits, height, time, nonce))| Header {
        previous,
        merkle_root: MerkleRoot::from_bytes(merkle_root),
        version,
        bits: CompactTarget::from_bits(bits),
        height,
        time,
        state_root: StateRoot::from_bytes(state_root),
        nonce,
    })
}

/// A strategy for arbitrary coinbases, whose data may be longer than the rules allow.
pub fn any_coinbase() -> impl Strategy<Value = Coinbase> {
    (any::<u64>(), vec(any::<u8>(), 0..100), vec(any_output(), 0..4)).prop_map(|(height, extra, outputs)| Coinbase {
        height,
        extra,
        outputs,
    })
}

/// A strategy for arbitrary transactions, with any number of signatures.
pub fn any_transaction() -> impl Strategy<Value = Transaction> {
    let input = (any_txid(), any::<u32>()).prop_map(|(txid, vout)| OutPoint { txid, vout });
    let signature = any::<([u8; 32], [u8; 32])>().prop_map(|halves| {
        let mut bytes = [0; 64];
        let (front, back) = bytes.split_at_mut(32);
        front.copy_from_slice(&halves.0);
        back.copy_from_slice(&halves.1);
        Signature::from_bytes(bytes)
    });
    (any::<u32>(), vec(input, 0..4), vec(any_output(), 0..4), vec(signature, 0..4))
        .prop_map(|(version, inputs, outputs, signatures)| Transaction { version, inputs, outputs, signatures })
}

/// A strategy for block hashes of 32 arbitrary bytes.
pub fn any_block_hash() -> impl Strategy<Value = BlockHash> {
    any::<[u8; 32]>().prop_map(BlockHash::from_bytes)
}

pub(super) fn any_txid() -> impl Strategy<Value = Txid> {
    any::<[u8; 32]>().prop_map(Txid::from_bytes)
}

pub(super) fn any_output() -> impl Strategy<Value = TxOut> {
    (any::<u64>(), any::<[u8; 32]>())
        .prop_map(|(value, owner)| TxOut { value: Amount::from_grains(value), owner: PublicKey::from_bytes(owner) })
}

/// A strategy for rejects. A text has up to 32 characters of at most 4 bytes, which is never too long.
fn any_reject() -> impl Strategy<Value = Reject> {
    (any::<[u8; 32]>(), any::<u16>(), r"\PC{0,32}").prop_map(|(hash, rule, text)| Reject { hash, rule, text })
}

fn message_about(ledger: &TestLedger, kind: u8, which: Index) -> NodeMessage {
    let blocks = ledger.blocks();
    let block = blocks.get(which.index(blocks.len())).expect("a chain has its genesis");
    let hashes = || blocks.iter().rev().map(|block| block.hash());
    let transactions = || blocks.iter().flat_map(|block| &block.transactions);
    match kind {
        0 => NodeMessage::Status(Status {
            genesis: ledger.params().genesis_hash(),
            tip: ledger.tip().hash(),
            height: ledger.tip().header.height,
            work: ledger.work().to_be_bytes(),
            time: ledger.tip().header.time,
        }),
        1 => NodeMessage::Headers(blocks.iter().map(|block| block.header).collect()),
        2 => NodeMessage::GetHeaders(GetHeaders { locator: hashes().collect(), stop: BlockHash::ZERO }),
        3 => NodeMessage::GetBlocks(hashes().collect()),
        4 => NodeMessage::GetTransactions(transactions().map(Transaction::txid).collect()),
        5 => match transactions().nth(which.index(transactions().count().max(1))) {
            Some(transaction) => NodeMessage::Transaction(transaction.clone()),
            None => NodeMessage::NotFound(hashes().map(BlockHash::to_bytes).collect()),
        },
        _ => NodeMessage::Block(Block::clone(block)),
    }
}
