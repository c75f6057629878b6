//! Data for the measurements: a block of 1,000 payments, and payments for the mempool.

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use toycoin_benches::cpu_time;
use toycoin_core::{
    Amount, Applied, Block, Chain, ChainParams, CheckedBlock, FeeRate, IdentifiedTransaction, NetworkSpec, OutPoint,
    SecretKey, Transaction, TxOut,
    batch::Path,
    consensus::{
        BatchVerifier, BlockCoins, BlockContext, CachingVerifier, SignatureCheck, SignatureVerifier, connect, gather,
    },
    sighash,
    state::ChainState,
    store::MemoryStore,
    utxo::UtxoDiff,
};
use toycoin_node::mempool::{Mempool, MempoolConfig};

use crate::known;

/// Payments per block.
pub(crate) const PAYMENTS: usize = 1_000;
/// Payments offered to the mempool.
pub(crate) const WAITING: usize = 2_000;

/// A chain whose block 1 gave a coin to each of many owners, and payments of these coins.
pub(crate) struct Scene {
    params: ChainParams,
    store: MemoryStore,
    payments: Vec<IdentifiedTransaction>,
    checks: Vec<SignatureCheck>,
    pub(crate) block: Block,
    /// The verifier on the fastest path of this machine, as nodes have it.
    pub(crate) batches: Arc<BatchVerifier>,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let spec = NetworkSpec { extra: b"validate".to_vec(), ..ChainParams::regtest().spec().clone() };
        let params = ChainParams::new(spec).expect("a network of our own");
        let mut chain = Chain::in_memory(params.clone());
        let rich = SecretKey::classroom(0);
        let (outpoint, coin) = chain.coins_of(&rich.public_key()).expect("a store in memory")[0];
        let value = Amount::from_grains(coin.output.value.grains() / WAITING as u64);
        let keys: Vec<_> = (100..).take(WAITING).map(SecretKey::classroom).collect();
        let outputs = keys.iter().map(|key| TxOut { value, owner: key.public_key() }).collect();
        let split = pay(&params, outpoint, coin.output, &rich, outputs);
        let coins: Vec<_> = split.outpoints(split.txid()).map(|(outpoint, output)| (outpoint, *output)).collect();
        extend(&mut chain, vec![split]);
        let store = chain.store().clone();
        let half = Amount::from_grains(value.grains() / 2 - 1_000);
        let outputs = |i: usize| [i + 1, i].map(|i| TxOut { value: half, owner: keys[i % WAITING].public_key() });
        let payments: Vec<_> =
            (0..WAITING).map(|i| pay(&params, coins[i].0, coins[i].1, &keys[i], outputs(i).to_vec())).collect();
        let checks = payments.iter().zip(&coins).take(PAYMENTS);
        let checks = checks
            .map(|(payment, (_, coin))| SignatureCheck {
                key: coin.owner,
                message: sighash(params.genesis_hash(), payment.txid(), [*coin]),
                signature: payment.signatures[0],
            })
            .collect();
        let block = extend(&mut chain, payments[..PAYMENTS].to_vec());
        let payments = payments.into_iter().map(Into::into).collect();
        let batches = Arc::new(BatchVerifier::new(Path::detect()));
        Self { params, store, payments, checks, block, batches }
    }

    pub(crate) fn chain(&self) -> Chain<MemoryStore> {
        Chain::open(self.params.clone(), self.store.clone()).expect("a chain of our own")
    }

    /// Returns a verifier whose cache holds the signatures of all payments of the block.
    pub(crate) fn known(&self) -> Arc<dyn SignatureVerifier> {
        let known = CachingVerifier::new(BatchVerifier::new(Path::detect()), [1; 32], 100_000);
        assert_eq!(known.first_invalid(&self.checks), None);
        Arc::new(known)
    }

    /// Connects the block, from received block to store, and returns the processor time.
    pub(crate) fn connect(&self, verifier: Arc<dyn SignatureVerifier>) -> Duration {
        self.apply(self.chain().with_verifier(verifier))
    }

    /// Same as [`connect`](Self::connect), but every payment of the block was in the mempool before.
    pub(crate) fn connect_known(&self, verifier: Arc<dyn SignatureVerifier>) -> Duration {
        self.apply(self.prepared(verifier))
    }

    /// Returns a chain that has verified every payment of the block before, as for the mempool.
    pub(crate) fn prepared(&self, verifier: Arc<dyn SignatureVerifier>) -> Chain<MemoryStore> {
        let mut chain = self.chain().with_verifier(verifier);
        for payment in &self.payments[..PAYMENTS] {
            let coin = chain.coin(&payment.inputs[0]).expect("a store in memory").expect("a coin of block 1");
            chain.prepare(payment, &[coin]);
        }
        chain
    }

    /// Measures the parts of the block, all of whose payments were in the mempool before.
    pub(crate) fn known_parts(&self, verifier: Arc<dyn SignatureVerifier>) -> [Duration; known::NAMES.len()] {
        known::parts(&self.params, &self.prepared(verifier), &self.block)
    }

    /// Returns the verifier on the fastest path.
    pub(crate) fn fastest(&self) -> Arc<dyn SignatureVerifier> {
        self.batches.clone()
    }

    fn apply(&self, mut chain: Chain<MemoryStore>) -> Duration {
        let block = self.block.clone();
        cpu_time(|| extend_by(&mut chain, block)).1
    }

    pub(crate) fn connect_by_clock(&self) -> Duration {
        let (mut chain, block) = (self.chain().with_verifier(self.fastest()), self.block.clone());
        let begun = Instant::now();
        extend_by(&mut chain, block);
        begun.elapsed()
    }

    pub(crate) fn signatures(&self) -> Duration {
        let (invalid, time) = cpu_time(|| self.batches.first_invalid(black_box(&self.checks)));
        assert_eq!(invalid, None);
        time
    }

    pub(crate) fn ids(&self) -> Duration {
        let block = self.block.clone();
        let (checked, time) = cpu_time(|| black_box(block).check(&self.params));
        assert!(checked.is_ok());
        time
    }

    fn checked(&self) -> (CheckedBlock, BlockCoins) {
        let block = self.block.clone().check(&self.params).expect("a block of our own");
        let Ok(coins) = gather(&block, &self.store);
        (block, coins)
    }

    pub(crate) fn gather(&self) -> Duration {
        let (block, _) = self.checked();
        cpu_time(|| black_box(gather(black_box(&block), &self.store))).1
    }

    /// Measures the part of connecting that remains without signatures and state root.
    pub(crate) fn rules(&self) -> Duration {
        let (chain, (block, coins)) = (self.chain(), self.checked());
        let place = BlockContext { state: chain.state(), work: chain.tip().work };
        let (connected, time) = cpu_time(|| connect(&self.params, &block, &coins, place, &Trusting));
        assert!(connected.is_ok());
        time.saturating_sub(self.state_root())
    }

    pub(crate) fn state_root(&self) -> Duration {
        let (mut state, diff) = self.state_and_change();
        cpu_time(|| {
            state.apply(black_box(&diff));
            black_box(state.root())
        })
        .1
    }

    /// Returns the state before the block, and the changes that the block makes.
    pub(crate) fn state_and_change(&self) -> (ChainState, UtxoDiff) {
        let (chain, (block, coins)) = (self.chain(), self.checked());
        let place = BlockContext { state: chain.state(), work: chain.tip().work };
        let connected = connect(&self.params, &block, &coins, place, &Trusting).expect("a block of our own");
        (chain.state().clone(), connected.diff().clone())
    }

    /// Submits all payments to a mempool, with signatures verified ahead in batches of `size`, or one by one.
    pub(crate) fn admit(&self, size: Option<usize>, verifier: &dyn SignatureVerifier) -> Duration {
        let config = MempoolConfig { min_fee_rate: FeeRate::ZERO, max_bytes: 10_000_000 };
        let mut pool = Mempool::new(self.params.clone(), config);
        let payments = self.payments.clone();
        let (store, next_height) = (&self.store, 2);
        let ((), time) = cpu_time(|| {
            for batch in payments.chunks(size.unwrap_or(WAITING)) {
                let ahead =
                    size.map(|_| pool.verify_ahead(batch, store, next_height, verifier).expect("a store in memory"));
                let verifier = match &ahead {
                    Some(ahead) => ahead,
                    None => verifier,
                };
                for payment in batch {
                    let admission = pool.submit(payment.clone(), None, store, next_height, verifier);
                    assert!(admission.is_ok());
                }
            }
        });
        assert_eq!(pool.len(), WAITING);
        time
    }
}

