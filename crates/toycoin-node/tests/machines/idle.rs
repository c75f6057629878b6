//! A machine that has nothing to do asks to be left alone: a timeout that has passed already would have its driver run
//! in circles.

use std::time::Duration;

use toycoin_core::{Chain, ChainParams, SecretKey, store::MemoryStore};
use toycoin_node::{
    machine::{Machine, Monotonic, Now},
    protocol::{Input, NodeConfig, NodeMachine},
};

const START_MS: u64 = 1_767_225_600_000 + 1_000;

fn at(elapsed: Duration) -> Now {
    let ms = u64::try_from(elapsed.as_millis()).unwrap();
    Now { monotonic: Monotonic::new(elapsed), unix_ms: START_MS + ms }
}

fn machine(payout: bool) -> NodeMachine<MemoryStore> {
    let params = ChainParams::lab();
    let mut config = NodeConfig::new(&params);
    config.payout = payout.then(|| SecretKey::classroom(0).public_key());
    NodeMachine::new(Chain::in_memory(params), config, at(Duration::ZERO))
}

/// Runs a machine by its timeouts alone for a virtual minute and returns how often it was woken.
fn wakes(machine: &mut NodeMachine<MemoryStore>) -> u32 {
    let (mut now, mut wakes) = (Duration::ZERO, 0);
    while wakes < 10_000 {
        while machine.poll_output().is_some() {}
        let Some(next) = machine.next_timeout() else { break };
        now = now.max(next.since_origin());
        if now > Duration::from_secs(60) {
            break;
        }
        machine.handle(at(now), Input::Timeout);
        wakes += 1;
    }
    wakes
}

#[test]
fn a_node_without_a_relay_is_woken_seldom() {
    assert!(wakes(&mut machine(false)) < 20);
}

#[test]
fn a_miner_is_woken_for_its_templates() {
    let wakes = wakes(&mut machine(true));
    assert!((55..90).contains(&wakes), "{wakes}, once a second");
}
