//! Compact blocks over relays, by script: a block of known payments needs no question, what is missing is asked of its
//! sender, and whatever a sender does, the block comes from others.

use std::time::Duration;

use crate::common::{
    chains::{PeerChain, block_at, chain_of, extend, mine, next_block, payment},
    stage::{Peer, Stage},
};
use toycoin_core::{
    Amount, Block, BlockHash, ChainParams, Rule, SecretKey, Transaction,
    chain::Chain,
    compact::{CompactBlock, FillError},
    test_util::{Payments, classroom},
};
use toycoin_node::{limits, protocol::MuteReason};
use toycoin_wire::{
    Tag,
    node::{BlockTransactions, GetBlockTransactions, NodeMessage},
};

const NONCE: u64 = 7;
const SECOND: Duration = Duration::from_secs(1);

/// A node at genesis, two peers on one relay, and the block of five payments that the first peer publishes.
struct Scene {
    stage: Stage,
    sender: Peer,
    other: Peer,
    /// The chain up to the block.
    chain: PeerChain,
    block: Block,
}

impl Scene {
    fn new() -> Self {
        let mut stage = Stage::new(&ChainParams::regtest());
        let relay = stage.connect();
        let (sender, other) = (Peer::new(relay, 1), Peer::new(relay, 2));
        let mut chain = Chain::in_memory(ChainParams::regtest());
        let coins = (0..4).flat_map(|key| chain.coins_of(&classroom::owner(key)).unwrap());
        let mut source = Payments::new(chain.params().genesis_hash(), coins.collect::<Vec<_>>());
        // the last one spends the change of the first
        let pay = |number: u32| source.pay(number % 4, 5, Amount::from_grains(1_000), Amount::ZERO).unwrap();
        let payments = (0..5).map(pay).collect();
        let block = mine(&mut chain, payments, 1);
        stage.take_sent();
        Self { stage, sender, other, chain, block }
    }

    /// A node that has heard some of the block's payments.
    fn knowing(places: impl IntoIterator<Item = usize>) -> Self {
        let mut scene = Self::new();
        for place in places {
            let payment = scene.block.transactions[place].clone();
            scene.stage.tell(scene.other, &NodeMessage::Transaction(payment));
        }
        scene.stage.take_sent();
        scene
    }

    fn compact(&self) -> CompactBlock {
        CompactBlock::of(&self.block, NONCE)
    }

    /// The sender publishes a compact block.
    fn publish(&mut self, compact: CompactBlock) {
        self.stage.tell(self.sender, &NodeMessage::CompactBlock(compact));
    }

    /// The sender answers with payments.
    fn answer(&mut self, transactions: Vec<Transaction>) {
        let block = self.block.hash();
        self.stage.tell(self.sender, &NodeMessage::BlockTransactions(BlockTransactions { block, transactions }));
    }

    /// The places of the payments that the sender is asked for.
    fn places(&mut self) -> Vec<u32> {
        match &self.stage.take_sent_to(self.sender)[..] {
            [NodeMessage::GetBlockTransactions(request)] if request.block == self.block.hash() => {
                request.places.clone()
            }
            other => panic!("{other:?}"),
        }
    }

    fn has_block(&self) -> bool {
        self.stage.has_tip_of(&self.chain)
    }

    fn asks_for_the_whole_block(&mut self) -> bool {
        self.stage.take_sent_to(self.sender) == [NodeMessage::GetBlocks(vec![self.block.hash()])]
    }

    /// The other peer says that it has the block, and sends it when it is asked.
    fn other_serves(&mut self) {
        self.stage.tell_status(self.other, &self.chain);
        self.stage.serve(&[(self.other, &self.chain)], SECOND * 3);
    }

    fn is_nobody_muted(&mut self) -> bool {
        !self.stage.is_muted(self.sender) && !self.stage.is_muted(self.other)
    }
}

#[test]
fn block_of_known_payments_needs_no_question() {
    let mut scene = Scene::knowing(0..5);
    let compact = scene.compact();
    scene.publish(compact);
    assert!(scene.has_block());
    let questions = scene.stage.take_sent_to(scene.sender);
    assert!(questions.is_empty(), "{questions:?}");
    assert_eq!(scene.stage.machine.mempool().len(), 0);
}

