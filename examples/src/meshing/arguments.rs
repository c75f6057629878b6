//! The options of a program whose node is to meet its peers directly.

use std::{
    error::Error,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use clap::{ArgGroup, Args};
use toycoin_core::ChainParams;
use toycoin_node::{
    MeshPort, NodeBuilder,
    peering::{AddressError, PeerAddress},
};

use super::Carrier;
#[cfg(feature = "p2p")]
use super::carrier::carrying;
#[cfg(not(feature = "p2p"))]
use super::carrier::missing;
use crate::arguments::number;

/// TCP port on which a node with `--p2p` listens.
pub const PORT: u16 = 25_001;
/// File in a node's directory that keeps the addresses of peers.
pub const PEERS_FILE: &str = "peers";
/// File in a node's directory that keeps the key of its peer id.
pub const KEY_FILE: &str = "p2p.key";

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
