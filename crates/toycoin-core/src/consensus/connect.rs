//! Checks of a block against the UTXO set and the state: coins, values, signatures, state root. Rules R22 to R32.
//!
//! Gathering the coins comes first and may fail when the store fails. Judging sees plain values, so an error of
//! consensus never means a disk failure. Judging has two halves, with the signatures between them, so that the
//! signatures of several blocks can be verified together:
//!
//! ```text
//!   CheckedBlock, coins ─ judge ─▶ Judged { changes, checks }      R22-30, of one block or of several
//!                                     └─ SignatureVerifier         R31, as one step
//!                         Judged ─ conclude ─▶ ConnectedBlock      R32, against the state after the parent
//! ```

use std::sync::Arc;

use crate::{
    amount::Amount,
    consensus::{
        BlockCoins, CheckedBlock, RuleError, SignatureCheck, SignatureVerifier,
        gather::coinbase_coins,
        payments::{check_values, push_checks},
    },
    digest::Txid,
    params::ChainParams,
    state::{ChainState, Deltas, MergedPeaks, Prepared, add_delta},
    target::Work,
    transaction::{OutPoint, Transaction},
    utxo::{Coin, UtxoDiff},
};

/// The context of a block: the state after its parent, and the chain's work up to and including the parent.
#[derive(Debug, Clone, Copy)]
pub struct BlockContext<'a> {
    /// The state after the parent.
    pub state: &'a ChainState,
    /// The chain's work up to and including the parent.
    pub work: Work,
}

/// A valid block's effect on the state. Only [`connect`] and [`connect_prepared`] make one, and nothing changes it:
///
/// ```compile_fail,E0616
/// use toycoin_core::{ConnectedBlock, state::ChainState};
///
/// fn forge(mut block: ConnectedBlock) {
///     block.state = ChainState::default();
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectedBlock {
    pub(crate) diff: UtxoDiff,
    pub(crate) state: ChainState,
    pub(crate) merged: MergedPeaks,
    fees: Amount,
}

impl ConnectedBlock {
    /// Returns the change of the UTXO set: coins spent and coins created.
    pub const fn diff(&self) -> &UtxoDiff {
        &self.diff
    }

    /// Returns the state after the block.
    pub const fn state(&self) -> &ChainState {
        &self.state
    }

    /// Returns the peaks that the block merged in the Merkle mountain range, which disconnecting it needs.
    pub const fn merged(&self) -> &MergedPeaks {
        &self.merged
    }

    /// Returns the fees that the block's transactions leave to the miner.
    pub const fn fees(&self) -> Amount {
        self.fees
    }
}

/// Judges a block against the state after its parent: rules R22 to R32. `coins` are what [`gather`](super::gather)
/// found for the block.
///
/// # Errors
/// The first rule that the block breaks.
pub fn connect(
    params: &ChainParams,
    block: &CheckedBlock,
    coins: &BlockCoins,
    place: BlockContext<'_>,
    verifier: &dyn SignatureVerifier,
) -> Result<ConnectedBlock, RuleError> {
    connect_prepared(params, block, coins, place, verifier, &Deltas::default())
}

/// Judges a block as [`connect`] does, with precomputed changes of the state. They save time and decide nothing.
///
/// # Errors
/// The first rule that the block breaks.
pub fn connect_prepared(
    params: &ChainParams,
    block: &CheckedBlock,
    coins: &BlockCoins,
    place: BlockContext<'_>,
    verifier: &dyn SignatureVerifier,
    deltas: &Deltas,
) -> Result<ConnectedBlock, RuleError> {
    let judged = judge(params, block, coins, place.state.issued, deltas)?;
    let invalid = verifier.first_invalid(&judged.checks);
    judged.conclude(params, block, coins, place, invalid)
}

/// A block that is judged except for its signatures and its state root.
#[derive(Debug)]
pub(crate) struct Judged {
    transition: Transition,
    issued: Amount,
    checks: Vec<SignatureCheck>,
    /// The transaction and the input index that each check belongs to.
    inputs: Vec<(Txid, usize)>,
    /// What was prepared for each transaction. Empty if nothing was.
    prepared: Vec<Option<Arc<Prepared>>>,
}

