//! A trial of an attack that is going to be shown: checked, so that nothing can refuse it any more.

use std::{fmt, sync::OnceLock, time::Duration};

use toycoin_lab::{
    Attack, Driver, Setting, Trial, TrialError,
    attacks::catalogue,
    output::{outcome_in_words, theory_in_words},
};
use toycoin_sim::Network;

use crate::{
    attack::{AttackInfo, AttackRequest, DefenceInfo, ParameterInfo},
    command::Refusal,
    event::AttackTrial,
    limits::NODES,
};

/// The seed of a trial that names none.
const SEED: u64 = 1;

/// Returns the attacks that can be shown, in the order of the lab.
pub(super) fn attacks() -> &'static [AttackInfo] {
    static ATTACKS: OnceLock<Vec<AttackInfo>> = OnceLock::new();
    ATTACKS.get_or_init(|| {
        let fits = |attack: &&&dyn Attack| look(**attack, &Setting::of(**attack), SEED).is_ok();
        catalogue().iter().filter(fits).map(|attack| info(*attack)).collect()
    })
}

/// A trial of an attack that is going to be shown.
pub(super) struct Staged {
    pub(super) attack: &'static dyn Attack,
    pub(super) setting: Setting,
    pub(super) seed: u64,
}

impl Staged {
    /// Checks what is asked for.
    ///
    /// # Errors
    /// When the lab has no such attack, parameter or defence, a value is out of its range, or the network of the trial
    /// has something that is not shown.
    pub(super) fn new(request: &AttackRequest) -> Result<Self, Refusal> {
        let AttackRequest { attack: name, set, defence, seed } = request;
        let attack = *catalogue().iter().find(|attack| attack.name() == name).ok_or_else(|| {
            let names: Vec<_> = attacks().iter().map(|attack| attack.name.as_str()).collect();
            Refusal::Unfit(format!("there is no attack {name:?}; there are {}", names.join(", ")))
        })?;
        let mut setting = Setting::of(attack);
        let unfit = |error: toycoin_lab::SettingError| Refusal::Unfit(error.to_string());
        set.iter().try_for_each(|(name, value)| setting.set(attack, name, *value)).map_err(unfit)?;
        attack.check(&setting).map_err(unfit)?;
        if let Some(defence) = defence {
            setting.defend(attack, defence).map_err(unfit)?;
        }
        let seed = seed.unwrap_or(SEED);
        look(attack, &setting, seed)?;
        Ok(Self { attack, setting, seed })
    }

    /// Returns what is told of the trial at its begin.
    pub(super) fn told(&self) -> AttackTrial {
        let Self { attack, setting, .. } = self;
        AttackTrial {
            attack: attack.name().to_owned(),
            summary: attack.summary().to_owned(),
            setting: self.setting_in_words(),
            theory: theory_in_words(*attack, setting),
            attackers: attack.attackers(setting),
            outcome: None,
        }
    }

    /// Returns what the trial measured, for a person.
    pub(super) fn outcome(&self, outcome: &toycoin_lab::Outcome) -> String {
        outcome_in_words(self.attack, &self.setting, outcome)
    }

    /// Returns the parameters, the defence and the seed, such as `q 0.3, z 2, seed 7`. Equal words are equal trials.
    pub(super) fn setting_in_words(&self) -> String {
        let parameters = self.attack.parameters().iter();
        let mut words: Vec<_> =
            parameters.map(|parameter| format!("{} {}", parameter.name, self.setting.get(parameter.name))).collect();
        words.extend(self.setting.defence().map(|defence| format!("defence {defence}")));
        words.push(format!("seed {}", self.seed));
        words.join(", ")
    }
}

impl fmt::Debug for Staged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Staged").field("attack", &self.attack.name()).field("setting", &self.setting).finish()
    }
}

fn info(attack: &dyn Attack) -> AttackInfo {
    let parameters = attack.parameters().iter().map(|parameter| ParameterInfo {
        name: parameter.name.to_owned(),
        what: parameter.what.to_owned(),
        default: parameter.default,
        min: *parameter.range.start(),
        max: *parameter.range.end(),
        whole: parameter.whole,
    });
    let defences = attack.defences().iter();
    let defences = defences.map(|defence| DefenceInfo { name: defence.name.into(), what: defence.what.into() });
    AttackInfo {
        name: attack.name().to_owned(),
        summary: attack.summary().to_owned(),
        parameters: parameters.collect(),
        defences: defences.collect(),
    }
}

/// Builds the network of a trial, and checks that all of it can be shown. No time passes in it.
fn look(attack: &dyn Attack, setting: &Setting, seed: u64) -> Result<(), Refusal> {
    let mut look = Look { attack: attack.name(), refusal: None };
    match attack.trial(setting, &Trial::new(seed).driven(&mut look)) {
        Ok(_) | Err(TrialError::Interrupted) => look.refusal.map_or(Ok(()), Err),
        Err(error) => Err(Refusal::Unfit(error.to_string())),
    }
}

/// Looks at a network before anything happens in it, and ends its trial.
#[derive(Debug)]
struct Look {
    attack: &'static str,
    refusal: Option<Refusal>,
}

impl Look {
    fn at(&mut self, network: &Network) {
        let (name, nodes) = (self.attack, network.node_count());
        let reason = if nodes > NODES {
            format!("{nodes} nodes under this setting, and at most {NODES} are shown")
        } else if (0..nodes).any(|node| network.node(node).is_none()) {
            "a light client, which the page does not show".to_owned()
        } else {
            return;
        };
        let text = format!("{name} has {reason}; the program `lab` measures it: see docs/attacks");
        self.refusal = Some(Refusal::Unfit(text));
    }
}

impl Driver for Look {
    fn drive(&mut self, network: Network, _: Duration) -> Result<Network, TrialError> {
        self.at(&network);
        Err(TrialError::Interrupted)
    }

    fn rest(&mut self, network: Network) {
        self.at(&network);
    }
}
