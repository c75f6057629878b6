//! The prover against a slow model: every answer is compared with what a walk over all headers gives.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use proptest::{collection::vec, prelude::*, sample::Index};
use toycoin_core::{
    Amount, BlockHash, Chain, ChainParams, Header, StateRoot, TxOut, Txid, Work,
    chain::{HeaderEntry, ProvedWork},
    proof::{ReceiptTransaction, Sample, TAIL, WorkProof, fold, points},
    state::Ancestors,
    store::MemoryStore,
    test_util::{Payments, assert_openings, classroom, strategies},
};

/// The greatest height that is proved.
const HEIGHT: u64 = 600;

/// A chain whose blocks differ in their work.
static CHAIN: LazyLock<Chain<MemoryStore>> = LazyLock::new(|| {
    let mut chain = Chain::in_memory(strategies::params());
    extend(&mut chain, HEIGHT + 20, 1);
    chain
});

/// Appends blocks whose times vary with the branch, and so their difficulty too.
fn extend(chain: &mut Chain<MemoryStore>, blocks: u64, branch: u64) {
    let mut draw = branch;
    for _ in 0..blocks {
        draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let time = chain.tip().time + 1 + (draw >> 33) % 2_000;
        let miner = classroom::owner(u32::try_from(branch % 8).unwrap());
        let block = chain.template(Vec::new(), miner, &branch.to_le_bytes(), time).unwrap().mine_trivial();
        chain.apply(block, time).unwrap();
    }
}

/// All headers of a chain up to a height, and nothing but a list.
struct Model<'a> {
    params: &'a ChainParams,
    headers: Vec<&'a HeaderEntry>,
}

impl<'a> Model<'a> {
    fn up_to(chain: &'a Chain<MemoryStore>, height: u64) -> Self {
        let headers = (0..=height).map(|height| chain.header_at(height).unwrap()).collect();
        Self { params: chain.params(), headers }
    }

    fn at(&self, height: u64) -> &HeaderEntry {
        self.headers[usize::try_from(height).unwrap()]
    }

    fn tip(&self) -> &HeaderEntry {
        self.headers.last().unwrap()
    }

    /// Returns the root over the headers before a height.
    fn root(&self, height: u64) -> [u8; 32] {
        let mut range = Ancestors::default();
        for entry in &self.headers[..usize::try_from(height).unwrap()] {
            range.push(entry.hash, entry.work);
        }
        range.root()
    }

    fn issued(&self, height: u64) -> Amount {
        let allocated = self.params.spec().allocations.iter().map(|output| output.value);
        allocated.chain((1..=height).map(|height| self.params.subsidy(height))).sum()
    }

    /// Returns the headers that the points above `start` ask for, by looking at each header.
    fn asked_for(&self, seed: &[u8; 32], slices: u16, start: u64) -> BTreeSet<u64> {
        let before_tail = self.headers[self.headers.len() - TAIL - 2].work;
        let tail = self.tip().work.saturating_sub(before_tail);
        let points = points(seed, &self.tip().hash, slices, tail, self.tip().work);
        let wanted = |pair: &[&HeaderEntry]| points.iter().any(|point| pair[0].work < *point && *point <= pair[1].work);
        let pairs = self.headers.windows(2).filter(|pair| wanted(pair)).map(|pair| pair[1].header.height);
        pairs.filter(|height| *height > start).collect()
    }

    fn assert_sample(&self, sample: &Sample) {
        let height = sample.header.height;
        assert_eq!(sample.header, self.at(height).header);
        assert_eq!(sample.before, if height == 0 { Work::ZERO } else { self.at(height - 1).work });
        let root = sample.opening.state_root(self.issued(height), &self.root(height));
        assert_eq!(root, sample.header.state_root);
    }

    /// Returns the leaves that a verifier knows of some headers.
    fn leaves(&self, heights: impl IntoIterator<Item = u64>) -> BTreeMap<u64, (BlockHash, Work)> {
        heights.into_iter().map(|height| (height, (self.at(height).hash, self.at(height).work))).collect()
    }

