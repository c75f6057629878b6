//! One message of each kind, and payloads that no encoder makes.

use toycoin_core::{
    Amount, Block, BlockHash, Coinbase, CompactTarget, Header, InclusionProof, MerkleRoot, OutPoint, PublicKey,
    Signature, StateRoot, Transaction, TxOut, Txid, Work,
    compact::CompactBlock,
    filter::BlockFilter,
    proof::{AncestryProof, Opening, Receipt, ReceiptTransaction, Sample, WorkProof},
    snapshot::{CoinBytes, Manifest},
    state::LtHash,
};

use super::super::*;
use crate::Tag;

/// Every tag of the node layer, in the order of [`one_of_each`].
pub(super) const KNOWN: [Tag; 26] = [
    Tag::STAT,
    Tag::TXN,
    Tag::BLOC,
    Tag::GHDR,
    Tag::HDRS,
    Tag::GBLK,
    Tag::NOTF,
    Tag::GTXN,
    Tag::RJCT,
    Tag::GADR,
    Tag::ADDR,
    Tag::CBLK,
    Tag::GBTX,
    Tag::BTXS,
    Tag::GPRF,
    Tag::PROF,
    Tag::GANC,
    Tag::ANCS,
    Tag::GTXP,
    Tag::TXPR,
    Tag::GFIL,
    Tag::FILT,
    Tag::GSNP,
    Tag::SNPM,
    Tag::GCHK,
    Tag::CHNK,
];

pub(super) fn header() -> Header {
    Header {
        previous: BlockHash::from_bytes([1; 32]),
        merkle_root: MerkleRoot::from_bytes([2; 32]),
        version: 1,
        bits: CompactTarget::from_bits(0x1e01_0000),
        height: 7,
        time: 1_767_225_600_000,
        state_root: StateRoot::from_bytes([3; 32]),
        nonce: 9,
    }
}

pub(super) fn output() -> TxOut {
    TxOut { value: Amount::from_grains(5), owner: PublicKey::from_bytes([4; 32]) }
}

pub(super) fn transaction(inputs: usize, outputs: usize) -> Transaction {
    Transaction {
        version: 1,
        inputs: vec![OutPoint { txid: Txid::from_bytes([5; 32]), vout: 1 }; inputs],
        outputs: vec![output(); outputs],
        signatures: vec![Signature::from_bytes([6; 64]); inputs],
    }
}

pub(super) fn block(transactions: Vec<Transaction>) -> Block {
    Block { header: header(), coinbase: coinbase(), transactions }
}

pub(super) fn hashes(count: usize) -> Vec<BlockHash> {
    vec![hash(); count]
}

pub(super) fn reject(text: &str) -> NodeMessage {
    NodeMessage::Reject(Reject { hash: [9; 32], rule: 11, text: text.into() })
}

pub(super) fn address(length: usize) -> NodeAddress {
    NodeAddress { peer: vec![0x12; length], ip: [0xff; 16], port: 25_001, seen: 490_000 }
}

/// Returns one message of each kind, with no empty list.
pub(super) fn one_of_each() -> Vec<NodeMessage> {
    let status = Status {
        genesis: BlockHash::from_bytes([1; 32]),
        tip: BlockHash::from_bytes([2; 32]),
        height: 3,
        work: [4; 32],
        time: 1_767_225_600_000,
    };
    vec![
        NodeMessage::Status(status),
        NodeMessage::Transaction(transaction(2, 2)),
        NodeMessage::Block(block(vec![transaction(1, 2), transaction(2, 1)])),
        NodeMessage::GetHeaders(GetHeaders { locator: hashes(3), stop: BlockHash::ZERO }),
        NodeMessage::Headers(vec![header(); 2]),
        NodeMessage::GetBlocks(hashes(2)),
        NodeMessage::NotFound(vec![[7; 32]; 2]),
        NodeMessage::GetTransactions(vec![Txid::from_bytes([6; 32]); 2]),
        reject("not enough work"),
        NodeMessage::GetAddresses,
        NodeMessage::Addresses(vec![address(36); 2]),
        NodeMessage::CompactBlock(CompactBlock {
            header: header(),
            nonce: 10,
            coinbase: coinbase(),
            ids: vec![[7; 6]; 2],
        }),
        NodeMessage::GetBlockTransactions(GetBlockTransactions { block: hash(), places: vec![0, 258] }),
        transactions_of_a_block(vec![transaction(1, 2), transaction(2, 1)]),
        get_proof(24),
        NodeMessage::Proof(proof(3, 2, 2)),
        NodeMessage::GetAncestors(GetAncestors { tip: hash(), blocks: hashes(2) }),
        ancestors(2),
        NodeMessage::GetReceipts(GetReceipts { tip: hash(), transactions: vec![Txid::from_bytes([6; 32]); 2] }),
        NodeMessage::Receipts(vec![receipt(), Receipt { transaction: coinbase_in_a_receipt(), ..receipt() }]),
        NodeMessage::GetFilters(GetFilters { first: 258, last: hash() }),
        NodeMessage::Filters(vec![filter(); 2]),
        NodeMessage::GetManifest(hash()),
        NodeMessage::Manifest(manifest(2)),
        NodeMessage::GetChunk(GetChunk { snapshot: [9; 32], place: 258 }),
        chunk(2),
    ]
}

