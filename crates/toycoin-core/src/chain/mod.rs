//! The chain engine: header tree, fork choice, reorganisations (reorgs).
//!
//! ```text
//!   insert_header ─▶ header tree ◀── insert_block ─▶ store: bodies
//!                        │ complete: every body from genesis is stored
//!                        ▼
//!                   candidates, most work first ── advance(), one block per call ──▶ ChainUpdate ─▶ store: tip
//! ```
//!
//! Fork choice: the fully valid chain with the most work is active. Of two chains with equal work, the one whose bodies
//! were complete first stays active.
//!
//! The engine judges a reorganisation block by block in an overlay. The tip moves once, when the last block that is
//! needed has been found valid. Until then the old chain stays active, and it stays if a block is found invalid. Judged
//! blocks wait in memory while they are few. A deep reorganisation writes them to the store in stages
//! ([`ChainStore::stage`](crate::ChainStore::stage)), so that its depth does not decide how much memory it takes.
//!
//! The engine also proves things about the active chain to light clients ([`Chain::prove_work`]). For that it keeps the
//! inner nodes of the Merkle mountain range over the chain, in step with the tip.

mod active;
mod candidates;
mod engine;
mod error;
mod header_tree;
mod listing;
mod locator;
mod lookahead;
mod missing;
mod mountains;
mod opening;
mod outcome;
mod proving;
mod recent;
mod reorg;
mod snapshots;
mod template;
mod ties;

pub use self::{
    active::{Audit, Tip},
    engine::Chain,
    error::{ChainError, MemoryChainError},
    header_tree::{HeaderEntry, HeaderError, HeaderTree},
    listing::{BlockStanding, HeaderCursor, HeaderPage, KnownHeader},
    locator::MAX_LOCATOR,
    outcome::{Advance, Applied, Inserted, Moved},
    proving::{ProvedAncestors, ProvedWork},
};
