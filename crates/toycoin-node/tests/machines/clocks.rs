//! A wrong clock is not silent: whoever's it is, a node says so from the first peer on, in bounded words and not too often.

use std::time::Duration;

use crate::common::{
    chains::{PeerChain, chain_of, headers, next_block, status},
    stage::{Peer, Stage},
};
use toycoin_core::{Block, ChainParams, NetworkSpec, Retargeting, chain::Chain, test_util::classroom};
use toycoin_node::{
    limits,
    protocol::{ClockCause, ClockSuspect, ClockWarning, Event, Request, Response},
};
use toycoin_wire::node::NodeMessage;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE_MS: i64 = 60_000;

/// A network with a block a minute and a drift of two, like the reference network's, whose blocks cost nothing.
fn minutely() -> ChainParams {
    ChainParams::new(NetworkSpec {
        name: "minutely".into(),
        retargeting: Some(Retargeting { spacing_ms: 60_000, half_life_ms: 8_640_000 }),
        max_future_ms: 120_000,
        extra: b"toycoin minutely".to_vec(),
        ..ChainParams::regtest().spec().clone()
    })
    .expect("regtest's parameters with another spacing")
}

fn stage(params: &ChainParams) -> (Stage, Vec<Peer>) {
    let mut stage = Stage::new(params);
    let connection = stage.connect();
    (stage, (0..10).map(|number| Peer::new(connection, number)).collect())
}

/// Lets a peer say what time it is.
fn tell_time(stage: &mut Stage, peer: Peer, time: u64) {
    let status = status(stage.machine.chain(), time);
    stage.tell(peer, &status);
}

/// Lets a peer say what time it is, if its clock is so far ahead of the node's.
fn tell_offset(stage: &mut Stage, peer: Peer, offset_ms: i64) {
    let time = stage.unix_ms().checked_add_signed(offset_ms).expect("a time");
    tell_time(stage, peer, time);
}

fn warnings(stage: &Stage) -> Vec<ClockWarning> {
    let of_clock = |event: &Event| match event {
        Event::ClockOff(warning) => Some(*warning),
        _ => None,
    };
    stage.events.iter().filter_map(of_clock).collect()
}

fn present(stage: &mut Stage) -> Option<ClockWarning> {
    let Response::Status(status) = stage.ask(Request::Status) else { panic!("a status") };
    status.clock
}

/// A block on genesis whose time lies so far ahead of the node's clock.
fn block_ahead(stage: &Stage, ahead_ms: u64) -> Block {
    let genesis = Chain::in_memory(stage.machine.chain().params().clone());
    next_block(&genesis, Vec::new(), 1, stage.unix_ms() + ahead_ms)
}

#[test]
fn warns_from_the_first_peer_on_and_says_what_to_do() {
    let (mut stage, peers) = stage(&minutely());
    tell_offset(&mut stage, peers[0], 4 * MINUTE_MS + 12_000);
    let said = warnings(&stage);
    assert_eq!(said.len(), 1);
    assert_eq!((said[0].offset_ms, said[0].cause), (252_000, ClockCause::Peers { count: 1 }));
    assert_eq!(said[0].suspect, ClockSuspect::Either, "one against one");
    let text = said[0].to_string();
    assert!(text.contains("clock is 4 min 12 s behind that of its only peer") && text.contains("set it"), "{text}");

    tell_offset(&mut stage, peers[1], 4 * MINUTE_MS + 12_000);
    stage.advance(limits::CLOCK_CHECK_INTERVAL);
    let said = warnings(&stage);
    assert_eq!((said.len(), said[1].suspect), (2, ClockSuspect::ThisClock), "two agree against it");
    assert_eq!(present(&mut stage), Some(said[1]));
}

