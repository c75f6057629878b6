//! What a handle answers and changes while its node runs.

use std::time::Duration;

use toycoin_core::{
    Amount, ChainParams, FeeRate, SecretKey,
    chain::{BlockStanding, KnownHeader},
    wallet::Wallet,
};
use toycoin_node::{NodeBuilder, NodeHandle};

use crate::common::run_test;

/// A node that has mined at least `blocks` blocks and mines no more.
async fn miner(blocks: usize) -> NodeHandle {
    let builder = NodeBuilder::new(ChainParams::regtest()).mine_to(SecretKey::classroom(1).public_key());
    let node = builder.threads(1).spawn().await.unwrap();
    let mut connected = node.events_since(node.params().genesis_hash());
    for _ in 0..blocks {
        connected.next().await.unwrap().unwrap();
    }
    node.set_mining(false).await.unwrap();
    node
}

#[test]
fn a_handle_lists_headers_tips_and_the_mempool() {
    run_test(async {
        let node = miner(3).await;
        assert!(node.recent_hash_rate() > 0.0 && node.hash_rate() > 0.0);
        let tip = node.status().await.unwrap().tip;
        let mut page = node.headers(1, 2).await.unwrap();
        let mut headers: Vec<KnownHeader> = Vec::new();
        loop {
            assert!(page.headers.len() <= 2);
            headers.append(&mut page.headers);
            let Some(next) = page.next else { break };
            page = node.headers(next, 2).await.unwrap();
        }
        assert!(headers.iter().all(|known| known.standing == BlockStanding::Active));
        assert!(headers.iter().map(|known| known.header.height).eq(1..=tip.height));
        let tips = node.tips().await.unwrap();
        assert_eq!(tips.iter().map(|known| known.hash).collect::<Vec<_>>(), [tip.hash]);

        let mut alice = Wallet::new(node.params().clone(), SecretKey::classroom(0));
        let bob = node.params().address(SecretKey::classroom(1).public_key());
        let payment = alice.pay(bob, Amount::from_grains(5), FeeRate::grains_per_byte(2)).unwrap();
        let txid = node.submit(payment.clone()).await.unwrap();
        let page = node.mempool(None, 10).await.unwrap();
        let [entry] = &page.entries[..] else { panic!("one payment: {page:?}") };
        assert_eq!((entry.txid, entry.size, &entry.spends), (txid, payment.size(), &payment.inputs));
        assert!(page.now >= entry.since && page.next.is_none());
        node.shutdown().await.unwrap();
    });
}

#[test]
fn throttle_and_delay_change_while_a_node_runs() {
    run_test(async {
        let node = miner(1).await;
        node.set_throttle(50).await.unwrap();
        node.set_block_delay(Duration::from_millis(1)).await.unwrap();
        let mut connected = node.events_since(node.status().await.unwrap().tip.hash);
        node.set_mining(true).await.unwrap();
        connected.next().await.unwrap().expect("it still finds blocks");
        node.shutdown().await.unwrap();
        assert!(node.set_throttle(100).await.is_err(), "it has stopped");
        assert!(node.set_block_delay(Duration::ZERO).await.is_err());
    });
}
