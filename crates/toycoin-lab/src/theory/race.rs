//! The race between a withheld branch and the public one, as a Markov decision process.
//!
//! Each step one block is found: by the attacker with probability `alpha`, by the others otherwise. Before it, the
//! attacker acts. A [`Race`] is what matters of the branches since they parted, and a strategy is a function from a
//! race to an [`Action`]. [`Game::rewards`] solves for what a strategy earns in the long run.
//!
//! Source: Sapirshtein, Sompolinsky & Zohar 2016, "Optimal selfish mining strategies in Bitcoin".

use std::collections::VecDeque;

use super::assert_share;

/// Both branches since they parted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Race {
    /// Blocks on the attacker's branch.
    pub own: u32,
    /// Blocks on the public branch.
    pub public: u32,
    /// What the others could do with a published tie.
    pub tie: Tie,
}

/// What a tie is worth to the attacker. Nodes keep the branch that they saw first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tie {
    /// The attacker found the last block: all nodes have seen the public branch, so a tie moves nobody.
    Late,
    /// The others found the last block: a tie that is published now reaches a part of them first.
    Fresh,
    /// The tie is published: a part of the others, `gamma`, mines on the attacker's branch.
    Published,
}

/// What the attacker does before the next block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// He gives up his branch and mines on the public one.
    Adopt,
    /// He publishes one block more than the public branch has. All nodes follow.
    Override,
    /// He publishes as many blocks as the public branch has.
    Match,
    /// He goes on and publishes nothing new.
    Wait,
}

/// Blocks that become final in a step, or in the long run for each block found.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Rewards {
    /// The attacker's.
    pub own: f64,
    /// Those of all others.
    pub others: f64,
}

/// One possible next block.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Its probability.
    pub probability: f64,
    /// The race after it.
    pub race: Race,
    /// What became final.
    pub rewards: Rewards,
}

/// The rules of the race: shares, and the length of a branch at which it ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Game {
    alpha: f64,
    gamma: f64,
    limit: u32,
}

impl Game {
    /// Returns the race of an attacker with a share `alpha`, on whose side a share `gamma` of the others is in a tie.
    ///
    /// At `limit` blocks a branch is published or given up. That takes a little from the attacker, the less the higher
    /// the limit. Memory grows with its square, and time a little faster.
    ///
    /// # Panics
    /// Unless `alpha` is below 1/2, `gamma` lies from 0 to 1, and `limit` from 3 to 200.
    #[track_caller]
    pub fn new(alpha: f64, gamma: f64, limit: u32) -> Self {
        assert_share("alpha", alpha);
        assert!(alpha < 0.5, "with alpha = {alpha} the attacker's lead has no end");
        assert_share("gamma", gamma);
        assert!((3..=200).contains(&limit), "a race ends at 3 to 200 blocks, not {limit}");
        Self { alpha, gamma, limit }
    }

    /// Returns whether an action is possible.
    pub const fn allows(&self, race: Race, action: Action) -> bool {
        let Race { own, public, tie } = race;
        let ended = own >= self.limit || public >= self.limit;
        match action {
            Action::Adopt => true,
            Action::Override => own > public,
            Action::Match => !ended && own >= public && public > 0 && matches!(tie, Tie::Fresh),
            Action::Wait => !ended,
        }
    }

    /// Returns the next blocks after an action: at most three, whose probabilities add up to 1. Those with probability
    /// 0 may be among them.
    ///
    /// # Panics
    /// If the action is not [allowed](Self::allows).
    #[track_caller]
    pub fn steps(&self, race: Race, action: Action) -> [Step; 3] {
        assert!(self.allows(race, action), "{action:?} is impossible at {race:?}");
        let Race { own, public, tie } = race;
        let (alpha, others) = (self.alpha, 1.0 - self.alpha);
        let step =
            |probability, own, public, tie, rewards| Step { probability, race: Race { own, public, tie }, rewards };
        let nothing = Rewards::default();
        let none = step(0.0, 0, 0, Tie::Late, nothing);
        match action {
            Action::Adopt => {
                let rewards = Rewards { own: 0.0, others: public.into() };
                [step(alpha, 1, 0, Tie::Late, rewards), step(others, 0, 1, Tie::Late, rewards), none]
            }
            Action::Override => {
                let rewards = Rewards { own: f64::from(public) + 1.0, others: 0.0 };
                let left = own - public - 1;
                [step(alpha, left + 1, 0, Tie::Late, rewards), step(others, left, 1, Tie::Fresh, rewards), none]
            }
            Action::Wait if tie != Tie::Published => [
                step(alpha, own + 1, public, Tie::Late, nothing),
                step(others, own, public + 1, Tie::Fresh, nothing),
                none,
            ],
            // a published tie: some of the others extend the attacker's branch, which settles what was published of it
            Action::Match | Action::Wait => {
                let settled = Rewards { own: public.into(), others: 0.0 };
                [
                    step(alpha, own + 1, public, Tie::Published, nothing),
                    step(others * self.gamma, own - public, 1, Tie::Fresh, settled),
                    step(others * (1.0 - self.gamma), own, public + 1, Tie::Fresh, nothing),
                ]
            }
        }
    }

