//! Freezes every frame and every message in docs/vectors/wire.json.
//!
//! Each vector says its fields line by line, `type name = value`, in the order in which they are written. A little
//! encoder here, which knows nothing of serde or bincode, makes bytes of those lines; they must be the crate's own.
//!
//! The file is regenerated and compared. `TOYCOIN_UPDATE_VECTORS=1` rewrites it instead: its diff is to be read as a
//! change of the protocol, for that is what it is.

use std::{env, fs};

use serde_json::{Map, Value, json};
use toycoin_core::{
    Amount, Block, BlockHash, ChainParams, Coin, Coinbase, Header, InclusionProof, OutPoint, Transaction, TxOut, Txid,
    Work,
    compact::{CompactBlock, ShortIds},
    filter::BlockFilter,
    hex::Hex,
    proof::{AncestryProof, Opening, Receipt, ReceiptTransaction, Sample, TAIL, WorkProof},
    snapshot::{CoinBytes, Manifest, chunk_hash},
    state::LtHash,
    test_util::{TestLedger, classroom},
};
use toycoin_wire::{
    ChannelRef, DecodeError, FrameDecoder, NodeId, NodeMessage, Payload, PayloadError, Reader, Tag,
    node::{
        BlockTransactions, Chunk, GetAncestors, GetBlockTransactions, GetChunk, GetFilters, GetHeaders, GetProof,
        GetReceipts, NodeAddress, Reject, Status,
    },
    relay::{Deliver, Hello, Publish, RelayMessage, Welcome},
};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/vectors/wire.json");

#[test]
fn frames_and_messages_are_as_frozen() {
    let found = json!({
        "about": "toycoin wire protocol version 1, docs/protocol.md; a message's fields are lines `type name = value`, \
                  in the order of their bytes, which are hex",
        "types": {
            "u16, u32, u64": "little-endian",
            "array": "its bytes, without a length; in hex",
            "count": "of the items that follow: u64",
            "text": "length in bytes u64, then UTF-8; as a JSON string",
            "blob": "length u64, then its bytes; in hex",
            "option": "one byte, 0 for none, 1 for some: then what it holds follows",
        },
        "frames": frames(),
        "payloads": payloads(),
        "judged_streams": judged_streams(),
        "judged_payloads": judged_payloads(),
    });
    if env::var_os("TOYCOIN_UPDATE_VECTORS").is_some_and(|value| value == "1") {
        let text = serde_json::to_string_pretty(&found).unwrap() + "\n";
        fs::write(FILE, text).expect("docs/vectors can be written");
        return;
    }
    let text = fs::read_to_string(FILE).expect("docs/vectors/wire.json");
    let frozen: Value = serde_json::from_str(&text).unwrap();
    let mut differences = Vec::new();
    compare("", &frozen, &found, &mut differences);
    assert!(differences.is_empty(), "not as frozen:\n{}", differences.join("\n"));
}

/// The encoder of the lines against bytes that were written down by hand from docs/protocol.md.
#[test]
fn lines_are_encoded_as_the_page_says() {
    let cases: [(&[&str], &[u8]); 7] = [
        (&["u16 version = 1"], b"\x01\0"),
        (&["u32 vout = 258", "u64 height = 7"], b"\x02\x01\0\0\x07\0\0\0\0\0\0\0"),
        (&["array id = 00ff"], b"\0\xff"),
        (&["text agent = \"x/1\""], b"\x03\0\0\0\0\0\0\0x/1"),
        (&["text reason = \"\u{e9}\\\"\""], b"\x03\0\0\0\0\0\0\0\xc3\xa9\""),
        (&["blob payload = "], b"\0\0\0\0\0\0\0\0"),
        (&["option to = none", "option to = some", "array to = 07", "count n = 1"], b"\0\x01\x07\x01\0\0\0\0\0\0\0"),
    ];
    for (lines, bytes) in cases {
        let lines = Lines(lines.iter().copied().map(str::to_owned).collect());
        assert_eq!(lines.encode(), bytes, "{lines:?}");
    }
}

