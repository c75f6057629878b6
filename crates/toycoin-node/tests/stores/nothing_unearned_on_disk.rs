//! What strangers can have for little work never reaches the disk, however much of it they send.

use std::time::Duration;

use crate::common::{
    chains::{PeerChain, block_at, chain_of, headers, honest_answers, status},
    stage::{Peer, Stage},
};
use crate::disk::memory::Memory;
use toycoin_core::{
    Chain, ChainParams,
    store::ChainStore as _,
    test_util::{classroom, grow},
};
use toycoin_node::store::RedbStore;
use toycoin_wire::node::NodeMessage;

const SECOND: Duration = Duration::from_secs(1);
const OWN: u64 = 2_500;

struct Scene {
    files: [Memory; 2],
    before: [Vec<u8>; 2],
    stage: Stage<RedbStore>,
}

/// A node with a chain on disk.
fn scene() -> Scene {
    let (params, files) = (ChainParams::regtest(), [Memory::default(), Memory::default()]);
    let store = RedbStore::open_on(files[0].clone(), files[1].clone(), &params).unwrap();
    let mut chain = Chain::open(params, store).unwrap();
    grow(&mut chain, OWN, classroom::owner(7));
    chain.sync().unwrap();
    let before = files.each_ref().map(|file| file.bytes().clone());
    Scene { files, before, stage: Stage::with(chain, |_| {}) }
}

impl Scene {
    fn assert_nothing_was_written(&self) {
        assert!(self.stage.machine.chain().store().is_synced(), "nothing waits to be written either");
        assert_eq!(self.files.each_ref().map(|file| file.bytes().clone()), self.before);
    }

    /// A peer that claims more work than it has says so, and answers whatever it is asked.
    fn claim(&mut self, peer: Peer, light: &PeerChain) -> usize {
        let NodeMessage::Status(mut said) = status(light, self.stage.unix_ms()) else { unreachable!() };
        said.work = [0xff; 32];
        self.stage.tell(peer, &NodeMessage::Status(said));
        let mut pages = 0;
        for _ in 0..50 {
            self.stage.advance(SECOND / 10);
            for question in self.stage.take_sent_to(peer) {
                for answer in honest_answers(light, &question) {
                    pages += usize::from(matches!(answer, NodeMessage::Headers(_)));
                    self.stage.tell(peer, &answer);
                }
            }
        }
        pages
    }
}

#[test]
fn a_flood_of_headers_without_the_work_leaves_nothing() {
    let mut scene = scene();
    let relay = scene.stage.connect();
    let known = scene.stage.machine.chain().headers().len();
    for number in 0..4 {
        let light = chain_of(&ChainParams::regtest(), 2_400, 10 + number);
        let pages = scene.claim(Peer::new(relay, u32::from(number)), &light);
        assert!(pages >= 2, "it was followed to its end");
        assert_eq!(scene.stage.machine.chain().headers().len(), known, "not even in memory once it is over");
        assert_eq!(scene.stage.machine.counts().held_headers, 0);
    }
    scene.assert_nothing_was_written();
}

#[test]
fn headers_with_the_work_but_without_bodies_leave_nothing() {
    let mut scene = scene();
    let peer = Peer::new(scene.stage.connect(), 1);
    let heavy = chain_of(&ChainParams::regtest(), 2_600, 10);
    scene.stage.tell_status(peer, &heavy);
    for page in [1..=2_000, 2_001..=2_600] {
        scene.stage.advance(SECOND / 5);
        scene.stage.tell(peer, &NodeMessage::Headers(headers(&heavy, page)));
    }
    scene.stage.advance(SECOND * 60);
    assert_eq!(scene.stage.machine.chain().headers().best().header.height, 2_600);
    scene.assert_nothing_was_written();
}

#[test]
fn blocks_without_the_work_leave_nothing() {
    let mut scene = scene();
    let peer = Peer::new(scene.stage.connect(), 1);
    for branch in 10..60 {
        let cheap = chain_of(&ChainParams::regtest(), 2, branch);
        for height in [2, 1] {
            scene.stage.tell(peer, &NodeMessage::Block(block_at(&cheap, height)));
        }
    }
    scene.stage.advance(SECOND * 10);
    scene.assert_nothing_was_written();
}
