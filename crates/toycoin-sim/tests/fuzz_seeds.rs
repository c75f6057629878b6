//! What a simulated network says, as seeds for the fuzzer: `TOYCOIN_UPDATE_SEEDS=1` writes them into `fuzz/seeds/`.

#![allow(clippy::unwrap_used, reason = "what is overheard is what honest nodes say")]

use std::{cell::RefCell, collections::BTreeMap, fs, path::Path, rc::Rc, time::Duration};

use toycoin_core::export::BlockLine;
use toycoin_node::{
    machine::{Machine, Monotonic, Now},
    protocol::{Input, NodeMachine, Output},
};
use toycoin_sim::{CrashStore, Fault, Network, Participant, Simulation};
use toycoin_wire::{Frame, Tag, relay::RelayMessage};

/// Seeds by target and name.
type Seeds = Rc<RefCell<BTreeMap<(&'static str, String), Vec<u8>>>>;

/// An honest node, overheard.
struct Overheard {
    node: NodeMachine<CrashStore>,
    seeds: Seeds,
}

impl Overheard {
    /// Keeps the first frame of each kind, and long conversations.
    fn note(&self, bytes: &[u8], received: bool) {
        let mut seeds = self.seeds.borrow_mut();
        let way = if received { "heard" } else { "said" };
        for frame in frames(bytes) {
            let tag: [u8; 4] = frame[4..8].try_into().unwrap();
            let name = format!("run-{way}-{}", String::from_utf8_lossy(&tag).trim());
            seeds.entry(("relay_messages", name.clone())).or_insert_with(|| frame.to_vec());
            // which reader, and pieces of how many bytes
            seeds.entry(("frames", name)).or_insert_with(|| [&[u8::from(received), 7], frame].concat());
            let body = &frame[8..];
            let payload = match RelayMessage::decode(Frame { tag: Tag::new(tag), body }) {
                Ok(RelayMessage::Deliver(deliver)) => deliver.payload,
                Ok(RelayMessage::Publish(publish)) => publish.payload,
                _ => &[],
            };
            if let Some(tag) = payload.get(..4) {
                let name = format!("run-{way}-{}", String::from_utf8_lossy(tag).trim());
                seeds.entry(("node_messages", name)).or_insert_with(|| payload.to_vec());
            }
            let length = u16::try_from(frame.len()).ok().filter(|length| *length < 2_048);
            let Some(length) = length.map(u16::to_le_bytes) else { continue };
            let (target, begin, act): (_, &[u8], [u8; 3]) = match received {
                true if &tag == b"DELV" => ("node_machine", &[0, 0, 0, 0, 0], [2, 0, 1]),
                false => ("relay_machine", &[0, 1, 0, 2], [7, 1, 255]),
                true => continue,
            };
            let script = seeds.entry((target, "run".into())).or_insert_with(|| begin.to_vec());
            if script.len() < 6_000 {
                match received {
                    true => script.extend([&act, &length[..], frame].concat()),
                    false => script.extend([&[2, 1], &length[..], frame, &act, &[255]].concat()),
                }
            }
        }
    }
}

impl Participant for Overheard {
    fn handle(&mut self, now: Now, input: Input<'_>) {
        if let Input::Received { bytes, .. } = &input {
            self.note(bytes, true);
        }
        Machine::handle(&mut self.node, now, input);
    }

    fn poll_output(&mut self) -> Option<Output> {
        let output = Machine::poll_output(&mut self.node);
        if let Some(Output::Send { bytes, .. }) = &output {
            self.note(bytes, false);
        }
        output
    }

    fn next_timeout(&self) -> Option<Monotonic> {
        Machine::next_timeout(&self.node)
    }

    fn node(&self) -> Option<&NodeMachine<CrashStore>> {
        Some(&self.node)
    }
}

fn frames(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut frames = Vec::new();
    while let Some(length) = bytes.first_chunk().map(|length| u32::from_be_bytes(*length)) {
        let Some((frame, rest)) = bytes.split_at_checked(4 + usize::try_from(length).unwrap()) else { break };
        frames.push(frame);
        bytes = rest;
    }
    frames
}

/// Lines of an export, and records as the store keeps them, without their checks.
fn note_chain(network: &Network, seeds: &Seeds) {
    let Some((_, chain)) = network.chains().next() else { return };
    let mut seeds = seeds.borrow_mut();
    let mut keep = |target, name: &str, bytes: Vec<u8>| drop(seeds.insert((target, name.to_owned()), bytes));
    let (tip, state) = (chain.tip(), chain.state());
    let block = chain.block_at(tip.height).unwrap().unwrap();
    let place = [&7u64.to_le_bytes()[..], &9u32.to_le_bytes()].concat();
    let (hash, header) = (tip.hash.to_bytes(), block.block().header.to_bytes());
    keep("exports", "run-block", BlockLine(block.block()).to_string().into_bytes());
    keep("records", "run-blocks", [&[1], &hash[..], &header, &[0], &place].concat());
    keep(
        "records",
        "run-active",
        [&[3], &tip.height.to_be_bytes()[..], &hash, &tip.work.to_be_bytes(), &place].concat(),
    );
    let (outpoint, coin) = chain.coins_of(&block.block().coinbase.outputs[0].owner).unwrap()[0];
    let key = [&outpoint.txid.to_bytes()[..], &outpoint.vout.to_be_bytes()].concat();
    let (value, owner) = (coin.output.value.grains().to_le_bytes(), *coin.output.owner.as_bytes());
    keep("records", "run-coins", [&[5], &key[..], &value, &owner, &coin.coinbase_height.to_le_bytes()].concat());
    keep("records", "run-transactions", [&[7], &outpoint.txid.to_bytes()[..], &place].concat());
    let (count, issued) = (state.coin_count.to_le_bytes(), state.issued.grains().to_le_bytes());
    let (ancestors, peaks) = (state.ancestors.count().to_le_bytes(), state.ancestors.peaks().concat());
    keep(
        "records",
        "run-meta",
        [&[9], &hash[..], &count, &issued, &state.utxo_hash.to_bytes(), &ancestors, &peaks].concat(),
    );
}

#[test]
fn a_run_gives_seeds_for_every_target() {
    let seeds = Seeds::default();
    let overheard = Rc::clone(&seeds);
    let late = Fault::LateJoin { node: 0 };
    let simulation = Simulation::builder(1).nodes(4).payments_per_second(1.0);
    let simulation = simulation.fault(Duration::ZERO..Duration::from_secs(20), late);
    let simulation = simulation.participant(3, move |node| Overheard { node, seeds: overheard });
    let noted = Rc::clone(&seeds);
    let run = simulation.run_until(move |network| {
        let is_over = network.now() >= Duration::from_secs(40);
        if is_over {
            note_chain(network, &noted);
        }
        is_over
    });
    assert!(run.is_ok_and(|run| run.converged()));
    let seeds = seeds.borrow();
    for target in ["exports", "frames", "node_machine", "node_messages", "records", "relay_machine", "relay_messages"] {
        assert!(seeds.keys().any(|(of, _)| *of == target), "{target}");
    }
    if std::env::var_os("TOYCOIN_UPDATE_SEEDS").is_some() {
        for ((target, name), bytes) in seeds.iter() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(target);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(name), bytes).unwrap();
        }
    }
}
