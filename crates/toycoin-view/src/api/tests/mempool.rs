//! The mempool, fee estimates, audit, rules, and metrics.

use std::sync::Arc;

use serde_json::json;
use tokio::time::Instant;
use toycoin_core::{Amount, ChainParams, Rule, SecretKey, Transaction, TxOut};

use super::site::{Site, hex, mine, node, payment, run_test};
use crate::{
    index::Listing,
    limits::{MEMPOOL_AGE, MEMPOOL_INTERVAL},
    reader::NodeReader,
};

#[test]
fn the_mempool_adds_up() {
    run_test(async {
        let node = node(1, |builder| builder).await;
        let site = Site::of(&node).await;
        let empty = json!({"count": 0, "vsize": 0, "total_fee": 0, "fee_histogram": []});
        assert_eq!(site.json("/api/mempool").await, empty);
        let payments = [payment(0, 4, 5), payment(2, 4, 6)];
        for payment in &payments {
            site.post("/api/tx", hex(payment)).await.text();
        }
        let size: u64 = payments.iter().map(Transaction::size).sum();
        let full = json!({"count": 2, "vsize": size, "total_fee": 2 * size, "fee_histogram": [[2.0, size]]});
        assert_eq!(site.json("/api/mempool").await, full);
        let mut txids = payments.each_ref().map(|payment| payment.txid().to_string());
        assert_eq!(site.json("/api/mempool/txids").await, json!(txids), "of equal rates the first to arrive");
        let recent = site.json("/api/mempool/recent").await;
        let shown: Vec<_> = recent.as_array().unwrap().iter().map(|one| one["txid"].as_str().unwrap()).collect();
        let expected: u64 = payments[0].outputs.iter().map(|output| output.value.grains()).sum();
        let first = recent.as_array().unwrap().iter().find(|one| one["txid"] == txids[0]).unwrap();
        assert_eq!((&first["value"], &first["fee"]), (&json!(expected), &json!(2 * payments[0].size())));
        let mut sorted: Vec<_> = shown.clone();
        sorted.sort_unstable();
        txids.sort();
        assert_eq!(sorted, txids);
        assert_eq!(site.json("/api/fee-estimates").await["144"], 0.0);
    });
}

#[test]
fn a_mempool_is_read_again_only_when_it_may_have_changed() {
    run_test(async {
        let node = node(1, |builder| builder).await;
        let (reader, listing, start) = (NodeReader::Live(node.clone()), Listing::default(), Instant::now());
        let read = async |changes, now| listing.read(&reader, changes, now).await.unwrap();
        let empty = read(0, start).await;
        node.submit(payment(0, 4, 5)).await.unwrap();
        let soon = read(0, start + MEMPOOL_INTERVAL / 2).await;
        assert!(Arc::ptr_eq(&empty, &soon) && soon.is_empty(), "not twice within the interval");
        let later = start + MEMPOOL_INTERVAL;
        let one = read(0, later).await;
        assert_eq!(one.len(), 1);
        assert!(Arc::ptr_eq(&one, &read(0, later + MEMPOOL_INTERVAL * 2).await), "it is the same");
        // a payment may have replaced another one of its size
        let old = later + MEMPOOL_AGE;
        let again = read(0, old).await;
        assert!(!Arc::ptr_eq(&one, &again) && again.len() == 1);
        // whoever changed something here sees it at once, and so does everybody when a block comes
        assert!(!Arc::ptr_eq(&again, &read(1, old).await));
        mine(&node, 1).await;
        assert_eq!(read(1, old).await.len(), 0);
    });
}

#[test]
fn a_nodes_mempool_shows_parents_and_rivals() {
    run_test(async {
        let nodes = [node(1, |builder| builder).await, node(2, |builder| builder).await];
        let site = Site::new(&nodes).await;
        let parent = payment(0, 4, 5);
        let (coin, change) = parent.outpoints(parent.txid()).last().unwrap();
        let output = TxOut { value: Amount::from_grains(change.value.grains() - 1_000), owner: change.owner };
        let mut child = Transaction { version: 1, inputs: vec![coin], outputs: vec![output], signatures: vec![] };
        child.sign_all(ChainParams::regtest().genesis_hash(), &[*change], &SecretKey::classroom(0));
        let rival = payment(0, 3, 7);
        site.post("/api/tx", hex(&parent)).await.text();
        site.post("/api/tx", hex(&child)).await.text();
        site.post("/api/tx?node=1", hex(&rival)).await.text();
        let listed = site.json("/api/v1/mempool/0").await;
        let of = |txid: String| listed.as_array().unwrap().iter().find(|one| one["txid"] == txid).unwrap().clone();
        let (first, second) = (of(parent.txid().to_string()), of(child.txid().to_string()));
        assert_eq!((&first["parents"], &first["conflicts"]), (&json!([]), &json!([rival.txid().to_string()])));
        assert_eq!((&second["parents"], &second["conflicts"]), (&json!([parent.txid().to_string()]), &json!([])));
        assert_eq!((&first["fee"], &first["size"]), (&json!(2 * parent.size()), &json!(parent.size())));
        assert!(first["since_us"].is_u64());
        let other = site.json("/api/v1/mempool/1").await;
        assert_eq!(other[0]["conflicts"], json!([parent.txid().to_string()]));
        // from node 1, the payment of node 0 can be read and is not confirmed
        let elsewhere = site.json(&format!("/api/tx/{}?node=1", parent.txid())).await;
        assert_eq!(elsewhere["status"], json!({"confirmed": false}));
    });
}

#[test]
fn the_audit_is_that_of_the_tip() {
    run_test(async {
        let node = node(1, |builder| builder).await;
        mine(&node, 3).await;
        let site = Site::of(&node).await;
        for _ in 0..2 {
            let (tip, audit) = (node.status().await.unwrap().tip, node.audit().await.unwrap());
            let root = node.block(tip.hash).await.unwrap().unwrap().block().header.state_root;
            let expected = json!({
                "height": tip.height, "issued": audit.issued.grains(), "sum_of_coins": audit.issued.grains(),
                "coins": 4 + tip.height, "state_root": root.to_string(), "holds": true,
            });
            assert_eq!(site.json("/api/v1/audit").await, expected);
            assert_eq!(site.json("/api/v1/audit").await, expected, "it is kept until the tip moves");
            mine(&node, 1).await;
        }
    });
}

#[test]
fn rules_are_those_of_core() {
    run_test(async {
        let node = node(1, |builder| builder).await;
        let rules = Site::of(&node).await.json("/api/v1/rules").await;
        assert_eq!(rules.as_array().unwrap().len(), Rule::all().len());
        for (shown, rule) in rules.as_array().unwrap().iter().zip(Rule::all()) {
            assert_eq!(*shown, json!({"rule": rule.number(), "name": rule.name(), "text": rule.sentence()}));
        }
    });
}

#[test]
fn a_node_alone_is_healthy_and_not_ready() {
    run_test(async {
        let node = node(1, |builder| builder).await;
        let site = Site::of(&node).await;
        assert_eq!(site.text("/health").await, "ok");
        site.problem("/ready", 503).await;
    });
}
