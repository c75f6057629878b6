//! The nodes of a simulated network answer as live ones do.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    description::check_answer,
    site::{Site, run_test},
};
use crate::{
    command::Command,
    stage::simulated::{Simulated, SimulatedConfig},
};

#[test]
fn simulated_nodes_are_asked_like_live_ones() {
    run_test(async {
        let config = SimulatedConfig::new(7).nodes(3).spacing(Duration::from_secs(1)).payments_per_second(2.0);
        let site = Site::on(Simulated::start(config).unwrap());
        let stage = &site.app.stage;
        let mut viewer = stage.hub().join(None);
        stage.command(Command::Speed(50.0)).await.unwrap();
        while stage.hub().look(|state| state.nodes.first().is_none_or(|node| node.height < 20)) {
            viewer.next().await;
        }
        stage.command(Command::Pause).await.unwrap();

        // all coins of all owners are what was issued
        let tip: u64 = site.text("/api/blocks/tip/height").await.parse().unwrap();
        let audit = site.json("/api/v1/audit").await;
        assert_eq!((&audit["height"], &audit["holds"]), (&json!(tip), &json!(true)));
        let (mut owners, mut payments) = (std::collections::BTreeSet::new(), 0);
        for height in 0..=tip {
            let hash = site.text(&format!("/api/block-height/{height}")).await;
            let mut start = 0;
            let count =
                usize::try_from(site.json(&format!("/api/block/{hash}")).await["tx_count"].as_u64().unwrap()).unwrap();
            payments += count - 1;
            while start < count {
                let page = site.json(&format!("/api/block/{hash}/txs/{start}")).await;
                let page = page.as_array().unwrap();
                for output in page.iter().flat_map(|info| info["vout"].as_array().unwrap()) {
                    owners.insert(output["scriptpubkey_address"].as_str().unwrap().to_owned());
                }
                // each coin that is spent is known, and no fee is negative
                let inputs = page.iter().flat_map(|info| info["vin"].as_array().unwrap());
                assert!(inputs.into_iter().all(|input| input["is_coinbase"] == true || input["prevout"].is_object()));
                assert!(page.iter().all(|info| info["fee"].is_u64()));
                start += page.len();
            }
        }
        assert!(payments > 0, "a network without payments shows little");
        let mut sum = 0;
        for owner in owners {
            let stats = site.json(&format!("/api/address/{owner}")).await["chain_stats"].clone();
            let grains = |name: &str| -> u64 { stats[name].as_u64().unwrap() };
            sum += grains("funded_txo_sum") - grains("spent_txo_sum");
        }
        assert_eq!(audit["issued"], sum);
        let tips = site.json("/api/v1/tips").await;
        let standing: usize = tips.as_array().unwrap().iter().map(|tip| tip["nodes"].as_array().unwrap().len()).sum();
        assert_eq!(standing, 3);
        assert_eq!(site.text("/ready").await, "ready");
        let attacks = site.get("/api/v1/attacks").await;
        check_answer(&site.description, "attacks", &site.description["paths"]["/api/v1/attacks"]["get"], &attacks);
        assert_eq!(attacks.body.len() > 1_000, cfg!(feature = "attacks"));
        let peers: Vec<Value> = serde_json::from_value(site.json("/api/v1/peers/1").await).unwrap();
        assert_eq!(peers.len(), 2);
    });
}
