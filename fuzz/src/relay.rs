//! The relay's machine.

use std::time::Duration;

use toycoin_node::{
    limits,
    machine::{Machine, Monotonic, Now},
    relay::{ConnectionId, RelayConfig, RelayInput, RelayMachine, RelayOutput, Source},
};
use toycoin_wire::{
    ChannelRef, NodeId,
    relay::{Hello, Publish, RelayMessage},
};

use super::script::Script;

const CLIENTS: u8 = 5;

struct Run {
    relay: RelayMachine,
    now: Duration,
    trace: u64,
}

impl Run {
    fn input(&mut self, input: RelayInput<'_>) {
        let now = Now { monotonic: Monotonic::new(self.now), unix_ms: 0 };
        self.relay.handle(now, input);
    }

    /// Takes what the relay wants written, at most `limit` bytes of each queue.
    fn drain(&mut self, limit: usize) {
        let mut rounds = 0;
        while let Some(output) = self.relay.poll_output() {
            rounds += 1;
            assert!(rounds < 100_000, "it comes to an end");
            let RelayOutput::Writable(connection) = output else { continue };
            for _ in 0..64 {
                let count = self.relay.next_write(connection, limit).map(<[u8]>::len).iter().sum::<usize>();
                if count == 0 {
                    break;
                }
                self.trace = self.trace.wrapping_mul(31).wrapping_add(count as u64);
                self.input(RelayInput::Written { connection, count: count.min(limit.max(1)) });
            }
        }
    }
}

fn run(data: &[u8]) -> u64 {
    let mut script = Script::new(data);
    let mut run = Run { relay: RelayMachine::new(RelayConfig::default()), now: Duration::ZERO, trace: 0 };
    while !script.is_over() {
        let (act, number) = (script.byte(), script.byte() % CLIENTS);
        let connection = ConnectionId(number.into());
        match act % 8 {
            0 => run.input(RelayInput::Connected { connection, source: Source::Address(u64::from(number) / 2) }),
            1 => run.input(RelayInput::Disconnected { connection }),
            2 => {
                let bytes = script.slice();
                if !bytes.is_empty() {
                    run.input(RelayInput::Received { connection, bytes });
                }
            }
            3..=5 => {
                let payload = script.slice();
                let channel = ChannelRef::new(["a", "b", "/topic/main"][usize::from(act / 8) % 3]).expect("a name");
                let to = (act & 0x80 != 0).then(|| NodeId::new([script.byte() % CLIENTS; 16]));
                let message = match act % 8 {
                    3 => RelayMessage::Hello(Hello { node_id: NodeId::new([number; 16]), agent: "fuzz" }),
                    4 => RelayMessage::Subscribe(channel),
                    _ => RelayMessage::Publish(Publish { channel, to, payload }),
                };
                let bytes = message.to_frame().expect("within its cap");
                run.input(RelayInput::Received { connection, bytes: &bytes });
            }
            6 => {
                run.now += Duration::from_millis(script.number().into());
                run.input(RelayInput::Timeout);
            }
            _ => run.drain(usize::from(script.number()).max(1)),
        }
        let stats = run.relay.stats();
        assert!(stats.connections <= usize::from(CLIENTS) && stats.channels <= limits::RELAY_CHANNELS);
        assert!(stats.queued_bytes <= 5 * limits::QUEUE_BYTES);
    }
    for number in 0..CLIENTS {
        run.input(RelayInput::Disconnected { connection: ConnectionId(number.into()) });
    }
    run.drain(1 << 16);
    let stats = run.relay.stats();
    assert_eq!((stats.connections, stats.channels, stats.partial_bytes, stats.queued_bytes), (0, 0, 0, 0));
    assert_eq!(run.relay.next_timeout(), None);
    run.trace
}

/// Lets clients do and say whatever the bytes say: bounds hold, nothing is left in the end, and two runs are equal.
pub fn relay_machine(data: &[u8]) {
    assert_eq!(run(data), run(data));
}