#[test]
fn missing_payments_are_asked_of_the_sender() {
    for (known, expected) in [(vec![1, 4], vec![0, 2, 3]), (vec![], vec![0, 1, 2, 3, 4])] {
        let mut scene = Scene::knowing(known);
        let compact = scene.compact();
        scene.publish(compact);
        assert_eq!(scene.places(), expected);
        assert!(!scene.has_block());
        scene.answer(expected.iter().map(|place| scene.block.transactions[*place as usize].clone()).collect());
        assert!(scene.has_block() && scene.is_nobody_muted());
        assert_eq!(scene.stage.machine.counts().compact_blocks, 0);
    }
}

#[test]
fn payments_that_wait_for_validation_are_known() {
    let mut scene = Scene::new();
    let payments: Vec<_> = scene.block.transactions.iter().cloned().map(NodeMessage::Transaction).collect();
    scene.stage.tell_at_once(scene.other, &payments);
    let compact = scene.compact();
    scene.stage.tell_at_once(scene.sender, &[NodeMessage::CompactBlock(compact)]);
    scene.stage.advance(SECOND);
    assert!(scene.has_block());
    assert!(scene.stage.take_sent_to(scene.sender).is_empty());
}

#[test]
fn payments_of_a_rival_block_are_known() {
    let mut scene = Scene::new();
    let mut rival = Chain::in_memory(ChainParams::regtest());
    let ours = mine(&mut rival, scene.block.transactions.clone(), 2);
    scene.stage.tell(scene.other, &NodeMessage::Block(ours));
    assert!(scene.stage.has_tip_of(&rival));
    scene.stage.take_sent();
    let compact = scene.compact();
    scene.publish(compact);
    assert!(scene.stage.machine.chain().has_block(&scene.block.hash()));
    assert!(scene.stage.take_sent_to(scene.sender).is_empty());
}

#[test]
fn header_without_work_is_muted_before_anything_is_asked() {
    for has_parent in [true, false] {
        let mut scene = Scene::new();
        let mut compact = scene.compact();
        if !has_parent {
            compact.header.previous = BlockHash::from_bytes([9; 32]);
        }
        let target = compact.header.bits.to_target().unwrap();
        while target.is_met_by(&compact.hash()) {
            compact.header.nonce += 1;
        }
        scene.publish(compact);
        assert_eq!(scene.stage.muted_for(scene.sender), Some(&MuteReason::BrokenRule(Rule::ProofOfWork)));
        let said: Vec<_> = scene.stage.take_sent_to(scene.sender).iter().map(NodeMessage::tag).collect();
        assert_eq!(said, [Tag::RJCT]);
    }
}

#[test]
fn more_ids_than_a_block_holds_mute_their_sender() {
    let mut scene = Scene::new();
    let mut compact = scene.compact();
    compact.ids = (0..7_000_u64).map(|number| *number.to_le_bytes().first_chunk().unwrap()).collect();
    scene.publish(compact);
    assert_eq!(scene.stage.muted_for(scene.sender), Some(&MuteReason::BrokenRule(Rule::BlockSize)));
    scene.other_serves();
    assert!(scene.has_block());
}

#[test]
fn more_than_4000_missing_payments_are_asked_for_as_a_block() {
    for (count, is_whole) in [(4_000_u64, false), (4_001, true)] {
        let mut scene = Scene::new();
        let mut compact = scene.compact();
        compact.ids = (0..count).map(|number| *number.to_le_bytes().first_chunk().unwrap()).collect();
        scene.publish(compact);
        match is_whole {
            true => assert!(scene.asks_for_the_whole_block()),
            false => assert_eq!(scene.places(), (0..4_000).collect::<Vec<_>>()),
        }
        assert!(scene.is_nobody_muted());
    }
}

#[test]
fn what_cannot_be_rebuilt_is_asked_for_whole_without_blame() {
    let mut other_coinbase = Scene::new().compact();
    other_coinbase.coinbase.outputs[0].owner = classroom::owner(9);
    let mut swapped = Scene::new().compact();
    swapped.ids.swap(0, 1);
    let mut repeated = Scene::new().compact();
    repeated.ids[1] = repeated.ids[0];
    for compact in [other_coinbase, swapped, repeated] {
        let mut scene = Scene::knowing(0..5);
        scene.publish(compact);
        assert!(!scene.has_block());
        assert!(scene.asks_for_the_whole_block() && scene.is_nobody_muted());
        let block = NodeMessage::Block(scene.block.clone());
        scene.stage.tell(scene.sender, &block);
        assert!(scene.has_block() && scene.is_nobody_muted());
        assert_eq!(scene.stage.machine.counts().compact_blocks, 0);
    }
}

