//! Gathering and judging, compared with a plain walk over the block that looks for every coin in ordered maps.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{prelude::*, sample::Index};

use super::{CheckedBlock, RuleError, Transition, gather, payments::check_values, transition};
use crate::{
    amount::Amount,
    consensus::Rule,
    digest::Txid,
    header::Header,
    keys::PublicKey,
    params::{ChainParams, NetworkSpec},
    state::ChainState,
    transaction::{Coinbase, OutPoint, Transaction, TxOut},
    utxo::Coin,
};

const HEIGHT: u64 = 7;

type Coins = BTreeMap<OutPoint, Coin>;

fn output(grains: u64) -> TxOut {
    TxOut { value: Amount::from_grains(grains), owner: PublicKey::ZERO }
}

/// Where an input's coin is: in the UTXO set, in the coinbase, in an earlier payment, or nowhere.
#[derive(Debug, Clone)]
enum From {
    Set(Index),
    Coinbase(u32),
    Payment(Index, u32),
    Nowhere(u32),
}

fn from() -> impl Strategy<Value = From> {
    prop_oneof![
        3 => any::<Index>().prop_map(From::Set),
        1 => (0..3u32).prop_map(From::Coinbase),
        4 => (any::<Index>(), 0..3u32).prop_map(|(payment, vout)| From::Payment(payment, vout)),
        1 => (0..2u32).prop_map(From::Nowhere),
    ]
}

#[derive(Debug, Clone)]
struct Plan {
    payments: Vec<(Vec<From>, Vec<u64>)>,
    /// The block's order, in which payments may be left out, stand twice, or before their parents.
    order: Vec<Index>,
    in_order: bool,
    /// Whether payments spend only coins that are there, each once, and no more than these are worth.
    is_lawful: bool,
    /// Coins of the block's own payments and coinbase that the UTXO set has already, with their values.
    before: Vec<(Index, u32, Option<u64>)>,
    disabled: Vec<Rule>,
}

fn plan() -> impl Strategy<Value = Plan> {
    let payment = (prop::collection::vec(from(), 0..4), prop::collection::vec(0..6u64, 0..3));
    let rules: Vec<_> = Rule::all().collect();
    (
        prop::collection::vec(payment, 1..8),
        prop::collection::vec(any::<Index>(), 0..10),
        any::<bool>(),
        any::<bool>(),
        prop::collection::vec((any::<Index>(), 0..3u32, proptest::option::of(1..6u64)), 0..3),
        prop_oneof![Just(Vec::new()), Just(rules.clone()), prop::sample::subsequence(rules, 1..20)],
    )
        .prop_map(|(payments, order, in_order, is_lawful, before, disabled)| Plan {
            payments,
            order,
            in_order,
            is_lawful,
            before,
            disabled,
        })
}

impl Plan {
    fn build(&self) -> (ChainParams, CheckedBlock, Coins) {
        let spec =
            NetworkSpec { extra: b"model".to_vec(), coinbase_maturity: 2, ..ChainParams::regtest().spec().clone() };
        let params = ChainParams::sandbox(spec, self.disabled.iter().copied()).unwrap();
        let mut set: Coins = (0..5)
            .map(|vout| {
                let coin =
                    Coin { output: output(u64::from(vout) + 2), coinbase_height: u64::from(vout / 4) * (HEIGHT - 1) };
                (OutPoint { txid: Txid::ZERO, vout }, coin)
            })
            .collect();
        let coinbase = Coinbase { height: HEIGHT, extra: Vec::new(), outputs: vec![output(5); 2] };
        let mut made: Vec<(Txid, Transaction)> = Vec::new();
        let mature = set.iter().filter(|(_, coin)| coin.coinbase_height == 0);
        let mut unspent: BTreeMap<_, _> = mature.map(|(at, coin)| (*at, coin.output.value.grains())).collect();
        for (inputs, outputs) in &self.payments {
            let input = |from: &From| match from {
                From::Set(index) => OutPoint { txid: Txid::ZERO, vout: u32::try_from(index.index(5)).unwrap() },
                From::Payment(_, vout) if made.is_empty() => OutPoint { txid: Txid::ZERO, vout: *vout },
                From::Payment(index, vout) => OutPoint { txid: made[index.index(made.len())].0, vout: *vout },
                From::Coinbase(vout) => OutPoint { txid: coinbase.txid(), vout: *vout },
                From::Nowhere(vout) => OutPoint { txid: Txid::from_bytes([1; 32]), vout: *vout },
            };
            let mut inputs: Vec<_> = inputs.iter().map(input).collect();
            let mut outputs = outputs.clone();
            if self.is_lawful {
                let mut left = 0;
                inputs.retain(|at| unspent.remove(at).map(|grains| left += grains).is_some());
                outputs.iter_mut().for_each(|grains| *grains = (*grains).max(1));
                outputs.retain(|grains| left.checked_sub(*grains).map(|rest| left = rest).is_some());
                if inputs.is_empty() {
                    continue;
                }
            }
            let outputs: Vec<_> = outputs.into_iter().map(output).collect();
            let payment = Transaction { version: 1, inputs, outputs, signatures: Vec::new() };
            let txid = payment.txid();
            unspent.extend(payment.outpoints(txid).map(|(at, output)| (at, output.value.grains())));
            made.push((txid, payment));
        }
        for (index, vout, grains) in &self.before {
            let (txid, same) = match index.index(made.len() + 1).checked_sub(1) {
                Some(place) => (made[place].0, made[place].1.outputs.get(*vout as usize).copied()),
                None => (coinbase.txid(), coinbase.outputs.get(*vout as usize).copied()),
            };
            let value = grains.map(output).or(same).unwrap_or_else(|| output(1));
            set.insert(OutPoint { txid, vout: *vout }, Coin { output: value, coinbase_height: 0 });
        }
        let order: Vec<_> = match self.in_order {
            true => (0..made.len()).collect(),
            false if made.is_empty() => Vec::new(),
            false => self.order.iter().map(|index| index.index(made.len())).collect(),
        };
        let mut payments: Vec<_> = order.into_iter().map(|place| made[place].1.clone()).collect();
        if params.enforces_all() {
            // the body was judged before, unless a sandbox left that out
            let mut spent = BTreeSet::new();
            payments.retain(|payment| !payment.inputs.is_empty() && payment.inputs.iter().all(|at| spent.insert(*at)));
        }
        let payments = payments.into_iter().map(Into::into).collect();
        let header = Header { height: HEIGHT, ..params.genesis().header };
        (params, CheckedBlock::draft(header, coinbase, payments), set)
    }
}