#[test]
fn bears_half_the_drift_or_a_spacing_at_most() {
    let bears = [(ChainParams::lab(), 2_000), (ChainParams::reference(), 60_000), (ChainParams::regtest(), 1_800_000)];
    for (params, most) in bears {
        for sign in [1, -1] {
            let (mut stage, peers) = stage(&params);
            tell_offset(&mut stage, peers[0], sign * most);
            assert_eq!(warnings(&stage), [], "{} {most}", params.spec().name);
            tell_offset(&mut stage, peers[1], sign * (most + 2));
            tell_offset(&mut stage, peers[2], sign * (most + 2));
            stage.advance(limits::CLOCK_CHECK_INTERVAL);
            let said = warnings(&stage);
            assert_eq!(said.len(), 1, "{} {most}", params.spec().name);
            assert_eq!(said[0].offset_ms.signum(), sign);
        }
    }
}

#[test]
fn absurd_times_are_told_in_bounded_words() {
    for time in [1 << 62, u64::MAX, 0] {
        let (mut stage, peers) = stage(&minutely());
        tell_time(&mut stage, peers[0], time);
        let said = warnings(&stage);
        assert_eq!(said.len(), 1);
        assert_eq!(said[0].offset_ms.abs(), limits::MAX_CLOCK_OFFSET);
        let text = said[0].to_string();
        assert!(text.contains("more than a year") && !text.contains("ms"), "{text}");
        let digits = text.split(|c: char| !c.is_ascii_digit()).map(str::len).max();
        assert!(digits < Some(4), "no number that nobody can read: {text}");
    }
}

#[test]
fn a_liar_beside_honest_peers_decides_nothing() {
    for honest in 1..4 {
        for absurd in [1 << 62, 0] {
            let (mut stage, peers) = stage(&minutely());
            for peer in &peers[..honest] {
                tell_offset(&mut stage, *peer, 0);
            }
            tell_time(&mut stage, peers[9], absurd);
            stage.advance(SECOND * 30);
            assert_eq!(warnings(&stage), []);
        }
    }
}

#[test]
fn each_kind_of_warning_repeats_after_ten_minutes() {
    let (mut stage, peers) = stage(&minutely());
    // a stranger's nonsense first must not silence what the honest say afterwards
    tell_time(&mut stage, peers[9], 1 << 62);
    assert_eq!(warnings(&stage).len(), 1);
    for _ in 0..20 {
        for peer in &peers[..3] {
            tell_offset(&mut stage, *peer, -4 * MINUTE_MS);
        }
        stage.advance(SECOND * 20);
    }
    let said = warnings(&stage);
    assert_eq!(said.len(), 2, "each kind once: {said:?}");
    assert_eq!((said[1].offset_ms, said[1].suspect), (-4 * MINUTE_MS, ClockSuspect::ThisClock));
    for _ in 0..20 {
        for peer in &peers[..3] {
            tell_offset(&mut stage, *peer, -4 * MINUTE_MS);
        }
        stage.advance(SECOND * 20);
    }
    assert_eq!(warnings(&stage).len(), 3, "ten minutes later once more");
}

#[test]
fn a_flood_of_statuses_compares_clocks_once_a_second() {
    let (mut stage, peers) = stage(&minutely());
    for number in 0..1_000 {
        tell_offset(&mut stage, peers[number % 10], if number % 2 == 0 { 10 } else { -10 } * MINUTE_MS);
    }
    assert!(warnings(&stage).len() <= 1);
}

#[test]
fn a_clock_that_is_set_right_is_believed_at_once() {
    let (mut stage, peers) = stage(&minutely());
    for peer in &peers[..3] {
        tell_offset(&mut stage, *peer, 10 * MINUTE_MS);
    }
    assert!(present(&mut stage).is_some());
    stage.start_ms += 600_000;
    stage.advance(SECOND);
    assert_eq!(present(&mut stage), None);
}

