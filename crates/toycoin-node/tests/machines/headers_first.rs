//! Headers come first: whom a node asks for them, how far it follows, and when it turns to somebody else.

use std::time::Duration;

use crate::common::{
    chains::{PeerChain, block_at, chain_of, extend, headers, mine, prefix, status},
    stage::{Peer, Stage},
};
use toycoin_core::{ChainParams, Header, Rule};
use toycoin_node::{
    limits,
    protocol::{MuteReason, Request, Response},
    relay::ConnectionId,
};
use toycoin_wire::{
    node::{GetHeaders, NodeMessage},
    relay::RelayMessage,
};

const SECOND: Duration = Duration::from_secs(1);
/// Longer than it takes to choose whom to ask.
const CHOICE: Duration = Duration::from_millis(200);

fn stage(own: PeerChain) -> (Stage, ConnectionId) {
    let mut stage = Stage::with(own, |_| {});
    let relay = stage.connect();
    (stage, relay)
}

fn chain(blocks: usize, branch: u8) -> PeerChain {
    chain_of(&ChainParams::regtest(), blocks, branch)
}

/// Takes the requests for headers that a peer was sent.
fn asked(stage: &mut Stage, peer: Peer) -> Vec<GetHeaders> {
    let of_headers = |message| match message {
        NodeMessage::GetHeaders(request) => Some(request),
        _ => None,
    };
    stage.take_sent_to(peer).into_iter().filter_map(of_headers).collect()
}

fn best_height(stage: &mut Stage) -> u64 {
    let Response::Status(status) = stage.ask(Request::Status) else { panic!("a status") };
    status.best_height
}

/// Returns headers behind a parent, right in all that headers show, with that time between two.
fn headers_behind(parent: &Header, count: usize, spacing_ms: u64) -> Vec<Header> {
    let solve = |mut header: Header| {
        while !ChainParams::regtest().limit().is_met_by(&header.hash()) {
            header.nonce += 1;
        }
        header
    };
    let next = |parent: &Header| {
        let Header { height, time, .. } = *parent;
        Some(solve(Header { previous: parent.hash(), height: height + 1, time: time + spacing_ms, ..*parent }))
    };
    std::iter::successors(next(parent), next).take(count).collect()
}

/// The last header of a chain.
fn said_header(chain: &PeerChain) -> Header {
    chain.header_at(chain.height()).expect("its tip").header
}

#[test]
fn a_joiner_far_behind_follows_page_after_page() {
    let far = chain(4_500, 1);
    let (mut stage, relay) = stage(chain(0, 0));
    let peer = Peer::new(relay, 1);
    stage.tell_status(peer, &far);
    for page in [1..=2_000, 2_001..=4_000, 4_001..=4_500] {
        stage.advance(CHOICE);
        assert_eq!(asked(&mut stage, peer).len(), 1, "one page at a time");
        assert_eq!(best_height(&mut stage), page.start() - 1);
        stage.tell(peer, &NodeMessage::Headers(headers(&far, page)));
    }
    assert_eq!(best_height(&mut stage), 4_500);
    assert!(stage.machine.chain().height() == 0 && stage.score(peer) == 0, "no body has come yet");
    stage.serve(&[(peer, &far)], SECOND * 60);
    assert!(stage.has_tip_of(&far));
}

#[test]
fn a_chain_that_ends_with_a_page_is_followed_to_its_end() {
    let far = chain(2_000, 1);
    let (mut stage, relay) = stage(chain(0, 0));
    let peer = Peer::new(relay, 1);
    stage.tell_status(peer, &far);
    stage.serve(&[(peer, &far)], SECOND * 30);
    assert!(stage.has_tip_of(&far) && stage.score(peer) == 0);
}

