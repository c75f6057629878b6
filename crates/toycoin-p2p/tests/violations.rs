//! A stranger breaks the protocol of questions and answers, or seems to.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::time::Duration;

use libp2p::{
    Swarm,
    futures::StreamExt,
    request_response::{self, Message},
    swarm::SwarmEvent,
};
use toycoin_core::ChainParams;
use toycoin_node::{peering::PeerId, rt::MeshCommand};
use toycoin_p2p::{
    limits::{MAX_ASKING, MAX_GOSSIP},
    node_id,
    test_util::{RawQuestion, Stranger, StrangerEvent, stranger},
};
use toycoin_wire::NodeId;

use self::common::{Played, config, soon, until};

/// Returns a carrier and a stranger that has joined it, and the stranger's name.
async fn meet() -> (Played, Swarm<Stranger>, NodeId, libp2p::PeerId) {
    let mut node = Played::start(config()).await;
    let (mut stranger, id) = stranger(&ChainParams::regtest());
    let name = node_id(&PeerId::from_bytes(&id.to_bytes()).unwrap());
    stranger.dial(node.address().to_string().parse::<libp2p::Multiaddr>().unwrap()).unwrap();
    soon("the stranger", async {
        let mut joined = std::pin::pin!(node.joined(name));
        loop {
            tokio::select! {
                () = &mut joined => break,
                _ = stranger.select_next_some() => {}
            }
        }
    })
    .await;
    let peer = libp2p::PeerId::from_bytes(node.mesh.peer_id().as_bytes()).unwrap();
    (node, stranger, name, peer)
}

/// Drives a stranger until its connection is closed.
async fn closed(stranger: &mut Swarm<Stranger>) {
    let closed = |event: SwarmEvent<_>| matches!(event, SwarmEvent::ConnectionClosed { .. });
    soon("the end of the connection", async { while !closed(stranger.select_next_some().await) {} }).await;
}

/// Drives a stranger until its question has come to an end.
async fn asked(stranger: &mut Swarm<Stranger>) -> Result<Vec<u8>, request_response::OutboundFailure> {
    soon("an answer", async {
        loop {
            match stranger.select_next_some().await {
                SwarmEvent::Behaviour(StrangerEvent::Ask(request_response::Event::Message {
                    message: Message::Response { response, .. },
                    ..
                })) => return Ok(response),
                SwarmEvent::Behaviour(StrangerEvent::Ask(request_response::Event::OutboundFailure {
                    error, ..
                })) => return Err(error),
                _ => {}
            }
        }
    })
    .await
}

#[tokio::test]
async fn broken_question_mutes() {
    let questions: [&[u8]; 6] = [
        b"\x80\0\0\0STAT",               // 2^31 bytes
        b"\0\0\0\x08BLOCbody",           // an answer
        b"\0\0\0\x03STA",                // no tag
        b"\0\0\0\x08STATbody and so on", // bytes after it
        b"\0\0\0\x08STATbo",             // cut
        b"\0\0\x40\x01STAT",             // over its cap
    ];
    for question in questions {
        let (mut node, mut stranger, name, peer) = meet().await;
        stranger.behaviour_mut().ask.send_request(&peer, RawQuestion::Whole(question.to_vec()));
        closed(&mut stranger).await;
        node.left(name).await;
        assert_eq!(node.mesh.counters().violations, 1, "{question:?}");
    }
}

#[tokio::test]
async fn gossip_of_another_topic_mutes() {
    let mut large = b"TXN ".to_vec();
    large.resize(MAX_GOSSIP + 1, 0);
    for payload in [b"BLOCblock".to_vec(), b"STATus".to_vec(), large] {
        let (mut node, mut stranger, name, _) = meet().await;
        let topic = stranger.behaviour().gossip.topics().find(|topic| topic.as_str().contains("/tx/")).unwrap().clone();
        // nobody hears it before the node's subscriptions are here
        soon("the node's subscriptions", async {
            while stranger.behaviour_mut().gossip.publish(topic.clone(), payload.clone()).is_err() {
                stranger.select_next_some().await;
            }
        })
        .await;
        closed(&mut stranger).await;
        node.left(name).await;
        assert_eq!((node.mesh.counters().violations, node.mesh.counters().rejected), (1, 1));
    }
}

