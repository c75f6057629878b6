//! The network of the attacks with time: honest nodes that judge by all rules, beside an attacker who may judge by fewer.

use std::time::Duration;

use toycoin_core::{ChainParams, NetworkSpec, Rule};
use toycoin_sim::{Link, Simulation, Watch};

use crate::{
    setting::Setting,
    trial::{Trial, TrialError},
};

/// Time between two blocks. It is long beside the links' millisecond.
pub(super) const SPACING: Duration = Duration::from_secs(20);

/// The half-life of the difficulty rule, in spacings.
pub(super) const HALF_LIFE: f64 = 20.0;

/// Time by which a block may be ahead of a clock, in spacings: rule R14.
pub(super) const DRIFT: f64 = 5.0;

/// Returns a network whose honest nodes judge by all rules but those that a setting switches off.
///
/// # Errors
/// When the parameters do not fit each other.
pub(super) fn simulation(trial: &Trial<'_>, setting: &Setting, nodes: usize) -> Result<Simulation, TrialError> {
    let simulation = trial.simulation().nodes(nodes).spacing(SPACING).link(Link::lan()).watch(Watch::Sampled(16));
    Ok(simulation.params(without(setting.off())?))
}

/// Returns the rules of an attacker who breaks rule R12: his own node does not stop him.
///
/// # Errors
/// When the parameters do not fit each other.
pub(super) fn lawless(setting: &Setting) -> Result<ChainParams, TrialError> {
    let own = [Rule::TimeAboveParent];
    let others = setting.off().iter().copied().filter(|rule| !own.contains(rule));
    without(&others.chain(own).collect::<Vec<_>>())
}

/// Returns whether honest nodes judge by rule R12: times rise from block to block.
pub(super) fn holds_order(setting: &Setting) -> bool {
    !setting.off().contains(&Rule::TimeAboveParent)
}

/// Returns a sandbox's parameters, with some rules switched off or with none. Its genesis is the same in each case.
fn without(off: &[Rule]) -> Result<ChainParams, TrialError> {
    let spec = toycoin_sim::spec(1, SPACING);
    let extra = [spec.extra.as_slice(), b" sandbox"].concat();
    Ok(ChainParams::sandbox(NetworkSpec { extra, ..spec }, off.iter().copied())?)
}