    /// Checks a proof of work as a verifier does, and against the list.
    fn assert_proof(&self, proof: &WorkProof, seed: &[u8; 32], slices: u16, start: u64) {
        let top = self.tip().header.height;
        assert_eq!(proof.tip, self.tip().header);
        let first = top - TAIL as u64;
        let tail: Vec<_> = (first..top).map(|height| self.at(height).header).collect();
        assert_eq!((&proof.tail, proof.before_tail), (&tail, self.at(first - 1).work));
        let sampled: Vec<_> = proof.samples.iter().map(|sample| sample.header.height).collect();
        assert!(sampled.is_sorted());
        assert_eq!(BTreeSet::from_iter(sampled.iter().copied()), self.asked_for(seed, slices, start));

        let known = self.leaves(
            [start].into_iter().chain(sampled.iter().flat_map(|height| [height - 1, *height])).chain(first - 1..top),
        );
        let folded = fold(&known, top, &proof.nodes).unwrap();
        assert_eq!(folded.root(), self.root(top));
        assert_eq!(proof.opening.state_root(self.issued(top), &folded.root()), proof.tip.state_root);
        for sample in &proof.samples {
            self.assert_sample(sample);
            let prefix = folded.prefix_root(sample.header.height).unwrap();
            let root = sample.opening.state_root(self.issued(sample.header.height), &prefix);
            assert_eq!(root, sample.header.state_root, "the prefix at height {}", sample.header.height);
        }
    }
}

