//! What a peer does wrong costs that peer: a mute for what nobody honest sends, points for what some might, nothing else.

use std::time::Duration;

use crate::common::{
    chains::{block_at, chain_of, headers, mine, next_block, payment, status},
    stage::{Peer, Sent, Stage},
};
use toycoin_core::{BlockHash, ChainParams, Rule, Transaction, Txid, chain::Chain, test_util::classroom, utxo::Coin};
use toycoin_node::{
    limits,
    machine::Machine,
    protocol::{Event, MuteReason},
};
use toycoin_wire::{
    node::{GetHeaders, NodeMessage, Reject},
    relay::RelayMessage,
};

const SECOND: Duration = Duration::from_secs(1);

fn stage() -> (Stage, Peer) {
    let mut stage = Stage::new(&ChainParams::regtest());
    let peer = Peer::new(stage.connect(), 1);
    (stage, peer)
}

fn forged(grains: u64) -> Transaction {
    let mut transaction = payment(&Chain::in_memory(ChainParams::regtest()), 0, 1, grains);
    transaction.signatures[0] = classroom::key(1).sign(&[0; 32]);
    transaction
}

fn rejects(sent: &[Sent]) -> usize {
    sent.iter().filter(|sent| matches!(sent.message, NodeMessage::Reject(_))).count()
}

#[test]
fn a_payload_that_does_not_decode_mutes() {
    for tag in
        [b"STAT", b"TXN ", b"BLOC", b"GHDR", b"HDRS", b"GBLK", b"NOTF", b"GTXN", b"RJCT", b"CBLK", b"GBTX", b"BTXS"]
    {
        let (mut stage, peer) = stage();
        let payload = [tag.as_slice(), &1u16.to_le_bytes(), &[0xff; 9]].concat();
        stage.tell_payload(peer, &payload);
        let reason = stage.muted_for(peer);
        assert!(matches!(reason, Some(MuteReason::Undecodable(_))), "{reason:?} for {}", tag.escape_ascii());
        assert!(stage.closed.is_empty(), "the relay is not to blame");
    }
}

#[test]
fn a_byte_too_many_behind_a_good_message_mutes() {
    let (mut stage, peer) = stage();
    let mut payload = status(stage.machine.chain(), 0).encode().unwrap();
    payload.push(0);
    stage.tell_payload(peer, &payload);
    assert!(stage.is_muted(peer));
}

#[test]
fn more_than_a_message_may_hold_mutes() {
    let hash = BlockHash::from_bytes([3; 32]);
    let header = ChainParams::regtest().genesis().header;
    let header_bytes = header.to_bytes();
    // each at its limit, with where its count stands and what one more item looks like
    let messages: [(NodeMessage, usize, &[u8]); 6] = [
        (NodeMessage::GetBlocks(vec![hash; 16]), 4, &[3; 32]),
        (NodeMessage::GetHeaders(GetHeaders { locator: vec![hash; 64], stop: BlockHash::ZERO }), 4, &[3; 32]),
        (NodeMessage::Headers(vec![header; 2_000]), 4, &header_bytes),
        (NodeMessage::NotFound(vec![[3; 32]; 128]), 4, &[3; 32]),
        (NodeMessage::GetTransactions(vec![Txid::ZERO; 128]), 4, &[3; 32]),
        (NodeMessage::Reject(Reject { hash: [0; 32], rule: 1, text: "x".repeat(128) }), 38, b"x"),
    ];
    for (most, count_at, item) in messages {
        let (mut stage, peer) = stage();
        stage.tell(peer, &most);
        assert!(!stage.is_muted(peer), "{}", most.tag());
        stage.tell_payload(peer, &with_one_more(most.encode().unwrap(), count_at, item));
        assert!(stage.is_muted(peer), "{}", most.tag());
    }
}

/// Adds an item to a payload's list, which no encoder of ours would.
fn with_one_more(mut payload: Vec<u8>, count_at: usize, item: &[u8]) -> Vec<u8> {
    let items = count_at + 8;
    let count = u64::from_le_bytes(payload[count_at..items].try_into().expect("eight bytes"));
    payload[count_at..items].copy_from_slice(&(count + 1).to_le_bytes());
    payload.splice(items..items, item.iter().copied());
    payload
}

