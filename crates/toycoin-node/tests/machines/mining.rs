//! A node mines when there is reason to, and sleeps when there is none.

use std::time::Duration;

use crate::common::{
    chains::{PeerChain, block_at, chain_of, headers, next_block, payment, prefix, status},
    stage::{Peer, Stage},
};
use toycoin_core::{ChainParams, chain::Chain, test_util::classroom};
use toycoin_node::{
    limits,
    machine::Machine,
    protocol::{Event, Input, Request, Response},
};
use toycoin_wire::node::NodeMessage;

const SECOND: Duration = Duration::from_secs(1);

/// A node that is paid for its blocks.
fn miner() -> Stage {
    Stage::with(Chain::in_memory(ChainParams::regtest()), |config| config.payout = Some(classroom::owner(0)))
}

#[test]
fn a_node_listens_first_and_then_mines() {
    let mut stage = miner();
    stage.connect();
    stage.advance(limits::JOIN_GRACE / 2);
    assert!(stage.job.is_none());
    stage.advance(limits::JOIN_GRACE);
    assert!(stage.job.is_some());
}

/// A node that is paid for its blocks and makes templates only when it must.
fn lazy_miner() -> Stage {
    Stage::with(Chain::in_memory(ChainParams::regtest()), |config| {
        (config.payout, config.lazy_templates) = (Some(classroom::owner(0)), true);
    })
}

#[test]
fn lazy_template_is_renewed_only_on_demand() {
    let mut stage = lazy_miner();
    stage.advance(limits::JOIN_GRACE);
    let first = stage.job.expect("nothing holds it back");
    let payment = payment(&chain_of(&ChainParams::regtest(), 0, 1), 0, 1, 5);
    assert!(matches!(stage.ask(Request::Submit(payment)), Response::Submitted(Ok(_))));
    stage.advance(SECOND * 10);
    assert_eq!(stage.job, Some(first), "neither time nor a payment changes it");
    stage.input(Input::Refresh);
    let fresh = stage.job.expect("at once");
    assert!(fresh.id > first.id && fresh.header.time > first.header.time);
    assert_ne!(fresh.header.merkle_root, first.header.merkle_root, "it holds the payment");
    stage.mine(fresh);
    assert_eq!(stage.machine.chain().height(), 1);
    stage.advance(SECOND);
    assert_eq!(stage.job.map(|job| job.header.height), Some(2), "a new tip is a new template");
}

#[test]
fn refresh_makes_no_template_where_there_is_none() {
    let mut stage = lazy_miner();
    stage.input(Input::Refresh);
    assert!(stage.job.is_none(), "it still listens");
    stage.advance(limits::JOIN_GRACE);
    let job = stage.job.expect("the wait is over");
    stage.ask(Request::SetMining(false));
    stage.input(Input::Refresh);
    assert!(stage.job.is_none());
    stage.ask(Request::SetMining(true));
    assert!(stage.job.is_some_and(|again| again.id > job.id));
}

#[test]
fn a_node_without_a_payout_sleeps_even_when_it_is_told_to_mine() {
    let mut stage = Stage::new(&ChainParams::regtest());
    stage.ask(Request::SetMining(true));
    stage.advance(SECOND * 60);
    assert!(stage.job.is_none());
    assert!(stage.machine.next_timeout().is_some_and(|at| at > stage.moment().monotonic), "no turning on the spot");
}

#[test]
fn a_node_that_is_behind_neither_mines_nor_turns_on_the_spot() {
    let params = ChainParams::regtest();
    let chain = chain_of(&params, 10, 1);
    let mut stage = miner();
    let relay = stage.connect();
    let peer = Peer::new(relay, 1);
    stage.tell_status(peer, &chain);
    stage.advance(SECOND / 5);
    stage.tell(peer, &NodeMessage::Headers(headers(&chain, 1..=10)));
    stage.advance(limits::CATCHING_UP - SECOND);
    assert!(stage.job.is_none(), "ten headers ahead, and the wait is not over");
    stage.serve(&[(peer, &chain)], SECOND * 5);
    assert_eq!(stage.job.map(|job| job.header.height), Some(11));
}

