//! Tests of the engine with small trees made by hand. tests/properties.rs has the large random ones.

use super::*;
use crate::{
    amount::Amount,
    block::Block,
    digest::BlockHash,
    keys::{PublicKey, SecretKey},
    params::ChainParams,
    rule::Rule,
    store::MemoryStore,
    transaction::{OutPoint, Transaction, TxOut},
};

const NOW: u64 = 1_800_000_000_000;

fn miner(i: u8) -> PublicKey {
    PublicKey::from_bytes([i; 32])
}

fn block(chain: &Chain<MemoryStore>, miner_id: u8, transactions: Vec<Transaction>) -> Block {
    let time = chain.tip().time + 1_000;
    chain.template(transactions, miner(miner_id), &[miner_id], time).unwrap().mine_trivial()
}

fn grow(chain: &mut Chain<MemoryStore>, miner_id: u8, blocks: usize) -> Vec<Block> {
    let mut grown = Vec::new();
    for _ in 0..blocks {
        let block = block(chain, miner_id, Vec::new());
        assert!(matches!(chain.apply(block.clone(), NOW), Ok(Applied::Extended { .. })));
        grown.push(block);
    }
    grown
}

fn payment(chain: &Chain<MemoryStore>, from: u32, to: u32, grains: u64) -> Transaction {
    let key = SecretKey::classroom(from);
    let (outpoint, coin) = chain.coins_of(&key.public_key()).unwrap()[0];
    let value = Amount::from_grains(grains);
    let change = coin.output.value.checked_sub(value).unwrap();
    let owner = SecretKey::classroom(to).public_key();
    let outputs = vec![TxOut { value, owner }, TxOut { value: change, owner: key.public_key() }];
    let mut transaction = Transaction { version: 1, inputs: vec![outpoint], outputs, signatures: vec![] };
    transaction.sign_all(chain.params().genesis_hash(), &[coin.output], &key);
    transaction
}

#[test]
fn grows_and_audits() {
    let mut chain = Chain::in_memory(ChainParams::regtest());
    grow(&mut chain, 1, 3);
    let paid = payment(&chain, 0, 1, 700);
    let txid = paid.txid();
    let block = block(&chain, 2, vec![paid]);
    chain.apply(block.clone(), NOW).unwrap();
    assert_eq!(chain.height(), 4);
    assert_eq!(chain.find_transaction(&txid).unwrap(), Some((block.hash(), 1)));
    assert_eq!(chain.confirmations(&block.hash()), Some(1));
    let audit = chain.audit().unwrap();
    assert!(audit.holds);
    assert_eq!(audit.issued, Amount::from_toycoins(185 + 4 * 50).unwrap());
    assert!(matches!(chain.apply(block, NOW), Ok(Applied::Known)));
}

#[test]
fn a_branch_with_more_work_replaces_the_chain_and_its_state() {
    let regtest = ChainParams::regtest();
    let mut ours = Chain::in_memory(regtest.clone());
    let mut theirs = Chain::in_memory(regtest);
    for common in grow(&mut ours, 1, 2) {
        theirs.apply(common, NOW).unwrap();
    }
    let paid = payment(&ours, 0, 1, 5);
    let with_payment = block(&ours, 1, vec![paid.clone()]);
    ours.apply(with_payment, NOW).unwrap();
    grow(&mut ours, 1, 1);
    let branch = grow(&mut theirs, 2, 3);

    assert!(matches!(ours.apply(branch[0].clone(), NOW), Ok(Applied::SideChain)));
    let before = ours.tip();
    assert!(matches!(ours.apply(branch[1].clone(), NOW), Ok(Applied::SideChain)), "equal work: the first stays");
    assert_eq!(ours.tip(), before);
    let Ok(Applied::Reorganised { disconnected, connected }) = ours.apply(branch[2].clone(), NOW) else {
        panic!("more work wins")
    };
    assert_eq!((disconnected.len(), connected.len()), (2, 3));
    assert_eq!(ours.tip(), theirs.tip());
    assert_eq!(ours.state(), theirs.state());
    assert!(ours.audit().unwrap().holds);
    assert_eq!(ours.find_transaction(&paid.txid()).unwrap(), None);
}

