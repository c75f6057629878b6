//! The stream of events, as server-sent events (SSE).

use std::{convert::Infallible, sync::Arc};

use axum::{
    Extension,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::timeout,
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    event::Event,
    hub::{Line, Next, Viewer},
    limits::{COMMENT_INTERVAL, RETRY, VIEWERS},
    problem::Problem,
    server::{guard::with_header, state::shared},
};

/// Returns the routes.
pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(events))
}

/// The places for viewers.
#[derive(Debug, Clone)]
pub(crate) struct Viewers(Arc<Semaphore>);

impl Default for Viewers {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(VIEWERS)))
    }
}

impl Viewers {
    /// Returns the number of viewers.
    pub(crate) fn count(&self) -> usize {
        VIEWERS - self.0.available_permits()
    }

    fn enter(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0).try_acquire_owned().ok()
    }
}

/// Ends the streams when the server shuts down.
#[derive(Debug, Clone)]
pub(crate) struct Closing(pub(crate) watch::Receiver<bool>);

impl Closing {
    /// Waits until the server shuts down.
    pub(crate) async fn wait(&mut self) {
        // if the sender is gone, the server is, too
        let _ = self.0.wait_for(|is_closing| *is_closing).await;
    }
}

/// Streams the events.
///
/// The stream begins with the whole state (`event: state`), or with the event after that of `Last-Event-ID`. A viewer
/// that reads too slowly gets a new state. The id of an event is `RUN-SEQ`.
#[utoipa::path(
    get,
    path = "/api/v1/events",
    tag = "view",
    params(("Last-Event-ID" = Option<String>, Header, description = "The last event that was seen: `RUN-SEQ`.")),
    responses(
        (status = 200, body = Event, content_type = "text/event-stream"),
        (status = 503, body = Problem, description = "64 viewers are there already."),
    ),
)]
async fn events(State(app): State<Arc<App>>, Extension(closing): Extension<Closing>, headers: HeaderMap) -> Response {
    let Some(place) = app.viewers.enter() else {
        let detail = format!("{VIEWERS} viewers are there already; ask /api/v1/state every 5 s, or try again later");
        return with_header(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail), header::RETRY_AFTER, "5");
    };
    let hub = app.stage.hub();
    let last_id = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let stream = Stream { viewer: hub.join(last_id), closing, _place: place };
    let begin = stream::iter([Bytes::from(format!("retry: {}\n\n", RETRY.as_millis()))]);
    let rest = stream::unfold(stream, Stream::next).flat_map(stream::iter);
    let body = Body::from_stream(begin.chain(rest).map(Ok::<_, Infallible>));
    ([(header::CONTENT_TYPE, "text/event-stream")], body).into_response()
}

struct Stream {
    viewer: Viewer,
    closing: Closing,
    _place: OwnedSemaphorePermit,
}

impl Stream {
    /// Returns the parts of what comes next; `None` when the server shuts down.
    async fn next(mut self) -> Option<([Bytes; 3], Self)> {
        let next = tokio::select! {
            biased;
            () = self.closing.wait() => return None,
            next = timeout(COMMENT_INTERVAL, self.viewer.next()) => next,
        };
        let parts = match next {
            Ok(Next::State(line)) => parts("event: state\n", line),
            Ok(Next::Event(line)) => parts("", line),
            // a comment keeps the connection open
            Err(_) => [Bytes::from_static(b":\n\n"), Bytes::new(), Bytes::new()],
        };
        Some((parts, self))
    }
}

/// Returns a message of the stream. Viewers share the long part of it, so that slow readers cost little memory.
fn parts(kind: &str, line: Line) -> [Bytes; 3] {
    let head = format!("{kind}id: {}-{}\ndata: ", line.run, line.seq);
    if line.json.len() > SHORT {
        return [head.into(), shared(line.json), Bytes::from_static(b"\n\n")];
    }
    [format!("{head}{}\n\n", line.json).into(), Bytes::new(), Bytes::new()]
}

/// Most bytes of an event that is copied, because one write is cheaper than three.
const SHORT: usize = 1024;
