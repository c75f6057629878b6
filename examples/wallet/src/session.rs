//! A wallet that is open and has caught up with the chain.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    time::{Duration, SystemTime},
};

use toycoin_core::{BuildError, SecretKey, Transaction, Txid, Unspendable, wallet::Wallet};
use toycoin_examples::{columns::wrap, gave_up::GaveUp, paying::may_still_be_confirmed, tell};
use toycoin_keys::{KeyFile, Labels, Unlocked};
use toycoin_node::{mempool::AdmitError, protocol::SubmitError};

use crate::{
    arguments::Arguments,
    asking,
    context::Context,
    identity::Identity,
    label_file,
    own_keys::OwnKeys,
    sent::{Before, SentPayments},
    signing::Secrets,
    source::Source,
    wallet_file::WalletFile,
};

/// Confirmations after which a payment that was sent is not kept any more. Until then a reorganisation may take it back,
/// and it is sent again.
const SETTLED: u64 = 100;

/// What becomes of a payment that was sent.
enum Standing {
    /// Its coins are there.
    Possible,
    /// A block holds another payment with one of its coins.
    Conflict { by: Txid },
    /// Some of its coins are not in the chain that is shown: another node may know better.
    Unseen,
}

/// A wallet with its file, its owners and its source.
#[derive(Debug)]
pub struct Session {
    /// The file of the wallet.
    pub file: WalletFile,
    /// Its owners.
    pub identity: Identity,
    /// Its secrets, if a private file had to be opened to know the owners.
    secrets: Option<Secrets>,
    /// Where it learns of the chain.
    pub source: Source,
    /// What it sent and no block held.
    pub sent: SentPayments,
    /// What payments and addresses are called.
    pub labels: Labels,
    /// Those of them that conflict with a payment in a block. Only a reorganisation could confirm them, so their other
    /// coins may be spent.
    conflicting: BTreeSet<Txid>,
    /// What was in the file before the payment that was recorded last.
    before: Before,
    /// Height for which a second opinion had its time.
    heard_at: u64,
}

impl Session {
    /// Opens a wallet, and begins to learn of the chain. A light client looks for payments from this height on if one
    /// is named, instead of from the wallet's birthday.
    ///
    /// # Errors
    /// If a file cannot be opened, or a private one does not open.
    pub async fn begin(context: &Context<'_>, from: Option<u64>) -> Result<Self, Box<dyn Error>> {
        let Context { arguments, params, .. } = context;
        let file = context.file()?;
        let labels = label_file::read_or_warn(&file.labels());
        let sent = SentPayments::open(file.beside("sent"))?;
        let (mut identity, secrets) = OwnKeys::of(&file, arguments, &BTreeSet::new()).await?.into_parts();
        // a command that was killed may have kept its payment, and not the place of its change
        if let Some(places) = identity.places_mut() {
            let outputs = sent.iter().flat_map(|sent| &sent.transaction.outputs);
            outputs.for_each(|output| places.use_change(&output.owner));
        }
        // who only looks is not to hold them as long as the network takes
        let secrets = secrets.filter(|_| arguments.command.is_payment());
        let mut online = arguments.online.clone();
        online.light.birthday = from.or(online.light.birthday);
        let source = Source::open(&online, params, &file, identity.owners()?).await?;
        let (conflicting, before) = (BTreeSet::new(), Before::default());
        Ok(Self { file, identity, secrets, source, sent, labels, conflicting, before, heard_at: 0 })
    }

    /// Waits until the wallet knows the chain, and all its owners that were paid. What waits for a block is told to the
    /// network again.
    ///
    /// # Errors
    /// [`GaveUp`] if nobody answers, or nobody proves what is claimed.
    pub async fn catch_up(&mut self, context: &Context<'_>) -> Result<(), Box<dyn Error>> {
        self.hear(context).await?;
        // payments to further owners, until 20 in a row on each branch were not paid
        while self.identity.mark_used(self.source.wallet().seen().collect::<Vec<_>>()) {
            self.source.watch(self.identity.owners()?).await?;
            self.hear(context).await?;
        }
        self.keep_places()?;
        self.resend().await
    }

    async fn hear(&mut self, context: &Context<'_>) -> Result<(), Box<dyn Error>> {
        let online = &context.arguments.online;
        self.heard_at = self.source.catch_up(&online.meeting, Duration::from_secs(online.patience)).await?;
        Ok(())
    }

    /// Returns the wallet.
    pub const fn wallet(&self) -> &Wallet {
        self.source.wallet()
    }

    /// Opens the secrets, with the passphrase if they are not open yet. The file's account is checked.
    ///
    /// # Errors
    /// If the wallet only watches, or the passphrase is wrong.
    pub async fn unlock(&mut self, arguments: &Arguments) -> Result<Secrets, Box<dyn Error>> {
        match self.secrets.take() {
            Some(secrets) => Ok(secrets),
            None => secrets_of(&self.file, arguments).await,
        }
    }

