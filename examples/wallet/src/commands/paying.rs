//! Payments: new ones, and those in place of one that waits.

use std::error::Error;

use serde_json::{Value, json};
use toycoin_core::{Address, Amount, FeeRate, OutPoint, Txid, Unsigned, wallet::ReplaceError};
use toycoin_examples::{fees, paying::explained, waiting::confirmed_line};
use toycoin_keys::KeyFile;

use crate::{
    command::{Command, Pay, Rate, Terms},
    commands::balance,
    context::Context,
    label_file,
    payment_list::PaymentList,
    quote::{Quote, is_agreed, require_taken, warn},
    session::Session,
    signing::WalletSigner,
    sum::Sum,
};

/// Refuses early what would be refused in the end, before a network or a passphrase is needed.
///
/// # Errors
/// If an address is of another network, or the wallet cannot sign.
pub fn check(context: &Context<'_>) -> Result<(), Box<dyn Error>> {
    let terms = match &context.arguments.command {
        Command::Pay(pay) => {
            let mut is_labelled = pay.label.is_some();
            if let Some(address) = pay.address {
                address.require(context.params.spec().address_prefix)?;
            }
            if let Some(file) = &pay.file {
                is_labelled = !PaymentList::read(file, &context.params)?.labels().is_empty();
            }
            if is_labelled {
                // a broken file takes no label
                label_file::read(&context.file()?.labels())?;
            }
            &pay.terms
        }
        Command::Build(draft) => {
            draft.address.require(context.params.spec().address_prefix)?;
            return Ok(());
        }
        Command::Consolidate(terms) | Command::Bump { terms, .. } | Command::Cancel { terms, .. } => terms,
        _ => return Ok(()),
    };
    if !terms.dry_run && matches!(context.file()?.keys(), KeyFile::Watch(_)) {
        return Err(
            "this wallet only watches, and has no key to sign with; `wallet build` prepares a payment for `wallet \
                    sign` where the key is"
                .into(),
        );
    }
    Ok(())
}

/// Pays.
///
/// # Errors
/// If the payment cannot be made, is not agreed to, or is not confirmed.
pub async fn pay(context: &Context<'_>, session: &mut Session, pay: &Pay) -> Result<(), Box<dyn Error>> {
    let rate = rate_of(context, &pay.terms.rate).await?;
    let coins: Vec<_> = pay.coin.iter().map(|coin| coin.0).collect();
    let (payment, labels) = match (&pay.file, pay.address, pay.amount) {
        (Some(file), _, _) => {
            let list = PaymentList::read(file, &context.params)?;
            (to_all(session, &list, &coins, rate)?, list.labels())
        }
        (None, Some(to), Some(sum)) => (to_one(session, to, sum, &coins, rate)?, Vec::new()),
        _ => return Err("a payment needs an address and an amount".into()),
    };
    finish(context, session, payment, &pay.terms, Purpose { replaces: None, name: pay.label.clone(), labels }).await
}

/// Pays all coins to oneself.
///
/// # Errors
/// As [`pay`].
pub async fn consolidate(context: &Context<'_>, session: &mut Session, terms: &Terms) -> Result<(), Box<dyn Error>> {
    let rate = rate_of(context, &terms.rate).await?;
    let to = context.params.address(session.wallet().owners().change());
    let payment = session.wallet().prepare_all(None, to, rate);
    let payment = payment.map_err(|error| explained(session.wallet(), error, rate))?;
    if payment.spent().len() < 2 {
        return Err("there are not two coins to put together; nothing was done".into());
    }
    finish(context, session, payment, terms, Purpose::default()).await
}

/// Sends a payment that waits again, with a higher fee.
///
/// # Errors
/// As [`pay`], and if no such payment of this wallet waits.
pub async fn bump(
    context: &Context<'_>,
    session: &mut Session,
    txid: &Txid,
    terms: &Terms,
) -> Result<(), Box<dyn Error>> {
    let named = terms.rate.named().await?.map(|rate| require_taken(rate, &context.params)).transpose()?;
    let wallet = session.wallet();
    let payment = match wallet.replace(txid, named.unwrap_or_else(|| fees::usual(&context.params))) {
        // nobody named a rate, so it is the least that is higher than before
        Err(ReplaceError::RateTooLow { least, .. }) if named.is_none() => wallet.replace(txid, least),
        result => result,
    }?;
    let name = session.labels.text("tx", &txid.to_string()).map(str::to_owned);
    finish(context, session, payment, terms, Purpose { replaces: Some(*txid), name, labels: Vec::new() }).await
}

