use super::*;
use crate::{
    ChainParams,
    amount::Amount,
    block::Block,
    identified_block::IdentifiedBlock,
    identified_transaction::IdentifiedTransaction,
    identity::Identity,
    test_util::{TestLedger, classroom},
    transaction::Transaction,
};

const NONCE: u64 = 7;

/// Returns a block with so many payments.
fn block_of(payments: u64) -> Block {
    let ledger = TestLedger::new(ChainParams::regtest());
    let mut source = ledger.payments();
    let pay = |grains| source.pay(0, 1, Amount::from_grains(grains), Amount::ZERO).expect("coins enough");
    let payments = (1..=payments).map(pay).collect();
    ledger.next_block(payments, classroom::owner(2))
}

fn begin(block: &Block) -> Rebuild {
    Rebuild::begin(CompactBlock::of(block, NONCE)).expect("no two short ids are equal")
}

fn known<'a>(payments: impl IntoIterator<Item = &'a Transaction>) -> Vec<IdentifiedTransaction> {
    payments.into_iter().cloned().map(IdentifiedTransaction::from).collect()
}

/// Returns a payment as if it had the ids of another one.
fn under_ids_of(other: &Transaction, payment: &Transaction) -> IdentifiedTransaction {
    IdentifiedTransaction::new(payment.clone(), Identity::of(other))
}

#[test]
fn block_of_known_payments_is_rebuilt() {
    let block = block_of(5);
    let mut rebuild = begin(&block);
    let other = block_of(6).transactions.pop().expect("a payment");
    let others = block.transactions.iter().rev().chain([&other]).chain(&block.transactions);
    assert_eq!(rebuild.know(&known(others)), Ok(()));
    assert_eq!((rebuild.count_missing(), rebuild.missing()), (0, vec![]));
    assert_eq!(rebuild.finish().map(IdentifiedBlock::into_block), Ok(block));
}

#[test]
fn missing_payments_are_asked_for_and_filled_in() {
    let block = block_of(5);
    let mut rebuild = begin(&block);
    rebuild.know(&known(&block.transactions[1..3])).unwrap();
    assert_eq!(rebuild.missing(), [0, 3, 4]);
    assert_eq!(rebuild.clone().finish(), Err(RebuildError::Missing { count: 3 }));
    let answer = [0, 3, 4].map(|place: usize| block.transactions[place].clone());
    assert_eq!(rebuild.fill(answer.to_vec()), Ok(()));
    assert_eq!(rebuild.finish().map(IdentifiedBlock::into_block), Ok(block));
}

#[test]
fn other_payments_than_the_missing_ones_are_refused() {
    let block = block_of(3);
    let mut rebuild = begin(&block);
    let payments = &block.transactions;
    let wrong = [
        (payments[..2].to_vec(), FillError::Count { found: 2, expected: 3 }),
        ([&payments[..], &payments[..1]].concat(), FillError::Count { found: 4, expected: 3 }),
        (vec![payments[0].clone(), payments[2].clone(), payments[1].clone()], FillError::OtherId { place: 1 }),
        (vec![payments[0].clone(); 3], FillError::OtherId { place: 1 }),
    ];
    for (answer, error) in wrong {
        assert_eq!(rebuild.fill(answer), Err(error));
    }
    let mut other_signature = payments.clone();
    other_signature[2].signatures[0] = crate::Signature::from_bytes([1; 64]);
    assert_eq!(rebuild.fill(other_signature), Err(FillError::OtherId { place: 2 }));
    assert_eq!(rebuild.fill(payments.clone()), Ok(()), "nothing has changed before");
    assert_eq!(rebuild.finish().map(IdentifiedBlock::into_block), Ok(block));
}

#[test]
fn two_known_payments_on_one_id_are_ambiguous() {
    let (block, other) = (block_of(2), block_of(3).transactions.pop().expect("a payment"));
    let mut rebuild = begin(&block);
    let first = &block.transactions[0];
    let colliding = [under_ids_of(first, first), under_ids_of(first, &other)];
    assert_eq!(rebuild.know(&colliding), Err(RebuildError::Ambiguous));
}

