//! What a node answers to light clients, by script: proofs, receipts, filters, and what it refuses.

use std::{sync::LazyLock, time::Duration};

use crate::common::{
    chains::{PeerChain, block_at, chain_of, extend, extend_by_size, headers, mine, payment, prefix},
    stage::{Peer, Stage},
};
use toycoin_core::{
    Amount, BlockHash, Chain, ChainParams, PublicKey, Transaction, TxOut, Txid,
    chain::ProvedWork,
    filter::BlockFilter,
    proof::{AncestryProof, Receipt, ReceiptTransaction, TAIL, WorkProof},
    test_util::classroom,
};
use toycoin_node::{
    limits,
    protocol::{Input, MuteReason, Via},
};
use toycoin_wire::node::{GetAncestors, GetFilters, GetHeaders, GetProof, GetReceipts, NodeMessage};

const SECOND: Duration = Duration::from_secs(1);

/// A chain of 300 blocks, with a payment in some of them.
static CHAIN: LazyLock<PeerChain> = LazyLock::new(|| {
    let mut chain = Chain::in_memory(ChainParams::regtest());
    for round in 0..100 {
        let paid = payment(&chain, round % 3, 4, 100 + u64::from(round));
        mine(&mut chain, vec![paid], 1);
        extend(&mut chain, 2, 1);
    }
    chain
});

/// A node with a copy of a chain, and a peer on a relay.
fn node_with(chain: &PeerChain) -> (Stage, Peer) {
    let store = chain.store().clone();
    let mut stage = Stage::with(Chain::open(ChainParams::regtest(), store).unwrap(), |_| {});
    let peer = Peer::new(stage.connect(), 1);
    stage.take_sent();
    (stage, peer)
}

fn node() -> (Stage, Peer) {
    node_with(&CHAIN)
}

fn ask_proof(tip: BlockHash, seed: u8, slices: u16, start: BlockHash) -> GetProof {
    GetProof { tip, seed: [seed; 32], slices, start }
}

fn hash_at(height: u64) -> BlockHash {
    CHAIN.header_at(height).unwrap().hash
}

/// Returns the proof that the chain itself gives.
fn proof_of(chain: &PeerChain, request: &GetProof) -> WorkProof {
    match chain.prove_work(&request.tip, &request.seed, request.slices, &request.start).unwrap() {
        ProvedWork::Proof(proof) => *proof,
        other => panic!("{other:?}"),
    }
}

/// Asks on a relay, and returns the answers.
fn ask(stage: &mut Stage, peer: Peer, question: &NodeMessage) -> Vec<NodeMessage> {
    stage.tell(peer, question);
    stage.take_sent_to(peer)
}

fn not_found(hashes: &[BlockHash]) -> NodeMessage {
    NodeMessage::NotFound(hashes.iter().map(|hash| hash.to_bytes()).collect())
}

#[test]
fn proof_is_of_the_tip_asked_for_or_of_our_own() {
    let (mut stage, peer) = node();
    for tip in [BlockHash::ZERO, hash_at(300), hash_at(250), hash_at(102), BlockHash::from_bytes([9; 32])] {
        for start in [BlockHash::ZERO, hash_at(0), hash_at(60)] {
            let request = ask_proof(tip, 3, 24, start);
            let expected = proof_of(&CHAIN, &request);
            let height = CHAIN.headers().get(&tip).map_or(300, |entry| entry.header.height);
            assert_eq!(expected.tip.height, height);
            assert_eq!(ask(&mut stage, peer, &NodeMessage::GetProof(request)), [NodeMessage::Proof(expected)]);
        }
    }
    assert!(!stage.is_muted(peer) && stage.score(peer) == 0);
}

