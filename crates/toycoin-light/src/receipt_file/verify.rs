//! The verifier of receipts in files. It needs no network.

use toycoin_core::{
    BlockHash, ChainParams, Header, PublicKey, Target, TxOut, Txid, consensus::SignatureCheck,
    proof::ReceiptTransaction, sighash,
};

use super::{
    error::ReceiptFileError,
    file::{FileAncestry, MAX_RECEIPT_HEADERS, ReceiptFile},
    headers::{self, Last},
    shown::{Shown, ShownWork},
    transaction,
};
use crate::{Challenge, verify, verify_ancestry, verify_receipt};

impl ReceiptFile {
    /// Verifies the receipt, and returns what it shows. `now_ms` is the Unix time in milliseconds.
    ///
    /// The checks are, in this order: the network; the transaction by itself (rules R01 to R04, R17 to R19, R24, R25,
    /// R33); the outputs to which the receipt points; the block's header by itself (R06, R07, R11, R13); that the block
    /// holds the transaction (R15, R16); then either the headers that follow (R06 to R09, R11 to R14, and R10 from the
    /// third one on) or the proofs of work and ancestry; and the signatures (R31) if the spent coins are there.
    ///
    /// # Errors
    /// The first check that fails; see [`ReceiptFileError`].
    pub fn verify(&self, params: &ChainParams, now_ms: u64) -> Result<Shown, ReceiptFileError> {
        self.check_network(params)?;
        let outputs = transaction::check(params, &self.transaction).map_err(ReceiptFileError::Transaction)?;
        self.check_paid(outputs)?;
        let (block, block_hash) = self.check_block(params)?;
        let receipt = self.receipt().ok_or(ReceiptFileError::HeaderCount { found: 0 })?;
        let txid = verify_receipt(&receipt, &block)?;
        let tip = match &self.ancestry {
            Some(ancestry) => prove_tip(params, ancestry, &block, block_hash, now_ms)?,
            None => headers::follow(params, &self.headers, now_ms)?,
        };
        let payers = self.spends.as_deref().map(|spends| self.check_signatures(params, txid, spends)).transpose()?;
        Ok(Shown {
            txid,
            is_coinbase: matches!(self.transaction, ReceiptTransaction::Coinbase(_)),
            outputs: outputs.to_vec(),
            paid: self.paid.clone(),
            block,
            block_hash,
            tip: tip.header,
            tip_hash: tip.hash,
            work: tip.work,
            payers,
        })
    }

    fn check_network(&self, params: &ChainParams) -> Result<(), ReceiptFileError> {
        let (found, expected) = (self.genesis, params.genesis_hash());
        if found != expected {
            return Err(ReceiptFileError::OtherNetwork { network: self.network.clone(), found, expected });
        }
        let (found, expected) = (&self.network, &params.spec().name);
        if found == expected {
            return Ok(());
        }
        Err(ReceiptFileError::NetworkName { found: found.clone(), expected: expected.clone() })
    }

    fn check_paid(&self, outputs: &[TxOut]) -> Result<(), ReceiptFileError> {
        let mut least = 0;
        for vout in self.paid.iter().copied() {
            let is_there = usize::try_from(vout).is_ok_and(|place| place < outputs.len());
            if !is_there || u64::from(vout) < least {
                return Err(ReceiptFileError::Paid { vout });
            }
            least = u64::from(vout) + 1;
        }
        Ok(())
    }

    /// Checks the number of headers, and the block's header by itself.
    fn check_block(&self, params: &ChainParams) -> Result<(Header, BlockHash), ReceiptFileError> {
        let found = self.headers.len();
        let most = if self.ancestry.is_some() { 1 } else { MAX_RECEIPT_HEADERS };
        let header = *self.headers.first().filter(|_| found <= most).ok_or(ReceiptFileError::HeaderCount { found })?;
        let hash = header.hash();
        // genesis took no work: everybody knows it
        if hash != params.genesis_hash() {
            headers::check_alone(params, &header, hash)
                .map_err(|error| ReceiptFileError::Header { place: 0, error })?;
        }
        Ok((header, hash))
    }

    fn check_signatures(
        &self,
        params: &ChainParams,
        txid: Txid,
        spends: &[TxOut],
    ) -> Result<Vec<PublicKey>, ReceiptFileError> {
        let signatures = match &self.transaction {
            ReceiptTransaction::Transaction(payment) => &payment.signatures[..],
            ReceiptTransaction::Coinbase(_) => &[],
        };
        let (found, inputs) = (spends.len(), signatures.len());
        if found != inputs || inputs == 0 {
            return Err(ReceiptFileError::SpendCount { found, inputs });
        }
        let message = sighash(params.genesis_hash(), txid, spends.iter().copied());
        for (input, (coin, signature)) in spends.iter().zip(signatures).enumerate() {
            if !(SignatureCheck { key: coin.owner, message, signature: *signature }).holds() {
                return Err(ReceiptFileError::Signature { input });
            }
        }
        Ok(spends.iter().map(|coin| coin.owner).collect())
    }
}

/// Ties the block to a tip whose work is proved.
fn prove_tip(
    params: &ChainParams,
    ancestry: &FileAncestry,
    block: &Header,
    block_hash: BlockHash,
    now_ms: u64,
) -> Result<Last, ReceiptFileError> {
    let FileAncestry { proof, ancestors } = ancestry;
    let tip = verify(params, proof, &Challenge::FILE, now_ms).map_err(ReceiptFileError::Proof)?;
    let up_to = match ancestors {
        None => tip.find(&block_hash).map(|found| found.work()),
        Some(proof) => {
            let found = verify_ancestry(params, &tip, proof).map_err(ReceiptFileError::Ancestry)?;
            match &found[..] {
                [only] if only.hash() == block_hash => Some(only.work()),
                _ => None,
            }
        }
    };
    let up_to = up_to.ok_or(ReceiptFileError::NotTied { block: block_hash })?;
    let own = block.bits.to_target().map(Target::work).unwrap_or_default();
    let since = tip.work().saturating_sub(up_to.saturating_sub(own));
    Ok(Last { header: *tip.header(), hash: tip.hash(), work: ShownWork::Chain { total: tip.work(), since } })
}
