//! Proofs that start at a header which was proved before, and the rise of difficulty from there.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a panic")]
#![allow(clippy::cast_possible_truncation, reason = "chains of tests are short")]

mod common;

use common::{hashes, judge, seed, work};
use toycoin_core::{BlockHash, NetworkSpec, Retargeting, proof::TAIL};
use toycoin_light::{
    Challenge, ProofError, Start, rise_divisor,
    test_util::{HeaderChain, Prover, networks, work_of},
};

/// Returns a header of a chain as a start.
fn start_at(chain: &HeaderChain, height: u64) -> Start {
    let entry = chain.entries()[height as usize];
    Start { height, hash: entry.hash, work: entry.work, own_work: work_of(entry.header.bits) }
}

#[test]
fn a_proof_goes_on_from_any_header_below_its_tip() {
    for params in [networks::moving(), networks::fixed()] {
        let chain = HeaderChain::grown(params, 700, 2);
        let prover = Prover::new(&chain);
        let whole = prover.prove(&Challenge::new(seed(1)));
        for height in [0, 1, 2, 300, 597, 598, 599, 600, 601, 602, 650, 698, 699] {
            let challenge = Challenge::new(seed(1)).with_start(start_at(&chain, height));
            let proof = prover.prove(&challenge);
            let tip = judge(&chain, &proof, &challenge).unwrap();
            assert_eq!((tip.hash(), tip.work()), (chain.tip().hash, chain.tip().work), "from {height}");
            let above: Vec<_> = whole.samples.iter().copied().filter(|sample| sample.header.height > height).collect();
            assert_eq!(proof.samples, above, "from {height}");
            assert!(height < 599 || above.is_empty(), "all points are below the tail");
        }
    }
}

#[test]
fn each_header_of_a_tail_is_the_start_of_the_next_proof() {
    let mut chain = HeaderChain::grown(networks::moving(), 300, 2);
    let challenge = Challenge::new(seed(1));
    let tip = judge(&chain, &Prover::new(&chain).prove(&challenge), &challenge).unwrap();
    chain.grow(250, 3);
    for proved in tip.headers() {
        let challenge = challenge.with_start(proved.to_start());
        assert_eq!(proved.to_start(), start_at(&chain, proved.height()));
        let next = judge(&chain, &Prover::new(&chain).prove(&challenge), &challenge).unwrap();
        assert_eq!(next.work(), chain.tip().work);
    }
}

#[test]
fn a_start_of_another_chain_is_refused() {
    let (chain, other) =
        (HeaderChain::grown(networks::moving(), 400, 2), HeaderChain::grown(networks::moving(), 400, 9));
    let prover = Prover::new(&chain);
    for height in [1, 100, 298, 299, 300, 350] {
        let (held, foreign) = (start_at(&chain, height), start_at(&other, height));
        let of = |start| {
            let challenge = Challenge::new(seed(4)).with_start(start);
            judge(&chain, &prover.prove(&Challenge::new(seed(4)).with_start(held)), &challenge).unwrap_err()
        };
        // in the tail the proof itself says otherwise; below, only the tip's commitment does
        let refused = |error| match height {
            299.. => assert_eq!(error, ProofError::Claims { height }),
            _ => assert!(matches!(error, ProofError::TipState | ProofError::Claims { .. }), "{height}: {error}"),
        };
        refused(of(Start { hash: BlockHash::from_bytes([1; 32]), ..held }));
        refused(of(Start { hash: foreign.hash, ..held }));
        let error = of(Start { work: held.work + work(1), ..held });
        assert!(matches!(error.check(), 4 | 5 | 7), "{height}: {error}");
        let error = of(Start { work: held.work.saturating_sub(work(1)), ..held });
        assert!(matches!(error.check(), 4 | 5 | 7), "{height}: {error}");
    }
}

#[test]
fn a_start_at_or_above_the_tip_is_refused() {
    let chain = HeaderChain::grown(networks::fixed(), 400, 2);
    let prover = Prover::new(&chain);
    let proof = prover.prove_at(300, &Challenge::new(seed(4)));
    for height in [300, 301, 400] {
        let challenge = Challenge::new(seed(4)).with_start(start_at(&chain, height));
        assert_eq!(judge(&chain, &proof, &challenge).unwrap_err(), ProofError::StartHeight { start: height, tip: 300 });
    }
}

#[test]
fn a_start_above_the_tail_claims_no_less_than_its_work() {
    // the proof begins its tail below the work that the asker knows of
    let chain = HeaderChain::grown(networks::fixed(), 400, 2);
    let held = Start { work: chain.tip().work, ..start_at(&chain, 200) };
    let challenge = Challenge::new(seed(4)).with_start(held);
    let proof = Prover::new(&chain).prove(&challenge);
    assert_eq!(judge(&chain, &proof, &challenge).unwrap_err(), ProofError::IntervalAboveTail { height: 200 });
}

/// Returns the first neighbour above a start: its own work, and the work between the two.
fn first_step(chain: &HeaderChain, start: &Start) -> (u64, u64) {
    let challenge = Challenge::new(seed(4)).with_start(*start);
    let proof = Prover::new(chain).prove(&challenge);
    let next = proof.samples.first().map_or(chain.height() - TAIL as u64, |sample| sample.header.height);
    let next = chain.entries()[next as usize];
    (hashes(work_of(next.header.bits)), hashes(next.work.saturating_sub(start.work)))
}

#[test]
fn difficulty_may_rise_by_k_exactly_and_no_further() {
    let chain = HeaderChain::grown(networks::moving(), 900, 6);
    let divisor = rise_divisor(chain.params()).unwrap();
    assert_eq!(divisor, 15, "of this network");
    let mut tried = 0;
    for height in 1..chain.height() - TAIL as u64 {
        let start = start_at(&chain, height);
        let (own, between) = first_step(&chain, &start);
        // a start that was as much easier as the work between allows
        let Some(least) = own.checked_sub(between / divisor).filter(|_| between % divisor == 0) else { continue };
        let of = |own_work: u64| {
            let challenge = Challenge::new(seed(4)).with_start(Start { own_work: work(own_work), ..start });
            judge(&chain, &Prover::new(&chain).prove(&challenge), &challenge)
        };
        assert!(of(least).is_ok(), "from {height}: equality passes");
        if least > 0 {
            assert!(matches!(of(least - 1).unwrap_err(), ProofError::Rise { .. }), "from {height}: one hash more");
        }
        tried += 1;
        if tried == 5 {
            break;
        }
    }
    assert_eq!(tried, 5, "starts with a whole number");
}

#[test]
fn nothing_is_demanded_where_blocks_may_double() {
    let params = networks::network(NetworkSpec {
        retargeting: Some(Retargeting { spacing_ms: 2_000, half_life_ms: 2_000 }),
        ..networks::moving().spec().clone()
    });
    assert_eq!(rise_divisor(&params), Some(0));
    let mut chain = HeaderChain::new(params);
    // the difficulty doubles ten times, and falls again
    for gap in [2_000; 150].into_iter().chain([1; 10]).chain([4_000; 10]).chain([2_000; 120]) {
        chain.push(chain.honest(gap));
    }
    let challenge = Challenge::new(seed(4)).with_start(Start { own_work: work(0), ..start_at(&chain, 100) });
    let proof = Prover::new(&chain).prove(&challenge);
    assert_eq!(judge(&chain, &proof, &challenge).unwrap().work(), chain.tip().work);
}
