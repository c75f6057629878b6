//! Who is let in: limits per address and per group of addresses, one connection per peer, none with oneself, and mutes
//! that outlive a restart.
//!
//! Addresses 127.1.0.1, 127.2.0.1 and so on stand for groups of the Internet.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpSocket},
};
use toycoin_core::ChainParams;
use toycoin_node::{
    peering::{PeerAddress, PeerId},
    protocol::Direction,
    rt::MeshCommand,
};
use toycoin_p2p::{Config, ListenAddress, PeerReport, limits::MAX_PENDING_OF_ADDRESS, node_id};
use toycoin_wire::NodeId;

use self::common::{Played, attacker::Attacker, config, until};

/// Returns an address that forwards connections to another one, as if they came from `from`.
async fn door(from: Ipv4Addr, to: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut inside, _)) = listener.accept().await {
            tokio::spawn(async move {
                let socket = TcpSocket::new_v4().unwrap();
                socket.bind((from, 0).into()).unwrap();
                // whoever is refused sees the end of its connection
                if let Ok(mut outside) = socket.connect(to).await {
                    let _ = copy_bidirectional(&mut inside, &mut outside).await;
                }
            });
        }
    });
    address
}

fn multiaddr(address: SocketAddr) -> String {
    format!("/ip4/{}/tcp/{}", address.ip(), address.port())
}

fn listen_on(ip: Ipv4Addr) -> Config {
    let listen: ListenAddress = format!("/ip4/{ip}/tcp/0").parse().unwrap();
    Config::new(&ChainParams::regtest()).listen(listen)
}

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let mut name = [0; 8];
        getrandom::fill(&mut name).unwrap();
        let path = std::env::temp_dir().join(format!("toycoin-gates-{}", u64::from_ne_bytes(name)));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Returns the peers of a carrier that dialled it, or that it dialled.
async fn peers(node: &Played, direction: Direction) -> Vec<PeerReport> {
    let mut peers = node.mesh.peers().await;
    peers.retain(|peer| peer.direction == direction);
    peers
}

/// Returns how often each group of addresses occurs.
fn groups(peers: &[PeerReport]) -> BTreeMap<[u8; 2], usize> {
    let mut groups = BTreeMap::new();
    for peer in peers {
        let IpAddr::V4(ip) = peer.address.endpoint.ip else { panic!("{}", peer.address) };
        let [a, b, ..] = ip.octets();
        *groups.entry([a, b]).or_default() += 1;
    }
    groups
}

/// Starts strangers at these addresses, each of which dials a carrier. Returns them once the fate of each is decided: it
/// has joined, or its connection is closed.
async fn strangers(node: &Played, addresses: impl IntoIterator<Item = Ipv4Addr>) -> Vec<Attacker> {
    let to = node.address().endpoint.to_socket_addr();
    let mut all = Vec::new();
    for from in addresses {
        // no more handshakes at a time than there may be from one address
        until("some decisions", async || undecided_of(node, &all).await < MAX_PENDING_OF_ADDRESS).await;
        let stranger = Attacker::start(&ChainParams::regtest());
        stranger.dial(&multiaddr(door(from, to).await));
        all.push(stranger);
    }
    until("all decisions", async || undecided_of(node, &all).await == 0).await;
    all
}

/// Returns how many have neither joined nor been refused so far.
async fn undecided_of(node: &Played, strangers: &[Attacker]) -> usize {
    let joined: BTreeSet<_> = node.mesh.peers().await.iter().map(|peer| peer.id.to_string()).collect();
    let is_decided = |stranger: &Attacker| {
        let seen = stranger.seen();
        seen.failed_dials + seen.closed == 1 || joined.contains(&stranger.id.to_string())
    };
    strangers.iter().filter(|stranger| !is_decided(stranger)).count()
}

