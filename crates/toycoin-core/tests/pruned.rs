//! A chain without its first bodies: what it still answers, and which branches it cannot follow any more.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a panic")]

use toycoin_core::{
    Applied, Block, BlockHash, Chain, ChainParams, Txid,
    chain::{ChainError, ProvedWork},
    filter::BlockFilter,
    store::{ChainStore as _, MemoryStore},
    test_util::{classroom, grow},
};

const HEIGHT: u64 = 180;
const FIRST: u64 = 150;

fn whole() -> Chain<MemoryStore> {
    let mut chain = Chain::in_memory(ChainParams::regtest());
    grow(&mut chain, HEIGHT, classroom::owner(1));
    chain
}

fn pruned(chain: &Chain<MemoryStore>) -> Chain<MemoryStore> {
    let mut store = chain.store().clone();
    store.prune(FIRST);
    Chain::open(ChainParams::regtest(), store).unwrap()
}

fn block(chain: &Chain<MemoryStore>, height: u64) -> Block {
    chain.block_at(height).unwrap().unwrap().block().clone()
}

fn coinbase(chain: &Chain<MemoryStore>, height: u64) -> Txid {
    block(chain, height).coinbase.txid()
}

/// A branch that leaves the chain after `fork`, one block longer.
fn rival(chain: &Chain<MemoryStore>, fork: u64) -> Vec<Block> {
    let mut rival = Chain::in_memory(ChainParams::regtest());
    for height in 1..=fork {
        rival.apply(block(chain, height), u64::MAX).unwrap();
    }
    grow(&mut rival, chain.height() + 1 - fork, classroom::owner(2));
    (fork + 1..=rival.height()).map(|height| block(&rival, height)).collect()
}

#[test]
fn pruned_chain_has_its_headers_state_and_last_blocks() {
    let (whole, mut chain) = (whole(), pruned(&whole()));
    assert_eq!((whole.first_block(), chain.first_block()), (0, FIRST));
    assert_eq!((chain.tip(), chain.state()), (whole.tip(), whole.state()));
    for height in 1..=HEIGHT {
        let hash = whole.header_at(height).unwrap().hash;
        let (found, is_here) = (chain.block(&hash).unwrap(), height >= FIRST);
        assert_eq!((found.is_some(), chain.body_size(&hash).unwrap().is_some()), (is_here, is_here), "{height}");
        assert_eq!(chain.store().undo(&hash).unwrap().is_some(), is_here);
        assert!(chain.has_block(&hash), "it is not to be fetched again");
        assert_eq!(chain.opening_at(height).unwrap(), whole.opening_at(height).unwrap());
        assert_eq!(chain.filter_at(height).unwrap(), Some(BlockFilter::of(&block(&whole, height))));
    }
    assert_eq!(chain.block_at(0).unwrap().unwrap().block(), chain.params().genesis());
    assert_eq!(chain.missing_blocks(10, 10), []);
    assert!(matches!(chain.apply(block(&whole, 3), u64::MAX), Ok(Applied::Known)));
    grow(&mut chain, 3, classroom::owner(1));
    assert!(chain.audit().unwrap().holds);
}

#[test]
fn pruned_chain_proves_what_the_whole_one_proves() {
    let (whole, chain) = (whole(), pruned(&whole()));
    let proofs = [&whole, &chain].map(|chain| chain.prove_work(&BlockHash::ZERO, &[1; 32], 24, &BlockHash::ZERO));
    let [Ok(ProvedWork::Proof(expected)), Ok(ProvedWork::Proof(proof))] = proofs else { panic!("two proofs") };
    assert_eq!(proof, expected);
    let (below, above) = (coinbase(&whole, FIRST - 1), coinbase(&whole, FIRST));
    assert!(chain.find_transaction(&below).unwrap().is_some());
    assert_eq!(chain.receipt(&below).unwrap(), None);
    assert_eq!(chain.receipt(&above).unwrap(), whole.receipt(&above).unwrap());
    assert!(chain.receipt(&above).unwrap().is_some());
}

#[test]
fn reorganisation_down_to_the_first_block_works() {
    let whole = whole();
    let mut chain = pruned(&whole);
    let branch = rival(&whole, FIRST - 1);
    for block in &branch {
        chain.apply(block.clone(), u64::MAX).unwrap();
    }
    assert_eq!(chain.tip().hash, branch.last().unwrap().hash());
    assert!(chain.audit().unwrap().holds);
}

#[test]
fn branch_that_forks_below_is_refused_and_named() {
    let whole = whole();
    let mut chain = pruned(&whole);
    let branch = rival(&whole, FIRST - 2);
    let (last, others) = branch.split_last().unwrap();
    for block in others {
        assert!(matches!(chain.apply(block.clone(), u64::MAX), Ok(Applied::SideChain)));
    }
    let error = chain.apply(last.clone(), u64::MAX).unwrap_err();
    assert_eq!(error, ChainError::Pruned { fork: FIRST - 2, first: FIRST });
    let text = error.to_string();
    assert!(text.contains("after height 148") && text.contains("remove its directory"), "{text}");
    // it is not forgotten, and the old tip stands
    assert_eq!(chain.advance().unwrap_err(), error);
    assert_eq!((chain.tip(), chain.state()), (whole.tip(), whole.state()));
    let mut opened = Chain::open(ChainParams::regtest(), chain.into_store()).unwrap();
    assert_eq!(opened.advance().unwrap_err(), error);
}

#[test]
fn stale_branch_that_was_pruned_is_still_known() {
    let mut whole = whole();
    let branch = rival(&whole, FIRST - 5);
    let (first, rest) = branch.split_first().unwrap();
    whole.apply(first.clone(), u64::MAX).unwrap();
    let mut chain = pruned(&whole);
    assert!(chain.has_block(&first.hash()) && chain.block(&first.hash()).unwrap().is_none());
    let results: Vec<_> = rest.iter().map(|block| chain.apply(block.clone(), u64::MAX)).collect();
    let expected = ChainError::Pruned { fork: FIRST - 5, first: FIRST };
    assert_eq!(results.last().unwrap().as_ref().unwrap_err(), &expected);
}