/// Judges a block except for its signatures and its state root: rules R22 to R30. `issued` is the money issued up to
/// and including its parent. Signatures that `deltas` knows to be valid are left out of the checks.
///
/// # Errors
/// The first rule that the block breaks.
pub(crate) fn judge(
    params: &ChainParams,
    block: &CheckedBlock,
    coins: &BlockCoins,
    issued: Amount,
    deltas: &Deltas,
) -> Result<Judged, RuleError> {
    let prepared = prepared(params, block, coins, deltas);
    let mut known = prepared.iter();
    let (mut checks, mut inputs) = (Vec::new(), Vec::new());
    let transition = transition(params, block, coins, |txid, transaction, found| {
        if known.next().and_then(Option::as_deref).is_some_and(|known| known.is_verified_on(params.genesis_hash())) {
            return Ok(());
        }
        push_checks(params, txid, transaction, found, |input, check| {
            checks.push(check);
            inputs.push((txid, input));
        })
    })?;
    let found = block.block().coinbase.outputs.iter().map(|output| output.value).sum();
    let allowed = params.subsidy(block.height()).saturating_add(transition.fees);
    params.require(found == allowed, || RuleError::CoinbaseAmount { found, allowed })?;
    let issued = issued_after(issued, &transition.diff);
    params.require(issued <= Amount::MAX_MONEY, || RuleError::Supply { issued })?;
    Ok(Judged { transition, issued, checks, inputs, prepared })
}

/// Returns what was prepared for each transaction of a block with the coins that it spends, or an empty list if nothing
/// was.
pub(crate) fn prepared(
    params: &ChainParams,
    block: &CheckedBlock,
    coins: &BlockCoins,
    deltas: &Deltas,
) -> Vec<Option<Arc<Prepared>>> {
    // with a rule switched off, a coin may be missing or spent twice, and only the diff says what becomes of it
    if !params.enforces_all() {
        return Vec::new();
    }
    let mut prepared = deltas.prepared(block.transactions().map(|(txid, _)| txid));
    let found = coins.of(block).map(|(_, _, found)| found).zip(block.ids().iter().skip(1));
    for (prepared, (found, (_, wtxid))) in prepared.iter_mut().zip(found) {
        // a change for other coins would give a wrong state
        prepared.take_if(|prepared| prepared.is_for_another(*wtxid, found));
    }
    if prepared.iter().any(Option::is_some) { prepared } else { Vec::new() }
}

impl Judged {
    /// Returns the signature checks that are still to be done.
    pub(crate) fn checks(&self) -> &[SignatureCheck] {
        &self.checks
    }

    /// Returns the change of the UTXO set: coins spent and coins created.
    pub(crate) const fn diff(&self) -> &UtxoDiff {
        &self.transition.diff
    }

    /// Returns the money issued up to and including the block.
    pub(crate) const fn issued(&self) -> Amount {
        self.issued
    }

    /// Judges what is left: rules R31 and R32. `invalid` is the index of the first check that does not hold.
    ///
    /// # Errors
    /// The first rule that the block breaks.
    pub(crate) fn conclude(
        self,
        params: &ChainParams,
        block: &CheckedBlock,
        coins: &BlockCoins,
        place: BlockContext<'_>,
        invalid: Option<usize>,
    ) -> Result<ConnectedBlock, RuleError> {
        let Self { transition: Transition { diff, fees }, inputs, prepared, .. } = self;
        if let Some((txid, input)) = invalid.and_then(|place| inputs.get(place).copied()) {
            params.require(false, || RuleError::Signature { txid, input })?;
        }
        // comes last, because hashing each coin to 1,024 lanes costs more than everything above except the signatures
        let found = block.block().header.state_root;
        let (mut state, merged) = place.state.with_ancestor(block.block().header.previous, place.work);
        if let Some(state) = apply_prepared(block, coins, &diff, &prepared, &state)
            && state.root() == found
        {
            return Ok(ConnectedBlock { diff, state, merged, fees });
        }
        // a precomputed change must never make a block invalid, so the state is computed again
        state.apply(&diff);
        let expected = state.root();
        params.require(found == expected, || RuleError::StateRoot { found, expected })?;
        Ok(ConnectedBlock { diff, state, merged, fees })
    }
}