    /// Returns what a strategy earns for each block that is found, in the long run: its chain's stationary
    /// distribution, by power iteration until nothing moves.
    ///
    /// Where the strategy asks for what is impossible, as at the limit, the attacker overrides if he can and adopts if
    /// not.
    pub fn rewards(&self, strategy: impl Fn(Race) -> Action) -> Rewards {
        let chain = self.chain(strategy);
        let mut now = vec![0.0; chain.len()];
        if let Some(start) = now.first_mut() {
            *start = 1.0;
        }
        let mut next = vec![0.0; chain.len()];
        for _ in 0..MAX_ROUNDS {
            next.fill(0.0);
            for (chance, steps) in now.iter().zip(&chain) {
                for (probability, to, _) in steps {
                    if let Some(place) = next.get_mut(*to) {
                        *place += chance * probability;
                    }
                }
            }
            let moved: f64 = now.iter().zip(&next).map(|(now, next): (&f64, &f64)| (now - next).abs()).sum();
            std::mem::swap(&mut now, &mut next);
            if moved < SETTLED {
                break;
            }
        }
        let all = now.iter().zip(&chain).flat_map(|(chance, steps)| steps.map(|step| (chance * step.0, step.2)));
        all.fold(Rewards::default(), |sum, (chance, rewards)| Rewards {
            own: sum.own + chance * rewards.own,
            others: sum.others + chance * rewards.others,
        })
    }

    /// Returns the races that a strategy reaches, the start first: for each of them its steps, as probability, index of
    /// the next race, and rewards.
    fn chain(&self, strategy: impl Fn(Race) -> Action) -> Vec<[(f64, usize, Rewards); 3]> {
        let mut indices = vec![None; self.places()];
        let mut ahead = VecDeque::from([Race::START]);
        let mut found = 1;
        if let Some(index) = indices.get_mut(self.place(Race::START)) {
            *index = Some(0);
        }
        let mut chain = Vec::new();
        while let Some(race) = ahead.pop_front() {
            let steps = self.steps(race, self.possible(race, strategy(race)));
            chain.push(steps.map(|Step { probability, race, rewards }| {
                let slot = indices.get_mut(self.place(race));
                let index = slot.map_or(0, |slot| {
                    *slot.get_or_insert_with(|| {
                        ahead.push_back(race);
                        found += 1;
                        found - 1
                    })
                });
                (probability, index, rewards)
            }));
        }
        chain
    }

    /// Returns an action, or what takes its place if it is impossible.
    const fn possible(&self, race: Race, action: Action) -> Action {
        if self.allows(race, action) {
            action
        } else if self.allows(race, Action::Override) {
            Action::Override
        } else {
            Action::Adopt
        }
    }

    /// Returns how many places races take.
    pub(super) const fn places(&self) -> usize {
        let side = self.limit as usize + 1;
        side * side * 3
    }

    /// Returns the place of a race among all of them.
    pub(super) const fn place(&self, race: Race) -> usize {
        let Race { own, public, tie } = race;
        (own as usize * (self.limit as usize + 1) + public as usize) * 3 + tie as usize
    }

    /// Returns all races within the limit, in the order of their places.
    pub(super) fn races(&self) -> impl Iterator<Item = Race> + use<> {
        let limit = self.limit;
        let pairs = (0..=limit).flat_map(move |own| (0..=limit).map(move |public| (own, public)));
        pairs.flat_map(|(own, public)| [Tie::Late, Tie::Fresh, Tie::Published].map(|tie| Race { own, public, tie }))
    }
}

impl Race {
    /// The race before anything was withheld.
    pub const START: Self = Self { own: 0, public: 0, tie: Tie::Late };
}

impl Rewards {
    /// Returns the attacker's share of the blocks that became final; 0 without any.
    pub fn revenue(&self) -> f64 {
        let all = self.own + self.others;
        if all > 0.0 { self.own / all } else { 0.0 }
    }

    /// Returns the share of found blocks that became stale, from rewards for each block that is found.
    pub fn stale(&self) -> f64 {
        1.0 - self.own - self.others
    }
}

/// Total change of the distribution below which it has settled.
const SETTLED: f64 = 1e-13;
/// Most rounds of the power iteration. A race settles in some thousands, the more the nearer `alpha` is to 1/2.
const MAX_ROUNDS: u32 = 50_000;

#[cfg(test)]
mod tests {
    use super::{Action, Game, Race, Tie};

    #[test]
    fn honest_miner_earns_his_share() {
        // publish at once, and adopt what others find
        let honest = |race: Race| if race.own > race.public { Action::Override } else { Action::Adopt };
        for alpha in [0.0, 0.1, 0.33, 0.49] {
            let rewards = Game::new(alpha, 0.3, 10).rewards(honest);
            assert!((rewards.own - alpha).abs() < 1e-12 && rewards.stale().abs() < 1e-12, "{alpha}: {rewards:?}");
        }
    }

    #[test]
    fn steps_are_probabilities_within_the_limit() {
        let game = Game::new(0.3, 0.4, 5);
        assert_eq!(game.races().count(), game.places());
        for (place, race) in game.races().enumerate() {
            assert_eq!(game.place(race), place);
            for action in [Action::Adopt, Action::Override, Action::Match, Action::Wait] {
                // a published tie has at least as many own blocks
                if !game.allows(race, action) || race.tie == Tie::Published && race.own < race.public {
                    continue;
                }
                let steps = game.steps(race, action);
                assert!((steps.iter().map(|step| step.probability).sum::<f64>() - 1.0).abs() < 1e-15);
                assert!(steps.iter().all(|step| game.place(step.race) < game.places()), "{race:?} {action:?}");
            }
        }
    }

    #[test]
    fn nothing_waits_beyond_the_limit() {
        let game = Game::new(0.4, 0.0, 3);
        assert!(game.allows(Race { own: 2, public: 1, tie: Tie::Late }, Action::Wait));
        assert!(!game.allows(Race { own: 3, public: 1, tie: Tie::Late }, Action::Wait));
        // whoever always waits is made to publish or to adopt, and everything still adds up
        let rewards = game.rewards(|_| Action::Wait);
        assert!(rewards.own > 0.0 && rewards.others > 0.0 && rewards.stale() > 0.2, "{rewards:?}");
    }
}
