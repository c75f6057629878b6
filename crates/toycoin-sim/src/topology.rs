//! Topology: which nodes are linked.

use std::collections::BTreeSet;

use crate::{dice::Dice, link::Link};

/// How the nodes reach each other.
#[derive(Debug, Clone, PartialEq)]
pub enum Topology {
    /// Every node is connected to each of this many relays.
    Relays(usize),
    /// Pairs of nodes with a direct link: a relay that only the two use.
    Direct(Vec<(usize, usize)>),
    /// Pairs of nodes with a direct link that has properties of its own.
    ///
    /// What a node sends takes its way with the latency, the loss and the bandwidth of the link, and arrives at once
    /// behind the relay that only the two use. The links of the [nodes](crate::Simulation::link_of) mean nothing here.
    /// A fault of a node's link changes what the node sends; its bandwidth, and envelopes that get lost, repeated or
    /// reordered, also concern what the node receives.
    Graph {
        /// The two nodes of each edge, with its link. An edge to a node that does not exist leads nowhere.
        edges: Vec<(usize, usize, Link)>,
    },
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
    ///
    /// A block goes hop by hop to the far side, and each hop of [`Link::wan`] takes it almost a second: until its
    /// status is due, and then for three questions and answers. So 20 nodes need a
    /// [spacing](crate::Simulation::spacing) of at least 4 s. At 2 s blocks come faster than they travel, most are
    /// stale, and the nodes need not agree at the end.
    pub fn ring(nodes: usize) -> Self {
        Self::Direct((0..nodes).map(|node| (node, (node + 1) % nodes)).collect())
    }

    /// Draws a [graph](Self::Graph) in which every node has about `degree` neighbours, each on a [`Link::wan`].
    ///
    /// It is the union of random rings through all nodes, two neighbours each, and of a random pairing if `degree` is
    /// odd. So it is connected if `degree` is at least 2. A node has fewer neighbours where two rings share an edge.
    /// Such graphs have short paths (Law and Siu, "Distributed construction of random expander networks", 2003).
    ///
    /// ```
    /// use toycoin_sim::{Dice, Topology};
    ///
    /// let Topology::Graph { edges } = Topology::random(100, 8, &mut Dice::new(1, 1)) else { unreachable!() };
    /// assert!((380..=400).contains(&edges.len()));
    /// ```
    pub fn random(nodes: usize, degree: usize, dice: &mut Dice) -> Self {
        let mut pairs = BTreeSet::new();
        let sorted = |one: &usize, other: &usize| (*one.min(other), *one.max(other));
        for _ in 0..degree / 2 {
            let ring = shuffled(nodes, dice);
            pairs.extend(ring.iter().zip(ring.iter().cycle().skip(1)).map(|(one, other)| sorted(one, other)));
        }
        if !degree.is_multiple_of(2) {
            pairs.extend(shuffled(nodes, dice).as_chunks::<2>().0.iter().map(|[one, other]| sorted(one, other)));
        }
        let edges = pairs.into_iter().filter(|(one, other)| one != other);
        Self::Graph { edges: edges.map(|(one, other)| (one, other, Link::wan())).collect() }
    }

    /// Returns how many relays it has, one for each direct link.
    pub(crate) const fn relays(&self) -> usize {
        match self {
            Self::Relays(count) => *count,
            Self::Direct(pairs) => pairs.len(),
            Self::Graph { edges } => edges.len(),
            Self::Mesh { .. } => 0,
        }
    }

    /// Returns how many connections each node of a mesh dials; `None` if this is no mesh.
    pub(crate) const fn degree(&self) -> Option<usize> {
        match self {
            Self::Mesh { degree } => Some(*degree),
            Self::Relays(_) | Self::Direct(_) | Self::Graph { .. } => None,
        }
    }

    /// Returns whether a node that is added finds the others, and is not without a partner.
    pub(crate) const fn may_grow(&self) -> bool {
        matches!(self, Self::Relays(_) | Self::Mesh { .. })
    }

    /// Returns the relays that each of `nodes` nodes dials.
    pub(crate) fn dialled(&self, nodes: usize) -> Vec<Vec<usize>> {
        let pairs: Vec<_> = match self {
            Self::Relays(count) => return vec![(0..*count).collect(); nodes],
            Self::Direct(pairs) => pairs.clone(),
            Self::Graph { edges } => edges.iter().map(|(one, other, _)| (*one, *other)).collect(),
            Self::Mesh { .. } => Vec::new(),
        };
        let mut dialled = vec![Vec::new(); nodes];
        for (relay, (one, other)) in pairs.into_iter().enumerate() {
            // a node that is linked with itself dials that relay once
            for node in BTreeSet::from([one, other]) {
                if let Some(relays) = dialled.get_mut(node) {
                    relays.push(relay);
                }
            }
        }
        dialled
    }

    /// Returns the links of a [graph](Self::Graph) by relay; none for other topologies.
    pub(crate) fn links(&self) -> Vec<Link> {
        match self {
            Self::Graph { edges } => edges.iter().map(|(_, _, link)| *link).collect(),
            _ => Vec::new(),
        }
    }
}

/// Returns the numbers below `count` in a random order (Fisher and Yates).
fn shuffled(count: usize, dice: &mut Dice) -> Vec<usize> {
    let mut numbers: Vec<_> = (0..count).collect();
    for last in (1..count).rev() {
        numbers.swap(last, dice.index(last + 1));
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn neighbours(nodes: usize, degree: usize) -> Vec<BTreeSet<usize>> {
        let Topology::Graph { edges } = Topology::random(nodes, degree, &mut Dice::new(3, 0)) else { unreachable!() };
        let mut neighbours = vec![BTreeSet::new(); nodes];
        for (one, other, _) in edges {
            assert!(neighbours[one].insert(other) && neighbours[other].insert(one), "twice, or with itself");
        }
        neighbours
    }

    #[test]
    fn a_random_graph_is_connected_and_nearly_regular() {
        for degree in [2, 3, 8] {
            let neighbours = neighbours(500, degree);
            assert!(neighbours.iter().all(|of| of.len() <= degree));
            let edges: usize = neighbours.iter().map(BTreeSet::len).sum();
            assert!(edges > 500 * degree - 60, "{edges} ends");
            let (mut reached, mut next) = (BTreeSet::from([0]), vec![0]);
            while let Some(node) = next.pop() {
                next.extend(neighbours[node].iter().filter(|other| reached.insert(**other)));
            }
            assert_eq!(reached.len(), 500);
        }
    }

    #[test]
    fn small_graphs_have_no_edge_too_many() {
        for (nodes, degree, edges) in [(0, 8, 0), (1, 8, 0), (2, 8, 1), (3, 8, 3), (5, 0, 0), (4, 1, 2)] {
            let ends: usize = neighbours(nodes, degree).iter().map(BTreeSet::len).sum();
            assert_eq!(ends, 2 * edges, "{nodes} nodes, degree {degree}");
        }
    }

    #[test]
    fn each_node_dials_the_relays_of_its_edges() {
        let edge = |one, other| (one, other, Link::lan());
        let graph = Topology::Graph { edges: vec![edge(0, 1), edge(2, 0), edge(1, 1), edge(2, 9)] };
        assert_eq!(graph.dialled(3), [vec![0, 1], vec![0, 2], vec![1, 3]]);
        assert_eq!(Topology::ring(3).dialled(3), [vec![0, 2], vec![0, 1], vec![1, 2]]);
        assert_eq!(Topology::Relays(2).dialled(2), [[0, 1], [0, 1]]);
    }
}
