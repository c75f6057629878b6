//! Arguments that several programs share.

use std::{error::Error, path::PathBuf};

use clap::{Args, ValueEnum};
use toycoin_core::{ChainParams, FeeRate};
use toycoin_node::NodeBuilder;
use toycoin_wire::Channel;

use crate::network_file;

/// Networks that the programs can join.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Network {
    /// One block every 2 seconds, and four classroom wallets with coins.
    Lab,
    /// One block per minute; nobody has coins at the start.
    Reference,
    /// For tests: every second hash is a block.
    Regtest,
}

impl Network {
    /// Returns the network's parameters.
    pub fn params(self) -> ChainParams {
        match self {
            Self::Lab => ChainParams::lab(),
            Self::Reference => ChainParams::reference(),
            Self::Regtest => ChainParams::regtest(),
        }
    }

    /// Returns the lowest fee rate that the network's nodes accept by default.
    pub const fn fee_rate(self) -> FeeRate {
        match self {
            Self::Reference => FeeRate::grains_per_byte(1),
            Self::Lab | Self::Regtest => FeeRate::ZERO,
        }
    }
}

/// The network that a program joins.
#[derive(Debug, Clone, Args)]
pub struct NetworkChoice {
    /// Name of the network.
    #[arg(long, value_enum, default_value = "lab", global = true)]
    pub network: Network,
    /// JSON file that describes a network of your own.
    #[arg(long, value_name = "FILE", conflicts_with = "network", global = true)]
    pub params: Option<PathBuf>,
}

impl NetworkChoice {
    /// Returns the network's parameters.
    ///
    /// # Errors
    /// If they are in a file that cannot be read or does not describe a network.
    pub fn params(&self) -> Result<ChainParams, Box<dyn Error>> {
        self.params.as_deref().map_or_else(|| Ok(self.network.params()), network_file::read)
    }

    /// Returns the lowest fee rate that the network's nodes accept by default.
    pub const fn fee_rate(&self) -> FeeRate {
        self.network.fee_rate()
    }
}

/// Relay and channel on which a client meets others.
#[derive(Debug, Clone, Args)]
pub struct Meeting {
    /// Address of the relay.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:25000", global = true)]
    pub relay: String,
    /// Name of the channel.
    #[arg(long, value_name = "NAME", default_value = "/topic/main", global = true)]
    pub channel: Channel,
}

impl Meeting {
    /// Returns a builder for a node that meets its peers there.
    pub fn node(&self, params: ChainParams) -> NodeBuilder {
        NodeBuilder::new(params).relay(self.relay.clone()).channel(self.channel.clone())
    }
}