#[test]
fn most_work_wins_not_most_blocks() {
    // two hard blocks outweigh a branch of three easy ones
    let spec = crate::NetworkSpec {
        retargeting: Some(crate::Retargeting { spacing_ms: 1_000, half_life_ms: 1_000 }),
        extra: b"work".to_vec(),
        ..ChainParams::regtest().spec().clone()
    };
    let params = ChainParams::new(spec).unwrap();
    let (mut quick, mut slow) = (Chain::in_memory(params.clone()), Chain::in_memory(params));
    let grow_at = |chain: &mut Chain<MemoryStore>, miner_id: u8, gap: u64| {
        let time = chain.tip().time + gap;
        let block = chain.template(Vec::new(), miner(miner_id), &[miner_id], time).unwrap().mine_trivial();
        chain.apply(block.clone(), NOW).unwrap();
        block
    };
    let quick_blocks: Vec<_> = (0..8).map(|_| grow_at(&mut quick, 1, 1)).collect();
    let slow_blocks: Vec<_> = (0..9).map(|_| grow_at(&mut slow, 2, 1_000)).collect();
    assert!(quick.tip().work > slow.tip().work && quick.tip().height < slow.tip().height);
    for block in quick_blocks {
        slow.apply(block, NOW).unwrap();
    }
    for block in slow_blocks {
        quick.apply(block, NOW).unwrap();
    }
    assert_eq!(slow.tip(), quick.tip());
    assert_eq!(quick.height(), 8);
}

#[test]
fn an_invalid_branch_leaves_the_old_chain_exactly() {
    let regtest = ChainParams::regtest();
    let mut ours = Chain::in_memory(regtest.clone());
    let mut theirs = Chain::in_memory(regtest);
    grow(&mut ours, 1, 2);
    let good = grow(&mut theirs, 2, 1);
    let mut bad = block(&theirs, 2, Vec::new());
    bad.header.state_root = Default::default();
    let bad = bad.mine_trivial();
    // a child of the invalid block, whose header alone looks valid
    let mut child = bad.clone();
    child.header.previous = bad.hash();
    child.header.height += 1;
    child.header.time += 1;
    child.coinbase.height += 1;
    child.header.merkle_root = child.merkle_root();
    let child = child.mine_trivial();

    let (tip, state) = (ours.tip(), ours.state().clone());
    ours.apply(good[0].clone(), NOW).unwrap();
    ours.apply(bad.clone(), NOW).unwrap();
    ours.apply(child.clone(), NOW).unwrap();
    assert_eq!(ours.tip(), tip, "two against three that are not valid");
    assert_eq!(*ours.state(), state);
    assert!(ours.audit().unwrap().holds);
    assert!(matches!(ours.apply(bad.clone(), NOW), Err(ChainError::Invalid(_))));
    assert!(ours.headers().get(&child.hash()).unwrap().invalid);
    assert!(!ours.headers().get(&good[0].hash()).unwrap().invalid);

    let mut fresh = Chain::in_memory(ChainParams::regtest());
    fresh.apply(good[0].clone(), NOW).unwrap();
    assert_eq!(fresh.apply(bad, NOW).unwrap_err().rule(), Some(Rule::StateRoot));
}

#[test]
fn bodies_may_come_in_any_order_once_headers_are_known() {
    let mut source = Chain::in_memory(ChainParams::regtest());
    let blocks = grow(&mut source, 1, 5);
    let mut chain = Chain::in_memory(ChainParams::regtest());
    for block in &blocks {
        assert!(chain.insert_header(&block.header, NOW).unwrap());
    }
    let hashes: Vec<_> = blocks.iter().map(Block::hash).collect();
    assert_eq!(chain.missing_blocks(100, 1_000), hashes);
    assert_eq!(chain.missing_blocks(2, 1_000), hashes[..2]);
    assert_eq!(chain.missing_blocks(100, 3), hashes[..3]);
    for place in [4, 1, 3, 2] {
        chain.apply(blocks[place].clone(), NOW).unwrap();
        assert_eq!(chain.height(), 0);
    }
    assert_eq!(chain.missing_blocks(100, 1_000), hashes[..1]);
    assert!(matches!(chain.apply(blocks[0].clone(), NOW), Ok(Applied::Extended { height: 5 })));
    assert_eq!(chain.state(), source.state());
}

