//! Snapshots that were tampered with: each is refused, and the one who lied is convicted.

use std::{collections::BTreeMap, sync::LazyLock};

use super::*;
use crate::{
    amount::Amount,
    digest::Txid,
    header::Header,
    keys::PublicKey,
    params::ChainParams,
    proof::Opening,
    state::{Ancestors, ChainState, LtHash},
    transaction::{OutPoint, TxOut},
    utxo::Coin,
};

/// Two full chunks and a rest.
const COINS: u64 = 2 * CHUNK_COINS as u64 + 100;

/// A snapshot, and the header that commits to it.
#[derive(Clone)]
struct Scene {
    params: ChainParams,
    header: Header,
    state: ChainState,
    manifest: Manifest,
    chunks: Vec<Vec<CoinBytes>>,
}

fn coin(i: u64, value: u64) -> (OutPoint, Coin) {
    let output = TxOut { value: Amount::from_grains(value), owner: PublicKey::from_bytes([4; 32]) };
    let outpoint = OutPoint { txid: Txid::from_bytes(blake3::hash(&i.to_le_bytes()).into()), vout: i as u32 % 5 };
    (outpoint, Coin { output, coinbase_height: i % 3 * INTERVAL / 2 })
}

/// Returns coins that are together worth what was issued up to the snapshot, less `less`.
fn coins(count: u64, less: u64) -> BTreeMap<OutPoint, Coin> {
    let issued = ChainParams::regtest().issued(INTERVAL).grains();
    (0..count).map(|i| coin(i, if i == 0 { issued - less - 2 * (count - 1) } else { 2 })).collect()
}

/// Returns the header of a block whose state has these coins.
fn header_of(params: &ChainParams, coins: &BTreeMap<OutPoint, Coin>) -> (Header, ChainState) {
    let mut utxo_hash = LtHash::default();
    coins.iter().for_each(|(outpoint, coin)| utxo_hash.add(outpoint, coin));
    let (coin_count, issued) = (coins.len() as u64, params.issued(INTERVAL));
    let state = ChainState { utxo_hash, coin_count, issued, ancestors: Ancestors::default() };
    (Header { height: INTERVAL, state_root: state.root(), ..params.genesis().header }, state)
}

fn made(header: Header, opening: Opening, coins: &BTreeMap<OutPoint, Coin>) -> (Manifest, Vec<Vec<CoinBytes>>) {
    let (mut maker, mut chunks) = (Maker::new(header), Vec::new());
    for (outpoint, coin) in coins {
        chunks.extend(maker.push(outpoint, coin).unwrap());
    }
    let (rest, manifest) = maker.finish(opening).unwrap();
    chunks.extend(rest);
    assert!((0..).zip(&chunks).all(|(place, chunk)| chunk.place == place));
    (manifest, chunks.into_iter().map(|chunk| chunk.coins).collect())
}

fn scene(count: u64) -> Scene {
    static SCENE: LazyLock<Scene> = LazyLock::new(|| made_scene(COINS));
    if count == COINS { SCENE.clone() } else { made_scene(count) }
}

fn made_scene(count: u64) -> Scene {
    let (params, coins) = (ChainParams::regtest(), coins(count, 0));
    let (header, state) = header_of(&params, &coins);
    let (manifest, chunks) = made(header, Opening::of(&state), &coins);
    Scene { params, header, state, manifest, chunks }
}

impl Scene {
    fn begin(&self, manifest: Manifest) -> Result<Collector, SnapshotError> {
        Collector::new(&self.params, &self.header, &Opening::of(&self.state), manifest, COINS * 100)
    }

    /// A forger changes chunks before he hashes them.
    fn forge(mut self, change: impl FnOnce(&mut Vec<Vec<CoinBytes>>)) -> Self {
        change(&mut self.chunks);
        let hashes = (0..).zip(&self.chunks).map(|(place, coins)| chunk_hash(self.header.hash(), place, coins));
        self.manifest.chunks = hashes.collect();
        self
    }

