//! Payments that were sent and are not settled yet, in a file beside the wallet.
//!
//! A relay keeps no payments, and a node that was started for this command knows none of an earlier one. So the wallet
//! keeps its own. The next command tells them to the network again, spends none of their coins, and can replace them.

use std::{
    collections::BTreeSet,
    error::Error,
    fs::File,
    io::{ErrorKind, Read as _, Write as _},
    path::PathBuf,
};

use serde_json::{Value, json};
use toycoin_core::{Transaction, Txid};
use toycoin_examples::{folder_lock::FolderLock, whole_file::WholeFile};

use crate::transaction_json::{from_json, to_json};

/// Most bytes of a file that is read or written: 100 of the largest payments.
const MOST_BYTES: u64 = 32 << 20;
/// Most payments that are kept.
const MOST: usize = 1_000;

/// A payment that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The signed payment.
    pub transaction: Transaction,
    /// When it was sent first, in seconds since 1970.
    pub time: u64,
}

/// What the file had before a payment was added.
#[derive(Debug, Default)]
pub struct Before {
    /// The payments that it is to replace, the oldest first.
    pub replaced: Vec<Sent>,
    /// Whether the payment itself was there.
    pub was_sent: bool,
}

/// The payments that a wallet sent and that no block held, the oldest first.
#[derive(Debug)]
pub struct SentPayments {
    path: PathBuf,
    payments: Vec<Sent>,
}