#[test]
fn headers_are_held_back_until_their_work_beats_ours() {
    let (own, theirs) = (chain(2_500, 1), chain(2_600, 2));
    let (mut stage, relay) = stage(own);
    let peer = Peer::new(relay, 1);
    stage.tell_status(peer, &theirs);
    stage.advance(CHOICE);
    stage.tell(peer, &NodeMessage::Headers(headers(&theirs, 1..=2_000)));
    assert_eq!(stage.machine.chain().headers().len(), 2_501, "not in the tree");
    let requests = asked(&mut stage, peer);
    let last = requests.last().expect("the next page is asked for");
    assert_eq!(last.locator[0], theirs.header_at(2_000).unwrap().hash);
    stage.tell(peer, &NodeMessage::Headers(headers(&theirs, 2_001..=2_600)));
    assert_eq!(best_height(&mut stage), 2_600);
    stage.serve(&[(peer, &theirs)], SECOND * 30);
    assert!(stage.has_tip_of(&theirs));
}

#[test]
fn a_peer_that_reorganises_between_two_pages_is_not_to_blame() {
    let (own, theirs) = (chain(2_500, 1), chain(2_600, 2));
    let mut later = prefix(&theirs, 1_900);
    extend(&mut later, 800, 3);
    let (mut stage, relay) = stage(own);
    let peer = Peer::new(relay, 1);
    stage.tell_status(peer, &theirs);
    stage.advance(CHOICE);
    stage.take_sent();
    stage.tell(peer, &NodeMessage::Headers(headers(&theirs, 1..=2_000)));
    // its other branch, from where it knows us: genesis
    stage.serve(&[(peer, &later)], SECOND);
    assert!(!stage.is_muted(peer), "{:?}", stage.muted_for(peer));
    stage.tell_status(peer, &later);
    stage.serve(&[(peer, &later)], SECOND * 30);
    assert!(stage.has_tip_of(&later) && stage.score(peer) == 0);
}

#[test]
fn silent_newcomer_is_left_for_others_without_a_score() {
    let far = chain(20, 1);
    let (mut stage, relay) = stage(chain(0, 0));
    let (silent, honest) = (Peer::new(relay, 1), Peer::new(relay, 2));
    stage.tell_status(silent, &far);
    stage.advance(CHOICE);
    assert_eq!(asked(&mut stage, silent).len(), 1);
    stage.tell_status(honest, &far);
    stage.advance(limits::NEWCOMER_PATIENCE - CHOICE);
    assert!(asked(&mut stage, honest).is_empty(), "one in the first round");
    stage.serve(&[(honest, &far)], SECOND);
    assert!(stage.has_tip_of(&far));
    assert_eq!((stage.score(silent), stage.is_muted(silent)), (0, false));
    // an answer that comes too late is no crime either, a second one is
    stage.tell(silent, &NodeMessage::Headers(headers(&far, 1..=20)));
    assert_eq!(stage.score(silent), 0);
    stage.tell(silent, &NodeMessage::Headers(headers(&far, 1..=20)));
    assert_eq!(stage.score(silent), limits::POINTS_UNASKED);
}

#[test]
fn a_late_answer_that_links_is_taken() {
    let far = chain(2_500, 1);
    let (mut stage, relay) = stage(chain(0, 0));
    let slow = Peer::new(relay, 1);
    stage.tell_status(slow, &far);
    for page in [1..=2_000, 2_001..=2_500] {
        stage.advance(CHOICE);
        assert_eq!(asked(&mut stage, slow).len(), 1);
        stage.advance(limits::HEADERS_TIMEOUT * 3);
        assert!(asked(&mut stage, slow).is_empty(), "the same is not asked again at once");
        stage.tell(slow, &NodeMessage::Headers(headers(&far, page)));
    }
    assert_eq!((best_height(&mut stage), stage.score(slow)), (2_500, 0));
}

