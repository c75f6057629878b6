//! Times rise (rule R12): the attacks that this stops, and what a miner can still do to difficulty by its times.
//!
//! Difficulty moves by how long each block took, which is clamped above only. So a block that may be dated far before its
//! parent makes the next one as hard as its miner likes. Each attack is shown twice: refused, and, in a sandbox that
//! switches the rule off, successful.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a panic")]

use std::time::Duration;

use proptest::prelude::*;
use toycoin_core::{
    Applied, Block, BlockHash, Chain, ChainParams, CompactTarget, NetworkSpec, Retargeting, Rule,
    consensus::HeaderContext, store::MemoryStore, test_util::classroom,
};

const SPACING: u64 = 2_000;
const HALF_LIFE: u64 = 40_000;
/// How much harder than its parent a block can be: 2^(1/20).
const STEEPEST: f64 = 1.0353;

/// Lab's times, with 64 hashes for a block and two at least.
fn spec() -> NetworkSpec {
    NetworkSpec {
        name: "rising".into(),
        retargeting: Some(Retargeting { spacing_ms: SPACING, half_life_ms: HALF_LIFE }),
        genesis_bits: CompactTarget::from_bits(0x2003_ffff),
        limit_bits: CompactTarget::from_bits(0x207f_ffff),
        extra: b"rising times".to_vec(),
        ..ChainParams::lab().spec().clone()
    }
}

fn enforced() -> Chain<MemoryStore> {
    Chain::in_memory(ChainParams::new(spec()).unwrap())
}

fn without_the_rule() -> Chain<MemoryStore> {
    Chain::in_memory(ChainParams::sandbox(spec(), [Rule::TimeAboveParent]).unwrap())
}

fn work(bits: CompactTarget) -> f64 {
    bits.to_target().unwrap().work().to_f64()
}

/// Returns the hashes that the next block takes on average.
fn next_work(chain: &Chain<MemoryStore>) -> f64 {
    let context = chain.headers().context_after(&chain.tip().hash).unwrap();
    work(context.expected_bits(chain.params()))
}

/// Returns the next block, dated as its miner likes.
fn dated(chain: &Chain<MemoryStore>, time: u64) -> Block {
    let mut block = chain.template(Vec::new(), classroom::owner(0), b"", time).unwrap();
    block.header.time = time;
    block.mine_trivial()
}

fn grow(chain: &mut Chain<MemoryStore>, blocks: u64) -> Vec<Block> {
    let block = |_| {
        let block = dated(chain, chain.tip().time + SPACING);
        chain.apply(block.clone(), block.header.time).unwrap();
        block
    };
    (0..blocks).map(block).collect()
}

#[test]
fn a_block_dated_before_its_parent_does_not_stall_the_chain() {
    const BACK: u64 = 1_512_000;
    // a live network stood still for ever after this: a pause, a block, and one dated before the pause
    let scene = |mut chain: Chain<MemoryStore>| {
        grow(&mut chain, 40);
        let after_a_pause = dated(&chain, chain.tip().time + 1_510_000);
        let now = after_a_pause.header.time;
        chain.apply(after_a_pause, now).unwrap();
        let back = dated(&chain, now - BACK);
        let verdict = chain.apply(back, now);
        (chain, verdict, now)
    };

    let (chain, verdict, _) = scene(without_the_rule());
    assert!(matches!(verdict, Ok(Applied::Extended { .. })), "the exploit: {verdict:?}");
    let hashes = next_work(&chain);
    assert!(hashes > 2f64.powi(40), "nobody finds the next block, which takes {hashes:e} hashes");

    let (mut chain, verdict, now) = scene(enforced());
    assert_eq!(verdict.unwrap_err().rule(), Some(Rule::TimeAboveParent));
    let before = work(chain.headers().best().header.bits);
    assert!(next_work(&chain) <= before, "the pause made it easier");
    for late in [1, SPACING] {
        let block = dated(&chain, chain.tip().time + late);
        let own = work(block.header.bits);
        chain.apply(block, now + SPACING).unwrap();
        let next = next_work(&chain);
        assert!(next <= own * STEEPEST + 1.0, "{late} ms after its parent, of {own} hashes; the next takes {next}");
    }
}

/// Plays three blocks against 400 honest ones: A dated now, B dated so far back that C is worth all 400.
///
/// Returns what the honest node made of each.
fn ratchet(mut honest: Chain<MemoryStore>, back_to: impl Fn(u64, u64) -> u64) -> (Chain<MemoryStore>, Vec<Applied>) {
    let mut fork = Chain::in_memory(honest.params().clone());
    for block in grow(&mut honest, 50) {
        fork.apply(block.clone(), block.header.time).unwrap();
    }
    let before = honest.tip().work.to_f64();
    grow(&mut honest, 400);
    let (now, wanted) = (honest.tip().time, honest.tip().work.to_f64() - before);

    let a = dated(&fork, now);
    fork.apply(a.clone(), now).unwrap();
    let half_lives = (wanted * 1.1 / next_work(&fork)).log2();
    let back = Duration::from_millis(HALF_LIFE).mul_f64(half_lives).as_millis();
    let b = dated(&fork, back_to(now, u64::try_from(back).unwrap()));
    let mut blocks = vec![a, b.clone()];
    if fork.apply(b, now).is_ok() {
        blocks.push(dated(&fork, now));
    }
    let verdicts = blocks.into_iter().filter_map(|block| honest.apply(block, now).ok()).collect();
    (honest, verdicts)
}

