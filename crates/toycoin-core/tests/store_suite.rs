//! The conformance suite for stores finds what it is for: bugs that are planted in a toy store.

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    panic::{self, AssertUnwindSafe},
    sync::Arc,
};

use toycoin_core::{
    BlockHash, CheckedBlock, OutPoint, PublicKey, Txid,
    filter::BlockFilter,
    proof::Opening,
    store::{BlockUndo, ChainStore, ChainUpdate, MemoryStore, StoredChain, WaitingTransaction},
    test_util::store_suite,
    utxo::{Coin, UtxoView},
};

/// What is wrong with a toy store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bug {
    None,
    /// The transaction index still has what left the active chain.
    KeepsIndexOfStaleBlocks,
    /// The transaction index loses what both branches hold.
    LosesIndexOfBothBranches,
    ForgetsInvalidBlocks,
    KeepsUndoOfStaleBlocks,
    ShowsStagedCoins,
    KeepsStagedParts,
    DropsStagedPartsButTheLast,
    ForgetsOwnPayments,
    LosesBodiesOfSideBranches,
    CountsSpentCoinsOfOwner,
    /// Coins that a reorganisation gives back stay away.
    LosesCoinsGivenBack,
    HeadersInNoOrder,
    TipLagsBehind,
    StateLagsBehind,
    SkipsACoin,
    /// The openings of blocks that left the active chain stay.
    KeepsOpeningsOfStaleBlocks,
    KeepsOpeningsAboveTheTip,
    LosesOpeningsOfAMove,
    /// The filters of blocks that left the active chain stay.
    KeepsFiltersOfStaleBlocks,
    KeepsFiltersAboveTheTip,
    LosesFiltersOfAMove,
}

const BUGS: [Bug; 21] = [
    Bug::KeepsIndexOfStaleBlocks,
    Bug::LosesIndexOfBothBranches,
    Bug::ForgetsInvalidBlocks,
    Bug::KeepsUndoOfStaleBlocks,
    Bug::ShowsStagedCoins,
    Bug::KeepsStagedParts,
    Bug::DropsStagedPartsButTheLast,
    Bug::ForgetsOwnPayments,
    Bug::LosesBodiesOfSideBranches,
    Bug::CountsSpentCoinsOfOwner,
    Bug::LosesCoinsGivenBack,
    Bug::HeadersInNoOrder,
    Bug::TipLagsBehind,
    Bug::StateLagsBehind,
    Bug::SkipsACoin,
    Bug::KeepsOpeningsOfStaleBlocks,
    Bug::KeepsOpeningsAboveTheTip,
    Bug::LosesOpeningsOfAMove,
    Bug::KeepsFiltersOfStaleBlocks,
    Bug::KeepsFiltersAboveTheTip,
    Bug::LosesFiltersOfAMove,
];

/// A model in memory with one bug.
struct Toy {
    inner: MemoryStore,
    bug: Bug,
    /// All that the transaction index ever had.
    index: BTreeMap<Txid, (BlockHash, u32)>,
    lost_index: BTreeSet<Txid>,
    undo: BTreeMap<BlockHash, BlockUndo>,
    coins: BTreeMap<OutPoint, Coin>,
    lost_coins: BTreeSet<OutPoint>,
    /// The first and the last opening that each height ever had.
    openings: BTreeMap<u64, (Opening, Opening)>,
    /// The first and the last filter that each height ever had.
    filters: BTreeMap<u64, (BlockFilter, BlockFilter)>,
    /// The heights that a reorganisation changed.
    moved: BTreeSet<u64>,
    /// What was loaded before the last move.
    before: Option<StoredChain>,
    staged: bool,
}

impl Toy {
    fn new(bug: Bug) -> Self {
        Self {
            inner: MemoryStore::new(),
            bug,
            index: BTreeMap::new(),
            lost_index: BTreeSet::new(),
            undo: BTreeMap::new(),
            coins: BTreeMap::new(),
            lost_coins: BTreeSet::new(),
            openings: BTreeMap::new(),
            filters: BTreeMap::new(),
            moved: BTreeSet::new(),
            before: None,
            staged: false,
        }
    }

