//! What a node takes up again after it has ended, and what it makes durable before it says it.

#![cfg(feature = "redb")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod disk;

use disk::memory::Memory;
use toycoin_core::{
    Amount, Chain, ChainParams, SecretKey, Transaction, TransactionBuilder,
    store::{ChainStore as _, WaitingTransaction},
    test_util::classroom,
};
use toycoin_node::{
    machine::{Machine as _, Monotonic, Now},
    protocol::{Event, Input, NodeConfig, NodeMachine, Output, Request, RequestId},
    store::RedbStore,
};

#[derive(Default)]
struct Place {
    index: Memory,
    bodies: Memory,
}

impl Place {
    fn chain(&self) -> Chain<RedbStore> {
        let params = ChainParams::regtest();
        Chain::open(params.clone(), RedbStore::open_on(self.index.clone(), self.bodies.clone(), &params).unwrap())
            .unwrap()
    }

    fn node(&self) -> NodeMachine<RedbStore> {
        let config = NodeConfig { payout: Some(classroom::owner(5)), ..NodeConfig::new(&ChainParams::regtest()) };
        NodeMachine::new(self.chain(), config, Now::default())
    }
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
    Now { monotonic: Monotonic::new(std::time::Duration::from_secs(seconds)), unix_ms }
}

#[test]
fn what_waited_is_taken_up_again_and_judged_anew() {
    let place = Place::default();
    let mut node = place.node();
    let (mine, gone) = (payment(node.chain(), 0, 50), payment(node.chain(), 1, 60));
    for (id, transaction) in [(1, &mine), (2, &gone)] {
        node.handle(later(1), Input::Request { id: RequestId(id), request: Request::Submit(transaction.clone()) });
    }
    assert_eq!(node.mempool().len(), 2);
    node.finish().unwrap();

    // meanwhile a block holds one of them
    let mut chain = place.chain();
    let own = |transaction: &Transaction| WaitingTransaction { transaction: transaction.clone(), own: true };
    let waiting = chain.store().waiting().unwrap();
    assert!(waiting.len() == 2 && waiting.contains(&own(&mine)) && waiting.contains(&own(&gone)));
    disk::mine(&mut chain, vec![gone.clone()], 6);
    drop(chain);

    let node = place.node();
    assert!(node.mempool().contains(&mine.txid()));
    assert!(!node.mempool().contains(&gone.txid()));
}

#[test]
fn a_block_is_durable_before_anybody_hears_of_it() {
    let place = Place::default();
    let mut node = place.node();
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
                    let copy = Place {
                        index: Memory::new(place.index.bytes().clone()),
                        bodies: Memory::new(place.bodies.bytes().clone()),
                    };
                    assert!(copy.chain().is_active(&block.hash()), "on disk when it is told");
                    heard += 1;
                }
                _ => {}
            }
        }
    }
    assert!(heard > 10, "{heard} blocks");
}
