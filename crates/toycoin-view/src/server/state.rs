//! The state of the network at this moment.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{app::App, problem::Problem, state};

/// Returns the routes.
pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(state)).routes(routes!(record))
}

/// Returns the whole state, as the first event of the stream has it.
#[utoipa::path(get, path = "/api/v1/state", tag = "view", responses((status = 200, body = state::State), (status = 503, body = Problem)))]
async fn state(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let busy = || {
        let detail = "slow readers hold too many states already; ask again in a second";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(1)
    };
    let line = app.stage.hub().state_within_bounds().ok_or_else(busy)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], Body::from(shared(line.json))).into_response())
}

/// Returns the whole record, where the network is one: the state at its begin, then its events, one line of JSON each.
#[utoipa::path(
    get,
    path = "/api/v1/record",
    tag = "view",
    responses(
        (status = 200, content_type = "application/x-ndjson", body = String),
        (status = 404, description = "The network is no record.", body = Problem)
    )
)]
async fn record(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let unknown = || Problem::unknown("this network is no record; start view with --replay FILE to show one");
    let record = app.stage.record().ok_or_else(unknown)?;
    let body = Body::from(shared(Arc::clone(record.text())));
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], body).into_response())
}

/// Returns a shared text as a part of a body, without a copy.
pub(crate) fn shared(text: Arc<str>) -> Bytes {
    struct Shared(Arc<str>);

    impl AsRef<[u8]> for Shared {
        fn as_ref(&self) -> &[u8] {
            self.0.as_bytes()
        }
    }

    Bytes::from_owner(Shared(text))
}
