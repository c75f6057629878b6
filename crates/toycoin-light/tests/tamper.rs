//! Every tampering with a proof is refused, each with an error of its own.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a panic")]
#![allow(clippy::cast_possible_truncation, reason = "chains of tests are short")]

mod common;

use std::collections::BTreeSet;

use common::{bench::Bench, work};
use toycoin_core::{
    BlockHash, ChainParams, Header, MerkleRoot, StateRoot, Work,
    proof::{Sample, TAIL, WorkProof},
};
use toycoin_light::{
    HeaderFault, LEAST_HEIGHT, MAX_NODES, ProofError,
    test_util::{Prover, mine, networks, work_of},
};

/// Changes a byte of a header so that its hash does not meet its target.
fn spoil(header: &Header, byte: usize) -> Header {
    let flip = |bit: u8| {
        let mut bytes = header.to_bytes();
        bytes[byte] ^= 1 << bit;
        Header::from_bytes(&bytes)
    };
    let is_spoiled = |header: &Header| !header.bits.to_target().is_ok_and(|target| target.is_met_by(&header.hash()));
    (0..8).map(flip).find(is_spoiled).expect("all eight meet the target with a probability of 2^-8 at most")
}

/// Returns whether a fault is what a change of a byte leads to.
fn is_fault_of(byte: usize, fault: HeaderFault) -> bool {
    match byte {
        64..68 => matches!(fault, HeaderFault::Version(_)),
        68..72 => !matches!(fault, HeaderFault::Version(_)),
        _ => fault == HeaderFault::ProofOfWork,
    }
}

fn bytes_of_headers(bench: &mut Bench) {
    let from = bench.tail_from();
    for byte in 0..Header::SIZE {
        bench.refuse(
            "tip",
            |proof| proof.tip = spoil(&proof.tip, byte),
            |error| match error {
                ProofError::Tip(fault) => is_fault_of(byte, fault),
                // another height or time of the tip moves the bounds
                ProofError::SampleHeight { .. } | ProofError::TooManyHeaders { .. } => (72..88).contains(&byte),
                _ => false,
            },
        );
        for place in [0, 1, 7, 99] {
            let height = from + place as u64;
            bench.refuse(
                "tail",
                |proof| proof.tail[place] = spoil(&proof.tail[place], byte),
                |error| match error {
                    ProofError::TailLink { height: at } => byte < 32 && place > 0 && at == height,
                    ProofError::TailHeight { expected, .. } => (72..80).contains(&byte) && expected == height,
                    ProofError::Tail { height: at, fault } => at == height && is_fault_of(byte, fault),
                    _ => false,
                },
            );
        }
        let place = bench.proof.samples.len() / 2;
        let height = bench.proof.samples[place].header.height;
        let change = |proof: &mut WorkProof| {
            proof.samples[place].header = spoil(&proof.samples[place].header, byte);
        };
        bench.refuse("sample", change, |error| match error {
            ProofError::SampleOrder { .. } | ProofError::SampleHeight { .. } => (72..80).contains(&byte),
            ProofError::Sample { height: at, fault } => {
                (at == height || (72..80).contains(&byte)) && is_fault_of(byte, fault)
            }
            _ => false,
        });
    }
}

fn openings(bench: &mut Bench) {
    for byte in 0..32 {
        bench.refuse_with("tip's coins", ProofError::TipState, |proof| proof.opening.coins[byte] ^= 1);
        for place in 0..bench.proof.samples.len().min(3) {
            let error = ProofError::SampleState { height: bench.proof.samples[place].header.height };
            bench.refuse_with("coins", error, |proof| proof.samples[place].opening.coins[byte] ^= 1);
        }
    }
    bench.refuse_with("tip's count", ProofError::TipState, |proof| proof.opening.count += 1);
    for place in 0..bench.proof.samples.len() {
        let error = ProofError::SampleState { height: bench.proof.samples[place].header.height };
        bench.refuse_with("count", error, |proof| proof.samples[place].opening.count += 1);
    }
}

