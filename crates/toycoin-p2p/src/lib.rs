//! Nodes of toycoin that are connected to each other directly, without a relay: over libp2p.
