//! Messages between nodes, in words.

use serde_json::{Map, Value};
use toycoin_core::{Block, BlockHash, ChainParams, Header, TxOut};
use toycoin_node::log_limiter::Omitted;
use toycoin_wire::{NodeId, NodeMessage, Payload, printable};

use crate::{
    block_row::{bits_of, short},
    classroom::name_of,
    columns::wrap,
    header_lines::header_lines,
    lines::Kind,
    look::{Colour, Look},
    message_fields::fields,
    words::{count, listed, money},
};

/// Most characters of a reject's text that are shown, after escaping.
pub(crate) const REJECT_TEXT: usize = 128;

/// Most outputs of a payment that are shown.
const MAX_OUTPUTS: usize = 3;

/// Most headers of a message that are shown as a whole.
const MAX_HEADERS: usize = 20;

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

    /// Returns the block that the message brings, if it does.
    pub fn block(&self) -> Option<&Block> {
        match &self.content {
            Content::Message(message) => match &**message {
                NodeMessage::Block(block) => Some(block),
                _ => None,
            },
            _ => None,
        }
    }

    /// Returns the message as a JSON object on one line, with its sender's name and the number of earlier messages of
    /// its kind that were left out. `params` are those of the network, which say what a block's fees are.
    pub fn json(&self, name: &str, omitted: Omitted, params: &ChainParams) -> String {
        let mut line = match &self.content {
            Content::Message(message) => fields(message, params),
            Content::Unknown => Map::new(),
            Content::Malformed(error) => Map::from_iter([("error".to_owned(), error.as_str().into())]),
        };
        line.insert("kind".into(), self.content.kind().trim().into());
        line.insert("from".into(), self.from.to_string().into());
        line.insert("name".into(), name.into());
        line.insert("bytes".into(), self.bytes.into());
        if omitted.lines > 0 {
            line.insert("left_out".into(), omitted.lines.into());
        }
        Value::Object(line).to_string()
    }

    /// Returns the message in words, of at most 80 columns in each line: its sender's name, its kind, its size in bytes,
    /// and what it says.
    pub fn lines(&self, name: &str, omitted: Omitted, look: Look) -> Vec<String> {
        let words = match &self.content {
            Content::Message(message) => in_words(message),
            Content::Unknown => "of another version or another program".into(),
            Content::Malformed(error) => error.clone(),
        };
        let first = format!("{name:<8}  {}  {:>7}  ", self.content.kind(), self.bytes);
        let colour = match &self.content {
            Content::Message(message) => match **message {
                NodeMessage::Transaction(_) => Some(Colour::Money),
                NodeMessage::Block(_) | NodeMessage::CompactBlock(_) => Some(Colour::Heading),
                NodeMessage::Reject(_) => Some(Colour::Refused),
                _ => None,
            },
            Content::Unknown | Content::Malformed(_) => Some(Colour::Refused),
        };
        let paint = |line: String| colour.map_or_else(|| line.clone(), |colour| look.paint(colour, &line));
        wrap(&first, &format!("{words}{omitted}")).into_iter().map(paint).collect()
    }

    /// Returns the headers that the message brings, field by field.
    pub fn headers(&self) -> Vec<String> {
        let Content::Message(message) = &self.content else { return Vec::new() };
        let (shown, more) = match &**message {
            NodeMessage::Block(block) => (std::slice::from_ref(&block.header), 0),
            NodeMessage::Headers(headers) => {
                let shown = headers.get(..MAX_HEADERS).unwrap_or(headers);
                (shown, headers.len() - shown.len())
            }
            _ => return Vec::new(),
        };
        let of = |header: &Header| {
            let height = format!("  height       {}", header.height);
            [height].into_iter().chain(header_lines(header, &header.hash()).into_iter().map(|line| format!("  {line}")))
        };
        let mut lines: Vec<_> = shown.iter().flat_map(of).collect();
        lines.extend((more > 0).then(|| format!("  and {} more", count(more as u64, "header"))));
        lines
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
        NodeMessage::GetAddresses => "GADR",
        NodeMessage::Addresses(_) => "ADDR",
        NodeMessage::CompactBlock(_) => "CBLK",
        NodeMessage::GetBlockTransactions(_) => "GBTX",
        NodeMessage::BlockTransactions(_) => "BTXS",
        NodeMessage::GetProof(_) => "GPRF",
        NodeMessage::Proof(_) => "PROF",
        NodeMessage::GetAncestors(_) => "GANC",
        NodeMessage::Ancestors(_) => "ANCS",
        NodeMessage::GetReceipts(_) => "GTXP",
        NodeMessage::Receipts(_) => "TXPR",
        NodeMessage::GetFilters(_) => "GFIL",
        NodeMessage::Filters(_) => "FILT",
        NodeMessage::GetManifest(_) => "GSNP",
        NodeMessage::Manifest(_) => "SNPM",
        NodeMessage::GetChunk(_) => "GCHK",
        NodeMessage::Chunk(_) => "CHNK",
    }
}

