use toycoin_core::{AddressPrefix, NetworkSpec, SecretKey, TxOut};

use super::*;
use crate::columns::{WIDTH, width};

fn owner(key: u32) -> PublicKey {
    SecretKey::classroom(key).public_key()
}

fn toycoins(text: &str) -> Amount {
    text.parse().expect("an amount")
}

/// Key 9 pays these amounts to these keys.
fn payment(outputs: &[(u32, &str)]) -> Transaction {
    let outputs = outputs.iter().map(|(key, value)| TxOut { value: toycoins(value), owner: owner(*key) }).collect();
    Transaction { version: Transaction::VERSION, inputs: Vec::new(), outputs, signatures: Vec::new() }
}

fn entry(height: u64, received: &str, spent: &str) -> HistoryEntry {
    let (received, spent) = (toycoins(received), toycoins(spent));
    HistoryEntry { txid: Txid::from_bytes([0xab; 32]), height, received, spent, coinbase: false }
}

fn said_of(rows: &[Row]) -> Vec<String> {
    lines_of(rows, &ChainParams::lab())
}

#[test]
fn each_kind_is_said_in_plain_words() {
    let mine = BTreeSet::from([owner(9)]);
    let reward = |height| HistoryEntry { coinbase: true, ..entry(height, "50", "0") };
    let (to_bob, to_me, to_two) = (
        payment(&[(1, "12.5"), (9, "37.4902")]),
        payment(&[(9, "30"), (9, "7.4804")]),
        payment(&[(8, "1"), (2, "2"), (9, "4.4706")]),
    );
    let rows = [
        row(&HistoryEntry { coinbase: true, ..entry(0, "10", "0") }, None, &BTreeSet::new(), owner(9)),
        row(&reward(7), None, &BTreeSet::new(), owner(9)),
        row(&entry(12, "37.4902", "50"), Some(&to_bob), &mine, owner(9)),
        row(&entry(13, "37.4804", "37.4902"), Some(&to_me), &mine, owner(9)),
        row(&entry(14, "4.4706", "7.4804"), Some(&to_two), &mine, owner(9)),
        row(&entry(115, "1250", "0"), Some(&payment(&[(9, "1250")])), &BTreeSet::from([owner(0)]), owner(9)),
        row(&entry(116, "0.00000001", "0"), None, &BTreeSet::new(), owner(9)),
    ];
    let id = format!("  {}", "ab".repeat(32));
    let nobody = somebody(owner(8), &ChainParams::lab());
    assert!(nobody.starts_with("tlab1") && nobody.len() == 5 + ADDRESS + 3, "{nobody}");
    let lines = [
        "block   0     +10.00        allotted at genesis".to_owned(),
        "block   7     +50.00        mined".to_owned(),
        "block  12     -12.5098      paid to Bob, fee 0.0098".to_owned(),
        id.clone(),
        "block  13      -0.0098      to myself, the fee".to_owned(),
        id.clone(),
        format!("block  14      -3.0098      paid to {nobody} and 1 more, fee 0.0098"),
        id.clone(),
        "block 115  +1,250.00        received from Alice".to_owned(),
        id.clone(),
        "block 116      +0.00000001  received".to_owned(),
        id,
    ];
    assert_eq!(said_of(&rows), lines);
}

#[test]
fn a_free_payment_to_oneself_changes_nothing() {
    let free = row(&entry(3, "10", "10"), Some(&payment(&[(9, "10")])), &BTreeSet::from([owner(9)]), owner(9));
    assert_eq!(said_of(&[free])[0], "block 3  0.00  to myself");
}

#[test]
fn nothing_is_claimed_of_coins_that_several_owned() {
    let both = BTreeSet::from([owner(9), owner(1)]);
    let joint = payment(&[(2, "5"), (9, "1")]);
    let paid = row(&entry(3, "1", "4"), Some(&joint), &both, owner(9));
    assert_eq!(paid.what, What::Paid { to: vec![owner(2)], fee: None });
    let received = row(&entry(3, "1", "0"), Some(&joint), &BTreeSet::from([owner(1), owner(2)]), owner(9));
    assert_eq!(received.what, What::Received { from: None });
}

#[test]
fn an_empty_history_says_so() {
    assert_eq!(said_of(&[]), ["no payments yet: nobody has paid this key, and it has not paid"]);
}

#[test]
fn the_widest_row_fits_80_columns() {
    let address_prefix = AddressPrefix::new("abcdefghij").expect("a prefix");
    let spec = NetworkSpec { address_prefix, ..ChainParams::lab().spec().clone() };
    let params = ChainParams::new(spec).expect("a network");
    let row = |what| Row { height: 9_999_999, change: "-1,234,567.12345678".into(), what, txid: Txid::ZERO };
    let fee = Some(toycoins("0.12345678"));
    let rows = [
        row(What::Paid { to: vec![owner(8)], fee }),
        row(What::Received { from: Some(owner(8)) }),
        row(What::Allotted),
    ];
    for line in lines_of(&rows, &params) {
        assert!(width(&line) <= WIDTH, "{line}");
    }
}