#[test]
fn headers_whose_bodies_never_come_stop_nobody_from_mining() {
    let params = ChainParams::regtest();
    let (ahead, old) = (chain_of(&params, 10, 1), chain_of(&params, 1, 2));
    let mut stage = miner();
    let relay = stage.connect();
    let peer = Peer::new(relay, 1);
    stage.tell_status(peer, &ahead);
    stage.advance(SECOND / 5);
    stage.tell(peer, &NodeMessage::Headers(headers(&ahead, 1..=10)));
    // an old block again and again is no sign that the others come
    for _ in 0..limits::CATCHING_UP.as_secs() + 2 {
        stage.tell(peer, &NodeMessage::Block(block_at(&old, 1)));
        stage.tell(peer, &status(&ahead, stage.unix_ms()));
        stage.advance(SECOND);
    }
    assert_eq!(stage.job.map(|job| job.header.height), Some(2));
}

/// Has a miner mine all that it may, a block each tenth of a second, and returns how many it found.
fn mined_in(stage: &mut Stage, tenths: u64, mut each: impl FnMut(&mut Stage, u64)) -> u64 {
    let mut mined = 0;
    for tenth in 0..tenths {
        each(stage, tenth);
        if let Some(job) = stage.job {
            stage.mine(job);
            mined += 1;
        }
        stage.advance(SECOND / 10);
    }
    mined
}

/// A miner at height 100 that knows the headers of a longer branch.
fn under_a_longer_branch(branch: u8) -> (Stage, Peer, PeerChain) {
    let params = ChainParams::regtest();
    let (own, theirs) = (chain_of(&params, 100, 1), chain_of(&params, 1_500, branch));
    let mut stage = Stage::with(own, |config| config.payout = Some(classroom::owner(0)));
    let peer = Peer::new(stage.connect(), 1);
    stage.advance(limits::JOIN_GRACE);
    stage.tell_status(peer, &theirs);
    stage.advance(SECOND / 5);
    stage.tell(peer, &NodeMessage::Headers(headers(&theirs, 1..=1_500)));
    (stage, peer, theirs)
}

#[test]
fn trickled_bodies_stop_mining_for_a_bounded_time() {
    let (mut stage, peer, theirs) = under_a_longer_branch(2);
    let pause = limits::MAX_PAUSE.as_secs() * 10;
    let mined = mined_in(&mut stage, 650, |stage, tenth| {
        if tenth % 30 == 0 {
            stage.tell(peer, &NodeMessage::Block(block_at(&theirs, 1 + tenth / 30)));
        }
    });
    assert!(mined + pause + 50 >= 650, "{mined} blocks in 65 s");
}

#[test]
fn many_branches_of_trickled_bodies_share_one_bound() {
    let params = ChainParams::regtest();
    let mut stage = Stage::with(chain_of(&params, 100, 1), |config| config.payout = Some(classroom::owner(0)));
    let peer = Peer::new(stage.connect(), 1);
    stage.advance(limits::JOIN_GRACE);
    let mut best = 100;
    let mut branch = chain_of(&params, 0, 0);
    // each ten seconds another branch that is longer, from another fork point
    let mined = mined_in(&mut stage, 1_200, |stage, tenth| {
        if tenth % 100 == 0 {
            best = best.max(stage.machine.chain().height()) + 50;
            branch = chain_of(
                &params,
                usize::try_from(best).expect("a height"),
                10 + u8::try_from(tenth / 100).expect("few"),
            );
            stage.tell_status(peer, &branch);
            stage.advance(SECOND / 5);
            for page in 0..=best / 2_000 {
                let page = 1 + page * 2_000..=best.min((page + 1) * 2_000);
                stage.tell(peer, &NodeMessage::Headers(headers(&branch, page)));
            }
        }
        if tenth % 30 == 0 {
            stage.tell(peer, &NodeMessage::Block(block_at(&branch, 1 + tenth % 100 / 30)));
        }
    });
    // 10 s, and 2 more in 120
    assert!(mined + 150 >= 1_200, "{mined} blocks in 120 s");
}

