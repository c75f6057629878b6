//! Begin and end of faults.

use toycoin_node::relay::RelayMachine;

use crate::{
    fault::Fault,
    network::{Fact, Happening, Network},
};

impl Network {
    pub(crate) fn plan_faults(&mut self) {
        for (fault, scheduled) in self.faults.iter().enumerate() {
            self.active_faults += 1;
            self.queue.push(scheduled.from, Happening::Begin { fault });
            self.queue.push(scheduled.until.max(scheduled.from), Happening::End { fault });
        }
    }

    pub(crate) fn begin_fault(&mut self, id: usize) {
        let fault = self.faults[id].fault.clone();
        self.trace.note(self.now, format_args!(r#""begins":"{:?}""#, fault.kind()));
        self.see(|| Fact::FaultBegan { kind: fault.kind() });
        let happened = match &fault {
            Fault::Partition { one, other, one_way } => {
                self.block(one, other, 1);
                if !one_way {
                    self.block(other, one, 1);
                }
                self.part_mesh();
                !one.is_empty() && !other.is_empty()
            }
            Fault::Crash { node, lose_tail } => self.crash(*node, Some(*lose_tail)),
            Fault::LateJoin { node } => self.crash(*node, None),
            Fault::RelayRestart { relay } => self.stop_relay(*relay),
            Fault::SlowLink { node, bandwidth, latency } => {
                self.nodes[*node].slow.push((*bandwidth, *latency));
                true
            }
            Fault::LossyLink { node } => {
                self.nodes[*node].lossy += 1;
                true
            }
            Fault::CarelessRelay { node } => {
                self.nodes[*node].careless += 1;
                true
            }
            Fault::ClockSkew { node, offset_ms } => {
                self.nodes[*node].clock_offset_ms += offset_ms;
                true
            }
            Fault::HashBurst { node, factor } => {
                self.nodes[*node].bursts.push(*factor);
                self.search_again(*node);
                true
            }
            Fault::Eclipse { node } => {
                *self.eclipsed.entry(*node).or_default() += 1;
                self.part_mesh();
                true
            }
            Fault::LagFlood { node } => {
                let site = &mut self.nodes[*node];
                site.lag_floods += 1;
                // planned floods of one node add up, and recorded seeds depend on that
                if site.lag_series == 0 || id < self.planned_faults {
                    site.lag_series += 1;
                    self.queue.push(self.now, Happening::SayLagged { node: *node });
                }
                true
            }
        };
        *self.injected.entry(fault.kind()).or_default() += u64::from(happened);
    }

    pub(crate) fn end_fault(&mut self, id: usize) {
        let fault = self.faults[id].fault.clone();
        self.active_faults -= 1;
        self.trace.note(self.now, format_args!(r#""ends":"{:?}""#, fault.kind()));
        self.see(|| Fact::FaultEnded { kind: fault.kind() });
        match &fault {
            Fault::Partition { one, other, one_way } => {
                self.block(one, other, -1);
                if !one_way {
                    self.block(other, one, -1);
                }
            }
            Fault::Crash { node, .. } | Fault::LateJoin { node } => {
                self.nodes[*node].down -= 1;
                if self.nodes[*node].down == 0 && !self.nodes[*node].is_adversary() {
                    self.start(*node);
                }
            }
            Fault::RelayRestart { .. } if self.keeps_down(id) => {}
            Fault::RelayRestart { relay } => {
                let config = &self.relay_config;
                self.relays[*relay].machine.get_or_insert_with(|| RelayMachine::new(config.clone()));
            }
            Fault::SlowLink { node, bandwidth, latency } => {
                let slow = &mut self.nodes[*node].slow;
                if let Some(place) = slow.iter().position(|slow| slow == &(*bandwidth, *latency)) {
                    slow.remove(place);
                }
            }
            Fault::LossyLink { node } => self.nodes[*node].lossy -= 1,
            Fault::CarelessRelay { node } => self.nodes[*node].careless -= 1,
            Fault::ClockSkew { node, offset_ms } => self.nodes[*node].clock_offset_ms -= offset_ms,
            Fault::HashBurst { node, factor } => {
                // not divided by: a factor of 0 ends too
                let bursts = &mut self.nodes[*node].bursts;
                if let Some(place) = bursts.iter().position(|burst| burst == factor) {
                    bursts.remove(place);
                }
                self.search_again(*node);
            }
            Fault::Eclipse { node } => {
                let count = self.eclipsed.entry(*node).or_default();
                *count = count.saturating_sub(1);
                self.eclipsed.retain(|_, count| *count > 0);
            }
            Fault::LagFlood { node } => self.nodes[*node].lag_floods -= 1,
        }
    }

    /// Takes a node down; `lose_tail` is `None` for a node that has not joined yet. Returns whether the fault took
    /// effect.
    fn crash(&mut self, node: usize, lose_tail: Option<bool>) -> bool {
        if self.nodes[node].is_adversary() {
            self.nodes[node].down += 1;
            return false;
        }
        self.nodes[node].down += 1;
        self.traffic.forget(node);
        self.stop_search(node);
        if let Some(place) = self.nodes[node].wake.take() {
            self.queue.remove(place);
        }
        self.keep_light(node);
        let Some(machine) = self.nodes[node].machine.take() else { return lose_tail.is_none() };
        let wires: Vec<_> = self.nodes[node].wires.iter_mut().filter_map(Option::take).collect();
        for connection in wires {
            self.cut(connection);
        }
        self.stop_mesh(node);
        if let Some(store) = machine.into_store() {
            let unsynced = store.unsynced();
            let surviving = match lose_tail {
                Some(true) => self.dice.troubles.index(unsynced.max(1)),
                _ => unsynced,
            };
            self.trace.note(self.now, format_args!(r#""crash":{node},"unsynced":{unsynced},"surviving":{surviving}"#));
            self.nodes[node].disk = Some(Box::new(store.crash(surviving)));
        }
        true
    }

    fn stop_relay(&mut self, relay: usize) -> bool {
        if let Some(place) = self.relays[relay].wake.take() {
            self.queue.remove(place);
        }
        let happened = self.relays[relay].machine.take().is_some();
        let lost: Vec<_> = self.wires.iter().filter(|(_, wire)| wire.relay == relay).map(|(at, _)| at).collect();
        for connection in lost {
            self.cut(connection);
        }
        happened
    }

    /// Returns whether another restart of a relay lasts, so that the end of this one does not bring it back.
    ///
    /// Among planned restarts the first end brings it back. Faults that a seed draws overlap in that way, and recorded
    /// seeds depend on it.
    fn keeps_down(&self, id: usize) -> bool {
        let are_planned = |other: usize| id < self.planned_faults && other < self.planned_faults;
        let mut faults = self.faults.iter().enumerate();
        faults.any(|(other, scheduled)| {
            let lasts = (scheduled.from..scheduled.until).contains(&self.now);
            lasts && other != id && scheduled.fault == self.faults[id].fault && !are_planned(other)
        })
    }

    fn block(&mut self, from: &[usize], to: &[usize], change: i32) {
        for from in from {
            for to in to {
                let count = self.blocked.entry((*from, *to)).or_default();
                *count = count.saturating_add_signed(change);
            }
        }
        self.blocked.retain(|_, count| *count > 0);
    }
}
