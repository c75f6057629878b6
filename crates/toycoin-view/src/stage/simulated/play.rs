//! What a simulated stage shows: the network of its lesson, or a trial of an attack.

use std::sync::Arc;

#[cfg(feature = "attacks")]
use toycoin_core::ChainParams;

use super::{
    config::SimulatedConfig,
    director::Director,
    driver::{Driver, Ending, Reply},
    shared::Shared,
};
#[cfg(feature = "attacks")]
use super::{showing::Showing, staged::Staged};
#[cfg(not(feature = "attacks"))]
use crate::attack::needs_feature;
use crate::{
    command::{Command, Done, Refusal},
    hub::Hub,
};

/// What a simulated stage shows.
#[derive(Debug)]
pub(super) enum Play {
    /// The network that it was started with.
    Lesson,
    /// A trial of an attack.
    #[cfg(feature = "attacks")]
    Attack(Staged),
}

impl Play {
    /// Returns what a command wants to be shown; `None` if it is a command to the network that is shown.
    pub(super) fn asked_for(command: &Command, is_trial: bool) -> Option<Result<Self, Refusal>> {
        match command {
            #[cfg(feature = "attacks")]
            Command::Attack(request) => Some(Staged::new(request).map(Self::Attack)),
            #[cfg(not(feature = "attacks"))]
            Command::Attack(_) => Some(Err(needs_feature())),
            Command::Lesson if is_trial => Some(Ok(Self::Lesson)),
            Command::Lesson => {
                Some(Err(Refusal::Cannot("this is the lesson's network already; go on with it".to_owned())))
            }
            _ => None,
        }
    }
}

/// The stage, as its thread sees it.
#[derive(Debug)]
pub(super) struct Theatre {
    pub(super) config: SimulatedConfig,
    pub(super) hub: Arc<Hub>,
    pub(super) shared: Arc<Shared>,
    pub(super) driver: Driver,
}

impl Theatre {
    /// Shows the lesson, and whatever is asked for afterwards, until nobody can ask any more.
    pub(super) fn run(mut self) {
        let (mut play, mut reply) = (Play::Lesson, None);
        for earlier in 0.. {
            let ending = match play {
                Play::Lesson => self.lesson(earlier, reply),
                #[cfg(feature = "attacks")]
                Play::Attack(staged) => self.attack(&staged, earlier, reply),
            };
            let Ending::Change(next, asked) = ending else { return };
            (play, reply) = (next, Some(asked));
        }
    }

    fn lesson(&mut self, earlier: u64, reply: Option<Reply>) -> Ending {
        // the first run is there before anybody can join
        if earlier > 0 {
            self.shared.set_network(self.config.params(), self.config.nodes);
            self.hub.begin(self.config.state(earlier));
        }
        let mut director = Director::with_hub(&self.config, Arc::clone(&self.hub));
        self.driver.reset();
        answer(reply);
        self.driver.drive(&mut director)
    }

    #[cfg(feature = "attacks")]
    fn attack(&mut self, staged: &Staged, earlier: u64, mut reply: Option<Reply>) -> Ending {
        let Self { hub, shared, driver, .. } = self;
        driver.reset();
        let mut ending = None;
        let mut begin = |params: &ChainParams, nodes, state| {
            shared.set_network(params.clone(), nodes);
            hub.begin(state);
        };
        let mut drive = |director: &mut Director| {
            answer(reply.take());
            match driver.drive(director) {
                Ending::Reached => true,
                other => {
                    ending = Some(other);
                    false
                }
            }
        };
        let shown = Showing::new(staged, earlier, hub, &mut begin, &mut drive).run();
        match (shown, ending) {
            // it stays, for whoever wants to look at it
            (Some(mut director), _) => {
                answer(reply.take());
                driver.drive(&mut director)
            }
            (None, ending) => ending.unwrap_or(Ending::Gone),
        }
    }
}

/// Tells whoever asked for what is shown that it is.
fn answer(reply: Option<Reply>) {
    // whoever asked may have gone
    if let Some(reply) = reply {
        drop(reply.send(Ok(Done::Done)));
    }
}
