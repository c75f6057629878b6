//! Coin hopping: a miner who is here only while blocks are cheap.

use toycoin_core::Header;

use super::world::{HALF_LIFE, SPACING, simulation};
use crate::{
    attack::{Attack, Expected, Quantity},
    attacks::{
        history::{Found, history, place, spacings},
        world::hash_rates,
    },
    outcome::Outcome,
    setting::{Parameter, Setting},
    theory::hopping::hopping,
    trial::{Trial, TrialError},
};

/// Mines only while difficulty is below what the loyal miners alone would hold it at.
///
/// A trial is one long chain of a loyal miner and the hopper. What each earned is read from the coinbases, and how long
/// the hopper was here from the headers: he is here as long as the next block is easy.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hop;

const PARAMETERS: &[Parameter] = &[
    Parameter::real("share", "the hopper's share of the hash rate while he is here", 0.2, 0.05..=0.8),
    HALF_LIFE,
    Parameter::whole("blocks", "blocks of each chain that count", 1_000.0, 100.0..=100_000.0),
];

/// Half-lives until a chain has forgotten that it began at the difficulty of both miners together.
const FORGETS: u64 = 5;

/// Index of the hopper, behind one loyal miner.
const HOPPER: usize = 1;

impl Attack for Hop {
    fn name(&self) -> &'static str {
        "hop"
    }

    fn summary(&self) -> &'static str {
        "A miner comes while difficulty is low, and leaves the rest to the loyal ones."
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn quantities(&self) -> &'static [Quantity] {
        &[
            Quantity {
                name: "loyal",
                what: "blocks for each hash of the loyal miner, 1 without a hopper",
                decimals: 4,
            },
            Quantity { name: "hopper", what: "blocks for each hash of the hopper", decimals: 4 },
            Quantity {
                name: "gain",
                what: "what the hopper's hash brings more than a loyal one, by the bits",
                decimals: 4,
            },
            Quantity { name: "present", what: "share of the time in which the hopper mines here", decimals: 4 },
            Quantity { name: "spacing", what: "mean time between blocks, in multiples of the aim", decimals: 4 },
        ]
    }

    fn trials(&self) -> u64 {
        20
    }

    fn table(&self) -> Vec<(Setting, u64)> {
        let of = |share, half_life| Setting::of(self).with(self, "share", share).with(self, HALF_LIFE.name, half_life);
        vec![(of(0.2, 20.0), 8), (of(0.5, 20.0), 4), (of(0.2, 144.0), 4)]
    }

    fn attackers(&self, _: &Setting) -> Vec<usize> {
        vec![HOPPER]
    }

    fn theory(&self, setting: &Setting) -> Vec<Expected> {
        let theory = hopping(setting.get("share"), setting.get(HALF_LIFE.name));
        // the theory moves difficulty in time, and real difficulty waits for the next block, which the hopper likes; and
        // the mean of ratios of two small counts lies a little above the ratio of their means
        vec![
            Expected::theory("loyal", theory.loyal),
            Expected::beside("hopper", "theory", theory.hopper),
            Expected::beside("gain", "theory", theory.advantage()),
            Expected::theory("present", theory.present),
            Expected::theory("spacing", theory.spacing),
        ]
    }

    fn trial(&self, setting: &Setting, trial: &Trial<'_>) -> Result<Outcome, TrialError> {
        let share = setting.get("share");
        // genesis's difficulty is that of both miners together
        let level = 1.0 - share;
        let first = FORGETS * setting.whole(HALF_LIFE.name);
        let last = first + setting.whole("blocks");
        let simulation = simulation(trial, setting, 2)?.hash_rates(hash_rates(1, share));
        let genesis = work(&toycoin_sim::params(1, SPACING).genesis().header);
        let simulation = simulation.mines_when(HOPPER, move |next| work(next) < level * genesis);
        let network = trial.run(simulation, SPACING * 20, |network| network.height() >= last)?;
        let chain = history(&network, 2);
        let counted = chain.get(place(first)..=place(last)).unwrap_or_default();
        Ok(Account::of(counted, level).outcome(share))
    }
}

/// Returns the expected number of hashes of a header's bits.
fn work(header: &Header) -> f64 {
    header.bits.to_target().map_or(f64::INFINITY, |target| target.work().to_f64())
}

/// What a part of a chain says about both miners. Times are in spacings.
#[derive(Debug, Clone, Copy, Default)]
struct Account {
    blocks: f64,
    time: f64,
    /// Blocks of the hopper.
    hopped: f64,
    /// Time in which the next block was easy.
    present: f64,
    /// Sums over all of the time, and over that in which the next block was easy, of the blocks that a hash could expect.
    chances: f64,
    easy_chances: f64,
}

impl Account {
    fn of(chain: &[Found], level: f64) -> Self {
        let mut account = Self::default();
        for pair in chain.windows(2) {
            let [before, found] = pair else { continue };
            let took = spacings(before.time, found.time, SPACING);
            account.blocks += 1.0;
            account.time += took;
            account.hopped += if found.miner == Some(HOPPER) { 1.0 } else { 0.0 };
            account.chances += took / found.work;
            if found.work < level {
                account.present += took;
                account.easy_chances += took / found.work;
            }
        }
        account
    }

    fn outcome(&self, share: f64) -> Outcome {
        let loyal = (self.blocks - self.hopped) / self.time;
        // a hash of the loyal miner is one block each spacing for all of his rate, that of the hopper is less or more
        let hopper = self.hopped / self.present / (share / (1.0 - share));
        Outcome::default()
            .value("hopper", hopper)
            .value("loyal", loyal)
            .value("gain", self.easy_chances / self.present / (self.chances / self.time) - 1.0)
            .value("present", self.present / self.time)
            .value("spacing", self.time / self.blocks)
    }
}

#[cfg(test)]
mod tests {
    use toycoin_core::BlockHash;

    use super::*;

    #[test]
    fn account_separates_easy_time_from_dear_time() {
        let spacing = crate::attacks::history::milliseconds(SPACING);
        let found =
            |time: u64, work, miner| Found { hash: BlockHash::ZERO, time: time * spacing, work, miner: Some(miner) };
        let chain = [found(3, 9.0, 0), found(4, 0.5, HOPPER), found(6, 0.5, 0), found(9, 1.0, 0)];

        let account = Account::of(&chain, 0.8);
        assert_eq!((account.blocks, account.time, account.hopped, account.present), (3.0, 6.0, 1.0, 3.0));
        assert_eq!((account.chances, account.easy_chances), (9.0, 6.0));
        let gain: Vec<_> = account.outcome(0.2).of("gain").collect();
        // 2 blocks for a hash of the hopper, and 1.5 for one of the loyal miner
        assert!(matches!(gain[..], [crate::Observation::Value(value)] if (value - 1.0 / 3.0).abs() < 1e-12));
    }
}
