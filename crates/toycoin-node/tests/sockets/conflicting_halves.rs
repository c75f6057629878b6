//! Two honest nodes hold different halves of many double spends. Neither mutes the other for telling its own half.

use std::time::Duration;

use tokio::time::timeout;
use toycoin_core::{Amount, ChainParams, OutPoint, SecretKey, Transaction, TransactionBuilder, utxo::Coin};
use toycoin_node::{NodeBuilder, NodeHandle, protocol::Judgement};

/// Longer than anything here takes; no test waits for it to pass.
const DEADLINE: Duration = Duration::from_secs(120);

/// More than the score at which a peer is muted.
const PAIRS: usize = 130;

fn pay(params: &ChainParams, coin: (OutPoint, Coin), to: u32) -> Transaction {
    let address = params.address(SecretKey::classroom(to).public_key());
    let builder = TransactionBuilder::new(params).spend([coin]).pay(address, Amount::from_grains(900_000));
    builder.sign(&SecretKey::classroom(0)).unwrap()
}

async fn wait_for(node: &NodeHandle, done: impl AsyncFn(&NodeHandle) -> bool) {
    let mut events = node.events();
    while !done(node).await {
        // whatever was missed, the next look finds
        let _ = events.recv().await;
    }
}

#[test]
fn halves_of_double_spends_on_a_mesh_mute_nobody() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { timeout(DEADLINE, disagree()).await.expect("the test ends in time") });
}

async fn disagree() {
    let params = ChainParams::regtest();
    let (ports, carried) = crate::carrier::mesh(3);
    let mut nodes = Vec::new();
    for (port, key) in ports.into_iter().zip(10..) {
        let miner = SecretKey::classroom(key).public_key();
        let node = NodeBuilder::new(params.clone()).mesh(port).mine_to(miner).threads(1).spawn().await.unwrap();
        node.set_mining(false).await.unwrap();
        node.wait_for_peer().await.unwrap();
        nodes.push(node);
    }
    // many coins of one owner, confirmed everywhere
    let owner = SecretKey::classroom(0);
    let mut split = TransactionBuilder::new(&params).spend(nodes[0].coins_of(owner.public_key()).await.unwrap());
    for number in 0..PAIRS as u64 {
        split = split.pay(params.address(owner.public_key()), Amount::from_grains(1_000_000 + number));
    }
    let change = params.address(SecretKey::classroom(3).public_key());
    nodes[0].submit(split.change_to(change).sign(&owner).unwrap()).await.unwrap();
    nodes[0].set_mining(true).await.unwrap();
    wait_for(&nodes[0], async |node| node.coins_of(owner.public_key()).await.unwrap().len() >= PAIRS).await;
    nodes[0].set_mining(false).await.unwrap();
    let tip = nodes[0].status().await.unwrap().tip;
    for node in &nodes {
        wait_for(node, async |node| node.status().await.unwrap().tip == tip).await;
    }
    let coins = nodes[0].coins_of(owner.public_key()).await.unwrap();
    for coin in &coins {
        let (one, other) = (pay(&params, *coin, 1), pay(&params, *coin, 2));
        // whichever comes first at a node, the other is refused there
        let _ = tokio::join!(nodes[0].submit(one), nodes[1].submit(other));
    }
    for node in &nodes {
        wait_for(node, async |node| node.status().await.unwrap().mempool >= PAIRS).await;
    }
    let refused = |carried: &crate::carrier::Carried| {
        carried.judged.iter().filter(|judged| **judged == Judgement::Ignore).count()
    };
    assert!(refused(&carried.lock().unwrap()) > 0, "they disagree");
    assert_eq!(carried.lock().unwrap().shunned, []);
    for node in &nodes {
        let peers = node.peers().await.unwrap();
        assert!(peers.iter().all(|peer| !peer.muted && peer.score == 0), "{peers:?}");
        node.shutdown().await.unwrap();
    }
}
