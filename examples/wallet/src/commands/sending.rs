//! Sending a payment that was signed elsewhere.

use std::{
    error::Error,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::json;
use toycoin_core::wallet::{Owners, Wallet};
use toycoin_examples::{
    joining::catch_up,
    light::{confirming, joining::catch_up as catch_up_lightly, wallet::LightWallet},
    waiting::{self, confirmed_line},
};
use toycoin_keys::KeyFile;

use crate::{
    commands::balance,
    context::Context,
    offline_file::SignedFile,
    online::{online, stopped_by_signal},
    session::{Session, identity_of},
    wallet_file::WalletFile,
};

/// Sends a signed payment, and waits for so many confirmations. A wallet whose coins it spends keeps it, so that the
/// wallet can raise its fee. Any other payment needs no wallet.
///
/// # Errors
/// If the file is none, or the payment is not confirmed. [`GaveUp`](toycoin_examples::gave_up::GaveUp) if it was sent
/// and may still be.
pub async fn send(context: &Context<'_>, path: &Path, wait: u64) -> Result<(), Box<dyn Error>> {
    let file = SignedFile::read(path, &context.params)?;
    if is_of_wallet(context, &file).await? {
        return online(context, None, async |context, session| by_wallet(context, session, &file, wait).await).await;
    }
    stopped_by_signal(context, alone(context, &file, wait)).await
}

/// Returns whether the wallet is there, can be read without a passphrase, and owns a coin of the payment.
async fn is_of_wallet(context: &Context<'_>, file: &SignedFile) -> Result<bool, Box<dyn Error>> {
    let named = context.arguments.wallet.as_deref();
    if named.is_none() && !WalletFile::place(None).exists() {
        return Ok(false);
    }
    let wallet = match context.file() {
        Ok(wallet) => wallet,
        // a wallet that was not named may be one of another network
        Err(_) if named.is_none() => return Ok(false),
        Err(error) => return Err(error),
    };
    if matches!(wallet.keys(), KeyFile::Sealed(sealed) if sealed.account_key().is_none()) {
        return Ok(false);
    }
    let owners = identity_of(&wallet, context.arguments).await?.owners()?;
    Ok(file.spends.iter().any(|coin| owners.contains(&coin.owner)))
}

/// Sends a payment of the wallet's coins.
async fn by_wallet(
    context: &Context<'_>,
    session: &mut Session,
    file: &SignedFile,
    wait: u64,
) -> Result<(), Box<dyn Error>> {
    let (payment, voice) = (&file.payment, context.voice);
    // it may have been sent before
    if session.source.height_of(&payment.txid()).is_none() {
        session.record(payment, None)?;
    }
    say_sent(context, file);
    let (height, confirmations) = session.send(context, payment, wait).await?;
    say_confirmed(context, file, height, confirmations);
    voice.lines(balance::lines(session.wallet()));
    voice.lines(session.doubt());
    Ok(())
}

/// Sends a payment without a wallet.
async fn alone(context: &Context<'_>, file: &SignedFile, wait: u64) -> Result<(), Box<dyn Error>> {
    let (online, params, payment) = (&context.arguments.online, context.params.clone(), &file.payment);
    let patience = Duration::from_secs(online.patience);
    let (height, confirmations) = if online.light.light {
        let mut light = watcher(context, file).await?;
        catch_up_lightly(&mut light, &online.meeting, patience).await?;
        light.wallet_mut().track(payment.clone());
        say_sent(context, file);
        confirming::confirmation(&mut light, payment, file.fee(), wait).await?
    } else {
        let node = online.meeting.node(params, "wallet").await?.spawn().await?;
        online.meeting.wait(&node, patience).await?;
        catch_up(&node, patience).await?;
        say_sent(context, file);
        let confirmed = waiting::confirmation(&node, payment, file.fee(), wait).await?;
        node.shutdown().await?;
        (confirmed.height, confirmed.confirmations)
    };
    say_confirmed(context, file, height, confirmations);
    Ok(())
}

/// Returns a light client that finds the block with the payment: it watches all whom the payment concerns.
async fn watcher(context: &Context<'_>, file: &SignedFile) -> Result<LightWallet, Box<dyn Error>> {
    let (online, params) = (&context.arguments.online, context.params.clone());
    let mut concerned = file.payment.outputs.iter().chain(&file.spends).map(|output| output.owner);
    let first = concerned.next().ok_or("a payment pays somebody")?;
    let wallet = Wallet::watching(params.clone(), Owners::new(first).with(concerned));
    let builder = online.meeting.light(params.clone(), "wallet").await?;
    // there is no file of this name, and none is written: nothing of this search is of use later
    LightWallet::open(builder, &params, wallet, PathBuf::new(), online.light.birthday).await
}

fn say_sent(context: &Context<'_>, file: &SignedFile) {
    let txid = file.payment.txid();
    context.voice.line(format_args!("payment {txid}"));
    context.sent.set(Some(txid));
}

fn say_confirmed(context: &Context<'_>, file: &SignedFile, height: u64, confirmations: u64) {
    context.voice.line(confirmed_line(height, confirmations));
    context.voice.answer(&json!({
        "txid": file.payment.txid().to_string(),
        "fee": file.fee().to_string(),
        "status": "confirmed",
        "height": height,
        "confirmations": confirmations,
    }));
}