/// The page shows bytes line by line, two spaces before what they mean; each dump is one of the frozen vectors.
#[test]
fn the_pages_bytes_are_frozen_too() {
    let page = include_str!("../../../docs/protocol.md");
    let vectors = [frames(), payloads()];
    let dumps = page.split("```dump\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default());
    let mut count = 0;
    for dump in dumps {
        let bytes = |line: &str| line.split("  ").next().unwrap_or_default().replace(' ', "");
        let dumped = Value::from(dump.lines().map(bytes).collect::<String>());
        let is_dumped = |vector: &Value| vector["frame"] == dumped || vector["payload"] == dumped;
        assert!(vectors.iter().flat_map(|list| list.as_array().unwrap()).any(is_dumped), "{dump}");
        count += 1;
    }
    assert_eq!(count, 4);
    for tag in vectors.iter().flat_map(|list| list.as_array().unwrap()).map(|vector| vector["tag"].as_str().unwrap()) {
        assert!(page.contains(&format!("| {}", tag.trim())) || tag == "UNSB" || tag == "PONG", "{tag} has no row");
    }
}

/// Collects the places in which two values differ.
fn compare(place: &str, frozen: &Value, found: &Value, differences: &mut Vec<String>) {
    match (frozen, found) {
        (Value::Object(one), Value::Object(other)) => {
            let names: std::collections::BTreeSet<_> = one.keys().chain(other.keys()).collect();
            for name in names {
                let at = |object: &Map<String, Value>| object.get(name).cloned().unwrap_or_default();
                compare(&format!("{place}/{name}"), &at(one), &at(other), differences);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (index, (one, other)) in one.iter().zip(other).enumerate() {
                compare(&format!("{place}/{index}"), one, other, differences);
            }
        }
        _ if frozen == found => {}
        _ => differences.push(format!("{place}: frozen {frozen}, found {found}")),
    }
}

fn hex(bytes: &[u8]) -> String {
    Hex(bytes).to_string()
}

fn unhex(text: &str) -> Vec<u8> {
    assert_eq!(text.len() % 2, 0, "{text}");
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex")).collect()
}

/// The fields of a message, readable.
#[derive(Debug, Default)]
struct Lines(Vec<String>);

impl Lines {
    fn put(mut self, kind: &str, name: &str, value: impl std::fmt::Display) -> Self {
        self.0.push(format!("{kind} {name} = {value}"));
        self
    }

    fn array(self, name: &str, bytes: &[u8]) -> Self {
        self.put("array", name, Hex(bytes))
    }

    fn text(self, name: &str, text: &str) -> Self {
        self.put("text", name, json!(text))
    }

    /// A count, then each item's fields.
    fn list<T>(self, name: &str, items: &[T], fields: impl Fn(Self, &str, &T) -> Self) -> Self {
        let lines = self.put("count", name, items.len());
        items.iter().enumerate().fold(lines, |lines, (at, item)| fields(lines, &format!("{name}[{at}]"), item))
    }

    /// Makes bytes of the lines, and of nothing else.
    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for line in &self.0 {
            let (front, value) = line.split_once(" = ").expect("type name = value");
            let (kind, _) = front.split_once(' ').expect("type name = value");
            let number = || value.parse::<u64>().expect("a number").to_le_bytes();
            match kind {
                "u16" => out.extend(&number()[..2]),
                "u32" => out.extend(&number()[..4]),
                "u64" | "count" => out.extend(number()),
                "array" => out.extend(unhex(value)),
                "text" => {
                    let text: String = serde_json::from_str(value).expect("a JSON string");
                    out.extend((text.len() as u64).to_le_bytes());
                    out.extend(text.bytes());
                }
                "blob" => {
                    let bytes = unhex(value);
                    out.extend((bytes.len() as u64).to_le_bytes());
                    out.extend(bytes);
                }
                "option" => out.push(match value {
                    "none" => 0,
                    "some" => 1,
                    _ => panic!("{line}"),
                }),
                _ => panic!("{line}"),
            }
        }
        out
    }
}

fn frame_lines(message: &RelayMessage<'_>) -> Lines {
    let lines = Lines::default();
    match message {
        RelayMessage::Hello(hello) => {
            let lines = lines.put("u16", "version", 1).array("node_id", &hello.node_id.to_bytes());
            lines.text("agent", hello.agent)
        }
        RelayMessage::Welcome(welcome) => lines
            .text("agent", welcome.agent)
            .put("u32", "max_frame", welcome.max_frame)
            .put("u32", "max_subscriptions", welcome.max_subscriptions),
        RelayMessage::Subscribe(channel) | RelayMessage::Unsubscribe(channel) => {
            lines.text("channel", channel.as_str())
        }
        RelayMessage::Publish(publish) => {
            let lines = lines.text("channel", publish.channel.as_str());
            let lines = match publish.to {
                None => lines.put("option", "to", "none"),
                Some(to) => lines.put("option", "to", "some").array("to", &to.to_bytes()),
            };
            lines.put("blob", "payload", Hex(publish.payload))
        }
        RelayMessage::Deliver(deliver) => {
            let lines = lines.text("channel", deliver.channel.as_str()).array("from", &deliver.from.to_bytes());
            lines.put("blob", "payload", Hex(deliver.payload))
        }
        RelayMessage::Lagged(count) => lines.put("u64", "count", count),
        RelayMessage::Ping(nonce) | RelayMessage::Pong(nonce) => lines.put("u64", "nonce", nonce),
        RelayMessage::Goodbye(reason) => lines.text("reason", reason),
        other => panic!("{other:?} has no lines"),
    }
}

fn frames() -> Value {
    let (me, you) = (NodeId::new(*b"0123456789abcdef"), NodeId::new([0xa5; 16]));
    let main = ChannelRef::new("/topic/main").expect("a name of allowed characters");
    let status = NodeMessage::Status(status()).encode().expect("within its caps");
    let longest = "z".repeat(64);
    let cases = [
        RelayMessage::Hello(Hello { node_id: me, agent: "toycoin/0.1.0" }),
        RelayMessage::Hello(Hello { node_id: you, agent: "" }),
        RelayMessage::Welcome(Welcome { agent: "toycoin-relay/0.1.0", max_frame: 2 << 20, max_subscriptions: 16 }),
        RelayMessage::Subscribe(main),
        RelayMessage::Subscribe(ChannelRef::new(&longest).expect("a name of 64 bytes")),
        RelayMessage::Unsubscribe(main),
        RelayMessage::Publish(Publish { channel: main, to: None, payload: &status }),
        RelayMessage::Publish(Publish { channel: main, to: Some(you), payload: &status }),
        RelayMessage::Publish(Publish { channel: main, to: None, payload: b"" }),
        RelayMessage::Deliver(Deliver { channel: main, from: me, payload: &status }),
        RelayMessage::Lagged(258),
        RelayMessage::Ping(1),
        RelayMessage::Pong(0x0001_0203_0405_0607),
        RelayMessage::Goodbye("silent for 120 s"),
    ];
    let of = |message: RelayMessage<'_>| {
        let (lines, tag) = (frame_lines(&message), message.tag());
        let body = lines.encode();
        let length = u32::try_from(4 + body.len()).expect("a small number");
        let frame = [length.to_be_bytes().as_slice(), &tag.to_bytes(), &body].concat();
        assert_eq!(message.to_frame().expect("within its caps"), frame, "{message:?}");
        let decoded = RelayMessage::decode(toycoin_wire::Frame { tag, body: &body });
        assert_eq!(decoded, Ok(message));
        json!({ "tag": tag.to_string(), "fields": lines.0, "frame": hex(&frame) })
    };
    cases.map(of).into_iter().collect()
}

