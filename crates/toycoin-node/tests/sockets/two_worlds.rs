//! One node on a relay, one on a mesh, and one on both: blocks and payments cross in both directions.

use toycoin_core::{Amount, BlockHash, ChainParams, SecretKey, TransactionBuilder, Txid};
use toycoin_node::{NodeBuilder, NodeHandle, RelayHandle};

use crate::common::{relay, run_test};

fn builder(key: u32) -> NodeBuilder {
    NodeBuilder::new(ChainParams::regtest()).mine_to(SecretKey::classroom(key).public_key()).threads(1)
}

/// Starts the three nodes: on the relay, on both, on the mesh. None mines so far. The relay ends with its handle.
async fn three_nodes() -> ([NodeHandle; 3], RelayHandle) {
    let relay = relay();
    let address = relay.local_addr().to_string();
    let (ports, _) = crate::carrier::mesh(2);
    let [one, other] = ports.try_into().unwrap();
    let nodes = [
        builder(10).relay(address.clone()).spawn().await.unwrap(),
        builder(11).relay(address).mesh(one).spawn().await.unwrap(),
        builder(12).mesh(other).spawn().await.unwrap(),
    ];
    for node in &nodes {
        node.set_mining(false).await.unwrap();
    }
    nodes[1].wait_for_relay().await.unwrap();
    nodes[2].wait_for_peer().await.unwrap();
    (nodes, relay)
}

/// Follows a node until what it answers satisfies `done`.
async fn until<T>(node: &NodeHandle, mut look: impl AsyncFnMut(&NodeHandle) -> Option<T>) -> T {
    let mut events = node.events();
    loop {
        if let Some(found) = look(node).await {
            return found;
        }
        // whatever was missed, the next look finds
        let _ = events.recv().await;
    }
}

async fn has_tip(node: &NodeHandle, tip: BlockHash) {
    until(node, async |node| (node.status().await.unwrap().tip.hash == tip).then_some(())).await;
}

async fn has_payment(node: &NodeHandle, txid: Txid) {
    until(node, async |node| node.transaction(txid).await.unwrap().map(drop)).await;
}

/// Lets one node mine a block, and returns the tip.
async fn mine_on(node: &NodeHandle) -> BlockHash {
    let before = node.status().await.unwrap().tip.height;
    node.set_mining(true).await.unwrap();
    until(node, async |node| (node.status().await.unwrap().tip.height > before).then_some(())).await;
    node.set_mining(false).await.unwrap();
    node.status().await.unwrap().tip.hash
}

async fn pay_on(node: &NodeHandle, key: u32) -> Txid {
    let (params, payer) = (node.params(), SecretKey::classroom(key));
    let coins = node.coins_of(payer.public_key()).await.unwrap();
    let payment = TransactionBuilder::new(params)
        .spend(coins)
        .pay(params.address(SecretKey::classroom(5).public_key()), Amount::from_grains(1_000))
        .sign(&payer);
    node.submit(payment.unwrap()).await.unwrap()
}

#[test]
fn blocks_cross_between_a_relay_and_a_mesh() {
    run_test(async {
        let (nodes, _relay) = three_nodes().await;
        for finder in [0, 2, 1] {
            let tip = mine_on(&nodes[finder]).await;
            for node in &nodes {
                has_tip(node, tip).await;
            }
        }
        for node in &nodes {
            node.shutdown().await.unwrap();
        }
    });
}

#[test]
fn payments_cross_between_a_relay_and_a_mesh() {
    run_test(async {
        let (nodes, _relay) = three_nodes().await;
        for payer in 0..3 {
            let txid = pay_on(&nodes[payer], u32::try_from(payer).unwrap()).await;
            for node in &nodes {
                has_payment(node, txid).await;
            }
        }
        for node in &nodes {
            node.shutdown().await.unwrap();
        }
    });
}

#[test]
fn a_node_shows_where_its_peers_are() {
    run_test(async {
        let ([on_relay, on_both, on_mesh], _relay) = three_nodes().await;
        let tip = mine_on(&on_mesh).await;
        has_tip(&on_relay, tip).await;
        let peers = on_both.peers().await.unwrap();
        let of_mesh: Vec<_> = peers.iter().filter(|peer| peer.direction.is_some()).collect();
        assert_eq!(of_mesh.len(), 1, "{peers:?}");
        assert_eq!(of_mesh[0].address.as_deref(), Some("node 1"));
        assert!(peers.iter().any(|peer| peer.direction.is_none() && peer.address.is_none()), "{peers:?}");
        for node in [on_relay, on_both, on_mesh] {
            node.shutdown().await.unwrap();
        }
    });
}

#[test]
fn a_node_outlives_the_carrier_of_its_mesh() {
    run_test(async {
        let (port, end) = toycoin_node::mesh_port(16);
        let node = builder(10).mesh(port).spawn().await.unwrap();
        end.try_tell(toycoin_node::MeshEvent::Up).unwrap();
        drop(end);
        mine_on(&node).await;
        node.shutdown().await.unwrap();
        node.wait_for_peer().await.unwrap_err();
    });
}