#[test]
fn proof_has_the_bytes_of_the_page() {
    let (mut stage, peer) = node();
    let answers = ask(&mut stage, peer, &NodeMessage::GetProof(ask_proof(BlockHash::ZERO, 5, 24, BlockHash::ZERO)));
    let [NodeMessage::Proof(proof)] = &answers[..] else { panic!("{answers:?}") };
    let bytes = answers[0].encode().unwrap();
    let mut expected = b"PROF".to_vec();
    expected.extend(proof.tip.to_bytes());
    expected.extend(proof.opening.coins);
    expected.extend(proof.opening.count.to_le_bytes());
    expected.extend(100_u64.to_le_bytes());
    expected.extend(headers(&CHAIN, 200..=299).iter().flat_map(|header| header.to_bytes()));
    expected.extend(CHAIN.header_at(199).unwrap().work.to_be_bytes());
    expected.extend((proof.samples.len() as u64).to_le_bytes());
    for sample in &proof.samples {
        expected.extend(sample.header.to_bytes());
        expected.extend(sample.opening.coins);
        expected.extend(sample.opening.count.to_le_bytes());
        expected.extend(sample.before.to_be_bytes());
    }
    expected.extend((proof.nodes.len() as u64).to_le_bytes());
    expected.extend(proof.nodes.iter().flatten());
    assert_eq!(bytes, expected);
    assert_eq!(bytes.len(), 4 + 13_024 + 200 * proof.samples.len() + 32 * proof.nodes.len());
    assert!(proof.samples.len() > 20);
}

#[test]
fn chain_too_short_for_a_proof_is_given_as_headers() {
    for height in [0, 1, 50, TAIL as u64 + 1] {
        let chain = prefix(&CHAIN, height);
        let (mut stage, peer) = node_with(&chain);
        let request = NodeMessage::GetProof(ask_proof(BlockHash::ZERO, 1, 24, BlockHash::ZERO));
        let expected = NodeMessage::Headers(headers(&CHAIN, 1..=height));
        assert_eq!(ask(&mut stage, peer, &request), [expected], "height {height}");
    }
    // also for a low tip of a long chain
    let (mut stage, peer) = node();
    let request = NodeMessage::GetProof(ask_proof(hash_at(101), 1, 24, BlockHash::ZERO));
    assert_eq!(ask(&mut stage, peer, &request), [NodeMessage::Headers(headers(&CHAIN, 1..=101))]);
}

#[test]
fn start_that_is_no_ancestor_of_the_tip_is_not_found() {
    let (mut stage, peer) = node();
    let unknown = BlockHash::from_bytes([9; 32]);
    for (tip, start) in [(300, unknown), (200, hash_at(200)), (200, hash_at(250))] {
        let request = NodeMessage::GetProof(ask_proof(hash_at(tip), 1, 24, start));
        assert_eq!(ask(&mut stage, peer, &request), [not_found(&[start])]);
    }
}

#[test]
fn proof_without_slices_or_with_too_many_mutes() {
    for slices in [0_u16, 257, u16::MAX] {
        let (mut stage, peer) = node();
        let mut payload = NodeMessage::GetProof(ask_proof(BlockHash::ZERO, 1, 24, BlockHash::ZERO)).encode().unwrap();
        payload[68..70].copy_from_slice(&slices.to_le_bytes());
        stage.tell_payload(peer, &payload);
        assert!(stage.is_muted(peer), "{slices}");
        assert!(matches!(stage.muted_for(peer), Some(MuteReason::Undecodable(_))));
        assert_eq!(stage.take_sent_to(peer), []);
    }
}

#[test]
fn malformed_questions_mute() {
    let questions = [
        NodeMessage::GetProof(ask_proof(BlockHash::ZERO, 1, 24, BlockHash::ZERO)),
        NodeMessage::GetAncestors(GetAncestors { tip: hash_at(300), blocks: vec![hash_at(1)] }),
        NodeMessage::GetReceipts(GetReceipts { tip: hash_at(300), transactions: vec![Txid::ZERO] }),
        NodeMessage::GetFilters(GetFilters { first: 0, last: hash_at(300) }),
    ];
    for question in questions {
        let payload = question.encode().unwrap();
        let longer = [&payload[..], &[0]].concat();
        for bytes in [&payload[..payload.len() - 1], &longer[..], &payload[..4]] {
            let (mut stage, peer) = node();
            stage.tell_payload(peer, bytes);
            assert!(stage.is_muted(peer), "{question:?}");
        }
    }
}

