//! Commands for which the wallet has to know the chain, and how they end when a signal comes.

use std::error::Error;

use toycoin_examples::{gave_up::GaveUp, interrupted, paying::may_still_be_confirmed, signalled};

use crate::{
    command::{Command, Terms},
    commands::paying,
    context::Context,
    session::Session,
};

/// Carries out a command that makes no payment, unless a signal comes or nobody reads its results.
pub async fn stopped_by_reader(
    command: impl Future<Output = Result<(), Box<dyn Error>>>,
) -> Result<(), Box<dyn Error>> {
    tokio::select! {
        signal = interrupted() => Ok(signal?),
        result = command => result,
    }
}

/// Carries out a command that sends a payment without a wallet, unless a signal comes.
pub async fn stopped_by_signal(
    context: &Context<'_>,
    command: impl Future<Output = Result<(), Box<dyn Error>>>,
) -> Result<(), Box<dyn Error>> {
    tokio::select! {
        // a payment goes on when nobody reads what the wallet says
        signal = signalled() => signal.map_err(Into::into).and_then(|()| stopped(context)),
        result = command => result,
    }
}

/// Carries out a command for which the wallet has to know the chain. A light client looks for payments from this height
/// on if one is named.
pub async fn online(
    context: &Context<'_>,
    from: Option<u64>,
    command: impl AsyncFnOnce(&Context<'_>, &mut Session) -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    paying::check(context)?;
    let mut session = Session::begin(context, from).await?;
    let ended = tokio::select! {
        signal = signalled() => signal.map(|()| true).map_err(Into::into),
        result = after_catching_up(context, &mut session, command) => result.map(|()| false),
    };
    let closed = session.source.close().await;
    if ended? { stopped(context) } else { closed }
}

async fn after_catching_up(
    context: &Context<'_>,
    session: &mut Session,
    command: impl AsyncFnOnce(&Context<'_>, &mut Session) -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    session.catch_up(context).await?;
    command(context, session).await
}

/// Returns how a command ends that was stopped by a signal: whoever started it must not take this for a payment that
/// was made.
fn stopped(context: &Context<'_>) -> Result<(), Box<dyn Error>> {
    let is_rehearsal = |terms: &Terms| terms.dry_run;
    let pays = match &context.arguments.command {
        Command::Pay(pay) => !is_rehearsal(&pay.terms),
        Command::Consolidate(terms) | Command::Bump { terms, .. } | Command::Cancel { terms, .. } => {
            !is_rehearsal(terms)
        }
        Command::Import { terms, .. } => !is_rehearsal(terms),
        Command::Send { .. } => true,
        _ => false,
    };
    match context.sent.get() {
        Some(txid) => {
            // coins of an old key are none of the wallet, which cannot raise the fee
            let later = match context.arguments.command {
                Command::Import { .. } => {
                    format!("the payment was sent: `wallet tx {txid}` shows whether it is confirmed")
                }
                _ => may_still_be_confirmed(txid),
            };
            Err(GaveUp::new(format!("stopped before a confirmation; {later}")).into())
        }
        None if pays => Err("not paid: stopped, and nothing was sent".into()),
        None => Ok(()),
    }
}