#[test]
fn missing_bodies_reach_the_end_of_a_branch_beyond_the_window() {
    let mut chain = Chain::in_memory(ChainParams::regtest());
    grow(&mut chain, 1, 8);
    let mut source = Chain::in_memory(ChainParams::regtest());
    let branch = grow(&mut source, 2, 9);
    for block in &branch {
        chain.insert_header(&block.header, NOW).unwrap();
    }
    // the tip stays until the last block of the branch has arrived
    for (place, block) in branch.iter().enumerate() {
        let window: Vec<_> = branch[place..].iter().take(3).map(Block::hash).collect();
        assert_eq!(chain.missing_blocks(100, 3), window);
        chain.apply(block.clone(), NOW).unwrap();
    }
    assert!(chain.missing_blocks(100, 3).is_empty());
    assert_eq!(chain.state(), source.state());
}

#[test]
fn a_block_ahead_of_time_waits_and_is_not_invalid() {
    let mut chain = Chain::in_memory(ChainParams::regtest());
    let block = block(&chain, 1, Vec::new());
    let early = block.header.time - 3_600_001;
    let error = chain.apply(block.clone(), early).unwrap_err();
    assert!(error.is_deferred());
    assert!(matches!(chain.apply(block, early + 1), Ok(Applied::Extended { .. })));
}

#[test]
fn a_body_under_a_good_header_blames_its_sender_alone() {
    let mut chain = Chain::in_memory(ChainParams::regtest());
    let good = block(&chain, 1, Vec::new());
    let mut mutated = good.clone();
    mutated.coinbase.outputs[0].owner = miner(9);
    assert_eq!(chain.apply(mutated, NOW).unwrap_err().rule(), Some(Rule::MerkleRoot));
    assert!(matches!(chain.apply(good, NOW), Ok(Applied::Extended { .. })));
}

#[test]
fn a_block_without_its_parent_is_not_judged() {
    let mut chain = Chain::in_memory(ChainParams::regtest());
    let mut source = Chain::in_memory(ChainParams::regtest());
    let blocks = grow(&mut source, 1, 2);
    let error = chain.apply(blocks[1].clone(), NOW).unwrap_err();
    assert_eq!(error, ChainError::UnknownParent(blocks[0].hash()));
    chain.apply(blocks[0].clone(), NOW).unwrap();
    chain.apply(blocks[1].clone(), NOW).unwrap();
}

#[test]
fn opens_again_where_it_stopped() {
    let mut chain = Chain::in_memory(ChainParams::regtest());
    let mut fork = Chain::in_memory(ChainParams::regtest());
    for block in grow(&mut chain, 1, 3) {
        fork.apply(block, NOW).unwrap();
    }
    for block in grow(&mut fork, 2, 1) {
        chain.apply(block, NOW).unwrap();
    }
    grow(&mut chain, 1, 2);
    let side = grow(&mut fork, 2, 2);
    chain.apply(side[0].clone(), NOW).unwrap();
    let (tip, state) = (chain.tip(), chain.state().clone());
    let mut opened = Chain::open(ChainParams::regtest(), chain.into_store()).unwrap();
    assert_eq!((opened.tip(), opened.state()), (tip, &state));
    assert!(opened.audit().unwrap().holds);
    assert!(matches!(opened.apply(side[0].clone(), NOW), Ok(Applied::Known)));
    opened.apply(side[1].clone(), NOW).unwrap();
    assert_eq!(opened.headers().len(), 9);
}

