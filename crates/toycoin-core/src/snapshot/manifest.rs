//! Manifests: what a snapshot is of, and the hash of each chunk.

use super::{CHUNK_COINS, CoinBytes, INTERVAL, SnapshotError};
use crate::{commitment::Domain, digest::BlockHash, header::Header, proof::Opening, state::LtHash};

/// The manifest of a snapshot: what it commits to, and the hash of each chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Manifest {
    /// The header whose block's coins these are.
    pub header: Header,
    /// The opening of the state after that block.
    pub opening: Opening,
    /// The LtHash of the coins, whose digest is in the opening.
    pub sum: LtHash,
    /// The hash of each chunk.
    pub chunks: Vec<[u8; 32]>,
}

impl Manifest {
    /// Returns the manifest's id: `H_snapshot(header hash | coins digest | count u64 | n u32 | chunk hashes)`.
    ///
    /// The order of coins and the length of chunks are fixed, so a set of coins has one id.
    pub fn id(&self) -> [u8; 32] {
        let opened = Domain::Snapshot.hasher().bytes(self.header.hash().as_bytes()).bytes(&self.opening.coins);
        let counted = opened.u64(self.opening.count).count(self.chunks.len());
        counted.each(&self.chunks, |hash, chunk| hash.bytes(chunk)).finish()
    }

    /// Checks what needs no proof of the header: that there are snapshots at its height, that there are as many chunks
    /// as the coins need, and that the sum is the one in the opening. An honest peer's manifest passes.
    ///
    /// # Errors
    /// The first check that fails. Each convicts the sender.
    pub fn check(&self) -> Result<(), SnapshotError> {
        let height = self.header.height;
        if height == 0 || !height.is_multiple_of(INTERVAL) {
            return Err(SnapshotError::Height { height });
        }
        let (found, expected) = (self.chunks.len(), self.opening.count.div_ceil(CHUNK_COINS as u64));
        if found as u64 != expected {
            return Err(SnapshotError::ChunkCount { found, expected });
        }
        if self.sum.digest() == self.opening.coins { Ok(()) } else { Err(SnapshotError::Sum) }
    }
}

/// Returns the hash of a chunk: `H_snapshot-chunk(header hash | place u32 | bytes)`.
pub fn chunk_hash(block: BlockHash, place: u32, coins: &[CoinBytes]) -> [u8; 32] {
    let placed = Domain::SnapshotChunk.hasher().bytes(block.as_bytes()).u32(place);
    placed.each(coins, |hash, coin| hash.bytes(&coin.0)).finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        amount::Amount,
        digest::Txid,
        keys::PublicKey,
        params::ChainParams,
        state::ChainState,
        transaction::{OutPoint, TxOut},
        utxo::Coin,
    };

    fn coin(txid: u8, vout: u32, value: u64) -> CoinBytes {
        let output = TxOut { value: Amount::from_grains(value), owner: PublicKey::from_bytes([4; 32]) };
        CoinBytes::new(&OutPoint { txid: Txid::from_bytes([txid; 32]), vout }, &Coin { output, coinbase_height: 7 })
    }

    fn manifest() -> Manifest {
        let params = ChainParams::lab();
        let state: &ChainState = params.genesis_state();
        let chunks = vec![[1; 32], [2; 32]];
        let (header, sum) = (params.genesis().header, state.utxo_hash.clone());
        Manifest { header, opening: Opening::of(state), sum, chunks }
    }

    #[test]
    fn an_id_commits_to_all_but_the_sum() {
        let found = manifest();
        let changes: [fn(&mut Manifest); 6] = [
            |manifest| manifest.header.nonce += 1,
            |manifest| manifest.opening.coins[31] ^= 1,
            |manifest| manifest.opening.count += 1,
            |manifest| manifest.chunks[1][0] ^= 1,
            |manifest| manifest.chunks.swap(0, 1),
            |manifest| manifest.chunks.truncate(1),
        ];
        for (place, change) in changes.iter().enumerate() {
            let mut other = manifest();
            change(&mut other);
            assert_ne!(other.id(), found.id(), "change {place}");
        }
        // the opening has the sum's digest
        let other = Manifest { sum: LtHash::default(), ..manifest() };
        assert_eq!(other.id(), found.id());
    }

    #[test]
    fn a_chunks_hash_commits_to_its_block_and_place() {
        let (block, coins) = (BlockHash::from_bytes([5; 32]), [coin(1, 0, 9), coin(1, 1, 9)]);
        let found = chunk_hash(block, 0, &coins);
        assert_eq!(chunk_hash(block, 0, &coins), found);
        assert_ne!(chunk_hash(BlockHash::ZERO, 0, &coins), found);
        assert_ne!(chunk_hash(block, 1, &coins), found);
        assert_ne!(chunk_hash(block, 0, &coins[..1]), found);
        assert_ne!(chunk_hash(block, 0, &[coins[1], coins[0]]), found);
    }
}
