//! A node lives as long as its handle's docs say, with and without a relay.

use std::{
    pin::pin,
    task::{Context, Waker},
};

use toycoin_core::{Amount, ChainParams, FeeRate, SecretKey, wallet::Wallet};
use toycoin_node::{NodeBuilder, NodeHandle, RelayError, RelayHandle, Stopped, store::RedbStore};

use crate::common::{relay, run_test};

/// Nodes without a relay, and with one that is ready.
async fn both_kinds(relay: &RelayHandle) -> [NodeHandle; 2] {
    let alone = NodeBuilder::new(ChainParams::regtest()).spawn().await.unwrap();
    let connected = NodeBuilder::new(ChainParams::regtest()).relay(relay.local_addr().to_string());
    let connected = connected.spawn().await.unwrap();
    connected.wait_for_relay().await.unwrap();
    [alone, connected]
}

#[test]
fn a_node_ends_when_its_last_handle_is_dropped() {
    run_test(async {
        let relay = relay();
        for node in both_kinds(&relay).await {
            let mut events = node.events();
            let other = node.clone();
            drop(node);
            other.status().await.expect("one handle is left");
            drop(other);
            // its events end with it
            while events.recv().await.is_ok() {}
        }
    });
}

#[test]
fn a_reader_of_the_chain_keeps_its_node() {
    run_test(async {
        let miner = NodeBuilder::new(ChainParams::regtest()).mine_to(SecretKey::classroom(1).public_key());
        let node = miner.threads(1).spawn().await.unwrap();
        let mut blocks = node.events_since(node.params().genesis_hash());
        drop(node);
        for _ in 0..3 {
            assert!(blocks.next().await.unwrap().is_some());
        }
    });
}

#[test]
fn a_node_that_has_ended_says_so_to_whatever_it_is_asked() {
    run_test(async {
        let relay = relay();
        for node in both_kinds(&relay).await {
            node.shutdown().await.unwrap();
            assert!(matches!(node.wait_for_relay().await, Err(RelayError::Stopped(Stopped { reason: None }))));
            assert!(node.relays().iter().all(|state| !state.is_ready()), "{:?}", node.relays());
            assert!(matches!(node.status().await, Err(Stopped { reason: None })));
            assert!(node.events().recv().await.is_err());
            node.shutdown().await.expect("as often as one likes");
        }
    });
}

/// Waiting for a relay that never comes ends with the node.
#[test]
fn a_wait_for_a_relay_ends_with_the_node() {
    run_test(async {
        // accepts, and says nothing
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = silent.local_addr().unwrap().to_string();
        let node = NodeBuilder::new(ChainParams::regtest()).relay(address).spawn().await.unwrap();
        let (waited, ended) = tokio::join!(node.wait_for_relay(), node.shutdown());
        ended.unwrap();
        assert!(matches!(waited, Err(RelayError::Stopped(_))));
    });
}

#[test]
fn everybody_who_ends_a_node_waits_until_its_store_is_closed() {
    run_test(async {
        let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("life-of-a-handle");
        let _ = std::fs::remove_dir_all(&directory);
        let params = ChainParams::regtest();
        for _ in 0..3 {
            let store = RedbStore::open(&directory, &params).expect("nobody has it open");
            let node = NodeBuilder::new(params.clone()).store(store).spawn().await.unwrap();
            let opens = || async {
                node.shutdown().await.unwrap();
                RedbStore::open(&directory, &params).map(drop).map_err(|error| error.to_string())
            };
            // the second is not answered before the first; that both open it at once is no fault
            let (first, second) = tokio::join!(opens(), opens());
            assert_eq!((first, second), (Ok(()), Ok(())));
        }
    });
}

/// A wait that is dropped is taken back, however much else is asked.
#[test]
fn dropped_waits_leave_nothing_behind() {
    run_test(async {
        let params = ChainParams::regtest();
        let mut alice = Wallet::new(params.clone(), SecretKey::classroom(0));
        let bob = params.address(SecretKey::classroom(1).public_key());
        let payment = alice.pay(bob, Amount::from_grains(5), FeeRate::ZERO).unwrap();
        let node = NodeBuilder::new(params).spawn().await.unwrap();
        let txid = node.submit(payment).await.unwrap();
        // more waits than a node keeps: each must have gone before the last is asked for
        for _ in 0..4 {
            let waits: Vec<_> = (0..toycoin_node::limits::WAITS)
                .map(|_| {
                    let node = node.clone();
                    tokio::spawn(async move { node.wait_for_confirmations(txid, 1).await })
                })
                .collect();
            // all have asked before this is answered
            tokio::task::yield_now().await;
            node.status().await.unwrap();
            waits.iter().for_each(tokio::task::JoinHandle::abort);
            for wait in waits {
                assert!(wait.await.is_err(), "it waits for a block, and nobody mines");
            }
        }
        node.shutdown().await.unwrap();
    });
}

#[test]
#[should_panic(expected = "runtime")]
fn spawning_outside_of_a_runtime_panics() {
    let spawn = pin!(NodeBuilder::new(ChainParams::regtest()).spawn());
    let _ = spawn.poll(&mut Context::from_waker(Waker::noop()));
}
