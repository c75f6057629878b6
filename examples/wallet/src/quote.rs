//! The price of a payment, as it is shown before one agrees to it.

use std::{
    collections::BTreeSet,
    error::Error,
    io::{self, BufRead as _, IsTerminal as _, Read as _},
};

use serde_json::{Value, json};
use toycoin_core::{
    Amount, ChainParams, FeeRate, OutPoint, PublicKey, TxOut, Unsigned,
    wallet::{Payment, Wallet},
};
use toycoin_examples::{
    columns::{WIDTH, width, wrap},
    fees::{self, rate_of},
    output,
    signals::answer,
    tell,
    words::{aligned, count, grouped, money},
};

use crate::{
    command::{Agreement, Terms},
    context::Context,
};

/// Most bytes of an answer that are read.
const ANSWER: u64 = 1_024;
/// Most recipients, and most coins, that are shown to people.
const MOST_ROWS: usize = 10;

/// A payment that is not signed yet, with what it does to the wallet.
#[derive(Debug, Clone)]
pub struct Quote {
    payment: Unsigned,
    /// Outputs that go to others, or to oneself on purpose.
    paid: Vec<(String, Amount)>,
    /// The change; zero without any.
    change: Amount,
    /// What the wallet has after it and after all payments that wait, immature rewards included; `None` if the wallet
    /// does not know the chain.
    after: Option<Amount>,
    is_to_oneself: bool,
    bytes: u64,
    /// Most recipients, and most coins, that are shown to people.
    rows: usize,
}

impl Quote {
    /// Makes the quote of a wallet's payment.
    pub fn new(payment: Unsigned, wallet: &Wallet, params: &ChainParams) -> Self {
        let outputs = &payment.transaction().outputs;
        let change = payment.change().map_or(Amount::ZERO, |change| change.value);
        let paid_count = outputs.len() - usize::from(payment.change().is_some());
        let paid =
            outputs.iter().take(paid_count).map(|output| (params.address(output.owner).to_string(), output.value));
        let is_to_oneself = outputs.iter().all(|output| wallet.owners().contains(&output.owner));
        let after = after(&payment, wallet);
        let (paid, bytes) = (paid.collect(), payment.transaction().size());
        Self { paid, change, after: Some(after), is_to_oneself, bytes, rows: MOST_ROWS, payment }
    }

    /// Makes the quote of a payment that was prepared by somebody who may lie, for a wallet without a network.
    ///
    /// What goes to an owner of its own is change, and all else is paid, each row of it shown. A payment to itself alone
    /// is paid.
    pub fn of_signer(payment: Unsigned, params: &ChainParams, is_own: impl Fn(&PublicKey) -> bool) -> Self {
        let outputs = &payment.transaction().outputs;
        let is_to_oneself = outputs.iter().all(|output| is_own(&output.owner));
        let is_change = |output: &&TxOut| !is_to_oneself && is_own(&output.owner);
        let change = outputs.iter().filter(is_change).map(|output| output.value).sum();
        let paid = outputs.iter().filter(|output| !is_change(output));
        let paid = paid.map(|output| (params.address(output.owner).to_string(), output.value)).collect();
        let bytes = payment.transaction().size();
        Self { paid, change, after: None, is_to_oneself, bytes, rows: usize::MAX, payment }
    }

    /// Returns the payment.
    pub const fn payment(&self) -> &Unsigned {
        &self.payment
    }

    /// Returns the payment, to sign it.
    pub fn into_payment(self) -> Unsigned {
        self.payment
    }

