//! How the victim's machine of peering is driven: its inputs, its outputs, and the queue of events.

use std::time::Duration;

use toycoin_node::{
    machine::{Machine, Monotonic, Now},
    peering::{PeeringInput, PeeringOutput},
};

use crate::{
    eclipse::world::{ATTACKER_PING, Event, HONEST_PING, World},
    params::GENESIS_TIME,
};

/// Time after which a dial to a node that is down has failed.
const DIAL_TIMEOUT: Duration = Duration::from_secs(10);

impl World {
    /// Gives the victim's peering an input.
    pub(super) fn input(&mut self, input: PeeringInput) {
        self.victim.peering.handle(moment(self.now), input);
        self.drain();
    }

    /// Carries out what the victim's peering wants.
    pub(super) fn drain(&mut self) {
        let starts = self.victim.starts;
        while let Some(output) = self.victim.peering.poll_output() {
            match output {
                PeeringOutput::Dial { address, role } => {
                    let there = self.crowd.at(&address.endpoint).map(|there| &self.crowd.all[there]);
                    let takes = match there {
                        Some(node) if node.down_until > self.now => DIAL_TIMEOUT,
                        Some(node) if node.is_honest => HONEST_PING * 3,
                        Some(_) => ATTACKER_PING * 3,
                        None => DIAL_TIMEOUT,
                    };
                    self.plan(takes, Event::Dialled { endpoint: address.endpoint, role, starts });
                }
                PeeringOutput::Drop { peer, .. } => {
                    if let Some(peer) = self.crowd.with(&peer) {
                        self.plan(Duration::ZERO, Event::Gone { peer, starts });
                    }
                }
                PeeringOutput::AskAddresses { peer } => {
                    if let Some(of) = self.crowd.with(&peer) {
                        self.plan(HONEST_PING, Event::Answers { of, starts });
                    }
                }
                PeeringOutput::Save => {}
            }
        }
        let wanted = self.victim.peering.next_timeout().map(|at| at.since_origin().max(self.now));
        if self.wake.map(|(at, _)| at) != wanted {
            if let Some(place) = self.wake.take() {
                self.queue.remove(&place);
            }
            self.wake = wanted.map(|at| self.plan(at.saturating_sub(self.now), Event::Wake));
        }
    }

    /// Plans an event after a time, and returns its key in the queue.
    pub(super) fn plan(&mut self, wait: Duration, event: Event) -> (Duration, u64) {
        self.planned += 1;
        let place = (self.now + wait, self.planned);
        self.queue.insert(place, event);
        place
    }

    /// Returns the present hour since the Unix epoch.
    pub(super) fn hour(&self) -> u32 {
        u32::try_from(moment(self.now).unix_ms / 3_600_000).unwrap_or(u32::MAX)
    }
}

/// Returns a virtual time as a machine sees it.
pub(super) fn moment(now: Duration) -> Now {
    let since = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
    Now { monotonic: Monotonic::new(now), unix_ms: GENESIS_TIME + since }
}