/// Takes a payment back that waits.
///
/// # Errors
/// As [`bump`].
pub async fn cancel(
    context: &Context<'_>,
    session: &mut Session,
    txid: &Txid,
    terms: &Terms,
) -> Result<(), Box<dyn Error>> {
    let rate = terms.rate.named().await?.map(|rate| require_taken(rate, &context.params)).transpose()?;
    let payment = session.wallet().cancel(txid, rate)?;
    finish(context, session, payment, terms, Purpose { replaces: Some(*txid), ..Purpose::default() }).await
}

/// Returns the fee rate that was named, or the usual one.
///
/// # Errors
/// If the network's nodes do not take it, or no node estimates it.
pub async fn rate_of(context: &Context<'_>, rate: &Rate) -> Result<FeeRate, Box<dyn Error>> {
    require_taken(rate.named().await?.unwrap_or_else(|| fees::usual(&context.params)), &context.params)
}

/// Prepares a payment to one recipient.
pub fn to_one(
    session: &Session,
    to: Address,
    sum: Sum,
    coins: &[OutPoint],
    rate: FeeRate,
) -> Result<Unsigned, Box<dyn Error>> {
    let wallet = session.wallet();
    let payment = match sum {
        Sum::All => wallet.prepare_all(Some(coins).filter(|coins| !coins.is_empty()), to, rate),
        Sum::Amount(amount) if coins.is_empty() => wallet.prepare(|builder| builder.pay(to, amount).fee_rate(rate)),
        Sum::Amount(amount) => wallet.prepare_from(coins, |builder| builder.pay(to, amount).fee_rate(rate)),
    };
    payment.map_err(|error| explained(wallet, error, rate))
}

/// Prepares one payment to many recipients.
fn to_all(
    session: &Session,
    list: &PaymentList,
    coins: &[OutPoint],
    rate: FeeRate,
) -> Result<Unsigned, Box<dyn Error>> {
    let wallet = session.wallet();
    let payment = if coins.is_empty() {
        wallet.prepare(|builder| list.add_to(builder.fee_rate(rate)))
    } else {
        wallet.prepare_from(coins, |builder| list.add_to(builder.fee_rate(rate)))
    };
    payment.map_err(|error| explained(wallet, error, rate))
}

/// What a payment is for.
#[derive(Debug, Default)]
struct Purpose {
    /// The payment that it replaces.
    replaces: Option<Txid>,
    /// What it is called.
    name: Option<String>,
    /// What the addresses that it pays are called.
    labels: Vec<(String, String)>,
}

/// Shows a payment, signs it if it is agreed to, sends it, and waits.
async fn finish(
    context: &Context<'_>,
    session: &mut Session,
    payment: Unsigned,
    terms: &Terms,
    purpose: Purpose,
) -> Result<(), Box<dyn Error>> {
    let voice = context.voice;
    let quote = Quote::new(payment, session.wallet(), &context.params);
    let mut answer = quote.to_json();
    if !is_agreed(context, &quote, terms).await? {
        answer["status"] = "dry run".into();
        voice.answer(&answer);
        return Ok(());
    }
    let secrets = session.unlock(context.arguments).await?;
    let signer = WalletSigner::new(&secrets, session.identity.places())?;
    let payment = quote.into_payment().sign(&signer)?;
    drop(secrets);
    let txid = payment.txid();
    session.record(&payment, purpose.replaces.as_ref())?;
    // before it is sent, so that nobody has to guess what it was for; it is kept by now, so it is sent in any case
    let of_payment = purpose.name.map(|name| ("tx", txid.to_string(), name));
    let of_addresses = purpose.labels.into_iter().map(|(address, label)| ("addr", address, label));
    if let Err(error) = label_file::add(&session.file.labels(), of_payment.into_iter().chain(of_addresses)) {
        warn(&format!("the payment has no label: {error}"));
    }
    voice.line(format_args!("payment {txid}"));
    context.sent.set(Some(txid));
    let (height, confirmations) = session.send(context, &payment, terms.wait).await?;
    voice.line(confirmed_line(height, confirmations));
    voice.lines(balance::lines(session.wallet()));
    voice.lines(session.doubt());
    confirmed(&mut answer, height, confirmations, session.wallet().balance().total());
    voice.answer(&answer);
    Ok(())
}

/// Adds how a payment ended, and what the wallet has then.
pub fn confirmed(answer: &mut Value, height: u64, confirmations: u64, total: Amount) {
    answer["status"] = "confirmed".into();
    answer["height"] = height.into();
    answer["confirmations"] = confirmations.into();
    answer["balance"] = json!(total.to_string());
}