impl SentPayments {
    /// Reads the file; without one there are none.
    ///
    /// # Errors
    /// If it cannot be read, or is broken.
    pub fn open(path: PathBuf) -> Result<Self, Box<dyn Error>> {
        let shown = path.display();
        let file = match File::open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self { path, payments: Vec::new() }),
            file => file.map_err(|error| format!("cannot read {shown}: {error}"))?,
        };
        let mut bytes = Vec::new();
        file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(|error| format!("cannot read {shown}: {error}"))?;
        let text = String::from_utf8(bytes).ok().filter(|text| text.len() as u64 <= MOST_BYTES);
        let payments = text.and_then(|text| text.lines().map(read_line).collect::<Option<Vec<_>>>());
        let payments = payments.filter(|payments| payments.len() <= MOST);
        let hint = "remove it, and payments that were not confirmed are forgotten";
        let payments = payments.ok_or_else(|| format!("{shown} is broken; {hint}"))?;
        Ok(Self { path, payments })
    }

    /// Returns the payments, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Sent> {
        self.payments.iter()
    }

    /// Returns whether a payment is kept.
    pub fn contains(&self, txid: &Txid) -> bool {
        self.payments.iter().any(|sent| sent.transaction.txid() == *txid)
    }

    /// Adds a payment, and writes the file. It is called before the payment is sent. Those of `replaceable` that spend
    /// one of its coins leave the file and are returned, with those that spend from them. A payment that is there already
    /// stays as it is.
    ///
    /// # Errors
    /// If another payment spends one of its coins, the file cannot be written, or too many payments wait.
    pub fn add(
        &mut self,
        transaction: Transaction,
        time: u64,
        replaceable: &BTreeSet<Txid>,
    ) -> Result<Before, Box<dyn Error>> {
        let _lock = self.refresh()?;
        let (txid, coins) = (transaction.txid(), transaction.inputs.iter().collect::<BTreeSet<_>>());
        let mut replaced = BTreeSet::new();
        // each was sent after those that it spends from
        for Sent { transaction: old, .. } in &self.payments {
            let id = old.txid();
            let shared = old.inputs.iter().find(|input| coins.contains(input));
            if id == txid {
                return Ok(Before { replaced: Vec::new(), was_sent: true });
            }
            let is_replaced = shared.is_some() && replaceable.contains(&id);
            if is_replaced || old.inputs.iter().any(|input| replaced.contains(&input.txid)) {
                replaced.insert(id);
            } else if let Some(coin) = shared {
                let ways = format!("wait until it is confirmed, or take it back with `wallet cancel {id}`");
                return Err(format!("payment {id}, which was sent before, spends coin {coin}, too; {ways}").into());
            }
        }
        let is_replaced = |sent: &Sent| replaced.contains(&sent.transaction.txid());
        let (gone, kept): (Vec<_>, Vec<_>) = self.payments.drain(..).partition(is_replaced);
        self.payments = kept;
        if self.payments.len() >= MOST {
            return Err(format!("{MOST} payments wait for a block; wait until some are confirmed").into());
        }
        self.payments.push(Sent { transaction, time });
        self.write()?;
        Ok(Before { replaced: gone, was_sent: false })
    }

    /// Takes a payment back that was not sent after all, and keeps those again that it was to replace. A payment that
    /// was sent before stays: others may have it.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn take_back(&mut self, txid: &Txid, before: Before) -> Result<(), Box<dyn Error>> {
        if before.was_sent {
            return Ok(());
        }
        let _lock = self.refresh()?;
        self.payments.retain(|sent| sent.transaction.txid() != *txid);
        self.payments.extend(before.replaced);
        self.write()
    }

    /// Keeps those payments alone for which `is_kept` says so, and writes the file if any is gone.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn retain(&mut self, is_kept: impl Fn(&Sent) -> bool) -> Result<(), Box<dyn Error>> {
        if self.payments.iter().all(&is_kept) {
            return Ok(());
        }
        let _lock = self.refresh()?;
        self.payments.retain(is_kept);
        self.write()
    }

    /// Keeps other commands from changing the file, and reads it again: one may have sent something meanwhile.
    fn refresh(&mut self) -> Result<FolderLock, Box<dyn Error>> {
        let failed = |error: std::io::Error| format!("cannot read {}: {error}", self.path.display());
        let lock = FolderLock::beside(&self.path).map_err(failed)?;
        self.payments = Self::open(self.path.clone())?.payments;
        Ok(lock)
    }

    fn write(&self) -> Result<(), Box<dyn Error>> {
        let mut text = String::new();
        for Sent { transaction, time } in &self.payments {
            text += &json!({ "sent": time, "transaction": to_json(transaction) }).to_string();
            text.push('\n');
            if text.len() as u64 > MOST_BYTES {
                // what is written has to be read again
                return Err("too many payments wait for a block; wait until some are confirmed".into());
            }
        }
        let write = || {
            let file = WholeFile::private(&self.path)?;
            file.file().write_all(text.as_bytes())?;
            file.replace()
        };
        write().map_err(|error: std::io::Error| format!("cannot write {}: {error}", self.path.display()).into())
    }
}

fn read_line(line: &str) -> Option<Sent> {
    let value: Value = serde_json::from_str(line).ok()?;
    Some(Sent { transaction: from_json(value.get("transaction")?)?, time: value.get("sent")?.as_u64()? })
}

#[cfg(test)]
mod tests {
    use std::{fs, iter::repeat_n};

    use toycoin_core::{Amount, ChainParams, FeeRate, SecretKey, wallet::Wallet};

    use super::*;

    fn payment(wallet: &mut Wallet, grains: u64) -> Transaction {
        let to = ChainParams::lab().address(SecretKey::classroom(1).public_key());
        wallet.pay(to, Amount::from_grains(grains), FeeRate::ZERO).unwrap()
    }

