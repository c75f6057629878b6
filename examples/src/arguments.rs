//! Arguments that several programs share.

use clap::{Args, ValueEnum};
use toycoin_core::{ChainParams, FeeRate};
use toycoin_node::rt::NodeBuilder;
use toycoin_wire::Channel;

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
    pub fn node(&self, network: Network) -> NodeBuilder {
        NodeBuilder::new(network.params()).relay(self.relay.clone()).channel(self.channel.clone())
    }
}