#[test]
fn ancestors_come_with_a_note_of_those_that_are_none() {
    let (mut stage, peer) = node();
    let unknown = BlockHash::from_bytes([9; 32]);
    let blocks = vec![hash_at(250), hash_at(7), unknown, hash_at(0), hash_at(200), hash_at(7)];
    let question = NodeMessage::GetAncestors(GetAncestors { tip: hash_at(200), blocks: blocks.clone() });
    let proved = CHAIN.prove_ancestors(&hash_at(200), &blocks).unwrap();
    assert_eq!(proved.proof.items.len(), 2);
    let missing = not_found(&[hash_at(250), unknown, hash_at(200)]);
    assert_eq!(ask(&mut stage, peer, &question), [NodeMessage::Ancestors(proved.proof), missing]);
}

#[test]
fn ancestors_that_are_all_unknown_have_no_proof() {
    let (mut stage, peer) = node();
    let blocks: Vec<_> = (0..128).map(|byte| BlockHash::from_bytes([byte; 32])).collect();
    let question = NodeMessage::GetAncestors(GetAncestors { tip: BlockHash::ZERO, blocks: blocks.clone() });
    let empty = AncestryProof { tip: hash_at(300), items: Vec::new(), nodes: Vec::new() };
    assert_eq!(ask(&mut stage, peer, &question), [NodeMessage::Ancestors(empty), not_found(&blocks)]);
}

fn check(receipt: &Receipt) -> Txid {
    let (txid, wtxid) = receipt.transaction.ids();
    let root = CHAIN.headers().get(&receipt.block).unwrap().header.merkle_root;
    assert!(receipt.inclusion.verify(root, txid, wtxid), "{receipt:?}");
    txid
}

#[test]
fn receipts_are_of_payments_and_coinbases_in_the_order_asked() {
    let (mut stage, peer) = node();
    let block = block_at(&CHAIN, 4);
    let (paid, coinbase) = (block.transactions[0].txid(), block.coinbase.txid());
    let allocation = block_at(&CHAIN, 0).coinbase.txid();
    let waiting = payment(&CHAIN, 0, 1, 5);
    stage.tell(peer, &NodeMessage::Transaction(waiting.clone()));
    assert_eq!(stage.machine.mempool().len(), 1);
    stage.take_sent();
    let transactions = vec![Txid::ZERO, paid, coinbase, paid, waiting.txid(), allocation];
    let answers = ask(&mut stage, peer, &NodeMessage::GetReceipts(GetReceipts { tip: hash_at(300), transactions }));
    let [NodeMessage::Receipts(receipts), missing] = &answers[..] else { panic!("{answers:?}") };
    assert_eq!(receipts.iter().map(check).collect::<Vec<_>>(), [paid, coinbase, allocation]);
    assert_eq!(receipts[0].transaction, ReceiptTransaction::Transaction(block.transactions[0].clone()));
    assert_eq!(receipts[1].transaction, ReceiptTransaction::Coinbase(block.coinbase));
    assert_eq!(*missing, NodeMessage::NotFound(vec![[0; 32], waiting.txid().to_bytes()]));
}

#[test]
fn receipts_that_are_cut_off_come_when_asked_again() {
    let mut chain = Chain::in_memory(ChainParams::regtest());
    extend_by_size(&mut chain, 6, 700_000);
    let (mut stage, peer) = node_with(&chain);
    let all: Vec<_> =
        (1..=6).flat_map(|height| block_at(&chain, height).transactions).map(|paid| paid.txid()).collect();
    let (mut left, mut rounds) = (all.clone(), 0);
    while !left.is_empty() {
        let transactions = left.iter().copied().take(64).collect();
        let answers =
            ask(&mut stage, peer, &NodeMessage::GetReceipts(GetReceipts { tip: BlockHash::ZERO, transactions }));
        let [answer @ NodeMessage::Receipts(receipts)] = &answers[..] else { panic!("{} left", left.len()) };
        assert!(answer.encode().unwrap().len() as u64 <= limits::RECEIPT_BYTES + 200_000);
        assert!(!receipts.is_empty(), "never before the first");
        let given: Vec<_> = receipts.iter().map(|receipt| receipt.transaction.ids().0).collect();
        assert_eq!(given, left[..given.len()]);
        left.drain(..given.len());
        rounds += 1;
        stage.advance(SECOND);
    }
    assert!((2..all.len()).contains(&rounds), "{rounds} rounds for {} receipts", all.len());
}

