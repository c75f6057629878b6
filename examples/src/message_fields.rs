//! Messages between nodes as JSON, field by field, for programs that read the listener's output.
//!
//! Hashes and ids are hexadecimal, amounts are decimal toycoins as text, times are Unix milliseconds, sizes are bytes.
//! What a stranger wrote as text is escaped and bounded. A long list is cut; its count is whole.

use serde_json::{Map, Value, json};
use toycoin_core::{Amount, Block, ChainParams, Header, Transaction, TxOut};
use toycoin_wire::{NodeMessage, node::Status, printable};

use crate::describe::REJECT_TEXT;

/// Most characters of a miner's text that are shown, after escaping.
const MINER_TEXT: usize = 128;

/// Most ids of a message that are listed.
const MAX_LISTED: usize = 200;

/// Returns the fields of a message. A block's fees are what its coinbase pays above the network's subsidy.
pub(crate) fn fields(message: &NodeMessage, params: &ChainParams) -> Map<String, Value> {
    let value = match message {
        NodeMessage::Status(status) => of_status(status),
        NodeMessage::Transaction(payment) => of_payment(payment),
        NodeMessage::Block(block) => of_block(block, params),
        NodeMessage::GetHeaders(request) => {
            json!({ "locator": listed(&request.locator), "stop": request.stop.to_string() })
        }
        NodeMessage::Headers(headers) => json!({
            "count": headers.len(),
            "first": headers.first().map(of_header),
            "last": headers.last().map(of_header),
        }),
        NodeMessage::GetBlocks(hashes) => json!({ "count": hashes.len(), "hashes": listed(hashes) }),
        NodeMessage::NotFound(hashes) => {
            let texts: Vec<_> = hashes.iter().map(hex).collect();
            json!({ "count": hashes.len(), "hashes": listed(&texts) })
        }
        NodeMessage::GetTransactions(txids) => json!({ "count": txids.len(), "txids": listed(txids) }),
        NodeMessage::Reject(reject) => json!({
            "hash": hex(&reject.hash),
            "rule": reject.rule,
            "reason": printable(&reject.text, REJECT_TEXT),
        }),
        NodeMessage::GetAddresses => json!({}),
        NodeMessage::Addresses(addresses) => json!({ "count": addresses.len() }),
        NodeMessage::CompactBlock(block) => json!({
            "header": of_header(&block.header),
            "hash": block.header.hash().to_string(),
            "nonce": block.nonce,
            "ids": block.ids.len(),
        }),
        NodeMessage::GetBlockTransactions(request) => {
            json!({ "block": request.block.to_string(), "count": request.places.len() })
        }
        NodeMessage::BlockTransactions(answer) => {
            json!({ "block": answer.block.to_string(), "count": answer.transactions.len() })
        }
        NodeMessage::GetProof(request) => json!({
            "tip": request.tip.to_string(),
            "slices": request.slices,
            "start": request.start.to_string(),
        }),
        NodeMessage::Proof(proof) => json!({
            "tip": of_header(&proof.tip),
            "samples": proof.samples.len(),
            "nodes": proof.nodes.len(),
        }),
        NodeMessage::GetAncestors(request) => {
            json!({ "tip": request.tip.to_string(), "count": request.blocks.len(), "hashes": listed(&request.blocks) })
        }
        NodeMessage::Ancestors(proof) => json!({ "tip": proof.tip.to_string(), "count": proof.items.len() }),
        NodeMessage::GetReceipts(request) => json!({
            "tip": request.tip.to_string(),
            "count": request.transactions.len(),
            "txids": listed(&request.transactions),
        }),
        NodeMessage::Receipts(receipts) => json!({ "count": receipts.len() }),
        NodeMessage::GetFilters(request) => json!({ "first": request.first, "last": request.last.to_string() }),
        NodeMessage::Filters(filters) => json!({ "count": filters.len() }),
        NodeMessage::GetManifest(block) => json!({ "block": block.to_string() }),
        NodeMessage::Manifest(manifest) => json!({
            "header": of_header(&manifest.header),
            "coins": manifest.opening.count,
            "chunks": manifest.chunks.len(),
        }),
        NodeMessage::GetChunk(request) => json!({ "snapshot": hex(&request.snapshot), "place": request.place }),
        NodeMessage::Chunk(chunk) => {
            json!({ "snapshot": hex(&chunk.snapshot), "place": chunk.place, "count": chunk.coins.len() })
        }
    };
    match value {
        Value::Object(fields) => fields,
        other => Map::from_iter([("value".to_owned(), other)]),
    }
}

fn of_status(status: &Status) -> Value {
    json!({
        "genesis": status.genesis.to_string(),
        "height": status.height,
        "hash": status.tip.to_string(),
        "work": hex(&status.work),
        "time": status.time,
    })
}

fn of_payment(payment: &Transaction) -> Value {
    json!({
        "txid": payment.txid().to_string(),
        "inputs": listed(&payment.inputs),
        "outputs": outputs(&payment.outputs),
        "size": payment.size(),
    })
}

fn of_block(block: &Block, params: &ChainParams) -> Value {
    let mut value = of_header(&block.header);
    let listed_payments = block.transactions.iter().take(MAX_LISTED);
    value["payments"] = block.transactions.len().into();
    value["txids"] = listed_payments.map(|payment| payment.txid().to_string()).collect();
    value["size"] = block.size().into();
    let made: Amount = block.coinbase.outputs.iter().map(|output| output.value).sum();
    value["fees"] = made.checked_sub(params.subsidy(block.header.height)).map(|fees| fees.to_string()).into();
    value["coinbase"] = json!({
        "text": printable(&String::from_utf8_lossy(&block.coinbase.extra), MINER_TEXT),
        "outputs": outputs(&block.coinbase.outputs),
    });
    value
}

fn of_header(header: &Header) -> Value {
    json!({
        "height": header.height,
        "hash": header.hash().to_string(),
        "previous": header.previous.to_string(),
        "merkle_root": header.merkle_root.to_string(),
        "state_root": header.state_root.to_string(),
        "time": header.time,
        "bits": header.bits.to_string(),
        "nonce": header.nonce,
    })
}

fn outputs(outputs: &[TxOut]) -> Value {
    let of = |output: &TxOut| json!({ "value": output.value.to_string(), "owner": hex(&output.owner.to_bytes()) });
    outputs.iter().take(MAX_LISTED).map(of).collect()
}

fn listed<T: ToString>(items: &[T]) -> Value {
    items.iter().take(MAX_LISTED).map(ToString::to_string).collect()
}

fn hex(bytes: &[u8; 32]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