    /// Returns the lines for people: to whom, amount, fee, rate, change, what is left, and the coins.
    pub fn lines(&self) -> Vec<String> {
        let (fee, amount) = (self.payment.fee(), self.amount());
        let mut lines = Vec::new();
        if let [(to, _)] = &self.paid[..] {
            lines.push(format!("to      {to}"));
        } else {
            let values = aligned(&self.paid.iter().take(self.rows).map(|(_, value)| money(*value)).collect::<Vec<_>>());
            let rows = self.paid.iter().zip(values).map(|((to, _), value)| format!("to      {to}  {value}"));
            lines.extend(rows.map(|row| row.trim_end().to_owned()));
            lines.extend(more(self.paid.len(), self.rows, "recipient"));
        }
        let rate = grouped(rate_of(fee, self.bytes).to_grains_per_byte());
        let mut rows = vec![
            ("amount", amount, if self.is_to_oneself { "to yourself" } else { "" }.to_owned()),
            ("fee", fee, format!("{rate} grains per byte, {} bytes", grouped(self.bytes))),
            ("total", amount.saturating_add(fee), String::new()),
        ];
        if self.change > Amount::ZERO {
            rows.push(("change", self.change, String::new()));
        }
        rows.extend(self.after.map(|after| ("left", after, String::new())));
        let numbers = aligned(&rows.iter().map(|(_, number, _)| money(*number)).collect::<Vec<_>>());
        for ((name, _, note), number) in rows.iter().zip(numbers) {
            let row = format!("{name:<6}  {number}  {note}");
            match width(&row) <= WIDTH {
                true => lines.push(row.trim_end().to_owned()),
                false => lines.extend([format!("{name:<6}  {}", number.trim_end()), format!("        {note}")]),
            }
        }
        let coins: Vec<_> = self.payment.transaction().inputs.iter().zip(self.payment.spent()).collect();
        let values = aligned(&coins.iter().take(self.rows).map(|(_, coin)| money(coin.value)).collect::<Vec<_>>());
        for (place, ((outpoint, _), value)) in coins.iter().zip(values).enumerate() {
            let name = if place == 0 { "coins" } else { "" };
            // an id has 64 digits, which leaves no room for a row of both
            let id = outpoint.txid.to_string();
            lines.push(format!("{name:<6}  {value}  {}..:{}", &id[..id.len().min(32)], outpoint.vout));
        }
        lines.extend(more(coins.len(), self.rows, "coin"));
        lines
    }

    /// Returns the same for programs.
    pub fn to_json(&self) -> Value {
        let fee = self.payment.fee();
        let paid = |(to, value): &(String, Amount)| json!({ "address": to, "amount": value.to_string() });
        let coins = self.payment.transaction().inputs.iter().zip(self.payment.spent());
        let coin = |(outpoint, coin): (&OutPoint, &TxOut)| {
            let (name, value) = (outpoint.to_string(), coin.value.to_string());
            json!({ "coin": name, "value": value })
        };
        json!({
            "txid": self.payment.transaction().txid().to_string(),
            "to": self.paid.iter().map(paid).collect::<Vec<_>>(),
            "amount": self.amount().to_string(),
            "fee": fee.to_string(),
            "fee_rate": rate_of(fee, self.bytes).to_grains_per_byte(),
            "size": self.bytes,
            "change": self.change.to_string(),
            "left": self.after.map(|after| after.to_string()),
            "coins": coins.map(coin).collect::<Vec<_>>(),
        })
    }

    /// Returns why the fee looks like a mistake, if it does.
    pub fn doubt(&self) -> Option<String> {
        fees::absurd(self.payment.fee(), self.bytes, self.amount())
    }

    fn amount(&self) -> Amount {
        self.paid.iter().map(|(_, value)| *value).sum()
    }
}

/// Returns what a wallet has once a payment and all that wait beside it are confirmed.
fn after(payment: &Unsigned, wallet: &Wallet) -> Amount {
    let mut wallet = wallet.clone();
    // it gives up what the payment replaces
    wallet.track(payment.transaction().clone());
    let spent: BTreeSet<_> = wallet.pending().flat_map(|payment| &payment.transaction.inputs).collect();
    // a payment of an unknown coin may never be confirmed
    let is_known = |payment: &&Payment| payment.transaction.inputs.iter().all(|coin| wallet.value_of(coin).is_some());
    let outputs = wallet.pending().filter(is_known).flat_map(|payment| payment.transaction.outpoints(payment.txid));
    let is_left =
        |(outpoint, output): &(OutPoint, &TxOut)| !spent.contains(outpoint) && wallet.owners().contains(&output.owner);
    let back: Amount = outputs.filter(is_left).map(|(_, output)| output.value).sum();
    let balance = wallet.balance();
    balance.available.saturating_add(balance.immature).saturating_add(back)
}

/// Shows a quote, and returns whether the payment is to be made.
///
/// On a terminal the payer is asked. In a pipe nobody is there to answer, so the payment is made without a question,
/// after the same lines. A fee that looks like a mistake is refused without `--yes-really`.
///
/// # Errors
/// If the payment is not agreed to.
pub async fn is_agreed(context: &Context<'_>, quote: &Quote, terms: &Terms) -> Result<bool, Box<dyn Error>> {
    context.voice.lines(quote.lines());
    let doubt = quote.doubt();
    if terms.dry_run {
        doubt.iter().for_each(|doubt| warn(doubt));
        context.voice.line("dry run: nothing was sent");
        return Ok(false);
    }
    agree(context, doubt, terms.agreement, Deed::Pay).await.map(|()| true)
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// A payment that is sent.
    Pay,
    /// A signature. Standard output is the file, so people are spoken to on standard error.
    Sign,
}

