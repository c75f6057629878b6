//! Freezes block filters in docs/vectors/filter.json, for those who write a light client in another language.
//!
//! `TOYCOIN_UPDATE_VECTORS=1` rewrites the file. Its diff is a change of the protocol.

use std::{env, fs};

use serde_json::{Value, json};
use toycoin_core::{
    Block, ChainParams, OutPoint, PublicKey,
    filter::{BlockFilter, FilterItem, M, P},
    hex::Hex,
    test_util::{TestLedger, classroom},
};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/vectors/filter.json");

#[test]
fn filters_are_as_frozen() {
    let found = json!({
        "about": "toycoin block filters, docs/light.md; bytes are hex in their order, a vout is 4 bytes little-endian",
        "low_bits": P,
        "chance": M,
        "blocks": blocks().iter().map(vector).collect::<Vec<_>>(),
    });
    if env::var_os("TOYCOIN_UPDATE_VECTORS").is_some_and(|value| value == "1") {
        let text = serde_json::to_string_pretty(&found).unwrap() + "\n";
        fs::write(FILE, text).expect("docs/vectors can be written");
        return;
    }
    let text = fs::read_to_string(FILE).expect("docs/vectors/filter.json");
    let frozen: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(frozen, found, "not as frozen");
}

/// A genesis that pays nobody, one that pays four, and blocks with no payment and with several.
fn blocks() -> Vec<Block> {
    let mut ledger = TestLedger::new(ChainParams::regtest());
    ledger.extend(Vec::new(), classroom::owner(5));
    let mut payments = ledger.payments();
    let spend = |payments: &mut toycoin_core::test_util::Payments, from, to, value: u64| {
        let grains = toycoin_core::Amount::from_grains;
        payments.pay(from, to, grains(value), grains(1_000)).expect("a classroom wallet has that much")
    };
    let several = (0..4).map(|key| spend(&mut payments, key, key + 4, 1_000_000 + u64::from(key))).collect();
    ledger.extend(several, classroom::owner(6));
    // it spends coins of its own block
    let mut payments = ledger.payments();
    let row = (0..12).map(|round| spend(&mut payments, round % 2, 1 - round % 2, 5_000 + u64::from(round))).collect();
    ledger.extend(row, classroom::owner(7));
    let empty = ChainParams::reference().genesis().clone();
    [empty].into_iter().chain(ledger.blocks().iter().map(|block| Block::clone(block))).collect()
}

fn vector(block: &Block) -> Value {
    let filter = BlockFilter::of(block);
    let mut items: Vec<_> = FilterItem::of_block(block).iter().map(item).collect();
    items.sort();
    assert_eq!(filter.count as usize, items.len());
    assert_eq!(filter.check(), Ok(()));
    let stranger = [
        FilterItem::Owner(PublicKey::from_bytes([0xee; 32])),
        FilterItem::Spent(OutPoint { txid: block.coinbase.txid(), vout: u32::MAX }),
    ];
    assert_eq!(filter.matches(&stranger), Ok(false));
    json!({ "block": block.hash(), "items": items, "count": filter.count, "bytes": Hex(&filter.bytes).to_string() })
}

/// Returns an item as it is hashed.
fn item(item: &FilterItem) -> String {
    match item {
        FilterItem::Owner(owner) => owner.to_string(),
        FilterItem::Spent(OutPoint { txid, vout }) => format!("{txid}{}", Hex(&vout.to_le_bytes())),
    }
}
