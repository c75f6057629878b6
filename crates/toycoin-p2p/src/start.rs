//! How a carrier starts.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
};

use libp2p::{
    Swarm,
    futures::{FutureExt, StreamExt},
    swarm::SwarmEvent,
};
use tokio::{net::TcpListener, sync::mpsc, task::spawn_blocking};
use toycoin_node::{
    limits::OUTBOUND_SLOTS,
    peering::{Peering, PeeringConfig},
    rt::MeshEnd,
};
use toycoin_wire::limits::MAX_AGENT;

use crate::{
    Config, Handle, ListenAddress, StartError,
    behaviour::{Behaviour, swarm},
    clock::Clock,
    config::{endpoint, multiaddr},
    driver::Driver,
    error::KeyError,
    handle::Shared,
    identity,
    mdns::discover,
    names::from_libp2p,
    peers_file::{self, Saver},
};

/// Starts a carrier for the node at the other end of the port. It listens when this returns, and ends when the node
/// does.
///
/// It needs a tokio runtime with time and I/O, and spawns its tasks there.
///
/// # Errors
/// [`StartError`] if the key or the peers file cannot be read, an address is taken, or multicast DNS is wanted and its
/// port cannot be shared.
pub async fn start(config: Config, end: MeshEnd) -> Result<Handle, StartError> {
    if config.agent.len() > MAX_AGENT {
        return Err(StartError::Agent { agent: config.agent, most: MAX_AGENT });
    }
    let key = match config.key_file.clone() {
        Some(path) => {
            let place = path.clone();
            let load = spawn_blocking(move || identity::load_or_make(&path)).await;
            load.map_err(|error| KeyError::Io { path: place, error: io::Error::other(error) })??
        }
        None => identity::draw()?,
    };
    let file = match config.peers_file.clone() {
        Some(path) => read_peers(path).await?,
        None => String::new(),
    };
    let mut seed = config.seed.unwrap_or_default();
    if config.seed.is_none() {
        getrandom::fill(&mut seed).map_err(|error| StartError::Random(io::Error::other(error)))?;
    }

    let shared = Arc::new(Shared::default());
    let mut swarm = swarm(key, &config)?;
    let own = from_libp2p(swarm.local_peer_id()).ok_or_else(|| StartError::Transport("no peer id".into()))?;
    for address in &config.listen {
        listen(&mut swarm, *address, can_be_tried(*address, &config.listen), &shared).await?;
    }
    let listening = shared.listening();
    let clock = Clock::start();
    let peering = PeeringConfig {
        seed,
        own: Some(own.clone()),
        listen: listening.iter().map(|address| address.endpoint).collect(),
        peers: config.peers.clone(),
        outbound: OUTBOUND_SLOTS,
        max_inbound: if config.listen.is_empty() { 0 } else { config.max_inbound },
        trust_only: config.trust_only,
        count_local_groups: config.count_local_groups,
        anchors: true,
    };
    let peering = Peering::new(peering, &file, clock.now());
    shared.broken_lines.add(peering.broken_lines() as u64);
    swarm.behaviour_mut().gate.open(peering);

    let (requests, receiver) = mpsc::channel(REQUESTS);
    let saver = Saver::new(config.peers_file);
    let found = config.mdns.then(|| discover(&config.names, own.clone(), shared.clone())).transpose()?;
    let mut driver = Driver::new(swarm, clock, shared.clone(), config.names, end, receiver, saver);
    found.into_iter().for_each(|found| driver.follow(found));
    tokio::spawn(driver.run());
    Ok(Handle { peer_id: own, shared, requests })
}

async fn read_peers(path: PathBuf) -> Result<String, StartError> {
    let place = path.clone();
    let read =
        spawn_blocking(move || peers_file::read(&path)).await.unwrap_or_else(|error| Err(io::Error::other(error)));
    read.map_err(|error| StartError::PeersFile { path: place, error })
}

/// Returns whether an address can be tried first. A socket on `::` takes all of IPv4 too, unlike the swarm's, and would
/// find its port taken by our own listener on `0.0.0.0`.
fn can_be_tried(address: ListenAddress, all: &[ListenAddress]) -> bool {
    let at = address.to_socket_addr();
    let v4 = SocketAddr::from((Ipv4Addr::UNSPECIFIED, at.port()));
    at.ip() != Ipv6Addr::UNSPECIFIED || at.port() == 0 || all.iter().all(|other| other.to_socket_addr() != v4)
}

/// Listens on an address, and waits until it is known where that is. If it is to be tried, it must be free.
async fn listen(
    swarm: &mut Swarm<Behaviour>,
    address: ListenAddress,
    is_tried: bool,
    shared: &Shared,
) -> Result<(), StartError> {
    let failed = |error| StartError::Listen { address, error };
    // The swarm's sockets share their port with any other that does so too. This one does not, and so finds it taken.
    let at: SocketAddr = address.to_socket_addr();
    if is_tried {
        drop(TcpListener::bind(at).await.map_err(failed)?);
    }
    let listener = swarm.listen_on(multiaddr(at)).map_err(|error| failed(io::Error::other(error)))?;
    let own = from_libp2p(swarm.local_peer_id());
    let mut stands = false;
    loop {
        // once it stands, those addresses are taken that are known already: one for each interface
        let event = match stands {
            false => swarm.select_next_some().await,
            true => match swarm.select_next_some().now_or_never() {
                Some(event) => event,
                None => return Ok(()),
            },
        };
        match event {
            SwarmEvent::NewListenAddr { listener_id, address } => {
                endpoint(&address).into_iter().for_each(|endpoint| shared.listens(endpoint, own.clone()));
                stands |= listener_id == listener;
            }
            SwarmEvent::ListenerClosed { listener_id, reason, .. } if listener_id == listener => {
                let error = reason.err().unwrap_or_else(|| io::Error::other("the listener has ended"));
                return Err(failed(error));
            }
            // the gate is closed, nobody can connect so far
            _ => {}
        }
    }
}

/// Requests of handles that wait.
const REQUESTS: usize = 16;
