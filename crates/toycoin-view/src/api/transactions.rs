//! Transactions.

use std::sync::Arc;

use axum::{Json, extract::State, http::HeaderMap, response::Response};
use toycoin_core::{InclusionProof, OutPoint, Transaction, Txid, Wtxid, hex::Hex};
use toycoin_wire::NodeMessage;

use crate::{
    api::{
        cached::unchanging,
        params::{self, Segments, Viewpoint},
        shapes::{MerkleProof, Outspend, TransactionInfo, TransactionStatus},
        source::{Body, Source},
    },
    app::App,
    index::NodeIndex,
    problem::Problem,
};

type Apps = State<Arc<App>>;

/// A transaction.
#[utoipa::path(get, path = "/api/tx/{txid}", tag = "transactions",
    params(("txid" = String, Path, description = "The transaction's id"), Viewpoint),
    responses((status = 200, body = TransactionInfo),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn transaction(
    State(app): Apps,
    Segments(txid): Segments<String>,
    viewpoint: Viewpoint,
) -> Result<Json<TransactionInfo>, Problem> {
    let source = Source::new(&app, &viewpoint)?;
    let found = source.transaction(params::txid(&txid)?).await?;
    let spent = source.outputs(found.inputs()).await;
    let info = TransactionInfo::new(source.params(), &found, &spent);
    Ok(Json(info.with_status(found.confirmed)))
}

/// Whether a transaction is confirmed, for the node that is asked.
#[utoipa::path(get, path = "/api/tx/{txid}/status", tag = "transactions",
    params(("txid" = String, Path, description = "The transaction's id"), Viewpoint),
    responses((status = 200, body = TransactionStatus),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn transaction_status(
    State(app): Apps,
    Segments(txid): Segments<String>,
    viewpoint: Viewpoint,
) -> Result<Json<TransactionStatus>, Problem> {
    let found = Source::new(&app, &viewpoint)?.transaction(params::txid(&txid)?).await?;
    Ok(Json(TransactionStatus::of(found.confirmed)))
}

/// A payment's bytes: the body of the wire protocol's message `TXN `. A coinbase has none.
#[utoipa::path(get, path = "/api/tx/{txid}/raw", tag = "transactions",
    params(("txid" = String, Path, description = "The transaction's id"), Viewpoint),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 304, description = "The request has it"),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn transaction_raw(
    State(app): Apps,
    Segments(txid): Segments<String>,
    viewpoint: Viewpoint,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (payment, wtxid) = payment(&app, &viewpoint, &txid).await?;
    // a payment with other signatures has the same txid and other bytes
    Ok(unchanging(&headers, wtxid, params::BYTES, params::body(&NodeMessage::Transaction(payment))?))
}

/// A payment's bytes in hex, as `POST /api/tx` takes them.
#[utoipa::path(get, path = "/api/tx/{txid}/hex", tag = "transactions",
    params(("txid" = String, Path, description = "The transaction's id"), Viewpoint),
    responses((status = 200, body = String, content_type = "text/plain"),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn transaction_hex(
    State(app): Apps,
    Segments(txid): Segments<String>,
    viewpoint: Viewpoint,
) -> Result<String, Problem> {
    let (payment, _) = payment(&app, &viewpoint, &txid).await?;
    Ok(Hex(&params::body(&NodeMessage::Transaction(payment))?).to_string())
}

async fn payment(app: &App, viewpoint: &Viewpoint, txid: &str) -> Result<(Transaction, Wtxid), Problem> {
    let found = Source::new(app, viewpoint)?.transaction(params::txid(txid)?).await?;
    match found.body {
        Body::Payment(payment) => Ok((payment, found.wtxid)),
        Body::Coinbase(_) => {
            Err(Problem::unknown("a coinbase has no encoding of its own: it travels within its block"))
        }
    }
}

/// The Merkle proof that a transaction is in a block of the active chain.
#[utoipa::path(get, path = "/api/tx/{txid}/merkle-proof", tag = "transactions",
    params(("txid" = String, Path, description = "The transaction's id"), Viewpoint),
    responses((status = 200, body = MerkleProof),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn merkle_proof(
    State(app): Apps,
    Segments(txid): Segments<String>,
    viewpoint: Viewpoint,
) -> Result<Json<MerkleProof>, Problem> {
    let source = Source::new(&app, &viewpoint)?;
    let txid = params::txid(&txid)?;
    let unconfirmed = || Problem::unknown(format!("transaction {txid} is not confirmed, so that no block proves it"));
    let at = source.transaction(txid).await?.confirmed.ok_or_else(unconfirmed)?;
    let block = source.block(at.hash).await?;
    let index = block.ids().iter().position(|(id, _)| *id == txid).and_then(|index| u32::try_from(index).ok());
    let proof = index.and_then(|index| InclusionProof::build(block.ids(), index)).ok_or_else(unconfirmed)?;
    let wtxid = block.ids().iter().find(|(id, _)| *id == txid).map(|(_, wtxid)| *wtxid);
    Ok(Json(MerkleProof::new(&block, &proof, wtxid.ok_or_else(unconfirmed)?)))
}

/// What became of each output of a transaction, for the node that is asked.
#[utoipa::path(get, path = "/api/tx/{txid}/outspends", tag = "transactions",
    params(("txid" = String, Path, description = "The transaction's id"), Viewpoint),
    responses((status = 200, body = Vec<Outspend>),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn outspends(
    State(app): Apps,
    Segments(txid): Segments<String>,
    viewpoint: Viewpoint,
) -> Result<Json<Vec<Outspend>>, Problem> {
    let source = Source::new(&app, &viewpoint)?;
    let txid = params::txid(&txid)?;
    let outputs = source.transaction(txid).await?.outputs().len();
    let mut index = source.index().await?;
    source.read_mempool(&mut index).await?;
    let outspend = |(_, vout)| spender(&index, OutPoint { txid, vout });
    Ok(Json((0..outputs).zip(0..).map(outspend).collect()))
}

/// What became of one output of a transaction, for the node that is asked.
#[utoipa::path(get, path = "/api/tx/{txid}/outspend/{vout}", tag = "transactions",
    params(("txid" = String, Path, description = "The transaction's id"),
        ("vout" = u32, Path, description = "The index of the output"), Viewpoint),
    responses((status = 200, body = Outspend),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn outspend(
    State(app): Apps,
    Segments((txid, vout)): Segments<(String, String)>,
    viewpoint: Viewpoint,
) -> Result<Json<Outspend>, Problem> {
    let source = Source::new(&app, &viewpoint)?;
    let (txid, vout): (Txid, u32) = (params::txid(&txid)?, params::number(&vout, "an output's index")?);
    let outputs = source.transaction(txid).await?.outputs().len();
    if usize::try_from(vout).map_or(true, |vout| vout >= outputs) {
        let detail = format!("transaction {txid} has no output {vout}: it has {outputs}, numbered from 0");
        return Err(Problem::unknown(detail));
    }
    let mut index = source.index().await?;
    source.read_mempool(&mut index).await?;
    Ok(Json(spender(&index, OutPoint { txid, vout })))
}

/// Says who spends a coin: a transaction on the chain, or else one in the mempool.
fn spender(index: &NodeIndex, coin: OutPoint) -> Outspend {
    let on_chain = index.chain.output(&coin).and_then(|indexed| indexed.spender);
    match on_chain.or_else(|| index.mempool.spender(&coin)) {
        Some(spender) => Outspend::by(spender, TransactionStatus::of(index.chain.block_of(&spender.0))),
        None => Outspend::UNSPENT,
    }
}