#[test]
fn filled_block_with_another_merkle_root_is_asked_for_whole() {
    let mut scene = Scene::knowing(1..5);
    let mut compact = scene.compact();
    compact.coinbase.outputs[0].owner = classroom::owner(9);
    scene.publish(compact);
    assert_eq!(scene.places(), [0]);
    scene.answer(vec![scene.block.transactions[0].clone()]);
    assert!(scene.asks_for_the_whole_block() && scene.is_nobody_muted());
}

#[test]
fn honest_compact_block_after_a_false_one_is_enough() {
    let mut scene = Scene::knowing(0..5);
    let (honest, mut garbage) = (scene.compact(), scene.compact());
    garbage.ids = (0..5_u64).map(|number| *number.to_le_bytes().first_chunk().unwrap()).collect();
    scene.stage.tell(scene.other, &NodeMessage::CompactBlock(garbage));
    assert!(!scene.has_block());
    scene.publish(honest);
    assert!(scene.has_block() && scene.is_nobody_muted());
    assert!(scene.stage.take_sent_to(scene.sender).is_empty());
}

#[test]
fn false_compact_block_does_not_displace_one_that_waits() {
    let mut scene = Scene::knowing(1..5);
    let (honest, mut altered) = (scene.compact(), scene.compact());
    scene.publish(honest);
    assert_eq!(scene.places(), [0]);
    altered.ids.remove(0);
    let elsewhere = Peer::new(scene.stage.connect(), 3);
    scene.stage.tell(elsewhere, &NodeMessage::CompactBlock(altered));
    assert!(scene.stage.take_sent_to(elsewhere).is_empty());
    scene.answer(vec![scene.block.transactions[0].clone()]);
    assert!(scene.has_block() && scene.is_nobody_muted() && !scene.stage.is_muted(elsewhere));
}

#[test]
fn other_payments_than_asked_for_convict_their_sender() {
    type Answer = fn(&Scene) -> Vec<Transaction>;
    let answers: [(Answer, FillError); 4] = [
        (|_| Vec::new(), FillError::Count { found: 0, expected: 2 }),
        (|scene| scene.block.transactions.clone(), FillError::Count { found: 5, expected: 2 }),
        (|scene| scene.block.transactions[..2].iter().rev().cloned().collect(), FillError::OtherId { place: 0 }),
        (|scene| vec![scene.block.transactions[0].clone(); 2], FillError::OtherId { place: 1 }),
    ];
    for (answer, error) in answers {
        let mut scene = Scene::knowing(2..5);
        let compact = scene.compact();
        scene.publish(compact);
        assert_eq!(scene.places(), [0, 1]);
        scene.answer(answer(&scene));
        assert_eq!(scene.stage.muted_for(scene.sender), Some(&MuteReason::OtherPayments(error)));
        scene.other_serves();
        assert!(scene.has_block() && !scene.stage.is_muted(scene.other));
    }
}

#[test]
fn wrong_nonce_convicts_who_answers_with_the_block_itself() {
    let mut scene = Scene::knowing(0..5);
    let compact = CompactBlock { nonce: NONCE + 1, ..scene.compact() };
    scene.publish(compact);
    assert_eq!(scene.places(), [0, 1, 2, 3, 4]);
    scene.answer(scene.block.transactions.clone());
    assert!(matches!(scene.stage.muted_for(scene.sender), Some(MuteReason::OtherPayments(_))));
    scene.other_serves();
    assert!(scene.has_block() && !scene.stage.is_muted(scene.other));
}

#[test]
fn block_comes_from_others_if_the_sender_is_silent() {
    let mut scene = Scene::new();
    let compact = scene.compact();
    scene.publish(compact);
    assert_eq!(scene.places().len(), 5);
    scene.other_serves();
    assert!(scene.has_block() && scene.is_nobody_muted());
    assert_eq!(scene.stage.score(scene.sender), 0);
    scene.stage.advance(limits::COMPACT_BLOCK_MEMORY + limits::SWEEP_INTERVAL);
    assert_eq!(scene.stage.machine.counts().compact_blocks, 0);
}

#[test]
fn block_comes_from_others_if_the_sender_does_not_have_it() {
    let mut scene = Scene::new();
    scene.stage.tell_status(scene.other, &scene.chain);
    scene.stage.take_sent();
    let compact = scene.compact();
    scene.publish(compact);
    assert_eq!(scene.places().len(), 5);
    scene.stage.tell(scene.sender, &NodeMessage::NotFound(vec![scene.block.hash().to_bytes()]));
    scene.stage.serve(&[(scene.other, &scene.chain)], SECOND / 5);
    assert!(scene.has_block() && scene.is_nobody_muted());
}