/// Asks whether to do something, unless that was agreed to beforehand or nobody is there to answer.
///
/// # Errors
/// If the answer is not yes, or there is a doubt that was not agreed to.
pub async fn agree(
    context: &Context<'_>,
    doubt: Option<String>,
    Agreement { yes, yes_really }: Agreement,
    deed: Deed,
) -> Result<(), Box<dyn Error>> {
    match doubt {
        Some(doubt) if yes_really => warn(&doubt),
        Some(doubt) => {
            let ways = match deed {
                Deed::Pay => "--yes-really does it all the same, --fee-rate sets another",
                Deed::Sign => "--yes-really does it all the same, `wallet build --fee-rate` sets another",
            };
            return Err(format!("not done: {doubt}; {ways}").into());
        }
        None => {}
    }
    let is_read = match deed {
        Deed::Pay => io::stdout().is_terminal() && !context.arguments.json,
        Deed::Sign => io::stderr().is_terminal(),
    };
    let is_interactive = io::stdin().is_terminal() && is_read;
    if yes || yes_really || !is_interactive || is_agreed_to(deed).await? {
        return Ok(());
    }
    let nothing = if deed == Deed::Sign { "signed" } else { "sent" };
    Err(format!("not done: the answer was not yes, and nothing was {nothing}").into())
}

/// Says on standard error what may be a mistake.
pub fn warn(doubt: &str) {
    wrap("warning: ", doubt).iter().for_each(|line| tell!("{line}"));
}

/// Refuses a rate that the network's nodes do not take.
pub fn require_taken(rate: FeeRate, params: &ChainParams) -> Result<FeeRate, Box<dyn Error>> {
    let minimum = fees::minimum(params);
    if rate >= minimum {
        return Ok(rate);
    }
    let (rate, minimum) = (rate.to_grains_per_byte(), minimum.to_grains_per_byte());
    let taken = format!("this network's nodes take {minimum} or more; try --fee-rate {minimum}");
    Err(format!("fee too low: {} per byte, {taken}", count(rate, "grain")).into())
}

fn more(all: usize, shown: usize, noun: &str) -> Option<String> {
    let rest = all.checked_sub(shown).filter(|rest| *rest > 0)?;
    Some(format!("        and {}", count(rest as u64, &format!("more {noun}"))))
}

/// Asks on the terminal, and returns whether the answer is yes.
async fn is_agreed_to(deed: Deed) -> io::Result<bool> {
    match deed {
        Deed::Pay => output::print_question("pay? [y/N] ")?,
        Deed::Sign => tell!("sign? [y/N]"),
    }
    let read = || {
        let mut answer = String::new();
        io::stdin().lock().take(ANSWER).read_line(&mut answer).map(|_| answer)
    };
    let answer = answer(read).await?.transpose()?.unwrap_or_default();
    Ok(is_yes(&answer))
}