    /// Collects all chunks in an order.
    fn collect(&self, order: impl IntoIterator<Item = u32>) -> Result<ChainState, SnapshotError> {
        let mut collector = self.begin(self.manifest.clone())?;
        for place in order {
            collector.accept(place, &self.chunks[place as usize])?;
        }
        collector.finish(Ancestors::default())
    }

    fn collected(&self) -> Result<ChainState, SnapshotError> {
        self.collect(0..self.chunks.len() as u32)
    }

    fn refused(&self) -> SnapshotError {
        self.collected().unwrap_err()
    }
}

#[test]
fn chunks_in_any_order_give_the_state() {
    let scene = scene(COINS);
    assert_eq!(scene.chunks.iter().map(Vec::len).collect::<Vec<_>>(), [CHUNK_COINS, CHUNK_COINS, 100]);
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        assert_eq!(scene.collect(order).as_ref(), Ok(&scene.state), "{order:?}");
    }
}

#[test]
fn last_chunk_may_be_full_or_hold_one_coin() {
    let chunk = CHUNK_COINS as u64;
    for (count, last) in [(chunk, CHUNK_COINS), (chunk + 1, 1), (1, 1)] {
        let scene = scene(count);
        assert_eq!(scene.chunks.last().map(Vec::len), Some(last));
        assert_eq!(scene.collected().as_ref(), Ok(&scene.state));
    }
}

#[test]
fn a_changed_byte_on_the_way_convicts_the_chunks_sender() {
    let scene = scene(COINS);
    for at in 0..COIN_BYTES {
        let mut collector = scene.begin(scene.manifest.clone()).unwrap();
        let mut chunk = scene.chunks[2].clone();
        chunk[50].0[at] ^= 1;
        let error = collector.accept(2, &chunk).unwrap_err();
        assert_eq!((error, error.convicts()), (SnapshotError::ChunkHash { place: 2 }, Convicts::ChunkSender));
        // what was refused leaves no trace
        for place in [2, 0, 1] {
            collector.accept(place, &scene.chunks[place as usize]).unwrap();
        }
        if at % 28 == 0 {
            assert_eq!(collector.finish(Ancestors::default()).as_ref(), Ok(&scene.state));
        }
    }
}

#[test]
fn a_changed_byte_under_a_hash_convicts_the_announcers() {
    let honest = scene(20);
    for at in 0..COIN_BYTES {
        for bit in [1, 0x80] {
            let forged = honest.clone().forge(|chunks| chunks[0][10].0[at] ^= bit);
            let error = forged.refused();
            assert_eq!(error.convicts(), Convicts::Announcers, "byte {at}, bit {bit}: {error}");
        }
    }
}

#[test]
fn a_coin_twice_is_refused() {
    let forged = scene(COINS).forge(|chunks| chunks[1][7] = chunks[1][6]);
    assert!(matches!(forged.refused(), SnapshotError::Order { before, next } if before == next));
    // and over the edge of two chunks, whichever of them comes first
    let forged = scene(COINS).forge(|chunks| chunks[2][0] = chunks[1][CHUNK_COINS - 1]);
    for order in [[0, 1, 2], [2, 1, 0]] {
        let error = forged.collect(order).unwrap_err();
        assert!(matches!(error, SnapshotError::Order { before, next } if before == next));
        assert_eq!(error.convicts(), Convicts::Announcers);
    }
}

