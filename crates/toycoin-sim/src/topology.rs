//! Topology: which nodes are linked.

/// How the nodes reach each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Topology {
    /// Every node is connected to each of this many relays.
    Relays(usize),
    /// Pairs of nodes with a direct link: a relay that only the two use.
    Direct(Vec<(usize, usize)>),
}

impl Topology {
    /// Returns a ring of direct links.
    pub fn ring(nodes: usize) -> Self {
        Self::Direct((0..nodes).map(|node| (node, (node + 1) % nodes)).collect())
    }
}
