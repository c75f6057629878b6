//! Snapshots: their manifests, and their chunks.

use std::fmt::Display;

use toycoin_core::{
    BlockHash, Header,
    chain::Chain,
    snapshot::{CHUNK_COINS, COIN_BYTES},
    state::LTHASH_BYTES,
    store::ChainStore,
};
use toycoin_wire::node::{Chunk, GetChunk, NodeMessage};

use super::Given;
use crate::{
    limits,
    protocol::answers::questions::{Plan, Source},
};

/// Plans the manifest of the snapshot of a block; zeros stand for the newest.
pub(super) fn plan_manifest<S: ChainStore>(block: &BlockHash, chain: &Chain<S>) -> Plan {
    let chunks = chain.offered_snapshot(block).map(|kept| kept.manifest.chunks.len());
    plan_of(chunks.map_or(0, manifest_bytes))
}

/// Gives the manifest of a snapshot.
pub(super) fn give_manifest<S: ChainStore>(block: &BlockHash, plan: &Plan, chain: &Chain<S>) -> Given {
    let kept = chain.offered_snapshot(block).map(|kept| (manifest_bytes(kept.manifest.chunks.len()), kept));
    match kept.filter(|(bytes, _)| *bytes <= plan.tokens) {
        Some((bytes, kept)) => {
            let message = Some(NodeMessage::Manifest(kept.manifest.clone()));
            Given { message, missing: Vec::new(), bytes, tokens: bytes }
        }
        None => Given::missing(block.to_bytes(), 0),
    }
}

/// Plans a chunk of a snapshot. A chunk is read, hashed and sent, which costs as much as a block of its size.
pub(super) fn plan_chunk<S: ChainStore>(request: &GetChunk, chain: &Chain<S>) -> Plan {
    let has_chunk = |chunks: usize| usize::try_from(request.place).is_ok_and(|place| place < chunks);
    let kept = chain.snapshot_of_id(&request.snapshot);
    plan_of(kept.filter(|kept| has_chunk(kept.manifest.chunks.len())).map_or(0, |_| chunk_bytes(CHUNK_COINS)))
}

/// Gives a chunk of a snapshot.
pub(super) fn give_chunk<S: ChainStore<Error: Display>>(
    request: &GetChunk,
    plan: &Plan,
    chain: &Chain<S>,
) -> Result<Given, String> {
    let GetChunk { snapshot, place } = *request;
    if plan.tokens == 0 {
        return Ok(Given::missing(snapshot, 0));
    }
    let coins = chain.snapshot_chunk(&snapshot, place).map_err(|error| error.to_string())?;
    let Some(coins) = coins else {
        // it was read in vain
        return Ok(Given::missing(snapshot, plan.tokens));
    };
    let bytes = chunk_bytes(coins.len());
    let message = Some(NodeMessage::Chunk(Chunk { snapshot, place, coins }));
    Ok(Given { message, missing: Vec::new(), bytes, tokens: bytes.min(plan.tokens) })
}

fn plan_of(bytes: u64) -> Plan {
    Plan { tokens: bytes, length: bytes + limits::MAX_ENVELOPE_BYTES, source: Source::Chain }
}

const fn manifest_bytes(chunks: usize) -> u64 {
    (Header::SIZE + 32 + 8 + LTHASH_BYTES + 8 + 32 * chunks) as u64
}

const fn chunk_bytes(coins: usize) -> u64 {
    (32 + 4 + 8 + COIN_BYTES * coins) as u64
}

#[cfg(test)]
mod tests {
    use toycoin_core::{
        ChainParams,
        snapshot::{DEPTH, INTERVAL},
        store::MemoryStore,
        test_util::{classroom, grow},
    };

    use super::*;

    #[test]
    fn plans_bound_a_manifest_and_its_chunks() {
        let mut chain = Chain::open(ChainParams::regtest(), MemoryStore::new().with_snapshots()).unwrap();
        grow(&mut chain, INTERVAL, classroom::owner(0));
        let block = chain.tip().hash;
        assert_eq!(plan_manifest(&block, &chain).tokens, 0, "it is not deep enough");
        grow(&mut chain, DEPTH, classroom::owner(0));
        for asked in [block, BlockHash::ZERO] {
            let plan = plan_manifest(&asked, &chain);
            let given = give_manifest(&asked, &plan, &chain);
            let message = given.message.expect("a manifest");
            assert_eq!(message.encode().unwrap().len() as u64, given.bytes + 4);
            assert!(given.bytes + 4 <= plan.length && given.tokens <= plan.tokens);
        }
        let snapshot = chain.offered_snapshot(&block).unwrap().id;
        let request = GetChunk { snapshot, place: 0 };
        let plan = plan_chunk(&request, &chain);
        let given = give_chunk(&request, &plan, &chain).unwrap();
        assert_eq!(given.message.expect("a chunk").encode().unwrap().len() as u64, given.bytes + 4);
        assert!(given.bytes + 4 <= plan.length && given.tokens <= plan.tokens);

        for unknown in [GetChunk { snapshot, place: 1 }, GetChunk { snapshot: [9; 32], place: 0 }] {
            let plan = plan_chunk(&unknown, &chain);
            let given = give_chunk(&unknown, &plan, &chain).unwrap();
            assert_eq!((given.message, given.missing), (None, vec![unknown.snapshot]));
        }
        let given = give_manifest(&chain.tip().hash, &plan_manifest(&chain.tip().hash, &chain), &chain);
        assert_eq!(given.missing, [chain.tip().hash.to_bytes()]);
    }
}