fn header_lines(lines: Lines, name: &str, header: &Header) -> Lines {
    let field = |field| format!("{name}.{field}");
    lines
        .array(&field("previous"), header.previous.as_bytes())
        .array(&field("merkle_root"), header.merkle_root.as_bytes())
        .put("u32", &field("version"), header.version)
        .put("u32", &field("bits"), header.bits.to_bits())
        .put("u64", &field("height"), header.height)
        .put("u64", &field("time"), header.time)
        .array(&field("state_root"), header.state_root.as_bytes())
        .put("u64", &field("nonce"), header.nonce)
}

fn output_lines(lines: Lines, name: &str, output: &TxOut) -> Lines {
    let lines = lines.put("u64", &format!("{name}.value"), output.value.grains());
    lines.array(&format!("{name}.owner"), output.owner.as_bytes())
}

fn transaction_lines(lines: Lines, name: &str, transaction: &Transaction) -> Lines {
    let field = |field| format!("{name}.{field}");
    let lines = lines.put("u32", &field("version"), transaction.version);
    let lines = lines.list(&field("inputs"), &transaction.inputs, |lines, name, input| {
        let lines = lines.array(&format!("{name}.txid"), input.txid.as_bytes());
        lines.put("u32", &format!("{name}.vout"), input.vout)
    });
    let lines = lines.list(&field("outputs"), &transaction.outputs, output_lines);
    lines.list(&field("signatures"), &transaction.signatures, |lines, name, signature| {
        lines.array(name, signature.as_bytes())
    })
}

