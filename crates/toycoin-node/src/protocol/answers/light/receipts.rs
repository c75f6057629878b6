//! Receipts: transactions with the proof that a block holds them.

use std::{collections::BTreeSet, fmt::Display, sync::Arc};

use toycoin_core::{
    BlockHash, CheckedBlock, Txid,
    chain::Chain,
    proof::{Receipt, ReceiptTransaction},
    store::ChainStore,
};
use toycoin_wire::node::{GetReceipts, NodeMessage};

use super::Given;
use crate::{
    limits,
    protocol::answers::{
        kept_bodies::KeptBodies,
        questions::{Plan, Source},
    },
};

/// Plans receipts: looks up their blocks, as many as one answer may read.
pub(super) fn plan<S: ChainStore<Error: Display>>(
    request: &GetReceipts,
    chain: &Chain<S>,
    kept: &mut KeptBodies,
) -> Result<Plan, String> {
    let mut work = Work::default();
    for txid in each_once(request) {
        let Some((hash, _)) = find(&request.tip, txid, chain)? else { continue };
        let (size, held) = look_at(&hash, chain, kept)?;
        if !work.add(hash, size, held.is_some()) {
            break;
        }
    }
    // every receipt is shorter than its block, but for the siblings
    let bytes = (work.bytes + OVERHEAD * request.transactions.len() as u64).min(limits::RECEIPT_BYTES.max(work.first));
    Ok(Plan {
        tokens: work.tokens + bytes + limits::LOOKUP_TOKENS * request.transactions.len() as u64,
        length: bytes + OVERHEAD + limits::MAX_ENVELOPE_BYTES,
        source: Source::Chain,
    })
}

/// Gives receipts in the order asked. It ends before the block whose reading was not planned, and before the receipt
/// that makes the message too long, but for the first. What is left out then is asked for again.
pub(super) fn give<S: ChainStore<Error: Display>>(
    request: &GetReceipts,
    plan: &Plan,
    chain: &Chain<S>,
    kept: &mut KeptBodies,
) -> Result<Given, String> {
    let (mut receipts, mut missing, mut bytes, mut work) = (Vec::new(), Vec::new(), 8, Work::default());
    for txid in each_once(request) {
        let Some((hash, index)) = find(&request.tip, txid, chain)? else {
            missing.push(txid.to_bytes());
            continue;
        };
        let (size, held) = look_at(&hash, chain, kept)?;
        if !work.add(hash, size, held.is_some()) || work.tokens > plan.tokens {
            break;
        }
        let body = match held {
            Some(body) => Some(body),
            None => chain.block(&hash).map_err(|error| error.to_string())?,
        };
        let receipt = body.and_then(|body| {
            kept.keep(Arc::clone(&body));
            Receipt::of(&body, index)
        });
        let Some(receipt) = receipt else {
            missing.push(txid.to_bytes());
            continue;
        };
        let length = encoded_size(&receipt);
        if !receipts.is_empty() && bytes + length > limits::RECEIPT_BYTES {
            break;
        }
        bytes += length;
        receipts.push(receipt);
    }
    let lookups = limits::LOOKUP_TOKENS * request.transactions.len() as u64;
    let tokens = plan.tokens.min(work.tokens + bytes + lookups);
    Ok(Given { message: Some(NodeMessage::Receipts(receipts)), missing, bytes, tokens })
}

/// Tokens of the blocks whose receipts go into one answer.
#[derive(Debug, Default)]
struct Work {
    tokens: u64,
    /// Most bytes of the receipts.
    bytes: u64,
    /// Most bytes of the first one.
    first: u64,
    read: BTreeSet<BlockHash>,
}

impl Work {
    /// Adds the receipt of a transaction in a block of that size. Returns false if it has no room any more.
    ///
    /// A block is read once, and its Merkle tree is hashed for each receipt, which costs half as much.
    fn add(&mut self, block: BlockHash, size: u64, is_kept: bool) -> bool {
        let read = if is_kept || self.read.contains(&block) { 0 } else { size };
        let tokens = read + size / 2;
        if self.tokens > 0 && self.tokens + tokens > limits::RECEIPT_TOKENS {
            return false;
        }
        if self.tokens == 0 {
            self.first = size + OVERHEAD;
        }
        self.read.insert(block);
        self.tokens += tokens;
        self.bytes += size;
        true
    }
}

/// Returns the block that holds a transaction, and its index there, if that block is the asker's tip or below it.
fn find<S: ChainStore<Error: Display>>(
    tip: &BlockHash,
    txid: Txid,
    chain: &Chain<S>,
) -> Result<Option<(BlockHash, u32)>, String> {
    let found = chain.find_transaction(&txid).map_err(|error| error.to_string())?;
    let height_of = |hash: &BlockHash| chain.headers().get(hash).map(|entry| entry.header.height);
    // the asker cannot tie a later block to its tip
    let top = height_of(tip).filter(|_| chain.is_active(tip));
    Ok(found.filter(|(hash, _)| top.is_none_or(|top| height_of(hash).is_some_and(|height| height <= top))))
}

