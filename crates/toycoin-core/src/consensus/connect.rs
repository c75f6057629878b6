//! Blocks in their place: coins exist, values balance, signatures verify, the state is as said. Rules R22 to R32.
//!
//! Gathering comes first and may fail as a store fails; judging comes after and sees plain values alone, so no error of
//! consensus ever stands for a disk.

use std::collections::HashMap;

use crate::{
    amount::Amount,
    consensus::{
        CheckedBlock, RuleError, SignatureCheck, SignatureVerifier, body::check_inputs_differ, check_transaction_form,
    },
    digest::Txid,
    params::ChainParams,
    state::{ChainState, Deltas, MergedPeaks, delta},
    target::Work,
    transaction::{OutPoint, Transaction, TxOut, sighash},
    utxo::{Coin, UtxoDiff, UtxoView},
};

/// The coins that a block's inputs spend, input by input; `None` where there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockCoins(Vec<Vec<Option<Coin>>>);

/// Collects the coins that a block spends, those that it makes itself earlier in its own order included.
///
/// # Errors
/// The view's alone.
pub fn gather<V: UtxoView>(block: &CheckedBlock, view: &V) -> Result<BlockCoins, V::Error> {
    let height = block.height();
    // coins made in this block and not yet spent by it, and those of the view that it has spent
    let places = |transaction: &Transaction| transaction.inputs.len() + transaction.outputs.len();
    let count = block.block().transactions.iter().map(places).sum();
    let mut made: HashMap<OutPoint, Option<Coin>> = HashMap::with_capacity(count);
    made.extend(coinbase_coins(block, height).map(|(outpoint, coin)| (outpoint, Some(coin))));
    let mut coins = Vec::with_capacity(block.block().transactions.len());
    for (txid, transaction) in block.transactions() {
        let mut inputs = Vec::with_capacity(transaction.inputs.len());
        for outpoint in &transaction.inputs {
            let coin = match made.get(outpoint) {
                Some(coin) => *coin,
                None => view.coin(outpoint)?,
            };
            inputs.push(coin);
            made.insert(*outpoint, None);
        }
        coins.push(inputs);
        for (outpoint, output) in transaction.outpoints(txid) {
            made.insert(outpoint, Some(Coin { output: *output, coinbase_height: 0 }));
        }
    }
    Ok(BlockCoins(coins))
}

/// Where a block stands: the state after its parent, and the chain's work up to and including the parent.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The state after the parent.
    pub state: &'a ChainState,
    /// The chain's work up to and including the parent.
    pub work: Work,
}

/// A block that is right in its place, and what it changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectedBlock {
    /// The coins gone and new.
    pub diff: UtxoDiff,
    /// The state after it.
    pub state: ChainState,
    /// With these the state's mountain range is taken back.
    pub merged: MergedPeaks,
    /// What its transactions leave to the miner.
    pub fees: Amount,
}

/// What a block's transactions do, judged but for its reward, signatures and state root.
pub(crate) struct Transition {
    diff: UtxoDiff,
    state: ChainState,
    merged: MergedPeaks,
    pub(crate) fees: Amount,
    checks: Vec<SignatureCheck>,
    /// Which input each check is for.
    inputs: Vec<(Txid, usize)>,
}

impl Transition {
    /// Returns the state after the block.
    pub(crate) fn into_state(mut self) -> ChainState {
        self.state.apply(&self.diff);
        self.state
    }
}

/// Judges a block in its place: rules R22 to R32. `coins` are what [`gather`] found for it.
///
/// # Errors
/// The first rule that it breaks.
pub fn connect(
    params: &ChainParams,
    block: &CheckedBlock,
    coins: &BlockCoins,
    place: Place<'_>,
    verifier: &dyn SignatureVerifier,
) -> Result<ConnectedBlock, RuleError> {
    connect_prepared(params, block, coins, place, verifier, &Deltas::default())
}

