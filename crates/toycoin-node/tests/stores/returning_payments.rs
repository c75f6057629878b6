//! What a reorganisation brings back: within the pool's bound, block by block, and over a restart.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use crate::disk::{memory::Files, mine};
use toycoin_core::{
    Amount, Block, BlockHash, Chain, ChainParams, FeeRate, OutPoint, Transaction, TxOut, Txid,
    store::{ChainStore, MemoryStore},
    test_util::{Payments, classroom},
};
use toycoin_node::{
    limits,
    machine::{Machine as _, Monotonic, Now},
    mempool::DropReason,
    protocol::{Event, Input, NodeConfig, NodeMachine, Output, Reorg, Request, RequestId, Response, TransactionOrigin},
    store::RedbStore,
};

fn params() -> ChainParams {
    ChainParams::regtest()
}

fn later(millis: u64) -> Now {
    let unix_ms = params().spec().genesis_time + 100_000_000 + millis;
    Now { monotonic: Monotonic::new(Duration::from_millis(millis)), unix_ms }
}

/// Payments that each spend the change of the one before, of a classroom key, free of charge.
fn row(chain: &Chain<impl ChainStore<Error: std::fmt::Debug>>, key: u32, count: usize) -> Vec<Transaction> {
    let (mut outpoint, coin) = chain.coins_of(&classroom::owner(key)).unwrap()[0];
    let mut payments = Payments::new(params().genesis_hash(), [(outpoint, coin)]);
    let mut row = Vec::new();
    let mut rest = coin.output.value.grains();
    for _ in 0..count {
        rest -= 1;
        let change = TxOut { value: Amount::from_grains(rest), owner: classroom::owner(key) };
        let small = TxOut { value: Amount::from_grains(1), owner: classroom::owner(6) };
        let payment = payments.spend(vec![outpoint], vec![change, small]);
        outpoint = OutPoint { txid: payment.txid(), vout: 0 };
        row.push(payment);
    }
    row
}

/// What a node said.
#[derive(Debug, Default)]
struct Said {
    accepted: Vec<Txid>,
    /// Size and origin of what was accepted.
    origins: Vec<(u64, TransactionOrigin)>,
    dropped: BTreeMap<Txid, DropReason>,
    gone: Vec<BlockHash>,
    new: Vec<BlockHash>,
    tips: Vec<BlockHash>,
    reorgs: Vec<Arc<Reorg>>,
    /// Most blocks that were told in one step.
    most_blocks: usize,
    steps: usize,
}

impl Said {
    fn drain<S: ChainStore<Error: std::fmt::Display>>(&mut self, node: &mut NodeMachine<S>) {
        let mut blocks = 0;
        while let Some(output) = node.poll_output() {
            match output {
                Output::Emit(Event::BlockDisconnected { block }) => {
                    self.gone.push(block.hash());
                    blocks += 1;
                }
                Output::Emit(Event::BlockConnected { block, .. }) => {
                    self.new.push(block.hash());
                    blocks += 1;
                }
                Output::Emit(Event::TipChanged { tip, reorg }) => {
                    self.tips.push(tip.hash);
                    self.reorgs.extend(reorg);
                }
                Output::Emit(Event::TransactionAccepted { txid, size, origin, .. }) => {
                    self.accepted.push(txid);
                    self.origins.push((size, origin));
                }
                Output::Emit(Event::TransactionDropped { txid, reason }) => {
                    self.dropped.insert(txid, reason);
                }
                Output::Halt { error } => panic!("{error}"),
                _ => {}
            }
        }
        self.most_blocks = self.most_blocks.max(blocks);
        self.steps += 1;
    }

    /// Lets a node do all that it has to do at once.
    fn settle<S: ChainStore<Error: std::fmt::Display>>(&mut self, node: &mut NodeMachine<S>) {
        while node.next_timeout().is_some_and(|at| at <= Monotonic::ORIGIN) {
            node.handle(later(0), Input::Timeout);
            self.drain(node);
        }
    }
}

fn node_on(files: &Files) -> NodeMachine<RedbStore> {
    NodeMachine::new(files.chain(&params()), strict(), later(0))
}

