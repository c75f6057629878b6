//! Blocks.

use std::sync::Arc;

use axum::{Json, extract::State, http::HeaderMap, response::Response};
use toycoin_core::{CheckedBlock, chain::BlockStanding, hex::Hex};
use toycoin_wire::NodeMessage;

use crate::{
    api::{
        cached::unchanging,
        params::{self, Segments, Viewpoint},
        shapes::{BlockInfo, BlockStatus, TransactionInfo},
        source::{Found, Source},
    },
    app::App,
    limits::{BLOCKS_PAGE, PAGE},
    problem::Problem,
};

type Apps = State<Arc<App>>;

/// A block without its transactions.
#[utoipa::path(get, path = "/api/block/{hash}", tag = "blocks",
    params(("hash" = String, Path, description = "The block's hash"), Viewpoint),
    responses((status = 200, body = BlockInfo),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn block(
    State(app): Apps,
    Segments(hash): Segments<String>,
    viewpoint: Viewpoint,
) -> Result<Json<BlockInfo>, Problem> {
    let source = Source::new(&app, &viewpoint)?;
    let block = source.block(params::block_hash(&hash)?).await?;
    Ok(Json(BlockInfo::new(source.params(), &block)))
}

/// A block's standing for the node that is asked.
#[utoipa::path(get, path = "/api/block/{hash}/status", tag = "blocks",
    params(("hash" = String, Path, description = "The block's hash"), Viewpoint),
    responses((status = 200, body = BlockStatus),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn block_status(
    State(app): Apps,
    Segments(hash): Segments<String>,
    viewpoint: Viewpoint,
) -> Result<Json<BlockStatus>, Problem> {
    let source = Source::new(&app, &viewpoint)?;
    let known = source.header(params::block_hash(&hash)?).await?;
    let height = known.header.height;
    let next = match known.standing {
        BlockStanding::Active => source.node.block_at(height.saturating_add(1)).await?,
        _ => None,
    };
    let next = next.map(|block| block.hash());
    Ok(Json(BlockStatus::new(height, known.standing, next)))
}

/// A block's header in hex: 128 bytes.
#[utoipa::path(get, path = "/api/block/{hash}/header", tag = "blocks",
    params(("hash" = String, Path, description = "The block's hash"), Viewpoint),
    responses((status = 200, body = String, content_type = "text/plain"),
        (status = 304, description = "The request has it"),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn block_header(
    State(app): Apps,
    Segments(hash): Segments<String>,
    viewpoint: Viewpoint,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let source = Source::new(&app, &viewpoint)?;
    let hash = params::block_hash(&hash)?;
    let header = match source.block(hash).await {
        Ok(block) => block.block().header,
        Err(_) => source.header(hash).await?.header,
    };
    Ok(unchanging(&headers, hash, TEXT, Hex(&header.to_bytes()).to_string()))
}

/// A block's bytes: the body of the wire protocol's message `BLOC`.
#[utoipa::path(get, path = "/api/block/{hash}/raw", tag = "blocks",
    params(("hash" = String, Path, description = "The block's hash"), Viewpoint),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 304, description = "The request has it"),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn block_raw(
    State(app): Apps,
    Segments(hash): Segments<String>,
    viewpoint: Viewpoint,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let hash = params::block_hash(&hash)?;
    let block = Source::new(&app, &viewpoint)?.block(hash).await?;
    let bytes = params::body(&NodeMessage::Block(block.block().clone()))?;
    Ok(unchanging(&headers, hash, params::BYTES, bytes))
}

/// The ids of a block's transactions, the coinbase's first.
#[utoipa::path(get, path = "/api/block/{hash}/txids", tag = "blocks",
    params(("hash" = String, Path, description = "The block's hash"), Viewpoint),
    responses((status = 200, body = Vec<String>), (status = 304, description = "The request has it"),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn block_txids(
    State(app): Apps,
    Segments(hash): Segments<String>,
    viewpoint: Viewpoint,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let hash = params::block_hash(&hash)?;
    let block = Source::new(&app, &viewpoint)?.block(hash).await?;
    let txids: Vec<_> = block.ids().iter().map(|(txid, _)| txid.to_string()).collect();
    let json = serde_json::to_vec(&txids).unwrap_or_default();
    Ok(unchanging(&headers, hash, "application/json", json))
}

/// The id of one of a block's transactions.
#[utoipa::path(get, path = "/api/block/{hash}/txid/{index}", tag = "blocks",
    params(("hash" = String, Path, description = "The block's hash"),
        ("index" = usize, Path, description = "The transaction's index in the block; 0 is the coinbase"), Viewpoint),
    responses((status = 200, body = String, content_type = "text/plain"),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn block_txid(
    State(app): Apps,
    Segments((hash, index)): Segments<(String, String)>,
    viewpoint: Viewpoint,
) -> Result<String, Problem> {
    let (hash, index) = (params::block_hash(&hash)?, params::number::<usize>(&index, "an index")?);
    let block = Source::new(&app, &viewpoint)?.block(hash).await?;
    let txid = block.ids().get(index).map(|(txid, _)| txid.to_string());
    txid.ok_or_else(|| beyond(&block, index))
}

/// The first 25 transactions of a block, without their status.
#[utoipa::path(get, path = "/api/block/{hash}/txs", tag = "blocks",
    params(("hash" = String, Path, description = "The block's hash"), Viewpoint),
    responses((status = 200, body = Vec<TransactionInfo>),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn block_txs(
    State(app): Apps,
    Segments(hash): Segments<String>,
    viewpoint: Viewpoint,
) -> Result<Json<Vec<TransactionInfo>>, Problem> {
    page_of(&app, &viewpoint, &hash, 0).await
}

/// 25 transactions of a block from an index on, without their status.
#[utoipa::path(get, path = "/api/block/{hash}/txs/{start}", tag = "blocks",
    params(("hash" = String, Path, description = "The block's hash"),
        ("start" = usize, Path, description = "The index of the first one"), Viewpoint),
    responses((status = 200, body = Vec<TransactionInfo>),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn block_txs_from(
    State(app): Apps,
    Segments((hash, start)): Segments<(String, String)>,
    viewpoint: Viewpoint,
) -> Result<Json<Vec<TransactionInfo>>, Problem> {
    page_of(&app, &viewpoint, &hash, params::number(&start, "an index")?).await
}

async fn page_of(
    app: &App,
    viewpoint: &Viewpoint,
    hash: &str,
    start: usize,
) -> Result<Json<Vec<TransactionInfo>>, Problem> {
    let source = Source::new(app, viewpoint)?;
    let block = source.block(params::block_hash(hash)?).await?;
    let end = block.ids().len().min(start.saturating_add(PAGE));
    if start >= end {
        return Err(beyond(&block, start));
    }
    let page: Vec<_> = (start..end).filter_map(|index| Found::at(&block, index, false)).collect();
    let spent = source.outputs(page.iter().flat_map(Found::inputs)).await;
    Ok(Json(page.iter().map(|found| TransactionInfo::new(source.params(), found, &spent)).collect()))
}

fn beyond(block: &CheckedBlock, index: usize) -> Problem {
    let (count, hash) = (block.ids().len(), block.hash());
    Problem::unknown(format!("block {hash} has no transaction {index}: it has {count}, numbered from 0"))
}

/// The hash of the block of the active chain at a height.
#[utoipa::path(get, path = "/api/block-height/{height}", tag = "blocks",
    params(("height" = u64, Path, description = "The height"), Viewpoint),
    responses((status = 200, body = String, content_type = "text/plain"),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn block_height(
    State(app): Apps,
    Segments(height): Segments<String>,
    viewpoint: Viewpoint,
) -> Result<String, Problem> {
    let height = params::number(&height, "a height")?;
    Ok(Source::new(&app, &viewpoint)?.block_at(height).await?.hash().to_string())
}

/// The 10 newest blocks of the active chain, the tip first.
#[utoipa::path(get, path = "/api/blocks", tag = "blocks", params(Viewpoint),
    responses((status = 200, body = Vec<BlockInfo>),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn blocks(State(app): Apps, viewpoint: Viewpoint) -> Result<Json<Vec<BlockInfo>>, Problem> {
    let source = Source::new(&app, &viewpoint)?;
    let height = source.node.status().await?.tip.height;
    blocks_down(&source, height).await
}

/// 10 blocks of the active chain from a height downward.
#[utoipa::path(get, path = "/api/blocks/{start}", tag = "blocks",
    params(("start" = u64, Path, description = "The height of the first one"), Viewpoint),
    responses((status = 200, body = Vec<BlockInfo>),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn blocks_from(
    State(app): Apps,
    Segments(start): Segments<String>,
    viewpoint: Viewpoint,
) -> Result<Json<Vec<BlockInfo>>, Problem> {
    blocks_down(&Source::new(&app, &viewpoint)?, params::number(&start, "a height")?).await
}

/// Walks from parent to parent, so that the blocks are of one chain even while the tip moves.
async fn blocks_down(source: &Source<'_>, height: u64) -> Result<Json<Vec<BlockInfo>>, Problem> {
    let mut block = source.block_at(height).await?;
    let mut infos = vec![BlockInfo::new(source.params(), &block)];
    while infos.len() < BLOCKS_PAGE && block.height() > 0 {
        block = source.block(block.block().header.previous).await?;
        infos.push(BlockInfo::new(source.params(), &block));
    }
    Ok(Json(infos))
}

/// The height of the tip.
#[utoipa::path(get, path = "/api/blocks/tip/height", tag = "blocks", params(Viewpoint),
    responses((status = 200, body = u64, content_type = "text/plain"),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn tip_height(State(app): Apps, viewpoint: Viewpoint) -> Result<String, Problem> {
    Ok(Source::new(&app, &viewpoint)?.node.status().await?.tip.height.to_string())
}

/// The hash of the tip.
#[utoipa::path(get, path = "/api/blocks/tip/hash", tag = "blocks", params(Viewpoint),
    responses((status = 200, body = String, content_type = "text/plain"),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn tip_hash(State(app): Apps, viewpoint: Viewpoint) -> Result<String, Problem> {
    Ok(Source::new(&app, &viewpoint)?.node.status().await?.tip.hash.to_string())
}

const TEXT: &str = "text/plain; charset=utf-8";
