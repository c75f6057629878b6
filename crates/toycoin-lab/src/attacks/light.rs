//! Lies to a light client: most of its servers lie.

use std::time::Duration;

use toycoin_sim::{
    Dice, Link, Topology,
    adversary::{Lie, LightLiar},
};

use crate::{
    attack::{Attack, Expected, Quantity},
    attacks::world::{fixed_target, hash_rate, params, small},
    outcome::Outcome,
    setting::{Parameter, Setting, SettingError},
    theory::eclipse::all_hostile,
    trial::{Trial, TrialError},
};

/// Lies to a light client, each server in a way that is drawn. If no server is honest, all show a branch of their own.
///
/// A trial is one client. The chain of an honest miner says which of the client's blocks are true.
#[derive(Debug, Clone, Copy, Default)]
pub struct MisleadLight;

const PARAMETERS: &[Parameter] = &[
    Parameter::whole("servers", "servers that the light client hears", 4.0, 1.0..=16.0),
    Parameter::whole("lying", "servers that lie", 3.0, 0.0..=16.0),
    Parameter::real(
        "q",
        "the liars' share of the hash rate, with which they mine if no server is honest",
        0.3,
        0.05..=0.45,
    ),
];

const SPACING: Duration = Duration::from_secs(10);

/// Height of the miner's chain at which the client is asked. One of the lies needs more than twenty blocks.
const END: u64 = 30;

/// Time that a client has to get that block, since some lies make it wait for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Returns the number of liars among the servers: all of them if a setting that was never checked has more.
fn liars(setting: &Setting) -> u64 {
    setting.whole("lying").min(setting.whole("servers"))
}

impl Attack for MisleadLight {
    fn name(&self) -> &'static str {
        "mislead-light"
    }

    fn summary(&self) -> &'static str {
        "Servers of a light client lie to it about the chain."
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn check(&self, setting: &Setting) -> Result<(), SettingError> {
        let (most, value) = (setting.get("servers"), setting.get("lying"));
        if value > most {
            return Err(SettingError::Conflict { name: "lying", of: "servers", most, value });
        }
        Ok(())
    }

    fn quantities(&self) -> &'static [Quantity] {
        &[
            Quantity {
                name: "misled",
                what: "share of light clients on another chain than the honest one",
                decimals: 4,
            },
            Quantity {
                name: "behind",
                what: "mean number of blocks by which the client is behind the honest chain",
                decimals: 1,
            },
        ]
    }

    fn trials(&self) -> u64 {
        100
    }

    fn table(&self) -> Vec<(Setting, u64)> {
        let of = |servers, lying| Setting::of(self).with(self, "servers", servers).with(self, "lying", lying);
        vec![
            (of(4.0, 0.0), 10),
            (of(4.0, 3.0), 20),
            (of(8.0, 7.0), 12),
            (of(4.0, 4.0), 30),
            (of(4.0, 4.0).with(self, "q", 0.1), 30),
        ]
    }

    fn attackers(&self, setting: &Setting) -> Vec<usize> {
        let servers = usize::try_from(setting.whole("servers")).unwrap_or_default();
        let lying = usize::try_from(setting.whole("lying")).unwrap_or_default();
        (servers.saturating_sub(lying)..servers).collect()
    }

    fn theory(&self, setting: &Setting) -> Vec<Expected> {
        let (servers, q) = (small(setting.whole("servers")), setting.get("q"));
        let misled = all_hostile(servers, small(liars(setting)), servers);
        // while the others find END blocks, the liars find a number with a negative binomial distribution
        let behind = f64::from(small(END)) * (1.0 - q / (1.0 - q));
        vec![Expected::theory("misled", misled), Expected::theory("behind", misled * behind)]
    }

    fn trial(&self, setting: &Setting, trial: &Trial<'_>) -> Result<Outcome, TrialError> {
        let place = |name| usize::try_from(setting.whole(name)).unwrap_or_default();
        let (servers, lying) = (place("servers"), place("lying").min(place("servers")));
        let (q, all_lie) = (setting.get("q"), lying == servers);
        let (miner, client) = (servers, servers + 1);
        let rates = (0..servers).map(|server| if all_lie && server == 0 { hash_rate(q) } else { 0 });
        let rates: Vec<_> = rates.chain([hash_rate(1.0 - q)]).collect();
        let simulation = trial.simulation().nodes(servers + 1).hash_rates(rates).light_clients(1).spacing(SPACING);
        let simulation = simulation.params(params(fixed_target(servers + 1, SPACING), setting)?).link(Link::lan());
        // relay 0 is the client's, relay 1 the miner's; liars alone have no use for the miner's
        let simulation = simulation.topology(Topology::Relays(2)).relays_of(miner, [1]).relays_of(client, [0]);
        let mut dice = Dice::new(trial.seed(), 10_000);
        let simulation = (servers - lying..servers).fold(simulation, |simulation, liar| {
            if all_lie {
                return simulation.relays_of(liar, [0]);
            }
            let lie = Lie::ALL.get(dice.index(Lie::ALL.len())).copied().unwrap_or(Lie::Silent);
            simulation.adversary(liar, LightLiar::drawn(lie, &mut dice))
        });

        let (mut at_end, mut outcome) = (None, Outcome::default());
        trial.run(simulation, SPACING / 20, |network| {
            let (Some(node), Some(light)) = (network.node(miner), network.light(client)) else { return false };
            let (chain, tip) = (node.chain(), light.tip());
            if chain.height() < END {
                return false;
            }
            let (since, behind) = *at_end.get_or_insert((network.now(), END.saturating_sub(tip.header.height)));
            let follows = chain.is_active(&tip.hash) && tip.header.height >= END;
            let behind = if follows { 0.0 } else { behind as f64 };
            outcome = Outcome::default().happened("misled", !follows).value("behind", behind);
            follows || network.now() >= since + PATIENCE
        })?;
        Ok(outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_servers_lie_than_there_are() {
        let of = |servers, lying| {
            let setting = Setting::of(&MisleadLight).with(&MisleadLight, "servers", servers);
            MisleadLight.check(&setting.with(&MisleadLight, "lying", lying))
        };
        assert_eq!((of(2.0, 2.0), of(2.0, 0.0)), (Ok(()), Ok(())));
        assert_eq!(of(2.0, 7.0).unwrap_err().to_string(), "lying is at most servers, which is 2, not 7");
    }
}
