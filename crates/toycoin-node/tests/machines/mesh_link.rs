//! One node on a mesh, by script: every gossiped message is judged exactly once, every question is ended exactly once,
//! and a neighbour pays only for what it should have seen.

use std::time::Duration;

use crate::common::{
    chains::{PeerChain, block_at, chain_of, extend_by_size, headers, mine, next_block, payment, status},
    stage::{Peer, Stage},
};
use proptest::{collection::vec, prelude::*};
use toycoin_core::{
    Amount, Block, BlockHash, Chain, ChainParams, Transaction, TxOut, Txid,
    compact::CompactBlock,
    test_util::{TestLedger, classroom},
};
use toycoin_node::{
    limits,
    protocol::{Direction, Event, Input, Judgement, Missed, Request, Response, Unanswered},
};
use toycoin_wire::{
    Tag,
    node::{BlockTransactions, GetBlockTransactions, GetHeaders, NodeMessage},
};

const SECOND: Duration = Duration::from_secs(1);

fn regtest() -> ChainParams {
    ChainParams::regtest()
}

fn genesis() -> PeerChain {
    Chain::in_memory(regtest())
}

fn node() -> (Stage, Peer) {
    let mut stage = Stage::new(&regtest());
    let peer = stage.mesh_with_one();
    (stage, peer)
}

/// The tags of what the node said to a peer.
fn said_to(stage: &mut Stage, peer: Peer) -> Vec<Tag> {
    stage.take_sent_to(peer).iter().map(NodeMessage::tag).collect()
}

#[test]
fn a_gossiped_payment_is_accepted_once_and_then_ignored() {
    let (mut stage, peer) = node();
    let other = Peer::new(peer.connection, 2);
    stage.join(other, Direction::Outbound);
    let payment = NodeMessage::Transaction(payment(&genesis(), 0, 1, 1_000));
    let (first, again, elsewhere) =
        (stage.gossip(peer, &payment), stage.gossip(peer, &payment), stage.gossip(other, &payment));
    assert_eq!(stage.judgement(first), Some(Judgement::Accept));
    assert_eq!([stage.judgement(again), stage.judgement(elsewhere)], [Some(Judgement::Ignore); 2]);
    assert_eq!(stage.machine.mempool().len(), 1);
    let published = stage.take_sent().into_iter().filter(|sent| sent.to.is_none());
    assert_eq!(published.count(), 0, "its carrier forwards it");
}

#[test]
fn a_bad_signature_is_rejected_and_its_sender_shunned() {
    let (mut stage, peer) = node();
    let mut transaction = payment(&genesis(), 0, 1, 1_000);
    transaction.signatures[0] = classroom::key(2).sign(&[0; 32]);
    let ticket = stage.gossip(peer, &NodeMessage::Transaction(transaction.clone()));
    assert_eq!(stage.judgement(ticket), Some(Judgement::Reject));
    assert_eq!(stage.mesh.shunned, [(peer.id, limits::MUTE_FIRST)]);
    assert!(said_to(&mut stage, peer).contains(&Tag::RJCT), "it is told which rule it broke");
    // who brings it too should have seen that
    let other = Peer::new(peer.connection, 2);
    stage.join(other, Direction::Outbound);
    let ticket = stage.gossip(other, &NodeMessage::Transaction(transaction));
    assert_eq!(stage.judgement(ticket), Some(Judgement::Reject));
    assert!(stage.is_muted(other));
}

#[test]
fn what_a_muted_peer_says_is_ignored() {
    let (mut stage, peer) = node();
    stage.gossip_payload(peer, b"TXN garbage");
    assert!(stage.is_muted(peer));
    let ticket = stage.gossip(peer, &NodeMessage::Transaction(payment(&genesis(), 0, 1, 1_000)));
    let question = stage.question(peer, &NodeMessage::GetBlocks(vec![genesis().tip().hash]));
    assert_eq!(stage.judgement(ticket), Some(Judgement::Ignore));
    assert_eq!(stage.answers_to(question), Some(&[][..]));
    assert!(stage.machine.mempool().is_empty());
    // it comes back at once, and is shunned for the rest of the time
    stage.advance(SECOND * 2);
    stage.part(peer);
    stage.join(peer, Direction::Inbound);
    assert_eq!(stage.mesh.shunned.last(), Some(&(peer.id, limits::MUTE_FIRST.saturating_sub(SECOND * 2))));
}

