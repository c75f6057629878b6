//! Nodes of one process that are connected to each other over loopback sockets, in builds with the feature `p2p`.

use std::error::Error;

use toycoin_core::ChainParams;
use toycoin_node::NodeBuilder;

/// What connects the nodes: a carrier for each, in the order in which they came. All dial the first one, and learn of
/// the others there.
#[cfg(feature = "p2p")]
#[derive(Debug)]
pub struct Mesh {
    params: ChainParams,
    carriers: Vec<toycoin_p2p::Handle>,
}

/// What connects the nodes: there is none in this build.
#[cfg(not(feature = "p2p"))]
#[derive(Debug)]
pub enum Mesh {}

#[cfg(feature = "p2p")]
impl Mesh {
    /// Returns a mesh without nodes.
    ///
    /// # Errors
    /// Never, in this build.
    pub const fn new(params: ChainParams) -> Result<Self, Box<dyn Error>> {
        Ok(Self { params, carriers: Vec::new() })
    }

    /// Adds a node, which the builder describes.
    ///
    /// # Errors
    /// If there is no port on loopback, or the system gives no random bytes.
    pub async fn connect(&mut self, builder: NodeBuilder) -> Result<NodeBuilder, Box<dyn Error>> {
        let listen: toycoin_p2p::ListenAddress = LOOPBACK.parse()?;
        let mut config = toycoin_p2p::Config::new(&self.params).listen(listen);
        if let Some(first) = self.carriers.first() {
            config = first.listening().into_iter().fold(config, toycoin_p2p::Config::peer);
        }
        let (builder, carrier) = crate::meshing::carried(builder, config).await?;
        self.carriers.push(carrier.into_handle());
        Ok(builder)
    }

    /// Cuts a node off: all others close their connections with it, and it with them. Returns when it has none.
    pub async fn cut(&self, number: usize) {
        for (one, other) in self.pairs(number) {
            one.block(other.peer_id()).await;
            other.block(one.peer_id()).await;
        }
        for (one, other) in self.pairs(number) {
            while !one.peers().await.is_empty() || other.peers().await.iter().any(|peer| peer.id == *one.peer_id()) {
                tokio::time::sleep(LOOKS).await;
            }
        }
    }

    /// Lets a node that was cut off connect again. It does so when it next dials, within seconds.
    pub async fn mend(&self, number: usize) {
        for (one, other) in self.pairs(number) {
            one.unblock(other.peer_id()).await;
            other.unblock(one.peer_id()).await;
        }
    }

    /// Returns a node's carrier with each of the others.
    fn pairs(&self, number: usize) -> impl Iterator<Item = (&toycoin_p2p::Handle, &toycoin_p2p::Handle)> {
        let others = self.carriers.iter().enumerate().filter(move |(other, _)| *other != number);
        self.carriers.get(number).into_iter().flat_map(move |one| others.clone().map(move |(_, other)| (one, other)))
    }
}

#[cfg(not(feature = "p2p"))]
impl Mesh {
    /// Refuses a mesh.
    ///
    /// # Errors
    /// Always, in this build.
    pub fn new(_: ChainParams) -> Result<Self, Box<dyn Error>> {
        Err(crate::meshing::missing("network", "--p2p"))
    }

    /// Adds a node.
    ///
    /// # Errors
    /// Never: there is no mesh in this build.
    #[expect(clippy::unused_async, reason = "it waits in a build with the feature")]
    pub async fn connect(&mut self, _: NodeBuilder) -> Result<NodeBuilder, Box<dyn Error>> {
        match *self {}
    }

    /// Cuts a node off.
    #[expect(clippy::unused_async, reason = "it waits in a build with the feature")]
    pub async fn cut(&self, _: usize) {
        match *self {}
    }

    /// Lets a node that was cut off connect again.
    #[expect(clippy::unused_async, reason = "it waits in a build with the feature")]
    pub async fn mend(&self, _: usize) {
        match *self {}
    }
}

/// Where each node listens: on loopback, at a port that the system chooses.
#[cfg(feature = "p2p")]
const LOOPBACK: &str = "/ip4/127.0.0.1/tcp/0";

/// Interval at which a cut is looked at.
#[cfg(feature = "p2p")]
const LOOKS: std::time::Duration = std::time::Duration::from_millis(10);
