//! The shapes of the answers: esplora's where it has one, else ours.

mod address;
mod block;
mod mempool;
mod network;
mod transaction;

pub(crate) use self::{
    address::{AddressInfo, AddressStats, UnspentOutput},
    block::{BlockInfo, BlockStatus},
    mempool::{FeeEstimates, MempoolInfo, RecentPayment, WaitingPayment},
    network::{AuditInfo, NodeInfo, PeerDescription, RuleInfo, TipInfo},
    transaction::{MerkleProof, Outspend, TransactionInfo, TransactionStatus},
};