#[test]
fn a_refusal_by_policy_is_ignored_and_scores_nothing() {
    let (mut stage, peer) = node();
    for grains in 0..3 * u64::from(limits::MUTE_SCORE) {
        // each spends the same coin
        let ticket = stage.gossip(peer, &NodeMessage::Transaction(payment(&genesis(), 0, 1, 1_000 + grains)));
        let expected = if grains == 0 { Judgement::Accept } else { Judgement::Ignore };
        assert_eq!(stage.judgement(ticket), Some(expected));
        stage.advance(Duration::from_millis(100));
    }
    assert_eq!((stage.score(peer), stage.is_muted(peer)), (0, false));
}

#[test]
fn a_block_goes_on_once_it_is_right_by_itself() {
    let (mut stage, peer) = node();
    let chain = chain_of(&regtest(), 3, 0);
    let known = stage.gossip(peer, &NodeMessage::Block(block_at(&chain, 1)));
    let again = stage.gossip(peer, &NodeMessage::Block(block_at(&chain, 1)));
    let orphan = stage.gossip(peer, &NodeMessage::Block(block_at(&chain, 3)));
    assert_eq!(stage.judgement(known), Some(Judgement::Accept));
    assert_eq!([stage.judgement(again), stage.judgement(orphan)], [Some(Judgement::Ignore); 2]);
    stage.advance(SECOND);
    assert!(said_to(&mut stage, peer).contains(&Tag::GHDR), "a header start");
    assert_eq!(stage.score(peer), 0);
}

#[test]
fn a_block_from_the_future_is_ignored_and_an_old_one_rejected() {
    let (mut stage, peer) = node();
    let (genesis, params) = (genesis(), regtest());
    let late = stage.unix_ms() + params.spec().max_future_ms + 60_000;
    let ticket = stage.gossip(peer, &NodeMessage::Block(next_block(&genesis, Vec::new(), 0, late)));
    assert_eq!((stage.judgement(ticket), stage.is_muted(peer)), (Some(Judgement::Ignore), false));
    let mut early = next_block(&genesis, Vec::new(), 1, genesis.tip().time);
    early.header.time = genesis.tip().time;
    let ticket = stage.gossip(peer, &NodeMessage::Block(early.mine_trivial()));
    assert_eq!((stage.judgement(ticket), stage.is_muted(peer)), (Some(Judgement::Reject), true));
}

#[test]
fn who_gossips_a_block_that_fails_in_its_place_is_not_muted() {
    let (mut stage, peer) = node();
    let chain = genesis();
    // right by itself, but the coinbase takes more than it may
    let mut block = next_block(&chain, Vec::new(), 0, stage.unix_ms());
    let reward = block.coinbase.outputs[0].value;
    block.coinbase.outputs[0].value = Amount::from_grains(reward.grains() + 1);
    block.header.merkle_root = block.merkle_root();
    let block = block.mine_trivial();
    let ticket = stage.gossip(peer, &NodeMessage::Block(block));
    assert!(stage.events.iter().any(|event| matches!(event, Event::BlockRejected { .. })), "{:?}", stage.events);
    assert_eq!((stage.judgement(ticket), stage.is_muted(peer)), (Some(Judgement::Accept), false));
}

