//! Broken rules as errors: one variant per rule, with the facts.

use thiserror::Error;

use crate::{
    amount::Amount,
    digest::{BlockHash, MerkleRoot, StateRoot, Txid},
    human_duration::HumanDuration,
    rule::Rule,
    target::CompactTarget,
    transaction::{Coinbase, OutPoint, Transaction},
};

/// A rule that a block or a transaction breaks. Each variant states the rule, and each message ends with the rule's
/// number.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RuleError {
    /// A transaction's version is 1.
    #[error("transaction {txid} has version {found}, not 1 (rule R01)")]
    TransactionVersion {
        /// The transaction.
        txid: Txid,
        /// Its version.
        found: u32,
    },
    /// A transaction has at least one input.
    #[error("transaction {txid} has no input (rule R02)")]
    InputCount {
        /// The transaction.
        txid: Txid,
    },
    /// A transaction has at least one output.
    #[error("transaction {txid} has no output (rule R03)")]
    OutputCount {
        /// The transaction.
        txid: Txid,
    },
    /// A transaction has one signature for each input.
    #[error("transaction {txid} has {signatures} signatures for {inputs} inputs (rule R04)")]
    SignatureCount {
        /// The transaction.
        txid: Txid,
        /// The number of its signatures.
        signatures: usize,
        /// The number of its inputs.
        inputs: usize,
    },
    /// A transaction's size is at most 100,000 bytes.
    #[error("transaction {txid} has {size} bytes, {} are allowed (rule R33)", Transaction::MAX_SIZE)]
    TransactionSize {
        /// The transaction.
        txid: Txid,
        /// Its size by formula, in bytes.
        size: u64,
    },
    /// A block's size is at most the network's limit.
    #[error("block of {size} bytes, {limit} are allowed (rule R05)")]
    BlockSize {
        /// The block's size by formula, in bytes.
        size: u64,
        /// The network's limit, in bytes.
        limit: u64,
    },
    /// A header's version is 1.
    #[error("header of version {found}, not 1 (rule R06)")]
    HeaderVersion {
        /// Its version.
        found: u32,
    },
    /// A header's bits are a target of at least 1 and at most the network's limit.
    #[error("bits {bits} are no target within the network's limit (rule R07)")]
    TargetRange {
        /// The header's bits.
        bits: CompactTarget,
    },
    /// A header names its parent's hash.
    #[error("previous block is {found}, expected {expected} (rule R08)")]
    PreviousBlock {
        /// The hash that the header names.
        found: BlockHash,
        /// The parent's hash.
        expected: BlockHash,
    },
    /// A header's height is its parent's plus one.
    #[error("height is {found}, expected {expected} (rule R09)")]
    Height {
        /// The header's height.
        found: u64,
        /// The parent's height plus one.
        expected: u64,
    },
    /// A header's bits are exactly the expected ones.
    #[error("bits are {found}, expected {expected} (rule R10)")]
    Bits {
        /// The header's bits.
        found: CompactTarget,
        /// The bits that the difficulty rule gives.
        expected: CompactTarget,
    },
    /// A block's hash, as a big-endian number, is at most the target.
    #[error("hash {hash} is above the target of bits {bits} (rule R11)")]
    ProofOfWork {
        /// The block's hash.
        hash: BlockHash,
        /// The header's bits.
        bits: CompactTarget,
    },
    /// A header's time is above its parent's.
    #[error("time {time} ms is not above the parent's {parent} ms (rule R12)")]
    TimeAboveParent {
        /// The header's time, in Unix milliseconds.
        time: u64,
        /// The parent's time, in Unix milliseconds.
        parent: u64,
    },
    /// A header's time is below 2^48 milliseconds.
    #[error("time {time} ms is not below 2^48 (rule R13)")]
    TimeRange {
        /// The header's time, in Unix milliseconds.
        time: u64,
    },
    /// A header's time is at most `max_future_ms` ahead of now. A block further ahead waits.
    #[error("time is {} ahead of the latest that is allowed now (rule R14)", HumanDuration::from_ms(time.saturating_sub(*latest)))]
    TimeNotInFuture {
        /// The header's time, in Unix milliseconds.
        time: u64,
        /// The latest time that is allowed now: the current time plus the network's `max_future_ms`.
        latest: u64,
    },
    /// A header's Merkle root is that of the block's transactions.
    #[error("merkle root of the transactions is {found}, the header says {expected} (rule R15)")]
    MerkleRoot {
        /// The Merkle root of the body.
        found: MerkleRoot,
        /// The Merkle root in the header.
        expected: MerkleRoot,
    },
    /// A coinbase names the height of its header.
    #[error("coinbase says height {found}, the header {expected} (rule R16)")]
    CoinbaseHeight {
        /// The height in the coinbase.
        found: u64,
        /// The height in the header.
        expected: u64,
    },
    /// A coinbase's data has at most 64 bytes.
    #[error("coinbase has {found} bytes of extra, {} are allowed (rule R17)", Coinbase::MAX_EXTRA)]
    CoinbaseExtra {
        /// The length of the data, in bytes.
        found: usize,
    },
    /// A coinbase's outputs are 1 to MAX_MONEY grains each.
    #[error("coinbase output {vout} is worth {value}, out of range (rule R18)")]
    CoinbaseOutputValue {
        /// The index of the output, from 0.
        vout: usize,
        /// Its value.
        value: Amount,
    },
    /// A coinbase's outputs add up to at most MAX_MONEY.
    #[error("coinbase outputs add up to more than there can be (rule R19)")]
    CoinbaseOutputSum,
    /// A transaction spends no coin twice.
    #[error("transaction {txid} spends {outpoint} twice (rule R20)")]
    DuplicateInput {
        /// The transaction.
        txid: Txid,
        /// The coin that it spends twice.
        outpoint: OutPoint,
    },
    /// No two transactions of a block spend the same coin.
    #[error("transaction {txid} spends {outpoint}, as one before it in the block does (rule R21)")]
    DuplicateInputInBlock {
        /// The later transaction.
        txid: Txid,
        /// The coin that both spend.
        outpoint: OutPoint,
    },
    /// An input spends a coin that exists.
    #[error("transaction {txid} spends {outpoint}, which does not exist (rule R22)")]
    CoinExists {
        /// The transaction.
        txid: Txid,
        /// The coin that it names.
        outpoint: OutPoint,
    },
    /// Coinbase maturity: a coinbase's coin is spent no earlier than `coinbase_maturity` blocks after its own.
    #[error(
        "transaction {txid} spends {outpoint} of the coinbase at height {created}, too young at height {height} (rule R23)"
    )]
    CoinbaseMaturity {
        /// The transaction.
        txid: Txid,
        /// The immature coin.
        outpoint: OutPoint,
        /// The coinbase's height.
        created: u64,
        /// The spending block's height.
        height: u64,
    },
    /// A transaction's outputs are 1 to MAX_MONEY grains each.
    #[error("output {vout} of transaction {txid} is worth {value}, out of range (rule R24)")]
    OutputValue {
        /// The transaction.
        txid: Txid,
        /// The index of the output, from 0.
        vout: usize,
        /// Its value.
        value: Amount,
    },
    /// A transaction's outputs add up to at most MAX_MONEY.
    #[error("outputs of transaction {txid} add up to more than there can be (rule R25)")]
    OutputSum {
        /// The transaction.
        txid: Txid,
    },
    /// A transaction's inputs add up to at most MAX_MONEY.
    #[error("inputs of transaction {txid} add up to more than there can be (rule R26)")]
    InputSum {
        /// The transaction.
        txid: Txid,
    },
    /// A transaction's outputs are worth no more than its inputs.
    #[error("transaction {txid} spends {inputs} and pays {outputs} (rule R27)")]
    ValueBalance {
        /// The transaction.
        txid: Txid,
        /// The sum of its inputs.
        inputs: Amount,
        /// The sum of its outputs.
        outputs: Amount,
    },
    /// A block's fees add up to at most MAX_MONEY.
    #[error("fees add up to more than there can be (rule R28)")]
    FeeSum,
    /// A coinbase's outputs add up to exactly the subsidy and the fees.
    #[error("coinbase pays {found}, subsidy and fees allow {allowed} (rule R29)")]
    CoinbaseAmount {
        /// The sum of the coinbase's outputs.
        found: Amount,
        /// The block's subsidy plus its fees.
        allowed: Amount,
    },
    /// The money issued after a block is at most MAX_MONEY.
    #[error("issued money comes to {issued}, more than there can be (rule R30)")]
    Supply {
        /// The money issued after the block.
        issued: Amount,
    },
    /// Each input carries its coin's owner's BIP-340 signature of the sighash.
    #[error("input {input} of transaction {txid} is not signed by its coin's owner (rule R31)")]
    Signature {
        /// The transaction.
        txid: Txid,
        /// The index of the input, from 0.
        input: usize,
    },
    /// A header's state root is that of the state after the block.
    #[error("state root is {found}, the state after the block has {expected} (rule R32)")]
    StateRoot {
        /// The state root in the header.
        found: StateRoot,
        /// The root of the state after the block.
        expected: StateRoot,
    },
}

