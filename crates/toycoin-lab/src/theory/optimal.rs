//! Optimal withholding: the strategy that no selfish miner can better.

use super::{
    assert_share,
    race::{Action, Game, Race, Rewards},
};

/// The best strategy of a [race](super::race), and what it earns.
///
/// Source: Sapirshtein, Sompolinsky & Zohar 2016, "Optimal selfish mining strategies in Bitcoin".
#[derive(Debug, Clone, PartialEq)]
pub struct Optimal {
    game: Game,
    /// One action a place.
    actions: Vec<Action>,
    rewards: Rewards,
}

impl Optimal {
    /// Solves the race whose branches end at `limit` blocks.
    ///
    /// Value iteration finds the best strategy against an assumed revenue. What that strategy earns is the next
    /// assumption, until it stays (Dinkelbach 1967). The result is what the found strategy really earns, so that an
    /// endless race never earns less. A limit of 20 takes 0.0004 at an `alpha` of 0.35, 0.003 at 0.40, and 0.02 at
    /// 0.45.
    ///
    /// # Panics
    /// Unless `alpha` is below 1/2, `gamma` lies from 0 to 1, and `limit` from 3 to 200.
    #[track_caller]
    pub fn new(alpha: f64, gamma: f64, limit: u32) -> Self {
        let game = Game::new(alpha, gamma, limit);
        let mut values = Values::new(game);
        let mut best = Self { game, actions: values.actions(alpha), rewards: Rewards::default() };
        best.rewards = game.rewards(|race| best.action(race));
        for _ in 0..MAX_GUESSES {
            let guess = best.rewards.revenue();
            let mut better = Self { game, actions: values.actions(guess), rewards: Rewards::default() };
            better.rewards = game.rewards(|race| better.action(race));
            if better.rewards.revenue() <= guess + SETTLED {
                break;
            }
            best = better;
        }
        best
    }

    /// Returns the best action before the next block; beyond the limit, publish or give up.
    pub fn action(&self, race: Race) -> Action {
        let action = self.actions.get(self.game.place(race)).copied();
        match action {
            Some(action) if self.game.allows(race, action) => action,
            _ if race.own > race.public => Action::Override,
            _ => Action::Adopt,
        }
    }

    /// Returns the attacker's share of the blocks of the main chain.
    pub fn revenue(&self) -> f64 {
        self.rewards.revenue()
    }

    /// Returns what the strategy earns for each block that is found.
    pub const fn rewards(&self) -> Rewards {
        self.rewards
    }
}

/// Returns the attacker's best share of the main chain, with branches of up to 20 blocks; 1 from an `alpha` of 1/2 on.
///
/// # Panics
/// Unless `alpha` and `gamma` lie from 0 to 1.
#[track_caller]
pub fn revenue(alpha: f64, gamma: f64) -> f64 {
    assert_share("alpha", alpha);
    if alpha >= 0.5 {
        assert_share("gamma", gamma);
        return 1.0;
    }
    Optimal::new(alpha, gamma, LIMIT).revenue()
}

/// The value of each race, relative to that of the start, under an assumed revenue.
struct Values {
    /// For each place its choices: what to do, what becomes final, and where that leads.
    choices: Vec<Vec<Choice>>,
    values: Vec<f64>,
}

/// An action, and what comes of it.
struct Choice {
    action: Action,
    rewards: Rewards,
    next: [(f64, usize); 3],
}

impl Values {
    fn new(game: Game) -> Self {
        let choices = |race| {
            let actions = [Action::Adopt, Action::Override, Action::Match, Action::Wait];
            let allowed = actions.into_iter().filter(move |action| game.allows(race, *action));
            allowed.map(move |action| choice(game, race, action)).collect()
        };
        let choices: Vec<Vec<_>> =
            game.races().map(|race| if is_real(race) { choices(race) } else { vec![] }).collect();
        let values = vec![0.0; choices.len()];
        Self { choices, values }
    }

    /// Returns the best action of each place if the attacker pays `revenue` for each block that becomes final.
    fn actions(&mut self, revenue: f64) -> Vec<Action> {
        let mut next = self.values.clone();
        for _ in 0..MAX_ROUNDS {
            let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
            for ((next, value), choices) in next.iter_mut().zip(&self.values).zip(&self.choices) {
                if choices.is_empty() {
                    continue;
                }
                let best = choices.iter().map(|choice| choice.worth(revenue, &self.values));
                *next = best.fold(f64::NEG_INFINITY, f64::max);
                least = least.min(*next - value);
                most = most.max(*next - value);
            }
            // only differences count: without this, values would grow without end
            let start = next.first().copied().unwrap_or_default();
            next.iter_mut().for_each(|value| *value -= start);
            std::mem::swap(&mut self.values, &mut next);
            if most - least < PRECISION {
                break;
            }
        }
        self.choices.iter().map(|choices| self.best(choices, revenue)).collect()
    }

