//! Who is linked to whom.

/// How the nodes reach each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Topology {
    /// Every node is connected to each of so many relays.
    Relays(usize),
    /// Pairs of nodes that are connected directly: each by a relay of its own, on which nobody else is.
    Direct(Vec<(usize, usize)>),
}

impl Topology {
    /// Returns direct links in a ring.
    pub fn ring(nodes: usize) -> Self {
        Self::Direct((0..nodes).map(|node| (node, (node + 1) % nodes)).collect())
    }
}
