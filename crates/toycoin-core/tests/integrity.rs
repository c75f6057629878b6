//! A block is found invalid by what a sound store answers alone: a coin that damage has hidden makes no block invalid.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a panic")]

use std::{cell::Cell, collections::BTreeSet, fmt, sync::Arc};

use toycoin_core::{
    Amount, Applied, Block, BlockHash, Chain, ChainParams, CheckedBlock, OutPoint, Rule, TxOut, Txid,
    chain::ChainError,
    filter::BlockFilter,
    proof::Opening,
    store::{BlockUndo, ChainStore, ChainUpdate, MemoryStore, StoredChain, WaitingTransaction},
    test_util::{Payments, classroom},
    utxo::{Coin, UtxoView},
};

/// What a check of the store says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Check {
    Sound,
    /// It finds nothing, and the answers are right from then on: a page was misread once.
    Heals,
    Damaged,
}

#[derive(Debug, PartialEq, Eq)]
struct Damage(Option<OutPoint>);

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "damage at {:?}", self.0)
    }
}

/// A store that does not find some of its coins.
struct Hiding {
    inner: MemoryStore,
    hidden: BTreeSet<OutPoint>,
    check: Check,
    checks: Cell<usize>,
}

impl Hiding {
    fn new(check: Check) -> Self {
        Self { inner: MemoryStore::new(), hidden: BTreeSet::new(), check, checks: Cell::new(0) }
    }
}

fn sure<T>(result: Result<T, std::convert::Infallible>) -> Result<T, Damage> {
    let Ok(value) = result;
    Ok(value)
}

impl UtxoView for Hiding {
    type Error = Damage;

    fn coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, Damage> {
        if self.hidden.contains(outpoint) { Ok(None) } else { sure(self.inner.coin(outpoint)) }
    }
}

impl ChainStore for Hiding {
    fn load(&self) -> Result<Option<StoredChain>, Damage> {
        sure(self.inner.load())
    }

    fn insert_block(&mut self, block: &Arc<CheckedBlock>) -> Result<(), Damage> {
        sure(self.inner.insert_block(block))
    }

    fn block(&self, hash: &BlockHash) -> Result<Option<Arc<CheckedBlock>>, Damage> {
        sure(self.inner.block(hash))
    }

    fn undo(&self, hash: &BlockHash) -> Result<Option<BlockUndo>, Damage> {
        sure(self.inner.undo(hash))
    }

    fn mark_invalid(&mut self, hash: &BlockHash) -> Result<(), Damage> {
        sure(self.inner.mark_invalid(hash))
    }

    fn commit(&mut self, update: ChainUpdate) -> Result<(), Damage> {
        sure(self.inner.commit(update))
    }

    fn stage(&mut self, part: ChainUpdate) -> Result<(), Damage> {
        sure(self.inner.stage(part))
    }

    fn staged_coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, Damage> {
        if self.hidden.contains(outpoint) { Ok(None) } else { sure(self.inner.staged_coin(outpoint)) }
    }

    fn unstage(&mut self) -> Result<(), Damage> {
        sure(self.inner.unstage())
    }

    fn check_integrity(&mut self, missing: Option<&OutPoint>) -> Result<(), Damage> {
        self.checks.set(self.checks.get() + 1);
        match self.check {
            Check::Sound => Ok(()),
            Check::Heals => {
                self.hidden.clear();
                Ok(())
            }
            Check::Damaged => Err(Damage(missing.copied())),
        }
    }

    fn keep_waiting(&mut self, waiting: Vec<WaitingTransaction>) -> Result<(), Damage> {
        sure(self.inner.keep_waiting(waiting))
    }

    fn waiting(&self) -> Result<Vec<WaitingTransaction>, Damage> {
        sure(self.inner.waiting())
    }

    fn find_transaction(&self, txid: &Txid) -> Result<Option<(BlockHash, u32)>, Damage> {
        sure(self.inner.find_transaction(txid))
    }

    fn opening(&self, height: u64) -> Result<Option<Opening>, Damage> {
        sure(self.inner.opening(height))
    }

    fn filter(&self, height: u64) -> Result<Option<BlockFilter>, Damage> {
        sure(self.inner.filter(height))
    }

    fn visit_coins(&self, visit: &mut dyn FnMut(&OutPoint, &Coin)) -> Result<(), Damage> {
        sure(self.inner.visit_coins(visit))
    }
}

fn params() -> ChainParams {
    ChainParams::regtest()
}

