//! Topology: which nodes are linked.

/// How the nodes reach each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Topology {
    /// Every node is connected to each of this many relays.
    Relays(usize),
    /// Pairs of nodes with a direct link: a relay that only the two use.
    Direct(Vec<(usize, usize)>),
    /// No relay: nodes connect to each other, and each finds the others by their addresses.
    ///
    /// Every node runs the real machine of peering. It begins with the address of one earlier node, keeps a peers file
    /// on its disk, and restarts from that file alone once it is written. Ids and addresses are drawn from the seed.
    /// About two nodes share a netgroup.
    ///
    /// A connection is as slow and as lossy as the worse of its two nodes' links. Gossip goes to all neighbours, and
    /// not to six of them as in gossipsub. There is no IHAVE and no score, and an answer has no deadline.
    ///
    /// What describes relays means nothing here: some fields of a [`Link`](crate::Link), and limits of queues. An
    /// [adversary](crate::Simulation::adversary) behaves like an honest node, because tactics tamper with what goes to
    /// relays.
    Mesh {
        /// Number of connections that each node wants to dial; the program's default is 8. Nodes accept others besides.
        degree: usize,
    },
}

impl Topology {
    /// Returns a ring of direct links.
    pub fn ring(nodes: usize) -> Self {
        Self::Direct((0..nodes).map(|node| (node, (node + 1) % nodes)).collect())
    }
}
