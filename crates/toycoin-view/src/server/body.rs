//! Bodies of requests: bounded in bytes and in time.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::{FromRequest, Request},
    http::{HeaderValue, StatusCode, header},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Frame, Incoming, SizeHint};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::{Sleep, sleep};

use crate::{
    limits::{BODY_BYTES, BODY_TIME},
    problem::Problem,
};

/// The whole body of a request, at most [`BODY_BYTES`].
///
/// It refuses with status 413 if it is larger, 408 if it does not arrive in time, 400 if it breaks off.
#[derive(Debug)]
pub(crate) struct Whole(pub(crate) Bytes);

impl<S: Sync> FromRequest<S> for Whole {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        read(request.into_body()).await.map(Self)
    }
}

async fn read(body: Body) -> Result<Bytes, Problem> {
    let too_large = || {
        let detail = format!("the body is too large; at most {BODY_BYTES} bytes are read");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    };
    if body.size_hint().lower() > BODY_BYTES as u64 {
        return Err(too_large());
    }
    match Limited::new(body, BODY_BYTES).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(error) if is_late(&*error) => {
            Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "the body did not arrive within 10 s; send it at once"))
        }
        Err(_) => Err(Problem::bad("the body broke off; send the whole of it")),
    }
}

fn is_late(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source())
        .any(|error| error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::TimedOut))
}

/// The fields of a command: a JSON object in the body.
///
/// It refuses with status 413, 415, 400 and 422, in this order.
#[derive(Debug)]
pub(crate) struct Fields<T>(pub(crate) T);

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Fields<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).cloned();
        let Whole(body) = Whole::from_request(request, state).await?;
        let kind = kind.as_ref().map(HeaderValue::as_bytes);
        let kind = kind.and_then(|kind| kind.split(|byte| *byte == b';').next()).unwrap_or_default();
        if !kind.trim_ascii().eq_ignore_ascii_case(b"application/json") {
            let detail = "the body must be JSON; send `Content-Type: application/json`";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        let value: Value =
            serde_json::from_slice(&body).map_err(|error| Problem::bad(format!("the body is not JSON: {error}")))?;
        if !value.is_object() {
            return Err(unfit("the body must be a JSON object; /api/v1/openapi.json describes what it holds"));
        }
        let fields = serde_json::from_value(value)
            .map_err(|error| unfit(format!("{error}; /api/v1/openapi.json describes what the body holds")))?;
        Ok(Self(fields))
    }
}

/// Returns status 422, for a body of a wrong shape or with a wrong value.
pub(crate) fn unfit(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
}

/// A body that must have arrived [`BODY_TIME`] after the header.
pub(crate) struct TimedBody {
    body: Incoming,
    deadline: Pin<Box<Sleep>>,
}

impl TimedBody {
    /// Returns a request with the same body, whose time begins now.
    pub(crate) fn limit(request: hyper::Request<Incoming>) -> Request {
        request.map(|body| {
            // most requests have none, and need no timer
            if body.is_end_stream() {
                Body::empty()
            } else {
                Body::new(Self { body, deadline: Box::pin(sleep(BODY_TIME)) })
            }
        })
    }
}

impl HttpBody for TimedBody {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(frame) => Poll::Ready(frame.map(|frame| frame.map_err(Into::into))),
            Poll::Pending => self.deadline.as_mut().poll(context).map(|()| Some(Err(late().into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn late() -> io::Error {
    io::ErrorKind::TimedOut.into()
}
