use toycoin_core::{
    Amount, Transaction,
    test_util::{TestLedger, classroom},
};

use super::*;

const NOW: Monotonic = Monotonic::ORIGIN;
const MINER: NodeId = NodeId::new([1; 16]);
const OTHER: NodeId = NodeId::new([2; 16]);

fn block_of(payments: u64) -> Block {
    let ledger = TestLedger::new(ChainParams::regtest());
    let mut source = ledger.payments();
    let pay = |grains| source.pay(0, 1, Amount::from_grains(grains), Amount::ZERO).expect("coins enough");
    let payments = (1..=payments).map(pay).collect();
    ledger.next_block(payments, classroom::owner(2))
}

fn hear(rebuilding: &mut Rebuilding, from: NodeId, message: &NodeMessage) -> Outcome {
    rebuilding.hear(from, &message.encode().expect("within its cap"), NOW)
}

fn hear_payments(rebuilding: &mut Rebuilding, payments: &[Transaction]) {
    for payment in payments {
        assert_eq!(hear(rebuilding, OTHER, &NodeMessage::Transaction(payment.clone())), Outcome::default());
    }
}

fn compact(block: &Block) -> NodeMessage {
    NodeMessage::CompactBlock(CompactBlock::of(block, 7))
}

fn payments(block: &Block, places: std::ops::Range<usize>) -> NodeMessage {
    let transactions = block.transactions[places].to_vec();
    NodeMessage::BlockTransactions(BlockTransactions { block: block.hash(), transactions })
}

fn asks(outcome: &Outcome, block: &Block) -> Option<Vec<u32>> {
    match outcome.question.as_ref()? {
        (MINER, NodeMessage::GetBlockTransactions(request)) if request.block == block.hash() => {
            Some(request.places.clone())
        }
        (MINER, NodeMessage::GetBlocks(hashes)) if *hashes == [block.hash()] => None,
        other => panic!("{other:?}"),
    }
}

#[test]
fn block_of_heard_payments_is_rebuilt_once() {
    let (mut rebuilding, block) = (Rebuilding::new(NOW), block_of(3));
    hear_payments(&mut rebuilding, &block.transactions);
    let outcome = hear(&mut rebuilding, MINER, &compact(&block));
    assert_eq!(outcome, Outcome { block: Some((MINER, block.clone())), ..Outcome::default() });
    assert_eq!(hear(&mut rebuilding, OTHER, &compact(&block)), Outcome::default());
}

#[test]
fn missing_payments_and_then_the_block_are_asked_of_the_sender() {
    let (mut rebuilding, block) = (Rebuilding::new(NOW), block_of(3));
    hear_payments(&mut rebuilding, &block.transactions[..1]);
    let outcome = hear(&mut rebuilding, MINER, &compact(&block));
    assert_eq!(asks(&outcome, &block), Some(vec![1, 2]));
    // what others say is no answer
    assert_eq!(hear(&mut rebuilding, OTHER, &payments(&block, 1..3)), Outcome::default());
    let outcome = hear(&mut rebuilding, MINER, &payments(&block, 1..3));
    assert_eq!(outcome, Outcome { is_answer: true, block: Some((MINER, block.clone())), question: None });

    let mut rebuilding = Rebuilding::new(NOW);
    hear(&mut rebuilding, MINER, &compact(&block));
    let late = rebuilding.next_timeout().expect("an answer is awaited");
    let questions = rebuilding.handle_timeout(late);
    assert_eq!(questions, [(MINER, NodeMessage::GetBlocks(vec![block.hash()]))]);
    let outcome = hear(&mut rebuilding, MINER, &NodeMessage::Block(block.clone()));
    assert_eq!(outcome, Outcome { is_answer: true, block: Some((MINER, block)), question: None });
    assert_eq!(rebuilding.next_timeout(), None);
}

#[test]
fn silent_or_lying_sender_is_given_up() {
    let block = block_of(2);
    let mut rebuilding = Rebuilding::new(NOW);
    hear(&mut rebuilding, MINER, &compact(&block));
    let missing = NodeMessage::NotFound(vec![block.hash().to_bytes()]);
    let outcome = hear(&mut rebuilding, MINER, &missing);
    assert!(outcome.is_answer && asks(&outcome, &block).is_none() && outcome.question.is_some());
    let late = rebuilding.next_timeout().expect("the block is awaited");
    assert!(rebuilding.handle_timeout(late).is_empty() && rebuilding.waiting.is_empty());
    hear(&mut rebuilding, MINER, &compact(&block));
    assert_eq!(
        hear(&mut rebuilding, MINER, &payments(&block, 1..2)),
        Outcome { is_answer: true, ..Outcome::default() }
    );
    assert!(rebuilding.waiting.is_empty());
}

