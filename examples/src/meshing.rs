//! Taking part in a mesh of peers without a relay, in builds with the feature `p2p`.
//!
//! Without the feature, nothing of libp2p is built. The options are there, and say how to get it.

use std::{
    error::Error,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{ArgGroup, Args};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout, timeout_at},
};
use toycoin_core::{ChainParams, HumanDuration};
use toycoin_node::{
    MeshPort, NodeBuilder, NodeHandle, Stopped,
    light::{LightBuilder, LightClient},
    peering::{AddressError, PeerAddress},
};
use toycoin_wire::Channel;

use crate::{
    arguments::{RELAY, number, relay_address},
    gave_up::GaveUp,
};

/// TCP port on which a node with `--p2p` listens.
pub const PORT: u16 = 25_001;
/// File in a node's directory that keeps the addresses of peers.
pub const PEERS_FILE: &str = "peers";
/// File in a node's directory that keeps the key of its peer id.
pub const KEY_FILE: &str = "p2p.key";
/// Longest wait for a named peer to join. Carrier and peer allow 10 s for a handshake.
const JOINING: Duration = Duration::from_secs(15);
/// Longest wait for an answer on a port.
const PROBE: Duration = Duration::from_secs(5);

/// Whether and how a node meets peers without a relay.
#[derive(Debug, Clone, Args)]
#[command(group(ArgGroup::new("mesh").args(["p2p", "listen", "peer"]).multiple(true)))]
#[command(group(ArgGroup::new("listens").args(["p2p", "listen"]).multiple(true)))]
pub struct MeshArguments {
    /// Be a peer of other nodes directly, without a relay, and listen for them on port 25001 (built with --features
    /// p2p).
    #[arg(long)]
    pub p2p: bool,
    /// Listen for peers on this address instead; may be repeated. Port 0 lets the system choose.
    #[arg(long, value_name = "MULTIADDR", value_parser = listen_multiaddr)]
    pub listen: Vec<SocketAddr>,
    /// Address of a peer, such as /ip4/192.168.1.7/tcp/25001; may be repeated.
    #[arg(long, value_name = "MULTIADDR")]
    pub peer: Vec<PeerAddress>,
    /// Keep known addresses of peers in this file [default: DIR/peers, with --data DIR].
    #[arg(long, value_name = "FILE", requires = "mesh")]
    pub peers_file: Option<PathBuf>,
    /// Keep the key of the peer id in this file [default: DIR/p2p.key, with --data DIR].
    #[arg(long, value_name = "FILE", requires = "mesh")]
    pub p2p_key: Option<PathBuf>,
    /// Let at most this many peers connect to this node [default: 117].
    #[arg(long, value_name = "N", requires = "listens", value_parser = number::<u16>(..=1_000))]
    pub max_inbound: Option<u16>,
    /// Find nodes of the same local network, such as a classroom's, and be found by them (multicast DNS).
    #[arg(long, requires = "mesh", conflicts_with = "trust_only")]
    pub mdns: bool,
    /// Connect with the peers of --peer and with no others.
    #[arg(long, requires = "peer")]
    pub trust_only: bool,
    /// Use no relay (the default with --p2p, --listen or --peer, unless --relay names one).
    #[arg(long, conflicts_with = "relay")]
    pub no_relay: bool,
}

/// Where a client meets others: on a relay, or directly connected to peers.
#[derive(Debug, Clone, Args)]
pub struct ClientMeeting {
    /// Address of a relay; may be repeated.
    #[arg(long, value_name = "ADDR", default_value = RELAY, global = true, value_parser = relay_address)]
    relay: Vec<String>,
    /// Name of the channel.
    #[arg(long, value_name = "NAME", default_value = "/topic/main", global = true)]
    channel: Channel,
    /// Address of a peer to connect to instead of a relay, such as /ip4/127.0.0.1/tcp/25001; may be repeated (built
    /// with --features p2p).
    #[arg(long, value_name = "MULTIADDR", conflicts_with = "relay", global = true)]
    peer: Vec<PeerAddress>,
}

/// Whether this build has peers without a relay, which is the feature `p2p`.
pub const IS_BUILT: bool = cfg!(feature = "p2p");

/// What carries messages between a node and its peers. It ends with its node.
#[cfg(feature = "p2p")]
#[derive(Debug)]
pub struct Carrier(toycoin_p2p::Handle);

