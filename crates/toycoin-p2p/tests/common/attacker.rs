//! A peer that does what no node does. It speaks libp2p by itself, without a line of the carrier.

use std::{io, time::Duration};

use libp2p::{
    Multiaddr, PeerId, StreamProtocol, Swarm, SwarmBuilder,
    futures::{
        StreamExt,
        io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    },
    gossipsub, identify,
    identity::Keypair,
    noise,
    request_response::{self, ProtocolSupport},
    swarm::{NetworkBehaviour, SwarmEvent, behaviour::toggle::Toggle, dial_opts::DialOpts},
    tcp, yamux,
};
use tokio::{select, sync::mpsc, sync::watch, task::JoinHandle};
use toycoin_core::ChainParams;
use toycoin_p2p::{NetworkNames, message_id};

use super::soon;

/// An attacker. Its connection ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Attacker {
    pub(crate) id: PeerId,
    pub(crate) names: NetworkNames,
    orders: mpsc::UnboundedSender<Order>,
    seen: watch::Receiver<Seen>,
    task: JoinHandle<()>,
}

/// What has happened to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) connected: usize,
    pub(crate) closed: usize,
    pub(crate) failed_dials: usize,
    /// Questions of the victim.
    pub(crate) questions: usize,
    /// Peers that gossip with it.
    pub(crate) neighbours: usize,
}

/// Bytes that go over a stream, and what happens to the stream then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Bytes {
    /// It is closed on this side, and read to its end.
    Whole(Vec<u8>),
    /// It stays open, and nothing more is written.
    Open(Vec<u8>),
    /// It is closed on this side, and never read.
    Unread(Vec<u8>),
}

#[derive(Debug)]
enum Order {
    Dial(Multiaddr),
    Ask(Bytes),
    Rpc(Bytes),
    Publish(String, Vec<u8>),
    /// From now on, questions are answered with these bytes.
    AnswerWith(Vec<u8>),
}

#[derive(NetworkBehaviour)]
struct Wild {
    identify: Toggle<identify::Behaviour>,
    gossip: gossipsub::Behaviour,
    ask: request_response::Behaviour<Raw>,
    /// Streams of gossip beside the library's.
    rpc: request_response::Behaviour<Raw>,
}

impl Attacker {
    /// Starts an attacker in the network with these parameters.
    pub(crate) fn start(params: &ChainParams) -> Self {
        Self::start_as(params, true)
    }

    /// Starts one that never says who it is, and so never joins.
    pub(crate) fn anonymous(params: &ChainParams) -> Self {
        Self::start_as(params, false)
    }

    fn start_as(params: &ChainParams, identifies: bool) -> Self {
        let names = NetworkNames::new(params.genesis_hash());
        let (swarm, id) = swarm(&names, identifies);
        let (orders, receiver) = mpsc::unbounded_channel();
        let (sender, seen) = watch::channel(Seen::default());
        let task = tokio::spawn(run(swarm, receiver, sender));
        Self { id, names, orders, seen, task }
    }

    /// Dials an address.
    pub(crate) fn dial(&self, address: &str) {
        self.order(Order::Dial(address.parse().expect("a multiaddr")));
    }

    /// Opens a stream for a question, and writes these bytes.
    pub(crate) fn ask(&self, bytes: Bytes) {
        self.order(Order::Ask(bytes));
    }

    /// Opens a stream for gossip, and writes these bytes. The victim reads no older stream for gossip any more.
    pub(crate) fn rpc(&self, bytes: Vec<u8>) {
        self.order(Order::Rpc(Bytes::Open(bytes)));
    }

    /// Publishes by the library's rules.
    pub(crate) fn publish(&self, topic: String, payload: Vec<u8>) {
        self.order(Order::Publish(topic, payload));
    }

    pub(crate) fn answer_with(&self, bytes: Vec<u8>) {
        self.order(Order::AnswerWith(bytes));
    }

    fn order(&self, order: Order) {
        self.orders.send(order).expect("it runs");
    }

    /// Waits until it has seen something.
    pub(crate) async fn saw(&self, what: &str, condition: impl FnMut(&Seen) -> bool) {
        soon(what, self.seen.clone().wait_for(condition)).await.expect("it runs");
    }

    pub(crate) fn seen(&self) -> Seen {
        *self.seen.borrow()
    }

    /// Waits until all its connections are closed.
    pub(crate) async fn is_closed(&self) {
        self.saw("the end of its connection", |seen| seen.connected > 0 && seen.closed == seen.connected).await;
    }
}

