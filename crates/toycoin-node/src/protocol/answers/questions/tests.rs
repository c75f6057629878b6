use std::time::Duration;

use toycoin_wire::node::{GetFilters, GetProof};

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

/// Returns a question on a mesh.
fn asked_by(peer: u16, question: u64) -> Asker {
    Asker { question: Some(QuestionId(question)), ..id(peer) }
}

/// Asserts that all orders and numbers agree with the questions.
fn assert_consistent(questions: &Questions) {
    let all = || {
        let peers = questions.peers.iter();
        peers.flat_map(|(peer, waiting)| {
            waiting.asked.iter().map(|(question, asked)| (Asker { peer: *peer, question: *question }, asked))
        })
    };
    assert_eq!(questions.askers, all().count());
    assert_eq!(questions.items, all().map(|(_, asked)| asked.len()).sum::<usize>());
    let ages: BTreeSet<_> = all().filter_map(|(asker, asked)| Some((asked.oldest()?, asker))).collect();
    assert_eq!(questions.ages, ages);
    for waiting in questions.peers.values() {
        let order = waiting.asked.iter().map(|(question, asked)| (asked.tokens(), asked.turn, *question));
        assert_eq!(waiting.order, order.collect());
        assert!(!waiting.asked.is_empty());
    }
}

#[test]
fn a_class_that_syncs_over_a_mesh_loses_no_question() {
    let mut questions = Questions::default();
    let all = || (0..125_u16).flat_map(|peer| (0..32).map(move |place| asked_by(peer, u64::from(peer) * 32 + place)));
    for asker in all() {
        assert_eq!(questions.ask(asker, &Question::Blocks(&[hash(1)]), NOW, |_| 0), 0);
    }
    assert!(all().all(|asker| questions.item(&asker).is_some()));
    assert_eq!((questions.take_ended().count(), questions.askers), (0, 4_000));
    assert_consistent(&questions);
    // and the peers take turns
    let order = turns(&mut questions, &mut BTreeMap::new(), 4_000, 1_000);
    for round in order.chunks(125) {
        assert_eq!(round.iter().map(|asker| asker.peer).collect::<BTreeSet<_>>().len(), 125);
    }
    assert!(questions.is_empty());
}

#[test]
fn a_mesh_peer_and_all_of_them_wait_for_bounded_answers() {
    let mut questions = Questions::default();
    for question in 0..100 {
        questions.ask(asked_by(1, question), &Question::Headers(&page()), NOW, |_| 0);
    }
    assert_eq!((questions.askers, questions.take_ended().count()), (limits::MESH_QUESTIONS_OF_A_PEER, 68));
    assert!(questions.item(&asked_by(1, 0)).is_some(), "the first arrivals stay");
    for peer in 2..200 {
        for question in 0..32 {
            let asker = asked_by(peer, u64::from(peer) * 32 + question);
            questions.ask(asker, &Question::Headers(&page()), NOW, |_| 0);
        }
    }
    assert_eq!(questions.askers, limits::MESH_QUESTIONS);
    let hashes: Vec<_> = (0..limits::QUESTION_BLOCKS).map(hash).collect();
    for peer in 200..300 {
        for question in 0..32 {
            let asker = asked_by(peer, u64::from(peer) * 32 + question);
            questions.ask(asker, &Question::Blocks(&hashes), NOW, |peer| u64::from(*peer < id(200).peer));
            assert!(questions.len() <= limits::QUESTION_ITEMS);
        }
    }
    assert!(questions.len() > limits::QUESTION_ITEMS / 2, "{}", questions.len());
    assert_consistent(&questions);
}

