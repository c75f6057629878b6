//! The parameters of a network: everything in which two networks may differ, as data.

use std::sync::Arc;

use thiserror::Error;

use crate::{
    address::{Address, AddressPrefix},
    amount::Amount,
    block::Block,
    digest::{BlockHash, MerkleRoot, StateRoot},
    header::Header,
    keys::{PublicKey, SecretKey},
    rule::{Rule, RuleSet},
    state::ChainState,
    subsidy::{self, subsidy},
    target::{CompactTarget, Target, Work},
    transaction::{BASE_SIZE, Coinbase, OUTPUT_SIZE, Transaction, TxOut},
    utxo::{Coin, UtxoDiff},
};

/// Difficulty adjustment: how the target follows the times of the blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retargeting {
    /// The target block spacing, in milliseconds, at least 1.
    pub spacing_ms: u64,
    /// The delay that doubles the target, in milliseconds, at least the spacing.
    pub half_life_ms: u64,
}

/// The definition of a network, to be filled in for a network of one's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkSpec {
    /// The network's name in logs and in the export: 1 to 32 lower-case letters, digits and hyphens.
    pub name: String,
    /// The prefix of the network's addresses.
    pub address_prefix: AddressPrefix,
    /// The difficulty rule. With `None`, every block has the bits of genesis.
    pub retargeting: Option<Retargeting>,
    /// How far a block's time may lie ahead of now, in milliseconds (rule R14).
    pub max_future_ms: u64,
    /// Coinbase maturity: the number of blocks after which a coinbase's coins may be spent, at least 1 (rule R23).
    pub coinbase_maturity: u64,
    /// The number of blocks after which the subsidy halves, at least 1.
    pub halving_interval: u64,
    /// The block size limit, in bytes by formula (rule R05): from [`ChainParams::MIN_BLOCK_SIZE_LIMIT`] to
    /// [`ChainParams::MAX_BLOCK_SIZE_LIMIT`].
    pub block_size_limit: u64,
    /// The bits of genesis and of blocks 1 and 2.
    pub genesis_bits: CompactTarget,
    /// The easiest bits that a block may have.
    pub limit_bits: CompactTarget,
    /// The least work of a chain, genesis included, whose headers a node accepts from peers. `None` stands for the work
    /// of genesis, which every chain has.
    ///
    /// It keeps a new node from storing long chains of little work. Blocks that a node mines, has in its store or
    /// [applies](crate::Chain::apply) are not subject to it. The work must be within reach of the headers that a node
    /// buffers during download, whose number docs/protocol.md limits.
    pub minimum_work: Option<Work>,
    /// The time of genesis, in Unix milliseconds.
    pub genesis_time: u64,
    /// The data of the genesis coinbase, at most 64 bytes. Other data makes another network.
    pub extra: Vec<u8>,
    /// The coins that genesis creates, spendable from block 1.
    pub allocations: Vec<TxOut>,
}

