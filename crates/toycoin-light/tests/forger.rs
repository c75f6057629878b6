//! Forgers against the verifier: how often they succeed, and which check stops them.
//!
//! Each chain claims more work than was done. The shares are those that docs/light.md predicts.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a panic")]
#![allow(clippy::cast_possible_truncation, reason = "chains of tests are short")]

mod common;

use common::{hashes, seed, work};
use toycoin_core::{CompactTarget, NetworkSpec, Retargeting, proof::TAIL};
use toycoin_light::{
    Challenge, HeaderFault, ProofError, ProvedTip,
    test_util::{Draft, HeaderChain, Prover, networks, verify_pardoning, work_of},
    verify,
};

/// The work of a block, where difficulty is fixed.
const EACH: u64 = 2;
/// The work of a tail and its tip.
const TAIL_WORK: u64 = (TAIL as u64 + 1) * EACH;

/// Returns the widths of the slices that a fork covers, those next to the tip first.
fn slices_of(fork: u64, slices: u64) -> Vec<u64> {
    let mut widths = Vec::new();
    let mut octave = TAIL_WORK;
    loop {
        for slice in 0..slices {
            let (from, to) = (octave + octave * slice / slices, octave + octave * (slice + 1) / slices);
            if from >= fork {
                return widths;
            }
            widths.push(to.min(fork) - from);
        }
        octave *= 2;
    }
}

/// Places the work that a forger really did so that it passes most often: as much in each slice as there is room, but
/// no more than in any other. Returns the work for each slice.
fn placed(widths: &[u64], done: u64) -> Vec<u64> {
    let (mut low, mut high) = (0.0, 1e9);
    for _ in 0..100 {
        let level = f64::midpoint(low, high);
        let sum: f64 = widths.iter().map(|width| (*width as f64).min(level)).sum();
        if sum > done as f64 { high = level } else { low = level }
    }
    let blocks = |width: u64| ((width as f64).min(low) / EACH as f64).round() as u64;
    widths.iter().map(|width| (blocks(*width) * EACH).min(*width)).collect()
}

/// Returns a chain of 3,000 honest blocks and a fork that claims `tails` tails of work, of which a share was done.
/// Beside it is the logarithm of the chance that a proof of it passes.
fn forged(slices: u16, share: f64, tails: f64) -> (HeaderChain, f64) {
    let fork = (tails * TAIL_WORK as f64) as u64;
    let done = (share * fork as f64) as u64 - TAIL_WORK;
    let widths = slices_of(fork, slices.into());
    let placed = placed(&widths, done);
    let chance = placed.iter().zip(&widths).map(|(done, width)| (*done as f64 / *width as f64).log2()).sum();

    let mut chain = HeaderChain::grown(networks::fixed(), 3_000, 1);
    let mine = |chain: &mut HeaderChain, blocks: u64| (0..blocks).for_each(|_| chain.push(chain.honest(1_000)));
    for (done, width) in placed.iter().zip(&widths).rev() {
        if done < width {
            let invented = Draft { claim: work(width - done), mined: false, ..chain.honest(1_000) };
            chain.push(invented);
        }
        mine(&mut chain, done / EACH);
    }
    mine(&mut chain, TAIL as u64 + 1);
    (chain, chance)
}

/// Verifies a proof of a chain with one check switched off.
fn without_check(
    check: u8,
    chain: &HeaderChain,
    prover: &Prover<'_>,
    challenge: &Challenge,
) -> Result<ProvedTip, ProofError> {
    let now = chain.tip().header.time;
    verify_pardoning(chain.params(), &prover.prove(challenge), challenge, now, |error| error.check() == check)
}

/// Returns how many seeds of so many a forged chain passes.
fn accepted(chain: &HeaderChain, slices: u16, seeds: u32) -> u32 {
    let prover = Prover::new(chain);
    let passes = |number: &u32| {
        let challenge = Challenge { slices, ..Challenge::new(seed(*number)) };
        let verdict = verify(chain.params(), &prover.prove(&challenge), &challenge, chain.tip().header.time);
        if let Err(error) = verdict {
            let invented = matches!(error, ProofError::Sample { fault: HeaderFault::ProofOfWork, .. });
            assert!(invented, "seed {number}: {error:?}");
        }
        verdict.is_ok()
    };
    u32::try_from((0..seeds).filter(passes).count()).unwrap()
}

#[test]
fn half_the_work_passes_three_slices_as_rarely_as_predicted() {
    let (chain, chance) = forged(3, 0.5, 5.5);
    assert!((chance + 8.85).abs() < 0.05, "predicted 2^{chance}");
    let share = f64::from(accepted(&chain, 3, 40_000)) / 40_000.0;
    println!("accepted 2^{:.2}, predicted 2^{chance:.2}", share.log2());
    assert!((share.log2() + 8.9).abs() < 0.5, "2^{}", share.log2());
}