#[test]
fn a_lone_header_goes_on_when_its_block_is_here() {
    let (mut stage, peer) = node();
    let chain = chain_of(&regtest(), 1, 0);
    let ticket = stage.gossip(peer, &NodeMessage::Headers(headers(&chain, 1..=1)));
    assert_eq!(stage.judgement(ticket), None, "its block is not here");
    let asked = stage.take_sent_to(peer);
    assert!(asked.contains(&NodeMessage::GetBlocks(vec![chain.tip().hash])), "{asked:?}");
    stage.answer(peer, &NodeMessage::Block(block_at(&chain, 1)));
    assert_eq!(stage.judgement(ticket), Some(Judgement::Accept));
    assert!(stage.has_tip_of(&chain));
    assert_eq!(stage.score(peer), 0, "headers by gossip are not unasked ones");
}

#[test]
fn a_lone_header_whose_block_does_not_come_is_ignored() {
    let (mut stage, peer) = node();
    let ticket = stage.gossip(peer, &NodeMessage::Headers(headers(&chain_of(&regtest(), 1, 0), 1..=1)));
    stage.advance(limits::TICKET_PATIENCE.saturating_sub(Duration::from_millis(1)));
    assert_eq!(stage.judgement(ticket), None);
    stage.advance(Duration::from_millis(1));
    assert_eq!((stage.judgement(ticket), stage.is_muted(peer)), (Some(Judgement::Ignore), false));
}

#[test]
fn lone_headers_are_checked_before_their_blocks_are_asked() {
    let chain = chain_of(&regtest(), 2, 0);
    let [good, next] = [1, 2].map(|height| headers(&chain, height..=height)[0]);
    let mut without_work = good;
    while without_work.bits.to_target().unwrap().is_met_by(&without_work.hash()) {
        without_work.nonce += 1;
    }
    let mut too_early = next_block(&genesis(), Vec::new(), 0, genesis().tip().time).header;
    too_early.time = genesis().tip().time;
    for (what, header, judgement, muted) in [
        ("no work", without_work, Judgement::Reject, true),
        ("the time of its parent", too_early, Judgement::Reject, true),
        ("parent unknown", next, Judgement::Ignore, false),
    ] {
        let (mut stage, peer) = node();
        let ticket = stage.gossip(peer, &NodeMessage::Headers(vec![header]));
        assert_eq!((stage.judgement(ticket), stage.is_muted(peer)), (Some(judgement), muted), "{what}");
        assert!(!said_to(&mut stage, peer).contains(&Tag::GBLK), "{what}");
    }
}

#[test]
fn what_is_not_gossiped_is_rejected() {
    let status = status(&genesis(), 0);
    let page = NodeMessage::Headers(headers(&chain_of(&regtest(), 2, 0), 1..=2));
    let question = NodeMessage::GetBlocks(vec![BlockHash::ZERO]);
    for message in [status, page, question, NodeMessage::NotFound(Vec::new()), NodeMessage::GetAddresses] {
        let (mut stage, peer) = node();
        let ticket = stage.gossip(peer, &message);
        assert_eq!((stage.judgement(ticket), stage.is_muted(peer)), (Some(Judgement::Reject), true), "{message:?}");
    }
    for payload in [&b"NEWS"[..], b"TX", b"BLOC\0"] {
        let (mut stage, peer) = node();
        let ticket = stage.gossip_payload(peer, payload);
        assert_eq!((stage.judgement(ticket), stage.is_muted(peer)), (Some(Judgement::Reject), true), "{payload:?}");
    }
}

#[test]
fn a_large_block_is_gossiped_by_its_compact_form_or_its_header() {
    let mut chain = genesis();
    extend_by_size(&mut chain, 1, limits::GOSSIP_MESSAGE + 10_000);
    let gossiped = gossiped_of(&block_at(&chain, 1));
    assert!(matches!(&gossiped[..], [NodeMessage::CompactBlock(compact)] if compact.is_of(&block_at(&chain, 1))));
    // the coinbase is in the compact form too
    let ledger = TestLedger::new(regtest());
    let mut block = ledger.draft(Vec::new(), classroom::owner(7));
    ledger.reward(&mut block);
    let grains = limits::GOSSIP_MESSAGE / 40;
    let first = &mut block.coinbase.outputs[0].value;
    *first = first.saturating_sub(Amount::from_grains(grains as u64));
    let grain = TxOut { value: Amount::from_grains(1), owner: classroom::owner(7) };
    block.coinbase.outputs.extend(vec![grain; grains]);
    ledger.commit(&mut block);
    let block = block.mine_trivial();
    assert_eq!(gossiped_of(&block), [NodeMessage::Headers(vec![block.header])]);
}