/// Takes no payment that is free of charge.
fn strict() -> NodeConfig {
    NodeConfig { min_fee_rate: FeeRate::grains_per_byte(1), ..NodeConfig::new(&params()) }
}

fn waiting<S: ChainStore<Error: std::fmt::Display>>(node: &NodeMachine<S>) -> Vec<Txid> {
    node.mempool().in_arrival_order().into_iter().map(|(transaction, _)| transaction.txid()).collect()
}

/// More than a chain of payments may have that wait, if they had not been mined.
const ROW: usize = 60;

/// A node whose blocks with a row of free payments were replaced by empty ones.
fn replaced(place: &Files) -> (NodeMachine<RedbStore>, Vec<Transaction>) {
    let (mut chain, mut other) = (place.chain(&params()), Chain::in_memory(params()));
    let row = row(&chain, 0, ROW);
    for payments in row.chunks(ROW / 3) {
        mine(&mut chain, payments.to_vec(), 4);
    }
    for _ in 0..4 {
        chain.insert_block(mine(&mut other, Vec::new(), 5), u64::MAX).unwrap();
    }
    chain.sync().unwrap();
    let mut node = NodeMachine::new(chain, strict(), later(0));
    let mut said = Said::default();
    said.settle(&mut node);
    assert_eq!((said.gone.len(), said.new.len(), said.accepted.len()), (3, 4, ROW));
    (node, row)
}

#[test]
fn a_reorganisation_names_tips_ancestor_and_some_payments() {
    let (mut chain, mut other) = (Chain::in_memory(params()), Chain::in_memory(params()));
    let shared = mine(&mut chain, Vec::new(), 3);
    other.apply(shared.clone(), u64::MAX).unwrap();
    let row = row(&chain, 0, limits::REORG_PAYMENTS + 5);
    let [low, high] = [0..2, 2..row.len()].map(|place| mine(&mut chain, row[place].to_vec(), 4));
    let old_tip = chain.tip();
    // the other branch holds the first payment
    for payments in [&row[..1], &[], &[]] {
        chain.insert_block(mine(&mut other, payments.to_vec(), 5), u64::MAX).unwrap();
    }
    let mut node = NodeMachine::new(chain, NodeConfig::new(&params()), later(0));
    let mut said = Said::default();
    said.settle(&mut node);

    let [reorg] = &said.reorgs[..] else { panic!("one reorganisation: {:?}", said.reorgs) };
    assert_eq!((reorg.old_tip, said.tips.last()), (old_tip, Some(&other.tip().hash)));
    assert_eq!((reorg.ancestor, reorg.ancestor_height), (shared.hash(), 1));
    assert_eq!((reorg.disconnected, reorg.connected), (2, 3));
    let back: Vec<_> = row[1..].iter().map(Transaction::txid).collect();
    assert_eq!((reorg.returned_count, &*reorg.returned), (back.len(), &back[..limits::REORG_PAYMENTS]));
    assert_eq!(said.accepted, back);
    let of = |block: &Block| TransactionOrigin::StaleBlock { block: block.hash() };
    assert_eq!(said.origins[0], (row[1].size(), of(&low)));
    assert_eq!(said.origins[1], (row[2].size(), of(&high)));

    // a chain that only grows is no reorganisation
    let mut grown = Chain::in_memory(params());
    let block = mine(&mut Chain::in_memory(params()), Vec::new(), 3);
    grown.insert_block(block, u64::MAX).unwrap();
    let mut said = Said::default();
    said.settle(&mut NodeMachine::new(grown, NodeConfig::new(&params()), later(0)));
    assert_eq!((said.tips.len(), said.reorgs.len()), (1, 0));
}

#[test]
fn what_came_back_survives_a_restart_and_a_kill() {
    let place = Files::default();
    let (mut node, row) = replaced(&place);
    let row: Vec<_> = row.iter().map(Transaction::txid).collect();
    assert_eq!(waiting(&node), row, "parents first, as they were mined");

    // at the latest so long after the move it is durable
    let begun = u64::try_from(limits::GROUP_TIME.as_millis()).unwrap();
    node.handle(later(1), Input::Timeout);
    node.handle(later(begun + 2), Input::Timeout);
    let killed = place.copy();
    node.finish().unwrap();
    for place in [place, killed] {
        let mut node = node_on(&place);
        assert_eq!(waiting(&node), row);
        let mut said = Said::default();
        said.drain(&mut node);
        assert!(said.dropped.is_empty(), "{:?}", said.dropped);
        // and once more
        node.finish().unwrap();
        assert_eq!(waiting(&node_on(&place)), row);
    }
}

