//! Measuring an attack: many trials of one setting.

use std::{
    ops::Range,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::{
    attack::Attack,
    outcome::Outcome,
    setting::Setting,
    sweep::sweep,
    trial::{Trial, TrialError},
};

/// How trials are run: on how many threads, until when, and who is told.
pub struct Measure<'a> {
    /// Number of trials that run at the same time.
    pub threads: usize,
    /// Set by the caller to end early. What was measured so far is returned then.
    pub stop: &'a AtomicBool,
    /// Called after each trial with the number of those that have ended.
    pub done: &'a (dyn Fn(u64) + Sync),
}

impl Measure<'_> {
    /// Runs the trials of some numbers under one setting, and returns their outcomes in the order of the numbers. The
    /// trial `number` of a `seed` has the seed that [`trial_seed`] returns.
    ///
    /// # Errors
    /// When an invariant breaks in a trial; the error is that of the lowest number. An interruption is no error.
    pub fn outcomes(
        &self,
        attack: &dyn Attack,
        setting: &Setting,
        seed: u64,
        numbers: Range<u64>,
    ) -> Result<Vec<Outcome>, TrialError> {
        let broken: Mutex<Option<(u64, TrialError)>> = Mutex::new(None);
        let run = |number| {
            if self.stop.load(Ordering::Relaxed) {
                return None;
            }
            match attack.trial(setting, &Trial::new(trial_seed(seed, number)).until(self.stop)) {
                Ok(outcome) => Some(outcome),
                Err(TrialError::Interrupted) => None,
                Err(error) => {
                    let mut first = broken.lock().unwrap_or_else(PoisonError::into_inner);
                    if first.as_ref().is_none_or(|(lowest, _)| number < *lowest) {
                        *first = Some((number, error));
                    }
                    None
                }
            }
        };
        let outcomes = sweep(numbers, self.threads, run, self.done);
        match broken.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some((_, error)) => Err(error),
            None => Ok(outcomes),
        }
    }
}

impl std::fmt::Debug for Measure<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Measure").field("threads", &self.threads).finish_non_exhaustive()
    }
}

/// Returns the seed of a trial: those of different seeds do not overlap.
pub const fn trial_seed(seed: u64, number: u64) -> u64 {
    (seed << 32).wrapping_add(number)
}