/// The reason why a network definition is invalid.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ParamsError {
    /// The name is not 1 to 32 lower-case letters, digits and hyphens, so logs or the export could not show it as it is.
    #[error("{0:?} is no network's name: 1 to {MAX_NAME} lower-case letters, digits and hyphens")]
    BadName(String),
    /// The coinbase maturity is 0. A coin must be older than its own block to be spent.
    #[error("maturity must be at least 1 block")]
    ZeroMaturity,
    /// The halving interval is 0.
    #[error("halving must be at least 1 block")]
    ZeroHalving,
    /// The block spacing is 0.
    #[error("retargeting needs a spacing of at least 1 ms")]
    ZeroSpacing,
    /// The half-life is shorter than the spacing. A block without delay would make the next one more than twice as
    /// hard.
    #[error("half-life of {half_life_ms} ms is shorter than the spacing of {spacing_ms} ms; make it at least as long")]
    HalfLifeBelowSpacing {
        /// The half-life, in milliseconds.
        half_life_ms: u64,
        /// The spacing, in milliseconds.
        spacing_ms: u64,
    },
    /// The block size limit is above what one message carries.
    #[error("block size limit of {limit} bytes is too large: one message carries blocks of at most {most}")]
    BlockLimitTooLarge {
        /// The network's limit, in bytes.
        limit: u64,
        /// The largest limit that is allowed, in bytes.
        most: u64,
    },
    /// The block size limit leaves no room to pay a miner.
    #[error("block size limit of {limit} bytes is too small: a header and a coinbase with one output need {least}")]
    BlockLimitTooSmall {
        /// The network's limit, in bytes.
        limit: u64,
        /// The smallest limit that is allowed, in bytes.
        least: u64,
    },
    /// The bits are no target, or not in the canonical form of their target.
    #[error("{0} is not how a target is written in compact form")]
    NonCanonicalBits(CompactTarget),
    /// Genesis is easier than the limit.
    #[error("genesis bits {genesis} are easier than the limit {limit}")]
    BitsAboveLimit {
        /// The bits of genesis.
        genesis: CompactTarget,
        /// The easiest bits of the network.
        limit: CompactTarget,
    },
    /// An allocation is out of range: rule R18 holds for genesis too.
    #[error("an allocation must be from 1 grain to 21000000 toycoins")]
    AllocationOutOfRange,
    /// The data of the genesis coinbase is too long: rule R17 holds for genesis too.
    #[error("genesis extra has {0} bytes, {most} are allowed", most = Coinbase::MAX_EXTRA)]
    ExtraTooLong(usize),
    /// Genesis is larger than a block may be: rule R05 holds for genesis too.
    #[error("genesis takes {size} bytes, the network's limit is {limit}")]
    GenesisTooLarge {
        /// The size of genesis by formula, in bytes.
        size: u64,
        /// The network's limit, in bytes.
        limit: u64,
    },
    /// The time of genesis is too late: rule R13 holds for genesis too.
    #[error("genesis time must be below 2^48 ms")]
    TimeOutOfRange,
    /// The allocations and all subsidies together exceed the money limit.
    #[error("allocations and all subsidies together come to more than 21000000 toycoins")]
    TooMuchMoney,
    /// A sandbox has the genesis of a real network.
    #[error("a sandbox must not have the genesis of a real network")]
    SandboxOfRealNetwork,
}

/// The parameters of a network, with its genesis block. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct ChainParams(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    spec: NetworkSpec,
    limit: Target,
    genesis: Block,
    genesis_hash: BlockHash,
    genesis_state: ChainState,
    genesis_coins: UtxoDiff,
    disabled: RuleSet,
}

impl ChainParams {
    /// Greatest length of a coinbase's data, in bytes.
    pub const MAX_EXTRA: usize = Coinbase::MAX_EXTRA;

    /// Greatest block size limit that a network may set, in bytes by formula.
    ///
    /// One `BLOC` message of the wire protocol carries such a block, which encodes to at most 1,076,812 bytes.
    pub const MAX_BLOCK_SIZE_LIMIT: u64 = 1_000_000;

    /// Smallest block size limit that a network may set, in bytes by formula: a header, and a coinbase with one output
    /// and [`Coinbase::MAX_EXTRA`] bytes of data.
    pub const MIN_BLOCK_SIZE_LIMIT: u64 = Header::SIZE as u64 + BASE_SIZE + Coinbase::MAX_EXTRA as u64 + OUTPUT_SIZE;

    /// Builds a network and its genesis.
    ///
    /// # Errors
    /// When the parameters contradict themselves; see [`ParamsError`].
    pub fn new(spec: NetworkSpec) -> Result<Self, ParamsError> {
        Self::build(spec, RuleSet::NONE)
    }

    /// Builds a network in which the given rules are not enforced, to show what they prevent.
    ///
    /// # Errors
    /// As [`new`](Self::new), and when the genesis is that of a real network.
    #[cfg(feature = "sandbox")]
    pub fn sandbox(spec: NetworkSpec, disabled: impl IntoIterator<Item = Rule>) -> Result<Self, ParamsError> {
        let params = Self::build(spec, disabled.into_iter().collect())?;
        let real = [Self::lab(), Self::reference(), Self::regtest()];
        if real.iter().any(|real| real.genesis_hash() == params.genesis_hash()) {
            return Err(ParamsError::SandboxOfRealNetwork);
        }
        Ok(params)
    }

    /// The network of the examples: a block every 2 seconds, and coins in genesis for four classroom wallets.
    pub fn lab() -> Self {
        Self::known(NetworkSpec {
            name: "lab".into(),
            address_prefix: AddressPrefix::LAB,
            retargeting: Some(Retargeting { spacing_ms: 2_000, half_life_ms: 40_000 }),
            max_future_ms: 10_000,
            coinbase_maturity: 5,
            halving_interval: 100_000,
            block_size_limit: 1_000_000,
            genesis_bits: CompactTarget::from_bits(0x1e01_0000),
            limit_bits: CompactTarget::from_bits(0x1f01_0000),
            minimum_work: None,
            genesis_time: GENESIS_TIME,
            extra: b"toycoin lab".to_vec(),
            allocations: classroom_allocations(),
        })
    }

