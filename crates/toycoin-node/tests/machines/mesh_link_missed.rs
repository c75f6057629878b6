//! One node on a mesh that had to drop gossip before it was judged: it asks others for it, within bounds that its sender
//! pays for.

use std::{collections::BTreeMap, time::Duration};

use crate::common::{
    chains::{PeerChain, block_at, chain_of, payment},
    stage::{Peer, Stage},
};
use toycoin_core::{
    Amount, Chain, ChainParams, OutPoint, Rule, Signature, Transaction, TxOut, Txid, test_util::classroom,
};
use toycoin_node::{
    limits,
    protocol::{Direction, Judgement, Missed, MuteReason, Unanswered},
};
use toycoin_wire::{Tag, node::NodeMessage};

const MS: Duration = Duration::from_millis(1);

fn regtest() -> ChainParams {
    ChainParams::regtest()
}

fn genesis() -> PeerChain {
    Chain::in_memory(regtest())
}

/// A node, and that many peers of its mesh.
fn node(peers: u32) -> (Stage, Vec<Peer>) {
    let mut stage = Stage::new(&regtest());
    let mesh = stage.mesh_up();
    let peers: Vec<_> = (1..=peers).map(|number| Peer::new(mesh, number)).collect();
    for peer in &peers {
        stage.join(*peer, Direction::Inbound);
    }
    (stage, peers)
}

