//! The router: all routes, the document that describes them, and what encloses them.

use std::sync::Arc;

use axum::{
    Extension, Router,
    body::Body,
    extract::DefaultBodyLimit,
    http::{Method, Uri, header},
    middleware,
    response::{IntoResponse, Response},
};
use tokio::time::Instant;
use utoipa::{
    Modify, OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api,
    app::App,
    limits::BODY_BYTES,
    problem::Problem,
    server::{
        assets::Assets,
        bucket::Bucket,
        commands, events,
        guard::{Guard, check_right, check_source},
        headers::{add_headers, content_policy},
        methods::Methods,
        state,
        state::shared,
        token::Token,
    },
};

/// What the router needs beside the app.
#[derive(Debug)]
pub(crate) struct Access {
    /// The names by which this server may be called, with the port.
    pub(crate) hosts: Vec<String>,
    /// The token for commands.
    pub(crate) write: Arc<Token>,
    /// The token for reading, if reading needs one.
    pub(crate) read: Option<Arc<Token>>,
    /// The page's files.
    pub(crate) assets: Assets,
}

/// Returns all routes under the guard.
pub(crate) fn router(app: Arc<App>, access: Access) -> Router {
    let (router, document) = documented().split_for_parts();
    let Access { hosts, write, read, assets } = access;
    let (bucket, methods) = (Bucket::new(Instant::now()), Methods::of(&document));
    let guard = Arc::new(Guard { hosts, write, read, bucket, methods });
    let policy = Arc::new(content_policy(Assets::index()));
    let document = document.to_json().expect("an OpenAPI document is representable in JSON");
    let file = move |method: Method, uri: Uri| async move { assets.answer(method, uri.path()).await };
    router
        .route_layer(middleware::from_fn_with_state(Arc::clone(&guard), check_right))
        .fallback(file)
        .layer(Extension(Document(document.into())))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(middleware::from_fn_with_state(guard, check_source))
        .layer(middleware::from_fn_with_state(policy, add_headers))
        .with_state(app)
}

/// Returns all routes with their documentation. A route that is not documented is not open.
fn documented() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(Description::openapi())
        .merge(state::router())
        .merge(events::router())
        .merge(commands::router())
        .merge(api::router())
        .routes(routes!(document))
}

/// The begin of the document.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "toycoin",
        description = "A toycoin network as its nodes know it. The paths of esplora's API answer as esplora's do; those \
                       under /api/v1 are of this program. Amounts are integers of grains, hashes lower-case hex. Every \
                       error is a problem of RFC 9457.",
        license(name = "MIT OR Apache-2.0")
    ),
    components(schemas(Problem)),
    modifiers(&TokenScheme)
)]
struct Description;

struct TokenScheme;

impl Modify for TokenScheme {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("The token from the link that the program printed."));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(scheme.build()));
    }
}

#[derive(Debug, Clone)]
struct Document(Arc<str>);

/// Returns this document.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "view", responses((status = 200, body = serde_json::Value)))]
async fn document(Extension(Document(json)): Extension<Document>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], Body::from(shared(json))).into_response()
}