/// Returns what a node gossips of a block that a relay brought.
fn gossiped_of(block: &Block) -> Vec<NodeMessage> {
    let mut stage = Stage::new(&regtest());
    let relay = stage.connect();
    let peer = stage.mesh_with_one();
    stage.tell(Peer::new(relay, 7), &NodeMessage::Block(block.clone()));
    stage.advance(SECOND);
    let gossiped = stage.take_sent().into_iter().filter(|sent| sent.connection == peer.connection && sent.to.is_none());
    gossiped.map(|sent| sent.message).collect()
}

#[test]
fn questions_are_answered_and_ended() {
    let (mut stage, peer) = node();
    let chain = chain_of(&regtest(), 3, 0);
    for height in 1..=3 {
        stage.gossip(peer, &NodeMessage::Block(block_at(&chain, height)));
    }
    let page = GetHeaders { locator: vec![genesis().tip().hash], stop: BlockHash::ZERO };
    let asked = stage.question(peer, &NodeMessage::GetHeaders(page));
    assert_eq!(stage.answers_to(asked), Some(&[NodeMessage::Headers(headers(&chain, 1..=3))][..]));
    let unknown = BlockHash::from_bytes([7; 32]);
    let asked = stage.question(peer, &NodeMessage::GetBlocks(vec![block_at(&chain, 2).hash(), unknown]));
    let expected = [NodeMessage::Block(block_at(&chain, 2)), NodeMessage::NotFound(vec![unknown.to_bytes()])];
    assert_eq!(stage.answers_to(asked), Some(&expected[..]));
    let asked = stage.question(peer, &NodeMessage::GetTransactions(vec![Txid::ZERO]));
    assert_eq!(stage.answers_to(asked), Some(&[NodeMessage::NotFound(vec![[0; 32]])][..]));
    let asked = stage.question(peer, &status(&chain, 0));
    assert!(matches!(stage.answers_to(asked), Some([NodeMessage::Status(status)]) if status.height == 3));
}

#[test]
fn questions_without_an_answer_are_ended_too() {
    let (mut stage, peer) = node();
    let payment = NodeMessage::Transaction(payment(&genesis(), 0, 1, 1_000));
    let nothing = [NodeMessage::GetBlocks(Vec::new()), payment, NodeMessage::GetAddresses];
    for message in nothing {
        let asked = stage.question(peer, &message);
        assert_eq!(stage.answers_to(asked), Some(&[][..]), "{message:?}");
    }
    assert_eq!(stage.machine.mempool().len(), 1, "a payment that is told by itself is taken");
    let asked = stage.question_payload(peer, b"WHATlater versions know it");
    assert_eq!(stage.answers_to(asked), Some(&[][..]));
    assert!(!stage.is_muted(peer));
    // what is an answer only is no question
    let asked = stage.question(peer, &NodeMessage::NotFound(Vec::new()));
    assert_eq!(stage.answers_to(asked), Some(&[][..]));
    assert!(stage.is_muted(peer));
}

#[test]
fn all_answers_to_a_question_fit_together() {
    let mut chain = genesis();
    extend_by_size(&mut chain, 4, 500_000);
    let (mut stage, peer) = node();
    for height in 1..=4 {
        stage.answer(peer, &NodeMessage::Block(block_at(&chain, height)));
    }
    assert!(stage.has_tip_of(&chain));
    let hashes: Vec<_> = (1..=4).map(|height| block_at(&chain, height).hash()).collect();
    let asked = stage.question(peer, &NodeMessage::GetBlocks(hashes));
    stage.advance(SECOND);
    let answers = stage.answers_to(asked).expect("it has ended");
    let bytes: usize = answers.iter().map(|answer| answer.encode().unwrap().len()).sum();
    assert!((1..4).contains(&answers.len()) && bytes as u64 <= limits::ANSWER_BYTES, "{} of {bytes}", answers.len());
}

