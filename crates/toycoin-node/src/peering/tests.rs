use std::time::Duration;

use toycoin_core::Work;

use super::*;
use crate::{
    limits,
    machine::{Machine, Monotonic, Now},
};

mod any_input;
mod dialling;
mod inbound;
mod restart;
mod telling;

const START_MS: u64 = 1_800_000_000_000;
const START_HOUR: u32 = 500_000;

/// A machine with its clock, driven by hand.
struct Stage {
    peering: Peering,
    now: Now,
}

impl Stage {
    fn new(config: PeeringConfig) -> Self {
        Self::with_file(config, "", START_MS)
    }

    fn with_file(config: PeeringConfig, file: &str, unix_ms: u64) -> Self {
        let now = Now { monotonic: Monotonic::new(Duration::from_secs(1_000)), unix_ms };
        Self { peering: Peering::new(config, file, now), now }
    }

    /// Passes in an input, and returns all outputs.
    fn input(&mut self, input: PeeringInput) -> Vec<PeeringOutput> {
        self.peering.handle(self.now, input);
        assert!(self.peering.next_timeout().is_some_and(|at| at > self.now.monotonic), "it would spin");
        std::iter::from_fn(|| self.peering.poll_output()).collect()
    }

    /// Lets time pass, with a timeout whenever the machine wants one, and returns all outputs.
    fn wait(&mut self, seconds: u64) -> Vec<PeeringOutput> {
        let end = self.now.monotonic + Duration::from_secs(seconds);
        let mut outputs = Vec::new();
        loop {
            let next = self.peering.next_timeout().filter(|at| *at <= end).unwrap_or(end).max(self.now.monotonic);
            let passed = next.saturating_since(self.now.monotonic).as_millis();
            self.now = Now { monotonic: next, unix_ms: self.now.unix_ms + u64::try_from(passed).unwrap() };
            outputs.extend(self.input(PeeringInput::Timeout));
            if next == end {
                return outputs;
            }
        }
    }

    fn hear(&mut self, source: [u8; 4], addresses: &[PeerAddress]) -> Vec<PeeringOutput> {
        let hour = u32::try_from(self.now.unix_ms / 3_600_000).unwrap();
        let addresses = addresses.iter().map(|address| (address.clone(), hour)).collect();
        self.input(PeeringInput::Heard { source: source.into(), addresses })
    }

    fn connect(&mut self, address: &PeerAddress, role: Role) -> Vec<PeeringOutput> {
        let (peer, endpoint) = (address.peer.clone().unwrap(), address.endpoint);
        self.input(PeeringInput::Connected { peer, endpoint, role })
    }

    fn gone(&mut self, address: &PeerAddress) -> Vec<PeeringOutput> {
        self.input(PeeringInput::Gone { peer: address.peer.clone().unwrap() })
    }

    fn fail(&mut self, address: &PeerAddress) -> Vec<PeeringOutput> {
        self.input(PeeringInput::Failed { endpoint: address.endpoint })
    }

    fn is_connected(&self, address: &PeerAddress) -> bool {
        self.peering.connected().any(|other| Some(&other.peer) == address.peer.as_ref())
    }
}

/// Returns the peer with this number, at an address of its own netgroup.
fn node(number: u16) -> PeerAddress {
    let [high, low] = number.to_be_bytes();
    at([20 + high, low, 1, 1], number)
}

fn at(ip: [u8; 4], number: u16) -> PeerAddress {
    let peer = PeerId::from_bytes(&number.to_be_bytes());
    PeerAddress { endpoint: Endpoint::new(ip.into(), 25_001).unwrap(), peer }
}

fn dials(outputs: &[PeeringOutput], of: Role) -> Vec<PeerAddress> {
    let dial = |output: &PeeringOutput| match output {
        PeeringOutput::Dial { address, role } if *role == of => Some(address.clone()),
        _ => None,
    };
    outputs.iter().filter_map(dial).collect()
}

fn dropped(outputs: &[PeeringOutput]) -> Vec<PeerId> {
    let drop = |output: &PeeringOutput| match output {
        PeeringOutput::Drop { peer, .. } => Some(peer.clone()),
        _ => None,
    };
    outputs.iter().filter_map(drop).collect()
}

fn asked(outputs: &[PeeringOutput]) -> usize {
    outputs.iter().filter(|output| matches!(output, PeeringOutput::AskAddresses { .. })).count()
}

fn work(number: u8) -> Work {
    let mut bytes = [0; 32];
    bytes[31] = number;
    Work::from_be_bytes(bytes)
}
