//! The swarm: all protocols of a connection, over TCP, noise and yamux.

use std::{num::NonZeroUsize, time::Duration};

use libp2p::{
    Swarm, SwarmBuilder, connection_limits, identify, identity::Keypair, noise, ping, request_response,
    swarm::NetworkBehaviour, tcp, yamux,
};
use toycoin_node::limits::OUTBOUND_SLOTS;

use crate::{
    Config,
    ask::Ask,
    error::StartError,
    gate::Gate,
    gossip::{Gossip, gossip},
    limits::{
        ASK_TIMEOUT, CONNECT_TIMEOUT, MAX_ASK_STREAMS, MAX_NEGOTIATING_STREAMS, MAX_PENDING_INBOUND,
        MAX_PENDING_OUTBOUND, MAX_YAMUX_STREAMS,
    },
    names::{NetworkNames, from_libp2p},
    one_connection::OneConnection,
};

/// What a connection does. The gate comes first, so that it decides before the others prepare anything.
#[derive(NetworkBehaviour)]
pub(crate) struct Behaviour {
    pub(crate) gate: Gate,
    pub(crate) limits: connection_limits::Behaviour,
    pub(crate) identify: identify::Behaviour,
    pub(crate) ping: ping::Behaviour,
    pub(crate) gossip: OneConnection<Gossip>,
    pub(crate) ask: request_response::Behaviour<Ask>,
}

/// Returns the swarm, without listeners and with its gate closed.
pub(crate) fn swarm(key: Keypair, config: &Config) -> Result<Swarm<Behaviour>, StartError> {
    let own = from_libp2p(&key.public().to_peer_id()).ok_or_else(|| transport("the peer id is too long"))?;
    let inbound = u32::try_from(config.max_inbound).unwrap_or(u32::MAX);
    // named peers are dialled beyond the slots
    let outbound = u32::try_from(OUTBOUND_SLOTS + config.peers.len()).unwrap_or(u32::MAX);
    let limits = connection_limits::ConnectionLimits::default()
        .with_max_pending_incoming(Some(MAX_PENDING_INBOUND))
        .with_max_pending_outgoing(Some(MAX_PENDING_OUTBOUND))
        // beside those that have joined, some that have not; peering decides which of the former goes
        .with_max_established_incoming(Some(inbound.saturating_add(MAX_PENDING_INBOUND)))
        .with_max_established_outgoing(Some(outbound.saturating_add(MAX_PENDING_OUTBOUND)));
    let behaviour = Behaviour {
        gate: Gate::new(own, config.count_local_groups, config.max_crossing),
        limits: connection_limits::Behaviour::new(limits),
        identify: identify(&key, &config.names, &config.agent, config.listen.is_empty()),
        ping: ping(config.ping),
        gossip: OneConnection::new(gossip(&config.names).map_err(transport)?),
        ask: ask(Ask::new(), &config.names),
    };
    build(key, behaviour).map_err(transport)
}

pub(crate) fn identify(key: &Keypair, names: &NetworkNames, agent: &str, hidden: bool) -> identify::Behaviour {
    let config = identify::Config::new(names.version(), key.public())
        .with_agent_version(agent.into())
        .with_hide_listen_addrs(hidden)
        // the address book is peering's
        .with_cache_size(0);
    identify::Behaviour::new(config)
}

/// Returns pings with a time between two of them, and the time that one may take.
pub(crate) fn ping((interval, timeout): (Duration, Duration)) -> ping::Behaviour {
    ping::Behaviour::new(ping::Config::new().with_interval(interval).with_timeout(timeout))
}

/// Returns the protocol of questions and answers, with this codec.
pub(crate) fn ask<C>(codec: C, names: &NetworkNames) -> request_response::Behaviour<C>
where
    C: request_response::Codec<Protocol = libp2p::StreamProtocol> + Clone + Send + 'static,
{
    let config = request_response::Config::default()
        .with_request_timeout(ASK_TIMEOUT)
        .with_max_concurrent_streams(MAX_ASK_STREAMS);
    request_response::Behaviour::with_codec(codec, [(names.ask(), request_response::ProtocolSupport::Full)], config)
}

/// Returns a swarm with this behaviour.
pub(crate) fn build<B: NetworkBehaviour>(key: Keypair, behaviour: B) -> Result<Swarm<B>, String> {
    let muxer = || {
        let mut config = yamux::Config::default();
        config.set_max_num_streams(MAX_YAMUX_STREAMS);
        config
    };
    let swarm = SwarmBuilder::with_existing_identity(key)
        .with_tokio()
        .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, muxer)
        .map_err(|error| error.to_string())?
        .with_behaviour(|_| behaviour)
        .map_err(|error| error.to_string())?
        .with_swarm_config(|config| {
            config
                // the carrier closes what has not joined, and pings what has
                .with_idle_connection_timeout(Duration::MAX)
                .with_max_negotiating_inbound_streams(MAX_NEGOTIATING_STREAMS)
                .with_notify_handler_buffer_size(NonZeroUsize::MIN)
                .with_per_connection_event_buffer_size(EVENTS_OF_A_CONNECTION)
        })
        .with_connection_timeout(CONNECT_TIMEOUT)
        .build();
    Ok(swarm)
}

fn transport(error: impl ToString) -> StartError {
    StartError::Transport(error.to_string())
}

/// Events of a connection that wait for the swarm. A message of gossip is one, and so is a question.
const EVENTS_OF_A_CONNECTION: usize = 4;
