use std::error::Error;

use serde_json::json;
use toycoin_core::{
    AddressPrefix, Amount, Chain, ChainParams, FeeRate, NetworkSpec, PublicKey, SecretKey, Transaction, TxOut, Txid,
    wallet::{Owners, Wallet},
};
use toycoin_node::{NodeBuilder, NodeHandle};

use super::*;
use crate::columns::{WIDTH, width};

/// Time of the text, in milliseconds since 1970: 10 s after the rows.
const NOW_MS: u64 = 1_800_000_010_000;

fn owner(key: u32) -> PublicKey {
    SecretKey::classroom(key).public_key()
}

fn toycoins(text: &str) -> Amount {
    text.parse().expect("an amount")
}

fn row(height: u64, kind: Kind, change: &str, others: &[u32]) -> Row {
    let lost = change.strip_prefix('-');
    Row {
        height: Some(height),
        time: Some(1_800_000_000),
        txid: Txid::from_bytes([0xab; 32]),
        kind,
        others: others.iter().map(|key| owner(*key)).collect(),
        fee: None,
        change: Change { amount: toycoins(lost.unwrap_or(change)), is_loss: lost.is_some() },
        balance: toycoins("1234.5"),
        label: None,
    }
}

fn said_of(rows: &[Row]) -> Vec<String> {
    lines(rows, &ChainParams::lab(), NOW_MS)
}

#[test]
fn each_kind_is_said_in_plain_words() {
    let rows = [
        row(0, Kind::Allotted, "10", &[]),
        row(7, Kind::Mined, "50", &[]),
        Row { fee: Some(toycoins("0.0098")), ..row(12, Kind::Paid, "-12.5098", &[1]) },
        Row { label: Some("tidy up".into()), ..row(13, Kind::ToMyself, "-0.0098", &[]) },
        Row { height: None, time: None, label: Some("rent".into()), ..row(0, Kind::Paid, "-3", &[2, 1]) },
        row(115, Kind::Received, "1250", &[0]),
        Row { time: None, ..row(116, Kind::Received, "0.00000001", &[]) },
    ];
    let (id, more) = (format!("  {}", "ab".repeat(32)), "  10 s ago, balance 1,234.50");
    let lines = [
        "block   0     +10.00        allotted at genesis",
        more,
        "block   7     +50.00        mined",
        more,
        "block  12     -12.5098      paid to Bob, fee 0.0098",
        &id,
        more,
        "block  13      -0.0098      to myself, the fee",
        &id,
        "  10 s ago, balance 1,234.50, \"tidy up\"",
        "pending        -3.00        paid to Carol and 1 more",
        &id,
        "  in no block yet, balance 1,234.50, \"rent\"",
        "block 115  +1,250.00        received from Alice",
        &id,
        more,
        "block 116      +0.00000001  received",
        &id,
        "  balance 1,234.50",
    ];
    assert_eq!(said_of(&rows), lines);
    assert_eq!(said_of(&[row(3, Kind::ToMyself, "0", &[])])[0], "block 3  0.00  to myself");
    assert_eq!(said_of(&[]), ["no payments yet: nobody has paid this wallet, and it has not paid"]);
    let somebody = &said_of(&[row(1, Kind::Received, "1", &[8])])[0];
    assert!(somebody.starts_with("block 1  +1.00  received from tlab1") && somebody.ends_with("..."), "{somebody}");
}

#[test]
fn row_is_json_with_exact_amounts() {
    let params = ChainParams::lab();
    let paid = Row {
        fee: Some(toycoins("0.0098")),
        label: Some("a \"quoted\" label".into()),
        ..row(12, Kind::Paid, "-12.5098", &[1, 8])
    };
    let wanted = json!({
        "height": 12,
        "time": 1_800_000_000,
        "txid": "ab".repeat(32),
        "kind": "paid",
        "others": [params.address(owner(1)).to_string(), params.address(owner(8)).to_string()],
        "fee": toycoins("0.0098").to_string(),
        "change": format!("-{}", toycoins("12.5098")),
        "balance": toycoins("1234.5").to_string(),
        "label": "a \"quoted\" label",
    });
    assert_eq!(paid.json(&params), wanted);
    let pending = Row { height: None, time: None, ..row(0, Kind::Received, "2", &[]) }.json(&params);
    for name in ["height", "time", "fee", "label"] {
        assert!(pending[name].is_null(), "{name}: {pending}");
    }
    assert_eq!((&pending["change"], &pending["kind"]), (&json!(toycoins("2").to_string()), &json!("received")));
}

