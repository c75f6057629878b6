//! The events of an attack, in order of time.

use std::{collections::BTreeMap, time::Duration};

use toycoin_core::Work;
use toycoin_node::peering::{Endpoint, PeeringInput, Role};

use crate::{
    dice::Dice,
    eclipse::{AfterRestart, Eclipse, EclipseOutcome, crowd::Crowd, driver::moment, victim::Victim},
};

/// Round trip time to honest nodes.
pub(super) const HONEST_PING: Duration = Duration::from_millis(80);

/// Round trip time to the attacker, who rents computers nearby.
pub(super) const ATTACKER_PING: Duration = Duration::from_millis(5);

/// Time for which an honest node is down.
const DOWNTIME: Duration = Duration::from_secs(600);

/// Time within which the attacker dials a victim that has restarted.
const RUSH: Duration = Duration::from_secs(60);

/// Number of addresses from which it does so; more than there are inbound slots.
const RUSHING: usize = 200;

/// Time after a restart at which it is judged.
const SETTLED: Duration = Duration::from_secs(600);

/// Mean time between two honest nodes that dial the victim.
const HONEST_DIALS: Duration = Duration::from_secs(1_800);

/// Something that will happen. Numbers are those of the crowd.
#[derive(Debug)]
pub(super) enum Event {
    /// The result of the victim's dial is known.
    Dialled {
        endpoint: Endpoint,
        role: Role,
        starts: u64,
    },
    /// A node answers the victim's question for addresses.
    Answers {
        of: usize,
        starts: u64,
    },
    /// A node dials the victim.
    Dials {
        node: usize,
        starts: u64,
    },
    /// The attacker appears.
    Appears,
    /// A drawn honest node dials the victim.
    HonestDials,
    /// The victim notices that a peer is gone.
    Gone {
        peer: usize,
        starts: u64,
    },
    /// A drawn honest node stops for a while.
    Stops,
    /// The victim's peering asked to be woken.
    Wake,
    Restart,
    Judged {
        honest_before: usize,
        starts: u64,
    },
}

/// A victim and the nodes around it.
#[derive(Debug)]
pub(super) struct World {
    attack: Eclipse,
    pub(super) now: Duration,
    dice: Dice,
    pub(super) queue: BTreeMap<(Duration, u64), Event>,
    pub(super) planned: u64,
    pub(super) wake: Option<(Duration, u64)>,
    pub(super) crowd: Crowd,
    pub(super) victim: Victim,
    after_restarts: Vec<AfterRestart>,
}

impl World {
    pub(super) fn new(attack: &Eclipse) -> Self {
        let mut dice = Dice::new(attack.seed, 20);
        let crowd = Crowd::draw(attack, &mut dice);
        let first = crowd.address(dice.index(attack.honest));
        let victim = Victim::start(attack, first, &mut dice, moment(Duration::ZERO));
        let (attack, now, queue, planned) = (attack.clone(), Duration::ZERO, BTreeMap::new(), 0);
        Self { attack, now, dice, queue, planned, wake: None, crowd, victim, after_restarts: Vec::new() }
    }

    pub(super) fn run(mut self) -> EclipseOutcome {
        for _ in 0..self.attack.restarts {
            let at = self.dice.between(self.attack.begins, self.attack.lasts);
            self.plan(at, Event::Restart);
        }
        self.plan(Duration::ZERO, Event::HonestDials);
        self.plan_stop();
        self.plan(self.attack.begins, Event::Appears);
        self.drain();
        while let Some(((at, _), event)) = self.queue.pop_first() {
            if at > self.attack.lasts {
                break;
            }
            self.now = at;
            self.happen(event);
        }
        let is_honest = |peer: usize| self.crowd.all[peer].is_honest;
        let (honest_outbound, attacker_outbound) = self.victim.count(Role::Outbound, is_honest);
        let (honest_inbound, attacker_inbound) = self.victim.count(Role::Inbound, is_honest);
        let (honest_known, attacker_known) = self.crowd.named_in(&self.victim.peering.file());
        EclipseOutcome {
            honest_outbound,
            attacker_outbound,
            honest_inbound,
            attacker_inbound,
            honest_known,
            attacker_known,
            after_restarts: self.after_restarts,
        }
    }