#[test]
fn what_is_not_taken_up_again_is_told_with_its_reason() {
    let place = Files::default();
    let (node, row) = replaced(&place);
    node.finish().unwrap();
    // meanwhile a block spends the coin of one in the middle, and holds those before it
    let mut chain = place.chain(&params());
    let (outpoint, middle) = (row[30].inputs[0], row[29].outputs[0]);
    let mut payments = Payments::new(
        params().genesis_hash(),
        [(outpoint, toycoin_core::utxo::Coin { output: middle, coinbase_height: 0 })],
    );
    let rival = payments.spend(vec![outpoint], vec![TxOut { owner: classroom::owner(3), ..middle }]);
    let mut held = row[..30].to_vec();
    held.push(rival);
    mine(&mut chain, held, 5);
    chain.sync().unwrap();
    drop(chain);

    let mut node = node_on(&place);
    let mut said = Said::default();
    said.drain(&mut node);
    assert!(waiting(&node).is_empty());
    assert_eq!(said.dropped.len(), 30);
    assert_eq!(said.dropped[&row[30].txid()], DropReason::CoinsGone);
    for (parent, child) in row[30..].iter().zip(&row[31..]) {
        assert_eq!(said.dropped[&child.txid()], DropReason::ParentDropped { parent: parent.txid() });
    }
}

#[test]
fn policy_judges_what_never_was_in_a_block_anew() {
    let place = Files::default();
    let lenient = NodeConfig::new(&params());
    let mut node = NodeMachine::new(place.chain(&params()), lenient, later(0));
    let free = row(node.chain(), 1, 1).remove(0);
    let request = Request::Submit(free.clone());
    node.handle(later(0), Input::Request { id: RequestId(1), request });
    assert!(node.mempool().contains(&free.txid()));
    node.finish().unwrap();
    let mut node = node_on(&place);
    let mut said = Said::default();
    said.drain(&mut node);
    assert!(waiting(&node).is_empty());
    let reason = &said.dropped[&free.txid()];
    assert!(matches!(reason, DropReason::Refused(_)), "{reason}");
    assert!(reason.to_string().contains("fee too low"), "{reason}");
}

/// Blocks of nearly a megabyte, of which each spends the change of the one before.
fn large_blocks(count: usize) -> (Chain<MemoryStore>, Vec<Block>) {
    const OUTPUTS: usize = 2_400;
    let mut chain = Chain::in_memory(params());
    let (mut outpoint, coin) = chain.coins_of(&classroom::owner(0)).unwrap()[0];
    let mut payments = Payments::new(params().genesis_hash(), [(outpoint, coin)]);
    let mut rest = coin.output.value.grains();
    let mut blocks = Vec::new();
    for _ in 0..count {
        let mut transactions = Vec::new();
        for _ in 0..10 {
            rest -= OUTPUTS as u64;
            let change = TxOut { value: Amount::from_grains(rest), owner: classroom::owner(0) };
            let mut outputs = vec![TxOut { value: Amount::from_grains(1), owner: classroom::owner(6) }; OUTPUTS];
            outputs.insert(0, change);
            let payment = payments.spend(vec![outpoint], outputs);
            outpoint = OutPoint { txid: payment.txid(), vout: 0 };
            transactions.push(payment);
        }
        blocks.push(mine(&mut chain, transactions, 4));
    }
    (chain, blocks)
}

