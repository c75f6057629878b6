//! Messages of compact blocks, light clients and snapshots.

use toycoin_core::{
    Block, BlockHash, Coin, Header, InclusionProof, OutPoint, TxOut, Work,
    compact::{CompactBlock, ShortIds},
    filter::BlockFilter,
    proof::{AncestryProof, Opening, Receipt, ReceiptTransaction, Sample, TAIL, WorkProof},
    snapshot::{CoinBytes, Manifest, chunk_hash},
    state::LtHash,
};
use toycoin_wire::{
    NodeMessage,
    node::{BlockTransactions, Chunk, GetAncestors, GetBlockTransactions, GetChunk, GetFilters, GetProof, GetReceipts},
};

pub(crate) fn compact_blocks(chain: &[Block]) -> Vec<NodeMessage> {
    let block = chain.last().expect("a chain has blocks");
    let compact = |block: &Block, nonce| {
        let short = ShortIds::new(&block.header, nonce);
        let ids = block.transactions.iter().map(|transaction| short.of(transaction.wtxid())).collect();
        NodeMessage::CompactBlock(CompactBlock { header: block.header, nonce, coinbase: block.coinbase.clone(), ids })
    };
    let (hash, transactions) = (block.hash(), block.transactions.clone());
    vec![
        compact(block, 0x0001_0203_0405_0607),
        compact(&chain[0], 0),
        NodeMessage::GetBlockTransactions(GetBlockTransactions { block: hash, places: vec![0, 1, 258] }),
        NodeMessage::BlockTransactions(BlockTransactions { block: hash, transactions }),
    ]
}

/// Proofs in form: what a verifier would say of them is another matter.
pub(crate) fn proofs(chain: &[Block]) -> Vec<NodeMessage> {
    let tip = chain[2].header;
    // bytes that differ from each other, for the order of a number
    let work = Work::from_be_bytes(std::array::from_fn(|i| u8::try_from(i).expect("a small number")));
    let opening = Opening { coins: [0x33; 32], count: 258 };
    let sample = |block: &Block| Sample { header: block.header, opening, before: work };
    let tail = (0..TAIL as u64).map(|nonce| Header { nonce, ..chain[1].header }).collect();
    let proof = |samples, nodes| WorkProof { tip, opening, tail, before_tail: work, samples, nodes };
    let (newest, genesis) = (tip.hash(), chain[0].hash());
    let asked = |tip, slices, start| NodeMessage::GetProof(GetProof { tip, seed: [0x5a; 32], slices, start });
    let items = vec![sample(&chain[0]), sample(&chain[1])];
    vec![
        asked(newest, 24, genesis),
        asked(BlockHash::ZERO, 256, BlockHash::ZERO),
        NodeMessage::Proof(proof(chain[1..].iter().map(sample).collect(), vec![[0x44; 32], [0x55; 32]])),
        NodeMessage::GetAncestors(GetAncestors { tip: newest, blocks: vec![chain[1].hash(), genesis] }),
        NodeMessage::Ancestors(AncestryProof { tip: newest, items, nodes: vec![[0x66; 32]] }),
        NodeMessage::Ancestors(AncestryProof { tip: newest, items: Vec::new(), nodes: Vec::new() }),
    ]
}

pub(crate) fn receipts_and_filters(chain: &[Block]) -> Vec<NodeMessage> {
    let (block, tip) = (&chain[2], chain[2].hash());
    let ids = block.transaction_ids();
    let receipt = |index: u32, transaction| Receipt {
        block: tip,
        inclusion: InclusionProof::build(&ids, index).expect("a transaction of the block"),
        transaction,
    };
    let coinbase = ReceiptTransaction::Coinbase(block.coinbase.clone());
    let payment = ReceiptTransaction::Transaction(block.transactions[1].clone());
    let filter = |block: BlockHash, bytes: &[u8]| BlockFilter { block, count: 2, bytes: bytes.to_vec() };
    vec![
        NodeMessage::GetReceipts(GetReceipts { tip, transactions: ids.iter().map(|(txid, _)| *txid).collect() }),
        NodeMessage::Receipts(vec![receipt(0, coinbase), receipt(2, payment)]),
        NodeMessage::Receipts(Vec::new()),
        NodeMessage::GetFilters(GetFilters { first: 258, last: tip }),
        // bytes for their place; what they mean is frozen elsewhere
        NodeMessage::Filters(vec![filter(chain[1].hash(), b"\x01\x02\x03\x04\x05"), filter(tip, b"")]),
    ]
}

pub(crate) fn snapshots(chain: &[Block]) -> Vec<NodeMessage> {
    let block = &chain[2];
    let coin = |(outpoint, output): (OutPoint, &TxOut)| {
        CoinBytes::new(&outpoint, &Coin { output: *output, coinbase_height: block.header.height })
    };
    let coins: Vec<_> = block.coinbase.outpoints(block.coinbase.txid()).map(coin).collect();
    let mut sum = LtHash::default();
    coins.iter().for_each(|coin| sum.add(&coin.outpoint(), &coin.coin()));
    let manifest = Manifest {
        header: block.header,
        opening: Opening { coins: sum.digest(), count: coins.len() as u64 },
        sum,
        chunks: vec![chunk_hash(block.hash(), 0, &coins)],
    };
    let snapshot = manifest.id();
    vec![
        NodeMessage::GetManifest(BlockHash::ZERO),
        NodeMessage::GetManifest(block.hash()),
        NodeMessage::Manifest(manifest),
        NodeMessage::GetChunk(GetChunk { snapshot, place: 258 }),
        NodeMessage::Chunk(Chunk { snapshot, place: 0, coins }),
    ]
}
