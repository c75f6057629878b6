//! An export holds all that an auditor needs: read with nothing but a JSON reader, it gives the same chain again.

#![allow(clippy::unwrap_used, reason = "what is exported is read back by the same house")]

use serde_json::Value;
use toycoin_core::{
    Amount, Block, ChainParams, Coinbase, Header, OutPoint, PublicKey, Signature, Transaction, TxOut, Txid,
    export::{BlockLine, NetworkLine},
    hex,
    test_util::{TestLedger, classroom},
};

fn array<const N: usize>(value: &Value) -> [u8; N] {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn list<T>(value: &Value, read: impl Fn(&Value) -> T) -> Vec<T> {
    value.as_array().unwrap().iter().map(read).collect()
}

fn output(value: &Value) -> TxOut {
    let owner = PublicKey::from_bytes(array(&value["owner"]));
    TxOut { value: Amount::from_grains(value["value"].as_u64().unwrap()), owner }
}

fn outpoint(value: &Value) -> OutPoint {
    let vout = u32::try_from(value["vout"].as_u64().unwrap()).unwrap();
    OutPoint { txid: Txid::from_bytes(array(&value["txid"])), vout }
}

fn transaction(value: &Value) -> Transaction {
    Transaction {
        version: u32::try_from(value["version"].as_u64().unwrap()).unwrap(),
        inputs: list(&value["inputs"], outpoint),
        outputs: list(&value["outputs"], output),
        signatures: list(&value["signatures"], |signature| Signature::from_bytes(array(signature))),
    }
}

fn block(value: &Value) -> Block {
    let coinbase = &value["coinbase"];
    Block {
        header: Header::from_bytes(&array(&value["header"])),
        coinbase: Coinbase {
            height: coinbase["height"].as_u64().unwrap(),
            extra: bytes(&coinbase["extra"]),
            outputs: list(&coinbase["outputs"], output),
        },
        transactions: list(&value["transactions"], transaction),
    }
}

#[test]
fn what_is_exported_replays_to_the_same_state() {
    let mut ledger = TestLedger::new(ChainParams::regtest());
    for miner in 0..5 {
        let mut payments = ledger.payments();
        let first = payments.pay(0, 1, Amount::from_grains(1_000 + u64::from(miner)), Amount::from_grains(7));
        let second = payments.pay(1, 2, Amount::from_grains(500), Amount::ZERO);
        ledger.extend(first.into_iter().chain(second).collect(), classroom::owner(miner));
    }
    let lines: Vec<_> = ledger.blocks().iter().map(|block| BlockLine(block).to_string()).collect();
    assert!(lines.iter().all(|line| !line.contains('\n')));

    let read: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let blocks: Vec<_> = read.iter().map(block).collect();
    for (read, block) in read.iter().zip(&blocks) {
        assert_eq!(read["hash"].as_str().unwrap(), block.hash().to_string());
    }
    assert_eq!(blocks[0], *ledger.params().genesis());
    let replayed = TestLedger::replay(ledger.params().clone(), &blocks[1..], ledger.tip().header.time).unwrap();
    assert_eq!(replayed.state(), ledger.state());
}

#[test]
fn the_first_line_says_all_of_the_network() {
    for (params, spacing, half_life) in [
        (ChainParams::lab(), 2_000, 40_000),
        (ChainParams::reference(), 60_000, 8_640_000),
        (ChainParams::regtest(), 0, 0),
    ] {
        let spec = params.spec();
        let expected = serde_json::json!({
            "toycoin": 1, "network": spec.name, "genesis_hash": params.genesis_hash().to_string(),
            "spacing_ms": spacing, "half_life_ms": half_life, "maturity": spec.coinbase_maturity, "halving": spec.halving_interval,
            "genesis_bits": spec.genesis_bits.to_bits(), "limit_bits": spec.limit_bits.to_bits(),
            "block_size_limit": spec.block_size_limit,
        });
        assert_eq!(serde_json::from_str::<Value>(&NetworkLine(&params).to_string()).unwrap(), expected);
    }
}