/// A walk over a block with ordered maps of all coins that it spends or makes.
struct Walk<'a> {
    set: &'a Coins,
    /// The coins that the block has touched; `None` for those that are spent.
    touched: BTreeMap<OutPoint, Option<Coin>>,
    spent: Coins,
    created: Coins,
}

impl Walk<'_> {
    fn take(&mut self, at: OutPoint) -> Option<Coin> {
        self.touched.insert(at, None).unwrap_or_else(|| self.set.get(&at).copied())
    }

    fn spend(&mut self, at: OutPoint, coin: Coin) {
        if self.created.remove(&at).is_none() {
            self.spent.insert(at, coin);
        }
    }

    fn create(&mut self, at: OutPoint, output: TxOut, coinbase_height: u64) {
        let coin = Coin { output, coinbase_height };
        self.touched.insert(at, Some(coin));
        if self.spent.get(&at) == Some(&coin) {
            self.spent.remove(&at);
        } else {
            self.created.insert(at, coin);
        }
    }

    /// Walks over a block, and returns its fees.
    fn over(&mut self, params: &ChainParams, block: &CheckedBlock) -> Result<Amount, RuleError> {
        for (at, output) in block.block().coinbase.outpoints(block.coinbase_txid()) {
            self.create(at, *output, HEIGHT);
        }
        let mut fees = Amount::ZERO;
        for (txid, payment) in block.transactions() {
            let found: Vec<_> = payment.inputs.iter().map(|at| self.take(*at)).collect();
            fees = fees.saturating_add(check_values(params, txid, payment, &found, HEIGHT)?);
            for (at, coin) in payment.inputs.iter().zip(found).filter_map(|(at, coin)| Some((*at, coin?))) {
                self.spend(at, coin);
            }
            for (at, output) in payment.outpoints(txid) {
                self.create(at, *output, 0);
            }
        }
        Ok(fees)
    }
}

fn listed<'a>(coins: impl Iterator<Item = (&'a OutPoint, &'a Coin)>) -> Vec<(OutPoint, Coin)> {
    coins.map(|(at, coin)| (*at, *coin)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn block_changes_what_a_plain_walk_changes(plan in plan()) {
        let (params, block, set) = plan.build();
        let coins = gather(&block, &set).unwrap();
        let found = transition(&params, &block, &coins, |_, _, _| Ok(()));
        let mut walk = Walk { set: &set, touched: BTreeMap::new(), spent: Coins::new(), created: Coins::new() };
        match (found, walk.over(&params, &block)) {
            (Ok(Transition { diff, fees }), Ok(expected)) => {
                prop_assert_eq!(fees, expected);
                prop_assert_eq!(listed(diff.spent()), listed(walk.spent.iter()));
                prop_assert_eq!(listed(diff.created()), listed(walk.created.iter()));
                for at in set.keys().chain(walk.touched.keys()) {
                    let is_spent = walk.spent.contains_key(at);
                    prop_assert_eq!(diff.get(at), walk.created.get(at).map(|coin| Some(*coin)).or(is_spent.then_some(None)));
                }
                // the inverse of what is undone leads back
                let mut state = ChainState::default();
                set.iter().for_each(|(at, coin)| state.utxo_hash.add(at, coin));
                let before = state.utxo_hash.clone();
                state.apply(&diff);
                state.apply(&diff.inverse());
                prop_assert_eq!(state.utxo_hash, before);
            }
            (found, expected) => prop_assert_eq!(found.map(|_| ()), expected.map(|_| ())),
        }
    }
}
