//! Transactions: their shape, proofs, spenders, and broadcasting.

use serde_json::json;
use toycoin_core::{
    Amount, ChainParams, InclusionProof, SecretKey, Signature, Txid, Wtxid, hex as core_hex, hex::Hex, wallet::Wallet,
};
use toycoin_wire::{NodeMessage, Payload};

use super::site::{Site, address, confirm, hex, node, node_with, pay, payment, run_test};

#[test]
fn a_broadcast_payment_is_there_at_once() {
    run_test(async {
        let node = node(1, |builder| builder).await;
        let site = Site::of(&node).await;
        let payment = payment(0, 2, 5);
        let txid = payment.txid().to_string();
        assert_eq!(site.post("/api/tx", hex(&payment)).await.text(), txid);
        let info = site.json(&format!("/api/tx/{txid}")).await;
        let spent = payment.inputs[0];
        let owner = SecretKey::classroom(0).public_key().to_string();
        assert_eq!(info["fee"], 2 * payment.size());
        assert_eq!((&info["size"], &info["weight"]), (&json!(payment.size()), &json!(4 * payment.size())));
        assert_eq!((&info["version"], &info["locktime"]), (&json!(1), &json!(0)));
        assert_eq!((&info["txid"], &info["wtxid"]), (&json!(txid), &json!(payment.wtxid().to_string())));
        assert_eq!(info["status"], json!({"confirmed": false}));
        let coin = json!({
            "scriptpubkey": owner, "scriptpubkey_type": "toycoin", "scriptpubkey_address": address(0),
            "value": 10_000_000_000u64,
        });
        let input = json!({
            "txid": spent.txid.to_string(), "vout": spent.vout, "is_coinbase": false, "scriptsig": "",
            "sequence": u32::MAX, "witness": [Hex(payment.signatures[0].as_bytes()).to_string()], "prevout": coin,
        });
        assert_eq!(info["vin"], json!([input]));
        assert_eq!(info["vout"].as_array().unwrap().len(), payment.outputs.len());
        for (shown, output) in info["vout"].as_array().unwrap().iter().zip(&payment.outputs) {
            assert_eq!(shown["value"], output.value.grains());
            assert_eq!(shown["scriptpubkey_address"], ChainParams::regtest().address(output.owner).to_string());
        }
        assert_eq!(site.json(&format!("/api/tx/{txid}/status")).await, json!({"confirmed": false}));
        site.problem(&format!("/api/tx/{txid}/merkle-proof"), 404).await;
        assert_eq!(site.text(&format!("/api/tx/{txid}/hex")).await, hex(&payment));
        let raw = site.get(&format!("/api/tx/{txid}/raw")).await.body;
        let decoded = NodeMessage::decode(&[b"TXN ", &raw[..]].concat()).unwrap();
        assert_eq!(decoded, Payload::Message(NodeMessage::Transaction(payment)));
    });
}

#[test]
fn a_payment_that_is_known_is_answered_with_its_id() {
    run_test(async {
        let node = node(1, |builder| builder).await;
        let site = Site::of(&node).await;
        let payment = payment(0, 2, 5);
        for _ in 0..2 {
            // spaces around it and upper case are the same bytes
            let body = format!(" {}\n", hex(&payment).to_uppercase());
            assert_eq!(site.post("/api/tx", body).await.text(), payment.txid().to_string());
        }
        confirm(&node, &payment).await;
        assert_eq!(site.post("/api/tx", hex(&payment)).await.text(), payment.txid().to_string());
    });
}

#[test]
fn a_refused_payment_names_its_rule_or_policy() {
    run_test(async {
        let node = node(1, |builder| builder).await;
        let site = Site::of(&node).await;
        let mut forged = payment(0, 2, 5);
        forged.signatures[0] = Signature::from_bytes([9; 64]);
        for _ in 0..2 {
            let problem = site.post("/api/tx", hex(&forged)).await.problem(400);
            assert_eq!((&problem["rule"], &problem["name"]), (&json!(31), &json!("Signature")));
            assert!(problem["reason"].is_string() && problem["title"] == "Bad Request");
        }
        let mut greedy = payment(0, 2, 5);
        greedy.outputs[0].value = Amount::from_grains(20_000_000_000);
        let problem = site.post("/api/tx", hex(&greedy)).await.problem(400);
        assert_eq!((&problem["rule"], &problem["name"]), (&json!(27), &json!("ValueBalance")));

        // the same coin again, for no more
        site.post("/api/tx", hex(&payment(0, 2, 5))).await.text();
        let problem = site.post("/api/tx", hex(&payment(0, 3, 5))).await.problem(400);
        assert_eq!((&problem["rule"], &problem["name"]), (&json!(null), &json!("Conflict")));
        let mut orphan = payment(1, 2, 5);
        orphan.inputs[0].txid = Txid::from_bytes([7; 32]);
        let problem = site.post("/api/tx", hex(&orphan)).await.problem(400);
        assert_eq!((&problem["rule"], &problem["name"]), (&json!(null), &json!("UnknownParents")));
    });
}