fn hash_lines(lines: Lines, name: &str, hash: &BlockHash) -> Lines {
    lines.array(name, hash.as_bytes())
}

fn payload_lines(message: &NodeMessage) -> Lines {
    let lines = Lines::default();
    match message {
        NodeMessage::Status(status) => hash_lines(lines.put("u16", "version", 1), "genesis", &status.genesis)
            .array("tip", status.tip.as_bytes())
            .put("u64", "height", status.height)
            .array("work", &status.work)
            .put("u64", "time", status.time),
        NodeMessage::Transaction(transaction) => transaction_lines(lines, "transaction", transaction),
        NodeMessage::Block(block) => {
            let lines = coinbase_lines(header_lines(lines, "header", &block.header), "coinbase", &block.coinbase);
            lines.list("transactions", &block.transactions, transaction_lines)
        }
        NodeMessage::GetHeaders(request) => {
            lines.list("locator", &request.locator, hash_lines).array("stop", request.stop.as_bytes())
        }
        NodeMessage::Headers(headers) => lines.list("headers", headers, header_lines),
        NodeMessage::GetBlocks(hashes) => lines.list("hashes", hashes, hash_lines),
        NodeMessage::NotFound(hashes) => lines.list("hashes", hashes, |lines, name, hash| lines.array(name, hash)),
        NodeMessage::GetTransactions(txids) => {
            lines.list("txids", txids, |lines, name, txid| lines.array(name, txid.as_bytes()))
        }
        NodeMessage::Reject(reject) => {
            lines.array("hash", &reject.hash).put("u16", "rule", reject.rule).text("text", &reject.text)
        }
        NodeMessage::GetAddresses => lines,
        NodeMessage::Addresses(addresses) => lines.list("addresses", addresses, |lines, name, address| {
            let lines = lines.put("blob", &format!("{name}.peer"), Hex(&address.peer));
            let lines = lines.array(&format!("{name}.ip"), &address.ip);
            lines.put("u16", &format!("{name}.port"), address.port).put("u32", &format!("{name}.seen"), address.seen)
        }),
        NodeMessage::CompactBlock(block) => {
            let lines = header_lines(lines, "header", &block.header).put("u64", "nonce", block.nonce);
            let lines = coinbase_lines(lines, "coinbase", &block.coinbase);
            lines.list("ids", &block.ids, |lines, name, id| lines.array(name, id))
        }
        NodeMessage::GetBlockTransactions(request) => {
            hash_lines(lines, "block", &request.block)
                .list("places", &request.places, |lines, name, place| lines.put("u32", name, place))
        }
        NodeMessage::BlockTransactions(answer) => {
            hash_lines(lines, "block", &answer.block).list("transactions", &answer.transactions, transaction_lines)
        }
        NodeMessage::GetProof(request) => hash_lines(lines, "tip", &request.tip)
            .array("seed", &request.seed)
            .put("u16", "slices", request.slices)
            .array("start", request.start.as_bytes()),
        NodeMessage::Proof(proof) => {
            let lines = opening_lines(header_lines(lines, "tip", &proof.tip), "opening", &proof.opening);
            let lines = lines.list("tail", &proof.tail, whole_header);
            let lines = lines.array("before_tail", &proof.before_tail.to_be_bytes());
            lines.list("samples", &proof.samples, sample_lines).list("nodes", &proof.nodes, node_lines)
        }
        NodeMessage::GetAncestors(request) => {
            hash_lines(lines, "tip", &request.tip).list("blocks", &request.blocks, hash_lines)
        }
        NodeMessage::Ancestors(proof) => hash_lines(lines, "tip", &proof.tip)
            .list("items", &proof.items, sample_lines)
            .list("nodes", &proof.nodes, node_lines),
        NodeMessage::GetReceipts(request) => {
            hash_lines(lines, "tip", &request.tip)
                .list("txids", &request.transactions, |lines, name, txid| lines.array(name, txid.as_bytes()))
        }
        NodeMessage::Receipts(receipts) => lines.list("receipts", receipts, receipt_lines),
        NodeMessage::GetFilters(request) => {
            lines.put("u64", "first", request.first).array("last", request.last.as_bytes())
        }
        NodeMessage::Filters(filters) => lines.list("filters", filters, |lines, name, filter| {
            let lines = hash_lines(lines, &format!("{name}.block"), &filter.block);
            let lines = lines.put("u32", &format!("{name}.count"), filter.count);
            lines.put("blob", &format!("{name}.bytes"), Hex(&filter.bytes))
        }),
        NodeMessage::GetManifest(block) => hash_lines(lines, "block", block),
        NodeMessage::Manifest(manifest) => {
            let lines = header_lines(lines, "header", &manifest.header);
            let lines = opening_lines(lines, "opening", &manifest.opening).array("sum", &manifest.sum.to_bytes());
            lines.list("chunks", &manifest.chunks, node_lines)
        }
        NodeMessage::GetChunk(request) => lines.array("snapshot", &request.snapshot).put("u32", "place", request.place),
        NodeMessage::Chunk(chunk) => lines.array("snapshot", &chunk.snapshot).put("u32", "place", chunk.place).list(
            "coins",
            &chunk.coins,
            coin_lines,
        ),
    }
}

