//! An order to pay: shown with its fee, agreed to, sent, and waited for.

use std::{
    cell::Cell,
    error::Error,
    io::{self, BufRead as _, IsTerminal as _, Read as _},
};

use toycoin_core::{Address, Amount, ChainParams, FeeRate, SecretKey, Transaction, Txid, wallet::Wallet};
use toycoin_node::NodeHandle;

use crate::{
    fees::{self, rate_of},
    output, say,
    signals::unless_signalled,
    tell,
    waiting::confirmation,
    words::{aligned, count, grouped, money},
};

/// Most bytes of an answer that are read.
const ANSWER: u64 = 1_024;

/// An order to pay somebody.
#[derive(Debug, Clone, Copy)]
pub struct Order {
    /// Who is paid.
    pub to: Address,
    /// How much.
    pub amount: Amount,
    /// Fee rate for the miner; `None` for the usual one of the network.
    pub fee_rate: Option<FeeRate>,
    /// Number of confirmations to wait for.
    pub confirmations: u64,
    /// Whether the payer has agreed beforehand, to whatever the fee is.
    pub is_agreed: bool,
    /// Whether the price is shown and nothing is sent.
    pub is_rehearsal: bool,
}

/// The price of a payment, as it is shown before anything is sent.
#[derive(Debug, Clone, Copy)]
struct Quote {
    to: Address,
    amount: Amount,
    fee: Amount,
    /// Size of the payment.
    bytes: u64,
    /// What the wallet has before and after, immature rewards included.
    before: Amount,
    is_to_oneself: bool,
}

/// Carries out an order, with a wallet that has caught up with the node. `sent` gets the payment's id just before it is
/// sent.
///
/// # Errors
/// As [`prepare`]; or if the payment is not confirmed. Exit code 3 ([`GaveUp`](crate::gave_up::GaveUp)) when it was sent
/// and may still be confirmed.
pub async fn pay(
    node: &NodeHandle,
    wallet: &mut Wallet,
    key: &SecretKey,
    order: &Order,
    sent: &Cell<Option<Txid>>,
) -> Result<(), Box<dyn Error>> {
    let Some(Prepared { payment, fee }) = prepare(node.params(), wallet, key, order).await? else { return Ok(()) };
    let txid = payment.txid();
    say!("payment {txid}");
    sent.set(Some(txid));
    let confirmed = confirmation(node, &payment, fee, order.confirmations).await?;
    say!("{}", confirmed_line(confirmed.height, confirmed.confirmations));
    Ok(())
}

/// A payment that is signed and agreed to.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The payment.
    pub payment: Transaction,
    /// Its fee.
    pub fee: Amount,
}

/// Signs a payment and shows its price; returns `None` for a rehearsal.
///
/// On a terminal the payer is asked. In a pipe nobody is there to answer, so the payment is made without a question,
/// after the same lines. A fee that looks like a mistake is refused unless the payer has agreed beforehand.
///
/// # Errors
/// If the payment cannot be made or is not agreed to; the error is written for the payer.
pub async fn prepare(
    params: &ChainParams,
    wallet: &mut Wallet,
    key: &SecretKey,
    order: &Order,
) -> Result<Option<Prepared>, Box<dyn Error>> {
    let (fee_rate, minimum) = (order.fee_rate.unwrap_or_else(|| fees::usual(params)), fees::minimum(params));
    if fee_rate < minimum {
        let (rate, minimum) = (fee_rate.to_grains_per_byte(), minimum.to_grains_per_byte());
        let taken = format!("this network's nodes take {minimum} or more; try --fee-rate {minimum}");
        return Err(format!("fee too low: {} per byte, {taken}", count(rate, "grain")).into());
    }
    let before = wallet.balance().total();
    let payment = crate::paying::pay_apart(params, wallet, key, order.to, order.amount, fee_rate)?;
    let fee = wallet.payment(&payment.txid()).map_or(Amount::ZERO, |payment| payment.fee);
    let is_to_oneself = order.to == wallet.address();
    let quote = Quote { to: order.to, amount: order.amount, fee, bytes: payment.size(), before, is_to_oneself };
    quote.lines().iter().for_each(|line| say!("{line}"));
    match quote.doubt() {
        Some(doubt) if order.is_agreed || order.is_rehearsal => tell!("warning: {doubt}"),
        Some(doubt) => {
            return Err(format!("not paid: {doubt}; --yes pays it all the same, --fee-rate sets another").into());
        }
        None => {}
    }
    if order.is_rehearsal {
        say!("dry run: nothing was sent");
        return Ok(None);
    }
    if !order.is_agreed && is_interactive() && !is_agreed_to().await? {
        return Err("not paid: the answer was not yes, and nothing was sent".into());
    }
    Ok(Some(Prepared { payment, fee }))
}

