//! Messages between nodes, in words.

use toycoin_core::Amount;
use toycoin_wire::{NodeId, NodeMessage, Payload, printable};

use crate::view::short;

/// Most characters of a reject's text that are shown, escapes included.
const REJECT_TEXT: usize = 128;

/// Returns a message in one line: for people, or as a JSON object.
pub fn describe(from: NodeId, payload: &[u8], json: bool) -> String {
    let (kind, text) = match NodeMessage::decode(payload) {
        Ok(Payload::Message(message)) => (message.tag().to_string(), in_words(&message)),
        Ok(_) => ("unknown".into(), format!("{} bytes", payload.len())),
        Err(error) => ("malformed".into(), error.to_string()),
    };
    if json {
        let line =
            serde_json::json!({ "from": from.to_string(), "kind": kind.trim(), "bytes": payload.len(), "text": text });
        return line.to_string();
    }
    let from: String = from.to_string().chars().take(8).collect();
    format!("{from}  {kind}  {text}")
}

fn in_words(message: &NodeMessage) -> String {
    match message {
        NodeMessage::Status(status) => format!("claims height {}, tip {}", status.height, short(&status.tip)),
        NodeMessage::Transaction(payment) => {
            let paid: Amount = payment.outputs.iter().map(|output| output.value).sum();
            let (inputs, outputs) = (payment.inputs.len(), payment.outputs.len());
            let txid: String = payment.txid().to_string().chars().take(10).collect();
            format!("{txid}, {inputs} inputs, {paid} in {outputs} outputs")
        }
        NodeMessage::Block(block) => {
            format!("height {}, {}, {} payments", block.header.height, short(&block.hash()), block.transactions.len())
        }
        NodeMessage::GetHeaders(request) => format!("after one of {} blocks", request.locator.len()),
        NodeMessage::Headers(headers) => format!("{} headers", headers.len()),
        NodeMessage::GetBlocks(hashes) => format!("{} blocks wanted", hashes.len()),
        NodeMessage::NotFound(hashes) => format!("{} not held", hashes.len()),
        NodeMessage::GetTransactions(txids) => format!("{} payments wanted", txids.len()),
        NodeMessage::Reject(reject) => format!("rule {}: {}", reject.rule, printable(&reject.text, REJECT_TEXT)),
    }
}