#[test]
fn a_late_page_behind_held_headers_is_taken() {
    let (own, theirs) = (chain(2_500, 1), chain(2_600, 2));
    let (mut stage, relay) = stage(own);
    let (slow, silent) = (Peer::new(relay, 1), Peer::new(relay, 2));
    stage.tell_status(slow, &theirs);
    stage.advance(CHOICE);
    stage.tell(slow, &NodeMessage::Headers(headers(&theirs, 1..=2_000)));
    stage.tell_status(silent, &theirs);
    stage.advance(limits::HEADERS_TIMEOUT * 3);
    assert!(!asked(&mut stage, silent).is_empty(), "another is asked meanwhile");
    stage.tell(slow, &NodeMessage::Headers(headers(&theirs, 2_001..=2_600)));
    assert_eq!((best_height(&mut stage), stage.score(slow)), (2_600, 0));
}

#[test]
fn rounds_of_newcomers_grow_until_one_delivers() {
    let far = chain(20, 1);
    let (mut stage, relay) = stage(chain(0, 0));
    let peers: Vec<_> = (1..=40).map(|number| Peer::new(relay, number)).collect();
    for peer in &peers {
        stage.tell_status(*peer, &far);
    }
    let mut rounds: Vec<Vec<Peer>> = Vec::new();
    for _ in 0..5 {
        stage.advance(limits::NEWCOMER_PATIENCE);
        rounds.push(peers.iter().copied().filter(|peer| !asked(&mut stage, *peer).is_empty()).collect());
    }
    assert_eq!(rounds.iter().map(Vec::len).collect::<Vec<_>>(), [1, 2, 4, 8, 16]);
    let honest = rounds[4][7];
    stage.tell(honest, &NodeMessage::Headers(headers(&far, 1..=20)));
    assert_eq!(best_height(&mut stage), 20);
}

#[test]
fn who_delivered_is_asked_first_and_who_stalled_last() {
    let mut far = chain(20, 1);
    let (mut stage, relay) = stage(chain(0, 0));
    let (steady, liar) = (Peer::new(relay, 1), Peer::new(relay, 2));
    stage.tell_status(liar, &far);
    stage.advance(CHOICE + limits::NEWCOMER_PATIENCE);
    assert_eq!(asked(&mut stage, liar).len(), 1);
    stage.tell_status(steady, &far);
    stage.serve(&[(steady, &far)], SECOND);
    assert!(stage.has_tip_of(&far));
    // long after, when nobody rests any more
    stage.advance(limits::HEADERS_REST * 2);
    stage.take_sent();
    for round in 0..20 {
        extend(&mut far, 1, 1);
        let newcomer = Peer::new(relay, 10 + round);
        for peer in [liar, newcomer, steady] {
            stage.tell_status(peer, &far);
        }
        stage.serve(&[(steady, &far)], SECOND);
        assert!(stage.has_tip_of(&far), "{round}");
        assert!(asked(&mut stage, liar).is_empty() && asked(&mut stage, newcomer).is_empty(), "{round}");
    }
}

#[test]
fn each_connection_is_asked_at_once() {
    let far = chain(20, 1);
    let mut stage = Stage::with(chain(0, 0), |_| {});
    let relays: Vec<_> = (0..3).map(|_| stage.connect()).collect();
    let peers: Vec<_> = relays.iter().map(|relay| Peer::new(*relay, 1)).collect();
    for peer in &peers {
        stage.tell_status(*peer, &far);
    }
    stage.advance(CHOICE);
    assert!(peers.iter().all(|peer| asked(&mut stage, *peer).len() == 1));
    // the others are silent
    stage.tell(peers[1], &NodeMessage::Headers(headers(&far, 1..=20)));
    assert_eq!(best_height(&mut stage), 20);
}