#[test]
fn what_is_owed_to_a_peer_that_left_is_over() {
    let (mut stage, peer) = node();
    let lone = stage.gossip(peer, &NodeMessage::Headers(headers(&chain_of(&regtest(), 1, 0), 1..=1)));
    stage.part(peer);
    assert_eq!(stage.judgement(lone), Some(Judgement::Ignore));
    let late = stage.gossip(peer, &NodeMessage::Transaction(payment(&genesis(), 0, 1, 1_000)));
    assert_eq!(stage.judgement(late), Some(Judgement::Ignore), "it is not here");
    assert!(stage.events.iter().any(|event| matches!(event, Event::PeerDisconnected { id } if *id == peer.id)));
    // nor does the end of the whole mesh leave anything
    stage.join(peer, Direction::Inbound);
    let lone = stage.gossip(peer, &NodeMessage::Headers(headers(&chain_of(&regtest(), 1, 1), 1..=1)));
    stage.disconnect(peer.connection);
    assert_eq!(stage.judgement(lone), Some(Judgement::Ignore));
    assert!(stage.peer(peer).is_none());
}

#[test]
fn the_dialler_says_its_status_first() {
    let mut stage = Stage::new(&regtest());
    let mesh = stage.mesh_up();
    let [dialled, dialler] = [1, 2].map(|number| Peer::new(mesh, number));
    stage.join(dialled, Direction::Outbound);
    stage.join(dialler, Direction::Inbound);
    assert_eq!(said_to(&mut stage, dialled), [Tag::STAT]);
    assert_eq!(said_to(&mut stage, dialler), []);
    let [of_dialled, of_dialler] = [dialled, dialler].map(|peer| stage.peer(peer).unwrap().direction);
    assert_eq!((of_dialled, of_dialler), (Some(Direction::Outbound), Some(Direction::Inbound)));
    stage.advance(limits::STATUS_INTERVAL * 3 / 2);
    assert!(said_to(&mut stage, dialler).contains(&Tag::STAT));
}

#[test]
fn a_new_tip_is_told_to_each_peer_that_did_not_show_it() {
    let (mut stage, first) = node();
    let second = Peer::new(first.connection, 2);
    stage.join(second, Direction::Inbound);
    let chain = chain_of(&regtest(), 1, 0);
    stage.gossip(first, &NodeMessage::Block(block_at(&chain, 1)));
    stage.advance(limits::ANNOUNCE_SPREAD);
    assert_eq!(said_to(&mut stage, first), [], "it showed the block");
    assert_eq!(said_to(&mut stage, second), [Tag::STAT]);
}

#[test]
fn a_silent_peer_of_a_mesh_stays_until_it_leaves() {
    let (mut stage, peer) = node();
    stage.advance(limits::PEER_SILENCE * 3);
    assert!(stage.peer(peer).is_some());
    stage.part(peer);
    assert!(stage.peer(peer).is_none());
}

#[test]
fn a_crowd_on_a_relay_takes_no_place_of_the_mesh() {
    let mut stage = Stage::new(&regtest());
    let relay = stage.connect();
    let peer = stage.mesh_with_one();
    for number in 0..u32::try_from(limits::PEERS).unwrap() + 10 {
        stage.advance(Duration::from_micros(10));
        stage.tell(Peer::new(relay, number), &NodeMessage::NotFound(Vec::new()));
    }
    assert!(stage.peer(peer).is_some());
}

#[test]
fn a_chain_is_fetched_from_peers_of_the_mesh() {
    let (mut stage, first) = node();
    let second = Peer::new(first.connection, 2);
    stage.join(second, Direction::Outbound);
    let chain = chain_of(&regtest(), 300, 0);
    for peer in [first, second] {
        stage.question(peer, &status(&chain, 0));
    }
    for _ in 0..100 {
        stage.advance(Duration::from_millis(100));
        stage.serve_mesh(&[(first, &chain), (second, &chain)]);
    }
    assert!(stage.has_tip_of(&chain), "{:?}", stage.machine.chain().tip());
    assert!(stage.mesh.shunned.is_empty());
}

