//! Waiting for the first peer, and the reasons why none joins.

use std::time::Duration;

use tokio::{
    net::TcpStream,
    time::{Instant, timeout, timeout_at},
};
use toycoin_core::HumanDuration;
use toycoin_node::{NodeHandle, Stopped, peering::PeerAddress};

/// Longest wait of a node for a named peer to join. Carrier and peer allow 10 s for a handshake.
const JOINING: Duration = Duration::from_secs(15);
/// Longest wait for an answer on a port.
const PROBE: Duration = Duration::from_secs(5);

/// Why no peer has joined.
#[derive(Debug)]
pub(super) enum Alone {
    /// None of the named peers can be reached, for these reasons.
    Unreachable(String),
    /// One of the named peers can be reached, but does not join; the text says so.
    Unwanted(String),
    /// The node has stopped.
    Stopped(Stopped),
}

/// Waits until a peer has joined. It gives up when none of the named peers can be reached, or none of them joins for so
/// long.
pub(super) async fn wait_for_peer(node: &NodeHandle, named: &[PeerAddress], patience: Duration) -> Result<(), Alone> {
    let until = Instant::now() + patience;
    // The carrier dials again and again, and says nothing of it. A connection of our own shows whether anybody listens.
    let refusals = tokio::select! {
        joined = node.wait_for_peer() => return joined.map_err(Alone::Stopped),
        refusals = timeout_at(until, refusals(named)) => refusals,
    };
    let is_probed = refusals.is_ok();
    if let Ok(refusals) = refusals
        && refusals.len() == named.len()
    {
        return Err(Alone::Unreachable(refusals.join(", ")));
    }
    match timeout_at(until, node.wait_for_peer()).await {
        Ok(joined) => joined.map_err(Alone::Stopped),
        Err(_) => {
            let waited = HumanDuration::from(patience);
            let named = named.iter().map(PeerAddress::to_string).collect::<Vec<_>>().join(", ");
            let why = match is_probed {
                true => "answers, but it is no node of this network, has another peer id, or wants no more peers",
                false => "did not answer so far",
            };
            Err(Alone::Unwanted(format!("no peer joined within {waited}: {named} {why}")))
        }
    }
}

/// Returns why peers cannot be reached, for each of those that cannot.
pub(super) async fn refusals(peers: &[PeerAddress]) -> Vec<String> {
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
        false => wait_for_peer(&node, &named, JOINING).await,
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