    #[test]
    fn keeps_what_waits_and_forgets_what_was_replaced() {
        let folder = std::env::temp_dir().join(format!("toycoin-sent-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("wallet.json.sent");
        let wallet = || Wallet::new(ChainParams::lab(), SecretKey::classroom(0)).spending_pending_change(true);
        let mut first = wallet();
        let (parent, child) = (payment(&mut first, 5), payment(&mut first, 6));
        let rival = payment(&mut wallet(), 7);
        let ids = |sent: &SentPayments| sent.iter().map(|sent| sent.transaction.txid()).collect::<Vec<_>>();

        let none = BTreeSet::new();

        let mut sent = SentPayments::open(path.clone()).unwrap();
        assert_eq!(sent.iter().count(), 0);
        for payment in [&parent, &child] {
            let before = sent.add(payment.clone(), 1, &none).unwrap();
            assert!(before.replaced.is_empty() && !before.was_sent);
        }
        // they may be sent again, and are not forgotten when that is refused
        for payment in [&parent, &child] {
            let before = sent.add(payment.clone(), 2, &none).unwrap();
            assert!(before.replaced.is_empty() && before.was_sent);
            sent.take_back(&payment.txid(), before).unwrap();
        }
        let mut again = SentPayments::open(path.clone()).unwrap();
        assert_eq!(ids(&again), [parent.txid(), child.txid()]);
        assert!(again.iter().all(|sent| sent.time == 1));

        // a payment that nobody named is not replaced
        let error = again.add(rival.clone(), 3, &none).unwrap_err().to_string();
        assert!(error.starts_with(&format!("payment {}, which was sent before", parent.txid())), "{error}");
        assert_eq!(ids(&SentPayments::open(path.clone()).unwrap()), [parent.txid(), child.txid()]);
        let gone = again.add(rival.clone(), 3, &BTreeSet::from([parent.txid()])).unwrap();
        assert_eq!(gone.replaced.len(), 2);
        let mut last = SentPayments::open(path.clone()).unwrap();
        assert_eq!(last.iter().collect::<Vec<_>>(), [&Sent { transaction: rival.clone(), time: 3 }]);
        last.take_back(&rival.txid(), gone).unwrap();
        assert_eq!(ids(&SentPayments::open(path.clone()).unwrap()), [parent.txid(), child.txid()]);

        // another command has sent something since this one read the file
        let mut late = SentPayments::open(path.clone()).unwrap();
        let other = SecretKey::classroom(1);
        let to = ChainParams::lab().address(other.public_key());
        let meanwhile = Wallet::new(ChainParams::lab(), other).pay(to, Amount::from_grains(1), FeeRate::ZERO).unwrap();
        last.add(meanwhile, 4, &none).unwrap();
        late.retain(|sent| ![parent.txid(), child.txid()].contains(&sent.transaction.txid())).unwrap();
        assert_eq!(late.iter().map(|sent| sent.time).collect::<Vec<_>>(), [4]);
        late.retain(|_| false).unwrap();
        assert_eq!(SentPayments::open(path.clone()).unwrap().iter().count(), 0);

        for broken in [&b"{}"[..], b"\xff\n"] {
            fs::write(&path, broken).unwrap();
            assert!(SentPayments::open(path.clone()).unwrap_err().to_string().contains("is broken; remove it"));
        }
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn no_more_is_written_than_can_be_read_again() {
        let folder = std::env::temp_dir().join(format!("toycoin-sent-long-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("wallet.json.sent");
        let mut wallet = Wallet::new(ChainParams::lab(), SecretKey::classroom(0)).spending_pending_change(true);
        let (small, mut large) = (payment(&mut wallet, 5), payment(&mut wallet, 6));
        let output = large.outputs[0];
        large.outputs.extend(repeat_n(output, usize::try_from(MOST_BYTES / 80).unwrap()));
        let mut sent = SentPayments::open(path.clone()).unwrap();
        sent.add(small.clone(), 1, &BTreeSet::new()).unwrap();
        let error = sent.add(large, 2, &BTreeSet::new()).unwrap_err().to_string();
        assert!(error.starts_with("too many payments wait"), "{error}");
        let again = SentPayments::open(path).unwrap();
        assert_eq!(again.iter().map(|sent| &sent.transaction).collect::<Vec<_>>(), [&small]);
        fs::remove_dir_all(folder).unwrap();
    }
}