#[test]
fn nine_tenths_of_the_work_pass_as_often_as_predicted() {
    let (chain, chance) = forged(3, 0.9, 5.5);
    let share = f64::from(accepted(&chain, 3, 4_000)) / 4_000.0;
    println!("accepted 2^{:.2}, predicted 2^{chance:.2}", share.log2());
    assert!((share.log2() - chance).abs() < 0.2, "2^{}, predicted 2^{chance}", share.log2());
}

#[test]
fn half_the_work_never_passes_the_default_slices() {
    let (chain, chance) = forged(24, 0.5, 5.5);
    assert!(chance < -60.0, "predicted 2^{chance}");
    assert_eq!(accepted(&chain, 24, 2_000), 0);
}

#[test]
fn honest_history_with_relabelled_work_fails_check_8_alone() {
    // the headers of an honest chain, the work up to each raised by 60 from block 10 on, under the forger's own tail
    const BLOCKS: u64 = 3_000;
    let honest = HeaderChain::grown(networks::fixed(), BLOCKS, 3);
    let mut forged = HeaderChain::new(networks::fixed());
    for entry in &honest.entries()[1..BLOCKS as usize - TAIL] {
        let extra = if entry.header.height == 10 { 60 } else { 0 };
        forged.append(entry.header, entry.opening, work(EACH + extra));
    }
    for _ in 0..=TAIL {
        forged.push(forged.honest(1_000));
    }
    assert_eq!(hashes(forged.tip().work), hashes(honest.tip().work) + 60);

    let prover = Prover::new(&forged);
    let mut reached = 0;
    for number in 0..500 {
        let challenge = Challenge::new(seed(number));
        let verdict = verify(forged.params(), &prover.prove(&challenge), &challenge, forged.tip().header.time);
        let error = verdict.expect_err("a forged chain");
        let without = without_check(8, &forged, &prover, &challenge);
        assert_eq!(error.check() == 8, without.is_ok(), "seed {number}: {error}");
        reached += u32::from(without.is_ok());
        // the others hit the invented work itself: the leaf of block 10, or what it claims
        assert!(matches!(error.check(), 4 | 5 | 7 | 8), "seed {number}: {error}");
    }
    println!("{reached} of 500 got as far as check 8");
    assert!((200..350).contains(&reached), "{reached}");
}

/// Returns a chain whose invented leaves raise the difficulty for little claimed work, so that one block is worth many.
fn risen(giant: u32, invented: u64) -> HeaderChain {
    let bits = CompactTarget::from_bits(0x1f7f_ffff);
    let params = networks::network(NetworkSpec {
        retargeting: Some(Retargeting { spacing_ms: 60_000, half_life_ms: 8_640_000 }),
        genesis_bits: bits,
        limit_bits: CompactTarget::from_bits(0x2001_ffff),
        ..networks::moving().spec().clone()
    });
    let mut chain = HeaderChain::new(params);
    let honest = |chain: &mut HeaderChain, blocks: usize| (0..blocks).for_each(|_| chain.push(chain.honest(60_000)));
    honest(&mut chain, 1_500);
    for _ in 0..invented {
        let leaf = Draft { claim: work(1), mined: false, ..chain.honest(60_000) };
        chain.push(leaf);
    }
    let giant = CompactTarget::from_bits(giant);
    let block = Draft { bits: giant, claim: work_of(giant), ..chain.honest(60_000) };
    chain.push(block);
    // the tail's own bits follow each other, so the first two are as they were
    for _ in 0..=TAIL {
        let draft = Draft { bits, claim: work_of(bits), ..chain.honest(60_000) };
        chain.push(draft);
    }
    chain
}

#[test]
fn one_block_of_rare_luck_behind_invented_leaves_never_passes() {
    for (giant, times) in [(0x1f07_ffff, 16), (0x1e7f_ffff, 256)] {
        let chain = risen(giant, 900);
        let prover = Prover::new(&chain);
        let (mut risen, mut without) = (0, 0);
        for number in 0..300 {
            let challenge = Challenge::new(seed(number));
            let verdict = verify(chain.params(), &prover.prove(&challenge), &challenge, chain.tip().header.time);
            let error = verdict.expect_err("a forged chain");
            assert!(
                matches!(error, ProofError::Rise { .. } | ProofError::Sample { fault: HeaderFault::ProofOfWork, .. }),
                "seed {number}: {error}"
            );
            risen += u32::from(error.check() == 6);
            without += u32::from(without_check(6, &chain, &prover, &challenge).is_ok());
        }
        println!("{times} times the difficulty: check 6 refuses {risen} of 300, and without it {without} pass");
        assert_eq!(risen, without, "check 6 alone stops these");
        assert!(risen > 120, "{risen} of 300");
    }
}
