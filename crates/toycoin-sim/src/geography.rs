//! Geography: how far the nodes of a network are from each other.

use std::time::Duration;

use crate::{dice::Dice, link::Link, topology::Topology};

/// Regions of the world, with the share of the nodes in each and the latencies between them.
///
/// ```
/// use toycoin_sim::{Dice, Geography, Simulation, Topology};
///
/// let mut dice = Dice::new(1, 1);
/// let graph = Geography::six_regions().spread(Topology::random(20, 4, &mut dice), &mut dice);
/// let run = Simulation::builder(1).nodes(20).topology(graph).run_for(std::time::Duration::from_secs(20))?;
/// assert!(run.converged());
/// # Ok::<(), toycoin_sim::Violation>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Geography {
    /// The regions. Their shares need not add up to 1.
    pub regions: Vec<Region>,
    /// Median latency in either direction from each region to each, in milliseconds. A pair that is missing has none.
    pub latency_ms: Vec<Vec<u64>>,
}

/// A region of the world.
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    /// Name of the region.
    pub name: &'static str,
    /// Share of all nodes that are there, at least 0.
    pub share: f64,
}

impl Geography {
    /// Returns six regions as SimBlock has them: `LATENCY_2019` and `REGION_DISTRIBUTION_BITCOIN_2019` in its
    /// `NetworkConfiguration.java` (github.com/dsg-titech/simblock, 2019).
    ///
    /// SimBlock takes the numbers for one way. They are about what a ping takes both ways, so they are rather too long.
    pub fn six_regions() -> Self {
        let region = |(name, share)| Region { name, share };
        let regions = [
            ("North America", 0.3316),
            ("Europe", 0.4998),
            ("South America", 0.0090),
            ("Asia and Pacific", 0.1177),
            ("Japan", 0.0224),
            ("Australia", 0.0195),
        ];
        let latency_ms = [
            [32, 124, 184, 198, 151, 189],
            [124, 11, 227, 237, 252, 294],
            [184, 227, 88, 325, 301, 322],
            [198, 237, 325, 85, 58, 198],
            [151, 252, 301, 58, 12, 126],
            [189, 294, 322, 198, 126, 16],
        ];
        Self { regions: regions.map(region).into(), latency_ms: latency_ms.map(Vec::from).into() }
    }

    /// Draws the region of each of `nodes` nodes, as an index; all are 0 if no region has a share.
    pub fn place(&self, nodes: usize, dice: &mut Dice) -> Vec<usize> {
        let all: f64 = self.regions.iter().map(|region| region.share.max(0.0)).sum();
        let mut draw = || {
            let mut left = dice.unit() * all;
            self.regions.iter().position(|region| {
                left -= region.share.max(0.0);
                left < 0.0
            })
        };
        (0..nodes).map(|_| draw().unwrap_or(0)).collect()
    }

    /// Draws the region of each node of a [graph](Topology::Graph), and gives each edge the latency between the regions
    /// of its ends. Other topologies stay as they are.
    #[must_use]
    pub fn spread(&self, topology: Topology, dice: &mut Dice) -> Topology {
        let Topology::Graph { edges } = topology else { return topology };
        let nodes = edges.iter().map(|(one, other, _)| one.max(other) + 1).max().unwrap_or(0);
        let regions = self.place(nodes, dice);
        let latency = |one: usize, other: usize| {
            let ms = self.latency_ms.get(regions[one]).and_then(|row| row.get(regions[other]));
            Duration::from_millis(ms.copied().unwrap_or(0))
        };
        let lay = |(one, other, link): (usize, usize, Link)| (one, other, link.latency(latency(one, other)));
        Topology::Graph { edges: edges.into_iter().map(lay).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::latency::Latency;

    #[test]
    fn nodes_are_placed_by_the_shares_of_the_regions() {
        let world = Geography::six_regions();
        let places = world.place(20_000, &mut Dice::new(2, 0));
        for (place, region) in world.regions.iter().enumerate() {
            let share = places.iter().filter(|at| **at == place).count() as f64 / 20_000.0;
            assert!((share - region.share).abs() < 0.015, "{}: {share}", region.name);
        }
    }

    #[test]
    fn latencies_are_the_same_in_both_directions() {
        let Geography { regions, latency_ms } = Geography::six_regions();
        for (one, row) in latency_ms.iter().enumerate() {
            assert_eq!(row.len(), regions.len());
            row.iter().enumerate().for_each(|(other, ms)| assert_eq!(*ms, latency_ms[other][one]));
        }
    }

    #[test]
    fn each_edge_has_the_latency_between_its_ends() {
        let regions = [1.0, 0.0].map(|share| Region { name: "here", share });
        let world = Geography { regions: regions.into(), latency_ms: vec![vec![7, 9], vec![9, 1]] };
        let mut dice = Dice::new(4, 0);
        let graph = world.spread(Topology::random(9, 2, &mut dice), &mut dice);
        let ms = |latency| Latency::Fixed(Duration::from_millis(latency));
        assert!(graph.links().iter().all(|link| link.latency == ms(7) && link.loss == Link::wan().loss));
        assert_eq!(graph.links().len(), 9);
    }
}
