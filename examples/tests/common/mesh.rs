//! Nodes without a relay, on loopback.

use super::{Program, free_address};

/// Listens on loopback, at a port that the system chooses.
pub(crate) const LISTEN: [&str; 2] = ["--listen", "/ip4/127.0.0.1/tcp/0"];

/// A node on regtest without a relay.
pub(crate) fn node(more: &[&str]) -> Program {
    Program::start("node", &[&["--no-relay", "--network", "regtest", "--threads", "1"], more].concat())
}

/// A node that listens, with the address that it prints for others.
pub(crate) fn listening(more: &[&str]) -> (Program, String) {
    let mut node = node(&[&LISTEN, more].concat());
    let line = node.line_with("for others: --peer ");
    (node, line.rsplit(' ').next().expect("an address").to_owned())
}

/// Returns an address without the peer id at its end.
pub(crate) fn without_id(address: &str) -> &str {
    address.split_once("/p2p/").expect("it has a peer id").0
}

/// A multiaddr at which nobody listens: it was free a moment ago.
pub(crate) fn free_multiaddr() -> String {
    let address = free_address();
    format!("/ip4/127.0.0.1/tcp/{}", address.rsplit(':').next().expect("a port"))
}
