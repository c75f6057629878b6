//! Proofs that are right, for another question, clock, network or chain.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a panic")]
#![allow(clippy::cast_possible_truncation, reason = "chains of tests are short")]

mod common;

use std::collections::BTreeSet;

use common::{bench::Bench, judge, seed, work};
use toycoin_core::{
    CompactTarget, NetworkSpec,
    proof::{TAIL, points},
};
use toycoin_light::{
    Challenge, HeaderFault, ProofError,
    test_util::{Draft, HeaderChain, Prover, networks, work_of},
    verify,
};

#[test]
fn another_challenge_is_not_answered() {
    let bench = Bench::new(networks::moving(), 1_500);
    let of = |challenge: Challenge| judge(&bench.chain, &bench.proof, &challenge).unwrap_err();
    for number in 12..40 {
        assert_eq!(of(Challenge::new(seed(number))).check(), 5);
    }
    for slices in [0, 1, 23, 25, 256, u16::MAX] {
        let error = of(Challenge { slices, ..bench.challenge });
        let is_bound = matches!(error, ProofError::TooManySamples { .. });
        assert!(error.check() == 5 || is_bound && slices < 2, "{slices} slices: {error:?}");
    }
    assert_eq!(of(Challenge::FILE).check(), 5);
}

#[test]
fn slices_out_of_range_count_as_the_nearest() {
    let chain = HeaderChain::grown(networks::fixed(), 300, 1);
    let prover = Prover::new(&chain);
    for (slices, counted) in [(0, 1), (257, 256), (u16::MAX, 256)] {
        let (odd, near) = (Challenge { slices, ..Challenge::FILE }, Challenge { slices: counted, ..Challenge::FILE });
        assert_eq!(prover.prove(&odd), prover.prove(&near));
        assert!(judge(&chain, &prover.prove(&near), &odd).is_ok());
    }
}

#[test]
fn a_tip_ahead_of_the_clock_is_deferred() {
    let bench = Bench::new(networks::moving(), 300);
    let (time, drift) = (bench.chain.tip().header.time, bench.chain.params().spec().max_future_ms);
    let at = |now| verify(bench.chain.params(), &bench.proof, &bench.challenge, now);
    assert!(at(time - drift).is_ok(), "exactly the drift");
    let error = at(time - drift - 1).unwrap_err();
    assert_eq!(error, ProofError::TipTime { time, latest: time - 1 });
    assert!(error.is_deferred());
    assert!(at(u64::MAX).is_ok(), "no overflow");
    assert!(at(0).unwrap_err().is_deferred());
}

#[test]
fn a_future_tip_with_a_bad_tail_is_deferred_first() {
    // whatever else is wrong, nothing of a proof is judged before its time
    let mut bench = Bench::new(networks::moving(), 300);
    bench.proof.tail[3].nonce += 1;
    let verdict = verify(bench.chain.params(), &bench.proof, &bench.challenge, 0);
    assert!(verdict.unwrap_err().is_deferred());
}

#[test]
fn another_schedule_of_money_is_refused() {
    let bench = Bench::new(networks::moving(), 700);
    let spec = bench.chain.params().spec().clone();
    let other = networks::network(NetworkSpec { halving_interval: 151, ..spec.clone() });
    assert_eq!(other.genesis_hash(), bench.chain.params().genesis_hash());
    let verdict = verify(&other, &bench.proof, &bench.challenge, bench.chain.tip().header.time);
    assert_eq!(verdict.unwrap_err(), ProofError::TipState);
    // another genesis
    let other = networks::network(NetworkSpec { extra: b"other".to_vec(), ..spec });
    let verdict = verify(&other, &bench.proof, &bench.challenge, bench.chain.tip().header.time);
    assert!(matches!(verdict.unwrap_err(), ProofError::Claims { height: 0 } | ProofError::TipState));
}