    fn height(&self) -> u64 {
        let stored = self.inner.load().unwrap();
        let tip = stored.and_then(|stored| self.inner.block(&stored.tip).unwrap());
        tip.map_or(0, |tip| tip.height())
    }
}

impl UtxoView for Toy {
    type Error = Infallible;

    fn coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, Infallible> {
        if self.bug == Bug::LosesCoinsGivenBack && self.lost_coins.contains(outpoint) {
            return Ok(None);
        }
        match self.bug {
            Bug::ShowsStagedCoins => self.inner.staged_coin(outpoint),
            _ => self.inner.coin(outpoint),
        }
    }
}

impl ChainStore for Toy {
    fn load(&self) -> Result<Option<StoredChain>, Infallible> {
        let mut stored = self.inner.load()?;
        if let (Some(stored), Some(before)) = (&mut stored, &self.before) {
            match self.bug {
                Bug::TipLagsBehind => stored.tip = before.tip,
                Bug::StateLagsBehind => stored.state = before.state.clone(),
                _ => {}
            }
        }
        if let Some(stored) = stored.as_mut().filter(|_| self.bug == Bug::HeadersInNoOrder) {
            stored.headers.reverse();
        }
        Ok(stored)
    }

    fn insert_block(&mut self, block: &Arc<CheckedBlock>) -> Result<(), Infallible> {
        if self.bug == Bug::LosesBodiesOfSideBranches && block.height() > 0 && block.height() <= self.height() {
            return Ok(());
        }
        self.inner.insert_block(block)
    }

    fn block(&self, hash: &BlockHash) -> Result<Option<Arc<CheckedBlock>>, Infallible> {
        self.inner.block(hash)
    }

    fn undo(&self, hash: &BlockHash) -> Result<Option<BlockUndo>, Infallible> {
        match self.bug {
            Bug::KeepsUndoOfStaleBlocks => Ok(self.undo.get(hash).cloned()),
            _ => self.inner.undo(hash),
        }
    }

    fn mark_invalid(&mut self, hash: &BlockHash) -> Result<(), Infallible> {
        if self.bug == Bug::ForgetsInvalidBlocks { Ok(()) } else { self.inner.mark_invalid(hash) }
    }

    fn commit(&mut self, update: ChainUpdate) -> Result<(), Infallible> {
        self.before = self.inner.load()?;
        for block in &update.disconnected {
            self.lost_index.extend(block.ids().iter().map(|(txid, _)| *txid));
        }
        for connected in &update.connected {
            self.undo.insert(connected.block.hash(), connected.undo.clone());
            let (height, opening) = (connected.block.height(), connected.opening);
            self.openings.entry(height).or_insert((opening, opening)).1 = opening;
            let filter = BlockFilter::of(connected.block.block());
            let (_, last) = self.filters.entry(height).or_insert_with(|| (filter.clone(), filter.clone()));
            *last = filter;
            self.moved.extend((!update.disconnected.is_empty()).then_some(height));
            for (place, (txid, _)) in (0..).zip(connected.block.ids()) {
                self.index.insert(*txid, (connected.block.hash(), place));
            }
        }
        let created = || update.diff.created().map(|(outpoint, coin)| (*outpoint, *coin));
        self.coins.extend(created());
        if !update.disconnected.is_empty() {
            let made: BTreeSet<_> =
                update.connected.iter().flat_map(|connected| connected.block.ids()).map(|(txid, _)| *txid).collect();
            self.lost_coins.extend(created().map(|(outpoint, _)| outpoint).filter(|at| !made.contains(&at.txid)));
        }
        self.staged = false;
        self.inner.commit(update)
    }

    fn stage(&mut self, part: ChainUpdate) -> Result<(), Infallible> {
        if self.bug == Bug::DropsStagedPartsButTheLast {
            self.inner.unstage()?;
        }
        self.staged = true;
        self.inner.stage(part)
    }

