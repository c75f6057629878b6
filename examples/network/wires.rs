//! How the nodes of the story are connected: through a relay, or each with the others.

use std::error::Error;

use toycoin_core::ChainParams;
use toycoin_examples::{cable::Cable, mesh::Mesh};
use toycoin_node::{NodeBuilder, RelayHandle, RelayServer, relay::RelayConfig};

/// What connects the nodes.
#[derive(Debug)]
pub(crate) enum Wires {
    /// A relay, and the cable of the last miner, if there are others.
    Relay { relay: RelayHandle, cable: Option<Cable> },
    /// Connections of each node with the others.
    Mesh(Mesh),
}

impl Wires {
    /// Starts a relay for so many miners.
    pub(crate) async fn relay(miners: usize) -> Result<Self, Box<dyn Error>> {
        let relay = RelayServer::bind("127.0.0.1:0", RelayConfig::default())
            .map_err(|error| format!("cannot listen on 127.0.0.1: {error}"))?
            .spawn()?;
        let cable = if miners > 1 { Some(Cable::to(relay.local_addr()).await?) } else { None };
        Ok(Self::Relay { relay, cable })
    }

    /// Returns wires without a relay, and without nodes so far.
    pub(crate) fn mesh(params: &ChainParams) -> Result<Self, Box<dyn Error>> {
        Ok(Self::Mesh(Mesh::new(params.clone())?))
    }

    /// Connects the next node, which can be cut off or not.
    pub(crate) async fn connect(
        &mut self,
        builder: NodeBuilder,
        is_remote: bool,
    ) -> Result<NodeBuilder, Box<dyn Error>> {
        match self {
            Self::Relay { relay, cable } => {
                let cable = cable.as_ref().filter(|_| is_remote);
                Ok(builder.relay(cable.map_or(relay.local_addr(), Cable::address).to_string()))
            }
            Self::Mesh(mesh) => mesh.connect(builder).await,
        }
    }

    /// Cuts off the node with this number, which is the one that can be.
    pub(crate) async fn cut(&self, remote: usize) {
        match self {
            Self::Relay { cable, .. } => cable.iter().for_each(Cable::cut),
            Self::Mesh(mesh) => mesh.cut(remote).await,
        }
    }

    /// Ends the cut.
    pub(crate) async fn mend(&self, remote: usize) {
        match self {
            Self::Relay { cable, .. } => cable.iter().for_each(Cable::mend),
            Self::Mesh(mesh) => mesh.mend(remote).await,
        }
    }

    /// Returns the relay, if there is one.
    pub(crate) const fn relay_handle(&self) -> Option<&RelayHandle> {
        match self {
            Self::Relay { relay, .. } => Some(relay),
            Self::Mesh(_) => None,
        }
    }
}
