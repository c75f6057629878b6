//! A snapshot sync ends with the true coins as long as one server is honest, and blames who lied.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a panic")]

mod snapshots;

use std::{collections::BTreeSet, time::Duration};

use snapshots::{CONNECTION, Forgery, Manner, Peer, World, fork, honest, server};
use toycoin_core::snapshot::{CoinBytes, SnapshotError};
use toycoin_light::machine::snapshot::{Input, SnapshotConfig, SnapshotFailure};
use toycoin_wire::{NodeMessage, Tag, machine::Machine, node::Chunk};

/// Servers of one manner, and an honest one with a name above theirs.
fn against(seed: u64, manner: Manner, liars: usize) -> World {
    let peers = std::iter::repeat_n(manner, liars).chain([Manner::Honest]).map(Peer::new);
    World::new(seed, peers.collect())
}

#[test]
fn honest_servers_give_the_state_of_the_block() {
    for servers in [1, 2, 5] {
        let mut world = World::new(1, (0..servers).map(|_| Peer::new(Manner::Honest)).collect());
        world.settle();
        world.assert_done(honest(), "honest servers");
        let done = world.done.as_ref().unwrap();
        assert_eq!((done.previous, done.previous_work, done.work), honest().before());
        assert_eq!(done.state.root(), done.header.state_root);
        assert!(world.muted.is_empty() && world.failures.is_empty());
        assert_eq!(world.begun, 1);
        // there are six chunks: one server alone has as many questions as it may have
        assert_eq!(world.most_in_flight, if servers == 1 { 4 } else { 6_usize.div_ceil(servers) });
        assert_eq!(world.sync.next_timeout(), None);
    }
}

#[test]
fn each_liar_is_muted_and_nobody_else() {
    for manner in Manner::CRIMES {
        let ended = |seed| {
            let mut world = against(seed, manner, 3);
            world.settle();
            world.assert_done(honest(), &format!("{manner:?}"));
            assert!(!world.muted.contains(&server(4)), "{manner:?}");
            world.muted
        };
        match manner {
            // one server is drawn for a question, and it may be the honest one
            Manner::TampersAncestors | Manner::TwoSnapshots => {
                assert!((0..20).any(|seed| !ended(seed).is_empty()), "{manner:?}");
            }
            _ => assert_eq!(ended(0), (1..=3).map(server).collect(), "{manner:?}"),
        }
    }
}

#[test]
fn a_false_snapshot_convicts_all_who_offer_it() {
    for forgery in Forgery::ALL {
        // they are the most, so theirs is tried first
        let mut world = against(2, Manner::Forges(forgery), 3);
        world.settle();
        world.assert_done(honest(), &format!("{forgery:?}"));
        assert_eq!(world.muted, (1..=3).map(server).collect(), "{forgery:?}");
        assert_eq!(world.failures.len(), 1, "{forgery:?}");
        let expected = match forgery {
            // each who sends it is convicted by itself
            Forgery::Short => matches!(world.failures[0], SnapshotFailure::Unavailable),
            Forgery::Stolen | Forgery::Balanced => world.failures[0] == SnapshotFailure::False(SnapshotError::Coins),
            _ => matches!(world.failures[0], SnapshotFailure::False(_)),
        };
        assert!(expected, "{forgery:?}: {:?}", world.failures);
    }
}

#[test]
fn who_offers_a_refuted_snapshot_later_is_muted_at_once() {
    let mut world = against(2, Manner::Forges(Forgery::Stolen), 2);
    // the honest one comes later, and so does a third liar
    let good = world.peers.remove(&server(3)).unwrap();
    world.publish();
    world.run(Duration::from_secs(30));
    assert_eq!((world.begun, world.muted.len()), (1, 2));
    world.peers.insert(server(4), Peer::new(Manner::Forges(Forgery::Stolen)));
    world.publish();
    world.run(Duration::from_secs(30));
    assert!(world.muted.contains(&server(4)));
    assert_eq!(world.begun, 1, "it is not tried again");
    world.peers.insert(server(3), good);
    world.settle();
    world.assert_done(honest(), "the honest server");
}

