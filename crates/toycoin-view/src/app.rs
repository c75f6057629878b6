//! What all requests share.

use std::sync::Arc;

use toycoin_node::RelayStatsReader;

use crate::{index::Indexes, problem::Problem, reader::NodeReader, server::Viewers, stage::Stage};

/// What all requests share: the stage, and what is measured beside it.
#[derive(Debug)]
pub(crate) struct App {
    /// The stage.
    pub(crate) stage: Stage,
    /// The counters of the relay that is watched, if there is one in this process.
    pub(crate) relay: Option<RelayStatsReader>,
    /// The places for viewers, and how many are taken.
    pub(crate) viewers: Viewers,
    /// Indexes over the nodes' chains.
    pub(crate) indexes: Indexes,
}

impl App {
    pub(crate) fn new(stage: Stage, relay: Option<RelayStatsReader>) -> Arc<Self> {
        Arc::new(Self { stage, relay, viewers: Viewers::default(), indexes: Indexes::default() })
    }

    /// Returns a node to ask, node 0 if none is named.
    ///
    /// # Errors
    /// When there is no such node.
    pub(crate) fn node(&self, node: Option<usize>) -> Result<NodeReader, Problem> {
        let (node, nodes) = (node.unwrap_or(0), self.stage.nodes());
        let missing = || match nodes {
            0 => Problem::unknown("there is no node to ask: a record holds events, not blocks"),
            _ => Problem::unknown(format!("there is no node {node}: the network has {nodes}, numbered from 0")),
        };
        self.stage.node(node).ok_or_else(missing)
    }
}
