//! Arguments that several programs share.

use std::{
    error::Error,
    net::Ipv6Addr,
    ops::{Bound, RangeBounds},
    path::PathBuf,
};

use clap::{Args, ValueEnum};
use toycoin_core::ChainParams;
use toycoin_wire::Channel;

use crate::network_file;

/// Address of the relay unless another is named.
pub const RELAY: &str = "127.0.0.1:25000";

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
}

/// Relay and channel on which a client meets others.
#[derive(Debug, Clone, Args)]
pub struct Meeting {
    /// Address of the relay.
    #[arg(long, value_name = "ADDR", default_value = RELAY, global = true, value_parser = relay_address)]
    pub relay: String,
    /// Name of the channel.
    #[arg(long, value_name = "NAME", default_value = "/topic/main", global = true)]
    pub channel: Channel,
}

/// Reads a relay's address: host and port, as in `127.0.0.1:25000`, `relay.example:25000` or `[::1]:25000`.
///
/// # Errors
/// If the text has another form; the error says which part is wrong.
pub fn relay_address(text: &str) -> Result<String, String> {
    host_and_port(text, 1).map_err(|what| format!("{what}; an address is a host and a port, such as 127.0.0.1:25000"))
}

/// Reads the address on which to listen: a host and a port, as in `127.0.0.1:25000` or `localhost:25000`. Port 0 lets
/// the system choose.
///
/// # Errors
/// If the text has another form; the error says which part is wrong.
pub fn listen_address(text: &str) -> Result<String, String> {
    let wanted = "listen on a host and a port, such as 127.0.0.1:25000 or 0.0.0.0:25000 for all interfaces";
    host_and_port(text, 0).map_err(|what| format!("{what}; {wanted}"))
}

/// Reads a host and a port that is at least `least_port`.
fn host_and_port(text: &str, least_port: u16) -> Result<String, String> {
    let wrong = |what: &str| Err(what.to_owned());
    if text.contains("://") {
        return wrong("it begins like the address of a web page");
    }
    let Some((host, port)) = text.rsplit_once(':') else { return wrong("the port is missing") };
    if !port.parse().is_ok_and(|port: u16| port >= least_port) {
        return Err(format!("the port is not a number from {least_port} to 65535"));
    }
    let is_host = match host.strip_prefix('[') {
        Some(ip) => ip.strip_suffix(']').is_some_and(|ip| ip.parse::<Ipv6Addr>().is_ok()),
        None if host.contains(':') => return wrong("an IPv6 address stands in brackets, such as [::1]:25000"),
        None => !host.is_empty() && host.chars().all(|c| c.is_alphanumeric() || "-._".contains(c)),
    };
    if is_host { Ok(text.to_owned()) } else { wrong("the host is neither a name nor an IP address") }
}

/// Returns a parser of whole numbers in a range. Its error says which numbers are wanted.
///
/// The range must lie within those of `T`.
pub fn number<T: TryFrom<u64>>(range: impl RangeBounds<u64> + Clone) -> impl Fn(&str) -> Result<T, String> + Clone {
    let least = match range.start_bound() {
        Bound::Included(least) => *least,
        Bound::Excluded(below) => below.saturating_add(1),
        Bound::Unbounded => 0,
    };
    let most = match range.end_bound() {
        Bound::Included(most) => Some(*most),
        Bound::Excluded(above) => Some(above.saturating_sub(1)),
        Bound::Unbounded => None,
    };
    move |text| {
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.and_then(|number| T::try_from(number).ok()).ok_or_else(|| match (least, most) {
            (0, None) => "a whole number is wanted, such as 5".to_owned(),
            (least, None) => format!("a whole number of at least {least} is wanted"),
            (least, Some(most)) => format!("a whole number from {least} to {most} is wanted"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_is_none_is_answered_with_those_wanted() {
        assert_eq!(number::<u16>(1..=1_024)("1024"), Ok(1_024));
        assert_eq!(number::<u64>(..)("18446744073709551615"), Ok(u64::MAX));
        for text in ["x", "", "-1", "1.5", "0", "1025", "18446744073709551616"] {
            let error = number::<u16>(1..=1_024)(text).unwrap_err();
            assert_eq!(error, "a whole number from 1 to 1024 is wanted", "{text}");
        }
        assert_eq!(number::<u64>(1..)("0").unwrap_err(), "a whole number of at least 1 is wanted");
        assert_eq!(number::<u64>(..)("x").unwrap_err(), "a whole number is wanted, such as 5");
        assert_eq!(number::<usize>(1..101)("101").unwrap_err(), "a whole number from 1 to 100 is wanted");
    }

    #[test]
    fn accepts_hosts_with_ports_and_says_what_is_wrong_with_others() {
        for good in ["127.0.0.1:25000", "[::1]:1", "relay:65535", "relay.example-1.org:25000", "my_relay:1"] {
            assert_eq!(relay_address(good).as_deref(), Ok(good));
        }
        for (bad, said) in [
            ("localhost", "the port is missing"),
            ("", "the port is missing"),
            ("localhost:", "the port is not a number"),
            ("localhost:0", "the port is not a number"),
            ("127.0.0.1:99999", "the port is not a number"),
            (":25000", "the host is neither"),
            ("127.0.0.1;:25000", "the host is neither"),
            ("[127.0.0.1]:25000", "the host is neither"),
            ("::1:25000", "in brackets"),
            ("http://127.0.0.1:25000", "a web page"),
        ] {
            let error = relay_address(bad).unwrap_err();
            assert!(error.contains(said), "{bad}: {error}");
        }
    }

    #[test]
    fn a_place_to_listen_may_leave_the_port_to_the_system() {
        for good in ["0.0.0.0:0", "[::]:25000", "localhost:25000"] {
            assert_eq!(listen_address(good).as_deref(), Ok(good));
        }
        for bad in ["localhost", "25000", ":25000", "localhost:65536"] {
            let error = listen_address(bad).unwrap_err();
            assert!(error.contains("0.0.0.0:25000 for all interfaces"), "{bad}: {error}");
        }
    }
}
