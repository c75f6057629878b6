//! The chapters of docs/book, whose programs are compiled and run as documentation tests.

/// Chapter 1.
#[doc = include_str!("../../docs/book/src/01-coin.md")]
pub struct Coin;

/// Chapter 2.
#[doc = include_str!("../../docs/book/src/02-transaction.md")]
pub struct Transaction;

/// Chapter 3.
#[doc = include_str!("../../docs/book/src/03-block.md")]
pub struct Block;

/// Chapter 4.
#[doc = include_str!("../../docs/book/src/04-work.md")]
pub struct Work;

/// Chapter 5.
#[doc = include_str!("../../docs/book/src/05-difficulty.md")]
pub struct Difficulty;

/// Chapter 6.
#[doc = include_str!("../../docs/book/src/06-chain.md")]
pub struct Chain;

/// Chapter 7.
#[doc = include_str!("../../docs/book/src/07-mempool.md")]
pub struct Mempool;

/// Chapter 8.
#[doc = include_str!("../../docs/book/src/08-node.md")]
pub struct Node;

/// Chapter 9.
#[doc = include_str!("../../docs/book/src/09-relay.md")]
pub struct Relay;

/// Chapter 10.
#[doc = include_str!("../../docs/book/src/10-wallet.md")]
pub struct Wallet;

/// Chapter 11.
#[doc = include_str!("../../docs/book/src/11-state-root.md")]
pub struct StateRoot;

/// Chapter 12.
#[doc = include_str!("../../docs/book/src/12-light-client.md")]
pub struct LightClient;

/// Chapter 13.
#[doc = include_str!("../../docs/book/src/13-attacks.md")]
pub struct Attacks;