pub(super) fn hash() -> BlockHash {
    BlockHash::from_bytes([8; 32])
}

pub(super) fn coinbase() -> Coinbase {
    Coinbase { height: 7, extra: b"a miner".to_vec(), outputs: vec![output()] }
}

pub(super) fn transactions_of_a_block(transactions: Vec<Transaction>) -> NodeMessage {
    NodeMessage::BlockTransactions(BlockTransactions { block: hash(), transactions })
}

pub(super) fn get_proof(slices: u16) -> NodeMessage {
    let (tip, start) = (BlockHash::from_bytes([1; 32]), BlockHash::from_bytes([3; 32]));
    NodeMessage::GetProof(GetProof { tip, seed: [2; 32], slices, start })
}

pub(super) fn opening() -> Opening {
    Opening { coins: [5; 32], count: 258 }
}

/// Work whose bytes differ from each other, so that their order shows.
pub(super) fn work() -> Work {
    Work::from_be_bytes(std::array::from_fn(|i| u8::try_from(i).unwrap()))
}

pub(super) fn sample() -> Sample {
    Sample { header: header(), opening: opening(), before: work() }
}

pub(super) fn proof(tail: usize, samples: usize, nodes: usize) -> WorkProof {
    let (tail, samples) = (vec![header(); tail], vec![sample(); samples]);
    WorkProof { tip: header(), opening: opening(), tail, before_tail: work(), samples, nodes: vec![[6; 32]; nodes] }
}

pub(super) fn ancestors(items: usize) -> NodeMessage {
    NodeMessage::Ancestors(AncestryProof { tip: hash(), items: vec![sample(); items], nodes: vec![[6; 32]; 2] })
}

/// A receipt with two siblings.
pub(super) fn receipt() -> Receipt {
    let inclusion = InclusionProof { index: 1, transactions: 3, siblings: vec![[7; 32]; 2] };
    Receipt { block: hash(), inclusion, transaction: ReceiptTransaction::Transaction(transaction(1, 2)) }
}

pub(super) fn coinbase_in_a_receipt() -> ReceiptTransaction {
    ReceiptTransaction::Coinbase(coinbase())
}

pub(super) fn filter() -> BlockFilter {
    BlockFilter { block: hash(), count: 2, bytes: vec![1, 2, 3, 4, 5] }
}

pub(super) fn manifest(chunks: usize) -> Manifest {
    let sum = LtHash::from_bytes(&std::array::from_fn(|i| u8::try_from(i % 251).unwrap()));
    Manifest { header: header(), opening: opening(), sum, chunks: vec![[4; 32]; chunks] }
}

pub(super) fn chunk(coins: usize) -> NodeMessage {
    let coins = vec![CoinBytes(std::array::from_fn(|i| u8::try_from(i).unwrap())); coins];
    NodeMessage::Chunk(Chunk { snapshot: [9; 32], place: 258, coins })
}

/// Builds a payload from a tag and a body, which need not fit each other.
pub(super) fn payload(tag: Tag, body: &[u8]) -> Vec<u8> {
    [tag.to_bytes().as_slice(), body].concat()
}

/// Builds the body of a list that claims to have `count` items.
pub(super) fn list<const N: usize>(count: u64, items: &[[u8; N]]) -> Vec<u8> {
    [count.to_le_bytes().as_slice(), items.as_flattened()].concat()
}