#[test]
fn unknown_messages_are_ignored_at_any_size_without_score() {
    let (mut stage, peer) = stage();
    let mut other_version = status(stage.machine.chain(), 0).encode().unwrap();
    other_version[4..6].copy_from_slice(&2u16.to_le_bytes());
    let large = [b"LARG".as_slice(), &vec![0xff; 1 << 20]].concat();
    for _ in 0..300 {
        for payload in [b"".as_slice(), b"ABC", b"NEWS of tomorrow", &large[..100], &other_version, b"STAT\x02\0junk"] {
            stage.tell_payload(peer, payload);
        }
    }
    stage.tell_payload(peer, &large);
    assert_eq!((stage.score(peer), stage.is_muted(peer)), (0, false));
    let info = stage.peer(peer).unwrap();
    assert_eq!(info.claim, None, "another version's status is not believed");
}

#[test]
fn newcomer_who_is_just_as_far_is_answered_once() {
    let (mut stage, newcomer) = stage();
    stage.take_sent();
    let equal = status(&Chain::in_memory(ChainParams::regtest()), 0);
    let mut answers = || {
        stage.tell(newcomer, &equal);
        let told = stage.take_sent_to(newcomer);
        told.iter().filter(|message| matches!(message, NodeMessage::Status(_))).count()
    };
    assert_eq!([answers(), answers(), answers()], [1, 0, 0]);
}

#[test]
fn the_status_of_another_network_is_ignored() {
    let (mut stage, peer) = stage();
    let NodeMessage::Status(mut said) = status(&chain_of(&ChainParams::regtest(), 50, 1), 0) else { unreachable!() };
    said.genesis = ChainParams::lab().genesis_hash();
    stage.take_sent();
    stage.tell(peer, &NodeMessage::Status(said));
    stage.advance(SECOND);
    assert!(stage.take_sent_to(peer).is_empty(), "nothing is asked of it");
    assert_eq!(stage.peer(peer).unwrap().claim, None);
    assert_eq!(stage.score(peer), 0);
}

#[test]
fn bad_signature_mutes_and_its_txid_stays_open_for_the_honest() {
    let (mut stage, cheat) = stage();
    let honest = Peer::new(cheat.connection, 2);
    stage.tell(cheat, &NodeMessage::Transaction(forged(5)));
    assert_eq!(stage.muted_for(cheat), Some(&MuteReason::BrokenRule(Rule::Signature)));
    stage.tell(honest, &NodeMessage::Transaction(payment(&Chain::in_memory(ChainParams::regtest()), 0, 1, 5)));
    assert_eq!(stage.machine.mempool().len(), 1);
    assert!(!stage.is_muted(honest));
}

#[test]
fn points_for_unasked_headers_mute_for_a_time() {
    let (mut stage, peer) = stage();
    for _ in 1..limits::MUTE_SCORE / limits::POINTS_UNASKED {
        stage.tell(peer, &NodeMessage::Headers(Vec::new()));
    }
    assert_eq!((stage.score(peer), stage.is_muted(peer)), (limits::MUTE_SCORE - limits::POINTS_UNASKED, false));
    stage.tell(peer, &NodeMessage::Headers(Vec::new()));
    assert_eq!(stage.muted_for(peer), Some(&MuteReason::Score(limits::MUTE_SCORE)));
    stage.advance(limits::MUTE_FIRST);
    assert!(!stage.is_muted(peer));
}

#[test]
fn a_bad_transaction_sent_again_mutes_without_a_look() {
    let (mut stage, cheat) = stage();
    for number in 1..5 {
        let cheat = Peer::new(cheat.connection, number);
        stage.tell(cheat, &NodeMessage::Transaction(forged(5)));
        assert_eq!(stage.muted_for(cheat), Some(&MuteReason::BrokenRule(Rule::Signature)));
    }
}