#[test]
fn bodies_that_come_fast_keep_mining_waiting_until_all_are_here() {
    let (mut stage, peer, theirs) = under_a_longer_branch(2);
    // far longer than a pause without them: ten bodies in the time of one block
    let mined = mined_in(&mut stage, 148, |stage, tenth| {
        for number in 0..10 {
            stage.tell(peer, &NodeMessage::Block(block_at(&theirs, 1 + tenth * 10 + number)));
        }
    });
    assert_eq!(mined, 0);
    stage.serve(&[(peer, &theirs)], SECOND);
    assert!(stage.has_tip_of(&theirs) || stage.machine.chain().height() > 1_500);
    assert!(stage.job.is_some(), "and then it mines on");
}

#[test]
fn miners_do_not_all_search_the_same_nonces() {
    // everything is the same but the seed: payout, text, tip and clock
    let roots = [1, 2].map(|seed| {
        let mut stage = Stage::with(Chain::in_memory(ChainParams::regtest()), |config| {
            config.payout = Some(classroom::owner(0));
            config.extra = vec![b'x'; 64];
            config.seed = [seed; 32];
        });
        stage.advance(limits::JOIN_GRACE);
        let header = stage.job.expect("it mines").header;
        assert_eq!((header.height, header.time), (1, stage.unix_ms()));
        header.merkle_root
    });
    assert_ne!(roots[0], roots[1]);
}

/// A miner whose chain ends in a block that many milliseconds ahead of its clock when it begins to mine.
fn miner_on_a_tip_ahead(ahead_ms: u64) -> Stage {
    let mut chain: PeerChain = Chain::in_memory(ChainParams::regtest());
    let grace = u64::try_from(limits::JOIN_GRACE.as_millis()).expect("a short time");
    let block = next_block(&chain, Vec::new(), 1, crate::common::START_MS + grace + ahead_ms);
    chain.apply(block, u64::MAX).expect("a valid block");
    let mut stage = Stage::with(chain, |config| config.payout = Some(classroom::owner(0)));
    stage.advance(limits::JOIN_GRACE);
    stage
}

fn waits(stage: &Stage) -> Vec<Duration> {
    let wait = |event: &Event| if let Event::MiningWaits { wait } = event { Some(*wait) } else { None };
    stage.events.iter().filter_map(wait).collect()
}

#[test]
fn a_tip_within_the_drift_is_mined_on_just_above_its_time() {
    let drift = ChainParams::regtest().spec().max_future_ms;
    for ahead in [0, 1, drift / 2, drift - 1] {
        let stage = miner_on_a_tip_ahead(ahead);
        let tip = stage.machine.chain().tip().time;
        assert_eq!(stage.job.map(|job| job.header.time), Some(tip + 1), "{ahead}");
        assert!(waits(&stage).is_empty());
    }
}

#[test]
fn a_miner_waits_for_its_clock_and_says_so() {
    const AHEAD: u64 = 150_000;
    let drift = ChainParams::regtest().spec().max_future_ms;
    let mut stage = miner_on_a_tip_ahead(drift - 1 + AHEAD);
    assert!(stage.job.is_none());
    assert_eq!(waits(&stage), [Duration::from_millis(AHEAD)]);
    // the template itself can still be had
    let time = stage.unix_ms();
    let template = stage.machine.chain().template(Vec::new(), classroom::owner(0), b"", time).expect("an empty block");
    assert_eq!(template.header.time, stage.machine.chain().tip().time + 1);

    stage.advance(Duration::from_millis(AHEAD - 1));
    assert!(stage.job.is_none(), "a millisecond too early");
    let told = waits(&stage);
    assert_eq!(told.len(), 3, "once a minute: {told:?}");
    assert!(told.windows(2).all(|pair| pair[0] - pair[1] >= limits::MINING_WAIT_INTERVAL), "{told:?}");
    stage.advance(Duration::from_millis(1));
    let job = stage.job.expect("its time has come");
    let tip = stage.machine.chain().tip();
    assert_eq!((job.header.previous, job.header.time), (tip.hash, tip.time + 1));
    stage.mine(job);
    assert_eq!(stage.machine.chain().height(), 2, "and nobody has to put it off");
}