/// What carries messages between a node and its peers: there is none in this build.
#[cfg(not(feature = "p2p"))]
#[derive(Debug)]
pub enum Carrier {}

impl MeshArguments {
    /// Returns whether the node is to meet peers directly.
    pub const fn is_wanted(&self) -> bool {
        self.p2p || !self.listen.is_empty() || !self.peer.is_empty()
    }

    /// Returns the relays that a node uses: those that were named, or a default one where neither a mesh nor
    /// `--no-relay` is wanted.
    pub fn relays(&self, named: Vec<String>, default: &str) -> Vec<String> {
        let is_default = named.is_empty() && !self.is_wanted() && !self.no_relay;
        if is_default { vec![default.to_owned()] } else { named }
    }

    /// Returns where the node listens. `--peer` alone only dials, so that several nodes fit on one machine.
    pub fn listens(&self) -> Vec<SocketAddr> {
        let is_default = self.p2p && self.listen.is_empty();
        if is_default { vec![SocketAddr::from((Ipv4Addr::UNSPECIFIED, PORT))] } else { self.listen.clone() }
    }

    /// Returns a file that was named, or the one of this name in the node's directory.
    #[cfg(feature = "p2p")]
    fn file(named: Option<&PathBuf>, data: Option<&Path>, name: &str) -> Option<PathBuf> {
        named.cloned().or_else(|| data.map(|data| data.join(name)))
    }
}

#[cfg(not(feature = "p2p"))]
impl MeshArguments {
    /// Refuses what needs a mesh.
    ///
    /// # Errors
    /// If it was asked for.
    pub fn check(&self, program: &str) -> Result<(), Box<dyn Error>> {
        if self.is_wanted() { Err(missing(program, "--p2p")) } else { Ok(()) }
    }

    /// Returns the builder as it was.
    ///
    /// # Errors
    /// Never, in this build.
    pub async fn join<S>(
        &self,
        builder: NodeBuilder<S>,
        _: &ChainParams,
        _: &str,
        _: Option<&Path>,
    ) -> Result<(NodeBuilder<S>, Option<Carrier>), Box<dyn Error>> {
        Ok((builder, None))
    }

    /// Returns nothing.
    ///
    /// # Errors
    /// Never, in this build.
    pub async fn port(
        &self,
        _: &ChainParams,
        _: &str,
        _: Option<&Path>,
    ) -> Result<Option<(MeshPort, Carrier)>, Box<dyn Error>> {
        Ok(None)
    }
}

#[cfg(feature = "p2p")]
impl MeshArguments {
    /// Allows a mesh.
    ///
    /// # Errors
    /// Never, in this build.
    pub const fn check(&self, _: &str) -> Result<(), Box<dyn Error>> {
        Ok(())
    }

    /// Lets a node meet its peers directly, if that is wanted. It has this name there, and keeps key and addresses in
    /// its directory unless other files were named.
    ///
    /// # Errors
    /// If the key cannot be read, or an address is taken.
    pub async fn join<S>(
        &self,
        builder: NodeBuilder<S>,
        params: &ChainParams,
        name: &str,
        data: Option<&Path>,
    ) -> Result<(NodeBuilder<S>, Option<Carrier>), Box<dyn Error>>
    where
        S: toycoin_core::store::ChainStore<Error: Error + Send + Sync + 'static> + Send + 'static,
    {
        Ok(match self.port(params, name, data).await? {
            Some((port, carrier)) => (builder.mesh(port), Some(carrier)),
            None => (builder, None),
        })
    }

    /// Starts what carries messages between this program and its peers, if that is wanted, as [`join`](Self::join) does.
    /// Returns the port for the program.
    ///
    /// # Errors
    /// If the key cannot be read, or an address is taken.
    pub async fn port(
        &self,
        params: &ChainParams,
        name: &str,
        data: Option<&Path>,
    ) -> Result<Option<(MeshPort, Carrier)>, Box<dyn Error>> {
        if !self.is_wanted() {
            return Ok(None);
        }
        let mut config = toycoin_p2p::Config::new(params).agent(name).trust_only(self.trust_only).mdns(self.mdns);
        config = self.listens().into_iter().fold(config, toycoin_p2p::Config::listen);
        config = self.peer.iter().cloned().fold(config, toycoin_p2p::Config::peer);
        if let Some(file) = Self::file(self.peers_file.as_ref(), data, PEERS_FILE) {
            config = config.peers_file(file);
        }
        if let Some(file) = Self::file(self.p2p_key.as_ref(), data, KEY_FILE) {
            config = config.key_file(file);
        }
        if let Some(most) = self.max_inbound {
            config = config.max_inbound(usize::from(most));
        }
        carrying(config).await.map(Some)
    }
}