/// Judges as [`connect`] does, by changes of the state that were computed before: they save time and decide nothing.
///
/// # Errors
/// The first rule that it breaks.
pub fn connect_prepared(
    params: &ChainParams,
    block: &CheckedBlock,
    coins: &BlockCoins,
    place: Place<'_>,
    verifier: &dyn SignatureVerifier,
    deltas: &Deltas,
) -> Result<ConnectedBlock, RuleError> {
    let Transition { diff, mut state, merged, fees, checks, inputs } = transition(params, block, coins, place)?;

    let found = block.block().coinbase.outputs.iter().map(|output| output.value).sum();
    let allowed = params.subsidy(block.height()).saturating_add(fees);
    params.require(found == allowed, || RuleError::CoinbaseAmount { found, allowed })?;
    let issued = issued_after(state.issued, &diff);
    params.require(issued <= Amount::MAX_MONEY, || RuleError::Supply { issued })?;

    if let Some((txid, input)) = verifier.first_invalid(&checks).and_then(|place| inputs.get(place).copied()) {
        params.require(false, || RuleError::Signature { txid, input })?;
    }

    // last, since hashing each coin to a thousand lanes costs more than all above but the signatures
    let found = block.block().header.state_root;
    if let Some(state) = apply_prepared(params, block, coins, &diff, deltas, state.clone())
        && state.root() == found
    {
        return Ok(ConnectedBlock { diff, state, merged, fees });
    }
    // a block is never wrong by what was prepared
    state.apply(&diff);
    let expected = state.root();
    params.require(found == expected, || RuleError::StateRoot { found, expected })?;
    Ok(ConnectedBlock { diff, state, merged, fees })
}

/// Brings the state up to a block by what is known of its transactions, `None` where nothing is.
fn apply_prepared(
    params: &ChainParams,
    block: &CheckedBlock,
    coins: &BlockCoins,
    diff: &UtxoDiff,
    deltas: &Deltas,
    mut state: ChainState,
) -> Option<ChainState> {
    // where a rule is switched off a coin may be missing or spent twice, and only the diff says what becomes of it
    let is_known = |(txid, _): &(Txid, _)| deltas.get(txid).is_some();
    if !params.enforces_all() || !block.ids().iter().any(is_known) {
        return None;
    }
    state.count(diff);
    for (outpoint, coin) in coinbase_coins(block, block.height()) {
        state.coins.add(&outpoint, &coin);
    }
    for ((txid, transaction), spent) in block.transactions().zip(&coins.0) {
        match deltas.get(&txid) {
            Some(delta) => state.coins.combine(delta),
            None => {
                state.coins.combine(&delta(txid, transaction, &spent.iter().flatten().copied().collect::<Vec<_>>()))
            }
        }
    }
    Some(state)
}

/// Judges a block's transactions and collects what they change: rules R22 to R28. The state has the parent among its
/// ancestors, the change of the coins not yet.
pub(crate) fn transition(
    params: &ChainParams,
    block: &CheckedBlock,
    coins: &BlockCoins,
    place: Place<'_>,
) -> Result<Transition, RuleError> {
    let height = block.height();
    let mut diff = UtxoDiff::default();
    for (outpoint, coin) in coinbase_coins(block, height) {
        diff.create(outpoint, coin);
    }
    let mut fees = Amount::ZERO;
    let mut checks = Vec::new();
    let mut inputs = Vec::new();
    for ((txid, transaction), found) in block.transactions().zip(&coins.0) {
        let spent = check_values(params, txid, transaction, found, height)?;
        fees = fees.saturating_add(spent.fee);
        params.require(fees <= Amount::MAX_MONEY, || RuleError::FeeSum)?;
        spent.checks(params, txid, transaction, |input, check| {
            checks.push(check);
            inputs.push((txid, input));
        })?;
        for (outpoint, coin) in transaction.inputs.iter().zip(found) {
            if let Some(coin) = coin {
                diff.spend(*outpoint, *coin);
            }
        }
        for (outpoint, output) in transaction.outpoints(txid) {
            diff.create(outpoint, Coin { output: *output, coinbase_height: 0 });
        }
    }
    let mut state = place.state.clone();
    let merged = state.ancestors.push(block.block().header.previous, place.work);
    Ok(Transition { diff, state, merged, fees, checks, inputs })
}