fn prove(chain: &Chain<MemoryStore>, tip: BlockHash, seed: &[u8; 32], slices: u16, start: BlockHash) -> WorkProof {
    match chain.prove_work(&tip, seed, slices, &start).unwrap() {
        ProvedWork::Proof(proof) => *proof,
        other => panic!("no proof but {other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn proof_is_what_a_walk_over_all_headers_gives(
        top in TAIL as u64 + 2..=HEIGHT,
        seed in any::<[u8; 32]>(),
        slices in prop_oneof![0_u16..30, Just(256)],
        start in any::<Index>(),
        has_start in any::<bool>(),
    ) {
        let model = Model::up_to(&CHAIN, top);
        let start = if has_start { start.index(usize::try_from(top).unwrap()) as u64 } else { 0 };
        let proof = prove(&CHAIN, model.tip().hash, &seed, slices, model.at(start).hash);
        model.assert_proof(&proof, &seed, slices, start);
        if start == 0 {
            prop_assert_eq!(&proof, &prove(&CHAIN, model.tip().hash, &seed, slices, BlockHash::ZERO));
        }
    }

    #[test]
    fn ancestors_are_proved_in_order_and_the_rest_is_named(
        top in 0..=HEIGHT,
        asked in vec(any::<Index>(), 0..40),
        strangers in vec(any::<[u8; 32]>(), 0..4),
    ) {
        let model = Model::up_to(&CHAIN, top);
        // some lie above the tip
        let heights: Vec<_> = asked.iter().map(|index| index.index(usize::try_from(HEIGHT).unwrap()) as u64).collect();
        let mut hashes: Vec<_> = heights.iter().map(|height| CHAIN.header_at(*height).unwrap().hash).collect();
        hashes.extend(strangers.into_iter().map(BlockHash::from_bytes));
        let proved = CHAIN.prove_ancestors(&model.tip().hash, &hashes).unwrap();

        let expected: BTreeSet<_> = heights.into_iter().filter(|height| *height < top).collect();
        let items: Vec<_> = proved.proof.items.iter().map(|item| item.header.height).collect();
        prop_assert!(items.is_sorted());
        prop_assert_eq!(BTreeSet::from_iter(items.iter().copied()), expected);
        let is_item = |hash: &BlockHash| proved.proof.items.iter().any(|item| item.header.hash() == *hash);
        let mut missing: Vec<_> = hashes.into_iter().filter(|hash| !is_item(hash)).collect();
        let mut seen = BTreeSet::new();
        missing.retain(|hash| seen.insert(*hash));
        prop_assert_eq!(&proved.missing, &missing);
        prop_assert_eq!(proved.proof.tip, model.tip().hash);
        if items.is_empty() {
            prop_assert!(proved.proof.nodes.is_empty());
            return Ok(());
        }
        let known = model.leaves(items.iter().flat_map(|height| [height.saturating_sub(1), *height]));
        let folded = fold(&known, top, &proved.proof.nodes).unwrap();
        prop_assert_eq!(folded.root(), model.root(top));
        for item in &proved.proof.items {
            model.assert_sample(item);
            let height = item.header.height;
            prop_assert_eq!(folded.prefix_root(height), Some(model.root(height)));
        }
    }

    #[test]
    fn range_and_openings_follow_reorganisations(
        forks in vec((any::<Index>(), 1_u64..60), 1..4),
        seed in any::<[u8; 32]>(),
    ) {
        let mut chain = Chain::in_memory(strategies::params());
        extend(&mut chain, 180, 1);
        for (branch, (fork, longer)) in (2..).zip(forks) {
            let fork = fork.index(180) as u64;
            let mut rival = Chain::in_memory(strategies::params());
            for height in 1..=fork {
                rival.apply(chain.block_at(height).unwrap().unwrap().block().clone(), u64::MAX).unwrap();
            }
            let blocks = chain.height() - fork + longer;
            extend(&mut rival, blocks, branch);
            while rival.tip().work <= chain.tip().work {
                extend(&mut rival, 1, branch);
            }
            let old = chain.tip().hash;
            for height in fork + 1..=rival.height() {
                chain.apply(rival.block_at(height).unwrap().unwrap().block().clone(), u64::MAX).unwrap();
            }
            prop_assert_eq!(chain.tip(), rival.tip());
            assert_openings(&chain);
            let model = Model::up_to(&chain, chain.height());
            let proof = prove(&chain, BlockHash::ZERO, &seed, 24, BlockHash::ZERO);
            model.assert_proof(&proof, &seed, 24, 0);
            // what left the chain is no tip any more, and no start
            prop_assert_eq!(&proof, &prove(&chain, old, &seed, 24, BlockHash::ZERO));
            let from_old = chain.prove_work(&BlockHash::ZERO, &seed, 24, &old).unwrap();
            prop_assert_eq!(from_old, ProvedWork::UnknownStart);
            let opened = Chain::open(chain.params().clone(), chain.store().clone()).unwrap();
            prop_assert_eq!(&proof, &prove(&opened, BlockHash::ZERO, &seed, 24, BlockHash::ZERO));
        }
    }
}

#[test]
fn chain_too_short_for_a_proof_gives_its_headers() {
    let least = TAIL as u64 + 2;
    for top in [0, 1, 50, least - 1, least] {
        let tip = CHAIN.header_at(top).unwrap().hash;
        let headers: Vec<Header> = (1..=top).map(|height| CHAIN.header_at(height).unwrap().header).collect();
        match CHAIN.prove_work(&tip, &[0; 32], 24, &BlockHash::ZERO).unwrap() {
            ProvedWork::TooShort(found) => assert!(top < least && found == headers, "height {top}"),
            other => assert!(top == least && matches!(other, ProvedWork::Proof(_)), "height {top}: {other:?}"),
        }
    }
}

#[test]
fn start_that_is_no_ancestor_of_the_tip_is_refused() {
    let hash = |height| CHAIN.header_at(height).unwrap().hash;
    let answer = |start| CHAIN.prove_work(&hash(300), &[3; 32], 24, &start).unwrap();
    for start in [hash(300), hash(301), hash(HEIGHT), BlockHash::from_bytes([9; 32])] {
        assert_eq!(answer(start), ProvedWork::UnknownStart);
    }
    for start in [hash(0), hash(1), hash(198), hash(199), hash(200), hash(299)] {
        assert!(matches!(answer(start), ProvedWork::Proof(_)), "{start}");
    }
}

#[test]
fn start_in_the_tail_leaves_no_sample() {
    let model = Model::up_to(&CHAIN, 400);
    for start in 400 - TAIL as u64 - 1..400 {
        let proof = prove(&CHAIN, model.tip().hash, &[5; 32], 24, model.at(start).hash);
        assert!(proof.samples.is_empty());
        model.assert_proof(&proof, &[5; 32], 24, start);
    }
}

#[test]
fn unknown_tip_counts_as_the_own_tip() {
    for unknown in [BlockHash::ZERO, BlockHash::from_bytes([7; 32])] {
        let proof = prove(&CHAIN, unknown, &[1; 32], 24, BlockHash::ZERO);
        assert_eq!(proof.tip.hash(), CHAIN.tip().hash);
        let asked = [CHAIN.params().genesis_hash()];
        assert_eq!(CHAIN.prove_ancestors(&unknown, &asked).unwrap().proof.tip, CHAIN.tip().hash);
    }
}

#[test]
fn size_of_a_proof_is_that_of_its_parts() {
    let proof = prove(&CHAIN, BlockHash::ZERO, &[1; 32], 24, BlockHash::ZERO);
    assert_eq!(proof.encoded_size(), 13_024 + 200 * proof.samples.len() + 32 * proof.nodes.len());
    assert!(proof.samples.len() > 30 && proof.nodes.len() > 60);
}

#[test]
fn receipt_proves_a_payment_and_a_coinbase() {
    let mut chain = Chain::in_memory(ChainParams::regtest());
    extend(&mut chain, 3, 1);
    let mut payments =
        Payments::new(chain.params().genesis_hash(), chain.coins_of(&classroom::owner(0)).unwrap().into_iter().take(1));
    let (outpoint, coin) = payments.coins().first_key_value().map(|(at, coin)| (*at, *coin)).unwrap();
    let third = TxOut { value: Amount::from_grains(coin.value.grains() / 3), ..coin };
    let mut paid = vec![payments.spend(vec![outpoint], vec![third; 3])];
    let spendable: Vec<_> = payments.coins().iter().map(|(at, coin)| (*at, *coin)).collect();
    paid.extend(spendable.into_iter().map(|(at, coin)| payments.spend(vec![at], vec![coin])));
    let time = chain.tip().time + 1_000;
    let block = chain.template(paid, classroom::owner(1), b"", time).unwrap().mine_trivial();
    chain.apply(block.clone(), time).unwrap();
    extend(&mut chain, 2, 2);

    for (index, (txid, wtxid)) in (0_u32..).zip(block.transaction_ids()) {
        let receipt = chain.receipt(&txid).unwrap().unwrap();
        assert_eq!(receipt.block, block.hash());
        assert_eq!((receipt.inclusion.index, receipt.inclusion.transactions), (index, 5));
        assert_eq!(receipt.transaction.ids(), (txid, wtxid));
        assert_eq!(matches!(receipt.transaction, ReceiptTransaction::Coinbase(_)), index == 0);
        assert!(receipt.inclusion.verify(block.header.merkle_root, txid, wtxid));
    }
    assert_eq!(chain.receipt(&Txid::ZERO).unwrap(), None);
    // a reorganisation takes the block away
    let mut rival = Chain::in_memory(ChainParams::regtest());
    extend(&mut rival, 8, 3);
    for height in 1..=8 {
        chain.apply(rival.block_at(height).unwrap().unwrap().block().clone(), u64::MAX).unwrap();
    }
    assert_eq!(chain.tip(), rival.tip());
    for (txid, _) in block.transaction_ids() {
        assert_eq!(chain.receipt(&txid).unwrap(), None);
    }
}

#[test]
fn opening_above_the_tip_is_none() {
    let top = CHAIN.height();
    assert!(CHAIN.opening_at(top).unwrap().is_some());
    assert_eq!(CHAIN.opening_at(top + 1).unwrap(), None);
    let genesis = CHAIN.opening_at(0).unwrap().unwrap();
    let state = CHAIN.params().genesis_state();
    let root: StateRoot = genesis.state_root(state.issued, &state.ancestors.root());
    assert_eq!(root, CHAIN.params().genesis().header.state_root);
}
