//! What went wrong with a request, as `application/problem+json` (RFC 9457).

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use toycoin_core::Rule;
use utoipa::ToSchema;

use crate::{command::Refusal, reader::Down};

/// The body of every answer that is an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Always `about:blank`: the status says what kind of problem it is.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    title: &'static str,
    /// The HTTP status.
    #[serde(serialize_with = "as_number")]
    #[schema(value_type = u16)]
    status: StatusCode,
    /// What happened, and what to do.
    detail: String,
    /// The number of the broken rule; `null` if a policy refused, absent if neither did.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<Option<u16>>,
    /// The name of the rule or the policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// The reason of the refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

fn as_number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

impl Problem {
    /// Returns a problem with a status. The detail says what to do.
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Error");
        Self { kind: "about:blank", title, status, detail: detail.into(), rule: None, name: None, reason: None }
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
    pub(crate) fn rule(mut self, rule: Rule, reason: impl Into<String>) -> Self {
        self.rule = Some(Some(rule as u16));
        self.name = Some(rule.name().to_owned());
        self.reason = Some(reason.into());
        self
    }

    /// Says which policy the request does not meet.
    pub(crate) fn policy(mut self, name: impl Into<String>, reason: impl Into<String>) -> Self {
        self.rule = Some(None);
        self.name = Some(name.into());
        self.reason = Some(reason.into());
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status;
        let mut response = (status, Json(self)).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
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
