//! The stage of a view: one of several sources of events behind one face.

use std::sync::Arc;

use toycoin_core::ChainParams;

use crate::{
    attack::{AttackInfo, needs_simulation},
    command::{Command, Done, Refusal},
    hub::Hub,
    reader::NodeReader,
    record::Record,
    stage::{live::Live, nodes::Nodes, simulated::Simulated},
    state::State,
};

/// The source of a view's events, which carries out the commands of a teacher.
///
/// Networks, nodes and records become stages by [`From`].
#[derive(Debug)]
pub struct Stage {
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Simulated(Simulated),
    Live(Box<Live>),
    Nodes(Nodes),
    Watched(Arc<Hub>),
    Record { hub: Arc<Hub>, record: Box<Record> },
}

impl Stage {
    /// Returns a stage whose events the caller tells the hub. It has no node to ask, and refuses each command.
    pub const fn from_hub(hub: Arc<Hub>) -> Self {
        Self { kind: Kind::Watched(hub) }
    }

    /// Returns the hub that the stage tells its events.
    pub fn hub(&self) -> &Arc<Hub> {
        match &self.kind {
            Kind::Simulated(stage) => stage.hub(),
            Kind::Live(stage) => stage.hub(),
            Kind::Nodes(stage) => stage.hub(),
            Kind::Watched(hub) | Kind::Record { hub, .. } => hub,
        }
    }

    /// Returns the parameters of the network that is shown at present; `None` where there is no node to ask.
    pub fn params(&self) -> Option<ChainParams> {
        match &self.kind {
            Kind::Simulated(stage) => Some(stage.params()),
            Kind::Live(stage) => Some(stage.params().clone()),
            Kind::Nodes(stage) => Some(stage.params().clone()),
            Kind::Watched(_) | Kind::Record { .. } => None,
        }
    }

    /// Returns the record, if the stage is one.
    pub const fn record(&self) -> Option<&Record> {
        match &self.kind {
            Kind::Record { record, .. } => Some(record),
            _ => None,
        }
    }

    /// Returns a node that can be asked; `None` if there is no such node, or the stage has none.
    pub fn node(&self, node: usize) -> Option<NodeReader> {
        match &self.kind {
            Kind::Simulated(stage) => stage.node(node).map(NodeReader::Simulated),
            Kind::Live(stage) => stage.nodes().get(node).cloned().map(NodeReader::Live),
            Kind::Nodes(stage) => stage.nodes().get(node).cloned().map(NodeReader::Live),
            Kind::Watched(_) | Kind::Record { .. } => None,
        }
    }

    /// Returns the number of nodes that can be asked.
    pub fn nodes(&self) -> usize {
        match &self.kind {
            Kind::Simulated(stage) => stage.nodes(),
            Kind::Live(stage) => stage.nodes().len(),
            Kind::Nodes(stage) => stage.nodes().len(),
            Kind::Watched(_) | Kind::Record { .. } => 0,
        }
    }

    /// Returns the attacks that the stage can show, in the order of the attack lab.
    pub fn attacks(&self) -> &'static [AttackInfo] {
        match &self.kind {
            Kind::Simulated(stage) => stage.attacks(),
            _ => &[],
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
            Kind::Nodes(stage) => stage.command(command).await,
            Kind::Watched(_) | Kind::Record { .. } if matches!(command, Command::Attack(_) | Command::Lesson) => {
                Err(needs_simulation())
            }
            Kind::Watched(_) => Err(Refusal::Cannot("this network can only be watched from here".into())),
            Kind::Record { .. } => Err(Refusal::Cannot(
                "this is a record of what happened; use the page's own clock to go through it".into(),
            )),
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

impl From<Nodes> for Stage {
    fn from(stage: Nodes) -> Self {
        Self { kind: Kind::Nodes(stage) }
    }
}

impl From<Record> for Stage {
    /// Returns a stage that hands out a record. The page goes through it by a clock of its own.
    fn from(record: Record) -> Self {
        let state = State { stage: "record".to_owned(), ..record.state().clone() };
        Self { kind: Kind::Record { hub: Hub::new(state), record: Box::new(record) } }
    }
}
