//! Nodes of one local network find each other by multicast DNS.

mod common;

use toycoin_core::ChainParams;
use toycoin_p2p::{Config, ListenAddress};

use self::common::Played;

#[tokio::test]
#[ignore = "it needs multicast, and UDP port 5353"]
async fn nodes_of_one_local_network_find_each_other() {
    let everywhere: ListenAddress = "/ip4/0.0.0.0/tcp/0".parse().expect("a multiaddr");
    let config = || Config::new(&ChainParams::regtest()).listen(everywhere).mdns(true);
    let other_network = Config::new(&ChainParams::lab()).listen(everywhere).mdns(true);
    let (mut first, mut second) = (Played::start(config()).await, Played::start(config()).await);
    let stranger = Played::start(other_network).await;
    first.joined(second.name()).await;
    second.joined(first.name()).await;
    assert!(stranger.mesh.peers().await.is_empty());
    // one that nobody can dial is told of both, and of nothing else
    let mut third = Played::start(Config::new(&ChainParams::regtest()).mdns(true)).await;
    third.joined(second.name()).await;
}