#[test]
fn who_cannot_be_convicted_is_not_muted() {
    for manner in Manner::LAWFUL {
        let mut world = against(2, manner, 3);
        world.settle();
        world.assert_done(honest(), &format!("{manner:?}"));
        assert!(world.muted.is_empty(), "{manner:?}: {:?}", world.muted);
    }
}

#[test]
fn a_snapshot_that_stands_still_yields_to_another() {
    let mut world = against(2, Manner::KeepsForgery, 3);
    world.settle();
    world.assert_done(honest(), "the honest server's");
    assert_eq!(world.failures, [SnapshotFailure::Stalled]);
    // without another one, it is waited for
    let mut world = World::new(1, vec![Peer::new(Manner::KeepsChunks)]);
    world.settle();
    assert!(world.done.is_none() && world.failures.is_empty() && world.begun == 1);
    world.peers.insert(server(1), Peer::new(Manner::Honest));
    world.settle();
    world.assert_done(honest(), "the server speaks again");
    assert_eq!(world.begun, 1);
}

/// Draws seven manners of liars, and a place for an honest server among them.
fn drawn(seed: u64) -> Vec<Manner> {
    let liars = Manner::liars();
    let draw = |i: u64| {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ i.wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state ^= state >> 31;
        (state.wrapping_mul(0x94d0_49bb_1331_11eb) >> 33) as usize
    };
    let mut manners: Vec<_> = (1..=7).map(|i| liars[draw(i) % liars.len()]).collect();
    manners.insert(draw(8) % 8, Manner::Honest);
    manners
}

#[test]
fn one_honest_server_of_eight_is_enough() {
    let mut met = BTreeSet::new();
    for seed in 0..60 {
        let manners = drawn(seed);
        met.extend(manners.iter().map(|manner| format!("{manner:?}")));
        let mut world = World::new(seed, manners.iter().copied().map(Peer::new).collect());
        world.settle();
        world.assert_done(honest(), &format!("seed {seed}: {manners:?}"));
        for (name, manner) in (1..).zip(&manners) {
            let is_muted = world.muted.contains(&server(name));
            assert!(!is_muted || manner.is_crime(), "seed {seed}: {manner:?} is muted");
        }
    }
    assert_eq!(met.len(), Manner::liars().len() + 1, "every kind of liar is drawn");
}

#[test]
fn two_runs_of_a_seed_are_the_same() {
    let run = |seed| {
        let mut world = World::new(seed, drawn(3).into_iter().map(Peer::new).collect());
        world.settle();
        (world.now, world.muted, world.failures, world.begun)
    };
    assert_eq!(run(3), run(3));
}

#[test]
fn coins_without_room_end_the_sync() {
    let count = honest().manifest.opening.count;
    let config = |most_coins| SnapshotConfig { most_coins, ..SnapshotConfig::new(honest().params.clone(), [1; 32]) };
    let mut world = World::with(config(count - 1), vec![Peer::new(Manner::Honest)]);
    world.settle();
    assert_eq!(world.failures, [SnapshotFailure::NoRoom { count, most: count - 1 }]);
    assert!(world.failures[0].is_final() && world.done.is_none() && world.begun == 0 && world.muted.is_empty());
    let mut world = World::with(config(count), vec![Peer::new(Manner::Honest)]);
    world.settle();
    world.assert_done(honest(), "there is just room");
}

#[test]
fn a_snapshot_of_a_chain_that_lost_is_given_up() {
    let mut world = World::new(1, vec![Peer::new(Manner::Fork)]);
    world.holds_chunks = true;
    world.publish();
    world.run(Duration::from_secs(10));
    assert_eq!(world.begun, 1);
    // the chain with more work comes up before the last chunk
    world.peers.insert(server(2), Peer::new(Manner::Honest));
    world.publish();
    world.run(Duration::from_secs(5));
    assert_eq!(world.sync.tip().hash, honest().chain.tip().hash);
    world.release_chunks();
    assert!(world.done.is_none(), "the block is not on the best chain");
    world.settle();
    world.assert_done(honest(), "the best chain");
    assert!(world.muted.is_empty(), "a chain that loses is no lie");
    assert_eq!(world.failures, [SnapshotFailure::Unavailable]);
}

