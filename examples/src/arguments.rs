//! Arguments that several programs share.

use std::{error::Error, path::PathBuf};

use clap::{Args, ValueEnum};
use toycoin_core::{ChainParams, FeeRate};
use toycoin_node::NodeBuilder;
use toycoin_wire::Channel;

use crate::network_file;

/// The networks that programs can join.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Network {
    /// A block every two seconds, and four classroom wallets with money.
    Lab,
    /// A block a minute, no money to begin with.
    Reference,
    /// For tests: every second hash is a block.
    Regtest,
}

impl Network {
    /// Returns its parameters.
    pub fn params(self) -> ChainParams {
        match self {
            Self::Lab => ChainParams::lab(),
            Self::Reference => ChainParams::reference(),
            Self::Regtest => ChainParams::regtest(),
        }
    }

    /// Returns what nodes ask for by default.
    pub const fn fee_rate(self) -> FeeRate {
        match self {
            Self::Reference => FeeRate::grains_per_byte(1),
            Self::Lab | Self::Regtest => FeeRate::ZERO,
        }
    }
}

/// Which network a program joins.
#[derive(Debug, Clone, Args)]
pub struct NetworkChoice {
    /// The network.
    #[arg(long, value_enum, default_value = "lab", global = true)]
    pub network: Network,
    /// A network of your own instead, described in this JSON file.
    #[arg(long, value_name = "FILE", conflicts_with = "network", global = true)]
    pub params: Option<PathBuf>,
}

impl NetworkChoice {
    /// Returns its parameters.
    ///
    /// # Errors
    /// When they are in a file that does not describe a network.
    pub fn params(&self) -> Result<ChainParams, Box<dyn Error>> {
        self.params.as_deref().map_or_else(|| Ok(self.network.params()), network_file::read)
    }

    /// Returns what nodes ask for by default.
    pub const fn fee_rate(&self) -> FeeRate {
        self.network.fee_rate()
    }
}

/// Where a client of one relay meets others.
#[derive(Debug, Clone, Args)]
pub struct Meeting {
    /// The relay.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:25000", global = true)]
    pub relay: String,
    /// The channel.
    #[arg(long, value_name = "NAME", default_value = "/topic/main", global = true)]
    pub channel: Channel,
}

impl Meeting {
    /// Begins a node that meets its peers there.
    pub fn node(&self, params: ChainParams) -> NodeBuilder {
        NodeBuilder::new(params).relay(self.relay.clone()).channel(self.channel.clone())
    }
}