fn is_yes(answer: &str) -> bool {
    ["y", "yes"].contains(&answer.trim().to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use toycoin_core::{SecretKey, wallet::Owners};

    use super::*;

    fn quote(recipients: u64, rate: u64) -> Quote {
        let params = ChainParams::lab();
        let wallet = Wallet::watching(params.clone(), Owners::new(SecretKey::classroom(0).public_key()));
        let to = params.address(SecretKey::classroom(1).public_key());
        let payment = wallet.prepare(|builder| {
            let builder = builder.fee_rate(FeeRate::grains_per_byte(rate));
            (1..=recipients).fold(builder, |builder, grains| builder.pay(to, Amount::from_grains(grains * 125_000_000)))
        });
        Quote::new(payment.unwrap(), &wallet, &params)
    }

    #[test]
    fn the_fee_is_shown_before_one_pays() {
        let lines = quote(1, 5_000).lines();
        assert!(lines[0].starts_with("to      tlab1"), "{lines:#?}");
        assert_eq!(
            lines[1..6],
            [
                "amount   1.25",
                "fee      0.0098  5,000 grains per byte, 196 bytes",
                "total    1.2598",
                "change  98.7402",
                "left    98.7402",
            ]
        );
        assert!(lines[6].starts_with("coins   100  "), "{lines:#?}");
        assert_eq!(quote(1, 5_000).doubt(), None);
    }

    fn of_signer(is_own: impl Fn(&PublicKey) -> bool) -> Quote {
        let payment = quote(12, 5_000).into_payment();
        Quote::of_signer(payment, &ChainParams::lab(), is_own)
    }

    #[test]
    fn what_goes_to_the_signer_is_change_and_all_else_is_paid() {
        let own = SecretKey::classroom(0).public_key();
        let signed = of_signer(|owner| *owner == own);
        // 1.25 * (1 + 2 + ... + 12), to 12 recipients, each of them in a row
        assert_eq!((signed.amount(), signed.paid.len()), ("97.5".parse().unwrap(), 12));
        assert!(signed.change > Amount::ZERO && !signed.is_to_oneself);
        let lines = signed.lines();
        assert_eq!(lines.iter().filter(|line| line.starts_with("to      tlab1")).count(), 12, "{lines:#?}");
        assert!(!lines.iter().any(|line| line.starts_with("left") || line.contains("more recip")), "{lines:#?}");
        // whoever prepared it took the change
        let stolen = of_signer(|_| false);
        assert_eq!((stolen.paid.len(), stolen.change), (13, Amount::ZERO));
        let to_itself = of_signer(|_| true);
        assert_eq!((to_itself.paid.len(), to_itself.is_to_oneself), (13, true));
    }

    #[test]
    fn a_payment_to_oneself_costs_the_fee_alone() {
        let (params, owner) = (ChainParams::lab(), SecretKey::classroom(0).public_key());
        let wallet = Wallet::watching(params.clone(), Owners::new(owner));
        let (to, amount) = (params.address(owner), "12.5".parse().unwrap());
        let rate = FeeRate::grains_per_byte(5_000);
        let payment = wallet.prepare(|builder| builder.pay(to, amount).fee_rate(rate)).unwrap();
        let lines = Quote::new(payment, &wallet, &params).lines();
        assert_eq!(lines[1], "amount  12.50    to yourself");
        assert!(lines.contains(&"left    99.9902".to_owned()), "{lines:#?}");
    }

    #[test]
    fn what_is_left_counts_the_payments_that_wait() {
        let (params, key) = (ChainParams::lab(), SecretKey::classroom(0));
        let mut wallet = Wallet::new(params.clone(), key).spending_pending_change(true);
        let [own, to] = [0, 1].map(|index| params.address(SecretKey::classroom(index).public_key()));
        let left = |payment, wallet: &Wallet| Quote::new(payment, wallet, &params).to_json()["left"].clone();
        let first = wallet.pay(to, "20".parse().unwrap(), FeeRate::ZERO).unwrap();
        // its change pays the second one
        let second = wallet.prepare(|builder| builder.pay(to, "1".parse().unwrap())).unwrap();
        assert_eq!(left(second, &wallet), "79.00000000");
        // a replacement pays once, and a cancelled payment not at all
        let bump = wallet.replace(&first.txid(), FeeRate::grains_per_byte(1)).unwrap();
        assert_eq!(left(bump, &wallet), "79.99999804");
        let cancel = wallet.cancel(&first.txid(), None).unwrap();
        assert_eq!(left(cancel, &wallet), "99.99999844");
        wallet.pay(own, "5".parse().unwrap(), FeeRate::ZERO).unwrap();
        let third = wallet.prepare(|builder| builder.pay(to, "2".parse().unwrap())).unwrap();
        assert_eq!(left(third, &wallet), "78.00000000");
    }

    #[test]
    fn programs_get_what_people_get() {
        let value = quote(2, 7).to_json();
        assert_eq!(value["amount"], "3.75000000");
        assert_eq!((value["fee_rate"].as_u64(), value["size"].as_u64()), (Some(7), Some(236)));
        assert_eq!(value["to"].as_array().map(Vec::len), Some(2));
        assert_eq!(value["coins"][0]["value"], "100.00000000");
        assert_eq!(value["txid"].as_str().map(str::len), Some(64));
    }

    #[test]
    fn every_quote_fits_80_columns() {
        for recipients in [1, 2, 12] {
            let lines = quote(recipients, 100_000).lines();
            assert!(lines.iter().all(|line| width(line) <= WIDTH), "{lines:#?}");
            assert_eq!(recipients == 12, lines.iter().any(|line| line.contains("and 2 more recipients")), "{lines:#?}");
        }
    }

    #[test]
    fn only_yes_is_yes() {
        assert!(["y\n", "Y\r\n", "yes", " Yes \n"].into_iter().all(is_yes));
        assert!(!["", "\n", "n\n", "no", "yesterday", "yy"].into_iter().any(is_yes));
    }
}