#[test]
fn answers_a_locator_with_what_follows() {
    let mut chain = Chain::in_memory(ChainParams::regtest());
    let blocks = grow(&mut chain, 1, 30);
    let hash = |height: usize| blocks[height - 1].hash();
    let heights = |headers: Vec<Header>| headers.iter().map(|header| header.height).collect::<Vec<_>>();
    let none = BlockHash::ZERO;
    assert_eq!(heights(chain.headers_after(&[none, hash(27), hash(3)], &none, 2_000)), [28, 29, 30]);
    assert_eq!(heights(chain.headers_after(&[none], &none, 2)), [1, 2], "nothing known: after genesis");
    assert_eq!(heights(chain.headers_after(&[hash(5)], &hash(7), 2_000)), [6, 7]);
    assert!(chain.headers_after(&chain.locator(), &none, 2_000).is_empty());
    assert_eq!(chain.locator()[0], hash(30));
    assert_eq!(chain.locator().last(), Some(&chain.params().genesis_hash()));
}

#[test]
fn ancestors_are_found_by_leaps() {
    let mut chain = Chain::in_memory(ChainParams::regtest());
    grow(&mut chain, 1, 100);
    let tip = chain.tip().hash;
    for height in 0..=100 {
        assert_eq!(chain.headers().ancestor(&tip, height), chain.header_at(height));
    }
    assert_eq!(chain.headers().ancestor(&tip, 101), None);
}

#[test]
fn a_coin_spent_on_one_branch_is_there_on_the_other() {
    let mut ours = Chain::in_memory(ChainParams::regtest());
    let mut theirs = Chain::in_memory(ChainParams::regtest());
    let paid = payment(&ours, 0, 1, 5);
    let spent: OutPoint = paid.inputs[0];
    let paying = block(&ours, 1, vec![paid.clone()]);
    ours.apply(paying, NOW).unwrap();
    assert_eq!(ours.coin(&spent).unwrap(), None);
    grow(&mut theirs, 2, 1);
    let again = block(&theirs, 2, vec![paid]);
    theirs.apply(again.clone(), NOW).unwrap();
    let first = theirs.block_at(1).unwrap().unwrap().block().clone();
    ours.apply(first, NOW).unwrap();
    ours.apply(again, NOW).unwrap();
    assert_eq!(ours.state(), theirs.state(), "the same payment on the other branch");
    grow(&mut theirs, 2, 1);
}

#[test]
fn a_templates_time_is_now_or_just_above_its_parents() {
    let mut chain = Chain::in_memory(ChainParams::regtest());
    grow(&mut chain, 1, 2);
    let parent = chain.tip().time;
    let time = |now_ms| chain.template(Vec::new(), miner(1), b"", now_ms).unwrap().header.time;
    assert_eq!([0, parent - 1, parent, parent + 1, parent + 2].map(time), [1, 1, 1, 1, 2].map(|later| parent + later));
    // the tip is further ahead than other clocks allow: the miner has to wait
    assert_eq!(time(parent - 2 * chain.params().spec().max_future_ms), parent + 1);
}

#[test]
fn a_template_breaks_no_rule_by_its_text_or_time() {
    let chain = Chain::in_memory(ChainParams::regtest());
    let template = |extra: usize, now_ms| chain.template(Vec::new(), miner(1), &vec![0; extra], now_ms);
    let rule = |extra, now_ms| template(extra, now_ms).map(drop).map_err(|error| error.rule());
    let last = (1 << 48) - 1;
    assert_eq!(rule(64, last), Ok(()));
    assert_eq!(rule(65, NOW), Err(Some(Rule::CoinbaseExtra)));
    for now_ms in [last + 1, u64::MAX] {
        assert_eq!(rule(0, now_ms), Err(Some(Rule::TimeRange)));
    }
    assert_eq!(template(0, 0).unwrap().header.time, chain.tip().time + 1, "a clock that is behind is no error");
}

