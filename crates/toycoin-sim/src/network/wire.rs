//! A connection between a node and a relay.

use std::{collections::VecDeque, time::Duration};

use crate::link::Pipe;

/// A connection between a node and a relay.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) node: usize,
    pub(crate) slot: usize,
    pub(crate) relay: usize,
    pub(super) up: Pipe,
    pub(super) down: Pipe,
    /// Times at which parts of the node's bytes count as written, with their sizes in bytes.
    pub(super) writing: VecDeque<(Duration, u64)>,
    /// The same from the link's view, whatever the node is informed of.
    pub(super) unwritten: VecDeque<(Duration, u64)>,
    pub(super) unwritten_bytes: u64,
    /// Whether the node's end is still open.
    pub(super) at_node: bool,
    /// Whether the relay's end is still open.
    pub(super) at_relay: bool,
    /// Bytes from the relay that do not form a whole frame yet.
    pub(super) partial: Vec<u8>,
    /// Whether a pull is planned.
    pub(super) pulling: bool,
    /// Whether the relay has sent WELC.
    pub(crate) welcomed: bool,
}

impl Wire {
    /// Returns a new connection over which nothing was sent yet.
    pub(crate) fn new(node: usize, slot: usize, relay: usize) -> Self {
        Self {
            node,
            slot,
            relay,
            up: Pipe::default(),
            down: Pipe::default(),
            writing: VecDeque::new(),
            unwritten: VecDeque::new(),
            unwritten_bytes: 0,
            at_node: true,
            at_relay: true,
            partial: Vec::new(),
            pulling: false,
            welcomed: false,
        }
    }
}