#[test]
fn less_work_than_the_networks_minimum_is_refused() {
    let bench = Bench::new(networks::moving(), 300);
    let found = bench.chain.tip().work;
    let of = |least| {
        let spec = bench.chain.params().spec().clone();
        let params = networks::network(NetworkSpec { minimum_work: Some(least), ..spec });
        verify(&params, &bench.proof, &bench.challenge, bench.chain.tip().header.time)
    };
    assert!(of(found).is_ok(), "equality passes");
    let least = found + work(1);
    assert_eq!(of(least).unwrap_err(), ProofError::WorkTooLow { found, least });
}

#[test]
fn points_on_an_intervals_edges_ask_for_one_header() {
    // a point at the work up to a header asks for it, and one hash more for the next
    let chain = HeaderChain::grown(networks::fixed(), 600, 5);
    let prover = Prover::new(&chain);
    let (mut tops, mut bottoms) = (0, 0);
    for number in 0..30 {
        let challenge = Challenge { slices: 1, ..Challenge::new(seed(number)) };
        let proof = prover.prove(&challenge);
        judge(&chain, &proof, &challenge).unwrap();
        let (tip, before) = (chain.tip(), proof.before_tail);
        let tail = tip.work.saturating_sub(before);
        for point in points(&challenge.seed, &tip.hash, 1, tail, tip.work) {
            let asked =
                proof.samples.iter().position(|sample| sample.before < point && point <= sample.before + work(2));
            let Some(place) = asked else { continue };
            let sample = proof.samples[place];
            let height = sample.header.height;
            // its neighbour, which a verifier that took the other edge would ask for
            let neighbour = if point == sample.before + work(2) { height + 1 } else { height - 1 };
            if neighbour == 0 || neighbour >= chain.height() - TAIL as u64 {
                continue;
            }
            if neighbour > height {
                tops += 1
            } else {
                bottoms += 1
            }
            let mut other = proof.clone();
            other.samples[place] = prover.sample(neighbour);
            let error = judge(&chain, &other, &challenge).unwrap_err();
            assert_eq!(error, ProofError::PointUncovered { point }, "seed {number}");
        }
    }
    assert!(tops > 5 && bottoms > 5, "{tops} and {bottoms}");
}

#[test]
fn an_invented_leaf_beside_a_sample_is_refused() {
    // the leaf before a sample is invented, so that all the others move up by the work that it claims
    let honest = HeaderChain::grown(networks::moving(), 700, 3);
    let challenge = Challenge::new(seed(1));
    let mut refused = BTreeSet::new();
    for height in [120, 250, 400, 560, 597] {
        let mut forged = honest.up_to(height - 1);
        let invented = Draft { claim: work(5_000), mined: false, ..forged.honest(2_000) };
        forged.push(invented);
        for entry in &honest.entries()[height as usize + 1..] {
            forged.append(entry.header, entry.opening, work_of(entry.header.bits));
        }
        let proof = Prover::new(&forged).prove(&challenge);
        refused.insert(judge(&forged, &proof, &challenge).unwrap_err().check());
    }
    assert!(refused.iter().all(|check| [4, 5, 7, 8].contains(check)), "{refused:?}");
}

#[test]
fn bits_out_of_form_are_named_where_they_stand() {
    let mut bench = Bench::new(networks::moving(), 700);
    let from = bench.tail_from();
    let sample = bench.proof.samples[2].header.height;
    for (bits, fault) in [
        (0x1f80_0001, HeaderFault::Bits as fn(_) -> _), // negative
        (0, HeaderFault::Bits),                         // no hash meets it
        (0xff12_3456, HeaderFault::Bits),               // beyond 256 bits
        (0x2100_0001, HeaderFault::Bits),               // not canonical
        (0x2004_0000, HeaderFault::Limit),              // one above the limit
        (0x207f_ffff, HeaderFault::Limit),
    ] {
        let bits = CompactTarget::from_bits(bits);
        let fault = fault(bits);
        bench.refuse_with("tip", ProofError::Tip(fault), |proof| proof.tip.bits = bits);
        let error = ProofError::Tail { height: from + 4, fault };
        bench.refuse_with("tail", error, |proof| proof.tail[4].bits = bits);
        let error = ProofError::Sample { height: sample, fault };
        bench.refuse_with("sample", error, |proof| proof.samples[2].header.bits = bits);
    }
}