/// Returns a block of another branch that spends a coin of genesis, and the blocks below it on that branch.
fn branch(length: usize) -> (OutPoint, Vec<Block>) {
    let mut chain = Chain::in_memory(params());
    let (outpoint, coin) = chain.coins_of(&classroom::owner(0)).unwrap()[0];
    let mut blocks = Vec::new();
    for number in 0..length {
        let mut payments = Payments::new(params().genesis_hash(), [(outpoint, coin)]);
        let output = TxOut { value: Amount::from_grains(5), owner: classroom::owner(3) };
        let payment = (number + 1 == length).then(|| payments.spend(vec![outpoint], vec![output]));
        let time = chain.tip().time + 1_000;
        let block = chain.template(payment.into_iter().collect(), classroom::owner(6), b"", time).unwrap();
        let block = block.mine_trivial();
        chain.apply(block.clone(), time).unwrap();
        blocks.push(block);
    }
    (outpoint, blocks)
}

fn is_marked(chain: &Chain<Hiding>, hash: &BlockHash) -> bool {
    let stored = chain.store().load().unwrap().unwrap();
    let stored = stored.headers.iter().any(|(header, invalid)| *invalid && header.hash() == *hash);
    assert_eq!(chain.headers().get(hash).is_some_and(|entry| entry.invalid), stored);
    stored
}

#[test]
fn damage_marks_no_block_invalid() {
    for length in [1, 3] {
        let (outpoint, blocks) = branch(length);
        let mut chain = Chain::open(params(), Hiding::new(Check::Damaged)).unwrap().with_stage_bytes(0);
        if length == 3 {
            // a reorganisation in stages comes to the coin
            toycoin_core::test_util::grow(&mut chain, 2, classroom::owner(5));
        }
        let (tip, last) = (chain.tip(), blocks[length - 1].hash());
        let mut store = chain.into_store();
        store.hidden.insert(outpoint);
        let mut chain = Chain::open(params(), store).unwrap().with_stage_bytes(0);
        for block in &blocks[..length - 1] {
            chain.apply(block.clone(), u64::MAX).unwrap();
        }
        let error = chain.apply(blocks[length - 1].clone(), u64::MAX).unwrap_err();
        assert_eq!(error, ChainError::Store(Damage(Some(outpoint))));
        assert!(!is_marked(&chain, &last));
        assert_eq!((chain.tip(), chain.store().checks.get()), (tip, 1));

        // the store is mended: the block was never forgotten nor condemned
        let mut store = chain.into_store();
        store.hidden.clear();
        let mut chain = Chain::open(params(), store).unwrap();
        while !matches!(chain.advance().unwrap(), toycoin_core::chain::Advance::Idle) {}
        assert_eq!(chain.tip().hash, last);
    }
}

#[test]
fn a_page_misread_once_costs_no_block() {
    let (outpoint, blocks) = branch(1);
    let mut store = Hiding::new(Check::Heals);
    store.hidden.insert(outpoint);
    let mut chain = Chain::open(params(), store).unwrap();
    assert!(matches!(chain.apply(blocks[0].clone(), u64::MAX), Ok(Applied::Extended { height: 1 })));
    assert_eq!(chain.store().checks.get(), 1);
}

#[test]
fn a_sound_store_is_believed_after_one_check() {
    let (outpoint, blocks) = branch(1);
    let mut store = Hiding::new(Check::Sound);
    store.hidden.insert(outpoint);
    let mut chain = Chain::open(params(), store).unwrap();
    let error = chain.apply(blocks[0].clone(), u64::MAX).unwrap_err();
    assert_eq!(error.rule(), Some(Rule::CoinExists));
    assert!(is_marked(&chain, &blocks[0].hash()));
    assert_eq!(chain.store().checks.get(), 1);
    // it comes again, and costs no check
    assert!(matches!(chain.apply(blocks[0].clone(), u64::MAX), Err(ChainError::Invalid(_))));
    assert_eq!(chain.store().checks.get(), 1);
}

#[test]
fn only_what_rests_on_the_store_is_checked() {
    let good = branch(1).1.remove(0);
    let mut state = good.clone();
    state.header.state_root = Default::default();
    let mut reward = good;
    reward.coinbase.outputs[0].value = Amount::from_grains(1);
    reward.header.merkle_root = reward.merkle_root();
    for (block, rule, checks) in [(state, Rule::StateRoot, 1), (reward, Rule::CoinbaseAmount, 0)] {
        let block = block.mine_trivial();
        let mut chain = Chain::open(params(), Hiding::new(Check::Sound)).unwrap();
        assert_eq!(chain.apply(block.clone(), u64::MAX).unwrap_err().rule(), Some(rule));
        assert!(is_marked(&chain, &block.hash()));
        assert_eq!(chain.store().checks.get(), checks, "{rule}");
    }
}