#[test]
fn a_template_holds_no_more_than_a_block() {
    let limit = ChainParams::MIN_BLOCK_SIZE_LIMIT + 500;
    let spec = crate::NetworkSpec { block_size_limit: limit, ..ChainParams::regtest().spec().clone() };
    let chain = Chain::in_memory(ChainParams::new(spec).unwrap());
    let one = payment(&chain, 0, 1, 5);
    let template = |fill: usize| {
        // its own outputs fill the block
        let outputs = vec![TxOut { value: Amount::from_grains(1), owner: miner(2) }; fill];
        let filled = Transaction { outputs, ..one.clone() };
        chain.template(vec![filled], miner(1), b"", NOW).map(|block| block.size()).map_err(|error| error.rule())
    };
    let most = (0..).take_while(|fill| template(*fill).is_ok()).last().unwrap();
    assert!(template(most).unwrap() <= limit);
    assert_eq!(template(most + 1), Err(Some(Rule::BlockSize)));
}

#[test]
fn a_chain_whose_times_are_used_up_has_no_template() {
    let last = (1 << 48) - 1;
    let mut chain = Chain::in_memory(ChainParams::regtest());
    let block = chain.template(Vec::new(), miner(1), b"", last).unwrap().mine_trivial();
    chain.apply(block, last).unwrap();
    assert_eq!(chain.template(Vec::new(), miner(1), b"", NOW).unwrap_err().rule(), Some(Rule::TimeRange));
}

#[test]
fn a_chain_with_less_than_the_minimum_work_is_applied() {
    let spec = crate::NetworkSpec {
        minimum_work: Some(crate::Work::from_be_bytes([0xff; 32])),
        ..ChainParams::regtest().spec().clone()
    };
    let mut chain = Chain::in_memory(ChainParams::new(spec).unwrap());
    grow(&mut chain, 1, 3);
    let opened = Chain::open(chain.params().clone(), chain.store().clone()).unwrap();
    assert_eq!(opened.tip(), chain.tip());
}

#[test]
fn ties_stay_or_are_drawn_by_lot() {
    let mut source = Chain::in_memory(ChainParams::regtest());
    let first = block(&source, 1, Vec::new());
    let second = block(&source, 2, Vec::new());
    assert_eq!(first.header.bits, second.header.bits);
    let tip_after = |mut chain: Chain<MemoryStore>, blocks: [&Block; 2]| {
        for block in blocks {
            chain.apply(block.clone(), NOW).unwrap();
        }
        chain.tip().hash
    };
    let plain = || Chain::in_memory(ChainParams::regtest());
    assert_eq!(tip_after(plain(), [&first, &second]), first.hash());
    assert_eq!(tip_after(plain(), [&second, &first]), second.hash());
    let mut won = 0;
    for secret in 0..200 {
        let drawn = || plain().with_random_ties(secret);
        let tip = tip_after(drawn(), [&first, &second]);
        assert_eq!(tip, tip_after(drawn(), [&second, &first]), "a lot does not depend on the order of arrival");
        won += u32::from(tip == second.hash());
    }
    // 200 coins: 100 heads, standard deviation 7
    assert!((72..=128).contains(&won), "{won}");
    // more work beats every lot
    grow(&mut source, 3, 2);
    let longer = source.block_at(1).unwrap().unwrap().block().clone();
    let longest = source.block_at(2).unwrap().unwrap().block().clone();
    for secret in 0..20 {
        let mut chain = plain().with_random_ties(secret);
        for block in [&longer, &longest, &first] {
            chain.apply(block.clone(), NOW).unwrap();
        }
        assert_eq!(chain.tip().hash, longest.hash());
    }
}

/// Returns a block of a miner that takes these fees, each of another payment of the first classroom wallet.
fn taking(chain: &Chain<MemoryStore>, miner_id: u8, fees: &[u64]) -> Block {
    let key = SecretKey::classroom(0);
    let coins = chain.coins_of(&key.public_key()).unwrap();
    let pay = |((outpoint, coin), fee): (&(OutPoint, Coin), &u64)| {
        let value = coin.output.value.checked_sub(Amount::from_grains(*fee)).unwrap();
        let outputs = vec![TxOut { value, owner: key.public_key() }];
        let mut transaction = Transaction { version: 1, inputs: vec![*outpoint], outputs, signatures: vec![] };
        transaction.sign_all(chain.params().genesis_hash(), &[coin.output], &key);
        transaction
    };
    block(chain, miner_id, coins.iter().zip(fees).map(pay).collect())
}