#[test]
fn a_muted_peer_is_not_listened_to_until_its_mute_ends() {
    let (mut stage, peer) = stage();
    let block = block_at(&chain_of(&ChainParams::regtest(), 1, 1), 1);
    stage.tell_payload(peer, b"TXN garbage");
    stage.take_sent();
    // it goes on talking, so it is not forgotten either
    for _ in 0..limits::MUTE_FIRST.as_secs() {
        stage.tell(peer, &NodeMessage::Block(block.clone()));
        stage.tell(peer, &NodeMessage::GetBlocks(vec![ChainParams::regtest().genesis_hash()]));
        assert_eq!(stage.machine.chain().height(), 0);
        assert!(stage.take_sent_to(peer).is_empty());
        stage.advance(SECOND);
    }
    stage.tell(peer, &NodeMessage::Block(block));
    assert_eq!(stage.machine.chain().height(), 1);
}

#[test]
fn mutes_of_who_goes_on_double_up_to_ten_minutes() {
    let (mut stage, peer) = stage();
    for seconds in [5, 10, 20, 40, 80, 160, 320, 600, 600] {
        stage.tell_payload(peer, b"TXN garbage");
        // longer than a silent peer is remembered, in the end
        for _ in 1..seconds {
            stage.advance(SECOND);
            stage.relay_says(peer.connection, &RelayMessage::Pong(2));
        }
        stage.tell(peer, &NodeMessage::Headers(Vec::new()));
        assert_eq!(stage.score(peer), 0, "not heard in the last of {seconds} seconds");
        stage.advance(SECOND);
        stage.tell(peer, &status(stage.machine.chain(), 0));
        assert!(!stage.is_muted(peer), "heard after {seconds} seconds");
    }
    assert!(stage.machine.counts().mutes <= limits::MUTES);
}

#[test]
fn mutes_and_scores_never_cross_relay_connections() {
    let (mut stage, peer) = stage();
    let elsewhere = Peer { connection: stage.connect(), ..peer };
    stage.tell(peer, &NodeMessage::Headers(Vec::new()));
    assert_eq!(stage.score(peer), limits::POINTS_UNASKED);
    stage.tell_payload(peer, b"TXN garbage");
    assert!(stage.is_muted(peer));
    stage.tell(elsewhere, &NodeMessage::Block(block_at(&chain_of(&ChainParams::regtest(), 1, 1), 1)));
    assert_eq!(stage.machine.chain().height(), 1, "one relay can lie about who said what on another");
    assert_eq!((stage.score(elsewhere), stage.is_muted(elsewhere)), (0, false));
}

#[test]
fn a_reject_changes_nothing() {
    let (mut stage, peer) = stage();
    let chain = chain_of(&ChainParams::regtest(), 3, 1);
    for height in 1..=3 {
        stage.tell(peer, &NodeMessage::Block(block_at(&chain, height)));
    }
    let timer = stage.machine.next_timeout();
    stage.take_sent();
    for rule in 0..500 {
        let reject = Reject { hash: chain.tip().hash.to_bytes(), rule, text: "no".into() };
        stage.tell(peer, &NodeMessage::Reject(reject));
    }
    assert!(stage.has_tip_of(&chain) && stage.take_sent().is_empty());
    assert_eq!((stage.machine.next_timeout(), stage.score(peer)), (timer, 0));
    assert!(stage.events.iter().any(|event| matches!(event, Event::RejectReceived { rule: 499, .. })), "it is told");
}

#[test]
fn rejects_are_directed_and_rate_limited() {
    let (mut stage, peer) = stage();
    let chain = Chain::in_memory(ChainParams::regtest());
    // immature money breaks a rule and is no crime: it can be sent on and on
    let own = chain_of(&ChainParams::regtest(), 1, 1);
    stage.tell(peer, &NodeMessage::Block(block_at(&own, 1)));
    stage.take_sent();
    let coinbase = block_at(&own, 1).coinbase;
    let (outpoint, output) = coinbase.outpoints(coinbase.txid()).next().unwrap();
    let young = |value: u64| {
        let outputs = vec![toycoin_core::TxOut { value: toycoin_core::Amount::from_grains(value), ..*output }];
        let mut transaction = Transaction { version: 1, inputs: vec![outpoint], outputs, signatures: vec![] };
        classroom::sign(&mut transaction, chain.params().genesis_hash(), &[*output]);
        transaction
    };
    for value in 1..50 {
        stage.tell(peer, &NodeMessage::Transaction(young(value)));
    }
    let sent = stage.take_sent();
    assert_eq!(rejects(&sent) as u64, limits::REJECTS);
    assert!(sent.iter().all(|sent| sent.to == Some(peer.id)));
    stage.advance(SECOND);
    for value in 50..90 {
        stage.tell(peer, &NodeMessage::Transaction(young(value)));
    }
    assert_eq!(rejects(&stage.take_sent()) as u64, limits::REJECTS_A_SECOND);
}