#[tokio::test]
async fn muted_peer_hears_why_and_is_not_heard() {
    let (mut node, mut stranger, name, peer) = meet().await;
    node.ask(name, &b"RJCTreason"[..]);
    node.port.tell(MeshCommand::Shun { peer: name, time: Duration::from_secs(60) });
    let heard = soon("the reason", async {
        loop {
            if let SwarmEvent::Behaviour(StrangerEvent::Ask(request_response::Event::Message {
                message: Message::Request { request, .. },
                ..
            })) = stranger.select_next_some().await
            {
                break request;
            }
        }
    });
    assert_eq!(heard.await, RawQuestion::Whole(b"\0\0\0\x0aRJCTreason".to_vec()));
    // the node has forgotten it already
    node.left(name).await;
    stranger.behaviour_mut().ask.send_request(&peer, RawQuestion::Whole(b"\0\0\0\x08BLOCbody".to_vec()));
    closed(&mut stranger).await;
    assert_eq!((node.mesh.counters().violations, node.mesh.counters().questions), (0, 0));
}

#[tokio::test]
async fn reset_question_is_no_violation() {
    let (mut node, mut stranger, _, peer) = meet().await;
    stranger.behaviour_mut().ask.send_request(&peer, RawQuestion::Reset(b"\0\0\0\x08STATbo".to_vec()));
    assert!(asked(&mut stranger).await.is_err());
    // a whole one afterwards arrives, from the same connection
    stranger.behaviour_mut().ask.send_request(&peer, RawQuestion::Whole(b"\0\0\0\x08STATbody".to_vec()));
    let answering = async {
        let (from, question, _) = node.question().await;
        node.answer_with(from, question, &[b"STATmine"]);
    };
    let (answer, ()) = tokio::join!(asked(&mut stranger), answering);
    assert_eq!(answer.unwrap(), b"\0\0\0\x08STATmine");
    assert_eq!(node.mesh.counters().violations, 0);
}

#[tokio::test]
async fn unknown_question_gets_an_empty_answer() {
    let (node, mut stranger, _, peer) = meet().await;
    stranger.behaviour_mut().ask.send_request(&peer, RawQuestion::Whole(b"\0\0\0\x08LITEbody".to_vec()));
    assert_eq!(asked(&mut stranger).await.unwrap(), b"");
    stranger.behaviour_mut().ask.send_request(&peer, RawQuestion::Whole(b"\0\0\0\x04GADR".to_vec()));
    assert!(asked(&mut stranger).await.unwrap().starts_with(b"\0\0"));
    stranger.behaviour_mut().ask.send_request(&peer, RawQuestion::Whole(b"\0\0\0\x04GADR".to_vec()));
    assert_eq!(asked(&mut stranger).await.unwrap(), b"", "it is answered once");
    assert_eq!(node.mesh.counters().violations, 0);
}

#[tokio::test]
async fn questions_of_both_sides_have_streams() {
    let (mut node, mut stranger, name, peer) = meet().await;
    for _ in 0..32 {
        stranger.behaviour_mut().ask.send_request(&peer, RawQuestion::Whole(b"\0\0\0\x08STATbody".to_vec()));
    }
    // all of them wait for their answers
    let arrived = async {
        for _ in 0..32 {
            node.question().await;
        }
    };
    tokio::select! {
        () = arrived => {}
        _ = async { loop { stranger.select_next_some().await; } } => {}
    }
    for _ in 0..MAX_ASKING {
        node.ask(name, &b"STAT"[..]);
    }
    let mut asked = 0;
    soon("the node's questions", async {
        while asked < MAX_ASKING {
            if let SwarmEvent::Behaviour(StrangerEvent::Ask(request_response::Event::Message {
                message: Message::Request { .. },
                ..
            })) = stranger.select_next_some().await
            {
                asked += 1;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn broken_answer_mutes_and_a_cut_one_does_not() {
    for (answer, violations) in [(&b"\0\0\0\x08HDRSbody"[..], 1), (b"\0\0\0\x08STATbo", 0)] {
        let (node, mut stranger, name, _) = meet().await;
        node.ask(name, &b"STAT"[..]);
        soon("the question", async {
            loop {
                if let SwarmEvent::Behaviour(StrangerEvent::Ask(request_response::Event::Message {
                    message: Message::Request { channel, .. },
                    ..
                })) = stranger.select_next_some().await
                {
                    stranger.behaviour_mut().ask.send_response(channel, answer.to_vec()).unwrap();
                    break;
                }
            }
        })
        .await;
        let failed = until("its failure", async || node.mesh.counters().failed == 1);
        tokio::select! {
            () = failed => {}
            _ = async { loop { stranger.select_next_some().await; } } => {}
        }
        assert_eq!(node.mesh.counters().violations, violations);
        assert_eq!(node.mesh.peers().await.len(), usize::from(violations == 0));
    }
}