impl RuleError {
    /// Returns the rule that is broken.
    pub const fn rule(&self) -> Rule {
        match self {
            Self::TransactionVersion { .. } => Rule::TransactionVersion,
            Self::InputCount { .. } => Rule::InputCount,
            Self::OutputCount { .. } => Rule::OutputCount,
            Self::SignatureCount { .. } => Rule::SignatureCount,
            Self::TransactionSize { .. } => Rule::TransactionSize,
            Self::BlockSize { .. } => Rule::BlockSize,
            Self::HeaderVersion { .. } => Rule::HeaderVersion,
            Self::TargetRange { .. } => Rule::TargetRange,
            Self::PreviousBlock { .. } => Rule::PreviousBlock,
            Self::Height { .. } => Rule::Height,
            Self::Bits { .. } => Rule::Bits,
            Self::ProofOfWork { .. } => Rule::ProofOfWork,
            Self::TimeAboveParent { .. } => Rule::TimeAboveParent,
            Self::TimeRange { .. } => Rule::TimeRange,
            Self::TimeNotInFuture { .. } => Rule::TimeNotInFuture,
            Self::MerkleRoot { .. } => Rule::MerkleRoot,
            Self::CoinbaseHeight { .. } => Rule::CoinbaseHeight,
            Self::CoinbaseExtra { .. } => Rule::CoinbaseExtra,
            Self::CoinbaseOutputValue { .. } => Rule::CoinbaseOutputValue,
            Self::CoinbaseOutputSum => Rule::CoinbaseOutputSum,
            Self::DuplicateInput { .. } => Rule::DuplicateInput,
            Self::DuplicateInputInBlock { .. } => Rule::DuplicateInputInBlock,
            Self::CoinExists { .. } => Rule::CoinExists,
            Self::CoinbaseMaturity { .. } => Rule::CoinbaseMaturity,
            Self::OutputValue { .. } => Rule::OutputValue,
            Self::OutputSum { .. } => Rule::OutputSum,
            Self::InputSum { .. } => Rule::InputSum,
            Self::ValueBalance { .. } => Rule::ValueBalance,
            Self::FeeSum => Rule::FeeSum,
            Self::CoinbaseAmount { .. } => Rule::CoinbaseAmount,
            Self::Supply { .. } => Rule::Supply,
            Self::Signature { .. } => Rule::Signature,
            Self::StateRoot { .. } => Rule::StateRoot,
        }
    }

    /// Returns whether waiting can make the block valid: its time is too far ahead of now.
    pub const fn is_deferred(&self) -> bool {
        matches!(self, Self::TimeNotInFuture { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_ends_with_its_rule() {
        let error = RuleError::CoinbaseAmount {
            found: Amount::from_grains(5_100_000_000),
            allowed: Amount::from_grains(5_000_000_012),
        };
        assert_eq!(error.rule(), Rule::CoinbaseAmount);
        assert_eq!(error.to_string(), "coinbase pays 51.00000000, subsidy and fees allow 50.00000012 (rule R29)");
        assert!(RuleError::FeeSum.to_string().ends_with(&format!("(rule {})", Rule::FeeSum)));
    }
}