#[test]
fn another_payment_on_the_right_id_fails_the_merkle_root() {
    let (block, other) = (block_of(2), block_of(3).transactions.pop().expect("a payment"));
    let compact = CompactBlock::of(&block, NONCE);
    // a collision of 6 bytes cannot be searched for here, so the block has the short id of the other payment instead
    let ids = vec![compact.short_ids().of(other.wtxid()), compact.ids[1]];
    let mut rebuild = Rebuild::begin(CompactBlock { ids, ..compact }).unwrap();
    assert_eq!(rebuild.know(&known([&other, &block.transactions[1]])), Ok(()));
    assert_eq!(rebuild.count_missing(), 0);
    assert_eq!(rebuild.finish(), Err(RebuildError::MerkleRoot));
}

#[test]
fn rebuilt_block_is_checked_as_the_block_itself() {
    let (params, block) = (ChainParams::regtest(), block_of(5));
    let mut rebuild = begin(&block);
    rebuild.know(&known(&block.transactions[..3])).unwrap();
    rebuild.fill(block.transactions[3..].to_vec()).unwrap();
    let rebuilt = rebuild.finish().unwrap();
    assert_eq!(rebuilt, IdentifiedBlock::from(block.clone()), "with ids and without");
    assert_eq!(rebuilt.check(&params), block.check(&params));
}

#[test]
fn payments_of_another_block_are_known() {
    let (params, block) = (ChainParams::regtest(), block_of(5));
    let other = block_of(3).check(&params).unwrap();
    let mut rebuild = begin(&block);
    rebuild.know_payments_of(&other).unwrap();
    assert_eq!(rebuild.missing(), [3, 4], "both blocks begin with the same payments");
}

#[test]
fn equal_ids_within_a_block_are_refused() {
    let mut compact = CompactBlock::of(&block_of(3), NONCE);
    compact.ids[2] = compact.ids[0];
    assert_eq!(Rebuild::begin(compact).unwrap_err(), RebuildError::Repeated);
}

#[test]
fn with_another_nonce_or_header_no_payment_is_found() {
    let block = block_of(3);
    let compact = CompactBlock::of(&block, NONCE);
    let mut other_header = compact.header;
    other_header.nonce ^= 1;
    for wrong in
        [CompactBlock { nonce: NONCE + 1, ..compact.clone() }, CompactBlock { header: other_header, ..compact }]
    {
        let mut rebuild = Rebuild::begin(wrong).unwrap();
        rebuild.know(&known(&block.transactions)).unwrap();
        assert_eq!(rebuild.missing(), [0, 1, 2]);
    }
}

#[test]
fn swapped_coinbase_or_places_fail_the_merkle_root() {
    let block = block_of(3);
    let compact = CompactBlock::of(&block, NONCE);
    let mut swapped = compact.clone();
    swapped.ids.swap(0, 1);
    let mut other = compact.clone();
    other.coinbase.outputs[0].owner = classroom::owner(9);
    for wrong in [swapped, other] {
        assert!(!wrong.is_of(&block));
        let mut rebuild = Rebuild::begin(wrong).unwrap();
        rebuild.know(&known(&block.transactions)).unwrap();
        assert_eq!(rebuild.finish(), Err(RebuildError::MerkleRoot));
    }
    assert!(compact.is_of(&block) && !CompactBlock { nonce: 8, ..compact }.is_of(&block));
}

#[test]
fn least_size_is_that_of_the_smallest_payments() {
    let block = block_of(1);
    let compact = CompactBlock::of(&block, NONCE);
    assert!(compact.least_size() <= block.size());
    let grown = CompactBlock { ids: vec![[0; 6]; 1_000], ..compact.clone() };
    assert_eq!(grown.least_size() - compact.least_size(), 999 * Transaction::MIN_SIZE);
}