fn coinbase_lines(lines: Lines, name: &str, coinbase: &Coinbase) -> Lines {
    let lines = lines.put("u64", &format!("{name}.height"), coinbase.height);
    let lines = lines.put("blob", &format!("{name}.extra"), Hex(&coinbase.extra));
    lines.list(&format!("{name}.outputs"), &coinbase.outputs, output_lines)
}

/// A header as the 128 bytes that are hashed.
fn whole_header(lines: Lines, name: &str, header: &Header) -> Lines {
    lines.array(name, &header.to_bytes())
}

fn opening_lines(lines: Lines, name: &str, opening: &Opening) -> Lines {
    lines.array(&format!("{name}.coins"), &opening.coins).put("u64", &format!("{name}.count"), opening.count)
}

fn sample_lines(lines: Lines, name: &str, sample: &Sample) -> Lines {
    let lines = whole_header(lines, &format!("{name}.header"), &sample.header);
    let lines = opening_lines(lines, &format!("{name}.opening"), &sample.opening);
    lines.array(&format!("{name}.before"), &sample.before.to_be_bytes())
}

fn node_lines(lines: Lines, name: &str, node: &[u8; 32]) -> Lines {
    lines.array(name, node)
}

fn receipt_lines(lines: Lines, name: &str, receipt: &Receipt) -> Lines {
    let field = |field| format!("{name}.{field}");
    let lines = hash_lines(lines, &field("block"), &receipt.block)
        .put("u32", &field("index"), receipt.inclusion.index)
        .put("u32", &field("transactions"), receipt.inclusion.transactions);
    let lines = lines.list(&field("siblings"), &receipt.inclusion.siblings, node_lines);
    match &receipt.transaction {
        ReceiptTransaction::Transaction(transaction) => {
            transaction_lines(lines.put("u32", &field("kind"), 0), &field("transaction"), transaction)
        }
        ReceiptTransaction::Coinbase(coinbase) => {
            coinbase_lines(lines.put("u32", &field("kind"), 1), &field("coinbase"), coinbase)
        }
    }
}

fn coin_lines(lines: Lines, name: &str, coin: &CoinBytes) -> Lines {
    let field = |field| format!("{name}.{field}");
    let (outpoint, coin) = (coin.outpoint(), coin.coin());
    output_lines(
        lines.array(&field("txid"), outpoint.txid.as_bytes()).put("u32", &field("vout"), outpoint.vout),
        name,
        &coin.output,
    )
    .put("u64", &field("coinbase_height"), coin.coinbase_height)
}

fn status() -> Status {
    let lab = ChainParams::lab();
    let mut work = [0; 32];
    work[28..].copy_from_slice(&[1, 0, 1, 0]);
    let tip = BlockHash::from_bytes(std::array::from_fn(|i| u8::try_from(i).expect("a small number")));
    Status { genesis: lab.genesis_hash(), tip, height: 258, work, time: 1_767_225_600_123 }
}

/// An address at 192.0.2.1.
fn address(peer: Vec<u8>, port: u16) -> NodeAddress {
    let mut ip = [0; 16];
    ip[10..].copy_from_slice(&[0xff, 0xff, 192, 0, 2, 1]);
    NodeAddress { peer, ip, port, seen: 490_000 }
}