/// Returns the line about a payment that is confirmed.
pub fn confirmed_line(height: u64, confirmations: u64) -> String {
    format!("confirmed in block {height}, {}", count(confirmations, "confirmation"))
}

impl Quote {
    fn lines(&self) -> Vec<String> {
        let Self { to, amount, fee, bytes, before, is_to_oneself } = *self;
        let total = amount.saturating_add(fee);
        let left = before.saturating_sub(if is_to_oneself { fee } else { total });
        let numbers = aligned(&[amount, fee, total, left].map(money));
        let rate = grouped(rate_of(fee, bytes).to_grains_per_byte());
        let notes = [
            if is_to_oneself { "to yourself" } else { "" }.to_owned(),
            format!("{rate} grains per byte, {} bytes", grouped(bytes)),
            String::new(),
            String::new(),
        ];
        let rows = ["amount", "fee", "total", "left"].into_iter().zip(numbers).zip(notes);
        let row = |((name, number), note)| format!("{name:<6}  {number}  {note}").trim_end().to_owned();
        [format!("to      {to}")].into_iter().chain(rows.map(row)).collect()
    }

    /// Returns why the fee looks like a mistake, if it does.
    fn doubt(&self) -> Option<String> {
        let (fee, rate) = (self.fee, rate_of(self.fee, self.bytes));
        if fee > self.amount {
            return Some(format!("the fee, {}, is more than the amount, {}", money(fee), money(self.amount)));
        }
        (rate > fees::HIGHEST_SANE).then(|| {
            let [rate, usual] = [rate, fees::HIGHEST_SANE].map(|rate| grouped(rate.to_grains_per_byte()));
            format!("the fee, {}, is {rate} grains per byte; more than {usual} looks like a mistake", money(fee))
        })
    }
}

fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Asks on the terminal, and returns whether the answer is yes.
async fn is_agreed_to() -> io::Result<bool> {
    output::print_question("pay? [y/N] ")?;
    let read = || {
        let mut answer = String::new();
        io::stdin().lock().take(ANSWER).read_line(&mut answer).map(|_| answer)
    };
    let answer = unless_signalled(read).await?.transpose()?.unwrap_or_default();
    Ok(is_yes(&answer))
}

fn is_yes(answer: &str) -> bool {
    ["y", "yes"].contains(&answer.trim().to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use toycoin_core::AddressPrefix;

    use super::*;
    use crate::columns::{WIDTH, width};

    fn quote(amount: &str, fee: &str) -> Quote {
        let to = ChainParams::lab().address(SecretKey::classroom(1).public_key());
        let [amount, fee, before] = [amount, fee, "1250"].map(|text| text.parse().expect("an amount"));
        Quote { to, amount, fee, bytes: 196, before, is_to_oneself: false }
    }

    #[test]
    fn the_fee_is_shown_before_one_pays() {
        let quote = quote("12.5", "0.0098");
        let lines = [
            format!("to      {}", quote.to),
            "amount     12.50".to_owned(),
            "fee         0.0098  5,000 grains per byte, 196 bytes".to_owned(),
            "total      12.5098".to_owned(),
            "left    1,237.4902".to_owned(),
        ];
        assert_eq!(quote.lines(), lines);
        assert_eq!(quote.doubt(), None);
    }

    #[test]
    fn a_payment_to_oneself_costs_the_fee_alone() {
        let lines = Quote { is_to_oneself: true, ..quote("12.5", "0.0098") }.lines();
        assert_eq!(lines[1], "amount     12.50    to yourself");
        assert_eq!(lines[4], "left    1,249.9902");
    }

    #[test]
    fn an_absurd_fee_is_doubted() {
        let said = |amount, fee| quote(amount, fee).doubt().unwrap_or_default();
        assert_eq!(said("1", "1.5"), "the fee, 1.50, is more than the amount, 1");
        assert_eq!(said("1", "0.196"), "", "100,000 grains per byte");
        assert!(said("1", "0.19600196").contains("is 100,001 grains per byte; more than 100,000 looks like a mistake"));
    }

    #[test]
    fn the_widest_quote_fits_80_columns() {
        let prefix = AddressPrefix::new("abcdefghij").expect("a prefix");
        let to = Address::new(prefix, SecretKey::classroom(1).public_key());
        let most = Amount::MAX_MONEY.saturating_sub(Amount::from_grains(1));
        let widest = Quote { to, amount: most, fee: most, bytes: 100_000, before: most, is_to_oneself: true };
        for line in widest.lines() {
            assert!(width(&line) <= WIDTH, "{line}");
        }
    }

    #[test]
    fn only_yes_is_yes() {
        assert!(["y\n", "Y\r\n", "yes", " Yes \n"].into_iter().all(is_yes));
        assert!(!["", "\n", "n\n", "no", "yesterday", "yy"].into_iter().any(is_yes));
    }
}