#[test]
fn all_orders_follow_whatever_happens() {
    let mut questions = Questions::default();
    let mut state = 1_u64;
    let mut random = |bound: u64| {
        // a linear congruential generator (Knuth, MMIX)
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % bound
    };
    let mut now = NOW;
    for _ in 0..20_000 {
        let peer = u16::try_from(random(20)).unwrap();
        let asker = if random(2) == 0 { id(peer) } else { asked_by(peer, random(40)) };
        let used = |peer: &NodeId| u64::from(peer.to_bytes()[1]) * 100;
        let hashes = [hash(usize::try_from(random(50)).unwrap()), hash(usize::try_from(random(50)).unwrap())];
        match random(8) {
            0 => {
                questions.ask(asker, &Question::Headers(&page()), now, used);
            }
            1..4 => {
                questions.ask(asker, &Question::Blocks(&hashes), now, used);
            }
            4 => questions.plan(&asker, Some(plan(random(5_000)))),
            5 => {
                if let Some(next) = questions.next(used) {
                    questions.answered(&next, random(100), (random(2) == 0).then_some([1; 32]));
                }
            }
            6 if random(20) == 0 => questions.forget(|peer| *peer == asker.peer),
            _ => {
                now = now + Duration::from_millis(random(300));
                questions.expire(now);
            }
        }
        // the definition: least recent use plus cost, then the earliest turn
        let all = questions.peers.iter().flat_map(|(peer, waiting)| {
            waiting.asked.iter().map(move |(question, asked)| {
                ((used(peer) + asked.tokens(), asked.turn), Asker { peer: *peer, question: *question })
            })
        });
        assert_eq!(questions.next(used), all.min().map(|(_, asker)| asker));
        assert!(questions.ages.first().is_none_or(|(oldest, _)| now < *oldest + limits::QUESTION_PATIENCE));
        assert_consistent(&questions);
    }
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

fn proof(seed: u8) -> LightQuestion {
    LightQuestion::Proof(GetProof { tip: BlockHash::ZERO, seed: [seed; 32], slices: 24, start: BlockHash::ZERO })
}

fn filters(first: u64) -> LightQuestion {
    LightQuestion::Filters(GetFilters { first, last: hash(1) })
}

#[test]
fn one_proof_a_peer_waits_and_the_latest_counts() {
    let mut questions = Questions::default();
    assert_eq!(questions.ask(id(1), &Question::Light(&proof(1)), NOW, |_| 0), 0);
    questions.plan(&id(1), Some(plan(100_000)));
    assert_eq!(questions.ask(id(1), &Question::Light(&proof(2)), NOW, |_| 0), 1);
    let (item, plan) = questions.item(&id(1)).unwrap();
    assert_eq!((item, plan, questions.len()), (Item::Light(proof(2)), None, 1), "what was planned was for another one");
    // another peer's stays
    questions.ask(id(2), &Question::Light(&proof(3)), NOW, |_| 0);
    assert_eq!(questions.len(), 2);
}

#[test]
fn another_proof_ends_the_question_of_a_mesh_peer() {
    let mut questions = Questions::default();
    let ask = |number| Asker { question: Some(QuestionId(number)), ..id(1) };
    questions.ask(ask(1), &Question::Light(&proof(1)), NOW, |_| 0);
    questions.ask(ask(2), &Question::Light(&filters(0)), NOW, |_| 0);
    assert_eq!(questions.ask(ask(3), &Question::Light(&proof(2)), NOW, |_| 0), 1);
    assert_eq!(questions.take_ended().collect::<Vec<_>>(), [QuestionId(1)]);
    assert_eq!(questions.len(), 2);
}

#[test]
fn questions_of_a_light_client_are_bounded() {
    let mut questions = Questions::default();
    let mut dropped = 0;
    for first in 0..10 {
        dropped += questions.ask(id(1), &Question::Light(&filters(first)), NOW, |_| 0);
        assert_eq!(questions.ask(id(1), &Question::Light(&filters(0)), NOW, |_| 0), 0, "the same again counts once");
    }
    assert_eq!((questions.len(), dropped), (limits::LIGHT_QUESTIONS, 10 - limits::LIGHT_QUESTIONS));
    assert_eq!(questions.expire(NOW + limits::QUESTION_PATIENCE), limits::LIGHT_QUESTIONS);
    assert!(questions.is_empty());
}

#[test]
fn more_missing_hashes_than_a_message_holds_take_two() {
    let mut questions = Questions::default();
    questions.ask(id(1), &Question::Light(&filters(0)), NOW, |_| 0);
    let missing: Vec<_> = (0..200).map(|number| hash(number).to_bytes()).collect();
    questions.answered(&id(1), 0, missing.clone());
    let mut named = Vec::new();
    for expected in [limits::TXIDS_A_MESSAGE, 200 - limits::TXIDS_A_MESSAGE] {
        assert_eq!(questions.item(&id(1)).unwrap().0, Item::Missing);
        let part = questions.missing(&id(1));
        assert_eq!(part.len(), expected);
        named.extend(part);
        questions.answered(&id(1), 0, None);
    }
    assert_eq!(named, missing);
    assert!(questions.is_empty());
}