/// A chain of regtest: genesis, a block with a payment of one coin, one with a payment of two owners' coins.
fn chain() -> Vec<Block> {
    let mut ledger = TestLedger::new(ChainParams::regtest());
    let mut payments = ledger.payments();
    let payment = payments.pay(0, 1, Amount::from_grains(1_000), Amount::from_grains(10));
    ledger.extend(payment.into_iter().collect(), classroom::owner(4));
    let mut payments = ledger.payments();
    let coins: Vec<_> = [2, 3].into_iter().filter_map(|index| payments.coins_of(index).next()).collect();
    let value = coins.iter().map(|(_, coin)| coin.value).sum();
    let inputs = coins.iter().map(|(outpoint, _)| *outpoint).collect();
    let both = payments.spend(inputs, vec![TxOut { value, owner: classroom::owner(0) }]);
    let another = payments.pay(0, 2, Amount::from_grains(5), Amount::from_grains(7));
    ledger.extend(std::iter::once(both).chain(another).collect(), classroom::owner(5));
    ledger.blocks().iter().map(|block| Block::clone(block)).collect()
}

fn payloads() -> Value {
    let chain = chain();
    let hashes: Vec<_> = chain.iter().rev().map(Block::hash).collect();
    let transactions: Vec<_> = chain.iter().flat_map(|block| block.transactions.clone()).collect();
    let mut cases = vec![NodeMessage::Status(status())];
    cases.extend(transactions.iter().cloned().map(NodeMessage::Transaction));
    cases.extend(chain.iter().cloned().map(NodeMessage::Block));
    let reject = |rule, text: &str| NodeMessage::Reject(Reject { hash: hashes[0].to_bytes(), rule, text: text.into() });
    cases.extend([
        NodeMessage::GetHeaders(GetHeaders { locator: hashes.clone(), stop: BlockHash::ZERO }),
        NodeMessage::GetHeaders(GetHeaders { locator: Vec::new(), stop: hashes[0] }),
        NodeMessage::Headers(chain.iter().skip(1).map(|block| block.header).collect()),
        NodeMessage::Headers(Vec::new()),
        NodeMessage::GetBlocks(hashes.clone()),
        NodeMessage::NotFound(hashes.iter().skip(1).map(|hash| hash.to_bytes()).collect()),
        NodeMessage::GetTransactions(transactions.iter().map(Transaction::txid).collect()),
        reject(11, "the hash is above the target"),
        reject(0, "caf\u{e9} \"\u{1f9f1}\""),
        NodeMessage::GetAddresses,
        NodeMessage::Addresses(vec![address(vec![0x12; 38], 25_001), address(Vec::new(), 1)]),
        NodeMessage::Addresses(Vec::new()),
    ]);
    cases.extend(compact_blocks(&chain));
    cases.extend(proofs(&chain));
    cases.extend(receipts_and_filters(&chain));
    cases.extend(snapshots(&chain));
    let of = |message: NodeMessage| {
        let (lines, tag) = (payload_lines(&message), message.tag());
        let payload = [tag.to_bytes().as_slice(), &lines.encode()].concat();
        assert_eq!(message.encode().expect("within its caps"), payload, "{message:?}");
        assert_eq!(NodeMessage::decode(&payload), Ok(Payload::Message(message)));
        json!({ "tag": tag.to_string(), "fields": lines.0, "payload": hex(&payload) })
    };
    cases.into_iter().map(of).collect()
}

fn compact_blocks(chain: &[Block]) -> Vec<NodeMessage> {
    let block = chain.last().expect("a chain has blocks");
    let compact = |block: &Block, nonce| {
        let short = ShortIds::new(&block.header, nonce);
        let ids = block.transactions.iter().map(|transaction| short.of(transaction.wtxid())).collect();
        NodeMessage::CompactBlock(CompactBlock { header: block.header, nonce, coinbase: block.coinbase.clone(), ids })
    };
    let (hash, transactions) = (block.hash(), block.transactions.clone());
    vec![
        compact(block, 0x0001_0203_0405_0607),
        compact(&chain[0], 0),
        NodeMessage::GetBlockTransactions(GetBlockTransactions { block: hash, places: vec![0, 1, 258] }),
        NodeMessage::BlockTransactions(BlockTransactions { block: hash, transactions }),
    ]
}

