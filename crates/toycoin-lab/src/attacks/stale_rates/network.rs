//! The networks of the papers, as data.

use std::time::Duration;

use toycoin_sim::Latency;

use crate::stats::sigmas;

/// A network that somebody measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Network {
    /// Time between two blocks, in seconds.
    pub(super) spacing: f64,
    /// Time from one miner to another, in seconds: the mean of a log-normal distribution, or a fixed time.
    pub(super) delay: f64,
    /// Standard deviation of the delay's logarithm; 0 for a fixed time.
    pub(super) sigma: f64,
    /// The share of stale blocks, or of forks, that was observed.
    pub(super) observed: f64,
}

/// The networks, in the order of their numbers, from 1.
///
/// 1: Decker & Wattenhofer 2013, "Information propagation in the Bitcoin network": mean 12.6 s, median 6.5 s, 1.69 % of
/// blocks in forks. 2 to 5: Gervais et al. 2016, "On the security and performance of proof of work blockchains", table 1:
/// the median time in which a block reaches nodes, and the share of stale blocks.
pub(super) const NETWORKS: [Network; 5] = [
    Network { spacing: 633.68, delay: 12.6, sigma: 1.15, observed: 0.0169 },
    Network { spacing: 600.0, delay: 8.7, sigma: 0.0, observed: 0.0041 },
    Network { spacing: 150.0, delay: 1.02, sigma: 0.0, observed: 0.00273 },
    Network { spacing: 60.0, delay: 0.85, sigma: 0.0, observed: 0.00619 },
    Network { spacing: 15.0, delay: 0.75, sigma: 0.0, observed: 0.068 },
];

/// Spacing of the simulated network. Only the delay in spacings counts.
pub(super) const SPACING: Duration = Duration::from_secs(10);

impl Network {
    /// Returns the delay in simulated time.
    pub(super) fn scaled_delay(&self) -> f64 {
        self.delay / self.spacing * SPACING.as_secs_f64()
    }

    /// Returns the network with the delay that explains what was observed: `-ln(1 - observed) spacing / others`, where
    /// `others` is the share of the hash rate that hears of a block late.
    pub(super) fn fitted(self, others: f64) -> Self {
        Self { delay: -(-self.observed).ln_1p() * self.spacing / others, ..self }
    }

    /// Returns a simulated time in seconds of this network.
    pub(super) fn unscaled(&self, time: Duration) -> f64 {
        time.as_secs_f64() / SPACING.as_secs_f64() * self.spacing
    }

    /// Returns the latency of the link of a node that does not mine. Such nodes are at log-normal distances from the
    /// relay, with a tail as long as that of network 1. `rank` from 0 to 1 says how many of them are nearer.
    ///
    /// A block of this network's miners reaches half of them within the delay of `published`. Each link has a fixed
    /// latency: it delivers in order, so a late message would hold up those behind it.
    pub(super) fn latency_behind(&self, published: &Self, rank: f64) -> Latency {
        let median = (published.scaled_delay() - self.scaled_delay() / 2.0).max(0.0);
        Latency::Fixed(Duration::from_secs_f64(median * (NETWORKS[0].sigma * normal_quantile(rank)).exp()))
    }

    /// Returns the latency of a node's link: a message crosses two links.
    pub(super) fn latency(&self) -> Latency {
        let half = self.scaled_delay() / 2.0;
        match self.sigma {
            0.0 => Latency::Fixed(Duration::from_secs_f64(half)),
            sigma => {
                let median = Duration::from_secs_f64(half / (sigma * sigma / 2.0).exp());
                Latency::LogNormal { median, sigma }
            }
        }
    }
}

/// Returns how many standard deviations above the mean a normal variable is, if `rank` from 0 to 1 is the share of
/// those below it.
fn normal_quantile(rank: f64) -> f64 {
    sigmas(2.0 * rank.min(1.0 - rank)).copysign(rank - 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::forks::rival;

    #[test]
    fn a_fitted_delay_gives_the_observed_rate() {
        for network in NETWORKS {
            let fitted = network.fitted(0.875);
            let stale = rival(0.875, fitted.delay, fitted.spacing);
            assert!((stale - network.observed).abs() < 1e-12, "{network:?}");
        }
    }

    #[test]
    fn nodes_are_behind_miners_by_the_published_median() {
        for published in &NETWORKS[1..] {
            let miners = published.fitted(0.9375);
            let Latency::Fixed(near) = miners.latency() else { panic!("a fixed delay has no spread") };
            let behind = |rank| match miners.latency_behind(published, rank) {
                Latency::Fixed(latency) => latency,
                other => panic!("{other:?}"),
            };
            assert!(behind(0.5) > Duration::ZERO && behind(0.9) > 4 * behind(0.5), "{published:?}");
            assert!((published.unscaled(near + behind(0.5)) - published.delay).abs() < 1e-6, "{published:?}");
        }
    }
}
