//! The offering side: a UTXO set is cut into chunks.

use thiserror::Error;

use super::{CHUNK_COINS, CoinBytes, MAX_COINS, Manifest, chunk_hash};
use crate::{digest::BlockHash, header::Header, proof::Opening, state::LtHash, transaction::OutPoint, utxo::Coin};

/// Cuts the coins after a block into the chunks of a snapshot. At most one chunk is in memory.
///
/// ```
/// # use std::collections::BTreeMap;
/// # use toycoin_core::{ChainParams, proof::Opening, snapshot::Maker};
/// # let params = ChainParams::lab();
/// # let (header, opening) = (params.genesis().header, Opening::of(params.genesis_state()));
/// # let coins: BTreeMap<_, _> = params.genesis_coins().created().map(|(at, coin)| (*at, *coin)).collect();
/// // `coins` come in the order of their outpoints, as from a database
/// let mut maker = Maker::new(header);
/// let mut chunks = Vec::new();
/// for (outpoint, coin) in &coins {
///     chunks.extend(maker.push(outpoint, coin)?);
/// }
/// let (rest, manifest) = maker.finish(opening)?;
/// chunks.extend(rest);
/// assert_eq!(chunks.len(), manifest.chunks.len());
/// # Ok::<(), toycoin_core::snapshot::MakeError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Maker {
    header: Header,
    block: BlockHash,
    sum: LtHash,
    count: u64,
    last: Option<OutPoint>,
    pending: Vec<CoinBytes>,
    hashes: Vec<[u8; 32]>,
}

/// A chunk of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeChunk {
    /// The number of the chunk, from 0.
    pub place: u32,
    /// Its coins.
    pub coins: Vec<CoinBytes>,
}

/// The reason why coins make no snapshot: the caller's set is not the one after the block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MakeError {
    /// A coin does not follow the one before it.
    #[error("coin {next:?} follows {before:?}")]
    Order {
        /// The first coin's outpoint.
        before: OutPoint,
        /// The outpoint of the coin after it.
        next: OutPoint,
    },
    /// There are more coins than a snapshot may have.
    #[error("a snapshot has at most {MAX_COINS} coins")]
    TooManyCoins,
    /// The coins are not those that the opening is of.
    #[error("the {count} coins are not those after the block")]
    OtherCoins {
        /// The number of coins.
        count: u64,
    },
}

impl Maker {
    /// Begins the snapshot of the coins after the block of `header`.
    pub fn new(header: Header) -> Self {
        let (block, sum) = (header.hash(), LtHash::default());
        Self { header, block, sum, count: 0, last: None, pending: Vec::new(), hashes: Vec::new() }
    }

    /// Adds the next coin. Returns a chunk when it is full.
    ///
    /// # Errors
    /// When the outpoint is not greater than the last one, or the snapshot is full.
    pub fn push(&mut self, outpoint: &OutPoint, coin: &Coin) -> Result<Option<MadeChunk>, MakeError> {
        if let Some(before) = self.last.replace(*outpoint).filter(|before| before >= outpoint) {
            return Err(MakeError::Order { before, next: *outpoint });
        }
        if self.count >= MAX_COINS {
            return Err(MakeError::TooManyCoins);
        }
        self.sum.add(outpoint, coin);
        self.count += 1;
        self.pending.push(CoinBytes::new(outpoint, coin));
        Ok(if self.pending.len() == CHUNK_COINS { Some(self.cut()) } else { None })
    }

    /// Ends the snapshot. Returns the last chunk, unless it was full and is out already, and the manifest. `opening` is
    /// that of the state after the block.
    ///
    /// # Errors
    /// When the opening is of other coins: a peer that asks would take the snapshot for a lie.
    pub fn finish(mut self, opening: Opening) -> Result<(Option<MadeChunk>, Manifest), MakeError> {
        if self.count != opening.count || self.sum.digest() != opening.coins {
            return Err(MakeError::OtherCoins { count: self.count });
        }
        let rest = if self.pending.is_empty() { None } else { Some(self.cut()) };
        Ok((rest, Manifest { header: self.header, opening, sum: self.sum, chunks: self.hashes }))
    }

    fn cut(&mut self) -> MadeChunk {
        let coins = std::mem::take(&mut self.pending);
        let place = u32::try_from(self.hashes.len()).unwrap_or(u32::MAX);
        self.hashes.push(chunk_hash(self.block, place, &coins));
        MadeChunk { place, coins }
    }
}