fn claims_of_work(bench: &mut Bench) {
    let (one, most) = (work(1), Work::from_be_bytes([0xff; 32]));
    let shifted = |error: ProofError| {
        matches!(
            error,
            ProofError::Claims { .. }
                | ProofError::IntervalOverlap { .. }
                | ProofError::IntervalAboveTail { .. }
                | ProofError::PointUncovered { .. }
                | ProofError::SampleUnasked { .. }
                | ProofError::TipState
        )
    };
    for place in 0..bench.proof.samples.len() {
        let height = bench.proof.samples[place].header.height;
        bench.refuse("more before", |proof| proof.samples[place].before = proof.samples[place].before + one, shifted);
        let less = |proof: &mut WorkProof| {
            proof.samples[place].before = proof.samples[place].before.saturating_sub(one);
        };
        bench.refuse("less before", less, shifted);
        bench.refuse_with("too much", ProofError::SampleWork { height }, |proof| proof.samples[place].before = most);
        bench.refuse(
            "none before",
            |proof| proof.samples[place].before = Work::ZERO,
            |error| match error {
                ProofError::Claims { height: at } => at + 1 == height || at == height,
                ProofError::IntervalOverlap { height: at } => at == height,
                _ => false,
            },
        );
    }
    let height = bench.tail_from();
    bench.refuse("more before the tail", |proof| proof.before_tail = proof.before_tail + one, shifted);
    bench.refuse("less before the tail", |proof| proof.before_tail = proof.before_tail.saturating_sub(one), shifted);
    bench.refuse_with("too much", ProofError::TailWork { height }, |proof| proof.before_tail = most);
    bench.refuse_with("none", ProofError::IntervalAboveTail { height: 0 }, |proof| proof.before_tail = Work::ZERO);
}

fn nodes(bench: &mut Bench) {
    let nodes = bench.proof.nodes.len();
    for place in 0..nodes {
        bench.refuse_with("node", ProofError::TipState, |proof| proof.nodes[place][31] ^= 0x80);
        bench.refuse_with("node missing", ProofError::NodeMissing, |proof| _ = proof.nodes.remove(place));
        if place > 0 {
            bench.refuse_with("nodes swapped", ProofError::TipState, |proof| proof.nodes.swap(place - 1, place));
        }
    }
    bench.refuse_with("node left over", ProofError::NodeLeftOver, |proof| proof.nodes.push([0; 32]));
    bench.refuse_with("no node", ProofError::NodeMissing, |proof| proof.nodes.clear());
    let error = ProofError::TooManyNodes { found: MAX_NODES + 1, most: MAX_NODES };
    bench.refuse_with("nodes", error, |proof| proof.nodes = vec![[0; 32]; MAX_NODES + 1]);
}

fn samples(bench: &mut Bench) {
    let count = bench.proof.samples.len();
    for place in 0..count {
        let height = bench.proof.samples[place].header.height;
        let missing = |error| matches!(error, ProofError::PointUncovered { .. });
        bench.refuse("sample missing", |proof| _ = proof.samples.remove(place), missing);
        let twice = ProofError::SampleOrder { height, before: height };
        bench.refuse_with("sample twice", twice, |proof| proof.samples.insert(place, proof.samples[place]));
        if place > 0 {
            let before = height;
            let height = bench.proof.samples[place - 1].header.height;
            let swapped = ProofError::SampleOrder { height, before };
            bench.refuse_with("swapped", swapped, |proof| proof.samples.swap(place - 1, place));
        }
    }
    let (from, asked) = (bench.tail_from(), bench.proof.samples.iter().map(|sample| sample.header.height));
    let asked: BTreeSet<_> = asked.collect();
    for height in (1..from).filter(|height| !asked.contains(height)).take(5) {
        let extra = Prover::new(&bench.chain).sample(height);
        let place = bench.proof.samples.partition_point(|sample| sample.header.height < height);
        let unasked = ProofError::SampleUnasked { height };
        bench.refuse_with("sample too many", unasked, |proof| proof.samples.insert(place, extra));
    }
    for height in [0, from, from + 1, bench.chain.height()] {
        let entry = bench.chain.entries()[height as usize];
        let stray = Sample { header: entry.header, opening: entry.opening, before: work(1) };
        let error = ProofError::SampleHeight { height, lowest: 1, highest: from - 1 };
        bench.refuse_with("stray sample", error, |proof| proof.samples = vec![stray]);
    }
    let most = 256 * usize::from(bench.challenge.slices);
    let error = ProofError::TooManySamples { found: most + 1, most };
    bench.refuse_with("samples", error, |proof| proof.samples = vec![proof.samples[0]; most + 1]);
}

fn tails(bench: &mut Bench) {
    for found in [0, 1, TAIL - 1] {
        bench.refuse_with("shorter", ProofError::TailLength { found }, |proof| proof.tail.truncate(found));
    }
    let longer = ProofError::TailLength { found: TAIL + 1 };
    bench.refuse_with("longer", longer, |proof| proof.tail.push(proof.tip));
    let (from, tip) = (bench.tail_from(), bench.chain.height());
    for place in [0, 1, 50, 99] {
        // mined again, with another content: the next header does not follow it
        let link = ProofError::TailLink { height: from + place as u64 + 1 };
        bench.refuse_with("broken link", link, |proof| {
            proof.tail[place] = mine(Header { merkle_root: MerkleRoot::from_bytes([1; 32]), ..proof.tail[place] });
        });
        let height = from + place as u64;
        let range = ProofError::TailTimeRange { height, time: 1 << 48 };
        bench.refuse_with("time of 2^48", range, |proof| {
            proof.tail[place] = mine(Header { time: 1 << 48, ..proof.tail[place] });
        });
        if place > 0 {
            let parent = bench.proof.tail[place - 1].time;
            let late = ProofError::TailTime { height, time: parent, parent };
            bench.refuse_with("its parent's time", late, |proof| {
                proof.tail[place] = mine(Header { time: parent, ..proof.tail[place] });
            });
        }
    }
    let swapped = ProofError::TailHeight { found: from + 4, expected: from + 3 };
    bench.refuse_with("headers swapped", swapped, |proof| proof.tail.swap(3, 4));
    let parent = bench.proof.tail[99].time;
    let late = ProofError::TailTime { height: tip, time: parent, parent };
    bench.refuse_with("tip's time", late, |proof| proof.tip = mine(Header { time: parent, ..proof.tip }));
    let orphan = ProofError::TailLink { height: tip };
    bench.refuse_with("orphan", orphan, |proof| proof.tip = mine(Header { previous: BlockHash::ZERO, ..proof.tip }));
}