#[test]
fn payments_that_nobody_asked_for_are_ignored() {
    let mut scene = Scene::new();
    scene.answer(scene.block.transactions.clone());
    let compact = scene.compact();
    scene.publish(compact);
    assert_eq!(scene.places().len(), 5);
    let block = scene.block.hash();
    let answer = BlockTransactions { block, transactions: Vec::new() };
    scene.stage.tell(scene.other, &NodeMessage::BlockTransactions(answer));
    assert!(scene.is_nobody_muted() && !scene.has_block());
    scene.answer(scene.block.transactions.clone());
    assert!(scene.has_block());
}

#[test]
fn late_payments_are_accepted() {
    let mut scene = Scene::new();
    let compact = scene.compact();
    scene.publish(compact);
    assert_eq!(scene.places().len(), 5);
    scene.stage.advance(SECOND * 8);
    scene.answer(scene.block.transactions.clone());
    assert!(scene.has_block() && scene.is_nobody_muted());
}

#[test]
fn block_on_several_connections_is_asked_of_two_senders() {
    let mut scene = Scene::new();
    let [second, third] = [3, 4].map(|number| Peer::new(scene.stage.connect(), number));
    let compact = scene.compact();
    scene.publish(compact.clone());
    assert_eq!(scene.places().len(), 5);
    let again = CompactBlock::of(&scene.block, NONCE + 1);
    // one on a connection where the block is on its way is not asked
    scene.stage.tell(scene.other, &NodeMessage::CompactBlock(again.clone()));
    assert!(scene.stage.take_sent_to(scene.other).is_empty());
    for peer in [second, third, second] {
        scene.stage.tell(peer, &NodeMessage::CompactBlock(again.clone()));
        scene.stage.tell(scene.sender, &NodeMessage::CompactBlock(compact.clone()));
    }
    assert_eq!(scene.stage.take_sent_to(second), [ask_for(scene.block.hash(), &[0, 1, 2, 3, 4])]);
    assert!(scene.stage.take_sent_to(third).is_empty() && scene.stage.take_sent_to(scene.sender).is_empty());
    let counts = scene.stage.machine.counts();
    assert_eq!((counts.compact_blocks, counts.blocks_in_flight), (2, 2));
    scene.answer(scene.block.transactions.clone());
    assert!(scene.has_block());
    let counts = scene.stage.machine.counts();
    assert_eq!((counts.compact_blocks, counts.blocks_in_flight), (0, 0));
}

#[test]
fn second_sender_completes_a_block_whose_first_ids_are_false() {
    let mut scene = Scene::knowing(1..5);
    let honest = Peer::new(scene.stage.connect(), 3);
    let mut altered = scene.compact();
    altered.ids[1] = [9; 6];
    scene.publish(altered);
    assert_eq!(scene.places(), [0, 1]);
    let compact = NodeMessage::CompactBlock(CompactBlock::of(&scene.block, NONCE + 1));
    scene.stage.tell(honest, &compact);
    assert_eq!(scene.stage.take_sent_to(honest), [ask_for(scene.block.hash(), &[0])]);
    let (block, transactions) = (scene.block.hash(), scene.block.transactions[..1].to_vec());
    scene.stage.tell(honest, &NodeMessage::BlockTransactions(BlockTransactions { block, transactions }));
    assert!(scene.has_block() && scene.is_nobody_muted() && !scene.stage.is_muted(honest));
    // the answer of the first one comes too late to be judged
    scene.answer(scene.block.transactions[..2].to_vec());
    let counts = scene.stage.machine.counts();
    assert_eq!((counts.compact_blocks, counts.blocks_in_flight), (0, 0));
    assert!(scene.is_nobody_muted());
}

#[test]
fn block_of_two_silent_senders_comes_from_another_who_has_it() {
    let mut scene = Scene::new();
    let [second, third] = [3, 4].map(|number| Peer::new(scene.stage.connect(), number));
    let compact = scene.compact();
    scene.publish(compact.clone());
    // a compact block is as good as a status: its sender has the block
    for peer in [second, third] {
        scene.stage.tell(peer, &NodeMessage::CompactBlock(compact.clone()));
    }
    scene.stage.serve(&[(third, &scene.chain)], SECOND * 5);
    assert!(scene.has_block() && scene.is_nobody_muted());
    assert_eq!(scene.stage.machine.counts().blocks_in_flight, 0);
}

