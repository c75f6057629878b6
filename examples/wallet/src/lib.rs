//! The program `wallet`: words on paper, keys in a sealed file, payments, and receipts.
//!
//! The program is thin. Keys come from `toycoin-keys`, coins and payments from `toycoin_core::wallet`, the chain from
//! a node of its own or from a light client. Here is what stands between these and a person: files, questions, tables.
//!
//! ```text
//!   wallet.json ──▶ Identity: who is paid ──▶ Source: node or light client ──▶ coins, history
//!        │ passphrase                                                            │
//!        └────────▶ Secrets: who signs ◀───────────── a payment that was agreed to
//! ```

pub mod arguments;
pub mod asking;
pub mod chain_json;
pub mod coin_name;
pub mod command;
pub mod commands;
pub mod context;
pub mod dumps;
pub mod fee_estimates;
pub mod identity;
pub mod label_file;
pub mod label_reference;
pub mod offline_file;
pub mod old_key;
pub mod online;
pub mod own_keys;
pub mod payment_list;
pub mod places;
pub mod quote;
pub mod sent;
pub mod session;
pub mod signing;
pub mod source;
pub mod sum;
pub mod terminal;
pub mod transaction_json;
pub mod voice;
pub mod wallet_file;

use std::error::Error;

use crate::{
    arguments::Arguments,
    command::Command,
    commands::{
        addresses, balance, history, importing, labels, looking, making, messages, offline, paying, receipts,
        rescanning, sending,
    },
    context::Context,
    online::{online, stopped_by_reader},
    session::Session,
};

/// Carries out a command.
///
/// # Errors
/// If it is refused; the error is written for the person. [`GaveUp`](toycoin_examples::gave_up::GaveUp) if nobody is there, or a payment was sent and is
/// not confirmed yet. [`Usage`](toycoin_examples::usage::Usage) if the arguments cannot go together.
pub async fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    dumps::forbid();
    let context = Context::new(arguments)?;
    match &arguments.command {
        Command::New(new) => making::new(&context, new).await,
        Command::Restore(restored) => making::restore(&context, restored).await,
        Command::Backup => making::backup(&context).await,
        Command::Passphrase { new_passphrase_file } => {
            making::passphrase(&context, new_passphrase_file.as_deref()).await
        }
        Command::Address { new, label, qr } => addresses::address(&context, *new, label.as_deref(), *qr).await,
        Command::Addresses => addresses::addresses(&context).await,
        Command::Verify { receipt, genesis } => receipts::verify(&context, receipt, *genesis),
        Command::Prove { txid, output } => stopped_by_reader(receipts::prove(&context, *txid, output)).await,
        Command::Tip if arguments.online.light.light => stopped_by_reader(receipts::light_tip(&context)).await,
        Command::Tip | Command::Block { .. } | Command::Tx { .. } | Command::Mempool | Command::Peers => {
            stopped_by_reader(looking::look(&context)).await
        }
        Command::Label { reference, text } => labels::label(&context, reference, text),
        Command::Labels { command } => labels::labels(&context, command),
        Command::SignMessage { text, address } => messages::sign(&context, text, *address).await,
        Command::VerifyMessage { address, text, signature } => messages::verify(&context, *address, text, signature),
        Command::Sign { file, agreement } => offline::sign(&context, file, *agreement).await,
        Command::Send { file, wait } => sending::send(&context, file, *wait).await,
        Command::Import { key_file, terms } => importing::import(&context, key_file, terms).await,
        Command::Rescan { from } => rescanning::rescan(&context, *from).await,
        _ => online(&context, None, act).await,
    }
}

/// Carries out a command with a wallet that has caught up with the chain.
async fn act(context: &Context<'_>, session: &mut Session) -> Result<(), Box<dyn Error>> {
    match &context.arguments.command {
        Command::Pay(pay) => paying::pay(context, session, pay).await,
        Command::Consolidate(terms) => paying::consolidate(context, session, terms).await,
        Command::Bump { txid, terms } => paying::bump(context, session, txid, terms).await,
        Command::Cancel { txid, terms } => paying::cancel(context, session, txid, terms).await,
        Command::Balance { coins } => balance::balance(context, session, *coins),
        Command::History { limit } => history::history(context, session, *limit).await,
        Command::Build(draft) => offline::build(context, session, draft).await,
        _ => Ok(()),
    }
}
