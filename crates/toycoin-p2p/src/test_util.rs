//! A swarm without a node behind it, for tests of how nodes meet strangers.

#![expect(missing_docs, reason = "the derive macro documents no variant of the events")]

use std::io;

use libp2p::{
    PeerId, StreamProtocol, Swarm,
    futures::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    gossipsub, identify,
    identity::Keypair,
    ping, request_response,
    swarm::NetworkBehaviour,
};
use toycoin_core::ChainParams;

use crate::{
    behaviour::{ask, build, identify, ping},
    gossip::{Filter, config, gossip_with},
    limits::{PING_INTERVAL, PING_TIMEOUT},
    names::NetworkNames,
};

/// What a stranger does: the protocols of a node, without its gate, its bounds and its judgement.
#[derive(NetworkBehaviour)]
pub struct Stranger {
    /// Who it is.
    pub identify: identify::Behaviour,
    /// Whether others are there.
    pub ping: ping::Behaviour,
    /// What it gossips, which goes on unjudged.
    pub gossip: gossipsub::Behaviour<gossipsub::IdentityTransform, Filter>,
    /// What it asks and answers, in bytes of its own choice.
    pub ask: request_response::Behaviour<RawAsk>,
}

/// Questions and answers as they are on the wire: whatever bytes it is given.
#[derive(Debug, Clone, Copy, Default)]
pub struct RawAsk;

/// A question of a stranger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RawQuestion {
    /// These bytes, and then the asker closes its side of the stream.
    Whole(Vec<u8>),
    /// These bytes, and then the asker resets the stream.
    Reset(Vec<u8>),
    /// These bytes, and then nothing until the question times out.
    Stalled(Vec<u8>),
}

/// Most bytes of a stream that a stranger reads.
const MAX_STREAM: u64 = 16 << 20;

impl request_response::Codec for RawAsk {
    type Protocol = StreamProtocol;
    type Request = RawQuestion;
    type Response = Vec<u8>;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<RawQuestion>
    where
        T: AsyncRead + Unpin + Send,
    {
        read(io).await.map(RawQuestion::Whole)
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        read(io).await
    }

    async fn write_request<T>(&mut self, _: &StreamProtocol, io: &mut T, question: RawQuestion) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        let (RawQuestion::Whole(bytes) | RawQuestion::Reset(bytes) | RawQuestion::Stalled(bytes)) = &question;
        io.write_all(bytes).await?;
        io.flush().await?;
        match question {
            RawQuestion::Whole(_) => Ok(()),
            // the stream is dropped, which resets it
            RawQuestion::Reset(_) => Err(io::ErrorKind::Other.into()),
            RawQuestion::Stalled(_) => std::future::pending().await,
        }
    }

    async fn write_response<T>(&mut self, _: &StreamProtocol, io: &mut T, bytes: Vec<u8>) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&bytes).await
    }
}

async fn read<T: AsyncRead + Unpin + Send>(io: &mut T) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io.take(MAX_STREAM).read_to_end(&mut bytes).await?;
    Ok(bytes)
}

/// Returns a stranger's swarm in the network with these parameters, without listeners, and its peer id.
///
/// # Panics
/// If the library refuses the configuration, which is that of a node.
pub fn stranger(params: &ChainParams) -> (Swarm<Stranger>, PeerId) {
    let names = NetworkNames::new(params.genesis_hash());
    let key = Keypair::generate_ed25519();
    let peer = key.public().to_peer_id();
    let config = config(&names, false).expect("the configuration of a node");
    let behaviour = Stranger {
        identify: identify(&key, &names, "stranger", false),
        ping: ping((PING_INTERVAL, PING_TIMEOUT)),
        gossip: gossip_with(&names, config, false).expect("the topics of a node"),
        ask: ask(RawAsk, &names),
    };
    (build(key, behaviour).expect("the transport of a node"), peer)
}