fn filters_from(first: u64, last: BlockHash) -> NodeMessage {
    NodeMessage::GetFilters(GetFilters { first, last })
}

#[test]
fn filters_are_those_of_the_blocks() {
    let (mut stage, peer) = node();
    for (first, last) in [(0, 300), (0, 0), (300, 300), (17, 40)] {
        let expected: Vec<_> = (first..=last).map(|height| BlockFilter::of(&block_at(&CHAIN, height))).collect();
        let answers = ask(&mut stage, peer, &filters_from(first, hash_at(last)));
        assert_eq!(answers, [NodeMessage::Filters(expected)], "{first} to {last}");
    }
}

#[test]
fn filters_of_no_blocks_are_not_found() {
    let (mut stage, peer) = node();
    let unknown = BlockHash::from_bytes([9; 32]);
    for (first, last) in [(0, unknown), (0, BlockHash::ZERO), (41, hash_at(40)), (u64::MAX, hash_at(300))] {
        assert_eq!(ask(&mut stage, peer, &filters_from(first, last)), [not_found(&[last])]);
    }
    assert!(!stage.is_muted(peer) && stage.score(peer) == 0);
}

#[test]
fn at_most_a_thousand_filters_come_at_once() {
    let chain = chain_of(&ChainParams::regtest(), 1_100, 1);
    let (mut stage, peer) = node_with(&chain);
    let answers = ask(&mut stage, peer, &filters_from(5, chain.tip().hash));
    let [NodeMessage::Filters(filters)] = &answers[..] else { panic!("{answers:?}") };
    assert_eq!(filters.len(), 1_000);
    assert_eq!(filters[0].block, chain.header_at(5).unwrap().hash);
    let answers = ask(&mut stage, peer, &filters_from(1_005, chain.tip().hash));
    assert!(matches!(&answers[..], [NodeMessage::Filters(filters)] if filters.len() == 96));
}

/// Appends a block that pays one grain to each of so many owners.
fn pay_owners(chain: &mut PeerChain, owners: u32) {
    let payer = classroom::owner(0);
    let coins = chain.coins_of(&payer).unwrap();
    let (outpoint, coin) = coins.into_iter().max_by_key(|(_, coin)| coin.output.value).unwrap();
    let change = Amount::from_grains(coin.output.value.grains() - u64::from(owners));
    let mut outputs = vec![TxOut { value: change, owner: payer }];
    outputs.extend((0..owners).map(|number| {
        let mut owner = [7; 32];
        owner[..4].copy_from_slice(&number.to_be_bytes());
        TxOut { value: Amount::from_grains(1), owner: PublicKey::from_bytes(owner) }
    }));
    let mut paid = Transaction { version: 1, inputs: vec![outpoint], outputs, signatures: Vec::new() };
    classroom::sign(&mut paid, chain.params().genesis_hash(), &[coin.output]);
    mine(chain, vec![paid], 1);
}

#[test]
fn filters_are_cut_at_a_block_and_never_before_the_first() {
    let mut chain = Chain::in_memory(ChainParams::regtest());
    for _ in 0..60 {
        pay_owners(&mut chain, 1_200);
    }
    let (mut stage, peer) = node_with(&chain);
    let (mut next, mut rounds) = (0, 0);
    while next <= chain.height() {
        let answers = ask(&mut stage, peer, &filters_from(next, chain.tip().hash));
        let [answer @ NodeMessage::Filters(filters)] = &answers[..] else { panic!("{answers:?}") };
        assert!(answer.encode().unwrap().len() <= toycoin_wire::limits::MAX_FILTERS_PAYLOAD);
        for filter in filters {
            assert_eq!(*filter, BlockFilter::of(&block_at(&chain, next)));
            next += 1;
        }
        rounds += 1;
        assert!(!filters.is_empty() && rounds < 20);
    }
    assert!(rounds > 1, "they are cut");
}