/// Proofs in form: what a verifier would say of them is another matter.
fn proofs(chain: &[Block]) -> Vec<NodeMessage> {
    let tip = chain[2].header;
    // bytes that differ from each other, for the order of a number
    let work = Work::from_be_bytes(std::array::from_fn(|i| u8::try_from(i).expect("a small number")));
    let opening = Opening { coins: [0x33; 32], count: 258 };
    let sample = |block: &Block| Sample { header: block.header, opening, before: work };
    let tail = (0..TAIL as u64).map(|nonce| Header { nonce, ..chain[1].header }).collect();
    let proof = |samples, nodes| WorkProof { tip, opening, tail, before_tail: work, samples, nodes };
    let (newest, genesis) = (tip.hash(), chain[0].hash());
    let asked = |tip, slices, start| NodeMessage::GetProof(GetProof { tip, seed: [0x5a; 32], slices, start });
    let items = vec![sample(&chain[0]), sample(&chain[1])];
    vec![
        asked(newest, 24, genesis),
        asked(BlockHash::ZERO, 256, BlockHash::ZERO),
        NodeMessage::Proof(proof(chain[1..].iter().map(sample).collect(), vec![[0x44; 32], [0x55; 32]])),
        NodeMessage::GetAncestors(GetAncestors { tip: newest, blocks: vec![chain[1].hash(), genesis] }),
        NodeMessage::Ancestors(AncestryProof { tip: newest, items, nodes: vec![[0x66; 32]] }),
        NodeMessage::Ancestors(AncestryProof { tip: newest, items: Vec::new(), nodes: Vec::new() }),
    ]
}

fn receipts_and_filters(chain: &[Block]) -> Vec<NodeMessage> {
    let (block, tip) = (&chain[2], chain[2].hash());
    let ids = block.transaction_ids();
    let receipt = |index: u32, transaction| Receipt {
        block: tip,
        inclusion: InclusionProof::build(&ids, index).expect("a transaction of the block"),
        transaction,
    };
    let coinbase = ReceiptTransaction::Coinbase(block.coinbase.clone());
    let payment = ReceiptTransaction::Transaction(block.transactions[1].clone());
    let filter = |block: BlockHash, bytes: &[u8]| BlockFilter { block, count: 2, bytes: bytes.to_vec() };
    vec![
        NodeMessage::GetReceipts(GetReceipts { tip, transactions: ids.iter().map(|(txid, _)| *txid).collect() }),
        NodeMessage::Receipts(vec![receipt(0, coinbase), receipt(2, payment)]),
        NodeMessage::Receipts(Vec::new()),
        NodeMessage::GetFilters(GetFilters { first: 258, last: tip }),
        // bytes for their place; what they mean is frozen elsewhere
        NodeMessage::Filters(vec![filter(chain[1].hash(), b"\x01\x02\x03\x04\x05"), filter(tip, b"")]),
    ]
}

fn snapshots(chain: &[Block]) -> Vec<NodeMessage> {
    let block = &chain[2];
    let coin = |(outpoint, output): (OutPoint, &TxOut)| {
        CoinBytes::new(&outpoint, &Coin { output: *output, coinbase_height: block.header.height })
    };
    let coins: Vec<_> = block.coinbase.outpoints(block.coinbase.txid()).map(coin).collect();
    let mut sum = LtHash::default();
    coins.iter().for_each(|coin| sum.add(&coin.outpoint(), &coin.coin()));
    let manifest = Manifest {
        header: block.header,
        opening: Opening { coins: sum.digest(), count: coins.len() as u64 },
        sum,
        chunks: vec![chunk_hash(block.hash(), 0, &coins)],
    };
    let snapshot = manifest.id();
    vec![
        NodeMessage::GetManifest(BlockHash::ZERO),
        NodeMessage::GetManifest(block.hash()),
        NodeMessage::Manifest(manifest),
        NodeMessage::GetChunk(GetChunk { snapshot, place: 258 }),
        NodeMessage::Chunk(Chunk { snapshot, place: 0, coins }),
    ]
}

