//! Blocks, their bytes, and their pages.

use serde_json::json;
use toycoin_core::{ChainParams, Header, hex};
use toycoin_wire::{NodeMessage, Payload};

use super::site::{Site, confirm, mine, node, node_with, payment, run_test};

#[test]
fn a_block_has_esploras_fields() {
    run_test(async {
        let node = node_with(2, 1).await;
        let site = Site::of(&node).await;
        let block = node.block_at(2).await.unwrap().unwrap();
        let (hash, header) = (block.hash().to_string(), block.block().header);
        assert_eq!(site.text("/api/block-height/2").await, hash);
        let info = site.json(&format!("/api/block/{hash}")).await;
        let expected = json!({
            "id": hash, "height": 2, "version": 1, "timestamp": header.time / 1_000, "time": header.time,
            "tx_count": 1, "size": block.block().size(), "weight": 4 * block.block().size(),
            "merkle_root": header.merkle_root.to_string(), "state_root": header.state_root.to_string(),
            "previousblockhash": header.previous.to_string(), "nonce": header.nonce, "bits": 0x207f_ffff,
            "difficulty": 1.0,
        });
        assert_eq!(info, expected);
        let genesis = site.text("/api/block-height/0").await;
        assert_eq!(genesis, ChainParams::regtest().genesis_hash().to_string());
        assert_eq!(site.json(&format!("/api/block/{genesis}")).await["previousblockhash"], json!(null));
    });
}

#[test]
fn a_status_names_the_next_block() {
    run_test(async {
        let node = node_with(2, 1).await;
        let site = Site::of(&node).await;
        let (one, two) = (site.text("/api/block-height/1").await, site.text("/api/block-height/2").await);
        let status = site.json(&format!("/api/block/{one}/status")).await;
        let expected = json!({
            "in_best_chain": true, "height": 1, "next_best": two, "standing": "active", "rule": null,
        });
        assert_eq!(status, expected);
        let tip = site.text("/api/blocks/tip/hash").await;
        assert_eq!(site.json(&format!("/api/block/{tip}/status")).await["next_best"], json!(null));
    });
}

#[test]
fn raw_bytes_are_the_bodies_of_the_wire() {
    run_test(async {
        let node = node_with(1, 1).await;
        let site = Site::of(&node).await;
        let block = node.block_at(1).await.unwrap().unwrap();
        let hash = block.hash();
        let raw = site.get(&format!("/api/block/{hash}/raw")).await;
        assert_eq!(raw.headers["content-type"], "application/octet-stream");
        let payload = [b"BLOC", &raw.body[..]].concat();
        let decoded = NodeMessage::decode(&payload).unwrap();
        assert_eq!(decoded, Payload::Message(NodeMessage::Block(block.block().clone())));
        let header = site.text(&format!("/api/block/{hash}/header")).await;
        let header = Header::from_bytes(&hex::decode(&header).unwrap());
        assert_eq!((header, header.hash()), (block.block().header, hash));
    });
}

#[test]
fn what_never_changes_is_not_sent_twice() {
    run_test(async {
        let node = node(1, |builder| builder).await;
        let payment = payment(0, 2, 5);
        node.submit(payment.clone()).await.unwrap();
        confirm(&node, &payment).await;
        let site = Site::of(&node).await;
        let (hash, txid) = (site.text("/api/blocks/tip/hash").await, payment.txid());
        for (path, tag) in [
            (format!("/api/block/{hash}/raw"), hash.clone()),
            (format!("/api/block/{hash}/header"), hash.clone()),
            (format!("/api/block/{hash}/txids"), hash.clone()),
            (format!("/api/tx/{txid}/raw"), payment.wtxid().to_string()),
        ] {
            let answer = site.get(&path).await;
            assert_eq!((answer.status.as_u16(), answer.body.is_empty()), (200, false), "{path}");
            assert_eq!(answer.headers["etag"], format!("\"{tag}\""), "{path}");
            assert_eq!(answer.headers["cache-control"], "private, no-cache", "{path}");
            let again = site.get_unless(&path, &answer.headers["etag"]).await;
            assert_eq!((again.status.as_u16(), again.body.is_empty()), (304, true), "{path}");
            assert_eq!(again.headers["etag"], answer.headers["etag"], "{path}");
            let other = site.get_unless(&path, &"\"00\"".parse().unwrap()).await;
            assert_eq!((other.status.as_u16(), other.body), (200, answer.body), "{path}");
        }
        // what is not there has no tag to match
        let unknown = format!("/api/block/{}/raw", "00".repeat(32));
        site.get_unless(&unknown, &"*".parse().unwrap()).await.problem(404);
    });
}

#[test]
fn a_page_of_blocks_runs_downward_to_genesis() {
    run_test(async {
        let node = node_with(12, 1).await;
        let site = Site::of(&node).await;
        let tip: u64 = site.text("/api/blocks/tip/height").await.parse().unwrap();
        let heights = async |path: &str| -> Vec<u64> {
            let blocks = site.json(path).await;
            blocks.as_array().unwrap().iter().map(|block| block["height"].as_u64().unwrap()).collect()
        };
        assert!(heights("/api/blocks").await.into_iter().eq((tip - 9..=tip).rev()));
        assert!(heights(&format!("/api/blocks/{tip}")).await.into_iter().eq((tip - 9..=tip).rev()));
        assert_eq!(heights("/api/blocks/3").await, [3, 2, 1, 0]);
        assert_eq!(heights("/api/blocks/0").await, [0]);
        for path in ["/api/blocks", "/api/block-height"] {
            site.problem(&format!("{path}/{}", tip + 1), 404).await;
            site.problem(&format!("{path}/{}", u64::MAX), 404).await;
            for text in ["-1", "+1", "x", "1.5", "18446744073709551616"] {
                site.problem(&format!("{path}/{text}"), 400).await;
            }
        }
    });
}