#[test]
fn what_one_way_brings_is_told_on_the_other() {
    let mut stage = Stage::new(&regtest());
    let relay = stage.connect();
    let peer = stage.mesh_with_one();
    let stranger = Peer::new(relay, 9);
    let mut chain = genesis();
    let paid = payment(&chain, 0, 1, 1_000);
    stage.tell(stranger, &NodeMessage::Transaction(paid.clone()));
    mine(&mut chain, Vec::new(), 0);
    let block: Block = block_at(&chain, 1);
    stage.tell(stranger, &NodeMessage::Block(block.clone()));
    let to_mesh: Vec<_> = stage.take_sent().into_iter().filter(|sent| sent.connection == peer.connection).collect();
    let gossiped: Vec<_> = to_mesh.into_iter().filter(|sent| sent.to.is_none()).map(|sent| sent.message).collect();
    let [NodeMessage::Transaction(first), NodeMessage::CompactBlock(second)] = &gossiped[..] else {
        panic!("{gossiped:?}")
    };
    assert!(*first == paid && second.is_of(&block));
    // and back
    let other = payment(&genesis(), 1, 2, 500);
    stage.gossip(peer, &NodeMessage::Transaction(other.clone()));
    mine(&mut chain, Vec::new(), 0);
    stage.gossip(peer, &NodeMessage::Block(block_at(&chain, 2)));
    stage.advance(limits::ANNOUNCE_SPREAD);
    let to_relay: Vec<_> = stage.take_sent().into_iter().filter(|sent| sent.connection == relay).collect();
    assert!(to_relay.iter().any(|sent| sent.message == NodeMessage::Transaction(other.clone())), "{to_relay:?}");
    assert!(to_relay.iter().any(|sent| matches!(&sent.message, NodeMessage::Status(status) if status.height == 2)));
}

#[test]
fn a_newcomer_with_our_tip_hears_what_waits_in_the_mempool() {
    let (mut stage, peer) = node();
    let paid = NodeMessage::Transaction(payment(&genesis(), 0, 1, 1_000));
    stage.gossip(peer, &paid);
    let [level, ahead] = [2, 3].map(|number| Peer::new(peer.connection, number));
    for newcomer in [level, ahead] {
        stage.join(newcomer, Direction::Inbound);
    }
    stage.question(level, &status(&genesis(), 0));
    stage.question(ahead, &status(&chain_of(&regtest(), 1, 0), 0));
    assert_eq!(stage.take_sent_to(level), [paid]);
    assert!(!said_to(&mut stage, ahead).contains(&Tag::TXN), "it may know no coin of this");
    stage.question(level, &status(&genesis(), 0));
    assert!(!said_to(&mut stage, level).contains(&Tag::TXN), "it was told");
}

#[test]
fn a_child_that_came_before_its_parent_is_told_to_the_others() {
    let (mut stage, peer) = node();
    let other = Peer::new(peer.connection, 2);
    stage.join(other, Direction::Inbound);
    let parent = payment(&genesis(), 0, 1, 1_000);
    let (outpoint, output) = parent.outpoints(parent.txid()).next().expect("it has outputs");
    let output = *output;
    let mut child = Transaction { version: 1, inputs: vec![outpoint], outputs: vec![output], signatures: Vec::new() };
    child.sign_all(regtest().genesis_hash(), &[output], classroom::key(1));
    let orphan = stage.gossip(peer, &NodeMessage::Transaction(child.clone()));
    stage.gossip(peer, &NodeMessage::Transaction(parent));
    assert_eq!((stage.judgement(orphan), stage.machine.mempool().len()), (Some(Judgement::Ignore), 2));
    assert!(stage.take_sent_to(other).contains(&NodeMessage::Transaction(child.clone())), "gossip would drop it");
    assert!(!stage.take_sent_to(peer).contains(&NodeMessage::Transaction(child)), "it brought it");
}

