//! A wallet's history in plain words.

use toycoin_core::{Amount, ChainParams, PublicKey};
use toycoin_wire::printable;

use super::row::{Change, Kind, Row};
use crate::{
    classroom::name_of,
    clock,
    columns::{width, wrap},
    words::{aligned, money, price},
};

/// Characters of an address that are shown, its prefix and the 1 not counted.
const ADDRESS: usize = 10;
/// Most characters of a label that are shown.
const LABEL: usize = 120;
/// What stands in place of the block of a payment that has none.
const PENDING: &str = "pending";

/// Returns the lines of rows, at most 80 columns wide. `params` are those of the wallet's network, `now_ms` is the time
/// in milliseconds since 1970.
///
/// Below what happened stands the transaction's id, whole, so that `wallet tx` takes it; then how long ago that was,
/// what the wallet had after it, and its label.
pub fn lines(rows: &[Row], params: &ChainParams, now_ms: u64) -> Vec<String> {
    if rows.is_empty() {
        return vec!["no payments yet: nobody has paid this wallet, and it has not paid".into()];
    }
    let changes = aligned(&rows.iter().map(|row| signed(row.change)).collect::<Vec<_>>());
    let heights = rows.iter().filter_map(|row| row.height);
    let digits = heights.max().map_or(0, |highest| highest.to_string().len());
    let place = |row: &Row| row.height.map_or_else(|| PENDING.into(), |height| format!("block {height:>digits$}"));
    let widest = rows.iter().map(|row| width(&place(row))).max().unwrap_or(0);
    let mut lines = Vec::new();
    for (row, change) in rows.iter().zip(changes) {
        lines.extend(wrap(&format!("{:<widest$}  {change}  ", place(row)), &said(row, params)));
        // a reward has its block's height, which `wallet block` takes
        if !row.kind.is_coinbase() {
            lines.push(format!("  {}", row.txid));
        }
        lines.extend(wrap("  ", &more(row, now_ms)));
    }
    lines
}

/// Returns an amount with its sign, with two decimals or more.
fn signed(change: Change) -> String {
    let sign = match change {
        Change { amount: Amount::ZERO, .. } => "",
        Change { is_loss: true, .. } => "-",
        Change { is_loss: false, .. } => "+",
    };
    format!("{sign}{}", price(change.amount))
}

fn said(row: &Row, params: &ChainParams) -> String {
    match row.kind {
        Kind::Allotted => "allotted at genesis".to_owned(),
        Kind::Mined => "mined".to_owned(),
        Kind::Received => with_others("received", "from", row, params),
        Kind::ToMyself if row.change.amount == Amount::ZERO => "to myself".to_owned(),
        Kind::ToMyself => "to myself, the fee".to_owned(),
        Kind::Paid => {
            let to = with_others("paid", "to", row, params);
            match row.fee {
                Some(fee) if fee > Amount::ZERO => format!("{to}, fee {}", money(fee)),
                _ => to,
            }
        }
    }
}

fn with_others(verb: &str, preposition: &str, row: &Row, params: &ChainParams) -> String {
    match &row.others[..] {
        [] => verb.to_owned(),
        [only] => format!("{verb} {preposition} {}", somebody(*only, params)),
        [first, others @ ..] => {
            format!("{verb} {preposition} {} and {} more", somebody(*first, params), others.len())
        }
    }
}

/// Returns when it was, what the wallet had after it, and its label.
fn more(row: &Row, now_ms: u64) -> String {
    let when = match row.height {
        None => Some("in no block yet".to_owned()),
        Some(_) => row.time.and_then(|time| clock::ago(time.saturating_mul(1_000), now_ms)),
    };
    let balance = format!("balance {}", money(row.balance));
    // a label may come from somebody else's file
    let label = row.label.as_ref().map(|label| format!("\"{}\"", printable(label, LABEL)));
    when.into_iter().chain([balance]).chain(label).collect::<Vec<_>>().join(", ")
}

/// Returns a person's name, or the beginning of an address.
fn somebody(owner: PublicKey, params: &ChainParams) -> String {
    name_of(owner).map_or_else(
        || {
            let shown = params.spec().address_prefix.as_str().len() + 1 + ADDRESS;
            format!("{}...", params.address(owner).to_string().chars().take(shown).collect::<String>())
        },
        str::to_owned,
    )
}
