//! Moving the coins of a file of earlier versions to this wallet.

use std::{error::Error, path::Path};

use toycoin_core::{
    Amount, ChainParams, FeeRate, SecretKey,
    wallet::{Owners, Wallet},
};
use toycoin_examples::{
    columns::wrap,
    follow::follow,
    paying::explained,
    usage::Usage,
    waiting::{self, confirmed_line},
    words::{count, money},
};
use toycoin_keys::KeyFile;
use toycoin_node::NodeHandle;

use crate::{
    command::Terms,
    commands::{
        balance,
        paying::{confirmed, rate_of},
    },
    context::Context,
    old_key,
    online::online,
    quote::{Quote, is_agreed},
    session::Session,
    signing::{Secrets, WalletSigner},
    source::Source,
};

/// Pays all coins of an old file's key to this wallet, and waits.
///
/// # Errors
/// [`Usage`] with `--light`. If the file holds no key or is this wallet, there is nothing to move, or the payment is
/// not agreed to or not confirmed.
pub async fn import(context: &Context<'_>, path: &Path, terms: &Terms) -> Result<(), Box<dyn Error>> {
    if context.arguments.online.light.light {
        let why = "--light looks for the coins of the wallet alone; leave it out to import a file";
        return Err(Usage::new(why.into()).into());
    }
    let key = old_key::read(path)?;
    if matches!(context.file()?.keys(), KeyFile::Single(own) if own.public_key() == key.public_key()) {
        let what = "is the key of this wallet itself, so there is nothing to move";
        return Err(format!("{} {what}; `wallet new` makes a wallet to move it to", path.display()).into());
    }
    online(context, None, async |context, session| pay_over(context, session, path, key, terms).await).await
}

async fn pay_over(
    context: &Context<'_>,
    session: &mut Session,
    path: &Path,
    key: SecretKey,
    terms: &Terms,
) -> Result<(), Box<dyn Error>> {
    let Source::Full { node, .. } = &session.source else {
        return Err("a light client cannot import".into());
    };
    let node = node.clone();
    let rate = rate_of(context, &terms.rate).await?;
    let voice = context.voice;
    let old = OldWallet::open(&node, &context.params, key).await?;
    let quote = old.quote(session, &context.params, rate, path)?;
    let mut answer = quote.to_json();
    if !is_agreed(context, &quote, terms).await? {
        answer["status"] = "dry run".into();
        voice.answer(&answer);
        return Ok(());
    }
    let secrets = Secrets::Single(old.key);
    let payment = quote.into_payment();
    let fee = payment.fee();
    let payment = payment.sign(&WalletSigner::new(&secrets, None)?)?;
    drop(secrets);
    let txid = payment.txid();
    voice.line(format_args!("payment {txid}"));
    context.sent.set(Some(txid));
    // It spends no coin of this wallet, so it is none of those that the wallet keeps. If this is stopped, the old
    // file is still there, and another import makes the same payment.
    let result = waiting::confirmation(&node, &payment, fee, terms.wait).await?;
    voice.line(confirmed_line(result.height, result.confirmations));
    session.catch_up(context).await?;
    let mut rest = old.wallet;
    follow(&node, std::slice::from_mut(&mut rest)).await?;
    voice.lines(wrap("", &farewell(&rest, path)));
    voice.lines(balance::lines(session.wallet()));
    confirmed(&mut answer, result.height, result.confirmations, session.wallet().balance().total());
    answer["left_at_old_key"] = rest.balance().total().to_string().into();
    voice.answer(&answer);
    Ok(())
}

/// The key of an old file, with its coins.
struct OldWallet {
    key: SecretKey,
    wallet: Wallet,
}

impl OldWallet {
    /// Follows the node's chain with a wallet of the key.
    async fn open(node: &NodeHandle, params: &ChainParams, key: SecretKey) -> Result<Self, Box<dyn Error>> {
        let mut wallet = Wallet::watching(params.clone(), Owners::new(key.public_key()));
        follow(node, std::slice::from_mut(&mut wallet)).await?;
        Ok(Self { key, wallet })
    }

    /// Prepares the payment of all there is, to the present address of this wallet.
    fn quote(
        &self,
        session: &Session,
        params: &ChainParams,
        rate: FeeRate,
        path: &Path,
    ) -> Result<Quote, Box<dyn Error>> {
        let wallet = &self.wallet;
        if wallet.balance().total() == Amount::ZERO {
            return Err(format!("the key in {} has no coins: there is nothing to move", path.display()).into());
        }
        let to = session.wallet().address();
        let payment = wallet.prepare_all(None, to, rate).map_err(|error| explained(wallet, error, rate))?;
        Ok(Quote::new(payment, wallet, params))
    }
}

/// Returns whether the old file is still needed.
fn farewell(rest: &Wallet, path: &Path) -> String {
    let (shown, balance) = (path.display(), rest.balance());
    let last = rest.immature().map(|(_, coin)| rest.matures_at(&coin)).max();
    match (last, rest.spendable().count()) {
        (None, 0) => format!("{shown} is no longer needed; it is left where it is"),
        (Some(height), 0) => {
            let rewards = money(balance.immature);
            format!("keep {shown}: {rewards} more are immature rewards until block {height}; import it again then")
        }
        (_, coins) => {
            let (coins, value) = (count(coins as u64, "coin"), money(balance.available));
            format!("keep {shown}: it has {coins} more, {value}; import it again if that is worth the fee")
        }
    }
}

#[cfg(test)]
mod tests {
    use toycoin_core::Chain;

    use super::*;

    #[test]
    fn an_old_file_is_needed_as_long_as_it_has_coins() {
        let mut chain = Chain::in_memory(ChainParams::regtest());
        let path = Path::new("toycoin.key");
        let said = |chain: &Chain<_>, index| {
            let owners = Owners::new(SecretKey::classroom(index).public_key());
            let mut wallet = Wallet::watching(ChainParams::regtest(), owners);
            for height in 1..=chain.height() {
                wallet.connect_checked(&chain.block_at(height).unwrap().unwrap()).unwrap();
            }
            farewell(&wallet, path)
        };
        assert_eq!(said(&chain, 9), "toycoin.key is no longer needed; it is left where it is");
        let more = "keep toycoin.key: it has 1 coin more, 100; import it again if that is worth the fee";
        assert_eq!(said(&chain, 0), more);
        let now_ms = 1_767_226_000_000;
        let miner = SecretKey::classroom(9).public_key();
        let block = chain.template(Vec::new(), miner, b"", now_ms).unwrap().mine_trivial();
        chain.apply(block, now_ms).unwrap();
        let rewards = "keep toycoin.key: 50 more are immature rewards until block 3; import it again then";
        assert_eq!(said(&chain, 9), rewards);
    }
}