#[test]
fn richer_branch_wins_a_tie() {
    let mut source = Chain::in_memory(ChainParams::regtest());
    let [greedy, modest, poorest] = [(1, 9), (2, 4), (3, 20)].map(|(id, fee)| taking(&source, id, &[fee]));
    let tip_after = |own: u8, blocks: &[&Block]| {
        let mut chain = Chain::in_memory(ChainParams::regtest()).with_richer_ties(miner(own));
        for block in blocks {
            chain.apply((*block).clone(), NOW).unwrap();
        }
        chain.tip().hash
    };
    assert_eq!(tip_after(7, &[&greedy, &modest]), modest.hash());
    assert_eq!(tip_after(7, &[&modest, &greedy]), modest.hash());
    // one that loses stands in the way of none that comes later
    assert_eq!(tip_after(7, &[&greedy, &poorest, &modest]), modest.hash());
    // a miner keeps its own block, and returns to it
    assert_eq!(tip_after(1, &[&greedy, &modest]), greedy.hash());
    assert_eq!(tip_after(1, &[&modest, &greedy]), greedy.hash());
    // as much: the first stays
    let same = taking(&source, 4, &[4]);
    assert_eq!(tip_after(7, &[&modest, &same]), modest.hash());
    assert_eq!(tip_after(7, &[&same, &modest]), same.hash());
    // more work beats more fees
    source.apply(poorest.clone(), NOW).unwrap();
    let next = taking(&source, 3, &[30]);
    assert_eq!(tip_after(7, &[&modest, &poorest, &next]), next.hash());
}

#[test]
fn all_blocks_above_the_fork_count_in_a_tie() {
    let branch = |miner_id, fees: [u64; 2]| {
        let mut chain = Chain::in_memory(ChainParams::regtest());
        fees.map(|fee| {
            let block = taking(&chain, miner_id, &[fee]);
            chain.apply(block.clone(), NOW).unwrap();
            block
        })
    };
    let (first, second) = (branch(1, [8, 1]), branch(2, [3, 5]));
    let mut chain = Chain::in_memory(ChainParams::regtest()).with_richer_ties(miner(7));
    for block in first.iter().chain(&second) {
        chain.apply(block.clone(), NOW).unwrap();
    }
    // 8 is less than 9, although its last block takes more
    assert_eq!(chain.tip().hash, second[1].hash());
}

#[test]
fn stored_tip_counts_as_richest_after_a_restart() {
    let mut source = Chain::in_memory(ChainParams::regtest());
    let [greedy, modest] = [(1, 9), (2, 4)].map(|(id, fee)| taking(&source, id, &[fee]));
    source.apply(greedy.clone(), NOW).unwrap();
    let opened = Chain::open(source.params().clone(), source.store().clone()).unwrap();
    let mut opened = opened.with_richer_ties(miner(7));
    assert!(matches!(opened.apply(modest, NOW), Ok(Applied::SideChain)));
    assert_eq!(opened.tip().hash, greedy.hash());
}

#[test]
fn later_lot_wins_although_an_earlier_one_lost() {
    let source = Chain::in_memory(ChainParams::regtest());
    let blocks: Vec<_> = (1..=3).map(|id| block(&source, id, Vec::new())).collect();
    for secret in 0..40 {
        let tips = [[0, 1, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]].map(|order| {
            let mut chain = Chain::in_memory(ChainParams::regtest()).with_random_ties(secret);
            for place in order {
                chain.apply(blocks[place].clone(), NOW).unwrap();
            }
            chain.tip().hash
        });
        assert!(tips.iter().all(|tip| *tip == tips[0]), "secret {secret}: {tips:?}");
    }
}
