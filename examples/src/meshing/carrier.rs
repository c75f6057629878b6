//! What carries messages between a node and its peers, or the word that this build has none.

use std::error::Error;

#[cfg(feature = "p2p")]
use toycoin_node::{MeshPort, NodeBuilder};

/// Whether this build has peers without a relay, which is the feature `p2p`.
pub const IS_BUILT: bool = cfg!(feature = "p2p");

/// Events that wait for the node.
#[cfg(feature = "p2p")]
pub(super) const EVENTS: usize = 1_024;

/// What carries messages between a node and its peers. It ends with its node.
#[cfg(feature = "p2p")]
#[derive(Debug)]
pub struct Carrier(toycoin_p2p::Handle);

/// What carries messages between a node and its peers: there is none in this build.
#[cfg(not(feature = "p2p"))]
#[derive(Debug)]
pub enum Carrier {}

/// Gives a node a mesh, and starts what carries it.
#[cfg(feature = "p2p")]
pub(crate) async fn carried<S>(
    builder: NodeBuilder<S>,
    config: toycoin_p2p::Config,
) -> Result<(NodeBuilder<S>, Carrier), Box<dyn Error>>
where
    S: toycoin_core::store::ChainStore<Error: Error + Send + Sync + 'static> + Send + 'static,
{
    let (port, carrier) = carrying(config).await?;
    Ok((builder.mesh(port), carrier))
}

/// Starts what carries a mesh.
#[cfg(feature = "p2p")]
pub(super) async fn carrying(config: toycoin_p2p::Config) -> Result<(MeshPort, Carrier), Box<dyn Error>> {
    let (port, end) = toycoin_node::mesh_port(EVENTS);
    let carrier = toycoin_p2p::start(config, end).await?;
    Ok((port, Carrier(carrier)))
}

#[cfg(feature = "p2p")]
impl Carrier {
    /// Returns its handle.
    pub(crate) fn into_handle(self) -> toycoin_p2p::Handle {
        self.0
    }

    /// Returns the lines by which others find the node: its peer id, and its addresses if it listens.
    pub fn lines(&self) -> Vec<String> {
        let id = format!("its peer id: {}", self.0.peer_id());
        let address = |address| format!("for others: --peer {address}");
        [id].into_iter().chain(self.0.listening().into_iter().map(address)).collect()
    }

    /// Ends it: it closes all connections and writes the peers file.
    pub async fn shutdown(&self) {
        self.0.shutdown().await;
    }
}

#[cfg(not(feature = "p2p"))]
impl Carrier {
    /// Returns the lines by which others find the node.
    pub const fn lines(&self) -> Vec<String> {
        match *self {}
    }

    /// Ends it.
    #[expect(clippy::unused_async, reason = "it waits in a build with the feature")]
    pub async fn shutdown(&self) {
        match *self {}
    }
}

/// Returns the error of a program that was built without a mesh.
#[cfg(not(feature = "p2p"))]
pub(crate) fn missing(program: &str, option: &str) -> Box<dyn Error> {
    let run = format!("cargo run --release --features p2p --example {program} -- {option}");
    format!("this program was built without peer to peer; run `{run}`").into()
}
