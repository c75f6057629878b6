//! The network of the attacks on difficulty: a short spacing, and a half-life that is set.

use std::time::Duration;

use toycoin_core::{NetworkSpec, Retargeting};
use toycoin_sim::{Link, Simulation, Watch};

use crate::{
    attacks::world::params,
    setting::{Parameter, Setting},
    trial::{Trial, TrialError},
};

/// Time between two blocks. It is long beside the links' millisecond.
pub(super) const SPACING: Duration = Duration::from_secs(2);

/// The parameter of the half-life.
pub(super) const HALF_LIFE: Parameter =
    Parameter::whole("half-life", "spacings in which the difficulty rule halves its error", 20.0, 10.0..=1_000.0);

/// Returns a network of some nodes under the half-life of a setting.
///
/// # Errors
/// When the parameters do not fit each other.
pub(super) fn simulation(trial: &Trial<'_>, setting: &Setting, nodes: usize) -> Result<Simulation, TrialError> {
    let usual = toycoin_sim::spec(1, SPACING);
    let half_life_ms = |of: Retargeting| of.spacing_ms.saturating_mul(setting.whole(HALF_LIFE.name));
    let retargeting = usual.retargeting.map(|of| Retargeting { half_life_ms: half_life_ms(of), ..of });
    let params = params(NetworkSpec { retargeting, ..usual }, setting)?;
    let simulation = trial.simulation().nodes(nodes).spacing(SPACING).link(Link::lan());
    Ok(simulation.params(params).watch(Watch::Sampled(16)))
}
