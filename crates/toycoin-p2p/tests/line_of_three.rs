//! Three carriers in a line. What the one in the middle thinks of a message decides whether the last one hears it.

mod common;

use std::time::Duration;

use tokio::time::timeout;
use toycoin_node::protocol::Judgement;
use toycoin_p2p::node_id;

use self::common::{Played, config, until};

#[tokio::test]
async fn only_what_is_accepted_goes_on() {
    let mut middle = Played::start(config()).await;
    let mut ends = Vec::new();
    for _ in 0..2 {
        ends.push(Played::start(config().peer(middle.address()).trust_only(true)).await);
    }
    let [first, mut last] = <[Played; 2]>::try_from(ends).ok().expect("two ends");
    middle.gossips_with(2).await;
    first.gossips_with(1).await;
    last.gossips_with(1).await;
    // The next heartbeat takes who has joined into the mesh, and what is accepted before does not go on to it.
    for number in 0.. {
        first.publish(format!("TXN early {number}"));
        let (_, ticket, _) = middle.gossip().await;
        middle.judge(ticket, Judgement::Accept);
        if timeout(Duration::from_millis(100), last.gossip()).await.is_ok() {
            break;
        }
    }
    for (payload, judgement) in [
        ("TXN ignored", Judgement::Ignore),
        ("BLOCaccepted", Judgement::Accept),
        ("TXN rejected", Judgement::Reject),
        ("TXN accepted", Judgement::Accept),
    ] {
        first.publish(payload);
        let (from, ticket, heard) = middle.gossip().await;
        assert_eq!((from, &heard[..]), (first.name(), payload.as_bytes()));
        middle.judge(ticket, judgement);
    }
    for payload in ["BLOCaccepted", "TXN accepted"] {
        let (from, _, heard) = loop {
            let gossip = last.gossip().await;
            if !gossip.2.starts_with(b"TXN early") {
                break gossip;
            }
        };
        assert_eq!((from, &heard[..]), (middle.name(), payload.as_bytes()));
    }
    assert_eq!(last.mesh.peers().await.len(), 1);
}

#[tokio::test]
async fn nodes_learn_of_each_other_from_the_one_they_know() {
    let middle = Played::start(config()).await;
    let first = Played::start(config().peer(middle.address())).await;
    let second = Played::start(config().peer(middle.address())).await;
    for (one, other) in [(&first, &second), (&second, &first)] {
        until("the other one", async || one.mesh.peers().await.iter().any(|peer| node_id(&peer.id) == other.name()))
            .await;
    }
}