#[test]
fn claims_in_vain_are_believed_ever_less_often() {
    let (own, theirs) = (chain(20, 1), chain(40, 2));
    let (mut stage, relay) = stage(own);
    let liar = Peer::new(relay, 1);
    let mut requests = Vec::new();
    for second in 0..600 {
        // it says another tip each time, and never shows it
        let NodeMessage::Status(mut said) = status(&theirs, stage.unix_ms()) else { unreachable!() };
        said.tip = headers_behind(&said_header(&theirs), 1, 100 + second)[0].hash();
        stage.tell(liar, &NodeMessage::Status(said));
        stage.advance(SECOND);
        for _ in asked(&mut stage, liar) {
            requests.push(second);
            stage.tell(liar, &NodeMessage::Headers(Vec::new()));
        }
    }
    assert!((3..=9).contains(&requests.len()), "{requests:?}");
    let waits: Vec<_> = requests.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(waits.is_sorted(), "{waits:?}");
    assert_eq!(stage.score(liar), 0);
}

#[test]
fn a_block_whose_parent_is_unknown_starts_a_header_request() {
    let far = chain(12, 1);
    let (mut stage, relay) = stage(chain(0, 0));
    let peer = Peer::new(relay, 1);
    stage.tell(peer, &NodeMessage::Block(block_at(&far, 12)));
    stage.serve(&[(peer, &far)], SECOND);
    // it never said a status: its headers show what it has
    assert!(stage.has_tip_of(&far) && stage.score(peer) == 0);
}

#[test]
fn a_peer_with_news_is_asked_though_it_had_nothing_a_moment_ago() {
    let mut far = chain(5, 1);
    let (mut stage, relay) = stage(prefix(&far, 5));
    let peer = Peer::new(relay, 1);
    stage.tell_status(peer, &far);
    stage.relay_says(relay, &RelayMessage::Lagged(1));
    stage.serve(&[(peer, &far)], SECOND);
    mine(&mut far, Vec::new(), 1);
    let lost = mine(&mut far, Vec::new(), 1);
    stage.tell(peer, &NodeMessage::Block(lost));
    stage.serve(&[(peer, &far)], SECOND);
    assert!(stage.has_tip_of(&far));
}

#[test]
fn a_gap_that_the_relay_tells_of_leads_to_a_header_request() {
    let mut far = chain(5, 1);
    let (mut stage, relay) = stage(prefix(&far, 5));
    let peer = Peer::new(relay, 1);
    stage.tell_status(peer, &far);
    stage.take_sent();
    for _ in 0..2 {
        // the second time it had nothing a moment ago
        extend(&mut far, 1, 1);
        stage.relay_says(relay, &RelayMessage::Lagged(7));
        stage.serve(&[(peer, &far)], limits::LAG_INTERVAL);
        assert!(stage.has_tip_of(&far));
        stage.relay_says(relay, &RelayMessage::Lagged(1));
        stage.serve(&[(peer, &far)], limits::LAG_INTERVAL);
    }
}

#[test]
fn headers_that_do_not_follow_on_each_other_mute() {
    let far = chain(10, 1);
    let (mut stage, relay) = stage(chain(0, 0));
    let peer = Peer::new(relay, 1);
    stage.tell_status(peer, &far);
    stage.advance(CHOICE);
    let mut gap = headers(&far, 1..=10);
    gap.remove(4);
    stage.tell(peer, &NodeMessage::Headers(gap));
    assert_eq!(stage.muted_for(peer), Some(&MuteReason::UnlinkedHeaders));
}

#[test]
fn unrequested_headers_score_and_do_not_mute_at_once() {
    let far = chain(10, 1);
    let (mut stage, relay) = stage(chain(0, 0));
    let peer = Peer::new(relay, 1);
    stage.tell(peer, &NodeMessage::Headers(headers(&far, 1..=10)));
    assert_eq!((stage.score(peer), best_height(&mut stage)), (limits::POINTS_UNASKED, 0));
    stage.tell_status(peer, &far);
    stage.advance(CHOICE);
    stage.tell(peer, &NodeMessage::Headers(headers(&far, 5..=10)));
    assert_eq!(stage.score(peer), limits::POINTS_UNASKED + limits::POINTS_UNKNOWN_START);
    for _ in 0..7 {
        stage.tell(peer, &NodeMessage::Headers(Vec::new()));
    }
    assert_eq!(stage.muted_for(peer), Some(&MuteReason::Score(limits::MUTE_SCORE)));
}

