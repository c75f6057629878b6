//! The stage of a view: one of several sources of events behind one face.

use std::sync::Arc;

use toycoin_core::ChainParams;

use crate::{
    command::{Command, Done, Refusal},
    hub::Hub,
    reader::NodeReader,
    stage::{live::Live, simulated::Simulated},
};

/// The source of a view's events, which carries out the commands of a teacher.
#[derive(Debug)]
pub struct Stage {
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Simulated(Simulated),
    Live(Box<Live>),
    Watched { hub: Arc<Hub>, params: ChainParams },
}

impl Stage {
    /// Returns a stage whose events the caller tells the hub. It has no node to ask, and refuses each command.
    pub const fn from_hub(hub: Arc<Hub>, params: ChainParams) -> Self {
        Self { kind: Kind::Watched { hub, params } }
    }

    /// Returns the hub that the stage tells its events.
    pub fn hub(&self) -> &Arc<Hub> {
        match &self.kind {
            Kind::Simulated(stage) => stage.hub(),
            Kind::Live(stage) => stage.hub(),
            Kind::Watched { hub, .. } => hub,
        }
    }

    /// Returns the parameters of the network.
    pub fn params(&self) -> &ChainParams {
        match &self.kind {
            Kind::Simulated(stage) => stage.params(),
            Kind::Live(stage) => stage.params(),
            Kind::Watched { params, .. } => params,
        }
    }

    /// Returns a node that can be asked; `None` if there is no such node, or the stage has only a record of it.
    pub fn node(&self, node: usize) -> Option<NodeReader> {
        match &self.kind {
            Kind::Simulated(stage) => stage.node(node).map(NodeReader::Simulated),
            Kind::Live(stage) => stage.nodes().get(node).cloned().map(NodeReader::Live),
            Kind::Watched { .. } => None,
        }
    }

    /// Returns the number of nodes that can be asked.
    pub fn nodes(&self) -> usize {
        match &self.kind {
            Kind::Simulated(stage) => stage.nodes(),
            Kind::Live(stage) => stage.nodes().len(),
            Kind::Watched { .. } => 0,
        }
    }

    /// Carries out a command.
    ///
    /// # Errors
    /// When the stage cannot do that, or the command makes no sense.
    pub async fn command(&self, command: Command) -> Result<Done, Refusal> {
        match &self.kind {
            Kind::Simulated(stage) => stage.command(command).await,
            Kind::Live(stage) => stage.command(command).await,
            Kind::Watched { .. } => Err(Refusal::Cannot("this network can only be watched from here".into())),
        }
    }
}

impl From<Simulated> for Stage {
    fn from(stage: Simulated) -> Self {
        Self { kind: Kind::Simulated(stage) }
    }
}

impl From<Live> for Stage {
    fn from(stage: Live) -> Self {
        Self { kind: Kind::Live(Box::new(stage)) }
    }
}
