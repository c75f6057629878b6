//! The index of one active chain: where each transaction is, and what became of each output.

use std::collections::{HashMap, hash_map::Entry};

use toycoin_core::{Block, BlockHash, ChainParams, CheckedBlock, OutPoint, PublicKey, Transaction, TxOut, Txid, Wtxid};

use crate::index::Owner;

/// The index of an active chain.
#[derive(Debug)]
pub(crate) struct ChainIndex {
    /// The blocks, genesis first.
    blocks: Vec<IndexedBlock>,
    /// The index of each transaction's block.
    transactions: HashMap<Txid, usize>,
    outputs: HashMap<OutPoint, IndexedOutput>,
    owners: HashMap<PublicKey, Owner>,
}

/// A block of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IndexedBlock {
    /// Its hash.
    pub(crate) hash: BlockHash,
    /// Its height.
    pub(crate) height: u64,
    /// Its time in Unix milliseconds.
    pub(crate) time: u64,
}

/// An output of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IndexedOutput {
    /// Value and owner.
    pub(crate) output: TxOut,
    /// The transaction that spends it, and the index of that input.
    pub(crate) spender: Option<(Txid, u32)>,
}

impl ChainIndex {
    /// Returns the index of a chain of genesis alone.
    pub(crate) fn new(params: &ChainParams) -> Self {
        let (blocks, transactions, outputs, owners) = Default::default();
        let mut index = Self { blocks, transactions, outputs, owners };
        let genesis = params.genesis();
        index.add(params.genesis_hash(), genesis, &genesis.transaction_ids());
        index
    }

    /// Returns the last block.
    pub(crate) fn tip(&self) -> IndexedBlock {
        *self.blocks.last().expect("genesis is never removed")
    }

    /// Returns the block that holds a transaction, if it is on the chain.
    pub(crate) fn block_of(&self, txid: &Txid) -> Option<IndexedBlock> {
        self.transactions.get(txid).and_then(|block| self.blocks.get(*block)).copied()
    }

    /// Returns an output, spent or not.
    pub(crate) fn output(&self, outpoint: &OutPoint) -> Option<&IndexedOutput> {
        self.outputs.get(outpoint)
    }

    /// Returns what is known of an owner; `None` if no transaction names it.
    pub(crate) fn owner(&self, owner: &PublicKey) -> Option<&Owner> {
        self.owners.get(owner)
    }

    /// Adds a block. Returns false, and changes nothing, if it does not build on the last one.
    pub(crate) fn connect(&mut self, block: &CheckedBlock) -> bool {
        if block.block().header.previous != self.tip().hash {
            return false;
        }
        self.add(block.hash(), block.block(), block.ids());
        true
    }

    /// Removes the last block. Returns false, and changes nothing, if this is not it, or it is genesis.
    pub(crate) fn disconnect(&mut self, block: &CheckedBlock) -> bool {
        if self.blocks.len() == 1 || block.hash() != self.tip().hash {
            return false;
        }
        for (txid, transaction) in block.transactions().rev() {
            self.remove_outputs(transaction.outpoints(txid));
            self.remove_inputs(txid, transaction);
            self.transactions.remove(&txid);
        }
        let txid = block.coinbase_txid();
        self.remove_outputs(block.block().coinbase.outpoints(txid));
        self.transactions.remove(&txid);
        self.blocks.pop();
        true
    }

    fn add(&mut self, hash: BlockHash, block: &Block, ids: &[(Txid, Wtxid)]) {
        let header = &block.header;
        self.blocks.push(IndexedBlock { hash, height: header.height, time: header.time });
        let mut ids = ids.iter().map(|(txid, _)| *txid);
        if let Some(txid) = ids.next() {
            self.add_outputs(txid, block.coinbase.outpoints(txid));
        }
        for (txid, transaction) in ids.zip(&block.transactions) {
            for (vin, outpoint) in (0..).zip(&transaction.inputs) {
                let Some(spent) = self.outputs.get_mut(outpoint) else { continue };
                spent.spender = Some((txid, vin));
                self.owners.entry(spent.output.owner).or_default().spend(outpoint, &spent.output, txid);
            }
            self.add_outputs(txid, transaction.outpoints(txid));
        }
    }

    fn add_outputs<'a>(&mut self, txid: Txid, outputs: impl Iterator<Item = (OutPoint, &'a TxOut)>) {
        self.transactions.insert(txid, self.blocks.len() - 1);
        for (outpoint, output) in outputs {
            self.outputs.insert(outpoint, IndexedOutput { output: *output, spender: None });
            self.owners.entry(output.owner).or_default().fund(outpoint, output);
        }
    }

    fn remove_outputs<'a>(&mut self, outputs: impl Iterator<Item = (OutPoint, &'a TxOut)>) {
        for (outpoint, output) in outputs {
            self.outputs.remove(&outpoint);
            self.with_owner(output.owner, |owner| owner.unfund(&outpoint, output));
        }
    }

    fn remove_inputs(&mut self, txid: Txid, transaction: &Transaction) {
        for outpoint in transaction.inputs.iter().rev() {
            let Some(spent) = self.outputs.get_mut(outpoint) else { continue };
            spent.spender = None;
            let output = spent.output;
            self.with_owner(output.owner, |owner| owner.unspend(*outpoint, &output, txid));
        }
    }

    fn with_owner(&mut self, owner: PublicKey, undo: impl FnOnce(&mut Owner)) {
        if let Entry::Occupied(mut entry) = self.owners.entry(owner) {
            undo(entry.get_mut());
            if entry.get().is_unused() {
                entry.remove();
            }
        }
    }
}
