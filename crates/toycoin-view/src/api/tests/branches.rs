//! Forks, stale blocks, and the index across a reorganisation.

use serde_json::json;
use tokio::sync::broadcast::Receiver;
use toycoin_core::{BlockHash, ChainParams, SecretKey, chain::Chain};
use toycoin_node::{Event, NodeBuilder, RelayServer, relay::RelayConfig};

use super::{
    reserved_port::ReservedPort,
    site::{Site, address, confirm, mine, node, node_with, payment, run_test},
};
use crate::{
    index::{ChainIndex, Indexes},
    limits::INDEX_STEPS,
    reader::NodeReader,
};

/// Waits until a node has moved to a tip, and its mempool with it.
async fn until_moved(events: &mut Receiver<Event>, to: BlockHash) {
    loop {
        if matches!(events.recv().await.unwrap(), Event::TipChanged { tip, .. } if tip.hash == to) {
            return;
        }
    }
}

#[test]
fn blocks_of_every_branch_are_served() {
    run_test(async {
        let nodes = [node(1, |builder| builder).await, node(2, |builder| builder).await];
        mine(&nodes[0], 1).await;
        mine(&nodes[1], 2).await;
        let site = Site::new(&nodes).await;
        let rival = nodes[1].block_at(1).await.unwrap().unwrap();
        let hash = rival.hash();
        assert_eq!(site.json(&format!("/api/block/{hash}")).await["height"], 1);
        let status = site.json(&format!("/api/block/{hash}/status")).await;
        let expected = json!({
            "in_best_chain": false, "height": 1, "next_best": null, "standing": "side", "rule": null,
        });
        assert_eq!(status, expected);
        let there = site.json(&format!("/api/block/{hash}/status?node=1")).await;
        assert_eq!((&there["in_best_chain"], &there["standing"]), (&json!(true), &json!("active")));
        let coinbase = site.json(&format!("/api/tx/{}", rival.coinbase_txid())).await;
        assert_eq!(coinbase["status"], json!({"confirmed": false}));
        let tips = site.json("/api/v1/tips").await;
        let mut on: Vec<_> = tips.as_array().unwrap().iter().map(|tip| tip["nodes"].clone()).collect();
        on.sort_by_key(ToString::to_string);
        assert_eq!(on, [json!([0]), json!([1])]);
        let heaviest = nodes[1].status().await.unwrap().tip.work.max(nodes[0].status().await.unwrap().tip.work);
        assert_eq!(tips[0]["work"], crate::event::work_hex(heaviest));
    });
}

#[test]
fn the_index_follows_a_reorganisation() {
    run_test(async {
        // nobody listens there yet
        let port = ReservedPort::new();
        let join = |builder: NodeBuilder| builder.relay(port.address().to_string());
        let nodes = [node(5, join).await, node(6, join).await];
        // a payment that only the losing branch confirms, and then the other node's longer branch
        let payment = payment(0, 7, 500);
        nodes[0].submit(payment.clone()).await.unwrap();
        confirm(&nodes[0], &payment).await;
        let lost = nodes[0].status().await.unwrap().tip;
        let lost_coinbase = nodes[0].block(lost.hash).await.unwrap().unwrap().coinbase_txid();
        let site = Site::new(&nodes).await;
        let (loser, winner, paid) = (address(5), address(6), address(7));
        let stats = async |address: &str| site.json(&format!("/api/address/{address}")).await["chain_stats"].clone();
        assert_eq!(stats(&loser).await["tx_count"], lost.height);
        assert_eq!(stats(&paid).await["funded_txo_sum"], 500);
        mine(&nodes[1], usize::try_from(lost.height).unwrap() + 2).await;

        let mut events = nodes[0].events();
        let tip = nodes[1].status().await.unwrap().tip;
        let relay = RelayServer::bind("127.0.0.1:0", RelayConfig::default()).unwrap().spawn().unwrap();
        let _open = port.forward_to(relay.local_addr());
        until_moved(&mut events, tip.hash).await;
        assert_eq!(site.text("/api/blocks/tip/hash").await, tip.hash.to_string());
        assert_eq!(stats(&loser).await["tx_count"], 0);
        assert_eq!(stats(&winner).await["tx_count"], tip.height);
        assert_eq!(stats(&paid).await["funded_txo_sum"], 0);
        assert_eq!(site.json(&format!("/api/address/{loser}/txs/chain")).await, json!([]));
        // the payment waits again
        assert_eq!(site.json(&format!("/api/tx/{}", payment.txid())).await["status"], json!({"confirmed": false}));
        assert_eq!(site.json(&format!("/api/address/{paid}")).await["mempool_stats"]["funded_txo_sum"], 500);
        site.problem(&format!("/api/tx/{}/merkle-proof", payment.txid()), 404).await;
        // the lost branch can be read still, with the transactions that no chain has
        let status = site.json(&format!("/api/block/{}/status", lost.hash)).await;
        assert_eq!((&status["standing"], &status["in_best_chain"]), (&json!("side"), &json!(false)));
        let txs = site.json(&format!("/api/block/{}/txs", lost.hash)).await;
        assert_eq!(txs[0]["txid"], lost_coinbase.to_string());
        let stale = site.json(&format!("/api/tx/{lost_coinbase}")).await;
        assert_eq!((&stale["status"], &stale["fee"]), (&json!({"confirmed": false}), &json!(0)));
        assert_eq!(site.text("/ready").await, "ready");
        relay.shutdown();
    });
}

