//! What waits in a mempool, as rows: the payments that are mined first stand on top.

use toycoin_core::HumanDuration;
use toycoin_node::{
    limits,
    machine::Monotonic,
    mempool::{MempoolEntry, MempoolPage},
};

use crate::{block_row::short, words::count};

/// Most payments that are shown.
pub const ROWS: usize = 50;

const _: () = assert!(ROWS <= limits::MEMPOOL_PAGE, "one page is enough");

/// Returns the lines about the first page of a mempool: the totals, and a row for each payment.
pub fn lines(page: &MempoolPage) -> Vec<String> {
    let MempoolPage { entries, bytes, now, .. } = page;
    let mut lines = vec![match page.count {
        0 => "no payment waits for a block".to_owned(),
        payments => format!("{} of {} in all", count(payments as u64, "payment"), count(*bytes, "byte")),
    }];
    if !entries.is_empty() {
        lines.push(format!(
            "  {:<10}  {:>14}  {:>7}  {:>11}  waits",
            "payment", "fee in grains", "bytes", "grains/byte"
        ));
    }
    lines.extend(entries.iter().take(ROWS).map(|entry| row(entry, *now)));
    let more = page.count.saturating_sub(entries.len().min(ROWS));
    if more > 0 {
        lines.push(format!("  and {more} more"));
    }
    lines.push("This program has just joined, and has not heard of what came before.".to_owned());
    lines
}

fn row(entry: &MempoolEntry, now: Monotonic) -> String {
    let MempoolEntry { txid, fee, size, .. } = entry;
    let rate = fee.grains() as f64 / (*size).max(1) as f64;
    let waited = HumanDuration::from(now.saturating_since(entry.since));
    let txid = short(txid);
    let after = match entry.parents.len() {
        0 => String::new(),
        parents => format!(", after {parents}"),
    };
    format!("  {txid:<10}  {:>14}  {size:>7}  {rate:>11.1}  {waited}{after}", fee.grains())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use toycoin_core::{Amount, Txid};

    use super::*;
    use crate::columns::{WIDTH, width};

    fn entry(fee: u64, size: u64, since: Monotonic, parents: usize) -> MempoolEntry {
        MempoolEntry {
            txid: Txid::from_bytes([0xab; 32]),
            fee: Amount::from_grains(fee),
            size,
            since,
            package_fee: Amount::from_grains(fee),
            package_size: size,
            spends: Vec::new(),
            parents: vec![Txid::ZERO; parents],
            children: Vec::new(),
        }
    }

    fn page(entries: Vec<MempoolEntry>, count: usize) -> MempoolPage {
        let now = Monotonic::new(Duration::from_secs(3_600));
        MempoolPage { bytes: entries.iter().map(|entry| entry.size).sum(), entries, count, now, next: None }
    }

    #[test]
    fn a_row_has_fee_size_rate_and_age() {
        let since = Monotonic::new(Duration::from_millis(3_597_500));
        let lines = lines(&page(vec![entry(2_340, 234, since, 0), entry(0, 234, since, 1)], 2));
        assert_eq!(
            lines[..4],
            [
                "2 payments of 468 bytes in all",
                "  payment      fee in grains    bytes  grains/byte  waits",
                "  ababababab            2340      234         10.0  2.5 s",
                "  ababababab               0      234          0.0  2.5 s, after 1",
            ]
        );
        assert!(lines[4].contains("just joined"), "{lines:#?}");
    }

    #[test]
    fn an_empty_mempool_has_no_table() {
        let lines = lines(&page(Vec::new(), 0));
        assert_eq!((lines.len(), &*lines[0]), (2, "no payment waits for a block"));
    }

    #[test]
    fn rows_are_few_and_fit_80_columns() {
        let largest = entry(21_000_000 * 100_000_000, 1_000_000, Monotonic::ORIGIN, 500);
        let lines = lines(&page(vec![largest; ROWS + 7], 100_000));
        assert_eq!(lines.len(), ROWS + 4);
        assert!(lines.contains(&"  and 99950 more".to_owned()), "{lines:#?}");
        for line in &lines {
            assert!(width(line) <= WIDTH, "{line}");
        }
    }
}