    fn staged_coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, Infallible> {
        if self.staged { self.inner.staged_coin(outpoint) } else { self.coin(outpoint) }
    }

    fn unstage(&mut self) -> Result<(), Infallible> {
        if self.bug == Bug::KeepsStagedParts { Ok(()) } else { self.inner.unstage() }
    }

    fn keep_waiting(&mut self, mut waiting: Vec<WaitingTransaction>) -> Result<(), Infallible> {
        if self.bug == Bug::ForgetsOwnPayments {
            waiting.iter_mut().for_each(|waiting| waiting.own = false);
        }
        self.inner.keep_waiting(waiting)
    }

    fn waiting(&self) -> Result<Vec<WaitingTransaction>, Infallible> {
        self.inner.waiting()
    }

    fn find_transaction(&self, txid: &Txid) -> Result<Option<(BlockHash, u32)>, Infallible> {
        match self.bug {
            Bug::KeepsIndexOfStaleBlocks => Ok(self.index.get(txid).copied()),
            Bug::LosesIndexOfBothBranches if self.lost_index.contains(txid) => Ok(None),
            _ => self.inner.find_transaction(txid),
        }
    }

    fn opening(&self, height: u64) -> Result<Option<Opening>, Infallible> {
        let ever = self.openings.get(&height);
        match self.bug {
            Bug::KeepsOpeningsOfStaleBlocks if height <= self.height() => Ok(ever.map(|(first, _)| *first)),
            Bug::KeepsOpeningsAboveTheTip => Ok(ever.map(|(_, last)| *last)),
            Bug::LosesOpeningsOfAMove if self.moved.contains(&height) => Ok(None),
            _ => self.inner.opening(height),
        }
    }

    fn filter(&self, height: u64) -> Result<Option<BlockFilter>, Infallible> {
        let ever = self.filters.get(&height);
        match self.bug {
            Bug::KeepsFiltersOfStaleBlocks if height <= self.height() => Ok(ever.map(|(first, _)| first.clone())),
            Bug::KeepsFiltersAboveTheTip => Ok(ever.map(|(_, last)| last.clone())),
            Bug::LosesFiltersOfAMove if self.moved.contains(&height) => Ok(None),
            _ => self.inner.filter(height),
        }
    }

    fn visit_coins(&self, visit: &mut dyn FnMut(&OutPoint, &Coin)) -> Result<(), Infallible> {
        let mut skip = usize::from(self.bug == Bug::SkipsACoin);
        self.inner.visit_coins(&mut |outpoint, coin| {
            if skip > 0 {
                skip -= 1;
            } else if self.bug != Bug::LosesCoinsGivenBack || !self.lost_coins.contains(outpoint) {
                visit(outpoint, coin);
            }
        })
    }

    fn coins_of(&self, owner: &PublicKey) -> Result<Vec<(OutPoint, Coin)>, Infallible> {
        if self.bug == Bug::CountsSpentCoinsOfOwner {
            let coins = self.coins.iter().filter(|(_, coin)| coin.output.owner == *owner);
            return Ok(coins.map(|(outpoint, coin)| (*outpoint, *coin)).collect());
        }
        let mut coins = self.inner.coins_of(owner)?;
        if self.bug == Bug::LosesCoinsGivenBack {
            coins.retain(|(outpoint, _)| !self.lost_coins.contains(outpoint));
        }
        Ok(coins)
    }
}

#[test]
fn every_planted_bug_is_found() {
    store_suite(|_| Toy::new(Bug::None));
    // what is found is told by a panic: not as if this test had failed
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let found = BUGS.map(|bug| panic::catch_unwind(AssertUnwindSafe(|| store_suite(|_| Toy::new(bug)))));
    panic::set_hook(hook);
    for (bug, found) in BUGS.iter().zip(found) {
        let Err(why) = found else { panic!("{bug:?} was not found") };
        let why = why.downcast_ref::<String>().map_or("", String::as_str);
        assert!(!why.is_empty(), "{bug:?} is told in words");
    }
}
