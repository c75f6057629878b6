//! Where somebody without a chain meets full nodes: the relays, the mesh and the channel, and how it introduces itself.

use tokio::sync::mpsc;
use toycoin_core::ChainParams;
use toycoin_wire::{Channel, NodeMessage, limits::MAX_AGENT};

use crate::{
    protocol::NodeConfig,
    rt::{
        MeshPort,
        light::subscription::Subscription,
        wires::{RelayMessage, Wires},
    },
};

/// Where somebody without a chain meets full nodes.
#[derive(Debug)]
pub(super) struct Meeting {
    channel: Channel,
    agent: String,
    relays: Vec<String>,
    mesh: Option<MeshPort>,
}

impl Meeting {
    /// Returns a place without relays and mesh, on the nodes' usual channel.
    pub(super) fn new(params: &ChainParams, agent: &str) -> Self {
        let channel = NodeConfig::new(params).channel;
        Self { channel, agent: agent.to_owned(), relays: Vec::new(), mesh: None }
    }

    pub(super) fn relay(&mut self, address: String) {
        self.relays.push(address);
    }

    pub(super) fn mesh(&mut self, port: MeshPort) {
        self.mesh = Some(port);
    }

    pub(super) fn channel(&mut self, channel: Channel) {
        self.channel = channel;
    }

    pub(super) fn agent(&mut self, agent: String) {
        self.agent = shortened(agent);
    }

    /// Connects to the relays and to the mesh. A peer of the mesh that asks for it is told `status`.
    pub(super) fn join(self, status: &NodeMessage, messages: &mpsc::Sender<RelayMessage>) -> Wires {
        let Self { channel, agent, relays, mesh } = self;
        let subscribe = |(relay, address)| {
            let wrap = move |event| RelayMessage { relay, event };
            Subscription::start(address, channel.clone(), agent.clone(), messages.clone(), wrap)
        };
        Wires::new(relays.into_iter().enumerate().map(subscribe).collect(), mesh, status)
    }
}

/// Cuts off what relays would not accept of an agent's name.
pub(super) fn shortened(mut agent: String) -> String {
    agent.truncate(agent.floor_char_boundary(MAX_AGENT));
    agent
}
