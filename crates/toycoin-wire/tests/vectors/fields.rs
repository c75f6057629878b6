//! The fields of each frame and message, in the order of their bytes.

use toycoin_core::{
    BlockHash, Coinbase, Header, Transaction, TxOut,
    hex::Hex,
    proof::{Opening, Receipt, ReceiptTransaction, Sample},
    snapshot::CoinBytes,
};
use toycoin_wire::{NodeMessage, relay::RelayMessage};

use crate::lines::Lines;

pub(crate) fn frame_lines(message: &RelayMessage<'_>) -> Lines {
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

pub(crate) fn payload_lines(message: &NodeMessage) -> Lines {
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
