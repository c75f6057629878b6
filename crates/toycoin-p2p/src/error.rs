//! The reasons why a carrier does not start.

use std::{io, path::PathBuf};

use thiserror::Error;

use crate::ListenAddress;

/// The reason why a node's key cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file cannot be read or made.
    #[error("cannot read or make the key file {}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The reason.
        error: io::Error,
    },
    /// Others than its owner may read the file.
    #[error("others may read the key file {} (mode {mode:o}); run `chmod 600 {}`", path.display(), path.display())]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The file does not hold a key.
    #[error("the key file {} does not hold 32 bytes; restore it, or delete it for a new peer id", path.display())]
    Length {
        /// The file.
        path: PathBuf,
    },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes for a key: {0}")]
    Random(io::Error),
}

/// The reason why a carrier does not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// The node's key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A listener cannot have its address.
    #[error("cannot listen on {address}: {error}; is another node running there? choose another port with --listen")]
    Listen {
        /// The address.
        address: ListenAddress,
        /// The reason.
        error: io::Error,
    },
    /// The peers file cannot be read.
    #[error("cannot read the peers file {}: {error}; it may be deleted", path.display())]
    PeersFile {
        /// The file.
        path: PathBuf,
        /// The reason.
        error: io::Error,
    },
    /// The name of the program is too long.
    #[error("the agent {agent:?} has {} bytes, at most {most} are allowed", agent.len())]
    Agent {
        /// The name.
        agent: String,
        /// The most bytes of a name.
        most: usize,
    },
    /// The sockets that look for nodes of the local network cannot be had.
    #[error("cannot look for nodes of the local network (multicast DNS, UDP port 5353): {0}; name a peer instead")]
    Mdns(io::Error),
    /// The transport cannot be set up.
    #[error("cannot set up the transport: {0}")]
    Transport(String),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Random(io::Error),
}