#[test]
fn asking_for_too_much_drops_answers_and_bans_nobody() {
    let mut stage = Stage::with(chain_of(&ChainParams::regtest(), limits::HEADERS_A_MESSAGE, 1), |_| {});
    let peer = Peer::new(stage.connect(), 1);
    let ask = NodeMessage::GetHeaders(GetHeaders { locator: Vec::new(), stop: BlockHash::ZERO });
    let page = limits::HEADERS_A_MESSAGE as u64 * 128 + limits::LOOKUP_TOKENS;
    let most = (limits::ANSWER_TOKENS - limits::SMALL_ANSWER_RESERVE) / page;
    for _ in 0..most + 100 {
        stage.tell(peer, &ask);
    }
    assert!((most..=most + 1).contains(&(stage.take_sent_to(peer).len() as u64)));
    // the latest waits for its turn
    assert!(stage.machine.overloads() >= 98);
    assert_eq!((stage.score(peer), stage.is_muted(peer)), (0, false));
    stage.advance(SECOND);
    assert_eq!(stage.take_sent_to(peer).len(), 1);
}

#[test]
fn an_orphan_without_work_mutes_and_pushes_nothing_out() {
    let chain = chain_of(&ChainParams::regtest(), 4, 1);
    let (mut stage, cheat) = stage();
    let honest = Peer::new(cheat.connection, 2);
    stage.tell(honest, &NodeMessage::Block(block_at(&chain, 4)));
    let mut idle = next_block(&chain, Vec::new(), 1, chain.tip().time + 1);
    while ChainParams::regtest().limit().is_met_by(&idle.hash()) {
        idle.header.nonce += 1;
    }
    stage.tell(cheat, &NodeMessage::Block(idle));
    assert_eq!(stage.muted_for(cheat), Some(&MuteReason::BrokenRule(Rule::ProofOfWork)));
    // and the one with work still waits for its parents
    stage.advance(SECOND);
    stage.tell(honest, &NodeMessage::Headers(headers(&chain, 1..=4)));
    for height in 1..=3 {
        stage.tell(honest, &NodeMessage::Block(block_at(&chain, height)));
    }
    assert!(stage.has_tip_of(&chain));
}

/// Returns a payment in so many parts that it has the size, 16 and a multiple of 40.
fn payment_of_size(chain: &crate::common::chains::PeerChain, size: u64) -> Transaction {
    let owner = classroom::owner(0);
    let (coin, Coin { output, .. }) = chain.coins_of(&owner).expect("memory does not fail")[0];
    let parts = (size - 116) / 40;
    let grain = toycoin_core::TxOut { value: toycoin_core::Amount::from_grains(1), ..output };
    let rest = toycoin_core::Amount::from_grains(output.value.grains() - (parts - 1));
    let mut outputs = vec![grain; usize::try_from(parts).expect("some thousand")];
    outputs[0].value = rest;
    let mut payment = Transaction { version: 1, inputs: vec![coin], outputs, signatures: vec![] };
    classroom::sign(&mut payment, chain.params().genesis_hash(), &[output]);
    assert_eq!(payment.size(), size);
    payment
}