pub(crate) fn pay(
    params: &ChainParams,
    outpoint: OutPoint,
    coin: TxOut,
    key: &SecretKey,
    outputs: Vec<TxOut>,
) -> Transaction {
    let mut payment = Transaction { version: 1, inputs: vec![outpoint], outputs, signatures: Vec::new() };
    payment.sign_all(params.genesis_hash(), &[coin], key);
    payment
}

/// Connects a block to the chain.
pub(crate) fn extend_by(chain: &mut Chain<MemoryStore>, block: Block) {
    let now_ms = block.header.time;
    assert!(matches!(chain.apply(black_box(block), now_ms), Ok(Applied::Extended { .. })));
}

/// Mines and connects a block with these transactions.
pub(crate) fn extend(chain: &mut Chain<MemoryStore>, transactions: Vec<Transaction>) -> Block {
    let time = chain.tip().time + 1_000;
    let payout = SecretKey::classroom(7).public_key();
    let block = chain.template(transactions, payout, b"", time).expect("payments that fit").mine_trivial();
    chain.apply(block.clone(), block.header.time).expect("a block of our own");
    block
}

/// Verifier that accepts every signature, to measure everything else.
pub(crate) struct Trusting;

impl SignatureVerifier for Trusting {
    fn first_invalid(&self, _: &[SignatureCheck]) -> Option<usize> {
        None
    }
}