fn in_words(message: &NodeMessage) -> String {
    match message {
        NodeMessage::Status(status) => format!("height {}, tip {}", status.height, short(status.tip)),
        NodeMessage::Transaction(payment) => {
            let to = |output: &TxOut| match name_of(output.owner) {
                Some(name) => format!("{} to {name}", money(output.value)),
                None => format!("{} to {}", money(output.value), short(output.owner)),
            };
            let mut outputs: Vec<_> = payment.outputs.iter().take(MAX_OUTPUTS).map(to).collect();
            let more = payment.outputs.len().saturating_sub(MAX_OUTPUTS);
            outputs.extend((more > 0).then(|| format!("{more} more")));
            let inputs = count(payment.inputs.len() as u64, "input");
            format!("{}, {inputs}: {}", short(payment.txid()), listed(&outputs))
        }
        NodeMessage::Block(block) => {
            let Header { height, previous, .. } = block.header;
            let hash: BlockHash = block.hash();
            let (bits, payments) = (bits_of(&block.header), count(block.transactions.len() as u64, "payment"));
            format!("{height}  {} on {}, {bits:.1} bits, {payments}", short(hash), short(previous))
        }
        NodeMessage::GetHeaders(request) => {
            format!("asks for headers after one of {}", count(request.locator.len() as u64, "block"))
        }
        NodeMessage::Headers(headers) => count(headers.len() as u64, "header"),
        NodeMessage::GetBlocks(hashes) => format!("asks for {}", count(hashes.len() as u64, "block")),
        NodeMessage::NotFound(hashes) => format!("does not hold {}", count(hashes.len() as u64, "thing")),
        NodeMessage::GetTransactions(txids) => format!("asks for {}", count(txids.len() as u64, "payment")),
        NodeMessage::Reject(reject) => {
            format!("refuses by rule {}: {}", reject.rule, printable(&reject.text, REJECT_TEXT))
        }
        NodeMessage::GetAddresses => "asks for addresses of nodes".into(),
        NodeMessage::Addresses(addresses) => count(addresses.len() as u64, "address"),
        NodeMessage::CompactBlock(block) => {
            let (hash, ids) = (block.header.hash(), count(block.ids.len() as u64, "short id"));
            format!("{}  {} on {}, {ids}", block.header.height, short(hash), short(block.header.previous))
        }
        NodeMessage::GetBlockTransactions(request) => {
            format!("asks for {} of {}", count(request.places.len() as u64, "payment"), short(request.block))
        }
        NodeMessage::BlockTransactions(answer) => {
            format!("{} of {}", count(answer.transactions.len() as u64, "payment"), short(answer.block))
        }
        NodeMessage::GetProof(request) => format!("asks for a proof of work, {} slices", request.slices),
        NodeMessage::Proof(proof) => {
            let (hash, samples) = (proof.tip.hash(), count(proof.samples.len() as u64, "sample"));
            format!("proves the work of {} at height {}, {samples}", short(hash), proof.tip.height)
        }
        NodeMessage::GetAncestors(request) => {
            format!("asks for a proof of {}", count(request.blocks.len() as u64, "ancestor"))
        }
        NodeMessage::Ancestors(proof) => format!("proves {}", count(proof.items.len() as u64, "ancestor")),
        NodeMessage::GetReceipts(request) => {
            format!("asks for {}", count(request.transactions.len() as u64, "receipt"))
        }
        NodeMessage::Receipts(receipts) => count(receipts.len() as u64, "receipt"),
        NodeMessage::GetFilters(request) => {
            format!("asks for filters from height {} to {}", request.first, short(request.last))
        }
        NodeMessage::Filters(filters) => count(filters.len() as u64, "filter"),
        NodeMessage::GetManifest(block) if *block == BlockHash::ZERO => "asks for the newest snapshot".into(),
        NodeMessage::GetManifest(block) => format!("asks for the snapshot of {}", short(*block)),
        NodeMessage::Manifest(manifest) => {
            let coins = count(manifest.opening.count, "coin");
            format!("a snapshot at height {}, {coins}", manifest.header.height)
        }
        NodeMessage::GetChunk(request) => format!("asks for chunk {} of a snapshot", request.place),
        NodeMessage::Chunk(chunk) => {
            format!("chunk {} of a snapshot, {}", chunk.place, count(chunk.coins.len() as u64, "coin"))
        }
    }
}