    /// Returns the best of some choices.
    fn best(&self, choices: &[Choice], revenue: f64) -> Action {
        let worth = choices.iter().map(|choice| (choice.action, choice.worth(revenue, &self.values)));
        let best = worth.reduce(|best, other| if other.1 > best.1 { other } else { best });
        best.map_or(Action::Adopt, |(action, _)| action)
    }
}

impl Choice {
    /// Returns the worth of a choice: what becomes final now, and the value of what comes next.
    fn worth(&self, revenue: f64, values: &[f64]) -> f64 {
        let now = (1.0 - revenue) * self.rewards.own - revenue * self.rewards.others;
        let next = self.next.iter().map(|(probability, to)| probability * values.get(*to).copied().unwrap_or_default());
        now + next.sum::<f64>()
    }
}

/// Returns a choice of a race.
fn choice(game: Game, race: Race, action: Action) -> Choice {
    let steps = game.steps(race, action);
    let mean = |reward: fn(&Rewards) -> f64| steps.iter().map(|step| step.probability * reward(&step.rewards)).sum();
    Choice {
        action,
        rewards: Rewards { own: mean(|rewards| rewards.own), others: mean(|rewards| rewards.others) },
        next: steps.map(|step| (step.probability, game.place(step.race))),
    }
}

/// Returns whether a race can be: a tie that is published has no fewer own blocks than public ones.
const fn is_real(race: Race) -> bool {
    !matches!(race.tie, super::race::Tie::Published) || race.own >= race.public && race.public > 0
}

/// Blocks at which a branch ends in [`revenue`].
const LIMIT: u32 = 20;
/// Most guesses of the revenue. Each is nearer by the square: five or six do.
const MAX_GUESSES: u32 = 30;
/// A revenue that grows by no more has settled.
const SETTLED: f64 = 1e-10;
/// Most rounds of the value iteration.
const MAX_ROUNDS: u32 = 50_000;
/// Range of the values' changes from which the best actions are known.
const PRECISION: f64 = 1e-9;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::{selfish, stubborn::Stubborn},
        Optimal, revenue,
    };

    #[test]
    fn optimal_revenues_are_those_of_the_table() {
        for (alpha, gamma, expected) in [(0.35, 0.0, 0.370), (0.35, 0.5, 0.430), (0.40, 0.0, 0.486), (0.40, 0.5, 0.572)]
        {
            let revenue = revenue(alpha, gamma);
            assert!((revenue - expected).abs() < 6e-4, "{alpha} {gamma}: {revenue}");
        }
    }

    #[test]
    fn long_branches_reach_the_bounds_of_the_paper() {
        for (alpha, expected) in [(0.35, 0.370_77), (0.40, 0.488_66)] {
            let revenue = Optimal::new(alpha, 0.0, 75).revenue();
            assert!((revenue - expected).abs() < 5e-5, "{alpha}: {revenue}");
        }
    }

    #[test]
    fn small_miner_is_honest() {
        for alpha in [0.0, 0.1, 0.2, 0.3] {
            assert!((revenue(alpha, 0.0) - alpha).abs() < 1e-9, "{alpha}");
        }
        assert_eq!(revenue(0.5, 0.0), 1.0);
    }

    #[test]
    fn longer_branches_are_never_worse() {
        let limits = [4, 8, 16, 32].map(|limit| Optimal::new(0.42, 0.3, limit).revenue());
        assert!(limits.is_sorted() && limits[0] < limits[2] - 0.005, "{limits:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn no_known_strategy_is_better(alpha in 0.05..0.43, gamma in 0.0..=1.0, flags in 0_u8..8) {
            let best = Optimal::new(alpha, gamma, 40).revenue();
            let stubborn = Stubborn { lead: flags & 1 != 0, fork: flags & 2 != 0, trail: flags & 4 != 0 };

            prop_assert!(best >= alpha - 1e-9);
            prop_assert!(best >= selfish::revenue(alpha, gamma) - 1e-4);
            prop_assert!(best >= stubborn.rewards(alpha, gamma).revenue() - 1e-4);
        }
    }
}