#[test]
fn a_peer_gets_so_many_bytes_a_minute_and_no_blame() {
    let (mut stage, peer) = node();
    let question = NodeMessage::GetProof(ask_proof(BlockHash::ZERO, 1, 256, BlockHash::ZERO));
    let (mut bytes, mut refused) = (0, 0);
    while refused < 20 {
        let answers = ask(&mut stage, peer, &question);
        match &answers[..] {
            [answer] => bytes += answer.encode().unwrap().len() as u64,
            [] => refused += 1,
            more => panic!("{} answers", more.len()),
        }
        stage.advance(SECOND / 20);
    }
    let seconds = stage.now.as_secs() + 1;
    let most = limits::LIGHT_BYTES + seconds * limits::LIGHT_BYTES_PER_SECOND;
    assert!(bytes <= most && bytes > most - (2 << 20), "{bytes} of {most}");
    assert!(!stage.is_muted(peer) && stage.score(peer) == 0);
    assert_eq!(stage.machine.overloads(), refused);
    // what the node serves to other nodes goes on, and so does what it serves to other light clients
    let other = Peer::new(peer.connection, 2);
    assert!(matches!(ask(&mut stage, other, &question)[..], [NodeMessage::Proof(_)]));
    let page = NodeMessage::GetHeaders(GetHeaders { locator: Vec::new(), stop: BlockHash::ZERO });
    assert!(matches!(ask(&mut stage, peer, &page)[..], [NodeMessage::Headers(_)]));
    stage.advance(SECOND * 10);
    assert!(matches!(ask(&mut stage, peer, &question)[..], [NodeMessage::Proof(_)]), "later it is served again");
}

#[test]
fn all_peers_of_a_relay_get_four_times_as_much() {
    let (mut stage, first) = node();
    let question = NodeMessage::GetProof(ask_proof(BlockHash::ZERO, 1, 256, BlockHash::ZERO));
    let mut bytes = 0;
    for number in 0..3_000 {
        let peer = Peer::new(first.connection, 10 + number / 3);
        let answers = ask(&mut stage, peer, &question);
        bytes += answers.iter().map(|answer| answer.encode().unwrap().len() as u64).sum::<u64>();
        stage.advance(SECOND / 50);
    }
    let most = limits::RELAY_LIGHT_BYTES + (stage.now.as_secs() + 1) * limits::RELAY_LIGHT_BYTES_PER_SECOND;
    assert!(bytes <= most && bytes > most - (2 << 20), "{bytes} of {most}");
    assert!(stage.machine.overloads() > 100);
}

#[test]
fn greedy_light_clients_do_not_delay_a_block() {
    let (mut stage, peer) = node();
    let block = block_at(&CHAIN, 300);
    let floods = [
        NodeMessage::GetProof(ask_proof(BlockHash::ZERO, 1, 256, BlockHash::ZERO)),
        filters_from(0, hash_at(300)),
        NodeMessage::GetAncestors(GetAncestors { tip: hash_at(300), blocks: (0..128).map(hash_at).collect() }),
    ];
    for round in 0..60 {
        for greedy in 0..30 {
            for flood in &floods {
                stage.tell(Peer::new(peer.connection, 100 + greedy), flood);
            }
        }
        if round % 10 == 9 {
            let node = Peer::new(peer.connection, 1_000 + round);
            stage.tell(node, &NodeMessage::GetBlocks(vec![block.hash()]));
            stage.advance(SECOND / 10);
            assert_eq!(stage.take_sent_to(node), [NodeMessage::Block(block.clone())], "round {round}");
        }
        stage.advance(SECOND / 100);
    }
}

#[test]
fn answers_that_nobody_asked_for_are_ignored_on_a_relay() {
    let (mut stage, peer) = node();
    for answer in unasked() {
        assert_eq!(ask(&mut stage, peer, &answer), []);
    }
    assert!(!stage.is_muted(peer) && stage.score(peer) == 0);
    assert_eq!(stage.machine.overloads(), 0);
}

