use std::sync::LazyLock;

use toycoin_core::{Chain, ChainParams, chain::Tip};
use toycoin_node::protocol::Claims;

use super::*;

const PATIENCE: Duration = Duration::from_secs(20);
const LEVEL: Claims = Claims { heard: 1, verified: 1, ahead: 0 };
const LIAR: Claims = Claims { heard: 1, verified: 0, ahead: 1 };
const STRANGER: Claims = Claims { heard: 1, verified: 0, ahead: 0 };
const BOTH: Claims = Claims { heard: 2, verified: 1, ahead: 1 };

fn status(height: u64, best_height: u64, claims: Claims) -> Status {
    static GENESIS: LazyLock<Tip> = LazyLock::new(|| Chain::in_memory(ChainParams::regtest()).tip());
    Status {
        tip: Tip { height, ..*GENESIS },
        best_height,
        held_headers: 0,
        mempool: 0,
        mempool_bytes: 0,
        connections: 1,
        peers: claims.heard,
        claims,
        search: None,
        clock: None,
        assumed: None,
        first_block: 0,
    }
}

/// Looks every 0.1 s until there is a verdict; returns it and the milliseconds that it took.
fn decide(patience: Duration, mut status_at: impl FnMut(u64) -> Status) -> (Verdict, u64) {
    let begun = Instant::now();
    let mut joining = Joining::new(patience, begun);
    (0..10_000)
        .map(|step| step * 100)
        .find_map(|ms| match joining.look(&status_at(ms), begun + Duration::from_millis(ms)) {
            Verdict::Wait => None,
            verdict => Some((verdict, ms)),
        })
        .expect("it is decided in the end")
}

#[test]
fn a_joiner_is_there_when_nobody_claims_more() {
    assert_eq!(decide(PATIENCE, |_| status(7, 7, LEVEL)), (Verdict::There { doubted: 0 }, 1_000));
    let growing = |ms| status(ms / 100, 100, if ms < 10_000 { LIAR } else { LEVEL });
    assert_eq!(decide(PATIENCE, growing), (Verdict::There { doubted: 0 }, 10_000));
    assert_eq!(decide(PATIENCE, |_| status(0, 0, LEVEL)).0, Verdict::There { doubted: 0 }, "a new network");
}

#[test]
fn a_liar_beside_honest_peers_costs_three_seconds() {
    assert_eq!(decide(PATIENCE, |_| status(7, 7, BOTH)), (Verdict::There { doubted: 1 }, 3_000));
    // also while the honest chain grows by a block every 0.1 s
    let growing = |ms| status(7 + ms / 100, 7 + ms / 100, BOTH);
    assert_eq!(decide(PATIENCE, growing), (Verdict::There { doubted: 1 }, 3_000));
    let joining = |ms: u64| status((ms / 10).min(500), 500, BOTH);
    assert_eq!(decide(PATIENCE, joining), (Verdict::There { doubted: 1 }, 5_000 + 3_000));
}

#[test]
fn a_liar_alone_is_given_up_after_the_patience() {
    let (verdict, ms) = decide(PATIENCE, |_| status(0, 0, LIAR));
    let Verdict::GiveUp(why) = verdict else { panic!("{verdict:?}") };
    assert_eq!((ms, why.ahead), (20_000, 1));
    assert!(why.to_string().contains("1 peer claims a longer chain and showed none of it"), "{why}");
}

#[test]
fn a_liar_that_trickles_blocks_is_given_up_too() {
    let (verdict, ms) = decide(PATIENCE, |ms| status(ms / 15_000, ms / 15_000, LIAR));
    assert!(matches!(verdict, Verdict::GiveUp(_)), "{verdict:?}");
    assert_eq!(ms, 60_000);
}

#[test]
fn nobody_and_withheld_blocks_are_given_up() {
    let (verdict, ms) = decide(PATIENCE, |_| status(0, 0, Claims::default()));
    let Verdict::GiveUp(why) = verdict else { panic!("{verdict:?}") };
    assert_eq!(ms, 20_000);
    assert!(why.to_string().starts_with("nobody answered within 20 s"), "{why}");

    let (verdict, ms) = decide(PATIENCE, |_| status(0, 0, STRANGER));
    let Verdict::GiveUp(why) = verdict else { panic!("{verdict:?}") };
    assert_eq!(ms, 20_000);
    assert!(why.to_string().contains("no peer showed the chain that it has"), "{why}");

    let (verdict, ms) = decide(PATIENCE, |_| status(12, 40, LEVEL));
    let Verdict::GiveUp(why) = verdict else { panic!("{verdict:?}") };
    assert_eq!(ms, 20_000);
    assert!(why.to_string().contains("nobody sends the 28 blocks up to height 40"), "{why}");
}

#[test]
fn a_chain_that_comes_slowly_is_waited_for() {
    let slow = |ms: u64| {
        let height = (ms / 15_000).min(20);
        status(height, 20, if height < 20 { LIAR } else { LEVEL })
    };
    assert_eq!(decide(PATIENCE, slow), (Verdict::There { doubted: 0 }, 300_000));
}
