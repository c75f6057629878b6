//! The receiving side: chunks are checked as they come, in any order.

use std::collections::BTreeMap;

use super::{CHUNK_COINS, CoinBytes, MAX_COINS, Manifest, SnapshotError, chunk_hash};
use crate::{
    amount::Amount,
    digest::BlockHash,
    header::Header,
    params::ChainParams,
    proof::Opening,
    state::{Ancestors, ChainState, LtHash},
    transaction::OutPoint,
};

/// Checks the chunks of one snapshot, and adds them up.
///
/// It keeps no coins: whoever passes in a chunk stores it when [`accept`](Self::accept) has returned. Kept are the
/// manifest, a sum of 2 kB, and the first and the last outpoint of each chunk, since neighbours may come in any order.
#[derive(Debug, Clone)]
pub struct Collector {
    manifest: Manifest,
    id: [u8; 32],
    block: BlockHash,
    issued: Amount,
    sum: LtHash,
    value: Amount,
    accepted: BTreeMap<u32, Edges>,
}

/// The first and the last outpoint of a chunk.
#[derive(Debug, Clone, Copy)]
struct Edges {
    first: OutPoint,
    last: OutPoint,
}

impl Collector {
    /// Begins a snapshot. `header` and `opening` are of the block whose coins are wanted, and were proved before: by a
    /// proof of ancestry below a tip whose work is proved. `most_coins` is what the caller has room for, 84 bytes each.
    ///
    /// # Errors
    /// When the manifest is not of that block, does not hold together, or has too many coins.
    pub fn new(
        params: &ChainParams,
        header: &Header,
        opening: &Opening,
        manifest: Manifest,
        most_coins: u64,
    ) -> Result<Self, SnapshotError> {
        let (found, block) = (manifest.header.hash(), header.hash());
        if found != block {
            return Err(SnapshotError::OtherBlock { found, expected: block });
        }
        if manifest.opening != *opening {
            return Err(SnapshotError::OtherOpening);
        }
        let (count, most) = (opening.count, most_coins.min(MAX_COINS));
        if count > most {
            return Err(SnapshotError::TooManyCoins { count, most });
        }
        manifest.check()?;
        let (id, issued) = (manifest.id(), params.issued(header.height));
        let (sum, value, accepted) = (LtHash::default(), Amount::ZERO, BTreeMap::new());
        Ok(Self { manifest, id, block, issued, sum, value, accepted })
    }

    /// Returns the manifest.
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Returns the manifest's id.
    pub const fn id(&self) -> [u8; 32] {
        self.id
    }

    /// Returns the number of chunks that were accepted.
    pub fn accepted(&self) -> usize {
        self.accepted.len()
    }

    /// Returns whether all chunks were accepted.
    pub fn is_complete(&self) -> bool {
        self.accepted.len() == self.manifest.chunks.len()
    }

    /// Checks a chunk and adds its coins. Nothing changes when it is refused.
    ///
    /// # Errors
    /// The first check that fails. [`SnapshotError::convicts`] tells who has lied.
    pub fn accept(&mut self, place: u32, coins: &[CoinBytes]) -> Result<(), SnapshotError> {
        if self.accepted.contains_key(&place) {
            return Err(SnapshotError::ChunkTwice { place });
        }
        let hash = usize::try_from(place).ok().and_then(|place| self.manifest.chunks.get(place));
        if chunk_hash(self.block, place, coins) != *hash.ok_or(SnapshotError::NoSuchChunk { place })? {
            return Err(SnapshotError::ChunkHash { place });
        }
        let expected = self.manifest.coins_in(place);
        let ([first, ..], [.., last]) = (coins, coins) else {
            return Err(SnapshotError::ChunkLength { place, found: 0, expected });
        };
        if coins.len() as u64 != expected {
            return Err(SnapshotError::ChunkLength { place, found: coins.len(), expected });
        }
        let edges = Edges { first: first.outpoint(), last: last.outpoint() };
        self.check_order(place, coins, &edges)?;
        let value = coins.iter().try_fold(self.value, |sum, coin| self.add_value(sum, coin))?;

        for (outpoint, coin) in coins.iter().map(|coin| (coin.outpoint(), coin.coin())) {
            self.sum.add(&outpoint, &coin);
        }
        self.value = value;
        self.accepted.insert(place, edges);
        Ok(())
    }

    /// Ends the snapshot, and returns the state after its block. `ancestors` are the block's.
    ///
    /// # Errors
    /// When a chunk is missing, or the coins are not those that the block commits to.
    pub fn finish(self, ancestors: Ancestors) -> Result<ChainState, SnapshotError> {
        if !self.is_complete() {
            let missing = (0..).find(|place| !self.accepted.contains_key(place));
            return Err(SnapshotError::ChunkMissing { place: missing.unwrap_or_default() });
        }
        // the number of coins follows from the lengths of the chunks
        if self.value != self.issued {
            return Err(SnapshotError::MissingMoney { found: self.value, issued: self.issued });
        }
        if self.sum != self.manifest.sum {
            return Err(SnapshotError::Coins);
        }
        let coin_count = self.manifest.opening.count;
        let state = ChainState { utxo_hash: self.sum, coin_count, issued: self.issued, ancestors };
        if state.root() == self.manifest.header.state_root { Ok(state) } else { Err(SnapshotError::State) }
    }

    /// Checks that outpoints are strictly ascending, within the chunk and towards its neighbours.
    ///
    /// This is soundness and not taste: 65,536 copies of a coin leave each lane of the sum as it was.
    fn check_order(&self, place: u32, coins: &[CoinBytes], edges: &Edges) -> Result<(), SnapshotError> {
        let follows = |before: OutPoint, next: OutPoint| {
            if before < next { Ok(()) } else { Err(SnapshotError::Order { before, next }) }
        };
        let before = place.checked_sub(1).and_then(|place| self.accepted.get(&place));
        if let Some(before) = before {
            follows(before.last, edges.first)?;
        }
        let mut last = None;
        for next in coins.iter().map(CoinBytes::outpoint) {
            if let Some(before) = last.replace(next) {
                follows(before, next)?;
            }
        }
        match place.checked_add(1).and_then(|place| self.accepted.get(&place)) {
            Some(next) => follows(edges.last, next.first),
            None => Ok(()),
        }
    }

    /// Checks a coin by itself, and adds its value.
    fn add_value(&self, sum: Amount, bytes: &CoinBytes) -> Result<Amount, SnapshotError> {
        let (coin, height) = (bytes.coin(), self.manifest.header.height);
        let value = coin.output.value;
        if !value.is_coin_value() {
            return Err(SnapshotError::Value { coin: bytes.outpoint(), value });
        }
        if coin.coinbase_height > height {
            let found = coin.coinbase_height;
            return Err(SnapshotError::CoinbaseHeight { coin: bytes.outpoint(), found, height });
        }
        let issued = self.issued;
        let sum = sum.checked_add(value).filter(|sum| *sum <= issued);
        sum.ok_or(SnapshotError::TooMuchMoney { issued })
    }
}

impl Manifest {
    /// Returns the number of coins that a chunk must have; 0 if there is no such chunk.
    fn coins_in(&self, place: u32) -> u64 {
        let before = u64::from(place) * CHUNK_COINS as u64;
        self.opening.count.saturating_sub(before).min(CHUNK_COINS as u64)
    }
}