#[test]
fn a_coin_65536_times_is_refused_by_the_order_alone() {
    let (params, copies) = (ChainParams::regtest(), 65_536);
    // with the copies, number and value are as the header says, and the sum does not see them
    let honest = coins(10, 2 * copies);
    let (_, mut state) = header_of(&params, &honest);
    state.coin_count += copies;
    let header = Header { height: INTERVAL, state_root: state.root(), ..params.genesis().header };
    let copy = honest.iter().find(|(_, coin)| coin.output.value.grains() == 2).unwrap();
    let mut sum = LtHash::default();
    (0..copies).for_each(|_| sum.add(copy.0, copy.1));
    assert_eq!(sum, LtHash::default());

    let mut all: Vec<_> = honest.iter().map(|(outpoint, coin)| CoinBytes::new(outpoint, coin)).collect();
    all.extend((0..copies).map(|_| CoinBytes::new(copy.0, copy.1)));
    all.sort();
    let value: u64 = all.iter().map(|coin| coin.coin().output.value.grains()).sum();
    assert_eq!((all.len() as u64, value), (state.coin_count, state.issued.grains()));
    let manifest = Manifest { header, opening: Opening::of(&state), sum: state.utxo_hash.clone(), chunks: Vec::new() };
    let scene = Scene { params, header, state, manifest, chunks: Vec::new() };
    let forged = scene.forge(|chunks| *chunks = all.chunks(CHUNK_COINS).map(<[CoinBytes]>::to_vec).collect());
    assert!(matches!(forged.refused(), SnapshotError::Order { before, next } if before == next));
}

#[test]
fn a_missing_coin_leaves_a_chunk_too_short() {
    let forged = scene(COINS).forge(|chunks| chunks[0].truncate(CHUNK_COINS - 1));
    let expected = CHUNK_COINS as u64;
    let error = SnapshotError::ChunkLength { place: 0, found: CHUNK_COINS - 1, expected };
    assert_eq!((forged.refused(), error.convicts()), (error, Convicts::ChunkSender));
    // the coins after it move up
    let forged = scene(COINS).forge(|chunks| {
        let mut all = chunks.concat();
        all.remove(9);
        *chunks = all.chunks(CHUNK_COINS).map(<[CoinBytes]>::to_vec).collect();
    });
    assert_eq!(forged.refused(), SnapshotError::ChunkLength { place: 2, found: 99, expected: 100 });
}

#[test]
fn coins_that_are_out_of_order_are_refused() {
    let forged = scene(COINS).forge(|chunks| chunks[0].swap(3, 4));
    assert!(matches!(forged.refused(), SnapshotError::Order { .. }));
    // over the edge
    let forged = scene(COINS).forge(|chunks| {
        (chunks[0][CHUNK_COINS - 1], chunks[1][0]) = (chunks[1][0], chunks[0][CHUNK_COINS - 1]);
    });
    for order in [[0, 1, 2], [1, 0, 2], [2, 1, 0]] {
        assert!(matches!(forged.collect(order), Err(SnapshotError::Order { .. })), "{order:?}");
    }
    // whole chunks
    let forged = scene(COINS).forge(|chunks| chunks.swap(0, 1));
    for order in [[0, 1, 2], [1, 0, 2], [0, 2, 1]] {
        assert!(matches!(forged.collect(order), Err(SnapshotError::Order { .. })), "{order:?}");
    }
}

#[test]
fn a_coin_moved_to_another_chunk_is_refused() {
    let forged = scene(COINS).forge(|chunks| {
        let moved = chunks[0].pop().unwrap();
        chunks[1].insert(0, moved);
    });
    assert!(matches!(forged.refused(), SnapshotError::ChunkLength { place: 0, .. }));
    let error = forged.collect([1]).unwrap_err();
    assert!(matches!(error, SnapshotError::ChunkLength { place: 1, found: 4_097, expected: 4_096 }));
}

#[test]
fn a_last_chunk_that_is_short_long_or_empty_is_refused() {
    type Change = fn(&mut Vec<CoinBytes>);
    let changes: [(usize, Change); 3] = [
        (99, |last| last.truncate(99)),
        (101, |last| last.push(CoinBytes([0xff; COIN_BYTES]))),
        (0, |last| last.clear()),
    ];
    for (found, change) in changes {
        let mut wrong = scene(COINS);
        change(&mut wrong.chunks[2]);
        assert_eq!(wrong.refused(), SnapshotError::ChunkHash { place: 2 });
        let forged = scene(COINS).forge(|chunks| change(&mut chunks[2]));
        assert_eq!(forged.refused(), SnapshotError::ChunkLength { place: 2, found, expected: 100 });
    }
}

