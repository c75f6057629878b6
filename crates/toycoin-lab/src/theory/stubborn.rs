//! Stubborn mining: selfish mining that gives in less often.

use super::race::{Action, Game, Race, Rewards, Tie};

/// How stubborn a selfish miner is. With all flags off, the strategy is SM1 of Eyal & Sirer.
///
/// Source: Nayak, Kumar, Miller & Shi 2016, "Stubborn mining: generalizing selfish mining and combining with an eclipse
/// attack". As everywhere in [`race`](super::race), a tie that the attacker reaches by his own block comes too late to
/// win any node, also when a trail-stubborn miner catches up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stubborn {
    /// Lead-stubborn (L): with a lead of 2 that shrinks to 1, he publishes a tie instead of everything.
    pub lead: bool,
    /// Equal-fork-stubborn (F): when he wins a tie, he keeps the block that wins to himself.
    pub fork: bool,
    /// Trail-stubborn (T1): when the public branch is one block ahead of his, he mines on; two blocks ahead, he adopts
    /// it.
    pub trail: bool,
}

impl Stubborn {
    /// Returns what he does before the next block.
    pub const fn action(self, race: Race) -> Action {
        let Race { own, public, tie } = race;
        if own < public {
            let trails = self.trail && own > 0 && own + 1 == public;
            return if trails { Action::Wait } else { Action::Adopt };
        }
        match tie {
            // the others just found a block
            Tie::Fresh if own == public + 1 && !self.lead => Action::Override,
            Tie::Fresh if public > 0 => Action::Match,
            // he just found the block that decides a tie
            Tie::Late | Tie::Published if public > 0 && own == public + 1 && !self.fork => Action::Override,
            _ => Action::Wait,
        }
    }

    /// Returns what the strategy earns for each block that is found, in the long run.
    ///
    /// A branch ends at 120 blocks. That takes up to 1e-5 of the revenue at an `alpha` of 0.40, and 1e-3 at 0.45.
    ///
    /// # Panics
    /// Unless `alpha` is below 1/2, and `gamma` lies from 0 to 1.
    #[track_caller]
    pub fn rewards(self, alpha: f64, gamma: f64) -> Rewards {
        Game::new(alpha, gamma, LIMIT).rewards(|race| self.action(race))
    }
}

/// Blocks at which a branch ends.
const LIMIT: u32 = 120;

#[cfg(test)]
mod tests {
    use super::{super::selfish, Stubborn};

    #[test]
    fn miner_without_flags_is_selfish() {
        for (alpha, tolerance) in [(0.1, 1e-9), (0.33, 1e-9), (0.4, 1e-5), (0.45, 1e-3)] {
            for gamma in [0.0, 0.5, 0.9] {
                let rewards = Stubborn::default().rewards(alpha, gamma);
                assert!((rewards.revenue() - selfish::revenue(alpha, gamma)).abs() < tolerance, "{alpha} {gamma}");
                assert!((rewards.stale() - selfish::stale(alpha)).abs() < tolerance, "{alpha} {gamma}: {rewards:?}");
            }
        }
    }

    #[test]
    fn stubbornness_pays_where_ties_or_trails_are_won() {
        let gain = |stubborn: Stubborn, alpha, gamma| {
            stubborn.rewards(alpha, gamma).revenue() - selfish::revenue(alpha, gamma)
        };
        let lead = Stubborn { lead: true, ..Stubborn::default() };
        let fork = Stubborn { fork: true, ..Stubborn::default() };
        let trail = Stubborn { trail: true, ..Stubborn::default() };
        // ties must be worth something for L and F, and a large share must be able to catch up for T
        assert!(gain(lead, 0.4, 0.9) > 0.01 && gain(lead, 0.4, 0.0) < -0.01);
        assert!(gain(fork, 0.4, 0.9) > 0.005 && gain(fork, 0.3, 0.1) < -0.005);
        assert!(gain(trail, 0.4, 0.0) > 0.003 && gain(trail, 0.25, 0.5) < -0.002);
    }

    #[test]
    fn lead_and_equal_fork_have_their_closed_forms() {
        // Grunspan & Perez-Marco 2018, "On profitability of stubborn mining": their equal-fork miner has flag L too
        for (q, gamma) in [(0.2_f64, 0.3_f64), (0.3, 0.5), (0.38, 0.7), (0.4, 0.95)] {
            let (p, x) = (1.0 - q, (1.0 - gamma) * q * (1.0 - q));
            let catalan = (1.0 - (1.0 - 4.0 * x).sqrt()) / (2.0 * x);
            let slope = p + p * q - q;
            let lead = q * (p + p * q - q * q) / slope
                - p * q * (p - q) * (1.0 - gamma) / gamma * (1.0 - p * (1.0 - gamma) * catalan) / slope;
            let both = q / p - (1.0 - gamma) * (p - q) / (gamma * p) * (1.0 - p * catalan);
            for (fork, expected) in [(false, lead), (true, both)] {
                let solved = Stubborn { lead: true, fork, trail: false }.rewards(q, gamma).revenue();
                assert!((solved - expected).abs() < 1e-5, "{q} {gamma} {fork}: {solved} {expected}");
            }
        }
    }

    /// Plays the race block by block, in the paper's words, and returns the attacker's share of the main chain.
    fn played(stubborn: Stubborn, alpha: f64, gamma: f64) -> f64 {
        // Knuth's linear congruential generator, its upper 24 bits
        let mut state = 1_u64;
        let mut dice = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f64 / f64::from(1 << 24)
        };
        let (mut own_final, mut all_final) = (0, 0);
        // blocks since the branches parted, and how many of his the attacker has published to tie
        let (mut own, mut public, mut tied) = (0_i32, 0_i32, None);
        for _ in 0..400_000 {
            let attacker = dice() < alpha;
            match tied {
                _ if attacker => own += 1,
                // a block on what the attacker published, which is final: the branches part there now
                Some(published) if dice() < gamma => {
                    own_final += published;
                    all_final += published;
                    (own, public) = (own - published, 1);
                }
                _ => public += 1,
            }
            if !attacker {
                tied = None;
            }
            let lead = own - public;
            let decided = if attacker { public > 0 && !stubborn.fork } else { !stubborn.lead };
            if lead < 0 && (lead < -1 || own == 0 || !stubborn.trail) {
                all_final += public;
                (own, public, tied) = (0, 0, None);
            } else if lead == 1 && decided {
                own_final += own;
                all_final += own;
                (own, public, tied) = (0, 0, None);
            } else if lead >= 0 && !attacker {
                tied = Some(public);
            }
        }
        f64::from(own_final) / f64::from(all_final)
    }

    #[test]
    fn stationary_revenue_is_what_a_played_race_earns() {
        for flags in 0..8 {
            let stubborn = Stubborn { lead: flags & 1 != 0, fork: flags & 2 != 0, trail: flags & 4 != 0 };
            let (played, solved) = (played(stubborn, 0.38, 0.6), stubborn.rewards(0.38, 0.6).revenue());
            // one standard deviation of 400,000 blocks is about 0.0015
            assert!((played - solved).abs() < 0.006, "{stubborn:?}: played {played}, solved {solved}");
        }
    }
}