#[test]
fn a_clock_that_is_put_right_ends_the_wait_at_once() {
    const DAY: u64 = 86_400_000;
    let mut stage = miner_on_a_tip_ahead(2 * DAY);
    stage.advance(SECOND * 10);
    assert!(stage.job.is_none() && waits(&stage).len() == 1);
    stage.start_ms += 2 * DAY;
    stage.advance(limits::TEMPLATE_REFRESH);
    assert!(stage.job.is_some());
}

#[test]
fn a_clock_beyond_all_times_stops_mining_and_not_the_node() {
    let mut stage = miner();
    stage.start_ms = 1 << 48;
    stage.advance(SECOND * 10);
    assert!(stage.job.is_none());
    stage.start_ms = crate::common::START_MS;
    stage.advance(limits::TEMPLATE_REFRESH);
    assert_eq!(stage.job.map(|job| job.header.height), Some(1));
}

#[test]
fn a_block_found_at_the_edge_is_put_off_and_not_lost() {
    let drift = ChainParams::regtest().spec().max_future_ms;
    let mut stage = miner_on_a_tip_ahead(drift - 1);
    stage.connect();
    let job = stage.job.expect("the last moment that is allowed");
    // the clock jumps back by a little while the nonce is searched
    stage.start_ms -= 40;
    stage.mine(job);
    assert_eq!((stage.machine.chain().height(), stage.machine.counts().deferred_blocks), (1, 1));
    assert!(stage.job.is_none(), "nothing else may be found meanwhile");
    stage.advance(Duration::from_millis(39));
    assert_eq!((stage.machine.chain().height(), handed_out(&mut stage), mined(&stage)), (1, 0, 0));
    stage.advance(Duration::from_millis(1));
    let tip = stage.machine.chain().tip();
    assert_eq!((tip.height, tip.time), (2, job.header.time));
    assert_eq!((stage.machine.counts().deferred_blocks, handed_out(&mut stage), mined(&stage)), (0, 1, 1));
}

#[test]
fn peers_blocks_ahead_of_time_do_not_push_out_our_own() {
    let drift = ChainParams::regtest().spec().max_future_ms;
    let mut stage = miner_on_a_tip_ahead(drift - 1);
    let job = stage.job.expect("the last moment that is allowed");
    stage.start_ms -= 60_000;
    stage.mine(job);
    let peer = Peer::new(stage.connect(), 1);
    // nearer ones than ours, which would go last
    let chain = prefix(stage.machine.chain(), 0);
    for number in 0..2 * limits::DEFERRED_BLOCKS as u64 {
        let early = next_block(&chain, Vec::new(), 1, job.header.time - 30_000 + number);
        stage.tell(peer, &NodeMessage::Block(early));
    }
    assert_eq!(stage.machine.counts().deferred_blocks, limits::DEFERRED_BLOCKS);
    stage.advance(SECOND * 60);
    assert_eq!(stage.machine.chain().tip().time, job.header.time);
}

/// Returns how many blocks were published to all since this was last asked.
fn handed_out(stage: &mut Stage) -> usize {
    let sent = stage.take_sent();
    sent.iter().filter(|sent| sent.to.is_none() && matches!(sent.message, NodeMessage::CompactBlock(_))).count()
}

fn mined(stage: &Stage) -> usize {
    stage.events.iter().filter(|event| matches!(event, Event::BlockMined { .. })).count()
}