#[test]
fn a_lone_header_of_a_side_branch_does_not_go_on() {
    let (mut stage, peer) = node();
    let (main, side) = (chain_of(&regtest(), 1, 0), chain_of(&regtest(), 1, 1));
    stage.gossip(peer, &NodeMessage::Block(block_at(&main, 1)));
    let ticket = stage.gossip(peer, &NodeMessage::Headers(headers(&side, 1..=1)));
    stage.answer(peer, &NodeMessage::Block(block_at(&side, 1)));
    assert_eq!(stage.judgement(ticket), Some(Judgement::Ignore), "nobody could have its block from here");
}

#[test]
fn blocks_that_the_mesh_itself_brought_are_not_gossiped_again() {
    let (mut stage, peer) = node();
    let chain = chain_of(&regtest(), 3, 0);
    for height in 1..=3 {
        stage.answer(peer, &NodeMessage::Block(block_at(&chain, height)));
    }
    assert!(stage.has_tip_of(&chain));
    let is_block = |message: &NodeMessage| matches!(message, NodeMessage::Block(_) | NodeMessage::CompactBlock(_));
    assert!(!stage.take_sent().iter().any(|sent| is_block(&sent.message)));
}

#[test]
fn a_second_start_of_a_mesh_changes_nothing() {
    let (mut stage, peer) = node();
    stage.input(Input::MeshUp { connection: peer.connection });
    let asked = stage.question(peer, &status(&genesis(), 0));
    assert_eq!(stage.answers_to(asked).map(<[_]>::len), Some(1));
}

#[test]
fn an_own_payment_is_gossiped_and_then_told_to_each_peer() {
    let (mut stage, peer) = node();
    let paid = payment(&genesis(), 0, 1, 1_000);
    let answer = stage.ask(Request::Submit(paid.clone()));
    assert!(matches!(answer, Response::Submitted(Ok(_))), "{answer:?}");
    let sent = stage.take_sent();
    let first = sent.iter().find(|sent| sent.message == NodeMessage::Transaction(paid.clone())).unwrap();
    assert_eq!((first.connection, first.to), (peer.connection, None));
    stage.advance(limits::PAYMENT_REPEAT * 3 / 2);
    assert!(said_to(&mut stage, peer).contains(&Tag::TXN), "again, by itself");
    let newcomer = Peer::new(peer.connection, 2);
    stage.join(newcomer, Direction::Inbound);
    assert_eq!(said_to(&mut stage, newcomer), [Tag::TXN]);
}

/// What one peer of a mesh does.
#[derive(Debug, Clone)]
enum Act {
    Join(u8),
    Part(u8),
    Gossip(u8, Vec<u8>),
    Question(u8, Vec<u8>),
    Answer(u8, Vec<u8>),
    Unanswered(u8, Vec<u8>, Unanswered),
    /// Its gossip is dropped unjudged.
    Miss(u8, Vec<u8>),
    Pass(u64),
    /// The mesh goes, and another one comes.
    Restart,
}

