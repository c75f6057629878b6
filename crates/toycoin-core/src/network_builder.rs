//! A builder of one's own network, with defaults that fit each other.

use std::time::Duration;

use crate::{
    address::AddressPrefix,
    amount::Amount,
    keys::PublicKey,
    params::{ChainParams, NetworkSpec, ParamsError, Retargeting},
    target::{CompactTarget, Work},
    transaction::TxOut,
};

/// Builds the parameters of a network. It begins with those of [`lab`](ChainParams::lab), without coins in genesis.
///
/// ```
/// use std::time::Duration;
/// use toycoin_core::{AddressPrefix, Amount, ChainParams, SecretKey};
///
/// let teacher = SecretKey::classroom(0).public_key();
/// let school = ChainParams::builder("school")
///     .address_prefix(AddressPrefix::new("tschool").expect("lower-case letters"))
///     .spacing(Duration::from_secs(10))
///     .allocate(teacher, Amount::from_toycoins(1_000)?)
///     .build()?;
/// assert!(school.address(teacher).to_string().starts_with("tschool1"));
/// assert_ne!(school.genesis_hash(), ChainParams::lab().genesis_hash());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct NetworkBuilder {
    spec: NetworkSpec,
    half_life_ms: Option<u64>,
    max_future_ms: Option<u64>,
}

/// The default half-life, in block spacings.
const HALF_LIFE_SPACINGS: u64 = 20;
/// The default limit of a block's time ahead of now, in block spacings.
const MAX_FUTURE_SPACINGS: u64 = 5;

impl ChainParams {
    /// Returns a builder of a network with that name: 1 to 32 lower-case letters, digits and hyphens.
    pub fn builder(name: &str) -> NetworkBuilder {
        NetworkBuilder::new(name)
    }
}

impl NetworkBuilder {
    fn new(name: &str) -> Self {
        let spec = NetworkSpec {
            name: name.to_owned(),
            extra: format!("toycoin {name}").into_bytes(),
            allocations: Vec::new(),
            ..ChainParams::lab().spec().clone()
        };
        Self { spec, half_life_ms: None, max_future_ms: None }
    }

    /// Sets the prefix of addresses, `tlab` by default.
    #[must_use]
    pub const fn address_prefix(mut self, prefix: AddressPrefix) -> Self {
        self.spec.address_prefix = prefix;
        self
    }

    /// Sets the target block spacing, 2 s by default.
    ///
    /// Two other defaults follow from it: the half-life is 20 spacings, and a block's time may lie 5 spacings ahead of
    /// now.
    #[must_use]
    pub fn spacing(mut self, spacing: Duration) -> Self {
        let spacing_ms = millis(spacing);
        self.spec.retargeting = Some(Retargeting { spacing_ms, half_life_ms: spacing_ms });
        self
    }

    /// Sets the delay that doubles the target.
    #[must_use]
    pub fn half_life(mut self, half_life: Duration) -> Self {
        self.half_life_ms = Some(millis(half_life));
        self
    }

    /// Keeps the difficulty of genesis for every block.
    #[must_use]
    pub const fn fixed_difficulty(mut self) -> Self {
        self.spec.retargeting = None;
        self
    }

    /// Sets how far a block's time may lie ahead of now (rule R14).
    #[must_use]
    pub fn max_future(mut self, time: Duration) -> Self {
        self.max_future_ms = Some(millis(time));
        self
    }

    /// Sets the coinbase maturity: the number of blocks after which a coinbase's coins may be spent, 5 by default.
    #[must_use]
    pub const fn coinbase_maturity(mut self, blocks: u64) -> Self {
        self.spec.coinbase_maturity = blocks;
        self
    }

    /// Sets the number of blocks after which the subsidy halves, 100,000 by default.
    #[must_use]
    pub const fn halving_interval(mut self, blocks: u64) -> Self {
        self.spec.halving_interval = blocks;
        self
    }

