//! Rules, ledger and chain engine of toycoin.
//!
//! (written at the end)
#![warn(clippy::indexing_slicing)]
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::cast_possible_truncation))]

mod address;
mod amount;
mod block;
pub mod chain;
mod commitment;
pub mod consensus;
mod difficulty;
mod digest;
mod header;
pub mod hex;
mod keys;
mod merkle;
mod params;
pub mod state;
pub mod store;
mod subsidy;
mod target;
mod transaction;
mod tree;
pub mod utxo;

pub use self::{
    address::{Address, AddressError, AddressPrefix},
    amount::{Amount, FeeRate, GRAINS_PER_TOYCOIN, ParseAmountError},
    block::Block,
    chain::{Applied, Chain, ChainError},
    commitment::{Commitment, Domain},
    consensus::{CheckedBlock, ConnectedBlock, Rule, RuleError},
    difficulty::{MEDIAN_TIMES, asert, median_time},
    digest::{BlockHash, MerkleRoot, ParseDigestError, Sighash, StateRoot, Txid, Wtxid},
    header::Header,
    keys::{PublicKey, SecretKey, SecretKeyError, Signature, verify},
    merkle::{InclusionProof, merkle_root},
    params::{ChainParams, NetworkSpec, ParamsError, Retargeting},
    subsidy::{INITIAL_SUBSIDY, subsidy},
    target::{CompactTarget, CompactTargetError, Target, Work},
    transaction::{Coinbase, OutPoint, Transaction, TxOut, sighash},
};
