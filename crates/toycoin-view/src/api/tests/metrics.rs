//! Metrics: what nodes say, and what events add up to.

use axum::{body::Body, http::Request};

use super::site::{Site, hex, mine, node, payment, run_test};
use crate::{
    Hub, Stage,
    event::{Block, Departure, Fact, TipMove},
    state::{NetworkInfo, State},
};

fn assert_lines(text: &str, lines: &[&str]) {
    for line in lines {
        assert!(text.lines().any(|found| found == *line), "{line} is not in\n{text}");
    }
}

#[test]
fn gauges_follow_the_nodes() {
    run_test(async {
        let nodes = [node(1, |builder| builder).await, node(2, |builder| builder).await];
        mine(&nodes[0], 2).await;
        let site = Site::new(&nodes).await;
        site.post("/api/tx", hex(&payment(0, 4, 5))).await.text();
        let text = site.get("/metrics").await;
        assert_eq!(text.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
        let text = str::from_utf8(&text.body).unwrap();
        let height = nodes[0].status().await.unwrap().tip.height;
        let version = env!("CARGO_PKG_VERSION");
        let lines = [
            &format!("toycoin_chain_height {height}"),
            &format!("toycoin_chain_best_header_height {height}"),
            "toycoin_chain_tips 2",
            "toycoin_mempool_transactions 1",
            &format!("toycoin_mempool_bytes {}", payment(0, 4, 5).size()),
            "toycoin_peers 0",
            &format!("toycoin_build_info{{version=\"{version}\",network=\"regtest\"}} 1"),
        ];
        assert_lines(text, &lines);
        assert!(!text.contains("relay_"), "{text}");
    });
}

fn tip(node: usize, own: bool, left: &[&str]) -> Fact {
    let left = left.iter().map(|hash| (*hash).to_owned()).collect();
    let (hash, joined, left_count, joined_count) = ("aa".to_owned(), vec!["aa".to_owned()], None, None);
    Fact::Tip(TipMove { node, hash, height: 1, left, left_count, joined, joined_count, own })
}

#[test]
fn counters_follow_the_events() {
    run_test(async {
        let network = NetworkInfo { name: "lab".into(), genesis: "00".into(), spacing_ms: 2_000 };
        let hub = Hub::new(State::new("0123abcd".into(), "simulated", Some(7), network));
        let site = Site::on(Stage::from_hub(hub));
        let hub = site.app.stage.hub();
        let block = Block {
            hash: "aa".into(),
            prev: "00".into(),
            height: 1,
            miner: Some(0),
            extra: String::new(),
            extra_hex: String::new(),
            time: 0,
            bits: 0,
            work: "2".into(),
            txs: 1,
            size: 1,
            fees: 0,
        };
        hub.tell(1_000, Fact::Block(block));
        hub.tell(1_000, tip(0, true, &[]));
        hub.tell(301_000, tip(1, false, &["bb", "cc"]));
        let (what, hash, reason) = ("block".to_owned(), "dd".to_owned(), String::new());
        hub.tell(302_000, Fact::Rejected { node: 0, what, hash, rule: 29, reason });
        for (txid, why) in [("1", Departure::Conflict), ("2", Departure::Confirmed)] {
            hub.tell(303_000, Fact::Gone { node: 0, txid: txid.into(), why, by: None });
        }
        hub.counters().peer_muted();
        let accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";
        let request = Request::get("/metrics").header("accept", accept);
        let answer = site.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.headers["content-type"], "application/openmetrics-text; version=1.0.0; charset=utf-8");
        let text = str::from_utf8(&answer.body).unwrap();
        let lines = [
            "toycoin_reorganisations_total{depth=\"2\"} 1",
            "toycoin_blocks_connected_total 2",
            "toycoin_blocks_mined_total 1",
            "toycoin_blocks_rejected_total{rule=\"R29\"} 1",
            "toycoin_mempool_dropped_total{reason=\"conflict\"} 1",
            "toycoin_peers_muted_total 1",
            "toycoin_block_propagation_seconds_sum 0.3",
            "toycoin_block_propagation_seconds_bucket{le=\"0.25\"} 0",
            "toycoin_block_propagation_seconds_bucket{le=\"0.5\"} 1",
            "toycoin_view_viewers 0",
            "toycoin_view_lagged_total 0",
            "# TYPE toycoin_blocks_rejected counter",
            "# EOF",
        ];
        assert_lines(text, &lines);
        assert!(!text.contains("reason=\"confirmed\"") && !text.contains("chain_height"), "{text}");
        // a stage without nodes has nothing that it waits for, and nothing to ask
        assert_eq!(site.text("/ready").await, "ready");
        site.problem("/api/blocks/tip/hash", 404).await;
    });
}
