//! The inputs and outputs of relays.

use toycoin_node::{
    machine::Machine,
    relay::{ConnectionId, RelayInput, RelayOutput},
};

use crate::network::{Happening, Network};

/// Number of bytes that a relay's socket takes at once.
const SOCKET_BYTES: usize = 64 << 10;

impl Network {
    pub(crate) fn relay_input(&mut self, relay: usize, input: RelayInput<'_>) {
        let now = self.moment();
        let Some(machine) = &mut self.relays[relay].machine else { return };
        machine.handle(now, input);
        self.drain_relay(relay);
    }

    fn drain_relay(&mut self, relay: usize) {
        while let Some(output) = self.relays[relay].machine.as_mut().and_then(Machine::poll_output) {
            match output {
                RelayOutput::Writable(connection) => self.pull(connection),
                RelayOutput::Close { connection, reason } => {
                    self.trace
                        .note(self.now, format_args!(r#""relay":{relay},"closes":{},"why":"{reason}""#, connection.0));
                    if let Some(wire) = self.wires.get_mut(&connection) {
                        wire.at_relay = false;
                        self.cut_later(connection, false);
                    }
                }
            }
        }
        self.wake_relay(relay);
        self.watch_relay(relay);
    }

    fn wake_relay(&mut self, relay: usize) {
        let site = &mut self.relays[relay];
        let wanted = site.machine.as_ref().and_then(Machine::next_timeout).map(|at| at.since_origin().max(self.now));
        if site.wake.map(|(at, _)| at) == wanted {
            return;
        }
        if let Some(place) = site.wake.take() {
            self.queue.remove(place);
        }
        site.wake = wanted.map(|at| self.queue.push(at, Happening::WakeRelay { relay }));
    }

    /// Takes a relay's output for a connection as fast as the link carries it.
    pub(crate) fn pull(&mut self, connection: ConnectionId) {
        let now = self.moment();
        loop {
            let Some(wire) = self.wires.get_mut(&connection) else { return };
            let relay = wire.relay;
            if wire.down.busy_until > self.now {
                if !wire.pulling {
                    wire.pulling = true;
                    let at = wire.down.busy_until;
                    self.queue.push(at, Happening::Pull { connection });
                }
                return;
            }
            let Some(machine) = &mut self.relays[relay].machine else { return };
            let bytes = machine.next_write(connection, SOCKET_BYTES).concat();
            if bytes.is_empty() {
                return;
            }
            machine.handle(now, RelayInput::Written { connection, count: bytes.len() });
            let Some(wire) = self.wires.get(&connection) else { return };
            let link = self.link_on(wire, false);
            if self.breaks(&link) {
                return self.break_wire(connection);
            }
            self.send_down(connection, &link, bytes);
        }
    }

    pub(crate) fn pull_again(&mut self, connection: ConnectionId) {
        let Some(wire) = self.wires.get_mut(&connection) else { return };
        wire.pulling = false;
        let relay = wire.relay;
        self.pull(connection);
        self.drain_relay(relay);
    }
}
