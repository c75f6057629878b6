//! What a wallet was paid and paid.

use std::error::Error;

use serde_json::Value;
use toycoin_core::{Transaction, Txid};
use toycoin_examples::history::{Wanted, light_rows, lines, rows};

use crate::{
    context::Context,
    session::{Session, now},
    source::Source,
};

/// Shows payments with the balance after each, the newest last; those that wait for a block come at the end.
///
/// # Errors
/// If the node has stopped.
pub async fn history(context: &Context<'_>, session: &Session, limit: Option<usize>) -> Result<(), Box<dyn Error>> {
    let label = |txid: &Txid| session.labels.text("tx", &txid.to_string()).map(str::to_owned);
    let pending: Vec<Transaction> = session.wallet().pending().map(|payment| payment.transaction.clone()).collect();
    let wanted = Wanted { limit, pending: &pending, label: &label };
    let rows = match &session.source {
        Source::Full { node, wallet } => rows(node, wallet, &wanted).await?,
        Source::Light(light) => light_rows(light, &wanted),
    };
    let params = &context.params;
    let mut said = lines(&rows, params, now() * 1_000);
    said.extend(super::balance::lines(session.wallet()));
    said.extend(session.doubt());
    context.voice.both(said, &rows.iter().map(|row| row.json(params)).collect::<Value>());
    Ok(())
}