#[test]
fn compact_block_counts_as_the_block_that_was_seen() {
    let mut scene = Scene::knowing(0..5);
    let elsewhere = scene.stage.connect();
    scene.stage.take_sent();
    let compact = scene.compact();
    scene.publish(compact);
    scene.stage.advance(limits::ANNOUNCE_SPREAD);
    let hash = scene.block.hash();
    let says_tip = |message: &NodeMessage| matches!(message, NodeMessage::Status(status) if status.tip == hash);
    let told = scene.stage.take_sent();
    let told: Vec<_> = told.iter().filter(|sent| says_tip(&sent.message)).map(|sent| sent.connection).collect();
    assert_eq!(told, [elsewhere]);
}

#[test]
fn compact_block_without_its_parent_leads_to_headers() {
    let mut scene = Scene::new();
    extend(&mut scene.chain, 2, 1);
    let compact = CompactBlock::of(&block_at(&scene.chain, 3), NONCE);
    scene.publish(compact);
    assert_eq!(scene.stage.machine.counts().compact_blocks, 0);
    scene.stage.serve(&[(scene.sender, &scene.chain)], SECOND);
    assert!(scene.has_block() && scene.is_nobody_muted());
}

#[test]
fn compact_block_that_lacks_only_its_parent_waits_for_it() {
    let mut scene = Scene::new();
    extend(&mut scene.chain, 2, 1);
    let (parents, tip) = ([1, 2].map(|height| block_at(&scene.chain, height)), block_at(&scene.chain, 3));
    let mut without_work = CompactBlock::of(&tip, NONCE);
    let target = tip.header.bits.to_target().unwrap();
    while target.is_met_by(&without_work.hash()) {
        without_work.header.nonce += 1;
    }
    scene.stage.tell(scene.other, &NodeMessage::CompactBlock(without_work));
    assert!(scene.stage.is_muted(scene.other));
    scene.publish(CompactBlock::of(&tip, NONCE));
    assert_eq!(scene.stage.machine.counts().orphan_blocks, 1);
    // it is not asked for again
    for block in parents {
        scene.stage.tell(scene.sender, &NodeMessage::Block(block));
    }
    assert!(scene.has_block() && !scene.stage.is_muted(scene.sender));
}

#[test]
fn compact_block_ahead_of_its_time_waits_for_it() {
    let mut scene = Scene::knowing(0..5);
    let chain = Chain::in_memory(ChainParams::regtest());
    let drift = chain.params().spec().max_future_ms;
    let time = scene.stage.unix_ms() + drift + 2_000;
    let early = next_block(&chain, scene.block.transactions.clone(), 1, time);
    scene.publish(CompactBlock::of(&early, NONCE));
    assert_eq!((scene.stage.machine.counts().deferred_blocks, scene.stage.machine.chain().height()), (1, 0));
    scene.stage.advance(SECOND * 3);
    assert_eq!(scene.stage.machine.chain().tip().hash, early.hash());
    assert!(scene.is_nobody_muted());
}

#[test]
fn compact_block_far_behind_is_not_kept() {
    let long = chain_of(&ChainParams::regtest(), 20, 1);
    let mut stage = Stage::with(long, |_| {});
    let peer = Peer::new(stage.connect(), 1);
    stage.take_sent();
    let side = block_at(&chain_of(&ChainParams::regtest(), 1, 2), 1);
    stage.tell(peer, &NodeMessage::CompactBlock(CompactBlock::of(&side, NONCE)));
    assert!(!stage.machine.chain().has_block(&side.hash()) && !stage.is_muted(peer));
}

#[test]
fn compact_blocks_that_wait_are_bounded() {
    let mut scene = Scene::new();
    let genesis = Chain::in_memory(ChainParams::regtest());
    let paid = scene.block.transactions.clone();
    for number in 0..40_u8 {
        let block = next_block(&genesis, paid.clone(), number, scene.stage.unix_ms());
        let compact = NodeMessage::CompactBlock(CompactBlock::of(&block, NONCE));
        scene.stage.tell(Peer::new(scene.sender.connection, 100 + u32::from(number) / 8), &compact);
        let waiting = scene.stage.machine.counts().compact_blocks;
        let most = limits::COMPACT_BLOCKS_A_PEER * (usize::from(number) / 8 + 1);
        assert!(waiting <= most.min(limits::COMPACT_BLOCKS), "{waiting} at {number}");
    }
    assert_eq!(scene.stage.machine.counts().compact_blocks, limits::COMPACT_BLOCKS);
    scene.stage.advance(limits::COMPACT_BLOCK_MEMORY + limits::SWEEP_INTERVAL);
    assert_eq!(scene.stage.machine.counts().compact_blocks, 0);
}

