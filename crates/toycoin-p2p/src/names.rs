//! Names: of the network, its protocols and topics, of peers, and of gossiped messages.

use libp2p::StreamProtocol;
use sha2::{Digest, Sha256};
use toycoin_core::BlockHash;
use toycoin_node::peering::PeerId;
use toycoin_wire::NodeId;

/// The names that a network gives to its protocols and topics. Nodes of different networks have none in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkNames {
    net: String,
}

impl NetworkNames {
    /// Returns the names in the network with this genesis. Its first 8 hex digits are part of each.
    pub fn new(genesis: BlockHash) -> Self {
        let hex = genesis.to_string();
        Self { net: hex.chars().take(8).collect() }
    }

    /// Returns the protocol version that identify tells.
    pub fn version(&self) -> String {
        format!("/toycoin/{}/1", self.net)
    }

    /// Returns the name of the protocol for questions and answers.
    pub fn ask(&self) -> StreamProtocol {
        StreamProtocol::try_from_owned(format!("/toycoin/{}/ask/1", self.net)).expect("it begins with a slash")
    }

    /// Returns the name by which nodes of this network find each other in a local network (multicast DNS): that of the
    /// specification of libp2p for private networks.
    pub(crate) fn service(&self) -> String {
        format!("_p2p-{}._udp.local", self.net)
    }

    /// Returns the topic of transactions.
    pub fn transactions(&self) -> String {
        format!("/toycoin/{}/tx/1", self.net)
    }

    /// Returns the topic of blocks and their headers.
    pub fn blocks(&self) -> String {
        format!("/toycoin/{}/block/1", self.net)
    }
}

/// Returns the name by which a node's machine calls a peer: the first 16 bytes of
/// `BLAKE3("toycoin peer name v1" | peer id)`. Nobody chooses it.
///
/// ```
/// use toycoin_node::peering::PeerId;
///
/// let peer: PeerId = "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp".parse()?;
/// assert_eq!(toycoin_p2p::node_id(&peer).to_string(), "6f04358b1005d3efc89107d430c48b4d");
/// # Ok::<(), toycoin_node::peering::AddressError>(())
/// ```
pub fn node_id(peer: &PeerId) -> NodeId {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"toycoin peer name v1").update(peer.as_bytes());
    let hash = hasher.finalize();
    let (name, _) = hash.as_bytes().split_first_chunk().expect("32 bytes are more than 16");
    NodeId::new(*name)
}

/// Returns the id of a gossiped message: the first 20 bytes of `SHA-256(topic | 0x00 | data)`. Who says the same says
/// nothing new.
pub fn message_id(topic: &str, data: &[u8]) -> [u8; 20] {
    let hash = Sha256::new().chain_update(topic).chain_update([0]).chain_update(data).finalize();
    let (id, _) = hash.split_first_chunk().expect("32 bytes are more than 20");
    *id
}

/// Returns libp2p's peer id as peering has it; `None` if it is longer than an id may be.
pub(crate) fn from_libp2p(peer: &libp2p::PeerId) -> Option<PeerId> {
    PeerId::from_bytes(&peer.to_bytes())
}

/// Returns a peer id as libp2p has it; `None` if it is no multihash of a key.
pub(crate) fn to_libp2p(peer: &PeerId) -> Option<libp2p::PeerId> {
    libp2p::PeerId::from_bytes(peer.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use toycoin_core::ChainParams;

    use super::*;

    #[test]
    fn networks_have_no_name_in_common() {
        let [a, b] =
            [ChainParams::regtest(), ChainParams::lab()].map(|params| NetworkNames::new(params.genesis_hash()));
        assert_ne!(a.version(), b.version());
        assert_ne!(a.ask(), b.ask());
        assert_ne!(a.transactions(), b.transactions());
        assert_ne!(a.blocks(), b.blocks());
    }

    #[test]
    fn peer_ids_survive_the_way_to_libp2p_and_back() {
        let peer = libp2p::PeerId::random();
        assert_eq!(to_libp2p(&from_libp2p(&peer).unwrap()), Some(peer));
        let nonsense = PeerId::from_bytes(&[1, 2, 3]).unwrap();
        assert_eq!(to_libp2p(&nonsense), None);
    }

    #[test]
    fn message_id_covers_topic_and_data() {
        let id = message_id("t", b"d");
        // printf 't\0d' | sha256sum
        let expected: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(expected, "0bf5b9fd8828040f3bd1e47565723c55a778a7f1");
        assert_ne!(message_id("t", b"e"), id);
        assert_ne!(message_id("u", b"d"), id);
    }
}
