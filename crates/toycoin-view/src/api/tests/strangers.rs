//! What a stranger on the relay sends.

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use toycoin_core::{Amount, Block, BlockHash, ChainParams, Header, SecretKey, chain::Chain, hex};
use toycoin_node::{Event, RelayServer, client::RelayClient, machine::Now, relay::RelayConfig};
use toycoin_wire::{Channel, NodeId, NodeMessage};

use super::site::{Site, node, run_test};
use crate::{api::source::find_header, reader::NodeReader};

/// A valid block but for its coinbase, which mints a grain.
fn greedy_block() -> Block {
    let params = ChainParams::regtest();
    let chain = Chain::in_memory(params.clone());
    let (miner, now) = (SecretKey::classroom(9).public_key(), params.spec().genesis_time + 1_000);
    let mut block = chain.template(Vec::new(), miner, b"", now).unwrap();
    block.coinbase.outputs[0].value = Amount::from_grains(5_000_000_001);
    block.header.merkle_root = block.merkle_root();
    block.mine_trivial()
}

/// Publishes a message on the nodes' channel, and returns the connection, which must stay.
async fn publish(relay: std::net::SocketAddr, message: &NodeMessage) -> TcpStream {
    let channel: Channel = "/topic/main".parse().unwrap();
    let mut client = RelayClient::new(Now::default(), NodeId::new([9; 16]), "stranger", vec![channel.clone()]).unwrap();
    let mut stream = TcpStream::connect(relay).await.unwrap();
    let mut bytes = [0; 4_096];
    while !client.is_ready() {
        if let Some(output) = client.take_output() {
            stream.write_all(&output).await.unwrap();
        }
        let read = stream.read(&mut bytes).await.unwrap();
        client.handle_bytes(Now::default(), &bytes[..read], &mut |_| {}).unwrap();
    }
    let frame = client.publish(&channel, None, &message.encode().unwrap()).unwrap();
    stream.write_all(&frame).await.unwrap();
    stream
}

#[test]
fn an_invalid_block_is_shown_with_its_rule() {
    run_test(async {
        let relay = RelayServer::bind("127.0.0.1:0", RelayConfig::default()).unwrap();
        let (address, relay) = (relay.local_addr(), relay.spawn().unwrap());
        let node = node(1, |builder| builder.relay(address.to_string())).await;
        node.wait_for_relay().await.unwrap();
        let (mut events, block) = (node.events(), greedy_block());
        let hash = block.hash();
        let _stranger = publish(address, &NodeMessage::Block(block.clone())).await;
        while !matches!(events.recv().await.unwrap(), Event::BlockRejected { hash: refused, .. } if refused == hash) {}

        let site = Site::of(&node).await;
        let status = site.json(&format!("/api/block/{hash}/status")).await;
        let expected = json!({
            "in_best_chain": false, "height": 1, "next_best": null, "standing": "invalid", "rule": 29,
        });
        assert_eq!(status, expected);
        let header = site.text(&format!("/api/block/{hash}/header")).await;
        assert_eq!(Header::from_bytes(&hex::decode(&header).unwrap()), block.header);
        // the node has stored its body, so that it can be read; without one the header is found all the same
        let coinbase = &site.json(&format!("/api/block/{hash}/txs")).await[0];
        assert_eq!(coinbase["vout"][0]["value"], 5_000_000_001u64);
        let reader = NodeReader::Live(node);
        let by_height = find_header(&reader, hash, Some(1)).await.unwrap();
        assert!(by_height.is_some_and(|known| known.hash == hash));
        assert_eq!(find_header(&reader, hash, None).await.unwrap(), by_height);
        assert_eq!(find_header(&reader, BlockHash::ZERO, None).await.unwrap(), None);
        // the stranger is a peer, which is muted now
        let peers = site.json("/api/v1/peers/0").await;
        let known = peers.as_array().unwrap().iter().find(|peer| peer["id"] == "09".repeat(16)).unwrap();
        assert_eq!((&known["muted"], &known["height"]), (&json!(true), &json!(null)));
        relay.shutdown();
    });
}
