//! Payments in two steps: a machine with the network prepares them, a machine with the key and no network signs them.
//!
//! Standard output is the file. What is said to people goes to standard error, with and without `--json`.

use std::{collections::BTreeSet, error::Error, path::Path};

use toycoin_core::{ChainParams, PublicKey, Unsigned};
use toycoin_examples::{say, tell, words::money};
use toycoin_keys::{Branch, KeyFile, Place, limits::GAP_LIMIT};

use crate::{
    command::{Agreement, Draft},
    commands::paying::{rate_of, to_one},
    context::Context,
    identity::Identity,
    offline_file::{SignedFile, UnsignedFile, unsigned_json},
    own_keys::OwnKeys,
    quote::{Deed, Quote, agree, warn},
    session::Session,
    signing::WalletSigner,
};

/// Prepares a payment, and prints it for `wallet sign`. No key is needed.
///
/// # Errors
/// If the payment cannot be made.
pub async fn build(context: &Context<'_>, session: &Session, draft: &Draft) -> Result<(), Box<dyn Error>> {
    let rate = rate_of(context, &draft.rate).await?;
    let coins: Vec<_> = draft.coin.iter().map(|coin| coin.0).collect();
    let payment = to_one(session, draft.address, draft.amount, &coins, rate)?;
    let file = unsigned_json(&payment, &context.params);
    let quote = Quote::new(payment, session.wallet(), &context.params);
    quote.lines().iter().for_each(|line| tell!("{line}"));
    // whoever signs decides
    quote.doubt().iter().for_each(|doubt| warn(doubt));
    session.doubt().iter().for_each(|line| tell!("{line}"));
    say!("{file}");
    Ok(())
}

/// Signs a prepared payment, and prints it for `wallet send`. No network is needed.
///
/// The file may come from a machine that lies. What is shown follows from what will be signed and from this wallet's
/// own owners, and from nothing else in the file.
///
/// # Errors
/// If the file is none, is for another network, or spends another's coins; if it is not agreed to, or the passphrase is
/// wrong.
pub async fn sign(context: &Context<'_>, path: &Path, agreement: Agreement) -> Result<(), Box<dyn Error>> {
    let UnsignedFile { payment, change } = UnsignedFile::read(path, &context.params)?;
    let mut wallet = context.file()?;
    if matches!(wallet.keys(), KeyFile::Watch(_)) {
        return Err("this wallet only watches, and has no key to sign with; sign where the words are".into());
    }
    let keys = OwnKeys::of(&wallet, context.arguments, &wanted(&payment, change)).await?;
    require_own(&payment, &keys)?;
    let lie = lie(&payment, change, &context.params, |owner| keys.has(owner));
    let quote = Quote::of_signer(payment, &context.params, |owner| keys.has(owner));
    quote.lines().iter().for_each(|line| tell!("{line}"));
    lie.iter().for_each(|lie| warn(lie));
    if let Some(far) = far(quote.payment(), keys.identity()) {
        if !agreement.yes_really {
            return Err(format!("nothing was signed: {far}; --yes-really signs it all the same").into());
        }
        warn(&far);
    }
    agree(context, quote.doubt(), agreement, Deed::Sign).await?;

    let (mut identity, secrets) = keys.open(&wallet, context.arguments).await?;
    let signer = WalletSigner::new(&secrets, identity.places())?;
    let payment = quote.into_payment();
    let spends = payment.spent().to_vec();
    let signed = SignedFile { payment: payment.sign(&signer)?, spends };
    drop(secrets);
    if let Some(places) = identity.places_mut() {
        signed.payment.outputs.iter().for_each(|output| places.use_change(&output.owner));
        // without it, change after many payments would look as if it went far away
        if let Err(error) = wallet.set_next(places.next()) {
            tell!("note: {error}");
        }
    }
    tell!("payment {} is signed; `wallet send` sends it where the network is", signed.payment.txid());
    say!("{}", signed.to_json(&context.params));
    Ok(())
}

/// Returns the owners that are worth a long search: those of the coins, and that of what is called change.
fn wanted(payment: &Unsigned, change: Option<u64>) -> BTreeSet<PublicKey> {
    let named = change.and_then(|vout| payment.transaction().outputs.get(usize::try_from(vout).ok()?));
    payment.spent().iter().chain(named).map(|output| output.owner).collect()
}

/// Refuses coins of others, before anybody is asked for anything.
fn require_own(payment: &Unsigned, keys: &OwnKeys) -> Result<(), Box<dyn Error>> {
    let coins = payment.transaction().inputs.iter().zip(payment.spent());
    match coins.into_iter().find(|(_, coin)| !keys.has(&coin.owner)) {
        None => Ok(()),
        Some((outpoint, _)) => {
            let hint = "sign where its key is; --wallet names another wallet";
            Err(format!("coin {outpoint} is not of this wallet: nothing was signed; {hint}").into())
        }
    }
}

