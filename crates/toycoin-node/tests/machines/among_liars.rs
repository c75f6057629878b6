//! Claims earn nothing and deliveries do: liars, however many, hold up a joiner for a moment only.

use std::time::Duration;

use crate::common::{
    chains::{PeerChain, chain_of, honest_answers},
    stranger::Answers,
    wires::{Link, World},
};
use toycoin_core::{ChainParams, Work, chain::Chain};
use toycoin_wire::node::NodeMessage;

const SECOND: Duration = Duration::from_secs(1);

/// What liars do when they are asked; all claim more work than there is.
#[derive(Debug, Clone, Copy)]
enum Liar {
    /// Nothing.
    Silent,
    /// Sends no headers in an answer and has none of the blocks.
    Empty,
    /// Hands out headers, and no blocks.
    HeadersAlone,
    /// Hands out headers, and says that it has none of the blocks.
    HeadersAndNotFound,
}

const KINDS: [Liar; 4] = [Liar::Silent, Liar::Empty, Liar::HeadersAlone, Liar::HeadersAndNotFound];

impl Liar {
    fn answers(self, chain: &PeerChain) -> Answers {
        let chain = Chain::open(chain.params().clone(), chain.store().clone()).expect("a store in memory");
        Box::new(move |message| match (self, message) {
            (Self::Empty, NodeMessage::GetHeaders(_)) => vec![NodeMessage::Headers(Vec::new())],
            (Self::HeadersAlone | Self::HeadersAndNotFound, NodeMessage::GetHeaders(_)) => {
                honest_answers(&chain, message)
            }
            (Self::Empty | Self::HeadersAndNotFound, NodeMessage::GetBlocks(hashes)) => {
                vec![NodeMessage::NotFound(hashes.iter().map(|hash| hash.to_bytes()).collect())]
            }
            _ => Vec::new(),
        })
    }
}

/// Returns how long a joiner takes to catch up with honest nodes on one relay, and liars there or on another.
fn joins_in(chain: &PeerChain, kind: Liar, liars: usize, honest: usize, apart: bool, seed: u8) -> Duration {
    let mut world = World::new(chain.params(), 2);
    let far = Link::far(20);
    for _ in 0..honest {
        world.node(chain, &[(0, far)], |_| {});
    }
    let work = Work::from_be_bytes([0x7f; 32]);
    for _ in 0..liars {
        world.stranger(usize::from(apart), far, chain, work, kind.answers(chain));
    }
    world.run_for(SECOND);
    let on: &[_] = if apart { &[(0, far), (1, far)] } else { &[(0, far)] };
    let joiner = world.node(&chain_of(chain.params(), 0, 0), on, |config| config.seed = [seed; 32]);
    let time = world.run_until(SECOND * 60, |world| world.chain(joiner).tip() == chain.tip());
    time.unwrap_or_else(|| panic!("{kind:?}: {liars} liars, height {}", world.chain(joiner).height()))
}

#[test]
fn twenty_liars_of_25_peers_cost_at_most_three_seconds() {
    let chain = chain_of(&ChainParams::regtest(), 200, 1);
    for kind in KINDS {
        for seed in 1..=8 {
            let alone = joins_in(&chain, kind, 0, 5, false, seed);
            let among = joins_in(&chain, kind, 20, 5, false, seed);
            assert!(among <= alone + SECOND * 3, "{kind:?}, seed {seed}: {alone:?} alone, {among:?} among liars");
        }
    }
}

#[test]
fn liars_on_one_relay_do_not_slow_another() {
    let chain = chain_of(&ChainParams::regtest(), 200, 1);
    for kind in KINDS {
        for seed in 1..=4 {
            let alone = joins_in(&chain, kind, 0, 4, true, seed);
            for liars in [1, 5, 20] {
                let among = joins_in(&chain, kind, liars, 4, true, seed);
                assert!(among <= alone + SECOND / 2, "{kind:?}, seed {seed}, {liars} liars: {alone:?}, {among:?}");
            }
        }
    }
}