/// Judges a transaction as if it stood alone in the block at `height`, and returns its fee: rules R01 to R04, R20 and
/// R22 to R31.
///
/// `coins` are those that its inputs spend, `None` where there is none.
///
/// # Errors
/// The first rule that it breaks.
pub fn check_transaction(
    params: &ChainParams,
    txid: Txid,
    transaction: &Transaction,
    coins: &[Option<Coin>],
    height: u64,
    verifier: &dyn SignatureVerifier,
) -> Result<Amount, RuleError> {
    check_transaction_form(params, transaction)?;
    check_inputs_differ(params, txid, transaction)?;
    let spent = check_values(params, txid, transaction, coins, height)?;
    let mut checks = Vec::with_capacity(transaction.inputs.len());
    spent.checks(params, txid, transaction, |_, check| checks.push(check))?;
    if let Some(input) = verifier.first_invalid(&checks) {
        params.require(false, || RuleError::Signature { txid, input })?;
    }
    Ok(spent.fee)
}

/// What a transaction spends, judged but for its signatures.
struct Spent {
    coins: Vec<TxOut>,
    fee: Amount,
}

impl Spent {
    /// Hands each input's signature check to `push`.
    fn checks(
        &self,
        params: &ChainParams,
        txid: Txid,
        transaction: &Transaction,
        mut push: impl FnMut(usize, SignatureCheck),
    ) -> Result<(), RuleError> {
        let message = sighash(params.genesis_hash(), txid, self.coins.iter().copied());
        for (input, coin) in self.coins.iter().enumerate() {
            // only a sandbox that switched off R04 gets here with an input that has no signature
            match transaction.signatures.get(input) {
                Some(signature) => {
                    push(input, SignatureCheck { key: coin.owner, message, signature: *signature });
                }
                None => params.require(false, || RuleError::Signature { txid, input })?,
            }
        }
        Ok(())
    }
}

/// Checks existence, maturity, ranges and balance: rules R22 to R27.
fn check_values(
    params: &ChainParams,
    txid: Txid,
    transaction: &Transaction,
    found: &[Option<Coin>],
    height: u64,
) -> Result<Spent, RuleError> {
    let inputs = || transaction.inputs.iter().copied().zip(found);
    for (outpoint, coin) in inputs() {
        params.require(coin.is_some(), || RuleError::CoinExists { txid, outpoint })?;
    }
    for (outpoint, coin) in inputs().filter_map(|(outpoint, coin)| Some((outpoint, (*coin)?))) {
        let mature = coin.is_mature_at(height, params.spec().maturity);
        params.require(mature, || RuleError::CoinbaseMaturity {
            txid,
            outpoint,
            created: coin.coinbase_height,
            height,
        })?;
    }

    for (vout, output) in transaction.outputs.iter().enumerate() {
        let value = output.value;
        params.require(value.is_coin_value(), || RuleError::OutputValue { txid, vout, value })?;
    }
    let pays = || transaction.outputs.iter().map(|output| output.value);
    params.require(Amount::sum_in_range(pays()).is_some(), || RuleError::OutputSum { txid })?;
    // what a sandbox lets through without a coin is worth nothing
    let coins: Vec<_> = found.iter().flatten().map(|coin| coin.output).collect();
    let spends = || coins.iter().map(|coin| coin.value);
    params.require(Amount::sum_in_range(spends()).is_some(), || RuleError::InputSum { txid })?;

    let (inputs, outputs): (Amount, Amount) = (spends().sum(), pays().sum());
    params.require(outputs <= inputs, || RuleError::ValueBalance { txid, inputs, outputs })?;
    Ok(Spent { fee: inputs.saturating_sub(outputs), coins })
}

fn coinbase_coins(block: &CheckedBlock, height: u64) -> impl Iterator<Item = (OutPoint, Coin)> {
    let outputs = block.block().coinbase.outpoints(block.coinbase_txid());
    outputs.map(move |(outpoint, output)| (outpoint, Coin { output: *output, coinbase_height: height }))
}

fn issued_after(issued: Amount, diff: &UtxoDiff) -> Amount {
    let worth = |coins: &mut dyn Iterator<Item = (&OutPoint, &Coin)>| -> Amount {
        coins.map(|(_, coin)| coin.output.value).sum()
    };
    issued.saturating_sub(worth(&mut diff.spent())).saturating_add(worth(&mut diff.created()))
}
