//! The routes.

use std::sync::Arc;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::{addresses, blocks, broadcast, fees, health, mempool, network, transactions},
    app::App,
};

/// Returns all routes that read, and `POST /api/tx`, with their description.
pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(blocks::block))
        .routes(routes!(blocks::block_status))
        .routes(routes!(blocks::block_header))
        .routes(routes!(blocks::block_raw))
        .routes(routes!(blocks::block_txids))
        .routes(routes!(blocks::block_txid))
        .routes(routes!(blocks::block_txs))
        .routes(routes!(blocks::block_txs_from))
        .routes(routes!(blocks::block_height))
        .routes(routes!(blocks::blocks))
        .routes(routes!(blocks::blocks_from))
        .routes(routes!(blocks::tip_height))
        .routes(routes!(blocks::tip_hash))
        .routes(routes!(transactions::transaction))
        .routes(routes!(transactions::transaction_status))
        .routes(routes!(transactions::transaction_raw))
        .routes(routes!(transactions::transaction_hex))
        .routes(routes!(transactions::merkle_proof))
        .routes(routes!(transactions::outspends))
        .routes(routes!(transactions::outspend))
        .routes(routes!(broadcast::broadcast))
        .routes(routes!(addresses::address))
        .routes(routes!(addresses::coins))
        .routes(routes!(addresses::history))
        .routes(routes!(addresses::confirmed))
        .routes(routes!(addresses::confirmed_after))
        .routes(routes!(addresses::waiting))
        .routes(routes!(mempool::mempool))
        .routes(routes!(mempool::txids))
        .routes(routes!(mempool::recent))
        .routes(routes!(fees::fee_estimates))
        .routes(routes!(network::nodes))
        .routes(routes!(network::tips))
        .routes(routes!(network::peers))
        .routes(routes!(network::rules))
        .routes(routes!(network::audit))
        .routes(routes!(network::attacks))
        .routes(routes!(mempool::mempool_of_node))
        .routes(routes!(health::health))
        .routes(routes!(health::ready))
        .routes(routes!(health::metrics))
}
