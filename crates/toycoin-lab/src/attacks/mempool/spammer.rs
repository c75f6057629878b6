//! The spammer: many coins, and payments to itself that keep the mempool full.

use toycoin_core::{Amount, FeeRate, NetworkSpec, OutPoint, SecretKey, TransactionBuilder, TxOut, utxo::Coin};
use toycoin_sim::Network;

/// Size of a payment with one input and one output, in bytes by formula.
pub(super) const SPAM_BYTES: u64 = toycoin_core::Transaction::MIN_SIZE;

/// Number of coins that the spammer has: what fills the mempool and a block, and a few more.
const COINS: usize = 125;

/// Who fills the mempool.
pub(super) struct Spammer {
    /// The node that it uses.
    pub(super) node: usize,
    pub(super) rate: FeeRate,
    key: SecretKey,
}

impl Spammer {
    pub(super) fn new(node: usize, rate: FeeRate) -> Self {
        Self { node, rate, key: SecretKey::classroom(50_000) }
    }

    /// Returns the network with the spammer's coins.
    pub(super) fn fund(&self, mut spec: NetworkSpec) -> NetworkSpec {
        let coin = TxOut { value: Amount::from_grains(1_000_000_000), owner: self.key.public_key() };
        spec.allocations.extend(std::iter::repeat_n(coin, COINS));
        spec
    }

    /// Submits payments, each of a coin that waits for nothing, until the first is refused: the mempool is full then.
    pub(super) fn spam(&self, network: &mut Network) {
        let Some(params) = network.node(self.node).map(|node| node.chain().params().clone()) else { return };
        for coin in self.free_coins(network) {
            let value = coin.1.output.value.saturating_sub(self.rate.fee(SPAM_BYTES));
            let builder = TransactionBuilder::new(&params).spend([coin]).fee_rate(self.rate);
            let Ok(payment) = builder.pay(params.address(self.key.public_key()), value).sign(&self.key) else { return };
            if !matches!(network.submit_transaction(self.node, payment), Ok(Ok(_))) {
                return;
            }
        }
    }

    fn free_coins(&self, network: &Network) -> Vec<(OutPoint, Coin)> {
        let Some(node) = network.node(self.node) else { return Vec::new() };
        let coins = node.chain().coins_of(&self.key.public_key()).unwrap_or_default();
        coins.into_iter().filter(|(outpoint, _)| node.mempool().spender(outpoint).is_none()).collect()
    }

    /// Returns what the spam in a node's blocks above a height paid, in grains, and the number of those blocks.
    pub(super) fn paid(&self, network: &Network, node: usize, above: u64) -> (u64, u64) {
        let Some(chain) = network.node(node).map(|node| node.chain()) else { return (0, 0) };
        let blocks = (above + 1..=chain.height()).filter_map(|height| chain.block_at(height).ok().flatten());
        let owner = self.key.public_key();
        blocks.fold((0, 0), |(grains, blocks), block| {
            let payments = &block.block().transactions;
            let spam = payments.iter().filter(|payment| payment.outputs.iter().all(|output| output.owner == owner));
            (grains + self.rate.fee(SPAM_BYTES).grains() * spam.count() as u64, blocks + 1)
        })
    }
}