impl ClientMeeting {
    /// Returns a builder for a node that meets others there. They know it by the name of its program.
    ///
    /// # Errors
    /// If peers were named and this build has no mesh, or the system gives no random bytes.
    pub async fn node(&self, params: ChainParams, program: &str) -> Result<NodeBuilder, Box<dyn Error>> {
        if self.peer.is_empty() {
            let builder = NodeBuilder::new(params).channel(self.channel.clone()).agent(program);
            return Ok(self.relay.iter().fold(builder, NodeBuilder::relay));
        }
        #[cfg(not(feature = "p2p"))]
        return Err(missing(program, "--peer MULTIADDR"));
        #[cfg(feature = "p2p")]
        {
            // the carrier ends with its node, and a client has no file of peers that must be written
            let config = self.peers_of(&params, program);
            Ok(carried(NodeBuilder::new(params).agent(program), config).await?.0)
        }
    }

    /// Returns a builder for a light client that asks full nodes there.
    ///
    /// # Errors
    /// As [`node`](Self::node).
    pub async fn light(&self, params: ChainParams, program: &str) -> Result<LightBuilder, Box<dyn Error>> {
        if self.peer.is_empty() {
            let builder = LightClient::builder(params).channel(self.channel.clone()).agent(program);
            return Ok(self.relay.iter().fold(builder, LightBuilder::relay));
        }
        #[cfg(not(feature = "p2p"))]
        return Err(missing(program, "--peer MULTIADDR"));
        #[cfg(feature = "p2p")]
        {
            let (port, end) = toycoin_node::mesh_port(EVENTS);
            // it ends with the client
            drop(toycoin_p2p::start(self.peers_of(&params, program), end).await?);
            Ok(LightClient::builder(params).agent(program).mesh(port))
        }
    }

    #[cfg(feature = "p2p")]
    fn peers_of(&self, params: &ChainParams, program: &str) -> toycoin_p2p::Config {
        let config = toycoin_p2p::Config::new(params).agent(program);
        self.peer.iter().cloned().fold(config, toycoin_p2p::Config::peer)
    }

    /// Returns the addresses of the relays that it uses unless peers were named.
    pub fn relays(&self) -> &[String] {
        &self.relay
    }

    /// Returns why none of the named peers can be reached; `None` if one can, or none is named.
    pub async fn unreachable(&self) -> Option<String> {
        if self.peer.is_empty() {
            return None;
        }
        let refusals = refusals(&self.peer).await;
        (refusals.len() == self.peer.len()).then(|| refusals.join(", "))
    }

    /// Waits until a named peer has joined; a client of a relay has nothing to wait for.
    ///
    /// # Errors
    /// [`GaveUp`] if none can be reached, or none joins; or if the node has stopped.
    pub async fn wait(&self, node: &NodeHandle) -> Result<(), Box<dyn Error>> {
        if self.peer.is_empty() {
            return Ok(());
        }
        wait_for_peer(node, &self.peer).await.map_err(|alone| match alone {
            Alone::Unreachable(reasons) => {
                let hint = "`cargo run --release --features p2p --example node -- --p2p` starts a node";
                GaveUp::new(format!("cannot reach a peer: {reasons}; {hint}")).into()
            }
            Alone::Unwanted(text) => GaveUp::new(text).into(),
            Alone::Stopped(stopped) => stopped.into(),
        })
    }
}

/// Gives a node a mesh, and starts what carries it.
#[cfg(feature = "p2p")]
pub(crate) async fn carried<S>(
    builder: NodeBuilder<S>,
    config: toycoin_p2p::Config,
) -> Result<(NodeBuilder<S>, Carrier), Box<dyn Error>>
where
    S: toycoin_core::store::ChainStore<Error: Error + Send + Sync + 'static> + Send + 'static,
{
    let (port, carrier) = carrying(config).await?;
    Ok((builder.mesh(port), carrier))
}

