//! Where a client meets others.

use std::{error::Error, time::Duration};

use clap::Args;
use toycoin_core::ChainParams;
use toycoin_node::{
    NodeBuilder, NodeHandle,
    light::{LightBuilder, LightClient},
    peering::PeerAddress,
};
use toycoin_wire::Channel;

#[cfg(not(feature = "p2p"))]
use super::carrier::missing;
#[cfg(feature = "p2p")]
use super::carrier::{EVENTS, carried};
use super::first_peer::{Alone, refusals, wait_for_peer};
use crate::{
    arguments::{RELAY, relay_address},
    gave_up::GaveUp,
};

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

    /// Waits for so long until a named peer has joined; a client of a relay has nothing to wait for.
    ///
    /// # Errors
    /// [`GaveUp`] if none can be reached, or none joins; or if the node has stopped.
    pub async fn wait(&self, node: &NodeHandle, patience: Duration) -> Result<(), Box<dyn Error>> {
        if self.peer.is_empty() {
            return Ok(());
        }
        wait_for_peer(node, &self.peer, patience).await.map_err(|alone| match alone {
            Alone::Unreachable(reasons) => {
                let hint = "`cargo run --release --features p2p --example node -- --p2p` starts a node";
                GaveUp::new(format!("cannot reach a peer: {reasons}; {hint}")).into()
            }
            Alone::Unwanted(text) => GaveUp::new(text).into(),
            Alone::Stopped(stopped) => stopped.into(),
        })
    }
}