fn tips(bench: &mut Bench) {
    // a sibling with a proof of work of its own: its hash draws other points
    let sibling = |merkle: u8| {
        let header = bench.chain.tip().header;
        mine(Header { merkle_root: MerkleRoot::from_bytes([merkle; 32]), ..header })
    };
    for tip in (1..6).map(sibling).collect::<Vec<_>>() {
        bench.refuse("other tip", |proof| proof.tip = tip, |error| error.check() == 5);
    }
    let (height, time) = (bench.chain.height(), bench.chain.tip().header.time);
    let room = time - bench.chain.params().spec().genesis_time;
    for found in [room + 1, u64::MAX] {
        let error = ProofError::TooManyHeaders { height: found, time };
        // no samples, whose heights would be out of bounds
        bench.refuse_with("too high", error, |proof| (proof.tip.height, proof.samples) = (found, Vec::new()));
    }
    for time in [0, bench.chain.params().spec().genesis_time - 1] {
        let error = ProofError::TooManyHeaders { height, time };
        bench.refuse_with("before genesis", error, |proof| proof.tip.time = time);
    }
    for height in [0, 1, LEAST_HEIGHT - 1] {
        let error = ProofError::TooShort { height, least: LEAST_HEIGHT };
        bench.refuse_with("too low", error, |proof| proof.tip.height = height);
    }
}

/// Proves chains whose tip is mined and linked, but says something wrong.
fn whole_proofs(bench: &mut Bench) {
    let below = bench.chain.up_to(bench.chain.height() - 1);
    let (header, opening) = below.next_header(bench.chain.tip().header.bits, bench.chain.tip().header.time);
    let mut prove = |what, header: Header, opening, error| {
        let mut chain = below.clone();
        chain.append(mine(header), opening, work_of(header.bits));
        let proof = Prover::new(&chain).prove(&bench.challenge);
        bench.refuse_proof(what, &proof, |found| found == error);
    };
    let root = StateRoot::from_bytes([7; 32]);
    prove("state root", Header { state_root: root, ..header }, opening, ProofError::TipState);
    let fault = HeaderFault::Version(2);
    prove("version", Header { version: 2, ..header }, opening, ProofError::Tip(fault));
}

/// Tampers with a proof in every way, and returns which errors that gave.
fn tamper(params: ChainParams, blocks: u64) -> BTreeSet<String> {
    let mut bench = Bench::new(params, blocks);
    bytes_of_headers(&mut bench);
    openings(&mut bench);
    claims_of_work(&mut bench);
    nodes(&mut bench);
    samples(&mut bench);
    tails(&mut bench);
    tips(&mut bench);
    whole_proofs(&mut bench);
    assert!(bench.tried >= 1_000, "{}", bench.tried);
    bench.seen
}

#[test]
fn every_tampering_is_refused_with_its_own_error() {
    let mut seen = BTreeSet::new();
    for (params, blocks) in [(networks::moving(), 130), (networks::moving(), 700), (networks::moving(), 2_500)] {
        seen.extend(tamper(params, blocks));
    }
    // the others need another challenge, clock, network or chain, and have tests of their own
    let elsewhere = ["IntervalAboveTail", "Rise", "StartHeight", "TailBits", "TipTime", "WorkTooLow"];
    let all = [
        "Claims",
        "IntervalOverlap",
        "NodeLeftOver",
        "NodeMissing",
        "PointUncovered",
        "Sample",
        "SampleHeight",
        "SampleOrder",
        "SampleState",
        "SampleUnasked",
        "SampleWork",
        "Tail",
        "TailHeight",
        "TailLength",
        "TailLink",
        "TailTime",
        "TailTimeRange",
        "TailWork",
        "Tip",
        "TipState",
        "TooManyHeaders",
        "TooManyNodes",
        "TooManySamples",
        "TooShort",
    ];
    seen.retain(|name| !elsewhere.contains(&name.as_str()));
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), all);
}