/// Starts what carries a mesh.
#[cfg(feature = "p2p")]
async fn carrying(config: toycoin_p2p::Config) -> Result<(MeshPort, Carrier), Box<dyn Error>> {
    let (port, end) = toycoin_node::mesh_port(EVENTS);
    let carrier = toycoin_p2p::start(config, end).await?;
    Ok((port, Carrier(carrier)))
}

#[cfg(feature = "p2p")]
impl Carrier {
    /// Returns its handle.
    pub(crate) fn into_handle(self) -> toycoin_p2p::Handle {
        self.0
    }

    /// Returns the lines by which others find the node: its peer id, and its addresses if it listens.
    pub fn lines(&self) -> Vec<String> {
        let id = format!("its peer id: {}", self.0.peer_id());
        let address = |address| format!("for others: --peer {address}");
        [id].into_iter().chain(self.0.listening().into_iter().map(address)).collect()
    }

    /// Ends it: it closes all connections and writes the peers file.
    pub async fn shutdown(&self) {
        self.0.shutdown().await;
    }
}

#[cfg(not(feature = "p2p"))]
impl Carrier {
    /// Returns the lines by which others find the node.
    pub const fn lines(&self) -> Vec<String> {
        match *self {}
    }

    /// Ends it.
    #[expect(clippy::unused_async, reason = "it waits in a build with the feature")]
    pub async fn shutdown(&self) {
        match *self {}
    }
}

/// Returns the error of a program that was built without a mesh.
#[cfg(not(feature = "p2p"))]
pub(crate) fn missing(program: &str, option: &str) -> Box<dyn Error> {
    let run = format!("cargo run --release --features p2p --example {program} -- {option}");
    format!("this program was built without peer to peer; run `{run}`").into()
}

/// Reads an address on which to listen, such as `/ip4/0.0.0.0/tcp/25001`. Port 0 lets the system choose.
///
/// # Errors
/// If the text has another form, or names a peer.
pub fn listen_multiaddr(text: &str) -> Result<SocketAddr, AddressError> {
    use toycoin_node::peering::Endpoint;

    // nobody dials port 0, so it is no port of an endpoint
    let Some(free) = text.strip_suffix("/tcp/0") else {
        return text.parse().map(Endpoint::to_socket_addr);
    };
    let endpoint: Endpoint = format!("{free}/tcp/1").parse()?;
    Ok(SocketAddr::new(endpoint.ip, 0))
}

/// Why no peer has joined.
#[derive(Debug)]
enum Alone {
    /// None of the named peers can be reached, for these reasons.
    Unreachable(String),
    /// One of the named peers can be reached, but does not join; the text says so.
    Unwanted(String),
    /// The node has stopped.
    Stopped(Stopped),
}

/// Waits until a peer has joined. It gives up when none of the named peers can be reached, or none of them joins.
async fn wait_for_peer(node: &NodeHandle, named: &[PeerAddress]) -> Result<(), Alone> {
    let until = Instant::now() + JOINING;
    // The carrier dials again and again, and says nothing of it. A connection of our own shows whether anybody listens.
    let refusals = tokio::select! {
        joined = node.wait_for_peer() => return joined.map_err(Alone::Stopped),
        refusals = refusals(named) => refusals,
    };
    if refusals.len() == named.len() {
        return Err(Alone::Unreachable(refusals.join(", ")));
    }
    match timeout_at(until, node.wait_for_peer()).await {
        Ok(joined) => joined.map_err(Alone::Stopped),
        Err(_) => {
            let waited = HumanDuration::from(JOINING);
            let named = named.iter().map(PeerAddress::to_string).collect::<Vec<_>>().join(", ");
            let why = "it is no node of this network, has another peer id, or wants no more peers";
            Err(Alone::Unwanted(format!("no peer joined within {waited}: {named} answers, but {why}")))
        }
    }
}

/// Returns why peers cannot be reached, for each of those that cannot.
async fn refusals(peers: &[PeerAddress]) -> Vec<String> {
    let mut refusals = Vec::new();
    for peer in peers {
        let endpoint = peer.endpoint;
        match timeout(PROBE, TcpStream::connect(endpoint.to_socket_addr())).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => refusals.push(format!("{endpoint}: {error}")),
            Err(_) => refusals.push(format!("{endpoint}: no answer within {}", HumanDuration::from(PROBE))),
        }
    }
    refusals
}