#[test]
fn the_widest_row_fits_80_columns() {
    let address_prefix = AddressPrefix::new("abcdefghij").expect("a prefix");
    let spec = NetworkSpec { address_prefix, ..ChainParams::lab().spec().clone() };
    let params = ChainParams::new(spec).expect("a network");
    let widest = |kind| Row {
        fee: Some(toycoins("0.12345678")),
        balance: Amount::MAX_MONEY,
        label: Some("\u{1b}[31mx".repeat(100)),
        ..row(9_999_999, kind, "-1234567.12345678", &[8, 9, 1])
    };
    let rows = [Kind::Paid, Kind::Received, Kind::Allotted, Kind::ToMyself].map(widest);
    for line in lines(&rows, &params, u64::MAX) {
        assert!(width(&line) <= WIDTH && !line.contains('\u{1b}'), "{line}");
    }
}

/// A chain with payments of Alice, who has two addresses; and her wallet, which watches it.
struct Scene {
    node: NodeHandle,
    alice: Wallet,
    /// The payments, in the order of their blocks: from 1 on.
    paid: Vec<Transaction>,
    /// The time of each block, in seconds since 1970.
    times: Vec<u64>,
}

/// Alice's second address.
const SECOND: u32 = 6;

impl Scene {
    async fn start() -> Result<Self, Box<dyn Error>> {
        let params = ChainParams::regtest();
        let mut chain = Chain::in_memory(params.clone());
        let wallet = |index| Wallet::new(params.clone(), SecretKey::classroom(index));
        let (mut first, mut bob, mut second) = (wallet(0), wallet(1), wallet(SECOND));
        let address = |index| params.address(owner(index));
        let owners = Owners::new(owner(0)).with([owner(SECOND)]);
        let mut alice = Wallet::watching(params.clone(), owners);
        let rate = FeeRate::grains_per_byte(1);
        let (mut paid, mut times) = (Vec::new(), vec![params.genesis().header.time / 1_000]);
        for height in 1..=5 {
            let payment = match height {
                1 => Some(first.pay(address(1), toycoins("2"), rate)?),
                2 => Some(bob.pay(address(SECOND), toycoins("5"), rate)?),
                3 => Some(first.pay(address(SECOND), toycoins("7"), rate)?),
                4 => Some(second.pay(address(2), toycoins("1"), rate)?),
                _ => None,
            };
            paid.extend(payment.clone());
            let miner = if height == 5 { SECOND } else { 9 };
            let time = chain.tip().time + 1_700;
            let block = chain.template(payment.into_iter().collect(), owner(miner), b"", time)?.mine_trivial();
            chain.apply(block.clone(), time)?;
            times.push(block.header.time / 1_000);
            for wallet in [&mut first, &mut bob, &mut second, &mut alice] {
                wallet.connect(&block)?;
            }
        }
        let node = NodeBuilder::new(params.clone()).store(chain.into_store()).spawn().await?;
        Ok(Self { node, alice, paid, times })
    }

    fn fee(&self, place: usize) -> Amount {
        FeeRate::grains_per_byte(1).fee(self.paid[place].size())
    }
}

fn run_test(test: impl Future<Output = Result<(), Box<dyn Error>>>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(test).unwrap();
}

