//! Strangers that do not join.

mod common;

use toycoin_core::ChainParams;

use self::common::{
    Played,
    attacker::{Attacker, Bytes},
    config, until,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gossip_before_joining_hides_nothing() {
    let mut node = Played::start(config()).await;
    let stranger = Attacker::anonymous(&ChainParams::regtest());
    stranger.dial(&node.address().to_string());
    stranger.saw("the node's subscriptions", |seen| seen.neighbours == 2).await;
    stranger.publish(stranger.names.transactions(), b"TXN payment".to_vec());
    // what it says next arrives after that
    stranger.ask(Bytes::Whole(b"\0\0\0\x08BLOCbody".to_vec()));
    until("its mute", async || node.mesh.counters().violations == 1).await;

    let honest = Played::start(config().peer(node.address())).await;
    node.joined(honest.name()).await;
    honest.gossips_with(1).await;
    honest.publish(&b"TXN payment"[..]);
    let (from, _, payload) = node.gossip().await;
    assert_eq!((from, &payload[..]), (honest.name(), &b"TXN payment"[..]));
    assert_eq!(node.mesh.counters().ignored, 0);
}