#[test]
fn a_manifest_that_does_not_fit_convicts_its_sender() {
    let scene = scene(COINS);
    let other = Header { nonce: 77, ..scene.header };
    let (found, expected) = (other.hash(), scene.header.hash());
    let mut sum = scene.manifest.sum.to_bytes();
    sum[2_047] ^= 1;
    let sum = LtHash::from_bytes(&sum);
    let with = |change: &dyn Fn(&mut Manifest)| {
        let mut manifest = scene.manifest.clone();
        change(&mut manifest);
        scene.begin(manifest).unwrap_err()
    };
    type Case<'a> = (&'a dyn Fn(&mut Manifest), SnapshotError);
    let cases: [Case<'_>; 7] = [
        (&|manifest| manifest.header = other, SnapshotError::OtherBlock { found, expected }),
        (&|manifest| manifest.opening.coins[0] ^= 1, SnapshotError::OtherOpening),
        (&|manifest| manifest.opening.count += 1, SnapshotError::OtherOpening),
        (&|manifest| manifest.chunks.truncate(2), SnapshotError::ChunkCount { found: 2, expected: 3 }),
        (&|manifest| manifest.chunks.push([0; 32]), SnapshotError::ChunkCount { found: 4, expected: 3 }),
        (&|manifest| manifest.chunks.clear(), SnapshotError::ChunkCount { found: 0, expected: 3 }),
        (&|manifest| manifest.sum = sum.clone(), SnapshotError::Sum),
    ];
    for (change, expected) in cases {
        let error = with(change);
        assert_eq!((error, error.convicts()), (expected, Convicts::ManifestSender));
    }
}

#[test]
fn there_is_no_snapshot_between_the_intervals() {
    let scene = scene(3);
    for height in [0, 1, INTERVAL - 1, INTERVAL + 1] {
        let mut manifest = scene.manifest.clone();
        manifest.header.height = height;
        let error = manifest.check().unwrap_err();
        assert_eq!((error, error.convicts()), (SnapshotError::Height { height }, Convicts::ManifestSender));
    }
}

#[test]
fn chunks_of_another_blocks_snapshot_are_refused() {
    let scene = scene(3);
    let mut other = scene.clone();
    other.header.nonce += 1;
    other.manifest.header = other.header;
    // the same coins have other hashes there
    let mut collector = other.begin(other.manifest.clone()).unwrap();
    let error = collector.accept(0, &scene.chunks[0]).unwrap_err();
    assert_eq!(error, SnapshotError::ChunkHash { place: 0 });
}

#[test]
fn more_coins_than_there_is_room_for_convict_nobody() {
    let scene = scene(5);
    let begin = |most| {
        let opening = Opening::of(&scene.state);
        Collector::new(&scene.params, &scene.header, &opening, scene.manifest.clone(), most)
    };
    assert!(begin(5).is_ok());
    let error = begin(4).unwrap_err();
    assert_eq!((error, error.convicts()), (SnapshotError::TooManyCoins { count: 5, most: 4 }, Convicts::Nobody));
}

/// Changes the value and the height of a coin.
fn set(coin: &mut CoinBytes, change: impl FnOnce(&mut Coin)) {
    let (outpoint, mut changed) = (*coin).into();
    change(&mut changed);
    *coin = CoinBytes::new(&outpoint, &changed);
}

fn grains(value: u64) -> impl Fn(&mut Coin) {
    move |coin| coin.output.value = Amount::from_grains(value)
}

#[test]
fn coins_that_no_chain_has_are_refused() {
    let most = Amount::MAX_MONEY.grains();
    for value in [0, most + 1, u64::MAX] {
        let forged = scene(COINS).forge(|chunks| set(&mut chunks[1][1], grains(value)));
        assert!(matches!(forged.refused(), SnapshotError::Value { value: found, .. } if found.grains() == value));
    }
    for height in [INTERVAL + 1, u64::MAX] {
        let forged = scene(COINS).forge(|chunks| set(&mut chunks[1][1], |coin| coin.coinbase_height = height));
        let error = forged.refused();
        assert!(matches!(error, SnapshotError::CoinbaseHeight { found, height: INTERVAL, .. } if found == height));
    }
    let forged = scene(COINS).forge(|chunks| set(&mut chunks[1][1], |coin| coin.coinbase_height = INTERVAL));
    assert_eq!(forged.refused(), SnapshotError::Coins, "the height of the snapshot itself is possible");
}

