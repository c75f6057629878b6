use toycoin_core::{Chain, SecretKey, TransactionBuilder};

use super::*;

const NOTHING: Taken = Taken { payments: 0, rate: FeeRate::ZERO, room: 1_000_000 };

fn facts(height: u64) -> Facts {
    let mut tip = [0; 32];
    tip[..8].copy_from_slice(&height.to_be_bytes());
    let tip = BlockHash::from_bytes(tip);
    Facts { tip, height, taken: Some(NOTHING), relays: Some(1), peers: 2, waiting: 3, held_at: None, parent: None }
}

/// Waits on lab for 2 confirmations of a payment of 10 grains per byte.
fn obstacles() -> Obstacles {
    Obstacles::new(&ChainParams::lab(), 196, Amount::from_grains(1_960), 2)
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn silence_is_told_once_with_who_is_there() {
    for (relays, peers, who) in [
        (Some(1), 2, "2 other nodes are heard; perhaps none of them mines"),
        (Some(1), 1, "1 other node is heard; perhaps it does not mine"),
        (Some(1), 0, "no other node is heard, so nobody mines"),
        (Some(0), 2, "the relay is lost, and is tried again"),
        (None, 0, "no other node is heard, so nobody mines"),
    ] {
        let (mut obstacles, facts) = (obstacles(), Facts { relays, peers, ..facts(7) });
        assert!(obstacles.look(&facts, seconds(0)).is_empty());
        assert!(obstacles.look(&facts, seconds(9)).is_empty(), "five spacings of 2 s are nothing special");
        assert_eq!(obstacles.look(&facts, seconds(10)), [format!("not confirmed yet: no block came for 10 s; {who}")]);
        assert!(obstacles.look(&facts, seconds(11)).is_empty(), "once");
    }
}

#[test]
fn silence_ends_the_wait_and_a_block_begins_it_anew() {
    let mut obstacles = obstacles();
    obstacles.look(&facts(7), seconds(0));
    assert_eq!(obstacles.gives_up(seconds(59)), None);
    obstacles.look(&facts(8), seconds(59));
    assert_eq!(obstacles.gives_up(seconds(118)), None);
    assert_eq!(obstacles.gives_up(seconds(119)).as_deref(), Some("not confirmed yet: no block came for 1 min"));
}

#[test]
fn a_low_fee_rate_is_told_when_others_pay_more() {
    let mut obstacles = obstacles();
    let taken = Taken { payments: 4, rate: FeeRate::grains_per_byte(5_000), ..NOTHING };
    obstacles.look(&facts(7), seconds(0));
    assert!(
        obstacles.look(&Facts { taken: Some(taken), ..facts(8) }, seconds(9)).is_empty(),
        "perhaps it came too late for it"
    );
    assert!(
        obstacles.look(&Facts { taken: Some(taken), ..facts(9) }, seconds(9)).is_empty(),
        "perhaps nobody has heard of it"
    );
    assert_eq!(
        obstacles.look(&Facts { taken: Some(taken), ..facts(9) }, seconds(10)),
        [
            "not confirmed yet: it pays 10 grains per byte, block 9 took 4 payments at 5,000; known to wait: 3 payments; `wallet bump` sends it again with a higher fee"
        ]
    );
    assert!(obstacles.look(&Facts { taken: Some(taken), ..facts(10) }, seconds(12)).is_empty(), "once");
}

#[test]
fn full_blocks_and_blocks_with_room_are_told_apart() {
    let cheap = Taken { payments: 5_000, rate: FeeRate::grains_per_byte(10), room: 195 };
    for (taken, said) in [
        (cheap, "block 9 was full; known to wait: 3 payments"),
        (Taken { room: 196, ..cheap }, "block 9 had room for it; perhaps its miner has not heard of it"),
        (NOTHING, "block 9 had room for it; perhaps its miner has not heard of it"),
    ] {
        let mut obstacles = obstacles();
        obstacles.look(&facts(7), seconds(0));
        let told = obstacles.look(&Facts { taken: Some(taken), ..facts(9) }, seconds(10));
        assert!(told.len() == 1 && told[0].contains(said), "{told:?}");
    }
}

#[test]
fn a_hundred_blocks_without_it_end_the_wait() {
    let mut obstacles = obstacles();
    obstacles.look(&facts(7), seconds(0));
    obstacles.look(&facts(106), seconds(59));
    assert_eq!(obstacles.gives_up(seconds(60)), None);
    obstacles.look(&facts(107), seconds(59));
    assert_eq!(obstacles.gives_up(seconds(59)), None, "a miner that came late hears of it first");
    assert_eq!(obstacles.gives_up(seconds(60)).as_deref(), Some("not confirmed yet: 100 blocks came without it"));
}

#[test]
fn a_parent_that_waits_is_named() {
    let (mut obstacles, parent) = (obstacles(), Txid::from_bytes([0xab; 32]));
    let told = obstacles.look(&Facts { parent: Some(parent), ..facts(7) }, seconds(0));
    assert_eq!(told, [format!("not confirmed yet: it spends from payment {parent}, which waits too")]);
}

#[test]
fn a_reorganisation_that_puts_it_back_is_told_each_time() {
    let mut obstacles = obstacles();
    for height in [7, 9] {
        assert!(obstacles.look(&Facts { held_at: Some(height), ..facts(height) }, seconds(height)).is_empty());
        assert!(obstacles.is_held());
        let told = obstacles.look(&facts(height + 1), seconds(height));
        let back = format!("block {height} left the chain in a reorganisation: the payment waits again");
        assert!(told.contains(&back), "{told:?}");
    }
}

#[test]
fn a_payment_in_a_block_lacks_nothing_but_blocks() {
    let mut obstacles = obstacles();
    let held = Facts { held_at: Some(7), parent: Some(Txid::ZERO), ..facts(7) };
    assert!(obstacles.look(&held, seconds(0)).is_empty());
    let told = obstacles.look(&held, seconds(10));
    assert!(told[0].starts_with("1 of 2 confirmations yet: no block came for 10 s"), "{told:?}");
    assert!(obstacles.gives_up(seconds(60)).is_some_and(|why| why.starts_with("1 of 2 confirmations yet")));
}

#[test]
fn fees_of_a_block_follow_from_its_coinbase() {
    let chain = Chain::in_memory(ChainParams::regtest());
    let key = SecretKey::classroom(0);
    let payment = TransactionBuilder::new(chain.params())
        .spend(chain.coins_of(&key.public_key()).unwrap())
        .pay(chain.params().address(key.public_key()), Amount::from_grains(5))
        .fee_rate(FeeRate::grains_per_byte(7))
        .sign(&key)
        .unwrap();
    let now_ms = 1_767_226_000_000;
    let block = chain.template(vec![payment], key.public_key(), b"", now_ms).unwrap().mine_trivial();
    let taken = Taken::of(&block, chain.params());
    assert_eq!((taken.payments, taken.rate), (1, FeeRate::grains_per_byte(7)));
    assert_eq!(taken.room, chain.params().spec().block_size_limit - block.size());
    let empty = chain.template(Vec::new(), key.public_key(), b"", now_ms).unwrap().mine_trivial();
    assert_eq!(Taken::of(&empty, chain.params()).rate, FeeRate::ZERO);
}

#[test]
fn without_bodies_only_the_number_of_blocks_is_told() {
    let mut obstacles = obstacles();
    for height in 7..9 {
        assert!(obstacles.look(&Facts { taken: None, ..facts(height) }, seconds(height - 7)).is_empty());
    }
    let told = obstacles.look(&Facts { taken: None, ..facts(9) }, seconds(10));
    let why = "perhaps miners have not heard of it, or want more than 10 grains per byte";
    assert_eq!(told, [format!("not confirmed yet: 2 blocks came without it; {why}; {RAISE}")]);
}