    /// The network with the strictest parameters: a block every minute, and no coins in genesis.
    pub fn reference() -> Self {
        Self::known(NetworkSpec {
            name: "reference".into(),
            address_prefix: AddressPrefix::REFERENCE,
            retargeting: Some(Retargeting { spacing_ms: 60_000, half_life_ms: 8_640_000 }),
            max_future_ms: 120_000,
            coinbase_maturity: 100,
            halving_interval: 210_000,
            block_size_limit: 1_000_000,
            genesis_bits: CompactTarget::from_bits(0x1d00_ffff),
            limit_bits: CompactTarget::from_bits(0x1d00_ffff),
            minimum_work: None,
            genesis_time: GENESIS_TIME,
            extra: b"toycoin reference".to_vec(),
            allocations: Vec::new(),
        })
    }

    /// The network of tests: every second hash is a block, and the difficulty never changes.
    pub fn regtest() -> Self {
        Self::known(NetworkSpec {
            name: "regtest".into(),
            address_prefix: AddressPrefix::REGTEST,
            retargeting: None,
            max_future_ms: 3_600_000,
            coinbase_maturity: 2,
            halving_interval: 150,
            block_size_limit: 1_000_000,
            genesis_bits: CompactTarget::from_bits(0x207f_ffff),
            limit_bits: CompactTarget::from_bits(0x207f_ffff),
            minimum_work: None,
            genesis_time: GENESIS_TIME,
            extra: b"toycoin regtest".to_vec(),
            allocations: classroom_allocations(),
        })
    }

    /// Returns the definition of the network.
    pub fn spec(&self) -> &NetworkSpec {
        &self.0.spec
    }

    /// Returns the genesis block.
    pub fn genesis(&self) -> &Block {
        &self.0.genesis
    }

    /// Returns the hash of genesis, which identifies the network.
    pub fn genesis_hash(&self) -> BlockHash {
        self.0.genesis_hash
    }

    /// Returns the state after genesis.
    pub fn genesis_state(&self) -> &ChainState {
        &self.0.genesis_state
    }

    /// Returns the coins that genesis creates, as a change of the empty UTXO set.
    pub fn genesis_coins(&self) -> &UtxoDiff {
        &self.0.genesis_coins
    }

    /// Returns the easiest target that a block may have.
    pub fn limit(&self) -> Target {
        self.0.limit
    }

    /// Returns the least work of a chain, genesis included, whose headers a node accepts from peers.
    ///
    /// [`Chain`](crate::Chain) does not check it.
    pub fn minimum_work(&self) -> Work {
        let genesis = self.0.spec.genesis_bits.to_target().map(Target::work).unwrap_or_default();
        self.0.spec.minimum_work.unwrap_or_default().max(genesis)
    }

    /// Returns the size of the largest transaction that fits in a block beside a coinbase with one output, in bytes by
    /// formula. It is [`Transaction::MAX_SIZE`], or less where blocks are small.
    pub fn max_transaction_size(&self) -> u64 {
        let room = self.0.spec.block_size_limit.saturating_sub(Self::MIN_BLOCK_SIZE_LIMIT);
        room.min(Transaction::MAX_SIZE)
    }

    /// Returns an owner's address on this network.
    pub fn address(&self, owner: PublicKey) -> Address {
        Address::new(self.spec().address_prefix, owner)
    }

    /// Returns the subsidy of the block at `height`: the new money that it may create.
    pub fn subsidy(&self, height: u64) -> Amount {
        subsidy(height, self.spec().halving_interval)
    }

    /// Returns whether a rule is enforced. All are, except those that a sandbox has switched off.
    pub fn enforces(&self, rule: Rule) -> bool {
        !self.0.disabled.contains(rule)
    }

    /// Returns whether every rule is enforced.
    pub(crate) fn enforces_all(&self) -> bool {
        self.0.disabled.is_empty()
    }

    fn known(spec: NetworkSpec) -> Self {
        Self::new(spec).expect("the parameters of a known network")
    }

