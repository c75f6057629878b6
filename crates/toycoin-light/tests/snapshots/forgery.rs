//! Sets of coins that are false, under manifests that hold together.

use std::{collections::BTreeMap, sync::LazyLock};

use toycoin_core::{
    Amount,
    snapshot::{CHUNK_COINS, CoinBytes, INTERVAL, Manifest, chunk_hash},
    utxo::Coin,
};

use super::source::honest;

/// What a forger does to the coins before he hashes the chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Forgery {
    /// A coin stands twice.
    Twice,
    /// Two neighbours have changed places.
    Disorder,
    /// The last coin of a chunk and the first of the next have changed places.
    Moved,
    /// Two chunks have changed places.
    Chunks,
    /// A coin is worth nothing.
    Worthless,
    /// A coin is worth more than all money.
    Rich,
    /// A coin is worth a grain more.
    More,
    /// A coin is worth a grain less.
    Less,
    /// A coin is from a later block.
    Later,
    /// A coin has another owner, which only the sum over all tells.
    Stolen,
    /// A coin is worth a grain more and another one less, in two chunks.
    Balanced,
    /// A chunk is one coin short.
    Short,
}

/// A manifest and its chunks.
type Made = (Manifest, Vec<Vec<CoinBytes>>);

impl Forgery {
    pub(crate) const ALL: [Self; 12] = [
        Self::Twice,
        Self::Disorder,
        Self::Moved,
        Self::Chunks,
        Self::Worthless,
        Self::Rich,
        Self::More,
        Self::Less,
        Self::Later,
        Self::Stolen,
        Self::Balanced,
        Self::Short,
    ];

    /// Returns the false manifest and its chunks.
    pub(crate) fn made(self) -> &'static Made {
        static MADE: LazyLock<BTreeMap<Forgery, Made>> =
            LazyLock::new(|| Forgery::ALL.into_iter().map(|forgery| (forgery, forgery.make())).collect());
        &MADE[&self]
    }

    fn make(self) -> Made {
        let source = honest();
        let (mut manifest, mut chunks) = (source.manifest.clone(), source.chunks.clone());
        self.change(&mut chunks);
        let block = manifest.header.hash();
        manifest.chunks = (0..).zip(&chunks).map(|(place, coins)| chunk_hash(block, place, coins)).collect();
        assert_ne!(manifest.id(), source.manifest.id());
        (manifest, chunks)
    }

    fn change(self, chunks: &mut [Vec<CoinBytes>]) {
        let last = CHUNK_COINS - 1;
        let value = |grains: i64| {
            move |coin: &mut Coin| {
                let changed = coin.output.value.grains().saturating_add_signed(grains);
                coin.output.value = Amount::from_grains(changed);
            }
        };
        match self {
            Self::Twice => chunks[2][100] = chunks[2][99],
            Self::Disorder => chunks[3].swap(7, 8),
            Self::Moved => (chunks[0][last], chunks[1][0]) = (chunks[1][0], chunks[0][last]),
            Self::Chunks => chunks.swap(1, 4),
            Self::Worthless => set(&mut chunks[5][0], |coin| coin.output.value = Amount::ZERO),
            Self::Rich => set(&mut chunks[5][0], |coin| coin.output.value = Amount::from_grains(u64::MAX)),
            Self::More => set(&mut chunks[0][0], value(1)),
            Self::Less => set(&mut chunks[0][0], value(-1)),
            Self::Later => set(&mut chunks[0][0], |coin| coin.coinbase_height = INTERVAL + 1),
            Self::Stolen => set(&mut chunks[4][9], |coin| coin.output.owner = toycoin_core::PublicKey::ZERO),
            Self::Balanced => {
                set(&mut chunks[1][0], value(1));
                set(&mut chunks[2][0], value(-1));
            }
            Self::Short => drop(chunks[0].pop()),
        }
    }
}

fn set(coin: &mut CoinBytes, change: impl FnOnce(&mut Coin)) {
    let (outpoint, mut changed) = (*coin).into();
    change(&mut changed);
    *coin = CoinBytes::new(&outpoint, &changed);
}
