//! Blocks, payments and receipts as JSON, for `--json`. Amounts are strings in toycoins, times are milliseconds since 1970.

use serde_json::{Value, json};
use toycoin_core::{Block, BlockHash, ChainParams, Header, TxOut, Txid};
use toycoin_light::{Shown, ShownWork};
use toycoin_node::{mempool::MempoolPage, protocol::TransactionPlace};

/// Returns a header with its hash.
pub fn header(header: &Header, hash: &BlockHash) -> Value {
    json!({
        "height": header.height,
        "hash": hash.to_string(),
        "previous": header.previous.to_string(),
        "merkle_root": header.merkle_root.to_string(),
        "state_root": header.state_root.to_string(),
        "time": header.time,
        "bits": format!("{:08x}", header.bits.to_bits()),
        "nonce": header.nonce,
    })
}

/// Returns a block; `confirmations` is `None` if it is not on the active chain.
pub fn block(block: &Block, hash: &BlockHash, confirmations: Option<u64>, params: &ChainParams) -> Value {
    let mut value = header(&block.header, hash);
    value["confirmations"] = json!(confirmations);
    value["size"] = block.size().into();
    value["mined"] = outputs(&block.coinbase.outputs, params);
    value["payments"] = block.transactions.iter().map(|payment| payment.txid().to_string()).collect();
    value
}

/// Returns a payment with its place; `height` is null while it waits.
pub fn payment(txid: Txid, place: &TransactionPlace, params: &ChainParams) -> Value {
    let inputs = |place: &TransactionPlace| -> Option<Vec<String>> {
        Some(place.transaction.as_ref()?.inputs.iter().map(ToString::to_string).collect())
    };
    json!({
        "txid": txid.to_string(),
        "block": place.block.map(|(hash, _)| hash.to_string()),
        "height": place.block.map(|(_, height)| height),
        "confirmations": place.confirmations,
        "spends": inputs(place),
        "pays": place.transaction.as_ref().map(|payment| outputs(&payment.outputs, params)),
        "size": place.transaction.as_ref().map(toycoin_core::Transaction::size),
    })
}

/// Returns the payments that wait for a block, in the order of mining.
pub fn mempool(page: &MempoolPage) -> Value {
    let entry = |entry: &toycoin_node::mempool::MempoolEntry| json!({ "txid": entry.txid.to_string(), "fee": entry.fee.to_string(), "size": entry.size });
    json!({
        "count": page.count,
        "size": page.bytes,
        "payments": page.entries.iter().map(entry).collect::<Vec<_>>(),
    })
}

/// Returns what a receipt shows.
pub fn shown(shown: &Shown, params: &ChainParams) -> Value {
    let paid: Vec<_> = shown.paid_outputs().copied().collect();
    let payers = shown.payers.as_ref();
    let work = match shown.work {
        ShownWork::Chain { total, since } => json!({ "chain": total.to_string(), "since": since.to_string() }),
        ShownWork::Headers(work) => json!({ "headers": work.to_string() }),
    };
    json!({
        "verified": true,
        "txid": shown.txid.to_string(),
        "network": params.spec().name,
        "is_coinbase": shown.is_coinbase,
        "paid": outputs(&paid, params),
        "payers": payers.map(|all| all.iter().map(|owner| params.address(*owner).to_string()).collect::<Vec<_>>()),
        "block": header(&shown.block, &shown.block_hash),
        "tip": header(&shown.tip, &shown.tip_hash),
        "confirmations": shown.confirmations(),
        "work": work,
    })
}

fn outputs(outputs: &[TxOut], params: &ChainParams) -> Value {
    let one = |output: &TxOut| json!({ "address": params.address(output.owner).to_string(), "amount": output.value.to_string() });
    outputs.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use toycoin_core::{Chain, FeeRate, SecretKey, wallet::Wallet};

    use super::*;

    #[test]
    fn a_block_and_its_payment_are_told_whole() {
        let params = ChainParams::regtest();
        let mut chain = Chain::in_memory(params.clone());
        let to = params.address(SecretKey::classroom(1).public_key());
        let mut wallet = Wallet::new(params.clone(), SecretKey::classroom(0));
        let paid = wallet.pay(to, "2.5".parse().unwrap(), FeeRate::ZERO).unwrap();
        let mined = chain.template(vec![paid.clone()], to.owner(), b"", 1_767_226_000_000).unwrap().mine_trivial();
        chain.apply(mined.clone(), 1_767_226_000_000).unwrap();

        let value = block(&mined, &mined.hash(), Some(3), &params);
        assert_eq!((value["height"].as_u64(), value["confirmations"].as_u64()), (Some(1), Some(3)));
        assert_eq!(value["hash"], mined.hash().to_string());
        assert_eq!(value["mined"][0]["amount"], "50.00000000");
        assert_eq!(value["payments"], json!([paid.txid().to_string()]));

        let place =
            TransactionPlace { transaction: Some(paid.clone()), block: Some((mined.hash(), 1)), confirmations: 1 };
        let value = payment(paid.txid(), &place, &params);
        assert_eq!((value["height"].as_u64(), value["pays"][0]["address"].as_str()), (Some(1), Some(&*to.to_string())));
        assert_eq!(value["spends"][0], paid.inputs[0].to_string());
        let waiting = payment(paid.txid(), &TransactionPlace { block: None, confirmations: 0, ..place }, &params);
        assert!(waiting["block"].is_null() && waiting["height"].is_null());
    }
}