#[test]
fn the_largest_payment_of_a_block_is_taken_told_and_handed_out() {
    let mut chain = chain_of(&ChainParams::regtest(), 0, 0);
    let large = payment_of_size(&chain, 99_996);
    let txid = large.txid();
    let (mut stage, peer) = stage();
    let other = Peer::new(stage.connect(), 2);
    stage.tell(peer, &NodeMessage::Transaction(large.clone()));
    stage.advance(SECOND);
    let is_told = |sent: Sent| {
        sent.connection == other.connection
            && sent.to.is_none()
            && sent.message == NodeMessage::Transaction(large.clone())
    };
    assert!(stage.take_sent().into_iter().any(is_told), "on the other connection");
    stage.tell(other, &NodeMessage::GetTransactions(vec![txid]));
    assert_eq!(stage.take_sent_to(other), [NodeMessage::Transaction(large.clone())], "from the mempool");

    mine(&mut chain, vec![large.clone()], 1);
    let mut stage = Stage::with(chain, |_| {});
    let peer = Peer::new(stage.connect(), 1);
    stage.tell(peer, &NodeMessage::GetTransactions(vec![txid]));
    assert_eq!(stage.take_sent_to(peer), [NodeMessage::Transaction(large)], "from a block");
}

#[test]
fn a_payment_larger_than_a_block_may_hold_mutes() {
    let (mut stage, peer) = stage();
    let large = payment_of_size(stage.machine.chain(), 100_036);
    stage.tell(peer, &NodeMessage::Transaction(large));
    stage.advance(SECOND);
    assert_eq!(stage.muted_for(peer), Some(&MuteReason::BrokenRule(Rule::TransactionSize)));
}

#[test]
fn a_flood_of_lags_is_answered_once_in_a_while() {
    let far = chain_of(&ChainParams::regtest(), 5, 1);
    let (mut stage, peer) = stage();
    stage.tell_status(peer, &far);
    stage.advance(SECOND);
    let lags = |stage: &Stage| -> Vec<u64> {
        let count = |event: &Event| if let Event::Lagged { count } = event { Some(*count) } else { None };
        stage.events.iter().filter_map(count).collect()
    };
    let statuses = |stage: &mut Stage| {
        stage.take_sent().iter().filter(|sent| matches!(sent.message, NodeMessage::Status(_))).count()
    };
    statuses(&mut stage);
    for _ in 0..10_000 {
        stage.relay_says(peer.connection, &RelayMessage::Lagged(3));
    }
    assert_eq!((lags(&stage), statuses(&mut stage)), (vec![3], 1), "the first at once");
    stage.advance(limits::LAG_INTERVAL);
    assert_eq!((lags(&stage), statuses(&mut stage)), (vec![3, 29_997], 1), "all others together");
    stage.relay_says(peer.connection, &RelayMessage::Lagged(u64::MAX));
    stage.relay_says(peer.connection, &RelayMessage::Lagged(u64::MAX));
    stage.advance(limits::LAG_INTERVAL);
    assert_eq!(lags(&stage).last(), Some(&u64::MAX), "a count that a liar makes up has an end");
}

#[test]
fn a_rejects_text_reaches_nobody_unescaped() {
    let (mut stage, peer) = stage();
    let text = "\u{1b}[31mred\r\nerror: forged \u{202e}".to_owned();
    stage.tell(peer, &NodeMessage::Reject(Reject { hash: [0; 32], rule: 7, text }));
    let said = stage.events.iter().find_map(|event| match event {
        Event::RejectReceived { text, .. } => Some(text.clone()),
        _ => None,
    });
    assert_eq!(said.as_deref(), Some(r"\u{1b}[31mred\r\nerror: forged \u{202e}"));
}

#[test]
fn flood_of_lower_statuses_is_answered_a_few_times() {
    let (mut stage, peer) = stage();
    let mut chain = Chain::in_memory(ChainParams::regtest());
    let block = mine(&mut chain, Vec::new(), 0);
    stage.tell(peer, &NodeMessage::Block(block));
    assert!(stage.has_tip_of(&chain));
    stage.take_sent();
    let behind = status(&Chain::in_memory(ChainParams::regtest()), 0);
    for round in 0..10 {
        stage.tell_at_once(peer, &vec![behind.clone(); 200]);
        let answers = stage.take_sent_to(peer);
        let answers = answers.iter().filter(|message| matches!(message, NodeMessage::Status(_))).count() as u64;
        let most = if round == 0 { limits::STATUS_ANSWERS_AT_ONCE } else { limits::STATUS_ANSWERS_A_SECOND };
        assert!((1..=most).contains(&answers), "round {round}: {answers}");
        stage.advance(SECOND);
        stage.take_sent();
    }
    assert!(!stage.is_muted(peer));
}
