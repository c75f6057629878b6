//! A light client on real sockets, among real nodes: it proves their tip, finds payments, pays and collects receipts.

use toycoin_core::{
    Amount, Block, Chain, ChainParams, FeeRate, MemoryStore, SecretKey, TransactionBuilder,
    test_util::{classroom, grow},
};
use toycoin_node::{
    NodeBuilder, NodeHandle, RelayHandle,
    light::{Event, LightBuilder, LightClient},
};

use crate::{
    common::{self, run_test},
    reserved_port::ReservedPort,
};

/// A relay, and its address.
fn relay() -> (RelayHandle, String) {
    let relay = common::relay();
    let address = relay.local_addr().to_string();
    (relay, address)
}

/// A chain of 150 blocks, the 20th of which pays the owner 5.
fn chain(blocks: u64) -> MemoryStore {
    let mut chain = Chain::in_memory(ChainParams::regtest());
    grow(&mut chain, 19, classroom::owner(7));
    let payment = TransactionBuilder::new(chain.params())
        .spend(chain.coins_of(&classroom::owner(0)).unwrap())
        .pay(chain.params().address(classroom::owner(5)), Amount::from_toycoins(5).unwrap())
        .change_to(chain.params().address(classroom::owner(0)))
        .sign(classroom::key(0))
        .unwrap();
    let time = chain.tip().time + 1_000;
    let block = chain.template(vec![payment], classroom::owner(7), b"", time).unwrap().mine_trivial();
    chain.apply(block, time).unwrap();
    grow(&mut chain, blocks - 20, classroom::owner(7));
    chain.into_store()
}

async fn node(relay: &str, store: MemoryStore) -> NodeHandle {
    let node = NodeBuilder::new(ChainParams::regtest()).store(store).relay(relay);
    let node = node.spawn().await.unwrap();
    node.wait_for_relay().await.unwrap();
    node
}

fn client(relay: &str) -> LightBuilder {
    LightClient::builder(ChainParams::regtest()).relay(relay).watch(classroom::owner(5), 1)
}

/// Takes events until one is wanted.
async fn until<T>(client: &mut LightClient, wanted: impl Fn(Event) -> Option<T>) -> T {
    loop {
        if let Some(found) = wanted(client.next().await.expect("the client runs")) {
            return found;
        }
    }
}

async fn block(client: &mut LightClient) -> Block {
    until(client, |event| if let Event::Block(block) = event { Some(*block) } else { None }).await
}

async fn confirmed(client: &mut LightClient, at: u64) {
    until(client, |event| match event {
        Event::Searched { confirmed, .. } if confirmed >= at => Some(()),
        _ => None,
    })
    .await;
}

#[test]
fn finds_pays_and_proves_without_a_chain() {
    run_test(async {
        let (_relay, relay) = relay();
        let store = chain(150);
        let nodes = [node(&relay, store.clone()).await, node(&relay, store).await];
        let mut client = client(&relay).spawn().unwrap();
        let found = block(&mut client).await;
        assert_eq!(found.header.height, 20);
        confirmed(&mut client, 150).await;
        let status = client.status().await.unwrap();
        let tip = nodes[0].status().await.unwrap().tip;
        assert_eq!((status.tip.hash, status.tip.work), (tip.hash, tip.work));
        assert!(status.relays[0].is_ready() && status.servers >= 2);

        // its owner pays from the coin that was found
        let payment = found.transactions[0].clone();
        let coins = payment.outpoints(payment.txid()).filter(|(_, output)| output.owner == classroom::owner(5));
        let coins =
            coins.map(|(outpoint, output)| (outpoint, toycoin_core::Coin { output: *output, coinbase_height: 0 }));
        let params = ChainParams::regtest();
        let spend = TransactionBuilder::new(&params)
            .spend(coins)
            .pay(params.address(classroom::owner(6)), Amount::from_toycoins(2).unwrap())
            .change_to(params.address(classroom::owner(5)))
            .fee_rate(FeeRate::grains_per_byte(1))
            .sign(classroom::key(5))
            .unwrap();
        client.pay(spend.clone()).await.unwrap();
        let miner = NodeBuilder::new(ChainParams::regtest())
            .relay(&*relay)
            .mine_to(SecretKey::classroom(7).public_key())
            .threads(1)
            .spawn()
            .await
            .unwrap();
        let mined = block(&mut client).await;
        assert!(mined.transactions.contains(&spend), "the next block that concerns it has its payment");

        client.prove(payment.txid()).await.unwrap();
        let receipt = until(&mut client, |event| match event {
            Event::Receipt(bundle) => Some(bundle),
            Event::NoReceipt { .. } => panic!("the block is on the chain"),
            _ => None,
        })
        .await;
        assert_eq!(receipt.receipt.block, found.hash());
        assert!(receipt.ancestry.is_some(), "block 20 lies below the tail");
        miner.shutdown().await.unwrap();
    });
}

#[test]
fn goes_on_where_another_client_ended() {
    run_test(async {
        let (_relay, relay) = relay();
        let store = chain(150);
        // two servers, since only what both say is kept
        let _nodes = [node(&relay, store.clone()).await, node(&relay, store).await];
        let mut first = client(&relay).spawn().unwrap();
        confirmed(&mut first, 150).await;
        let saved = first.save().await.unwrap();
        drop(first);
        let second = client(&relay).resume(saved.clone()).spawn().unwrap();
        let status = second.status().await.unwrap();
        assert_eq!((status.tip.header.height, status.searched), (150, 150), "before it has heard of anybody");
        let other = LightClient::builder(ChainParams::lab()).resume(saved).spawn();
        assert!(other.is_err(), "another network");
    });
}

#[test]
fn a_relay_that_is_not_there_is_reported() {
    run_test(async {
        let port = ReservedPort::new();
        let client = LightClient::builder(ChainParams::regtest()).relay(port.address().to_string()).spawn().unwrap();
        while client.status().await.unwrap().relays[0].failure().is_none() {
            tokio::task::yield_now().await;
        }
    });
}
