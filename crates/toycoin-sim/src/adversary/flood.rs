//! Floods of transactions and blocks.

use std::time::Duration;

use toycoin_core::{Amount, OutPoint, SecretKey, Transaction, TxOut, Txid, sighash};
use toycoin_wire::node::NodeMessage;

use crate::adversary::{Said, Scene, Tactic, forge::orphan_block, questions::large_blocks};

/// Sends transactions and blocks whose parents nobody has, to fill the orphan pools.
#[derive(Debug, Clone, Copy)]
pub struct OrphanFlood {
    /// Number of transactions, and of blocks, per second.
    pub burst: usize,
}

impl Tactic for OrphanFlood {
    fn tick(&mut self, scene: &mut Scene<'_>) -> Vec<Said> {
        let key = SecretKey::classroom(9);
        let owner = key.public_key();
        let signature = key.sign(&[0; 32]);
        let mut said = Vec::new();
        for _ in 0..self.burst {
            let outpoint = OutPoint { txid: Txid::from_bytes(scene.dice.bytes()), vout: 0 };
            let outputs = vec![TxOut { value: Amount::from_grains(1), owner }];
            let transaction = Transaction { version: 1, inputs: vec![outpoint], outputs, signatures: vec![signature] };
            said.push((None, NodeMessage::Transaction(transaction)));
            said.push((None, NodeMessage::Block(orphan_block(scene, owner))));
        }
        said
    }

    fn interval(&self) -> Option<Duration> {
        Some(Duration::from_secs(1))
    }
}

/// Sends everybody, unrequested, bodies that everybody has: the largest of the recent blocks.
#[derive(Debug, Clone, Copy)]
pub struct BodyFlood {
    /// How often it sends each body per second.
    pub burst: usize,
}

impl Tactic for BodyFlood {
    fn tick(&mut self, scene: &mut Scene<'_>) -> Vec<Said> {
        let hashes = large_blocks(scene);
        let blocks = hashes.iter().filter_map(|hash| scene.chain.block(hash).ok().flatten());
        let said: Vec<_> = blocks.map(|block| (None, NodeMessage::Block(block.block().clone()))).collect();
        std::iter::repeat_n(said, self.burst).flatten().collect()
    }

    fn interval(&self) -> Option<Duration> {
        Some(Duration::from_secs(1))
    }
}

/// Double spends its own coins again and again, each time with another recipient.
#[derive(Debug, Clone)]
pub struct ConflictFlood {
    /// Key whose coins it spends.
    pub key: SecretKey,
    /// Number of conflicting payments at a time.
    pub burst: u64,
}

impl ConflictFlood {
    /// Returns a flood that spends the coins of a node's wallet.
    pub fn of_node(node: usize, burst: u64) -> Self {
        Self { key: crate::params::wallet_key(node), burst }
    }
}

impl Tactic for ConflictFlood {
    fn tick(&mut self, scene: &mut Scene<'_>) -> Vec<Said> {
        let owner = self.key.public_key();
        let Ok(coins) = scene.chain.coins_of(&owner) else { return Vec::new() };
        let Some((outpoint, coin)) = coins.first() else { return Vec::new() };
        let genesis = scene.chain.params().genesis_hash();
        (1..=self.burst)
            .map(|grains| {
                let value = coin.output.value.checked_sub(Amount::from_grains(grains)).unwrap_or(coin.output.value);
                let mut transaction = Transaction {
                    version: 1,
                    inputs: vec![*outpoint],
                    outputs: vec![TxOut { value, owner }],
                    signatures: Vec::new(),
                };
                let message = sighash(genesis, transaction.txid(), [coin.output]);
                transaction.signatures = vec![self.key.sign(message.as_bytes())];
                (None, NodeMessage::Transaction(transaction))
            })
            .collect()
    }

    fn interval(&self) -> Option<Duration> {
        Some(Duration::from_secs(1))
    }
}