#[test]
fn a_fork_alone_is_all_that_one_can_know() {
    let mut world = World::new(1, vec![Peer::new(Manner::Fork)]);
    world.settle();
    world.assert_done(fork(), "no other chain was heard of");
}

#[test]
fn the_sync_goes_on_after_its_connection_was_lost() {
    let mut world = World::new(1, vec![Peer::new(Manner::Honest)]);
    world.holds_chunks = true;
    world.publish();
    world.run(Duration::from_secs(10));
    assert_eq!((world.begun, world.sync.progress()), (1, (0, 6)));
    world.tell(Input::Closed { connection: CONNECTION });
    assert_eq!(world.failures, [SnapshotFailure::Unavailable]);
    assert_eq!(world.sync.servers(), 0);
    world.tell(Input::Opened { connection: CONNECTION });
    world.release_chunks();
    world.settle();
    world.assert_done(honest(), "the second connection");
    assert_eq!(world.begun, 2);
}

#[test]
fn an_unanswered_question_goes_to_another_server() {
    let mut world = World::new(1, vec![Peer::new(Manner::KeepsChunks), Peer::new(Manner::Honest)]);
    world.publish();
    world.run(Duration::from_secs(10));
    assert_eq!(world.sync.progress(), (3, 6));
    // a mesh tells it, and nobody waits
    world.tell(Input::Unanswered { server: server(1), question: Tag::GCHK });
    world.run(Duration::ZERO);
    world.assert_done(honest(), "the other server");
    assert!(world.muted.is_empty());
}

#[test]
fn server_whose_chunks_are_late_is_asked_for_one_at_a_time() {
    let mut world = World::new(1, vec![Peer::new(Manner::Honest)]);
    world.holds_chunks = true;
    world.publish();
    world.run(Duration::from_secs(10));
    assert_eq!((world.most_in_flight, world.sync.progress()), (4, (0, 6)));
    // they share a slow line, and a mesh gives up each of them
    world.lose_chunks();
    for _ in 0..4 {
        world.tell(Input::Unanswered { server: server(1), question: Tag::GCHK });
    }
    world.settle();
    world.assert_done(honest(), "one chunk at a time");
    assert_eq!(world.most_in_flight, 1);
    assert!(world.muted.is_empty() && world.failures.is_empty() && world.begun == 1);
}

#[test]
fn answers_that_nobody_asked_for_are_ignored() {
    let mut world = World::new(1, vec![Peer::new(Manner::Honest)]);
    world.holds_chunks = true;
    world.publish();
    world.run(Duration::from_secs(10));
    assert_eq!(world.begun, 1);
    let snapshot = honest().manifest.id();
    let coins = honest().chunks[3].clone();
    // by somebody else, of another snapshot, of no chunk
    world.hear(server(2), &NodeMessage::Chunk(Chunk { snapshot, place: 3, coins: coins.clone() }));
    world.hear(server(1), &NodeMessage::Chunk(Chunk { snapshot: [1; 32], place: 3, coins }));
    let coins = vec![CoinBytes([0; 84])];
    world.hear(server(1), &NodeMessage::Chunk(Chunk { snapshot, place: 77, coins }));
    world.hear(server(1), &NodeMessage::Manifest(Forgery::Stolen.made().0.clone()));
    world.hear(server(2), &NodeMessage::NotFound(vec![snapshot, [0; 32]]));
    assert_eq!(world.sync.progress(), (0, 6));
    assert!(world.muted.is_empty());
    world.release_chunks();
    world.settle();
    world.assert_done(honest(), "after noise");
}