/// Returns where an output is this wallet's at a place so far away that it would not look there: whoever prepared the
/// payment may hide the change from its owner.
fn far(payment: &Unsigned, identity: &Identity) -> Option<String> {
    let next = identity.places()?.next();
    let is_far = |place: &Place| {
        let next = if place.branch() == Branch::Change { next.change } else { next.receive };
        place.index() >= next.saturating_add(GAP_LIMIT)
    };
    let places = payment.transaction().outputs.iter().filter_map(|output| identity.place_of(&output.owner));
    let place = places.into_iter().find(is_far)?;
    let next = format!("{}/{} for addresses, {}/{} for change", 0, next.receive, 1, next.change);
    Some(format!(
        "change goes to place {place}, more than {GAP_LIMIT} behind the next ones ({next}), and a wallet that is restored \
         from the words would not find it"
    ))
}

/// Returns where the file says of an output that it is change, and the output is none of this wallet's.
fn lie(
    payment: &Unsigned,
    change: Option<u64>,
    params: &ChainParams,
    is_own: impl Fn(&PublicKey) -> bool,
) -> Option<String> {
    let vout = change?;
    let named = usize::try_from(vout).ok().and_then(|vout| payment.transaction().outputs.get(vout));
    match named {
        None => Some(format!("the file says that output {vout} is change, and there is no such output")),
        Some(output) if is_own(&output.owner) => None,
        Some(output) => {
            let (amount, to) = (money(output.value), params.address(output.owner));
            let what = format!("it pays {amount} to {to}, which is not of this wallet");
            Some(format!("the file lies: it says that output {vout} is change, but {what}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use toycoin_core::{
        Amount, SecretKey,
        wallet::{Owners, Wallet},
    };
    use toycoin_keys::{ExtraWord, NextPlaces, SpendingAccount, Words};

    use super::*;

    fn owner(index: u32) -> PublicKey {
        SecretKey::classroom(index).public_key()
    }

    /// Classroom wallet 0 pays 1; output 1 is change.
    fn payment() -> Unsigned {
        let params = ChainParams::lab();
        let wallet = Wallet::watching(params.clone(), Owners::new(owner(0)));
        wallet.prepare(|builder| builder.pay(params.address(owner(1)), Amount::from_grains(5))).unwrap()
    }

    fn said(change: Option<u64>) -> Option<String> {
        lie(&payment(), change, &ChainParams::lab(), |other| *other == owner(0))
    }

    #[test]
    fn a_payment_that_is_called_change_is_told() {
        assert_eq!((said(None), said(Some(1))), (None, None));
        let lie = said(Some(0)).unwrap();
        assert!(lie.starts_with("the file lies: it says that output 0 is change, but it pays 0.00000005 to tlab1"));
        assert!(said(Some(u64::MAX)).unwrap().ends_with("there is no such output"));
    }

    #[test]
    fn change_that_nobody_would_find_is_told() {
        let seed = Words::from_entropy(&[7; 16]).unwrap().seed(&ExtraWord::none());
        let key = SpendingAccount::derive(&seed, 0).unwrap().key().clone();
        let params = ChainParams::lab();
        let to = |branch, index| {
            let owner = key.owner(Place::new(branch, index).unwrap()).unwrap();
            let wallet = Wallet::watching(params.clone(), Owners::new(SecretKey::classroom(0).public_key()));
            let payment = wallet.prepare(|builder| builder.pay(params.address(owner), Amount::from_grains(5))).unwrap();
            let mut identity = Identity::of_account(key.clone(), NextPlaces { receive: 2, change: 7 });
            identity.places_mut().unwrap().look_for(&[owner].into());
            far(&payment, &identity)
        };
        assert_eq!((to(Branch::Receive, 21), to(Branch::Change, 26)), (None, None));
        let said = to(Branch::Receive, 22).unwrap();
        assert!(said.starts_with("change goes to place 0/22, more than 20 behind the next ones (0/2"), "{said}");
        assert!(to(Branch::Change, 950).unwrap().contains("place 1/950"));
    }

    #[test]
    fn coins_and_change_are_worth_a_search_and_recipients_not() {
        assert_eq!(wanted(&payment(), None), [owner(0)].into());
        assert_eq!(wanted(&payment(), Some(0)), [owner(0), owner(1)].into());
        assert_eq!(wanted(&payment(), Some(7)), [owner(0)].into());
    }
}
