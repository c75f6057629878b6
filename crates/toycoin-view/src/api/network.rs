//! Nodes, tips, peers, rules, and the audit of the supply.

use std::{cmp::Reverse, collections::BTreeMap, sync::Arc};

use axum::{Json, extract::State};
use futures_util::future::join_all;
use toycoin_core::{BlockHash, Rule, chain::Tip};
use toycoin_node::protocol::Status;

use crate::{
    api::{
        params::{self, Segments, Viewpoint},
        shapes::{AuditInfo, NodeInfo, PeerDescription, RuleInfo, TipInfo},
        source::Source,
    },
    app::App,
    attack::AttackInfo,
    event::work_hex,
    problem::Problem,
};

type Apps = State<Arc<App>>;

/// The nodes.
#[utoipa::path(get, path = "/api/v1/nodes", tag = "network", responses((status = 200, body = Vec<NodeInfo>)))]
pub(crate) async fn nodes(State(app): Apps) -> Json<Vec<NodeInfo>> {
    let statuses = statuses(&app).await;
    let mut nodes: Vec<_> = app.stage.hub().look(|state| {
        let describe = |node: &crate::state::Node| NodeInfo {
            node: node.node,
            name: node.name.clone(),
            down: true,
            hash_rate: node.hash_rate,
            hashes_per_second: node.hashes_per_second,
            tip: node.tip.clone(),
            height: node.height,
            best_header_height: None,
            mempool: None,
            mempool_bytes: None,
            relays: None,
            peers: None,
        };
        state.nodes.iter().map(describe).collect()
    });
    for (node, status) in statuses {
        let Some(known) = nodes.get_mut(node) else { continue };
        known.down = false;
        known.tip = status.tip.hash.to_string();
        known.height = status.tip.height;
        known.best_header_height = Some(status.best_height);
        known.mempool = Some(status.mempool);
        known.mempool_bytes = Some(status.mempool_bytes);
        known.relays = Some(status.connections);
        known.peers = Some(status.peers);
    }
    Json(nodes)
}

/// The tips on which nodes stand, the one with the most work first. Nodes that are down are left out.
#[utoipa::path(get, path = "/api/v1/tips", tag = "network", responses((status = 200, body = Vec<TipInfo>)))]
pub(crate) async fn tips(State(app): Apps) -> Json<Vec<TipInfo>> {
    let mut tips: BTreeMap<BlockHash, (Tip, Vec<usize>)> = BTreeMap::new();
    for (node, status) in statuses(&app).await {
        tips.entry(status.tip.hash).or_insert((status.tip, Vec::new())).1.push(node);
    }
    let mut tips: Vec<_> = tips.into_values().collect();
    tips.sort_by_key(|(known, _)| Reverse(known.work));
    let describe = |(tip, nodes): (Tip, Vec<usize>)| TipInfo {
        hash: tip.hash.to_string(),
        height: tip.height,
        work: work_hex(tip.work),
        nodes,
    };
    Json(tips.into_iter().map(describe).collect())
}

/// Returns the status of each node that is not down, with its number.
pub(crate) async fn statuses(app: &App) -> Vec<(usize, Status)> {
    let nodes = (0..app.stage.nodes()).filter_map(|node| Some((node, app.stage.node(node)?)));
    let statuses = join_all(nodes.map(async |(node, reader)| Some((node, reader.status().await.ok()?)))).await;
    statuses.into_iter().flatten().collect()
}

/// The peers that a node knows.
#[utoipa::path(get, path = "/api/v1/peers/{node}", tag = "network",
    params(("node" = usize, Path, description = "The node")),
    responses((status = 200, body = Vec<PeerDescription>),
        (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn peers(
    State(app): Apps,
    Segments(node): Segments<String>,
) -> Result<Json<Vec<PeerDescription>>, Problem> {
    let source = Source::new(&app, &Viewpoint { node: Some(params::number(&node, "a node")?) })?;
    Ok(Json(source.node.peers().await?.iter().map(PeerDescription::new).collect()))
}

/// The consensus rules, in the order of their numbers.
#[utoipa::path(get, path = "/api/v1/rules", tag = "network", responses((status = 200, body = Vec<RuleInfo>)))]
pub(crate) async fn rules() -> Json<Vec<RuleInfo>> {
    Json(Rule::all().map(RuleInfo::from).collect())
}

/// The attacks of which a trial can be shown; none if the stage is not simulated, or the program has no attacks.
#[utoipa::path(get, path = "/api/v1/attacks", tag = "network", responses((status = 200, body = Vec<AttackInfo>)))]
pub(crate) async fn attacks(State(app): Apps) -> Json<&'static [AttackInfo]> {
    Json(app.stage.attacks())
}

/// The supply audit at the node's tip. The node counts its coins once for each tip that is asked for.
#[utoipa::path(get, path = "/api/v1/audit", tag = "network", params(Viewpoint),
    responses((status = 200, body = AuditInfo),
        (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn audit(State(app): Apps, viewpoint: Viewpoint) -> Result<Json<AuditInfo>, Problem> {
    let source = Source::new(&app, &viewpoint)?;
    let (tip, audit) = source.index().await?.audit(&source.node).await?;
    let header = source.block(tip.hash).await?.block().header;
    Ok(Json(AuditInfo {
        height: tip.height,
        issued: audit.issued.grains(),
        sum_of_coins: audit.sum_of_coins.grains(),
        coins: audit.coins,
        state_root: header.state_root.to_string(),
        holds: audit.holds,
    }))
}
