//! The parameters of a network: everything in which two networks may differ, as data.

mod error;
mod known;
mod spec;

use std::sync::Arc;

pub use self::{
    error::ParamsError,
    spec::{NetworkSpec, Retargeting},
};
use crate::{
    address::Address,
    amount::Amount,
    block::Block,
    digest::{BlockHash, MerkleRoot, StateRoot, Txid},
    header::Header,
    keys::PublicKey,
    params::spec::MAX_NAME,
    rule::{Rule, RuleSet},
    state::ChainState,
    subsidy::{self, subsidy},
    target::{CompactTarget, Target, Work},
    transaction::{BASE_SIZE, Coinbase, OUTPUT_SIZE, Transaction},
    utxo::{Coin, UtxoDiff},
};

/// The parameters of a network, with its genesis block. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct ChainParams(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    spec: NetworkSpec,
    limit: Target,
    genesis: Block,
    genesis_hash: BlockHash,
    genesis_txid: Txid,
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

    /// Returns the id of genesis' coinbase, which creates its coins.
    pub(crate) fn genesis_txid(&self) -> Txid {
        self.0.genesis_txid
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

    fn build(spec: NetworkSpec, disabled: RuleSet) -> Result<Self, ParamsError> {
        let limit = check(&spec)?;
        let coinbase = Coinbase { height: 0, extra: spec.extra.clone(), outputs: spec.allocations.clone() };
        let mut genesis_coins = UtxoDiff::default();
        let genesis_txid = coinbase.txid();
        for (outpoint, output) in coinbase.outpoints(genesis_txid) {
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
        let inner = Inner { spec, limit, genesis, genesis_hash, genesis_txid, genesis_state, genesis_coins, disabled };
        Ok(Self(Arc::new(inner)))
    }
}

/// Two sets of parameters are equal if they define the same network and enforce the same rules.
impl PartialEq for ChainParams {
    fn eq(&self, other: &Self) -> bool {
        self.0.spec == other.0.spec && self.0.disabled == other.0.disabled
    }
}

impl Eq for ChainParams {}

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