/// An id that no transaction has.
fn invented(number: u64) -> Txid {
    let mut bytes = [0xaa; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    Txid::from_bytes(bytes)
}

/// The ids that a peer was asked for.
fn asked(stage: &mut Stage, peer: Peer) -> Vec<Txid> {
    let ids = |message| match message {
        NodeMessage::GetTransactions(txids) => txids,
        _ => Vec::new(),
    };
    stage.take_sent_to(peer).into_iter().flat_map(ids).collect()
}

/// Waits until some peer is asked for transactions, and returns it with their ids; `None` if that does not happen soon.
fn next_asked(stage: &mut Stage, peers: &[Peer]) -> Option<(Peer, Vec<Txid>)> {
    for _ in 0..2 * limits::MISSED_TIME.as_millis() {
        for peer in peers {
            let txids = asked(stage, *peer);
            if !txids.is_empty() {
                return Some((*peer, txids));
            }
        }
        stage.advance(MS);
    }
    None
}

/// A transaction whose inputs do not exist.
fn orphan(number: u8, inputs: u32) -> Transaction {
    let outpoint = |vout| OutPoint { txid: Txid::from_bytes([number; 32]), vout };
    Transaction {
        version: 1,
        inputs: (0..inputs).map(outpoint).collect(),
        outputs: vec![TxOut { value: Amount::from_grains(1_000), owner: classroom::owner(0) }],
        signatures: vec![Signature::from_bytes([1; 64]); inputs as usize],
    }
}

#[test]
fn a_missed_payment_is_asked_of_another_peer() {
    let (mut stage, peers) = node(2);
    let [sender, other] = peers[..] else { unreachable!() };
    let paid = payment(&genesis(), 0, 1, 1_000);
    stage.missed(sender, &Missed::Transaction(paid.txid()));
    stage.advance(limits::MISSED_DELAY - MS);
    assert_eq!(asked(&mut stage, other), []);
    stage.advance(MS);
    assert_eq!(asked(&mut stage, other), [paid.txid()]);
    stage.answer(other, &NodeMessage::Transaction(paid.clone()));
    assert!(stage.machine.mempool().contains(&paid.txid()));
    assert_eq!(stage.machine.counts().missed, 0);
    // gossip saw it a moment ago, and would drop it
    let sent = stage.take_sent();
    let told: Vec<_> = sent.iter().filter(|sent| sent.message.tag() == Tag::TXN).map(|sent| sent.to).collect();
    assert_eq!(told, [Some(sender.id)]);
}

#[test]
fn a_payment_over_its_senders_budget_is_asked_of_another_peer() {
    let (mut stage, peers) = node(2);
    let [sender, other] = peers[..] else { unreachable!() };
    let paid = payment(&genesis(), 0, 1, 1_000);
    let mut left = u32::try_from(limits::PEER_SIGNATURES).unwrap();
    for number in 0..u8::MAX {
        let inputs = left.min(900);
        left -= inputs;
        if inputs > 0 {
            stage.gossip(sender, &NodeMessage::Transaction(orphan(number, inputs)));
        }
    }
    let ticket = stage.gossip(sender, &NodeMessage::Transaction(paid.clone()));
    assert_eq!((stage.judgement(ticket), stage.machine.mempool().len()), (Some(Judgement::Ignore), 0));
    assert_eq!(next_asked(&mut stage, &[other]), Some((other, vec![paid.txid()])));
    stage.answer(other, &NodeMessage::Transaction(paid.clone()));
    assert!(stage.machine.mempool().contains(&paid.txid()));
    assert!(!stage.is_muted(sender));
}

#[test]
fn the_payments_of_a_peer_that_is_muted_are_asked_of_others() {
    let (mut stage, peers) = node(2);
    let [sender, other] = peers[..] else { unreachable!() };
    let paid = payment(&genesis(), 0, 1, 1_000);
    let mut bad = payment(&genesis(), 1, 2, 1_000);
    bad.signatures[0] = classroom::key(5).sign(&[0; 32]);
    // the bad one comes first, and both wait for the same step
    let ticket = stage.gossip_at_once(sender, &[NodeMessage::Transaction(bad), NodeMessage::Transaction(paid.clone())]);
    assert_eq!(stage.muted_for(sender), Some(&MuteReason::BrokenRule(Rule::Signature)));
    assert_eq!(stage.judgement(ticket), Some(Judgement::Ignore));
    assert_eq!(next_asked(&mut stage, &[other]), Some((other, vec![paid.txid()])));
}

#[test]
fn a_copy_with_a_bad_signature_does_not_hide_a_payment() {
    let (mut stage, peers) = node(3);
    let paid = payment(&genesis(), 0, 1, 1_000);
    let mut bad = paid.clone();
    bad.signatures[0] = classroom::key(5).sign(&[0; 32]);
    assert_eq!(bad.txid(), paid.txid());
    stage.missed(peers[0], &Missed::Transaction(paid.txid()));
    let (cheat, _) = next_asked(&mut stage, &peers).unwrap();
    stage.answer(cheat, &NodeMessage::Transaction(bad));
    assert!(stage.is_muted(cheat));
    let (other, _) = next_asked(&mut stage, &peers).expect("it is still missed");
    assert!(other != cheat && other != peers[0]);
    stage.answer(other, &NodeMessage::Transaction(paid.clone()));
    assert!(stage.machine.mempool().contains(&paid.txid()));
}

#[test]
fn the_sender_is_asked_when_nobody_else_has_it() {
    let (mut stage, peers) = node(6);
    let txid = invented(1);
    stage.missed(peers[0], &Missed::Transaction(txid));
    let mut order = Vec::new();
    while let Some((peer, txids)) = next_asked(&mut stage, &peers) {
        assert_eq!(txids, [txid]);
        order.push(peer);
        stage.answer(peer, &NodeMessage::NotFound(vec![txid.to_bytes()]));
    }
    assert_eq!((order.len(), order.last()), (limits::MISSED_ASKS + 1, Some(&peers[0])));
    let mut others = order[..limits::MISSED_ASKS].to_vec();
    others.sort_unstable();
    others.dedup();
    assert_eq!(others.len(), limits::MISSED_ASKS, "each is asked once");
    assert_eq!(stage.machine.counts().missed, 0);
    assert!(peers.iter().all(|peer| !stage.is_muted(*peer)));
}

#[test]
fn who_brought_valid_payments_is_asked_first() {
    for number in 1..6 {
        let (mut stage, peers) = node(6);
        stage.gossip(peers[number], &NodeMessage::Transaction(payment(&genesis(), 0, 1, 1_000)));
        stage.missed(peers[0], &Missed::Transaction(invented(1)));
        assert_eq!(next_asked(&mut stage, &peers).map(|(peer, _)| peer), Some(peers[number]));
    }
}

#[test]
fn silence_and_empty_answers_lead_to_the_next_peer() {
    let (mut stage, peers) = node(4);
    let paid = payment(&genesis(), 0, 1, 1_000);
    let question = NodeMessage::GetTransactions(vec![paid.txid()]);
    stage.missed(peers[0], &Missed::Transaction(paid.txid()));
    let (empty, _) = next_asked(&mut stage, &peers).unwrap();
    stage.unanswered(empty, &question, Unanswered::NotNow);
    let (silent, _) = next_asked(&mut stage, &peers).unwrap();
    let asked_at = stage.now;
    let (gone, _) = next_asked(&mut stage, &peers).unwrap();
    assert_eq!(stage.now - asked_at, limits::ASK_PATIENCE);
    stage.part(gone);
    let (last, _) = next_asked(&mut stage, &peers).unwrap();
    assert_eq!((stage.now - asked_at, last), (limits::ASK_PATIENCE, peers[0]), "at once");
    assert!(empty != silent && silent != gone && empty != gone);
    stage.answer(last, &NodeMessage::Transaction(paid));
    assert_eq!(stage.machine.mempool().len(), 1);
}

#[test]
fn what_was_left_out_is_asked_of_the_same_peer_again() {
    let (mut stage, peers) = node(2);
    let paid: Vec<_> = (0..3).map(|from| payment(&genesis(), from, 5, 1_000)).collect();
    for payment in &paid {
        stage.missed(peers[0], &Missed::Transaction(payment.txid()));
    }
    let (peer, txids) = next_asked(&mut stage, &peers).unwrap();
    assert_eq!((peer, txids.len()), (peers[1], 3));
    let first = paid.iter().find(|payment| payment.txid() == txids[0]).unwrap();
    stage.answer(peer, &NodeMessage::Transaction(first.clone()));
    let now = stage.now;
    stage.unanswered(peer, &NodeMessage::GetTransactions(txids.clone()), Unanswered::NotNow);
    let mut again = asked(&mut stage, peer);
    let mut rest = txids[1..].to_vec();
    again.sort_unstable();
    rest.sort_unstable();
    assert_eq!((again, stage.now), (rest, now));
}

#[test]
fn invented_ids_cost_their_sender_and_not_others() {
    let (mut stage, peers) = node(5);
    let (hostile, honest) = (peers[0], peers[1]);
    let (mut count, mut next) = (0, 0);
    let seconds = 60;
    for second in 0..seconds {
        for _ in 0..200 {
            next += 1;
            stage.missed(hostile, &Missed::Transaction(invented(next)));
        }
        assert!(stage.machine.counts().missed <= limits::MISSED / limits::MISSED_SHARE);
        if second == seconds / 2 {
            let paid = payment(&genesis(), 0, 1, 1_000);
            stage.missed(honest, &Missed::Transaction(paid.txid()));
            let mut came = false;
            for _ in 0..1_000 {
                stage.advance(MS);
                for peer in &peers {
                    for txid in asked(&mut stage, *peer) {
                        count += u64::from(txid != paid.txid());
                        came |= txid == paid.txid();
                        stage.answer(*peer, &NodeMessage::NotFound(vec![txid.to_bytes()]));
                    }
                }
            }
            assert!(came, "an honest peer's are asked for meanwhile");
        }
        for _ in 0..10 {
            stage.advance(MS * 100);
            for peer in &peers {
                for txid in asked(&mut stage, *peer) {
                    count += 1;
                    stage.answer(*peer, &NodeMessage::NotFound(vec![txid.to_bytes()]));
                }
            }
        }
    }
    let most = (limits::MISSED_BURST + limits::MISSED_PER_SECOND * (seconds + 2)) * (limits::MISSED_ASKS as u64 + 1);
    assert!(count > 0 && count <= most, "{count} of {most}");
    assert!(peers.iter().all(|peer| !stage.is_muted(*peer)));
}

#[test]
fn colluding_senders_leave_places_to_others() {
    let (mut stage, peers) = node(60);
    for number in 0..limits::MISSED as u64 {
        for (place, peer) in peers[1..].iter().enumerate() {
            stage.missed(*peer, &Missed::Transaction(invented(number * 1_000 + place as u64)));
        }
    }
    let before = stage.machine.counts().missed;
    assert!(before < limits::MISSED);
    stage.missed(peers[0], &Missed::Transaction(payment(&genesis(), 0, 1, 1_000).txid()));
    assert_eq!(stage.machine.counts().missed, before + 1);
}

#[test]
fn one_peer_is_asked_for_a_few_at_a_time() {
    let (mut stage, peers) = node(3);
    for number in 0..limits::MISSED_BURST {
        stage.missed(peers[0], &Missed::Transaction(invented(number)));
        stage.missed(peers[1], &Missed::Transaction(invented(number + 1_000)));
    }
    let mut open: BTreeMap<Peer, usize> = BTreeMap::new();
    for _ in 0..limits::ASK_PATIENCE.as_millis() {
        stage.advance(MS);
        for peer in &peers {
            *open.entry(*peer).or_default() += asked(&mut stage, *peer).len();
        }
    }
    assert!(open.values().all(|open| (1..=limits::MISSED_OF_A_PEER).contains(open)), "{open:?}");
    stage.advance(limits::MISSED_TIME);
    assert_eq!(stage.machine.counts().missed, 0, "all is forgotten soon");
}

#[test]
fn what_comes_another_way_is_not_asked_for() {
    let (mut stage, peers) = node(3);
    let paid = payment(&genesis(), 0, 1, 1_000);
    stage.missed(peers[0], &Missed::Transaction(paid.txid()));
    stage.question(peers[2], &NodeMessage::Transaction(paid.clone()));
    stage.missed(peers[0], &Missed::Transaction(paid.txid()));
    assert_eq!(stage.machine.counts().missed, 0);
    assert_eq!(next_asked(&mut stage, &peers), None);
}

#[test]
fn what_a_stranger_gossiped_is_asked_of_those_who_joined() {
    let (mut stage, peers) = node(1);
    let paid = payment(&genesis(), 0, 1, 1_000);
    stage.missed(Peer::new(peers[0].connection, 9), &Missed::Transaction(paid.txid()));
    assert_eq!(next_asked(&mut stage, &peers), Some((peers[0], vec![paid.txid()])));
    // all of them share one burst
    for number in 0..100 {
        let stranger = Peer::new(peers[0].connection, 100 + number);
        stage.missed(stranger, &Missed::Transaction(invented(u64::from(number))));
    }
    assert!(stage.machine.counts().missed <= 1 + usize::try_from(limits::MISSED_BURST).unwrap());
}

#[test]
fn nothing_is_remembered_of_a_mesh_that_is_gone() {
    let (mut stage, peers) = node(2);
    stage.missed(peers[0], &Missed::Transaction(invented(1)));
    stage.disconnect(peers[0].connection);
    assert_eq!(stage.machine.counts().missed, 0);
    stage.missed(peers[0], &Missed::Transaction(invented(1)));
    assert_eq!(stage.machine.counts().missed, 0);
}

#[test]
fn a_missed_block_is_fetched_by_its_header() {
    let (mut stage, peers) = node(1);
    let chain = chain_of(&regtest(), 1, 0);
    let block = block_at(&chain, 1);
    stage.missed(peers[0], &Missed::Block(block.header));
    assert_eq!(stage.take_sent_to(peers[0]), [NodeMessage::GetBlocks(vec![block.hash()])]);
    stage.answer(peers[0], &NodeMessage::Block(block));
    assert!(stage.has_tip_of(&chain));
}

#[test]
fn a_missed_header_without_work_mutes_its_sender() {
    let (mut stage, peers) = node(1);
    let mut header = block_at(&chain_of(&regtest(), 1, 0), 1).header;
    while header.bits.to_target().unwrap().is_met_by(&header.hash()) {
        header.nonce += 1;
    }
    stage.missed(peers[0], &Missed::Block(header));
    assert!(stage.is_muted(peers[0]));
    assert!(!stage.take_sent_to(peers[0]).iter().any(|message| message.tag() == Tag::GBLK));
}

#[test]
fn ids_are_those_of_the_payload() {
    let chain = chain_of(&regtest(), 2, 0);
    let (block, paid) = (block_at(&chain, 1), payment(&genesis(), 0, 1, 1_000));
    let of = |message: NodeMessage| Missed::of(&message.encode().unwrap());
    assert_eq!(of(NodeMessage::Transaction(paid.clone())), Some(Missed::Transaction(paid.txid())));
    assert_eq!(of(NodeMessage::Headers(vec![block.header])), Some(Missed::Block(block.header)));
    assert_eq!(of(NodeMessage::Block(block.clone())), Some(Missed::Block(block.header)));
    assert_eq!(of(NodeMessage::Headers(vec![block.header, block_at(&chain, 2).header])), None);
    assert_eq!(of(NodeMessage::GetAddresses), None);
    assert_eq!(Missed::of(b"TXN garbage"), None);
}