#[test]
fn a_page_of_transactions_ends_with_the_block() {
    run_test(async {
        let node = node(1, |builder| builder).await;
        let payment = payment(0, 2, 5);
        node.submit(payment.clone()).await.unwrap();
        confirm(&node, &payment).await;
        let site = Site::of(&node).await;
        let status = site.json(&format!("/api/tx/{}/status", payment.txid())).await;
        let block = format!("/api/block/{}", status["block_hash"].as_str().unwrap());
        let txids = site.json(&format!("{block}/txids")).await;
        assert_eq!((txids.as_array().unwrap().len(), &txids[1]), (2, &json!(payment.txid().to_string())));
        let ids = async |path: &str| -> Vec<serde_json::Value> {
            let page = site.json(&format!("{block}/{path}")).await;
            page.as_array().unwrap().iter().map(|transaction| transaction["txid"].clone()).collect()
        };
        assert_eq!(ids("txs").await, *txids.as_array().unwrap());
        assert_eq!(ids("txs/0").await, *txids.as_array().unwrap());
        assert_eq!(ids("txs/1").await, txids.as_array().unwrap()[1..]);
        assert_eq!(site.text(&format!("{block}/txid/1")).await, txids[1]);
        assert!(site.json(&format!("{block}/txs")).await[0].get("status").is_none());
        for beyond in ["txs/2", "txs/18446744073709551615", "txid/2"] {
            site.problem(&format!("{block}/{beyond}"), 404).await;
        }
        for text in ["txs/-1", "txs/x", "txid/x"] {
            site.problem(&format!("{block}/{text}"), 400).await;
        }
    });
}

#[test]
fn malformed_hashes_are_400_and_unknown_ones_404() {
    run_test(async {
        let node = node(1, |builder| builder).await;
        let site = Site::of(&node).await;
        let genesis = ChainParams::regtest().genesis_hash().to_string();
        for what in ["block", "tx"] {
            for text in [&genesis[1..], &genesis.to_uppercase(), "x", "%ff", &format!("{genesis}00")] {
                site.problem(&format!("/api/{what}/{text}"), 400).await;
            }
            for end in ["", "/status", "/raw"] {
                site.problem(&format!("/api/{what}/{}{end}", "07".repeat(32)), 404).await;
            }
        }
        for path in ["header", "txids", "txs", "txs/0", "txid/0"] {
            site.problem(&format!("/api/block/{}/{path}", "07".repeat(32)), 404).await;
        }
        for path in ["hex", "merkle-proof", "outspends", "outspend/0"] {
            site.problem(&format!("/api/tx/{}/{path}", "07".repeat(32)), 404).await;
        }
    });
}

#[test]
fn nodes_are_named_by_their_numbers() {
    run_test(async {
        let nodes = [node(1, |builder| builder).await, node(2, |builder| builder).await];
        mine(&nodes[1], 1).await;
        let site = Site::new(&nodes).await;
        let tip = nodes[1].status().await.unwrap().tip;
        assert_eq!(site.text("/api/blocks/tip/height").await, "0");
        assert_eq!(site.text("/api/blocks/tip/height?node=0").await, "0");
        assert_eq!(site.text("/api/blocks/tip/hash?node=1").await, tip.hash.to_string());
        site.problem("/api/blocks/tip/hash?node=2", 404).await;
        site.problem("/api/v1/peers/2", 404).await;
        site.problem("/api/v1/mempool/18446744073709551616", 400).await;
        for text in ["x", "-1", "", "0&node=1"] {
            site.problem(&format!("/api/blocks/tip/hash?node={text}"), 400).await;
        }
    });
}

#[test]
fn a_node_that_is_down_is_503_and_others_serve_blocks() {
    run_test(async {
        let nodes = [node(1, |builder| builder).await, node(2, |builder| builder).await];
        mine(&nodes[1], 1).await;
        let site = Site::new(&nodes).await;
        let hash = nodes[1].block_at(1).await.unwrap().unwrap().hash();
        nodes[0].shutdown().await.unwrap();
        site.problem("/api/blocks/tip/hash", 503).await;
        site.problem("/api/mempool", 503).await;
        assert_eq!(site.json(&format!("/api/block/{hash}")).await["height"], 1);
        let listed = site.json("/api/v1/nodes").await;
        assert_eq!((&listed[0]["down"], &listed[1]["down"]), (&json!(true), &json!(false)));
        assert_eq!(listed[1]["tip"], nodes[1].status().await.unwrap().tip.hash.to_string());
        let tips = site.json("/api/v1/tips").await;
        assert_eq!((tips.as_array().unwrap().len(), &tips[0]["nodes"]), (1, &json!([1])));
    });
}
