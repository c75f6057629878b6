//! Metrics in the text format of OpenMetrics, gathered at each scrape. Nothing is global.

use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::ConstCounter, gauge::ConstGauge, info::Info},
    registry::{Registry, Unit},
};
use toycoin_node::relay::RelayStats;

use crate::{api::statuses, app::App, counters::Counters};

/// Returns all metrics. Gauges of nodes leave out those that are down.
pub(crate) async fn scrape(app: &App) -> String {
    let mut registry = Registry::with_prefix("toycoin");
    let network = app.stage.hub().look(|state| state.network.name.clone());
    let labels = vec![("version", env!("CARGO_PKG_VERSION").to_owned()), ("network", network)];
    registry.register("build", "Version of this program, and its network", Info::new(labels));
    nodes(&mut registry, app).await;
    counters(&mut registry, app.stage.hub().counters());
    view(&mut registry, app);
    if let Some(relay) = &app.relay {
        relay_counters(&mut registry, &relay.stats());
    }
    let mut text = String::new();
    // writing into a string cannot fail
    let _ = encode(&mut text, &registry);
    text
}

async fn nodes(registry: &mut Registry, app: &App) {
    let statuses: Vec<_> = statuses(app).await.into_iter().map(|(_, status)| status).collect();
    if statuses.is_empty() {
        return;
    }
    let mut gauge = |name: &str, help: &str, value: u64| registry.register(name, help, ConstGauge::new(value));
    let highest = |heights: &mut dyn Iterator<Item = u64>| heights.max().unwrap_or(0);
    gauge("chain_height", "Height of the highest tip of a node", highest(&mut statuses.iter().map(|s| s.tip.height)));
    let best = highest(&mut statuses.iter().map(|s| s.best_height));
    gauge("chain_best_header_height", "Height of the highest header that a node verified", best);
    let mut tips: Vec<_> = statuses.iter().map(|status| status.tip.hash).collect();
    tips.sort_unstable();
    tips.dedup();
    gauge("chain_tips", "Different tips on which nodes stand", tips.len() as u64);
    let sum = |counts: &mut dyn Iterator<Item = usize>| counts.sum::<usize>() as u64;
    let waiting = sum(&mut statuses.iter().map(|s| s.mempool));
    gauge("mempool_transactions", "Payments in the mempools of all nodes", waiting);
    gauge("peers", "Peers that the nodes heard lately, added up", sum(&mut statuses.iter().map(|s| s.peers)));
    let bytes: u64 = statuses.iter().map(|status| status.mempool_bytes).sum();
    let help = "Size of these payments by formula";
    registry.register_with_unit("mempool", help, Unit::Bytes, ConstGauge::new(bytes));
}

fn counters(registry: &mut Registry, counters: &Counters) {
    let help = "Moves of a tip to another branch, by the number of blocks that left the active chain";
    registry.register("reorganisations", help, counters.reorganisations.clone());
    registry.register("blocks_connected", "Blocks that entered a node's active chain", counters.connected.clone());
    registry.register("blocks_mined", "Blocks that the nodes found", counters.mined.clone());
    let help = "Blocks that a node refused, by the broken rule";
    registry.register("blocks_rejected", help, counters.rejected.clone());
    let help = "Payments that left a mempool unconfirmed, by the reason";
    registry.register("mempool_dropped", help, counters.dropped.clone());
    registry.register("peers_muted", "Peers that a node muted", counters.muted.clone());
    let help = "Time from the first node that had a block to each other node whose active chain it entered";
    registry.register_with_unit("block_propagation", help, Unit::Seconds, counters.propagation.clone());
}

fn view(registry: &mut Registry, app: &App) {
    registry.register("view_viewers", "Open streams of events", ConstGauge::new(app.viewers.count() as u64));
    let help = "Times that a viewer was too slow and got a new state";
    registry.register("view_lagged", help, ConstCounter::new(app.stage.hub().lagged()));
}

fn relay_counters(registry: &mut Registry, stats: &RelayStats) {
    let connections = ConstGauge::new(stats.connections as u64);
    registry.register("relay_connections", "Connections of the relay", connections);
    for (name, help, value) in [
        ("relay_published", "Messages that clients published", stats.published),
        ("relay_delivered", "Deliveries put into the queues of subscribers", stats.delivered),
        ("relay_dropped", "Deliveries dropped because the subscriber reads too slowly", stats.dropped),
        ("relay_undeliverable", "Directed messages without a receiver", stats.undeliverable),
    ] {
        registry.register(name, help, ConstCounter::new(value));
    }
    for (name, help, value) in [
        ("relay_received", "Bytes that the relay received", stats.bytes_received),
        ("relay_written", "Bytes that the relay wrote", stats.bytes_written),
    ] {
        registry.register_with_unit(name, help, Unit::Bytes, ConstCounter::new(value));
    }
    let queued = ConstGauge::new(stats.queued_bytes as u64);
    registry.register_with_unit("relay_queued", "Bytes in the relay's queues", Unit::Bytes, queued);
}