    /// Notes a payment that is about to be sent: in the file, and in the wallet, whose change has another place from now
    /// on. `replaces` is the payment that it is to replace.
    ///
    /// # Errors
    /// If another payment that was sent spends one of its coins, or a file cannot be written. The payment must not be sent
    /// then: nobody would know of it.
    pub fn record(&mut self, payment: &Transaction, replaces: Option<&Txid>) -> Result<(), Box<dyn Error>> {
        let replaceable = self.conflicting.iter().chain(replaces).copied().collect();
        self.before = self.sent.add(payment.clone(), now(), &replaceable)?;
        self.source.wallet_mut().track(payment.clone());
        if let Some(places) = self.identity.places_mut() {
            payment.outputs.iter().for_each(|output| places.use_change(&output.owner));
        }
        self.keep_places()
    }

    /// Sends a payment that was recorded, waits for so many confirmations, and returns the height of its block, and the
    /// confirmations.
    ///
    /// # Errors
    /// As [`Source::confirm`]. If the node refuses it, the file is as it was before. It was not sent then, unless an
    /// earlier command had sent it ([`GaveUp`]).
    pub async fn send(
        &mut self,
        context: &Context<'_>,
        payment: &Transaction,
        confirmations: u64,
    ) -> Result<(u64, u64), Box<dyn Error>> {
        let txid = payment.txid();
        let fee = self.wallet().payment(&txid).map(|payment| payment.fee).unwrap_or_default();
        match self.source.tell_again(payment.clone()).await? {
            // it was sent before, and is waited for all the same
            None | Some(SubmitError::Refused(AdmitError::AlreadyConfirmed { .. })) => {}
            Some(reason) => return Err(self.take_back(context, &txid, reason).await?),
        }
        let confirmed = self.source.confirm(payment, fee, confirmations).await?;
        self.hear(context).await?;
        self.forget_settled()?;
        Ok(confirmed)
    }

    /// Takes back what [`record`](Self::record) noted, and returns the error of a payment that was refused.
    async fn take_back(
        &mut self,
        context: &Context<'_>,
        txid: &Txid,
        reason: SubmitError,
    ) -> Result<Box<dyn Error>, Box<dyn Error>> {
        let before = std::mem::take(&mut self.before);
        if before.was_sent {
            let later = may_still_be_confirmed(*txid);
            return Ok(GaveUp::new(format!("this node does not take payment {txid}: {reason}; {later}")).into());
        }
        let first = before.replaced.first().map(|sent| sent.transaction.txid());
        self.sent.take_back(txid, before)?;
        self.source.wallet_mut().reject(txid, &reason.to_string());
        context.sent.set(None);
        self.hear(context).await?;
        // while somebody typed a passphrase, a block came
        let confirmed = first.and_then(|first| Some((first, self.source.height_of(&first)?)));
        Ok(match confirmed {
            Some((first, height)) => {
                format!("nothing was sent: payment {first} was confirmed in block {height} meanwhile, and stays").into()
            }
            None => match reason {
                // nothing of this wallet was to be replaced
                SubmitError::Refused(AdmitError::Conflict { with, .. }) if first.is_none() => {
                    format!("not paid: transaction {with} spends the same coins; is this wallet used elsewhere?").into()
                }
                reason => format!("not paid: {reason}; nothing was sent").into(),
            },
        })
    }

    /// Returns the lines that say what one server alone has told a light client.
    pub fn doubt(&self) -> Vec<String> {
        self.source.doubt(self.heard_at)
    }

    /// Tells the network again what was sent and is not confirmed, and reserves its coins.
    async fn resend(&mut self) -> Result<(), Box<dyn Error>> {
        self.forget_settled()?;
        let is_waiting = |payment: &Transaction| self.confirmations_of(&payment.txid()).is_none();
        let waiting: Vec<_> = self.sent.iter().map(|sent| sent.transaction.clone()).filter(is_waiting).collect();
        let (mut conflicts, mut unseen, mut lost) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
        // each was sent after those that it spends from, and shares their fate
        for payment in waiting {
            let txid = payment.txid();
            let mut parents = payment.inputs.iter().map(|outpoint| outpoint.txid);
            let standing = match self.standing(&payment) {
                conflict @ Standing::Conflict { .. } => conflict,
                own => match parents.clone().find_map(|parent| conflicts.get(&parent)) {
                    Some(by) => Standing::Conflict { by: *by },
                    None if parents.any(|parent| unseen.contains(&parent)) => Standing::Unseen,
                    None => own,
                },
            };
            if let Standing::Conflict { by } = standing {
                note(&format!("payment {txid} is not confirmed: payment {by} spends its coins in a block"));
                conflicts.insert(txid, by);
                // until then, a reorganisation may decide otherwise
                if self.confirmations_of(&by).is_some_and(|count| count >= SETTLED) {
                    lost.insert(txid);
                }
                continue;
            }
            // its coins are reserved, and it can be taken back
            self.source.wallet_mut().track(payment.clone());
            if matches!(standing, Standing::Unseen) {
                note(&format!("payment {txid} is kept: this node's chain does not have the coins that it spends"));
                unseen.insert(txid);
                continue;
            }
            if let Some(reason) = self.source.tell_again(payment).await? {
                note(&format!("payment {txid} waits, and this node does not take it: {reason}"));
            }
        }
        self.conflicting = conflicts.into_keys().collect();
        self.sent.retain(|sent| !lost.contains(&sent.transaction.txid()))
    }

