//! What a node takes up again after it has ended, and what it makes durable before it says it.

use std::time::Duration;

use crate::disk::memory::Files;
use toycoin_core::{
    Amount, Chain, ChainParams, SecretKey, Transaction, TransactionBuilder,
    store::{ChainStore as _, WaitingTransaction},
    test_util::classroom,
};
use toycoin_node::{
    machine::{Machine as _, Monotonic, Now},
    protocol::{Event, Input, NodeConfig, NodeMachine, Output, Request, RequestId},
    store::{RedbStore, unwatched},
};

fn chain_on(files: &Files) -> Chain<RedbStore> {
    files.chain(&ChainParams::regtest())
}

fn node_on(files: &Files) -> NodeMachine<RedbStore> {
    let config = NodeConfig { payout: Some(classroom::owner(5)), ..NodeConfig::new(&ChainParams::regtest()) };
    NodeMachine::new(chain_on(files), config, Now::default())
}

fn payment(chain: &Chain<RedbStore>, from: u32, grains: u64) -> Transaction {
    let key = SecretKey::classroom(from);
    TransactionBuilder::new(chain.params())
        .spend(chain.coins_of(&key.public_key()).unwrap())
        .pay(chain.params().address(classroom::owner(3)), Amount::from_grains(grains))
        .sign(&key)
        .unwrap()
}

fn later(seconds: u64) -> Now {
    let unix_ms = ChainParams::regtest().spec().genesis_time + seconds * 1_000;
    Now { monotonic: Monotonic::new(Duration::from_secs(seconds)), unix_ms }
}

#[test]
fn what_waited_is_taken_up_again_and_judged_anew() {
    let place = Files::default();
    let mut node = node_on(&place);
    let (mine, gone) = (payment(node.chain(), 0, 50), payment(node.chain(), 1, 60));
    for (id, transaction) in [(1, &mine), (2, &gone)] {
        node.handle(later(1), Input::Request { id: RequestId(id), request: Request::Submit(transaction.clone()) });
    }
    assert_eq!(node.mempool().len(), 2);
    node.finish().unwrap();

    // meanwhile a block holds one of them
    let mut chain = chain_on(&place);
    let own = |transaction: &Transaction| {
        let transaction = transaction.clone();
        WaitingTransaction { transaction, own: true, returned: false }
    };
    let waiting = chain.store().waiting().unwrap();
    assert!(waiting.len() == 2 && waiting.contains(&own(&mine)) && waiting.contains(&own(&gone)));
    crate::disk::mine(&mut chain, vec![gone.clone()], 6);
    drop(chain);

    let node = node_on(&place);
    assert!(node.mempool().contains(&mine.txid()));
    assert!(!node.mempool().contains(&gone.txid()));
}

#[test]
fn a_block_is_durable_before_anybody_hears_of_it() {
    let place = Files::default();
    let mut node = node_on(&place);
    let mut heard = 0;
    for second in 3..30 {
        node.handle(later(second), Input::Timeout);
        while let Some(output) = node.poll_output() {
            match output {
                Output::Mine(job) => {
                    assert!(node.chain().store().is_synced(), "it is mined upon");
                    let mut header = job.header;
                    while !header.bits.to_target().unwrap().is_met_by(&header.hash()) {
                        header.nonce += 1;
                    }
                    node.handle(later(second), Input::Mined { job: job.id, nonce: header.nonce });
                }
                Output::Emit(Event::BlockConnected { block, .. }) => {
                    assert!(chain_on(&place.copy()).is_active(&block.hash()), "on disk when it is told");
                    heard += 1;
                }
                _ => {}
            }
        }
    }
    assert!(heard > 10, "{heard} blocks");
}

/// Mines for so many seconds by a clock that shows `unix_ms` at the start, ten times a second, and returns the heights
/// of the blocks that were found, and whatever was refused.
fn mine_for(node: &mut NodeMachine<RedbStore>, begin: u64, seconds: u64, unix_ms: u64) -> (Vec<u64>, Vec<Event>) {
    let (mut found, mut refused) = (Vec::new(), Vec::new());
    for tick in 0..seconds * 10 {
        let now = Now {
            monotonic: Monotonic::new(Duration::from_millis(begin * 1_000 + tick * 100)),
            unix_ms: unix_ms + tick * 100,
        };
        node.handle(now, Input::Timeout);
        while let Some(output) = node.poll_output() {
            match output {
                Output::Mine(job) => {
                    let mut header = job.header;
                    while !header.bits.to_target().unwrap().is_met_by(&header.hash()) {
                        header.nonce += 1;
                    }
                    node.handle(now, Input::Mined { job: job.id, nonce: header.nonce });
                }
                Output::Emit(Event::BlockConnected { block, .. }) => found.push(block.height()),
                Output::Emit(event @ (Event::BlockRejected { .. } | Event::BlockDisconnected { .. })) => {
                    refused.push(event);
                }
                Output::Halt { error } => panic!("{error}"),
                _ => {}
            }
        }
    }
    (found, refused)
}

#[test]
fn a_clock_that_was_set_back_costs_time_and_no_block() {
    const DAY: u64 = 86_400_000;
    let (place, drift) = (Files::default(), ChainParams::regtest().spec().max_future_ms);
    let today = ChainParams::regtest().spec().genesis_time + DAY;
    let mut node = node_on(&place);
    assert!(!mine_for(&mut node, 0, 10, today).0.is_empty());
    let tip = node.chain().tip();
    node.finish().unwrap();

    // by less than the network allows: it goes on as if nothing had been
    let mut node = node_on(&place);
    assert_eq!(node.chain().tip(), tip);
    let (found, refused) = mine_for(&mut node, 0, 10, today - drift / 2);
    assert!(found.len() > 10 && refused.is_empty(), "{refused:?}");
    let tip = node.chain().tip();
    node.finish().unwrap();

    // by a day: its chain stands, and it searches nothing until its time has come
    let mut node = node_on(&place);
    assert_eq!(node.chain().tip(), tip);
    let (found, refused) = mine_for(&mut node, 0, 10, today - DAY);
    assert!(found.is_empty() && refused.is_empty(), "{found:?} {refused:?}");
    assert_eq!((node.chain().tip(), node.counts().deferred_blocks), (tip, 0));

    // the clock is put right
    let (found, refused) = mine_for(&mut node, 10, 10, today);
    assert!(found.len() > 10 && refused.is_empty(), "{refused:?}");
    assert_eq!(found[0], tip.height + 1);
    node.finish().unwrap();

    let chain = chain_on(&place);
    assert!(chain.height() >= tip.height + found.len() as u64 && chain.is_active(&tip.hash));
    assert!(chain.store().load().unwrap().unwrap().headers.iter().all(|(_, invalid)| !invalid));
    assert!(chain.store().check(unwatched).unwrap().is_sound());
}