#[test]
fn a_long_chain_is_indexed_by_several_requests() {
    run_test(async {
        let blocks = 64 * INDEX_STEPS as u64 + 10;
        let site = Site::of(&node_with(blocks, 5).await).await;
        let path = format!("/api/address/{}", address(5));
        let answer = site.get(&path).await;
        let problem = answer.problem(503);
        assert_eq!(answer.headers["retry-after"], "1");
        assert!(problem["detail"].as_str().unwrap().contains(&format!("at height {}", 64 * INDEX_STEPS)), "{problem}");
        assert_eq!(site.json(&path).await["chain_stats"]["tx_count"], blocks);
    });
}

#[test]
fn the_index_of_a_chain_that_was_reset_begins_anew() {
    run_test(async {
        let (params, indexes) = (ChainParams::regtest(), Indexes::default());
        for (blocks, key) in [(5, 5), (3, 6), (0, 5), (4, 5)] {
            let node = node_with(blocks, key).await;
            let tip = node.status().await.unwrap().tip;
            let index = indexes.node(0, &NodeReader::Live(node), &params).await.unwrap();
            assert_eq!((index.chain.tip().hash, index.chain.tip().height), (tip.hash, blocks));
            for other in [5, 6] {
                let owner = index.chain.owner(&SecretKey::classroom(other).public_key());
                let expected = if other == key { blocks } else { 0 };
                assert_eq!(owner.map_or(0, |owner| owner.totals.funded), expected);
            }
        }
    });
}

#[test]
fn undoing_blocks_restores_the_index() {
    let params = ChainParams::regtest();
    let mut chain = Chain::in_memory(params.clone());
    let now = params.spec().genesis_time + 1_000_000;
    let miner = SecretKey::classroom(5).public_key();
    let (mut index, mut blocks) = (ChainIndex::new(&params), Vec::new());
    let mut shots = vec![format!("{:?}", shot(&index))];
    for payments in [vec![], vec![payment(0, 7, 500), payment(1, 7, 1)], vec![payment(2, 5, 9)]] {
        let block = chain.template(payments, miner, b"", now).unwrap().mine_trivial();
        chain.apply(block.clone(), now).unwrap();
        let block = block.check(&params).unwrap();
        assert!(!index.disconnect(&block), "it is not there yet");
        assert!(index.connect(&block));
        assert!(!index.connect(&block), "it is there already");
        shots.push(format!("{:?}", shot(&index)));
        blocks.push(block);
    }
    for block in blocks.iter().rev() {
        assert_eq!(Some(format!("{:?}", shot(&index))), shots.pop());
        assert!(index.disconnect(block));
    }
    assert_eq!(Some(format!("{:?}", shot(&index))), shots.pop());
    let genesis = params.genesis().clone().check(&params).unwrap();
    assert!(!index.disconnect(&genesis), "genesis stays");
}

/// What the index says of all that the test names.
fn shot(index: &ChainIndex) -> impl std::fmt::Debug {
    let owners = (0..8).map(|key| {
        let owner = index.owner(&SecretKey::classroom(key).public_key());
        owner.map(|owner| (owner.history.clone(), owner.coins.clone(), owner.totals))
    });
    let payments = [payment(0, 7, 500), payment(1, 7, 1), payment(2, 5, 9)];
    let coins = payments.iter().flat_map(|payment| payment.inputs.clone()).map(|coin| index.output(&coin).copied());
    let places: Vec<_> = payments.iter().map(|payment| index.block_of(&payment.txid())).collect();
    (index.tip(), owners.collect::<Vec<_>>(), coins.collect::<Vec<_>>(), places)
}