#[cfg(test)]
mod tests {
    use toycoin_wire::node::Reject;

    use super::*;
    use crate::columns::{WIDTH, width};

    #[test]
    fn a_message_is_one_line_whatever_a_stranger_wrote() {
        let text = "\u{1b}[2J\r\nerror: forged".to_owned();
        let reject = NodeMessage::Reject(Reject { hash: [0; 32], rule: 7, text }).encode().unwrap();
        let long = NodeMessage::Reject(Reject { hash: [0; 32], rule: 7, text: "\0".repeat(128) }).encode().unwrap();
        for payload in [&*reject, &long, b"\x1b[2J\n", b"HDRS\n", b""] {
            let message = describe(NodeId::new([7; 16]), payload);
            let lines = message.lines("node 1", Omitted::default(), Look::PLAIN);
            assert!(lines.iter().all(|line| width(line) <= WIDTH), "{lines:#?}");
            let json = message.json("node 1", Omitted::default(), &ChainParams::lab());
            for line in [lines.concat(), json] {
                assert!(!line.contains(|c: char| c.is_control()) && line.len() < 500, "{line}");
            }
        }
    }

    #[test]
    fn a_block_as_json_has_the_fields_of_its_header() {
        let block = ChainParams::regtest().genesis().clone();
        let payload = NodeMessage::Block(block.clone()).encode().unwrap();
        let omitted = Omitted { lines: 3, ..Omitted::default() };
        let line = describe(NodeId::new([7; 16]), &payload).json("node 1", omitted, &ChainParams::regtest());
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&line["kind"], &line["name"]), (&"BLOC".into(), &"node 1".into()));
        assert_eq!(line["hash"], block.hash().to_string());
        assert_eq!(line["previous"], block.header.previous.to_string());
        assert_eq!((&line["height"], &line["payments"], &line["left_out"]), (&0.into(), &0.into(), &3.into()));
        assert_eq!(line["bytes"], payload.len());
        assert!(line.get("text").is_none(), "no prose: {line}");
    }

    #[test]
    fn a_block_is_told_in_one_line_and_its_header_whole() {
        let params = ChainParams::lab();
        let chain = toycoin_core::Chain::in_memory(params.clone());
        let owner = toycoin_core::SecretKey::classroom(0).public_key();
        let block = chain.template(Vec::new(), owner, b"", 1 << 42).unwrap();
        let payload = NodeMessage::Block(block.clone()).encode().unwrap();
        let message = describe(NodeId::new([7; 16]), &payload);
        assert_eq!(message.block(), Some(&block));
        let lines = message.lines("node 1", Omitted::default(), Look::PLAIN);
        assert_eq!(lines.len(), 1, "{lines:#?}");
        assert!(
            lines[0].starts_with("node 1    BLOC      ") && lines[0].ends_with("24.0 bits, 0 payments"),
            "{lines:?}"
        );
        let headers = message.headers();
        assert!(headers.iter().any(|line| line.ends_with(&block.header.merkle_root.to_string())), "{headers:#?}");
        assert!(headers.iter().all(|line| width(line) <= WIDTH), "{headers:#?}");
        let line: Value = serde_json::from_str(&message.json("", Omitted::default(), &params)).unwrap();
        assert_eq!(line["fees"], "0.00000000");
        let many = NodeMessage::Headers(vec![block.header; MAX_HEADERS + 1]).encode().unwrap();
        assert_eq!(describe(NodeId::new([7; 16]), &many).headers().last().unwrap(), "  and 1 header more");
    }

    #[test]
    fn long_lists_are_cut() {
        let owner = toycoin_core::SecretKey::from_bytes(&[1; 32]).unwrap().public_key();
        let output = TxOut { value: toycoin_core::Amount::ZERO, owner };
        let payment = toycoin_core::Transaction {
            version: 1,
            inputs: Vec::new(),
            outputs: vec![output; 1_000],
            signatures: Vec::new(),
        };
        let payload = NodeMessage::Transaction(payment).encode().unwrap();
        let line = describe(NodeId::new([7; 16]), &payload).json("", Omitted::default(), &ChainParams::lab());
        let line: Value = serde_json::from_str(&line).unwrap();
        assert!(line["outputs"].as_array().is_some_and(|listed| (1..1_000).contains(&listed.len())), "{line}");
    }
}
