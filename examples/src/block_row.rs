//! A block as a row of the table.

use toycoin_core::{Block, BlockHash, Header, Target};
use toycoin_wire::printable;

use crate::{
    columns::{WIDTH, width, wrap},
    look::{Colour, Look},
};

/// Digits of a hash that are shown, with its leading zeros: they are what proof of work looks like.
const DIGITS: usize = 10;

/// Columns of a miner's name.
const NAME: usize = 7;

/// Columns before the payments.
const BEFORE: usize = 57;

/// Where a block stands among the others on its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Branch {
    /// It is the only one.
    Only,
    /// It is the first of several.
    First,
    /// It is another one.
    Other,
}

/// A row of the table of blocks.
#[derive(Debug, Clone)]
pub struct Row {
    height: u64,
    hash: String,
    parent: String,
    branch: Branch,
    bits: f64,
    payments: usize,
    miner: String,
    /// What the block pays, one line each.
    said: Vec<String>,
    is_refused: bool,
}

/// Returns the first digits of a hash, leading zeros included.
pub fn short(hash: impl ToString) -> String {
    hash.to_string().chars().take(DIGITS).collect()
}

/// Returns log2 of the number of hashes that a block with this header is expected to take.
pub fn bits_of(header: &Header) -> f64 {
    header.bits.to_target().map_or(0.0, |target| Target::work(target).to_f64().log2())
}

impl Row {
    /// Returns the row of a block. `said` tells its payments.
    pub fn new(block: &Block, hash: &BlockHash, branch: Branch, said: Vec<String>) -> Self {
        let extra = String::from_utf8_lossy(&block.coinbase.extra);
        // the node's mark follows the miner's text
        let miner = extra.rsplit_once('#').map_or(&*extra, |(text, _)| text);
        Self {
            height: block.header.height,
            hash: short(hash),
            parent: if block.header.height == 1 { "genesis".to_owned() } else { short(block.header.previous) },
            branch,
            bits: bits_of(&block.header),
            payments: block.transactions.len(),
            miner: printable(miner, NAME).chars().take(NAME).collect(),
            said,
            is_refused: false,
        }
    }

    /// Marks the row as that of a block that everybody refuses.
    #[must_use]
    pub const fn refused(mut self) -> Self {
        self.is_refused = true;
        self
    }

    /// Returns the names of the columns, the last of which is free to choose.
    pub fn head(look: Look, last: &str) -> String {
        let head = format!(
            "  {:>6}  {:<DIGITS$}  {:<12}  {:>4}  {:>4}  {:<NAME$}  {}",
            "height", "hash", "  on", "bits", "pays", "miner", last
        );
        look.paint(Colour::Faint, &head)
    }

    /// Returns the row's lines: the block with its first payment, and one line for each further payment.
    pub fn lines(&self, look: Look) -> Vec<String> {
        let mark = match self.branch {
            Branch::Only => " ",
            Branch::First => look.first_branch(),
            Branch::Other => look.other_branch(),
        };
        let Self { height, hash, parent, bits, payments, miner, .. } = self;
        let block = format!(
            "  {height:>6}  {hash:<DIGITS$}  {mark} {parent:<DIGITS$}  {bits:>4.1}  {payments:>4}  {miner:<NAME$}  "
        );
        let colour = match (self.is_refused, self.branch) {
            (true, _) => Some(Colour::Refused),
            (false, Branch::Only) => None,
            (false, _) => Some(Colour::Fork),
        };
        let before = " ".repeat(BEFORE);
        let room = WIDTH.saturating_sub(width(&block));
        let mut said = self.said.iter().flat_map(|text| {
            // an amount that needs more room than there is begins a line of its own
            let indent = " ".repeat(if width(text) > room { 9 } else { BEFORE });
            wrap(&indent, text)
        });
        let first = self.said.first().filter(|text| width(text) <= room).and_then(|_| said.next());
        let paid = |line: &str| look.paint(if self.is_refused { Colour::Refused } else { Colour::Money }, line);
        let first = first.as_deref().and_then(|line| line.strip_prefix(&before)).unwrap_or_default();
        let block = colour.map_or_else(|| block.clone(), |colour| look.paint(colour, &block));
        let line = format!("{block}{}", paid(first));
        let line = if look.colour { line } else { line.trim_end().to_owned() };
        [line].into_iter().chain(said.map(|line| paid(&line))).collect()
    }
}

#[cfg(test)]
mod tests {
    use toycoin_core::ChainParams;

    use super::*;

    fn row(branch: Branch, said: &[&str]) -> Row {
        let block = ChainParams::lab().genesis().clone();
        let said = said.iter().map(|text| (*text).to_owned()).collect();
        let mut row = Row::new(&block, &block.hash(), branch, said);
        (row.height, row.hash, row.parent) = (8, "00000060ae".into(), "0000003f1a".into());
        row.miner = "node 3".into();
        row
    }

    #[test]
    fn a_row_stands_under_its_head() {
        let head = Row::head(Look::PLAIN, "payments");
        let lines = row(Branch::Other, &["Alice -> Bob 2.50", "Bob -> Carol 0.01"]).lines(Look::PLAIN);
        assert_eq!(
            [&*head, &*lines[0], &*lines[1]],
            [
                "  height  hash          on          bits  pays  miner    payments",
                "       8  00000060ae  ` 0000003f1a  24.0     0  node 3   Alice -> Bob 2.50",
                "                                                         Bob -> Carol 0.01",
            ]
        );
        assert_eq!(head.find("payments"), Some(BEFORE));
    }

    #[test]
    fn the_widest_row_fits_a_terminal() {
        let mut row = row(Branch::First, &["Carol -> Alice 1234567.12345678", "Carol -> Alice 123.45"]);
        (row.height, row.bits, row.payments) = (1_000_000, 255.9, 9_999);
        row.miner = "node 32".into();
        for look in [Look::PLAIN, Look { unicode: true, ..Look::PLAIN }] {
            for line in row.lines(look) {
                assert!(width(&line) <= WIDTH, "{line}");
            }
        }
    }

    #[test]
    fn only_a_fork_has_a_mark_and_it_is_ascii_where_it_must_be() {
        let look = Look { unicode: true, ..Look::PLAIN };
        let line = |branch, look| row(branch, &[]).lines(look).remove(0);
        assert!(line(Branch::Only, look).is_ascii());
        assert!(line(Branch::First, look).contains("┬ 0000003f1a"));
        assert!(line(Branch::Other, look).contains("└ 0000003f1a"));
        assert!(line(Branch::First, Look::PLAIN).contains("+ 0000003f1a"));
        assert!(!line(Branch::Other, Look::PLAIN).contains('\x1b'));
        assert!(line(Branch::Other, Look { colour: true, ..look }).starts_with("\x1b[33m"));
    }

    #[test]
    fn a_miners_text_is_escaped_and_short() {
        let mut block = ChainParams::lab().genesis().clone();
        block.coinbase.extra = b"\x1b[2J\r\nerror: forged\xff#00000000".to_vec();
        let row = Row::new(&block, &block.hash(), Branch::Only, Vec::new());
        assert_eq!(row.miner.chars().count(), NAME);
        assert!(!row.miner.contains(|c: char| c.is_control()), "{:?}", row.miner);
    }

    #[test]
    fn bits_are_those_of_the_target_and_not_of_the_hash() {
        let bits = bits_of(&ChainParams::lab().genesis().header);
        assert!((23.99..24.01).contains(&bits), "{bits}");
    }
}