/// Applies a block to the state with the help of precomputed changes. Returns `None` if no change is known.
pub(crate) fn apply_prepared(
    block: &CheckedBlock,
    coins: &BlockCoins,
    diff: &UtxoDiff,
    prepared: &[Option<Arc<Prepared>>],
    state: &ChainState,
) -> Option<ChainState> {
    if prepared.is_empty() {
        return None;
    }
    let mut state = state.clone();
    state.count(diff);
    for (outpoint, coin) in coinbase_coins(block) {
        state.utxo_hash.add(&outpoint, &coin);
    }
    for ((txid, transaction, spent), prepared) in coins.of(block).zip(prepared) {
        match prepared {
            Some(prepared) => state.utxo_hash.combine(&prepared.delta),
            None => add_delta(&mut state.utxo_hash, txid, transaction, spent.iter().flatten()),
        }
    }
    Some(state)
}

/// The change of the UTXO set by a block's transactions, and the fees that they leave to the miner.
#[derive(Debug)]
pub(crate) struct Transition {
    pub(crate) diff: UtxoDiff,
    pub(crate) fees: Amount,
}

/// Judges a block's transactions and collects their changes: rules R22 to R28. Each transaction goes to `sign`, in order,
/// with its id and the coins that its inputs name. `sign` collects its signature checks.
///
/// # Errors
/// The first rule that a transaction breaks, or the first error of `sign`.
pub(crate) fn transition(
    params: &ChainParams,
    block: &CheckedBlock,
    coins: &BlockCoins,
    mut sign: impl FnMut(Txid, &Transaction, &[Option<Coin>]) -> Result<(), RuleError>,
) -> Result<Transition, RuleError> {
    let outputs = block.block().transactions.iter().map(|transaction| transaction.outputs.len()).sum::<usize>();
    let made = block.block().coinbase.outputs.len() + outputs;
    let mut diff = UtxoDiff::with_capacity(coins.len(), made);
    // coins that the block may both create and spend; all of them in a sandbox, which may do so in any order
    let mut own = UtxoDiff::default();
    let is_own = |txid: &Txid| !params.enforces_all() || coins.is_parent(txid);
    for (outpoint, coin) in coinbase_coins(block) {
        match is_own(&outpoint.txid) {
            true => own.create(outpoint, coin),
            false => diff.create_new(outpoint, coin),
        }
    }
    let mut fees = Amount::ZERO;
    for (txid, transaction, found) in coins.of(block) {
        let fee = check_values(params, txid, transaction, found, block.height())?;
        fees = fees.saturating_add(fee);
        params.require(fees <= Amount::MAX_MONEY, || RuleError::FeeSum)?;
        sign(txid, transaction, found)?;
        for (outpoint, coin) in transaction.inputs.iter().zip(found) {
            match coin {
                Some(coin) if is_own(&outpoint.txid) => own.spend(*outpoint, *coin),
                Some(coin) => diff.spend_older(*outpoint, *coin),
                None => {}
            }
        }
        let is_own = is_own(&txid);
        for (outpoint, output) in transaction.outpoints(txid) {
            let coin = Coin { output: *output, coinbase_height: 0 };
            match is_own {
                true => own.create(outpoint, coin),
                false => diff.create_new(outpoint, coin),
            }
        }
    }
    own.spent_unordered().for_each(|(outpoint, coin)| diff.spend_older(*outpoint, *coin));
    own.created_unordered().for_each(|(outpoint, coin)| diff.create_new(*outpoint, *coin));
    Ok(Transition { diff, fees })
}

fn issued_after(issued: Amount, diff: &UtxoDiff) -> Amount {
    let worth = |coins: &mut dyn Iterator<Item = (&OutPoint, &Coin)>| -> Amount {
        coins.map(|(_, coin)| coin.output.value).sum()
    };
    issued.saturating_sub(worth(&mut diff.spent_unordered())).saturating_add(worth(&mut diff.created_unordered()))
}