#[test]
fn more_or_less_money_than_issued_is_refused() {
    let issued = scene(3).state.issued;
    let forged = scene(COINS).forge(|chunks| set(&mut chunks[1][1], grains(issued.grains())));
    assert_eq!(forged.refused(), SnapshotError::TooMuchMoney { issued });
    let poorer = scene(COINS).forge(|chunks| {
        let coin = chunks.iter_mut().flatten().find(|coin| coin.coin().output.value.grains() == 2);
        set(coin.unwrap(), grains(1));
    });
    let found = Amount::from_grains(issued.grains() - 1);
    assert_eq!(poorer.refused(), SnapshotError::MissingMoney { found, issued });
}

#[test]
fn what_one_chunk_gains_and_another_loses_convicts_announcers() {
    // number and value stay, and each chunk by itself could be true: the sum over all tells
    let forged = scene(COINS).forge(|chunks| {
        for (chunk, value) in [(1, 1), (2, 3)] {
            let coin = chunks[chunk].iter_mut().find(|coin| coin.coin().output.value.grains() == 2);
            set(coin.unwrap(), grains(value));
        }
    });
    let error = forged.refused();
    assert_eq!((error, error.convicts()), (SnapshotError::Coins, Convicts::Announcers));
}

#[test]
fn mistakes_of_the_caller_convict_nobody() {
    let scene = scene(COINS);
    let mut collector = scene.begin(scene.manifest.clone()).unwrap();
    assert_eq!(collector.accept(3, &scene.chunks[2]), Err(SnapshotError::NoSuchChunk { place: 3 }));
    assert_eq!(collector.accept(u32::MAX, &scene.chunks[2]), Err(SnapshotError::NoSuchChunk { place: u32::MAX }));
    collector.accept(2, &scene.chunks[2]).unwrap();
    assert_eq!(collector.accept(2, &scene.chunks[2]), Err(SnapshotError::ChunkTwice { place: 2 }));
    collector.accept(0, &scene.chunks[0]).unwrap();
    assert!(!collector.is_complete() && collector.accepted() == 2);
    let error = collector.clone().finish(Ancestors::default()).unwrap_err();
    assert_eq!(error, SnapshotError::ChunkMissing { place: 1 });
    collector.accept(1, &scene.chunks[1]).unwrap();
    let mut others = Ancestors::default();
    others.push(scene.header.hash(), Default::default());
    let error = collector.finish(others).unwrap_err();
    assert_eq!((error, error.convicts()), (SnapshotError::State, Convicts::Nobody));
}

#[test]
fn a_maker_refuses_other_coins_than_the_blocks() {
    let scene = scene(5);
    let mut coins: Vec<(OutPoint, Coin)> = scene.chunks[0].iter().map(|coin| (*coin).into()).collect();
    let opening = Opening::of(&scene.state);
    let make = |coins: &[(OutPoint, Coin)]| {
        let mut maker = Maker::new(scene.header);
        for (outpoint, coin) in coins {
            maker.push(outpoint, coin)?;
        }
        maker.finish(opening)
    };
    assert!(make(&coins).is_ok());
    assert_eq!(make(&coins[1..]).unwrap_err(), MakeError::OtherCoins { count: 4 });
    coins[0].1.coinbase_height += 1;
    assert_eq!(make(&coins).unwrap_err(), MakeError::OtherCoins { count: 5 });
    coins.swap(2, 3);
    let (before, next) = (coins[2].0, coins[3].0);
    assert_eq!(make(&coins).unwrap_err(), MakeError::Order { before, next });
    coins[3] = coins[2];
    assert_eq!(make(&coins).unwrap_err(), MakeError::Order { before, next: before });
}
