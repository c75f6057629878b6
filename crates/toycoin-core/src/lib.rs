//! Consensus rules, UTXO set, fork choice and wallet of toycoin, a proof-of-work blockchain for teaching.
//!
//! # The idea
//!
//! A **coin** is an unspent output: an amount with an owner, named by the transaction that created it ([`OutPoint`]). A
//! [`Transaction`] spends coins and creates new ones. The owners of the spent coins sign it. A [`Block`] puts
//! transactions in an order, pays its miner with a [`Coinbase`], and names its parent by hash, so blocks form a tree.
//!
//! The 128-byte [`Header`] of a block must hash to a number that is at most its [`Target`]. That costs [`Work`], and
//! fork choice takes the valid chain with the most work. The header also commits to the whole [`state`] after the
//! block, so that anyone can audit the supply to the grain, the smallest unit of money.
//!
//! The module [`consensus`] lists the rules for a block, each with a number. Each broken rule has an error that names
//! it.
//!
//! ```text
//!   amount keys address transaction block header          values
//!   batch                                               batch verification of signatures
//!   merkle state target difficulty subsidy                what a header commits to, and what it costs
//!   rule                                                the rules as data
//!   consensus    Block ─▶ CheckedBlock ─▶ ConnectedBlock  the rules, in the order in which they are judged
//!   utxo         view, diff, overlay                      the UTXO set, and changes to it
//!   chain store  Chain<S: ChainStore>                     the tree of blocks and fork choice, over any store
//!   proof compact filter snapshot                         the chain for those who have not all of it
//!   wallet       Wallet                                   a key's coins and payments, updated block by block
//! ```
//!
//! Nothing here reads a clock, a network, a database or a source of randomness: time is an argument, storage is a
//! trait. A test, a simulator and a node therefore run the same code.
//!
//! # A chain in memory
//!
//! ```
//! use toycoin_core::{Amount, Applied, Chain, ChainParams, Rule, SecretKey, Transaction, TxOut};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut chain = Chain::in_memory(ChainParams::regtest());
//! let (alice, bob) = (SecretKey::classroom(0), SecretKey::classroom(1));
//! let now_ms = 1_767_225_700_000;
//!
//! // Alice gives Bob all that she has
//! let (outpoint, coin) = chain.coins_of(&alice.public_key())?[0];
//! let output = TxOut { value: coin.output.value, owner: bob.public_key() };
//! let mut payment = Transaction { version: 1, inputs: vec![outpoint], outputs: vec![output], signatures: vec![] };
//! payment.sign_all(chain.params().genesis_hash(), &[coin.output], &alice);
//!
//! let block = chain.template(vec![payment], bob.public_key(), b"my first block", now_ms)?.mine_trivial();
//! assert!(matches!(chain.apply(block, now_ms)?, Applied::Extended { height: 1 }));
//! assert_eq!(chain.coins_of(&bob.public_key())?.len(), 3, "his own, hers, and the reward");
//!
//! // a miner who helps himself to a grain more is told which rule he broke
//! let mut greedy = chain.template(vec![], bob.public_key(), b"", now_ms)?;
//! greedy.coinbase.outputs[0].value = Amount::from_grains(5_000_000_001);
//! greedy.header.merkle_root = greedy.merkle_root();
//! let error = chain.apply(greedy.mine_trivial(), now_ms).unwrap_err();
//! assert_eq!(error.rule(), Some(Rule::CoinbaseAmount));
//! assert_eq!(error.to_string(), "coinbase pays 50.00000001, subsidy and fees allow 50.00000000 (rule R29)");
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! No feature is on by default.
//!
//! - `serde` derives serde's traits.
//! - `parallel` spreads signature checks and hashes over several cores.
//! - `vectors` adds the paths for vector units to [`batch::Path`]. Callers choose them.
//! - `sandbox` adds a constructor of networks in which single rules are switched off, to show what each rule prevents.
//! - `gallery` adds a valid block in its context, and one mutation per rule that breaks it (module `test_util`). It
//!   includes `sandbox`.
//! - `test-util` adds strategies, builders and a suite for stores, for property tests. It includes `gallery`.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::cast_possible_truncation))]

mod address;
mod amount;
pub mod batch;
mod block;
mod builder;
pub mod chain;
mod commitment;
pub mod compact;
pub mod consensus;
mod difficulty;
mod digest;
pub mod export;
pub mod filter;
mod header;
pub mod hex;
mod human_duration;
mod identified_block;
mod identified_transaction;
mod identity;
pub mod keyed_map;
mod keys;
mod merkle;
mod network_builder;
mod padding;
mod params;
pub mod proof;
mod rule;
pub mod selection;
mod signer;
pub mod snapshot;
pub mod state;
pub mod store;
mod subsidy;
mod target;
#[cfg(feature = "gallery")]
pub mod test_util;
mod transaction;
mod tree;
pub mod utxo;
pub mod wallet;

// shown with their summaries on this page instead of as bare names
#[doc(inline)]
pub use self::{
    address::{Address, AddressError, AddressPrefix},
    amount::{Amount, FeeRate, GRAINS_PER_TOYCOIN, ParseAmountError},
    block::Block,
    builder::{BuildError, TransactionBuilder, Unsigned, UnsignedError, Unspendable},
    chain::{Applied, Audit, Chain, ChainError, HeaderTree, Tip},
    commitment::{Commitment, Domain},
    consensus::{CheckedBlock, ConnectedBlock, RuleError},
    difficulty::asert,
    digest::{BlockHash, MerkleRoot, ParseHexError, Sighash, StateRoot, Txid, Wtxid},
    header::Header,
    human_duration::HumanDuration,
    identified_block::IdentifiedBlock,
    identified_transaction::IdentifiedTransaction,
    keys::{PublicKey, SecretKey, SecretKeyError, Signature, verify},
    merkle::{InclusionProof, merkle_root},
    network_builder::NetworkBuilder,
    padding::pad_whole,
    params::{ChainParams, NetworkSpec, ParamsError, Retargeting},
    rule::Rule,
    signer::Signer,
    store::{ChainStore, MemoryStore},
    subsidy::{INITIAL_SUBSIDY, subsidy},
    target::{CompactTarget, CompactTargetError, Target, Work},
    transaction::{Coinbase, OutPoint, Transaction, TxOut, sighash},
    utxo::{Coin, UtxoView},
    wallet::{Balance, Payment, PaymentStatus, Wallet},
};

/// The example of the README, as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