#[test]
fn a_deep_move_is_followed_block_by_block() {
    const DEPTH: usize = 5;
    let (mut chain, old) = large_blocks(DEPTH);
    let mut other = Chain::in_memory(params());
    let new: Vec<_> = (0..=DEPTH).map(|_| mine(&mut other, Vec::new(), 5)).collect();
    for block in &new {
        chain.insert_block(block.clone(), u64::MAX).unwrap();
    }
    // a pool that has room for two of the blocks
    let config =
        NodeConfig { payout: Some(classroom::owner(5)), mempool_bytes: 2_000_000, ..NodeConfig::new(&params()) };
    let mut node = NodeMachine::new(chain, config, later(0));
    let mut said = Said::default();
    let mut moved_at = None;
    while node.next_timeout().is_some_and(|at| at <= Monotonic::ORIGIN) {
        node.handle(later(0), Input::Timeout);
        if node.chain().tip().hash == new[DEPTH].hash() {
            moved_at.get_or_insert(said.steps);
            assert!(said.tips.is_empty() || !said.gone.is_empty());
        }
        let largest = 1_000_000;
        assert!(node.mempool().bytes() <= 2_000_000 + largest);
        said.drain(&mut node);
    }
    let hashes = |blocks: &[Block]| blocks.iter().map(Block::hash).collect::<Vec<_>>();
    let mut gone = hashes(&old);
    gone.reverse();
    assert_eq!((&said.gone, &said.new), (&gone, &hashes(&new)));
    assert_eq!(said.tips, [new[DEPTH].hash()]);
    let steps = said.steps - moved_at.unwrap();
    assert!(steps > 2 * DEPTH, "{steps} steps, one for each large block told and one for each that returns");
    assert!(said.most_blocks <= DEPTH + 2, "large blocks one by one, empty ones together");
    // the oldest came back, and what did not find room is told
    let transactions: Vec<_> = old.iter().flat_map(|block| &block.transactions).map(Transaction::txid).collect();
    assert!((15..=20).contains(&node.mempool().len()), "{}", node.mempool().len());
    for (place, txid) in transactions.iter().enumerate() {
        let waits = node.mempool().contains(txid);
        assert_eq!(waits, place < node.mempool().len());
        assert_ne!(waits, said.dropped.contains_key(txid), "number {place}");
    }
}

#[test]
fn answers_about_deep_moves_are_bounded_in_bytes() {
    const DEPTH: usize = 12;
    let (chain, old) = large_blocks(DEPTH);
    let mut node = NodeMachine::new(chain, NodeConfig::new(&params()), later(0));
    Said::default().settle(&mut node);
    let (mut from, mut found, mut answers) = (params().genesis_hash(), Vec::new(), 0);
    loop {
        let request = Request::Since(from);
        node.handle(later(0), Input::Request { id: RequestId(answers), request });
        answers += 1;
        let mut since = None;
        while let Some(output) = node.poll_output() {
            if let Output::Reply { response, .. } = output
                && let Response::Since(answer) = *response
            {
                since = answer;
            }
        }
        let since = since.unwrap();
        let bytes: u64 = since.connected.iter().map(|block| block.block().size()).sum();
        assert!(bytes < limits::BLOCK_BYTES_SINCE + 1_000_000, "{bytes} bytes in one answer");
        found.extend(since.connected.iter().map(|block| block.hash()));
        if since.complete {
            break;
        }
        from = *found.last().unwrap();
    }
    assert!(answers > 2, "{answers} answers");
    assert_eq!(found, old.iter().map(Block::hash).collect::<Vec<_>>(), "none is missed and none comes twice");
}

#[test]
fn a_node_that_ends_in_a_move_keeps_what_returns() {
    let (chain, old) = large_blocks(3);
    let place = Files::default();
    let mut disk = place.chain(&params());
    drop(chain);
    let mut other = Chain::in_memory(params());
    for block in &old {
        disk.apply(block.clone(), u64::MAX).unwrap();
    }
    for _ in 0..4 {
        disk.insert_block(mine(&mut other, Vec::new(), 5), u64::MAX).unwrap();
    }
    let mut node = NodeMachine::new(disk, NodeConfig::new(&params()), later(0));
    while node.chain().tip().hash != other.tip().hash {
        node.handle(later(0), Input::Timeout);
    }
    assert!(node.mempool().is_empty(), "nothing has come back yet");
    node.finish().unwrap();
    let node = node_on(&place);
    assert_eq!(node.mempool().len(), 30);
}