    /// Sets the block size limit, in bytes by formula, 1,000,000 by default.
    #[must_use]
    pub const fn block_size_limit(mut self, bytes: u64) -> Self {
        self.spec.block_size_limit = bytes;
        self
    }

    /// Sets the difficulty of genesis and of blocks 1 and 2.
    #[must_use]
    pub const fn genesis_bits(mut self, bits: CompactTarget) -> Self {
        self.spec.genesis_bits = bits;
        self
    }

    /// Sets the easiest difficulty that a block may have.
    #[must_use]
    pub const fn limit_bits(mut self, bits: CompactTarget) -> Self {
        self.spec.limit_bits = bits;
        self
    }

    /// Sets the least work of a chain whose headers a node accepts from peers; see [`NetworkSpec::minimum_work`].
    #[must_use]
    pub const fn minimum_work(mut self, work: Work) -> Self {
        self.spec.minimum_work = Some(work);
        self
    }

    /// Sets the time of genesis, in Unix milliseconds: 2026-01-01 00:00:00 UTC by default.
    #[must_use]
    pub const fn genesis_time(mut self, unix_ms: u64) -> Self {
        self.spec.genesis_time = unix_ms;
        self
    }

    /// Sets the data of the genesis coinbase, at most 64 bytes. By default it is `toycoin` and the network's name.
    #[must_use]
    pub fn coinbase_data(mut self, data: impl Into<Vec<u8>>) -> Self {
        self.spec.extra = data.into();
        self
    }

    /// Adds a coin of `value` for an owner to genesis. Further calls add further coins.
    #[must_use]
    pub fn allocate(mut self, owner: PublicKey, value: Amount) -> Self {
        self.spec.allocations.push(TxOut { value, owner });
        self
    }

    /// Builds the parameters and the genesis block.
    ///
    /// # Errors
    /// When the parameters contradict each other; see [`ParamsError`].
    pub fn build(self) -> Result<ChainParams, ParamsError> {
        let Self { mut spec, half_life_ms, max_future_ms } = self;
        if let Some(Retargeting { spacing_ms, half_life_ms: half_life }) = &mut spec.retargeting {
            *half_life = half_life_ms.unwrap_or_else(|| spacing_ms.saturating_mul(HALF_LIFE_SPACINGS));
            spec.max_future_ms = spacing_ms.saturating_mul(MAX_FUTURE_SPACINGS);
        }
        spec.max_future_ms = max_future_ms.unwrap_or(spec.max_future_ms);
        ChainParams::new(spec)
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_follow_the_spacing_unless_they_are_set() {
        let second = Duration::from_secs(1);
        let built = |builder: NetworkBuilder| {
            let params = builder.build().unwrap();
            let retargeting = params.spec().retargeting.unwrap();
            (retargeting.spacing_ms, retargeting.half_life_ms, params.spec().max_future_ms)
        };
        let network = || ChainParams::builder("own");
        assert_eq!(built(network()), (2_000, 40_000, 10_000), "as lab");
        assert_eq!(built(network().spacing(second * 10)), (10_000, 200_000, 50_000));
        assert_eq!(built(network().half_life(second * 3).max_future(second).spacing(second)), (1_000, 3_000, 1_000));
        let fixed = network().fixed_difficulty().build().unwrap();
        assert_eq!((fixed.spec().retargeting, fixed.spec().max_future_ms), (None, 10_000));
    }

    #[test]
    fn contradictions_are_refused() {
        let error = ChainParams::builder("own").coinbase_maturity(0).build().unwrap_err();
        assert_eq!(error, ParamsError::ZeroMaturity);
        let error = ChainParams::builder("My School").build().unwrap_err();
        assert_eq!(error, ParamsError::BadName("My School".into()));
        let error = ChainParams::builder("own").spacing(Duration::ZERO).build().unwrap_err();
        assert_eq!(error, ParamsError::ZeroSpacing);
    }
}
