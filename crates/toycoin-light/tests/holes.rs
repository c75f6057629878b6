//! Four holes: forks whose work was done, but in one block. Each passes without a check, and is refused by it.
//!
//! A forger with little power finds such a block by luck, however deep the fork. So a block's difficulty has to follow
//! from the blocks before it.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a panic")]
#![allow(clippy::cast_possible_truncation, reason = "chains of tests are short")]

mod common;

use common::{hashes, prove_and_judge, prove_and_pardon};
use toycoin_core::{CompactTarget, proof::TAIL};
use toycoin_light::{
    Challenge, HeaderFault, ProofError, Start,
    test_util::{Draft, HeaderChain, Prover, mine, networks, verify_pardoning, work_of},
};

/// 2^15 hashes: more than 300 blocks of the networks here.
const GIANT: CompactTarget = CompactTarget::from_bits(0x1f01_ffff);
/// Two half-lives, after which the next block is four times easier.
const PAUSE: u64 = 80_000;

fn challenge() -> Challenge {
    Challenge::new([5; 32])
}

/// Adds a block of any difficulty.
fn push_giant(chain: &mut HeaderChain) {
    let draft = Draft { bits: GIANT, claim: work_of(GIANT), ..chain.honest(2_000) };
    chain.push(draft);
}

/// Adds blocks with the bits that the rules demand, after pauses that make them easy again.
fn push_rest(chain: &mut HeaderChain, blocks: usize) {
    for _ in 0..blocks {
        chain.push(chain.honest(PAUSE));
    }
}

/// Asserts that one block makes a fork of 101 heavier than the honest chain of the same length.
fn assert_worth_it(fork: &HeaderChain) {
    let mut honest = fork.up_to(fork.height() - TAIL as u64 - 2);
    push_rest(&mut honest, TAIL + 2);
    assert!(hashes(fork.tip().work) > hashes(honest.tip().work) + hashes(work_of(GIANT)) / 2);
}

#[test]
fn s1_any_bits_of_the_tails_second_header_are_refused() {
    let mut fork = HeaderChain::grown(networks::moving(), 400, 1);
    push_giant(&mut fork);
    push_rest(&mut fork, TAIL - 1);
    assert_worth_it(&fork);
    let giant = fork.height() - TAIL as u64 + 1;
    assert_eq!(fork.entries()[giant as usize].header.bits, GIANT, "the tail's second header");
    assert_eq!(prove_and_judge(&fork, &challenge()).unwrap_err(), ProofError::Rise { height: giant });
    let without = prove_and_pardon(&fork, &challenge(), |error| *error == ProofError::Rise { height: giant });
    assert_eq!(without.unwrap().work(), fork.tip().work, "the exploit");
}

#[test]
fn s2_a_time_below_the_tails_first_header_is_refused() {
    let mut fork = HeaderChain::grown(networks::moving(), 400, 1);
    let now = fork.tip().header.time;
    // forth by twelve half-lives, and back by ten: the third header is 2^10 times harder, exactly as the rules demand
    let forth = Draft { time: now + 12 * 40_000, ..fork.honest(2_000) };
    fork.push(forth);
    let back = Draft { time: now + 2 * 40_000, ..fork.honest(2_000) };
    fork.push(back);
    push_rest(&mut fork, TAIL - 1);
    assert_worth_it(&fork);
    let height = fork.height() - TAIL as u64 + 1;
    let error = prove_and_judge(&fork, &challenge()).unwrap_err();
    let refused = ProofError::TailTime { height, time: now + 2 * 40_000, parent: now + 12 * 40_000 };
    assert_eq!(error, refused);
    let without = prove_and_pardon(&fork, &challenge(), |error| *error == refused);
    assert_eq!(without.unwrap().work(), fork.tip().work, "the exploit");
}

#[test]
fn s3_any_bits_without_retargeting_are_refused() {
    let fault = HeaderFault::FixedBits(GIANT);
    // below the tail, as its first and second header, within it, and as the tip
    for (behind, place) in
        [(TAIL + 10, "sample"), (TAIL, "first"), (TAIL - 1, "second"), (TAIL - 5, "later"), (0, "tip")]
    {
        let mut fork = HeaderChain::grown(networks::fixed(), 300, 1);
        push_giant(&mut fork);
        let height = fork.height();
        push_rest(&mut fork, behind);
        let refused = match place {
            "sample" => ProofError::Sample { height, fault },
            "tip" => ProofError::Tip(fault),
            _ => ProofError::Tail { height, fault },
        };
        assert_eq!(prove_and_judge(&fork, &challenge()).unwrap_err(), refused, "{place}");
        let without = prove_and_pardon(&fork, &challenge(), |error| match error {
            ProofError::Tip(fault) | ProofError::Tail { fault, .. } | ProofError::Sample { fault, .. } => {
                matches!(fault, HeaderFault::FixedBits(_))
            }
            // from the tail's third header on another check demands the same
            ProofError::TailBits { .. } => true,
            _ => false,
        });
        assert_eq!(without.unwrap().work(), fork.tip().work, "the exploit as {place}");
    }
}

#[test]
fn any_bits_right_after_a_start_in_the_tail_are_refused() {
    // the asker holds the honest header at 400, and the fork's tail begins with it
    let mut fork = HeaderChain::grown(networks::moving(), 400, 1);
    let held = *fork.tip();
    let own_work = work_of(held.header.bits);
    let start = Start { height: 400, hash: held.hash, work: held.work, own_work };
    push_giant(&mut fork);
    push_rest(&mut fork, TAIL - 1);
    let challenge = challenge().with_start(start);
    let proof = Prover::new(&fork).prove(&challenge);
    assert_eq!(proof.tail[0], held.header);
    let now = fork.tip().header.time;
    let error = verify_pardoning(fork.params(), &proof, &challenge, now, |_| false).unwrap_err();
    assert_eq!(error, ProofError::Rise { height: 401 });
    let without = verify_pardoning(fork.params(), &proof, &challenge, now, |error| error.check() == 6);
    assert_eq!(without.unwrap().work(), fork.tip().work, "the exploit");
}

#[test]
fn a_hard_block_in_the_middle_of_the_tail_is_refused() {
    let mut fork = HeaderChain::grown(networks::moving(), 300, 1);
    push_giant(&mut fork);
    let (height, expected) = (fork.height(), fork.up_to(300).expected_bits());
    push_rest(&mut fork, 50);
    let error = prove_and_judge(&fork, &challenge()).unwrap_err();
    assert_eq!(error, ProofError::TailBits { height, found: GIANT, expected });
    assert_eq!(mine(fork.tip().header), fork.tip().header, "mined as it is");
}