#[test]
fn rows_of_many_owners_add_up() {
    run_test(async {
        let scene = Scene::start().await?;
        let label = |txid: &Txid| (*txid == scene.paid[1].txid()).then(|| "from Bob".to_owned());
        let wanted = Wanted { label: &label, ..Wanted::default() };
        let rows = rows(&scene.node, &scene.alice, &wanted).await?;
        let kinds: Vec<_> = rows.iter().map(|row| (row.height, row.kind)).collect();
        let height = |height| Some(height);
        assert_eq!(
            kinds,
            [
                (height(0), Kind::Allotted),
                (height(1), Kind::Paid),
                (height(2), Kind::Received),
                (height(3), Kind::ToMyself),
                (height(4), Kind::Paid),
                (height(5), Kind::Mined),
            ]
        );
        let others: Vec<_> = rows.iter().map(|row| row.others.clone()).collect();
        assert_eq!(others, [vec![], vec![owner(1)], vec![owner(1)], vec![], vec![owner(2)], vec![]]);
        let fees: Vec<_> = rows.iter().map(|row| row.fee).collect();
        let fee = |place| Some(scene.fee(place));
        assert_eq!(fees, [None, fee(0), None, fee(2), fee(3), None]);
        assert_eq!(rows[3].change, Change { amount: scene.fee(2), is_loss: true }, "her other address is hers");
        assert_eq!(rows[2].change, Change { amount: toycoins("5"), is_loss: false });
        assert_eq!(rows[2].label.as_deref(), Some("from Bob"));
        assert!(rows.iter().enumerate().all(|(place, row)| row.label.is_none() == (place != 2)));
        let times: Vec<_> = rows.iter().filter_map(|row| row.time).collect();
        assert_eq!(times, scene.times);
        assert_eq!(rows[5].balance, scene.alice.balance().total());
        let mut balance = Amount::ZERO;
        for Row { change, balance: after, .. } in &rows {
            let Change { amount, is_loss } = *change;
            balance = if is_loss { balance.saturating_sub(amount) } else { balance.saturating_add(amount) };
            assert_eq!(balance, *after);
        }
        // the newest alone, with balances that count all
        for limit in [0, 2, 6, 7] {
            let wanted = Wanted { limit: Some(limit), ..wanted };
            let newest = super::rows(&scene.node, &scene.alice, &wanted).await?;
            assert_eq!(newest, rows[6 - limit.min(6)..]);
        }
        Ok(())
    });
}

#[test]
fn joint_payment_names_all_payers_and_no_fee() {
    run_test(async {
        let scene = Scene::start().await?;
        // coins of Alice and Bob, which pay Alice more than she had in it
        let coin = |place: usize, of: PublicKey| {
            let txid = scene.paid[place].txid();
            let found = scene.paid[place].outpoints(txid).find(|(_, output)| output.owner == of);
            found.map(|(outpoint, output)| (outpoint, output.value))
        };
        let (hers, his) = (coin(3, owner(SECOND)).ok_or("change")?, coin(1, owner(1)).ok_or("change")?);
        let output = |value: Amount, key| TxOut { value, owner: owner(key) };
        let joint = Transaction {
            version: Transaction::VERSION,
            inputs: vec![hers.0, his.0],
            outputs: vec![output(hers.1.saturating_add(toycoins("3")), SECOND)],
            signatures: Vec::new(),
        };
        let wanted = Wanted { limit: Some(1), pending: &[joint], ..Wanted::default() };
        let rows = rows(&scene.node, &scene.alice, &wanted).await?;
        let [row] = &rows[..] else { return Err("one row".into()) };
        assert_eq!((row.kind, &row.others[..], row.fee), (Kind::Received, &[owner(1)][..], None));
        assert_eq!((row.height, row.time, row.change.to_string()), (None, None, toycoins("3").to_string()));
        Ok(())
    });
}

#[test]
fn pending_payments_stand_last_and_count() {
    run_test(async {
        let scene = Scene::start().await?;
        let coin = scene.alice.spendable().next().ok_or("a coin")?;
        let pay = |inputs, outputs: &[(Amount, u32)]| Transaction {
            version: Transaction::VERSION,
            inputs,
            outputs: outputs.iter().map(|(value, key)| TxOut { value: *value, owner: owner(*key) }).collect(),
            signatures: Vec::new(),
        };
        let value = coin.1.output.value;
        let change = value.saturating_sub(toycoins("0.5"));
        let one = pay(vec![coin.0], &[(toycoins("0.25"), 3), (change, 0)]);
        // spends the change, and leaves nothing to the miner
        let inputs = one.outpoints(one.txid()).skip(1).map(|(outpoint, _)| outpoint).collect();
        let two = pay(inputs, &[(change, SECOND)]);
        let foreign = pay(Vec::new(), &[(toycoins("1"), 3)]);
        let pending = [scene.paid[0].clone(), foreign, one.clone(), two.clone()];
        let wanted = Wanted { pending: &pending, ..Wanted::default() };
        let rows = rows(&scene.node, &scene.alice, &wanted).await?;
        assert_eq!(rows.len(), 8, "what a block holds, and what concerns others, is no row");
        let total = scene.alice.balance().total();
        let found = [&rows[6], &rows[7]].map(|row| (row.height, row.txid, row.kind, row.fee, row.balance));
        let after = total.saturating_sub(toycoins("0.5"));
        assert_eq!(
            found,
            [
                (None, one.txid(), Kind::Paid, Some(toycoins("0.25")), after),
                (None, two.txid(), Kind::ToMyself, Some(Amount::ZERO), after),
            ]
        );
        assert_eq!(rows[6].others, [owner(3)]);
        Ok(())
    });
}
