//! Broadcasting a payment.

use std::sync::Arc;

use axum::extract::State;
use toycoin_core::Transaction;
use toycoin_node::{mempool::AdmitError, protocol::SubmitError};
use toycoin_wire::{NodeMessage, Payload, Tag};

use crate::{
    api::{params::Viewpoint, source::Source},
    app::App,
    command::Refusal,
    problem::Problem,
    server::Whole,
};

/// Takes a payment into the node's mempool and publishes it. The body is hex, as `/api/tx/{txid}/hex` answers. The
/// answer is the payment's id, also if the node has it already.
#[utoipa::path(post, path = "/api/tx", tag = "transactions", params(Viewpoint),
    request_body(content = String, content_type = "text/plain"),
    responses((status = 200, body = String, content_type = "text/plain"),
        (status = 400, body = Problem, content_type = "application/problem+json",
            description = "Not a payment, or refused: `rule`, `name` and `reason` say why"),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn broadcast(
    State(app): State<Arc<App>>,
    viewpoint: Viewpoint,
    Whole(body): Whole,
) -> Result<String, Problem> {
    let source = Source::new(&app, &viewpoint)?;
    let payment = decode(&body)?;
    if app.stage.hub().look(|state| state.attack.is_some()) {
        return Err(Refusal::trial_runs().into());
    }
    let txid = payment.txid();
    let submitted = source.node.submit(payment).await?;
    // a refused one must not make the next reader read the whole mempool
    if submitted.is_ok() {
        app.indexes.changed();
    }
    match submitted {
        Ok(_) | Err(SubmitError::Refused(AdmitError::AlreadyConfirmed { .. })) => Ok(txid.to_string()),
        Err(error) => Err(refused(&error)),
    }
}

/// Decodes the hex of a `TXN ` body.
fn decode(body: &[u8]) -> Result<Transaction, Problem> {
    let text = str::from_utf8(body).ok().map(str::trim).unwrap_or_default();
    let mut payload = Tag::TXN.to_bytes().to_vec();
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |ascii: u8| char::from(ascii).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    for [high, low] in pairs {
        let byte = digit(*high).zip(digit(*low)).map(|(high, low)| high << 4 | low);
        payload.push(byte.ok_or_else(not_hex)?);
    }
    if pairs.is_empty() || !rest.is_empty() {
        return Err(not_hex());
    }
    match NodeMessage::decode(&payload) {
        Ok(Payload::Message(NodeMessage::Transaction(payment))) => Ok(payment),
        Ok(_) => Err(Problem::bad("the body is no payment")),
        Err(error) => Err(Problem::bad(format!("the body is no payment: {error}"))),
    }
}

fn not_hex() -> Problem {
    Problem::bad("the body is hex: two digits for each byte of a payment, and nothing else")
}

/// Returns the problem of a payment that the node refuses.
fn refused(error: &SubmitError) -> Problem {
    let problem = Problem::bad(format!("the node refuses the payment: {error}"));
    match error.broken_rule() {
        Some(rule) => problem.rule(rule, error.to_string()),
        None => problem.policy(policy(error), error.to_string()),
    }
}

const fn policy(error: &SubmitError) -> &'static str {
    match error {
        SubmitError::TooManyPending { .. } => "TooManyPending",
        SubmitError::Refused(error) => match error {
            AdmitError::UnknownParents { .. } => "UnknownParents",
            AdmitError::TooLarge { .. } => "TooLarge",
            AdmitError::FeeTooLow { .. } => "FeeTooLow",
            AdmitError::Conflict { .. } => "Conflict",
            AdmitError::TooManyReplaced { .. } => "TooManyReplaced",
            AdmitError::SpendsReplaced { .. } => "SpendsReplaced",
            AdmitError::PackageLimit { .. } => "PackageLimit",
            AdmitError::Full => "Full",
            _ => "Refused",
        },
        _ => "Refused",
    }
}