#[test]
fn invalid_header_mutes_and_another_peer_is_asked_at_once() {
    let far = chain(10, 1);
    let (mut stage, relay) = stage(chain(0, 0));
    let (cheat, honest) = (Peer::new(relay, 1), Peer::new(relay, 2));
    stage.tell_status(cheat, &far);
    stage.advance(CHOICE);
    stage.tell_status(honest, &far);
    let mut page = headers(&far, 1..=10);
    while ChainParams::regtest().limit().is_met_by(&page[9].hash()) {
        page[9].nonce += 1;
    }
    let broken = page[9].hash().to_bytes();
    stage.tell(cheat, &NodeMessage::Headers(page));
    assert_eq!(stage.muted_for(cheat), Some(&MuteReason::BrokenRule(Rule::ProofOfWork)));
    let told = stage.take_sent_to(cheat);
    assert!(matches!(told.last(), Some(NodeMessage::Reject(reject)) if reject.hash == broken), "{told:?}");
    assert_eq!(best_height(&mut stage), 0, "none of that page is kept");
    stage.serve(&[(honest, &far)], SECOND);
    assert!(stage.has_tip_of(&far));
}

#[test]
fn headers_on_an_invalid_block_are_not_asked_for_repeatedly() {
    let (mut stage, relay) = stage(chain(3, 1));
    let mut greedy = block_at(&chain(1, 2), 1);
    greedy.coinbase.extra = vec![0; ChainParams::MAX_EXTRA + 1];
    greedy.header.merkle_root = greedy.merkle_root();
    let greedy = greedy.mine_trivial();
    let cheat = Peer::new(relay, 1);
    stage.tell(cheat, &NodeMessage::Block(greedy.clone()));
    assert_eq!(stage.muted_for(cheat), Some(&MuteReason::BrokenRule(Rule::CoinbaseExtra)));

    // somebody with other rules follows that block, and works more than we do
    let behind = headers_behind(&greedy.header, 10, 100);
    let follower = Peer::new(relay, 2);
    let NodeMessage::Status(mut said) = status(&chain(11, 1), stage.unix_ms()) else { unreachable!() };
    said.tip = behind[9].hash();
    stage.tell(follower, &NodeMessage::Status(said));
    let mut requests = 0;
    for _ in 0..100 {
        stage.advance(SECOND / 10);
        for _ in asked(&mut stage, follower) {
            requests += 1;
            let page = [greedy.header].into_iter().chain(behind.iter().copied()).collect();
            stage.tell(follower, &NodeMessage::Headers(page));
        }
    }
    assert_eq!((requests, best_height(&mut stage)), (1, 3));
}

#[test]
fn headers_from_the_future_are_not_asked_for_repeatedly() {
    let (mut stage, relay) = stage(chain(0, 0));
    let peer = Peer::new(relay, 1);
    let drift = ChainParams::regtest().spec().max_future_ms;
    // the first is right, all behind it come from the future
    let near = headers_behind(&ChainParams::regtest().genesis().header, 1, 100);
    let future = headers_behind(&near[0], 1_999, drift + 60_000);
    let page: Vec<_> = near.into_iter().chain(future).collect();
    stage.tell_status(peer, &chain(10, 1));
    let mut requests = 0;
    for _ in 0..100 {
        stage.advance(SECOND / 10);
        for _ in asked(&mut stage, peer) {
            requests += 1;
            stage.tell(peer, &NodeMessage::Headers(page.clone()));
        }
    }
    assert_eq!((requests, best_height(&mut stage)), (1, 1));
    assert!(!stage.is_muted(peer));
}
