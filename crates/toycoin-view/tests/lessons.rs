//! The lessons of docs/view.md, played through the API with what a teacher types.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a panic")]

mod common;

use std::time::Duration;

use common::{Answer, request, serve};
use serde_json::Value;
use tokio::time::timeout;
use toycoin_view::{
    View,
    stage::simulated::{Simulated, SimulatedConfig},
};

/// More than half of the coins of a wallet, as lesson 3 says.
const MOST: u64 = 200_000_000_000;

/// Serves a network as `view --seed SEED --payments 0` does.
async fn network(seed: u64) -> View {
    serve(View::builder(Simulated::start(SimulatedConfig::new(seed).payments_per_second(0.0)).unwrap())).await
}

/// Sends a command with the teacher's token.
async fn command(view: &View, path: &str, json: &str) -> Answer {
    let answer = request(view, "POST", path).with_token(&view.url()).json(json).send().await;
    assert!(matches!(answer.status, 200 | 204), "{path}: {answer:?}");
    answer
}

/// Makes the payment of most of node 0's coins, and returns its id.
async fn pay(view: &View, to: usize) -> String {
    let paid = format!(r#"{{"from":0,"to":{to},"value":{MOST},"fee":5000}}"#);
    let answer: Value = serde_json::from_str(&command(view, "/api/v1/pay", &paid).await.body).unwrap();
    answer["txid"].as_str().unwrap().to_owned()
}

async fn get(view: &View, path: &str) -> String {
    let answer = request(view, "GET", path).send().await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.body
}

/// Waits until all nodes have this height.
async fn reaches(view: &View, height: u64) {
    let mut viewer = view.hub().join(None);
    let wait = async {
        while view.hub().look(|state| state.nodes.len() < 4 || state.nodes.iter().any(|node| node.height < height)) {
            viewer.next().await;
        }
    };
    timeout(Duration::from_secs(60), wait).await.expect("blocks come");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_double_spend_fails_as_lesson_3_says() {
    let cheat = network(8).await;
    let rival = pay(&cheat, 3).await;
    let hex = get(&cheat, &format!("/api/tx/{rival}/hex")).await;
    cheat.shutdown().await;

    let view = network(7).await;
    command(&view, "/api/v1/clock", r#"{"do":"speed","speed":64}"#).await;
    // far more than the lesson's two blocks: those of miners are no coins of this wallet
    reaches(&view, 20).await;
    command(&view, "/api/v1/clock", r#"{"do":"pause"}"#).await;
    command(&view, "/api/v1/network/partition", r#"{"groups":[[0,1],[2,3]]}"#).await;
    let honest = pay(&view, 1).await;
    let send = async |node: usize| {
        let sent = request(&view, "POST", &format!("/api/tx?node={node}")).with_token(&view.url());
        sent.header("content-type", "text/plain").body(hex.as_bytes()).send().await
    };
    let refused = send(0).await;
    let problem: Value = serde_json::from_str(&refused.body).unwrap();
    assert_eq!((refused.status, problem["name"].as_str()), (400, Some("Conflict")), "{problem}");
    let reason = problem["reason"].as_str().unwrap();
    assert!(reason.ends_with("spends the same coin, to replace it takes a fee of 0.00007196"), "{reason}");
    assert_eq!(send(2).await.status, 200);

    command(&view, "/api/v1/network/heal", "").await;
    command(&view, "/api/v1/clock", r#"{"do":"run"}"#).await;
    reaches(&view, 30).await;
    command(&view, "/api/v1/clock", r#"{"do":"pause"}"#).await;
    let mut confirmed = 0;
    for txid in [&honest, &rival] {
        let answer = request(&view, "GET", &format!("/api/tx/{txid}/status?node=0")).send().await;
        confirmed += usize::from(answer.body.contains(r#""confirmed":true"#));
    }
    assert_eq!(confirmed, 1, "one of the two stands");
}