    /// Forgets payments that no reorganisation takes back any more.
    fn forget_settled(&mut self) -> Result<(), Box<dyn Error>> {
        let is_settled = |txid: &Txid| self.confirmations_of(txid).is_some_and(|count| count >= SETTLED);
        let settled: BTreeSet<_> =
            self.sent.iter().map(|sent| sent.transaction.txid()).filter(|txid| is_settled(txid)).collect();
        self.sent.retain(|sent| !settled.contains(&sent.transaction.txid()))
    }

    /// Returns how many confirmations a payment of the wallet has; `None` if no block holds it.
    fn confirmations_of(&self, txid: &Txid) -> Option<u64> {
        let height = self.source.height_of(txid)?;
        Some((self.wallet().height() + 1).saturating_sub(height))
    }

    /// Returns what becomes of a payment that no block holds.
    fn standing(&self, payment: &Transaction) -> Standing {
        let (txid, wallet) = (payment.txid(), self.wallet());
        let mut standing = Standing::Possible;
        for outpoint in &payment.inputs {
            // naming a coin tells what stands in the way of spending it
            match wallet.prepare_from(&[*outpoint], |builder| builder) {
                Err(BuildError::Unspendable { why: Unspendable::Spent { by }, .. }) if by != txid => {
                    return Standing::Conflict { by };
                }
                Err(BuildError::Unspendable { why: Unspendable::NotOwned, .. }) => standing = Standing::Unseen,
                _ => {}
            }
        }
        standing
    }

    /// Writes down which places come next. A file that cannot be written is no reason to refuse a balance.
    fn keep_places(&mut self) -> Result<(), Box<dyn Error>> {
        let Some(places) = self.identity.places() else { return Ok(()) };
        let (next, owners) = (places.next(), self.identity.owners()?);
        self.source.wallet_mut().add_owners(owners);
        if let Err(error) = self.file.set_next(next) {
            tell!("note: {error}; an address may be given out twice");
        }
        Ok(())
    }
}

/// Returns the owners of a wallet. A private file is opened for that.
///
/// # Errors
/// If a private file cannot be opened.
pub async fn identity_of(file: &WalletFile, arguments: &Arguments) -> Result<Identity, Box<dyn Error>> {
    let next = file.next().unwrap_or_default();
    Ok(match file.keys() {
        KeyFile::Single(key) => Identity::Single(key.public_key()),
        KeyFile::Watch(watch) => Identity::of_account(watch.account_key().clone(), next),
        KeyFile::Sealed(sealed) => match sealed.account_key() {
            Some(key) => Identity::of_account(key.clone(), next),
            None => Identity::of_account(unlocked(file, arguments).await?.account_key().clone(), next),
        },
    })
}

/// Opens the secrets of a wallet.
///
/// # Errors
/// If the wallet only watches, or the passphrase is wrong.
pub async fn secrets_of(file: &WalletFile, arguments: &Arguments) -> Result<Secrets, Box<dyn Error>> {
    match file.keys() {
        KeyFile::Single(key) => Ok(Secrets::Single(SecretKey::clone(key))),
        _ => Ok(Secrets::Account(Box::new(unlocked(file, arguments).await?))),
    }
}

/// Opens a sealed file with its passphrase.
///
/// # Errors
/// If it is not sealed, or the passphrase is wrong.
pub async fn unlocked(file: &WalletFile, arguments: &Arguments) -> Result<Unlocked, Box<dyn Error>> {
    let sealed = file.sealed().ok_or_else(|| match file.keys() {
        KeyFile::Single(_) => "this wallet is a single key, which has no words; `wallet import` moves it to a wallet",
        _ => "this wallet only watches: it has no words and no keys; go where the words are",
    })?;
    let passphrase = asking::passphrase(arguments.passphrase_file.as_deref()).await?;
    let extra_word = asking::extra_word(arguments.extra_word).await?;
    Ok(sealed.unlock(&passphrase, &extra_word)?)
}

fn note(what: &str) {
    wrap("note: ", what).iter().for_each(|line| tell!("{line}"));
}

/// Returns the time, in seconds since 1970.
pub fn now() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs()
}
