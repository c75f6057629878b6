//! Who moves the network of a trial, if the trial does not do it by itself.

use std::{fmt, time::Duration};

use toycoin_sim::Network;

use crate::trial::TrialError;

/// Moves the network of a [trial](crate::Trial), for example in step with real time, so that people can watch it.
///
/// The attack looks at its network at intervals. In between, the driver holds it: it moves it in as many steps as it
/// likes, observes it, and answers questions about it. Many steps are the same run as one, so the outcome is that of a
/// trial without a driver, as long as the driver changes nothing.
///
/// ```
/// use std::time::Duration;
/// use toycoin_lab::{Attack, Driver, Setting, Trial, TrialError, attacks::DoubleSpend};
/// use toycoin_sim::Network;
///
/// #[derive(Debug, Default)]
/// struct Clockwork {
///     steps: u64,
/// }
///
/// impl Driver for Clockwork {
///     fn drive(&mut self, mut network: Network, until: Duration) -> Result<Network, TrialError> {
///         while network.now() < until {
///             self.steps += 1;
///             network.run_to(until.min(network.now() + Duration::from_millis(500)))?;
///         }
///         Ok(network)
///     }
/// }
///
/// let (attack, mut clockwork) = (DoubleSpend, Clockwork::default());
/// let setting = Setting::of(&attack);
/// let outcome = attack.trial(&setting, &Trial::new(7).driven(&mut clockwork))?;
/// assert_eq!(outcome, attack.trial(&setting, &Trial::new(7))?);
/// assert!(clockwork.steps > 10);
/// # Ok::<(), TrialError>(())
/// ```
pub trait Driver: fmt::Debug {
    /// Moves a network up to a virtual time, and gives it back.
    ///
    /// # Errors
    /// [`TrialError::Interrupted`] when the trial is to end without an outcome, or an invariant that broke.
    fn drive(&mut self, network: Network, until: Duration) -> Result<Network, TrialError>;

    /// Takes the network of a trial that has measured what it wanted; it moves no further. By default it is dropped.
    fn rest(&mut self, network: Network) {
        drop(network);
    }
}