#[test]
fn three_blocks_with_a_ratchet_of_times_replace_400() {
    let (chain, verdicts) = ratchet(without_the_rule(), |now, back| now - back);
    let Some(Applied::Reorganised { disconnected, connected }) = verdicts.last() else { panic!("{verdicts:?}") };
    assert_eq!((disconnected.len(), connected.len(), chain.height()), (400, 3, 53), "the exploit");

    let (chain, verdicts) = ratchet(enforced(), |now, back| now - back);
    assert_eq!(chain.height(), 450);
    assert!(matches!(verdicts[..], [Applied::SideChain]), "A stands beside the chain and B is refused: {verdicts:?}");

    // the best that is left: all at once, which is worth three blocks
    let (chain, verdicts) = ratchet(enforced(), |now, _| now + 1);
    assert_eq!(chain.height(), 450);
    assert!(matches!(verdicts[..], [Applied::SideChain, Applied::SideChain, ..]), "{verdicts:?}");
}

#[test]
fn a_zigzag_of_times_is_refused_at_its_first_step_back() {
    let zigzag = |chain: &mut Chain<MemoryStore>| -> u32 {
        let (start, mut taken) = (chain.tip().time, 0);
        for step in 0..20 {
            // forth by two half-lives, and back again by a little less
            let time = start + 1_000 * step + if step % 2 == 0 { 2 * HALF_LIFE } else { 0 };
            let block = dated(chain, time);
            if chain.apply(block, start + 4 * HALF_LIFE).is_err() {
                break;
            }
            taken += 1;
        }
        taken
    };
    let mut chain = enforced();
    grow(&mut chain, 10);
    let before = next_work(&chain);
    assert_eq!(zigzag(&mut chain), 1);
    assert!(next_work(&chain) >= before / 4.0, "one block late is two doublings at most");
    let mut sandbox = without_the_rule();
    grow(&mut sandbox, 10);
    assert!(zigzag(&mut sandbox) > 1);
}

/// Walks a chain of times on lab; returns each block's work, the first one that moves with them first.
fn works(gaps: &[u64]) -> Vec<f64> {
    let lab = ChainParams::lab();
    let mut context = HeaderContext::after_genesis(&lab);
    let mut header = lab.genesis().header;
    let mut next = |gap: u64| {
        header.bits = context.expected_bits(&lab);
        (header.height, header.time) = (context.height + 1, header.time + gap);
        context.extend(&header, BlockHash::ZERO);
        work(header.bits)
    };
    let mut works: Vec<_> = gaps.iter().map(|gap| next(*gap)).collect();
    works.push(next(1));
    works
}

/// Draws times between blocks of all lengths, most of them too short or too long by far.
fn gaps() -> impl Strategy<Value = Vec<u64>> {
    let gap = prop_oneof![1..10u64, 1..SPACING, 1..3 * SPACING, 1..4 * HALF_LIFE, 1..86_400_000u64];
    prop::collection::vec(gap, 1..80)
}

proptest! {
    #[test]
    fn a_block_is_harder_than_its_parent_by_no_more_than_a_spacing(gaps in gaps()) {
        for pair in works(&gaps).windows(2) {
            let ratio = pair[1] / pair[0];
            prop_assert!(ratio <= STEEPEST, "{ratio}");
        }
    }

    #[test]
    fn times_cannot_lower_difficulty_below_what_their_sum_earns(gaps in gaps()) {
        // however the blocks are dated in between, only how long they took in all makes the next one easier
        let works = works(&gaps);
        let late: f64 = gaps[1..].iter().map(|gap| *gap as f64 - SPACING as f64).sum();
        // the limit stops the fall, and nothing brings it back: so no less than this
        let earned = works[0] * (-late / HALF_LIFE as f64).exp2();
        // the exponent is rounded by 2^-16 and the cubic by 2^-13 a block
        let rounding = 1.0 - gaps.len() as f64 / 4_096.0;
        let last = works[works.len() - 1];
        prop_assert!(last >= earned * rounding, "{last} is less than {earned}");
    }

    #[test]
    fn zigzagging_times_leave_difficulty_no_lower_than_steady_ones(gaps in gaps()) {
        let total: u64 = gaps[1..].iter().sum();
        let steady = total / (gaps.len() as u64 - 1).max(1);
        let mut even = vec![steady.max(1); gaps.len()];
        even[0] = gaps[0];
        let (zigzag, even) = (works(&gaps), works(&even));
        let rounding = 1.0 - gaps.len() as f64 / 4_096.0;
        // a steady pace above two half-lives counts as two half-lives, as each of the others does
        prop_assert!(zigzag[zigzag.len() - 1] >= even[even.len() - 1] * rounding);
    }
}
