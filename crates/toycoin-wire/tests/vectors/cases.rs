//! What is frozen: frames, and messages about a little chain.

use serde_json::{Value, json};
use toycoin_core::{
    Amount, Block, BlockHash, ChainParams, Transaction, TxOut,
    test_util::{TestLedger, classroom},
};
use toycoin_wire::{
    ChannelRef, Frame, NodeId, NodeMessage, Payload,
    node::{GetHeaders, NodeAddress, Reject, Status},
    relay::{Deliver, Hello, Publish, RelayMessage, Welcome},
};

use crate::{
    fields::{frame_lines, payload_lines},
    light::{compact_blocks, proofs, receipts_and_filters, snapshots},
    lines::hex,
};

pub(crate) fn frames() -> Value {
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
        let decoded = RelayMessage::decode(Frame { tag, body: &body });
        assert_eq!(decoded, Ok(message));
        json!({ "tag": tag.to_string(), "fields": lines.0, "frame": hex(&frame) })
    };
    cases.map(of).into_iter().collect()
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

pub(crate) fn payloads() -> Value {
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