fn ask_for(block: BlockHash, places: &[u32]) -> NodeMessage {
    NodeMessage::GetBlockTransactions(GetBlockTransactions { block, places: places.to_vec() })
}

#[test]
fn asked_payments_are_given_in_their_order() {
    let mut scene = Scene::new();
    let (block, hash) = (scene.block.clone(), scene.block.hash());
    scene.stage.tell(scene.sender, &NodeMessage::Block(block.clone()));
    scene.stage.take_sent();
    scene.stage.tell(scene.other, &ask_for(hash, &[0, 2, 4]));
    let transactions = [0, 2, 4].map(|place: usize| block.transactions[place].clone()).to_vec();
    let expected = NodeMessage::BlockTransactions(BlockTransactions { block: hash, transactions });
    assert_eq!(scene.stage.take_sent_to(scene.other), [expected]);
    let unknown = BlockHash::from_bytes([9; 32]);
    scene.stage.tell(scene.other, &ask_for(unknown, &[0]));
    assert_eq!(scene.stage.take_sent_to(scene.other), [NodeMessage::NotFound(vec![unknown.to_bytes()])]);
    assert!(scene.is_nobody_muted());
}

#[test]
fn places_that_no_honest_peer_asks_for_mute() {
    for places in [&[1, 0][..], &[2, 2], &[5], &[0, u32::MAX]] {
        let mut scene = Scene::new();
        let (block, hash) = (scene.block.clone(), scene.block.hash());
        scene.stage.tell(scene.sender, &NodeMessage::Block(block));
        scene.stage.take_sent();
        scene.stage.tell(scene.other, &ask_for(hash, places));
        assert_eq!(scene.stage.muted_for(scene.other), Some(&MuteReason::Places), "{places:?}");
        assert!(scene.stage.take_sent_to(scene.other).is_empty() && !scene.stage.is_muted(scene.sender));
    }
}

#[test]
fn flood_of_questions_for_payments_stays_within_the_budget() {
    let mut scene = Scene::new();
    let (block, hash) = (scene.block.clone(), scene.block.hash());
    scene.stage.tell(scene.sender, &NodeMessage::Block(block));
    scene.stage.holds_writes = true;
    for number in 0..20_000 {
        scene.stage.tell(Peer::new(scene.other.connection, number % 300), &ask_for(hash, &[0, 1, 2, 3, 4]));
    }
    let counts = scene.stage.machine.counts();
    assert!(counts.most_unwritten_answers <= limits::ANSWER_SHARE, "{counts:?}");
    assert!(scene.stage.machine.overloads() > 0 && scene.stage.closed.is_empty());
}

#[test]
fn mined_block_is_published_as_a_compact_block() {
    let mut stage = Stage::with(Chain::in_memory(ChainParams::regtest()), |config| {
        config.payout = Some(SecretKey::classroom(3).public_key());
    });
    let peer = Peer::new(stage.connect(), 1);
    let paid = payment(stage.machine.chain(), 0, 1, 5_000);
    stage.tell(peer, &NodeMessage::Transaction(paid));
    stage.advance(limits::JOIN_GRACE);
    stage.take_sent();
    let job = stage.job.expect("it mines");
    stage.mine(job);
    let tip = stage.machine.chain().tip();
    let block = stage.machine.chain().block(&tip.hash).unwrap().unwrap().block().clone();
    let published: Vec<_> = stage.take_sent().into_iter().filter(|sent| sent.to.is_none()).collect();
    let [NodeMessage::CompactBlock(compact)] = &published.iter().map(|sent| &sent.message).collect::<Vec<_>>()[..]
    else {
        panic!("{published:?}")
    };
    assert!(compact.is_of(&block) && compact.ids.len() == 1);
    // whoever has nothing of it gets the rest from here
    stage.tell(peer, &ask_for(tip.hash, &[0]));
    assert_eq!(stage.take_sent_to(peer).iter().map(NodeMessage::tag).collect::<Vec<_>>(), [Tag::BTXS]);
}