/// What a relay's decoder says of a stream: how many frames it takes and how many it passes over, or what is wrong.
fn judged_streams() -> Value {
    let frame = |tag: &[u8; 4], length: u32, body: &[u8]| [length.to_be_bytes().as_slice(), tag, body].concat();
    let hello =
        RelayMessage::Hello(Hello { node_id: NodeId::new([7; 16]), agent: "" }).to_frame().expect("within its caps");
    let after = |rest: Vec<u8>| [hello.clone(), rest].concat();
    let cases = [
        ("an unknown tag is passed over", after(frame(b"WHAT", 7, b"abc"))),
        ("one of 64 KiB may come", after(frame(b"WHAT", 65_536, b""))),
        ("one above that may not", after(frame(b"WHAT", 65_537, b""))),
        ("nor as the first frame", frame(b"WHAT", 4, b"")),
        ("a length counts the tag", after(frame(b"PING", 3, b""))),
        ("an empty body is a body", after(frame(b"PUBL", 4, b""))),
        ("the cap of HELO", frame(b"HELO", 513, b"")),
        ("the cap of an envelope", after(frame(b"PUBL", 2_097_153, b""))),
        ("the cap of every other frame", after(frame(b"SUBS", 4_097, b""))),
        ("a client does not deliver", after(frame(b"DELV", 4, b""))),
    ];
    let of = |(what, bytes): (&str, Vec<u8>)| {
        let mut decoder = FrameDecoder::new(Reader::Relay);
        let (mut input, mut taken) = (bytes.as_slice(), 0);
        let verdict = loop {
            match decoder.next_frame(&mut input) {
                Ok(Some(_)) => taken += 1,
                Ok(None) => break format!("{taken} taken, {} passed over", decoder.skipped()),
                Err(error) => break format!("refused: {error}"),
            }
        };
        json!({ "what": what, "stream": hex(&bytes), "verdict": verdict })
    };
    cases.map(of).into_iter().collect()
}

fn judged_payloads() -> Value {
    let payload = |tag: Tag, body: &[u8]| [tag.to_bytes().as_slice(), body].concat();
    let whole = NodeMessage::GetTransactions(vec![Txid::from_bytes([1; 32])]).encode().expect("within its caps");
    let hashes = |count: usize| [(count as u64).to_le_bytes().as_slice(), &vec![0; 32 * count]].concat();
    let slices = |count: u16| [[0; 64].as_slice(), &count.to_le_bytes(), &[0; 32]].concat();
    let cases = [
        ("no tag", b"STA".to_vec()),
        ("another program's", b"chat hello".to_vec()),
        ("another version of STAT", payload(Tag::STAT, b"\x02\0whatever")),
        ("a STAT that ends too soon", payload(Tag::STAT, b"\x01\0")),
        ("bytes behind the message", [whole.as_slice(), b"\0"].concat()),
        ("a byte too few", whole[..whole.len() - 1].to_vec()),
        ("a count beyond the bytes", payload(Tag::GBLK, &u64::MAX.to_le_bytes())),
        ("as many blocks as may be asked for", payload(Tag::GBLK, &hashes(16))),
        ("one more", payload(Tag::GBLK, &hashes(17))),
        ("a proof in 256 slices", payload(Tag::GPRF, &slices(256))),
        ("in one more", payload(Tag::GPRF, &slices(257))),
        ("in none", payload(Tag::GPRF, &slices(0))),
        ("as many receipts as may be asked for", payload(Tag::GTXP, &[[0; 32].as_slice(), &hashes(64)].concat())),
        ("one receipt more", payload(Tag::GTXP, &[[0; 32].as_slice(), &hashes(65)].concat())),
        ("a text that is not UTF-8", payload(Tag::RJCT, &[[0; 34].as_slice(), b"\x01\0\0\0\0\0\0\0\xff"].concat())),
    ];
    let of = |(what, bytes): (&str, Vec<u8>)| {
        let verdict = match NodeMessage::decode(&bytes) {
            Ok(Payload::Message(_)) => "taken".into(),
            Ok(_) => "ignored".into(),
            // what the deserializer says of a value is its own affair
            Err(error @ PayloadError::Malformed { error: DecodeError::Malformed { .. }, .. }) => {
                assert!(error.is_misbehaviour(), "{what}");
                "refused".into()
            }
            Err(error) if error.is_misbehaviour() => format!("refused: {error}"),
            Err(error) => format!("ignored: {error}"),
        };
        json!({ "what": what, "payload": hex(&bytes), "verdict": verdict })
    };
    cases.map(of).into_iter().collect()
}
