//! Nodes, and the routes over them.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header},
};
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::time::timeout;
use tower::ServiceExt;
use toycoin_core::{Amount, ChainParams, FeeRate, SecretKey, Transaction, chain::Chain, hex::Hex, wallet::Wallet};
use toycoin_node::{NodeBuilder, NodeHandle};
use toycoin_wire::NodeMessage;

use crate::{Stage, api::router, app::App, stage::Nodes};

/// Longer than anything here takes; no test waits for it to pass.
const DEADLINE: Duration = Duration::from_secs(60);

pub(super) fn run_test(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { timeout(DEADLINE, test).await.expect("the test ends in time") });
}

/// A node on regtest that mines to a classroom key, once it is asked to.
pub(super) async fn node(key: u32, change: impl FnOnce(NodeBuilder) -> NodeBuilder) -> NodeHandle {
    let builder = NodeBuilder::new(ChainParams::regtest()).mine_to(SecretKey::classroom(key).public_key());
    let node = change(builder.extra(format!("miner {key}")).threads(1)).spawn().await.unwrap();
    node.set_mining(false).await.unwrap();
    node
}

/// A node without a miner, whose store has that many blocks of a classroom key already.
pub(super) async fn node_with(blocks: u64, key: u32) -> NodeHandle {
    let params = ChainParams::regtest();
    let mut chain = Chain::in_memory(params.clone());
    let (miner, now) = (SecretKey::classroom(key).public_key(), params.spec().genesis_time + 1_000_000);
    for _ in 0..blocks {
        let block = chain.template(Vec::new(), miner, format!("miner {key}").as_bytes(), now).unwrap().mine_trivial();
        chain.apply(block, now).unwrap();
    }
    NodeBuilder::new(params).store(chain.into_store()).spawn().await.unwrap()
}

/// Lets a node mine at least that many blocks.
pub(super) async fn mine(node: &NodeHandle, blocks: usize) {
    let mut connected = node.events_since(node.status().await.unwrap().tip.hash);
    node.set_mining(true).await.unwrap();
    for _ in 0..blocks {
        connected.next().await.unwrap().unwrap();
    }
    node.set_mining(false).await.unwrap();
}

/// Lets a node mine until a payment is confirmed.
pub(super) async fn confirm(node: &NodeHandle, payment: &Transaction) {
    node.set_mining(true).await.unwrap();
    node.wait_for_confirmations(payment.txid(), 1).await.unwrap();
    node.set_mining(false).await.unwrap();
}

/// A payment of genesis coins from one classroom key to another.
pub(super) fn payment(from: u32, to: u32, grains: u64) -> Transaction {
    pay(&mut Wallet::new(ChainParams::regtest(), SecretKey::classroom(from)), to, grains)
}

pub(super) fn pay(wallet: &mut Wallet, to: u32, grains: u64) -> Transaction {
    let to = ChainParams::regtest().address(SecretKey::classroom(to).public_key());
    wallet.pay(to, Amount::from_grains(grains), FeeRate::grains_per_byte(2)).unwrap()
}

/// The hex that `POST /api/tx` takes.
pub(super) fn hex(payment: &Transaction) -> String {
    Hex(&NodeMessage::Transaction(payment.clone()).encode().unwrap()[4..]).to_string()
}

pub(super) fn address(key: u32) -> String {
    ChainParams::regtest().address(SecretKey::classroom(key).public_key()).to_string()
}

/// The routes over nodes.
pub(super) struct Site {
    pub(super) app: Arc<App>,
    pub(super) description: Value,
    router: Router,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    pub(super) fn text(&self) -> &str {
        assert_eq!(self.status, StatusCode::OK, "{:?}", self.body);
        assert_eq!(self.headers[header::CONTENT_TYPE], "text/plain; charset=utf-8");
        str::from_utf8(&self.body).unwrap()
    }

    /// The detail of a problem with this status.
    pub(super) fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{:?}", self.body);
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json");
        let problem: Value = serde_json::from_slice(&self.body).unwrap();
        assert_eq!((&problem["status"], &problem["type"]), (&status.into(), &"about:blank".into()));
        problem
    }
}

impl Site {
    pub(super) async fn of(node: &NodeHandle) -> Self {
        Self::new(std::slice::from_ref(node)).await
    }

    pub(super) async fn new(nodes: &[NodeHandle]) -> Self {
        Self::on(Nodes::watch(nodes.to_vec()).await.unwrap())
    }

    pub(super) fn on(stage: impl Into<Stage>) -> Self {
        let app = App::new(stage.into(), None);
        let (router, description) = router().split_for_parts();
        let description = serde_json::to_value(description).unwrap();
        Self { router: router.with_state(Arc::clone(&app)), description, app }
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// Asks again for what it has already.
    pub(super) async fn get_unless(&self, path: &str, tag: &HeaderValue) -> Answer {
        self.send(Request::get(path).header(header::IF_NONE_MATCH, tag).body(Body::empty()).unwrap()).await
    }

    pub(super) async fn text(&self, path: &str) -> String {
        self.get(path).await.text().to_owned()
    }

    pub(super) async fn json(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {:?}", answer.body);
        assert_eq!(answer.headers[header::CONTENT_TYPE], "application/json", "{path}");
        serde_json::from_slice(&answer.body).unwrap()
    }

    pub(super) async fn problem(&self, path: &str, status: u16) -> Value {
        self.get(path).await.problem(status)
    }

    pub(super) async fn post(&self, path: &str, body: impl Into<Body>) -> Answer {
        let request = Request::builder().method(Method::POST).uri(path);
        self.send(request.header(header::CONTENT_TYPE, "text/plain").body(body.into()).unwrap()).await
    }
}