    fn build(spec: NetworkSpec, disabled: RuleSet) -> Result<Self, ParamsError> {
        let limit = check(&spec)?;
        let coinbase = Coinbase { height: 0, extra: spec.extra.clone(), outputs: spec.allocations.clone() };
        let mut genesis_coins = UtxoDiff::default();
        for (outpoint, output) in coinbase.outpoints(coinbase.txid()) {
            genesis_coins.create(outpoint, Coin { output: *output, coinbase_height: 0 });
        }
        let mut genesis_state = ChainState::default();
        genesis_state.apply(&genesis_coins);
        let header = Header {
            previous: BlockHash::ZERO,
            merkle_root: MerkleRoot::ZERO,
            version: Header::VERSION,
            bits: spec.genesis_bits,
            height: 0,
            time: spec.genesis_time,
            state_root: StateRoot::ZERO,
            nonce: 0,
        };
        let mut genesis = Block { header, coinbase, transactions: Vec::new() };
        genesis.header.merkle_root = genesis.merkle_root();
        genesis.header.state_root = genesis_state.root();
        let (size, limit_size) = (genesis.size(), spec.block_size_limit);
        if size > limit_size {
            return Err(ParamsError::GenesisTooLarge { size, limit: limit_size });
        }
        let genesis_hash = genesis.hash();
        Ok(Self(Arc::new(Inner { spec, limit, genesis, genesis_hash, genesis_state, genesis_coins, disabled })))
    }
}

/// Two sets of parameters are equal if they define the same network and enforce the same rules.
impl PartialEq for ChainParams {
    fn eq(&self, other: &Self) -> bool {
        self.0.spec == other.0.spec && self.0.disabled == other.0.disabled
    }
}

impl Eq for ChainParams {}

/// Greatest length of a network's name, in bytes.
const MAX_NAME: usize = 32;

/// The time of genesis in the networks here: 2026-01-01 00:00:00 UTC, in Unix milliseconds.
const GENESIS_TIME: u64 = 1_767_225_600_000;

/// Returns 100, 50, 25 and 10 toycoins for classroom keys 0 to 3.
fn classroom_allocations() -> Vec<TxOut> {
    (0..)
        .zip([100, 50, 25, 10])
        .map(|(key, toycoins)| TxOut {
            value: Amount::from_grains(toycoins * crate::amount::GRAINS_PER_TOYCOIN),
            owner: SecretKey::classroom(key).public_key(),
        })
        .collect()
}

/// Checks the parameters and returns the limit's target.
fn check(spec: &NetworkSpec) -> Result<Target, ParamsError> {
    let is_fine = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if spec.name.is_empty() || spec.name.len() > MAX_NAME || !spec.name.bytes().all(is_fine) {
        return Err(ParamsError::BadName(spec.name.clone()));
    }
    if spec.coinbase_maturity == 0 {
        return Err(ParamsError::ZeroMaturity);
    }
    if spec.halving_interval == 0 {
        return Err(ParamsError::ZeroHalving);
    }
    if let Some(Retargeting { spacing_ms, half_life_ms }) = spec.retargeting {
        if spacing_ms == 0 {
            return Err(ParamsError::ZeroSpacing);
        }
        if half_life_ms < spacing_ms {
            return Err(ParamsError::HalfLifeBelowSpacing { half_life_ms, spacing_ms });
        }
    }
    let (limit, least, most) =
        (spec.block_size_limit, ChainParams::MIN_BLOCK_SIZE_LIMIT, ChainParams::MAX_BLOCK_SIZE_LIMIT);
    if limit < least {
        return Err(ParamsError::BlockLimitTooSmall { limit, least });
    }
    if limit > most {
        return Err(ParamsError::BlockLimitTooLarge { limit, most });
    }
    let target = |bits: CompactTarget| {
        bits.to_target().ok().filter(|_| bits.is_canonical()).ok_or(ParamsError::NonCanonicalBits(bits))
    };
    let limit = target(spec.limit_bits)?;
    if target(spec.genesis_bits)? > limit {
        return Err(ParamsError::BitsAboveLimit { genesis: spec.genesis_bits, limit: spec.limit_bits });
    }
    if spec.genesis_time >= Header::TIME_LIMIT {
        return Err(ParamsError::TimeOutOfRange);
    }
    if spec.extra.len() > Coinbase::MAX_EXTRA {
        return Err(ParamsError::ExtraTooLong(spec.extra.len()));
    }
    if !spec.allocations.iter().all(|output| output.value.is_coin_value()) {
        return Err(ParamsError::AllocationOutOfRange);
    }
    let subsidies = subsidy::total(spec.halving_interval).ok_or(ParamsError::TooMuchMoney)?;
    let money = spec.allocations.iter().map(|output| output.value).chain([subsidies]);
    Amount::sum_in_range(money).ok_or(ParamsError::TooMuchMoney)?;
    Ok(limit)
}

#[cfg(test)]
mod tests;