/// Waits until a node with a mesh has its first peer, and says so; or says that none of the named peers has joined. The
/// carrier goes on dialling then. A node without named peers waits for ever.
///
/// # Errors
/// If the node has stopped.
pub async fn first_peer(node: NodeHandle, named: Vec<PeerAddress>) -> Result<String, Stopped> {
    let met = match named.is_empty() {
        true => node.wait_for_peer().await.map_err(Alone::Stopped),
        false => wait_for_peer(&node, &named).await,
    };
    match met {
        Ok(()) => {}
        Err(Alone::Unreachable(reasons)) => return Ok(format!("no peer so far: {reasons}; dialling goes on")),
        Err(Alone::Unwanted(text)) => return Ok(format!("{text}; dialling goes on")),
        Err(Alone::Stopped(stopped)) => return Err(stopped),
    }
    let peers = node.peers().await?;
    let id = peers.iter().find_map(|peer| peer.address.as_deref()?.parse::<PeerAddress>().ok()?.peer);
    Ok(id.map_or_else(|| "a peer has joined".into(), |id| format!("its first peer: {id}")))
}

/// Events that wait for the node.
#[cfg(feature = "p2p")]
const EVENTS: usize = 1_024;

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Node {
        #[arg(long)]
        relay: Vec<String>,
        #[command(flatten)]
        mesh: MeshArguments,
    }

    fn node(arguments: &str) -> Result<Node, clap::Error> {
        Node::try_parse_from(["node"].into_iter().chain(arguments.split_whitespace()))
    }

    #[test]
    fn default_relay_is_there_only_without_a_mesh() {
        for (arguments, relays) in [
            ("", &["default"][..]),
            ("--relay a:1 --relay b:2", &["a:1", "b:2"]),
            ("--no-relay", &[]),
            ("--p2p", &[]),
            ("--peer /ip4/127.0.0.1/tcp/1", &[]),
            ("--listen /ip4/127.0.0.1/tcp/0", &[]),
            ("--p2p --no-relay", &[]),
            ("--p2p --relay a:1", &["a:1"]),
        ] {
            let Node { relay, mesh } = node(arguments).unwrap();
            assert_eq!(mesh.relays(relay, "default"), relays, "{arguments}");
        }
    }

    #[test]
    fn default_listener_is_there_only_with_p2p_alone() {
        for (arguments, listens) in [
            ("", &[][..]),
            ("--p2p", &["0.0.0.0:25001"]),
            ("--p2p --peer /ip4/127.0.0.1/tcp/1", &["0.0.0.0:25001"]),
            ("--peer /ip4/127.0.0.1/tcp/1", &[]),
            ("--p2p --listen /ip6/::1/tcp/7 --listen /ip4/10.0.0.1/tcp/0", &["[::1]:7", "10.0.0.1:0"]),
        ] {
            let found: Vec<_> = node(arguments).unwrap().mesh.listens().iter().map(SocketAddr::to_string).collect();
            assert_eq!(found, listens, "{arguments}");
        }
    }

    #[cfg(not(feature = "p2p"))]
    #[test]
    fn build_without_a_mesh_says_how_to_get_one() {
        assert!(node("--no-relay").unwrap().mesh.check("node").is_ok());
        for arguments in ["--p2p", "--listen /ip4/127.0.0.1/tcp/0", "--peer /ip4/127.0.0.1/tcp/1"] {
            let error = node(arguments).unwrap().mesh.check("node").unwrap_err().to_string();
            assert!(error.contains("cargo run --release --features p2p --example node -- --p2p"), "{error}");
        }
    }

    #[test]
    fn options_of_a_mesh_need_a_mesh() {
        for arguments in [
            "--peers-file a",
            "--p2p-key a",
            "--max-inbound 1",
            "--max-inbound 1 --peer /ip4/127.0.0.1/tcp/1",
            "--trust-only",
            "--p2p --trust-only",
            "--mdns",
            "--mdns --peer /ip4/127.0.0.1/tcp/1 --trust-only",
            "--no-relay --relay a:1",
            "--listen 127.0.0.1:1",
            "--peer 127.0.0.1:1",
            "--peer /ip4/127.0.0.1/tcp/0",
        ] {
            assert!(node(arguments).is_err(), "{arguments}");
        }
        assert!(node("--p2p --peers-file a --p2p-key b --max-inbound 1 --mdns").is_ok());
        assert!(node("--peer /ip4/127.0.0.1/tcp/1 --trust-only").is_ok());
    }
}