#[test]
fn false_body_by_another_does_not_end_a_question() {
    let block = block_of(2);
    let mut altered = block.clone();
    altered.transactions.pop();
    let (honest, altered) = (NodeMessage::Block(block.clone()), NodeMessage::Block(altered));
    for asks_for_whole in [false, true] {
        let mut rebuilding = Rebuilding::new(NOW);
        hear(&mut rebuilding, MINER, &compact(&block));
        if asks_for_whole {
            rebuilding.handle_timeout(NOW + limits::LISTENER_PATIENCE);
        }
        assert_eq!(hear(&mut rebuilding, OTHER, &altered), Outcome::default());
        let answer = if asks_for_whole { honest.clone() } else { payments(&block, 0..2) };
        let outcome = hear(&mut rebuilding, MINER, &answer);
        assert_eq!(outcome, Outcome { is_answer: true, block: Some((MINER, block.clone())), question: None });
    }
    // who was asked for it is believed no more, and a true body from anybody ends the question
    for (from, body, is_answer) in [(MINER, &altered, true), (OTHER, &honest, false)] {
        let mut rebuilding = Rebuilding::new(NOW);
        hear(&mut rebuilding, MINER, &compact(&block));
        rebuilding.handle_timeout(NOW + limits::LISTENER_PATIENCE);
        assert_eq!(hear(&mut rebuilding, from, body), Outcome { is_answer, ..Outcome::default() });
        assert!(rebuilding.waiting.is_empty());
    }
}

#[test]
fn false_compact_block_is_asked_for_whole() {
    let (mut rebuilding, block) = (Rebuilding::new(NOW), block_of(2));
    hear_payments(&mut rebuilding, &block.transactions);
    let mut altered = CompactBlock::of(&block, 7);
    altered.coinbase.outputs[0].owner = classroom::owner(9);
    let outcome = hear(&mut rebuilding, MINER, &NodeMessage::CompactBlock(altered));
    assert!(asks(&outcome, &block).is_none() && outcome.question.is_some());
    let mut idle = CompactBlock::of(&block, 7);
    while idle.header.bits.to_target().is_ok_and(|target| target.is_met_by(&idle.hash())) {
        idle.header.nonce += 1;
    }
    assert_eq!(hear(&mut rebuilding, MINER, &NodeMessage::CompactBlock(idle)), Outcome::default(), "it has no work");
}

#[test]
fn short_ids_are_computed_within_a_token_bucket() {
    let (mut rebuilding, block) = (Rebuilding::new(NOW), block_of(3));
    let numbered = |number: u64| {
        let mut block = block.clone();
        block.header.time += number;
        block.mine_trivial()
    };
    hear_payments(&mut rebuilding, &block.transactions);
    // as much as two looks at three payments is left
    assert!(rebuilding.looks.take(limits::COMPACT_LOOKS - 6, NOW));
    for number in 0..2 {
        let block = numbered(number);
        let outcome = hear(&mut rebuilding, OTHER, &compact(&block));
        assert_eq!(outcome.block, Some((OTHER, block)));
    }
    let whole = numbered(2);
    let outcome = hear(&mut rebuilding, MINER, &compact(&whole));
    assert!(outcome.block.is_none() && outcome.question.is_some() && asks(&outcome, &whole).is_none());
    // a block without payments needs no look
    let empty = block_of(0);
    assert_eq!(hear(&mut rebuilding, OTHER, &compact(&empty)).block, Some((OTHER, empty)));
    let later = NOW + std::time::Duration::from_secs(1);
    let block = numbered(3);
    let payload = compact(&block).encode().expect("within its cap");
    assert_eq!(rebuilding.hear(MINER, &payload, later).block, Some((MINER, block)));
    assert!(!rebuilding.looks.take(limits::COMPACT_LOOKS_PER_SECOND, later), "the look was charged");
}

#[test]
fn what_a_listener_remembers_is_bounded() {
    let mut rebuilding = Rebuilding::new(NOW);
    let template = block_of(1).transactions.remove(0);
    for number in 0..=limits::LISTENER_PAYMENTS {
        let mut payment = template.clone();
        payment.outputs[0].value = Amount::from_grains(1 + number as u64);
        rebuilding.remember(payment.clone().into());
        rebuilding.remember(payment.into());
    }
    assert_eq!([rebuilding.payments.len(), rebuilding.known.len()], [limits::LISTENER_PAYMENTS; 2]);
    let block = block_of(2);
    for number in 0..2 * limits::COMPACT_BLOCKS as u64 {
        let mut block = block.clone();
        block.header.time += number;
        hear(&mut rebuilding, MINER, &compact(&block.mine_trivial()));
    }
    assert_eq!(rebuilding.waiting.len(), limits::COMPACT_BLOCKS);
    rebuilding.disconnected();
    assert_eq!(rebuilding.next_timeout(), None);
}
