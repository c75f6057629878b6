//! What supervisors and Prometheus read.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::IntoResponse,
};
use toycoin_node::protocol::Status;

use crate::{api::network::statuses, app::App, metrics, problem::Problem};

type Apps = State<Arc<App>>;

/// Status 200 while the process answers.
#[utoipa::path(get, path = "/health", tag = "operation",
    responses((status = 200, body = String, content_type = "text/plain")))]
pub(crate) async fn health() -> &'static str {
    "ok"
}

/// Status 200 once a node has caught up and is in touch with others, else 503.
///
/// A node is ready when a relay connection or a peer stands, and its tip is at most 2 blocks below the best header that
/// it has verified. A relay and a record are always ready.
#[utoipa::path(get, path = "/ready", tag = "operation",
    responses((status = 200, body = String, content_type = "text/plain"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn ready(State(app): Apps) -> Result<&'static str, Problem> {
    if app.stage.nodes() == 0 {
        return Ok("ready");
    }
    let waits: Vec<_> = statuses(&app).await.iter().map(|(_, status)| waits_for(status)).collect();
    if waits.contains(&None) {
        return Ok("ready");
    }
    let detail = waits.into_iter().flatten().next().unwrap_or_else(|| "every node is down; start one".to_owned());
    Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail))
}

/// Returns what a node waits for; `None` if it is ready.
fn waits_for(status: &Status) -> Option<String> {
    let missing = status.best_height.saturating_sub(status.tip.height);
    if status.connections == 0 && status.peers == 0 {
        Some("no relay connection stands; check the relay's address".to_owned())
    } else if missing > READY_BLOCKS {
        Some(format!("{missing} blocks are missing up to the best verified header; wait for the download"))
    } else {
        None
    }
}

/// Most blocks between the tip of a node that is ready and its best header.
const READY_BLOCKS: u64 = 2;

/// Metrics, in the format of OpenMetrics for those who accept it, else in the older text format of Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "operation",
    responses((status = 200, content(
        (String = "application/openmetrics-text"),
        (String = "text/plain"),
    ))))]
pub(crate) async fn metrics(State(app): Apps, request: HeaderMap) -> impl IntoResponse {
    let text = metrics::scrape(&app).await;
    let accepted = request.get_all(header::ACCEPT).iter().filter_map(|accepted| accepted.to_str().ok());
    if accepted.into_iter().any(|accepted| accepted.contains("application/openmetrics-text")) {
        ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
    } else {
        ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics::older_format(&text))
    }
}

#[cfg(test)]
mod tests {
    use toycoin_core::{ChainParams, chain::Chain};
    use toycoin_node::protocol::Claims;

    use super::*;

    #[test]
    fn a_node_is_ready_in_touch_and_near_its_best_header() {
        let tip = Chain::in_memory(ChainParams::regtest()).tip();
        let status = |connections, peers, best_height| Status {
            tip,
            best_height,
            held_headers: 0,
            mempool: 0,
            mempool_bytes: 0,
            connections,
            peers,
            claims: Claims::default(),
            search: None,
            clock: None,
            assumed: None,
            first_block: 0,
        };
        for (status, is_ready) in [
            (status(0, 0, 0), false),
            (status(1, 0, 0), true),
            (status(0, 1, 0), true),
            (status(1, 1, 2), true),
            (status(1, 1, 3), false),
        ] {
            assert_eq!(waits_for(&status).is_none(), is_ready, "{status:?}");
        }
    }
}