#[test]
fn what_is_no_payment_is_400_without_a_rule() {
    run_test(async {
        let node = node(1, |builder| builder).await;
        let site = Site::of(&node).await;
        let good = hex(&payment(0, 2, 5));
        let shorter = &good[..good.len() - 2];
        for body in ["", "0", "zz", shorter, &format!("{good}00"), &"ff".repeat(30_000), "{}", "é"] {
            let problem = site.post("/api/tx", body.to_owned()).await.problem(400);
            assert!(problem.get("rule").is_none() && problem.get("name").is_none(), "{problem}");
        }
        site.post("/api/tx?node=1", good).await.problem(404);
    });
}

#[test]
fn a_merkle_proof_holds_against_the_header() {
    run_test(async {
        let node = node(1, |builder| builder).await;
        let (one, other) = (payment(0, 2, 5), payment(2, 3, 7));
        node.submit(one.clone()).await.unwrap();
        node.submit(other.clone()).await.unwrap();
        confirm(&node, &one).await;
        confirm(&node, &other).await;
        let site = Site::of(&node).await;
        let coinbase = node.block_at(1).await.unwrap().unwrap().coinbase_txid();
        for txid in [one.txid(), other.txid(), coinbase] {
            let proof = site.json(&format!("/api/tx/{txid}/merkle-proof")).await;
            let hash = proof["block_hash"].as_str().unwrap().parse().unwrap();
            let block = node.block(hash).await.unwrap().unwrap();
            assert_eq!(proof["block_height"], block.height());
            let number = |name: &str| u32::try_from(proof[name].as_u64().unwrap()).unwrap();
            let merkle = proof["merkle"].as_array().unwrap().iter();
            let siblings = merkle.map(|sibling| core_hex::decode(sibling.as_str().unwrap()).unwrap()).collect();
            let rebuilt = InclusionProof { index: number("pos"), transactions: number("n"), siblings };
            let wtxid: Wtxid = proof["wtxid"].as_str().unwrap().parse().unwrap();
            let root = block.block().header.merkle_root;
            assert!(rebuilt.verify(root, txid, wtxid));
            assert!(!rebuilt.verify(root, Txid::ZERO, wtxid));
        }
    });
}

#[test]
fn a_coinbase_shows_its_data_and_has_no_bytes() {
    run_test(async {
        let node = node_with(1, 1).await;
        let site = Site::of(&node).await;
        let block = node.block_at(1).await.unwrap().unwrap();
        let (txid, extra) = (block.coinbase_txid(), Hex(&block.block().coinbase.extra).to_string());
        let info = site.json(&format!("/api/tx/{txid}")).await;
        let input = &info["vin"][0];
        assert_eq!(extra, Hex(b"miner 1").to_string());
        assert_eq!((&input["is_coinbase"], &input["scriptsig"]), (&json!(true), &json!(extra)));
        assert_eq!((&input["prevout"], &input["witness"], &info["fee"]), (&json!(null), &json!([]), &json!(0)));
        assert_eq!(info["vout"][0]["value"], 5_000_000_000u64);
        let header = block.block().header;
        let status = json!({
            "confirmed": true, "block_height": 1, "block_hash": block.hash().to_string(),
            "block_time": header.time / 1_000, "time": header.time,
        });
        assert_eq!(info["status"], status);
        site.problem(&format!("/api/tx/{txid}/raw"), 404).await;
        site.problem(&format!("/api/tx/{txid}/hex"), 404).await;
    });
}

#[test]
fn outspends_name_who_spends_on_chain_and_in_the_mempool() {
    run_test(async {
        let node = node(1, |builder| builder).await;
        let site = Site::of(&node).await;
        let mut wallet = Wallet::new(ChainParams::regtest(), SecretKey::classroom(0));
        let parent = pay(&mut wallet, 2, 5);
        let genesis = parent.inputs[0];
        site.post("/api/tx", hex(&parent)).await.text();
        let of_genesis = format!("/api/tx/{}/outspends", genesis.txid);
        let spends = site.json(&of_genesis).await;
        let by_parent = |status| json!({"spent": true, "txid": parent.txid().to_string(), "vin": 0, "status": status});
        assert_eq!(spends[genesis.vout as usize], by_parent(json!({"confirmed": false})));
        assert_eq!(spends.as_array().unwrap().iter().filter(|spend| spend["spent"] == false).count(), 3);

        confirm(&node, &parent).await;
        let status = site.json(&format!("/api/tx/{}/status", parent.txid())).await;
        assert_eq!(status["confirmed"], true);
        let spends = site.json(&of_genesis).await;
        assert_eq!(spends[genesis.vout as usize], by_parent(status));
        let one = site.json(&format!("/api/tx/{}/outspend/{}", genesis.txid, genesis.vout)).await;
        assert_eq!(one, spends[genesis.vout as usize]);
        let own = format!("/api/tx/{}/outspend", parent.txid());
        assert_eq!(site.json(&format!("{own}/0")).await, json!({"spent": false}));
        site.problem(&format!("{own}/{}", parent.outputs.len()), 404).await;
        site.problem(&format!("{own}/4294967296"), 400).await;
    });
}
