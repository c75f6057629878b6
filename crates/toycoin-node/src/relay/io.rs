//! Inputs and outputs of a relay's machine.

use crate::relay::{CloseReason, connection_id::ConnectionId, origin::Source};

/// An input of a relay's machine. An input for a connection that the relay has closed has no effect.
#[derive(Debug, Clone, Copy)]
pub enum RelayInput<'a> {
    /// A client has connected.
    Connected {
        /// The connection's name from now on.
        connection: ConnectionId,
        /// The source with which it shares its room in queues.
        source: Source,
    },
    /// Bytes from a client: all that one read returned.
    Received {
        /// The connection.
        connection: ConnectionId,
        /// At least one byte.
        bytes: &'a [u8],
    },
    /// The first bytes that [`RelayMachine::next_write`](super::RelayMachine::next_write) last returned for this
    /// connection were written. Between the two calls the driver must not pass any other input.
    Written {
        /// The connection.
        connection: ConnectionId,
        /// The number of bytes; at least one.
        count: usize,
    },
    /// A connection has ended.
    Disconnected {
        /// The connection.
        connection: ConnectionId,
    },
    /// The time of [`Machine::next_timeout`](crate::machine::Machine::next_timeout) has come.
    Timeout,
    /// The relay shuts down. It accepts no new connections; present ones get what waits for them, and a `GBYE`.
    Shutdown,
}

/// An output of a relay's machine: what its driver must do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelayOutput {
    /// Bytes wait for this connection: pull with [`RelayMachine::next_write`](super::RelayMachine::next_write) until it
    /// returns nothing. This output is not repeated until then.
    Writable(ConnectionId),
    /// Close the connection, which the relay has forgotten.
    Close {
        /// The connection.
        connection: ConnectionId,
        /// The reason; the client gets it too, if it reads.
        reason: CloseReason,
    },
}
