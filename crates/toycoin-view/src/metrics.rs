//! Metrics in the text format of OpenMetrics, gathered at each scrape. Nothing is global.

use prometheus_client::{
    encoding::text::encode,
    metrics::{
        counter::ConstCounter,
        family::Family,
        gauge::{ConstGauge, Gauge},
    },
    registry::{Registry, Unit},
};
use toycoin_node::relay::RelayStats;

use crate::{api::statuses, app::App, counters::Counters};

/// Returns all metrics. Gauges of nodes leave out those that are down.
pub(crate) async fn scrape(app: &App) -> String {
    let mut registry = Registry::with_prefix("toycoin");
    let network = app.stage.hub().look(|state| state.network.name.clone());
    let labels = vec![("version", env!("CARGO_PKG_VERSION").to_owned()), ("network", network)];
    let build = Family::<Vec<(&str, String)>, Gauge>::default();
    build.get_or_create(&labels).set(1);
    // a gauge, because Prometheus' own text format has no type for such information
    registry.register("build_info", "Version of this program, and its network", build);
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

/// Translates from the format of OpenMetrics to Prometheus' older text format, for readers that do not ask for
/// OpenMetrics: there a counter is declared with its suffix, and there is no unit. The end is a comment there.
pub(crate) fn older_format(openmetrics: &str) -> String {
    let (mut text, mut help) = (String::with_capacity(openmetrics.len() + 500), None);
    for line in openmetrics.lines() {
        if let Some(declared) = line.strip_prefix("# HELP ") {
            help = declared.split_once(' ');
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|declared| declared.split_once(' ')) {
            let suffix = if kind == "counter" { "_total" } else { "" };
            if let Some((_, sentence)) = help.take() {
                text.push_str(&format!("# HELP {name}{suffix} {sentence}\n"));
            }
            text.push_str(&format!("# TYPE {name}{suffix} {kind}\n"));
        } else if !line.starts_with("# UNIT ") {
            text.push_str(line);
            text.push('\n');
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_adds_its_counters() {
        let mut registry = Registry::with_prefix("toycoin");
        let mut stats = RelayStats::default();
        (stats.connections, stats.published, stats.bytes_written) = (3, 4, 5);
        relay_counters(&mut registry, &stats);
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        for line in ["relay_connections 3", "relay_published_total 4", "relay_written_bytes_total 5"] {
            assert!(text.lines().any(|found| found == format!("toycoin_{line}")), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn the_older_format_declares_counters_with_their_suffix() {
        let openmetrics = "# HELP a Some help.\n# TYPE a counter\na_total{x=\"1\"} 2\n# HELP b_bytes More.\n\
                           # TYPE b_bytes gauge\n# UNIT b_bytes bytes\nb_bytes 3\n# EOF\n";
        let older = "# HELP a_total Some help.\n# TYPE a_total counter\na_total{x=\"1\"} 2\n# HELP b_bytes More.\n\
                     # TYPE b_bytes gauge\nb_bytes 3\n# EOF\n";
        assert_eq!(older_format(openmetrics), older);
    }
}