/// Returns the size of a block, and its body if the cache has it.
fn look_at<S: ChainStore<Error: Display>>(
    hash: &BlockHash,
    chain: &Chain<S>,
    kept: &mut KeptBodies,
) -> Result<(u64, Option<Arc<CheckedBlock>>), String> {
    if let Some(body) = kept.get(hash) {
        return Ok((body.block().size(), Some(body)));
    }
    let size = chain.body_size(hash).map_err(|error| error.to_string())?;
    Ok((size.unwrap_or(0), None))
}

fn each_once(request: &GetReceipts) -> impl Iterator<Item = Txid> {
    let mut seen = BTreeSet::new();
    request.transactions.iter().copied().filter(move |txid| seen.insert(*txid))
}

/// Returns the length of a receipt in a message, in bytes.
fn encoded_size(receipt: &Receipt) -> u64 {
    let transaction = match &receipt.transaction {
        ReceiptTransaction::Transaction(payment) => {
            let lists = 36 * payment.inputs.len() + 40 * payment.outputs.len() + 64 * payment.signatures.len();
            4 + 3 * 8 + lists
        }
        ReceiptTransaction::Coinbase(coinbase) => 8 + 8 + coinbase.extra.len() + 8 + 40 * coinbase.outputs.len(),
    };
    (32 + 4 + 4 + 8 + 32 * receipt.inclusion.siblings.len() + 4 + transaction) as u64
}

/// Most bytes of a receipt beside its transaction: a block has fewer than 2^20 of them.
const OVERHEAD: u64 = 52 + 32 * 20;

#[cfg(test)]
mod tests {
    use toycoin_core::{
        Amount, ChainParams, TransactionBuilder, chain::Chain, store::MemoryStore, test_util::classroom,
    };

    use super::*;

    fn chain() -> Chain<MemoryStore> {
        let mut chain = Chain::in_memory(ChainParams::regtest());
        for round in 0..4_u32 {
            let key = classroom::key(round);
            let payment = TransactionBuilder::new(chain.params())
                .spend(chain.coins_of(&key.public_key()).unwrap())
                .pay(chain.params().address(classroom::owner(round + 1)), Amount::from_grains(5))
                .sign(key)
                .unwrap();
            let time = chain.tip().time + 1_000;
            let block = chain.template(vec![payment], classroom::owner(0), b"some", time).unwrap().mine_trivial();
            chain.apply(block, time).unwrap();
        }
        chain
    }

    #[test]
    fn a_plan_is_an_upper_bound_of_its_receipts() {
        let chain = chain();
        let mut transactions = vec![Txid::from_bytes([9; 32])];
        for height in 0..=chain.height() {
            let block = chain.block_at(height).unwrap().unwrap();
            transactions.extend(block.ids().iter().map(|(txid, _)| *txid));
        }
        transactions.push(transactions[1]);
        let request = GetReceipts { tip: BlockHash::ZERO, transactions };
        let mut kept = KeptBodies::default();
        for _ in 0..2 {
            let plan = plan(&request, &chain, &mut kept).unwrap();
            let given = give(&request, &plan, &chain, &mut kept).unwrap();
            assert_eq!(given.missing, [[9; 32]]);
            let message = given.message.expect("receipts");
            let NodeMessage::Receipts(receipts) = &message else { panic!("{message:?}") };
            let txids: Vec<_> = receipts.iter().map(|receipt| receipt.transaction.ids().0).collect();
            assert_eq!(txids, request.transactions[1..request.transactions.len() - 1], "in the order asked, each once");
            for receipt in receipts {
                let (txid, wtxid) = receipt.transaction.ids();
                let root = chain.headers().get(&receipt.block).unwrap().header.merkle_root;
                assert!(receipt.inclusion.verify(root, txid, wtxid));
            }
            assert_eq!(message.encode().unwrap().len() as u64, given.bytes + 4);
            assert!(given.bytes + 4 <= plan.length && given.tokens <= plan.tokens, "{plan:?}");
        }
    }

    #[test]
    fn what_is_above_the_askers_tip_is_missing() {
        let chain = chain();
        let of = |height| chain.block_at(height).unwrap().unwrap().coinbase_txid();
        let tip = chain.header_at(2).unwrap().hash;
        let request = GetReceipts { tip, transactions: vec![of(3), of(2), of(1)] };
        let mut kept = KeptBodies::default();
        let plan = plan(&request, &chain, &mut kept).unwrap();
        let given = give(&request, &plan, &chain, &mut kept).unwrap();
        assert_eq!(given.missing, [of(3).to_bytes()]);
        assert!(matches!(given.message, Some(NodeMessage::Receipts(receipts)) if receipts.len() == 2));
    }

    #[test]
    fn blocks_that_take_too_much_end_an_answer_but_for_the_first() {
        let (mut work, hash) = (Work::default(), |number| BlockHash::from_bytes([number; 32]));
        assert!(work.add(hash(1), 4 * limits::RECEIPT_TOKENS, false), "the first is given in any case");
        assert!(!work.add(hash(2), 1, false));
        let mut work = Work::default();
        assert!(work.add(hash(1), limits::RECEIPT_TOKENS / 2, false));
        assert!(work.add(hash(1), limits::RECEIPT_TOKENS / 2, false), "it is read once");
        assert!(!work.add(hash(2), 10, false));
        assert_eq!(work.tokens, limits::RECEIPT_TOKENS);
    }
}
