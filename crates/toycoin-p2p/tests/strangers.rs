//! Strangers that do not join, and where a node meets them.

mod common;

use toycoin_core::ChainParams;
use toycoin_node::rt::mesh_port;
use toycoin_p2p::{Config, ListenAddress, start};

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

#[tokio::test]
async fn all_of_ipv4_and_ipv6_share_a_port() {
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        // this machine has no IPv6
        return;
    }
    // a port that is free
    let port = std::net::TcpListener::bind("0.0.0.0:0").unwrap().local_addr().unwrap().port();
    let config = ["/ip4/0.0.0.0", "/ip6/::"].into_iter().fold(Config::new(&ChainParams::regtest()), |config, ip| {
        let listen: ListenAddress = format!("{ip}/tcp/{port}").parse().unwrap();
        config.listen(listen)
    });
    let (_port, end) = mesh_port(64);
    let listening = start(config, end).await.unwrap().listening();
    assert!(listening.iter().any(|address| address.endpoint.ip.is_ipv4()), "{listening:?}");
    assert!(listening.iter().any(|address| address.endpoint.ip.is_ipv6()), "{listening:?}");
}
