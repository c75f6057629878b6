//! Taking part in a mesh of peers without a relay, in builds with the feature `p2p`.
//!
//! Without the feature, nothing of libp2p is built. The options are there, and say how to get it.

mod arguments;
mod carrier;
mod client;
mod first_peer;

#[cfg(feature = "p2p")]
pub(crate) use self::carrier::carried;
#[cfg(not(feature = "p2p"))]
pub(crate) use self::carrier::missing;
pub use self::{
    arguments::{KEY_FILE, MeshArguments, PEERS_FILE, PORT, listen_multiaddr},
    carrier::{Carrier, IS_BUILT},
    client::ClientMeeting,
    first_peer::first_peer,
};