#[test]
fn a_block_that_waits_for_its_time_says_how_long() {
    let (mut stage, peers) = stage(&minutely());
    let block = block_ahead(&stage, 7_380_000);
    stage.tell(peers[0], &NodeMessage::Block(block.clone()));
    let said = warnings(&stage);
    assert_eq!(said[0].cause, ClockCause::Deferred { wait_ms: 7_260_000 });
    assert_eq!((said[0].offset_ms, said[0].suspect), (7_380_000, ClockSuspect::Either));
    let text = said[0].to_string();
    assert!(text.contains("2 h 3 min ahead") && text.contains("is taken in 2 h 1 min"), "{text}");

    // peers whose clocks agree with ours, and peers whose clocks agree with the block
    for (offset, suspect) in [(0, ClockSuspect::Miner), (7_380_000, ClockSuspect::ThisClock)] {
        let (mut stage, peers) = self::stage(&minutely());
        tell_offset(&mut stage, peers[0], offset);
        stage.tell(peers[1], &NodeMessage::Block(block.clone()));
        assert_eq!(present(&mut stage).map(|warning| warning.suspect), Some(suspect));
    }
    stage.advance(Duration::from_millis(7_260_000));
    assert_eq!(stage.machine.chain().tip().hash, block.hash());
    assert_eq!(present(&mut stage), None);
}

#[test]
fn headers_that_lie_in_the_future_say_how_long_they_wait() {
    let params = minutely();
    let (mut stage, peers) = stage(&params);
    let mut future = Chain::in_memory(params);
    for number in 0..3 {
        let time = stage.unix_ms() + 3_600_000 + number * 60_000;
        let block = next_block(&future, Vec::new(), 1, time);
        future.apply(block, u64::MAX).expect("a valid block");
    }
    stage.tell_status(peers[0], &future);
    stage.advance(SECOND);
    stage.tell(peers[0], &NodeMessage::Headers(headers(&future, 1..=3)));
    let warning = warnings(&stage).into_iter().find(|warning| matches!(warning.cause, ClockCause::Deferred { .. }));
    let warning = warning.expect("a chain that waits is told");
    let ClockCause::Deferred { wait_ms } = warning.cause else { unreachable!() };
    assert_eq!(wait_ms, 3_600_000 - 120_000 - 1_000, "a second has passed");
    assert_eq!(stage.machine.chain().height(), 0);
}

#[test]
fn blocks_of_a_fast_clock_are_told_and_late_ones_prove_nothing() {
    let params = minutely();
    let (mut stage, peers) = stage(&params);
    let mut chain: PeerChain = chain_of(&params, 1, 1);
    let late = next_block(&chain, Vec::new(), 1, stage.unix_ms() - 500_000);
    stage.tell(peers[0], &NodeMessage::Block(crate::common::chains::block_at(&chain, 1)));
    chain.apply(late.clone(), u64::MAX).expect("a valid block");
    stage.tell(peers[0], &NodeMessage::Block(late));
    assert_eq!(warnings(&stage), []);
    for number in 1..=4 {
        let fast = next_block(&chain, Vec::new(), 1, stage.unix_ms() + 90_000 + number);
        chain.apply(fast.clone(), u64::MAX).expect("a valid block");
        stage.tell(peers[0], &NodeMessage::Block(fast));
        stage.advance(limits::CLOCK_CHECK_INTERVAL);
    }
    let said = warnings(&stage);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(matches!(said[0].cause, ClockCause::Blocks { count: 5 | 6 }), "{said:?}");
}

#[test]
fn a_clock_that_was_set_back_tells_why_the_own_block_waits() {
    let params = minutely();
    let mut stage = Stage::with(Chain::in_memory(params), |config| config.payout = Some(classroom::owner(0)));
    stage.connect();
    stage.advance(limits::JOIN_GRACE);
    let job = stage.job.expect("it mines");
    stage.start_ms -= 600_000;
    stage.mine(job);
    let said = warnings(&stage);
    assert!(matches!(said[..], [ClockWarning { cause: ClockCause::OwnDeferred { .. }, .. }]), "{said:?}");
    assert!(said[0].to_string().contains("was set back"));
}
