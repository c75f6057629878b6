//! Addresses: balances, coins, and history.

use serde_json::{Value, json};
use toycoin_core::{ChainParams, SecretKey};

use super::site::{Site, address, confirm, hex, node, node_with, payment, run_test};

fn zeros() -> Value {
    json!({
        "funded_txo_count": 0, "funded_txo_sum": 0, "spent_txo_count": 0, "spent_txo_sum": 0, "tx_count": 0,
    })
}

fn balance(stats: &Value) -> i64 {
    stats["funded_txo_sum"].as_i64().unwrap() - stats["spent_txo_sum"].as_i64().unwrap()
}

#[test]
fn a_payment_moves_the_balances() {
    run_test(async {
        let node = node(1, |builder| builder).await;
        let site = Site::of(&node).await;
        let (from, to) = (format!("/api/address/{}", address(0)), format!("/api/address/{}", address(7)));
        let before = site.json(&from).await;
        let genesis = json!({
            "funded_txo_count": 1, "funded_txo_sum": 10_000_000_000u64, "spent_txo_count": 0, "spent_txo_sum": 0,
            "tx_count": 1,
        });
        assert_eq!(before, json!({"address": address(0), "chain_stats": genesis, "mempool_stats": zeros()}));
        let unused = json!({"address": address(7), "chain_stats": zeros(), "mempool_stats": zeros()});
        assert_eq!(site.json(&to).await, unused);
        assert_eq!(site.json(&format!("{to}/utxo")).await, json!([]));
        assert_eq!(site.json(&format!("{to}/txs")).await, json!([]));

        let payment = payment(0, 7, 500);
        let (txid, fee) = (payment.txid().to_string(), 2 * payment.size());
        site.post("/api/tx", hex(&payment)).await.text();
        let waiting = site.json(&from).await;
        assert_eq!(waiting["chain_stats"], before["chain_stats"]);
        assert_eq!(balance(&waiting["mempool_stats"]), -500 - i64::try_from(fee).unwrap());
        assert_eq!(waiting["mempool_stats"]["tx_count"], 1);
        // the coin that is spent is gone, and what it becomes is there
        let coins = site.json(&format!("{from}/utxo")).await;
        let change = json!([{
            "txid": txid, "vout": 1, "value": 10_000_000_000 - 500 - fee, "status": {"confirmed": false},
        }]);
        assert_eq!(coins, change);
        for path in ["txs", "txs/mempool"] {
            let listed = site.json(&format!("{to}/{path}")).await;
            assert_eq!((listed.as_array().unwrap().len(), &listed[0]["txid"]), (1, &json!(txid)));
            assert_eq!(listed[0]["vin"][0]["prevout"]["value"], 10_000_000_000u64);
        }
        assert_eq!(site.json(&format!("{to}/txs/chain")).await, json!([]));

        confirm(&node, &payment).await;
        let after = site.json(&to).await;
        assert_eq!((balance(&after["chain_stats"]), &after["mempool_stats"]), (500, &zeros()));
        let coins = site.json(&format!("{to}/utxo")).await;
        let status = site.json(&format!("/api/tx/{txid}/status")).await;
        assert_eq!(coins, json!([{"txid": txid, "vout": 0, "value": 500, "status": status}]));
        let listed = site.json(&format!("{to}/txs/chain")).await;
        assert_eq!((&listed[0]["txid"], &listed[0]["status"]), (&json!(txid), &status));
        assert_eq!(site.json(&format!("{to}/txs/mempool")).await, json!([]));
        // genesis, then the payment
        assert_eq!(site.json(&from).await["chain_stats"]["tx_count"], 2);
    });
}

#[test]
fn coins_agree_with_the_nodes_own() {
    run_test(async {
        let node = node_with(4, 1).await;
        let site = Site::of(&node).await;
        for key in 0..4 {
            let own = node.coins_of(SecretKey::classroom(key).public_key()).await.unwrap();
            let mut own: Vec<_> =
                own.iter().map(|(coin, known)| (coin.to_string(), known.output.value.grains())).collect();
            own.sort();
            let listed = site.json(&format!("/api/address/{}/utxo", address(key))).await;
            let name = |coin: &Value| format!("{}:{}", coin["txid"].as_str().unwrap(), coin["vout"]);
            let listed = listed.as_array().unwrap().iter().map(|coin| (name(coin), coin["value"].as_u64().unwrap()));
            let mut listed: Vec<_> = listed.collect();
            listed.sort();
            assert_eq!(listed, own);
        }
    });
}

#[test]
fn a_history_has_25_a_page_and_ends() {
    run_test(async {
        let node = node_with(60, 5).await;
        let site = Site::of(&node).await;
        let path = format!("/api/address/{}/txs/chain", address(5));
        let blocks = usize::try_from(node.status().await.unwrap().tip.height).unwrap();
        let (mut heights, mut page) = (Vec::new(), site.json(&path).await);
        assert_eq!(page.as_array().unwrap().len(), 25);
        assert_eq!(site.json(&format!("/api/address/{}/txs", address(5))).await, page);
        while let Some(last) = page.as_array().unwrap().last() {
            let next = site.json(&format!("{path}/{}", last["txid"].as_str().unwrap())).await;
            let shown = page.as_array().unwrap().iter();
            heights
                .extend(shown.map(|info| usize::try_from(info["status"]["block_height"].as_u64().unwrap()).unwrap()));
            page = next;
        }
        assert!(heights.into_iter().eq((1..=blocks).rev()), "every block once, the newest first");
        site.problem(&format!("{path}/{}", "07".repeat(32)), 404).await;
        site.problem(&format!("{path}/x"), 400).await;
    });
}

#[test]
fn addresses_of_other_networks_are_400() {
    run_test(async {
        let node = node(1, |builder| builder).await;
        let site = Site::of(&node).await;
        let lab = ChainParams::lab().address(SecretKey::classroom(0).public_key()).to_string();
        let mut typo = address(0);
        typo.pop();
        for text in [lab.as_str(), "x", &typo, "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"] {
            for end in ["", "/utxo", "/txs", "/txs/chain", "/txs/mempool"] {
                site.problem(&format!("/api/address/{text}{end}"), 400).await;
            }
        }
        let problem = site.problem(&format!("/api/address/{lab}"), 400).await;
        assert!(problem["detail"].as_str().unwrap().contains("tlab"), "{problem}");
    });
}
