//! The state of the network at this moment.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{app::App, state};

/// Returns the routes.
pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(state))
}

/// Returns the whole state, as the first event of the stream has it.
#[utoipa::path(get, path = "/api/v1/state", tag = "view", responses((status = 200, body = state::State)))]
async fn state(State(app): State<Arc<App>>) -> Response {
    let body = Body::from(shared(app.stage.hub().state().json));
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
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
