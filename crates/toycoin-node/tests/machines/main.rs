//! Machines in memory: virtual time, a queue of what happens when, and a seed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod among_liars;
mod answers_are_charged;
mod arbitrary_inputs;
mod bodies_from_several_peers;
mod catching_up;
mod clocks;
mod common;
mod compact_blocks;
mod compact_blocks_on_a_mesh;
mod determinism;
mod every_broken_block;
mod headers_first;
mod honest_disagreement;
mod hostile_peers;
mod idle;
mod light_questions;
mod mempool;
mod mesh_link;
mod mesh_link_answers;
mod mesh_link_missed;
mod minimum_work;
mod mining;
mod nothing_overflows;
mod pruned_questions;
mod seen_from_outside;
mod signatures_cost_their_sender;
mod slow_and_far_links;
mod snapshot_questions;
mod waits;
mod wallet_replaces;
mod what_waits_is_bounded;
