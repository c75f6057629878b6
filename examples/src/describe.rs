//! Messages between nodes, in words.

use std::fmt::{self, Display, Formatter};

use serde_json::{Map, Value};
use toycoin_core::Amount;
use toycoin_node::log_limiter::Omitted;
use toycoin_wire::{NodeId, NodeMessage, Payload, printable};

use crate::{lines::Kind, message_fields::fields, view::short};

/// Most characters of a reject's text that are shown, after escaping.
pub(crate) const REJECT_TEXT: usize = 128;

/// A received message, in words or field by field.
#[derive(Debug, Clone)]
pub struct Description {
    from: NodeId,
    bytes: usize,
    content: Content,
}

#[derive(Debug, Clone)]
enum Content {
    Message(Box<NodeMessage>),
    /// A message of another version or another program.
    Unknown,
    /// Why the bytes are no message.
    Malformed(String),
}

/// Returns the description of a message.
pub fn describe(from: NodeId, payload: &[u8]) -> Description {
    let content = match NodeMessage::decode(payload) {
        Ok(Payload::Message(message)) => Content::Message(Box::new(message)),
        Ok(_) => Content::Unknown,
        Err(error) => Content::Malformed(error.to_string()),
    };
    Description { from, bytes: payload.len(), content }
}

impl Description {
    /// Returns the kind of line, for the rate limit.
    pub const fn kind(&self) -> Kind {
        Kind::Other(self.content.kind())
    }

    /// Returns the message as a JSON object on one line, with the number of earlier messages of its kind that were left
    /// out.
    pub fn json(&self, omitted: Omitted) -> String {
        let mut line = match &self.content {
            Content::Message(message) => fields(message),
            Content::Unknown => Map::new(),
            Content::Malformed(error) => Map::from_iter([("error".to_owned(), error.as_str().into())]),
        };
        line.insert("kind".into(), self.content.kind().trim().into());
        line.insert("from".into(), self.from.to_string().into());
        line.insert("bytes".into(), self.bytes.into());
        if omitted.lines > 0 {
            line.insert("left_out".into(), omitted.lines.into());
        }
        Value::Object(line).to_string()
    }
}

impl Content {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Message(message) => kind_of(message),
            Self::Unknown => "unknown",
            Self::Malformed(_) => "malformed",
        }
    }
}

impl Display for Description {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let from: String = self.from.to_string().chars().take(8).collect();
        write!(f, "{from}  {}  ", self.content.kind())?;
        match &self.content {
            Content::Message(message) => f.write_str(&in_words(message)),
            Content::Unknown => write!(f, "{} bytes", self.bytes),
            Content::Malformed(error) => f.write_str(error),
        }
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
                assert!(!line.contains(|c: char| c.is_control()) && line.len() < 400, "{line}");
            }
        }
    }

    #[test]
    fn a_block_as_json_has_the_fields_of_its_header() {
        let block = toycoin_core::ChainParams::regtest().genesis().clone();
        let payload = NodeMessage::Block(block.clone()).encode().unwrap();
        let line = describe(NodeId::new([7; 16]), &payload).json(Omitted { lines: 3, ..Omitted::default() });
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["kind"], "BLOC");
        assert_eq!(line["hash"], block.hash().to_string());
        assert_eq!(line["previous"], block.header.previous.to_string());
        assert_eq!((&line["height"], &line["payments"], &line["left_out"]), (&0.into(), &0.into(), &3.into()));
        assert_eq!(line["bytes"], payload.len());
        assert!(line.get("text").is_none(), "no prose: {line}");
    }

    #[test]
    fn long_lists_are_cut() {
        let owner = toycoin_core::SecretKey::from_bytes(&[1; 32]).unwrap().public_key();
        let output = toycoin_core::TxOut { value: Amount::ZERO, owner };
        let payment = toycoin_core::Transaction {
            version: 1,
            inputs: Vec::new(),
            outputs: vec![output; 1_000],
            signatures: Vec::new(),
        };
        let payload = NodeMessage::Transaction(payment).encode().unwrap();
        let line = describe(NodeId::new([7; 16]), &payload).json(Omitted::default());
        let line: Value = serde_json::from_str(&line).unwrap();
        assert!(line["outputs"].as_array().is_some_and(|listed| (1..1_000).contains(&listed.len())), "{line}");
    }
}
