use std::time::Duration;

use super::*;

const NOW: Monotonic = Monotonic::ORIGIN;

fn id(number: u16) -> Asker {
    let mut id = [7; 16];
    id[..2].copy_from_slice(&number.to_be_bytes());
    Asker { peer: NodeId::new(id), question: None }
}

fn hash(number: usize) -> BlockHash {
    let mut hash = [3; 32];
    hash[..8].copy_from_slice(&(number as u64).to_le_bytes());
    BlockHash::from_bytes(hash)
}

fn page() -> GetHeaders {
    GetHeaders { locator: vec![hash(0)], stop: BlockHash::ZERO }
}

fn plan(tokens: u64) -> Plan {
    Plan { tokens, length: tokens, source: Source::Memory }
}

/// Gives `count` answers of `tokens` tokens each to the next peer in turn, and returns the order of the peers.
fn turns(questions: &mut Questions, used: &mut BTreeMap<NodeId, u64>, count: usize, tokens: u64) -> Vec<Asker> {
    (0..count)
        .map(|_| {
            let next = questions.next(|id| used.get(id).copied().unwrap_or(0)).expect("somebody waits");
            *used.entry(next.peer).or_default() += tokens;
            questions.answered(&next, 0, None);
            next
        })
        .collect()
}

#[test]
fn hash_named_again_counts_once() {
    let mut questions = Questions::default();
    assert_eq!(questions.ask(id(1), &Question::Blocks(&[hash(1); 16]), NOW, |_| 0), 0);
    assert_eq!(questions.len(), 1);
    assert_eq!(questions.ask(id(1), &Question::Blocks(&[hash(1), hash(2)]), NOW, |_| 0), 0);
    assert_eq!(questions.len(), 2, "also in another message");
    let txid = Txid::from_bytes([5; 32]);
    questions.ask(id(1), &Question::Transactions(&[txid; 128]), NOW, |_| 0);
    assert_eq!(questions.len(), 3);
    assert_eq!(questions.ask(id(1), &Question::Headers(&page()), NOW, |_| 0), 0);
    assert_eq!(
        questions.ask(id(1), &Question::Headers(&page()), NOW, |_| 0),
        1,
        "the latest request for headers counts"
    );
    assert_eq!(questions.len(), 4);
}

#[test]
fn one_peer_waits_for_a_bounded_number_of_answers() {
    let mut questions = Questions::default();
    let mut dropped = 0;
    for message in 0..100 {
        let hashes: Vec<_> = (0..16).map(|place| hash(message * 16 + place)).collect();
        dropped += questions.ask(id(1), &Question::Blocks(&hashes), NOW, |_| 0);
    }
    assert_eq!(questions.len(), limits::QUESTION_BLOCKS);
    assert_eq!(dropped, 1_600 - limits::QUESTION_BLOCKS);
}

#[test]
fn peers_that_ask_on_and_on_take_turns() {
    let mut questions = Questions::default();
    for peer in 0..3 {
        let hashes: Vec<_> = (0..100).map(|place| hash(usize::from(peer) * 1_000 + place)).collect();
        questions.ask(id(peer), &Question::Blocks(&hashes), NOW, |_| 0);
    }
    let order = turns(&mut questions, &mut BTreeMap::new(), 30, 1_000);
    for three in order.chunks(3) {
        assert_eq!(three.iter().collect::<BTreeSet<_>>().len(), 3, "{order:?}");
    }
}

#[test]
fn newcomer_goes_before_who_was_answered_much() {
    let mut questions = Questions::default();
    let mut used = BTreeMap::new();
    let hashes: Vec<_> = (0..100).map(hash).collect();
    for flooder in 0..50 {
        questions.ask(id(flooder), &Question::Blocks(&hashes), NOW, |_| 0);
    }
    turns(&mut questions, &mut used, 500, 10_000);
    questions.ask(id(99), &Question::Headers(&page()), NOW, |id| used.get(id).copied().unwrap_or(0));
    assert_eq!(turns(&mut questions, &mut used, 1, 1_000), [id(99)]);
}

#[test]
fn small_answer_goes_before_a_large_one_of_another_newcomer() {
    let mut questions = Questions::default();
    questions.ask(id(1), &Question::Blocks(&[hash(1)]), NOW, |_| 0);
    questions.plan(&id(1), Some(plan(1_000_000)));
    questions.ask(id(2), &Question::Headers(&page()), NOW, |_| 0);
    questions.plan(&id(2), Some(plan(128)));
    assert_eq!(turns(&mut questions, &mut BTreeMap::new(), 2, 0), [id(2), id(1)]);
}

#[test]
fn too_many_peers_push_out_whose_turn_is_last() {
    let mut questions = Questions::default();
    let used = |peer: &NodeId| if *peer == id(3).peer { 1_000_000 } else { 0 };
    for peer in 0..u16::try_from(limits::QUESTION_PEERS).unwrap() {
        assert_eq!(questions.ask(id(peer), &Question::Headers(&page()), NOW, used), 0);
    }
    assert_eq!(questions.ask(id(60_000), &Question::Headers(&page()), NOW, used), 1);
    assert!(questions.item(&id(3)).is_none() && questions.item(&id(60_000)).is_some());
    // among equals the last arrival
    assert_eq!(questions.ask(id(60_001), &Question::Headers(&page()), NOW, used), 1);
    assert!(questions.item(&id(60_001)).is_none());
    assert_eq!(questions.peers(), limits::QUESTION_PEERS);
}

#[test]
fn old_questions_are_dropped() {
    let mut questions = Questions::default();
    let later = NOW + limits::QUESTION_PATIENCE / 2;
    questions.ask(id(1), &Question::Blocks(&[hash(1)]), NOW, |_| 0);
    questions.plan(&id(1), Some(plan(7)));
    questions.ask(id(1), &Question::Blocks(&[hash(2)]), later, |_| 0);
    questions.ask(id(2), &Question::Headers(&page()), NOW, |_| 0);
    assert_eq!(questions.expire(NOW + (limits::QUESTION_PATIENCE - Duration::from_millis(1))), 0);
    assert_eq!(questions.expire(NOW + limits::QUESTION_PATIENCE), 2);
    assert_eq!(questions.item(&id(1)), Some((Item::Block(hash(2)), None)), "what it costs is another's");
    assert_eq!(questions.peers(), 1);
}

#[test]
fn what_is_missing_is_told_once_at_the_end() {
    let mut questions = Questions::default();
    questions.ask(id(1), &Question::Blocks(&[hash(1), hash(2), hash(3)]), NOW, |_| 0);
    questions.answered(&id(1), 0, Some(hash(1).to_bytes()));
    questions.answered(&id(1), 0, None);
    questions.answered(&id(1), 0, Some(hash(3).to_bytes()));
    assert_eq!(questions.item(&id(1)), Some((Item::Missing, None)));
    assert_eq!(questions.missing(&id(1)), [hash(1).to_bytes(), hash(3).to_bytes()]);
    questions.answered(&id(1), 0, None);
    assert!(questions.is_empty());
}