/// One answer of each kind.
fn unasked() -> Vec<NodeMessage> {
    let request = ask_proof(BlockHash::ZERO, 1, 24, BlockHash::ZERO);
    let paid = block_at(&CHAIN, 4).coinbase.txid();
    vec![
        NodeMessage::Proof(proof_of(&CHAIN, &request)),
        NodeMessage::Ancestors(CHAIN.prove_ancestors(&hash_at(300), &[hash_at(7)]).unwrap().proof),
        NodeMessage::Receipts(vec![CHAIN.receipt(&paid).unwrap().unwrap()]),
        NodeMessage::Filters(vec![BlockFilter::of(&block_at(&CHAIN, 4))]),
    ]
}

#[test]
fn answers_that_nobody_asked_for_mute_on_a_mesh() {
    for answer in unasked() {
        for is_question in [true, false] {
            let (mut stage, _) = node();
            let peer = stage.mesh_with_one();
            let payload = answer.encode().unwrap();
            if is_question {
                let question = stage.question_payload(peer, &payload);
                assert_eq!(stage.answers_to(question), Some(&[][..]));
            } else {
                stage.input(Input::Heard {
                    connection: peer.connection,
                    from: peer.id,
                    via: Via::Answer,
                    payload: &payload,
                });
            }
            assert!(matches!(stage.mesh.shunned[..], [(id, _)] if id == peer.id), "{:?}", answer.tag());
        }
    }
}

#[test]
fn a_mesh_peer_is_answered_question_by_question() {
    let (mut stage, _) = node();
    let peer = stage.mesh_with_one();
    let request = ask_proof(BlockHash::ZERO, 3, 24, BlockHash::ZERO);
    let proof = stage.question(peer, &NodeMessage::GetProof(request.clone()));
    assert_eq!(stage.answers_to(proof), Some(&[NodeMessage::Proof(proof_of(&CHAIN, &request))][..]));
    let unknown = BlockHash::from_bytes([9; 32]);
    let blocks = vec![hash_at(3), unknown];
    let ancestors =
        stage.question(peer, &NodeMessage::GetAncestors(GetAncestors { tip: hash_at(300), blocks: blocks.clone() }));
    let expected = CHAIN.prove_ancestors(&hash_at(300), &blocks).unwrap().proof;
    assert_eq!(stage.answers_to(ancestors), Some(&[NodeMessage::Ancestors(expected), not_found(&[unknown])][..]));
    let filters = stage.question(peer, &filters_from(9, unknown));
    assert_eq!(stage.answers_to(filters), Some(&[not_found(&[unknown])][..]));
    let paid = block_at(&CHAIN, 1).coinbase.txid();
    let receipts =
        stage.question(peer, &NodeMessage::GetReceipts(GetReceipts { tip: hash_at(300), transactions: vec![paid] }));
    let expected = CHAIN.receipt(&paid).unwrap().unwrap();
    assert_eq!(stage.answers_to(receipts), Some(&[NodeMessage::Receipts(vec![expected])][..]));
    // a question that no honest client asks
    let mut payload = NodeMessage::GetProof(request).encode().unwrap();
    payload[68..70].fill(0);
    let without = stage.question_payload(peer, &payload);
    assert_eq!(stage.answers_to(without), Some(&[][..]));
    assert!(matches!(stage.mesh.shunned[..], [(id, _)] if id == peer.id));
}

#[test]
fn a_mesh_peer_that_asks_too_much_gets_empty_answers() {
    let (mut stage, _) = node();
    let peer = stage.mesh_with_one();
    let request = NodeMessage::GetProof(ask_proof(BlockHash::ZERO, 1, 256, BlockHash::ZERO));
    let (mut given, mut empty) = (0_u64, 0);
    while empty < 5 {
        let question = stage.question(peer, &request);
        stage.advance(SECOND / 20);
        match stage.answers_to(question).expect("it has ended") {
            [] => empty += 1,
            [answer] => given += answer.encode().unwrap().len() as u64,
            more => panic!("{} answers", more.len()),
        }
    }
    assert!(given >= limits::LIGHT_BYTES - (2 << 20), "{given}");
    assert!(stage.mesh.shunned.is_empty(), "no crime");
}
