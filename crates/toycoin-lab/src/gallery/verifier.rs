//! Verifiers: what gets the blocks of a play, and refuses them or not.

use std::sync::Arc;

use toycoin_core::{Amount, Block, Chain, ChainError, ChainParams, ChainStore, MemoryStore, test_util::TestLedger};

use super::{account::Account, refusal::Refusal, supply::Supply};

/// Which verifier gets the blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judge {
    /// The chain engine of a node.
    Chain,
    /// The test kit's model, which knows its tip and no other place for a block. An engine with branches finds the
    /// place of a block by the hash of its parent, so a parent that nobody knows leaves it nothing to judge.
    TipOnly,
}

/// A verifier with its chain.
#[derive(Debug)]
pub(super) enum Verifier {
    Chain(Box<Chain<MemoryStore>>),
    TipOnly(Box<TestLedger>),
}

impl Verifier {
    /// Starts a verifier at genesis.
    pub(super) fn new(judge: Judge, params: ChainParams) -> Self {
        match judge {
            Judge::Chain => Self::Chain(Box::new(Chain::in_memory(params))),
            Judge::TipOnly => Self::TipOnly(Box::new(TestLedger::new(params))),
        }
    }

    /// Judges a block and takes it into the chain. `now_ms` is the Unix time in milliseconds.
    ///
    /// # Errors
    /// Why the block is refused.
    pub(super) fn apply(&mut self, block: &Block, now_ms: u64) -> Result<(), Refusal> {
        match self {
            Self::Chain(chain) => match chain.apply(block.clone(), now_ms) {
                Ok(_) => Ok(()),
                Err(ChainError::Rule(error)) => Err(Refusal::by_rule(&error)),
                Err(error) => Err(Refusal::without_rule(error.to_string())),
            },
            Self::TipOnly(ledger) => match ledger.push(block.clone(), now_ms) {
                Ok(_) => Ok(()),
                Err(error) => Err(Refusal::by_rule(&error)),
            },
        }
    }

    /// Returns what can be counted now. `shown` is a made-up chain that a cheat shows.
    pub(super) fn account(&self, now_ms: u64, shown: Option<&TestLedger>) -> Account {
        let mut account = match self {
            Self::Chain(chain) => account_of_chain(chain, now_ms),
            Self::TipOnly(ledger) => account_of_ledger(ledger, now_ms),
        };
        let root = account.tip().header.state_root;
        account.shown = shown.filter(|shown| shown.state().root() == root).map(|shown| shown.coins().clone());
        account
    }
}

fn account_of_chain(chain: &Chain<MemoryStore>, now_ms: u64) -> Account {
    let audit = chain.audit().expect("a store in memory does not fail");
    let mut coins = std::collections::BTreeMap::new();
    let Ok(()) = chain.store().visit_coins(&mut |outpoint, coin| {
        coins.insert(*outpoint, *coin);
    });
    let stored = |hash| chain.block(&hash).ok().flatten().expect("a block of the active chain");
    let tip = chain.tip();
    Account {
        params: chain.params().clone(),
        blocks: chain.active_hashes().map(|hash| Arc::new(stored(hash).block().clone())).collect(),
        coins,
        supply: Supply::of(&audit, chain.params().issued(tip.height)),
        context: chain.headers().context_after(&tip.hash).expect("the tip's header is in the tree"),
        work: tip.work,
        now_ms,
        shown: None,
    }
}

fn account_of_ledger(ledger: &TestLedger, now_ms: u64) -> Account {
    let sum_of_coins: Amount = ledger.coins().values().map(|coin| coin.output.value).sum();
    let state = ledger.state();
    let supply = Supply {
        issued: state.issued,
        sum_of_coins,
        schedule: ledger.params().issued(ledger.height()),
        root_fits: state.root() == ledger.tip().header.state_root
            && (state.coin_count, state.issued) == (ledger.coins().len() as u64, sum_of_coins),
    };
    Account {
        params: ledger.params().clone(),
        blocks: ledger.blocks().to_vec(),
        coins: ledger.coins().clone(),
        supply,
        context: ledger.context().clone(),
        work: ledger.work(),
        now_ms,
        shown: None,
    }
}
