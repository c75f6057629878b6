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

use super::{rpc::Rpc, soon};

/// An attacker. Its connection ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Attacker {
    pub(crate) id: PeerId,
    pub(crate) names: NetworkNames,
    orders: mpsc::UnboundedSender<Order>,
    seen: watch::Receiver<Seen>,
    opens: watch::Sender<bool>,
    heard: watch::Receiver<Vec<u8>>,
    task: JoinHandle<()>,
}

/// What it does otherwise than a node.
#[derive(Debug, Clone, Copy)]
struct Nature {
    /// Whether it says who it is. Else it never joins.
    identifies: bool,
    /// Whether it reads gossip before it is told to.
    reads_gossip: bool,
    /// What it does with pings. `None`: it does not have their protocol.
    pings: Option<Pings>,
}

/// What an attacker does with pings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pings {
    /// It answers each on a stream of its own, so that every other one, on a stream that is closed, gets no answer.
    Halves,
    /// It answers none.
    Ignores,
}

/// What has happened to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) connected: usize,
    pub(crate) closed: usize,
    pub(crate) failed_dials: usize,
    /// Questions of the victim.
    pub(crate) questions: usize,
    /// Pings of the victim.
    pub(crate) pings: usize,
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
    ping: Toggle<request_response::Behaviour<Raw>>,
    gossip: Toggle<gossipsub::Behaviour>,
    ask: request_response::Behaviour<Raw>,
    /// Streams of gossip beside the library's.
    rpc: request_response::Behaviour<Raw>,
}

impl Attacker {
    /// Starts an attacker in the network with these parameters.
    pub(crate) fn start(params: &ChainParams) -> Self {
        Self::start_as(params, Nature::default())
    }

    /// Starts one that never says who it is, and so never joins.
    pub(crate) fn anonymous(params: &ChainParams) -> Self {
        Self::start_as(params, Nature { identifies: false, ..Nature::default() })
    }

    /// Starts one that reads no gossip until it [listens](Self::listen).
    pub(crate) fn deaf(params: &ChainParams) -> Self {
        Self::start_as(params, Nature { reads_gossip: false, ..Nature::default() })
    }

    /// Starts one with another way to answer pings.
    pub(crate) fn pinged(params: &ChainParams, pings: Pings) -> Self {
        Self::start_as(params, Nature { pings: Some(pings), ..Nature::default() })
    }

    fn start_as(params: &ChainParams, nature: Nature) -> Self {
        let names = NetworkNames::new(params.genesis_hash());
        let (opens, ear) = watch::channel(false);
        let (hears, heard) = watch::channel(Vec::new());
        let (swarm, id) = swarm(&names, nature, Ear { opens: ear, heard: hears });
        let (orders, receiver) = mpsc::unbounded_channel();
        let (sender, seen) = watch::channel(Seen::default());
        let task = tokio::spawn(run(swarm, nature, receiver, sender));
        Self { id, names, orders, seen, opens, heard, task }
    }

    /// Takes part in the gossip of both topics, if it is deaf, as a neighbour in their meshes.
    pub(crate) fn pretends_to_gossip(&self) {
        let topics = [self.names.transactions(), self.names.blocks()];
        let rpc = topics.iter().fold(Rpc::default(), |rpc, topic| rpc.subscribe(topic).graft(topic));
        self.rpc(rpc.to_stream());
    }

    /// Reads from now on what it is gossiped, if it was deaf.
    pub(crate) fn listen(&self) {
        self.opens.send_replace(true);
    }

    /// Returns the gossip that it has read since it listens, as it came over the stream.
    pub(crate) fn heard(&self) -> Vec<u8> {
        self.heard.borrow().clone()
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

impl Default for Nature {
    fn default() -> Self {
        Self { identifies: true, reads_gossip: true, pings: None }
    }
}

async fn run(
    mut swarm: Swarm<Wild>,
    nature: Nature,
    mut orders: mpsc::UnboundedReceiver<Order>,
    seen: watch::Sender<Seen>,
) {
    let (mut peer, mut answer) = (None, Vec::new());
    // a stream is open as long as it may be answered
    let mut ignored = Vec::new();
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
                        let gossip = swarm.behaviour_mut().gossip.as_mut().expect("it is not deaf");
                        gossip.publish(topic, payload).expect("somebody listens");
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
                SwarmEvent::Behaviour(WildEvent::Ping(request_response::Event::Message {
                    message: request_response::Message::Request { request: Bytes::Whole(ping), channel, .. },
                    ..
                })) => {
                    match nature.pings {
                        Some(Pings::Halves) => drop(swarm.behaviour_mut().ping.as_mut().map(|pings| {
                            pings.send_response(channel, ping)
                        })),
                        Some(Pings::Ignores) | None => ignored.push(channel),
                    }
                    seen.send_modify(|seen| seen.pings += 1);
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

fn swarm(names: &NetworkNames, nature: Nature, ear: Ear) -> (Swarm<Wild>, PeerId) {
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
    let with =
        |codec, protocol, support| request_response::Behaviour::with_codec(codec, [(protocol, support)], many.clone());
    let (ask, ping) = (Raw::default(), Raw { length: Some(PING_SIZE), ..Raw::default() });
    let ping = || with(ping, StreamProtocol::new("/ipfs/ping/1.0.0"), ProtocolSupport::Inbound);
    let (rpc_codec, rpc_support) = match nature.reads_gossip {
        true => (Raw::default(), ProtocolSupport::Outbound),
        false => (Raw { ear: Some(ear), ..Raw::default() }, ProtocolSupport::Full),
    };
    let wild = Wild {
        identify: nature.identifies.then(identify).into(),
        ping: nature.pings.map(|_| ping()).into(),
        gossip: nature.reads_gossip.then_some(gossip).into(),
        ask: with(ask, names.ask(), ProtocolSupport::Full),
        rpc: with(rpc_codec, rpc, rpc_support),
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
#[derive(Debug, Clone, Default)]
struct Raw {
    /// Bytes of a question; `None` if it lasts to the end of the stream.
    length: Option<usize>,
    /// What reads instead, until the end.
    ear: Option<Ear>,
}

/// Reads a stream from some time on.
#[derive(Debug, Clone)]
struct Ear {
    opens: watch::Receiver<bool>,
    heard: watch::Sender<Vec<u8>>,
}

impl Ear {
    async fn listen<T: AsyncRead + Unpin + Send>(&mut self, io: &mut T) -> io::Result<()> {
        self.opens.wait_for(|opens| *opens).await.map_err(io::Error::other)?;
        let mut part = vec![0; 64 << 10];
        loop {
            let length = io.read(&mut part).await?;
            if length == 0 {
                return Ok(());
            }
            self.heard.send_modify(|heard| heard.extend(&part[..length]));
        }
    }
}

impl request_response::Codec for Raw {
    type Protocol = StreamProtocol;
    type Request = Bytes;
    type Response = Vec<u8>;

    async fn read_request<T: AsyncRead + Unpin + Send>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Bytes> {
        if let Some(ear) = &mut self.ear {
            return ear.listen(io).await.map(|()| Bytes::Whole(Vec::new()));
        }
        if let Some(length) = self.length {
            let mut bytes = vec![0; length];
            return io.read_exact(&mut bytes).await.map(|()| Bytes::Whole(bytes));
        }
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

/// Bytes of a ping.
const PING_SIZE: usize = 32;

/// Longer than any test takes.
const FOR_EVER: Duration = Duration::from_secs(3_600);