fn name_of(attacker: &Attacker) -> NodeId {
    node_id(&PeerId::from_bytes(&attacker.id.to_bytes()).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_group_leaves_slots_to_all_others() {
    let folder = Folder::new();
    // whom the node knows, in 8 groups
    let (mut known, mut lines) = (Vec::new(), String::new());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    for group in 0..8 {
        let node = Played::start(listen_on(Ipv4Addr::new(127, 201 + group, 0, 1)).count_local_groups(true)).await;
        lines += &format!("{} {now} 0 {now}\n", node.address());
        known.push(node);
    }
    let file = folder.0.join("peers");
    std::fs::write(&file, lines).unwrap();
    let node = Played::start(config().count_local_groups(true).peers_file(file)).await;

    let early = strangers(&node, (0..45).map(|group| Ipv4Addr::new(127, 10 + group, 0, 1))).await;
    let _flood = strangers(&node, (0..200).map(|number| Ipv4Addr::new(127, 1, number / 50, 1 + number % 50))).await;
    let inbound = peers(&node, Direction::Inbound).await;
    assert_eq!((inbound.len(), groups(&inbound)[&[127, 1]]), (45 + 32, 32));
    until("all outbound slots", async || peers(&node, Direction::Outbound).await.len() == 8).await;
    assert_eq!(groups(&peers(&node, Direction::Outbound).await).len(), 8);

    // all slots that are left go to others
    let others = strangers(&node, (0..40).map(|group| Ipv4Addr::new(127, 60 + group, 0, 1))).await;
    let inbound = peers(&node, Direction::Inbound).await;
    assert_eq!(inbound.len(), 117);
    let names: BTreeSet<_> = inbound.iter().map(|peer| peer.id.to_string()).collect();
    assert!(early.iter().chain(&others).all(|other| names.contains(&other.id.to_string())));
    assert_eq!(peers(&node, Direction::Outbound).await.len(), 8);

    // and when none is left, the largest group gives way
    let late = strangers(&node, (0..4).map(|group| Ipv4Addr::new(127, 110 + group, 0, 1))).await;
    until("slots of the largest group", async || {
        let inbound = peers(&node, Direction::Inbound).await;
        groups(&inbound)[&[127, 1]] == 28 && inbound.len() == 117
    })
    .await;
    let joined = node.mesh.peers().await;
    assert!(late.iter().all(|late| joined.iter().any(|peer| peer.id.to_string() == late.id.to_string())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_address_has_eight_slots() {
    let node = Played::start(config().count_local_groups(true)).await;
    let _strangers = strangers(&node, [Ipv4Addr::new(127, 1, 0, 1); 20]).await;
    assert_eq!(node.mesh.peers().await.len(), 8);
    let _others = strangers(&node, [Ipv4Addr::new(127, 1, 0, 2); 20]).await;
    assert_eq!(node.mesh.peers().await.len(), 16);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handshakes_of_one_address_leave_room_to_others() {
    let node = Played::start(config().count_local_groups(true)).await;
    let to = node.address().endpoint.to_socket_addr();
    let mut silent = Vec::new();
    for _ in 0..100 {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((Ipv4Addr::new(127, 1, 0, 1), 0).into()).unwrap();
        silent.push(socket.connect(to).await.unwrap());
    }
    // no handshake of them ends
    until("refusals", async || node.mesh.counters().refused >= 84).await;
    let _other = strangers(&node, [Ipv4Addr::new(127, 2, 0, 1)]).await;
    assert_eq!(node.mesh.peers().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn loopback_is_free_of_limits_unless_a_test_says_so() {
    let node = Played::start(config()).await;
    let _strangers = strangers(&node, [Ipv4Addr::new(127, 1, 0, 1); 40]).await;
    assert_eq!(node.mesh.peers().await.len(), 40);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn node_does_not_connect_to_itself() {
    let folder = Folder::new();
    let (key, file) = (folder.0.join("key"), folder.0.join("peers"));
    let first = Played::start(config().key_file(&key)).await;
    let at = first.address();
    first.mesh.shutdown().await;
    // the address on which it listens, and one that it does not know to be its own
    let behind = door(Ipv4Addr::LOCALHOST, at.endpoint.to_socket_addr()).await;
    let own: PeerAddress = multiaddr(behind).parse().unwrap();
    let listed = PeerAddress { endpoint: at.endpoint, peer: None };
    let config = Config::new(&ChainParams::regtest()).listen(at.endpoint).key_file(&key).peers_file(&file);
    let second = Played::start(config.peer(listed.clone()).peer(own.clone())).await;
    // meanwhile others come
    let stranger = Attacker::start(&ChainParams::regtest());
    stranger.dial(&at.to_string());
    until("the stranger", async || second.mesh.peers().await.len() == 1).await;
    until("its own voice", async || second.mesh.counters().refused > 0).await;
    assert_eq!(second.mesh.peers().await.len(), 1);
    assert_eq!(second.mesh.peers().await[0].node, name_of(&stranger));
    second.mesh.shutdown().await;
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(!text.contains(&listed.to_string()), "{text}");
    assert!(!text.contains(&own.to_string()), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn second_dial_of_a_peer_is_refused() {
    let mut node = Played::start(config()).await;
    let stranger = Attacker::start(&ChainParams::regtest());
    stranger.dial(&node.address().to_string());
    node.joined(name_of(&stranger)).await;
    for dials in 1..=5 {
        stranger.dial(&node.address().to_string());
        stranger.saw("a refusal", |seen| seen.closed + seen.failed_dials == dials).await;
    }
    assert_eq!(node.mesh.peers().await.len(), 1);
    let seen = stranger.seen();
    assert_eq!(seen.connected - seen.closed, 1, "the first connection stays");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dials_that_cross_leave_one_connection() {
    // ports that both know before they start
    let ports = [TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap()];
    let [a, b] = ports.map(|port| port.local_addr().unwrap());
    let node = |own: SocketAddr, other: SocketAddr| {
        let config = Config::new(&ChainParams::regtest()).listen(own).peer(multiaddr(other).parse().unwrap());
        Played::start(config)
    };
    let (mut first, mut second) = tokio::join!(node(a, b), node(b, a));
    for (one, other) in [(&first, &second), (&second, &first)] {
        one.gossips_with(1).await;
        until("one connection", async || {
            let peers = one.mesh.peers().await;
            peers.len() == 1 && peers[0].node == other.name()
        })
        .await;
    }
    // the lower peer id has dialled the one that stays, or nobody else has
    until("the same connection", async || {
        let (one, other) = (first.mesh.peers().await, second.mesh.peers().await);
        one.len() == 1 && other.len() == 1 && one[0].direction != other[0].direction
    })
    .await;
    first.ask(second.name(), &b"STATone"[..]);
    assert_eq!(second.question().await.2, &b"STATone"[..]);
    second.ask(first.name(), &b"STATtwo"[..]);
    assert_eq!(first.question().await.2, &b"STATtwo"[..]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mute_survives_a_restart() {
    let folder = Folder::new();
    let file = folder.0.join("peers");
    let mut node = Played::start(config().peers_file(&file)).await;
    let stranger = Attacker::start(&ChainParams::regtest());
    stranger.dial(&node.address().to_string());
    node.joined(name_of(&stranger)).await;
    node.port.tell(MeshCommand::Shun { peer: name_of(&stranger), time: Duration::from_secs(3_600) });
    node.left(name_of(&stranger)).await;
    stranger.is_closed().await;
    node.mesh.shutdown().await;

    let mut node = Played::start(config().peers_file(&file)).await;
    assert_eq!(node.mesh.counters().broken_lines, 0);
    stranger.dial(&node.address().to_string());
    stranger.saw("a refusal", |seen| seen.closed + seen.failed_dials == 2).await;
    let other = Attacker::start(&ChainParams::regtest());
    other.dial(&node.address().to_string());
    node.joined(name_of(&other)).await;
    assert_eq!(node.mesh.peers().await.len(), 1);
}
