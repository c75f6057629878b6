//! Messages between nodes, in words.

use std::fmt::{self, Display, Formatter};

use toycoin_core::Amount;
use toycoin_node::log_limiter::Omitted;
use toycoin_wire::{NodeId, NodeMessage, Payload, printable};

use crate::{lines::Kind, view::short};

/// Most characters of a reject's text that are shown, after escaping.
const REJECT_TEXT: usize = 128;

/// A received message, in words.
#[derive(Debug, Clone)]
pub struct Description {
    from: NodeId,
    kind: &'static str,
    bytes: usize,
    text: String,
}

/// Returns the description of a message.
pub fn describe(from: NodeId, payload: &[u8]) -> Description {
    let (kind, text) = match NodeMessage::decode(payload) {
        Ok(Payload::Message(message)) => (kind_of(&message), in_words(&message)),
        Ok(_) => ("unknown", format!("{} bytes", payload.len())),
        Err(error) => ("malformed", error.to_string()),
    };
    Description { from, kind, bytes: payload.len(), text }
}

impl Description {
    /// Returns the kind of line, for the rate limit.
    pub const fn kind(&self) -> Kind {
        Kind::Other(self.kind)
    }

    /// Returns the message as a JSON object on one line, with the number of earlier messages of its kind that were left
    /// out.
    pub fn json(&self, omitted: Omitted) -> String {
        let Self { from, kind, bytes, text } = self;
        let mut line =
            serde_json::json!({ "from": from.to_string(), "kind": kind.trim(), "bytes": bytes, "text": text });
        if omitted.lines > 0 {
            line["left_out"] = omitted.lines.into();
        }
        line.to_string()
    }
}

impl Display for Description {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { from, kind, text, .. } = self;
        let from: String = from.to_string().chars().take(8).collect();
        write!(f, "{from}  {kind}  {text}")
    }
}

/// Returns a JSON object on one line that says how many messages of a kind were left out.
pub fn left_out(kind: &str, omitted: Omitted) -> String {
    serde_json::json!({ "kind": kind.trim(), "left_out": omitted.lines }).to_string()
}

const fn kind_of(message: &NodeMessage) -> &'static str {
    match message {
        NodeMessage::Status(_) => "STAT",
        NodeMessage::Transaction(_) => "TXN ",
        NodeMessage::Block(_) => "BLOC",
        NodeMessage::GetHeaders(_) => "GHDR",
        NodeMessage::Headers(_) => "HDRS",
        NodeMessage::GetBlocks(_) => "GBLK",
        NodeMessage::NotFound(_) => "NOTF",
        NodeMessage::GetTransactions(_) => "GTXN",
        NodeMessage::Reject(_) => "RJCT",
    }
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

#[cfg(test)]
mod tests {
    use toycoin_wire::node::Reject;

    use super::*;

    #[test]
    fn a_message_is_one_line_whatever_a_stranger_wrote() {
        let text = "\u{1b}[2J\r\nerror: forged".to_owned();
        let reject = NodeMessage::Reject(Reject { hash: [0; 32], rule: 7, text }).encode().unwrap();
        let long = NodeMessage::Reject(Reject { hash: [0; 32], rule: 7, text: "\0".repeat(128) }).encode().unwrap();
        for payload in [&*reject, &long, b"\x1b[2J\n", b"HDRS\n", b""] {
            let message = describe(NodeId::new([7; 16]), payload);
            for line in [message.to_string(), message.json(Omitted::default())] {
                assert!(!line.contains(|c: char| c.is_control()) && line.len() < 300, "{line}");
            }
        }
    }
}
