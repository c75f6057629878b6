//! What went wrong with a request, as `application/problem+json` (RFC 9457).

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use toycoin_core::Rule;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

use crate::{command::Refusal, reader::Down};

/// What is wrong with a request, and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    status: StatusCode,
    /// What happened, and what to do.
    detail: String,
    breach: Option<Box<Breach>>,
    /// Seconds after which the request may succeed.
    retry_after: Option<u32>,
}

/// What a refused transaction breaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
struct Breach {
    /// The number of the broken rule; `null` if a policy refused.
    rule: Option<u16>,
    /// The name of the rule or the policy.
    name: String,
    /// The reason of the refusal.
    reason: String,
}

/// The body of every answer that is an error.
#[derive(Debug, Serialize, ToSchema)]
struct ProblemBody {
    /// Always `about:blank`: the status says what kind of problem it is.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What happened, and what to do.
    detail: String,
    /// What a refused transaction breaks.
    #[serde(flatten)]
    breach: Option<Breach>,
}

impl PartialSchema for Problem {
    fn schema() -> RefOr<Schema> {
        ProblemBody::schema()
    }
}

impl ToSchema for Problem {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        ProblemBody::schemas(schemas);
    }
}

impl Problem {
    /// Returns a problem with a status. The detail says what to do.
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), breach: None, retry_after: None }
    }

    /// Returns status 400, for what cannot be decoded.
    pub(crate) fn bad(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// Returns status 404, for what is well formed and not known.
    pub(crate) fn unknown(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// Says which rule the request broke.
    pub(crate) fn rule(self, rule: Rule, reason: impl Into<String>) -> Self {
        self.breaks(Some(rule as u16), rule.name(), reason)
    }

    /// Says which policy the request does not meet.
    pub(crate) fn policy(self, name: impl Into<String>, reason: impl Into<String>) -> Self {
        self.breaks(None, name, reason)
    }

    /// Says after how many seconds the request may succeed.
    pub(crate) fn retry_after(self, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    fn breaks(self, rule: Option<u16>, name: impl Into<String>, reason: impl Into<String>) -> Self {
        let breach = Breach { rule, name: name.into(), reason: reason.into() };
        Self { breach: Some(Box::new(breach)), ..self }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self { status, detail, breach, retry_after } = self;
        let title = status.canonical_reason().unwrap_or("Error");
        let breach = breach.map(|breach| *breach);
        let body = ProblemBody { kind: "about:blank", title, status: status.as_u16(), detail, breach };
        let mut response = (status, Json(body)).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl From<Down> for Problem {
    fn from(down: Down) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, down.to_string())
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let status = match &refusal {
            Refusal::NoSuchNode { .. } | Refusal::NoSuchFault { .. } => StatusCode::NOT_FOUND,
            Refusal::Cannot(_) => StatusCode::CONFLICT,
            Refusal::Unfit(_) => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Self::new(status, refusal.to_string())
    }
}