impl Drop for Attacker {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(mut swarm: Swarm<Wild>, mut orders: mpsc::UnboundedReceiver<Order>, seen: watch::Sender<Seen>) {
    let (mut peer, mut answer) = (None, Vec::new());
    loop {
        select! {
            order = orders.recv() => {
                let Some(order) = order else { return };
                match (order, peer) {
                    (Order::Dial(address), _) => {
                        // the one whom it attacks has one connection with it; a second one is for the gate to refuse
                        let _ = swarm.dial(DialOpts::unknown_peer_id().address(address).allocate_new_port().build());
                    }
                    (Order::AnswerWith(bytes), _) => answer = bytes,
                    (Order::Ask(bytes), Some(peer)) => {
                        swarm.behaviour_mut().ask.send_request(&peer, bytes);
                    }
                    (Order::Rpc(bytes), Some(peer)) => {
                        swarm.behaviour_mut().rpc.send_request(&peer, bytes);
                    }
                    (Order::Publish(topic, payload), Some(_)) => {
                        let topic = gossipsub::TopicHash::from_raw(topic);
                        swarm.behaviour_mut().gossip.publish(topic, payload).expect("somebody listens");
                    }
                    (_, None) => panic!("it is not connected"),
                }
            }
            event = swarm.select_next_some() => match event {
                SwarmEvent::ConnectionEstablished { peer_id, .. } => {
                    peer = Some(peer_id);
                    seen.send_modify(|seen| seen.connected += 1);
                }
                SwarmEvent::ConnectionClosed { .. } => seen.send_modify(|seen| seen.closed += 1),
                SwarmEvent::OutgoingConnectionError { .. } => seen.send_modify(|seen| seen.failed_dials += 1),
                SwarmEvent::Behaviour(WildEvent::Gossip(gossipsub::Event::Subscribed { .. })) => {
                    seen.send_modify(|seen| seen.neighbours += 1);
                }
                SwarmEvent::Behaviour(WildEvent::Ask(request_response::Event::Message {
                    message: request_response::Message::Request { channel, .. },
                    ..
                })) => {
                    let _ = swarm.behaviour_mut().ask.send_response(channel, answer.clone());
                    seen.send_modify(|seen| seen.questions += 1);
                }
                _ => {}
            },
        }
    }
}

fn swarm(names: &NetworkNames, identifies: bool) -> (Swarm<Wild>, PeerId) {
    let key = Keypair::generate_ed25519();
    let id = key.public().to_peer_id();
    let ids = |message: &gossipsub::Message| {
        gossipsub::MessageId::from(message_id(message.topic.as_str(), &message.data).to_vec())
    };
    let config = gossipsub::ConfigBuilder::default()
        .validation_mode(gossipsub::ValidationMode::Anonymous)
        .message_id_fn(ids)
        .max_transmit_size(1 << 20)
        .build()
        .expect("a configuration that the library takes");
    let mut gossip = gossipsub::Behaviour::new(gossipsub::MessageAuthenticity::Anonymous, config).expect("as above");
    for topic in [names.transactions(), names.blocks()] {
        gossip.subscribe(&gossipsub::IdentTopic::new(topic)).expect("a topic");
    }
    let many = request_response::Config::default().with_request_timeout(FOR_EVER).with_max_concurrent_streams(4_096);
    let rpc = StreamProtocol::new("/meshsub/1.1.0");
    let identify = || identify::Behaviour::new(identify::Config::new(names.version(), key.public()));
    let wild = Wild {
        identify: identifies.then(identify).into(),
        gossip,
        ask: request_response::Behaviour::with_codec(Raw, [(names.ask(), ProtocolSupport::Full)], many.clone()),
        rpc: request_response::Behaviour::with_codec(Raw, [(rpc, ProtocolSupport::Outbound)], many),
    };
    let muxer = || {
        let mut config = yamux::Config::default();
        config.set_max_num_streams(4_096);
        config
    };
    let swarm = SwarmBuilder::with_existing_identity(key)
        .with_tokio()
        .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, muxer)
        .expect("a transport")
        .with_behaviour(|_| wild)
        .expect("a behaviour")
        .with_swarm_config(|config| config.with_idle_connection_timeout(FOR_EVER))
        .build();
    (swarm, id)
}

/// A codec without rules.
#[derive(Debug, Clone, Copy)]
struct Raw;

impl request_response::Codec for Raw {
    type Protocol = StreamProtocol;
    type Request = Bytes;
    type Response = Vec<u8>;

    async fn read_request<T: AsyncRead + Unpin + Send>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Bytes> {
        read(io).await.map(Bytes::Whole)
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        read(io).await
    }

    async fn write_request<T>(&mut self, _: &StreamProtocol, io: &mut T, bytes: Bytes) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        match bytes {
            Bytes::Whole(bytes) => io.write_all(&bytes).await,
            Bytes::Open(bytes) => {
                io.write_all(&bytes).await?;
                io.flush().await?;
                std::future::pending().await
            }
            Bytes::Unread(bytes) => {
                io.write_all(&bytes).await?;
                io.close().await?;
                std::future::pending().await
            }
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
    io.read_to_end(&mut bytes).await?;
    Ok(bytes)
}

/// Longer than any test takes.
const FOR_EVER: Duration = Duration::from_secs(3_600);
