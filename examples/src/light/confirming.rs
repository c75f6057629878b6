//! Waiting for a payment's confirmations without a chain.

use std::{error::Error, time::Duration};

use tokio::time::{Instant, MissedTickBehavior, interval};
use toycoin_core::{Amount, Transaction, wallet::PaymentStatus};

use super::wallet::LightWallet;
use crate::{
    columns::wrap,
    gave_up::GaveUp,
    obstacles::{Facts, Obstacles},
    paying::{is_signed_as, may_still_be_confirmed, paid_elsewhere},
    tell,
};

/// Interval at which the client is asked how things stand.
const LOOKS: Duration = Duration::from_secs(1);

/// Tells the network a payment, and waits for its confirmations as long as blocks come. It tells on standard error why
/// the payment may not be confirmed: each reason once. Returns the height of its block, and the confirmations.
///
/// # Errors
/// If a block spends its coins otherwise, or holds the same payment of another program. [`GaveUp`] as for a wallet with a
/// node.
pub async fn confirmation(
    light: &mut LightWallet,
    payment: &Transaction,
    fee: Amount,
    wanted: u64,
) -> Result<(u64, u64), Box<dyn Error>> {
    let (begun, txid) = (Instant::now(), payment.txid());
    light.client().pay(payment.clone()).await?;
    let mut obstacles = Obstacles::new(light.client().params(), payment.size(), fee, wanted);
    let mut looks = interval(LOOKS);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let is_time = tokio::select! {
            result = light.next() => result.map(|()| false)?,
            _ = looks.tick() => true,
        };
        if let Some(PaymentStatus::Rejected { reason }) = light.wallet().payment(&txid).map(|payment| &payment.status) {
            return Err(format!("not paid: {reason}; is this key used elsewhere?").into());
        }
        let tip = light.tip();
        let held = light.find(&txid).filter(|(height, _)| *height <= tip.header.height);
        if let Some((height, held)) = held.filter(|_| light.is_searched()) {
            let confirmations = tip.header.height - height + 1;
            if confirmations >= wanted {
                let is_ours = is_signed_as(payment, held);
                return if is_ours { Ok((height, confirmations)) } else { Err(paid_elsewhere(txid, height)) };
            }
        }
        if !is_time {
            continue;
        }
        let held_at = held.map(|(height, _)| height);
        let status = light.client().status().await?;
        let relays = status.relays.iter().filter(|relay| relay.is_ready()).count();
        let facts = Facts {
            tip: tip.hash,
            height: tip.header.height,
            taken: None,
            relays: (!status.relays.is_empty()).then_some(relays),
            peers: status.servers,
            waiting: 1,
            held_at,
            parent: None,
        };
        for reason in obstacles.look(&facts, begun.elapsed()) {
            wrap("note: ", &reason).iter().for_each(|line| tell!("{line}"));
        }
        if let Some(why) = obstacles.gives_up(begun.elapsed()) {
            let next = may_still_be_confirmed(txid);
            return Err(GaveUp::new(format!("{why}; {next}")).into());
        }
    }
}