/// Payloads of every kind, most of them about one chain.
fn any_payload() -> impl Strategy<Value = Vec<u8>> {
    let chain = chain_of(&regtest(), 6, 0);
    let mut fork = chain_of(&regtest(), 2, 0);
    crate::common::chains::extend(&mut fork, 3, 1);
    let paid = (0..4).map(|from| payment(&fork, from, 5, 1_000)).collect();
    mine(&mut fork, paid, 1);
    let mut messages: Vec<_> = Vec::new();
    for chain in [&chain, &fork] {
        messages.push(status(chain, crate::common::START_MS));
        for height in 1..=chain.height() {
            let block = block_at(chain, height);
            messages.push(NodeMessage::CompactBlock(CompactBlock::of(&block, height)));
            let (hash, places) = (block.hash(), vec![0]);
            messages.push(NodeMessage::GetBlockTransactions(GetBlockTransactions { block: hash, places }));
            let transactions = block.transactions.clone();
            messages.push(NodeMessage::BlockTransactions(BlockTransactions { block: hash, transactions }));
            messages.push(NodeMessage::Block(block));
            messages.push(NodeMessage::Headers(headers(chain, height..=height)));
            messages.push(NodeMessage::GetBlocks(vec![block_at(chain, height).hash(), BlockHash::ZERO]));
        }
        messages.push(NodeMessage::Headers(headers(chain, 1..=chain.height())));
    }
    let page = GetHeaders { locator: vec![genesis().tip().hash], stop: BlockHash::ZERO };
    messages.extend([NodeMessage::GetHeaders(page), NodeMessage::GetTransactions(vec![Txid::ZERO])]);
    messages.extend([NodeMessage::NotFound(vec![chain.tip().hash.to_bytes()]), NodeMessage::GetAddresses]);
    for from in 0..4 {
        let mut payment = payment(&genesis(), from, 5, 1_000);
        messages.push(NodeMessage::Transaction(payment.clone()));
        payment.signatures[0] = classroom::key(from + 1).sign(&[0; 32]);
        messages.push(NodeMessage::Transaction(payment));
    }
    let payloads: Vec<_> = messages.iter().map(|message| message.encode().unwrap()).collect();
    prop_oneof![9 => prop::sample::select(payloads), 1 => vec(any::<u8>(), 0..40)]
}

fn any_act() -> impl Strategy<Value = Act> {
    let peer = || 0..4u8;
    prop_oneof![
        3 => peer().prop_map(Act::Join),
        1 => peer().prop_map(Act::Part),
        10 => (peer(), any_payload()).prop_map(|(peer, payload)| Act::Gossip(peer, payload)),
        6 => (peer(), any_payload()).prop_map(|(peer, payload)| Act::Question(peer, payload)),
        6 => (peer(), any_payload()).prop_map(|(peer, payload)| Act::Answer(peer, payload)),
        4 => (peer(), any_payload(), prop::sample::select(vec![Unanswered::NotNow, Unanswered::TimedOut]))
            .prop_map(|(peer, payload, why)| Act::Unanswered(peer, payload, why)),
        4 => (peer(), any_payload()).prop_map(|(peer, payload)| Act::Miss(peer, payload)),
        5 => (0..5_000u64).prop_map(Act::Pass),
        1 => Just(Act::Restart),
    ]
}

fn run(acts: &[Act]) -> Stage {
    let mut stage = Stage::new(&regtest());
    stage.trace = Some(Vec::new());
    let mut mesh = stage.mesh_up();
    for act in acts {
        let peer = |number: &u8| Peer::new(mesh, u32::from(*number));
        match act {
            Act::Join(number) => stage.join(peer(number), Direction::Inbound),
            Act::Part(number) => stage.part(peer(number)),
            Act::Gossip(number, payload) => drop(stage.gossip_payload(peer(number), payload)),
            Act::Question(number, payload) => drop(stage.question_payload(peer(number), payload)),
            Act::Answer(number, payload) => stage.answer_payload(peer(number), payload),
            Act::Unanswered(number, payload, why) => stage.unanswered_payload(peer(number), payload, *why),
            Act::Miss(number, payload) => Missed::of(payload).iter().for_each(|what| stage.missed(peer(number), what)),
            Act::Pass(ms) => stage.advance(Duration::from_millis(*ms)),
            Act::Restart => {
                stage.disconnect(mesh);
                mesh = stage.mesh_up();
            }
        }
    }
    stage.advance(limits::QUESTION_PATIENCE.max(limits::TICKET_PATIENCE));
    stage
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_each_ticket_is_judged_once(acts in vec(any_act(), 1..80)) {
        let (one, other) = (run(&acts), run(&acts));
        prop_assert!(one.mesh.judged.values().all(|judged| judged.len() == 1), "{:?}", one.mesh.judged);
        prop_assert!(one.mesh.ended.values().all(|ended| *ended == 1), "{:?}", one.mesh.ended);
        prop_assert_eq!(one.trace, other.trace);
    }
}