    fn happen(&mut self, event: Event) {
        let is_current = |starts: u64| starts == self.victim.starts;
        match event {
            Event::Dialled { endpoint, role, starts } if is_current(starts) => self.dialled(endpoint, role),
            Event::Answers { of, starts } if is_current(starts) => {
                let hour = self.hour();
                let addresses = self.crowd.answer(of, &mut self.dice).into_iter().map(|address| (address, hour));
                let source = self.crowd.all[of].endpoint.ip;
                self.input(PeeringInput::Heard { source, addresses: addresses.collect() });
            }
            Event::Dials { node, starts } if is_current(starts) => self.dials(node),
            Event::Appears => {
                self.crowd.is_attacked = true;
                self.rush();
            }
            Event::HonestDials => {
                let node = self.dice.index(self.attack.honest);
                if self.crowd.all[node].down_until <= self.now {
                    self.dials(node);
                }
                let wait = self.dice.exponential(HONEST_DIALS);
                self.plan(wait, Event::HonestDials);
            }
            Event::Gone { peer, starts } if is_current(starts) => self.gone(peer),
            Event::Stops => {
                let node = self.dice.index(self.attack.honest);
                self.crowd.all[node].down_until = self.now + DOWNTIME;
                if self.victim.connected.contains_key(&node) {
                    self.gone(node);
                }
                self.plan_stop();
            }
            Event::Wake => {
                self.wake = None;
                self.input(PeeringInput::Timeout);
            }
            Event::Restart => self.restart(),
            Event::Judged { honest_before, starts } if is_current(starts) => self.judge(honest_before),
            _ => {}
        }
    }

    /// Plans the next stop of an honest node.
    fn plan_stop(&mut self) {
        let honest = u32::try_from(self.attack.honest.max(1)).unwrap_or(u32::MAX);
        let wait = self.dice.exponential(self.attack.uptime / honest);
        self.plan(wait, Event::Stops);
    }

    fn restart(&mut self) {
        let (honest_before, _) = self.victim.count(Role::Outbound, |peer| self.crowd.all[peer].is_honest);
        self.victim.restart(&mut self.dice, moment(self.now));
        self.plan(SETTLED, Event::Judged { honest_before, starts: self.victim.starts });
        self.rush();
        self.drain();
    }

    fn judge(&mut self, honest_before: usize) {
        let is_honest = |peer: usize| self.crowd.all[peer].is_honest;
        let (honest, attacker) = self.victim.count(Role::Outbound, is_honest);
        self.after_restarts.push(AfterRestart { honest_before, honest, attacker });
    }

    /// Makes the attacker dial the victim from many addresses soon, and from the others by and by.
    fn rush(&mut self) {
        if !self.crowd.is_attacked {
            return;
        }
        let starts = self.victim.starts;
        for node in self.attack.honest..self.crowd.all.len() {
            if self.dice.index(self.attack.attackers) < RUSHING {
                let wait = self.dice.between(Duration::ZERO, RUSH);
                self.plan(wait, Event::Dials { node, starts });
            } else {
                self.retry(node);
            }
        }
    }

    /// Lets a node dial the victim, which may refuse it.
    fn dials(&mut self, node: usize) {
        let neighbour = &self.crowd.all[node];
        let (endpoint, id, is_honest) = (neighbour.endpoint, neighbour.id.clone(), neighbour.is_honest);
        let peering = &self.victim.peering;
        let is_free = !self.victim.connected.contains_key(&node);
        if is_free && peering.may_accept(endpoint.ip).is_ok() && peering.may_connect(&id).is_ok() {
            self.connect(node, Endpoint { port: 50_000, ..endpoint }, Role::Inbound);
        } else if !is_honest {
            self.retry(node);
        }
    }

    /// Plans that an address of the attacker tries again.
    fn retry(&mut self, node: usize) {
        let wait = self.dice.exponential(self.attack.retries);
        self.plan(wait, Event::Dials { node, starts: self.victim.starts });
    }

    fn dialled(&mut self, endpoint: Endpoint, role: Role) {
        let there = self.crowd.at(&endpoint);
        let there = there.filter(|there| self.crowd.all[*there].down_until <= self.now);
        let Some(node) = there else { return self.input(PeeringInput::Failed { endpoint }) };
        if self.victim.connected.contains_key(&node) {
            // the attacker gives up an inbound slot to be an outbound peer
            if self.crowd.all[node].is_honest {
                return self.input(PeeringInput::Failed { endpoint });
            }
            self.gone(node);
        }
        if self.victim.peering.may_connect(&self.crowd.all[node].id).is_err() {
            return self.input(PeeringInput::Failed { endpoint });
        }
        self.connect(node, endpoint, role);
    }

    fn connect(&mut self, node: usize, endpoint: Endpoint, role: Role) {
        let neighbour = &self.crowd.all[node];
        let (peer, is_honest, source) = (neighbour.id.clone(), neighbour.is_honest, endpoint.ip);
        let took = if is_honest { HONEST_PING } else { ATTACKER_PING };
        let addresses = vec![(self.crowd.address(node), self.hour())];
        self.victim.connected.insert(node, role);
        self.input(PeeringInput::Connected { peer: peer.clone(), endpoint, role });
        self.input(PeeringInput::Heard { source, addresses });
        self.input(PeeringInput::Pinged { peer: peer.clone(), took });
        // everybody claims the best chain
        self.input(PeeringInput::Shows { peer, work: Work::ZERO, ours: Work::ZERO });
    }

    fn gone(&mut self, node: usize) {
        let peer = self.crowd.all[node].id.clone();
        let role = self.victim.connected.remove(&node);
        if role == Some(Role::Inbound) && !self.crowd.all[node].is_honest {
            self.retry(node);
        }
        self.input(PeeringInput::Gone { peer });
    }
}
